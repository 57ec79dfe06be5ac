/* One connection: reading requests, keeping them in line, deadlines.
 *
 * Life of a connection, happy path: accept; IDLE until a byte comes; HEAD; BODY when there is one;
 * the request joins the line and its handler runs; IDLE again, and so on (pipelining); answers
 * leave in the order of the line (connection_write.c). A request that asks for it, a refusal, the
 * peer's end or a drain makes it LAST: nothing more is read; when all is answered the write side is
 * shut and it is LINGERING until the peer has closed too; CLOSING, CLOSED. With too much in flight
 * or unsent it is STALLED: reading stops until half of that is answered. Failures: a socket error
 * ends it at once; handlers that still work find their answers dropped. All on the loop thread,
 * inside a batch. */
#include "api/http/connection.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/fault.h"

/* A body that nobody will read is read on up to here, so that the connection can be kept. */
#define REFUSED_BODY_MAX 65536

#define TO(state) (1u << TN_CONNECTION_##state)

static const uint8_t connection_next[TN_CONNECTION_STATE_COUNT] = {
    [TN_CONNECTION_IDLE] = TO(HEAD) | TO(STALLED) | TO(LAST) | TO(CLOSING),
    [TN_CONNECTION_HEAD] = TO(BODY) | TO(IDLE) | TO(LAST) | TO(CLOSING),
    [TN_CONNECTION_BODY] = TO(IDLE) | TO(LAST) | TO(CLOSING),
    [TN_CONNECTION_STALLED] = TO(IDLE) | TO(LAST) | TO(CLOSING),
    [TN_CONNECTION_LAST] = TO(LINGERING) | TO(CLOSING),
    [TN_CONNECTION_LINGERING] = TO(CLOSING),
    [TN_CONNECTION_CLOSING] = TO(CLOSED),
    [TN_CONNECTION_CLOSED] = 0,
};

void tn_http_connection_step(struct tn_http_connection *connection,
                             enum tn_http_connection_state state)
{
    TN_CHECK((connection_next[connection->state] & (1u << (unsigned) state)) != 0);
    connection->state = state;
}

static uint64_t now_of(const struct tn_http_connection *connection)
{
    return uv_now(&connection->loop->uv);
}

static bool is_reading(const struct tn_http_connection *connection)
{
    return connection->state == TN_CONNECTION_IDLE || connection->state == TN_CONNECTION_HEAD ||
           connection->state == TN_CONNECTION_BODY;
}

static bool is_ending(const struct tn_http_connection *connection)
{
    return connection->state == TN_CONNECTION_CLOSING || connection->state == TN_CONNECTION_CLOSED;
}

/* --- the line of requests ----------------------------------------------------------------------
 */

static void line_append(struct tn_http_connection *connection, struct tn_http_exchange *exchange)
{
    exchange->next = NULL;
    if (connection->first == NULL) {
        connection->first = exchange;
    } else {
        connection->last->next = exchange;
    }
    connection->last = exchange;
    connection->in_flight++;
}

void tn_http_connection_line_drop(struct tn_http_connection *connection)
{
    if (connection->reading != NULL) {
        tn_http_exchange_release(connection->reading);
        connection->reading = NULL;
    }
    struct tn_http_exchange *exchange = connection->first;
    connection->first = NULL;
    connection->last = NULL;
    connection->in_flight = 0;
    connection->unsent = 0;
    while (exchange != NULL) {
        struct tn_http_exchange *next = exchange->next;
        exchange->connection = NULL;
        exchange->next = NULL;
        if (exchange->state == TN_EXCHANGE_ANSWERED) {
            tn_http_exchange_release(exchange);
        } else if (exchange->state == TN_EXCHANGE_STREAMING) {
            tn_http_loop_stream_gone(exchange);
        }
        exchange = next;
    }
}

