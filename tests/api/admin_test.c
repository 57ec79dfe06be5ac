/* Administration: officers, policies in their JSON form, seats, ports, the rebuild. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/admin/admin.h"
#include "api/admin/policy_read.h"
#include "api/query/reader.h"
#include "projections/keys.h"
#include "tests/api/ledger_support.h"
#include "tests/heard.h"

static struct place place;
static struct tn_buffer answer;
static struct tn_error failure;
static char approvers[80]; /* JSON of the two that genesis enrolled */

static int setup(void **state)
{
    uint8_t ids[2][TN_ID_SIZE];
    char text[2][33];

    (void) state;
    place_create(&place, MORNING_US);
    place_open(&place, false);
    tn_buffer_init(&answer, (size_t) 1 << 20);
    MUST(tn_ledger_approvers(place.ledger, ids, &failure), &failure);
    tn_hex_encode(text[0], ids[0], TN_ID_SIZE);
    tn_hex_encode(text[1], ids[1], TN_ID_SIZE);
    (void) snprintf(approvers, sizeof(approvers), "[\"%s\",\"%s\"]", text[0], text[1]);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    tn_buffer_close(&answer);
    place_remove(&place);
    return 0;
}

static enum tn_status run(const char *command, const char *json)
{
    enum tn_status status;

    failure = (struct tn_error){0};
    status = tn_admin_run(place.ledger, tn_bytes_from_string(command), tn_bytes_from_string(json),
                          &answer, &failure);
    tn_buffer_append_u8(&answer, 0);
    return status;
}

static bool says(const char *text)
{
    return strstr((const char *) answer.data, text) != NULL;
}

static uint64_t log_size(void)
{
    struct tn_log_head head;

    tn_log_head(place.ledger->log, &head);
    return head.size;
}

static void every_version_of_the_history_reads_back_from_its_json(void **state)
{
    (void) state;
    for (size_t i = 0; i < TN_POLICY_HISTORY_COUNT; i++) {
        struct tn_policy_note notes[TN_POLICY_HISTORY_NOTES_MAX];
        size_t note_count = tn_policy_history_notes(i, notes);
        struct tn_policy policy;
        struct tn_policy again;
        struct tn_buffer json;
        struct tn_buffer a;
        struct tn_buffer b;

        tn_policy_history(i, &policy);
        tn_buffer_init(&json, (size_t) 1 << 20);
        tn_buffer_init(&a, TN_POLICY_BYTES_MAX);
        tn_buffer_init(&b, TN_POLICY_BYTES_MAX);
        MUST(tn_policy_write_json(&policy, notes, note_count, 0, &json), &failure);
        MUST(tn_policy_read_json(tn_buffer_view(&json), &again, &failure), &failure);
        MUST(tn_policy_encode(&policy, &a, &failure), &failure);
        MUST(tn_policy_encode(&again, &b, &failure), &failure);
        assert_true(tn_bytes_equal(tn_buffer_view(&a), tn_buffer_view(&b)));
        tn_buffer_close(&json);
        tn_buffer_close(&a);
        tn_buffer_close(&b);
    }
}

/* The form with one word exchanged: what does not read, and what the words name. */
static void a_policy_that_leaves_the_form_is_named(void **state)
{
    static const struct {
        const char *old;
        const char *new;
        const char *named;
    } rows[] = {
        {"\"turno-policy-1\"", "\"turno-policy-2\"", "format"},
        {"\"horizon_days\"", "\"horizon_dayz\"", "horizon_dayz"},
        {"\"method\": \"draw\"", "\"method\": \"raffle\"", "method"},
        {"\"opens\": \"12:00\"", "\"opens\": \"12:60\"", "opens"},
        {"\"group_shares_destination\": true", "\"group_shares_destination\": 1",
         "group_shares_destination"},
        {"\"code\": 2504", "\"code\": 70000", "code"},
        {"\"version\": 1,", "\"version\": -1,", "version"},
        {"\"share_ppm\": 300000", "\"share_ppm\": 1000001", "share"},
    };
    struct tn_buffer json;

    (void) state;
    tn_buffer_init(&json, (size_t) 1 << 20);
    MUST(tn_policy_write_json(&place.policy, NULL, 0, 0, &json), &failure);
    tn_buffer_append_u8(&json, 0);
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        const char *text = (const char *) json.data;
        const char *at = strstr(text, rows[i].old);
        struct tn_policy policy;
        struct tn_buffer other;
        struct tn_error error = {0};

        assert_non_null(at);
        tn_buffer_init(&other, (size_t) 1 << 20);
        tn_buffer_append(&other, text, (size_t) (at - text));
        tn_buffer_append_string(&other, rows[i].new);
        tn_buffer_append_string(&other, at + strlen(rows[i].old));
        assert_int_equal(tn_policy_read_json(tn_buffer_view(&other), &policy, &error), TN_INVALID);
        assert_non_null(strstr(error.text, rows[i].named));
        assert_true(tn_is_zero(&policy, sizeof(policy)));
        tn_buffer_close(&other);
    }
    tn_buffer_close(&json);
}

