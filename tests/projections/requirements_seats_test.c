/* Requirements of spec/domain.md 4 about seats and deadlines, by their numbers. */
#include <string.h>

#include "projections/keys.h"
#include "projections/projection.h"
#include "tests/projections/harness/setting.h"

#define DATE (DAY_D + 6) /* the only one whose seats the draw of day D offers */

/* ---- R10, R11: seats ---- */

/* Port C has three seats a day, all in its first slot (the remainder goes there). */
static int64_t free_at_port_c(struct harness *harness, uint64_t date)
{
    struct tn_slot_row slot;

    tn_arena_reset(&harness->arena);
    read_slot(harness, PORT_C, date, 480, &slot);
    return slot.free;
}

/* Two groups of two take four of three seats. */
static void overshoot(struct harness *harness)
{
    static const uint64_t ask_c[] = {PORT_C};

    for (uint64_t r = 1; r <= 2; r++) {
        must_register(harness, r, 2, at(DAY_D, 9, 0));
        assert_int_equal(do_ask(harness, r, ask_c, 1, at(DAY_D, 13, 0)), OK);
    }
    harness_advance(harness, at(DAY_D + 1, 12, 0));
}

static void R10_a_straddling_group_is_owed_by_one_slot_and_repaid_from_the_next_line(void **state)
{
    struct harness harness;
    struct tn_event closed;
    struct tn_event completed;
    const struct tn_pool_port *port;
    int64_t before;

    (void) state;
    open_from(&harness, DAY_D);
    overshoot(&harness);
    assert_int_equal(count_of(&harness, TN_KIND_appointment_offered), 2);
    /* R11: the overbooking is in an event. */
    completed = last_of(&harness, TN_KIND_draw_completed);
    assert_int_equal(completed.body.draw_completed.after.items[2].over, 1);
    before = free_at_port_c(&harness, DATE);
    assert_int_equal(before, -1);
    for (uint64_t r = 1; r <= 2; r++) {
        assert_int_equal(do_accept(&harness, r, at(DAY_D + 1, 12, 1)), OK);
    }
    harness_advance(&harness, at(DAY_D + 2, 11, 0));
    closed = last_of(&harness, TN_KIND_pool_closed);
    port = &closed.body.pool_closed.ports.items[2];
    assert_int_equal(port->moves.count, 1);
    assert_int_equal(port->moves.items[0].date, DATE + 1); /* from the head of the new line */
    assert_int_equal(port->moves.items[0].to_date, DATE);
    assert_int_equal(port->moves.items[0].seats, 1);
    before = free_at_port_c(&harness, DATE);
    assert_int_equal(before, 0);
    /* The straddling group goes: exactly its seats come back, and none was lost. */
    for (uint64_t r = 1; r <= 2; r++) {
        assert_int_equal(do_cancel(&harness, r, at(DAY_D + 2, 11, 10)), OK);
        before = free_at_port_c(&harness, DATE);
        assert_int_equal(before, 2 * r);
    }
    close_replayed(&harness);
}

