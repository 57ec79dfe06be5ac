/* Confirmation numbers: vectors, tolerance, what the check symbol finds; tags. */
#include "tests/ledger/vault/support.h"

#include "ledger/base/check.h"
#include "ledger/vault/confirmation.h"

#define LIMIT (UINT64_C(1) << TN_CONFIRMATION_BITS)
static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static enum tn_status parse(const char *text, uint64_t *number)
{
    return tn_confirmation_parse(tn_bytes_from_string(text), number);
}

static void vectors_of_the_specification(void **state)
{
    static const char *const vectors[] = {
        "7K3Q-F9X2-MHDY",
        "0000-0000-0007",
        "ZZZZ-ZZZZ-ZZZM",
        "0123-4567-89AK",
    };
    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(vectors); i++) {
        uint64_t number = 1;
        char again[TN_CONFIRMATION_TEXT_SIZE];
        assert_int_equal(parse(vectors[i], &number), TN_OK);
        tn_confirmation_format(number, again);
        assert_string_equal(again, vectors[i]);
    }
    uint64_t number = 1;
    assert_int_equal(parse("0000-0000-0007", &number), TN_OK);
    assert_int_equal(number, 0);
    assert_int_equal(parse("ZZZZ-ZZZZ-ZZZM", &number), TN_OK);
    assert_int_equal(number, LIMIT - 1);
    /* The first symbol holds the highest bits. */
    assert_int_equal(parse("0123-4567-89AK", &number), TN_OK);
    assert_int_equal(number >> 45, 1);
    assert_int_equal(number & 31, 10);
}

static void typing_habits_do_not_matter(void **state)
{
    static const char *const same[] = {
        "0123-4567-89AK", "0123456789AK",     "o123456789ak",      "OI23456789AK",
        "Ol23456789aK",   " 0123 4567 89AK ", "01-23-45-67-89-AK", "0L2-3--4567 89a k",
    };
    uint64_t expected = 0;
    (void) state;
    assert_int_equal(parse(same[0], &expected), TN_OK);
    for (size_t i = 0; i < TN_ARRAY_SIZE(same); i++) {
        uint64_t number = 0;
        assert_int_equal(parse(same[i], &number), TN_OK);
        assert_int_equal(number, expected);
    }
}

static void malformed_numbers_are_refused(void **state)
{
    static const struct {
        const char *label;
        const char *text;
    } cases[] = {
        {"empty", ""},
        {"only hyphens", "----"},
        {"one short", "0123-4567-89A"},
        {"one long", "0123-4567-89AK0"},
        {"U is no symbol", "U123-4567-89AK"},
        {"u is no symbol", "u123-4567-89AK"},
        {"punctuation", "0123.4567.89AK"},
        {"tab", "0123\t4567-89AK"},
        {"not ASCII", "0123-4567-89\xc3\x84K"},
        {"longer than anybody types",
         "0123-4567-89AK                                                        "},
    };
    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(cases); i++) {
        uint64_t number = 7;
        if (parse(cases[i].text, &number) != TN_INVALID || number != 0) {
            fail_msg("%s", cases[i].label);
        }
    }
    uint64_t number = 7;
    uint8_t zero[12] = {0};
    assert_int_equal(tn_confirmation_parse(tn_bytes(zero, sizeof(zero)), &number), TN_INVALID);
    assert_int_equal(parse("0123-4567-89AJ", &number), TN_MISMATCH);
    assert_int_equal(number, 0);
}

/* Twelve symbols without hyphens. */
static void format_bare(uint64_t number, char out[static 13])
{
    char text[TN_CONFIRMATION_TEXT_SIZE];
    size_t at = 0;
    tn_confirmation_format(number, text);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c != '-') {
            out[at++] = *c;
        }
    }
    out[at] = '\0';
    assert_int_equal(at, 12);
}

static void one_wrong_symbol_is_always_found(void **state)
{
    struct tn_random random;
    unsigned tried = 0;
    (void) state;
    tn_random_init_seeded(&random, 3, "confirmation", 0);
    for (unsigned n = 0; n < 200; n++) {
        char text[13];
        format_bare(tn_confirmation_make(&random), text);
        for (size_t at = 0; at < 12; at++) {
            char right = text[at];
            for (const char *c = symbols; *c != '\0'; c++) {
                uint64_t number = 0;
                text[at] = *c;
                assert_int_equal(parse(text, &number), *c == right ? TN_OK : TN_MISMATCH);
                tried += *c != right;
            }
            text[at] = right;
        }
    }
    assert_int_equal(tried, 200 * 12 * 31);
}

