#include "ledger/rules/policy_zones.h"

#include <string.h>

#include "ledger/base/check.h"

/* The border with the United States from the Pacific to the Gulf. */
static const struct tn_zone_point border_north[] = {
    {32534300, -117135000}, {32534300, -117124000}, /* Playas de Tijuana */
    {32718700, -114719600},                         /* Los Algodones, the Colorado */
    {32494000, -114813100},                         /* San Luis Rio Colorado */
    {31332200, -111074200},                         /* west of Nogales */
    {31334100, -108208600}, {31783800, -108208200}, /* the corner of New Mexico */
    {31783800, -106528600},                         /* Monument 1, the Rio Grande */
    {31747000, -106487000}, {31762500, -106451000}, /* Ciudad Juarez and El Paso */
    {31672000, -106338000}, {31430300, -106144000}, {31273500, -105856000},
    {30630000, -104990000}, {30133000, -104687000}, {29640000, -104520000},
    {29578000, -104412000}, {29545000, -104385000}, /* Ojinaga and Presidio */
    {29260000, -103773000}, {29165000, -103611000}, {28971000, -103150000}, /* Big Bend */
    {29185000, -102950000}, {29448000, -102822000}, {29740000, -102675000},
    {29785000, -102320000}, {29809000, -101559000}, {29450000, -101057000},
    {29327000, -100928000},                         /* Ciudad Acuna and Del Rio */
    {29114000, -100673000}, {28706000, -100511000}, /* Piedras Negras and Eagle Pass */
    {28280000, -100290000}, {27701000, -99745000},  {27598000, -99537000},
    {27505000, -99528000},  {27499500, -99508000},  {27495000, -99490000}, /* Nuevo Laredo */
    {27430000, -99493000},  {27050000, -99450000},  {26558000, -99164000},
    {26403500, -99019500},  {26367000, -98803000},  {26240000, -98564000},
    {26095500, -98271500},                                                 /* Reynosa and Hidalgo */
    {26062000, -97950000},  {26049000, -97739000},  {25898500, -97498000}, /* Matamoros */
    {25880000, -97476000},  {25838000, -97395000},  {25956000, -97146000}, /* Brownsville */
};

/* Out at sea, from the mouth of the Rio Grande past the port of Veracruz. */
static const struct tn_zone_point gulf_north[] = {
    {25956000, -96900000}, {24500000, -97200000}, {23700000, -97400000}, {22250000, -97500000},
    {21500000, -97000000}, {20500000, -96700000}, {19600000, -96100000}, {19200000, -95800000},
};

/* Out at sea, around the Bay of Campeche. */
static const struct tn_zone_point gulf_south[] = {
    {18900000, -95100000}, {18400000, -94300000}, {18600000, -93200000},
    {18800000, -92470000}, {18900000, -91700000}, {19100000, -91350000},
};

/* Out at sea, around the Yucatan peninsula, down to 19 N in the Caribbean. */
static const struct tn_zone_point yucatan[] = {
    {19500000, -91000000}, {20000000, -90800000}, {20900000, -90700000}, {21500000, -90200000},
    {21800000, -88000000}, {21850000, -87000000}, {21200000, -86500000}, {20500000, -86500000},
    {19900000, -87100000}, {19000000, -87300000},
};

/* From the Caribbean along the border with Belize and the parallel with Guatemala. */
static const struct tn_zone_point border_belize[] = {
    {18120000, -87600000}, {18170000, -87850000}, {18420000, -88050000}, {18485000, -88295000},
    {18490000, -88395000}, {18220000, -88640000}, {17890000, -88870000}, {17816000, -89150000},
};

/* The border with Guatemala that Tabasco and Chiapas share, down to the mouth of the Suchiate. */
static const struct tn_zone_point border_guatemala[] = {
    {17816000, -90990600}, {17252000, -90990600}, {17252000, -91434000}, {17150000, -91270000},
    {16870000, -90930000}, {16480000, -90545000}, {16074000, -90449000}, {16074000, -91731000},
    {15255000, -92210000}, {15132000, -92109000}, {14964000, -92146000}, {14679000, -92146000},
    {14533000, -92227000},
};

/* Out at sea, off Chiapas. */
static const struct tn_zone_point pacific_chiapas[] = {
    {14400000, -92450000},
    {15250000, -93450000},
    {15700000, -94030000},
};

/* Out at sea, from Oaxaca to Colima. */
static const struct tn_zone_point pacific_south[] = {
    {15900000, -95000000},  {15550000, -96100000},  {15450000, -96500000},  {15650000, -97200000},
    {15900000, -98200000},  {16500000, -99900000},  {17300000, -101700000}, {17700000, -102400000},
    {18000000, -103500000}, {18700000, -104500000},
};

