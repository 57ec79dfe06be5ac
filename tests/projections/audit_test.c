/* An audit of entries that stream by: what is no entry, comes in no order, or ends too early. Lies
 * that hash and fold are told by tests/e2e/audit_test.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "projections/audit.h"
#include "tests/projections/harness/setting.h"

#define ENTRIES_MAX 4096u

/* A short history as its entries: a draw won, accepted by one and left to lapse, and a refusal. */
struct history {
    struct tn_arena arena;
    struct tn_bytes entries[ENTRIES_MAX];
    size_t count;
};

static bool keep(void *context, uint64_t index, struct tn_bytes entry)
{
    struct history *history = context;

    (void) index;
    assert_true(history->count < ENTRIES_MAX);
    history->entries[history->count++] = tn_arena_copy(&history->arena, entry);
    return true;
}

static struct history *make_history(void)
{
    struct history *history = calloc(1, sizeof(*history));
    struct harness harness;
    struct tn_error error = {0};
    uint64_t winner = 2;

    assert_non_null(history);
    tn_arena_init(&history->arena, (size_t) 64 << 20);
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
    place_commit(&harness.place);
    HARNESS_MUST(tn_log_scan(harness.place.log, 0, harness.next_index, keep, history, &error),
                 &error);
    harness_close(&harness);
    return history;
}

static void free_history(struct history *history)
{
    tn_arena_close(&history->arena);
    free(history);
}

/* What an audit of the entries says; the finding's parts as texts. */
struct outcome {
    enum tn_status status;
    uint64_t index;
    char rule[48];
    char expected[400];
    struct tn_error error;
    struct tn_recompute_report report;
    struct tn_audit_mark mark;
};

static void audit_with(const struct history *history, const struct tn_recompute_options *recompute,
                       struct outcome *outcome)
{
    struct tn_audit_options options = {.recompute = *recompute, .mark_count = 1};
    struct tn_audit *audit = NULL;

    *outcome = (struct outcome){.mark.size = history->count};
    options.marks = &outcome->mark;
    assert_int_equal(tn_audit_create(&options, &audit, &outcome->error), TN_OK);
    for (size_t i = 0; outcome->status == TN_OK && i < history->count; i++) {
        outcome->status = tn_audit_entry(audit, history->entries[i], &outcome->error);
    }
    if (outcome->status == TN_OK) {
        outcome->status = tn_audit_finish(audit, &outcome->error);
    }
    if (outcome->status == TN_MISMATCH || outcome->status == TN_CORRUPT) {
        const struct tn_finding *finding = tn_audit_finding(audit);

        outcome->index = finding->index;
        memcpy(outcome->rule, finding->rule, sizeof(outcome->rule));
        (void) snprintf(outcome->expected, sizeof(outcome->expected), "%.*s",
                        (int) finding->expected.size, (const char *) finding->expected.data);
    }
    tn_audit_report(audit, &outcome->report);
    tn_audit_destroy(audit);
}

static void audit_all(const struct history *history, struct outcome *outcome)
{
    const struct tn_recompute_options options = {0};

    audit_with(history, &options, outcome);
}

static struct tn_event decode(const struct history *history, size_t index, struct tn_arena *arena)
{
    struct tn_event event;
    struct tn_error error = {0};

    HARNESS_MUST(tn_event_decode(history->entries[index], index, arena, &event, &error), &error);
    return event;
}

static size_t find(const struct history *history, enum tn_kind_number kind)
{
    struct tn_arena arena;
    size_t i = 0;

    tn_arena_init(&arena, (size_t) 64 << 20);
    while (i < history->count && decode(history, i, &arena).kind != (uint32_t) kind) {
        i++;
    }
    tn_arena_close(&arena);
    assert_true(i < history->count);
    return i;
}

static void replace(struct history *history, size_t index, const struct tn_event *event)
{
    struct tn_buffer bytes;

    tn_buffer_init(&bytes, TN_EVENT_BYTES_MAX);
    tn_event_encode(event, &bytes);
    history->entries[index] = tn_arena_copy(&history->arena, tn_buffer_view(&bytes));
    tn_buffer_close(&bytes);
}

static void a_true_history_is_found_true(void **state)
{
    struct history *history = make_history();
    struct outcome outcome;

    (void) state;
    audit_all(history, &outcome);
    assert_int_equal(outcome.status, TN_OK);
    assert_int_equal(outcome.report.entries, history->count);
    assert_int_equal(outcome.report.draws, 3);
    assert_int_equal(outcome.report.refusals, 1);
    assert_true(outcome.report.commands > 80);
    assert_int_equal(outcome.report.attested[TN_ATTESTED_zone_result], 38);
    assert_true(outcome.report.attested[TN_ATTESTED_day_instants] >= 3);
    assert_true(outcome.mark.reached);
    free_history(history);
}

