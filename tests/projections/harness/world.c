/* Commands with made-up ids. */
#include <stdio.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/rules/policy_history.h"
#include "tests/projections/harness/harness.h"

void make_id(uint8_t id[static TN_ID_SIZE], char letter, uint64_t number)
{
    memset(id, 0, TN_ID_SIZE);
    id[0] = (uint8_t) letter;
    tn_put_le64(id + 8, number);
}

uint64_t id_number(const uint8_t id[static TN_ID_SIZE])
{
    return (uint64_t) tn_get_le32(id + 8) | (uint64_t) tn_get_le32(id + 12) << 32;
}

void make_tag(uint8_t tag[static TN_ID_SIZE], const uint8_t offer[static TN_ID_SIZE],
              uint64_t person)
{
    uint8_t id[TN_ID_SIZE];

    make_id(id, 'p', person);
    tn_hash_one(tag, TN_ID_SIZE, "test.tag", tn_bytes(offer, TN_ID_SIZE), tn_bytes(id, sizeof(id)));
}

struct tn_ids approvers(void)
{
    static uint8_t ids[2][TN_ID_SIZE];

    make_id(ids[0], 'o', OWNER_1);
    make_id(ids[1], 'o', OWNER_2);
    return (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) ids, 2};
}

bool is_adult(uint64_t person)
{
    return person % 4 != 3;
}

void make_policy(struct tn_policy *policy, uint32_t version, uint64_t effective_us)
{
    static const uint16_t slots[] = {480, 540, 600, 660};
    static const struct tn_policy_port ports[] = {
        {PORT_A, "A", "America/Los_Angeles", 12},
        {PORT_B, "B", "America/Chicago", 9},
        {PORT_C, "C", "America/Phoenix", 3},
    };

    tn_policy_initial(effective_us, policy);
    policy->version = version;
    policy->window.closes_minute = 35 * 60;
    policy->horizon_days = 6;
    policy->notice_min_days = 3;
    policy->size_max = 6;
    policy->seats_per_day = 24;
    policy->port_count = TN_ARRAY_SIZE(ports);
    memset(policy->ports, 0, sizeof(policy->ports));
    memcpy(policy->ports, ports, sizeof(ports));
    policy->slot_count = TN_ARRAY_SIZE(slots);
    memset(policy->slots, 0, sizeof(policy->slots));
    memcpy(policy->slots, slots, sizeof(slots));
}

struct tn_command command_of(enum tn_command_kind kind, enum tn_role role, const uint8_t *actor,
                             uint64_t time_us)
{
    struct tn_command command;

    memset(&command, 0, sizeof(command));
    command.kind = kind;
    command.actor.role = role;
    memcpy(command.actor.id, actor, TN_ID_SIZE);
    command.time_us = time_us;
    return command;
}

struct tn_command command_by(enum tn_command_kind kind, uint64_t registration, uint64_t time_us)
{
    uint8_t id[TN_ID_SIZE];

    make_id(id, 'r', registration);
    return command_of(kind, TN_ROLE_APPLICANT, id, time_us);
}

struct tn_command command_by_operator(enum tn_command_kind kind, uint64_t time_us)
{
    uint8_t id[TN_ID_SIZE];

    make_id(id, 'o', 0);
    return command_of(kind, TN_ROLE_OPERATOR, id, time_us);
}

struct tn_command command_by_officer(enum tn_command_kind kind, uint64_t officer, enum tn_role role,
                                     uint64_t time_us)
{
    uint8_t id[TN_ID_SIZE];

    make_id(id, 'o', officer);
    return command_of(kind, role, id, time_us);
}

static void must_decide(struct harness *harness, struct tn_command *command)
{
    enum tn_refusal refusal = harness_decide(harness, command);

    if (refusal != TN_REFUSAL_NONE) {
        fail_msg("%s: %s", tn_command_name(command->kind), tn_refusal_name(refusal));
    }
}

static void enrol(struct harness *harness, uint64_t officer, enum tn_role role, uint64_t port,
                  uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_enrol_officer, time_us);
    struct tn_facts_enrol_officer *facts = &command.facts.enrol_officer_facts;

    make_id(facts->officer, 'o', officer);
    make_id(facts->organisation, 'g', officer % 2);
    facts->role = role;
    facts->port = port;
    memset(facts->token, (int) officer + 1, TN_HASH_SIZE);
    must_decide(harness, &command);
}

