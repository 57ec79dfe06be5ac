/* Seasons on the real programme's dates, and seasons that are not played. */
#include "tests/api/simulate_support.h"

#define MAY_28 19505u /* 2023-05-28: a policy changes on June 1, Laredo closes on June 3 */

struct suspended {
    uint64_t port;
    uint64_t time_us;
    uint64_t taken_back;
};

static bool find_suspension(void *context, uint64_t index, struct tn_bytes entry)
{
    struct suspended *suspended = context;
    struct tn_arena arena;
    struct tn_event event;

    tn_arena_init(&arena, (size_t) 4 << 20);
    assert_int_equal(tn_event_decode(entry, index, &arena, &event, NULL), TN_OK);
    if (event.kind == TN_KIND_port_suspended) {
        suspended->port = event.body.port_suspended.facts.port;
        suspended->time_us = event.time_us;
    }
    suspended->taken_back += event.kind == TN_KIND_appointment_cancelled &&
                             event.body.appointment_cancelled.by == TN_BY_AGENCY;
    suspended->taken_back += event.kind == TN_KIND_offer_declined &&
                             event.body.offer_declined.by == TN_BY_AGENCY;
    tn_arena_close(&arena);
    return true;
}

static void laredo_closes_on_its_day_and_what_was_given_stands(void **state)
{
    struct tn_simulate_options options = {
        .days = 8, .scale_ppm = 2000, .seed = 3, .start_day = MAY_28};
    struct season season = {0};
    struct suspended suspended = {0};
    struct tn_error error = {0};

    (void) state;
    play(&season, &options);
    assert_int_equal(season.report->unexpected, 0);
    /* 1,000 seats a day, then 1,250 from June 1. */
    assert_int_equal(season.report->kinds[TN_KIND_policy_published], 2);
    assert_int_equal(tn_log_scan(season.ledger->log, 0, season.report->events, find_suspension,
                                 &suspended, &error),
                     TN_OK);
    assert_int_equal(suspended.port, 2304);
    assert_int_equal(suspended.time_us, 1685768400000000u);
    assert_int_equal(suspended.taken_back, 0);
    forget(&season);
}

static void the_season_ends_with_the_programme(void **state)
{
    struct tn_simulate_options options = {
        .days = 30, .scale_ppm = 1000, .seed = 3, .start_day = 20101}; /* 2025-01-13 */
    struct season season = {0};

    (void) state;
    play(&season, &options);
    assert_int_equal(season.report->days, 7);
    assert_int_equal(season.report->kinds[TN_KIND_draw_completed], 7);
    assert_int_equal(season.report->unexpected, 0);
    forget(&season);
}

/* ---- what is not played ---- */

static void a_season_that_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *label;
        struct tn_simulate_options options;
    } rows[] = {
        {"no days", {.days = 0}},
        {"too many days", {.days = TN_SIMULATE_DAYS_MAX + 1}},
        {"too many people", {.days = 1, .scale_ppm = TN_SCALE_MAX_PPM + 1}},
        {"first come, first served", {.days = 1, .start_day = 19486}}, /* 2023-05-09 */
        {"after the end", {.days = 1, .start_day = 20109}},            /* 2025-01-21 */
    };
    struct tn_simulate_report *report = calloc(1, sizeof(*report));
    char directory[SCRATCH_BYTES];

    (void) state;
    assert_non_null(report);
    scratch_make(directory);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tn_error error = {0};

        if (tn_simulate(directory, &rows[i].options, report, &error) != TN_INVALID ||
            error.text[0] == 0) {
            fail_msg("%s was not refused", rows[i].label);
        }
    }
    assert_int_equal(rmdir(directory), 0); /* nothing was left in it */
    free(report);
}

static void a_ledger_is_not_played_over(void **state)
{
    struct tn_simulate_options options = {.days = 1, .scale_ppm = 1000};
    struct season season = {0};
    struct tn_simulate_report *report = calloc(1, sizeof(*report));
    struct tn_error error = {0};

    (void) state;
    assert_non_null(report);
    play(&season, &options);
    assert_int_equal(tn_simulate(season.directory, &options, report, &error), TN_EXISTS);
    forget(&season);
    free(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(laredo_closes_on_its_day_and_what_was_given_stands),
        cmocka_unit_test(the_season_ends_with_the_programme),
        cmocka_unit_test(a_season_that_cannot_be_is_refused),
        cmocka_unit_test(a_ledger_is_not_played_over),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
