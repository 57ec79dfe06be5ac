/* The desk's thread, and how others reach it. */
#include "api/desk/desk.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/desk/desk_internal.h"
#include "ledger/base/clock.h"
#include "ledger/base/logline.h"

#define ARENA_BYTES ((size_t) 64 << 20)
#define TICK_US 500000u

#define ROUND_COMMANDS 64u
/* Fewer commands than this are not worth a sync of their own. */
#define HEAD_START_MIN 8u

void tn_desk_stop(struct tn_desk *desk)
{
    desk->stopped = true;
    pthread_mutex_lock(&desk->lock);
    desk->failed = true;
    desk->state.failed = true;
    pthread_mutex_unlock(&desk->lock);
}

/* Said when it begins and when it is over: whoever looks after the machine can end it. */
static void look_for_room(struct tn_desk *desk)
{
    bool room = tn_store_room(desk->options.store) > TN_DESK_ROOM_BYTES;

    if (desk->room && !room) {
        tn_logline(TN_LOG_WARN,
                   "too little disk space: writes are answered with 507 until there is "
                   "more. What was answered is kept; reads go on. Make space: writes "
                   "go on by themselves");
    } else if (room && !desk->room) {
        tn_logline(TN_LOG_INFO, "there is disk space again: writes are taken");
    }
    desk->room = room;
}

/* The clocks are read after the commands that follow were stamped, so a jump is seen before
 * anything is emitted for its sake. */
void tn_desk_round(struct tn_desk *desk)
{
    desk->round_count = 0;
    look_for_room(desk);
    tn_desk_tick(desk);
    pthread_mutex_lock(&desk->lock);
    desk->stopped = desk->stopped || desk->failed;
    desk->state.no_space = !desk->room;
    pthread_mutex_unlock(&desk->lock);
}

/* A request that changes nothing more is answered at once, unless it must wait for a batch that is
 * not durable yet: its own events, those it repeats, or an earlier refusal. */
static void take_request(struct tn_desk *desk, struct tn_desk_request *request)
{
    enum tn_status status = tn_desk_decide(desk, request);
    bool durable =
        status != TN_OK ||
        (request->replayed &&
         request->first_index < desk->next_index - desk->gathering->entry_count -
                                    (desk->committing ? desk->committing->entry_count : 0));

    if (durable) {
        request->done(request);
    } else {
        tn_desk_batch_attach(desk->gathering, request);
    }
    if (tn_desk_batch_is_full(desk->gathering)) {
        tn_desk_hand_over(desk, true);
    } else if (++desk->round_count == ROUND_COMMANDS) {
        tn_desk_round(desk);
        tn_desk_hand_over(desk, false);
    }
}

/* Callers who wait for their answer before they ask again move as one crowd: all of it in one batch
 * means that everybody waits while it is synced. So when nothing is in flight half of the commands
 * go ahead, and from then on one half is decided while the other is synced. */
static void take_queue(struct tn_desk *desk, struct tn_desk_request *first, size_t head_start)
{
    size_t count = 0;

    tn_desk_round(desk);
    while (first) {
        struct tn_desk_request *next = first->next;

        take_request(desk, first);
        if (++count == head_start) {
            tn_desk_hand_over(desk, false);
        }
        first = next;
    }
    tn_desk_hand_over(desk, false);
    if (desk->options.clock != TN_CLOCK_MANUAL && tn_desk_seals_wait(desk)) {
        tn_desk_seal_turn(desk, 0);
        tn_desk_hand_over(desk, false);
    }
}

static void run_rest(struct tn_desk *desk, struct rest *rest)
{
    tn_desk_settle(desk);
    tn_desk_round(desk);
    rest->status = desk->stopped ? TN_UNKNOWN : rest->run(rest->context);
    tn_desk_forget_due(desk);
    pthread_mutex_lock(&desk->lock);
    rest->done = true;
    pthread_cond_broadcast(&desk->rested);
    pthread_mutex_unlock(&desk->lock);
}