static void R10_a_debt_is_repaid_whatever_its_date_even_after_a_suspension(void **state)
{
    struct harness harness;
    struct tn_event closed;
    struct tn_port_row port;
    uint64_t moved = 0;

    (void) state;
    open_from(&harness, DAY_D);
    overshoot(&harness);
    for (uint64_t r = 1; r <= 2; r++) {
        assert_int_equal(do_accept(&harness, r, at(DAY_D + 1, 12, 1)), OK);
    }
    assert_int_equal(do_suspend(&harness, PORT_C, DATE + 1, at(DAY_D + 1, 13, 0)), OK);
    /* While the port is suspended nothing is repaid, and the date goes by. */
    harness_advance(&harness, at(DATE + 3, 13, 0));
    closed = last_of(&harness, TN_KIND_pool_closed);
    assert_int_equal(closed.body.pool_closed.ports.items[2].line.count, 0);
    tn_arena_reset(&harness.arena);
    read_port(&harness, PORT_C, &port);
    assert_int_equal(port.first_date, DATE);
    assert_int_equal(do_resume_port(&harness, PORT_C, at(DATE + 3, 14, 0)), OK);
    harness_advance(&harness, at(DATE + 4, 11, 0));
    closed = last_of(&harness, TN_KIND_pool_closed);
    for (size_t i = 0; i < closed.body.pool_closed.ports.items[2].moves.count; i++) {
        assert_int_equal(closed.body.pool_closed.ports.items[2].moves.items[i].to_date, DATE);
        moved += closed.body.pool_closed.ports.items[2].moves.items[i].seats;
    }
    assert_int_equal(moved, 1);
    harness_advance(&harness, at(DATE + 6, 11, 0));
    tn_arena_reset(&harness.arena);
    read_port(&harness, PORT_C, &port);
    assert_int_equal(port.first_date, DATE + 4); /* and is out of sight again */
    close_replayed(&harness);
}

static void R10_a_debt_beyond_a_shorter_horizon_is_repaid_too(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    struct tn_event closed;
    const struct tn_pool_port *port;

    (void) state;
    open_from(&harness, DAY_D);
    make_policy(&policy, 2, at(DAY_D + 1, 8, 0));
    policy.horizon_days = 4; /* of D + 1: to D + 5 */
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 10)), OK);
    overshoot(&harness); /* of D: it owes a seat of D + 6 */
    assert_int_equal(free_at_port_c(&harness, DATE), -1);
    for (uint64_t r = 1; r <= 2; r++) {
        assert_int_equal(do_accept(&harness, r, at(DAY_D + 1, 12, 1)), OK);
    }
    harness_advance(&harness, at(DAY_D + 2, 11, 0));
    closed = last_of(&harness, TN_KIND_pool_closed);
    port = &closed.body.pool_closed.ports.items[2];
    assert_int_equal(port->moves.count, 1);
    assert_int_equal(port->moves.items[0].date, DATE - 1);
    assert_int_equal(port->moves.items[0].to_date, DATE);
    /* Repaid, but not offered. */
    assert_int_equal(port->line.count, 1);
    assert_int_equal(port->line.items[0].date, DATE - 1);
    assert_int_equal(port->line.items[0].seats, 2);
    /* A seat there that comes back waits until the horizon reaches it. */
    assert_int_equal(do_cancel(&harness, 2, at(DAY_D + 2, 11, 10)), OK);
    harness_advance(&harness, at(DAY_D + 3, 11, 0));
    closed = last_of(&harness, TN_KIND_pool_closed);
    port = &closed.body.pool_closed.ports.items[2];
    assert_int_equal(port->line.items[port->line.count - 1].date, DATE);
    assert_int_equal(port->line.items[port->line.count - 1].seats, 2);
    close_replayed(&harness);
}

static enum tn_refusal publish_for(struct harness *harness, uint64_t date, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_publish_capacity, time_us);
    struct tn_slot_capacity slots[1] = {{480, 3}};
    struct tn_port_capacity port = {
        .port = PORT_C, .ends_us = (date + 1) * TN_DAY_US + 7 * TN_HOUR_US, .slots = {slots, 1}};

    command.facts.publish_capacity_facts.date = date;
    command.facts.publish_capacity_facts.ports = (struct tn_port_capacity_list){&port, 1};
    command.facts.publish_capacity_facts.approvers = approvers();
    return harness_decide(harness, &command);
}

/* No day is opened for the dates that a longer horizon leaps over: they get seats by hand, before
 * and after the first day that reaches beyond them. */
