/* Tiles, roots and proofs of a log: full tiles from the store, growing ones from memory. */
#include <inttypes.h>
#include <string.h>

#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/log/log_internal.h"

static enum tn_status stored_tile(struct tn_log *log, unsigned level, uint64_t index,
                                  unsigned width, uint8_t *hashes, struct tn_error *error);
static enum tn_status load_read(void *context, unsigned level, uint64_t index, unsigned width,
                                uint8_t *hashes, struct tn_error *error);
static bool known_root(struct tn_log *log, uint64_t size, uint8_t root[static TN_HASH_SIZE]);
static enum tn_status beyond_head(struct tn_log *log, uint64_t size, struct tn_error *error);

void tn_log_tile_key(uint8_t key[static TN_TILE_KEY_BYTES], unsigned level, uint64_t index)
{
    tn_put_be64(key, (index + 1) << (TN_TILE_HEIGHT * (level + 1)));
    key[8] = (uint8_t) level;
}

enum tn_status tn_log_root(struct tn_log *log, uint64_t size, uint8_t root[static TN_HASH_SIZE],
                           struct tn_error *error)
{
    enum tn_status status = beyond_head(log, size, error);
    if (status != TN_OK) {
        memset(root, 0, TN_HASH_SIZE);
        return status;
    }
    return known_root(log, size, root) ? TN_OK
                                       : tn_tree_root_at(tn_log_tile_read, log, size, root, error);
}

enum tn_status tn_log_tile(struct tn_log *log, uint64_t size, unsigned level, uint64_t index,
                           unsigned width, struct tn_buffer *out, struct tn_error *error)
{
    tn_buffer_reset(out);
    struct tn_tile tile = {.level = level, .index = index, .width = width};
    if (beyond_head(log, size, NULL) != TN_OK || width == 0 || width > TN_TILE_WIDTH ||
        level >= TN_TREE_LEVELS || !tn_tile_exists(&tile, size)) {
        return tn_fail(error, TN_NOT_FOUND,
                       "a log of %" PRIu64 " entries has no tile %u/%" PRIu64 " of width %u", size,
                       level, index, width);
    }
    uint8_t *hashes = tn_buffer_extend(out, (size_t) width * TN_HASH_SIZE);
    enum tn_status status = hashes == NULL
                                ? tn_buffer_status(out)
                                : tn_log_tile_read(log, level, index, width, hashes, error);
    if (status != TN_OK) {
        tn_buffer_reset(out);
    }
    return status;
}

enum tn_status tn_log_prove_inclusion(struct tn_log *log, uint64_t index, uint64_t size,
                                      uint8_t proof[static TN_PROOF_HASHES_MAX * 32], size_t *count,
                                      struct tn_error *error)
{
    *count = 0;
    enum tn_status status = beyond_head(log, size, error);
    if (status == TN_OK) {
        status = tn_tree_prove_inclusion(tn_log_tile_read, log, index, size, proof, count, error);
    }
    /* Where the root is known the proof is checked: tiles that were tampered with must not go out
     * as proofs that fail in someone else's hands. */
    uint8_t root[TN_HASH_SIZE];
    if (status == TN_OK && known_root(log, size, root)) {
        uint8_t tile[TN_TILE_BYTES];
        unsigned width = (unsigned) (index % TN_TILE_WIDTH) + 1;
        status = tn_log_tile_read(log, 0, index / TN_TILE_WIDTH, width, tile, error);
        if (status == TN_OK &&
            tn_proof_verify_inclusion(tile + (size_t) (width - 1) * TN_HASH_SIZE, index, size,
                                      proof, *count, root) != TN_OK) {
            status = tn_fail(error, TN_CORRUPT,
                             "entry %" PRIu64 ": the stored tiles do not lead to "
                             "the root of size %" PRIu64,
                             index, size);
        }
    }
    if (status != TN_OK) {
        *count = 0;
    }
    return status;
}

enum tn_status tn_log_prove_consistency(struct tn_log *log, uint64_t old_size, uint64_t size,
                                        uint8_t proof[static TN_PROOF_HASHES_MAX * 32],
                                        size_t *count, struct tn_error *error)
{
    *count = 0;
    enum tn_status status = beyond_head(log, size, error);
    if (status == TN_OK) {
        status =
            tn_tree_prove_consistency(tn_log_tile_read, log, old_size, size, proof, count, error);
    }
    uint8_t root[TN_HASH_SIZE];
    if (status == TN_OK && known_root(log, size, root)) {
        uint8_t old_root[TN_HASH_SIZE];
        status = tn_log_root(log, old_size, old_root, error);
        if (status == TN_OK &&
            tn_proof_verify_consistency(old_size, size, proof, *count, old_root, root) != TN_OK) {
            status = tn_fail(error, TN_CORRUPT,
                             "the stored tiles of sizes %" PRIu64 " and %" PRIu64
                             " do not lead to the same tree",
                             old_size, size);
        }
    }
    if (status != TN_OK) {
        *count = 0;
    }
    return status;
}

