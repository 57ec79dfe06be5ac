/* Families, gets, writes, and the translation of what RocksDB says. */
#include "ledger/log/store.h"

#include <rocksdb/c.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/fault.h"
#include "ledger/log/store_internal.h"

static struct tn_family *family_of(struct tn_store *store, const char *name);
static enum tn_status make_family(struct tn_store *store, const char *name, struct tn_family **out,
                                  struct tn_error *error);
static void free_unheld(struct tn_family *family);
static enum tn_status get_by_seek(struct tn_store *store, struct tn_family *family,
                                  struct tn_bytes key, struct tn_buffer *value, bool *found,
                                  struct tn_error *error);
static enum tn_status copy_value(const struct tn_family *family, struct tn_bytes from,
                                 struct tn_buffer *value, struct tn_error *error);
static enum tn_status write_batch(struct tn_store *store, struct tn_batch *batch,
                                  enum tn_durability durability, bool owed, struct tn_error *error);
static enum tn_status outcome_unknown(struct tn_store *store, char *words, const char *what,
                                      struct tn_error *error);
static enum tn_status not_writer(const struct tn_store *store, struct tn_error *error);
static void count_nothing(void);

bool tn_store_is_writer(const struct tn_store *store)
{
    return store->mode == TN_STORE_WRITER;
}

enum tn_status tn_store_family(struct tn_store *store, const char *name, bool create,
                               struct tn_family **out, struct tn_error *error)
{
    *out = NULL;
    if (name[0] == '\0' || strlen(name) > TN_FAMILY_NAME_MAX) {
        return tn_fail(error, TN_INVALID, "a family's name has 1 to %d characters",
                       TN_FAMILY_NAME_MAX);
    }
    enum tn_status status = TN_OK;
    pthread_rwlock_wrlock(&store->families_lock);
    struct tn_family *family = family_of(store, name);
    if (family == NULL && create && store->mode == TN_STORE_WRITER) {
        status = make_family(store, name, &family, error);
    } else if (family == NULL) {
        status = tn_fail(error, TN_NOT_FOUND, "%s has no family %s", store->path, name);
    }
    pthread_rwlock_unlock(&store->families_lock);
    *out = family;
    return status;
}

/* With families_lock held for writing. */
static enum tn_status make_family(struct tn_store *store, const char *name, struct tn_family **out,
                                  struct tn_error *error)
{
    enum tn_status status = tn_store_generation_take(store, name, error);
    if (status != TN_OK) {
        return status;
    }
    struct tn_family *family = calloc(1, sizeof(*family));
    if (family == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for family %s", name);
    }
    char *words = NULL;
    rocksdb_options_t *options = tn_store_options_for(store, name);
    family->handle = rocksdb_create_column_family(store->db, options, name, &words);
    rocksdb_options_destroy(options);
    status = tn_store_status(words, error, name);
    if (status != TN_OK) {
        free(family);
        return status;
    }
    memcpy(family->name, name, strlen(name));
    family->next = store->families;
    store->families = family;
    *out = family;
    return TN_OK;
}

enum tn_status tn_store_drop_family(struct tn_store *store, const char *name,
                                    struct tn_error *error)
{
    enum tn_status status = not_writer(store, error);
    if (status != TN_OK) {
        return status;
    }
    if (tn_store_is_fixed(name)) {
        return tn_fail(error, TN_DENIED, "family %s is part of every ledger", name);
    }
    pthread_rwlock_wrlock(&store->families_lock);
    struct tn_family **link = &store->families;
    while (*link != NULL && strcmp((*link)->name, name) != 0) {
        link = &(*link)->next;
    }
    struct tn_family *family = *link;
    if (family == NULL) {
        status = tn_fail(error, TN_NOT_FOUND, "%s has no family %s", store->path, name);
    } else {
        char *words = NULL;
        rocksdb_drop_column_family(store->db, family->handle, &words);
        status = tn_store_status(words, error, name);
        if (status == TN_OK) {
            *link = family->next;
            family->dropped = true;
            free_unheld(family);
        }
    }
    pthread_rwlock_unlock(&store->families_lock);
    return status;
}

