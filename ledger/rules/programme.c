/* Rules of the programme itself. */
#include "ledger/rules/programme.h"

#include <string.h>

#include "ledger/base/civil.h"

#define DATE_MAX 2932896u /* 9999-12-31 */

/* Whoever runs the ledger administers it; officers act through their own commands. */
static bool is_operator(const struct tn_command *command)
{
    return command->actor.role == TN_ROLE_OPERATOR;
}

enum tn_status tn_rule_create_ledger(const struct tn_command *command, struct tn_verdict *verdict)
{
    if (!is_operator(command) || verdict->first_index != 0) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_not_allowed);
    }
    tn_verdict_add(verdict, TN_KIND_ledger_created)->body.ledger_created.facts =
        command->facts.create_ledger_facts;
    return TN_OK;
}

/* Deadlines from the draw are what projections/due.c makes. */
static bool can_be_drawn(const struct tn_policy *policy)
{
    return tn_policy_is_runnable(policy, NULL) == TN_OK &&
           policy->confirm_from == TN_CONFIRM_FROM_DRAW;
}

/* Every pool that is not closed yet, or is opened under the new policy. */
static bool pools_fit(const struct tn_pool_reach *reach, const struct tn_policy *next)
{
    struct tn_pool_reach all = *reach;

    tn_pool_reach_policy(&all, next);
    return tn_pool_reach_check(&all, NULL) == TN_OK;
}

