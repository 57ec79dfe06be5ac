/* Logs written by somebody who knows what an audit does not look at: what no rule decides again, in
 * a sample or while a draw is under way, is folded all the same and must not do harm. */
#include <string.h>

#include "tests/projections/harness/history.h"
#include "tests/projections/harness/setting.h"

static void must_be_found(const struct outcome *outcome, uint64_t index, const char *rule)
{
    if (outcome->status != TN_MISMATCH || outcome->index != index ||
        strcmp(outcome->rule, rule) != 0) {
        fail_msg("%s, entry %u (%s): %s", tn_status_name(outcome->status),
                 (unsigned) outcome->index, outcome->rule, outcome->error.text);
    }
}

/* Some groups that asked for day D. */
static void open_asked(struct harness *harness)
{
    open_from(harness, DAY_D);
    for (uint64_t r = 2; r < 6; r++) {
        must_register(harness, r, 2, at(DAY_D, 8, 30));
        assert_int_equal(do_ask(harness, r, ask_a, 1, at(DAY_D, 12, 30)), OK);
    }
}

static void an_offer_without_a_seat_stops_the_audit(void **state)
{
    struct tn_command suspend = command_by_officer(TN_COMMAND_suspend_port, SCHEDULER,
                                                   TN_ROLE_SCHEDULER, at(DAY_D + 1, 12, 2));
    struct harness harness;
    struct history *history;
    struct tn_arena arena;
    struct outcome outcome;
    size_t offered;

    (void) state;
    open_asked(&harness);
    harness_advance(&harness, at(DAY_D + 1, 12, 1));
    /* Refused, it still looks for the offers that it would take; and a draw does not wait for it.
     */
    suspend.facts.suspend_port_facts.port = PORT_A;
    suspend.facts.suspend_port_facts.approvers = approvers();
    assert_int_equal(harness_decide(&harness, &suspend), TN_REFUSAL_not_allowed);
    history = history_take(&harness);
    offered = history_find(history, TN_KIND_appointment_offered);
    tn_arena_init(&arena, (size_t) 1 << 20);
    for (size_t i = offered; i < history->count; i++) {
        struct tn_event event = history_event(history, i, &arena);

        if (event.kind == TN_KIND_appointment_offered) {
            event.body.appointment_offered.seats.count = 0;
            history_replace(history, i, &event);
        }
    }
    history_audit(history, &outcome);
    must_be_found(&outcome, offered, "draw");
    tn_arena_close(&arena);
    history_free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_without_a_seat_stops_the_audit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
