/* Frames: their bytes, and that no bytes whatever make the reader do more than say no. */
#include "ledger/log/frame.h"

#include "tests/ledger/log/log_fixture.h"

static const struct tn_frame_header golden_header = {
    .first_index = 0x0102030405,
    .count = 3,
    .first_time_us = 1700000000000000,
    .last_time_us = 1700000000000009,
    .term = 7,
    .id = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae,
           0xaf},
};
static const char golden_hex[] = "544e460100000003000000010203040500060a24181e400000060a24181e4009"
                                 "0000000000000007a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
                                 "0003616263"
                                 "0000"
                                 "000164";

static void make_golden(struct tn_buffer *out)
{
    tn_buffer_init(out, 4096);
    tn_frame_start(out);
    assert_int_equal(tn_frame_add(out, tn_bytes("abc", 3)), TN_OK);
    assert_int_equal(tn_frame_add(out, tn_bytes(NULL, 0)), TN_OK);
    assert_int_equal(tn_frame_add(out, tn_bytes("d", 1)), TN_OK);
    tn_frame_finish(out, &golden_header);
    assert_int_equal(tn_buffer_status(out), TN_OK);
}

static void frame_has_its_golden_bytes(void **state)
{
    (void) state;
    struct tn_buffer out;
    make_golden(&out);
    char *hex = malloc(2 * out.size + 1);
    assert_non_null(hex);
    tn_hex_encode(hex, out.data, out.size);
    assert_string_equal(hex, golden_hex);
    free(hex);
    tn_buffer_close(&out);
}

static void frame_gives_back_what_was_put_in(void **state)
{
    (void) state;
    struct tn_buffer out;
    struct tn_frame frame;
    struct tn_bytes entry;
    struct tn_error error = {0};
    make_golden(&out);
    assert_ok(tn_frame_open(&frame, golden_header.first_index, tn_buffer_view(&out), &error),
              &error);
    assert_memory_equal(&frame.header.id, golden_header.id, sizeof(golden_header.id));
    assert_int_equal(frame.header.term, 7);
    assert_ok(tn_frame_next(&frame, &entry, &error), &error);
    assert_true(tn_bytes_equal_string(entry, "abc"));
    assert_ok(tn_frame_next(&frame, &entry, &error), &error);
    assert_int_equal(entry.size, 0);
    assert_ok(tn_frame_next(&frame, &entry, &error), &error);
    assert_true(tn_bytes_equal_string(entry, "d"));
    assert_int_equal(tn_frame_next(&frame, &entry, &error), TN_NOT_FOUND);
    assert_ok(tn_frame_seek(&frame, golden_header.first_index + 2, &error), &error);
    assert_ok(tn_frame_next(&frame, &entry, &error), &error);
    assert_true(tn_bytes_equal_string(entry, "d"));
    tn_buffer_close(&out);
}

/* Everything that can be read from `bytes`; true when all three entries came. */
static bool read_all(struct tn_bytes bytes)
{
    struct tn_frame frame;
    struct tn_bytes entry;
    struct tn_error error = {0};
    enum tn_status status = tn_frame_open(&frame, golden_header.first_index, bytes, &error);
    unsigned count = 0;
    while (status == TN_OK) {
        status = tn_frame_next(&frame, &entry, &error);
        if (status == TN_OK) {
            assert_true(entry.data >= bytes.data);
            assert_true(entry.data + entry.size <= bytes.data + bytes.size);
            count++;
        }
    }
    if (status == TN_CORRUPT) {
        assert_non_null(strstr(error.text, "entry "));
    }
    return status == TN_NOT_FOUND && count == 3;
}

