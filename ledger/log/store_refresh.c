/* A secondary's look at what the writer has committed.
 *
 * RocksDB reads the manifest first (which files there are) and the WALs after it. What the writer
 * does in between is seen by half: rows whose deletion is in a WAL already while the file that
 * replaces them is not in the manifest that was read; a WAL that is gone because its content went
 * to a file just then. So a look counts only when neither the manifest nor the oldest WAL changed
 * from before it to after it; then everything of the manifest's moment is there, and what the WALs
 * add is a prefix of what came later. A look that did not count has read most of the WALs, so the
 * next one is short. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/log/store_internal.h"

/* The manifest changes with every file that is made or merged: some tens a second at most, against
 * looks of about a millisecond. Under a writer at full speed up to 40 were seen. */
#define LOOKS_MAX 1000
#define MANIFEST_NAME_MAX 63

/* What the writer changes when it makes, merges or deletes files. */
struct files_state {
    char manifest[MANIFEST_NAME_MAX + 1];
    off_t manifest_bytes;
    uint64_t oldest_wal;
};

static enum tn_status files_state_read(const struct tn_store *store, struct files_state *state,
                                       struct tn_error *error);
static bool files_state_equal(const struct files_state *a, const struct files_state *b);

enum tn_status tn_store_refresh(struct tn_store *store, struct tn_error *error)
{
    if (store->mode == TN_STORE_WRITER) {
        return TN_OK;
    }
    struct files_state before;
    struct files_state after;
    enum tn_status status = files_state_read(store, &before, error);
    for (int look = 0; status == TN_OK && look < LOOKS_MAX; look++) {
        char *words = NULL;
        rocksdb_try_catch_up_with_primary(store->db, &words);
        enum tn_status looked = tn_store_status(words, error, "refresh");
        status = files_state_read(store, &after, error);
        if (status == TN_OK && files_state_equal(&before, &after)) {
            return looked;
        }
        before = after;
    }
    return status != TN_OK ? status
                           : tn_fail(error, TN_BUSY,
                                     "%s: its writer changes files faster than they "
                                     "can be looked through",
                                     store->path);
}

static enum tn_status read_current(const struct tn_store *store, struct files_state *state)
{
    char *path = NULL;
    if (asprintf(&path, "%s/CURRENT", store->path) < 0) {
        return TN_MEMORY;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    ssize_t size = fd >= 0 ? read(fd, state->manifest, MANIFEST_NAME_MAX) : -1;
    if (fd >= 0) {
        close(fd);
    }
    state->manifest[size > 0 ? size : 0] = '\0';
    state->manifest[strcspn(state->manifest, "\n")] = '\0';
    return size > 0 ? TN_OK : TN_IO;
}

/* WALs are named NUMBER.log. */
static enum tn_status read_folder(const struct tn_store *store, struct files_state *state)
{
    DIR *folder = opendir(store->path);
    if (folder == NULL) {
        return TN_IO;
    }
    state->oldest_wal = UINT64_MAX;
    struct dirent *entry = NULL;
    while ((entry = readdir(folder)) != NULL) {
        char *end = NULL;
        uint64_t number = strtoull(entry->d_name, &end, 10);
        if (end != entry->d_name && strcmp(end, ".log") == 0 && number < state->oldest_wal) {
            state->oldest_wal = number;
        }
    }
    closedir(folder);
    return TN_OK;
}

static enum tn_status files_state_read(const struct tn_store *store, struct files_state *state,
                                       struct tn_error *error)
{
    *state = (struct files_state){0};
    enum tn_status status = read_current(store, state);
    char *path = NULL;
    if (status == TN_OK && asprintf(&path, "%s/%s", store->path, state->manifest) < 0) {
        path = NULL;
        status = TN_MEMORY;
    }
    if (status == TN_OK) {
        struct stat manifest;
        if (stat(path, &manifest) == 0) {
            state->manifest_bytes = manifest.st_size;
        } else if (errno != ENOENT) { /* a newer one has just taken its place: not equal to it */
            status = TN_IO;
        }
    }
    free(path);
    if (status == TN_OK) {
        status = read_folder(store, state);
    }
    return status == TN_OK ? TN_OK : tn_fail(error, status, "%s: %s", store->path, strerror(errno));
}

static bool files_state_equal(const struct files_state *a, const struct files_state *b)
{
    return strcmp(a->manifest, b->manifest) == 0 && a->manifest_bytes == b->manifest_bytes &&
           a->oldest_wal == b->oldest_wal;
}
