/* From an event back to its command. */
#include "ledger/rules/command.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/check.h"

/* Which command makes which first event. `shared`: the same kind also comes without a command, or
 * later in one; it then has no facts. */
static const struct {
    enum tn_kind_number kind;
    enum tn_command_kind command;
    bool shared;
    size_t offset; /* of the facts in the body */
} firsts[] = {
#define FIRST(kind, command, shared)                                                               \
    {TN_KIND_##kind, TN_COMMAND_##command, shared, offsetof(struct tn_##kind, facts)},
    FIRST(ledger_created, create_ledger, false) FIRST(chain_anchored, anchor_chain, false) FIRST(
        policy_published, publish_policy, false) FIRST(capacity_published, publish_capacity, true)
        FIRST(port_suspended, suspend_port, false) FIRST(port_resumed, resume_port, false) FIRST(
            seats_reallocated, reallocate_seats, false) FIRST(window_extended, resume_deadlines,
                                                              false) FIRST(registration_created,
                                                                           register, false)
            FIRST(member_added, add_member, true) FIRST(member_removed, remove_member, false) FIRST(
                registration_withdrawn, withdraw_registration,
                false) FIRST(registration_restored, restore_registration,
                             false) FIRST(registration_merged, merge_registrations, false)
                FIRST(appointment_requested, request_appointment,
                      false) FIRST(request_replaced, request_appointment,
                                   false) FIRST(request_withdrawn, withdraw_request, false)
                    FIRST(witness_revealed, reveal_witness,
                          false) FIRST(beacon_recorded, record_beacon,
                                       false) FIRST(chain_replaced, replace_chain, false)
                        FIRST(fork_seen, report_fork, false) FIRST(alarm_raised, raise_alarm, false)
                            FIRST(draw_seeded, reveal_secret,
                                  false) FIRST(offer_accepted, accept_offer,
                                               false) FIRST(offer_declined, decline_offer, true)
                                FIRST(appointment_cancelled, cancel_appointment, true)
                                    FIRST(group_presented, record_arrival, false)
                                        FIRST(turned_away, record_arrival, false)
                                            FIRST(no_show_recorded, close_port_day, true)
                                                FIRST(officer_enrolled, enrol_officer, false)
                                                    FIRST(officer_suspended, suspend_officer, false)
                                                        FIRST(validation_answered, validate, false)
#undef FIRST
};

static enum tn_status from_refusal(const struct tn_command_refused *body, struct tn_arena *arena,
                                   struct tn_command *command, struct tn_error *error)
{
    const struct tn_record *record = tn_command_facts(body->command);
    enum tn_status status;

    if (!record) {
        return tn_fail(error, TN_CORRUPT,
                       "a command of kind %" PRIu64 " was refused: there is none", body->command);
    }
    command->kind = (enum tn_command_kind) body->command;
    status = tn_record_decode_bytes(record, body->facts, arena, &command->facts);
    if (status == TN_OK || status == TN_FULL) {
        return status;
    }
    return tn_fail(error, TN_CORRUPT, "the facts of a refused %s cannot be read",
                   tn_command_name(body->command));
}

enum tn_status tn_command_from_event(const struct tn_event *event, struct tn_arena *arena,
                                     struct tn_command *command, bool *found,
                                     struct tn_error *error)
{
    memset(command, 0, sizeof(*command));
    *found = false;
    command->actor = event->actor;
    command->time_us = event->time_us;
    memcpy(command->id, event->command, TN_ID_SIZE);
    if (event->kind == TN_KIND_command_refused) {
        *found = true;
        return from_refusal(&event->body.command_refused, arena, command, error);
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(firsts); i++) {
        const struct tn_record *facts;

        if (firsts[i].kind != event->kind) {
            continue;
        }
        facts = tn_command_facts(firsts[i].command);
        command->kind = firsts[i].command;
        memcpy(&command->facts, (const char *) &event->body + firsts[i].offset, facts->size);
        *found = !firsts[i].shared || !tn_is_zero(&command->facts, facts->size);
        return TN_OK;
    }
    return TN_OK;
}

bool tn_command_is_anonymous(const struct tn_command *command)
{
    return command->kind == TN_COMMAND_register &&
           memcmp(command->actor.id, command->facts.register_facts.registration, TN_ID_SIZE) == 0;
}
