/* Transcripts rebuilt from the log: two days whose pools change in every way a pool can, and
 * positions read exactly. The pool's and the winners' roots in the log judge (tn_query_transcript
 * compares both). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/http/location.h"
#include "api/query/pool_fold.h"
#include "api/query/transcript.h"
#include "ledger/rules/rows.h"
#include "projections/engine.h"
#include "projections/keys.h"
#include "tests/api/ledger_support.h"

#define GROUPS 24u

static struct place place;
static uint64_t now_us;
static uint64_t commands;
static struct {
    uint8_t id[TN_ID_SIZE];
    uint8_t member[TN_ID_SIZE];
} groups[GROUPS];

static int setup(void **state)
{
    (void) state;
    place_create(&place, MORNING_US);
    place_open(&place, true);
    now_us = MORNING_US + TN_MINUTE_US;
    return 0;
}

/* Seven seats a day at the busiest port, in one slot. */
static void pack_hard(struct tn_policy *policy)
{
    policy->packing = TN_PACKING_HARD;
    policy->seats_per_day = 26;
}

static int setup_hard(void **state)
{
    (void) state;
    place_create_with(&place, MORNING_US, true, pack_hard);
    place_open(&place, true);
    now_us = MORNING_US + TN_MINUTE_US;
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    place_remove(&place);
    return 0;
}

static void begin(struct tn_intake *intake, struct tn_random *random,
                  struct tn_intake_command *command)
{
    tn_random_init_seeded(random, 3, "command", commands++);
    intake_fill(&place, intake, now_us, random);
    tn_intake_command_init(command);
}

/* Submit and forget; the status. */
static enum tn_status finish(struct tn_intake_command *command)
{
    enum tn_status status;

    now_us += 1000;
    command->request.command.time_us = now_us;
    status = tn_desk_call(place.ledger->desk, &command->request);
    tn_intake_command_close(command);
    return status;
}

static struct tn_intake_caller as(const uint8_t *id)
{
    struct tn_intake_caller caller = {.actor = {.role = TN_ROLE_APPLICANT}};

    if (id) {
        memcpy(caller.actor.id, id, TN_ID_SIZE);
    }
    return caller;
}

static void register_group(unsigned i)
{
    struct tn_intake intake;
    struct tn_random random;
    struct tn_intake_command command;
    struct tn_intake_caller caller = as(NULL);
    struct tn_error error = {0};
    char names[3][32];
    struct tn_person_form people[3];
    struct tn_registration_form form = {
        .members = people,
        .member_count = 1 + i % 3,
        .destination = tn_bytes_from_string("1 Calle Inventada"),
    };
    const struct tn_facts_register *facts = &command.request.command.facts.register_facts;

    for (unsigned m = 0; m < 3; m++) {
        people[m] = person_form(names[m], i * 3 + m);
    }
    begin(&intake, &random, &command);
    MUST(tn_intake_register(&intake, &caller, &form, &command, &error), &error);
    memcpy(groups[i].id, facts->registration, TN_ID_SIZE);
    memcpy(groups[i].member, facts->members.items[0].member, TN_ID_SIZE);
    assert_int_equal(finish(&command), TN_OK);
}

static enum tn_status ask(unsigned i, uint64_t first, uint64_t second)
{
    struct tn_intake intake;
    struct tn_random random;
    struct tn_intake_command command;
    struct tn_intake_caller caller = as(groups[i].id);
    struct tn_error error = {0};
    uint64_t ports[2] = {first, second};

    begin(&intake, &random, &command);
    MUST(tn_intake_request(&intake, &caller, groups[i].id, ports, second > 0 ? 2 : 1,
                           tn_bytes(NULL, 0), true, 19400000, -99100000, &command, &error),
         &error);
    return finish(&command);
}

/* A plain command about group `i`; `other` is a second group or the group itself. */
static enum tn_status change(unsigned i, enum tn_command_kind kind, unsigned other, uint64_t day)
{
    struct tn_intake intake;
    struct tn_random random;
    struct tn_intake_command command;
    struct tn_intake_caller caller = as(groups[i].id);
    union tn_facts *facts = &command.request.command.facts;

