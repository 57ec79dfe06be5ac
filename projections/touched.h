/* The keys that folds put or deleted since the last seal of their projection (spec/log.md 7):
 * what the root of scope delta is made of. Private to the layer; one thread at a time.
 *
 * Stored in the family "touched", so that a seal after a restart still knows them; one row a
 * gather, for a row a key would double what a request costs the committer:
 *
 *   offset  size  key                                        value
 *   0       1     size n of the family's name                u8 size, key; again and again
 *   1       n     name of the family of rows                 (empty: the list was lost)
 *   1+n     8     BE64 number of the row; absent: the list was lost */
#ifndef TN_PROJECTIONS_TOUCHED_H
#define TN_PROJECTIONS_TOUCHED_H

#include "ledger/log/store.h"
#include "projections/cache.h"

/* About two million keys. A fold that touches more between two seals loses its list: the next seal
 * must then be of scope full. */
#define TN_TOUCHED_BYTES_MAX ((size_t) 64 << 20)

#define TN_TOUCHED_FAMILY "touched"

struct tn_touched {
    struct tn_buffer keys; /* u8 size, key; in order of touch; some more than once */
    size_t gathered;       /* bytes of `keys` that a batch holds already */
    uint64_t next;         /* number of the next stored row */
    uint32_t epoch;        /* a row noted in this one need not be noted again; never 0 */
    bool lost;
    bool lost_gathered;
    bool cleared; /* the next batch must first delete what is stored */
};

void tn_touched_init(struct tn_touched *touched);
void tn_touched_close(struct tn_touched *touched);
void tn_touched_note(struct tn_touched *touched, struct tn_bytes key);
/* A seal was folded: begin anew. */
void tn_touched_clear(struct tn_touched *touched);
/* What happened since the last gather, into `batch`. `name` is that of the family of rows. */
void tn_touched_gather(struct tn_touched *touched, struct tn_batch *batch, struct tn_family *family,
                       const char *name);
/* Read back what was gathered and committed. */
TN_MUST_USE enum tn_status tn_touched_load(struct tn_touched *touched, struct tn_store *store,
                                           struct tn_family *family, const char *name,
                                           struct tn_error *error);
/* Delete what is stored for a family of rows that goes. */
void tn_touched_forget(struct tn_batch *batch, struct tn_family *family, const char *name);
/* Calls `each` with every key once, ascending, until it answers otherwise than TN_OK; and some keys
 * before that `near`, with one step after the other: only to fetch what `each` will ask for.
 * TN_FULL  the list was lost    TN_MEMORY */
typedef enum tn_status tn_touched_each(void *context, struct tn_bytes key, struct tn_error *error);
typedef void tn_touched_near(void *context, struct tn_bytes key, enum tn_cache_step step);
TN_MUST_USE enum tn_status tn_touched_walk(struct tn_touched *touched, tn_touched_near *near,
                                           tn_touched_each *each, void *context,
                                           struct tn_error *error);

#endif
