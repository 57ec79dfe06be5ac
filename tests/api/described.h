/* What /openapi.json says of an answer, compared with an answer: every member that came is
 * described, with its type, and every member that is always there came. */
#ifndef TN_TESTS_API_DESCRIBED_H
#define TN_TESTS_API_DESCRIBED_H

#include <inttypes.h>
#include <regex.h>

#include "api/http/json.h"
#include "api/http/router.h"
#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "tests/api/http/client.h"

struct description {
    struct tn_json_parser *parser;
    struct tn_arena arena;
    const struct tn_json_value *root;
    char fault[256]; /* of the last value that did not fit */
};

/* Pages hold more than a body that the service takes. */
static inline const struct tn_json_value *description_parse(struct description *described,
                                                            struct tn_arena *arena,
                                                            struct tn_bytes text)
{
    static const struct tn_json_limits limits = {
        .depth_max = 24, .members_max = 4096, .values_max = 1 << 18, .size_max = 1 << 20};
    const struct tn_json_value *root;
    struct tn_error error = {0};

    tn_arena_init(arena, (size_t) 64 << 20);
    if (tn_json_parse(described->parser, text, &limits, arena, &root, &error) != TN_OK) {
        (void) snprintf(described->fault, sizeof(described->fault), "no JSON: %s", error.text);
        return NULL;
    }
    return root;
}

/* `text` is what GET /openapi.json answered. */
static inline void description_open(struct description *described, struct tn_bytes text)
{
    memset(described, 0, sizeof(*described));
    described->parser = tn_json_parser_create();
    TN_CHECK(described->parser);
    described->root = description_parse(described, &described->arena, text);
    TN_CHECK(described->root);
}

static inline void description_close(struct description *described)
{
    tn_arena_close(&described->arena);
    tn_json_parser_destroy(described->parser);
}

/* A path of the description as it names the route's ("{path...}" has no dots there), its method, or
 * NULL. */
static inline const struct tn_json_value *description_operation(const struct description *described,
                                                                const struct tn_http_route *route)
{
    char pattern[160];
    char method[8];
    char *dots;

    (void) snprintf(pattern, sizeof(pattern), "%s", route->pattern);
    dots = strstr(pattern, "...}");
    if (dots) {
        memmove(dots, dots + 3, strlen(dots + 3) + 1);
    }
    (void) snprintf(method, sizeof(method), "%s", tn_http_method_name(route->method));
    for (char *c = method; *c; c++) {
        *c = (char) (*c | 0x20);
    }
    return tn_json_member(tn_json_member(tn_json_member(described->root, "paths"), pattern),
                          method);
}

/* Names and patterns of the description, with a zero byte behind. */
#define DESCRIBED_TEXT_BYTES 128
static inline const char *described_text(struct tn_bytes bytes, char text[DESCRIBED_TEXT_BYTES])
{
    TN_CHECK(bytes.size < DESCRIBED_TEXT_BYTES);
    memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = '\0';
    return text;
}

static inline bool described_as(const struct tn_json_value *schema, const char *name,
                                const char *text)
{
    const struct tn_json_value *said = tn_json_member(schema, name);

    return said && said->type == TN_JSON_STRING && tn_bytes_equal_string(said->as.string, text);
}

static inline bool value_is_of(const struct tn_json_value *value, struct tn_bytes type)
{
    static const char *const names[] = {
        [TN_JSON_NULL] = "null",   [TN_JSON_BOOL] = "boolean",  [TN_JSON_UINT] = "integer",
        [TN_JSON_INT] = "integer", [TN_JSON_NUMBER] = "number", [TN_JSON_STRING] = "string",
        [TN_JSON_ARRAY] = "array", [TN_JSON_OBJECT] = "object",
    };

    return tn_bytes_equal_string(type, names[value->type]);
}

static inline bool type_fits(const struct tn_json_value *schema, const struct tn_json_value *value)
{
    const struct tn_json_value *type = tn_json_member(schema, "type");
    bool fits = false;

    if (!type || type->type == TN_JSON_STRING) {
        return type && value_is_of(value, type->as.string);
    }
    for (uint32_t i = 0; i < type->count; i++) {
        fits = fits || value_is_of(value, type->as.items[i].as.string);
    }
    return fits;
}

static inline bool pattern_fits(const struct tn_json_value *pattern, struct tn_bytes value)
{
    char text[DESCRIBED_TEXT_BYTES];
    regex_t compiled;
    bool fits;

    TN_CHECK(regcomp(&compiled, described_text(pattern->as.string, text),
                     REG_EXTENDED | REG_NOSUB) == 0);
    fits = value.size < sizeof(text) &&
           regexec(&compiled, described_text(value, text), 0, NULL, 0) == 0;
    regfree(&compiled);
    return fits;
}

