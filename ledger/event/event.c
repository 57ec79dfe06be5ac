/* The envelope codec.
 *
 *   array of 7
 *     0 version  uint            4 command  bin 16 or nil
 *     1 kind     uint            5 cause    uint or nil
 *     2 time_us  uint            6 body     map (kinds.h)
 *     3 actor    [uint, bin 16] */
#include "ledger/event/event.h"

#include <inttypes.h>

#include "ledger/event/codec_internal.h"

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
    struct tn_piece piece;

    TN_CHECK(kind && event->actor.role < TN_ROLE_COUNT);
    piece.out = out;
    piece.size = 0;
    write_array(&piece, ENVELOPE_FIELDS);
    write_uint(&piece, event->version);
    write_uint(&piece, event->kind);
    write_uint(&piece, event->time_us);
    write_array(&piece, 2);
    write_uint(&piece, event->actor.role);
    write_bin(&piece, tn_bytes(event->actor.id, TN_ID_SIZE));
    if (event->has_command) {
        write_bin(&piece, tn_bytes(event->command, TN_ID_SIZE));
    } else {
        write_nil(&piece);
    }
    if (event->has_cause) {
        write_uint(&piece, event->cause);
    } else {
        write_nil(&piece);
    }
    tn_record_write(kind->record, &event->body, &piece);
    piece_flush(&piece);
}

/* Reads all but the body. `*role` is the number as it stands, known or not. */
static enum tn_status read_envelope(struct tn_unpack *unpack, struct tn_event *event,
                                    uint64_t *role)
{
    uint64_t version;
    uint64_t kind;
    uint64_t number;

    *role = 0;
    if (read_array(unpack) != ENVELOPE_FIELDS) {
        return TN_INVALID;
    }
    version = read_uint(unpack);
    kind = read_uint(unpack);
    event->time_us = read_uint(unpack);
    if (read_array(unpack) != 2) {
        return TN_INVALID;
    }
    *role = number = read_uint(unpack);
    read_fixed(unpack, event->actor.id, TN_ID_SIZE);
    event->has_command = !read_nil(unpack);
    if (event->has_command) {
        read_fixed(unpack, event->command, TN_ID_SIZE);
    }
    event->has_cause = !read_nil(unpack);
    if (event->has_cause) {
        event->cause = read_uint(unpack);
    }
    if (unpack->bad || version > UINT32_MAX || kind > UINT32_MAX) {
        return TN_INVALID;
    }
    event->version = (uint32_t) version;
    event->kind = (uint32_t) kind;
    event->actor.role = number < TN_ROLE_COUNT ? (enum tn_role) number : TN_ROLE_COUNT;
    return number < TN_ROLE_COUNT ? TN_OK : TN_UNSUPPORTED;
}

/* The facts of a refused command are kept as bytes, but they have one encoding too. */
static enum tn_status check_refused(const struct tn_command_refused *body, struct tn_arena *arena)
{
    const struct tn_record *record = tn_command_facts(body->command);
    void *facts;

    if (body->facts.size == 0) {
        return TN_OK;
    }
    if (!record) {
        return TN_UNSUPPORTED;
    }
    facts = tn_arena_alloc(arena, record->size);
    return facts ? tn_record_decode_bytes(record, body->facts, arena, facts) : TN_FULL;
}

static enum tn_status read_entry(struct tn_bytes entry, struct tn_arena *arena,
                                 struct tn_event *event)
{
    struct tn_unpack unpack;
    const struct tn_kind *kind;
    enum tn_status status;
    uint64_t role;

    tn_unpack_init(&unpack, entry);
    status = read_envelope(&unpack, event, &role);
    if (status != TN_OK) {
        return status;
    }
    kind = tn_kind_find(event->kind, event->version);
    if (!kind) {
        return TN_UNSUPPORTED;
    }
    status = tn_record_decode(kind->record, &unpack, arena, &event->body);
    if (status == TN_OK && !tn_unpack_done(&unpack)) {
        status = TN_INVALID;
    }
    if (status == TN_OK && event->kind == TN_KIND_command_refused) {
        status = check_refused(&event->body.command_refused, arena);
    }
    return status;
}

/* Whether an entry with something unknown in it is canonical at least, with a map for its body. */
static bool is_canonical(struct tn_bytes entry)
{
    struct tn_unpack unpack;
    struct tn_event envelope;
    uint64_t role;

    tn_unpack_init(&unpack, entry);
    if (read_envelope(&unpack, &envelope, &role) == TN_INVALID ||
        tn_unpack_peek(&unpack) != TN_PACK_MAP) {
        return false;
    }
    /* All of it at once, for the depth counts from the outermost array. */
    tn_unpack_init(&unpack, entry);
    (void) tn_unpack_skip(&unpack);
    return tn_unpack_done(&unpack);
}

enum tn_status tn_event_decode(struct tn_bytes entry, uint64_t index, struct tn_arena *arena,
                               struct tn_event *event, struct tn_error *error)
{
    enum tn_status status = TN_INVALID;

