/* What anyone may see: the rules, the ports, a day, and the transcript of its draw. */
#include <string.h>

#include "api/http/service_internal.h"
#include "api/query/transcript.h"
#include "ledger/base/check.h"
#include "ledger/rules/bound.h"
#include "projections/keys.h"

static enum tn_status in_force(struct tn_read *read, const struct tn_policy **policy)
{
    struct tn_desk_state state;
    enum tn_status status;

    tn_desk_state(read->service->ledger->desk, &state);
    status = tn_reader_policy(read->reader, state.now_us, false, policy, &read->error);
    if (status == TN_OK && !*policy) {
        status = tn_fail(&read->error, TN_NOT_FOUND, "no policy is in force");
    }
    return status;
}

/* ---- the policy ---- */

static enum tn_status read_policy(struct tn_read *read)
{
    const struct tn_policy *policy;
    enum tn_status status = in_force(read, &policy);

    if (status == TN_OK && read->day > 0) { /* a version was asked for */
        policy = tn_policies_version(&read->reader->policies, read->day);
        if (!policy) {
            status = tn_fail(&read->error, TN_NOT_FOUND, "there is no such version of the policy");
        }
    }
    return status == TN_OK ? tn_policy_write_json(policy, NULL, 0, 0, &read->out) : status;
}

void tn_on_policy(struct tn_http_request *request)
{
    static const char *const names[] = {"version"};
    struct tn_read *read;
    uint64_t version;

    if (!tn_query_known(request, names, 1) ||
        !tn_query_uint(request, "version", 0, UINT32_MAX, &version) ||
        !tn_min_index_reached(request)) {
        return;
    }
    read = tn_read_begin(request, read_policy);
    if (read) {
        read->day = version;
        tn_read_run(read);
    }
}

/* ---- ports ---- */

static enum tn_status read_ports(struct tn_read *read)
{
    const struct tn_policy *policy;
    uint32_t seats[TN_POLICY_PORTS_MAX];
    struct tn_json_writer json;
    enum tn_status status = in_force(read, &policy);

    if (status != TN_OK) {
        return status;
    }
    tn_policy_port_seats(policy, seats);
    tn_json_writer_init(&json, &read->out);
    tn_json_write_object_begin(&json);
    tn_json_member_uint(&json, "policy", policy->version);
    tn_json_write_name(&json, "ports");
    tn_json_write_array_begin(&json);
    for (uint32_t i = 0; status == TN_OK && i < policy->port_count; i++) {
        const struct tn_policy_port *port = &policy->ports[i];
        struct tn_port_row row;
        bool found;

        status = TN_READ(read->reader->views.rows[TN_CORE_SEATS], tn_key_port(port->code), port_row,
                         &read->reader->arena, &row, &found, &read->error);
        tn_json_write_object_begin(&json);
        tn_json_member_uint(&json, "port", port->code);
        tn_json_member_text(&json, "name", port->name);
        tn_json_member_text(&json, "zone", port->zone);
        tn_json_member_uint(&json, "seats_per_day", seats[i]);
        tn_json_member_bool(&json, "suspended", found && row.suspended != 0);
        tn_json_write_object_end(&json);
    }
    tn_json_write_array_end(&json);
    tn_json_write_object_end(&json);
    return status;
}

void tn_on_ports(struct tn_http_request *request)
{
    struct tn_read *read;

    if (!tn_query_known(request, NULL, 0) || !tn_min_index_reached(request)) {
        return;
    }
    read = tn_read_begin(request, read_ports);
    if (read) {
        tn_read_run(read);
    }
}

/* ---- a day ---- */

static void write_drawn(const struct tn_day_row *row, struct tn_json_writer *json)
{
    if (row->state >= TN_DAY_CLOSED && row->state != TN_DAY_VOIDED) {
        tn_json_member_uint(json, "groups", row->groups);
        tn_json_member_hex(json, "root", row->root, TN_HASH_SIZE);
    }
    if (row->state == TN_DAY_SEEDED || row->state == TN_DAY_COMPLETED) {
        tn_json_member_hex(json, "seed", row->seed, TN_HASH_SIZE);
    }
    if (row->state == TN_DAY_COMPLETED) {
        tn_json_member_hex(json, "winners_root", row->winners_root, TN_HASH_SIZE);
        tn_json_member_uint(json, "offered_groups", row->offered_groups);
        tn_json_member_uint(json, "offered_seats", row->offered_seats);
    }
}

