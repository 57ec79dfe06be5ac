/* The tree's right edge, streaming roots, and roots and proofs from tiles. The verifiers stand in
 * proof.c, so that what makes a proof and what judges it share nothing but the hash. */
#include "ledger/log/tree.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"

_Static_assert(TN_TILE_WIDTH == 1u << TN_TILE_HEIGHT, "a tile is a perfect subtree");
_Static_assert(TN_TREE_LEVELS *TN_TILE_HEIGHT >= 63, "levels cover every size");

static void node_into(uint8_t *hash, const uint8_t *left);
static void fold(const uint8_t *hashes, uint64_t count, uint8_t *root);
static unsigned width_of(uint64_t size, unsigned level);
static void level_add(struct tn_tree *tree, unsigned level, uint64_t number, const uint8_t *hash,
                      tn_tile_write *write, void *context);

/* ---- streaming root ---- */

void tn_merkle_init(struct tn_merkle *merkle)
{
    memset(merkle, 0, sizeof(*merkle));
}

void tn_merkle_add_leaf(struct tn_merkle *merkle, struct tn_bytes data)
{
    uint8_t hash[TN_HASH_SIZE];

    tn_leaf_hash(hash, data);
    tn_merkle_add_leaf_hash(merkle, hash);
}

void tn_merkle_add_leaf_hash(struct tn_merkle *merkle, const uint8_t hash[static TN_HASH_SIZE])
{
    uint8_t carry[TN_HASH_SIZE];
    unsigned bit = 0;

    TN_CHECK(merkle->size < TN_TREE_SIZE_MAX);
    memcpy(carry, hash, sizeof(carry));
    for (; (merkle->size >> bit & 1) != 0; bit++) {
        node_into(carry, merkle->stack[bit]);
    }
    memcpy(merkle->stack[bit], carry, sizeof(carry));
    merkle->size++;
}

void tn_merkle_root(const struct tn_merkle *merkle, uint8_t root[static TN_HASH_SIZE])
{
    unsigned bit;

    if (merkle->size == 0) {
        tn_sha256(root, tn_bytes(NULL, 0));
        return;
    }
    bit = (unsigned) __builtin_ctzll(merkle->size);
    memcpy(root, merkle->stack[bit], TN_HASH_SIZE);
    for (bit++; bit < 64; bit++) {
        if ((merkle->size >> bit & 1) != 0) {
            node_into(root, merkle->stack[bit]);
        }
    }
}

/* hash = node(left, hash): everything here grows a root leftwards. */
static void node_into(uint8_t *hash, const uint8_t *left)
{
    uint8_t right[TN_HASH_SIZE];

    memcpy(right, hash, sizeof(right));
    tn_node_hash(hash, left, right);
}

/* The root over hashes that are themselves roots of equal perfect subtrees. */
static void fold(const uint8_t *hashes, uint64_t count, uint8_t *root)
{
    struct tn_merkle merkle;

    tn_merkle_init(&merkle);
    for (uint64_t i = 0; i < count; i++) {
        tn_merkle_add_leaf_hash(&merkle, hashes + i * TN_HASH_SIZE);
    }
    tn_merkle_root(&merkle, root);
}

/* ---- right edge ---- */

void tn_tree_init(struct tn_tree *tree)
{
    memset(tree, 0, sizeof(*tree));
}

void tn_tree_copy(struct tn_tree *to, const struct tn_tree *from)
{
    to->edge = from->edge;
    for (unsigned level = 0; level < TN_TREE_LEVELS; level++) {
        memcpy(to->levels[level], from->levels[level],
               width_of(from->edge.size, level) * (size_t) TN_HASH_SIZE);
    }
}

/* A carry that passes bit 8l is the root of a perfect subtree of 256^l leaves: the next hash of
 * level l. So tiles above the leaves cost no hash of their own. */
void tn_tree_append_hash(struct tn_tree *tree, const uint8_t leaf[static TN_HASH_SIZE],
                         tn_tile_write *write, void *context)
{
    struct tn_merkle *edge = &tree->edge;
    uint8_t carry[TN_HASH_SIZE];
    unsigned bit = 0;

    TN_CHECK(edge->size < TN_TREE_SIZE_MAX);
    memcpy(carry, leaf, sizeof(carry));
    for (;; bit++) {
        if (bit % TN_TILE_HEIGHT == 0) {
            level_add(tree, bit / TN_TILE_HEIGHT, edge->size >> bit, carry, write, context);
        }
        if ((edge->size >> bit & 1) == 0) {
            break;
        }
        node_into(carry, edge->stack[bit]);
    }
    memcpy(edge->stack[bit], carry, sizeof(carry));
    edge->size++;
}

