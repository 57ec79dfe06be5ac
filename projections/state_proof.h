/* Proofs of sealed rows, checkable offline (spec/log.md 7): that a row was there with this value,
 * or which rows there were in a range of keys (none: absence). Drawn in ledger/FORMAT.md:
 *
 *     turno.state-proof@v1
 *     projection <name>
 *     present <base64 key>   or   range <base64 from> <base64 end>
 *     row <position> <base64 key> <base64 value>    (value "-": the row was deleted)
 *     <base64 of a hash>                            as many as the row's path has, deepest first
 *     ...                                           more rows, position by position
 *     (empty line)
 *     <a .tlog-proof of the seal's entry, which is its extra>
 *
 * A range is half-open, an end that is empty ("-") is the end of all keys; its rows are shown with
 * the neighbour before and the one behind, where there are such. Pure but for signatures. */
#ifndef TN_PROJECTIONS_STATE_PROOF_H
#define TN_PROJECTIONS_STATE_PROOF_H

#include "ledger/event/event.h"
#include "ledger/log/proof_file.h"
#include "projections/rows.h"

/* Rows that one file shows, neighbours included. */
#define TN_STATE_PROOF_ROWS_MAX 1002u
#define TN_STATE_PROOF_BYTES_MAX ((size_t) 8 << 20)
/* A seal's tree has fewer rows than 2^32. */
#define TN_STATE_PROOF_PATH_MAX 32

/* The data of a row's leaf (spec/log.md 7), appended. */
void tn_row_leaf(struct tn_bytes key, struct tn_bytes value, bool deleted, struct tn_buffer *leaf);

struct tn_state_proof_row {
    uint64_t position;
    struct tn_bytes key;
    struct tn_bytes value;
    bool deleted;
    size_t count; /* hashes of the path */
    const uint8_t *path;
};

struct tn_state_proof {
    struct tn_bytes projection; /* its name */
    bool range;
    struct tn_bytes from; /* the key that is present, or the first of the range */
    struct tn_bytes end;  /* empty: of all keys */
    const struct tn_state_proof_row *rows;
    size_t row_count;
    struct tn_bytes seal; /* the .tlog-proof */
};

/* Append the file. Keys and counts are ours: checked. */
void tn_state_proof_format(struct tn_buffer *out, const struct tn_state_proof *proof);
/* The form alone; everything lives in `arena` or in the bytes. TN_INVALID with words. */
TN_MUST_USE enum tn_status tn_state_proof_parse(struct tn_bytes bytes, struct tn_arena *arena,
                                                struct tn_state_proof *proof,
                                                struct tn_error *error);
/* Whether bytes begin as such a file does. */
bool tn_state_proof_is_one(struct tn_bytes bytes);

/* What a check found. */
struct tn_state_finding {
    struct tn_proof_finding seal_place; /* where in which log the seal is */
    struct tn_state_sealed seal;
    size_t first; /* of the rows, those within the claim: without neighbours */
    size_t count;
};

/* Check everything: the seal under the log's key (verifiers[0]), every row under the seal, and that
 * the rows bear out the claim.
 *
 * TN_INVALID   malformed, or the rows cannot prove the claim (not consecutive, a neighbour missing,
 *              a range over a seal of changed rows)
 * TN_MISMATCH  a signature, path or row is not right, or the seal is of another projection */
TN_MUST_USE enum tn_status tn_state_proof_check(const struct tn_state_proof *proof,
                                                const struct tn_verifier *verifiers,
                                                size_t verifier_count, struct tn_arena *arena,
                                                struct tn_state_finding *finding,
                                                struct tn_error *error);

#endif
