/* The queue projection: policies, days, the pool of requests, offers and when they lapse. */
#include <string.h>

#include "ledger/rules/draw.h"
#include "projections/keys.h"
#include "projections/queue_internal.h"

enum tn_status tn_queue_corrupt(struct tn_queue_fold *fold, const char *what)
{
    return tn_fail(fold->error, TN_CORRUPT, "an event does not fit the queue: %s", what);
}

enum tn_status tn_queue_write(struct tn_queue_fold *fold)
{
    return TN_WRITE(fold->rows, tn_key_queue(), queue_row, &fold->queue, fold->error);
}

enum tn_status tn_queue_read_day(struct tn_queue_fold *fold, uint64_t day, struct tn_day_row *row)
{
    bool found;
    enum tn_status status =
        TN_READ(fold->rows, tn_key_day(day), day_row, fold->arena, row, &found, fold->error);

    return status == TN_OK && !found ? tn_queue_corrupt(fold, "a day that was never opened")
                                     : status;
}

enum tn_status tn_queue_write_day(struct tn_queue_fold *fold, uint64_t day,
                                  const struct tn_day_row *row)
{
    return TN_WRITE(fold->rows, tn_key_day(day), day_row, row, fold->error);
}

/* ---- days ---- */

static enum tn_status open_day(struct tn_queue_fold *fold, const struct tn_event *event)
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
    status = tn_queue_write_day(fold, body->day, &row);
    if (status == TN_OK && fold->queue.carried) { /* what waited for a day to open has one now */
        fold->queue.carried = 0;
        status = tn_queue_carry_day(fold, 0);
    }
    return status == TN_OK ? tn_queue_write(fold) : status;
}

/* Take a day out of the open ones. */
static enum tn_status leave_open(struct tn_queue_fold *fold, uint64_t day)
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

static enum tn_status await_witnesses(struct tn_queue_fold *fold, const struct tn_ids *ids,
                                      struct tn_day_row *row)
{
    struct tn_day_witness *witnesses = tn_arena_array(fold->arena, ids->count, sizeof(*witnesses));

    if (!witnesses) {
        return tn_fail(fold->error, TN_FULL, "more witnesses than the memory set apart for them");
    }
    for (size_t i = 0; i < ids->count; i++) {
        memcpy(witnesses[i].witness, ids->items[i], TN_ID_SIZE);
    }
    row->witnesses = (struct tn_day_witness_list){witnesses, ids->count};
    return TN_OK;
}

static enum tn_status close_pool(struct tn_queue_fold *fold, const struct tn_event *event)
{
    const struct tn_pool_closed *body = &event->body.pool_closed;
    struct tn_day_row row;
    enum tn_status status = tn_queue_read_day(fold, body->day, &row);

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
    if (body->mode == TN_DRAW_BOUND) {
        row.closed_us = event->time_us;
        row.beacon = body->beacon;
        row.round = body->round;
        status = await_witnesses(fold, &body->witnesses, &row);
    }
    if (status == TN_OK) {
        status = tn_queue_leave_out(fold, body->day, &body->left_out);
    }
    if (status != TN_OK) {
        return status;
    }
    fold->queue.undrawn_day = body->day;
    fold->queue.last_closed_day = body->day;
    status = tn_queue_write_day(fold, body->day, &row);
    return status == TN_OK ? tn_queue_write(fold) : status;
}

static enum tn_status seed_draw(struct tn_queue_fold *fold, const struct tn_event *event)
{
    const struct tn_draw_seeded *body = &event->body.draw_seeded;
    struct tn_day_row row;
    enum tn_status status = tn_queue_read_day(fold, body->day, &row);

    if (status != TN_OK) {
        return status;
    }
    row.state = TN_DAY_SEEDED;
    row.seeded_us = event->time_us;
    memcpy(row.secret, body->facts.secret, TN_HASH_SIZE);
    memcpy(row.seed, body->seed, TN_HASH_SIZE);
    fold->queue.revealed = body->day - fold->queue.first_day + 1;
    memcpy(fold->queue.secret, body->facts.secret, TN_HASH_SIZE);
    status = tn_queue_write_day(fold, body->day, &row);
    return status == TN_OK ? tn_queue_write(fold) : status;
}

/* ---- sources of a draw of mode 1 ---- */

