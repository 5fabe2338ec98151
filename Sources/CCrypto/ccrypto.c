#include "ccrypto.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

// OpenSSL 3 looks a digest up by name on every EVP_sha256() use; fetching once per thread
// removes that look-up (a lock and a hash) from each request's cache key.
static _Thread_local EVP_MD *fetched = NULL;
static _Thread_local EVP_MD_CTX *context = NULL;

int sluice_sha256(const uint8_t *bytes, size_t count, uint8_t *digest) {
  if (fetched == NULL) fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
  if (context == NULL) context = EVP_MD_CTX_new();
  if (fetched == NULL || context == NULL) return 0;
  unsigned int length = 0;
  return EVP_DigestInit_ex2(context, fetched, NULL) == 1 &&
         EVP_DigestUpdate(context, bytes, count) == 1 &&
         EVP_DigestFinal_ex(context, digest, &length) == 1 && length == 32;
}

int sluice_random_bytes(uint8_t *bytes, size_t count) {
  if (count > 0x7fffffff) return 0;
  return RAND_bytes(bytes, (int)count) == 1;
}
