/* Rows in key order: scans that merge the cache's unwritten rows with the store's, and deletions by
 * prefix, which are made of them. */
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "projections/rows_internal.h"

/* Below this many rows single deletions are cheaper: a range deletion in a memory table slows every
 * read beside it until it is flushed. */
#define RANGE_ROWS_MIN 256

/* Keys of one deletion: a day's pool has some hundred thousand. */
#define PREFIX_KEYS_BYTES_MAX ((size_t) 1 << 30)

static enum tn_status delete_range(struct tn_rows *rows, struct tn_bytes prefix,
                                   struct tn_bytes keys, struct tn_error *error);

/* Where a scan stands on its two sides. */
struct scan {
    struct tn_cache_row *row;     /* the cache's next, or NULL */
    struct tn_iterator *iterator; /* the store's, or NULL */
    bool own;                     /* the iterator is this scan's alone */
};

/* The one that is kept between scans. */
static struct tn_iterator *kept_iterator(struct tn_rows *rows)
{
    if (rows->iterator == NULL) {
        rows->iterator = tn_iterator_create(rows->options.store, rows->options.family, NULL, false);
    }
    return rows->iterator;
}

static enum tn_status scan_open(struct tn_rows *rows, struct tn_bytes seek, struct scan *scan,
                                struct tn_error *error)
{
    const struct tn_rows_options *options = &rows->options;

    *scan = (struct scan){0};
    if (options->face != TN_ROWS_VIEW && !tn_cache_seek(&rows->cache, seek, &scan->row)) {
        return tn_fail(error, TN_MEMORY, "%s: no memory to sort rows", rows->name);
    }
    if (!rows->stored) {
        return TN_OK;
    }
    /* An iterator costs a few microseconds to make. One that was made when as much was committed as
     * now still shows what the cache does not hold. Scans within scans make their own. */
    if (options->face == TN_ROWS_VIEW || rows->scanning > 1) {
        scan->own = true;
        scan->iterator =
            tn_iterator_create(options->store, options->family, options->snapshot, false);
    } else {
        scan->iterator = kept_iterator(rows);
    }
    tn_iterator_seek(scan->iterator, seek);
    return TN_OK;
}

/* One row onwards from the smaller side; false when neither side has one. */
static bool scan_next(const struct tn_rows *rows, struct scan *scan, struct tn_bytes *key,
                      struct tn_bytes *value, bool *absent, bool *stored)
{
    bool has_stored = scan->iterator != NULL && tn_iterator_valid(scan->iterator);
    int order = scan->row == NULL ? 1 : -1;

    if (!has_stored && scan->row == NULL) {
        return false;
    }
    if (has_stored && scan->row != NULL) {
        order = tn_bytes_compare(tn_cache_key(scan->row), tn_iterator_key(scan->iterator));
    }
    *stored = order > 0;
    if (order > 0) {
        *key = tn_iterator_key(scan->iterator);
        *value = tn_iterator_value(scan->iterator);
        *absent = rows->deleted_count != 0 && tn_rows_hidden(rows, *key);
        return true;
    }
    if (order == 0) {
        tn_iterator_next(scan->iterator); /* the cache's row is newer */
    }
    *key = tn_cache_key(scan->row);
    *value = tn_cache_value(scan->row);
    *absent = scan->row->absent;
    scan->row = scan->row->next[0];
    if (scan->row != NULL) {
        __builtin_prefetch(scan->row);
        __builtin_prefetch((const char *) scan->row + 64); /* the key, and mostly the value */
    }
    return true;
}

/* ---- floors ---- */

static struct tn_rows_floor *floor_of(struct tn_rows *rows, uint8_t table)
{
    for (size_t i = 0; i < rows->floor_count; i++) {
        if (rows->floors[i].table == table) {
            return &rows->floors[i];
        }
    }
    return NULL;
}

