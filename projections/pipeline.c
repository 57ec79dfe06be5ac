/* The log folded by several threads.
 *
 * The life of a batch (one slot of a ring): the scanner, which is the caller's thread, fills it
 * with decoded events and hands it on; every projection folds it once; when the last has, the
 * slot is the scanner's again. A worker takes whichever projection is furthest behind and not
 * being folded, for one batch, so a projection sees events in order and one thread at a time,
 * and no split of projections between the workers has to be chosen.
 *
 * The first failure stops all: the scanner stops filling, workers stop taking, what is folded
 * stays as it is for the caller to throw away. */
#include "projections/pipeline.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/base/hash.h"
#include "ledger/rules/draw.h"
#include "projections/ahead.h"

/* Some 5 ms of work in flight for each thread: enough that nobody waits, small enough for caches.
 */
#define RING_SLOTS 8
#define BATCH_EVENTS 256
/* Decoded lists live in the arena too. A batch ends early when this much is used; one event
 * needs at most a multiple of an entry's 64 KiB. */
#define BATCH_BYTES ((size_t) 1 << 20)
#define BATCH_BYTES_MAX ((size_t) 64 << 20)
/* What a fold may allocate for one event. */
#define FOLD_BYTES_MAX ((size_t) 256 << 20)
#define WORKERS 2
#define PROGRESS_INTERVAL_US 100000

struct batch {
    struct tn_event *events;
    struct tn_ahead *ahead;
    size_t count;
    struct tn_arena arena; /* the entries' bytes and what was decoded from them */
};

struct run {
    const struct tn_pipeline *pipeline;
    pthread_mutex_t lock;
    pthread_cond_t filled; /* a batch, the end, or a failure */
    pthread_cond_t freed;  /* a slot, or a failure */
    uint64_t produced;     /* batches handed on; the next goes to slot produced % RING_SLOTS */
    bool ended;
    enum tn_status status; /* the first failure */
    struct tn_error error;
    unsigned idle;                     /* workers that wait for a batch */
    bool held;                         /* the scanner waits for a slot */
    uint64_t next[TN_PROJECTIONS_MAX]; /* the batch that a fold comes to next */
    bool busy[TN_PROJECTIONS_MAX];
    struct batch batches[RING_SLOTS];
    /* the scanner's own */
    struct batch *filling;
    bool stopped; /* no slot came: a fold failed */
    bool named;   /* the genesis was, with the key of gids */
    uint8_t gid_key[TN_HASH_SIZE];
    uint64_t scanned;
    uint64_t shown_us;
    struct tn_error scan_error;
    enum tn_status scan_status;
};

static bool scan_entry(void *context, uint64_t index, struct tn_bytes entry);
static struct batch *slot_take(struct run *run);
static void slot_give(struct run *run);
static void *fold_work(void *argument);
static void fail(struct run *run, enum tn_status status, const struct tn_error *error);

static enum tn_status run_open(struct run *run, const struct tn_pipeline *pipeline,
                               struct tn_error *error)
{
    TN_CHECK(pipeline->fold_count <= TN_PROJECTIONS_MAX);
    run->pipeline = pipeline;
    run->scanned = pipeline->from;
    pthread_mutex_init(&run->lock, NULL);
    pthread_cond_init(&run->filled, NULL);
    pthread_cond_init(&run->freed, NULL);
    for (size_t i = 0; i < RING_SLOTS; i++) {
        tn_arena_init(&run->batches[i].arena, BATCH_BYTES_MAX);
        run->batches[i].events = calloc(BATCH_EVENTS, sizeof(struct tn_event));
        run->batches[i].ahead = calloc(BATCH_EVENTS, sizeof(struct tn_ahead));
        if (run->batches[i].events == NULL || run->batches[i].ahead == NULL) {
            return tn_fail(error, TN_MEMORY, "no memory to fold the log");
        }
    }
    return TN_OK;
}

static void run_close(struct run *run)
{
    for (size_t i = 0; i < RING_SLOTS; i++) {
        free(run->batches[i].events);
        free(run->batches[i].ahead);
        tn_arena_close(&run->batches[i].arena);
    }
    pthread_cond_destroy(&run->freed);
    pthread_cond_destroy(&run->filled);
    pthread_mutex_destroy(&run->lock);
    free(run);
}

enum tn_status tn_pipeline_run(const struct tn_pipeline *pipeline, struct tn_error *error)
{
    pthread_t threads[WORKERS];
    size_t thread_count = 0;
    struct run *run = calloc(1, sizeof(*run));
    enum tn_status status;

