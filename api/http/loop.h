/* Private to api/http: one event loop, its thread, pools, wakes and deadlines. */
#ifndef TN_API_HTTP_LOOP_H
#define TN_API_HTTP_LOOP_H

#include <stdatomic.h>
#include <uv.h>

#include "api/http/exchange.h"
#include "api/http/server.h"

#define TN_HTTP_READ_SIZE 65536   /* of one read; also bounds what a stalled connection keeps */
#define TN_HTTP_POOL_KEPT 256     /* free exchanges and connections that a loop keeps */
#define TN_HTTP_REFUSED_MAX 16    /* connections over the limit that may be told so at one time */
#define TN_HTTP_BUFFER_KEPT 16384 /* larger buffers are given back with their exchange */

struct tn_http_counters {
    _Atomic uint64_t connections;
    _Atomic uint64_t connections_open;
    _Atomic uint64_t connections_refused;
    _Atomic uint64_t requests;
    _Atomic uint64_t requests_open;
    _Atomic uint64_t refused;
    _Atomic uint64_t answers[6];
    _Atomic uint64_t bytes_in;
    _Atomic uint64_t bytes_out;
};

/* Only the loop thread writes a counter, so no locked instruction is needed. */
static inline void tn_http_count(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + more, memory_order_relaxed);
}

struct tn_http_listener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct tn_http_loop *loop;
    bool open;
    bool local;
    bool stalled; /* a connection waits because there was no memory for it */
};

struct tn_http_loop {
    uv_loop_t uv;
    uv_thread_t thread;
    bool uv_open;
    bool thread_open;
    const struct tn_http_options *options; /* with defaults filled in */
    const struct tn_http_router *router;
    struct tn_json_parser *json;
    struct tn_http_sender *sender; /* NULL: each connection is written by itself */
    struct tn_http_listener tcp;
    struct tn_http_listener local;
    uv_async_t async;
    uv_timer_t tick;
    uv_check_t turn; /* the end of each turn of the loop */

    uv_mutex_t lock; /* of the fields up to `ended` */
    struct tn_http_exchange *wake_first;
    struct tn_http_exchange *wake_last;
    bool drain_wanted;
    bool ended;

    struct tn_http_connection *connections; /* all that are open */
    struct tn_http_connection *connections_free;
    struct tn_http_exchange *exchanges_free;
    struct tn_http_exchange *gone;          /* streams whose `gone` is due */
    struct tn_http_connection *dirty_first; /* with answers to write */
    struct tn_http_connection *dirty_last;
    unsigned connection_count;
    unsigned local_count; /* of those, over the Unix socket */
    unsigned connection_free_count;
    unsigned exchange_count; /* not FREE */
    unsigned exchange_free_count;
    unsigned pipelined_count; /* beyond one for each connection */
    unsigned work_count;
    unsigned batch_depth;
    size_t body_bytes;
    size_t open_body_bytes;   /* of those, on routes that anyone may use */
    size_t answer_bytes;      /* of answers that are not out yet */
    size_t open_answer_bytes; /* of those, to what anyone may ask */
    bool draining;
    bool closing;
    uint64_t drain_deadline_ms;

    uint64_t date_second;
    char date[40]; /* "Date: ...\r\n" */
    struct tn_http_counters counters;
    char read_buffer[TN_HTTP_READ_SIZE]; /* wiped after each read */
};

/* Between begin and end answers gather; the outermost end writes them, one write a connection. */
void tn_http_loop_batch_begin(struct tn_http_loop *loop);
void tn_http_loop_batch_end(struct tn_http_loop *loop);

/* A stream's connection has ended or is to end: run its `gone` at the end of the batch, once. */
void tn_http_loop_stream_gone(struct tn_http_exchange *exchange);

/* Prepare a loop that is zeroed; nothing runs yet. */
TN_MUST_USE enum tn_status tn_http_loop_open(struct tn_http_loop *loop,
                                             const struct tn_http_options *options,
                                             const struct tn_http_router *router,
                                             struct tn_error *error);
/* Listen on a bound socket, whose ownership goes to the loop. */
TN_MUST_USE enum tn_status tn_http_loop_listen(struct tn_http_loop *loop, int fd,
                                               struct tn_error *error);
TN_MUST_USE enum tn_status tn_http_loop_listen_local(struct tn_http_loop *loop, const char *path,
                                                     struct tn_error *error);
TN_MUST_USE enum tn_status tn_http_loop_start(struct tn_http_loop *loop, struct tn_error *error);
/* Any thread. */
void tn_http_loop_drain(struct tn_http_loop *loop);
/* Drain, wait for the thread (if it was started) and free. Safe on a zeroed loop. */
void tn_http_loop_close(struct tn_http_loop *loop);
/* Called when a connection or exchange went: ends the loop when it drains and is empty. */
void tn_http_loop_maybe_end(struct tn_http_loop *loop);
/* The Date line of now. */
struct tn_bytes tn_http_loop_date(struct tn_http_loop *loop);
/* A failure of libuv in our words. */
enum tn_status tn_http_uv_fail(struct tn_error *error, int code, const char *what);

#endif
