/* States and the pool of exchanges. */
#include "api/http/exchange.h"

#include <stdlib.h>

#include "api/http/connection.h"
#include "api/http/loop.h"
#include "ledger/base/check.h"
#include "ledger/base/fault.h"

#define TO(state) (1u << TN_EXCHANGE_##state)

static const uint8_t exchange_next[TN_EXCHANGE_STATE_COUNT] = {
    [TN_EXCHANGE_FREE] = TO(READING),
    [TN_EXCHANGE_READING] = TO(HANDLING) | TO(FREE),
    [TN_EXCHANGE_HANDLING] = TO(ANSWERED) | TO(STREAMING) | TO(FREE),
    [TN_EXCHANGE_STREAMING] = TO(ANSWERED) | TO(FREE),
    [TN_EXCHANGE_ANSWERED] = TO(FREE),
};

void tn_http_exchange_step(struct tn_http_exchange *exchange, enum tn_http_exchange_state state)
{
    struct tn_http_counters *counters = &exchange->loop->counters;
    TN_CHECK((exchange_next[exchange->state] & (1u << (unsigned) state)) != 0);
    bool was_open = exchange->state == TN_EXCHANGE_HANDLING ||
                    exchange->state == TN_EXCHANGE_STREAMING;
    bool is_open = state == TN_EXCHANGE_HANDLING || state == TN_EXCHANGE_STREAMING;
    if (is_open && !was_open) {
        tn_http_count(&counters->requests_open, 1);
    } else if (was_open && !is_open) {
        tn_http_count(&counters->requests_open, UINT64_MAX);
    }
    exchange->state = state;
}

static struct tn_http_exchange *exchange_create(struct tn_http_loop *loop)
{
    struct tn_http_exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL) {
        return NULL;
    }
    exchange->loop = loop;
    tn_arena_init(&exchange->arena, loop->options->arena_max);
    tn_buffer_init(&exchange->answer, loop->options->response_max);
    tn_buffer_init(&exchange->sending, loop->options->response_max);
    tn_http_message_init(&exchange->message, &exchange->arena);
    return exchange;
}

void tn_http_exchange_destroy(struct tn_http_exchange *exchange)
{
    tn_http_message_close(&exchange->message);
    tn_buffer_close_secret(&exchange->answer);
    tn_buffer_close_secret(&exchange->sending);
    tn_arena_close_secret(&exchange->arena);
    free(exchange);
}

struct tn_http_exchange *tn_http_exchange_take(struct tn_http_loop *loop,
                                               struct tn_http_connection *connection, bool first)
{
    const struct tn_http_options *options = loop->options;
    if ((!first && loop->pipelined_count >= options->pipelined_max) ||
        loop->exchange_count >=
            options->connections_max + options->local_max + options->pipelined_max) {
        return NULL;
    }
    struct tn_http_exchange *exchange = loop->exchanges_free;
    if (exchange != NULL) {
        loop->exchanges_free = exchange->next;
        loop->exchange_free_count--;
    } else {
        exchange = tn_fault("http.exchange") ? NULL : exchange_create(loop);
        if (exchange == NULL) {
            return NULL;
        }
    }
    loop->exchange_count++;
    loop->pipelined_count += first ? 0 : 1;
    exchange->pipelined = !first;
    exchange->connection = connection;
    exchange->next = NULL;
    exchange->close = false;
    exchange->chunked = false;
    exchange->options = false;
    exchange->releasing = false;
    exchange->refusal = TN_PROBLEM_NONE;
    exchange->allowed = 0;
    exchange->body_charged = 0;
    exchange->is_open = true; /* until its route says otherwise */
    exchange->answer_charged = 0;
    exchange->sent = 0;
    exchange->gone = NULL;
    tn_http_exchange_step(exchange, TN_EXCHANGE_READING);
    return exchange;
}

/* Empty a buffer for the next request: personal data does not stay, nor does much memory. */
static void buffer_wipe(struct tn_buffer *buffer)
{
    tn_buffer_reset_secret(buffer);
    if (buffer->capacity > TN_HTTP_BUFFER_KEPT) {
        tn_buffer_close(buffer);
    }
}

/* A stream that ended by itself need not be told any more. */
static void gone_forget(struct tn_http_exchange *exchange)
{
    struct tn_http_exchange **at = &exchange->loop->gone;
    while (*at != NULL && *at != exchange) {
        at = &(*at)->gone_next;
    }
    if (*at != NULL) {
        *at = exchange->gone_next;
    }
    exchange->gone_due = false;
}

void tn_http_exchange_release(struct tn_http_exchange *exchange)
{
    struct tn_http_loop *loop = exchange->loop;
    exchange->connection = NULL;
    if (exchange->gone_due) {
        gone_forget(exchange);
    }
    if (exchange->in_batch || atomic_load_explicit(&exchange->queued, memory_order_acquire)) {
        /* Its wake still stands in a list; the drain releases it for good. */
        exchange->releasing = true;
        return;
    }
    tn_http_exchange_step(exchange, TN_EXCHANGE_FREE);
    loop->body_bytes -= exchange->body_charged;
    loop->open_body_bytes -= exchange->is_open ? exchange->body_charged : 0;
    loop->answer_bytes -= exchange->answer_charged;
    loop->open_answer_bytes -= exchange->is_open ? exchange->answer_charged : 0;
    loop->pipelined_count -= exchange->pipelined ? 1 : 0;
    loop->exchange_count--;
    buffer_wipe(&exchange->message.body);
    buffer_wipe(&exchange->answer);
    buffer_wipe(&exchange->sending);
    tn_http_message_reset(&exchange->message);
    tn_arena_reset_secret(&exchange->arena);
    if (loop->exchange_free_count < TN_HTTP_POOL_KEPT) {
        exchange->next = loop->exchanges_free;
        loop->exchanges_free = exchange;
        loop->exchange_free_count++;
    } else {
        tn_http_exchange_destroy(exchange);
    }
    tn_http_loop_maybe_end(loop);
}
