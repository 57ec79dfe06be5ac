/* The simulation: one seed, one ledger; and a season shows everything that a ledger may hold. */
#include "ledger/base/civil.h"
#include "ledger/base/hash.h"
#include "ledger/rules/policy_history.h"
#include "ledger/rules/seats.h"
#include "projections/keys.h"
#include "tests/api/simulate_support.h"

#define SEASON_DAYS 25u
/* 2,480 registrations: more people than seats on the first days, and appointments within the
 * season. */
#define SEASON_PPM 20000u

/* Played once for all tests. `again` has another rhythm of commits than `first`. */
static struct season first;
static struct season again;
static struct season other;

static int play_all(void **state)
{
    struct tn_simulate_options options = {.days = SEASON_DAYS, .scale_ppm = SEASON_PPM, .seed = 1};

    (void) state;
    if (sodium_init() < 0) {
        return -1;
    }
    play(&first, &options);
    options.in_flight = 3;
    options.slow_us = 900;
    play(&again, &options);
    options = (struct tn_simulate_options){.days = 2, .scale_ppm = 1000, .seed = 2};
    play(&other, &options);
    return 0;
}

static int forget_all(void **state)
{
    (void) state;
    forget(&first);
    forget(&again);
    forget(&other);
    return 0;
}

/* ---- one seed ---- */

static void assert_same_tile(unsigned level, uint64_t index, unsigned width, uint64_t size)
{
    struct tn_buffer one;
    struct tn_buffer two;

    tn_buffer_init(&one, (size_t) 32 << 20);
    tn_buffer_init(&two, (size_t) 32 << 20);
    assert_int_equal(tn_log_tile(first.ledger->log, size, level, index, width, &one, NULL), TN_OK);
    assert_int_equal(tn_log_tile(again.ledger->log, size, level, index, width, &two, NULL), TN_OK);
    assert_int_equal(one.size, width * TN_HASH_SIZE);
    assert_int_equal(two.size, one.size);
    assert_memory_equal(one.data, two.data, one.size);
    if (level == 0) {
        tn_buffer_reset(&one);
        tn_buffer_reset(&two);
        assert_int_equal(tn_log_bundle(first.ledger->log, size, index, width, &one, NULL), TN_OK);
        assert_int_equal(tn_log_bundle(again.ledger->log, size, index, width, &two, NULL), TN_OK);
        assert_int_equal(two.size, one.size);
        assert_memory_equal(one.data, two.data, one.size);
    }
    tn_buffer_close(&one);
    tn_buffer_close(&two);
}

static void one_seed_gives_the_same_entries_tiles_and_root(void **state)
{
    struct tn_log_head head;
    struct tn_log_head head_again;

    (void) state;
    tn_log_head(first.ledger->log, &head);
    tn_log_head(again.ledger->log, &head_again);
    assert_true(head.size > 20000);
    assert_int_equal(head.size, head_again.size);
    assert_memory_equal(head.root, head_again.root, TN_HASH_SIZE);
    assert_string_equal(first.report->checkpoint, again.report->checkpoint);
    for (unsigned level = 0; head.size >> (8 * level) > 0; level++) {
        uint64_t hashes = head.size >> (8 * level);

        for (uint64_t index = 0; index * 256 < hashes; index++) {
            uint64_t left = hashes - index * 256;

            assert_same_tile(level, index, left < 256 ? (unsigned) left : 256, head.size);
        }
    }
    assert_int_equal(first.report->commands, again.report->commands);
    assert_memory_equal(&first.report->sample, &again.report->sample, sizeof(first.report->sample));
    assert_memory_equal(first.report->ports, again.report->ports, sizeof(first.report->ports));
    assert_memory_equal(first.report->sizes, again.report->sizes, sizeof(first.report->sizes));
}

static void another_seed_gives_other_keys_and_another_root(void **state)
{
    (void) state;
    assert_string_not_equal(first.report->vkey, other.report->vkey);
    assert_string_not_equal(first.report->checkpoint, other.report->checkpoint);
    assert_memory_not_equal(first.report->sample.officer.token, other.report->sample.officer.token,
                            TN_TOKEN_SIZE);
}

/* ---- what a season holds ---- */

/* A pause, a day that cannot be drawn, witnesses that disagree; and what binds a draw (mode 1),
 * which the programme's policy does not ask for: a simulation has none of them. */
static const uint32_t kinds_not_simulated[] = {
    TN_KIND_window_extended, TN_KIND_day_voided,      TN_KIND_chain_replaced,
    TN_KIND_fork_seen,       TN_KIND_alarm_raised,    TN_KIND_witness_revealed,
    TN_KIND_witness_missed,  TN_KIND_beacon_recorded,
};

