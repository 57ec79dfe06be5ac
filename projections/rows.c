/* Rows behind the cache: get, put and delete of the three faces; gathering and spilling. Scans and
 * deletions by prefix are in rows_scan.c.
 *
 * The life of a row that is written live: dirty (waits), flight (in the batch of a generation),
 * clean (that generation is committed). Reads see the cache first, so they see it at each step.
 * A row of a build is dirty until it is spilled, and then clean. */
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/fault.h"
#include "ledger/log/store_bulk.h"
#include "ledger/log/tree.h"
#include "projections/key_sort.h"
#include "projections/rows_internal.h"

/* From here on a spill is written as a file of its own. */
#define SPILL_BULK_ROWS 2000u
/* Rows that are brought nearer before it is their turn: in key order they lie anywhere. */
#define SPILL_AHEAD 8u

static enum tn_status get_cached(struct tn_rows *rows, struct tn_bytes key, struct tn_bytes *value,
                                 bool *found, struct tn_error *error);
static enum tn_status write_row(struct tn_rows *rows, struct tn_bytes key, struct tn_bytes value,
                                bool absent, struct tn_error *error);
static struct tn_rows_emptied *emptied_of(struct tn_rows *rows, struct tn_bytes key);
static void note_touch(struct tn_rows *rows, struct tn_bytes key, struct tn_cache_row *row);
static enum tn_status make_room(struct tn_rows *rows, struct tn_error *error);

enum tn_status tn_rows_open(const struct tn_rows_options *options, struct tn_rows **out,
                            struct tn_error *error)
{
    *out = NULL;
    size_t name_size = strlen(options->name);
    TN_CHECK(name_size <= TN_FAMILY_NAME_MAX);
    struct tn_rows *rows = calloc(1, sizeof(*rows));
    if (rows == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for the rows of %s", options->name);
    }
    memcpy(rows->name, options->name, name_size);
    rows->options = *options;
    rows->options.name = rows->name;
    rows->stored = options->face != TN_ROWS_BUILD || options->stored;
    tn_buffer_init(&rows->value, TN_ROW_VALUE_MAX);
    tn_buffer_init(&rows->record, TN_ROW_VALUE_MAX);
    tn_touched_init(&rows->touched);
    if (options->face != TN_ROWS_VIEW) {
        tn_cache_init(&rows->cache, options->budget);
    }
    if (rows->stored && options->touched != NULL) {
        enum tn_status status =
            tn_touched_load(&rows->touched, options->store, options->touched, rows->name, error);
        if (status != TN_OK) {
            tn_rows_close(rows);
            return status;
        }
    }
    *out = rows;
    return TN_OK;
}

void tn_rows_close(struct tn_rows *rows)
{
    if (rows == NULL) {
        return;
    }
    tn_iterator_destroy(rows->iterator);
    if (rows->options.held) {
        tn_store_release(rows->options.store, rows->options.family);
    }
    tn_cache_close(&rows->cache);
    tn_touched_close(&rows->touched);
    tn_buffer_close(&rows->value);
    tn_buffer_close(&rows->record);
    free(rows->deleted);
    free(rows);
}

/* ---- reading ---- */

enum tn_status tn_rows_get(struct tn_rows *rows, struct tn_bytes key, struct tn_bytes *value,
                           bool *found, struct tn_error *error)
{
    const struct tn_rows_options *options = &rows->options;
    enum tn_status status = TN_OK;

    *value = tn_bytes(NULL, 0);
    *found = false;
    rows->counts.gets++;
    if (key.size > TN_ROW_KEY_MAX) {
        return TN_OK; /* no such row can be */
    }
    if (options->face != TN_ROWS_VIEW) {
        status = get_cached(rows, key, value, found, error);
    } else {
        status = tn_store_get(options->store, options->family, options->snapshot, key, &rows->value,
                              found, error);
        if (status == TN_OK && *found) {
            *value = tn_buffer_view(&rows->value);
        }
    }
    rows->counts.found += *found ? 1 : 0;
    rows->counts.bytes += value->size;
    return status;
}

void tn_rows_counts(const struct tn_rows *rows, struct tn_rows_counts *counts)
{
    *counts = rows->counts;
}

