#ifndef SLUICE_CTLS_FIXTURES_H
#define SLUICE_CTLS_FIXTURES_H

#include <ctls.h>

/// A certificate with its key.
typedef struct fixture_identity fixture_identity;

/// Makes a certificate for a host: a name, or an address with the prefix `IP:`; NULL makes an
/// authority. Signed by `issuer`, or by itself where that is NULL. Valid between two times in
/// seconds since 1970. Returns NULL when OpenSSL refuses.
fixture_identity *fixture_identity_new(const char *host, const fixture_identity *issuer,
                                       int64_t not_before, int64_t not_after);

void fixture_identity_free(fixture_identity *identity);

/// Writes the certificate in PEM. Returns the number of bytes, 0 if there is no room.
size_t fixture_identity_pem(const fixture_identity *identity, uint8_t *bytes, size_t capacity);

/// A context for servers, which demand `http/1.1` by ALPN. `version` is the only one that is spoken,
/// or 0 for any from 1.2.
sluice_tls_context *fixture_server_context(const fixture_identity *identity, int version);

/// Has the servers of a context show another certificate from now on.
int fixture_server_show(sluice_tls_context *context, const fixture_identity *identity);

/// The last server name that a client asked a server of this context for; NULL if none did.
const char *fixture_server_asked_for(sluice_tls_context *context);

#endif