static void an_officer_is_enrolled_once_by_address(void **state)
{
    char body[256];

    (void) state;
    (void) snprintf(body, sizeof(body),
                    "{\"email\":\"Alguien@%s\",\"role\":\"officer\",\"organisation\":\"INM\"}",
                    place.policy.validation.domains[0]);
    assert_int_equal(run("officer-add", body), TN_OK);
    assert_true(says("\"token\":\""));
    (void) snprintf(body, sizeof(body), "{\"email\":\"alguien@%s\",\"role\":\"officer\"}",
                    place.policy.validation.domains[0]);
    assert_int_equal(run("officer-add", body), TN_REFUSED);
    assert_true(says("\"refusal\":\"officer_exists\""));
    assert_true(says("\"index\":"));
}

/* The id of the organisation that the last officer was enrolled for, as a person reads it. */
static void organisation_of_last(char text[static TN_ORGANISATION_TEXT_SIZE])
{
    struct tn_event event;
    struct tn_arena arena;
    struct tn_buffer entry;

    tn_arena_init(&arena, (size_t) 1 << 20);
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    MUST(tn_log_read(place.ledger->log, log_size() - 1, &entry, &failure), &failure);
    MUST(tn_event_decode(tn_buffer_view(&entry), log_size() - 1, &arena, &event, &failure),
         &failure);
    assert_int_equal(event.kind, TN_KIND_officer_enrolled);
    tn_organisation_format(event.body.officer_enrolled.facts.organisation, text);
    tn_buffer_close(&entry);
    tn_arena_close(&arena);
}

/* Whoever is asked about reads who asked. */
static void an_officer_of_no_named_organisation_is_of_their_domain(void **state)
{
    char text[TN_ORGANISATION_TEXT_SIZE];

    (void) state;
    assert_int_equal(run("officer-add", "{\"email\":\"c@Example.ORG\",\"role\":\"auditor\"}"),
                     TN_OK);
    organisation_of_last(text);
    assert_string_equal(text, "example.org");
    assert_int_equal(run("officer-add", "{\"email\":\"c@oversight.example\",\"role\":\"auditor\"}"),
                     TN_OK);
    organisation_of_last(text);
    assert_string_equal(text, "oversight.exampl");
    assert_int_equal(run("officer-add", "{\"email\":\"d@example.org\",\"role\":\"auditor\","
                                        "\"organisation\":\"DHS\"}"),
                     TN_OK);
    organisation_of_last(text);
    assert_string_equal(text, "DHS");
}

