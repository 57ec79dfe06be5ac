/* Every route: who passes, what bad input is answered, and that it changes nothing. On a ledger
 * that is not simulated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "ledger/base/fault.h"
#include "tests/api/service_support.h"
#include "tests/heard.h"

enum who {
    NOBODY,
    OWNER,
    STRANGER,
    OFFICER,
    PORT_OFFICER,
    AUDITOR,
    OPERATOR,
    SUSPENDED,
    WHO_COUNT
};

static struct served served;
static struct person_account owner;
static struct person_account stranger;
static char tokens[WHO_COUNT][65];
static char ids[WHO_COUNT][33];

static int setup(void **state)
{
    static const struct {
        enum who who;
        const char *role;
        unsigned port;
    } officers[] = {
        {OFFICER, "officer", 0},   {PORT_OFFICER, "port_officer", 2504},
        {AUDITOR, "auditor", 0},   {OPERATOR, "operator", 0},
        {SUSPENDED, "officer", 0},
    };
    char body[128];

    (void) state;
    served_open(&served, tn_clock_wall_us(), false);
    register_person(&served, "Persona Propia", "1980-01-15", &owner);
    register_person(&served, "Persona Ajena", "1981-01-15", &stranger);
    memcpy(tokens[OWNER], owner.token, 65);
    memcpy(tokens[STRANGER], stranger.token, 65);
    for (size_t i = 0; i < TN_ARRAY_SIZE(officers); i++) {
        char email[16];

        (void) snprintf(email, sizeof(email), "who%zu", i);
        add_officer(&served, email, officers[i].role, officers[i].port, ids[officers[i].who],
                    tokens[officers[i].who]);
    }
    (void) snprintf(body, sizeof(body), "{\"officer\":\"%s\",\"reason\":\"test\"}", ids[SUSPENDED]);
    MUST_ANSWER(200, admin(&served, "officer-suspend", body));
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    served_close(&served);
    return 0;
}

/* A pattern with its parameters filled: the owner's registration, port 2504, anything else that
 * fits. */
static void fill_pattern(const char *pattern, char *out, size_t size)
{
    size_t at = 0;

    while (*pattern != '\0') {
        const char *value = NULL;
        size_t step;

        if (*pattern != '{') {
            out[at++] = *pattern++;
            continue;
        }
        step = strcspn(pattern, "}") + 1;
        value = strncmp(pattern, "{registration}", step) == 0 ? owner.id
                : strncmp(pattern, "{port}", step) == 0       ? "2504"
                : strncmp(pattern, "{day}", step) == 0        ? "2024-06-03"
                : strncmp(pattern, "{path...}", step) == 0    ? "000.p/1"
                : strncmp(pattern, "{command}", step) == 0    ? "status"
                                                              : "00112233445566778899aabbccddeeff";
        TN_CHECK(at + strlen(value) + 1 < size);
        memcpy(out + at, value, strlen(value));
        at += strlen(value);
        pattern += step;
    }
    out[at] = '\0';
}

/* Passes (P), 401 (1) or 403 (3), over TCP, for each kind of caller in the order of enum who. */
static const char *expected(enum tn_http_access access)
{
    switch (access) {
    case TN_ACCESS_PUBLIC:
    case TN_ACCESS_APPLICANT:
        return "PPPPPPPP";
    case TN_ACCESS_OWNER:
        return "1P333333";
    case TN_ACCESS_OFFICER:
        return "133P3333";
    case TN_ACCESS_PORT_OFFICER:
        return "1333P333";
    case TN_ACCESS_AUDITOR:
        return "13333P33";
    case TN_ACCESS_ANALYST:
        return "13333PP3";
    case TN_ACCESS_OPERATOR:
        return "133333P3";
    case TN_ACCESS_LOCAL:
        return "33333333";
    case TN_ACCESS_UNSET:
    case TN_ACCESS_COUNT:
        break;
    }
    return NULL;
}

