/* Rows: random writes, deletions, scans, gathers and commits against a simple model; eviction,
 * spilling, generations, aliasing, floors. */
#include "tests/projections/support.h"

#include "projections/rows_internal.h"

#define TABLES 3
#define TABLE_KEYS 600u
#define KEYS (TABLES * TABLE_KEYS)

/* Row i of the model is in table i / TABLE_KEYS. 0: no row; else the number its value is made of.
 */
struct model {
    uint32_t values[KEYS];
};

static struct tn_row_key key_of(size_t i)
{
    struct tn_row_key key = tn_row_key_begin((char) ('a' + i / TABLE_KEYS));

    tn_row_key_u16(&key, i % TABLE_KEYS);
    return key;
}

/* Values of many lengths, so that they grow, shrink and are empty. */
static struct tn_bytes value_of(uint32_t number, uint8_t *room)
{
    size_t size = number * 37 % 300;

    memset(room, (int) (number & 0xff), size);
    if (size >= 4) {
        tn_put_be32(room, number);
    }
    return tn_bytes(room, size);
}

static void check_get(struct tn_rows *rows, const struct model *model, size_t i)
{
    struct tn_row_key key = key_of(i);
    struct tn_error error = {0};
    struct tn_bytes value;
    uint8_t room[300];
    bool found = false;

    MUST(tn_rows_get(rows, tn_row_key_view(&key), &value, &found, &error), &error);
    assert_int_equal(found, model->values[i] != 0);
    if (found) {
        assert_true(tn_bytes_equal(value, value_of(model->values[i], room)));
    } else {
        assert_int_equal(value.size, 0);
    }
}

struct walk {
    const struct model *model;
    size_t at; /* the model's next */
    size_t end;
    size_t left; /* stop after so many */
    size_t gets; /* read this many rows within the scan */
    struct tn_rows *rows;
};

static bool walk_each(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct walk *walk = context;
    uint8_t room[300];

    while (walk->at < walk->end && walk->model->values[walk->at] == 0) {
        walk->at++;
    }
    assert_true(walk->at < walk->end);
    struct tn_row_key expected = key_of(walk->at);
    assert_true(tn_bytes_equal(key, tn_row_key_view(&expected)));
    assert_true(tn_bytes_equal(value, value_of(walk->model->values[walk->at], room)));
    if (walk->gets != 0) {
        walk->gets--;
        check_get(walk->rows, walk->model, (walk->at * 31 + 7) % KEYS);
    }
    walk->at++;
    walk->left--;
    return walk->left != 0;
}

/* A scan of table `table` from its row `from` on, for `left` rows at most. */
static void check_scan(struct tn_rows *rows, const struct model *model, size_t table, size_t from,
                       size_t left)
{
    struct tn_row_key prefix = tn_row_key_begin((char) ('a' + table));
    struct tn_row_key begin = key_of(table * TABLE_KEYS + from);
    struct walk walk = {.model = model,
                        .at = table * TABLE_KEYS + from,
                        .end = (table + 1) * TABLE_KEYS,
                        .left = left,
                        .gets = 3,
                        .rows = rows};
    struct tn_error error = {0};

    MUST(tn_rows_scan(rows, tn_row_key_view(&prefix),
                      from == 0 ? tn_bytes(NULL, 0) : tn_row_key_view(&begin), walk_each, &walk,
                      &error),
         &error);
    if (walk.left != 0) {
        for (; walk.at < walk.end; walk.at++) {
            assert_int_equal(model->values[walk.at], 0);
        }
    }
}

static void check_all(struct tn_rows *rows, const struct model *model)
{
    for (size_t i = 0; i < KEYS; i++) {
        check_get(rows, model, i);
    }
    for (size_t table = 0; table < TABLES; table++) {
        check_scan(rows, model, table, 0, SIZE_MAX);
    }
}

static void put(struct tn_rows *rows, struct model *model, size_t i, uint32_t number)
{
    struct tn_row_key key = key_of(i);
    struct tn_error error = {0};
    uint8_t room[300];

    MUST(tn_rows_put(rows, tn_row_key_view(&key), value_of(number, room), &error), &error);
    model->values[i] = number;
}

