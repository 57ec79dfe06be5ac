/* The policy document: canonical msgpack of the struct, told by tables that both directions use.
 *
 * Every map has small ascending unsigned keys. A member that is zero, false or empty is left out,
 * and one that is written as such is refused, so that a policy has exactly one document. Texts are
 * str.
 *
 *     document     0 format (1)            1 version             2 effective_us     3 method
 *                  4 window                5 draw                6 share_ppm        7 packing
 *                  8 confirm_us            9 confirm_from       10 horizon_days
 *                 11 notice_min_days
 *                 12 size_max             13 choices_max        14 adult_years     15 moves_max
 *                 16 photo_attempts       17 group_shares_destination
 *                 18 seats_per_day        19 ports [port]       20 slots [uint]    21 zone
 *                 22 validation           23 languages [str]    24 programme_end_us
 *     window       1 zone                  2 opens_minute        3 closes_minute
 *     draw         1 zone                  2 day_offset          3 minute           4 mode
 *                  5 beacon                6 beacon_delay_us     7 witness_wait_us
 *                  8 witnesses [bin 16]    9 certificate bin 32
 *     port         1 code                  2 name                3 zone             4 weight
 *     zone         1 version               2 areas [area]        3 rules [rule]
 *     area         1 code                  2 points [lat, lon, lat, lon, ... in microdegrees]
 *     rule         1 area                  2 nationality
 *     validation   1 detail                2 officer_per_minute  3 officer_per_day
 *                  4 organisation_per_day  5 negative_weight     6 negatives_in_row
 *                  7 dates_per_number      8 officers_per_number 9 alarm_factor
 *                 10 grant_days           11 grant_idle_days    12 domains [str] */
#include "ledger/rules/policy.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/pack.h"

#define FORMAT 1u

enum member_kind {
    MEMBER_UINT, /* an unsigned integer or enum of 2, 4 or 8 bytes */
    MEMBER_BOOL,
    MEMBER_TEXT,   /* a char array that ends in a zero */
    MEMBER_BYTES,  /* so many bytes, not all zero: bin */
    MEMBER_RECORD, /* a struct: a map */
    MEMBER_LIST,   /* `count` items, each as `item` says */
    MEMBER_POINTS, /* `count` points: a flat array of integers */
};

struct member {
    const char *name;
    uint8_t key;
    enum member_kind kind;
    enum member_kind item; /* of a list: UINT, TEXT, BYTES or RECORD */
    size_t offset;
    size_t size;                 /* of the value, or of one item */
    const struct record *record; /* of a RECORD, or of a list of them */
    size_t count_offset;         /* of lists and points */
    size_t count_size;
    size_t count_max;
};

struct record {
    const struct member *members;
    size_t count;
};

#define SIZE_OF(type, field) sizeof(((struct type *) 0)->field)
#define PLACE(type, field) .name = #field, .offset = offsetof(struct type, field)
#define UINT(type, number, field)                                                                  \
    {                                                                                              \
        PLACE(type, field), .key = (number), .kind = MEMBER_UINT, .size = SIZE_OF(type, field)     \
    }
#define BOOL(type, number, field)                                                                  \
    {                                                                                              \
        PLACE(type, field), .key = (number), .kind = MEMBER_BOOL, .size = sizeof(bool)             \
    }
#define TEXT(type, number, field)                                                                  \
    {                                                                                              \
        PLACE(type, field), .key = (number), .kind = MEMBER_TEXT, .size = SIZE_OF(type, field)     \
    }
#define BYTES(type, number, field)                                                                 \
    {                                                                                              \
        PLACE(type, field), .key = (number), .kind = MEMBER_BYTES, .size = SIZE_OF(type, field)    \
    }
#define RECORD(type, number, field, of)                                                            \
    {                                                                                              \
        PLACE(type, field), .key = (number), .kind = MEMBER_RECORD, .size = SIZE_OF(type, field),  \
                            .record = &(of)                                                        \
    }
