/* Requirements of spec/domain.md 4 about groups and draws, by their numbers. Those about seats and
 * times are in requirements_seats_test.c and requirements_answers_test.c; the draw's own (R09, R12)
 * in the tests of ledger/rules/draw.h. */
#include <string.h>

#include "ledger/base/hash.h"
#include "projections/keys.h"
#include "tests/projections/harness/setting.h"

/* ---- R01, R07, R08: the draw ---- */

struct outcome {
    uint8_t entries[64][TN_HASH_SIZE]; /* hashes of draw_completed and the offers */
    size_t count;
};

static void take_outcome(struct harness *harness, struct outcome *outcome)
{
    uint64_t index;

    assert_int_equal(count_kind(harness, TN_KIND_draw_completed, &index), 1);
    outcome->count = 0;
    for (; index < harness->next_index; index++) {
        struct tn_buffer entry;

        tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
        assert_int_equal(tn_log_read(harness->place.log, index, &entry, &harness->error), TN_OK);
        tn_sha256(outcome->entries[outcome->count++], tn_buffer_view(&entry));
        tn_buffer_close(&entry);
    }
}

static void run_arrivals(const uint64_t *order, struct outcome *outcome)
{
    struct harness harness;

    open_from(&harness, DAY_D);
    for (uint64_t r = 1; r <= 20; r++) {
        must_register(&harness, r, 1 + r % 4, at(DAY_D, 9, (uint32_t) r));
    }
    for (uint64_t i = 0; i < 20; i++) {
        const uint64_t ports[] = {order[i] % 3 ? PORT_A : PORT_B, PORT_C};

        assert_int_equal(do_ask(&harness, order[i], ports, 2, at(DAY_D, 13, 0) + i * i * i * 1000),
                         OK);
    }
    harness_advance(&harness, at(DAY_D + 1, 12, 0));
    take_outcome(&harness, outcome);
    close_replayed(&harness);
}

static void R01_order_of_arrival_changes_no_byte_of_a_draw(void **state)
{
    struct outcome outcomes[2];
    uint64_t order[20];

    (void) state;
    for (uint64_t i = 0; i < 20; i++) {
        order[i] = i + 1;
    }
    run_arrivals(order, &outcomes[0]);
    for (uint64_t i = 0; i < 20; i++) {
        order[i] = (i * 7 + 3) % 20 + 1;
    }
    run_arrivals(order, &outcomes[1]);
    assert_true(outcomes[0].count > 5);
    assert_int_equal(outcomes[0].count, outcomes[1].count);
    assert_memory_equal(outcomes[0].entries, outcomes[1].entries, outcomes[0].count * TN_HASH_SIZE);
}

static uint64_t seats_of(const struct tn_run_list *runs)
{
    uint64_t seats = 0;

    for (size_t i = 0; i < runs->count; i++) {
        seats += runs->items[i].seats;
    }
    return seats;
}

/* Recompute quota and credit of port A from what pool_closed froze and the policy that it names. */
static void check_share(struct harness *harness, uint64_t completed_index)
{
    struct tn_event completed;
    struct tn_event closed;
    struct tn_day_row day;
    const struct tn_policy *policy;
    const struct tn_pool_port *before;
    const struct tn_port_after *after;
    uint64_t scaled;
    int64_t quota;
    int64_t seniority = 0;
    bool found;

    tn_arena_reset(&harness->arena);
    read_event(harness, completed_index, &completed);
    read_day(harness, completed.body.draw_completed.day, &day, &found);
    read_event(harness, day.closed_index, &closed);
    policy = tn_policies_version(&harness->decider.policies, closed.body.pool_closed.policy);
    assert_non_null(policy);
    assert_int_equal(closed.body.pool_closed.policy, day.policy);
    before = &closed.body.pool_closed.ports.items[0];
    after = &completed.body.draw_completed.after.items[0];
    scaled = seats_of(&before->line) * policy->share_ppm + before->acc;
    quota = (int64_t) (scaled / TN_PPM) + before->pcredit;
    for (uint64_t i = 1; i <= completed.body.draw_completed.groups; i++) {
        struct tn_event offered;

        read_event(harness, completed_index + i, &offered);
        if (offered.body.appointment_offered.port == PORT_A &&
            offered.body.appointment_offered.basis == TN_DRAW_SENIORITY) {
            seniority += (int64_t) offered.body.appointment_offered.size;
        }
    }
    assert_int_equal(after->acc, scaled % TN_PPM);
    /* More ask than there are seats, so credit that is left stays. */
    assert_int_equal(after->pcredit, quota - seniority);
}

