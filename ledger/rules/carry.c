/* Carried requests and the policy of the day they come to. */
#include "ledger/rules/carry.h"

size_t tn_carry_ports(const struct tn_policy *policy, uint64_t size, uint64_t *ports, size_t count)
{
    size_t kept = 0;

    if (size > policy->size_max) {
        return 0;
    }
    for (size_t i = 0; i < count && kept < policy->choices_max; i++) {
        if (ports[i] <= UINT16_MAX && tn_policy_port_index(policy, (uint16_t) ports[i]) >= 0) {
            ports[kept++] = ports[i];
        }
    }
    return kept;
}
