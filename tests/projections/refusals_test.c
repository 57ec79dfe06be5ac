/* Every code with which a rule refuses, provoked. A refusal changes nothing, so that all rows of one moment
 * share one ledger. */
#include <string.h>

#include "tests/projections/harness/setting.h"

#define DATE (DAY_D + 6)

static bool seen[TN_REFUSAL_LIMIT];

struct row {
    enum tn_refusal code;
    const char *label;
    enum tn_refusal (*provoke)(struct harness *harness, uint64_t time_us);
};

static void provoke_all(struct harness *harness, const struct row *rows, size_t count,
                        uint64_t time_us)
{
    for (size_t i = 0; i < count; i++) {
        enum tn_refusal code = rows[i].provoke(harness, time_us + i);

        if (code != rows[i].code) {
            fail_msg("%s: %s instead of %s", rows[i].label, tn_refusal_name(code),
                     tn_refusal_name(rows[i].code));
        }
        seen[code] = true;
    }
}

static uint8_t lapsed_offer[TN_ID_SIZE];

/* At 13:00 of D + 1: 1 confirmed for DATE at port A, 2 and 10 with open offers, 3 live (three adults, a
 * child), 4 withdrawn, 5 asked, 8 asked and withdrawn and its person now in 9, 13 a single child's parent.
 * Port C is suspended, capacity of DATE + 10 published. */
static void set_up(struct harness *harness)
{
    static const uint64_t again[] = {8 * 8};
    struct tn_command command;
    struct tn_registration_row row;
    struct tn_slot_capacity slots[1] = {{480, 3}};
    struct tn_port_capacity port = {.port = PORT_A, .slots = {slots, 1}};

    open_from(harness, DAY_D);
    for (uint64_t r = 1; r <= 2; r++) {
        must_register(harness, r, 2, at(DAY_D, 9, 0));
        assert_int_equal(do_ask(harness, r, ask_a, 1, at(DAY_D, 13, 0)), OK);
    }
    must_register(harness, 3, 4, at(DAY_D, 9, 0));
    must_register(harness, 4, 1, at(DAY_D, 9, 0));
    must_register(harness, 5, 1, at(DAY_D, 9, 0));
    must_register(harness, 8, 1, at(DAY_D, 9, 0));
    must_register(harness, 10, 1, at(DAY_D, 9, 0));
    assert_int_equal(do_ask(harness, 10, ask_a, 1, at(DAY_D, 13, 0)), OK);
    assert_int_equal(do_withdraw(harness, 4, at(DAY_D, 9, 1)), OK);
    assert_int_equal(do_accept(harness, 1, at(DAY_D + 1, 12, 1)), OK);
    assert_int_equal(do_ask(harness, 5, ask_a, 1, at(DAY_D + 1, 12, 2)), OK);
    assert_int_equal(do_ask(harness, 8, ask_a, 1, at(DAY_D + 1, 12, 2)), OK);
    assert_int_equal(do_withdraw(harness, 8, at(DAY_D + 1, 12, 3)), OK);
    assert_int_equal(do_register(harness, 9, again, 1, at(DAY_D + 1, 12, 4)), OK);
    assert_int_equal(do_suspend(harness, PORT_C, 0, at(DAY_D + 1, 12, 5)), OK);
    command = command_by_operator(TN_COMMAND_publish_capacity, at(DAY_D + 1, 12, 6));
    command.facts.publish_capacity_facts.date = DATE + 10;
    port.ends_us = (DATE + 11) * TN_DAY_US + 7 * TN_HOUR_US;
    command.facts.publish_capacity_facts.ports = (struct tn_port_capacity_list){&port, 1};
    command.facts.publish_capacity_facts.approvers = approvers();
    assert_int_equal(harness_decide(harness, &command), OK);
    row = group_row(harness, 10);
    assert_int_equal(row.holding, TN_HOLDS_OFFER);
    memcpy(lapsed_offer, row.offer, TN_ID_SIZE);
}

/* ---- groups ---- */

static enum tn_refusal unknown_asks(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 999, ask_a, 1, time_us);
}

static enum tn_refusal unknown_changes(struct harness *harness, uint64_t time_us)
{
    return do_withdraw(harness, 999, time_us);
}

static enum tn_refusal unknown_withdraws_request(struct harness *harness, uint64_t time_us)
{
    return do_unask(harness, 999, DAY_D + 1, time_us);
}

static enum tn_refusal withdrawn_asks(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 4, ask_a, 1, time_us);
}

static enum tn_refusal withdrawn_grows(struct harness *harness, uint64_t time_us)
{
    return do_add(harness, 4, person(4, 1), true, time_us);
}

static enum tn_refusal live_person_registers(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 3};

    return do_register(harness, 20, persons, 1, time_us);
}

static enum tn_refusal person_twice(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 20, 8 * 20};

    return do_register(harness, 20, persons, 2, time_us);
}

static enum tn_refusal merged_with_itself(struct harness *harness, uint64_t time_us)
{
    return do_merge(harness, 3, 3, time_us);
}

static enum tn_refusal too_many_people(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {160, 161, 162, 163, 164, 165, 166};

    return do_register(harness, 20, persons, 7, time_us);
}

static enum tn_refusal far_too_many_people(struct harness *harness, uint64_t time_us)
{
    static struct tn_new_member members[1000];
    static uint64_t persons[1000];
    struct tn_command command;

