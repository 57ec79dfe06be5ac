/* The engine: live rows beside the log, catching up, seals, views, roots. */
#include "tests/projections/desk_support.h"

static void live_rows_equal_those_folded_from_the_log(void **state)
{
    static const size_t limits[] = {1, 20000, TN_ENGINE_CACHE_BYTES};
    struct roots live;
    struct roots again;

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(limits); i++) {
        struct desk desk = {0};

        desk_open(&desk);
        tn_engine_set_cache(desk.engine, limits[i]);
        desk_run(&desk, 1700);
        desk_close(&desk);
        desk_open(&desk);
        tn_engine_set_cache(desk.engine, limits[i]);
        desk_run(&desk, 2600);
        roots_of(tn_engine_state(desk.engine), &live);
        assert_true(live.rows[0] > 1000 && live.rows[1] > 1000);
        roots_as_of(&desk.place, 4300, 0, &again);
        assert_roots_equal(&live, &again);
        desk_destroy(&desk);
    }
}

static void roots_are_those_of_the_specification(void **state)
{
    /* spec/log.md 7, computed apart from this code: no rows; a = "1", b = "", c00 = "xyz"; and
     * of scope delta with b deleted. */
    static const char *const expected[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "06bbd23ad70bdbe1392930af9f5bfecb1082a228acbefa7c8a797386fc422150",
        "0acce95a2b48e0c604dae84dc3c944b15f21464e9c25f6fb20d4ca094ca7fdc9",
    };
    struct tn_cache_budget budget;
    struct place place = {0};
    struct tn_error error = {0};
    struct tn_rows *rows = NULL;
    struct tn_family *family = NULL;
    uint8_t root[TN_HASH_SIZE];
    char hex[2 * TN_HASH_SIZE + 1];
    uint64_t count = 9;

    (void) state;
    place_open(&place);
    tn_cache_budget_init(&budget, 1 << 20);
    MUST(tn_store_family(place.store, TN_TOUCHED_FAMILY, true, &family, &error), &error);
    struct tn_rows_options options = {
        .face = TN_ROWS_BUILD, .name = "memory", .budget = &budget, .touched = family};
    MUST(tn_rows_open(&options, &rows, &error), &error);
    MUST(tn_rows_root(rows, &count, root, &error), &error);
    assert_int_equal(count, 0);
    tn_hex_encode(hex, root, sizeof(root));
    assert_string_equal(hex, expected[0]);

    MUST(tn_rows_put(rows, tn_bytes("c\0", 2), tn_bytes("xyz", 3), &error), &error);
    MUST(tn_rows_put(rows, tn_bytes("b", 1), tn_bytes("", 0), &error), &error);
    MUST(tn_rows_put(rows, tn_bytes("a", 1), tn_bytes("1", 1), &error), &error);
    MUST(tn_rows_root(rows, &count, root, &error), &error);
    assert_int_equal(count, 3);
    tn_hex_encode(hex, root, sizeof(root));
    assert_string_equal(hex, expected[1]);

    MUST(tn_rows_delete(rows, tn_bytes("b", 1), &error), &error);
    MUST(tn_rows_root_touched(rows, &count, root, &error), &error);
    assert_int_equal(count, 3);
    tn_hex_encode(hex, root, sizeof(root));
    assert_string_equal(hex, expected[2]);
    tn_rows_close(rows);
    place_destroy(&place);
}

