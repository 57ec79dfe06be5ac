/* An audit of entries that stream by: what is no entry, comes in no order, or ends too early. Lies
 * that hash and fold are told by tests/e2e/audit_test.py. */
#include <string.h>

#include "tests/projections/harness/history.h"
#include "tests/projections/harness/setting.h"

/* A short history: a draw won, accepted by one and left to lapse, and a refusal. */
static struct history *make_history(void)
{
    struct harness harness;
    uint64_t winner = 2;

    open_from(&harness, DAY_D);
    for (uint64_t r = 2; r < 40; r++) {
        must_register(&harness, r, 1 + r % 4, at(DAY_D, 8, 30));
        assert_int_equal(do_ask(&harness, r, ask_ab, 2, at(DAY_D, 12, 30)), OK);
    }
    harness_advance(&harness, at(DAY_D + 1, 12, 1));
    while (group_row(&harness, winner).holding != TN_HOLDS_OFFER) {
        winner++;
    }
    assert_int_equal(do_accept(&harness, winner, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(do_accept(&harness, winner, at(DAY_D + 1, 13, 1)), TN_REFUSAL_offer_not_open);
    harness_advance(&harness, at(DAY_D + 3, 13, 0));
    return history_take(&harness);
}

static void a_true_history_is_found_true(void **state)
{
    struct history *history = make_history();
    struct outcome outcome;

    (void) state;
    history_audit(history, &outcome);
    assert_int_equal(outcome.status, TN_OK);
    assert_int_equal(outcome.report.entries, history->count);
    assert_int_equal(outcome.report.draws, 3);
    assert_int_equal(outcome.report.refusals, 1);
    assert_true(outcome.report.commands > 80);
    assert_int_equal(outcome.report.attested[TN_ATTESTED_zone_result], 38);
    assert_true(outcome.report.attested[TN_ATTESTED_day_instants] >= 3);
    assert_true(outcome.mark.reached);
    history_free(history);
}

static void rows_beyond_memory_change_nothing(void **state)
{
    const struct tn_recompute_options small = {.cache_bytes = 64 << 10};
    struct history *history = make_history();
    struct outcome whole;
    struct outcome spilled;

    (void) state;
    history_audit(history, &whole);
    history_audit_with(history, &small, &spilled);
    assert_int_equal(spilled.status, TN_OK);
    assert_memory_equal(&whole.report, &spilled.report, sizeof(whole.report));
    assert_memory_equal(whole.mark.root, spilled.mark.root, TN_HASH_SIZE);
    history_free(history);
}

static void what_is_no_entry_is_a_difference_at_its_place(void **state)
{
    struct history *history = make_history();
    struct outcome outcome;

    (void) state;
    history->entries[30] = tn_bytes("\xc0", 1);
    history_audit(history, &outcome);
    assert_int_equal(outcome.status, TN_CORRUPT);
    assert_int_equal(outcome.index, 30);
    assert_string_equal(outcome.rule, "encoding");
    history_free(history);
}

static void an_earlier_difference_comes_before_what_is_no_entry(void **state)
{
    struct history *history = make_history();
    struct tn_arena arena;
    struct tn_event event;
    struct outcome outcome;
    size_t index = history_find(history, TN_KIND_appointment_requested);

    (void) state;
    tn_arena_init(&arena, (size_t) 1 << 20);
    event = history_event(history, index, &arena);
    event.body.appointment_requested.size++;
    history_replace(history, index, &event);
    history->entries[index + 20] = tn_bytes("\xc0", 1);
    history_audit(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, index);
    assert_string_equal(outcome.rule, "request_appointment");
    assert_non_null(strstr(outcome.expected, "\"appointment_requested\""));
    tn_arena_close(&arena);
    history_free(history);
}

/* spec/log.md 2: unknown kinds, versions and body keys stop an audit, and it says so. */
static void what_this_program_does_not_know_stops_it(void **state)
{
    static const uint8_t unknown_kind[] = {0x97, 1, 0xcd, 0x27, 0x0f, 0x00, 0x92, 0,    0xc4, 16,
                                           0,    0, 0,    0,    0,    0,    0,    0,    0,    0,
                                           0,    0, 0,    0,    0,    0,    0xc0, 0xc0, 0x80};
    struct history *history = make_history();
    struct outcome outcome;

    (void) state;
    history->entries[40] = tn_bytes(unknown_kind, sizeof(unknown_kind));
    history_audit(history, &outcome);
    assert_int_equal(outcome.status, TN_UNSUPPORTED);
    assert_non_null(strstr(outcome.error.text, "entry 40"));
    history_free(history);
}

static void time_never_goes_back(void **state)
{
    struct history *history = make_history();
    struct tn_arena arena;
    struct tn_event event;
    struct outcome outcome;

    (void) state;
    tn_arena_init(&arena, (size_t) 1 << 20);
    event = history_event(history, 50, &arena);
    event.time_us = 1;
    history_replace(history, 50, &event);
    history_audit(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, 50);
    assert_string_equal(outcome.rule, "time_order");
    tn_arena_close(&arena);
    history_free(history);
}

/* Cut anywhere: either the log is whole up to there, or the decision that was cut is named. */
static void a_log_that_ends_within_a_decision_is_named(void **state)
{
    struct history *history = make_history();
    size_t accepted = history_find(history, TN_KIND_offer_accepted);
    size_t completed = history_find(history, TN_KIND_draw_completed);
    size_t opened = history_find(history, TN_KIND_day_opened);
    struct outcome outcome;

    (void) state;
    history->count = accepted + 1;
    history_audit(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, accepted + 1);
    assert_string_equal(outcome.rule, "accept_offer");
    assert_non_null(strstr(outcome.expected, "\"appointment_confirmed\""));
    history->count = completed + 2;
    history_audit(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, completed + 2);
    assert_string_equal(outcome.rule, "draw");
    assert_non_null(strstr(outcome.expected, "\"appointment_offered\""));
    history->count = opened; /* the day's capacity is there, the day is not */
    history_audit(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, opened - 1);
    assert_string_equal(outcome.rule, "day_opening");
    history_free(history);
}

/* The root is computed beside the entries behind it, and the draw waits for it, not the audit: but
 * it is found first, and what was taken meanwhile counts for nothing. */
static void another_root_of_a_pool_is_found_before_all_that_follows(void **state)
{
    struct history *history = make_history();
    size_t closed = history_find(history, TN_KIND_pool_closed);
    size_t completed = history_find(history, TN_KIND_draw_completed);
    struct tn_arena arena;
    struct tn_event event;
    struct outcome whole;
    struct outcome cut;

    (void) state;
    tn_arena_init(&arena, (size_t) 1 << 20);
    event = history_event(history, closed, &arena);
    event.body.pool_closed.root[5] ^= 1;
    history_replace(history, closed, &event);
    history_audit(history, &whole);
    history->count = completed;
    history_audit(history, &cut);
    for (size_t i = 0; i < 2; i++) {
        const struct outcome *outcome = i == 0 ? &whole : &cut;

        assert_int_equal(outcome->status, TN_MISMATCH);
        assert_int_equal(outcome->index, closed);
        assert_string_equal(outcome->rule, "pool_close");
        assert_non_null(strstr(outcome->expected, "\"pool_closed\""));
        assert_int_equal(outcome->report.entries, completed);
    }
    assert_memory_equal(&whole.report, &cut.report, sizeof(whole.report));
    tn_arena_close(&arena);
    history_free(history);
}

/* Something fell due and was passed over: the next command shows it. */
static void what_fell_due_and_was_left_out_shows_at_the_next_command(void **state)
{
    struct history *history = make_history();
    size_t closed = history_find(history, TN_KIND_pool_closed);
    size_t accepted = history_find(history, TN_KIND_offer_accepted);
    struct outcome outcome;

    (void) state;
    /* From the close on nothing but a later command. */
    history->entries[closed] = history->entries[accepted];
    history->count = closed + 1;
    history_audit(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, closed);
    assert_string_equal(outcome.rule, "order");
    history_free(history);
}

/* No zone file is read, but no zone can give such instants. */
static void a_days_instants_must_be_such_as_a_zone_could_give(void **state)
{
    struct history *history = make_history();
    size_t opened = history_find(history, TN_KIND_day_opened);
    struct tn_bytes kept = history->entries[opened];
    struct tn_arena arena;
    struct outcome outcome;

    (void) state;
    tn_arena_init(&arena, (size_t) 1 << 20);
    for (unsigned i = 0; i < 4; i++) {
        struct tn_event event = history_event(history, opened, &arena);
        struct tn_day_opened *body = &event.body.day_opened;

        body->closes_us += i == 0 ? 4 * TN_HOUR_US : 0;
        body->draw_us += i == 1 ? 16 * TN_HOUR_US : 0;
        body->service_date += i == 2 ? 1 : 0;
        body->day -= i == 3 ? 2 : 0;
        history_replace(history, opened, &event);
        history_audit(history, &outcome);
        assert_int_equal(outcome.status, TN_MISMATCH);
        assert_int_equal(outcome.index, opened);
        assert_string_equal(outcome.rule, "day_opening");
        history->entries[opened] = kept;
    }
    tn_arena_close(&arena);
    history_free(history);
}

/* Seniority counts from the date on which a member is added, and no rule knows it: but it is one
 * that some zone's calendar shows then. At 9:00 in New York these are three. */
static void the_day_on_which_a_member_is_added_is_one_somewhere(void **state)
{
    static const uint64_t days[] = {1,         DAY_D - 2, DAY_D - 1, DAY_D,
                                    DAY_D + 1, DAY_D + 2, UINT64_MAX};

    (void) state;
    for (size_t i = 0; i < 2 * TN_ARRAY_SIZE(days); i++) {
        uint64_t today = days[i / 2];
        bool somewhere = today >= DAY_D - 1 && today <= DAY_D + 1;
        uint64_t persons[] = {16, 17};
        struct tn_new_member members[2];
        struct tn_command command;
        struct harness harness;
        struct history *history;
        struct outcome outcome;

        open_from(&harness, DAY_D);
        command = command_register(2, persons, 2, members, at(DAY_D, 9, 0));
        if (i % 2 == 0) {
            command.facts.register_facts.today = today;
        }
        assert_int_equal(harness_decide(&harness, &command), OK);
        command = command_by(TN_COMMAND_add_member, 2, at(DAY_D, 9, 0));
        make_id(command.facts.add_member_facts.registration, 'r', 2);
        make_member(&command.facts.add_member_facts.member, 18);
        command.facts.add_member_facts.today = i % 2 == 0 ? DAY_D : today;
        assert_int_equal(harness_decide(&harness, &command), OK);
        history = history_take(&harness);
        history_audit(history, &outcome);
        assert_int_equal(outcome.status, somewhere ? TN_OK : TN_MISMATCH);
        if (!somewhere) {
            assert_int_equal(outcome.index,
                             i % 2 == 0 ? history_find(history, TN_KIND_registration_created)
                                        : history->count - 1);
            assert_string_equal(outcome.rule, "today");
        }
        history_free(history);
    }
}

/* The id of the first command behind entry `from` for that of an earlier one. */
static size_t use_command_again(struct history *history, size_t from)
{
    struct tn_arena arena;
    struct tn_event first;
    struct tn_event event;
    uint8_t was[TN_ID_SIZE];
    size_t at = from;

    tn_arena_init(&arena, (size_t) 64 << 20);
    first = history_event(history, history_find(history, TN_KIND_registration_created), &arena);
    do {
        event = history_event(history, at++, &arena);
    } while (!event.has_command);
    memcpy(was, event.command, TN_ID_SIZE);
    for (size_t i = at - 1; event.has_command && memcmp(event.command, was, TN_ID_SIZE) == 0;) {
        memcpy(event.command, first.command, TN_ID_SIZE);
        history_replace(history, i++, &event);
        event = history_event(history, i, &arena);
    }
    tn_arena_close(&arena);
    return at - 1;
}

static void a_command_that_comes_twice_is_named_where_it_comes_again(void **state)
{
    struct history *history = make_history();
    struct outcome outcome;
    size_t again = use_command_again(history, history_find(history, TN_KIND_appointment_requested));

    (void) state;
    history_audit(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, again);
    assert_string_equal(outcome.rule, "command_once");
    assert_non_null(strstr(outcome.error.text, "command_once"));
    history_free(history);
}

/* It is known only when all were read, and is the first difference all the same; or is not. */
static void a_command_that_comes_twice_takes_its_place_among_differences(void **state)
{
    for (int later = 0; later < 3; later++) {
        struct history *history = make_history();
        struct tn_arena arena;
        struct tn_event event;
        struct outcome outcome;
        size_t asked = history_find(history, TN_KIND_appointment_requested);
        size_t other = later > 0 ? history_find(history, TN_KIND_pool_closed) - 2 : asked;
        size_t again = use_command_again(history, later > 0 ? asked : other + 4);

        (void) state;
        tn_arena_init(&arena, (size_t) 1 << 20);
        if (later < 2) {
            event = history_event(history, other, &arena);
            event.body.appointment_requested.size++;
            history_replace(history, other, &event);
        } else {
            history->entries[other] = tn_bytes("\xc0", 1);
        }
        history_audit(history, &outcome);
        assert_int_equal(outcome.status, TN_MISMATCH);
        assert_int_equal(outcome.index, later > 0 ? again : other);
        assert_string_equal(outcome.rule, later > 0 ? "command_once" : "request_appointment");
        assert_non_null(strstr(outcome.error.text, outcome.rule));
        tn_arena_close(&arena);
        history_free(history);
    }
}

/* R23: nothing counts an offer twice, not even where a sample leaves the decision out. */
static void an_offer_accepted_twice_is_found_by_the_folds_too(void **state)
{
    const struct tn_recompute_options sampled = {.sample_ppm = 1, .sample_seed = 1};
    struct history *history = make_history();
    size_t accepted = history_find(history, TN_KIND_offer_accepted);
    size_t refused = history_find(history, TN_KIND_command_refused);
    struct outcome outcome;
    struct tn_arena arena;

    (void) state;
    tn_arena_init(&arena, (size_t) 1 << 20);
    /* The second acceptance was refused: here it is done instead, seats and all. */
    assert_int_equal(history_event(history, accepted + 1, &arena).kind,
                     TN_KIND_appointment_confirmed);
    memmove(&history->entries[refused + 2], &history->entries[refused + 1],
            (history->count - refused - 1) * sizeof(history->entries[0]));
    for (size_t i = 0; i < 2; i++) {
        struct tn_event again = history_event(history, accepted + i, &arena);

        again.time_us += TN_MINUTE_US;
        again.command[TN_ID_SIZE - 1] ^= 0x80;
        history_replace(history, refused + i, &again);
    }
    history->count++;
    history_audit(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, refused);
    assert_string_equal(outcome.rule, "accept_offer");
    history_audit_with(history, &sampled, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, refused);
    assert_string_equal(outcome.rule, "fold");
    assert_non_null(strstr(outcome.error.text, "an offer that is not open"));
    tn_arena_close(&arena);
    history_free(history);
}

/* Something is due, and meanwhile `kind` is decided: as in a pause, when a resume ends it. */
static struct history *make_pause(enum tn_command_kind kind, bool resumed)
{
    struct harness harness;
    struct tn_command command;
    uint64_t deadline_us;

    open_from(&harness, DAY_D);
    must_win(&harness, 2, 2);
    deadline_us = offer_row(&harness, 2).deadline_us;
    harness_advance(&harness, deadline_us - 1);
    command = kind == TN_COMMAND_validate
                  ? command_by_officer(kind, VALIDATOR, TN_ROLE_OFFICER, deadline_us + 1)
                  : command_by_operator(kind, deadline_us + 1);
    if (kind == TN_COMMAND_raise_alarm) {
        command.facts.raise_alarm_facts.code = TN_ALARM_LIMIT - 1;
    } else if (kind == TN_COMMAND_report_fork) {
        command.facts.report_fork_facts.status = 409;
    }
    assert_int_equal(harness_decide_paused(&harness, &command), OK);
    command = command_by_operator(TN_COMMAND_resume_deadlines, deadline_us + TN_MINUTE_US);
    command.facts.resume_deadlines_facts.last_heartbeat_us = deadline_us - 1;
    if (resumed) {
        assert_int_equal(harness_decide_paused(&harness, &command), OK);
    }
    harness_advance(&harness, deadline_us + TN_HOUR_US);
    return history_take(&harness);
}

static void what_is_decided_in_a_pause_is_sound_where_a_resume_ends_it(void **state)
{
    static const enum tn_command_kind kinds[] = {TN_COMMAND_validate, TN_COMMAND_report_fork,
                                                 TN_COMMAND_raise_alarm};

    (void) state;
    for (size_t i = 0; i < 2 * TN_ARRAY_SIZE(kinds); i++) {
        bool resumed = i % 2 == 0;
        struct history *history = make_pause(kinds[i / 2], resumed);
        size_t lapsed = history_find(history, TN_KIND_offer_lapsed);
        struct outcome outcome;

        history_audit(history, &outcome);
        assert_int_equal(outcome.status, resumed ? TN_OK : TN_MISMATCH);
        if (!resumed) {
            assert_int_equal(outcome.index, lapsed);
            assert_string_equal(outcome.rule, "order");
            assert_non_null(strstr(outcome.error.text, "with no resume"));
        }
        history_free(history);
    }
}

/* Ended in the middle, with batches and a draw under way. */
static void an_audit_can_be_given_up_at_any_entry(void **state)
{
    const struct tn_audit_options options = {0};
    struct history *history = make_history();

    (void) state;
    for (size_t upto = 0; upto < history->count; upto += 7) {
        struct tn_audit *audit = NULL;
        struct tn_error error = {0};

        assert_int_equal(tn_audit_create(&options, &audit, &error), TN_OK);
        for (size_t i = 0; i < upto; i++) {
            assert_int_equal(tn_audit_entry(audit, history->entries[i], &error), TN_OK);
        }
        assert_int_equal(tn_tree_size(tn_audit_tree(audit)), upto);
        tn_audit_destroy(audit);
    }
    history_free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_true_history_is_found_true),
        cmocka_unit_test(rows_beyond_memory_change_nothing),
        cmocka_unit_test(what_is_no_entry_is_a_difference_at_its_place),
        cmocka_unit_test(an_earlier_difference_comes_before_what_is_no_entry),
        cmocka_unit_test(what_this_program_does_not_know_stops_it),
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(a_log_that_ends_within_a_decision_is_named),
        cmocka_unit_test(another_root_of_a_pool_is_found_before_all_that_follows),
        cmocka_unit_test(what_fell_due_and_was_left_out_shows_at_the_next_command),
        cmocka_unit_test(a_days_instants_must_be_such_as_a_zone_could_give),
        cmocka_unit_test(the_day_on_which_a_member_is_added_is_one_somewhere),
        cmocka_unit_test(a_command_that_comes_twice_is_named_where_it_comes_again),
        cmocka_unit_test(a_command_that_comes_twice_takes_its_place_among_differences),
        cmocka_unit_test(an_offer_accepted_twice_is_found_by_the_folds_too),
        cmocka_unit_test(what_is_decided_in_a_pause_is_sound_where_a_resume_ends_it),
        cmocka_unit_test(an_audit_can_be_given_up_at_any_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
