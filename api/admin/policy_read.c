/* A policy from its JSON form. Each object is a table of its members, read in one go: what a member
 * may be, where it goes, and how large it may get. tn_policy_validate judges what the values mean.
 */
#include "api/admin/policy_read.h"

#include <stddef.h>
#include <string.h>

#include "api/http/json_read.h"
#include "ledger/base/check.h"
#include "ledger/base/civil.h"

#define FIELDS_MAX 32

/* Where the value of a member goes. */
enum put {
    PUT_U32,
    PUT_U16,
    PUT_BOOL,
    PUT_TEXT,    /* char[size] */
    PUT_TIME,    /* minutes into uint32_t */
    PUT_MINUTES, /* whole minutes into microseconds */
    PUT_INSTANT, /* or null: 0 */
    PUT_NAME,    /* place in `names` plus one, into an enum */
    PUT_NAME0,   /* the same from zero */
    PUT_VALUE,   /* read by the caller */
    PUT_OPTION,  /* the same, and it may be left out */
};

struct field {
    const char *name;
    enum put put;
    size_t offset;
    size_t size; /* of a text */
    const char *const *names;
    unsigned types; /* of a PUT_VALUE */
};

static const char *const methods[] = {"first_come", "draw", NULL};
static const char *const packings[] = {"straddle", "hard", NULL};
static const char *const confirms[] = {"draw", "notice", NULL};
static const char *const details[] = {"two_parts", "one_part", NULL};
static const char *const beacons[] = {"none", "drand", "nist", "manual", NULL};

static unsigned types_of(const struct field *field)
{
    switch (field->put) {
    case PUT_U32:
    case PUT_U16:
    case PUT_MINUTES:
        return TN_JSON_MAY(TN_JSON_UINT);
    case PUT_BOOL:
        return TN_JSON_MAY(TN_JSON_BOOL);
    case PUT_TEXT:
    case PUT_TIME:
    case PUT_NAME:
    case PUT_NAME0:
        return TN_JSON_MAY(TN_JSON_STRING);
    case PUT_INSTANT:
        return TN_JSON_MAY(TN_JSON_STRING) | TN_JSON_MAY(TN_JSON_NULL);
    case PUT_VALUE:
    case PUT_OPTION:
        break;
    }
    return field->types;
}

static bool put_name(const struct field *field, const struct tn_json_value *value, uint8_t *to)
{
    size_t place = tn_json_read_name(value, field->names);
    unsigned number = (unsigned) place + (field->put == PUT_NAME ? 1u : 0u);

    _Static_assert(sizeof(enum tn_policy_method) == sizeof(unsigned), "enums are unsigned");
    memcpy(to, &number, sizeof(number));
    return field->names[place] != NULL;
}

static bool put_value(const struct field *field, const struct tn_json_value *value, void *object)
{
    uint8_t *to = (uint8_t *) object + field->offset;
    uint64_t number = 0;
    uint32_t narrow;
    uint16_t short_number;
    bool fits = true;

    switch (field->put) {
    case PUT_U32:
        fits = tn_json_read_uint(value, UINT32_MAX, &number);
        narrow = (uint32_t) number;
        memcpy(to, &narrow, sizeof(narrow));
        break;
    case PUT_U16:
        fits = tn_json_read_uint(value, UINT16_MAX, &number);
        short_number = (uint16_t) number;
        memcpy(to, &short_number, sizeof(short_number));
        break;
    case PUT_BOOL:
        memcpy(to, &value->as.boolean, sizeof(bool));
        break;
    case PUT_TEXT:
        fits = tn_json_read_text(value, (char *) to, field->size);
        break;
    case PUT_TIME:
        fits = tn_json_read_time(value, &number);
        narrow = (uint32_t) number;
        memcpy(to, &narrow, sizeof(narrow));
        break;
    case PUT_MINUTES:
        fits = tn_json_read_uint(value, UINT32_MAX, &number);
        number *= TN_MINUTE_US;
        memcpy(to, &number, sizeof(number));
        break;
    case PUT_INSTANT:
        fits = value->type == TN_JSON_NULL || tn_instant_parse(value->as.string, &number) == TN_OK;
        memcpy(to, &number, sizeof(number));
        break;
    case PUT_NAME:
    case PUT_NAME0:
        return put_name(field, value, to);
    case PUT_VALUE:
    case PUT_OPTION:
        break;
    }
    return fits;
}

