#include "tests/ledger/base/unit.h"

#include "ledger/event/describe.h"
#include "tests/ledger/event/sample.h"

/* A value of any record; large enough for all, which the test of sizes shows. */
union value {
    union tn_body body;
    union tn_facts facts;
    max_align_t align;
    uint8_t bytes[1024];
};

struct bench {
    struct tn_arena arena;
    struct tn_buffer bytes;
    struct tn_buffer again;
    union value value;
};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    tn_arena_init(&bench->arena, (size_t) 64 << 20);
    tn_buffer_init(&bench->bytes, (size_t) 1 << 20);
    tn_buffer_init(&bench->again, (size_t) 1 << 20);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    tn_buffer_close(&bench->again);
    tn_buffer_close(&bench->bytes);
    tn_arena_close(&bench->arena);
    free(bench);
    return 0;
}

/* Every record there is: the shared ones, then the bodies. */
static const struct tn_record *record_at(size_t i)
{
    size_t shared = 0;

    while (tn_event_describe_record(shared)) {
        shared++;
    }
    if (i < shared) {
        return tn_event_describe_record(i);
    }
    return tn_kind_at(i - shared) ? tn_kind_at(i - shared)->record : NULL;
}

static void encode_sample(struct bench *bench, const struct tn_record *record,
                          enum sample_variant variant)
{
    struct sample sample = {.variant = variant, .count = 3, .arena = &bench->arena};

    assert_true(record->size <= sizeof(bench->value));
    sample_fill(&sample, record, &bench->value);
    tn_buffer_reset(&bench->bytes);
    tn_record_encode(record, &bench->value, &bench->bytes);
    assert_int_equal(tn_buffer_status(&bench->bytes), TN_OK);
}

static enum tn_status decode(struct bench *bench, const struct tn_record *record,
                             const struct tn_buffer *bytes)
{
    memset(&bench->value, 0xa5, sizeof(bench->value));
    return tn_record_decode_bytes(record, tn_buffer_view(bytes), &bench->arena, &bench->value);
}

static void every_record_comes_back(void **state)
{
    struct bench *bench = *state;
    const struct tn_record *record;
    size_t i = 0;

    for (; (record = record_at(i)) != NULL; i++) {
        for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++) {
            tn_arena_reset(&bench->arena);
            encode_sample(bench, record, (enum sample_variant) variant);
            assert_int_equal(decode(bench, record, &bench->bytes), TN_OK);
            tn_buffer_reset(&bench->again);
            tn_record_encode(record, &bench->value, &bench->again);
            assert_true(
                tn_bytes_equal(tn_buffer_view(&bench->bytes), tn_buffer_view(&bench->again)));
        }
    }
    assert_true(i > 60);
}

static void keys_of_a_list_ascend(void **state)
{
    const struct tn_record *record;

    (void) state;
    for (size_t i = 0; (record = record_at(i)) != NULL; i++) {
        assert_in_range(record->field_count, 1, 64);
        for (size_t f = 1; f < record->field_count; f++) {
            assert_true(record->fields[f].key > record->fields[f - 1].key);
        }
    }
}

/* What a value of the type looks like when there is nothing in it. */
static void pack_zero(enum tn_field_type type, struct tn_buffer *out)
{
    static const uint8_t zeros[TN_HASH_SIZE];

    switch (type) {
    case TN_FIELD_UINT:
    case TN_FIELD_INT:
        tn_pack_uint(out, 0);
        break;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        tn_pack_bin(out, tn_bytes(zeros, TN_ID_SIZE));
        break;
    case TN_FIELD_HASH:
        tn_pack_bin(out, tn_bytes(zeros, TN_HASH_SIZE));
        break;
    case TN_FIELD_BYTES:
        tn_pack_bin(out, tn_bytes(zeros, 0));
        break;
    case TN_FIELD_TEXT:
        tn_pack_str(out, tn_bytes(zeros, 0));
        break;
    case TN_FIELD_UINTS:
    case TN_FIELD_IDS:
    case TN_FIELD_RECORDS:
        tn_pack_array(out, 0);
        break;
    case TN_FIELD_RECORD:
        tn_pack_map(out, 0);
        break;
    case TN_FIELD_FACTS: /* facts without a field are a map all the same; nil is none */
        tn_pack_nil(out);
        break;
    }
}

