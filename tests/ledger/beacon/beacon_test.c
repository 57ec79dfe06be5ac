/* Records of beacons: what is read in them, and that every change of one is refused. The pulses are
 * signed here with a key and a certificate of the test's own, in the format of the NIST beacon,
 * version 2; the message that is signed is put together here a second time. */
#include "tests/ledger/base/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "ledger/base/buffer.h"
#include "ledger/base/hash.h"
#include "ledger/beacon/pulse.h"

#define HEX_64 "0123456789abcdefFEDCBA98765432100123456789abcdefFEDCBA9876543210"
#define HEX_128 HEX_64 HEX_64

struct bench {
    EVP_PKEY *key;
    X509 *certificate;
    uint8_t pin[TN_HASH_SIZE];
    struct tn_buffer record;
};

/* What the test may change of a pulse before it is signed. */
struct wish {
    const char *time;
    unsigned list_count;
    unsigned suite;
    bool forged; /* somebody without the key: all else fits */
};

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);

    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *) "beacon.test", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(certificate, name), 1);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    unsigned char *der = NULL;
    int size;

    assert_non_null(bench);
    bench->key = EVP_RSA_gen(2048);
    assert_non_null(bench->key);
    bench->certificate = make_certificate(bench->key);
    size = i2d_X509(bench->certificate, &der);
    assert_true(size > 0);
    tn_sha256(bench->pin, tn_bytes(der, (size_t) size));
    OPENSSL_free(der);
    tn_buffer_init(&bench->record, TN_BEACON_RECORD_MAX + 1024);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    tn_buffer_close(&bench->record);
    X509_free(bench->certificate);
    EVP_PKEY_free(bench->key);
    free(bench);
    return 0;
}

/* ---- the message, once more ---- */

static void put_u32(struct tn_buffer *out, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t) (value >> 24), (uint8_t) (value >> 16),
                              (uint8_t) (value >> 8), (uint8_t) value};

    tn_buffer_append(out, bytes, sizeof(bytes));
}

static void put_text(struct tn_buffer *out, const char *text)
{
    put_u32(out, (uint32_t) strlen(text));
    tn_buffer_append_string(out, text);
}

static void put_hash(struct tn_buffer *out)
{
    uint8_t bytes[64];
    char lower[129];

    for (size_t i = 0; i < 128; i++) {
        char c = HEX_128[i];

        lower[i] = (char) (c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    }
    assert_int_equal(tn_hex_decode(tn_bytes(lower, 128), bytes, sizeof(bytes)), TN_OK);
    put_u32(out, 64);
    tn_buffer_append(out, bytes, sizeof(bytes));
}

static void make_message(const struct wish *wish, struct tn_buffer *out)
{
    put_text(out, "https://beacon.test/chain/2/pulse/77");
    put_text(out, "2.0");
    put_u32(out, wish->suite);
    put_u32(out, 60000);
    put_hash(out); /* certificateId */
    put_u32(out, 0);
    put_u32(out, 2);
    put_u32(out, 0);
    put_u32(out, 77);
    put_text(out, wish->time);
    put_hash(out); /* localRandomValue */
    put_hash(out); /* external.sourceId */
    put_u32(out, 0);
    put_hash(out); /* external.value */
    for (unsigned i = 0; i < wish->list_count; i++) {
        put_hash(out);
    }
    put_hash(out); /* precommitmentValue */
    put_u32(out, 1);
}

static void make_record(struct bench *bench, const struct wish *wish)
{
    struct tn_buffer message;
    struct tn_buffer *out = &bench->record;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[512];
    uint8_t output[64];
    size_t size = sizeof(signature);
    BIO *pem = BIO_new(BIO_s_mem());
    char *text;

    tn_buffer_init(&message, TN_PULSE_MESSAGE_MAX);
    make_message(wish, &message);
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha512(), NULL, bench->key), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &size, message.data, message.size), 1);
    signature[size / 2] ^= wish->forged ? 1 : 0;
    tn_buffer_append(&message, signature, size);
    assert_int_equal(EVP_Digest(message.data, message.size, output, NULL, EVP_sha512(), NULL), 1);
    EVP_MD_CTX_free(context);
    tn_buffer_reset(out);
    tn_buffer_printf(out,
                     "{\n  \"pulse\" : {\"uri\":\"https://beacon.test/chain/2/pulse/77\","
                     "\"version\":\"2.0\",\"cipherSuite\":%u,\"period\":60000,"
                     "\"certificateId\":\"" HEX_128 "\",\"chainIndex\":2,\"pulseIndex\":77,"
                     "\"timeStamp\":\"%s\",\"localRandomValue\":\"" HEX_128 "\","
                     "\"external\":{\"sourceId\":\"" HEX_128 "\",\"statusCode\":0,"
                     "\"value\":\"" HEX_128 "\"},\"listValues\":[",
                     wish->suite, wish->time);
    for (unsigned i = 0; i < wish->list_count; i++) {
        tn_buffer_printf(out, "%s{\"uri\":%s,\"type\":\"hour\",\"value\":\"" HEX_128 "\"}",
                         i > 0 ? "," : "", i > 0 ? "\"https://beacon.test/1\"" : "null");
    }
    tn_buffer_append_string(out, "],\"precommitmentValue\":\"" HEX_128 "\",\"statusCode\":1,"
                                 "\"signatureValue\":\"");
    tn_buffer_append_hex(out, signature, size);
    tn_buffer_append_string(out, "\",\"outputValue\":\"");
    tn_buffer_append_hex(out, output, sizeof(output));
    tn_buffer_append_string(out, "\"}\n}\n");
    assert_int_equal(PEM_write_bio_X509(pem, bench->certificate), 1);
    size = (size_t) BIO_get_mem_data(pem, &text);
    tn_buffer_append(out, text, size);
    BIO_free(pem);
    tn_buffer_close(&message);
    assert_int_equal(tn_buffer_status(out), TN_OK);
}

