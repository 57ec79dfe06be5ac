/* Lists of one's own: a row is the RFC 6962 list of a stream's entries, whatever its length. */
#include "tests/projections/support.h"

#include "ledger/log/tree.h"
#include "projections/streams.h"

static void leaf_of(uint64_t index, uint8_t leaf[static TN_HASH_SIZE])
{
    uint8_t data[8];

    tn_put_be64(data, index);
    tn_leaf_hash(leaf, tn_bytes(data, sizeof(data)));
}

static void a_row_stands_for_the_list_of_its_indices(void **state)
{
    uint8_t peaks[TN_STREAM_PEAKS_BYTES];
    struct tn_stream_row row = {.count = 0};
    struct tn_merkle merkle;

    (void) state;
    tn_merkle_init(&merkle);
    for (uint64_t i = 0; i < 1100; i++) {
        uint64_t index = i * 3 + i % 2;
        uint8_t leaf[TN_HASH_SIZE];
        uint8_t root[TN_HASH_SIZE];
        uint8_t expected[TN_HASH_SIZE];

        assert_int_equal(tn_stream_add(&row, index, peaks), TN_OK);
        leaf_of(index, leaf);
        tn_merkle_add_leaf_hash(&merkle, leaf);
        tn_merkle_root(&merkle, expected);
        assert_true(tn_stream_row_is_sound(&row));
        assert_int_equal(row.count, i + 1);
        assert_int_equal(row.last, index);
        tn_stream_root(&row, root);
        assert_memory_equal(root, expected, TN_HASH_SIZE);
    }
}

static void entries_come_in_order_and_rows_are_whole(void **state)
{
    uint8_t peaks[TN_STREAM_PEAKS_BYTES];
    struct tn_stream_row row = {.count = 0};
    struct tn_stream_row broken;

    (void) state;
    assert_int_equal(tn_stream_add(&row, 7, peaks), TN_OK);
    broken = row;
    assert_int_equal(tn_stream_add(&broken, 7, peaks), TN_CORRUPT);
    assert_int_equal(tn_stream_add(&broken, 6, peaks), TN_CORRUPT);
    assert_int_equal(tn_stream_add(&row, 8, peaks), TN_OK);
    broken = row;
    broken.peaks.size = 0;
    assert_false(tn_stream_row_is_sound(&broken));
    broken = row;
    broken.count = 10; /* more entries than indices up to its last */
    assert_false(tn_stream_row_is_sound(&broken));
}

static void the_fold_lists_every_event_under_its_ids(void **state)
{
    struct place place = {0};
    struct tn_state views;
    struct tn_error error = {0};
    struct tn_arena arena;
    const struct tn_projection *streams = tn_projection_at(TN_BESIDE_STREAMS);

    (void) state;
    place_open(&place);
    append_synthetic(&place, 3000);
    MUST(tn_views_as_of_list(place.log, &streams, 1, 1, 0, 3000, &views, &error), &error);
    tn_arena_init(&arena, 1 << 20);
    for (uint64_t i = 0; i < 3000; i += 53) {
        uint64_t count = 0;
        uint64_t last = 0;
        struct tn_event event;
        struct tn_stream_row row;
        struct tn_row_key key;
        struct tn_merkle merkle;
        uint8_t root[TN_HASH_SIZE];
        uint8_t expected[TN_HASH_SIZE];
        bool found;

        synthetic_event(i, &event);
        tn_arena_reset(&arena);
        key = tn_key_stream(event.actor.id);
        MUST(tn_row_read(views.rows[0], tn_row_key_view(&key), &tn_record_stream_row, &arena, &row,
                         &found, &error),
             &error);
        assert_true(found);
        tn_merkle_init(&merkle);
        for (uint64_t at = 0; at < 3000; at++) {
            struct tn_event other;
            uint8_t leaf[TN_HASH_SIZE];

            synthetic_event(at, &other);
            if (memcmp(other.actor.id, event.actor.id, TN_ID_SIZE) == 0) {
                leaf_of(at, leaf);
                tn_merkle_add_leaf_hash(&merkle, leaf);
                count++;
                last = at;
            }
        }
        tn_merkle_root(&merkle, expected);
        tn_stream_root(&row, root);
        assert_int_equal(row.count, count);
        assert_int_equal(row.last, last);
        assert_memory_equal(root, expected, TN_HASH_SIZE);
    }
    tn_arena_close(&arena);
    tn_views_close(&views);
    place_destroy(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_stands_for_the_list_of_its_indices),
        cmocka_unit_test(entries_come_in_order_and_rows_are_whole),
        cmocka_unit_test(the_fold_lists_every_event_under_its_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
