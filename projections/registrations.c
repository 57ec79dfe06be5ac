/* The registrations projection: groups, their members, and in which live registration a person
 * counts. */
#include <string.h>

#include "ledger/rules/policy.h"
#include "ledger/rules/rows.h"
#include "projections/keys.h"
#include "projections/projection.h"

static enum tn_status read_registration(struct tn_rows *rows, const uint8_t *id,
                                        struct tn_arena *arena, struct tn_registration_row *row,
                                        struct tn_error *error)
{
    bool found;
    enum tn_status status =
        TN_READ(rows, tn_key_registration(id), registration_row, arena, row, &found, error);

    if (status == TN_OK && !found) {
        status = tn_fail(error, TN_CORRUPT, "an event names a registration that was never made");
    }
    return status;
}

static enum tn_status write_registration(struct tn_rows *rows, const uint8_t *id,
                                         const struct tn_registration_row *row,
                                         struct tn_error *error)
{
    return TN_WRITE(rows, tn_key_registration(id), registration_row, row, error);
}

/* Say where a person counts. A person who leaves `from`, which asked for `asked_day` (0: for none),
 * asked for that day under it, unless they had asked under yet another one before (R06). */
static enum tn_status place_person(struct tn_rows *rows, const uint8_t *person,
                                   const uint8_t *registration, bool live, const uint8_t *from,
                                   uint64_t asked_day, struct tn_arena *arena,
                                   struct tn_error *error)
{
    struct tn_person_row row;
    bool found;
    enum tn_status status =
        TN_READ(rows, tn_key_person(person), person_row, arena, &row, &found, error);

    if (status != TN_OK) {
        return status;
    }
    memcpy(row.registration, registration, TN_ID_SIZE);
    row.live = live ? 1 : 0;
    if (asked_day > row.asked_day) {
        row.asked_day = asked_day;
        memcpy(row.asked_registration, from, TN_ID_SIZE);
    }
    return TN_WRITE(rows, tn_key_person(person), person_row, &row, error);
}

static enum tn_status create(struct tn_rows *rows, const struct tn_registration_created *body,
                             struct tn_error *error)
{
    struct tn_registration_row row = {.state = TN_REGISTRATION_LIVE,
                                      .created_day = body->created_day};

    return write_registration(rows, body->facts.registration, &row, error);
}

/* The members of `row` and `more` as one list in the arena: no more than any policy allows, for
 * rules have room for so many. */
static enum tn_status append_members(struct tn_registration_row *row,
                                     const struct tn_merged_member *more, size_t count,
                                     struct tn_arena *arena, struct tn_error *error)
{
    struct tn_merged_member *members;

    if (row->members.count + count > TN_POLICY_SIZE_MAX) {
        return tn_fail(error, TN_CORRUPT, "a group grows larger than any policy allows");
    }
    members = tn_arena_array(arena, row->members.count + count, sizeof(*members));
    if (!members) {
        return tn_fail(error, TN_FULL, "a group is larger than the memory set apart for it");
    }
    if (row->members.count > 0) {
        memcpy(members, row->members.items, row->members.count * sizeof(*members));
    }
    memcpy(members + row->members.count, more, count * sizeof(*members));
    row->members.items = members;
    row->members.count += count;
    return TN_OK;
}

static enum tn_status add_member(struct tn_rows *rows, const struct tn_member_added *body,
                                 struct tn_arena *arena, struct tn_error *error)
{
    struct tn_registration_row row;
    struct tn_merged_member member = {.adult = body->adult, .added_day = body->added_day};
    enum tn_status status = read_registration(rows, body->registration, arena, &row, error);

    memcpy(member.member, body->member, TN_ID_SIZE);
    memcpy(member.person, body->person, TN_ID_SIZE);
    if (status == TN_OK) {
        status = append_members(&row, &member, 1, arena, error);
    }
    if (status != TN_OK) {
        return status;
    }
    row.registered_day = body->registered_day;
    row.blocked_day = body->blocked_day;
    status = write_registration(rows, body->registration, &row, error);
    return status == TN_OK ? place_person(rows, body->person, body->registration, true,
                                          body->registration, 0, arena, error)
                           : status;
}

static enum tn_status remove_member(struct tn_rows *rows, const struct tn_member_removed *body,
                                    struct tn_arena *arena, struct tn_error *error)
{
    struct tn_registration_row row;
    struct tn_merged_member *members;
    size_t kept = 0;
    enum tn_status status = read_registration(rows, body->registration, arena, &row, error);

    if (status != TN_OK) {
        return status;
    }
    members = tn_arena_array(arena, row.members.count, sizeof(*members));
    if (!members) {
        return tn_fail(error, TN_FULL, "a group is larger than the memory set apart for it");
    }
    for (size_t i = 0; i < row.members.count; i++) {
        if (memcmp(row.members.items[i].member, body->member, TN_ID_SIZE) != 0) {
            members[kept++] = row.members.items[i];
        }
    }
    row.members.items = members;
    row.members.count = kept;
    row.registered_day = body->registered_day;
    status = write_registration(rows, body->registration, &row, error);
    return status == TN_OK ? place_person(rows, body->person, body->registration, false,
                                          body->registration, body->asked_day, arena, error)
                           : status;
}

static enum tn_status withdraw(struct tn_rows *rows, const struct tn_registration_withdrawn *body,
                               struct tn_arena *arena, struct tn_error *error)
{
    const uint8_t *id = body->facts.registration;
    struct tn_registration_row row;
    enum tn_status status = read_registration(rows, id, arena, &row, error);

