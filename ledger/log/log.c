/* Opening the log, appending frames, and what is committed. Family `meta`, big-endian:
 *
 *   "format"  4 bytes: version of the on-disk format, 1
 *   "term", "head"    see engine_embedded.c
 *   "published"       see publish.c */
#include "ledger/log/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/fault.h"
#include "ledger/base/hash.h"
#include "ledger/log/log_internal.h"
#include "ledger/log/note.h"

#define FORMAT_VERSION 1u
/* A follower that is further behind loads tiles instead of hashing every entry. */
#define REFRESH_ENTRIES_MAX 65536u
/* RocksDB may remove a WAL between a secondary's look at its list of files and its look at the
 * WALs. What the secondary sees then does not fit together, and it looks again. */
#define ATTACH_ATTEMPTS 5

_Static_assert(TN_FRAME_ID_SIZE <= TN_HASH_SIZE, "a frame's id is the beginning of a root");
_Static_assert(TN_FRAME_BYTES_MAX > TN_FRAME_HEADER_BYTES + TN_ENTRY_BYTES_MAX + 2,
               "one entry of any length fits into a frame");

static enum tn_status open_families(struct tn_log *log, struct tn_error *error);
static enum tn_status load(struct tn_log *log, struct tn_error *error);
static enum tn_status catch_up(struct tn_log *log, struct tn_error *error);
static enum tn_status check_whole(struct tn_log *log, struct tn_error *error);
static enum tn_status check_last_frame(struct tn_log *log, const struct tn_log_engine_head *head,
                                       struct tn_error *error);
static enum tn_status claim(struct tn_log *log, struct tn_error *error);
static enum tn_status check_entries(const struct tn_log *log, const struct tn_log_entry *entries,
                                    size_t count, struct tn_error *error);
static enum tn_status fill_batch(struct tn_log *log, struct tn_batch *batch,
                                 const struct tn_log_entry *entries, size_t count,
                                 struct tn_log_engine_frame *frame,
                                 uint8_t root[static TN_HASH_SIZE], struct tn_error *error);
static void show(struct tn_log *log, const struct tn_log_head *head);

enum tn_status tn_log_open(struct tn_store *store, struct tn_log **out, struct tn_error *error)
{
    *out = NULL;
    struct tn_log *log = calloc(1, sizeof(*log));
    if (log == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory to open the log");
    }
    log->store = store;
    log->durability = TN_SYNCED;
    log->writer = tn_store_is_writer(store);
    tn_buffer_init(&log->frame, TN_FRAME_BYTES_MAX);
    tn_buffer_init(&log->leaves, (size_t) TN_FRAME_ENTRIES_MAX * TN_HASH_SIZE);
    tn_buffer_init(&log->published.note, TN_NOTE_BYTES_MAX);
    pthread_rwlock_init(&log->lock, NULL);
    pthread_mutex_init(&log->publish_lock, NULL);
    log->tree = malloc(sizeof(*log->tree));
    log->scratch = malloc(sizeof(*log->scratch));

    enum tn_status status = TN_OK;
    bool missing = false;
    if (log->tree == NULL || log->scratch == NULL) {
        status = tn_fail(error, TN_MEMORY, "no memory to open the log");
        goto out;
    }
    tn_tree_init(log->tree);
    tn_tree_init(log->scratch);
    status = open_families(log, error);
    if (status != TN_OK) {
        goto out;
    }
    status = tn_log_format_check(log->store, log->meta, &missing, error);
    if (status == TN_OK) {
        status = check_whole(log, error);
    }
    if (status == TN_OK) {
        status = tn_log_engine_embedded_open(store, &log->engine, error);
    }
    for (int attempt = 1; status == TN_OK; attempt++) {
        status = load(log, error);
        if (status != TN_CORRUPT || log->writer || attempt == ATTACH_ATTEMPTS) {
            break;
        }
        status = tn_store_refresh(store, error);
    }
    if (status != TN_OK) {
        goto out;
    }
    if (log->writer) {
        status = claim(log, error);
        if (status == TN_NO_SPACE) {
            status = TN_OK; /* a full disk must not keep anybody from reading; append tries again */
        }
    }
out:
    if (status != TN_OK) {
        tn_log_close(log);
        log = NULL;
    }
    *out = log;
    return status;
}