    for (uint64_t i = 0; i < 1000; i++) {
        persons[i] = 5000 + i;
    }
    command = command_register(20, persons, 1000, members, time_us);
    return harness_decide(harness, &command);
}

static enum tn_refusal nobody_registers(struct harness *harness, uint64_t time_us)
{
    return do_register(harness, 20, NULL, 0, time_us);
}

static enum tn_refusal last_one_leaves(struct harness *harness, uint64_t time_us)
{
    return do_remove(harness, 5, person(5, 0), person(5, 0), time_us);
}

static enum tn_refusal child_registers(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 20 + 3};

    return do_register(harness, 20, persons, 1, time_us);
}

static enum tn_refusal unknown_member_leaves(struct harness *harness, uint64_t time_us)
{
    return do_remove(harness, 3, person(5, 0), person(3, 0), time_us);
}

static enum tn_refusal child_removes(struct harness *harness, uint64_t time_us)
{
    return do_remove(harness, 3, person(3, 0), person(3, 3), time_us);
}

static enum tn_refusal stranger_removes(struct harness *harness, uint64_t time_us)
{
    return do_remove(harness, 3, person(3, 0), person(5, 0), time_us);
}

static enum tn_refusal no_destination(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 20};
    struct tn_new_member members[1];
    struct tn_command command = command_register(20, persons, 1, members, time_us);

    memset(command.facts.register_facts.place, 0, TN_ID_SIZE);
    return harness_decide(harness, &command);
}

static enum tn_refusal destinations_differ(struct harness *harness, uint64_t time_us)
{
    return do_merge(harness, 3, 5, time_us);
}

static enum tn_refusal registers_again(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 20};

    return do_register(harness, 3, persons, 1, time_us);
}

static enum tn_refusal live_is_restored(struct harness *harness, uint64_t time_us)
{
    return do_restore(harness, 3, time_us);
}

/* ---- requests ---- */

static enum tn_refusal ask_with(struct harness *harness, uint64_t version, uint64_t result,
                                uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_request_appointment, 3, time_us);

    make_id(command.facts.request_appointment_facts.registration, 'r', 3);
    command.facts.request_appointment_facts.ports = (struct tn_uints){ask_a, 1};
    command.facts.request_appointment_facts.zone_version = version;
    command.facts.request_appointment_facts.zone_result = result;
    return harness_decide(harness, &command);
}

static enum tn_refusal outside_zone(struct harness *harness, uint64_t time_us)
{
    return ask_with(harness, zone_version(harness, time_us), TN_ZONE_OUTSIDE, time_us);
}

static enum tn_refusal no_position(struct harness *harness, uint64_t time_us)
{
    return ask_with(harness, zone_version(harness, time_us), TN_ZONE_NO_POSITION, time_us);
}

static enum tn_refusal old_zone(struct harness *harness, uint64_t time_us)
{
    return ask_with(harness, zone_version(harness, time_us) + 1, TN_ZONE_INSIDE, time_us);
}

static enum tn_refusal unknown_port(struct harness *harness, uint64_t time_us)
{
    static const uint64_t ports[] = {PORT_A, 9};

    return do_ask(harness, 3, ports, 2, time_us);
}

static enum tn_refusal no_port(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 3, NULL, 0, time_us);
}

static enum tn_refusal port_beyond_16_bits(struct harness *harness, uint64_t time_us)
{
    static const uint64_t ports[] = {65536 + PORT_A};

    return do_ask(harness, 3, ports, 1, time_us);
}

static enum tn_refusal port_twice(struct harness *harness, uint64_t time_us)
{
    static const uint64_t ports[] = {PORT_A, PORT_B, PORT_A};

    return do_ask(harness, 3, ports, 3, time_us);
}

static enum tn_refusal five_ports(struct harness *harness, uint64_t time_us)
{
    static const uint64_t ports[] = {PORT_A, PORT_B, PORT_C, PORT_A, PORT_B};

    return do_ask(harness, 3, ports, 5, time_us);
}

static enum tn_refusal asks_the_same(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 5, ask_a, 1, time_us);
}

static enum tn_refusal person_asked(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 9, ask_a, 1, time_us);
}

static enum tn_refusal holder_asks(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 2, ask_a, 1, time_us);
}

static enum tn_refusal appointment_holder_asks(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 1, ask_a, 1, time_us);
}

static enum tn_refusal nothing_asked(struct harness *harness, uint64_t time_us)
{
    return do_unask(harness, 3, DAY_D + 1, time_us);
}

static enum tn_refusal day_beyond_32_bits(struct harness *harness, uint64_t time_us)
{
    return do_unask(harness, 5, (UINT64_C(1) << 32) + DAY_D + 1, time_us);
}

/* ---- offers and appointments ---- */

static enum tn_refusal offer_command(struct harness *harness, enum tn_command_kind kind,
                                     uint64_t registration, const uint8_t *offer, uint64_t time_us)
{
    struct tn_command command = command_by(kind, registration, time_us);

    make_id(command.facts.decline_offer_facts.registration, 'r', registration);
    memcpy(command.facts.decline_offer_facts.offer, offer, TN_ID_SIZE);
    return harness_decide(harness, &command);
}

