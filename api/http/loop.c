/* One event loop: its thread, batches, wakes, ticks and end.
 *
 * Life of a loop: open, listen, start; the thread runs until a drain was asked for and the last
 * connection, request and work are gone; then it closes its own handles and uv_run returns. Entry
 * points from libuv open a batch; answers, and streams that must be told of their end, gather and
 * are dealt with when the outermost batch ends. Other threads touch only what stands under the
 * lock. */
#include "api/http/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/http/connection.h"
#include "api/http/sender.h"
#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/base/clock.h"
#include "ledger/base/fault.h"
#include "ledger/base/logline.h"

/* So many answers are made before they are sent: the first must not wait for the last. */
#define WAKE_BATCH 16
#define BACKLOG 1024

enum tn_status tn_http_uv_fail(struct tn_error *error, int code, const char *what)
{
    enum tn_status status = code == UV_ENOMEM ? TN_MEMORY : TN_IO;
    return tn_fail(error, status, "%s: %s", what, uv_strerror(code));
}

/* --- batches -----------------------------------------------------------------------------------
 */

void tn_http_loop_batch_begin(struct tn_http_loop *loop)
{
    loop->batch_depth++;
}

static bool batch_step(struct tn_http_loop *loop)
{
    struct tn_http_exchange *exchange = loop->gone;
    if (exchange != NULL) {
        loop->gone = exchange->gone_next;
        exchange->gone_due = false;
        void (*gone)(struct tn_http_request *) = exchange->gone;
        exchange->gone = NULL;
        if (gone != NULL) {
            gone(&exchange->request);
        }
        return true;
    }
    struct tn_http_connection *connection = loop->dirty_first;
    if (connection == NULL) {
        return false;
    }
    loop->dirty_first = connection->dirty_next;
    if (loop->dirty_first == NULL) {
        loop->dirty_last = NULL;
    }
    connection->dirty = false;
    tn_http_connection_flush(connection);
    return true;
}

void tn_http_loop_batch_end(struct tn_http_loop *loop)
{
    if (loop->batch_depth == 1) {
        tn_http_connections_write(loop);
        while (batch_step(loop)) {
        }
    }
    loop->batch_depth--;
}

void tn_http_loop_stream_gone(struct tn_http_exchange *exchange)
{
    struct tn_http_loop *loop = exchange->loop;
    if (exchange->gone_due || exchange->gone == NULL) {
        return;
    }
    exchange->gone_due = true;
    exchange->gone_next = loop->gone;
    loop->gone = exchange;
}

/* --- wakes -------------------------------------------------------------------------------------
 */

static size_t wakes_take(struct tn_http_loop *loop,
                         struct tn_http_exchange *taken[static WAKE_BATCH])
{
    size_t count = 0;
    uv_mutex_lock(&loop->lock);
    while (count < WAKE_BATCH && loop->wake_first != NULL) {
        struct tn_http_exchange *exchange = loop->wake_first;
        loop->wake_first = exchange->wake_next;
        if (loop->wake_first == NULL) {
            loop->wake_last = NULL;
        }
        exchange->in_batch = true;
        atomic_store_explicit(&exchange->queued, false, memory_order_release);
        taken[count++] = exchange;
    }
    uv_mutex_unlock(&loop->lock);
    return count;
}

static void wakes_drain(struct tn_http_loop *loop)
{
    struct tn_http_exchange *taken[WAKE_BATCH];
    size_t count = 0;
    do {
        count = wakes_take(loop, taken);
        for (size_t i = 0; i < count; i++) {
            struct tn_http_exchange *exchange = taken[i];
            exchange->in_batch = false;
            if (exchange->releasing) {
                exchange->releasing = false;
                tn_http_exchange_release(exchange);
            } else {
                exchange->resume(&exchange->request);
            }
        }
        tn_http_connections_write(loop);
    } while (count == WAKE_BATCH);
}

/* --- draining and the end ----------------------------------------------------------------------
 */

static void on_listener_closed(uv_handle_t *handle)
{
    struct tn_http_listener *listener = TN_CONTAINER_OF(handle, struct tn_http_listener, uv.handle);
    listener->open = false;
}

static void listener_close(struct tn_http_listener *listener)
{
    if (listener->open && !uv_is_closing(&listener->uv.handle)) {
        uv_close(&listener->uv.handle, on_listener_closed);
    }
}

void tn_http_loop_maybe_end(struct tn_http_loop *loop)
{
    if (!loop->draining || loop->closing || loop->connection_count != 0 ||
        loop->exchange_count != 0) {
        return;
    }
    TN_CHECK(loop->work_count == 0);
    loop->closing = true;
    uv_mutex_lock(&loop->lock);
    loop->ended = true;
    uv_mutex_unlock(&loop->lock);
    uv_close((uv_handle_t *) &loop->async, NULL);
    uv_close((uv_handle_t *) &loop->tick, NULL);
    uv_close((uv_handle_t *) &loop->turn, NULL);
}

