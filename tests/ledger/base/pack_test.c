#include "tests/ledger/base/unit.h"

#include <msgpack.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/pack.h"
#include "ledger/base/random.h"

#define CASES 4000

static struct tn_unpack over(const struct tn_buffer *buffer)
{
    struct tn_unpack unpack;
    tn_unpack_init(&unpack, tn_buffer_view(buffer));
    return unpack;
}

static void integers_are_shortest_and_come_back(void **state)
{
    (void) state;
    static const struct {
        int64_t value;
        const char *hex;
    } rows[] = {
        {0, "00"},
        {127, "7f"},
        {128, "cc80"},
        {255, "ccff"},
        {256, "cd0100"},
        {65535, "cdffff"},
        {65536, "ce00010000"},
        {4294967295, "ceffffffff"},
        {4294967296, "cf0000000100000000"},
        {INT64_MAX, "cf7fffffffffffffff"},
        {-1, "ff"},
        {-32, "e0"},
        {-33, "d0df"},
        {-128, "d080"},
        {-129, "d1ff7f"},
        {-32768, "d18000"},
        {-32769, "d2ffff7fff"},
        {-2147483648, "d280000000"},
        {-2147483649, "d3ffffffff7fffffff"},
        {INT64_MIN, "d38000000000000000"},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_buffer buffer;
        tn_buffer_init(&buffer, 100);
        tn_pack_int(&buffer, rows[i].value);
        char text[19];
        assert_true(buffer.size <= 9);
        tn_hex_encode(text, buffer.data, buffer.size);
        assert_string_equal(text, rows[i].hex);
        struct tn_unpack unpack = over(&buffer);
        bool negative = rows[i].value < 0;
        assert_int_equal(tn_unpack_peek(&unpack), negative ? TN_PACK_INT : TN_PACK_UINT);
        assert_true(tn_unpack_int(&unpack) == rows[i].value);
        assert_true(tn_unpack_done(&unpack));
        if (!negative) {
            tn_buffer_reset(&buffer);
            tn_pack_uint(&buffer, (uint64_t) rows[i].value);
            unpack = over(&buffer);
            assert_true(tn_unpack_uint(&unpack) == (uint64_t) rows[i].value);
            assert_true(tn_unpack_done(&unpack));
        }
        tn_buffer_close(&buffer);
    }
}

static void a_whole_record_comes_back(void **state)
{
    (void) state;
    struct tn_buffer buffer;
    tn_buffer_init(&buffer, 1000);
    uint8_t id[16];
    memset(id, 0xab, sizeof(id));
    tn_pack_array(&buffer, 5);
    tn_pack_uint(&buffer, UINT64_MAX);
    tn_pack_bin(&buffer, tn_bytes(id, sizeof(id)));
    tn_pack_nil(&buffer);
    tn_pack_str(&buffer, tn_bytes_from_string("tag ~"));
    tn_pack_map(&buffer, 1);
    tn_pack_uint(&buffer, 9);
    tn_pack_int(&buffer, -5);
    assert_int_equal(tn_buffer_status(&buffer), TN_OK);

    struct tn_unpack unpack = over(&buffer);
    assert_int_equal(tn_unpack_peek(&unpack), TN_PACK_ARRAY);
    assert_int_equal(tn_unpack_array(&unpack), 5);
    assert_true(tn_unpack_uint(&unpack) == UINT64_MAX);
    uint8_t copy[16];
    tn_unpack_fixed(&unpack, copy, sizeof(copy));
    assert_memory_equal(copy, id, sizeof(id));
    assert_int_equal(tn_unpack_peek(&unpack), TN_PACK_NIL);
    tn_unpack_nil(&unpack);
    assert_true(tn_bytes_equal_string(tn_unpack_str(&unpack), "tag ~"));
    assert_int_equal(tn_unpack_map(&unpack), 1);
    assert_int_equal(tn_unpack_uint(&unpack), 9);
    assert_false(tn_unpack_done(&unpack));
    assert_int_equal(tn_unpack_int(&unpack), -5);
    assert_int_equal(tn_unpack_peek(&unpack), TN_PACK_END);
    assert_true(tn_unpack_done(&unpack));

    unpack = over(&buffer);
    assert_int_equal(tn_unpack_skip(&unpack).size, buffer.size);
    assert_true(tn_unpack_done(&unpack));
    tn_buffer_close(&buffer);
}

