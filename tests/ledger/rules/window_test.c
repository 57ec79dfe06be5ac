/* Instants of days and deadlines: the clock vectors (R13), gaps and repeats, changes of policy. */
#include "ledger/rules/window.h"

#include <stdio.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/rules/policy_history.h"
#include "tests/ledger/base/unit.h"

static uint64_t at(const char *text)
{
    uint64_t time_us = 0;
    assert_int_equal(tn_instant_parse(tn_bytes_from_string(text), &time_us), TN_OK);
    return time_us;
}

static uint32_t date(const char *text)
{
    uint32_t day = 0;
    assert_int_equal(tn_date_parse(tn_bytes_from_string(text), &day), TN_OK);
    return day;
}

static struct tn_window resolved(const struct tn_policy *policy, const char *day)
{
    struct tn_window window;
    struct tn_error error = {0};
    if (tn_window_resolve(policy, date(day), &window, &error) != TN_OK) {
        fail_msg("%s", error.text);
    }
    return window;
}

static struct tn_policy history(size_t index)
{
    struct tn_policy policy;
    tn_policy_history(index, &policy);
    return policy;
}

/* A policy whose only zone is `zone`. */
static struct tn_policy in_zone(const char *zone)
{
    struct tn_policy policy = history(5);
    (void) snprintf(policy.window.zone, sizeof(policy.window.zone), "%s", zone);
    (void) snprintf(policy.draw.zone, sizeof(policy.draw.zone), "%s", zone);
    policy.port_count = 1;
    (void) snprintf(policy.ports[0].zone, sizeof(policy.ports[0].zone), "%s", zone);
    return policy;
}

static void a_summer_day(void **state)
{
    (void) state;
    struct tn_policy policy = history(4);
    struct tn_window w = resolved(&policy, "2023-07-10");
    assert_int_equal(w.day, date("2023-07-10"));
    assert_int_equal(w.service_date, date("2023-07-31"));
    assert_int_equal(w.opens_us, at("2023-07-10T16:00:00Z"));
    assert_int_equal(w.closes_us, at("2023-07-11T15:00:00Z"));
    assert_int_equal(w.draw_us, at("2023-07-11T16:00:00Z"));
    assert_int_equal(w.port_count, 8);
    assert_int_equal(w.ends_us[0], at("2023-08-01T07:00:00Z")); /* San Ysidro, PDT */
    assert_int_equal(w.ends_us[1], at("2023-08-01T05:00:00Z")); /* Brownsville, CDT */
    assert_int_equal(w.ends_us[2], at("2023-08-01T06:00:00Z")); /* El Paso, MDT */
    assert_int_equal(w.ends_us[4], at("2023-08-01T07:00:00Z")); /* Nogales, MST all year */
    assert_true(tn_is_zero(w.ends_us + 8, 8 * sizeof(w.ends_us[0])));
}

static void a_winter_day_of_the_shorter_window(void **state)
{
    (void) state;
    struct tn_policy policy = history(6);
    struct tn_window w = resolved(&policy, "2024-12-10");
    assert_int_equal(w.opens_us, at("2024-12-10T17:00:00Z"));
    assert_int_equal(w.closes_us, at("2024-12-11T05:00:00Z"));
    assert_int_equal(w.draw_us, at("2024-12-11T17:00:00Z"));
    assert_int_equal(w.ends_us[0], at("2025-01-01T08:00:00Z"));
    assert_int_equal(w.ends_us[4], at("2025-01-01T07:00:00Z"));
}

static void first_come_has_no_draw(void **state)
{
    (void) state;
    struct tn_policy policy = history(0);
    struct tn_window w = resolved(&policy, "2023-02-01");
    assert_int_equal(w.opens_us, at("2023-02-01T16:00:00Z"));
    assert_int_equal(w.closes_us, at("2023-02-02T08:00:00Z"));
    assert_int_equal(w.draw_us, 0);
}

