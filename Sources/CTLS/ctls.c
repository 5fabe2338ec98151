#include "ctls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sluice_tls {
  SSL *ssl;
  // Borrowed for one call.
  const uint8_t *input;
  size_t input_count;
  // What a call left of its input: the next one reads it first.
  uint8_t *kept;
  size_t kept_offset;
  size_t kept_count;
  uint8_t *output;
  size_t output_count;
  size_t output_capacity;
  sluice_tls_ticket *ticket;
  enum sluice_tls_fault fault;
  int has_failed;
  int is_connected;
};

// MARK: The bytes on the wire

static int wire_read(BIO *bio, char *buffer, int size) {
  sluice_tls *tls = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (tls->kept_count > 0) {
    size_t count = (size_t)size < tls->kept_count ? (size_t)size : tls->kept_count;
    memcpy(buffer, tls->kept + tls->kept_offset, count);
    tls->kept_offset += count;
    tls->kept_count -= count;
    return (int)count;
  }
  if (tls->input_count == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t count = (size_t)size < tls->input_count ? (size_t)size : tls->input_count;
  memcpy(buffer, tls->input, count);
  tls->input += count;
  tls->input_count -= count;
  return (int)count;
}

/// Keeps what is left of the input behind what is left of earlier ones.
static void keep_rest(sluice_tls *tls) {
  if (tls->input_count > 0) {
    size_t total = tls->kept_count + tls->input_count;
    uint8_t *joined = malloc(total);
    if (joined == NULL) {
      tls->has_failed = 1;
    } else {
      if (tls->kept_count > 0) memcpy(joined, tls->kept + tls->kept_offset, tls->kept_count);
      memcpy(joined + tls->kept_count, tls->input, tls->input_count);
      free(tls->kept);
      tls->kept = joined;
      tls->kept_offset = 0;
      tls->kept_count = total;
    }
  } else if (tls->kept != NULL && tls->kept_count == 0) {
    free(tls->kept);
    tls->kept = NULL;
  }
  tls->input = NULL;
  tls->input_count = 0;
}

static int wire_write(BIO *bio, const char *bytes, int count) {
  sluice_tls *tls = BIO_get_data(bio);
  size_t needed = tls->output_count + (size_t)count;
  if (needed > tls->output_capacity) {
    size_t capacity = tls->output_capacity * 2 > needed ? tls->output_capacity * 2 : needed;
    uint8_t *grown = realloc(tls->output, capacity);
    if (grown == NULL) return -1;
    tls->output = grown;
    tls->output_capacity = capacity;
  }
  memcpy(tls->output + tls->output_count, bytes, (size_t)count);
  tls->output_count = needed;
  return count;
}

static long wire_control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *wire;
static pthread_once_t wire_once = PTHREAD_ONCE_INIT;

static void make_wire(void) {
  wire = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
  if (wire == NULL) return;
  BIO_meth_set_read(wire, wire_read);
  BIO_meth_set_write(wire, wire_write);
  BIO_meth_set_ctrl(wire, wire_control);
}

// MARK: Contexts

static int take_ticket(SSL *ssl, SSL_SESSION *session) {
  sluice_tls *tls = SSL_get_app_data(ssl);
  if (tls == NULL) return 0;
  SSL_SESSION_free(tls->ticket);
  tls->ticket = session;
  return 1;
}

static int trust(SSL_CTX *context, const uint8_t *authorities, size_t count) {
  if (count > 0x7fffffff) return 0;
  BIO *text = BIO_new_mem_buf(authorities, (int)count);
  if (text == NULL) return 0;
  X509_STORE *store = SSL_CTX_get_cert_store(context);
  int found = 0;
  int is_good = 1;
  while (is_good) {
    X509 *certificate = PEM_read_bio_X509_AUX(text, NULL, NULL, NULL);
    if (certificate == NULL) break;
    is_good = X509_STORE_add_cert(store, certificate);
    X509_free(certificate);
    found += 1;
  }
  // The end shows as a missing first line; anything else is damage.
  unsigned long error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) is_good = 0;
  BIO_free(text);
  // Whoever names an authority of the middle, or the server's own certificate, trusts just that.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return is_good && found > 0;
}

