#include "ledger/rules/policy_history.h"

#include <stdio.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/rules/policy_zones.h"

#define NEW_YORK "America/New_York"

/* --- the ports: code, name, zone, seats of the day with 1,450 --- */

static const struct tn_policy_port ports[] = {
    {2504, "San Ysidro", "America/Los_Angeles", 385}, {2301, "Brownsville", "America/Chicago", 380},
    {2402, "El Paso", "America/Denver", 200},         {2305, "Hidalgo", "America/Chicago", 195},
    {2604, "Nogales", "America/Phoenix", 100},        {2503, "Calexico", "America/Los_Angeles", 75},
    {2303, "Eagle Pass", "America/Chicago", 60},      {2304, "Laredo", "America/Chicago", 55},
};

static const char languages[][TN_POLICY_LANGUAGE_SIZE] = {"en", "es", "ht", "pt", "ru"};

_Static_assert(TN_ARRAY_SIZE(ports) <= TN_POLICY_PORTS_MAX, "the ports fit");
_Static_assert(TN_ARRAY_SIZE(languages) <= TN_POLICY_LANGUAGES_MAX, "the languages fit");

/* --- what each version changed; each is applied to the one before it --- */

static void first_come_2023_01_12(struct tn_policy *policy)
{
    policy->method = TN_METHOD_FIRST_COME;
    policy->window = (struct tn_policy_window){
        .zone = "America/Los_Angeles", .opens_minute = 8 * 60, .closes_minute = 24 * 60};
    policy->horizon_days = 14;
    policy->notice_min_days = 3;
    policy->size_max = 10;
    policy->choices_max = TN_POLICY_CHOICES_MAX;
    policy->adult_years = 18;
    policy->moves_max = 1;
    policy->photo_attempts = 3;
    policy->seats_per_day = 740;
    policy->port_count = TN_ARRAY_SIZE(ports);
    memcpy(policy->ports, ports, sizeof(ports));
    policy->slot_count = 8;
    for (size_t i = 0; i < policy->slot_count; i++) {
        policy->slots[i] = (uint16_t) ((8 + i) * 60);
    }
    tn_policy_zone_north(&policy->zone);
    policy->validation = (struct tn_policy_validation){
        .detail = TN_VALIDATION_TWO_PARTS,
        .officer_per_minute = 30,
        .officer_per_day = 400,
        .organisation_per_day = 5000,
        .negative_weight = 2,
        .negatives_in_row = 20,
        .dates_per_number = 5,
        .officers_per_number = 5,
        .alarm_factor = 10,
        .grant_days = 90,
        .grant_idle_days = 30,
    };
    policy->language_count = TN_ARRAY_SIZE(languages);
    memcpy(policy->languages, languages, sizeof(languages));
}

static void draw_2023_05_10(struct tn_policy *policy)
{
    policy->method = TN_METHOD_DRAW;
    policy->window = (struct tn_policy_window){
        .zone = NEW_YORK, .opens_minute = 12 * 60, .closes_minute = 35 * 60};
    policy->draw = (struct tn_policy_draw){.zone = NEW_YORK, .day_offset = 1, .minute = 12 * 60};
    policy->share_ppm = 300000;
    policy->packing = TN_PACKING_STRADDLE;
    policy->confirm_us = 23 * TN_HOUR_US;
    policy->confirm_from = TN_CONFIRM_FROM_DRAW;
    policy->horizon_days = 21;
}

static void capacity_2023_05_12(struct tn_policy *policy)
{
    policy->seats_per_day = 1000;
}

static void capacity_2023_06_01(struct tn_policy *policy)
{
    policy->seats_per_day = 1250;
}

static void capacity_2023_07_01(struct tn_policy *policy)
{
    policy->seats_per_day = 1450;
}

static void window_2024_03_04(struct tn_policy *policy)
{
    policy->window.closes_minute = 24 * 60;
    policy->group_shares_destination = true;
}

static void zone_2024_08_23(struct tn_policy *policy)
{
    tn_policy_zone_southeast(&policy->zone);
    policy->validation.domain_count = 1;
    (void) snprintf(policy->validation.domains[0], sizeof(policy->validation.domains[0]),
                    "inm.gob.mx");
}

static void end_2025_01_20(struct tn_policy *policy)
{
    policy->programme_end_us = policy->effective_us + 12 * TN_HOUR_US;
}

static const struct {
    uint16_t year;
    uint8_t month;
    uint8_t date;
    uint8_t utc_hour; /* of midnight in New York: 5 in winter, 4 in summer */
    void (*change)(struct tn_policy *policy);
} versions[] = {
    {2023, 1, 12, 5, first_come_2023_01_12}, {2023, 5, 10, 4, draw_2023_05_10},
    {2023, 5, 12, 4, capacity_2023_05_12},   {2023, 6, 1, 4, capacity_2023_06_01},
    {2023, 7, 1, 4, capacity_2023_07_01},    {2024, 3, 4, 5, window_2024_03_04},
    {2024, 8, 23, 4, zone_2024_08_23},       {2025, 1, 20, 5, end_2025_01_20},
};

#define LAST_BEFORE_END (TN_POLICY_HISTORY_COUNT - 2)

_Static_assert(TN_ARRAY_SIZE(versions) == TN_POLICY_HISTORY_COUNT, "the header's count");

