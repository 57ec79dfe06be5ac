/* What a log says and nobody can derive from it: counted by command. */
#include "ledger/base/check.h"
#include "projections/recompute_internal.h"

const char *tn_attested_name(enum tn_attested attested)
{
#define NAME(name, words) #name,
    static const char *const names[] = {TN_ATTESTED(NAME)};
#undef NAME

    return (size_t) attested < TN_ARRAY_SIZE(names) ? names[attested] : "unknown";
}

const char *tn_attested_words(enum tn_attested attested)
{
#define WORDS(name, words) words,
    static const char *const list[] = {TN_ATTESTED(WORDS)};
#undef WORDS

    return (size_t) attested < TN_ARRAY_SIZE(list) ? list[attested] : "unknown";
}

void tn_recompute_count_attested(struct tn_recompute *recompute, const struct tn_command *command)
{
    uint64_t *attested = recompute->report.attested;
    const union tn_facts *facts = &command->facts;

    attested[TN_ATTESTED_credential_check] += command->actor.role != TN_ROLE_LEDGER ? 1 : 0;
    switch ((int) command->kind) {
    case TN_COMMAND_request_appointment:
        attested[TN_ATTESTED_zone_result]++;
        break;
    case TN_COMMAND_register:
        attested[TN_ATTESTED_adulthood] += facts->register_facts.members.count;
        attested[TN_ATTESTED_identity_match] += facts->register_facts.members.count;
        attested[TN_ATTESTED_destination_match]++;
        attested[TN_ATTESTED_today]++;
        break;
    case TN_COMMAND_add_member:
        attested[TN_ATTESTED_adulthood]++;
        attested[TN_ATTESTED_identity_match]++;
        attested[TN_ATTESTED_today]++;
        break;
    case TN_COMMAND_accept_offer:
        attested[TN_ATTESTED_appointment_tags] += facts->accept_offer_facts.tags.count;
        break;
    case TN_COMMAND_validate:
    case TN_COMMAND_record_arrival:
        attested[TN_ATTESTED_appointment_tags]++;
        break;
    case TN_COMMAND_publish_capacity:
        attested[TN_ATTESTED_date_ends] += facts->publish_capacity_facts.ports.count;
        break;
    case TN_COMMAND_record_beacon:
        attested[TN_ATTESTED_manual_draw] +=
            facts->record_beacon_facts.type == TN_BEACON_MANUAL ? 1 : 0;
        attested[TN_ATTESTED_drand_pairing] +=
            facts->record_beacon_facts.type == TN_BEACON_DRAND ? 1 : 0;
        break;
    default:
        break;
    }
}
