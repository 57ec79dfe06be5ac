/* The server against peers that are slow, greedy or broken. */
#include "api/http/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ledger/base/clock.h"
#include "tests/api/http/server_fixture.h"
#include "tests/faults.h"
#include "tests/scratch.h"

#define REQUEST(line) line " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct reply reply;

static uint64_t now_ms(void)
{
    return tn_clock_monotonic_us() / 1000;
}

/* One text on one connection: an answer with this status and code, then the end. */
static void assert_refused(struct fixture *fixture, const char *text, size_t size, int status,
                           const char *code)
{
    struct client *client = client_open(fixture->port);
    (void) client_send_bytes(client, text, size);
    if (client_reply(client, &reply, false) != status || strstr(reply.body, code) == NULL) {
        fail_msg("%.60s: %d %s", text, reply.status, reply.body);
    }
    assert_non_null(strstr(reply.head, "\r\nConnection: close\r\n"));
    assert_true(client_at_end(client));
    client_close(client);
}

static void what_is_malformed_or_too_large_ends_the_connection(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        int status;
        const char *code;
    } rows[] = {
        {"nonsense\r\n\r\n" REQUEST("GET /hello"), 400, "malformed_request"},
        {"GET /hello HTTP/1.1\r\n\r\n" REQUEST("GET /hello"), 400, "malformed_request"},
        {"GET /hello HTTP/1.1\nHost: a\n\n", 400, "malformed_request"},
        {"PATCH /hello HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed"},
        {"GET /hello HTTP/3.0\r\nHost: a\r\n\r\n", 505, "version_not_supported"},
        {"GET /hello HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417, "expectation_failed"},
        {"GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 413, "payload_too_large"},
        {"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world", 413,
         "payload_too_large"},
        {"POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n",
         413, "payload_too_large"},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 262145\r\n\r\n", 413,
         "payload_too_large"},
        /* Refused for who asks, then too large to be read over: the first reason is told. */
        {"POST /owned HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n", 401,
         "unauthenticated"},
    };
    static char large[64 * 1024];
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){0});
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        assert_refused(&fixture, rows[i].text, strlen(rows[i].text), rows[i].status, rows[i].code);
    }
    memset(large, 'a', sizeof(large));
    memcpy(large, "GET /", 5);
    assert_refused(&fixture, large, 5000, 414, "uri_too_long");
    memcpy(large, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 29);
    assert_refused(&fixture, large, 20000, 431, "headers_too_large");
    /* The peer is still sending when it is refused: it gets the answer all the same. */
    assert_refused(&fixture, large, sizeof(large), 431, "headers_too_large");
    size_t size = (size_t) snprintf(large, sizeof(large), "GET / HTTP/1.1\r\nHost: a\r\n");
    for (unsigned i = 0; i < 64; i++) {
        size += (size_t) snprintf(large + size, sizeof(large) - size, "X%u: y\r\n", i);
    }
    assert_refused(&fixture, large, size, 431, "headers_too_large");
    assert_int_equal(atomic_load(&fixture.echoed), 0);
    fixture_close(&fixture);
}

static void answers_before_a_refusal_are_sent(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){0});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /later/first") REQUEST(
                                        "GET /number/2") "broken\r\n" REQUEST("GET /number/4")));
    assert_true(fixture_wait_kept(&fixture, 1));
    fixture_wake(&fixture, 0);
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "first");
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "2");
    assert_int_equal(client_reply(client, &reply, false), 400);
    assert_true(client_at_end(client));
    client_close(client);
    fixture_close(&fixture);
}

static void a_slow_head_is_cut_at_its_deadline(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.head_timeout_ms = 150});
    struct client *client = client_open(fixture.port);
    uint64_t begun = now_ms();
    /* Each byte is in time, the whole is not: the deadline does not move. */
    unsigned sent = 0;
    while (now_ms() - begun < 120) {
        assert_true(client_send(client, sent == 0 ? "GET /hello HTTP/1.1\r\nX: " : "y"));
        sent++;
        client_sleep_ms(10);
    }
    assert_int_equal(client_reply(client, &reply, false), 408);
    assert_true(now_ms() - begun >= 140);
    assert_true(now_ms() - begun < 3000);
    assert_non_null(strstr(reply.body, "\"code\":\"timeout\""));
    assert_true(client_at_end(client));
    client_close(client);
    /* Who never says anything is closed without a word. */
    client = client_open(fixture.port);
    assert_true(client_at_end(client));
    client_close(client);
    fixture_close(&fixture);
}

