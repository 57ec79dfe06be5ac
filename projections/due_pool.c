/* The close of a pool: who is in it, what its draw will read. And its end without a draw. */
#include <inttypes.h>
#include <string.h>

#include "ledger/log/tree.h"
#include "ledger/rules/bound.h"
#include "ledger/rules/seats.h"
#include "projections/due_internal.h"
#include "projections/keys.h"

/* ---- the pool ---- */

static bool grow_pool(struct tn_due_pool *pool)
{
    size_t capacity = pool->capacity > 0 ? pool->capacity * 2 : 1024;
    struct tn_draw_group *groups = tn_arena_array(pool->arena, capacity, sizeof(*groups));
    uint8_t(*registrations)[TN_ID_SIZE] = tn_arena_array(pool->arena, capacity, TN_ID_SIZE);
    uint8_t *held = tn_arena_alloc(pool->arena, capacity);

    if (!groups || !registrations || !held) {
        pool->status = TN_FULL;
        return false;
    }
    if (pool->count > 0) {
        memcpy(groups, pool->groups, pool->count * sizeof(*groups));
        memcpy(registrations, pool->registrations, pool->count * TN_ID_SIZE);
        memcpy(held, pool->held, pool->count);
    }
    pool->groups = groups;
    pool->held = held;
    pool->registrations = registrations;
    pool->capacity = capacity;
    return true;
}

static bool collect_group(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct tn_due_pool *pool = context;
    struct tn_pool_row row;
    struct tn_draw_group *group;

    tn_arena_reset(&pool->row_arena);
    pool->status = tn_record_decode_bytes(&tn_record_pool_row, value, &pool->row_arena, &row);
    if (pool->status != TN_OK || row.ports.count > TN_DRAW_GROUP_PORT_COUNT_MAX ||
        row.size > UINT8_MAX) {
        pool->status = TN_CORRUPT;
        return false;
    }
    if (row.state != TN_POOL_ASKED) {
        return true;
    }
    if (pool->count == pool->capacity && !grow_pool(pool)) {
        return false;
    }
    memcpy(pool->registrations[pool->count], row.registration, TN_ID_SIZE);
    pool->held[pool->count] = (uint8_t) row.held;
    group = &pool->groups[pool->count++];
    memset(group, 0, sizeof(*group));
    memcpy(group->gid, key.data + key.size - TN_ID_SIZE, TN_ID_SIZE);
    group->registered_day = (uint32_t) row.registered_day;
    group->size = (uint8_t) row.size;
    group->port_count = (uint8_t) row.ports.count;
    for (size_t i = 0; i < row.ports.count; i++) {
        group->ports[i] = (uint16_t) row.ports.items[i];
    }
    group->opened = true;
    return true;
}

enum tn_status tn_due_pool_load(struct tn_fetch *fetch, uint64_t day, struct tn_arena *arena,
                                struct tn_due_pool *pool)
{
    struct tn_row_key prefix = tn_key_pool(day);
    struct tn_rows *rows = fetch->decider->state->rows[TN_CORE_QUEUE];
    enum tn_status status = tn_rows_check(rows, tn_row_key_view(&prefix), fetch->error);

    *pool = (struct tn_due_pool){.day = day, .arena = arena};
    tn_arena_init(&pool->row_arena, (size_t) 1 << 16);
    if (status == TN_OK) {
        status = tn_rows_scan(rows, tn_row_key_view(&prefix), tn_bytes(NULL, 0), collect_group,
                              pool, fetch->error);
    }
    tn_arena_close(&pool->row_arena);
    if (status == TN_OK && pool->status != TN_OK) {
        status =
            tn_fail(fetch->error, pool->status, "the pool of day %" PRIu64 " cannot be read", day);
    }
    return status;
}

void tn_due_pool_salt(struct tn_due_pool *pool, const uint8_t gid_key[static TN_HASH_SIZE])
{
    for (size_t i = 0; i < pool->count; i++) {
        tn_draw_salt(pool->groups[i].salt, gid_key, (uint32_t) pool->day, pool->registrations[i]);
    }
}

/* A scan gives the leaves in the order of their gids already. */
void tn_due_pool_root(const struct tn_due_pool *pool, uint8_t root[static TN_HASH_SIZE])
{
    struct tn_merkle merkle;
    uint8_t leaf[TN_DRAW_LEAF_SIZE];

    tn_merkle_init(&merkle);
    for (size_t i = 0; i < pool->count; i++) {
        tn_draw_leaf(&pool->groups[i], leaf);
        tn_merkle_add_leaf(&merkle, tn_bytes(leaf, sizeof(leaf)));
    }
    tn_merkle_root(&merkle, root);
}

