/* The description of the API, made of the table of routes. */
#include <string.h>

#include "api/http/service_internal.h"
#include "api/http/service_routes.h"
#include "ledger/base/check.h"

static const struct route_words {
    const char *summary;
    const char *members;
} words[] = {
#define ROUTE(method, pattern, access, body, handler, summary_, members_) {summary_, members_},
    TN_SERVICE_ROUTES(ROUTE)
#undef ROUTE
};

static const struct type_row {
    const char *name;
    const char *schema;
} type_rows[] = {
    {"text", "{\"type\":\"string\"}"},
    {"date", "{\"type\":\"string\",\"format\":\"date\"}"},
    {"id", "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{32}$\"}"},
    {"number", "{\"type\":\"integer\",\"minimum\":0}"},
    {"page", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":1000,\"default\":100}"},
    {"proofs", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":200,\"default\":50}"},
    {"key", "{\"type\":\"string\",\"minLength\":1,\"maxLength\":255}"},
    {"object", "{\"type\":\"object\"}"},
    {"ports",
     "{\"type\":\"array\",\"minItems\":1,\"maxItems\":4,\"items\":{\"type\":\"integer\"}}"},
    {"location", "{\"type\":\"object\",\"required\":[\"lat\",\"lon\"],\"properties\":"
                 "{\"lat\":{\"type\":\"number\"},\"lon\":{\"type\":\"number\"}},"
                 "\"additionalProperties\":false}"},
    {"purpose", "{\"type\":\"string\",\"enum\":[\"transit\",\"entry\",\"shelter\"]}"},
    {"outcome", "{\"type\":\"string\",\"enum\":[\"presented\",\"turned_away\"]}"},
    {"people", "{\"type\":\"array\",\"minItems\":1,\"maxItems\":32,"
               "\"items\":{\"$ref\":\"#/components/schemas/Person\"}}"},
};

static const char person_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"given_names\",\"family_names\",\"date_of_birth\",\"nationality\"],"
    "\"properties\":{\"given_names\":{\"type\":\"string\"},\"family_names\":{\"type\":\"string\"},"
    "\"date_of_birth\":{\"type\":\"string\",\"format\":\"date\"},"
    "\"nationality\":{\"type\":\"string\",\"pattern\":\"^[A-Za-z]{3}$\"},"
    "\"document\":{\"type\":\"string\"}}}";

static const char problem_schema[] =
    "{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"code\"],"
    "\"properties\":{\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
    "\"status\":{\"type\":\"integer\"},\"code\":{\"type\":\"string\"},"
    "\"detail\":{\"type\":\"string\"},\"index\":{\"type\":\"integer\"}}}";

/* Of every write but a validation, whose answer has one length. */
static const char written_schema[] =
    "{\"type\":\"object\",\"required\":[\"index\",\"receipt\"],\"properties\":{"
    "\"index\":{\"type\":\"integer\",\"description\":\"of the first event in the log\"},"
    "\"receipt\":{\"type\":\"string\",\"format\":\"byte\",\"description\":"
    "\"the log's signed promise to publish that event within ten seconds, in base64: check it "
    "with turno check-receipt\"}}}";

/* One "name:type" with its mark, cut off a line of members. */
struct member {
    struct tn_bytes name;
    struct tn_bytes type;
    bool optional;
};

static bool next_member(const char **line, struct member *member)
{
    const char *at = *line;
    const char *colon;
    const char *end;

    while (*at == ' ') {
        at++;
    }
    if (*at == '\0') {
        return false;
    }
    colon = strchr(at, ':');
    TN_CHECK(colon);
    end = colon + 1;
    while (*end != '\0' && *end != ' ' && *end != '?') {
        end++;
    }
    member->name = tn_bytes(at, (size_t) (colon - at));
    member->type = tn_bytes(colon + 1, (size_t) (end - colon - 1));
    member->optional = *end == '?';
    *line = member->optional ? end + 1 : end;
    return true;
}

static const char *schema_of(struct tn_bytes type)
{
    const char *schema = NULL;

    for (size_t i = 0; i < TN_ARRAY_SIZE(type_rows); i++) {
        if (tn_bytes_equal_string(type, type_rows[i].name)) {
            schema = type_rows[i].schema;
        }
    }
    TN_CHECK(schema);
    return schema;
}

static void member_name(struct tn_json_writer *json, struct tn_bytes name)
{
    char text[32];

    TN_CHECK(name.size < sizeof(text));
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    tn_json_write_name(json, text);
}

