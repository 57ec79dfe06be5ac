/* Intake: what leaves it for the desk, what it seals, and that a seed gives the same bytes again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/intake/profile.h"
#include "ledger/base/clock.h"
#include "ledger/base/hash.h"
#include "tests/api/ledger_support.h"

static struct place place;

static int setup(void **state)
{
    (void) state;
    place_create(&place, MORNING_US);
    place_open(&place, true);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    place_remove(&place);
    return 0;
}

static struct tn_intake_caller applicant(const uint8_t *id, const char *key)
{
    struct tn_intake_caller caller = {
        .actor = {.role = TN_ROLE_APPLICANT},
        .key = tn_bytes_from_string(key),
        .body = tn_bytes_from_string("body"),
    };

    if (id != NULL) {
        memcpy(caller.actor.id, id, TN_ID_SIZE);
    }
    return caller;
}

static void fill_register_as(uint64_t number, const char *key, const char *body,
                             struct tn_intake_command *command)
{
    struct tn_random random;
    struct tn_intake intake;
    struct tn_intake_caller caller = applicant(NULL, key);
    struct tn_error error = {0};
    char names[2][32];
    struct tn_person_form members[2] = {
        person_form(names[0], (unsigned) number * 2),
        person_form(names[1], (unsigned) number * 2 + 1),
    };
    struct tn_registration_form form = {
        .members = members,
        .member_count = 2,
        .destination = tn_bytes_from_string("1 Calle Inventada, Ninguna Parte"),
        .contact = tn_bytes_from_string("nadie@example.org"),
        .language = tn_bytes_from_string("es"),
    };

    caller.body = tn_bytes_from_string(body);
    members[1].birth = 20200229;
    tn_random_init_seeded(&random, 1, "register", number);
    intake_fill(&place, &intake, MORNING_US, &random);
    tn_intake_command_init(command);
    MUST(tn_intake_register(&intake, &caller, &form, command, &error), &error);
    command->request.command.time_us = MORNING_US + number;
}

static void fill_register(uint64_t number, const char *key, struct tn_intake_command *command)
{
    fill_register_as(number, key, "body", command);
}

static void one_seed_gives_one_command(void **state)
{
    struct tn_intake_command a;
    struct tn_intake_command b;

    (void) state;
    fill_register(1, "0123456789abcdef", &a);
    fill_register(1, "0123456789abcdef", &b);
    assert_memory_equal(a.token, b.token, TN_TOKEN_SIZE);
    assert_memory_equal(a.request.command.id, b.request.command.id, TN_ID_SIZE);
    assert_int_equal(a.writes.puts.size, b.writes.puts.size);
    assert_memory_equal(a.writes.puts.data, b.writes.puts.data, a.writes.puts.size);
    assert_int_equal(a.request.tag_count, 3);
    assert_memory_equal(a.tags[0].tag, b.tags[0].tag, TN_TAG_SIZE);
    tn_intake_command_close(&a);
    tn_intake_command_close(&b);
}

static void a_person_is_adult_by_the_day_of_registration(void **state)
{
    struct tn_intake_command command;
    const struct tn_facts_register *facts;

    (void) state;
    fill_register(2, "0123456789abcdef", &command);
    facts = &command.request.command.facts.register_facts;
    assert_int_equal(facts->members.count, 2);
    assert_int_equal(facts->members.items[0].adult, 1);
    assert_int_equal(facts->members.items[1].adult, 0);
    tn_intake_command_close(&command);
}

static void a_birthday_makes_an_adult(void **state)
{
    /* The day of MORNING_US is 2024-06-03 and the policy's adults have 18 years. */
    static const struct {
        uint32_t birth;
        uint64_t adult;
    } rows[] = {{20060602, 1}, {20060603, 1}, {20060604, 0}, {20060703, 0}, {20070101, 0}};

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        char name[32];
        struct tn_person_form person = person_form(name, 5);
        struct tn_intake_caller caller = applicant((const uint8_t *) "sixteen bytes id", "k");
        struct tn_intake_command command;
        struct tn_intake intake;
        struct tn_random random;
        struct tn_error error = {0};

        person.birth = rows[i].birth;
        tn_random_init_seeded(&random, 1, "adult", i);
        intake_fill(&place, &intake, MORNING_US, &random);
        tn_intake_command_init(&command);
        MUST(tn_intake_add_member(&intake, &caller, caller.actor.id, &person, &command, &error),
             &error);
        assert_int_equal(command.request.command.facts.add_member_facts.member.adult,
                         rows[i].adult);
        tn_intake_command_close(&command);
    }
}