sluice_tls_context *sluice_tls_client_context(const uint8_t *authorities, size_t count) {
  static const unsigned char protocols[] = "\x08http/1.1";
  pthread_once(&wire_once, make_wire);
  ERR_clear_error();
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (context == NULL) return NULL;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, take_ticket);
  int is_good = wire != NULL && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1) == 0 &&
                (authorities != NULL ? trust(context, authorities, count)
                                     : SSL_CTX_set_default_verify_paths(context) == 1);
  ERR_clear_error();
  if (is_good) return context;
  SSL_CTX_free(context);
  return NULL;
}

void sluice_tls_context_free(sluice_tls_context *context) { SSL_CTX_free(context); }

// MARK: Connections

sluice_tls *sluice_tls_new(sluice_tls_context *context, const char *host, int is_address,
                           int64_t now, sluice_tls_ticket *ticket) {
  pthread_once(&wire_once, make_wire);
  sluice_tls *tls = calloc(1, sizeof *tls);
  BIO *bio = wire == NULL ? NULL : BIO_new(wire);
  SSL *ssl = SSL_new(context);
  if (tls == NULL || bio == NULL || ssl == NULL) {
    BIO_free(bio);
    SSL_free(ssl);
    free(tls);
    return NULL;
  }
  BIO_set_data(bio, tls);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, tls);
  tls->ssl = ssl;
  int is_good = 1;
  if (host != NULL) {
    X509_VERIFY_PARAM *rules = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_time(rules, (time_t)now);
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // RFC 6066 section 3: no addresses in a server name.
    is_good = is_address ? X509_VERIFY_PARAM_set1_ip_asc(rules, host) == 1
                         : X509_VERIFY_PARAM_set1_host(rules, host, 0) == 1 &&
                               SSL_set_tlsext_host_name(ssl, host) == 1;
    if (ticket != NULL) SSL_set_session(ssl, ticket);
    SSL_set_connect_state(ssl);
  } else {
    SSL_set_accept_state(ssl);
  }
  if (is_good) return tls;
  sluice_tls_free(tls);
  return NULL;
}

void sluice_tls_free(sluice_tls *tls) {
  // A connection that is cut says nothing about its ticket, which OpenSSL would take for spent.
  if (!tls->has_failed) SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(tls->ssl);
  SSL_SESSION_free(tls->ticket);
  free(tls->output);
  free(tls->kept);
  free(tls);
}

static enum sluice_tls_fault fault_of_certificate(long code) {
  switch (code) {
  case X509_V_ERR_CERT_HAS_EXPIRED: return SLUICE_TLS_EXPIRED;
  case X509_V_ERR_CERT_NOT_YET_VALID: return SLUICE_TLS_NOT_YET_VALID;
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH: return SLUICE_TLS_WRONG_HOST;
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return SLUICE_TLS_UNKNOWN_ISSUER;
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return SLUICE_TLS_SELF_SIGNED;
  default: return SLUICE_TLS_BAD_CERTIFICATE;
  }
}

static enum sluice_tls_fault fault_of_error(unsigned long error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return SLUICE_TLS_PROTOCOL;
  int reason = ERR_GET_REASON(error);
  switch (reason) {
  case SSL_R_HTTP_REQUEST:
  case SSL_R_WRONG_VERSION_NUMBER:
  case SSL_R_PACKET_LENGTH_TOO_LONG:
  case SSL_R_BAD_RECORD_TYPE: return SLUICE_TLS_NOT_TLS;
  case SSL_R_UNSUPPORTED_PROTOCOL:
  case SSL_R_NO_PROTOCOLS_AVAILABLE:
  case SSL_R_NO_SHARED_CIPHER:
  case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
  case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
  case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY: return SLUICE_TLS_NOTHING_IN_COMMON;
  default: return reason > SSL_AD_REASON_OFFSET ? SLUICE_TLS_REFUSED : SLUICE_TLS_PROTOCOL;
  }
}

int sluice_tls_handshake(sluice_tls *tls, const uint8_t *bytes, size_t count) {
  tls->input = bytes;
  tls->input_count = count;
  ERR_clear_error();
  int result = SSL_do_handshake(tls->ssl);
  keep_rest(tls);
  if (result == 1) {
    tls->is_connected = 1;
    return 1;
  }
  if (SSL_get_error(tls->ssl, result) == SSL_ERROR_WANT_READ) return 0;
  tls->has_failed = 1;
  long verdict = SSL_get_verify_result(tls->ssl);
  tls->fault = verdict != X509_V_OK ? fault_of_certificate(verdict)
                                    : fault_of_error(ERR_peek_error());
  ERR_clear_error();
  return -1;
}

