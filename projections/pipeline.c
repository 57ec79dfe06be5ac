/* The log folded by as many threads as there are cores.
 *
 * The life of a batch (one slot of a ring): whoever scans fills it with decoded events and hands
 * it on; every projection folds it once; when the last has, the slot is free again. Every thread,
 * the caller's among them, takes what is to be done: the projection that is furthest behind and not
 * being folded, for one batch; or the scan, which one thread at a time has. So a projection sees
 * events in order and one thread at a time, as the scan sees entries, and no split of the work has
 * to be chosen. Threads of their own for the scan and the folds were more than cores, and waited
 * for each other at every batch.
 *
 * One event may take its projection a tenth of a second (the end of a day's pool, a seal): while it
 * does, the others go on until the ring is full.
 *
 * The first failure stops all: nobody takes anything more, what is folded stays as it is for the
 * caller to throw away. */
#include "projections/pipeline.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/base/hash.h"
#include "projections/ahead.h"

/* A batch is a millisecond of work. A scan begins when few are left, and fills some, so that they
 * are still in the caches when they are folded; as many as there is room for when nothing can be
 * folded meanwhile. */
#define BATCH_EVENTS TN_AHEAD_EVENTS
#define SCAN_BELOW_SLOTS 8
#define SCAN_TO_SLOTS 32
#define RING_SLOTS 64
/* Decoded lists live in the arena too. A batch ends early when this much is used; one event
 * needs at most a multiple of an entry's 64 KiB. So a ring has some 10 MiB, and of a log of nothing
 * but the largest entries below 100. */
#define BATCH_BYTES ((size_t) 512 << 10)
#define BATCH_BYTES_MAX ((size_t) 64 << 20)
/* What a fold may allocate for one event. */
#define FOLD_BYTES_MAX ((size_t) 256 << 20)
#define THREADS_MAX 5
#define PROGRESS_INTERVAL_US 100000

struct batch {
    struct tn_event *events;
    struct tn_ahead *ahead;
    size_t count;
    struct tn_arena arena; /* the entries' bytes and what was decoded from them */
};

struct run {
    const struct tn_pipeline *pipeline;
    pthread_t caller;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a batch, a fold that is free, the end, or a failure */
    unsigned idle;          /* threads that wait for it */
    uint64_t produced;      /* batches handed on; the next goes to slot produced % RING_SLOTS */
    bool scanning;
    bool ended;
    enum tn_status status; /* the first failure */
    struct tn_error error;
    uint64_t next[TN_PROJECTIONS_MAX]; /* the batch that a fold comes to next */
    bool busy[TN_PROJECTIONS_MAX];
    struct batch batches[RING_SLOTS];
    /* of the thread that scans */
    struct tn_log_cursor *cursor;
    struct batch *filling;
    bool named; /* the genesis was, with the key of gids */
    uint8_t gid_key[TN_HASH_SIZE];
    uint64_t scanned;
    struct tn_error scan_error;
    enum tn_status scan_status;
    /* of the caller's thread */
    uint64_t shown_us;
};

static bool scan_entry(void *context, uint64_t index, struct tn_bytes entry);
static void *work(void *argument);
static void fail(struct run *run, enum tn_status status, const struct tn_error *error);

static enum tn_status run_open(struct run *run, const struct tn_pipeline *pipeline,
                               struct tn_error *error)
{
    TN_CHECK(pipeline->fold_count <= TN_PROJECTIONS_MAX);
    run->pipeline = pipeline;
    run->caller = pthread_self();
    run->scanned = pipeline->from;
    pthread_mutex_init(&run->lock, NULL);
    pthread_cond_init(&run->changed, NULL);
    for (size_t i = 0; i < RING_SLOTS; i++) {
        tn_arena_init(&run->batches[i].arena, BATCH_BYTES_MAX);
    }
    return tn_log_cursor_open(pipeline->log, pipeline->from, pipeline->end, &run->cursor, error);
}

static void run_close(struct run *run)
{
    for (size_t i = 0; i < RING_SLOTS; i++) {
        free(run->batches[i].events);
        free(run->batches[i].ahead);
        tn_arena_close(&run->batches[i].arena);
    }
    tn_log_cursor_close(run->cursor);
    pthread_cond_destroy(&run->changed);
    pthread_mutex_destroy(&run->lock);
    free(run);
}

/* Beside the caller's: no more than cores, and than there is to be done at once. */
static size_t thread_count(const struct tn_pipeline *pipeline)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = cores > 2 ? (size_t) cores - 1 : 1;

    count = count < THREADS_MAX ? count : THREADS_MAX;
    return count < pipeline->fold_count ? count : pipeline->fold_count;
}

