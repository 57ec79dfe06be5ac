/* Rebuild beside, compare, swap: equal states, tampered rows and entries, cuts, a desk that goes
 * on. */
#include <sys/wait.h>

#include "ledger/base/fault.h"
#include "tests/projections/desk_support.h"
#include "tests/sanitized.h"

static const struct tn_rebuild_options both = {.list = two, .count = 2, .mask = 3};

/* begin, finish, close over a store whose engine is closed. */
static enum tn_status rebuild(struct desk *desk, const struct tn_rebuild_options *options,
                              bool swap_different, struct tn_rebuild_report *report,
                              struct tn_error *error)
{
    struct tn_rebuild_job *job = NULL;
    enum tn_status status =
        tn_rebuild_begin(desk->place.store, desk->place.log, options, &job, error);

    if (status == TN_OK) {
        status = tn_rebuild_finish(job, swap_different, NULL, NULL, report, error);
    }
    tn_rebuild_close(job);
    return status;
}

static void desk_leave(struct desk *desk)
{
    tn_engine_close(desk->engine);
    desk->engine = NULL;
}

static void desk_return(struct desk *desk)
{
    struct tn_error error = {0};

    MUST(tn_engine_open(desk->place.store, desk->place.log, two, 2, &desk->engine, &error), &error);
}

static void a_rebuild_equals_the_live_rows(void **state)
{
    static const size_t caches[] = {0, 4096, 200000};
    struct roots live;
    struct roots after;

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(caches); i++) {
        struct tn_rebuild_options options = both;
        struct tn_rebuild_report report;
        struct desk desk = {0};
        struct tn_error error = {0};

        options.cache_bytes = caches[i]; /* state larger than memory, too */
        desk_open(&desk);
        for (unsigned day = 0; day < 4; day++) {
            desk_run(&desk, 1300);
            desk_seal(&desk, 0, 1);
            desk_seal(&desk, 1, day == 2 ? 2 : 1);
        }
        desk_run(&desk, 700);
        roots_of(tn_engine_state(desk.engine), &live);
        desk_leave(&desk);
        MUST(rebuild(&desk, &options, false, &report, &error), &error);
        assert_int_equal(report.events, 4 * 1302 + 700);
        for (size_t p = 0; p < 2; p++) {
            assert_true(report.rebuilt[p] && report.equal[p]);
            assert_int_equal(report.rows[p], live.rows[p]);
            assert_memory_equal(report.root_live[p], live.roots[p], TN_HASH_SIZE);
            assert_memory_equal(report.root_rebuilt[p], live.roots[p], TN_HASH_SIZE);
        }
        assert_int_equal(families_of(desk.place.store), 4);
        desk_return(&desk);
        assert_int_equal(families_of(desk.place.store), 2);
        roots_of(tn_engine_state(desk.engine), &after);
        assert_roots_equal(&live, &after);
        /* The list of touched keys came over: the next seals fit, here and in another rebuild. */
        desk_seal(&desk, 0, 1);
        desk_seal(&desk, 1, 1);
        desk_run(&desk, 100);
        desk_close(&desk);
        desk_open(&desk);
        desk_leave(&desk);
        MUST(rebuild(&desk, &options, false, &report, &error), &error);
        desk_destroy(&desk);
    }
}

static void only_what_is_asked_for_is_rebuilt(void **state)
{
    struct tn_rebuild_options options = both;
    struct tn_rebuild_report report;
    struct desk desk = {0};
    struct tn_error error = {0};
    struct tn_current current;
    bool found = false;

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 100);
    desk_leave(&desk);
    options.mask = 2;
    MUST(rebuild(&desk, &options, false, &report, &error), &error);
    assert_true(!report.rebuilt[0] && report.rebuilt[1] && report.equal[1]);
    MUST(tn_current_read(desk.place.store, NULL, "sums", &current, &found, &error), &error);
    assert_string_equal(current.family, "sums.1");
    MUST(tn_current_read(desk.place.store, NULL, "due", &current, &found, &error), &error);
    assert_string_equal(current.family, "due.2");
    options.mask = 4;
    assert_int_equal(rebuild(&desk, &options, false, &report, &error), TN_INVALID);
    desk_destroy(&desk);
}