static void rows_beyond_memory_change_nothing(void **state)
{
    const struct tn_recompute_options small = {.cache_bytes = 64 << 10};
    struct history *history = make_history();
    struct outcome whole;
    struct outcome spilled;

    (void) state;
    audit_all(history, &whole);
    audit_with(history, &small, &spilled);
    assert_int_equal(spilled.status, TN_OK);
    assert_memory_equal(&whole.report, &spilled.report, sizeof(whole.report));
    assert_memory_equal(whole.mark.root, spilled.mark.root, TN_HASH_SIZE);
    free_history(history);
}

static void what_is_no_entry_is_a_difference_at_its_place(void **state)
{
    struct history *history = make_history();
    struct outcome outcome;

    (void) state;
    history->entries[30] = tn_bytes("\xc0", 1);
    audit_all(history, &outcome);
    assert_int_equal(outcome.status, TN_CORRUPT);
    assert_int_equal(outcome.index, 30);
    assert_string_equal(outcome.rule, "encoding");
    free_history(history);
}

static void an_earlier_difference_comes_before_what_is_no_entry(void **state)
{
    struct history *history = make_history();
    struct tn_arena arena;
    struct tn_event event;
    struct outcome outcome;
    size_t index = find(history, TN_KIND_appointment_requested);

    (void) state;
    tn_arena_init(&arena, (size_t) 1 << 20);
    event = decode(history, index, &arena);
    event.body.appointment_requested.size++;
    replace(history, index, &event);
    history->entries[index + 20] = tn_bytes("\xc0", 1);
    audit_all(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, index);
    assert_string_equal(outcome.rule, "request_appointment");
    assert_non_null(strstr(outcome.expected, "\"appointment_requested\""));
    tn_arena_close(&arena);
    free_history(history);
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
    audit_all(history, &outcome);
    assert_int_equal(outcome.status, TN_UNSUPPORTED);
    assert_non_null(strstr(outcome.error.text, "entry 40"));
    free_history(history);
}

static void time_never_goes_back(void **state)
{
    struct history *history = make_history();
    struct tn_arena arena;
    struct tn_event event;
    struct outcome outcome;

    (void) state;
    tn_arena_init(&arena, (size_t) 1 << 20);
    event = decode(history, 50, &arena);
    event.time_us = 1;
    replace(history, 50, &event);
    audit_all(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, 50);
    assert_string_equal(outcome.rule, "time_order");
    tn_arena_close(&arena);
    free_history(history);
}

/* Cut anywhere: either the log is whole up to there, or the decision that was cut is named. */
static void a_log_that_ends_within_a_decision_is_named(void **state)
{
    struct history *history = make_history();
    size_t accepted = find(history, TN_KIND_offer_accepted);
    size_t completed = find(history, TN_KIND_draw_completed);
    size_t opened = find(history, TN_KIND_day_opened);
    struct outcome outcome;

    (void) state;
    history->count = accepted + 1;
    audit_all(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, accepted + 1);
    assert_string_equal(outcome.rule, "accept_offer");
    assert_non_null(strstr(outcome.expected, "\"appointment_confirmed\""));
    history->count = completed + 2;
    audit_all(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, completed + 2);
    assert_string_equal(outcome.rule, "draw");
    assert_non_null(strstr(outcome.expected, "\"appointment_offered\""));
    history->count = opened; /* the day's capacity is there, the day is not */
    audit_all(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, opened - 1);
    assert_string_equal(outcome.rule, "day_opening");
    free_history(history);
}

/* The root is computed beside the entries behind it, and the draw waits for it, not the audit: but
 * it is found first, and what was taken meanwhile counts for nothing. */
static void another_root_of_a_pool_is_found_before_all_that_follows(void **state)
{
    struct history *history = make_history();
    size_t closed = find(history, TN_KIND_pool_closed);
    size_t completed = find(history, TN_KIND_draw_completed);
    struct tn_arena arena;
    struct tn_event event;
    struct outcome whole;
    struct outcome cut;

    (void) state;
    tn_arena_init(&arena, (size_t) 1 << 20);
    event = decode(history, closed, &arena);
    event.body.pool_closed.root[5] ^= 1;
    replace(history, closed, &event);
    audit_all(history, &whole);
    history->count = completed;
    audit_all(history, &cut);
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
    free_history(history);
}

/* Something fell due and was passed over: the next command shows it. */
static void what_fell_due_and_was_left_out_shows_at_the_next_command(void **state)
{
    struct history *history = make_history();
    size_t closed = find(history, TN_KIND_pool_closed);
    size_t accepted = find(history, TN_KIND_offer_accepted);
    struct outcome outcome;

    (void) state;
    /* From the close on nothing but a later command. */
    history->entries[closed] = history->entries[accepted];
    history->count = closed + 1;
    audit_all(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, closed);
    assert_string_equal(outcome.rule, "order");
    free_history(history);
}