/* --- closing -----------------------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *handle)
{
    struct tn_http_connection *connection =
        TN_CONTAINER_OF(handle, struct tn_http_connection, uv.handle);
    struct tn_http_loop *loop = connection->loop;
    tn_http_connection_step(connection, TN_CONNECTION_CLOSED);
    if (connection->previous == NULL) {
        loop->connections = connection->next;
    } else {
        connection->previous->next = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    loop->connection_count--;
    loop->local_count -= connection->local ? 1 : 0;
    tn_http_count(&loop->counters.connections_open, UINT64_MAX);
    if (loop->connection_free_count < TN_HTTP_POOL_KEPT) {
        connection->next = loop->connections_free;
        loop->connections_free = connection;
        loop->connection_free_count++;
    } else {
        free(connection);
    }
    tn_http_loop_maybe_end(loop);
}

void tn_http_connection_abort(struct tn_http_connection *connection)
{
    if (is_ending(connection)) {
        return;
    }
    tn_http_connection_step(connection, TN_CONNECTION_CLOSING);
    tn_http_connection_line_drop(connection);
    tn_buffer_close_secret(&connection->pending);
    /* libuv runs what is left of write and shutdown before on_closed, and touches no buffer. */
    uv_close(&connection->uv.handle, on_closed);
}

/* --- refusing ----------------------------------------------------------------------------------
 */

static bool path_is_escaped(const struct tn_http_message *message)
{
    const uint8_t *target = message->head.bytes + message->head.target.at;

    return memchr(target, '%', message->head.target.size - message->query.size) != NULL;
}

/* What a handler sees; before the body, for the authorise hook. */
static void request_fill(struct tn_http_connection *connection, struct tn_http_exchange *exchange)
{
    struct tn_http_message *message = &exchange->message;
    exchange->request = (struct tn_http_request){
        .method = message->head.method,
        .path = message->path,
        .query = message->query,
        .fields = message->fields,
        .field_count = message->head.field_count,
        .arena = &exchange->arena,
        .json = connection->loop->json,
        .context = connection->loop->options->context,
        .local = connection->local,
        .escaped = path_is_escaped(message),
    };
}

/* The request being read ends the connection: answer it with a problem once it is its turn. */
static void reading_refuse(struct tn_http_connection *connection, enum tn_problem problem,
                           const char *why)
{
    struct tn_http_exchange *exchange = connection->reading;
    connection->reading = NULL;
    tn_http_count(&connection->loop->counters.refused, 1);
    exchange->request.method = exchange->message.head.method;
    exchange->close = true;
    if (problem == TN_PROBLEM_METHOD_NOT_ALLOWED && exchange->allowed == 0) {
        exchange->allowed = (1u << TN_HTTP_METHOD_COUNT) - 2; /* all that have a name */
    }
    tn_http_connection_step(connection, TN_CONNECTION_LAST);
    line_append(connection, exchange);
    tn_http_exchange_step(exchange, TN_EXCHANGE_HANDLING);
    tn_http_reply_problem(exchange, problem, why[0] == '\0' ? NULL : why);
}

void tn_http_connection_refuse(struct tn_http_connection *connection, enum tn_problem problem)
{
    struct tn_buffer out;
    tn_buffer_init(&out, 8192);
    tn_http_count(&connection->loop->counters.refused, 1);
    tn_http_reply_canned(connection->loop, problem, &out);
    uv_buf_t buf = uv_buf_init((char *) out.data, (unsigned) out.size);
    int written = tn_buffer_status(&out) == TN_OK ? uv_try_write(&connection->uv.stream, &buf, 1)
                                                  : UV_ENOMEM;
    tn_buffer_close(&out);
    if (written < 0) {
        tn_http_connection_abort(connection);
        return;
    }
    tn_http_count(&connection->loop->counters.bytes_out, (uint64_t) written);
    tn_http_connection_step(connection, TN_CONNECTION_LAST);
    tn_http_connection_ready(connection);
}

/* --- reading -----------------------------------------------------------------------------------
 */

static void stall(struct tn_http_connection *connection)
{
    (void) uv_read_stop(&connection->uv.stream);
    tn_http_connection_step(connection, TN_CONNECTION_STALLED);
}

/* A peer that reads too little, or asks too much at a time, waits for its answers. */
static bool has_enough(const struct tn_http_connection *connection)
{
    const struct tn_http_options *options = connection->loop->options;
    return connection->in_flight >= options->requests_max ||
           connection->unsent > options->unsent_max;
}