static void an_empty_ledger_can_be_rebuilt(void **state)
{
    struct place place = {0};
    struct tn_engine *engine = NULL;
    struct tn_rebuild_report report;
    struct tn_error error = {0};
    struct tn_state views;
    bool stale = false;

    (void) state;
    place_open(&place);
    MUST(tn_engine_open(place.store, place.log, NULL, 0, &engine, &error), &error);
    tn_engine_close(engine);
    MUST(tn_rebuild(place.store, place.log, (1u << TN_CORE_COUNT) - 1, false, NULL, NULL, &report,
                    &error),
         &error);
    for (size_t i = 0; i < TN_CORE_COUNT; i++) {
        assert_true(report.equal[i]);
    }
    assert_int_equal(families_of(place.store), TN_CORE_COUNT);
    MUST(tn_views_open(place.store, NULL, &views, &error), &error);
    MUST(tn_views_stale(&views, &stale, &error), &error);
    assert_false(stale);
    tn_views_close(&views);
    MUST(tn_views_as_of(place.store, place.log, 0, &views, &error), &error);
    tn_views_close(&views);
    place_destroy(&place);
}

static void raw_put(struct desk *desk, const char *family_name, struct tn_bytes key,
                    struct tn_bytes value)
{
    struct tn_error error = {0};
    struct tn_family *family = NULL;
    struct tn_batch *batch = tn_batch_create();

    MUST(tn_store_family(desk->place.store, family_name, false, &family, &error), &error);
    tn_batch_put(batch, family, key, value);
    MUST(tn_store_write(desk->place.store, batch, TN_UNSYNCED, &error), &error);
    tn_batch_destroy(batch);
}

static void raw_delete(struct desk *desk, const char *family_name, struct tn_bytes key)
{
    struct tn_error error = {0};
    struct tn_family *family = NULL;
    struct tn_batch *batch = tn_batch_create();

    MUST(tn_store_family(desk->place.store, family_name, false, &family, &error), &error);
    tn_batch_delete(batch, family, key);
    MUST(tn_store_write(desk->place.store, batch, TN_UNSYNCED, &error), &error);
    tn_batch_destroy(batch);
}

/* The report names the roots of both sides although rows that are alike are hashed once. */
static void assert_live_roots_reported(struct desk *desk, const struct tn_rebuild_report *report)
{
    struct tn_error error = {0};
    struct tn_state views;
    struct roots stored;

    MUST(tn_views_open_list(desk->place.store, two, 2, NULL, &views, &error), &error);
    roots_of(&views, &stored);
    tn_views_close(&views);
    for (size_t i = 0; i < 2; i++) {
        if (report->rebuilt[i]) {
            assert_memory_equal(report->root_live[i], stored.roots[i], TN_HASH_SIZE);
        }
    }
}