static void R07_each_draw_names_its_policy_and_the_share_comes_out_to_the_seat(void **state)
{
    struct harness harness;
    struct tn_policy next;

    (void) state;
    open_from(&harness, DAY_D);
    for (uint64_t r = 1; r <= 60; r++) {
        must_register(&harness, r, 1 + r % 3, at(DAY_D, 9, 0) + r);
    }
    make_policy(&next, 2, at(DAY_D + 4, 10, 0));
    next.share_ppm = 617283;
    assert_int_equal(do_publish(&harness, &next, at(DAY_D + 1, 8, 0)), OK);
    for (uint32_t day = 0; day < 8; day++) {
        uint64_t index;

        for (uint64_t r = 1; r <= 60; r++) {
            (void) do_ask(&harness, r, ask_a, 1, at(DAY_D + day, 14, 0) + r);
        }
        harness_advance(&harness, at(DAY_D + day + 1, 12, 0));
        assert_int_equal(count_kind(&harness, TN_KIND_draw_completed, &index), day + 1);
        check_share(&harness, index);
    }
    assert_int_equal(last_of(&harness, TN_KIND_pool_closed).body.pool_closed.policy, 2);
    close_replayed(&harness);
}

static enum tn_refusal reveal(struct harness *harness, uint64_t day, uint32_t index,
                              uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_reveal_secret, time_us);

    command.actor.role = TN_ROLE_DRAW_OPERATOR;
    command.facts.reveal_secret_facts.day = day;
    assert_int_equal(tn_draw_chain_secret(harness->chain_tail, HARNESS_CHAIN_LENGTH, index,
                                          command.facts.reveal_secret_facts.secret),
                     TN_OK);
    return harness_decide_paused(harness, &command);
}

static void R08_the_secret_is_committed_before_and_a_day_is_drawn_once(void **state)
{
    struct harness harness;
    struct tn_day_row day;
    struct tn_day_draw draw;
    uint32_t index;
    uint64_t anchored;
    bool found;

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 1, 2, at(DAY_D, 9, 0));
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D, 13, 0)), OK);
    index = (uint32_t) (DAY_D - harness.chain_first_day + 1);
    assert_int_equal(count_kind(&harness, TN_KIND_chain_anchored, &anchored), 1);
    tn_arena_reset(&harness.arena);
    read_day(&harness, DAY_D, &day, &found);
    assert_true(anchored < day.opened_index);
    assert_int_equal(reveal(&harness, DAY_D, index, at(DAY_D, 14, 0)), TN_REFUSAL_no_draw_due);
    harness_advance(&harness, at(DAY_D + 1, 11, 30)); /* closed, and the draw instant not reached */
    assert_int_equal(reveal(&harness, DAY_D, index, at(DAY_D + 1, 11, 30)), TN_REFUSAL_no_draw_due);
    harness.now_us = at(DAY_D + 1, 12, 0);
    assert_int_equal(reveal(&harness, DAY_D, index + 1, at(DAY_D + 1, 12, 0)),
                     TN_REFUSAL_secret_wrong);
    harness_advance(&harness, at(DAY_D + 1, 12, 0));
    assert_int_equal(count_of(&harness, TN_KIND_draw_completed), 1);
    /* Neither a second seed nor a second computation for the day. */
    assert_int_equal(reveal(&harness, DAY_D, index, at(DAY_D + 1, 12, 1)), TN_REFUSAL_no_draw_due);
    assert_int_equal(
        tn_day_draw_load(&harness.decider, DAY_D, &harness.arena, &draw, &harness.error),
        TN_NOT_FOUND);
    harness_close(&harness); /* the clock was moved by hand past what was due */
}

