/* The key-value store under a ledger: RocksDB behind a small face (only ledger/log/store*.c include
 * rocksdb/c.h). Families, batches, snapshots, iterators, and the free-space reserve. */
#ifndef TN_LEDGER_LOG_STORE_H
#define TN_LEDGER_LOG_STORE_H

#include "ledger/base/buffer.h"

/* Longest name of a family ("queue@3"). */
#define TN_FAMILY_NAME_MAX 63

struct tn_store;    /* one open database; any thread unless said otherwise */
struct tn_family;   /* a column family; owned by its store */
struct tn_batch;    /* writes that happen together or not at all; one thread at a time */
struct tn_snapshot; /* the state at one moment */
struct tn_iterator; /* one thread at a time */

enum tn_store_mode {
    TN_STORE_WRITER,    /* the one writer, under the file lock of the directory */
    TN_STORE_SECONDARY, /* reads beside a running writer; sees what is committed when refreshed */
};

struct tn_store_options {
    enum tn_store_mode mode;
    bool create;            /* make the directory and the database; TN_EXISTS if it is there */
    uint64_t reserve_bytes; /* refuse writes when the file system has less free; 0: the default */
    size_t cache_bytes;     /* block cache; 0: the default */
    bool no_sync;           /* only for the test that shows what a missing sync would lose */
};

#define TN_STORE_RESERVE_BYTES (512ull << 20)
#define TN_STORE_CACHE_BYTES ((size_t) 96 << 20)
/* The WAL is cut once it holds this much, so that a start replays little. */
#define TN_STORE_WAL_BYTES (64ull << 20)
/* Enough for some 30 GB of files; RocksDB opens and closes them beyond that. A secondary keeps all
 * open, because the writer may delete a file under it. */
#define TN_STORE_OPEN_FILES_MAX 512

/* Open DIR/store (writer) or attach to it (secondary, with its own small folder in the system's
 * temporary directory). The fixed families log, tree, gathered, index, commands, vault and meta
 * exist after a create; others are made on demand.
 * TN_BUSY       another process is the writer
 * TN_NOT_FOUND  no ledger there        TN_EXISTS     create, and there is one
 * TN_CORRUPT    RocksDB says so        TN_IO         anything else of the environment */
TN_MUST_USE enum tn_status tn_store_open(const char *directory,
                                         const struct tn_store_options *options,
                                         struct tn_store **store, struct tn_error *error);
/* Is there a store in this directory? TN_CORRUPT when there is what is left of one, TN_IO when
 * nobody can look. */
TN_MUST_USE enum tn_status tn_store_look(const char *directory, bool *exists,
                                         struct tn_error *error);
/* For who says that a ledger is whole: TN_CORRUPT when writes are missing that were durable before
 * this store was opened. A writer is not opened without them; a secondary reads what there is. */
TN_MUST_USE enum tn_status tn_store_check_durable(struct tn_store *store, struct tn_error *error);
void tn_store_close(struct tn_store *store);
/* Opened as TN_STORE_WRITER. */
bool tn_store_is_writer(const struct tn_store *store);

/* The family of that name; made when `create` and the store is the writer. TN_NOT_FOUND otherwise.
 * Fixed names: "log" "tree" "gathered" "index" "commands" "vault" "meta". The handle lives until
 * the store is closed or the family dropped.
 * TN_DENIED  a generation that is to be made is no higher than one there was (below) */
TN_MUST_USE enum tn_status tn_store_family(struct tn_store *store, const char *name, bool create,
                                           struct tn_family **family, struct tn_error *error);
TN_MUST_USE enum tn_status tn_store_drop_family(struct tn_store *store, const char *name,
                                                struct tn_error *error);
/* Families that take each other's place are called NAME.N, N >= 1: the highest N since the store
 * was opened, dropped ones included; 0 when there was none. A name of an earlier family is not
 * given again before the next opening: until then a secondary of RocksDB 7.8 crashes on it. */