static void run_advance(struct tn_desk *desk, uint64_t time_us)
{
    enum tn_status status;

    tn_desk_round(desk);
    status = desk->stopped ? TN_UNKNOWN : tn_desk_emit_due(desk, time_us, true);
    tn_desk_settle(desk);
    pthread_mutex_lock(&desk->lock);
    if (status == TN_OK && desk->failed) {
        status = TN_UNKNOWN;
    }
    desk->advance_status = status;
    desk->advance_error = desk->error;
    desk->advance_wanted = false;
    pthread_cond_broadcast(&desk->rested);
    pthread_mutex_unlock(&desk->lock);
}

/* By a clock that nobody sets: a wall clock that is put back by an hour must not make it an hour.
 */
static void wait_for(struct tn_desk *desk, uint64_t span_us)
{
    uint64_t until_us = tn_clock_monotonic_us() + span_us;
    struct timespec until = {
        .tv_sec = (time_t) (until_us / 1000000),
        .tv_nsec = (long) (until_us % 1000000) * 1000,
    };

    pthread_cond_timedwait(&desk->wake_desk, &desk->lock, &until);
}

/* With the lock held and nothing queued: emit what is due by now, or sleep until something is. */
static void idle(struct tn_desk *desk)
{
    bool live = desk->options.clock != TN_CLOCK_MANUAL;
    uint64_t span_us = TICK_US;
    uint64_t next_us = UINT64_MAX;
    uint64_t now_us;
    uint64_t batch_number;
    uint64_t committed_number;

    /* Nothing is queued: time may go back to the last event, from where a clock that jumped had it.
     */
    if (live && desk->state.paused) {
        desk->last_stamp_us = desk->last_event_us;
    }
    now_us = tn_desk_now(desk);
    desk->last_stamp_us = now_us;
    pthread_mutex_unlock(&desk->lock);
    tn_desk_round(desk);
    tn_desk_hand_over(desk, false);
    batch_number = desk->batch_number;
    committed_number = desk->committed_number;
    if (live && !desk->stopped) {
        if (desk->room && tn_desk_emit_due(desk, now_us, false) != TN_OK) {
            tn_logline(TN_LOG_ERROR, "what fell due could not be decided: %s", desk->error.text);
            tn_desk_stop(desk);
        }
        tn_desk_seal_turn(desk, now_us);
        if (tn_desk_next_due(desk, now_us, false, &next_us) == TN_OK && !desk->state.paused &&
            next_us > now_us && next_us - now_us < span_us) {
            span_us = next_us - now_us + 1;
        }
    }
    tn_desk_hand_over(desk, false);
    pthread_mutex_lock(&desk->lock);
    if (desk->queue_first || desk->rests || desk->advance_wanted || desk->closing ||
        (live && !desk->stopped && !desk->state.paused && desk->room && tn_desk_seals_wait(desk)) ||
        (desk->in_flight && desk->in_flight_done) || desk->batch_number != batch_number ||
        desk->committed_number != committed_number ||
        (live && !desk->stopped && !desk->state.paused && desk->room && desk->draw.started &&
         desk->draw.ready)) {
        return;
    }
    wait_for(desk, span_us);
}

static void *desk_main(void *context)
{
    struct tn_desk *desk = context;

    (void) pthread_setname_np(pthread_self(), "turno-desk");
    pthread_mutex_lock(&desk->lock);
    while (true) {
        struct tn_desk_request *request = desk->queue_first;

        if (request) {
            bool in_flight = desk->in_flight && !desk->in_flight_done;
            size_t head_start = in_flight || desk->queued < HEAD_START_MIN ? 0 : desk->queued / 2;

            desk->queue_first = NULL;
            desk->queue_last = NULL;
            desk->queued = 0;
            desk->quiet = false;
            pthread_mutex_unlock(&desk->lock);
            take_queue(desk, request, head_start);
            pthread_mutex_lock(&desk->lock);
        } else if (desk->rests) {
            struct rest *rest = desk->rests;

            desk->rests = rest->next;
            pthread_mutex_unlock(&desk->lock);
            run_rest(desk, rest);
            pthread_mutex_lock(&desk->lock);
        } else if (desk->advance_wanted) {
            uint64_t time_us = desk->advance_us;

            pthread_mutex_unlock(&desk->lock);
            run_advance(desk, time_us);
            pthread_mutex_lock(&desk->lock);
        } else if (desk->closing) {
            break;
        } else {
            idle(desk);
        }
    }
    pthread_mutex_unlock(&desk->lock);
    tn_desk_settle(desk);
    return NULL;
}

