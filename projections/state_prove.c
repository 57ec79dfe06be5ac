/* Proofs of sealed rows, made. */
#include "projections/state_prove.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/hash.h"
#include "ledger/log/levels.h"
#include "projections/engine.h"

#define CHUNK 256u
#define SEAL_FULL 2u
/* Values of a range; the file has them in base64. */
#define SHOWN_BYTES_MAX ((size_t) 6 << 20)
#define NODES_BYTES_MAX ((size_t) 2 << 30)

static enum tn_status read_seal(struct tn_log *log, uint64_t index, struct tn_state_sealed *seal,
                                struct tn_error *error)
{
    struct tn_buffer entry;
    struct tn_arena arena;
    struct tn_event event;
    enum tn_status status;

    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    tn_arena_init(&arena, (size_t) 4 << 20);
    status = tn_log_read(log, index, &entry, error);
    if (status == TN_OK) {
        status = tn_event_decode(tn_buffer_view(&entry), index, &arena, &event, error);
    }
    if (status == TN_OK && event.kind != TN_KIND_state_sealed) {
        status = tn_fail(error, TN_NOT_FOUND, "entry %" PRIu64 " is not a seal", index);
    }
    if (status == TN_OK) {
        *seal = event.body.state_sealed;
    }
    tn_arena_close(&arena);
    tn_buffer_close(&entry);
    return status;
}

enum tn_status tn_state_find_seal(struct tn_log *log, size_t projection, uint64_t end, bool at,
                                  uint64_t *index, struct tn_state_sealed *seal,
                                  struct tn_error *error)
{
    uint64_t indices[CHUNK];
    size_t count = CHUNK;
    enum tn_status status = TN_OK;

    if (at && end > 0) {
        *index = end - 1;
        status = read_seal(log, *index, seal, error);
        if (status == TN_OK && (seal->projection != projection || seal->scope != SEAL_FULL)) {
            status = tn_fail(error, TN_NOT_FOUND, "entry %" PRIu64 " is not a full seal of %s",
                             *index, tn_projection_at(projection)->name);
        }
        return status;
    }
    while (status == TN_OK && count > 0) {
        count = CHUNK;
        status = tn_log_read_kind(log, TN_KIND_state_sealed, end, true, indices, &count, error);
        for (size_t i = 0; status == TN_OK && i < count; i++) {
            *index = end = indices[i];
            status = read_seal(log, *index, seal, error);
            if (status == TN_OK && seal->projection == projection && seal->scope == SEAL_FULL) {
                return TN_OK;
            }
        }
    }
    return status == TN_OK ? tn_fail(error, TN_NOT_FOUND,
                                     "there is no full seal of %s yet: one is made every 30 days",
                                     tn_projection_at(projection)->name)
                           : status;
}

/* ---- gathering ---- */

struct shown {
    uint64_t position;
    size_t key_at; /* in `bytes` */
    size_t key_size;
    size_t value_size;
};

struct gathering {
    const struct tn_state_claim *claim;
    struct tn_buffer leaf;
    struct tn_buffer hashes;
    struct tn_buffer bytes; /* keys and values that are shown */
    struct shown *shown;
    size_t count;
    bool present; /* the row that was asked for */
    bool behind;  /* the neighbour behind the range was shown */
    bool full;
};

static void show(struct gathering *g, struct tn_bytes key, struct tn_bytes value)
{
    if (g->count == TN_STATE_PROOF_ROWS_MAX) {
        g->full = true;
        return;
    }
    g->shown[g->count++] = (struct shown){
        .position = g->hashes.size / TN_HASH_SIZE - 1,
        .key_at = g->bytes.size,
        .key_size = key.size,
        .value_size = value.size,
    };
    tn_buffer_append_bytes(&g->bytes, key);
    tn_buffer_append_bytes(&g->bytes, value);
}

static bool take_row(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct gathering *g = context;
    uint8_t hash[TN_HASH_SIZE];
    int order = tn_bytes_compare(key, g->claim->from);

    tn_buffer_reset(&g->leaf);
    tn_row_leaf(key, value, false, &g->leaf);
    tn_leaf_hash(hash, tn_buffer_view(&g->leaf));
    tn_buffer_append(&g->hashes, hash, sizeof(hash));
    if (order < 0) { /* only the last of these stays */
        g->count = 0;
        tn_buffer_reset(&g->bytes);
        show(g, key, value);
    } else if (!g->claim->range && order == 0) {
        g->present = true;
        g->count = 0;
        tn_buffer_reset(&g->bytes);
        show(g, key, value);
    } else if (!g->present && !g->behind) {
        bool within = g->claim->range &&
                      (g->claim->end.size == 0 || tn_bytes_compare(key, g->claim->end) < 0);

        show(g, key, value);
        g->behind = !within;
    }
    return !g->full && !g->hashes.overflowed && !g->bytes.overflowed;
}