#define LIST(type, number, field, counter, what, of)                                               \
    {                                                                                              \
        PLACE(type, field), .key = (number), .kind = MEMBER_LIST, .item = (what),                  \
                            .size = SIZE_OF(type, field[0]), .record = (of),                       \
                            .count_offset = offsetof(struct type, counter),                        \
                            .count_size = SIZE_OF(type, counter),                                  \
                            .count_max = SIZE_OF(type, field) / SIZE_OF(type, field[0])            \
    }
#define TABLE(name)                                                                                \
    static const struct record name = {name##_members, TN_ARRAY_SIZE(name##_members)}

static const struct member window_record_members[] = {
    TEXT(tn_policy_window, 1, zone),
    UINT(tn_policy_window, 2, opens_minute),
    UINT(tn_policy_window, 3, closes_minute),
};
TABLE(window_record);

static const struct member draw_record_members[] = {
    TEXT(tn_policy_draw, 1, zone),
    UINT(tn_policy_draw, 2, day_offset),
    UINT(tn_policy_draw, 3, minute),
    UINT(tn_policy_draw, 4, mode),
    UINT(tn_policy_draw, 5, beacon),
    UINT(tn_policy_draw, 6, beacon_delay_us),
    UINT(tn_policy_draw, 7, witness_wait_us),
    LIST(tn_policy_draw, 8, witnesses, witness_count, MEMBER_BYTES, NULL),
    BYTES(tn_policy_draw, 9, certificate),
};
TABLE(draw_record);

static const struct member port_record_members[] = {
    UINT(tn_policy_port, 1, code),
    TEXT(tn_policy_port, 2, name),
    TEXT(tn_policy_port, 3, zone),
    UINT(tn_policy_port, 4, weight),
};
TABLE(port_record);

static const struct member area_record_members[] = {
    UINT(tn_zone_area, 1, code),
    {PLACE(tn_zone_area, points), .key = 2, .kind = MEMBER_POINTS,
     .size = sizeof(struct tn_zone_point),
     .count_offset = offsetof(struct tn_zone_area, point_count),
     .count_size = SIZE_OF(tn_zone_area, point_count), .count_max = TN_ZONE_POINTS_MAX},
};
TABLE(area_record);

static const struct member rule_record_members[] = {
    UINT(tn_zone_rule, 1, area),
    TEXT(tn_zone_rule, 2, nationality),
};
TABLE(rule_record);

static const struct member zone_record_members[] = {
    UINT(tn_zone, 1, version),
    LIST(tn_zone, 2, areas, area_count, MEMBER_RECORD, &area_record),
    LIST(tn_zone, 3, rules, rule_count, MEMBER_RECORD, &rule_record),
};
TABLE(zone_record);

static const struct member validation_record_members[] = {
    UINT(tn_policy_validation, 1, detail),
    UINT(tn_policy_validation, 2, officer_per_minute),
    UINT(tn_policy_validation, 3, officer_per_day),
    UINT(tn_policy_validation, 4, organisation_per_day),
    UINT(tn_policy_validation, 5, negative_weight),
    UINT(tn_policy_validation, 6, negatives_in_row),
    UINT(tn_policy_validation, 7, dates_per_number),
    UINT(tn_policy_validation, 8, officers_per_number),
    UINT(tn_policy_validation, 9, alarm_factor),
    UINT(tn_policy_validation, 10, grant_days),
    UINT(tn_policy_validation, 11, grant_idle_days),
    LIST(tn_policy_validation, 12, domains, domain_count, MEMBER_TEXT, NULL),
};
TABLE(validation_record);

static const struct member policy_record_members[] = {
    UINT(tn_policy, 1, version),
    UINT(tn_policy, 2, effective_us),
    UINT(tn_policy, 3, method),
    RECORD(tn_policy, 4, window, window_record),
    RECORD(tn_policy, 5, draw, draw_record),
    UINT(tn_policy, 6, share_ppm),
    UINT(tn_policy, 7, packing),
    UINT(tn_policy, 8, confirm_us),
    UINT(tn_policy, 9, confirm_from),
    UINT(tn_policy, 10, horizon_days),
    UINT(tn_policy, 11, notice_min_days),
    UINT(tn_policy, 12, size_max),
    UINT(tn_policy, 13, choices_max),
    UINT(tn_policy, 14, adult_years),
    UINT(tn_policy, 15, moves_max),
    UINT(tn_policy, 16, photo_attempts),
    BOOL(tn_policy, 17, group_shares_destination),
    UINT(tn_policy, 18, seats_per_day),
    LIST(tn_policy, 19, ports, port_count, MEMBER_RECORD, &port_record),
    LIST(tn_policy, 20, slots, slot_count, MEMBER_UINT, NULL),
    RECORD(tn_policy, 21, zone, zone_record),
    RECORD(tn_policy, 22, validation, validation_record),
    LIST(tn_policy, 23, languages, language_count, MEMBER_TEXT, NULL),
    UINT(tn_policy, 24, programme_end_us),
};
TABLE(policy_record);

/* --- integers of two, four and eight bytes inside a struct --- */

static uint64_t load(const uint8_t *at, size_t size)
{
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;

    switch (size) {
    case sizeof(u16):
        memcpy(&u16, at, sizeof(u16));
        return u16;
    case sizeof(u32):
        memcpy(&u32, at, sizeof(u32));
        return u32;
    default:
        TN_CHECK(size == sizeof(u64));
        memcpy(&u64, at, sizeof(u64));
        return u64;
    }
}

/* False when the value does not fit. */
static bool store(uint8_t *at, size_t size, uint64_t value)
{
    uint16_t u16 = (uint16_t) value;
    uint32_t u32 = (uint32_t) value;

    switch (size) {
    case sizeof(u16):
        memcpy(at, &u16, sizeof(u16));
        return u16 == value;
    case sizeof(u32):
        memcpy(at, &u32, sizeof(u32));
        return u32 == value;
    default:
        TN_CHECK(size == sizeof(value));
        memcpy(at, &value, sizeof(value));
        return true;
    }
}

/* --- encode --- */

static bool member_is_empty(const struct member *member, const uint8_t *base);

static bool record_is_empty(const struct record *record, const uint8_t *base)
{
    for (size_t i = 0; i < record->count; i++) {
        if (!member_is_empty(&record->members[i], base)) {
            return false;
        }
    }
    return true;
}

static bool member_is_empty(const struct member *member, const uint8_t *base)
{
    const uint8_t *at = base + member->offset;

    switch (member->kind) {
    case MEMBER_UINT:
        return load(at, member->size) == 0;
    case MEMBER_BOOL:
    case MEMBER_TEXT:
        return at[0] == 0;
    case MEMBER_BYTES:
        return tn_is_zero(at, member->size);
    case MEMBER_RECORD:
        return record_is_empty(member->record, at);
    case MEMBER_LIST:
    case MEMBER_POINTS:
        return load(base + member->count_offset, member->count_size) == 0;
    }
    return true;
}

static uint32_t record_size(const struct record *record, const uint8_t *base)
{
    uint32_t size = 0;
    for (size_t i = 0; i < record->count; i++) {
        size += member_is_empty(&record->members[i], base) ? 0u : 1u;
    }
    return size;
}

static void encode_members(const struct record *record, const uint8_t *base, struct tn_buffer *out);

static void encode_value(const struct member *member, enum member_kind kind, const uint8_t *at,
                         struct tn_buffer *out)
{
    if (kind == MEMBER_RECORD) {
        tn_pack_map(out, record_size(member->record, at));
        encode_members(member->record, at, out);
    } else if (kind == MEMBER_TEXT) {
        tn_pack_str(out, tn_bytes(at, strnlen((const char *) at, member->size)));
    } else if (kind == MEMBER_BYTES) {
        tn_pack_bin(out, tn_bytes(at, member->size));
    } else if (kind == MEMBER_BOOL) {
        tn_pack_uint(out, 1);
    } else {
        tn_pack_uint(out, load(at, member->size));
    }
}

static void encode_points(const uint8_t *at, uint32_t count, struct tn_buffer *out)
{
    struct tn_zone_point point = {0};

    tn_pack_array(out, 2 * count);
    for (size_t i = 0; i < count; i++) {
        memcpy(&point, at + i * sizeof(point), sizeof(point));
        tn_pack_int(out, point.lat_udeg);
        tn_pack_int(out, point.lon_udeg);
    }
}

static void encode_members(const struct record *record, const uint8_t *base, struct tn_buffer *out)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct member *member = &record->members[i];
        const uint8_t *at = base + member->offset;
        if (member_is_empty(member, base)) {
            continue;
        }
        tn_pack_uint(out, member->key);
        if (member->kind == MEMBER_LIST || member->kind == MEMBER_POINTS) {
            uint32_t count = (uint32_t) load(base + member->count_offset, member->count_size);
            if (member->kind == MEMBER_POINTS) {
                encode_points(at, count, out);
                continue;
            }
            tn_pack_array(out, count);
            for (size_t j = 0; j < count; j++) {
                encode_value(member, member->item, at + j * member->size, out);
            }
        } else {
            encode_value(member, member->kind, at, out);
        }
    }
}