static void R08_a_draw_is_of_everybody_with_whom_its_pool_was_closed(void **state)
{
    struct harness harness;
    struct tn_day_draw draw;
    struct tn_row_key key;
    uint32_t index;

    (void) state;
    open_from(&harness, DAY_D);
    for (unsigned group = 1; group <= 3; group++) {
        must_register(&harness, group, 1, at(DAY_D, 9, 0));
        assert_int_equal(do_ask(&harness, group, ask_a, 1, at(DAY_D, 13, 0)), OK);
    }
    index = (uint32_t) (DAY_D - harness.chain_first_day + 1);
    harness_advance(&harness, at(DAY_D + 1, 11, 30)); /* closed */
    harness.now_us = at(DAY_D + 1, 12, 0);
    assert_int_equal(reveal(&harness, DAY_D, index, at(DAY_D + 1, 12, 0)), OK);
    assert_int_equal(
        tn_day_draw_load(&harness.decider, DAY_D, &harness.arena, &draw, &harness.error), TN_OK);
    assert_int_equal(draw.input.group_count, 3);
    key = tn_key_pool_entry(DAY_D, draw.input.groups[1].gid);
    assert_int_equal(tn_rows_delete(harness.decider.state->rows[TN_CORE_QUEUE],
                                    tn_row_key_view(&key), &harness.error),
                     TN_OK);
    assert_int_equal(
        tn_day_draw_load(&harness.decider, DAY_D, &harness.arena, &draw, &harness.error),
        TN_CORRUPT);
    assert_non_null(strstr(harness.error.text, "has 2 groups"));
    harness_close(&harness);
}

/* ---- R03, R04: groups stay whole ---- */

static void R03_nobody_is_put_out_of_a_group_that_holds_seats(void **state)
{
    struct harness harness;
    struct tn_registration_row row;
    struct tn_event event;

    (void) state;
    open_from(&harness, DAY_D);
    must_win(&harness, 1, 4); /* three adults and a child */
    row = group_row(&harness, 1);
    assert_int_equal(row.holding, TN_HOLDS_OFFER);
    assert_int_equal(offer_row(&harness, 1).size, 4);
    must_register(&harness, 2, 1, at(DAY_D + 1, 12, 2));
    assert_int_equal(do_remove(&harness, 1, person(1, 1), person(1, 0), at(DAY_D + 1, 12, 3)),
                     TN_REFUSAL_not_by_own_act);
    assert_int_equal(do_remove(&harness, 1, person(1, 3), person(1, 3), at(DAY_D + 1, 12, 3)),
                     TN_REFUSAL_not_by_own_act); /* a child's act is nobody's */
    assert_int_equal(do_remove(&harness, 1, person(1, 3), person(1, 0), at(DAY_D + 1, 12, 3)),
                     TN_REFUSAL_not_by_own_act);
    assert_int_equal(do_add(&harness, 1, person(3, 0), true, at(DAY_D + 1, 12, 3)),
                     TN_REFUSAL_holds_offer);
    assert_int_equal(do_merge(&harness, 2, 1, at(DAY_D + 1, 12, 3)), TN_REFUSAL_holds_offer);
    assert_int_equal(do_merge(&harness, 1, 2, at(DAY_D + 1, 12, 3)), TN_REFUSAL_holds_offer);
    assert_int_equal(do_withdraw(&harness, 1, at(DAY_D + 1, 12, 3)), TN_REFUSAL_holds_offer);
    assert_int_equal(do_remove(&harness, 1, person(1, 2), person(1, 2), at(DAY_D + 1, 12, 4)), OK);
    assert_int_equal(do_accept(&harness, 1, at(DAY_D + 1, 13, 0)), OK);
    row = group_row(&harness, 1);
    assert_int_equal(row.members.count, 3);
    assert_int_equal(row.holding, TN_HOLDS_APPOINTMENT);
    /* Once more, now from an appointment; the seats stay the group's. */
    assert_int_equal(do_remove(&harness, 1, person(1, 1), person(1, 1), at(DAY_D + 1, 14, 0)), OK);
    event = last_of(&harness, TN_KIND_appointment_confirmed);
    assert_int_equal(seats_of(&event.body.appointment_confirmed.seats), 4);
    assert_int_equal(do_cancel(&harness, 1, at(DAY_D + 1, 15, 0)), OK);
    event = last_of(&harness, TN_KIND_seats_returned);
    assert_int_equal(seats_of(&event.body.seats_returned.seats), 4);
    close_replayed(&harness);
}

