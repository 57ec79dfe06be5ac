/* Logs written by somebody who knows what an audit does not look at: what no rule decides again, in
 * a sample or while a draw is under way, is folded all the same and must not do harm. */
#include <string.h>

#include "tests/projections/harness/history.h"
#include "tests/projections/harness/setting.h"

/* Of what may be left out nothing is decided again. */
static const struct tn_recompute_options sampled = {.sample_ppm = 1, .sample_seed = 1};

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

/* ---- what a sample leaves out ---- */

/* A new last entry: a body of zeros, by the group and right after the last one, as by a command of
 * its own; or as of the same command. */
static struct tn_event next_event(const struct history *history, enum tn_kind_number kind,
                                  bool same_command, struct tn_arena *arena)
{
    struct tn_event last = history_event(history, history->count - 1, arena);
    struct tn_event event = {.version = 1, .kind = kind, .index = history->count};

    event.time_us = last.time_us;
    event.has_command = true;
    memcpy(event.command, last.command, TN_ID_SIZE);
    event.command[0] ^= same_command ? 0 : 0x80;
    event.actor.role = TN_ROLE_APPLICANT;
    make_id(event.actor.id, 'r', 2);
    return event;
}

/* What only two owners of the policy may do, as if a group had. */
static void administration_is_decided_whoever_seems_to_ask(void **state)
{
    struct harness harness;
    struct history *history;
    struct tn_arena arena;
    struct tn_event event;
    struct tn_policy policy;
    struct tn_buffer document;
    struct outcome outcome;
    struct tn_error error = {0};

    (void) state;
    open_asked(&harness);
    history = history_take(&harness);
    tn_arena_init(&arena, (size_t) 1 << 20);
    tn_buffer_init(&document, TN_POLICY_BYTES_MAX);
    make_policy(&policy, 2, at(DAY_D, 20, 0));
    HARNESS_MUST(tn_policy_encode(&policy, &document, &error), &error);
    event = next_event(history, TN_KIND_policy_published, false, &arena);
    event.body.policy_published.facts.policy = policy.version;
    event.body.policy_published.facts.effective_us = policy.effective_us;
    event.body.policy_published.facts.document = tn_buffer_view(&document);
    history_replace(history, history->count++, &event);
    history_audit_with(history, &sampled, &outcome);
    must_be_found(&outcome, history->count - 1, "publish_policy");
    tn_buffer_close(&document);
    tn_arena_close(&arena);
    history_free(history);
}

/* Behind a command that is left out comes `event`, which its rule does not make. */
static void must_not_pass(struct history *history, const struct tn_event *event)
{
    struct outcome outcome;

    history_audit_with(history, &sampled, &outcome);
    assert_int_equal(outcome.status, TN_OK);
    assert_true(outcome.report.left_out > 0);
    history_replace(history, history->count++, event);
    history_audit_with(history, &sampled, &outcome);
    must_be_found(&outcome, history->count - 1, "command_once");
    history_free(history);
}

static void seats_do_not_come_behind_a_request(void **state)
{
    static const struct tn_slot_capacity slot = {.minute = 600, .seats = 5000};
    const struct tn_port_capacity port = {
        .port = PORT_A, .ends_us = at(DAY_D + 31, 0, 0), .slots = {&slot, 1}};
    struct harness harness;
    struct history *history;
    struct tn_arena arena;
    struct tn_event event;

    (void) state;
    open_asked(&harness);
    history = history_take(&harness);
    tn_arena_init(&arena, (size_t) 1 << 20);
    event = next_event(history, TN_KIND_capacity_published, true, &arena);
    event.body.capacity_published.date = DAY_D + 30;
    event.body.capacity_published.ports = (struct tn_port_capacity_list){&port, 1};
    must_not_pass(history, &event);
    tn_arena_close(&arena);
}

static void seats_come_back_once(void **state)
{
    struct harness harness;
    struct history *history;
    struct tn_arena arena;
    struct tn_event event;

    (void) state;
    open_asked(&harness);
    harness_advance(&harness, at(DAY_D + 1, 12, 1));
    assert_int_equal(do_decline(&harness, 2, at(DAY_D + 1, 13, 0)), OK);
    history = history_take(&harness);
    tn_arena_init(&arena, (size_t) 1 << 20);
    event = history_event(history, history->count - 1, &arena);
    assert_int_equal(event.kind, TN_KIND_seats_returned);
    event.index = history->count;
    must_not_pass(history, &event);
    tn_arena_close(&arena);
}

static void nothing_comes_behind_a_refusal(void **state)
{
    struct harness harness;
    struct history *history;
    struct tn_arena arena;
    struct tn_event event;

    (void) state;
    open_asked(&harness);
    harness_advance(&harness, at(DAY_D + 1, 12, 1));
    assert_int_equal(do_cancel(&harness, 2, at(DAY_D + 1, 13, 0)), TN_REFUSAL_no_appointment);
    history = history_take(&harness);
    tn_arena_init(&arena, (size_t) 1 << 20);
    event = next_event(history, TN_KIND_seats_returned, true, &arena);
    event.body.seats_returned =
        (struct tn_seats_returned){.port = PORT_A, .held = TN_HELD_APPOINTMENT};
    must_not_pass(history, &event);
    tn_arena_close(&arena);
}