static void level_add(struct tn_tree *tree, unsigned level, uint64_t number, const uint8_t *hash,
                      tn_tile_write *write, void *context)
{
    uint8_t *hashes = tree->levels[level];
    unsigned place = (unsigned) (number % TN_TILE_WIDTH);

    memcpy(hashes + place * (size_t) TN_HASH_SIZE, hash, TN_HASH_SIZE);
    if (place == TN_TILE_WIDTH - 1 && write != NULL) {
        write(context, level, number / TN_TILE_WIDTH, hashes);
    }
}

void tn_tree_append(struct tn_tree *tree, struct tn_bytes entry, tn_tile_write *write,
                    void *context)
{
    uint8_t hash[TN_HASH_SIZE];

    tn_leaf_hash(hash, entry);
    tn_tree_append_hash(tree, hash, write, context);
}

void tn_tree_root(const struct tn_tree *tree, uint8_t root[static TN_HASH_SIZE])
{
    tn_merkle_root(&tree->edge, root);
}

const uint8_t *tn_tree_growing(const struct tn_tree *tree, unsigned level, unsigned *width)
{
    TN_CHECK(level < TN_TREE_LEVELS);
    *width = width_of(tree->edge.size, level);
    return tree->levels[level];
}

static unsigned width_of(uint64_t size, unsigned level)
{
    return (unsigned) (size >> (TN_TILE_HEIGHT * level)) % TN_TILE_WIDTH;
}

void tn_tree_edge(const struct tn_tree *tree, struct tn_buffer *out)
{
    for (unsigned level = 0; level < TN_TREE_LEVELS; level++) {
        tn_buffer_append(out, tree->levels[level],
                         width_of(tree->edge.size, level) * (size_t) TN_HASH_SIZE);
    }
}

/* The perfect subtrees on the stack again from the growing tile of one level. */
static void stack_from_level(struct tn_tree *tree, unsigned level)
{
    unsigned width = width_of(tree->edge.size, level);
    const uint8_t *hashes = tree->levels[level];

    for (unsigned bit = TN_TILE_HEIGHT; bit-- > 0;) {
        unsigned count = 1u << bit;

        if ((width & count) != 0) {
            fold(hashes, count, tree->edge.stack[level * TN_TILE_HEIGHT + bit]);
            hashes += count * (size_t) TN_HASH_SIZE;
        }
    }
}

enum tn_status tn_tree_resume(struct tn_tree *tree, uint64_t size, struct tn_bytes edge,
                              struct tn_error *error)
{
    size_t expected = 0;
    size_t at = 0;

    tn_tree_init(tree);
    if (size > TN_TREE_SIZE_MAX) {
        return tn_fail(error, TN_CORRUPT, "tree size %" PRIu64 " is not below 2^63", size);
    }
    for (unsigned level = 0; level < TN_TREE_LEVELS; level++) {
        expected += width_of(size, level) * (size_t) TN_HASH_SIZE;
    }
    if (edge.size != expected) {
        return tn_fail(error, TN_CORRUPT, "edge of a tree of %" PRIu64 ": %zu bytes, not %zu", size,
                       edge.size, expected);
    }
    tree->edge.size = size;
    for (unsigned level = 0; level < TN_TREE_LEVELS; level++) {
        size_t bytes = width_of(size, level) * (size_t) TN_HASH_SIZE;

        if (bytes > 0) {
            memcpy(tree->levels[level], edge.data + at, bytes);
        }
        at += bytes;
        stack_from_level(tree, level);
    }
    return TN_OK;
}

enum tn_status tn_tree_recompute(struct tn_tree *tree, uint64_t size, tn_tile_read *read,
                                 void *context, struct tn_error *error)
{
    uint8_t tile[TN_TILE_BYTES];
    enum tn_status status = TN_OK;

    tn_tree_init(tree);
    if (size > TN_TREE_SIZE_MAX) {
        return tn_fail(error, TN_CORRUPT, "tree size %" PRIu64 " is not below 2^63", size);
    }
    if (width_of(size, 0) > 0) {
        status = read(context, 0, size / TN_TILE_WIDTH, width_of(size, 0), tree->levels[0], error);
    }
    for (unsigned level = 1; status == TN_OK && level < TN_TREE_LEVELS; level++) {
        uint64_t end = size >> (TN_TILE_HEIGHT * level);
        uint64_t first = end - end % TN_TILE_WIDTH;

        for (uint64_t i = first; status == TN_OK && i < end; i++) {
            status = read(context, level - 1, i, TN_TILE_WIDTH, tile, error);
            if (status == TN_OK) {
                fold(tile, TN_TILE_WIDTH, tree->levels[level] + (i - first) * TN_HASH_SIZE);
            }
        }
    }
    if (status != TN_OK) {
        tn_tree_init(tree);
        return status;
    }
    tree->edge.size = size;
    for (unsigned level = 0; level < TN_TREE_LEVELS; level++) {
        stack_from_level(tree, level);
    }
    return TN_OK;
}

