/* The description of the API tells of exactly these routes, of what stands in their paths and
 * queries, of all codes; and that answers are compared with it is no empty word. What each route
 * answers is compared in privacy_test, which drives them all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/http/problem.h"
#include "ledger/base/clock.h"
#include "tests/api/described.h"
#include "tests/api/service_support.h"

static struct served served;
static struct description described;
static struct person_account owner;
static char auditor_token[65];

static int setup(void **state)
{
    char id[33];

    (void) state;
    served_open(&served, tn_clock_wall_us(), false);
    register_person(&served, "Persona Propia", "1980-01-15", &owner);
    add_officer(&served, "who", "auditor", 0, id, auditor_token);
    MUST_ANSWER(200, call(&served, "GET", "/openapi.json", NULL, NULL));
    description_open(&described, tn_bytes(reply.body, reply.body_size));
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    description_close(&described);
    served_close(&served);
    return 0;
}

static void it_tells_of_every_route_and_no_other(void **state)
{
    const struct tn_json_value *paths = tn_json_member(described.root, "paths");
    size_t count;
    size_t told = 0;
    const struct tn_http_route *routes = tn_service_routes(&count);

    (void) state;
    assert_non_null(paths);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(description_operation(&described, &routes[i]));
    }
    for (uint32_t i = 0; i < paths->count; i++) {
        told += paths->as.members[i].value.count;
    }
    assert_int_equal(told, count);
}

/* The schema of a parameter; NULL: there is none of that name. */
static const struct tn_json_value *parameter(const char *path, const char *method, const char *in,
                                             const char *name)
{
    const struct tn_json_value *told = tn_json_member(described.root, "paths");

    told = tn_json_member(tn_json_member(tn_json_member(told, path), method), "parameters");
    assert_non_null(told);
    for (uint32_t i = 0; i < told->count; i++) {
        const struct tn_json_value *one = &told->as.items[i];

        if (described_as(one, "name", name) && described_as(one, "in", in)) {
            return tn_json_member(one, "schema");
        }
    }
    return NULL;
}

static void it_tells_how_to_page(void **state)
{
    static const struct {
        const char *path;
        const char *names[5];
    } rows[] = {
        {"/v1/events", {"after", "limit", "kind", "stream"}},
        {"/v1/registrations/{registration}/history", {"after", "limit"}},
        {"/v1/registrations/{registration}/accesses", {"after", "limit"}},
        {"/v1/registrations/{registration}/proofs", {"after", "limit"}},
        {"/v1/policy", {"version"}},
        {"/v1/ports", {NULL}},
    };

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        assert_non_null(parameter(rows[i].path, "get", "header", "Min-Index"));
        for (size_t k = 0; rows[i].names[k]; k++) {
            const char *name = rows[i].names[k];
            const struct tn_json_value *schema = parameter(rows[i].path, "get", "query", name);
            const char *tail = strrchr(rows[i].path, '/');
            char path[160];
            char words[64];
            bool owned = strchr(rows[i].path, '{') != NULL;
            const char *token = owned ? owner.token : auditor_token;

            assert_non_null(schema);
            if (strcmp(name, "limit") != 0) {
                continue;
            }
            /* The maximum is taken, and what is more is told of it. */
            uint64_t max = tn_json_member(schema, "maximum")->as.uint64;
            (void) snprintf(path, sizeof(path), "%s%s?limit=%" PRIu64, owned ? owner.path : "/v1",
                            tail, max);
            MUST_ANSWER(200, call(&served, "GET", path, token, NULL));
            (void) snprintf(path, sizeof(path), "%s%s?limit=%" PRIu64, owned ? owner.path : "/v1",
                            tail, max + 1);
            MUST_ANSWER(400, call(&served, "GET", path, token, NULL));
            (void) snprintf(words, sizeof(words), "is a number of at most %" PRIu64, max);
            assert_true(says(words));
        }
    }
    assert_non_null(parameter("/v1/registrations", "post", "header", "Idempotency-Key"));
    assert_non_null(
        parameter("/v1/registrations/{registration}/members/{member}", "delete", "query", "by"));
    assert_null(parameter("/healthz", "get", "header", "Min-Index"));
    assert_null(parameter("/admin/{command}", "post", "header", "Idempotency-Key"));
}

