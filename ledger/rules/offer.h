/* Rules of offers: accept, decline, lapse. Pure. Source: spec/domain.md R13, R23, R27. */
#ifndef TN_LEDGER_RULES_OFFER_H
#define TN_LEDGER_RULES_OFFER_H

#include "ledger/rules/registration.h"

/* `offer` may be NULL (there is none of that id); `ends_us`: the end of its service date at its
 * port. */
enum tn_status tn_rule_accept_offer(const struct tn_registration_view *registration,
                                    const struct tn_offer_row *offer, uint64_t ends_us,
                                    const struct tn_command *command, struct tn_verdict *verdict);
enum tn_status tn_rule_decline_offer(const struct tn_registration_view *registration,
                                     const struct tn_offer_row *offer,
                                     const struct tn_command *command, struct tn_verdict *verdict);
/* An open offer whose deadline is reached at the verdict's time: the lapse and the return of its
 * seats. A hold has one owner and one deadline, and expires by the log (R27). */
void tn_rule_lapse_offer(const uint8_t offer_id[static TN_ID_SIZE],
                         const struct tn_offer_row *offer, struct tn_verdict *verdict);
/* The agency takes an open offer back (its port was suspended). `cause` is the place of the event
 * in this verdict that made it so. */
void tn_rule_withdraw_offer(const uint8_t offer_id[static TN_ID_SIZE],
                            const struct tn_offer_row *offer, const char *reason, size_t cause,
                            struct tn_verdict *verdict);
/* Add `seats_returned`, caused by the event added last. */
void tn_verdict_return_seats(struct tn_verdict *verdict, const uint8_t offer[static TN_ID_SIZE],
                             uint64_t port, struct tn_run_list seats, enum tn_held held);

#endif
