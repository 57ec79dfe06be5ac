/* Which route answers, and which tables are refused. */
#include "api/http/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "ledger/base/check.h"

static void handler(struct tn_http_request *request)
{
    (void) request;
}

#define ROUTE(method_, pattern_)                                                                   \
    {                                                                                              \
        .method = TN_HTTP_##method_, .pattern = pattern_, .access = TN_ACCESS_PUBLIC,              \
        .handler = handler                                                                         \
    }

static const struct tn_http_route routes[] = {
    ROUTE(GET, "/"),
    ROUTE(GET, "/v1/ports"),
    ROUTE(POST, "/v1/registrations"),
    ROUTE(GET, "/v1/registrations/{id}"),
    ROUTE(DELETE, "/v1/registrations/{id}"),
    ROUTE(POST, "/v1/registrations/search"),
    ROUTE(GET, "/v1/registrations/{id}/history"),
    ROUTE(POST, "/v1/registrations/{id}/offers/{offer}/accept"),
    ROUTE(POST, "/v1/registrations/{id}/offers/{offer}/decline"),
    ROUTE(PUT, "/v1/registrations/{id}/members/{member}/photo"),
    ROUTE(GET, "/v1/days/{day}"),
    ROUTE(GET, "/v1/days/today"),
    ROUTE(GET, "/log/checkpoint"),
    ROUTE(GET, "/log/tile/{path...}"),
    ROUTE(HEAD, "/v1/only-head"),
    ROUTE(OPTIONS, "/v1/own-options"),
};

static void paths_find_their_routes(void **state)
{
    (void) state;
    static const struct {
        enum tn_http_method method;
        const char *path;
        int route; /* index, or -1 */
        const char *allow;
        const char *first;
        const char *second;
    } rows[] = {
        {TN_HTTP_GET, "/", 0, "GET, HEAD, OPTIONS", NULL, NULL},
        {TN_HTTP_HEAD, "/", 0, "GET, HEAD, OPTIONS", NULL, NULL},
        {TN_HTTP_POST, "/", -1, "GET, HEAD, OPTIONS", NULL, NULL},
        {TN_HTTP_GET, "/v1/ports", 1, "GET, HEAD, OPTIONS", NULL, NULL},
        {TN_HTTP_GET, "/v1/ports/", -1, "", NULL, NULL},
        {TN_HTTP_GET, "//v1/ports", -1, "", NULL, NULL},
        {TN_HTTP_GET, "/v1//ports", -1, "", NULL, NULL},
        {TN_HTTP_GET, "/v1", -1, "", NULL, NULL},
        {TN_HTTP_GET, "/V1/ports", -1, "", NULL, NULL},
        {TN_HTTP_GET, "", -1, "", NULL, NULL},
        {TN_HTTP_GET, "*", -1, "", NULL, NULL},
        {TN_HTTP_POST, "/v1/registrations", 2, "POST, OPTIONS", NULL, NULL},
        {TN_HTTP_GET, "/v1/registrations", -1, "POST, OPTIONS", NULL, NULL},
        {TN_HTTP_GET, "/v1/registrations/abc", 3, "GET, HEAD, DELETE, OPTIONS", "abc", NULL},
        {TN_HTTP_DELETE, "/v1/registrations/a b", 4, "GET, HEAD, DELETE, OPTIONS", "a b", NULL},
        {TN_HTTP_PUT, "/v1/registrations/abc", -1, "GET, HEAD, DELETE, OPTIONS", NULL, NULL},
        {TN_HTTP_GET, "/v1/registrations/", -1, "", NULL, NULL},
        /* A literal wins, and where it has no such method the parameter is asked. */
        {TN_HTTP_POST, "/v1/registrations/search", 5, "POST, OPTIONS", NULL, NULL},
        {TN_HTTP_GET, "/v1/registrations/search", 3, "GET, HEAD, POST, DELETE, OPTIONS", "search",
         NULL},
        {TN_HTTP_GET, "/v1/registrations/search/history", 6, "GET, HEAD, OPTIONS", "search", NULL},
        {TN_HTTP_POST, "/v1/registrations/r/offers/o/accept", 7, "POST, OPTIONS", "r", "o"},
        {TN_HTTP_POST, "/v1/registrations/r/offers/o/decline", 8, "POST, OPTIONS", "r", "o"},
        {TN_HTTP_POST, "/v1/registrations/r/offers/o/refuse", -1, "", NULL, NULL},
        {TN_HTTP_POST, "/v1/registrations/r/offers//accept", -1, "", NULL, NULL},
        {TN_HTTP_PUT, "/v1/registrations/r/members/m/photo", 9, "PUT, OPTIONS", "r", "m"},
        {TN_HTTP_GET, "/v1/days/today", 11, "GET, HEAD, OPTIONS", NULL, NULL},
        {TN_HTTP_GET, "/v1/days/2024-03-09", 10, "GET, HEAD, OPTIONS", "2024-03-09", NULL},
        {TN_HTTP_GET, "/log/tile/0/x001/234.p/5", 13, "GET, HEAD, OPTIONS", "0/x001/234.p/5", NULL},
        {TN_HTTP_GET, "/log/tile/", -1, "", NULL, NULL},
        {TN_HTTP_GET, "/log/tile", -1, "", NULL, NULL},
        {TN_HTTP_HEAD, "/v1/only-head", 14, "HEAD, OPTIONS", NULL, NULL},
        {TN_HTTP_GET, "/v1/only-head", -1, "HEAD, OPTIONS", NULL, NULL},
        {TN_HTTP_OPTIONS, "/v1/own-options", 15, "OPTIONS", NULL, NULL},
        {TN_HTTP_OPTIONS, "/v1/ports", -1, "GET, HEAD, OPTIONS", NULL, NULL},
    };
    struct tn_http_router *router = NULL;
    struct tn_error error = {0};
    assert_int_equal(tn_http_router_create(&router, routes, TN_ARRAY_SIZE(routes), &error), TN_OK);
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_http_match match;
        char allow[TN_HTTP_ALLOW_SIZE];
        tn_http_router_match(router, rows[i].method, tn_bytes_from_string(rows[i].path), &match);
        tn_http_allow_format(match.allowed, allow);
        const struct tn_http_route *wanted = rows[i].route < 0 ? NULL : &routes[rows[i].route];
        if (match.route != wanted) {
            fail_msg("%s: %s", rows[i].path, match.route == NULL ? "none" : match.route->pattern);
        }
        assert_string_equal(allow, rows[i].allow);
        const char *const parameters[] = {rows[i].first, rows[i].second, NULL};
        for (size_t j = 0; j < 3; j++) {
            assert_true(parameters[j] == NULL
                            ? match.parameters[j].size == 0
                            : tn_bytes_equal_string(match.parameters[j], parameters[j]));
        }
    }
    tn_http_router_destroy(router);
}

