/* Family `commands`:  command (16 bytes) -> index of its first entry, big-endian, in its shortest
 * form of 1 to 8 bytes
 *
 * Family `gathered`:  BE40 first index of a frame                -> gathered entries, see below
 *
 * Family `index`:     01 || BE32 kind, 12 zeros || BE40 index    -> gaps
 *                     02 || stream (16)         || BE40 index    -> gaps
 *
 * gaps: the index in the key is the first of up to 256 entries; for every further one its distance
 * from the one before, at least 1, as a varint (7 bits a byte, low bits first, the high bit set
 * while more follow). Empty when there is one entry only.
 *
 * Gathered entries of a frame: 4 bytes count, then for each entry
 *
 *   offset size
 *        0    4  kind
 *        4    1  number of streams, 0..4; 80 is added when a command follows
 *        5   16  command, if any
 *             16  each stream */
#include "ledger/log/index_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"

#define INDEX_BYTES 5
#define ROW_KEY_BYTES (TN_INDEX_KEY_BYTES + INDEX_BYTES)
#define VARINT_BYTES_MAX 6
#define HAS_COMMAND 0x80u
/* More than an entry takes in both files. */
#define SEGMENT_BYTES_PER_ENTRY 128u

_Static_assert(TN_GATHERED_KEY_BYTES == INDEX_BYTES, "an index");
_Static_assert(TN_ENTRY_STREAMS_MAX < HAS_COMMAND, "streams and the flag share a byte");

static void put_index(uint8_t out[static INDEX_BYTES], uint64_t index);
static uint64_t get_index(const uint8_t in[static INDEX_BYTES]);
static void row_key(uint8_t out[static ROW_KEY_BYTES], const struct tn_index_key *key,
                    uint64_t index);
static enum tn_status write_rows(const struct tn_index_memory *memory, struct tn_load *index,
                                 struct tn_load *commands, struct tn_error *error);
static void write_commands(const struct tn_index_memory *memory, struct tn_index_command *sorted,
                           struct tn_load *load);
static void write_groups(const struct tn_index_memory *memory, struct tn_index_group *sorted,
                         struct tn_load *load);

void tn_gathered_key(uint8_t key[static TN_GATHERED_KEY_BYTES], uint64_t first_index)
{
    put_index(key, first_index);
}

void tn_gathered_encode(struct tn_buffer *out, const struct tn_log_entry *entries, size_t count)
{
    tn_buffer_append_be32(out, (uint32_t) count);
    for (size_t i = 0; i < count; i++) {
        const struct tn_log_entry *entry = &entries[i];
        size_t ids = entry->stream_count + (entry->has_command ? 1u : 0u);
        uint8_t *at = tn_buffer_extend(out, 5 + ids * TN_ID_SIZE);
        if (at == NULL) {
            return;
        }
        tn_put_be32(at, entry->kind);
        at[4] = (uint8_t) (entry->stream_count | (entry->has_command ? HAS_COMMAND : 0));
        at += 5;
        if (entry->has_command) {
            memcpy(at, entry->command, TN_ID_SIZE);
            at += TN_ID_SIZE;
        }
        memcpy(at, entry->streams, (size_t) entry->stream_count * TN_ID_SIZE);
    }
}

enum tn_status tn_gathered_decode(struct tn_gathered *gathered, uint64_t first_index,
                                  struct tn_bytes bytes, struct tn_error *error)
{
    gathered->count = 0;
    size_t count = bytes.size >= 4 ? tn_get_be32(bytes.data) : 0;
    if (count == 0 || count > TN_FRAME_ENTRIES_MAX || count > (bytes.size - 4) / 5) {
        return tn_fail(error, TN_CORRUPT, "entry %" PRIu64 ": its gathered row is not one",
                       first_index);
    }
    if (count > gathered->capacity) {
        struct tn_log_entry *entries = realloc(gathered->entries, count * sizeof(*entries));
        if (entries == NULL) {
            return tn_fail(error, TN_MEMORY, "no memory for the index");
        }
        gathered->entries = entries;
        gathered->capacity = count;
    }
    const uint8_t *at = bytes.data + 4;
    size_t left = bytes.size - 4;
    for (size_t i = 0; i < count; i++) {
        struct tn_log_entry *entry = &gathered->entries[i];
        *entry = (struct tn_log_entry){0};
        if (left < 5) {
            break;
        }
        entry->kind = tn_get_be32(at);
        entry->has_command = (at[4] & HAS_COMMAND) != 0;
        entry->stream_count = at[4] & (uint8_t) ~HAS_COMMAND;
        size_t size = (entry->stream_count + (entry->has_command ? 1u : 0u)) * TN_ID_SIZE;
        at += 5;
        left -= 5;
        if (entry->stream_count > TN_ENTRY_STREAMS_MAX || size > left) {
            break;
        }
        size_t skip = entry->has_command ? TN_ID_SIZE : 0;
        memcpy(entry->command, at, skip);
        memcpy(entry->streams, at + skip, size - skip);
        at += size;
        left -= size;
        gathered->count++;
    }
    if (gathered->count != count || left != 0) {
        gathered->count = 0;
        return tn_fail(error, TN_CORRUPT,
                       "entry %" PRIu64 ": its gathered row ends too early or "
                       "too late",
                       first_index);
    }
    return TN_OK;
}

