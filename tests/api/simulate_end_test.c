/* The simulation's last days: the programme ends at noon of 2025-01-20. */
#include "ledger/base/civil.h"
#include "ledger/rules/seats.h"
#include "projections/keys.h"
#include "tests/api/simulate_support.h"

#define DAYS 5u

static struct season last;

static int play_last_days(void **state)
{
    struct tn_simulate_options options = {.days = DAYS, .scale_ppm = 4000, .seed = 1};

    (void) state;
    options.start_day = (uint32_t) tn_day_from_date(2025, 1, 15);
    if (sodium_init() < 0) {
        return -1;
    }
    play(&last, &options);
    return 0;
}

static int forget_last_days(void **state)
{
    (void) state;
    forget(&last);
    return 0;
}

static void nothing_is_outstanding_after_the_end(void **state)
{
    struct seats seats = sum_seats(&last);

    (void) state;
    assert_true(seats.published > 0);
    assert_int_equal(seats.offered, 0);
    assert_int_equal(seats.confirmed, 0);
    assert_true(last.report->kinds[TN_KIND_appointment_confirmed] > 100);
    assert_true(last.report->kinds[TN_KIND_appointment_cancelled] > 100);
    assert_false(last.report->sample.has_pair); /* nobody's number stands */
}

static void every_window_has_its_draw_and_every_port_is_suspended(void **state)
{
    (void) state;
    assert_int_equal(last.report->days, DAYS);
    assert_int_equal(last.report->kinds[TN_KIND_draw_completed], DAYS);
    assert_int_equal(last.report->kinds[TN_KIND_port_suspended] -
                         last.report->kinds[TN_KIND_port_resumed],
                     last.report->port_count);
    assert_int_equal(last.report->unexpected, 0);
}

/* 621 windows from the first: the last opens on 2025-01-19 and is drawn at the end. */
static void the_programme_has_621_windows(void **state)
{
    (void) state;
    assert_int_equal(tn_day_from_date(2025, 1, 19) - tn_day_from_date(2023, 5, 10) + 1,
                     TN_SIMULATE_DAYS_MAX);
    assert_true(last.report->last_us > tn_day_from_date(2025, 1, 20) * TN_DAY_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_outstanding_after_the_end),
        cmocka_unit_test(every_window_has_its_draw_and_every_port_is_suspended),
        cmocka_unit_test(the_programme_has_621_windows),
    };

    return cmocka_run_group_tests(tests, play_last_days, forget_last_days);
}
