/* The draw's rules (spec/draw.md 1, 5). Its bytes are in draw_bytes_test.c, its statistics in
 * draw_uniform_test.c, the transcript in transcript_test.c. */
#include "tests/ledger/rules/draw_fixture.h"

#include <sodium.h>

static struct fixture f;

static int setup(void **state)
{
    (void) state;
    return sodium_init() < 0;
}

static void pool_make(const char *label, uint32_t groups)
{
    fixture_init(&f, label);
    fixture_port(&f, 2504, 3, 5);
    fixture_port(&f, 2301, 2, 7);
    fixture_port(&f, 2402, 1, 4);
    fixture_groups(&f, groups, 7);
}

static void R01_order_of_arrival_changes_no_byte(void **state)
{
    static struct tn_draw_witness witnesses[3];

    (void) state;
    pool_make("order", 120);
    for (size_t i = 0; i < 3; i++) {
        tn_random_fill(&f.random, &witnesses[i], sizeof(witnesses[i]));
    }
    f.input.mode = TN_DRAW_BOUND;
    f.input.witnesses = witnesses;
    f.input.witness_count = 3;
    fixture_draw(&f);
    struct tn_buffer first = fixture_transcript(&f, TN_TRANSCRIPT_AUDITOR);

    for (int round = 0; round < 20; round++) {
        struct tn_draw_witness swap = witnesses[round % 3];

        witnesses[round % 3] = witnesses[(round + 1) % 3];
        witnesses[(round + 1) % 3] = swap;
        fixture_shuffle(&f);
        fixture_draw(&f);
        struct tn_buffer again = fixture_transcript(&f, TN_TRANSCRIPT_AUDITOR);

        assert_int_equal(first.size, again.size);
        assert_memory_equal(first.data, again.data, first.size);
        tn_buffer_close(&again);
    }
    tn_buffer_close(&first);
    fixture_close(&f);
}

static void R03_a_group_is_never_split(void **state)
{
    (void) state;
    pool_make("split", 200);
    fixture_draw(&f);
    uint64_t used[3] = {0};

    for (uint32_t i = 0; i < f.result.winner_count; i++) {
        const struct tn_draw_winner *winner = &f.result.winners[i];
        uint64_t seats = 0;

        for (uint32_t r = 0; r < winner->run_count; r++) {
            assert_true(winner->runs[r].seats > 0);
            seats += winner->runs[r].seats;
        }
        assert_int_equal(seats, f.groups[winner->group].size);
        assert_int_equal(winner->date, winner->runs[0].date);
        assert_int_equal(winner->minute, winner->runs[0].minute);
        for (uint32_t p = 0; p < 3; p++) {
            used[p] += winner->port == f.ports[p].port ? seats : 0;
        }
        for (uint32_t j = 0; j < i; j++) {
            assert_int_not_equal(winner->group, f.result.winners[j].group);
        }
    }
    for (uint32_t p = 0; p < 3; p++) {
        const struct tn_draw_after *after = &f.result.after[p];

        assert_int_equal(after->seats_assigned, used[p]);
        assert_int_equal(after->over, used[p] - after->seats); /* demand is far above the seats */
        assert_true(after->over < 7);
    }
    fixture_close(&f);
}

/* Every seat of a line is given out once, in order, and only the last slot goes below zero. */
static void R10_seats_of_a_line_are_handed_out_in_order(void **state)
{
    (void) state;
    pool_make("seats", 200);
    fixture_draw(&f);
    for (uint32_t p = 0; p < 3; p++) {
        uint64_t given[FIXTURE_SLOTS_MAX] = {0};
        uint32_t slot = 0;
        uint32_t rank = 0;

        for (uint32_t i = 0; i < f.result.winner_count; i++) {
            const struct tn_draw_winner *winner = &f.result.winners[i];

            if (winner->port != f.ports[p].port) {
                continue;
            }
            assert_int_equal(winner->rank, rank++);
            for (uint32_t r = 0; r < winner->run_count; r++) {
                while (given[slot] >= f.lines[p][slot].seats) {
                    slot++;
                }
                assert_true(slot < f.ports[p].line_count);
                assert_int_equal(winner->runs[r].date, f.lines[p][slot].date);
                assert_int_equal(winner->runs[r].minute, f.lines[p][slot].minute);
                given[slot] += winner->runs[r].seats;
            }
        }
        for (uint32_t s = 0; s < f.ports[p].line_count; s++) {
            bool last = s + 1 == f.ports[p].line_count;

            assert_int_equal(given[s], f.lines[p][s].seats + (last ? f.result.after[p].over : 0));
        }
    }
    fixture_close(&f);
}

