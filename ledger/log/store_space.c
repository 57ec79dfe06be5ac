/* The free-space reserve. RocksDB as Debian builds it aborts the process on a full disk, so writes
 * are refused before the disk is full.
 *
 *     room = free - reserve - what flushes will write - what a compaction may need
 *
 * Flushes write the memory tables. A compaction writes its output before its input goes: at most
 * all files, and never more than about COMPACTION_NEED_BYTES. Between two looks at the disk every
 * write counts twice: once for the WAL and once for its flush. */
#include <inttypes.h>
#include <rocksdb/c.h>
#include <sys/statvfs.h>

#include "ledger/base/clock.h"
#include "ledger/base/fault.h"
#include "ledger/log/store_internal.h"

#define ASK_EVERY_US 50000u
#define COMPACTION_NEED_BYTES (256ull << 20)
/* A write of any size: WAL block padding, file system blocks. */
#define WRITE_OVERHEAD_BYTES 4096u

static void ask_disk(struct tn_store *store);
static uint64_t work_bytes(struct tn_store *store);

void tn_store_space_init(struct tn_store_space *space, uint64_t reserve_bytes)
{
    space->reserve_bytes = reserve_bytes != 0 ? reserve_bytes : TN_STORE_RESERVE_BYTES;
    space->room_bytes = 0;
    space->asked_us = 0;
}

enum tn_status tn_store_space_take(struct tn_store *store, uint64_t bytes, struct tn_error *error)
{
    struct tn_store_space *space = &store->space;
    uint64_t cost = 2 * bytes + WRITE_OVERHEAD_BYTES;
    enum tn_status status = TN_OK;
    pthread_mutex_lock(&space->lock);
    ask_disk(store);
    uint64_t room = space->room_bytes;
    if (cost > room || tn_fault("store_space")) {
        status = TN_NO_SPACE;
    } else {
        space->room_bytes -= cost;
    }
    pthread_mutex_unlock(&space->lock);
    if (status != TN_OK) {
        return tn_fail(error, status,
                       "%s: %" PRIu64 " bytes may still be written before the reserve of %" PRIu64
                       " is touched, and %" PRIu64 " are needed; nothing was written; make space",
                       store->path, room, space->reserve_bytes, cost);
    }
    return TN_OK;
}

uint64_t tn_store_room(struct tn_store *store)
{
    struct tn_store_space *space = &store->space;
    pthread_mutex_lock(&space->lock);
    ask_disk(store);
    uint64_t room = space->room_bytes;
    pthread_mutex_unlock(&space->lock);
    return room;
}

/* Under the lock. A disk that cannot be asked has no room: better refused than aborted. */
static void ask_disk(struct tn_store *store)
{
    struct tn_store_space *space = &store->space;
    uint64_t now_us = tn_clock_monotonic_us();
    if (space->asked_us != 0 && now_us - space->asked_us < ASK_EVERY_US) {
        return;
    }
    space->asked_us = now_us;
    space->room_bytes = 0;
    struct statvfs disk;
    if (statvfs(store->path, &disk) != 0) {
        return;
    }
    uint64_t free_bytes = (uint64_t) disk.f_bavail * (uint64_t) disk.f_frsize;
    uint64_t need = space->reserve_bytes + work_bytes(store);
    if (free_bytes > need) {
        space->room_bytes = free_bytes - need;
    }
}

static uint64_t property(struct tn_store *store, const struct tn_family *family, const char *name)
{
    uint64_t value = 0;
    return rocksdb_property_int_cf(store->db, family->handle, name, &value) == 0 ? value : 0;
}

/* What flushes and one compaction may write before they free anything. */
static uint64_t work_bytes(struct tn_store *store)
{
    uint64_t flushes = 0;
    uint64_t whole = 0;
    uint64_t parts = 0;
    pthread_rwlock_rdlock(&store->families_lock);
    for (struct tn_family *family = store->families; family != NULL; family = family->next) {
        uint64_t files = property(store, family, "rocksdb.total-sst-files-size");
        flushes += property(store, family, "rocksdb.cur-size-all-mem-tables");
        if (!tn_store_merges_whole(family->name)) {
            parts += files;
        } else if (files > whole) {
            whole = files;
        }
    }
    pthread_rwlock_unlock(&store->families_lock);
    if (parts > COMPACTION_NEED_BYTES) {
        parts = COMPACTION_NEED_BYTES;
    }
    return flushes + (whole > parts ? whole : parts);
}
