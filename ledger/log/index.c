/* The life of an index entry: staged with its frame (durable, one row a frame), committed to the
 * gathering memory, frozen with its segment, written to files by the thread, and its frame's row
 * deleted. At every moment an entry below `gathering.base` of a reader's look is in files or in the
 * frozen segment.
 *
 * A crash anywhere leaves rows of frames that are in files already: they are gathered and written
 * once more, to the same keys and values.
 *
 * Locks: `work_lock` before `lock`. The thread and the committer change `frozen_busy` under both,
 * so either is enough to read it. */
#include "ledger/log/index.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/base/endian.h"
#include "ledger/log/index_rows.h"

/* What a frame's row can hold: every entry with all its ids. */
#define GATHERED_BYTES_MAX                                                                         \
    (4 + (size_t) TN_FRAME_ENTRIES_MAX * (5 + TN_ID_SIZE * (1 + TN_ENTRY_STREAMS_MAX)))
/* A segment that could not be written is tried again after so long. */
#define RETRY_S 1

struct tn_index {
    struct tn_store *store;
    struct tn_family *gathered;
    struct tn_family *family;
    struct tn_family *commands;
    struct tn_buffer row; /* the committer's */

    pthread_rwlock_t lock; /* what readers look at */
    struct tn_index_memory gathering;
    struct tn_index_memory frozen;
    bool frozen_busy;

    pthread_mutex_t work_lock;
    pthread_cond_t work; /* there is a segment, or the end */
    pthread_cond_t done; /* a segment is in files, or could not be */
    pthread_t thread;
    bool started;
    bool stopping;
    enum tn_status status; /* what the thread met last */
    struct tn_error error;
    uint64_t deleted_to; /* rows of frames below are deleted; the thread's */
};

static enum tn_status check_rows(struct tn_index *index, struct tn_error *error);
static enum tn_status load_rows(struct tn_index *index, uint64_t size, struct tn_error *error);
static void freeze(struct tn_index *index);
static enum tn_status wait_for_thread(struct tn_index *index, uint64_t gathered_max,
                                      struct tn_error *error);
static void *segment_work(void *context);
static enum tn_status write_segment(struct tn_index *index, struct tn_error *error);

enum tn_status tn_index_open(struct tn_store *store, uint64_t size, struct tn_index **out,
                             struct tn_error *error)
{
    *out = NULL;
    struct tn_index *index = calloc(1, sizeof(*index));
    if (index == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for the index");
    }
    index->store = store;
    tn_buffer_init(&index->row, GATHERED_BYTES_MAX);
    tn_index_memory_init(&index->gathering, 0);
    tn_index_memory_init(&index->frozen, 0);
    pthread_rwlock_init(&index->lock, NULL);
    pthread_mutex_init(&index->work_lock, NULL);
    pthread_condattr_t steady; /* a wall clock that is set back would put a retry off */
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&index->work, &steady);
    pthread_condattr_destroy(&steady);
    pthread_cond_init(&index->done, NULL);
    enum tn_status status = tn_store_family(store, "gathered", false, &index->gathered, error);
    if (status == TN_OK) {
        status = tn_store_family(store, "index", false, &index->family, error);
    }
    if (status == TN_OK) {
        status = tn_store_family(store, "commands", false, &index->commands, error);
    }
    if (status == TN_OK) {
        status = check_rows(index, error);
    }
    if (status == TN_OK) {
        status = load_rows(index, size, error);
    }
    if (status != TN_OK) {
        tn_index_close(index);
        return status;
    }
    *out = index;
    return TN_OK;
}

void tn_index_close(struct tn_index *index)
{
    if (index == NULL) {
        return;
    }
    pthread_mutex_lock(&index->work_lock);
    index->stopping = true;
    pthread_cond_signal(&index->work);
    pthread_mutex_unlock(&index->work_lock);
    if (index->started) {
        pthread_join(index->thread, NULL);
    }
    tn_index_memory_close(&index->gathering);
    tn_index_memory_close(&index->frozen);
    tn_buffer_close(&index->row);
    pthread_rwlock_destroy(&index->lock);
    pthread_mutex_destroy(&index->work_lock);
    pthread_cond_destroy(&index->work);
    pthread_cond_destroy(&index->done);
    free(index);
}

