/* Routes of requests, offers and appointments: the owner's part. */
#include <sodium.h>
#include <string.h>

#include "api/http/location.h"
#include "api/http/write.h"

#define STRING TN_JSON_MAY(TN_JSON_STRING)
#define NUMBERS (TN_JSON_MAY(TN_JSON_NUMBER) | TN_JSON_MAY(TN_JSON_UINT) | TN_JSON_MAY(TN_JSON_INT))

/* ---- asking ---- */

/* The zone decision uses a nationality only where a rule of the zone asks for one, and only when
 * every member's sealed profile bears it out. */
static enum tn_status request_prepare(struct tn_write *write)
{
    struct tn_registration_row row;
    bool found = false;
    bool borne_out = false;
    enum tn_status status = TN_OK;

    if (write->text.size > 0) {
        status = tn_reader_registration(write->reader, write->id, &row, &found, &write->error);
        if (status == TN_OK && found) {
            status = tn_intake_check_nationality(&write->intake, &row, write->text, &borne_out,
                                                 &write->error);
        }
    }
    return status == TN_OK
               ? tn_intake_request(&write->intake, &write->caller, write->id, write->ports,
                                   write->port_count, borne_out ? write->text : tn_bytes(NULL, 0),
                                   write->has_position, write->lat_udeg, write->lon_udeg,
                                   &write->command, &write->error)
               : status;
}

static enum tn_status request_answer(struct tn_write *write, struct tn_json_writer *json)
{
    struct tn_event event;
    enum tn_status status = tn_write_event(write, 0, &event);

    if (status == TN_OK) {
        const struct tn_appointment_requested *body = &event.body.appointment_requested;

        tn_json_member_hex(json, "registration", body->facts.registration, TN_ID_SIZE);
        tn_json_member_date(json, "day", body->day);
        tn_json_write_name(json, "ports");
        tn_json_write_array_begin(json);
        for (size_t i = 0; i < body->facts.ports.count; i++) {
            tn_json_write_uint(json, body->facts.ports.items[i]);
        }
        tn_json_write_array_end(json);
        tn_json_member_uint(json, "size", body->size);
        tn_json_member_bool(json, "replaced", event.kind == TN_KIND_request_replaced);
    }
    return status;
}

static const struct tn_write_kind request_kind = {
    .command = TN_COMMAND_request_appointment,
    .http_status = 201,
    .window = true,
    .prepare = request_prepare,
    .answer = request_answer,
};

/* The same with a nationality to be opened in the vault. */
static const struct tn_write_kind citizen_request_kind = {
    .command = TN_COMMAND_request_appointment,
    .http_status = 201,
    .pool = true,
    .window = true,
    .prepare = request_prepare,
    .answer = request_answer,
};

/* More ports than a request may name go on to the rule, which says so. */
static bool read_ports(struct tn_http_request *request, const struct tn_json_value *list,
                       uint64_t *ports, size_t *count)
{
    bool fits = list->count >= 1;

    *count = list->count < TN_POLICY_CHOICES_MAX + 1u ? list->count : TN_POLICY_CHOICES_MAX + 1u;
    for (size_t i = 0; fits && i < *count; i++) {
        fits = tn_json_read_uint(&list->as.items[i], UINT16_MAX, &ports[i]);
    }
    if (!fits) {
        tn_answer_member(request, "\"ports\" holds the codes of one to four ports");
    }
    return fits;
}

static bool read_location(struct tn_http_request *request, const struct tn_json_value *location,
                          int32_t *lat, int32_t *lon)
{
    static const struct tn_json_rule rules[] = {{"lat", NUMBERS, true}, {"lon", NUMBERS, true}};
    const struct tn_json_value *members[2];
    struct tn_error error = {0};
    struct tn_bytes text;
    enum tn_json_fault_kind kind;

    if (tn_json_object_read(location, rules, 2, members, &kind, &error) != TN_OK) {
        tn_http_respond_problem(request,
                                kind == TN_JSON_FAULT_UNKNOWN_MEMBER ? TN_PROBLEM_UNKNOWN_MEMBER
                                                                     : TN_PROBLEM_INVALID_MEMBER,
                                error.text);
        return false;
    }
    if (tn_json_raw_number(request->body, "location", "lat", &text) != TN_OK ||
        tn_degrees_parse(text, lat) != TN_OK ||
        tn_json_raw_number(request->body, "location", "lon", &text) != TN_OK ||
        tn_degrees_parse(text, lon) != TN_OK) {
        tn_answer_member(request, "\"lat\" and \"lon\" are decimal degrees such as 19.4326");
        return false;
    }
    return true;
}

