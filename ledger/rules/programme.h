/* Rules of the programme itself: genesis, policies, capacity, ports, officers, a resume.
 * (Chains and reveals: bound.h.) Pure. Source: spec/domain.md R08, R11, R20, R21. */
#ifndef TN_LEDGER_RULES_PROGRAMME_H
#define TN_LEDGER_RULES_PROGRAMME_H

#include "ledger/rules/appointment.h"
#include "ledger/rules/policy.h"
#include "ledger/rules/pool_size.h"
#include "ledger/rules/seats.h"

#define TN_APPROVERS_MIN 2

/* Genesis: only as the first event of a log. */
enum tn_status tn_rule_create_ledger(const struct tn_command *command, struct tn_verdict *verdict);
/* `approved`: two different officers who may approve are named. `previous` is NULL for the first. A
 * deadline that decide.h cannot carry out yet is not runnable. `reach`: of what is published
 * already; with the new policy too every pool must fit an entry. */
enum tn_status tn_rule_publish_policy(const struct tn_policy *previous, bool approved,
                                      const struct tn_pool_reach *reach,
                                      const struct tn_command *command, struct tn_verdict *verdict);
/* `published`: one of the ports has seats on that date already; `counted`: some port has, and days
 * that are opened reach the date. A capacity is fixed before the window of its day opens. A date
 * that no day was opened for (the horizon grew, or a window was missed) has no such day, and gets
 * seats even so. It ends in the future, at a midnight of its own somewhere on earth. `reach` as
 * above. */
enum tn_status tn_rule_publish_capacity(const struct tn_policy *policy, bool approved,
                                        bool published, bool counted,
                                        const struct tn_pool_reach *reach,
                                        const struct tn_command *command,
                                        struct tn_verdict *verdict);

/* What a suspension takes back: open offers, and standing appointments whose date is not over,
 * dated from honour_before on. */
struct tn_suspension {
    struct tn_ids offers;
    const struct tn_offer_row *offer_rows;
    struct tn_ids appointments;
    const struct tn_appointment_row *appointment_rows;
};

enum tn_status tn_rule_suspend_port(const struct tn_policy *policy, const struct tn_port_row *port,
                                    bool approved, const struct tn_suspension *taken,
                                    const struct tn_command *command, struct tn_verdict *verdict);
enum tn_status tn_rule_resume_port(const struct tn_port_row *port, bool approved,
                                   const struct tn_command *command, struct tn_verdict *verdict);
/* `from` and `to`: the slot rows of each move, in order (NULL: never published, or the date is
 * over). */
enum tn_status tn_rule_reallocate_seats(bool approved, bool frozen,
                                        const struct tn_slot_row *const *from,
                                        const struct tn_slot_row *const *to,
                                        const struct tn_command *command,
                                        struct tn_verdict *verdict);
enum tn_status tn_rule_enrol_officer(const struct tn_officer_row *existing,
                                     const struct tn_command *command, struct tn_verdict *verdict);
enum tn_status tn_rule_suspend_officer(const struct tn_officer_row *officer,
                                       const struct tn_command *command,
                                       struct tn_verdict *verdict);
/* What a witness or a machine said goes into the log as it was said; facts that no report has are
 * not_allowed. */
enum tn_status tn_rule_report_fork(const struct tn_command *command, struct tn_verdict *verdict);
enum tn_status tn_rule_raise_alarm(const struct tn_command *command, struct tn_verdict *verdict);
enum tn_status tn_rule_resume(const struct tn_command *command, struct tn_verdict *verdict);

#endif
