/* The people of a simulation: all invented, and plainly so. What never changes of a group is thrown
 * from its index, so nothing of it is kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/simulate/simulate_internal.h"
#include "ledger/base/check.h"
#include "ledger/base/endian.h"

#define GROUPS_FIRST 4096u
#define KNOWN_FIRST 8192u
#define SHELTER_PPM 80000u
#define SHELTERS 60u
/* One group in this many travels with the one before it: the same address. */
#define COMPANIONS 40u
#define JITTER_UDEG 5000

/* ---- dice: the finaliser of splitmix64 ---- */

static uint64_t mix(uint64_t value)
{
    value ^= value >> 30;
    value *= UINT64_C(0xbf58476d1ce4e5b9);
    value ^= value >> 27;
    value *= UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

struct tn_sim_dice tn_sim_dice(uint64_t seed, enum tn_sim_label label, uint64_t a, uint64_t b)
{
    uint64_t state = mix(seed + UINT64_C(0x9e3779b97f4a7c15));

    state = mix(state ^ ((uint64_t) label << 56) ^ a);
    return (struct tn_sim_dice){.state = mix(state + b * UINT64_C(0x9e3779b97f4a7c15))};
}

uint64_t tn_sim_throw(struct tn_sim_dice *dice)
{
    dice->state += UINT64_C(0x9e3779b97f4a7c15);
    return mix(dice->state);
}

/* The high half of a product: what is left of a bias is below 2^-27 for any bound used here. */
uint64_t tn_sim_below(struct tn_sim_dice *dice, uint64_t bound)
{
    __extension__ typedef unsigned __int128 wide;

    return (uint64_t) (((wide) tn_sim_throw(dice) * bound) >> 64);
}

bool tn_sim_chance(struct tn_sim_dice *dice, uint32_t ppm)
{
    return tn_sim_below(dice, TN_PPM) < ppm;
}

/* ---- tables ---- */

/* Places from which people ask, a few kilometres from the border: well inside the first zone. */
static const struct {
    int32_t lat_udeg;
    int32_t lon_udeg;
    uint16_t port; /* the nearest; 0: any */
    uint16_t weight;
} cities[] = {
    {32450000, -116950000, 2504, 260}, /* Tijuana */
    {25800000, -97500000, 2301, 210},  /* Matamoros */
    {31600000, -106400000, 2402, 140}, /* Ciudad Juarez */
    {26020000, -98290000, 2305, 125},  /* Reynosa */
    {31250000, -110950000, 2604, 75},  /* Nogales */
    {32580000, -115450000, 2503, 60},  /* Mexicali */
    {28650000, -100560000, 2303, 50},  /* Piedras Negras */
    {27430000, -99560000, 2304, 35},   /* Nuevo Laredo */
    {19430000, -99130000, 0, 30},      /* Mexico City */
    {25670000, -100310000, 0, 15},     /* Monterrey */
};

/* Outside every version of the zone. */
static const struct {
    int32_t lat_udeg;
    int32_t lon_udeg;
} outside_cities[] = {
    {14630000, -90510000}, /* Guatemala City */
    {13690000, -89220000}, /* San Salvador */
};

static const struct {
    const char *code;
    const char *language;
    uint16_t weight;
} nations[] = {
    {"VEN", "es", 300}, {"HTI", "ht", 210}, {"MEX", "es", 170}, {"HND", "es", 100},
    {"CUB", "es", 100}, {"RUS", "ru", 60},  {"BRA", "pt", 30},  {"JAM", "en", 30},
};

/* Of 100 groups, by size; spec/domain.md 5. */
static const uint8_t size_weights[] = {45, 17, 14, 12, 7, 3, 2};
static const uint8_t choice_weights[TN_POLICY_CHOICES_MAX] = {50, 25, 15, 10};

static unsigned pick(struct tn_sim_dice *dice, const uint8_t *weights, unsigned count)
{
    unsigned sum = 0;
    uint64_t at;
    unsigned i = 0;

    for (unsigned w = 0; w < count; w++) {
        sum += weights[w];
    }
    at = tn_sim_below(dice, sum);
    while (at >= weights[i]) {
        at -= weights[i++];
    }
    return i;
}

static unsigned pick_city(struct tn_sim_dice *dice)
{
    uint64_t at = tn_sim_below(dice, 1000);
    unsigned i = 0;

    while (at >= cities[i].weight) {
        at -= cities[i++].weight;
    }
    return i;
}

static unsigned pick_nation(struct tn_sim_dice *dice)
{
    uint64_t at = tn_sim_below(dice, 1000);
    unsigned i = 0;

    while (at >= nations[i].weight) {
        at -= nations[i++].weight;
    }
    return i;
}

/* ---- groups ---- */

static void pick_choices(const struct tn_sim *sim, struct tn_sim_dice *dice,
                         struct tn_sim_profile *profile)
{
    const struct tn_policy *policy = sim->policies[0];
    int nearest = tn_policy_port_index(policy, cities[profile->city].port);
    unsigned left = policy->port_count;
    uint8_t places[TN_POLICY_PORTS_MAX];

    for (unsigned i = 0; i < left; i++) {
        places[i] = (uint8_t) i;
    }
    for (unsigned i = 0; i < TN_POLICY_CHOICES_MAX; i++) {
        unsigned at = (unsigned) tn_sim_below(dice, left);

        at = i == 0 && nearest >= 0 ? (unsigned) nearest : at;
        profile->choices[i] = places[at];
        places[at] = places[--left];
    }
    profile->choice_count = (uint8_t) (1 + pick(dice, choice_weights, TN_POLICY_CHOICES_MAX));
}

/* Whose address a group has: its own, or that of the group it travels with. */
static uint32_t address_of(const struct tn_sim *sim, uint32_t group)
{
    struct tn_sim_dice dice = tn_sim_dice(sim->options.seed, TN_SIM_LABEL_PLACE, group, 0);

    while (group > 0 && tn_sim_below(&dice, COMPANIONS) == 0) {
        group--;
        dice = tn_sim_dice(sim->options.seed, TN_SIM_LABEL_PLACE, group, 0);
    }
    return group;
}

void tn_sim_profile(const struct tn_sim *sim, uint32_t group, struct tn_sim_profile *profile)
{
    struct tn_sim_dice dice = tn_sim_dice(sim->options.seed, TN_SIM_LABEL_GROUP, group, 0);
    struct tn_sim_dice place;
    unsigned nation = pick_nation(&dice);
    uint64_t keenness;

    profile->size = (uint8_t) (1 + pick(&dice, size_weights, TN_ARRAY_SIZE(size_weights)));
    profile->city = (uint8_t) pick_city(&dice);
    profile->nationality = nations[nation].code;
    profile->language = nations[nation].language;
    keenness = tn_sim_below(&dice, 10);
    profile->asks_ppm = keenness < 7 ? 950000 : keenness < 9 ? 750000 : 500000;
    pick_choices(sim, &dice, profile);
    profile->address = address_of(sim, group);
    place = tn_sim_dice(sim->options.seed, TN_SIM_LABEL_PLACE, profile->address, 1);
    profile->shelter = tn_sim_chance(&place, SHELTER_PPM);
    profile->address = profile->shelter ? (uint32_t) tn_sim_below(&place, SHELTERS)
                                        : profile->address;
}

void tn_sim_person(const struct tn_sim *sim, uint32_t group, unsigned member,
                   struct tn_sim_person *person)
{
    struct tn_sim_dice dice = tn_sim_dice(sim->options.seed, TN_SIM_LABEL_PERSON, group, member);
    uint32_t year;

    person->adult = member == 0 || tn_sim_chance(&dice, member == 1 ? 750000 : 250000);
    /* Adults are so, and children stay so, on every day of the programme. */
    year = person->adult ? 1955 + (uint32_t) tn_sim_below(&dice, 48)
                         : 2008 + (uint32_t) tn_sim_below(&dice, 14);
    person->birth = year * 10000 + (1 + (uint32_t) tn_sim_below(&dice, 12)) * 100 + 1 +
                    (uint32_t) tn_sim_below(&dice, 28);
    (void) snprintf(person->given, sizeof(person->given), "Persona %u", member + 1);
    (void) snprintf(person->family, sizeof(person->family), "Simulada %u", group);
    (void) snprintf(person->document, sizeof(person->document), "SIM%u-%u", group, member);
}

size_t tn_sim_ports(const struct tn_sim *sim, const struct tn_sim_profile *profile,
                    unsigned variant, uint64_t ports[static TN_POLICY_CHOICES_MAX])
{
    size_t count = variant % 2 == 0 ? profile->choice_count
                                    : profile->choice_count % TN_POLICY_CHOICES_MAX + 1u;

    for (size_t i = 0; i < count; i++) {
        ports[i] = sim->policies[0]->ports[profile->choices[i]].code;
    }
    return count;
}

void tn_sim_position(struct tn_sim_dice *dice, unsigned city, bool outside, int32_t *lat_udeg,
                     int32_t *lon_udeg)
{
    size_t place = outside ? (size_t) tn_sim_below(dice, TN_ARRAY_SIZE(outside_cities)) : city;

    *lat_udeg = outside ? outside_cities[place].lat_udeg : cities[place].lat_udeg;
    *lon_udeg = outside ? outside_cities[place].lon_udeg : cities[place].lon_udeg;
    *lat_udeg += (int32_t) tn_sim_below(dice, 2 * JITTER_UDEG) - JITTER_UDEG;
    *lon_udeg += (int32_t) tn_sim_below(dice, 2 * JITTER_UDEG) - JITTER_UDEG;
}

enum tn_status tn_sim_group_add(struct tn_sim *sim, uint32_t *group)
{
    struct tn_sim_profile profile;

    if (sim->group_count == sim->group_capacity) {
        size_t capacity = sim->group_capacity > 0 ? sim->group_capacity * 2 : GROUPS_FIRST;
        struct tn_sim_group *grown = realloc(sim->groups, capacity * sizeof(*grown));

        if (!grown) {
            return tn_fail(sim->error, TN_MEMORY, "no memory for %zu groups", capacity);
        }
        sim->groups = grown;
        sim->group_capacity = capacity;
    }
    *group = (uint32_t) sim->group_count++;
    tn_sim_profile(sim, *group, &profile);
    sim->groups[*group] = (struct tn_sim_group){.size = profile.size};
    return TN_OK;
}

/* ---- by id ---- */

static size_t known_place(const struct tn_sim *sim, const uint8_t *id)
{
    size_t at = tn_get_be32(id) & (sim->known_capacity - 1);

    while (sim->known[at] > 0 && memcmp(sim->groups[sim->known[at] - 1].id, id, TN_ID_SIZE) != 0) {
        at = (at + 1) & (sim->known_capacity - 1);
    }
    return at;
}

static enum tn_status grow_known(struct tn_sim *sim)
{
    size_t capacity = sim->known_capacity > 0 ? sim->known_capacity * 2 : KNOWN_FIRST;
    uint32_t *old = sim->known;
    size_t old_capacity = sim->known_capacity;

    sim->known = calloc(capacity, sizeof(*sim->known));
    if (!sim->known) {
        sim->known = old;
        return tn_fail(sim->error, TN_MEMORY, "no memory for the ids of %zu groups", capacity);
    }
    sim->known_capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i] > 0) {
            sim->known[known_place(sim, sim->groups[old[i] - 1].id)] = old[i];
        }
    }
    free(old);
    return TN_OK;
}

