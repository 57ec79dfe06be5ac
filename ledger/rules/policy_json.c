/* The JSON form of a policy, for people.
 *
 * One object with every member below, always, in this order; a reader that is its strict inverse
 * refuses a missing, doubled or unknown member, takes them in any order, fills struct tn_policy and
 * asks tn_policy_validate.
 *
 *     "format"                    "turno-policy-1"
 *     "version"                   integer
 *     "effective"                 instant, "2023-05-10T04:00:00.000000Z"
 *     "method"                    "first_come", "draw"
 *     "window"                    {"zone": name, "opens": time, "closes": time}
 *     "draw"                      null when first come, else {"zone": name, "day_offset": integer,
 *                                 "at": time, "mode": 0 or 1, "beacon": "none", "drand", "nist",
 *                                 "manual", "beacon_delay_minutes": integer,
 *                                 "witness_wait_minutes": integer, in mode 1 "witnesses": [id as
 *                                 hex], with a NIST beacon "certificate": SHA-256 as hex,
 *                                 "share_ppm": integer,
 *                                 "packing": "straddle", "hard", "confirm_minutes": integer,
 *                                 "confirm_from": "draw", "notice"}
 *     "horizon_days" ... "seats_per_day"     integers; "group_shares_destination" true or false
 *     "ports"                     [{"code": integer, "name": text, "zone": name,
 *                                 "weight": integer}]
 *     "slots"                     [time]
 *     "zone"                      {"version": integer, "areas": [{"code": integer, "points":
 *                                 [[latitude, longitude], ... in integer microdegrees]}], "rules":
 *                                 [{"area": integer, "nationality": "MEX", or null for everybody}]}
 *     "validation"                {"detail": "two_parts", "one_part", integers as in the struct,
 *                                 "domains": [text]}
 *     "languages"                 [text]
 *     "programme_end"             instant or null
 *     "notes"                     [{"member": text, "text": text}]: where values come from; no part
 *                                 of the policy, a reader drops them
 *
 * A time is "HH:MM" of the civil day; 24:00 and more is the next day ("35:00" is its 11:00).
 * Durations are whole minutes. Texts need no escapes: tn_policy_validate allows none that would. */
#include "ledger/rules/policy.h"

#include <inttypes.h>

#include "ledger/base/civil.h"

#define POINTS_PER_LINE 4u

/* What the writers share: where, and how far in the whole object stands. */
struct json {
    struct tn_buffer *out;
    unsigned indent;
};

static void line(const struct json *json, unsigned depth)
{
    tn_buffer_append_u8(json->out, '\n');
    for (unsigned i = 0; i < json->indent + depth; i++) {
        tn_buffer_append_u8(json->out, ' ');
    }
}

static void member(const struct json *json, unsigned depth, const char *name)
{
    line(json, depth);
    tn_buffer_printf(json->out, "\"%s\": ", name);
}

static void number(const struct json *json, unsigned depth, const char *name, uint64_t value)
{
    member(json, depth, name);
    tn_buffer_printf(json->out, "%" PRIu64 ",", value);
}

static void text(const struct json *json, unsigned depth, const char *name, const char *value)
{
    member(json, depth, name);
    tn_buffer_printf(json->out, "\"%s\",", value == NULL ? "" : value);
}

static void time_of_day(const struct json *json, uint32_t minute)
{
    tn_buffer_printf(json->out, "\"%02" PRIu32 ":%02" PRIu32 "\"", minute / 60, minute % 60);
}

static void instant(const struct json *json, unsigned depth, const char *name, uint64_t time_us)
{
    char form[28];

    member(json, depth, name);
    if (time_us == 0) {
        tn_buffer_append_string(json->out, "null,");
        return;
    }
    tn_instant_format(time_us, form);
    tn_buffer_printf(json->out, "\"%s\",", form);
}

static void texts(const struct json *json, const char *items, size_t count, size_t size)
{
    tn_buffer_append_u8(json->out, '[');
    for (size_t i = 0; i < count; i++) {
        tn_buffer_printf(json->out, "%s\"%s\"", i == 0 ? "" : ", ", items + i * size);
    }
    tn_buffer_append_u8(json->out, ']');
}

static void write_window(const struct json *json, const struct tn_policy_window *window)
{
    member(json, 1, "window");
    tn_buffer_printf(json->out, "{\"zone\": \"%s\", \"opens\": ", window->zone);
    time_of_day(json, window->opens_minute);
    tn_buffer_append_string(json->out, ", \"closes\": ");
    time_of_day(json, window->closes_minute);
    tn_buffer_append_string(json->out, "},");
}

