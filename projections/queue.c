/* The queue projection: policies, days, the pool of requests, offers and when they lapse. */
#include <string.h>

#include "ledger/rules/draw.h"
#include "ledger/rules/rows.h"
#include "projections/keys.h"
#include "projections/projection.h"

/* One apply's view of the queue: the single row, and what every function passes on. */
struct fold {
    struct tn_rows *rows;
    struct tn_arena *arena;
    struct tn_error *error;
    struct tn_queue_row queue;
};

static enum tn_status corrupt(struct fold *fold, const char *what)
{
    return tn_fail(fold->error, TN_CORRUPT, "an event does not fit the queue: %s", what);
}

static enum tn_status write_queue(struct fold *fold)
{
    return TN_WRITE(fold->rows, tn_key_queue(), queue_row, &fold->queue, fold->error);
}

static enum tn_status read_day(struct fold *fold, uint64_t day, struct tn_day_row *row)
{
    bool found;
    enum tn_status status =
        TN_READ(fold->rows, tn_key_day(day), day_row, fold->arena, row, &found, fold->error);

    return status == TN_OK && !found ? corrupt(fold, "a day that was never opened") : status;
}

static enum tn_status write_day(struct fold *fold, uint64_t day, const struct tn_day_row *row)
{
    return TN_WRITE(fold->rows, tn_key_day(day), day_row, row, fold->error);
}

/* ---- the pool ---- */

static struct tn_row_key pool_key(const struct fold *fold, uint64_t day,
                                  const uint8_t *registration)
{
    uint8_t gid[TN_ID_SIZE];

    tn_draw_gid(gid, fold->queue.gid_key, (uint32_t) day, registration);
    return tn_key_pool_entry(day, gid);
}

static enum tn_status ask(struct fold *fold, const struct tn_appointment_requested *body)
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

static enum tn_status change_pool(struct fold *fold, const uint8_t *registration,
                                  const struct pool_change *change)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < fold->queue.open_days.count; i++) {
        uint64_t day = fold->queue.open_days.items[i];
        struct tn_row_key key = pool_key(fold, day, registration);
        struct tn_pool_row row;
        bool found;

        if (day == change->but_day) {
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

static enum tn_status resize(struct fold *fold, const uint8_t *registration, uint64_t size,
                             uint64_t registered_day)
{
    struct pool_change change = {.size = size, .registered_day = registered_day};

    return change_pool(fold, registration, &change);
}

static enum tn_status turn(struct fold *fold, const uint8_t *registration, enum tn_pool_state from,
                           enum tn_pool_state state, uint64_t but_day)
{
    struct pool_change change = {.from = from, .state = state, .but_day = but_day};

    return change_pool(fold, registration, &change);
}

static enum tn_status withdraw_request(struct fold *fold, const uint8_t *registration,
                                       uint64_t day)
{
    struct tn_row_key key = pool_key(fold, day, registration);
    struct tn_pool_row row;
    bool found;
    enum tn_status status =
        TN_READ(fold->rows, key, pool_row, fold->arena, &row, &found, fold->error);

    if (status == TN_OK && !found) {
        return corrupt(fold, "a request that was never made is withdrawn");
    }
    row.state = TN_POOL_WITHDRAWN;
    return status == TN_OK ? TN_WRITE(fold->rows, key, pool_row, &row, fold->error) : status;
}

static enum tn_status apply_request(struct fold *fold, const struct tn_event *event)
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
        return turn(fold, body->registration_withdrawn.facts.registration, TN_POOL_ASKED,
                    TN_POOL_WITHDRAWN, 0);
    case TN_KIND_registration_merged:
        status = turn(fold, body->registration_merged.facts.other, TN_POOL_ASKED,
                      TN_POOL_WITHDRAWN, 0);
        return status == TN_OK ? resize(fold, body->registration_merged.facts.registration,
                                        body->registration_merged.size,
                                        body->registration_merged.registered_day)
                               : status;
    default:
        return TN_OK;
    }
}

/* ---- days ---- */

static enum tn_status open_day(struct fold *fold, const struct tn_event *event)
{
    const struct tn_day_opened *body = &event->body.day_opened;
    struct tn_day_row row = {
        .state = TN_DAY_OPEN,
        .service_date = body->service_date,
        .policy = body->policy,
        .opens_us = body->opens_us,
        .closes_us = body->closes_us,
        .draw_us = body->draw_us,
        .opened_index = event->index,
    };
    size_t count = fold->queue.open_days.count;
    uint64_t *days = tn_arena_array(fold->arena, count + 1, sizeof(*days));
    enum tn_status status;

