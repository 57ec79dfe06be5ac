/* A policy from its JSON form: the strict inverse of tn_policy_write_json, whose shape is described
 * at the top of ledger/rules/policy_json.c. Members in any order; none missing, doubled or unknown;
 * notes are dropped. */
#ifndef TN_API_ADMIN_POLICY_READ_H
#define TN_API_ADMIN_POLICY_READ_H

#include "api/http/json.h"
#include "ledger/rules/policy.h"

/* Any thread. TN_INVALID: not that form, or a policy that breaks a constraint; the error names the
 * member. `policy` is zeroed on failure. */
TN_MUST_USE enum tn_status tn_policy_read_json(struct tn_bytes text, struct tn_policy *policy,
                                               struct tn_error *error);
/* The same from a parsed value. */
TN_MUST_USE enum tn_status tn_policy_read_value(const struct tn_json_value *value,
                                                struct tn_policy *policy, struct tn_error *error);

#endif