enum tn_status tn_sim_group_known(struct tn_sim *sim, uint32_t group)
{
    if (sim->known_count * 2 >= sim->known_capacity) {
        enum tn_status status = grow_known(sim);

        if (status != TN_OK) {
            return status;
        }
    }
    sim->known[known_place(sim, sim->groups[group].id)] = group + 1;
    sim->known_count++;
    return TN_OK;
}

uint32_t tn_sim_group_find(const struct tn_sim *sim, const uint8_t id[static TN_ID_SIZE])
{
    size_t at;

    if (sim->known_capacity == 0) {
        return TN_SIM_NONE;
    }
    at = known_place(sim, id);
    return sim->known[at] > 0 ? sim->known[at] - 1 : TN_SIM_NONE;
}

/* ---- lists ---- */

enum tn_status tn_sim_list_push(struct tn_sim_list *list, uint32_t item)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? list->capacity * 2 : 64;
        uint32_t *grown = realloc(list->items, capacity * sizeof(*grown));

        if (!grown) {
            return TN_MEMORY;
        }
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return TN_OK;
}

void tn_sim_list_close(struct tn_sim_list *list)
{
    free(list->items);
    *list = (struct tn_sim_list){0};
}

uint64_t tn_sim_scaled(const struct tn_sim *sim, uint64_t count)
{
    uint64_t scaled = (count * sim->options.scale_ppm + TN_SCALE_ONE_PPM / 2) / TN_SCALE_ONE_PPM;

    return scaled > 0 ? scaled : 1;
}