static void every_route_lets_pass_whom_it_names_and_nobody_else(void **state)
{
    size_t count;
    const struct tn_http_route *routes = tn_service_routes(&count);
    struct tn_error error = {0};

    (void) state;
    MUST(tn_http_routes_check(routes, count, &error), &error);
    for (size_t i = 0; i < count; i++) {
        const char *wanted = expected(routes[i].access);
        const char *method = tn_http_method_name(routes[i].method);
        char path[256];

        assert_non_null(wanted);
        fill_pattern(routes[i].pattern, path, sizeof(path));
        for (size_t who = 0; who < WHO_COUNT; who++) {
            /* A body that is no object: whoever passes changes nothing. */
            int status = call(&served, method, path, who == NOBODY ? NULL : tokens[who],
                              routes[i].method == TN_HTTP_POST ? "[]" : NULL);
            char got = status == 401 ? '1' : status == 403 ? '3' : 'P';

            if (got != wanted[who]) {
                (void) fprintf(stderr, "%s %s as %zu: %d: %s\n", method, path, who, status,
                               reply.body);
            }
            assert_int_equal(got, wanted[who]);
        }
    }
}

static void unknown_and_foreign_registrations_answer_alike(void **state)
{
    static struct reply foreign;
    char path[96];

    (void) state;
    MUST_ANSWER(403, call(&served, "GET", stranger.path, owner.token, NULL));
    foreign = reply;
    (void) snprintf(path, sizeof(path), "/v1/registrations/%s", "00112233445566778899aabbccddeeff");
    MUST_ANSWER(403, call(&served, "GET", path, owner.token, NULL));
    assert_string_equal(reply.body, foreign.body);
    MUST_ANSWER(403, call(&served, "GET", "/v1/registrations/nothing", owner.token, NULL));
    assert_string_equal(reply.body, foreign.body);
}

static void tokens_that_are_nobodys_are_401(void **state)
{
    static const char *const bad[] = {
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "x", ""};

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(bad); i++) {
        MUST_ANSWER(401, call(&served, "GET", owner.path, bad[i], NULL));
        assert_non_null(strstr(reply.head, "WWW-Authenticate: Bearer\r\n"));
        assert_true(says("\"code\":\"unauthenticated\""));
    }
}

static void a_token_that_cannot_be_looked_up_is_not_refused(void **state)
{
    (void) state;
    heard_begin();
    for (unsigned i = 0; i < 3; i++) {
        tn_fault_arm_named("service.identify", 0);
        MUST_ANSWER(503, call(&served, "GET", owner.path, owner.token, NULL));
        assert_true(tn_fault_disarm());
        assert_true(says("\"code\":\"busy\""));
        assert_non_null(strstr(reply.head, "Retry-After: 1\r\n"));
        MUST_ANSWER(200, call(&served, "GET", owner.path, owner.token, NULL));
    }
    (void) heard_end();
    assert_int_equal(heard_count("tokens cannot be looked up: io: a test"), 1);
}

static void problems_have_one_form(void **state)
{
    (void) state;
    MUST_ANSWER(404, call(&served, "GET", "/v1/days/2024-06-03", NULL, NULL));
    assert_string_equal(reply.body,
                        "{\"type\":\"/problems/not_found\",\"title\":\"There is nothing here\","
                        "\"status\":404,\"code\":\"not_found\","
                        "\"detail\":\"this day was not opened\"}");
    assert_non_null(strstr(reply.head, "Content-Type: application/problem+json\r\n"));
    assert_non_null(strstr(reply.head, "Cache-Control: no-store\r\n"));
    MUST_ANSWER(404, call(&served, "GET", "/v1/days/2024-02-30", NULL, NULL));
    MUST_ANSWER(405, call(&served, "PUT", "/v1/policy", NULL, NULL));
    MUST_ANSWER(404, call(&served, "GET", "/v2", NULL, NULL));
}

