/* Hard packing (spec/draw.md 5): a group has one slot with room for all of it, or is first in line
 * the next day. At the end of each test the whole history is decided again. */
#include <string.h>

#include "tests/projections/harness/setting.h"

static uint64_t refused[TN_REFUSAL_LIMIT];

static void finish(struct harness *harness)
{
    for (size_t code = 1; code < TN_REFUSAL_LIMIT; code++) {
        refused[code] += harness->refusals[code];
    }
    close_replayed(harness);
}

static void pooled_on(struct harness *harness, uint64_t day, uint64_t registration, bool wanted)
{
    struct tn_pool_row row;
    bool found;

    tn_arena_reset(&harness->arena);
    read_pool(harness, day, registration, &row, &found);
    assert_int_equal(found && row.state == TN_POOL_ASKED, wanted);
}

/* Port C has 3 seats a day in slots 08:00 to 10:00 of one seat each; port A 12 in slots of three.
 */
static void open_hard(struct harness *harness)
{
    struct tn_policy policy;

    harness_open(harness);
    make_policy(&policy, 1, at(DAY_D, 8, 0));
    policy.packing = TN_PACKING_HARD;
    harness_found(harness, &policy, at(DAY_D, 8, 0));
}

static void a_group_larger_than_any_slot_is_refused_when_it_asks(void **state)
{
    struct harness harness;
    static const uint64_t ask_ac[] = {PORT_A, PORT_C};

    (void) state;
    open_hard(&harness);
    must_register(&harness, 1, 4, at(DAY_D, 9, 0));
    must_register(&harness, 2, 2, at(DAY_D, 9, 0));
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D, 13, 0)),
                     TN_REFUSAL_group_larger_than_slot);
    assert_int_equal(do_ask(&harness, 1, ask_ac, 2, at(DAY_D, 13, 0)),
                     TN_REFUSAL_group_larger_than_slot);
    assert_int_equal(do_ask(&harness, 2, ask_a, 1, at(DAY_D, 13, 1)), OK);
    /* Nor does it grow beyond them afterwards. */
    assert_int_equal(do_add(&harness, 2, person(2, 2), true, at(DAY_D, 13, 2)), OK);
    assert_int_equal(do_add(&harness, 2, person(2, 3), true, at(DAY_D, 13, 3)),
                     TN_REFUSAL_group_too_large);
    finish(&harness);
}

/* Twelve groups of two at port A, whose four slots of three take four of them. */
static void fill_port(struct harness *harness)
{
    for (uint64_t r = 1; r <= 12; r++) {
        must_register(harness, r, 2, at(DAY_D, 9, (uint32_t) r));
        assert_int_equal(do_ask(harness, r, ask_a, 1, at(DAY_D, 13, (uint32_t) r)), OK);
    }
    harness_advance(harness, at(DAY_D + 1, 12, 0));
}

static uint64_t held_registration(const struct tn_draw_completed *completed, uint64_t *basis)
{
    for (size_t i = 0; i < completed->after.count; i++) {
        if (completed->after.items[i].held.count > 0) {
            assert_int_equal(completed->after.items[i].port, PORT_A);
            assert_int_equal(completed->after.items[i].held.count, 1);
            *basis = completed->after.items[i].held.items[0].basis;
            return id_number(completed->after.items[i].held.items[0].registration);
        }
    }
    return 0;
}

static void who_finds_no_slot_is_first_the_next_day(void **state)
{
    struct harness harness;
    uint64_t basis = 0;
    uint64_t held;
    struct tn_pool_row row;
    bool found;
    struct tn_event event;

    (void) state;
    open_hard(&harness);
    fill_port(&harness);
    event = last_of(&harness, TN_KIND_draw_completed);
    assert_int_equal(event.body.draw_completed.groups, 4);
    held = held_registration(&event.body.draw_completed, &basis);
    assert_true(held > 0);
    tn_arena_reset(&harness.arena);
    read_pool(&harness, DAY_D + 1, held, &row, &found);
    assert_true(found && row.state == TN_POOL_ASKED && row.held == basis);
    assert_int_equal(row.ports.count, 1);
    /* It cannot ask for something else without giving that up. */
    assert_int_equal(do_ask(&harness, held, ask_ab, 2, at(DAY_D + 1, 13, 0)),
                     TN_REFUSAL_group_held_at_port);
    /* Everybody else asks again; the held group is served first. */
    for (uint64_t r = 1; r <= 12; r++) {
        if (r != held && group_row(&harness, r).holding == TN_HOLDS_NOTHING) {
            assert_int_equal(do_ask(&harness, r, ask_a, 1, at(DAY_D + 1, 14, (uint32_t) r)), OK);
        }
    }
    harness_advance(&harness, at(DAY_D + 2, 12, 0));
    event = last_of(&harness, TN_KIND_pool_closed);
    assert_int_equal(event.body.pool_closed.ports.items[0].held.count, 1);
    assert_int_equal(offer_row(&harness, held).rank, 0);
    assert_int_equal(offer_row(&harness, held).basis, basis);
    finish(&harness);
}

