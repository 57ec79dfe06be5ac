/* Bytes as JSON: what is taken is written again and parsed again, and is the same. */
#include <stdlib.h>
#include <string.h>

#include "api/http/json.h"
#include "api/http/json_writer.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void value_write(struct tn_json_writer *json, const struct tn_json_value *value)
{
    char name[512];
    switch (value->type) {
    case TN_JSON_NULL:
    case TN_JSON_NUMBER: /* its value is not kept */
        tn_json_write_null(json);
        break;
    case TN_JSON_BOOL:
        tn_json_write_bool(json, value->as.boolean);
        break;
    case TN_JSON_UINT:
        tn_json_write_uint(json, value->as.uint64);
        break;
    case TN_JSON_INT:
        tn_json_write_int(json, value->as.int64);
        break;
    case TN_JSON_STRING:
        tn_json_write_string(json, value->as.string);
        break;
    case TN_JSON_ARRAY:
        tn_json_write_array_begin(json);
        for (uint32_t i = 0; i < value->count; i++) {
            value_write(json, &value->as.items[i]);
        }
        tn_json_write_array_end(json);
        break;
    case TN_JSON_OBJECT:
        tn_json_write_object_begin(json);
        for (uint32_t i = 0; i < value->count; i++) {
            struct tn_bytes from = value->as.members[i].name;
            require(memchr(from.data, 0, from.size) == NULL);
            size_t size = from.size < sizeof(name) ? from.size : sizeof(name) - 1;
            memcpy(name, from.data, size);
            name[size] = '\0';
            tn_json_write_name(json, name);
            value_write(json, &value->as.members[i].value);
        }
        tn_json_write_object_end(json);
        break;
    }
}

static bool value_same(const struct tn_json_value *a, const struct tn_json_value *b)
{
    if (a->type == TN_JSON_NUMBER) {
        return b->type == TN_JSON_NULL;
    }
    if (a->type != b->type || a->count != b->count) {
        return false;
    }
    switch (a->type) {
    case TN_JSON_NULL:
    case TN_JSON_NUMBER:
        return true;
    case TN_JSON_BOOL:
        return a->as.boolean == b->as.boolean;
    case TN_JSON_UINT:
        return a->as.uint64 == b->as.uint64;
    case TN_JSON_INT:
        return a->as.int64 == b->as.int64;
    case TN_JSON_STRING:
        return tn_bytes_equal(a->as.string, b->as.string);
    case TN_JSON_ARRAY:
        for (uint32_t i = 0; i < a->count; i++) {
            if (!value_same(&a->as.items[i], &b->as.items[i])) {
                return false;
            }
        }
        return true;
    case TN_JSON_OBJECT:
        for (uint32_t i = 0; i < a->count; i++) {
            if (!tn_bytes_equal(a->as.members[i].name, b->as.members[i].name) ||
                !value_same(&a->as.members[i].value, &b->as.members[i].value)) {
                return false;
            }
        }
        return true;
    }
    return false;
}

/* Names of 512 bytes and more are cut by value_write, so such documents are only parsed. */
static bool names_are_short(const struct tn_json_value *value)
{
    for (uint32_t i = 0; i < value->count; i++) {
        if (value->type == TN_JSON_ARRAY && !names_are_short(&value->as.items[i])) {
            return false;
        }
        if (value->type == TN_JSON_OBJECT && (value->as.members[i].name.size >= 512 ||
                                              !names_are_short(&value->as.members[i].value))) {
            return false;
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tn_json_parser *parser;
    struct tn_error error = {0};
    struct tn_arena arena;
    struct tn_arena again;
    struct tn_buffer out;
    const struct tn_json_value *root = NULL;
    const struct tn_json_value *second = NULL;
    if (parser == NULL) {
        parser = tn_json_parser_create();
        require(parser != NULL);
    }
    tn_arena_init(&arena, (size_t) 64 * 1024 * 1024);
    tn_arena_init(&again, (size_t) 64 * 1024 * 1024);
    tn_buffer_init(&out, (size_t) 64 * 1024 * 1024);
    enum tn_status status =
        tn_json_parse(parser, tn_bytes(data, size), NULL, &arena, &root, &error);
    require((status == TN_OK) == (root != NULL));
    if (status == TN_OK && names_are_short(root)) {
        struct tn_json_writer json;
        struct tn_json_limits limits = {.depth_max = TN_JSON_DEPTH_MAX,
                                        .members_max = TN_JSON_MEMBERS_MAX,
                                        .values_max = TN_JSON_VALUES_MAX,
                                        .size_max = (size_t) 64 * 1024 * 1024};
        tn_json_writer_init(&json, &out);
        value_write(&json, root);
        require(tn_json_writer_finish(&json) == TN_OK);
        require(tn_json_parse(parser, tn_buffer_view(&out), &limits, &again, &second, &error) ==
                TN_OK);
        require(value_same(root, second));
    }
    tn_buffer_close(&out);
    tn_arena_close(&arena);
    tn_arena_close(&again);
    return 0;
}