void tn_log_close(struct tn_log *log)
{
    if (log == NULL) {
        return;
    }
    if (log->engine != NULL) {
        log->engine->table->close(log->engine);
    }
    tn_index_close(log->index);
    tn_buffer_close(&log->frame);
    tn_buffer_close(&log->leaves);
    tn_buffer_close(&log->published.note);
    pthread_rwlock_destroy(&log->lock);
    pthread_mutex_destroy(&log->publish_lock);
    free(log->tree);
    free(log->scratch);
    free(log);
}

enum tn_status tn_log_append(struct tn_log *log, struct tn_batch *batch,
                             const struct tn_log_entry *entries, size_t count,
                             struct tn_error *error)
{
    enum tn_status status = check_entries(log, entries, count, error);
    if (status == TN_OK && log->term == 0) {
        status = claim(log, error);
    }
    if (status != TN_OK) {
        return status;
    }
    struct tn_log_engine_frame frame = {0};
    struct tn_log_head head = {.size = log->head.size + count,
                               .last_time_us = entries[count - 1].time_us};
    tn_batch_mark(batch);
    status = fill_batch(log, batch, entries, count, &frame, head.root, error);
    if (status == TN_OK) {
        status = log->engine->table->append(log->engine, log->term, log->head.size, &frame,
                                            log->durability, error);
    }
    if (status != TN_OK) {
        tn_batch_rollback(batch);
        log->leaf_count = 0;
        log->failed = status == TN_IO || status == TN_UNKNOWN;
        return status;
    }
    tn_batch_unmark(batch);
    tn_index_commit(log->index, entries, count); /* readers look no further than the head */
    show(log, &head);
    return TN_OK;
}

const uint8_t *tn_log_frame_leaves(const struct tn_log *log, size_t *count)
{
    *count = log->leaf_count;
    return log->leaves.data;
}

void tn_log_set_durability(struct tn_log *log, enum tn_durability durability)
{
    TN_CHECK(durability == TN_SYNCED || durability == TN_UNSYNCED);
    log->durability = durability;
}

enum tn_status tn_log_settle(struct tn_log *log, struct tn_error *error)
{
    return log->writer ? tn_index_settle(log->index, error) : TN_OK;
}

enum tn_status tn_log_count_found(struct tn_log *log, struct tn_log_found *found,
                                  struct tn_error *error)
{
    return tn_index_count(log->index, found, error);
}

void tn_log_head(struct tn_log *log, struct tn_log_head *head)
{
    pthread_rwlock_rdlock(&log->lock);
    *head = log->head;
    pthread_rwlock_unlock(&log->lock);
}

enum tn_status tn_log_refresh(struct tn_log *log, struct tn_error *error)
{
    if (log->writer) {
        return TN_OK;
    }
    enum tn_status status = TN_OK;
    for (int attempt = 1;; attempt++) {
        status = tn_store_refresh(log->store, error);
        if (status == TN_OK) {
            status = catch_up(log, error);
        }
        if (status != TN_CORRUPT || attempt == ATTACH_ATTEMPTS) {
            return status;
        }
    }
}

/* ---- opening ---- */

