/* Rules of registrations. */
#include "ledger/rules/registration.h"

#include <string.h>

bool tn_programme_is_open(const struct tn_policy *policy, uint64_t now_us)
{
    return policy && (policy->programme_end_us == 0 || now_us < policy->programme_end_us);
}

/* Who asked for a day that is still open under another registration cannot ask for it again (R06).
 */
static uint64_t blocked_day(const struct tn_person_row *person, const uint8_t *registration,
                            uint64_t open_day)
{
    bool other = memcmp(person->asked_registration, registration, TN_ID_SIZE) != 0;

    return open_day > 0 && person->asked_day >= open_day && other ? person->asked_day : 0;
}

static uint64_t latest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static bool names_one_twice(const struct tn_new_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t other = 0; other < i; other++) {
            if (memcmp(members[i].person, members[other].person, TN_ID_SIZE) == 0 ||
                memcmp(members[i].member, members[other].member, TN_ID_SIZE) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* May these people be added? Checks what holds for a new group and for a new member alike. What is
 * wrong with the list itself comes first: nobody learns who is registered from a list that could
 * register no one. */
static enum tn_refusal check_new_members(const struct tn_new_member *members,
                                         const struct tn_person_row *persons, size_t count)
{
    if (names_one_twice(members, count)) {
        return TN_REFUSAL_person_twice_in_group;
    }
    for (size_t i = 0; i < count; i++) {
        if (persons[i].live) {
            return TN_REFUSAL_person_in_live_registration;
        }
    }
    return TN_REFUSAL_NONE;
}

/* A group that stands in a pool grows no larger than the policy of that day allows: its draw counts
 * on it. */
static bool is_too_large(const struct tn_policy *policy,
                         const struct tn_registration_view *registration, size_t count)
{
    return count > policy->size_max ||
           (registration->size_max > 0 && count > registration->size_max);
}

static struct tn_member_added *add_member_event(struct tn_verdict *verdict,
                                                const uint8_t *registration,
                                                const struct tn_new_member *member, uint64_t today)
{
    struct tn_member_added *body;

    body = &tn_verdict_add(verdict, TN_KIND_member_added)->body.member_added;
    memcpy(body->registration, registration, TN_ID_SIZE);
    memcpy(body->member, member->member, TN_ID_SIZE);
    memcpy(body->person, member->person, TN_ID_SIZE);
    memcpy(body->by, verdict->command->actor.id, TN_ID_SIZE);
    body->adult = member->adult;
    body->added_day = today;
    return body;
}

enum tn_status tn_rule_register(const struct tn_policy *policy,
                                const struct tn_registration_view *existing,
                                const struct tn_person_row *persons, uint64_t open_day,
                                const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_register *facts = &command->facts.register_facts;
    const struct tn_new_member *members = facts->members.items;
    size_t count = facts->members.count;
    enum tn_refusal refusal;
    struct tn_registration_created *created;
    bool adult = false;
    uint64_t blocked = 0;

    if (existing->found) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_registration_exists);
    }
    if (count == 0) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_group_empty);
    }
    if (count > policy->size_max) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_group_too_large);
    }
    for (size_t i = 0; i < count; i++) {
        adult = adult || members[i].adult;
        blocked = latest(blocked, blocked_day(&persons[i], facts->registration, open_day));
    }
    if (!adult) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_no_adult);
    }
    if (policy->group_shares_destination && tn_is_zero(facts->place, TN_ID_SIZE)) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_destination_missing);
    }
    refusal = check_new_members(members, persons, count);
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    created = &tn_verdict_add(verdict, TN_KIND_registration_created)->body.registration_created;
    created->facts = *facts;
    memcpy(created->nonce, facts->nonce, TN_ID_SIZE);
    created->created_day = facts->today;
    if (!tn_is_zero(facts->place, TN_ID_SIZE)) {
        struct tn_destination_declared *declared;

        declared =
            &tn_verdict_add(verdict, TN_KIND_destination_declared)->body.destination_declared;
        memcpy(declared->nonce, facts->nonce, TN_ID_SIZE);
        memcpy(declared->registration, facts->registration, TN_ID_SIZE);
        memcpy(declared->place, facts->place, TN_ID_SIZE);
        memcpy(declared->commitment, facts->destination, TN_HASH_SIZE);
    }
    adult = false;
    for (size_t i = 0; i < count; i++) {
        struct tn_member_added *added;

        adult = adult || members[i].adult;
        added = add_member_event(verdict, facts->registration, &members[i], facts->today);
        added->size = i + 1;
        added->registered_day = adult ? facts->today : 0;
        added->blocked_day = blocked;
    }
    return TN_OK;
}

