/* Rebuild beside, compare, swap (P1, P6).
 *
 * The life of a rebuild: begin notes it in meta and makes empty families beside the current
 * ones; catch_up folds into them, write-back and without the WAL; finish folds the rest, writes
 * and compares each, flushes, and replaces the current families in one synced write, which also
 * ends the note. Before that write everything made can be thrown away; after it the old families
 * can. A cut at any moment therefore leaves whole current families and some that are not
 * current: the next tn_engine_open drops those, and because of the note a start tells of it.
 * Whoever runs it again begins it from the first entry: at the rate of folding that is cheaper than
 * keeping half a rebuild consistent on disk. */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "ledger/base/clock.h"
#include "ledger/base/fault.h"
#include "projections/core_list.h"
#include "projections/engine.h"
#include "projections/families.h"
#include "projections/pipeline.h"

struct tn_rebuild_job {
    struct tn_store *store;
    struct tn_log *log;
    struct tn_family *meta;
    struct tn_family *touched;
    struct tn_core_list list;
    uint32_t mask;
    uint64_t started_us;
    uint64_t position; /* entries folded */
    bool broken;       /* a stretch failed half-way */
    bool swapped;
    bool claimed; /* the store, for this job */
    const atomic_bool *stop;
    struct tn_merkle merkle;
    struct tn_cache_budget budgets[TN_PROJECTIONS_MAX];
    char names[TN_PROJECTIONS_MAX][TN_FAMILY_NAME_MAX + 1];
    struct tn_family *families[TN_PROJECTIONS_MAX];
    struct tn_fold folds[TN_PROJECTIONS_MAX];
    struct tn_rows_compared compared[TN_PROJECTIONS_MAX]; /* with the live ones */
    bool comparable[TN_PROJECTIONS_MAX];
};

static enum tn_status open_beside(struct tn_rebuild_job *job, size_t number, size_t cache_bytes,
                                  struct tn_error *error);
static enum tn_status note_mask(struct tn_rebuild_job *job, uint32_t mask, struct tn_error *error);
static enum tn_status check_log(struct tn_rebuild_job *job, const struct tn_log_head *head,
                                struct tn_error *error);
static enum tn_status conclude_all(struct tn_rebuild_job *job, struct tn_error *error);
static enum tn_status compare(struct tn_rebuild_job *job, size_t number, struct tn_error *error);
static void report_on(const struct tn_rebuild_job *job, struct tn_rebuild_report *report);
static enum tn_status name_difference(const struct tn_rebuild_job *job,
                                      const struct tn_rebuild_report *report,
                                      struct tn_error *error);
static enum tn_status swap(struct tn_rebuild_job *job, struct tn_error *error);

/* For whoever waits for the end of a job that nobody wants any more. */
static enum tn_status go_on(const struct tn_rebuild_job *job, struct tn_error *error)
{
    return tn_stop_asked(job->stop) ? tn_fail(error, TN_UNAVAILABLE, TN_REBUILD_STOPPED) : TN_OK;
}

static bool asked(const struct tn_rebuild_job *job, size_t number)
{
    return (job->mask >> number & 1) != 0;
}

enum tn_status tn_rebuild(struct tn_store *store, struct tn_log *log, uint32_t mask,
                          bool swap_different, tn_rebuild_progress *progress, void *context,
                          struct tn_rebuild_report *report, struct tn_error *error)
{
    const struct tn_rebuild_options options = {.mask = mask, .cache_bytes = TN_REBUILD_ALONE_BYTES};
    struct tn_rebuild_job *job = NULL;

    *report = (struct tn_rebuild_report){0};
    enum tn_status status = tn_rebuild_begin(store, log, &options, &job, error);
    if (status == TN_OK) {
        status = tn_rebuild_finish(job, swap_different, progress, context, report, error);
    }
    if (status == TN_OK) {
        struct tn_core_list all = tn_whole_list(NULL, 0);

        status = tn_engine_drop_old(store, all.items, all.count, error);
    }
    tn_rebuild_close(job);
    return status;
}

/* ---- begin, close ---- */

enum tn_status tn_rebuild_begin(struct tn_store *store, struct tn_log *log,
                                const struct tn_rebuild_options *options,
                                struct tn_rebuild_job **out, struct tn_error *error)
{
    size_t cache_bytes = options->cache_bytes == 0 ? TN_REBUILD_CACHE_BYTES : options->cache_bytes;
    enum tn_status status;

