/* The part of the index that is not yet in files: which entries of [base, end) carry which command,
 * kind and stream. Pure memory: no store, no locks; its owner has them. */
#ifndef TN_LEDGER_LOG_INDEX_MEMORY_H
#define TN_LEDGER_LOG_INDEX_MEMORY_H

#include "ledger/log/log.h"

/* A kind or a stream as it stands in rows: 01 || BE32 kind || 12 zeros, or 02 || stream. */
#define TN_INDEX_KEY_BYTES (1 + TN_ID_SIZE)
struct tn_index_key {
    uint8_t bytes[TN_INDEX_KEY_BYTES];
};
struct tn_index_key tn_index_stream_key(const uint8_t stream[static TN_ID_SIZE]);
struct tn_index_key tn_index_kind_key(uint32_t kind);

/* No item, no group. */
#define TN_INDEX_NONE UINT32_MAX

struct tn_index_command {
    uint8_t id[TN_ID_SIZE];
    uint32_t offset; /* from base */
};

/* All entries of one key, a chain in both directions. */
struct tn_index_group {
    struct tn_index_key key;
    uint32_t first;
    uint32_t last;
};

struct tn_index_item {
    uint32_t offset; /* from base */
    uint32_t next;
    uint32_t prev;
};

struct tn_index_memory {
    uint64_t base;
    uint64_t end;
    struct tn_index_command *commands;
    uint32_t *command_slots; /* open addressing: position + 1, or 0 */
    size_t command_count;
    size_t command_capacity; /* slots are twice as many */
    struct tn_index_group *groups;
    uint32_t *group_slots;
    size_t group_count;
    size_t group_capacity;
    struct tn_index_item *items;
    size_t item_count;
    size_t item_capacity;
};

/* Empty, beginning at entry `base`. */
void tn_index_memory_init(struct tn_index_memory *memory, uint64_t base);
/* Empty again, beginning at `base`; the memory is kept. */
void tn_index_memory_reset(struct tn_index_memory *memory, uint64_t base);
void tn_index_memory_close(struct tn_index_memory *memory);
/* Room for what `entries` add, so that tn_index_memory_add cannot fail. TN_MEMORY. */
TN_MUST_USE enum tn_status tn_index_memory_reserve(struct tn_index_memory *memory,
                                                   const struct tn_log_entry *entries,
                                                   size_t count);
/* The entries that follow `end`. Room was reserved. */
void tn_index_memory_add(struct tn_index_memory *memory, const struct tn_log_entry *entries,
                         size_t count);
/* The index of a command's first entry; false when it is not here. */
bool tn_index_memory_command(const struct tn_index_memory *memory,
                             const uint8_t command[static TN_ID_SIZE], uint64_t *index);
/* Append to `indices` (`*count` of `capacity` are there) those of `key` in [from, end), ascending.
 */
void tn_index_memory_ascend(const struct tn_index_memory *memory, const struct tn_index_key *key,
                            uint64_t from, uint64_t end, uint64_t *indices, size_t capacity,
                            size_t *count);
/* The same descending: those below `from`. */
void tn_index_memory_descend(const struct tn_index_memory *memory, const struct tn_index_key *key,
                             uint64_t from, uint64_t *indices, size_t capacity, size_t *count);

#endif
