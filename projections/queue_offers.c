/* The queue's offers: open until accepted, declined or lapsed; and what became of a day's (R23). */
#include <string.h>

#include "projections/keys.h"
#include "projections/queue_internal.h"

static enum tn_status read_offer(struct tn_queue_fold *fold, const uint8_t *offer,
                                 struct tn_offer_row *row)
{
    bool found;
    enum tn_status status =
        TN_READ(fold->rows, tn_key_offer(offer), offer_row, fold->arena, row, &found, fold->error);

    return status == TN_OK && !found ? tn_queue_corrupt(fold, "an offer that was never made")
                                     : status;
}

static enum tn_status tally(struct tn_queue_fold *fold, uint64_t day, uint64_t *out_of,
                            uint64_t *into, struct tn_day_tally_row *row)
{
    if (out_of) {
        if (*out_of == 0) {
            return tn_queue_corrupt(fold, "more offers ended than were made");
        }
        (*out_of)--;
    }
    (*into)++;
    return TN_WRITE(fold->rows, tn_key_tally(day), day_tally_row, row, fold->error);
}

static enum tn_status read_tally(struct tn_queue_fold *fold, uint64_t day,
                                 struct tn_day_tally_row *row)
{
    bool found;

    return TN_READ(fold->rows, tn_key_tally(day), day_tally_row, fold->arena, row, &found,
                   fold->error);
}

static enum tn_status offer(struct tn_queue_fold *fold, const struct tn_appointment_offered *body)
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

    if (body->seats.count == 0) { /* whoever reads an offer looks at its first seat */
        return tn_queue_corrupt(fold, "an offer without a seat");
    }
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
    return status == TN_OK ? tn_queue_turn_requests(fold, body->registration, TN_POOL_ASKED,
                                                    TN_POOL_SUPERSEDED, body->day)
                           : status;
}

static enum tn_status end_offer(struct tn_queue_fold *fold, const uint8_t *id,
                                enum tn_offer_state state)
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
        return tn_queue_corrupt(fold, "an offer that is not open ends");
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
static enum tn_status decline_offer(struct tn_queue_fold *fold,
                                    const struct tn_offer_declined *body)
{
    enum tn_status status = end_offer(fold, body->offer, TN_OFFER_DECLINED);

    return status == TN_OK && body->by == TN_BY_AGENCY
               ? tn_queue_turn_requests(fold, body->registration, TN_POOL_SUPERSEDED, TN_POOL_ASKED,
                                        0)
               : status;
}

/* An appointment ends: accepted = presented + missed + turned away + cancelled + to come (R23). */
static enum tn_status end_appointment(struct tn_queue_fold *fold, const uint8_t *id,
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

enum tn_status tn_queue_apply_offer(struct tn_queue_fold *fold, const struct tn_event *event)
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
        return tn_queue_apply_request(fold, event);
    }
}

/* ---- a pause that was made good ---- */

/* The ids at the end of keys. */
struct id_list {
    struct tn_arena *arena;
    uint8_t (*ids)[TN_ID_SIZE];
    size_t count;
    size_t capacity;
    bool full;
};

static bool collect_id(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct id_list *list = context;

    (void) value;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? list->capacity * 2 : 64;
        uint8_t(*ids)[TN_ID_SIZE] = tn_arena_array(list->arena, capacity, TN_ID_SIZE);

        if (!ids) {
            list->full = true;
            return false;
        }
        if (list->count > 0) {
            memcpy(ids, list->ids, list->count * TN_ID_SIZE);
        }
        list->ids = ids;
        list->capacity = capacity;
    }
    memcpy(list->ids[list->count++], key.data + key.size - TN_ID_SIZE, TN_ID_SIZE);
    return true;
}

static enum tn_status extend_offer(struct tn_queue_fold *fold, const uint8_t *id, uint64_t by_us)
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
        status =
            TN_WRITE(fold->rows, tn_key_lapse(row.deadline_us, id), lapse_row, &lapse, fold->error);
    }
    return status == TN_OK ? TN_WRITE(fold->rows, tn_key_offer(id), offer_row, &row, fold->error)
                           : status;
}

static enum tn_status extend_day(struct tn_queue_fold *fold, uint64_t day, uint64_t from_us,
                                 uint64_t by_us)
{
    struct tn_day_row row;
    enum tn_status status = tn_queue_read_day(fold, day, &row);

    if (status != TN_OK) {
        return status;
    }
    /* The end of a window is moved for those who can still ask: a pool that is closed stays so. */
    if (row.state == TN_DAY_OPEN && row.closes_us > from_us) {
        row.closes_us += by_us;
        row.draw_us = row.draw_us > row.closes_us ? row.draw_us : row.closes_us;
    }
    /* The limit of witnesses, but not the seconds within which a reveal counts beside a beacon: the
     * beacon does not wait. */
    row.extended_us += row.state == TN_DAY_CLOSED && row.witnesses.count > 0 ? by_us : 0;
    return tn_queue_write_day(fold, day, &row);
}

/* Nobody binds a chain in a pause; one bound in what is said to be a pause moves with the ends of
 * windows, so that it stays behind the one that it came after (R08). */
static enum tn_status extend_chain(struct tn_queue_fold *fold, const uint8_t *owner,
                                   uint64_t from_us, uint64_t by_us)
{
    struct tn_chain_row row;
    bool found;
    enum tn_status status =
        TN_READ(fold->rows, tn_key_chain(owner), chain_row, fold->arena, &row, &found, fold->error);

    if (status != TN_OK || !found || row.anchored_us <= from_us) {
        return status;
    }
    row.anchored_us += by_us;
    return TN_WRITE(fold->rows, tn_key_chain(owner), chain_row, &row, fold->error);
}

static enum tn_status scan_ids(struct tn_queue_fold *fold, struct tn_bytes prefix,
                               struct tn_bytes from, struct id_list *list)
{
    enum tn_status status;

    *list = (struct id_list){.arena = fold->arena};
    status = tn_rows_scan(fold->rows, prefix, from, collect_id, list, fold->error);
    return status == TN_OK && list->full
               ? tn_fail(fold->error, TN_FULL, "more rows to move than fit the memory")
               : status;
}

/* What was not reached at `from_us` moves: t < deadline was still true then. */
enum tn_status tn_queue_extend(struct tn_queue_fold *fold, const struct tn_window_extended *body)
{
    static const uint8_t first[TN_ID_SIZE] = {0};
    struct id_list list;
    struct tn_row_key prefix = tn_key_lapses();
    struct tn_row_key from = tn_key_lapse(body->from_us + 1, first);
    enum tn_status status = scan_ids(fold, tn_row_key_view(&prefix), tn_row_key_view(&from), &list);

    for (size_t i = 0; status == TN_OK && i < list.count; i++) {
        status = extend_offer(fold, list.ids[i], body->by_us);
    }
    prefix = tn_key_chains();
    if (status == TN_OK) {
        status = scan_ids(fold, tn_row_key_view(&prefix), tn_bytes(NULL, 0), &list);
    }
    for (size_t i = 0; status == TN_OK && i < list.count; i++) {
        status = extend_chain(fold, list.ids[i], body->from_us, body->by_us);
    }
    for (size_t i = 0; status == TN_OK && i < fold->queue.open_days.count; i++) {
        status = extend_day(fold, fold->queue.open_days.items[i], body->from_us, body->by_us);
    }
    if (status == TN_OK && fold->queue.undrawn_day > 0) {
        status = extend_day(fold, fold->queue.undrawn_day, body->from_us, body->by_us);
    }
    return status;
}
