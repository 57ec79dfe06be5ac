/* The shadow: its own count of seats, offers, groups and persons, and the checks. */
#include "tests/projections/harness/shadow.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/endian.h"
#include "tests/projections/harness/shadow_internal.h"

void shadow_init(struct shadow *shadow, struct tn_state *state)
{
    memset(shadow, 0, sizeof(*shadow));
    shadow->state = state;
    tn_arena_init(&shadow->arena, (size_t) 1 << 24);
}

void shadow_close(struct shadow *shadow)
{
    tn_arena_close(&shadow->arena);
    free(shadow->slot_index.slots);
    free(shadow->offer_index.slots);
    free(shadow->group_index.slots);
    free(shadow->person_index.slots);
    free(shadow->slots);
    free(shadow->offers);
    free(shadow->groups);
    free(shadow->persons);
    free(shadow->tallies);
    free(shadow->touched_slots);
    free(shadow->touched_groups);
}

static void slot_key(uint8_t key[TN_ID_SIZE], uint64_t port, uint64_t date, uint64_t minute)
{
    memset(key, 0, TN_ID_SIZE);
    tn_put_le32(key, (uint32_t) date);
    tn_put_le32(key + 8, (uint32_t) port);
    tn_put_le32(key + 12, (uint32_t) minute);
}

static struct shadow_slot *find_slot(struct shadow *shadow, uint64_t port, uint64_t date,
                                     uint64_t minute)
{
    uint8_t key[TN_ID_SIZE];
    uint32_t place;

    slot_key(key, port, date, minute);
    place = index_get(&shadow->slot_index, key);
    if (place == 0) {
        fail_msg("seats of port %u, date %u, minute %u were never published", (unsigned) port,
                 (unsigned) date, (unsigned) minute);
    }
    return &shadow->slots[place - 1];
}

static void touch_slot(struct shadow *shadow, struct shadow_slot *slot)
{
    uint32_t place = (uint32_t) (slot - shadow->slots);

    slot->fresh = true;
    if (!slot->touched) {
        slot->touched = true;
        *(uint32_t *) append((void **) &shadow->touched_slots, &shadow->touched_count,
                             sizeof(uint32_t)) = place;
    }
}

static void touch_group(struct shadow *shadow, struct shadow_group *group)
{
    if (!group->touched) {
        group->touched = true;
        *(uint32_t *) append((void **) &shadow->touched_groups, &shadow->touched_group_count,
                             sizeof(uint32_t)) = (uint32_t) (group - shadow->groups);
    }
}

struct shadow_offer *shadow_find_offer(struct shadow *shadow, const uint8_t id[static TN_ID_SIZE])
{
    uint32_t place = index_get(&shadow->offer_index, id);

    return place == 0 ? NULL : &shadow->offers[place - 1];
}

struct shadow_group *shadow_find_group(struct shadow *shadow, const uint8_t id[static TN_ID_SIZE])
{
    uint32_t place = index_get(&shadow->group_index, id);

    return place == 0 ? NULL : &shadow->groups[place - 1];
}

bool shadow_is_placed(const struct shadow *shadow, const uint8_t person[static TN_ID_SIZE])
{
    uint32_t place = index_get(&shadow->person_index, person);

    return place != 0 && shadow->persons[place - 1].group != 0;
}

static struct shadow_group *group_of(struct shadow *shadow, const uint8_t *id)
{
    struct shadow_group *group = shadow_find_group(shadow, id);

    assert_non_null(group);
    touch_group(shadow, group);
    return group;
}

static struct shadow_offer *offer_of(struct shadow *shadow, const uint8_t *id)
{
    struct shadow_offer *offer = shadow_find_offer(shadow, id);

    assert_non_null(offer);
    return offer;
}

struct shadow_person *shadow_person_of(struct shadow *shadow, const uint8_t *id)
{
    uint32_t place = index_get(&shadow->person_index, id);
    struct shadow_person *person;

    if (place != 0) {
        return &shadow->persons[place - 1];
    }
    person = append((void **) &shadow->persons, &shadow->person_count, sizeof(*person));
    memcpy(person->id, id, TN_ID_SIZE);
    index_put(&shadow->person_index, id, shadow->person_count - 1);
    return person;
}