    begin(&intake, &random, &command);
    tn_intake_plain(&intake, &caller, kind, &command);
    memcpy(facts->withdraw_registration_facts.registration, groups[i].id, TN_ID_SIZE);
    if (kind == TN_COMMAND_withdraw_request) {
        facts->withdraw_request_facts.day = day;
    } else if (kind == TN_COMMAND_merge_registrations) {
        memcpy(facts->merge_registrations_facts.other, groups[other].id, TN_ID_SIZE);
    }
    return finish(&command);
}

static void add_member(unsigned i)
{
    struct tn_intake intake;
    struct tn_random random;
    struct tn_intake_command command;
    struct tn_intake_caller caller = as(groups[i].id);
    struct tn_error error = {0};
    char name[32];
    struct tn_person_form person = person_form(name, 1000 + i);

    begin(&intake, &random, &command);
    MUST(tn_intake_add_member(&intake, &caller, groups[i].id, &person, &command, &error), &error);
    assert_int_equal(finish(&command), TN_OK);
}

static void advance(uint64_t time_us)
{
    struct tn_error error = {0};

    MUST(tn_desk_advance(place.ledger->desk, time_us, &error), &error);
    now_us = time_us;
}

static void assert_transcript(uint32_t day, enum tn_transcript_audience audience,
                              uint32_t group_count)
{
    struct tn_state views;
    struct tn_buffer text;
    struct tn_transcript_report report;
    struct tn_error error = {0};

    tn_buffer_init(&text, TN_TRANSCRIPT_SIZE_MAX);
    MUST(tn_views_open(place.ledger->store, NULL, &views, &error), &error);
    MUST(tn_query_transcript(place.ledger->log, &views, day, audience, &text, &error), &error);
    MUST(tn_transcript_recompute(tn_buffer_view(&text), &report, &error), &error);
    assert_true(report.same);
    assert_int_equal(report.day, day);
    assert_int_equal(report.group_count, group_count);
    tn_views_close(&views);
    tn_buffer_close(&text);
}

static void two_days_of_changing_pools_are_rebuilt_to_the_root(void **state)
{
    uint32_t day = tn_day_from_date(2024, 6, 3);
    struct tn_state views;
    struct tn_buffer text;
    struct tn_error error = {0};
    uint32_t left = 0;

    (void) state;
    for (unsigned i = 0; i < GROUPS; i++) {
        register_group(i);
    }
    advance(NOON_US + TN_MINUTE_US);
    for (unsigned i = 0; i < GROUPS - 4; i++) {
        assert_int_equal(ask(i, i % 2 ? 2504 : 2301, i % 3 ? 2402 : 0), TN_OK);
    }
    assert_int_equal(ask(0, 2604, 0), TN_OK); /* replaced */
    assert_int_equal(change(1, TN_COMMAND_withdraw_request, 1, day), TN_OK);
    assert_int_equal(change(2, TN_COMMAND_withdraw_request, 2, day), TN_OK);
    assert_int_equal(ask(2, 2503, 2303), TN_OK); /* and asks again */
    assert_int_equal(change(3, TN_COMMAND_withdraw_registration, 3, 0), TN_OK);
    assert_int_equal(change(4, TN_COMMAND_merge_registrations, 5, 0), TN_OK);
    add_member(6);
    advance(NOON_US + TN_DAY_US);
    for (unsigned i = 6; i < GROUPS; i++) {
        enum tn_status status = ask(i, 2504, 0);

        left += status == TN_OK ? 1 : 0;
    }
    assert_true(left >= 4);
    advance(NOON_US + 2 * TN_DAY_US + TN_MINUTE_US);
    assert_transcript(day, TN_TRANSCRIPT_PUBLIC, GROUPS - 4 - 3); /* 1, 3 and 5 are gone */
    assert_transcript(day, TN_TRANSCRIPT_AUDITOR, GROUPS - 4 - 3);
    assert_transcript(day + 1, TN_TRANSCRIPT_AUDITOR, left);

    tn_buffer_init(&text, TN_TRANSCRIPT_SIZE_MAX);
    MUST(tn_views_open(place.ledger->store, NULL, &views, &error), &error);
    assert_int_equal(tn_query_transcript(place.ledger->log, &views, day + 5, TN_TRANSCRIPT_PUBLIC,
                                         &text, &error),
                     TN_NOT_FOUND);
    tn_views_close(&views);
    tn_buffer_close(&text);
}

