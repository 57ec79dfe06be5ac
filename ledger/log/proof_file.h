/* `.tlog-proof` files: one entry's inclusion in one checkpoint, checkable offline (spec/log.md 6;
 * C2SP tlog-proof). Pure; any thread.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64>            only when there is something extra
 *     index <decimal>
 *     <base64 of a hash>        as many as the inclusion proof has, deepest first
 *     (empty line)
 *     <checkpoint: a signed note>
 *
 * In our files `extra` is the entry itself (the leaf's data), where its reader may have it, so that
 * a file is checked alone, or the entry with openings (ledger/vault/opening.h). Without `extra` the
 * checker must be given the entry or its leaf hash. A file of another log may hold anything there:
 * give its entry, which then decides. */
#ifndef TN_LEDGER_LOG_PROOF_FILE_H
#define TN_LEDGER_LOG_PROOF_FILE_H

#include "ledger/log/note.h"
#include "ledger/log/tree.h"

/* Of `extra`, decoded: the longest entry, and the openings of the largest group with the longest
 * names (api/intake/openings.c adds them up). A usual group's are some 3 kB. */
#define TN_PROOF_FILE_EXTRA_BYTES_MAX ((size_t) 640 << 10)
/* A whole file: the note at its largest, `extra` in base64, the hashes. */
#define TN_PROOF_FILE_BYTES_MAX (TN_NOTE_BYTES_MAX + ((size_t) 896 << 10))

/* A parsed file: views into it. */
struct tn_proof_file {
    bool has_extra;
    struct tn_bytes extra; /* base64 as it stands in the file */
    uint64_t index;
    size_t count; /* hashes */
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    struct tn_bytes checkpoint; /* the signed note */
};

/* Append the file to `out`. `extra` is NULL where the reader may not have it or has it already; at
 * most TN_PROOF_FILE_EXTRA_BYTES_MAX bytes, checked, as is count. */
void tn_proof_file_format(struct tn_buffer *out, const struct tn_bytes *extra, uint64_t index,
                          const uint8_t *proof, size_t count, struct tn_bytes checkpoint);
/* The form alone. TN_INVALID with words; `*file` zeroed. */
TN_MUST_USE enum tn_status tn_proof_file_parse(struct tn_bytes bytes, struct tn_proof_file *file,
                                               struct tn_error *error);
/* Decode `extra` into the reset buffer. TN_NOT_FOUND: there is none. TN_FULL: over its limit.
 * TN_INVALID: not strict base64. */
TN_MUST_USE enum tn_status tn_proof_file_extra(const struct tn_proof_file *file,
                                               struct tn_buffer *extra);

/* What a check found; views into the file. */
struct tn_proof_finding {
    struct tn_checkpoint checkpoint;
    struct tn_note note; /* which verifiers signed, and when */
    uint64_t index;
    bool leaf_checked; /* false: note and structure are right, but no leaf was given */
    uint8_t leaf_hash[TN_HASH_SIZE];
};

/* Check a file. verifiers[0] is the log's key: its signature is demanded and its name must be the
 * checkpoint's origin; others (witnesses) are reported in note.verified.
 *
 * The leaf: `leaf_hash` when it is not NULL, else `extra` taken as the entry (`extra_is_entry`),
 * else none; then only the note and the number of hashes are checked and leaf_checked is false. To
 * check a given entry pass tn_leaf_hash of its bytes.
 *
 * TN_INVALID    the file, its note or its checkpoint is malformed, or index is not below size
 * TN_NOT_FOUND  the log's key has not signed
 * TN_MISMATCH   a signature is bad, the origin is another, or the proof leads to another root */
TN_MUST_USE enum tn_status tn_proof_file_check(struct tn_bytes bytes,
                                               const struct tn_verifier *verifiers,
                                               size_t verifier_count, const uint8_t *leaf_hash,
                                               bool extra_is_entry,
                                               struct tn_proof_finding *finding,
                                               struct tn_error *error);

#endif
