/* What a log and its witnesses say to each other (spec/log.md 5; C2SP tlog-witness v1.0.0):
 * add-checkpoint requests, their answers, and what a witness decides. Pure but for libsodium. Any
 * thread.
 *
 *     old <size>
 *     <base64 of a hash>        0 to 63 of them: the consistency proof
 *     (empty line)
 *     <checkpoint: a signed note> */
#ifndef TN_LEDGER_LOG_WITNESS_H
#define TN_LEDGER_LOG_WITNESS_H

#include "ledger/log/note.h"
#include "ledger/log/tree.h"

#define TN_WITNESS_PROOF_MAX 63
/* A request: a checkpoint with many large signatures and the longest proof. */
#define TN_WITNESS_REQUEST_BYTES_MAX ((size_t) 128 << 10)
/* An answer: some cosignatures. */
#define TN_WITNESS_ANSWER_BYTES_MAX ((size_t) 64 << 10)
#define TN_WITNESS_SIZE_TYPE "text/x.tlog.size"

/* The short name of a witness in events and elsewhere: the first 16 bytes of SHA-256 of its
 * verifier key as text (name+id+key). */
void tn_witness_id(const struct tn_verifier *verifier, uint8_t id[static TN_ID_SIZE]);

/* ---- requests ---- */

/* A parsed request; a view into it. */
struct tn_witness_request {
    uint64_t old_size;
    size_t count; /* hashes */
    uint8_t proof[TN_WITNESS_PROOF_MAX * TN_HASH_SIZE];
    struct tn_bytes note;
};

/* Append the request to `out`; at most TN_WITNESS_PROOF_MAX hashes, checked. */
void tn_witness_request_format(struct tn_buffer *out, uint64_t old_size, const uint8_t *proof,
                               size_t count, struct tn_bytes note);
/* The form alone, the note's not looked at. TN_INVALID with words; `*request` zeroed. */
TN_MUST_USE enum tn_status tn_witness_request_parse(struct tn_bytes bytes,
                                                    struct tn_witness_request *request,
                                                    struct tn_error *error);

/* ---- what a witness decides ---- */

/* A key that the witness trusts for a log. `origin` is that of its checkpoints, as a rule the
 * key's name. A log may have several. */
struct tn_witness_log {
    struct tn_bytes origin;
    struct tn_verifier verifier;
};

/* Keys for one origin that are looked at. */
#define TN_WITNESS_KEYS_MAX 8

/* A request on its way through the checks; views into the request. */
struct tn_witness_decision {
    unsigned status; /* HTTP: 200 as far as it came, or why not */
    const char *words;
    uint64_t known_size; /* of a 409 */
    struct tn_witness_request request;
    struct tn_note note;
    struct tn_checkpoint checkpoint;
};

/* What needs no store, in this order: malformed 400, unknown origin 404, no trusted signature 403,
 * old size above the checkpoint's 400. `status` 200: go on with tn_witness_decide. */
void tn_witness_admit(struct tn_bytes bytes, const struct tn_witness_log *logs, size_t log_count,
                      struct tn_witness_decision *decision);

/* The latest checkpoint that the witness cosigned for an origin; size 0: none or the empty one. */
struct tn_witness_known {
    uint64_t size;
    uint8_t root[TN_HASH_SIZE];
};

/* Then, in one step with the store: another old size than the stored one 409, a proof that does not
 * fit (or the same size with another root) 422. `status` 200: persist the checkpoint, then sign. */
void tn_witness_decide(const struct tn_witness_known *known, struct tn_witness_decision *decision);

/* ---- what a log makes of an answer ---- */

enum tn_witness_outcome {
    TN_WITNESS_SIGNED,   /* 200: look at the lines */
    TN_WITNESS_STALE,    /* 409 with the size from which to prove */
    TN_WITNESS_FORK,     /* 422, or 409 without a size to a request of equal sizes */
    TN_WITNESS_REJECTED, /* 400, 403, 404: somebody must look at the configuration */
    TN_WITNESS_FAILED,   /* anything else: nothing follows from it */
};

struct tn_witness_answer {
    enum tn_witness_outcome outcome;
    uint64_t size; /* of TN_WITNESS_STALE */
};

/* `equal_sizes`: the request's old size was the checkpoint's. `content_type` may have parameters,
 * which are ignored. */
void tn_witness_answer_read(unsigned status, struct tn_bytes content_type, struct tn_bytes body,
                            bool equal_sizes, struct tn_witness_answer *answer);
/* The cosignatures of a 200 over `text`: every line of a known key is appended to `lines`, once a
 * key, and its bit set in `*signed_by`; unknown ones are ignored.
 * TN_INVALID    not signature lines
 * TN_MISMATCH   a line of a known key does not verify: nothing of the answer counts
 * TN_NOT_FOUND  no line of a known key */
TN_MUST_USE enum tn_status tn_witness_answer_lines(struct tn_bytes text, struct tn_bytes body,
                                                   const struct tn_verifier *verifiers,
                                                   size_t verifier_count, struct tn_buffer *lines,
                                                   uint64_t *signed_by, struct tn_error *error);

#endif