static void R04_every_change_names_who_made_it_and_acceptance_shows_the_group(void **state)
{
    struct harness harness;
    struct tn_command command = {0};
    struct tn_event event;
    struct tn_registration_row row;
    uint8_t id[TN_ID_SIZE];
    uint8_t members[2][TN_ID_SIZE];
    uint8_t tags[2][TN_ID_SIZE];

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 1, 2, at(DAY_D, 9, 0));
    assert_int_equal(do_add(&harness, 1, person(1, 2), true, at(DAY_D, 9, 1)), OK);
    event = last_of(&harness, TN_KIND_member_added);
    make_id(id, 'r', 1);
    assert_memory_equal(event.body.member_added.by, id, TN_ID_SIZE);
    assert_int_equal(do_remove(&harness, 1, person(1, 1), person(1, 0), at(DAY_D, 9, 2)), OK);
    event = last_of(&harness, TN_KIND_member_removed);
    make_id(id, 'm', person(1, 0));
    assert_memory_equal(event.body.member_removed.by, id, TN_ID_SIZE);
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D, 13, 0)), OK);
    harness_advance(&harness, at(DAY_D + 1, 12, 1));
    /* Whoever accepts has seen who is in the group: with another list it is refused. */
    command = command_by(TN_COMMAND_accept_offer, 1, at(DAY_D + 1, 12, 2));
    row = group_row(&harness, 1);
    make_id(command.facts.accept_offer_facts.registration, 'r', 1);
    memcpy(command.facts.accept_offer_facts.offer, row.offer, TN_ID_SIZE);
    make_id(members[0], 'm', person(1, 0));
    make_id(members[1], 'm', person(1, 1)); /* who was removed */
    memset(tags, 7, sizeof(tags));
    command.facts.accept_offer_facts.members =
        (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) members, 2};
    command.facts.accept_offer_facts.tags = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) tags, 2};
    assert_int_equal(harness_decide(&harness, &command), TN_REFUSAL_members_changed);
    assert_int_equal(do_accept(&harness, 1, at(DAY_D + 1, 12, 3)), OK);
    close_replayed(&harness);
}

static void R29_a_group_is_frozen_from_the_close_to_the_draw(void **state)
{
    struct harness harness;

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 1, 3, at(DAY_D, 9, 0));
    must_register(&harness, 2, 1, at(DAY_D, 9, 0));
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D, 13, 0)), OK);
    assert_int_equal(do_add(&harness, 1, person(1, 4), true, at(DAY_D, 14, 0)), OK);
    assert_int_equal(do_add(&harness, 1, person(1, 5), true, at(DAY_D + 1, 11, 0)),
                     TN_REFUSAL_group_frozen);
    assert_int_equal(do_remove(&harness, 1, person(1, 1), person(1, 1), at(DAY_D + 1, 11, 1)),
                     TN_REFUSAL_group_frozen);
    assert_int_equal(do_withdraw(&harness, 1, at(DAY_D + 1, 11, 2)), TN_REFUSAL_group_frozen);
    assert_int_equal(do_merge(&harness, 2, 1, at(DAY_D + 1, 11, 3)), TN_REFUSAL_group_frozen);
    assert_int_equal(do_merge(&harness, 1, 2, at(DAY_D + 1, 11, 3)), TN_REFUSAL_group_frozen);
    harness_advance(&harness, at(DAY_D + 1, 12, 0));
    assert_int_equal(offer_row(&harness, 1).size, 4);
    close_replayed(&harness);
}

