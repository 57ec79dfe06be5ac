/* Opening and closing. On disk: DIR/store is RocksDB's folder, DIR/lock is held by the writer, and
 * DIR/durable is how far it came (store_mark.c). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/log/store_internal.h"

/* RocksDB folders change while a secondary attaches: it looks again this often. */
#define ATTACH_ATTEMPTS 20

static enum tn_status make_paths(struct tn_store *store, const char *directory,
                                 const struct tn_store_options *options, struct tn_error *error);
static enum tn_status take_lock(struct tn_store *store, const char *directory,
                                struct tn_error *error);
static void make_options(struct tn_store *store, const struct tn_store_options *options);
static enum tn_status open_database(struct tn_store *store, struct tn_error *error);
static enum tn_status sync_folder(const char *path, struct tn_error *error);

enum tn_status tn_store_open(const char *directory, const struct tn_store_options *options,
                             struct tn_store **out, struct tn_error *error)
{
    *out = NULL;
    struct tn_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory to open %s", directory);
    }
    store->mode = options->mode;
    store->no_sync = options->no_sync;
    store->lock_fd = -1;
    store->directory_fd = -1;
    store->mark_fd = -1;
    atomic_init(&store->failed, false);
    pthread_rwlock_init(&store->families_lock, NULL);
    pthread_mutex_init(&store->space.lock, NULL);
    pthread_mutex_init(&store->write_lock, NULL);
    tn_store_space_init(&store->space, options->reserve_bytes);

    bool damaged = false;
    enum tn_status status = make_paths(store, directory, options, error);
    if (status == TN_OK && store->mode == TN_STORE_WRITER) {
        status = take_lock(store, directory, error);
    }
    if (status == TN_OK) {
        status = tn_store_mark_open(store, directory, options->create, error);
    }
    if (status == TN_OK) {
        make_options(store, options);
        for (int attempt = 1; attempt <= ATTACH_ATTEMPTS; attempt++) {
            status = open_database(store, error);
            if (status == TN_OK || store->mode == TN_STORE_WRITER) {
                break;
            }
        }
        damaged = status == TN_CORRUPT;
    }
    if (damaged && store->mode == TN_STORE_SECONDARY) {
        (void) tn_fail_context(error,
                               "stored bytes do not check. The last write that a power cut "
                               "tore looks like this too: `turno serve` opens what is whole, "
                               "and nothing if an acknowledged write is missing");
    }
    if (status == TN_OK && store->mode == TN_STORE_WRITER) {
        status = tn_store_mark_check(store, error);
    }
    if (status == TN_OK) {
        status = tn_store_refresh(store, error); /* attaching may have seen some things by half */
    }
    if (status == TN_OK && options->create) {
        status = sync_folder(directory, error);
    }
    if (status != TN_OK) {
        tn_store_close(store);
        return status;
    }
    *out = store;
    return TN_OK;
}

void tn_store_close(struct tn_store *store)
{
    if (store == NULL) {
        return;
    }
    while (store->families != NULL) {
        struct tn_family *family = store->families;
        store->families = family->next;
        rocksdb_column_family_handle_destroy(family->handle);
        free(family);
    }
    tn_store_generations_close(store);
    if (store->db != NULL) {
        rocksdb_close(store->db);
    }
    for (size_t i = 0; i < sizeof(store->write_options) / sizeof(store->write_options[0]); i++) {
        if (store->write_options[i] != NULL) {
            rocksdb_writeoptions_destroy(store->write_options[i]);
        }
    }
    if (store->read_options != NULL) {
        rocksdb_readoptions_destroy(store->read_options);
        rocksdb_readoptions_destroy(store->scan_options);
        rocksdb_cache_destroy(store->cache);
    }
    if (store->secondary != NULL) {
        tn_store_remove_folder(AT_FDCWD, store->secondary);
    }
    tn_store_mark_close(store);
    if (store->lock_fd >= 0) {
        close(store->lock_fd); /* and with it the lock */
    }
    pthread_rwlock_destroy(&store->families_lock);
    pthread_mutex_destroy(&store->space.lock);
    pthread_mutex_destroy(&store->write_lock);
    free(store->secondary);
    free(store->path);
    free(store);
}

/* Rows, or the log of writes: a creation that was cut short has neither, for CURRENT comes first.
 */
