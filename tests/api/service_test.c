/* A season of one person over real HTTP: register, ask, be drawn, accept, be validated, arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/http/json.h"
#include "ledger/log/proof_file.h"
#include "ledger/rules/transcript.h"
#include "ledger/vault/opening.h"
#include "tests/api/service_support.h"

#define REQUEST_BODY "{\"ports\":[2504],\"location\":{\"lat\":19.4326,\"lon\":-99.1332}}"

static struct served served;
static struct person_account person;
static char offer[33];
static char number[16];
static char officer_token[65];
static char officer_id[33];
static char port_officer_id[33];

static int setup(void **state)
{
    (void) state;
    served_open(&served, MORNING_US, true);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    served_close(&served);
    return 0;
}

/* All of an answer but its receipt: a retry may get one over another frame (spec/log.md 6). */
static char *without_receipt(char *body)
{
    char *receipt = strstr(body, ",\"receipt\":");

    assert_non_null(receipt);
    *receipt = '\0';
    return body;
}

static void a_retried_registration_is_one_registration(void **state)
{
    static char first[4096];
    static const char key[] = "0123456789abcdef0123";
    char body[512];

    (void) state;
    body_of_person(body, sizeof(body), "Persona Uno", "1980-01-15");
    MUST_ANSWER(201, call_key(&served, "/v1/registrations", NULL, key, body));
    account_of_reply(&person);
    assert_int_equal(strlen(person.token), 64);
    (void) snprintf(first, sizeof(first), "%s", reply.body);
    MUST_ANSWER(201, call_key(&served, "/v1/registrations", NULL, key, body));
    assert_string_equal(without_receipt(reply.body),
                        without_receipt(first)); /* the token included */
    body_of_person(body, sizeof(body), "Persona Otra", "1980-01-15");
    MUST_ANSWER(422, call_key(&served, "/v1/registrations", NULL, key, body));
    assert_true(says("\"code\":\"conflicting_key\""));
    MUST_ANSWER(400, call_key(&served, "/v1/registrations", NULL, "short", body));
    assert_true(says("\"code\":\"invalid_parameter\""));
}

static void a_request_waits_for_the_window_and_the_refusal_is_told_in_five_languages(void **state)
{
    static const char *const languages[] = {"en", "es", "ht", "pt", "ru"};
    char path[96];
    char detail[5][512];

    (void) state;
    (void) snprintf(path, sizeof(path), "%s/requests", person.path);
    for (size_t i = 0; i < 5; i++) {
        char field[64];

        (void) snprintf(field, sizeof(field), "Accept-Language: xx, %s-XX;q=0.8\r\n", languages[i]);
        MUST_ANSWER(409, call_on(served.client, "POST", path, person.token, field, REQUEST_BODY));
        assert_true(says("\"code\":\"window_closed\""));
        assert_true(says("\"index\":"));
        member("detail", detail[i], sizeof(detail[i]));
        assert_true(i == 0 || strcmp(detail[i], detail[0]) != 0);
    }
}

static void asking_is_answered_with_the_day(void **state)
{
    char path[96];

    (void) state;
    advance_to(&served, NOON_US + 30 * TN_MINUTE_US);
    assert_true(wait_until_says(&served, "/v1/days/2024-06-03", NULL, "\"state\":\"open\""));
    (void) snprintf(path, sizeof(path), "%s/requests", person.path);
    MUST_ANSWER(409, call(&served, "POST", path, person.token,
                          "{\"ports\":[2504],\"location\":{\"lat\":40.7,\"lon\":-74}}"));
    assert_true(says("\"code\":\"outside_zone\""));
    /* A claim to a nationality that no sealed profile bears out changes nothing. */
    MUST_ANSWER(409, call(&served, "POST", path, person.token,
                          "{\"ports\":[2504],\"location\":{\"lat\":16.9,\"lon\":-96.7},"
                          "\"nationality\":\"MEX\"}"));
    MUST_ANSWER(201, call_key(&served, path, person.token, "first-request", REQUEST_BODY));
    assert_true(says("\"day\":\"2024-06-03\""));
    assert_true(says("\"replaced\":false"));
    MUST_ANSWER(409, call(&served, "POST", path, person.token, REQUEST_BODY));
    assert_true(says("\"code\":\"already_asked\""));
    MUST_ANSWER(201, call(&served, "POST", path, person.token,
                          "{\"ports\":[2301,2504],\"location\":{\"lat\":19.4,\"lon\":-99.1}}"));
    assert_true(says("\"replaced\":true"));
    MUST_ANSWER(200, call(&served, "GET", person.path, person.token, NULL));
    assert_true(says("\"requests\":[{\"day\":\"2024-06-03\",\"state\":\"asked\","
                     "\"ports\":[2301,2504]}]"));
}