static void dates_that_a_longer_horizon_leaps_over_get_seats_by_hand(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    struct tn_event closed;
    const struct tn_run_list *line;

    (void) state;
    open_from(&harness, DAY_D);
    make_policy(&policy, 2, at(DAY_D + 1, 8, 0));
    policy.horizon_days = 9; /* of D + 1: to D + 10; that of D is D + 6 */
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 10)), OK);
    harness_advance(&harness, at(DAY_D + 1, 8, 0));
    assert_int_equal(publish_for(&harness, DATE, at(DAY_D + 1, 8, 1)), TN_REFUSAL_date_past);
    assert_int_equal(publish_for(&harness, DATE + 1, at(DAY_D + 1, 8, 2)), OK);
    harness_advance(&harness, at(DAY_D + 1, 12, 1));
    assert_int_equal(publish_for(&harness, DATE + 1, at(DAY_D + 1, 12, 2)), TN_REFUSAL_date_past);
    assert_int_equal(publish_for(&harness, DATE + 2, at(DAY_D + 1, 12, 3)), OK);
    assert_int_equal(publish_for(&harness, DATE + 4, at(DAY_D + 1, 12, 4)), TN_REFUSAL_date_past);
    harness_advance(&harness, at(DAY_D + 2, 11, 0));
    closed = last_of(&harness, TN_KIND_pool_closed);
    line = &closed.body.pool_closed.ports.items[2].line;
    assert_int_equal(line->count, 4);
    for (size_t i = 0; i < line->count; i++) {
        static const uint64_t dates[] = {DATE, DATE + 1, DATE + 2, DATE + 4};

        assert_int_equal(line->items[i].date, dates[i]);
    }
    close_replayed(&harness);
}

static void R10_free_seats_expire_when_they_are_too_near(void **state)
{
    struct harness harness;
    struct tn_slot_row slot;
    struct tn_event expired;

    (void) state;
    open_from(&harness, DAY_D);
    harness_advance(&harness, at(DATE - 2, 10, 0)); /* the close of day DATE - 3 is ahead */
    tn_arena_reset(&harness.arena);
    read_slot(&harness, PORT_A, DATE, 480, &slot);
    assert_int_equal(slot.free, 3);
    harness_advance(&harness, at(DATE - 1, 11, 0)); /* dates before DATE - 2 + 3 */
    tn_arena_reset(&harness.arena);
    read_slot(&harness, PORT_A, DATE, 480, &slot);
    assert_int_equal(slot.free, 0);
    assert_int_equal(slot.expired, 3);
    expired = last_of(&harness, TN_KIND_seats_expired);
    assert_int_equal(expired.body.seats_expired.day, DATE - 2);
    assert_true(expired.has_cause);
    close_replayed(&harness);
}

/* ---- R13, R27: deadlines ---- */

static void check_lapse(uint32_t draw_day, uint64_t drawn_us, uint64_t lapses_us)
{
    struct harness harness;
    struct tn_offer_row offer;
    struct tn_event lapsed;
    struct tn_event completed;

    assert_int_equal(at(draw_day, 12, 0), drawn_us);
    open_from(&harness, draw_day - 1);
    must_register(&harness, 1, 1, at(draw_day - 1, 9, 0));
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(draw_day - 1, 13, 0)), OK);
    harness_advance(&harness, drawn_us);
    offer = offer_row(&harness, 1);
    assert_int_equal(offer.deadline_us, lapses_us);
    must_register(&harness, 2, 1, drawn_us + 1);
    assert_int_equal(do_ask(&harness, 2, ask_a, 1, drawn_us + 2), OK);
    harness_advance(&harness, lapses_us);
    lapsed = last_of(&harness, TN_KIND_offer_lapsed);
    assert_int_equal(lapsed.time_us, lapses_us);
    assert_int_equal(lapsed.body.offer_lapsed.due_us, lapses_us);
    harness_advance(&harness, at(draw_day + 1, 12, 0));
    completed = last_of(&harness, TN_KIND_draw_completed);
    assert_int_equal(completed.body.draw_completed.day, draw_day);
    assert_true(lapsed.index < completed.index); /* at one instant the lapse comes first */
    close_replayed(&harness);
}