/* Section 5 over 1,000 days: what seniority got is the share of all lines, to the seat. */
static void R07_share_is_recomputed_to_the_seat(void **state)
{
    int64_t pcredit[2] = {0, 3};
    uint64_t acc[2] = {0, 999999};
    uint64_t over[2] = {0};
    uint64_t share[2] = {0, 999999}; /* millionths of a seat owed since the first day */
    uint64_t given[2] = {0};
    uint64_t published[2] = {0};
    uint64_t used[2] = {0};

    (void) state;
    for (uint32_t day = 0; day < 1000; day++) {
        char label[32];

        (void) snprintf(label, sizeof(label), "share %u", day);
        fixture_init(&f, label);
        f.input.day = 20000 + day;
        f.input.share_ppm = 333333;
        for (uint16_t p = 0; p < 2; p++) {
            uint64_t today = 12 + tn_random_below(&f.random, 9);
            struct tn_draw_port *port = fixture_port(&f, (uint16_t) (2301 + p), 1, today - over[p]);

            published[p] += today; /* the new line's head repays the overshoot of the day before */
            port->pcredit = pcredit[p];
            port->acc = (uint32_t) acc[p];
            share[p] += (today - over[p]) * f.input.share_ppm;
        }
        fixture_groups(&f, 60, 8);
        fixture_draw(&f);
        for (uint32_t p = 0; p < 2; p++) {
            const struct tn_draw_after *after = &f.result.after[p];

            given[p] += after->seats_seniority;
            used[p] += after->seats_assigned;
            pcredit[p] = after->pcredit;
            acc[p] = after->acc;
            over[p] = after->over;
            assert_int_equal(acc[p], share[p] % 1000000);
            assert_int_equal((int64_t) given[p] + pcredit[p],
                             (int64_t) (share[p] / 1000000) + (p == 1 ? 3 : 0));
            assert_true(pcredit[p] <= 0 && pcredit[p] > -8);
            assert_int_equal(used[p], published[p] + over[p]);
        }
        fixture_close(&f);
    }
}

static void R07_credit_lapses_only_when_nobody_who_asked_waits(void **state)
{
    (void) state;
    fixture_init(&f, "credit");
    fixture_port(&f, 2301, 1, 10)->pcredit = 5; /* Pq = 8 */
    fixture_group(&f, 2, 2301);
    fixture_group(&f, 3, 2301);
    fixture_draw(&f);
    assert_int_equal(f.result.after[0].seats_seniority, 5);
    assert_int_equal(f.result.after[0].pcredit, 0); /* 3 left, and everybody has a seat */

    f.ports[0].pcredit = -1; /* Pq = 2: met exactly by whoever is senior, or overshot */
    fixture_draw(&f);
    assert_true(f.result.after[0].pcredit <= 0);

    fixture_port(&f, 2402, 0, 0); /* suspended: it keeps what it has */
    f.ports[1].pcredit = 4;
    f.ports[1].acc = 77;
    fixture_draw(&f);
    assert_int_equal(f.result.after[1].pcredit, 4);
    assert_int_equal(f.result.after[1].acc, 77);
    fixture_close(&f);

    /* Hard packing: credit is left because a group found no slot, so it stays. */
    fixture_init(&f, "credit kept");
    f.input.packing = TN_DRAW_HARD;
    fixture_port(&f, 2301, 2, 2)->pcredit = 4;
    fixture_group(&f, 3, 2301);
    fixture_draw(&f);
    assert_int_equal(f.result.winner_count, 0);
    assert_int_equal(f.result.after[0].pcredit, 5);
    assert_int_equal(f.result.after[0].held_count, 1);
    fixture_close(&f);
}

static void removing_a_loser_changes_nothing(void **state)
{
    static struct tn_draw_group removed;
    uint8_t root[32];
    uint32_t losers = 0;

    (void) state;
    pool_make("loser", 60);
    fixture_draw(&f);
    memcpy(root, f.result.winners_root, 32);
    for (uint32_t g = 0; g < 60; g++) {
        f.input.group_count = 60;
        fixture_draw(&f);
        if (fixture_winner(&f, g) != NULL) {
            continue;
        }
        removed = f.groups[g];
        f.groups[g] = f.groups[59];
        f.groups[59] = removed;
        f.input.group_count = 59;
        fixture_draw(&f);
        assert_memory_equal(f.result.winners_root, root, 32);
        f.groups[59] = f.groups[g];
        f.groups[g] = removed;
        losers++;
    }
    assert_true(losers > 20);
    fixture_close(&f);
}