    *out = NULL;
    struct tn_rebuild_job *job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for a rebuild");
    }
    job->store = store;
    job->log = log;
    job->list = tn_whole_list(options->list, options->count);
    job->mask = options->mask & ((UINT32_C(1) << job->list.count) - 1);
    job->stop = options->stop;
    job->started_us = tn_clock_monotonic_us();
    tn_merkle_init(&job->merkle);
    job->claimed = tn_store_claim(store);
    status = !job->claimed
                 ? tn_fail(error, TN_BUSY,
                           "another rebuild of this ledger is under way: wait for its end")
             : job->mask == 0 ? tn_fail(error, TN_INVALID, "no projection is asked for")
                              : tn_store_family(store, "meta", false, &job->meta, error);
    if (status == TN_OK) {
        status = tn_store_family(store, TN_TOUCHED_FAMILY, true, &job->touched, error);
    }
    if (status == TN_OK) {
        status = note_mask(job, job->mask, error);
    }
    for (size_t i = 0; status == TN_OK && i < job->list.count; i++) {
        if (asked(job, i)) {
            status =
                open_beside(job, i, tn_core_share(&job->list, job->mask, i, cache_bytes), error);
        }
    }
    if (status != TN_OK) {
        tn_rebuild_close(job);
        return status;
    }
    *out = job;
    return TN_OK;
}

static enum tn_status open_beside(struct tn_rebuild_job *job, size_t number, size_t cache_bytes,
                                  struct tn_error *error)
{
    const struct tn_projection *projection = job->list.items[number];
    struct tn_rows_options options = {
        .face = TN_ROWS_BUILD,
        .name = job->names[number],
        .store = job->store,
        .budget = &job->budgets[number],
        .touched = job->touched,
    };

    tn_cache_budget_init(&job->budgets[number], cache_bytes);
    enum tn_status status =
        tn_current_fresh(job->store, projection->name, job->names[number], error);
    if (status == TN_OK) {
        status = tn_store_family(job->store, job->names[number], true, &options.family, error);
    }
    if (status == TN_OK) {
        job->families[number] = options.family;
        job->folds[number] = (struct tn_fold){.projection = projection,
                                              .number = tn_projection_number(projection, number),
                                              .verify = true};
        status = tn_rows_open(&options, &job->folds[number].rows, error);
    }
    return status;
}

static enum tn_status note_mask(struct tn_rebuild_job *job, uint32_t mask, struct tn_error *error)
{
    struct tn_batch *batch = tn_batch_create();

    tn_rebuild_mask_write(batch, job->meta, mask);
    enum tn_status status = tn_store_write(job->store, batch, TN_SYNCED, error);
    tn_batch_destroy(batch);
    return status;
}

void tn_rebuild_close(struct tn_rebuild_job *job)
{
    if (job == NULL) {
        return;
    }
    for (size_t i = 0; i < job->list.count; i++) {
        tn_rows_close(job->folds[i].rows);
        if (job->families[i] != NULL && !job->swapped) {
            /* What cannot be dropped now is dropped when the ledger is opened. */
            (void) (tn_store_drop_family(job->store, job->names[i], NULL) == TN_OK);
        }
    }
    if (job->meta != NULL && job->mask != 0 && !job->swapped) {
        (void) (note_mask(job, 0, NULL) == TN_OK);
    }
    if (job->claimed) {
        tn_store_unclaim(job->store);
    }
    free(job);
}

enum tn_status tn_rebuild_pending(struct tn_store *store, uint32_t *mask, struct tn_error *error)
{
    return tn_rebuild_mask_read(store, mask, error);
}

/* ---- folding ---- */

enum tn_status tn_rebuild_catch_up(struct tn_rebuild_job *job, uint64_t upto,
                                   tn_rebuild_progress *progress, void *context,
                                   struct tn_error *error)
{
    struct tn_fold *running[TN_PROJECTIONS_MAX];
    struct tn_log_head head;
    struct tn_pipeline pipeline = {
        .log = job->log,
        .folds = running,
        .merkle = &job->merkle,
        .from = job->position,
        .progress = progress,
        .context = context,
        .stop = job->stop,
    };

