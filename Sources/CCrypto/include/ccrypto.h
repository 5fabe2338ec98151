#ifndef SLUICE_CCRYPTO_H
#define SLUICE_CCRYPTO_H

#include <stddef.h>
#include <stdint.h>

/// Writes the SHA-256 of `count` bytes at `bytes` to `digest`, 32 bytes. Returns 1, or 0 if
/// libcrypto refused.
int sluice_sha256(const uint8_t *bytes, size_t count, uint8_t *digest);

/// Fills `count` bytes at `bytes` from the system's cryptographic generator. Returns 1 or 0.
int sluice_random_bytes(uint8_t *bytes, size_t count);

#endif