enum tn_status tn_policy_encode(const struct tn_policy *policy, struct tn_buffer *out,
                                struct tn_error *error)
{
    const uint8_t *base = (const uint8_t *) policy;
    size_t before = out->size;
    enum tn_status status = tn_policy_validate(policy, error);

    if (status != TN_OK) {
        return status;
    }
    tn_pack_map(out, record_size(&policy_record, base) + 1);
    tn_pack_uint(out, 0);
    tn_pack_uint(out, FORMAT);
    encode_members(&policy_record, base, out);
    if (tn_buffer_status(out) != TN_OK || out->size - before > TN_POLICY_BYTES_MAX) {
        return tn_fail(error, TN_FULL, "policy document: larger than %d bytes; use fewer points",
                       TN_POLICY_BYTES_MAX);
    }
    return TN_OK;
}

/* --- decode --- */

static enum tn_status decode_record(const struct record *record, struct tn_unpack *unpack,
                                    uint32_t count, uint8_t *base, struct tn_error *error);

static enum tn_status fail_member(const struct member *member, const char *why,
                                  struct tn_error *error)
{
    return tn_fail(error, TN_INVALID, "policy document: %s: %s", member->name, why);
}

static enum tn_status decode_value(const struct member *member, enum member_kind kind,
                                   struct tn_unpack *unpack, uint8_t *at, struct tn_error *error)
{
    if (kind == MEMBER_RECORD) {
        uint32_t count = tn_unpack_map(unpack);
        return decode_record(member->record, unpack, count, at, error);
    }
    if (kind == MEMBER_TEXT) {
        struct tn_bytes text = tn_unpack_str(unpack);
        if (text.size >= member->size) {
            return fail_member(member, "the text is too long", error);
        }
        if (text.size > 0) {
            memcpy(at, text.data, text.size);
        }
        return TN_OK;
    }
    if (kind == MEMBER_BYTES) {
        struct tn_bytes bytes = tn_unpack_bin(unpack);
        if (bytes.size != member->size) {
            return fail_member(member, "has another length", error);
        }
        memcpy(at, bytes.data, bytes.size);
        return TN_OK;
    }
    uint64_t value = tn_unpack_uint(unpack);
    if (kind == MEMBER_BOOL) {
        at[0] = value == 1 ? 1 : 0;
        return value <= 1 ? TN_OK : fail_member(member, "must be 1 when it stands", error);
    }
    return store(at, member->size, value) ? TN_OK
                                          : fail_member(member, "the number is too large", error);
}

