/* Two stored sets of rows: what two threads find on either side of the middle is what one finds. */
#include <signal.h>
#include <sys/time.h>

#include "tests/projections/rows_model.h"

#define ROWS_MAX 3001u
#define MANY_ROWS 60000u

struct pair {
    struct place place;
    struct tn_family *live;
    struct tn_family *rebuilt;
    struct tn_cache_budget budget;
    struct tn_rows *rows; /* the rebuilt ones */
};

static struct tn_row_key numbered(uint32_t i)
{
    struct tn_row_key key = tn_row_key_begin('n');

    tn_row_key_u32(&key, i);
    return key;
}

static void write_live(struct pair *pair, uint32_t from, uint32_t to, uint32_t number)
{
    struct tn_batch *batch = tn_batch_create();
    struct tn_error error = {0};
    uint8_t room[300];

    for (uint32_t i = from; i < to; i++) {
        struct tn_row_key key = numbered(i);

        if (number != 0) {
            tn_batch_put(batch, pair->live, tn_row_key_view(&key), value_of(i + number, room));
        } else {
            tn_batch_delete(batch, pair->live, tn_row_key_view(&key));
        }
    }
    MUST(tn_store_write(pair->place.store, batch, TN_NO_WAL, &error), &error);
    tn_batch_destroy(batch);
}

/* `count` rows in both, the rebuilt ones by one spill or by two. */
static void pair_open(struct pair *pair, uint32_t count, bool twice)
{
    struct tn_error error = {0};
    uint8_t room[300];

    *pair = (struct pair){0};
    place_open(&pair->place);
    MUST(tn_store_family(pair->place.store, "rows.1", true, &pair->live, &error), &error);
    MUST(tn_store_family(pair->place.store, "rows.2", true, &pair->rebuilt, &error), &error);
    tn_cache_budget_init(&pair->budget, 64 << 20);
    struct tn_rows_options options = {.face = TN_ROWS_BUILD,
                                      .name = "rows.2",
                                      .store = pair->place.store,
                                      .family = pair->rebuilt,
                                      .budget = &pair->budget};
    MUST(tn_rows_open(&options, &pair->rows, &error), &error);
    for (uint32_t i = 0; i < count; i++) {
        struct tn_row_key key = numbered(i);

        MUST(tn_rows_put(pair->rows, tn_row_key_view(&key), value_of(i + 1, room), &error), &error);
        if (twice && i == 500) {
            MUST(tn_rows_spill(pair->rows, &error), &error);
        }
    }
    MUST(tn_rows_spill(pair->rows, &error), &error);
    write_live(pair, 0, count, 1);
}

static void pair_close(struct pair *pair)
{
    tn_rows_close(pair->rows);
    place_destroy(&pair->place);
}

static void compare(struct pair *pair, struct tn_bytes middle, struct tn_rows_compared *compared)
{
    struct tn_error error = {0};

    MUST(tn_rows_compare(pair->place.store, pair->live, pair->rebuilt, middle, NULL, compared,
                         &error),
         &error);
}

/* With the middle of the spill and with others: as without. */
static void check_middles(struct pair *pair, const struct tn_rows_compared *expected)
{
    const uint32_t others[] = {0, 1, 5, 512, ROWS_MAX - 2, ROWS_MAX};
    struct tn_rows_compared found;

    for (size_t i = 0; i <= TN_ARRAY_SIZE(others); i++) {
        struct tn_row_key other = numbered(others[i % TN_ARRAY_SIZE(others)]);

        compare(pair,
                i < TN_ARRAY_SIZE(others) ? tn_row_key_view(&other) : tn_rows_middle(pair->rows),
                &found);
        assert_int_equal(found.equal, expected->equal);
        assert_string_equal(found.words, expected->words);
        for (size_t side = 0; side < 2; side++) {
            assert_int_equal(found.count[side], expected->count[side]);
            assert_memory_equal(found.root[side], expected->root[side], TN_HASH_SIZE);
        }
    }
}

static void two_threads_find_the_root_that_one_finds(void **state)
{
    const uint32_t counts[] = {2000, 2048, 2049, ROWS_MAX};

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(counts); i++) {
        struct tn_rows_compared alone;
        struct tn_error error = {0};
        struct pair pair;
        uint8_t root[TN_HASH_SIZE];
        uint64_t count = 0;

        pair_open(&pair, counts[i], false);
        struct tn_row_key middle = numbered(counts[i] > 2048 ? 2048 : 1024);
        assert_true(tn_bytes_equal(tn_rows_middle(pair.rows), tn_row_key_view(&middle)));
        compare(&pair, tn_bytes(NULL, 0), &alone);
        assert_true(alone.equal);
        MUST(tn_rows_root(pair.rows, &count, root, &error), &error);
        for (size_t side = 0; side < 2; side++) {
            assert_int_equal(alone.count[side], counts[i]);
            assert_memory_equal(alone.root[side], root, TN_HASH_SIZE);
        }
        check_middles(&pair, &alone);
        pair_close(&pair);
    }
}