static void what_is_not_canonical_is_refused(void **state)
{
    (void) state;
    static const struct {
        const char *label;
        const char *bytes;
        size_t size;
    } rows[] = {
#define ROW(label, bytes) {label, bytes, sizeof(bytes) - 1}
        ROW("nothing", ""),
        ROW("uint8 for a fixint", "\xcc\x7f"),
        ROW("uint16 for a uint8", "\xcd\x00\xff"),
        ROW("uint32 for a uint16", "\xce\x00\x00\xff\xff"),
        ROW("uint64 for a uint32", "\xcf\0\0\0\0\xff\xff\xff\xff"),
        ROW("int8 for a fixint", "\xd0\xe0"),
        ROW("int8 that is not negative", "\xd0\x05"),
        ROW("int16 for an int8", "\xd1\xff\x80"),
        ROW("int16 that is not negative", "\xd1\x7f\xff"),
        ROW("int32 for an int16", "\xd2\xff\xff\x80\x00"),
        ROW("int64 for an int32", "\xd3\xff\xff\xff\xff\x80\x00\x00\x00"),
        ROW("int64 that is not negative", "\xd3\0\0\0\0\0\0\0\1"),
        ROW("uint8 cut off", "\xcc"),
        ROW("uint64 cut off", "\xcf\1\0\0\0\0\0\0"),
        ROW("int64 cut off", "\xd3\x80\0\0\0\0\0\0"),
        ROW("never used", "\xc1"),
        ROW("false", "\xc2"),
        ROW("true", "\xc3"),
        ROW("ext8", "\xc7\1\1x"),
        ROW("float", "\xca\0\0\0\0"),
        ROW("double", "\xcb\0\0\0\0\0\0\0\0"),
        ROW("fixext1", "\xd4\1x"),
        ROW("timestamp", "\xd6\xff\0\0\0\0"),
        ROW("fixstr cut off", "\xa2y"),
        ROW("str8 for a fixstr", "\xd9\1y"),
        ROW("str16 for a fixstr", "\xda\0\1y"),
        ROW("str32 for a fixstr", "\xdb\0\0\0\1y"),
        ROW("str not printable", "\xa1\n"),
        ROW("str with a zero", "\xa1\0"),
        ROW("str with delete", "\xa1\x7f"),
        ROW("str not ASCII", "\xa2\xc3\xa9"),
        ROW("bin8 cut off", "\xc4\2y"),
        ROW("bin16 for a bin8", "\xc5\0\1y"),
        ROW("bin32 for a bin8", "\xc6\0\0\0\1y"),
        ROW("array16 for a fixarray", "\xdc\0\1y"),
        ROW("array32 for a fixarray", "\xdd\0\0\0\1y"),
        ROW("map16 for a fixmap", "\xde\0\1\1y"),
        ROW("map32 for a fixmap", "\xdf\0\0\0\1\1y"),
        ROW("array larger than what is left", "\x92\1"),
        ROW("map larger than what is left", "\x82\1\1\2"),
        ROW("map key not unsigned", "\x81\xff\1"),
        ROW("map key a str", "\x81\xa1k\1"),
        ROW("map keys equal", "\x82\1\1\1\1"),
        ROW("map keys descending", "\x82\2\1\1\1"),
        ROW("map keys descending inside", "\x91\x81\1\x82\2\1\1\1"),
        ROW("map without its last value", "\x82\1\1\2"),
        ROW("nil in a map", "\x81\1\xc0"),
        ROW("nil in an array in a map", "\x81\1\x91\xc0"),
        ROW("item of an array cut off", "\x92\1\xcc"),
        ROW("bomb: array of 2^31 - 1", "\xdd\x7f\xff\xff\xff"),
        ROW("bomb: map of 2^31 - 1", "\xdf\x7f\xff\xff\xff"),
        ROW("bomb: bin of 2^32 - 1", "\xc6\xff\xff\xff\xff"),
        ROW("bomb: str of 2^32 - 1", "\xdb\xff\xff\xff\xff"),
#undef ROW
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_unpack unpack;
        tn_unpack_init(&unpack, tn_bytes(rows[i].bytes, rows[i].size));
        struct tn_bytes skipped = tn_unpack_skip(&unpack);
        if (!unpack.bad || skipped.data != NULL || skipped.size != 0 || tn_unpack_done(&unpack)) {
            fail_msg("accepted: %s", rows[i].label);
        }
    }
}

