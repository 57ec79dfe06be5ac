#include "tests/ledger/base/unit.h"

#include <sodium.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"

static void assert_hex(const uint8_t *bytes, size_t size, const char *hex)
{
    char text[2 * 64 + 1];
    assert_true(size <= 64);
    tn_hex_encode(text, bytes, size);
    assert_string_equal(text, hex);
}

/* Expected values were computed by Python: hashlib.blake2b(m, digest_size=n, key=key,
 * person=p.ljust(16, b"\0")). */
static void blake2b_agrees_with_its_python_twin(void **state)
{
    (void) state;
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t) i;
    }
    uint8_t out[64];
    tn_hash_one(out, 16, "turno1.gid", tn_bytes(bytes, 32), tn_bytes_from_string("abc"));
    assert_hex(out, 16, "5bbd4a4ddc8c151e01b3f5a47faae415");
    tn_hash(out, 32, "turno1.seed", tn_bytes(NULL, 0), NULL, 0);
    assert_hex(out, 32, "1aba75fe1e7fb3c8737dc97d09e03adc9c0372c8a43fa44fee6abaa3a243d905");
    tn_hash_one(out, 64, "sixteen letters!", tn_bytes(bytes, 64), tn_bytes(bytes, 200));
    assert_hex(out, 64,
               "d9d44c278ccaa95fb1750e767ededf02e4f6df22ecd96fac0c57830d625c411e"
               "283eee107d13892d76125e2523d74bd85e20fbe38e238bc2e114f4ee9bdd7e23");
    /* Shorter than 16: the 16-byte digest 5184fff02f87be08... cut, not a digest of that length. */
    tn_hash_one(out, 8, "turno1.short", tn_bytes_from_string("k"), tn_bytes_from_string("abc"));
    assert_hex(out, 8, "5184fff02f87be08");
}

static void parts_are_one_message(void **state)
{
    (void) state;
    static const uint8_t zeros[32] = {0};
    const struct tn_bytes parts[] = {tn_bytes("\7\0", 2), tn_bytes(NULL, 0), tn_bytes("\0\0", 2),
                                     tn_bytes(zeros, 32)};
    uint8_t out[32];
    tn_hash(out, 32, "turno1.chain", tn_bytes(NULL, 0), parts, TN_ARRAY_SIZE(parts));
    assert_hex(out, 32, "f859d6fffcbad935a6be6e69b7c15dbb175192334063c37208c8dd6b0b55ec96");
    const struct tn_bytes abc[] = {tn_bytes("a", 1), tn_bytes("", 0), tn_bytes("bc", 2)};
    tn_sha256_parts(out, abc, TN_ARRAY_SIZE(abc));
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void merkle_hashes_are_those_of_rfc_6962(void **state)
{
    (void) state;
    uint8_t out[32];
    tn_sha256(out, tn_bytes(NULL, 0));
    assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    tn_leaf_hash(out, tn_bytes(NULL, 0));
    assert_hex(out, 32, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    tn_leaf_hash(out, tn_bytes_from_string("L123456"));
    assert_hex(out, 32, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");

    /* RFC 6962 tests hash "N123" and "N456" as children; ours are always 32 bytes, so the twin is
     * SHA-256 over 01, 32 bytes 'l' and 32 bytes 'r'. */
    uint8_t message[65];
    message[0] = 1;
    memset(message + 1, 'l', 32);
    memset(message + 33, 'r', 32);
    uint8_t expected[32];
    assert_int_equal(crypto_hash_sha256(expected, message, sizeof(message)), 0);
    tn_node_hash(out, message + 1, message + 33);
    assert_memory_equal(out, expected, 32);
}

/* Short leaves are hashed another way than long ones. */
static void leaves_of_every_length_are_hashed_behind_a_zero(void **state)
{
    uint8_t message[1100] = {0};
    uint8_t out[32];
    uint8_t expected[32];

    (void) state;
    for (size_t i = 1; i < sizeof(message); i++) {
        message[i] = (uint8_t) (i * 7 + i / 256);
    }
    for (size_t size = 0; size < sizeof(message); size++) {
        tn_leaf_hash(out, tn_bytes(message + 1, size));
        assert_int_equal(crypto_hash_sha256(expected, message, 1 + size), 0);
        assert_memory_equal(out, expected, sizeof(out));
    }
}

static void the_output_may_be_one_of_the_children(void **state)
{
    (void) state;
    uint8_t left[32];
    uint8_t right[32];
    uint8_t expected[32];
    memset(left, 1, sizeof(left));
    memset(right, 2, sizeof(right));
    tn_node_hash(expected, left, right);
    tn_node_hash(left, left, right);
    assert_memory_equal(left, expected, sizeof(left));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blake2b_agrees_with_its_python_twin),
        cmocka_unit_test(parts_are_one_message),
        cmocka_unit_test(merkle_hashes_are_those_of_rfc_6962),
        cmocka_unit_test(leaves_of_every_length_are_hashed_behind_a_zero),
        cmocka_unit_test(the_output_may_be_one_of_the_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
