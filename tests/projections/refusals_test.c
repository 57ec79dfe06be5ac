/* Every code with which a rule refuses, provoked; the rows are in harness/refusals_*.c. */
#include <string.h>

#include "tests/projections/harness/refusals.h"

static bool seen[TN_REFUSAL_LIMIT];

static void provoke_all(struct harness *harness, struct refusal_rows rows, uint64_t time_us)
{
    for (size_t i = 0; i < rows.count; i++) {
        enum tn_refusal code = rows.rows[i].provoke(harness, time_us + i);

        if (code != rows.rows[i].code) {
            fail_msg("%s: %s instead of %s", rows.rows[i].label, tn_refusal_name(code),
                     tn_refusal_name(rows.rows[i].code));
        }
        seen[code] = true;
    }
}

static void every_row_is_refused_with_its_code(void **state)
{
    struct harness harness;

    (void) state;
    refusals_set_up(&harness);
    provoke_all(&harness, refusals_of_people(), at(DAY_D + 1, 13, 0));
    provoke_all(&harness, refusals_of_staff(), at(DAY_D + 1, 13, 1));
    provoke_all(&harness, refusals_of_people_frozen(), at(DAY_D + 2, 11, 30));
    provoke_all(&harness, refusals_of_staff_frozen(), at(DAY_D + 2, 11, 31));
    provoke_all(&harness, refusals_of_people_over(), at(DATE + 1, 13, 0));
    provoke_all(&harness, refusals_of_staff_over(), at(DATE + 1, 13, 1));
    close_replayed(&harness);
}

static void nothing_begins_before_the_programme_or_after_it(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    struct tn_policy last;

    (void) state;
    harness_open(&harness);
    provoke_all(&harness, refusals_outside_programme(), at(DAY_D, 7, 0));
    harness_close(&harness);
    harness_open(&harness);
    make_policy(&policy, 1, at(DAY_D, 8, 0));
    harness_found(&harness, &policy, at(DAY_D, 8, 0));
    must_register(&harness, 1, 2, at(DAY_D, 9, 0));
    make_policy(&last, 2, at(DAY_D, 23, 0));
    last.programme_end_us = at(DAY_D + 1, 9, 0);
    assert_int_equal(do_publish(&harness, &last, at(DAY_D, 10, 0)), OK);
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D + 1, 8, 59)), OK);
    provoke_all(&harness, refusals_outside_programme(), at(DAY_D + 1, 9, 0));
    assert_int_equal(do_ask(&harness, 1, ask_ab, 2, at(DAY_D + 1, 9, 1)),
                     TN_REFUSAL_programme_ended);
    /* Who wants to leave may. */
    assert_int_equal(do_remove(&harness, 1, person(1, 1), person(1, 1), at(DAY_D + 1, 9, 2)), OK);
    assert_int_equal(do_withdraw(&harness, 1, at(DAY_D + 1, 9, 3)), OK);
    close_replayed(&harness);
}

static void a_wrong_secret_is_refused(void **state)
{
    struct harness harness;
    struct tn_command command;

    (void) state;
    open_from(&harness, DAY_D);
    harness_advance(&harness, at(DAY_D + 1, 11, 59));
    command = command_by_operator(TN_COMMAND_reveal_secret, at(DAY_D + 1, 12, 0));
    command.facts.reveal_secret_facts.day = DAY_D;
    memset(command.facts.reveal_secret_facts.secret, 0x77, TN_HASH_SIZE);
    assert_int_equal(harness_decide_paused(&harness, &command), TN_REFUSAL_secret_wrong);
    seen[TN_REFUSAL_secret_wrong] = true;
    harness_advance(&harness, at(DAY_D + 1, 12, 0)); /* the right one still counts */
    close_replayed(&harness);
}

static void register_without_address(struct harness *harness, uint64_t registration,
                                     uint64_t time_us)
{
    const uint64_t persons[] = {person(registration, 0)};
    struct tn_new_member members[1];
    struct tn_command command = command_register(registration, persons, 1, members, time_us);

    memset(command.facts.register_facts.place, 0, TN_ID_SIZE);
    memset(command.facts.register_facts.destination, 0, TN_HASH_SIZE);
    assert_int_equal(harness_decide(harness, &command), OK);
}

static void two_groups_without_an_address_share_none(void **state)
{
    struct harness harness;
    struct tn_policy policy;

    (void) state;
    harness_open(&harness);
    make_policy(&policy, 1, at(DAY_D, 8, 0));
    policy.group_shares_destination = false;
    harness_found(&harness, &policy, at(DAY_D, 8, 0));
    for (uint64_t r = 1; r <= 3; r++) {
        register_without_address(&harness, r, at(DAY_D, 8, 10));
    }
    assert_int_equal(do_merge(&harness, 1, 2, at(DAY_D, 8, 20)), OK);
    make_policy(&policy, 2, at(DAY_D, 9, 0)); /* from now on a group shares one address */
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 30)), OK);
    assert_int_equal(do_merge(&harness, 1, 3, at(DAY_D, 9, 0)), TN_REFUSAL_destination_missing);
    must_register(&harness, 4, 1, at(DAY_D, 9, 1));
    assert_int_equal(do_merge(&harness, 1, 4, at(DAY_D, 9, 2)), TN_REFUSAL_destinations_differ);
    close_replayed(&harness);
}

/* Runs last. */
static void no_code_is_left(void **state)
{
    (void) state;
    for (uint64_t code = 1; code < TN_REFUSAL_LIMIT; code++) {
        /* Those of a bound draw and of hard packing: bound_test.c, packing_test.c. */
        bool elsewhere = code >= TN_REFUSAL_reveal_too_early &&
                         code <= TN_REFUSAL_group_held_at_port;

        bool given = strcmp(tn_refusal_name(code), "unknown") != 0;

        if (given && !seen[code] && !elsewhere) {
            fail_msg("%s was never provoked", tn_refusal_name(code));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_refused_with_its_code),
        cmocka_unit_test(nothing_begins_before_the_programme_or_after_it),
        cmocka_unit_test(a_wrong_secret_is_refused),
        cmocka_unit_test(two_groups_without_an_address_share_none),
        cmocka_unit_test(no_code_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