uint64_t tn_store_generation(struct tn_store *store, const char *name);
/* The N of a family; 0 when it is not of that NAME. */
uint64_t tn_family_generation(const char *family, const char *name);
/* All rows of a family go at once, damaged ones too, also of one that takes finished files only.
 * Nobody else uses it meanwhile; a cut leaves it empty. The store is closed right after: until it
 * is opened for writing again a secondary of RocksDB 7.8 crashes on a name that was made anew. */
TN_MUST_USE enum tn_status tn_store_empty_family(struct tn_store *store, const char *name,
                                                 struct tn_error *error);
/* As tn_store_family of one that exists, for whoever reads it while others may drop it: it can be
 * read until tn_store_release, and its bytes leave the disk when the last who holds it lets go. */
TN_MUST_USE enum tn_status tn_store_hold(struct tn_store *store, const char *name,
                                         struct tn_family **family, struct tn_error *error);
void tn_store_release(struct tn_store *store, struct tn_family *family);
/* The right to make families beside those in use and to replace them, for one at a time: false when
 * another has it. */
TN_MUST_USE bool tn_store_claim(struct tn_store *store);
void tn_store_unclaim(struct tn_store *store);
/* Live bytes on disk and in memory tables of one family, as the engine estimates them. */
uint64_t tn_store_family_bytes(struct tn_store *store, struct tn_family *family);
/* Calls `each` with every family's name. */
void tn_store_families(struct tn_store *store,
                       void (*each)(void *context, const char *name, struct tn_family *family),
                       void *context);

/* `*found` false and an empty `value` when the key is absent. The value is appended to the reset
 * buffer. `snapshot` may be NULL: the newest committed state. */
TN_MUST_USE enum tn_status tn_store_get(struct tn_store *store, struct tn_family *family,
                                        const struct tn_snapshot *snapshot, struct tn_bytes key,
                                        struct tn_buffer *value, bool *found,
                                        struct tn_error *error);

struct tn_batch *tn_batch_create(void);
void tn_batch_destroy(struct tn_batch *batch);
void tn_batch_reset(struct tn_batch *batch);
void tn_batch_put(struct tn_batch *batch, struct tn_family *family, struct tn_bytes key,
                  struct tn_bytes value);
void tn_batch_delete(struct tn_batch *batch, struct tn_family *family, struct tn_bytes key);
/* Delete every key in [from, to). */
void tn_batch_delete_range(struct tn_batch *batch, struct tn_family *family, struct tn_bytes from,
                           struct tn_bytes to);
/* Remember how much the batch holds, then either take back what was added since, or forget the
 * mark. Marks nest; every mark is ended by one of the two. */
void tn_batch_mark(struct tn_batch *batch);
void tn_batch_rollback(struct tn_batch *batch);
void tn_batch_unmark(struct tn_batch *batch);
size_t tn_batch_count(const struct tn_batch *batch);
/* Bytes that the batch takes in the WAL. */
size_t tn_batch_bytes(const struct tn_batch *batch);

enum tn_durability {
    TN_SYNCED,   /* on the disk before the call returns (P2) */
    TN_UNSYNCED, /* in the WAL, not forced */
    TN_NO_WAL,   /* bulk loads that end with tn_store_flush (a rebuild can start again) */
};

/* Write the whole batch. After TN_IO the store is fail-stop: every later write answers TN_IO, for
 * nobody can know what reached the disk.
 * TN_NO_SPACE    the reserve is touched (the disk is asked at most every 50 ms and counted down in
 *                between); nothing was written, and writes go on when there is space again
 * TN_UNSUPPORTED the store is a secondary */
TN_MUST_USE enum tn_status tn_store_write(struct tn_store *store, struct tn_batch *batch,
                                          enum tn_durability durability, struct tn_error *error);
/* As tn_store_write, for what is small and owed (the checkpoint of entries that were answered): it
 * may touch the reserve, which is large enough for years of them. */
TN_MUST_USE enum tn_status tn_store_write_owed(struct tn_store *store, struct tn_batch *batch,
                                               enum tn_durability durability,
                                               struct tn_error *error);