static void every_reader_refuses_every_other_type(void **state)
{
    (void) state;
    static const char *const items[] = {
        [TN_PACK_NIL] = "\xc0",     [TN_PACK_UINT] = "\x05", [TN_PACK_INT] = "\xff",
        [TN_PACK_BIN] = "\xc4\1y",  [TN_PACK_STR] = "\xa1y", [TN_PACK_ARRAY] = "\x91\1",
        [TN_PACK_MAP] = "\x81\1\1",
    };
    for (int item = TN_PACK_NIL; item <= TN_PACK_MAP; item++) {
        for (int reader = TN_PACK_NIL; reader <= TN_PACK_MAP; reader++) {
            struct tn_unpack unpack;
            tn_unpack_init(&unpack, tn_bytes_from_string(items[item]));
            assert_int_equal(tn_unpack_peek(&unpack), item);
            switch (reader) {
            case TN_PACK_NIL:
                tn_unpack_nil(&unpack);
                break;
            case TN_PACK_UINT:
                (void) tn_unpack_uint(&unpack);
                break;
            case TN_PACK_INT:
                (void) tn_unpack_int(&unpack);
                break;
            case TN_PACK_BIN:
                (void) tn_unpack_bin(&unpack);
                break;
            case TN_PACK_STR:
                (void) tn_unpack_str(&unpack);
                break;
            case TN_PACK_ARRAY:
                (void) tn_unpack_array(&unpack);
                break;
            default:
                (void) tn_unpack_map(&unpack);
                break;
            }
            bool fits = item == reader || (item == TN_PACK_UINT && reader == TN_PACK_INT);
            assert_int_equal(unpack.bad, !fits);
            if (!fits) {
                assert_int_equal(tn_unpack_peek(&unpack), TN_PACK_BAD);
            }
        }
    }
}