void tn_policy_history(size_t index, struct tn_policy *policy)
{
    TN_CHECK(index < TN_POLICY_HISTORY_COUNT);
    memset(policy, 0, sizeof(*policy));
    for (size_t i = 0; i <= index; i++) {
        policy->version = (uint32_t) i + 1;
        policy->effective_us =
            tn_day_from_date(versions[i].year, versions[i].month, versions[i].date) * TN_DAY_US +
            versions[i].utc_hour * TN_HOUR_US;
        versions[i].change(policy);
    }
}

void tn_policy_initial(uint64_t effective_us, struct tn_policy *policy)
{
    tn_policy_history(LAST_BEFORE_END, policy);
    policy->version = 1;
    policy->effective_us = effective_us;
}

/* --- where values come from --- */

#define ONE_SOURCE "reported by one source only, or inferred"
#define SHARE "never published; 30, 50 and 60 per cent are each reported by one source"
#define CHOSEN "chosen by this project; the programme published no value"

/* The notes of one version are those whose span holds its index. */
static const struct {
    uint8_t first;
    uint8_t last;
    struct tn_policy_note note;
} note_spans[] = {
    {0, 0, {"window.closes", "chosen: seats were gone within minutes, no closing was published"}},
    {0, 0, {"horizon_days", "13 to 14 days were reported"}},
    {1, 7, {"draw.share_ppm", SHARE}},
    {0, 7, {"notice_min_days", ONE_SOURCE}},
    {0, 7, {"size_max", ONE_SOURCE}},
    {0, 7, {"adult_years", CHOSEN}},
    {0, 7, {"moves_max", CHOSEN}},
    {0, 7, {"photo_attempts", CHOSEN}},
    {0, 1, {"seats_per_day", "assumed: a number is published only from 2023-05-12 on"}},
    {0, 7, {"ports.2402.weight", ONE_SOURCE}},
    {0, 7, {"ports.2305.weight", ONE_SOURCE}},
    {0, 7, {"ports.2503.weight", ONE_SOURCE}},
    {0, 7, {"ports.2303.weight", ONE_SOURCE}},
    {0, 7, {"ports.2304.weight", ONE_SOURCE}},
    {0, 7, {"slots", ONE_SOURCE}},
    {0, 7, {"zone.areas", "drawn coarsely from public geography for this project"}},
    {0, 7, {"validation.officers_per_number", CHOSEN}},
    {6, 7, {"validation.domains", "inferred: the public domain of the partner institute"}},
};

_Static_assert(TN_ARRAY_SIZE(note_spans) <= TN_POLICY_HISTORY_NOTES_MAX, "the header's limit");

size_t tn_policy_history_notes(size_t index,
                               struct tn_policy_note notes[static TN_POLICY_HISTORY_NOTES_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < TN_ARRAY_SIZE(note_spans); i++) {
        if (note_spans[i].first <= index && index <= note_spans[i].last) {
            notes[count++] = note_spans[i].note;
        }
    }
    return count;
}

/* 2023-06-03 in Laredo began at 05:00 UTC. */
static const struct tn_policy_incident incidents[] = {
    {2304, UINT64_C(1685768400000000), 0,
     "no new appointments; earlier ones were honoured; resumed later on an unpublished date"},
};

const struct tn_policy_incident *tn_policy_history_incidents(size_t *count)
{
    *count = TN_ARRAY_SIZE(incidents);
    return incidents;
}

/* --- the file --- */

static void write_incident(const struct tn_policy_incident *incident, struct tn_buffer *out)
{
    char at[28];
    char resumed[28] = "";

    tn_instant_format(incident->at_us, at);
    tn_buffer_printf(out, "  {\"kind\": \"port_suspended\", \"port\": %u, \"at\": \"%s\", ",
                     incident->port, at);
    if (incident->resumed_us == 0) {
        tn_buffer_append_string(out, "\"resumed\": null,");
    } else {
        tn_instant_format(incident->resumed_us, resumed);
        tn_buffer_printf(out, "\"resumed\": \"%s\",", resumed);
    }
    tn_buffer_printf(out, "\n   \"note\": \"%s\"}", incident->note);
}

enum tn_status tn_policy_history_write_json(struct tn_buffer *out)
{
    struct tn_policy policy;
    struct tn_policy_note notes[TN_POLICY_HISTORY_NOTES_MAX];
    enum tn_status status = TN_OK;

    tn_buffer_append_string(out, "{\n \"format\": \"turno-policy-history-1\",\n \"versions\": [");
    for (size_t i = 0; status == TN_OK && i < TN_POLICY_HISTORY_COUNT; i++) {
        tn_policy_history(i, &policy);
        size_t note_count = tn_policy_history_notes(i, notes);
        tn_buffer_append_string(out, i == 0 ? "\n  " : ",\n  ");
        status = tn_policy_write_json(&policy, notes, note_count, 2, out);
    }
    tn_buffer_append_string(out, "\n ],\n \"incidents\": [\n");
    for (size_t i = 0; i < TN_ARRAY_SIZE(incidents); i++) {
        tn_buffer_append_string(out, i == 0 ? "" : ",\n");
        write_incident(&incidents[i], out);
    }
    tn_buffer_append_string(out, "\n ]\n}\n");
    return status == TN_OK ? tn_buffer_status(out) : status;
}