static void what_is_not_an_officer_changes_nothing(void **state)
{
    static const struct {
        const char *body;
        const char *named;
    } rows[] = {
        {"{\"email\":\"a@b@c\",\"role\":\"auditor\"}", "email"},
        {"{\"email\":\"nobody\",\"role\":\"auditor\"}", "email"},
        {"{\"email\":\"a@example.org\",\"role\":\"applicant\"}", "role"},
        {"{\"email\":\"a@example.org\",\"role\":\"king\"}", "role"},
        {"{\"email\":\"a@example.org\",\"role\":\"port_officer\"}", "port"},
        {"{\"email\":\"a@example.org\",\"role\":\"port_officer\",\"port\":1}", "port"},
        {"{\"email\":\"a@example.org\",\"role\":\"auditor\",\"organisation\":"
         "\"a name that is too long\"}",
         "organisation"},
        {"{\"email\":\"a@example.org\"}", "role"},
        {"{\"email\":\"a@example.org\",\"role\":\"auditor\",\"colour\":1}", "colour"},
        {"[]", "object"},
        {"{", ""},
    };
    uint64_t size = log_size();

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        assert_int_equal(run("officer-add", rows[i].body), TN_INVALID);
        assert_non_null(strstr(failure.text, rows[i].named));
    }
    assert_int_equal(run("officer-add", "{\"email\":\"a@elsewhere.example\",\"role\":\"officer\"}"),
                     TN_REFUSED);
    assert_non_null(strstr(failure.text, "domain"));
    assert_int_equal(run("no-such-command", "{}"), TN_NOT_FOUND);
    assert_int_equal(log_size(), size);
}

static void a_port_is_suspended_with_two_approvers_and_tried_out_before(void **state)
{
    char body[256];
    uint64_t size = log_size();

    (void) state;
    (void) snprintf(body, sizeof(body),
                    "{\"port\":2304,\"honour_before\":\"2024-06-10\",\"approvers\":%s,"
                    "\"reason\":\"security\",\"dry_run\":true}",
                    approvers);
    assert_int_equal(run("suspend-port", body), TN_OK);
    assert_true(says("{\"dry_run\":true,\"events\":1,\"kinds\":{\"port_suspended\":1}}"));
    assert_int_equal(log_size(), size);
    (void) snprintf(body, sizeof(body),
                    "{\"port\":2304,\"honour_before\":\"2024-06-10\",\"approvers\":[],"
                    "\"reason\":\"security\",\"dry_run\":true}");
    assert_int_equal(run("suspend-port", body), TN_REFUSED);
    assert_true(says("\"refusal\":\"approvers_missing\""));
    assert_int_equal(log_size(), size);
    (void) snprintf(body, sizeof(body),
                    "{\"port\":2304,\"honour_before\":\"2024-06-10\",\"approvers\":%s,"
                    "\"reason\":\"security\"}",
                    approvers);
    assert_int_equal(run("suspend-port", body), TN_OK);
    assert_int_equal(run("suspend-port", body), TN_REFUSED);
    assert_true(says("\"refusal\":\"port_suspended\""));
    (void) snprintf(body, sizeof(body), "{\"port\":2304,\"approvers\":%s,\"reason\":\"over\"}",
                    approvers);
    assert_int_equal(run("resume-port", body), TN_OK);
}

static void a_policy_is_published_for_later(void **state)
{
    struct tn_policy policy = place.policy;
    struct tn_buffer body;

    (void) state;
    policy.version = 2;
    policy.effective_us = MORNING_US + 10 * TN_DAY_US;
    policy.share_ppm = 400000;
    tn_buffer_init(&body, (size_t) 1 << 20);
    tn_buffer_printf(&body, "{\"approvers\":%s,\"reason\":\"share\",\"policy\":", approvers);
    MUST(tn_policy_write_json(&policy, NULL, 0, 0, &body), &failure);
    tn_buffer_append_string(&body, "}");
    tn_buffer_append_u8(&body, 0);
    assert_int_equal(run("policy-publish", (const char *) body.data), TN_OK);
    assert_int_equal(run("policy-publish", (const char *) body.data), TN_REFUSED);
    assert_true(says("\"refusal\":\"policy_not_later\""));
    tn_buffer_close(&body);
}

