/* Family `commands`:  command (16 bytes) -> index of its first entry, big-endian, shortest form of 1
 *                     to 8 bytes
 *
 * Family `index`:     01 || BE32 kind     || BE40 first index  -> gaps
 *                     02 || stream (16)   || BE40 first index  -> gaps
 *
 * gaps: for every further entry of the same frame its distance from the one before, at least 1, as a
 * varint (7 bits a byte, low bits first, high bit set while more follow); empty when there is only
 * one. */
#include "ledger/log/index.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"

#define TAG_KIND 1u
#define TAG_STREAM 2u
#define INDEX_BYTES 5
#define ROW_KEY_BYTES_MAX (1 + TN_ID_SIZE + INDEX_BYTES)
#define VARINT_BYTES_MAX 6
#define KEYS_AN_ENTRY_MAX (TN_ENTRY_STREAMS_MAX + 1)
/* Varint gaps of every entry of the largest frame. */
#define GAPS_BYTES_MAX ((size_t) TN_FRAME_ENTRIES_MAX * VARINT_BYTES_MAX)

struct tn_index_group {
    struct tn_index_key key;
    uint32_t first; /* offset in the frame */
    uint32_t last;
    uint32_t head; /* chain of further items; UINT32_MAX ends it */
    uint32_t tail;
};

struct tn_index_item {
    uint32_t offset;
    uint32_t next;
};

_Static_assert((uint64_t) TN_FRAME_ENTRIES_MAX * KEYS_AN_ENTRY_MAX < UINT32_MAX,
               "groups and items are numbered in 32 bits");

static enum tn_status reserve(struct tn_index_writer *writer, size_t count, struct tn_error *error);
static void note_key(struct tn_index_writer *writer, const struct tn_index_key *key,
                     uint32_t offset);
static void put_index(uint8_t out[static INDEX_BYTES], uint64_t index);
static uint64_t get_index(const uint8_t in[static INDEX_BYTES]);
static size_t row_key(uint8_t out[static ROW_KEY_BYTES_MAX], const struct tn_index_key *key,
                      uint64_t index);
static void append_varint(struct tn_buffer *out, uint32_t value);
static enum tn_status read_ascending(struct tn_iterator *iterator, const struct tn_index_key *key,
                                     uint64_t from, uint64_t end, uint64_t *indices, size_t *count,
                                     struct tn_error *error);
static enum tn_status read_descending(struct tn_iterator *iterator, const struct tn_index_key *key,
                                      uint64_t from, uint64_t *indices, size_t *count,
                                      struct tn_error *error);

void tn_index_writer_init(struct tn_index_writer *writer)
{
    *writer = (struct tn_index_writer){0};
    tn_buffer_init(&writer->gaps, GAPS_BYTES_MAX);
}

void tn_index_writer_close(struct tn_index_writer *writer)
{
    free(writer->groups);
    free(writer->items);
    free(writer->slots);
    tn_buffer_close(&writer->gaps);
    *writer = (struct tn_index_writer){0};
}

enum tn_status tn_index_write(struct tn_index_writer *writer, struct tn_batch *batch,
                              struct tn_family *index, struct tn_family *commands,
                              uint64_t first_index, const struct tn_log_entry *entries,
                              size_t count, struct tn_error *error)
{
    enum tn_status status = reserve(writer, count, error);
    if (status != TN_OK) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        const struct tn_log_entry *entry = &entries[i];
        struct tn_index_key key = tn_index_kind_key(entry->kind);
        note_key(writer, &key, (uint32_t) i);
        for (size_t s = 0; s < entry->stream_count; s++) {
            key = tn_index_stream_key(entry->streams[s]);
            note_key(writer, &key, (uint32_t) i);
        }
        if (entry->has_command) {
            uint8_t value[8];
            size_t skip = 0;
            tn_put_be64(value, first_index + i);
            while (skip < 7 && value[skip] == 0) {
                skip++;
            }
            tn_batch_put(batch, commands, tn_bytes(entry->command, TN_ID_SIZE),
                         tn_bytes(value + skip, 8 - skip));
        }
    }
    for (size_t g = 0; g < writer->group_count; g++) {
        const struct tn_index_group *group = &writer->groups[g];
        uint32_t before = group->first;
        tn_buffer_reset(&writer->gaps);
        for (uint32_t i = group->head; i != UINT32_MAX; i = writer->items[i].next) {
            append_varint(&writer->gaps, writer->items[i].offset - before);
            before = writer->items[i].offset;
        }
        uint8_t key[ROW_KEY_BYTES_MAX];
        size_t size = row_key(key, &group->key, first_index + group->first);
        tn_batch_put(batch, index, tn_bytes(key, size), tn_buffer_view(&writer->gaps));
        status = tn_buffer_status(&writer->gaps);
        if (status != TN_OK) {
            return tn_fail(error, TN_MEMORY, "no memory for the index of a frame");
        }
    }
    return TN_OK;
}