/* Who binds a draw of mode 1. */
static void write_sources(const struct json *json, const struct tn_policy_draw *draw)
{
    char hex[2 * TN_HASH_SIZE + 1];

    if (draw->mode == 0) {
        return;
    }
    member(json, 2, "witnesses");
    tn_buffer_append_u8(json->out, '[');
    for (uint32_t i = 0; i < draw->witness_count; i++) {
        tn_hex_encode(hex, draw->witnesses[i], TN_ID_SIZE);
        tn_buffer_printf(json->out, "%s\"%s\"", i == 0 ? "" : ", ", hex);
    }
    tn_buffer_append_string(json->out, "],");
    if (draw->beacon == TN_BEACON_NIST) {
        tn_hex_encode(hex, draw->certificate, TN_HASH_SIZE);
        text(json, 2, "certificate", hex);
    }
}

static void write_draw(const struct json *json, const struct tn_policy *policy)
{
    const struct tn_policy_draw *draw = &policy->draw;

    member(json, 1, "draw");
    if (policy->method != TN_METHOD_DRAW) {
        tn_buffer_append_string(json->out, "null,");
        return;
    }
    tn_buffer_append_u8(json->out, '{');
    text(json, 2, "zone", draw->zone);
    number(json, 2, "day_offset", draw->day_offset);
    member(json, 2, "at");
    time_of_day(json, draw->minute);
    tn_buffer_append_u8(json->out, ',');
    number(json, 2, "mode", draw->mode);
    text(json, 2, "beacon", tn_policy_beacon_name(draw->beacon));
    number(json, 2, "beacon_delay_minutes", draw->beacon_delay_us / TN_MINUTE_US);
    number(json, 2, "witness_wait_minutes", draw->witness_wait_us / TN_MINUTE_US);
    write_sources(json, draw);
    number(json, 2, "share_ppm", policy->share_ppm);
    text(json, 2, "packing", tn_policy_packing_name(policy->packing));
    number(json, 2, "confirm_minutes", policy->confirm_us / TN_MINUTE_US);
    member(json, 2, "confirm_from");
    tn_buffer_printf(json->out, "\"%s\"", tn_policy_confirm_from_name(policy->confirm_from));
    line(json, 1);
    tn_buffer_append_string(json->out, "},");
}

static void write_ports(const struct json *json, const struct tn_policy *policy)
{
    member(json, 1, "ports");
    tn_buffer_append_u8(json->out, '[');
    for (uint32_t i = 0; i < policy->port_count; i++) {
        const struct tn_policy_port *port = &policy->ports[i];
        tn_buffer_append_string(json->out, i == 0 ? "" : ",");
        line(json, 2);
        tn_buffer_printf(json->out,
                         "{\"code\": %u, \"name\": \"%s\", \"zone\": \"%s\", \"weight\": %" PRIu32
                         "}",
                         port->code, port->name, port->zone, port->weight);
    }
    line(json, 1);
    tn_buffer_append_string(json->out, "],");
    member(json, 1, "slots");
    tn_buffer_append_u8(json->out, '[');
    for (uint32_t i = 0; i < policy->slot_count; i++) {
        tn_buffer_append_string(json->out, i == 0 ? "" : ", ");
        time_of_day(json, policy->slots[i]);
    }
    tn_buffer_append_string(json->out, "],");
}

static void write_area(const struct json *json, const struct tn_zone_area *area)
{
    line(json, 3);
    tn_buffer_printf(json->out, "{\"code\": %u, \"points\": [", area->code);
    for (uint32_t i = 0; i < area->point_count; i++) {
        if (i % POINTS_PER_LINE == 0) {
            line(json, 4);
        }
        tn_buffer_printf(json->out, "[%" PRId32 ", %" PRId32 "]%s", area->points[i].lat_udeg,
                         area->points[i].lon_udeg,
                         i + 1u == area->point_count      ? ""
                         : (i + 1) % POINTS_PER_LINE == 0 ? ","
                                                          : ", ");
    }
    line(json, 3);
    tn_buffer_append_string(json->out, "]}");
}

