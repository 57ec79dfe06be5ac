/* Rows of a build: random operations against a simple model, spilling, deletions by prefix. */
#include "tests/projections/rows_model.h"

/* Rows of a build in the place of the live ones. */
static struct tn_rows *build_open(struct live *live, size_t cache_bytes)
{
    struct tn_error error = {0};
    struct tn_rows *rows = NULL;

    live_open(live, 1);
    tn_rows_close(live->rows);
    live->rows = NULL;
    tn_cache_budget_init(&live->budget, cache_bytes);
    struct tn_rows_options options = {.face = TN_ROWS_BUILD,
                                      .name = "rows.1",
                                      .store = live->place.store,
                                      .family = live->family,
                                      .budget = &live->budget,
                                      .touched = live->touched};
    MUST(tn_rows_open(&options, &rows, &error), &error);
    return rows;
}

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

        rows = build_open(&live, limits[l]);
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

/* Rows that are stored nowhere. */
static struct tn_rows *memory_open(struct tn_cache_budget *budget)
{
    struct tn_rows_options options = {.face = TN_ROWS_BUILD, .name = "memory", .budget = budget};
    struct tn_error error = {0};
    struct tn_rows *rows = NULL;

    tn_cache_budget_init(budget, 64 << 20);
    MUST(tn_rows_open(&options, &rows, &error), &error);
    return rows;
}

static void a_build_in_memory_needs_no_store(void **state)
{
    struct tn_cache_budget budget;
    struct numbers numbers = {.state = 9};
    struct model model = {0};
    struct tn_rows *rows = memory_open(&budget);

    (void) state;
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
    struct tn_rows *rows = memory_open(&budget);

    (void) state;
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

/* Else a seal would ask the store for every key of the day. */
static void a_finished_day_is_remembered_beside_small_deletions(void **state)
{
    struct tn_cache_budget budget;
    struct model model = {0};
    struct tn_rows *rows = memory_open(&budget);
    size_t days = 0;

    (void) state;
    for (uint32_t i = 0; i < TABLE_KEYS; i++) {
        put(rows, &model, i, i + 1);
    }
    remove_table(rows, &model, 0);
    for (uint32_t i = 0; i < 2 * TN_ROWS_EMPTIED; i++) {
        put(rows, &model, TABLE_KEYS + i, i + 1);
        remove_table(rows, &model, 1);
    }
    for (size_t i = 0; i < TN_ROWS_EMPTIED; i++) {
        days += rows->emptied[i].size == 1 && rows->emptied[i].prefix[0] == 'a';
    }
    assert_int_equal(days, 1);
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
    rows = build_open(&live, 64 << 20);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_rows_equal_a_model),
        cmocka_unit_test(a_build_in_memory_needs_no_store),
        cmocka_unit_test(rows_that_stay_when_a_table_goes_can_go_later),
        cmocka_unit_test(a_finished_day_is_remembered_beside_small_deletions),
        cmocka_unit_test(a_deletion_that_a_seal_has_listed_is_not_listed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
