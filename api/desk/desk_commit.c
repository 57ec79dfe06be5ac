/* The committer: one batch in flight, the next gathering; and the publisher of checkpoints.
 *
 *   desk thread                         committer thread
 *   gathering -> seal -> in_flight ---> append (one synced write)
 *                                        | TN_OK: rows unpinned; else: the desk has failed
 *   in_flight_done <--------------------- |
 *   gathering -> seal -> in_flight        requests answered (TN_UNKNOWN when it failed)
 *
 * A few commands are less work than waking two threads for them, so the desk appends a small batch
 * itself when hardly anybody waits to be decided meanwhile.
 *
 * The desk refuses commands long before the reserve is touched. When others fill the disk faster
 * than that, a batch finds no space: nothing of it was written, so it waits and is tried again. */
#include <string.h>
#include <time.h>

#include "api/desk/desk_internal.h"
#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/base/logline.h"
#include "ledger/log/note.h"

/* From one publication to the next; a slow disk has some rest between two all the same. */
#define PUBLISH_INTERVAL_US 50000u
#define PUBLISH_REST_US 5000u
/* How often a batch that found no space is tried again. */
#define SPACE_INTERVAL_NS 100000000l
/* A batch is the desk's own to append when fewer commands than this are under way: its own, those
 * that wait to be decided, and those of the batch before, whose callers may be back any moment. */
#define SMALL_CROWD 96u

/* What is answered when the outcome of a write is unknown: never "rejected". */
static void answer(struct tn_desk_request *first, enum tn_status failed)
{
    while (first) {
        struct tn_desk_request *next = first->next;

        if (failed != TN_OK) {
            first->status = failed;
        }
        first->done(first);
        first = next;
    }
}

static enum tn_status write_batch(struct tn_desk *desk, struct tn_desk_batch *batch,
                                  struct tn_error *error)
{
    if (batch->entry_count > 0) {
        return tn_log_append(desk->options.log, batch->writes, batch->entries, batch->entry_count,
                             error);
    }
    return tn_batch_count(batch->writes) > 0
               ? tn_store_write(desk->options.store, batch->writes, TN_SYNCED, error)
               : TN_OK;
}

/* False when the desk is about to end and no more waiting helps. */
static bool wait_for_space(struct tn_desk *desk)
{
    struct timespec interval = {.tv_nsec = SPACE_INTERVAL_NS};
    bool ending;

    pthread_mutex_lock(&desk->lock);
    ending = desk->hurried || desk->closing;
    pthread_mutex_unlock(&desk->lock);
    if (!ending) {
        nanosleep(&interval, NULL);
    }
    return !ending;
}

/* One signature for the whole frame, made only when somebody wants a receipt of it, and while the
 * desk fills the next batch: the leaves stay until the next append, which is this thread's. */
static void give_receipts(struct tn_desk *desk, struct tn_desk_request *first)
{
    struct tn_receipt_frame *frame = NULL;
    struct tn_log_head head;
    size_t count;
    const uint8_t *leaves = tn_log_frame_leaves(desk->options.log, &count);

    if (!desk->options.signer) {
        return;
    }
    tn_log_head(desk->options.log, &head);
    for (struct tn_desk_request *request = first; request; request = request->next) {
        if (!request->wants_receipt || request->status != TN_OK) {
            continue;
        }
        if (!frame) {
            frame = tn_receipt_frame_create(leaves, count, head.size - count, head.last_time_us,
                                            desk->options.signer);
        }
        if (frame && tn_receipt_frame_covers(frame, request->first_index)) {
            request->receipt = tn_receipt_frame_hold(frame);
        }
    }
    tn_receipt_frame_drop(frame);
}

/* What the callers of a batch are told. `framed`: it had entries. */
static void tell(struct tn_desk *desk, struct tn_desk_request *first, enum tn_status status,
                 bool framed)
{
    if (framed && status == TN_OK) {
        give_receipts(desk, first);
    }
    answer(first, status);
}