static void a_held_group_may_withdraw_and_ask_as_everybody(void **state)
{
    struct harness harness;
    uint64_t basis;
    uint64_t held;
    struct tn_event event;

    (void) state;
    open_hard(&harness);
    fill_port(&harness);
    event = last_of(&harness, TN_KIND_draw_completed);
    held = held_registration(&event.body.draw_completed, &basis);
    assert_int_equal(do_unask(&harness, held, DAY_D + 1, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(do_ask(&harness, held, ask_ab, 2, at(DAY_D + 1, 13, 1)), OK);
    harness_advance(&harness, at(DAY_D + 2, 11, 0));
    event = last_of(&harness, TN_KIND_pool_closed);
    assert_int_equal(event.body.pool_closed.ports.items[0].held.count, 0);
    assert_int_equal(event.body.pool_closed.groups, 1);
    finish(&harness);
}

static void seats_moved_away_leave_a_held_group_out(void **state)
{
    struct harness harness;
    uint64_t basis;
    uint64_t held;
    struct tn_event event;
    struct tn_seat_move moves[16];
    size_t count = 0;

    (void) state;
    open_hard(&harness);
    fill_port(&harness);
    event = last_of(&harness, TN_KIND_draw_completed);
    held = held_registration(&event.body.draw_completed, &basis);
    /* Of each slot of the dates that can be drawn two seats go to port B. */
    for (uint64_t date = DAY_D + 4; date <= DAY_D + 7; date++) {
        for (uint64_t minute = 480; minute <= 660; minute += 60) {
            struct tn_slot_row slot = {0};

            if (date >= DAY_D + 6) {
                read_slot(&harness, PORT_A, date, minute, &slot);
                if (slot.free >= 1) {
                    moves[count++] = (struct tn_seat_move){.port = PORT_A,
                                                           .date = date,
                                                           .minute = minute,
                                                           .to_port = PORT_B,
                                                           .to_date = date,
                                                           .to_minute = 480,
                                                           .seats = slot.free >= 2 ? 2 : 1};
                }
            }
        }
    }
    assert_int_equal(do_reallocate(&harness, moves, count, at(DAY_D + 1, 13, 0)), OK);
    for (uint64_t r = 1; r <= 12; r++) { /* nobody's offer holds a slot together */
        if (group_row(&harness, r).holding == TN_HOLDS_OFFER) {
            assert_int_equal(do_decline(&harness, r, at(DAY_D + 1, 13, (uint32_t) r)), OK);
        }
    }
    count = 0;
    for (uint64_t minute = 480; minute <= 660; minute += 60) {
        struct tn_slot_row slot;

        read_slot(&harness, PORT_A, DAY_D + 6, minute, &slot);
        if (slot.free > 1) {
            moves[count++] = (struct tn_seat_move){.port = PORT_A,
                                                   .date = DAY_D + 6,
                                                   .minute = minute,
                                                   .to_port = PORT_B,
                                                   .to_date = DAY_D + 6,
                                                   .to_minute = 480,
                                                   .seats = (uint64_t) slot.free - 1};
        }
    }
    assert_int_equal(do_reallocate(&harness, moves, count, at(DAY_D + 1, 14, 0)), OK);
    harness_advance(&harness, at(DAY_D + 2, 11, 0));
    event = last_of(&harness, TN_KIND_pool_closed);
    assert_int_equal(event.body.pool_closed.left_out.count, 1);
    assert_int_equal(event.body.pool_closed.groups, 0);
    pooled_on(&harness, DAY_D + 1, held, false);
    finish(&harness);
}

/* Runs last. */
static void no_code_of_packing_is_left(void **state)
{
    (void) state;
    assert_true(refused[TN_REFUSAL_group_larger_than_slot] > 0);
    assert_true(refused[TN_REFUSAL_group_held_at_port] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_larger_than_any_slot_is_refused_when_it_asks),
        cmocka_unit_test(who_finds_no_slot_is_first_the_next_day),
        cmocka_unit_test(a_held_group_may_withdraw_and_ask_as_everybody),
        cmocka_unit_test(seats_moved_away_leave_a_held_group_out),
        cmocka_unit_test(no_code_of_packing_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
