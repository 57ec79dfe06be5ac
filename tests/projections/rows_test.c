/* Rows that are written live: random writes, deletions, scans, gathers and commits against a simple
 * model; eviction, generations, aliasing, floors, limits. */
#include "tests/projections/rows_model.h"

static void live_rows_equal_a_model(void **state)
{
    static const size_t limits[] = {1, 4096, 40000, 64 << 20};

    (void) state;
    for (size_t l = 0; l < TN_ARRAY_SIZE(limits); l++) {
        struct live live = {0};
        struct numbers numbers = {.state = l};
        struct model model = {0};
        struct model gathered = {0};
        struct model committed = {0};
        struct tn_batch *batch = NULL; /* in flight */
        uint64_t generation = 0;
        struct tn_error error = {0};

        live_open(&live, limits[l]);
        for (unsigned step = 0; step < 30000; step++) {
            operate(live.rows, &model, &numbers);
            uint64_t what = number_below(&numbers, 300);
            if (what == 0 && batch == NULL) {
                batch = tn_batch_create();
                tn_rows_gather(live.rows, batch, ++generation);
                gathered = model;
            } else if (what == 1 && batch != NULL) {
                MUST(tn_store_write(live.place.store, batch, TN_UNSYNCED, &error), &error);
                tn_batch_destroy(batch);
                batch = NULL;
                committed = gathered;
                check_get(live.view, &committed, number_below(&numbers, KEYS));
                check_scan(live.view, &committed, number_below(&numbers, TABLES), 0, 50);
            } else if (what == 2 && batch == NULL) {
                atomic_store(&live.committed, generation);
            }
        }
        check_all(live.rows, &model);
        check_all(live.view, &committed);
        if (batch == NULL) {
            batch = tn_batch_create();
        }
        tn_rows_gather(live.rows, batch, ++generation);
        MUST(tn_store_write(live.place.store, batch, TN_UNSYNCED, &error), &error);
        tn_batch_destroy(batch);
        assert_false(tn_rows_at_rest(live.rows));
        atomic_store(&live.committed, generation);
        assert_true(tn_rows_at_rest(live.rows));
        check_all(live.rows, &model);
        check_all(live.view, &model);
        live_close(&live);
        place_close(&live.place);
        live_open(&live, limits[l]);
        check_all(live.rows, &model);
        live_close(&live);
        place_destroy(&live.place);
    }
}

static void rows_in_flight_stay_until_their_generation_is_committed(void **state)
{
    struct live live = {0};
    struct model model = {0};
    struct tn_batch *batch = tn_batch_create();

    (void) state;
    live_open(&live, 1);
    put(live.rows, &model, 1, 11);
    tn_rows_gather(live.rows, batch, 1);
    /* The batch is written nowhere: only the cache can know these rows. */
    put(live.rows, &model, 2, 12);
    put(live.rows, &model, 1, 13);
    tn_rows_gather(live.rows, batch, 2);
    check_get(live.rows, &model, 1);
    check_get(live.rows, &model, 2);
    /* The newest value of row 1 is in generation 2. */
    atomic_store(&live.committed, 1);
    put(live.rows, &model, 3, 14);
    check_get(live.rows, &model, 1);
    check_get(live.rows, &model, 2);
    assert_int_equal(live.rows->cache.queues[TN_CACHE_FLIGHT].count, 2);
    atomic_store(&live.committed, 2);
    put(live.rows, &model, 4, 15);
    assert_int_equal(live.rows->cache.queues[TN_CACHE_FLIGHT].count, 0);
    /* Never written and now evicted: the store, which has nothing, decides. */
    model.values[1] = 0;
    model.values[2] = 0;
    check_get(live.rows, &model, 1);
    check_get(live.rows, &model, 2);
    check_get(live.rows, &model, 3);
    tn_batch_destroy(batch);
    live_close(&live);
    place_destroy(&live.place);
}

static void a_put_after_a_range_deletion_survives_in_the_same_batch(void **state)
{
    struct live live = {0};
    struct model model = {0};
    struct tn_batch *batch = tn_batch_create();
    struct tn_row_key table = tn_row_key_begin('a');
    struct tn_error error = {0};

    (void) state;
    live_open(&live, 1);
    for (uint32_t i = 0; i < TABLE_KEYS; i++) {
        put(live.rows, &model, i, i + 1);
    }
    MUST(tn_rows_delete_prefix(live.rows, tn_row_key_view(&table), &error), &error);
    memset(&model, 0, sizeof(model));
    assert_int_equal(live.rows->deleted_count, 1);
    put(live.rows, &model, 5, 77);
    check_all(live.rows, &model);
    tn_rows_gather(live.rows, batch, 1);
    MUST(tn_store_write(live.place.store, batch, TN_UNSYNCED, &error), &error);
    atomic_store(&live.committed, 1);
    check_all(live.rows, &model);
    check_all(live.view, &model);
    assert_int_equal(live.rows->deleted_count, 0);
    tn_batch_destroy(batch);
    live_close(&live);
    place_destroy(&live.place);
}

