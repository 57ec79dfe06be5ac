/* Who may pass which kind of route: the whole table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/auth/auth.h"
#include "ledger/base/check.h"

static void tokens_are_read_strictly(void **state)
{
    static const char hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static const struct {
        const char *before;
        const char *after;
        enum tn_auth_token wanted;
    } rows[] = {
        {"Bearer ", "", TN_AUTH_TOKEN},      {"bearer ", "", TN_AUTH_TOKEN},
        {"Bearer  ", "", TN_AUTH_MALFORMED}, {"Bearer ", " ", TN_AUTH_MALFORMED},
        {"Bearer ", "0", TN_AUTH_MALFORMED}, {"Basic ", "", TN_AUTH_MALFORMED},
        {"", "", TN_AUTH_MALFORMED},
    };
    uint8_t token[32];
    char text[128];

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        (void) snprintf(text, sizeof(text), "%s%s%s", rows[i].before, hex, rows[i].after);
        assert_int_equal(tn_auth_parse(tn_bytes_from_string(text), token), rows[i].wanted);
    }
    assert_int_equal(tn_auth_parse(tn_bytes(NULL, 0), token), TN_AUTH_NO_TOKEN);
    assert_int_equal(tn_auth_parse(tn_bytes_from_string("Bearer abc"), token), TN_AUTH_MALFORMED);
    assert_true(tn_is_zero(token, sizeof(token)));
}

/* Rows: kinds of route. Columns: nobody, applicant (own path), officer, port officer (own port),
 * auditor, operator, scheduler. A: passes, 1: 401, 3: 403. */
static void the_table_of_roles_holds(void **state)
{
    static const enum tn_role roles[] = {
        TN_ROLE_COUNT,   TN_ROLE_APPLICANT, TN_ROLE_OFFICER,   TN_ROLE_PORT_OFFICER,
        TN_ROLE_AUDITOR, TN_ROLE_OPERATOR,  TN_ROLE_SCHEDULER,
    };
    static const struct {
        enum tn_http_access access;
        const char *live;
        const char *simulated;
        const char *local;
    } rows[] = {
        {TN_ACCESS_UNSET, "3333333", "3333333", "3333333"},
        {TN_ACCESS_PUBLIC, "AAAAAAA", "AAAAAAA", "AAAAAAA"},
        {TN_ACCESS_APPLICANT, "AAAAAAA", "AAAAAAA", "AAAAAAA"},
        {TN_ACCESS_OWNER, "1A33333", "1A33333", "1A33333"},
        {TN_ACCESS_OFFICER, "13A3333", "13A3333", "13A3333"},
        {TN_ACCESS_PORT_OFFICER, "133A333", "133A333", "133A333"},
        {TN_ACCESS_AUDITOR, "1333A33", "AAAAAAA", "1333A33"},
        {TN_ACCESS_ANALYST, "1333AA3", "AAAAAAA", "1333AA3"},
        {TN_ACCESS_OPERATOR, "13333A3", "AAAAAAA", "AAAAAAA"},
        {TN_ACCESS_LOCAL, "3333333", "3333333", "AAAAAAA"},
    };
    static const char letters[] = {
        [TN_HTTP_ALLOW] = 'A', [TN_HTTP_DENY_401] = '1', [TN_HTTP_DENY_403] = '3'};

    (void) state;
    assert_int_equal(TN_ARRAY_SIZE(rows), TN_ACCESS_COUNT);
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        for (size_t r = 0; r < TN_ARRAY_SIZE(roles); r++) {
            struct tn_caller caller = {.role = roles[r], .id = "sixteen bytes id", .port = 2504};
            struct tn_auth_question question = {
                .access = rows[i].access,
                .caller = &caller,
                .path_id = caller.id,
                .path_port = 2504,
            };

            assert_int_equal(letters[tn_auth_decide(&question)], rows[i].live[r]);
            question.simulated = true;
            assert_int_equal(letters[tn_auth_decide(&question)], rows[i].simulated[r]);
            question.simulated = false;
            question.local = true;
            assert_int_equal(letters[tn_auth_decide(&question)], rows[i].local[r]);
        }
    }
}

static void what_is_not_ones_own_is_refused(void **state)
{
    static const uint8_t foreign[TN_ID_SIZE] = "another one's id";
    struct tn_caller caller = {.role = TN_ROLE_APPLICANT, .id = "sixteen bytes id"};
    struct tn_auth_question question = {.access = TN_ACCESS_OWNER, .caller = &caller};

    (void) state;
    question.path_id = foreign;
    assert_int_equal(tn_auth_decide(&question), TN_HTTP_DENY_403);
    question.path_id = NULL; /* not an id at all: answered alike */
    assert_int_equal(tn_auth_decide(&question), TN_HTTP_DENY_403);
    caller.role = TN_ROLE_PORT_OFFICER;
    question.access = TN_ACCESS_PORT_OFFICER;
    caller.port = 2504;
    question.path_port = 2301;
    assert_int_equal(tn_auth_decide(&question), TN_HTTP_DENY_403);
    caller.port = 0;
    question.path_port = 0;
    assert_int_equal(tn_auth_decide(&question), TN_HTTP_DENY_403);
}

static void a_suspended_officer_passes_nothing_of_theirs(void **state)
{
    struct tn_caller caller = {.role = TN_ROLE_OFFICER, .suspended = true};
    struct tn_auth_question question = {.access = TN_ACCESS_OFFICER, .caller = &caller};

    (void) state;
    assert_int_equal(tn_auth_decide(&question), TN_HTTP_DENY_403);
    caller.suspended = false;
    assert_int_equal(tn_auth_decide(&question), TN_HTTP_ALLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_read_strictly),
        cmocka_unit_test(the_table_of_roles_holds),
        cmocka_unit_test(what_is_not_ones_own_is_refused),
        cmocka_unit_test(a_suspended_officer_passes_nothing_of_theirs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
