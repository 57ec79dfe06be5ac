/* POSTs to servers of others, several at a time, on one thread: over http and https, with limits on
 * time and size, and no redirects. The one module that knows libcurl. */
#ifndef TN_API_REMOTE_REMOTE_H
#define TN_API_REMOTE_REMOTE_H

#include "ledger/base/buffer.h"

#define TN_REMOTE_URL_MAX 1100
#define TN_REMOTE_TYPE_MAX 127

struct tn_remote;

struct tn_remote_options {
    const char *ca_file;         /* who may vouch for https; NULL: those of the system */
    unsigned connect_timeout_ms; /* 0: 5 s */
    unsigned timeout_ms;         /* of a whole call; 0: 10 s */
};

/* One call, embedded by its owner, who leaves it alone from start until `done` has run. */
struct tn_remote_call {
    /* filled by the caller */
    char url[TN_REMOTE_URL_MAX + 1];
    struct tn_bytes body;
    size_t answer_max; /* bytes; a longer answer ends the call */
    void (*done)(struct tn_remote_call *call);

    /* set before `done` */
    enum tn_status status; /* TN_OK: an answer came, whatever it says */
    unsigned http_status;
    char content_type[TN_REMOTE_TYPE_MAX + 1];
    struct tn_buffer answer; /* closed by tn_remote_call_close */
    struct tn_error error;

    void *handle;
};

/* Everything below on one thread, but tn_remote_wake. */
TN_MUST_USE enum tn_status tn_remote_open(const struct tn_remote_options *options,
                                          struct tn_remote **remote, struct tn_error *error);
/* Calls under way must have been cancelled. NULL is fine. */
void tn_remote_close(struct tn_remote *remote);

/* TN_OK: `done` runs once, within tn_remote_poll. Anything else: it never does. */
TN_MUST_USE enum tn_status tn_remote_start(struct tn_remote *remote, struct tn_remote_call *call,
                                           struct tn_error *error);
/* `done` will not run. Harmless when the call is not under way. */
void tn_remote_cancel(struct tn_remote *remote, struct tn_remote_call *call);
void tn_remote_call_close(struct tn_remote_call *call);

/* Wait at most so long for something to happen, then run `done` of what ended. */
void tn_remote_poll(struct tn_remote *remote, unsigned timeout_ms);
/* Any thread: end a wait. */
void tn_remote_wake(struct tn_remote *remote);

#endif
