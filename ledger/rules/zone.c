#include "ledger/rules/zone.h"

#include <inttypes.h>
#include <string.h>

/* Differences of coordinates are below 3.6e8 and 1.8e8, so a cross product of two of them is below
 * 1.3e17: exact in 64 bits. */
_Static_assert((int64_t) 2 * (2 * TN_ZONE_LAT_MAX_UDEG) * (2 * TN_ZONE_LON_MAX_UDEG) <
                   INT64_MAX / 8,
               "cross products must stay exact");

/* Twice the signed area of the triangle a, b, c: positive when c lies left of a -> b (longitude to
 * the right, latitude up), zero when the three are in line. */
static int64_t cross(struct tn_zone_point a, struct tn_zone_point b, struct tn_zone_point c)
{
    int64_t edge_lat = (int64_t) b.lat_udeg - a.lat_udeg;
    int64_t edge_lon = (int64_t) b.lon_udeg - a.lon_udeg;
    int64_t to_lat = (int64_t) c.lat_udeg - a.lat_udeg;
    int64_t to_lon = (int64_t) c.lon_udeg - a.lon_udeg;
    return edge_lon * to_lat - edge_lat * to_lon;
}

static bool between(int32_t value, int32_t a, int32_t b)
{
    return a < b ? a <= value && value <= b : b <= value && value <= a;
}

/* Is c, known to be in line with a and b, on the segment between them? */
static bool on_segment(struct tn_zone_point a, struct tn_zone_point b, struct tn_zone_point c)
{
    return between(c.lat_udeg, a.lat_udeg, b.lat_udeg) &&
           between(c.lon_udeg, a.lon_udeg, b.lon_udeg);
}

static bool position_valid(int32_t lat_udeg, int32_t lon_udeg)
{
    return lat_udeg >= -TN_ZONE_LAT_MAX_UDEG && lat_udeg <= TN_ZONE_LAT_MAX_UDEG &&
           lon_udeg >= -TN_ZONE_LON_MAX_UDEG && lon_udeg <= TN_ZONE_LON_MAX_UDEG;
}

bool tn_zone_contains(const struct tn_zone_area *area, int32_t lat_udeg, int32_t lon_udeg)
{
    struct tn_zone_point at = {.lat_udeg = lat_udeg, .lon_udeg = lon_udeg};
    bool inside = false;

    if (!position_valid(lat_udeg, lon_udeg) || area->point_count == 0) {
        return false;
    }
    struct tn_zone_point a = area->points[area->point_count - 1];
    for (size_t i = 0; i < area->point_count; i++) {
        struct tn_zone_point b = area->points[i];
        int64_t side = cross(a, b, at);
        if (side == 0 && on_segment(a, b, at)) {
            return true;
        }
        /* A ray to the east crosses the edges whose ends lie on both sides of its latitude and that
         * have the point on their west; a corner on the ray belongs to the edge below it only. */
        bool rises = a.lat_udeg <= lat_udeg && b.lat_udeg > lat_udeg;
        bool falls = b.lat_udeg <= lat_udeg && a.lat_udeg > lat_udeg;
        if ((rises && side > 0) || (falls && side < 0)) {
            inside = !inside;
        }
        a = b;
    }
    return inside;
}

static const struct tn_zone_area *find_area(const struct tn_zone *zone, uint16_t code)
{
    for (size_t i = 0; i < zone->area_count; i++) {
        if (zone->areas[i].code == code) {
            return &zone->areas[i];
        }
    }
    return NULL;
}

enum tn_zone_result tn_zone_decide(const struct tn_zone *zone, struct tn_bytes nationality,
                                   int32_t lat_udeg, int32_t lon_udeg)
{
    if (!position_valid(lat_udeg, lon_udeg)) {
        return TN_ZONE_NO_POSITION;
    }
    for (size_t i = 0; i < zone->rule_count; i++) {
        const struct tn_zone_rule *rule = &zone->rules[i];
        if (rule->nationality[0] != '\0' &&
            !tn_bytes_equal_string(nationality, rule->nationality)) {
            continue;
        }
        const struct tn_zone_area *area = find_area(zone, rule->area);
        if (area != NULL && tn_zone_contains(area, lat_udeg, lon_udeg)) {
            return TN_ZONE_INSIDE;
        }
    }
    return TN_ZONE_OUTSIDE;
}

/* Do the segments a-b and c-d share a point? */
static bool segments_meet(struct tn_zone_point a, struct tn_zone_point b, struct tn_zone_point c,
                          struct tn_zone_point d)
{
    int64_t abc = cross(a, b, c);
    int64_t abd = cross(a, b, d);
    int64_t cda = cross(c, d, a);
    int64_t cdb = cross(c, d, b);

    if (((abc > 0 && abd < 0) || (abc < 0 && abd > 0)) &&
        ((cda > 0 && cdb < 0) || (cda < 0 && cdb > 0))) {
        return true;
    }
    return (abc == 0 && on_segment(a, b, c)) || (abd == 0 && on_segment(a, b, d)) ||
           (cda == 0 && on_segment(c, d, a)) || (cdb == 0 && on_segment(c, d, b));
}

/* Neighbouring edges share their corner; what they must not do is turn back on themselves. */
static bool turns_back(struct tn_zone_point a, struct tn_zone_point b, struct tn_zone_point c)
{
    return cross(a, b, c) == 0 && (on_segment(a, b, c) || on_segment(b, c, a));
}

static enum tn_status validate_area(const struct tn_zone_area *area, struct tn_error *error)
{
    size_t count = area->point_count;

