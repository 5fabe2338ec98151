#ifndef SLUICE_CTLS_H
#define SLUICE_CTLS_H

#include <stddef.h>
#include <stdint.h>

/// What all connections to one upstream share: an SSL_CTX. May be used from any thread.
typedef struct ssl_ctx_st sluice_tls_context;

/// One connection's state, without its socket: ciphertext goes in and out as bytes.
typedef struct sluice_tls sluice_tls;

/// What a server may be reminded of to shorten the next handshake: an SSL_SESSION.
typedef struct ssl_session_st sluice_tls_ticket;

/// Why a handshake came to nothing.
enum sluice_tls_fault {
  SLUICE_TLS_NO_FAULT = 0,
  SLUICE_TLS_EXPIRED,
  SLUICE_TLS_NOT_YET_VALID,
  SLUICE_TLS_WRONG_HOST,
  SLUICE_TLS_UNKNOWN_ISSUER,
  SLUICE_TLS_SELF_SIGNED,
  /// Any other reason not to trust a certificate.
  SLUICE_TLS_BAD_CERTIFICATE,
  /// What came is no record of TLS.
  SLUICE_TLS_NOT_TLS,
  /// No version or cipher that both sides accept.
  SLUICE_TLS_NOTHING_IN_COMMON,
  /// The server said that it refuses.
  SLUICE_TLS_REFUSED,
  SLUICE_TLS_PROTOCOL,
};

/// A context for clients: TLS 1.2 at least, servers verified, `http/1.1` offered.
///
/// `authorities` holds certificates in PEM, which are then the only ones trusted; the system's are
/// where it is NULL. Returns NULL if `authorities` holds none or one that is damaged.
sluice_tls_context *sluice_tls_client_context(const uint8_t *authorities, size_t count);

void sluice_tls_context_free(sluice_tls_context *context);

/// A connection; NULL when memory is out.
///
/// `host` is a name, or where `is_address` a numeric address, that the server's certificate must
/// be for; NULL at a server's side. Certificates are judged at `now`, in seconds since 1970.
/// `ticket` may be NULL.
sluice_tls *sluice_tls_new(sluice_tls_context *context, const char *host, int is_address,
                           int64_t now, sluice_tls_ticket *ticket);

void sluice_tls_free(sluice_tls *tls);

/// Goes on with the handshake, given what came. Returns 1 when it is done, 0 when more has to come,
/// -1 when it failed. In each case there may be output.
int sluice_tls_handshake(sluice_tls *tls, const uint8_t *bytes, size_t count);

/// Why the handshake failed.
enum sluice_tls_fault sluice_tls_fault(sluice_tls *tls);

/// Whether the handshake was shortened by the ticket.
int sluice_tls_was_resumed(sluice_tls *tls);

/// The version of the protocol: 0x0303 for TLS 1.2, 0x0304 for TLS 1.3.
int sluice_tls_version(sluice_tls *tls);

/// When the first certificate of the verified chain expires, in seconds since 1970; 0 where no
/// chain was verified.
int64_t sluice_tls_chain_expiry(sluice_tls *tls);

/// Takes in ciphertext, behind what earlier calls left.
///
/// Returns the number of bytes of plaintext, which stand at `*plaintext` until the thread's next
/// call. There may be output. Where `sluice_tls_keeps_input` says so afterwards, it is called again
/// with no bytes.
size_t sluice_tls_receive(sluice_tls *tls, const uint8_t *bytes, size_t count,
                          const uint8_t **plaintext);

/// Whether ciphertext came that found no room.
int sluice_tls_keeps_input(sluice_tls *tls);

/// Whether the peer said in order that no more will come.
int sluice_tls_has_ended(sluice_tls *tls);

/// Whether what came was damaged or a fatal alert: nothing more can be read or written.
int sluice_tls_has_failed(sluice_tls *tls);

/// Whether something came that nobody read, if only a part of a record.
int sluice_tls_has_unread(sluice_tls *tls);

/// Encrypts plaintext into the output. Returns 1 or 0.
int sluice_tls_send(sluice_tls *tls, const uint8_t *bytes, size_t count);

/// Puts into the output that no more will come.
void sluice_tls_end(sluice_tls *tls);

/// The number of bytes of output, which stand at `*bytes` until the next call.
size_t sluice_tls_output(sluice_tls *tls, const uint8_t **bytes);

/// Forgets the output.
void sluice_tls_drop_output(sluice_tls *tls);

/// Hands over the newest ticket that the server gave; NULL if it gave none since.
sluice_tls_ticket *sluice_tls_take_ticket(sluice_tls *tls);

/// When the server will have forgotten a ticket, in seconds since 1970.
int64_t sluice_tls_ticket_expiry(sluice_tls_ticket *ticket);

void sluice_tls_ticket_free(sluice_tls_ticket *ticket);

#endif
