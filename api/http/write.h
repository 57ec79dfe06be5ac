/* A command that came over HTTP, from its body to its answer. Private to api/http.
 *
 *   loop thread   the handler parses the body, fills the write, calls tn_write_run
 *   pool thread   `prepare` seals and hashes (kinds that touch personal data)
 *   loop thread   submit; what could not be prepared only to ask whether its key is known
 *   desk          decides; the committer makes it durable (P2, P8)
 *   any thread    done: wake the request
 *   loop thread   the answer, from the events alone, so that a retry gets the same one
 *
 * Kinds without personal data prepare on the loop thread: a request or a validation costs it some
 * microseconds. The connection may die at any point: nothing here notices. */
#ifndef TN_API_HTTP_WRITE_H
#define TN_API_HTTP_WRITE_H

#include "api/http/service_internal.h"
#include "api/intake/intake.h"

/* JSON of one answer: a whole group's after a registration, some ids and numbers after all else
 * (zeroing the larger one was a twentieth of a validation's time on the loop). */
#define TN_WRITE_ANSWER_BYTES ((size_t) 1024)
#define TN_WRITE_ANSWER_RECEIPT_BYTES ((size_t) 2048)
#define TN_WRITE_ANSWER_GROUP_BYTES ((size_t) 8192)

struct tn_write;

struct tn_write_kind {
    enum tn_command_kind command;
    unsigned http_status; /* of success */
    bool pool;            /* prepare on a pool thread */
    bool window;          /* judged by the policy of the day whose window is open */
    bool query;           /* its handler reads the query; to all others a parameter is unknown */
    /* Fill the command by a function of api/intake/intake.h. */
    enum tn_status (*prepare)(struct tn_write *write);
    /* The members of the answer after `index`. TN_GONE: what was shown once is erased. */
    enum tn_status (*answer)(struct tn_write *write, struct tn_json_writer *json);
    /* Not 0: the body of the answer is exactly this long, filled up with spaces, and holds no
     * receipt, whose length tells the size of its frame. */
    size_t fixed_size;
};

struct tn_write {
    struct tn_intake_command command;
    struct tn_intake intake;
    struct tn_intake_caller caller;
    struct tn_random random;
    struct tn_service *service;
    struct tn_http_request *request;
    const struct tn_write_kind *kind;
    struct tn_reader *reader; /* while preparing */
    enum tn_status status;
    struct tn_error error;
    bool decided; /* the desk answered */

    /* what handlers read from path and body */
    uint8_t id[TN_ID_SIZE];    /* registration of the path */
    uint8_t other[TN_ID_SIZE]; /* offer, member, or another registration */
    uint8_t by[TN_ID_SIZE];
    struct tn_registration_form form;
    struct tn_bytes text; /* nationality, or a confirmation number */
    uint32_t birth;
    uint64_t number; /* purpose, outcome, day */
    uint64_t rule;
    uint64_t port;
    uint64_t ports[TN_POLICY_CHOICES_MAX + 1];
    size_t port_count;
    bool has_position;
    int32_t lat_udeg;
    int32_t lon_udeg;
};

/* NULL: answered already (an unknown parameter, a bad Idempotency-Key, no memory). */
struct tn_write *tn_write_begin(struct tn_http_request *request, const struct tn_write_kind *kind);
/* Prepare, submit, answer. The write is not touched afterwards. */
void tn_write_run(struct tn_write *write);
/* Answer without a command: forget the write, then respond with a problem. */
void tn_write_refuse(struct tn_write *write, enum tn_problem problem, const char *detail);
/* The i-th event of the answer, decoded in the command's arena. */
TN_MUST_USE enum tn_status tn_write_event(struct tn_write *write, size_t i, struct tn_event *event);
/* The first event of a kind. TN_NOT_FOUND: there is none. */
TN_MUST_USE enum tn_status tn_write_event_of(struct tn_write *write, enum tn_kind_number kind,
                                             struct tn_event *event);

#endif