static void write_body(struct tn_json_writer *json, const char *members)
{
    const char *line = members;
    struct member member;

    tn_json_write_name(json, "requestBody");
    tn_json_write_object_begin(json);
    tn_json_write_name(json, "content");
    tn_json_write_object_begin(json);
    tn_json_write_name(json, "application/json");
    tn_json_write_object_begin(json);
    tn_json_write_name(json, "schema");
    tn_json_write_object_begin(json);
    tn_json_member_text(json, "type", "object");
    tn_json_member_bool(json, "additionalProperties", strcmp(members, "command:object") == 0);
    if (strcmp(members, "command:object") != 0) {
        tn_json_write_name(json, "required");
        tn_json_write_array_begin(json);
        while (next_member(&line, &member)) {
            if (!member.optional) {
                tn_json_write_string(json, member.name);
            }
        }
        tn_json_write_array_end(json);
        tn_json_write_name(json, "properties");
        tn_json_write_object_begin(json);
        line = members;
        while (next_member(&line, &member)) {
            member_name(json, member.name);
            tn_json_write_raw(json, tn_bytes_from_string(schema_of(member.type)));
        }
        tn_json_write_object_end(json);
    }
    for (unsigned i = 0; i < 4; i++) {
        tn_json_write_object_end(json);
    }
}

static void write_parameter(struct tn_json_writer *json, const char *in,
                            const struct member *member, const char *description)
{
    tn_json_write_object_begin(json);
    tn_json_member_string(json, "name", member->name);
    tn_json_member_text(json, "in", in);
    tn_json_member_bool(json, "required", !member->optional);
    if (description) {
        tn_json_member_text(json, "description", description);
    }
    tn_json_write_name(json, "schema");
    tn_json_write_raw(json, tn_bytes_from_string(schema_of(member->type)));
    tn_json_write_object_end(json);
}

/* The header that every write takes, and the one of every question about committed rows. */
static void write_header(struct tn_json_writer *json, enum tn_http_method method)
{
    static const struct member key = {
        {(const uint8_t *) "Idempotency-Key", 15}, {(const uint8_t *) "key", 3}, true};
    static const struct member index = {
        {(const uint8_t *) "Min-Index", 9}, {(const uint8_t *) "number", 6}, true};

    if (method == TN_HTTP_GET) {
        write_parameter(json, "header", &index,
                        "an index of the log that must be visible in the answer");
    } else {
        write_parameter(json, "header", &key,
                        "the same with every retry of one request; without a token at least 16 "
                        "random characters");
    }
}

/* The parameters in braces of a pattern, as OpenAPI writes them ("{path...}" loses its dots); those
 * of the query; and the header. */
static void write_parameters(struct tn_json_writer *json, const struct tn_http_route *route,
                             const char *members)
{
    struct member member;

    tn_json_write_name(json, "parameters");
    tn_json_write_array_begin(json);
    for (const char *at = strchr(route->pattern, '{'); at; at = strchr(at + 1, '{')) {
        member = (struct member){.name = tn_bytes(at + 1, strcspn(at + 1, "}.")),
                                 .type = tn_bytes_from_string("text")};
        write_parameter(json, "path", &member, NULL);
    }
    while (route->method != TN_HTTP_POST && next_member(&members, &member)) {
        write_parameter(json, "query", &member, NULL);
    }
    if (strncmp(route->pattern, "/v1/", 4) == 0) {
        write_header(json, route->method);
    }
    tn_json_write_array_end(json);
}

static void write_responses(struct tn_json_writer *json, bool receipt)
{
    tn_json_write_name(json, "responses");
    tn_json_write_object_begin(json);
    tn_json_write_name(json, "2XX");
    tn_json_write_raw(
        json, tn_bytes_from_string(receipt ? "{\"description\":\"Done and durable\",\"content\":{"
                                             "\"application/json\":{\"schema\":"
                                             "{\"$ref\":\"#/components/schemas/Written\"}}}}"
                                           : "{\"description\":\"Done\"}"));
    tn_json_write_name(json, "default");
    tn_json_write_raw(json,
                      tn_bytes_from_string("{\"description\":\"A problem with a stable code\","
                                           "\"content\":{\"application/problem+json\":{\"schema\":"
                                           "{\"$ref\":\"#/components/schemas/Problem\"}}}}"));
    tn_json_write_object_end(json);
}