enum tn_status tn_index_refresh(struct tn_index *index, uint64_t size, struct tn_error *error)
{
    return load_rows(index, size, error);
}

enum tn_status tn_index_stage(struct tn_index *index, struct tn_batch *batch, uint64_t first_index,
                              const struct tn_log_entry *entries, size_t count,
                              struct tn_error *error)
{
    TN_CHECK(first_index == index->gathering.end);
    enum tn_status status = wait_for_thread(index, TN_INDEX_GATHERED_MAX, error);
    if (status != TN_OK) {
        return status;
    }
    tn_buffer_reset(&index->row);
    tn_gathered_encode(&index->row, entries, count);
    if (tn_buffer_status(&index->row) != TN_OK) {
        return tn_fail(error, TN_MEMORY, "no memory for the index");
    }
    uint8_t key[TN_GATHERED_KEY_BYTES];
    tn_gathered_key(key, first_index);
    tn_batch_put(batch, index->gathered, tn_bytes(key, sizeof(key)), tn_buffer_view(&index->row));

    pthread_rwlock_wrlock(&index->lock);
    status = tn_index_memory_reserve(&index->gathering, entries, count);
    pthread_rwlock_unlock(&index->lock);
    return status == TN_OK ? TN_OK : tn_fail(error, status, "no memory for the index");
}

void tn_index_commit(struct tn_index *index, const struct tn_log_entry *entries, size_t count)
{
    pthread_rwlock_wrlock(&index->lock);
    tn_index_memory_add(&index->gathering, entries, count);
    bool due = index->gathering.end - index->gathering.base >= TN_INDEX_SEGMENT_ENTRIES;
    pthread_rwlock_unlock(&index->lock);
    if (due) {
        freeze(index);
    }
}

enum tn_status tn_index_settle(struct tn_index *index, struct tn_error *error)
{
    enum tn_status status = wait_for_thread(index, 0, error);
    if (status == TN_OK) {
        freeze(index);
        status = wait_for_thread(index, 0, error);
    }
    return status;
}

enum tn_status tn_index_find_command(struct tn_index *index,
                                     const uint8_t command[static TN_ID_SIZE], uint64_t *at,
                                     bool *found, struct tn_error *error)
{
    *at = 0;
    pthread_rwlock_rdlock(&index->lock);
    *found = (index->frozen_busy && tn_index_memory_command(&index->frozen, command, at)) ||
             tn_index_memory_command(&index->gathering, command, at);
    pthread_rwlock_unlock(&index->lock);
    if (*found) {
        return TN_OK;
    }
    struct tn_buffer value;
    tn_buffer_init(&value, 64);
    enum tn_status status = tn_store_get(index->store, index->commands, NULL,
                                         tn_bytes(command, TN_ID_SIZE), &value, found, error);
    if (status == TN_OK && *found) {
        status = tn_index_command_decode(tn_buffer_view(&value), at, error);
        *found = status == TN_OK;
    }
    tn_buffer_close(&value);
    return status;
}

/* The first entry that is not in files only; memory holds it and all behind it. Under the lock. */
static uint64_t memory_base(const struct tn_index *index)
{
    return index->frozen_busy ? index->frozen.base : index->gathering.base;
}

/* Files hold what lies below the memory's base, memory the rest. A segment may move from memory to
 * files between the two looks: then the files are asked for that part as well. */
