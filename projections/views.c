/* Read-only rows: of what is committed, and as of any place in the log. */
#include <inttypes.h>
#include <stdlib.h>

#include "projections/core_list.h"
#include "projections/engine.h"
#include "projections/families.h"
#include "projections/pipeline.h"
#include "projections/scratch.h"

/* ---- committed rows ---- */

enum tn_status tn_views_open(struct tn_store *store, const struct tn_snapshot *snapshot,
                             struct tn_state *views, struct tn_error *error)
{
    return tn_views_open_list(store, NULL, 0, snapshot, views, error);
}

static enum tn_status open_view(struct tn_store *store, const struct tn_snapshot *snapshot,
                                const char *name, struct tn_rows **rows, struct tn_error *error)
{
    struct tn_rows_options options = {.face = TN_ROWS_VIEW, .store = store, .snapshot = snapshot};
    struct tn_current current;
    bool found = false;
    enum tn_status status = tn_current_read(store, snapshot, name, &current, &found, error);

    if (status == TN_OK && !found) {
        status = tn_fail(error, TN_NOT_FOUND, "projection %s has no rows yet", name);
    }
    if (status == TN_OK) {
        options.name = current.family;
        status = tn_store_hold(store, current.family, &options.family, error);
    }
    if (status == TN_OK) {
        status = tn_rows_open(&options, rows, error);
        if (status == TN_OK) {
            (*rows)->options.held = true;
        } else {
            tn_store_release(store, options.family);
        }
    }
    return status;
}

static enum tn_status open_views(struct tn_store *store, const struct tn_core_list *all,
                                 const struct tn_snapshot *snapshot, uint64_t swaps,
                                 struct tn_state *views, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < all->count; i++) {
        status = open_view(store, snapshot, all->items[i]->name, &views->rows[i], error);
        if (status == TN_OK) {
            views->rows[i]->swaps = swaps;
        }
    }
    if (status != TN_OK) {
        tn_views_close(views);
    }
    return status;
}

enum tn_status tn_views_open_list(struct tn_store *store, const struct tn_projection *const *list,
                                  size_t count, const struct tn_snapshot *snapshot,
                                  struct tn_state *views, struct tn_error *error)
{
    struct tn_core_list all = tn_core_list(list, count);
    uint64_t swaps = 0;
    uint64_t now = 0;

    *views = (struct tn_state){0};
    /* Read before the records: a swap in between makes the views stale, not wrong. */
    enum tn_status status = tn_swaps_read(store, snapshot, &now, error);
    while (status == TN_OK) {
        swaps = now;
        status = open_views(store, &all, snapshot, swaps, views, error);
        /* A record that was read before a swap may name a family that was dropped after it. */
        if (status != TN_NOT_FOUND || tn_swaps_read(store, snapshot, &now, NULL) != TN_OK ||
            now == swaps) {
            break;
        }
        status = TN_OK;
    }
    return status;
}

enum tn_status tn_views_stale(const struct tn_state *views, bool *stale, struct tn_error *error)
{
    uint64_t swaps = 0;

    *stale = false;
    for (size_t i = 0; i < TN_PROJECTIONS_MAX; i++) {
        const struct tn_rows *rows = views->rows[i];

        /* What was true as of an entry stays true. */
        if (rows != NULL && rows->options.face == TN_ROWS_VIEW) {
            enum tn_status status = tn_swaps_read(rows->options.store, NULL, &swaps, error);

            *stale = status == TN_OK && swaps != rows->swaps;
            return status;
        }
    }
    return TN_OK;
}

/* ---- as of ---- */

/* What the rows of one as-of view share: memory, and where they spill. */
struct as_of {
    struct tn_cache_budget budgets[TN_PROJECTIONS_MAX]; /* folds run on several threads */
    struct tn_scratch scratch;
};

static void as_of_destroy(struct as_of *as_of);

enum tn_status tn_views_as_of(struct tn_store *store, struct tn_log *log, uint64_t size,
                              struct tn_state *views, struct tn_error *error)
{
    (void) store; /* the log knows its own */
    return tn_views_as_of_list(log, NULL, 0, (UINT32_C(1) << TN_CORE_COUNT) - 1, 0, size, views,
                               error);
}

