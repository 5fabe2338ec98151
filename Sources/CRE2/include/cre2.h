#ifndef SLUICE_CRE2_H
#define SLUICE_CRE2_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled pattern. Safe to match from any number of threads.
typedef struct sluice_re2 sluice_re2;

/// Compiles `length` bytes of UTF-8. Never fails to return an object except when memory is short;
/// ask `sluice_re2_error` whether the pattern is good.
sluice_re2 *sluice_re2_compile(const char *pattern, size_t length, int64_t max_memory);

/// Why the pattern is bad, as a C string that lives as long as `re`; NULL when it is good.
const char *sluice_re2_error(const sluice_re2 *re);

/// 1 if some part of the `length` bytes at `text` matches, else 0. Linear in `length`.
int sluice_re2_matches(const sluice_re2 *re, const char *text, size_t length);

void sluice_re2_delete(sluice_re2 *re);

#ifdef __cplusplus
}
#endif

#endif
