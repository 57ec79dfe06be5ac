#include "tests/ledger/base/unit.h"

#include <string.h>

#include "ledger/base/bytes.h"
#include "ledger/base/check.h"
#include "ledger/base/endian.h"

static void compare_orders_as_keys_do(void **state)
{
    (void) state;
    static const char *const ascending[] = {"", "a", "aa", "ab", "b", "\xff"};
    for (size_t a = 0; a < TN_ARRAY_SIZE(ascending); a++) {
        for (size_t b = 0; b < TN_ARRAY_SIZE(ascending); b++) {
            struct tn_bytes left = tn_bytes_from_string(ascending[a]);
            struct tn_bytes right = tn_bytes_from_string(ascending[b]);
            int order = tn_bytes_compare(left, right);
            assert_int_equal((order > 0) - (order < 0), (a > b) - (a < b));
            assert_int_equal(tn_bytes_equal(left, right), a == b);
            assert_int_equal(tn_bytes_equal_string(left, ascending[b]), a == b);
        }
    }
    assert_true(tn_bytes_equal(tn_bytes(NULL, 0), tn_bytes("", 0)));
    assert_int_equal(tn_bytes_compare(tn_bytes(NULL, 0), tn_bytes("", 0)), 0);
}

static void zero_is_seen(void **state)
{
    (void) state;
    uint8_t bytes[33] = {0};
    assert_true(tn_is_zero(bytes, sizeof(bytes)));
    assert_true(tn_is_zero(bytes, 0));
    bytes[32] = 1;
    assert_false(tn_is_zero(bytes, sizeof(bytes)));
    assert_true(tn_is_zero(bytes, 32));
}

static void hex_goes_both_ways(void **state)
{
    (void) state;
    uint8_t bytes[256];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t) i;
    }
    char text[2 * sizeof(bytes) + 1];
    tn_hex_encode(text, bytes, sizeof(bytes));
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102", 6);
    assert_string_equal(text + 506, "fdfeff");
    uint8_t back[sizeof(bytes)];
    assert_int_equal(tn_hex_decode(tn_bytes_from_string(text), back, sizeof(back)), TN_OK);
    assert_memory_equal(back, bytes, sizeof(bytes));
    assert_int_equal(tn_hex_decode(tn_bytes_from_string("DeadBEEF"), back, 4), TN_OK);
    assert_memory_equal(back, "\xde\xad\xbe\xef", 4);
    assert_int_equal(tn_hex_decode(tn_bytes(NULL, 0), back, 0), TN_OK);
}

static void hex_refuses_all_else(void **state)
{
    (void) state;
    static const char *const wrong[] = {"",     "0",    "012",  "01020", "010203", "0g02",
                                        "01 2", "0x02", "/102", "01:2",  "01@2",   "01`2"};
    for (size_t i = 0; i < TN_ARRAY_SIZE(wrong); i++) {
        uint8_t out[2] = {7, 7};
        if (tn_hex_decode(tn_bytes_from_string(wrong[i]), out, 2) != TN_INVALID ||
            !tn_is_zero(out, 2)) {
            fail_msg("accepted or left behind: '%s'", wrong[i]);
        }
    }
}

static void base64_answers_rfc_4648(void **state)
{
    (void) state;
    static const struct {
        const char *plain;
        const char *text;
    } rows[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+"},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        size_t plain_size = strlen(rows[i].plain);
        char text[16];
        assert_true(TN_BASE64_SIZE(plain_size) <= sizeof(text));
        tn_base64_encode(text, rows[i].plain, plain_size);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(TN_BASE64_SIZE(plain_size), strlen(text) + 1);

        uint8_t back[8];
        size_t size = plain_size;
        assert_int_equal(tn_base64_decode(tn_bytes_from_string(text), back, &size), TN_OK);
        assert_int_equal(size, plain_size);
        assert_memory_equal(back, rows[i].plain, plain_size);
    }
}

static void base64_is_strict(void **state)
{
    (void) state;
    static const struct {
        const char *label;
        const char *text;
        size_t size;
    } rows[] = {
        {"no padding", "Zg", 2},
        {"half the padding", "Zg=", 3},
        {"too much padding", "Zg===", 5},
        {"padding alone", "====", 4},
        {"padding after full group", "Zm9v====", 8},
        {"unused bits of one byte", "Zh==", 4},
        {"unused bits of two bytes", "Zm9=", 4},
        {"one character", "Z", 1},
        {"space before", " Zm9v", 5},
        {"space inside", "Zm 9v", 5},
        {"newline after", "Zm9v\n", 5},
        {"zero after", "Zm9v\0", 5},
        {"url alphabet", "-__-", 4},
        {"bytes above ASCII", "AA\xc3\xbf", 4},
        {"data after padding", "Zg==Zg==", 8},
        {"eight bytes into seven", "AAAAAAAAAAA=", 12},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        uint8_t out[7];
        memset(out, 7, sizeof(out));
        size_t size = sizeof(out);
        enum tn_status status = tn_base64_decode(tn_bytes(rows[i].text, rows[i].size), out, &size);
        if (status != TN_INVALID || size != 0 || !tn_is_zero(out, sizeof(out))) {
            fail_msg("%s: accepted or left behind", rows[i].label);
        }
    }
}

static void integers_have_the_order_of_their_name(void **state)
{
    (void) state;
    uint8_t bytes[8];
    tn_put_be64(bytes, 0x0102030405060708);
    assert_memory_equal(bytes, "\1\2\3\4\5\6\7\10", 8);
    assert_int_equal(tn_get_be64(bytes), 0x0102030405060708);
    assert_int_equal(tn_get_be32(bytes), 0x01020304);
    assert_int_equal(tn_get_be16(bytes), 0x0102);
    assert_int_equal(tn_get_le32(bytes), 0x04030201);
    assert_int_equal(tn_get_le16(bytes), 0x0201);
    tn_put_le64(bytes, 0x0102030405060708);
    assert_memory_equal(bytes, "\10\7\6\5\4\3\2\1", 8);
    tn_put_le32(bytes, 0xfffefdfc);
    assert_memory_equal(bytes, "\xfc\xfd\xfe\xff", 4);
    tn_put_le16(bytes, 0xff01);
    assert_memory_equal(bytes, "\x01\xff", 2);
    memset(bytes, 0xff, sizeof(bytes));
    assert_true(tn_get_be64(bytes) == UINT64_MAX && tn_get_be16(bytes) == UINT16_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compare_orders_as_keys_do),
        cmocka_unit_test(zero_is_seen),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(hex_refuses_all_else),
        cmocka_unit_test(base64_answers_rfc_4648),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(integers_have_the_order_of_their_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
