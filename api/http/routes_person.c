/* What a registration's owner sees of it: its state, its own events, and who looked. */
#include <string.h>

#include "api/admin/admin.h"
#include "api/http/service_internal.h"
#include "api/query/events.h"
#include "ledger/base/check.h"
#include "ledger/rules/draw.h"
#include "projections/keys.h"

static const char *name_of(const char *const *names, size_t count, uint64_t value)
{
    return value < count ? names[value] : "unknown";
}

#define NAME(names, value) name_of(names, TN_ARRAY_SIZE(names), value)

static const char *const registration_states[] = {"unknown", "live", "withdrawn", "merged"};
static const char *const pool_states[] = {"unknown", "asked", "withdrawn", "superseded"};
static const char *const offer_states[] = {"unknown", "open", "accepted", "declined", "lapsed"};
static const char *const appointment_states[] = {"unknown",   "confirmed", "cancelled",
                                                 "presented", "missed",    "turned_away"};
static const char *const bases[] = {"unknown", "seniority", "lottery"};
static const char *const purposes[] = {"unknown", "transit", "entry", "shelter"};

/* ---- state ---- */

static void write_members(const struct tn_registration_row *row, struct tn_json_writer *json)
{
    tn_json_write_name(json, "members");
    tn_json_write_array_begin(json);
    for (size_t i = 0; i < row->members.count; i++) {
        const struct tn_merged_member *member = &row->members.items[i];

        tn_json_write_object_begin(json);
        tn_json_member_hex(json, "member", member->member, TN_ID_SIZE);
        tn_json_member_bool(json, "adult", member->adult != 0);
        tn_json_member_date(json, "added_day", member->added_day);
        tn_json_write_object_end(json);
    }
    tn_json_write_array_end(json);
}

/* Requests of the days whose pool is open or not drawn yet. */
static enum tn_status write_requests(struct tn_read *read, struct tn_json_writer *json)
{
    struct tn_rows *rows = read->reader->views.rows[TN_CORE_QUEUE];
    struct tn_arena *arena = &read->reader->arena;
    struct tn_queue_row queue;
    bool found;
    enum tn_status status =
        TN_READ(rows, tn_key_queue(), queue_row, arena, &queue, &found, &read->error);

    tn_json_write_name(json, "requests");
    tn_json_write_array_begin(json);
    for (size_t i = 0; status == TN_OK && i <= queue.open_days.count; i++) {
        uint64_t day = i == 0 ? queue.undrawn_day : queue.open_days.items[i - 1];
        struct tn_pool_row row;
        uint8_t gid[TN_ID_SIZE];

        if (day == 0) {
            continue;
        }
        tn_draw_gid(gid, queue.gid_key, (uint32_t) day, read->id);
        status =
            TN_READ(rows, tn_key_pool_entry(day, gid), pool_row, arena, &row, &found, &read->error);
        if (status == TN_OK && found) {
            tn_json_write_object_begin(json);
            tn_json_member_date(json, "day", day);
            tn_json_member_text(json, "state", NAME(pool_states, row.state));
            tn_json_write_name(json, "ports");
            tn_json_write_array_begin(json);
            for (size_t p = 0; p < row.ports.count; p++) {
                tn_json_write_uint(json, row.ports.items[p]);
            }
            tn_json_write_array_end(json);
            tn_json_write_object_end(json);
        }
    }
    tn_json_write_array_end(json);
    return status;
}

static enum tn_status write_offer(struct tn_read *read, const uint8_t *id,
                                  struct tn_json_writer *json)
{
    struct tn_offer_row row;
    bool found;
    enum tn_status status = TN_READ(read->reader->views.rows[TN_CORE_QUEUE], tn_key_offer(id),
                                    offer_row, &read->reader->arena, &row, &found, &read->error);

    tn_json_write_name(json, "offer");
    if (status != TN_OK || !found) {
        tn_json_write_null(json);
        return status;
    }
    tn_json_write_object_begin(json);
    tn_json_member_hex(json, "offer", id, TN_ID_SIZE);
    tn_json_member_text(json, "state", NAME(offer_states, row.state));
    tn_json_member_date(json, "day", row.day);
    tn_json_member_uint(json, "port", row.port);
    tn_json_member_seats(json, &row.seats);
    tn_json_member_text(json, "basis", NAME(bases, row.basis));
    tn_json_member_instant(json, "deadline", row.deadline_us);
    tn_json_write_object_end(json);
    return TN_OK;
}

static enum tn_status write_appointment(struct tn_read *read, const uint8_t *id,
                                        struct tn_json_writer *json)
{
    struct tn_appointment_row row;
    bool found;
    enum tn_status status = TN_READ(read->reader->views.rows[TN_CORE_VALIDATION],
                                    tn_key_appointment(id), appointment_row, &read->reader->arena,
                                    &row, &found, &read->error);

    tn_json_write_name(json, "appointment");
    if (status != TN_OK || !found) {
        tn_json_write_null(json);
        return status;
    }
    tn_json_write_object_begin(json);
    tn_json_member_text(json, "state", NAME(appointment_states, row.state));
    tn_json_member_uint(json, "port", row.port);
    tn_json_member_seats(json, &row.seats);
    tn_json_member_instant(json, "ends", row.ends_us);
    tn_json_write_object_end(json);
    return TN_OK;
}