/* ---- roots and proofs ---- */

/* Leaves [from, end) whose root is one hash of a proof. `from` is a multiple of the least power of
 * two that is not below the range's length, so the range falls into whole subtrees. */
struct range {
    uint64_t from;
    uint64_t end;
};

/* One tile at a time: ranges are visited deepest first, so a tile is rarely wanted twice. */
struct tiles {
    tn_tile_read *read;
    void *context;
    struct tn_error *error;
    uint64_t size;
    bool loaded;
    unsigned level;
    uint64_t index;
    uint8_t hashes[TN_TILE_BYTES];
};

static enum tn_status range_root(struct tiles *tiles, struct range range, uint8_t *root);
static enum tn_status ranges_root(struct tiles *tiles, const struct range *ranges, size_t count,
                                  uint8_t *proof);
static size_t inclusion_ranges(uint64_t index, uint64_t size, struct range *ranges);
static size_t consistency_ranges(uint64_t old_size, uint64_t size, struct range *ranges);

static void tiles_init(struct tiles *tiles, tn_tile_read *read, void *context, uint64_t size,
                       struct tn_error *error)
{
    tiles->read = read;
    tiles->context = context;
    tiles->error = error;
    tiles->size = size;
    tiles->loaded = false;
}

enum tn_status tn_tree_root_at(tn_tile_read *read, void *context, uint64_t size,
                               uint8_t root[static TN_HASH_SIZE], struct tn_error *error)
{
    struct tiles tiles;
    enum tn_status status;

    memset(root, 0, TN_HASH_SIZE);
    if (size > TN_TREE_SIZE_MAX) {
        return tn_fail(error, TN_INVALID, "tree size %" PRIu64 " is not below 2^63", size);
    }
    if (size == 0) {
        tn_sha256(root, tn_bytes(NULL, 0));
        return TN_OK;
    }
    tiles_init(&tiles, read, context, size, error);
    status = range_root(&tiles, (struct range){.from = 0, .end = size}, root);
    if (status != TN_OK) {
        memset(root, 0, TN_HASH_SIZE);
    }
    return status;
}

enum tn_status tn_tree_prove_inclusion(tn_tile_read *read, void *context, uint64_t index,
                                       uint64_t size,
                                       uint8_t proof[static TN_PROOF_HASHES_MAX * TN_HASH_SIZE],
                                       size_t *count, struct tn_error *error)
{
    struct range ranges[TN_PROOF_HASHES_MAX];
    struct tiles tiles;
    enum tn_status status;

    *count = 0;
    if (size > TN_TREE_SIZE_MAX || index >= size) {
        return tn_fail(error, TN_INVALID, "no entry %" PRIu64 " in a tree of %" PRIu64, index,
                       size);
    }
    size_t range_count = inclusion_ranges(index, size, ranges);
    tiles_init(&tiles, read, context, size, error);
    status = ranges_root(&tiles, ranges, range_count, proof);
    if (status == TN_OK) {
        *count = range_count;
    }
    return status;
}

enum tn_status tn_tree_prove_consistency(tn_tile_read *read, void *context, uint64_t old_size,
                                         uint64_t size,
                                         uint8_t proof[static TN_PROOF_HASHES_MAX * TN_HASH_SIZE],
                                         size_t *count, struct tn_error *error)
{
    struct range ranges[TN_PROOF_HASHES_MAX];
    struct tiles tiles;
    enum tn_status status;

    *count = 0;
    if (size > TN_TREE_SIZE_MAX || old_size == 0 || old_size > size) {
        return tn_fail(error, TN_INVALID, "no consistency proof from %" PRIu64 " to %" PRIu64,
                       old_size, size);
    }
    size_t range_count = consistency_ranges(old_size, size, ranges);
    tiles_init(&tiles, read, context, size, error);
    status = ranges_root(&tiles, ranges, range_count, proof);
    if (status == TN_OK) {
        *count = range_count;
    }
    return status;
}