static void another_person_withdraws_their_request(void **state)
{
    struct person_account other;
    char path[128];

    (void) state;
    register_person(&served, "Persona Dos", "1990-03-04", &other);
    (void) snprintf(path, sizeof(path), "%s/requests", other.path);
    MUST_ANSWER(201, call(&served, "POST", path, other.token, REQUEST_BODY));
    (void) snprintf(path, sizeof(path), "%s/requests/2024-06-03", other.path);
    MUST_ANSWER(200, call(&served, "DELETE", path, other.token, NULL));
    MUST_ANSWER(404, call(&served, "DELETE", path, other.token, NULL));
    assert_true(says("\"code\":\"no_request\""));
}

static void the_draw_offers_a_seat_and_its_transcript_recomputes(void **state)
{
    struct tn_transcript_report report;
    struct tn_error error = {0};

    (void) state;
    MUST_ANSWER(404, call(&served, "GET", "/v1/days/2024-06-03/draw", NULL, NULL));
    advance_to(&served, NOON_US + TN_DAY_US + TN_MINUTE_US);
    assert_true(wait_until_says(&served, "/v1/days/2024-06-03", NULL, "\"state\":\"completed\""));
    assert_true(says("\"groups\":1,"));
    MUST_ANSWER(200, call(&served, "GET", "/v1/days/2024-06-03/draw", NULL, NULL));
    MUST(tn_transcript_recompute(tn_bytes(reply.body, reply.body_size), &report, &error), &error);
    assert_true(report.same);
    assert_int_equal(report.winner_count, 1);
    MUST_ANSWER(200, call(&served, "GET", person.path, person.token, NULL));
    assert_true(says("\"offer\":{\"offer\":\""));
    memcpy(offer, strstr(reply.body, "\"offer\":{\"offer\":\"") + 18, 32);
    offer[32] = '\0';
}

static void accepting_shows_the_number_once_and_to_every_retry(void **state)
{
    static char first[4096];
    char path[160];

    (void) state;
    (void) snprintf(path, sizeof(path), "%s/offers/%s/accept", person.path, offer);
    MUST_ANSWER(200, call_key(&served, path, person.token, "accept-1", NULL));
    member("confirmation_number", number, sizeof(number));
    assert_int_equal(strlen(number), 14);
    (void) snprintf(first, sizeof(first), "%s", reply.body);
    MUST_ANSWER(200, call_key(&served, path, person.token, "accept-1", NULL));
    assert_string_equal(without_receipt(reply.body), without_receipt(first));
    MUST_ANSWER(409, call_key(&served, path, person.token, "accept-2", NULL));
    assert_true(says("\"code\":\"offer_not_open\""));
    /* The same key on another path is another request. */
    (void) snprintf(path, sizeof(path), "%s/offers/%s/decline", person.path, offer);
    MUST_ANSWER(422, call_key(&served, path, person.token, "accept-1", NULL));
}