static void seniority_is_by_day_and_first_choice_first(void **state)
{
    (void) state;
    fixture_init(&f, "seniority");
    f.input.share_ppm = 1000000;
    fixture_port(&f, 2301, 1, 2);
    fixture_port(&f, 2402, 1, 2);
    for (uint32_t i = 0; i < 6; i++) {
        struct tn_draw_group *group = fixture_group(&f, 1, 2301);

        group->registered_day = 19990 - i;
        group->ports[1] = 2402;
        group->port_count = 2;
    }
    fixture_draw(&f);
    assert_int_equal(f.result.winner_count, 4);
    for (uint32_t i = 0; i < 4; i++) { /* the longest waiting is the last added */
        const struct tn_draw_winner *winner = &f.result.winners[i];

        assert_int_equal(winner->group, 5 - i);
        assert_int_equal(winner->port, i < 2 ? 2301 : 2402);
        assert_int_equal(winner->rank, i % 2);
        assert_int_equal(winner->basis, TN_DRAW_SENIORITY);
    }
    fixture_close(&f);
}

static void straddle_charges_the_overshoot_to_the_last_slot(void **state)
{
    (void) state;
    fixture_init(&f, "straddle");
    f.input.share_ppm = 0;
    fixture_port(&f, 2301, 3, 2);
    fixture_group(&f, 9, 2301);
    fixture_draw(&f);
    assert_int_equal(f.result.winner_count, 1);
    assert_int_equal(f.result.winners[0].run_count, 3);
    assert_int_equal(f.result.winners[0].runs[0].seats, 2);
    assert_int_equal(f.result.winners[0].runs[1].seats, 2);
    assert_int_equal(f.result.winners[0].runs[2].seats, 5);
    assert_int_equal(f.result.after[0].over, 3);
    fixture_close(&f);
}

/* One slot of 4 and one of 3. By seniority: 3 takes the first slot, 2 the second, then 4 finds
 * none: the port closes and the rest get nothing although single seats are left. Tomorrow the 4
 * comes first. */
static void hard_holds_the_first_group_without_a_slot(void **state)
{
    static const uint8_t sizes[] = {3, 2, 4, 1, 1};

    (void) state;
    fixture_init(&f, "hard");
    f.input.packing = TN_DRAW_HARD;
    f.input.share_ppm = 1000000;
    fixture_port(&f, 2301, 2, 4);
    f.lines[0][1].seats = 3;
    fixture_port(&f, 2402, 1, 4);
    for (uint32_t i = 0; i < 5; i++) {
        fixture_group(&f, sizes[i], 2301)->registered_day = 19900 + i;
    }
    f.groups[2].port_count = 2;
    f.groups[2].ports[1] = 2402; /* it would fit there, but tries no other */
    fixture_draw(&f);
    assert_int_equal(f.result.winner_count, 2);
    assert_int_equal(f.result.winners[0].minute, 480);
    assert_int_equal(f.result.winners[1].minute, 540);
    assert_int_equal(f.result.after[0].seats_assigned, 5);
    assert_int_equal(f.result.after[0].over, 0);
    assert_int_equal(f.result.after[0].held_count, 1);
    assert_memory_equal(f.result.after[0].held[0].gid, f.groups[2].gid, 16);
    assert_int_equal(f.result.after[0].held[0].basis, TN_DRAW_SENIORITY);
    assert_int_equal(f.result.after[0].pcredit, 2);
    assert_int_equal(f.result.after[1].held_count, 0);

    f.held[0][0] = f.result.after[0].held[0];
    f.ports[0].held_count = 1;
    f.groups[2].port_count = 1;
    f.input.share_ppm = 0;
    fixture_draw(&f);
    assert_int_equal(f.result.winners[0].group, 2); /* port 2301, rank 0 */
    assert_int_equal(f.result.winners[0].rank, 0);
    assert_int_equal(f.result.winners[0].basis, TN_DRAW_SENIORITY);
    assert_int_equal(f.result.after[0].seats_seniority, 4);
    assert_int_equal(f.result.after[0].pcredit, -4);

    f.ports[0].line_count = 0; /* no line at all: held once more, credit untouched */
    fixture_draw(&f);
    assert_int_equal(f.result.after[0].held_count, 1);
    assert_int_equal(f.result.after[0].pcredit, 0);
    f.ports[0].line_count = 2;

    memset(f.held[0][0].gid, 0, 16);
    assert_int_equal(fixture_run(&f), TN_INVALID);
    assert_null(f.result.winners);
    fixture_close(&f);
}

