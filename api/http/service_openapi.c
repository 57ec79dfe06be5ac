/* The description of the API, made of the table of routes. */
#include <stdio.h>
#include <string.h>

#include "api/http/service_internal.h"
#include "api/http/service_routes.h"
#include "ledger/base/check.h"

static const struct route_words {
    const char *summary;
    const char *members;
    const char *answer;
} words[] = {
#define ROUTE(method, pattern, access, body, handler, summary_, members_, answer_)                 \
    {summary_, members_, answer_},
    TN_SERVICE_ROUTES(ROUTE)
#undef ROUTE
};

static const struct type_row {
    const char *name;
    const char *schema;
} type_rows[] = {
    {"text", "{\"type\":\"string\"}"},
    {"bool", "{\"type\":\"boolean\"}"},
    {"date", "{\"type\":\"string\",\"format\":\"date\"}"},
    {"instant", "{\"type\":\"string\",\"format\":\"date-time\"}"},
    {"time", "{\"type\":\"string\",\"pattern\":\"^[0-9]{2}:[0-9]{2}$\"}"},
    {"id", "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{32}$\"}"},
    {"hash", "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{64}$\"}"},
    {"token", "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{64}$\"}"},
    {"country", "{\"type\":\"string\",\"pattern\":\"^[A-Za-z]{3}$\"}"},
    {"number", "{\"type\":\"integer\",\"minimum\":0}"},
    {"port", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":65535}"},
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
    {"party", "{\"type\":[\"string\",\"null\"],\"enum\":[\"individual\",\"group\",null]}"},
    {"people", "{\"type\":\"array\",\"minItems\":1,\"maxItems\":32,"
               "\"items\":{\"$ref\":\"#/components/schemas/Person\"}}"},
    {"index", "{\"type\":\"integer\",\"description\":\"of the first event in the log\"}"},
    {"receipt", "{\"type\":\"string\",\"format\":\"byte\",\"description\":"
                "\"the log's signed promise to publish that event within ten seconds, in base64: "
                "check it with turno check-receipt\"}"},
    {"code", "{\"$ref\":\"#/components/schemas/Code\"}"},
    /* What a later version has written has no name here, or is kept as bytes. */
    {"name", "{\"type\":[\"string\",\"integer\"]}"},
    {"body", "{\"type\":[\"object\",\"string\"]}"},
};

/* Objects that others hold, by the same lines; their names are types too. */
static const struct shape_row {
    const char *name;
    const char *members;
} shape_rows[] = {
    {"Person",
     "given_names:text family_names:text date_of_birth:date nationality:country document:text?"},
    /* RFC 9457 */
    {"Problem", "type:text title:text status:number code:code detail:text? index:number?"},
    {"NewMember", "member:id adult:bool"},
    {"Member", "member:id adult:bool added_day:date"},
    {"Request", "day:date state:text ports:ports"},
    {"Offer", "offer:id state:text day:date port:port date:date? time:time? seats:number "
              "basis:text deadline:instant"},
    {"Appointment", "state:text port:port date:date? time:time? seats:number ends:instant"},
    {"Actor", "role:name id:id"},
    {"Event", "index:number time:number kind:name version:number actor:Actor command:id|null "
              "cause:number|null body:body"},
    {"Access", "index:number time:instant organisation:text purpose:text"},
    {"Proof", "index:number kind:text? proof:text"},
    {"Complete", "upto:number count:number indices:number[] proof:text"},
    {"Port", "port:port name:text zone:text seats_per_day:number suspended:bool"},
    {"DayWitness", "id:id state:text"},
    {"DayBeacon", "type:text at_or_after:instant? recorded:bool? round:number?"},
    {"DayOffers", "offered:number open:number accepted:number declined:number lapsed:number"},
    {"DayAppointments",
     "to_come:number presented:number missed:number cancelled:number turned_away:number"},
    {"Witness", "name:text key:text id:id size:number time:instant? failures:number fork:bool "
                "answer:text"},
    {"Witnesses", "quorum:text held_back:bool fork:bool size:number cosigned_size:number "
                  "list:Witness[]"},
};

/* Of what stands in braces in a path. */
static const struct {
    const char *name;
    const char *type;
} path_types[] = {
    {"registration", "id"}, {"member", "id"}, {"offer", "id"},     {"port", "port"},
    {"day", "date"},        {"path", "text"}, {"command", "text"},
};

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

/* Cut `mark` off the end of a type. */
static bool take_mark(struct tn_bytes *type, const char *mark)
{
    size_t size = strlen(mark);

    if (type->size <= size || memcmp(type->data + type->size - size, mark, size) != 0) {
        return false;
    }
    type->size -= size;
    return true;
}

static void write_plain_type(struct tn_json_writer *json, struct tn_bytes type)
{
    const char *shape = NULL;
    char reference[64];

    for (size_t i = 0; i < TN_ARRAY_SIZE(type_rows); i++) {
        if (tn_bytes_equal_string(type, type_rows[i].name)) {
            tn_json_write_raw(json, tn_bytes_from_string(type_rows[i].schema));
            return;
        }
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(shape_rows); i++) {
        if (tn_bytes_equal_string(type, shape_rows[i].name)) {
            shape = shape_rows[i].name;
        }
    }
    TN_CHECK(shape);
    (void) snprintf(reference, sizeof(reference), "#/components/schemas/%s", shape);
    tn_json_write_object_begin(json);
    tn_json_member_text(json, "$ref", reference);
    tn_json_write_object_end(json);
}

