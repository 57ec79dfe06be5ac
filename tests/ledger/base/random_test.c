#include "tests/ledger/base/unit.h"

#include <sodium.h>
#include <string.h>

#include "ledger/base/random.h"

/* Computed by an independent ChaCha20 in Python with key =
 * hashlib.blake2b(struct.pack("<QQ", 42, 7) + b"label", digest_size=32, person=p), p being
 * b"turno1.random" padded with zeros to 16 bytes. */
static void seeded_bytes_agree_with_their_python_twin(void **state)
{
    (void) state;
    struct tn_random random;
    tn_random_init_seeded(&random, 42, "label", 7);
    uint8_t bytes[24];
    char text[49];
    tn_random_fill(&random, bytes, 24);
    tn_hex_encode(text, bytes, 24);
    assert_string_equal(text, "f141027c5b6c7c170d3cd04b7c1d6a25141ec8a39fed0bbf");
    tn_random_fill(&random, bytes, 0);
    tn_random_fill(&random, bytes, 8);
    tn_hex_encode(text, bytes, 8);
    assert_string_equal(text, "a3faaf95d6f597dd");
}

static void each_part_of_the_name_changes_the_bytes(void **state)
{
    (void) state;
    struct tn_random sources[5];
    tn_random_init_seeded(&sources[0], 1, "a", 1);
    tn_random_init_seeded(&sources[1], 2, "a", 1);
    tn_random_init_seeded(&sources[2], 1, "b", 1);
    tn_random_init_seeded(&sources[3], 1, "a", 2);
    sources[4] = sources[0];
    uint8_t bytes[5][16];
    for (size_t i = 0; i < 5; i++) {
        tn_random_fill(&sources[i], bytes[i], 16);
    }
    for (size_t a = 0; a < 4; a++) {
        for (size_t b = a + 1; b < 4; b++) {
            assert_memory_not_equal(bytes[a], bytes[b], 16);
        }
    }
    assert_memory_equal(bytes[4], bytes[0], 16);
}

static void the_system_does_not_repeat_itself(void **state)
{
    (void) state;
    struct tn_random random;
    tn_random_init_system(&random);
    uint8_t first[32];
    uint8_t second[32];
    tn_random_fill(&random, first, sizeof(first));
    tn_random_fill(&random, second, sizeof(second));
    assert_memory_not_equal(first, second, sizeof(first));
    assert_false(tn_is_zero(first, sizeof(first)));
}

static void below_is_below_and_reaches_all(void **state)
{
    (void) state;
    struct tn_random random;
    tn_random_init_seeded(&random, 3, "below", 0);
    unsigned seen[7] = {0};
    for (int i = 0; i < 7000; i++) {
        uint64_t value = tn_random_below(&random, 7);
        assert_true(value < 7);
        seen[value]++;
    }
    for (size_t i = 0; i < 7; i++) {
        /* 1,000 expected; the seed is fixed, so this cannot fail now and then. */
        assert_true(seen[i] > 850 && seen[i] < 1150);
    }
    assert_int_equal(tn_random_below(&random, 1), 0);
    /* A bound just above 2^63: without rejection the lower half would come up twice as often. */
    unsigned low = 0;
    const uint64_t bound = (1ull << 63) + (1ull << 62);
    for (int i = 0; i < 6000; i++) {
        low += tn_random_below(&random, bound) < (1ull << 62) ? 1u : 0u;
    }
    assert_true(low > 1850 && low < 2150);
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeded_bytes_agree_with_their_python_twin),
        cmocka_unit_test(each_part_of_the_name_changes_the_bytes),
        cmocka_unit_test(the_system_does_not_repeat_itself),
        cmocka_unit_test(below_is_below_and_reaches_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