static void R13_the_clock_vectors_hold(void **state)
{
    (void) state;
    /* 2023-11-04 12:00 EDT to 2023-11-05 10:00 EST; 2024-03-09 12:00 EST to 2024-03-10 12:00 EDT.
     */
    check_lapse(19665, UINT64_C(1699113600000000), UINT64_C(1699196400000000));
    check_lapse(19791, UINT64_C(1710003600000000), UINT64_C(1710086400000000));
}

static void R27_a_hold_has_one_owner_and_ends_by_the_log(void **state)
{
    struct harness harness;
    struct tn_command command;
    struct tn_registration_row row;
    struct tn_event lapsed;
    uint64_t deadline_us;
    uint8_t member[1][TN_ID_SIZE];

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 2, 1, at(DAY_D, 9, 0));
    assert_int_equal(do_ask(&harness, 2, ask_a, 1, at(DAY_D, 13, 0)), OK);
    must_register(&harness, 3, 1, at(DAY_D, 13, 0));
    must_win(&harness, 1, 1);
    deadline_us = offer_row(&harness, 1).deadline_us;
    /* Another registration cannot take, or let go, what is not its own. */
    row = group_row(&harness, 1);
    command = command_by(TN_COMMAND_accept_offer, 3, at(DAY_D + 1, 13, 0));
    make_id(command.facts.accept_offer_facts.registration, 'r', 3);
    memcpy(command.facts.accept_offer_facts.offer, row.offer, TN_ID_SIZE);
    make_id(member[0], 'm', person(3, 0));
    command.facts.accept_offer_facts.members =
        (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) member, 1};
    command.facts.accept_offer_facts.tags = command.facts.accept_offer_facts.members;
    assert_int_equal(harness_decide(&harness, &command), TN_REFUSAL_offer_unknown);
    command = command_by(TN_COMMAND_decline_offer, 3, at(DAY_D + 1, 13, 0));
    make_id(command.facts.decline_offer_facts.registration, 'r', 3);
    row = group_row(&harness, 1);
    memcpy(command.facts.decline_offer_facts.offer, row.offer, TN_ID_SIZE);
    assert_int_equal(harness_decide(&harness, &command), TN_REFUSAL_offer_unknown);
    /* The last instant is in time; the next is not, however late the lapse is written. */
    assert_int_equal(do_accept(&harness, 2, deadline_us - 1), OK);
    harness.late = true;
    assert_int_equal(do_accept(&harness, 1, deadline_us + 77), TN_REFUSAL_offer_unknown);
    lapsed = last_of(&harness, TN_KIND_offer_lapsed);
    assert_int_equal(lapsed.body.offer_lapsed.due_us, deadline_us);
    assert_int_equal(lapsed.time_us, deadline_us + 77);
    assert_int_equal(count_of(&harness, TN_KIND_offer_lapsed), 1);
    close_replayed(&harness);
}

static void R27_a_pause_made_good_moves_what_was_not_reached(void **state)
{
    struct harness harness;
    struct tn_command command;
    struct tn_day_row before;
    struct tn_day_row after;
    uint64_t deadline_us;
    bool found;

    (void) state;
    open_from(&harness, DAY_D);
    must_win(&harness, 1, 1);
    deadline_us = offer_row(&harness, 1).deadline_us;
    tn_arena_reset(&harness.arena);
    read_day(&harness, DAY_D + 1, &before, &found);
    command = command_by_operator(TN_COMMAND_resume_deadlines, at(DAY_D + 1, 18, 0));
    command.facts.resume_deadlines_facts.extend = 1;
    command.facts.resume_deadlines_facts.last_heartbeat_us = at(DAY_D + 1, 15, 0);
    assert_int_equal(harness_decide_paused(&harness, &command), OK);
    assert_int_equal(offer_row(&harness, 1).deadline_us, deadline_us + 3 * TN_HOUR_US);
    tn_arena_reset(&harness.arena);
    read_day(&harness, DAY_D + 1, &after, &found);
    assert_int_equal(after.closes_us, before.closes_us + 3 * TN_HOUR_US);
    assert_int_equal(after.draw_us, after.closes_us); /* a draw is never before its close */
    assert_int_equal(do_accept(&harness, 1, deadline_us + 1), OK);
    /* A deadline that was reached at the last heartbeat stays where it is. */
    tn_arena_reset(&harness.arena);
    command = command_by_operator(TN_COMMAND_resume_deadlines, after.closes_us + 5);
    command.facts.resume_deadlines_facts.extend = 1;
    command.facts.resume_deadlines_facts.last_heartbeat_us = after.closes_us;
    assert_int_equal(harness_decide_paused(&harness, &command), OK);
    tn_arena_reset(&harness.arena);
    read_day(&harness, DAY_D + 1, &before, &found);
    assert_int_equal(before.closes_us, after.closes_us);
    close_replayed(&harness);
}