static void zeros_are_left_out_and_refused(void **state)
{
    struct bench *bench = *state;
    const struct tn_record *record;

    for (size_t i = 0; (record = record_at(i)) != NULL; i++) {
        encode_sample(bench, record, SAMPLE_LEAST);
        assert_int_equal(bench->bytes.size, 1);
        assert_int_equal(bench->bytes.data[0], 0x80);
        for (size_t f = 0; f < record->field_count; f++) {
            tn_buffer_reset(&bench->bytes);
            tn_pack_map(&bench->bytes, 1);
            tn_pack_uint(&bench->bytes, record->fields[f].key);
            pack_zero(record->fields[f].type, &bench->bytes);
            assert_int_equal(decode(bench, record, &bench->bytes), TN_INVALID);
            /* What was read is gone. */
            assert_true(tn_is_zero(&bench->value, record->size));
        }
    }
}

/* A value of another type in the place of each. */
static void another_type_is_refused(void **state)
{
    struct bench *bench = *state;
    const struct tn_record *record;

    for (size_t i = 0; (record = record_at(i)) != NULL; i++) {
        for (size_t f = 0; f < record->field_count; f++) {
            enum tn_field_type type = record->fields[f].type;
            bool number = type == TN_FIELD_UINT || type == TN_FIELD_INT;

            tn_buffer_reset(&bench->bytes);
            tn_pack_map(&bench->bytes, 1);
            tn_pack_uint(&bench->bytes, record->fields[f].key);
            if (number) {
                tn_pack_bin(&bench->bytes, tn_bytes("1", 1));
            } else {
                tn_pack_uint(&bench->bytes, 1);
            }
            assert_int_equal(decode(bench, record, &bench->bytes), TN_INVALID);
            if (type == TN_FIELD_UINT) {
                bench->bytes.size = 2;
                tn_pack_int(&bench->bytes, -1);
                assert_int_equal(decode(bench, record, &bench->bytes), TN_INVALID);
            }
            if (type == TN_FIELD_BYTES || type == TN_FIELD_TEXT) {
                bool text = type == TN_FIELD_TEXT;

                tn_buffer_reset(&bench->bytes);
                tn_pack_map(&bench->bytes, 1);
                tn_pack_uint(&bench->bytes, record->fields[f].key);
                (text ? tn_pack_bin : tn_pack_str)(&bench->bytes, tn_bytes("a", 1));
                assert_int_equal(decode(bench, record, &bench->bytes), TN_INVALID);
            }
        }
    }
}

/* A map that others follow: as a record inside another is read. */
static enum tn_status decode_first(struct bench *bench, const struct tn_record *record,
                                   const struct tn_buffer *bytes)
{
    struct tn_unpack unpack;

    tn_unpack_init(&unpack, tn_buffer_view(bytes));
    return tn_record_decode(record, &unpack, &bench->arena, &bench->value);
}

/* The pairs of a map's bytes, each with its key. */
#define PAIRS_MAX 64
static size_t split(struct tn_bytes map, struct tn_bytes pairs[PAIRS_MAX])
{
    struct tn_unpack unpack;
    size_t count;

    tn_unpack_init(&unpack, map);
    count = tn_unpack_map(&unpack);
    assert_in_range(count, 1, PAIRS_MAX);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *start = unpack.at;

        (void) tn_unpack_uint(&unpack);
        (void) tn_unpack_skip(&unpack);
        pairs[i] = tn_bytes(start, (size_t) (unpack.at - start));
    }
    assert_true(tn_unpack_done(&unpack));
    return count;
}

