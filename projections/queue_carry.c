/* Requests that go to another day: of voided days, and of groups that hard packing held. */
#include <string.h>

#include "ledger/rules/carry.h"
#include "ledger/rules/draw.h"
#include "projections/keys.h"
#include "projections/queue_internal.h"

/* Rows moved in one go: a scan must not write, so they are kept in between. */
#define CARRY_AT_ONCE 1024u

struct carrying {
    struct tn_arena arena; /* of one go */
    struct tn_pool_row *rows;
    size_t count;
    struct tn_row_key last; /* the next go begins behind it */
    enum tn_status status;
};

static bool collect(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct carrying *carrying = context;
    struct tn_pool_row *row = &carrying->rows[carrying->count];
    struct tn_bytes kept = tn_arena_copy(&carrying->arena, value);

    if (tn_bytes_equal(key, tn_row_key_view(&carrying->last))) {
        return true;
    }
    memset(row, 0, sizeof(*row));
    carrying->status =
        kept.data ? tn_record_decode_bytes(&tn_record_pool_row, kept, &carrying->arena, row)
                  : TN_FULL;
    memcpy(carrying->last.data, key.data, key.size);
    carrying->last.size = key.size;
    carrying->count++;
    return carrying->status == TN_OK && carrying->count < CARRY_AT_ONCE;
}

/* The policy of the day that requests come to; NULL for day 0. */
static enum tn_status read_policy(struct tn_queue_fold *fold, uint64_t day,
                                  struct tn_policy **policy)
{
    struct tn_day_row row;
    struct tn_policy_row document;
    bool found;
    enum tn_status status;

    *policy = NULL;
    if (day == 0) {
        return TN_OK;
    }
    *policy = tn_arena_alloc(fold->arena, sizeof(**policy));
    status = *policy ? tn_queue_read_day(fold, day, &row) : TN_FULL;
    if (status == TN_OK) {
        status = TN_READ(fold->rows, tn_key_policy(row.policy), policy_row, fold->arena, &document,
                         &found, fold->error);
    }
    return status == TN_OK ? tn_policy_decode(document.document, *policy, fold->error) : status;
}

/* Put a request into the pool of `day`. `held`: over one that stands there. */
static enum tn_status put_request(struct tn_queue_fold *fold, uint64_t day,
                                  const struct tn_policy *policy, const struct tn_pool_row *row)
{
    uint64_t ports[TN_DRAW_GROUP_PORT_COUNT_MAX];
    struct tn_pool_row carried = *row;
    struct tn_pool_row existing;
    struct tn_row_key key;
    uint8_t gid[TN_ID_SIZE];
    size_t count = row->ports.count;
    bool found;
    enum tn_status status;

    if (count > TN_DRAW_GROUP_PORT_COUNT_MAX) {
        return tn_queue_corrupt(fold, "a request with more ports than a leaf holds");
    }
    memcpy(ports, row->ports.items, count * sizeof(*ports));
    if (policy) {
        count = tn_carry_ports(policy, row->size, ports, count);
    }
    if (count == 0) {
        return TN_OK;
    }
    tn_draw_gid(gid, fold->queue.gid_key, (uint32_t) day, row->registration);
    key = tn_key_pool_entry(day, gid);
    status = TN_READ(fold->rows, key, pool_row, fold->arena, &existing, &found, fold->error);
    if (status != TN_OK) {
        return status;
    }
    /* It asked anew. A group that is held goes before what it asked for, but not before its own
     * withdrawal. */
    if (found && (!row->held || existing.state == TN_POOL_WITHDRAWN)) {
        return TN_OK;
    }
    carried.ports = (struct tn_uints){ports, count};
    if (day == 0) {
        fold->queue.carried = 1;
    }
    return TN_WRITE(fold->rows, key, pool_row, &carried, fold->error);
}

static uint64_t first_open_day(const struct tn_queue_fold *fold)
{
    return fold->queue.open_days.count > 0 ? fold->queue.open_days.items[0] : 0;
}

enum tn_status tn_queue_carry_day(struct tn_queue_fold *fold, uint64_t day)
{
    struct carrying carrying = {.status = TN_OK};
    struct tn_row_key prefix = tn_key_pool(day);
    struct tn_policy *policy;
    uint64_t to = first_open_day(fold);
    enum tn_status status = read_policy(fold, to, &policy);

    tn_arena_init(&carrying.arena, (size_t) 1 << 20);
    if (status == TN_OK) {
        status = tn_rows_check(fold->rows, tn_row_key_view(&prefix), fold->error);
    }
    do {
        tn_arena_reset(&carrying.arena);
        carrying.count = 0;
        carrying.rows = tn_arena_array(&carrying.arena, CARRY_AT_ONCE, sizeof(*carrying.rows));
        if (status == TN_OK && !carrying.rows) {
            status = TN_FULL;
        }
        if (status == TN_OK) {
            status = tn_rows_scan(fold->rows, tn_row_key_view(&prefix),
                                  tn_row_key_view(&carrying.last), collect, &carrying, fold->error);
        }
        status = status == TN_OK ? carrying.status : status;
        for (size_t i = 0; status == TN_OK && i < carrying.count; i++) {
            struct tn_pool_row *row = &carrying.rows[i];

            row->carried = 1;
            if (row->state != TN_POOL_WITHDRAWN) {
                status = put_request(fold, to, policy, row);
            }
        }
    } while (status == TN_OK && carrying.count == CARRY_AT_ONCE);
    tn_arena_close(&carrying.arena);
    if (status == TN_OK && day == 0) {
        status = tn_rows_delete_prefix(fold->rows, tn_row_key_view(&prefix), fold->error);
    }
    return status;
}

enum tn_status tn_queue_carry_held(struct tn_queue_fold *fold, const struct tn_draw_completed *body)
{
    struct tn_policy *policy = NULL;
    uint64_t to = first_open_day(fold);
    enum tn_status status = TN_OK;

    for (size_t p = 0; status == TN_OK && p < body->after.count; p++) {
        const struct tn_port_after *after = &body->after.items[p];

        for (size_t i = 0; status == TN_OK && i < after->held.count; i++) {
            const struct tn_held_group *held = &after->held.items[i];
            struct tn_pool_row row;
            bool found;

            status = TN_READ(fold->rows, tn_key_pool_entry(body->day, held->gid), pool_row,
                             fold->arena, &row, &found, fold->error);
            if (status == TN_OK && !found) {
                return tn_queue_corrupt(fold, "a held group that is in no pool");
            }
            row.ports = (struct tn_uints){&after->port, 1};
            row.held = held->basis;
            row.carried = 0;
            if (status == TN_OK && !policy) {
                status = read_policy(fold, to, &policy);
            }
            if (status == TN_OK) {
                status = put_request(fold, to, policy, &row);
            }
        }
    }
    return status;
}
