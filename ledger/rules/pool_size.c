/* The worst case is put together from encoded parts, so that it follows the encoding by itself. */
#include "ledger/rules/pool_size.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/event/event.h"
#include "ledger/rules/draw.h"

#define DATE_MAX 2932896u /* 9999-12-31 */
#define MINUTE_MAX 1439u
/* The key and the count of a list, as long as they get (array 32). */
#define LIST_HEAD_BYTES 6u

/* What all dates of a draw have together is what a line has when every seat is moved to one port.
 */
_Static_assert((uint64_t) TN_POLICY_SEATS_MAX *(TN_POLICY_HORIZON_DAYS_MAX + 1) <=
                   TN_DRAW_SEATS_MAX,
               "the seats of every date of a draw are counted by 32 bits");
_Static_assert(TN_EVENT_BYTES_MAX < TN_DRAW_LINE_COUNT_MAX, "a line that fits an entry is drawn");

/* ---- what can be in a pool ---- */

void tn_pool_reach_port(struct tn_pool_reach *reach, uint64_t port, uint64_t slots)
{
    size_t i = 0;

    while (i < reach->port_count && reach->ports[i].port != port) {
        i++;
    }
    if (i == TN_POOL_REACH_PORTS_MAX) {
        reach->overflowed = true;
        return;
    }
    if (i == reach->port_count) {
        reach->ports[reach->port_count++].port = port;
        reach->ports[i].slots = 0;
    }
    reach->ports[i].slots = slots > reach->ports[i].slots ? slots : reach->ports[i].slots;
}

void tn_pool_reach_past(struct tn_pool_reach *reach, const struct tn_policy *policy)
{
    reach->size_max = policy->size_max > reach->size_max ? policy->size_max : reach->size_max;
    reach->hard = reach->hard || policy->packing == TN_PACKING_HARD;
}

void tn_pool_reach_policy(struct tn_pool_reach *reach, const struct tn_policy *policy)
{
    uint64_t dates = (uint64_t) policy->horizon_days - policy->notice_min_days + 1;
    uint32_t seats[TN_POLICY_PORTS_MAX];

    tn_pool_reach_past(reach, policy);
    reach->dates = dates > reach->dates ? dates : reach->dates;
    tn_policy_port_seats(policy, seats);
    for (uint32_t p = 0; p < policy->port_count; p++) {
        /* Seats that are fewer than slots are all in the first. */
        uint64_t slots = seats[p] >= policy->slot_count ? policy->slot_count : seats[p] > 0 ? 1 : 0;

        tn_pool_reach_port(reach, policy->ports[p].code, slots);
    }
}

/* ---- its bytes ---- */

static uint64_t record_bytes(const struct tn_record *record, const void *value)
{
    struct tn_buffer out;
    uint64_t size;

    tn_buffer_init(&out, TN_EVENT_BYTES_MAX);
    tn_record_encode(record, value, &out);
    TN_CHECK(tn_buffer_status(&out) == TN_OK);
    size = out.size;
    tn_buffer_close(&out);
    return size;
}

/* The event around its lists, with every witness there may be. */
static uint64_t event_bytes(void)
{
    static const uint8_t witnesses[TN_POLICY_WITNESSES_MAX][TN_ID_SIZE];
    struct tn_event event = {
        .version = 1,
        .kind = TN_KIND_pool_closed,
        .time_us = UINT64_MAX,
        .body.pool_closed =
            {
                .day = UINT32_MAX,
                .service_date = UINT32_MAX,
                .policy = UINT32_MAX,
                .groups = UINT64_MAX,
                .mode = 1,
                .due_us = UINT64_MAX,
                .witnesses = {witnesses, TN_POLICY_WITNESSES_MAX},
                .beacon = TN_BEACON_MANUAL,
                .round = UINT64_MAX,
            },
    };
    struct tn_buffer out;
    uint64_t size;

    memset(event.body.pool_closed.root, 0xff, TN_HASH_SIZE);
    tn_buffer_init(&out, TN_EVENT_BYTES_MAX);
    tn_event_encode(&event, &out);
    TN_CHECK(tn_buffer_status(&out) == TN_OK);
    size = out.size + 2 * LIST_HEAD_BYTES; /* the ports, and who is left out */
    tn_buffer_close(&out);
    return size;
}

/* A port around its line, with the moves that repay an overshoot. */
static uint64_t port_bytes(uint64_t size_max)
{
    static const struct tn_pool_port port = {
        .port = UINT16_MAX, .pcredit = -TN_DRAW_CREDIT_MAX, .acc = TN_PPM - 1};
    static const struct tn_seat_move move = {.port = UINT16_MAX,
                                             .date = DATE_MAX,
                                             .minute = MINUTE_MAX,
                                             .to_port = UINT16_MAX,
                                             .to_date = DATE_MAX,
                                             .to_minute = MINUTE_MAX,
                                             .seats = TN_POLICY_SIZE_MAX};
    uint64_t moves = size_max > 0 ? size_max - 1 : 0; /* one slot owes; each gives a seat or more */

    return record_bytes(&tn_record_pool_port, &port) + 3 * LIST_HEAD_BYTES +
           moves * record_bytes(&tn_record_seat_move, &move);
}

/* Groups that hard packing held at a port: each is listed there, or its gid as left out. */
static uint64_t held_bytes(void)
{
    struct tn_held_group held = {
        .basis = 2, .size = TN_POLICY_SIZE_MAX, .registered_day = DATE_MAX};

    memset(held.gid, 0xff, TN_ID_SIZE);
    memset(held.registration, 0xff, TN_ID_SIZE);
    return TN_DRAW_HELD_COUNT_MAX * record_bytes(&tn_record_held_group, &held);
}

uint64_t tn_pool_reach_bytes(const struct tn_pool_reach *reach)
{
    static const struct tn_run run = {DATE_MAX, MINUTE_MAX, TN_DRAW_SEATS_MAX};
    uint64_t port = port_bytes(reach->size_max) + (reach->hard ? held_bytes() : 0);
    uint64_t slot = reach->dates * record_bytes(&tn_record_run, &run);
    uint64_t bytes = event_bytes();

    for (size_t i = 0; i < reach->port_count; i++) {
        bytes += port + reach->ports[i].slots * slot;
    }
    return bytes;
}

enum tn_status tn_pool_reach_check(const struct tn_pool_reach *reach, struct tn_error *error)
{
    uint64_t bytes = tn_pool_reach_bytes(reach);
    uint64_t slots = 0;

    for (size_t i = 0; i < reach->port_count; i++) {
        slots += reach->ports[i].slots;
    }
    if (bytes <= TN_EVENT_BYTES_MAX && !reach->overflowed) {
        return TN_OK;
    }
    return tn_fail(error, TN_REFUSED,
                   "the close of a day's pool may need %" PRIu64 " bytes, and an entry of the log "
                   "has at most %u, so that the day could never be drawn: %zu ports with together "
                   "%" PRIu64 " slots a date, %" PRIu64 " dates a draw; take fewer ports or slots, "
                   "or a shorter horizon",
                   bytes, TN_EVENT_BYTES_MAX, reach->port_count, slots, reach->dates);
}

enum tn_status tn_policy_check_pool(const struct tn_policy *policy, struct tn_error *error)
{
    struct tn_pool_reach reach = {0};

    tn_pool_reach_policy(&reach, policy);
    return tn_pool_reach_check(&reach, error);
}