static void order_and_number_of_keys_are_checked(void **state)
{
    struct bench *bench = *state;
    const struct tn_record *record;

    for (size_t i = 0; (record = record_at(i)) != NULL; i++) {
        struct tn_bytes pairs[PAIRS_MAX];
        size_t count;

        tn_arena_reset(&bench->arena);
        encode_sample(bench, record, SAMPLE_FULL);
        count = split(tn_buffer_view(&bench->bytes), pairs);
        for (size_t at = 0; at < count; at++) {
            /* Every pair a second time right after itself. */
            tn_buffer_reset(&bench->again);
            tn_pack_map(&bench->again, (uint32_t) count + 1);
            for (size_t p = 0; p < count; p++) {
                tn_buffer_append_bytes(&bench->again, pairs[p]);
                tn_buffer_append_bytes(&bench->again, p == at ? pairs[p] : tn_bytes(NULL, 0));
            }
            assert_int_equal(decode(bench, record, &bench->again), TN_INVALID);
            assert_int_equal(decode_first(bench, record, &bench->again), TN_INVALID);
            /* Every pair after the one that should follow it. */
            tn_buffer_reset(&bench->again);
            tn_pack_map(&bench->again, (uint32_t) count);
            for (size_t p = 0; at + 1 < count && p < count; p++) {
                size_t from = p == at ? at + 1 : p == at + 1 ? at : p;

                tn_buffer_append_bytes(&bench->again, pairs[from]);
            }
            assert_int_equal(decode(bench, record, &bench->again), TN_INVALID);
        }
        /* One pair less, and one more, than the head says. */
        tn_buffer_reset(&bench->again);
        tn_pack_map(&bench->again, (uint32_t) count - 1);
        for (size_t p = 0; p < count; p++) {
            tn_buffer_append_bytes(&bench->again, pairs[p]);
        }
        assert_int_equal(decode(bench, record, &bench->again), TN_INVALID);
        bench->again.data[0]++;
        bench->again.size -= pairs[count - 1].size;
        assert_int_equal(decode(bench, record, &bench->again), TN_INVALID);
    }
}

static void an_unknown_key_is_unsupported_if_the_rest_is_canonical(void **state)
{
    struct bench *bench = *state;
    const struct tn_record *record;

    for (size_t i = 0; (record = record_at(i)) != NULL; i++) {
        struct tn_bytes pairs[PAIRS_MAX];
        size_t count;

        tn_arena_reset(&bench->arena);
        encode_sample(bench, record, SAMPLE_FULL);
        count = split(tn_buffer_view(&bench->bytes), pairs);
        for (unsigned key = 0; key < 70; key++) {
            bool known = false;
            bool written = false;

            for (size_t f = 0; f < record->field_count; f++) {
                known = known || record->fields[f].key == key;
            }
            if (known) {
                continue;
            }
            tn_buffer_reset(&bench->again);
            tn_pack_map(&bench->again, (uint32_t) count + 1);
            for (size_t p = 0; p <= count; p++) {
                if (!written && (p == count || record->fields[p].key > key)) {
                    tn_pack_uint(&bench->again, key);
                    tn_pack_uint(&bench->again, 7);
                    written = true;
                }
                if (p < count) {
                    tn_buffer_append_bytes(&bench->again, pairs[p]);
                }
            }
            assert_int_equal(decode(bench, record, &bench->again), TN_UNSUPPORTED);
            assert_true(tn_is_zero(&bench->value, record->size));
            tn_pack_nil(&bench->again);
            assert_int_equal(decode(bench, record, &bench->again), TN_INVALID);
        }
        /* A key beyond one byte, with a value that no map may hold. */
        tn_buffer_reset(&bench->again);
        tn_pack_map(&bench->again, 1);
        tn_pack_uint(&bench->again, 1000);
        tn_pack_nil(&bench->again);
        assert_int_equal(decode(bench, record, &bench->again), TN_INVALID);
        bench->again.data[bench->again.size - 1] = 0x01;
        assert_int_equal(decode(bench, record, &bench->again), TN_UNSUPPORTED);
    }
}

static void lists_are_bounded(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *label;
        const char *bytes;
        size_t size;
    } rows[] = {
#define ROW(label, bytes) {label, bytes, sizeof(bytes) - 1}
        ROW("more items than bytes", "\x81\x02\x92\x01"),
        ROW("4,294,967,295 items", "\x81\x02\xdd\xff\xff\xff\xff\x01"),
        ROW("a long head for a short list", "\x81\x02\xdc\x00\x01\x01"),
        ROW("cut off in the head", "\x81\x02\xdc\x00"),
#undef ROW
    };

    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        print_message("%s\n", rows[i].label);
        memset(&bench->value, 0xa5, sizeof(bench->value));
        assert_int_equal(tn_record_decode_bytes(&tn_record_facts_request,
                                                tn_bytes(rows[i].bytes, rows[i].size),
                                                &bench->arena, &bench->value),
                         TN_INVALID);
    }
    for (uint32_t count = TN_RECORD_LIST_MAX; count <= TN_RECORD_LIST_MAX + 1; count++) {
        tn_buffer_reset(&bench->bytes);
        tn_pack_map(&bench->bytes, 1);
        tn_pack_uint(&bench->bytes, 2);
        tn_pack_array(&bench->bytes, count);
        for (uint32_t i = 0; i < count; i++) {
            tn_pack_uint(&bench->bytes, i % 3);
        }
        assert_int_equal(decode(bench, &tn_record_facts_request, &bench->bytes),
                         count == TN_RECORD_LIST_MAX ? TN_OK : TN_INVALID);
    }
}

