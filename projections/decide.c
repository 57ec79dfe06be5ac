/* From a command to its verdict. */
#include "projections/decide.h"

#include "projections/fetch.h"

enum tn_status tn_decider_refresh(struct tn_decider *decider, struct tn_arena *arena,
                                  struct tn_error *error)
{
    return tn_policies_load(&decider->policies, decider->state->rows[TN_CORE_QUEUE], arena, error);
}

void tn_decider_close(struct tn_decider *decider)
{
    tn_policies_close(&decider->policies);
}

enum tn_status tn_decide(struct tn_decider *decider, const struct tn_command *command,
                         struct tn_verdict *verdict, struct tn_error *error)
{
    struct tn_fetch fetch;
    enum tn_status status = tn_fetch_begin(&fetch, decider, command, verdict, error);

    if (status != TN_OK) {
        return status;
    }
    switch (command->kind) {
    case TN_COMMAND_register:
    case TN_COMMAND_add_member:
    case TN_COMMAND_remove_member:
    case TN_COMMAND_withdraw_registration:
    case TN_COMMAND_restore_registration:
    case TN_COMMAND_merge_registrations:
    case TN_COMMAND_request_appointment:
    case TN_COMMAND_withdraw_request:
        status = tn_decide_registration(&fetch);
        break;
    case TN_COMMAND_accept_offer:
    case TN_COMMAND_decline_offer:
    case TN_COMMAND_cancel_appointment:
    case TN_COMMAND_record_arrival:
    case TN_COMMAND_close_port_day:
    case TN_COMMAND_validate:
        status = tn_decide_offer(&fetch);
        break;
    case TN_COMMAND_create_ledger:
    case TN_COMMAND_anchor_chain:
    case TN_COMMAND_publish_policy:
    case TN_COMMAND_publish_capacity:
    case TN_COMMAND_suspend_port:
    case TN_COMMAND_resume_port:
    case TN_COMMAND_reallocate_seats:
    case TN_COMMAND_enrol_officer:
    case TN_COMMAND_suspend_officer:
    case TN_COMMAND_reveal_secret:
    case TN_COMMAND_resume_deadlines:
    case TN_COMMAND_reveal_witness:
    case TN_COMMAND_record_beacon:
    case TN_COMMAND_replace_chain:
    case TN_COMMAND_report_fork:
    case TN_COMMAND_raise_alarm:
        status = tn_decide_programme(&fetch);
        break;
    case TN_COMMAND_NONE:
    case TN_COMMAND_LIMIT:
        return tn_fail(error, TN_UNSUPPORTED, "a command of no known kind; nothing was done");
    }
    return status == TN_OK ? tn_verdict_status(verdict) : status;
}