void tn_gathered_close(struct tn_gathered *gathered)
{
    free(gathered->entries);
    *gathered = (struct tn_gathered){0};
}

enum tn_status tn_index_segment_write(struct tn_store *store, struct tn_family *index,
                                      struct tn_family *commands,
                                      const struct tn_index_memory *memory, struct tn_error *error)
{
    uint64_t estimate = (memory->end - memory->base) * SEGMENT_BYTES_PER_ENTRY;
    struct tn_load *index_load = NULL;
    struct tn_load *commands_load = NULL;
    enum tn_status status = tn_load_create(store, index, estimate, &index_load, error);

    if (status == TN_OK) {
        status = tn_load_create(store, commands, estimate, &commands_load, error);
    }
    if (status == TN_OK) {
        status = write_rows(memory, index_load, commands_load, error);
    }
    if (status == TN_OK) {
        status = tn_load_commit(commands_load, error);
    }
    if (status == TN_OK) {
        status = tn_load_commit(index_load, error);
    }
    tn_load_destroy(index_load);
    tn_load_destroy(commands_load);
    return status;
}

static enum tn_status write_rows(const struct tn_index_memory *memory, struct tn_load *index,
                                 struct tn_load *commands, struct tn_error *error)
{
    struct tn_index_command *sorted_commands =
        malloc((memory->command_count + 1) * sizeof(*sorted_commands));
    struct tn_index_group *sorted_groups =
        malloc((memory->group_count + 1) * sizeof(*sorted_groups));
    enum tn_status status = TN_OK;
    if (sorted_commands == NULL || sorted_groups == NULL) {
        status = tn_fail(error, TN_MEMORY, "no memory to sort the index");
    } else {
        write_commands(memory, sorted_commands, commands);
        write_groups(memory, sorted_groups, index);
    }
    free(sorted_commands);
    free(sorted_groups);
    return status;
}

enum tn_status tn_index_command_decode(struct tn_bytes value, uint64_t *index,
                                       struct tn_error *error)
{
    *index = 0;
    if (value.size < 1 || value.size > 8) {
        return tn_fail(error, TN_CORRUPT, "a command's index has %zu bytes", value.size);
    }
    for (size_t i = 0; i < value.size; i++) {
        *index = *index << 8 | value.data[i];
    }
    return TN_OK;
}

/* ---- writing ---- */

static int compare_commands(const void *a, const void *b)
{
    const struct tn_index_command *left = a;
    const struct tn_index_command *right = b;
    return memcmp(left->id, right->id, TN_ID_SIZE);
}

static int compare_groups(const void *a, const void *b)
{
    const struct tn_index_group *left = a;
    const struct tn_index_group *right = b;
    return memcmp(left->key.bytes, right->key.bytes, TN_INDEX_KEY_BYTES);
}

static void write_commands(const struct tn_index_memory *memory, struct tn_index_command *sorted,
                           struct tn_load *load)
{
    if (memory->command_count == 0) {
        return;
    }
    memcpy(sorted, memory->commands, memory->command_count * sizeof(*sorted));
    qsort(sorted, memory->command_count, sizeof(*sorted), compare_commands);
    for (size_t i = 0; i < memory->command_count; i++) {
        uint8_t value[8];
        size_t skip = 0;
        tn_put_be64(value, memory->base + sorted[i].offset);
        while (skip < 7 && value[skip] == 0) {
            skip++;
        }
        tn_load_put(load, tn_bytes(sorted[i].id, TN_ID_SIZE), tn_bytes(value + skip, 8 - skip));
    }
}