/* ---- R20: suspensions ---- */

static struct tn_validation_answered validate_tag(struct harness *harness, const uint8_t *tag,
                                                  uint64_t time_us)
{
    struct tn_command command =
        command_by_officer(TN_COMMAND_validate, VALIDATOR, TN_ROLE_OFFICER, time_us);
    struct tn_event event;

    memcpy(command.facts.validate_facts.tag, tag, TN_ID_SIZE);
    command.facts.validate_facts.purpose = TN_PURPOSE_ENTRY;
    assert_int_equal(harness_decide(harness, &command), OK);
    event = last_of(harness, TN_KIND_validation_answered);
    return event.body.validation_answered;
}

static void R20_a_suspension_leaves_nobody_confirmed_but_invalid(void **state)
{
    struct harness harness;
    uint8_t tag[TN_ID_SIZE];
    struct tn_registration_row row;
    struct tn_event event;

    (void) state;
    open_from(&harness, DAY_D);
    for (uint64_t r = 1; r <= 4; r++) {
        must_register(&harness, r, 1, at(DAY_D, 9, 0));
    }
    /* 1 confirmed for DATE, 2 confirmed for DATE + 1, 3 with an open offer for DATE + 1. */
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D, 13, 0)), OK);
    assert_int_equal(do_accept(&harness, 1, at(DAY_D + 1, 12, 1)), OK);
    for (uint64_t port = PORT_A; port; port = 0) { /* what is left of DATE would be offered first */
        struct tn_seat_move moves[4];

        for (size_t i = 0; i < 4; i++) {
            struct tn_slot_row slot;

            tn_arena_reset(&harness.arena);
            read_slot(&harness, port, DATE, 480 + 60 * i, &slot);
            moves[i] = (struct tn_seat_move){port, DATE, 480 + 60 * i,        PORT_B,
                                             DATE, 480,  (uint64_t) slot.free};
        }
        assert_int_equal(do_reallocate(&harness, moves, 4, at(DAY_D + 1, 12, 2)), OK);
    }
    assert_int_equal(do_ask(&harness, 2, ask_a, 1, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(do_ask(&harness, 3, ask_a, 1, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(do_accept(&harness, 2, at(DAY_D + 2, 12, 1)), OK);
    assert_int_equal(offer_row(&harness, 1).seats.items[0].date, DATE);
    assert_int_equal(offer_row(&harness, 2).seats.items[0].date, DATE + 1);
    assert_int_equal(offer_row(&harness, 3).seats.items[0].date, DATE + 1);
    row = group_row(&harness, 2);
    make_tag(tag, row.offer, person(2, 0));
    assert_int_equal(do_ask(&harness, 4, ask_a, 1, at(DAY_D + 2, 13, 0)), OK);
    harness_advance(&harness, at(DAY_D + 3, 11, 0)); /* the pool of 4 is frozen */
    assert_int_equal(do_suspend(&harness, PORT_A, DATE + 1, at(DAY_D + 3, 11, 1)), OK);
    assert_int_equal(group_row(&harness, 1).holding, TN_HOLDS_APPOINTMENT); /* honoured */
    assert_int_equal(do_validate(&harness, 1, person(1, 0), at(DAY_D + 3, 11, 2)), OK);
    event = last_of(&harness, TN_KIND_validation_answered);
    assert_int_equal(event.body.validation_answered.verdict,
                     TN_VALIDATION_MATCHED | TN_VALIDATION_APPOINTMENT);
    assert_int_equal(group_row(&harness, 2).holding, TN_HOLDS_NOTHING);
    assert_int_equal(group_row(&harness, 3).holding, TN_HOLDS_NOTHING);
    assert_int_equal(validate_tag(&harness, tag, at(DAY_D + 3, 11, 3)).verdict,
                     TN_VALIDATION_MATCHED);
    /* Offers of the draw that was frozen before go back at once, by the agency. */
    harness_advance(&harness, at(DAY_D + 3, 12, 0));
    assert_int_equal(group_row(&harness, 4).holding, TN_HOLDS_NOTHING);
    event = last_of(&harness, TN_KIND_offer_declined);
    assert_int_equal(event.body.offer_declined.by, TN_BY_AGENCY);
    /* Their seniority is what it was, and they may ask again (R19). */
    assert_int_equal(group_row(&harness, 2).registered_day, DAY_D);
    assert_int_equal(do_ask(&harness, 2, ask_ab, 2, at(DAY_D + 3, 13, 0)), OK);
    close_replayed(&harness);
}

/* A late draw: the next window is open already, and whoever wins has asked there too. */
static void R20_whom_the_agency_sends_away_is_in_the_next_pool_again(void **state)
{
    struct harness harness;
    struct tn_command command;
    struct tn_due due;
    struct tn_pool_row pool;
    bool opening;
    bool found;

    (void) state;
    open_from(&harness, DAY_D);
    for (uint64_t r = 1; r <= 2; r++) {
        static const uint64_t ask_b[] = {PORT_B};

        must_register(&harness, r, 1, at(DAY_D, 9, 0));
        assert_int_equal(do_ask(&harness, r, r == 1 ? ask_a : ask_b, 1, at(DAY_D, 13, 0)), OK);
    }
    assert_int_equal(do_suspend(&harness, PORT_A, DAY_D, at(DAY_D + 1, 11, 30)), OK);
    assert_true(harness_next_due(&harness, &due, &opening) && opening);
    harness_emit_one(&harness, due.due_us);
    for (uint64_t r = 1; r <= 2; r++) {
        command = command_by(TN_COMMAND_request_appointment, r, at(DAY_D + 1, 12, 5));
        make_id(command.facts.request_appointment_facts.registration, 'r', r);
        command.facts.request_appointment_facts.ports = (struct tn_uints){ask_ab, 2};
        command.facts.request_appointment_facts.zone_version =
            zone_version(&harness, command.time_us);
        command.facts.request_appointment_facts.zone_result = TN_ZONE_INSIDE;
        assert_int_equal(harness_decide_paused(&harness, &command), OK);
    }
    harness_advance(&harness, at(DAY_D + 1, 12, 6));
    assert_int_equal(count_of(&harness, TN_KIND_appointment_offered), 2);
    assert_int_equal(group_row(&harness, 1).holding, TN_HOLDS_NOTHING);
    assert_int_equal(group_row(&harness, 2).holding, TN_HOLDS_OFFER);
    tn_arena_reset(&harness.arena);
    read_pool(&harness, DAY_D + 1, 1, &pool, &found);
    assert_int_equal(pool.state, TN_POOL_ASKED);
    read_pool(&harness, DAY_D + 1, 2, &pool, &found);
    assert_int_equal(pool.state, TN_POOL_SUPERSEDED);
    assert_int_equal(do_decline(&harness, 2, at(DAY_D + 1, 12, 7)), OK);
    read_pool(&harness, DAY_D + 1, 2, &pool, &found);
    assert_int_equal(pool.state, TN_POOL_SUPERSEDED); /* by its own will: it may ask anew */
    assert_int_equal(do_ask(&harness, 2, ask_a, 1, at(DAY_D + 1, 12, 8)), OK);
    harness_close(&harness); /* the draw was late on purpose, and a replay says so */
}

static void R20_a_date_that_is_over_is_not_taken_back(void **state)
{
    struct harness harness;

    (void) state;
    open_from(&harness, DAY_D);
    must_win(&harness, 1, 1);
    assert_int_equal(do_accept(&harness, 1, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(do_suspend(&harness, PORT_A, DAY_D, at(DATE + 1, 12, 30)), OK);
    assert_int_equal(count_of(&harness, TN_KIND_appointment_cancelled), 0);
    assert_int_equal(do_close_port_day(&harness, PORT_A, DATE, at(DATE + 1, 12, 31)), OK);
    assert_int_equal(count_of(&harness, TN_KIND_no_show_recorded), 1);
    close_replayed(&harness);
}

/* ---- R23 ---- */

static void R23_a_days_offers_and_appointments_add_up(void **state)
{
    struct harness harness;
    struct tn_day_tally_row tally;

    (void) state;
    open_from(&harness, DAY_D);
    for (uint64_t r = 1; r <= 9; r++) {
        must_register(&harness, r, 1, at(DAY_D, 9, 0));
        assert_int_equal(do_ask(&harness, r, ask_a, 1, at(DAY_D, 13, 0)), OK);
    }
    for (uint64_t r = 1; r <= 6; r++) {
        assert_int_equal(do_accept(&harness, r, at(DAY_D + 1, 12, 1)), OK);
    }
    assert_int_equal(do_decline(&harness, 7, at(DAY_D + 1, 12, 2)), OK);
    assert_int_equal(do_cancel(&harness, 1, at(DAY_D + 1, 12, 3)), OK);
    tn_arena_reset(&harness.arena);
    read_tally(&harness, DAY_D, &tally);
    assert_int_equal(tally.open, 2);
    assert_int_equal(do_arrive(&harness, 2, person(2, 0), TN_ARRIVAL_PRESENTED, at(DATE, 12, 0)),
                     OK);
    assert_int_equal(do_arrive(&harness, 3, person(3, 0), TN_ARRIVAL_PRESENTED, at(DATE, 12, 1)),
                     OK);
    assert_int_equal(do_arrive(&harness, 4, person(4, 0), TN_ARRIVAL_TURNED_AWAY, at(DATE, 12, 2)),
                     OK);
    tn_arena_reset(&harness.arena);
    read_tally(&harness, DAY_D, &tally);
    assert_int_equal(tally.to_come, 2);
    assert_int_equal(do_close_port_day(&harness, PORT_A, DATE, at(DATE + 1, 4, 0)), OK);
    tn_arena_reset(&harness.arena);
    read_tally(&harness, DAY_D, &tally);
    assert_int_equal(tally.offered, 9);
    assert_int_equal(tally.accepted, 6);
    assert_int_equal(tally.declined, 1);
    assert_int_equal(tally.lapsed, 2);
    assert_int_equal(tally.open, 0);
    assert_int_equal(tally.presented, 2);
    assert_int_equal(tally.turned_away, 1);
    assert_int_equal(tally.missed, 2);
    assert_int_equal(tally.cancelled, 1);
    assert_int_equal(tally.to_come, 0);
    /* Nobody is punished: all may ask again. */
    for (uint64_t r = 1; r <= 9; r++) {
        assert_int_equal(do_ask(&harness, r, ask_a, 1, at(DATE + 1, 13, 0)), OK);
    }
    close_replayed(&harness);
}

/* ---- P7 ---- */

/* Fold one more seat of port C as expired when the stored slot has `free` and `offered` seats more
 * than it has; what was stored is put back. */
static enum tn_status folded_with(struct harness *harness, int64_t free, uint64_t offered)
{
    struct tn_rows *rows = harness->decider.state->rows[TN_CORE_SEATS];
    struct tn_run run = {.date = DATE, .minute = 480, .seats = 1};
    struct tn_event event = {.kind = TN_KIND_seats_expired, .version = 1};
    struct tn_port_date_row row;
    struct tn_port_date_row changed;
    struct tn_slot_row slots[4];
    enum tn_status status;
    bool found;

    tn_arena_reset(&harness->arena);
    event.body.seats_expired.port = PORT_C;
    event.body.seats_expired.seats.items = &run;
    event.body.seats_expired.seats.count = 1;
    HARNESS_MUST(TN_READ(rows, tn_key_port_date(PORT_C, DATE), port_date_row, &harness->arena, &row,
                         &found, &harness->error),
                 &harness->error);
    assert_true(found && row.slots.count >= 1 && row.slots.count <= 4);
    memcpy(slots, row.slots.items, row.slots.count * sizeof(*slots));
    assert_int_equal(slots[0].minute, 480);
    slots[0].free += free;
    slots[0].offered += offered;
    changed = row;
    changed.slots.items = slots;
    HARNESS_MUST(
        TN_WRITE(rows, tn_key_port_date(PORT_C, DATE), port_date_row, &changed, &harness->error),
        &harness->error);
    harness->error = (struct tn_error){0};
    status = tn_projection_seats.apply(rows, &event, &harness->arena, &harness->error);
    if (status != TN_OK) {
        assert_string_equal(harness->error.text, "an event gives away seats that are not there");
    }
    HARNESS_MUST(
        TN_WRITE(rows, tn_key_port_date(PORT_C, DATE), port_date_row, &row, &harness->error),
        &harness->error);
    return status;
}

static void P7_a_slot_that_does_not_add_up_stops_the_fold(void **state)
{
    struct harness harness;

    (void) state;
    open_from(&harness, DAY_D);
    overshoot(&harness);
    assert_int_equal(folded_with(&harness, 0, 0), TN_OK);
    assert_int_equal(folded_with(&harness, 1, 0), TN_CORRUPT);
    assert_int_equal(folded_with(&harness, -1, 0), TN_CORRUPT);
    assert_int_equal(folded_with(&harness, 0, 1), TN_CORRUPT);
    assert_int_equal(folded_with(&harness, -1, 1), TN_OK);
    /* Adds up, and nobody can hold fewer than no seats. */
    assert_int_equal(folded_with(&harness, 5, (uint64_t) -5), TN_CORRUPT);
    close_replayed(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(P7_a_slot_that_does_not_add_up_stops_the_fold),
        cmocka_unit_test(R10_a_straddling_group_is_owed_by_one_slot_and_repaid_from_the_next_line),
        cmocka_unit_test(R10_a_debt_is_repaid_whatever_its_date_even_after_a_suspension),
        cmocka_unit_test(R10_a_debt_beyond_a_shorter_horizon_is_repaid_too),
        cmocka_unit_test(dates_that_a_longer_horizon_leaps_over_get_seats_by_hand),
        cmocka_unit_test(R10_free_seats_expire_when_they_are_too_near),
        cmocka_unit_test(R13_the_clock_vectors_hold),
        cmocka_unit_test(R20_a_suspension_leaves_nobody_confirmed_but_invalid),
        cmocka_unit_test(R20_whom_the_agency_sends_away_is_in_the_next_pool_again),
        cmocka_unit_test(R20_a_date_that_is_over_is_not_taken_back),
        cmocka_unit_test(R23_a_days_offers_and_appointments_add_up),
        cmocka_unit_test(R27_a_hold_has_one_owner_and_ends_by_the_log),
        cmocka_unit_test(R27_a_pause_made_good_moves_what_was_not_reached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
