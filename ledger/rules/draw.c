/* One whole draw: check the input, order the pool, seed, allocate (spec/draw.md 3 to 5). */
#include "ledger/rules/draw.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/endian.h"
#include "ledger/log/tree.h"
#include "ledger/rules/draw_internal.h"

size_t tn_draw_memory(uint32_t group_count, uint32_t line_count)
{
    /* A group: ticket 32, two sort items of 16, orders 12, state 3; a winner and two runs about
     * 120. A slot 8. The rest: the map of ports, ports, witnesses, alignment. */
    return (size_t) group_count * 208 + (size_t) line_count * 16 + ((size_t) 1 << 20);
}

static void root_of_ordered(const struct tn_draw_group *groups, const uint32_t *by_gid,
                            uint32_t count, uint8_t root[static TN_HASH_SIZE])
{
    struct tn_merkle merkle;
    uint8_t leaf[TN_DRAW_LEAF_SIZE];

    tn_merkle_init(&merkle);
    for (uint32_t i = 0; i < count; i++) {
        tn_draw_leaf(&groups[by_gid[i]], leaf);
        tn_merkle_add_leaf(&merkle, tn_bytes(leaf, sizeof(leaf)));
    }
    tn_merkle_root(&merkle, root);
}

static enum tn_status group_check_alone(const struct tn_draw_group *group, struct tn_error *error)
{
    char gid[2 * TN_ID_SIZE + 1];

    tn_hex_encode(gid, group->gid, TN_ID_SIZE);
    if (group->size == 0) {
        return tn_fail(error, TN_INVALID, "group %s: size 0", gid);
    }
    if (group->port_count == 0 || group->port_count > TN_DRAW_GROUP_PORT_COUNT_MAX) {
        return tn_fail(error, TN_INVALID, "group %s: %u ports, not 1 to 4", gid, group->port_count);
    }
    if (group->flags != 0) {
        return tn_fail(error, TN_INVALID, "group %s: flags %u, not 0", gid, group->flags);
    }
    for (uint32_t i = 0; i < group->port_count; i++) {
        if (group->ports[i] == 0xffff) {
            return tn_fail(error, TN_INVALID, "group %s: port 65535 is padding", gid);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (group->ports[i] == group->ports[j]) {
                return tn_fail(error, TN_INVALID, "group %s: port %u twice", gid, group->ports[i]);
            }
        }
    }
    return TN_OK;
}

enum tn_status tn_draw_pool_root(const struct tn_draw_group *groups, uint32_t count,
                                 struct tn_arena *arena, uint8_t root[static TN_HASH_SIZE],
                                 struct tn_error *error)
{
    struct tn_draw_sorter sorter;
    uint32_t *order;
    enum tn_status status;

