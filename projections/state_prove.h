/* Proofs of sealed rows made from the log: the rows as of a full seal are folded again, and what
 * was asked for is shown with its path. For operators: the cost is that of folding the log. */
#ifndef TN_PROJECTIONS_STATE_PROVE_H
#define TN_PROJECTIONS_STATE_PROVE_H

#include "ledger/log/log.h"
#include "projections/state_proof.h"

/* The newest full seal of a projection below entry `end`; or with `at`, the seal that is entry
 * `end` - 1. TN_NOT_FOUND with words. */
TN_MUST_USE enum tn_status tn_state_find_seal(struct tn_log *log, size_t projection, uint64_t end,
                                              bool at, uint64_t *index,
                                              struct tn_state_sealed *seal, struct tn_error *error);

struct tn_state_claim {
    size_t projection;
    bool range;           /* else the row `from`: present, or absent between its neighbours */
    struct tn_bytes from; /* half-open; an empty end is the end of all keys */
    struct tn_bytes end;
};

/* Append a proof file. `place` is the .tlog-proof of the seal's entry, with the entry.
 * TN_MISMATCH  folding gives other rows than were sealed
 * TN_FULL      the range holds more than TN_STATE_PROOF_ROWS_MAX - 2 rows */
TN_MUST_USE enum tn_status tn_state_prove(struct tn_log *log, const struct tn_state_sealed *seal,
                                          const struct tn_state_claim *claim, struct tn_bytes place,
                                          struct tn_buffer *out, struct tn_error *error);

#endif
