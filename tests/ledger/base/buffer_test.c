#include "tests/ledger/base/unit.h"

#include <string.h>

#include "ledger/base/buffer.h"

static void appends_follow_each_other(void **state)
{
    (void) state;
    struct tn_buffer buffer;
    tn_buffer_init(&buffer, 1000);
    tn_buffer_append(&buffer, "ab", 2);
    tn_buffer_append_bytes(&buffer, tn_bytes_from_string("cd"));
    tn_buffer_append_string(&buffer, "ef");
    tn_buffer_append_u8(&buffer, 0x67);
    tn_buffer_append_be16(&buffer, 0x6869);
    tn_buffer_append_be32(&buffer, 0x6a6b6c6d);
    tn_buffer_append_be64(&buffer, 0x6e6f707172737475);
    tn_buffer_append_hex(&buffer, "\xbe\xef", 2);
    tn_buffer_printf(&buffer, " %d %s", 42, "words");
    tn_buffer_append(&buffer, NULL, 0);
    memcpy(tn_buffer_extend(&buffer, 1), "!", 1);
    assert_int_equal(tn_buffer_status(&buffer), TN_OK);
    assert_true(
        tn_bytes_equal_string(tn_buffer_view(&buffer), "abcdefghijklmnopqrstubeef 42 words!"));
    tn_buffer_close(&buffer);
}

static void growth_keeps_what_was_written(void **state)
{
    (void) state;
    struct tn_buffer buffer;
    tn_buffer_init(&buffer, 100000);
    for (uint32_t i = 0; i < 25000; i++) {
        tn_buffer_append_be32(&buffer, i);
    }
    assert_int_equal(tn_buffer_status(&buffer), TN_OK);
    assert_int_equal(buffer.size, 100000);
    for (uint32_t i = 0; i < 25000; i++) {
        const uint8_t *at = buffer.data + (size_t) i * 4;
        assert_int_equal(at[2] << 8 | at[3], i);
    }
    tn_buffer_append_u8(&buffer, 1);
    assert_int_equal(tn_buffer_status(&buffer), TN_FULL);
    assert_int_equal(buffer.size, 100000);
    tn_buffer_close(&buffer);
}

static void the_limit_is_exact_for_every_append(void **state)
{
    (void) state;
    for (int way = 0; way < 9; way++) {
        for (size_t limit = 0; limit <= 8; limit++) {
            struct tn_buffer buffer;
            tn_buffer_init(&buffer, limit);
            size_t wanted = 0;
            switch (way) {
            case 0:
                tn_buffer_append(&buffer, "12345", wanted = 5);
                break;
            case 1:
                tn_buffer_append_string(&buffer, "1234567");
                wanted = 7;
                break;
            case 2:
                tn_buffer_append_u8(&buffer, 1);
                wanted = 1;
                break;
            case 3:
                tn_buffer_append_be16(&buffer, 1);
                wanted = 2;
                break;
            case 4:
                tn_buffer_append_be32(&buffer, 1);
                wanted = 4;
                break;
            case 5:
                tn_buffer_append_be64(&buffer, 1);
                wanted = 8;
                break;
            case 6:
                tn_buffer_append_hex(&buffer, "123", 3);
                wanted = 6;
                break;
            case 7:
                tn_buffer_printf(&buffer, "%03d", 7);
                wanted = 3;
                break;
            default:
                assert_int_equal(tn_buffer_extend(&buffer, 2) != NULL, limit >= 2);
                wanted = 2;
                break;
            }
            bool fits = wanted <= limit;
            assert_int_equal(tn_buffer_status(&buffer), fits ? TN_OK : TN_FULL);
            assert_int_equal(buffer.size, fits ? wanted : 0);
            tn_buffer_close(&buffer);
        }
    }
}

static void once_overflowed_nothing_more_is_written(void **state)
{
    (void) state;
    struct tn_buffer buffer;
    tn_buffer_init(&buffer, 3);
    tn_buffer_append_string(&buffer, "ab");
    tn_buffer_append_string(&buffer, "cd");
    tn_buffer_append_string(&buffer, "e");
    tn_buffer_printf(&buffer, "e");
    tn_buffer_append_hex(&buffer, "", 0);
    assert_null(tn_buffer_extend(&buffer, 1));
    assert_true(tn_bytes_equal_string(tn_buffer_view(&buffer), "ab"));
    assert_int_equal(tn_buffer_status(&buffer), TN_FULL);
    tn_buffer_reset(&buffer);
    assert_int_equal(tn_buffer_status(&buffer), TN_OK);
    tn_buffer_append_string(&buffer, "xyz");
    assert_true(tn_bytes_equal_string(tn_buffer_view(&buffer), "xyz"));
    tn_buffer_close(&buffer);
}

static void a_cut_forgets_the_rest_and_that_it_was_too_much(void **state)
{
    (void) state;
    struct tn_buffer buffer;
    tn_buffer_init(&buffer, 8);
    tn_buffer_append_string(&buffer, "first");
    tn_buffer_append_string(&buffer, "too much");
    assert_int_equal(tn_buffer_status(&buffer), TN_FULL);
    tn_buffer_cut(&buffer, 3);
    tn_buffer_append_string(&buffer, "tree");
    assert_int_equal(tn_buffer_status(&buffer), TN_OK);
    assert_true(tn_bytes_equal_string(tn_buffer_view(&buffer), "firtree"));
    tn_buffer_close(&buffer);
}

static void sizes_near_the_end_of_the_world_overflow(void **state)
{
    (void) state;
    struct tn_buffer buffer;
    tn_buffer_init(&buffer, SIZE_MAX);
    tn_buffer_append_u8(&buffer, 1);
    assert_null(tn_buffer_extend(&buffer, SIZE_MAX));
    assert_int_equal(tn_buffer_status(&buffer), TN_FULL);
    tn_buffer_reset(&buffer);
    assert_null(tn_buffer_extend(&buffer, SIZE_MAX - 1));
    assert_int_equal(tn_buffer_status(&buffer), TN_FULL);
    tn_buffer_close(&buffer);
}

static void close_is_safe_on_zeroed_and_twice(void **state)
{
    (void) state;
    struct tn_buffer buffer = {0};
    tn_buffer_close(&buffer);
    tn_buffer_init(&buffer, 100);
    assert_non_null(tn_buffer_extend(&buffer, 0));
    tn_buffer_append_string(&buffer, "secret");
    tn_buffer_close_secret(&buffer);
    tn_buffer_close_secret(&buffer);
    tn_buffer_close(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.size, 0);
}

static void a_secret_reset_wipes_and_keeps_the_memory(void **state)
{
    (void) state;
    struct tn_buffer buffer = {0};
    tn_buffer_reset_secret(&buffer);
    tn_buffer_init(&buffer, 100);
    tn_buffer_append_string(&buffer, "secret");
    const uint8_t *data = buffer.data;
    tn_buffer_reset_secret(&buffer);
    assert_int_equal(buffer.size, 0);
    assert_ptr_equal(buffer.data, data);
    assert_true(tn_is_zero(data, 6));
    tn_buffer_close(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_follow_each_other),
        cmocka_unit_test(growth_keeps_what_was_written),
        cmocka_unit_test(the_limit_is_exact_for_every_append),
        cmocka_unit_test(once_overflowed_nothing_more_is_written),
        cmocka_unit_test(a_cut_forgets_the_rest_and_that_it_was_too_much),
        cmocka_unit_test(sizes_near_the_end_of_the_world_overflow),
        cmocka_unit_test(close_is_safe_on_zeroed_and_twice),
        cmocka_unit_test(a_secret_reset_wipes_and_keeps_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
