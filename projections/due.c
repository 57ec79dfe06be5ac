/* What falls due by itself: what is next, lapses, day openings, witnesses that stay silent. Pools
 * and draws stand in due_pool.c and due_draw.c. */
#include <inttypes.h>
#include <string.h>

#include "ledger/rules/bound.h"
#include "ledger/rules/offer.h"
#include "ledger/rules/seats.h"
#include "ledger/rules/window.h"
#include "projections/due_internal.h"
#include "projections/keys.h"

/* ---- what is next ---- */

struct first_lapse {
    bool found;
    struct tn_due due;
};

static void lapse_from_key(struct tn_bytes key, struct tn_due *due)
{
    due->kind = TN_DUE_LAPSE;
    due->due_us = 0;
    for (size_t i = 1; i <= 8; i++) {
        due->due_us = (due->due_us << 8) | key.data[i];
    }
    memcpy(due->offer, key.data + key.size - TN_ID_SIZE, TN_ID_SIZE);
}

static bool take_first_lapse(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct first_lapse *first = context;

    (void) value;
    first->found = true;
    lapse_from_key(key, &first->due);
    return false;
}

/* Earlier instant first; at one instant in the order of the kinds. */
static void keep_earlier(struct tn_due *due, const struct tn_due *other)
{
    bool earlier = other->due_us < due->due_us ||
                   (other->due_us == due->due_us && other->kind < due->kind);

    if (due->kind == TN_DUE_NOTHING || earlier) {
        *due = *other;
    }
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What a closed day waits for next: its draw, the operator's secret, or the limit of a witness. A
 * witness or a beacon that may still come is nobody's due: somebody else's act brings it. */
static void next_of_closed(const struct tn_policy *policy, const struct tn_day_row *row,
                           struct tn_due *item)
{
    struct tn_day_waits waits;

    tn_day_waits(row, &waits);
    if (row->state == TN_DAY_SEEDED) {
        item->kind = TN_DUE_DRAW;
        item->due_us = later(row->seeded_us, row->draw_us);
    } else if (waits.witnesses > 0) {
        for (size_t i = 0; waits.missable && i < row->witnesses.count; i++) {
            if (row->witnesses.items[i].state == TN_WITNESS_AWAITED) {
                item->kind = TN_DUE_WITNESS_MISS;
                item->due_us =
                    later(row->closed_us + policy->draw.witness_wait_us + row->extended_us,
                          row->gathered_us);
                memcpy(item->witness, row->witnesses.items[i].witness, TN_ID_SIZE);
                return;
            }
        }
    } else if (!waits.beacon) {
        item->kind = TN_DUE_REVEAL;
        item->due_us = later(row->gathered_us, row->draw_us);
    }
}

/* The first open day: its pool is closed, or it is void. */
static enum tn_status next_of_open(struct tn_fetch *fetch, struct tn_due *item)
{
    struct tn_day_row row;
    bool found;
    bool is_void = false;
    enum tn_status status;

    item->day = fetch->queue.open_days.items[0];
    status = tn_fetch_day(fetch, item->day, &row, &found);
    if (status != TN_OK || !found) {
        return status;
    }
    status = tn_due_is_void(fetch, item->day, &row, &is_void);
    item->kind = is_void ? TN_DUE_DAY_VOID : TN_DUE_POOL_CLOSE;
    item->due_us = row.closes_us;
    /* Due at the close or, if later, once the day before was completed or voided. */
    if (status == TN_OK) {
        status = tn_fetch_day(fetch, fetch->queue.last_closed_day, &row, &found);
    }
    item->due_us = later(item->due_us, row.completed_us);
    return status;
}

static enum tn_status next_of_days(struct tn_fetch *fetch, struct tn_due *due)
{
    const struct tn_policy *policy;
    struct tn_day_row row;
    struct tn_due item = {0};
    bool found;
    enum tn_status status = TN_OK;

    if (fetch->queue.undrawn_day > 0) { /* a later pool waits for this draw */
        item.day = fetch->queue.undrawn_day;
        status = tn_fetch_day(fetch, item.day, &row, &found);
        policy = status == TN_OK && found
                     ? tn_policies_version(&fetch->decider->policies, row.policy)
                     : NULL;
        if (policy) {
            next_of_closed(policy, &row, &item);
        }
    } else if (fetch->queue.open_days.count > 0) {
        status = next_of_open(fetch, &item);
    }
    if (status == TN_OK && item.kind != TN_DUE_NOTHING) {
        keep_earlier(due, &item);
    }
    return status;
}

enum tn_status tn_due_next_of_days(struct tn_decider *decider, struct tn_arena *arena,
                                   struct tn_due *due, struct tn_error *error)
{
    struct tn_verdict none;
    struct tn_fetch fetch;
    enum tn_status status;

    memset(due, 0, sizeof(*due));
    tn_verdict_init(&none, NULL, 0, 0, arena);
    status = tn_fetch_begin(&fetch, decider, NULL, &none, error);
    return status == TN_OK ? next_of_days(&fetch, due) : status;
}

enum tn_status tn_due_next(struct tn_decider *decider, struct tn_arena *arena, struct tn_due *due,
                           struct tn_error *error)
{
    struct tn_verdict none;
    struct tn_fetch fetch;
    struct first_lapse first = {0};
    struct tn_row_key prefix = tn_key_lapses();
    enum tn_status status;

    memset(due, 0, sizeof(*due));
    tn_verdict_init(&none, NULL, 0, 0, arena);
    status = tn_fetch_begin(&fetch, decider, NULL, &none, error);
    if (status == TN_OK) {
        status = tn_rows_scan(decider->state->rows[TN_CORE_QUEUE], tn_row_key_view(&prefix),
                              tn_bytes(NULL, 0), take_first_lapse, &first, error);
    }
    if (status == TN_OK && first.found) {
        keep_earlier(due, &first.due);
    }
    return status == TN_OK ? next_of_days(&fetch, due) : status;
}

/* ---- lapses ---- */

struct lapses {
    uint64_t now_us;
    size_t count;
    size_t limit;
    struct tn_due *items;
};

static bool collect_lapse(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct lapses *lapses = context;
    struct tn_due due = {0};

    (void) value;
    lapse_from_key(key, &due);
    if (due.due_us > lapses->now_us || lapses->count == lapses->limit) {
        return false;
    }
    lapses->items[lapses->count++] = due;
    return true;
}

enum tn_status tn_due_lapse(struct tn_decider *decider, const struct tn_due *due,
                            struct tn_verdict *verdict, struct tn_error *error)
{
    struct tn_fetch fetch;
    struct tn_offer_row offer;
    bool found = false;
    enum tn_status status = tn_fetch_begin(&fetch, decider, NULL, verdict, error);

    if (status == TN_OK) {
        status = tn_fetch_offer(&fetch, due->offer, &offer, &found);
    }
    if (status != TN_OK) {
        return status;
    }
    if (!found || offer.state != TN_OFFER_OPEN) {
        return tn_fail(error, TN_CORRUPT, "an offer that is not open waits to lapse");
    }
    tn_rule_lapse_offer(due->offer, &offer, verdict);
    return tn_verdict_status(verdict);
}

enum tn_status tn_due_lapses(struct tn_decider *decider, uint64_t now_us, size_t limit,
                             struct tn_verdict *verdict, struct tn_error *error)
{
    struct lapses lapses = {
        .now_us = now_us,
        .limit = limit,
        .items = tn_arena_array(verdict->arena, limit, sizeof(struct tn_due)),
    };
    struct tn_row_key prefix = tn_key_lapses();
    enum tn_status status;

    if (!lapses.items) {
        return TN_FULL;
    }
    status = tn_rows_scan(decider->state->rows[TN_CORE_QUEUE], tn_row_key_view(&prefix),
                          tn_bytes(NULL, 0), collect_lapse, &lapses, error);
    for (size_t i = 0; status == TN_OK && i < lapses.count; i++) {
        status = tn_due_lapse(decider, &lapses.items[i], verdict, error);
    }
    return status;
}

/* ---- day openings ---- */

static enum tn_status any_capacity(struct tn_fetch *fetch, const struct tn_policy *policy,
                                   uint64_t date, bool *published)
{
    enum tn_status status = TN_OK;

    *published = false;
    for (uint32_t p = 0; status == TN_OK && p < policy->port_count && !*published; p++) {
        struct tn_port_date_row row;

        status = TN_READ(fetch->decider->state->rows[TN_CORE_SEATS],
                         tn_key_port_date(policy->ports[p].code, date), port_date_row, fetch->arena,
                         &row, published, fetch->error);
    }
    return status;
}

enum tn_status tn_due_open_day(struct tn_decider *decider, uint32_t policy_version,
                               const struct tn_window *window, struct tn_verdict *verdict,
                               struct tn_error *error)
{
    const struct tn_policy *policy = tn_policies_version(&decider->policies, policy_version);
    struct tn_fetch fetch;
    struct tn_day_opened *opened;
    bool published;
    enum tn_status status = tn_fetch_begin(&fetch, decider, NULL, verdict, error);

    if (status != TN_OK) {
        return status;
    }
    if (!policy || window->day <= fetch.queue.last_day) {
        return tn_fail(error, TN_CORRUPT,
                       "day %" PRIu32 " is opened again, or under a policy that is not known",
                       window->day);
    }
    status = any_capacity(&fetch, policy, window->service_date, &published);
    if (status == TN_OK && !published) {
        struct tn_port_capacity_list ports;
        struct tn_capacity_published *capacity;

        status = tn_capacity_from_policy(policy, window->ends_us, verdict->arena, &ports);
        if (status != TN_OK) {
            return status;
        }
        capacity = &tn_verdict_add(verdict, TN_KIND_capacity_published)->body.capacity_published;
        capacity->date = window->service_date;
        capacity->ports = ports;
    }
    if (status != TN_OK) {
        return status;
    }
    opened = &tn_verdict_add(verdict, TN_KIND_day_opened)->body.day_opened;
    opened->day = window->day;
    opened->service_date = window->service_date;
    opened->policy = policy_version;
    opened->opens_us = window->opens_us;
    opened->closes_us = window->closes_us;
    opened->draw_us = window->draw_us;
    return tn_verdict_status(verdict);
}

/* ---- witnesses ---- */

enum tn_status tn_due_miss_witness(struct tn_decider *decider, const struct tn_due *due,
                                   struct tn_verdict *verdict, struct tn_error *error)
{
    struct tn_fetch fetch;
    struct tn_day_row day;
    struct tn_day_waits waits;
    bool found = false;
    size_t at;
    enum tn_status status = tn_fetch_begin(&fetch, decider, NULL, verdict, error);

    if (status == TN_OK) {
        status = tn_fetch_day(&fetch, due->day, &day, &found);
    }
    if (status != TN_OK) {
        return status;
    }
    tn_day_waits(&day, &waits);
    at = tn_day_witness_find(&day, due->witness);
    if (!found || day.state != TN_DAY_CLOSED || !waits.missable || at == day.witnesses.count ||
        day.witnesses.items[at].state != TN_WITNESS_AWAITED) {
        return tn_fail(error, TN_CORRUPT,
                       "day %" PRIu64 " does not wait for this witness, or for it alone", due->day);
    }
    tn_rule_miss_witness(due->day, &day.witnesses.items[at], due->due_us, verdict);
    return tn_verdict_status(verdict);
}