/* The draw of D is awaited all day: the window of D + 1 alone decides who is in its pool. */
static void R29_a_group_is_frozen_when_its_window_is_over_though_its_pool_is_open(void **state)
{
    struct harness harness;
    struct tn_command command;
    struct tn_facts_add_member *add = &command.facts.add_member_facts;
    struct tn_event closed;
    struct tn_due due;
    bool opening;

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 1, 2, at(DAY_D, 9, 0));
    harness_advance(&harness, at(DAY_D + 1, 11, 30));
    assert_true(harness_next_due(&harness, &due, &opening) && opening);
    harness_emit_one(&harness, due.due_us);
    command = command_by(TN_COMMAND_request_appointment, 1, at(DAY_D + 1, 13, 0));
    make_id(command.facts.request_appointment_facts.registration, 'r', 1);
    command.facts.request_appointment_facts.ports = (struct tn_uints){ask_a, 1};
    command.facts.request_appointment_facts.zone_version = zone_version(&harness, command.time_us);
    command.facts.request_appointment_facts.zone_result = TN_ZONE_INSIDE;
    assert_int_equal(harness_decide_paused(&harness, &command), OK);
    for (uint64_t minute = 59; minute <= 65; minute += 6) {
        command =
            command_by(TN_COMMAND_add_member, 1, at(DAY_D + 2, 10, 0) + minute * TN_MINUTE_US);
        make_id(add->registration, 'r', 1);
        make_member(&add->member, person(1, minute == 59 ? 2 : 4));
        add->today = DAY_D + 2;
        assert_int_equal(harness_decide_paused(&harness, &command),
                         minute < 60 ? OK : TN_REFUSAL_group_frozen);
    }
    /* It closes when the draw before is done, and says so. */
    harness_advance(&harness, at(DAY_D + 2, 11, 7));
    closed = last_of(&harness, TN_KIND_pool_closed);
    assert_int_equal(closed.body.pool_closed.day, DAY_D + 1);
    assert_int_equal(closed.body.pool_closed.groups, 1);
    assert_int_equal(closed.body.pool_closed.due_us, at(DAY_D + 2, 11, 5));
    assert_int_equal(closed.time_us, at(DAY_D + 2, 11, 5));
    harness_close(&harness); /* the draw was late on purpose, and a replay says so */
}

/* ---- R05, R06: one person, one chance ---- */

static void R05_a_person_counts_in_one_live_registration(void **state)
{
    struct harness harness;
    const uint64_t both[] = {person(1, 0), person(2, 0)};
    const uint64_t twice[] = {person(4, 0), person(4, 0)};
    struct tn_registration_row row;

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 1, 2, at(DAY_D, 9, 0));
    assert_int_equal(do_register(&harness, 2, both, 2, at(DAY_D, 9, 1)),
                     TN_REFUSAL_person_in_live_registration);
    assert_int_equal(do_register(&harness, 2, &both[1], 1, at(DAY_D, 9, 2)), OK);
    assert_int_equal(do_add(&harness, 2, person(1, 0), true, at(DAY_D, 9, 3)),
                     TN_REFUSAL_person_in_live_registration);
    assert_int_equal(do_register(&harness, 4, twice, 2, at(DAY_D, 9, 3)),
                     TN_REFUSAL_person_twice_in_group);
    /* Who has left may count elsewhere, and then the first group cannot come back with them. */
    assert_int_equal(do_withdraw(&harness, 1, at(DAY_D, 9, 4)), OK);
    assert_int_equal(do_add(&harness, 2, person(1, 0), true, at(DAY_D, 9, 5)), OK);
    assert_int_equal(do_restore(&harness, 1, at(DAY_D, 9, 6)),
                     TN_REFUSAL_person_in_live_registration);
    assert_int_equal(do_remove(&harness, 2, person(1, 0), person(2, 0), at(DAY_D, 9, 7)), OK);
    assert_int_equal(do_restore(&harness, 1, at(DAY_D, 9, 8)), OK);
    row = group_row(&harness, 1);
    assert_int_equal(row.state, TN_REGISTRATION_LIVE);
    close_replayed(&harness);
}

