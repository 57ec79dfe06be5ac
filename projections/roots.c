/* State roots: RFC 6962 over rows in key order (spec/log.md 7).
 *
 * Leaf data, integers big-endian:
 *
 *   offset  size
 *   0       4     size k of the key
 *   4       k     key
 *   4+k     4     size v of the value; FFFFFFFF: the row is deleted, and nothing follows
 *   8+k     v     value */
#include <stdio.h>

#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/log/tree.h"
#include "projections/engine.h"
#include "projections/rows_internal.h"
#include "projections/seal_file.h"
#include "projections/state_proof.h"

#define LEAF_BYTES_MAX (8 + (size_t) TN_ROW_KEY_MAX + TN_ROW_VALUE_MAX)
#define DELETED_SIZE UINT32_MAX

struct root {
    struct tn_merkle merkle;
    struct tn_buffer leaf;
    struct tn_rows *rows;
    struct tn_seal_writer *sealing; /* keeps the leaves; NULL: nobody does */
};

static enum tn_status root_of_store(const struct tn_rows *rows, struct root *root,
                                    struct tn_error *error);

static void root_open(struct root *root)
{
    tn_merkle_init(&root->merkle);
    tn_buffer_init(&root->leaf, LEAF_BYTES_MAX);
    root->rows = NULL;
    root->sealing = NULL;
}

void tn_row_leaf(struct tn_bytes key, struct tn_bytes value, bool deleted, struct tn_buffer *leaf)
{
    tn_buffer_append_be32(leaf, (uint32_t) key.size);
    tn_buffer_append_bytes(leaf, key);
    tn_buffer_append_be32(leaf, deleted ? DELETED_SIZE : (uint32_t) value.size);
    if (!deleted) {
        tn_buffer_append_bytes(leaf, value);
    }
}

static void root_add(struct root *root, struct tn_bytes key, struct tn_bytes value, bool deleted)
{
    uint8_t hash[TN_HASH_SIZE];

    tn_buffer_reset(&root->leaf);
    tn_row_leaf(key, value, deleted, &root->leaf);
    tn_leaf_hash(hash, tn_buffer_view(&root->leaf));
    tn_merkle_add_leaf_hash(&root->merkle, hash);
    if (root->sealing != NULL) {
        tn_seal_writer_add(root->sealing, key, hash);
    }
}

static enum tn_status root_close(struct root *root, enum tn_status status, const char *name,
                                 uint64_t *count, uint8_t out[static TN_HASH_SIZE],
                                 struct tn_error *error)
{
    if (status == TN_OK && root->leaf.overflowed) {
        status = tn_fail(error, TN_CORRUPT, "%s: a stored row is larger than rows can be", name);
    }
    *count = 0;
    memset(out, 0, TN_HASH_SIZE);
    if (status == TN_OK) {
        *count = root->merkle.size;
        tn_merkle_root(&root->merkle, out);
    }
    tn_buffer_close(&root->leaf);
    return status;
}

enum tn_status tn_rows_root(struct tn_rows *rows, uint64_t *count, uint8_t out[static TN_HASH_SIZE],
                            struct tn_error *error)
{
    struct root root;

    if (rows->options.face == TN_ROWS_BUILD) {
        return tn_rows_root_now(rows, count, out, error);
    }
    root_open(&root);
    enum tn_status status = root_of_store(rows, &root, error);
    return root_close(&root, status, rows->name, count, out, error);
}

/* The rows from where the iterator stands to the last. */
static enum tn_status add_rest(struct tn_iterator *iterator, struct root *root,
                               struct tn_error *error)
{
    for (; tn_iterator_valid(iterator) && !root->leaf.overflowed; tn_iterator_next(iterator)) {
        root_add(root, tn_iterator_key(iterator), tn_iterator_value(iterator), false);
    }
    return tn_iterator_status(iterator, error);
}

static enum tn_status root_of_store(const struct tn_rows *rows, struct root *root,
                                    struct tn_error *error)
{
    /* An iterator sees one moment, so no snapshot of its own is needed. */
    struct tn_iterator *iterator =
        tn_iterator_create(rows->options.store, rows->options.family, rows->options.snapshot, true);

    tn_iterator_seek_first(iterator);
    enum tn_status status = add_rest(iterator, root, error);
    tn_iterator_destroy(iterator);
    return status;
}

static bool add_row(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct root *root = context;

    root_add(root, key, value, false);
    return !root->leaf.overflowed;
}