static void two_neighbours_exchanged_are_always_found(void **state)
{
    struct tn_random random;
    unsigned tried = 0;
    unsigned found = 0;
    unsigned jumps = 0;
    unsigned jumps_found = 0;
    (void) state;
    tn_random_init_seeded(&random, 4, "confirmation", 0);
    for (unsigned n = 0; n < 2000; n++) {
        char text[13];
        format_bare(tn_confirmation_make(&random), text);
        for (size_t distance = 1; distance <= 2; distance++) {
            for (size_t at = 0; at + distance < 12; at++) {
                uint64_t number = 0;
                char left = text[at];
                char right = text[at + distance];
                if (left == right) {
                    continue;
                }
                text[at] = right;
                text[at + distance] = left;
                bool seen = parse(text, &number) == TN_MISMATCH;
                text[at] = left;
                text[at + distance] = right;
                tried += distance == 1;
                found += distance == 1 && seen;
                jumps += distance == 2;
                jumps_found += distance == 2 && seen;
            }
        }
    }
    print_message("neighbours exchanged: %u of %u found; over one between: %u of %u\n", found,
                  tried, jumps_found, jumps);
    assert_true(tried > 20000);
    assert_int_equal(found, tried);
    assert_int_equal(jumps_found, jumps);
}

static void numbers_are_random_and_come_back(void **state)
{
    struct tn_random random;
    uint64_t before = 0;
    uint64_t seen_set = 0;
    uint64_t seen_clear = 0;
    (void) state;
    tn_random_init_seeded(&random, 5, "confirmation", 0);
    for (unsigned n = 0; n < 1000; n++) {
        char text[TN_CONFIRMATION_TEXT_SIZE];
        uint64_t again = 0;
        uint64_t number = tn_confirmation_make(&random);
        assert_true(number < LIMIT);
        assert_int_not_equal(number, before);
        tn_confirmation_format(number, text);
        assert_int_equal(parse(text, &again), TN_OK);
        assert_int_equal(again, number);
        seen_set |= number;
        seen_clear |= ~number;
        before = number;
    }
    assert_int_equal(seen_set, LIMIT - 1);
    assert_int_equal(seen_clear & (LIMIT - 1), LIMIT - 1);
}

static void tags_have_the_bytes_of_the_specification(void **state)
{
    uint8_t key[32];
    uint8_t tag[TN_VALIDATION_TAG_SIZE];
    uint8_t rate[TN_RATE_TAG_SIZE];
    const uint64_t number = 0x123456789abcde;
    (void) state;
    for (uint8_t i = 0; i < sizeof(key); i++) {
        key[i] = i;
    }
    /* Made with Python's hashlib.blake2b. */
    tn_validation_tag(tag, tn_bytes(key, sizeof(key)), number, 19900229);
    expect_hex(tag, sizeof(tag), "5ccd8918a74b669eda3d110d0dc8656d");
    tn_rate_tag(rate, tn_bytes(key, sizeof(key)), 19900, number);
    expect_hex(rate, sizeof(rate), "73fcf9cea5413932");

    uint8_t other[TN_VALIDATION_TAG_SIZE];
    tn_validation_tag(other, tn_bytes(key, sizeof(key)), number, 19900228);
    assert_memory_not_equal(tag, other, sizeof(tag));
    tn_validation_tag(other, tn_bytes(key, sizeof(key)), number + 1, 19900229);
    assert_memory_not_equal(tag, other, sizeof(tag));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_the_specification),
        cmocka_unit_test(typing_habits_do_not_matter),
        cmocka_unit_test(malformed_numbers_are_refused),
        cmocka_unit_test(one_wrong_symbol_is_always_found),
        cmocka_unit_test(two_neighbours_exchanged_are_always_found),
        cmocka_unit_test(numbers_are_random_and_come_back),
        cmocka_unit_test(tags_have_the_bytes_of_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