/* Everything that is committed, checked as it is read. */
static enum tn_status load(struct tn_log *log, struct tn_error *error)
{
    struct tn_log_engine_head head;
    bool format_missing = false;
    enum tn_status status = tn_log_format_check(log->store, log->meta, &format_missing, error);
    if (status == TN_OK) {
        status = log->engine->table->head(log->engine, &head, error);
    }
    if (status == TN_OK && format_missing && head.size != 0) {
        status = tn_fail(error, TN_CORRUPT, "the log has entries and no format version");
    }
    if (status == TN_OK) {
        status = check_last_frame(log, &head, error);
    }
    if (status == TN_OK) {
        status = tn_log_tree_load(log, log->tree, head.size, head.root, error);
    }
    if (status == TN_OK) {
        tn_index_close(log->index); /* of an attempt before */
        status = tn_index_open(log->store, head.size, &log->index, error);
    }
    if (status != TN_OK) {
        return status;
    }
    log->head.size = head.size;
    log->head.last_time_us = head.last_time_us;
    memcpy(log->head.root, head.root, TN_HASH_SIZE);
    return tn_log_load_published(log, error);
}

static bool add_leaf(void *context, uint64_t index, struct tn_bytes entry)
{
    (void) index;
    tn_tree_append((struct tn_tree *) context, entry, NULL, NULL);
    return true;
}

/* A secondary's look at what the writer has committed since. */
static enum tn_status catch_up(struct tn_log *log, struct tn_error *error)
{
    struct tn_log_engine_head head;
    enum tn_status status = log->engine->table->head(log->engine, &head, error);
    if (status != TN_OK) {
        return status;
    }
    if (head.size < log->head.size) {
        return tn_fail(error, TN_CORRUPT, "the log shrank from %" PRIu64 " to %" PRIu64 " entries",
                       log->head.size, head.size);
    }
    if (head.size - log->head.size > REFRESH_ENTRIES_MAX) {
        status = tn_log_tree_load(log, log->scratch, head.size, head.root, error);
    } else {
        uint8_t root[TN_HASH_SIZE];
        tn_tree_copy(log->scratch, log->tree);
        status = tn_log_scan_frames(log, log->head.size, head.size, add_leaf, log->scratch, error);
        tn_tree_root(log->scratch, root);
        if (status == TN_OK && memcmp(root, head.root, TN_HASH_SIZE) != 0) {
            status = tn_fail(error, TN_CORRUPT,
                             "entries up to %" PRIu64 " do not lead to the root that was "
                             "committed with them",
                             head.size);
        }
    }
    if (status == TN_OK) {
        status = tn_index_refresh(log->index, head.size, error);
    }
    if (status != TN_OK) {
        return status;
    }
    struct tn_log_head shown = {.size = head.size, .last_time_us = head.last_time_us};
    memcpy(shown.root, head.root, TN_HASH_SIZE);
    show(log, &shown);
    return tn_log_load_published(log, error);
}

static enum tn_status open_families(struct tn_log *log, struct tn_error *error)
{
    const struct {
        const char *name;
        struct tn_family **family;
    } table[] = {
        {"log", &log->log},
        {"tree", &log->tree_family},
        {"meta", &log->meta},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(table); i++) {
        enum tn_status status =
            tn_store_family(log->store, table[i].name, false, table[i].family, error);
        if (status != TN_OK) {
            return status;
        }
    }
    return TN_OK;
}

void tn_log_format_put(struct tn_batch *batch, struct tn_family *meta)
{
    uint8_t version[4];

    tn_put_be32(version, FORMAT_VERSION);
    tn_batch_put(batch, meta, tn_bytes_from_string("format"), tn_bytes(version, sizeof(version)));
}

/* Half an index finds less than there is. */
static enum tn_status check_whole(struct tn_log *log, struct tn_error *error)
{
    struct tn_buffer value;
    bool found = false;

    tn_buffer_init(&value, 8);
    enum tn_status status = tn_store_get(log->store, log->meta, NULL,
                                         tn_bytes_from_string(TN_LOG_REMAKE_KEY), &value, &found,
                                         error);
    tn_buffer_close(&value);
    if (status == TN_OK && found) {
        status = tn_fail(error, TN_CORRUPT,
                         "tiles and indexes were being made again and that was cut short; no entry "
                         "is lost: run turno rebuild DIR --log");
    }
    return status;
}

