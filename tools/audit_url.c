/* The audit of a log over HTTP: its checkpoint, then every tile and bundle in order, asked for
 * ahead. Nothing is believed: bundles make leaves, leaves make tiles, and tiles the root that the
 * log's key has signed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/log/tile.h"
#include "tools/audit.h"
#include "tools/remote_log.h"

/* Where a walk over a log of `size` entries stands: for each bundle the hash tiles that it
 * completes, then itself. */
struct walk {
    uint64_t size;
    uint64_t bundle;
    unsigned level; /* of the tile that is next; TN_TREE_LEVELS: the bundle */
};

struct reading {
    struct tn_audit_job *job;
    struct tn_remote_log *remote;
    struct walk ask;
    struct walk take;
    uint8_t tiles[TN_TREE_LEVELS][TN_TILE_BYTES]; /* as served: the newest of each level */
    enum tn_status status;                        /* of comparing tiles */
};

/* ---- the walk ---- */

static uint64_t bundle_count(uint64_t size)
{
    return size / TN_TILE_WIDTH + (size % TN_TILE_WIDTH != 0 ? 1 : 0);
}

/* Whether bundle `n` brings the tile of `level` to its width at `size`: it fills it, or it is the
 * last of all. */
static bool completes(const struct walk *walk, unsigned level, struct tn_tile *tile)
{
    uint64_t leaves = (walk->bundle + 1) * TN_TILE_WIDTH;
    /* A full tile of the highest level would be of 2^64 entries. */
    uint64_t under = level + 1 < TN_TREE_LEVELS ? UINT64_C(1) << (TN_TILE_HEIGHT * (level + 1)) : 0;
    bool last = walk->bundle + 1 == bundle_count(walk->size);

    *tile = (struct tn_tile){.level = level, .width = TN_TILE_WIDTH};
    if (under != 0 && leaves <= walk->size && leaves % under == 0) {
        tile->index = leaves / under - 1;
        return true;
    }
    tile->width = tn_tile_partial_width(level, walk->size);
    tile->index = tn_tile_full_count(level, walk->size);
    return last && tile->width > 0;
}

/* The next resource; false at the end. */
static bool walk_next(struct walk *walk, struct tn_tile *tile)
{
    if (walk->bundle == bundle_count(walk->size)) {
        return false;
    }
    while (walk->level < TN_TREE_LEVELS) {
        if (completes(walk, walk->level++, tile)) {
            return true;
        }
    }
    *tile = (struct tn_tile){
        .entries = true,
        .index = walk->bundle,
        .width = tn_tile_width_at(0, walk->bundle, walk->size),
    };
    walk->bundle++;
    walk->level = 0;
    return true;
}

/* ---- comparing ---- */

static bool tile_is(struct reading *reading, unsigned level, uint64_t index, const uint8_t *hashes,
                    unsigned width)
{
    if (memcmp(reading->tiles[level], hashes, (size_t) width * TN_HASH_SIZE) == 0) {
        reading->job->tiles += width == TN_TILE_WIDTH ? 1 : 0;
        return true;
    }
    reading->status = tn_audit_job_differ(
        reading->job, level + 1 < TN_TREE_LEVELS ? index << (TN_TILE_HEIGHT * (level + 1)) : 0,
        "tile", "tile %u/%" PRIu64 " as served is not what the entries under it make", level,
        index);
    return false;
}

static void compare_tile(void *context, unsigned level, uint64_t index, const uint8_t *hashes)
{
    struct reading *reading = context;

    if (reading->status == TN_OK) {
        (void) tile_is(reading, level, index, hashes, TN_TILE_WIDTH);
    }
}

static void compare_growing(struct reading *reading)
{
    const struct tn_tree *tree = tn_audit_tree(reading->job->audit);

    for (unsigned level = 0; reading->status == TN_OK && level < TN_TREE_LEVELS; level++) {
        unsigned width = 0;
        const uint8_t *hashes = tn_tree_growing(tree, level, &width);

        if (width > 0) {
            (void) tile_is(reading, level, tn_tile_full_count(level, reading->take.size), hashes,
                           width);
        }
    }
}

/* ---- taking ---- */

static enum tn_status take_bundle(struct reading *reading, const struct tn_tile *tile,
                                  struct tn_bytes body)
{
    struct tn_audit_job *job = reading->job;
    struct tn_bundle bundle = {.rest = body};
    struct tn_bytes entry;
    enum tn_status status = tn_bundle_check(body, tile->width);