/* Fill `object` from the members of `value`; `out` (may be NULL) gets them in the table's order. */
static enum tn_status read_object(const struct tn_json_value *value, const struct field *fields,
                                  size_t count, void *object, const struct tn_json_value **out,
                                  struct tn_error *error)
{
    struct tn_json_rule rules[FIELDS_MAX];
    const struct tn_json_value *members[FIELDS_MAX];
    enum tn_status status;

    TN_CHECK(count <= FIELDS_MAX);
    for (size_t i = 0; i < count; i++) {
        rules[i] = (struct tn_json_rule){fields[i].name, types_of(&fields[i]),
                                         fields[i].put != PUT_OPTION};
    }
    status = tn_json_object_read(value, rules, count, members, NULL, error);
    for (size_t i = 0; status == TN_OK && i < count; i++) {
        if (!put_value(&fields[i], members[i], object)) {
            status =
                tn_fail(error, TN_INVALID, "the value of \"%s\" is out of range", fields[i].name);
        }
    }
    if (status == TN_OK && out) {
        memcpy(out, members, count * sizeof(*out));
    }
    return status;
}

#define AT(type, member) offsetof(struct type, member)
#define U32(name, type, member)                                                                    \
    {                                                                                              \
        name, PUT_U32, AT(type, member), 0, NULL, 0                                                \
    }
#define TEXT(name, type, member)                                                                   \
    {                                                                                              \
        name, PUT_TEXT, AT(type, member), sizeof(((struct type *) NULL)->member), NULL, 0          \
    }
#define VALUE(name, types)                                                                         \
    {                                                                                              \
        name, PUT_VALUE, 0, 0, NULL, types                                                         \
    }

#define ARRAY TN_JSON_MAY(TN_JSON_ARRAY)
#define OBJECT TN_JSON_MAY(TN_JSON_OBJECT)
#define NUL TN_JSON_MAY(TN_JSON_NULL)
#define STRING TN_JSON_MAY(TN_JSON_STRING)

enum policy_place {
    AT_FORMAT,
    AT_WINDOW,
    AT_DRAW,
    AT_PORTS,
    AT_SLOTS,
    AT_ZONE,
    AT_VALIDATION,
    AT_LANGUAGES,
    AT_NOTES,
};

static const struct field policy_fields[] = {
    VALUE("format", STRING),
    VALUE("window", OBJECT),
    VALUE("draw", OBJECT | NUL),
    VALUE("ports", ARRAY),
    VALUE("slots", ARRAY),
    VALUE("zone", OBJECT),
    VALUE("validation", OBJECT),
    VALUE("languages", ARRAY),
    VALUE("notes", ARRAY),
    U32("version", tn_policy, version),
    {"effective", PUT_INSTANT, AT(tn_policy, effective_us), 0, NULL, 0},
    {"method", PUT_NAME, AT(tn_policy, method), 0, methods, 0},
    U32("horizon_days", tn_policy, horizon_days),
    U32("notice_min_days", tn_policy, notice_min_days),
    U32("size_max", tn_policy, size_max),
    U32("choices_max", tn_policy, choices_max),
    U32("adult_years", tn_policy, adult_years),
    U32("moves_max", tn_policy, moves_max),
    U32("photo_attempts", tn_policy, photo_attempts),
    {"group_shares_destination", PUT_BOOL, AT(tn_policy, group_shares_destination), 0, NULL, 0},
    U32("seats_per_day", tn_policy, seats_per_day),
    {"programme_end", PUT_INSTANT, AT(tn_policy, programme_end_us), 0, NULL, 0},
};

static const struct field window_fields[] = {
    TEXT("zone", tn_policy_window, zone),
    {"opens", PUT_TIME, AT(tn_policy_window, opens_minute), 0, NULL, 0},
    {"closes", PUT_TIME, AT(tn_policy_window, closes_minute), 0, NULL, 0},
};

enum draw_place { AT_WITNESSES, AT_CERTIFICATE };