/* ---- opening and closing ---- */

static enum tn_status start(struct tn_desk *desk, struct tn_error *error)
{
    if (pthread_create(&desk->committer_thread, NULL, tn_desk_commit_main, desk) != 0) {
        return tn_fail(error, TN_MEMORY, "no thread for the committer");
    }
    desk->committer_started = true;
    if (pthread_create(&desk->desk_thread, NULL, desk_main, desk) != 0) {
        return tn_fail(error, TN_MEMORY, "no thread for the desk");
    }
    desk->desk_started = true;
    if (desk->options.signer &&
        pthread_create(&desk->publisher_thread, NULL, tn_desk_publish_main, desk) != 0) {
        return tn_fail(error, TN_MEMORY, "no thread for the publisher");
    }
    desk->publisher_started = desk->options.signer != NULL;
    return TN_OK;
}

static void init(struct tn_desk *desk, const struct tn_desk_options *options)
{
    pthread_condattr_t monotonic;

    desk->options = *options;
    desk->options.renew_us = options->renew_us > 0 ? options->renew_us : TN_DESK_RENEW_US;
    pthread_mutex_init(&desk->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&desk->wake_desk, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&desk->wake_committer, NULL);
    pthread_cond_init(&desk->rested, NULL);
    tn_vault_overlay_init(&desk->overlay, 0);
    tn_arena_init(&desk->arena, ARENA_BYTES);
    tn_arena_init(&desk->fold_arena, ARENA_BYTES);
    desk->gathering = &desk->batches[0];
    desk->decider.state = tn_engine_state(options->engine);
    desk->room = true;
    desk->batch_number = 1;
    desk->opening_us = UINT64_MAX;
    tn_desk_forget_due(desk);
}

enum tn_status tn_desk_open(const struct tn_desk_options *options, struct tn_desk **out,
                            struct tn_error *error)
{
    struct tn_desk *desk = calloc(1, sizeof(*desk));
    struct tn_log_head head;
    enum tn_status status = TN_OK;

    *out = NULL;
    if (!desk) {
        return tn_fail(error, TN_MEMORY, "no memory for the desk");
    }
    init(desk, options);
    tn_log_head(options->log, &head);
    desk->next_index = head.size;
    desk->last_event_us = head.last_time_us;
    desk->last_stamp_us = head.last_time_us;
    if (options->clock == TN_CLOCK_OFFSET) {
        desk->offset_us = (int64_t) head.last_time_us - (int64_t) tn_clock_wall_us();
    }
    status = tn_desk_batch_init(&desk->batches[0]);
    if (status == TN_OK) {
        status = tn_desk_batch_init(&desk->batches[1]);
    }
    if (status == TN_OK) {
        status = tn_store_family(options->store, "meta", false, &desk->meta, error);
    }
    if (status == TN_OK) {
        status = tn_decider_refresh(&desk->decider, &desk->arena, error);
    }
    if (status == TN_OK) {
        status = tn_refusals_load(&desk->refusals, options->log, tn_desk_now(desk), error);
    }
    if (status == TN_OK) {
        status = tn_desk_pause_open(desk, error);
    }
    if (status == TN_OK && options->clock != TN_CLOCK_MANUAL) {
        status = tn_desk_seal_open(desk, error);
    }
    if (status == TN_OK) {
        status = start(desk, error);
    }
    if (status != TN_OK) {
        tn_desk_close(desk);
        return status;
    }
    *out = desk;
    return TN_OK;
}