    if (job->broken) {
        return tn_fail(error, TN_CORRUPT, "this rebuild has failed before; begin again");
    }
    tn_log_head(job->log, &head);
    pipeline.end = upto < head.size ? upto : head.size;
    pipeline.total = pipeline.end;
    if (pipeline.end <= job->position) {
        return TN_OK;
    }
    for (size_t i = 0; i < job->list.count; i++) {
        if (asked(job, i)) {
            running[pipeline.fold_count++] = &job->folds[i];
        }
    }
    enum tn_status status = tn_pipeline_run(&pipeline, error);
    job->broken = status != TN_OK;
    job->position = status == TN_OK ? pipeline.end : job->position;
    return status;
}

enum tn_status tn_rebuild_finish(struct tn_rebuild_job *job, bool swap_different,
                                 tn_rebuild_progress *progress, void *context,
                                 struct tn_rebuild_report *report, struct tn_error *error)
{
    struct tn_log_head head;
    enum tn_status status;
    bool equal = true;

    *report = (struct tn_rebuild_report){0};
    tn_log_head(job->log, &head);
    status = tn_rebuild_catch_up(job, head.size, progress, context, error);
    if (status == TN_OK) {
        status = check_log(job, &head, error);
    }
    if (status == TN_OK) {
        status = conclude_all(job, error);
    }
    if (status == TN_OK) {
        status = tn_fault("rebuild_flush") ? tn_fail(error, TN_IO, "a test made the flush fail")
                                           : tn_store_flush(job->store, error);
    }
    if (status == TN_OK) {
        report_on(job, report);
    }
    report->events = job->position;
    report->duration_us = tn_clock_monotonic_us() - job->started_us;
    for (size_t i = 0; i < job->list.count; i++) {
        equal = equal && (!asked(job, i) || report->equal[i]);
    }
    if (status == TN_OK && !equal && !swap_different) {
        status = name_difference(job, report, error);
    }
    status = status == TN_OK ? go_on(job, error) : status;
    return status == TN_OK ? swap(job, error) : status;
}

/* The entries that were folded are those under the log's root (P3). */
static enum tn_status check_log(struct tn_rebuild_job *job, const struct tn_log_head *head,
                                struct tn_error *error)
{
    uint8_t root[TN_HASH_SIZE];

    if (job->position != head->size) {
        return tn_fail(error, TN_BUSY, "the log grew while its rebuild was finishing");
    }
    tn_merkle_root(&job->merkle, root);
    if (memcmp(root, head->root, sizeof(root)) != 0) {
        return tn_fail(error, TN_CORRUPT,
                       "the %" PRIu64 " entries of the log do not lead to its root: run verify",
                       head->size);
    }
    return TN_OK;
}

/* ---- concluding ---- */

/* The projections that are asked for, the largest first, for two threads: one has most rows. */
struct conclusion {
    struct tn_rebuild_job *job;
    pthread_mutex_t lock;
    bool taken[TN_PROJECTIONS_MAX];
    enum tn_status status; /* the first failure */
    struct tn_error error;
};

/* The number of projections when all are taken or one has failed. With the lock held. */
static size_t take_largest(struct conclusion *conclusion)
{
    const struct tn_rebuild_job *job = conclusion->job;
    size_t largest = job->list.count;

    for (size_t i = 0; conclusion->status == TN_OK && i < job->list.count; i++) {
        if (asked(job, i) && !conclusion->taken[i] &&
            (largest == job->list.count ||
             job->folds[i].rows->cache.row_count > job->folds[largest].rows->cache.row_count)) {
            largest = i;
        }
    }
    if (largest != job->list.count) {
        conclusion->taken[largest] = true;
    }
    return largest;
}

/* Each is written and compared before the next: while one thread waits for the disk the other
 * computes. */
static void *conclude_some(void *argument)
{
    struct conclusion *conclusion = argument;
    struct tn_rebuild_job *job = conclusion->job;
    size_t number;

    pthread_mutex_lock(&conclusion->lock);
    while ((number = take_largest(conclusion)) != job->list.count) {
        struct tn_error error = {0};

        pthread_mutex_unlock(&conclusion->lock);
        enum tn_status status = go_on(job, &error);
        if (status == TN_OK) {
            status = tn_rows_spill(job->folds[number].rows, &error);
        }
        if (status == TN_OK) {
            status = compare(job, number, &error);
        }
        pthread_mutex_lock(&conclusion->lock);
        if (status != TN_OK && conclusion->status == TN_OK) {
            conclusion->status = status;
            conclusion->error = error;
        }
    }
    pthread_mutex_unlock(&conclusion->lock);
    return NULL;
}