    if (!days) {
        return tn_fail(fold->error, TN_FULL, "more open days than the memory set apart for them");
    }
    if (count > 0) {
        memcpy(days, fold->queue.open_days.items, count * sizeof(*days));
    }
    days[count] = body->day;
    fold->queue.open_days = (struct tn_uints){days, count + 1};
    fold->queue.last_day = body->day;
    status = write_day(fold, body->day, &row);
    return status == TN_OK ? write_queue(fold) : status;
}

/* Take a day out of the open ones. */
static enum tn_status leave_open(struct fold *fold, uint64_t day)
{
    uint64_t *days = tn_arena_array(fold->arena, fold->queue.open_days.count, sizeof(*days));
    size_t kept = 0;

    if (!days) {
        return tn_fail(fold->error, TN_FULL, "more open days than the memory set apart for them");
    }
    for (size_t i = 0; i < fold->queue.open_days.count; i++) {
        if (fold->queue.open_days.items[i] != day) {
            days[kept++] = fold->queue.open_days.items[i];
        }
    }
    fold->queue.open_days = (struct tn_uints){days, kept};
    return TN_OK;
}

static enum tn_status close_pool(struct fold *fold, const struct tn_event *event)
{
    const struct tn_pool_closed *body = &event->body.pool_closed;
    struct tn_day_row row;
    enum tn_status status = read_day(fold, body->day, &row);

    if (status == TN_OK) {
        status = leave_open(fold, body->day);
    }
    if (status != TN_OK) {
        return status;
    }
    row.state = TN_DAY_CLOSED;
    row.groups = body->groups;
    memcpy(row.root, body->root, TN_HASH_SIZE);
    row.mode = body->mode;
    row.ports = body->ports;
    row.closed_index = event->index;
    fold->queue.undrawn_day = body->day;
    fold->queue.last_closed_day = body->day;
    status = write_day(fold, body->day, &row);
    return status == TN_OK ? write_queue(fold) : status;
}

static enum tn_status seed_draw(struct fold *fold, const struct tn_event *event)
{
    const struct tn_draw_seeded *body = &event->body.draw_seeded;
    struct tn_day_row row;
    enum tn_status status = read_day(fold, body->day, &row);

    if (status != TN_OK) {
        return status;
    }
    row.state = TN_DAY_SEEDED;
    row.seeded_us = event->time_us;
    memcpy(row.secret, body->facts.secret, TN_HASH_SIZE);
    memcpy(row.seed, body->seed, TN_HASH_SIZE);
    fold->queue.revealed = body->day - fold->queue.first_day + 1;
    memcpy(fold->queue.secret, body->facts.secret, TN_HASH_SIZE);
    status = write_day(fold, body->day, &row);
    return status == TN_OK ? write_queue(fold) : status;
}

/* A finished day's pool rows go: the pool has its own root, and the log has the requests. */
static enum tn_status finish_day(struct fold *fold, uint64_t day, const struct tn_day_row *row)
{
    struct tn_row_key pool = tn_key_pool(day);
    enum tn_status status = write_day(fold, day, row);

    if (status == TN_OK) {
        status = tn_rows_delete_prefix(fold->rows, tn_row_key_view(&pool), fold->error);
    }
    if (fold->queue.undrawn_day == day) {
        fold->queue.undrawn_day = 0;
    }
    return status == TN_OK ? write_queue(fold) : status;
}

static enum tn_status complete_draw(struct fold *fold, const struct tn_event *event)
{
    const struct tn_draw_completed *body = &event->body.draw_completed;
    struct tn_day_row row;
    enum tn_status status = read_day(fold, body->day, &row);

    if (status != TN_OK) {
        return status;
    }
    row.state = TN_DAY_COMPLETED;
    memcpy(row.winners_root, body->winners_root, TN_HASH_SIZE);
    row.offered_groups = body->groups;
    row.offered_seats = body->seats;
    row.after = body->after;
    row.completed_index = event->index;
    row.completed_us = event->time_us;
    return finish_day(fold, body->day, &row);
}

static enum tn_status void_day(struct fold *fold, const struct tn_event *event)
{
    uint64_t day = event->body.day_voided.day;
    struct tn_day_row row;
    enum tn_status status = read_day(fold, day, &row);

