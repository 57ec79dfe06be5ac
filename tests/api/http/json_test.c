/* JSON as input: what is taken, what is refused and why. */
#include "api/http/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ledger/base/check.h"
#include "tests/api/http/vectors.h"

static struct tn_json_parser *parser;
static struct tn_arena arena;

static int setup(void **state)
{
    (void) state;
    parser = tn_json_parser_create();
    tn_arena_init(&arena, 4u * 1024 * 1024);
    return parser == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void) state;
    tn_json_parser_destroy(parser);
    tn_arena_close(&arena);
    return 0;
}

static enum tn_status parse(const char *text, const struct tn_json_value **root)
{
    struct tn_error error = {0};
    tn_arena_reset(&arena);
    return tn_json_parse(parser, tn_bytes_from_string(text), NULL, &arena, root, &error);
}

/* Files that RFC 8259 allows and we refuse on purpose. */
static const char *const refused_on_purpose[] = {
    "y_object_duplicated_key.json",           /* which of the two would count? */
    "y_object_duplicated_key_and_value.json", /* the same */
    "y_object_escaped_null_in_key.json",      /* U+0000 */
    "y_string_null_escape.json",              /* U+0000 */
};

static size_t vectors_wrong;
static size_t refused_seen;

static void vector_judge(const char *name, struct tn_bytes text)
{
    struct tn_error error = {0};
    const struct tn_json_value *root = NULL;
    tn_arena_reset(&arena);
    enum tn_status status = tn_json_parse(parser, text, NULL, &arena, &root, &error);
    assert_true((status == TN_OK) == (root != NULL));
    bool on_purpose = false;
    for (size_t i = 0; i < TN_ARRAY_SIZE(refused_on_purpose); i++) {
        on_purpose = on_purpose || strcmp(name, refused_on_purpose[i]) == 0;
    }
    refused_seen += on_purpose && status == TN_INVALID ? 1 : 0;
    bool wanted = name[0] == 'y' && !on_purpose;
    if (name[0] != 'i' && wanted != (status == TN_OK)) {
        print_message("%s: %s\n", name, status == TN_OK ? "taken" : error.text);
        vectors_wrong++;
    }
}

static void vectors_are_judged_as_their_names_say(void **state)
{
    (void) state;
    size_t count = vectors_each("json", ".json", vector_judge);
    if (count == 0) {
        print_message("skipped: no vectors\n");
        skip();
    }
    assert_int_equal(count, 318);
    assert_int_equal(vectors_wrong, 0);
    assert_int_equal(refused_seen, TN_ARRAY_SIZE(refused_on_purpose));
}

static void values_have_their_types(void **state)
{
    (void) state;
    const struct tn_json_value *root = NULL;
    assert_int_equal(parse("{\"a\":[1,-2,18446744073709551615,9223372036854775807,"
                           "-9223372036854775808,1.5,1e3],\"b\":true,\"c\":null,"
                           "\"d\":\"\\u00e9\\n\",\"e\":{}}",
                           &root),
                     TN_OK);
    assert_int_equal(root->type, TN_JSON_OBJECT);
    assert_int_equal(root->count, 5);
    const struct tn_json_value *a = tn_json_member(root, "a");
    assert_int_equal(a->type, TN_JSON_ARRAY);
    assert_int_equal(a->count, 7);
    assert_int_equal(a->as.items[0].type, TN_JSON_UINT);
    assert_int_equal(a->as.items[0].as.uint64, 1);
    assert_int_equal(a->as.items[1].type, TN_JSON_INT);
    assert_int_equal(a->as.items[1].as.int64, -2);
    assert_true(a->as.items[2].as.uint64 == UINT64_MAX);
    assert_true(a->as.items[3].as.uint64 == INT64_MAX);
    assert_true(a->as.items[4].as.int64 == INT64_MIN);
    assert_int_equal(a->as.items[5].type, TN_JSON_NUMBER);
    assert_int_equal(a->as.items[6].type, TN_JSON_NUMBER);
    assert_true(tn_json_member(root, "b")->as.boolean);
    assert_int_equal(tn_json_member(root, "c")->type, TN_JSON_NULL);
    assert_true(tn_bytes_equal_string(tn_json_member(root, "d")->as.string, "\xc3\xa9\n"));
    assert_int_equal(tn_json_member(root, "e")->count, 0);
    assert_null(tn_json_member(root, "f"));
    assert_null(tn_json_member(NULL, "f"));
    assert_null(tn_json_member(a, "f"));
}