    if (status != TN_OK) {
        return status;
    }
    row.state = TN_REGISTRATION_WITHDRAWN;
    status = write_registration(rows, id, &row, error);
    for (size_t i = 0; status == TN_OK && i < body->persons.count; i++) {
        status = place_person(rows, body->persons.items[i], id, false, id, body->asked_day, arena,
                              error);
    }
    return status;
}

static enum tn_status restore(struct tn_rows *rows, const struct tn_registration_restored *body,
                              struct tn_arena *arena, struct tn_error *error)
{
    const uint8_t *id = body->facts.registration;
    struct tn_registration_row row;
    enum tn_status status = read_registration(rows, id, arena, &row, error);

    if (status != TN_OK) {
        return status;
    }
    row.state = TN_REGISTRATION_LIVE;
    row.blocked_day = body->blocked_day;
    status = write_registration(rows, id, &row, error);
    for (size_t i = 0; status == TN_OK && i < body->persons.count; i++) {
        status = place_person(rows, body->persons.items[i], id, true, id, 0, arena, error);
    }
    return status;
}

static enum tn_status merge(struct tn_rows *rows, const struct tn_registration_merged *body,
                            struct tn_arena *arena, struct tn_error *error)
{
    struct tn_registration_row row;
    struct tn_registration_row other;
    enum tn_status status = read_registration(rows, body->facts.registration, arena, &row, error);

    if (status == TN_OK) {
        status = read_registration(rows, body->facts.other, arena, &other, error);
    }
    if (status == TN_OK) {
        status = append_members(&row, body->members.items, body->members.count, arena, error);
    }
    if (status != TN_OK) {
        return status;
    }
    row.registered_day = body->registered_day;
    row.blocked_day = body->blocked_day;
    other.state = TN_REGISTRATION_MERGED;
    memcpy(other.merged_into, body->facts.registration, TN_ID_SIZE);
    status = write_registration(rows, body->facts.registration, &row, error);
    if (status == TN_OK) {
        status = write_registration(rows, body->facts.other, &other, error);
    }
    for (size_t i = 0; status == TN_OK && i < body->members.count; i++) {
        status = place_person(rows, body->members.items[i].person, body->facts.registration, true,
                              body->facts.other, body->asked_day, arena, error);
    }
    return status;
}

static enum tn_status declare(struct tn_rows *rows, const struct tn_destination_declared *body,
                              struct tn_arena *arena, struct tn_error *error)
{
    struct tn_registration_row row;
    enum tn_status status = read_registration(rows, body->registration, arena, &row, error);

    if (status != TN_OK) {
        return status;
    }
    memcpy(row.place, body->place, TN_ID_SIZE);
    return write_registration(rows, body->registration, &row, error);
}

static enum tn_status hold(struct tn_rows *rows, const uint8_t *registration, const uint8_t *offer,
                           enum tn_holding holding, struct tn_arena *arena, struct tn_error *error)
{
    struct tn_registration_row row;
    enum tn_status status = read_registration(rows, registration, arena, &row, error);

    if (status != TN_OK) {
        return status;
    }
    row.holding = holding;
    memset(row.offer, 0, TN_ID_SIZE);
    if (holding != TN_HOLDS_NOTHING) {
        memcpy(row.offer, offer, TN_ID_SIZE);
    }
    return write_registration(rows, registration, &row, error);
}

static enum tn_status apply_group(struct tn_rows *rows, const struct tn_event *event,
                                  struct tn_arena *arena, struct tn_error *error)
{
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_registration_created:
        return create(rows, &body->registration_created, error);
    case TN_KIND_member_added:
        return add_member(rows, &body->member_added, arena, error);
    case TN_KIND_member_removed:
        return remove_member(rows, &body->member_removed, arena, error);
    case TN_KIND_destination_declared:
        return declare(rows, &body->destination_declared, arena, error);
    case TN_KIND_registration_withdrawn:
        return withdraw(rows, &body->registration_withdrawn, arena, error);
    case TN_KIND_registration_restored:
        return restore(rows, &body->registration_restored, arena, error);
    case TN_KIND_registration_merged:
        return merge(rows, &body->registration_merged, arena, error);
    default:
        return TN_OK;
    }
}

static enum tn_status apply(struct tn_rows *rows, const struct tn_event *event,
                            struct tn_arena *arena, struct tn_error *error)
{
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_appointment_offered:
        return hold(rows, body->appointment_offered.registration, body->appointment_offered.offer,
                    TN_HOLDS_OFFER, arena, error);
    case TN_KIND_appointment_confirmed:
        return hold(rows, body->appointment_confirmed.registration,
                    body->appointment_confirmed.offer, TN_HOLDS_APPOINTMENT, arena, error);
    case TN_KIND_offer_declined:
        return hold(rows, body->offer_declined.registration, NULL, TN_HOLDS_NOTHING, arena, error);
    case TN_KIND_offer_lapsed:
        return hold(rows, body->offer_lapsed.registration, NULL, TN_HOLDS_NOTHING, arena, error);
    case TN_KIND_appointment_cancelled:
        return hold(rows, body->appointment_cancelled.registration, NULL, TN_HOLDS_NOTHING, arena,
                    error);
    case TN_KIND_group_presented:
    case TN_KIND_turned_away: /* one body for both */
        return hold(rows, body->group_presented.registration, NULL, TN_HOLDS_NOTHING, arena, error);
    case TN_KIND_no_show_recorded:
        return hold(rows, body->no_show_recorded.registration, NULL, TN_HOLDS_NOTHING, arena,
                    error);
    default:
        return apply_group(rows, event, arena, error);
    }
}

const struct tn_projection tn_projection_registrations = {"registrations", 1, apply};