/* ---- groups that no rule makes ---- */

#define MEMBERS (TN_POLICY_SIZE_MAX + 1)

static void must_stop_the_fold(struct history *history, size_t index, const char *words)
{
    struct outcome outcome;

    history_audit_with(history, &sampled, &outcome);
    must_be_found(&outcome, index, "fold");
    assert_non_null(strstr(outcome.error.text, words));
    history_free(history);
}

/* Registration 9, by a command that is left out, with one member more than any policy allows. */
static void a_registration_of_too_many_stops_the_audit(void **state)
{
    struct tn_new_member members[MEMBERS];
    struct harness harness;
    struct history *history;
    struct tn_arena arena;
    struct tn_event event;

    (void) state;
    open_asked(&harness);
    history = history_take(&harness);
    tn_arena_init(&arena, (size_t) 1 << 20);
    event = next_event(history, TN_KIND_registration_created, false, &arena);
    for (size_t i = 0; i < MEMBERS; i++) {
        make_member(&members[i], 1000 + i);
    }
    make_id(event.body.registration_created.facts.registration, 'r', 9);
    event.body.registration_created.facts.members = (struct tn_new_member_list){members, MEMBERS};
    event.body.registration_created.facts.today = DAY_D;
    history_replace(history, history->count++, &event);
    for (size_t i = 0; i < MEMBERS; i++) {
        struct tn_member_added *body = &event.body.member_added;

        event = next_event(history, TN_KIND_member_added, true, &arena);
        make_id(body->registration, 'r', 9);
        memcpy(body->member, members[i].member, TN_ID_SIZE);
        memcpy(body->person, members[i].person, TN_ID_SIZE);
        body->size = i + 1;
        history_replace(history, history->count++, &event);
    }
    must_stop_the_fold(history, history->count - 1, "larger than any policy allows");
    tn_arena_close(&arena);
}

/* Two groups of two, and one of them brings as many as make one too many. */
static void a_merger_of_too_many_stops_the_audit(void **state)
{
    static const struct tn_merged_member members[MEMBERS - 2];
    struct harness harness;
    struct history *history;
    struct tn_arena arena;
    struct tn_event event;

    (void) state;
    open_asked(&harness);
    history = history_take(&harness);
    tn_arena_init(&arena, (size_t) 1 << 20);
    event = next_event(history, TN_KIND_registration_merged, false, &arena);
    make_id(event.body.registration_merged.facts.registration, 'r', 2);
    make_id(event.body.registration_merged.facts.other, 'r', 3);
    event.body.registration_merged.members =
        (struct tn_merged_member_list){members, TN_ARRAY_SIZE(members)};
    history_replace(history, history->count++, &event);
    must_stop_the_fold(history, history->count - 1, "larger than any policy allows");
    tn_arena_close(&arena);
}

/* One tag less than members, and one more; then somebody leaves, and takes a tag along. */
static void an_appointment_of_other_tags_than_members_stops_the_audit(void **state)
{
    (void) state;
    for (size_t tags = 1; tags <= 3; tags += 2) {
        static const uint8_t made_up[3][TN_ID_SIZE];
        struct harness harness;
        struct history *history;
        struct tn_arena arena;
        struct tn_event event;
        size_t confirmed;

        open_from(&harness, DAY_D);
        must_win(&harness, 2, 2);
        assert_int_equal(do_accept(&harness, 2, at(DAY_D + 1, 13, 0)), OK);
        assert_int_equal(do_remove(&harness, 2, person(2, 1), person(2, 1), at(DAY_D + 1, 14, 0)),
                         OK);
        history = history_take(&harness);
        confirmed = history_find(history, TN_KIND_appointment_confirmed);
        tn_arena_init(&arena, (size_t) 1 << 20);
        event = history_event(history, confirmed, &arena);
        assert_int_equal(event.body.appointment_confirmed.members.count, 2);
        event.body.appointment_confirmed.tags = (struct tn_ids){made_up, tags};
        history_replace(history, confirmed, &event);
        must_stop_the_fold(history, confirmed, "as many tags as members");
        tn_arena_close(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_without_a_seat_stops_the_audit),
        cmocka_unit_test(administration_is_decided_whoever_seems_to_ask),
        cmocka_unit_test(seats_do_not_come_behind_a_request),
        cmocka_unit_test(seats_come_back_once),
        cmocka_unit_test(nothing_comes_behind_a_refusal),
        cmocka_unit_test(a_registration_of_too_many_stops_the_audit),
        cmocka_unit_test(a_merger_of_too_many_stops_the_audit),
        cmocka_unit_test(an_appointment_of_other_tags_than_members_stops_the_audit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
