/* The fold of seats over events that no rule would make: whatever numbers they have, it says so. */
#include "projections/rows_internal.h"
#include "tests/projections/support.h"

#define PORT 2504u
#define DATE 19638u
#define MINUTE 600u

/* The largest count that a slot can have. */
#define SEATS_MAX (INT64_MAX / 2)

/* Rows that are stored nowhere, and the fold's own memory. */
struct seats {
    struct tn_cache_budget budget;
    struct tn_rows *rows;
    struct tn_arena arena;
    struct tn_error error;
};

static void seats_open(struct seats *seats)
{
    struct tn_rows_options options = {
        .face = TN_ROWS_BUILD, .name = "seats", .budget = &seats->budget};

    *seats = (struct seats){0};
    tn_cache_budget_init(&seats->budget, 1 << 20);
    tn_arena_init(&seats->arena, 1 << 20);
    MUST(tn_rows_open(&options, &seats->rows, &seats->error), &seats->error);
}

static void seats_close(struct seats *seats)
{
    tn_rows_close(seats->rows);
    tn_arena_close(&seats->arena);
}

static enum tn_status apply(struct seats *seats, const struct tn_event *event)
{
    tn_arena_reset(&seats->arena);
    return tn_projection_core(TN_CORE_SEATS)
        ->apply(seats->rows, event, &seats->arena, &seats->error);
}

static enum tn_status publish(struct seats *seats, uint64_t date, uint64_t count)
{
    const struct tn_slot_capacity slot = {.minute = MINUTE, .seats = count};
    const struct tn_port_capacity port = {.port = PORT, .ends_us = 1, .slots = {&slot, 1}};
    struct tn_event event = {.kind = TN_KIND_capacity_published};

    event.body.capacity_published.date = date;
    event.body.capacity_published.ports = (struct tn_port_capacity_list){&port, 1};
    return apply(seats, &event);
}

static enum tn_status move(struct seats *seats, uint64_t date, uint64_t to_date, uint64_t count)
{
    const struct tn_seat_move moved = {.port = PORT,
                                       .date = date,
                                       .minute = MINUTE,
                                       .to_port = PORT,
                                       .to_date = to_date,
                                       .to_minute = MINUTE,
                                       .seats = count};
    struct tn_event event = {.kind = TN_KIND_seats_reallocated};

    event.body.seats_reallocated.facts.moves = (struct tn_seat_move_list){&moved, 1};
    return apply(seats, &event);
}

/* `kind` is about one slot's `count` seats: an offer, or what is given back of one. */
static enum tn_status change(struct seats *seats, enum tn_kind_number kind, uint64_t count)
{
    const struct tn_run run = {.date = DATE, .minute = MINUTE, .seats = count};
    const struct tn_run_list runs = {&run, 1};
    struct tn_event event = {.kind = kind};

    if (kind == TN_KIND_appointment_offered) {
        event.body.appointment_offered.port = PORT;
        event.body.appointment_offered.seats = runs;
    } else {
        event.body.seats_returned.port = PORT;
        event.body.seats_returned.seats = runs;
        event.body.seats_returned.held = TN_HELD_OFFER;
    }
    return apply(seats, &event);
}

static void more_seats_than_can_be_counted_are_refused(void **state)
{
    static const uint64_t counts[] = {(uint64_t) SEATS_MAX + 1, INT64_MAX, (uint64_t) INT64_MAX + 1,
                                      (uint64_t) INT64_MAX + 2, UINT64_MAX};

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(counts); i++) {
        struct seats seats;

        seats_open(&seats);
        assert_int_equal(publish(&seats, DATE, counts[i]), TN_CORRUPT);
        MUST(publish(&seats, DATE, 12), &seats.error);
        MUST(publish(&seats, DATE + 1, 12), &seats.error);
        assert_int_equal(change(&seats, TN_KIND_appointment_offered, counts[i]), TN_CORRUPT);
        MUST(change(&seats, TN_KIND_appointment_offered, 2), &seats.error);
        assert_int_equal(change(&seats, TN_KIND_seats_returned, counts[i]), TN_CORRUPT);
        MUST(change(&seats, TN_KIND_seats_returned, 2), &seats.error);
        assert_int_equal(move(&seats, DATE, DATE + 1, counts[i]), TN_CORRUPT);
        MUST(move(&seats, DATE, DATE + 1, 12), &seats.error);
        seats_close(&seats);
    }
}

/* Each number can be counted, and their sum cannot. */
static void sums_that_cannot_be_counted_are_refused(void **state)
{
    struct seats seats;

    (void) state;
    seats_open(&seats);
    MUST(publish(&seats, DATE, SEATS_MAX), &seats.error);
    MUST(publish(&seats, DATE + 1, SEATS_MAX), &seats.error);
    assert_int_equal(move(&seats, DATE, DATE + 1, SEATS_MAX), TN_CORRUPT);
    seats_close(&seats);
    seats_open(&seats);
    MUST(publish(&seats, DATE, 0), &seats.error);
    MUST(change(&seats, TN_KIND_appointment_offered, SEATS_MAX), &seats.error);
    assert_int_equal(change(&seats, TN_KIND_appointment_offered, 1), TN_CORRUPT);
    seats_close(&seats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_seats_than_can_be_counted_are_refused),
        cmocka_unit_test(sums_that_cannot_be_counted_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