    if (status == TN_OK) {
        status = leave_open(fold, day);
    }
    row.state = TN_DAY_VOIDED;
    row.completed_us = event->time_us;
    return status == TN_OK ? finish_day(fold, day, &row) : status;
}

/* ---- offers ---- */

static enum tn_status read_offer(struct fold *fold, const uint8_t *offer, struct tn_offer_row *row)
{
    bool found;
    enum tn_status status =
        TN_READ(fold->rows, tn_key_offer(offer), offer_row, fold->arena, row, &found, fold->error);

    return status == TN_OK && !found ? corrupt(fold, "an offer that was never made") : status;
}

static enum tn_status tally(struct fold *fold, uint64_t day, uint64_t *out_of, uint64_t *into,
                            struct tn_day_tally_row *row)
{
    if (out_of) {
        if (*out_of == 0) {
            return corrupt(fold, "more offers ended than were made");
        }
        (*out_of)--;
    }
    (*into)++;
    return TN_WRITE(fold->rows, tn_key_tally(day), day_tally_row, row, fold->error);
}

static enum tn_status read_tally(struct fold *fold, uint64_t day, struct tn_day_tally_row *row)
{
    bool found;

    return TN_READ(fold->rows, tn_key_tally(day), day_tally_row, fold->arena, row, &found,
                   fold->error);
}

static enum tn_status offer(struct fold *fold, const struct tn_appointment_offered *body)
{
    struct tn_offer_row row = {
        .state = TN_OFFER_OPEN,
        .day = body->day,
        .port = body->port,
        .seats = body->seats,
        .basis = body->basis,
        .rank = body->rank,
        .size = body->size,
        .deadline_us = body->deadline_us,
    };
    struct tn_lapse_row lapse;
    struct tn_day_tally_row counts;
    enum tn_status status;

    memcpy(row.registration, body->registration, TN_ID_SIZE);
    memcpy(lapse.offer, body->offer, TN_ID_SIZE);
    status = TN_WRITE(fold->rows, tn_key_offer(body->offer), offer_row, &row, fold->error);
    if (status == TN_OK) {
        status = TN_WRITE(fold->rows, tn_key_lapse(body->deadline_us, body->offer), lapse_row,
                          &lapse, fold->error);
    }
    if (status == TN_OK) {
        status = read_tally(fold, body->day, &counts);
    }
    if (status == TN_OK) {
        counts.offered++;
        status = tally(fold, body->day, NULL, &counts.open, &counts);
    }
    return status == TN_OK ? turn(fold, body->registration, TN_POOL_ASKED, TN_POOL_SUPERSEDED,
                                  body->day)
                           : status;
}

static enum tn_status end_offer(struct fold *fold, const uint8_t *id, enum tn_offer_state state)
{
    struct tn_offer_row row;
    struct tn_day_tally_row counts;
    struct tn_row_key lapse;
    uint64_t *into;
    enum tn_status status = read_offer(fold, id, &row);

    if (status == TN_OK) {
        status = read_tally(fold, row.day, &counts);
    }
    if (status != TN_OK) {
        return status;
    }
    if (row.state != TN_OFFER_OPEN) {
        return corrupt(fold, "an offer that is not open ends");
    }
    row.state = state;
    into = state == TN_OFFER_ACCEPTED   ? &counts.accepted
           : state == TN_OFFER_DECLINED ? &counts.declined
                                        : &counts.lapsed;
    if (state == TN_OFFER_ACCEPTED) {
        counts.to_come++;
    }
    lapse = tn_key_lapse(row.deadline_us, id);
    status = TN_WRITE(fold->rows, tn_key_offer(id), offer_row, &row, fold->error);
    if (status == TN_OK) {
        status = tn_rows_delete(fold->rows, tn_row_key_view(&lapse), fold->error);
    }
    return status == TN_OK ? tally(fold, row.day, &counts.open, into, &counts) : status;
}

/* Whom the agency sends away is in the next pool again, if they had asked. */
static enum tn_status decline_offer(struct fold *fold, const struct tn_offer_declined *body)
{
    enum tn_status status = end_offer(fold, body->offer, TN_OFFER_DECLINED);

    return status == TN_OK && body->by == TN_BY_AGENCY
               ? turn(fold, body->registration, TN_POOL_SUPERSEDED, TN_POOL_ASKED, 0)
               : status;
}

