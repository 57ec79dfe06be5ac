/* A rebuild among others: one at a time, cut short when nobody wants it, and what it replaced goes
 * with the last who reads it. */
#include <pthread.h>

#include "ledger/base/clock.h"
#include "tests/projections/desk_support.h"

static const struct tn_rebuild_options both = {.list = two, .count = 2, .mask = 3};

static void one_rebuild_runs_at_a_time(void **state)
{
    struct tn_rebuild_report report;
    struct tn_rebuild_job *first = NULL;
    struct tn_rebuild_job *second = NULL;
    struct desk desk = {0};
    struct roots live;
    struct roots after;
    struct tn_error error = {0};

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 900);
    roots_of(tn_engine_state(desk.engine), &live);
    MUST(tn_rebuild_begin(desk.place.store, desk.place.log, &both, &first, &error), &error);
    assert_int_equal(tn_rebuild_begin(desk.place.store, desk.place.log, &both, &second, &error),
                     TN_BUSY);
    assert_null(second);
    assert_non_null(strstr(error.text, "another rebuild"));
    assert_int_equal(families_of(desk.place.store), 4);

    /* The first knows nothing of it. */
    MUST(tn_rebuild_finish(first, false, NULL, NULL, &report, &error), &error);
    assert_true(report.equal[0] && report.equal[1]);
    MUST(tn_engine_reload(desk.engine, &error), &error);
    assert_int_equal(tn_rebuild_begin(desk.place.store, desk.place.log, &both, &second, &error),
                     TN_BUSY);
    tn_rebuild_close(first);
    roots_of(tn_engine_state(desk.engine), &after);
    assert_roots_equal(&live, &after);
    MUST(tn_rebuild_begin(desk.place.store, desk.place.log, &both, &second, &error), &error);
    tn_rebuild_close(second);
    desk_destroy(&desk);
}

static void a_rebuild_that_is_stopped_leaves_the_rows_as_they_were(void **state)
{
    struct desk desk = {0};
    struct roots live;
    struct roots after;

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 6000);
    roots_of(tn_engine_state(desk.engine), &live);
    for (unsigned folded = 0; folded < 2; folded++) {
        atomic_bool stop = folded == 0;
        struct tn_rebuild_options options = both;
        struct tn_rebuild_report report;
        struct tn_rebuild_job *job = NULL;
        struct tn_error error = {0};
        uint32_t mask = 1;

        options.stop = &stop;
        MUST(tn_rebuild_begin(desk.place.store, desk.place.log, &options, &job, &error), &error);
        if (folded) {
            MUST(tn_rebuild_catch_up(job, UINT64_MAX, NULL, NULL, &error), &error);
            stop = true;
            assert_int_equal(tn_rebuild_finish(job, true, NULL, NULL, &report, &error),
                             TN_UNAVAILABLE);
        } else {
            assert_int_equal(tn_rebuild_catch_up(job, UINT64_MAX, NULL, NULL, &error),
                             TN_UNAVAILABLE);
        }
        assert_string_equal(error.text, TN_REBUILD_STOPPED);
        tn_rebuild_close(job);
        MUST(tn_rebuild_pending(desk.place.store, &mask, &error), &error);
        assert_int_equal(mask, 0);
        assert_int_equal(families_of(desk.place.store), 2);
        desk_run(&desk, 50);
        roots_of(tn_engine_state(desk.engine), &live);
        desk_close(&desk);
        desk_open(&desk);
        roots_of(tn_engine_state(desk.engine), &after);
        assert_roots_equal(&live, &after);
    }
    desk_destroy(&desk);
}

/* Rebuild and replace, as a server does beside its readers. */
static void replace(struct desk *desk)
{
    struct tn_rebuild_report report;
    struct tn_rebuild_job *job = NULL;
    struct tn_error error = {0};

    MUST(tn_rebuild_begin(desk->place.store, desk->place.log, &both, &job, &error), &error);
    MUST(tn_rebuild_finish(job, false, NULL, NULL, &report, &error), &error);
    MUST(tn_engine_reload(desk->engine, &error), &error);
    MUST(tn_engine_drop_old(desk->place.store, two, 2, &error), &error);
    tn_rebuild_close(job);
}