static void every_truncation_is_corrupt(void **state)
{
    (void) state;
    struct tn_buffer out;
    make_golden(&out);
    for (size_t size = 0; size <= out.size; size++) {
        /* An own allocation, so that a sanitizer sees every byte read behind the end. */
        uint8_t *copy = malloc(size != 0 ? size : 1);
        assert_non_null(copy);
        memcpy(copy, out.data, size);
        assert_int_equal(read_all(tn_bytes(copy, size)), size == out.size);
        free(copy);
    }
    tn_buffer_append_u8(&out, 0);
    assert_false(read_all(tn_buffer_view(&out)));
    tn_buffer_close(&out);
}

static void flipped_bits_never_lead_outside(void **state)
{
    (void) state;
    struct tn_buffer out;
    make_golden(&out);
    for (size_t bit = 0; bit < 8 * out.size; bit++) {
        out.data[bit / 8] ^= (uint8_t) (1u << (bit % 8));
        (void) read_all(tn_buffer_view(&out));
        out.data[bit / 8] ^= (uint8_t) (1u << (bit % 8));
    }
    assert_true(read_all(tn_buffer_view(&out)));
    tn_buffer_close(&out);
}

static void headers_that_lie_are_corrupt(void **state)
{
    (void) state;
    static const struct {
        const char *label;
        size_t offset;
        uint8_t value;
        enum tn_status status;
    } rows[] = {
        {"magic", 0, 'X', TN_CORRUPT},      {"later version", 3, 2, TN_UNSUPPORTED},
        {"no entries", 7, 0, TN_CORRUPT},   {"more entries than bytes", 4, 0x7f, TN_CORRUPT},
        {"other index", 15, 6, TN_CORRUPT}, {"time goes backwards", 16, 0xff, TN_CORRUPT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tn_buffer out;
        struct tn_frame frame;
        struct tn_error error = {0};
        make_golden(&out);
        out.data[rows[i].offset] = rows[i].value;
        enum tn_status status =
            tn_frame_open(&frame, golden_header.first_index, tn_buffer_view(&out), &error);
        if (status != rows[i].status) {
            fail_msg("%s: %s", rows[i].label, tn_status_name(status));
        }
        assert_int_equal(frame.entries.size, 0);
        tn_buffer_close(&out);
    }
}

static void entries_longer_than_their_length_are_refused(void **state)
{
    (void) state;
    struct tn_buffer out;
    uint8_t *big = calloc(1, TN_ENTRY_BYTES_MAX + 1);
    assert_non_null(big);
    tn_buffer_init(&out, 1 << 20);
    tn_frame_start(&out);
    assert_int_equal(tn_frame_add(&out, tn_bytes(big, TN_ENTRY_BYTES_MAX + 1)), TN_INVALID);
    assert_int_equal(out.size, TN_FRAME_HEADER_BYTES);
    assert_int_equal(tn_frame_add(&out, tn_bytes(big, TN_ENTRY_BYTES_MAX)), TN_OK);
    tn_buffer_close(&out);
    free(big);
}

static void time_is_read_from_the_envelope(void **state)
{
    (void) state;
    struct tn_buffer bytes;
    struct tn_error error = {0};
    uint64_t time_us = 1;
    tn_buffer_init(&bytes, 1024);
    entry_bytes(12, &bytes);
    assert_ok(tn_frame_entry_time(tn_buffer_view(&bytes), 12, &time_us, &error), &error);
    assert_int_equal(time_us, entry_time(12));
    assert_int_equal(tn_frame_entry_time(tn_bytes("xyz", 3), 12, &time_us, &error), TN_CORRUPT);
    assert_int_equal(time_us, 0);
    assert_non_null(strstr(error.text, "entry 12"));
    tn_buffer_close(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_has_its_golden_bytes),
        cmocka_unit_test(frame_gives_back_what_was_put_in),
        cmocka_unit_test(every_truncation_is_corrupt),
        cmocka_unit_test(flipped_bits_never_lead_outside),
        cmocka_unit_test(headers_that_lie_are_corrupt),
        cmocka_unit_test(entries_longer_than_their_length_are_refused),
        cmocka_unit_test(time_is_read_from_the_envelope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