void harness_found(struct harness *harness, const struct tn_policy *policy, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_create_ledger, time_us);

    command.facts.create_ledger_facts.origin = tn_bytes_from_string("test.example");
    memset(command.facts.create_ledger_facts.gid_key, 0x47, TN_HASH_SIZE);
    must_decide(harness, &command);
    command = command_by_operator(TN_COMMAND_anchor_chain, time_us);
    harness->chain_first_day = time_us / TN_DAY_US - 1;
    make_id(command.facts.anchor_chain_facts.chain, 'k', 1);
    command.facts.anchor_chain_facts.length = HARNESS_CHAIN_LENGTH;
    command.facts.anchor_chain_facts.first_day = harness->chain_first_day;
    tn_draw_chain_anchor(harness->chain_tail, HARNESS_CHAIN_LENGTH,
                         command.facts.anchor_chain_facts.anchor);
    must_decide(harness, &command);
    enrol(harness, OWNER_1, TN_ROLE_POLICY_OWNER, 0, time_us);
    enrol(harness, OWNER_2, TN_ROLE_POLICY_OWNER, 0, time_us);
    enrol(harness, SCHEDULER, TN_ROLE_SCHEDULER, 0, time_us);
    enrol(harness, VALIDATOR, TN_ROLE_OFFICER, 0, time_us);
    enrol(harness, OFFICER_A, TN_ROLE_PORT_OFFICER, PORT_A, time_us);
    enrol(harness, OFFICER_B, TN_ROLE_PORT_OFFICER, PORT_B, time_us);
    enrol(harness, OFFICER_C, TN_ROLE_PORT_OFFICER, PORT_C, time_us);
    enrol(harness, SUSPENDED, TN_ROLE_OFFICER, 0, time_us);
    command = command_by_operator(TN_COMMAND_suspend_officer, time_us);
    make_id(command.facts.suspend_officer_facts.officer, 'o', SUSPENDED);
    must_decide(harness, &command);
    if (do_publish(harness, policy, time_us) != TN_REFUSAL_NONE) {
        fail_msg("the first policy was refused");
    }
    harness->shadow.overshoot_max = policy->size_max - 1;
}

enum tn_refusal do_publish(struct harness *harness, const struct tn_policy *policy,
                           uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_publish_policy, time_us);
    struct tn_facts_publish_policy *facts = &command.facts.publish_policy_facts;
    struct tn_buffer document;
    enum tn_refusal refusal;

    tn_buffer_init(&document, TN_POLICY_BYTES_MAX);
    HARNESS_MUST(tn_policy_encode(policy, &document, &harness->error), &harness->error);
    facts->policy = policy->version;
    facts->effective_us = policy->effective_us;
    facts->document = tn_buffer_view(&document);
    facts->approvers = approvers();
    facts->reason = tn_bytes_from_string("test");
    refusal = harness_decide(harness, &command);
    tn_buffer_close(&document);
    return refusal;
}

/* ---- groups ---- */

/* Attested by the desk: the civil day where the policy counts days. */
static uint64_t today(uint64_t time_us)
{
    uint32_t day = 0;
    uint32_t minute = 0;

    assert_int_equal(tn_civil_from_instant("America/New_York", time_us, &day, &minute), TN_OK);
    return day;
}

void make_member(struct tn_new_member *member, uint64_t person)
{
    memset(member, 0, sizeof(*member));
    make_id(member->member, 'm', person);
    make_id(member->person, 'p', person);
    member->adult = is_adult(person) ? 1 : 0;
}

struct tn_command command_register(uint64_t registration, const uint64_t *persons, size_t count,
                                   struct tn_new_member *members, uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_register, registration, time_us);
    struct tn_facts_register *facts = &command.facts.register_facts;

    for (size_t i = 0; i < count; i++) {
        make_member(&members[i], persons[i]);
    }
    make_id(facts->registration, 'r', registration);
    make_id(facts->place, 'd', registration % 3);
    make_id(facts->token, 'k', registration);
    memset(facts->destination, 0xd5, TN_HASH_SIZE);
    make_id(facts->nonce, 'n', registration);
    facts->members = (struct tn_new_member_list){members, count};
    facts->today = today(time_us);
    return command;
}

