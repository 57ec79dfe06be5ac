/* What handlers do with a request: answer it, wait for another thread, stream.
 *
 * Life of a wake: any thread puts the exchange on its loop's list under the lock and signals; the
 * loop takes wakes in batches, first in first out, and runs `resume` for each; answers gather until
 * the batch ends. Life of a work: the pool runs `work`, libuv brings it back, `resume` runs. In
 * both the connection may be gone by then: the answer is dropped and the exchange goes back to its
 * pool. */
#include <stdio.h>
#include <string.h>

#include "api/http/connection.h"
#include "api/http/exchange.h"
#include "api/http/loop.h"
#include "ledger/base/check.h"

void tn_http_respond(struct tn_http_request *request, unsigned status, const char *content_type,
                     struct tn_bytes body, const struct tn_http_reply_field *fields,
                     size_t field_count)
{
    struct tn_http_exchange *exchange = tn_http_exchange_of(request);
    TN_CHECK(exchange->state == TN_EXCHANGE_HANDLING);
    TN_CHECK(body.size == 0 || content_type != NULL);
    tn_http_reply_write(exchange, status, content_type, body, fields, field_count);
}

void tn_http_respond_problem(struct tn_http_request *request, enum tn_problem problem,
                             const char *detail)
{
    struct tn_http_exchange *exchange = tn_http_exchange_of(request);
    TN_CHECK(exchange->state == TN_EXCHANGE_HANDLING);
    tn_http_reply_problem(exchange, problem, detail);
}

void tn_http_respond_json(struct tn_http_request *request, unsigned status,
                          const struct tn_buffer *body)
{
    if (tn_buffer_status(body) != TN_OK) {
        tn_http_respond_problem(request, TN_PROBLEM_INTERNAL, "the answer is too large");
        return;
    }
    tn_http_respond(request, status, "application/json", tn_buffer_view(body), NULL, 0);
}

bool tn_http_body_json(struct tn_http_request *request, const struct tn_json_value **root)
{
    struct tn_error error = {0};
    *root = NULL;
    if (!tn_http_content_type_is(request, "application/json")) {
        tn_http_respond_problem(request, TN_PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                                "send application/json");
        return false;
    }
    enum tn_status status =
        tn_json_parse(request->json, request->body, NULL, request->arena, root, &error);
    if (status == TN_OK) {
        return true;
    }
    tn_http_respond_problem(
        request, status == TN_INVALID ? TN_PROBLEM_MALFORMED_JSON : TN_PROBLEM_PAYLOAD_TOO_LARGE,
        error.text);
    return false;
}

void tn_http_wake(struct tn_http_request *request, void (*resume)(struct tn_http_request *))
{
    struct tn_http_exchange *exchange = tn_http_exchange_of(request);
    struct tn_http_loop *loop = exchange->loop;
    uv_mutex_lock(&loop->lock);
    if (!atomic_load_explicit(&exchange->queued, memory_order_relaxed)) {
        bool first = loop->wake_first == NULL;
        exchange->resume = resume;
        exchange->wake_next = NULL;
        if (first) {
            loop->wake_first = exchange;
        } else {
            loop->wake_last->wake_next = exchange;
        }
        loop->wake_last = exchange;
        atomic_store_explicit(&exchange->queued, true, memory_order_release);
        if (first) {
            /* Under the lock: once it is free the loop may answer, end, and be gone. */
            (void) uv_async_send(&loop->async);
        }
    }
    uv_mutex_unlock(&loop->lock);
}

static void on_pool_work(uv_work_t *work)
{
    struct tn_http_exchange *exchange = TN_CONTAINER_OF(work, struct tn_http_exchange, work);
    exchange->work_fn(&exchange->request);
}

static void on_pool_done(uv_work_t *work, int code)
{
    struct tn_http_exchange *exchange = TN_CONTAINER_OF(work, struct tn_http_exchange, work);
    struct tn_http_loop *loop = exchange->loop;
    TN_CHECK(code == 0); /* nothing cancels */
    loop->work_count--;
    tn_http_loop_batch_begin(loop);
    exchange->work_resume(&exchange->request);
    tn_http_loop_batch_end(loop);
}

enum tn_status tn_http_work(struct tn_http_request *request,
                            void (*work)(struct tn_http_request *request),
                            void (*resume)(struct tn_http_request *request))
{
    struct tn_http_exchange *exchange = tn_http_exchange_of(request);
    struct tn_http_loop *loop = exchange->loop;
    TN_CHECK(exchange->state == TN_EXCHANGE_HANDLING);
    if (loop->work_count >= loop->options->work_max) {
        return TN_BUSY;
    }
    exchange->work_fn = work;
    exchange->work_resume = resume;
    if (uv_queue_work(&loop->uv, &exchange->work, on_pool_work, on_pool_done) != 0) {
        return TN_BUSY;
    }
    loop->work_count++;
    return TN_OK;
}

/* --- streams -----------------------------------------------------------------------------------
 */

void tn_http_stream_begin(struct tn_http_request *request, unsigned status,
                          const char *content_type, void (*gone)(struct tn_http_request *request))
{
    struct tn_http_exchange *exchange = tn_http_exchange_of(request);
    struct tn_http_loop *loop = exchange->loop;
    tn_http_exchange_step(exchange, TN_EXCHANGE_STREAMING);
    exchange->gone = gone;
    if (exchange->connection != NULL) {
        tn_http_reply_stream_head(exchange, status, content_type);
        tn_http_connection_ready(exchange->connection);
    }
    if (exchange->connection == NULL || loop->draining) {
        tn_http_loop_stream_gone(exchange);
    }
}

enum tn_status tn_http_stream_send(struct tn_http_request *request, struct tn_bytes bytes)
{
    struct tn_http_exchange *exchange = tn_http_exchange_of(request);
    TN_CHECK(exchange->state == TN_EXCHANGE_STREAMING);
    if (exchange->connection == NULL) {
        return TN_UNAVAILABLE;
    }
    size_t backlog = exchange->answer.size + exchange->sending.size - exchange->sent;
    if (backlog + bytes.size > exchange->loop->options->stream_backlog_max) {
        return TN_FULL;
    }
    if (bytes.size == 0 || request->method == TN_HTTP_HEAD) {
        return TN_OK;
    }
    if (exchange->chunked) {
        char line[24];
        int size = snprintf(line, sizeof(line), "%zx\r\n", bytes.size);
        tn_buffer_append(&exchange->answer, line, (size_t) size);
    }
    tn_buffer_append_bytes(&exchange->answer, bytes);
    if (exchange->chunked) {
        tn_buffer_append_string(&exchange->answer, "\r\n");
    }
    if (tn_buffer_status(&exchange->answer) != TN_OK) {
        /* Half a chunk may not follow what is on the wire already. */
        tn_http_connection_abort(exchange->connection);
        return TN_UNAVAILABLE;
    }
    tn_http_connection_ready(exchange->connection);
    return TN_OK;
}

void tn_http_stream_end(struct tn_http_request *request)
{
    struct tn_http_exchange *exchange = tn_http_exchange_of(request);
    TN_CHECK(exchange->state == TN_EXCHANGE_STREAMING);
    tn_http_exchange_step(exchange, TN_EXCHANGE_ANSWERED);
    exchange->gone = NULL;
    if (exchange->connection == NULL) {
        tn_http_exchange_release(exchange);
        return;
    }
    if (exchange->chunked && request->method != TN_HTTP_HEAD) {
        tn_buffer_append_string(&exchange->answer, "0\r\n\r\n");
    }
    tn_http_connection_ready(exchange->connection);
}