static void readers_and_roots_see_committed_rows_only(void **state)
{
    struct desk desk = {0};
    struct tn_state views;
    struct tn_state frozen;
    struct roots before;
    struct roots after;
    struct tn_event event;
    struct tn_arena arena;
    struct tn_error error = {0};

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 300);
    struct tn_snapshot *snapshot = tn_snapshot_create(desk.place.store);
    MUST(tn_views_open_list(desk.place.store, two, 2, NULL, &views, &error), &error);
    MUST(tn_views_open_list(desk.place.store, two, 2, snapshot, &frozen, &error), &error);
    roots_of(&views, &before);

    tn_arena_init(&arena, 1 << 20);
    synthetic_event(300, &event);
    MUST(tn_engine_apply(desk.engine, &event, &arena, &error), &error);
    tn_arena_close(&arena);
    roots_of(&views, &after);
    assert_roots_equal(&before, &after);
    roots_of(tn_engine_state(desk.engine), &after);
    assert_roots_equal(&before, &after);
    /* The seal speaks of all that was applied. */
    uint8_t root[TN_HASH_SIZE];
    uint64_t rows = 0;
    MUST(tn_engine_seal(desk.engine, 1, 2, &rows, root, &error), &error);
    assert_memory_not_equal(root, before.roots[1], TN_HASH_SIZE);

    struct tn_batch *batch = tn_batch_create();
    uint64_t generation = 0;
    MUST(tn_engine_gather(desk.engine, batch, &generation, &error), &error);
    assert_int_equal(generation, 7);
    append_events(&desk.place, batch, &event, 1);
    tn_batch_destroy(batch);
    roots_of(&views, &after);
    assert_memory_equal(root, after.roots[1], TN_HASH_SIZE);
    roots_of(&frozen, &after);
    assert_roots_equal(&before, &after);

    tn_views_close(&views);
    tn_views_close(&frozen);
    tn_snapshot_destroy(desk.place.store, snapshot);
    desk_destroy(&desk);
}

static void rows_and_position_are_in_one_write(void **state)
{
    struct desk desk = {0};
    uint64_t position = 0;
    uint32_t version = 0;
    struct tn_error error = {0};

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 120);
    for (size_t i = 0; i < 2; i++) {
        MUST(tn_engine_position(desk.place.store, two[i], &position, &version, &error), &error);
        assert_int_equal(position, 120);
        assert_int_equal(version, 1);
    }
    assert_int_equal(tn_engine_position(desk.place.store, &(struct tn_projection){.name = "none"},
                                        &position, &version, &error),
                     TN_NOT_FOUND);
    desk_destroy(&desk);
}

static void a_projection_that_is_behind_catches_up(void **state)
{
    static const size_t behind[] = {1, 5000, TN_ENGINE_CATCH_UP_EVENTS + 1};
    struct roots live;
    struct roots again;

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(behind); i++) {
        struct desk desk = {0};
        struct tn_error error = {0};
        uint64_t position = 0;
        uint32_t version = 0;

        desk_open(&desk);
        desk_run(&desk, 500);
        tn_engine_close(desk.engine);
        desk.engine = NULL;
        append_synthetic(&desk.place, behind[i]);
        place_close(&desk.place);
        desk_open(&desk);
        roots_of(tn_engine_state(desk.engine), &live);
        roots_as_of(&desk.place, 500 + behind[i], 0, &again);
        assert_roots_equal(&live, &again);
        MUST(tn_engine_position(desk.place.store, &due, &position, &version, &error), &error);
        assert_int_equal(position, 500 + behind[i]);
        assert_int_equal(families_of(desk.place.store), 2);
        desk_run(&desk, 10);
        desk_destroy(&desk);
    }
}

static void a_projection_that_is_ahead_is_corrupt(void **state)
{
    struct desk desk = {0};
    struct tn_error error = {0};
    struct tn_family *meta = NULL;
    struct tn_current current;
    bool found = false;

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 10);
    tn_engine_close(desk.engine);
    desk.engine = NULL;
    MUST(tn_current_read(desk.place.store, NULL, "due", &current, &found, &error), &error);
    MUST(tn_store_family(desk.place.store, "meta", false, &meta, &error), &error);
    current.position++;
    struct tn_batch *batch = tn_batch_create();
    tn_current_write(batch, meta, "due", &current);
    MUST(tn_store_write(desk.place.store, batch, TN_UNSYNCED, &error), &error);
    tn_batch_destroy(batch);
    assert_int_equal(tn_engine_open(desk.place.store, desk.place.log, two, 2, &desk.engine, &error),
                     TN_CORRUPT);
    assert_null(desk.engine);
    assert_non_null(strstr(error.text, "due"));
    desk_destroy(&desk);
}

