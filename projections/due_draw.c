/* A day's draw: its frozen input, and the events of its result. */
#include <inttypes.h>
#include <string.h>

#include "ledger/rules/bound.h"
#include "ledger/rules/offer.h"
#include "projections/due_internal.h"
#include "projections/keys.h"

/* ---- the draw ---- */

enum tn_status tn_day_draw_load(struct tn_decider *decider, uint64_t day, struct tn_arena *arena,
                                struct tn_day_draw *draw, struct tn_error *error)
{
    struct tn_verdict none;
    struct tn_fetch fetch;
    struct tn_due_pool pool;
    enum tn_status status;

    memset(draw, 0, sizeof(*draw));
    tn_verdict_init(&none, NULL, 0, 0, arena);
    status = tn_fetch_begin(&fetch, decider, NULL, &none, error);
    if (status == TN_OK) {
        status = tn_due_pool_load(&fetch, day, arena, &pool);
    }
    if (status != TN_OK) {
        return status;
    }
    tn_due_pool_salt(&pool, fetch.queue.gid_key);
    return tn_day_draw_with(decider, &pool, arena, draw, error);
}

enum tn_status tn_day_draw_with(struct tn_decider *decider, const struct tn_due_pool *pool,
                                struct tn_arena *arena, struct tn_day_draw *draw,
                                struct tn_error *error)
{
    struct tn_verdict none;
    struct tn_fetch fetch;
    struct tn_day_row day;
    const struct tn_policy *policy;
    bool found = false;
    enum tn_status status;

    memset(draw, 0, sizeof(*draw));
    tn_verdict_init(&none, NULL, 0, 0, arena);
    status = tn_fetch_begin(&fetch, decider, NULL, &none, error);
    if (status == TN_OK) {
        status = tn_fetch_day(&fetch, pool->day, &day, &found);
    }
    policy = status == TN_OK && found ? tn_policies_version(&decider->policies, day.policy) : NULL;
    /* Before there is no seed, and after it the pool's rows are gone: ask as of the seed. */
    if (status == TN_OK && (!policy || day.state != TN_DAY_SEEDED)) {
        status =
            tn_fail(error, TN_NOT_FOUND, "day %" PRIu64 " is not about to be drawn", pool->day);
    }
    /* Who asked and is not drawn must not be silently left out (P4). */
    if (status == TN_OK && pool->count != day.groups) {
        status = tn_fail(error, TN_CORRUPT,
                         "the pool of day %" PRIu64 " has %zu groups, and was closed with %" PRIu64,
                         pool->day, pool->count, day.groups);
    }
    if (status == TN_OK) {
        status = tn_day_frozen(&day, pool->day, policy, arena, &draw->input);
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

/* Who is first in line at a port the next day: hard packing found no slot for it. */
static enum tn_status list_held(const struct tn_day_draw *draw, const struct tn_draw_after *from,
                                struct tn_arena *arena, struct tn_port_after *to)
{
    struct tn_held_group *held = tn_arena_array(arena, from->held_count, sizeof(*held));

    if (!held) {
        return TN_FULL;
    }
    for (uint32_t i = 0; i < from->held_count; i++) {
        memcpy(held[i].gid, from->held[i].gid, TN_ID_SIZE);
        held[i].basis = from->held[i].basis;
        for (uint32_t g = 0; g < draw->input.group_count; g++) {
            if (memcmp(draw->input.groups[g].gid, held[i].gid, TN_ID_SIZE) == 0) {
                memcpy(held[i].registration, draw->registrations[g], TN_ID_SIZE);
            }
        }
    }
    to->held = (struct tn_held_group_list){held, from->held_count};
    return TN_OK;
}

/* Whether the date of an offer's first seat has ended at its port: the draw came days late. */
static enum tn_status is_past(struct tn_fetch *fetch, const struct tn_appointment_offered *body,
                              bool *past)
{
    struct tn_port_date_row row;
    bool found;
    enum tn_status status = TN_READ(fetch->decider->state->rows[TN_CORE_SEATS],
                                    tn_key_port_date(body->port, body->seats.items[0].date),
                                    port_date_row, fetch->arena, &row, &found, fetch->error);

    *past = status == TN_OK && found && row.ends_us <= fetch->verdict->time_us;
    return status;
}

/* Offers at a port that was suspended after the close, or of a date that is over, go back at once:
 * the draw is what it is, and nobody is sent to a day that has passed. */
static enum tn_status return_useless(struct tn_fetch *fetch, size_t first, size_t count)
{
    enum tn_status status = TN_OK;

    for (size_t i = first; status == TN_OK && i < first + count; i++) {
        const struct tn_appointment_offered *body =
            &fetch->verdict->events[i].body.appointment_offered;
        struct tn_offer_row offer = {.port = body->port, .seats = body->seats};
        struct tn_port_row port;
        uint8_t id[TN_ID_SIZE];
        bool found;
        bool past = false;

        status = TN_READ(fetch->decider->state->rows[TN_CORE_SEATS], tn_key_port(body->port),
                         port_row, fetch->arena, &port, &found, fetch->error);
        if (status == TN_OK) {
            status = is_past(fetch, body, &past);
        }
        if (status == TN_OK && (port.suspended || past)) {
            memcpy(offer.registration, body->registration, TN_ID_SIZE);
            memcpy(id, body->offer, TN_ID_SIZE);
            tn_rule_withdraw_offer(id, &offer, port.suspended ? "port_suspended" : "date_past", i,
                                   fetch->verdict);
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
    for (uint32_t i = 0; status == TN_OK && i < result->after_count; i++) {
        after[i].port = result->after[i].port;
        after[i].pcredit = result->after[i].pcredit;
        after[i].acc = result->after[i].acc;
        after[i].over = result->after[i].over;
        after[i].seats = result->after[i].seats_assigned;
        completed->seats += result->after[i].seats_assigned;
        status = list_held(draw, &result->after[i], verdict->arena, &after[i]);
    }
    for (uint32_t w = 0; w < result->winner_count; w++) {
        for (uint32_t i = 0; i < result->after_count; i++) {
            after[i].groups += after[i].port == result->winners[w].port ? 1 : 0;
        }
        add_offer(draw, &result->winners[w], verdict);
    }
    status = status == TN_OK ? tn_verdict_status(verdict) : status;
    return status == TN_OK ? return_useless(&fetch, 1, result->winner_count) : status;
}