static void a_season_shows_every_kind_of_a_draw_in_mode_0(void **state)
{
    const struct tn_kind *kind;

    (void) state;
    for (size_t i = 0; (kind = tn_kind_at(i)) != NULL; i++) {
        bool expected = true;

        for (size_t at = 0; at < sizeof(kinds_not_simulated) / sizeof(kinds_not_simulated[0]);
             at++) {
            expected = expected && kind->number != kinds_not_simulated[at];
        }
        if ((first.report->kinds[kind->number] > 0) != expected) {
            fail_msg("%s: %llu events", kind->name,
                     (unsigned long long) first.report->kinds[kind->number]);
        }
    }
}

static void a_season_shows_what_people_get_wrong(void **state)
{
    static const enum tn_refusal refusals[] = {
        TN_REFUSAL_person_in_live_registration,
        TN_REFUSAL_outside_zone,
        TN_REFUSAL_holds_offer,
        TN_REFUSAL_offer_past_deadline,
        TN_REFUSAL_officer_suspended,
        TN_REFUSAL_already_asked,
        TN_REFUSAL_window_closed,
    };

    (void) state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (first.report->refusals[refusals[i]] == 0) {
            fail_msg("nobody was refused with %s", tn_refusal_name(refusals[i]));
        }
    }
}

static void the_desk_answers_as_was_foreseen(void **state)
{
    (void) state;
    assert_int_equal(first.report->unexpected, 0);
    assert_int_equal(again.report->unexpected, 0);
    assert_int_equal(other.report->unexpected, 0);
}

static void the_report_agrees_with_the_log(void **state)
{
    const struct tn_simulate_report *report = first.report;
    struct tn_log_head head;
    uint64_t kinds = 0;
    uint64_t offered = 0;
    uint64_t by_size = 0;
    uint64_t returned = 0;

    (void) state;
    tn_log_head(first.ledger->log, &head);
    for (size_t i = 0; i < TN_KIND_LIMIT; i++) {
        kinds += report->kinds[i];
    }
    for (uint32_t i = 0; i < report->port_count; i++) {
        const struct tn_simulate_port *port = &report->ports[i];

        offered += port->offered_groups;
        returned += port->returned_seats;
        assert_true(port->offered_seats >= port->confirmed_seats + port->lapsed_seats);
        assert_true(port->confirmed_seats >= port->presented_seats + port->missed_seats);
    }
    for (size_t i = 0; i <= TN_POLICY_SIZE_MAX; i++) {
        by_size += report->sizes[i].offered;
    }
    assert_int_equal(report->events, head.size);
    assert_int_equal(kinds, head.size);
    assert_int_equal(report->days, SEASON_DAYS);
    assert_int_equal(report->port_count, 8);
    assert_int_equal(offered, report->kinds[TN_KIND_appointment_offered]);
    assert_int_equal(by_size, offered);
    assert_true(returned > 0);
    assert_true(report->longest_wait_days >= 2);
    assert_int_equal(report->requests, report->kinds[TN_KIND_appointment_requested] +
                                           report->kinds[TN_KIND_request_replaced]);
    assert_int_equal(report->kinds[TN_KIND_draw_completed], SEASON_DAYS);
}

/* Full demand on the first day: 2.3 % of the real size is more than the seats hold. */
static void more_ask_than_seats_are_given(void **state)
{
    (void) state;
    assert_true(first.report->requests_most > 2000);
    assert_true(first.report->sizes[1].asked > first.report->sizes[1].offered);
}

/* The first session that anybody plays: a handful of people and all the seats. */
static void where_seats_suffice_whoever_asks_wins(void **state)
{
    (void) state;
    assert_true(other.report->sizes[1].asked > 40);
    for (size_t i = 1; i <= TN_POLICY_SIZE_MAX; i++) {
        assert_int_equal(other.report->sizes[i].asked, other.report->sizes[i].offered);
    }
}

/* ---- retries ---- */

struct commands {
    uint8_t (*ids)[TN_ID_SIZE];
    size_t count;
    size_t capacity;
};

/* The id of each command once, at its first event: the others follow it. */
static bool collect_command(void *context, uint64_t index, struct tn_bytes entry)
{
    struct commands *commands = context;
    struct tn_arena arena;
    struct tn_event event;

    tn_arena_init(&arena, (size_t) 4 << 20);
    assert_int_equal(tn_event_decode(entry, index, &arena, &event, NULL), TN_OK);
    if (event.has_command && event.kind != TN_KIND_command_refused &&
        (commands->count == 0 ||
         memcmp(commands->ids[commands->count - 1], event.command, TN_ID_SIZE) != 0)) {
        assert_true(commands->count < commands->capacity);
        memcpy(commands->ids[commands->count++], event.command, TN_ID_SIZE);
    }
    tn_arena_close(&arena);
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, TN_ID_SIZE);
}

