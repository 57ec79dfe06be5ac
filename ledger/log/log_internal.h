/* What the files of the log share; nothing outside ledger/log includes it. */
#ifndef TN_LEDGER_LOG_LOG_INTERNAL_H
#define TN_LEDGER_LOG_LOG_INTERNAL_H

#include <pthread.h>

#include "ledger/log/engine.h"
#include "ledger/log/index.h"
#include "ledger/log/log.h"
#include "ledger/log/tile.h"
#include "ledger/log/tree.h"

/* Family `tree`: BE64 (index of the first entry behind the tile) || level (1 byte) -> 256 hashes.
 * The end comes first so that keys ascend in the order in which tiles become full: RocksDB then
 * moves files down without ever rewriting them. */
#define TN_TILE_KEY_BYTES 9

struct tn_published {
    uint64_t size; /* 0 and an empty note: nothing was published */
    uint8_t root[TN_HASH_SIZE];
    struct tn_buffer note;
};

struct tn_log {
    struct tn_store *store;
    struct tn_family *log;
    struct tn_family *tree_family;
    struct tn_family *meta;
    struct tn_log_engine *engine;
    struct tn_index *index;
    bool writer;

    /* The committer's own. */
    bool failed;   /* a write had no certain outcome */
    uint64_t term; /* 0: not acquired yet */
    enum tn_durability durability;
    struct tn_tree *scratch; /* the tree with the frame that is being written */
    struct tn_buffer frame;
    struct tn_buffer leaves;
    size_t leaf_count;

    /* Committed state: written by the committer, read by any thread. */
    pthread_rwlock_t lock;
    struct tn_tree *tree;
    struct tn_log_head head;
    struct tn_published published;

    pthread_mutex_t publish_lock; /* one publication at a time: guard, record, make visible */
};

/* Row of meta while the log's derived families are made again (remake.c). */
#define TN_LOG_REMAKE_KEY "remake"
/* log.c: the row of meta that says which format this is. */
void tn_log_format_put(struct tn_batch *batch, struct tn_family *meta);
/* TN_UNSUPPORTED for another format than this program's: read before anything else. */
enum tn_status tn_log_format_check(struct tn_store *store, struct tn_family *meta, bool *missing,
                                   struct tn_error *error);

/* log_read.c: as tn_log_scan, up to `end` whatever the head says. */
enum tn_status tn_log_scan_frames(struct tn_log *log, uint64_t index, uint64_t end,
                                  tn_log_each *each, void *context, struct tn_error *error);

/* log_tree.c */
void tn_log_tile_key(uint8_t key[static TN_TILE_KEY_BYTES], unsigned level, uint64_t index);
/* A tn_tile_read whose context is the log: full tiles from the store, growing ones from memory. */
enum tn_status tn_log_tile_read(void *context, unsigned level, uint64_t index, unsigned width,
                                uint8_t *hashes, struct tn_error *error);
/* The tree of `size` entries from full tiles and entries in the store, its root compared with
 * `root`: TN_CORRUPT when it is another. */
enum tn_status tn_log_tree_load(struct tn_log *log, struct tn_tree *tree, uint64_t size,
                                const uint8_t root[static TN_HASH_SIZE], struct tn_error *error);

/* publish.c: read the record and check that it is a prefix of the committed tree, then show it. */
enum tn_status tn_log_load_published(struct tn_log *log, struct tn_error *error);

#endif