static void tables_with_a_fault_are_refused(void **state)
{
    (void) state;
    static const struct {
        const char *label;
        struct tn_http_route routes[2];
        const char *says;
    } rows[] = {
        {"no authorisation row",
         {ROUTE(GET, "/a"), {.method = TN_HTTP_GET, .pattern = "/forgotten", .handler = handler}},
         "/forgotten: no authorisation row"},
        {"a row that is none",
         {ROUTE(GET, "/a"),
          {.method = TN_HTTP_GET, .pattern = "/b", .access = TN_ACCESS_COUNT, .handler = handler}},
         "no authorisation row"},
        {"no handler",
         {ROUTE(GET, "/a"), {.method = TN_HTTP_GET, .pattern = "/b", .access = TN_ACCESS_PUBLIC}},
         "no handler"},
        {"no method", {ROUTE(GET, "/a"), ROUTE(NONE, "/b")}, "no method"},
        {"no pattern", {ROUTE(GET, "/a"), ROUTE(GET, NULL)}, "not a pattern"},
        {"no slash", {ROUTE(GET, "/a"), ROUTE(GET, "b")}, "not a pattern"},
        {"empty segment", {ROUTE(GET, "/a"), ROUTE(GET, "/b//c")}, "not a pattern"},
        {"slash at the end", {ROUTE(GET, "/a"), ROUTE(GET, "/b/")}, "not a pattern"},
        {"open brace", {ROUTE(GET, "/a"), ROUTE(GET, "/{b")}, "not a pattern"},
        {"brace inside", {ROUTE(GET, "/a"), ROUTE(GET, "/a{b}")}, "not a pattern"},
        {"no name", {ROUTE(GET, "/a"), ROUTE(GET, "/{}")}, "not a pattern"},
        {"name of a rest", {ROUTE(GET, "/a"), ROUTE(GET, "/{...}")}, "not a pattern"},
        {"rest not last", {ROUTE(GET, "/a"), ROUTE(GET, "/{b...}/c")}, "not a pattern"},
        {"five parameters",
         {ROUTE(GET, "/a"), ROUTE(GET, "/{a}/{b}/{c}/{d}/{e}")},
         "not a pattern"},
        {"twice", {ROUTE(GET, "/a/{b}"), ROUTE(GET, "/a/{c}")}, "stands twice"},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_error error = {0};
        struct tn_http_router *router = NULL;
        assert_int_equal(tn_http_routes_check(rows[i].routes, 2, &error), TN_INVALID);
        if (strstr(error.text, rows[i].says) == NULL) {
            fail_msg("%s: %s", rows[i].label, error.text);
        }
        assert_int_equal(tn_http_router_create(&router, rows[i].routes, 2, &error), TN_INVALID);
        assert_null(router);
    }
    struct tn_error error = {0};
    assert_int_equal(tn_http_routes_check(routes, TN_ARRAY_SIZE(routes), &error), TN_OK);
}

static void bodies_have_a_limit_by_method(void **state)
{
    (void) state;
    const struct tn_http_route get = ROUTE(GET, "/");
    const struct tn_http_route post = ROUTE(POST, "/");
    struct tn_http_route own = ROUTE(POST, "/");
    own.body_max = 5;
    assert_int_equal(tn_http_route_body_max(&get), 0);
    assert_int_equal(tn_http_route_body_max(&post), TN_HTTP_BODY_MAX);
    assert_int_equal(tn_http_route_body_max(&own), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_their_routes),
        cmocka_unit_test(tables_with_a_fault_are_refused),
        cmocka_unit_test(bodies_have_a_limit_by_method),
    };
    return cmocka_run_group_tests_name("api/http/router", tests, NULL, NULL);
}