static inline bool text_fits(const struct tn_json_value *schema, struct tn_bytes value)
{
    const struct tn_json_value *names = tn_json_member(schema, "enum");
    const struct tn_json_value *pattern = tn_json_member(schema, "pattern");
    bool fits = !names;
    uint32_t day;

    for (uint32_t i = 0; names && i < names->count; i++) {
        fits = fits || (names->as.items[i].type == TN_JSON_STRING &&
                        tn_bytes_equal(names->as.items[i].as.string, value));
    }
    return fits && (!pattern || pattern_fits(pattern, value)) &&
           (!described_as(schema, "format", "date") || tn_date_parse(value, &day) == TN_OK);
}

static inline bool description_fault(struct description *described, struct tn_bytes name,
                                     const char *why)
{
    (void) snprintf(described->fault, sizeof(described->fault), "\"%.*s\" %s", (int) name.size,
                    (const char *) name.data, why);
    return false;
}

/* Does `value`, which is called `name`, fit? If not, `fault` says where. */
static inline bool description_fits(struct description *described,
                                    const struct tn_json_value *schema,
                                    const struct tn_json_value *value, struct tn_bytes name);

static inline bool object_fits(struct description *described, const struct tn_json_value *schema,
                               const struct tn_json_value *value)
{
    const struct tn_json_value *known = tn_json_member(schema, "properties");
    const struct tn_json_value *required = tn_json_member(schema, "required");
    char text[DESCRIBED_TEXT_BYTES];

    for (uint32_t i = 0; known && i < value->count; i++) {
        const struct tn_json_member *member = &value->as.members[i];
        const struct tn_json_value *its = NULL;

        for (uint32_t k = 0; k < known->count; k++) {
            if (tn_bytes_equal(known->as.members[k].name, member->name)) {
                its = &known->as.members[k].value;
            }
        }
        if (!its) {
            return description_fault(described, member->name, "is described nowhere");
        }
        if (!description_fits(described, its, &member->value, member->name)) {
            return false;
        }
    }
    for (uint32_t i = 0; required && i < required->count; i++) {
        struct tn_bytes name = required->as.items[i].as.string;

        if (!tn_json_member(value, described_text(name, text))) {
            return description_fault(described, name, "did not come");
        }
    }
    return true;
}

static inline bool description_fits(struct description *described,
                                    const struct tn_json_value *schema,
                                    const struct tn_json_value *value, struct tn_bytes name)
{
    static const char prefix[] = "#/components/schemas/";
    const struct tn_json_value *reference = tn_json_member(schema, "$ref");
    const struct tn_json_value *either = tn_json_member(schema, "anyOf");
    const struct tn_json_value *items = tn_json_member(schema, "items");
    char text[DESCRIBED_TEXT_BYTES];
    bool fits = true;

    if (reference) {
        (void) described_text(reference->as.string, text);
        TN_CHECK(strncmp(text, prefix, sizeof(prefix) - 1) == 0);
        schema = tn_json_member(described->root, "components");
        schema = tn_json_member(tn_json_member(schema, "schemas"), text + sizeof(prefix) - 1);
        TN_CHECK(schema);
        return description_fits(described, schema, value, name);
    }
    if (either) {
        fits = false;
        for (uint32_t i = 0; !fits && i < either->count; i++) {
            fits = description_fits(described, &either->as.items[i], value, name);
        }
        return fits;
    }
    if (!type_fits(schema, value) ||
        (value->type == TN_JSON_STRING && !text_fits(schema, value->as.string))) {
        return description_fault(described, name, "is of another type");
    }
    for (uint32_t i = 0; fits && value->type == TN_JSON_ARRAY && i < value->count; i++) {
        fits = description_fits(described, items, &value->as.items[i], name);
    }
    return fits && (value->type != TN_JSON_OBJECT || object_fits(described, schema, value));
}

/* Is `reply` what is said of the route? If not, `fault` says why. */
static inline bool description_holds(struct description *described,
                                     const struct tn_http_route *route, const struct reply *reply)
{
    const struct tn_json_value *said =
        tn_json_member(description_operation(described, route), "responses");
    const char *type = strstr(reply->head, "\r\nContent-Type: ");
    const struct tn_json_value *value;
    struct tn_arena arena;
    char text[64] = "";
    bool fits;

    if (type) {
        type += strlen("\r\nContent-Type: ");
        (void) snprintf(text, sizeof(text), "%.*s", (int) strcspn(type, "\r"), type);
    }
    said = tn_json_member(said, reply->status / 100 == 2 ? "2XX" : "default");
    said = tn_json_member(tn_json_member(said, "content"), text);
    if (!said) {
        (void) snprintf(described->fault, sizeof(described->fault), "%s is described nowhere",
                        text);
        return false;
    }
    said = tn_json_member(said, "schema");
    if (!said) {
        return true; /* no JSON */
    }
    value = description_parse(described, &arena, tn_bytes(reply->body, reply->body_size));
    fits = value && description_fits(described, said, value, tn_bytes_from_string("the answer"));
    tn_arena_close(&arena);
    return fits;
}

#endif