static enum tn_status get_cached(struct tn_rows *rows, struct tn_bytes key, struct tn_bytes *value,
                                 bool *found, struct tn_error *error)
{
    uint64_t hash = tn_cache_hash(key);
    struct tn_cache_row *row = tn_cache_find(&rows->cache, key, hash);

    if (row != NULL) {
        if (!row->used) {
            row->used = true;
        }
        if (!row->absent) {
            *value = tn_cache_value(row);
            *found = true;
        }
        return TN_OK;
    }
    if (!rows->stored || tn_rows_hidden(rows, key) || emptied_of(rows, key) != NULL) {
        return TN_OK;
    }
    enum tn_status status = tn_store_get(rows->options.store, rows->options.family, NULL, key,
                                         &rows->value, found, error);
    if (status != TN_OK) {
        return status;
    }
    /* The view is into the buffer: the row may be evicted again before this call ends. Without
     * memory for it the next get asks the store again. An absent key is remembered too. */
    *value = tn_buffer_view(&rows->value);
    (void) tn_cache_add(&rows->cache, key, hash, *value, !*found, TN_CACHE_CLEAN);
    return make_room(rows, error);
}

/* The emptied prefix that a key lies under, or NULL. */
static struct tn_rows_emptied *emptied_of(struct tn_rows *rows, struct tn_bytes key)
{
    for (size_t i = 0; i < TN_ROWS_EMPTIED; i++) {
        struct tn_rows_emptied *emptied = &rows->emptied[i];

        if (emptied->size != 0 &&
            tn_rows_begins_with(key, tn_bytes(emptied->prefix, emptied->size))) {
            return emptied;
        }
    }
    return NULL;
}

void tn_rows_note_emptied(struct tn_rows *rows, struct tn_bytes prefix)
{
    struct tn_rows_emptied *emptied = &rows->emptied[rows->emptied_turn];

    rows->emptied_turn = (rows->emptied_turn + 1) % TN_ROWS_EMPTIED;
    emptied->size = (uint8_t) prefix.size;
    memcpy(emptied->prefix, prefix.data, prefix.size);
}

bool tn_rows_hidden(const struct tn_rows *rows, struct tn_bytes key)
{
    for (size_t i = 0; i < rows->deleted_count; i++) {
        const struct tn_rows_deleted *deleted = &rows->deleted[i];

        if (tn_rows_begins_with(key, tn_bytes(deleted->prefix, deleted->size))) {
            return true;
        }
    }
    return false;
}

/* ---- writing ---- */

enum tn_status tn_rows_put(struct tn_rows *rows, struct tn_bytes key, struct tn_bytes value,
                           struct tn_error *error)
{
    TN_CHECK(rows->options.face != TN_ROWS_VIEW && rows->scanning == 0);
    if (key.size == 0 || key.size > TN_ROW_KEY_MAX || value.size > TN_ROW_VALUE_MAX) {
        return tn_fail(error, TN_FULL, "%s: a row of %zu and %zu bytes is larger than %d and %u",
                       rows->name, key.size, value.size, TN_ROW_KEY_MAX, TN_ROW_VALUE_MAX);
    }
    if (rows->floor_count != 0) {
        tn_rows_lower_floor(rows, key);
    }
    for (struct tn_rows_emptied *emptied = emptied_of(rows, key); emptied != NULL;
         emptied = emptied_of(rows, key)) {
        emptied->size = 0; /* no more */
    }
    return write_row(rows, key, value, false, error);
}

enum tn_status tn_rows_delete(struct tn_rows *rows, struct tn_bytes key, struct tn_error *error)
{
    TN_CHECK(rows->options.face != TN_ROWS_VIEW && rows->scanning == 0);
    if (key.size == 0 || key.size > TN_ROW_KEY_MAX) {
        return TN_OK;
    }
    if (rows->stored) {
        return write_row(rows, key, tn_bytes(NULL, 0), true, error);
    }
    /* Nothing is stored that a deletion would have to reach. */
    struct tn_cache_row *row = tn_cache_find(&rows->cache, key, tn_cache_hash(key));
    note_touch(rows, key, row);
    if (row != NULL) {
        tn_cache_remove(&rows->cache, row);
    }
    return TN_OK;
}

/* Rows that carry the epoch were noted since the last seal. `row` may be NULL. */
static void note_touch(struct tn_rows *rows, struct tn_bytes key, struct tn_cache_row *row)
{
    if (row != NULL && row->epoch == rows->touched.epoch) {
        return;
    }
    if (tn_rows_notes(rows)) {
        tn_touched_note(&rows->touched, key);
    }
    if (row != NULL) {
        row->epoch = rows->touched.epoch;
    }
}