/* One random operation on both. */
static void operate(struct tn_rows *rows, struct model *model, struct numbers *numbers)
{
    struct tn_error error = {0};
    size_t i = number_below(numbers, KEYS);
    uint64_t what = number_below(numbers, 1000);

    if (what < 450) {
        put(rows, model, i, 1 + (uint32_t) number_below(numbers, 1u << 20));
    } else if (what < 550) {
        struct tn_row_key key = key_of(i);

        MUST(tn_rows_delete(rows, tn_row_key_view(&key), &error), &error);
        model->values[i] = 0;
    } else if (what < 970) {
        check_get(rows, model, i);
    } else if (what < 995) {
        check_scan(rows, model, i / TABLE_KEYS, number_below(numbers, 2) * (i % TABLE_KEYS),
                   1 + number_below(numbers, 40));
    } else if (what < 997) {
        /* A few rows: those of one high byte of the number, sometimes with a whole table behind. */
        struct tn_row_key key = key_of(i);
        size_t high = i % TABLE_KEYS / 256;

        key.size = 2;
        MUST(tn_rows_delete_prefix(rows, tn_row_key_view(&key), &error), &error);
        for (size_t k = high * 256; k < (high + 1) * 256 && k < TABLE_KEYS; k++) {
            model->values[i / TABLE_KEYS * TABLE_KEYS + k] = 0;
        }
    } else if (what < 998) {
        struct tn_row_key key = tn_row_key_begin((char) ('a' + i / TABLE_KEYS));

        MUST(tn_rows_delete_prefix(rows, tn_row_key_view(&key), &error), &error);
        memset(&model->values[i / TABLE_KEYS * TABLE_KEYS], 0,
               TABLE_KEYS * sizeof(model->values[0]));
    } else {
        /* Fill a table, so that deletions by prefix are of many rows. */
        for (size_t k = 0; k < TABLE_KEYS; k++) {
            put(rows, model, i / TABLE_KEYS * TABLE_KEYS + k,
                1 + (uint32_t) number_below(numbers, 1u << 20));
        }
    }
}

/* ---- live ---- */

struct live {
    struct place place;
    struct tn_family *family;
    struct tn_family *touched;
    struct tn_cache_budget budget;
    atomic_uint_least64_t committed;
    struct tn_rows *rows;
    struct tn_rows *view;
};

static void live_open(struct live *live, size_t cache_bytes)
{
    struct tn_error error = {0};

    place_open(&live->place);
    MUST(tn_store_family(live->place.store, "rows.1", true, &live->family, &error), &error);
    MUST(tn_store_family(live->place.store, TN_TOUCHED_FAMILY, true, &live->touched, &error),
         &error);
    atomic_store(&live->committed, 0);
    tn_cache_budget_init(&live->budget, cache_bytes);
    struct tn_rows_options options = {.face = TN_ROWS_LIVE,
                                      .name = "rows.1",
                                      .store = live->place.store,
                                      .family = live->family,
                                      .budget = &live->budget,
                                      .committed = &live->committed,
                                      .touched = live->touched};
    MUST(tn_rows_open(&options, &live->rows, &error), &error);
    options.face = TN_ROWS_VIEW;
    MUST(tn_rows_open(&options, &live->view, &error), &error);
}

static void live_close(struct live *live)
{
    tn_rows_close(live->rows);
    tn_rows_close(live->view);
}

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

/* ---- build ---- */

static void built_rows_equal_a_model(void **state)
{
    static const size_t limits[] = {1, 30000, 64 << 20};

    (void) state;
    for (size_t l = 0; l < TN_ARRAY_SIZE(limits); l++) {
        struct live live = {0};
        struct numbers numbers = {.state = 100 + l};
        struct model model = {0};
        struct tn_error error = {0};
        struct tn_rows *rows = NULL;

        live_open(&live, 1);
        tn_cache_budget_init(&live.budget, limits[l]);
        live.budget.count = 0;
        tn_rows_close(live.rows);
        live.rows = NULL;
        tn_cache_budget_init(&live.budget, limits[l]);
        struct tn_rows_options options = {.face = TN_ROWS_BUILD,
                                          .name = "rows.1",
                                          .store = live.place.store,
                                          .family = live.family,
                                          .budget = &live.budget,
                                          .touched = live.touched};
        MUST(tn_rows_open(&options, &rows, &error), &error);
        for (unsigned step = 0; step < 15000; step++) {
            operate(rows, &model, &numbers);
        }
        check_all(rows, &model);
        assert_int_equal(rows->stored, limits[l] < 64 << 20);
        MUST(tn_rows_spill(rows, &error), &error);
        check_all(rows, &model);
        check_all(live.view, &model);
        tn_rows_close(rows);
        live_close(&live);
        place_destroy(&live.place);
    }
}