/* R13: 23 hours are elapsed hours, whatever clocks do meanwhile. */
static void the_clock_vectors_hold(void **state)
{
    (void) state;
    struct tn_policy policy = history(4);
    uint32_t day = 0;
    uint32_t minute = 0;

    /* Offered 2023-11-04 12:00 EDT, lapses 2023-11-05 10:00 EST. */
    struct tn_window w = resolved(&policy, "2023-11-03");
    assert_int_equal(w.draw_us, at("2023-11-04T16:00:00Z"));
    uint64_t deadline_us = tn_policy_offer_deadline(&policy, w.draw_us);
    assert_int_equal(deadline_us, at("2023-11-05T15:00:00Z"));
    assert_int_equal(tn_civil_from_instant("America/New_York", deadline_us, &day, &minute), TN_OK);
    assert_int_equal(day, date("2023-11-05"));
    assert_int_equal(minute, 600);

    /* Offered 2024-03-09 12:00 EST, lapses 2024-03-10 12:00 EDT: exactly the next draw. */
    policy = history(5);
    w = resolved(&policy, "2024-03-08");
    assert_int_equal(w.draw_us, at("2024-03-09T17:00:00Z"));
    deadline_us = tn_policy_offer_deadline(&policy, w.draw_us);
    assert_int_equal(deadline_us, at("2024-03-10T16:00:00Z"));
    assert_int_equal(tn_civil_from_instant("America/New_York", deadline_us, &day, &minute), TN_OK);
    assert_int_equal(day, date("2024-03-10"));
    assert_int_equal(minute, 720);
    w = resolved(&policy, "2024-03-09");
    assert_int_equal(w.draw_us, deadline_us);

    /* Noon in New York is 10:00 in Nogales in January and 09:00 in July. */
    w = resolved(&policy, "2024-01-15");
    assert_int_equal(tn_civil_from_instant("America/Phoenix", w.opens_us, &day, &minute), TN_OK);
    assert_int_equal(minute, 600);
    w = resolved(&policy, "2024-07-15");
    assert_int_equal(tn_civil_from_instant("America/Phoenix", w.opens_us, &day, &minute), TN_OK);
    assert_int_equal(minute, 540);

    /* Mexico City has had no DST since 2022; border cities keep the US rule. */
    assert_int_equal(tn_civil_from_instant("America/Mexico_City", w.opens_us, &day, &minute),
                     TN_OK);
    assert_int_equal(minute, 600);
    assert_int_equal(tn_civil_from_instant("America/Tijuana", w.opens_us, &day, &minute), TN_OK);
    assert_int_equal(minute, 540);
}

/* The 23 h window is 24 h long, or 22, when clocks change within it. */
static void a_window_over_a_change_keeps_its_civil_times(void **state)
{
    (void) state;
    struct tn_policy policy = history(4);
    struct tn_window autumn = resolved(&policy, "2023-11-04");
    struct tn_window spring = resolved(&policy, "2023-03-11");
    assert_int_equal(autumn.closes_us - autumn.opens_us, 24 * TN_HOUR_US);
    assert_int_equal(spring.closes_us - spring.opens_us, 22 * TN_HOUR_US);
    assert_int_equal(autumn.draw_us - autumn.closes_us, TN_HOUR_US);
}

/* New York skips 02:00..03:00 on 2024-03-10. */
static void a_skipped_time_is_the_instant_after_the_gap(void **state)
{
    (void) state;
    struct tn_policy policy = history(5);
    policy.window.opens_minute = 150;
    policy.window.closes_minute = 24 * 60;
    struct tn_window w = resolved(&policy, "2024-03-10");
    assert_int_equal(w.opens_us, at("2024-03-10T07:00:00Z"));
    policy.window.opens_minute = 720;
    policy.window.closes_minute = 26 * 60 + 30;
    w = resolved(&policy, "2024-03-09");
    assert_int_equal(w.closes_us, at("2024-03-10T07:00:00Z"));
}

/* New York shows 01:00..02:00 twice on 2024-11-03. */
static void a_repeated_time_opens_early_and_closes_late(void **state)
{
    (void) state;
    struct tn_policy policy = history(5);
    policy.window.opens_minute = 90;
    policy.window.closes_minute = 24 * 60;
    struct tn_window w = resolved(&policy, "2024-11-03");
    assert_int_equal(w.opens_us, at("2024-11-03T05:30:00Z"));
    policy.window.opens_minute = 720;
    policy.window.closes_minute = 25 * 60 + 30;
    policy.draw.minute = 90;
    w = resolved(&policy, "2024-11-02");
    assert_int_equal(w.closes_us, at("2024-11-03T06:30:00Z"));
    assert_int_equal(w.draw_us, w.closes_us);
}

/* Lord Howe goes back by half an hour: 01:30..02:00 is shown twice on 2024-04-07. */
static void a_repeat_of_half_an_hour_is_found(void **state)
{
    (void) state;
    struct tn_policy policy = in_zone("Australia/Lord_Howe");
    policy.window.opens_minute = 720;
    policy.window.closes_minute = 25 * 60 + 45;
    struct tn_window w = resolved(&policy, "2024-04-06");
    assert_int_equal(w.closes_us, at("2024-04-06T15:15:00Z"));
}