static const struct tn_merged_member *find_member(const struct tn_registration_row *row,
                                                  const uint8_t *member)
{
    for (size_t i = 0; i < row->members.count; i++) {
        if (memcmp(row->members.items[i].member, member, TN_ID_SIZE) == 0) {
            return &row->members.items[i];
        }
    }
    return NULL;
}

/* What every change of a group needs: it exists, is live, and its pool is not frozen. */
static enum tn_refusal check_changeable(const struct tn_registration_view *view)
{
    if (!view->found) {
        return TN_REFUSAL_registration_unknown;
    }
    if (view->row->state != TN_REGISTRATION_LIVE) {
        return TN_REFUSAL_registration_not_live;
    }
    return view->frozen ? TN_REFUSAL_group_frozen : TN_REFUSAL_NONE;
}

enum tn_status tn_rule_add_member(const struct tn_policy *policy,
                                  const struct tn_registration_view *registration,
                                  const struct tn_person_row *person, uint64_t open_day,
                                  const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_add_member *facts = &command->facts.add_member_facts;
    enum tn_refusal refusal = check_changeable(registration);
    const struct tn_registration_row *row = registration->row;
    struct tn_member_added *added;
    uint64_t blocked;

    if (refusal == TN_REFUSAL_NONE && row->holding != TN_HOLDS_NOTHING) {
        refusal = TN_REFUSAL_holds_offer;
    }
    if (refusal == TN_REFUSAL_NONE) {
        refusal = check_new_members(&facts->member, person, 1);
    }
    if (refusal == TN_REFUSAL_NONE && find_member(row, facts->member.member)) {
        refusal = TN_REFUSAL_person_twice_in_group;
    }
    if (refusal == TN_REFUSAL_NONE && is_too_large(policy, registration, row->members.count + 1)) {
        refusal = TN_REFUSAL_group_too_large;
    }
    blocked = blocked_day(person, facts->registration, open_day);
    /* Nobody changes one ticket for another within a day (R06). */
    if (refusal == TN_REFUSAL_NONE && blocked > 0 && registration->standing_day > 0) {
        refusal = TN_REFUSAL_person_asked_today;
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    added = add_member_event(verdict, facts->registration, &facts->member, facts->today);
    added->facts = *facts;
    memcpy(added->nonce, facts->nonce, TN_ID_SIZE);
    added->size = row->members.count + 1;
    added->registered_day = row->registered_day;
    if (facts->member.adult && facts->today > row->registered_day) {
        added->registered_day = facts->today;
    }
    added->blocked_day = latest(blocked, row->blocked_day);
    return TN_OK;
}

/* The tag that stops to validate when a member leaves: none while another member has the same. */
static const uint8_t *dropped_tag(const struct tn_appointment_row *appointment,
                                  const uint8_t *member)
{
    static const uint8_t none[TN_ID_SIZE] = {0};
    const uint8_t *tag = none;

    for (size_t i = 0; appointment && i < appointment->members.count; i++) {
        if (memcmp(appointment->members.items[i], member, TN_ID_SIZE) == 0) {
            tag = appointment->tags.items[i];
        }
    }
    for (size_t i = 0; appointment && i < appointment->members.count; i++) {
        if (memcmp(appointment->members.items[i], member, TN_ID_SIZE) != 0 &&
            memcmp(appointment->tags.items[i], tag, TN_ID_SIZE) == 0) {
            return none;
        }
    }
    return tag;
}

static void drop_member(const struct tn_registration_row *row,
                        const struct tn_appointment_row *appointment,
                        const struct tn_facts_remove_member *facts, struct tn_verdict *verdict)
{
    struct tn_member_dropped *dropped;

    dropped = &tn_verdict_add_caused(verdict, TN_KIND_member_dropped, 0)->body.member_dropped;
    memcpy(dropped->registration, facts->registration, TN_ID_SIZE);
    memcpy(dropped->offer, row->offer, TN_ID_SIZE);
    memcpy(dropped->member, facts->member, TN_ID_SIZE);
    memcpy(dropped->tag, dropped_tag(appointment, facts->member), TN_ID_SIZE);
}

enum tn_status tn_rule_remove_member(const struct tn_registration_view *registration,
                                     const struct tn_appointment_row *appointment,
                                     const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_remove_member *facts = &command->facts.remove_member_facts;
    enum tn_refusal refusal = check_changeable(registration);
    const struct tn_registration_row *row = registration->row;
    const struct tn_merged_member *member;
    const struct tn_merged_member *by;
    struct tn_member_removed *removed;
    uint64_t adults_left = 0;
    uint64_t registered_day = 0;

    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    member = find_member(row, facts->member);
    by = find_member(row, facts->by);
    if (!member) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_member_unknown);
    }
    /* An adult acts; and once seats are held only for oneself, so that nobody is put out (R03). */
    if (!by || !by->adult || (row->holding != TN_HOLDS_NOTHING && by != member)) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_not_by_own_act);
    }
    for (size_t i = 0; i < row->members.count; i++) {
        const struct tn_merged_member *left = &row->members.items[i];

        if (left != member && left->adult) {
            adults_left++;
            registered_day = left->added_day > registered_day ? left->added_day : registered_day;
        }
    }
    if (row->members.count == 1) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_group_empty);
    }
    if (adults_left == 0) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_no_adult);
    }
    removed = &tn_verdict_add(verdict, TN_KIND_member_removed)->body.member_removed;
    removed->facts = *facts;
    memcpy(removed->registration, facts->registration, TN_ID_SIZE);
    memcpy(removed->member, facts->member, TN_ID_SIZE);
    memcpy(removed->person, member->person, TN_ID_SIZE);
    memcpy(removed->by, facts->by, TN_ID_SIZE);
    removed->size = row->members.count - 1;
    removed->registered_day = registered_day;
    removed->asked_day = registration->asked_day;
    if (row->holding != TN_HOLDS_NOTHING) {
        drop_member(row, appointment, facts, verdict);
    }
    return TN_OK;
}

