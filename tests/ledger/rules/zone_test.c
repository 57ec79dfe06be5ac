/* Integer polygons, and the zones of the first policy (R14). */
#include "ledger/rules/zone.h"

#include <string.h>

#include "ledger/base/check.h"
#include "ledger/rules/policy_zones.h"
#include "tests/ledger/base/unit.h"

static const struct tn_zone_area square = {
    .code = 1, .point_count = 4, .points = {{0, 0}, {0, 10}, {10, 10}, {10, 0}}};

/* A notch from above down to (4, 5); its corners lie on one latitude with points that are tried. */
static const struct tn_zone_area notched = {
    .code = 1, .point_count = 5, .points = {{0, 0}, {0, 10}, {10, 10}, {4, 5}, {10, 0}}};

static struct tn_bytes nobody(void)
{
    return tn_bytes_from_string("");
}

static struct tn_bytes mexican(void)
{
    return tn_bytes_from_string("MEX");
}

static void edges_and_corners_are_inside(void **state)
{
    (void) state;
    for (int32_t i = 0; i <= 10; i++) {
        assert_true(tn_zone_contains(&square, 0, i));
        assert_true(tn_zone_contains(&square, 10, i));
        assert_true(tn_zone_contains(&square, i, 0));
        assert_true(tn_zone_contains(&square, i, 10));
        assert_false(tn_zone_contains(&square, -1, i));
        assert_false(tn_zone_contains(&square, 11, i));
        assert_false(tn_zone_contains(&square, i, -1));
        assert_false(tn_zone_contains(&square, i, 11));
    }
}

static void corners_on_the_ray_count_once(void **state)
{
    (void) state;
    assert_true(tn_zone_contains(&notched, 4, 1));
    assert_true(tn_zone_contains(&notched, 4, 5));
    assert_true(tn_zone_contains(&notched, 4, 9));
    assert_false(tn_zone_contains(&notched, 4, -1));
    assert_false(tn_zone_contains(&notched, 4, 11));
    assert_false(tn_zone_contains(&notched, 5, 5));
    assert_false(tn_zone_contains(&notched, 10, 5));
    assert_true(tn_zone_contains(&notched, 10, 0));
    assert_true(tn_zone_contains(&notched, 3, 5));
    assert_false(tn_zone_contains(&notched, 10, -5));
    assert_false(tn_zone_contains(&notched, 0, -5));
}

static void orientation_does_not_matter(void **state)
{
    (void) state;
    struct tn_zone_area turned = {.code = 1, .point_count = notched.point_count};
    for (size_t i = 0; i < notched.point_count; i++) {
        turned.points[i] = notched.points[notched.point_count - 1u - i];
    }
    for (int32_t lat = -2; lat < 13; lat++) {
        for (int32_t lon = -2; lon < 13; lon++) {
            assert_int_equal(tn_zone_contains(&turned, lat, lon),
                             tn_zone_contains(&notched, lat, lon));
        }
    }
}

/* The whole globe: the largest differences there are. */
static void products_stay_exact_at_the_ends_of_the_globe(void **state)
{
    (void) state;
    const struct tn_zone_area half = {
        .code = 1,
        .point_count = 3,
        .points = {{-90000000, -180000000}, {-90000000, 180000000}, {90000000, 180000000}}};
    assert_true(tn_zone_contains(&half, 0, 0));
    assert_false(tn_zone_contains(&half, 1, 0));
    assert_true(tn_zone_contains(&half, 45000000, 90000000));
    assert_true(tn_zone_contains(&half, 45000000, 90000001));
    assert_false(tn_zone_contains(&half, 45000000, 89999999));
    assert_false(tn_zone_contains(&half, INT32_MAX, INT32_MAX));
    assert_false(tn_zone_contains(&half, INT32_MIN, INT32_MIN));
}

