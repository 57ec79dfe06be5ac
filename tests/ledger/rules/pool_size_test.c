/* What fits an entry when a day's pool closes, against events that are really encoded. */
#include "tests/ledger/base/unit.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/event/event.h"
#include "ledger/rules/draw.h"
#include "ledger/rules/policy_history.h"
#include "ledger/rules/pool_size.h"

#define DATE_MAX 2932896u
#define RUNS_MAX 8192u

/* The largest close of a policy's pool: every slot of every date free, an overshoot repaid seat by
 * seat, with hard packing all the held groups there may be, every number as long as it gets. */
static size_t largest_close(const struct tn_policy *policy)
{
    static struct tn_run runs[RUNS_MAX];
    static struct tn_seat_move moves[TN_POLICY_SIZE_MAX];
    static struct tn_held_group held[TN_DRAW_HELD_COUNT_MAX];
    static struct tn_pool_port ports[TN_POLICY_PORTS_MAX];
    static uint8_t ids[TN_POLICY_WITNESSES_MAX][TN_ID_SIZE];
    size_t run_count = (policy->horizon_days - policy->notice_min_days + 1) * policy->slot_count;
    struct tn_event event = {.version = 1, .kind = TN_KIND_pool_closed, .time_us = UINT64_MAX};
    struct tn_pool_closed *closed = &event.body.pool_closed;
    struct tn_buffer out;
    size_t size;

    assert_in_range(run_count, 1, RUNS_MAX);
    memset(ids, 0xee, sizeof(ids));
    for (size_t i = 0; i < run_count; i++) {
        runs[i] = (struct tn_run){DATE_MAX, 1439, TN_DRAW_SEATS_MAX};
    }
    for (size_t i = 0; i < TN_POLICY_SIZE_MAX; i++) {
        moves[i] = (struct tn_seat_move){UINT16_MAX, DATE_MAX, 1439, UINT16_MAX, DATE_MAX, 1439, 1};
    }
    for (size_t i = 0; i < TN_DRAW_HELD_COUNT_MAX; i++) {
        held[i] = (struct tn_held_group){.basis = 2, .size = 32, .registered_day = DATE_MAX};
        memset(held[i].gid, 0xee, TN_ID_SIZE);
        memset(held[i].registration, 0xee, TN_ID_SIZE);
    }
    for (uint32_t p = 0; p < policy->port_count; p++) {
        ports[p] = (struct tn_pool_port){
            .port = UINT16_MAX,
            .moves = {moves, policy->size_max - 1},
            .line = {runs, run_count},
            .pcredit = -TN_DRAW_CREDIT_MAX,
            .acc = 999999,
            .held = {held, policy->packing == TN_PACKING_HARD ? TN_DRAW_HELD_COUNT_MAX : 0},
        };
    }
    *closed = (struct tn_pool_closed){
        .day = UINT32_MAX,
        .service_date = UINT32_MAX,
        .policy = UINT32_MAX,
        .groups = UINT64_MAX,
        .mode = 1,
        .ports = {ports, policy->port_count},
        .due_us = UINT64_MAX,
        .witnesses = {(const uint8_t(*)[TN_ID_SIZE]) ids, TN_POLICY_WITNESSES_MAX},
        .beacon = TN_BEACON_MANUAL,
        .round = UINT64_MAX,
    };
    memset(closed->root, 0xee, TN_HASH_SIZE);
    tn_buffer_init(&out, (size_t) 1 << 24);
    tn_event_encode(&event, &out);
    assert_int_equal(tn_buffer_status(&out), TN_OK);
    size = out.size;
    tn_buffer_close(&out);
    return size;
}

static void make(struct tn_policy *policy, uint32_t ports, uint32_t slots, uint32_t horizon,
                 uint32_t size_max, enum tn_policy_packing packing)
{
    tn_policy_initial(UINT64_C(1700000000000000), policy);
    policy->port_count = ports;
    policy->slot_count = slots;
    policy->seats_per_day = TN_POLICY_SEATS_MAX;
    policy->horizon_days = horizon;
    policy->size_max = size_max;
    policy->packing = packing;
    for (uint32_t p = 0; p < ports; p++) {
        policy->ports[p] = policy->ports[0];
        policy->ports[p].code = (uint16_t) (2300 + p);
        policy->ports[p].weight = 1;
    }
    for (uint32_t s = 0; s < slots; s++) {
        policy->slots[s] = (uint16_t) (s * 30);
    }
    assert_int_equal(tn_policy_validate(policy, NULL), TN_OK);
}

/* Over the shapes of policies: what is allowed fits, and the bound is not far from what is there.
 */