static enum tn_status conclude_all(struct tn_rebuild_job *job, struct tn_error *error)
{
    struct conclusion conclusion = {.job = job, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t thread;
    bool threaded = pthread_create(&thread, NULL, conclude_some, &conclusion) == 0;

    (void) conclude_some(&conclusion); /* without another thread this one takes them all */
    if (threaded) {
        pthread_join(thread, NULL);
    }
    pthread_mutex_destroy(&conclusion.lock);
    if (conclusion.status != TN_OK && error != NULL) {
        *error = conclusion.error;
    }
    return conclusion.status;
}

/* ---- comparing ---- */

/* Live rows of another version, or not at the log's head, are no measure: they count as different
 * whatever their root. */
static enum tn_status compare(struct tn_rebuild_job *job, size_t number, struct tn_error *error)
{
    const struct tn_projection *projection = job->list.items[number];
    struct tn_rows_compared *compared = &job->compared[number];
    struct tn_family *live = NULL;
    struct tn_current current;
    bool found = false;
    enum tn_status status =
        tn_current_read(job->store, NULL, projection->name, &current, &found, error);

    *compared = (struct tn_rows_compared){0};
    job->comparable[number] = false;
    if (status == TN_OK && !found) {
        return tn_rows_root(job->folds[number].rows, &compared->count[1], compared->root[1], error);
    }
    if (status == TN_OK) {
        status = tn_store_family(job->store, current.family, false, &live, error);
    }
    if (status == TN_OK) {
        status = tn_rows_compare(job->store, live, job->families[number],
                                 tn_rows_middle(job->folds[number].rows), job->stop, compared,
                                 error);
    }
    job->comparable[number] = status == TN_OK && current.version == projection->version &&
                              current.position == job->position;
    return status;
}

static void report_on(const struct tn_rebuild_job *job, struct tn_rebuild_report *report)
{
    for (size_t i = 0; i < job->list.count; i++) {
        const struct tn_rows_compared *compared = &job->compared[i];

        report->rebuilt[i] = asked(job, i);
        report->rows[i] = compared->count[1];
        report->equal[i] = job->comparable[i] && compared->equal;
        memcpy(report->root_live[i], compared->root[0], TN_HASH_SIZE);
        memcpy(report->root_rebuilt[i], compared->root[1], TN_HASH_SIZE);
    }
}

/* TN_MISMATCH, with the first projection that differs and where. */
static enum tn_status name_difference(const struct tn_rebuild_job *job,
                                      const struct tn_rebuild_report *report,
                                      struct tn_error *error)
{
    size_t number = 0;

    while (!asked(job, number) || report->equal[number]) {
        number++;
    }
    return tn_fail(error, TN_MISMATCH, "projection %s differs from its rebuild: %s",
                   job->list.items[number]->name,
                   job->comparable[number] ? job->compared[number].words
                                           : "it has no rows of this version at the head of the "
                                             "log");
}

/* ---- swapping ---- */

static enum tn_status swap(struct tn_rebuild_job *job, struct tn_error *error)
{
    uint64_t swaps = 0;
    enum tn_status status = tn_swaps_read(job->store, NULL, &swaps, error);

    if (status != TN_OK) {
        return status;
    }
    struct tn_batch *batch = tn_batch_create();
    for (size_t i = 0; i < job->list.count; i++) {
        struct tn_current current = {.version = job->list.items[i]->version,
                                     .position = job->position};

        if (asked(job, i)) {
            memcpy(current.family, job->names[i], sizeof(current.family));
            tn_current_write(batch, job->meta, job->list.items[i]->name, &current);
            tn_touched_forget(batch, job->touched, job->names[i]);
            tn_touched_gather(&job->folds[i].rows->touched, batch, job->touched, job->names[i]);
        }
    }
    tn_swaps_write(batch, job->meta, swaps + 1);
    tn_rebuild_mask_write(batch, job->meta, 0);
    if (tn_fault("rebuild_swap")) {
        status = tn_fail(error, TN_IO, "a test made the swap fail");
    } else {
        status = tn_store_write(job->store, batch, TN_SYNCED, error);
        /* After a failed write nobody knows which families are current: drop none. */
        job->swapped = status != TN_NO_SPACE;
    }
    tn_batch_destroy(batch);
    return status;
}