static void a_tampered_row_is_found_and_named(void **state)
{
    struct tn_rebuild_report report;
    struct desk desk = {0};
    struct roots live;
    struct roots after;
    struct tn_error error = {0};

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 2000);
    roots_of(tn_engine_state(desk.engine), &live);
    desk_leave(&desk);
    raw_put(&desk, "sums.1", tn_bytes("t", 1), tn_bytes("\0\0\0\0\0\0\0\1", 8));
    assert_int_equal(rebuild(&desk, &both, false, &report, &error), TN_MISMATCH);
    assert_string_equal(error.text,
                        "projection sums differs from its rebuild: another value, key 74");
    assert_true(!report.equal[0] && report.equal[1]);
    assert_memory_not_equal(report.root_live[0], report.root_rebuilt[0], TN_HASH_SIZE);
    assert_memory_equal(report.root_rebuilt[0], live.roots[0], TN_HASH_SIZE);
    assert_live_roots_reported(&desk, &report);
    assert_int_equal(families_of(desk.place.store), 2); /* and nothing was left behind */

    raw_delete(&desk, "sums.1", tn_bytes("t", 1));
    assert_int_equal(rebuild(&desk, &both, false, &report, &error), TN_MISMATCH);
    assert_string_equal(error.text,
                        "projection sums differs from its rebuild: a row is missing, key 74");
    assert_memory_equal(report.root_rebuilt[0], live.roots[0], TN_HASH_SIZE);
    assert_int_equal(report.rows[0], live.rows[0]);
    assert_live_roots_reported(&desk, &report);

    raw_put(&desk, "due.1", tn_bytes("d\1", 2), tn_bytes("due", 3));
    struct tn_rebuild_options options = both;
    options.mask = 2;
    assert_int_equal(rebuild(&desk, &options, false, &report, &error), TN_MISMATCH);
    assert_string_equal(
        error.text,
        "projection due differs from its rebuild: a row that folding does not give, key 6401");
    assert_memory_equal(report.root_rebuilt[1], live.roots[1], TN_HASH_SIZE);
    assert_live_roots_reported(&desk, &report);

    MUST(rebuild(&desk, &both, true, &report, &error), &error);
    desk_return(&desk);
    roots_of(tn_engine_state(desk.engine), &after);
    assert_roots_equal(&live, &after);
    desk_destroy(&desk);
}

static void a_tampered_entry_is_found(void **state)
{
    struct tn_rebuild_report report;
    struct desk desk = {0};
    struct tn_error error = {0};
    struct tn_family *family = NULL;

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 1000);
    desk_leave(&desk);
    /* The last byte of a frame is that of its last event's by_us. */
    MUST(tn_store_family(desk.place.store, "log", false, &family, &error), &error);
    struct tn_iterator *iterator = tn_iterator_create(desk.place.store, family, NULL, false);
    tn_iterator_seek_first(iterator);
    tn_iterator_next(iterator);
    struct tn_bytes frame = tn_iterator_value(iterator);
    uint8_t *changed = malloc(frame.size);
    assert_non_null(changed);
    memcpy(changed, frame.data, frame.size);
    changed[frame.size - 1] ^= 1;
    raw_put(&desk, "log", tn_iterator_key(iterator), tn_bytes(changed, frame.size));
    free(changed);
    tn_iterator_destroy(iterator);
    assert_int_equal(rebuild(&desk, &both, true, &report, &error), TN_CORRUPT);
    assert_non_null(strstr(error.text, "do not lead to its root"));
    assert_int_equal(families_of(desk.place.store), 2);
    desk_destroy(&desk);
}

static void a_false_seal_stops_a_rebuild(void **state)
{
    struct tn_rebuild_report report;
    struct desk desk = {0};
    struct tn_event event;
    struct tn_error error = {0};

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 900);
    make_seal(&desk, 1, 1, &event);
    desk_leave(&desk);
    event.body.state_sealed.root[0] ^= 1;
    struct tn_batch *batch = tn_batch_create();
    append_events(&desk.place, batch, &event, 1);
    tn_batch_destroy(batch);
    append_synthetic(&desk.place, 900);
    assert_int_equal(rebuild(&desk, &both, true, &report, &error), TN_MISMATCH);
    assert_non_null(strstr(error.text, "projection due: the seal at entry 900"));
    assert_false(report.rebuilt[0] || report.rebuilt[1]); /* nothing was compared to report on */
    /* So does catching up. */
    assert_int_equal(tn_engine_open(desk.place.store, desk.place.log, two, 2, &desk.engine, &error),
                     TN_MISMATCH);
    desk_destroy(&desk);
}

