/* What falls due by itself: lapses, day openings, pool closes, draws. */
#include <inttypes.h>
#include <string.h>

#include "ledger/rules/offer.h"
#include "ledger/rules/seats.h"
#include "ledger/rules/window.h"
#include "projections/fetch.h"
#include "projections/keys.h"
#include "projections/pool.h"

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

static enum tn_status next_of_days(struct tn_fetch *fetch, struct tn_due *due)
{
    struct tn_day_row row;
    struct tn_due item = {0};
    bool found;
    enum tn_status status;

    if (fetch->queue.undrawn_day > 0) {
        item.day = fetch->queue.undrawn_day;
        status = tn_fetch_day(fetch, item.day, &row, &found);
        if (status != TN_OK || !found) {
            return status;
        }
        item.kind = row.state == TN_DAY_SEEDED ? TN_DUE_DRAW : TN_DUE_REVEAL;
        item.due_us = row.seeded_us > row.draw_us ? row.seeded_us : row.draw_us;
        keep_earlier(due, &item);
        return TN_OK; /* a later pool waits for this draw */
    }
    if (fetch->queue.open_days.count == 0) {
        return TN_OK;
    }
    item.kind = TN_DUE_POOL_CLOSE;
    item.day = fetch->queue.open_days.items[0];
    status = tn_fetch_day(fetch, item.day, &row, &found);
    if (status != TN_OK || !found) {
        return status;
    }
    item.due_us = row.closes_us;
    /* Due at the close or, if later, once the day before was completed or voided. */
    status = tn_fetch_day(fetch, fetch->queue.last_closed_day, &row, &found);
    if (status == TN_OK) {
        item.due_us = row.completed_us > item.due_us ? row.completed_us : item.due_us;
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

/* ---- the pool ---- */

static enum tn_status load_line(struct tn_fetch *fetch, const struct tn_policy *policy,
                                uint64_t port, uint64_t day, struct tn_port_line *line)
{
    struct tn_port_row port_row;
    struct tn_port_date *dates;
    uint64_t last = day + policy->horizon_days;
    size_t count;
    bool found;
    enum tn_status status = TN_READ(fetch->decider->state->rows[TN_CORE_SEATS], tn_key_port(port),
                                    port_row, fetch->arena, &port_row, &found, fetch->error);

    if (status != TN_OK) {
        return status;
    }
    count = found && port_row.first_date > 0 && port_row.first_date <= last
                ? (size_t) (last - port_row.first_date) + 1
                : 0;
    dates = tn_arena_array(fetch->arena, count, sizeof(*dates));
    if (!dates) {
        return TN_FULL;
    }
    for (size_t i = 0; status == TN_OK && i < count; i++) {
        dates[i].date = port_row.first_date + i;
        status = TN_READ(fetch->decider->state->rows[TN_CORE_SEATS],
                         tn_key_port_date(port, dates[i].date), port_date_row, fetch->arena,
                         &dates[i].row, &found, fetch->error);
    }
    return status == TN_OK ? tn_port_line_compute(policy, port, day, &port_row, dates, count,
                                                  fetch->arena, line)
                           : status;
}

enum tn_status tn_due_close_pool(struct tn_decider *decider, const struct tn_due *due,
                                 struct tn_verdict *verdict, struct tn_error *error)
{
    struct tn_queue_row queue;
    struct tn_pool pool;
    uint8_t root[TN_HASH_SIZE];
    bool found;
    enum tn_status status =
        tn_pool_load(decider->state->rows[TN_CORE_QUEUE], due->day, verdict->arena, &pool, error);

    if (status == TN_OK) {
        status = TN_READ(decider->state->rows[TN_CORE_QUEUE], tn_key_queue(), queue_row,
                         verdict->arena, &queue, &found, error);
    }
    if (status != TN_OK) {
        return status;
    }
    tn_pool_salt(&pool, queue.gid_key);
    tn_pool_root(&pool, root);
    return tn_due_close_with(decider, due, &pool, root, verdict, error);
}

enum tn_status tn_due_close_with(struct tn_decider *decider, const struct tn_due *due,
                                 const struct tn_pool *pool,
                                 const uint8_t root[static TN_HASH_SIZE],
                                 struct tn_verdict *verdict, struct tn_error *error)
{
    struct tn_fetch fetch;
    struct tn_day_row day;
    const struct tn_policy *policy;
    struct tn_port_line lines[TN_POLICY_PORTS_MAX];
    struct tn_pool_port *ports;
    struct tn_pool_closed *closed;
    bool found = false;
    enum tn_status status = tn_fetch_begin(&fetch, decider, NULL, verdict, error);

    if (status == TN_OK) {
        status = tn_fetch_day(&fetch, due->day, &day, &found);
    }
    policy = status == TN_OK && found ? tn_policies_version(&decider->policies, day.policy) : NULL;
    if (status == TN_OK && (!policy || day.state != TN_DAY_OPEN || fetch.queue.undrawn_day > 0)) {
        status = tn_fail(error, TN_CORRUPT,
                         "the pool of day %" PRIu64 " is not open, or the day before is not drawn",
                         due->day);
    }
    for (uint32_t p = 0; status == TN_OK && p < policy->port_count; p++) {
        status = load_line(&fetch, policy, policy->ports[p].code, due->day, &lines[p]);
    }
    if (status != TN_OK) {
        return status;
    }
    ports = tn_arena_array(verdict->arena, policy->port_count, sizeof(*ports));
    if (!ports) {
        return TN_FULL;
    }
    for (uint32_t p = 0; p < policy->port_count; p++) {
        ports[p] = lines[p].frozen;
    }
    closed = &tn_verdict_add(verdict, TN_KIND_pool_closed)->body.pool_closed;
    closed->day = due->day;
    closed->service_date = day.service_date;
    closed->policy = day.policy;
    closed->groups = pool->count;
    memcpy(closed->root, root, TN_HASH_SIZE);
    closed->mode = TN_DRAW_SOLO;
    closed->ports = (struct tn_pool_port_list){ports, policy->port_count};
    closed->due_us = due->due_us;
    for (uint32_t p = 0; p < policy->port_count; p++) {
        struct tn_seats_expired *expired;

        if (lines[p].expired.count == 0) {
            continue;
        }
        expired = &tn_verdict_add_caused(verdict, TN_KIND_seats_expired, 0)->body.seats_expired;
        expired->port = policy->ports[p].code;
        expired->seats = lines[p].expired;
        expired->day = due->day;
    }
    return tn_verdict_status(verdict);
}

/* ---- the draw ---- */

enum tn_status tn_day_draw_load(struct tn_decider *decider, uint64_t day_number,
                                struct tn_arena *arena, struct tn_day_draw *draw,
                                struct tn_error *error)
{
    struct tn_queue_row queue;
    struct tn_pool pool;
    bool found;
    enum tn_status status =
        tn_pool_load(decider->state->rows[TN_CORE_QUEUE], day_number, arena, &pool, error);

    memset(draw, 0, sizeof(*draw));
    if (status == TN_OK) {
        status = TN_READ(decider->state->rows[TN_CORE_QUEUE], tn_key_queue(), queue_row, arena,
                         &queue, &found, error);
    }
    if (status != TN_OK) {
        return status;
    }
    tn_pool_salt(&pool, queue.gid_key);
    return tn_day_draw_with(decider, &pool, arena, draw, error);
}

enum tn_status tn_day_draw_with(struct tn_decider *decider, const struct tn_pool *pool,
                                struct tn_arena *arena, struct tn_day_draw *draw,
                                struct tn_error *error)
{
    struct tn_verdict none;
    struct tn_fetch fetch;
    struct tn_day_row day;
    uint64_t day_number = pool->day;
    const struct tn_policy *policy;
    bool found = false;
    enum tn_status status;

    memset(draw, 0, sizeof(*draw));
    tn_verdict_init(&none, NULL, 0, 0, arena);
    status = tn_fetch_begin(&fetch, decider, NULL, &none, error);
    if (status == TN_OK) {
        status = tn_fetch_day(&fetch, day_number, &day, &found);
    }
    policy = status == TN_OK && found ? tn_policies_version(&decider->policies, day.policy) : NULL;
    /* Before there is no seed, and after it the pool's rows are gone: ask as of the seed. */
    if (status == TN_OK && (!policy || day.state != TN_DAY_SEEDED)) {
        status =
            tn_fail(error, TN_NOT_FOUND, "day %" PRIu64 " is not about to be drawn", day_number);
    }
    if (status == TN_OK) {
        status = tn_day_frozen(&day, day_number, policy, arena, &draw->input);
    }
    if (status != TN_OK) {
        return status;
    }
    draw->input.groups = pool->groups;
    draw->input.group_count = (uint32_t) pool->count;
    draw->registrations = (const uint8_t(*)[TN_ID_SIZE]) pool->registrations;
    draw->due_us = day.seeded_us > day.draw_us ? day.seeded_us : day.draw_us;
    draw->deadline_us = tn_policy_offer_deadline(policy, draw->due_us);
    draw->closed_index = day.closed_index;
    return TN_OK;
}

static void add_offer(const struct tn_day_draw *draw, const struct tn_draw_winner *winner,
                      struct tn_verdict *verdict)
{
    struct tn_appointment_offered *offered;

    offered =
        &tn_verdict_add_caused(verdict, TN_KIND_appointment_offered, 0)->body.appointment_offered;
    memcpy(offered->registration, draw->registrations[winner->group], TN_ID_SIZE);
    memcpy(offered->offer, winner->gid, TN_ID_SIZE);
    offered->day = draw->input.day;
    offered->port = winner->port;
    offered->seats = (struct tn_run_list){winner->runs, winner->run_count};
    offered->basis = winner->basis;
    offered->rank = winner->rank;
    offered->size = draw->input.groups[winner->group].size;
    offered->deadline_us = draw->deadline_us;
}

/* Offers at a port that was suspended after the close go back at once. */
static enum tn_status return_suspended(struct tn_fetch *fetch, size_t first, size_t count)
{
    enum tn_status status = TN_OK;

    for (size_t i = first; status == TN_OK && i < first + count; i++) {
        const struct tn_appointment_offered *body =
            &fetch->verdict->events[i].body.appointment_offered;
        struct tn_offer_row offer = {.port = body->port, .seats = body->seats};
        struct tn_port_row port;
        uint8_t id[TN_ID_SIZE];
        bool found;

        status = TN_READ(fetch->decider->state->rows[TN_CORE_SEATS], tn_key_port(body->port),
                         port_row, fetch->arena, &port, &found, fetch->error);
        if (status == TN_OK && port.suspended) {
            memcpy(offer.registration, body->registration, TN_ID_SIZE);
            memcpy(id, body->offer, TN_ID_SIZE);
            tn_rule_withdraw_offer(id, &offer, "port_suspended", i, fetch->verdict);
        }
    }
    return status;
}

enum tn_status tn_due_complete_draw(struct tn_decider *decider, const struct tn_day_draw *draw,
                                    const struct tn_draw_result *result, struct tn_verdict *verdict,
                                    struct tn_error *error)
{
    struct tn_fetch fetch;
    struct tn_port_after *after;
    struct tn_draw_completed *completed;
    enum tn_status status = tn_fetch_begin(&fetch, decider, NULL, verdict, error);

    after = tn_arena_array(verdict->arena, result->after_count, sizeof(*after));
    if (status != TN_OK || !after) {
        return status != TN_OK ? status : TN_FULL;
    }
    completed = &tn_verdict_add(verdict, TN_KIND_draw_completed)->body.draw_completed;
    completed->day = draw->input.day;
    memcpy(completed->winners_root, result->winners_root, TN_HASH_SIZE);
    completed->groups = result->winner_count;
    completed->due_us = draw->due_us;
    completed->after = (struct tn_port_after_list){after, result->after_count};
    for (uint32_t i = 0; i < result->after_count; i++) {
        after[i].port = result->after[i].port;
        after[i].pcredit = result->after[i].pcredit;
        after[i].acc = result->after[i].acc;
        after[i].over = result->after[i].over;
        after[i].seats = result->after[i].seats_assigned;
        completed->seats += result->after[i].seats_assigned;
    }
    for (uint32_t w = 0; w < result->winner_count; w++) {
        for (uint32_t i = 0; i < result->after_count; i++) {
            after[i].groups += after[i].port == result->winners[w].port ? 1 : 0;
        }
        add_offer(draw, &result->winners[w], verdict);
    }
    status = tn_verdict_status(verdict);
    return status == TN_OK ? return_suspended(&fetch, 1, result->winner_count) : status;
}
