/* Tiles, indexes and head from the frames alone.
 *
 * The frames are read twice: once to see that every entry is there and leads to the root that was
 * committed, before anything is taken away that could say which is not, and once to fill. Meta's
 * row "remake" stands from before the first family is emptied until all are on the disk, and a log
 * with it is not opened: half an index would find less than there is without a word. */
#include "ledger/log/remake.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/fault.h"
#include "ledger/event/event.h"
#include "ledger/log/engine.h"
#include "ledger/log/frame.h"
#include "ledger/log/index_rows.h"
#include "ledger/log/log_internal.h"

#define TILES_A_BATCH 256
#define ARENA_BYTES ((size_t) 16 << 20)

struct remaking {
    struct tn_store *store;
    bool filling; /* else the frames are only checked */
    struct tn_family *log;
    struct tn_family *tree_family;
    struct tn_family *index;
    struct tn_family *commands;
    struct tn_family *meta;
    struct tn_tree tree;
    struct tn_index_memory memory;
    struct tn_batch *tiles;
    struct tn_arena arena;
    struct tn_log_entry entry;
    struct tn_command_run run;
    struct tn_frame_header last;
    struct tn_log_remade *remade;
};

static enum tn_status empty_families(struct tn_store *store, struct tn_error *error);
static enum tn_status go_through(struct tn_store *store, bool filling,
                                 tn_log_remake_progress *progress, void *context,
                                 struct tn_log_remade *remade, struct tn_error *error);
static enum tn_status open_families(struct remaking *remaking, struct tn_error *error);
static enum tn_status take_frames(struct remaking *remaking, tn_log_remake_progress *progress,
                                  void *context, struct tn_error *error);
static enum tn_status take_entry(struct remaking *remaking, struct tn_bytes bytes,
                                 struct tn_error *error);
static enum tn_status write_tiles(struct remaking *remaking, struct tn_error *error);
static enum tn_status write_segment(struct remaking *remaking, struct tn_error *error);
static enum tn_status finish(struct remaking *remaking, struct tn_error *error);
static enum tn_status compare_head(struct remaking *remaking, struct tn_batch *batch,
                                   struct tn_error *error);

enum tn_status tn_log_remake(const char *directory, tn_log_remake_progress *progress, void *context,
                             struct tn_log_remade *remade, struct tn_error *error)
{
    const struct tn_store_options options = {.mode = TN_STORE_WRITER};
    struct tn_store *store = NULL;

    enum tn_status status = tn_store_open(directory, &options, &store, error);
    if (status == TN_OK) {
        status = go_through(store, false, NULL, NULL, remade, error);
    }
    if (status == TN_OK) {
        status = empty_families(store, error);
    }
    tn_store_close(store);
    store = NULL;
    if (status == TN_OK) {
        status = tn_store_open(directory, &options, &store, error);
    }
    if (status == TN_OK) {
        status = go_through(store, true, progress, context, remade, error);
    }
    tn_store_close(store);
    return status;
}

static enum tn_status empty_families(struct tn_store *store, struct tn_error *error)
{
    static const char *const emptied[] = {"tree", "index", "commands", "gathered"};
    struct tn_batch *batch = tn_batch_create();
    struct tn_family *meta = NULL;
    enum tn_status status = tn_store_family(store, "meta", false, &meta, error);

    if (status == TN_OK) {
        tn_batch_put(batch, meta, tn_bytes_from_string(TN_LOG_REMAKE_KEY), tn_bytes("\1", 1));
        status = tn_store_write(store, batch, TN_SYNCED, error);
    }
    tn_batch_destroy(batch);
    for (size_t i = 0; status == TN_OK && i < TN_ARRAY_SIZE(emptied); i++) {
        status = tn_store_empty_family(store, emptied[i], error);
    }
    return status;
}

static enum tn_status go_through(struct tn_store *store, bool filling,
                                 tn_log_remake_progress *progress, void *context,
                                 struct tn_log_remade *remade, struct tn_error *error)
{
    struct remaking *remaking = calloc(1, sizeof(*remaking));

