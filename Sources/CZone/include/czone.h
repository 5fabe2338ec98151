#ifndef CZONE_H
#define CZONE_H

#include <stddef.h>
#include <stdint.h>

/// Reads the file of a time zone from the system's database, into at most `capacity` bytes.
///
/// The caller has checked `name`. Returns the size, or a negated error number; a larger file is
/// EFBIG.
long sluice_zone_read(const char *name, uint8_t *bytes, size_t capacity);

#endif