enum tn_refusal do_register(struct harness *harness, uint64_t registration, const uint64_t *persons,
                            size_t count, uint64_t time_us)
{
    struct tn_new_member members[TN_POLICY_SIZE_MAX];
    struct tn_command command;

    assert_in_range(count, 0, TN_POLICY_SIZE_MAX);
    command = command_register(registration, persons, count, members, time_us);
    return harness_decide(harness, &command);
}

enum tn_refusal do_add(struct harness *harness, uint64_t registration, uint64_t person, bool adult,
                       uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_add_member, registration, time_us);
    struct tn_facts_add_member *facts = &command.facts.add_member_facts;

    make_id(facts->registration, 'r', registration);
    make_member(&facts->member, person);
    facts->member.adult = adult ? 1 : 0;
    make_id(facts->nonce, 'n', person);
    facts->today = today(time_us);
    return harness_decide(harness, &command);
}

enum tn_refusal do_remove(struct harness *harness, uint64_t registration, uint64_t person,
                          uint64_t by, uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_remove_member, registration, time_us);
    struct tn_facts_remove_member *facts = &command.facts.remove_member_facts;

    make_id(facts->registration, 'r', registration);
    make_id(facts->member, 'm', person);
    make_id(facts->by, 'm', by);
    return harness_decide(harness, &command);
}

enum tn_refusal do_withdraw(struct harness *harness, uint64_t registration, uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_withdraw_registration, registration, time_us);

    make_id(command.facts.withdraw_registration_facts.registration, 'r', registration);
    return harness_decide(harness, &command);
}

enum tn_refusal do_restore(struct harness *harness, uint64_t registration, uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_restore_registration, registration, time_us);

    make_id(command.facts.restore_registration_facts.registration, 'r', registration);
    return harness_decide(harness, &command);
}

enum tn_refusal do_merge(struct harness *harness, uint64_t registration, uint64_t other,
                         uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_merge_registrations, registration, time_us);

    make_id(command.facts.merge_registrations_facts.registration, 'r', registration);
    make_id(command.facts.merge_registrations_facts.other, 'r', other);
    return harness_decide(harness, &command);
}

/* ---- requests ---- */

uint32_t zone_version(struct harness *harness, uint64_t time_us)
{
    const struct tn_policy *policy = tn_policies_in_force(&harness->decider.policies, time_us);

    return policy ? policy->zone.version : 0;
}

enum tn_refusal do_ask(struct harness *harness, uint64_t registration, const uint64_t *ports,
                       size_t count, uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_request_appointment, registration, time_us);
    struct tn_facts_request *facts = &command.facts.request_appointment_facts;

    make_id(facts->registration, 'r', registration);
    facts->ports = (struct tn_uints){ports, count};
    facts->zone_version = zone_version(harness, time_us);
    facts->zone_result = TN_ZONE_INSIDE;
    return harness_decide(harness, &command);
}

enum tn_refusal do_unask(struct harness *harness, uint64_t registration, uint64_t day,
                         uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_withdraw_request, registration, time_us);

    make_id(command.facts.withdraw_request_facts.registration, 'r', registration);
    command.facts.withdraw_request_facts.day = day;
    return harness_decide(harness, &command);
}

/* ---- offers ---- */

enum tn_refusal do_accept(struct harness *harness, uint64_t registration, uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_accept_offer, registration, time_us);
    struct tn_facts_accept_offer *facts = &command.facts.accept_offer_facts;
    struct tn_registration_row row;
    uint8_t members[TN_POLICY_SIZE_MAX][TN_ID_SIZE];
    uint8_t tags[TN_POLICY_SIZE_MAX][TN_ID_SIZE];
    bool found;

    harness_advance(harness, time_us);
    tn_arena_reset(&harness->arena);
    read_registration(harness, registration, &row, &found);
    make_id(facts->registration, 'r', registration);
    memcpy(facts->offer, row.offer, TN_ID_SIZE);
    for (size_t i = 0; i < row.members.count; i++) {
        memcpy(members[i], row.members.items[i].member, TN_ID_SIZE);
        make_tag(tags[i], row.offer, id_number(row.members.items[i].person));
    }
    facts->members = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) members, row.members.count};
    facts->tags = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) tags, row.members.count};
    return harness_decide(harness, &command);
}