static enum tn_status write_row(struct tn_rows *rows, struct tn_bytes key, struct tn_bytes value,
                                bool absent, struct tn_error *error)
{
    uint64_t hash = 0;
    struct tn_cache_row *row = tn_cache_recent(&rows->cache, key);

    if (row == NULL) {
        hash = tn_cache_hash(key);
        row = tn_cache_find(&rows->cache, key, hash);
    }
    if (row == NULL) {
        row = tn_cache_add(&rows->cache, key, hash, value, absent, TN_CACHE_DIRTY);
    } else if (!tn_cache_write(&rows->cache, row, value, absent)) {
        row = NULL;
    }
    if (row == NULL) {
        return tn_fail(error, TN_MEMORY, "%s: no memory for a row", rows->name);
    }
    note_touch(rows, key, row);
    return make_room(rows, error);
}

/* Keep to the budget. Live rows that wait for a commit stay, even above it; a build's are spilled.
 */
static enum tn_status make_room(struct tn_rows *rows, struct tn_error *error)
{
    struct tn_cache_budget *budget = rows->options.budget;

    if (budget->used <= budget->limit || rows->scanning != 0 || tn_cache_evict(budget)) {
        return TN_OK;
    }
    if (rows->options.face == TN_ROWS_LIVE) {
        tn_rows_sweep(rows);
        (void) tn_cache_evict(budget);
        return TN_OK;
    }
    enum tn_status status = tn_rows_spill(rows, error);
    if (status == TN_OK) {
        (void) tn_cache_evict(budget);
    }
    return status;
}

/* ---- live: gather, commit ---- */

void tn_rows_gather(struct tn_rows *rows, struct tn_batch *batch, uint64_t generation)
{
    struct tn_family *family = rows->options.family;
    struct tn_cache *cache = &rows->cache;
    uint8_t end[TN_ROWS_END_MAX];

    TN_CHECK(rows->options.face == TN_ROWS_LIVE && rows->scanning == 0);
    tn_rows_sweep(rows);
    /* Range deletions first: rows put before one were taken out when it was asked for, so every row
     * that waits was put after all of them, and survives because a batch is applied in its order.
     */
    for (size_t i = 0; i < rows->deleted_count; i++) {
        struct tn_rows_deleted *deleted = &rows->deleted[i];

        if (deleted->generation == 0) {
            struct tn_bytes prefix = tn_bytes(deleted->prefix, deleted->size);

            deleted->generation = generation;
            tn_batch_delete_range(batch, family, prefix, tn_rows_prefix_end(prefix, end));
        }
    }
    for (struct tn_cache_row *row = cache->queues[TN_CACHE_DIRTY].first; row != NULL;
         row = cache->queues[TN_CACHE_DIRTY].first) {
        if (row->absent) {
            tn_batch_delete(batch, family, tn_cache_key(row));
        } else {
            tn_batch_put(batch, family, tn_cache_key(row), tn_cache_value(row));
        }
        row->generation = generation;
        tn_cache_move(cache, row, TN_CACHE_FLIGHT);
    }
    if (rows->options.touched != NULL) {
        tn_touched_gather(&rows->touched, batch, rows->options.touched, rows->name);
    }
}

void tn_rows_sweep(struct tn_rows *rows)
{
    if (rows->options.face != TN_ROWS_LIVE || rows->scanning != 0) {
        return;
    }
    uint64_t committed = atomic_load_explicit(rows->options.committed, memory_order_acquire);
    if (committed == rows->swept) {
        return;
    }
    rows->swept = committed;
    tn_cache_settle(&rows->cache, committed);
    size_t kept = 0;
    for (size_t i = 0; i < rows->deleted_count; i++) {
        if (rows->deleted[i].generation == 0 || rows->deleted[i].generation > committed) {
            rows->deleted[kept++] = rows->deleted[i];
        }
    }
    rows->deleted_count = kept;
    /* What the cache gave up must be seen in the store: the kept iterator is too old for that. */
    tn_iterator_destroy(rows->iterator);
    rows->iterator = NULL;
}