static void R06_a_new_registration_gets_no_new_ticket_within_the_day(void **state)
{
    struct harness harness;
    const uint64_t one[] = {person(1, 0)};
    struct tn_pool_row pool;
    bool found;

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 1, 1, at(DAY_D, 9, 0));
    must_register(&harness, 3, 1, at(DAY_D, 9, 0));
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D, 13, 0)), OK);
    assert_int_equal(do_ask(&harness, 3, ask_a, 1, at(DAY_D, 13, 0)), OK);
    /* Withdrawn and asked again: the same place in the pool. */
    assert_int_equal(do_unask(&harness, 1, DAY_D, at(DAY_D, 13, 1)), OK);
    assert_int_equal(do_ask(&harness, 1, ask_ab, 2, at(DAY_D, 13, 2)), OK);
    assert_int_equal(do_withdraw(&harness, 1, at(DAY_D, 13, 3)), OK);
    assert_int_equal(do_register(&harness, 2, one, 1, at(DAY_D, 13, 4)), OK);
    assert_int_equal(do_ask(&harness, 2, ask_a, 1, at(DAY_D, 13, 5)),
                     TN_REFUSAL_person_asked_today);
    assert_int_equal(do_add(&harness, 2, person(2, 1), true, at(DAY_D, 13, 5)), OK);
    assert_int_equal(do_ask(&harness, 2, ask_a, 1, at(DAY_D, 13, 6)),
                     TN_REFUSAL_person_asked_today);
    /* Nor by way of a group that asked already, alone or with others. */
    assert_int_equal(do_merge(&harness, 3, 2, at(DAY_D, 13, 7)), TN_REFUSAL_destinations_differ);
    must_register(&harness, 5, 1, at(DAY_D, 13, 7)); /* the destination of 2 */
    assert_int_equal(do_ask(&harness, 5, ask_a, 1, at(DAY_D, 13, 8)), OK);
    assert_int_equal(do_merge(&harness, 5, 2, at(DAY_D, 13, 9)), TN_REFUSAL_person_asked_today);
    assert_int_equal(do_remove(&harness, 2, person(1, 0), person(1, 0), at(DAY_D, 13, 9)), OK);
    assert_int_equal(do_add(&harness, 3, person(1, 0), true, at(DAY_D, 13, 9)),
                     TN_REFUSAL_person_asked_today);
    /* The first registration may ask again, with its own ticket. */
    assert_int_equal(do_restore(&harness, 1, at(DAY_D, 13, 10)), OK);
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D, 13, 11)), OK);
    tn_arena_reset(&harness.arena);
    read_pool(&harness, DAY_D, 1, &pool, &found);
    assert_true(found && pool.state == TN_POOL_ASKED);
    /* The next day is another day. */
    assert_int_equal(do_decline(&harness, 1, at(DAY_D + 1, 12, 1)), OK);
    assert_int_equal(do_withdraw(&harness, 1, at(DAY_D + 1, 12, 2)), OK);
    assert_int_equal(do_register(&harness, 6, one, 1, at(DAY_D + 1, 12, 3)), OK);
    assert_int_equal(do_ask(&harness, 6, ask_a, 1, at(DAY_D + 1, 12, 4)), OK);
    close_replayed(&harness);
}

static void R06_a_restored_group_does_not_carry_another_ticket_in(void **state)
{
    struct harness harness;
    const uint64_t one[] = {person(1, 1)};

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 1, 2, at(DAY_D, 9, 0));
    assert_int_equal(do_withdraw(&harness, 1, at(DAY_D, 12, 1)), OK);
    assert_int_equal(do_register(&harness, 2, one, 1, at(DAY_D, 12, 2)), OK);
    assert_int_equal(do_ask(&harness, 2, ask_a, 1, at(DAY_D, 12, 3)), OK);
    assert_int_equal(do_withdraw(&harness, 2, at(DAY_D, 12, 4)), OK);
    assert_int_equal(do_restore(&harness, 1, at(DAY_D, 12, 5)), OK);
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D, 12, 6)),
                     TN_REFUSAL_person_asked_today);
    close_replayed(&harness);
}

