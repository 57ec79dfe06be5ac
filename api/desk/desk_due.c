/* What falls due: emitted before a command at its time, and by a timer when idle.
 *
 * A draw: at its instant the operator's secret is revealed (a command of the ledger itself); when
 * that is durable a worker loads the frozen pool from committed rows and computes; the desk goes on
 * meanwhile and appends the result when it is ready. */
#include <inttypes.h>
#include <string.h>

#include "api/desk/desk_internal.h"
#include "ledger/base/civil.h"
#include "ledger/base/endian.h"
#include "ledger/base/logline.h"
#include "ledger/rules/window.h"
#include "projections/keys.h"

/* Rows of a whole pool: 280,000 groups take some 100 MB while it is closed or drawn. */
#define POOL_ARENA_BYTES ((size_t) 2 << 30)
#define LAPSES_AT_ONCE 512u

/* ---- the draw's worker ---- */

static enum tn_status compute_draw(struct tn_desk_draw *draw)
{
    struct tn_state views;
    struct tn_decider decider = {.state = &views};
    enum tn_status status = tn_views_open(draw->store, NULL, &views, &draw->error);

    if (status != TN_OK) {
        return status;
    }
    status = tn_decider_refresh(&decider, &draw->arena, &draw->error);
    if (status == TN_OK) {
        status = tn_day_draw_load(&decider, draw->day, &draw->arena, &draw->input, &draw->error);
    }
    if (status == TN_OK) {
        status = tn_draw_run(&draw->input.input, &draw->arena, &draw->result, &draw->error);
    }
    tn_decider_close(&decider);
    tn_views_close(&views);
    return status;
}

static void *draw_main(void *context)
{
    struct tn_desk_draw *draw = context;
    enum tn_status status;

    (void) pthread_setname_np(pthread_self(), "turno-draw");
    status = compute_draw(draw);
    pthread_mutex_lock(&draw->desk->lock);
    draw->status = status;
    draw->ready = true;
    pthread_cond_signal(&draw->desk->wake_desk);
    pthread_mutex_unlock(&draw->desk->lock);
    return NULL;
}

void tn_desk_draw_close(struct tn_desk *desk)
{
    if (desk->draw.started) {
        pthread_join(desk->draw.thread, NULL);
        tn_arena_close(&desk->draw.arena);
    }
    memset(&desk->draw, 0, sizeof(desk->draw));
}

static enum tn_status start_draw(struct tn_desk *desk, uint64_t day)
{
    struct tn_desk_draw *draw = &desk->draw;

    tn_arena_init(&draw->arena, POOL_ARENA_BYTES);
    draw->day = day;
    draw->store = desk->options.store;
    draw->desk = desk;
    draw->ready = false;
    if (pthread_create(&draw->thread, NULL, draw_main, draw) != 0) {
        tn_arena_close(&draw->arena);
        return tn_fail(&desk->error, TN_MEMORY, "no thread for the draw of day %" PRIu64, day);
    }
    draw->started = true;
    return TN_OK;
}

static bool draw_is_ready(struct tn_desk *desk, bool wait)
{
    bool ready;

    pthread_mutex_lock(&desk->lock);
    while (wait && !desk->draw.ready) {
        pthread_cond_wait(&desk->wake_desk, &desk->lock);
    }
    ready = desk->draw.ready;
    pthread_mutex_unlock(&desk->lock);
    return ready;
}

static enum tn_status finish_draw(struct tn_desk *desk, uint64_t now_us, bool wait)
{
    struct tn_verdict verdict;
    uint64_t day = desk->draw.day;
    enum tn_status status = desk->draw.status;

    if (status != TN_OK) {
        desk->error = desk->draw.error;
    }
    tn_verdict_init(&verdict, NULL, now_us, desk->next_index, &desk->draw.arena);
    if (status == TN_OK) {
        status = tn_due_complete_draw(&desk->decider, &desk->draw.input, &desk->draw.result,
                                      &verdict, &desk->error);
    }
    if (status == TN_OK) {
        status = tn_desk_add_verdict(desk, &verdict);
    }
    tn_desk_draw_close(desk);
    return status == TN_OK ? tn_desk_seal_begin(desk, day, now_us, wait) : status;
}