static void capacity_is_published_for_a_date_and_seats_move(void **state)
{
    char body[512];

    (void) state;
    (void) snprintf(body, sizeof(body),
                    "{\"capacity\":{\"date\":\"2024-09-02\",\"ports\":[{\"port\":2504,\"slots\":"
                    "[{\"time\":\"08:00\",\"seats\":7},{\"time\":\"09:00\",\"seats\":5}]}]},"
                    "\"approvers\":%s,\"reason\":\"holiday\"}",
                    approvers);
    assert_int_equal(run("capacity", body), TN_OK);
    assert_int_equal(run("capacity", body), TN_REFUSED);
    assert_true(says("\"refusal\":\"capacity_published\""));
    (void) snprintf(body, sizeof(body),
                    "{\"moves\":[{\"port\":2504,\"date\":\"2024-09-02\",\"time\":\"08:00\","
                    "\"to_port\":2504,\"to_date\":\"2024-09-02\",\"to_time\":\"09:00\","
                    "\"seats\":3}],\"approvers\":%s,\"reason\":\"balance\"}",
                    approvers);
    assert_int_equal(run("reallocate", body), TN_OK);
    (void) snprintf(body, sizeof(body),
                    "{\"capacity\":{\"date\":\"2024-09-31\",\"ports\":[]},\"approvers\":%s,"
                    "\"reason\":\"holiday\"}",
                    approvers);
    assert_int_equal(run("capacity", body), TN_INVALID);
}

static void a_rebuild_beside_the_running_desk_is_equal(void **state)
{
    (void) state;
    assert_int_equal(run("rebuild", "{}"), TN_OK);
    assert_true(says("\"name\":\"queue\""));
    assert_false(says("\"equal\":false"));
    assert_int_equal(run("rebuild", "{\"projection\":\"seats\"}"), TN_OK);
    assert_false(says("\"name\":\"queue\""));
    assert_int_equal(run("rebuild", "{\"projection\":\"dreams\"}"), TN_INVALID);
    /* The desk goes on over the new rows. */
    assert_int_equal(run("officer-add", "{\"email\":\"b@example.org\",\"role\":\"auditor\"}"),
                     TN_OK);
}

/* Families of the core projections, some of which a rebuild may have replaced. */
static void count_core_family(void *context, const char *name, struct tn_family *family)
{
    (void) family;
    for (size_t i = 0; i < TN_CORE_COUNT; i++) {
        const char *core = tn_projection_core((enum tn_core) i)->name;
        size_t size = strlen(core);

        if (strncmp(name, core, size) == 0 && name[size] == '.') {
            ++*(size_t *) context;
        }
    }
}

static size_t core_families(void)
{
    size_t count = 0;

    tn_store_families(place.ledger->store, count_core_family, &count);
    return count;
}

static void what_a_rebuild_replaced_is_dropped(void **state)
{
    struct tn_query *query = NULL;
    struct tn_reader *idle = NULL;
    struct tn_reader *reader = NULL;
    struct tn_queue_row row;
    bool found = false;

    (void) state;
    MUST(tn_query_open(place.ledger, &query, &failure), &failure);
    MUST(tn_reader_take(query, &idle, &failure), &failure);
    MUST(tn_reader_take(query, &reader, &failure), &failure);
    tn_reader_give(idle);
    assert_int_equal(run("rebuild", "{}"), TN_OK);
    assert_int_equal(run("rebuild", "{}"), TN_OK);
    assert_int_equal(core_families(), TN_CORE_COUNT);
    /* Who was reading reads on; whoever has nothing to read lets go. */
    MUST(TN_READ(reader->views.rows[TN_CORE_QUEUE], tn_key_queue(), queue_row, &reader->arena, &row,
                 &found, &failure),
         &failure);
    assert_true(found);
    assert_true(idle->open);
    tn_query_forget(query);
    assert_false(idle->open);
    tn_reader_give(reader);
    assert_false(reader->open);
    tn_query_close(query);
}

static void a_rebuild_waits_for_no_other_and_ends_with_the_server(void **state)
{
    const struct tn_rebuild_options options = {.mask = 1};
    struct tn_rebuild_job *other = NULL;

    (void) state;
    MUST(tn_rebuild_begin(place.ledger->store, place.ledger->log, &options, &other, &failure),
         &failure);
    assert_int_equal(run("rebuild", "{}"), TN_BUSY);
    assert_non_null(strstr(failure.text, "another rebuild"));
    tn_rebuild_close(other);
    atomic_store(&place.ledger->draining, true);
    assert_int_equal(run("rebuild", "{}"), TN_UNAVAILABLE);
    assert_string_equal(failure.text, TN_REBUILD_STOPPED);
    assert_int_equal(core_families(), TN_CORE_COUNT);
    atomic_store(&place.ledger->draining, false);
    assert_int_equal(run("rebuild", "{}"), TN_OK);
}

