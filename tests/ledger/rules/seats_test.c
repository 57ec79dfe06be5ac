/* P7: a slot's seats add up, or the row is not a slot's. */
#include "ledger/rules/seats.h"

#include <string.h>

#include "tests/ledger/base/unit.h"

/* 30 published, 4 moved in, 6 moved out: 28 seats, of which 31 are held. */
static const struct tn_slot_row overbooked = {.minute = 480,
                                              .published = 30,
                                              .moved_in = 4,
                                              .moved_out = 6,
                                              .free = -3,
                                              .offered = 5,
                                              .confirmed = 7,
                                              .used = 11,
                                              .expired = 8};

static void seats_add_up(void **state)
{
    struct tn_slot_row none = {.minute = 480};
    struct tn_slot_row all_free = {.minute = 480, .published = 30, .free = 30};

    (void) state;
    assert_true(tn_slot_is_conserved(&none));
    assert_true(tn_slot_is_conserved(&all_free));
    assert_true(tn_slot_is_conserved(&overbooked));
}

static void one_seat_too_many_or_too_few_is_seen_in_every_count(void **state)
{
    static const struct {
        const char *label;
        size_t offset;
    } counts[] = {
        {"published", offsetof(struct tn_slot_row, published)},
        {"moved_in", offsetof(struct tn_slot_row, moved_in)},
        {"moved_out", offsetof(struct tn_slot_row, moved_out)},
        {"offered", offsetof(struct tn_slot_row, offered)},
        {"confirmed", offsetof(struct tn_slot_row, confirmed)},
        {"used", offsetof(struct tn_slot_row, used)},
        {"expired", offsetof(struct tn_slot_row, expired)},
    };

    (void) state;
    for (int64_t by = -1; by <= 1; by += 2) {
        struct tn_slot_row slot = overbooked;

        slot.free += by;
        assert_false(tn_slot_is_conserved(&slot));
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            slot = overbooked;
            uint8_t *at = (uint8_t *) &slot + counts[i].offset;
            uint64_t count;
            memcpy(&count, at, sizeof(count));
            count += (uint64_t) by;
            memcpy(at, &count, sizeof(count));
            if (tn_slot_is_conserved(&slot)) {
                fail_msg("%s is off by %d and nobody sees it", counts[i].label, (int) by);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seats_add_up),
        cmocka_unit_test(one_seat_too_many_or_too_few_is_seen_in_every_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