/* The persons of a group as ids in the verdict's arena. */
static struct tn_ids person_ids(const struct tn_registration_row *row, struct tn_verdict *verdict)
{
    uint8_t(*ids)[TN_ID_SIZE];

    ids = tn_arena_array(verdict->arena, row->members.count, TN_ID_SIZE);
    if (!ids) {
        verdict->overflowed = true;
        return (struct tn_ids){0};
    }
    for (size_t i = 0; i < row->members.count; i++) {
        memcpy(ids[i], row->members.items[i].person, TN_ID_SIZE);
    }
    return (struct tn_ids){.items = (const uint8_t(*)[TN_ID_SIZE]) ids,
                           .count = row->members.count};
}

enum tn_status tn_rule_withdraw_registration(const struct tn_registration_view *registration,
                                             const struct tn_command *command,
                                             struct tn_verdict *verdict)
{
    enum tn_refusal refusal = check_changeable(registration);
    struct tn_registration_withdrawn *withdrawn;

    if (refusal == TN_REFUSAL_NONE && registration->row->holding != TN_HOLDS_NOTHING) {
        refusal = TN_REFUSAL_holds_offer;
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    withdrawn =
        &tn_verdict_add(verdict, TN_KIND_registration_withdrawn)->body.registration_withdrawn;
    withdrawn->facts = command->facts.withdraw_registration_facts;
    withdrawn->persons = person_ids(registration->row, verdict);
    withdrawn->asked_day = registration->asked_day;
    return TN_OK;
}

enum tn_status tn_rule_restore_registration(const struct tn_registration_view *registration,
                                            const struct tn_person_row *persons, uint64_t open_day,
                                            const struct tn_command *command,
                                            struct tn_verdict *verdict)
{
    const uint8_t *id = command->facts.restore_registration_facts.registration;
    struct tn_registration_restored *restored;
    uint64_t blocked = 0;

