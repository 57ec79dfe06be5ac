/* What the log says: counts for the report, and what became of offers and appointments. Read at
 * rest, so that what the player then plans does not depend on the moment of a commit. */
#include <string.h>

#include "api/simulate/simulate_internal.h"
#include "ledger/base/pack.h"

#define EVENT_ARENA_BYTES ((size_t) 1 << 20)

struct observer {
    struct tn_sim *sim;
    enum tn_status status;
};

static struct tn_simulate_port *port_of(struct tn_sim *sim, uint64_t code)
{
    for (uint32_t i = 0; i < sim->report->port_count; i++) {
        if (sim->report->ports[i].code == code) {
            return &sim->report->ports[i];
        }
    }
    return NULL;
}

static uint64_t sum_seats(const struct tn_run_list *seats)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < seats->count; i++) {
        sum += seats->items[i].seats;
    }
    return sum;
}

/* The group of an event, when `offer` is the one it holds. */
static struct tn_sim_group *holder(struct tn_sim *sim, const uint8_t *registration,
                                   const uint8_t *offer)
{
    uint32_t at = tn_sim_group_find(sim, registration);
    struct tn_sim_group *group = at != TN_SIM_NONE ? &sim->groups[at] : NULL;

    return group && memcmp(group->offer, offer, TN_ID_SIZE) == 0 ? group : NULL;
}

static enum tn_status see_offered(struct tn_sim *sim, const struct tn_appointment_offered *body)
{
    uint32_t at = tn_sim_group_find(sim, body->registration);
    struct tn_simulate_port *port = port_of(sim, body->port);
    struct tn_sim_group *group;
    uint64_t seats = sum_seats(&body->seats);
    /* Seats are drawn on the day after the one they were asked for. */
    uint64_t drawn = body->day + 1 - sim->base_day;

    if (at == TN_SIM_NONE || !port || body->seats.count == 0 || body->size > TN_POLICY_SIZE_MAX) {
        return tn_fail(sim->error, TN_MISMATCH, "an offer to somebody who never asked");
    }
    group = &sim->groups[at];
    memcpy(group->offer, body->offer, TN_ID_SIZE);
    group->state = TN_SIM_OFFERED;
    group->date = (uint16_t) (body->seats.items[0].date - sim->base_day);
    group->minute = (uint16_t) body->seats.items[0].minute;
    group->port = (uint8_t) (port - sim->report->ports);
    group->seats = (uint8_t) seats;
    port->offered_groups++;
    port->offered_seats += seats;
    sim->report->sizes[body->size].offered++;
    if (drawn - group->created > sim->report->longest_wait_days) {
        sim->report->longest_wait_days = drawn - group->created;
    }
    return tn_sim_list_push(&sim->winners, at);
}

/* An offer that ended without an appointment. */
static void see_offer_ended(struct tn_sim *sim, const uint8_t *registration, const uint8_t *offer,
                            bool lapsed)
{
    struct tn_sim_group *group = holder(sim, registration, offer);
    struct tn_simulate_port *port;

    if (!group) {
        return;
    }
    port = &sim->report->ports[group->port];
    if (lapsed) {
        port->lapsed_seats += group->seats;
    } else {
        port->declined_seats += group->seats;
    }
    if (group->state == TN_SIM_OFFERED) {
        group->state = TN_SIM_WAITING;
    }
}

static void see_cancelled(struct tn_sim *sim, const struct tn_appointment_cancelled *body)
{
    struct tn_sim_group *group = holder(sim, body->registration, body->offer);

    if (group) {
        sim->report->ports[group->port].cancelled_seats += group->seats;
        group->state = group->state == TN_SIM_APPOINTED ? TN_SIM_WAITING : group->state;
    }
}

static void see_confirmed(struct tn_sim *sim, const struct tn_appointment_confirmed *body)
{
    struct tn_simulate_port *port = port_of(sim, body->port);

    if (port) {
        port->confirmed_seats += sum_seats(&body->seats);
    }
}

/* Three kinds with one body but for the facts: the fields stand in one place of the record's list.
 */
