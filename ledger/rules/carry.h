/* What of a request of another day can stand on this one: one function for the fold of pools and
 * for whoever rebuilds a pool from events. Pure. Source: spec/draw.md 4 and 5. */
#ifndef TN_LEDGER_RULES_CARRY_H
#define TN_LEDGER_RULES_CARRY_H

#include "ledger/rules/policy.h"

/* Keep the ports that the day's policy has, in their order; returns how many are left. 0: the
 * request does not stand, for none is left or the group is larger than the policy allows. */
size_t tn_carry_ports(const struct tn_policy *policy, uint64_t size, uint64_t *ports, size_t count);

#endif