static void bad_bodies_are_refused_and_change_nothing(void **state)
{
    static const char person_head[] = "{\"members\":[{\"given_names\":\"A\",\"family_names\":\"B\","
                                      "\"date_of_birth\":\"1980-01-15\",\"nationality\":\"XYZ\"";
    static char large[300 * 1024];
    char bodies[16][512] = {
        "",
        "{",
        "{}",
        "{\"members\":[]}",
        "{\"members\":{}}",
        "{\"members\":[1]}",
        "{\"members\":[{}]}",
    };
    size_t count = 7;
    struct tn_log_head before;
    struct tn_log_head after;

    (void) state;
    (void) snprintf(bodies[count++], 512, "%s}]} {", person_head);
    (void) snprintf(bodies[count++], 512, "%s}],\"colour\":1}", person_head);
    (void) snprintf(bodies[count++], 512, "%s,\"colour\":1}]}", person_head);
    (void) snprintf(bodies[count++], 512, "%s}],\"language\":\"xx\"}", person_head);
    (void) snprintf(bodies[count++], 512, "%s}],\"destination\":1}", person_head);
    (void) snprintf(bodies[count++], 512, "%s,\"given_names\":\"C\"}]}", person_head);
    tn_log_head(served.place.ledger->log, &before);
    for (size_t i = 0; i < count; i++) {
        MUST_ANSWER(400, call(&served, "POST", "/v1/registrations", NULL, bodies[i]));
        assert_true(says("\"code\":\"malformed_json\"") || says("\"code\":\"unknown_member\"") ||
                    says("\"code\":\"invalid_member\""));
    }
    memset(large, ' ', sizeof(large) - 1);
    MUST_ANSWER(413, call(&served, "POST", "/v1/registrations", NULL, large));
    client_close(served.client); /* the server has ended a connection it could not read on */
    served.client = client_open(tn_service_port(served.service));
    MUST_ANSWER(415, call_on(served.client, "POST", "/v1/registrations", NULL,
                             "Content-Type: text/plain\r\n", NULL));
    tn_log_head(served.place.ledger->log, &after);
    assert_int_equal(after.size, before.size);
}

/* What nobody reads must not look as if it had been heeded: "dry_run" above all. */
static void what_a_write_does_not_know_is_refused_and_changes_nothing(void **state)
{
    static const struct {
        const char *method;
        const char *tail; /* behind the owner's path, or a whole path */
        enum who who;
        const char *body; /* that would do; NULL: none is wanted */
    } rows[] = {
        {"POST", "/withdraw", OWNER, NULL},
        {"POST", "/restore", OWNER, NULL},
        {"POST", "/cancel", OWNER, NULL},
        {"POST", "/offers/00112233445566778899aabbccddeeff/accept", OWNER, NULL},
        {"POST", "/offers/00112233445566778899aabbccddeeff/decline", OWNER, NULL},
        {"DELETE", "/requests/2024-06-03", OWNER, NULL},
        {"POST", "/v1/port-days/2504/2024-06-03/close", PORT_OFFICER, NULL},
        {"POST", "/requests", OWNER, "{\"ports\":[2504]}"},
        {"POST", "/v1/validations", OFFICER,
         "{\"confirmation_number\":\"7K3Q-F9X2-MHDY\",\"date_of_birth\":\"1980-01-15\","
         "\"purpose\":\"entry\"}"},
    };
    static const struct {
        const char *body;
        const char *code;
    } bad[] = {{"{\"dry_run\":true}", "unknown_member"},
               {"[]", "invalid_member"},
               {"garbage", "malformed_json"}};
    struct tn_log_head before;
    struct tn_log_head after;
    char path[192];

    (void) state;
    tn_log_head(served.place.ledger->log, &before);
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        bool whole = strncmp(rows[i].tail, "/v1/", 4) == 0;

        (void) snprintf(path, sizeof(path), "%s%s?dry_run=1", whole ? "" : owner.path,
                        rows[i].tail);
        MUST_ANSWER(400, call(&served, rows[i].method, path, tokens[rows[i].who], rows[i].body));
        assert_true(says("\"code\":\"invalid_parameter\""));
        *strchr(path, '?') = '\0';
        for (size_t j = 0; !rows[i].body && j < TN_ARRAY_SIZE(bad); j++) {
            MUST_ANSWER(400, call(&served, rows[i].method, path, tokens[rows[i].who], bad[j].body));
            assert_true(says(bad[j].code));
            assert_true(says("\"code\":\"malformed_json\"") || says("no body is wanted"));
        }
    }
    MUST_ANSWER(400, call_on(served.local, "POST", "/admin/status?verbose=1", NULL, NULL, "{}"));
    tn_log_head(served.place.ledger->log, &after);
    assert_int_equal(after.size, before.size);
}