    if (status != TN_OK) {
        (void) tn_fail(&job->error, status,
                       "entry bundle %" PRIu64 " is not %u entries: it was cut or is no bundle",
                       tile->index, tile->width);
        return tn_audit_job_unread(job, status);
    }
    while (status == TN_OK && tn_bundle_next(&bundle, &entry) == TN_OK) {
        status = tn_audit_job_entry(job, entry);
        if (reading->status != TN_OK) {
            status = reading->status;
        }
    }
    return status;
}

static enum tn_status take_one(struct reading *reading, const struct tn_tile *tile)
{
    struct tn_audit_job *job = reading->job;
    size_t size = (size_t) tile->width * TN_HASH_SIZE;
    struct tn_bytes body;
    enum tn_status status = tn_remote_answer(reading->remote, &body, &job->error);

    if (status != TN_OK) {
        return tn_audit_job_unread(job, status);
    }
    if (tile->entries) {
        return take_bundle(reading, tile, body);
    }
    if (body.size != size) {
        (void) tn_fail(&job->error, TN_CORRUPT, "tile %u/%" PRIu64 " has %zu bytes, not %zu",
                       tile->level, tile->index, body.size, size);
        return tn_audit_job_unread(job, TN_CORRUPT);
    }
    memcpy(reading->tiles[tile->level], body.data, size);
    return TN_OK;
}

static enum tn_status ask_ahead(struct reading *reading)
{
    struct tn_tile tile;
    char path[TN_TILE_PATH_SIZE];
    enum tn_status status = TN_OK;

    while (status == TN_OK && tn_remote_has_room(reading->remote) &&
           walk_next(&reading->ask, &tile)) {
        tn_tile_path_format(&tile, path);
        status = tn_remote_ask(reading->remote, path,
                               tile.entries ? TN_BUNDLE_BYTES_MAX : TN_TILE_BYTES, tile.entries,
                               &reading->job->error);
    }
    return status;
}

static enum tn_status read_all(struct reading *reading)
{
    struct tn_tile tile;
    enum tn_status status = ask_ahead(reading);

    while (status == TN_OK && walk_next(&reading->take, &tile)) {
        status = take_one(reading, &tile);
        if (status == TN_OK) {
            status = ask_ahead(reading);
        }
    }
    if (status == TN_OK) {
        compare_growing(reading);
        status = reading->status;
    }
    return status == TN_OK ? tn_audit_job_end(reading->job) : status;
}

static enum tn_status read_checkpoint(struct reading *reading, uint64_t *size)
{
    struct tn_audit_job *job = reading->job;
    struct tn_bytes body;
    enum tn_status status =
        tn_remote_ask(reading->remote, "checkpoint", TN_NOTE_BYTES_MAX, false, &job->error);

    *size = 0;
    if (status == TN_OK) {
        status = tn_remote_answer(reading->remote, &body, &job->error);
    }
    if (status == TN_OK) {
        tn_buffer_append_bytes(&job->note, body);
        status = tn_audit_job_note_size(job, body, size);
    }
    return status == TN_OK ? TN_OK : tn_audit_job_unread(job, status);
}

static enum tn_status audit_remote(struct reading *reading)
{
    struct tn_audit_job *job = reading->job;
    uint64_t size;
    enum tn_status status = read_checkpoint(reading, &size);

    if (status == TN_OK) {
        job->marks[TN_AUDIT_MARK_PUBLISHED].size = size;
        reading->ask.size = size;
        reading->take.size = size;
        /* Signed by the key, or nothing of it is worth reading. */
        status = tn_audit_job_signature(job);
    }
    if (status == TN_OK && size == 0) {
        status = tn_audit_job_differ(job, 0, "genesis", "the log is empty");
    }
    if (status == TN_OK) {
        status = tn_audit_job_begin(job, size, compare_tile, reading);
    }
    return status == TN_OK ? read_all(reading) : status;
}

enum tn_status tn_audit_url(struct tn_audit_job *job)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    enum tn_status status;

    if (reading == NULL) {
        return tn_fail(&job->error, TN_MEMORY, "no memory for an audit");
    }
    reading->job = job;
    status = tn_remote_open(job->place, job->token, &reading->remote, &job->error);
    if (status == TN_OK) {
        status = audit_remote(reading);
    }
    tn_remote_close(reading->remote);
    free(reading);
    return status;
}