/* What became of an awaited witness; `secret` when it revealed. */
static enum tn_status settle_witness(struct tn_queue_fold *fold, const struct tn_event *event,
                                     uint64_t day, const uint8_t *witness, const uint8_t *secret)
{
    struct tn_day_row row;
    struct tn_day_witness *witnesses;
    enum tn_status status = tn_queue_read_day(fold, day, &row);
    bool known = false;

    if (status != TN_OK) {
        return status;
    }
    witnesses = tn_arena_array(fold->arena, row.witnesses.count, sizeof(*witnesses));
    if (!witnesses) {
        return tn_fail(fold->error, TN_FULL, "more witnesses than the memory set apart for them");
    }
    for (size_t i = 0; i < row.witnesses.count; i++) {
        witnesses[i] = row.witnesses.items[i];
        if (memcmp(witnesses[i].witness, witness, TN_ID_SIZE) == 0) {
            known = true;
            witnesses[i].state = secret ? TN_WITNESS_REVEALED : TN_WITNESS_MISSED;
            memcpy(witnesses[i].secret, secret ? secret : witnesses[i].secret, TN_HASH_SIZE);
        }
    }
    if (!known) {
        return tn_queue_corrupt(fold, "a witness that the day does not await");
    }
    row.witnesses.items = witnesses;
    row.gathered_us = event->time_us;
    return tn_queue_write_day(fold, day, &row);
}

static enum tn_status reveal_witness(struct tn_queue_fold *fold, const struct tn_event *event)
{
    const struct tn_facts_reveal_witness *facts = &event->body.witness_revealed.facts;
    struct tn_chain_row chain;
    bool found;
    enum tn_status status = settle_witness(fold, event, facts->day, facts->witness, facts->secret);

    if (status == TN_OK) {
        status = TN_READ(fold->rows, tn_key_chain(facts->witness), chain_row, fold->arena, &chain,
                         &found, fold->error);
    }
    if (status != TN_OK || !found) {
        return status != TN_OK ? status : tn_queue_corrupt(fold, "a chain that was never bound");
    }
    chain.revealed = facts->day - chain.first_day + 1;
    memcpy(chain.secret, facts->secret, TN_HASH_SIZE);
    return TN_WRITE(fold->rows, tn_key_chain(facts->witness), chain_row, &chain, fold->error);
}

static enum tn_status record_beacon(struct tn_queue_fold *fold, const struct tn_event *event)
{
    const struct tn_beacon_recorded *body = &event->body.beacon_recorded;
    struct tn_day_row row;
    enum tn_status status = tn_queue_read_day(fold, body->facts.day, &row);

    if (status != TN_OK) {
        return status;
    }
    row.round = body->round;
    row.raw = body->raw;
    row.gathered_us = event->time_us;
    return tn_queue_write_day(fold, body->facts.day, &row);
}

/* A finished day's pool rows go: the pool has its own root, and the log has the requests. */
static enum tn_status finish_day(struct tn_queue_fold *fold, uint64_t day,
                                 const struct tn_day_row *row)
{
    struct tn_row_key pool = tn_key_pool(day);
    enum tn_status status = tn_queue_write_day(fold, day, row);

    if (status == TN_OK) {
        status = tn_rows_delete_prefix(fold->rows, tn_row_key_view(&pool), fold->error);
    }
    if (fold->queue.undrawn_day == day) {
        fold->queue.undrawn_day = 0;
    }
    return status == TN_OK ? tn_queue_write(fold) : status;
}

static enum tn_status complete_draw(struct tn_queue_fold *fold, const struct tn_event *event)
{
    const struct tn_draw_completed *body = &event->body.draw_completed;
    struct tn_day_row row;
    enum tn_status status = tn_queue_read_day(fold, body->day, &row);

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
    status = tn_queue_carry_held(fold, body);
    return status == TN_OK ? finish_day(fold, body->day, &row) : status;
}

static enum tn_status void_day(struct tn_queue_fold *fold, const struct tn_event *event)
{
    uint64_t day = event->body.day_voided.day;
    struct tn_day_row row;
    enum tn_status status = tn_queue_read_day(fold, day, &row);

    if (status == TN_OK) {
        status = leave_open(fold, day);
    }
    if (status == TN_OK) {
        status = tn_queue_carry_day(fold, day);
    }
    row.state = TN_DAY_VOIDED;
    row.completed_us = event->time_us;
    if (day > fold->queue.last_closed_day) {
        fold->queue.last_closed_day = day;
    }
    return status == TN_OK ? finish_day(fold, day, &row) : status;
}

/* ---- the rest ---- */

static enum tn_status create(struct tn_queue_fold *fold, const struct tn_facts_create_ledger *facts)
{
    memcpy(fold->queue.gid_key, facts->gid_key, TN_HASH_SIZE);
    fold->queue.simulated = facts->simulated;
    return tn_queue_write(fold);
}