static void what_is_refused_gives_no_root(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        enum tn_status status;
    } rows[] = {
        {"", TN_INVALID},
        {"   ", TN_INVALID},
        {"{\"a\":1,\"a\":2}", TN_INVALID},
        {"{\"a\":1,\"\\u0061\":2}", TN_INVALID}, /* the same name in another spelling */
        {"{\"x\":{\"a\":1,\"b\":[],\"a\":1}}", TN_INVALID},
        {"\"\\u0000\"", TN_INVALID},
        {"{\"a\\u0000b\":1}", TN_INVALID},
        {"[1] x", TN_INVALID},
        {"[1][2]", TN_INVALID},
        {"\"\xff\"", TN_INVALID},
        {"\"\xed\xa0\x80\"", TN_INVALID},
        {"\"\\ud800\"", TN_INVALID},
        {"[01]", TN_INVALID},
        {"[18446744073709551616]", TN_INVALID},
        {"[1,]", TN_INVALID},
        {"{'a':1}", TN_INVALID},
        {"\xef\xbb\xbf{}", TN_INVALID},
        {"nul", TN_INVALID},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        const struct tn_json_value *root = (const struct tn_json_value *) (uintptr_t) 1;
        enum tn_status status = parse(rows[i].text, &root);
        if (status != rows[i].status) {
            fail_msg("%s: %s", rows[i].text, tn_status_name(status));
        }
        assert_null(root);
    }
}

/* A name of different spelling, a different length and a common prefix are different names. */
static void similar_names_are_not_duplicates(void **state)
{
    (void) state;
    const struct tn_json_value *root = NULL;
    assert_int_equal(parse("{\"a\":1,\"A\":2,\"aa\":3,\"\":4,\" a\":5}", &root), TN_OK);
    assert_int_equal(tn_json_member(root, "")->as.uint64, 4);
}

static void repeat(char *out, const char *part, size_t times)
{
    size_t size = strlen(part);
    for (size_t i = 0; i < times; i++) {
        memcpy(out + i * size, part, size);
    }
    out[times * size] = '\0';
}

static void depth_is_limited(void **state)
{
    (void) state;
    char text[128];
    const struct tn_json_value *root = NULL;
    repeat(text, "[", TN_JSON_DEPTH_MAX);
    repeat(text + TN_JSON_DEPTH_MAX, "]", TN_JSON_DEPTH_MAX);
    assert_int_equal(parse(text, &root), TN_OK);
    repeat(text, "[", TN_JSON_DEPTH_MAX + 1);
    repeat(text + TN_JSON_DEPTH_MAX + 1, "]", TN_JSON_DEPTH_MAX + 1);
    assert_int_equal(parse(text, &root), TN_FULL);
    assert_null(root);
    repeat(text, "[", TN_JSON_DEPTH_MAX);
    text[TN_JSON_DEPTH_MAX] = '7';
    repeat(text + TN_JSON_DEPTH_MAX + 1, "]", TN_JSON_DEPTH_MAX);
    assert_int_equal(parse(text, &root), TN_OK);
}

static void members_values_and_size_are_limited(void **state)
{
    (void) state;
    struct tn_error error = {0};
    struct tn_json_limits limits = {
        .depth_max = 4, .members_max = 2, .values_max = 5, .size_max = 40};
    const struct tn_json_value *root = NULL;
    static const struct {
        const char *text;
        enum tn_status status;
    } rows[] = {
        {"{\"a\":1,\"b\":2}", TN_OK},
        {"{\"a\":1,\"b\":2,\"c\":3}", TN_FULL},
        {"[1,2,3,4]", TN_OK},
        {"[1,2,3,4,5]", TN_FULL},
        {"[1,[2,[3]]]", TN_FULL},
        {"[[[[1]]]]", TN_OK},
        {"[[[[[1]]]]]", TN_FULL},
        {"[                                     1]", TN_OK},
        {"[                                      1]", TN_FULL},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        tn_arena_reset(&arena);
        enum tn_status status = tn_json_parse(parser, tn_bytes_from_string(rows[i].text), &limits,
                                              &arena, &root, &error);
        if (status != rows[i].status) {
            fail_msg("%s: %s", rows[i].text, tn_status_name(status));
        }
    }
}