enum tn_status tn_store_empty_family(struct tn_store *store, const char *name,
                                     struct tn_error *error)
{
    enum tn_status status = tn_store_can_write(store, error);
    if (status != TN_OK) {
        return status;
    }
    pthread_rwlock_wrlock(&store->families_lock);
    struct tn_family *family = family_of(store, name);
    char *words = NULL;
    if (family == NULL) {
        status = tn_fail(error, TN_NOT_FOUND, "%s has no family %s", store->path, name);
    } else {
        rocksdb_drop_column_family(store->db, family->handle, &words);
        status = tn_store_status(words, error, name);
    }
    if (status == TN_OK) {
        rocksdb_options_t *options = tn_store_options_for(store, name);
        words = NULL;
        rocksdb_column_family_handle_t *handle =
            rocksdb_create_column_family(store->db, options, name, &words);
        rocksdb_options_destroy(options);
        if (words == NULL) {
            rocksdb_column_family_handle_destroy(family->handle);
            family->handle = handle;
        } else {
            /* Nothing can be written under the old handle; the next opening makes the family. */
            status = outcome_unknown(store, words, name, error);
        }
    }
    pthread_rwlock_unlock(&store->families_lock);
    return status;
}

/* RocksDB keeps what a handle is for, dropped or not. */
static void free_unheld(struct tn_family *family)
{
    if (family->dropped && family->held == 0) {
        rocksdb_column_family_handle_destroy(family->handle);
        free(family);
    }
}

enum tn_status tn_store_hold(struct tn_store *store, const char *name, struct tn_family **out,
                             struct tn_error *error)
{
    pthread_rwlock_wrlock(&store->families_lock);
    struct tn_family *family = family_of(store, name);
    if (family != NULL) {
        family->held++;
    }
    pthread_rwlock_unlock(&store->families_lock);
    *out = family;
    return family != NULL ? TN_OK
                          : tn_fail(error, TN_NOT_FOUND, "%s has no family %s", store->path, name);
}

void tn_store_release(struct tn_store *store, struct tn_family *family)
{
    pthread_rwlock_wrlock(&store->families_lock);
    TN_CHECK(family->held != 0);
    family->held--;
    free_unheld(family);
    pthread_rwlock_unlock(&store->families_lock);
}

bool tn_store_claim(struct tn_store *store)
{
    return !atomic_exchange(&store->claimed, true);
}

void tn_store_unclaim(struct tn_store *store)
{
    atomic_store(&store->claimed, false);
}

uint64_t tn_store_family_bytes(struct tn_store *store, struct tn_family *family)
{
    uint64_t files = 0;
    uint64_t memory = 0;
    rocksdb_property_int_cf(store->db, family->handle, "rocksdb.live-sst-files-size", &files);
    rocksdb_property_int_cf(store->db, family->handle, "rocksdb.cur-size-all-mem-tables", &memory);
    return files + memory;
}

void tn_store_families(struct tn_store *store,
                       void (*each)(void *context, const char *name, struct tn_family *family),
                       void *context)
{
    pthread_rwlock_rdlock(&store->families_lock);
    for (struct tn_family *family = store->families; family != NULL; family = family->next) {
        if (strcmp(family->name, "default") != 0) {
            each(context, family->name, family);
        }
    }
    pthread_rwlock_unlock(&store->families_lock);
}

enum tn_status tn_store_get(struct tn_store *store, struct tn_family *family,
                            const struct tn_snapshot *snapshot, struct tn_bytes key,
                            struct tn_buffer *value, bool *found, struct tn_error *error)
{
    *found = false;
    tn_buffer_reset(value);
    if (store->mode == TN_STORE_SECONDARY) {
        return get_by_seek(store, family, key, value, found, error);
    }
    count_nothing();
    rocksdb_readoptions_t *own = NULL;
    if (snapshot != NULL) {
        own = rocksdb_readoptions_create();
        rocksdb_readoptions_set_snapshot(own, (const rocksdb_snapshot_t *) snapshot);
    }
    char *words = NULL;
    rocksdb_pinnableslice_t *slice =
        rocksdb_get_pinned_cf(store->db, own != NULL ? own : store->read_options, family->handle,
                              (const char *) key.data, key.size, &words);
    enum tn_status status = tn_store_status(words, error, family->name);
    if (status == TN_OK && tn_fault("store_get")) {
        status = tn_fail(error, TN_IO, "a test made the read fail");
    }
    if (status == TN_OK && slice != NULL) {
        size_t size = 0;
        const char *data = rocksdb_pinnableslice_value(slice, &size);
        status = copy_value(family, tn_bytes(data, size), value, error);
        *found = status == TN_OK;
    }
    if (slice != NULL) {
        rocksdb_pinnableslice_destroy(slice);
    }
    if (own != NULL) {
        rocksdb_readoptions_destroy(own);
    }
    return status;
}