static enum tn_status gather(struct tn_log *log, const struct tn_state_sealed *seal,
                             struct gathering *g, struct tn_error *error)
{
    const struct tn_projection *projection = tn_projection_at(g->claim->projection);
    const struct tn_bytes all = tn_bytes(NULL, 0);
    struct tn_state views;
    enum tn_status status =
        tn_views_as_of_list(log, &projection, 1, 1, 0, seal->upto + 1, &views, error);

    if (status == TN_OK) {
        status = tn_rows_scan(views.rows[0], all, all, take_row, g, error);
    }
    tn_views_close(&views);
    if (status == TN_OK && (g->full || g->bytes.overflowed)) {
        status = tn_fail(error, TN_FULL, "the range holds more rows than one proof may show (%u)",
                         TN_STATE_PROOF_ROWS_MAX - 2);
    }
    if (status == TN_OK && g->hashes.overflowed) {
        status = tn_fail(error, TN_FULL, "the projection is too large for a proof made in memory");
    }
    return status;
}

/* ---- writing ---- */

static enum tn_status write_proof(const struct tn_state_sealed *seal, struct gathering *g,
                                  struct tn_bytes place, struct tn_buffer *out,
                                  struct tn_error *error)
{
    size_t count = g->hashes.size / TN_HASH_SIZE;
    struct tn_state_proof_row *rows = calloc(g->count + 1, sizeof(*rows));
    uint8_t *paths = calloc(g->count + 1, (size_t) TN_STATE_PROOF_PATH_MAX * TN_HASH_SIZE);
    uint8_t *nodes = malloc((tn_levels_nodes(count) + 1) * TN_HASH_SIZE);
    uint8_t end[TN_ROW_KEY_MAX + 1] = {0};
    const uint8_t *root;
    struct tn_state_proof proof = {.range = !g->present, .rows = rows, .row_count = g->count};
    enum tn_status status = TN_OK;

    if (!rows || !paths || !nodes) {
        status = tn_fail(error, TN_MEMORY, "no memory for a proof");
        goto out;
    }
    memcpy(nodes, g->hashes.data, g->hashes.size);
    root = count > 0 ? tn_levels_fill(nodes, count) : nodes;
    if (count == 0) {
        tn_sha256(nodes, tn_bytes(NULL, 0));
    }
    if (count != seal->rows || memcmp(root, seal->root, TN_HASH_SIZE) != 0) {
        status = tn_fail(error, TN_MISMATCH,
                         "folding the log gives other rows than were sealed: run turno audit");
        goto out;
    }
    for (size_t i = 0; i < g->count; i++) {
        uint8_t *path = paths + i * TN_STATE_PROOF_PATH_MAX * TN_HASH_SIZE;

        rows[i].position = g->shown[i].position;
        rows[i].key = tn_bytes(g->bytes.data + g->shown[i].key_at, g->shown[i].key_size);
        rows[i].value = tn_bytes(rows[i].key.data + g->shown[i].key_size, g->shown[i].value_size);
        rows[i].path = path;
        rows[i].count = tn_levels_path(nodes, count, (size_t) rows[i].position, path);
    }
    proof.projection = tn_bytes_from_string(tn_projection_at(g->claim->projection)->name);
    proof.from = g->claim->from;
    proof.end = g->claim->end;
    if (!g->claim->range) { /* absent: the range of that key alone */
        memcpy(end, g->claim->from.data, g->claim->from.size);
        proof.end = tn_bytes(end, g->claim->from.size + 1);
    }
    proof.seal = place;
    tn_state_proof_format(out, &proof);
    status = tn_buffer_status(out);
out:
    free(nodes);
    free(paths);
    free(rows);
    return status;
}

enum tn_status tn_state_prove(struct tn_log *log, const struct tn_state_sealed *seal,
                              const struct tn_state_claim *claim, struct tn_bytes place,
                              struct tn_buffer *out, struct tn_error *error)
{
    struct gathering g = {.claim = claim};
    enum tn_status status;

    if (claim->from.size > TN_ROW_KEY_MAX || claim->end.size > TN_ROW_KEY_MAX ||
        (!claim->range && claim->from.size == 0)) {
        return tn_fail(error, TN_INVALID, "no key is that long, or it is empty");
    }
    if (claim->range && claim->end.size > 0 && tn_bytes_compare(claim->from, claim->end) >= 0) {
        return tn_fail(error, TN_INVALID, "the range ends before it begins");
    }
    g.shown = calloc(TN_STATE_PROOF_ROWS_MAX, sizeof(*g.shown));
    if (!g.shown) {
        return tn_fail(error, TN_MEMORY, "no memory for a proof");
    }
    tn_buffer_init(&g.leaf, 8 + (size_t) TN_ROW_KEY_MAX + TN_ROW_VALUE_MAX);
    tn_buffer_init(&g.hashes, NODES_BYTES_MAX);
    tn_buffer_init(&g.bytes, SHOWN_BYTES_MAX);
    status = gather(log, seal, &g, error);
    if (status == TN_OK) {
        status = write_proof(seal, &g, place, out, error);
    }
    tn_buffer_close(&g.bytes);
    tn_buffer_close(&g.hashes);
    tn_buffer_close(&g.leaf);
    free(g.shown);
    return status;
}
