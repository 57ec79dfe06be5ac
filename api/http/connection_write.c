/* One connection: answers leave in the order of their requests.
 *
 * Life of an answer: it is made in the exchange's `answer` buffer and becomes `sending` when its
 * turn comes; all that are ready go out in one uv_try_write, or with those of other connections in
 * one call of the sender; what the socket does not take waits in one uv_write, during which nothing
 * else is written and no `sending` buffer changes. */
#include <errno.h>
#include <string.h>

#include "api/http/connection.h"
#include "api/http/sender.h"
#include "ledger/base/check.h"
#include "ledger/base/fault.h"

#define WRITE_BUFFERS 64

void tn_http_connection_ready(struct tn_http_connection *connection)
{
    struct tn_http_loop *loop = connection->loop;
    TN_CHECK(loop->batch_depth != 0);
    if (connection->dirty) {
        return;
    }
    connection->dirty = true;
    connection->dirty_next = NULL;
    if (loop->dirty_first == NULL) {
        loop->dirty_first = connection;
    } else {
        loop->dirty_last->dirty_next = connection;
    }
    loop->dirty_last = connection;
}

static bool is_ending(const struct tn_http_connection *connection)
{
    return connection->state == TN_CONNECTION_CLOSING || connection->state == TN_CONNECTION_CLOSED;
}

/* Gather what may be written now; returns the number of buffers. */
static unsigned write_gather(struct tn_http_connection *connection,
                             uv_buf_t bufs[static WRITE_BUFFERS], size_t *total)
{
    unsigned count = 0;
    *total = 0;
    for (struct tn_http_exchange *at = connection->first; at != NULL && count < WRITE_BUFFERS;
         at = at->next) {
        if (at->state != TN_EXCHANGE_ANSWERED && at->state != TN_EXCHANGE_STREAMING) {
            break;
        }
        if (at->sent == at->sending.size) {
            struct tn_buffer empty = at->sending;
            at->sending = at->answer;
            at->answer = empty;
            tn_buffer_reset_secret(&at->answer);
            at->sent = 0;
        }
        size_t left = at->sending.size - at->sent;
        if (left > UINT32_MAX / 2) {
            left = UINT32_MAX / 2; /* the width of a uv_buf_t's length on other systems */
        }
        if (left != 0) {
            bufs[count++] = uv_buf_init((char *) at->sending.data + at->sent, (unsigned) left);
            *total += left;
        }
        if (at->state == TN_EXCHANGE_STREAMING || at->answer.size != 0 || at->close) {
            break;
        }
    }
    return count;
}

/* `size` bytes of the line are on the wire. */
static void write_advance(struct tn_http_connection *connection, size_t size)
{
    tn_http_count(&connection->loop->counters.bytes_out, size);
    for (struct tn_http_exchange *at = connection->first; at != NULL && size != 0; at = at->next) {
        size_t left = at->sending.size - at->sent;
        size_t step = left < size ? left : size;
        at->sent += step;
        size -= step;
    }
    TN_CHECK(size == 0);
}

/* An answer that said `Connection: close` is out: whatever was behind it is not answered. */
static void line_cut(struct tn_http_connection *connection)
{
    tn_http_connection_line_drop(connection);
    if (connection->state != TN_CONNECTION_LAST) {
        tn_http_connection_step(connection, TN_CONNECTION_LAST);
    }
}

/* Take finished answers off the line. */
static void line_pop(struct tn_http_connection *connection)
{
    while (connection->first != NULL) {
        struct tn_http_exchange *exchange = connection->first;
        if (exchange->state != TN_EXCHANGE_ANSWERED || exchange->sent != exchange->sending.size ||
            exchange->answer.size != 0) {
            return;
        }
        bool close = exchange->close;
        connection->first = exchange->next;
        if (connection->first == NULL) {
            connection->last = NULL;
        }
        connection->in_flight--;
        connection->unsent -= exchange->answer_charged;
        tn_http_exchange_release(exchange);
        if (close) {
            line_cut(connection);
        }
    }
}