/* What became of the batch, which found space. */
static enum tn_status written(struct tn_desk *desk, const struct tn_desk_batch *batch,
                              enum tn_status status, const struct tn_error *error)
{
    if (status != TN_OK) {
        tn_logline(TN_LOG_ERROR,
                   "the last batch may or may not be on disk (%s); no more commands are taken: "
                   "restart the server, which continues from what the disk holds",
                   error->text);
        return TN_UNKNOWN;
    }
    tn_engine_committed(desk->options.engine, batch->engine_generation);
    return TN_OK;
}

static enum tn_status commit(struct tn_desk *desk, struct tn_desk_batch *batch)
{
    struct tn_error error = {0};
    enum tn_status status = write_batch(desk, batch, &error);

    if (status == TN_NO_SPACE) {
        tn_logline(TN_LOG_WARN, "commands that were decided wait for space: %s", error.text);
    }
    while (status == TN_NO_SPACE && wait_for_space(desk)) {
        status = write_batch(desk, batch, &error);
    }
    /* Without space nothing was written, and the callers are told so. */
    return status == TN_NO_SPACE ? status : written(desk, batch, status, &error);
}

/* With the lock held. */
static void note_committed(struct tn_desk *desk, enum tn_status status)
{
    if (status != TN_OK) {
        desk->failed = true;
        desk->state.failed = true;
    }
    desk->state.batches++;
}

void tn_desk_hurry(struct tn_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    desk->hurried = true;
    pthread_mutex_unlock(&desk->lock);
}

void *tn_desk_commit_main(void *context)
{
    struct tn_desk *desk = context;

    (void) pthread_setname_np(pthread_self(), "turno-commit");
    pthread_mutex_lock(&desk->lock);
    while (true) {
        struct tn_desk_batch *batch;
        struct tn_desk_request *first;
        enum tn_status status;
        bool framed;

        while ((!desk->in_flight || desk->in_flight_done) && !desk->committer_closing) {
            pthread_cond_wait(&desk->wake_committer, &desk->lock);
        }
        if (!desk->in_flight || desk->in_flight_done) {
            break;
        }
        batch = desk->in_flight;
        if (desk->failed) {
            batch->status = TN_UNKNOWN;
        } else {
            pthread_mutex_unlock(&desk->lock);
            batch->status = commit(desk, batch);
            pthread_mutex_lock(&desk->lock);
        }
        note_committed(desk, batch->status);
        first = batch->first;
        status = batch->status;
        framed = batch->entry_count > 0;
        desk->answering = true;
        desk->in_flight_done = true; /* from here on the batch is the desk's */
        pthread_mutex_unlock(&desk->lock);
        pthread_cond_signal(&desk->wake_desk);
        tell(desk, first, status, framed);
        pthread_mutex_lock(&desk->lock);
        desk->answering = false;
        if (desk->settling) {
            pthread_cond_signal(&desk->wake_desk);
        }
    }
    pthread_mutex_unlock(&desk->lock);
    return NULL;
}

/* The desk's part after a commit. */
static void end_batch(struct tn_desk *desk, struct tn_desk_batch *batch)
{
    if (batch->status == TN_OK) {
        tn_vault_overlay_drop(&desk->overlay, batch->overlay_generation);
        desk->committed_number = batch->number;
    } else {
        desk->stopped = true;
    }
    tn_desk_batch_reset(batch);
}

/* The batch is the desk's own again. Called with the lock held. */
static void take_back(struct tn_desk *desk)
{
    struct tn_desk_batch *batch = desk->in_flight;

    if (!batch || !desk->in_flight_done) {
        return;
    }
    desk->in_flight = NULL;
    desk->in_flight_done = false;
    desk->committing = NULL;
    end_batch(desk, batch);
}

/* With the lock held and nothing in flight. A simulation has thousands of commands under way; and
 * while the committer answers it reads what the next append replaces. */