struct shadow_tally *shadow_tally_of(struct shadow *shadow, uint64_t day)
{
    struct shadow_tally *tally;

    for (size_t i = shadow->tally_count; i-- > 0;) {
        if (shadow->tallies[i].day == day) {
            return &shadow->tallies[i];
        }
    }
    tally = append((void **) &shadow->tallies, &shadow->tally_count, sizeof(*tally));
    tally->day = day;
    return tally;
}

/* ---- seats ---- */

static void publish(struct shadow *shadow, const struct tn_capacity_published *body)
{
    for (size_t p = 0; p < body->ports.count; p++) {
        const struct tn_port_capacity *port = &body->ports.items[p];

        for (size_t s = 0; s < port->slots.count; s++) {
            struct shadow_slot *slot =
                append((void **) &shadow->slots, &shadow->slot_count, sizeof(*slot));
            uint8_t key[TN_ID_SIZE];

            slot_key(key, port->port, body->date, port->slots.items[s].minute);
            assert_int_equal(index_get(&shadow->slot_index, key), 0);
            index_put(&shadow->slot_index, key, shadow->slot_count - 1);
            slot->port = port->port;
            slot->date = body->date;
            slot->minute = port->slots.items[s].minute;
            slot->published = (int64_t) port->slots.items[s].seats;
            touch_slot(shadow, slot);
        }
    }
}

static void move(struct shadow *shadow, const struct tn_seat_move_list *moves)
{
    for (size_t i = 0; i < moves->count; i++) {
        const struct tn_seat_move *one = &moves->items[i];
        struct shadow_slot *from = find_slot(shadow, one->port, one->date, one->minute);
        struct shadow_slot *to = find_slot(shadow, one->to_port, one->to_date, one->to_minute);

        from->moved_out += (int64_t) one->seats;
        to->moved_in += (int64_t) one->seats;
        touch_slot(shadow, from);
        touch_slot(shadow, to);
    }
}

static void expire(struct shadow *shadow, const struct tn_seats_expired *body)
{
    for (size_t i = 0; i < body->seats.count; i++) {
        struct shadow_slot *slot =
            find_slot(shadow, body->port, body->seats.items[i].date, body->seats.items[i].minute);

        slot->expired += (int64_t) body->seats.items[i].seats;
        touch_slot(shadow, slot);
    }
}

/* What an offer's seats count as while it is in a state. */
static int64_t *held(struct shadow_slot *slot, enum shadow_offer_state state)
{
    static int64_t nowhere;

    if (state == SHADOW_OPEN || state == SHADOW_ACCEPTED) {
        return &slot->offered;
    }
    if (state == SHADOW_CONFIRMED) {
        return &slot->confirmed;
    }
    return state == SHADOW_PRESENTED || state == SHADOW_TURNED_AWAY || state == SHADOW_MISSED
               ? &slot->used
               : &nowhere;
}

static void turn(struct shadow *shadow, struct shadow_offer *offer, enum shadow_offer_state from,
                 enum shadow_offer_state to)
{
    struct shadow_tally *tally = shadow_tally_of(shadow, offer->day);
    struct shadow_group *group = &shadow->groups[offer->group];
    bool ends = to != SHADOW_OPEN && to != SHADOW_ACCEPTED && to != SHADOW_CONFIRMED;

    if (from != 0) {
        assert_int_equal(offer->state, from);
        tally->counts[from]--;
    }
    for (size_t i = 0; i < offer->run_count; i++) {
        struct shadow_slot *slot =
            find_slot(shadow, offer->port, offer->runs[i].date, offer->runs[i].minute);

        if (from != 0) {
            *held(slot, from) -= (int64_t) offer->runs[i].seats;
        }
        *held(slot, to) += (int64_t) offer->runs[i].seats;
        touch_slot(shadow, slot);
    }
    offer->state = to;
    tally->counts[to]++;
    tally->touched = true;
    tally->fresh = true;
    touch_group(shadow, group);
    if (ends) {
        assert_int_equal(group->offer, (uint32_t) (offer - shadow->offers) + 1);
        group->offer = 0;
    }
    if (to == SHADOW_DECLINED || to == SHADOW_LAPSED || to == SHADOW_CANCELLED) {
        shadow->returns_owed++;
    }
}