static void write_type(struct tn_json_writer *json, struct tn_bytes type)
{
    bool nullable = take_mark(&type, "|null");
    bool list = take_mark(&type, "[]");

    if (nullable) {
        tn_json_write_object_begin(json);
        tn_json_write_name(json, "anyOf");
        tn_json_write_array_begin(json);
    }
    if (list) {
        tn_json_write_object_begin(json);
        tn_json_member_text(json, "type", "array");
        tn_json_write_name(json, "items");
    }
    write_plain_type(json, type);
    if (list) {
        tn_json_write_object_end(json);
    }
    if (nullable) {
        tn_json_write_raw(json, tn_bytes_from_string("{\"type\":\"null\"}"));
        tn_json_write_array_end(json);
        tn_json_write_object_end(json);
    }
}

static void member_name(struct tn_json_writer *json, struct tn_bytes name)
{
    char text[32];

    TN_CHECK(name.size < sizeof(text));
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    tn_json_write_name(json, text);
}

/* The schema of a line. `closed`: other members are refused. */
static void write_line(struct tn_json_writer *json, const char *members, bool closed)
{
    const char *line = members;
    struct member member;

    if (!strchr(members, ':')) {
        write_type(json, tn_bytes_from_string(members));
        return;
    }
    tn_json_write_object_begin(json);
    tn_json_member_text(json, "type", "object");
    if (closed) {
        tn_json_member_bool(json, "additionalProperties", false);
    }
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
        write_type(json, member.type);
    }
    tn_json_write_object_end(json);
    tn_json_write_object_end(json);
}

/* The member "content": JSON by a line, or a media type of which nothing more is said. */
static void write_content(struct tn_json_writer *json, const char *line, bool closed)
{
    bool plain = strchr(line, '/') != NULL;

    tn_json_write_name(json, "content");
    tn_json_write_object_begin(json);
    tn_json_write_name(json, plain ? line : "application/json");
    tn_json_write_object_begin(json);
    if (!plain) {
        tn_json_write_name(json, "schema");
        write_line(json, line, closed);
    }
    tn_json_write_object_end(json);
    tn_json_write_object_end(json);
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
    write_type(json, member->type);
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

static struct tn_bytes path_type(struct tn_bytes name)
{
    const char *type = NULL;

    for (size_t i = 0; i < TN_ARRAY_SIZE(path_types); i++) {
        if (tn_bytes_equal_string(name, path_types[i].name)) {
            type = path_types[i].type;
        }
    }
    TN_CHECK(type);
    return tn_bytes_from_string(type);
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
        member = (struct member){.name = tn_bytes(at + 1, strcspn(at + 1, "}."))};
        member.type = path_type(member.name);
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

static void write_responses(struct tn_json_writer *json, const char *description,
                            const char *answer)
{
    tn_json_write_name(json, "responses");
    tn_json_write_object_begin(json);
    tn_json_write_name(json, "2XX");
    tn_json_write_object_begin(json);
    tn_json_member_text(json, "description", description);
    write_content(json, answer, false);
    tn_json_write_object_end(json);
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
        tn_json_write_name(json, "requestBody");
        tn_json_write_object_begin(json);
        write_content(json, said->members, true);
        tn_json_write_object_end(json);
    }
    write_responses(json, route->method == TN_HTTP_GET ? "Found" : "Done and durable",
                    said->answer);
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

/* The codes of problem.h, and those of the rules that refuse. */
static void write_codes(struct tn_json_writer *json)
{
    static const char *const refusals[] = {
#define REFUSAL(number, name, http) #name,
        TN_REFUSALS(REFUSAL)
#undef REFUSAL
    };

    tn_json_write_object_begin(json);
    tn_json_member_text(json, "type", "string");
    tn_json_write_name(json, "enum");
    tn_json_write_array_begin(json);
    for (unsigned i = TN_PROBLEM_NONE + 1; i < TN_PROBLEM_COUNT; i++) {
        tn_json_write_text(json, tn_problem_code((enum tn_problem) i));
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(refusals); i++) {
        tn_json_write_text(json, refusals[i]);
    }
    tn_json_write_array_end(json);
    tn_json_write_object_end(json);
}

static void write_schemas(struct tn_json_writer *json)
{
    tn_json_write_name(json, "schemas");
    tn_json_write_object_begin(json);
    for (size_t i = 0; i < TN_ARRAY_SIZE(shape_rows); i++) {
        tn_json_write_name(json, shape_rows[i].name);
        /* The one that comes in a body; all others are answers. */
        write_line(json, shape_rows[i].members, strcmp(shape_rows[i].name, "Person") == 0);
    }
    tn_json_write_name(json, "Code");
    write_codes(json);
    tn_json_write_object_end(json);
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
    write_schemas(&json);
    tn_json_write_object_end(&json);
    tn_json_write_object_end(&json);
}
