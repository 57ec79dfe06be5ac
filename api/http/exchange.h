/* Private to api/http: one request and its answer, from the first byte read to the last one
 * written.
 *
 *   READING    the parser fills the message
 *   HANDLING   a handler has it, on whatever thread; the connection may die meanwhile
 *   STREAMING  the head of an answer of unknown length is out, more may follow
 *   ANSWERED   the whole answer stands in the buffers and waits for its turn on the wire
 *   FREE       in the loop's pool
 *
 * All fields belong to the loop thread but `queued`, `wake_next` and `resume`, which stand under
 * the loop's wake lock. */
#ifndef TN_API_HTTP_EXCHANGE_H
#define TN_API_HTTP_EXCHANGE_H

#include <stdatomic.h>
#include <uv.h>

#include "api/http/parser.h"
#include "api/http/request.h"

struct tn_http_connection;
struct tn_http_loop;

enum tn_http_exchange_state {
    TN_EXCHANGE_FREE = 0,
    TN_EXCHANGE_READING,
    TN_EXCHANGE_HANDLING,
    TN_EXCHANGE_STREAMING,
    TN_EXCHANGE_ANSWERED,
    TN_EXCHANGE_STATE_COUNT,
};

struct tn_http_exchange {
    struct tn_http_request request;
    struct tn_http_loop *loop;
    struct tn_http_connection *connection; /* NULL once it has died */
    struct tn_http_exchange *next;         /* in the connection's line, or in the pool */
    struct tn_http_exchange *gone_next;    /* in the loop's list of streams to tell */
    enum tn_http_exchange_state state;
    bool close;               /* the connection ends after this answer */
    bool chunked;             /* the stream's framing */
    bool options;             /* answered with Allow alone */
    bool releasing;           /* free it when its queued wake is drained */
    bool in_batch;            /* its wake is being drained */
    bool gone_due;            /* in that list */
    bool pipelined;           /* not the only one of its connection when it was taken */
    bool is_open;             /* anyone may ask this, or it was refused */
    enum tn_problem refusal;  /* found at the head; told when the body is over */
    unsigned allowed;         /* methods, for Allow */
    size_t body_charged;      /* bytes counted in the loop's body memory */
    size_t answer_charged;    /* bytes counted in the loop's answer memory, and as unsent */
    size_t sent;              /* bytes of `sending` that are on the wire */
    struct tn_buffer answer;  /* filled by the handler */
    struct tn_buffer sending; /* being written; swapped with `answer` */
    void (*gone)(struct tn_http_request *request);
    uv_work_t work;
    void (*work_fn)(struct tn_http_request *request);
    void (*work_resume)(struct tn_http_request *request);
    atomic_bool queued;
    struct tn_http_exchange *wake_next;
    void (*resume)(struct tn_http_request *request);
    struct tn_arena arena;
    struct tn_http_message message;
};

/* The only way to change a state; a move that is not in the table is our bug. */
void tn_http_exchange_step(struct tn_http_exchange *exchange, enum tn_http_exchange_state state);

/* A FREE exchange from the pool, in READING; NULL when the loop has no more to give. `first` says
 * that the connection has no other one. */
struct tn_http_exchange *tn_http_exchange_take(struct tn_http_loop *loop,
                                               struct tn_http_connection *connection, bool first);
/* Wipe and give back. Any state; the owner has unlinked it. */
void tn_http_exchange_release(struct tn_http_exchange *exchange);
/* Free the memory of one that is in no list. */
void tn_http_exchange_destroy(struct tn_http_exchange *exchange);

static inline struct tn_http_exchange *tn_http_exchange_of(struct tn_http_request *request)
{
    return (struct tn_http_exchange *) (void *) ((char *) request -
                                                 offsetof(struct tn_http_exchange, request));
}

/* Put a finished answer into `exchange` (HANDLING) and make it ANSWERED; the connection writes it.
 */
void tn_http_reply_write(struct tn_http_exchange *exchange, unsigned status,
                         const char *content_type, struct tn_bytes body,
                         const struct tn_http_reply_field *fields, size_t field_count);
/* The head of an answer of unknown length. */
void tn_http_reply_stream_head(struct tn_http_exchange *exchange, unsigned status,
                               const char *content_type);
/* The same for a problem, with what its status needs (Allow, WWW-Authenticate, Retry-After). */
void tn_http_reply_problem(struct tn_http_exchange *exchange, enum tn_problem problem,
                           const char *detail);
/* The answer of OPTIONS: 204 and Allow. */
void tn_http_reply_options(struct tn_http_exchange *exchange);
/* A whole answer for a connection that has no exchange; always closes. */
void tn_http_reply_canned(struct tn_http_loop *loop, enum tn_problem problem,
                          struct tn_buffer *out);

#endif