static void a_full_arena_is_an_error(void **state)
{
    (void) state;
    struct tn_error error = {0};
    struct tn_arena small;
    tn_arena_init(&small, 256);
    const struct tn_json_value *root = NULL;
    const char *text = "[1,2,3,4,5,6,7,8,9,10,11,12]";
    assert_int_equal(tn_json_parse(parser, tn_bytes_from_string(text), NULL, &small, &root, &error),
                     TN_MEMORY);
    assert_null(root);
    tn_arena_close(&small);
}

/* The padded copy must not show what an earlier, longer document left behind it. */
static void a_parser_is_used_again(void **state)
{
    (void) state;
    const struct tn_json_value *root = NULL;
    static char large[300000];
    memset(large, ' ', sizeof(large) - 1);
    memcpy(large, "[1,2,3", 6);
    large[sizeof(large) - 2] = ']';
    assert_int_equal(parse(large, &root), TN_OK);
    assert_int_equal(parse("[1", &root), TN_INVALID);
    assert_int_equal(parse("[1]", &root), TN_OK);
    assert_int_equal(root->count, 1);
    assert_int_equal(parse("{\"k\":\"v\"}", &root), TN_OK);
    assert_true(tn_bytes_equal_string(tn_json_member(root, "k")->as.string, "v"));
}

static void objects_are_read_by_rules(void **state)
{
    (void) state;
    static const struct tn_json_rule rules[] = {
        {.name = "day", .types = TN_JSON_MAY(TN_JSON_UINT), .required = true},
        {.name = "port", .types = TN_JSON_MAY(TN_JSON_STRING), .required = false},
        {.name = "note",
         .types = TN_JSON_MAY(TN_JSON_STRING) | TN_JSON_MAY(TN_JSON_NULL),
         .required = false},
    };
    static const struct {
        const char *text;
        enum tn_json_fault_kind kind;
        const char *names;
    } rows[] = {
        {"{\"day\":1}", TN_JSON_FAULT_NONE, ""},
        {"{\"note\":null,\"day\":1,\"port\":\"x\"}", TN_JSON_FAULT_NONE, ""},
        {"{\"day\":1,\"dya\":2}", TN_JSON_FAULT_UNKNOWN_MEMBER, "\"dya\""},
        {"{\"d\\u0007y\":2}", TN_JSON_FAULT_UNKNOWN_MEMBER, "\"d?y\""},
        {"{\"day\":-1}", TN_JSON_FAULT_WRONG_TYPE, "\"day\""},
        {"{\"day\":1.0}", TN_JSON_FAULT_WRONG_TYPE, "\"day\""},
        {"{\"day\":\"1\"}", TN_JSON_FAULT_WRONG_TYPE, "\"day\""},
        {"{\"port\":\"x\"}", TN_JSON_FAULT_MISSING, "\"day\""},
        {"[]", TN_JSON_FAULT_NOT_OBJECT, "object"},
        {"7", TN_JSON_FAULT_NOT_OBJECT, "object"},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        const struct tn_json_value *root = NULL;
        const struct tn_json_value *out[TN_ARRAY_SIZE(rules)];
        enum tn_json_fault_kind kind = TN_JSON_FAULT_MISSING;
        struct tn_error error = {0};
        assert_int_equal(parse(rows[i].text, &root), TN_OK);
        enum tn_status status =
            tn_json_object_read(root, rules, TN_ARRAY_SIZE(rules), out, &kind, &error);
        assert_int_equal(kind, rows[i].kind);
        assert_int_equal(status, kind == TN_JSON_FAULT_NONE ? TN_OK : TN_INVALID);
        if (kind != TN_JSON_FAULT_NONE) {
            assert_non_null(strstr(error.text, rows[i].names));
        } else {
            assert_int_equal(out[0]->as.uint64, 1);
            assert_true((out[1] != NULL) == (i == 1));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_judged_as_their_names_say),
        cmocka_unit_test(values_have_their_types),
        cmocka_unit_test(what_is_refused_gives_no_root),
        cmocka_unit_test(similar_names_are_not_duplicates),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(members_values_and_size_are_limited),
        cmocka_unit_test(a_full_arena_is_an_error),
        cmocka_unit_test(a_parser_is_used_again),
        cmocka_unit_test(objects_are_read_by_rules),
    };
    return cmocka_run_group_tests_name("api/http/json", tests, setup, teardown);
}
