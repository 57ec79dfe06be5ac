/* The server over real sockets: answers, their order, who may ask. */
#include "api/http/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "tests/api/http/server_fixture.h"

#define REQUEST(line) line " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct reply reply;

static void requests_share_a_connection(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.common_fields = "X-Common: yes\r\n"});
    struct client *client = client_open(fixture.port);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(client_send(client, REQUEST("GET /hello")));
        assert_int_equal(client_reply(client, &reply, false), 200);
        assert_string_equal(reply.body, "hello");
        assert_non_null(strstr(reply.head, "\r\nContent-Type: text/plain\r\n"));
        assert_non_null(strstr(reply.head, "\r\nX-Common: yes\r\n"));
        assert_non_null(strstr(reply.head, "\r\nDate: "));
        assert_non_null(strstr(reply.head, " GMT\r\n"));
        assert_null(strstr(reply.head, "Connection: close"));
    }
    assert_true(client_send(client, REQUEST("HEAD /hello")));
    assert_int_equal(client_reply(client, &reply, true), 200);
    assert_non_null(strstr(reply.head, "\r\nContent-Length: 5\r\n"));
    assert_true(client_send(client, REQUEST("GET /number/%31%c3%a9")));
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "1\xc3\xa9");
    struct tn_http_stats stats;
    tn_http_server_stats(fixture.server, &stats);
    assert_int_equal(stats.connections, 1);
    assert_int_equal(stats.requests, 5);
    assert_int_equal(stats.answers[2], 5);
    assert_int_equal(stats.requests_open, 0);
    client_close(client);
    fixture_close(&fixture);
}

static void paths_and_methods_that_do_not_exist(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){0});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /nothing")));
    assert_int_equal(client_reply(client, &reply, false), 404);
    assert_non_null(strstr(reply.head, "\r\nContent-Type: application/problem+json\r\n"));
    assert_non_null(strstr(reply.body, "\"code\":\"not_found\""));
    assert_true(client_send(client, REQUEST("DELETE /hello")));
    assert_int_equal(client_reply(client, &reply, false), 405);
    assert_non_null(strstr(reply.head, "\r\nAllow: GET, HEAD, OPTIONS\r\n"));
    assert_true(client_send(client, REQUEST("OPTIONS /echo")));
    assert_int_equal(client_reply(client, &reply, false), 204);
    assert_non_null(strstr(reply.head, "\r\nAllow: POST, OPTIONS\r\n"));
    assert_null(strstr(reply.head, "Content-Length"));
    assert_true(client_send(client, REQUEST("OPTIONS *")));
    assert_int_equal(client_reply(client, &reply, false), 204);
    assert_non_null(strstr(reply.head, "\r\nAllow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"));
    /* The body of what is refused is read over, and the connection stays. */
    assert_true(client_send(client, "POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
                                    "hello" REQUEST("GET /hello")));
    assert_int_equal(client_reply(client, &reply, false), 404);
    assert_int_equal(client_reply(client, &reply, false), 200);
    client_close(client);
    fixture_close(&fixture);
}

static void bodies_arrive(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){0});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
                                    "hello"));
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "hello");
    assert_true(client_send(client, "POST /echo HTTP/1.1\r\nHost: a\r\n"
                                    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n"
                                    "0\r\n\r\n"));
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "abcde");
    /* The largest body of all, which comes in many reads. */
    static char large[TN_HTTP_BODY_MAX];
    char head[128];
    for (size_t i = 0; i < sizeof(large); i++) {
        large[i] = (char) ('a' + i % 19);
    }
    (void) snprintf(head, sizeof(head),
                    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", sizeof(large));
    assert_true(client_send(client, head));
    assert_true(client_send_bytes(client, large, sizeof(large)));
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_int_equal(reply.body_size, sizeof(large));
    assert_memory_equal(reply.body, large, sizeof(large));
    client_close(client);
    fixture_close(&fixture);
}

static void a_request_may_come_byte_by_byte(void **state)
{
    (void) state;
    static const char text[] =
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nab\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){0});
    struct client *client = client_open(fixture.port);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        assert_true(client_send_bytes(client, text + i, 1));
        if (i % 16 == 0) {
            client_sleep_ms(1);
        }
    }
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "ab");
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "hello");
    client_close(client);
    fixture_close(&fixture);
}