static void it_tells_what_stands_in_a_path(void **state)
{
    static const char arrivals[] = "/v1/port-days/{port}/{day}/arrivals";
    static const char accept[] = "/v1/registrations/{registration}/offers/{offer}/accept";
    static const char pattern[] = "^[0-9a-f]{32}$";

    (void) state;
    assert_true(described_as(parameter(arrivals, "post", "path", "port"), "type", "integer"));
    assert_true(described_as(parameter(arrivals, "post", "path", "day"), "format", "date"));
    assert_true(
        described_as(parameter(accept, "post", "path", "registration"), "pattern", pattern));
    assert_true(described_as(parameter(accept, "post", "path", "offer"), "pattern", pattern));
    assert_true(described_as(
        parameter("/v1/registrations/{registration}/members/{member}", "delete", "path", "member"),
        "pattern", pattern));
}

static void it_tells_every_code(void **state)
{
    const struct tn_json_value *schemas =
        tn_json_member(tn_json_member(described.root, "components"), "schemas");
    const struct tn_json_value *schema = tn_json_member(schemas, "Code");
    struct tn_json_value code = {.type = TN_JSON_STRING};

    (void) state;
    for (unsigned i = 1; i < TN_PROBLEM_COUNT; i++) {
        code.as.string = tn_bytes_from_string(tn_problem_code((enum tn_problem) i));
        assert_true(description_fits(&described, schema, &code, code.as.string));
    }
    for (uint64_t i = 1; i < TN_REFUSAL_LIMIT; i++) {
        code.as.string = tn_bytes_from_string(tn_refusal_name(i));
        assert_int_equal(description_fits(&described, schema, &code, code.as.string),
                         strcmp(tn_refusal_name(i), "unknown") != 0);
    }
}

static void an_answer_that_is_not_as_described_is_seen(void **state)
{
    static const struct {
        const char *answer;
        const char *fault; /* NULL: it is as described */
    } rows[] = {
        {"{\"policy\":1,\"ports\":[]}", NULL},
        {"{\"policy\":1,\"ports\":[{\"port\":1,\"name\":\"\",\"zone\":\"\",\"seats_per_day\":0,"
         "\"suspended\":false}]}",
         NULL},
        {"{\"policy\":1}", "\"ports\" did not come"},
        {"{\"policy\":1,\"ports\":[],\"more\":0}", "\"more\" is described nowhere"},
        {"{\"policy\":\"1\",\"ports\":[]}", "\"policy\" is of another type"},
        {"{\"policy\":1,\"ports\":null}", "\"ports\" is of another type"},
        {"{\"policy\":1,\"ports\":[{\"port\":1}]}", "\"name\" did not come"},
        {"[]", "\"the answer\" is of another type"},
        {"", "no JSON"},
    };
    const struct tn_http_route *route;
    size_t count;

    (void) state;
    for (route = tn_service_routes(&count); strcmp(route->pattern, "/v1/ports") != 0; route++) {
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        reply.status = 200;
        reply.body_size = strlen(rows[i].answer);
        memcpy(reply.body, rows[i].answer, reply.body_size);
        (void) snprintf(reply.head, sizeof(reply.head),
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
        described.fault[0] = '\0';
        assert_int_equal(description_holds(&described, route, &reply), !rows[i].fault);
        assert_non_null(strstr(described.fault, rows[i].fault ? rows[i].fault : ""));
    }
    (void) snprintf(reply.head, sizeof(reply.head),
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
    assert_false(description_holds(&described, route, &reply));
    assert_string_equal(described.fault, "text/plain is described nowhere");
    MUST_ANSWER(404, call(&served, "GET", "/v1/days/2024-06-03", NULL, NULL));
    assert_true(description_holds(&described, route, &reply));
    memcpy(strstr(reply.body, "\"code\""), "\"c0de\"", 6);
    assert_false(description_holds(&described, route, &reply));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_tells_of_every_route_and_no_other),
        cmocka_unit_test(it_tells_how_to_page),
        cmocka_unit_test(it_tells_what_stands_in_a_path),
        cmocka_unit_test(it_tells_every_code),
        cmocka_unit_test(an_answer_that_is_not_as_described_is_seen),
    };

    return cmocka_run_group_tests_name("api/openapi", tests, setup, teardown);
}
