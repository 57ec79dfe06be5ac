/* The close of a pool decided again: all but its root at once, the root by a worker. */
#include <inttypes.h>
#include <string.h>

#include "projections/keys.h"
#include "projections/recompute_internal.h"

static void *pool_work(void *argument)
{
    struct tn_pending_pool *pending = argument;

    (void) pthread_setname_np(pthread_self(), "turno-pool");
    tn_due_pool_salt(&pending->pool, pending->gid_key);
    tn_due_pool_root(&pending->pool, pending->root);
    return NULL;
}

enum tn_status tn_recompute_pool_start(struct tn_recompute *recompute, const struct tn_event *event,
                                       struct tn_bytes entry, const struct tn_due *due,
                                       struct tn_error *error)
{
    struct tn_pending_pool *pending = &recompute->pool;
    struct tn_rows *rows = recompute->state.rows[TN_CORE_QUEUE];
    struct tn_queue_row queue;
    bool found;
    enum tn_status status = tn_recompute_pool_settle(recompute, error);

    if (status != TN_OK) {
        return status;
    }
    tn_arena_reset(&pending->arena);
    tn_buffer_reset(&pending->entry);
    tn_buffer_append_bytes(&pending->entry, entry);
    pending->index = event->index;
    pending->loaded = false;
    status = tn_due_close_claimed(&recompute->decider, due, event->body.pool_closed.root,
                                  &pending->arena, &pending->pool, &recompute->verdict, error);
    if (status == TN_OK) {
        status = TN_READ(rows, tn_key_queue(), queue_row, &recompute->arena, &queue, &found, error);
    }
    if (status != TN_OK) {
        return status;
    }
    memcpy(pending->gid_key, queue.gid_key, TN_HASH_SIZE);
    pending->started = pthread_create(&pending->thread, NULL, pool_work, pending) == 0;
    if (!pending->started) {
        return tn_fail(error, TN_MEMORY, "no thread for the root of a pool");
    }
    pending->loaded = true;
    pending->active = true;
    return TN_OK;
}

static void join(struct tn_pending_pool *pending)
{
    if (pending->started) {
        pthread_join(pending->thread, NULL);
        pending->started = false;
    }
}

/* The event as it must be: with the root that was computed. */
static enum tn_status differ(struct tn_recompute *recompute, const struct tn_event *event,
                             struct tn_error *error)
{
    struct tn_pending_pool *pending = &recompute->pool;
    struct tn_event expected = *event;

    memcpy(expected.body.pool_closed.root, pending->root, TN_HASH_SIZE);
    tn_buffer_reset(&recompute->again);
    tn_event_encode(&expected, &recompute->again);
    return tn_recompute_differ(
        recompute, pending->index, "pool_close", tn_buffer_view(&recompute->again),
        tn_buffer_view(&pending->entry), error,
        "the root of the pool of day %" PRIu64 " is not that of the requests which stand",
        pending->pool.day);
}

enum tn_status tn_recompute_pool_settle(struct tn_recompute *recompute, struct tn_error *error)
{
    struct tn_pending_pool *pending = &recompute->pool;
    struct tn_arena arena;
    struct tn_event event;
    enum tn_status status;

    if (!pending->active) {
        return TN_OK;
    }
    if (pending->lent) {
        tn_recompute_draw_join(recompute);
    }
    join(pending);
    pending->active = false;
    if (tn_buffer_status(&pending->entry) != TN_OK) {
        return tn_fail(error, TN_MEMORY, "no memory for an entry");
    }
    tn_arena_init(&arena, TN_RECOMPUTE_DECISION_BYTES);
    status =
        tn_event_decode(tn_buffer_view(&pending->entry), pending->index, &arena, &event, error);
    if (status == TN_OK && memcmp(event.body.pool_closed.root, pending->root, TN_HASH_SIZE) != 0) {
        if (pending->lent) { /* its draw, and what was taken since then, count for nothing */
            recompute->draw.active = false;
            recompute->draw.collecting = false;
            recompute->report = pending->report;
        }
        status = differ(recompute, &event, error);
    }
    pending->lent = false;
    tn_arena_close(&arena);
    return status;
}

void tn_recompute_pool_close(struct tn_recompute *recompute)
{
    join(&recompute->pool);
    tn_arena_close(&recompute->pool.arena);
    tn_buffer_close(&recompute->pool.entry);
}