static void a_slow_body_is_cut(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture,
                 (struct tn_http_options){.body_grace_ms = 100, .body_rate_min = 1000000});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
                                    "some"));
    assert_int_equal(client_reply(client, &reply, false), 408);
    assert_true(client_at_end(client));
    client_close(client);
    assert_int_equal(atomic_load(&fixture.echoed), 0);
    fixture_close(&fixture);
}

static void an_idle_connection_is_closed(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.idle_timeout_ms = 100});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /later/1")));
    assert_true(fixture_wait_kept(&fixture, 1));
    client_sleep_ms(200); /* a handler may take its time: that is not idle */
    fixture_wake(&fixture, 0);
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_true(client_at_end(client));
    client_close(client);
    fixture_close(&fixture);
}

static void connections_have_a_limit(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.connections_max = 3, .loops = 1});
    struct client *clients[3];
    for (size_t i = 0; i < 3; i++) {
        clients[i] = client_open(fixture.port);
        assert_true(client_send(clients[i], REQUEST("GET /hello")));
        assert_int_equal(client_reply(clients[i], &reply, false), 200);
    }
    struct client *over = client_open(fixture.port);
    assert_int_equal(client_reply(over, &reply, false), 503);
    assert_non_null(strstr(reply.body, "too_many_connections"));
    assert_non_null(strstr(reply.head, "\r\nRetry-After: "));
    assert_true(client_at_end(over));
    client_close(over);
    client_close(clients[0]);
    assert_true(fixture_wait_connections(&fixture, 2));
    clients[0] = client_open(fixture.port);
    for (size_t i = 0; i < 3; i++) {
        assert_true(client_send(clients[i], REQUEST("GET /hello")));
        assert_int_equal(client_reply(clients[i], &reply, false), 200);
        client_close(clients[i]);
    }
    fixture_close(&fixture);
}

static char folder[SCRATCH_BYTES];

static void strangers_do_not_lock_out_who_is_local(void **state)
{
    (void) state;
    char path[SCRATCH_PATH_BYTES];
    struct fixture fixture;
    struct client *remote[2];
    struct client *local[3];
    scratch_make(folder);
    (void) snprintf(path, sizeof(path), "%s/socket", folder);
    fixture_open(&fixture, (struct tn_http_options){.host = "127.0.0.1",
                                                    .unix_path = path,
                                                    .connections_max = 2,
                                                    .local_max = 3,
                                                    .loops = 1});
    for (size_t i = 0; i < 2; i++) {
        remote[i] = client_open(fixture.port);
        assert_true(client_send(remote[i], REQUEST("GET /hello")));
        assert_int_equal(client_reply(remote[i], &reply, false), 200);
    }
    for (size_t i = 0; i < 3; i++) {
        local[i] = client_open_unix(path);
        assert_true(client_send(local[i], REQUEST("GET /hello")));
        assert_int_equal(client_reply(local[i], &reply, false), 200);
        assert_string_equal(reply.body, "local");
    }
    struct client *over = client_open_unix(path);
    assert_int_equal(client_reply(over, &reply, false), 503);
    client_close(over);
    over = client_open(fixture.port);
    assert_int_equal(client_reply(over, &reply, false), 503);
    client_close(over);
    /* Nor the other way. */
    client_close(remote[0]);
    assert_true(fixture_wait_connections(&fixture, 4));
    remote[0] = client_open(fixture.port);
    assert_true(client_send(remote[0], REQUEST("GET /hello")));
    assert_int_equal(client_reply(remote[0], &reply, false), 200);
    client_close(remote[0]);
    client_close(remote[1]);
    for (size_t i = 0; i < 3; i++) {
        client_close(local[i]);
    }
    fixture_close(&fixture);
}

static int remove_folder(void **state)
{
    (void) state;
    scratch_remove(folder);
    return 0;
}