/* Take an exchange for the next request; false when the connection stalled or ended instead. */
static bool request_begin(struct tn_http_connection *connection)
{
    struct tn_http_loop *loop = connection->loop;
    if (has_enough(connection)) {
        tn_http_connection_write(connection);
        if (connection->state != TN_CONNECTION_IDLE) {
            return false;
        }
        if (has_enough(connection)) {
            stall(connection);
            return false;
        }
    }
    bool first = connection->in_flight == 0;
    struct tn_http_exchange *exchange = tn_http_exchange_take(loop, connection, first);
    if (exchange == NULL && !first) {
        stall(connection);
        return false;
    }
    if (exchange == NULL) {
        tn_http_connection_refuse(connection, TN_PROBLEM_BUSY);
        return false;
    }
    connection->reading = exchange;
    connection->deadline_ms = now_of(connection) + loop->options->head_timeout_ms;
    tn_http_parser_begin(&connection->parser, &exchange->message);
    tn_http_connection_step(connection, TN_CONNECTION_HEAD);
    return true;
}

/* Find the route and ask who may use it; what is refused is remembered until the body is over. */
static void request_route(struct tn_http_connection *connection, struct tn_http_exchange *exchange)
{
    struct tn_http_loop *loop = connection->loop;
    struct tn_http_request *request = &exchange->request;
    struct tn_http_match match;
    if (tn_bytes_equal_string(request->path, "*")) {
        exchange->options = true;
        exchange->allowed = (1u << TN_HTTP_METHOD_COUNT) - 2;
        return;
    }
    tn_http_router_match(loop->router, request->method, request->path, &match);
    exchange->allowed = match.allowed;
    if (match.allowed == 0) {
        exchange->refusal = TN_PROBLEM_NOT_FOUND;
        return;
    }
    if (match.route == NULL) {
        exchange->options = request->method == TN_HTTP_OPTIONS;
        exchange->refusal = exchange->options ? TN_PROBLEM_NONE : TN_PROBLEM_METHOD_NOT_ALLOWED;
        return;
    }
    request->route = match.route;
    memcpy(request->parameters, match.parameters, sizeof(request->parameters));
    enum tn_http_verdict verdict = TN_HTTP_DENY_401;
    if (loop->options->authorise != NULL) {
        verdict = loop->options->authorise(request, match.route->access);
    } else if (match.route->access == TN_ACCESS_PUBLIC) {
        verdict = TN_HTTP_ALLOW;
    }
    if (verdict == TN_HTTP_DENY_401) {
        exchange->refusal = TN_PROBLEM_UNAUTHENTICATED;
    } else if (verdict == TN_HTTP_DENY_403) {
        exchange->refusal = TN_PROBLEM_FORBIDDEN;
    } else if (verdict == TN_HTTP_UNKNOWN) {
        exchange->refusal = TN_PROBLEM_BUSY;
    } else {
        enum tn_http_access access = match.route->access;
        exchange->is_open = access == TN_ACCESS_PUBLIC || access == TN_ACCESS_APPLICANT;
    }
}

static void head_done(struct tn_http_connection *connection)
{
    struct tn_http_exchange *exchange = connection->reading;
    struct tn_http_parser *parser = &connection->parser;
    const struct tn_http_head *head = &exchange->message.head;
    tn_http_count(&connection->loop->counters.requests, 1);
    exchange->close = head->close;
    request_fill(connection, exchange);
    request_route(connection, exchange);
    bool unread = exchange->refusal != TN_PROBLEM_NONE || exchange->options;
    if (head->framing == TN_HTTP_FRAMING_NONE) {
        return;
    }
    if (unread && head->expect_continue) {
        /* The peer waits to hear whether it should send the body: it should not. */
        enum tn_problem problem = exchange->refusal;
        reading_refuse(connection,
                       problem == TN_PROBLEM_NONE ? TN_PROBLEM_PAYLOAD_TOO_LARGE : problem, "");
        return;
    }
    parser->discard = unread;
    parser->body_limit = unread ? REFUSED_BODY_MAX
                                : tn_http_route_body_max(exchange->request.route);
    connection->continue_due = head->expect_continue;
    connection->body_started_ms = now_of(connection);
    tn_http_connection_step(connection, TN_CONNECTION_BODY);
}

