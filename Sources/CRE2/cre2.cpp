#include "cre2.h"

#include <re2/re2.h>

#include <cstdio>
#include <exception>

// The least of RE2 that Swift needs, in C: with C++ interoperability, every module that imports this one would need it.
// No exception leaves these functions: one that is not expected, as where memory is out, ends the process. An answer in
// its place could let a URL past the patterns that forbid it.

struct cre2_pattern {
  RE2 expression;

  cre2_pattern(re2::StringPiece text, const RE2::Options &options) : expression(text, options) {}
};

/// Bytes for the program and for the states of the automaton that matching makes of it, for each expression. States
/// beyond that are made anew, which is slower but still linear.
static const int64_t memory_limit = 8 << 20;

cre2_pattern *cre2_compile(const char *expression, size_t length, char *error, size_t capacity) noexcept {
  try {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory_limit);
    cre2_pattern *pattern = new cre2_pattern(re2::StringPiece(expression, length), options);
    if (pattern->expression.ok()) return pattern;
    snprintf(error, capacity, "%s", pattern->expression.error().c_str());
    delete pattern;
  } catch (const std::exception &exception) {
    snprintf(error, capacity, "%s", exception.what());
  }
  return nullptr;
}

bool cre2_matches(const cre2_pattern *pattern, const char *text, size_t length) noexcept {
  // Without submatches, RE2 needs no memory that grows with the text. Where it has none for its automaton, it simulates
  // one instead.
  return pattern->expression.Match(re2::StringPiece(text, length), 0, length, RE2::UNANCHORED, nullptr, 0);
}

static_assert(noexcept(cre2_matches(nullptr, nullptr, 0)), "Swift can't catch exceptions");

void cre2_free(cre2_pattern *pattern) noexcept { delete pattern; }