static void requests_in_flight_have_a_limit(void **state)
{
    (void) state;
    static char text[60 * 64];
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.requests_max = 8, .loops = 1});
    struct client *client = client_open(fixture.port);
    size_t size = 0;
    for (unsigned i = 0; i < 60; i++) {
        size += (size_t) snprintf(text + size, sizeof(text) - size,
                                  "GET /later/%u HTTP/1.1\r\nHost: a\r\n\r\n", i);
    }
    assert_true(client_send_bytes(client, text, size));
    for (unsigned i = 0; i < 60; i++) {
        char wanted[16];
        assert_true(fixture_wait_kept(&fixture, 1));
        fixture_wake(&fixture, 0);
        (void) snprintf(wanted, sizeof(wanted), "%u", i);
        assert_int_equal(client_reply(client, &reply, false), 200);
        assert_string_equal(reply.body, wanted);
    }
    assert_int_equal(fixture.kept_most, 8);
    client_close(client);
    fixture_close(&fixture);
}

static void pipelining_has_a_limit_for_all(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.pipelined_max = 2, .loops = 1});
    struct client *one = client_open(fixture.port);
    struct client *two = client_open(fixture.port);
    for (unsigned i = 0; i < 5; i++) {
        assert_true(client_send(one, REQUEST("GET /later/one")));
    }
    assert_true(fixture_wait_kept(&fixture, 3)); /* its own and both shared ones */
    assert_true(client_send(two, REQUEST("GET /hello")));
    assert_int_equal(client_reply(two, &reply, false), 200); /* everyone has one */
    for (unsigned i = 0; i < 5; i++) {
        assert_true(fixture_wait_kept(&fixture, 1));
        fixture_wake(&fixture, 0);
        assert_int_equal(client_reply(one, &reply, false), 200);
    }
    assert_int_equal(fixture.kept_most, 3);
    client_close(one);
    client_close(two);
    fixture_close(&fixture);
}

static void who_does_not_read_is_cut(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.write_timeout_ms = 150});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /large/20000000")));
    assert_true(fixture_wait_connections(&fixture, 1));
    assert_true(fixture_wait_connections(&fixture, 0));
    client_close(client);
    fixture_close(&fixture);
}

/* --- draining ----------------------------------------------------------------------------------
 */

static void a_drain_answers_what_is_in_flight(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    struct client *idle = client_open(fixture.port);
    struct client *busy = client_open(fixture.port);
    struct client *reading = client_open(fixture.port);
    assert_true(client_send(idle, REQUEST("GET /hello")));
    assert_int_equal(client_reply(idle, &reply, false), 200);
    assert_true(client_send(reading, "GET /number/7 HTTP/1.1\r\nHost"));
    assert_true(client_send(busy, REQUEST("GET /later/1") REQUEST("GET /later/2")));
    assert_true(fixture_wait_kept(&fixture, 2));
    tn_http_server_drain(fixture.server);
    tn_http_server_drain(fixture.server);
    assert_true(client_at_end(idle));
    fixture_wake(&fixture, 0);
    assert_int_equal(client_reply(busy, &reply, false), 200);
    fixture_wake(&fixture, 0);
    assert_int_equal(client_reply(busy, &reply, false), 200);
    assert_string_equal(reply.body, "2");
    assert_non_null(strstr(reply.head, "\r\nConnection: close\r\n"));
    assert_true(client_at_end(busy));
    assert_true(client_send(reading, ": a\r\n\r\n"));
    assert_int_equal(client_reply(reading, &reply, false), 200);
    assert_non_null(strstr(reply.head, "\r\nConnection: close\r\n"));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(fixture.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_not_equal(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
    (void) close(fd);
    client_close(idle);
    client_close(busy);
    client_close(reading);
    fixture_close(&fixture);
}

static void a_drain_has_a_deadline(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.drain_timeout_ms = 100, .loops = 1});
    struct client *slow = client_open(fixture.port);
    struct client *busy = client_open(fixture.port);
    assert_true(client_send(slow, "GET /hel"));
    assert_true(client_send(busy, REQUEST("GET /later/1")));
    assert_true(fixture_wait_kept(&fixture, 1));
    tn_http_server_drain(fixture.server);
    assert_true(client_at_end(slow));
    assert_true(client_at_end(busy));
    /* The loop waits for the handler, whose answer goes nowhere. */
    client_sleep_ms(50);
    fixture_wake(&fixture, 0);
    client_close(slow);
    client_close(busy);
    fixture_close(&fixture);
    assert_int_equal(atomic_load(&fixture.resumed), 1);
}