static void a_difference_on_either_side_is_named(void **state)
{
    const struct {
        uint32_t row;
        uint32_t number; /* 0: the live row is missing */
        const char *words;
    } changes[] = {
        {0, 0, "a row is missing, key 6e00000000"},
        {1700, 9, "another value, key 6e000006a4"},
        {2047, 0, "a row is missing, key 6e000007ff"},
        {2048, 9, "another value, key 6e00000800"},
        {ROWS_MAX - 1, 0, "a row is missing, key 6e00000bb8"},
        {ROWS_MAX + 4, 9, "a row that folding does not give, key 6e00000bbd"},
    };

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(changes); i++) {
        struct tn_rows_compared alone;
        struct tn_error error = {0};
        struct pair pair;
        uint8_t root[TN_HASH_SIZE];
        uint64_t count = 0;

        pair_open(&pair, ROWS_MAX, false);
        write_live(&pair, changes[i].row, changes[i].row + 1, changes[i].number);
        compare(&pair, tn_bytes(NULL, 0), &alone);
        assert_false(alone.equal);
        assert_string_equal(alone.words, changes[i].words);
        MUST(tn_rows_root(pair.rows, &count, root, &error), &error);
        assert_memory_equal(alone.root[1], root, TN_HASH_SIZE);
        assert_memory_not_equal(alone.root[0], root, TN_HASH_SIZE);
        check_middles(&pair, &alone);
        pair_close(&pair);
    }
}

/* ---- cut short ---- */

static atomic_bool stop;

static void ask_to_stop(int number)
{
    (void) number;
    atomic_store(&stop, true);
}

static uint64_t timer_us(const struct timeval *time)
{
    return (uint64_t) time->tv_sec * 1000000 + (uint64_t) time->tv_usec;
}

/* What a whole look takes of the CPU: as much work, whatever else the machine does. */
static uint64_t measure(struct pair *pair)
{
    struct itimerval timer = {.it_value = {.tv_sec = 100000}};
    const struct itimerval none = {0};
    struct tn_rows_compared compared;

    assert_int_equal(setitimer(ITIMER_PROF, &timer, NULL), 0);
    compare(pair, tn_bytes(NULL, 0), &compared);
    assert_false(compared.equal);
    assert_int_equal(compared.count[1], MANY_ROWS);
    assert_int_equal(setitimer(ITIMER_PROF, &none, &timer), 0);
    return 100000000000u - timer_us(&timer.it_value);
}

/* Is a look cut that is asked to stop after so much of the CPU? Not if it has ended before. */
static bool is_cut_after(struct pair *pair, uint64_t part_us)
{
    struct itimerval timer = {.it_value = {.tv_sec = (time_t) (part_us / 1000000),
                                           .tv_usec = (suseconds_t) (part_us % 1000000)}};
    const struct itimerval none = {0};
    struct tn_rows_compared compared;
    struct tn_error error = {0};

    atomic_store(&stop, false);
    assert_int_equal(setitimer(ITIMER_PROF, &timer, NULL), 0);
    enum tn_status status = tn_rows_compare(pair->place.store, pair->live, pair->rebuilt,
                                            tn_bytes(NULL, 0), &stop, &compared, &error);
    assert_int_equal(setitimer(ITIMER_PROF, &none, NULL), 0);
    assert_true(status == TN_OK || status == TN_UNAVAILABLE);
    if (status == TN_UNAVAILABLE) {
        assert_string_equal(error.text, TN_REBUILD_STOPPED);
    }
    return status == TN_UNAVAILABLE;
}

/* The stop is asked for in the middle of the one side, then of the other. How much of the CPU a
 * look takes differs by what else the machine does, so it is tried until one is met under way. */
static void a_look_at_rows_that_differ_is_cut_short(void **state)
{
    static const unsigned sixteenths[][2] = {{2, 6}, {9, 14}};
    struct sigaction action = {.sa_handler = ask_to_stop, .sa_flags = SA_RESTART};
    struct pair pair;

    (void) state;
    assert_int_equal(sigaction(SIGPROF, &action, NULL), 0);
    pair_open(&pair, MANY_ROWS, false);
    write_live(&pair, 0, 1, 9); /* the very first */
    (void) measure(&pair);
    uint64_t whole_us = measure(&pair);
    for (size_t side = 0; side < TN_ARRAY_SIZE(sixteenths); side++) {
        unsigned from = sixteenths[side][0];
        unsigned span = sixteenths[side][1] - from + 1;
        bool cut = false;

        for (unsigned i = 0; !cut && i < 60; i++) {
            cut = is_cut_after(&pair, whole_us / 16 * (from + i % span));
        }
        assert_true(cut);
    }
    pair_close(&pair);
}

static void the_middle_is_known_of_one_large_spill(void **state)
{
    struct pair pair;

    (void) state;
    pair_open(&pair, 1999, false);
    assert_int_equal(tn_rows_middle(pair.rows).size, 0);
    pair_close(&pair);
    pair_open(&pair, ROWS_MAX, true);
    assert_int_equal(tn_rows_middle(pair.rows).size, 0);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_threads_find_the_root_that_one_finds),
        cmocka_unit_test(a_difference_on_either_side_is_named),
        cmocka_unit_test(a_look_at_rows_that_differ_is_cut_short),
        cmocka_unit_test(the_middle_is_known_of_one_large_spill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