static enum tn_status as_of_fold(struct as_of *as_of, const struct tn_core_list *all, uint32_t mask,
                                 struct tn_pipeline *pipeline, struct tn_state *views,
                                 struct tn_error *error)
{
    struct tn_fold folds[TN_PROJECTIONS_MAX] = {0};
    struct tn_fold *running[TN_PROJECTIONS_MAX];
    enum tn_status status = TN_OK;

    pipeline->folds = running;
    for (size_t i = 0; status == TN_OK && i < all->count; i++) {
        struct tn_rows_options options = {
            .face = TN_ROWS_BUILD,
            .name = all->items[i]->name,
            .budget = &as_of->budgets[i],
            .home = tn_scratch_home,
            .home_context = &as_of->scratch,
        };

        if ((mask >> i & 1) == 0) {
            continue;
        }
        status = tn_rows_open(&options, &views->rows[i], error);
        folds[i] = (struct tn_fold){.projection = all->items[i],
                                    .number = tn_projection_number(all->items[i], i),
                                    .rows = views->rows[i]};
        running[pipeline->fold_count++] = &folds[i];
    }
    return status == TN_OK ? tn_pipeline_run(pipeline, error) : status;
}

enum tn_status tn_views_as_of_list(struct tn_log *log, const struct tn_projection *const *list,
                                   size_t count, uint32_t mask, size_t cache_bytes, uint64_t size,
                                   struct tn_state *views, struct tn_error *error)
{
    return tn_views_watched(log, list, count, mask, cache_bytes, size, NULL, NULL, views, error);
}

enum tn_status tn_views_watched(struct tn_log *log, const struct tn_projection *const *list,
                                size_t count, uint32_t mask, size_t cache_bytes, uint64_t size,
                                tn_views_watch *watch, void *context, struct tn_state *views,
                                struct tn_error *error)
{
    struct tn_core_list all = tn_whole_list(list, count);
    struct tn_pipeline pipeline = {
        .log = log, .end = size, .total = size, .watch = watch, .context = context};
    struct tn_log_head head;

    *views = (struct tn_state){0};
    mask &= (UINT32_C(1) << all.count) - 1;
    tn_log_head(log, &head);
    if (size > head.size) {
        return tn_fail(error, TN_NOT_FOUND, "the log has %" PRIu64 " entries, not %" PRIu64,
                       head.size, size);
    }
    if (mask == 0) {
        return tn_fail(error, TN_INVALID, "no projection is asked for");
    }
    struct as_of *as_of = calloc(1, sizeof(*as_of));
    if (as_of == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for rows as of entry %" PRIu64, size);
    }
    tn_scratch_init(&as_of->scratch, NULL);
    for (size_t i = 0; i < all.count; i++) {
        tn_cache_budget_init(
            &as_of->budgets[i],
            tn_core_share(&all, mask, i, cache_bytes == 0 ? TN_AS_OF_CACHE_BYTES : cache_bytes));
    }
    enum tn_status status = as_of_fold(as_of, &all, mask, &pipeline, views, error);
    if (status != TN_OK) {
        bool owned = views->rows[__builtin_ctz(mask)] != NULL;

        tn_views_close(views);
        if (!owned) {
            as_of_destroy(as_of);
        }
    }
    return status;
}

static void as_of_destroy(struct as_of *as_of)
{
    tn_scratch_close(&as_of->scratch);
    free(as_of);
}

/* ---- closing ---- */

void tn_views_close(struct tn_state *views)
{
    struct as_of *as_of = NULL;

    for (size_t i = 0; i < TN_PROJECTIONS_MAX; i++) {
        if (views->rows[i] != NULL && views->rows[i]->options.face == TN_ROWS_BUILD) {
            as_of = TN_CONTAINER_OF(views->rows[i]->options.home_context, struct as_of, scratch);
        }
        tn_rows_close(views->rows[i]);
        views->rows[i] = NULL;
    }
    if (as_of != NULL) {
        as_of_destroy(as_of);
    }
}