static void another_version_of_a_fold_is_rebuilt_when_opened(void **state)
{
    static const struct tn_projection newer = {"due", 2, apply_sums};
    const struct tn_projection *const list[] = {&sums, &newer};
    struct desk desk = {0};
    struct roots roots;
    uint64_t position = 0;
    uint32_t version = 0;
    struct tn_error error = {0};

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 400);
    tn_engine_close(desk.engine);
    MUST(tn_engine_open(desk.place.store, desk.place.log, list, 2, &desk.engine, &error), &error);
    roots_of(tn_engine_state(desk.engine), &roots);
    assert_memory_equal(roots.roots[0], roots.roots[1], TN_HASH_SIZE);
    MUST(tn_engine_position(desk.place.store, &newer, &position, &version, &error), &error);
    assert_int_equal(position, 400);
    assert_int_equal(version, 2);
    assert_int_equal(families_of(desk.place.store), 2);
    desk_destroy(&desk);
}

static void an_event_that_cannot_be_stops_the_engine(void **state)
{
    static const struct tn_projection picky = {"picky", 1, apply_picky};
    const struct tn_projection *const list[] = {&sums, &picky};
    struct place place = {0};
    struct tn_engine *engine = NULL;
    struct tn_batch *batch = tn_batch_create();
    struct tn_event event;
    struct tn_arena arena;
    struct tn_error error = {0};
    uint64_t generation = 1;

    (void) state;
    place_open(&place);
    MUST(tn_engine_open(place.store, place.log, list, 2, &engine, &error), &error);
    tn_arena_init(&arena, 1 << 20);
    synthetic_event(1, &event);
    assert_int_equal(tn_engine_apply(engine, &event, &arena, &error), TN_CORRUPT);
    tn_engine_close(engine);
    MUST(tn_engine_open(place.store, place.log, list, 2, &engine, &error), &error);
    synthetic_event(0, &event);
    event.body.window_extended.by_us = 777;
    assert_int_equal(tn_engine_apply(engine, &event, &arena, &error), TN_CORRUPT);
    assert_string_equal(error.text, "projection picky at entry 0: 777 cannot be");
    event.body.window_extended.by_us = 1;
    assert_int_equal(tn_engine_apply(engine, &event, &arena, &error), TN_CORRUPT);
    assert_int_equal(tn_engine_gather(engine, batch, &generation, &error), TN_CORRUPT);
    assert_int_equal(generation, 0);
    assert_int_equal(tn_batch_count(batch), 0);
    tn_engine_close(engine);
    tn_batch_destroy(batch);
    tn_arena_close(&arena);
    place_destroy(&place);
}

/* ---- seals ---- */

static void seals_of_both_scopes_fit_and_survive_restarts(void **state)
{
    struct desk desk = {0};
    struct roots live;
    struct roots again;

    (void) state;
    desk_open(&desk);
    for (unsigned day = 0; day < 6; day++) {
        desk_run(&desk, 450);
        desk_close(&desk); /* what was touched before must still be known */
        desk_open(&desk);
        desk_run(&desk, 450);
        desk_seal(&desk, 0, 1);
        if (day % 2 == 0) {
            desk_close(&desk); /* between two seals of one moment */
            desk_open(&desk);
        }
        desk_seal(&desk, 1, 1);
        if (day == 3) {
            desk_seal(&desk, 0, 2);
            desk_seal(&desk, 1, 2);
        }
    }
    roots_of(tn_engine_state(desk.engine), &live);
    roots_as_of(&desk.place, 6 * 902 + 2, 0, &again);
    assert_roots_equal(&live, &again);
    desk_destroy(&desk);
}

