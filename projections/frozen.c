/* What a draw's input takes from the row of its closed day and from the day's policy. */
#include <string.h>

#include "ledger/rules/bound.h"
#include "projections/decide.h"

static enum tn_status copy_held(const struct tn_held_group_list *list, struct tn_arena *arena,
                                struct tn_draw_port *port)
{
    struct tn_draw_held *held = tn_arena_array(arena, list->count, sizeof(*held));

    if (!held) {
        return TN_FULL;
    }
    for (size_t i = 0; i < list->count; i++) {
        memcpy(held[i].gid, list->items[i].gid, TN_ID_SIZE);
        held[i].basis = (uint8_t) list->items[i].basis;
    }
    port->held = held;
    port->held_count = (uint32_t) list->count;
    return TN_OK;
}

static enum tn_status copy_ports(const struct tn_day_row *day, struct tn_arena *arena,
                                 struct tn_draw_input *input)
{
    struct tn_draw_port *ports = tn_arena_array(arena, day->ports.count, sizeof(*ports));

    enum tn_status status = ports ? TN_OK : TN_FULL;

    for (size_t i = 0; status == TN_OK && i < day->ports.count; i++) {
        const struct tn_pool_port *frozen = &day->ports.items[i];

        ports[i].port = (uint16_t) frozen->port;
        ports[i].pcredit = frozen->pcredit;
        ports[i].acc = (uint32_t) frozen->acc;
        ports[i].line = frozen->line.items;
        ports[i].line_count = (uint32_t) frozen->line.count;
        if (input->packing == TN_DRAW_HARD) { /* else they are in the pool as everybody */
            status = copy_held(&frozen->held, arena, &ports[i]);
        }
    }
    input->ports = ports;
    input->port_count = (uint32_t) day->ports.count;
    return status;
}

enum tn_status tn_day_frozen(const struct tn_day_row *day, uint64_t number,
                             const struct tn_policy *policy, struct tn_arena *arena,
                             struct tn_draw_input *input)
{
    enum tn_status status;

    memset(input, 0, sizeof(*input));
    input->day = (uint32_t) number;
    input->policy = (uint32_t) day->policy;
    input->packing = (uint8_t) policy->packing;
    input->size_max = (uint8_t) policy->size_max;
    input->share_ppm = policy->share_ppm;
    status = tn_day_draw_sources(day, arena, input);
    return status == TN_OK ? copy_ports(day, arena, input) : status;
}
