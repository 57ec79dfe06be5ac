/* Rows that are records: what was decoded before is given again only for the same bytes, and what
 * was given stays as it is. */
#include "tests/projections/support.h"

#include "ledger/rules/draw.h"
#include "ledger/rules/rows.h"
#include "projections/keys.h"
#include "projections/rows_internal.h"

struct kept {
    struct tn_cache_budget budget;
    struct tn_rows *rows;
    struct tn_arena arena;
};

static void kept_open(struct kept *kept)
{
    struct tn_rows_options options = {
        .face = TN_ROWS_BUILD, .name = "memory", .budget = &kept->budget};
    struct tn_error error = {0};

    tn_cache_budget_init(&kept->budget, 64 << 20);
    tn_arena_init(&kept->arena, 64 << 20);
    MUST(tn_rows_open(&options, &kept->rows, &error), &error);
}

static void kept_close(struct kept *kept)
{
    tn_rows_close(kept->rows);
    tn_arena_close(&kept->arena);
}

static void check_encoding(const struct tn_record *record, const void *a, const void *b)
{
    struct tn_buffer bytes[2];

    for (size_t i = 0; i < 2; i++) {
        tn_buffer_init(&bytes[i], TN_ROW_VALUE_MAX);
        tn_record_encode(record, i == 0 ? a : b, &bytes[i]);
        assert_int_equal(tn_buffer_status(&bytes[i]), TN_OK);
    }
    assert_true(tn_bytes_equal(tn_buffer_view(&bytes[0]), tn_buffer_view(&bytes[1])));
    tn_buffer_close(&bytes[0]);
    tn_buffer_close(&bytes[1]);
}

#define DAYS 12

static void a_queue_row_is_read_as_it_was_written_last(void **state)
{
    struct numbers numbers = {.state = 3};
    struct kept kept;
    struct tn_queue_row first[64];
    struct tn_error error = {0};
    bool found = false;

    (void) state;
    kept_open(&kept);
    MUST(TN_READ(kept.rows, tn_key_queue(), queue_row, &kept.arena, &first[0], &found, &error),
         &error);
    assert_false(found);
    for (size_t i = 0; i < TN_ARRAY_SIZE(first); i++) {
        uint64_t *days = tn_arena_array(&kept.arena, DAYS, sizeof(*days));
        struct tn_queue_row written = {.last_day = 7 + i % 3, .undrawn_day = i % 5};

        /* None, few, and more than are kept. */
        written.open_days = (struct tn_uints){days, number_below(&numbers, DAYS + 1)};
        for (size_t day = 0; day < written.open_days.count; day++) {
            days[day] = 1 + number_below(&numbers, 3);
        }
        memset(written.secret, (int) (i % 4), TN_HASH_SIZE);
        MUST(TN_WRITE(kept.rows, tn_key_queue(), queue_row, &written, &error), &error);
        MUST(TN_READ(kept.rows, tn_key_queue(), queue_row, &kept.arena, &first[i], &found, &error),
             &error);
        assert_true(found);
        check_encoding(&tn_record_queue_row, &first[i], &written);
        for (size_t again = 0; again < 3; again++) {
            struct tn_queue_row row;

            MUST(TN_READ(kept.rows, tn_key_queue(), queue_row, &kept.arena, &row, &found, &error),
                 &error);
            assert_true(found);
            check_encoding(&tn_record_queue_row, &row, &written);
            /* Its list is its own. */
            assert_true(row.open_days.count == 0 ||
                        row.open_days.items != first[i].open_days.items);
        }
        MUST(TN_WRITE(kept.rows, tn_key_policy(i), queue_row, &first[i], &error), &error);
    }
    /* What was read at first is still what was written then. */
    for (size_t i = 0; i < TN_ARRAY_SIZE(first); i++) {
        struct tn_queue_row row;

        MUST(TN_READ(kept.rows, tn_key_policy(i), queue_row, &kept.arena, &row, &found, &error),
             &error);
        check_encoding(&tn_record_queue_row, &row, &first[i]);
    }
    kept_close(&kept);
}

static void rows_of_two_days_with_and_without_lists_are_told_apart(void **state)
{
    struct kept kept;
    struct tn_error error = {0};
    const struct tn_pool_port ports[] = {{.port = 5, .pcredit = -3}, {.port = 6, .acc = 2}};
    bool found = false;

    (void) state;
    kept_open(&kept);
    for (size_t round = 0; round < 40; round++) {
        struct tn_day_row written[4] = {0};

        for (size_t day = 0; day < 4; day++) {
            written[day].state = 1 + (round + day) % 3;
            written[day].opens_us = 1000 + day;
            written[day].ports = (struct tn_pool_port_list){ports, (round / 2 + day) % 3};
            written[day].raw = tn_bytes("beacon", (round + day) % 7);
            MUST(TN_WRITE(kept.rows, tn_key_day(day), day_row, &written[day], &error), &error);
        }
        for (size_t read = 0; read < 12; read++) {
            struct tn_day_row row;

            MUST(TN_READ(kept.rows, tn_key_day(read % 4), day_row, &kept.arena, &row, &found,
                         &error),
                 &error);
            assert_true(found);
            check_encoding(&tn_record_day_row, &row, &written[read % 4]);
        }
    }
    kept_close(&kept);
}

/* A row may change or go while what was decoded from it is in use. */
static void what_was_read_does_not_change_with_the_row(void **state)
{
    struct kept kept;
    struct tn_error error = {0};
    struct tn_row_key key = tn_key_policy(1);
    struct tn_policy_row row;
    bool found = false;

    (void) state;
    kept_open(&kept);
    row = (struct tn_policy_row){.effective_us = 1, .document = tn_bytes_from_string("one")};
    MUST(TN_WRITE(kept.rows, key, policy_row, &row, &error), &error);
    MUST(TN_READ(kept.rows, key, policy_row, &kept.arena, &row, &found, &error), &error);
    MUST(tn_rows_put(kept.rows, tn_row_key_view(&key), tn_bytes_from_string("????????"), &error),
         &error);
    assert_true(tn_bytes_equal_string(row.document, "one"));
    MUST(tn_rows_delete(kept.rows, tn_row_key_view(&key), &error), &error);
    assert_true(tn_bytes_equal_string(row.document, "one"));
    kept_close(&kept);
}

/* A gid that was computed elsewhere serves for its own key, day and registration alone. */
static void a_known_gid_is_given_for_what_it_is_of_alone(void **state)
{
    const uint8_t keys[2][TN_HASH_SIZE] = {{1}, {2}};
    const uint8_t registrations[2][TN_ID_SIZE] = {{3}, {4}};
    uint8_t made[8][TN_ID_SIZE];
    uint8_t gid[TN_ID_SIZE];

    (void) state;
    for (size_t i = 0; i < 8; i++) {
        tn_draw_gid(made[i], keys[i & 1], 100 + (i >> 1 & 1), registrations[i >> 2]);
    }
    for (size_t known = 0; known < 8; known++) {
        for (size_t i = 0; i < 8; i++) {
            tn_draw_gid_known(made[known], keys[known & 1], 100 + (known >> 1 & 1),
                              registrations[known >> 2]);
            tn_draw_gid(gid, keys[i & 1], 100 + (i >> 1 & 1), registrations[i >> 2]);
            assert_memory_equal(gid, made[i], TN_ID_SIZE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_row_is_read_as_it_was_written_last),
        cmocka_unit_test(rows_of_two_days_with_and_without_lists_are_told_apart),
        cmocka_unit_test(what_was_read_does_not_change_with_the_row),
        cmocka_unit_test(a_known_gid_is_given_for_what_it_is_of_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
