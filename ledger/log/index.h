/* How entries are found: by command, by stream, by kind. What is in the index can be made again
 * from the log (P1).
 *
 * A row for every command and stream, put one by one into RocksDB, cost four times as much as all
 * else in an append (8.2 us an entry against 2). So an append writes one row a frame (what its
 * entries are found by), and keeps the same in memory. When TN_INDEX_SEGMENT_ENTRIES have gathered,
 * a thread sorts them and adds them to the families `index` and `commands` as finished files; then
 * the frames' rows go. A start reads the rows that are left back into memory. */
#ifndef TN_LEDGER_LOG_INDEX_H
#define TN_LEDGER_LOG_INDEX_H

#include "ledger/log/index_memory.h"

/* Indices take five bytes in keys: a log holds at most 2^40 entries. */
#define TN_LOG_SIZE_MAX ((uint64_t) 1 << 40)
/* Entries that are sorted together: at most some 20 MB of memory, twice while the thread works. */
#define TN_INDEX_SEGMENT_ENTRIES 65536u
/* An append waits for the thread rather than let more than this gather. */
#define TN_INDEX_GATHERED_MAX (4 * TN_INDEX_SEGMENT_ENTRIES)

struct tn_index;

/* Reads back what is not in files yet: it must lead up to entry `size`. TN_CORRUPT otherwise. */
TN_MUST_USE enum tn_status tn_index_open(struct tn_store *store, uint64_t size,
                                         struct tn_index **index, struct tn_error *error);
void tn_index_close(struct tn_index *index);
/* For a secondary after its store was refreshed: as open. */
TN_MUST_USE enum tn_status tn_index_refresh(struct tn_index *index, uint64_t size,
                                            struct tn_error *error);

/* The committer's two steps: put the row of a frame into its batch and make room, then, when the
 * batch is written, show it to readers, which cannot fail.
 * TN_MEMORY, or what the thread met: TN_NO_SPACE, TN_IO */
TN_MUST_USE enum tn_status tn_index_stage(struct tn_index *index, struct tn_batch *batch,
                                          uint64_t first_index, const struct tn_log_entry *entries,
                                          size_t count, struct tn_error *error);
void tn_index_commit(struct tn_index *index, const struct tn_log_entry *entries, size_t count);
/* Wait until everything gathered is in files (restore, tests). Adds the statuses of the thread. */
TN_MUST_USE enum tn_status tn_index_settle(struct tn_index *index, struct tn_error *error);

/* Any thread. */
TN_MUST_USE enum tn_status tn_index_find_command(struct tn_index *index,
                                                 const uint8_t command[static TN_ID_SIZE],
                                                 uint64_t *at, bool *found, struct tn_error *error);
/* Up to `*count` indices below `end`: ascending from the first >= `from`, or backwards from the
 * last < `from`. TN_CORRUPT when a row is not what was written. */
TN_MUST_USE enum tn_status tn_index_read(struct tn_index *index, const struct tn_index_key *key,
                                         uint64_t from, uint64_t end, bool backwards,
                                         uint64_t *indices, size_t *count, struct tn_error *error);

/* tn_log_count_found. */
TN_MUST_USE enum tn_status tn_index_count(struct tn_index *index, struct tn_log_found *found,
                                          struct tn_error *error);

#endif
