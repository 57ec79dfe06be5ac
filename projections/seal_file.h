/* The leaves of a sealed projection, kept so that the path of a row under the seal's root can be
 * read without folding the log again. Disposable: what is read is proven by the root in the log,
 * and a file that is gone is one proof less until the next seal. Keys are all of one size.
 *
 *   offset       size  field (big-endian)
 *   0            4     "TNL" and the version 01
 *   4            4     size k of a key
 *   8            8     upto of the seal
 *   16           8     n rows
 *   24           8     zero
 *   32           (k + 32) n   key and leaf hash of each row, in key order
 *   then         32 each      the n >> 8 tile roots of level 1, the n >> 16 of level 2, ...
 *
 * Private to the layer but for reading. */
#ifndef TN_PROJECTIONS_SEAL_FILE_H
#define TN_PROJECTIONS_SEAL_FILE_H

#include "ledger/log/tree.h"
#include "projections/rows.h"

struct tn_seal_writer;

/* Write `path` (through a file beside it). A failure on the way is said by close alone: a seal does
 * not depend on its file. */
struct tn_seal_writer *tn_seal_writer_create(const char *path, uint64_t upto);
void tn_seal_writer_add(struct tn_seal_writer *writer, struct tn_bytes key,
                        const uint8_t leaf[static TN_HASH_SIZE]);
/* Ends and frees it; the file is there on TN_OK, and nothing is left otherwise. NULL: TN_MEMORY. */
TN_MUST_USE enum tn_status tn_seal_writer_close(struct tn_seal_writer *writer, bool keep,
                                                struct tn_error *error);

struct tn_seal_file {
    int file;
    size_t key_size;
    uint64_t upto;
    uint64_t rows;
};

/* TN_NOT_FOUND: there is none. TN_CORRUPT: not such a file. Close it in any case. */
TN_MUST_USE enum tn_status tn_seal_file_open(struct tn_seal_file *file, const char *path,
                                             struct tn_error *error);
void tn_seal_file_close(struct tn_seal_file *file);
/* The place of a key and its leaf hash. */
TN_MUST_USE enum tn_status tn_seal_file_find(const struct tn_seal_file *file, struct tn_bytes key,
                                             bool *found, uint64_t *position,
                                             uint8_t leaf[static TN_HASH_SIZE],
                                             struct tn_error *error);
/* The path of a row. */
TN_MUST_USE enum tn_status tn_seal_file_prove(
    const struct tn_seal_file *file, uint64_t position,
    uint8_t proof[static TN_PROOF_HASHES_MAX * TN_HASH_SIZE], size_t *count,
    struct tn_error *error);

#endif
