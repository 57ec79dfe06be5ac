/* The queue's pool: requests of open days. */
#include <string.h>

#include "ledger/rules/draw.h"
#include "projections/keys.h"
#include "projections/queue_internal.h"

static struct tn_row_key pool_key(const struct tn_queue_fold *fold, uint64_t day,
                                  const uint8_t *registration)
{
    uint8_t gid[TN_ID_SIZE];

    tn_draw_gid(gid, fold->queue.gid_key, (uint32_t) day, registration);
    return tn_key_pool_entry(day, gid);
}

static enum tn_status ask(struct tn_queue_fold *fold, const struct tn_appointment_requested *body)
{
    struct tn_pool_row row = {
        .state = TN_POOL_ASKED,
        .size = body->size,
        .ports = body->facts.ports,
        .registered_day = body->registered_day,
    };

    memcpy(row.registration, body->facts.registration, TN_ID_SIZE);
    return TN_WRITE(fold->rows, pool_key(fold, body->day, body->facts.registration), pool_row, &row,
                    fold->error);
}

/* What changes in a group's pool rows of every open day. Zeros change nothing. */
struct pool_change {
    uint64_t size; /* with registered_day */
    uint64_t registered_day;
    enum tn_pool_state from; /* only rows in this state */
    enum tn_pool_state state;
    uint64_t but_day;
};

static enum tn_status change_pool(struct tn_queue_fold *fold, const uint8_t *registration,
                                  const struct pool_change *change)
{
    size_t open_count = fold->queue.open_days.count;
    enum tn_status status = TN_OK;

    /* Of every open day, and of day 0: what was carried and has no day yet. */
    for (size_t i = 0; status == TN_OK && i < open_count + (fold->queue.carried ? 1 : 0); i++) {
        uint64_t day = i < open_count ? fold->queue.open_days.items[i] : 0;
        struct tn_row_key key = pool_key(fold, day, registration);
        struct tn_pool_row row;
        bool found;

        if (day > 0 && day == change->but_day) {
            continue;
        }
        status = TN_READ(fold->rows, key, pool_row, fold->arena, &row, &found, fold->error);
        if (status != TN_OK || !found) {
            continue;
        }
        if (change->size > 0) {
            row.size = change->size;
            row.registered_day = change->registered_day;
        }
        if (change->state > 0 && row.state == change->from) {
            row.state = change->state;
        }
        status = TN_WRITE(fold->rows, key, pool_row, &row, fold->error);
    }
    return status;
}

static enum tn_status resize(struct tn_queue_fold *fold, const uint8_t *registration, uint64_t size,
                             uint64_t registered_day)
{
    struct pool_change change = {.size = size, .registered_day = registered_day};

    return change_pool(fold, registration, &change);
}

enum tn_status tn_queue_turn_requests(struct tn_queue_fold *fold, const uint8_t *registration,
                                      enum tn_pool_state from, enum tn_pool_state state,
                                      uint64_t but_day)
{
    struct pool_change change = {.from = from, .state = state, .but_day = but_day};

    return change_pool(fold, registration, &change);
}

static enum tn_status withdraw_request(struct tn_queue_fold *fold, const uint8_t *registration,
                                       uint64_t day)
{
    struct tn_row_key key = pool_key(fold, day, registration);
    struct tn_pool_row row;
    bool found;
    enum tn_status status =
        TN_READ(fold->rows, key, pool_row, fold->arena, &row, &found, fold->error);

    if (status == TN_OK && !found) {
        return tn_queue_corrupt(fold, "a request that was never made is withdrawn");
    }
    row.state = TN_POOL_WITHDRAWN;
    row.held = 0;
    return status == TN_OK ? TN_WRITE(fold->rows, key, pool_row, &row, fold->error) : status;
}

enum tn_status tn_queue_leave_out(struct tn_queue_fold *fold, uint64_t day,
                                  const struct tn_ids *gids)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < gids->count; i++) {
        struct tn_row_key key = tn_key_pool_entry(day, gids->items[i]);
        struct tn_pool_row row;
        bool found;

        status = TN_READ(fold->rows, key, pool_row, fold->arena, &row, &found, fold->error);
        if (status == TN_OK && !found) {
            return tn_queue_corrupt(fold, "a group is left out of a pool in which it is not");
        }
        row.state = TN_POOL_WITHDRAWN;
        row.held = 0;
        if (status == TN_OK) {
            status = TN_WRITE(fold->rows, key, pool_row, &row, fold->error);
        }
    }
    return status;
}

enum tn_status tn_queue_apply_request(struct tn_queue_fold *fold, const struct tn_event *event)
{
    const union tn_body *body = &event->body;
    enum tn_status status;

    switch (event->kind) {
    case TN_KIND_appointment_requested:
    case TN_KIND_request_replaced: /* one body for both */
        return ask(fold, &body->appointment_requested);
    case TN_KIND_request_withdrawn:
        return withdraw_request(fold, body->request_withdrawn.facts.registration,
                                body->request_withdrawn.facts.day);
    case TN_KIND_member_added:
        return resize(fold, body->member_added.registration, body->member_added.size,
                      body->member_added.registered_day);
    case TN_KIND_member_removed:
        return resize(fold, body->member_removed.registration, body->member_removed.size,
                      body->member_removed.registered_day);
    case TN_KIND_registration_withdrawn:
        return tn_queue_turn_requests(fold, body->registration_withdrawn.facts.registration,
                                      TN_POOL_ASKED, TN_POOL_WITHDRAWN, 0);
    case TN_KIND_registration_merged:
        status = tn_queue_turn_requests(fold, body->registration_merged.facts.other, TN_POOL_ASKED,
                                        TN_POOL_WITHDRAWN, 0);
        return status == TN_OK ? resize(fold, body->registration_merged.facts.registration,
                                        body->registration_merged.size,
                                        body->registration_merged.registered_day)
                               : status;
    default:
        return TN_OK;
    }
}
