/* Nothing is published that would make the close of a pool outgrow an entry of the log: the day
 * could never be drawn, and the desk would stand still. */
#include "ledger/rules/pool_size.h"
#include "tests/projections/harness/setting.h"

#define PORTS 8u
#define HORIZON 21u

/* So many slots at eight ports, three seats in each. */
static void make_wide(struct tn_policy *policy, uint32_t version, uint64_t effective_us,
                      uint32_t slots, uint32_t horizon)
{
    make_policy(policy, version, effective_us);
    policy->horizon_days = horizon;
    policy->slot_count = slots;
    for (uint32_t s = 0; s < slots; s++) {
        policy->slots[s] = (uint16_t) (s * 30);
    }
    for (uint32_t p = policy->port_count; p < PORTS; p++) {
        policy->ports[p] = policy->ports[0];
        policy->ports[p].code = (uint16_t) (3000 + p);
    }
    policy->port_count = PORTS;
    for (uint32_t p = 0; p < PORTS; p++) {
        policy->ports[p].weight = 1;
    }
    policy->seats_per_day = PORTS * slots * 3;
}

/* The most slots that a policy may have with a horizon. */
static uint32_t most_slots(uint32_t horizon)
{
    struct tn_policy policy;
    uint32_t slots = 0;

    do {
        make_wide(&policy, 1, at(DAY_D, 8, 0), slots + 1, horizon);
    } while (tn_policy_check_pool(&policy, NULL) == TN_OK && ++slots < TN_POLICY_SLOTS_MAX);
    return slots;
}

static void the_widest_policy_is_drawn_and_a_wider_one_refused(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    struct tn_event closed;
    struct tn_buffer entry;
    uint32_t slots = most_slots(HORIZON);
    size_t runs = 0;

    (void) state;
    assert_in_range(slots, 8, TN_POLICY_SLOTS_MAX - 1);
    harness_open(&harness);
    make_wide(&policy, 1, at(DAY_D, 8, 0), slots, HORIZON);
    harness_found(&harness, &policy, at(DAY_D, 8, 0));
    make_wide(&policy, 2, at(DAY_D + 1, 8, 0), slots + 1, HORIZON);
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 10)), TN_REFUSAL_pool_too_large);
    make_wide(&policy, 2, at(DAY_D + 1, 8, 0), slots, HORIZON + 1);
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 10)), TN_REFUSAL_pool_too_large);
    make_wide(&policy, 2, at(DAY_D + 1, 8, 0), slots, HORIZON);
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 10)), OK);
    /* Nobody asks, so that in the end every slot of every date is in the line. */
    harness_advance(&harness, at(DAY_D + HORIZON + 1, 11, 0));
    closed = last_of(&harness, TN_KIND_pool_closed);
    for (size_t p = 0; p < PORTS; p++) {
        runs += closed.body.pool_closed.ports.items[p].line.count;
    }
    assert_int_equal(runs, PORTS * slots * (HORIZON - policy.notice_min_days + 1));
    tn_buffer_init(&entry, TN_EVENT_BYTES_MAX);
    tn_event_encode(&closed, &entry);
    assert_int_equal(tn_buffer_status(&entry), TN_OK);
    tn_buffer_close(&entry);
    close_replayed(&harness);
}

/* Each of the two could be drawn alone; dates of the one in a draw of the other could not. */
static void what_earlier_policies_published_counts_too(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    uint32_t few = most_slots(3 * HORIZON);
    uint32_t many = most_slots(HORIZON);

    (void) state;
    assert_true(few > 0 && few < many);
    harness_open(&harness);
    make_wide(&policy, 1, at(DAY_D, 8, 0), many, HORIZON);
    harness_found(&harness, &policy, at(DAY_D, 8, 0));
    make_wide(&policy, 2, at(DAY_D + 1, 8, 0), few, 3 * HORIZON);
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 10)), TN_REFUSAL_pool_too_large);
    /* First fewer slots; then, when the dates with many are over, the longer horizon. */
    make_wide(&policy, 2, at(DAY_D + 1, 8, 0), few, HORIZON);
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 10)), OK);
    make_wide(&policy, 3, at(DAY_D + 40, 8, 0), few, 3 * HORIZON);
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D + 2, 8, 0)), TN_REFUSAL_pool_too_large);
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D + 30, 8, 0)), OK);
    close_replayed(&harness);
}

static enum tn_refusal publish_slots(struct harness *harness, uint64_t date, size_t count,
                                     uint64_t seats, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_publish_capacity, time_us);
    struct tn_slot_capacity slots[TN_POLICY_SLOTS_MAX + 1];
    struct tn_port_capacity port = {.port = PORT_A,
                                    .ends_us = (date + 1) * TN_DAY_US + 7 * TN_HOUR_US,
                                    .slots = {slots, count}};

    for (size_t i = 0; i < count; i++) {
        slots[i] = (struct tn_slot_capacity){i, seats};
    }
    command.facts.publish_capacity_facts.date = date;
    command.facts.publish_capacity_facts.ports = (struct tn_port_capacity_list){&port, 1};
    command.facts.publish_capacity_facts.approvers = approvers();
    return harness_decide(harness, &command);
}