static void set_floor(struct tn_rows *rows, uint8_t table, struct tn_bytes key)
{
    struct tn_rows_floor *floor = floor_of(rows, table);

    if (floor == NULL) {
        floor = &rows->floors[rows->floor_turn];
        rows->floor_turn = (rows->floor_turn + 1) % TN_ROWS_FLOORS;
        rows->floor_count += rows->floor_count < TN_ROWS_FLOORS ? 1 : 0;
    }
    floor->table = table;
    floor->size = (uint8_t) key.size;
    memcpy(floor->key, key.data, key.size);
}

void tn_rows_lower_floor(struct tn_rows *rows, struct tn_bytes key)
{
    struct tn_rows_floor *floor = floor_of(rows, key.data[0]);

    if (floor != NULL && tn_bytes_compare(key, tn_bytes(floor->key, floor->size)) < 0) {
        floor->size = (uint8_t) key.size;
        memcpy(floor->key, key.data, key.size);
    }
}

enum tn_status tn_rows_scan(struct tn_rows *rows, struct tn_bytes prefix, struct tn_bytes from,
                            tn_rows_each *each, void *context, struct tn_error *error)
{
    uint8_t begin[TN_ROW_KEY_MAX];
    struct tn_bytes key;
    struct tn_bytes value;
    struct scan scan;
    bool absent = false;
    bool stored = false;
    bool seen = false;
    enum tn_status status = TN_OK;

    if (prefix.size > TN_ROW_KEY_MAX) {
        return TN_OK; /* no key begins with it */
    }
    /* The caller's prefix may be a view of a row, which a get within the scan may free. */
    if (prefix.size != 0) {
        memcpy(begin, prefix.data, prefix.size);
    }
    prefix = tn_bytes(begin, prefix.size);
    bool table = prefix.size == 1 && rows->options.face != TN_ROWS_VIEW;
    bool front = table && tn_bytes_compare(from, prefix) <= 0;
    struct tn_bytes seek = tn_bytes_compare(from, prefix) > 0 ? from : prefix;
    const struct tn_rows_floor *floor = table ? floor_of(rows, begin[0]) : NULL;
    if (floor != NULL && tn_bytes_compare(seek, tn_bytes(floor->key, floor->size)) < 0) {
        seek = tn_bytes(floor->key, floor->size);
    }
    tn_rows_sweep(rows);
    rows->scanning++;
    status = scan_open(rows, seek, &scan, error);
    for (struct tn_cache_row *at = scan.row;
         status == TN_OK && scan_next(rows, &scan, &key, &value, &absent, &stored); at = scan.row) {
        if (!tn_rows_begins_with(key, prefix)) {
            break;
        }
        if (!absent && !seen) {
            seen = true;
            if (front) {
                set_floor(rows, begin[0], key);
            }
        }
        rows->scanned = stored ? NULL : at;
        if (!absent && !each(context, key, value)) {
            break;
        }
        if (stored) {
            tn_iterator_next(scan.iterator);
        }
    }
    if (status == TN_OK && scan.iterator != NULL) {
        status = tn_iterator_status(scan.iterator, error);
    }
    if (front && !seen && status == TN_OK) {
        uint8_t end[TN_ROWS_END_MAX];

        set_floor(rows, begin[0], tn_rows_prefix_end(prefix, end));
    }
    if (scan.own) {
        tn_iterator_destroy(scan.iterator);
    }
    rows->scanning--;
    return status;
}

enum tn_status tn_rows_check(struct tn_rows *rows, struct tn_bytes prefix, struct tn_error *error)
{
    uint8_t end[TN_ROWS_END_MAX];

    return rows->stored ? tn_store_check_range(rows->options.store, rows->options.family, prefix,
                                               tn_rows_prefix_end(prefix, end), error)
                        : TN_OK;
}

/* ---- deletion by prefix ---- */

struct collect {
    const struct tn_rows *rows;
    struct tn_buffer keys; /* u8 size, key, the cached row that waits or NULL */
    size_t count;
};

