/* The desk's own struct, shared by its sources. */
#ifndef TN_API_DESK_DESK_INTERNAL_H
#define TN_API_DESK_DESK_INTERNAL_H

#include <pthread.h>

#include "api/desk/batch.h"
#include "projections/decide.h"

/* A refusal that was recorded today, so that repeats are answered and not recorded. */
struct tn_refusal_memory {
    struct refusal_slot {
        uint8_t key[TN_ID_SIZE]; /* H(actor, command kind, code); zeros: free */
        uint64_t index;
    } * slots;
    size_t capacity; /* a power of two */
    size_t count;
    uint64_t day; /* civil day (UTC) of the refusals in it */
};

/* A draw that a worker computes. */
struct tn_desk_draw {
    pthread_t thread;
    bool started;
    bool ready; /* set by the worker under the desk's lock */
    uint64_t day;
    struct tn_store *store;
    struct tn_desk *desk;
    struct tn_arena arena;
    struct tn_day_draw input;
    struct tn_draw_result result;
    enum tn_status status;
    struct tn_error error;
};

/* A secret that a worker asks turno drawd for. */
struct tn_desk_reveal {
    pthread_t thread;
    bool started;
    bool ready; /* set by the worker under the desk's lock */
    uint64_t day;
    uint64_t retry_us;       /* by the boot clock: not asked again before */
    uint64_t complained_day; /* of the last line in the log about it */
    struct tn_desk *desk;
    uint8_t root[TN_HASH_SIZE];
    uint8_t secret[TN_HASH_SIZE];
    enum tn_status status;
    struct tn_error error;
};

struct tn_desk {
    struct tn_desk_options options;
    struct tn_family *meta;

    pthread_mutex_t lock;
    pthread_cond_t wake_desk;
    pthread_cond_t wake_committer;
    pthread_cond_t rested;
    pthread_t desk_thread;
    pthread_t committer_thread;
    pthread_t publisher_thread;
    bool desk_started;
    bool committer_started;
    bool publisher_started;

    /* under the lock */
    struct tn_desk_request *queue_first;
    struct tn_desk_request *queue_last;
    size_t queued;
    bool quiet; /* the queue was begun and nobody was woken for it yet */
    uint64_t last_stamp_us;
    int64_t offset_us;
    bool closing;
    bool hurried; /* a batch waits for space no longer */
    bool committer_closing;
    bool publisher_closing;
    bool failed;
    struct tn_desk_batch *in_flight; /* handed over; NULL: the committer is idle */
    bool in_flight_done;             /* committed, not yet taken back by the desk */
    bool answering;                  /* the committer calls `done` */
    bool settling;                   /* the desk waits for that */
    struct rest {
        enum tn_status (*run)(void *context);
        void *context;
        enum tn_status status;
        bool done;
        struct rest *next;
    } * rests;
    uint64_t advance_us; /* manual: emit due items up to here */
    bool advance_wanted;
    enum tn_status advance_status;
    struct tn_error advance_error;
    struct tn_desk_state state;

    /* the desk's thread only */
    struct tn_desk_batch batches[2];
    struct tn_desk_batch *gathering;
    struct tn_desk_batch *committing; /* as the desk sees it: readable, not writable */
    struct tn_decider decider;
    struct tn_vault_overlay overlay;
    struct tn_refusal_memory refusals;
    struct tn_arena arena;      /* a decision's rows and events */
    struct tn_arena fold_arena; /* one fold's rows */
    struct tn_buffer scratch;
    uint64_t next_index;
    uint64_t last_event_us; /* time of the last event: never goes backwards */
    struct tn_due due;      /* the next item; valid unless due_stale */
    bool due_stale;
    struct tn_due lapse; /* the first lapse, which goes on while a draw waits */
    bool lapse_stale;
    uint64_t opening_us; /* next day opening; UINT64_MAX: none in sight */
    bool opening_stale;
    uint64_t opening_known_us; /* when it was looked for */
    struct tn_desk_draw draw;
    struct tn_desk_reveal reveal;
    uint64_t seal_day;         /* the day whose draw is being followed by seals; 0: none */
    unsigned seal_next;        /* the first projection that is not sealed yet */
    uint64_t held_day;         /* its draw cannot be made by this process; 0: none */
    uint64_t seeded_number;    /* of the batch with the last seed */
    uint64_t batch_number;     /* of the batch that gathers; from 1 */
    size_t batch_before;       /* requests of the batch that was handed over last */
    uint64_t committed_number; /* of the last batch that is known to be durable */
    bool room;                 /* as the last round found it, like the three below */
    bool stopped;
    unsigned round_count; /* commands since then */
    uint64_t commands;
    uint64_t refusals_repeated;
    uint64_t refusals_anonymous;
    uint64_t tick_wall_us;
    uint64_t tick_boot_us;
    uint64_t heartbeat_us; /* last written */
    struct tn_error error;
};