static enum tn_status load_line(struct tn_fetch *fetch, const struct tn_policy *policy,
                                uint64_t port, uint64_t day, struct tn_port_line *line)
{
    struct tn_port_row port_row;
    struct tn_port_date *dates;
    /* A draw under an earlier policy may have left a negative slot beyond this one's horizon. */
    uint64_t last = day + policy->horizon_days;
    uint64_t owing = day + TN_POLICY_HORIZON_DAYS_MAX;
    size_t count;
    bool found;
    enum tn_status status = TN_READ(fetch->decider->state->rows[TN_CORE_SEATS], tn_key_port(port),
                                    port_row, fetch->arena, &port_row, &found, fetch->error);

    if (status != TN_OK) {
        return status;
    }
    owing = port_row.last_date < owing ? port_row.last_date : owing;
    last = owing > last ? owing : last;
    /* No row, or one without a date: nothing from the day after the last on. */
    status = tn_fetch_port_dates(fetch, port,
                                 found && port_row.first_date > 0 ? port_row.first_date : last + 1,
                                 last, &dates, &count);
    return status == TN_OK ? tn_port_line_compute(policy, port, day, &port_row, dates, count,
                                                  fetch->arena, line)
                           : status;
}

/* Who was held the day before is listed at its port. With hard packing a group that fits no slot
 * there any more leaves the pool, or it would keep the port closed for ever. */
static enum tn_status list_held(const struct tn_policy *policy, struct tn_due_pool *pool,
                                const struct tn_port_line *lines, struct tn_pool_port *ports,
                                struct tn_pool_closed *closed)
{
    struct tn_arena *arena = pool->arena;
    uint8_t(*left_out)[TN_ID_SIZE] = tn_arena_array(arena, pool->count, TN_ID_SIZE);
    size_t kept = 0;

    if (!left_out) {
        return TN_FULL;
    }
    closed->left_out.items = (const uint8_t(*)[TN_ID_SIZE]) left_out;
    for (size_t i = 0; i < pool->count; i++) {
        const struct tn_draw_group *group = &pool->groups[i];
        int at = pool->held[i] > 0 ? tn_policy_port_index(policy, group->ports[0]) : -1;

        if (at >= 0 && policy->packing == TN_PACKING_HARD && group->size > lines[at].largest) {
            memcpy(left_out[closed->left_out.count++], group->gid, TN_ID_SIZE);
            continue;
        }
        if (at >= 0) {
            struct tn_held_group *held =
                tn_arena_array(arena, ports[at].held.count + 1, sizeof(*held));

            if (!held) {
                return TN_FULL;
            }
            if (ports[at].held.count > 0) {
                memcpy(held, ports[at].held.items, ports[at].held.count * sizeof(*held));
            }
            memcpy(held[ports[at].held.count].gid, group->gid, TN_ID_SIZE);
            memcpy(held[ports[at].held.count].registration, pool->registrations[i], TN_ID_SIZE);
            held[ports[at].held.count].basis = pool->held[i];
            held[ports[at].held.count].size = group->size;
            held[ports[at].held.count].registered_day = group->registered_day;
            ports[at].held = (struct tn_held_group_list){held, ports[at].held.count + 1};
        }
        memmove(pool->registrations[kept], pool->registrations[i], TN_ID_SIZE);
        pool->held[kept] = pool->held[i];
        pool->groups[kept++] = *group;
    }
    pool->count = kept;
    return TN_OK;
}

/* In mode 1: who is awaited, and the beacon that the close fixes. */
static void name_sources(const struct tn_policy *policy, uint64_t closed_us,
                         struct tn_pool_closed *closed)
{
    closed->mode = policy->draw.mode;
    closed->witnesses = (struct tn_ids){policy->draw.witnesses, policy->draw.witness_count};
    closed->beacon = policy->draw.beacon;
    if (policy->draw.beacon == TN_BEACON_DRAND) {
        closed->round = tn_draw_drand_round(tn_day_beacon_us(policy, closed_us));
    }
}

static void expire_seats(const struct tn_policy *policy, uint64_t day,
                         const struct tn_port_line *lines, struct tn_verdict *verdict)
{
    for (uint32_t p = 0; p < policy->port_count; p++) {
        struct tn_seats_expired *expired;

        if (lines[p].expired.count == 0) {
            continue;
        }
        expired = &tn_verdict_add_caused(verdict, TN_KIND_seats_expired, 0)->body.seats_expired;
        expired->port = policy->ports[p].code;
        expired->seats = lines[p].expired;
        expired->day = day;
    }
}

/* The open day that is to close, under which policy. */
static enum tn_status read_closing(struct tn_fetch *fetch, uint64_t number, struct tn_day_row *day,
                                   const struct tn_policy **policy)
{
    bool found = false;
    enum tn_status status = tn_fetch_day(fetch, number, day, &found);

    *policy = status == TN_OK && found ? tn_policies_version(&fetch->decider->policies, day->policy)
                                       : NULL;
    if (status == TN_OK &&
        (!*policy || day->state != TN_DAY_OPEN || fetch->queue.undrawn_day > 0)) {
        status = tn_fail(fetch->error, TN_CORRUPT,
                         "the pool of day %" PRIu64 " is not open, or the day before is not drawn",
                         number);
    }
    return status;
}