static void drain_begin(struct tn_http_loop *loop)
{
    loop->draining = true;
    loop->drain_deadline_ms = uv_now(&loop->uv) + loop->options->drain_timeout_ms;
    listener_close(&loop->tcp);
    listener_close(&loop->local);
    for (struct tn_http_connection *at = loop->connections; at != NULL; at = at->next) {
        tn_http_connection_drain(at);
    }
}

static void on_async(uv_async_t *async)
{
    struct tn_http_loop *loop = TN_CONTAINER_OF(async, struct tn_http_loop, async);
    tn_http_loop_batch_begin(loop);
    wakes_drain(loop);
    uv_mutex_lock(&loop->lock);
    bool drain = loop->drain_wanted;
    uv_mutex_unlock(&loop->lock);
    if (drain && !loop->draining) {
        drain_begin(loop);
    }
    tn_http_loop_batch_end(loop);
    tn_http_loop_maybe_end(loop);
}

/* Everything that was ready has been handled: what it gathered for others goes to them at once. */
static void on_turn(uv_check_t *turn)
{
    struct tn_http_loop *loop = TN_CONTAINER_OF(turn, struct tn_http_loop, turn);

    if (loop->options->after_turn != NULL) {
        loop->options->after_turn(loop->options->context);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct tn_http_loop *loop = TN_CONTAINER_OF(timer, struct tn_http_loop, tick);
    uint64_t now = uv_now(&loop->uv);
    bool over = loop->draining && now >= loop->drain_deadline_ms;
    tn_http_loop_batch_begin(loop);
    for (struct tn_http_connection *at = loop->connections; at != NULL; at = at->next) {
        if (over) {
            tn_http_connection_abort(at);
        } else {
            tn_http_connection_tick(at, now);
        }
    }
    struct tn_http_listener *listeners[] = {&loop->tcp, &loop->local};
    for (size_t i = 0; i < TN_ARRAY_SIZE(listeners); i++) {
        if (listeners[i]->stalled && !loop->draining) {
            tn_http_connection_accept(listeners[i]);
        }
    }
    tn_http_loop_batch_end(loop);
}

struct tn_bytes tn_http_loop_date(struct tn_http_loop *loop)
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint64_t second = tn_clock_wall_us() / 1000000;
    if (second != loop->date_second || loop->date[0] == '\0') {
        unsigned year = 0;
        unsigned month = 1;
        unsigned date = 1;
        uint32_t day = (uint32_t) (second / 86400);
        unsigned of_day = (unsigned) (second % 86400);
        tn_day_to_date(day, &year, &month, &date);
        int size = snprintf(loop->date, sizeof(loop->date),
                            "Date: %.3s, %02u %.3s %04u %02u:%02u:%02u GMT\r\n",
                            days + (size_t) (day % 7) * 3, date, months + (size_t) (month - 1) * 3,
                            year % 10000, of_day / 3600, of_day / 60 % 60, of_day % 60);
        TN_CHECK(size == 37);
        loop->date_second = second;
    }
    return tn_bytes(loop->date, 37);
}

/* --- open and close ----------------------------------------------------------------------------
 */

enum tn_status tn_http_loop_open(struct tn_http_loop *loop, const struct tn_http_options *options,
                                 const struct tn_http_router *router, struct tn_error *error)
{
    loop->options = options;
    loop->router = router;
    loop->tcp.loop = loop;
    loop->local.loop = loop;
    loop->local.local = true;
    loop->json = tn_fault("http.json") ? NULL : tn_json_parser_create();
    if (loop->json == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for a JSON parser");
    }
    int code = uv_loop_init(&loop->uv);
    if (code != 0) {
        return tn_http_uv_fail(error, code, "event loop");
    }
    /* From here on close has handles to end; async and timer cannot fail one without the other. */
    code = uv_mutex_init(&loop->lock);
    if (code != 0) {
        (void) uv_loop_close(&loop->uv);
        return tn_http_uv_fail(error, code, "mutex of an event loop");
    }
    code = uv_async_init(&loop->uv, &loop->async, on_async);
    if (code != 0) {
        uv_mutex_destroy(&loop->lock);
        (void) uv_loop_close(&loop->uv);
        return tn_http_uv_fail(error, code, "wake-up of an event loop");
    }
    loop->uv_open = true;
    TN_CHECK(uv_timer_init(&loop->uv, &loop->tick) == 0);
    TN_CHECK(uv_timer_start(&loop->tick, on_tick, options->tick_ms, options->tick_ms) == 0);
    TN_CHECK(uv_check_init(&loop->uv, &loop->turn) == 0);
    TN_CHECK(uv_check_start(&loop->turn, on_turn) == 0);
    return TN_OK;
}

