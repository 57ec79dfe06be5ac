/* A little desk for the tests: an engine over two small projections, fed with synthetic events. */
#ifndef TN_TESTS_PROJECTIONS_DESK_SUPPORT_H
#define TN_TESTS_PROJECTIONS_DESK_SUPPORT_H

#include "projections/families.h"
#include "projections/rows_internal.h"
#include "tests/projections/support.h"

static const struct tn_projection *const two[] = {&sums, &due};

struct desk {
    struct place place;
    struct tn_engine *engine;
};

static inline void desk_open(struct desk *desk)
{
    struct tn_error error = {0};

    place_open(&desk->place);
    MUST(tn_engine_open(desk->place.store, desk->place.log, two, TN_ARRAY_SIZE(two), &desk->engine,
                        &error),
         &error);
}

static inline void desk_close(struct desk *desk)
{
    tn_engine_close(desk->engine);
    desk->engine = NULL;
    place_close(&desk->place);
}

static inline void desk_destroy(struct desk *desk)
{
    tn_engine_close(desk->engine);
    desk->engine = NULL;
    place_destroy(&desk->place);
}

/* Apply the events and commit them with their rows. */
static inline void desk_commit(struct desk *desk, const struct tn_event *events, size_t count)
{
    struct tn_batch *batch = tn_batch_create();
    struct tn_error error = {0};
    struct tn_arena arena;
    uint64_t generation = 0;

    tn_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        MUST(tn_engine_apply(desk->engine, &events[i], &arena, &error), &error);
    }
    MUST(tn_engine_gather(desk->engine, batch, &generation, &error), &error);
    append_events(&desk->place, batch, events, count);
    tn_engine_committed(desk->engine, generation);
    tn_batch_destroy(batch);
    tn_arena_close(&arena);
}

/* `count` synthetic events in frames of at most 50. */
static inline void desk_run(struct desk *desk, size_t count)
{
    struct tn_log_head head;

    tn_log_head(desk->place.log, &head);
    while (count != 0) {
        struct tn_event events[50];
        size_t now = count < TN_ARRAY_SIZE(events) ? count : TN_ARRAY_SIZE(events);

        for (size_t i = 0; i < now; i++) {
            synthetic_event(head.size++, &events[i]);
        }
        desk_commit(desk, events, now);
        count -= now;
    }
}

/* A seal of projection `number` as the desk would append it now. */
static inline void make_seal(struct desk *desk, size_t number, uint64_t scope,
                             struct tn_event *event)
{
    struct tn_state_sealed *seal = &event->body.state_sealed;
    struct tn_error error = {0};
    struct tn_log_head head;

    tn_log_head(desk->place.log, &head);
    synthetic_event(head.size, event);
    memset(&event->body, 0, sizeof(event->body));
    event->kind = TN_KIND_state_sealed;
    seal->projection = number;
    seal->projection_version = two[number]->version;
    seal->scope = scope;
    seal->upto = head.size - 1;
    MUST(tn_engine_seal(desk->engine, number, scope, &seal->rows, seal->root, &error), &error);
}

static inline void desk_seal(struct desk *desk, size_t number, uint64_t scope)
{
    struct tn_event event;

    make_seal(desk, number, scope, &event);
    desk_commit(desk, &event, 1);
}

struct roots {
    uint64_t rows[TN_ARRAY_SIZE(two)];
    uint8_t roots[TN_ARRAY_SIZE(two)][TN_HASH_SIZE];
};

static inline void roots_of(struct tn_state *state, struct roots *roots)
{
    struct tn_error error = {0};

    for (size_t i = 0; i < TN_ARRAY_SIZE(two); i++) {
        MUST(tn_rows_root(state->rows[i], &roots->rows[i], roots->roots[i], &error), &error);
    }
}

static inline void assert_roots_equal(const struct roots *a, const struct roots *b)
{
    for (size_t i = 0; i < TN_ARRAY_SIZE(two); i++) {
        assert_int_equal(a->rows[i], b->rows[i]);
        assert_memory_equal(a->roots[i], b->roots[i], TN_HASH_SIZE);
    }
}

static inline void roots_as_of(struct place *place, uint64_t size, size_t cache_bytes,
                               struct roots *roots)
{
    struct tn_state views;
    struct tn_error error = {0};

    MUST(tn_views_as_of_list(place->log, two, TN_ARRAY_SIZE(two), UINT32_MAX, cache_bytes, size,
                             &views, &error),
         &error);
    roots_of(&views, roots);
    tn_views_close(&views);
}

static inline void count_family(void *context, const char *name, struct tn_family *family)
{
    (void) family;
    *(size_t *) context += strchr(name, '.') != NULL;
}

/* Families of rows, current or not. */
static inline size_t families_of(struct tn_store *store)
{
    size_t count = 0;

    tn_store_families(store, count_family, &count);
    return count;
}

#endif