bool tn_rows_at_rest(struct tn_rows *rows)
{
    tn_rows_sweep(rows);
    return rows->cache.queues[TN_CACHE_DIRTY].count == 0 &&
           rows->cache.queues[TN_CACHE_FLIGHT].count == 0 && rows->deleted_count == 0;
}

/* ---- build: spill ---- */

static enum tn_status open_home(struct tn_rows *rows, struct tn_error *error)
{
    struct tn_rows_options *options = &rows->options;

    if (options->store != NULL) {
        return TN_OK;
    }
    return options->home(options->home_context, rows->name, &options->store, &options->family,
                         error);
}

/* Few rows go by a batch, because a file for each spill of a handful would be many. */
static enum tn_status write_few(struct tn_rows *rows, const struct tn_key_item *order, size_t count,
                                struct tn_error *error)
{
    struct tn_batch *batch = tn_batch_create();

    for (size_t i = 0; i < count; i++) {
        const struct tn_cache_row *row = order[i].of;

        if (row->absent) {
            tn_batch_delete(batch, rows->options.family, tn_cache_key(row));
        } else {
            tn_batch_put(batch, rows->options.family, tn_cache_key(row), tn_cache_value(row));
        }
    }
    enum tn_status status = tn_store_write(rows->options.store, batch, TN_NO_WAL, error);
    tn_batch_destroy(batch);
    return status;
}

static enum tn_status write_many(struct tn_rows *rows, const struct tn_key_item *order,
                                 size_t count, struct tn_error *error)
{
    struct tn_bulk *bulk = NULL;
    enum tn_status status = tn_bulk_open(rows->options.store, rows->options.family, &bulk, error);

    for (size_t i = 0; status == TN_OK && i < count; i++) {
        const struct tn_cache_row *row = order[i].of;

        if (i + SPILL_AHEAD < count) {
            const char *next = order[i + SPILL_AHEAD].of;

            __builtin_prefetch(next);
            __builtin_prefetch(next + 64); /* the key, and mostly the value */
        }
        status = row->absent ? tn_bulk_delete(bulk, tn_cache_key(row), error)
                             : tn_bulk_put(bulk, tn_cache_key(row), tn_cache_value(row), error);
    }
    if (status == TN_OK) {
        status = tn_bulk_finish(bulk, error);
    }
    tn_bulk_close(bulk);
    return status;
}

/* Of the rows that are being written, which are in order. */
static void note_middle(struct tn_rows *rows, const struct tn_key_item *order, size_t count)
{
    rows->middle_size = 0;
    if (rows->stored || count < SPILL_BULK_ROWS) {
        return; /* others were written before, or a thread is not worth while */
    }
    struct tn_bytes key = tn_cache_key_of(order[tn_merkle_split(count)].of);

    memcpy(rows->middle, key.data, key.size);
    rows->middle_size = (uint8_t) key.size;
}

struct tn_bytes tn_rows_middle(const struct tn_rows *rows)
{
    return tn_bytes(rows->middle, rows->middle_size);
}

enum tn_status tn_rows_spill(struct tn_rows *rows, struct tn_error *error)
{
    size_t count = rows->cache.queues[TN_CACHE_DIRTY].count;
    size_t index = 0;

    TN_CHECK(rows->options.face == TN_ROWS_BUILD && rows->scanning == 0);
    if (count == 0) {
        return TN_OK;
    }
    struct tn_key_item *order = calloc(count, sizeof(*order));
    enum tn_status status = order == NULL
                                ? tn_fail(error, TN_MEMORY, "no memory to write %zu rows", count)
                                : open_home(rows, error);
    if (status == TN_OK && tn_fault("rows_spill")) {
        status = tn_fail(error, TN_IO, "a test made the spill fail");
    }
    if (status != TN_OK) {
        goto out;
    }
    for (struct tn_cache_row *row = rows->cache.queues[TN_CACHE_DIRTY].first; row != NULL;
         row = row->after) {
        order[index++] = tn_key_item(row, tn_cache_key_of);
    }
    tn_key_sort(order, count, tn_cache_key_of);
    note_middle(rows, order, count);
    rows->stored = true;
    status = count < SPILL_BULK_ROWS ? write_few(rows, order, count, error)
                                     : write_many(rows, order, count, error);
    if (status == TN_OK) {
        tn_cache_settle_dirty(&rows->cache);
    }
    tn_iterator_destroy(rows->iterator);
    rows->iterator = NULL;
out:
    free(order);
    return status;
}