static enum tn_refusal declines_nothing(struct harness *harness, uint64_t time_us)
{
    return do_decline(harness, 3, time_us);
}

static enum tn_refusal accepts_what_is_another_s(struct harness *harness, uint64_t time_us)
{
    return offer_command(harness, TN_COMMAND_decline_offer, 3, lapsed_offer, time_us);
}

static enum tn_refusal declines_an_appointment(struct harness *harness, uint64_t time_us)
{
    return do_decline(harness, 1, time_us);
}

static enum tn_refusal accepts_again(struct harness *harness, uint64_t time_us)
{
    return do_accept(harness, 1, time_us);
}

static enum tn_refusal accepts_with(struct harness *harness, size_t members, size_t tags,
                                    uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_accept_offer, 2, time_us);
    struct tn_registration_row row = group_row(harness, 2);
    uint8_t ids[3][TN_ID_SIZE];

    make_id(command.facts.accept_offer_facts.registration, 'r', 2);
    memcpy(command.facts.accept_offer_facts.offer, row.offer, TN_ID_SIZE);
    for (size_t i = 0; i < 3; i++) {
        make_id(ids[i], 'm', person(2, i));
    }
    command.facts.accept_offer_facts.members =
        (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) ids, members};
    command.facts.accept_offer_facts.tags =
        (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) ids, tags};
    return harness_decide(harness, &command);
}

static enum tn_refusal accepts_for_more(struct harness *harness, uint64_t time_us)
{
    return accepts_with(harness, 3, 3, time_us);
}

static enum tn_refusal accepts_for_fewer(struct harness *harness, uint64_t time_us)
{
    return accepts_with(harness, 1, 1, time_us);
}

static enum tn_refusal accepts_without_a_tag(struct harness *harness, uint64_t time_us)
{
    return accepts_with(harness, 2, 1, time_us);
}

static enum tn_refusal cancels_nothing(struct harness *harness, uint64_t time_us)
{
    return do_cancel(harness, 3, time_us);
}

static enum tn_refusal cancels_an_offer(struct harness *harness, uint64_t time_us)
{
    return do_cancel(harness, 2, time_us);
}

static enum tn_refusal appointment_is_over(struct harness *harness, uint64_t time_us)
{
    return do_cancel(harness, 1, time_us);
}

static enum tn_refusal past_deadline(struct harness *harness, uint64_t time_us)
{
    return offer_command(harness, TN_COMMAND_decline_offer, 10, lapsed_offer, time_us);
}

/* ---- port days ---- */

static enum tn_refusal arrival_with(struct harness *harness, const uint8_t *tag, uint64_t officer,
                                    uint64_t outcome, uint64_t date, uint64_t time_us)
{
    struct tn_command command =
        command_by_officer(TN_COMMAND_record_arrival, officer, TN_ROLE_PORT_OFFICER, time_us);

    command.facts.record_arrival_facts.port = PORT_A;
    command.facts.record_arrival_facts.date = date;
    command.facts.record_arrival_facts.outcome = outcome;
    memcpy(command.facts.record_arrival_facts.tag, tag, TN_ID_SIZE);
    return harness_decide(harness, &command);
}

static void tag_of_1(struct harness *harness, uint8_t tag[TN_ID_SIZE])
{
    struct tn_registration_row row = group_row(harness, 1);

    make_tag(tag, row.offer, person(1, 0));
}

static enum tn_refusal comes_days_before(struct harness *harness, uint64_t time_us)
{
    uint8_t tag[TN_ID_SIZE];

    tag_of_1(harness, tag);
    return arrival_with(harness, tag, OFFICER_A, TN_ARRIVAL_PRESENTED, DATE, time_us);
}

static enum tn_refusal comes_on_another_date(struct harness *harness, uint64_t time_us)
{
    uint8_t tag[TN_ID_SIZE];

    tag_of_1(harness, tag);
    return arrival_with(harness, tag, OFFICER_A, TN_ARRIVAL_PRESENTED, DATE + 1, time_us);
}

static enum tn_refusal other_port_s_officer(struct harness *harness, uint64_t time_us)
{
    uint8_t tag[TN_ID_SIZE];

    tag_of_1(harness, tag);
    return arrival_with(harness, tag, OFFICER_B, TN_ARRIVAL_PRESENTED, DATE, time_us);
}

static enum tn_refusal validator_records(struct harness *harness, uint64_t time_us)
{
    uint8_t tag[TN_ID_SIZE];

    tag_of_1(harness, tag);
    return arrival_with(harness, tag, VALIDATOR, TN_ARRIVAL_PRESENTED, DATE, time_us);
}

static enum tn_refusal unknown_outcome(struct harness *harness, uint64_t time_us)
{
    uint8_t tag[TN_ID_SIZE];

    tag_of_1(harness, tag);
    return arrival_with(harness, tag, OFFICER_A, 3, DATE, time_us);
}

static enum tn_refusal unknown_number(struct harness *harness, uint64_t time_us)
{
    static const uint8_t tag[TN_ID_SIZE] = {1};

    return arrival_with(harness, tag, OFFICER_A, TN_ARRIVAL_PRESENTED, DATE, time_us);
}

static enum tn_refusal comes_after_the_date(struct harness *harness, uint64_t time_us)
{
    uint8_t tag[TN_ID_SIZE];