enum sluice_tls_fault sluice_tls_fault(sluice_tls *tls) { return tls->fault; }

int sluice_tls_was_resumed(sluice_tls *tls) { return SSL_session_reused(tls->ssl); }

int sluice_tls_version(sluice_tls *tls) { return SSL_version(tls->ssl); }

static int64_t seconds(const ASN1_TIME *time) {
  struct tm parts;
  return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

int64_t sluice_tls_chain_expiry(sluice_tls *tls) {
  STACK_OF(X509) *chain = SSL_get0_verified_chain(tls->ssl);
  int64_t earliest = 0;
  for (int index = 0; chain != NULL && index < sk_X509_num(chain); index++) {
    int64_t expiry = seconds(X509_get0_notAfter(sk_X509_value(chain, index)));
    if (index == 0 || expiry < earliest) earliest = expiry;
  }
  return earliest;
}

// MARK: Data

// Where plaintext lands before it is appended to the reader's buffer: one for a thread, since a
// call never waits. Large enough for a record that was incomplete and for one read of the socket.
static _Thread_local uint8_t plaintext_buffer[36 << 10];

size_t sluice_tls_receive(sluice_tls *tls, const uint8_t *bytes, size_t count,
                          const uint8_t **plaintext) {
  *plaintext = plaintext_buffer;
  tls->input = bytes;
  tls->input_count = count;
  size_t total = 0;
  ERR_clear_error();
  while (total < sizeof plaintext_buffer && !tls->has_failed) {
    size_t taken = 0;
    int result = SSL_read_ex(tls->ssl, plaintext_buffer + total, sizeof plaintext_buffer - total,
                             &taken);
    if (result == 1) {
      total += taken;
      continue;
    }
    int error = SSL_get_error(tls->ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN) tls->has_failed = 1;
    break;
  }
  keep_rest(tls);
  ERR_clear_error();
  return total;
}

int sluice_tls_keeps_input(sluice_tls *tls) { return tls->kept_count > 0; }

int sluice_tls_has_ended(sluice_tls *tls) {
  return (SSL_get_shutdown(tls->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

int sluice_tls_has_failed(sluice_tls *tls) { return tls->has_failed; }

int sluice_tls_has_unread(sluice_tls *tls) {
  return tls->kept_count > 0 || SSL_has_pending(tls->ssl);
}

int sluice_tls_send(sluice_tls *tls, const uint8_t *bytes, size_t count) {
  if (count == 0) return 1;
  size_t written = 0;
  ERR_clear_error();
  int is_good = !tls->has_failed && SSL_write_ex(tls->ssl, bytes, count, &written) == 1;
  if (!is_good) tls->has_failed = 1;
  ERR_clear_error();
  return is_good;
}

void sluice_tls_end(sluice_tls *tls) {
  if (!tls->is_connected || tls->has_failed) return;
  ERR_clear_error();
  SSL_shutdown(tls->ssl);
  ERR_clear_error();
}

size_t sluice_tls_output(sluice_tls *tls, const uint8_t **bytes) {
  *bytes = tls->output;
  return tls->output_count;
}

void sluice_tls_drop_output(sluice_tls *tls) {
  tls->output_count = 0;
  // A connection that rests need not remember how much it once sent.
  if (tls->output_capacity <= 4096) return;
  free(tls->output);
  tls->output = NULL;
  tls->output_capacity = 0;
}

// MARK: Tickets

sluice_tls_ticket *sluice_tls_take_ticket(sluice_tls *tls) {
  sluice_tls_ticket *ticket = tls->ticket;
  tls->ticket = NULL;
  if (ticket == NULL || SSL_SESSION_is_resumable(ticket)) return ticket;
  SSL_SESSION_free(ticket);
  return NULL;
}

int64_t sluice_tls_ticket_expiry(sluice_tls_ticket *ticket) {
  int64_t lifetime = SSL_SESSION_get_timeout(ticket);
  int64_t hint = (int64_t)SSL_SESSION_get_ticket_lifetime_hint(ticket);
  if (hint > 0 && hint < lifetime) lifetime = hint;
  return SSL_SESSION_get_time(ticket) + lifetime;
}

void sluice_tls_ticket_free(sluice_tls_ticket *ticket) { SSL_SESSION_free(ticket); }