/* Another algorithm: the winding number, over a grid that hits every corner and edge. */
static bool winding_contains(const struct tn_zone_area *area, int32_t lat, int32_t lon)
{
    int winding = 0;
    for (size_t i = 0; i < area->point_count; i++) {
        struct tn_zone_point a = area->points[i];
        struct tn_zone_point b = area->points[(i + 1u) % area->point_count];
        int64_t side = ((int64_t) b.lon_udeg - a.lon_udeg) * ((int64_t) lat - a.lat_udeg) -
                       ((int64_t) lon - a.lon_udeg) * ((int64_t) b.lat_udeg - a.lat_udeg);
        int64_t inner = ((int64_t) lon - a.lon_udeg) * ((int64_t) lon - b.lon_udeg) +
                        ((int64_t) lat - a.lat_udeg) * ((int64_t) lat - b.lat_udeg);
        if (side == 0 && inner <= 0) {
            return true;
        }
        if (a.lat_udeg <= lat && b.lat_udeg > lat && side > 0) {
            winding++;
        } else if (a.lat_udeg > lat && b.lat_udeg <= lat && side < 0) {
            winding--;
        }
    }
    return winding != 0;
}

static void two_algorithms_agree_over_mexico(void **state)
{
    (void) state;
    static struct tn_zone zone;
    unsigned inside = 0;
    unsigned tried = 0;

    tn_policy_zone_southeast(&zone);
    for (size_t a = 0; a < zone.area_count; a++) {
        const struct tn_zone_area *area = &zone.areas[a];
        for (int32_t lat = 14000000; lat <= 33000000; lat += 100000) {
            for (int32_t lon = -118000000; lon <= -86000000; lon += 100000) {
                bool in = tn_zone_contains(area, lat, lon);
                assert_int_equal(in, winding_contains(area, lat, lon));
                inside += in ? 1u : 0u;
                tried++;
            }
        }
        for (size_t i = 0; i < area->point_count; i++) {
            assert_true(tn_zone_contains(area, area->points[i].lat_udeg, area->points[i].lon_udeg));
        }
    }
    assert_in_range(inside, tried / 10, tried / 2);
}

