/* Rows against a simple model: random operations on both, and what a look at each must show. */
#ifndef TN_TESTS_PROJECTIONS_ROWS_MODEL_H
#define TN_TESTS_PROJECTIONS_ROWS_MODEL_H

#include "projections/rows_internal.h"
#include "tests/projections/support.h"

#define TABLES 3
#define TABLE_KEYS 600u
#define KEYS (TABLES * TABLE_KEYS)

/* Row i of the model is in table i / TABLE_KEYS. 0: no row; else the number its value is made of.
 */
struct model {
    uint32_t values[KEYS];
};

static inline struct tn_row_key key_of(size_t i)
{
    struct tn_row_key key = tn_row_key_begin((char) ('a' + i / TABLE_KEYS));

    tn_row_key_u16(&key, i % TABLE_KEYS);
    return key;
}

/* Values of many lengths, so that they grow, shrink and are empty. */
static inline struct tn_bytes value_of(uint32_t number, uint8_t *room)
{
    size_t size = number * 37 % 300;

    memset(room, (int) (number & 0xff), size);
    if (size >= 4) {
        tn_put_be32(room, number);
    }
    return tn_bytes(room, size);
}

static inline void check_get(struct tn_rows *rows, const struct model *model, size_t i)
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

static inline bool walk_each(void *context, struct tn_bytes key, struct tn_bytes value)
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
static inline void check_scan(struct tn_rows *rows, const struct model *model, size_t table,
                              size_t from, size_t left)
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

static inline void check_all(struct tn_rows *rows, const struct model *model)
{
    for (size_t i = 0; i < KEYS; i++) {
        check_get(rows, model, i);
    }
    for (size_t table = 0; table < TABLES; table++) {
        check_scan(rows, model, table, 0, SIZE_MAX);
    }
}

static inline void put(struct tn_rows *rows, struct model *model, size_t i, uint32_t number)
{
    struct tn_row_key key = key_of(i);
    struct tn_error error = {0};
    uint8_t room[300];

    MUST(tn_rows_put(rows, tn_row_key_view(&key), value_of(number, room), &error), &error);
    model->values[i] = number;
}

/* One random operation on both. */
static inline void operate(struct tn_rows *rows, struct model *model, struct numbers *numbers)
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

/* Live rows, and a view of what is committed of them. */
struct live {
    struct place place;
    struct tn_family *family;
    struct tn_family *touched;
    struct tn_cache_budget budget;
    atomic_uint_least64_t committed;
    struct tn_rows *rows;
    struct tn_rows *view;
};

static inline void live_open(struct live *live, size_t cache_bytes)
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

static inline void live_close(struct live *live)
{
    tn_rows_close(live->rows);
    tn_rows_close(live->view);
}

#endif
