/* Seats and allocation (spec/draw.md 5): held groups, pass 1 by seniority, pass 2 by lottery. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/rules/draw_internal.h"

enum tn_status tn_draw_out_of_arena(struct tn_draw_allocation *a)
{
    return tn_fail(a->error, TN_FULL, "draw: the arena is too small for %u groups",
                   a->input->group_count);
}

struct tn_draw_port_state *tn_draw_port_of(struct tn_draw_allocation *a, uint16_t port)
{
    uint8_t index = a->pool->port_index[port];

    TN_CHECK(index < a->input->port_count);
    return &a->ports[index];
}

static enum tn_status port_init(struct tn_draw_allocation *a, struct tn_draw_port_state *port,
                                const struct tn_draw_port *in)
{
    uint64_t share;
    const bool hard = a->input->packing == TN_DRAW_HARD;

    port->in = in;
    port->pending = a->input->group_count;
    for (uint32_t i = 0; i < in->line_count; i++) {
        port->seats += in->line[i].seats;
    }
    share = port->seats * a->input->share_ppm + in->acc;
    port->quota = (int64_t) (share / TN_DRAW_PPM) + in->pcredit;
    port->acc = (uint32_t) (share % TN_DRAW_PPM);
    if (hard) {
        port->slot_left = tn_arena_array(a->arena, in->line_count, sizeof(*port->slot_left));
        port->held = tn_arena_array(a->arena, in->held_count + 1u, sizeof(*port->held));
        if (port->slot_left == NULL || port->held == NULL) {
            return tn_draw_out_of_arena(a);
        }
        for (uint32_t i = 0; i < in->line_count; i++) {
            port->slot_left[i] = in->line[i].seats;
        }
    }
    return TN_OK;
}

/* The next `size` seats of the line. What the line lacks at its end is charged to the last slot. */
static enum tn_status seats_take_straddle(struct tn_draw_allocation *a,
                                          struct tn_draw_port_state *port, uint32_t size,
                                          struct tn_draw_winner *winner)
{
    const struct tn_run *line = port->in->line;
    uint32_t at = port->line_at;
    uint64_t taken = port->line_taken;
    uint64_t wanted = size;
    uint32_t run_count = 1;
    struct tn_run *runs;

    while (at + 1 < port->in->line_count && wanted > line[at].seats - taken) {
        wanted -= line[at].seats - taken;
        taken = 0;
        at++;
        run_count++;
    }
    runs = tn_arena_array(a->arena, run_count, sizeof(*runs));
    if (runs == NULL) {
        return tn_draw_out_of_arena(a);
    }
    wanted = size;
    for (uint32_t i = 0; i < run_count; i++) {
        uint64_t left = line[port->line_at].seats - port->line_taken;
        uint64_t here = i + 1 < run_count ? left : wanted;

        runs[i].date = line[port->line_at].date;
        runs[i].minute = line[port->line_at].minute;
        runs[i].seats = here;
        wanted -= here;
        port->line_taken += here;
        if (port->line_taken >= line[port->line_at].seats &&
            port->line_at + 1 < port->in->line_count) {
            port->line_at++;
            port->line_taken = 0;
        }
    }
    winner->runs = runs;
    winner->run_count = run_count;
    return TN_OK;
}

uint32_t tn_draw_slot_find(const struct tn_draw_port_state *port, uint32_t size)
{
    uint32_t slot = 0;

    while (slot < port->in->line_count && port->slot_left[slot] < size) {
        slot++;
    }
    return slot;
}

static enum tn_status seats_take_hard(struct tn_draw_allocation *a, struct tn_draw_port_state *port,
                                      uint32_t slot, uint32_t size, struct tn_draw_winner *winner)
{
    struct tn_run *run = tn_arena_alloc(a->arena, sizeof(*run));

    if (run == NULL) {
        return tn_draw_out_of_arena(a);
    }
    run->date = port->in->line[slot].date;
    run->minute = port->in->line[slot].minute;
    run->seats = size;
    port->slot_left[slot] -= size;
    winner->runs = run;
    winner->run_count = 1;
    return TN_OK;
}

void tn_draw_hold(struct tn_draw_allocation *a, struct tn_draw_port_state *port, uint32_t group,
                  enum tn_draw_basis basis)
{
    struct tn_draw_held *held = &port->held[port->held_count];

    TN_CHECK(port->held_count <= port->in->held_count);
    memcpy(held->gid, a->input->groups[group].gid, TN_ID_SIZE);
    held->basis = (uint8_t) basis;
    port->held_count++;
    port->closed = true;
    a->states[group] = TN_DRAW_HELD;
}