enum tn_status tn_log_format_check(struct tn_store *store, struct tn_family *meta, bool *missing,
                                   struct tn_error *error)
{
    struct tn_buffer value;
    tn_buffer_init(&value, 64);
    bool found = false;
    enum tn_status status =
        tn_store_get(store, meta, NULL, tn_bytes_from_string("format"), &value, &found, error);
    *missing = status == TN_OK && !found;
    if (status == TN_OK && found && value.size != 4) {
        status = tn_fail(error, TN_CORRUPT, "the format version has %zu bytes", value.size);
    } else if (status == TN_OK && found && tn_get_be32(value.data) != FORMAT_VERSION) {
        status = tn_fail(error, TN_UNSUPPORTED,
                         "the ledger is of on-disk format %u and this program reads format %u; "
                         "nothing was changed; use the program that wrote it",
                         tn_get_be32(value.data), FORMAT_VERSION);
    }
    tn_buffer_close(&value);
    return status;
}

/* The newest frame must end where the head says, and carry its root. */
static enum tn_status check_last_frame(struct tn_log *log, const struct tn_log_engine_head *head,
                                       struct tn_error *error)
{
    struct tn_iterator *iterator = tn_iterator_create(log->store, log->log, NULL, false);
    tn_iterator_seek_last(iterator);
    enum tn_status status = tn_iterator_status(iterator, error);
    struct tn_frame frame = {0};
    if (status == TN_OK && tn_iterator_valid(iterator)) {
        struct tn_bytes key = tn_iterator_key(iterator);
        status =
            key.size == 8
                ? tn_frame_open(&frame, tn_get_be64(key.data), tn_iterator_value(iterator), error)
                : tn_fail(error, TN_CORRUPT, "a frame's key has %zu bytes", key.size);
    }
    tn_iterator_destroy(iterator);
    uint64_t end = frame.header.first_index + frame.header.count;
    if (status == TN_OK && end != head->size) {
        status = tn_fail(error, TN_CORRUPT,
                         "frames end at entry %" PRIu64 ", the head says %" PRIu64
                         "; restore from an archive",
                         end, head->size);
    }
    if (status == TN_OK && end != 0 &&
        (memcmp(frame.header.id, head->root, TN_FRAME_ID_SIZE) != 0 ||
         frame.header.last_time_us != head->last_time_us)) {
        status = tn_fail(error, TN_CORRUPT,
                         "the frame of entry %" PRIu64 " is not the one that the "
                         "head was written with; restore from an archive",
                         end - 1);
    }
    return status;
}

/* Become the writer: note the format of a new log, raise the term. */
static enum tn_status claim(struct tn_log *log, struct tn_error *error)
{
    bool missing = false;
    enum tn_status status = tn_log_format_check(log->store, log->meta, &missing, error);
    if (status == TN_OK && missing) {
        struct tn_batch *batch = tn_batch_create();
        tn_log_format_put(batch, log->meta);
        status = tn_store_write(log->store, batch, TN_UNSYNCED, error); /* the next one syncs */
        tn_batch_destroy(batch);
    }
    if (status == TN_OK) {
        status = log->engine->table->acquire(log->engine, &log->term, error);
    }
    return status;
}

/* ---- appending ---- */

