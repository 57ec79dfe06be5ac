/* Requirements of spec/domain.md 4 about what is asked and answered, by their numbers. */
#include <string.h>

#include "tests/projections/harness/setting.h"

/* ---- R14: the zone ---- */

static void R14_the_zone_decision_is_a_version_and_a_result(void **state)
{
    static const uint64_t not_inside[] = {TN_ZONE_UNKNOWN, TN_ZONE_OUTSIDE, TN_ZONE_NO_POSITION,
                                          TN_ZONE_NO_POSITION + 1};
    struct harness harness;
    struct tn_command command;
    struct tn_event event;
    struct tn_policy next;

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 1, 1, at(DAY_D, 9, 0));
    command = command_by(TN_COMMAND_request_appointment, 1, at(DAY_D, 13, 0));
    make_id(command.facts.request_appointment_facts.registration, 'r', 1);
    command.facts.request_appointment_facts.ports = (struct tn_uints){ask_a, 1};
    command.facts.request_appointment_facts.zone_version = zone_version(&harness, command.time_us);
    /* Whoever is inside comes last: after that another refusal would hide what the zone says. */
    for (size_t i = 0; i < TN_ARRAY_SIZE(not_inside); i++) {
        command.facts.request_appointment_facts.zone_result = not_inside[i];
        assert_int_equal(harness_decide(&harness, &command), TN_REFUSAL_outside_zone);
    }
    command.facts.request_appointment_facts.zone_result = TN_ZONE_INSIDE;
    assert_int_equal(harness_decide(&harness, &command), OK);
    event = last_of(&harness, TN_KIND_appointment_requested);
    assert_int_equal(event.body.appointment_requested.facts.zone_version,
                     zone_version(&harness, command.time_us));
    assert_int_equal(event.body.appointment_requested.facts.zone_result, TN_ZONE_INSIDE);
    /* A decision by another version of the zone is no decision; the day keeps the version it opened
     * with. */
    command.facts.request_appointment_facts.zone_result = TN_ZONE_INSIDE;
    command.facts.request_appointment_facts.zone_version--;
    command.facts.request_appointment_facts.ports = (struct tn_uints){ask_ab, 2};
    assert_int_equal(harness_decide(&harness, &command), TN_REFUSAL_outside_zone);
    make_policy(&next, 2, at(DAY_D, 14, 0));
    next.zone.version++;
    assert_int_equal(do_publish(&harness, &next, at(DAY_D, 13, 30)), OK);
    command.time_us = at(DAY_D, 15, 0);
    command.facts.request_appointment_facts.zone_version = next.zone.version;
    assert_int_equal(harness_decide(&harness, &command), TN_REFUSAL_outside_zone);
    command.facts.request_appointment_facts.zone_version--;
    assert_int_equal(harness_decide(&harness, &command), OK);
    close_replayed(&harness);
}

/* ---- R17: one answer ---- */

static struct tn_validation_answered validate_tag(struct harness *harness, const uint8_t *tag,
                                                  uint64_t time_us)
{
    struct tn_command command =
        command_by_officer(TN_COMMAND_validate, VALIDATOR, TN_ROLE_OFFICER, time_us);
    struct tn_event event;

    memcpy(command.facts.validate_facts.tag, tag, TN_ID_SIZE);
    command.facts.validate_facts.purpose = TN_PURPOSE_ENTRY;
    assert_int_equal(harness_decide(harness, &command), OK);
    event = last_of(harness, TN_KIND_validation_answered);
    return event.body.validation_answered;
}

