/* Projections beside the core ones: no rule reads them, so they need not be in the write of their
 * events. They catch up from the log at their own pace, in coarse batches on a thread of their own
 * that yields to everything else, and are brought exactly to a place in the log when a seal is due.
 * P6: they need nothing but the log.
 *
 *   any thread   open: the thread starts; what is missing or old is rebuilt there
 *   its thread   fold what was committed, every 65,536 events or ten seconds; rows and position in
 * one write, unsynced desk thread  seal: everything before it is durable; waits until it is folded,
 * gets the root any thread   close: folds the rest */
#ifndef TN_PROJECTIONS_BESIDE_H
#define TN_PROJECTIONS_BESIDE_H

#include "projections/engine.h"

struct tn_beside;

/* Memory for their cached rows: 700,000 lists of a season take some 150 MB, those of one busy day
 * half of that. */
#define TN_BESIDE_CACHE_BYTES ((size_t) 96 << 20)
/* A live seal does not wait for more than this to be folded, some tenths of a second. */
#define TN_BESIDE_LAG_MAX UINT64_C(200000)

struct tn_beside_options {
    struct tn_store *store;
    struct tn_log *log;
    const struct tn_projection *const *list; /* NULL: all that are beside the core ones */
    size_t count;
    /* Where leaves of seals are kept, from the newest full one on, as "<projection>.<upto>"; made
     * when it is absent. NULL: nowhere. Borrowed during open. */
    const char *directory;
};

/* The path of the leaves of a seal. False when it is longer than `size`. */
bool tn_beside_seal_path(const char *directory, const struct tn_projection *projection,
                         uint64_t upto, char *out, size_t size);

/* No view of these projections is open. The parts outlive it. */
TN_MUST_USE enum tn_status tn_beside_open(const struct tn_beside_options *options,
                                          struct tn_beside **beside, struct tn_error *error);
/* Fold what is committed, write it, end the thread. NULL is fine. */
void tn_beside_close(struct tn_beside *beside);

/* Entries folded and written; UINT64_MAX before the rows are there. */
uint64_t tn_beside_position(struct tn_beside *beside);
/* Wait until all that is committed now is folded; nothing may be appended meanwhile. Any thread.
 * TN_CORRUPT TN_UNAVAILABLE: it cannot be. */
TN_MUST_USE enum tn_status tn_beside_settle(struct tn_beside *beside, struct tn_error *error);

/* Bring the projections to exactly `size` committed entries and compute what a seal of one of them,
 * by its place in the list, appended at `size` or behind other seals from there on, must say: as
 * tn_engine_seal. One caller at a time. `wait` however long it takes.
 * TN_BUSY         too far behind (not with `wait`)
 * TN_UNAVAILABLE  they cannot be folded: the log line says why, and what they hold is not sealed
 * TN_FULL         scope 1: more rows changed than are remembered */
TN_MUST_USE enum tn_status tn_beside_seal(struct tn_beside *beside, size_t place, uint64_t size,
                                          uint64_t scope, bool wait, uint64_t *rows,
                                          uint8_t root[static TN_HASH_SIZE],
                                          struct tn_error *error);

#endif
