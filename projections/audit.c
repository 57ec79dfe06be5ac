/* An audit in two threads.
 *
 * The life of a batch (one slot of a ring): the caller's thread fills it with entries and what was
 * decoded from them, and hands it on; the deciding thread takes the batches in their order, and
 * gives each slot back when all its entries are folded. The first failure of the deciding thread
 * stops it; the caller learns of it at the next entry that needs a slot, or at the end. */
#include "projections/audit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough that neither thread waits for the other's slow moments but a draw's or a seal's. */
#define RING_SLOTS 32
#define BATCH_EVENTS 256
#define BATCH_BYTES ((size_t) 1 << 20)
/* One entry needs at most a multiple of its 64 KiB. */
#define BATCH_BYTES_MAX ((size_t) 64 << 20)

struct batch {
    struct tn_event events[BATCH_EVENTS];
    struct tn_bytes entries[BATCH_EVENTS];
    size_t count;
    struct tn_arena arena; /* the entries' bytes and what was decoded from them */
};

struct tn_audit {
    struct tn_audit_options options;
    struct tn_tree tree;
    struct tn_recompute *recompute;
    struct tn_finding finding; /* of the caller's thread: an entry that is no entry */
    bool own_finding;
    struct batch *filling;
    uint64_t brought;
    /* between the threads */
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_cond_t freed;
    pthread_t thread;
    bool started;
    bool ended; /* no further batch comes */
    bool stop;  /* nobody waits for the result any more */
    uint64_t produced;
    uint64_t consumed;
    enum tn_status status; /* of the deciding thread */
    struct tn_error error;
    struct batch batches[RING_SLOTS];
};

static void *decide_work(void *argument);
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
    if (status == TN_OK) {
        audit->started = pthread_create(&audit->thread, NULL, decide_work, audit) == 0;
        status = audit->started ? TN_OK : tn_fail(error, TN_MEMORY, "no thread for an audit");
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
    if (!audit->started) {
        return;
    }
    pthread_mutex_lock(&audit->lock);
    audit->ended = true;
    audit->stop = stop;
    pthread_cond_broadcast(&audit->filled);
    pthread_mutex_unlock(&audit->lock);
    pthread_join(audit->thread, NULL);
    audit->started = false;
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

/* What the deciding thread failed with, if it did. */
static enum tn_status failed(struct tn_audit *audit, struct tn_error *error)
{
    enum tn_status status;

    pthread_mutex_lock(&audit->lock);
    status = audit->status;
    if (status != TN_OK && error != NULL) {
        *error = audit->error;
    }
    pthread_mutex_unlock(&audit->lock);
    return status;
}

/* A free slot; NULL after a failure of the deciding thread. */
static struct batch *take_slot(struct tn_audit *audit)
{
    struct batch *batch = NULL;

    pthread_mutex_lock(&audit->lock);
    while (audit->status == TN_OK && audit->produced - audit->consumed >= RING_SLOTS) {
        pthread_cond_wait(&audit->freed, &audit->lock);
    }
    if (audit->status == TN_OK) {
        batch = &audit->batches[audit->produced % RING_SLOTS];
    }
    pthread_mutex_unlock(&audit->lock);
    if (batch != NULL) {
        batch->count = 0;
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
    pthread_cond_signal(&audit->filled);
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

    hand_on(audit);
    end(audit, false);
    if (failed(audit, &earlier) != TN_OK) {
        *error = earlier;
        return audit->status;
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
            return failed(audit, error);
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
    hand_on(audit);
    end(audit, false);
    return failed(audit, error);
}

enum tn_status tn_audit_finish(struct tn_audit *audit, struct tn_error *error)
{
    enum tn_status status = tn_audit_drain(audit, error);

    if (status == TN_OK) {
        status = tn_recompute_finish(audit->recompute, error);
        audit->status = status; /* the thread has ended: what is found last is kept too */
        audit->error = status != TN_OK && error != NULL ? *error : audit->error;
    }
    return status;
}

/* ---- the deciding thread ---- */

static enum tn_status decide_batch(struct tn_audit *audit, const struct batch *batch)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < batch->count; i++) {
        status = tn_recompute_take(audit->recompute, &batch->events[i], batch->entries[i],
                                   &audit->error);
    }
    return status;
}

static void *decide_work(void *argument)
{
    struct tn_audit *audit = argument;
    enum tn_status status = TN_OK;

    (void) pthread_setname_np(pthread_self(), "turno-decide");
    pthread_mutex_lock(&audit->lock);
    while (status == TN_OK && !audit->stop) {
        const struct batch *batch;

        if (audit->consumed == audit->produced) {
            if (audit->ended) {
                break;
            }
            pthread_cond_wait(&audit->filled, &audit->lock);
            continue;
        }
        batch = &audit->batches[audit->consumed % RING_SLOTS];
        pthread_mutex_unlock(&audit->lock);
        status = decide_batch(audit, batch);
        pthread_mutex_lock(&audit->lock);
        audit->status = status;
        audit->consumed++;
        pthread_cond_signal(&audit->freed);
    }
    pthread_mutex_unlock(&audit->lock);
    return NULL;
}