    if (remaking == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory to make the log's indexes again");
    }
    *remade = (struct tn_log_remade){0};
    remaking->store = store;
    remaking->filling = filling;
    remaking->remade = remade;
    remaking->tiles = tn_batch_create();
    tn_tree_init(&remaking->tree);
    tn_index_memory_init(&remaking->memory, 0);
    tn_arena_init(&remaking->arena, ARENA_BYTES);
    enum tn_status status = open_families(remaking, error);
    if (status == TN_OK) {
        status = take_frames(remaking, progress, context, error);
    }
    if (status == TN_OK) {
        status = filling ? finish(remaking, error) : compare_head(remaking, remaking->tiles, error);
    }
    tn_arena_close(&remaking->arena);
    tn_index_memory_close(&remaking->memory);
    tn_batch_destroy(remaking->tiles);
    free(remaking);
    return status;
}

static enum tn_status open_families(struct remaking *remaking, struct tn_error *error)
{
    const struct {
        const char *name;
        struct tn_family **family;
    } table[] = {
        {"log", &remaking->log},     {"tree", &remaking->tree_family},
        {"index", &remaking->index}, {"commands", &remaking->commands},
        {"meta", &remaking->meta},
    };
    enum tn_status status = TN_OK;

    bool missing = false;

    for (size_t i = 0; status == TN_OK && i < TN_ARRAY_SIZE(table); i++) {
        status = tn_store_family(remaking->store, table[i].name, false, table[i].family, error);
    }
    return status == TN_OK ? tn_log_format_check(remaking->store, remaking->meta, &missing, error)
                           : status;
}

/* How many entries the last frame ends with; 0 when there is none. */
static uint64_t entries_in(const struct tn_iterator *iterator)
{
    struct tn_frame frame;

    return tn_iterator_valid(iterator) && tn_iterator_key(iterator).size == 8 &&
                   tn_frame_open(&frame, tn_get_be64(tn_iterator_key(iterator).data),
                                 tn_iterator_value(iterator), NULL) == TN_OK
               ? frame.header.first_index + frame.header.count
               : 0;
}

static enum tn_status take_frame(struct remaking *remaking, const struct tn_iterator *iterator,
                                 struct tn_error *error)
{
    struct tn_bytes key = tn_iterator_key(iterator);
    struct tn_frame frame;
    struct tn_bytes entry;
    uint8_t root[TN_HASH_SIZE];
    uint64_t next = remaking->remade->entries;
    enum tn_status status =
        key.size == 8
            ? tn_frame_open(&frame, tn_get_be64(key.data), tn_iterator_value(iterator), error)
            : tn_fail(error, TN_CORRUPT, "a frame's key has %zu bytes", key.size);

    if (status == TN_OK && frame.header.first_index != next) {
        status = tn_fail(error, TN_CORRUPT,
                         "the frame of entry %" PRIu64 " is missing; restore from an archive",
                         next);
    }
    while (status == TN_OK && (status = tn_frame_next(&frame, &entry, error)) == TN_OK) {
        status = take_entry(remaking, entry, error);
    }
    if (status != TN_NOT_FOUND) {
        return status;
    }
    remaking->last = frame.header;
    tn_tree_root(&remaking->tree, root);
    return memcmp(root, frame.header.id, TN_FRAME_ID_SIZE) == 0
               ? TN_OK
               : tn_fail(error, TN_CORRUPT,
                         "the entries up to %" PRIu64 " do not lead to the root that their frame "
                         "names; restore from an archive",
                         remaking->remade->entries);
}

static enum tn_status take_frames(struct remaking *remaking, tn_log_remake_progress *progress,
                                  void *context, struct tn_error *error)
{
    struct tn_iterator *iterator = tn_iterator_create(remaking->store, remaking->log, NULL, true);
    enum tn_status status = TN_OK;

    tn_iterator_seek_last(iterator);
    uint64_t total = entries_in(iterator);
    for (tn_iterator_seek_first(iterator); status == TN_OK && tn_iterator_valid(iterator);
         tn_iterator_next(iterator)) {
        status = take_frame(remaking, iterator, error);
        if (status == TN_OK && tn_batch_count(remaking->tiles) >= TILES_A_BATCH) {
            status = write_tiles(remaking, error);
        }
        if (status == TN_OK &&
            remaking->memory.end - remaking->memory.base >= TN_INDEX_SEGMENT_ENTRIES) {
            status = write_segment(remaking, error);
            progress(context, remaking->remade->entries, total);
        }
    }
    if (status == TN_OK) {
        status = tn_iterator_status(iterator, error);
    }
    tn_iterator_destroy(iterator);
    return status;
}