static bool holds_rows(const char *name)
{
    size_t size = strlen(name);

    return size > 4 &&
           (strcmp(name + size - 4, ".sst") == 0 || strcmp(name + size - 4, ".log") == 0);
}

/* RocksDB takes a folder without CURRENT for an empty one: what is left of a damaged database would
 * be replaced by a new one. */
enum tn_status tn_store_look(const char *directory, bool *exists, struct tn_error *error)
{
    char path[PATH_MAX];
    bool is_left = false;

    *exists = false;
    if (snprintf(path, sizeof(path), "%s/store", directory) >= (int) sizeof(path)) {
        return tn_fail(error, TN_INVALID, "the name of the directory is too long");
    }
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return errno == ENOENT
                   ? TN_OK
                   : tn_fail(error, TN_IO, "%s: %s; nothing was changed", path, strerror(errno));
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        *exists = *exists || strcmp(entry->d_name, "CURRENT") == 0;
        is_left = is_left || holds_rows(entry->d_name);
    }
    closedir(folder);
    return *exists || !is_left
               ? TN_OK
               : tn_fail(error, TN_CORRUPT,
                         "%s holds rows and no CURRENT: this ledger is damaged. Nothing was "
                         "changed; restore it from an archive, and do not init here",
                         path);
}

/* DIR/store, the marks of a ledger that is there, and a secondary's own folder. */
static enum tn_status make_paths(struct tn_store *store, const char *directory,
                                 const struct tn_store_options *options, struct tn_error *error)
{
    if (asprintf(&store->path, "%s/store", directory) < 0) {
        store->path = NULL;
        return tn_fail(error, TN_MEMORY, "no memory to open %s", directory);
    }
    bool exists = false;
    enum tn_status status = tn_store_look(directory, &exists, error);
    if (status != TN_OK) {
        return status;
    }
    if (options->create && exists) {
        return tn_fail(error, TN_EXISTS, "%s holds a ledger already", directory);
    }
    if (!options->create && !exists) {
        return tn_fail(error, TN_NOT_FOUND, "%s holds no ledger", directory);
    }
    if (options->create && ((mkdir(directory, 0700) != 0 && errno != EEXIST) ||
                            (mkdir(store->path, 0700) != 0 && errno != EEXIST))) {
        return tn_fail(error, TN_IO, "%s: %s", store->path, strerror(errno));
    }
    if (store->mode == TN_STORE_SECONDARY) {
        const char *base = getenv("TMPDIR");
        if (asprintf(&store->secondary, "%s/turno-XXXXXX", base != NULL ? base : P_tmpdir) < 0) {
            store->secondary = NULL;
            return tn_fail(error, TN_MEMORY, "no memory to open %s", directory);
        }
        if (mkdtemp(store->secondary) == NULL) {
            /* Not TN_IO: nothing is the matter with the ledger. */
            status = tn_fail(error, TN_UNAVAILABLE,
                             "no temporary folder %s: %s (TMPDIR names another)", store->secondary,
                             strerror(errno));
            free(store->secondary);
            store->secondary = NULL;
            return status;
        }
    }
    return TN_OK;
}

/* RocksDB locks its folder too, but says so only in words; and flock is not lost when some other
 * part of the program closes the same file. */
static enum tn_status take_lock(struct tn_store *store, const char *directory,
                                struct tn_error *error)
{
    char *path = NULL;
    if (asprintf(&path, "%s/lock", directory) < 0) {
        return tn_fail(error, TN_MEMORY, "no memory to open %s", directory);
    }
    enum tn_status status = TN_OK;
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) {
        status = tn_fail(error, TN_IO, "%s: %s", path, strerror(errno));
    } else if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        status = errno == EWOULDBLOCK
                     ? tn_fail(error, TN_BUSY, "another process writes to %s", directory)
                     : tn_fail(error, TN_IO, "%s: %s", path, strerror(errno));
    }
    free(path);
    return status;
}

static void make_options(struct tn_store *store, const struct tn_store_options *options)
{
    store->cache = rocksdb_cache_create_lru(options->cache_bytes != 0 ? options->cache_bytes
                                                                      : TN_STORE_CACHE_BYTES);
    store->read_options = rocksdb_readoptions_create();
    store->scan_options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_readahead_size(store->scan_options, TN_STORE_READAHEAD_BYTES);
    rocksdb_readoptions_set_fill_cache(store->scan_options, 0);
    for (size_t i = 0; i < sizeof(store->write_options) / sizeof(store->write_options[0]); i++) {
        store->write_options[i] = rocksdb_writeoptions_create();
    }
    rocksdb_writeoptions_set_sync(store->write_options[TN_SYNCED], store->no_sync ? 0 : 1);
    rocksdb_writeoptions_disable_WAL(store->write_options[TN_NO_WAL], 1);
}

