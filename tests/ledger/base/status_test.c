#include "tests/ledger/base/unit.h"

#include <stdio.h>
#include <string.h>

#include "ledger/base/status.h"

static void every_status_has_a_name_of_its_own(void **state)
{
    (void) state;
    for (int a = 0; a >= TN_GONE; a--) {
        const char *name = tn_status_name((enum tn_status) a);
        assert_non_null(name);
        assert_string_not_equal(name, "not_a_status");
        for (int b = a + 1; b <= 0; b++) {
            assert_string_not_equal(name, tn_status_name((enum tn_status) b));
        }
    }
    assert_string_equal(tn_status_name(TN_CORRUPT), "corrupt");
    assert_string_equal(tn_status_name(TN_NO_SPACE), "no_space");
    assert_string_equal(tn_status_name((enum tn_status) - 99), "not_a_status");
}

static void numbers_that_reach_the_wire_stay(void **state)
{
    (void) state;
    assert_int_equal(TN_OK, 0);
    assert_int_equal(TN_CORRUPT, -4);
    assert_int_equal(TN_UNKNOWN, -12);
    assert_int_equal(TN_GONE, -20);
}

static void fail_keeps_status_and_words(void **state)
{
    (void) state;
    struct tn_error error = {0};
    assert_int_equal(tn_fail(&error, TN_CORRUPT, "entry %d: not canonical", 7), TN_CORRUPT);
    assert_int_equal(error.status, TN_CORRUPT);
    assert_string_equal(error.text, "entry 7: not canonical");
    assert_int_equal(tn_fail(NULL, TN_IO, "nobody listens"), TN_IO);
}

static void context_goes_before_the_cause(void **state)
{
    (void) state;
    struct tn_error error = {0};
    (void) tn_fail(&error, TN_IO, "read failed");
    assert_int_equal(tn_fail_context(&error, "tile %d", 3), TN_IO);
    assert_int_equal(tn_fail_context(&error, "audit"), TN_IO);
    assert_string_equal(error.text, "audit: tile 3: read failed");
}

static void words_that_are_too_long_are_cut(void **state)
{
    (void) state;
    char word[sizeof(((struct tn_error *) 0)->text)];
    memset(word, 'x', sizeof(word));
    word[sizeof(word) - 1] = '\0';
    struct tn_error error = {0};
    (void) tn_fail(&error, TN_IO, "%s%s", word, word);
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
    (void) tn_fail_context(&error, "context");
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
    assert_memory_equal(error.text, "context: xxx", 12);
    (void) tn_fail_context(&error, "%s", word);
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_of_its_own),
        cmocka_unit_test(numbers_that_reach_the_wire_stay),
        cmocka_unit_test(fail_keeps_status_and_words),
        cmocka_unit_test(context_goes_before_the_cause),
        cmocka_unit_test(words_that_are_too_long_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