static void on_written(uv_write_t *write, int code)
{
    struct tn_http_connection *connection =
        TN_CONTAINER_OF(write, struct tn_http_connection, write);
    struct tn_http_loop *loop = connection->loop;
    if (is_ending(connection)) {
        return;
    }
    tn_http_loop_batch_begin(loop);
    connection->writing = false;
    if (code != 0) {
        tn_http_connection_abort(connection);
    } else {
        write_advance(connection, connection->write_size);
        line_pop(connection);
        tn_http_connection_ready(connection);
    }
    tn_http_loop_batch_end(loop);
}

void tn_http_connection_write(struct tn_http_connection *connection)
{
    uv_buf_t bufs[WRITE_BUFFERS];
    size_t total = 0;
    while (!connection->writing && !is_ending(connection)) {
        unsigned count = write_gather(connection, bufs, &total);
        if (count == 0) {
            line_pop(connection); /* a stream may end with nothing left to write */
            return;
        }
        int written = tn_fault("http.try_write")
                          ? UV_EAGAIN
                          : uv_try_write(&connection->uv.stream, bufs, count);
        if (written < 0 && written != UV_EAGAIN) {
            tn_http_connection_abort(connection);
            return;
        }
        size_t size = written < 0 ? 0 : (size_t) written;
        write_advance(connection, size);
        line_pop(connection);
        if (size == total) {
            continue;
        }
        count = write_gather(connection, bufs, &total);
        TN_CHECK(count != 0);
        int code = tn_fault("http.write") ? UV_ENOMEM
                                          : uv_write(&connection->write, &connection->uv.stream,
                                                     bufs, count, on_written);
        if (code != 0) {
            tn_http_connection_abort(connection);
            return;
        }
        connection->writing = true;
        connection->write_size = total;
        connection->write_left = total;
        connection->write_progress_ms = uv_now(&connection->loop->uv);
    }
}

/* What is sent together: each connection's part points into `bufs`. */
struct together {
    struct tn_http_connection *connections[TN_HTTP_SENDS_MAX];
    struct tn_http_send sends[TN_HTTP_SENDS_MAX];
    uv_buf_t bufs[TN_HTTP_SENDS_MAX + WRITE_BUFFERS];
    size_t count;
    size_t buf_count;
};

static void together_send(struct tn_http_loop *loop, struct together *together)
{
    bool sound = true;
    if (together->count > 1) {
        sound = tn_http_sender_send(loop->sender, together->sends, together->count);
        for (size_t i = 0; i < together->count; i++) {
            struct tn_http_connection *connection = together->connections[i];
            int result = together->sends[i].result;
            if (result >= 0) {
                write_advance(connection, (size_t) result);
                line_pop(connection);
            } else if (result == -EIO) {
                tn_http_connection_abort(connection); /* nobody knows what the peer got */
            }
        }
    }
    if (!sound) {
        tn_http_sender_destroy(loop->sender);
        loop->sender = NULL;
    }
    together->count = 0;
    together->buf_count = 0;
}

void tn_http_connections_write(struct tn_http_loop *loop)
{
    struct together together;
    if (loop->dirty_first == loop->dirty_last) {
        return; /* nobody, or one who is as well off with uv_try_write */
    }
    together.count = 0;
    together.buf_count = 0;
    for (struct tn_http_connection *at = loop->dirty_first; at != NULL && loop->sender != NULL;
         at = at->dirty_next) {
        uv_os_fd_t fd = -1;
        size_t total = 0;
        if (at->writing || is_ending(at) || uv_fileno(&at->uv.handle, &fd) != 0) {
            continue;
        }
        uv_buf_t *bufs = together.bufs + together.buf_count;
        unsigned count = write_gather(at, bufs, &total);
        if (count == 0) {
            continue;
        }
        /* On Unix a uv_buf_t is an iovec by another name. */
        together.sends[together.count] = (struct tn_http_send){
            .fd = fd, .message = {.msg_iov = (struct iovec *) bufs, .msg_iovlen = count}};
        together.connections[together.count++] = at;
        together.buf_count += count;
        if (together.count == TN_HTTP_SENDS_MAX || together.buf_count >= TN_HTTP_SENDS_MAX) {
            together_send(loop, &together);
        }
    }
    if (together.count != 0) {
        together_send(loop, &together);
    }
}

