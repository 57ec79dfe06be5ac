/* What the files of the recomputation share. Private to the layer; one thread, but for the draw's
 * worker, which touches its struct alone. */
#ifndef TN_PROJECTIONS_RECOMPUTE_INTERNAL_H
#define TN_PROJECTIONS_RECOMPUTE_INTERNAL_H

#include <pthread.h>

#include "ledger/base/civil.h"
#include "ledger/base/endian.h"
#include "ledger/rules/command.h"
#include "projections/commands_seen.h"
#include "projections/decide.h"
#include "projections/due_internal.h"
#include "projections/fold.h"
#include "projections/recompute.h"
#include "projections/scratch.h"

/* Memory of one decision, and of a day's pool with its draw (4 million groups at most). */
#define TN_RECOMPUTE_DECISION_BYTES ((size_t) 256 << 20)
#define TN_RECOMPUTE_POOL_BYTES ((size_t) 2 << 30)

/* No zone lies further from UTC than this, clock changes included. */
#define TN_ZONE_MAX_US (15 * TN_HOUR_US)

/* Entries kept one behind the other, and read from the front. */
struct tn_entry_list {
    struct tn_buffer bytes; /* be32 size, entry */
    size_t count;
    size_t read; /* how many were read, */
    size_t at;   /* up to this byte */
};

static inline void tn_entry_list_reset(struct tn_entry_list *list)
{
    tn_buffer_reset(&list->bytes);
    list->count = list->read = list->at = 0;
}

static inline void tn_entry_list_add(struct tn_entry_list *list, struct tn_bytes entry)
{
    tn_buffer_append_be32(&list->bytes, (uint32_t) entry.size);
    tn_buffer_append_bytes(&list->bytes, entry);
    list->count++;
}

/* The next one, or no bytes behind the last. */
static inline struct tn_bytes tn_entry_list_next(struct tn_entry_list *list)
{
    struct tn_bytes entry = {NULL, 0};

    if (list->read < list->count) {
        entry = tn_bytes(list->bytes.data + list->at + 4, tn_get_be32(list->bytes.data + list->at));
        list->at += 4 + entry.size;
        list->read++;
    }
    return entry;
}

/* One list of refusals: of the civil day (UTC) that is running (recompute_refusals.c). */
struct tn_refusals_seen {
    uint64_t day;
    size_t count;
    size_t capacity; /* a power of two, or 0 */
    uint8_t (*keys)[TN_ID_SIZE];
};

/* A frozen pool whose salts and root a worker computes, while the entries after its close are
 * decided as if the root that the log claims were true. The draw reads it afterwards. */
struct tn_pending_pool {
    bool active;    /* the root was not compared yet */
    bool started;   /* the thread runs, or ran */
    bool loaded;    /* the pool below is of the last close */
    uint64_t index; /* of pool_closed */
    struct tn_arena arena;
    struct tn_due_pool pool;
    uint8_t gid_key[TN_HASH_SIZE];
    uint8_t root[TN_HASH_SIZE];
    struct tn_buffer entry; /* what the log says */
    pthread_t thread;
    bool lent;                         /* the draw's worker waits for the thread */
    struct tn_recompute_report report; /* as it was then: no more counts when the root differs */
};

/* Open offers by the instant they lapse, then by id: a heap, from which ended ones are taken when
 * they come to its top. */
struct tn_lapse_heap {
    struct tn_lapse_item {
        uint64_t deadline_us;
        uint8_t offer[TN_ID_SIZE];
    } * items;
    size_t count;
    size_t capacity;
};

/* A draw that a worker computes while the entries after it are folded as they stand. The entries
 * that claim to be its result wait here to be compared. */
struct tn_pending_draw {
    bool active;
    bool collecting;              /* the next entry may still be one of its result */
    bool started;                 /* the thread runs, or ran */
    struct tn_pending_pool *pool; /* that it is made of */
    uint64_t day;
    uint64_t index; /* of draw_completed */
    uint64_t time_us;
    struct tn_arena arena;
    struct tn_day_draw input;
    struct tn_draw_result result;
    struct tn_entry_list entries;
    pthread_t thread;
    enum tn_status status; /* of the worker */
    struct tn_error error;
};