enum tn_status tn_draw_place(struct tn_draw_allocation *a, struct tn_draw_port_state *port,
                             uint32_t group, enum tn_draw_basis basis)
{
    uint32_t size = a->input->groups[group].size;
    struct tn_draw_winner *winner = &a->winners[a->winner_count];
    enum tn_status status;

    if (a->input->packing == TN_DRAW_HARD) {
        uint32_t slot = tn_draw_slot_find(port, size);

        if (slot == port->in->line_count) {
            tn_draw_hold(a, port, group, basis);
            return TN_OK;
        }
        TN_CHECK(a->winner_count < a->winner_capacity);
        status = seats_take_hard(a, port, slot, size, winner);
    } else {
        TN_CHECK(a->winner_count < a->winner_capacity);
        status = seats_take_straddle(a, port, size, winner);
    }
    if (status != TN_OK) {
        return status;
    }
    winner->group = group;
    winner->port = port->in->port;
    winner->basis = (uint8_t) basis;
    winner->rank = port->rank++;
    winner->date = (uint32_t) winner->runs[0].date;
    winner->minute = (uint16_t) winner->runs[0].minute;
    memcpy(winner->gid, a->input->groups[group].gid, TN_ID_SIZE);
    a->winner_count++;
    a->states[group] = TN_DRAW_SEATED;
    port->used += size;
    if (basis == TN_DRAW_SENIORITY) {
        port->senior += size;
    }
    return TN_OK;
}

static bool port_has_seat(const struct tn_draw_port_state *port)
{
    return !port->closed && port->used < port->seats;
}

bool tn_draw_has_quota(const struct tn_draw_port_state *port)
{
    return port_has_seat(port) && port->senior < port->quota;
}

/* Rooms only shrink, so a pass may end when no port has any left. */
static bool any_port(const struct tn_draw_allocation *a,
                     bool (*has_room)(const struct tn_draw_port_state *port))
{
    for (uint32_t p = 0; p < a->input->port_count; p++) {
        if (has_room(&a->ports[p])) {
            return true;
        }
    }
    return false;
}

/* Place `group` at the first port it asked for that has room; `*more` is whether any port still
 * has. */
static enum tn_status group_pass(struct tn_draw_allocation *a, uint32_t group,
                                 enum tn_draw_basis basis,
                                 bool (*has_room)(const struct tn_draw_port_state *port),
                                 bool *more)
{
    const struct tn_draw_group *in = &a->input->groups[group];

    for (uint32_t j = 0; j < in->port_count; j++) {
        struct tn_draw_port_state *port = tn_draw_port_of(a, in->ports[j]);

        if (has_room(port)) {
            enum tn_status status = tn_draw_place(a, port, group, basis);

            *more = any_port(a, has_room);
            return status;
        }
    }
    return TN_OK;
}

/* Yesterday's held groups come first; a port whose held group finds no slot again stays closed. */
static enum tn_status held_assign(struct tn_draw_allocation *a)
{
    for (uint32_t p = 0; p < a->input->port_count; p++) {
        struct tn_draw_port_state *port = &a->ports[p];

        for (uint32_t i = 0; i < port->in->held_count; i++) {
            const struct tn_draw_held *held = &port->in->held[i];
            uint32_t group = tn_draw_pool_find(a->pool, held->gid);
            const struct tn_draw_group *found;
            enum tn_draw_basis basis = held->basis == TN_DRAW_SENIORITY ? TN_DRAW_SENIORITY
                                                                        : TN_DRAW_LOTTERY;
            enum tn_status status = TN_OK;

            if (group == a->input->group_count) {
                return tn_fail(a->error, TN_INVALID, "port %u: a held group is not in the pool",
                               port->in->port);
            }
            found = &a->input->groups[group];
            if (a->states[group] != TN_DRAW_WAITING || found->port_count != 1 ||
                found->ports[0] != port->in->port || held->basis != basis) {
                return tn_fail(
                    a->error, TN_INVALID,
                    "port %u: a held group stands twice, asks for another port or has an "
                    "unknown basis",
                    port->in->port);
            }
            if (port->closed) {
                tn_draw_hold(a, port, group, basis);
            } else {
                status = tn_draw_place(a, port, group, basis);
            }
            if (status != TN_OK) {
                return status;
            }
        }
    }
    return TN_OK;
}

static enum tn_status pass_by_lottery(struct tn_draw_allocation *a)
{
    bool more = any_port(a, port_has_seat);
    enum tn_status status = TN_OK;

    for (uint32_t i = 0; i < a->input->group_count && more && status == TN_OK; i++) {
        uint32_t group = a->pool->by_ticket[i];

        if (a->states[group] == TN_DRAW_WAITING) {
            status = group_pass(a, group, TN_DRAW_LOTTERY, port_has_seat, &more);
        }
    }
    return status;
}