static void scans_of_a_table_skip_what_was_deleted_at_its_front(void **state)
{
    struct live live = {0};
    struct model model = {0};
    struct tn_error error = {0};

    (void) state;
    live_open(&live, 64 << 20);
    for (uint32_t i = 0; i < 100; i++) {
        put(live.rows, &model, i, i + 1);
    }
    for (uint32_t i = 0; i < 90; i++) {
        struct tn_row_key key = key_of(i);

        MUST(tn_rows_delete(live.rows, tn_row_key_view(&key), &error), &error);
        model.values[i] = 0;
    }
    check_scan(live.rows, &model, 0, 0, SIZE_MAX);
    struct tn_row_key first = key_of(90);
    assert_true(tn_bytes_equal(tn_bytes(live.rows->floors[0].key, live.rows->floors[0].size),
                               tn_row_key_view(&first)));
    put(live.rows, &model, 3, 5);
    check_scan(live.rows, &model, 0, 0, SIZE_MAX);
    check_scan(live.rows, &model, 1, 0, SIZE_MAX); /* an empty table has its floor behind it */
    put(live.rows, &model, TABLE_KEYS + 9, 5);
    check_scan(live.rows, &model, 1, 0, SIZE_MAX);
    live_close(&live);
    place_destroy(&live.place);
}

/* ---- details ---- */

static void a_view_of_a_row_may_be_put_back(void **state)
{
    struct live live = {0};
    struct tn_row_key key = key_of(0);
    struct tn_error error = {0};
    struct tn_bytes value;
    uint8_t text[200];
    bool found = false;

    (void) state;
    live_open(&live, 1);
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t) i;
    }
    MUST(tn_rows_put(live.rows, tn_row_key_view(&key), tn_bytes(text, sizeof(text)), &error),
         &error);
    MUST(tn_rows_get(live.rows, tn_row_key_view(&key), &value, &found, &error), &error);
    MUST(tn_rows_put(live.rows, tn_row_key_view(&key), tn_bytes(value.data + 50, 100), &error),
         &error);
    MUST(tn_rows_get(live.rows, tn_row_key_view(&key), &value, &found, &error), &error);
    assert_true(tn_bytes_equal(value, tn_bytes(text + 50, 100)));
    struct tn_row_key other = key_of(1);
    MUST(tn_rows_put(live.rows, tn_row_key_view(&other), value, &error), &error);
    MUST(tn_rows_get(live.rows, tn_row_key_view(&other), &value, &found, &error), &error);
    assert_true(tn_bytes_equal(value, tn_bytes(text + 50, 100)));
    live_close(&live);
    place_destroy(&live.place);
}

static void rows_beyond_their_limits_are_refused(void **state)
{
    static uint8_t large[TN_ROW_VALUE_MAX + 1];
    struct live live = {0};
    struct tn_bytes value;
    bool found = true;
    struct tn_error error = {0};

    (void) state;
    live_open(&live, 1);
    assert_int_equal(
        tn_rows_put(live.rows, tn_bytes(large, TN_ROW_KEY_MAX + 1), tn_bytes("", 0), &error),
        TN_FULL);
    assert_int_equal(tn_rows_put(live.rows, tn_bytes("", 0), tn_bytes("", 0), &error), TN_FULL);
    assert_int_equal(
        tn_rows_put(live.rows, tn_bytes("k", 1), tn_bytes(large, sizeof(large)), &error), TN_FULL);
    MUST(tn_rows_put(live.rows, tn_bytes(large, TN_ROW_KEY_MAX), tn_bytes(large, TN_ROW_VALUE_MAX),
                     &error),
         &error);
    MUST(tn_rows_get(live.rows, tn_bytes(large, TN_ROW_KEY_MAX), &value, &found, &error), &error);
    assert_true(found && value.size == TN_ROW_VALUE_MAX);
    MUST(tn_rows_get(live.rows, tn_bytes(large, TN_ROW_KEY_MAX + 1), &value, &found, &error),
         &error);
    assert_false(found);
    live_close(&live);
    place_destroy(&live.place);
}

static void prefix_ends_are_the_next_key(void **state)
{
    static const struct {
        const char *prefix;
        size_t size;
        const char *end;
        size_t end_size;
    } rows[] = {
        {"a", 1, "b", 1},
        {"a\xff", 2, "b", 1},
        {"ab\x00", 3, "ab\x01", 3},
        {"a\xfe\xff\xff", 4, "a\xff", 2},
    };
    uint8_t end[TN_ROWS_END_MAX];

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_bytes got = tn_rows_prefix_end(tn_bytes(rows[i].prefix, rows[i].size), end);
        assert_true(tn_bytes_equal(got, tn_bytes(rows[i].end, rows[i].end_size)));
    }
    assert_int_equal(tn_rows_prefix_end(tn_bytes("\xff\xff", 2), end).size, TN_ROWS_END_MAX);
    assert_int_equal(tn_rows_prefix_end(tn_bytes(NULL, 0), end).size, TN_ROWS_END_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_rows_equal_a_model),
        cmocka_unit_test(rows_in_flight_stay_until_their_generation_is_committed),
        cmocka_unit_test(a_put_after_a_range_deletion_survives_in_the_same_batch),
        cmocka_unit_test(scans_of_a_table_skip_what_was_deleted_at_its_front),
        cmocka_unit_test(a_view_of_a_row_may_be_put_back),
        cmocka_unit_test(rows_beyond_their_limits_are_refused),
        cmocka_unit_test(prefix_ends_are_the_next_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