static void pipelined_answers_keep_their_order(void **state)
{
    (void) state;
    static char text[200 * 64];
    struct fixture fixture;
    /* Few in flight, so that reading stalls and goes on again and again. */
    fixture_open(&fixture, (struct tn_http_options){.requests_max = 4});
    struct client *client = client_open(fixture.port);
    size_t size = 0;
    for (unsigned i = 0; i < 200; i++) {
        size += (size_t) snprintf(text + size, sizeof(text) - size,
                                  "GET /number/%u HTTP/1.1\r\nHost: a\r\n\r\n", i);
    }
    assert_true(client_send_bytes(client, text, size));
    for (unsigned i = 0; i < 200; i++) {
        char wanted[16];
        (void) snprintf(wanted, sizeof(wanted), "%u", i);
        assert_int_equal(client_reply(client, &reply, false), 200);
        assert_string_equal(reply.body, wanted);
    }
    client_close(client);
    fixture_close(&fixture);
}

static void the_last_request_is_the_last(void **state)
{
    (void) state;
    static const char *const texts[] = {
        "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" REQUEST("GET /number/2"),
        "GET /hello HTTP/1.0\r\nHost: a\r\n\r\n" REQUEST("GET /number/2"),
    };
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){0});
    for (size_t i = 0; i < TN_ARRAY_SIZE(texts); i++) {
        struct client *client = client_open(fixture.port);
        assert_true(client_send(client, texts[i]));
        assert_int_equal(client_reply(client, &reply, false), 200);
        assert_non_null(strstr(reply.head, "\r\nConnection: close\r\n"));
        assert_true(client_at_end(client));
        client_close(client);
    }
    fixture_close(&fixture);
}

static void callers_are_authorised_before_their_body(void **state)
{
    (void) state;
    static const struct {
        const char *authorization;
        int status;
        const char *body;
    } rows[] = {
        {"", 401, "unauthenticated"},
        {"Authorization: Bearer bad\r\n", 401, "unauthenticated"},
        {"Authorization: Bearer other\r\n", 403, "forbidden"},
        {"Authorization: Bearer good\r\n", 200, "data"},
    };
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){0});
    struct client *client = client_open(fixture.port);
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        char text[256];
        (void) snprintf(text, sizeof(text),
                        "POST /owned HTTP/1.1\r\nHost: a\r\n%sContent-Length: 4\r\n\r\ndata",
                        rows[i].authorization);
        assert_true(client_send(client, text));
        assert_int_equal(client_reply(client, &reply, false), rows[i].status);
        assert_non_null(strstr(reply.body, rows[i].body));
        assert_true((strstr(reply.head, "WWW-Authenticate: Bearer") != NULL) ==
                    (rows[i].status == 401));
    }
    assert_int_equal(atomic_load(&fixture.echoed), 1);
    client_close(client);
    fixture_close(&fixture);
}

static void who_expects_100_hears_it(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){0});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
                                    "Expect: 100-continue\r\n\r\n"));
    assert_int_equal(client_reply(client, &reply, true), 100);
    assert_true(client_send(client, "data"));
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "data");
    /* Refused at the head: the answer comes instead of the 100, and the connection ends. */
    assert_true(client_send(client, "POST /owned HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
                                    "Expect: 100-continue\r\n\r\n"));
    assert_int_equal(client_reply(client, &reply, false), 401);
    assert_true(client_at_end(client));
    client_close(client);
    fixture_close(&fixture);
}

static void queries_and_json_are_read(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        int status;
        const char *body;
    } rows[] = {
        {REQUEST("GET /query?a=%41+b%26"), 200, "A b&"},
        {REQUEST("GET /query?b=1&&a="), 200, ""},
        {REQUEST("GET /query"), 200, "(none)"},
        {REQUEST("GET /query?a=1&a=2"), 400, "invalid_parameter"},
        {REQUEST("GET /query?a=%ff"), 400, "invalid_parameter"},
        {REQUEST("GET /query?c=1"), 400, "unknown parameter \\\"c\\\""},
        {"POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
         "Content-Length: 2\r\n\r\n{}",
         200, "object"},
        {"POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
         "Content-Length: 15\r\n\r\n{\"a\":1, \"a\": 2}",
         400, "malformed_json"},
        {"POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/jsonx\r\n"
         "Content-Length: 2\r\n\r\n{}",
         415, "unsupported_media_type"},
        {"POST /json HTTP/1.1\r\nHost: a\r\n\r\n", 415, "unsupported_media_type"},
    };
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){0});
    struct client *client = client_open(fixture.port);
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        assert_true(client_send(client, rows[i].text));
        assert_int_equal(client_reply(client, &reply, false), rows[i].status);
        if (strstr(reply.body, rows[i].body) == NULL) {
            fail_msg("row %zu: %s", i, reply.body);
        }
    }
    client_close(client);
    fixture_close(&fixture);
}

