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
 * DIR/wal-before; when it fails they stay as DIR/wal-kept, for whoever has to find out. */
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

static void check_of(uint8_t *check, const uint8_t *sequence)
{
    tn_hash_one(check, 8, "turno1.durable", tn_bytes(NULL, 0), tn_bytes(sequence, 8));
}

/* A link to every file of the WAL; links of a start that ended early stay. A file system without
 * links keeps nothing. */
static void keep_wal(const struct tn_store *store)
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

        if (size > 4 && strcmp(entry->d_name + size - 4, ".log") == 0) {
            if (linkat(here, entry->d_name, before, entry->d_name, 0) != 0) {
                continue; /* there already, or a file system without links */
            }
        }
    }
    if (before >= 0) {
        close(before);
    }
    closedir(folder);
}

enum tn_status tn_store_mark_open(struct tn_store *store, const char *directory, bool create,
                                  struct tn_error *error)
{
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | (create ? O_TRUNC : 0);
    uint8_t bytes[MARK_BYTES];
    uint8_t check[8];

    store->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->directory_fd >= 0) {
        store->mark_fd = openat(store->directory_fd, "durable", flags, 0600);
    }
    if (store->mark_fd < 0) {
        return tn_fail(error, TN_IO, "%s/durable: %s", directory, strerror(errno));
    }
    if (pread(store->mark_fd, bytes, sizeof(bytes), 0) == (ssize_t) sizeof(bytes)) {
        check_of(check, bytes);
        store->marked = memcmp(check, bytes + 8, sizeof(check)) == 0 ? tn_get_be64(bytes) : 0;
    }
    keep_wal(store);
    return TN_OK;
}

enum tn_status tn_store_mark_check(struct tn_store *store, struct tn_error *error)
{
    uint64_t reached = rocksdb_get_latest_sequence_number(store->db);

    if (reached >= store->marked) {
        tn_store_remove_folder(store->directory_fd, BEFORE);
        return TN_OK;
    }
    (void) renameat(store->directory_fd, BEFORE, store->directory_fd, KEPT);
    return tn_fail(error, TN_CORRUPT,
                   "%s: writes up to %" PRIu64 " were durable and the store has only those up to "
                   "%" PRIu64 ": stored bytes were lost or changed. Nothing is written, and what "
                   "the log of writes still holds is kept in wal-kept beside it; restore from an "
                   "archive",
                   store->path, store->marked, reached);
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
        (void) fdatasync(store->mark_fd);
        close(store->mark_fd);
    }
    if (store->directory_fd >= 0) {
        close(store->directory_fd);
    }
}
