/* Decisions about offers, appointments, port days and validations. */
#include <string.h>

#include "ledger/rules/appointment.h"
#include "ledger/rules/validation.h"
#include "projections/fetch.h"
#include "projections/keys.h"

static enum tn_status fetch_ends(struct tn_fetch *fetch, uint64_t port, uint64_t date,
                                 uint64_t *ends_us)
{
    struct tn_port_date_row row;
    bool found;
    enum tn_status status = TN_READ(fetch->decider->state->rows[TN_CORE_SEATS],
                                    tn_key_port_date(port, date), port_date_row, fetch->arena, &row,
                                    &found, fetch->error);

    *ends_us = status == TN_OK && found ? row.ends_us : 0;
    return status;
}

static enum tn_status decide_held(struct tn_fetch *fetch)
{
    /* accept, decline and cancel name registration and offer in the same two fields */
    const struct tn_facts_offer *facts = &fetch->command->facts.decline_offer_facts;
    const uint8_t *registration = facts->registration;
    const uint8_t *offer_id = facts->offer;
    struct tn_registration_row row;
    struct tn_registration_view view;
    struct tn_offer_row offer;
    struct tn_appointment_row appointment;
    uint64_t ends_us = 0;
    bool found = false;
    enum tn_status status;

    if (fetch->command->kind == TN_COMMAND_accept_offer) {
        registration = fetch->command->facts.accept_offer_facts.registration;
        offer_id = fetch->command->facts.accept_offer_facts.offer;
    }
    status = tn_fetch_registration(fetch, registration, false, &row, &view);
    if (status != TN_OK) {
        return status;
    }
    if (fetch->command->kind == TN_COMMAND_cancel_appointment) {
        status = tn_fetch_appointment(fetch, offer_id, &appointment, &found);
        return status == TN_OK ? tn_rule_cancel_appointment(&view, found ? &appointment : NULL,
                                                            fetch->command, fetch->verdict)
                               : status;
    }
    status = tn_fetch_offer(fetch, offer_id, &offer, &found);
    if (status == TN_OK && found) {
        status = fetch_ends(fetch, offer.port, offer.seats.items[0].date, &ends_us);
    }
    if (status != TN_OK) {
        return status;
    }
    if (fetch->command->kind == TN_COMMAND_accept_offer) {
        return tn_rule_accept_offer(&view, found ? &offer : NULL, ends_us, fetch->command,
                                    fetch->verdict);
    }
    return tn_rule_decline_offer(&view, found ? &offer : NULL, fetch->command, fetch->verdict);
}

/* The appointment a tag names: not found for an unknown tag and for a member who left. R17: either
 * way two rows are asked for, and an appointment of one kind or another is decoded. */
static enum tn_status fetch_by_tag(struct tn_fetch *fetch, const uint8_t *tag,
                                   struct tn_tag_row *row, struct tn_appointment_row *appointment,
                                   bool *found)
{
    uint8_t *last = fetch->decider->last_named;
    bool named = false;
    bool standing = false;
    enum tn_status status = TN_READ(fetch->decider->state->rows[TN_CORE_VALIDATION],
                                    tn_key_tag(tag), tag_row, fetch->arena, row, &named,
                                    fetch->error);

    if (status == TN_OK) {
        if (named) {
            memcpy(last, row->offer, TN_ID_SIZE);
        }
        status = tn_fetch_appointment(fetch, last, appointment, &standing);
    }
    *found = status == TN_OK && standing && named && !row->dropped;
    return status;
}

static enum tn_status decide_validate(struct tn_fetch *fetch)
{
    const struct tn_policy *policy = tn_fetch_policy(fetch, NULL);
    struct tn_officer_row officer;
    struct tn_tag_row tag;
    struct tn_appointment_row appointment;
    bool known;
    bool found;
    enum tn_status status = tn_fetch_officer(fetch, fetch->command->actor.id, &officer, &known);