static const struct field draw_fields[] = {
    {"witnesses", PUT_OPTION, 0, 0, NULL, ARRAY},
    {"certificate", PUT_OPTION, 0, 0, NULL, STRING},
    TEXT("zone", tn_policy, draw.zone),
    U32("day_offset", tn_policy, draw.day_offset),
    {"at", PUT_TIME, AT(tn_policy, draw.minute), 0, NULL, 0},
    U32("mode", tn_policy, draw.mode),
    {"beacon", PUT_NAME0, AT(tn_policy, draw.beacon), 0, beacons, 0},
    {"beacon_delay_minutes", PUT_MINUTES, AT(tn_policy, draw.beacon_delay_us), 0, NULL, 0},
    {"witness_wait_minutes", PUT_MINUTES, AT(tn_policy, draw.witness_wait_us), 0, NULL, 0},
    U32("share_ppm", tn_policy, share_ppm),
    {"packing", PUT_NAME, AT(tn_policy, packing), 0, packings, 0},
    {"confirm_minutes", PUT_MINUTES, AT(tn_policy, confirm_us), 0, NULL, 0},
    {"confirm_from", PUT_NAME, AT(tn_policy, confirm_from), 0, confirms, 0},
};

static const struct field port_fields[] = {
    {"code", PUT_U16, AT(tn_policy_port, code), 0, NULL, 0},
    TEXT("name", tn_policy_port, name),
    TEXT("zone", tn_policy_port, zone),
    U32("weight", tn_policy_port, weight),
};

static const struct field zone_fields[] = {
    VALUE("areas", ARRAY),
    VALUE("rules", ARRAY),
    U32("version", tn_zone, version),
};

static const struct field area_fields[] = {
    VALUE("points", ARRAY),
    {"code", PUT_U16, AT(tn_zone_area, code), 0, NULL, 0},
};

static const struct field rule_fields[] = {
    VALUE("nationality", STRING | NUL),
    {"area", PUT_U16, AT(tn_zone_rule, area), 0, NULL, 0},
};

static const struct field validation_fields[] = {
    VALUE("domains", ARRAY),
    {"detail", PUT_NAME, AT(tn_policy_validation, detail), 0, details, 0},
    U32("officer_per_minute", tn_policy_validation, officer_per_minute),
    U32("officer_per_day", tn_policy_validation, officer_per_day),
    U32("organisation_per_day", tn_policy_validation, organisation_per_day),
    U32("negative_weight", tn_policy_validation, negative_weight),
    U32("negatives_in_row", tn_policy_validation, negatives_in_row),
    U32("dates_per_number", tn_policy_validation, dates_per_number),
    U32("officers_per_number", tn_policy_validation, officers_per_number),
    U32("alarm_factor", tn_policy_validation, alarm_factor),
    U32("grant_days", tn_policy_validation, grant_days),
    U32("grant_idle_days", tn_policy_validation, grant_idle_days),
};

#define READ(value, table, object, out, error)                                                     \
    read_object(value, table, TN_ARRAY_SIZE(table), object, out, error)

static enum tn_status too_many(struct tn_error *error, const char *what, size_t max)
{
    return tn_fail(error, TN_INVALID, "\"%s\" has more than %zu items", what, max);
}

/* Strings of a list into rows of `size` bytes. */
static enum tn_status read_texts(const struct tn_json_value *list, const char *what, char *rows,
                                 size_t size, size_t max, uint32_t *count, struct tn_error *error)
{
    if (list->count > max) {
        return too_many(error, what, max);
    }
    for (uint32_t i = 0; i < list->count; i++) {
        if (!tn_json_read_text(&list->as.items[i], rows + i * size, size)) {
            return tn_fail(error, TN_INVALID, "\"%s\" holds strings of at most %zu bytes", what,
                           size - 1);
        }
    }
    *count = list->count;
    return TN_OK;
}

static enum tn_status read_ports(const struct tn_json_value *list, struct tn_policy *policy,
                                 struct tn_error *error)
{
    enum tn_status status = TN_OK;

    if (list->count > TN_POLICY_PORTS_MAX) {
        return too_many(error, "ports", TN_POLICY_PORTS_MAX);
    }
    policy->port_count = list->count;
    for (uint32_t i = 0; status == TN_OK && i < list->count; i++) {
        status = READ(&list->as.items[i], port_fields, &policy->ports[i], NULL, error);
    }
    return status;
}

