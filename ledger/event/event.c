/* The envelope codec.
 *
 *   array of 7
 *     0 version  uint            4 command  bin 16 or nil
 *     1 kind     uint            5 cause    uint or nil
 *     2 time_us  uint            6 body     map (kinds.h)
 *     3 actor    [uint, bin 16] */
#include "ledger/event/event.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"

#define ENVELOPE_FIELDS 7

static const char *const role_names[TN_ROLE_COUNT] = {
    [TN_ROLE_LEDGER] = "ledger",
    [TN_ROLE_APPLICANT] = "applicant",
    [TN_ROLE_HELPER] = "helper",
    [TN_ROLE_OFFICER] = "officer",
    [TN_ROLE_PORT_OFFICER] = "port_officer",
    [TN_ROLE_SCHEDULER] = "scheduler",
    [TN_ROLE_POLICY_OWNER] = "policy_owner",
    [TN_ROLE_DRAW_OPERATOR] = "draw_operator",
    [TN_ROLE_AUDITOR] = "auditor",
    [TN_ROLE_OPERATOR] = "operator",
};

const char *tn_role_name(uint64_t role)
{
    return role < TN_ROLE_COUNT ? role_names[role] : "unknown";
}

enum tn_role tn_role_parse(struct tn_bytes name)
{
    for (unsigned i = 0; i < TN_ROLE_COUNT; i++) {
        if (tn_bytes_equal_string(name, role_names[i])) {
            return (enum tn_role) i;
        }
    }
    return TN_ROLE_COUNT;
}

void tn_event_encode(const struct tn_event *event, struct tn_buffer *out)
{
    const struct tn_kind *kind = tn_kind_find(event->kind, event->version);

    TN_CHECK(kind);
    tn_pack_array(out, ENVELOPE_FIELDS);
    tn_pack_uint(out, event->version);
    tn_pack_uint(out, event->kind);
    tn_pack_uint(out, event->time_us);
    tn_pack_array(out, 2);
    tn_pack_uint(out, event->actor.role);
    tn_pack_bin(out, tn_bytes(event->actor.id, TN_ID_SIZE));
    if (event->has_command) {
        tn_pack_bin(out, tn_bytes(event->command, TN_ID_SIZE));
    } else {
        tn_pack_nil(out);
    }
    if (event->has_cause) {
        tn_pack_uint(out, event->cause);
    } else {
        tn_pack_nil(out);
    }
    tn_record_encode(kind->record, &event->body, out);
}

/* Reads all but the body. */
static enum tn_status decode_envelope(struct tn_unpack *unpack, struct tn_event *event)
{
    uint64_t version;
    uint64_t kind;
    uint64_t role;

    if (tn_unpack_array(unpack) != ENVELOPE_FIELDS) {
        return TN_INVALID;
    }
    version = tn_unpack_uint(unpack);
    kind = tn_unpack_uint(unpack);
    event->time_us = tn_unpack_uint(unpack);
    if (tn_unpack_array(unpack) != 2) {
        return TN_INVALID;
    }
    role = tn_unpack_uint(unpack);
    tn_unpack_fixed(unpack, event->actor.id, TN_ID_SIZE);
    if (tn_unpack_peek(unpack) == TN_PACK_NIL) {
        tn_unpack_nil(unpack);
    } else {
        tn_unpack_fixed(unpack, event->command, TN_ID_SIZE);
        event->has_command = true;
    }
    if (tn_unpack_peek(unpack) == TN_PACK_NIL) {
        tn_unpack_nil(unpack);
    } else {
        event->cause = tn_unpack_uint(unpack);
        event->has_cause = true;
    }
    if (unpack->bad || version > UINT32_MAX || kind > UINT32_MAX) {
        return TN_INVALID;
    }
    event->version = (uint32_t) version;
    event->kind = (uint32_t) kind;
    event->actor.role = role < TN_ROLE_COUNT ? (enum tn_role) role : TN_ROLE_COUNT;
    return role < TN_ROLE_COUNT ? TN_OK : TN_UNSUPPORTED;
}

enum tn_status tn_event_decode(struct tn_bytes entry, uint64_t index, struct tn_arena *arena,
                               struct tn_event *event, struct tn_error *error)
{
    struct tn_unpack unpack;
    const struct tn_kind *kind;
    enum tn_status status;

    memset(event, 0, offsetof(struct tn_event, body));
    event->index = index;
    tn_unpack_init(&unpack, entry);
    status = decode_envelope(&unpack, event);
    if (status == TN_INVALID) {
        return tn_fail(error, status, "entry %" PRIu64 ": its envelope is not canonical", index);
    }
    kind = status == TN_OK ? tn_kind_find(event->kind, event->version) : NULL;
    if (kind) {
        status = tn_record_decode(kind->record, &unpack, arena, &event->body);
    } else {
        status = tn_unpack_peek(&unpack) == TN_PACK_MAP ? TN_UNSUPPORTED : TN_INVALID;
        (void) tn_unpack_skip(&unpack);
    }
    if (status == TN_UNSUPPORTED) {
        return tn_fail(error, status,
                       "entry %" PRIu64 ": kind %" PRIu32 " version %" PRIu32
                       " has something this program does not know; use a newer one",
                       index, event->kind, event->version);
    }
    if (status == TN_OK && !tn_unpack_done(&unpack)) {
        status = TN_INVALID;
    }
    if (status == TN_INVALID) {
        return tn_fail(error, status, "entry %" PRIu64 ": its body is not canonical", index);
    }
    if (status != TN_OK) {
        return tn_fail(error, status, "entry %" PRIu64 ": larger than the memory set apart for it",
                       index);
    }
    return TN_OK;
}

