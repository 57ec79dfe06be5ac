/* JSON as output: whatever goes in, valid JSON comes out. */
#include "api/http/json_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "api/http/json.h"
#include "api/http/problem.h"
#include "api/http/utf8.h"
#include "ledger/base/check.h"
#include "ledger/base/random.h"

static void assert_text(const struct tn_buffer *out, const char *wanted)
{
    assert_int_equal(out->size, strlen(wanted));
    assert_memory_equal(out->data, wanted, out->size);
}

static void documents_have_their_bytes(void **state)
{
    (void) state;
    struct tn_buffer out;
    struct tn_json_writer json;
    tn_buffer_init(&out, 4096);
    tn_json_writer_init(&json, &out);
    tn_json_write_object_begin(&json);
    tn_json_member_uint(&json, "u", UINT64_MAX);
    tn_json_member_int(&json, "i", INT64_MIN);
    tn_json_member_int(&json, "p", 5);
    tn_json_member_bool(&json, "b", true);
    tn_json_member_null(&json, "n");
    tn_json_member_hex(&json, "h", "\x00\xff", 2);
    tn_json_write_name(&json, "e");
    tn_json_write_base64(&json, tn_bytes("\x00\xff", 2));
    tn_json_write_name(&json, "a");
    tn_json_write_array_begin(&json);
    tn_json_write_array_begin(&json);
    tn_json_write_array_end(&json);
    tn_json_write_object_begin(&json);
    tn_json_write_object_end(&json);
    tn_json_write_text(&json, "x");
    tn_json_write_bool(&json, false);
    tn_json_write_array_end(&json);
    tn_json_member_text(&json, "z", "");
    tn_json_write_object_end(&json);
    assert_int_equal(tn_json_writer_finish(&json), TN_OK);
    assert_text(&out, "{\"u\":18446744073709551615,\"i\":-9223372036854775808,\"p\":5,\"b\":true,"
                      "\"n\":null,\"h\":\"00ff\",\"e\":\"AP8=\",\"a\":[[],{},\"x\",false],"
                      "\"z\":\"\"}");
    tn_buffer_close(&out);
}

static void strings_are_escaped(void **state)
{
    (void) state;
    static const struct {
        struct tn_bytes in;
        const char *wanted;
    } rows[] = {
        {{(const uint8_t *) "plain", 5}, "\"plain\""},
        {{(const uint8_t *) "", 0}, "\"\""},
        {{(const uint8_t *) "\"\\/\b\f\n\r\t", 8}, "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\""},
        {{(const uint8_t *) "a\0b\x1f\x7f", 5}, "\"a\\u0000b\\u001f\\u007f\""},
        {{(const uint8_t *) "\xc3\xa9\xf0\x9f\x98\x80", 6}, "\"\xc3\xa9\xf0\x9f\x98\x80\""},
        {{(const uint8_t *) "x\xffy", 3}, "\"x\xef\xbf\xbdy\""},
        {{(const uint8_t *) "\xc3", 1}, "\"\xef\xbf\xbd\""},
        {{(const uint8_t *) "\xc0\x80", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_buffer out;
        struct tn_json_writer json;
        tn_buffer_init(&out, 4096);
        tn_json_writer_init(&json, &out);
        tn_json_write_string(&json, rows[i].in);
        assert_int_equal(tn_json_writer_finish(&json), TN_OK);
        assert_text(&out, rows[i].wanted);
        tn_buffer_close(&out);
    }
}

/* Property: random bytes as a string parse again; valid text without U+0000 comes back as it was.
 */
static void random_strings_parse_again(void **state)
{
    (void) state;
    struct tn_random random;
    struct tn_arena arena;
    struct tn_json_parser *parser = tn_json_parser_create();
    tn_random_init_seeded(&random, 7, "json_writer", 0);
    tn_arena_init(&arena, 65536);
    assert_non_null(parser);
    for (unsigned round = 0; round < 2000; round++) {
        uint8_t text[40];
        size_t size = (size_t) tn_random_below(&random, sizeof(text) + 1);
        tn_random_fill(&random, text, size);
        for (size_t i = 0; i < size; i++) {
            if (text[i] == 0 || round % 2 == 0) {
                text[i] = (uint8_t) (text[i] % 127 + 1);
            }
        }
        struct tn_buffer out;
        struct tn_json_writer json;
        tn_buffer_init(&out, 4096);
        tn_json_writer_init(&json, &out);
        tn_json_write_string(&json, tn_bytes(text, size));
        assert_int_equal(tn_json_writer_finish(&json), TN_OK);
        const struct tn_json_value *root = NULL;
        struct tn_error error = {0};
        tn_arena_reset(&arena);
        assert_int_equal(tn_json_parse(parser, tn_buffer_view(&out), NULL, &arena, &root, &error),
                         TN_OK);
        assert_int_equal(root->type, TN_JSON_STRING);
        if (tn_utf8_is_valid(tn_bytes(text, size))) {
            assert_true(tn_bytes_equal(root->as.string, tn_bytes(text, size)));
        }
        tn_buffer_close(&out);
    }
    tn_arena_close(&arena);
    tn_json_parser_destroy(parser);
}

static void a_full_buffer_is_told_at_the_end(void **state)
{
    (void) state;
    struct tn_buffer out;
    struct tn_json_writer json;
    tn_buffer_init(&out, 8);
    tn_json_writer_init(&json, &out);
    tn_json_write_array_begin(&json);
    tn_json_write_text(&json, "too long for it");
    tn_json_write_array_end(&json);
    assert_int_equal(tn_json_writer_finish(&json), TN_FULL);
    tn_buffer_close(&out);
}

static void problems_are_valid_and_stable(void **state)
{
    (void) state;
    struct tn_arena arena;
    struct tn_json_parser *parser = tn_json_parser_create();
    tn_arena_init(&arena, 65536);
    for (unsigned problem = 1; problem < TN_PROBLEM_COUNT; problem++) {
        struct tn_buffer out;
        const struct tn_json_value *root = NULL;
        struct tn_error error = {0};
        tn_buffer_init(&out, 4096);
        tn_problem_write(&out, (enum tn_problem) problem, tn_bytes_from_string("\"why\""));
        assert_int_equal(tn_json_parse(parser, tn_buffer_view(&out), NULL, &arena, &root, &error),
                         TN_OK);
        assert_int_equal(tn_json_member(root, "status")->as.uint64,
                         tn_problem_status((enum tn_problem) problem));
        assert_true(tn_bytes_equal_string(tn_json_member(root, "code")->as.string,
                                          tn_problem_code((enum tn_problem) problem)));
        assert_true(tn_bytes_equal_string(tn_json_member(root, "detail")->as.string, "\"why\""));
        assert_int_equal(root->count, 5);
        tn_buffer_close(&out);
    }
    /* What is on the wire never changes. */
    assert_string_equal(tn_problem_code(TN_PROBLEM_OUTCOME_UNKNOWN), "outcome_unknown");
    assert_int_equal(tn_problem_status(TN_PROBLEM_NO_SPACE), 507);
    assert_int_equal(tn_problem_status(TN_PROBLEM_CONFLICTING_KEY), 422);
    assert_int_equal(tn_problem_from_status(TN_IO), TN_PROBLEM_OUTCOME_UNKNOWN);
    tn_arena_close(&arena);
    tn_json_parser_destroy(parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_have_their_bytes),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(random_strings_parse_again),
        cmocka_unit_test(a_full_buffer_is_told_at_the_end),
        cmocka_unit_test(problems_are_valid_and_stable),
    };
    return cmocka_run_group_tests_name("api/http/json_writer", tests, NULL, NULL);
}