enum tn_status tn_pipeline_run(const struct tn_pipeline *pipeline, struct tn_error *error)
{
    pthread_t threads[THREADS_MAX];
    size_t wanted = thread_count(pipeline);
    size_t count = 0;
    struct run *run = calloc(1, sizeof(*run));
    enum tn_status status;

    if (run == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory to fold the log");
    }
    status = run_open(run, pipeline, error);
    if (status != TN_OK) {
        goto out;
    }
    while (count < wanted && pthread_create(&threads[count], NULL, work, run) == 0) {
        count++; /* without any the caller's does it all */
    }
    (void) work(run);
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    status = run->status;
    if (status != TN_OK && error != NULL) {
        *error = run->error;
        error->status = status;
    }
    if (status == TN_OK && pipeline->progress != NULL) {
        pipeline->progress(pipeline->context, pipeline->end, pipeline->total);
    }
out:
    run_close(run);
    return status;
}

/* The first failure counts; everybody is woken to see it. */
static void fail(struct run *run, enum tn_status status, const struct tn_error *error)
{
    pthread_mutex_lock(&run->lock);
    if (run->status == TN_OK) {
        run->status = status;
        run->error = *error;
    }
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

/* With the lock held. */
static void wake(struct run *run)
{
    if (run->idle > 0) {
        pthread_cond_broadcast(&run->changed);
    }
}

static uint64_t slots_used(const struct run *run)
{
    uint64_t oldest = run->produced;

    for (size_t i = 0; i < run->pipeline->fold_count; i++) {
        oldest = run->next[i] < oldest ? run->next[i] : oldest;
    }
    return run->produced - oldest;
}

/* The fold furthest behind that nobody holds and that has a batch to fold; fold_count when none. */
static size_t fold_pick(const struct run *run)
{
    size_t pick = run->pipeline->fold_count;

    for (size_t i = 0; i < run->pipeline->fold_count; i++) {
        if (!run->busy[i] && run->next[i] < run->produced &&
            (pick == run->pipeline->fold_count || run->next[i] < run->next[pick])) {
            pick = i;
        }
    }
    return pick;
}

/* ---- the scan ---- */

static void slot_take(struct run *run);
static void slot_give(struct run *run);

static void show_progress(struct run *run)
{
    const struct tn_pipeline *pipeline = run->pipeline;

    if (pipeline->progress != NULL && pthread_equal(run->caller, pthread_self())) {
        uint64_t now_us = tn_clock_monotonic_us();

        if (now_us - run->shown_us >= PROGRESS_INTERVAL_US) {
            run->shown_us = now_us;
            pipeline->progress(pipeline->context, run->scanned, pipeline->total);
        }
    }
}

static bool scan_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct run *run = context;
    struct batch *batch = run->filling;

    if (run->pipeline->merkle != NULL) {
        tn_merkle_add_leaf(run->pipeline->merkle, entry);
    }
    /* The scan's view ends with this call, and events point into the entry. */
    struct tn_bytes copy = tn_arena_copy(&batch->arena, entry);
    if (copy.data == NULL) {
        run->scan_status =
            tn_fail(&run->scan_error, TN_MEMORY, "no memory for entry %" PRIu64, index);
        return false;
    }
    run->scan_status =
        tn_event_decode(copy, index, &batch->arena, &batch->events[batch->count], &run->scan_error);
    if (run->scan_status == TN_INVALID) {
        /* It got into the log, so the log is at fault and not whoever asks. */
        run->scan_status = TN_CORRUPT;
    }
    if (run->scan_status == TN_OK && run->pipeline->watch != NULL) {
        run->scan_status = run->pipeline->watch(
            run->pipeline->context, &batch->events[batch->count], copy, &run->scan_error);
    }
    if (run->scan_status != TN_OK) {
        return false;
    }
    if (index == 0 && batch->events[0].kind == TN_KIND_ledger_created) {
        memcpy(run->gid_key, batch->events[0].body.ledger_created.facts.gid_key, TN_HASH_SIZE);
        run->named = true;
    }
    tn_ahead_add(batch->ahead, &batch->events[batch->count], run->named ? run->gid_key : NULL);
    batch->count++;
    run->scanned = index + 1;
    if (batch->count == BATCH_EVENTS || batch->arena.used >= BATCH_BYTES) {
        slot_give(run);
        slot_take(run);
    }
    return run->filling != NULL;
}

