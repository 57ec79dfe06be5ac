/* What officers and the operator can be refused; and what is refused later than the rest. */
#include <string.h>

#include "tests/projections/harness/refusals.h"

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

static enum tn_refusal applicant_reports(struct harness *harness, uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_report_fork, 1, time_us);

    command.facts.report_fork_facts.status = 422;
    return harness_decide(harness, &command);
}

static enum tn_refusal fork_without_status(struct harness *harness, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_report_fork, time_us);

    command.facts.report_fork_facts.status = 200;
    return harness_decide(harness, &command);
}

static enum tn_refusal applicant_alarms(struct harness *harness, uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_raise_alarm, 1, time_us);

    command.facts.raise_alarm_facts.code = TN_ALARM_WITNESS_KEY;
    return harness_decide(harness, &command);
}

static enum tn_refusal alarm_with(struct harness *harness, uint64_t code, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_raise_alarm, time_us);

    command.facts.raise_alarm_facts.code = code;
    return harness_decide(harness, &command);
}

static enum tn_refusal alarm_of_no_code(struct harness *harness, uint64_t time_us)
{
    return alarm_with(harness, 0, time_us);
}

static enum tn_refusal alarm_of_unknown_code(struct harness *harness, uint64_t time_us)
{
    return alarm_with(harness, TN_ALARM_LIMIT, time_us);
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
    command.facts.anchor_chain_facts.first_day = DATE;
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

static enum tn_refusal from_the_notice(struct harness *harness, uint64_t time_us)
{
    struct tn_policy policy;

    make_policy(&policy, 2, time_us + 1);
    policy.confirm_from = TN_CONFIRM_FROM_NOTICE;
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

static enum tn_refusal seats_beyond_a_draw(struct harness *harness, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_publish_capacity, time_us);
    struct tn_slot_capacity slots[2] = {{480, TN_POLICY_SEATS_MAX}, {540, 1}};
    struct tn_port_capacity port = {
        .port = PORT_A, .ends_us = (DATE + 13) * TN_DAY_US, .slots = {slots, 2}};

    command.facts.publish_capacity_facts.date = DATE + 12;
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

static enum tn_refusal moves_frozen_seats(struct harness *harness, uint64_t time_us)
{
    return move_with(harness, DATE + 1, DATE + 1, 1, time_us);
}

static const struct refusal_row of_staff[] = {
    {TN_REFUSAL_not_matched, "days before", comes_days_before},
    {TN_REFUSAL_not_matched, "another date", comes_on_another_date},
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
    {TN_REFUSAL_chain_exists, "a second chain", second_chain},
    {TN_REFUSAL_not_allowed, "an applicant reports a fork", applicant_reports},
    {TN_REFUSAL_not_allowed, "a fork by a status that is none", fork_without_status},
    {TN_REFUSAL_not_allowed, "an applicant raises an alarm", applicant_alarms},
    {TN_REFUSAL_not_allowed, "an alarm of no code", alarm_of_no_code},
    {TN_REFUSAL_not_allowed, "an alarm of an unknown code", alarm_of_unknown_code},
    {TN_REFUSAL_approvers_missing, "one approver", one_approver},
    {TN_REFUSAL_approvers_missing, "one approver twice", one_approver_twice},
    {TN_REFUSAL_approvers_missing, "a validator approves", validator_approves},
    {TN_REFUSAL_approvers_missing, "an unknown one approves", nobody_approves},
    {TN_REFUSAL_approvers_missing, "a scheduler approves a policy", scheduler_approves_policy},
    {TN_REFUSAL_port_unknown, "no such port to suspend", suspends_no_port},
    {TN_REFUSAL_port_suspended, "suspended twice", suspends_port_again},
    {TN_REFUSAL_port_not_suspended, "it runs", resumes_what_runs},
    {TN_REFUSAL_policy_not_runnable, "deadlines from the notice", from_the_notice},
    {TN_REFUSAL_policy_not_later, "it applies at once", applies_at_once},
    {TN_REFUSAL_policy_not_later, "a version is left out", leaves_a_version_out},
    {TN_REFUSAL_policy_invalid, "not a policy", not_a_policy},
    {TN_REFUSAL_pool_too_large, "more seats than a draw counts", seats_beyond_a_draw},
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

struct refusal_rows refusals_of_staff(void)
{
    return (struct refusal_rows){of_staff, TN_ARRAY_SIZE(of_staff)};
}

static const struct refusal_row staff_frozen[] = {
    {TN_REFUSAL_seats_frozen, "frozen seats", moves_frozen_seats},
};

struct refusal_rows refusals_of_staff_frozen(void)
{
    return (struct refusal_rows){staff_frozen, TN_ARRAY_SIZE(staff_frozen)};
}

static const struct refusal_row staff_over[] = {
    {TN_REFUSAL_not_matched, "after its date", comes_after_the_date},
    {TN_REFUSAL_no_appointment, "nobody was expected", closes_an_empty_day},
    {TN_REFUSAL_seats_not_free, "to a date that is over", moves_to_the_past},
};

struct refusal_rows refusals_of_staff_over(void)
{
    return (struct refusal_rows){staff_over, TN_ARRAY_SIZE(staff_over)};
}