    if (status == TN_OK) {
        status = fetch_by_tag(fetch, fetch->command->facts.validate_facts.tag, &tag, &appointment,
                              &found);
    }
    if (status == TN_OK && !policy) {
        return tn_verdict_refuse(fetch->verdict, TN_REFUSAL_not_allowed);
    }
    return status == TN_OK
               ? tn_rule_validate(policy, known ? &officer : NULL, found ? &appointment : NULL,
                                  tag.offer, fetch->command, fetch->verdict)
               : status;
}

static enum tn_status decide_arrival(struct tn_fetch *fetch)
{
    struct tn_officer_row officer;
    struct tn_tag_row tag;
    struct tn_appointment_row appointment;
    bool known;
    bool found;
    enum tn_status status = tn_fetch_officer(fetch, fetch->command->actor.id, &officer, &known);

    if (status == TN_OK) {
        status = fetch_by_tag(fetch, fetch->command->facts.record_arrival_facts.tag, &tag,
                              &appointment, &found);
    }
    return status == TN_OK
               ? tn_rule_record_arrival(known ? &officer : NULL, found ? &appointment : NULL,
                                        tag.offer, fetch->command, fetch->verdict)
               : status;
}

/* The appointments that stand at a port day, ascending by offer id. */
struct standing {
    struct tn_arena *arena;
    uint8_t (*offers)[TN_ID_SIZE];
    size_t count;
};

#define STANDING_MAX 4096 /* ten times the busiest port's seats of a day */

static bool collect_standing(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct standing *standing = context;

    (void) value;
    if (standing->count == STANDING_MAX) {
        return false;
    }
    memcpy(standing->offers[standing->count++], key.data + key.size - TN_ID_SIZE, TN_ID_SIZE);
    return true;
}

static enum tn_status decide_close_port_day(struct tn_fetch *fetch)
{
    const struct tn_facts_port_day *facts = &fetch->command->facts.close_port_day_facts;
    struct tn_row_key prefix = tn_key_port_day(facts->port, facts->date);
    struct tn_officer_row officer;
    struct standing standing = {
        .arena = fetch->arena,
        .offers = tn_arena_array(fetch->arena, STANDING_MAX, TN_ID_SIZE),
    };
    struct tn_appointment_row *appointments = NULL;
    struct tn_ids offers = {0};
    uint64_t ends_us = 0;
    bool known;
    bool found;
    enum tn_status status = tn_fetch_officer(fetch, fetch->command->actor.id, &officer, &known);

    if (status == TN_OK) {
        status = fetch_ends(fetch, facts->port, facts->date, &ends_us);
    }
    if (status == TN_OK && standing.offers) {
        status = tn_rows_scan(fetch->decider->state->rows[TN_CORE_VALIDATION],
                              tn_row_key_view(&prefix), tn_bytes(NULL, 0), collect_standing,
                              &standing, fetch->error);
        appointments = tn_arena_array(fetch->arena, standing.count, sizeof(*appointments));
    }
    if (status == TN_OK && (!standing.offers || !appointments)) {
        return TN_FULL;
    }
    for (size_t i = 0; status == TN_OK && i < standing.count; i++) {
        status = tn_fetch_appointment(fetch, standing.offers[i], &appointments[i], &found);
    }
    offers.items = (const uint8_t(*)[TN_ID_SIZE]) standing.offers;
    offers.count = standing.count;
    return status == TN_OK ? tn_rule_close_port_day(known ? &officer : NULL, ends_us, appointments,
                                                    &offers, fetch->command, fetch->verdict)
                           : status;
}

enum tn_status tn_decide_offer(struct tn_fetch *fetch)
{
    if (fetch->command->kind == TN_COMMAND_validate) {
        return decide_validate(fetch);
    }
    if (fetch->command->kind == TN_COMMAND_record_arrival) {
        return decide_arrival(fetch);
    }
    if (fetch->command->kind == TN_COMMAND_close_port_day) {
        return decide_close_port_day(fetch);
    }
    return decide_held(fetch);
}