enum tn_status tn_rows_root_now(struct tn_rows *rows, uint64_t *count,
                                uint8_t out[static TN_HASH_SIZE], struct tn_error *error)
{
    const struct tn_bytes all = tn_bytes(NULL, 0);
    enum tn_status status = TN_OK;
    struct root root;

    root_open(&root);
    root.sealing = rows->sealing;
    /* A build with a family writes its rows there anyway, and sorts them quicker in bulk. */
    if (rows->options.face == TN_ROWS_BUILD && rows->options.store != NULL) {
        status = tn_rows_spill(rows, error);
    }
    if (status == TN_OK) {
        status = tn_rows_scan(rows, all, all, add_row, &root, error);
    }
    return root_close(&root, status, rows->name, count, out, error);
}

static void fetch_touched(void *context, struct tn_bytes key, enum tn_cache_step step)
{
    const struct root *root = context;

    tn_cache_fetch(&root->rows->cache, tn_cache_hash(key), step);
}

static enum tn_status add_touched(void *context, struct tn_bytes key, struct tn_error *error)
{
    struct root *root = context;
    struct tn_bytes value;
    bool found = false;
    enum tn_status status = tn_rows_get(root->rows, key, &value, &found, error);

    if (status == TN_OK) {
        root_add(root, key, value, !found);
    }
    return status;
}

enum tn_status tn_rows_root_touched(struct tn_rows *rows, uint64_t *count,
                                    uint8_t out[static TN_HASH_SIZE], struct tn_error *error)
{
    struct root root;

    root_open(&root);
    root.rows = rows;
    root.sealing = rows->sealing;
    enum tn_status status =
        tn_touched_walk(&rows->touched, fetch_touched, add_touched, &root, error);
    return root_close(&root, status, rows->name, count, out, error);
}

/* ---- two sets of rows ---- */

static void name_key(struct tn_rows_compared *compared, const char *what, struct tn_bytes key)
{
    char hex[2 * TN_ROW_KEY_MAX + 1];

    tn_hex_encode(hex, key.data, key.size < TN_ROW_KEY_MAX ? key.size : TN_ROW_KEY_MAX);
    (void) snprintf(compared->words, sizeof(compared->words), "%s, key %s", what, hex);
}

/* Where two iterators part that do not stand on the same row, or have ended both. */
static void name_parting(struct tn_rows_compared *compared, struct tn_iterator *live,
                         struct tn_iterator *rebuilt)
{
    bool has_live = tn_iterator_valid(live);
    bool has_rebuilt = tn_iterator_valid(rebuilt);
    int order = has_live ? -1 : 1;

    compared->equal = !has_live && !has_rebuilt;
    if (compared->equal) {
        return;
    }
    if (has_live && has_rebuilt) {
        order = tn_bytes_compare(tn_iterator_key(live), tn_iterator_key(rebuilt));
    }
    if (order == 0) {
        name_key(compared, "another value", tn_iterator_key(live));
    } else if (order < 0) {
        name_key(compared, "a row that folding does not give", tn_iterator_key(live));
    } else {
        name_key(compared, "a row is missing", tn_iterator_key(rebuilt));
    }
}

static bool same_row(struct tn_iterator *live, struct tn_iterator *rebuilt)
{
    return tn_iterator_valid(live) && tn_iterator_valid(rebuilt) &&
           tn_bytes_equal(tn_iterator_key(live), tn_iterator_key(rebuilt)) &&
           tn_bytes_equal(tn_iterator_value(live), tn_iterator_value(rebuilt));
}

enum tn_status tn_rows_compare(struct tn_store *store, struct tn_family *live,
                               struct tn_family *rebuilt, struct tn_rows_compared *compared,
                               struct tn_error *error)
{
    struct tn_iterator *iterators[] = {tn_iterator_create(store, live, NULL, true),
                                       tn_iterator_create(store, rebuilt, NULL, true)};
    struct root roots[2];
    enum tn_status status = TN_OK;

    *compared = (struct tn_rows_compared){0};
    for (size_t i = 0; i < TN_ARRAY_SIZE(roots); i++) {
        root_open(&roots[i]);
        tn_iterator_seek_first(iterators[i]);
    }
    while (same_row(iterators[0], iterators[1]) && !roots[0].leaf.overflowed) {
        root_add(&roots[0], tn_iterator_key(iterators[0]), tn_iterator_value(iterators[0]), false);
        tn_iterator_next(iterators[0]);
        tn_iterator_next(iterators[1]);
    }
    roots[1].merkle = roots[0].merkle;
    name_parting(compared, iterators[0], iterators[1]);
    for (size_t i = 0; i < TN_ARRAY_SIZE(roots); i++) {
        if (status == TN_OK) {
            status = add_rest(iterators[i], &roots[i], error);
        }
        status = root_close(&roots[i], status, i == 0 ? "the live rows" : "the rebuilt rows",
                            &compared->count[i], compared->root[i], error);
        tn_iterator_destroy(iterators[i]);
    }
    return status;
}
