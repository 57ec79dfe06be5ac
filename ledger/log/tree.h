/* Merkle trees of RFC 6962 (spec/log.md 1, 3, 6): a streaming root, the right edge of a growing
 * tree with its tiles, roots and proofs from tiles, and the verifiers of RFC 9162.
 *
 * Pure: no store, no clock. Every hash is exactly TN_HASH_SIZE bytes; arrays of hashes are flat.
 * Sizes count entries and stay below 2^63. Nothing here is shared between threads. */
#ifndef TN_LEDGER_LOG_TREE_H
#define TN_LEDGER_LOG_TREE_H

#include "ledger/base/buffer.h"

#define TN_TILE_HEIGHT 8
#define TN_TILE_WIDTH 256u
#define TN_TILE_BYTES ((size_t) TN_TILE_WIDTH * TN_HASH_SIZE)
/* Levels of tiles that a tree below 2^63 entries can have. */
#define TN_TREE_LEVELS 8
#define TN_TREE_SIZE_MAX ((uint64_t) 0x7fffffffffffffff)
/* No proof in a tree below 2^63 entries is longer than this. */
#define TN_PROOF_HASHES_MAX 64

/* ---- the root of a list that streams by: MTH in O(log n) memory ---- */

/* stack[k] is the root of a perfect subtree of 2^k leaves; it counts while bit k of size is set. */
struct tn_merkle {
    uint64_t size;
    uint8_t stack[64][TN_HASH_SIZE];
};

void tn_merkle_init(struct tn_merkle *merkle);
/* Add one leaf by its data (hashed here with the 00 prefix) or by its leaf hash. */
void tn_merkle_add_leaf(struct tn_merkle *merkle, struct tn_bytes data);
void tn_merkle_add_leaf_hash(struct tn_merkle *merkle, const uint8_t hash[static TN_HASH_SIZE]);
/* How many of n leaves are under the root's left child: the largest power of two below n, which is
 * at least 2. */
uint64_t tn_merkle_split(uint64_t n);
/* The root of what was added so far; more may follow. SHA-256("") for nothing. */
void tn_merkle_root(const struct tn_merkle *merkle, uint8_t root[static TN_HASH_SIZE]);

/* ---- the right edge of a growing tree ---- */

/* levels[l] holds the first (size >> 8l) & 255 hashes of the growing tile of level l. Plain memory
 * (66 KiB) without pointers; it may be copied, but tn_tree_copy copies only what counts. */
struct tn_tree {
    struct tn_merkle edge;
    uint8_t levels[TN_TREE_LEVELS][TN_TILE_WIDTH * TN_HASH_SIZE];
};

/* Receives a tile of TN_TILE_BYTES the moment it is full: each exactly once, a lower level before
 * the one above it. The bytes live during the call. */
typedef void tn_tile_write(void *context, unsigned level, uint64_t index, const uint8_t *hashes);

/* Fills `hashes` with the first `width` (1..256) hashes of a tile; any other status ends the
 * caller's work and is passed on. */
typedef enum tn_status tn_tile_read(void *context, unsigned level, uint64_t index, unsigned width,
                                    uint8_t *hashes, struct tn_error *error);

void tn_tree_init(struct tn_tree *tree);
/* What an append may undo: keep a copy, append, and copy back when the write failed. */
void tn_tree_copy(struct tn_tree *to, const struct tn_tree *from);
/* Add a leaf. `write` may be NULL when nobody wants the tiles. Cost: one node hash a leaf on
 * average, the tiles' own roots included. */
void tn_tree_append_hash(struct tn_tree *tree, const uint8_t leaf[static TN_HASH_SIZE],
                         tn_tile_write *write, void *context);
void tn_tree_append(struct tn_tree *tree, struct tn_bytes entry, tn_tile_write *write,
                    void *context);
static inline uint64_t tn_tree_size(const struct tn_tree *tree)
{
    return tree->edge.size;
}
/* At most 63 node hashes. */
void tn_tree_root(const struct tn_tree *tree, uint8_t root[static TN_HASH_SIZE]);
/* The growing tile of `level`: its hashes (borrowed until the next append) and how many there are;
 * its index is size >> 8 (level + 1). */
const uint8_t *tn_tree_growing(const struct tn_tree *tree, unsigned level, unsigned *width);

/* The edge as bytes: for level 0, 1, ... the (size >> 8l) & 255 hashes of the growing tile, flat.
 * At most 8 * 255 * 32 bytes. */
