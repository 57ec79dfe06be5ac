/* The published policies, decoded once: a cache over the queue's policy rows. */
#ifndef TN_PROJECTIONS_POLICIES_H
#define TN_PROJECTIONS_POLICIES_H

#include "ledger/rules/policy.h"
#include "projections/projection.h"

#define TN_POLICIES_MAX 256

/* One thread at a time. Policies never change once published, so pointers stay good until close. */
struct tn_policies {
    struct tn_policy *items[TN_POLICIES_MAX]; /* version n at n - 1 */
    size_t count;
};

/* Read what was published since the last call. TN_FULL beyond TN_POLICIES_MAX; TN_CORRUPT for a
 * document that cannot be read. Safe on a zeroed struct. */
TN_MUST_USE enum tn_status tn_policies_load(struct tn_policies *policies, struct tn_rows *queue,
                                            struct tn_arena *arena, struct tn_error *error);
void tn_policies_close(struct tn_policies *policies);
/* NULL when there is no such version. */
const struct tn_policy *tn_policies_version(const struct tn_policies *policies, uint64_t version);
/* The one in force at an instant; NULL when none is. */
const struct tn_policy *tn_policies_in_force(const struct tn_policies *policies, uint64_t time_us);

#endif