static void retries_give_one_event(void **state)
{
    struct commands commands = {.capacity = (size_t) first.report->events};
    struct tn_error error = {0};

    (void) state;
    assert_true(first.report->replayed > 20);
    commands.ids = calloc(commands.capacity, TN_ID_SIZE);
    assert_non_null(commands.ids);
    assert_int_equal(
        tn_log_scan(first.ledger->log, 0, first.report->events, collect_command, &commands, &error),
        TN_OK);
    qsort(commands.ids, commands.count, TN_ID_SIZE, compare_ids);
    for (size_t i = 1; i < commands.count; i++) {
        assert_memory_not_equal(commands.ids[i - 1], commands.ids[i], TN_ID_SIZE);
    }
    free(commands.ids);
}

/* ---- seats and tallies at the end ---- */

static void seats_are_conserved_and_agree_with_the_report(void **state)
{
    struct seats seats = sum_seats(&first);
    uint64_t expired = 0;

    (void) state;
    for (uint32_t i = 0; i < first.report->port_count; i++) {
        expired += first.report->ports[i].expired_seats;
    }
    /* The days played, and the one that has just opened; its capacity stands at 8 ports. */
    assert_int_equal(seats.dates, (SEASON_DAYS + 1) * 8);
    assert_int_equal(seats.published, (SEASON_DAYS + 1) * 1450);
    assert_int_equal(seats.moved, 0);
    assert_int_equal(seats.expired, expired);
    assert_true(seats.used > 0);
    assert_true(seats.confirmed > 0);
}

struct tallies {
    uint64_t offered;
    uint64_t open;
};

static bool check_tally(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct tallies *tallies = context;
    struct tn_day_tally_row row;
    struct tn_arena arena;

    (void) key;
    tn_arena_init(&arena, (size_t) 1 << 20);
    assert_int_equal(tn_record_decode_bytes(&tn_record_day_tally_row, value, &arena, &row), TN_OK);
    assert_int_equal(row.offered, row.accepted + row.declined + row.lapsed + row.open);
    assert_int_equal(row.accepted,
                     row.presented + row.missed + row.turned_away + row.cancelled + row.to_come);
    tallies->offered += row.offered;
    tallies->open += row.open;
    tn_arena_close(&arena);
    return true;
}

static void tallies_add_up(void **state)
{
    struct tn_state views;
    struct tn_row_key prefix = tn_row_key_begin('t');
    struct tallies tallies = {0};
    struct tn_error error = {0};

    (void) state;
    assert_int_equal(tn_views_open(first.ledger->store, NULL, &views, &error), TN_OK);
    assert_int_equal(tn_rows_scan(views.rows[TN_CORE_QUEUE], tn_row_key_view(&prefix),
                                  tn_bytes(NULL, 0), check_tally, &tallies, &error),
                     TN_OK);
    tn_views_close(&views);
    assert_int_equal(tallies.offered, first.report->kinds[TN_KIND_appointment_offered]);
    assert_true(tallies.open > 0); /* of the last draw */
}

/* ---- what is left for whoever tries it out ---- */

static void the_sample_can_be_asked_about(void **state)
{
    struct tn_simulate_sample *sample = &first.report->sample;
    struct tn_ledger_options options = {
        .mode = TN_LEDGER_DESK, .allow_unlocked = true, .no_publish = true};
    struct tn_intake_command command;
    struct tn_ledger *ledger = NULL;
    struct tn_error error = {0};
    struct tn_random random;
    struct tn_policy policy;
    struct tn_intake intake = {.policy = &policy, .random = &random};
    struct tn_intake_caller caller = {.actor = {.role = TN_ROLE_OFFICER}};
    struct tn_arena arena;
    struct tn_event event;
    const struct tn_desk_request *request = &command.request;

    (void) state;
    assert_true(sample->has_pair);
    assert_true(sample->has_owner);
    /* On the copy that nothing else is asked of: this writes. */
    tn_ledger_close(again.ledger);
    again.ledger = NULL;
    if (tn_ledger_open(again.directory, &options, &ledger, &error) != TN_OK) {
        fail_msg("%s", error.text);
    }
    assert_true(ledger->simulated);
    tn_policy_history(4, &policy);
    tn_random_init_seeded(&random, 1, "test", 0);
    intake.vault = &ledger->vault;
    memcpy(caller.actor.id, sample->officer.id, TN_ID_SIZE);
    tn_intake_command_init(&command);
    assert_int_equal(tn_intake_validate(&intake, &caller, tn_bytes_from_string(sample->number),
                                        sample->birth, TN_PURPOSE_TRANSIT, &command, &error),
                     TN_OK);
    assert_int_equal(tn_desk_call(ledger->desk, &command.request), TN_OK);
    assert_int_equal(request->count, 1);
    tn_arena_init(&arena, (size_t) 1 << 20);
    assert_int_equal(tn_event_decode(tn_bytes(request->entries.data + 2, request->entries.size - 2),
                                     request->first_index, &arena, &event, &error),
                     TN_OK);
    assert_int_equal(event.kind, TN_KIND_validation_answered);
    assert_int_equal(event.body.validation_answered.verdict & 3u,
                     TN_VALIDATION_MATCHED | TN_VALIDATION_APPOINTMENT);
    assert_memory_equal(event.body.validation_answered.registration, sample->registration,
                        TN_ID_SIZE);
    tn_arena_close(&arena);
    tn_intake_command_close(&command);
    tn_ledger_close(ledger);
}