static void give_back(struct shadow *shadow, const struct tn_seats_returned *body)
{
    struct shadow_offer *offer = offer_of(shadow, body->offer);
    bool appointment = offer->state == SHADOW_CANCELLED;

    assert_true(appointment || offer->state == SHADOW_DECLINED || offer->state == SHADOW_LAPSED);
    assert_false(offer->returned);
    offer->returned = true;
    assert_int_equal(body->held, appointment ? TN_HELD_APPOINTMENT : TN_HELD_OFFER);
    assert_int_equal(body->port, offer->port);
    assert_int_equal(body->seats.count, offer->run_count);
    assert_memory_equal(body->seats.items, offer->runs, offer->run_count * sizeof(struct tn_run));
    for (size_t i = 0; i < offer->run_count; i++) {
        touch_slot(shadow,
                   find_slot(shadow, offer->port, offer->runs[i].date, offer->runs[i].minute));
    }
    assert_true(shadow->returns_owed > 0);
    shadow->returns_owed--;
}

/* ---- offers and appointments ---- */

static void offer(struct shadow *shadow, const struct tn_appointment_offered *body)
{
    struct shadow_group *group = group_of(shadow, body->registration);
    struct shadow_offer *one;
    uint64_t seats = 0;

    assert_true(group->live);
    assert_int_equal(group->offer, 0);
    assert_int_equal(body->size, group->count); /* R03: for all of the group as it is */
    assert_null(shadow_find_offer(shadow, body->offer));
    assert_in_range(body->seats.count, 1, SHADOW_RUNS_MAX);
    one = append((void **) &shadow->offers, &shadow->offer_count, sizeof(*one));
    memcpy(one->id, body->offer, TN_ID_SIZE);
    one->group = (uint32_t) (group - shadow->groups);
    one->day = body->day;
    one->port = body->port;
    one->size = body->size;
    one->deadline_us = body->deadline_us;
    one->run_count = body->seats.count;
    memcpy(one->runs, body->seats.items, body->seats.count * sizeof(struct tn_run));
    for (size_t i = 0; i < body->seats.count; i++) {
        seats += body->seats.items[i].seats;
    }
    assert_int_equal(seats, body->size); /* R03 */
    index_put(&shadow->offer_index, body->offer, shadow->offer_count - 1);
    group->offer = (uint32_t) shadow->offer_count;
    turn(shadow, one, 0, SHADOW_OPEN);
}

static void confirm(struct shadow *shadow, const struct tn_appointment_confirmed *body)
{
    struct shadow_offer *one = offer_of(shadow, body->offer);
    const struct shadow_group *group = &shadow->groups[one->group];

    /* R03, R29: everybody who is in the group, nobody else, on the seats that were offered. */
    assert_memory_equal(body->registration, group->id, TN_ID_SIZE);
    assert_int_equal(body->members.count, group->count);
    assert_int_equal(body->tags.count, group->count);
    assert_memory_equal(body->members.items, group->members, group->count * TN_ID_SIZE);
    assert_in_range(group->count, 1, one->size);
    assert_int_equal(body->port, one->port);
    assert_int_equal(body->seats.count, one->run_count);
    assert_memory_equal(body->seats.items, one->runs, one->run_count * sizeof(struct tn_run));
    turn(shadow, one, SHADOW_ACCEPTED, SHADOW_CONFIRMED);
}

