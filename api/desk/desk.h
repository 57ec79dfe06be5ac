/* The desk: one thread decides every command, one commits. Source: DESIGN, "The desk".
 *
 * Life of a request: the caller fills it and submits; the time is stamped under the queue's lock;
 * the desk's thread emits what fell due, answers a retry from what is known, resolves tags to ids,
 * calls the rule, folds its events into the live rows and adds everything to the gathering batch;
 * when no batch is in flight the gathering one goes to the committer, which writes it with one
 * sync; then `done` runs, once, on the committer's thread (or on the desk's when nothing had to be
 * written). A failed sync stops the desk: every request waiting is answered TN_UNKNOWN, and so are
 * later ones. */
#ifndef TN_API_DESK_DESK_H
#define TN_API_DESK_DESK_H

#include "ledger/log/log.h"
#include "ledger/log/receipt.h"
#include "ledger/rules/verdict.h"
#include "ledger/vault/index.h"
#include "projections/beside.h"

struct tn_desk;

/* Requests that may wait; the next is TN_BUSY. Eight batches of the busiest minute ever measured.
 */
#define TN_DESK_QUEUE_MAX 16384u
/* A batch is handed over at the latest with this many entries or bytes. */
#define TN_DESK_BATCH_ENTRIES 4096u
#define TN_DESK_BATCH_BYTES ((size_t) 4 << 20)
/* Room below which commands are refused: what the batches under way may still need. */
#define TN_DESK_ROOM_BYTES ((uint64_t) 64 << 20)
/* Tags that one command may carry: a group and its destination. */
#define TN_DESK_TAGS_MAX 40
/* spec/log.md 4: idle or not, the log says the time. */
#define TN_DESK_RENEW_US ((uint64_t) 60 * 1000000)

/* A keyed tag to be resolved to an id before the rule runs. `id` points into the request's facts.
 */
struct tn_desk_tag {
    enum tn_index_kind kind;
    uint8_t tag[TN_TAG_SIZE];
    uint8_t candidate[TN_ID_SIZE]; /* random: the id if the tag is new */
    uint8_t *id;
};

struct tn_desk_request {
    /* filled by the caller; everything pointed to lives until `done` */
    struct tn_command command;                /* time_us only when the desk's clock is manual */
    bool has_key;                             /* the command's id comes from an Idempotency-Key */
    uint8_t fingerprint[TN_FINGERPRINT_SIZE]; /* of the body, when it has a key */
    /* The key is none that the caller gave: a refusal is recorded under `refused_id` instead and
     * not remembered, so that asking again decides anew. */
    bool key_is_implied;
    uint8_t refused_id[TN_ID_SIZE];
    struct tn_vault_writes *writes; /* sealed records, or NULL */
    struct tn_desk_tag *tags;
    size_t tag_count;
    bool wants_receipt; /* of its first event */
    /* Answer what its key was used for before, and decide nothing: of the rest only `has_key`,
     * the command's id and the fingerprint are read. TN_NOT_FOUND: the key is new. */
    bool known_only;
    void (*done)(struct tn_desk_request *request);

    /* set before `done` runs */
    /* TN_OK, TN_REFUSED (see refusal), or why nothing happened; TN_FULL: an event, or the record of
     * the refusal, is larger than an entry. */
    enum tn_status status;
    enum tn_refusal refusal;
    bool replayed;        /* the key was used before: these are the first answer's events */
    bool unrecorded;      /* an anonymous caller was refused: there is no event, and no index */
    uint64_t first_index; /* of its events (or of the first refusal of this kind) */
    uint32_t count;
    struct tn_buffer entries; /* u16 length and bytes of each event; closed by the caller */
    uint64_t time_us;         /* stamped */
    /* Of the frame that its events are in, when a receipt was wanted; NULL of an earlier frame (a
     * retry), when nobody signs, or without memory. Held; the caller drops it. */
    struct tn_receipt_frame *receipt;

    struct tn_desk_request *next; /* the desk's */
    void *waiter;                 /* of tn_desk_call */
};

enum tn_desk_clock {
    TN_CLOCK_LIVE = 0,   /* the wall clock, never backwards */
    TN_CLOCK_MANUAL = 1, /* the caller stamps; draws are waited for: a simulation */
    TN_CLOCK_OFFSET = 2, /* the wall clock, shifted so that it runs on from the last entry: a served
                          * simulation; no pause */
};