static void a_field_without_a_canonical_form_is_named_and_not_quoted(void **state)
{
    static const struct {
        const char *given;
        const char *family;
        uint32_t birth;
        const char *nationality;
        const char *document;
        const char *named;
    } rows[] = {
        {"\xff", "B", 19800115, "XYZ", "", "members[0].given_names"},
        {"A", "B\x01", 19800115, "XYZ", "", "members[0].family_names"},
        {"A", "", 19800115, "XYZ", "", "members[0].family_names"},
        {"", " ", 19800115, "XYZ", "", "members[0].family_names"},
        {"A", "B", 19800231, "XYZ", "", "members[0].date_of_birth"},
        {"A", "B", 0, "XYZ", "", "members[0].date_of_birth"},
        {"A", "B", 119800115, "XYZ", "", "members[0].date_of_birth"},
        {"A", "B", 20300115, "XYZ", "", "members[0].date_of_birth"},
        {"A", "B", 19800115, "XY", "", "members[0].nationality"},
        {"A", "B", 19800115, "X2Z", "", "members[0].nationality"},
        {"A", "B", 19800115, "XYZ", "\xc3\xa9secreto", "members[0].document"},
    };

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_person_form person = {
            .given_names = tn_bytes_from_string(rows[i].given),
            .family_names = tn_bytes_from_string(rows[i].family),
            .birth = rows[i].birth,
            .nationality = tn_bytes_from_string(rows[i].nationality),
            .document = tn_bytes_from_string(rows[i].document),
        };
        struct tn_registration_form form = {.members = &person, .member_count = 1};
        struct tn_intake_caller caller = applicant(NULL, "0123456789abcdef");
        struct tn_intake_command command;
        struct tn_intake intake;
        struct tn_random random;
        struct tn_error error = {0};

        tn_random_init_seeded(&random, 1, "bad", i);
        intake_fill(&place, &intake, MORNING_US, &random);
        tn_intake_command_init(&command);
        assert_int_equal(tn_intake_register(&intake, &caller, &form, &command, &error), TN_INVALID);
        assert_non_null(strstr(error.text, rows[i].named));
        assert_null(strstr(error.text, "secreto"));
        tn_intake_command_close(&command);
    }
}

static void what_was_sealed_opens_again_and_a_retry_finds_the_token(void **state)
{
    struct tn_intake_command command;
    struct tn_intake_command retry;
    struct tn_intake intake = {.vault = &place.ledger->vault};
    struct tn_facts_register *facts = &command.request.command.facts.register_facts;
    uint8_t token[TN_TOKEN_SIZE];
    uint8_t hash[TN_HASH_SIZE];
    struct tn_buffer plain;
    struct tn_person_form person;
    struct tn_error error = {0};
    uint32_t version = TN_RECORD_NEWEST;

    (void) state;
    fill_register(3, "0123456789abcdef", &command);
    assert_int_equal(tn_desk_call(place.ledger->desk, &command.request), TN_OK);
    assert_int_equal(command.request.count, 4); /* created, destination, two members */
    MUST(tn_intake_reopen_token(&intake, facts->registration, command.request.command.id, token,
                                &error),
         &error);
    assert_memory_equal(token, command.token, TN_TOKEN_SIZE);
    tn_sha256(hash, tn_bytes(token, TN_TOKEN_SIZE));
    assert_memory_equal(hash, facts->token, TN_HASH_SIZE);
    tn_buffer_init(&plain, TN_SEALED_PLAIN_MAX);
    MUST(tn_vault_open_record(intake.vault, facts->members.items[0].member, TN_RECORD_PROFILE,
                              &version, &plain, &error),
         &error);
    assert_int_equal(version, 1);
    assert_int_equal(tn_profile_read(tn_buffer_view(&plain), &person), TN_OK);
    assert_int_equal(person.birth, 19800115);
    assert_true(tn_bytes_equal_string(person.given_names, "Persona Inventada 6"));
    assert_true(tn_bytes_equal_string(person.nationality, "XYZ"));
    tn_buffer_close_secret(&plain);

    /* Another form under the same key is the same command; the desk repeats the first answer. */
    fill_register(4, "0123456789abcdef", &retry);
    assert_int_equal(tn_desk_call(place.ledger->desk, &retry.request), TN_OK);
    assert_true(retry.request.replayed);
    assert_int_equal(retry.request.first_index, command.request.first_index);
    tn_intake_command_close(&retry);

    /* With another body it is a conflict, also after the batch is long committed. */
    fill_register_as(4, "0123456789abcdef", "another body", &retry);
    assert_int_equal(tn_desk_call(place.ledger->desk, &retry.request), TN_CONFLICT);
    tn_intake_command_close(&command);
    tn_intake_command_close(&retry);
}