    tag_of_1(harness, tag);
    return arrival_with(harness, tag, OFFICER_A, TN_ARRIVAL_PRESENTED, DATE, time_us);
}

static enum tn_refusal closes_early(struct harness *harness, uint64_t time_us)
{
    return do_close_port_day(harness, PORT_A, DATE, time_us);
}

static enum tn_refusal closes_what_never_was(struct harness *harness, uint64_t time_us)
{
    return do_close_port_day(harness, PORT_A, (UINT64_C(1) << 33) + DATE, time_us);
}

static enum tn_refusal closes_an_empty_day(struct harness *harness, uint64_t time_us)
{
    return do_close_port_day(harness, PORT_B, DATE, time_us);
}

/* ---- officers ---- */

static enum tn_refusal validates(struct harness *harness, uint64_t officer, uint64_t time_us)
{
    struct tn_command command =
        command_by_officer(TN_COMMAND_validate, officer, TN_ROLE_OFFICER, time_us);

    command.facts.validate_facts.purpose = TN_PURPOSE_ENTRY;
    return harness_decide(harness, &command);
}

static enum tn_refusal unknown_officer(struct harness *harness, uint64_t time_us)
{
    return validates(harness, 77, time_us);
}

static enum tn_refusal suspended_officer(struct harness *harness, uint64_t time_us)
{
    return validates(harness, SUSPENDED, time_us);
}

static enum tn_refusal port_officer_validates(struct harness *harness, uint64_t time_us)
{
    return validates(harness, OFFICER_A, time_us);
}

static enum tn_refusal officer_command(struct harness *harness, enum tn_command_kind kind,
                                       uint64_t officer, uint64_t role, uint64_t time_us)
{
    struct tn_command command = command_by_operator(kind, time_us);

    if (kind == TN_COMMAND_enrol_officer) {
        make_id(command.facts.enrol_officer_facts.officer, 'o', officer);
        command.facts.enrol_officer_facts.role = role;
    } else {
        make_id(command.facts.suspend_officer_facts.officer, 'o', officer);
    }
    return harness_decide(harness, &command);
}

static enum tn_refusal enrols_again(struct harness *harness, uint64_t time_us)
{
    return officer_command(harness, TN_COMMAND_enrol_officer, VALIDATOR, TN_ROLE_OFFICER, time_us);
}

static enum tn_refusal enrols_an_applicant(struct harness *harness, uint64_t time_us)
{
    return officer_command(harness, TN_COMMAND_enrol_officer, 78, TN_ROLE_APPLICANT, time_us);
}

static enum tn_refusal suspends_nobody(struct harness *harness, uint64_t time_us)
{
    return officer_command(harness, TN_COMMAND_suspend_officer, 78, 0, time_us);
}

static enum tn_refusal suspends_twice(struct harness *harness, uint64_t time_us)
{
    return officer_command(harness, TN_COMMAND_suspend_officer, SUSPENDED, 0, time_us);
}

/* ---- the programme ---- */

static enum tn_refusal not_the_operator(struct harness *harness, enum tn_command_kind kind,
                                        uint64_t time_us)
{
    struct tn_command command = command_by(kind, 1, time_us);

    return harness_decide(harness, &command);
}

static enum tn_refusal applicant_creates(struct harness *harness, uint64_t time_us)
{
    return not_the_operator(harness, TN_COMMAND_create_ledger, time_us);
}

static enum tn_refusal applicant_publishes_policy(struct harness *harness, uint64_t time_us)
{
    return not_the_operator(harness, TN_COMMAND_publish_policy, time_us);
}

static enum tn_refusal applicant_publishes_seats(struct harness *harness, uint64_t time_us)
{
    return not_the_operator(harness, TN_COMMAND_publish_capacity, time_us);
}

static enum tn_refusal applicant_suspends(struct harness *harness, uint64_t time_us)
{
    return not_the_operator(harness, TN_COMMAND_suspend_port, time_us);
}

static enum tn_refusal applicant_resumes(struct harness *harness, uint64_t time_us)
{
    return not_the_operator(harness, TN_COMMAND_resume_port, time_us);
}

static enum tn_refusal applicant_moves_seats(struct harness *harness, uint64_t time_us)
{
    return not_the_operator(harness, TN_COMMAND_reallocate_seats, time_us);
}

static enum tn_refusal applicant_suspends_officer(struct harness *harness, uint64_t time_us)
{
    return not_the_operator(harness, TN_COMMAND_suspend_officer, time_us);
}

static enum tn_refusal applicant_reveals(struct harness *harness, uint64_t time_us)
{
    return not_the_operator(harness, TN_COMMAND_reveal_secret, time_us);
}

static enum tn_refusal applicant_extends(struct harness *harness, uint64_t time_us)
{
    return not_the_operator(harness, TN_COMMAND_resume_deadlines, time_us);
}

static enum tn_refusal second_genesis(struct harness *harness, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_create_ledger, time_us);

    return harness_decide(harness, &command);
}

static enum tn_refusal second_chain(struct harness *harness, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_anchor_chain, time_us);

    command.facts.anchor_chain_facts.length = 7;
    return harness_decide(harness, &command);
}