/* Does the first item wait for something else than its instant: for its seed to be durable (the
 * worker reads committed rows), for the worker, or for somebody to mend what it lacks? */
static bool draw_waits(struct tn_desk *desk, bool wait)
{
    bool draws = desk->due.kind == TN_DUE_DRAW;

    if (wait || (!draws && desk->due.kind != TN_DUE_REVEAL)) {
        return false;
    }
    if (desk->due.day == desk->held_day) {
        return true;
    }
    if (!draws) {
        return tn_desk_reveal_waits(desk);
    }
    if (draws && desk->draw.started) {
        return !draw_is_ready(desk, false);
    }
    return draws && desk->seeded_number > desk->committed_number;
}

static enum tn_status emit_draw(struct tn_desk *desk, const struct tn_due *due, uint64_t now_us,
                                bool wait)
{
    enum tn_status status = TN_OK;

    if (!desk->draw.started) {
        if (wait) {
            tn_desk_settle(desk);
        }
        status = start_draw(desk, due->day);
    }
    return status == TN_OK && draw_is_ready(desk, wait) ? finish_draw(desk, now_us, wait) : status;
}

/* A draw that cannot be made (other keys, no memory) must not keep officers from validating: its
 * day waits for a restart, and everything else goes on. */
static void hold_draw(struct tn_desk *desk, uint64_t day)
{
    tn_desk_draw_close(desk);
    desk->held_day = day;
    tn_logline(TN_LOG_ERROR,
               "day %" PRIu64
               " cannot be drawn (%s); later days wait for it, other commands go on: "
               "mend what is said and restart",
               day, desk->error.text);
}

/* ---- the rest ---- */

static enum tn_status emit_lapses(struct tn_desk *desk, uint64_t due_us, uint64_t now_us)
{
    struct tn_verdict verdict;
    enum tn_status status;

    tn_arena_reset(&desk->arena);
    tn_verdict_init(&verdict, NULL, now_us, desk->next_index, &desk->arena);
    status = tn_due_lapses(&desk->decider, due_us, LAPSES_AT_ONCE, &verdict, &desk->error);
    return status == TN_OK ? tn_desk_add_verdict(desk, &verdict) : status;
}

static enum tn_status emit_close(struct tn_desk *desk, const struct tn_due *due, uint64_t now_us)
{
    struct tn_verdict verdict;
    struct tn_arena arena;
    enum tn_status status;

    tn_arena_init(&arena, POOL_ARENA_BYTES);
    tn_verdict_init(&verdict, NULL, now_us, desk->next_index, &arena);
    status = tn_due_close_pool(&desk->decider, due, &verdict, &desk->error);
    if (status == TN_OK) {
        status = tn_desk_add_verdict(desk, &verdict);
    }
    tn_arena_close(&arena);
    return status;
}

/* A witness that stayed silent, or a day that a chain does not serve any more. */
static enum tn_status emit_small(struct tn_desk *desk, const struct tn_due *due, uint64_t now_us)
{
    struct tn_verdict verdict;
    enum tn_status status;

    tn_arena_reset(&desk->arena);
    tn_verdict_init(&verdict, NULL, now_us, desk->next_index, &desk->arena);
    status = due->kind == TN_DUE_DAY_VOID
                 ? tn_due_void_day(&desk->decider, due, &verdict, &desk->error)
                 : tn_due_miss_witness(&desk->decider, due, &verdict, &desk->error);
    return status == TN_OK ? tn_desk_add_verdict(desk, &verdict) : status;
}