static void what_is_allowed_fits_and_nothing_much_smaller_is_refused(void **state)
{
    static const struct {
        uint32_t ports;
        uint32_t horizon;
        uint32_t size_max;
        enum tn_policy_packing packing;
    } rows[] = {
        {8, 21, 10, TN_PACKING_STRADDLE},  {8, 21, 32, TN_PACKING_HARD},
        {16, 21, 10, TN_PACKING_STRADDLE}, {16, 14, 32, TN_PACKING_HARD},
        {1, 366, 1, TN_PACKING_STRADDLE},  {2, 90, 8, TN_PACKING_HARD},
        {3, 60, 32, TN_PACKING_STRADDLE},
    };
    struct tn_policy policy;

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool refused = false;

        for (uint32_t slots = 1; slots <= TN_POLICY_SLOTS_MAX; slots++) {
            struct tn_pool_reach reach = {0};
            struct tn_error error = {0};
            size_t bytes;

            make(&policy, rows[i].ports, slots, rows[i].horizon, rows[i].size_max, rows[i].packing);
            if ((size_t) (rows[i].horizon - 2) * slots > RUNS_MAX) {
                break;
            }
            bytes = largest_close(&policy);
            tn_pool_reach_policy(&reach, &policy);
            assert_in_range(tn_pool_reach_bytes(&reach), bytes, bytes + 16 + 20 * rows[i].ports);
            if (tn_policy_check_pool(&policy, &error) == TN_OK) {
                assert_false(refused);
                assert_in_range(bytes, 1, TN_EVENT_BYTES_MAX);
            } else {
                refused = true;
                assert_int_equal(error.status, TN_REFUSED);
                assert_non_null(strstr(error.text, "65535"));
            }
        }
        assert_true(refused);
    }
}

/* The history, and it twice over, is allowed. */
static void the_real_programme_has_room(void **state)
{
    struct tn_policy policy;

    (void) state;
    tn_policy_initial(UINT64_C(1700000000000000), &policy);
    assert_int_equal(tn_policy_check_pool(&policy, NULL), TN_OK);
    make(&policy, 8, 16, 21, 10, TN_PACKING_STRADDLE);
    assert_int_equal(tn_policy_check_pool(&policy, NULL), TN_OK);
    make(&policy, 8, 48, 21, 10, TN_PACKING_STRADDLE);
    assert_int_equal(tn_policy_check_pool(&policy, NULL), TN_REFUSED);
    assert_true(largest_close(&policy) > TN_EVENT_BYTES_MAX);
}

/* Ports with fewer seats than slots have one slot, and those without seats none. */
static void slots_without_seats_do_not_count(void **state)
{
    struct tn_policy policy;
    struct tn_pool_reach reach = {0};

    (void) state;
    make(&policy, 3, 8, 21, 10, TN_PACKING_STRADDLE);
    policy.seats_per_day = 20;
    policy.ports[0].weight = 16;
    policy.ports[1].weight = 4;
    policy.ports[2].weight = 0;
    tn_pool_reach_policy(&reach, &policy);
    assert_int_equal(reach.port_count, 3);
    assert_int_equal(reach.ports[0].slots, 8);
    assert_int_equal(reach.ports[1].slots, 1);
    assert_int_equal(reach.ports[2].slots, 0);
}

static void of_several_policies_the_most_counts(void **state)
{
    struct tn_policy wide;
    struct tn_policy tall;
    struct tn_pool_reach reach = {0};

    (void) state;
    make(&wide, 8, 24, 12, 10, TN_PACKING_STRADDLE);
    make(&tall, 8, 4, 60, 10, TN_PACKING_STRADDLE);
    assert_int_equal(tn_policy_check_pool(&wide, NULL), TN_OK);
    assert_int_equal(tn_policy_check_pool(&tall, NULL), TN_OK);
    tn_pool_reach_policy(&reach, &wide);
    tn_pool_reach_policy(&reach, &tall);
    assert_int_equal(reach.ports[0].slots, 24);
    assert_int_equal(reach.dates, 58);
    assert_int_equal(tn_pool_reach_check(&reach, NULL), TN_REFUSED);
    /* More ports than are looked at are refused, however few slots they have. */
    reach = (struct tn_pool_reach){.dates = 1};
    for (uint64_t port = 1; port <= TN_POOL_REACH_PORTS_MAX; port++) {
        tn_pool_reach_port(&reach, port, 1);
    }
    assert_int_equal(tn_pool_reach_check(&reach, NULL), TN_OK);
    tn_pool_reach_port(&reach, TN_POOL_REACH_PORTS_MAX + 1, 1);
    assert_int_equal(tn_pool_reach_check(&reach, NULL), TN_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_allowed_fits_and_nothing_much_smaller_is_refused),
        cmocka_unit_test(the_real_programme_has_room),
        cmocka_unit_test(slots_without_seats_do_not_count),
        cmocka_unit_test(of_several_policies_the_most_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