static void the_zone_decision_needs_no_nationality_where_everybody_may_ask(void **state)
{
    static const struct {
        const char *nationality;
        bool position;
        int32_t lat;
        int32_t lon;
        uint64_t result;
    } rows[] = {
        {"", true, 19400000, -99100000, TN_ZONE_INSIDE},
        {"", true, 40700000, -74000000, TN_ZONE_OUTSIDE},
        {"", false, 0, 0, TN_ZONE_NO_POSITION},
        {"mex", true, 16900000, -96700000, TN_ZONE_INSIDE}, /* citizens anywhere in the country */
        {"", true, 16900000, -96700000, TN_ZONE_OUTSIDE},
    };
    uint64_t ports[1] = {2504};

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_intake_caller caller = applicant((const uint8_t *) "sixteen bytes id", "k");
        struct tn_intake_command command;
        struct tn_intake intake;
        struct tn_random random;
        struct tn_error error = {0};

        tn_random_init_seeded(&random, 1, "request", i);
        intake_fill(&place, &intake, MORNING_US, &random);
        tn_intake_command_init(&command);
        MUST(tn_intake_request(&intake, &caller, caller.actor.id, ports, 1,
                               tn_bytes_from_string(rows[i].nationality), rows[i].position,
                               rows[i].lat, rows[i].lon, &command, &error),
             &error);
        assert_int_equal(command.request.command.facts.request_appointment_facts.zone_result,
                         rows[i].result);
        assert_int_equal(command.writes.count, 0); /* nothing is sealed */
        tn_intake_command_close(&command);
    }
}

static void a_mistyped_number_is_told_apart_before_anything_is_looked_up(void **state)
{
    struct tn_intake_caller caller = applicant((const uint8_t *) "sixteen bytes id", "k");
    struct tn_intake_command command;
    struct tn_intake intake;
    struct tn_random random;
    struct tn_error error = {0};

    (void) state;
    tn_random_init_seeded(&random, 1, "validate", 0);
    intake_fill(&place, &intake, MORNING_US, &random);
    tn_intake_command_init(&command);
    assert_int_equal(tn_intake_validate(&intake, &caller, tn_bytes_from_string("7K3Q-F9X2-MHDZ"),
                                        19800115, TN_PURPOSE_ENTRY, &command, &error),
                     TN_MISMATCH);
    assert_int_equal(tn_intake_validate(&intake, &caller, tn_bytes_from_string("7K3Q"), 19800115,
                                        TN_PURPOSE_ENTRY, &command, &error),
                     TN_INVALID);
    MUST(tn_intake_validate(&intake, &caller, tn_bytes_from_string("7k3q f9x2 mhdy"), 19800115,
                            TN_PURPOSE_ENTRY, &command, &error),
         &error);
    assert_int_equal(command.request.command.facts.validate_facts.rate.size, TN_RATE_TAG_SIZE);
    tn_intake_command_close(&command);
}

/* Not a limit, but the number that a simulation lives on. */
static void measure_registrations(void **state)
{
    uint64_t from_us = tn_clock_monotonic_us();
    unsigned count = 2000;

    (void) state;
    for (unsigned i = 0; i < count; i++) {
        struct tn_intake_command command;

        fill_register(1000 + i, "", &command);
        tn_intake_command_close(&command);
    }
    print_message("intake of one person: %.1f us\n",
                  (double) (tn_clock_monotonic_us() - from_us) / (2 * count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_gives_one_command),
        cmocka_unit_test(a_person_is_adult_by_the_day_of_registration),
        cmocka_unit_test(a_birthday_makes_an_adult),
        cmocka_unit_test(a_field_without_a_canonical_form_is_named_and_not_quoted),
        cmocka_unit_test(what_was_sealed_opens_again_and_a_retry_finds_the_token),
        cmocka_unit_test(the_zone_decision_needs_no_nationality_where_everybody_may_ask),
        cmocka_unit_test(a_mistyped_number_is_told_apart_before_anything_is_looked_up),
        cmocka_unit_test(measure_registrations),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
