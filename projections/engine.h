/* The engine: keeps the core projections' rows beside the log, rebuilds them, compares roots.
 *
 * A projection's rows are in a family "<name>.<generation>"; the family meta says which is
 * current, and how far it is, in the same write as its rows (projections/families.h). At most
 * one rebuild at a time makes families beside the current ones; replacing them is one write. */
#ifndef TN_PROJECTIONS_ENGINE_H
#define TN_PROJECTIONS_ENGINE_H

#include <stdatomic.h>

#include "ledger/log/log.h"
#include "projections/projection.h"

struct tn_engine;
struct tn_rebuild_job;

/* Memory for cached rows of the live engine; rows that wait for a commit never leave it. */
#define TN_ENGINE_CACHE_BYTES ((size_t) 64 << 20)
/* Memory for rows of a rebuild, all projections together; more are spilled to their families. */
#define TN_REBUILD_CACHE_BYTES ((size_t) 320 << 20)
/* The same where no desk runs beside it. */
#define TN_REBUILD_ALONE_BYTES ((size_t) 768 << 20)
/* The same for an as-of view, which spills to a store in the system's temporary directory. */
#define TN_AS_OF_CACHE_BYTES ((size_t) 256 << 20)
/* A projection that is behind by more than this is rebuilt beside instead of caught up in place. */
#define TN_ENGINE_CATCH_UP_EVENTS 100000u

/* Open the live rows of every core projection over an open store and log. Each family's position
 * must equal the log's head; one that is behind (an older program, a rebuild that was cut)
 * catches up by folding the log; one that is missing, far behind or of another version is
 * rebuilt and swapped; one that is ahead is TN_CORRUPT. Families that are not current, as a cut
 * rebuild leaves them, are dropped, so no view may be open. `list`: the projections, by number
 * (at most TN_PROJECTIONS_MAX); NULL means the core ones (tests bring their own). */
TN_MUST_USE enum tn_status tn_engine_open(struct tn_store *store, struct tn_log *log,
                                          const struct tn_projection *const *list, size_t count,
                                          struct tn_engine **engine, struct tn_error *error);
void tn_engine_close(struct tn_engine *engine);

/* For projections beside the core ones (projections/beside.h), whose thread owns the engine:
 * nothing is caught up yet, what is missing or of another version begins empty, families that are
 * not current stay for whoever looks at them, and no write is synced, for all can be folded again.
 */
TN_MUST_USE enum tn_status tn_engine_open_beside(struct tn_store *store, struct tn_log *log,
                                                 const struct tn_projection *const *list,
                                                 size_t count, struct tn_engine **engine,
                                                 struct tn_error *error);
/* Fold committed entries up to `size`, and write the rows in coarse batches. After a failure the
 * engine is of no more use. */
TN_MUST_USE enum tn_status tn_engine_follow(struct tn_engine *engine, uint64_t size,
                                            struct tn_error *error);
/* Entries folded by all its projections. */
uint64_t tn_engine_folded(const struct tn_engine *engine);

/* Another limit for the cache (tests, small machines). Desk thread. */
void tn_engine_set_cache(struct tn_engine *engine, size_t bytes);

/* The live rows, for the desk's thread only. */
struct tn_state *tn_engine_state(struct tn_engine *engine);

/* Fold one event into the live rows; event->index is the next one. Desk thread. A seal
 * (state_sealed) is compared with the rows first. After a failure the rows are half folded:
 * nothing more is applied or gathered (the same status again), and the engine must be opened
 * anew.
 * TN_MISMATCH  the event is a seal that does not fit the rows */
TN_MUST_USE enum tn_status tn_engine_apply(struct tn_engine *engine, const struct tn_event *event,
                                           struct tn_arena *arena, struct tn_error *error);
/* Move every row written since the last call into `batch`, with the positions. They stay
 * readable and pinned until tn_engine_committed(generation). Desk thread. */
TN_MUST_USE enum tn_status tn_engine_gather(struct tn_engine *engine, struct tn_batch *batch,
                                            uint64_t *generation, struct tn_error *error);
/* The batch of `generation` (and all before) is durable: its rows may be evicted. Any thread. */
void tn_engine_committed(struct tn_engine *engine, uint64_t generation);

/* What a seal appended now must say of projection `number` (spec/log.md 7), from the live rows
 * with all that was applied: `scope` 1, the rows touched since its last seal of any scope; 2,
 * all rows. `upto` is then the index of the last event applied; other seals may come between.
 * Some 0.4 us a row; desk thread.
 * TN_FULL  scope 1: more rows changed than are remembered (2 million); seal all rows instead */
