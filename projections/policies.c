/* The published policies, decoded once. */
#include "projections/policies.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/rules/rows.h"
#include "projections/keys.h"

static enum tn_status load_one(struct tn_policies *policies, struct tn_rows *queue,
                               uint64_t version, struct tn_arena *arena, struct tn_error *error)
{
    struct tn_policy_row row;
    struct tn_policy *policy;
    bool found;
    enum tn_status status =
        TN_READ(queue, tn_key_policy(version), policy_row, arena, &row, &found, error);

    if (status != TN_OK) {
        return status;
    }
    if (!found) {
        return tn_fail(error, TN_CORRUPT, "policy version %" PRIu64 " has no row", version);
    }
    policy = malloc(sizeof(*policy));
    if (!policy) {
        return tn_fail(error, TN_MEMORY, "no memory for a policy");
    }
    status = tn_policy_decode(row.document, policy, error);
    if (status != TN_OK) {
        free(policy);
        return tn_fail_context(error, "policy version %" PRIu64, version);
    }
    policies->items[policies->count++] = policy;
    return TN_OK;
}

enum tn_status tn_policies_load(struct tn_policies *policies, struct tn_rows *queue,
                                struct tn_arena *arena, struct tn_error *error)
{
    struct tn_queue_row row;
    bool found;
    enum tn_status status = TN_READ(queue, tn_key_queue(), queue_row, arena, &row, &found, error);

    while (status == TN_OK && policies->count < row.policies) {
        if (policies->count == TN_POLICIES_MAX) {
            return tn_fail(error, TN_FULL, "more than %d policy versions", TN_POLICIES_MAX);
        }
        status = load_one(policies, queue, policies->count + 1, arena, error);
    }
    return status;
}

void tn_policies_close(struct tn_policies *policies)
{
    for (size_t i = 0; i < policies->count; i++) {
        free(policies->items[i]);
    }
    memset(policies, 0, sizeof(*policies));
}

const struct tn_policy *tn_policies_version(const struct tn_policies *policies, uint64_t version)
{
    return version >= 1 && version <= policies->count ? policies->items[version - 1] : NULL;
}

const struct tn_policy *tn_policies_in_force(const struct tn_policies *policies, uint64_t time_us)
{
    return tn_policy_in_force((const struct tn_policy *const *) policies->items, policies->count,
                              time_us);
}