/* ---- NIST ---- */

static const struct wish usual = {"2026-11-28T01:30:00.000Z", 5, 0, false};

static enum tn_status read_nist(struct bench *bench, struct tn_beacon_round *round)
{
    return tn_beacon_read_nist(tn_buffer_view(&bench->record), bench->pin, round, NULL);
}

static void a_signed_pulse_gives_its_output(void **state)
{
    struct bench *bench = *state;
    struct tn_beacon_round round;
    static const unsigned counts[] = {0, 1, 5, TN_PULSE_LIST_MAX};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct wish wish = usual;

        wish.list_count = counts[i];
        make_record(bench, &wish);
        assert_int_equal(read_nist(bench, &round), TN_OK);
        assert_int_equal(round.round, 77);
        assert_int_equal(round.raw_size, 64);
        assert_int_equal(round.time_us, UINT64_C(1795829400) * 1000000);
        assert_int_equal(round.period_us, UINT64_C(60000000));
    }
}

static void another_certificate_suite_or_length_is_refused(void **state)
{
    struct bench *bench = *state;
    struct tn_beacon_round round;
    struct wish wish = usual;

    make_record(bench, &usual);
    bench->pin[5] ^= 1;
    assert_int_equal(read_nist(bench, &round), TN_MISMATCH);
    bench->pin[5] ^= 1;
    wish.forged = true;
    make_record(bench, &wish);
    assert_int_equal(read_nist(bench, &round), TN_MISMATCH);
    wish = usual;
    wish.suite = 1;
    make_record(bench, &wish);
    assert_int_equal(read_nist(bench, &round), TN_INVALID);
    wish = usual;
    wish.list_count = TN_PULSE_LIST_MAX + 1;
    make_record(bench, &wish);
    assert_int_equal(read_nist(bench, &round), TN_INVALID);
    wish = usual;
    wish.time = "tomorrow";
    make_record(bench, &wish);
    assert_int_equal(read_nist(bench, &round), TN_INVALID);
    /* A second certificate is no witness. */
    make_record(bench, &usual);
    tn_buffer_append_string(&bench->record, "-----BEGIN CERTIFICATE-----\nAA==\n"
                                            "-----END CERTIFICATE-----\n");
    assert_int_equal(read_nist(bench, &round), TN_INVALID);
}

/* Only the case of a digit and what is not signed (addresses, words of the list) may differ. */
static void every_change_of_a_byte_is_refused_or_means_the_same(void **state)
{
    struct bench *bench = *state;
    struct tn_beacon_round before;
    struct tn_beacon_round after;
    size_t same = 0;

    make_record(bench, &usual);
    assert_int_equal(read_nist(bench, &before), TN_OK);
    for (size_t at = 0; at < bench->record.size; at++) {
        uint8_t kept = bench->record.data[at];

        bench->record.data[at] = (uint8_t) (kept ^ (at % 2 == 0 ? 0x01 : 0x20));
        if (read_nist(bench, &after) == TN_OK) {
            assert_memory_equal(&before, &after, sizeof(before));
            same++;
        }
        bench->record.data[at] = kept;
    }
    print_message("%zu of %zu changes mean the same\n", same, bench->record.size);
    assert_true(same < bench->record.size / 2);
    for (size_t size = 0; size < bench->record.size; size += 7) {
        assert_int_not_equal(
            tn_beacon_read_nist(tn_bytes(bench->record.data, size), bench->pin, &after, NULL),
            TN_OK);
    }
}