/* How many ports of a day's auditor's transcript name who is held, in `ports` or in `after`. */
static unsigned held_in(uint32_t day)
{
    static const char held[] = "\"held\": [\n";
    struct tn_state views;
    struct tn_buffer text;
    struct tn_error error = {0};
    const uint8_t *at;
    unsigned count = 0;

    tn_buffer_init(&text, TN_TRANSCRIPT_SIZE_MAX);
    MUST(tn_views_open(place.ledger->store, NULL, &views, &error), &error);
    MUST(tn_query_transcript(place.ledger->log, &views, day, TN_TRANSCRIPT_AUDITOR, &text, &error),
         &error);
    at = text.data;
    while ((at = memmem(at, (size_t) (text.data + text.size - at), held, sizeof(held) - 1))) {
        at += sizeof(held) - 1;
        count++;
    }
    tn_views_close(&views);
    tn_buffer_close(&text);
    return count;
}

static void a_held_group_is_in_the_transcripts_of_both_days(void **state)
{
    uint32_t day = tn_day_from_date(2024, 6, 3);
    unsigned held = 0;

    (void) state;
    for (unsigned i = 0; i < GROUPS; i++) {
        register_group(i);
    }
    advance(NOON_US + TN_MINUTE_US);
    for (uint32_t d = 0; d < 4; d++) { /* who holds an offer, or is held, is refused */
        for (unsigned i = 0; i < GROUPS; i++) {
            (void) ask(i, 2504, d % 2 ? 2301 : 0);
        }
        advance(NOON_US + (d + 1) * TN_DAY_US + TN_MINUTE_US);
    }
    for (uint32_t d = 0; d < 4; d++) {
        struct tn_state views;
        struct tn_day_row row;
        struct tn_arena arena;
        struct tn_error error = {0};
        bool found;

        tn_arena_init(&arena, (size_t) 1 << 20);
        MUST(tn_views_open(place.ledger->store, NULL, &views, &error), &error);
        MUST(TN_READ(views.rows[TN_CORE_QUEUE], tn_key_day(day + d), day_row, &arena, &row, &found,
                     &error),
             &error);
        assert_int_equal(row.state, TN_DAY_COMPLETED);
        assert_transcript(day + d, TN_TRANSCRIPT_AUDITOR, (uint32_t) row.groups);
        assert_transcript(day + d, TN_TRANSCRIPT_PUBLIC, (uint32_t) row.groups);
        held += held_in(day + d);
        tn_views_close(&views);
        tn_arena_close(&arena);
    }
    assert_true(held >= 2); /* after one day, and before the next */
}

static uint32_t asking(const struct tn_pool_fold *fold)
{
    static const uint8_t key[TN_HASH_SIZE] = {1};
    const struct tn_draw_group *all;
    struct tn_arena arena;
    uint32_t count;

    tn_arena_init(&arena, (size_t) 1 << 20);
    assert_int_equal(tn_pool_fold_groups(fold, key, &arena, &all, &count), TN_OK);
    tn_arena_close(&arena);
    return count;
}

/* An offer of the day before takes a group out of the pool; when the agency takes that offer back
 * the group is in again, but not when the owner declines. */
