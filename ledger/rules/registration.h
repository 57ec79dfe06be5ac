/* Rules of registrations: who may be in a group, and what a change of membership does to it.
 * Pure. Source: spec/domain.md R03 to R06, spec/draw.md 5 (registered_day). */
#ifndef TN_LEDGER_RULES_REGISTRATION_H
#define TN_LEDGER_RULES_REGISTRATION_H

#include "ledger/rules/policy.h"
#include "ledger/rules/rows.h"
#include "ledger/rules/verdict.h"

/* The state of a registration at which a rule looks. */
struct tn_registration_view {
    bool found;
    const struct tn_registration_row *row;
    bool frozen;           /* it asked for a day that is closed and not drawn yet */
    uint64_t asked_day;    /* the open day for which it has a request, withdrawn or not; 0: none */
    uint64_t standing_day; /* the open day for which its request stands; 0: none */
    uint64_t size_max; /* of the policies of the days for which requests stand; 0: none stands */
};

/* No group is made, restored, merged or enlarged, and nothing is asked for, before the first policy
 * is in force (NULL) and from the programme's end on. */
bool tn_programme_is_open(const struct tn_policy *policy, uint64_t now_us);

/* `persons`: the row of each new member's person, in order (of the first size_max members, if there
 * are more); a zeroed row where there is none. `open_day`: the first day whose pool is open, 0 when
 * none is: two are when a window was extended, or while the draw before is awaited. */
enum tn_status tn_rule_register(const struct tn_policy *policy,
                                const struct tn_registration_view *existing,
                                const struct tn_person_row *persons, uint64_t open_day,
                                const struct tn_command *command, struct tn_verdict *verdict);

enum tn_status tn_rule_add_member(const struct tn_policy *policy,
                                  const struct tn_registration_view *registration,
                                  const struct tn_person_row *person, uint64_t open_day,
                                  const struct tn_command *command, struct tn_verdict *verdict);

/* `appointment`: the confirmed one the registration holds, or NULL. */
enum tn_status tn_rule_remove_member(const struct tn_registration_view *registration,
                                     const struct tn_appointment_row *appointment,
                                     const struct tn_command *command, struct tn_verdict *verdict);

enum tn_status tn_rule_withdraw_registration(const struct tn_registration_view *registration,
                                             const struct tn_command *command,
                                             struct tn_verdict *verdict);

/* `persons`: the row of each member's person, in order. Seniority survives (R06). */
enum tn_status tn_rule_restore_registration(const struct tn_registration_view *registration,
                                            const struct tn_person_row *persons, uint64_t open_day,
                                            const struct tn_command *command,
                                            struct tn_verdict *verdict);

/* `other` joins `registration`; every person keeps the date of their adding (R06). When both asked
 * for the open day the request of `registration` stands and the other is withdrawn: a ticket less.
 */
enum tn_status tn_rule_merge_registrations(const struct tn_policy *policy,
                                           const struct tn_registration_view *registration,
                                           const struct tn_registration_view *other,
                                           uint64_t open_day, const struct tn_command *command,
                                           struct tn_verdict *verdict);

#endif