/* One broken thing a row; the draw before and after it is good. */
static void broken_inputs_are_refused(void **state)
{
    static const char *const labels[] = {"duplicate gid",
                                         "unknown port",
                                         "port twice",
                                         "no port",
                                         "size 0",
                                         "flags",
                                         "not opened",
                                         "too large",
                                         "line order",
                                         "empty slot",
                                         "minute",
                                         "acc",
                                         "share",
                                         "packing",
                                         "mode",
                                         "witnesses in mode 0",
                                         "beacon in mode 0",
                                         "port listed twice",
                                         "held with straddle"};

    (void) state;
    for (size_t row = 0; row < sizeof(labels) / sizeof(labels[0]); row++) {
        static struct tn_draw_witness witness;
        enum tn_status expected = row == 0 ? TN_EXISTS : TN_INVALID;

        pool_make("broken", 12);
        fixture_draw(&f);
        struct tn_draw_group *group = &f.groups[5];
        switch (row) {
        case 0:
            memcpy(group->gid, f.groups[9].gid, 16);
            break;
        case 1:
            group->ports[0] = 9999;
            break;
        case 2:
            group->port_count = 2;
            group->ports[1] = group->ports[0];
            break;
        case 3:
            group->port_count = 0;
            break;
        case 4:
            group->size = 0;
            break;
        case 5:
            group->flags = 1;
            break;
        case 6:
            group->opened = false;
            break;
        case 7:
            group->size = 8;
            f.input.size_max = 7;
            break;
        case 8:
            f.lines[0][1].minute = f.lines[0][0].minute;
            break;
        case 9:
            f.lines[0][1].seats = 0;
            break;
        case 10:
            f.lines[0][2].minute = 1440;
            break;
        case 11:
            f.ports[0].acc = 1000000;
            break;
        case 12:
            f.input.share_ppm = 1000001;
            break;
        case 13:
            f.input.packing = 0;
            break;
        case 14:
            f.input.mode = 2;
            break;
        case 15:
            f.input.witnesses = &witness;
            f.input.witness_count = 1;
            break;
        case 16:
            f.input.beacon.type = 3;
            f.input.beacon.raw = tn_bytes("1.", 2);
            break;
        case 17:
            f.ports[1].port = f.ports[0].port;
            break;
        default:
            f.ports[0].held_count = 1;
            break;
        }
        if (fixture_run(&f) != expected || f.error.text[0] == '\0') {
            fail_msg("%s: %d %s", labels[row], (int) f.error.status, f.error.text);
        }
        assert_true(tn_is_zero(&f.result, sizeof(f.result)));
        fixture_close(&f);
    }
}

static void arena_limit_is_a_status_and_the_stated_memory_suffices(void **state)
{
    size_t enough;

    (void) state;
    pool_make("memory", 4000);
    f.lines[0][0].seats = 100000; /* every group wins: the most memory */
    enough = tn_draw_memory(4000, 6);
    for (size_t limit = 0; limit < enough; limit += enough / 16) {
        tn_arena_close(&f.arena);
        tn_arena_init(&f.arena, limit);
        enum tn_status status = fixture_run(&f);

        assert_true(status == TN_OK || status == TN_FULL);
        assert_true(limit > 0 || status == TN_FULL);
    }
    tn_arena_close(&f.arena);
    tn_arena_init(&f.arena, enough);
    fixture_draw(&f);
    assert_true(f.result.winner_count > 2000);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R01_order_of_arrival_changes_no_byte),
        cmocka_unit_test(R03_a_group_is_never_split),
        cmocka_unit_test(R07_share_is_recomputed_to_the_seat),
        cmocka_unit_test(R07_credit_lapses_only_when_nobody_who_asked_waits),
        cmocka_unit_test(R10_seats_of_a_line_are_handed_out_in_order),
        cmocka_unit_test(removing_a_loser_changes_nothing),
        cmocka_unit_test(seniority_is_by_day_and_first_choice_first),
        cmocka_unit_test(straddle_charges_the_overshoot_to_the_last_slot),
        cmocka_unit_test(hard_holds_the_first_group_without_a_slot),
        cmocka_unit_test(broken_inputs_are_refused),
        cmocka_unit_test(arena_limit_is_a_status_and_the_stated_memory_suffices),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
