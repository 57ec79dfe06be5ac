/* Canonical values: what is the same comes out the same, what is no text is refused. */
#include "tests/ledger/vault/support.h"

#include <utf8proc.h>

#include "ledger/base/check.h"
#include "ledger/vault/canonical.h"

static enum tn_status text_of(const char *text, struct tn_buffer *out)
{
    tn_buffer_reset(out);
    return tn_canonical_text(tn_bytes_from_string(text), out);
}

static void names_have_one_form(void **state)
{
    static const struct {
        const char *label;
        const char *typed;
        const char *canonical;
    } cases[] = {
        {"empty", "", ""},
        {"only spaces", "  \t ", ""},
        {"case", "MARIA Jose", "maria jose"},
        {"spaces", "  Maria \t\n  Jose ", "maria jose"},
        {"no-break and ideographic space", "Maria\xc2\xa0\xe3\x80\x80Jose", "maria jose"},
        {"composed and decomposed", "Jose\xcc\x81", "jos\xc3\xa9"},
        {"already composed", "JOS\xc3\x89", "jos\xc3\xa9"},
        {"sharp s folds",
         "Stra\xc3\x9f"
         "e",
         "strasse"},
        {"full width", "\xef\xbc\xa1\xef\xbc\xa2", "ab"},
        {"ligature", "\xef\xac\x81n", "fin"},
        {"soft hyphen goes", "Ma\xc2\xadria", "maria"},
        {"zero width joiner goes", "Ma\xe2\x80\x8dria", "maria"},
        {"hyphen and apostrophe stay", "O'Hara-Diaz", "o'hara-diaz"},
        {"Greek final sigma", "\xce\xa3\xce\x91\xce\xa3", "\xcf\x83\xce\xb1\xcf\x83"},
        {"spacing accent decomposes to a space", "a\xc2\xb4", "a \xcc\x81"},
    };
    struct tn_buffer out;
    (void) state;
    tn_buffer_init(&out, TN_TEXT_CANONICAL_MAX);
    for (size_t i = 0; i < TN_ARRAY_SIZE(cases); i++) {
        enum tn_status status = text_of(cases[i].typed, &out);
        if (status != TN_OK || !tn_bytes_equal_string(tn_buffer_view(&out), cases[i].canonical)) {
            fail_msg("%s: %s \"%.*s\"", cases[i].label, tn_status_name(status), (int) out.size,
                     (const char *) out.data);
        }
    }
    tn_buffer_close(&out);
}

static void what_is_no_text_is_refused(void **state)
{
    static const struct {
        const char *label;
        const char *bytes;
        size_t size;
    } cases[] = {
        {"zero byte", "a\0b", 3},
        {"separator",
         "a\x1f"
         "b",
         3},
        {"escape",
         "a\x1b"
         "b",
         3},
        {"C1 control",
         "a\xc2\x80"
         "b",
         4},
        {"lone continuation", "a\x80", 2},
        {"cut short", "a\xc3", 2},
        {"overlong", "\xc0\xaf", 2},
        {"surrogate", "\xed\xa0\x80", 3},
        {"beyond Unicode", "\xf4\x90\x80\x80", 4},
    };
    struct tn_buffer out;
    (void) state;
    tn_buffer_init(&out, TN_TEXT_CANONICAL_MAX);
    for (size_t i = 0; i < TN_ARRAY_SIZE(cases); i++) {
        if (tn_canonical_text(tn_bytes(cases[i].bytes, cases[i].size), &out) != TN_INVALID ||
            out.size != 0) {
            fail_msg("%s", cases[i].label);
        }
    }
    tn_buffer_close(&out);
}

static void lengths_are_bounded(void **state)
{
    uint8_t text[TN_TEXT_INPUT_MAX + 1];
    struct tn_buffer out;
    (void) state;
    memset(text, 'A', sizeof(text));
    tn_buffer_init(&out, TN_TEXT_CANONICAL_MAX);
    assert_int_equal(tn_canonical_text(tn_bytes(text, sizeof(text)), &out), TN_INVALID);
    assert_int_equal(tn_canonical_text(tn_bytes(text, TN_TEXT_INPUT_MAX), &out), TN_OK);
    assert_int_equal(out.size, TN_TEXT_INPUT_MAX);
    /* U+FDFA becomes eighteen characters. */
    for (size_t i = 0; i + 3 <= TN_TEXT_INPUT_MAX; i += 3) {
        memcpy(text + i, "\xef\xb7\xba", 3);
    }
    assert_int_equal(tn_canonical_text(tn_bytes(text, TN_TEXT_INPUT_MAX - 1), &out), TN_INVALID);
    tn_buffer_close(&out);

    tn_buffer_init(&out, 3);
    assert_int_equal(text_of("abcd", &out), TN_FULL);
    tn_buffer_close(&out);
}

static void the_form_stands_still(void **state)
{
    struct tn_buffer once;
    struct tn_buffer twice;
    (void) state;
    tn_buffer_init(&once, TN_TEXT_CANONICAL_MAX);
    tn_buffer_init(&twice, TN_TEXT_CANONICAL_MAX);
    for (int32_t point = 0x20; point < 0x30000; point++) {
        uint8_t text[16] = {'a'};
        if (point >= 0xd800 && point <= 0xdfff) {
            continue;
        }
        utf8proc_ssize_t size = utf8proc_encode_char(point, text + 1);
        memcpy(text + 1 + size, "\xcc\x81", 2); /* an accent, to be composed with it */
        tn_buffer_reset(&once);
        if (tn_canonical_text(tn_bytes(text, (size_t) size + 3), &once) != TN_OK) {
            continue;
        }
        tn_buffer_reset(&twice);
        assert_int_equal(tn_canonical_text(tn_buffer_view(&once), &twice), TN_OK);
        assert_true(tn_bytes_equal(tn_buffer_view(&once), tn_buffer_view(&twice)));
    }
    tn_buffer_close(&once);
    tn_buffer_close(&twice);
}

static void codes_and_dates(void **state)
{
    static const struct {
        const char *typed;
        const char *canonical; /* NULL: refused */
    } cases[] = {
        {"xxa", "XXA"},
        {" ab-12 ", "AB-12"},
        {"a b", "A B"},
        {"", NULL},
        {"   ", NULL},
        {"a\tb", NULL},
        {"\xc3\xa9", NULL},
        {"0123456789012345678901234567890123456789012345678901234567890123 ",
         "0123456789012345678901234567890123456789012345678901234567890123"},
        {"01234567890123456789012345678901234567890123456789012345678901234", NULL},
    };
    struct tn_buffer out;
    uint8_t date[TN_DATE_CANONICAL_SIZE];
    (void) state;
    tn_buffer_init(&out, 128);
    for (size_t i = 0; i < TN_ARRAY_SIZE(cases); i++) {
        tn_buffer_reset(&out);
        enum tn_status status = tn_canonical_code(tn_bytes_from_string(cases[i].typed), &out);
        assert_int_equal(status, cases[i].canonical == NULL ? TN_INVALID : TN_OK);
        assert_true(cases[i].canonical == NULL ||
                    tn_bytes_equal_string(tn_buffer_view(&out), cases[i].canonical));
    }
    tn_buffer_close(&out);
    tn_canonical_date(19050307, date);
    assert_memory_equal(date, "19050307", sizeof(date));
    tn_canonical_date(7, date);
    assert_memory_equal(date, "00000007", sizeof(date));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_one_form), cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(lengths_are_bounded), cmocka_unit_test(the_form_stands_still),
        cmocka_unit_test(codes_and_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