/* An appointment ends: accepted = presented + missed + turned away + cancelled + to come (R23). */
static enum tn_status end_appointment(struct fold *fold, const uint8_t *id,
                                      enum tn_kind_number kind)
{
    struct tn_offer_row row;
    struct tn_day_tally_row counts;
    uint64_t *into;
    enum tn_status status = read_offer(fold, id, &row);

    if (status == TN_OK) {
        status = read_tally(fold, row.day, &counts);
    }
    if (status != TN_OK) {
        return status;
    }
    into = kind == TN_KIND_group_presented    ? &counts.presented
           : kind == TN_KIND_turned_away      ? &counts.turned_away
           : kind == TN_KIND_no_show_recorded ? &counts.missed
                                              : &counts.cancelled;
    return tally(fold, row.day, &counts.to_come, into, &counts);
}

static enum tn_status apply_offer(struct fold *fold, const struct tn_event *event)
{
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_appointment_offered:
        return offer(fold, &body->appointment_offered);
    case TN_KIND_offer_accepted:
        return end_offer(fold, body->offer_accepted.facts.offer, TN_OFFER_ACCEPTED);
    case TN_KIND_offer_declined:
        return decline_offer(fold, &body->offer_declined);
    case TN_KIND_offer_lapsed:
        return end_offer(fold, body->offer_lapsed.offer, TN_OFFER_LAPSED);
    case TN_KIND_appointment_cancelled:
        return end_appointment(fold, body->appointment_cancelled.offer,
                               TN_KIND_appointment_cancelled);
    case TN_KIND_group_presented:
        return end_appointment(fold, body->group_presented.offer, TN_KIND_group_presented);
    case TN_KIND_turned_away:
        return end_appointment(fold, body->turned_away.offer, TN_KIND_turned_away);
    case TN_KIND_no_show_recorded:
        return end_appointment(fold, body->no_show_recorded.offer, TN_KIND_no_show_recorded);
    default:
        return apply_request(fold, event);
    }
}

/* ---- a pause that was made good ---- */

struct lapse_list {
    struct tn_arena *arena;
    uint8_t (*offers)[TN_ID_SIZE];
    size_t count;
    size_t capacity;
    bool full;
};

static bool collect_lapse(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct lapse_list *list = context;

    (void) value;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? list->capacity * 2 : 64;
        uint8_t(*offers)[TN_ID_SIZE] = tn_arena_array(list->arena, capacity, TN_ID_SIZE);

        if (!offers) {
            list->full = true;
            return false;
        }
        if (list->count > 0) {
            memcpy(offers, list->offers, list->count * TN_ID_SIZE);
        }
        list->offers = offers;
        list->capacity = capacity;
    }
    memcpy(list->offers[list->count++], key.data + key.size - TN_ID_SIZE, TN_ID_SIZE);
    return true;
}

static enum tn_status extend_offer(struct fold *fold, const uint8_t *id, uint64_t by_us)
{
    struct tn_offer_row row;
    struct tn_row_key old;
    struct tn_lapse_row lapse;
    enum tn_status status = read_offer(fold, id, &row);

    if (status != TN_OK) {
        return status;
    }
    old = tn_key_lapse(row.deadline_us, id);
    row.deadline_us += by_us;
    memcpy(lapse.offer, id, TN_ID_SIZE);
    status = tn_rows_delete(fold->rows, tn_row_key_view(&old), fold->error);
    if (status == TN_OK) {
        status = TN_WRITE(fold->rows, tn_key_lapse(row.deadline_us, id), lapse_row, &lapse,
                          fold->error);
    }
    return status == TN_OK ? TN_WRITE(fold->rows, tn_key_offer(id), offer_row, &row, fold->error)
                           : status;
}

static enum tn_status extend_day(struct fold *fold, uint64_t day, uint64_t from_us, uint64_t by_us)
{
    struct tn_day_row row;
    enum tn_status status = read_day(fold, day, &row);

    if (status != TN_OK) {
        return status;
    }
    row.closes_us += row.closes_us > from_us ? by_us : 0;
    row.draw_us = row.draw_us > row.closes_us ? row.draw_us : row.closes_us;
    return write_day(fold, day, &row);
}

/* What was not reached at `from_us` moves: t < deadline was still true then. */
static enum tn_status extend(struct fold *fold, const struct tn_window_extended *body)
{
    static const uint8_t first[TN_ID_SIZE] = {0};
    struct lapse_list list = {.arena = fold->arena};
    struct tn_row_key prefix = tn_key_lapses();
    struct tn_row_key from = tn_key_lapse(body->from_us + 1, first);
    enum tn_status status = tn_rows_scan(fold->rows, tn_row_key_view(&prefix),
                                         tn_row_key_view(&from), collect_lapse, &list, fold->error);