static enum tn_status pass_by_seniority(struct tn_draw_allocation *a)
{
    uint32_t count = a->input->group_count;
    uint32_t *order = tn_arena_array(a->arena, count, sizeof(*order));
    struct tn_draw_sorter sorter = a->pool->sorter;
    bool more = any_port(a, tn_draw_has_quota);
    enum tn_status status = TN_OK;

    if (order == NULL) {
        return tn_draw_out_of_arena(a);
    }
    if (count > 0) {
        memcpy(order, a->pool->by_ticket, count * sizeof(*order));
    }
    tn_draw_order_by_seniority(&sorter, a->input->groups, order, count);
    for (uint32_t i = 0; i < count && more && status == TN_OK; i++) {
        if (a->states[order[i]] == TN_DRAW_WAITING) {
            status = group_pass(a, order[i], TN_DRAW_SENIORITY, tn_draw_has_quota, &more);
        }
    }
    return status;
}

static void unseated_count(struct tn_draw_allocation *a)
{
    for (uint32_t g = 0; g < a->input->group_count; g++) {
        const struct tn_draw_group *in = &a->input->groups[g];

        for (uint32_t j = 0; j < in->port_count && a->states[g] != TN_DRAW_SEATED; j++) {
            tn_draw_port_of(a, in->ports[j])->unseated++;
        }
    }
}

static void after_fill(const struct tn_draw_port_state *port, struct tn_draw_after *after)
{
    int64_t left = port->quota - port->senior;

    after->port = port->in->port;
    after->seats = port->seats;
    after->seats_assigned = port->used;
    after->seats_seniority = (uint64_t) port->senior;
    after->over = (uint32_t) (port->used > port->seats ? port->used - port->seats : 0);
    after->held = port->held;
    after->held_count = port->held_count;
    if (port->seats == 0) {
        after->pcredit = port->in->pcredit;
        after->acc = port->in->acc;
        return;
    }
    after->pcredit = left > 0 && port->unseated == 0 ? 0 : left;
    after->acc = port->acc;
}

/* Ranks are unique within a port, so the order is total and any sort gives the same. */
static int winner_compare(const void *left, const void *right)
{
    const struct tn_draw_winner *a = left;
    const struct tn_draw_winner *b = right;

    if (a->port != b->port) {
        return a->port < b->port ? -1 : 1;
    }
    return (a->rank > b->rank) - (a->rank < b->rank);
}

enum tn_status tn_draw_allocate(const struct tn_draw_pool *pool, struct tn_arena *arena,
                                struct tn_draw_result *result, struct tn_error *error)
{
    const struct tn_draw_input *input = pool->input;
    struct tn_draw_allocation a = {.pool = pool, .input = input, .arena = arena, .error = error};
    struct tn_draw_after *after = tn_arena_array(arena, input->port_count, sizeof(*after));
    enum tn_status status = TN_OK;

    /* Every winner starts on a free seat. */
    a.winner_capacity = pool->seats < input->group_count ? (uint32_t) pool->seats
                                                         : input->group_count;
    a.ports = tn_arena_array(arena, input->port_count, sizeof(*a.ports));
    a.states = tn_arena_array(arena, input->group_count, 1);
    a.given_port = tn_arena_array(arena, input->group_count, 1);
    a.winners = tn_arena_array(arena, a.winner_capacity, sizeof(*a.winners));
    if (after == NULL || a.ports == NULL || a.states == NULL || a.given_port == NULL ||
        a.winners == NULL) {
        return tn_draw_out_of_arena(&a);
    }
    for (uint32_t p = 0; p < input->port_count && status == TN_OK; p++) {
        status = port_init(&a, &a.ports[p], &input->ports[p]);
    }
    if (status == TN_OK) {
        status = held_assign(&a);
    }
    if (status == TN_OK) {
        status = input->given ? tn_draw_pass_by_givens(&a) : pass_by_seniority(&a);
    }
    if (status == TN_OK) {
        status = pass_by_lottery(&a);
    }
    if (status != TN_OK) {
        return status;
    }
    unseated_count(&a);
    for (uint32_t p = 0; p < input->port_count; p++) {
        after_fill(&a.ports[p], &after[p]);
    }
    if (a.winner_count > 1) {
        qsort(a.winners, a.winner_count, sizeof(*a.winners), winner_compare);
    }
    result->winners = a.winners;
    result->winner_count = a.winner_count;
    result->after = after;
    result->after_count = input->port_count;
    return TN_OK;
}