static enum tn_status read_registration(struct tn_read *read)
{
    struct tn_registration_row row;
    struct tn_json_writer json;
    bool found;
    enum tn_status status =
        tn_reader_registration(read->reader, read->id, &row, &found, &read->error);

    if (status != TN_OK || !found) {
        return status == TN_OK ? TN_NOT_FOUND : status;
    }
    tn_json_writer_init(&json, &read->out);
    tn_json_write_object_begin(&json);
    tn_json_member_hex(&json, "registration", read->id, TN_ID_SIZE);
    tn_json_member_text(&json, "state", NAME(registration_states, row.state));
    tn_json_member_date(&json, "created_day", row.created_day);
    tn_json_member_date(&json, "registered_day", row.registered_day);
    if (row.state == TN_REGISTRATION_MERGED) {
        tn_json_member_hex(&json, "merged_into", row.merged_into, TN_ID_SIZE);
    }
    write_members(&row, &json);
    status = write_requests(read, &json);
    if (status == TN_OK) {
        status = write_offer(read, row.offer, &json);
    }
    if (status == TN_OK) {
        status = write_appointment(read, row.offer, &json);
    }
    tn_json_write_object_end(&json);
    return status;
}

void tn_on_registration(struct tn_http_request *request)
{
    struct tn_read *read;
    uint8_t id[TN_ID_SIZE];

    if (!tn_path_id(request, 0, id) || !tn_query_known(request, NULL, 0) ||
        !tn_min_index_reached(request)) {
        return;
    }
    read = tn_read_begin(request, read_registration);
    if (read) {
        memcpy(read->id, id, TN_ID_SIZE);
        tn_read_run(read);
    }
}

/* ---- events ---- */

static enum tn_status read_page(struct tn_read *read, struct tn_events_page *page)
{
    struct tn_log_head head;
    struct tn_json_writer json;
    enum tn_status status;

    tn_log_head(read->service->ledger->log, &head);
    page->from = read->after;
    page->end = head.size;
    page->limit = (size_t) read->limit;
    page->stream = read->id;
    tn_json_writer_init(&json, &read->out);
    tn_json_write_object_begin(&json);
    status = tn_query_events(read->service->ledger->log, page, &json, &read->error);
    tn_json_write_object_end(&json);
    return status;
}

/* Their own history, but not the looks at them, which are under /accesses, and not which officer
 * acted. */
static bool write_own(void *context, const struct tn_event *event, struct tn_json_writer *writer)
{
    struct tn_read *read = context;
    struct tn_event shown = *event;
    struct tn_buffer entry;
    struct tn_buffer json;
    bool written = false;

    if (event->kind == TN_KIND_validation_answered) {
        return false;
    }
    tn_buffer_init(&entry, TN_EVENT_BYTES_MAX);
    tn_buffer_init(&json, TN_EVENTS_BYTES_MAX);
    if (tn_names_officer(event)) {
        memset(shown.actor.id, 0, TN_ID_SIZE);
    }
    tn_event_encode(&shown, &entry);
    if (tn_event_write_json(tn_buffer_view(&entry), event->index, &read->reader->arena, &json,
                            &read->error) == TN_OK &&
        tn_buffer_status(&json) == TN_OK) {
        tn_json_write_raw(writer, tn_buffer_view(&json));
        written = true;
    }
    tn_buffer_close(&json);
    tn_buffer_close(&entry);
    return written;
}

static enum tn_status read_history(struct tn_read *read)
{
    struct tn_events_page page = {.write = write_own, .context = read};

    return read_page(read, &page);
}

/* Organisation, date, purpose: what spec/privacy.md 4 lets them see of every look. */
static bool write_access(void *context, const struct tn_event *event, struct tn_json_writer *writer)
{
    const struct tn_validation_answered *body = &event->body.validation_answered;
    char organisation[TN_ORGANISATION_TEXT_SIZE];

    (void) context;
    if (event->kind != TN_KIND_validation_answered) {
        return false;
    }
    tn_organisation_format(body->organisation, organisation);
    tn_json_write_object_begin(writer);
    tn_json_member_uint(writer, "index", event->index);
    tn_json_member_instant(writer, "time", event->time_us);
    tn_json_member_text(writer, "organisation", organisation);
    tn_json_member_text(writer, "purpose", NAME(purposes, body->facts.purpose));
    tn_json_write_object_end(writer);
    return true;
}

static enum tn_status read_accesses(struct tn_read *read)
{
    struct tn_events_page page = {.write = write_access, .context = read};

    return read_page(read, &page);
}

void tn_on_history(struct tn_http_request *request)
{
    tn_read_page_of(request, read_history, TN_EVENTS_LIMIT_DEFAULT, TN_EVENTS_LIMIT_MAX);
}

void tn_on_accesses(struct tn_http_request *request)
{
    tn_read_page_of(request, read_accesses, TN_EVENTS_LIMIT_DEFAULT, TN_EVENTS_LIMIT_MAX);
}