static void locations_are_exact_or_refused(void **state)
{
    static const char *const bad[] = {
        "{\"ports\":[2504],\"location\":{\"lat\":1e1,\"lon\":2}}",
        "{\"ports\":[2504],\"location\":{\"lat\":\"1\",\"lon\":2}}",
        "{\"ports\":[2504],\"location\":{\"lat\":1}}",
        "{\"ports\":[2504],\"location\":{\"lat\":1,\"lon\":2,\"alt\":3}}",
        "{\"ports\":[2504],\"location\":{\"lat\":1234.5,\"lon\":2}}",
        "{\"ports\":[2504],\"location\":{\"l\\u0061t\":1,\"lon\":2}}",
        "{\"ports\":[]}",
        "{\"ports\":[70000]}",
        "{\"ports\":[\"2504\"]}",
        "{\"ports\":[2504],\"location\":{\"lat\":1,\"lon\":2},\"nationality\":\"M3X\"}",
    };
    char path[96];

    (void) state;
    (void) snprintf(path, sizeof(path), "%s/requests", owner.path);
    for (size_t i = 0; i < TN_ARRAY_SIZE(bad); i++) {
        MUST_ANSWER(400, call(&served, "POST", path, owner.token, bad[i]));
    }
}

static void a_suspended_officer_is_told_no_more(void **state)
{
    (void) state;
    MUST_ANSWER(403, call(&served, "POST", "/v1/validations", tokens[SUSPENDED],
                          "{\"confirmation_number\":\"7K3Q-F9X2-MHDY\",\"date_of_birth\":"
                          "\"1980-01-15\",\"purpose\":\"entry\"}"));
    MUST_ANSWER(200, call(&served, "POST", "/v1/validations", tokens[OFFICER],
                          "{\"confirmation_number\":\"7K3Q-F9X2-MHDY\",\"date_of_birth\":"
                          "\"1980-01-15\",\"purpose\":\"entry\"}"));
}

static void a_group_changes_by_its_own_acts(void **state)
{
    char path[192];
    char body[256];
    char first[33];
    char second[33];

    (void) state;
    MUST_ANSWER(200, call(&served, "GET", owner.path, owner.token, NULL));
    member("member", first, sizeof(first));
    (void) snprintf(path, sizeof(path), "%s/members", owner.path);
    MUST_ANSWER(201, call(&served, "POST", path, owner.token,
                          "{\"given_names\":\"Otra\",\"family_names\":\"Propia\","
                          "\"date_of_birth\":\"2015-05-05\",\"nationality\":\"XYZ\"}"));
    assert_true(says("\"adult\":false,\"size\":2"));
    member("member", second, sizeof(second));
    (void) snprintf(path, sizeof(path), "%s/members/%s", owner.path, second);
    MUST_ANSWER(400, call(&served, "DELETE", path, owner.token, NULL));
    (void) snprintf(path, sizeof(path), "%s/members/%s?by=%s", owner.path, second, second);
    MUST_ANSWER(409, call(&served, "DELETE", path, owner.token, NULL));
    assert_true(says("\"code\":\"not_by_own_act\""));
    (void) snprintf(path, sizeof(path), "%s/members/%s", owner.path, second);
    (void) snprintf(body, sizeof(body), "{\"by\":\"%s\"}", first);
    MUST_ANSWER(200, call(&served, "DELETE", path, owner.token, body));
    assert_true(says("\"size\":1"));
}