/* Where, who is asked about: before 2024-08-23 everybody alike, after it others and citizens. */
static const struct {
    const char *label;
    int32_t lat_udeg;
    int32_t lon_udeg;
    bool before;
    bool after;
    bool citizen;
} places[] = {
    {"Tijuana", 32514900, -117038200, true, true, true},
    {"San Ysidro, California", 32552000, -117043000, false, false, false},
    {"San Diego", 32715700, -117161100, false, false, false},
    {"Tecate", 32567200, -116625900, true, true, true},
    {"Tecate, California", 32577000, -116627500, false, false, false},
    {"Mexicali", 32624500, -115452300, true, true, true},
    {"Calexico", 32678900, -115498900, false, false, false},
    {"San Luis Rio Colorado", 32456100, -114771900, true, true, true},
    {"San Luis, Arizona", 32487000, -114782200, false, false, false},
    {"Yuma", 32692700, -114627700, false, false, false},
    {"Nogales, Sonora", 31308600, -110942200, true, true, true},
    {"Nogales, Arizona", 31340400, -110934300, false, false, false},
    {"Agua Prieta", 31327800, -109548900, true, true, true},
    {"Douglas", 31344500, -109545300, false, false, false},
    {"Puerto Palomas", 31765000, -107624000, true, true, true},
    {"Columbus", 31827600, -107640000, false, false, false},
    {"Ciudad Juarez", 31738600, -106485000, true, true, true},
    {"El Paso", 31761900, -106485000, false, false, false},
    {"Ojinaga", 29564400, -104413600, true, true, true},
    {"Presidio", 29560700, -104372200, false, false, false},
    {"Ciudad Acuna", 29323200, -100952200, true, true, true},
    {"Del Rio", 29362700, -100896800, false, false, false},
    {"Piedras Negras", 28700000, -100523500, true, true, true},
    {"Eagle Pass", 28709100, -100499500, false, false, false},
    {"Nuevo Laredo", 27476300, -99516400, true, true, true},
    {"Laredo", 27506400, -99507500, false, false, false},
    {"Ciudad Miguel Aleman", 26400300, -99025600, true, true, true},
    {"Roma, Texas", 26405400, -99015900, false, false, false},
    {"Reynosa", 26080600, -98288300, true, true, true},
    {"Hidalgo, Texas", 26100400, -98263100, false, false, false},
    {"McAllen", 26203400, -98230000, false, false, false},
    {"Matamoros", 25879700, -97504400, true, true, true},
    {"Brownsville", 25901700, -97497500, false, false, false},
    {"Monterrey", 25686600, -100316100, true, true, true},
    {"La Paz", 24142600, -110312800, true, true, true},
    {"Cabo San Lucas", 22890500, -109916700, true, true, true},
    {"Guadalajara", 20659700, -103349600, true, true, true},
    {"Manzanillo", 19052200, -104315800, true, true, true},
    {"Tampico", 22233100, -97861100, true, true, true},
    {"Mexico City", 19432600, -99133200, true, true, true},
    {"Puebla", 19041400, -98206300, true, true, true},
    {"the port of Veracruz", 19190000, -96134000, true, true, true},
    {"Merida", 20967400, -89592600, true, true, true},
    {"Campeche", 19830000, -90535000, true, true, true},
    {"Cancun", 21161900, -86851500, true, true, true},
    {"Cuernavaca", 18924200, -99221600, false, false, true},
    {"Acapulco", 16853100, -99823700, false, false, true},
    {"Oaxaca", 17073200, -96726600, false, false, true},
    {"Salina Cruz", 16174000, -95196000, false, false, true},
    {"Tapanatepec", 16366700, -94193600, false, false, true},
    {"Coatzacoalcos", 18134500, -94459000, false, false, true},
    {"Agua Dulce, Veracruz", 18142000, -94141000, false, false, true},
    {"Palizada, Campeche", 18254000, -92094000, false, false, true},
    {"Ciudad del Carmen", 18650000, -91830000, false, false, true},
    {"Candelaria, Campeche", 18184000, -91046000, false, false, true},
    {"Chetumal", 18503600, -88305200, false, false, true},
    {"Villahermosa", 17989200, -92947500, false, true, true},
    {"La Venta, Tabasco", 18090000, -94045000, false, true, true},
    {"Frontera, Tabasco", 18533000, -92645000, false, true, true},
    {"Tenosique", 17474000, -91423000, false, true, true},
    {"Palenque", 17509500, -91982700, false, true, true},
    {"Tuxtla Gutierrez", 16751600, -93102900, false, true, true},
    {"Arriaga", 16236000, -93899000, false, true, true},
    {"Comitan", 16250000, -92134000, false, true, true},
    {"Tapachula", 14908100, -92262000, false, true, true},
    {"Ciudad Hidalgo", 14680000, -92153000, false, true, true},
    {"Tecun Uman, Guatemala", 14678100, -92139700, false, false, false},
    {"La Mesilla, Guatemala", 15624000, -91980000, false, false, false},
    {"Flores, Guatemala", 16929000, -89892000, false, false, false},
    {"Corozal, Belize", 18394000, -88388000, false, false, false},
    {"San Pedro, Belize", 17921000, -87961000, false, false, false},
    {"Havana", 23113600, -82366600, false, false, false},
    {"null island", 0, 0, false, false, false},
    /* On the border and one microdegree (11 cm) to each side of it, in both versions. */
    {"19 N", 19000000, -99000000, true, true, true},
    {"just south of 19 N", 18999999, -99000000, false, false, true},
    {"just north of 19 N", 19000001, -99000000, true, true, true},
    {"the parallel's west end", 19000000, -105200000, true, true, true},
    {"beyond the parallel's west end", 19000000, -105200001, false, false, false},
    {"New Mexico's corner", 31783800, -108208200, true, true, true},
    {"north of that border", 31783801, -107000000, false, false, false},
    {"on that border", 31783800, -107000000, true, true, true},
    {"Guatemala's meridian", 17500000, -90990600, false, true, true},
    {"just east of it", 17500000, -90990599, false, false, false},
    {"just west of it", 17500000, -90990601, false, true, true},
    {"the parallel of El Ceibo", 17252000, -91200000, false, true, true},
    {"just south of it", 17251999, -91200000, false, false, false},
    {"Chiapas's west side", 16500000, -94050000, false, true, true},
    {"one step into Oaxaca", 16500000, -94050001, false, false, true},
};