static void a_header_cannot_be_injected(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){0});
    struct client *client = client_open(fixture.port);
    /* What is behind an answer that closes is not answered, though its handler ran. */
    assert_true(client_send(client, REQUEST("GET /injection") REQUEST("GET /hello")));
    assert_int_equal(client_reply(client, &reply, false), 500);
    assert_null(strstr(reply.head, "X-Bad"));
    assert_non_null(strstr(reply.head, "\r\nConnection: close\r\n"));
    assert_true(client_at_end(client));
    client_close(client);
    fixture_close(&fixture);
}

static void the_unix_socket_is_for_its_owner(void **state)
{
    (void) state;
    char path[64];
    struct stat found;
    struct fixture fixture;
    (void) snprintf(path, sizeof(path), "turno-test-%ld.sock", (long) getpid());
    fixture_open(&fixture, (struct tn_http_options){.unix_path = path});
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    struct client *client = client_open_unix(path);
    assert_true(client_send(client, REQUEST("GET /hello")));
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "local");
    client_close(client);
    fixture_close(&fixture);
    assert_int_not_equal(stat(path, &found), 0);
}

static void loops_share_a_port(void **state)
{
    (void) state;
    struct client *clients[24];
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 3});
    for (size_t i = 0; i < TN_ARRAY_SIZE(clients); i++) {
        clients[i] = client_open(fixture.port);
        assert_true(client_send(clients[i], REQUEST("GET /hello")));
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(clients); i++) {
        assert_int_equal(client_reply(clients[i], &reply, false), 200);
        client_close(clients[i]);
    }
    struct tn_http_stats stats;
    tn_http_server_stats(fixture.server, &stats);
    assert_int_equal(stats.connections, TN_ARRAY_SIZE(clients));
    assert_int_equal(stats.requests, TN_ARRAY_SIZE(clients));
    fixture_close(&fixture);
}

static void a_server_does_not_open_with_a_fault(void **state)
{
    (void) state;
    static const struct tn_http_route forgotten[] = {
        {.method = TN_HTTP_GET, .pattern = "/forgotten", .handler = on_hello}};
    struct fixture fixture;
    struct tn_http_server *server = NULL;
    struct tn_error error = {0};
    fixture_open(&fixture, (struct tn_http_options){0});
    struct tn_http_options options = {
        .host = "127.0.0.1", .routes = fixture_routes, .route_count = 1};
    struct tn_http_options bad = options;
    bad.routes = forgotten;
    assert_int_equal(tn_http_server_open(&server, &bad, &error), TN_INVALID);
    assert_non_null(strstr(error.text, "authorisation"));
    bad = options;
    bad.host = NULL;
    assert_int_equal(tn_http_server_open(&server, &bad, &error), TN_INVALID);
    bad = options;
    bad.host = "localhost";
    assert_int_equal(tn_http_server_open(&server, &bad, &error), TN_INVALID);
    bad = options;
    bad.common_fields = "X: y";
    assert_int_equal(tn_http_server_open(&server, &bad, &error), TN_INVALID);
    bad = options;
    bad.port = fixture.port; /* taken */
    bad.loops = 2;
    assert_int_equal(tn_http_server_open(&server, &bad, &error), TN_IO);
    assert_null(server);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_share_a_connection),
        cmocka_unit_test(paths_and_methods_that_do_not_exist),
        cmocka_unit_test(bodies_arrive),
        cmocka_unit_test(a_request_may_come_byte_by_byte),
        cmocka_unit_test(pipelined_answers_keep_their_order),
        cmocka_unit_test(the_last_request_is_the_last),
        cmocka_unit_test(callers_are_authorised_before_their_body),
        cmocka_unit_test(who_expects_100_hears_it),
        cmocka_unit_test(queries_and_json_are_read),
        cmocka_unit_test(a_header_cannot_be_injected),
        cmocka_unit_test(the_unix_socket_is_for_its_owner),
        cmocka_unit_test(loops_share_a_port),
        cmocka_unit_test(a_server_does_not_open_with_a_fault),
    };
    return cmocka_run_group_tests_name("api/http/server", tests, NULL, NULL);
}
