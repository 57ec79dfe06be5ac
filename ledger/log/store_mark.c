/* How far writes are known to be durable, in a file of its own: DIR/durable.
 *
 * RocksDB replays its WAL up to the first record that is damaged, and takes it for the end that a
 * power cut tore. Decay in the middle would so take back what was acknowledged, without a word, and
 * the log would go on and contradict its own checkpoints (P2, P3). So after every synced write its
 * sequence number is noted here, and a store that reaches less far is not opened for writing.
 *
 *   offset  size
 *   0       8     sequence number, big-endian
 *   8       8     H("turno1.durable", -, offset 0 to 7, 8)
 *
 * The file itself is not synced: it is a lower bound, and one that does not check says nothing.
 *
 * Opening for writing also ends the WAL as it was. Until the check, links to its files are kept in
 * DIR/wal-before; when it fails they stay as DIR/wal-kept (or wal-kept.2 and so on), for whoever
 * has to find out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <rocksdb/c.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/log/store_internal.h"

#define MARK_BYTES 16
#define BEFORE "wal-before"
#define KEPT "wal-kept"
/* Incidents whose WAL is kept; somebody who starts the program again and again fills no disk. */
#define KEPT_MAX 9
/* A secondary that saw too little looks again: its files change while it reads. */
#define LOOKS 20

static void check_of(uint8_t *check, const uint8_t *sequence)
{
    tn_hash_one(check, 8, "turno1.durable", tn_bytes(NULL, 0), tn_bytes(sequence, 8));
}

/* A link to every file of the WAL that holds anything; links of a start that ended early stay. A
 * file system without links keeps nothing. */
static void keep_wal(struct tn_store *store)
{
    int here = openat(store->directory_fd, "store", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = here < 0 ? NULL : fdopendir(here);

    if (folder == NULL) {
        if (here >= 0) {
            close(here);
        }
        return;
    }
    (void) mkdirat(store->directory_fd, BEFORE, 0700);
    int before = openat(store->directory_fd, BEFORE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (struct dirent *entry; before >= 0 && (entry = readdir(folder)) != NULL;) {
        size_t size = strlen(entry->d_name);
        struct stat information;

        if (size > 4 && strcmp(entry->d_name + size - 4, ".log") == 0 &&
            fstatat(here, entry->d_name, &information, 0) == 0 && information.st_size > 0 &&
            (linkat(here, entry->d_name, before, entry->d_name, 0) == 0 || errno == EEXIST)) {
            store->wal_linked = true;
        }
    }
    if (before >= 0) {
        close(before);
    }
    closedir(folder);
}

/* Under the first name that is free; "" when there was nothing to keep, or no name. */
static void keep_for_good(const struct tn_store *store, char *name, size_t size)
{
    name[0] = '\0';
    for (unsigned i = 1; store->wal_linked && i <= KEPT_MAX; i++) {
        (void) snprintf(name, size, i == 1 ? KEPT : KEPT ".%u", i);
        if (renameat(store->directory_fd, BEFORE, store->directory_fd, name) == 0) {
            return;
        }
    }
    name[0] = '\0';
    tn_store_remove_folder(store->directory_fd, BEFORE);
}

enum tn_status tn_store_mark_open(struct tn_store *store, const char *directory, bool create,
                                  struct tn_error *error)
{
    bool writer = store->mode == TN_STORE_WRITER;
    int flags = O_CLOEXEC | (writer ? O_RDWR | O_CREAT : O_RDONLY) |
                (writer && create ? O_TRUNC : 0);
    uint8_t bytes[MARK_BYTES];
    uint8_t check[8];

    store->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->directory_fd >= 0) {
        store->mark_fd = openat(store->directory_fd, "durable", flags, 0600);
    }
    if (store->mark_fd < 0) {
        return writer ? tn_fail(error, TN_IO, "%s/durable: %s", directory, strerror(errno)) : TN_OK;
    }
    if (pread(store->mark_fd, bytes, sizeof(bytes), 0) == (ssize_t) sizeof(bytes)) {
        check_of(check, bytes);
        store->marked = memcmp(check, bytes + 8, sizeof(check)) == 0 ? tn_get_be64(bytes) : 0;
    }
    if (writer) {
        keep_wal(store);
    }
    return TN_OK;
}

enum tn_status tn_store_mark_check(struct tn_store *store, struct tn_error *error)
{
    uint64_t reached = rocksdb_get_latest_sequence_number(store->db);
    char kept[32];

    if (reached >= store->marked) {
        tn_store_remove_folder(store->directory_fd, BEFORE);
        return TN_OK;
    }
    keep_for_good(store, kept, sizeof(kept));
    return tn_fail(error, TN_CORRUPT,
                   "%s: writes up to %" PRIu64 " were durable and the store has only those up to "
                   "%" PRIu64 ": stored bytes were lost or changed. Nothing is added to it%s%s; "
                   "restore from an archive",
                   store->path, store->marked, reached,
                   kept[0] != '\0' ? ", and the log of writes as it was found is kept beside it in "
                                   : "",
                   kept);
}

enum tn_status tn_store_check_durable(struct tn_store *store, struct tn_error *error)
{
    enum tn_status status = TN_OK;
    uint64_t reached = rocksdb_get_latest_sequence_number(store->db);

    if (store->mode == TN_STORE_WRITER) {
        return TN_OK; /* at its opening */
    }
    for (int look = 0; status == TN_OK && reached < store->marked && look < LOOKS; look++) {
        status = tn_store_refresh(store, error);
        reached = rocksdb_get_latest_sequence_number(store->db);
    }
    if (status == TN_OK && reached < store->marked) {
        status = tn_fail(error, TN_CORRUPT,
                         "%s: writes up to %" PRIu64 " were durable and only those up to %" PRIu64
                         " can be read: stored bytes were lost or changed; restore from an archive",
                         store->path, store->marked, reached);
    }
    return status;
}

void tn_store_mark_logged(struct tn_store *store)
{
    store->logged = rocksdb_get_latest_sequence_number(store->db);
}

void tn_store_mark_durable(struct tn_store *store, uint64_t sequence)
{
    uint8_t bytes[MARK_BYTES];

    if (store->no_sync || sequence <= store->marked) {
        return;
    }
    tn_put_be64(bytes, sequence);
    check_of(bytes + 8, bytes);
    /* A lower bound: that it could not be written takes nothing from what is durable. */
    if (pwrite(store->mark_fd, bytes, sizeof(bytes), 0) == (ssize_t) sizeof(bytes)) {
        store->marked = sequence;
    }
}

void tn_store_mark_close(struct tn_store *store)
{
    if (store->mark_fd >= 0) {
        if (store->mode == TN_STORE_WRITER) {
            (void) fdatasync(store->mark_fd);
        }
        close(store->mark_fd);
    }
    if (store->directory_fd >= 0) {
        close(store->directory_fd);
    }
}
