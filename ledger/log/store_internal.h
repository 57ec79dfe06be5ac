/* What the files of the store share; nothing outside ledger/log/store*.c includes it. */
#ifndef TN_LEDGER_LOG_STORE_INTERNAL_H
#define TN_LEDGER_LOG_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "ledger/log/store.h"

/* The engine's types, named here so that rocksdb/c.h stays inside store*.c. */
struct rocksdb_t;
struct rocksdb_cache_t;
struct rocksdb_column_family_handle_t;
struct rocksdb_options_t;
struct rocksdb_readoptions_t;
struct rocksdb_writebatch_t;
struct rocksdb_writeoptions_t;

struct tn_family {
    struct tn_family *next;
    struct rocksdb_column_family_handle_t *handle;
    unsigned held; /* by tn_store_hold; under families_lock */
    bool dropped;  /* and in no list: the last one that holds it frees it */
    char name[TN_FAMILY_NAME_MAX + 1];
};

/* How many more bytes may be written before the disk is asked again. */
struct tn_store_space {
    pthread_mutex_t lock;
    uint64_t reserve_bytes;
    uint64_t room_bytes;
    uint64_t asked_us; /* monotonic; 0: never */
};

struct tn_store {
    enum tn_store_mode mode;
    bool no_sync;
    char *path;       /* DIR/store */
    char *secondary;  /* own folder of a secondary, NULL for the writer */
    int lock_fd;      /* -1, or DIR/lock under an exclusive flock */
    int directory_fd; /* -1, or DIR */
    int mark_fd;      /* -1, or DIR/durable */
    bool wal_linked;  /* DIR/wal-before has what the writer's opening found */
    uint64_t marked;  /* sequence number that stands there; under write_lock from the opening on */
    uint64_t logged;  /* of the last write that the WAL has; under write_lock */
    struct rocksdb_t *db;
    struct rocksdb_cache_t *cache;
    struct rocksdb_readoptions_t *read_options;
    struct rocksdb_readoptions_t *scan_options;
    struct rocksdb_writeoptions_t *write_options[3]; /* by enum tn_durability */
    pthread_rwlock_t families_lock; /* written by create and drop, read by all that walk the list */
    struct tn_family *families;
    struct tn_generation *generations; /* store_generation.c; under families_lock */
    atomic_bool claimed;               /* by tn_store_claim */
    /* One write at a time: once one has failed, none that waited behind it may follow. RocksDB
     * would only queue them up in the same way, for there is one committer and few others. */
    pthread_mutex_t write_lock;
    atomic_bool failed; /* a write failed: nobody can know what reached the disk */
    struct tn_store_space space;
};

/* store_options.c: options of the database together with those of one family. The caller destroys
 * them after use. */
struct rocksdb_options_t *tn_store_options_for(const struct tn_store *store, const char *name);
/* A compaction of this family may write all of it again beside itself. */
bool tn_store_merges_whole(const char *name);
/* Names of the families that every ledger has; "default" is RocksDB's own and stays empty. */
#define TN_STORE_FIXED_FAMILIES 8
extern const char *const tn_store_fixed_families[TN_STORE_FIXED_FAMILIES];
bool tn_store_is_fixed(const char *name);

/* store_generation.c, with families_lock held or before others know the store: `family` is there.
 * Or it is to be made: TN_DENIED when it is no higher than one there was. */
struct tn_generation;
enum tn_status tn_store_generation_note(struct tn_store *store, const char *family,
                                        struct tn_error *error);
enum tn_status tn_store_generation_take(struct tn_store *store, const char *family,
                                        struct tn_error *error);
void tn_store_generations_close(struct tn_store *store);

/* store_space.c: take `bytes` from what may still be written, or TN_NO_SPACE. */
void tn_store_space_init(struct tn_store_space *space, uint64_t reserve_bytes);
enum tn_status tn_store_space_take(struct tn_store *store, uint64_t bytes, struct tn_error *error);

/* store_mark.c: read how far writes were durable, before the database is opened. For the writer:
 * TN_CORRUPT when it reaches less far; after a write that the WAL has, and after a sync. */
enum tn_status tn_store_mark_open(struct tn_store *store, const char *directory, bool create,
                                  struct tn_error *error);
enum tn_status tn_store_mark_check(struct tn_store *store, struct tn_error *error);
void tn_store_mark_logged(struct tn_store *store);
void tn_store_mark_durable(struct tn_store *store, uint64_t sequence);
void tn_store_mark_close(struct tn_store *store);

/* store_open.c: the folder `name` of `directory_fd` with the files in it. */
void tn_store_remove_folder(int directory_fd, const char *name);

/* For scans that should not fill the cache. */
#define TN_STORE_READAHEAD_BYTES ((size_t) 2 << 20)

/* store.c: TN_OK for a writer none of whose writes has failed. */
enum tn_status tn_store_can_write(const struct tn_store *store, struct tn_error *error);
/* store.c: the one translation of what RocksDB says; frees `words`, which may be NULL (TN_OK). */
enum tn_status tn_store_status(char *words, struct tn_error *error, const char *what);
/* store_batch.c */
struct rocksdb_writebatch_t *tn_batch_raw(struct tn_batch *batch);

#endif