/* Make everything durable that was written TN_UNSYNCED before. Fail-stop as tn_store_write. */
TN_MUST_USE enum tn_status tn_store_sync(struct tn_store *store, struct tn_error *error);
/* Write the memory tables to files, which makes TN_NO_WAL writes durable. */
TN_MUST_USE enum tn_status tn_store_flush(struct tn_store *store, struct tn_error *error);
/* Merge everything down: for measuring disk use; slow. TN_NO_SPACE when the largest family would
 * not fit beside itself. */
TN_MUST_USE enum tn_status tn_store_compact(struct tn_store *store, struct tn_error *error);
/* Secondary only: see what the writer has committed by now, files and WAL as they belong together.
 * A no-op for the writer.
 * TN_BUSY  files changed during every one of many looks; try again later */
TN_MUST_USE enum tn_status tn_store_refresh(struct tn_store *store, struct tn_error *error);

/* Many rows at once, beside the WAL: a fraction of the cost of a batch for rows that can be made
 * again (index rows, a rebuilt projection). Keys ascend and are unique. They become visible and
 * durable together at the commit; destroying without it leaves nothing. One load a family at a
 * time. `estimate_bytes` is held against the reserve: TN_NO_SPACE. */
struct tn_load;
TN_MUST_USE enum tn_status tn_load_create(struct tn_store *store, struct tn_family *family,
                                          uint64_t estimate_bytes, struct tn_load **load,
                                          struct tn_error *error);
/* A row that cannot be added fails the commit. */
void tn_load_put(struct tn_load *load, struct tn_bytes key, struct tn_bytes value);
TN_MUST_USE enum tn_status tn_load_commit(struct tn_load *load, struct tn_error *error);
void tn_load_destroy(struct tn_load *load);
/* Bytes that may still be written before the reserve refuses (0: refused now). */
uint64_t tn_store_room(struct tn_store *store);

/* A secondary gives NULL, which reads the state of its last refresh. */
struct tn_snapshot *tn_snapshot_create(struct tn_store *store);
void tn_snapshot_destroy(struct tn_store *store, struct tn_snapshot *snapshot);

/* `readahead` for long scans that should not fill the cache. */
struct tn_iterator *tn_iterator_create(struct tn_store *store, struct tn_family *family,
                                       const struct tn_snapshot *snapshot, bool readahead);
void tn_iterator_destroy(struct tn_iterator *iterator);
void tn_iterator_seek(struct tn_iterator *iterator, struct tn_bytes key); /* first >= key */
void tn_iterator_seek_for_prev(struct tn_iterator *iterator, struct tn_bytes key); /* last <= key */
void tn_iterator_seek_first(struct tn_iterator *iterator);
void tn_iterator_seek_last(struct tn_iterator *iterator);
void tn_iterator_next(struct tn_iterator *iterator);
void tn_iterator_prev(struct tn_iterator *iterator);
bool tn_iterator_valid(const struct tn_iterator *iterator);
/* Views that live until the iterator moves. */
struct tn_bytes tn_iterator_key(const struct tn_iterator *iterator);
struct tn_bytes tn_iterator_value(const struct tn_iterator *iterator);
/* TN_OK when the iterator ended for want of keys, else what went wrong. In a family in which ranges
 * are deleted it may have passed over a file without a word: see tn_store_check_range. */
TN_MUST_USE enum tn_status tn_iterator_status(const struct tn_iterator *iterator,
                                              struct tn_error *error);
/* Look at every key of [from, to) (both empty: all), deleted or not, so that each file is opened
 * and read. RocksDB 7.8 loses the error of a file that cannot be (no descriptor is left, it is
 * damaged) where ranges were deleted: a scan ends early or goes on behind that file, and its status
 * is OK (facebook/rocksdb pull requests 11782 and 11786, mended in 8.5.2). Who decides something by
 * the rows of such a scan asks this before. Some 0.1 us a key.
 *
 * TN_IO, TN_CORRUPT  a file cannot be read; the words name it */
TN_MUST_USE enum tn_status tn_store_check_range(struct tn_store *store, struct tn_family *family,
                                                struct tn_bytes from, struct tn_bytes to,
                                                struct tn_error *error);

#endif