    if (status == TN_OK && list.full) {
        status = tn_fail(fold->error, TN_FULL, "more open offers than fit the memory");
    }
    for (size_t i = 0; status == TN_OK && i < list.count; i++) {
        status = extend_offer(fold, list.offers[i], body->by_us);
    }
    for (size_t i = 0; status == TN_OK && i < fold->queue.open_days.count; i++) {
        status = extend_day(fold, fold->queue.open_days.items[i], body->from_us, body->by_us);
    }
    if (status == TN_OK && fold->queue.undrawn_day > 0) {
        status = extend_day(fold, fold->queue.undrawn_day, body->from_us, body->by_us);
    }
    return status;
}

/* ---- the rest ---- */

static enum tn_status create(struct fold *fold, const struct tn_facts_create_ledger *facts)
{
    memcpy(fold->queue.gid_key, facts->gid_key, TN_HASH_SIZE);
    fold->queue.simulated = facts->simulated;
    return write_queue(fold);
}

static enum tn_status anchor(struct fold *fold, const struct tn_facts_anchor_chain *facts)
{
    memcpy(fold->queue.chain, facts->chain, TN_ID_SIZE);
    memcpy(fold->queue.secret, facts->anchor, TN_HASH_SIZE);
    fold->queue.chain_length = facts->length;
    fold->queue.first_day = facts->first_day;
    return write_queue(fold);
}

static enum tn_status publish_policy(struct fold *fold, const struct tn_facts_publish_policy *facts)
{
    struct tn_policy_row row = {.effective_us = facts->effective_us, .document = facts->document};
    enum tn_status status =
        TN_WRITE(fold->rows, tn_key_policy(facts->policy), policy_row, &row, fold->error);

    fold->queue.policies = facts->policy;
    return status == TN_OK ? write_queue(fold) : status;
}

static enum tn_status apply_day(struct fold *fold, const struct tn_event *event)
{
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_ledger_created:
        return create(fold, &body->ledger_created.facts);
    case TN_KIND_chain_anchored:
        return anchor(fold, &body->chain_anchored.facts);
    case TN_KIND_policy_published:
        return publish_policy(fold, &body->policy_published.facts);
    case TN_KIND_window_extended:
        return extend(fold, &body->window_extended);
    case TN_KIND_day_opened:
        return open_day(fold, event);
    case TN_KIND_pool_closed:
        return close_pool(fold, event);
    case TN_KIND_draw_seeded:
        return seed_draw(fold, event);
    case TN_KIND_draw_completed:
        return complete_draw(fold, event);
    case TN_KIND_day_voided:
        return void_day(fold, event);
    default:
        return apply_offer(fold, event);
    }
}

/* Most events of a busy minute (validations, refusals, seats) are none of the queue's business; and an
 * offer's end reads no day, so the single row is read only where it is needed. */
static bool reads_queue(uint32_t kind)
{
    switch (kind) {
    case TN_KIND_ledger_created:
    case TN_KIND_chain_anchored:
    case TN_KIND_policy_published:
    case TN_KIND_window_extended:
    case TN_KIND_member_added:
    case TN_KIND_member_removed:
    case TN_KIND_registration_withdrawn:
    case TN_KIND_registration_merged:
    case TN_KIND_appointment_requested:
    case TN_KIND_request_replaced:
    case TN_KIND_request_withdrawn:
    case TN_KIND_day_opened:
    case TN_KIND_pool_closed:
    case TN_KIND_draw_seeded:
    case TN_KIND_draw_completed:
    case TN_KIND_day_voided:
    case TN_KIND_appointment_offered:
    case TN_KIND_offer_declined:
        return true;
    default:
        return false;
    }
}

static enum tn_status apply(struct tn_rows *rows, const struct tn_event *event,
                            struct tn_arena *arena, struct tn_error *error)
{
    struct fold fold = {.rows = rows, .arena = arena, .error = error};
    enum tn_status status = TN_OK;
    bool found;

    if (reads_queue(event->kind)) {
        status = TN_READ(rows, tn_key_queue(), queue_row, arena, &fold.queue, &found, error);
    }
    return status == TN_OK ? apply_day(&fold, event) : status;
}

const struct tn_projection tn_projection_queue = {"queue", 1, apply};