static enum tn_refusal end_offer(struct harness *harness, enum tn_command_kind kind,
                                 uint64_t registration, uint64_t time_us)
{
    struct tn_command command = command_by(kind, registration, time_us);
    struct tn_facts_offer *facts = &command.facts.decline_offer_facts;
    struct tn_registration_row row;
    bool found;

    harness_advance(harness, time_us);
    tn_arena_reset(&harness->arena);
    read_registration(harness, registration, &row, &found);
    make_id(facts->registration, 'r', registration);
    memcpy(facts->offer, row.offer, TN_ID_SIZE);
    return harness_decide(harness, &command);
}

enum tn_refusal do_decline(struct harness *harness, uint64_t registration, uint64_t time_us)
{
    return end_offer(harness, TN_COMMAND_decline_offer, registration, time_us);
}

enum tn_refusal do_cancel(struct harness *harness, uint64_t registration, uint64_t time_us)
{
    return end_offer(harness, TN_COMMAND_cancel_appointment, registration, time_us);
}

static void tag_of(struct harness *harness, uint64_t registration, uint64_t person,
                   uint8_t tag[static TN_ID_SIZE])
{
    struct tn_registration_row row;
    bool found;

    tn_arena_reset(&harness->arena);
    read_registration(harness, registration, &row, &found);
    make_tag(tag, row.offer, person);
}

enum tn_refusal do_validate(struct harness *harness, uint64_t registration, uint64_t person,
                            uint64_t time_us)
{
    struct tn_command command =
        command_by_officer(TN_COMMAND_validate, VALIDATOR, TN_ROLE_OFFICER, time_us);
    struct tn_facts_validate *facts = &command.facts.validate_facts;

    harness_advance(harness, time_us);
    tag_of(harness, registration, person, facts->tag);
    facts->purpose = TN_PURPOSE_ENTRY;
    facts->rate = tn_bytes("rate-tag", 8);
    return harness_decide(harness, &command);
}

uint64_t officer_of(uint64_t port)
{
    return port == PORT_A ? OFFICER_A : port == PORT_B ? OFFICER_B : OFFICER_C;
}

enum tn_refusal do_arrive(struct harness *harness, uint64_t registration, uint64_t person,
                          enum tn_arrival outcome, uint64_t time_us)
{
    struct tn_command command;
    struct tn_facts_arrival *facts = &command.facts.record_arrival_facts;
    struct tn_registration_row row;
    struct tn_offer_row offer;
    bool found;

    harness_advance(harness, time_us);
    tn_arena_reset(&harness->arena);
    read_registration(harness, registration, &row, &found);
    read_offer(harness, row.offer, &offer, &found);
    command = command_by_officer(TN_COMMAND_record_arrival, officer_of(offer.port),
                                 TN_ROLE_PORT_OFFICER, time_us);
    facts->port = found ? offer.port : PORT_C;
    facts->date = found ? offer.seats.items[0].date : 0;
    make_tag(facts->tag, row.offer, person);
    facts->outcome = outcome;
    return harness_decide(harness, &command);
}

enum tn_refusal do_close_port_day(struct harness *harness, uint64_t port, uint64_t date,
                                  uint64_t time_us)
{
    struct tn_command command = command_by_officer(TN_COMMAND_close_port_day, officer_of(port),
                                                   TN_ROLE_PORT_OFFICER, time_us);

    command.facts.close_port_day_facts.port = port;
    command.facts.close_port_day_facts.date = date;
    return harness_decide(harness, &command);
}

/* ---- ports ---- */

enum tn_refusal do_suspend(struct harness *harness, uint64_t port, uint64_t honour_before,
                           uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_suspend_port, time_us);
    struct tn_facts_suspend_port *facts = &command.facts.suspend_port_facts;

    facts->port = port;
    facts->honour_before = honour_before;
    facts->approvers = approvers();
    facts->reason = tn_bytes_from_string("test");
    return harness_decide(harness, &command);
}

enum tn_refusal do_resume_port(struct harness *harness, uint64_t port, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_resume_port, time_us);

    command.facts.resume_port_facts.port = port;
    command.facts.resume_port_facts.approvers = approvers();
    return harness_decide(harness, &command);
}

enum tn_refusal do_reallocate(struct harness *harness, const struct tn_seat_move *moves,
                              size_t count, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_reallocate_seats, time_us);

    command.facts.reallocate_seats_facts.moves = (struct tn_seat_move_list){moves, count};
    command.facts.reallocate_seats_facts.approvers = approvers();
    return harness_decide(harness, &command);
}
