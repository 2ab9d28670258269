#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
#define CRE2_NOEXCEPT noexcept
extern "C" {
#else
#define CRE2_NOEXCEPT
#endif

/// A compiled expression of RE2. Several threads may match with one at once.
typedef struct cre2_pattern cre2_pattern;

/// Compiles `length` bytes of UTF-8. NULL where they are no expression: `error` then holds why, cut to `capacity` bytes
/// with its closing null. To be given back with `cre2_free`.
cre2_pattern *cre2_compile(const char *expression, size_t length, char *error, size_t capacity) CRE2_NOEXCEPT;

/// Whether the expression matches anywhere in `length` bytes of UTF-8. Takes time linear in `length`. Where memory is
/// out, the process ends.
bool cre2_matches(const cre2_pattern *pattern, const char *text, size_t length) CRE2_NOEXCEPT;

void cre2_free(cre2_pattern *pattern) CRE2_NOEXCEPT;

#ifdef __cplusplus
}
#endif