TN_MUST_USE enum tn_status tn_engine_seal(struct tn_engine *engine, size_t number, uint64_t scope,
                                          uint64_t *rows, uint8_t root[static TN_HASH_SIZE],
                                          struct tn_error *error);
/* The same, and keep the leaves in a file (projections/seal_file.h); one that cannot be written is
 * a log line. */
TN_MUST_USE enum tn_status tn_engine_seal_kept(struct tn_engine *engine, size_t number,
                                               uint64_t scope, const char *path, uint64_t *rows,
                                               uint8_t root[static TN_HASH_SIZE],
                                               struct tn_error *error);
/* Leave the families that a rebuild replaced: open the live rows on the current ones. Nothing
 * may wait or be in flight. Desk thread. Pointers into tn_engine_state stay valid, handles of
 * rows do not. */
TN_MUST_USE enum tn_status tn_engine_reload(struct tn_engine *engine, struct tn_error *error);

/* Read-only rows of every core projection, newest committed or at `snapshot`. Closed by the
 * caller; works on a secondary store too. They cost nothing while they are open: a thread may
 * keep its own for as long as it asks tn_views_stale before each use. Newest views read several
 * rows at several moments: use a snapshot where rows must fit each other.
 * TN_NOT_FOUND  a projection has no rows yet, or (secondary) a family newer than the store's
 *               opening */
TN_MUST_USE enum tn_status tn_views_open(struct tn_store *store, const struct tn_snapshot *snapshot,
                                         struct tn_state *views, struct tn_error *error);
/* The same for a list of one's own. */
TN_MUST_USE enum tn_status tn_views_open_list(struct tn_store *store,
                                              const struct tn_projection *const *list, size_t count,
                                              const struct tn_snapshot *snapshot,
                                              struct tn_state *views, struct tn_error *error);
/* A rebuild has swapped families since `views` were opened: close and open them again. What they
 * show is right until the next commit. One read of a small row, about a microsecond. */
TN_MUST_USE enum tn_status tn_views_stale(const struct tn_state *views, bool *stale,
                                          struct tn_error *error);
void tn_views_close(struct tn_state *views);

/* RFC 6962 root over all rows of a projection in key order (spec/log.md 7), from a snapshot. Of
 * live rows: what is committed, without what waits. About 0.3 us a row. */
TN_MUST_USE enum tn_status tn_rows_root(struct tn_rows *rows, uint64_t *count,
                                        uint8_t root[static TN_HASH_SIZE], struct tn_error *error);
/* Position (entries folded) and version of a projection as committed. */
TN_MUST_USE enum tn_status tn_engine_position(struct tn_store *store,
                                              const struct tn_projection *projection,
                                              uint64_t *position, uint32_t *version,
                                              struct tn_error *error);

/* ---- rebuild (beside, compare, swap) ---- */

struct tn_rebuild_report {
    uint64_t events;
    uint64_t duration_us;
    uint64_t rows[TN_PROJECTIONS_MAX];
    uint8_t root_live[TN_PROJECTIONS_MAX][TN_HASH_SIZE];
    uint8_t root_rebuilt[TN_PROJECTIONS_MAX][TN_HASH_SIZE];
    bool equal[TN_PROJECTIONS_MAX];
    bool rebuilt[TN_PROJECTIONS_MAX]; /* which of them were asked for */
};

typedef void tn_rebuild_progress(void *context, uint64_t done, uint64_t total);

/* Verify every entry's hash chain into the root, fold the log into new families beside the live
 * ones, compare, and swap in one write when equal or when `swap_different` (a new version of a
 * fold). `mask`: bit n asks for projection n. Every seal in the log is compared with the rows it
 * speaks of. The old families are dropped. A rebuild that is cut leaves families that the next
 * tn_engine_open drops; nothing begins it again, but tn_rebuild_pending tells of it. The store is
 * the writer's, no commit runs meanwhile and no view is open; an open engine is reloaded or closed
 * before anything else is asked of it. A server uses the phases below.
 * TN_MISMATCH  a root differs (report says which, the words the first row), or a seal does;
 *              nothing was swapped
 * TN_CORRUPT   the log's entries do not lead to its root, or cannot be folded */
TN_MUST_USE enum tn_status tn_rebuild(struct tn_store *store, struct tn_log *log, uint32_t mask,
                                      bool swap_different, tn_rebuild_progress *progress,
                                      void *context, struct tn_rebuild_report *report,
                                      struct tn_error *error);