enum tn_status tn_tree_prove_leaves(const uint8_t *leaves, uint64_t leaf_count, uint64_t index,
                                    uint8_t proof[static TN_PROOF_HASHES_MAX * TN_HASH_SIZE],
                                    size_t *count)
{
    struct range ranges[TN_PROOF_HASHES_MAX];

    *count = 0;
    if (leaf_count > TN_TREE_SIZE_MAX || index >= leaf_count) {
        return TN_INVALID;
    }
    size_t range_count = inclusion_ranges(index, leaf_count, ranges);
    for (size_t i = 0; i < range_count; i++) {
        const struct range *range = &ranges[range_count - 1 - i];

        fold(leaves + range->from * TN_HASH_SIZE, range->end - range->from,
             proof + i * TN_HASH_SIZE);
    }
    *count = range_count;
    return TN_OK;
}

uint64_t tn_merkle_split(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* PATH(index, D[size]) of RFC 9162 2.1.3.1 from the root down; a proof has them in reverse. */
static size_t inclusion_ranges(uint64_t index, uint64_t size, struct range *ranges)
{
    uint64_t from = 0;
    uint64_t end = size;
    size_t count = 0;

    while (end - from > 1) {
        uint64_t middle = from + tn_merkle_split(end - from);

        if (index < middle) {
            ranges[count++] = (struct range){.from = middle, .end = end};
            end = middle;
        } else {
            ranges[count++] = (struct range){.from = from, .end = middle};
            from = middle;
        }
    }
    return count;
}

/* SUBPROOF(old_size, D[size], true) of RFC 9162 2.1.4.1 from the root down. */
static size_t consistency_ranges(uint64_t old_size, uint64_t size, struct range *ranges)
{
    uint64_t from = 0;
    uint64_t end = size;
    size_t count = 0;

    while (end != old_size) {
        uint64_t middle = from + tn_merkle_split(end - from);

        if (old_size <= middle) {
            ranges[count++] = (struct range){.from = middle, .end = end};
            end = middle;
        } else {
            ranges[count++] = (struct range){.from = from, .end = middle};
            from = middle;
        }
    }
    /* The verifier holds the old root itself when the old tree is this whole subtree. */
    if (from != 0) {
        ranges[count++] = (struct range){.from = from, .end = end};
    }
    return count;
}

static enum tn_status ranges_root(struct tiles *tiles, const struct range *ranges, size_t count,
                                  uint8_t *proof)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < count; i++) {
        status = range_root(tiles, ranges[count - 1 - i], proof + i * TN_HASH_SIZE);
    }
    return status;
}

static enum tn_status tile_load(struct tiles *tiles, unsigned level, uint64_t index)
{
    uint64_t end = tiles->size >> (TN_TILE_HEIGHT * level);
    uint64_t width = end - index * TN_TILE_WIDTH;
    enum tn_status status;

    if (tiles->loaded && tiles->level == level && tiles->index == index) {
        return TN_OK;
    }
    if (width > TN_TILE_WIDTH) {
        width = TN_TILE_WIDTH;
    }
    status =
        tiles->read(tiles->context, level, index, (unsigned) width, tiles->hashes, tiles->error);
    tiles->loaded = status == TN_OK;
    tiles->level = level;
    tiles->index = index;
    return status;
}

/* The root of the perfect subtree number `number` of 2^height leaves. */
static enum tn_status subtree_root(struct tiles *tiles, unsigned height, uint64_t number,
                                   uint8_t *root)
{
    unsigned level = height / TN_TILE_HEIGHT;
    unsigned within = height % TN_TILE_HEIGHT;
    uint64_t first = number << within;
    enum tn_status status = tile_load(tiles, level, first / TN_TILE_WIDTH);

    if (status == TN_OK) {
        fold(tiles->hashes + first % TN_TILE_WIDTH * TN_HASH_SIZE, UINT64_C(1) << within, root);
    }
    return status;
}

static enum tn_status range_root(struct tiles *tiles, struct range range, uint8_t *root)
{
    uint64_t length = range.end - range.from;
    enum tn_status status = TN_OK;
    bool first = true;

    for (unsigned height = 0; status == TN_OK && height < 63; height++) {
        uint64_t before = range.from + (length >> height & ~UINT64_C(1)) * (UINT64_C(1) << height);
        uint8_t left[TN_HASH_SIZE];

        if ((length >> height & 1) == 0) {
            continue;
        }
        status = subtree_root(tiles, height, before >> height, first ? root : left);
        if (status == TN_OK && !first) {
            node_into(root, left);
        }
        first = false;
    }
    return status;
}