static enum tn_refusal suspend_with(struct harness *harness, uint64_t port, const uint64_t *who,
                                    size_t count, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_suspend_port, time_us);
    uint8_t ids[2][TN_ID_SIZE];

    for (size_t i = 0; i < count; i++) {
        make_id(ids[i], 'o', who[i]);
    }
    command.facts.suspend_port_facts.port = port;
    command.facts.suspend_port_facts.approvers =
        (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) ids, count};
    return harness_decide(harness, &command);
}

static enum tn_refusal one_approver(struct harness *harness, uint64_t time_us)
{
    return suspend_with(harness, PORT_A, (uint64_t[]){OWNER_1}, 1, time_us);
}

static enum tn_refusal one_approver_twice(struct harness *harness, uint64_t time_us)
{
    return suspend_with(harness, PORT_A, (uint64_t[]){OWNER_1, OWNER_1}, 2, time_us);
}

static enum tn_refusal validator_approves(struct harness *harness, uint64_t time_us)
{
    return suspend_with(harness, PORT_A, (uint64_t[]){OWNER_1, VALIDATOR}, 2, time_us);
}

static enum tn_refusal nobody_approves(struct harness *harness, uint64_t time_us)
{
    return suspend_with(harness, PORT_A, (uint64_t[]){OWNER_1, 99}, 2, time_us);
}

static enum tn_refusal suspends_no_port(struct harness *harness, uint64_t time_us)
{
    return suspend_with(harness, 65536 + PORT_A, (uint64_t[]){OWNER_1, SCHEDULER}, 2, time_us);
}

static enum tn_refusal suspends_port_again(struct harness *harness, uint64_t time_us)
{
    return do_suspend(harness, PORT_C, 0, time_us);
}

static enum tn_refusal resumes_what_runs(struct harness *harness, uint64_t time_us)
{
    return do_resume_port(harness, PORT_A, time_us);
}

static enum tn_refusal publish_with(struct harness *harness, struct tn_policy *policy,
                                    const uint64_t *who, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_publish_policy, time_us);
    struct tn_facts_publish_policy *facts = &command.facts.publish_policy_facts;
    uint8_t ids[2][TN_ID_SIZE];
    struct tn_buffer document;
    enum tn_refusal refusal;

    make_id(ids[0], 'o', who[0]);
    make_id(ids[1], 'o', who[1]);
    tn_buffer_init(&document, TN_POLICY_BYTES_MAX);
    assert_int_equal(tn_policy_encode(policy, &document, &harness->error), TN_OK);
    facts->policy = policy->version;
    facts->effective_us = policy->effective_us;
    facts->document = tn_buffer_view(&document);
    facts->approvers = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) ids, 2};
    refusal = harness_decide(harness, &command);
    tn_buffer_close(&document);
    return refusal;
}

static enum tn_refusal scheduler_approves_policy(struct harness *harness, uint64_t time_us)
{
    struct tn_policy policy;

    make_policy(&policy, 2, time_us + 1);
    return publish_with(harness, &policy, (uint64_t[]){OWNER_1, SCHEDULER}, time_us);
}

static enum tn_refusal hard_packing(struct harness *harness, uint64_t time_us)
{
    struct tn_policy policy;

    make_policy(&policy, 2, time_us + 1);
    policy.packing = TN_PACKING_HARD;
    return do_publish(harness, &policy, time_us);
}

static enum tn_refusal bound_mode(struct harness *harness, uint64_t time_us)
{
    struct tn_policy policy;

    make_policy(&policy, 2, time_us + 1);
    policy.draw.mode = TN_DRAW_BOUND;
    policy.draw.witness_wait_us = TN_HOUR_US / 2;
    return do_publish(harness, &policy, time_us);
}

static enum tn_refusal applies_at_once(struct harness *harness, uint64_t time_us)
{
    struct tn_policy policy;

    make_policy(&policy, 2, time_us);
    return do_publish(harness, &policy, time_us);
}

static enum tn_refusal leaves_a_version_out(struct harness *harness, uint64_t time_us)
{
    struct tn_policy policy;

    make_policy(&policy, 3, time_us + 1);
    return do_publish(harness, &policy, time_us);
}

static enum tn_refusal not_a_policy(struct harness *harness, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_publish_policy, time_us);

    command.facts.publish_policy_facts.policy = 2;
    command.facts.publish_policy_facts.effective_us = time_us + 1;
    command.facts.publish_policy_facts.document = tn_bytes("\x80", 1);
    command.facts.publish_policy_facts.approvers = approvers();
    return harness_decide(harness, &command);
}

static enum tn_refusal capacity_with(struct harness *harness, uint64_t port_code, uint64_t date,
                                     uint64_t ends_us, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_publish_capacity, time_us);
    struct tn_slot_capacity slots[1] = {{480, 3}};
    struct tn_port_capacity port = {.port = port_code, .ends_us = ends_us, .slots = {slots, 1}};

    command.facts.publish_capacity_facts.date = date;
    command.facts.publish_capacity_facts.ports = (struct tn_port_capacity_list){&port, 1};
    command.facts.publish_capacity_facts.approvers = approvers();
    return harness_decide(harness, &command);
}

static enum tn_refusal published_before(struct harness *harness, uint64_t time_us)
{
    return capacity_with(harness, PORT_A, DATE + 10, (DATE + 11) * TN_DAY_US, time_us);
}

static enum tn_refusal date_of_an_open_day(struct harness *harness, uint64_t time_us)
{
    return capacity_with(harness, PORT_A, DATE + 1, (DATE + 2) * TN_DAY_US, time_us);
}

