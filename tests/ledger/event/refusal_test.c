#include "tests/ledger/base/unit.h"

#include <string.h>

#include "ledger/base/check.h"
#include "ledger/event/kinds.h"

#define TEXT_BYTES_MAX 220

struct row {
    uint64_t code;
    const char *name;
    unsigned http;
};

#define ROW(number, name, http) {number, #name, http},
static const struct row rows[] = {TN_REFUSALS(ROW)};

/* RFC 3629: shortest forms, no surrogates, nothing beyond 10ffff. */
static bool is_utf8(const char *text)
{
    const uint8_t *at = (const uint8_t *) text;

    while (*at != 0) {
        unsigned more = *at < 0x80 ? 0 : *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : 1;
        uint32_t point = more == 0 ? *at : *at & (0x3fu >> more);
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

        if ((*at >= 0x80 && *at < 0xc2) || *at > 0xf4) {
            return false;
        }
        at++;
        for (unsigned i = 0; i < more; i++, at++) {
            if ((*at & 0xc0) != 0x80) {
                return false;
            }
            point = point << 6 | (*at & 0x3fu);
        }
        if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
            return false;
        }
    }
    return true;
}

static bool has_byte_from(const char *text, uint8_t first, uint8_t last)
{
    for (; *text != '\0'; text++) {
        if ((uint8_t) *text >= first && (uint8_t) *text <= last) {
            return true;
        }
    }
    return false;
}

static void the_check_of_utf8_finds_what_is_wrong(void **state)
{
    (void) state;
    assert_true(is_utf8("aé‑Я\xf0\x9f\x98\x80"));
    assert_false(is_utf8("\xc3"));
    assert_false(is_utf8("\x80"));
    assert_false(is_utf8("\xc0\x80"));
    assert_false(is_utf8("\xe0\x80\x80"));
    assert_false(is_utf8("\xed\xa0\x80"));
    assert_false(is_utf8("\xf5\x80\x80\x80"));
}

static void every_code_has_a_text_in_five_languages(void **state)
{
    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        const char *texts[TN_LANGUAGE_COUNT];

        for (unsigned language = 0; language < TN_LANGUAGE_COUNT; language++) {
            const char *text = tn_refusal_text(rows[i].code, (enum tn_language) language);
            const char *unknown = tn_refusal_text(0, (enum tn_language) language);

            texts[language] = text;
            assert_non_null(text);
            if (strlen(text) < 40 || strlen(text) > TEXT_BYTES_MAX || !is_utf8(text) ||
                text[strlen(text) - 1] != '.' || strcmp(text, unknown) == 0) {
                fail_msg("%s in language %u: %s", rows[i].name, language, text);
            }
            for (unsigned other = 0; other < language; other++) {
                assert_string_not_equal(text, texts[other]);
            }
        }
        /* English needs no letter beyond ASCII, and Russian has Cyrillic ones. */
        assert_false(has_byte_from(texts[TN_LANGUAGE_EN], 0x80, 0xff));
        assert_true(has_byte_from(texts[TN_LANGUAGE_RU], 0xd0, 0xd1));
    }
}

static void no_two_codes_have_one_text(void **state)
{
    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        for (size_t other = 0; other < i; other++) {
            for (unsigned language = 0; language < TN_LANGUAGE_COUNT; language++) {
                assert_string_not_equal(
                    tn_refusal_text(rows[i].code, (enum tn_language) language),
                    tn_refusal_text(rows[other].code, (enum tn_language) language));
            }
        }
    }
}

static void codes_have_names_and_statuses(void **state)
{
    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        assert_string_equal(tn_refusal_name(rows[i].code), rows[i].name);
        assert_int_equal(tn_refusal_http(rows[i].code), rows[i].http);
        assert_true(rows[i].http == 403 || rows[i].http == 404 || rows[i].http == 409);
        assert_true(i == 0 || rows[i].code > rows[i - 1].code);
    }
}

static void beyond_the_list_there_is_an_answer_too(void **state)
{
    (void) state;
    static const uint64_t codes[] = {0, TN_REFUSAL_LIMIT, 9999, UINT64_MAX};

    for (size_t i = 0; i < TN_ARRAY_SIZE(codes); i++) {
        assert_string_equal(tn_refusal_name(codes[i]), "unknown");
        assert_int_equal(tn_refusal_http(codes[i]), 409);
        for (unsigned language = 0; language < TN_LANGUAGE_COUNT; language++) {
            assert_true(is_utf8(tn_refusal_text(codes[i], (enum tn_language) language)));
        }
    }
    assert_string_equal(tn_refusal_text(1, TN_LANGUAGE_COUNT), tn_refusal_text(1, TN_LANGUAGE_EN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_check_of_utf8_finds_what_is_wrong),
        cmocka_unit_test(every_code_has_a_text_in_five_languages),
        cmocka_unit_test(no_two_codes_have_one_text),
        cmocka_unit_test(codes_have_names_and_statuses),
        cmocka_unit_test(beyond_the_list_there_is_an_answer_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