    if (count < 3 || count > TN_ZONE_POINTS_MAX) {
        return tn_fail(error, TN_INVALID, "zone area %u: has %zu points, must have 3 to %d",
                       area->code, count, TN_ZONE_POINTS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (!position_valid(area->points[i].lat_udeg, area->points[i].lon_udeg)) {
            return tn_fail(error, TN_INVALID, "zone area %u: point %zu is not on the globe",
                           area->code, i);
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct tn_zone_point a = area->points[i];
        struct tn_zone_point b = area->points[(i + 1) % count];
        if (a.lat_udeg == b.lat_udeg && a.lon_udeg == b.lon_udeg) {
            return tn_fail(error, TN_INVALID, "zone area %u: point %zu is given twice", area->code,
                           i);
        }
        if (turns_back(a, b, area->points[(i + 2) % count])) {
            return tn_fail(error, TN_INVALID, "zone area %u: the border turns back at point %zu",
                           area->code, (i + 1) % count);
        }
        for (size_t j = i + 2; j < count && !(i == 0 && j == count - 1); j++) {
            if (segments_meet(a, b, area->points[j], area->points[(j + 1) % count])) {
                return tn_fail(error, TN_INVALID,
                               "zone area %u: the edges after points %zu and %zu meet", area->code,
                               i, j);
            }
        }
    }
    return TN_OK;
}

static bool nationality_valid(const char text[static TN_ZONE_NATIONALITY_SIZE + 1])
{
    if (text[0] == '\0') {
        return tn_is_zero(text, TN_ZONE_NATIONALITY_SIZE + 1);
    }
    for (size_t i = 0; i < TN_ZONE_NATIONALITY_SIZE; i++) {
        if (text[i] < 'A' || text[i] > 'Z') {
            return false;
        }
    }
    return text[TN_ZONE_NATIONALITY_SIZE] == '\0';
}

static enum tn_status validate_rules(const struct tn_zone *zone, struct tn_error *error)
{
    for (size_t i = 0; i < zone->rule_count; i++) {
        if (find_area(zone, zone->rules[i].area) == NULL) {
            return tn_fail(error, TN_INVALID, "zone rule %zu: there is no area %u", i,
                           zone->rules[i].area);
        }
        if (!nationality_valid(zone->rules[i].nationality)) {
            return tn_fail(error, TN_INVALID,
                           "zone rule %zu: the nationality must be three capital letters or empty",
                           i);
        }
        for (size_t j = 0; j < i; j++) {
            if (zone->rules[i].area == zone->rules[j].area &&
                strcmp(zone->rules[i].nationality, zone->rules[j].nationality) == 0) {
                return tn_fail(error, TN_INVALID, "zone rules %zu and %zu are equal", j, i);
            }
        }
    }
    for (size_t i = 0; i < zone->area_count; i++) {
        bool used = false;
        for (size_t j = 0; j < zone->rule_count; j++) {
            used = used || zone->rules[j].area == zone->areas[i].code;
        }
        if (!used) {
            return tn_fail(error, TN_INVALID, "zone area %u: no rule says who may ask from it",
                           zone->areas[i].code);
        }
    }
    return TN_OK;
}

enum tn_status tn_zone_validate(const struct tn_zone *zone, struct tn_error *error)
{
    if (zone->version == 0) {
        return tn_fail(error, TN_INVALID, "zone version: must be 1 or more");
    }
    if (zone->area_count == 0 || zone->area_count > TN_ZONE_AREAS_MAX) {
        return tn_fail(error, TN_INVALID, "zone areas: there are %u, must be 1 to %d",
                       zone->area_count, TN_ZONE_AREAS_MAX);
    }
    if (zone->rule_count == 0 || zone->rule_count > TN_ZONE_RULES_MAX) {
        return tn_fail(error, TN_INVALID, "zone rules: there are %u, must be 1 to %d",
                       zone->rule_count, TN_ZONE_RULES_MAX);
    }
    for (size_t i = 0; i < zone->area_count; i++) {
        const struct tn_zone_area *area = &zone->areas[i];
        if (area->code == 0 || find_area(zone, area->code) != area) {
            return tn_fail(error, TN_INVALID, "zone area %u: the code must be unique and not 0",
                           area->code);
        }
        enum tn_status status = validate_area(area, error);
        if (status != TN_OK) {
            return status;
        }
    }
    return validate_rules(zone, error);
}

bool tn_zone_equal(const struct tn_zone *a, const struct tn_zone *b)
{
    if (a->version != b->version || a->area_count != b->area_count ||
        a->rule_count != b->rule_count) {
        return false;
    }
    for (size_t i = 0; i < a->area_count; i++) {
        const struct tn_zone_area *left = &a->areas[i];
        const struct tn_zone_area *right = &b->areas[i];
        if (left->code != right->code || left->point_count != right->point_count) {
            return false;
        }
        for (size_t j = 0; j < left->point_count; j++) {
            if (left->points[j].lat_udeg != right->points[j].lat_udeg ||
                left->points[j].lon_udeg != right->points[j].lon_udeg) {
                return false;
            }
        }
    }
    for (size_t i = 0; i < a->rule_count; i++) {
        if (a->rules[i].area != b->rules[i].area ||
            strcmp(a->rules[i].nationality, b->rules[i].nationality) != 0) {
            return false;
        }
    }
    return true;
}

const char *tn_zone_result_name(enum tn_zone_result result)
{
    switch (result) {
    case TN_ZONE_INSIDE:
        return "inside";
    case TN_ZONE_OUTSIDE:
        return "outside";
    case TN_ZONE_NO_POSITION:
        return "no_position";
    case TN_ZONE_UNKNOWN:
        break;
    }
    return "unknown";
}