void tn_on_request(struct tn_http_request *request)
{
    static const struct tn_json_rule rules[] = {
        {"ports", TN_JSON_MAY(TN_JSON_ARRAY), true},
        {"location", TN_JSON_MAY(TN_JSON_OBJECT), false},
        {"nationality", STRING, false},
    };
    const struct tn_json_value *members[3];
    struct tn_write *write;
    uint8_t id[TN_ID_SIZE];
    uint64_t ports[TN_POLICY_CHOICES_MAX + 1];
    size_t port_count;
    int32_t lat = 0;
    int32_t lon = 0;

    if (!tn_path_id(request, 0, id) || !tn_body_read(request, rules, 3, members) ||
        !read_ports(request, members[0], ports, &port_count) ||
        (members[1] && !read_location(request, members[1], &lat, &lon))) {
        return;
    }
    write = tn_write_begin(request, members[2] ? &citizen_request_kind : &request_kind);
    if (!write) {
        return;
    }
    memcpy(write->id, id, TN_ID_SIZE);
    memcpy(write->ports, ports, sizeof(ports));
    write->port_count = port_count;
    write->has_position = members[1] != NULL;
    write->lat_udeg = lat;
    write->lon_udeg = lon;
    if (members[2]) {
        write->text = members[2]->as.string;
    }
    tn_write_run(write);
}

static enum tn_status withdraw_prepare(struct tn_write *write)
{
    struct tn_facts_withdraw_request *facts =
        &write->command.request.command.facts.withdraw_request_facts;

    memcpy(facts->registration, write->id, TN_ID_SIZE);
    facts->day = write->number;
    tn_intake_plain(&write->intake, &write->caller, TN_COMMAND_withdraw_request, &write->command);
    return TN_OK;
}

static enum tn_status withdraw_answer(struct tn_write *write, struct tn_json_writer *json)
{
    tn_json_member_hex(json, "registration", write->id, TN_ID_SIZE);
    tn_json_member_date(json, "day", write->number);
    return TN_OK;
}

static const struct tn_write_kind withdraw_kind = {
    .command = TN_COMMAND_withdraw_request,
    .http_status = 200,
    .prepare = withdraw_prepare,
    .answer = withdraw_answer,
};

void tn_on_withdraw_request(struct tn_http_request *request)
{
    struct tn_write *write;
    uint8_t id[TN_ID_SIZE];
    uint64_t day;

    if (!tn_path_id(request, 0, id) || !tn_path_date(request, 1, &day) || !tn_body_none(request)) {
        return;
    }
    write = tn_write_begin(request, &withdraw_kind);
    if (write) {
        memcpy(write->id, id, TN_ID_SIZE);
        write->number = day;
        tn_write_run(write);
    }
}

/* ---- accepting ---- */

static enum tn_status accept_prepare(struct tn_write *write)
{
    struct tn_registration_row row;
    bool found;
    enum tn_status status =
        tn_reader_registration(write->reader, write->id, &row, &found, &write->error);

    return status == TN_OK ? tn_intake_accept(&write->intake, &write->caller, write->id, &row,
                                              write->other, &write->command, &write->error)
                           : status;
}

static enum tn_status accept_answer(struct tn_write *write, struct tn_json_writer *json)
{
    struct tn_event event;
    const struct tn_appointment_confirmed *body;
    char text[TN_CONFIRMATION_TEXT_SIZE];
    uint64_t number = write->command.number;
    enum tn_status status = tn_write_event_of(write, TN_KIND_appointment_confirmed, &event);

