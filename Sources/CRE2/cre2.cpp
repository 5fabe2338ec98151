#include "cre2.h"

#include <new>
#include <string>

#include <re2/re2.h>

struct sluice_re2 {
  re2::RE2 re;
  std::string error;

  sluice_re2(re2::StringPiece pattern, const re2::RE2::Options &options)
      : re(pattern, options), error(re.ok() ? std::string() : re.error()) {}
};

sluice_re2 *sluice_re2_compile(const char *pattern, size_t length, int64_t max_memory) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(max_memory);
  return new (std::nothrow) sluice_re2(re2::StringPiece(pattern, length), options);
}

const char *sluice_re2_error(const sluice_re2 *re) {
  return re->re.ok() ? nullptr : re->error.c_str();
}

int sluice_re2_matches(const sluice_re2 *re, const char *text, size_t length) {
  return re2::RE2::PartialMatch(re2::StringPiece(text, length), re->re) ? 1 : 0;
}

void sluice_re2_delete(sluice_re2 *re) { delete re; }