static void write_zone(const struct json *json, const struct tn_zone *zone)
{
    member(json, 1, "zone");
    tn_buffer_append_u8(json->out, '{');
    number(json, 2, "version", zone->version);
    member(json, 2, "areas");
    tn_buffer_append_u8(json->out, '[');
    for (uint32_t i = 0; i < zone->area_count; i++) {
        tn_buffer_append_string(json->out, i == 0 ? "" : ",");
        write_area(json, &zone->areas[i]);
    }
    line(json, 2);
    tn_buffer_append_string(json->out, "],");
    member(json, 2, "rules");
    tn_buffer_append_u8(json->out, '[');
    for (uint32_t i = 0; i < zone->rule_count; i++) {
        const struct tn_zone_rule *rule = &zone->rules[i];
        bool all = rule->nationality[0] == '\0';
        tn_buffer_append_string(json->out, i == 0 ? "" : ",");
        line(json, 3);
        tn_buffer_printf(json->out, "{\"area\": %u, \"nationality\": %s%s%s}", rule->area,
                         all ? "" : "\"", all ? "null" : rule->nationality, all ? "" : "\"");
    }
    line(json, 2);
    tn_buffer_append_u8(json->out, ']');
    line(json, 1);
    tn_buffer_append_string(json->out, "},");
}

static void write_validation(const struct json *json, const struct tn_policy_validation *v)
{
    member(json, 1, "validation");
    tn_buffer_append_u8(json->out, '{');
    text(json, 2, "detail", tn_policy_validation_detail_name(v->detail));
    number(json, 2, "officer_per_minute", v->officer_per_minute);
    number(json, 2, "officer_per_day", v->officer_per_day);
    number(json, 2, "organisation_per_day", v->organisation_per_day);
    number(json, 2, "negative_weight", v->negative_weight);
    number(json, 2, "negatives_in_row", v->negatives_in_row);
    number(json, 2, "dates_per_number", v->dates_per_number);
    number(json, 2, "officers_per_number", v->officers_per_number);
    number(json, 2, "alarm_factor", v->alarm_factor);
    number(json, 2, "grant_days", v->grant_days);
    number(json, 2, "grant_idle_days", v->grant_idle_days);
    member(json, 2, "domains");
    texts(json, v->domains[0], v->domain_count, TN_POLICY_DOMAIN_SIZE);
    line(json, 1);
    tn_buffer_append_string(json->out, "},");
}

static void write_notes(const struct json *json, const struct tn_policy_note *notes, size_t count)
{
    member(json, 1, "notes");
    tn_buffer_append_u8(json->out, '[');
    for (size_t i = 0; i < count; i++) {
        tn_buffer_append_string(json->out, i == 0 ? "" : ",");
        line(json, 2);
        tn_buffer_printf(json->out, "{\"member\": \"%s\", \"text\": \"%s\"}", notes[i].member,
                         notes[i].text);
    }
    if (count > 0) {
        line(json, 1);
    }
    tn_buffer_append_u8(json->out, ']');
}

enum tn_status tn_policy_write_json(const struct tn_policy *policy,
                                    const struct tn_policy_note *notes, size_t note_count,
                                    unsigned indent, struct tn_buffer *out)
{
    struct json json = {.out = out, .indent = indent};
    enum tn_status status = tn_policy_validate(policy, NULL);

    if (status != TN_OK) {
        return status;
    }
    tn_buffer_append_u8(out, '{');
    text(&json, 1, "format", "turno-policy-1");
    number(&json, 1, "version", policy->version);
    instant(&json, 1, "effective", policy->effective_us);
    text(&json, 1, "method", tn_policy_method_name(policy->method));
    write_window(&json, &policy->window);
    write_draw(&json, policy);
    number(&json, 1, "horizon_days", policy->horizon_days);
    number(&json, 1, "notice_min_days", policy->notice_min_days);
    number(&json, 1, "size_max", policy->size_max);
    number(&json, 1, "choices_max", policy->choices_max);
    number(&json, 1, "adult_years", policy->adult_years);
    number(&json, 1, "moves_max", policy->moves_max);
    number(&json, 1, "photo_attempts", policy->photo_attempts);
    member(&json, 1, "group_shares_destination");
    tn_buffer_append_string(out, policy->group_shares_destination ? "true," : "false,");
    number(&json, 1, "seats_per_day", policy->seats_per_day);
    write_ports(&json, policy);
    write_zone(&json, &policy->zone);
    write_validation(&json, &policy->validation);
    member(&json, 1, "languages");
    texts(&json, policy->languages[0], policy->language_count, TN_POLICY_LANGUAGE_SIZE);
    tn_buffer_append_u8(out, ',');
    instant(&json, 1, "programme_end", policy->programme_end_us);
    write_notes(&json, notes, note_count);
    line(&json, 0);
    tn_buffer_append_u8(out, '}');
    return tn_buffer_status(out);
}
