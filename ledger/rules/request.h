/* Rules of requests: who may ask, where, and when. Pure. Source: spec/domain.md R01, R05, R06, R14.
 */
#ifndef TN_LEDGER_RULES_REQUEST_H
#define TN_LEDGER_RULES_REQUEST_H

#include "ledger/rules/registration.h"

/* The day a request is for, and what of it stands already. */
struct tn_request_view {
    uint64_t day;                    /* whose window is open; 0: none is */
    const struct tn_day_row *row;    /* of `day`; NULL when none */
    const struct tn_pool_row *asked; /* the registration's own row of that day, or NULL */
    /* With hard packing the smallest of the largest slots of the ports asked for: no larger group
     * fits them all. UINT64_MAX with straddle packing. */
    uint64_t slot_max;
};

enum tn_status tn_rule_request(const struct tn_policy *policy,
                               const struct tn_registration_view *registration,
                               const struct tn_request_view *request,
                               const struct tn_command *command, struct tn_verdict *verdict);

/* `request` is that of the day named in the facts. */
enum tn_status tn_rule_withdraw_request(const struct tn_registration_view *registration,
                                        const struct tn_request_view *request,
                                        const struct tn_command *command,
                                        struct tn_verdict *verdict);

#endif