static enum tn_status read_ascending(struct tn_index *index, const struct tn_index_key *key,
                                     uint64_t from, uint64_t end, uint64_t *indices,
                                     size_t capacity, size_t *count, struct tn_error *error)
{
    pthread_rwlock_rdlock(&index->lock);
    uint64_t base = memory_base(index);
    pthread_rwlock_unlock(&index->lock);
    for (;;) {
        if (from < base && *count < capacity) {
            struct tn_iterator *iterator =
                tn_iterator_create(index->store, index->family, NULL, false);
            enum tn_status status = tn_index_rows_ascend(
                iterator, key, from, base < end ? base : end, indices, capacity, count, error);
            tn_iterator_destroy(iterator);
            if (status != TN_OK) {
                return status;
            }
            from = base;
        }
        pthread_rwlock_rdlock(&index->lock);
        bool moved = memory_base(index) != base;
        base = memory_base(index);
        if (!moved) {
            if (index->frozen_busy) {
                tn_index_memory_ascend(&index->frozen, key, from, end, indices, capacity, count);
            }
            tn_index_memory_ascend(&index->gathering, key, from, end, indices, capacity, count);
        }
        pthread_rwlock_unlock(&index->lock);
        if (!moved) {
            return TN_OK;
        }
    }
}

static enum tn_status read_descending(struct tn_index *index, const struct tn_index_key *key,
                                      uint64_t from, uint64_t *indices, size_t capacity,
                                      size_t *count, struct tn_error *error)
{
    pthread_rwlock_rdlock(&index->lock);
    uint64_t base = memory_base(index);
    tn_index_memory_descend(&index->gathering, key, from, indices, capacity, count);
    if (index->frozen_busy) {
        tn_index_memory_descend(&index->frozen, key, from, indices, capacity, count);
    }
    pthread_rwlock_unlock(&index->lock);
    if (*count == capacity) {
        return TN_OK;
    }
    struct tn_iterator *iterator = tn_iterator_create(index->store, index->family, NULL, false);
    enum tn_status status = tn_index_rows_descend(iterator, key, base < from ? base : from, indices,
                                                  capacity, count, error);
    tn_iterator_destroy(iterator);
    return status;
}

enum tn_status tn_index_read(struct tn_index *index, const struct tn_index_key *key, uint64_t from,
                             uint64_t end, bool backwards, uint64_t *indices, size_t *count,
                             struct tn_error *error)
{
    size_t capacity = *count;
    *count = 0;
    enum tn_status status =
        backwards
            ? read_descending(index, key, from < end ? from : end, indices, capacity, count, error)
            : read_ascending(index, key, from, end, indices, capacity, count, error);
    if (status != TN_OK) {
        *count = 0;
    }
    return status;
}

static void count_memory(const struct tn_index_memory *memory, struct tn_log_found *found)
{
    found->kinds += memory->end - memory->base;
    found->streams += memory->item_count - (memory->end - memory->base);
    found->commands += memory->command_count;
}

enum tn_status tn_index_count(struct tn_index *index, struct tn_log_found *found,
                              struct tn_error *error)
{
    struct tn_iterator *rows = tn_iterator_create(index->store, index->family, NULL, true);
    struct tn_iterator *commands = tn_iterator_create(index->store, index->commands, NULL, true);

    *found = (struct tn_log_found){0};
    pthread_rwlock_rdlock(&index->lock);
    uint64_t base = memory_base(index);
    count_memory(&index->gathering, found);
    if (index->frozen_busy) {
        count_memory(&index->frozen, found);
    }
    pthread_rwlock_unlock(&index->lock);
    enum tn_status status = tn_index_rows_count(rows, commands, base, found, error);
    tn_iterator_destroy(rows);
    tn_iterator_destroy(commands);
    return status;
}

/* ---- gathering ---- */

/* The first index of the frame whose row is under the iterator. */
static enum tn_status row_index(const struct tn_iterator *iterator, uint64_t *first_index,
                                struct tn_error *error)
{
    struct tn_bytes key = tn_iterator_key(iterator);
    *first_index = 0;
    if (key.size != TN_GATHERED_KEY_BYTES) {
        return tn_fail(error, TN_CORRUPT, "a gathered row's key has %zu bytes", key.size);
    }
    *first_index = (uint64_t) key.data[0] << 32 | tn_get_be32(key.data + 1);
    return TN_OK;
}

