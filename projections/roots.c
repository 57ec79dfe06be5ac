/* State roots: RFC 6962 over rows in key order (spec/log.md 7).
 *
 * Leaf data, integers big-endian:
 *
 *   offset  size
 *   0       4     size k of the key
 *   4       k     key
 *   4+k     4     size v of the value; FFFFFFFF: the row is deleted, and nothing follows
 *   8+k     v     value */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/log/tree.h"
#include "projections/engine.h"
#include "projections/rows_internal.h"
#include "projections/seal_file.h"
#include "projections/state_proof.h"

#define LEAF_BYTES_MAX (1 + 8 + (size_t) TN_ROW_KEY_MAX + TN_ROW_VALUE_MAX)
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
    size_t value_size = deleted ? 0 : value.size;
    uint8_t *at = tn_buffer_extend(leaf, 8 + key.size + value_size);

    if (at == NULL) {
        return;
    }
    tn_put_be32(at, (uint32_t) key.size);
    if (key.size != 0) {
        memcpy(at + 4, key.data, key.size);
    }
    tn_put_be32(at + 4 + key.size, deleted ? DELETED_SIZE : (uint32_t) value_size);
    if (value_size != 0) {
        memcpy(at + 8 + key.size, value.data, value_size);
    }
}

static void root_add(struct root *root, struct tn_bytes key, struct tn_bytes value, bool deleted)
{
    uint8_t hash[TN_HASH_SIZE];

    /* Made behind RFC 6962's zero, a leaf is hashed where it lies. */
    tn_buffer_reset(&root->leaf);
    tn_buffer_append_u8(&root->leaf, 0);
    tn_row_leaf(key, value, deleted, &root->leaf);
    tn_sha256(hash, tn_buffer_view(&root->leaf));
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

static enum tn_status root_of_store(const struct tn_rows *rows, struct root *root,
                                    struct tn_error *error)
{
    /* An iterator sees one moment, so no snapshot of its own is needed. */
    struct tn_iterator *iterator =
        tn_iterator_create(rows->options.store, rows->options.family, rows->options.snapshot, true);

    for (tn_iterator_seek_first(iterator); tn_iterator_valid(iterator) && !root->leaf.overflowed;
         tn_iterator_next(iterator)) {
        root_add(root, tn_iterator_key(iterator), tn_iterator_value(iterator), false);
    }
    enum tn_status status = tn_iterator_status(iterator, error);
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

/* A stretch of two stored families in key order. */
struct stretch {
    struct tn_store *store;
    struct tn_family *families[2];
    struct tn_bytes from; /* empty: from the first row */
    struct tn_bytes to;   /* the key that is no longer part of it; empty: to the last row */
    const atomic_bool *stop;
    struct tn_rows_compared compared;
    enum tn_status status;
    struct tn_error error;
};

/* Seen every so many rows: some tenths of a millisecond. */
#define STOP_ROWS 1024u

static bool is_within(const struct stretch *stretch, const struct tn_iterator *iterator)
{
    return tn_iterator_valid(iterator) &&
           (stretch->to.size == 0 || tn_bytes_compare(tn_iterator_key(iterator), stretch->to) < 0);
}

static void name_key(struct tn_rows_compared *compared, const char *what, struct tn_bytes key)
{
    char hex[2 * TN_ROW_KEY_MAX + 1];

    tn_hex_encode(hex, key.data, key.size < TN_ROW_KEY_MAX ? key.size : TN_ROW_KEY_MAX);
    (void) snprintf(compared->words, sizeof(compared->words), "%s, key %s", what, hex);
}

/* Where two iterators part that do not stand on the same row, or have ended both. */
static void name_parting(struct stretch *stretch, struct tn_iterator *live,
                         struct tn_iterator *rebuilt)
{
    struct tn_rows_compared *compared = &stretch->compared;
    bool has_live = is_within(stretch, live);
    bool has_rebuilt = is_within(stretch, rebuilt);
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

static bool same_row(const struct stretch *stretch, struct tn_iterator *live,
                     struct tn_iterator *rebuilt)
{
    return is_within(stretch, live) && tn_iterator_valid(rebuilt) &&
           tn_bytes_equal(tn_iterator_key(live), tn_iterator_key(rebuilt)) &&
           tn_bytes_equal(tn_iterator_value(live), tn_iterator_value(rebuilt));
}

static enum tn_status go_on(struct stretch *stretch)
{
    return tn_stop_asked(stretch->stop)
               ? tn_fail(&stretch->error, TN_UNAVAILABLE, TN_REBUILD_STOPPED)
               : TN_OK;
}

/* One side from where both part to the end of the stretch. */
static enum tn_status add_rest(struct stretch *stretch, struct tn_iterator *iterator,
                               struct root *root)
{
    enum tn_status status = go_on(stretch);

    while (status == TN_OK && is_within(stretch, iterator) && !root->leaf.overflowed) {
        root_add(root, tn_iterator_key(iterator), tn_iterator_value(iterator), false);
        tn_iterator_next(iterator);
        if (root->merkle.size % STOP_ROWS == 0) {
            status = go_on(stretch);
        }
    }
    return status == TN_OK ? tn_iterator_status(iterator, &stretch->error) : status;
}

static void compare_stretch(struct stretch *stretch)
{
    struct tn_rows_compared *compared = &stretch->compared;
    struct tn_iterator *iterators[2];
    struct root roots[2];

    *compared = (struct tn_rows_compared){0};
    for (size_t i = 0; i < TN_ARRAY_SIZE(roots); i++) {
        root_open(&roots[i]);
        iterators[i] = tn_iterator_create(stretch->store, stretch->families[i], NULL, true);
        tn_iterator_seek(iterators[i], stretch->from);
    }
    while (same_row(stretch, iterators[0], iterators[1]) && !roots[0].leaf.overflowed &&
           (roots[0].merkle.size % STOP_ROWS != 0 || !tn_stop_asked(stretch->stop))) {
        root_add(&roots[0], tn_iterator_key(iterators[0]), tn_iterator_value(iterators[0]), false);
        tn_iterator_next(iterators[0]);
        tn_iterator_next(iterators[1]);
    }
    roots[1].merkle = roots[0].merkle;
    name_parting(stretch, iterators[0], iterators[1]);
    stretch->status = TN_OK;
    for (size_t i = 0; i < TN_ARRAY_SIZE(roots); i++) {
        if (stretch->status == TN_OK) {
            stretch->status = add_rest(stretch, iterators[i], &roots[i]);
        }
        stretch->status = root_close(&roots[i], stretch->status,
                                     i == 0 ? "the live rows" : "the rebuilt rows",
                                     &compared->count[i], compared->root[i], &stretch->error);
        tn_iterator_destroy(iterators[i]);
    }
}

static void *compare_beside(void *argument)
{
    compare_stretch(argument);
    return NULL;
}

/* By two threads, on either side of `middle`; false when that does not give the whole: the rows
 * differ, or the left part is not the left subtree of all (RFC 6962 2.1). */
static bool compare_halves(struct stretch *whole, struct tn_bytes middle)
{
    struct stretch left = *whole;
    struct stretch right = *whole;
    pthread_t thread;

    left.to = middle;
    right.from = middle;
    if (middle.size == 0 || pthread_create(&thread, NULL, compare_beside, &right) != 0) {
        return false;
    }
    compare_stretch(&left);
    pthread_join(thread, NULL);

    uint64_t count = left.compared.count[0];
    uint64_t rest = right.compared.count[0];
    if (left.status != TN_OK || right.status != TN_OK || !left.compared.equal ||
        !right.compared.equal || count == 0 || rest == 0 ||
        count != tn_merkle_split(count + rest)) {
        return false;
    }
    whole->compared = (struct tn_rows_compared){.equal = true};
    for (size_t i = 0; i < TN_ARRAY_SIZE(whole->compared.root); i++) {
        whole->compared.count[i] = count + rest;
        tn_node_hash(whole->compared.root[i], left.compared.root[i], right.compared.root[i]);
    }
    return true;
}

enum tn_status tn_rows_compare(struct tn_store *store, struct tn_family *live,
                               struct tn_family *rebuilt, struct tn_bytes middle,
                               const atomic_bool *stop, struct tn_rows_compared *compared,
                               struct tn_error *error)
{
    struct stretch whole = {.store = store, .families = {live, rebuilt}, .stop = stop};

    if (!compare_halves(&whole, middle)) {
        compare_stretch(&whole);
    }
    *compared = whole.compared;
    if (whole.status != TN_OK && error != NULL) {
        *error = whole.error;
    }
    return whole.status;
}
