/* The seats projection: every slot's counts (P7) and what a port carries from draw to draw. */
#include <string.h>

#include "ledger/rules/seats.h"
#include "projections/keys.h"
#include "projections/projection.h"

/* Far more than there are of anything, and the sum of two such numbers is still one. */
#define SEATS_MAX (INT64_MAX / 2)

/* What one seat adds to its slot's counts: 1, 0 or -1 each. */
struct change {
    int64_t free;
    int64_t offered;
    int64_t confirmed;
    int64_t used;
    int64_t expired;
    int64_t moved_in;
    int64_t moved_out;
};

/* Unsigned counts take negative changes modulo 2^64 and are checked after. */
static bool add(uint64_t *count, int64_t change)
{
    *count += (uint64_t) change;
    return *count <= SEATS_MAX;
}

static bool add_free(int64_t *count, int64_t change)
{
    *count += change;
    return *count <= SEATS_MAX && *count >= -SEATS_MAX;
}

static bool change_counts(struct tn_slot_row *slot, const struct change *unit, uint64_t seats)
{
    int64_t n = (int64_t) seats;
    bool sound = seats <= SEATS_MAX;

    sound = sound && add_free(&slot->free, unit->free * n);
    sound = sound && add(&slot->offered, unit->offered * n);
    sound = sound && add(&slot->confirmed, unit->confirmed * n);
    sound = sound && add(&slot->used, unit->used * n);
    sound = sound && add(&slot->expired, unit->expired * n);
    sound = sound && add(&slot->moved_in, unit->moved_in * n);
    sound = sound && add(&slot->moved_out, unit->moved_out * n);
    return sound && tn_slot_is_conserved(slot); /* P7 */
}

static enum tn_status change_slot(struct tn_rows *rows, uint64_t port, const struct tn_run *run,
                                  const struct change *unit, struct tn_arena *arena,
                                  struct tn_error *error)
{
    struct tn_port_date_row row;
    const struct tn_slot_row *found_slot;
    struct tn_slot_row *slots;
    bool found;
    enum tn_status status =
        TN_READ(rows, tn_key_port_date(port, run->date), port_date_row, arena, &row, &found, error);

    if (status != TN_OK) {
        return status;
    }
    found_slot = tn_slot_find(&row, run->minute);
    if (!found_slot) {
        return tn_fail(error, TN_CORRUPT, "an event names a seat that was never published");
    }
    /* The decoded list is this call's own copy in the arena. */
    slots = tn_arena_array(arena, row.slots.count, sizeof(*slots));
    if (!slots) {
        return tn_fail(error, TN_FULL, "a port's day is larger than the memory set apart for it");
    }
    memcpy(slots, row.slots.items, row.slots.count * sizeof(*slots));
    if (!change_counts(&slots[found_slot - row.slots.items], unit, run->seats)) {
        return tn_fail(error, TN_CORRUPT, "an event gives away seats that are not there");
    }
    row.slots.items = slots;
    return TN_WRITE(rows, tn_key_port_date(port, run->date), port_date_row, &row, error);
}

static enum tn_status change_runs(struct tn_rows *rows, uint64_t port,
                                  const struct tn_run_list *runs, const struct change *unit,
                                  struct tn_arena *arena, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < runs->count; i++) {
        status = change_slot(rows, port, &runs->items[i], unit, arena, error);
    }
    return status;
}

static enum tn_status move_seats(struct tn_rows *rows, const struct tn_seat_move_list *moves,
                                 struct tn_arena *arena, struct tn_error *error)
{
    static const struct change out = {.free = -1, .moved_out = 1};
    static const struct change in = {.free = 1, .moved_in = 1};
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < moves->count; i++) {
        const struct tn_seat_move *move = &moves->items[i];
        struct tn_run from = {move->date, move->minute, move->seats};
        struct tn_run to = {move->to_date, move->to_minute, move->seats};

        status = change_slot(rows, move->port, &from, &out, arena, error);
        if (status == TN_OK) {
            status = change_slot(rows, move->to_port, &to, &in, arena, error);
        }
    }
    return status;
}