void tn_http_connection_continue(struct tn_http_connection *connection)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    /* Out of turn it would be read as part of another answer. */
    if (connection->first != NULL || connection->writing) {
        return;
    }
    connection->continue_due = false;
    if (connection->parser.body_received != 0) {
        return;
    }
    char line[sizeof(text)];
    memcpy(line, text, sizeof(text));
    uv_buf_t buf = uv_buf_init(line, sizeof(text) - 1);
    int written = uv_try_write(&connection->uv.stream, &buf, 1);
    /* The line is empty and so is the socket's buffer: a part of 25 bytes means that it is broken.
     */
    if (written != (int) sizeof(text) - 1) {
        tn_http_connection_abort(connection);
    }
}

static void on_shutdown(uv_shutdown_t *shutdown, int code)
{
    struct tn_http_connection *connection =
        TN_CONTAINER_OF(shutdown, struct tn_http_connection, shutdown);
    struct tn_http_loop *loop = connection->loop;
    if (code != 0 && !is_ending(connection)) {
        tn_http_loop_batch_begin(loop);
        tn_http_connection_abort(connection);
        tn_http_loop_batch_end(loop);
    }
}

/* All is answered: say that nothing more comes, and read on for a while, because closing with
 * unread input would make the kernel reset the connection and the peer lose the answer. */
static void linger(struct tn_http_connection *connection)
{
    struct tn_http_loop *loop = connection->loop;
    if (connection->peer_done) {
        tn_http_connection_abort(connection);
        return;
    }
    tn_http_connection_step(connection, TN_CONNECTION_LINGERING);
    connection->deadline_ms = uv_now(&loop->uv) + loop->options->linger_timeout_ms;
    if (tn_http_connection_read(connection) != 0 ||
        uv_shutdown(&connection->shutdown, &connection->uv.stream, on_shutdown) != 0) {
        tn_http_connection_abort(connection);
    }
}

/* Half of what was in flight is answered, and most of it read: take the input that waited, then
 * read on. */
static void unstall(struct tn_http_connection *connection)
{
    struct tn_buffer waiting = connection->pending;
    tn_buffer_init(&connection->pending, TN_HTTP_READ_SIZE);
    tn_http_connection_step(connection, TN_CONNECTION_IDLE);
    tn_http_connection_input(connection, tn_buffer_view(&waiting));
    tn_buffer_close_secret(&waiting);
    if (!is_ending(connection) && connection->state != TN_CONNECTION_STALLED &&
        tn_http_connection_read(connection) != 0) {
        tn_http_connection_abort(connection);
    }
}

void tn_http_connection_flush(struct tn_http_connection *connection)
{
    const struct tn_http_options *options = connection->loop->options;
    tn_http_connection_write(connection);
    if (is_ending(connection)) {
        return;
    }
    if (connection->first == NULL && !connection->writing) {
        if (connection->state == TN_CONNECTION_LAST) {
            linger(connection);
            return;
        }
        if (connection->state == TN_CONNECTION_IDLE) {
            connection->deadline_ms = uv_now(&connection->loop->uv) + options->idle_timeout_ms;
        } else if (connection->state == TN_CONNECTION_BODY && connection->continue_due) {
            tn_http_connection_continue(connection);
        }
    }
    if (connection->state == TN_CONNECTION_STALLED &&
        connection->in_flight <= options->requests_max / 2 &&
        connection->unsent <= options->unsent_max) {
        unstall(connection);
    }
}