enum tn_status tn_index_find_command(struct tn_store *store, struct tn_family *commands,
                                     const uint8_t command[static TN_ID_SIZE], uint64_t *index,
                                     bool *found, struct tn_error *error)
{
    *index = 0;
    *found = false;
    struct tn_buffer value;
    tn_buffer_init(&value, 64);
    bool there = false;
    enum tn_status status = tn_store_get(store, commands, NULL, tn_bytes(command, TN_ID_SIZE),
                                         &value, &there, error);
    if (status == TN_OK && there) {
        if (value.size < 1 || value.size > 8) {
            status = tn_fail(error, TN_CORRUPT, "a command's index has %zu bytes", value.size);
        } else {
            for (size_t i = 0; i < value.size; i++) {
                *index = *index << 8 | value.data[i];
            }
            *found = true;
        }
    }
    tn_buffer_close(&value);
    return status;
}

struct tn_index_key tn_index_stream_key(const uint8_t stream[static TN_ID_SIZE])
{
    struct tn_index_key key = {.size = 1 + TN_ID_SIZE};
    key.bytes[0] = TAG_STREAM;
    memcpy(key.bytes + 1, stream, TN_ID_SIZE);
    return key;
}

struct tn_index_key tn_index_kind_key(uint32_t kind)
{
    struct tn_index_key key = {.size = 1 + 4};
    key.bytes[0] = TAG_KIND;
    tn_put_be32(key.bytes + 1, kind);
    return key;
}

enum tn_status tn_index_read(struct tn_store *store, struct tn_family *index,
                             const struct tn_index_key *key, uint64_t from, uint64_t end,
                             bool backwards, uint64_t *indices, size_t *count,
                             struct tn_error *error)
{
    size_t capacity = *count;
    *count = 0;
    if (from > end) {
        from = end;
    }
    if (capacity == 0 || (backwards && from == 0)) {
        return TN_OK;
    }
    *count = capacity;
    struct tn_iterator *iterator = tn_iterator_create(store, index, NULL, false);
    enum tn_status status =
        backwards ? read_descending(iterator, key, from, indices, count, error)
                  : read_ascending(iterator, key, from, end, indices, count, error);
    if (status == TN_OK) {
        status = tn_iterator_status(iterator, error);
    }
    tn_iterator_destroy(iterator);
    if (status != TN_OK) {
        *count = 0;
    }
    return status;
}

/* ---- gathering ---- */

/* Room for the most that `count` entries can need, and an empty table. */
static enum tn_status reserve(struct tn_index_writer *writer, size_t count, struct tn_error *error)
{
    size_t keys = count * KEYS_AN_ENTRY_MAX;
    size_t slot_count = 64;
    while (slot_count < 2 * keys) {
        slot_count *= 2;
    }
    if (keys > writer->group_capacity) {
        struct tn_index_group *groups = malloc(keys * sizeof(*groups));
        struct tn_index_item *items = malloc(keys * sizeof(*items));
        uint32_t *slots = malloc(slot_count * sizeof(*slots));
        if (groups == NULL || items == NULL || slots == NULL) {
            free(groups);
            free(items);
            free(slots);
            return tn_fail(error, TN_MEMORY, "no memory for the index of %zu entries", count);
        }
        free(writer->groups);
        free(writer->items);
        free(writer->slots);
        writer->groups = groups;
        writer->items = items;
        writer->slots = slots;
        writer->group_capacity = keys;
    }
    /* Only as many as this frame needs, so that one large frame does not slow all later ones. */
    writer->slot_count = slot_count;
    writer->group_count = 0;
    writer->item_count = 0;
    memset(writer->slots, 0, writer->slot_count * sizeof(*writer->slots));
    return TN_OK;
}

/* Ids are random or hashes, kinds are small: one multiplication spreads both. */
static size_t slot_of(const struct tn_index_writer *writer, const struct tn_index_key *key)
{
    uint64_t low = 0;
    uint64_t high = 0;
    memcpy(&low, key->bytes + 1, 8);
    memcpy(&high, key->bytes + 9, 8);
    uint64_t mixed = (low ^ (high << 1) ^ key->bytes[0]) * 0x9e3779b97f4a7c15u;
    return (size_t) (mixed >> 20) & (writer->slot_count - 1);
}