static void assert_token(struct tn_state *views, const uint8_t *token, const uint8_t *id,
                         enum tn_role role)
{
    uint8_t hash[TN_HASH_SIZE];
    struct tn_token_row row;
    struct tn_arena arena;
    bool found = false;

    tn_arena_init(&arena, (size_t) 1 << 20);
    tn_sha256(hash, tn_bytes(token, TN_TOKEN_SIZE));
    assert_int_equal(TN_READ(views->rows[TN_CORE_ACCESS], tn_key_token(hash), token_row, &arena,
                             &row, &found, NULL),
                     TN_OK);
    assert_true(found);
    assert_int_equal(row.role, role);
    assert_memory_equal(row.id, id, TN_ID_SIZE);
    tn_arena_close(&arena);
}

static void the_tokens_open_what_they_should(void **state)
{
    const struct tn_simulate_sample *sample = &first.report->sample;
    struct tn_state views;
    struct tn_error error = {0};

    (void) state;
    assert_int_equal(tn_views_open(first.ledger->store, NULL, &views, &error), TN_OK);
    assert_token(&views, sample->officer.token, sample->officer.id, TN_ROLE_OFFICER);
    assert_token(&views, sample->auditor.token, sample->auditor.id, TN_ROLE_AUDITOR);
    assert_token(&views, sample->port_officer.token, sample->port_officer.id, TN_ROLE_PORT_OFFICER);
    assert_token(&views, sample->token, sample->registration, TN_ROLE_APPLICANT);
    tn_views_close(&views);
}

static void simulated_json_holds_the_sample(void **state)
{
    char path[300];
    char text[8192];
    FILE *file;
    size_t size;

    (void) state;
    (void) snprintf(path, sizeof(path), "%s/simulated.json", first.directory);
    file = fopen(path, "rb");
    assert_non_null(file);
    size = fread(text, 1, sizeof(text) - 1, file);
    assert_int_equal(fclose(file), 0);
    text[size] = 0;
    assert_non_null(strstr(text, first.report->sample.number));
    assert_non_null(strstr(text, "\"officer\""));
    assert_non_null(strstr(text, "\"auditor\""));
    assert_non_null(strstr(text, "\"port_officer\""));
    assert_non_null(strstr(text, "\"owner\""));
}

static void the_report_reads_well(void **state)
{
    struct tn_buffer text;

    (void) state;
    tn_buffer_init(&text, (size_t) 1 << 20);
    tn_simulate_report_text(first.report, &text);
    tn_buffer_append_u8(&text, 0);
    assert_int_equal(tn_buffer_status(&text), TN_OK);
    assert_non_null(strstr((const char *) text.data, "San Ysidro"));
    assert_non_null(strstr((const char *) text.data, "longest wait"));
    assert_non_null(strstr((const char *) text.data, first.report->checkpoint));
    tn_buffer_reset(&text);
    assert_int_equal(tn_simulate_report_json(first.report, &text), TN_OK);
    assert_int_equal(text.data[0], '{');
    tn_buffer_close(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_gives_the_same_entries_tiles_and_root),
        cmocka_unit_test(another_seed_gives_other_keys_and_another_root),
        cmocka_unit_test(a_season_shows_every_kind_of_a_draw_in_mode_0),
        cmocka_unit_test(a_season_shows_what_people_get_wrong),
        cmocka_unit_test(the_desk_answers_as_was_foreseen),
        cmocka_unit_test(the_report_agrees_with_the_log),
        cmocka_unit_test(more_ask_than_seats_are_given),
        cmocka_unit_test(where_seats_suffice_whoever_asks_wins),
        cmocka_unit_test(retries_give_one_event),
        cmocka_unit_test(seats_are_conserved_and_agree_with_the_report),
        cmocka_unit_test(tallies_add_up),
        cmocka_unit_test(the_tokens_open_what_they_should),
        cmocka_unit_test(simulated_json_holds_the_sample),
        cmocka_unit_test(the_report_reads_well),
        cmocka_unit_test(the_sample_can_be_asked_about),
    };

    return cmocka_run_group_tests(tests, play_all, forget_all);
}
