/* Pass 1 of a public recomputation: replayed from what the transcript states (spec/draw.md 9).
 *
 * A group that gets nothing in pass 1 leaves no trace in it, so replaying the winners alone, in
 * their order, goes through the same states; what stays unseen is only whether a hidden group was
 * more senior. */
#include <string.h>

#include "ledger/rules/draw_internal.h"

static enum tn_status given_fail(struct tn_draw_allocation *a, uint32_t group, const char *what)
{
    char gid[2 * TN_ID_SIZE + 1];

    tn_hex_encode(gid, a->input->groups[group].gid, TN_ID_SIZE);
    return tn_fail(a->error, TN_MISMATCH, "pass 1: group %s %s", gid, what);
}

static enum tn_status givens_mark(struct tn_draw_allocation *a)
{
    for (uint32_t i = 0; i < a->input->given_count; i++) {
        const struct tn_draw_given *given = &a->input->givens[i];
        uint32_t group = tn_draw_pool_find(a->pool, given->gid);
        uint8_t port = a->pool->port_index[given->port];

        if (group == a->input->group_count || port >= a->input->port_count) {
            return tn_fail(
                a->error, TN_MISMATCH,
                "pass 1: a stated seniority winner is not in the pool, or port %u is not",
                given->port);
        }
        if (a->states[group] != TN_DRAW_WAITING) {
            return given_fail(a, group, "is stated twice, or was placed as held");
        }
        a->given_port[group] = port;
        if (!given->held) {
            if (!a->input->groups[group].opened) {
                return given_fail(a, group, "wins by seniority but is not opened");
            }
            a->states[group] = TN_DRAW_GIVEN;
            continue;
        }
        if (a->input->packing != TN_DRAW_HARD || a->ports[port].closed ||
            a->ports[port].pending != a->input->group_count) {
            return given_fail(a, group, "cannot be the group that closed its port");
        }
        a->ports[port].pending = group;
        a->states[group] = TN_DRAW_GIVEN_HELD;
    }
    return TN_OK;
}

/* The group stated to have closed `port` did so by now: it must have had quota there, no slot, and
 * no port that it liked better. */
static enum tn_status pending_apply(struct tn_draw_allocation *a, struct tn_draw_port_state *port)
{
    uint32_t group = port->pending;
    const struct tn_draw_group *in = &a->input->groups[group];
    bool asked = false;

    if (!tn_draw_has_quota(port) || tn_draw_slot_find(port, in->size) < port->in->line_count) {
        return given_fail(a, group,
                          "is stated to have closed a port where it had a slot or no quota");
    }
    for (uint32_t j = 0; j < in->port_count && !asked; j++) {
        struct tn_draw_port_state *other = tn_draw_port_of(a, in->ports[j]);

        asked = other == port;
        if (!asked && tn_draw_has_quota(other) && other->pending == a->input->group_count) {
            return given_fail(a, group, "is held although a port it prefers had quota");
        }
    }
    if (!asked) {
        return given_fail(a, group, "is held at a port that it did not ask for");
    }
    port->pending = a->input->group_count;
    tn_draw_hold(a, port, group, TN_DRAW_SENIORITY);
    return TN_OK;
}

static enum tn_status given_replay(struct tn_draw_allocation *a, uint32_t group)
{
    const struct tn_draw_group *in = &a->input->groups[group];
    struct tn_draw_port_state *stated = &a->ports[a->given_port[group]];
    enum tn_status status;

    for (uint32_t j = 0; j < in->port_count; j++) {
        struct tn_draw_port_state *port = tn_draw_port_of(a, in->ports[j]);

        if (!tn_draw_has_quota(port)) {
            continue;
        }
        if (port == stated) {
            status = tn_draw_place(a, port, group, TN_DRAW_SENIORITY);
            if (status == TN_OK && a->states[group] != TN_DRAW_SEATED) {
                return given_fail(a, group, "is stated to win but finds no slot");
            }
            return status;
        }
        if (port->pending == a->input->group_count) {
            return given_fail(a, group, "is stated at one port but comes first at another");
        }
        status = pending_apply(a, port); /* it closed before this group's turn */
        if (status != TN_OK) {
            return status;
        }
    }
    return given_fail(a, group, "is stated to win by seniority beyond the quota");
}

enum tn_status tn_draw_pass_by_givens(struct tn_draw_allocation *a)
{
    uint32_t count = 0;
    uint32_t *order = tn_arena_array(a->arena, a->input->given_count, sizeof(*order));
    struct tn_draw_sorter sorter = a->pool->sorter;
    enum tn_status status = givens_mark(a);

    if (order == NULL) {
        return tn_draw_out_of_arena(a);
    }
    if (status != TN_OK) {
        return status;
    }
    for (uint32_t i = 0; i < a->input->group_count; i++) {
        if (a->states[a->pool->by_ticket[i]] == TN_DRAW_GIVEN) {
            order[count++] = a->pool->by_ticket[i];
        }
    }
    tn_draw_order_by_seniority(&sorter, a->input->groups, order, count);
    for (uint32_t i = 0; i < count && status == TN_OK; i++) {
        status = given_replay(a, order[i]);
    }
    for (uint32_t p = 0; p < a->input->port_count && status == TN_OK; p++) {
        if (a->ports[p].pending != a->input->group_count) {
            status = pending_apply(a, &a->ports[p]);
        }
    }
    /* Quota only shrinks, so a group that waits while a port it asked for still has some was passed
     * over, however junior it is. */
    for (uint32_t g = 0; g < a->input->group_count && status == TN_OK; g++) {
        const struct tn_draw_group *in = &a->input->groups[g];

        for (uint32_t j = 0; j < in->port_count && status == TN_OK; j++) {
            if (a->states[g] == TN_DRAW_WAITING &&
                tn_draw_has_quota(tn_draw_port_of(a, in->ports[j]))) {
                status = given_fail(a, g, "waits while a port it asked for has quota left");
            }
        }
    }
    return status;
}
