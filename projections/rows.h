/* The rows of one projection: key -> value in key order, behind a cache before RocksDB.
 *
 * Three faces with one set of functions:
 *   live     the desk's: reads see what was written a moment ago (gathering, in flight, committed);
 *            what is written waits for the next commit's batch
 *   build    a rebuild's: write-back, spilled to a family of its own when the cache is full
 *   view     read only: committed rows of a family, at a snapshot or the newest
 * One thread at a time for each handle; any number of views beside a live one. */
#ifndef TN_PROJECTIONS_ROWS_H
#define TN_PROJECTIONS_ROWS_H

#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/event/record.h"
#include "ledger/log/store.h"

struct tn_rows;

#define TN_ROW_KEY_MAX 64
#define TN_ROW_VALUE_MAX 65535u

/* The value of `key`; the view lives until the next call on `rows`. */
TN_MUST_USE enum tn_status tn_rows_get(struct tn_rows *rows, struct tn_bytes key,
                                       struct tn_bytes *value, bool *found, struct tn_error *error);
/* What tn_rows_get was asked and gave since these rows were opened: work that shows neither in an
 * answer nor in the rows (R17). */
struct tn_rows_counts {
    uint64_t gets;
    uint64_t found;
    uint64_t bytes; /* of their values */
};
void tn_rows_counts(const struct tn_rows *rows, struct tn_rows_counts *counts);
TN_MUST_USE enum tn_status tn_rows_put(struct tn_rows *rows, struct tn_bytes key,
                                       struct tn_bytes value, struct tn_error *error);
/* Deleting an absent key is not an error. */
TN_MUST_USE enum tn_status tn_rows_delete(struct tn_rows *rows, struct tn_bytes key,
                                          struct tn_error *error);
/* Delete every key that begins with `prefix` (a finished day's pool): a range deletion. */
TN_MUST_USE enum tn_status tn_rows_delete_prefix(struct tn_rows *rows, struct tn_bytes prefix,
                                                 struct tn_error *error);
/* Every stored row under `prefix` can be read (tn_store_check_range): ask before a scan that
 * decides something by the rows it does not give, such as a pool's. */
TN_MUST_USE enum tn_status tn_rows_check(struct tn_rows *rows, struct tn_bytes prefix,
                                         struct tn_error *error);
/* Calls `each` for the keys that begin with `prefix` and are >= `from` (empty: all), ascending,
 * until it returns false. Uncommitted rows are seen. `each` must not write to `rows`. */
typedef bool tn_rows_each(void *context, struct tn_bytes key, struct tn_bytes value);
TN_MUST_USE enum tn_status tn_rows_scan(struct tn_rows *rows, struct tn_bytes prefix,
                                        struct tn_bytes from, tn_rows_each *each, void *context,
                                        struct tn_error *error);

/* The same for a row that is a record (ledger/event/record.h). Lists of the value live in
 * `arena`, and its views too (the bytes are copied there), so it outlives later calls. */
TN_MUST_USE enum tn_status tn_row_read(struct tn_rows *rows, struct tn_bytes key,
                                       const struct tn_record *record, struct tn_arena *arena,
                                       void *value, bool *found, struct tn_error *error);
TN_MUST_USE enum tn_status tn_row_write(struct tn_rows *rows, struct tn_bytes key,
                                        const struct tn_record *record, const void *value,
                                        struct tn_error *error);

/* Keys: one letter for the table, then big-endian numbers and ids, so that key order means
 * something. */
struct tn_row_key {
    uint8_t data[TN_ROW_KEY_MAX];
    size_t size;
};

static inline struct tn_bytes tn_row_key_view(const struct tn_row_key *key)
{
    return tn_bytes(key->data, key->size);
}

static inline struct tn_row_key tn_row_key_begin(char table)
{
    struct tn_row_key key;

    key.data[0] = (uint8_t) table;
    key.size = 1; /* nobody reads behind it */
    return key;
}

static inline uint8_t *tn_row_key_extend(struct tn_row_key *key, size_t size)
{
    uint8_t *room = key->data + key->size;

    TN_CHECK(size <= TN_ROW_KEY_MAX - key->size);
    key->size += size;
    return room;
}

static inline void tn_row_key_u16(struct tn_row_key *key, uint64_t value)
{
    TN_CHECK(value <= UINT16_MAX);
    tn_put_be16(tn_row_key_extend(key, 2), (uint16_t) value);
}

static inline void tn_row_key_u32(struct tn_row_key *key, uint64_t value)
{
    TN_CHECK(value <= UINT32_MAX);
    tn_put_be32(tn_row_key_extend(key, 4), (uint32_t) value);
}

static inline void tn_row_key_u64(struct tn_row_key *key, uint64_t value)
{
    tn_put_be64(tn_row_key_extend(key, 8), value);
}

static inline void tn_row_key_bytes(struct tn_row_key *key, const void *data, size_t size)
{
    uint8_t *room = tn_row_key_extend(key, size);

    if (size != 0) {
        memcpy(room, data, size);
    }
}

#endif