static enum tn_status next_window(struct tn_desk *desk, uint64_t now_us,
                                  const struct tn_policy **policy, struct tn_window *window)
{
    struct tn_queue_row queue;
    bool found;
    uint64_t from_us;
    enum tn_status status;

    /* A simulation moves in leaps and skips nothing; a ledger that was paused skips what is over.
     */
    if (desk->options.clock != TN_CLOCK_LIVE) {
        now_us = desk->last_event_us;
    }
    from_us = now_us > TN_DAY_US ? now_us - TN_DAY_US : 0;
    tn_arena_reset(&desk->fold_arena);
    status = TN_READ(desk->decider.state->rows[TN_CORE_QUEUE], tn_key_queue(), queue_row,
                     &desk->fold_arena, &queue, &found, &desk->error);
    if (status != TN_OK) {
        return status;
    }
    /* A window that is over already is not opened any more: nobody could have asked. */
    do {
        status = tn_window_next((const struct tn_policy *const *) desk->decider.policies.items,
                                desk->decider.policies.count, from_us,
                                queue.last_day > 0 ? (uint32_t) queue.last_day : UINT32_MAX, policy,
                                window, &desk->error);
        from_us = window->opens_us + 1;
    } while (status == TN_OK && window->closes_us <= now_us);
    return status;
}

static enum tn_status find_opening(struct tn_desk *desk, uint64_t now_us)
{
    const struct tn_policy *policy;
    struct tn_window window;
    enum tn_status status;

    /* None in sight is none within a month: look again every day. */
    if (desk->opening_us == UINT64_MAX && now_us >= desk->opening_known_us + TN_DAY_US) {
        desk->opening_stale = true;
    }
    if (!desk->opening_stale) {
        return TN_OK;
    }
    desk->opening_known_us = now_us;
    status = next_window(desk, now_us, &policy, &window);
    if (status != TN_OK && status != TN_NOT_FOUND) {
        return status;
    }
    desk->opening_us = status == TN_OK ? window.opens_us : UINT64_MAX;
    desk->opening_stale = false;
    return TN_OK;
}

static enum tn_status emit_opening(struct tn_desk *desk, uint64_t now_us)
{
    const struct tn_policy *policy;
    struct tn_window window;
    struct tn_verdict verdict;
    enum tn_status status = next_window(desk, now_us, &policy, &window);

    desk->opening_stale = true;
    if (status != TN_OK || window.opens_us > now_us) {
        return status == TN_NOT_FOUND ? TN_OK : status;
    }
    tn_arena_reset(&desk->arena);
    tn_verdict_init(&verdict, NULL, now_us, desk->next_index, &desk->arena);
    status = tn_due_open_day(&desk->decider, policy->version, &window, &verdict, &desk->error);
    return status == TN_OK ? tn_desk_add_verdict(desk, &verdict) : status;
}

/* ---- what is next ---- */

static bool take_first_lapse(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct tn_due *due = context;

    (void) value;
    due->kind = TN_DUE_LAPSE;
    due->due_us = tn_get_be64(key.data + 1);
    return false;
}

static enum tn_status refresh_lapse(struct tn_desk *desk)
{
    struct tn_row_key prefix = tn_key_lapses();
    enum tn_status status;

    if (!desk->lapse_stale) {
        return TN_OK;
    }
    memset(&desk->lapse, 0, sizeof(desk->lapse));
    status = tn_rows_scan(desk->decider.state->rows[TN_CORE_QUEUE], tn_row_key_view(&prefix),
                          tn_bytes(NULL, 0), take_first_lapse, &desk->lapse, &desk->error);
    desk->lapse_stale = status != TN_OK;
    return status;
}

static enum tn_status refresh_due(struct tn_desk *desk)
{
    enum tn_status status;

    if (!desk->due_stale) {
        return TN_OK;
    }
    tn_arena_reset(&desk->arena);
    status = tn_due_next(&desk->decider, &desk->arena, &desk->due, &desk->error);
    desk->due_stale = status != TN_OK;
    desk->lapse_stale = true;
    return status;
}

void tn_desk_forget_due(struct tn_desk *desk)
{
    desk->due_stale = true;
    desk->opening_stale = true;
}

/* The first item of the rows that can be emitted: while a draw waits the lapses behind it go on. A
 * pool close never is behind a draw. */
