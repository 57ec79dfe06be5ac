/* The rule of validation. */
#include "ledger/rules/validation.h"

#include <string.h>

/* The bits of the answer; with `one_part` unknown and cancelled look alike. */
static uint64_t verdict_bits(const struct tn_policy *policy,
                             const struct tn_appointment_row *appointment, uint64_t now_us)
{
    bool stands;
    uint64_t bits;

    if (!appointment) {
        return 0;
    }
    stands = appointment->state == TN_APPOINTMENT_CONFIRMED && now_us < appointment->ends_us;
    if (!stands && policy->validation.detail == TN_VALIDATION_ONE_PART) {
        return 0;
    }
    bits = TN_VALIDATION_MATCHED;
    bits |= stands ? TN_VALIDATION_APPOINTMENT : 0u;
    bits |= appointment->tags.count > 1 ? TN_VALIDATION_PARTY : 0u;
    return bits;
}

enum tn_status tn_rule_validate(const struct tn_policy *policy,
                                const struct tn_officer_row *officer,
                                const struct tn_appointment_row *appointment,
                                const uint8_t offer[static TN_ID_SIZE],
                                const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_validate *facts = &command->facts.validate_facts;
    struct tn_validation_answered *answered;

    if (!officer) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_officer_unknown);
    }
    if (officer->suspended) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_officer_suspended);
    }
    if (officer->role != TN_ROLE_OFFICER) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_not_allowed);
    }
    answered = &tn_verdict_add(verdict, TN_KIND_validation_answered)->body.validation_answered;
    answered->facts = *facts;
    memcpy(answered->organisation, officer->organisation, TN_ID_SIZE);
    answered->verdict = verdict_bits(policy, appointment, command->time_us);
    if (appointment && answered->verdict != 0) {
        memcpy(answered->registration, appointment->registration, TN_ID_SIZE);
        memcpy(answered->offer, offer, TN_ID_SIZE);
    }
    return TN_OK;
}