enum tn_status tn_rule_publish_policy(const struct tn_policy *previous, bool approved,
                                      const struct tn_pool_reach *reach,
                                      const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_publish_policy *facts = &command->facts.publish_policy_facts;
    enum tn_refusal refusal = TN_REFUSAL_NONE;
    struct tn_policy *next = tn_arena_alloc(verdict->arena, sizeof(*next));

    if (!next) {
        return TN_FULL;
    }
    if (!is_operator(command)) {
        refusal = TN_REFUSAL_not_allowed;
    } else if (!approved) {
        refusal = TN_REFUSAL_approvers_missing;
    } else if (tn_policy_decode(facts->document, next, NULL) != TN_OK ||
               next->version != facts->policy || next->effective_us != facts->effective_us) {
        refusal = TN_REFUSAL_policy_invalid;
    } else if (!can_be_drawn(next)) {
        refusal = TN_REFUSAL_policy_not_runnable;
    } else if (!pools_fit(reach, next)) {
        refusal = TN_REFUSAL_pool_too_large;
    } else if (tn_policy_check_next(previous, next, command->time_us, NULL) != TN_OK) {
        refusal = TN_REFUSAL_policy_not_later;
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    tn_verdict_add(verdict, TN_KIND_policy_published)->body.policy_published.facts = *facts;
    return TN_OK;
}

static bool capacity_fits(const struct tn_policy *policy,
                          const struct tn_facts_publish_capacity *facts)
{
    for (size_t i = 0; i < facts->ports.count; i++) {
        const struct tn_port_capacity *port = &facts->ports.items[i];

        if (port->port > UINT16_MAX || tn_policy_port_index(policy, (uint16_t) port->port) < 0 ||
            port->slots.count == 0) {
            return false;
        }
        for (size_t s = 0; s < port->slots.count; s++) {
            bool ascending = s == 0 ||
                             port->slots.items[s].minute > port->slots.items[s - 1].minute;

            if (!ascending || port->slots.items[s].minute >= 1440 ||
                port->slots.items[s].seats > TN_POLICY_SEATS_MAX) {
                return false;
            }
        }
        for (size_t other = 0; other < i; other++) {
            if (facts->ports.items[other].port == port->port) {
                return false;
            }
        }
    }
    return facts->ports.count > 0;
}

/* No more slots and seats than a policy may give a date, and the slots fit every pool. */
static bool capacity_fits_pools(const struct tn_pool_reach *reach,
                                const struct tn_facts_publish_capacity *facts)
{
    struct tn_pool_reach all = *reach;
    uint64_t seats = 0;
    bool fits = true;

    for (size_t i = 0; i < facts->ports.count; i++) {
        const struct tn_port_capacity *port = &facts->ports.items[i];

        fits = fits && port->slots.count <= TN_POLICY_SLOTS_MAX;
        tn_pool_reach_port(&all, port->port, port->slots.count);
        for (size_t s = 0; s < port->slots.count; s++) {
            seats += port->slots.items[s].seats;
        }
    }
    return fits && seats <= TN_POLICY_SEATS_MAX && tn_pool_reach_check(&all, NULL) == TN_OK;
}

/* The end is attested (zones are not known here); it is a midnight between UTC-12 and UTC+14. */
static bool dates_fit(const struct tn_facts_publish_capacity *facts, uint64_t now_us)
{
    if (facts->date == 0 || facts->date > DATE_MAX) {
        return false;
    }
    for (size_t i = 0; i < facts->ports.count; i++) {
        uint64_t ends_us = facts->ports.items[i].ends_us;
        uint64_t midnight_us = (facts->date + 1) * TN_DAY_US;

        if (ends_us <= now_us || ends_us + 14 * TN_HOUR_US < midnight_us ||
            ends_us > midnight_us + 12 * TN_HOUR_US) {
            return false;
        }
    }
    return true;
}

enum tn_status tn_rule_publish_capacity(const struct tn_policy *policy, bool approved,
                                        bool published, bool counted,
                                        const struct tn_pool_reach *reach,
                                        const struct tn_command *command,
                                        struct tn_verdict *verdict)
{
    const struct tn_facts_publish_capacity *facts = &command->facts.publish_capacity_facts;
    enum tn_refusal refusal = TN_REFUSAL_NONE;
    struct tn_capacity_published *body;

    if (!is_operator(command)) {
        refusal = TN_REFUSAL_not_allowed;
    } else if (!approved) {
        refusal = TN_REFUSAL_approvers_missing;
    } else if (!policy || !capacity_fits(policy, facts)) {
        refusal = TN_REFUSAL_port_unknown;
    } else if (!dates_fit(facts, command->time_us) || counted) {
        refusal = TN_REFUSAL_date_past;
    } else if (published) {
        refusal = TN_REFUSAL_capacity_published;
    } else if (!capacity_fits_pools(reach, facts)) {
        refusal = TN_REFUSAL_pool_too_large;
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    body = &tn_verdict_add(verdict, TN_KIND_capacity_published)->body.capacity_published;
    body->facts = *facts;
    body->date = facts->date;
    body->ports = facts->ports;
    return TN_OK;
}

enum tn_status tn_rule_suspend_port(const struct tn_policy *policy, const struct tn_port_row *port,
                                    bool approved, const struct tn_suspension *taken,
                                    const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_suspend_port *facts = &command->facts.suspend_port_facts;
    enum tn_refusal refusal = TN_REFUSAL_NONE;

    if (!is_operator(command)) {
        refusal = TN_REFUSAL_not_allowed;
    } else if (!approved) {
        refusal = TN_REFUSAL_approvers_missing;
    } else if (!policy || facts->port > UINT16_MAX ||
               tn_policy_port_index(policy, (uint16_t) facts->port) < 0) {
        refusal = TN_REFUSAL_port_unknown;
    } else if (port->suspended) {
        refusal = TN_REFUSAL_port_suspended;
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    tn_verdict_add(verdict, TN_KIND_port_suspended)->body.port_suspended.facts = *facts;
    /* Nobody stays confirmed but invalid (R20): each group's own event says what became of it. */
    for (size_t i = 0; i < taken->offers.count; i++) {
        tn_rule_withdraw_offer(taken->offers.items[i], &taken->offer_rows[i], "port_suspended", 0,
                               verdict);
    }
    for (size_t i = 0; i < taken->appointments.count; i++) {
        tn_rule_revoke_appointment(taken->appointments.items[i], &taken->appointment_rows[i],
                                   "port_suspended", 0, verdict);
    }
    return TN_OK;
}

enum tn_status tn_rule_resume_port(const struct tn_port_row *port, bool approved,
                                   const struct tn_command *command, struct tn_verdict *verdict)
{
    enum tn_refusal refusal = TN_REFUSAL_NONE;

    if (!is_operator(command)) {
        refusal = TN_REFUSAL_not_allowed;
    } else if (!approved) {
        refusal = TN_REFUSAL_approvers_missing;
    } else if (!port->suspended) {
        refusal = TN_REFUSAL_port_not_suspended;
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    tn_verdict_add(verdict, TN_KIND_port_resumed)->body.port_resumed.facts =
        command->facts.resume_port_facts;
    return TN_OK;
}

/* Seats that earlier moves of the same command take from the slot of move `i`. */
static uint64_t taken_before(const struct tn_seat_move *moves, size_t i)
{
    uint64_t seats = 0;

    for (size_t earlier = 0; earlier < i; earlier++) {
        if (moves[earlier].port == moves[i].port && moves[earlier].date == moves[i].date &&
            moves[earlier].minute == moves[i].minute) {
            seats += moves[earlier].seats;
        }
    }
    return seats;
}

enum tn_status tn_rule_reallocate_seats(bool approved, bool frozen,
                                        const struct tn_slot_row *const *from,
                                        const struct tn_slot_row *const *to,
                                        const struct tn_command *command,
                                        struct tn_verdict *verdict)
{
    const struct tn_facts_reallocate_seats *facts = &command->facts.reallocate_seats_facts;
    enum tn_refusal refusal = TN_REFUSAL_NONE;

    if (!is_operator(command)) {
        refusal = TN_REFUSAL_not_allowed;
    } else if (!approved) {
        refusal = TN_REFUSAL_approvers_missing;
    } else if (frozen) {
        refusal = TN_REFUSAL_seats_frozen;
    } else if (facts->moves.count == 0) {
        refusal = TN_REFUSAL_seats_not_free;
    }
    for (size_t i = 0; refusal == TN_REFUSAL_NONE && i < facts->moves.count; i++) {
        uint64_t wanted = facts->moves.items[i].seats;

        if (!from[i] || !to[i] || wanted == 0 || wanted > TN_POLICY_SEATS_MAX ||
            from[i]->free < 0 ||
            taken_before(facts->moves.items, i) + wanted > (uint64_t) from[i]->free) {
            refusal = TN_REFUSAL_seats_not_free;
        }
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    tn_verdict_add(verdict, TN_KIND_seats_reallocated)->body.seats_reallocated.facts = *facts;
    return TN_OK;
}

enum tn_status tn_rule_enrol_officer(const struct tn_officer_row *existing,
                                     const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_enrol_officer *facts = &command->facts.enrol_officer_facts;

    if (!is_operator(command) || facts->role <= TN_ROLE_HELPER || facts->role >= TN_ROLE_COUNT) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_not_allowed);
    }
    if (existing) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_officer_exists);
    }
    tn_verdict_add(verdict, TN_KIND_officer_enrolled)->body.officer_enrolled.facts = *facts;
    return TN_OK;
}

enum tn_status tn_rule_suspend_officer(const struct tn_officer_row *officer,
                                       const struct tn_command *command, struct tn_verdict *verdict)
{
    if (!is_operator(command)) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_not_allowed);
    }
    if (!officer) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_officer_unknown);
    }
    if (officer->suspended) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_officer_suspended);
    }
    tn_verdict_add(verdict, TN_KIND_officer_suspended)->body.officer_suspended.facts =
        command->facts.suspend_officer_facts;
    return TN_OK;
}