static enum tn_status next_item(struct tn_desk *desk, bool wait, struct tn_due *due)
{
    enum tn_status status = refresh_due(desk);

    if (status == TN_OK && draw_waits(desk, wait)) {
        status = refresh_lapse(desk);
        *due = desk->lapse;
    } else {
        *due = desk->due;
    }
    return status;
}

enum tn_status tn_desk_next_due(struct tn_desk *desk, uint64_t now_us, bool wait, uint64_t *next_us)
{
    struct tn_due due = {0};
    enum tn_status status = next_item(desk, wait, &due);

    if (status == TN_OK) {
        status = find_opening(desk, now_us);
    }
    *next_us = desk->opening_us;
    if (status == TN_OK && due.kind != TN_DUE_NOTHING && due.due_us < *next_us) {
        *next_us = due.due_us;
    }
    return status;
}

static enum tn_status emit_item(struct tn_desk *desk, const struct tn_due *due, uint64_t at_us,
                                bool wait)
{
    switch (due->kind) {
    case TN_DUE_LAPSE:
        return emit_lapses(desk, due->due_us, at_us);
    case TN_DUE_POOL_CLOSE:
        return emit_close(desk, due, at_us);
    case TN_DUE_DAY_VOID:
    case TN_DUE_WITNESS_MISS:
        return emit_small(desk, due, at_us);
    case TN_DUE_REVEAL:
        return tn_desk_emit_reveal(desk, due, at_us, wait);
    case TN_DUE_DRAW:
        return emit_draw(desk, due, at_us, wait);
    case TN_DUE_NOTHING:
    case TN_DUE_DAY_OPENING:
        break;
    }
    return TN_OK;
}

/* One item. At one instant: lapses, then the opening, then the rest. */
static enum tn_status emit_one(struct tn_desk *desk, uint64_t now_us, bool wait)
{
    struct tn_due due = {0};
    uint64_t before = desk->next_index;
    enum tn_status status = next_item(desk, wait, &due);
    bool opening = desk->opening_us <= now_us &&
                   (due.kind == TN_DUE_NOTHING || desk->opening_us < due.due_us ||
                    (desk->opening_us == due.due_us && due.kind != TN_DUE_LAPSE));
    /* A simulation stamps what falls due with its own instant; a live desk with the append time. */
    uint64_t at_us =
        desk->options.clock == TN_CLOCK_MANUAL ? (opening ? desk->opening_us : due.due_us) : now_us;

    at_us = at_us > desk->last_event_us ? at_us : desk->last_event_us;
    if (status != TN_OK) {
        return status;
    }
    if (opening) {
        return emit_opening(desk, at_us);
    }
    status = emit_item(desk, &due, at_us, wait);
    desk->due_stale = true;
    if (status != TN_OK && !wait && !desk->stopped &&
        (due.kind == TN_DUE_REVEAL || due.kind == TN_DUE_DRAW)) {
        hold_draw(desk, due.day);
        return TN_OK;
    }
    /* Asking again would find it again, for ever. */
    if (status == TN_OK && desk->next_index == before && !desk->draw.started &&
        !(due.kind == TN_DUE_REVEAL && desk->options.drawd)) {
        status = tn_fail(&desk->error, TN_CORRUPT, "an item fell due and nothing came of it");
    }
    return status;
}

enum tn_status tn_desk_emit_due(struct tn_desk *desk, uint64_t now_us, bool wait)
{
    uint64_t next_us = UINT64_MAX;
    enum tn_status status;

    if (desk->state.paused) {
        return TN_OK;
    }
    status = tn_desk_next_due(desk, now_us, wait, &next_us);
    while (status == TN_OK && next_us <= now_us) {
        status = desk->stopped ? TN_UNKNOWN : emit_one(desk, now_us, wait);
        if (status == TN_OK && tn_desk_batch_is_full(desk->gathering)) {
            tn_desk_hand_over(desk, true);
        }
        if (status == TN_OK) {
            status = tn_desk_next_due(desk, now_us, wait, &next_us);
        }
    }
    return status;
}