/* Rows of frames from `memory->end` on, up to entry `size`. */
static enum tn_status add_rows(struct tn_iterator *iterator, struct tn_index_memory *memory,
                               uint64_t size, struct tn_error *error)
{
    struct tn_gathered gathered = {0};
    uint8_t key[TN_GATHERED_KEY_BYTES];
    uint64_t first_index = 0;
    enum tn_status status = TN_OK;
    tn_gathered_key(key, memory->end);
    tn_iterator_seek(iterator, tn_bytes(key, sizeof(key)));
    while (status == TN_OK && tn_iterator_valid(iterator)) {
        status = row_index(iterator, &first_index, error);
        if (status == TN_OK && first_index != memory->end) {
            status = tn_fail(error, TN_CORRUPT, "entry %" PRIu64 ": its index row is missing",
                             memory->end);
        }
        if (status != TN_OK) {
            break;
        }
        status = tn_gathered_decode(&gathered, first_index, tn_iterator_value(iterator), error);
        if (status == TN_OK) {
            status = tn_index_memory_reserve(memory, gathered.entries, gathered.count);
        }
        if (status == TN_OK) {
            tn_index_memory_add(memory, gathered.entries, gathered.count);
        }
        tn_iterator_next(iterator);
    }
    if (status == TN_OK) {
        status = tn_iterator_status(iterator, error);
    }
    if (status == TN_OK && memory->end != size) {
        status = tn_fail(error, TN_CORRUPT,
                         "index rows end at entry %" PRIu64 ", the log at %" PRIu64, memory->end,
                         size);
    }
    tn_gathered_close(&gathered);
    return status;
}

/* Without this, rows in a file that cannot be opened would look as if the log had lost them, or, if
 * they are the first, as if their entries were in files: a retry would not find its command (P2).
 */
static enum tn_status check_rows(struct tn_index *index, struct tn_error *error)
{
    struct tn_error own = {0};
    enum tn_status status = tn_store_check_range(index->store, index->gathered, tn_bytes(NULL, 0),
                                                 tn_bytes(NULL, 0), &own);

    return status == TN_OK ? TN_OK
                           : tn_fail(error, status,
                                     "rows of the index cannot be read (the log may be whole: see "
                                     "to the files, or to the limit of open files): %s",
                                     own.text);
}

/* What is not in files yet, from rows of frames: they begin where files end. As long as they begin
 * where they began, the part in memory stays and grows. Otherwise memory is made anew beside what
 * readers look at, in `frozen`, which only a writer needs, and changes places when it is whole. */
static enum tn_status load_rows(struct tn_index *index, uint64_t size, struct tn_error *error)
{
    uint64_t base = 0;
    struct tn_iterator *iterator = tn_iterator_create(index->store, index->gathered, NULL, false);
    TN_CHECK(!index->frozen_busy);
    tn_iterator_seek_first(iterator);
    enum tn_status status = tn_iterator_status(iterator, error);
    if (status == TN_OK && !tn_iterator_valid(iterator)) {
        base = size; /* everything is in files */
    } else if (status == TN_OK) {
        status = row_index(iterator, &base, error);
    }
    if (status == TN_OK && base == index->gathering.base) {
        pthread_rwlock_wrlock(&index->lock);
        status = add_rows(iterator, &index->gathering, size, error);
        pthread_rwlock_unlock(&index->lock);
    } else if (status == TN_OK) {
        tn_index_memory_reset(&index->frozen, base);
        status = add_rows(iterator, &index->frozen, size, error);
        if (status == TN_OK) {
            pthread_rwlock_wrlock(&index->lock);
            struct tn_index_memory before = index->gathering;
            index->gathering = index->frozen;
            index->frozen = before;
            pthread_rwlock_unlock(&index->lock);
        }
    }
    tn_iterator_destroy(iterator);
    return status;
}

