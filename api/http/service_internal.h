/* What the routes share. Private to api/http. */
#ifndef TN_API_HTTP_SERVICE_INTERNAL_H
#define TN_API_HTTP_SERVICE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "api/auth/auth.h"
#include "api/http/json_read.h"
#include "api/http/json_writer.h"
#include "api/http/server.h"
#include "api/http/service.h"
#include "api/query/reader.h"

/* The largest transcript there can be; everything else is far smaller. */
#define TN_SERVICE_RESPONSE_BYTES ((size_t) 300 << 20)

/* A transcript that was asked for: it never changes, and making it is the dearest thing that the
 * public may ask, so the last one is kept and one is made at a time. */
struct tn_service_transcript {
    uint64_t day;
    struct tn_buffer text; /* empty: none is kept */
    bool building;
};

struct tn_service {
    struct tn_ledger *ledger;
    struct tn_query *query;
    struct tn_http_server *server;
    struct tn_witnesses *witnesses;   /* NULL: none are asked */
    _Atomic uint64_t store_warned_us; /* when it was last said that tokens cannot be looked up */
    pthread_mutex_t lock;             /* over `transcript` */
    struct tn_service_transcript transcript;
};

static inline struct tn_service *tn_service_of(const struct tn_http_request *request)
{
    return request->context;
}

static inline struct tn_caller *tn_caller_of(const struct tn_http_request *request)
{
    return request->user;
}

/* ---- answers ---- */

/* Memory in the request's arena as a buffer that never grows: for answers whose size is known. The
 * bytes are the arena's; do not close it. An arena that is full gives a buffer that overflows. */
struct tn_buffer tn_answer_buffer(struct tn_http_request *request, size_t size);
/* What a full disk or a pause means for who asks, and what ends it; NULL for other problems. */
const char *tn_answer_waiting(enum tn_problem problem);
/* A problem for a status, with words that hold nobody's data. */
void tn_answer_status(struct tn_http_request *request, enum tn_status status,
                      const struct tn_error *error);
/* The refusal of a rule, in the language that was asked for; index UINT64_MAX: it is not in the
 * log. */
/* `index` of the refusal's event; NULL: there is none. */
void tn_answer_refusal(struct tn_http_request *request, enum tn_refusal refusal,
                       const uint64_t *index);
/* One of the policy's five languages by Accept-Language; English when none fits. Pure. */
enum tn_language tn_language_choose(struct tn_bytes accept);
const char *tn_language_tag(enum tn_language language);

/* Does the entry say which officer acted? A person is shown what was done and by which role, never
 * who it was (spec/privacy.md 4). */
bool tn_names_officer(const struct tn_event *event);

/* Members of answers: a day as "YYYY-MM-DD", an instant, a minute of a day as "HH:MM", the seats of
 * a slot's first run as "date" and "time". */
void tn_json_member_date(struct tn_json_writer *json, const char *name, uint64_t day);
void tn_json_member_instant(struct tn_json_writer *json, const char *name, uint64_t time_us);
void tn_json_member_time(struct tn_json_writer *json, const char *name, uint64_t minute);
void tn_json_member_seats(struct tn_json_writer *json, const struct tn_run_list *seats);

/* ---- what requests carry; false: it was answered, and is gone ---- */

/* Parameter `i` of the path. Of an id or a date that is none: 404, as for one that is not known. */
bool tn_path_id(struct tn_http_request *request, size_t i, uint8_t id[static TN_ID_SIZE]);
bool tn_path_date(struct tn_http_request *request, size_t i, uint64_t *day);
bool tn_path_uint(struct tn_http_request *request, size_t i, uint64_t max, uint64_t *value);
/* A decimal query parameter; `fallback` when it is absent. */
bool tn_query_uint(struct tn_http_request *request, const char *name, uint64_t fallback,
                   uint64_t max, uint64_t *value);
