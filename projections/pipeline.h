/* A stretch of the log scanned, hashed, decoded and folded by as many threads as there are cores.
 * Private to the layer. */
#ifndef TN_PROJECTIONS_PIPELINE_H
#define TN_PROJECTIONS_PIPELINE_H

#include "ledger/log/log.h"
#include "ledger/log/tree.h"
#include "projections/engine.h"
#include "projections/fold.h"

struct tn_pipeline {
    struct tn_log *log;
    struct tn_fold *const *folds; /* all at position `from` */
    size_t fold_count;            /* at most TN_PROJECTIONS_MAX */
    struct tn_merkle *merkle;     /* takes every entry's leaf; NULL: nothing is hashed */
    uint64_t from;
    uint64_t end;
    tn_views_watch *watch;         /* each event in order, one thread at a time; may be NULL */
    tn_rebuild_progress *progress; /* caller's thread; may be NULL */
    void *context;
    uint64_t total;          /* as progress shows it */
    const atomic_bool *stop; /* raised: TN_UNAVAILABLE; may be NULL */
};

/* Fold entries [from, end). After a failure the folds stand at different positions and are of no
 * more use.
 * TN_CORRUPT  the log ends before `end`; and the statuses of decoding, folding and the store */
TN_MUST_USE enum tn_status tn_pipeline_run(const struct tn_pipeline *pipeline,
                                           struct tn_error *error);

#endif
