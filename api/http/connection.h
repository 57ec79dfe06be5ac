/* Private to api/http: one connection, its requests in their order, and its deadlines. */
#ifndef TN_API_HTTP_CONNECTION_H
#define TN_API_HTTP_CONNECTION_H

#include <uv.h>

#include "api/http/exchange.h"
#include "api/http/loop.h"

enum tn_http_connection_state {
    TN_CONNECTION_IDLE = 0, /* no request is being read */
    TN_CONNECTION_HEAD,
    TN_CONNECTION_BODY,
    TN_CONNECTION_STALLED,   /* not reading: too much is in flight */
    TN_CONNECTION_LAST,      /* no further request is read; answers are still due */
    TN_CONNECTION_LINGERING, /* all is answered; reading on so that the peer sees the answer */
    TN_CONNECTION_CLOSING,
    TN_CONNECTION_CLOSED,
    TN_CONNECTION_STATE_COUNT,
};

struct tn_http_connection {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct tn_http_loop *loop;
    struct tn_http_connection *next; /* all open ones, or the free ones */
    struct tn_http_connection *previous;
    struct tn_http_connection *dirty_next;
    enum tn_http_connection_state state;
    bool local;
    bool dirty;
    bool writing;   /* `write` is under way */
    bool peer_done; /* the peer sends no more */
    bool continue_due;
    struct tn_http_exchange *reading; /* in HEAD and BODY */
    struct tn_http_exchange *first;   /* in flight, in order */
    struct tn_http_exchange *last;
    unsigned in_flight;
    size_t unsent;        /* bytes of the line's whole answers */
    size_t discard_left;  /* input that may be thrown away after the last request */
    uint64_t deadline_ms; /* of HEAD, IDLE and LINGERING */
    uint64_t body_started_ms;
    uint64_t write_progress_ms; /* when the write queue last moved */
    size_t write_size;          /* of the write under way */
    size_t write_left;
    struct tn_buffer pending; /* input that waits in STALLED */
    struct tn_http_parser parser;
};

/* Take one waiting connection from a listener; sets `stalled` on it when there is no memory. */
void tn_http_connection_accept(struct tn_http_listener *listener);
/* An answer in its line is ready: write it at the end of the batch. */
void tn_http_connection_ready(struct tn_http_connection *connection);
/* Write what the connections that are ready have, with as few system calls as there are. Whatever
 * is left over, or went wrong, is met again by each one's flush. */
void tn_http_connections_write(struct tn_http_loop *loop);
/* Write what is ready, in order; then read on, or end. */
void tn_http_connection_flush(struct tn_http_connection *connection);
/* Look at the deadlines. */
void tn_http_connection_tick(struct tn_http_connection *connection, uint64_t now_ms);
/* The loop drains: read no further request. */
void tn_http_connection_drain(struct tn_http_connection *connection);
/* End it now, whatever is under way. */
void tn_http_connection_abort(struct tn_http_connection *connection);

/* --- between connection.c, connection_accept.c and connection_write.c --- */

/* The only way to change a state; a move that is not in the table is our bug. */
void tn_http_connection_step(struct tn_http_connection *connection,
                             enum tn_http_connection_state state);
/* There is not even an exchange for an answer: say so in one write, or not at all. */
void tn_http_connection_refuse(struct tn_http_connection *connection, enum tn_problem problem);
/* Let go of all requests: those read or answered go back to the pool, the others when they are
 * answered. */
void tn_http_connection_line_drop(struct tn_http_connection *connection);
/* Parse input in a reading state; what a stall leaves over is kept. */
void tn_http_connection_input(struct tn_http_connection *connection, struct tn_bytes input);
/* Start reading, or do nothing when that is so already. */
int tn_http_connection_read(struct tn_http_connection *connection);
/* Write what is ready, and nothing else of what flush does. */
void tn_http_connection_write(struct tn_http_connection *connection);
/* Send 100 Continue if the request being read wants it and it is its turn. */
void tn_http_connection_continue(struct tn_http_connection *connection);

#endif