static void an_event_that_cannot_be_stops_a_rebuild(void **state)
{
    static const struct tn_projection picky = {"picky", 1, apply_picky};
    const struct tn_projection *const list[] = {&sums, &picky};
    const struct tn_rebuild_options options = {.list = list, .count = 2, .mask = 3};
    struct tn_rebuild_report report;
    struct tn_rebuild_job *job = NULL;
    struct desk desk = {0};
    struct tn_event event;
    struct tn_error error = {0};

    (void) state;
    place_open(&desk.place);
    append_synthetic(&desk.place, 20000);
    synthetic_event(20000, &event);
    event.body.window_extended.by_us = 777;
    struct tn_batch *batch = tn_batch_create();
    append_events(&desk.place, batch, &event, 1);
    tn_batch_destroy(batch);
    append_synthetic(&desk.place, 20000);
    MUST(tn_rebuild_begin(desk.place.store, desk.place.log, &options, &job, &error), &error);
    assert_int_equal(tn_rebuild_finish(job, true, NULL, NULL, &report, &error), TN_CORRUPT);
    /* 777 is among the synthetic ones too, so the first of them is named. */
    assert_non_null(strstr(error.text, "projection picky at entry "));
    assert_int_equal(tn_rebuild_finish(job, true, NULL, NULL, &report, &error), TN_CORRUPT);
    tn_rebuild_close(job);
    assert_int_equal(families_of(desk.place.store), 0);
    place_destroy(&desk.place);
}

/* ---- beside a desk ---- */

struct steps {
    uint64_t last;
    uint64_t total;
    unsigned count;
};

static void note_step(void *context, uint64_t done, uint64_t total)
{
    struct steps *steps = context;

    assert_true(done >= steps->last && done <= total);
    steps->last = done;
    steps->total = total;
    steps->count++;
}

static void a_desk_goes_on_while_its_rows_are_rebuilt(void **state)
{
    struct tn_rebuild_report report;
    struct tn_rebuild_job *job = NULL;
    struct steps steps = {0};
    struct desk desk = {0};
    struct tn_state views;
    struct roots before;
    struct roots after;
    struct tn_error error = {0};
    uint32_t mask = 0;
    bool stale = true;

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 3000);
    MUST(tn_views_open_list(desk.place.store, two, 2, NULL, &views, &error), &error);
    MUST(tn_rebuild_begin(desk.place.store, desk.place.log, &both, &job, &error), &error);
    MUST(tn_rebuild_pending(desk.place.store, &mask, &error), &error);
    assert_int_equal(mask, 3);
    MUST(tn_rebuild_catch_up(job, 2000, note_step, &steps, &error), &error);
    assert_int_equal(steps.last, 2000);
    assert_int_equal(steps.total, 2000);
    desk_run(&desk, 1000);
    desk_seal(&desk, 1, 1);
    MUST(tn_rebuild_catch_up(job, UINT64_MAX, note_step, &steps, &error), &error);
    assert_int_equal(steps.last, 4001);
    desk_run(&desk, 500);
    MUST(tn_rebuild_finish(job, false, note_step, &steps, &report, &error), &error);
    assert_int_equal(steps.last, 4501);
    assert_true(report.equal[0] && report.equal[1]);
    MUST(tn_rebuild_pending(desk.place.store, &mask, &error), &error);
    assert_int_equal(mask, 0);

    /* Old views stay readable and know that they are old; new ones show what is written from now
     * on. */
    MUST(tn_views_stale(&views, &stale, &error), &error);
    assert_true(stale);
    roots_of(&views, &before);
    MUST(tn_engine_reload(desk.engine, &error), &error);
    desk_run(&desk, 500);
    roots_of(&views, &after);
    assert_roots_equal(&before, &after);
    tn_views_close(&views);
    MUST(tn_views_open_list(desk.place.store, two, 2, NULL, &views, &error), &error);
    MUST(tn_views_stale(&views, &stale, &error), &error);
    assert_false(stale);
    roots_of(&views, &after);
    roots_as_of(&desk.place, 5001, 0, &before);
    assert_roots_equal(&before, &after);
    assert_int_equal(families_of(desk.place.store), 4);
    MUST(tn_engine_drop_old(desk.place.store, two, 2, &error), &error);
    assert_int_equal(families_of(desk.place.store), 2);
    tn_rebuild_close(job);
    roots_of(&views, &after);
    assert_roots_equal(&before, &after);
    tn_views_close(&views);
    desk_close(&desk);
    desk_open(&desk);
    roots_of(tn_engine_state(desk.engine), &after);
    assert_roots_equal(&before, &after);
    desk_destroy(&desk);
}