enum tn_status tn_log_tile_read(void *context, unsigned level, uint64_t index, unsigned width,
                                uint8_t *hashes, struct tn_error *error)
{
    struct tn_log *log = context;
    bool growing = false;
    bool there = false;
    pthread_rwlock_rdlock(&log->lock);
    growing = index == tn_tile_full_count(level, log->head.size);
    if (growing) {
        unsigned have = 0;
        const uint8_t *from = tn_tree_growing(log->tree, level, &have);
        there = width <= have;
        if (there) {
            memcpy(hashes, from, (size_t) width * TN_HASH_SIZE);
        }
    }
    pthread_rwlock_unlock(&log->lock);
    if (!growing) {
        return stored_tile(log, level, index, width, hashes, error);
    }
    return there ? TN_OK
                 : tn_fail(error, TN_NOT_FOUND, "tile %u/%" PRIu64 " is not %u wide yet", level,
                           index, width);
}

enum tn_status tn_log_tree_load(struct tn_log *log, struct tn_tree *tree, uint64_t size,
                                const uint8_t expected[static TN_HASH_SIZE], struct tn_error *error)
{
    if (size > TN_LOG_SIZE_MAX) {
        return tn_fail(error, TN_CORRUPT,
                       "the head says %" PRIu64 " entries, more than a log takes", size);
    }
    enum tn_status status = tn_tree_recompute(tree, size, load_read, log, error);
    if (status == TN_NOT_FOUND) {
        status = TN_CORRUPT;
        if (error != NULL) {
            error->status = status;
        }
    }
    if (status != TN_OK) {
        return status;
    }
    uint8_t root[TN_HASH_SIZE];
    tn_tree_root(tree, root);
    if (memcmp(root, expected, TN_HASH_SIZE) != 0) {
        char found[2 * TN_HASH_SIZE + 1];
        char wanted[2 * TN_HASH_SIZE + 1];
        tn_hex_encode(found, root, 8);
        tn_hex_encode(wanted, expected, 8);
        return tn_fail(error, TN_CORRUPT,
                       "tiles and newest entries of %" PRIu64 " entries lead to "
                       "root %s..., committed was %s...; stored bytes were changed: run verify, "
                       "restore from an archive",
                       size, found, wanted);
    }
    return TN_OK;
}

struct leaf_target {
    uint8_t *hashes;
};

static bool hash_leaf(void *context, uint64_t index, struct tn_bytes entry)
{
    (void) index;
    struct leaf_target *target = context;
    tn_leaf_hash(target->hashes, entry);
    target->hashes += TN_HASH_SIZE;
    return true;
}

/* Before the tree is in memory: the growing tile of level 0 comes from the entries themselves. */
static enum tn_status load_read(void *context, unsigned level, uint64_t index, unsigned width,
                                uint8_t *hashes, struct tn_error *error)
{
    struct tn_log *log = context;
    if (width == TN_TILE_WIDTH) {
        return stored_tile(log, level, index, width, hashes, error);
    }
    struct leaf_target target = {.hashes = hashes};
    uint64_t first = index * TN_TILE_WIDTH;
    return tn_log_scan_frames(log, first, first + width, hash_leaf, &target, error);
}

static enum tn_status stored_tile(struct tn_log *log, unsigned level, uint64_t index,
                                  unsigned width, uint8_t *hashes, struct tn_error *error)
{
    uint8_t key[TN_TILE_KEY_BYTES];
    struct tn_buffer value;
    bool found = false;
    tn_log_tile_key(key, level, index);
    tn_buffer_init(&value, TN_TILE_BYTES);
    enum tn_status status = tn_store_get(log->store, log->tree_family, NULL,
                                         tn_bytes(key, sizeof(key)), &value, &found, error);
    if (status == TN_FULL || (status == TN_OK && (!found || value.size != TN_TILE_BYTES))) {
        status = tn_fail(error, TN_CORRUPT, "tile %u/%" PRIu64 " %s", level, index,
                         found ? "is not 256 hashes" : "is not stored as a full tile");
    }
    if (status == TN_OK) {
        memcpy(hashes, value.data, (size_t) width * TN_HASH_SIZE);
    }
    tn_buffer_close(&value);
    return status;
}

/* Roots that were committed or published are known without the tiles. */
static bool known_root(struct tn_log *log, uint64_t size, uint8_t root[static TN_HASH_SIZE])
{
    const uint8_t *known = NULL;
    pthread_rwlock_rdlock(&log->lock);
    if (size == log->head.size) {
        known = log->head.root;
    } else if (size == log->published.size && log->published.note.size != 0) {
        known = log->published.root;
    }
    if (known != NULL) {
        memcpy(root, known, TN_HASH_SIZE);
    }
    pthread_rwlock_unlock(&log->lock);
    return known != NULL;
}

static enum tn_status beyond_head(struct tn_log *log, uint64_t size, struct tn_error *error)
{
    struct tn_log_head head;
    tn_log_head(log, &head);
    return size <= head.size
               ? TN_OK
               : tn_fail(error, TN_NOT_FOUND, "the log has %" PRIu64 " entries, not %" PRIu64,
                         head.size, size);
}
