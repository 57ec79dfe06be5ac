/* Rules of offers. */
#include "ledger/rules/offer.h"

#include <string.h>

void tn_verdict_return_seats(struct tn_verdict *verdict, const uint8_t offer[static TN_ID_SIZE],
                             uint64_t port, struct tn_run_list seats, enum tn_held held)
{
    struct tn_seats_returned *body;

    body = &tn_verdict_add_caused(verdict, TN_KIND_seats_returned, verdict->count - 1)
                ->body.seats_returned;
    body->port = port;
    body->seats = seats;
    body->held = held;
    memcpy(body->offer, offer, TN_ID_SIZE);
}

/* What accepting and declining share. */
static enum tn_refusal check_offer(const struct tn_registration_view *registration,
                                   const struct tn_offer_row *offer, uint64_t now_us)
{
    if (!registration->found) {
        return TN_REFUSAL_registration_unknown;
    }
    if (!offer) {
        return TN_REFUSAL_offer_unknown;
    }
    if (offer->state == TN_OFFER_LAPSED ||
        (offer->state == TN_OFFER_OPEN && now_us >= offer->deadline_us)) {
        return TN_REFUSAL_offer_past_deadline;
    }
    return offer->state == TN_OFFER_OPEN ? TN_REFUSAL_NONE : TN_REFUSAL_offer_not_open;
}

/* The tags are for exactly the group as it is now, in its order. */
static bool members_match(const struct tn_registration_row *row,
                          const struct tn_facts_accept_offer *facts)
{
    if (facts->members.count != row->members.count || facts->tags.count != row->members.count) {
        return false;
    }
    for (size_t i = 0; i < row->members.count; i++) {
        if (memcmp(facts->members.items[i], row->members.items[i].member, TN_ID_SIZE) != 0) {
            return false;
        }
    }
    return true;
}

enum tn_status tn_rule_accept_offer(const struct tn_registration_view *registration,
                                    const struct tn_offer_row *offer, uint64_t ends_us,
                                    const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_accept_offer *facts = &command->facts.accept_offer_facts;
    enum tn_refusal refusal = check_offer(registration, offer, command->time_us);
    struct tn_appointment_confirmed *confirmed;

    if (refusal == TN_REFUSAL_NONE &&
        memcmp(offer->registration, facts->registration, TN_ID_SIZE) != 0) {
        refusal = TN_REFUSAL_offer_unknown;
    }
    if (refusal == TN_REFUSAL_NONE && !members_match(registration->row, facts)) {
        refusal = TN_REFUSAL_members_changed;
    }
    /* A draw that was late offers what may be over before its deadline. */
    if (refusal == TN_REFUSAL_NONE && ends_us > 0 && command->time_us >= ends_us) {
        refusal = TN_REFUSAL_appointment_past;
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    tn_verdict_add(verdict, TN_KIND_offer_accepted)->body.offer_accepted.facts = *facts;
    confirmed = &tn_verdict_add_caused(verdict, TN_KIND_appointment_confirmed, 0)
                     ->body.appointment_confirmed;
    memcpy(confirmed->registration, facts->registration, TN_ID_SIZE);
    memcpy(confirmed->offer, facts->offer, TN_ID_SIZE);
    confirmed->port = offer->port;
    confirmed->seats = offer->seats;
    confirmed->members = facts->members;
    confirmed->tags = facts->tags;
    confirmed->ends_us = ends_us;
    return TN_OK;
}

enum tn_status tn_rule_decline_offer(const struct tn_registration_view *registration,
                                     const struct tn_offer_row *offer,
                                     const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_offer *facts = &command->facts.decline_offer_facts;
    enum tn_refusal refusal = check_offer(registration, offer, command->time_us);
    struct tn_offer_declined *declined;

    if (refusal == TN_REFUSAL_NONE &&
        memcmp(offer->registration, facts->registration, TN_ID_SIZE) != 0) {
        refusal = TN_REFUSAL_offer_unknown;
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    declined = &tn_verdict_add(verdict, TN_KIND_offer_declined)->body.offer_declined;
    declined->facts = *facts;
    memcpy(declined->registration, facts->registration, TN_ID_SIZE);
    memcpy(declined->offer, facts->offer, TN_ID_SIZE);
    declined->by = TN_BY_OWNER;
    tn_verdict_return_seats(verdict, facts->offer, offer->port, offer->seats, TN_HELD_OFFER);
    return TN_OK;
}

void tn_rule_lapse_offer(const uint8_t offer_id[static TN_ID_SIZE],
                         const struct tn_offer_row *offer, struct tn_verdict *verdict)
{
    struct tn_offer_lapsed *lapsed;

    lapsed = &tn_verdict_add(verdict, TN_KIND_offer_lapsed)->body.offer_lapsed;
    memcpy(lapsed->registration, offer->registration, TN_ID_SIZE);
    memcpy(lapsed->offer, offer_id, TN_ID_SIZE);
    lapsed->due_us = offer->deadline_us;
    tn_verdict_return_seats(verdict, offer_id, offer->port, offer->seats, TN_HELD_OFFER);
}

void tn_rule_withdraw_offer(const uint8_t offer_id[static TN_ID_SIZE],
                            const struct tn_offer_row *offer, const char *reason, size_t cause,
                            struct tn_verdict *verdict)
{
    struct tn_offer_declined *declined;

    declined = &tn_verdict_add_caused(verdict, TN_KIND_offer_declined, cause)->body.offer_declined;
    memcpy(declined->registration, offer->registration, TN_ID_SIZE);
    memcpy(declined->offer, offer_id, TN_ID_SIZE);
    declined->by = TN_BY_AGENCY;
    declined->reason = tn_bytes_from_string(reason);
    tn_verdict_return_seats(verdict, offer_id, offer->port, offer->seats, TN_HELD_OFFER);
}