static void a_build_in_memory_needs_no_store(void **state)
{
    struct tn_cache_budget budget;
    struct numbers numbers = {.state = 9};
    struct model model = {0};
    struct tn_error error = {0};
    struct tn_rows *rows = NULL;

    (void) state;
    tn_cache_budget_init(&budget, 64 << 20);
    struct tn_rows_options options = {.face = TN_ROWS_BUILD, .name = "memory", .budget = &budget};
    MUST(tn_rows_open(&options, &rows, &error), &error);
    for (unsigned step = 0; step < 15000; step++) {
        operate(rows, &model, &numbers);
    }
    check_all(rows, &model);
    tn_rows_close(rows);
    assert_int_equal(budget.used, 0);
}

static void remove_table(struct tn_rows *rows, struct model *model, size_t table)
{
    struct tn_row_key prefix = tn_row_key_begin((char) ('a' + table));
    struct tn_error error = {0};

    MUST(tn_rows_delete_prefix(rows, tn_row_key_view(&prefix), &error), &error);
    memset(model->values + table * TABLE_KEYS, 0, TABLE_KEYS * sizeof(model->values[0]));
}

static void remove_row(struct tn_rows *rows, struct model *model, size_t i)
{
    struct tn_row_key key = key_of(i);
    struct tn_error error = {0};

    MUST(tn_rows_delete(rows, tn_row_key_view(&key), &error), &error);
    model->values[i] = 0;
}

/* Nobody has looked at the order of these rows when a table goes from among them. */
static void rows_that_stay_when_a_table_goes_can_go_later(void **state)
{
    struct tn_cache_budget budget;
    struct model model = {0};
    struct tn_error error = {0};
    struct tn_rows *rows = NULL;

    (void) state;
    tn_cache_budget_init(&budget, 64 << 20);
    struct tn_rows_options options = {.face = TN_ROWS_BUILD, .name = "memory", .budget = &budget};
    MUST(tn_rows_open(&options, &rows, &error), &error);
    for (unsigned round = 0; round < 3; round++) {
        /* Of the other table fewer than of the one that goes, or (the last time) more. */
        for (uint32_t i = 0; i < TABLE_KEYS; i++) {
            if (round < 2 || i % 4 == 0) {
                put(rows, &model, i, i + 1);
            }
            if (round == 2 || i % 4 == 0) {
                put(rows, &model, TABLE_KEYS + i, i + 2);
            }
        }
        remove_table(rows, &model, 0);
        assert_int_equal(rows->cache.late_count != 0, round < 2); /* they are not sorted for it */
        for (uint32_t i = 0; i < TABLE_KEYS; i += 8) {
            remove_row(rows, &model, TABLE_KEYS + i);
        }
        if (round > 0) {
            check_all(rows, &model);
        }
    }
    remove_table(rows, &model, 1);
    check_all(rows, &model);
    assert_int_equal(rows->cache.row_count, 0);
    tn_rows_close(rows);
}

static void a_deletion_that_a_seal_has_listed_is_not_listed_again(void **state)
{
    struct live live = {0};
    struct model model = {0};
    struct tn_error error = {0};
    struct tn_rows *rows = NULL;
    uint8_t root[TN_HASH_SIZE];
    uint64_t count = 0;

    (void) state;
    live_open(&live, 64 << 20);
    struct tn_rows_options options = {.face = TN_ROWS_BUILD,
                                      .name = "rows.1",
                                      .store = live.place.store,
                                      .family = live.family,
                                      .budget = &live.budget,
                                      .touched = live.touched};
    MUST(tn_rows_open(&options, &rows, &error), &error);
    put(rows, &model, 0, 1);
    MUST(tn_rows_spill(rows, &error), &error);
    remove_row(rows, &model, TABLE_KEYS + 5); /* it might be stored */
    MUST(tn_rows_root_touched(rows, &count, root, &error), &error);
    assert_int_equal(count, 2);
    tn_touched_clear(&rows->touched);
    put(rows, &model, TABLE_KEYS + 7, 3);
    remove_table(rows, &model, 1);
    MUST(tn_rows_root_touched(rows, &count, root, &error), &error);
    assert_int_equal(count, 1);
    tn_touched_clear(&rows->touched);
    remove_table(rows, &model, 0); /* stored, so found there */
    MUST(tn_rows_root_touched(rows, &count, root, &error), &error);
    assert_int_equal(count, 1);
    check_all(rows, &model);
    tn_rows_close(rows);
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
        cmocka_unit_test(built_rows_equal_a_model),
        cmocka_unit_test(a_build_in_memory_needs_no_store),
        cmocka_unit_test(rows_that_stay_when_a_table_goes_can_go_later),
        cmocka_unit_test(a_deletion_that_a_seal_has_listed_is_not_listed_again),
        cmocka_unit_test(a_view_of_a_row_may_be_put_back),
        cmocka_unit_test(rows_beyond_their_limits_are_refused),
        cmocka_unit_test(prefix_ends_are_the_next_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