/* What opening the ledger says on standard error. */
static const char *open_and_listen(void)
{
    heard_begin();
    place_open(&place, false);
    return heard_end();
}

static void a_start_tells_of_a_rebuild_that_was_cut(void **state)
{
    static const uint8_t queue_and_seats[4] = {0, 0, 0, 3};
    struct tn_batch *batch = tn_batch_create();
    struct tn_family *meta;

    (void) state;
    MUST(tn_store_family(place.ledger->store, "meta", false, &meta, &failure), &failure);
    tn_batch_put(batch, meta, tn_bytes_from_string("projections/rebuild"),
                 tn_bytes(queue_and_seats, sizeof(queue_and_seats)));
    MUST(tn_store_write(place.ledger->store, batch, TN_SYNCED, &failure), &failure);
    tn_batch_destroy(batch);
    for (unsigned i = 0; i < 2; i++) { /* until there is another */
        place_close(&place);
        assert_non_null(strstr(open_and_listen(), "a rebuild (queue, seats) was cut"));
    }
    assert_int_equal(run("rebuild", "{}"), TN_OK);
    place_close(&place);
    assert_null(strstr(open_and_listen(), "was cut"));
}

static void the_clock_of_a_simulation_moves_forward_only(void **state)
{
    (void) state;
    assert_int_equal(run("advance", "{\"seconds\":60}"), TN_OK);
    assert_int_equal(run("advance", "{\"to\":\"2020-01-01T00:00:00Z\"}"), TN_INVALID);
    assert_int_equal(run("advance", "{}"), TN_INVALID);
    assert_int_equal(run("status", "{}"), TN_OK);
    assert_true(says("\"simulated\":true"));
    assert_int_equal(run("resume", "{\"extend\":false}"), TN_REFUSED); /* nothing is paused */
}

static void organisations_are_codes_or_digits(void **state)
{
    uint8_t id[TN_ID_SIZE];
    char text[TN_ORGANISATION_TEXT_SIZE];

    (void) state;
    assert_int_equal(tn_organisation_parse(tn_bytes_from_string("INM"), id), TN_OK);
    tn_organisation_format(id, text);
    assert_string_equal(text, "INM");
    assert_int_equal(
        tn_organisation_parse(tn_bytes_from_string("00ff00ff00ff00ff00ff00ff00ff00ff"), id), TN_OK);
    tn_organisation_format(id, text);
    assert_string_equal(text, "00ff00ff00ff00ff00ff00ff00ff00ff");
    assert_int_equal(tn_organisation_parse(tn_bytes_from_string(""), id), TN_INVALID);
    assert_int_equal(tn_organisation_parse(tn_bytes_from_string("\xc3\xa9"), id), TN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_of_the_history_reads_back_from_its_json),
        cmocka_unit_test(a_policy_that_leaves_the_form_is_named),
        cmocka_unit_test(an_officer_is_enrolled_once_by_address),
        cmocka_unit_test(an_officer_of_no_named_organisation_is_of_their_domain),
        cmocka_unit_test(what_is_not_an_officer_changes_nothing),
        cmocka_unit_test(a_port_is_suspended_with_two_approvers_and_tried_out_before),
        cmocka_unit_test(a_policy_is_published_for_later),
        cmocka_unit_test(capacity_is_published_for_a_date_and_seats_move),
        cmocka_unit_test(a_rebuild_beside_the_running_desk_is_equal),
        cmocka_unit_test(what_a_rebuild_replaced_is_dropped),
        cmocka_unit_test(a_rebuild_waits_for_no_other_and_ends_with_the_server),
        cmocka_unit_test_teardown(a_start_tells_of_a_rebuild_that_was_cut, heard_restore),
        cmocka_unit_test(the_clock_of_a_simulation_moves_forward_only),
        cmocka_unit_test(organisations_are_codes_or_digits),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