/* None when it is time to fold, or after a failure. */
static void slot_take(struct run *run)
{
    struct batch *batch = NULL;
    uint64_t used;

    show_progress(run);
    if (tn_stop_asked(run->pipeline->stop)) {
        run->scan_status = tn_fail(&run->scan_error, TN_UNAVAILABLE, TN_REBUILD_STOPPED);
        run->filling = NULL;
        return;
    }
    pthread_mutex_lock(&run->lock);
    used = slots_used(run);
    if (run->status == TN_OK && used < RING_SLOTS &&
        (used < SCAN_TO_SLOTS || fold_pick(run) == run->pipeline->fold_count)) {
        batch = &run->batches[run->produced % RING_SLOTS];
    }
    pthread_mutex_unlock(&run->lock);
    /* A short stretch needs few of them. */
    if (batch != NULL && batch->events == NULL) {
        batch->events = calloc(BATCH_EVENTS, sizeof(struct tn_event));
        batch->ahead = calloc(1, sizeof(*batch->ahead));
        if (batch->events == NULL || batch->ahead == NULL) {
            run->scan_status = tn_fail(&run->scan_error, TN_MEMORY, "no memory to fold the log");
            batch = NULL;
        }
    }
    if (batch != NULL) {
        batch->count = 0;
        tn_ahead_clear(batch->ahead);
        tn_arena_reset(&batch->arena);
    }
    run->filling = batch;
}

static void slot_give(struct run *run)
{
    if (run->filling == NULL) {
        return;
    }
    run->filling = NULL;
    pthread_mutex_lock(&run->lock);
    run->produced++;
    wake(run);
    pthread_mutex_unlock(&run->lock);
}

/* With the lock held, which is let go meanwhile. */
static void scan_some(struct run *run)
{
    const struct tn_pipeline *pipeline = run->pipeline;
    enum tn_status status;

    run->scanning = true;
    pthread_mutex_unlock(&run->lock);
    slot_take(run);
    status = run->filling == NULL
                 ? TN_OK
                 : tn_log_cursor_scan(run->cursor, scan_entry, run, &run->scan_error);
    if (run->scan_status != TN_OK) {
        status = run->scan_status;
    }
    if (status == TN_OK && run->filling != NULL && run->scanned != pipeline->end) {
        status = tn_fail(&run->scan_error, TN_CORRUPT,
                         "the log ends at entry %" PRIu64 ", not at %" PRIu64, run->scanned,
                         pipeline->end);
    }
    if (status != TN_OK) {
        fail(run, status, &run->scan_error);
    }
    slot_give(run);
    pthread_mutex_lock(&run->lock);
    run->scanning = false;
    run->ended = run->scanned == pipeline->end;
    wake(run);
}

/* ---- the folds ---- */

static enum tn_status fold_batch(struct tn_fold *fold, const struct batch *batch,
                                 struct tn_arena *arena, struct tn_error *error)
{
    enum tn_status status = TN_OK;
    uint32_t next = 0;

    for (size_t i = 0; status == TN_OK && i < batch->count; i++) {
        tn_ahead_step(batch->ahead, fold->number, i, &next, fold->rows);
        if (fold->number == TN_CORE_QUEUE) {
            tn_ahead_gid(batch->ahead, i);
        }
        tn_arena_reset(arena);
        status = tn_fold_event(fold, &batch->events[i], arena, error);
    }
    return status;
}

/* With the lock held, which is let go meanwhile: one batch. */
static void fold_one(struct run *run, size_t pick, struct tn_arena *arena)
{
    const struct batch *batch = &run->batches[run->next[pick] % RING_SLOTS];
    struct tn_error error = {0};
    enum tn_status status;

    run->busy[pick] = true;
    pthread_mutex_unlock(&run->lock);
    status = fold_batch(run->pipeline->folds[pick], batch, arena, &error);
    if (status != TN_OK) {
        fail(run, status, &error);
    }
    pthread_mutex_lock(&run->lock);
    run->busy[pick] = false;
    run->next[pick]++;
    wake(run);
}

static void *work(void *argument)
{
    struct run *run = argument;
    struct tn_arena arena;

    tn_arena_init(&arena, FOLD_BYTES_MAX);
    pthread_mutex_lock(&run->lock);
    while (run->status == TN_OK && !(run->ended && slots_used(run) == 0)) {
        size_t pick = fold_pick(run);
        bool can_fold = pick != run->pipeline->fold_count;
        bool can_scan = !run->scanning && !run->ended && slots_used(run) < RING_SLOTS;

        if (can_scan && (!can_fold || slots_used(run) < SCAN_BELOW_SLOTS)) {
            scan_some(run);
        } else if (can_fold) {
            fold_one(run, pick, &arena);
        } else {
            run->idle++;
            pthread_cond_wait(&run->changed, &run->lock);
            run->idle--;
        }
    }
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
    tn_arena_close(&arena);
    return NULL;
}
