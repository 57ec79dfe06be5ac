/* Batches, snapshots and iterators: thin faces over RocksDB's own objects. Each IS the engine's
 * object under our name: no allocation of ours that could fail, and no second indirection in scans
 * of millions of rows. */
#include <rocksdb/c.h>

#include "ledger/base/check.h"
#include "ledger/base/fault.h"
#include "ledger/log/store_internal.h"

enum tn_status tn_store_check_range(struct tn_store *store, struct tn_family *family,
                                    struct tn_bytes from, struct tn_bytes to,
                                    struct tn_error *error)
{
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_ignore_range_deletions(options, 1);
    rocksdb_readoptions_set_fill_cache(options, 0);
    rocksdb_iterator_t *raw = rocksdb_create_iterator_cf(store->db, options, family->handle);
    rocksdb_readoptions_destroy(options);
    struct tn_iterator *iterator = (struct tn_iterator *) raw;

    tn_iterator_seek(iterator, from);
    while (tn_iterator_valid(iterator) &&
           (to.size == 0 || tn_bytes_compare(tn_iterator_key(iterator), to) < 0)) {
        tn_iterator_next(iterator);
    }
    enum tn_status status = tn_iterator_status(iterator, error);
    tn_iterator_destroy(iterator);
    return status;
}

static const rocksdb_writebatch_t *raw_const(const struct tn_batch *batch);
static const char *chars(struct tn_bytes bytes);

struct tn_batch *tn_batch_create(void)
{
    return (struct tn_batch *) rocksdb_writebatch_create();
}

void tn_batch_destroy(struct tn_batch *batch)
{
    if (batch != NULL) {
        rocksdb_writebatch_destroy(tn_batch_raw(batch));
    }
}

void tn_batch_reset(struct tn_batch *batch)
{
    rocksdb_writebatch_clear(tn_batch_raw(batch));
}

void tn_batch_put(struct tn_batch *batch, struct tn_family *family, struct tn_bytes key,
                  struct tn_bytes value)
{
    rocksdb_writebatch_put_cf(tn_batch_raw(batch), family->handle, chars(key), key.size,
                              chars(value), value.size);
}

void tn_batch_delete(struct tn_batch *batch, struct tn_family *family, struct tn_bytes key)
{
    rocksdb_writebatch_delete_cf(tn_batch_raw(batch), family->handle, chars(key), key.size);
}

void tn_batch_delete_range(struct tn_batch *batch, struct tn_family *family, struct tn_bytes from,
                           struct tn_bytes to)
{
    rocksdb_writebatch_delete_range_cf(tn_batch_raw(batch), family->handle, chars(from), from.size,
                                       chars(to), to.size);
}

void tn_batch_mark(struct tn_batch *batch)
{
    rocksdb_writebatch_set_save_point(tn_batch_raw(batch));
}

void tn_batch_rollback(struct tn_batch *batch)
{
    char *words = NULL;
    rocksdb_writebatch_rollback_to_save_point(tn_batch_raw(batch), &words);
    TN_CHECK(words == NULL); /* no mark was set */
}

void tn_batch_unmark(struct tn_batch *batch)
{
    char *words = NULL;
    rocksdb_writebatch_pop_save_point(tn_batch_raw(batch), &words);
    TN_CHECK(words == NULL);
}

size_t tn_batch_count(const struct tn_batch *batch)
{
    return (size_t) rocksdb_writebatch_count((rocksdb_writebatch_t *) (uintptr_t) raw_const(batch));
}

size_t tn_batch_bytes(const struct tn_batch *batch)
{
    size_t size = 0;
    rocksdb_writebatch_data((rocksdb_writebatch_t *) (uintptr_t) raw_const(batch), &size);
    return size;
}

struct rocksdb_writebatch_t *tn_batch_raw(struct tn_batch *batch)
{
    return (struct rocksdb_writebatch_t *) batch;
}

struct tn_snapshot *tn_snapshot_create(struct tn_store *store)
{
    if (store->mode == TN_STORE_SECONDARY) {
        return NULL;
    }
    return (struct tn_snapshot *) (uintptr_t) rocksdb_create_snapshot(store->db);
}