void tn_desk_close(struct tn_desk *desk)
{
    if (!desk) {
        return;
    }
    pthread_mutex_lock(&desk->lock);
    desk->closing = true;
    pthread_cond_broadcast(&desk->wake_desk);
    pthread_mutex_unlock(&desk->lock);
    if (desk->desk_started) {
        pthread_join(desk->desk_thread, NULL);
    }
    pthread_mutex_lock(&desk->lock);
    desk->committer_closing = true;
    desk->publisher_closing = true;
    pthread_cond_broadcast(&desk->wake_committer);
    pthread_mutex_unlock(&desk->lock);
    if (desk->committer_started) {
        pthread_join(desk->committer_thread, NULL);
    }
    if (desk->publisher_started) {
        pthread_join(desk->publisher_thread, NULL);
    }
    tn_desk_draw_close(desk);
    tn_desk_reveal_close(desk);
    tn_desk_batch_close(&desk->batches[0]);
    tn_desk_batch_close(&desk->batches[1]);
    tn_decider_close(&desk->decider);
    tn_vault_overlay_close(&desk->overlay);
    tn_refusals_close(&desk->refusals);
    tn_arena_close(&desk->arena);
    tn_arena_close(&desk->fold_arena);
    pthread_cond_destroy(&desk->wake_desk);
    pthread_cond_destroy(&desk->wake_committer);
    pthread_cond_destroy(&desk->rested);
    pthread_mutex_destroy(&desk->lock);
    free(desk);
}

/* ---- reaching it ---- */

static enum tn_status stamp(struct tn_desk *desk, struct tn_desk_request *request)
{
    if (desk->options.clock == TN_CLOCK_MANUAL) {
        if (request->command.time_us < desk->last_stamp_us) {
            return TN_INVALID;
        }
    } else {
        request->command.time_us = tn_desk_now(desk);
    }
    desk->last_stamp_us = request->command.time_us;
    request->time_us = request->command.time_us;
    return TN_OK;
}

static enum tn_status enqueue(struct tn_desk *desk, struct tn_desk_request *request, bool wake)
{
    enum tn_status status = TN_OK;

    request->next = NULL;
    request->status = TN_OK;
    request->refusal = TN_REFUSAL_NONE;
    request->replayed = false;
    request->unrecorded = false;
    request->first_index = 0;
    request->count = 0;
    tn_buffer_init(&request->entries, TN_FRAME_BYTES_MAX);
    pthread_mutex_lock(&desk->lock);
    if (desk->closing) {
        status = TN_UNAVAILABLE;
    } else if (desk->failed) {
        status = TN_UNKNOWN;
    } else if (desk->queued >= TN_DESK_QUEUE_MAX) {
        status = TN_BUSY;
    } else {
        status = stamp(desk, request);
    }
    if (status == TN_OK) {
        if (desk->queue_last) {
            desk->queue_last->next = request;
        } else {
            desk->queue_first = request;
            desk->quiet = true;
        }
        desk->queue_last = request;
        desk->queued++;
        wake = wake && desk->quiet;
        desk->quiet = desk->quiet && !wake;
    }
    pthread_mutex_unlock(&desk->lock);
    if (status == TN_OK && wake) {
        pthread_cond_signal(&desk->wake_desk);
    }
    return status;
}

enum tn_status tn_desk_submit(struct tn_desk *desk, struct tn_desk_request *request)
{
    return enqueue(desk, request, true);
}

enum tn_status tn_desk_submit_quietly(struct tn_desk *desk, struct tn_desk_request *request)
{
    return enqueue(desk, request, false);
}

void tn_desk_wake(struct tn_desk *desk)
{
    bool wake;

    pthread_mutex_lock(&desk->lock);
    wake = desk->quiet;
    desk->quiet = false;
    pthread_mutex_unlock(&desk->lock);
    if (wake) {
        pthread_cond_signal(&desk->wake_desk);
    }
}