static enum tn_status read_slots(const struct tn_json_value *list, struct tn_policy *policy,
                                 struct tn_error *error)
{
    if (list->count > TN_POLICY_SLOTS_MAX) {
        return too_many(error, "slots", TN_POLICY_SLOTS_MAX);
    }
    policy->slot_count = list->count;
    for (uint32_t i = 0; i < list->count; i++) {
        uint64_t minute;

        if (!tn_json_read_time(&list->as.items[i], &minute)) {
            return tn_fail(error, TN_INVALID, "\"slots\" holds times as \"08:00\"");
        }
        policy->slots[i] = (uint16_t) minute;
    }
    return TN_OK;
}

static enum tn_status read_points(const struct tn_json_value *list, struct tn_zone_area *area,
                                  struct tn_error *error)
{
    if (list->count > TN_ZONE_POINTS_MAX) {
        return too_many(error, "points", TN_ZONE_POINTS_MAX);
    }
    area->point_count = (uint16_t) list->count;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct tn_json_value *point = &list->as.items[i];
        int64_t lat;
        int64_t lon;

        if (point->type != TN_JSON_ARRAY || point->count != 2 ||
            !tn_json_read_int(&point->as.items[0], INT32_MIN, INT32_MAX, &lat) ||
            !tn_json_read_int(&point->as.items[1], INT32_MIN, INT32_MAX, &lon)) {
            return tn_fail(error, TN_INVALID,
                           "a point is [latitude, longitude] in integer microdegrees");
        }
        area->points[i] = (struct tn_zone_point){(int32_t) lat, (int32_t) lon};
    }
    return TN_OK;
}

static enum tn_status read_rule(const struct tn_json_value *value, struct tn_zone_rule *rule,
                                struct tn_error *error)
{
    const struct tn_json_value *members[TN_ARRAY_SIZE(rule_fields)];
    enum tn_status status = READ(value, rule_fields, rule, members, error);

    if (status == TN_OK && members[0]->type == TN_JSON_STRING &&
        (!tn_json_read_text(members[0], rule->nationality, sizeof(rule->nationality)) ||
         rule->nationality[0] == '\0')) {
        status = tn_fail(error, TN_INVALID, "a nationality is three letters, or null");
    }
    return status;
}

static enum tn_status read_zone(const struct tn_json_value *value, struct tn_zone *zone,
                                struct tn_error *error)
{
    const struct tn_json_value *members[TN_ARRAY_SIZE(zone_fields)];
    enum tn_status status = READ(value, zone_fields, zone, members, error);

    if (status == TN_OK && members[0]->count > TN_ZONE_AREAS_MAX) {
        status = too_many(error, "areas", TN_ZONE_AREAS_MAX);
    }
    if (status == TN_OK && members[1]->count > TN_ZONE_RULES_MAX) {
        status = too_many(error, "rules", TN_ZONE_RULES_MAX);
    }
    for (uint32_t i = 0; status == TN_OK && i < members[0]->count; i++) {
        const struct tn_json_value *area[TN_ARRAY_SIZE(area_fields)];

        status = READ(&members[0]->as.items[i], area_fields, &zone->areas[i], area, error);
        if (status == TN_OK) {
            status = read_points(area[0], &zone->areas[i], error);
        }
    }
    for (uint32_t i = 0; status == TN_OK && i < members[1]->count; i++) {
        status = read_rule(&members[1]->as.items[i], &zone->rules[i], error);
    }
    if (status == TN_OK) {
        zone->area_count = (uint16_t) members[0]->count;
        zone->rule_count = (uint16_t) members[1]->count;
    }
    return status;
}

static enum tn_status read_draw(const struct tn_json_value *value, struct tn_policy *policy,
                                struct tn_error *error)
{
    const struct tn_json_value *members[TN_ARRAY_SIZE(draw_fields)];
    const struct tn_json_value *witnesses;
    const struct tn_json_value *certificate;
    enum tn_status status = READ(value, draw_fields, policy, members, error);