static enum tn_refusal date_ends_elsewhere(struct harness *harness, uint64_t time_us)
{
    return capacity_with(harness, PORT_A, DATE + 12, (DATE + 14) * TN_DAY_US, time_us);
}

static enum tn_refusal date_beyond_the_calendar(struct harness *harness, uint64_t time_us)
{
    return capacity_with(harness, PORT_A, UINT64_C(1) << 40, (DATE + 14) * TN_DAY_US, time_us);
}

static enum tn_refusal seats_at_no_port(struct harness *harness, uint64_t time_us)
{
    return capacity_with(harness, 9, DATE + 12, (DATE + 13) * TN_DAY_US, time_us);
}

static enum tn_refusal move_with(struct harness *harness, uint64_t date, uint64_t to_date,
                                 uint64_t seats, uint64_t time_us)
{
    const struct tn_seat_move move = {PORT_A, date, 480, PORT_B, to_date, 480, seats};

    return do_reallocate(harness, &move, 1, time_us);
}

static enum tn_refusal moves_too_many(struct harness *harness, uint64_t time_us)
{
    return move_with(harness, DATE + 1, DATE + 1, 4, time_us);
}

static enum tn_refusal moves_none(struct harness *harness, uint64_t time_us)
{
    return move_with(harness, DATE + 1, DATE + 1, 0, time_us);
}

static enum tn_refusal moves_to_no_slot(struct harness *harness, uint64_t time_us)
{
    return move_with(harness, DATE + 1, UINT64_C(1) << 50, 1, time_us);
}

static enum tn_refusal moves_the_same_twice(struct harness *harness, uint64_t time_us)
{
    const struct tn_seat_move moves[] = {
        {PORT_A, DATE + 1, 480, PORT_B, DATE + 1, 480, 2},
        {PORT_A, DATE + 1, 480, PORT_B, DATE + 1, 540, 2},
    };

    return do_reallocate(harness, moves, 2, time_us);
}

static enum tn_refusal moves_to_the_past(struct harness *harness, uint64_t time_us)
{
    return move_with(harness, DATE + 8, DATE, 1, time_us);
}

static enum tn_refusal reveals_early(struct harness *harness, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_reveal_secret, time_us);

    command.facts.reveal_secret_facts.day = DAY_D + 1;
    return harness_decide(harness, &command);
}

static enum tn_refusal resumes_from_now(struct harness *harness, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_resume_deadlines, time_us);

    command.facts.resume_deadlines_facts.last_heartbeat_us = time_us;
    return harness_decide(harness, &command);
}

