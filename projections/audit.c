/* An audit in three threads.
 *
 * The life of a batch (one slot of a ring): the caller's thread fills it with entries and what was
 * decoded from them, and hands it on; two workers take the batches in their order, each at its own
 * pace: one decides and folds what rules read, one folds what no rule reads. A slot is free again
 * when both are through with it. The first failure of a worker stops it; the caller learns of it at
 * the next entry that needs a slot, or at the end. */
#include "projections/audit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough that neither thread waits for the other's slow moments but a draw's or a seal's. */
#define RING_SLOTS 64
#define BATCH_EVENTS TN_AHEAD_EVENTS
#define BATCH_BYTES ((size_t) 1 << 20)
/* One entry needs at most a multiple of its 64 KiB. */
#define BATCH_BYTES_MAX ((size_t) 64 << 20)

struct batch {
    struct tn_event events[BATCH_EVENTS];
    struct tn_bytes entries[BATCH_EVENTS];
    struct tn_ahead ahead;
    size_t count;
    struct tn_arena arena; /* the entries' bytes and what was decoded from them */
};

struct worker {
    struct tn_audit *audit;
    const char *name;
    enum tn_status (*take)(struct tn_recompute *recompute, const struct tn_event *event,
                           struct tn_bytes entry, struct tn_error *error);
    void (*ahead)(struct tn_recompute *recompute, const struct tn_ahead *ahead, size_t at,
                  uint32_t next[static TN_PROJECTION_COUNT]);
    pthread_t thread;
    bool started;
    uint64_t consumed;
    enum tn_status status;
    struct tn_error error;
};

#define WORKERS 2

struct tn_audit {
    struct tn_audit_options options;
    struct tn_tree tree;
    struct tn_recompute *recompute;
    struct tn_finding finding; /* of the caller's thread: an entry that is no entry */
    bool own_finding;
    struct batch *filling;
    uint64_t brought;
    bool named; /* the genesis was, with the key of gids */
    uint8_t gid_key[TN_HASH_SIZE];
    /* between the threads */
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_cond_t freed;
    bool ended; /* no further batch comes */
    bool stop;  /* nobody waits for the result any more */
    uint64_t produced;
    struct worker workers[WORKERS];
    enum tn_status finish_status; /* of what is settled last, when the threads have ended */
    struct tn_error finish_error;
    struct batch batches[RING_SLOTS];
};

static void *batch_work(void *argument);
static void hand_on(struct tn_audit *audit);

enum tn_status tn_audit_create(const struct tn_audit_options *options, struct tn_audit **out,
                               struct tn_error *error)
{
    struct tn_audit *audit = calloc(1, sizeof(*audit));
    enum tn_status status;

    *out = NULL;
    if (audit == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for an audit");
    }
    audit->options = *options;
    tn_tree_init(&audit->tree);
    tn_buffer_init(&audit->finding.expected, TN_FINDING_TEXT_MAX);
    tn_buffer_init(&audit->finding.found, TN_FINDING_TEXT_MAX);
    for (size_t i = 0; i < RING_SLOTS; i++) {
        tn_arena_init(&audit->batches[i].arena, BATCH_BYTES_MAX);
    }
    pthread_mutex_init(&audit->lock, NULL);
    pthread_cond_init(&audit->filled, NULL);
    pthread_cond_init(&audit->freed, NULL);
    status = tn_recompute_create(&options->recompute, &audit->recompute, error);
    audit->workers[0] = (struct worker){.audit = audit,
                                        .name = "turno-decide",
                                        .take = tn_recompute_take,
                                        .ahead = tn_recompute_take_ahead};
    audit->workers[1] = (struct worker){.audit = audit,
                                        .name = "turno-beside",
                                        .take = tn_recompute_beside,
                                        .ahead = tn_recompute_beside_ahead};
    for (size_t i = 0; status == TN_OK && i < WORKERS; i++) {
        struct worker *worker = &audit->workers[i];

        worker->started = pthread_create(&worker->thread, NULL, batch_work, worker) == 0;
        status = worker->started ? TN_OK : tn_fail(error, TN_MEMORY, "no thread for an audit");
    }
    if (status != TN_OK) {
        tn_audit_destroy(audit);
        return status;
    }
    *out = audit;
    return TN_OK;
}

static void end(struct tn_audit *audit, bool stop)
{
    pthread_mutex_lock(&audit->lock);
    audit->ended = true;
    audit->stop = stop;
    pthread_cond_broadcast(&audit->filled);
    pthread_mutex_unlock(&audit->lock);
    for (size_t i = 0; i < WORKERS; i++) {
        if (audit->workers[i].started) {
            pthread_join(audit->workers[i].thread, NULL);
            audit->workers[i].started = false;
        }
    }
}