static void write_operation(struct tn_json_writer *json, const struct tn_http_route *route,
                            const struct route_words *said)
{
    static const char *const access_names[TN_ACCESS_COUNT] = {
        [TN_ACCESS_UNSET] = "",
        [TN_ACCESS_PUBLIC] = "anyone",
        [TN_ACCESS_APPLICANT] = "applicant",
        [TN_ACCESS_OWNER] = "owner",
        [TN_ACCESS_OFFICER] = "officer",
        [TN_ACCESS_PORT_OFFICER] = "port_officer",
        [TN_ACCESS_AUDITOR] = "auditor",
        [TN_ACCESS_ANALYST] = "analyst",
        [TN_ACCESS_OPERATOR] = "operator",
        [TN_ACCESS_LOCAL] = "local",
    };
    static const char *const methods[TN_HTTP_METHOD_COUNT] = {"",    "get",    "head",   "post",
                                                              "put", "delete", "options"};
    bool open = route->access == TN_ACCESS_PUBLIC || route->access == TN_ACCESS_APPLICANT ||
                route->access == TN_ACCESS_LOCAL;

    tn_json_write_name(json, methods[route->method]);
    tn_json_write_object_begin(json);
    tn_json_member_text(json, "summary", said->summary);
    tn_json_member_text(json, "x-access", access_names[route->access]);
    if (!open) {
        tn_json_write_name(json, "security");
        tn_json_write_raw(json, tn_bytes_from_string("[{\"bearer\":[]}]"));
    }
    write_parameters(json, route, said->members);
    if (said->members[0] != '\0' && route->method != TN_HTTP_GET) {
        write_body(json, said->members);
    }
    write_responses(json, route->method != TN_HTTP_GET && route->access != TN_ACCESS_OFFICER &&
                              route->access != TN_ACCESS_LOCAL);
    tn_json_write_object_end(json);
}

static void path_name(struct tn_json_writer *json, const char *pattern)
{
    char text[128];
    size_t size = 0;

    for (const char *at = pattern; *at != '\0' && size + 1 < sizeof(text); at++) {
        if (*at != '.' || strchr(pattern, '{') == NULL || strncmp(at, "...}", 4) != 0) {
            text[size++] = *at;
        } else {
            at += 2;
        }
    }
    text[size] = '\0';
    tn_json_write_name(json, text);
}

/* A path stands once, with all its methods. */
static bool is_first_of_path(const struct tn_http_route *routes, size_t i)
{
    for (size_t earlier = 0; earlier < i; earlier++) {
        if (strcmp(routes[earlier].pattern, routes[i].pattern) == 0) {
            return false;
        }
    }
    return true;
}

void tn_service_write_openapi(struct tn_buffer *out)
{
    struct tn_json_writer json;
    size_t count;
    const struct tn_http_route *routes = tn_service_routes(&count);

    TN_CHECK(count == TN_ARRAY_SIZE(words));
    tn_json_writer_init(&json, out);
    tn_json_write_object_begin(&json);
    tn_json_member_text(&json, "openapi", "3.1.0");
    tn_json_write_name(&json, "info");
    tn_json_write_raw(&json, tn_bytes_from_string("{\"title\":\"turno\",\"version\":\"1\"}"));
    tn_json_write_name(&json, "paths");
    tn_json_write_object_begin(&json);
    for (size_t i = 0; i < count; i++) {
        if (!is_first_of_path(routes, i)) {
            continue;
        }
        path_name(&json, routes[i].pattern);
        tn_json_write_object_begin(&json);
        for (size_t other = i; other < count; other++) {
            if (strcmp(routes[other].pattern, routes[i].pattern) == 0) {
                write_operation(&json, &routes[other], &words[other]);
            }
        }
        tn_json_write_object_end(&json);
    }
    tn_json_write_object_end(&json);
    tn_json_write_name(&json, "components");
    tn_json_write_object_begin(&json);
    tn_json_write_name(&json, "securitySchemes");
    tn_json_write_raw(
        &json, tn_bytes_from_string("{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}"));
    tn_json_write_name(&json, "schemas");
    tn_json_write_object_begin(&json);
    tn_json_write_name(&json, "Person");
    tn_json_write_raw(&json, tn_bytes_from_string(person_schema));
    tn_json_write_name(&json, "Written");
    tn_json_write_raw(&json, tn_bytes_from_string(written_schema));
    tn_json_write_name(&json, "Problem");
    tn_json_write_raw(&json, tn_bytes_from_string(problem_schema));
    tn_json_write_object_end(&json);
    tn_json_write_object_end(&json);
    tn_json_write_object_end(&json);
}