static void on_connection(uv_stream_t *stream, int code)
{
    struct tn_http_listener *listener = TN_CONTAINER_OF(stream, struct tn_http_listener, uv.stream);
    if (code != 0) {
        tn_logline(TN_LOG_WARN, "a connection could not be accepted: %s", uv_strerror(code));
        return;
    }
    tn_http_loop_batch_begin(listener->loop);
    tn_http_connection_accept(listener);
    tn_http_loop_batch_end(listener->loop);
}

enum tn_status tn_http_loop_listen(struct tn_http_loop *loop, int fd, struct tn_error *error)
{
    struct tn_http_listener *listener = &loop->tcp;
    int code = uv_tcp_init(&loop->uv, &listener->uv.tcp);
    if (code != 0) {
        (void) close(fd);
        return tn_http_uv_fail(error, code, "listening socket");
    }
    listener->open = true;
    code = uv_tcp_open(&listener->uv.tcp, fd);
    if (code != 0) {
        (void) close(fd);
        return tn_http_uv_fail(error, code, "listening socket");
    }
    code = tn_fault("http.listen") ? UV_EADDRINUSE
                                   : uv_listen(&listener->uv.stream, BACKLOG, on_connection);
    return code == 0 ? TN_OK : tn_http_uv_fail(error, code, "listen");
}

enum tn_status tn_http_loop_listen_local(struct tn_http_loop *loop, const char *path,
                                         struct tn_error *error)
{
    struct tn_http_listener *listener = &loop->local;
    struct stat found;
    if (lstat(path, &found) == 0 && S_ISSOCK(found.st_mode)) {
        (void) unlink(path); /* a dead server's; the ledger's file lock keeps a live one away */
    }
    int code = uv_pipe_init(&loop->uv, &listener->uv.pipe, 0);
    if (code != 0) {
        return tn_http_uv_fail(error, code, "local socket");
    }
    listener->open = true;
    code = uv_pipe_bind(&listener->uv.pipe, path);
    if (code != 0) {
        return tn_http_uv_fail(error, code, path);
    }
    /* Before listen: nobody can have connected yet. */
    if (chmod(path, S_IRUSR | S_IWUSR) != 0) {
        return tn_fail(error, TN_IO, "%s: its mode cannot be set to 0600", path);
    }
    code = uv_listen(&listener->uv.stream, BACKLOG, on_connection);
    return code == 0 ? TN_OK : tn_http_uv_fail(error, code, path);
}

static void loop_run(struct tn_http_loop *loop)
{
    TN_CHECK(uv_run(&loop->uv, UV_RUN_DEFAULT) == 0);
}

/* The sender lives and dies with this thread: when an io_uring ends, the kernel interrupts the
 * system call that its maker is in. */
static void loop_main(void *argument)
{
    struct tn_http_loop *loop = argument;
    loop->sender = tn_http_sender_create();
    loop_run(loop);
    tn_http_sender_destroy(loop->sender);
    loop->sender = NULL;
}

enum tn_status tn_http_loop_start(struct tn_http_loop *loop, struct tn_error *error)
{
    /* Signals belong to the program's main thread; SIGPIPE to nobody: writing tells. The thread
     * takes its mask from here. */
    sigset_t all;
    sigset_t before;
    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = tn_fault("http.thread") ? UV_EAGAIN
                                       : uv_thread_create(&loop->thread, loop_main, loop);
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    loop->thread_open = code == 0;
    return code == 0 ? TN_OK : tn_http_uv_fail(error, code, "thread of an event loop");
}

void tn_http_loop_drain(struct tn_http_loop *loop)
{
    if (!loop->uv_open) {
        return;
    }
    uv_mutex_lock(&loop->lock);
    if (!loop->ended) {
        loop->drain_wanted = true;
        (void) uv_async_send(&loop->async);
    }
    uv_mutex_unlock(&loop->lock);
}

void tn_http_loop_close(struct tn_http_loop *loop)
{
    if (loop->uv_open) {
        tn_http_loop_drain(loop);
        if (loop->thread_open) {
            TN_CHECK(uv_thread_join(&loop->thread) == 0);
        } else {
            loop_run(loop); /* it never ran: let it close its handles here */
        }
        TN_CHECK(loop->wake_first == NULL);
        TN_CHECK(uv_loop_close(&loop->uv) == 0);
        uv_mutex_destroy(&loop->lock);
    }
    while (loop->connections_free != NULL) {
        struct tn_http_connection *connection = loop->connections_free;
        loop->connections_free = connection->next;
        free(connection);
    }
    while (loop->exchanges_free != NULL) {
        struct tn_http_exchange *exchange = loop->exchanges_free;
        loop->exchanges_free = exchange->next;
        tn_http_exchange_destroy(exchange);
    }
    tn_json_parser_destroy(loop->json);
    loop->json = NULL;
    loop->uv_open = false;
}
