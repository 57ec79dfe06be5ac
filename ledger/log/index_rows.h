/* The bytes of the index: rows of a frame, rows of streams and kinds, values of commands. */
#ifndef TN_LEDGER_LOG_INDEX_ROWS_H
#define TN_LEDGER_LOG_INDEX_ROWS_H

#include "ledger/log/index.h"

/* Entries of one key that stand in one row, so that reading a page never walks a long row. */
#define TN_INDEX_ROW_ENTRIES 256u

/* ---- what a frame's entries are found by, until it is in files ---- */

#define TN_GATHERED_KEY_BYTES 5 /* first index of the frame, big-endian */
void tn_gathered_key(uint8_t key[static TN_GATHERED_KEY_BYTES], uint64_t first_index);
void tn_gathered_encode(struct tn_buffer *out, const struct tn_log_entry *entries, size_t count);

/* Decodes into `entries` (reused, grown): kind, command and streams; bytes and time are empty. */
struct tn_gathered {
    struct tn_log_entry *entries;
    size_t count;
    size_t capacity;
};
TN_MUST_USE enum tn_status tn_gathered_decode(struct tn_gathered *gathered, uint64_t first_index,
                                              struct tn_bytes bytes, struct tn_error *error);
void tn_gathered_close(struct tn_gathered *gathered);

/* ---- rows in files ---- */

/* All of `memory` in key order, a finished file for each of both families. */
TN_MUST_USE enum tn_status tn_index_segment_write(struct tn_store *store, struct tn_family *index,
                                                  struct tn_family *commands,
                                                  const struct tn_index_memory *memory,
                                                  struct tn_error *error);
/* As tn_index_read, from rows alone; `*count` are there already, up to `capacity`. */
TN_MUST_USE enum tn_status tn_index_rows_ascend(struct tn_iterator *iterator,
                                                const struct tn_index_key *key, uint64_t from,
                                                uint64_t end, uint64_t *indices, size_t capacity,
                                                size_t *count, struct tn_error *error);
TN_MUST_USE enum tn_status tn_index_rows_descend(struct tn_iterator *iterator,
                                                 const struct tn_index_key *key, uint64_t from,
                                                 uint64_t *indices, size_t capacity, size_t *count,
                                                 struct tn_error *error);
/* How many entries below `end` the rows of both families name: by kind, by stream, by command.
 * TN_CORRUPT when a row is not what was written. */
TN_MUST_USE enum tn_status tn_index_rows_count(struct tn_iterator *index,
                                               struct tn_iterator *commands, uint64_t end,
                                               struct tn_log_found *found, struct tn_error *error);
/* The value of a row of `commands`. */
TN_MUST_USE enum tn_status tn_index_command_decode(struct tn_bytes value, uint64_t *index,
                                                   struct tn_error *error);

#endif