static void a_digit_of_each_signed_field_matters(void **state)
{
    struct bench *bench = *state;
    static const char *const fields[] = {"\"uri\":\"",
                                         "\"version\":\"",
                                         "\"period\":",
                                         "\"certificateId\":\"",
                                         "\"chainIndex\":",
                                         "\"pulseIndex\":",
                                         "\"timeStamp\":\"",
                                         "\"localRandomValue\":\"",
                                         "\"sourceId\":\"",
                                         "\"value\":\"",
                                         "\"precommitmentValue\":\"",
                                         "\"signatureValue\":\"",
                                         "\"outputValue\":\""};
    struct tn_beacon_round round;

    make_record(bench, &usual);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        uint8_t *at = memmem(bench->record.data, bench->record.size, fields[i], strlen(fields[i]));

        assert_non_null(at);
        at += strlen(fields[i]);
        *at ^= 0x01; /* '0' and '1', '2' and '3', 'h' and 'i' */
        if (read_nist(bench, &round) == TN_OK) {
            fail_msg("%s", fields[i]);
        }
        *at ^= 0x01;
        assert_int_equal(read_nist(bench, &round), TN_OK);
    }
}

/* ---- drand ---- */

/* A round of quicknet: in `form` $ is the SHA-256 of the signature, @ the signature. */
static void make_drand(struct tn_buffer *out, const char *form, uint8_t first)
{
    uint8_t signature[48];
    uint8_t hash[TN_HASH_SIZE];
    char signature_hex[97];
    char hash_hex[65];

    memset(signature, 0x42, sizeof(signature));
    signature[0] = first;
    tn_sha256(hash, tn_bytes(signature, sizeof(signature)));
    tn_hex_encode(signature_hex, signature, sizeof(signature));
    tn_hex_encode(hash_hex, hash, sizeof(hash));
    tn_buffer_reset(out);
    for (; *form != '\0'; form++) {
        if (*form == '$') {
            tn_buffer_append_string(out, hash_hex);
        } else if (*form == '@') {
            tn_buffer_append_string(out, signature_hex);
        } else {
            tn_buffer_append_u8(out, (uint8_t) *form);
        }
    }
}

static void drand_s_randomness_is_the_hash_of_its_signature(void **state)
{
    struct bench *bench = *state;
    struct tn_buffer *out = &bench->record;
    struct tn_beacon_round round;

    tn_buffer_reset(out);
    make_drand(out, "{\"round\":12345,\"randomness\":\"$\",\"signature\":\"@\"}\n", 0x80);
    assert_int_equal(tn_beacon_read_drand(tn_buffer_view(out), &round, NULL), TN_OK);
    assert_int_equal(round.round, 12345);
    assert_int_equal(round.raw_size, 48);
    assert_int_equal(round.raw[0], 0x80);
    for (size_t at = 0; at < out->size - 2; at++) {
        struct tn_beacon_round other;

        out->data[at] ^= 0x01;
        if (tn_beacon_read_drand(tn_buffer_view(out), &other, NULL) == TN_OK) {
            assert_memory_equal(other.raw, round.raw, sizeof(round.raw)); /* another round */
            assert_true(other.round != round.round);
        }
        out->data[at] ^= 0x01;
    }
}

static void only_the_three_members_of_drand_are_taken(void **state)
{
    struct bench *bench = *state;
    struct tn_buffer *out = &bench->record;
    struct tn_beacon_round round;
    static const char *const bad[] = {
        "{\"round\":1,\"randomness\":\"$\",\"signature\":\"@\",\"round\":1}",
        "{\"round\":1,\"randomness\":\"$\",\"signature\":\"@\",\"more\":1}",
        "{\"round\":01,\"randomness\":\"$\",\"signature\":\"@\"}",
        "{\"round\":18446744073709551616,\"randomness\":\"$\",\"signature\":\"@\"}",
        "{\"round\":\"1\",\"randomness\":\"$\",\"signature\":\"@\"}",
        "{\"round\":1,\"randomness\":\"$\",\"signature\":\"@00\"}",
        "{\"round\":1,\"randomness\":\"$\",\"signature\":\"@\"} x",
        "{\"round\":1 \"randomness\":\"$\",\"signature\":\"@\"}",
        "{\"randomness\":\"$\",\"signature\":\"@\"}",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        make_drand(out, bad[i], 1);
        if (tn_beacon_read_drand(tn_buffer_view(out), &round, NULL) != TN_INVALID) {
            fail_msg("%s", bad[i]);
        }
    }
    make_drand(out, " {\"signature\" :\n\"@\", \"randomness\":\"$\",\"round\":1}", 1);
    assert_int_equal(tn_beacon_read_drand(tn_buffer_view(out), &round, NULL), TN_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_signed_pulse_gives_its_output),
        TEST(another_certificate_suite_or_length_is_refused),
        TEST(every_change_of_a_byte_is_refused_or_means_the_same),
        TEST(a_digit_of_each_signed_field_matters),
        TEST(drand_s_randomness_is_the_hash_of_its_signature),
        TEST(only_the_three_members_of_drand_are_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
