/* Receipts: one signature a frame, a path a leaf, and nothing about them that can be changed. */
#include "tests/ledger/log/vectors.h"

#include <sodium.h>

#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/log/receipt.h"

#define LEAVES_MAX 300u

static struct tn_signer signer;
static uint8_t leaves[LEAVES_MAX][TN_HASH_SIZE];

static int setup(void **state)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {1};

    (void) state;
    assert_true(sodium_init() >= 0);
    assert_int_equal(
        tn_signer_init(&signer, tn_bytes_from_string("log.test/one"), TN_KEY_ED25519, seed), TN_OK);
    for (uint32_t i = 0; i < LEAVES_MAX; i++) {
        uint8_t data[4];

        tn_put_be32(data, i);
        tn_leaf_hash(leaves[i], tn_bytes(data, sizeof(data)));
    }
    return 0;
}

static size_t receipt_make(size_t count, uint64_t first, uint64_t index,
                           uint8_t out[static TN_RECEIPT_BYTES_MAX])
{
    struct tn_receipt_frame *frame =
        tn_receipt_frame_create(leaves[0], count, first, 1700000000000000, &signer);
    size_t size;

    assert_non_null(frame);
    size = tn_receipt_write(frame, index, out);
    tn_receipt_frame_drop(frame);
    return size;
}

static enum tn_status verdict(const uint8_t *bytes, size_t size)
{
    struct tn_receipt receipt;
    enum tn_status status = tn_receipt_parse(tn_bytes(bytes, size), &receipt, NULL);

    return status == TN_OK ? tn_receipt_verify(&receipt, &signer.verifier, NULL) : status;
}

static void every_entry_of_every_frame_has_a_receipt_that_verifies(void **state)
{
    uint8_t bytes[TN_RECEIPT_BYTES_MAX];
    struct tn_receipt receipt;

    (void) state;
    for (size_t count = 1; count <= LEAVES_MAX; count += count < 40 ? 1 : 37) {
        for (uint64_t i = 0; i < count; i++) {
            size_t size = receipt_make(count, 1000, 1000 + i, bytes);

            assert_int_equal(tn_receipt_parse(tn_bytes(bytes, size), &receipt, NULL), TN_OK);
            assert_int_equal(receipt.index, 1000 + i);
            assert_int_equal(receipt.publish_by_us, 1700000010000000);
            assert_memory_equal(receipt.leaf_hash, leaves[i], TN_HASH_SIZE);
            assert_int_equal(tn_receipt_verify(&receipt, &signer.verifier, NULL), TN_OK);
        }
    }
}

static void what_is_signed_is_the_message_of_the_specification(void **state)
{
    uint8_t bytes[TN_RECEIPT_BYTES_MAX];
    uint8_t message[14 + 8 + 4 + 32 + 8] = "turno1.receipt";
    struct tn_merkle merkle;
    struct tn_receipt receipt;
    size_t size = receipt_make(7, 5, 9, bytes);

    (void) state;
    tn_merkle_init(&merkle);
    for (size_t i = 0; i < 7; i++) {
        tn_merkle_add_leaf_hash(&merkle, leaves[i]);
    }
    tn_put_be64(message + 14, 5);
    tn_put_be32(message + 22, 7);
    tn_merkle_root(&merkle, message + 26);
    tn_put_be64(message + 58, 1700000010000000);
    assert_int_equal(tn_receipt_parse(tn_bytes(bytes, size), &receipt, NULL), TN_OK);
    assert_int_equal(crypto_sign_verify_detached(receipt.signature, message, sizeof(message),
                                                 signer.verifier.public_key),
                     0);
}

static void receipt_has_the_bytes_it_always_had(void **state)
{
    static const char golden[] =
        "544e5201a1b9c7220000000000000029000000030000000100060a2418b6d68015f2f1a4339f5f2a313b9501"
        "5cad8124d054a171ac2f31cf529dda7cfb6a38b4ec14070d6141104971c4a04cfbaa1a3784f8388ef6f5374f"
        "209aaa5249bd6bf759d8ed23695c6b561f14642461003a2b38bb60b84fdbf9efd5a323f1e3e35c048855508a"
        "ade16ec573d21e6a485dfd0a7624085c1a14b5ecdd6485de0c6839a489eefc18fa4b815bd1aded2f24eb2888"
        "5993aa00b6d0171bf5005f9d39aaea10";
    uint8_t bytes[TN_RECEIPT_BYTES_MAX];
    char text[2 * TN_RECEIPT_BYTES_MAX + 1];
    size_t size = receipt_make(3, 41, 42, bytes);

    (void) state;
    tn_hex_encode(text, bytes, size);
    assert_string_equal(text, golden);
}

static void no_bit_of_a_receipt_can_be_changed(void **state)
{
    uint8_t bytes[TN_RECEIPT_BYTES_MAX];
    size_t size = receipt_make(11, 77, 84, bytes);

    (void) state;
    assert_int_equal(verdict(bytes, size), TN_OK);
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
        assert_int_not_equal(verdict(bytes, size), TN_OK);
        bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(verdict(bytes, cut), TN_INVALID);
    }
}

static void a_receipt_of_another_log_promises_nothing(void **state)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {2};
    uint8_t bytes[TN_RECEIPT_BYTES_MAX];
    struct tn_receipt receipt;
    struct tn_signer other;
    struct tn_error error = {0};
    size_t size = receipt_make(4, 0, 3, bytes);

    (void) state;
    assert_int_equal(
        tn_signer_init(&other, tn_bytes_from_string("log.test/two"), TN_KEY_ED25519, seed), TN_OK);
    assert_int_equal(tn_receipt_parse(tn_bytes(bytes, size), &receipt, NULL), TN_OK);
    assert_int_equal(tn_receipt_verify(&receipt, &other.verifier, &error), TN_NOT_FOUND);
    assert_non_null(strstr(error.text, "log.test/two"));
    tn_signer_close(&other);
}

static void a_frame_lives_until_its_last_holder_drops_it(void **state)
{
    uint8_t bytes[TN_RECEIPT_BYTES_MAX];
    struct tn_receipt_frame *frame = tn_receipt_frame_create(leaves[0], 2, 9, 0, &signer);

    (void) state;
    assert_ptr_equal(tn_receipt_frame_hold(frame), frame);
    tn_receipt_frame_drop(frame);
    assert_true(tn_receipt_frame_covers(frame, 10));
    assert_false(tn_receipt_frame_covers(frame, 11));
    assert_false(tn_receipt_frame_covers(frame, 8));
    assert_int_equal(verdict(bytes, tn_receipt_write(frame, 10, bytes)), TN_OK);
    tn_receipt_frame_drop(frame);
    tn_receipt_frame_drop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_of_every_frame_has_a_receipt_that_verifies),
        cmocka_unit_test(what_is_signed_is_the_message_of_the_specification),
        cmocka_unit_test(receipt_has_the_bytes_it_always_had),
        cmocka_unit_test(no_bit_of_a_receipt_can_be_changed),
        cmocka_unit_test(a_receipt_of_another_log_promises_nothing),
        cmocka_unit_test(a_frame_lives_until_its_last_holder_drops_it),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