    if (!registration->found) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_registration_unknown);
    }
    if (registration->row->state != TN_REGISTRATION_WITHDRAWN) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_not_withdrawn);
    }
    for (size_t i = 0; i < registration->row->members.count; i++) {
        if (persons[i].live) {
            return tn_verdict_refuse(verdict, TN_REFUSAL_person_in_live_registration);
        }
        /* Meanwhile somebody may have asked in another group. */
        blocked = latest(blocked, blocked_day(&persons[i], id, open_day));
    }
    restored = &tn_verdict_add(verdict, TN_KIND_registration_restored)->body.registration_restored;
    restored->facts = command->facts.restore_registration_facts;
    restored->persons = person_ids(registration->row, verdict);
    restored->blocked_day = latest(blocked, registration->row->blocked_day);
    return TN_OK;
}

/* The day for which the merged group cannot ask: one that either could not ask for, or one for
 * which only `other` asked, whose ticket is not changed for another (R06). */
static uint64_t merged_blocked_day(const struct tn_registration_view *registration,
                                   const struct tn_registration_view *other)
{
    uint64_t day = latest(registration->row->blocked_day, other->row->blocked_day);

    if (other->asked_day > day && registration->asked_day != other->asked_day) {
        day = other->asked_day;
    }
    return day;
}

static enum tn_refusal check_merge(const struct tn_policy *policy,
                                   const struct tn_registration_view *registration,
                                   const struct tn_registration_view *other, uint64_t open_day,
                                   bool same)
{
    enum tn_refusal refusal = check_changeable(registration);

    if (refusal == TN_REFUSAL_NONE) {
        refusal = check_changeable(other);
    }
    if (refusal != TN_REFUSAL_NONE) {
        return refusal;
    }
    if (same) {
        return TN_REFUSAL_person_twice_in_group;
    }
    if (registration->row->holding != TN_HOLDS_NOTHING || other->row->holding != TN_HOLDS_NOTHING) {
        return TN_REFUSAL_holds_offer;
    }
    if (is_too_large(policy, registration,
                     registration->row->members.count + other->row->members.count)) {
        return TN_REFUSAL_group_too_large;
    }
    /* Groups of before the rule have none, and share none. */
    if (policy->group_shares_destination && tn_is_zero(registration->row->place, TN_ID_SIZE) &&
        tn_is_zero(other->row->place, TN_ID_SIZE)) {
        return TN_REFUSAL_destination_missing;
    }
    if (policy->group_shares_destination &&
        memcmp(registration->row->place, other->row->place, TN_ID_SIZE) != 0) {
        return TN_REFUSAL_destinations_differ;
    }
    /* One of `other` asked in a third group today, and would now share a ticket that stands. */
    if (registration->standing_day > 0 && open_day > 0 && other->row->blocked_day >= open_day) {
        return TN_REFUSAL_person_asked_today;
    }
    return TN_REFUSAL_NONE;
}

enum tn_status tn_rule_merge_registrations(const struct tn_policy *policy,
                                           const struct tn_registration_view *registration,
                                           const struct tn_registration_view *other,
                                           uint64_t open_day, const struct tn_command *command,
                                           struct tn_verdict *verdict)
{
    const struct tn_facts_merge *facts = &command->facts.merge_registrations_facts;
    bool same = memcmp(facts->registration, facts->other, TN_ID_SIZE) == 0;
    enum tn_refusal refusal = check_merge(policy, registration, other, open_day, same);
    struct tn_registration_merged *merged;

    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    merged = &tn_verdict_add(verdict, TN_KIND_registration_merged)->body.registration_merged;
    merged->facts = *facts;
    merged->members.items = other->row->members.items;
    merged->members.count = other->row->members.count;
    merged->size = registration->row->members.count + other->row->members.count;
    merged->registered_day = latest(registration->row->registered_day, other->row->registered_day);
    merged->asked_day = other->asked_day;
    merged->blocked_day = merged_blocked_day(registration, other);
    return TN_OK;
}
