#pragma once
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* OpenSSL writes these as macros, which Swift does not see. */

static inline long copenssl_set_min_version(SSL_CTX *context, int version) { return SSL_CTX_set_min_proto_version(context, version); }
static inline long copenssl_set_max_version(SSL_CTX *context, int version) { return SSL_CTX_set_max_proto_version(context, version); }
static inline long copenssl_set_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_mode(context, mode); }
static inline long copenssl_set_host_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name); }
static inline long copenssl_add_chain_certificate(SSL_CTX *context, X509 *certificate) { return SSL_CTX_add1_chain_cert(context, certificate); }
static inline size_t copenssl_pending(BIO *bio) { return BIO_ctrl_pending(bio); }
static inline long copenssl_bio_contents(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }
static inline long copenssl_bio_reset(BIO *bio) { return BIO_reset(bio); }
static inline X509 *copenssl_peer_certificate(const SSL *ssl) { return SSL_get1_peer_certificate(ssl); }
static inline const SSL_METHOD *copenssl_method(void) { return TLS_method(); }
static inline int copenssl_error_reason(unsigned long code) { return ERR_GET_REASON(code); }
static inline int copenssl_error_library(unsigned long code) { return ERR_GET_LIB(code); }
static inline EVP_PKEY *copenssl_new_p256_key(void) { return EVP_EC_gen("P-256"); }
static inline size_t copenssl_stack_count(const STACK_OF(X509) *stack) { return stack ? (size_t)sk_X509_num(stack) : 0; }
static inline STACK_OF(X509) *copenssl_stack_new(void) { return sk_X509_new_null(); }
static inline int copenssl_stack_push(STACK_OF(X509) *stack, X509 *certificate) { return sk_X509_push(stack, certificate); }
/* Frees the stack, not what stands in it. */
static inline void copenssl_stack_free(STACK_OF(X509) *stack) { sk_X509_free(stack); }
static inline int copenssl_name_count(const GENERAL_NAMES *names) { return names ? sk_GENERAL_NAME_num(names) : 0; }
static inline const GENERAL_NAME *copenssl_name_at(const GENERAL_NAMES *names, int index) { return sk_GENERAL_NAME_value(names, index); }
/* The text of a DNS name, or NULL when the name is of another type; the bytes are not terminated. */
static inline const unsigned char *copenssl_dns_name(const GENERAL_NAME *name, int *length) {
    if (name->type != GEN_DNS) return NULL;
    *length = ASN1_STRING_length(name->d.dNSName);
    return ASN1_STRING_get0_data(name->d.dNSName);
}
static inline void copenssl_names_free(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }
static inline int copenssl_print_name(BIO *bio, const X509_NAME *name) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
}
/* Without this callback OpenSSL would ask for a passphrase on the terminal. */
static inline int copenssl_no_passphrase(char *buffer, int size, int writing, void *data) { (void)buffer, (void)size, (void)writing, (void)data; return -1; }
static inline EVP_PKEY *copenssl_read_key(BIO *bio) { return PEM_read_bio_PrivateKey(bio, NULL, copenssl_no_passphrase, NULL); }

/* Keeps the certificate that failed, so that the error can say whose it is; SSL_get0_peer_certificate has none then. */
static inline int copenssl_keep_failed(int holds, X509_STORE_CTX *store) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    if (!holds && ssl && certificate && !SSL_get_app_data(ssl) && X509_up_ref(certificate)) SSL_set_app_data(ssl, certificate);
    return holds;
}
static inline void copenssl_set_verify(SSL_CTX *context, int mode) { SSL_CTX_set_verify(context, mode, copenssl_keep_failed); }
/* The certificate that failed, which is the caller's from now on. */
static inline X509 *copenssl_take_failed(SSL *ssl) {
    X509 *certificate = SSL_get_app_data(ssl);
    SSL_set_app_data(ssl, NULL);
    return certificate;
}
