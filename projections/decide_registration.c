/* Decisions about groups and their requests. */
#include "ledger/rules/request.h"
#include "projections/fetch.h"
#include "projections/keys.h"

/* A person's row, zeroed when there is none. */
static enum tn_status fetch_person(struct tn_fetch *fetch, const uint8_t *person,
                                   struct tn_person_row *row)
{
    bool found;

    return TN_READ(fetch->decider->state->rows[TN_CORE_REGISTRATIONS], tn_key_person(person),
                   person_row, fetch->arena, row, &found, fetch->error);
}

static uint64_t first_open_day(const struct tn_fetch *fetch)
{
    return fetch->queue.open_days.count > 0 ? fetch->queue.open_days.items[0] : 0;
}

static enum tn_status decide_register(struct tn_fetch *fetch, const struct tn_policy *policy)
{
    const struct tn_facts_register *facts = &fetch->command->facts.register_facts;
    struct tn_person_row persons[TN_POLICY_SIZE_MAX];
    struct tn_registration_row row;
    struct tn_registration_view view;
    enum tn_status status = tn_fetch_registration(fetch, facts->registration, false, &row, &view);

    for (size_t i = 0; status == TN_OK && i < facts->members.count && i < policy->size_max; i++) {
        status = fetch_person(fetch, facts->members.items[i].person, &persons[i]);
    }
    return status == TN_OK ? tn_rule_register(policy, &view, persons, first_open_day(fetch),
                                              fetch->command, fetch->verdict)
                           : status;
}

static enum tn_status decide_add_member(struct tn_fetch *fetch, const struct tn_policy *policy)
{
    const struct tn_facts_add_member *facts = &fetch->command->facts.add_member_facts;
    struct tn_registration_row row;
    struct tn_registration_view view;
    struct tn_person_row person;
    enum tn_status status = tn_fetch_registration(fetch, facts->registration, true, &row, &view);

    if (status == TN_OK) {
        status = fetch_person(fetch, facts->member.person, &person);
    }
    return status == TN_OK ? tn_rule_add_member(policy, &view, &person, first_open_day(fetch),
                                                fetch->command, fetch->verdict)
                           : status;
}

static enum tn_status decide_remove_member(struct tn_fetch *fetch)
{
    const struct tn_facts_remove_member *facts = &fetch->command->facts.remove_member_facts;
    struct tn_registration_row row;
    struct tn_registration_view view;
    struct tn_appointment_row appointment;
    bool found = false;
    enum tn_status status = tn_fetch_registration(fetch, facts->registration, true, &row, &view);

    if (status == TN_OK && view.found && row.holding == TN_HOLDS_APPOINTMENT) {
        status = tn_fetch_appointment(fetch, row.offer, &appointment, &found);
    }
    return status == TN_OK ? tn_rule_remove_member(&view, found ? &appointment : NULL,
                                                   fetch->command, fetch->verdict)
                           : status;
}

static enum tn_status decide_restore(struct tn_fetch *fetch)
{
    struct tn_registration_row row;
    struct tn_registration_view view;
    struct tn_person_row persons[TN_POLICY_SIZE_MAX]; /* the fold takes no larger group */
    enum tn_status status = tn_fetch_registration(
        fetch, fetch->command->facts.restore_registration_facts.registration, true, &row, &view);

    for (size_t i = 0; status == TN_OK && i < row.members.count; i++) {
        status = fetch_person(fetch, row.members.items[i].person, &persons[i]);
    }
    return status == TN_OK ? tn_rule_restore_registration(&view, persons, first_open_day(fetch),
                                                          fetch->command, fetch->verdict)
                           : status;
}

static enum tn_status decide_merge(struct tn_fetch *fetch, const struct tn_policy *policy)
{
    const struct tn_facts_merge *facts = &fetch->command->facts.merge_registrations_facts;
    struct tn_registration_row row;
    struct tn_registration_row other_row;
    struct tn_registration_view view;
    struct tn_registration_view other;
    enum tn_status status = tn_fetch_registration(fetch, facts->registration, true, &row, &view);

    if (status == TN_OK) {
        status = tn_fetch_registration(fetch, facts->other, true, &other_row, &other);
    }
    return status == TN_OK
               ? tn_rule_merge_registrations(policy, &view, &other, first_open_day(fetch),
                                             fetch->command, fetch->verdict)
               : status;
}

