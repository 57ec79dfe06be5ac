/* Rows in bulk.
 *
 * The life of a bulk: rows go to a file DIR/store/bulk-<family>-<number>, which is ended when it is
 * large; finish hands all files to RocksDB, which moves them into its own, so nothing is copied;
 * close removes what is left. A cut leaves files that RocksDB does not know: tn_bulk_sweep removes
 * them. */
#include "ledger/log/store_bulk.h"

#include <dirent.h>
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/fault.h"
#include "ledger/log/store_internal.h"

#define PREFIX "bulk-"
/* As large as the files that compaction makes of rows. */
#define FILE_BYTES ((size_t) 32 << 20)
#define FILES_MAX 4096u

struct tn_bulk {
    struct tn_store *store;
    struct tn_family *family;
    rocksdb_options_t *options;
    rocksdb_envoptions_t *environment;
    rocksdb_sstfilewriter_t *writer; /* of the last file; NULL: it is ended */
    size_t file_bytes;
    char **files;
    size_t file_count;
    bool taken; /* the files are RocksDB's now */
};

static enum tn_status bulk_write(struct tn_bulk *bulk, struct tn_bytes key,
                                 const struct tn_bytes *value, struct tn_error *error);
static enum tn_status file_begin(struct tn_bulk *bulk, struct tn_error *error);
static enum tn_status file_end(struct tn_bulk *bulk, struct tn_error *error);

enum tn_status tn_bulk_open(struct tn_store *store, struct tn_family *family, struct tn_bulk **out,
                            struct tn_error *error)
{
    *out = NULL;
    enum tn_status status = tn_store_can_write(store, error);
    if (status != TN_OK) {
        return status;
    }
    struct tn_bulk *bulk = calloc(1, sizeof(*bulk));
    if (bulk == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory to write %s", family->name);
    }
    bulk->store = store;
    bulk->family = family;
    bulk->options = tn_store_options_for(store, family->name);
    bulk->environment = rocksdb_envoptions_create();
    *out = bulk;
    return TN_OK;
}

void tn_bulk_close(struct tn_bulk *bulk)
{
    if (bulk == NULL) {
        return;
    }
    if (bulk->writer != NULL) {
        rocksdb_sstfilewriter_destroy(bulk->writer);
    }
    for (size_t i = 0; i < bulk->file_count; i++) {
        if (!bulk->taken) {
            (void) unlink(bulk->files[i]);
        }
        free(bulk->files[i]);
    }
    free(bulk->files);
    rocksdb_envoptions_destroy(bulk->environment);
    rocksdb_options_destroy(bulk->options);
    free(bulk);
}

enum tn_status tn_bulk_put(struct tn_bulk *bulk, struct tn_bytes key, struct tn_bytes value,
                           struct tn_error *error)
{
    return bulk_write(bulk, key, &value, error);
}

enum tn_status tn_bulk_delete(struct tn_bulk *bulk, struct tn_bytes key, struct tn_error *error)
{
    return bulk_write(bulk, key, NULL, error);
}

static enum tn_status bulk_write(struct tn_bulk *bulk, struct tn_bytes key,
                                 const struct tn_bytes *value, struct tn_error *error)
{
    char *words = NULL;
    enum tn_status status = TN_OK;

    if (bulk->writer == NULL) {
        status = file_begin(bulk, error);
    }
    if (status != TN_OK) {
        return status;
    }
    if (value != NULL) {
        rocksdb_sstfilewriter_put(bulk->writer, (const char *) key.data, key.size,
                                  (const char *) value->data, value->size, &words);
    } else {
        rocksdb_sstfilewriter_delete(bulk->writer, (const char *) key.data, key.size, &words);
    }
    if (words != NULL) {
        return tn_store_status(words, error, bulk->family->name);
    }
    bulk->file_bytes += key.size + (value != NULL ? value->size : 0) + 8;
    return bulk->file_bytes >= FILE_BYTES ? file_end(bulk, error) : TN_OK;
}

static enum tn_status file_begin(struct tn_bulk *bulk, struct tn_error *error)
{
    char *words = NULL;
    char *path = NULL;
    char **files = NULL;
    enum tn_status status = tn_store_space_take(bulk->store, FILE_BYTES, error);

    if (status != TN_OK) {
        return status;
    }
    if (bulk->file_count == FILES_MAX) {
        return tn_fail(error, TN_FULL, "%s: more than %u files at once", bulk->family->name,
                       FILES_MAX);
    }
    files = realloc(bulk->files, (bulk->file_count + 1) * sizeof(*files));
    bulk->files = files != NULL ? files : bulk->files;
    if (files == NULL || asprintf(&path, "%s/" PREFIX "%s-%zu", bulk->store->path,
                                  bulk->family->name, bulk->file_count) < 0) {
        return tn_fail(error, TN_MEMORY, "no memory to write %s", bulk->family->name);
    }
    bulk->files[bulk->file_count++] = path;
    bulk->writer = rocksdb_sstfilewriter_create(bulk->environment, bulk->options);
    bulk->file_bytes = 0;
    rocksdb_sstfilewriter_open(bulk->writer, path, &words);
    return tn_store_status(words, error, path);
}

static enum tn_status file_end(struct tn_bulk *bulk, struct tn_error *error)
{
    char *words = NULL;

    rocksdb_sstfilewriter_finish(bulk->writer, &words);
    rocksdb_sstfilewriter_destroy(bulk->writer);
    bulk->writer = NULL;
    return tn_store_status(words, error, bulk->family->name);
}

enum tn_status tn_bulk_finish(struct tn_bulk *bulk, struct tn_error *error)
{
    char *words = NULL;
    enum tn_status status = tn_store_can_write(bulk->store, error);

    if (status == TN_OK && bulk->writer != NULL) {
        status = file_end(bulk, error);
    }
    if (status == TN_OK && tn_fault("bulk_finish")) {
        status = tn_fail(error, TN_IO, "a test made the bulk fail");
    }
    if (status != TN_OK || bulk->file_count == 0) {
        return status;
    }
    rocksdb_ingestexternalfileoptions_t *options = rocksdb_ingestexternalfileoptions_create();
    rocksdb_ingestexternalfileoptions_set_move_files(options, 1);
    rocksdb_ingest_external_file_cf(bulk->store->db, bulk->family->handle,
                                    (const char *const *) bulk->files, bulk->file_count, options,
                                    &words);
    rocksdb_ingestexternalfileoptions_destroy(options);
    status = tn_store_status(words, error, bulk->family->name);
    bulk->taken = status == TN_OK;
    return status;
}

void tn_bulk_sweep(struct tn_store *store)
{
    DIR *directory = store->mode == TN_STORE_WRITER ? opendir(store->path) : NULL;

    if (directory == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char *path = NULL;

        if (strncmp(entry->d_name, PREFIX, sizeof(PREFIX) - 1) == 0 &&
            asprintf(&path, "%s/%s", store->path, entry->d_name) >= 0) {
            (void) unlink(path);
            free(path);
        }
    }
    closedir(directory);
}