    if (status != TN_OK) {
        return status;
    }
    body = &event.body.appointment_confirmed;
    if (write->command.request.replayed) {
        status = tn_intake_reopen_number(&write->intake, body->registration, event.command, &number,
                                         &write->error);
    }
    if (status == TN_OK) {
        tn_confirmation_format(number, text);
        tn_json_member_hex(json, "registration", body->registration, TN_ID_SIZE);
        tn_json_member_hex(json, "offer", body->offer, TN_ID_SIZE);
        tn_json_member_text(json, "confirmation_number", text);
        tn_json_member_uint(json, "port", body->port);
        tn_json_member_seats(json, &body->seats);
        sodium_memzero(text, sizeof(text));
    }
    sodium_memzero(&number, sizeof(number));
    return status;
}

static const struct tn_write_kind accept_kind = {
    .command = TN_COMMAND_accept_offer,
    .http_status = 200,
    .pool = true,
    .prepare = accept_prepare,
    .answer = accept_answer,
};

/* ---- declining and cancelling ---- */

static enum tn_status offer_prepare(struct tn_write *write)
{
    struct tn_facts_offer *facts = &write->command.request.command.facts.decline_offer_facts;

    memcpy(facts->registration, write->id, TN_ID_SIZE);
    memcpy(facts->offer, write->other, TN_ID_SIZE);
    tn_intake_plain(&write->intake, &write->caller, write->kind->command, &write->command);
    return TN_OK;
}

/* Cancelling names no offer in its path: it is the one that the registration holds. */
static enum tn_status cancel_prepare(struct tn_write *write)
{
    struct tn_registration_row row;
    bool found;
    enum tn_status status =
        tn_reader_registration(write->reader, write->id, &row, &found, &write->error);

    if (status == TN_OK && found) {
        memcpy(write->other, row.offer, TN_ID_SIZE);
    }
    return status == TN_OK ? offer_prepare(write) : status;
}

static enum tn_status offer_answer(struct tn_write *write, struct tn_json_writer *json)
{
    struct tn_event event;
    enum tn_status status = tn_write_event(write, 0, &event);

    if (status == TN_OK) {
        bool declined = event.kind == TN_KIND_offer_declined;

        tn_json_member_hex(json, "registration", write->id, TN_ID_SIZE);
        tn_json_member_hex(json, "offer",
                           declined ? event.body.offer_declined.offer
                                    : event.body.appointment_cancelled.offer,
                           TN_ID_SIZE);
        tn_json_member_text(json, "state", declined ? "declined" : "cancelled");
    }
    return status;
}

static const struct tn_write_kind decline_kind = {
    .command = TN_COMMAND_decline_offer,
    .http_status = 200,
    .prepare = offer_prepare,
    .answer = offer_answer,
};

static const struct tn_write_kind cancel_kind = {
    .command = TN_COMMAND_cancel_appointment,
    .http_status = 200,
    .prepare = cancel_prepare,
    .answer = offer_answer,
};

static void run_offer(struct tn_http_request *request, const struct tn_write_kind *kind,
                      bool has_offer)
{
    struct tn_write *write;
    uint8_t id[TN_ID_SIZE];
    uint8_t offer[TN_ID_SIZE] = {0};

    if (!tn_path_id(request, 0, id) || (has_offer && !tn_path_id(request, 1, offer)) ||
        !tn_body_none(request)) {
        return;
    }
    write = tn_write_begin(request, kind);
    if (write) {
        memcpy(write->id, id, TN_ID_SIZE);
        memcpy(write->other, offer, TN_ID_SIZE);
        /* Whoever accepts again asks for the number that was on its way: without a key of theirs
         * the offer is the key, and it stands for this one path. Who was refused asks anew. */
        if (kind == &accept_kind && write->caller.key.size == 0) {
            write->caller.key = tn_bytes(write->other, TN_ID_SIZE);
            write->caller.key_is_implied = true;
        }
        tn_write_run(write);
    }
}

void tn_on_accept(struct tn_http_request *request)
{
    run_offer(request, &accept_kind, true);
}

void tn_on_decline(struct tn_http_request *request)
{
    run_offer(request, &decline_kind, true);
}

void tn_on_cancel(struct tn_http_request *request)
{
    run_offer(request, &cancel_kind, false);
}