    memset(root, 0, TN_HASH_SIZE);
    if (count > TN_DRAW_GROUP_COUNT_MAX) {
        return tn_fail(error, TN_INVALID, "draw: %u groups, more than %u", count,
                       TN_DRAW_GROUP_COUNT_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        status = group_check_alone(&groups[i], error);
        if (status != TN_OK) {
            return status;
        }
    }
    order = tn_arena_array(arena, count, sizeof(*order));
    if (order == NULL) {
        return tn_fail(error, TN_FULL, "draw: the arena is too small for %u groups", count);
    }
    status = tn_draw_sorter_init(&sorter, count, arena, error);
    if (status == TN_OK) {
        status = tn_draw_order_by_gid(&sorter, groups, count, order, error);
    }
    if (status == TN_OK) {
        root_of_ordered(groups, order, count, root);
    }
    return status;
}

uint32_t tn_draw_pool_find(const struct tn_draw_pool *pool, const uint8_t gid[static TN_ID_SIZE])
{
    uint32_t low = 0;
    uint32_t high = pool->input->group_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(pool->input->groups[pool->by_gid[middle]].gid, gid, TN_ID_SIZE);

        if (order == 0) {
            return pool->by_gid[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return pool->input->group_count;
}

static enum tn_status line_check(const struct tn_draw_port *port, uint64_t *seats,
                                 struct tn_error *error)
{
    *seats = 0;
    if (port->line_count > TN_DRAW_LINE_COUNT_MAX) {
        return tn_fail(error, TN_INVALID, "port %u: a line of %u slots, more than %u", port->port,
                       port->line_count, TN_DRAW_LINE_COUNT_MAX);
    }
    for (uint32_t i = 0; i < port->line_count; i++) {
        const struct tn_run *run = &port->line[i];

        if (run->date > UINT32_MAX || run->minute >= 1440 || run->seats == 0 ||
            run->seats > TN_DRAW_SEATS_MAX) {
            return tn_fail(error, TN_INVALID,
                           "port %u: slot %u of the line is out of bounds (date %" PRIu64
                           ", minute %" PRIu64 ", free %" PRIu64 ")",
                           port->port, i, run->date, run->minute, run->seats);
        }
        if (i > 0 && (run[-1].date > run->date ||
                      (run[-1].date == run->date && run[-1].minute >= run->minute))) {
            return tn_fail(error, TN_INVALID,
                           "port %u: slot %u of the line does not come after the one before",
                           port->port, i);
        }
        *seats += run->seats;
    }
    if (*seats > TN_DRAW_SEATS_MAX) {
        return tn_fail(error, TN_INVALID, "port %u: too many seats in the line", port->port);
    }
    return TN_OK;
}

static enum tn_status ports_check(const struct tn_draw_input *input, uint8_t *port_index,
                                  uint64_t *seats, struct tn_error *error)
{
    *seats = 0;
    memset(port_index, TN_DRAW_PORT_COUNT_MAX, UINT16_MAX + 1u);
    for (uint32_t p = 0; p < input->port_count; p++) {
        const struct tn_draw_port *port = &input->ports[p];
        uint64_t here;
        enum tn_status status;

        if (port->port == 0xffff || port_index[port->port] != TN_DRAW_PORT_COUNT_MAX) {
            return tn_fail(error, TN_INVALID, "port %u is listed twice or is the padding",
                           port->port);
        }
        port_index[port->port] = (uint8_t) p;
        if (port->acc >= TN_DRAW_PPM || port->pcredit > TN_DRAW_CREDIT_MAX ||
            port->pcredit < -TN_DRAW_CREDIT_MAX) {
            return tn_fail(error, TN_INVALID, "port %u: acc or pcredit is out of bounds",
                           port->port);
        }
        if (port->held_count > TN_DRAW_HELD_COUNT_MAX ||
            (port->held_count > 0 && input->packing != TN_DRAW_HARD)) {
            return tn_fail(error, TN_INVALID, "port %u: %u held groups; hard packing alone holds",
                           port->port, port->held_count);
        }
        status = line_check(port, &here, error);
        if (status != TN_OK) {
            return status;
        }
        *seats += here;
    }
    return TN_OK;
}

static enum tn_status groups_check(const struct tn_draw_input *input, const uint8_t *port_index,
                                   struct tn_error *error)
{
    for (uint32_t i = 0; i < input->group_count; i++) {
        const struct tn_draw_group *group = &input->groups[i];
        enum tn_status status = group_check_alone(group, error);
        const char *wrong = NULL;
        char gid[2 * TN_ID_SIZE + 1];

        if (status != TN_OK) {
            return status;
        }
        for (uint32_t j = 0; j < group->port_count; j++) {
            if (port_index[group->ports[j]] == TN_DRAW_PORT_COUNT_MAX) {
                wrong = "asks for a port that the policy does not have";
            }
        }
        if (input->size_max != 0 && group->size > input->size_max) {
            wrong = "is larger than the policy allows";
        }
        if (!group->opened && !input->given) {
            wrong = "has no salt and registered day";
        }
        if (wrong != NULL) {
            tn_hex_encode(gid, group->gid, TN_ID_SIZE);
            return tn_fail(error, TN_INVALID, "group %s %s", gid, wrong);
        }
    }
    return TN_OK;
}

static enum tn_status input_check(const struct tn_draw_input *input, uint8_t *port_index,
                                  uint64_t *seats, struct tn_error *error)
{
    enum tn_status status;

    if (input->packing != TN_DRAW_STRADDLE && input->packing != TN_DRAW_HARD) {
        return tn_fail(error, TN_INVALID, "draw: packing %u is not known", input->packing);
    }
    if (input->share_ppm > TN_DRAW_PPM) {
        return tn_fail(error, TN_INVALID, "draw: a share of %u ppm", input->share_ppm);
    }
    if (input->port_count > TN_DRAW_PORT_COUNT_MAX ||
        input->group_count > TN_DRAW_GROUP_COUNT_MAX) {
        return tn_fail(error, TN_INVALID, "draw: %u ports and %u groups; at most %u and %u",
                       input->port_count, input->group_count, TN_DRAW_PORT_COUNT_MAX,
                       TN_DRAW_GROUP_COUNT_MAX);
    }
    status = ports_check(input, port_index, seats, error);
    if (status == TN_OK) {
        status = groups_check(input, port_index, error);
    }
    return status;
}

static void winners_root(const struct tn_draw_result *result, uint8_t root[static TN_HASH_SIZE])
{
    struct tn_merkle merkle;
    uint8_t leaf[TN_DRAW_WINNER_LEAF_SIZE];

    tn_merkle_init(&merkle);
    for (uint32_t i = 0; i < result->winner_count; i++) {
        const struct tn_draw_winner *winner = &result->winners[i];

        memcpy(leaf, winner->gid, TN_ID_SIZE);
        tn_put_le16(leaf + 16, winner->port);
        leaf[18] = winner->basis;
        tn_put_le32(leaf + 19, winner->rank);
        tn_put_le32(leaf + 23, winner->date);
        tn_put_le16(leaf + 27, winner->minute);
        tn_merkle_add_leaf(&merkle, tn_bytes(leaf, sizeof(leaf)));
    }
    tn_merkle_root(&merkle, root);
}

enum tn_status tn_draw_run(const struct tn_draw_input *input, struct tn_arena *arena,
                           struct tn_draw_result *result, struct tn_error *error)
{
    struct tn_draw_pool pool = {.input = input};
    uint8_t *port_index = tn_arena_alloc(arena, UINT16_MAX + 1u);
    uint32_t count = input->group_count;
    uint32_t *by_gid = NULL;
    uint32_t *by_ticket = NULL;
    uint8_t *tickets = NULL;
    enum tn_status status;

    memset(result, 0, sizeof(*result));
    if (port_index == NULL) {
        return tn_fail(error, TN_FULL, "draw: the arena is too small");
    }
    status = input_check(input, port_index, &pool.seats, error);
    if (status != TN_OK) {
        return status;
    }
    pool.port_index = port_index;
    by_gid = tn_arena_array(arena, count, sizeof(*by_gid));
    by_ticket = tn_arena_array(arena, count, sizeof(*by_ticket));
    tickets = tn_arena_array(arena, count, TN_HASH_SIZE);
    if (by_gid == NULL || by_ticket == NULL || tickets == NULL) {
        return tn_fail(error, TN_FULL, "draw: the arena is too small for %u groups", count);
    }
    status = tn_draw_sorter_init(&pool.sorter, count, arena, error);
    if (status != TN_OK) {
        return status;
    }
    status = tn_draw_order_by_gid(&pool.sorter, input->groups, count, by_gid, error);
    if (status != TN_OK) {
        return status;
    }
    if (input->root != NULL) {
        memcpy(result->root, input->root, TN_HASH_SIZE);
    } else {
        root_of_ordered(input->groups, by_gid, count, result->root);
    }
    status = tn_draw_seed(input, result->root, count, arena, result->seed, error);
    if (status != TN_OK) {
        memset(result, 0, sizeof(*result));
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        tn_draw_ticket(tickets + (size_t) i * TN_HASH_SIZE, result->seed, input->groups[i].gid);
    }
    tn_draw_order_by_ticket(&pool.sorter, tickets, by_gid, count, by_ticket);
    pool.by_gid = by_gid;
    pool.by_ticket = by_ticket;
    result->order = by_gid;
    result->order_count = count;
    status = tn_draw_allocate(&pool, arena, result, error);
    if (status != TN_OK) {
        memset(result, 0, sizeof(*result));
        return status;
    }
    winners_root(result, result->winners_root);
    return TN_OK;
}