#define TN_TREE_EDGE_BYTES_MAX ((size_t) TN_TREE_LEVELS * 255 * TN_HASH_SIZE)
void tn_tree_edge(const struct tn_tree *tree, struct tn_buffer *out);
/* The tree of `size` entries again from its edge. TN_CORRUPT: not as many bytes as `size` demands.
 * The caller compares the root with what it knows. */
TN_MUST_USE enum tn_status tn_tree_resume(struct tn_tree *tree, uint64_t size, struct tn_bytes edge,
                                          struct tn_error *error);
/* The tree of `size` entries again from stored FULL tiles and the newest leaves: `read` is asked
 * for the growing tile of level 0 (width below 256) and for full tiles only; growing tiles above
 * are computed, at most 255 full tiles a level. Adds the statuses of `read`. */
TN_MUST_USE enum tn_status tn_tree_recompute(struct tn_tree *tree, uint64_t size,
                                             tn_tile_read *read, void *context,
                                             struct tn_error *error);

/* ---- roots and proofs from tiles ---- */

/* `read` is asked for tiles as they are in the tree of `size`: full ones, and the growing one of
 * each level with its width at that size. At most a few tiles a level are read.
 *
 * TN_INVALID  index or sizes out of range (nothing was read); and the statuses of `read` */
TN_MUST_USE enum tn_status tn_tree_root_at(tn_tile_read *read, void *context, uint64_t size,
                                           uint8_t root[static TN_HASH_SIZE],
                                           struct tn_error *error);
/* PATH(index, D[size]) of RFC 9162 2.1.3.1: `*count` hashes, deepest first. index < size. */
TN_MUST_USE enum tn_status tn_tree_prove_inclusion(
    tn_tile_read *read, void *context, uint64_t index, uint64_t size,
    uint8_t proof[static TN_PROOF_HASHES_MAX * TN_HASH_SIZE], size_t *count,
    struct tn_error *error);
/* PROOF(old_size, D[size]) of RFC 9162 2.1.4.1; empty for old_size = size. 0 < old_size <= size. */
TN_MUST_USE enum tn_status tn_tree_prove_consistency(
    tn_tile_read *read, void *context, uint64_t old_size, uint64_t size,
    uint8_t proof[static TN_PROOF_HASHES_MAX * TN_HASH_SIZE], size_t *count,
    struct tn_error *error);
/* PATH(index) in a tree whose `leaf_count` leaf hashes lie flat in memory (a frame, a pool). Cost:
 * one pass over the leaves. TN_INVALID unless index < leaf_count. */
TN_MUST_USE enum tn_status tn_tree_prove_leaves(
    const uint8_t *leaves, uint64_t leaf_count, uint64_t index,
    uint8_t proof[static TN_PROOF_HASHES_MAX * TN_HASH_SIZE], size_t *count);

/* ---- verification (RFC 9162 2.1.3.2, 2.1.4.2 and the house rules of spec/log.md 6) ---- */

/* How many hashes the inclusion proof of `index` in a tree of `size` has; index < size. */
size_t tn_proof_inclusion_count(uint64_t index, uint64_t size);

/* The root to which a proof leads: for a caller who compares it with what was signed.
 * TN_INVALID   index, size or the number of hashes cannot be right */
TN_MUST_USE enum tn_status tn_proof_inclusion_root(const uint8_t leaf_hash[static TN_HASH_SIZE],
                                                   uint64_t index, uint64_t size,
                                                   const uint8_t *proof, size_t count,
                                                   uint8_t root[static TN_HASH_SIZE]);
/* TN_INVALID   index, sizes or the number of hashes cannot be right
 * TN_MISMATCH  the proof leads to another root */
TN_MUST_USE enum tn_status tn_proof_verify_inclusion(const uint8_t leaf_hash[static TN_HASH_SIZE],
                                                     uint64_t index, uint64_t size,
                                                     const uint8_t *proof, size_t count,
                                                     const uint8_t root[static TN_HASH_SIZE]);
/* TN_INVALID also for old_size 0, which proves nothing: its caller decides what that means. */
TN_MUST_USE enum tn_status tn_proof_verify_consistency(uint64_t old_size, uint64_t size,
                                                       const uint8_t *proof, size_t count,
                                                       const uint8_t old_root[static TN_HASH_SIZE],
                                                       const uint8_t root[static TN_HASH_SIZE]);

#endif
