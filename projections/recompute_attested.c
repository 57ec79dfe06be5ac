/* What a log says and nobody can derive from it: counted by command, and held to what can be. */
#include <inttypes.h>

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

static void count(struct tn_recompute *recompute, const struct tn_command *command)
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
    case TN_COMMAND_resume_deadlines:
        attested[TN_ATTESTED_last_heartbeat]++;
        break;
    default:
        break;
    }
}

/* Whether the calendar of some zone shows the day then. */
static bool is_day_somewhere(uint64_t day, uint64_t time_us)
{
    uint64_t first = time_us > TN_ZONE_MAX_US ? (time_us - TN_ZONE_MAX_US) / TN_DAY_US : 0;

    return day >= first && day <= (time_us + TN_ZONE_MAX_US) / TN_DAY_US;
}

/* Seniority counts from it, so an old one would put a group before all others. */
static bool is_added_today(const struct tn_command *command)
{
    return command->kind == TN_COMMAND_register
               ? is_day_somewhere(command->facts.register_facts.today, command->time_us)
           : command->kind == TN_COMMAND_add_member
               ? is_day_somewhere(command->facts.add_member_facts.today, command->time_us)
               : true;
}

enum tn_status tn_recompute_attested(struct tn_recompute *recompute,
                                     const struct tn_command *command, struct tn_bytes entry,
                                     struct tn_error *error)
{
    count(recompute, command);
    return is_added_today(command)
               ? TN_OK
               : tn_recompute_differ(recompute, recompute->index, "today", tn_bytes(NULL, 0), entry,
                                     error,
                                     "a member is added on a day that no zone's calendar shows at "
                                     "%" PRIu64 " us",
                                     command->time_us);
}