static void the_key_of_a_refused_command_answers_for_no_other(void **state)
{
    char path[160];

    (void) state;
    (void) snprintf(path, sizeof(path), "%s/offers/%032d/accept", person.path, 1);
    for (unsigned i = 0; i < 2; i++) {
        MUST_ANSWER(404, call_key(&served, path, person.token, "refused-1", NULL));
        assert_true(says("\"code\":\"offer_unknown\""));
    }
    (void) snprintf(path, sizeof(path), "%s/members", person.path);
    MUST_ANSWER(422, call_key(&served, path, person.token, "refused-1",
                              "{\"given_names\":\"Persona Nueva\",\"family_names\":\"De Prueba\","
                              "\"date_of_birth\":\"2015-02-03\",\"nationality\":\"XYZ\"}"));
    assert_true(says("\"code\":\"conflicting_key\""));
}

/* Everything of an answer but its body and the date. */
static void head_without_date(char *out, size_t size)
{
    char *date;

    (void) snprintf(out, size, "%s", reply.head);
    date = strstr(out, "Date: ");
    assert_non_null(date);
    memset(date, '-', strcspn(date, "\r"));
}

static void every_validation_answer_has_one_length_and_one_head(void **state)
{
    static char head[4096];
    static char other[4096];
    char body[256];
    size_t size = 0;
    const char *const rows[][2] = {
        {number, "1980-01-15"},           /* matched */
        {number, "1980-01-16"},           /* wrong date */
        {"7K3Q-F9X2-MHDY", "1980-01-15"}, /* never issued */
        {"0000-0000-0007", "1980-01-15"},
    };

    (void) state;
    add_officer(&served, "alguien", "officer", 0, officer_id, officer_token);
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        (void) snprintf(body, sizeof(body),
                        "{\"confirmation_number\":\"%s\",\"date_of_birth\":\"%s\","
                        "\"purpose\":\"entry\"}",
                        rows[i][0], rows[i][1]);
        MUST_ANSWER(200, call(&served, "POST", "/v1/validations", officer_token, body));
        assert_true(says(i == 0 ? "\"matched\":true,\"appointment\":true,\"party\":\"individual\""
                                : "\"matched\":false,\"appointment\":false,\"party\":null"));
        if (i == 0) {
            head_without_date(head, sizeof(head));
            size = reply.body_size;
        }
        head_without_date(other, sizeof(other));
        assert_string_equal(other, head);
        assert_int_equal(reply.body_size, size);
    }
    (void) snprintf(body, sizeof(body),
                    "{\"confirmation_number\":\"7K3Q-F9X2-MHDZ\",\"date_of_birth\":\"1980-01-15\","
                    "\"purpose\":\"entry\"}");
    MUST_ANSWER(400, call(&served, "POST", "/v1/validations", officer_token, body));
    assert_true(says("check symbol"));
}

static void the_person_sees_who_asked_and_not_by_whom(void **state)
{
    char path[96];

    (void) state;
    (void) snprintf(path, sizeof(path), "%s/accesses", person.path);
    MUST_ANSWER(200, call(&served, "GET", path, person.token, NULL));
    assert_true(says("\"organisation\":\"INM\",\"purpose\":\"entry\""));
    assert_false(says(officer_id));
    (void) snprintf(path, sizeof(path), "%s/history?limit=2", person.path);
    MUST_ANSWER(200, call(&served, "GET", path, person.token, NULL));
    assert_true(says("registration_created"));
    assert_false(says("\"next\":null"));
    (void) snprintf(path, sizeof(path), "%s/history", person.path);
    MUST_ANSWER(200, call(&served, "GET", path, person.token, NULL));
    assert_true(says("appointment_confirmed"));
    assert_true(says("\"next\":null"));
    assert_false(says(officer_id));
}