static bool count_offer(struct shadow *shadow, const struct tn_event *event)
{
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_appointment_offered:
        offer(shadow, &body->appointment_offered);
        return true;
    case TN_KIND_offer_accepted:
        /* R27: in time means t < deadline. */
        assert_true(event->time_us <
                    offer_of(shadow, body->offer_accepted.facts.offer)->deadline_us);
        turn(shadow, offer_of(shadow, body->offer_accepted.facts.offer), SHADOW_OPEN,
             SHADOW_ACCEPTED);
        return true;
    case TN_KIND_appointment_confirmed:
        confirm(shadow, &body->appointment_confirmed);
        return true;
    case TN_KIND_offer_declined:
        turn(shadow, offer_of(shadow, body->offer_declined.offer), SHADOW_OPEN, SHADOW_DECLINED);
        return true;
    case TN_KIND_offer_lapsed:
        assert_true(event->time_us >= body->offer_lapsed.due_us);
        turn(shadow, offer_of(shadow, body->offer_lapsed.offer), SHADOW_OPEN, SHADOW_LAPSED);
        return true;
    case TN_KIND_appointment_cancelled:
        turn(shadow, offer_of(shadow, body->appointment_cancelled.offer), SHADOW_CONFIRMED,
             SHADOW_CANCELLED);
        return true;
    case TN_KIND_group_presented:
        turn(shadow, offer_of(shadow, body->group_presented.offer), SHADOW_CONFIRMED,
             SHADOW_PRESENTED);
        return true;
    case TN_KIND_turned_away:
        turn(shadow, offer_of(shadow, body->turned_away.offer), SHADOW_CONFIRMED,
             SHADOW_TURNED_AWAY);
        return true;
    case TN_KIND_no_show_recorded:
        turn(shadow, offer_of(shadow, body->no_show_recorded.offer), SHADOW_CONFIRMED,
             SHADOW_MISSED);
        return true;
    default:
        return false;
    }
}

/* ---- groups ---- */

static void enter(struct shadow *shadow, struct shadow_group *group, const uint8_t *person_id)
{
    struct shadow_person *person = shadow_person_of(shadow, person_id);

    assert_int_equal(person->group, 0); /* R05 */
    person->group = (uint32_t) (group - shadow->groups) + 1;
    shadow_asked(shadow, group, person);
}

static void leave(struct shadow *shadow, const struct shadow_group *group, const uint8_t *person_id)
{
    struct shadow_person *person = shadow_person_of(shadow, person_id);

    assert_int_equal(person->group, (uint32_t) (group - shadow->groups) + 1);
    person->group = 0;
}

static void add_member(struct shadow *shadow, const struct tn_member_added *body)
{
    struct shadow_group *group = group_of(shadow, body->registration);

    assert_true(group->live && group->offer == 0 && group->count < SHADOW_GROUP_MAX);
    memcpy(group->members[group->count], body->member, TN_ID_SIZE);
    memcpy(group->persons[group->count], body->person, TN_ID_SIZE);
    group->adults[group->count] = body->adult != 0;
    group->days[group->count++] = body->added_day;
    assert_int_equal(body->size, group->count);
    enter(shadow, group, body->person);
}

static size_t member_of(const struct shadow_group *group, const uint8_t *member)
{
    size_t at = 0;

    while (at < group->count && memcmp(group->members[at], member, TN_ID_SIZE) != 0) {
        at++;
    }
    assert_true(at < group->count);
    return at;
}

static void remove_member(struct shadow *shadow, const struct tn_member_removed *body)
{
    struct shadow_group *group = group_of(shadow, body->registration);
    size_t by = member_of(group, body->by);
    size_t at = member_of(group, body->member);

    /* R03, R04: an adult's act; where seats are held, the adult's own. */
    assert_true(group->adults[by]);
    assert_true(group->offer == 0 || by == at);
    leave(shadow, group, body->person);
    group->count--;
    for (size_t i = at; i < group->count; i++) {
        memcpy(group->members[i], group->members[i + 1], TN_ID_SIZE);
        memcpy(group->persons[i], group->persons[i + 1], TN_ID_SIZE);
        group->adults[i] = group->adults[i + 1];
        group->days[i] = group->days[i + 1];
    }
    assert_int_equal(body->size, group->count);
    assert_true(group->count > 0);
}

static void set_live(struct shadow *shadow, const uint8_t *id, bool live)
{
    struct shadow_group *group = group_of(shadow, id);

    assert_int_equal(group->live, !live);
    assert_int_equal(group->offer, 0);
    group->live = live;
    for (size_t i = 0; i < group->count; i++) {
        if (live) {
            enter(shadow, group, group->persons[i]);
        } else {
            leave(shadow, group, group->persons[i]);
        }
    }
}