static const struct row while_open[] = {
    {TN_REFUSAL_registration_unknown, "an unknown registration asks", unknown_asks},
    {TN_REFUSAL_registration_unknown, "an unknown registration withdraws", unknown_changes},
    {TN_REFUSAL_registration_unknown, "an unknown one withdraws a request",
     unknown_withdraws_request},
    {TN_REFUSAL_registration_not_live, "a withdrawn registration asks", withdrawn_asks},
    {TN_REFUSAL_registration_not_live, "a withdrawn registration grows", withdrawn_grows},
    {TN_REFUSAL_person_in_live_registration, "a person registers again", live_person_registers},
    {TN_REFUSAL_person_twice_in_group, "a person twice", person_twice},
    {TN_REFUSAL_person_twice_in_group, "a merge with itself", merged_with_itself},
    {TN_REFUSAL_group_too_large, "seven people", too_many_people},
    {TN_REFUSAL_group_too_large, "a thousand people", far_too_many_people},
    {TN_REFUSAL_group_empty, "nobody registers", nobody_registers},
    {TN_REFUSAL_group_empty, "the last one leaves", last_one_leaves},
    {TN_REFUSAL_no_adult, "a child registers", child_registers},
    {TN_REFUSAL_member_unknown, "somebody else's member", unknown_member_leaves},
    {TN_REFUSAL_not_by_own_act, "a child removes", child_removes},
    {TN_REFUSAL_not_by_own_act, "a stranger removes", stranger_removes},
    {TN_REFUSAL_destination_missing, "no destination", no_destination},
    {TN_REFUSAL_destinations_differ, "two destinations", destinations_differ},
    {TN_REFUSAL_registration_exists, "the same id", registers_again},
    {TN_REFUSAL_not_withdrawn, "a live one is restored", live_is_restored},
    {TN_REFUSAL_outside_zone, "outside", outside_zone},
    {TN_REFUSAL_outside_zone, "no position", no_position},
    {TN_REFUSAL_outside_zone, "another zone version", old_zone},
    {TN_REFUSAL_port_unknown, "no such port", unknown_port},
    {TN_REFUSAL_port_unknown, "no port at all", no_port},
    {TN_REFUSAL_port_unknown, "a port beyond 16 bits", port_beyond_16_bits},
    {TN_REFUSAL_port_twice, "a port twice", port_twice},
    {TN_REFUSAL_too_many_ports, "five ports", five_ports},
    {TN_REFUSAL_already_asked, "the same request", asks_the_same},
    {TN_REFUSAL_person_asked_today, "in another registration", person_asked},
    {TN_REFUSAL_holds_offer, "with an open offer", holder_asks},
    {TN_REFUSAL_holds_offer, "with an appointment", appointment_holder_asks},
    {TN_REFUSAL_no_request, "nothing was asked", nothing_asked},
    {TN_REFUSAL_no_request, "a day beyond 32 bits", day_beyond_32_bits},
    {TN_REFUSAL_offer_unknown, "nothing was offered", declines_nothing},
    {TN_REFUSAL_offer_unknown, "it is another's", accepts_what_is_another_s},
    {TN_REFUSAL_offer_not_open, "declined after it was accepted", declines_an_appointment},
    {TN_REFUSAL_offer_not_open, "accepted twice", accepts_again},
    {TN_REFUSAL_members_changed, "one more", accepts_for_more},
    {TN_REFUSAL_members_changed, "one fewer", accepts_for_fewer},
    {TN_REFUSAL_members_changed, "a tag is missing", accepts_without_a_tag},
    {TN_REFUSAL_no_appointment, "nothing to cancel", cancels_nothing},
    {TN_REFUSAL_no_appointment, "an offer is no appointment", cancels_an_offer},
    {TN_REFUSAL_wrong_port_or_date, "days before", comes_days_before},
    {TN_REFUSAL_wrong_port_or_date, "another date", comes_on_another_date},
    {TN_REFUSAL_not_allowed, "another port's officer", other_port_s_officer},
    {TN_REFUSAL_not_allowed, "a validator records an arrival", validator_records},
    {TN_REFUSAL_not_allowed, "no such outcome", unknown_outcome},
    {TN_REFUSAL_not_matched, "an unknown number", unknown_number},
    {TN_REFUSAL_port_day_not_over, "the date is to come", closes_early},
    {TN_REFUSAL_port_day_not_over, "a date that never was", closes_what_never_was},
    {TN_REFUSAL_officer_unknown, "an unknown officer", unknown_officer},
    {TN_REFUSAL_officer_unknown, "nobody is suspended", suspends_nobody},
    {TN_REFUSAL_officer_suspended, "a suspended officer", suspended_officer},
    {TN_REFUSAL_officer_suspended, "suspended twice", suspends_twice},
    {TN_REFUSAL_not_allowed, "a port officer validates", port_officer_validates},
    {TN_REFUSAL_officer_exists, "enrolled twice", enrols_again},
    {TN_REFUSAL_not_allowed, "an applicant is no officer", enrols_an_applicant},
    {TN_REFUSAL_not_allowed, "an applicant creates", applicant_creates},
    {TN_REFUSAL_not_allowed, "an applicant publishes a policy", applicant_publishes_policy},
    {TN_REFUSAL_not_allowed, "an applicant publishes seats", applicant_publishes_seats},
    {TN_REFUSAL_not_allowed, "an applicant suspends a port", applicant_suspends},
    {TN_REFUSAL_not_allowed, "an applicant resumes a port", applicant_resumes},
    {TN_REFUSAL_not_allowed, "an applicant moves seats", applicant_moves_seats},
    {TN_REFUSAL_not_allowed, "an applicant suspends an officer", applicant_suspends_officer},
    {TN_REFUSAL_not_allowed, "an applicant reveals", applicant_reveals},
    {TN_REFUSAL_not_allowed, "an applicant extends", applicant_extends},
    {TN_REFUSAL_not_allowed, "a second genesis", second_genesis},
    {TN_REFUSAL_not_allowed, "a second chain", second_chain},
    {TN_REFUSAL_approvers_missing, "one approver", one_approver},
    {TN_REFUSAL_approvers_missing, "one approver twice", one_approver_twice},
    {TN_REFUSAL_approvers_missing, "a validator approves", validator_approves},
    {TN_REFUSAL_approvers_missing, "an unknown one approves", nobody_approves},
    {TN_REFUSAL_approvers_missing, "a scheduler approves a policy", scheduler_approves_policy},
    {TN_REFUSAL_port_unknown, "no such port to suspend", suspends_no_port},
    {TN_REFUSAL_port_suspended, "suspended twice", suspends_port_again},
    {TN_REFUSAL_port_not_suspended, "it runs", resumes_what_runs},
    {TN_REFUSAL_policy_not_runnable, "hard packing", hard_packing},
    {TN_REFUSAL_policy_not_runnable, "a bound draw", bound_mode},
    {TN_REFUSAL_policy_not_later, "it applies at once", applies_at_once},
    {TN_REFUSAL_policy_not_later, "a version is left out", leaves_a_version_out},
    {TN_REFUSAL_policy_invalid, "not a policy", not_a_policy},
    {TN_REFUSAL_capacity_published, "published before", published_before},
    {TN_REFUSAL_date_past, "the day is open", date_of_an_open_day},
    {TN_REFUSAL_date_past, "it ends on another date", date_ends_elsewhere},
    {TN_REFUSAL_date_past, "beyond the calendar", date_beyond_the_calendar},
    {TN_REFUSAL_port_unknown, "seats at no port", seats_at_no_port},
    {TN_REFUSAL_seats_not_free, "more than there are", moves_too_many},
    {TN_REFUSAL_seats_not_free, "none", moves_none},
    {TN_REFUSAL_seats_not_free, "to no slot", moves_to_no_slot},
    {TN_REFUSAL_seats_not_free, "the same seats twice", moves_the_same_twice},
    {TN_REFUSAL_no_draw_due, "the pool is open", reveals_early},
    {TN_REFUSAL_nothing_to_resume, "no time has passed", resumes_from_now},
};