static void views_show_rows_that_were_dropped_until_they_are_closed(void **state)
{
    struct desk desk = {0};
    struct tn_state views;
    struct roots before;
    struct roots after;
    struct tn_error error = {0};

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 3000);
    MUST(tn_views_open_list(desk.place.store, two, 2, NULL, &views, &error), &error);
    roots_of(&views, &before);
    replace(&desk);
    desk_run(&desk, 500);
    replace(&desk);
    assert_int_equal(families_of(desk.place.store), 2);
    roots_of(&views, &after);
    assert_roots_equal(&before, &after);
    tn_views_close(&views);
    desk_close(&desk);
    desk_open(&desk);
    assert_int_equal(families_of(desk.place.store), 2);
    desk_destroy(&desk);
}

struct reading {
    struct tn_store *store;
    struct roots expected;
    atomic_bool ended; /* asked of it, or by itself when a look went wrong */
    enum tn_status status;
    struct tn_error error;
    atomic_uint looks;
    bool same;
};

#define REPLACEMENTS_MIN 25u
#define LOOKS_MIN 10u
#define READERS_US (120ull * 1000000) /* far more than a loaded machine with a sanitizer takes */

static void *read_again_and_again(void *argument)
{
    struct reading *reading = argument;

    while (reading->status == TN_OK && reading->same && !atomic_load(&reading->ended)) {
        struct tn_state views;
        uint64_t rows = 0;
        uint8_t root[TN_HASH_SIZE];

        reading->status = tn_views_open_list(reading->store, two, 2, NULL, &views, &reading->error);
        for (size_t i = 0; reading->status == TN_OK && i < 2; i++) {
            reading->status = tn_rows_root(views.rows[i], &rows, root, &reading->error);
            reading->same = reading->same && rows == reading->expected.rows[i] &&
                            memcmp(root, reading->expected.roots[i], sizeof(root)) == 0;
        }
        tn_views_close(&views);
        atomic_fetch_add(&reading->looks, 1);
    }
    atomic_store(&reading->ended, true);
    return NULL;
}

/* Each has begun and ended so many looks since its count stood at `before`. */
static bool looked_enough(struct reading *readings, const unsigned *before, size_t count)
{
    bool enough = true;

    for (size_t i = 0; i < count; i++) {
        enough = enough && atomic_load(&readings[i].looks) > before[i] + LOOKS_MIN;
    }
    return enough;
}

static void readers_meet_whole_rows_while_families_come_and_go(void **state)
{
    struct reading readings[2];
    unsigned before[2];
    pthread_t threads[2];
    struct desk desk = {0};
    uint64_t until_us = tn_clock_monotonic_us() + READERS_US;
    bool reading = true;

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 300);
    for (size_t i = 0; i < 2; i++) {
        readings[i] = (struct reading){.store = desk.place.store, .same = true};
        roots_of(tn_engine_state(desk.engine), &readings[i].expected);
        assert_int_equal(pthread_create(&threads[i], NULL, read_again_and_again, &readings[i]), 0);
    }
    replace(&desk);
    for (size_t i = 0; i < 2; i++) {
        before[i] = atomic_load(&readings[i].looks);
    }
    for (unsigned replaced = 1;
         reading && (replaced < REPLACEMENTS_MIN || !looked_enough(readings, before, 2));
         replaced++) {
        replace(&desk);
        reading = !atomic_load(&readings[0].ended) && !atomic_load(&readings[1].ended) &&
                  tn_clock_monotonic_us() < until_us;
    }
    for (size_t i = 0; i < 2; i++) {
        atomic_store(&readings[i].ended, true);
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        MUST(readings[i].status, &readings[i].error);
        assert_true(readings[i].same);
    }
    assert_true(looked_enough(readings, before, 2));
    assert_int_equal(families_of(desk.place.store), 2);
    desk_destroy(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rebuild_runs_at_a_time),
        cmocka_unit_test(a_rebuild_that_is_stopped_leaves_the_rows_as_they_were),
        cmocka_unit_test(views_show_rows_that_were_dropped_until_they_are_closed),
        cmocka_unit_test(readers_meet_whole_rows_while_families_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