static void R06_who_leaves_a_merged_group_has_asked_already(void **state)
{
    struct harness harness;
    const uint64_t one[] = {person(4, 0)};

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 1, 1, at(DAY_D, 9, 0));
    must_register(&harness, 4, 1, at(DAY_D, 9, 0)); /* the same destination */
    assert_int_equal(do_ask(&harness, 4, ask_a, 1, at(DAY_D, 13, 0)), OK);
    assert_int_equal(do_merge(&harness, 1, 4, at(DAY_D, 13, 1)), OK);
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D, 13, 2)),
                     TN_REFUSAL_person_asked_today);
    assert_int_equal(do_remove(&harness, 1, person(4, 0), person(4, 0), at(DAY_D, 13, 3)), OK);
    assert_int_equal(do_register(&harness, 7, one, 1, at(DAY_D, 13, 4)), OK);
    assert_int_equal(do_ask(&harness, 7, ask_a, 1, at(DAY_D, 13, 5)),
                     TN_REFUSAL_person_asked_today);
    close_replayed(&harness);
}

static void R06_seniority_survives_restore_and_merge_and_is_not_lent(void **state)
{
    struct harness harness;
    struct tn_pool_row pool;
    bool found;

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 1, 1, at(DAY_D, 9, 0));
    must_register(&harness, 4, 1, at(DAY_D + 3, 9, 0));
    assert_int_equal(do_withdraw(&harness, 1, at(DAY_D + 3, 9, 1)), OK);
    assert_int_equal(do_restore(&harness, 1, at(DAY_D + 4, 9, 1)), OK);
    assert_int_equal(group_row(&harness, 1).registered_day, DAY_D);
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D + 4, 13, 0)), OK);
    /* The merged group is as senior as its latest adult, whoever the request was made by. */
    assert_int_equal(do_merge(&harness, 1, 4, at(DAY_D + 4, 13, 1)), OK);
    assert_int_equal(group_row(&harness, 1).registered_day, DAY_D + 3);
    assert_int_equal(group_row(&harness, 1).members.items[0].added_day, DAY_D);
    tn_arena_reset(&harness.arena);
    read_pool(&harness, DAY_D + 4, 1, &pool, &found);
    assert_int_equal(pool.registered_day, DAY_D + 3);
    assert_int_equal(pool.size, 2);
    /* A child lends and takes nothing; the latecomer leaves and takes their date away. */
    assert_int_equal(do_add(&harness, 1, person(1, 3), false, at(DAY_D + 4, 13, 2)), OK);
    assert_int_equal(group_row(&harness, 1).registered_day, DAY_D + 3);
    assert_int_equal(do_remove(&harness, 1, person(4, 0), person(1, 0), at(DAY_D + 4, 13, 3)), OK);
    assert_int_equal(group_row(&harness, 1).registered_day, DAY_D);
    tn_arena_reset(&harness.arena);
    read_pool(&harness, DAY_D + 4, 1, &pool, &found);
    assert_int_equal(pool.registered_day, DAY_D);
    assert_int_equal(pool.size, 2);
    close_replayed(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R01_order_of_arrival_changes_no_byte_of_a_draw),
        cmocka_unit_test(R03_nobody_is_put_out_of_a_group_that_holds_seats),
        cmocka_unit_test(R04_every_change_names_who_made_it_and_acceptance_shows_the_group),
        cmocka_unit_test(R05_a_person_counts_in_one_live_registration),
        cmocka_unit_test(R06_a_new_registration_gets_no_new_ticket_within_the_day),
        cmocka_unit_test(R06_a_restored_group_does_not_carry_another_ticket_in),
        cmocka_unit_test(R06_who_leaves_a_merged_group_has_asked_already),
        cmocka_unit_test(R06_seniority_survives_restore_and_merge_and_is_not_lent),
        cmocka_unit_test(R07_each_draw_names_its_policy_and_the_share_comes_out_to_the_seat),
        cmocka_unit_test(R08_the_secret_is_committed_before_and_a_day_is_drawn_once),
        cmocka_unit_test(R08_a_draw_is_of_everybody_with_whom_its_pool_was_closed),
        cmocka_unit_test(R29_a_group_is_frozen_from_the_close_to_the_draw),
        cmocka_unit_test(R29_a_group_is_frozen_when_its_window_is_over_though_its_pool_is_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