static enum tn_status decode_points(const struct member *member, struct tn_unpack *unpack,
                                    uint8_t *base, struct tn_error *error)
{
    uint32_t numbers = tn_unpack_array(unpack);
    struct tn_zone_point point = {0};

    if (numbers % 2 != 0 || numbers / 2 > member->count_max) {
        return fail_member(member, "the number of coordinates is odd or too large", error);
    }
    for (size_t i = 0; i < numbers / 2; i++) {
        int64_t lat = tn_unpack_int(unpack);
        int64_t lon = tn_unpack_int(unpack);
        if (lat < INT32_MIN || lat > INT32_MAX || lon < INT32_MIN || lon > INT32_MAX) {
            return fail_member(member, "a coordinate is too large", error);
        }
        point = (struct tn_zone_point){.lat_udeg = (int32_t) lat, .lon_udeg = (int32_t) lon};
        memcpy(base + member->offset + i * sizeof(point), &point, sizeof(point));
    }
    (void) store(base + member->count_offset, member->count_size, numbers / 2);
    return TN_OK;
}

static enum tn_status decode_list(const struct member *member, struct tn_unpack *unpack,
                                  uint8_t *base, struct tn_error *error)
{
    uint32_t count = tn_unpack_array(unpack);
    enum tn_status status = TN_OK;

    if (count > member->count_max) {
        return fail_member(member, "the list is too long", error);
    }
    for (size_t i = 0; status == TN_OK && i < count; i++) {
        status = decode_value(member, member->item, unpack,
                              base + member->offset + i * member->size, error);
    }
    (void) store(base + member->count_offset, member->count_size, count);
    return status;
}