#define ROW_BYTES sizeof(struct tn_cache_row *)

static bool collect_key(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct collect *collect = context;

    (void) value;
    tn_buffer_append_u8(&collect->keys, (uint8_t) key.size);
    tn_buffer_append_bytes(&collect->keys, key);
    tn_buffer_append(&collect->keys, &collect->rows->scanned, ROW_BYTES);
    collect->count++;
    return !collect->keys.overflowed;
}

static enum tn_status any_stored(struct tn_rows *rows, struct tn_bytes prefix, bool *any,
                                 struct tn_error *error)
{
    *any = false;
    if (!rows->stored) {
        return TN_OK;
    }
    struct tn_iterator *iterator = kept_iterator(rows);
    tn_iterator_seek(iterator, prefix);
    *any = tn_iterator_valid(iterator) && tn_rows_begins_with(tn_iterator_key(iterator), prefix);
    return tn_iterator_status(iterator, error);
}

static void note_removed(void *context, const struct tn_cache_row *row)
{
    struct tn_rows *rows = context;

    if (!row->absent && row->epoch != rows->touched.epoch && tn_rows_notes(rows)) {
        tn_touched_note(&rows->touched, tn_cache_key(row));
    }
}

/* Of a build that has stored nothing under the prefix. */
static enum tn_status delete_unstored(struct tn_rows *rows, struct tn_bytes prefix,
                                      struct tn_error *error)
{
    uint8_t end[TN_ROWS_END_MAX];
    size_t before = rows->cache.row_count;

    if (!tn_cache_remove_range(&rows->cache, prefix, tn_rows_prefix_end(prefix, end), note_removed,
                               rows)) {
        return tn_fail(error, TN_MEMORY, "%s: no memory to delete rows", rows->name);
    }
    /* Few are remembered, so none of a handful of rows pushes out a finished day. */
    if (prefix.size != 0 && before - rows->cache.row_count >= RANGE_ROWS_MIN) {
        tn_rows_note_emptied(rows, prefix);
    }
    return TN_OK;
}

enum tn_status tn_rows_delete_prefix(struct tn_rows *rows, struct tn_bytes prefix,
                                     struct tn_error *error)
{
    struct collect collect = {.rows = rows};
    enum tn_status status;
    bool any = true;

    TN_CHECK(rows->options.face != TN_ROWS_VIEW && rows->scanning == 0);
    if (rows->options.face == TN_ROWS_BUILD) {
        status = any_stored(rows, prefix, &any, error);
        if (status != TN_OK || !any) {
            return status == TN_OK ? delete_unstored(rows, prefix, error) : status;
        }
    }
    /* The keys must be known one by one: they leave the cache, and a seal lists each as deleted. */
    tn_buffer_init(&collect.keys, PREFIX_KEYS_BYTES_MAX);
    status = tn_rows_check(rows, prefix, error);
    if (status == TN_OK) {
        status = tn_rows_scan(rows, prefix, tn_bytes(NULL, 0), collect_key, &collect, error);
    }
    if (status == TN_OK && tn_buffer_status(&collect.keys) != TN_OK) {
        status = tn_fail(error, TN_FULL, "%s: %zu rows are too many to delete at once", rows->name,
                         collect.count);
    }
    struct tn_bytes keys = tn_buffer_view(&collect.keys);
    if (status == TN_OK && collect.count >= RANGE_ROWS_MIN) {
        status = delete_range(rows, prefix, keys, error);
    } else {
        for (size_t at = 0; status == TN_OK && at < keys.size;
             at += 1u + keys.data[at] + ROW_BYTES) {
            status = tn_rows_delete(rows, tn_bytes(keys.data + at + 1, keys.data[at]), error);
        }
    }
    tn_buffer_close(&collect.keys);
    return status;
}