static void R17_never_issued_wrong_date_and_left_are_one_answer(void **state)
{
    struct harness harness;
    struct tn_validation_answered answers[3];
    struct tn_validation_answered genuine;
    uint8_t offer[TN_ID_SIZE];
    uint8_t tags[3][TN_ID_SIZE];
    struct tn_registration_row row;

    (void) state;
    open_from(&harness, DAY_D);
    must_win(&harness, 1, 3);
    row = group_row(&harness, 1);
    memcpy(offer, row.offer, TN_ID_SIZE);
    assert_int_equal(do_accept(&harness, 1, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(do_remove(&harness, 1, person(1, 1), person(1, 1), at(DAY_D + 1, 14, 0)), OK);
    make_id(tags[0], 't', 99);              /* never issued */
    make_tag(tags[1], offer, person(2, 0)); /* the number with another date of birth */
    make_tag(tags[2], offer, person(1, 1)); /* who has left */
    for (size_t i = 0; i < 3; i++) {
        answers[i] = validate_tag(&harness, tags[i], at(DAY_D + 1, 15, 0));
        assert_int_equal(answers[i].verdict, 0);
        assert_true(tn_is_zero(answers[i].registration, TN_ID_SIZE));
        assert_true(tn_is_zero(answers[i].offer, TN_ID_SIZE));
        memset(answers[i].facts.tag, 0, TN_ID_SIZE);
    }
    assert_memory_equal(&answers[0], &answers[1], sizeof(answers[0]));
    assert_memory_equal(&answers[0], &answers[2], sizeof(answers[0]));
    make_tag(tags[0], offer, person(1, 0));
    genuine = validate_tag(&harness, tags[0], at(DAY_D + 1, 15, 1));
    assert_int_equal(genuine.verdict,
                     TN_VALIDATION_MATCHED | TN_VALIDATION_APPOINTMENT | TN_VALIDATION_PARTY);
    /* Of a group of three and then of two one is left: an individual. */
    assert_int_equal(do_remove(&harness, 1, person(1, 2), person(1, 2), at(DAY_D + 1, 16, 0)), OK);
    genuine = validate_tag(&harness, tags[0], at(DAY_D + 1, 16, 1));
    assert_int_equal(genuine.verdict, TN_VALIDATION_MATCHED | TN_VALIDATION_APPOINTMENT);
    assert_memory_equal(genuine.offer, offer, TN_ID_SIZE);
    /* Cancelled: still in the ledger together, and nothing stands. */
    assert_int_equal(do_cancel(&harness, 1, at(DAY_D + 1, 17, 0)), OK);
    genuine = validate_tag(&harness, tags[0], at(DAY_D + 1, 17, 1));
    assert_int_equal(genuine.verdict, TN_VALIDATION_MATCHED);
    close_replayed(&harness);
}

/* What the core rows are asked for one validation, decided and folded. */
static struct tn_rows_counts work_of(struct harness *harness, const uint8_t *tag, uint64_t time_us)
{
    struct tn_command command =
        command_by_officer(TN_COMMAND_validate, VALIDATOR, TN_ROLE_OFFICER, time_us);
    struct tn_rows_counts before[TN_CORE_COUNT];
    struct tn_rows_counts after;
    struct tn_rows_counts work = {0};

    memcpy(command.facts.validate_facts.tag, tag, TN_ID_SIZE);
    command.facts.validate_facts.purpose = TN_PURPOSE_ENTRY;
    harness_advance(harness, time_us);
    for (size_t i = 0; i < TN_CORE_COUNT; i++) {
        tn_rows_counts(harness->decider.state->rows[i], &before[i]);
    }
    assert_int_equal(harness_decide_paused(harness, &command), OK);
    for (size_t i = 0; i < TN_CORE_COUNT; i++) {
        tn_rows_counts(harness->decider.state->rows[i], &after);
        work.gets += after.gets - before[i].gets;
        work.found += after.found - before[i].found;
        work.bytes += after.bytes - before[i].bytes;
    }
    return work;
}

/* A tag that nobody has is answered after as many reads, and after the decoding of as large an
 * appointment, as one that somebody has. Only its own small row is missing. */
static void R17_every_answer_takes_the_same_reads(void **state)
{
    enum { GENUINE, CANCELLED, LEFT, WRONG_DATE, NEVER_ISSUED, FORGED, KINDS };
    struct harness harness;
    struct tn_rows_counts work[KINDS];
    struct tn_rows_counts own_row;
    uint8_t offer[TN_ID_SIZE];
    uint8_t other[TN_ID_SIZE];
    uint8_t tags[KINDS][TN_ID_SIZE];

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 2, 3, at(DAY_D, 9, 0));
    assert_int_equal(do_ask(&harness, 2, ask_a, 1, at(DAY_D, 13, 0)), OK);
    must_win(&harness, 1, 3);
    memcpy(offer, group_row(&harness, 1).offer, TN_ID_SIZE);
    memcpy(other, group_row(&harness, 2).offer, TN_ID_SIZE);
    assert_int_equal(do_accept(&harness, 1, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(do_accept(&harness, 2, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(do_remove(&harness, 1, person(1, 1), person(1, 1), at(DAY_D + 1, 14, 0)), OK);
    assert_int_equal(do_remove(&harness, 2, person(2, 1), person(2, 1), at(DAY_D + 1, 14, 0)), OK);
    assert_int_equal(do_cancel(&harness, 2, at(DAY_D + 1, 14, 30)), OK);
    make_tag(tags[GENUINE], offer, person(1, 0));
    make_tag(tags[CANCELLED], other, person(2, 0));
    make_tag(tags[LEFT], offer, person(1, 1));
    make_tag(tags[WRONG_DATE], offer, person(7, 0));
    make_id(tags[NEVER_ISSUED], 't', 99);
    memset(tags[FORGED], 0, TN_ID_SIZE);
    /* Twice: what is not in memory yet is fetched by the first. */
    for (unsigned round = 0; round < 2; round++) {
        for (size_t kind = 0; kind < KINDS; kind++) {
            work[kind] =
                work_of(&harness, tags[kind], at(DAY_D + 1, 15, round * KINDS + (unsigned) kind));
        }
    }
    own_row.found = 1;
    own_row.bytes = work[GENUINE].bytes - work[NEVER_ISSUED].bytes;
    assert_true(own_row.bytes > 0 && own_row.bytes < 32);
    for (size_t kind = 0; kind < KINDS; kind++) {
        bool has_row = kind == GENUINE || kind == CANCELLED || kind == LEFT;

        assert_int_equal(work[kind].gets, work[GENUINE].gets);
        assert_int_equal(work[kind].found + (has_row ? 0 : own_row.found), work[GENUINE].found);
        if (!has_row) {
            assert_int_equal(work[kind].bytes + own_row.bytes, work[GENUINE].bytes);
        }
    }
    close_replayed(&harness);
}

/* Two members with one date of birth have one tag: when one leaves the other's number still counts.
 */
static void R17_a_twin_who_leaves_does_not_take_the_number_away(void **state)
{
    struct harness harness;
    struct tn_command command;
    struct tn_facts_accept_offer *facts = &command.facts.accept_offer_facts;
    struct tn_registration_row row;
    uint8_t members[3][TN_ID_SIZE];
    uint8_t tags[3][TN_ID_SIZE];

    (void) state;
    open_from(&harness, DAY_D);
    must_win(&harness, 1, 3);
    row = group_row(&harness, 1);
    command = command_by(TN_COMMAND_accept_offer, 1, at(DAY_D + 1, 13, 0));
    make_id(facts->registration, 'r', 1);
    memcpy(facts->offer, row.offer, TN_ID_SIZE);
    for (size_t i = 0; i < 3; i++) {
        make_id(members[i], 'm', person(1, i));
        make_tag(tags[i], row.offer, i == 2 ? person(1, 1) : person(1, i)); /* 1 and 2 are twins */
    }
    facts->members = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) members, 3};
    facts->tags = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) tags, 3};
    assert_int_equal(harness_decide(&harness, &command), OK);
    assert_int_equal(do_remove(&harness, 1, person(1, 1), person(1, 1), at(DAY_D + 1, 14, 0)), OK);
    assert_int_equal(validate_tag(&harness, tags[2], at(DAY_D + 1, 14, 1)).verdict,
                     TN_VALIDATION_MATCHED | TN_VALIDATION_APPOINTMENT | TN_VALIDATION_PARTY);
    assert_int_equal(do_remove(&harness, 1, person(1, 2), person(1, 2), at(DAY_D + 1, 14, 2)), OK);
    assert_int_equal(validate_tag(&harness, tags[2], at(DAY_D + 1, 14, 3)).verdict, 0);
    close_replayed(&harness);
}

static void R17_one_part_tells_nothing_of_what_was_cancelled(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    struct tn_registration_row row;
    struct tn_validation_answered answers[2];
    uint8_t tags[2][TN_ID_SIZE];

    (void) state;
    harness_open(&harness);
    make_policy(&policy, 1, at(DAY_D, 8, 0));
    policy.validation.detail = TN_VALIDATION_ONE_PART;
    harness_found(&harness, &policy, at(DAY_D, 8, 0));
    must_win(&harness, 1, 2);
    row = group_row(&harness, 1);
    make_tag(tags[0], row.offer, person(1, 0));
    make_tag(tags[1], row.offer, person(2, 0));
    assert_int_equal(do_accept(&harness, 1, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(do_cancel(&harness, 1, at(DAY_D + 1, 14, 0)), OK);
    for (size_t i = 0; i < 2; i++) {
        answers[i] = validate_tag(&harness, tags[i], at(DAY_D + 1, 15, 0));
        memset(answers[i].facts.tag, 0, TN_ID_SIZE);
    }
    assert_memory_equal(&answers[0], &answers[1], sizeof(answers[0]));
    close_replayed(&harness);
}

static void R17_an_appointment_stands_until_its_date_ends_at_the_port(void **state)
{
    const uint64_t ends_us = at(DAY_D + 7, 3, 0); /* midnight in Los Angeles */
    struct harness harness;
    struct tn_registration_row row;
    uint8_t tag[TN_ID_SIZE];

    (void) state;
    open_from(&harness, DAY_D);
    must_win(&harness, 1, 1);
    row = group_row(&harness, 1);
    make_tag(tag, row.offer, person(1, 0));
    assert_int_equal(validate_tag(&harness, tag, at(DAY_D + 1, 12, 2)).verdict, 0); /* an offer */
    assert_int_equal(do_accept(&harness, 1, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(validate_tag(&harness, tag, ends_us - 1).verdict,
                     TN_VALIDATION_MATCHED | TN_VALIDATION_APPOINTMENT);
    assert_int_equal(validate_tag(&harness, tag, ends_us).verdict, TN_VALIDATION_MATCHED);
    assert_int_equal(do_cancel(&harness, 1, ends_us), TN_REFUSAL_appointment_past);
    close_replayed(&harness);
}

static void R17_an_appointment_stands_until_the_group_has_presented(void **state)
{
    struct harness harness;
    struct tn_registration_row row;
    uint8_t tag[TN_ID_SIZE];

    (void) state;
    open_from(&harness, DAY_D);
    must_win(&harness, 1, 1);
    row = group_row(&harness, 1);
    make_tag(tag, row.offer, person(1, 0));
    assert_int_equal(do_accept(&harness, 1, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(
        do_arrive(&harness, 1, person(1, 0), TN_ARRIVAL_PRESENTED, at(DAY_D + 6, 12, 0)), OK);
    assert_int_equal(validate_tag(&harness, tag, at(DAY_D + 6, 12, 1)).verdict,
                     TN_VALIDATION_MATCHED);
    close_replayed(&harness);
}

/* ---- P8 ---- */

static enum tn_refusal arrive_with(struct harness *harness, const uint8_t *tag, uint64_t port,
                                   uint64_t date, uint64_t time_us)
{
    struct tn_command command = command_by_officer(TN_COMMAND_record_arrival, officer_of(port),
                                                   TN_ROLE_PORT_OFFICER, time_us);
    struct tn_facts_arrival *facts = &command.facts.record_arrival_facts;

    facts->port = port;
    facts->date = date;
    facts->outcome = TN_ARRIVAL_PRESENTED;
    memcpy(facts->tag, tag, TN_ID_SIZE);
    return harness_decide(harness, &command);
}

/* No trace of a refused arrival reaches the person: it must say nothing of them. */
static void P8_a_refused_arrival_tells_nothing_of_the_person(void **state)
{
    enum { STANDS, CANCELLED, PRESENTED, LEFT, WRONG_DATE, NEVER_ISSUED, KINDS };
    const uint32_t date = DAY_D + 6;
    struct harness harness;
    uint8_t offers[4][TN_ID_SIZE];
    uint8_t tags[KINDS][TN_ID_SIZE];

    (void) state;
    open_from(&harness, DAY_D);
    for (uint64_t r = 2; r <= 3; r++) {
        must_register(&harness, r, 1, at(DAY_D, 9, 0));
        assert_int_equal(do_ask(&harness, r, ask_a, 1, at(DAY_D, 13, 0)), OK);
    }
    must_win(&harness, 1, 2);
    for (uint64_t r = 1; r <= 3; r++) {
        memcpy(offers[r], group_row(&harness, r).offer, TN_ID_SIZE);
        assert_int_equal(do_accept(&harness, r, at(DAY_D + 1, 13, 0)), OK);
    }
    make_tag(tags[STANDS], offers[1], person(1, 0));
    make_tag(tags[CANCELLED], offers[2], person(2, 0));
    make_tag(tags[PRESENTED], offers[3], person(3, 0));
    make_tag(tags[LEFT], offers[1], person(1, 1));
    make_tag(tags[WRONG_DATE], offers[1], person(7, 0));
    make_id(tags[NEVER_ISSUED], 't', 99);
    assert_int_equal(do_remove(&harness, 1, person(1, 1), person(1, 1), at(DAY_D + 1, 14, 0)), OK);
    assert_int_equal(do_cancel(&harness, 2, at(DAY_D + 1, 14, 0)), OK);
    for (size_t kind = 0; kind < KINDS; kind++) { /* days before */
        assert_int_equal(arrive_with(&harness, tags[kind], PORT_A, date, at(DAY_D + 1, 15, 0)),
                         TN_REFUSAL_not_matched);
    }
    assert_int_equal(do_arrive(&harness, 3, person(3, 0), TN_ARRIVAL_PRESENTED, at(date, 12, 0)),
                     OK);
    for (size_t kind = 0; kind < KINDS; kind++) {
        assert_int_equal(arrive_with(&harness, tags[kind], PORT_B, date, at(date, 12, 1)),
                         TN_REFUSAL_not_matched);
        assert_int_equal(arrive_with(&harness, tags[kind], PORT_A, date + 1, at(date, 12, 1)),
                         TN_REFUSAL_not_matched);
        if (kind != STANDS) {
            assert_int_equal(arrive_with(&harness, tags[kind], PORT_A, date, at(date, 12, 1)),
                             TN_REFUSAL_not_matched);
        }
    }
    for (size_t kind = 0; kind < KINDS; kind++) { /* over at the port */
        assert_int_equal(arrive_with(&harness, tags[kind], PORT_A, date, at(date + 1, 3, 0)),
                         TN_REFUSAL_not_matched);
    }
    close_replayed(&harness);
}

/* ---- R02, rule side ---- */

static void R02_a_refusal_is_an_event_with_the_facts_whole_and_changes_nothing(void **state)
{
    struct harness harness;
    struct tn_event event;
    uint8_t roots[2][TN_CORE_COUNT][TN_HASH_SIZE];
    uint64_t count;

    (void) state;
    open_from(&harness, DAY_D);
    must_register(&harness, 1, 1, at(DAY_D, 9, 0));
    for (size_t i = 0; i < 2; i++) {
        place_commit(&harness.place);
        for (size_t core = 0; core < TN_CORE_COUNT; core++) {
            assert_int_equal(tn_rows_root(harness.decider.state->rows[core], &count, roots[i][core],
                                          &harness.error),
                             TN_OK);
        }
        if (i == 0) {
            assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D, 9, 1)),
                             TN_REFUSAL_window_closed);
        }
    }
    assert_memory_equal(roots[0], roots[1], sizeof(roots[0]));
    event = last_of(&harness, TN_KIND_command_refused);
    assert_int_equal(event.body.command_refused.code, TN_REFUSAL_window_closed);
    assert_int_equal(event.body.command_refused.command, TN_COMMAND_request_appointment);
    close_replayed(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R02_a_refusal_is_an_event_with_the_facts_whole_and_changes_nothing),
        cmocka_unit_test(R14_the_zone_decision_is_a_version_and_a_result),
        cmocka_unit_test(R17_never_issued_wrong_date_and_left_are_one_answer),
        cmocka_unit_test(R17_every_answer_takes_the_same_reads),
        cmocka_unit_test(R17_a_twin_who_leaves_does_not_take_the_number_away),
        cmocka_unit_test(R17_an_appointment_stands_until_its_date_ends_at_the_port),
        cmocka_unit_test(R17_an_appointment_stands_until_the_group_has_presented),
        cmocka_unit_test(R17_one_part_tells_nothing_of_what_was_cancelled),
        cmocka_unit_test(P8_a_refused_arrival_tells_nothing_of_the_person),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