/* The same in phases, beside a running desk:
 *
 *   job thread   begin; catch_up(what is committed), again as long as much is left
 *   desk thread  at rest (all committed, none gathering): finish; tn_engine_reload; go on
 *   each reader  finds tn_views_stale and opens its views again
 *   job thread   tn_engine_drop_old, which waits for nobody: a family leaves the disk with the
 *                last view of it; close
 *
 * One job at a time for a store: a second begin is TN_BUSY until the first is closed. A job's
 * functions one at a time, on any thread. */
struct tn_rebuild_options {
    const struct tn_projection *const *list; /* NULL: all there are, by number */
    size_t count;
    uint32_t mask;
    size_t cache_bytes; /* 0: TN_REBUILD_CACHE_BYTES */
    /* Raised by any thread: folding and comparing end soon with TN_UNAVAILABLE, and nothing is
     * replaced. May be NULL. */
    const atomic_bool *stop;
};
#define TN_REBUILD_STOPPED "stopped before its end: nothing was replaced"
static inline bool tn_stop_asked(const atomic_bool *stop)
{
    return stop != NULL && atomic_load_explicit(stop, memory_order_relaxed);
}

TN_MUST_USE enum tn_status tn_rebuild_begin(struct tn_store *store, struct tn_log *log,
                                            const struct tn_rebuild_options *options,
                                            struct tn_rebuild_job **job, struct tn_error *error);
/* Fold up to `upto` entries, at most what is committed. `progress` is called on this thread
 * about every 100 ms with entries done and `upto`, and once at the end. */
TN_MUST_USE enum tn_status tn_rebuild_catch_up(struct tn_rebuild_job *job, uint64_t upto,
                                               tn_rebuild_progress *progress, void *context,
                                               struct tn_error *error);
/* Fold the rest, compare, and swap in one write. Statuses as tn_rebuild, and of the flag. */
TN_MUST_USE enum tn_status tn_rebuild_finish(struct tn_rebuild_job *job, bool swap_different,
                                             tn_rebuild_progress *progress, void *context,
                                             struct tn_rebuild_report *report,
                                             struct tn_error *error);
/* Frees the job; what was not swapped is dropped. */
void tn_rebuild_close(struct tn_rebuild_job *job);
/* The mask of a rebuild that was begun and neither finished nor closed, 0 when there is none. The
 * end of the next rebuild, of whatever projections, forgets it. */
TN_MUST_USE enum tn_status tn_rebuild_pending(struct tn_store *store, uint32_t *mask,
                                              struct tn_error *error);
/* Drop the families that are not current, before the job that replaced them is closed or when
 * there is none. Views of them may be open (a family is freed with the last); an engine has left
 * them (tn_engine_reload). `list` as in tn_engine_open. */
TN_MUST_USE enum tn_status tn_engine_drop_old(struct tn_store *store,
                                              const struct tn_projection *const *list, size_t count,
                                              struct tn_error *error);

/* Fold the log up to `size` entries into scratch rows in memory (spilling to a temporary store),
 * for as-of questions. Closed with tn_views_close. Nothing of the ledger is written or locked;
 * any store will do. TN_NOT_FOUND: the log is shorter. */
TN_MUST_USE enum tn_status tn_views_as_of(struct tn_store *store, struct tn_log *log, uint64_t size,
                                          struct tn_state *views, struct tn_error *error);
/* The same for some projections (`mask`) of a list (NULL: all there are, by number); rows of the
 * others are NULL. `cache_bytes` 0:
 * TN_AS_OF_CACHE_BYTES. */
TN_MUST_USE enum tn_status tn_views_as_of_list(struct tn_log *log,
                                               const struct tn_projection *const *list,
                                               size_t count, uint32_t mask, size_t cache_bytes,
                                               uint64_t size, struct tn_state *views,
                                               struct tn_error *error);
/* The same, and `watch` sees every entry on the way, in order, one thread at a time and not always
 * the caller's: one pass for whoever checks entries too. What it returns other than TN_OK ends the
 * pass. */
typedef enum tn_status tn_views_watch(void *context, const struct tn_event *event,
                                      struct tn_bytes entry, struct tn_error *error);
TN_MUST_USE enum tn_status tn_views_watched(struct tn_log *log,
                                            const struct tn_projection *const *list, size_t count,
                                            uint32_t mask, size_t cache_bytes, uint64_t size,
                                            tn_views_watch *watch, void *context,
                                            struct tn_state *views, struct tn_error *error);

#endif