static void see_port_day(struct tn_sim *sim, uint32_t kind, const uint8_t *registration,
                         const uint8_t *offer, uint64_t code, const struct tn_run_list *seats)
{
    struct tn_simulate_port *port = port_of(sim, code);
    struct tn_sim_group *group = holder(sim, registration, offer);
    bool came = kind == TN_KIND_group_presented;

    if (port && came) {
        port->presented_seats += sum_seats(seats);
    } else if (port && kind == TN_KIND_no_show_recorded) {
        port->missed_seats += sum_seats(seats);
    }
    if (group) {
        group->state = came ? TN_SIM_SERVED : TN_SIM_WAITING;
    }
}

static enum tn_status see(struct tn_sim *sim, const struct tn_event *event)
{
    const union tn_body *body = &event->body;
    struct tn_simulate_port *port;

    switch (event->kind) {
    case TN_KIND_appointment_offered:
        return see_offered(sim, &body->appointment_offered);
    case TN_KIND_offer_lapsed:
        see_offer_ended(sim, body->offer_lapsed.registration, body->offer_lapsed.offer, true);
        break;
    case TN_KIND_offer_declined:
        see_offer_ended(sim, body->offer_declined.registration, body->offer_declined.offer, false);
        break;
    case TN_KIND_appointment_confirmed:
        see_confirmed(sim, &body->appointment_confirmed);
        break;
    case TN_KIND_appointment_cancelled:
        see_cancelled(sim, &body->appointment_cancelled);
        break;
    case TN_KIND_seats_returned:
        port = port_of(sim, body->seats_returned.port);
        if (port) {
            port->returned_seats += sum_seats(&body->seats_returned.seats);
        }
        break;
    case TN_KIND_seats_expired:
        port = port_of(sim, body->seats_expired.port);
        if (port) {
            port->expired_seats += sum_seats(&body->seats_expired.seats);
        }
        break;
    case TN_KIND_group_presented:
    case TN_KIND_turned_away:
        see_port_day(sim, event->kind, body->group_presented.registration,
                     body->group_presented.offer, body->group_presented.port,
                     &body->group_presented.seats);
        break;
    case TN_KIND_no_show_recorded:
        see_port_day(sim, event->kind, body->no_show_recorded.registration,
                     body->no_show_recorded.offer, body->no_show_recorded.port,
                     &body->no_show_recorded.seats);
        break;
    default:
        break;
    }
    return TN_OK;
}

/* Most entries are requests: those are counted and not decoded. */
static bool is_looked_at(uint64_t kind)
{
    switch (kind) {
    case TN_KIND_appointment_offered:
    case TN_KIND_offer_lapsed:
    case TN_KIND_offer_declined:
    case TN_KIND_appointment_confirmed:
    case TN_KIND_appointment_cancelled:
    case TN_KIND_seats_returned:
    case TN_KIND_seats_expired:
    case TN_KIND_group_presented:
    case TN_KIND_turned_away:
    case TN_KIND_no_show_recorded:
        return true;
    default:
        return false;
    }
}

static bool observe_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct observer *observer = context;
    struct tn_sim *sim = observer->sim;
    struct tn_unpack unpack;
    struct tn_event event;
    uint64_t kind;

    tn_unpack_init(&unpack, entry);
    (void) tn_unpack_array(&unpack);
    (void) tn_unpack_uint(&unpack); /* version */
    kind = tn_unpack_uint(&unpack);
    if (kind >= TN_KIND_LIMIT) {
        observer->status = tn_fail(sim->error, TN_CORRUPT, "an entry of no known kind");
        return false;
    }
    sim->report->kinds[kind]++;
    if (!is_looked_at(kind)) {
        return true;
    }
    tn_arena_reset(&sim->event_arena);
    observer->status = tn_event_decode(entry, index, &sim->event_arena, &event, sim->error);
    if (observer->status == TN_OK) {
        observer->status = see(sim, &event);
    }
    return observer->status == TN_OK;
}

enum tn_status tn_sim_observe(struct tn_sim *sim)
{
    struct observer observer = {.sim = sim, .status = TN_OK};
    struct tn_log_head head;
    enum tn_status status;

    tn_log_head(sim->ledger->log, &head);
    if (head.size == sim->position) {
        return TN_OK;
    }
    if (!sim->event_arena.limit) {
        tn_arena_init(&sim->event_arena, EVENT_ARENA_BYTES);
    }
    status = tn_log_scan(sim->ledger->log, sim->position, head.size, observe_entry, &observer,
                         sim->error);
    sim->position = head.size;
    sim->report->events = head.size;
    sim->report->last_us = head.last_time_us;
    return status == TN_OK ? observer.status : status;
}