void tn_snapshot_destroy(struct tn_store *store, struct tn_snapshot *snapshot)
{
    if (snapshot != NULL) {
        rocksdb_release_snapshot(store->db, (const rocksdb_snapshot_t *) snapshot);
    }
}

struct tn_iterator *tn_iterator_create(struct tn_store *store, struct tn_family *family,
                                       const struct tn_snapshot *snapshot, bool readahead)
{
    rocksdb_readoptions_t *shared = readahead ? store->scan_options : store->read_options;
    rocksdb_readoptions_t *own = NULL;
    if (snapshot != NULL) {
        own = rocksdb_readoptions_create();
        rocksdb_readoptions_set_snapshot(own, (const rocksdb_snapshot_t *) snapshot);
        if (readahead) {
            rocksdb_readoptions_set_readahead_size(own, TN_STORE_READAHEAD_BYTES);
            rocksdb_readoptions_set_fill_cache(own, 0);
        }
        shared = own;
    }
    rocksdb_iterator_t *iterator = rocksdb_create_iterator_cf(store->db, shared, family->handle);
    if (own != NULL) {
        rocksdb_readoptions_destroy(own);
    }
    return (struct tn_iterator *) iterator;
}

static rocksdb_iterator_t *raw_iterator(const struct tn_iterator *iterator)
{
    return (rocksdb_iterator_t *) (uintptr_t) iterator;
}

void tn_iterator_destroy(struct tn_iterator *iterator)
{
    if (iterator != NULL) {
        rocksdb_iter_destroy(raw_iterator(iterator));
    }
}

void tn_iterator_seek(struct tn_iterator *iterator, struct tn_bytes key)
{
    rocksdb_iter_seek(raw_iterator(iterator), chars(key), key.size);
}

void tn_iterator_seek_for_prev(struct tn_iterator *iterator, struct tn_bytes key)
{
    rocksdb_iter_seek_for_prev(raw_iterator(iterator), chars(key), key.size);
}

void tn_iterator_seek_first(struct tn_iterator *iterator)
{
    rocksdb_iter_seek_to_first(raw_iterator(iterator));
}

void tn_iterator_seek_last(struct tn_iterator *iterator)
{
    rocksdb_iter_seek_to_last(raw_iterator(iterator));
}

void tn_iterator_next(struct tn_iterator *iterator)
{
    rocksdb_iter_next(raw_iterator(iterator));
}

void tn_iterator_prev(struct tn_iterator *iterator)
{
    rocksdb_iter_prev(raw_iterator(iterator));
}

bool tn_iterator_valid(const struct tn_iterator *iterator)
{
    return rocksdb_iter_valid(raw_iterator(iterator)) != 0;
}

struct tn_bytes tn_iterator_key(const struct tn_iterator *iterator)
{
    size_t size = 0;
    const char *data = rocksdb_iter_key(raw_iterator(iterator), &size);
    return tn_bytes(data, size);
}

struct tn_bytes tn_iterator_value(const struct tn_iterator *iterator)
{
    size_t size = 0;
    const char *data = rocksdb_iter_value(raw_iterator(iterator), &size);
    return tn_bytes(data, size);
}

enum tn_status tn_iterator_status(const struct tn_iterator *iterator, struct tn_error *error)
{
    char *words = NULL;
    rocksdb_iter_get_error(raw_iterator(iterator), &words);
    if (words == NULL && tn_fault("store_iterate")) {
        return tn_fail(error, TN_IO, "a test made the scan fail");
    }
    return tn_store_status(words, error, "scan");
}

static const rocksdb_writebatch_t *raw_const(const struct tn_batch *batch)
{
    return (const rocksdb_writebatch_t *) batch;
}

/* RocksDB takes an empty slice at any pointer but NULL. */
static const char *chars(struct tn_bytes bytes)
{
    return bytes.data != NULL ? (const char *) bytes.data : "";
}
