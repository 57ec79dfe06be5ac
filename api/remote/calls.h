/* POSTs to servers of others, several at a time, on one thread: over http and https, with limits on
 * time and size, and no redirects. The one file of api that knows libcurl. */
#ifndef TN_API_REMOTE_CALLS_H
#define TN_API_REMOTE_CALLS_H

#include "ledger/base/buffer.h"

#define TN_CALL_URL_MAX 1100
#define TN_CALL_TYPE_MAX 127

struct tn_calls;

struct tn_calls_options {
    const char *ca_file;         /* who may vouch for https; NULL: those of the system */
    unsigned connect_timeout_ms; /* 0: 5 s */
    unsigned timeout_ms;         /* of a whole call; 0: 10 s */
};

/* One call, embedded by its owner, who leaves it alone from start until `done` has run. */
struct tn_call {
    /* filled by the caller */
    char url[TN_CALL_URL_MAX + 1];
    struct tn_bytes body;
    size_t answer_max; /* bytes; a longer answer ends the call */
    void (*done)(struct tn_call *call);

    /* set before `done` */
    enum tn_status status; /* TN_OK: an answer came, whatever it says */
    unsigned http_status;
    char content_type[TN_CALL_TYPE_MAX + 1];
    struct tn_buffer answer; /* closed by tn_call_close */
    struct tn_error error;

    void *handle;
};

/* Everything below on one thread, but tn_calls_wake. */
TN_MUST_USE enum tn_status tn_calls_open(const struct tn_calls_options *options,
                                         struct tn_calls **calls, struct tn_error *error);
/* Calls under way must have been cancelled. NULL is fine. */
void tn_calls_close(struct tn_calls *calls);

/* TN_OK: `done` runs once, within tn_calls_poll. Anything else: it never does. */
TN_MUST_USE enum tn_status tn_calls_start(struct tn_calls *calls, struct tn_call *call,
                                          struct tn_error *error);
/* `done` will not run. Harmless when the call is not under way. */
void tn_calls_cancel(struct tn_calls *calls, struct tn_call *call);
void tn_call_close(struct tn_call *call);

/* Wait at most so long for something to happen, then run `done` of what ended. */
void tn_calls_poll(struct tn_calls *calls, unsigned timeout_ms);
/* Any thread: end a wait. */
void tn_calls_wake(struct tn_calls *calls);

#endif
