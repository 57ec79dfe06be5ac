/* Proofs of entries under the newest published checkpoint, as .tlog-proof texts. One thread each.
 */
#ifndef TN_API_QUERY_PROOFS_H
#define TN_API_QUERY_PROOFS_H

#include "ledger/event/event.h"
#include "ledger/log/log.h"
#include "ledger/vault/vault.h"

/* What a proof says of its entry. */
enum tn_proof_detail {
    TN_PROOF_BARE,     /* nothing: its reader has the entry */
    TN_PROOF_LEAF,     /* its leaf hash: the entry is withheld */
    TN_PROOF_ENTRY,    /* its bytes */
    TN_PROOF_OPENINGS, /* its bytes, and what the vault can open of its commitments */
};

struct tn_prover {
    struct tn_log *log;
    const struct tn_vault *vault; /* NULL: nothing can be opened */
    struct tn_buffer note;        /* the checkpoint under which all its proofs are */
    uint64_t size;
    struct tn_buffer entry;
    struct tn_buffer extra;
};

/* Takes the newest published checkpoint. Closed in any case.
 * TN_NOT_FOUND  nothing is published yet */
TN_MUST_USE enum tn_status tn_prover_open(struct tn_prover *prover, struct tn_log *log,
                                          const struct tn_vault *vault, struct tn_error *error);
/* Wipes what was opened. */
void tn_prover_close(struct tn_prover *prover);

/* Append the proof of entry `index` to `out` (at most TN_PROOF_FILE_BYTES_MAX each).
 * TN_NOT_FOUND  the entry is not published */
TN_MUST_USE enum tn_status tn_prover_prove(struct tn_prover *prover, uint64_t index,
                                           enum tn_proof_detail detail, struct tn_buffer *out,
                                           struct tn_error *error);

#endif
