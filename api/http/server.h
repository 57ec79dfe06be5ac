/* The HTTP/1.1 server: loops, listeners, limits, draining. */
#ifndef TN_API_HTTP_SERVER_H
#define TN_API_HTTP_SERVER_H

#include "api/http/request.h"
#include "api/http/router.h"

enum tn_http_verdict {
    TN_HTTP_ALLOW = 0,
    TN_HTTP_DENY_401, /* who asks is not known */
    TN_HTTP_DENY_403, /* who asks is known and may not */
    TN_HTTP_UNKNOWN,  /* it cannot be found out now: 503 */
};

/* Zero in any number means the default in brackets. All of it is copied but what is pointed to:
 * routes and context live as long as the server. */
struct tn_http_options {
    const char *host;      /* numeric address to listen on, or NULL for no TCP */
    uint16_t port;         /* 0 = any free one; see tn_http_server_port */
    const char *unix_path; /* socket with mode 0600, or NULL. One that lies there is replaced. */
    const struct tn_http_route *routes;
    size_t route_count;
    void *context; /* request->context */
    /* Runs on a loop thread when a head is complete, before its body is read; the handler runs only
     * after ALLOW. NULL allows TN_ACCESS_PUBLIC routes only. It may set request->user. */
    enum tn_http_verdict (*authorise)(struct tn_http_request *request, enum tn_http_access access);
    /* Runs on a loop thread, with `context`, after each turn of the loop: for what handlers
     * gathered rather than hand on one by one. NULL: nothing does. */
    void (*after_turn)(void *context);
    const char
        *common_fields; /* whole lines, each ending in CRLF, put into every answer; or NULL */

    unsigned loops;             /* threads [one less than the cores, at least 1] */
    unsigned descriptors_max;   /* open files of all loops together [no bound]: a small number
                                 * lowers connections_max */
    unsigned connections_max;   /* per loop, over TCP [4096] */
    unsigned local_max;         /* over the Unix socket [16] */
    unsigned requests_max;      /* in flight on one connection [64] */
    unsigned pipelined_max;     /* per loop, beyond one for each connection [1024] */
    unsigned work_max;          /* tn_http_work under way per loop [64] */
    size_t arena_max;           /* bytes of a request's arena [256 KiB] */
    size_t body_memory_max;     /* bytes of bodies held per loop, at most half of them on routes
                                 * that anyone may use [64 MiB] */
    size_t response_max;        /* bytes of one answer [32 MiB] */
    size_t answer_memory_max;   /* bytes of answers held per loop, not counting the last one, at
                                 * most half of them to what anyone may ask: what is large and only
                                 * read is `busy` beyond that [64 MiB] */
    size_t unsent_max;          /* bytes of answers on a connection beyond which it takes no further
                                 * request [1 MiB] */
    size_t stream_backlog_max;  /* bytes that a stream may leave unread [256 KiB] */
    uint64_t head_timeout_ms;   /* from its first byte, or from accept [10 s] */
    uint64_t idle_timeout_ms;   /* between requests [60 s] */
    uint64_t body_grace_ms;     /* before the minimum rate counts [5 s] */
    uint64_t body_rate_min;     /* bytes per second over the whole body [1024] */
    uint64_t write_timeout_ms;  /* without any progress in writing [30 s] */
    uint64_t linger_timeout_ms; /* reading on after the last answer [2 s] */
    uint64_t drain_timeout_ms;  /* from drain to closing what is left [20 s] */
    uint64_t tick_ms;           /* how often deadlines are looked at [250] */
};

struct tn_http_server;

/* Bind, listen and start the loop threads; requests may come before it returns.
 *
 * TN_INVALID      an option or a route is not valid
 * TN_IO           an address cannot be bound
 * TN_UNAVAILABLE  descriptors_max leaves hardly any connection
 * TN_MEMORY */
TN_MUST_USE enum tn_status tn_http_server_open(struct tn_http_server **server,
                                               const struct tn_http_options *options,
                                               struct tn_error *error);
/* The port that is listened on. */
uint16_t tn_http_server_port(const struct tn_http_server *server);
/* Stop listening, answer what is in flight with `Connection: close`, tell streams that they are
 * gone, and end each loop when its last request is answered. Returns at once; any thread; again is
 * harmless. */
void tn_http_server_drain(struct tn_http_server *server);
/* Drain, wait for the loops to end, free everything. Waits for every handler's answer: the parts
 * that handlers wait for must still run. NULL is fine. Not from a loop thread. */
void tn_http_server_close(struct tn_http_server *server);

/* Counters since open, summed over the loops; any thread. */
struct tn_http_stats {
    uint64_t connections; /* accepted */
    uint64_t connections_open;
    uint64_t connections_refused; /* over connections_max or local_max */
    uint64_t requests;            /* that reached the router */
    uint64_t requests_open;       /* handlers that have not answered yet */
    uint64_t refused;             /* by guard, limits or deadlines */
    uint64_t answers[6];          /* by hundreds of their status; [0] unused */
    uint64_t bytes_in;
    uint64_t bytes_out;
};

void tn_http_server_stats(const struct tn_http_server *server, struct tn_http_stats *stats);

#endif
