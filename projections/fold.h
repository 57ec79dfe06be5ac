/* One projection being folded: its rows, and the seals of the log checked on the way (P6).
 * Private to the layer; one thread at a time for each fold. */
#ifndef TN_PROJECTIONS_FOLD_H
#define TN_PROJECTIONS_FOLD_H

#include "projections/projection.h"
#include "projections/rows_internal.h"

/* Scopes of state_sealed: numbers in the log. */
enum tn_seal_scope {
    TN_SEAL_DELTA = 1,
    TN_SEAL_FULL = 2,
};

struct tn_fold {
    const struct tn_projection *projection;
    size_t number; /* of the projection, as seals name it */
    struct tn_rows *rows;
    bool verify;       /* compare seals with the rows */
    uint64_t position; /* entries folded */
    uint64_t solid;    /* entries folded up to the last one that is not a seal */
    uint64_t compared; /* seals of this projection that were, */
    uint64_t taken;    /* and that could not be: of other rows, or of another version's */
    struct {           /* a root computed for a seal that is about to be appended */
        bool valid;
        uint64_t scope;
        uint64_t solid;
        uint64_t rows;
        uint8_t root[TN_HASH_SIZE];
    } sealed;
};

/* Apply the next event. A seal of this projection is compared first and then starts a new delta.
 * TN_CORRUPT   the event is not the next one
 * TN_MISMATCH  a seal in the log does not fit the rows; and the statuses of apply */
TN_MUST_USE enum tn_status tn_fold_event(struct tn_fold *fold, const struct tn_event *event,
                                         struct tn_arena *arena, struct tn_error *error);
/* The root that a seal appended now must hold; remembered, so that folding it costs nothing. */
TN_MUST_USE enum tn_status tn_fold_seal(struct tn_fold *fold, enum tn_seal_scope scope,
                                        uint64_t *rows, uint8_t root[static TN_HASH_SIZE],
                                        struct tn_error *error);

#endif
