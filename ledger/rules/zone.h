/* Where a person must be to ask: areas as integer polygons, and who may use which area.
 *
 * Coordinates are WGS 84 in microdegrees (19.000000 N is 19000000; west and south are negative).
 * Everything is exact integer arithmetic, so two machines never differ on a border. The decision is
 * made where the position is known (intake); what reaches the log is the zone's version and the
 * result code, never a coordinate and never which rule let the person in, for that would tell a
 * nationality. Pure, any thread. Source: spec/domain.md 3 and R14. */
#ifndef TN_LEDGER_RULES_ZONE_H
#define TN_LEDGER_RULES_ZONE_H

#include "ledger/base/bytes.h"

/* Limits: a zone stands in every policy document, which must fit one log entry (65,535 bytes);
 * 8 areas of 160 points take at most 14 kB of it. */
#define TN_ZONE_AREAS_MAX 8
#define TN_ZONE_POINTS_MAX 160
#define TN_ZONE_RULES_MAX 16
#define TN_ZONE_NATIONALITY_SIZE 3

#define TN_ZONE_LAT_MAX_UDEG 90000000
#define TN_ZONE_LON_MAX_UDEG 180000000

struct tn_zone_point {
    int32_t lat_udeg; /* -90000000..90000000 */
    int32_t lon_udeg; /* -180000000..180000000 */
};

/* One simple polygon, closed by itself (the first point is not repeated at the end). It must not
 * cross the 180th meridian. */
struct tn_zone_area {
    uint16_t code; /* 1.., unique in its zone, named by the rules */
    uint16_t point_count;
    struct tn_zone_point points[TN_ZONE_POINTS_MAX];
};

/* People of `nationality` may ask from within the area `area`. */
struct tn_zone_rule {
    uint16_t area;
    /* ISO 3166-1 alpha-3 in upper case ("MEX") and a zero, or "" for everybody. */
    char nationality[TN_ZONE_NATIONALITY_SIZE + 1];
};

/* One version of the zone. Content never changes without a new version number. */
struct tn_zone {
    uint32_t version;
    uint16_t area_count;
    uint16_t rule_count;
    struct tn_zone_area areas[TN_ZONE_AREAS_MAX];
    struct tn_zone_rule rules[TN_ZONE_RULES_MAX];
};

/* What the log keeps beside the version. Numbers reach the disk. */
enum tn_zone_result {
    TN_ZONE_UNKNOWN = 0, /* never written: no decision was made */
    TN_ZONE_INSIDE = 1,
    TN_ZONE_OUTSIDE = 2,
    TN_ZONE_NO_POSITION = 3, /* none was given, or it lies outside the range of coordinates */
};

/* True when the point lies in the area. Points on an edge or a corner are inside. */
bool tn_zone_contains(const struct tn_zone_area *area, int32_t lat_udeg, int32_t lon_udeg);

/* The result for a person of `nationality` (three letters, upper case; empty when not known: then
 * only rules for everybody count) at a position. Never TN_ZONE_UNKNOWN. */
enum tn_zone_result tn_zone_decide(const struct tn_zone *zone, struct tn_bytes nationality,
                                   int32_t lat_udeg, int32_t lon_udeg);

/* Check every constraint above: counts, ranges, unique codes, at least three points, no edge of
 * length zero, no two edges that cross or touch, a rule for every area and an area for every rule.
 * TN_INVALID with a sentence. */
TN_MUST_USE enum tn_status tn_zone_validate(const struct tn_zone *zone, struct tn_error *error);

/* Equal in version and in every point and rule. */
bool tn_zone_equal(const struct tn_zone *a, const struct tn_zone *b);

/* "inside", "outside", "no_position", "unknown": static text. */
const char *tn_zone_result_name(enum tn_zone_result result);

#endif
