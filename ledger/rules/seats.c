/* Rules of seats. */
#include "ledger/rules/seats.h"

#include <string.h>

bool tn_slot_is_conserved(const struct tn_slot_row *slot)
{
    uint64_t held = slot->offered + slot->confirmed + slot->used + slot->expired;

    /* Unsigned sums wrap alike on both sides, so a negative free count needs no case of its own. */
    return (uint64_t) slot->free + held == slot->published + slot->moved_in - slot->moved_out;
}

const struct tn_slot_row *tn_slot_find(const struct tn_port_date_row *row, uint64_t minute)
{
    for (size_t i = 0; i < row->slots.count; i++) {
        if (row->slots.items[i].minute == minute) {
            return &row->slots.items[i];
        }
    }
    return NULL;
}

uint64_t tn_port_slot_largest(const struct tn_port_date *dates, size_t count, uint64_t from,
                              uint64_t to)
{
    uint64_t largest = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t s = 0; s < dates[i].row.slots.count; s++) {
            const struct tn_slot_row *slot = &dates[i].row.slots.items[s];
            uint64_t seats = slot->published + slot->moved_in - slot->moved_out;

            if (dates[i].date >= from && dates[i].date <= to && seats > largest) {
                largest = seats;
            }
        }
    }
    return largest;
}

/* A slot while the line is computed. */
struct place {
    uint64_t date;
    uint64_t minute;
    int64_t free;
};

static size_t count_slots(const struct tn_port_date *dates, size_t count)
{
    size_t slots = 0;

    for (size_t i = 0; i < count; i++) {
        slots += dates[i].row.slots.count;
    }
    return slots;
}

/* Fill every negative slot from the head of the line, seat by seat, in (date, minute) order. */
static size_t repay(uint64_t port, struct place *places, size_t count, size_t line_start,
                    struct tn_seat_move *moves)
{
    size_t moved = 0;
    size_t head = line_start;

    for (size_t i = 0; i < count; i++) {
        while (places[i].free < 0) {
            int64_t take;

            while (head < count && places[head].free <= 0) {
                head++;
            }
            if (head == count) {
                return moved;
            }
            take = places[head].free < -places[i].free ? places[head].free : -places[i].free;
            moves[moved++] = (struct tn_seat_move){
                .port = port,
                .date = places[head].date,
                .minute = places[head].minute,
                .to_port = port,
                .to_date = places[i].date,
                .to_minute = places[i].minute,
                .seats = (uint64_t) take,
            };
            places[head].free -= take;
            places[i].free += take;
        }
    }
    return moved;
}

enum tn_status tn_port_line_compute(const struct tn_policy *policy, uint64_t port, uint64_t day,
                                    const struct tn_port_row *port_row,
                                    const struct tn_port_date *dates, size_t count,
                                    struct tn_arena *arena, struct tn_port_line *line)
{
    size_t slots = count_slots(dates, count);
    struct place *places = tn_arena_array(arena, slots, sizeof(*places));
    struct tn_run *runs = tn_arena_array(arena, slots, sizeof(*runs));
    struct tn_run *expired = tn_arena_array(arena, slots, sizeof(*expired));
    /* Each move empties a head slot or fills a negative one. */
    struct tn_seat_move *moves = tn_arena_array(arena, 2 * slots, sizeof(*moves));
    uint64_t near = day + policy->notice_min_days; /* earlier dates are not offered any more */
    uint64_t last = day + policy->horizon_days; /* later ones not yet: they are repaid, no more */
    size_t place_count = 0;
    size_t expired_count = 0;
    size_t run_count = 0;
    size_t line_start = 0;

    memset(line, 0, sizeof(*line));
    if (!places || !runs || !expired || !moves) {
        return TN_FULL;
    }
    line->frozen.port = port;
    line->frozen.pcredit = port_row->pcredit;
    line->frozen.acc = port_row->acc;
    for (size_t i = 0; i < count; i++) {
        for (size_t s = 0; s < dates[i].row.slots.count; s++) {
            const struct tn_slot_row *slot = &dates[i].row.slots.items[s];

            if (dates[i].date < near && slot->free > 0) {
                expired[expired_count++] =
                    (struct tn_run){dates[i].date, slot->minute, (uint64_t) slot->free};
            } else if (dates[i].date <= last || slot->free < 0) {
                places[place_count++] = (struct place){dates[i].date, slot->minute, slot->free};
            }
        }
    }
    line->expired = (struct tn_run_list){expired, expired_count};
    line->largest = tn_port_slot_largest(dates, count, near, last);
    if (port_row->suspended) {
        return TN_OK;
    }
    while (line_start < place_count && places[line_start].date < near) {
        line_start++;
    }
    line->frozen.moves.items = moves;
    line->frozen.moves.count = repay(port, places, place_count, line_start, moves);
    for (size_t i = line_start; i < place_count; i++) {
        if (places[i].free > 0) {
            runs[run_count++] =
                (struct tn_run){places[i].date, places[i].minute, (uint64_t) places[i].free};
        }
    }
    line->frozen.line = (struct tn_run_list){runs, run_count};
    return TN_OK;
}

enum tn_status tn_capacity_from_policy(const struct tn_policy *policy, const uint64_t *ends_us,
                                       struct tn_arena *arena, struct tn_port_capacity_list *ports)
{
    uint32_t port_seats[TN_POLICY_PORTS_MAX];
    uint32_t slot_seats[TN_POLICY_SLOTS_MAX];
    struct tn_port_capacity *items;
    size_t count = 0;

    *ports = (struct tn_port_capacity_list){0};
    items = tn_arena_array(arena, policy->port_count, sizeof(*items));
    if (!items) {
        return TN_FULL;
    }
    tn_policy_port_seats(policy, port_seats);
    for (uint32_t p = 0; p < policy->port_count; p++) {
        struct tn_slot_capacity *slots;
        size_t used = 0;

        slots = tn_arena_array(arena, policy->slot_count, sizeof(*slots));
        if (!slots) {
            return TN_FULL;
        }
        tn_policy_slot_seats(port_seats[p], policy->slot_count, slot_seats);
        for (uint32_t s = 0; s < policy->slot_count; s++) {
            if (slot_seats[s] > 0) {
                slots[used++] = (struct tn_slot_capacity){policy->slots[s], slot_seats[s]};
            }
        }
        if (used > 0) {
            items[count].port = policy->ports[p].code;
            items[count].ends_us = ends_us[p];
            items[count++].slots = (struct tn_slot_capacity_list){slots, used};
        }
    }
    *ports = (struct tn_port_capacity_list){items, count};
    return TN_OK;
}
