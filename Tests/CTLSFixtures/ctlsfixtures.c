#include "ctlsfixtures.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture_identity {
  X509 *certificate;
  EVP_PKEY *key;
};

static int extend(X509 *certificate, X509 *issuer, int kind, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
  int is_good = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return is_good;
}

fixture_identity *fixture_identity_new(const char *host, const fixture_identity *issuer,
                                       int64_t not_before, int64_t not_after) {
  static int serial = 1;
  fixture_identity *identity = calloc(1, sizeof *identity);
  if (identity == NULL) return NULL;
  X509 *certificate = identity->certificate = X509_new();
  EVP_PKEY *key = identity->key = EVP_EC_gen("P-256");
  const fixture_identity *signer = issuer == NULL ? identity : issuer;
  int number = __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED);
  // An authority of the same name with another key would be another mistake.
  char name[300];
  snprintf(name, sizeof name, "%s %d", host == NULL ? "Authority" : host, number);
  char names[300] = "";
  if (host != NULL) {
    snprintf(names, sizeof names, "%s%s", strncmp(host, "IP:", 3) == 0 ? "" : "DNS:", host);
  }
  int is_good =
      certificate != NULL && key != NULL && X509_set_version(certificate, 2) &&
      ASN1_INTEGER_set(X509_get_serialNumber(certificate), number) &&
      ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)not_before) != NULL &&
      ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)not_after) != NULL &&
      X509_set_pubkey(certificate, key) &&
      X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                 (const unsigned char *)name, -1, -1, 0) &&
      X509_set_issuer_name(certificate, X509_get_subject_name(signer->certificate)) &&
      (host == NULL
           ? extend(certificate, signer->certificate, NID_basic_constraints, "critical,CA:TRUE") &&
                 extend(certificate, signer->certificate, NID_key_usage, "critical,keyCertSign")
           : extend(certificate, signer->certificate, NID_subject_alt_name, names)) &&
      X509_sign(certificate, signer->key, EVP_sha256()) > 0;
  if (is_good) return identity;
  fixture_identity_free(identity);
  return NULL;
}

void fixture_identity_free(fixture_identity *identity) {
  if (identity == NULL) return;
  X509_free(identity->certificate);
  EVP_PKEY_free(identity->key);
  free(identity);
}

size_t fixture_identity_pem(const fixture_identity *identity, uint8_t *bytes, size_t capacity) {
  BIO *text = BIO_new(BIO_s_mem());
  size_t count = 0;
  if (text != NULL && PEM_write_bio_X509(text, identity->certificate) == 1) {
    size_t pending = BIO_ctrl_pending(text);
    if (pending <= capacity && BIO_read(text, bytes, (int)pending) == (int)pending) count = pending;
  }
  BIO_free(text);
  return count;
}

static int choose(SSL *ssl, const unsigned char **chosen, unsigned char *size,
                  const unsigned char *offered, unsigned int count, void *unused) {
  static const unsigned char only[] = "\x08http/1.1";
  (void)ssl, (void)unused;
  unsigned char *found;
  int result = SSL_select_next_proto(&found, size, only, sizeof only - 1, offered, count);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int note_name(SSL *ssl, int *alert, void *context) {
  (void)alert;
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  free(SSL_CTX_get_app_data((SSL_CTX *)context));
  SSL_CTX_set_app_data((SSL_CTX *)context, name == NULL ? NULL : strdup(name));
  return SSL_TLSEXT_ERR_OK;
}

const char *fixture_server_asked_for(sluice_tls_context *context) {
  return SSL_CTX_get_app_data(context);
}

int fixture_server_show(sluice_tls_context *context, const fixture_identity *identity) {
  return SSL_CTX_use_cert_and_key(context, identity->certificate, identity->key, NULL, 1) == 1;
}

sluice_tls_context *fixture_server_context(const fixture_identity *identity, int version) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  if (context == NULL) return NULL;
  SSL_CTX_set_alpn_select_cb(context, choose, NULL);
  SSL_CTX_set_tlsext_servername_callback(context, note_name);
  SSL_CTX_set_tlsext_servername_arg(context, context);
  int is_good = fixture_server_show(context, identity);
  if (version != 0) {
    // Old versions need a lower level of security than the system's.
    if (version < TLS1_2_VERSION) SSL_CTX_set_security_level(context, 0);
    is_good &= SSL_CTX_set_min_proto_version(context, version) &&
               SSL_CTX_set_max_proto_version(context, version);
  }
  if (is_good) return context;
  SSL_CTX_free(context);
  return NULL;
}