/* The last day that was opened, and when commands came (recompute_days.c). */
struct tn_day_watch {
    bool any; /* a day was opened: the three below */
    uint64_t day;
    uint64_t opens_us;
    const struct tn_policy *policy; /* that it was opened under */
    uint64_t last_us;               /* of the last command */
    uint64_t busy_us;               /* since when there was no long silence */
    uint64_t look_us;               /* nothing to look at before */
};

struct tn_recompute {
    struct tn_recompute_options options;
    struct tn_scratch scratch;
    struct tn_cache_budget budgets[TN_PROJECTION_COUNT];
    struct tn_state state;
    struct tn_fold folds[TN_PROJECTION_COUNT];
    struct tn_decider decider;
    struct tn_arena arena;         /* of the decision */
    struct tn_arena fold_arena;    /* of one event */
    struct tn_verdict verdict;     /* of the decision being taken */
    struct tn_entry_list expected; /* what the next entry, and those after it, must be */
    const char *rule;              /* what they follow from */
    struct tn_buffer again;        /* an event of a verdict, encoded */
    uint64_t index;                /* of the entry being taken */
    uint64_t last_time_us;
    bool any;              /* an entry was taken */
    bool has_last_command; /* of the entry before */
    uint8_t last_command[TN_ID_SIZE];
    /* what falls due next, while nothing that could change it is folded */
    bool due_stale;
    struct tn_due due;       /* the first of all */
    struct tn_due due_lapse; /* the first lapse */
    struct tn_lapse_heap lapses;
    /* a command was decided although something was due: only a pause explains that */
    bool paused;
    uint64_t paused_index;
    struct tn_day_watch days;
    /* capacity published for a day that the next entry opens */
    bool held;
    struct tn_arena held_arena;
    struct tn_buffer held_entry;
    struct tn_event held_event;
    /* a command that the sample left out: what may still follow its first event */
    bool passing;
    uint8_t passing_command[TN_ID_SIZE];
    const enum tn_kind_number *passing_kinds; /* two of them, 0: none */
    size_t passing_left;
    struct tn_refusals_seen refusals;
    struct tn_pending_pool pool;
    struct tn_pending_draw draw;
    bool found; /* the finding below */
    struct tn_finding finding;
    struct tn_recompute_report report;
    /* tn_recompute_beside's own */
    struct tn_arena beside_arena;
    struct tn_buffer beside_again;
    bool beside_found;
    struct tn_finding beside_finding;
    struct tn_commands_seen commands;
};

/* ---- recompute.c ---- */

/* The log and the rules part at `index`. Views may be empty: no event. Returns TN_MISMATCH. */
enum tn_status tn_recompute_differ(struct tn_recompute *recompute, uint64_t index, const char *rule,
                                   struct tn_bytes expected, struct tn_bytes found,
                                   struct tn_error *error, const char *format, ...) TN_PRINTF(7, 8);
/* Something failed while deciding: a difference when the log is at fault, else what it is. */
enum tn_status tn_recompute_failed(struct tn_recompute *recompute, enum tn_status status,
                                   const char *rule, struct tn_bytes found, struct tn_error *error);

/* Encode the verdict: what the next entries must be. */
enum tn_status tn_recompute_expect(struct tn_recompute *recompute, struct tn_error *error);

/* ---- recompute_commands.c ---- */

/* The first entry of a decision: does it go on with the id of the command that ended before it? */
enum tn_status tn_recompute_command_once(struct tn_recompute *recompute,
                                         const struct tn_event *event, struct tn_bytes entry,
                                         struct tn_error *error);

/* ---- recompute_sample.c ---- */

/* Whether the sample leaves out the decision whose first event this is; what follows then passes.
 */
bool tn_recompute_leaves_out(struct tn_recompute *recompute, const struct tn_event *event,
                             const struct tn_command *command);
/* Whether this can be a later event of the command that was left out. */
bool tn_recompute_passes(struct tn_recompute *recompute, const struct tn_event *event);

/* ---- recompute_attested.c ---- */

/* Count what a command attests, and say when it cannot be. */
enum tn_status tn_recompute_attested(struct tn_recompute *recompute,
                                     const struct tn_command *command, struct tn_bytes entry,
                                     struct tn_error *error);