/* A secondary keeps the memory table it has filled from the WAL until it meets a newer WAL. When
 * the writer has flushed meanwhile, a plain get finds the old value there and looks no further; an
 * iterator compares the ages of both. */
static enum tn_status get_by_seek(struct tn_store *store, struct tn_family *family,
                                  struct tn_bytes key, struct tn_buffer *value, bool *found,
                                  struct tn_error *error)
{
    struct tn_iterator *iterator = tn_iterator_create(store, family, NULL, false);
    tn_iterator_seek(iterator, key);
    enum tn_status status = tn_iterator_status(iterator, error);
    if (status == TN_OK && tn_iterator_valid(iterator) &&
        tn_bytes_equal(tn_iterator_key(iterator), key)) {
        status = copy_value(family, tn_iterator_value(iterator), value, error);
        *found = status == TN_OK;
    }
    tn_iterator_destroy(iterator);
    return status;
}

/* RocksDB counts every comparison of keys in a thread's own counters, which nobody reads here. */
static void count_nothing(void)
{
    static _Thread_local bool said;

    if (!said) {
        rocksdb_set_perf_level(rocksdb_disable);
        said = true;
    }
}

static enum tn_status copy_value(const struct tn_family *family, struct tn_bytes from,
                                 struct tn_buffer *value, struct tn_error *error)
{
    tn_buffer_append_bytes(value, from);
    enum tn_status status = tn_buffer_status(value);
    if (status != TN_OK) {
        tn_buffer_reset(value);
        status = tn_fail(error, status, "%s: a value of %zu bytes is more than its reader takes",
                         family->name, from.size);
    }
    return status;
}

enum tn_status tn_store_write(struct tn_store *store, struct tn_batch *batch,
                              enum tn_durability durability, struct tn_error *error)
{
    return write_batch(store, batch, durability, false, error);
}

enum tn_status tn_store_write_owed(struct tn_store *store, struct tn_batch *batch,
                                   enum tn_durability durability, struct tn_error *error)
{
    return write_batch(store, batch, durability, true, error);
}

static enum tn_status write_batch(struct tn_store *store, struct tn_batch *batch,
                                  enum tn_durability durability, bool owed, struct tn_error *error)
{
    pthread_mutex_lock(&store->write_lock);
    enum tn_status status = tn_store_can_write(store, error);
    if (status == TN_OK && !owed) {
        status = tn_store_space_take(store, tn_batch_bytes(batch), error);
    }
    if (status == TN_OK && tn_fault("store_write")) {
        atomic_store(&store->failed, true);
        status = tn_fail(error, TN_IO, "a test made the write fail");
    } else if (status == TN_OK) {
        char *words = NULL;
        count_nothing();
        rocksdb_write(store->db, store->write_options[durability], tn_batch_raw(batch), &words);
        if (words != NULL) {
            status = outcome_unknown(store, words, "write", error);
        }
    }
    if (status == TN_OK && durability != TN_NO_WAL) {
        tn_store_mark_logged(store);
        if (durability == TN_SYNCED) {
            tn_store_mark_durable(store, store->logged);
        }
    }
    pthread_mutex_unlock(&store->write_lock);
    return status;
}

/* Whatever the words say: nobody can know what reached the disk. */
static enum tn_status outcome_unknown(struct tn_store *store, char *words, const char *what,
                                      struct tn_error *error)
{
    atomic_store(&store->failed, true);
    (void) tn_store_status(words, error, what);
    if (error != NULL) {
        error->status = TN_IO;
    }
    return TN_IO;
}