static void bad_stays_bad_and_outputs_are_zeroed(void **state)
{
    (void) state;
    struct tn_unpack unpack;
    tn_unpack_init(&unpack, tn_bytes("\xc4\2ab\5", 5));
    uint8_t out[3] = {7, 7, 7};
    tn_unpack_fixed(&unpack, out, sizeof(out));
    assert_true(unpack.bad && tn_is_zero(out, sizeof(out)));
    assert_int_equal(tn_unpack_uint(&unpack), 0);
    assert_int_equal(tn_unpack_bin(&unpack).size, 0);
    assert_false(tn_unpack_done(&unpack));

    tn_unpack_init(&unpack, tn_bytes("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9));
    assert_int_equal(tn_unpack_int(&unpack), 0);
    assert_true(unpack.bad);

    tn_unpack_init(&unpack, tn_bytes(NULL, 0));
    assert_int_equal(tn_unpack_peek(&unpack), TN_PACK_END);
    assert_true(tn_unpack_done(&unpack));
    assert_int_equal(tn_unpack_uint(&unpack), 0);
    assert_false(tn_unpack_done(&unpack));
}

static void counts_are_bounded_by_the_bytes_left(void **state)
{
    (void) state;
    struct tn_unpack unpack;
    tn_unpack_init(&unpack, tn_bytes("\x82\1\1\2", 4));
    assert_int_equal(tn_unpack_peek(&unpack), TN_PACK_BAD);
    assert_int_equal(tn_unpack_map(&unpack), 0);
    assert_true(unpack.bad);
    tn_unpack_init(&unpack, tn_bytes("\x82\1\1\2\1", 5));
    assert_int_equal(tn_unpack_map(&unpack), 2);
    tn_unpack_init(&unpack, tn_bytes("\x93\1\1", 3));
    assert_int_equal(tn_unpack_array(&unpack), 0);
    assert_true(unpack.bad);
    tn_unpack_init(&unpack, tn_bytes("\xdd\x7f\xff\xff\xff", 5));
    assert_int_equal(tn_unpack_array(&unpack), 0);
    assert_true(unpack.bad);
}

static void depth_is_bounded(void **state)
{
    (void) state;
    for (size_t depth = TN_PACK_DEPTH_MAX - 1; depth <= TN_PACK_DEPTH_MAX + 1; depth++) {
        struct tn_buffer buffer;
        tn_buffer_init(&buffer, 1000);
        for (size_t i = 0; i < depth; i++) {
            if (i % 2 == 0) {
                tn_pack_array(&buffer, 1);
            } else {
                tn_pack_map(&buffer, 1);
                tn_pack_uint(&buffer, i);
            }
        }
        tn_pack_uint(&buffer, 5);
        struct tn_unpack unpack = over(&buffer);
        (void) tn_unpack_skip(&unpack);
        assert_int_equal(tn_unpack_done(&unpack), depth <= TN_PACK_DEPTH_MAX);
        tn_buffer_close(&buffer);
    }
    /* Breadth is not depth: siblings close their level. */
    struct tn_unpack unpack;
    tn_unpack_init(&unpack, tn_bytes("\x93\x90\x91\x80\x92\x91\x90\x90", 8));
    (void) tn_unpack_skip(&unpack);
    assert_true(tn_unpack_done(&unpack));
}

static void an_overflowing_writer_is_seen_at_the_end(void **state)
{
    (void) state;
    struct tn_buffer buffer;
    tn_buffer_init(&buffer, 4);
    tn_pack_array(&buffer, 2);
    tn_pack_uint(&buffer, 70000);
    tn_pack_uint(&buffer, 1);
    assert_int_equal(tn_buffer_status(&buffer), TN_FULL);
    tn_buffer_close(&buffer);
}

static size_t random_size(struct tn_random *random)
{
    static const size_t edges[] = {0, 1, 15, 16, 31, 32, 33, 255, 256, 257, 65535, 65536};
    size_t count = tn_random_below(random, 40) == 0 ? TN_ARRAY_SIZE(edges) : 10;
    return tn_random_below(random, 2) == 0 ? edges[tn_random_below(random, count)]
                                           : (size_t) tn_random_below(random, 40);
}

static void pack_random_blob(struct tn_buffer *out, struct tn_random *random, bool text)
{
    static uint8_t content[65536];
    size_t size = random_size(random);
    tn_random_fill(random, content, size);
    for (size_t i = 0; text && i < size; i++) {
        content[i] = (uint8_t) (0x20 + content[i] % 0x5f);
    }
    if (text) {
        tn_pack_str(out, tn_bytes(content, size));
    } else {
        tn_pack_bin(out, tn_bytes(content, size));
    }
}

/* A random canonical value with at most `depth` containers inside each other. */
static void pack_random(struct tn_buffer *out, struct tn_random *random, unsigned depth,
                        bool in_map)
{
    switch (tn_random_below(random, depth == 0 ? 5 : 8)) {
    case 0:
        tn_pack_uint(out, tn_random_below(random, UINT64_MAX) >> tn_random_below(random, 64));
        break;
    case 1:
        tn_pack_int(out,
                    -(int64_t) (tn_random_below(random, INT64_MAX) >> tn_random_below(random, 63)));
        break;
    case 2:
        pack_random_blob(out, random, false);
        break;
    case 3:
        pack_random_blob(out, random, true);
        break;
    case 4:
        if (in_map) {
            tn_pack_uint(out, 1);
        } else {
            tn_pack_nil(out);
        }
        break;
    case 5:
    case 6: {
        uint32_t count = (uint32_t) tn_random_below(random, depth > 3 ? 20 : 4);
        tn_pack_array(out, count);
        for (uint32_t i = 0; i < count; i++) {
            pack_random(out, random, depth - 1, in_map);
        }
        break;
    }
    default: {
        uint32_t count = (uint32_t) tn_random_below(random, depth > 3 ? 20 : 4);
        tn_pack_map(out, count);
        uint64_t key = tn_random_below(random, 10);
        for (uint32_t i = 0; i < count; i++) {
            tn_pack_uint(out, key);
            key += 1 + tn_random_below(random, 100);
            pack_random(out, random, depth - 1, true);
        }
        break;
    }
    }
}

/* The cursor reads what msgpack-c read. */
static void assert_same(struct tn_unpack *unpack, const msgpack_object *object)
{
    if (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER) {
        assert_true(tn_unpack_uint(unpack) == object->via.u64);
    } else if (object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
        assert_int_equal(tn_unpack_peek(unpack), TN_PACK_INT);
        assert_true(tn_unpack_int(unpack) == object->via.i64);
    } else if (object->type == MSGPACK_OBJECT_NIL) {
        tn_unpack_nil(unpack);
    } else if (object->type == MSGPACK_OBJECT_BIN) {
        assert_true(tn_bytes_equal(tn_unpack_bin(unpack),
                                   tn_bytes(object->via.bin.ptr, object->via.bin.size)));
    } else if (object->type == MSGPACK_OBJECT_STR) {
        assert_true(tn_bytes_equal(tn_unpack_str(unpack),
                                   tn_bytes(object->via.str.ptr, object->via.str.size)));
    } else if (object->type == MSGPACK_OBJECT_ARRAY) {
        assert_int_equal(tn_unpack_array(unpack), object->via.array.size);
        for (uint32_t i = 0; i < object->via.array.size; i++) {
            assert_same(unpack, &object->via.array.ptr[i]);
        }
    } else {
        assert_int_equal(object->type, MSGPACK_OBJECT_MAP);
        assert_int_equal(tn_unpack_map(unpack), object->via.map.size);
        for (uint32_t i = 0; i < object->via.map.size; i++) {
            assert_same(unpack, &object->via.map.ptr[i].key);
            assert_same(unpack, &object->via.map.ptr[i].val);
        }
    }
    assert_false(unpack->bad);
}

static int write_again(void *data, const char *bytes, size_t size)
{
    tn_buffer_append(data, bytes, size);
    return 0;
}

static void assert_msgpack_agrees(struct tn_bytes bytes)
{
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    msgpack_unpack_return result =
        msgpack_unpack_next(&unpacked, (const char *) bytes.data, bytes.size, &offset);
    assert_int_equal(result, MSGPACK_UNPACK_SUCCESS);
    assert_int_equal(offset, bytes.size);
    struct tn_unpack unpack;
    tn_unpack_init(&unpack, bytes);
    assert_same(&unpack, &unpacked.data);
    assert_true(tn_unpack_done(&unpack));

    struct tn_buffer again;
    tn_buffer_init(&again, bytes.size + 100);
    msgpack_packer packer = {.data = &again, .callback = write_again};
    (void) msgpack_pack_object(&packer, unpacked.data);
    assert_true(tn_bytes_equal(tn_buffer_view(&again), bytes));
    tn_buffer_close(&again);
    msgpack_unpacked_destroy(&unpacked);
}

static void random_values_are_read_as_msgpack_reads_them(void **state)
{
    (void) state;
    struct tn_buffer buffer;
    tn_buffer_init(&buffer, 64 * 1024 * 1024);
    for (uint64_t number = 0; number < CASES; number++) {
        struct tn_random random;
        tn_random_init_seeded(&random, 1, "values", number);
        tn_buffer_reset(&buffer);
        pack_random(&buffer, &random, 5, false);
        assert_int_equal(tn_buffer_status(&buffer), TN_OK);
        struct tn_unpack unpack = over(&buffer);
        assert_int_equal(tn_unpack_skip(&unpack).size, buffer.size);
        assert_true(tn_unpack_done(&unpack));
        assert_msgpack_agrees(tn_buffer_view(&buffer));
    }
    tn_buffer_close(&buffer);
}

/* Whatever is accepted decodes with msgpack-c too and encodes to the same bytes: that is what
 * canonical means. */
static void what_is_accepted_encodes_to_the_same_bytes(void **state)
{
    (void) state;
    size_t accepted = 0;
    for (uint64_t number = 0; number < 20 * CASES; number++) {
        struct tn_random random;
        tn_random_init_seeded(&random, 2, "mutants", number);
        struct tn_buffer buffer;
        tn_buffer_init(&buffer, 1024 * 1024);
        if (number % 2 == 0) {
            pack_random(&buffer, &random, 2, false);
        } else {
            size_t size = (size_t) tn_random_below(&random, 8);
            tn_random_fill(&random, tn_buffer_extend(&buffer, size), size);
        }
        if (buffer.size != 0 && buffer.size < 400) {
            buffer.data[tn_random_below(&random, buffer.size)] =
                (uint8_t) tn_random_below(&random, 256);
        }
        struct tn_unpack unpack = over(&buffer);
        struct tn_bytes item = tn_unpack_skip(&unpack);
        if (!unpack.bad) {
            accepted++;
            assert_msgpack_agrees(item);
        }
        tn_buffer_close(&buffer);
    }
    assert_true(accepted > CASES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_shortest_and_come_back),
        cmocka_unit_test(a_whole_record_comes_back),
        cmocka_unit_test(what_is_not_canonical_is_refused),
        cmocka_unit_test(every_reader_refuses_every_other_type),
        cmocka_unit_test(bad_stays_bad_and_outputs_are_zeroed),
        cmocka_unit_test(counts_are_bounded_by_the_bytes_left),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(an_overflowing_writer_is_seen_at_the_end),
        cmocka_unit_test(random_values_are_read_as_msgpack_reads_them),
        cmocka_unit_test(what_is_accepted_encodes_to_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
