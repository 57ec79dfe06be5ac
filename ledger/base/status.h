/* Status codes and error details: what a function answers when it cannot do its work. */
#ifndef TN_LEDGER_BASE_STATUS_H
#define TN_LEDGER_BASE_STATUS_H

#define TN_MUST_USE __attribute__((warn_unused_result))
#define TN_PRINTF(fmt, first) __attribute__((__format__(__printf__, fmt, first)))

/* Numbers are stable: they reach sockets and scripts. Zero is success, failures are negative. */
enum tn_status {
    TN_OK = 0,
    TN_INVALID = -1,      /* input that breaks its format; nothing was changed */
    TN_NOT_FOUND = -2,    /* the thing named does not exist */
    TN_EXISTS = -3,       /* it exists already */
    TN_CORRUPT = -4,      /* stored bytes are not what was written */
    TN_IO = -5,           /* disk or network failed; the outcome of a write is unknown */
    TN_FULL = -6,         /* one of our own limits is reached */
    TN_NO_SPACE = -7,     /* the free-space reserve refuses writes */
    TN_BUSY = -8,         /* a queue is full; retry later */
    TN_PAUSED = -9,       /* due items wait for `turno resume` */
    TN_CONFLICT = -10,    /* another writer or another body came first; nothing was written */
    TN_FENCED = -11,      /* a newer term owns the log; nothing was written */
    TN_UNKNOWN = -12,     /* the outcome is unknown: ask for the head, then retry */
    TN_UNAVAILABLE = -13, /* closing, or a part that is needed does not answer */
    TN_TRIMMED = -14,     /* older than what is kept */
    TN_DENIED = -15,      /* who asks may not do this */
    TN_UNSUPPORTED = -16, /* a version, kind or option that this program does not know */
    TN_MISMATCH = -17,    /* two things that must be equal differ */
    TN_REFUSED = -18,     /* a rule refused; the code says why */
    TN_MEMORY = -19,      /* the system gave no memory */
    TN_GONE = -20,        /* erased */
};

/* Where a failure happened, in words for a person. Owned by the caller; zero it before use. */
struct tn_error {
    enum tn_status status;
    char text[320];
};

/* Fill `error` (may be NULL) and return `status`. The text says what happened, what it means for
 * the data, and what to do next. */
enum tn_status tn_fail(struct tn_error *error, enum tn_status status, const char *format, ...)
    TN_PRINTF(3, 4);

/* Put words before the text of `error`, as context is added on the way up. Returns its status. */
enum tn_status tn_fail_context(struct tn_error *error, const char *format, ...) TN_PRINTF(2, 3);

/* "corrupt", "no_space", ...: static text, never NULL. */
const char *tn_status_name(enum tn_status status);

#endif
