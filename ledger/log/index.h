/* How entries are found: by command, by stream, by kind. Rows are written with the frame they speak of
 * and can be made again from the log (P1).
 *
 * Kinds and streams have one row per (kind or stream, frame): the key ends with the first index, the
 * value lists the others of the same frame as gaps. So a busy stream costs a byte or two an entry. */
#ifndef TN_LEDGER_LOG_INDEX_H
#define TN_LEDGER_LOG_INDEX_H

#include "ledger/log/log.h"

/* Indices take five bytes in keys: a log holds at most 2^40 entries. */
#define TN_LOG_SIZE_MAX ((uint64_t) 1 << 40)

/* Gathers the rows of one frame; reused from frame to frame. One thread. */
struct tn_index_writer {
    struct tn_index_group *groups;
    size_t group_count;
    size_t group_capacity;
    struct tn_index_item *items; /* further indices of the groups, chained */
    size_t item_count;
    uint32_t *slots; /* open addressing: group + 1, or 0 */
    size_t slot_count;
    struct tn_buffer gaps;
};

void tn_index_writer_init(struct tn_index_writer *writer);
void tn_index_writer_close(struct tn_index_writer *writer);
/* Put the rows of `count` entries from `first_index` on into `batch`. TN_MEMORY. */
TN_MUST_USE enum tn_status tn_index_write(struct tn_index_writer *writer, struct tn_batch *batch,
                                          struct tn_family *index, struct tn_family *commands,
                                          uint64_t first_index, const struct tn_log_entry *entries,
                                          size_t count, struct tn_error *error);

TN_MUST_USE enum tn_status tn_index_find_command(struct tn_store *store, struct tn_family *commands,
                                                 const uint8_t command[static TN_ID_SIZE],
                                                 uint64_t *index, bool *found,
                                                 struct tn_error *error);

/* What rows are asked for. */
struct tn_index_key {
    uint8_t bytes[1 + TN_ID_SIZE];
    size_t size;
};
struct tn_index_key tn_index_stream_key(const uint8_t stream[static TN_ID_SIZE]);
struct tn_index_key tn_index_kind_key(uint32_t kind);
/* Up to `*count` indices below `end`: ascending from the first >= `from`, or backwards from the last
 * < `from`. TN_CORRUPT when a row is not what was written. */
TN_MUST_USE enum tn_status tn_index_read(struct tn_store *store, struct tn_family *index,
                                         const struct tn_index_key *key, uint64_t from,
                                         uint64_t end, bool backwards, uint64_t *indices,
                                         size_t *count, struct tn_error *error);

#endif