static enum tn_status remember_deleted(struct tn_rows *rows, struct tn_bytes prefix,
                                       struct tn_error *error)
{
    if (rows->deleted_count == rows->deleted_capacity) {
        size_t capacity = rows->deleted_capacity == 0 ? 8 : rows->deleted_capacity * 2;
        struct tn_rows_deleted *larger = realloc(rows->deleted, capacity * sizeof(*rows->deleted));
        if (larger == NULL) {
            return tn_fail(error, TN_MEMORY, "%s: no memory for a deletion", rows->name);
        }
        rows->deleted = larger;
        rows->deleted_capacity = capacity;
    }
    struct tn_rows_deleted *deleted = &rows->deleted[rows->deleted_count++];
    *deleted = (struct tn_rows_deleted){.size = (uint8_t) prefix.size};
    if (prefix.size != 0) {
        memcpy(deleted->prefix, prefix.data, prefix.size);
    }
    return TN_OK;
}

static enum tn_status delete_stored_range(struct tn_rows *rows, struct tn_bytes prefix,
                                          struct tn_error *error)
{
    uint8_t end[TN_ROWS_END_MAX];

    if (!rows->stored) {
        return TN_OK;
    }
    struct tn_batch *batch = tn_batch_create();
    tn_batch_delete_range(batch, rows->options.family, prefix, tn_rows_prefix_end(prefix, end));
    enum tn_status status = tn_store_write(rows->options.store, batch, TN_NO_WAL, error);
    tn_batch_destroy(batch);
    tn_iterator_destroy(rows->iterator);
    rows->iterator = NULL;
    return status;
}

/* `keys` are all that begin with `prefix`. Live, the store is told by the next batch, and until
 * that is committed the prefix hides what is stored; a build tells the store at once. */
static enum tn_status delete_range(struct tn_rows *rows, struct tn_bytes prefix,
                                   struct tn_bytes keys, struct tn_error *error)
{
    uint8_t end[TN_ROWS_END_MAX];
    enum tn_status status = rows->options.face == TN_ROWS_LIVE
                                ? remember_deleted(rows, prefix, error)
                                : delete_stored_range(rows, prefix, error);

    for (size_t at = 0; status == TN_OK && at < keys.size; at += 1u + keys.data[at] + ROW_BYTES) {
        struct tn_bytes key = tn_bytes(keys.data + at + 1, keys.data[at]);
        struct tn_cache_row *row;

        memcpy(&row, key.data + key.size, sizeof(row));
        row = row != NULL ? row : tn_cache_find(&rows->cache, key, tn_cache_hash(key));

        if (tn_rows_notes(rows) && (row == NULL || row->epoch != rows->touched.epoch)) {
            tn_touched_note(&rows->touched, key);
        }
        if (row != NULL && row->queue == TN_CACHE_CLEAN) {
            tn_cache_remove(&rows->cache, row);
        }
    }
    if (status == TN_OK && prefix.size != 0) {
        tn_rows_note_emptied(rows, prefix);
    }
    /* Rows that wait to be deleted go too: the range deletes what they would. */
    if (status == TN_OK &&
        !tn_cache_remove_range(&rows->cache, prefix, tn_rows_prefix_end(prefix, end), NULL, NULL)) {
        status = tn_fail(error, TN_MEMORY, "%s: no memory to sort rows", rows->name);
    }
    return status;
}

struct tn_bytes tn_rows_prefix_end(struct tn_bytes prefix, uint8_t end[static TN_ROWS_END_MAX])
{
    size_t size = prefix.size;

    while (size != 0 && prefix.data[size - 1] == 0xff) {
        size--;
    }
    if (size == 0) {
        memset(end, 0xff, TN_ROWS_END_MAX); /* longer than any key, so behind them all */
        return tn_bytes(end, TN_ROWS_END_MAX);
    }
    memcpy(end, prefix.data, size);
    end[size - 1]++;
    return tn_bytes(end, size);
}