    memset(event, 0, offsetof(struct tn_event, body));
    event->index = index;
    if (entry.size <= TN_EVENT_BYTES_MAX) {
        status = read_entry(entry, arena, event);
    }
    if (status == TN_OK) {
        return TN_OK;
    }
    memset(&event->body, 0, sizeof(event->body));
    if (status == TN_FULL) {
        return tn_fail(error, status, "entry %" PRIu64 ": larger than the memory set apart for it",
                       index);
    }
    if (status == TN_UNSUPPORTED && is_canonical(entry)) {
        return tn_fail(error, status,
                       "entry %" PRIu64 ": kind %" PRIu32 " version %" PRIu32
                       " has something this program does not know; use a newer one",
                       index, event->kind, event->version);
    }
    *event = (struct tn_event){.index = index};
    return tn_fail(error, TN_INVALID, "entry %" PRIu64 ": its bytes are not canonical", index);
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

/* The kinds that belong to a port day: where their bodies hold the port and the seats. */
#define PORT_DAY(kind_)                                                                            \
    {                                                                                              \
        .kind = TN_KIND_##kind_, .port = offsetof(struct tn_##kind_, port),                        \
        .seats = offsetof(struct tn_##kind_, seats),                                               \
    }

static const struct port_day {
    enum tn_kind_number kind;
    size_t port;
    size_t seats;
} port_days[] = {
    PORT_DAY(appointment_confirmed),
    PORT_DAY(group_presented),
    PORT_DAY(no_show_recorded),
    PORT_DAY(turned_away),
};

static const struct port_day *port_day_find(uint64_t kind)
{
    for (size_t i = 0; i < TN_ARRAY_SIZE(port_days); i++) {
        if (port_days[i].kind == kind) {
            return &port_days[i];
        }
    }
    return NULL;
}

bool tn_kind_has_port_day(uint64_t kind)
{
    return port_day_find(kind) != NULL;
}

/* All seats of a group have one date. */
static void add_port_day(const struct tn_event *event,
                         uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE], size_t *count)
{
    const struct port_day *place = port_day_find(event->kind);
    const char *body = (const char *) &event->body;
    uint8_t stream[TN_ID_SIZE];
    const struct tn_run_list *seats;

    if (!place) {
        return;
    }
    seats = (const struct tn_run_list *) (const void *) (body + place->seats);
    if (seats->count > 0) {
        tn_port_day_stream(*(const uint64_t *) (const void *) (body + place->port),
                           seats->items[0].date, stream);
        add_stream(streams, count, stream);
    }
}

bool tn_event_begins_command(const struct tn_event *event, struct tn_command_run *run)
{
    bool begins = event->has_command &&
                  !(run->has_last && memcmp(run->last, event->command, TN_ID_SIZE) == 0);

    run->has_last = event->has_command;
    if (begins) {
        memcpy(run->last, event->command, TN_ID_SIZE);
    }
    return begins;
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

/* The bytes of the body alone, of an entry that was decoded as far as its envelope. */
static struct tn_bytes raw_body(struct tn_bytes entry, uint64_t *role)
{
    struct tn_unpack unpack;
    struct tn_event envelope;

    tn_unpack_init(&unpack, entry);
    (void) read_envelope(&unpack, &envelope, role);
    return tn_bytes(unpack.at, (size_t) (unpack.end - unpack.at));
}

/* A name in quotes, or the number where there is none. */
static void json_name(const char *name, uint64_t number, struct tn_buffer *out)
{
    if (name) {
        tn_buffer_append_u8(out, '"');
        tn_buffer_append_string(out, name);
        tn_buffer_append_u8(out, '"');
    } else {
        tn_json_uint(number, out);
    }
}

static void json_envelope(const struct tn_event *event, const struct tn_kind *kind, uint64_t role,
                          struct tn_buffer *out)
{
    tn_buffer_append_string(out, "{\"index\":");
    tn_json_uint(event->index, out);
    tn_buffer_append_string(out, ",\"time\":");
    tn_json_uint(event->time_us, out);
    tn_buffer_append_string(out, ",\"kind\":");
    json_name(kind ? kind->name : NULL, event->kind, out);
    tn_buffer_append_string(out, ",\"version\":");
    tn_json_uint(event->version, out);
    tn_buffer_append_string(out, ",\"actor\":{\"role\":");
    json_name(role < TN_ROLE_COUNT ? role_names[role] : NULL, role, out);
    tn_buffer_append_string(out, ",\"id\":");
    tn_json_hex(event->actor.id, TN_ID_SIZE, out);
    tn_buffer_append_string(out, "},\"command\":");
    if (event->has_command) {
        tn_json_hex(event->command, TN_ID_SIZE, out);
    } else {
        tn_buffer_append_string(out, "null");
    }
    tn_buffer_append_string(out, ",\"cause\":");
    if (event->has_cause) {
        tn_json_uint(event->cause, out);
    } else {
        tn_buffer_append_string(out, "null");
    }
    tn_buffer_append_string(out, ",\"body\":");
}

enum tn_status tn_event_write_json(struct tn_bytes entry, uint64_t index, struct tn_arena *arena,
                                   struct tn_buffer *out, struct tn_error *error)
{
    struct tn_event event;
    enum tn_status status = tn_event_decode(entry, index, arena, &event, error);
    const struct tn_kind *kind;
    struct tn_bytes body;
    uint64_t role;

    if (status != TN_OK && status != TN_UNSUPPORTED) {
        return status;
    }
    body = raw_body(entry, &role);
    kind = tn_kind_find(event.kind, event.version);
    json_envelope(&event, kind, role, out);
    if (status == TN_OK) {
        tn_record_write_json(kind->record, &event.body, refused_facts(&event), out);
    } else {
        tn_json_hex(body.data, body.size, out);
    }
    tn_buffer_append_u8(out, '}');
    return TN_OK;
}
