/* A draw computed again, on a worker, while the entries behind it are folded as they stand.
 *
 * The life of a pending draw: started at its draw_completed, from the pool as it is then; it
 * collects the entries that claim to be its result; it is settled before anything is folded that
 * its result depends on, before the next one, at the end of the log, or when something else is
 * found. Settling joins the worker and compares byte by byte. */
#include <inttypes.h>
#include <string.h>

#include "projections/recompute_internal.h"

static void *draw_work(void *argument)
{
    struct tn_pending_draw *draw = argument;

    (void) pthread_setname_np(pthread_self(), "turno-draw");
    if (draw->pool->started) { /* its root is still being computed, of the same groups */
        pthread_join(draw->pool->thread, NULL);
        draw->pool->started = false;
    }
    draw->input.input.root = draw->pool->root;
    draw->status = tn_draw_run(&draw->input.input, &draw->arena, &draw->result, &draw->error);
    return NULL;
}

enum tn_status tn_recompute_draw_start(struct tn_recompute *recompute, const struct tn_event *event,
                                       struct tn_bytes entry, struct tn_error *error)
{
    struct tn_pending_draw *draw = &recompute->draw;
    enum tn_status status = TN_OK;

    if (draw->active) {
        status = tn_recompute_draw_settle(recompute, error);
    }
    if (status != TN_OK) {
        return status;
    }
    tn_arena_reset(&draw->arena);
    tn_entry_list_reset(&draw->entries);
    draw->day = recompute->due.day;
    draw->index = event->index;
    draw->time_us = event->time_us;
    draw->error = (struct tn_error){0};
    tn_entry_list_add(&draw->entries, entry);
    if (!recompute->pool.loaded || recompute->pool.pool.day != draw->day) {
        return tn_fail(error, TN_CORRUPT, "the pool of day %" PRIu64 " is not the last one closed",
                       draw->day);
    }
    status = tn_day_draw_with(&recompute->decider, &recompute->pool.pool, &draw->arena,
                              &draw->input, error);
    if (status != TN_OK) {
        return status;
    }
    draw->active = true;
    draw->collecting = true;
    draw->pool = &recompute->pool;
    recompute->pool.lent = recompute->pool.active;
    recompute->pool.report = recompute->report;
    draw->started = pthread_create(&draw->thread, NULL, draw_work, draw) == 0;
    if (!draw->started) {
        draw->active = false;
        recompute->pool.lent = false;
        return tn_fail(error, TN_MEMORY, "no thread for a draw");
    }
    return TN_OK;
}

bool tn_recompute_draw_takes(struct tn_recompute *recompute, const struct tn_event *event,
                             struct tn_bytes entry)
{
    struct tn_pending_draw *draw = &recompute->draw;

    if (!draw->active || !draw->collecting) {
        return false;
    }
    draw->collecting = !event->has_command && event->has_cause && event->cause >= draw->index &&
                       (event->kind == TN_KIND_appointment_offered ||
                        event->kind == TN_KIND_offer_declined ||
                        event->kind == TN_KIND_seats_returned);
    if (draw->collecting) {
        tn_entry_list_add(&draw->entries, entry);
    }
    return draw->collecting;
}

void tn_recompute_draw_join(struct tn_recompute *recompute)
{
    struct tn_pending_draw *draw = &recompute->draw;

    if (draw->started) {
        pthread_join(draw->thread, NULL);
        draw->started = false;
    }
}

static enum tn_status compare(struct tn_recompute *recompute, const struct tn_verdict *verdict,
                              struct tn_error *error)
{
    struct tn_pending_draw *draw = &recompute->draw;
    size_t kept = draw->entries.count;
    size_t most = verdict->count > kept ? verdict->count : kept;

    for (size_t i = 0; i < most; i++) {
        struct tn_bytes found = tn_entry_list_next(&draw->entries);
        struct tn_bytes expected = {NULL, 0};

        tn_buffer_reset(&recompute->again);
        if (i < verdict->count) {
            tn_event_encode(&verdict->events[i], &recompute->again);
            expected = tn_buffer_view(&recompute->again);
        }
        if (!tn_bytes_equal(expected, found)) {
            return tn_recompute_differ(
                recompute, draw->index + i, "draw", expected, found, error,
                "the draw of day %" PRIu64 " computed again gives another result here", draw->day);
        }
    }
    recompute->report.draws++;
    return TN_OK;
}

enum tn_status tn_recompute_draw_settle(struct tn_recompute *recompute, struct tn_error *error)
{
    struct tn_pending_draw *draw = &recompute->draw;
    struct tn_verdict verdict;
    enum tn_status status = tn_recompute_pool_settle(recompute, error);

    if (status != TN_OK) {
        return status;
    }
    tn_recompute_draw_join(recompute);
    draw->active = false;
    draw->collecting = false;
    status = draw->status;
    if (status != TN_OK) {
        if (error != NULL) {
            *error = draw->error;
        }
        recompute->index = draw->index;
        return tn_recompute_failed(recompute, status, "draw", tn_bytes(NULL, 0), error);
    }
    if (tn_buffer_status(&draw->entries.bytes) != TN_OK) {
        return tn_fail(error, TN_MEMORY, "no memory for the entries of a draw");
    }
    tn_verdict_init(&verdict, NULL, draw->time_us, draw->index, &draw->arena);
    status =
        tn_due_complete_draw(&recompute->decider, &draw->input, &draw->result, &verdict, error);
    return status == TN_OK ? compare(recompute, &verdict, error) : status;
}

void tn_recompute_draw_close(struct tn_recompute *recompute)
{
    tn_recompute_draw_join(recompute);
    tn_arena_close(&recompute->draw.arena);
    tn_buffer_close(&recompute->draw.entries.bytes);
}