/* The request is whole: it joins the line, and whoever answers it gets it. */
static void request_done(struct tn_http_connection *connection)
{
    struct tn_http_exchange *exchange = connection->reading;
    connection->reading = NULL;
    connection->continue_due = false;
    exchange->close = exchange->close || connection->loop->draining;
    exchange->request.body = tn_buffer_view(&exchange->message.body);
    tn_http_connection_step(connection, exchange->close ? TN_CONNECTION_LAST : TN_CONNECTION_IDLE);
    line_append(connection, exchange);
    tn_http_exchange_step(exchange, TN_EXCHANGE_HANDLING);
    if (exchange->refusal != TN_PROBLEM_NONE) {
        tn_http_reply_problem(exchange, exchange->refusal, NULL);
    } else if (exchange->options) {
        tn_http_reply_options(exchange);
    } else {
        exchange->request.route->handler(&exchange->request);
    }
}

/* Charge the body to the loop's memory; false when that is used up. Half of it is not for routes
 * that anyone may use: strangers with unfinished bodies must not stop those who have a token. */
static bool body_charge(struct tn_http_connection *connection)
{
    struct tn_http_loop *loop = connection->loop;
    struct tn_http_exchange *exchange = connection->reading;
    size_t more = exchange->message.body.size - exchange->body_charged;
    size_t max = loop->options->body_memory_max;
    loop->body_bytes += more;
    loop->open_body_bytes += exchange->is_open ? more : 0;
    exchange->body_charged += more;
    return loop->body_bytes <= max && (!exchange->is_open || loop->open_body_bytes <= max / 2);
}

static void input_event(struct tn_http_connection *connection, enum tn_http_event event)
{
    struct tn_http_exchange *exchange = connection->reading;
    if (event == TN_HTTP_EVENT_REFUSED) {
        enum tn_problem problem = connection->parser.problem;
        const char *why = connection->parser.why;
        if (exchange->refusal != TN_PROBLEM_NONE) {
            problem = exchange->refusal;
            why = "";
        }
        reading_refuse(connection, problem, why);
        return;
    }
    if (!body_charge(connection)) {
        reading_refuse(connection, TN_PROBLEM_BUSY, "too many bodies at once");
        return;
    }
    if (event == TN_HTTP_EVENT_HEAD) {
        head_done(connection);
    } else if (event == TN_HTTP_EVENT_DONE) {
        request_done(connection);
    }
}

void tn_http_connection_input(struct tn_http_connection *connection, struct tn_bytes input)
{
    while (input.size != 0 && is_reading(connection)) {
        if (connection->state == TN_CONNECTION_IDLE && !request_begin(connection)) {
            break;
        }
        enum tn_http_event event = TN_HTTP_EVENT_MORE;
        do {
            size_t used = tn_http_parser_feed(&connection->parser, input, &event);
            input = tn_bytes(input.data + used, input.size - used);
            input_event(connection, event);
            /* After a head there may be no body and no more input: ask again. */
        } while (event == TN_HTTP_EVENT_HEAD && connection->reading != NULL);
    }
    if (connection->state == TN_CONNECTION_STALLED) {
        tn_buffer_append_bytes(&connection->pending, input);
        if (tn_fault("http.pending") || tn_buffer_status(&connection->pending) != TN_OK) {
            /* What came after a gap would be read as something that nobody sent. */
            tn_http_connection_abort(connection);
        }
    } else if (connection->continue_due && connection->reading != NULL) {
        tn_http_connection_continue(connection);
    }
}

static void input_discard(struct tn_http_connection *connection, size_t size)
{
    if (connection->state != TN_CONNECTION_LAST) {
        return;
    }
    if (size > connection->discard_left) {
        (void) uv_read_stop(&connection->uv.stream);
        return;
    }
    connection->discard_left -= size;
}