/* ---- recompute_due.c ---- */

/* A command was decided at `time_us`: whatever fell due by then must be in the log already. */
enum tn_status tn_recompute_order(struct tn_recompute *recompute, const struct tn_command *command,
                                  const struct tn_event *event, struct tn_bytes entry,
                                  struct tn_error *error);
/* An event without a command: fill the verdict from what must have fallen due. */
enum tn_status tn_recompute_due(struct tn_recompute *recompute, const struct tn_event *event,
                                struct tn_bytes entry, struct tn_error *error);
/* The day that `event` (or NULL: some other entry) opens with the capacity held before it, if any.
 */
enum tn_status tn_recompute_opening(struct tn_recompute *recompute, const struct tn_event *event,
                                    struct tn_bytes entry, struct tn_error *error);
/* An event was folded. */
enum tn_status tn_recompute_note_due(struct tn_recompute *recompute, const struct tn_event *event,
                                     struct tn_error *error);

/* ---- recompute_days.c ---- */

/* A command that a pause would hold up was decided: was a day to be opened before it? */
enum tn_status tn_recompute_days(struct tn_recompute *recompute, const struct tn_event *event,
                                 struct tn_bytes entry, struct tn_error *error);
/* A day was opened under `policy`. */
void tn_day_watch_opened(struct tn_day_watch *watch, const struct tn_day_opened *body,
                         const struct tn_policy *policy);

/* ---- recompute_lapses.c ---- */

/* An offer was made. */
enum tn_status tn_lapse_heap_add(struct tn_lapse_heap *heap, uint64_t deadline_us,
                                 const uint8_t offer[static TN_ID_SIZE], struct tn_error *error);
/* All deadlines moved: read them again from the rows of the queue. */
enum tn_status tn_lapse_heap_reload(struct tn_lapse_heap *heap, struct tn_rows *queue,
                                    struct tn_error *error);
/* The first offer that is still open, as a due item; TN_DUE_NOTHING when there is none. */
enum tn_status tn_lapse_heap_first(struct tn_lapse_heap *heap, struct tn_rows *queue,
                                   struct tn_arena *arena, struct tn_due *due,
                                   struct tn_error *error);
void tn_lapse_heap_close(struct tn_lapse_heap *heap);

/* ---- recompute_pool.c ---- */

/* Decide the close `due` that `event` claims to be, into the verdict; its root stays pending. */
enum tn_status tn_recompute_pool_start(struct tn_recompute *recompute, const struct tn_event *event,
                                       struct tn_bytes entry, const struct tn_due *due,
                                       struct tn_error *error);
/* Wait for the root, and for the draw that waits for it, and compare it. */
enum tn_status tn_recompute_pool_settle(struct tn_recompute *recompute, struct tn_error *error);
void tn_recompute_pool_close(struct tn_recompute *recompute);

/* ---- recompute_draw.c ---- */

/* Start the draw that `event`, a draw_completed which was due, claims to be the result of. */
enum tn_status tn_recompute_draw_start(struct tn_recompute *recompute, const struct tn_event *event,
                                       struct tn_bytes entry, struct tn_error *error);
/* Whether the entry belongs to the pending draw's result; it is then kept for the comparison. */
bool tn_recompute_draw_takes(struct tn_recompute *recompute, const struct tn_event *event,
                             struct tn_bytes entry);
/* Wait for the worker; whatever it was lent is done with too. */
void tn_recompute_draw_join(struct tn_recompute *recompute);
/* Settle the draw's pool, wait for the worker and compare. Called before anything is folded that
 * the result depends on. */
enum tn_status tn_recompute_draw_settle(struct tn_recompute *recompute, struct tn_error *error);
void tn_recompute_draw_close(struct tn_recompute *recompute);

/* ---- recompute_refusals.c ---- */

/* One refusal per actor, command, day and code: TN_EXISTS when this is the second. */
enum tn_status tn_refusals_seen_add(struct tn_refusals_seen *seen, const struct tn_event *event,
                                    struct tn_error *error);
void tn_refusals_seen_close(struct tn_refusals_seen *seen);

#endif
