/* A NIST pulse with its certificate: the signature by OpenSSL, the trust by the policy's pin. */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "ledger/base/hash.h"
#include "ledger/beacon/pulse.h"

/* OpenSSL's errors of this thread are ours to drop: what they say depends on its version. */
static enum tn_status refuse(struct tn_error *error, enum tn_status status, const char *what)
{
    ERR_clear_error();
    return tn_fail(error, status, "%s", what);
}

/* One certificate as PEM, and nothing around it. */
static X509 *read_certificate(struct tn_bytes pem)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    static const char end[] = "\n-----END CERTIFICATE-----\n";
    X509 *certificate = NULL;
    BIO *bio;

    while (pem.size > 0 && (pem.data[0] == '\n' || pem.data[0] == '\r' || pem.data[0] == ' ')) {
        pem = tn_bytes(pem.data + 1, pem.size - 1);
    }
    if (pem.size < sizeof(begin) + sizeof(end) || memcmp(pem.data, begin, sizeof(begin) - 1) != 0 ||
        memcmp(pem.data + pem.size - (sizeof(end) - 1), end, sizeof(end) - 1) != 0 ||
        memmem(pem.data + sizeof(begin), pem.size - sizeof(begin), "-----BEGIN", 10) != NULL) {
        return NULL;
    }
    bio = BIO_new_mem_buf(pem.data, (int) pem.size);
    if (bio) {
        certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        BIO_free(bio);
    }
    return certificate;
}

static bool is_pinned(X509 *certificate, const uint8_t *pin)
{
    uint8_t hash[TN_HASH_SIZE];
    unsigned char *der = NULL;
    int size = i2d_X509(certificate, &der);

    if (size <= 0) {
        return false;
    }
    tn_sha256(hash, tn_bytes(der, (size_t) size));
    OPENSSL_free(der);
    return memcmp(hash, pin, TN_HASH_SIZE) == 0;
}

/* RSA, PKCS #1 v1.5 padding, SHA-512: cipher suite 0. */
static bool signature_verifies(X509 *certificate, const struct tn_pulse *pulse,
                               struct tn_bytes message)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = key && context && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
                EVP_DigestVerifyInit(context, NULL, EVP_sha512(), NULL, key) == 1 &&
                EVP_DigestVerify(context, pulse->signature, pulse->signature_size, message.data,
                                 message.size) == 1;

    EVP_MD_CTX_free(context);
    return good;
}

static bool output_fits(const struct tn_pulse *pulse, struct tn_bytes message)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestInit_ex(context, EVP_sha512(), NULL) == 1 &&
                EVP_DigestUpdate(context, message.data, message.size) == 1 &&
                EVP_DigestUpdate(context, pulse->signature, pulse->signature_size) == 1 &&
                EVP_DigestFinal_ex(context, hash, &size) == 1 && size == TN_PULSE_HASH_SIZE &&
                memcmp(hash, pulse->output, TN_PULSE_HASH_SIZE) == 0;

    EVP_MD_CTX_free(context);
    return good;
}

enum tn_status tn_beacon_read_nist(struct tn_bytes record, const uint8_t pin[static TN_HASH_SIZE],
                                   struct tn_beacon_round *round, struct tn_error *error)
{
    struct tn_pulse pulse;
    struct tn_bytes pem;
    uint8_t buffer[TN_PULSE_MESSAGE_MAX];
    struct tn_bytes message;
    X509 *certificate = NULL;
    enum tn_status status;

    memset(round, 0, sizeof(*round));
    if (record.size > TN_BEACON_RECORD_MAX) {
        return tn_fail(error, TN_INVALID, "a pulse and certificate of %zu bytes", record.size);
    }
    status = tn_pulse_read(record, &pulse, &pem, error);
    if (status != TN_OK) {
        return status;
    }
    message = tn_bytes(buffer, tn_pulse_message(&pulse, buffer));
    certificate = read_certificate(pem);
    if (!certificate) {
        return refuse(error, TN_INVALID,
                      "after the pulse there is no certificate as PEM, or more than one");
    }
    if (!is_pinned(certificate, pin)) {
        status = refuse(error, TN_MISMATCH, "the certificate is not the one that the policy pins");
    } else if (!signature_verifies(certificate, &pulse, message)) {
        status = refuse(error, TN_MISMATCH, "the pulse's signature does not verify");
    } else if (!output_fits(&pulse, message)) {
        status = refuse(error, TN_MISMATCH, "outputValue is not the SHA-512 of the signed pulse");
    } else {
        round->round = pulse.pulse_index;
        round->raw_size = TN_PULSE_HASH_SIZE;
        memcpy(round->raw, pulse.output, TN_PULSE_HASH_SIZE);
        round->time_us = pulse.time_us;
        round->period_us = (uint64_t) pulse.period_ms * 1000;
    }
    X509_free(certificate);
    return status;
}