bool tn_query_known(struct tn_http_request *request, const char *const *names, size_t count);
/* The members of a JSON body by `rules`. */
bool tn_body_read(struct tn_http_request *request, const struct tn_json_rule *rules, size_t count,
                  const struct tn_json_value **members);
/* That a write which takes no body has none, or {}: what nobody reads must not look as if it had
 * been heeded. */
bool tn_body_none(struct tn_http_request *request);
/* "The member is not valid" as an answer. */
void tn_answer_member(struct tn_http_request *request, const char *detail);
/* Min-Index: what the caller wrote must be visible. On this node a write is answered when it is
 * committed, so an index that is not there yet is another node's or wrong: 503 at once, to be tried
 * again. */
bool tn_min_index_reached(struct tn_http_request *request);

/* ---- reading on the pool ---- */

/* One question: `read` runs on a pool thread with a reader and writes one JSON value; then it is
 * answered. Allocated in the request's arena by tn_read_run; TN_NOT_FOUND is 404. */
struct tn_read {
    struct tn_service *service;
    struct tn_http_request *request;
    struct tn_reader *reader;
    struct tn_buffer out;      /* wiped; its limit is TN_READ_BYTES_MAX unless `read` sets one */
    const char *content_type;  /* NULL: application/json */
    const char *cache_control; /* NULL: no-store */
    enum tn_status (*read)(struct tn_read *read);
    enum tn_status status;
    struct tn_error error;
    uint8_t id[TN_ID_SIZE]; /* the path's, as a route needs them */
    uint64_t day;
    uint64_t after;
    uint64_t limit;
    uint32_t kind;
    bool has_stream;
};

#define TN_READ_BYTES_MAX ((size_t) 32 << 20)

/* NULL: answered (the arena is full). */
struct tn_read *tn_read_begin(struct tn_http_request *request,
                              enum tn_status (*read)(struct tn_read *read));
/* Go to the pool and come back with the answer. */
void tn_read_run(struct tn_read *read);
/* A page of what belongs to the registration in the path, by `after` and `limit` of the query. */
void tn_read_page_of(struct tn_http_request *request, enum tn_status (*run)(struct tn_read *read),
                     uint64_t limit_default, uint64_t limit_max);

/* ---- handlers, by file ---- */

void tn_on_register(struct tn_http_request *request);
void tn_on_add_member(struct tn_http_request *request);
void tn_on_remove_member(struct tn_http_request *request);
void tn_on_withdraw(struct tn_http_request *request);
void tn_on_restore(struct tn_http_request *request);
void tn_on_merge(struct tn_http_request *request);

void tn_on_request(struct tn_http_request *request);
void tn_on_withdraw_request(struct tn_http_request *request);
void tn_on_accept(struct tn_http_request *request);
void tn_on_decline(struct tn_http_request *request);
void tn_on_cancel(struct tn_http_request *request);

void tn_on_validate(struct tn_http_request *request);
void tn_on_arrival(struct tn_http_request *request);
void tn_on_close_port_day(struct tn_http_request *request);

void tn_on_registration(struct tn_http_request *request);
void tn_on_history(struct tn_http_request *request);
void tn_on_accesses(struct tn_http_request *request);
void tn_on_proofs(struct tn_http_request *request);

void tn_on_policy(struct tn_http_request *request);
void tn_on_ports(struct tn_http_request *request);
void tn_on_day(struct tn_http_request *request);
void tn_on_draw(struct tn_http_request *request);

void tn_on_events(struct tn_http_request *request);
void tn_on_checkpoint(struct tn_http_request *request);
void tn_on_cosigned(struct tn_http_request *request);
void tn_on_tile(struct tn_http_request *request);
void tn_on_bundle(struct tn_http_request *request);

void tn_on_healthz(struct tn_http_request *request);
void tn_on_readyz(struct tn_http_request *request);
void tn_on_metrics(struct tn_http_request *request);
void tn_on_openapi(struct tn_http_request *request);
void tn_on_admin(struct tn_http_request *request);

#endif