enum tn_status tn_rule_resume(const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_resume *facts = &command->facts.resume_deadlines_facts;
    struct tn_window_extended *extended;

    if (!is_operator(command)) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_not_allowed);
    }
    if (command->time_us <= facts->last_heartbeat_us) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_nothing_to_resume);
    }
    extended = &tn_verdict_add(verdict, TN_KIND_window_extended)->body.window_extended;
    extended->facts = *facts;
    extended->from_us = facts->last_heartbeat_us;
    extended->by_us = facts->extend ? command->time_us - facts->last_heartbeat_us : 0;
    return TN_OK;
}

/* Alarms carry few numbers: they are for people. */
#define ALARM_DETAILS_MAX 8u

enum tn_status tn_rule_report_fork(const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_report_fork *facts = &command->facts.report_fork_facts;

    if (!is_operator(command) || (facts->status != 409 && facts->status != 422)) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_not_allowed);
    }
    tn_verdict_add(verdict, TN_KIND_fork_seen)->body.fork_seen.facts = *facts;
    return TN_OK;
}

enum tn_status tn_rule_raise_alarm(const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_raise_alarm *facts = &command->facts.raise_alarm_facts;

    if (!is_operator(command) || facts->code == 0 || facts->code >= TN_ALARM_LIMIT ||
        facts->details.count > ALARM_DETAILS_MAX) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_not_allowed);
    }
    tn_verdict_add(verdict, TN_KIND_alarm_raised)->body.alarm_raised.facts = *facts;
    return TN_OK;
}