struct tn_desk_options {
    struct tn_store *store;
    struct tn_log *log;
    struct tn_engine *engine;
    struct tn_beside *beside; /* sealed after the core projections; NULL: there are none */
    const struct tn_vault *vault;
    enum tn_desk_clock clock;
    const struct tn_signer *signer; /* publishes checkpoints while it runs; NULL: nobody does */
    /* Adds its timed cosignature to each and, idle or not, every `renew_us`: with `signer` only. */
    const struct tn_signer *cosigner;
    bool hold_back; /* new sizes are published by somebody else; only the time is renewed */
    uint64_t pause_after_us; /* an older heartbeat pauses due items at open; 0: 10 minutes */
    const char *drawd;   /* socket of turno drawd with the operator's chain; NULL: the vault's */
    uint64_t renew_us;   /* how often the time is renewed; 0: TN_DESK_RENEW_US */
    bool committer_only; /* only for tests: the desk appends no batch itself, however small */
};

/* Start the threads. The parts outlive the desk. */
TN_MUST_USE enum tn_status tn_desk_open(const struct tn_desk_options *options,
                                        struct tn_desk **desk, struct tn_error *error);
/* Any thread, before an end: a batch that waits for space on a full disk waits no longer. Its
 * requests are answered TN_NO_SPACE, nothing of it was written, and the desk takes no more. */
void tn_desk_hurry(struct tn_desk *desk);
/* Answer what is queued, commit it, stop the threads. */
void tn_desk_close(struct tn_desk *desk);

/* Any thread. On TN_OK `done` runs exactly once, later; on anything else never.
 * TN_BUSY  the queue is full    TN_UNAVAILABLE  closing    TN_UNKNOWN  a sync failed before */
TN_MUST_USE enum tn_status tn_desk_submit(struct tn_desk *desk, struct tn_desk_request *request);
/* The same without waking the desk's thread: it takes the request at the next tn_desk_wake, at the
 * next submit, or at its own next tick. For callers that submit many in a row. */
TN_MUST_USE enum tn_status tn_desk_submit_quietly(struct tn_desk *desk,
                                                  struct tn_desk_request *request);
/* Wake the desk's thread if something was submitted quietly. Any thread. */
void tn_desk_wake(struct tn_desk *desk);
/* Submit and wait; returns the request's status. Not from `done`. */
enum tn_status tn_desk_call(struct tn_desk *desk, struct tn_desk_request *request);

/* Run `run` on the desk's thread at rest: everything before it is durable, nothing is in flight.
 * Waits for it. For a rebuild's swap and for reading live rows in tests. */
TN_MUST_USE enum tn_status tn_desk_at_rest(struct tn_desk *desk,
                                           enum tn_status (*run)(void *context), void *context);
/* Manual clock only: emit everything due up to `time_us`, draws included, and wait until durable.
 */
TN_MUST_USE enum tn_status tn_desk_advance(struct tn_desk *desk, uint64_t time_us,
                                           struct tn_error *error);
/* Offset clock only: move it forward. */
TN_MUST_USE enum tn_status tn_desk_shift(struct tn_desk *desk, uint64_t by_us);

struct tn_desk_state {
    uint64_t now_us;
    uint64_t queued;
    uint64_t commands;
    uint64_t batches;
    uint64_t batches_own;        /* of those, appended by the desk itself and not the committer */
    uint64_t refusals_repeated;  /* answered with an earlier refusal's index */
    uint64_t refusals_anonymous; /* of callers without an identity: no event, only counted here */
    uint64_t last_heartbeat_us;  /* what a pause counts from */
    bool paused;
    bool failed;   /* a sync failed: restart from what the disk holds */
    bool no_space; /* the reserve refuses writes */
};

void tn_desk_state(struct tn_desk *desk, struct tn_desk_state *state);

/* The time of the log's own cosignature, in seconds: of the wall clock, on a simulated ledger of
 * its own clock. Any thread. */
uint64_t tn_desk_cosignature_time_s(struct tn_desk *desk);

/* command16 = H("turno1.command", -, actor16 || key, 16) */
void tn_command_id(uint8_t command[static TN_ID_SIZE], const uint8_t actor[static TN_ID_SIZE],
                   struct tn_bytes key);

#endif
