/* Key records, sealed records, commitments: bytes, and that every change is noticed. */
#include "tests/ledger/vault/support.h"

#include <sodium.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/vault/seal.h"

/* Made by an independent implementation of XChaCha20-Poly1305 in Python. */
#define GOLDEN_NONCE "7cbe488b09199e57c742b58856370ae53526aedbf24bc830"
#define GOLDEN_KEY                                                                                 \
    "d907989cea4b825f9e58a2718cc30d3006d45b87aa85d839"                                             \
    "aad38bca98cce325d78d587d8a1d277e3c67b47aceebe535"
#define GOLDEN_RECORD                                                                              \
    "aed065b1d113ae674c52addac0cc422b24344c3be3782b14"                                             \
    "b578074bfbbe85adfcb0d4ccf29d71ce5ca448acb264a79f"

struct fixture {
    struct tn_random random;
    uint8_t dek[TN_DEK_SIZE];
    uint8_t epoch_key[32];
    uint8_t subject[TN_ID_SIZE];
    uint8_t nonce[TN_NONCE_SIZE];
};

static void prepare(struct fixture *f)
{
    tn_random_init_seeded(&f->random, 1, "seal_test", 0);
    for (uint8_t i = 0; i < 32; i++) {
        f->dek[i] = i;
        f->epoch_key[i] = (uint8_t) (0x80 + i);
    }
    for (uint8_t i = 0; i < 16; i++) {
        f->subject[i] = (uint8_t) (16 + i);
        f->nonce[i] = (uint8_t) (32 + i);
    }
}

static void key_record_has_its_layout(void **state)
{
    struct fixture f;
    uint8_t record[TN_KEY_RECORD_SIZE];
    uint8_t dek[TN_DEK_SIZE];
    struct tn_key_record read;
    (void) state;
    prepare(&f);
    tn_key_record_seal(record, f.epoch_key, 0x01020304, f.subject, 7, f.dek, &f.random);
    expect_hex(record, 6, "010104030201");
    expect_hex(record + 6, 16, "101112131415161718191a1b1c1d1e1f");
    expect_hex(record + 22, 4, "07000000");
    expect_hex(record + 26, 16, "f7dab07fc1d461b73531c6bb14635b02"); /* hashlib.blake2b */
    expect_hex(record + 42, 24, GOLDEN_NONCE);
    expect_hex(record + 66, 48, GOLDEN_KEY);
    assert_true(tn_is_zero(record + 114, 14));

    assert_int_equal(tn_key_record_read(tn_bytes(record, sizeof(record)), f.subject, &read), TN_OK);
    assert_int_equal(read.state, TN_DEK_ACTIVE);
    assert_int_equal(read.epoch, 0x01020304);
    assert_int_equal(read.dek_version, 7);
    assert_int_equal(
        tn_key_record_open(tn_bytes(record, sizeof(record)), f.epoch_key, f.subject, dek), TN_OK);
    assert_memory_equal(dek, f.dek, sizeof(dek));
}