/* ---- cuts ---- */

static void die_half_way(void *context, uint64_t done, uint64_t total)
{
    (void) context;
    (void) total;
    if (done > 0) {
        _exit(0);
    }
}

/* What such a process does: rebuild with a fault armed and end there without closing anything, as
 * a power cut would. Exit status 1: the fault was reached. `which`: a number among all points, the
 * name of one, or "half": cut while folding instead. */
static int rebuild_and_die(const char *directory, const char *which)
{
    bool half = strcmp(which, "half") == 0;
    bool named = !half && (which[0] < '0' || which[0] > '9');
    struct tn_rebuild_options options = both;
    struct tn_rebuild_report report;
    struct tn_rebuild_job *job = NULL;
    struct place place = {0};
    struct tn_error error = {0};

    options.cache_bytes = 30000;
    (void) snprintf(place.directory, sizeof(place.directory), "%s", directory);
    place_open(&place);
    if (named) {
        tn_fault_arm_named(which, 0);
    } else {
        tn_fault_arm(half ? UINT32_MAX : (unsigned) strtoul(which, NULL, 10));
    }
    if (tn_rebuild_begin(place.store, place.log, &options, &job, &error) == TN_OK &&
        tn_rebuild_finish(job, true, half ? die_half_way : NULL, NULL, &report, &error) == TN_OK) {
        (void) (tn_engine_drop_old(place.store, two, 2, &error) == TN_OK);
    }
    return tn_fault_disarm() ? 1 : 0;
}

/* Another process of this program: RocksDB's threads do not survive a mere fork. */
static int in_another_process(const struct desk *desk, const char *which)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "rebuild_test", desk->place.directory, which, (char *) NULL);
        _exit(2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status);
}

/* A rebuild cut at `which`: exit status of the process, and then the rows are as they were. */
static int cut_rebuild(struct desk *desk, const char *which, const struct roots *live)
{
    struct roots after;
    int reached = in_another_process(desk, which);

    desk_open(desk);
    roots_of(tn_engine_state(desk->engine), &after);
    assert_roots_equal(live, &after);
    assert_int_equal(families_of(desk->place.store), 2);
    desk_close(desk);
    return reached;
}

/* Of all the points the sweep below strides over most; these are what a rebuild has of its own. */
static const char *const own_points[] = {"rows_spill", "rebuild_flush", "rebuild_swap"};

static void a_cut_rebuild_leaves_whole_rows(void **state)
{
    struct desk desk = {0};
    struct roots live;
    unsigned cuts = 0;
    /* Cuts are alike in every build; the threads of a rebuild meet TSan in the other tests. */
    bool reached = !SANITIZED_THREADS;

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 900);
    roots_of(tn_engine_state(desk.engine), &live);
    desk_close(&desk);
    for (unsigned nth = 0; reached; nth += nth < 12 ? 1 : 7 + nth / 4) {
        char text[16];

        (void) snprintf(text, sizeof(text), "%u", nth);
        reached = cut_rebuild(&desk, text, &live) != 0;
        cuts += reached ? 1 : 0;
    }
    assert_true(cuts > 10 || SANITIZED_THREADS);
    for (size_t i = 0; i < TN_ARRAY_SIZE(own_points); i++) {
        if (cut_rebuild(&desk, own_points[i], &live) != 1) {
            fail_msg("%s was not reached", own_points[i]);
        }
    }
    desk_destroy(&desk);
}

