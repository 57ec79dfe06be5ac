/* Taking connections, up to a maximum of each kind. */
#include <stdlib.h>
#include <string.h>

#include "api/http/connection.h"
#include "ledger/base/check.h"
#include "ledger/base/fault.h"

/* Bytes thrown away after the last request while its answer is still being made. */
#define DISCARD_MAX ((size_t) 256 * 1024)

static struct tn_http_connection *connection_take(struct tn_http_loop *loop)
{
    struct tn_http_connection *connection = loop->connections_free;
    if (connection == NULL) {
        return tn_fault("http.connection") ? NULL : calloc(1, sizeof(*connection));
    }
    loop->connections_free = connection->next;
    loop->connection_free_count--;
    memset(connection, 0, sizeof(*connection));
    return connection;
}

static void connection_open(struct tn_http_connection *connection, struct tn_http_loop *loop,
                            bool local)
{
    connection->loop = loop;
    connection->local = local;
    connection->discard_left = DISCARD_MAX;
    connection->deadline_ms = uv_now(&loop->uv) + loop->options->head_timeout_ms;
    tn_buffer_init(&connection->pending, TN_HTTP_READ_SIZE);
    /* Neither init does more than fill in the handle. */
    int code = local ? uv_pipe_init(&loop->uv, &connection->uv.pipe, 0)
                     : uv_tcp_init(&loop->uv, &connection->uv.tcp);
    TN_CHECK(code == 0);
    connection->next = loop->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    loop->connections = connection;
    loop->connection_count++;
    loop->local_count += local ? 1 : 0;
    tn_http_count(&loop->counters.connections, 1);
    tn_http_count(&loop->counters.connections_open, 1);
}

void tn_http_connection_accept(struct tn_http_listener *listener)
{
    struct tn_http_loop *loop = listener->loop;
    struct tn_http_connection *connection = connection_take(loop);
    listener->stalled = connection == NULL;
    if (connection == NULL) {
        return; /* libuv keeps it waiting and accepts no other; the tick tries again */
    }
    connection_open(connection, loop, listener->local);
    if (uv_accept(&listener->uv.stream, &connection->uv.stream) != 0) {
        tn_http_connection_abort(connection);
        return;
    }
    /* Each kind has its own: strangers must not lock out the operator. */
    unsigned max = listener->local ? loop->options->local_max : loop->options->connections_max;
    unsigned count = listener->local ? loop->local_count
                                     : loop->connection_count - loop->local_count;
    if (count > max) {
        tn_http_count(&loop->counters.connections_refused, 1);
        if (count > max + TN_HTTP_REFUSED_MAX) {
            tn_http_connection_abort(connection);
        } else {
            tn_http_connection_refuse(connection, TN_PROBLEM_TOO_MANY_CONNECTIONS);
        }
        return;
    }
    if (!listener->local) {
        (void) uv_tcp_nodelay(&connection->uv.tcp, 1);
    }
    if (tn_http_connection_read(connection) != 0) {
        tn_http_connection_abort(connection);
    }
}