/* No zone file is read, but no zone can give such instants. */
static void a_days_instants_must_be_such_as_a_zone_could_give(void **state)
{
    struct history *history = make_history();
    size_t opened = find(history, TN_KIND_day_opened);
    struct tn_bytes kept = history->entries[opened];
    struct tn_arena arena;
    struct outcome outcome;

    (void) state;
    tn_arena_init(&arena, (size_t) 1 << 20);
    for (unsigned i = 0; i < 4; i++) {
        struct tn_event event = decode(history, opened, &arena);
        struct tn_day_opened *body = &event.body.day_opened;

        body->closes_us += i == 0 ? 4 * TN_HOUR_US : 0;
        body->draw_us += i == 1 ? 16 * TN_HOUR_US : 0;
        body->service_date += i == 2 ? 1 : 0;
        body->day -= i == 3 ? 2 : 0;
        replace(history, opened, &event);
        audit_all(history, &outcome);
        assert_int_equal(outcome.status, TN_MISMATCH);
        assert_int_equal(outcome.index, opened);
        assert_string_equal(outcome.rule, "day_opening");
        history->entries[opened] = kept;
    }
    tn_arena_close(&arena);
    free_history(history);
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
    first = decode(history, find(history, TN_KIND_registration_created), &arena);
    do {
        event = decode(history, at++, &arena);
    } while (!event.has_command);
    memcpy(was, event.command, TN_ID_SIZE);
    for (size_t i = at - 1; event.has_command && memcmp(event.command, was, TN_ID_SIZE) == 0;) {
        memcpy(event.command, first.command, TN_ID_SIZE);
        replace(history, i++, &event);
        event = decode(history, i, &arena);
    }
    tn_arena_close(&arena);
    return at - 1;
}

static void a_command_that_comes_twice_is_named_where_it_comes_again(void **state)
{
    struct history *history = make_history();
    struct outcome outcome;
    size_t again = use_command_again(history, find(history, TN_KIND_appointment_requested));

    (void) state;
    audit_all(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, again);
    assert_string_equal(outcome.rule, "command_once");
    assert_non_null(strstr(outcome.error.text, "command_once"));
    free_history(history);
}

/* It is known only when all were read, and is the first difference all the same; or is not. */
static void a_command_that_comes_twice_takes_its_place_among_differences(void **state)
{
    for (int later = 0; later < 3; later++) {
        struct history *history = make_history();
        struct tn_arena arena;
        struct tn_event event;
        struct outcome outcome;
        size_t asked = find(history, TN_KIND_appointment_requested);
        size_t other = later > 0 ? find(history, TN_KIND_pool_closed) - 2 : asked;
        size_t again = use_command_again(history, later > 0 ? asked : other + 4);

        (void) state;
        tn_arena_init(&arena, (size_t) 1 << 20);
        if (later < 2) {
            event = decode(history, other, &arena);
            event.body.appointment_requested.size++;
            replace(history, other, &event);
        } else {
            history->entries[other] = tn_bytes("\xc0", 1);
        }
        audit_all(history, &outcome);
        assert_int_equal(outcome.status, TN_MISMATCH);
        assert_int_equal(outcome.index, later > 0 ? again : other);
        assert_string_equal(outcome.rule, later > 0 ? "command_once" : "request_appointment");
        assert_non_null(strstr(outcome.error.text, outcome.rule));
        tn_arena_close(&arena);
        free_history(history);
    }
}

/* R23: nothing counts an offer twice, not even where a sample leaves the decision out. */
static void an_offer_accepted_twice_is_found_by_the_folds_too(void **state)
{
    const struct tn_recompute_options sampled = {.sample_ppm = 1, .sample_seed = 1};
    struct history *history = make_history();
    size_t accepted = find(history, TN_KIND_offer_accepted);
    size_t refused = find(history, TN_KIND_command_refused);
    struct outcome outcome;
    struct tn_arena arena;

    (void) state;
    tn_arena_init(&arena, (size_t) 1 << 20);
    /* The second acceptance was refused: here it is done instead, seats and all. */
    assert_int_equal(decode(history, accepted + 1, &arena).kind, TN_KIND_appointment_confirmed);
    memmove(&history->entries[refused + 2], &history->entries[refused + 1],
            (history->count - refused - 1) * sizeof(history->entries[0]));
    for (size_t i = 0; i < 2; i++) {
        struct tn_event again = decode(history, accepted + i, &arena);

        again.time_us += TN_MINUTE_US;
        again.command[TN_ID_SIZE - 1] ^= 0x80;
        replace(history, refused + i, &again);
    }
    history->count++;
    audit_all(history, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, refused);
    assert_string_equal(outcome.rule, "accept_offer");
    audit_with(history, &sampled, &outcome);
    assert_int_equal(outcome.status, TN_MISMATCH);
    assert_int_equal(outcome.index, refused);
    assert_string_equal(outcome.rule, "fold");
    assert_non_null(strstr(outcome.error.text, "an offer that is not open"));
    tn_arena_close(&arena);
    free_history(history);
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
    free_history(history);
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
        cmocka_unit_test(a_command_that_comes_twice_is_named_where_it_comes_again),
        cmocka_unit_test(a_command_that_comes_twice_takes_its_place_among_differences),
        cmocka_unit_test(an_offer_accepted_twice_is_found_by_the_folds_too),
        cmocka_unit_test(an_audit_can_be_given_up_at_any_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
