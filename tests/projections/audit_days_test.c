/* Days that nobody opened: what commands within their windows give away, and what nobody can know.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/projections/harness/setting.h"

/* Clocks go back on 2023-11-05. */
#define DAY_BEFORE_CLOCKS 19665u

/* A new group at every hour of the clock from one instant until before another. */
static void register_hourly(struct harness *harness, uint64_t *group, uint64_t from_us,
                            uint64_t to_us)
{
    for (; from_us < to_us; from_us += TN_HOUR_US) {
        must_register(harness, (*group)++, 1, from_us);
    }
}

/* The history decided again: sound, or a day's opening is missed at the command of `missed_us`. */
static void must_be_sound(struct harness *harness)
{
    uint64_t decided;
    char words[480];

    if (!harness_replay(harness, &decided, words, sizeof(words))) {
        fail_msg("%s", words);
    }
    harness_close(harness);
}

static void must_be_missed_at(struct harness *harness, uint64_t missed_us)
{
    uint64_t decided;
    char words[480];
    char entry[64];
    struct tn_event event = {0};
    uint64_t index = 0;

    place_commit(&harness->place);
    while (event.time_us < missed_us || !event.has_command) {
        tn_arena_reset(&harness->arena);
        read_event(harness, index++, &event);
    }
    assert_int_equal(event.time_us, missed_us);
    assert_false(harness_replay(harness, &decided, words, sizeof(words)));
    (void) snprintf(entry, sizeof(entry), "entry %" PRIu64 " (day_opening): ", index - 1);
    if (strncmp(words, entry, strlen(entry)) != 0) {
        fail_msg("%s, not %s", words, entry);
    }
    harness_close(harness);
}

static void a_change_of_clocks_moves_openings_and_nothing_is_missed(void **state)
{
    struct harness harness;
    uint64_t group = 1;

    (void) state;
    open_from(&harness, DAY_BEFORE_CLOCKS - 1);
    register_hourly(&harness, &group, at(DAY_BEFORE_CLOCKS - 1, 9, 0),
                    at(DAY_BEFORE_CLOCKS + 3, 9, 0));
    must_be_sound(&harness);
}

static void a_command_within_the_window_of_an_unopened_day_is_named(void **state)
{
    struct harness harness;
    uint64_t group = 1;

    (void) state;
    open_from(&harness, DAY_D);
    register_hourly(&harness, &group, at(DAY_D, 9, 0), at(DAY_D + 1, 11, 30));
    harness.opens_nothing = true;
    register_hourly(&harness, &group, at(DAY_D + 1, 12, 0), at(DAY_D + 1, 22, 0));
    must_be_missed_at(&harness, at(DAY_D + 1, 15, 0));
}

/* Also when it comes days later, with nothing in between, and on another side of the clocks. */
static void a_day_long_after_the_last_is_named_at_its_first_command(void **state)
{
    struct harness harness;
    uint64_t group = 1;

    (void) state;
    open_from(&harness, DAY_BEFORE_CLOCKS - 1);
    register_hourly(&harness, &group, at(DAY_BEFORE_CLOCKS - 1, 13, 0),
                    at(DAY_BEFORE_CLOCKS - 1, 15, 0));
    harness.opens_nothing = true;
    must_register(&harness, group, 1, at(DAY_BEFORE_CLOCKS + 9, 18, 0));
    must_be_missed_at(&harness, at(DAY_BEFORE_CLOCKS + 9, 18, 0));
}

/* A machine that was down does not open what is over, and nobody asked meanwhile. */
static void windows_that_passed_in_silence_may_be_skipped(void **state)
{
    struct harness harness;
    uint64_t group = 1;

    (void) state;
    open_from(&harness, DAY_D);
    register_hourly(&harness, &group, at(DAY_D, 9, 0), at(DAY_D + 1, 11, 30));
    harness.opens_nothing = true;
    must_register(&harness, group++, 1, at(DAY_D + 3, 11, 30));
    harness.opens_nothing = false;
    register_hourly(&harness, &group, at(DAY_D + 3, 12, 0), at(DAY_D + 3, 22, 0));
    must_be_sound(&harness);
}

static void a_ledger_that_never_opens_a_day_is_named_after_one(void **state)
{
    struct harness harness;
    uint64_t group = 1;

    (void) state;
    open_from(&harness, DAY_D);
    harness.opens_nothing = true;
    register_hourly(&harness, &group, at(DAY_D, 8, 0), at(DAY_D + 3, 0, 0));
    /* Busy from 8:00 on; 24 hours and three for the clocks have passed. */
    must_be_missed_at(&harness, at(DAY_D + 1, 12, 0));
}

/* Without any opening nobody knows when windows open, and at night the machine may have been off.
 */
static void nights_in_silence_say_nothing_before_any_opening(void **state)
{
    struct harness harness;
    uint64_t group = 1;

    (void) state;
    open_from(&harness, DAY_D);
    harness.opens_nothing = true;
    for (uint32_t day = DAY_D; day < DAY_D + 3; day++) {
        register_hourly(&harness, &group, at(day, 9, 0), at(day, 22, 0));
    }
    must_be_sound(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_of_clocks_moves_openings_and_nothing_is_missed),
        cmocka_unit_test(a_command_within_the_window_of_an_unopened_day_is_named),
        cmocka_unit_test(a_day_long_after_the_last_is_named_at_its_first_command),
        cmocka_unit_test(windows_that_passed_in_silence_may_be_skipped),
        cmocka_unit_test(a_ledger_that_never_opens_a_day_is_named_after_one),
        cmocka_unit_test(nights_in_silence_say_nothing_before_any_opening),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