/* ---- between the close and the draw ---- */

static enum tn_refusal asks_late(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 3, ask_a, 1, time_us);
}

static enum tn_refusal withdraws_late(struct harness *harness, uint64_t time_us)
{
    return do_unask(harness, 5, DAY_D + 1, time_us);
}

static enum tn_refusal grows_late(struct harness *harness, uint64_t time_us)
{
    return do_add(harness, 5, person(5, 1), true, time_us);
}

static enum tn_refusal moves_frozen_seats(struct harness *harness, uint64_t time_us)
{
    return move_with(harness, DATE + 1, DATE + 1, 1, time_us);
}

static const struct row while_frozen[] = {
    {TN_REFUSAL_window_closed, "after the window", asks_late},
    {TN_REFUSAL_window_closed, "withdrawn after the window", withdraws_late},
    {TN_REFUSAL_group_frozen, "a group in the pool grows", grows_late},
    {TN_REFUSAL_seats_frozen, "frozen seats", moves_frozen_seats},
    {TN_REFUSAL_offer_past_deadline, "past the deadline", past_deadline},
};

static const struct row when_over[] = {
    {TN_REFUSAL_appointment_past, "cancelled after its date", appointment_is_over},
    {TN_REFUSAL_appointment_past, "after its date", comes_after_the_date},
    {TN_REFUSAL_no_appointment, "nobody was expected", closes_an_empty_day},
    {TN_REFUSAL_seats_not_free, "to a date that is over", moves_to_the_past},
};

static void every_code_is_provoked_while_a_window_is_open(void **state)
{
    struct harness harness;

    (void) state;
    set_up(&harness);
    provoke_all(&harness, while_open, TN_ARRAY_SIZE(while_open), at(DAY_D + 1, 13, 0));
    provoke_all(&harness, while_frozen, TN_ARRAY_SIZE(while_frozen), at(DAY_D + 2, 11, 30));
    provoke_all(&harness, when_over, TN_ARRAY_SIZE(when_over), at(DATE + 1, 13, 0));
    close_replayed(&harness);
}

static enum tn_refusal somebody_registers(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 30};

    return do_register(harness, 30, persons, 1, time_us);
}

static const struct row outside_programme[] = {
    {TN_REFUSAL_programme_ended, "somebody registers", somebody_registers},
    {TN_REFUSAL_programme_ended, "somebody asks", unknown_asks},
};

static void nothing_begins_before_the_programme_or_after_it(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    struct tn_policy last;

    (void) state;
    harness_open(&harness);
    provoke_all(&harness, outside_programme, TN_ARRAY_SIZE(outside_programme), at(DAY_D, 7, 0));
    harness_close(&harness);
    harness_open(&harness);
    make_policy(&policy, 1, at(DAY_D, 8, 0));
    harness_found(&harness, &policy, at(DAY_D, 8, 0));
    must_register(&harness, 1, 2, at(DAY_D, 9, 0));
    make_policy(&last, 2, at(DAY_D, 23, 0));
    last.programme_end_us = at(DAY_D + 1, 9, 0);
    assert_int_equal(do_publish(&harness, &last, at(DAY_D, 10, 0)), OK);
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D + 1, 8, 59)), OK);
    provoke_all(&harness, outside_programme, TN_ARRAY_SIZE(outside_programme),
                at(DAY_D + 1, 9, 0));
    assert_int_equal(do_ask(&harness, 1, ask_ab, 2, at(DAY_D + 1, 9, 1)),
                     TN_REFUSAL_programme_ended);
    /* Who wants to leave may. */
    assert_int_equal(do_remove(&harness, 1, person(1, 1), person(1, 1), at(DAY_D + 1, 9, 2)), OK);
    assert_int_equal(do_withdraw(&harness, 1, at(DAY_D + 1, 9, 3)), OK);
    close_replayed(&harness);
}

static void a_wrong_secret_is_refused(void **state)
{
    struct harness harness;
    struct tn_command command;

    (void) state;
    open_from(&harness, DAY_D);
    harness_advance(&harness, at(DAY_D + 1, 11, 59));
    command = command_by_operator(TN_COMMAND_reveal_secret, at(DAY_D + 1, 12, 0));
    command.facts.reveal_secret_facts.day = DAY_D;
    memset(command.facts.reveal_secret_facts.secret, 0x77, TN_HASH_SIZE);
    assert_int_equal(harness_decide_paused(&harness, &command), TN_REFUSAL_secret_wrong);
    seen[TN_REFUSAL_secret_wrong] = true;
    harness_advance(&harness, at(DAY_D + 1, 12, 0)); /* the right one still counts */
    close_replayed(&harness);
}

/* Runs last. */
static void no_code_is_left(void **state)
{
    (void) state;
    for (uint64_t code = 1; code < TN_REFUSAL_LIMIT; code++) {
        if (!seen[code]) {
            fail_msg("%s was never provoked", tn_refusal_name(code));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_is_provoked_while_a_window_is_open),
        cmocka_unit_test(nothing_begins_before_the_programme_or_after_it),
        cmocka_unit_test(a_wrong_secret_is_refused),
        cmocka_unit_test(no_code_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