static const struct member *find_member(const struct record *record, uint64_t key)
{
    for (size_t i = 0; i < record->count; i++) {
        if (record->members[i].key == key) {
            return &record->members[i];
        }
    }
    return NULL;
}

static enum tn_status decode_record(const struct record *record, struct tn_unpack *unpack,
                                    uint32_t count, uint8_t *base, struct tn_error *error)
{
    uint64_t last = 0; /* key 0 is the document's format, read before */
    enum tn_status status = TN_OK;

    for (uint32_t i = 0; status == TN_OK && i < count && !unpack->bad; i++) {
        uint64_t key = tn_unpack_uint(unpack);
        if (unpack->bad || key <= last) {
            return tn_fail(error, TN_INVALID, "policy document: keys must ascend from 1");
        }
        last = key;
        const struct member *member = find_member(record, key);
        if (member == NULL) {
            return tn_fail(error, TN_UNSUPPORTED,
                           "policy document: member %" PRIu64 " is unknown to this program; use "
                           "one that is at least as new as the policy",
                           key);
        }
        if (member->kind == MEMBER_LIST) {
            status = decode_list(member, unpack, base, error);
        } else if (member->kind == MEMBER_POINTS) {
            status = decode_points(member, unpack, base, error);
        } else {
            status = decode_value(member, member->kind, unpack, base + member->offset, error);
        }
        if (status == TN_OK && !unpack->bad && member_is_empty(member, base)) {
            status = fail_member(member, "is empty or zero, so it must be left out", error);
        }
    }
    return status;
}

enum tn_status tn_policy_decode(struct tn_bytes document, struct tn_policy *policy,
                                struct tn_error *error)
{
    struct tn_unpack unpack;
    enum tn_status status = TN_OK;

    memset(policy, 0, sizeof(*policy));
    if (document.size > TN_POLICY_BYTES_MAX) {
        return tn_fail(error, TN_INVALID, "policy document: %zu bytes, at most %d are allowed",
                       document.size, TN_POLICY_BYTES_MAX);
    }
    tn_unpack_init(&unpack, document);
    uint32_t count = tn_unpack_map(&unpack);
    uint64_t key = tn_unpack_uint(&unpack);
    uint64_t format = tn_unpack_uint(&unpack);
    if (unpack.bad || count == 0 || key != 0) {
        return tn_fail(error, TN_INVALID, "policy document: not a map that begins with its format");
    }
    if (format != FORMAT) {
        return tn_fail(error, TN_UNSUPPORTED,
                       "policy document: format %" PRIu64 ", this program reads format %u", format,
                       FORMAT);
    }
    status = decode_record(&policy_record, &unpack, count - 1, (uint8_t *) policy, error);
    if (status == TN_OK && !tn_unpack_done(&unpack)) {
        status = tn_fail(error, TN_INVALID,
                         "policy document: not canonical msgpack, cut short, or followed by more");
    }
    if (status == TN_OK) {
        status = tn_policy_validate(policy, error);
    }
    if (status != TN_OK) {
        memset(policy, 0, sizeof(*policy));
    }
    return status;
}
