/* Rules of appointments and port days: cancel, arrive, miss. Pure. Source: spec/domain.md R10, R20,
 * R23. */
#ifndef TN_LEDGER_RULES_APPOINTMENT_H
#define TN_LEDGER_RULES_APPOINTMENT_H

#include "ledger/rules/offer.h"

/* `appointment` is that of the offer in the facts, or NULL. */
enum tn_status tn_rule_cancel_appointment(const struct tn_registration_view *registration,
                                          const struct tn_appointment_row *appointment,
                                          const struct tn_command *command,
                                          struct tn_verdict *verdict);
/* The agency cancels (its port was suspended); as tn_rule_withdraw_offer. */
void tn_rule_revoke_appointment(const uint8_t offer[static TN_ID_SIZE],
                                const struct tn_appointment_row *appointment, const char *reason,
                                size_t cause, struct tn_verdict *verdict);
/* `officer` is the actor's row or NULL; `appointment` the one the tag names (NULL: none, or its
 * member was dropped); `offer` its id. */
enum tn_status tn_rule_record_arrival(const struct tn_officer_row *officer,
                                      const struct tn_appointment_row *appointment,
                                      const uint8_t offer[static TN_ID_SIZE],
                                      const struct tn_command *command, struct tn_verdict *verdict);
/* Everyone who did not come by the end of the date missed it. `appointments` (with `offers`) are
 * those that stand at that port day, ascending by offer id; `ends_us` 0 when the date has no
 * capacity. */
enum tn_status tn_rule_close_port_day(const struct tn_officer_row *officer, uint64_t ends_us,
                                      const struct tn_appointment_row *appointments,
                                      const struct tn_ids *offers, const struct tn_command *command,
                                      struct tn_verdict *verdict);

#endif