static void every_bit_of_a_key_record_counts(void **state)
{
    struct fixture f;
    uint8_t record[TN_KEY_RECORD_SIZE];
    uint8_t dek[TN_DEK_SIZE];
    (void) state;
    prepare(&f);
    tn_key_record_seal(record, f.epoch_key, 1, f.subject, 1, f.dek, &f.random);
    for (size_t bit = 0; bit < 8 * sizeof(record); bit++) {
        record[bit / 8] ^= (uint8_t) (1u << bit % 8);
        memset(dek, 0xaa, sizeof(dek));
        enum tn_status status =
            tn_key_record_open(tn_bytes(record, sizeof(record)), f.epoch_key, f.subject, dek);
        if (status != TN_CORRUPT && !(bit < 8 && status == TN_UNSUPPORTED)) {
            fail_msg("bit %zu: %s", bit, tn_status_name(status));
        }
        assert_true(tn_is_zero(dek, sizeof(dek)));
        record[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
    assert_int_equal(
        tn_key_record_open(tn_bytes(record, sizeof(record) - 1), f.epoch_key, f.subject, dek),
        TN_CORRUPT);
    f.epoch_key[0] ^= 1;
    assert_int_equal(
        tn_key_record_open(tn_bytes(record, sizeof(record)), f.epoch_key, f.subject, dek),
        TN_CORRUPT);
}

static void a_key_that_keyid_does_not_name_is_refused(void **state)
{
    struct fixture f;
    uint8_t record[TN_KEY_RECORD_SIZE];
    uint8_t dek[TN_DEK_SIZE];
    (void) state;
    prepare(&f);
    tn_key_record_seal(record, f.epoch_key, 1, f.subject, 1, f.dek, &f.random);
    /* Somebody with the epoch key wraps another DEK under the same name and keyid. */
    f.dek[0] ^= 1;
    (void) crypto_aead_xchacha20poly1305_ietf_encrypt(record + 66, NULL, f.dek, TN_DEK_SIZE, record,
                                                      42, NULL, record + 42, f.epoch_key);
    assert_int_equal(
        tn_key_record_open(tn_bytes(record, sizeof(record)), f.epoch_key, f.subject, dek),
        TN_CORRUPT);
    assert_true(tn_is_zero(dek, sizeof(dek)));
}

static void a_key_record_belongs_to_its_subject(void **state)
{
    struct fixture f;
    uint8_t record[TN_KEY_RECORD_SIZE];
    uint8_t dek[TN_DEK_SIZE];
    (void) state;
    prepare(&f);
    tn_key_record_seal(record, f.epoch_key, 1, f.subject, 1, f.dek, &f.random);
    f.subject[3] ^= 1;
    assert_int_equal(
        tn_key_record_open(tn_bytes(record, sizeof(record)), f.epoch_key, f.subject, dek),
        TN_CORRUPT);
    /* Not even when the name in it is changed too. */
    memcpy(record + 6, f.subject, TN_ID_SIZE);
    assert_int_equal(
        tn_key_record_open(tn_bytes(record, sizeof(record)), f.epoch_key, f.subject, dek),
        TN_CORRUPT);
}

static void a_tombstone_holds_no_key(void **state)
{
    struct fixture f;
    uint8_t record[TN_KEY_RECORD_SIZE];
    uint8_t dek[TN_DEK_SIZE];
    struct tn_key_record read;
    (void) state;
    prepare(&f);
    tn_key_record_seal(record, f.epoch_key, 1, f.subject, 1, f.dek, &f.random);
    tn_key_record_tombstone(record, f.subject, 1);
    expect_hex(record, 26, "010200000000101112131415161718191a1b1c1d1e1f01000000");
    assert_true(tn_is_zero(record + 26, sizeof(record) - 26));
    assert_int_equal(tn_key_record_read(tn_bytes(record, sizeof(record)), f.subject, &read), TN_OK);
    assert_int_equal(read.state, TN_DEK_ERASED);
    assert_int_equal(
        tn_key_record_open(tn_bytes(record, sizeof(record)), f.epoch_key, f.subject, dek), TN_GONE);
    /* Half a tombstone is damage: something of a key would be left. */
    record[70] = 1;
    assert_int_equal(tn_key_record_read(tn_bytes(record, sizeof(record)), f.subject, &read),
                     TN_CORRUPT);
}

static void sealed_record_has_its_layout(void **state)
{
    struct fixture f;
    struct tn_buffer sealed;
    struct tn_buffer plain;
    (void) state;
    prepare(&f);
    const struct tn_sealed_name name = {f.subject, 0x0203, 0x04050607};
    tn_buffer_init(&sealed, TN_SEALED_MAX);
    tn_buffer_init(&plain, TN_SEALED_MAX);
    assert_int_equal(
        tn_sealed_make(f.dek, 7, &name, tn_bytes_from_string("hello, vault"), &f.random, &sealed),
        TN_OK);
    assert_int_equal(sealed.size, 32 + TN_SEALED_OVERHEAD);
    expect_hex(sealed.data, 6, "010107000000");
    expect_hex(sealed.data + 6, 24, GOLDEN_NONCE);
    expect_hex(sealed.data + 30, 48, GOLDEN_RECORD);
    assert_int_equal(tn_sealed_open(f.dek, 7, &name, tn_buffer_view(&sealed), &plain), TN_OK);
    assert_true(tn_bytes_equal_string(tn_buffer_view(&plain), "hello, vault"));
    tn_buffer_close(&sealed);
    tn_buffer_close_secret(&plain);
}

static void every_bit_of_a_sealed_record_counts(void **state)
{
    struct fixture f;
    struct tn_buffer sealed;
    struct tn_buffer plain;
    (void) state;
    prepare(&f);
    const struct tn_sealed_name name = {f.subject, 1, 1};
    tn_buffer_init(&sealed, TN_SEALED_MAX);
    tn_buffer_init(&plain, TN_SEALED_MAX);
    tn_buffer_append_string(&plain, "before");
    assert_int_equal(
        tn_sealed_make(f.dek, 1, &name, tn_bytes_from_string("attack at dawn"), &f.random, &sealed),
        TN_OK);
    for (size_t bit = 0; bit < 8 * sealed.size; bit++) {
        sealed.data[bit / 8] ^= (uint8_t) (1u << bit % 8);
        enum tn_status status = tn_sealed_open(f.dek, 1, &name, tn_buffer_view(&sealed), &plain);
        if (status != TN_CORRUPT && !(bit < 16 && status == TN_UNSUPPORTED)) {
            fail_msg("bit %zu: %s", bit, tn_status_name(status));
        }
        assert_true(tn_bytes_equal_string(tn_buffer_view(&plain), "before"));
        sealed.data[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
    for (size_t size = 0; size < sealed.size; size++) {
        assert_int_equal(tn_sealed_open(f.dek, 1, &name, tn_bytes(sealed.data, size), &plain),
                         TN_CORRUPT);
    }
    tn_buffer_close(&sealed);
    tn_buffer_close_secret(&plain);
}

static void a_sealed_record_opens_under_its_own_name_only(void **state)
{
    struct fixture f;
    struct tn_buffer sealed;
    struct tn_buffer plain;
    uint8_t other_subject[TN_ID_SIZE] = {0};
    uint8_t other_dek[TN_DEK_SIZE] = {0};
    (void) state;
    prepare(&f);
    const struct tn_sealed_name name = {f.subject, 1, 1};
    const struct tn_sealed_name others[] = {
        {other_subject, 1, 1}, {f.subject, 2, 1}, {f.subject, 1, 2}, {f.subject, 0x0101, 1}};
    tn_buffer_init(&sealed, TN_SEALED_MAX);
    tn_buffer_init(&plain, TN_SEALED_MAX);
    assert_int_equal(tn_sealed_make(f.dek, 1, &name, tn_bytes_from_string("x"), &f.random, &sealed),
                     TN_OK);
    for (size_t i = 0; i < TN_ARRAY_SIZE(others); i++) {
        assert_int_equal(tn_sealed_open(f.dek, 1, &others[i], tn_buffer_view(&sealed), &plain),
                         TN_CORRUPT);
    }
    assert_int_equal(tn_sealed_open(f.dek, 2, &name, tn_buffer_view(&sealed), &plain), TN_CORRUPT);
    assert_int_equal(tn_sealed_open(other_dek, 1, &name, tn_buffer_view(&sealed), &plain),
                     TN_CORRUPT);
    assert_int_equal(tn_sealed_open(f.dek, 1, &name, tn_buffer_view(&sealed), &plain), TN_OK);
    tn_buffer_close(&sealed);
    tn_buffer_close_secret(&plain);
}

static void lengths_are_hidden_and_bounded(void **state)
{
    static uint8_t text[TN_SEALED_PLAIN_MAX + 1];
    static const size_t sizes[] = {0, 1, 30, 31, 32, 33, 63, 64, 1000, TN_SEALED_PLAIN_MAX};
    struct fixture f;
    struct tn_buffer sealed;
    struct tn_buffer plain;
    (void) state;
    prepare(&f);
    const struct tn_sealed_name name = {f.subject, 1, 1};
    memset(text, 'y', sizeof(text));
    tn_buffer_init(&sealed, TN_SEALED_MAX);
    tn_buffer_init(&plain, TN_SEALED_MAX);
    for (size_t i = 0; i < TN_ARRAY_SIZE(sizes); i++) {
        tn_buffer_reset(&sealed);
        tn_buffer_reset(&plain);
        assert_int_equal(
            tn_sealed_make(f.dek, 1, &name, tn_bytes(text, sizes[i]), &f.random, &sealed), TN_OK);
        assert_int_equal(sealed.size, (sizes[i] / 32 + 1) * 32 + TN_SEALED_OVERHEAD);
        assert_int_equal(tn_sealed_open(f.dek, 1, &name, tn_buffer_view(&sealed), &plain), TN_OK);
        assert_true(tn_bytes_equal(tn_buffer_view(&plain), tn_bytes(text, sizes[i])));
    }
    tn_buffer_reset(&sealed);
    assert_int_equal(
        tn_sealed_make(f.dek, 1, &name, tn_bytes(text, sizeof(text)), &f.random, &sealed),
        TN_INVALID);
    tn_buffer_close(&sealed);
    tn_buffer_init(&sealed, 50);
    assert_int_equal(tn_sealed_make(f.dek, 1, &name, tn_bytes(text, 1), &f.random, &sealed),
                     TN_FULL);
    tn_buffer_close(&sealed);
    tn_buffer_close_secret(&plain);
}

static void a_commitment_opens_by_salt_and_value_alone(void **state)
{
    struct fixture f;
    uint8_t salt[32];
    uint8_t commitment[TN_HASH_SIZE];
    uint8_t again[TN_HASH_SIZE];
    (void) state;
    prepare(&f);
    tn_field_salt(salt, f.dek, f.nonce, TN_FIELD_GIVEN_NAMES);
    tn_field_commitment(commitment, salt, tn_bytes_from_string("ana maria"));
    /* Made with Python's hashlib. */
    expect_hex(salt, 32, "0489e82fa926143a0d407e4ff072c93ff2d9e3cca96af038c8b24e975b2e6c8d");
    expect_hex(commitment, 32, "957afd25d2d153ebd634a6dba5fa62564a2bd171c5c02618e6dab25e1ae83433");

    /* A stranger needs nothing of ours. */
    const struct tn_bytes parts[] = {tn_bytes_from_string("turno1.field"), tn_bytes(salt, 32),
                                     tn_bytes_from_string("ana maria")};
    tn_sha256_parts(again, parts, 3);
    assert_memory_equal(again, commitment, sizeof(again));
    tn_field_commitment(again, salt, tn_bytes_from_string("ana mario"));
    assert_memory_not_equal(again, commitment, sizeof(again));

    /* The salt of one field, event or subject says nothing of another's. */
    uint8_t other[32];
    tn_field_salt(other, f.dek, f.nonce, TN_FIELD_FAMILY_NAMES);
    assert_memory_not_equal(other, salt, sizeof(other));
    f.nonce[0] ^= 1;
    tn_field_salt(other, f.dek, f.nonce, TN_FIELD_GIVEN_NAMES);
    assert_memory_not_equal(other, salt, sizeof(other));
    f.nonce[0] ^= 1;
    /* Without the DEK the right value is one guess among all: another key gives another
     * commitment for it. */
    f.dek[0] ^= 1;
    tn_field_salt(other, f.dek, f.nonce, TN_FIELD_GIVEN_NAMES);
    tn_field_commitment(again, other, tn_bytes_from_string("ana maria"));
    assert_memory_not_equal(again, commitment, sizeof(again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_record_has_its_layout),
        cmocka_unit_test(every_bit_of_a_key_record_counts),
        cmocka_unit_test(a_key_that_keyid_does_not_name_is_refused),
        cmocka_unit_test(a_key_record_belongs_to_its_subject),
        cmocka_unit_test(a_tombstone_holds_no_key),
        cmocka_unit_test(sealed_record_has_its_layout),
        cmocka_unit_test(every_bit_of_a_sealed_record_counts),
        cmocka_unit_test(a_sealed_record_opens_under_its_own_name_only),
        cmocka_unit_test(lengths_are_hidden_and_bounded),
        cmocka_unit_test(a_commitment_opens_by_salt_and_value_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