static bool is_small(const struct tn_desk *desk, const struct tn_desk_batch *batch)
{
    return desk->options.clock != TN_CLOCK_MANUAL && !desk->options.committer_only &&
           !desk->answering && !desk->failed &&
           desk->batch_before + batch->request_count + desk->queued < SMALL_CROWD &&
           batch->entry_count < SMALL_CROWD;
}

/* False when there is no space: nothing was written, and the committer is to wait for some. */
static bool commit_here(struct tn_desk *desk, struct tn_desk_batch *batch)
{
    struct tn_desk_request *first = batch->first;
    struct tn_error error = {0};
    enum tn_status status = write_batch(desk, batch, &error);

    if (status == TN_NO_SPACE) {
        return false;
    }
    status = written(desk, batch, status, &error);
    batch->status = status;
    pthread_mutex_lock(&desk->lock);
    note_committed(desk, status);
    desk->state.batches_own++;
    pthread_mutex_unlock(&desk->lock);
    end_batch(desk, batch);
    tell(desk, first, status, true);
    return true;
}

/* Put what changes with the entries into the batch's writes. A failure here means that the rows
 * cannot be read or memory is short: nothing of the batch may be answered as done. */
static void fill(struct tn_desk *desk, struct tn_desk_batch *batch)
{
    struct tn_error error = {0};

    batch->number = desk->batch_number++;
    batch->overlay_generation =
        tn_vault_overlay_seal(&desk->overlay, desk->options.vault, batch->writes);
    tn_desk_put_heartbeat(desk, batch->writes);
    if (tn_engine_gather(desk->options.engine, batch->writes, &batch->engine_generation, &error) !=
        TN_OK) {
        tn_logline(TN_LOG_ERROR, "the rows of a batch could not be gathered: %s", error.text);
        tn_desk_stop(desk);
    }
    tn_desk_batch_seal(batch);
}

void tn_desk_hand_over(struct tn_desk *desk, bool wait)
{
    struct tn_desk_batch *batch = desk->gathering;
    bool busy;
    bool small;

    pthread_mutex_lock(&desk->lock);
    desk->state.commands = desk->commands;
    desk->state.refusals_repeated = desk->refusals_repeated;
    desk->state.refusals_anonymous = desk->refusals_anonymous;
    take_back(desk);
    while (wait && desk->in_flight) {
        pthread_cond_wait(&desk->wake_desk, &desk->lock);
        take_back(desk);
    }
    busy = desk->in_flight != NULL;
    small = is_small(desk, batch);
    pthread_mutex_unlock(&desk->lock);
    if (busy || tn_desk_batch_is_empty(batch)) {
        return;
    }
    if (batch->entry_count == 0) {
        /* They only waited for what was in flight, and now nothing is. */
        answer(batch->first, desk->stopped ? TN_UNKNOWN : TN_OK);
        tn_desk_batch_reset(batch);
        return;
    }
    desk->batch_before = batch->request_count;
    fill(desk, batch);
    if (small && !desk->stopped && commit_here(desk, batch)) {
        return;
    }
    pthread_mutex_lock(&desk->lock);
    desk->in_flight = batch;
    desk->in_flight_done = false;
    desk->committing = batch;
    desk->gathering = batch == &desk->batches[0] ? &desk->batches[1] : &desk->batches[0];
    pthread_mutex_unlock(&desk->lock);
    pthread_cond_signal(&desk->wake_committer);
}

void tn_desk_settle(struct tn_desk *desk)
{
    tn_desk_hand_over(desk, true);
    pthread_mutex_lock(&desk->lock);
    desk->settling = true;
    take_back(desk);
    while (desk->in_flight || desk->answering) {
        pthread_cond_wait(&desk->wake_desk, &desk->lock);
        take_back(desk);
    }
    desk->settling = false;
    pthread_mutex_unlock(&desk->lock);
}

/* ---- publishing ---- */