/* It says so, has swapped nothing, leaves nothing behind, and the next one succeeds. */
static void a_rebuild_that_fails_changes_nothing(void **state)
{
    struct tn_rebuild_options options = both;
    struct tn_rebuild_report report;
    struct desk desk = {0};
    struct roots live;
    struct roots after;
    uint32_t mask = 0;

    (void) state;
    options.cache_bytes = 30000;
    desk_open(&desk);
    desk_run(&desk, 900);
    roots_of(tn_engine_state(desk.engine), &live);
    for (size_t i = 0; i < TN_ARRAY_SIZE(own_points); i++) {
        struct tn_error error = {0};
        enum tn_status status;

        desk_leave(&desk);
        tn_fault_arm_named(own_points[i], 0);
        status = rebuild(&desk, &options, true, &report, &error);
        if (!tn_fault_disarm() || status != TN_IO || error.text[0] == '\0') {
            fail_msg("%s: %s: %s", own_points[i], tn_status_name(status), error.text);
        }
        MUST(tn_rebuild_pending(desk.place.store, &mask, &error), &error);
        assert_int_equal(mask, 0);
        desk_return(&desk);
        assert_int_equal(families_of(desk.place.store), 2);
        roots_of(tn_engine_state(desk.engine), &after);
        assert_roots_equal(&live, &after);
    }
    desk_leave(&desk);
    struct tn_error error = {0};
    MUST(rebuild(&desk, &options, false, &report, &error), &error);
    desk_return(&desk);
    roots_of(tn_engine_state(desk.engine), &after);
    assert_roots_equal(&live, &after);
    desk_destroy(&desk);
}

static void whoever_comes_after_a_cut_knows_of_it(void **state)
{
    struct tn_rebuild_report report;
    struct desk desk = {0};
    struct roots live;
    struct roots after;
    struct tn_error error = {0};
    uint32_t mask = 0;

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 6000);
    roots_of(tn_engine_state(desk.engine), &live);
    desk_close(&desk);
    assert_int_equal(in_another_process(&desk, "half"), 0);
    desk_open(&desk);
    MUST(tn_rebuild_pending(desk.place.store, &mask, &error), &error);
    assert_int_equal(mask, 3);
    assert_int_equal(families_of(desk.place.store), 2);
    desk_leave(&desk);
    MUST(rebuild(&desk, &both, false, &report, &error), &error);
    MUST(tn_rebuild_pending(desk.place.store, &mask, &error), &error);
    assert_int_equal(mask, 0);
    desk_return(&desk);
    roots_of(tn_engine_state(desk.engine), &after);
    assert_roots_equal(&live, &after);
    desk_destroy(&desk);
}

int main(int count, char **arguments)
{
    if (count == 3) {
        _exit(rebuild_and_die(arguments[1], arguments[2]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rebuild_equals_the_live_rows),
        cmocka_unit_test(only_what_is_asked_for_is_rebuilt),
        cmocka_unit_test(an_empty_ledger_can_be_rebuilt),
        cmocka_unit_test(a_tampered_row_is_found_and_named),
        cmocka_unit_test(a_tampered_entry_is_found),
        cmocka_unit_test(a_false_seal_stops_a_rebuild),
        cmocka_unit_test(an_event_that_cannot_be_stops_a_rebuild),
        cmocka_unit_test(a_desk_goes_on_while_its_rows_are_rebuilt),
        cmocka_unit_test(a_cut_rebuild_leaves_whole_rows),
        cmocka_unit_test(a_rebuild_that_fails_changes_nothing),
        cmocka_unit_test(whoever_comes_after_a_cut_knows_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