static enum tn_status fetch_slot_max(struct tn_fetch *fetch, const struct tn_policy *policy,
                                     uint64_t day, const struct tn_uints *ports, uint64_t *slot_max)
{
    enum tn_status status = TN_OK;

    *slot_max = UINT64_MAX;
    /* More ports than one may ask for are refused before this counts. */
    for (size_t i = 0; status == TN_OK && policy->packing == TN_PACKING_HARD && i < ports->count &&
                       i < policy->choices_max;
         i++) {
        uint64_t largest;

        status = tn_fetch_slot_largest(fetch, policy, ports->items[i], day, &largest);
        *slot_max = largest < *slot_max ? largest : *slot_max;
    }
    return status;
}

static enum tn_status decide_request(struct tn_fetch *fetch)
{
    const struct tn_facts_request *facts = &fetch->command->facts.request_appointment_facts;
    struct tn_registration_row row;
    struct tn_registration_view view;
    struct tn_day_row day;
    struct tn_pool_row asked;
    struct tn_request_view request = {.slot_max = UINT64_MAX};
    bool found;
    const struct tn_policy *policy;
    enum tn_status status = tn_fetch_registration(fetch, facts->registration, false, &row, &view);

    if (status == TN_OK) {
        status = tn_fetch_open_day(fetch, &request.day, &day, &found);
        request.row = found ? &day : NULL;
    }
    policy = tn_fetch_policy(fetch, request.row);
    if (status == TN_OK && !policy) {
        return tn_fail(fetch->error, TN_CORRUPT, "a day is open under a policy that has no row");
    }
    if (status == TN_OK && found) {
        status = tn_fetch_pool(fetch, request.day, facts->registration, &asked, &found);
        request.asked = found ? &asked : NULL;
    }
    if (status == TN_OK && request.row) {
        status = fetch_slot_max(fetch, policy, request.day, &facts->ports, &request.slot_max);
    }
    return status == TN_OK
               ? tn_rule_request(policy, &view, &request, fetch->command, fetch->verdict)
               : status;
}

static enum tn_status decide_withdraw_request(struct tn_fetch *fetch)
{
    const struct tn_facts_withdraw_request *facts = &fetch->command->facts.withdraw_request_facts;
    struct tn_registration_row row;
    struct tn_registration_view view;
    struct tn_day_row day;
    struct tn_pool_row asked;
    struct tn_request_view request = {.day = facts->day};
    bool found;
    enum tn_status status = tn_fetch_registration(fetch, facts->registration, false, &row, &view);

    if (status == TN_OK) {
        status = tn_fetch_day(fetch, facts->day, &day, &found);
        request.row = found ? &day : NULL;
    }
    if (status == TN_OK) {
        status = tn_fetch_pool(fetch, facts->day, facts->registration, &asked, &found);
        request.asked = found ? &asked : NULL;
    }
    return status == TN_OK
               ? tn_rule_withdraw_request(&view, &request, fetch->command, fetch->verdict)
               : status;
}

static enum tn_status decide_withdraw_registration(struct tn_fetch *fetch)
{
    struct tn_registration_row row;
    struct tn_registration_view view;
    enum tn_status status = tn_fetch_registration(
        fetch, fetch->command->facts.withdraw_registration_facts.registration, true, &row, &view);

    return status == TN_OK ? tn_rule_withdraw_registration(&view, fetch->command, fetch->verdict)
                           : status;
}

enum tn_status tn_decide_registration(struct tn_fetch *fetch)
{
    enum tn_command_kind kind = fetch->command->kind;
    const struct tn_policy *policy = tn_fetch_policy(fetch, NULL);

    /* Who wants to leave may do so at any time. */
    if (kind == TN_COMMAND_remove_member) {
        return decide_remove_member(fetch);
    }
    if (kind == TN_COMMAND_withdraw_registration) {
        return decide_withdraw_registration(fetch);
    }
    if (kind == TN_COMMAND_withdraw_request) {
        return decide_withdraw_request(fetch);
    }
    if (!tn_programme_is_open(policy, fetch->verdict->time_us)) {
        return tn_verdict_refuse(fetch->verdict, TN_REFUSAL_programme_ended);
    }
    if (kind == TN_COMMAND_request_appointment) {
        return decide_request(fetch);
    }
    if (kind == TN_COMMAND_register) {
        return decide_register(fetch, policy);
    }
    if (kind == TN_COMMAND_add_member) {
        return decide_add_member(fetch, policy);
    }
    return kind == TN_COMMAND_restore_registration ? decide_restore(fetch)
                                                   : decide_merge(fetch, policy);
}