/* However little memory there is, the answer is TN_FULL and nothing half read is left. */
static void the_arena_is_the_limit(void **state)
{
    struct bench *bench = *state;
    const struct tn_record *record = &tn_record_pool_closed;
    size_t limit = 0;
    enum tn_status status;

    encode_sample(bench, record, SAMPLE_FULL);
    for (;; limit++) {
        struct tn_arena arena;

        tn_arena_init(&arena, limit);
        memset(&bench->value, 0xa5, sizeof(bench->value));
        status =
            tn_record_decode_bytes(record, tn_buffer_view(&bench->bytes), &arena, &bench->value);
        tn_arena_close(&arena);
        if (status == TN_OK) {
            break;
        }
        assert_int_equal(status, TN_FULL);
        assert_true(tn_is_zero(&bench->value, record->size));
    }
    assert_in_range(limit, 500, 5000);
}

static void a_buffer_that_is_full_says_so(void **state)
{
    struct bench *bench = *state;
    struct tn_buffer small;

    encode_sample(bench, &tn_record_facts_publish_policy, SAMPLE_EDGE);
    assert_true(bench->bytes.size > 600); /* more than one piece */
    for (size_t limit = 0; limit < bench->bytes.size; limit += 1 + limit / 16) {
        tn_buffer_init(&small, limit);
        tn_record_encode(&tn_record_facts_publish_policy, &bench->value, &small);
        assert_int_equal(tn_buffer_status(&small), TN_FULL);
        tn_buffer_close(&small);
    }
}

static void facts_keep_their_bytes(void **state)
{
    struct bench *bench = *state;
    static const uint8_t bytes[] = {0x81, 0x00, 0x81, 0x03, 0x92, 0xa1, 'x', 0x90};

    assert_int_equal(tn_record_decode_bytes(&tn_record_command_refused,
                                            tn_bytes(bytes, sizeof(bytes)), &bench->arena,
                                            &bench->value),
                     TN_OK);
    assert_true(tn_bytes_equal(bench->value.body.command_refused.facts,
                               tn_bytes(bytes + 2, sizeof(bytes) - 2)));
}

static void json_has_names_and_escapes(void **state)
{
    struct bench *bench = *state;
    struct tn_facts_suspend_port facts = {.port = 2504, .reason = {(const uint8_t *) "a\"b\\c", 5}};
    struct tn_port_after after = {.port = 1, .pcredit = INT64_MIN, .acc = UINT64_MAX};
    static const uint64_t ports[] = {0, 10};
    struct tn_facts_request request = {.ports = {ports, 2}, .registration = {0xab}};

    tn_record_write_json(&tn_record_facts_suspend_port, &facts, NULL, &bench->bytes);
    tn_record_write_json(&tn_record_port_after, &after, NULL, &bench->bytes);
    tn_record_write_json(&tn_record_facts_request, &request, NULL, &bench->bytes);
    tn_buffer_append_u8(&bench->bytes, '\0');
    assert_string_equal((const char *) bench->bytes.data,
                        "{\"port\":2504,\"reason\":\"a\\\"b\\\\c\"}"
                        "{\"port\":1,\"pcredit\":-9223372036854775808,"
                        "\"acc\":18446744073709551615}"
                        "{\"registration\":\"ab000000000000000000000000000000\",\"ports\":[0,10]}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_record_comes_back),
        TEST(keys_of_a_list_ascend),
        TEST(zeros_are_left_out_and_refused),
        TEST(another_type_is_refused),
        TEST(order_and_number_of_keys_are_checked),
        TEST(an_unknown_key_is_unsupported_if_the_rest_is_canonical),
        TEST(lists_are_bounded),
        TEST(the_arena_is_the_limit),
        TEST(a_buffer_that_is_full_says_so),
        TEST(facts_keep_their_bytes),
        TEST(json_has_names_and_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