/* Who waits for one request; found through the request it embeds. */
struct call {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool finished;
};

static void call_done(struct tn_desk_request *request)
{
    struct call *call = request->waiter;

    pthread_mutex_lock(&call->lock);
    call->finished = true;
    pthread_cond_signal(&call->answered);
    pthread_mutex_unlock(&call->lock);
}

enum tn_status tn_desk_call(struct tn_desk *desk, struct tn_desk_request *request)
{
    struct call call = {.finished = false};
    enum tn_status status;

    pthread_mutex_init(&call.lock, NULL);
    pthread_cond_init(&call.answered, NULL);
    request->done = call_done;
    request->waiter = &call;
    status = tn_desk_submit(desk, request);
    if (status == TN_OK) {
        pthread_mutex_lock(&call.lock);
        while (!call.finished) {
            pthread_cond_wait(&call.answered, &call.lock);
        }
        pthread_mutex_unlock(&call.lock);
        status = request->status;
    } else {
        request->status = status;
    }
    request->waiter = NULL;
    pthread_cond_destroy(&call.answered);
    pthread_mutex_destroy(&call.lock);
    return status;
}

enum tn_status tn_desk_at_rest(struct tn_desk *desk, enum tn_status (*run)(void *context),
                               void *context)
{
    struct rest rest = {.run = run, .context = context};
    struct rest **last = &desk->rests;

    pthread_mutex_lock(&desk->lock);
    if (desk->closing) {
        pthread_mutex_unlock(&desk->lock);
        return TN_UNAVAILABLE;
    }
    while (*last) {
        last = &(*last)->next;
    }
    *last = &rest;
    pthread_cond_signal(&desk->wake_desk);
    while (!rest.done) {
        pthread_cond_wait(&desk->rested, &desk->lock);
    }
    pthread_mutex_unlock(&desk->lock);
    return rest.status;
}

enum tn_status tn_desk_advance(struct tn_desk *desk, uint64_t time_us, struct tn_error *error)
{
    enum tn_status status;

    pthread_mutex_lock(&desk->lock);
    if (desk->options.clock != TN_CLOCK_MANUAL || desk->closing || time_us < desk->last_stamp_us) {
        pthread_mutex_unlock(&desk->lock);
        return tn_fail(error, TN_INVALID, "time cannot be advanced to an earlier instant");
    }
    desk->last_stamp_us = time_us;
    desk->advance_us = time_us;
    desk->advance_wanted = true;
    pthread_cond_signal(&desk->wake_desk);
    while (desk->advance_wanted) {
        pthread_cond_wait(&desk->rested, &desk->lock);
    }
    status = desk->advance_status;
    if (status != TN_OK && error) {
        *error = desk->advance_error;
    }
    pthread_mutex_unlock(&desk->lock);
    return status;
}

enum tn_status tn_desk_shift(struct tn_desk *desk, uint64_t by_us)
{
    enum tn_status status = TN_OK;

    pthread_mutex_lock(&desk->lock);
    if (desk->options.clock != TN_CLOCK_OFFSET || by_us > INT64_MAX / 4) {
        status = TN_UNSUPPORTED;
    } else {
        desk->offset_us += (int64_t) by_us;
        pthread_cond_signal(&desk->wake_desk);
    }
    pthread_mutex_unlock(&desk->lock);
    return status;
}

void tn_desk_state(struct tn_desk *desk, struct tn_desk_state *state)
{
    pthread_mutex_lock(&desk->lock);
    *state = desk->state;
    state->queued = desk->queued;
    state->now_us = tn_desk_now(desk);
    pthread_mutex_unlock(&desk->lock);
    /* Asked here and not remembered: nobody sends commands to a server that says it has no space.
     */
    state->no_space = tn_store_room(desk->options.store) <= TN_DESK_ROOM_BYTES;
}