static void a_port_officer_records_the_arrival_at_their_port_only(void **state)
{
    char token[65];
    char body[256];
    char path[96];
    char date[16];
    const char *at;
    unsigned port;
    uint32_t day;

    (void) state;
    MUST_ANSWER(200, call(&served, "GET", person.path, person.token, NULL));
    at = strstr(reply.body, "\"appointment\":{");
    assert_non_null(at);
    port = (unsigned) atoi(strstr(at, "\"port\":") + 7);
    memcpy(date, strstr(at, "\"date\":\"") + 8, 10);
    date[10] = '\0';
    add_officer(&served, "puerto", "port_officer", port, port_officer_id, token);
    (void) snprintf(body, sizeof(body),
                    "{\"confirmation_number\":\"%s\",\"date_of_birth\":\"1980-01-15\","
                    "\"outcome\":\"presented\"}",
                    number);
    (void) snprintf(path, sizeof(path), "/v1/port-days/2402/%s/arrivals", date);
    MUST_ANSWER(403, call(&served, "POST", path, token, body));
    (void) snprintf(path, sizeof(path), "/v1/port-days/%u/%s/arrivals", port, date);
    MUST_ANSWER(409, call(&served, "POST", path, token, body));
    assert_true(says("\"code\":\"not_matched\"")); /* weeks too early */
    assert_int_equal(tn_date_parse(tn_bytes_from_string(date), &day), TN_OK);
    advance_to(&served, day * TN_DAY_US + 18 * TN_HOUR_US);
    MUST_ANSWER(201, call(&served, "POST", path, token, body));
    assert_true(says("\"outcome\":\"presented\""));
    MUST_ANSWER(409, call(&served, "POST", path, token, body));
    (void) snprintf(path, sizeof(path), "/v1/port-days/%u/%s/close", port, date);
    MUST_ANSWER(409, call(&served, "POST", path, token, "{}"));
    assert_true(says("\"code\":\"port_day_not_over\""));
    MUST_ANSWER(200, call(&served, "GET", "/v1/days/2024-06-03", NULL, NULL));
    assert_true(says("\"presented\":1"));
}

/* The item of the last page of proofs with that kind; NULL: there is none. */
static const struct tn_json_value *proof_of_kind(const char *kind, struct tn_json_parser *parser,
                                                 struct tn_arena *arena)
{
    const struct tn_json_value *root;
    const struct tn_json_value *list;
    struct tn_error error = {0};

    MUST(tn_json_parse(parser, tn_bytes(reply.body, reply.body_size), NULL, arena, &root, &error),
         &error);
    list = tn_json_member(root, "proofs");
    for (size_t i = 0; i < list->count; i++) {
        const struct tn_json_value *item = &list->as.items[i];

        if (tn_bytes_equal_string(tn_json_member(item, "kind")->as.string, kind)) {
            return item;
        }
    }
    return NULL;
}