static void a_delta_has_every_key_touched_since_the_last_seal_once(void **state)
{
    struct desk desk = {0};
    uint8_t root[TN_HASH_SIZE];
    uint64_t rows = 0;
    struct tn_error error = {0};
    struct tn_event events[3];

    (void) state;
    desk_open(&desk);
    tn_engine_set_cache(desk.engine, 1); /* the same row is noted again after it was evicted */
    for (size_t i = 0; i < 3; i++) {
        synthetic_event(i, &events[i]);
        memset(events[i].actor.id, 7, TN_ID_SIZE);
    }
    for (size_t i = 0; i < 2; i++) {
        desk_commit(&desk, &events[i], 1);
    }
    MUST(tn_engine_seal(desk.engine, 0, 1, &rows, root, &error), &error);
    assert_int_equal(rows, 3); /* actor, total, last */
    MUST(tn_engine_seal(desk.engine, 1, 1, &rows, root, &error), &error);
    assert_int_equal(rows, 4);
    desk_commit(&desk, &events[2], 1); /* takes the first of the queue out */
    MUST(tn_engine_seal(desk.engine, 1, 1, &rows, root, &error), &error);
    assert_int_equal(rows, 6);
    desk_seal(&desk, 1, 1);
    MUST(tn_engine_seal(desk.engine, 1, 1, &rows, root, &error), &error);
    assert_int_equal(rows, 0);
    MUST(tn_engine_seal(desk.engine, 0, 1, &rows, root, &error), &error);
    assert_int_equal(rows, 3);
    desk_destroy(&desk);
}

static void a_delta_has_what_a_range_deletion_took(void **state)
{
    struct desk desk = {0};
    uint8_t root[TN_HASH_SIZE];
    uint64_t rows = 0;
    struct tn_error error = {0};
    struct tn_event event;

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 998);
    desk_seal(&desk, 1, 1); /* entry 998 */
    synthetic_event(999, &event);
    desk_commit(&desk, &event, 1); /* empties the day's pool of 998, then puts two rows */
    MUST(tn_engine_seal(desk.engine, 1, 1, &rows, root, &error), &error);
    assert_int_equal(rows, 1000);
    desk_seal(&desk, 1, 1);
    desk_destroy(&desk);
}

static void seals_of_one_moment_may_be_cut_apart(void **state)
{
    struct desk desk = {0};
    struct tn_event event;

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 77);
    desk_seal(&desk, 0, 1);
    desk_close(&desk);
    desk_open(&desk);
    make_seal(&desk, 1, 1, &event);
    event.body.state_sealed.upto = 76; /* as the first one said */
    desk_commit(&desk, &event, 1);
    desk_destroy(&desk);
}

static void a_seal_that_does_not_fit_stops_the_engine(void **state)
{
    static const struct {
        const char *label;
        enum tn_status status;
        uint64_t projection, scope, upto_back, rows_more;
        uint8_t flip;
    } rows[] = {
        {"right", TN_OK, 0, 1, 0, 0, 0},
        {"another root", TN_MISMATCH, 0, 1, 0, 0, 1},
        {"another count", TN_MISMATCH, 1, 1, 0, 1, 0},
        {"another root of all rows", TN_MISMATCH, 1, 2, 0, 0, 1},
        {"a delta of earlier rows", TN_CORRUPT, 1, 1, 1, 0, 0},
        {"all of earlier rows cannot be compared here", TN_OK, 1, 2, 1, 0, 1},
        {"an unknown scope", TN_CORRUPT, 1, 3, 0, 0, 0},
    };

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct desk desk = {0};
        struct tn_event event;
        struct tn_arena arena;
        struct tn_error error = {0};

        desk_open(&desk);
        desk_run(&desk, 60);
        make_seal(&desk, rows[i].projection, rows[i].scope == 3 ? 1 : rows[i].scope, &event);
        event.body.state_sealed.scope = rows[i].scope;
        event.body.state_sealed.upto -= rows[i].upto_back;
        event.body.state_sealed.rows += rows[i].rows_more;
        event.body.state_sealed.root[3] ^= rows[i].flip;
        tn_arena_init(&arena, 1 << 20);
        enum tn_status status = tn_engine_apply(desk.engine, &event, &arena, &error);
        if (status != rows[i].status) {
            fail_msg("%s: %s %s", rows[i].label, tn_status_name(status), error.text);
        }
        tn_arena_close(&arena);
        desk_destroy(&desk);
    }
}