static enum tn_status fill_closed(struct tn_fetch *fetch, const struct tn_policy *policy,
                                  const struct tn_due *due, const struct tn_day_row *day,
                                  const struct tn_port_line *lines, struct tn_due_pool *pool)
{
    struct tn_verdict *verdict = fetch->verdict;
    struct tn_pool_port *ports = tn_arena_array(verdict->arena, policy->port_count, sizeof(*ports));
    struct tn_pool_closed *closed;
    enum tn_status status = tn_due_pool_load(fetch, due->day, pool->arena, pool);

    if (status != TN_OK || !ports) {
        return status == TN_OK ? TN_FULL : status;
    }
    for (uint32_t p = 0; p < policy->port_count; p++) {
        ports[p] = lines[p].frozen;
    }
    closed = &tn_verdict_add(verdict, TN_KIND_pool_closed)->body.pool_closed;
    closed->day = due->day;
    closed->service_date = day->service_date;
    closed->policy = day->policy;
    closed->due_us = due->due_us;
    status = list_held(policy, pool, lines, ports, closed);
    closed->groups = pool->count;
    closed->ports = (struct tn_pool_port_list){ports, policy->port_count};
    if (policy->draw.mode == TN_DRAW_BOUND) {
        name_sources(policy, verdict->time_us, closed);
    }
    return status;
}

enum tn_status tn_due_close_claimed(struct tn_decider *decider, const struct tn_due *due,
                                    const uint8_t claimed[static TN_HASH_SIZE],
                                    struct tn_arena *arena, struct tn_due_pool *pool,
                                    struct tn_verdict *verdict, struct tn_error *error)
{
    struct tn_fetch fetch;
    struct tn_day_row day;
    const struct tn_policy *policy = NULL;
    struct tn_port_line lines[TN_POLICY_PORTS_MAX];
    size_t place = verdict->count;
    enum tn_status status = tn_fetch_begin(&fetch, decider, NULL, verdict, error);

    *pool = (struct tn_due_pool){.day = due->day, .arena = arena};
    if (status == TN_OK) {
        status = read_closing(&fetch, due->day, &day, &policy);
    }
    for (uint32_t p = 0; status == TN_OK && p < policy->port_count; p++) {
        status = load_line(&fetch, policy, policy->ports[p].code, due->day, &lines[p]);
    }
    if (status == TN_OK) {
        status = fill_closed(&fetch, policy, due, &day, lines, pool);
    }
    if (status != TN_OK) {
        return status;
    }
    expire_seats(policy, due->day, lines, verdict);
    status = tn_verdict_status(verdict);
    if (status == TN_OK) {
        memcpy(verdict->events[place].body.pool_closed.root, claimed, TN_HASH_SIZE);
    }
    return status;
}

enum tn_status tn_due_close_pool(struct tn_decider *decider, const struct tn_due *due,
                                 struct tn_verdict *verdict, struct tn_error *error)
{
    static const uint8_t none[TN_HASH_SIZE] = {0};
    struct tn_due_pool pool;
    struct tn_fetch fetch;
    size_t place = verdict->count;
    enum tn_status status =
        tn_due_close_claimed(decider, due, none, verdict->arena, &pool, verdict, error);

    if (status == TN_OK) {
        status = tn_fetch_begin(&fetch, decider, NULL, verdict, error);
    }
    if (status == TN_OK) {
        tn_due_pool_salt(&pool, fetch.queue.gid_key);
        tn_due_pool_root(&pool, verdict->events[place].body.pool_closed.root);
    }
    return status;
}

/* ---- a day without a draw ---- */

enum tn_status tn_due_is_void(struct tn_fetch *fetch, uint64_t day, const struct tn_day_row *row,
                              bool *is_void)
{
    const struct tn_policy *policy = tn_policies_version(&fetch->decider->policies, row->policy);
    enum tn_status status = TN_OK;

    *is_void = false;
    if (!policy || day >= fetch->queue.void_before) { /* no chain was replaced for so late a day */
        return TN_OK;
    }
    *is_void = fetch->queue.replaced && day < fetch->queue.first_day;
    for (uint32_t i = 0; status == TN_OK && !*is_void && i < policy->draw.witness_count; i++) {
        struct tn_chain_row chain;
        bool found;

        status = tn_fetch_chain(fetch, policy->draw.witnesses[i], &chain, &found);
        *is_void = found && chain.replaced && day < chain.first_day;
    }
    return status;
}

enum tn_status tn_due_void_day(struct tn_decider *decider, const struct tn_due *due,
                               struct tn_verdict *verdict, struct tn_error *error)
{
    struct tn_fetch fetch;
    struct tn_day_row day;
    const struct tn_policy *policy = NULL;
    bool is_void = false;
    enum tn_status status = tn_fetch_begin(&fetch, decider, NULL, verdict, error);

    if (status == TN_OK) {
        status = read_closing(&fetch, due->day, &day, &policy);
    }
    if (status == TN_OK) {
        status = tn_due_is_void(&fetch, due->day, &day, &is_void);
    }
    if (status == TN_OK && !is_void) {
        status = tn_fail(error, TN_CORRUPT, "day %" PRIu64 " can be drawn: its chains serve it",
                         due->day);
    }
    if (status == TN_OK) {
        tn_rule_void_day(due->day, verdict);
        status = tn_verdict_status(verdict);
    }
    return status;
}
