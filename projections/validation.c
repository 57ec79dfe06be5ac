/* The validation projection: which pairs of number and date of birth (as tags) have an appointment.
 * It is rebuilt from the log without any key (P6). */
#include <string.h>

#include "ledger/rules/rows.h"
#include "projections/keys.h"
#include "projections/projection.h"

static enum tn_status confirm(struct tn_rows *rows, const struct tn_appointment_confirmed *body,
                              struct tn_error *error)
{
    struct tn_appointment_row row = {
        .state = TN_APPOINTMENT_CONFIRMED,
        .port = body->port,
        .seats = body->seats,
        .members = body->members,
        .tags = body->tags,
        .ends_us = body->ends_us,
    };
    struct tn_port_day_row place;
    struct tn_tag_row tag = {0};
    enum tn_status status;

    if (body->seats.count == 0) {
        return tn_fail(error, TN_CORRUPT, "an appointment without a seat was confirmed");
    }
    if (body->members.count != body->tags.count) { /* each has one, at the same place */
        return tn_fail(error, TN_CORRUPT, "an appointment has not as many tags as members");
    }
    memcpy(row.registration, body->registration, TN_ID_SIZE);
    status = TN_WRITE(rows, tn_key_appointment(body->offer), appointment_row, &row, error);
    memcpy(tag.offer, body->offer, TN_ID_SIZE);
    for (size_t i = 0; status == TN_OK && i < body->tags.count; i++) {
        status = TN_WRITE(rows, tn_key_tag(body->tags.items[i]), tag_row, &tag, error);
    }
    memcpy(place.offer, body->offer, TN_ID_SIZE);
    if (status == TN_OK) {
        status = TN_WRITE(rows,
                          tn_key_port_day_entry(body->port, body->seats.items[0].date, body->offer),
                          port_day_row, &place, error);
    }
    return status;
}

static enum tn_status leave(struct tn_rows *rows, const uint8_t *offer,
                            enum tn_appointment_state state, struct tn_arena *arena,
                            struct tn_error *error)
{
    struct tn_appointment_row row;
    struct tn_row_key key;
    bool found;
    enum tn_status status =
        TN_READ(rows, tn_key_appointment(offer), appointment_row, arena, &row, &found, error);

    if (status != TN_OK) {
        return status;
    }
    if (!found || row.state != TN_APPOINTMENT_CONFIRMED) {
        return tn_fail(error, TN_CORRUPT, "an appointment that does not stand was ended");
    }
    row.state = state;
    status = TN_WRITE(rows, tn_key_appointment(offer), appointment_row, &row, error);
    key = tn_key_port_day_entry(row.port, row.seats.items[0].date, offer);
    return status == TN_OK ? tn_rows_delete(rows, tn_row_key_view(&key), error) : status;
}

/* The appointment without the member: a group of two becomes an individual. */
static enum tn_status forget_member(struct tn_rows *rows, const struct tn_member_dropped *body,
                                    struct tn_appointment_row *row, struct tn_arena *arena,
                                    struct tn_error *error)
{
    uint8_t(*members)[TN_ID_SIZE] = tn_arena_array(arena, row->members.count, TN_ID_SIZE);
    uint8_t(*tags)[TN_ID_SIZE] = tn_arena_array(arena, row->members.count, TN_ID_SIZE);
    size_t kept = 0;

    if (!members || !tags) {
        return tn_fail(error, TN_FULL, "a group is larger than the memory set apart for it");
    }
    for (size_t i = 0; i < row->members.count; i++) {
        if (memcmp(row->members.items[i], body->member, TN_ID_SIZE) != 0) {
            memcpy(members[kept], row->members.items[i], TN_ID_SIZE);
            memcpy(tags[kept++], row->tags.items[i], TN_ID_SIZE);
        }
    }
    row->members = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) members, kept};
    row->tags = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) tags, kept};
    return TN_WRITE(rows, tn_key_appointment(body->offer), appointment_row, row, error);
}

static enum tn_status drop_member(struct tn_rows *rows, const struct tn_member_dropped *body,
                                  struct tn_arena *arena, struct tn_error *error)
{
    struct tn_tag_row tag = {.dropped = 1};
    struct tn_appointment_row row;
    bool found;
    enum tn_status status =
        TN_READ(rows, tn_key_appointment(body->offer), appointment_row, arena, &row, &found, error);

    if (status != TN_OK || !found) {
        return status; /* only an offer was held: no tag was made yet */
    }
    status = forget_member(rows, body, &row, arena, error);
    if (status != TN_OK || tn_is_zero(body->tag, TN_ID_SIZE)) {
        return status; /* somebody else has the same tag */
    }
    memcpy(tag.offer, body->offer, TN_ID_SIZE);
    return TN_WRITE(rows, tn_key_tag(body->tag), tag_row, &tag, error);
}

static enum tn_status apply(struct tn_rows *rows, const struct tn_event *event,
                            struct tn_arena *arena, struct tn_error *error)
{
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_appointment_confirmed:
        return confirm(rows, &body->appointment_confirmed, error);
    case TN_KIND_appointment_cancelled:
        return leave(rows, body->appointment_cancelled.offer, TN_APPOINTMENT_CANCELLED, arena,
                     error);
    case TN_KIND_group_presented:
        return leave(rows, body->group_presented.offer, TN_APPOINTMENT_PRESENTED, arena, error);
    case TN_KIND_turned_away:
        return leave(rows, body->turned_away.offer, TN_APPOINTMENT_TURNED_AWAY, arena, error);
    case TN_KIND_no_show_recorded:
        return leave(rows, body->no_show_recorded.offer, TN_APPOINTMENT_MISSED, arena, error);
    case TN_KIND_member_dropped:
        return drop_member(rows, &body->member_dropped, arena, error);
    default:
        return TN_OK;
    }
}

const struct tn_projection tn_projection_validation = {"validation", 1, apply};
