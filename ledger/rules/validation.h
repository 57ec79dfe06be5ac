/* The rule of validation: does this pair have an appointment? Pure. Source: spec/privacy.md 4. */
#ifndef TN_LEDGER_RULES_VALIDATION_H
#define TN_LEDGER_RULES_VALIDATION_H

#include "ledger/rules/policy.h"
#include "ledger/rules/rows.h"
#include "ledger/rules/verdict.h"

/* `officer` is the actor's row or NULL. `appointment` is the one the tag names, NULL when there is
 * none or its member was dropped: never issued, wrong date and forged are one answer. */
enum tn_status tn_rule_validate(const struct tn_policy *policy,
                                const struct tn_officer_row *officer,
                                const struct tn_appointment_row *appointment,
                                const uint8_t offer[static TN_ID_SIZE],
                                const struct tn_command *command, struct tn_verdict *verdict);

#endif