static void an_offer_supersedes_until_the_agency_takes_it_back(void **state)
{
    static const uint64_t ports[] = {2504};
    struct tn_pool_fold fold;
    struct tn_event event = {.kind = TN_KIND_appointment_requested};
    struct tn_appointment_requested *asked = &event.body.appointment_requested;

    (void) state;
    tn_pool_fold_init(&fold, 20000);
    memset(asked->facts.registration, 7, TN_ID_SIZE);
    asked->facts.ports = (struct tn_uints){ports, 1};
    asked->day = 19999; /* another day's */
    asked->size = 2;
    assert_int_equal(tn_pool_fold_apply(&fold, &event), TN_OK);
    assert_int_equal(asking(&fold), 0);
    asked->day = 20000;
    assert_int_equal(tn_pool_fold_apply(&fold, &event), TN_OK);
    assert_int_equal(asking(&fold), 1);
    for (unsigned by = TN_BY_OWNER; by <= TN_BY_AGENCY; by++) {
        event = (struct tn_event){.kind = TN_KIND_appointment_offered};
        memset(event.body.appointment_offered.registration, 7, TN_ID_SIZE);
        event.body.appointment_offered.day = 19999;
        assert_int_equal(tn_pool_fold_apply(&fold, &event), TN_OK);
        assert_int_equal(asking(&fold), 0);
        event = (struct tn_event){.kind = TN_KIND_offer_declined};
        memset(event.body.offer_declined.registration, 7, TN_ID_SIZE);
        event.body.offer_declined.by = by;
        assert_int_equal(tn_pool_fold_apply(&fold, &event), TN_OK);
        assert_int_equal(asking(&fold), by == TN_BY_AGENCY ? 1 : 0);
    }
    tn_pool_fold_close(&fold);
}

static void degrees_are_read_exactly(void **state)
{
    static const struct {
        const char *text;
        enum tn_status status;
        int32_t udeg;
    } rows[] = {
        {"19", TN_OK, 19000000},
        {"19.4326", TN_OK, 19432600},
        {"-99.1332", TN_OK, -99133200},
        {"0.1", TN_OK, 100000},
        {"19.0000001", TN_OK, 19000000},
        {"18.9999995", TN_OK, 19000000},
        {"18.9999994999", TN_OK, 18999999},
        {"-0.0000005", TN_OK, -1},
        {"999.999999", TN_OK, 999999999},
        {"1000", TN_INVALID, 0},
        {"1e2", TN_INVALID, 0},
        {"1.", TN_INVALID, 0},
        {".5", TN_INVALID, 0},
        {"-", TN_INVALID, 0},
        {"", TN_INVALID, 0},
        {"1.1.1", TN_INVALID, 0},
        {"1.0000000000000000", TN_INVALID, 0},
    };

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        int32_t udeg;

        assert_int_equal(tn_degrees_parse(tn_bytes_from_string(rows[i].text), &udeg),
                         rows[i].status);
        assert_int_equal(udeg, rows[i].udeg);
    }
}

static void numbers_are_found_in_the_text_of_a_body(void **state)
{
    static const struct {
        const char *json;
        const char *found; /* NULL: not found */
    } rows[] = {
        {"{\"location\":{\"lat\":1.5}}", "1.5"},
        {" { \"a\" : [ {\"lat\":2}, \"}\\\"\" ] , \"location\" : { \"lon\" : 3 , \"lat\" : -4 } }",
         "-4"},
        {"{\"x\":{\"location\":{\"lat\":1}},\"location\":{\"lat\":2}}", "2"},
        {"{\"location\":{\"l\\u0061t\":1}}", NULL},
        {"{\"location\":{\"lat\":\"1\"}}", NULL},
        {"{\"location\":{\"lat\":[1]}}", NULL},
        {"{\"location\":1}", NULL},
        {"{}", NULL},
        {"[]", NULL},
    };

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_bytes text;
        enum tn_status status =
            tn_json_raw_number(tn_bytes_from_string(rows[i].json), "location", "lat", &text);

        assert_int_equal(status, rows[i].found ? TN_OK : TN_NOT_FOUND);
        assert_true(!rows[i].found || tn_bytes_equal_string(text, rows[i].found));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_days_of_changing_pools_are_rebuilt_to_the_root),
        cmocka_unit_test(an_offer_supersedes_until_the_agency_takes_it_back),
        cmocka_unit_test(degrees_are_read_exactly),
        cmocka_unit_test(numbers_are_found_in_the_text_of_a_body),
    };

    const struct CMUnitTest hard[] = {
        cmocka_unit_test(a_held_group_is_in_the_transcripts_of_both_days),
    };
    int failed = cmocka_run_group_tests(tests, setup, teardown);

    return failed + cmocka_run_group_tests(hard, setup_hard, teardown);
}