static enum tn_status publish_port(struct tn_rows *rows, uint64_t date,
                                   const struct tn_port_capacity *capacity, struct tn_arena *arena,
                                   struct tn_error *error)
{
    struct tn_port_date_row row = {.ends_us = capacity->ends_us};
    struct tn_port_row port;
    struct tn_port_date_row existing;
    struct tn_slot_row *slots;
    bool found;
    enum tn_status status;

    status = TN_READ(rows, tn_key_port_date(capacity->port, date), port_date_row, arena, &existing,
                     &found, error);
    if (status != TN_OK || found) {
        return status != TN_OK ? status
                               : tn_fail(error, TN_CORRUPT, "a port's day was published twice");
    }
    slots = tn_arena_array(arena, capacity->slots.count, sizeof(*slots));
    if (!slots) {
        return tn_fail(error, TN_FULL, "a port's day is larger than the memory set apart for it");
    }
    for (size_t i = 0; i < capacity->slots.count; i++) {
        if (capacity->slots.items[i].seats > SEATS_MAX) {
            return tn_fail(error, TN_CORRUPT, "more seats were published than can be counted");
        }
        slots[i].minute = capacity->slots.items[i].minute;
        slots[i].published = capacity->slots.items[i].seats;
        slots[i].free = (int64_t) capacity->slots.items[i].seats;
    }
    row.slots = (struct tn_slot_row_list){slots, capacity->slots.count};
    status = TN_WRITE(rows, tn_key_port_date(capacity->port, date), port_date_row, &row, error);
    if (status == TN_OK) {
        status = TN_READ(rows, tn_key_port(capacity->port), port_row, arena, &port, &found, error);
    }
    if (status != TN_OK) {
        return status;
    }
    port.first_date = port.first_date == 0 || date < port.first_date ? date : port.first_date;
    port.last_date = date > port.last_date ? date : port.last_date;
    return TN_WRITE(rows, tn_key_port(capacity->port), port_row, &port, error);
}

static enum tn_status publish(struct tn_rows *rows, uint64_t date,
                              const struct tn_port_capacity_list *ports, struct tn_arena *arena,
                              struct tn_error *error)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < ports->count; i++) {
        status = publish_port(rows, date, &ports->items[i], arena, error);
    }
    return status;
}

/* Dates that ended can no longer change, so the next close starts behind them: at the close of a
 * day every earlier date but the last is over at every port. A date that still owes seats (R10) is
 * kept in sight. */
static enum tn_status advance(struct tn_rows *rows, uint64_t port_code, uint64_t day,
                              struct tn_port_row *port, struct tn_arena *arena,
                              struct tn_error *error)
{
    enum tn_status status = TN_OK;
    bool owes = false;

    while (port->first_date > 0 && port->first_date + 1 < day &&
           port->first_date < port->last_date && !owes) {
        struct tn_port_date_row row;
        bool found;

        status = TN_READ(rows, tn_key_port_date(port_code, port->first_date), port_date_row, arena,
                         &row, &found, error);
        if (status != TN_OK) {
            return status;
        }
        for (size_t i = 0; i < row.slots.count; i++) {
            owes = owes || row.slots.items[i].free < 0;
        }
        port->first_date += owes ? 0 : 1;
    }
    return TN_OK;
}

/* The repaying moves, then what the next close has to look at. */
static enum tn_status close_pool(struct tn_rows *rows, const struct tn_pool_closed *body,
                                 struct tn_arena *arena, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < body->ports.count; i++) {
        const struct tn_pool_port *closed = &body->ports.items[i];
        struct tn_port_row port = {0};
        uint64_t first_date;
        bool found;

        status = move_seats(rows, &closed->moves, arena, error);
        if (status == TN_OK) {
            status =
                TN_READ(rows, tn_key_port(closed->port), port_row, arena, &port, &found, error);
        }
        first_date = port.first_date;
        if (status == TN_OK) {
            status = advance(rows, closed->port, body->day, &port, arena, error);
        }
        if (status == TN_OK && port.first_date != first_date) {
            status = TN_WRITE(rows, tn_key_port(closed->port), port_row, &port, error);
        }
    }
    return status;
}