    if (status != TN_OK) {
        return status;
    }
    witnesses = members[AT_WITNESSES];
    certificate = members[AT_CERTIFICATE];
    if (witnesses && witnesses->count > TN_POLICY_WITNESSES_MAX) {
        return tn_fail(error, TN_INVALID, "\"witnesses\" names more than %d",
                       TN_POLICY_WITNESSES_MAX);
    }
    policy->draw.witness_count = witnesses ? witnesses->count : 0;
    for (uint32_t i = 0; i < policy->draw.witness_count; i++) {
        if (!tn_json_read_id(&witnesses->as.items[i], policy->draw.witnesses[i])) {
            return tn_fail(error, TN_INVALID, "\"witnesses\" holds ids of 32 hexadecimal digits");
        }
    }
    if (certificate &&
        tn_hex_decode(certificate->as.string, policy->draw.certificate, TN_HASH_SIZE) != TN_OK) {
        return tn_fail(error, TN_INVALID, "\"certificate\" is a SHA-256 in hexadecimal");
    }
    return TN_OK;
}

static enum tn_status read_parts(const struct tn_json_value *const *members,
                                 struct tn_policy *policy, struct tn_error *error)
{
    const struct tn_json_value *validation[TN_ARRAY_SIZE(validation_fields)];
    enum tn_status status = READ(members[AT_WINDOW], window_fields, &policy->window, NULL, error);

    if (status == TN_OK && members[AT_DRAW]->type == TN_JSON_OBJECT) {
        status = read_draw(members[AT_DRAW], policy, error);
    }
    if (status == TN_OK) {
        status = read_ports(members[AT_PORTS], policy, error);
    }
    if (status == TN_OK) {
        status = read_slots(members[AT_SLOTS], policy, error);
    }
    if (status == TN_OK) {
        status = read_zone(members[AT_ZONE], &policy->zone, error);
    }
    if (status == TN_OK) {
        status =
            READ(members[AT_VALIDATION], validation_fields, &policy->validation, validation, error);
    }
    if (status == TN_OK) {
        status = read_texts(validation[0], "domains", policy->validation.domains[0],
                            TN_POLICY_DOMAIN_SIZE, TN_POLICY_DOMAINS_MAX,
                            &policy->validation.domain_count, error);
    }
    if (status == TN_OK) {
        status = read_texts(members[AT_LANGUAGES], "languages", policy->languages[0],
                            TN_POLICY_LANGUAGE_SIZE, TN_POLICY_LANGUAGES_MAX,
                            &policy->language_count, error);
    }
    return status;
}

enum tn_status tn_policy_read_value(const struct tn_json_value *value, struct tn_policy *policy,
                                    struct tn_error *error)
{
    const struct tn_json_value *members[TN_ARRAY_SIZE(policy_fields)];
    enum tn_status status;

    memset(policy, 0, sizeof(*policy));
    if (value->type == TN_JSON_OBJECT && tn_json_member(value, "versions")) {
        return tn_fail(error, TN_INVALID, "a history of policies: give one of its \"versions\"");
    }
    status = READ(value, policy_fields, policy, members, error);
    if (status == TN_OK &&
        !tn_bytes_equal_string(members[AT_FORMAT]->as.string, "turno-policy-1")) {
        status = tn_fail(error, TN_INVALID, "the format is not turno-policy-1");
    }
    if (status == TN_OK) {
        status = read_parts(members, policy, error);
    }
    if (status == TN_OK) {
        status = tn_policy_validate(policy, error);
    }
    if (status != TN_OK) {
        memset(policy, 0, sizeof(*policy));
    }
    return status;
}

enum tn_status tn_policy_read_json(struct tn_bytes text, struct tn_policy *policy,
                                   struct tn_error *error)
{
    struct tn_json_parser *parser = tn_json_parser_create();
    const struct tn_json_value *root = NULL;
    struct tn_arena arena;
    enum tn_status status;

    memset(policy, 0, sizeof(*policy));
    tn_arena_init(&arena, (size_t) 4 << 20);
    status = parser ? tn_json_parse(parser, text, NULL, &arena, &root, error)
                    : tn_fail(error, TN_MEMORY, "no memory to read a policy");
    if (status == TN_OK) {
        status = tn_policy_read_value(root, policy, error);
    }
    tn_arena_close(&arena);
    tn_json_parser_destroy(parser);
    return status == TN_FULL || status == TN_MEMORY ? TN_INVALID : status;
}