static void every_place_in_both_versions(void **state)
{
    (void) state;
    static struct tn_zone before;
    static struct tn_zone after;
    unsigned wrong = 0;

    tn_policy_zone_north(&before);
    tn_policy_zone_southeast(&after);
    for (size_t i = 0; i < TN_ARRAY_SIZE(places); i++) {
        int32_t lat = places[i].lat_udeg;
        int32_t lon = places[i].lon_udeg;
        bool b = tn_zone_decide(&before, nobody(), lat, lon) == TN_ZONE_INSIDE;
        bool c = tn_zone_decide(&before, mexican(), lat, lon) == TN_ZONE_INSIDE;
        bool a = tn_zone_decide(&after, tn_bytes_from_string("GTM"), lat, lon) == TN_ZONE_INSIDE;
        bool m = tn_zone_decide(&after, mexican(), lat, lon) == TN_ZONE_INSIDE;
        if (b != places[i].before || c != places[i].before || a != places[i].after ||
            m != places[i].citizen) {
            print_error("%s: before %d, citizen before %d, after %d, citizen after %d\n",
                        places[i].label, b, c, a, m);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void the_zones_are_valid(void **state)
{
    (void) state;
    static struct tn_zone zone;
    struct tn_error error = {0};

    tn_policy_zone_north(&zone);
    assert_int_equal(tn_zone_validate(&zone, &error), TN_OK);
    assert_int_equal(zone.version, 1);
    tn_policy_zone_southeast(&zone);
    assert_int_equal(tn_zone_validate(&zone, &error), TN_OK);
    assert_int_equal(zone.version, 2);
}

static void positions_off_the_globe_are_no_position(void **state)
{
    (void) state;
    static struct tn_zone zone;
    tn_policy_zone_north(&zone);
    assert_int_equal(tn_zone_decide(&zone, nobody(), 90000001, 0), TN_ZONE_NO_POSITION);
    assert_int_equal(tn_zone_decide(&zone, nobody(), -90000001, 0), TN_ZONE_NO_POSITION);
    assert_int_equal(tn_zone_decide(&zone, nobody(), 0, 180000001), TN_ZONE_NO_POSITION);
    assert_int_equal(tn_zone_decide(&zone, nobody(), 0, INT32_MIN), TN_ZONE_NO_POSITION);
    assert_int_equal(tn_zone_decide(&zone, nobody(), 90000000, -180000000), TN_ZONE_OUTSIDE);
    assert_string_equal(tn_zone_result_name(TN_ZONE_INSIDE), "inside");
    assert_string_equal(tn_zone_result_name(TN_ZONE_OUTSIDE), "outside");
    assert_string_equal(tn_zone_result_name(TN_ZONE_NO_POSITION), "no_position");
    assert_string_equal(tn_zone_result_name(TN_ZONE_UNKNOWN), "unknown");
}

static void nationality_is_compared_exactly(void **state)
{
    (void) state;
    static struct tn_zone zone;
    tn_policy_zone_southeast(&zone);
    const char *others[] = {"", "mex", "ME", "MEXI", "USA"};
    for (size_t i = 0; i < TN_ARRAY_SIZE(others); i++) {
        assert_int_equal(
            tn_zone_decide(&zone, tn_bytes_from_string(others[i]), 17073200, -96726600),
            TN_ZONE_OUTSIDE);
    }
    assert_int_equal(tn_zone_decide(&zone, mexican(), 17073200, -96726600), TN_ZONE_INSIDE);
}

static struct tn_zone simple(void)
{
    struct tn_zone zone = {.version = 1, .area_count = 1, .rule_count = 1};
    zone.areas[0] = square;
    zone.rules[0].area = 1;
    return zone;
}

static void refuse(struct tn_zone *zone, const char *words)
{
    struct tn_error error = {0};
    assert_int_equal(tn_zone_validate(zone, &error), TN_INVALID);
    if (strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, words);
    }
}

static void broken_zones_are_refused_with_a_sentence(void **state)
{
    (void) state;
    struct tn_zone zone = simple();
    assert_int_equal(tn_zone_validate(&zone, NULL), TN_OK);
    zone.version = 0;
    refuse(&zone, "version");
    zone = simple();
    zone.area_count = 0;
    refuse(&zone, "areas");
    zone.area_count = TN_ZONE_AREAS_MAX + 1;
    refuse(&zone, "areas");
    zone = simple();
    zone.rule_count = 0;
    refuse(&zone, "rules");
    zone.rule_count = TN_ZONE_RULES_MAX + 1;
    refuse(&zone, "rules");
    zone = simple();
    zone.areas[0].point_count = 2;
    refuse(&zone, "points");
    zone.areas[0].point_count = TN_ZONE_POINTS_MAX + 1;
    refuse(&zone, "points");
    zone = simple();
    zone.areas[0].points[2].lat_udeg = 90000001;
    refuse(&zone, "globe");
    zone = simple();
    zone.areas[0].points[1] = zone.areas[0].points[0];
    refuse(&zone, "twice");
    zone = simple();
    zone.areas[0].points[2] = (struct tn_zone_point){0, 5};
    refuse(&zone, "turns back");
    zone = simple();
    zone.areas[0].points[1] = square.points[2];
    zone.areas[0].points[2] = square.points[1];
    refuse(&zone, "meet");
    zone = simple();
    zone.areas[0].point_count = 5;
    zone.areas[0].points[4] = (struct tn_zone_point){0, 5};
    refuse(&zone, "meet");
    zone = simple();
    zone.areas[0].points[3] = (struct tn_zone_point){10, 20};
    refuse(&zone, "after points 1 and 3 meet");
    zone = simple();
    zone.areas[1] = square;
    zone.area_count = 2;
    refuse(&zone, "unique");
    zone.areas[1].code = 2;
    refuse(&zone, "no rule");
    zone = simple();
    zone.rules[0].area = 7;
    refuse(&zone, "no area 7");
    zone = simple();
    memcpy(zone.rules[0].nationality, "mex", 4);
    refuse(&zone, "capital");
    memcpy(zone.rules[0].nationality, "M\0X", 4);
    refuse(&zone, "capital");
    memcpy(zone.rules[0].nationality, "MEXI", 4);
    refuse(&zone, "capital");
    zone = simple();
    zone.rules[1] = zone.rules[0];
    zone.rule_count = 2;
    refuse(&zone, "equal");
}

static void equality_sees_every_part(void **state)
{
    (void) state;
    struct tn_zone a = simple();
    struct tn_zone b = simple();
    assert_true(tn_zone_equal(&a, &b));
    b.version = 2;
    assert_false(tn_zone_equal(&a, &b));
    b = simple();
    b.areas[0].points[3].lon_udeg++;
    assert_false(tn_zone_equal(&a, &b));
    b = simple();
    b.areas[0].points[0].lat_udeg--;
    assert_false(tn_zone_equal(&a, &b));
    b = simple();
    b.areas[0].code++;
    assert_false(tn_zone_equal(&a, &b));
    b = simple();
    b.areas[0].point_count--;
    assert_false(tn_zone_equal(&a, &b));
    b = simple();
    memcpy(b.rules[0].nationality, "MEX", 4);
    assert_false(tn_zone_equal(&a, &b));
    b = simple();
    b.rules[0].area++;
    assert_false(tn_zone_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_and_corners_are_inside),
        cmocka_unit_test(corners_on_the_ray_count_once),
        cmocka_unit_test(orientation_does_not_matter),
        cmocka_unit_test(products_stay_exact_at_the_ends_of_the_globe),
        cmocka_unit_test(two_algorithms_agree_over_mexico),
        cmocka_unit_test(every_place_in_both_versions),
        cmocka_unit_test(the_zones_are_valid),
        cmocka_unit_test(positions_off_the_globe_are_no_position),
        cmocka_unit_test(nationality_is_compared_exactly),
        cmocka_unit_test(broken_zones_are_refused_with_a_sentence),
        cmocka_unit_test(equality_sees_every_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