static void registrations_withdraw_return_and_merge(void **state)
{
    struct person_account third;
    char path[96];
    char body[192];

    (void) state;
    register_person(&served, "Persona Tercera", "1985-01-15", &third);
    (void) snprintf(path, sizeof(path), "%s/withdraw", third.path);
    MUST_ANSWER(200, call(&served, "POST", path, third.token, NULL));
    MUST_ANSWER(409, call(&served, "POST", path, third.token, NULL));
    assert_true(says("\"code\":\"registration_not_live\""));
    (void) snprintf(path, sizeof(path), "%s/restore", third.path);
    MUST_ANSWER(200, call(&served, "POST", path, third.token, NULL));
    (void) snprintf(path, sizeof(path), "%s/merge", owner.path);
    (void) snprintf(body, sizeof(body), "{\"other\":\"%s\",\"other_token\":\"%s\"}", third.id,
                    stranger.token);
    MUST_ANSWER(403, call(&served, "POST", path, owner.token, body));
    (void) snprintf(body, sizeof(body), "{\"other\":\"%s\",\"other_token\":\"%s\"}", third.id,
                    third.token);
    MUST_ANSWER(200, call(&served, "POST", path, owner.token, body));
    assert_true(says("\"size\":2"));
    MUST_ANSWER(200, call(&served, "GET", third.path, third.token, NULL));
    assert_true(says("\"state\":\"merged\""));
}

static void the_operators_pages_answer(void **state)
{
    (void) state;
    MUST_ANSWER(200, call(&served, "GET", "/healthz", NULL, NULL));
    MUST_ANSWER(200, call(&served, "GET", "/readyz", NULL, NULL));
    MUST_ANSWER(200, call(&served, "GET", "/metrics", tokens[OPERATOR], NULL));
    assert_true(says("\nturno_log_entries "));
    assert_true(says("turno_http_answers_total{class=\"4xx\"} "));
    MUST_ANSWER(200, call(&served, "GET", "/v1/ports", NULL, NULL));
    assert_true(says("{\"port\":2504,\"name\":\"San Ysidro\""));
    MUST_ANSWER(200, call(&served, "GET", "/v1/policy", NULL, NULL));
    assert_true(says("\"turno-policy-1\""));
    MUST_ANSWER(404, call(&served, "GET", "/v1/policy?version=9", NULL, NULL));
    MUST_ANSWER(200, admin(&served, "status", "{}"));
    assert_true(says("\"simulated\":false"));
    MUST_ANSWER(404, admin(&served, "nothing", "{}"));
    assert_int_not_equal(admin(&served, "advance", "{\"seconds\":1}"), 200);
}

static void a_failed_write_is_said_once(void **state)
{
    struct served other;
    char body[512];
    bool unknown = false;

    (void) state;
    served_open(&other, MORNING_US, true);
    body_of_person(body, sizeof(body), "Persona Sin Disco", "1980-01-15");
    heard_begin();
    tn_fault_arm_named("store_write", 0);
    for (unsigned i = 0; i < 4; i++) {
        unknown = call(&other, "POST", "/v1/registrations", NULL, body) == 503 &&
                  says("\"code\":\"outcome_unknown\"");
    }
    assert_true(tn_fault_disarm());
    (void) heard_end();
    assert_int_equal(heard_count("a request failed"), 0);
    assert_true(unknown);
    served_close(&other);
}

static void a_simulation_is_not_served_to_others(void **state)
{
    struct tn_service_options options = {.host = "0.0.0.0"};
    struct tn_service *service;
    struct tn_error error = {0};

    (void) state;
    served.place.ledger->simulated = true;
    assert_int_equal(tn_service_open(served.place.ledger, &options, &service, &error), TN_DENIED);
    served.place.ledger->simulated = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_lets_pass_whom_it_names_and_nobody_else),
        cmocka_unit_test(unknown_and_foreign_registrations_answer_alike),
        cmocka_unit_test(tokens_that_are_nobodys_are_401),
        cmocka_unit_test_teardown(a_token_that_cannot_be_looked_up_is_not_refused, heard_restore),
        cmocka_unit_test(problems_have_one_form),
        cmocka_unit_test(bad_bodies_are_refused_and_change_nothing),
        cmocka_unit_test(what_a_write_does_not_know_is_refused_and_changes_nothing),
        cmocka_unit_test(locations_are_exact_or_refused),
        cmocka_unit_test(a_suspended_officer_is_told_no_more),
        cmocka_unit_test(a_group_changes_by_its_own_acts),
        cmocka_unit_test(registrations_withdraw_return_and_merge),
        cmocka_unit_test(the_operators_pages_answer),
        cmocka_unit_test_teardown(a_failed_write_is_said_once, heard_restore),
        cmocka_unit_test(a_simulation_is_not_served_to_others),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