/* Every family that is on disk must be opened, and a writer makes those that a ledger must have. */
static enum tn_status open_database(struct tn_store *store, struct tn_error *error)
{
    size_t listed_count = 0;
    char *words = NULL;
    rocksdb_options_t *database = tn_store_options_for(store, "default");
    char **listed = rocksdb_list_column_families(database, store->path, &listed_count, &words);
    if (words != NULL) { /* a new database has no list, but an empty array that is ours to free */
        rocksdb_free(words);
        words = NULL;
        rocksdb_list_column_families_destroy(listed, 0);
        listed = NULL;
        listed_count = 0;
    }
    size_t capacity = listed_count + TN_STORE_FIXED_FAMILIES;
    const char **names = calloc(capacity, sizeof(*names));
    rocksdb_options_t **options = calloc(capacity, sizeof(*options));
    rocksdb_column_family_handle_t **handles = calloc(capacity, sizeof(*handles));
    struct tn_family **families = calloc(capacity, sizeof(*families));
    const rocksdb_options_t *const *views = (const rocksdb_options_t *const *) options;
    enum tn_status status = TN_OK;
    size_t count = 0;
    if (names == NULL || options == NULL || handles == NULL || families == NULL) {
        status = tn_fail(error, TN_MEMORY, "no memory to open %s", store->path);
        goto out;
    }
    for (size_t i = 0; i < listed_count; i++) {
        if (strlen(listed[i]) > TN_FAMILY_NAME_MAX) {
            status =
                tn_fail(error, TN_CORRUPT, "%s: family %s is not ours", store->path, listed[i]);
            goto out;
        }
        if (!tn_store_is_fixed(listed[i])) {
            names[count++] = listed[i];
        }
    }
    for (size_t i = 0; i < TN_STORE_FIXED_FAMILIES; i++) {
        names[count++] = tn_store_fixed_families[i];
    }
    for (size_t i = 0; i < count; i++) {
        options[i] = tn_store_options_for(store, names[i]);
        families[i] = calloc(1, sizeof(*families[i]));
        status = families[i] != NULL
                     ? tn_store_generation_note(store, names[i], error)
                     : tn_fail(error, TN_MEMORY, "no memory to open %s", store->path);
        if (status != TN_OK) {
            goto out;
        }
    }
    if (store->mode == TN_STORE_WRITER) {
        store->db = rocksdb_open_column_families(database, store->path, (int) count, names, views,
                                                 handles, &words);
    } else {
        store->db = rocksdb_open_as_secondary_column_families(
            database, store->path, store->secondary, (int) count, names, views, handles, &words);
    }
    status = tn_store_status(words, error, store->path);
    for (size_t i = 0; status == TN_OK && i < count; i++) {
        memcpy(families[i]->name, names[i], strlen(names[i]));
        families[i]->handle = handles[i];
        families[i]->next = store->families;
        store->families = families[i];
        families[i] = NULL;
    }
out:
    for (size_t i = 0; i < capacity; i++) {
        if (options != NULL && options[i] != NULL) {
            rocksdb_options_destroy(options[i]);
        }
        if (families != NULL) {
            free(families[i]);
        }
    }
    free(families);
    free(handles);
    free(options);
    free(names);
    rocksdb_options_destroy(database);
    if (listed != NULL) {
        rocksdb_list_column_families_destroy(listed, listed_count);
    }
    return status;
}

void tn_store_remove_folder(int directory_fd, const char *name)
{
    int fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);

    if (folder != NULL) {
        struct dirent *entry = NULL;
        while ((entry = readdir(folder)) != NULL) {
            (void) unlinkat(fd, entry->d_name, 0);
        }
        closedir(folder);
    } else if (fd >= 0) {
        close(fd);
    }
    (void) unlinkat(directory_fd, name, AT_REMOVEDIR);
}

static enum tn_status sync_folder(const char *path, struct tn_error *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum tn_status status = TN_OK;
    if (fd < 0 || fsync(fd) != 0) {
        status = tn_fail(error, TN_IO, "%s: %s", path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return status;
}