static void note_key(struct tn_index_writer *writer, const struct tn_index_key *key,
                     uint32_t offset)
{
    size_t slot = slot_of(writer, key);
    while (writer->slots[slot] != 0) {
        struct tn_index_group *group = &writer->groups[writer->slots[slot] - 1];
        if (memcmp(group->key.bytes, key->bytes, sizeof(key->bytes)) == 0) {
            if (group->last == offset) {
                return; /* an entry names the same stream twice */
            }
            uint32_t item = (uint32_t) writer->item_count++;
            writer->items[item] = (struct tn_index_item){.offset = offset, .next = UINT32_MAX};
            if (group->head == UINT32_MAX) {
                group->head = item;
            } else {
                writer->items[group->tail].next = item;
            }
            group->tail = item;
            group->last = offset;
            return;
        }
        slot = (slot + 1) & (writer->slot_count - 1);
    }
    TN_CHECK(writer->group_count < writer->group_capacity);
    struct tn_index_group *group = &writer->groups[writer->group_count++];
    *group = (struct tn_index_group){
        .key = *key, .first = offset, .last = offset, .head = UINT32_MAX, .tail = UINT32_MAX};
    writer->slots[slot] = (uint32_t) writer->group_count;
}

/* ---- rows ---- */

static void put_index(uint8_t out[static INDEX_BYTES], uint64_t index)
{
    TN_CHECK(index < TN_LOG_SIZE_MAX);
    out[0] = (uint8_t) (index >> 32);
    tn_put_be32(out + 1, (uint32_t) index);
}

static uint64_t get_index(const uint8_t in[static INDEX_BYTES])
{
    return (uint64_t) in[0] << 32 | tn_get_be32(in + 1);
}

static size_t row_key(uint8_t out[static ROW_KEY_BYTES_MAX], const struct tn_index_key *key,
                      uint64_t index)
{
    memcpy(out, key->bytes, key->size);
    put_index(out + key->size, index);
    return key->size + INDEX_BYTES;
}

static void append_varint(struct tn_buffer *out, uint32_t value)
{
    while (value >= 0x80) {
        tn_buffer_append_u8(out, (uint8_t) (value | 0x80));
        value >>= 7;
    }
    tn_buffer_append_u8(out, (uint8_t) value);
}

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
    if (at.size != key->size + INDEX_BYTES || memcmp(at.data, key->bytes, key->size) != 0) {
        return false;
    }
    row->index = get_index(at.data + key->size);
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
    if ((byte & 0x80) != 0 || gap == 0 || gap > TN_FRAME_ENTRIES_MAX) {
        return tn_fail(error, TN_CORRUPT, "an index row behind entry %" PRIu64
                       " is not what was written; rebuild the index", row->index);
    }
    row->index += gap;
    row->gaps = tn_bytes(row->gaps.data + used, row->gaps.size - used);
    return TN_OK;
}

/* Seeks the row whose first index is the last <= `index`. */
static void seek_row(struct tn_iterator *iterator, const struct tn_index_key *key, uint64_t index)
{
    uint8_t bytes[ROW_KEY_BYTES_MAX];
    size_t size = row_key(bytes, key, index < TN_LOG_SIZE_MAX ? index : TN_LOG_SIZE_MAX - 1);
    tn_iterator_seek_for_prev(iterator, tn_bytes(bytes, size));
}

static enum tn_status read_ascending(struct tn_iterator *iterator, const struct tn_index_key *key,
                                     uint64_t from, uint64_t end, uint64_t *indices, size_t *count,
                                     struct tn_error *error)
{
    size_t capacity = *count;
    struct row row;
    *count = 0;
    seek_row(iterator, key, from);
    if (!row_open(iterator, key, &row)) {
        uint8_t bytes[ROW_KEY_BYTES_MAX];
        size_t size = row_key(bytes, key, 0);
        tn_iterator_seek(iterator, tn_bytes(bytes, size));
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
    return TN_OK;
}

/* Rows are stepped backwards; within a row gaps only go forwards, so its indices below `from` are
 * counted first and then the newest of them are taken. */
static enum tn_status read_descending(struct tn_iterator *iterator, const struct tn_index_key *key,
                                      uint64_t from, uint64_t *indices, size_t *count,
                                      struct tn_error *error)
{
    size_t capacity = *count;
    struct row row;
    *count = 0;
    seek_row(iterator, key, from - 1);
    while (*count < capacity && row_open(iterator, key, &row)) {
        struct row counted = row;
        size_t below = 0;
        enum tn_status status = TN_OK;
        while (status == TN_OK && counted.index < from) {
            below++;
            status = row_next(&counted, error);
        }
        if (status != TN_OK && status != TN_NOT_FOUND) {
            return status;
        }
        size_t take = below < capacity - *count ? below : capacity - *count;
        for (size_t i = 0; i < below; i++) {
            if (below - i <= take) {
                indices[*count + (below - i) - 1] = row.index;
            }
            if (i + 1 < below) {
                status = row_next(&row, error);
                TN_CHECK(status == TN_OK); /* the same bytes were just read */
            }
        }
        *count += take;
        tn_iterator_prev(iterator);
    }
    return TN_OK;
}
