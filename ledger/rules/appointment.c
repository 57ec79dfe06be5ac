/* Rules of appointments and port days. */
#include "ledger/rules/appointment.h"

#include <string.h>

#include "ledger/base/civil.h"

enum tn_status tn_rule_cancel_appointment(const struct tn_registration_view *registration,
                                          const struct tn_appointment_row *appointment,
                                          const struct tn_command *command,
                                          struct tn_verdict *verdict)
{
    const struct tn_facts_offer *facts = &command->facts.cancel_appointment_facts;
    enum tn_refusal refusal = TN_REFUSAL_NONE;
    struct tn_appointment_cancelled *cancelled;

    if (!registration->found) {
        refusal = TN_REFUSAL_registration_unknown;
    } else if (!appointment ||
               memcmp(appointment->registration, facts->registration, TN_ID_SIZE) != 0 ||
               appointment->state != TN_APPOINTMENT_CONFIRMED) {
        refusal = TN_REFUSAL_no_appointment;
    } else if (command->time_us >= appointment->ends_us) {
        refusal = TN_REFUSAL_appointment_past;
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    cancelled = &tn_verdict_add(verdict, TN_KIND_appointment_cancelled)->body.appointment_cancelled;
    cancelled->facts = *facts;
    memcpy(cancelled->registration, facts->registration, TN_ID_SIZE);
    memcpy(cancelled->offer, facts->offer, TN_ID_SIZE);
    cancelled->by = TN_BY_OWNER;
    tn_verdict_return_seats(verdict, facts->offer, appointment->port, appointment->seats,
                            TN_HELD_APPOINTMENT);
    return TN_OK;
}

void tn_rule_revoke_appointment(const uint8_t offer[static TN_ID_SIZE],
                                const struct tn_appointment_row *appointment, const char *reason,
                                size_t cause, struct tn_verdict *verdict)
{
    struct tn_appointment_cancelled *cancelled;

    cancelled = &tn_verdict_add_caused(verdict, TN_KIND_appointment_cancelled, cause)
                     ->body.appointment_cancelled;
    memcpy(cancelled->registration, appointment->registration, TN_ID_SIZE);
    memcpy(cancelled->offer, offer, TN_ID_SIZE);
    cancelled->by = TN_BY_AGENCY;
    cancelled->reason = tn_bytes_from_string(reason);
    tn_verdict_return_seats(verdict, offer, appointment->port, appointment->seats,
                            TN_HELD_APPOINTMENT);
}

/* A port officer acts at the port of their grant only. */
static enum tn_refusal check_port_officer(const struct tn_officer_row *officer, uint64_t port)
{
    if (!officer) {
        return TN_REFUSAL_officer_unknown;
    }
    if (officer->suspended) {
        return TN_REFUSAL_officer_suspended;
    }
    return officer->role == TN_ROLE_PORT_OFFICER && officer->port == port ? TN_REFUSAL_NONE
                                                                          : TN_REFUSAL_not_allowed;
}

/* Whoever comes, comes on the date; no civil day is longer. */
#define DATE_US_MAX (25 * TN_HOUR_US)

/* P8: the person sees no trace of a refusal, so all that it says is that no appointment stands at
 * this port on this date; whether one stands elsewhere, or did, is a question for a validation. */
static enum tn_refusal check_arrival(const struct tn_appointment_row *appointment,
                                     const struct tn_facts_arrival *facts, uint64_t now_us)
{
    if (facts->outcome != TN_ARRIVAL_PRESENTED && facts->outcome != TN_ARRIVAL_TURNED_AWAY) {
        return TN_REFUSAL_not_allowed;
    }
    if (!appointment || appointment->state != TN_APPOINTMENT_CONFIRMED ||
        appointment->port != facts->port || appointment->seats.items[0].date != facts->date ||
        now_us + DATE_US_MAX < appointment->ends_us || now_us >= appointment->ends_us) {
        return TN_REFUSAL_not_matched;
    }
    return TN_REFUSAL_NONE;
}

enum tn_status tn_rule_record_arrival(const struct tn_officer_row *officer,
                                      const struct tn_appointment_row *appointment,
                                      const uint8_t offer[static TN_ID_SIZE],
                                      const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_arrival *facts = &command->facts.record_arrival_facts;
    enum tn_refusal refusal = check_port_officer(officer, facts->port);
    struct tn_group_presented *presented;

    if (refusal == TN_REFUSAL_NONE) {
        refusal = check_arrival(appointment, facts, command->time_us);
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    /* Both kinds have one body. */
    presented = &tn_verdict_add(verdict, facts->outcome == TN_ARRIVAL_TURNED_AWAY
                                             ? TN_KIND_turned_away
                                             : TN_KIND_group_presented)
                     ->body.group_presented;
    presented->facts = *facts;
    memcpy(presented->registration, appointment->registration, TN_ID_SIZE);
    memcpy(presented->offer, offer, TN_ID_SIZE);
    presented->port = appointment->port;
    presented->seats = appointment->seats;
    return TN_OK;
}

enum tn_status tn_rule_close_port_day(const struct tn_officer_row *officer, uint64_t ends_us,
                                      const struct tn_appointment_row *appointments,
                                      const struct tn_ids *offers, const struct tn_command *command,
                                      struct tn_verdict *verdict)
{
    const struct tn_facts_port_day *facts = &command->facts.close_port_day_facts;
    enum tn_refusal refusal = check_port_officer(officer, facts->port);

    if (refusal == TN_REFUSAL_NONE && (ends_us == 0 || command->time_us < ends_us)) {
        refusal = TN_REFUSAL_port_day_not_over;
    }
    if (refusal == TN_REFUSAL_NONE && offers->count == 0) {
        refusal = TN_REFUSAL_no_appointment;
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    for (size_t i = 0; i < offers->count; i++) {
        struct tn_no_show_recorded *missed;

        missed = &tn_verdict_add(verdict, TN_KIND_no_show_recorded)->body.no_show_recorded;
        if (i == 0) {
            missed->facts = *facts;
        }
        memcpy(missed->registration, appointments[i].registration, TN_ID_SIZE);
        memcpy(missed->offer, offers->items[i], TN_ID_SIZE);
        missed->port = appointments[i].port;
        missed->seats = appointments[i].seats;
    }
    return TN_OK;
}