/* Santiago skips midnight itself; Havana shows it twice. */
static void the_end_of_a_date_is_its_first_midnight(void **state)
{
    (void) state;
    struct tn_error error = {0};
    struct tn_policy policy = in_zone("America/Santiago");
    uint64_t ends_us = 0;

    assert_int_equal(tn_window_date_end(&policy.ports[0], date("2024-09-07"), &ends_us, &error),
                     TN_OK);
    assert_int_equal(ends_us, at("2024-09-08T04:00:00Z"));
    policy = in_zone("America/Havana");
    assert_int_equal(tn_window_date_end(&policy.ports[0], date("2024-11-02"), &ends_us, &error),
                     TN_OK);
    assert_int_equal(ends_us, at("2024-11-03T04:00:00Z"));
}

static void failures_leave_nothing(void **state)
{
    (void) state;
    struct tn_policy policy = in_zone("America/Nowhere");
    struct tn_window window;
    struct tn_error error = {0};

    memset(&window, 0xaa, sizeof(window));
    assert_int_equal(tn_window_resolve(&policy, date("2024-01-01"), &window, &error), TN_NOT_FOUND);
    assert_non_null(strstr(error.text, "America/Nowhere"));
    assert_true(tn_is_zero(&window, sizeof(window)));
    policy = history(5);
    assert_int_equal(tn_window_resolve(&policy, UINT32_MAX, &window, &error), TN_INVALID);
    assert_int_equal(tn_window_resolve(&policy, 2932890, &window, &error), TN_INVALID);
    assert_true(tn_is_zero(&window, sizeof(window)));
    /* Another zone for the draw hides from the validation that it comes too early. */
    (void) snprintf(policy.draw.zone, sizeof(policy.draw.zone), "Pacific/Auckland");
    policy.draw.minute = 0;
    assert_int_equal(tn_policy_validate(&policy, &error), TN_OK);
    assert_int_equal(tn_window_resolve(&policy, date("2024-01-01"), &window, &error), TN_INVALID);
    assert_non_null(strstr(error.text, "before its window closes"));
    /* A window that lies wholly in a gap is empty. */
    policy = history(5);
    policy.window.opens_minute = 120;
    policy.window.closes_minute = 180;
    assert_int_equal(tn_window_resolve(&policy, date("2024-03-10"), &window, &error), TN_INVALID);
    assert_non_null(strstr(error.text, "empty"));
}

/* --- which day comes next, over changes of policy --- */

static struct tn_policy all[TN_POLICY_HISTORY_COUNT];
static const struct tn_policy *versions[TN_POLICY_HISTORY_COUNT];

static int load_history(void **state)
{
    (void) state;
    for (size_t i = 0; i < TN_POLICY_HISTORY_COUNT; i++) {
        tn_policy_history(i, &all[i]);
        versions[i] = &all[i];
    }
    return 0;
}

static void every_day_of_the_programme_opens_once(void **state)
{
    (void) state;
    const struct tn_policy *policy = NULL;
    struct tn_window window = {0};
    struct tn_window before = {0};
    struct tn_error error = {0};
    uint64_t from_us = at("2023-05-10T04:00:00Z");
    uint32_t after = UINT32_MAX;
    unsigned days = 0;

    while (tn_window_next(versions, TN_POLICY_HISTORY_COUNT, from_us, after, &policy, &window,
                          &error) == TN_OK) {
        assert_ptr_equal(policy,
                         tn_policy_in_force(versions, TN_POLICY_HISTORY_COUNT, window.opens_us));
        if (days == 0) {
            assert_int_equal(window.day, date("2023-05-10"));
            assert_int_equal(policy->version, 2);
        } else {
            assert_int_equal(window.day, before.day + 1);
            assert_true(before.closes_us <= window.opens_us);
            assert_true(before.draw_us <= window.closes_us);
        }
        before = window;
        after = window.day;
        from_us = window.opens_us;
        days++;
    }
    assert_int_equal(error.status, TN_NOT_FOUND);
    assert_null(policy);
    assert_true(tn_is_zero(&window, sizeof(window)));
    /* The window of 2025-01-20 would open at the very end. */
    assert_int_equal(before.day, date("2025-01-19"));
    assert_int_equal(days, date("2025-01-19") - date("2023-05-10") + 1);
}