static void a_lost_list_of_touched_keys_stays_lost_until_the_next_seal(void **state)
{
    struct desk desk = {0};
    uint8_t root[TN_HASH_SIZE];
    uint64_t rows = 0;
    struct tn_error error = {0};

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 50);
    struct tn_touched *touched = &tn_engine_state(desk.engine)->rows[1]->touched;
    uint8_t key[TN_ROW_KEY_MAX] = {0};
    for (uint64_t i = 0; !touched->lost; i++) {
        tn_put_be64(key, i);
        tn_touched_note(touched, tn_bytes(key, sizeof(key)));
        assert_true(i < TN_TOUCHED_BYTES_MAX / TN_ROW_KEY_MAX);
    }
    assert_int_equal(tn_engine_seal(desk.engine, 1, 1, &rows, root, &error), TN_FULL);
    desk_run(&desk, 50);
    desk_close(&desk);
    desk_open(&desk);
    assert_int_equal(tn_engine_seal(desk.engine, 1, 1, &rows, root, &error), TN_FULL);
    desk_seal(&desk, 1, 2);
    desk_run(&desk, 50);
    desk_close(&desk);
    desk_open(&desk);
    MUST(tn_engine_seal(desk.engine, 1, 1, &rows, root, &error), &error);
    assert_true(rows > 50 && rows < 150);
    desk_destroy(&desk);
}

/* ---- as of ---- */

static void any_past_state_can_be_looked_at(void **state)
{
    struct desk desk = {0};
    struct roots then;
    struct roots now;
    struct roots seen;
    struct tn_state views;
    struct tn_error error = {0};
    const char *base = getenv("TMPDIR");
    char temporary[SCRATCH_BYTES];

    (void) state;
    scratch_make(temporary);
    desk_open(&desk);
    desk_run(&desk, 1100);
    base = base != NULL ? strdup(base) : NULL;
    assert_int_equal(setenv("TMPDIR", temporary, 1), 0);
    roots_of(tn_engine_state(desk.engine), &then);
    desk_run(&desk, 1100);
    roots_of(tn_engine_state(desk.engine), &now);
    roots_as_of(&desk.place, 1100, 0, &seen);
    assert_roots_equal(&seen, &then);
    roots_as_of(&desk.place, 1100, 4096, &seen); /* far too small: spilled */
    assert_roots_equal(&seen, &then);
    assert_int_equal(rmdir(temporary), 0); /* and nothing was left behind */
    roots_as_of(&desk.place, 2200, 0, &seen);
    assert_roots_equal(&seen, &now);
    assert_int_equal(tn_views_as_of_list(desk.place.log, two, 2, 3, 0, 2201, &views, &error),
                     TN_NOT_FOUND);
    MUST(tn_views_as_of_list(desk.place.log, two, 2, 2, 0, 0, &views, &error), &error);
    assert_null(views.rows[0]);
    uint64_t rows = 1;
    MUST(tn_rows_root(views.rows[1], &rows, seen.roots[0], &error), &error);
    assert_int_equal(rows, 0);
    tn_views_close(&views);
    assert_int_equal(base != NULL ? setenv("TMPDIR", base, 1) : unsetenv("TMPDIR"), 0);
    free((void *) (uintptr_t) base);
    desk_destroy(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_rows_equal_those_folded_from_the_log),
        cmocka_unit_test(roots_are_those_of_the_specification),
        cmocka_unit_test(readers_and_roots_see_committed_rows_only),
        cmocka_unit_test(rows_and_position_are_in_one_write),
        cmocka_unit_test(a_projection_that_is_behind_catches_up),
        cmocka_unit_test(a_projection_that_is_ahead_is_corrupt),
        cmocka_unit_test(another_version_of_a_fold_is_rebuilt_when_opened),
        cmocka_unit_test(an_event_that_cannot_be_stops_the_engine),
        cmocka_unit_test(seals_of_both_scopes_fit_and_survive_restarts),
        cmocka_unit_test(a_delta_has_every_key_touched_since_the_last_seal_once),
        cmocka_unit_test(a_delta_has_what_a_range_deletion_took),
        cmocka_unit_test(seals_of_one_moment_may_be_cut_apart),
        cmocka_unit_test(a_seal_that_does_not_fit_stops_the_engine),
        cmocka_unit_test(a_lost_list_of_touched_keys_stays_lost_until_the_next_seal),
        cmocka_unit_test(any_past_state_can_be_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