static enum tn_status anchor(struct tn_queue_fold *fold, const struct tn_event *event)
{
    const struct tn_facts_anchor_chain *facts = &event->body.chain_anchored.facts;
    struct tn_chain_row chain = {
        .length = facts->length,
        .first_day = facts->first_day,
        .anchored_us = event->time_us,
    };

    if (!tn_is_zero(facts->owner, TN_ID_SIZE)) {
        memcpy(chain.chain, facts->chain, TN_ID_SIZE);
        memcpy(chain.secret, facts->anchor, TN_HASH_SIZE);
        return TN_WRITE(fold->rows, tn_key_chain(facts->owner), chain_row, &chain, fold->error);
    }
    memcpy(fold->queue.chain, facts->chain, TN_ID_SIZE);
    memcpy(fold->queue.secret, facts->anchor, TN_HASH_SIZE);
    fold->queue.chain_length = facts->length;
    fold->queue.first_day = facts->first_day;
    return tn_queue_write(fold);
}

static enum tn_status replace_chain(struct tn_queue_fold *fold, const struct tn_event *event)
{
    const struct tn_facts_replace_chain *facts = &event->body.chain_replaced.facts;
    struct tn_chain_row chain = {
        .length = facts->length,
        .first_day = facts->first_day,
        .anchored_us = event->time_us,
        .replaced = 1,
    };
    enum tn_status status = TN_OK;

    if (facts->first_day > fold->queue.void_before) {
        fold->queue.void_before = facts->first_day;
    }
    if (tn_is_zero(facts->owner, TN_ID_SIZE)) {
        memcpy(fold->queue.chain, facts->chain, TN_ID_SIZE);
        memcpy(fold->queue.secret, facts->anchor, TN_HASH_SIZE);
        fold->queue.chain_length = facts->length;
        fold->queue.first_day = facts->first_day;
        fold->queue.revealed = 0;
        fold->queue.replaced = 1;
    } else {
        memcpy(chain.chain, facts->chain, TN_ID_SIZE);
        memcpy(chain.secret, facts->anchor, TN_HASH_SIZE);
        status = TN_WRITE(fold->rows, tn_key_chain(facts->owner), chain_row, &chain, fold->error);
    }
    return status == TN_OK ? tn_queue_write(fold) : status;
}

static enum tn_status publish_policy(struct tn_queue_fold *fold,
                                     const struct tn_facts_publish_policy *facts)
{
    struct tn_policy_row row = {.effective_us = facts->effective_us, .document = facts->document};
    enum tn_status status =
        TN_WRITE(fold->rows, tn_key_policy(facts->policy), policy_row, &row, fold->error);

    fold->queue.policies = facts->policy;
    return status == TN_OK ? tn_queue_write(fold) : status;
}

static enum tn_status apply_day(struct tn_queue_fold *fold, const struct tn_event *event)
{
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_ledger_created:
        return create(fold, &body->ledger_created.facts);
    case TN_KIND_chain_anchored:
        return anchor(fold, event);
    case TN_KIND_chain_replaced:
        return replace_chain(fold, event);
    case TN_KIND_witness_revealed:
        return reveal_witness(fold, event);
    case TN_KIND_witness_missed:
        return settle_witness(fold, event, body->witness_missed.day, body->witness_missed.witness,
                              NULL);
    case TN_KIND_beacon_recorded:
        return record_beacon(fold, event);
    case TN_KIND_policy_published:
        return publish_policy(fold, &body->policy_published.facts);
    case TN_KIND_window_extended:
        return tn_queue_extend(fold, &body->window_extended);
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
        return tn_queue_apply_offer(fold, event);
    }
}

/* Most events of a busy minute (validations, refusals, seats) are none of the queue's business; and
 * an offer's end reads no day, so the single row is read only where it is needed. */
static bool reads_queue(uint32_t kind)
{
    switch (kind) {
    case TN_KIND_ledger_created:
    case TN_KIND_chain_anchored:
    case TN_KIND_chain_replaced:
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
    struct tn_queue_fold fold = {.rows = rows, .arena = arena, .error = error};
    enum tn_status status = TN_OK;
    bool found;

    if (reads_queue(event->kind)) {
        status = TN_READ(rows, tn_key_queue(), queue_row, arena, &fold.queue, &found, error);
    }
    return status == TN_OK ? apply_day(&fold, event) : status;
}

const struct tn_projection tn_projection_queue = {"queue", 1, apply};
