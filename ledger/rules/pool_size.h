/* How large the close of a pool can become, so that nothing is published whose `pool_closed` would
 * outgrow an entry: such a day could never be closed. Pure. Source: spec/draw.md 5, spec/log.md. */
#ifndef TN_LEDGER_RULES_POOL_SIZE_H
#define TN_LEDGER_RULES_POOL_SIZE_H

#include "ledger/rules/policy.h"

/* Ports of all policies that are looked at together; more are refused. */
#define TN_POOL_REACH_PORTS_MAX (4 * TN_POLICY_PORTS_MAX)

/* What pools that are not closed yet can hold: of everything that was added the most. Zeros: of
 * nothing. */
struct tn_pool_reach {
    struct {
        uint64_t port;
        uint64_t slots; /* of one date */
    } ports[TN_POOL_REACH_PORTS_MAX];
    size_t port_count;
    bool overflowed;
    uint64_t dates; /* that one draw may offer */
    uint64_t size_max;
    bool hard;
};

/* A date of the port has so many slots, whether their seats are free or not. */
void tn_pool_reach_port(struct tn_pool_reach *reach, uint64_t port, uint64_t slots);
/* What an earlier policy leaves behind: overshoots, groups that are held. */
void tn_pool_reach_past(struct tn_pool_reach *reach, const struct tn_policy *policy);
/* A policy under which days are open or may be opened. */
void tn_pool_reach_policy(struct tn_pool_reach *reach, const struct tn_policy *policy);

/* Bytes of the largest `pool_closed` there can be, every number as long as it gets. */
uint64_t tn_pool_reach_bytes(const struct tn_pool_reach *reach);
/* TN_REFUSED  that is more than an entry has; the words say what makes it so */
TN_MUST_USE enum tn_status tn_pool_reach_check(const struct tn_pool_reach *reach,
                                               struct tn_error *error);
/* The same of one policy alone. */
TN_MUST_USE enum tn_status tn_policy_check_pool(const struct tn_policy *policy,
                                                struct tn_error *error);

#endif
