/* The tables of the event kinds and of the refusal codes. The texts stand in refusal_text.c. */
#include "ledger/event/kinds.h"

#include "ledger/base/check.h"

TN_RECORD_DEFINE(ledger_created, TN_LIST_LEDGER_CREATED)
TN_RECORD_DEFINE(chain_anchored, TN_LIST_CHAIN_ANCHORED)
TN_RECORD_DEFINE(chain_replaced, TN_LIST_CHAIN_REPLACED)
TN_RECORD_DEFINE(state_sealed, TN_LIST_STATE_SEALED)
TN_RECORD_DEFINE(fork_seen, TN_LIST_FORK_SEEN)
TN_RECORD_DEFINE(alarm_raised, TN_LIST_ALARM_RAISED)
TN_RECORD_DEFINE(policy_published, TN_LIST_POLICY_PUBLISHED)
TN_RECORD_DEFINE(capacity_published, TN_LIST_CAPACITY_PUBLISHED)
TN_RECORD_DEFINE(port_suspended, TN_LIST_PORT_SUSPENDED)
TN_RECORD_DEFINE(port_resumed, TN_LIST_PORT_RESUMED)
TN_RECORD_DEFINE(seats_reallocated, TN_LIST_SEATS_REALLOCATED)
TN_RECORD_DEFINE(window_extended, TN_LIST_WINDOW_EXTENDED)
TN_RECORD_DEFINE(registration_created, TN_LIST_REGISTRATION_CREATED)
TN_RECORD_DEFINE(member_added, TN_LIST_MEMBER_ADDED)
TN_RECORD_DEFINE(member_removed, TN_LIST_MEMBER_REMOVED)
TN_RECORD_DEFINE(destination_declared, TN_LIST_DESTINATION_DECLARED)
TN_RECORD_DEFINE(registration_withdrawn, TN_LIST_REGISTRATION_WITHDRAWN)
TN_RECORD_DEFINE(registration_restored, TN_LIST_REGISTRATION_RESTORED)
TN_RECORD_DEFINE(merged_member, TN_LIST_MERGED_MEMBER)
TN_RECORD_DEFINE(registration_merged, TN_LIST_REGISTRATION_MERGED)
TN_RECORD_DEFINE(appointment_requested, TN_LIST_APPOINTMENT_REQUESTED)
TN_RECORD_DEFINE(request_replaced, TN_LIST_APPOINTMENT_REQUESTED)
TN_RECORD_DEFINE(request_withdrawn, TN_LIST_REQUEST_WITHDRAWN)
TN_RECORD_DEFINE(command_refused, TN_LIST_COMMAND_REFUSED)
TN_RECORD_DEFINE(day_opened, TN_LIST_DAY_OPENED)
TN_RECORD_DEFINE(held_group, TN_LIST_HELD_GROUP)
TN_RECORD_DEFINE(pool_port, TN_LIST_POOL_PORT)
TN_RECORD_DEFINE(pool_closed, TN_LIST_POOL_CLOSED)
TN_RECORD_DEFINE(witness_revealed, TN_LIST_WITNESS_REVEALED)
TN_RECORD_DEFINE(witness_missed, TN_LIST_WITNESS_MISSED)
TN_RECORD_DEFINE(beacon_recorded, TN_LIST_BEACON_RECORDED)
TN_RECORD_DEFINE(draw_seeded, TN_LIST_DRAW_SEEDED)
TN_RECORD_DEFINE(port_after, TN_LIST_PORT_AFTER)
TN_RECORD_DEFINE(draw_completed, TN_LIST_DRAW_COMPLETED)
TN_RECORD_DEFINE(day_voided, TN_LIST_DAY_VOIDED)
TN_RECORD_DEFINE(appointment_offered, TN_LIST_APPOINTMENT_OFFERED)
TN_RECORD_DEFINE(offer_accepted, TN_LIST_OFFER_ACCEPTED)
TN_RECORD_DEFINE(offer_declined, TN_LIST_OFFER_DECLINED)
TN_RECORD_DEFINE(offer_lapsed, TN_LIST_OFFER_LAPSED)
TN_RECORD_DEFINE(seats_returned, TN_LIST_SEATS_RETURNED)
TN_RECORD_DEFINE(seats_expired, TN_LIST_SEATS_EXPIRED)
TN_RECORD_DEFINE(appointment_confirmed, TN_LIST_APPOINTMENT_CONFIRMED)
TN_RECORD_DEFINE(member_dropped, TN_LIST_MEMBER_DROPPED)
TN_RECORD_DEFINE(appointment_cancelled, TN_LIST_APPOINTMENT_CANCELLED)
TN_RECORD_DEFINE(group_presented, TN_LIST_GROUP_PRESENTED)
TN_RECORD_DEFINE(turned_away, TN_LIST_GROUP_PRESENTED)
TN_RECORD_DEFINE(no_show_recorded, TN_LIST_NO_SHOW_RECORDED)
TN_RECORD_DEFINE(officer_enrolled, TN_LIST_OFFICER_ENROLLED)
TN_RECORD_DEFINE(officer_suspended, TN_LIST_OFFICER_SUSPENDED)
TN_RECORD_DEFINE(validation_answered, TN_LIST_VALIDATION_ANSWERED)

#define KIND_ROW(number_, name_, version_)                                                         \
    {.number = number_, .version = version_, .name = #name_, .record = &tn_record_##name_},
#define KIND_PLACE(number, name, version) KIND_PLACE_##name,
#define KIND_BY_NUMBER(number, name, version) [number] = KIND_PLACE_##name + 1,

enum kind_place { TN_KINDS(KIND_PLACE) };

static const struct tn_kind kinds[] = {TN_KINDS(KIND_ROW)};
/* Place in the list plus one; 0: no such kind. */
static const uint8_t by_number[TN_KIND_LIMIT] = {TN_KINDS(KIND_BY_NUMBER)};

const struct tn_kind *tn_kind_find(uint64_t number, uint64_t version)
{
    const struct tn_kind *kind;

    if (number >= TN_KIND_LIMIT || by_number[number] == 0) {
        return NULL;
    }
    kind = &kinds[by_number[number] - 1];
    return kind->version == version ? kind : NULL;
}

const struct tn_kind *tn_kind_parse(struct tn_bytes name)
{
    for (size_t i = 0; i < TN_ARRAY_SIZE(kinds); i++) {
        if (tn_bytes_equal_string(name, kinds[i].name)) {
            return &kinds[i];
        }
    }
    return NULL;
}

const struct tn_kind *tn_kind_at(size_t i)
{
    return i < TN_ARRAY_SIZE(kinds) ? &kinds[i] : NULL;
}

#define REFUSAL_ROW(number, name, http) [number] = {#name, http},

static const struct {
    const char *name;
    unsigned http;
} refusals[] = {TN_REFUSALS(REFUSAL_ROW)};

const char *tn_refusal_name(uint64_t code)
{
    return code < TN_REFUSAL_LIMIT && refusals[code].name ? refusals[code].name : "unknown";
}

unsigned tn_refusal_http(uint64_t code)
{
    return code < TN_REFUSAL_LIMIT && refusals[code].name ? refusals[code].http : 409;
}
