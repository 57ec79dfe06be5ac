/* A server with a handful of routes for tests, on a free port of loopback. */
#ifndef TN_TESTS_API_HTTP_SERVER_FIXTURE_H
#define TN_TESTS_API_HTTP_SERVER_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "api/http/server.h"
#include "ledger/base/check.h"
#include "tests/api/http/client.h"

#define KEPT_MAX 512

/* What handlers and tests share; the lock is for `kept`. */
struct fixture {
    struct tn_http_server *server;
    uint16_t port;
    pthread_mutex_t lock;
    struct tn_http_request *kept[KEPT_MAX]; /* requests of /later, in the order of their handlers */
    unsigned kept_count;
    unsigned kept_most; /* most at one time */
    atomic_uint resumed;
    atomic_uint gone;
    atomic_uint echoed;
    atomic_uint sends_refused;
    struct tn_http_request *stream; /* of /stream; loop thread, or while the test holds it still */
    atomic_bool stream_open;
    atomic_int last_status;
};

static inline struct fixture *fixture_of(struct tn_http_request *request)
{
    return request->context;
}

static inline void text_respond(struct tn_http_request *request, struct tn_bytes text)
{
    tn_http_respond(request, 200, "text/plain", text, NULL, 0);
}

static inline void on_hello(struct tn_http_request *request)
{
    text_respond(request, request->local ? tn_bytes("local", 5) : tn_bytes("hello", 5));
}

static inline void on_echo(struct tn_http_request *request)
{
    atomic_fetch_add(&fixture_of(request)->echoed, 1);
    text_respond(request, request->body);
}

static inline void on_number(struct tn_http_request *request)
{
    text_respond(request, request->parameters[0]);
}

static inline void on_query(struct tn_http_request *request)
{
    static const char *const names[] = {"a", "b"};
    struct tn_bytes value = {0};
    struct tn_error error = {0};
    if (tn_http_query_only(request, names, 2, &error) != TN_OK ||
        tn_http_query(request, "a", &value) != TN_OK) {
        tn_http_respond_problem(request, TN_PROBLEM_INVALID_PARAMETER, error.text);
        return;
    }
    text_respond(request, value.data == NULL ? tn_bytes("(none)", 6) : value);
}

static inline void on_json(struct tn_http_request *request)
{
    const struct tn_json_value *root = NULL;
    if (tn_http_body_json(request, &root)) {
        text_respond(request,
                     root->type == TN_JSON_OBJECT ? tn_bytes("object", 6) : tn_bytes("other", 5));
    }
}

static inline void on_injection(struct tn_http_request *request)
{
    struct tn_http_reply_field field = {.name = "X-Said", .value = tn_bytes("a\r\nX-Bad: b", 11)};
    tn_http_respond(request, 200, NULL, tn_bytes(NULL, 0), &field, 1);
}

/* /large/{n}: n bytes that can be checked. */
static inline void on_large(struct tn_http_request *request)
{
    char number[16] = "";
    memcpy(number, request->parameters[0].data, request->parameters[0].size);
    size_t size = strtoul(number, NULL, 10);
    uint8_t *text = malloc(size);
    TN_CHECK(text != NULL);
    for (size_t i = 0; i < size; i++) {
        text[i] = (uint8_t) ('a' + i % 23);
    }
    text_respond(request, tn_bytes(text, size));
    free(text);
}

/* Kept until the test wakes it. */
static inline void on_later(struct tn_http_request *request)
{
    struct fixture *fixture = fixture_of(request);
    (void) pthread_mutex_lock(&fixture->lock);
    TN_CHECK(fixture->kept_count < KEPT_MAX);
    fixture->kept[fixture->kept_count++] = request;
    if (fixture->kept_count > fixture->kept_most) {
        fixture->kept_most = fixture->kept_count;
    }
    (void) pthread_mutex_unlock(&fixture->lock);
}

static inline void later_resume(struct tn_http_request *request)
{
    atomic_fetch_add(&fixture_of(request)->resumed, 1);
    text_respond(request, request->parameters[0]);
}

static inline void pool_work(struct tn_http_request *request)
{
    client_sleep_ms(20);
    request->user = request;
}

static inline void pool_resume(struct tn_http_request *request)
{
    TN_CHECK(request->user == request);
    atomic_fetch_add(&fixture_of(request)->resumed, 1);
    text_respond(request, tn_bytes("worked", 6));
}

static inline void on_work(struct tn_http_request *request)
{
    if (tn_http_work(request, pool_work, pool_resume) != TN_OK) {
        tn_http_respond_problem(request, TN_PROBLEM_BUSY, NULL);
    }
}

static inline void stream_gone(struct tn_http_request *request)
{
    struct fixture *fixture = fixture_of(request);
    atomic_store(&fixture->stream_open, false);
    atomic_fetch_add(&fixture->gone, 1);
    tn_http_stream_end(request);
}

static inline void on_stream(struct tn_http_request *request)
{
    struct fixture *fixture = fixture_of(request);
    tn_http_stream_begin(request, 200, "text/event-stream", stream_gone);
    atomic_store(&fixture->last_status, tn_http_stream_send(request, tn_bytes("one\n", 4)));
    fixture->stream = request;
    atomic_store(&fixture->stream_open, true);
}