/* How the day's draw is bound, and what it waits for: the page says it before the transcript. */
static void write_sources(const struct tn_day_row *row, const struct tn_policy *policy,
                          struct tn_json_writer *json)
{
    static const char *const states[] = {"awaited", "revealed", "missed"};
    bool closed = row->state != TN_DAY_OPEN && row->state != TN_DAY_VOIDED;
    uint64_t mode = closed ? row->mode : policy ? policy->draw.mode : 0;
    uint64_t beacon = policy ? policy->draw.beacon : 0;

    tn_json_member_uint(json, "mode", mode);
    if (mode == TN_DRAW_SOLO) {
        return;
    }
    tn_json_write_name(json, "witnesses");
    tn_json_write_array_begin(json);
    for (size_t i = 0; closed && i < row->witnesses.count; i++) {
        const struct tn_day_witness *witness = &row->witnesses.items[i];

        tn_json_write_object_begin(json);
        tn_json_member_hex(json, "id", witness->witness, TN_ID_SIZE);
        tn_json_member_text(json, "state", states[witness->state <= 2 ? witness->state : 0]);
        tn_json_write_object_end(json);
    }
    tn_json_write_array_end(json);
    tn_json_write_name(json, "beacon");
    tn_json_write_object_begin(json);
    tn_json_member_text(json, "type", tn_policy_beacon_name((enum tn_policy_beacon) beacon));
    if (closed && beacon != TN_BEACON_NONE) {
        tn_json_member_instant(json, "at_or_after", tn_day_beacon_us(policy, row->closed_us));
        tn_json_member_bool(json, "recorded", row->raw.size > 0);
        if (row->round > 0) {
            tn_json_member_uint(json, "round", row->round);
        }
    }
    tn_json_write_object_end(json);
}

/* The names of what a closed day waits for; empty when nothing is missing. */
static void write_waits(const struct tn_day_row *row, struct tn_json_writer *json)
{
    struct tn_day_waits waits;

    if (row->state != TN_DAY_CLOSED) {
        return;
    }
    tn_day_waits(row, &waits);
    tn_json_write_name(json, "awaits");
    tn_json_write_array_begin(json);
    if (waits.witnesses > 0) {
        tn_json_write_text(json, "witnesses");
    }
    if (waits.beacon) {
        tn_json_write_text(json, "beacon");
    }
    tn_json_write_text(json, "operator");
    tn_json_write_array_end(json);
}

static enum tn_status write_tally(struct tn_read *read, struct tn_json_writer *json)
{
    struct tn_day_tally_row row;
    bool found;
    enum tn_status status = TN_READ(read->reader->views.rows[TN_CORE_QUEUE],
                                    tn_key_tally(read->day), day_tally_row, &read->reader->arena,
                                    &row, &found, &read->error);

    if (status != TN_OK) {
        return status;
    }
    tn_json_write_name(json, "offers");
    tn_json_write_object_begin(json);
    tn_json_member_uint(json, "offered", row.offered);
    tn_json_member_uint(json, "open", row.open);
    tn_json_member_uint(json, "accepted", row.accepted);
    tn_json_member_uint(json, "declined", row.declined);
    tn_json_member_uint(json, "lapsed", row.lapsed);
    tn_json_write_object_end(json);
    tn_json_write_name(json, "appointments");
    tn_json_write_object_begin(json);
    tn_json_member_uint(json, "to_come", row.to_come);
    tn_json_member_uint(json, "presented", row.presented);
    tn_json_member_uint(json, "missed", row.missed);
    tn_json_member_uint(json, "cancelled", row.cancelled);
    tn_json_member_uint(json, "turned_away", row.turned_away);
    tn_json_write_object_end(json);
    return TN_OK;
}

static enum tn_status read_day(struct tn_read *read)
{
    static const char *const states[] = {"unknown", "open",      "closed",
                                         "seeded",  "completed", "voided"};
    const struct tn_policy *policy;
    struct tn_day_row row;
    struct tn_json_writer json;
    bool found;
    enum tn_status status = TN_READ(read->reader->views.rows[TN_CORE_QUEUE], tn_key_day(read->day),
                                    day_row, &read->reader->arena, &row, &found, &read->error);

