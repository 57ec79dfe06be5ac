/* Keys of rows, and rows that are records. */
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "projections/rows_internal.h"

struct tn_row_key tn_row_key_begin(char table)
{
    struct tn_row_key key = {.size = 1};
    key.data[0] = (uint8_t) table;
    return key;
}

static uint8_t *key_extend(struct tn_row_key *key, size_t size)
{
    TN_CHECK(size <= TN_ROW_KEY_MAX - key->size);
    uint8_t *room = key->data + key->size;
    key->size += size;
    return room;
}

void tn_row_key_u16(struct tn_row_key *key, uint64_t value)
{
    TN_CHECK(value <= UINT16_MAX);
    tn_put_be16(key_extend(key, 2), (uint16_t) value);
}

void tn_row_key_u32(struct tn_row_key *key, uint64_t value)
{
    TN_CHECK(value <= UINT32_MAX);
    tn_put_be32(key_extend(key, 4), (uint32_t) value);
}

void tn_row_key_u64(struct tn_row_key *key, uint64_t value)
{
    tn_put_be64(key_extend(key, 8), value);
}

void tn_row_key_bytes(struct tn_row_key *key, const void *data, size_t size)
{
    uint8_t *room = key_extend(key, size);
    if (size != 0) {
        memcpy(room, data, size);
    }
}

enum tn_status tn_row_read(struct tn_rows *rows, struct tn_bytes key,
                           const struct tn_record *record, struct tn_arena *arena, void *value,
                           bool *found, struct tn_error *error)
{
    struct tn_bytes bytes;
    enum tn_status status;

    memset(value, 0, record->size);
    status = tn_rows_get(rows, key, &bytes, found, error);
    if (status != TN_OK || !*found) {
        return status;
    }
    *found = false;
    struct tn_bytes copy = tn_arena_copy(arena, bytes);
    if (copy.data == NULL) {
        return tn_fail(error, TN_FULL, "no room in the arena for a %s row of %zu bytes",
                       record->name, bytes.size);
    }
    status = tn_record_decode_bytes(record, copy, arena, value);
    if (status == TN_FULL) {
        return tn_fail(error, status, "no room in the arena for a decoded %s row", record->name);
    }
    if (status != TN_OK) {
        memset(value, 0, record->size);
        return tn_fail(error, TN_CORRUPT, "a stored row is not a %s: rebuild the projection",
                       record->name);
    }
    *found = true;
    return TN_OK;
}

enum tn_status tn_row_write(struct tn_rows *rows, struct tn_bytes key,
                            const struct tn_record *record, const void *value,
                            struct tn_error *error)
{
    tn_buffer_reset(&rows->record);
    tn_record_encode(record, value, &rows->record);
    if (tn_buffer_status(&rows->record) != TN_OK) {
        return tn_fail(error, TN_FULL, "a %s row is larger than %u bytes", record->name,
                       TN_ROW_VALUE_MAX);
    }
    return tn_rows_put(rows, key, tn_buffer_view(&rows->record), error);
}