static enum tn_status check_entries(const struct tn_log *log, const struct tn_log_entry *entries,
                                    size_t count, struct tn_error *error)
{
    if (!log->writer) {
        return tn_fail(error, TN_UNSUPPORTED, "the log is open beside its writer and only read");
    }
    if (log->failed) {
        return tn_fail(error, TN_IO,
                       "an earlier append had no certain outcome; open the log again");
    }
    if (count == 0) {
        return tn_fail(error, TN_INVALID, "a frame has at least one entry");
    }
    if (count > TN_FRAME_ENTRIES_MAX || log->head.size + count > TN_LOG_SIZE_MAX) {
        return tn_fail(error, TN_FULL,
                       "%zu entries behind %" PRIu64 " are more than a frame or the "
                       "log takes",
                       count, log->head.size);
    }
    uint64_t before_us = log->head.last_time_us;
    for (size_t i = 0; i < count; i++) {
        const struct tn_log_entry *entry = &entries[i];
        if (entry->time_us < before_us || entry->bytes.size > TN_ENTRY_BYTES_MAX ||
            entry->stream_count > TN_ENTRY_STREAMS_MAX) {
            return tn_fail(error, TN_INVALID,
                           "entry %" PRIu64 ": time %" PRIu64 " after %" PRIu64
                           ", %zu bytes, %u streams",
                           log->head.size + i, entry->time_us, before_us, entry->bytes.size,
                           entry->stream_count);
        }
        before_us = entry->time_us;
    }
    return TN_OK;
}

struct tile_target {
    struct tn_batch *batch;
    struct tn_family *family;
};

static void put_tile(void *context, unsigned level, uint64_t index, const uint8_t *hashes)
{
    const struct tile_target *target = context;
    uint8_t key[TN_TILE_KEY_BYTES];
    tn_log_tile_key(key, level, index);
    tn_batch_put(target->batch, target->family, tn_bytes(key, sizeof(key)),
                 tn_bytes(hashes, TN_TILE_BYTES));
}

/* Everything of the frame but what the engine adds. Only `scratch` and the batch change. */
static enum tn_status fill_batch(struct tn_log *log, struct tn_batch *batch,
                                 const struct tn_log_entry *entries, size_t count,
                                 struct tn_log_engine_frame *frame,
                                 uint8_t root[static TN_HASH_SIZE], struct tn_error *error)
{
    struct tile_target target = {.batch = batch, .family = log->tree_family};
    tn_tree_copy(log->scratch, log->tree);
    tn_frame_start(&log->frame);
    tn_buffer_reset(&log->leaves);
    uint8_t *leaves = tn_buffer_extend(&log->leaves, count * TN_HASH_SIZE);
    if (leaves == NULL || tn_fault("log_append")) {
        return tn_fail(error, TN_MEMORY, "no memory for a frame of %zu entries", count);
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t *leaf = leaves + i * TN_HASH_SIZE;
        tn_leaf_hash(leaf, entries[i].bytes);
        tn_tree_append_hash(log->scratch, leaf, put_tile, &target);
        enum tn_status added = tn_frame_add(&log->frame, entries[i].bytes);
        TN_CHECK(added == TN_OK); /* lengths were checked */
    }
    log->leaf_count = count;
    tn_tree_root(log->scratch, root);

    struct tn_frame_header header = {
        .first_index = log->head.size,
        .count = (uint32_t) count,
        .first_time_us = entries[0].time_us,
        .last_time_us = entries[count - 1].time_us,
        .term = log->term,
    };
    memcpy(header.id, root, TN_FRAME_ID_SIZE);
    tn_frame_finish(&log->frame, &header);
    if (tn_buffer_status(&log->frame) != TN_OK) {
        return tn_fail(error, TN_FULL, "a frame holds at most %zu bytes", TN_FRAME_BYTES_MAX);
    }
    *frame = (struct tn_log_engine_frame){
        .bytes = tn_buffer_view(&log->frame),
        .count = (uint32_t) count,
        .last_time_us = header.last_time_us,
        .root = root,
        .batch = batch,
    };
    return tn_index_stage(log->index, batch, log->head.size, entries, count, error);
}

/* Make what was committed visible: the trees change places. */
static void show(struct tn_log *log, const struct tn_log_head *head)
{
    pthread_rwlock_wrlock(&log->lock);
    struct tn_tree *tree = log->tree;
    log->tree = log->scratch;
    log->scratch = tree;
    log->head = *head;
    pthread_rwlock_unlock(&log->lock);
}