static inline enum tn_http_verdict fixture_authorise(struct tn_http_request *request,
                                                     enum tn_http_access access)
{
    struct tn_bytes token = tn_http_header(request, "authorization");
    if (access == TN_ACCESS_PUBLIC || tn_bytes_equal_string(token, "Bearer good")) {
        return TN_HTTP_ALLOW;
    }
    return tn_bytes_equal_string(token, "Bearer other") ? TN_HTTP_DENY_403 : TN_HTTP_DENY_401;
}

#define FIXTURE_ROUTE(method_, pattern_, handler_)                                                 \
    {                                                                                              \
        .method = TN_HTTP_##method_, .pattern = pattern_, .access = TN_ACCESS_PUBLIC,              \
        .handler = handler_                                                                        \
    }

static const struct tn_http_route fixture_routes[] = {
    FIXTURE_ROUTE(GET, "/hello", on_hello),
    FIXTURE_ROUTE(POST, "/echo", on_echo),
    FIXTURE_ROUTE(GET, "/number/{n}", on_number),
    FIXTURE_ROUTE(GET, "/query", on_query),
    FIXTURE_ROUTE(POST, "/json", on_json),
    FIXTURE_ROUTE(GET, "/injection", on_injection),
    FIXTURE_ROUTE(GET, "/large/{n}", on_large),
    FIXTURE_ROUTE(GET, "/later/{n}", on_later),
    FIXTURE_ROUTE(GET, "/work", on_work),
    FIXTURE_ROUTE(GET, "/stream", on_stream),
    {.method = TN_HTTP_POST,
     .pattern = "/small",
     .access = TN_ACCESS_PUBLIC,
     .body_max = 10,
     .handler = on_echo},
    {.method = TN_HTTP_POST, .pattern = "/owned", .access = TN_ACCESS_OWNER, .handler = on_echo},
    {.method = TN_HTTP_GET,
     .pattern = "/owned/{n}",
     .access = TN_ACCESS_OWNER,
     .handler = on_large},
};

/* `options` says what differs from the defaults; deadlines are looked at every 10 ms. */
static inline void fixture_open(struct fixture *fixture, struct tn_http_options options)
{
    memset(fixture, 0, sizeof(*fixture));
    (void) pthread_mutex_init(&fixture->lock, NULL);
    options.host = options.unix_path == NULL ? "127.0.0.1" : options.host;
    options.routes = fixture_routes;
    options.route_count = TN_ARRAY_SIZE(fixture_routes);
    options.context = fixture;
    options.authorise = fixture_authorise;
    options.tick_ms = 10;
    options.linger_timeout_ms = options.linger_timeout_ms != 0 ? options.linger_timeout_ms : 200;
    struct tn_error error = {0};
    if (tn_http_server_open(&fixture->server, &options, &error) != TN_OK) {
        (void) fprintf(stderr, "%s\n", error.text);
        abort();
    }
    fixture->port = tn_http_server_port(fixture->server);
}

static inline void fixture_close(struct fixture *fixture)
{
    tn_http_server_close(fixture->server); /* checks uv_loop_close() == 0 for each loop */
    (void) pthread_mutex_destroy(&fixture->lock);
}

/* Wait until `count` requests are kept; false after 5 s. */
static inline bool fixture_wait_kept(struct fixture *fixture, unsigned count)
{
    for (unsigned i = 0; i < 1000; i++) {
        (void) pthread_mutex_lock(&fixture->lock);
        unsigned kept = fixture->kept_count;
        (void) pthread_mutex_unlock(&fixture->lock);
        if (kept >= count) {
            return true;
        }
        client_sleep_ms(5);
    }
    return false;
}

/* Take the request kept at `index` (the order of the others stays) and wake it. */
static inline void fixture_wake(struct fixture *fixture, unsigned index)
{
    (void) pthread_mutex_lock(&fixture->lock);
    TN_CHECK(index < fixture->kept_count);
    struct tn_http_request *request = fixture->kept[index];
    fixture->kept_count--;
    for (unsigned i = index; i < fixture->kept_count; i++) {
        fixture->kept[i] = fixture->kept[i + 1];
    }
    (void) pthread_mutex_unlock(&fixture->lock);
    tn_http_wake(request, later_resume);
}

/* Wait until an atomic counter has a value; false after 5 s. */
static inline bool fixture_wait(atomic_uint *counter, unsigned value)
{
    for (unsigned i = 0; i < 1000 && atomic_load(counter) != value; i++) {
        client_sleep_ms(5);
    }
    return atomic_load(counter) == value;
}

/* Wait until no connection is open; false after 5 s. */
static inline bool fixture_wait_connections(struct fixture *fixture, uint64_t open)
{
    struct tn_http_stats stats = {0};
    for (unsigned i = 0; i < 1000; i++) {
        tn_http_server_stats(fixture->server, &stats);
        if (stats.connections_open == open) {
            return true;
        }
        client_sleep_ms(5);
    }
    return false;
}

#endif