/* --- faults ------------------------------------------------------------------------------------
 */

/* Three requests on a connection; each is answered as it should be, or the connection ends. */
static unsigned faulty_requests(uint16_t port)
{
    struct client *client = client_open(port);
    unsigned answered = 0;
    if (client_send(
            client,
            REQUEST("GET /hello") REQUEST(
                "GET /large/70000") "POST /echo "
                                    "HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\ndata")) {
        while (answered < 3 && client_reply(client, &reply, false) == 200) {
            assert_int_equal(reply.body_size, answered == 0 ? 5 : answered == 1 ? 70000 : 4);
            answered++;
        }
        assert_true(answered == 3 || reply.status == 503 || reply.status == 0);
    }
    client_close(client);
    return answered;
}

static void every_fault_is_survived(void **state)
{
    (void) state;
    struct fault_seen points[] = {{.name = "http.json"},
                                  {.name = "http.listen"},
                                  {.name = "http.thread"},
                                  {.name = "http.connection"},
                                  {.name = "http.exchange"},
                                  {.name = "http.try_write"},
                                  {.name = NULL}};
    bool reached = true;
    unsigned not_opened = 0;
    for (unsigned nth = 0; reached; nth++) {
        struct tn_http_server *server = NULL;
        struct tn_error error = {0};
        struct fixture shared = {0};
        struct tn_http_options options = {.host = "127.0.0.1",
                                          .routes = fixture_routes,
                                          .route_count = TN_ARRAY_SIZE(fixture_routes),
                                          .context = &shared,
                                          .loops = 2,
                                          .tick_ms = 5,
                                          .linger_timeout_ms = 100};
        tn_fault_arm(nth);
        enum tn_status status = tn_http_server_open(&server, &options, &error);
        if (status == TN_OK) {
            (void) faulty_requests(tn_http_server_port(server));
            (void) faulty_requests(tn_http_server_port(server));
        }
        reached = tn_fault_disarm();
        faults_note(points);
        not_opened += status != TN_OK ? 1 : 0;
        assert_true((status == TN_OK) == (server != NULL));
        if (status == TN_OK) {
            /* After the fault all is well again. */
            assert_int_equal(faulty_requests(tn_http_server_port(server)), 3);
        } else {
            assert_true(error.text[0] != '\0');
        }
        tn_http_server_close(server);
    }
    assert_null(faults_missed(points));
    assert_int_equal(not_opened, 6); /* a parser, a listener and a thread for each loop */
}

static void input_that_cannot_wait_ends_the_connection(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.requests_max = 2, .loops = 1});
    struct client *client = client_open(fixture.port);
    tn_fault_arm_named("http.pending", 0);
    assert_true(client_send(client, REQUEST("GET /later/1") REQUEST("GET /later/2")
                                        REQUEST("GET /number/3") "GET /number/"));
    assert_true(client_at_end(client));
    assert_true(tn_fault_disarm());
    assert_true(fixture_wait_kept(&fixture, 2));
    fixture_wake(&fixture, 0);
    fixture_wake(&fixture, 0);
    client_close(client);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_malformed_or_too_large_ends_the_connection),
        cmocka_unit_test(answers_before_a_refusal_are_sent),
        cmocka_unit_test(a_slow_head_is_cut_at_its_deadline),
        cmocka_unit_test(a_slow_body_is_cut),
        cmocka_unit_test(an_idle_connection_is_closed),
        cmocka_unit_test(connections_have_a_limit),
        cmocka_unit_test_teardown(strangers_do_not_lock_out_who_is_local, remove_folder),
        cmocka_unit_test(requests_in_flight_have_a_limit),
        cmocka_unit_test(pipelining_has_a_limit_for_all),
        cmocka_unit_test(who_does_not_read_is_cut),
        cmocka_unit_test(a_drain_answers_what_is_in_flight),
        cmocka_unit_test(a_drain_has_a_deadline),
        cmocka_unit_test(every_fault_is_survived),
        cmocka_unit_test(input_that_cannot_wait_ends_the_connection),
    };
    return cmocka_run_group_tests_name("api/http/server_limits", tests, NULL, NULL);
}