/* desk.c: look at what others may have changed: clocks, space, a failed sync. Before the first
 * command of a queue and from time to time between, without the lock. */
void tn_desk_round(struct tn_desk *desk);
/* Nothing more is decided: rows and batches do not agree, or nobody knows what is on the disk. */
void tn_desk_stop(struct tn_desk *desk);

/* desk_decide.c: one command; and what fell due by `now_us`. TN_OK: to be answered when the
 * gathering batch is durable; anything else: nothing of it is gathering. */
enum tn_status tn_desk_decide(struct tn_desk *desk, struct tn_desk_request *request);
enum tn_status tn_desk_add_verdict(struct tn_desk *desk, struct tn_verdict *verdict);

/* desk_due.c: emit everything that fell due by `now_us`. `wait`: for draws too, as a simulation
 * does. */
enum tn_status tn_desk_emit_due(struct tn_desk *desk, uint64_t now_us, bool wait);
/* The instant of the next item or opening that can be emitted; UINT64_MAX when none is in sight. */
enum tn_status tn_desk_next_due(struct tn_desk *desk, uint64_t now_us, bool wait,
                                uint64_t *next_us);
/* What fell due may have changed by other ways than the desk's own events. */
void tn_desk_forget_due(struct tn_desk *desk);
void tn_desk_draw_close(struct tn_desk *desk);

/* desk_reveal.c: the operator's secret of a day. `wait`: until drawd has answered. */
enum tn_status tn_desk_emit_reveal(struct tn_desk *desk, const struct tn_due *due, uint64_t now_us,
                                   bool wait);
/* Is drawd being asked, or was it asked in vain a moment ago? */
bool tn_desk_reveal_waits(struct tn_desk *desk);
void tn_desk_reveal_close(struct tn_desk *desk);
/* desk_seal.c: seal the rows after the draw of `day`: at once (`wait`), or one projection at each
 * tn_desk_seal_turn. */
enum tn_status tn_desk_seal_begin(struct tn_desk *desk, uint64_t day, uint64_t now_us, bool wait);
void tn_desk_seal_turn(struct tn_desk *desk, uint64_t now_us);
bool tn_desk_seals_wait(const struct tn_desk *desk);
enum tn_status tn_desk_seal_open(struct tn_desk *desk, struct tn_error *error);

/* desk_pause.c: clocks, heartbeats and pauses. */
enum tn_status tn_desk_pause_open(struct tn_desk *desk, struct tn_error *error);
void tn_desk_tick(struct tn_desk *desk);
void tn_desk_pause(struct tn_desk *desk, const char *why);
/* What a resume counts from, when it comes to be decided. It ends the pause that it was asked for,
 * once: when that is over, the last heartbeat is the command's own time, and the rule refuses.
 * After a clock was set back the last heartbeat may be ahead of the log's time. The pause then has
 * no length that anybody measured, and can be ended all the same: it counts from the instant before
 * the command. */
void tn_desk_date_resume(const struct tn_desk *desk, struct tn_command *command);
void tn_desk_resumed(struct tn_desk *desk);
uint64_t tn_desk_now(struct tn_desk *desk);
void tn_desk_put_heartbeat(struct tn_desk *desk, struct tn_batch *batch);

/* desk_refusals.c */
enum tn_status tn_refusals_load(struct tn_refusal_memory *memory, struct tn_log *log,
                                uint64_t now_us, struct tn_error *error);
void tn_refusals_close(struct tn_refusal_memory *memory);
/* The index of the same refusal of today, when there is one. */
bool tn_refusals_find(struct tn_refusal_memory *memory, const struct tn_command *command,
                      enum tn_refusal code, uint64_t *index);
enum tn_status tn_refusals_add(struct tn_refusal_memory *memory, const struct tn_command *command,
                               enum tn_refusal code, uint64_t index);

/* desk_commit.c: the committer's and the publisher's threads. */
void *tn_desk_commit_main(void *desk);
void *tn_desk_publish_main(void *desk);
/* Hand the gathering batch over when the committer is idle; `wait` until it is. Takes back what is
 * committed. Desk thread, without the lock. */
void tn_desk_hand_over(struct tn_desk *desk, bool wait);
/* Until nothing is gathering, nothing in flight, and everybody was answered. */
void tn_desk_settle(struct tn_desk *desk);

#endif
