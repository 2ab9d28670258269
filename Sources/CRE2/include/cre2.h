#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled expression of RE2. Several threads may match with one at once.
typedef struct cre2_pattern cre2_pattern;

/// Compiles `length` bytes of UTF-8. NULL where they are no expression: `error` then holds why, cut to `capacity` bytes
/// with its closing null. To be given back with `cre2_free`.
cre2_pattern *cre2_compile(const char *expression, size_t length, char *error, size_t capacity);

/// Whether the expression matches anywhere in `length` bytes of UTF-8. Takes time linear in `length`.
bool cre2_matches(const cre2_pattern *pattern, const char *text, size_t length);

void cre2_free(cre2_pattern *pattern);

#ifdef __cplusplus
}
#endif