static void put_tile(void *context, unsigned level, uint64_t index, const uint8_t *hashes)
{
    struct remaking *remaking = context;
    uint8_t key[TN_TILE_KEY_BYTES];

    tn_log_tile_key(key, level, index);
    tn_batch_put(remaking->tiles, remaking->tree_family, tn_bytes(key, sizeof(key)),
                 tn_bytes(hashes, TN_TILE_BYTES));
    remaking->remade->tiles++;
}

static enum tn_status take_entry(struct remaking *remaking, struct tn_bytes bytes,
                                 struct tn_error *error)
{
    struct tn_log_entry *entry = &remaking->entry;
    struct tn_event event;

    tn_arena_reset(&remaking->arena);
    enum tn_status status =
        tn_event_decode(bytes, remaking->remade->entries, &remaking->arena, &event, error);
    if (status != TN_OK) {
        return status;
    }
    memset(entry, 0, sizeof(*entry));
    entry->bytes = bytes;
    entry->time_us = event.time_us;
    entry->kind = event.kind;
    entry->has_command = tn_event_begins_command(&event, &remaking->run);
    memcpy(entry->command, event.command, TN_ID_SIZE);
    entry->stream_count = (uint8_t) tn_event_streams(&event, entry->streams);
    remaking->remade->commands += entry->has_command ? 1 : 0;

    tn_tree_append(&remaking->tree, bytes, remaking->filling ? put_tile : NULL, remaking);
    remaking->remade->entries++;
    if (!remaking->filling) {
        return TN_OK;
    }
    status = tn_index_memory_reserve(&remaking->memory, entry, 1);
    if (status != TN_OK) {
        return tn_fail(error, status, "no memory to make the log's indexes again");
    }
    tn_index_memory_add(&remaking->memory, entry, 1);
    return TN_OK;
}

static enum tn_status write_tiles(struct remaking *remaking, struct tn_error *error)
{
    enum tn_status status = tn_store_write(remaking->store, remaking->tiles, TN_NO_WAL, error);

    tn_batch_reset(remaking->tiles);
    return status;
}

static enum tn_status write_segment(struct remaking *remaking, struct tn_error *error)
{
    uint64_t end = remaking->memory.end;
    enum tn_status status = tn_index_segment_write(remaking->store, remaking->index,
                                                   remaking->commands, &remaking->memory, error);

    tn_index_memory_reset(&remaking->memory, end);
    return status;
}

/* With the root that was committed; what of meta is missing goes into `batch`. */
static enum tn_status compare_head(struct remaking *remaking, struct tn_batch *batch,
                                   struct tn_error *error)
{
    struct tn_log_engine_head head = {
        .size = remaking->remade->entries,
        .last_time_us = remaking->last.last_time_us,
        .term = remaking->last.term,
    };

    tn_tree_root(&remaking->tree, head.root);
    memcpy(remaking->remade->root, head.root, TN_HASH_SIZE);
    return tn_log_engine_embedded_remake(remaking->store, batch, &head, error);
}

/* The last rows; then, all being on the disk, the log may be opened again. */
static enum tn_status finish(struct remaking *remaking, struct tn_error *error)
{
    struct tn_batch *batch = tn_batch_create();
    enum tn_status status = write_tiles(remaking, error);

    if (status == TN_OK && remaking->memory.end != remaking->memory.base) {
        status = write_segment(remaking, error);
    }
    if (status == TN_OK) {
        status = compare_head(remaking, batch, error);
    }
    if (status == TN_OK && tn_fault("remake_flush")) {
        status = tn_fail(error, TN_IO, "a test made the flush fail");
    }
    if (status == TN_OK) {
        status = tn_store_flush(remaking->store, error);
    }
    if (status == TN_OK) {
        tn_log_format_put(batch, remaking->meta);
        tn_batch_delete(batch, remaking->meta, tn_bytes_from_string(TN_LOG_REMAKE_KEY));
        status = tn_store_write(remaking->store, batch, TN_SYNCED, error);
    }
    tn_batch_destroy(batch);
    return status;
}