static void capacity_by_hand_fits_the_draws_that_reach_it(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    uint64_t date = DAY_D + 20;

    (void) state;
    open_from(&harness, DAY_D); /* four slots at three ports, four dates a draw */
    assert_int_equal(publish_slots(&harness, date, TN_POLICY_SLOTS_MAX + 1, 1, at(DAY_D, 8, 10)),
                     TN_REFUSAL_pool_too_large);
    assert_int_equal(
        publish_slots(&harness, date, 2, TN_POLICY_SEATS_MAX / 2 + 1, at(DAY_D, 8, 11)),
        TN_REFUSAL_pool_too_large);
    assert_int_equal(publish_slots(&harness, date, TN_POLICY_SLOTS_MAX, 1, at(DAY_D, 8, 12)), OK);
    /* What was published by hand holds a longer horizon back while the date is ahead. */
    make_policy(&policy, 2, at(DAY_D + 30, 8, 0));
    policy.horizon_days = 4 * HORIZON;
    assert_int_equal(tn_policy_check_pool(&policy, NULL), TN_OK);
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 20)), TN_REFUSAL_pool_too_large);
    harness_advance(&harness, at((uint32_t) date - 2, 11, 0));
    assert_true(last_of(&harness, TN_KIND_pool_closed).body.pool_closed.ports.items[0].line.count >
                TN_POLICY_SLOTS_MAX);
    assert_int_equal(do_publish(&harness, &policy, at((uint32_t) date + 4, 8, 0)), OK);
    close_replayed(&harness);
}

/* A port that is in no policy of a coming close is in no pool, though its dates lie ahead. */
static void a_port_that_left_makes_room_for_another(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    struct tn_event closed;
    uint32_t slots = most_slots(HORIZON);
    size_t runs = 0;

    (void) state;
    harness_open(&harness);
    make_wide(&policy, 1, at(DAY_D, 8, 0), slots, HORIZON);
    harness_found(&harness, &policy, at(DAY_D, 8, 0));
    make_wide(&policy, 2, at(DAY_D + 1, 8, 0), slots, HORIZON);
    policy.port_count--;
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 10)), OK);
    make_wide(&policy, 3, at(DAY_D + 2, 8, 0), slots, HORIZON);
    policy.ports[PORTS - 1].code = 4000;
    /* The day of the first policy is open until 11:00. */
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D + 1, 10, 0)),
                     TN_REFUSAL_pool_too_large);
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D + 1, 13, 0)), OK);
    harness_advance(&harness, at(DAY_D + HORIZON + 3, 11, 0));
    closed = last_of(&harness, TN_KIND_pool_closed);
    assert_int_equal(closed.body.pool_closed.ports.count, PORTS);
    for (size_t p = 0; p < PORTS; p++) {
        runs += closed.body.pool_closed.ports.items[p].line.count;
    }
    assert_int_equal(runs, PORTS * slots * (HORIZON - policy.notice_min_days + 1));
    close_replayed(&harness);
}

static void what_a_port_had_counts_when_it_comes_back(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    uint64_t date = DAY_D + 20;

    (void) state;
    open_from(&harness, DAY_D);
    assert_int_equal(publish_slots(&harness, date, TN_POLICY_SLOTS_MAX, 1, at(DAY_D, 8, 10)), OK);
    make_policy(&policy, 2, at(DAY_D + 30, 8, 0));
    policy.horizon_days = 4 * HORIZON;
    assert_int_equal(do_suspend(&harness, PORT_A, date, at(DAY_D, 8, 20)), OK);
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 21)), TN_REFUSAL_pool_too_large);
    assert_int_equal(do_resume_port(&harness, PORT_A, at(DAY_D, 8, 22)), OK);
    make_policy(&policy, 2, at(DAY_D + 1, 8, 0));
    memmove(&policy.ports[0], &policy.ports[1], 2 * sizeof(policy.ports[0])); /* without port A */
    policy.port_count = 2;
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D, 8, 30)), OK);
    /* It is gone once the first policy's day has closed; a document that has it counts its dates.
     */
    policy.version = 3;
    policy.effective_us = at(DAY_D + 30, 8, 0);
    policy.horizon_days = 4 * HORIZON;
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D + 1, 10, 0)),
                     TN_REFUSAL_pool_too_large);
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D + 3, 8, 0)), OK);
    make_policy(&policy, 4, at(DAY_D + 31, 8, 0));
    assert_int_equal(do_publish(&harness, &policy, at(DAY_D + 4, 8, 0)), TN_REFUSAL_pool_too_large);
    assert_int_equal(do_publish(&harness, &policy, at((uint32_t) date, 13, 0)),
                     TN_REFUSAL_pool_too_large);
    /* Until the dates that it left behind are over. */
    assert_int_equal(do_publish(&harness, &policy, at((uint32_t) date + 2, 8, 0)), OK);
    harness_advance(&harness, at(DAY_D + 33, 11, 0));
    assert_int_equal(last_of(&harness, TN_KIND_pool_closed).body.pool_closed.ports.items[0].port,
                     PORT_A);
    close_replayed(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_widest_policy_is_drawn_and_a_wider_one_refused),
        cmocka_unit_test(what_earlier_policies_published_counts_too),
        cmocka_unit_test(capacity_by_hand_fits_the_draws_that_reach_it),
        cmocka_unit_test(a_port_that_left_makes_room_for_another),
        cmocka_unit_test(what_a_port_had_counts_when_it_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