/* Out at sea, from Jalisco past the Islas Marias and around Baja California to Tijuana. */
static const struct tn_zone_point pacific_north[] = {
    {20200000, -106000000}, {21300000, -107000000}, {22500000, -109900000}, {22800000, -110300000},
    {23400000, -110700000}, {24300000, -112400000}, {24900000, -112600000}, {26500000, -113900000},
    {27700000, -115700000}, {28500000, -115700000}, {29700000, -116300000}, {31000000, -116800000},
    {32000000, -117250000},
};

/* The mainland and Yucatan are joined by a strip of the Bay of Campeche, 19.0 to 19.2 N, that
 * holds no land; the parallel of 19 N is left at sea on both sides. */
static const struct tn_zone_point bay_strip[] = {{19200000, -91300000}};
static const struct tn_zone_point parallel_west[] = {{19000000, -105200000}};

/* The inland borders of Tabasco with Campeche, from the Gulf to Guatemala. */
static const struct tn_zone_point tabasco_east[] = {
    {18800000, -92470000}, {18650000, -92470000}, {18400000, -92300000}, {18190000, -92130000},
    {18140000, -92020000}, {18050000, -91600000}, {17960000, -91150000},
};

/* The inland borders of Chiapas with Oaxaca and of both states with Veracruz, to the Gulf. */
static const struct tn_zone_point southeast_west[] = {
    {16000000, -94030000}, {16300000, -94050000}, {16650000, -94050000}, {17150000, -93980000},
    {17250000, -93700000}, {17800000, -93950000}, {18000000, -94095000}, {18217000, -94127000},
    {18400000, -94127000}, {18600000, -93200000},
};

static void add(struct tn_zone_area *area, const struct tn_zone_point *points, size_t count)
{
    TN_CHECK(area->point_count + count <= TN_ZONE_POINTS_MAX);
    memcpy(area->points + area->point_count, points, count * sizeof(points[0]));
    area->point_count = (uint16_t) (area->point_count + count);
}

#define ADD(area, segment) add((area), (segment), TN_ARRAY_SIZE(segment))

static void add_mexico(struct tn_zone_area *area)
{
    area->code = TN_ZONE_AREA_MEXICO;
    ADD(area, border_north);
    ADD(area, gulf_north);
    ADD(area, gulf_south);
    ADD(area, yucatan);
    ADD(area, border_belize);
    ADD(area, border_guatemala);
    ADD(area, pacific_chiapas);
    ADD(area, pacific_south);
    ADD(area, pacific_north);
}

/* Clipped at 19.000000 N: its southern edge runs from the Caribbean to the Pacific, both ends at
 * sea, so the parallel itself belongs to it and nothing south of it does. */
static void add_north(struct tn_zone_area *area)
{
    area->code = TN_ZONE_AREA_NORTH;
    ADD(area, border_north);
    ADD(area, gulf_north);
    ADD(area, bay_strip);
    ADD(area, yucatan);
    ADD(area, parallel_west);
    ADD(area, pacific_north);
}

static void add_southeast(struct tn_zone_area *area)
{
    area->code = TN_ZONE_AREA_SOUTHEAST;
    ADD(area, tabasco_east);
    ADD(area, border_guatemala);
    ADD(area, pacific_chiapas);
    ADD(area, southeast_west);
}

void tn_policy_zone_north(struct tn_zone *zone)
{
    memset(zone, 0, sizeof(*zone));
    zone->version = 1;
    zone->area_count = 1;
    add_north(&zone->areas[0]);
    zone->rule_count = 1;
    zone->rules[0] = (struct tn_zone_rule){.area = TN_ZONE_AREA_NORTH, .nationality = ""};
}

void tn_policy_zone_southeast(struct tn_zone *zone)
{
    memset(zone, 0, sizeof(*zone));
    zone->version = 2;
    zone->area_count = 3;
    add_mexico(&zone->areas[0]);
    add_north(&zone->areas[1]);
    add_southeast(&zone->areas[2]);
    zone->rule_count = 3;
    zone->rules[0] = (struct tn_zone_rule){.area = TN_ZONE_AREA_NORTH, .nationality = ""};
    zone->rules[1] = (struct tn_zone_rule){.area = TN_ZONE_AREA_SOUTHEAST, .nationality = ""};
    zone->rules[2] = (struct tn_zone_rule){.area = TN_ZONE_AREA_MEXICO, .nationality = "MEX"};
}
