/* What a handler sees: a request, and the ways to answer it, now or later.
 *
 * Life of a request: the loop reads it, the router finds its route, the authorise hook lets it
 * pass, and the handler runs on the loop thread. From then on the handler owns the duty to answer
 * exactly once: tn_http_respond* (or begin/end of a stream) on the loop thread. To come back to the
 * loop thread from another it calls tn_http_wake, or lets tn_http_work carry it to the pool and
 * back. When the connection has died meanwhile, resume still runs and the answer goes nowhere: the
 * handler need not know. After the answer the request and its arena are gone. */
#ifndef TN_API_HTTP_REQUEST_H
#define TN_API_HTTP_REQUEST_H

#include "api/http/guard.h"
#include "api/http/json.h"
#include "api/http/problem.h"
#include "ledger/base/arena.h"

#define TN_HTTP_PARAMETERS_MAX 4

struct tn_http_route;

/* All views live until the answer. */
struct tn_http_request {
    enum tn_http_method method;
    struct tn_bytes path;  /* decoded: no empty view, begins with a slash */
    struct tn_bytes query; /* as it came: see tn_http_query */
    struct tn_bytes body;
    const struct tn_http_field *fields;
    size_t field_count;
    struct tn_bytes parameters[TN_HTTP_PARAMETERS_MAX]; /* of the route's pattern, in its order */
    const struct tn_http_route *route;
    struct tn_arena *arena;      /* bounded; for whatever the handler needs until the answer */
    struct tn_json_parser *json; /* the loop's: for use on the loop thread only */
    void *context;               /* the server's options.context */
    void *user;                  /* NULL at first; the authorise hook's and the handler's own */
    bool local;                  /* came over the Unix socket */
    bool escaped;                /* the path came with percent escapes; `path` has none */
};

typedef void tn_http_handler(struct tn_http_request *request);

/* The value of a header (name in lower case), or a view with data NULL. Headers that a rule of ours
 * reads may stand only once (the guard sees to that); of others the first counts. */
struct tn_bytes tn_http_header(const struct tn_http_request *request, const char *name);

/* The decoded value of a query parameter in the request's arena; data is NULL when it is absent.
 *
 * TN_INVALID  it stands twice
 * TN_MEMORY   the arena is full */
TN_MUST_USE enum tn_status tn_http_query(const struct tn_http_request *request, const char *name,
                                         struct tn_bytes *value);
/* TN_OK when the query has no other parameters than `names`; otherwise TN_INVALID, named in error.
 */
TN_MUST_USE enum tn_status tn_http_query_only(const struct tn_http_request *request,
                                              const char *const *names, size_t count,
                                              struct tn_error *error);

/* True when the request's Content-Type is `type`, parameters aside. */
bool tn_http_content_type_is(const struct tn_http_request *request, const char *type);

struct tn_http_reply_field {
    const char *name;
    struct tn_bytes value; /* no control bytes: otherwise the answer becomes 500 */
};

/* Answer. `content_type` may be NULL when `body` is empty; all is copied before it returns. Loop
 * thread only; exactly once; the request is gone afterwards. */
void tn_http_respond(struct tn_http_request *request, unsigned status, const char *content_type,
                     struct tn_bytes body, const struct tn_http_reply_field *fields,
                     size_t field_count);
/* Answer with a problem document; the detail (may be NULL) says what to do, never whose data. */
void tn_http_respond_problem(struct tn_http_request *request, enum tn_problem problem,
                             const char *detail);
/* Answer with `body` (application/json), or 500 when it overflowed. */
void tn_http_respond_json(struct tn_http_request *request, unsigned status,
                          const struct tn_buffer *body);

/* The body as JSON. False when it is none: then the request has been answered (415, 400 or 413) and
 * is gone. Loop thread only. */
TN_MUST_USE bool tn_http_body_json(struct tn_http_request *request,
                                   const struct tn_json_value **root);

/* From any thread: have `resume` run on the loop thread, once, in the order of the wakes. A wake
 * while one is queued already does nothing more. No thread may wake a request after its answer or
 * its stream's end; a wake that is still queued then is dropped. */
void tn_http_wake(struct tn_http_request *request, void (*resume)(struct tn_http_request *request));
/* From the loop thread: run `work` on libuv's pool, then `resume` on the loop thread, exactly once.
 *
 * TN_BUSY  too many are under way on this loop: nothing will run, answer `busy` */
TN_MUST_USE enum tn_status tn_http_work(struct tn_http_request *request,
                                        void (*work)(struct tn_http_request *request),
                                        void (*resume)(struct tn_http_request *request));

/* An answer of unknown length (Server-Sent Events). begin writes the head, send appends, end ends
 * it; end is due exactly once, also when send failed. Loop thread only. `gone` (may be NULL) runs
 * once on the loop thread if the connection ends first (also when the server drains); it must lead
 * to tn_http_stream_end, at once or later. */
void tn_http_stream_begin(struct tn_http_request *request, unsigned status,
                          const char *content_type, void (*gone)(struct tn_http_request *request));
/* TN_FULL         the peer reads too slowly: nothing was appended, retry or end
 * TN_UNAVAILABLE  the connection is gone */
TN_MUST_USE enum tn_status tn_http_stream_send(struct tn_http_request *request,
                                               struct tn_bytes bytes);
void tn_http_stream_end(struct tn_http_request *request);

#endif