enum tn_status tn_store_sync(struct tn_store *store, struct tn_error *error)
{
    enum tn_status status = tn_store_can_write(store, error);
    if (status != TN_OK || store->no_sync) {
        return status;
    }
    pthread_mutex_lock(&store->write_lock);
    uint64_t logged = store->logged;
    pthread_mutex_unlock(&store->write_lock);
    char *words = NULL;
    rocksdb_flush_wal(store->db, 1, &words);
    if (words != NULL) {
        return outcome_unknown(store, words, "sync", error);
    }
    pthread_mutex_lock(&store->write_lock);
    tn_store_mark_durable(store, logged);
    pthread_mutex_unlock(&store->write_lock);
    return TN_OK;
}

enum tn_status tn_store_flush(struct tn_store *store, struct tn_error *error)
{
    enum tn_status status = tn_store_can_write(store, error);
    if (status != TN_OK) {
        return status;
    }
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    rocksdb_flushoptions_set_wait(options, 1);
    pthread_rwlock_rdlock(&store->families_lock);
    for (struct tn_family *family = store->families; family != NULL && status == TN_OK;
         family = family->next) {
        char *words = NULL;
        rocksdb_flush_cf(store->db, options, family->handle, &words);
        status = tn_store_status(words, error, family->name);
    }
    pthread_rwlock_unlock(&store->families_lock);
    rocksdb_flushoptions_destroy(options);
    return status;
}

enum tn_status tn_store_compact(struct tn_store *store, struct tn_error *error)
{
    enum tn_status status = tn_store_flush(store, error);
    if (status != TN_OK) {
        return status;
    }
    uint64_t room = tn_store_room(store);
    pthread_rwlock_rdlock(&store->families_lock);
    for (struct tn_family *family = store->families; family != NULL && status == TN_OK;
         family = family->next) {
        if (tn_store_family_bytes(store, family) > room) {
            status = tn_fail(error, TN_NO_SPACE, "%s does not fit on the disk beside itself",
                             family->name);
        } else {
            rocksdb_compact_range_cf(store->db, family->handle, NULL, 0, NULL, 0);
        }
    }
    pthread_rwlock_unlock(&store->families_lock);
    return status;
}

enum tn_status tn_store_status(char *words, struct tn_error *error, const char *what)
{
    if (words == NULL) {
        return TN_OK;
    }
    static const struct {
        const char *prefix;
        enum tn_status status;
    } table[] = {
        {"Corruption", TN_CORRUPT},          {"NotFound", TN_NOT_FOUND},
        {"Not implemented", TN_UNSUPPORTED}, {"Invalid argument", TN_CORRUPT},
        {"Resource busy", TN_BUSY},          {"Shutdown in progress", TN_UNAVAILABLE},
    };
    enum tn_status status = TN_IO;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strncmp(words, table[i].prefix, strlen(table[i].prefix)) == 0) {
            status = table[i].status;
        }
    }
    (void) tn_fail(error, status, "%s: %s", what, words);
    rocksdb_free(words);
    return status;
}

static struct tn_family *family_of(struct tn_store *store, const char *name)
{
    for (struct tn_family *family = store->families; family != NULL; family = family->next) {
        if (strcmp(family->name, name) == 0) {
            return family;
        }
    }
    return NULL;
}

bool tn_store_is_fixed(const char *name)
{
    for (size_t i = 0; i < TN_STORE_FIXED_FAMILIES; i++) {
        if (strcmp(name, tn_store_fixed_families[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum tn_status not_writer(const struct tn_store *store, struct tn_error *error)
{
    if (store->mode == TN_STORE_WRITER) {
        return TN_OK;
    }
    return tn_fail(error, TN_UNSUPPORTED, "%s is open beside its writer and only read",
                   store->path);
}

enum tn_status tn_store_can_write(const struct tn_store *store, struct tn_error *error)
{
    enum tn_status status = not_writer(store, error);

    if (status == TN_OK && atomic_load(&store->failed)) {
        status = tn_fail(error, TN_IO,
                         "%s: an earlier write failed; what reached the disk shows when the "
                         "ledger is opened again",
                         store->path);
    }
    return status;
}