void tn_audit_destroy(struct tn_audit *audit)
{
    if (audit == NULL) {
        return;
    }
    end(audit, true);
    tn_recompute_destroy(audit->recompute);
    for (size_t i = 0; i < RING_SLOTS; i++) {
        tn_arena_close(&audit->batches[i].arena);
    }
    tn_buffer_close(&audit->finding.expected);
    tn_buffer_close(&audit->finding.found);
    pthread_cond_destroy(&audit->freed);
    pthread_cond_destroy(&audit->filled);
    pthread_mutex_destroy(&audit->lock);
    free(audit);
}

const struct tn_tree *tn_audit_tree(const struct tn_audit *audit)
{
    return &audit->tree;
}

const struct tn_finding *tn_audit_finding(const struct tn_audit *audit)
{
    return audit->own_finding ? &audit->finding : tn_recompute_finding(audit->recompute);
}

void tn_audit_report(const struct tn_audit *audit, struct tn_recompute_report *report)
{
    tn_recompute_report(audit->recompute, report);
}

/* ---- the caller's thread ---- */

/* What a worker failed with: a difference before anything else, and the first of two. */
static enum tn_status failed(struct tn_audit *audit, struct tn_error *error)
{
    const struct worker *first = NULL;
    enum tn_status status = TN_OK;

    pthread_mutex_lock(&audit->lock);
    for (size_t i = 0; i < WORKERS; i++) {
        const struct worker *worker = &audit->workers[i];

        if (worker->status != TN_OK &&
            (first == NULL || (first->status != TN_MISMATCH && worker->status == TN_MISMATCH) ||
             (first->status == worker->status && worker->consumed < first->consumed))) {
            first = worker;
        }
    }
    if (first != NULL) {
        status = first->status;
        if (error != NULL) {
            *error = first->error;
        }
    }
    pthread_mutex_unlock(&audit->lock);
    return status;
}

/* The threads have ended: what they failed with, unless the id of a command came twice before. */
static enum tn_status failed_at_end(struct tn_audit *audit, struct tn_error *error)
{
    enum tn_status status = failed(audit, error);
    struct tn_error again = {0};
    enum tn_status repeats = TN_OK;
    uint64_t index = UINT64_MAX;

    if (status == TN_MISMATCH) {
        index = tn_recompute_finding(audit->recompute)->index;
    }
    if (status == TN_OK || status == TN_MISMATCH) {
        repeats = tn_recompute_repeats(audit->recompute, &again);
    }
    if (repeats != TN_OK &&
        (status == TN_OK || tn_recompute_finding(audit->recompute)->index < index)) {
        *error = again;
        status = repeats;
    }
    return status;
}

static bool any_failed(const struct tn_audit *audit)
{
    return audit->workers[0].status != TN_OK || audit->workers[1].status != TN_OK;
}

static uint64_t consumed_by_all(const struct tn_audit *audit)
{
    uint64_t a = audit->workers[0].consumed;
    uint64_t b = audit->workers[1].consumed;

    return a < b ? a : b;
}

/* A free slot; NULL after a failure of a worker. */
static struct batch *take_slot(struct tn_audit *audit)
{
    struct batch *batch = NULL;

    pthread_mutex_lock(&audit->lock);
    while (!any_failed(audit) && audit->produced - consumed_by_all(audit) >= RING_SLOTS) {
        pthread_cond_wait(&audit->freed, &audit->lock);
    }
    if (!any_failed(audit)) {
        batch = &audit->batches[audit->produced % RING_SLOTS];
    }
    pthread_mutex_unlock(&audit->lock);
    if (batch != NULL) {
        batch->count = 0;
        tn_ahead_clear(&batch->ahead);
        tn_arena_reset(&batch->arena);
    }
    return batch;
}

static void hand_on(struct tn_audit *audit)
{
    if (audit->filling == NULL) {
        return;
    }
    audit->filling = NULL;
    pthread_mutex_lock(&audit->lock);
    audit->produced++;
    pthread_cond_broadcast(&audit->filled);
    pthread_mutex_unlock(&audit->lock);
}

static void mark(struct tn_audit *audit)
{
    for (size_t i = 0; i < audit->options.mark_count; i++) {
        struct tn_audit_mark *at = &audit->options.marks[i];

        if (at->size == audit->brought) {
            at->reached = true;
            tn_tree_root(&audit->tree, at->root);
        }
    }
}