static size_t put_varint(uint8_t *out, uint32_t value)
{
    size_t size = 0;
    while (value >= 0x80) {
        out[size++] = (uint8_t) (value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t) value;
    return size;
}

static void write_groups(const struct tn_index_memory *memory, struct tn_index_group *sorted,
                         struct tn_load *load)
{
    uint8_t gaps[TN_INDEX_ROW_ENTRIES * VARINT_BYTES_MAX];
    uint8_t key[ROW_KEY_BYTES];
    if (memory->group_count == 0) {
        return;
    }
    memcpy(sorted, memory->groups, memory->group_count * sizeof(*sorted));
    qsort(sorted, memory->group_count, sizeof(*sorted), compare_groups);
    for (size_t g = 0; g < memory->group_count; g++) {
        uint32_t item = sorted[g].first;
        while (item != TN_INDEX_NONE) {
            uint32_t before = memory->items[item].offset;
            size_t size = 0;
            row_key(key, &sorted[g].key, memory->base + before);
            item = memory->items[item].next;
            for (unsigned i = 1; i < TN_INDEX_ROW_ENTRIES && item != TN_INDEX_NONE; i++) {
                size += put_varint(gaps + size, memory->items[item].offset - before);
                before = memory->items[item].offset;
                item = memory->items[item].next;
            }
            tn_load_put(load, tn_bytes(key, sizeof(key)), tn_bytes(gaps, size));
        }
    }
}

static void put_index(uint8_t out[static INDEX_BYTES], uint64_t index)
{
    TN_CHECK(index <= TN_LOG_SIZE_MAX);
    out[0] = (uint8_t) (index >> 32);
    tn_put_be32(out + 1, (uint32_t) index);
}

static uint64_t get_index(const uint8_t in[static INDEX_BYTES])
{
    return (uint64_t) in[0] << 32 | tn_get_be32(in + 1);
}

static void row_key(uint8_t out[static ROW_KEY_BYTES], const struct tn_index_key *key,
                    uint64_t index)
{
    memcpy(out, key->bytes, TN_INDEX_KEY_BYTES);
    put_index(out + TN_INDEX_KEY_BYTES, index);
}

/* ---- reading ---- */

/* The row under the iterator, if it is one of `key`. */
struct row {
    uint64_t index; /* the one that the next step gives */
    struct tn_bytes gaps;
};

static bool row_open(const struct tn_iterator *iterator, const struct tn_index_key *key,
                     struct row *row)
{
    *row = (struct row){0};
    if (!tn_iterator_valid(iterator)) {
        return false;
    }
    struct tn_bytes at = tn_iterator_key(iterator);
    if (at.size != ROW_KEY_BYTES || memcmp(at.data, key->bytes, TN_INDEX_KEY_BYTES) != 0) {
        return false;
    }
    row->index = get_index(at.data + TN_INDEX_KEY_BYTES);
    row->gaps = tn_iterator_value(iterator);
    return true;
}

/* Steps to the next index of the row: TN_NOT_FOUND after the last. */
static enum tn_status row_next(struct row *row, struct tn_error *error)
{
    if (row->gaps.size == 0) {
        return TN_NOT_FOUND;
    }
    uint64_t gap = 0;
    size_t used = 0;
    uint8_t byte = 0x80;
    while ((byte & 0x80) != 0 && used < row->gaps.size && used < VARINT_BYTES_MAX) {
        byte = row->gaps.data[used];
        gap |= (uint64_t) (byte & 0x7f) << (7 * used);
        used++;
    }
    if ((byte & 0x80) != 0 || gap == 0 || gap > UINT32_MAX) {
        return tn_fail(error, TN_CORRUPT,
                       "an index row behind entry %" PRIu64 " is not what was written", row->index);
    }
    row->index += gap;
    row->gaps = tn_bytes(row->gaps.data + used, row->gaps.size - used);
    return TN_OK;
}

/* The row whose first index is the last <= `index`. */
static void seek_row(struct tn_iterator *iterator, const struct tn_index_key *key, uint64_t index)
{
    uint8_t bytes[ROW_KEY_BYTES];
    row_key(bytes, key, index < TN_LOG_SIZE_MAX ? index : TN_LOG_SIZE_MAX - 1);
    tn_iterator_seek_for_prev(iterator, tn_bytes(bytes, sizeof(bytes)));
}

enum tn_status tn_index_rows_ascend(struct tn_iterator *iterator, const struct tn_index_key *key,
                                    uint64_t from, uint64_t end, uint64_t *indices, size_t capacity,
                                    size_t *count, struct tn_error *error)
{
    struct row row;
    seek_row(iterator, key, from);
    if (!row_open(iterator, key, &row)) {
        uint8_t bytes[ROW_KEY_BYTES];
        row_key(bytes, key, 0);
        tn_iterator_seek(iterator, tn_bytes(bytes, sizeof(bytes)));
    }
    while (*count < capacity && row_open(iterator, key, &row)) {
        enum tn_status status = TN_OK;
        while (status == TN_OK && *count < capacity) {
            if (row.index >= end) {
                return TN_OK;
            }
            if (row.index >= from) {
                indices[(*count)++] = row.index;
            }
            status = row_next(&row, error);
        }
        if (status != TN_OK && status != TN_NOT_FOUND) {
            return status;
        }
        tn_iterator_next(iterator);
    }
    return tn_iterator_status(iterator, error);
}

/* Rows are stepped backwards; within a row gaps only go forwards, so its indices are gathered and
 * then taken from the end. */
enum tn_status tn_index_rows_descend(struct tn_iterator *iterator, const struct tn_index_key *key,
                                     uint64_t from, uint64_t *indices, size_t capacity,
                                     size_t *count, struct tn_error *error)
{
    struct row row;
    if (from == 0) {
        return TN_OK;
    }
    seek_row(iterator, key, from - 1);
    while (*count < capacity && row_open(iterator, key, &row)) {
        uint64_t below[TN_INDEX_ROW_ENTRIES];
        size_t below_count = 0;
        enum tn_status status = TN_OK;
        while (status == TN_OK && row.index < from) {
            if (below_count == TN_INDEX_ROW_ENTRIES) {
                return tn_fail(error, TN_CORRUPT,
                               "an index row at entry %" PRIu64
                               " is longer than any that is written",
                               row.index);
            }
            below[below_count++] = row.index;
            status = row_next(&row, error);
        }
        if (status != TN_OK && status != TN_NOT_FOUND) {
            return status;
        }
        while (below_count > 0 && *count < capacity) {
            indices[(*count)++] = below[--below_count];
        }
        tn_iterator_prev(iterator);
    }
    return tn_iterator_status(iterator, error);
}

static enum tn_status count_row(const struct tn_iterator *iterator, uint64_t end,
                                struct tn_log_found *found, struct tn_error *error)
{
    struct tn_bytes at = tn_iterator_key(iterator);
    if (at.size != ROW_KEY_BYTES || (at.data[0] != 1 && at.data[0] != 2)) {
        return tn_fail(error, TN_CORRUPT, "a key of the index has %zu bytes", at.size);
    }
    uint64_t *count = at.data[0] == 1 ? &found->kinds : &found->streams;
    struct row row = {.index = get_index(at.data + TN_INDEX_KEY_BYTES),
                      .gaps = tn_iterator_value(iterator)};
    enum tn_status status = TN_OK;
    while (status == TN_OK && row.index < end) {
        (*count)++;
        status = row_next(&row, error);
    }
    return status == TN_NOT_FOUND ? TN_OK : status;
}

enum tn_status tn_index_rows_count(struct tn_iterator *index, struct tn_iterator *commands,
                                   uint64_t end, struct tn_log_found *found, struct tn_error *error)
{
    enum tn_status status = TN_OK;
    uint64_t at = 0;
    for (tn_iterator_seek_first(index); status == TN_OK && tn_iterator_valid(index);
         tn_iterator_next(index)) {
        status = count_row(index, end, found, error);
    }
    for (tn_iterator_seek_first(commands); status == TN_OK && tn_iterator_valid(commands);
         tn_iterator_next(commands)) {
        status = tn_index_command_decode(tn_iterator_value(commands), &at, error);
        found->commands += status == TN_OK && at < end ? 1 : 0;
    }
    if (status == TN_OK) {
        status = tn_iterator_status(index, error);
    }
    return status == TN_OK ? tn_iterator_status(commands, error) : status;
}