static void a_day_belongs_to_the_version_of_its_opening(void **state)
{
    (void) state;
    const struct tn_policy *policy = NULL;
    struct tn_window window = {0};
    const struct {
        const char *from;
        const char *day;
        uint32_t version;
    } rows[] = {
        {"2023-05-11T16:00:00Z", "2023-05-11", 2}, {"2023-05-11T16:00:00.000001Z", "2023-05-12", 3},
        {"2024-03-03T17:00:00Z", "2024-03-03", 5}, {"2024-03-03T17:00:01Z", "2024-03-04", 6},
        {"2024-08-22T16:00:00Z", "2024-08-22", 6}, {"2024-08-23T04:00:00Z", "2024-08-23", 7},
        {"2023-05-09T15:00:00Z", "2023-05-09", 1}, {"2023-05-09T15:00:01Z", "2023-05-10", 2},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        assert_int_equal(tn_window_next(versions, TN_POLICY_HISTORY_COUNT, at(rows[i].from),
                                        UINT32_MAX, &policy, &window, NULL),
                         TN_OK);
        assert_int_equal(window.day, date(rows[i].day));
        assert_int_equal(policy->version, rows[i].version);
    }
}

/* When the opening moves past the instant of the change, the day opens later or not at all. */
static void a_change_may_skip_a_day_and_never_opens_one_twice(void **state)
{
    (void) state;
    struct tn_policy first = history(5);
    struct tn_policy later = history(5);
    const struct tn_policy *two[] = {&first, &later};
    const struct tn_policy *policy = NULL;
    struct tn_window window = {0};

    first.effective_us = at("2024-03-04T05:00:00Z");
    later.version++;
    later.effective_us = at("2024-06-10T14:00:00Z");
    later.window.opens_minute = 9 * 60; /* 13:00 UTC: gone when the change comes at 10:00 */
    assert_int_equal(tn_window_next(two, 2, at("2024-06-09T17:00:00Z"), date("2024-06-09"), &policy,
                                    &window, NULL),
                     TN_OK);
    assert_int_equal(window.day, date("2024-06-11"));
    assert_ptr_equal(policy, &later);
    later.window.opens_minute = 18 * 60;
    later.effective_us = at("2024-06-10T16:30:00Z");
    assert_int_equal(tn_window_next(two, 2, at("2024-06-10T16:00:00Z"), date("2024-06-09"), &policy,
                                    &window, NULL),
                     TN_OK);
    assert_int_equal(window.day, date("2024-06-10"));
    assert_ptr_equal(policy, &first);
    assert_int_equal(tn_window_next(two, 2, at("2024-06-10T16:30:00Z"), date("2024-06-10"), &policy,
                                    &window, NULL),
                     TN_OK);
    assert_int_equal(window.day, date("2024-06-11"));
    assert_ptr_equal(policy, &later);
}

static void nothing_opens_before_a_far_first_version(void **state)
{
    (void) state;
    struct tn_policy only = history(5);
    const struct tn_policy *one[] = {&only};
    const struct tn_policy *policy = &only;
    struct tn_window window = {0};
    assert_int_equal(
        tn_window_next(one, 1, at("2023-01-01T00:00:00Z"), UINT32_MAX, &policy, &window, NULL),
        TN_NOT_FOUND);
    assert_null(policy);
    assert_int_equal(
        tn_window_next(one, 1, at("2024-02-20T00:00:00Z"), UINT32_MAX, &policy, &window, NULL),
        TN_OK);
    assert_int_equal(window.day, date("2024-03-04"));
    assert_int_equal(tn_window_next(one, 0, 0, UINT32_MAX, &policy, &window, NULL), TN_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_summer_day),
        cmocka_unit_test(a_winter_day_of_the_shorter_window),
        cmocka_unit_test(first_come_has_no_draw),
        cmocka_unit_test(the_clock_vectors_hold),
        cmocka_unit_test(a_window_over_a_change_keeps_its_civil_times),
        cmocka_unit_test(a_skipped_time_is_the_instant_after_the_gap),
        cmocka_unit_test(a_repeated_time_opens_early_and_closes_late),
        cmocka_unit_test(a_repeat_of_half_an_hour_is_found),
        cmocka_unit_test(the_end_of_a_date_is_its_first_midnight),
        cmocka_unit_test(failures_leave_nothing),
        cmocka_unit_test(every_day_of_the_programme_opens_once),
        cmocka_unit_test(a_day_belongs_to_the_version_of_its_opening),
        cmocka_unit_test(a_change_may_skip_a_day_and_never_opens_one_twice),
        cmocka_unit_test(nothing_opens_before_a_far_first_version),
    };
    return cmocka_run_group_tests(tests, load_history, NULL);
}