uint64_t tn_desk_cosignature_time_s(struct tn_desk *desk)
{
    uint64_t now_us;

    pthread_mutex_lock(&desk->lock);
    now_us = desk->options.clock == TN_CLOCK_MANUAL
                 ? desk->last_stamp_us
                 : (uint64_t) ((int64_t) tn_clock_wall_us() + desk->offset_us);
    pthread_mutex_unlock(&desk->lock);
    return now_us / 1000000;
}

struct publisher {
    struct tn_buffer note;
    uint64_t renew_us; /* by the clock for durations: when the log's own time is due again */
    bool warned;
};

/* A fresh time on a checkpoint that has not changed: without it nobody could tell a log with
 * nothing to say from one that withholds. */
static enum tn_status renew(struct tn_desk *desk, const struct tn_buffer *note, uint64_t size,
                            struct tn_error *error)
{
    struct tn_note parsed;
    struct tn_buffer line;
    enum tn_status status = tn_note_parse(tn_buffer_view(note), &parsed, error);

    if (status != TN_OK) {
        return status;
    }
    tn_buffer_init(&line, TN_NOTE_LINE_BYTES_MAX);
    tn_note_cosign(&line, parsed.text, desk->options.cosigner, tn_desk_cosignature_time_s(desk));
    status = tn_buffer_status(&line);
    if (status == TN_OK) {
        status = tn_log_add_signatures(desk->options.log, size, tn_buffer_view(&line), error);
    }
    tn_buffer_close(&line);
    /* Another size was published meanwhile, with a time of its own. */
    return status == TN_NOT_FOUND ? TN_OK : status;
}

static void publish(struct tn_desk *desk, struct publisher *publisher)
{
    const struct tn_desk_options *options = &desk->options;
    struct tn_log_head head;
    struct tn_error error = {0};
    uint64_t published = 0;
    uint64_t now_us = tn_clock_monotonic_us();
    enum tn_status status;

    tn_log_head(options->log, &head);
    status = tn_log_published(options->log, &publisher->note, &published, &error);
    if (status == TN_OK && head.size > published && !options->hold_back) {
        status = tn_log_publish_timed(options->log, options->signer, options->cosigner,
                                      tn_desk_cosignature_time_s(desk), &error);
        publisher->renew_us = now_us + options->renew_us;
    } else if (status == TN_OK && publisher->note.size > 0 && options->cosigner &&
               now_us >= publisher->renew_us) {
        status = renew(desk, &publisher->note, published, &error);
        publisher->renew_us = now_us + options->renew_us;
    }
    if (status != TN_OK && !publisher->warned) {
        tn_logline(TN_LOG_WARN, "no checkpoint could be published: %s", error.text);
        publisher->warned = true;
    } else if (status == TN_OK && publisher->warned) {
        tn_logline(TN_LOG_INFO, "checkpoints are published again");
        publisher->warned = false;
    }
}

static void rest_until(uint64_t next_us)
{
    uint64_t now_us = tn_clock_monotonic_us();
    uint64_t span_us = next_us > now_us + PUBLISH_REST_US ? next_us - now_us : PUBLISH_REST_US;
    struct timespec span = {.tv_nsec = (long) span_us * 1000};

    nanosleep(&span, NULL);
}

/* A checkpoint follows its entries by one interval or, on a slow disk, by two synced writes: the
 * one that was under way, and its own. */
void *tn_desk_publish_main(void *context)
{
    struct tn_desk *desk = context;
    struct publisher publisher = {.renew_us = 0};
    bool closing = false;

    (void) pthread_setname_np(pthread_self(), "turno-publish");
    tn_buffer_init(&publisher.note, TN_NOTE_BYTES_MAX);
    while (!closing) {
        uint64_t begun_us = tn_clock_monotonic_us();

        pthread_mutex_lock(&desk->lock);
        closing = desk->publisher_closing;
        pthread_mutex_unlock(&desk->lock);
        publish(desk, &publisher);
        if (!closing) {
            rest_until(begun_us + PUBLISH_INTERVAL_US);
        }
    }
    tn_buffer_close(&publisher.note);
    return NULL;
}
