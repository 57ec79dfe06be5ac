/* What a draw's input takes from the row of its closed day and from the day's policy. */
#include <string.h>

#include "projections/decide.h"

static enum tn_status copy_ports(const struct tn_day_row *day, struct tn_arena *arena,
                                 struct tn_draw_input *input)
{
    struct tn_draw_port *ports = tn_arena_array(arena, day->ports.count, sizeof(*ports));

    if (!ports) {
        return TN_FULL;
    }
    for (size_t i = 0; i < day->ports.count; i++) {
        const struct tn_pool_port *frozen = &day->ports.items[i];

        ports[i].port = (uint16_t) frozen->port;
        ports[i].pcredit = frozen->pcredit;
        ports[i].acc = (uint32_t) frozen->acc;
        ports[i].line = frozen->line.items;
        ports[i].line_count = (uint32_t) frozen->line.count;
    }
    input->ports = ports;
    input->port_count = (uint32_t) day->ports.count;
    return TN_OK;
}

enum tn_status tn_day_frozen(const struct tn_day_row *day, uint64_t number,
                             const struct tn_policy *policy, struct tn_arena *arena,
                             struct tn_draw_input *input)
{
    memset(input, 0, sizeof(*input));
    input->day = (uint32_t) number;
    input->policy = (uint32_t) day->policy;
    input->mode = (uint8_t) day->mode;
    input->packing = (uint8_t) policy->packing;
    input->size_max = (uint8_t) policy->size_max;
    input->share_ppm = policy->share_ppm;
    memcpy(input->secret, day->secret, TN_HASH_SIZE);
    return copy_ports(day, arena, input);
}