    if (status == TN_OK && !found) {
        status = tn_fail(&read->error, TN_NOT_FOUND, "this day was not opened");
    }
    if (status == TN_OK) { /* the policies that the reader knows are current */
        status = tn_reader_policy(read->reader, row.opens_us, false, &policy, &read->error);
    }
    if (status != TN_OK) {
        return status;
    }
    tn_json_writer_init(&json, &read->out);
    tn_json_write_object_begin(&json);
    tn_json_member_date(&json, "day", read->day);
    tn_json_member_text(&json, "state",
                        row.state < TN_ARRAY_SIZE(states) ? states[row.state] : states[0]);
    tn_json_member_date(&json, "service_date", row.service_date);
    tn_json_member_uint(&json, "policy", row.policy);
    tn_json_member_instant(&json, "opens", row.opens_us);
    tn_json_member_instant(&json, "closes", row.closes_us);
    tn_json_member_instant(&json, "draw", row.draw_us);
    write_sources(&row, tn_policies_version(&read->reader->policies, row.policy), &json);
    write_waits(&row, &json);
    write_drawn(&row, &json);
    status = write_tally(read, &json);
    tn_json_write_object_end(&json);
    return status;
}

void tn_on_day(struct tn_http_request *request)
{
    struct tn_read *read;
    uint64_t day;

    if (!tn_path_date(request, 0, &day) || !tn_query_known(request, NULL, 0) ||
        !tn_min_index_reached(request)) {
        return;
    }
    read = tn_read_begin(request, read_day);
    if (read) {
        read->day = day;
        tn_read_run(read);
    }
}

/* ---- the transcript ---- */

/* The kept one, or the right to make one; TN_BUSY while another thread makes one. */
static enum tn_status begin_transcript(struct tn_read *read, bool *kept)
{
    struct tn_service *service = read->service;
    enum tn_status status = TN_OK;

    *kept = false;
    pthread_mutex_lock(&service->lock);
    if (service->transcript.day == read->day && service->transcript.text.size > 0) {
        tn_buffer_append_bytes(&read->out, tn_buffer_view(&service->transcript.text));
        *kept = true;
    } else if (service->transcript.building) {
        status = TN_BUSY;
    } else {
        service->transcript.building = true;
    }
    pthread_mutex_unlock(&service->lock);
    return status;
}

static void end_transcript(struct tn_read *read, enum tn_status status)
{
    struct tn_service *service = read->service;

    pthread_mutex_lock(&service->lock);
    service->transcript.building = false;
    if (status == TN_OK) {
        tn_buffer_reset(&service->transcript.text);
        tn_buffer_append_bytes(&service->transcript.text, tn_buffer_view(&read->out));
        if (tn_buffer_status(&service->transcript.text) != TN_OK) {
            tn_buffer_reset(&service->transcript.text);
        }
        service->transcript.day = read->day;
    }
    pthread_mutex_unlock(&service->lock);
}

static enum tn_status read_draw(struct tn_read *read)
{
    bool kept;
    enum tn_status status = begin_transcript(read, &kept);

    if (status != TN_OK || kept) {
        return status == TN_BUSY
                   ? tn_fail(&read->error, TN_BUSY, "another transcript is being made")
                   : status;
    }
    status = tn_query_transcript(read->service->ledger->log, &read->reader->views, read->day,
                                 TN_TRANSCRIPT_PUBLIC, &read->out, &read->error);
    end_transcript(read, status);
    return status;
}

void tn_on_draw(struct tn_http_request *request)
{
    struct tn_read *read;
    uint64_t day;

    if (!tn_path_date(request, 0, &day) || !tn_query_known(request, NULL, 0) ||
        !tn_min_index_reached(request)) {
        return;
    }
    read = tn_read_begin(request, read_draw);
    if (read) {
        read->day = day;
        read->cache_control = "public, max-age=604800, immutable";
        tn_buffer_close(&read->out);
        tn_buffer_init(&read->out, TN_TRANSCRIPT_SIZE_MAX);
        tn_read_run(read);
    }
}