static enum tn_status complete_draw(struct tn_rows *rows, const struct tn_draw_completed *body,
                                    struct tn_arena *arena, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < body->after.count; i++) {
        const struct tn_port_after *after = &body->after.items[i];
        struct tn_port_row port;
        bool found;

        status = TN_READ(rows, tn_key_port(after->port), port_row, arena, &port, &found, error);
        if (status == TN_OK) {
            port.pcredit = after->pcredit;
            port.acc = after->acc;
            status = TN_WRITE(rows, tn_key_port(after->port), port_row, &port, error);
        }
    }
    return status;
}

static enum tn_status suspend(struct tn_rows *rows, uint64_t port_code, bool suspended,
                              uint64_t honour_before, struct tn_arena *arena,
                              struct tn_error *error)
{
    struct tn_port_row port;
    bool found;
    enum tn_status status =
        TN_READ(rows, tn_key_port(port_code), port_row, arena, &port, &found, error);

    if (status != TN_OK) {
        return status;
    }
    port.suspended = suspended ? 1 : 0;
    port.honour_before = honour_before;
    return TN_WRITE(rows, tn_key_port(port_code), port_row, &port, error);
}

static enum tn_status return_seats(struct tn_rows *rows, const struct tn_seats_returned *body,
                                   struct tn_arena *arena, struct tn_error *error)
{
    struct change unit = {.free = 1};

    if (body->held == TN_HELD_OFFER) {
        unit.offered = -1;
    } else {
        unit.confirmed = -1;
    }
    return change_runs(rows, body->port, &body->seats, &unit, arena, error);
}

static enum tn_status apply_capacity(struct tn_rows *rows, const struct tn_event *event,
                                     struct tn_arena *arena, struct tn_error *error)
{
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_capacity_published:
        return publish(rows, body->capacity_published.date, &body->capacity_published.ports, arena,
                       error);
    case TN_KIND_port_suspended:
        return suspend(rows, body->port_suspended.facts.port, true,
                       body->port_suspended.facts.honour_before, arena, error);
    case TN_KIND_port_resumed:
        return suspend(rows, body->port_resumed.facts.port, false, 0, arena, error);
    case TN_KIND_seats_reallocated:
        return move_seats(rows, &body->seats_reallocated.facts.moves, arena, error);
    case TN_KIND_pool_closed:
        return close_pool(rows, &body->pool_closed, arena, error);
    case TN_KIND_draw_completed:
        return complete_draw(rows, &body->draw_completed, arena, error);
    default:
        return TN_OK;
    }
}

static enum tn_status apply(struct tn_rows *rows, const struct tn_event *event,
                            struct tn_arena *arena, struct tn_error *error)
{
    static const struct change offered = {.free = -1, .offered = 1};
    static const struct change confirmed = {.offered = -1, .confirmed = 1};
    static const struct change used = {.confirmed = -1, .used = 1};
    static const struct change expired = {.free = -1, .expired = 1};
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_appointment_offered:
        return change_runs(rows, body->appointment_offered.port, &body->appointment_offered.seats,
                           &offered, arena, error);
    case TN_KIND_appointment_confirmed:
        return change_runs(rows, body->appointment_confirmed.port,
                           &body->appointment_confirmed.seats, &confirmed, arena, error);
    case TN_KIND_seats_returned:
        return return_seats(rows, &body->seats_returned, arena, error);
    case TN_KIND_seats_expired:
        return change_runs(rows, body->seats_expired.port, &body->seats_expired.seats, &expired,
                           arena, error);
    case TN_KIND_group_presented:
    case TN_KIND_turned_away: /* one body for both */
        return change_runs(rows, body->group_presented.port, &body->group_presented.seats, &used,
                           arena, error);
    case TN_KIND_no_show_recorded:
        return change_runs(rows, body->no_show_recorded.port, &body->no_show_recorded.seats, &used,
                           arena, error);
    default:
        return apply_capacity(rows, event, arena, error);
    }
}

const struct tn_projection tn_projection_seats = {"seats", 1, apply};