/* What is no entry ends the audit; but what is wrong before it is found first. */
static enum tn_status not_an_entry(struct tn_audit *audit, enum tn_status status,
                                   struct tn_error *error)
{
    struct tn_finding *finding = &audit->finding;
    struct tn_error earlier = {0};
    enum tn_status before;

    hand_on(audit);
    end(audit, false);
    before = failed_at_end(audit, &earlier);
    if (before != TN_OK) {
        *error = earlier;
        return before;
    }
    if (status != TN_INVALID) {
        (void) tn_fail_context(error, "entry %" PRIu64, audit->brought);
        return status;
    }
    audit->own_finding = true;
    finding->index = audit->brought;
    (void) snprintf(finding->rule, sizeof(finding->rule), "encoding");
    (void) snprintf(finding->words, sizeof(finding->words), "this is not a canonical entry: %.200s",
                    error->text);
    tn_buffer_append_string(&finding->expected, "null");
    tn_buffer_append_string(&finding->found, "null");
    return tn_fail(error, TN_CORRUPT, "entry %" PRIu64 " (encoding): %.200s", audit->brought,
                   finding->words);
}

enum tn_status tn_audit_entry(struct tn_audit *audit, struct tn_bytes entry, struct tn_error *error)
{
    struct batch *batch = audit->filling;
    struct tn_bytes copy;
    enum tn_status status;

    if (batch == NULL) {
        batch = take_slot(audit);
        if (batch == NULL) {
            end(audit, false); /* the other may find something earlier */
            return failed_at_end(audit, error);
        }
        audit->filling = batch;
    }
    if (audit->brought == 0) {
        mark(audit);
    }
    copy = tn_arena_copy(&batch->arena, entry);
    if (copy.data == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for entry %" PRIu64, audit->brought);
    }
    status =
        tn_event_decode(copy, audit->brought, &batch->arena, &batch->events[batch->count], error);
    if (status != TN_OK) {
        return not_an_entry(audit, status, error);
    }
    tn_tree_append(&audit->tree, entry, audit->options.tile, audit->options.tile_context);
    if (audit->brought == 0 && batch->events[0].kind == TN_KIND_ledger_created) {
        memcpy(audit->gid_key, batch->events[0].body.ledger_created.facts.gid_key, TN_HASH_SIZE);
        audit->named = true;
    }
    tn_ahead_add(&batch->ahead, &batch->events[batch->count], audit->named ? audit->gid_key : NULL);
    batch->entries[batch->count++] = copy;
    audit->brought++;
    mark(audit);
    if (batch->count == BATCH_EVENTS || batch->arena.used >= BATCH_BYTES) {
        hand_on(audit);
    }
    return TN_OK;
}

enum tn_status tn_audit_drain(struct tn_audit *audit, struct tn_error *error)
{
    enum tn_status status;

    hand_on(audit);
    end(audit, false);
    status = failed_at_end(audit, error);
    if (status == TN_OK && audit->finish_status != TN_OK) {
        status = audit->finish_status;
        *error = audit->finish_error;
    }
    return status;
}

enum tn_status tn_audit_finish(struct tn_audit *audit, struct tn_error *error)
{
    enum tn_status status = tn_audit_drain(audit, error);

    if (status == TN_OK) {
        status = tn_recompute_finish(audit->recompute, error);
        audit->finish_status = status;
        audit->finish_error = *error;
    }
    return status;
}

/* ---- the workers ---- */

static enum tn_status take_batch(struct worker *worker, const struct batch *batch)
{
    uint32_t next[TN_PROJECTION_COUNT] = {0};
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < batch->count; i++) {
        worker->ahead(worker->audit->recompute, &batch->ahead, i, next);
        status = worker->take(worker->audit->recompute, &batch->events[i], batch->entries[i],
                              &worker->error);
    }
    return status;
}

static void *batch_work(void *argument)
{
    struct worker *worker = argument;
    struct tn_audit *audit = worker->audit;
    enum tn_status status = TN_OK;

    (void) pthread_setname_np(pthread_self(), worker->name);
    pthread_mutex_lock(&audit->lock);
    while (status == TN_OK && !audit->stop) {
        const struct batch *batch;

        if (worker->consumed == audit->produced) {
            if (audit->ended) {
                break;
            }
            pthread_cond_wait(&audit->filled, &audit->lock);
            continue;
        }
        batch = &audit->batches[worker->consumed % RING_SLOTS];
        pthread_mutex_unlock(&audit->lock);
        status = take_batch(worker, batch);
        pthread_mutex_lock(&audit->lock);
        worker->status = status;
        worker->consumed++;
        pthread_cond_signal(&audit->freed);
    }
    pthread_mutex_unlock(&audit->lock);
    return NULL;
}