    if (run == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory to fold the log");
    }
    status = run_open(run, pipeline, error);
    if (status != TN_OK) {
        goto out;
    }
    while (thread_count < WORKERS && thread_count < pipeline->fold_count) {
        if (pthread_create(&threads[thread_count], NULL, fold_work, run) != 0) {
            break; /* one is enough */
        }
        thread_count++;
    }
    if (thread_count == 0 && pipeline->fold_count != 0) {
        status = tn_fail(error, TN_MEMORY, "no thread to fold the log");
        goto out;
    }
    status = tn_log_scan(pipeline->log, pipeline->from, pipeline->end, scan_entry, run,
                         &run->scan_error);
    if (run->scan_status != TN_OK) {
        status = run->scan_status;
    }
    if (status == TN_OK && run->scanned != pipeline->end && !run->stopped) {
        status = tn_fail(&run->scan_error, TN_CORRUPT,
                         "the log ends at entry %" PRIu64 ", not at %" PRIu64, run->scanned,
                         pipeline->end);
    }
    if (status != TN_OK) {
        fail(run, status, &run->scan_error);
    }
    slot_give(run);
    pthread_mutex_lock(&run->lock);
    run->ended = true;
    pthread_cond_broadcast(&run->filled);
    pthread_mutex_unlock(&run->lock);
    for (size_t i = 0; i < thread_count; i++) {
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
    pthread_cond_broadcast(&run->filled);
    pthread_cond_broadcast(&run->freed);
    pthread_mutex_unlock(&run->lock);
}

/* ---- the scanner ---- */

static void show_progress(struct run *run)
{
    const struct tn_pipeline *pipeline = run->pipeline;

    if (pipeline->progress != NULL) {
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

    if (run->filling == NULL) {
        run->filling = slot_take(run);
        if (run->filling == NULL) {
            run->stopped = true;
            return false;
        }
        show_progress(run);
    }
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
    tn_ahead_of(&batch->events[batch->count], run->named ? run->gid_key : NULL,
                &batch->ahead[batch->count]);
    batch->count++;
    run->scanned = index + 1;
    if (batch->count == BATCH_EVENTS || batch->arena.used >= BATCH_BYTES) {
        slot_give(run);
    }
    return true;
}

/* Waits for a free slot; NULL after a failure. */
static struct batch *slot_take(struct run *run)
{
    struct batch *batch = NULL;

    pthread_mutex_lock(&run->lock);
    while (run->status == TN_OK && batch == NULL) {
        uint64_t oldest = run->produced;

        for (size_t i = 0; i < run->pipeline->fold_count; i++) {
            oldest = run->next[i] < oldest ? run->next[i] : oldest;
        }
        if (run->produced - oldest < RING_SLOTS) {
            batch = &run->batches[run->produced % RING_SLOTS];
        } else {
            run->held = true;
            pthread_cond_wait(&run->freed, &run->lock);
            run->held = false;
        }
    }
    pthread_mutex_unlock(&run->lock);
    if (batch != NULL) {
        batch->count = 0;
        tn_arena_reset(&batch->arena);
    }
    return batch;
}

static void slot_give(struct run *run)
{
    if (run->filling == NULL) {
        return;
    }
    run->filling = NULL;
    pthread_mutex_lock(&run->lock);
    run->produced++;
    if (run->idle > 0) {
        pthread_cond_broadcast(&run->filled);
    }
    pthread_mutex_unlock(&run->lock);
}

/* ---- the workers ---- */

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

static bool all_folded(const struct run *run)
{
    for (size_t i = 0; i < run->pipeline->fold_count; i++) {
        if (run->next[i] < run->produced) {
            return false;
        }
    }
    return run->ended;
}

/* This fold was the last one to come to its batch: the slot before is free. */
static bool frees_slot(const struct run *run, size_t fold)
{
    for (size_t i = 0; i < run->pipeline->fold_count; i++) {
        if (run->next[i] < run->next[fold]) {
            return false;
        }
    }
    return true;
}

static enum tn_status fold_batch(struct tn_fold *fold, const struct batch *batch,
                                 struct tn_arena *arena, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < batch->count; i++) {
        const struct tn_ahead *ahead = &batch->ahead[i];

        tn_ahead_step(batch->ahead, batch->count, i, &fold->rows, fold->number, fold->number + 1);
        if (ahead->asks && fold->number == TN_CORE_QUEUE) {
            tn_draw_gid_known(ahead->gid, ahead->gid_key, ahead->day, ahead->registration);
        }
        tn_arena_reset(arena);
        status = tn_fold_event(fold, &batch->events[i], arena, error);
    }
    return status;
}

static void *fold_work(void *argument)
{
    struct run *run = argument;
    const struct tn_pipeline *pipeline = run->pipeline;
    struct tn_arena arena;
    struct tn_error error = {0};

    tn_arena_init(&arena, FOLD_BYTES_MAX);
    pthread_mutex_lock(&run->lock);
    while (run->status == TN_OK && !all_folded(run)) {
        size_t pick = fold_pick(run);

        if (pick == pipeline->fold_count) {
            run->idle++;
            pthread_cond_wait(&run->filled, &run->lock);
            run->idle--;
            continue;
        }
        const struct batch *batch = &run->batches[run->next[pick] % RING_SLOTS];
        enum tn_status status;
        run->busy[pick] = true;
        pthread_mutex_unlock(&run->lock);
        status = fold_batch(pipeline->folds[pick], batch, &arena, &error);
        if (status != TN_OK) {
            fail(run, status, &error);
        }
        pthread_mutex_lock(&run->lock);
        run->busy[pick] = false;
        run->next[pick]++;
        if (run->held && frees_slot(run, pick)) {
            pthread_cond_signal(&run->freed);
        }
        /* The other worker may have found this fold busy, or waits for the end. */
        if (run->idle > 0) {
            pthread_cond_broadcast(&run->filled);
        }
    }
    pthread_mutex_unlock(&run->lock);
    tn_arena_close(&arena);
    return NULL;
}