static void the_person_does_not_see_who_received_them(void **state)
{
    struct tn_json_parser *parser = tn_json_parser_create();
    const struct tn_json_value *item;
    struct tn_proof_extra extra;
    struct tn_proof_file file;
    struct tn_error error = {0};
    struct tn_buffer bytes;
    struct tn_arena arena;
    char path[96];

    (void) state;
    (void) snprintf(path, sizeof(path), "%s/history", person.path);
    MUST_ANSWER(200, call(&served, "GET", path, person.token, NULL));
    assert_true(says("\"kind\":\"group_presented\""));
    assert_true(says("\"role\":\"port_officer\""));
    assert_false(says(port_officer_id));
    assert_true(says(person.id)); /* but who acted for themselves */
    (void) snprintf(path, sizeof(path), "%s/proofs", person.path);
    assert_true(wait_until_says(&served, path, person.token, "\"kind\":\"group_presented\""));
    tn_arena_init(&arena, (size_t) 8 << 20);
    tn_buffer_init(&bytes, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    item = proof_of_kind("group_presented", parser, &arena);
    assert_non_null(item);
    MUST(tn_proof_file_parse(tn_json_member(item, "proof")->as.string, &file, &error), &error);
    MUST(tn_proof_file_extra(&file, &bytes), &error);
    MUST(tn_proof_extra_read(tn_buffer_view(&bytes), &arena, &extra, &error), &error);
    assert_int_equal(extra.entry.size, 0);
    tn_buffer_close(&bytes);
    tn_arena_close(&arena);
    tn_json_parser_destroy(parser);
}

static void the_log_is_served_as_tiles(void **state)
{
    char line[64];
    struct tn_log_head head;

    (void) state;
    /* What falls due by itself may still be appended and published meanwhile. */
    for (unsigned i = 0; i < 100; i++) {
        tn_log_head(served.place.ledger->log, &head);
        (void) snprintf(line, sizeof(line), "\n%llu\n", (unsigned long long) head.size);
        MUST_ANSWER(200, call(&served, "GET", "/log/checkpoint", NULL, NULL));
        if (strstr(reply.body, line)) {
            break;
        }
        client_sleep_ms(50);
    }
    assert_non_null(strstr(reply.body, line));
    assert_non_null(strstr(reply.head, "Content-Type: text/plain; charset=utf-8\r\n"));
    assert_non_null(strstr(reply.head, "Cache-Control: no-store\r\n"));
    assert_non_null(strstr(reply.head, "Access-Control-Allow-Origin: *\r\n"));
    (void) snprintf(line, sizeof(line), "/log/tile/0/000.p/%llu", (unsigned long long) head.size);
    MUST_ANSWER(200, call(&served, "GET", line, NULL, NULL));
    assert_int_equal(reply.body_size, head.size * 32);
    assert_non_null(strstr(reply.head, "Cache-Control: public, max-age=604800, immutable\r\n"));
    MUST_ANSWER(200, call(&served, "GET", "/log/tile/entries/000.p/1", NULL, NULL));
    (void) snprintf(line, sizeof(line), "/log/tile/0/000.p/%llu",
                    (unsigned long long) head.size + 1);
    MUST_ANSWER(404, call(&served, "GET", line, NULL, NULL));
    assert_non_null(strstr(reply.head, "Cache-Control: no-store\r\n"));
    MUST_ANSWER(404, call(&served, "GET", "/log/tile/00/000", NULL, NULL));
    MUST_ANSWER(404, call(&served, "GET", "/log/tile/0/000.p/0", NULL, NULL));
    MUST_ANSWER(404, call(&served, "GET", "/log/tile/0/000.p/007", NULL, NULL));
    MUST_ANSWER(404, call(&served, "GET", "/log/tile/0/000.p/256", NULL, NULL));
    MUST_ANSWER(404, call(&served, "GET", "/log/tile/entries", NULL, NULL));
}

static void events_are_paged_and_filtered(void **state)
{
    (void) state;
    MUST_ANSWER(200, call(&served, "GET", "/v1/events?limit=3", NULL, NULL));
    assert_true(says("\"index\":2,"));
    assert_false(says("\"index\":3,"));
    assert_true(says("\"next\":3"));
    MUST_ANSWER(200, call(&served, "GET", "/v1/events?after=3&limit=1", NULL, NULL));
    assert_true(says("\"index\":3,"));
    MUST_ANSWER(200, call(&served, "GET", "/v1/events?kind=validation_answered", NULL, NULL));
    assert_true(says("validation_answered"));
    assert_false(says("registration_created"));
    MUST_ANSWER(400, call(&served, "GET", "/v1/events?kind=nothing", NULL, NULL));
    MUST_ANSWER(400, call(&served, "GET", "/v1/events?limit=1001", NULL, NULL));
    MUST_ANSWER(400, call(&served, "GET", "/v1/events?colour=1", NULL, NULL));
}

static void min_index_is_kept(void **state)
{
    (void) state;
    MUST_ANSWER(200, call_on(served.client, "GET", "/v1/policy", NULL, "Min-Index: 0\r\n", NULL));
    MUST_ANSWER(503,
                call_on(served.client, "GET", "/v1/policy", NULL, "Min-Index: 99999\r\n", NULL));
    assert_non_null(strstr(reply.head, "Retry-After: "));
    MUST_ANSWER(400, call_on(served.client, "GET", "/v1/policy", NULL, "Min-Index: x\r\n", NULL));
}

/* Policy 2 without the last language of the first one, in force a minute from now. */
static void publish_without_the_last_language(void)
{
    struct tn_policy policy = served.place.policy;
    struct tn_desk_state desk;
    struct tn_error error = {0};
    struct tn_buffer body;
    uint8_t ids[2][TN_ID_SIZE];
    char approvers[2][33];

    MUST(tn_ledger_approvers(served.place.ledger, ids, &error), &error);
    for (size_t i = 0; i < 2; i++) {
        tn_hex_encode(approvers[i], ids[i], TN_ID_SIZE);
    }
    tn_desk_state(served.place.ledger->desk, &desk);
    policy.version = 2;
    policy.effective_us = desk.now_us + TN_MINUTE_US;
    policy.language_count--;
    memset(policy.languages[policy.language_count], 0, TN_POLICY_LANGUAGE_SIZE);
    tn_buffer_init(&body, (size_t) 1 << 20);
    tn_buffer_printf(&body,
                     "{\"approvers\":[\"%s\",\"%s\"],\"reason\":\"test\",\"policy\":", approvers[0],
                     approvers[1]);
    MUST(tn_policy_write_json(&policy, NULL, 0, 0, &body), &error);
    tn_buffer_append_string(&body, "}");
    tn_buffer_append_u8(&body, 0);
    MUST_ANSWER(200, admin(&served, "policy-publish", (const char *) body.data));
    tn_buffer_close(&body);
    advance_to(&served, policy.effective_us + TN_MINUTE_US);
}

/* Who lost the first answer would have lost the token with it. */
static void a_retry_is_answered_under_a_policy_that_forbids_it(void **state)
{
    static const char form[] =
        "{\"members\":[{\"given_names\":\"%s\",\"family_names\":\"De Prueba\","
        "\"date_of_birth\":\"1981-02-03\",\"nationality\":\"XYZ\"}],"
        "\"destination\":\"2 Calle Inventada\",\"language\":\"ru\"}";
    static const char key[] = "0123456789abcdef-ru";
    static char first[4096];
    char body[512];
    char other[512];

    (void) state;
    (void) snprintf(body, sizeof(body), form, "Persona Tres");
    (void) snprintf(other, sizeof(other), form, "Persona Cuatro");
    MUST_ANSWER(201, call_key(&served, "/v1/registrations", NULL, key, body));
    (void) snprintf(first, sizeof(first), "%s", reply.body);
    publish_without_the_last_language();
    MUST_ANSWER(201, call_key(&served, "/v1/registrations", NULL, key, body));
    assert_string_equal(without_receipt(reply.body), without_receipt(first));
    MUST_ANSWER(422, call_key(&served, "/v1/registrations", NULL, key, other));
    assert_true(says("\"code\":\"conflicting_key\""));
    MUST_ANSWER(400,
                call_key(&served, "/v1/registrations", NULL, "another-key-of-16-bytes", other));
    assert_true(says("language is none of the policy's"));
    MUST_ANSWER(400, call(&served, "POST", "/v1/registrations", NULL, other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retried_registration_is_one_registration),
        cmocka_unit_test(a_request_waits_for_the_window_and_the_refusal_is_told_in_five_languages),
        cmocka_unit_test(asking_is_answered_with_the_day),
        cmocka_unit_test(another_person_withdraws_their_request),
        cmocka_unit_test(the_draw_offers_a_seat_and_its_transcript_recomputes),
        cmocka_unit_test(accepting_shows_the_number_once_and_to_every_retry),
        cmocka_unit_test(the_key_of_a_refused_command_answers_for_no_other),
        cmocka_unit_test(every_validation_answer_has_one_length_and_one_head),
        cmocka_unit_test(the_person_sees_who_asked_and_not_by_whom),
        cmocka_unit_test(a_port_officer_records_the_arrival_at_their_port_only),
        cmocka_unit_test(the_person_does_not_see_who_received_them),
        cmocka_unit_test(the_log_is_served_as_tiles),
        cmocka_unit_test(events_are_paged_and_filtered),
        cmocka_unit_test(min_index_is_kept),
        cmocka_unit_test(a_retry_is_answered_under_a_policy_that_forbids_it),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