static void merge(struct shadow *shadow, const struct tn_registration_merged *body)
{
    struct shadow_group *group = group_of(shadow, body->facts.registration);
    struct shadow_group *other = group_of(shadow, body->facts.other);

    assert_true(group->live && group->offer == 0);
    set_live(shadow, body->facts.other, false);
    assert_true(group->count + other->count <= SHADOW_GROUP_MAX);
    for (size_t i = 0; i < other->count; i++) {
        size_t at = group->count++;
        struct shadow_person *person = shadow_person_of(shadow, other->persons[i]);

        /* Of two tickets one is left. */
        if (person->asked_day == group->asked_day && person->asked_day == other->asked_day) {
            person->asked_group = (uint32_t) (group - shadow->groups) + 1;
        }

        memcpy(group->members[at], other->members[i], TN_ID_SIZE);
        memcpy(group->persons[at], other->persons[i], TN_ID_SIZE);
        group->adults[at] = other->adults[i];
        group->days[at] = other->days[i];
        enter(shadow, group, other->persons[i]);
    }
    assert_int_equal(body->size, group->count);
}

static void create(struct shadow *shadow, const struct tn_registration_created *body)
{
    struct shadow_group *group;

    assert_null(shadow_find_group(shadow, body->facts.registration));
    group = append((void **) &shadow->groups, &shadow->group_count, sizeof(*group));
    memcpy(group->id, body->facts.registration, TN_ID_SIZE);
    group->live = true;
    index_put(&shadow->group_index, group->id, shadow->group_count - 1);
    touch_group(shadow, group);
}

static void ask(struct shadow *shadow, const struct tn_appointment_requested *body)
{
    struct shadow_group *group = group_of(shadow, body->facts.registration);

    assert_true(group->live && group->offer == 0);
    assert_int_equal(body->size, group->count);
    group->asked_day = body->day;
    for (size_t i = 0; i < group->count; i++) {
        shadow_asked(shadow, group, shadow_person_of(shadow, group->persons[i]));
    }
}

static void extend(struct shadow *shadow, const struct tn_window_extended *body)
{
    for (size_t i = 0; i < shadow->offer_count; i++) {
        struct shadow_offer *one = &shadow->offers[i];

        one->deadline_us += one->deadline_us > body->from_us ? body->by_us : 0;
    }
}

static void count_group(struct shadow *shadow, const struct tn_event *event)
{
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_registration_created:
        create(shadow, &body->registration_created);
        break;
    case TN_KIND_member_added:
        add_member(shadow, &body->member_added);
        break;
    case TN_KIND_member_removed:
        remove_member(shadow, &body->member_removed);
        break;
    case TN_KIND_member_dropped:
        assert_true(group_of(shadow, body->member_dropped.registration)->offer != 0);
        break;
    case TN_KIND_registration_withdrawn:
        set_live(shadow, body->registration_withdrawn.facts.registration, false);
        break;
    case TN_KIND_registration_restored:
        set_live(shadow, body->registration_restored.facts.registration, true);
        break;
    case TN_KIND_registration_merged:
        merge(shadow, &body->registration_merged);
        break;
    case TN_KIND_appointment_requested:
    case TN_KIND_request_replaced: /* one body for both */
        ask(shadow, &body->appointment_requested);
        break;
    case TN_KIND_window_extended:
        extend(shadow, &body->window_extended);
        break;
    default:
        break;
    }
}

void shadow_event(struct shadow *shadow, const struct tn_event *event)
{
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_capacity_published:
        publish(shadow, &body->capacity_published);
        break;
    case TN_KIND_seats_reallocated:
        move(shadow, &body->seats_reallocated.facts.moves);
        break;
    case TN_KIND_pool_closed:
        for (size_t i = 0; i < body->pool_closed.ports.count; i++) {
            move(shadow, &body->pool_closed.ports.items[i].moves);
        }
        shadow_check_pool(shadow, &body->pool_closed);
        break;
    case TN_KIND_seats_expired:
        expire(shadow, &body->seats_expired);
        break;
    case TN_KIND_seats_returned:
        give_back(shadow, &body->seats_returned);
        break;
    default:
        if (!count_offer(shadow, event)) {
            count_group(shadow, event);
        }
        break;
    }
    shadow_check_event(shadow);
}