/* Hand the gathered entries to the thread, unless it still has a segment. */
static void freeze(struct tn_index *index)
{
    pthread_mutex_lock(&index->work_lock);
    if (!index->frozen_busy && index->gathering.end != index->gathering.base) {
        pthread_rwlock_wrlock(&index->lock);
        struct tn_index_memory empty = index->frozen;
        index->frozen = index->gathering;
        tn_index_memory_reset(&empty, index->frozen.end);
        index->gathering = empty;
        index->frozen_busy = true;
        pthread_rwlock_unlock(&index->lock);
        if (!index->started) {
            index->started = pthread_create(&index->thread, NULL, segment_work, index) == 0;
        }
        if (!index->started) {
            index->status = tn_fail(&index->error, TN_MEMORY, "no thread for the index");
        }
        pthread_cond_signal(&index->work);
    }
    pthread_mutex_unlock(&index->work_lock);
}

/* Until there is no frozen segment, or no more than `gathered_max` entries wait behind it. */
static enum tn_status wait_for_thread(struct tn_index *index, uint64_t gathered_max,
                                      struct tn_error *error)
{
    enum tn_status status = TN_OK;
    pthread_mutex_lock(&index->work_lock);
    while (index->frozen_busy && index->status == TN_OK &&
           index->gathering.end - index->gathering.base >= gathered_max) {
        pthread_cond_wait(&index->done, &index->work_lock);
    }
    if (index->status == TN_IO ||
        (index->status != TN_OK && index->gathering.end - index->gathering.base >= gathered_max)) {
        status = tn_fail(error, index->status, "%s", index->error.text);
    }
    pthread_mutex_unlock(&index->work_lock);
    return status;
}

/* ---- the thread ---- */

static void *segment_work(void *context)
{
    struct tn_index *index = context;
    pthread_mutex_lock(&index->work_lock);
    while (!index->stopping) {
        if (!index->frozen_busy) {
            pthread_cond_wait(&index->work, &index->work_lock);
            continue;
        }
        struct tn_error error = {0};
        pthread_mutex_unlock(&index->work_lock);
        enum tn_status status = write_segment(index, &error);
        pthread_mutex_lock(&index->work_lock);
        index->status = status;
        index->error = error;
        if (status == TN_OK) {
            pthread_rwlock_wrlock(&index->lock);
            index->frozen_busy = false;
            pthread_rwlock_unlock(&index->lock);
        }
        pthread_cond_broadcast(&index->done);
        if (status != TN_OK && !index->stopping) {
            struct timespec until = {.tv_sec = (time_t) (tn_clock_monotonic_us() / 1000000) +
                                               RETRY_S};
            (void) pthread_cond_timedwait(&index->work, &index->work_lock, &until);
        }
    }
    pthread_mutex_unlock(&index->work_lock);
    return NULL;
}

/* Files first, then the rows of the frames go. Nothing reaches files before its frame is durable:
 * an entry lost in a power cut must not leave its index behind. */
static enum tn_status write_segment(struct tn_index *index, struct tn_error *error)
{
    const struct tn_index_memory *segment = &index->frozen;
    struct tn_error own = {0};
    enum tn_status status = tn_store_sync(index->store, error);

    if (status != TN_OK) {
        return status;
    }
    status = tn_index_segment_write(index->store, index->family, index->commands, segment, &own);
    if (status != TN_OK) {
        /* No append is in doubt when a file of the index cannot be written: it is tried again. */
        return tn_fail(error, status == TN_IO ? TN_UNAVAILABLE : status,
                       "files of the index cannot be written for now, and it is tried again every "
                       "second: %s",
                       own.text);
    }
    uint8_t from[TN_GATHERED_KEY_BYTES];
    uint8_t to[TN_GATHERED_KEY_BYTES];
    tn_gathered_key(from, index->deleted_to);
    tn_gathered_key(to, segment->end);
    struct tn_batch *batch = tn_batch_create();
    tn_batch_delete_range(batch, index->gathered, tn_bytes(from, sizeof(from)),
                          tn_bytes(to, sizeof(to)));
    /* Rows of two segments that outlived their files would be cut otherwise when they are written
     * again, so the first go before the second are written, also from a nearly full disk. */
    status = tn_store_write_owed(index->store, batch, TN_UNSYNCED, error);
    tn_batch_destroy(batch);
    if (status == TN_OK) {
        index->deleted_to = segment->end;
    }
    return status;
}