void tn_port_day_stream(uint64_t port, uint64_t date, uint8_t stream[static TN_ID_SIZE])
{
    memset(stream, 0, TN_ID_SIZE);
    memcpy(stream, "port-day", 8);
    tn_put_be16(stream + 8, (uint16_t) port);
    tn_put_be32(stream + 10, (uint32_t) date);
}

static void add_stream(uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE], size_t *count,
                       const uint8_t *id)
{
    if (tn_is_zero(id, TN_ID_SIZE) || *count == TN_EVENT_STREAMS_MAX) {
        return;
    }
    for (size_t i = 0; i < *count; i++) {
        if (memcmp(streams[i], id, TN_ID_SIZE) == 0) {
            return;
        }
    }
    memcpy(streams[(*count)++], id, TN_ID_SIZE);
}

static void add_record_streams(const struct tn_record *record, const void *value,
                               uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE], size_t *count)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct tn_field *field = &record->fields[i];
        const char *at = (const char *) value + field->offset;

        if (field->type == TN_FIELD_STREAM) {
            add_stream(streams, count, (const uint8_t *) at);
        } else if (field->type == TN_FIELD_RECORD && field->key == 0) {
            add_record_streams(field->record, at, streams, count);
        }
    }
}

/* The port day of an event that belongs to one: the seats of a group are dated alike there. */
static void add_port_day(const struct tn_event *event,
                         uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE], size_t *count)
{
    uint8_t stream[TN_ID_SIZE];
    uint64_t port = 0;
    const struct tn_run_list *seats = NULL;

    if (event->kind == TN_KIND_appointment_confirmed) {
        port = event->body.appointment_confirmed.port;
        seats = &event->body.appointment_confirmed.seats;
    } else if (event->kind == TN_KIND_group_presented || event->kind == TN_KIND_turned_away) {
        port = event->body.group_presented.port;
        seats = &event->body.group_presented.seats;
    } else if (event->kind == TN_KIND_no_show_recorded) {
        port = event->body.no_show_recorded.port;
        seats = &event->body.no_show_recorded.seats;
    }
    if (seats && seats->count > 0) {
        tn_port_day_stream(port, seats->items[0].date, stream);
        add_stream(streams, count, stream);
    }
}

size_t tn_event_streams(const struct tn_event *event,
                        uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE])
{
    const struct tn_kind *kind = tn_kind_find(event->kind, event->version);
    size_t count = 0;

    if (kind) {
        add_record_streams(kind->record, &event->body, streams, &count);
        add_port_day(event, streams, &count);
    }
    add_stream(streams, &count, event->actor.id);
    return count;
}

/* The record of a refused command's facts; every other event names its own. */
static const struct tn_record *refused_facts(const struct tn_event *event)
{
    return event->kind == TN_KIND_command_refused
               ? tn_command_facts(event->body.command_refused.command)
               : NULL;
}

enum tn_status tn_event_write_json(struct tn_bytes entry, uint64_t index, struct tn_arena *arena,
                                   struct tn_buffer *out, struct tn_error *error)
{
    struct tn_event event;
    enum tn_status status = tn_event_decode(entry, index, arena, &event, error);
    const struct tn_kind *kind = NULL;

    if (status != TN_OK && status != TN_UNSUPPORTED) {
        return status;
    }
    if (status == TN_OK) {
        kind = tn_kind_find(event.kind, event.version);
    }
    tn_buffer_printf(out, "{\"index\":%" PRIu64 ",\"time\":%" PRIu64 ",", index, event.time_us);
    if (kind) {
        tn_buffer_printf(out, "\"kind\":\"%s\",", kind->name);
    } else {
        tn_buffer_printf(out, "\"kind\":%" PRIu32 ",", event.kind);
    }
    tn_buffer_printf(out, "\"version\":%" PRIu32 ",\"actor\":{\"role\":\"%s\",\"id\":\"",
                     event.version, tn_role_name(event.actor.role));
    tn_buffer_append_hex(out, event.actor.id, TN_ID_SIZE);
    tn_buffer_append_string(out, "\"},\"command\":");
    if (event.has_command) {
        tn_buffer_append_string(out, "\"");
        tn_buffer_append_hex(out, event.command, TN_ID_SIZE);
        tn_buffer_append_string(out, "\"");
    } else {
        tn_buffer_append_string(out, "null");
    }
    if (event.has_cause) {
        tn_buffer_printf(out, ",\"cause\":%" PRIu64 ",\"body\":", event.cause);
    } else {
        tn_buffer_append_string(out, ",\"cause\":null,\"body\":");
    }
    if (kind) {
        tn_record_write_json(kind->record, &event.body, refused_facts(&event), out);
    } else {
        tn_buffer_append_string(out, "\"");
        tn_buffer_append_hex(out, entry.data, entry.size);
        tn_buffer_append_string(out, "\"");
    }
    tn_buffer_append_string(out, "}");
    return TN_OK;
}