/* The peer sends no more; it may still wait for answers. */
static void input_end(struct tn_http_connection *connection)
{
    connection->peer_done = true;
    (void) uv_read_stop(&connection->uv.stream);
    bool streaming = false;
    for (struct tn_http_exchange *at = connection->first; at != NULL; at = at->next) {
        streaming = streaming || at->state == TN_EXCHANGE_STREAMING;
    }
    if (streaming || connection->state == TN_CONNECTION_LINGERING) {
        tn_http_connection_abort(connection);
        return;
    }
    if (connection->reading != NULL) {
        tn_http_count(&connection->loop->counters.refused, 1);
        tn_http_exchange_release(connection->reading);
        connection->reading = NULL;
    }
    if (is_reading(connection)) {
        tn_http_connection_step(connection, TN_CONNECTION_LAST);
    }
    tn_http_connection_ready(connection);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct tn_http_connection *connection =
        TN_CONTAINER_OF(handle, struct tn_http_connection, uv.handle);
    (void) suggested;
    /* One buffer a loop: what is read is taken before the next read. */
    *buf = uv_buf_init(connection->loop->read_buffer, TN_HTTP_READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct tn_http_connection *connection =
        TN_CONTAINER_OF(stream, struct tn_http_connection, uv.stream);
    struct tn_http_loop *loop = connection->loop;
    tn_http_loop_batch_begin(loop);
    if (size > 0) {
        tn_http_count(&loop->counters.bytes_in, (uint64_t) size);
        if (is_reading(connection)) {
            tn_http_connection_input(connection, tn_bytes(buf->base, (size_t) size));
        } else {
            input_discard(connection, (size_t) size);
        }
    } else if (size == UV_EOF) {
        input_end(connection);
    } else if (size < 0) {
        tn_http_connection_abort(connection);
    }
    if (size > 0) {
        sodium_memzero(buf->base, (size_t) size); /* tokens and bodies as they came */
    }
    tn_http_loop_batch_end(loop);
}

int tn_http_connection_read(struct tn_http_connection *connection)
{
    int code = uv_read_start(&connection->uv.stream, on_alloc, on_read);
    return code == UV_EALREADY ? 0 : code;
}

/* --- deadlines and draining --------------------------------------------------------------------
 */

static bool body_is_slow(const struct tn_http_connection *connection, uint64_t now_ms)
{
    const struct tn_http_options *options = connection->loop->options;
    uint64_t elapsed = now_ms - connection->body_started_ms;
    return elapsed > options->body_grace_ms &&
           connection->parser.body_received * 1000 < options->body_rate_min * elapsed;
}

/* True when a write has been under way for too long without any progress. */
static bool write_is_stuck(struct tn_http_connection *connection, uint64_t now_ms)
{
    if (!connection->writing) {
        return false;
    }
    size_t left = uv_stream_get_write_queue_size(&connection->uv.stream);
    if (left != connection->write_left) {
        connection->write_left = left;
        connection->write_progress_ms = now_ms;
    }
    return now_ms - connection->write_progress_ms >= connection->loop->options->write_timeout_ms;
}

void tn_http_connection_tick(struct tn_http_connection *connection, uint64_t now_ms)
{
    if (is_ending(connection)) {
        return;
    }
    bool late = now_ms >= connection->deadline_ms;
    bool waits_for_peer = connection->state == TN_CONNECTION_LINGERING ||
                          (connection->state == TN_CONNECTION_IDLE && connection->first == NULL);
    if (write_is_stuck(connection, now_ms) || (waits_for_peer && late)) {
        tn_http_connection_abort(connection);
    } else if (connection->state == TN_CONNECTION_HEAD && late) {
        reading_refuse(connection, TN_PROBLEM_TIMEOUT, "the head took too long");
    } else if (connection->state == TN_CONNECTION_BODY && body_is_slow(connection, now_ms)) {
        reading_refuse(connection, TN_PROBLEM_TIMEOUT, "the body came too slowly");
    }
}

void tn_http_connection_drain(struct tn_http_connection *connection)
{
    for (struct tn_http_exchange *at = connection->first; at != NULL; at = at->next) {
        if (at->state == TN_EXCHANGE_STREAMING) {
            tn_http_loop_stream_gone(at);
        }
    }
    if (connection->state != TN_CONNECTION_IDLE && connection->state != TN_CONNECTION_STALLED) {
        return; /* a request that is being read will be the last one */
    }
    if (connection->last != NULL) {
        connection->last->close = true;
    }
    tn_buffer_close_secret(&connection->pending);
    tn_http_connection_step(connection, TN_CONNECTION_LAST);
    tn_http_connection_ready(connection);
}
