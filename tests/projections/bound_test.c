/* Draws of mode 1 (spec/draw.md 4): who reveals when, what is refused, what a lost chain costs. At
 * the end of each test the whole history is decided again. */
#include <stdio.h>
#include <string.h>

#include "ledger/base/hash.h"
#include "tests/projections/harness/setting.h"

#define CLOSE (at(DAY_D + 1, 11, 0)) /* of day D; its draw is due at noon */

static uint64_t refused[TN_REFUSAL_LIMIT];

static void finish(struct harness *harness)
{
    for (size_t code = 1; code < TN_REFUSAL_LIMIT; code++) {
        refused[code] += harness->refusals[code];
    }
    close_replayed(harness);
}

static const char typed[] = "4.8.15.16.23.42.";

static struct tn_bytes numbers(void)
{
    return tn_bytes_from_string(typed);
}

/* A ledger on the morning of D whose draws are bound, three groups that asked for D. */
static void open_bound(struct harness *harness, uint32_t witnesses, enum tn_policy_beacon beacon)
{
    struct tn_policy policy;

    harness_open(harness);
    make_policy(&policy, 1, at(DAY_D, 8, 0));
    bind_policy(&policy, witnesses, beacon);
    harness_found(harness, &policy, at(DAY_D, 8, 0));
    for (uint32_t w = 1; w <= witnesses; w++) {
        assert_int_equal(do_anchor(harness, w, DAY_D - w, at(DAY_D, 8, w)), OK);
    }
    for (uint64_t r = 1; r <= 3; r++) {
        must_register(harness, r, 2, at(DAY_D, 9, 0));
        assert_int_equal(do_ask(harness, r, ask_a, 1, at(DAY_D, 13, 0)), OK);
    }
}

static struct tn_day_row day_row(struct harness *harness, uint64_t day)
{
    struct tn_day_row row;
    bool found;

    tn_arena_reset(&harness->arena);
    read_day(harness, day, &row, &found);
    assert_true(found);
    return row;
}

static void seed_of(struct harness *harness, uint8_t seed[static TN_HASH_SIZE])
{
    memcpy(seed, day_row(harness, DAY_D).seed, TN_HASH_SIZE);
    assert_false(tn_is_zero(seed, TN_HASH_SIZE));
}

/* ---- order of the reveals ---- */

static void a_reveal_counts_only_once_the_root_is_seen(void **state)
{
    struct harness harness;

    (void) state;
    open_bound(&harness, 1, TN_BEACON_NONE);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, CLOSE - 1), TN_REFUSAL_reveal_too_early);
    assert_int_equal(do_reveal(&harness, 1, DAY_D + 40, CLOSE - 1), TN_REFUSAL_reveal_too_early);
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_OPEN);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, CLOSE), OK);
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_CLOSED);
    harness_advance(&harness, at(DAY_D + 1, 12, 0));
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_COMPLETED);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, at(DAY_D + 1, 12, 1)),
                     TN_REFUSAL_witness_already_revealed);
    finish(&harness);
}

static void wrong_repeated_and_foreign_reveals_change_nothing(void **state)
{
    struct harness harness;
    uint8_t secret[TN_HASH_SIZE];

    (void) state;
    open_bound(&harness, 2, TN_BEACON_NONE);
    harness_witness_secret(&harness, 2, DAY_D, secret);
    assert_int_equal(do_reveal_this(&harness, 1, DAY_D, secret, CLOSE), TN_REFUSAL_secret_wrong);
    harness_witness_secret(&harness, 1, DAY_D + 1, secret); /* another day's */
    assert_int_equal(do_reveal_this(&harness, 1, DAY_D, secret, CLOSE), TN_REFUSAL_secret_wrong);
    assert_int_equal(do_reveal(&harness, 3, DAY_D, CLOSE), TN_REFUSAL_witness_unknown);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, CLOSE), OK);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, CLOSE), TN_REFUSAL_witness_already_revealed);
    assert_int_equal(do_reveal_operator(&harness, DAY_D, at(DAY_D + 1, 11, 20)),
                     TN_REFUSAL_no_draw_due);
    assert_int_equal(do_reveal(&harness, 2, DAY_D, at(DAY_D + 1, 11, 29)), OK);
    harness_advance(&harness, at(DAY_D + 1, 12, 0));
    assert_int_equal(count_of(&harness, TN_KIND_draw_completed), 1);
    finish(&harness);
}

static void a_chain_bound_after_the_close_does_not_count(void **state)
{
    struct harness harness;
    struct tn_policy policy;

    (void) state;
    harness_open(&harness);
    make_policy(&policy, 1, at(DAY_D, 8, 0));
    bind_policy(&policy, 1, TN_BEACON_MANUAL);
    harness_found(&harness, &policy, at(DAY_D, 8, 0));
    assert_int_equal(do_anchor(&harness, 1, DAY_D - 1, CLOSE), OK); /* R08 */
    assert_int_equal(do_anchor(&harness, 1, DAY_D - 1, CLOSE), TN_REFUSAL_chain_exists);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, CLOSE + 1), TN_REFUSAL_witness_unknown);
    finish(&harness);
}

static void a_silent_witness_is_missed_at_the_limit_and_the_draw_goes_on(void **state)
{
    struct harness harness;

    (void) state;
    open_bound(&harness, 2, TN_BEACON_NONE);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, at(DAY_D + 1, 11, 1)), OK);
    harness_advance(&harness, at(DAY_D + 1, 11, 30) - 1);
    assert_int_equal(count_of(&harness, TN_KIND_witness_missed), 0);
    assert_int_equal(do_reveal(&harness, 2, DAY_D, at(DAY_D + 1, 11, 30)),
                     TN_REFUSAL_witness_counted_missed);
    assert_int_equal(last_of(&harness, TN_KIND_witness_missed).body.witness_missed.due_us,
                     at(DAY_D + 1, 11, 30));
    harness_advance(&harness, at(DAY_D + 1, 12, 0));
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_COMPLETED);
    finish(&harness);
}

static void without_a_beacon_the_last_witness_is_waited_for(void **state)
{
    struct harness harness;

    (void) state;
    open_bound(&harness, 2, TN_BEACON_NONE);
    harness_advance(&harness, at(DAY_D + 3, 9, 0));
    assert_int_equal(count_of(&harness, TN_KIND_witness_missed), 0);
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_CLOSED);
    assert_int_equal(do_reveal_operator(&harness, DAY_D, at(DAY_D + 3, 9, 1)),
                     TN_REFUSAL_reveal_awaits_others);
    assert_int_equal(do_reveal(&harness, 2, DAY_D, at(DAY_D + 3, 10, 0)), OK);
    /* Now the other one is past the limit, and the rest follows at once. */
    harness_advance(&harness, at(DAY_D + 3, 10, 0));
    assert_int_equal(count_of(&harness, TN_KIND_witness_missed), 1);
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_COMPLETED);
    /* Deadlines count from the last reveal. */
    assert_int_equal(offer_row(&harness, 1).deadline_us, at(DAY_D + 3, 10, 0) + 23 * TN_HOUR_US);
    finish(&harness);
}

/* The outcome stands, but nobody is sent to a day that has passed. */
static void a_draw_that_is_days_late_offers_no_date_that_is_over(void **state)
{
    struct harness harness;
    struct tn_event event;

    (void) state;
    open_bound(&harness, 1, TN_BEACON_NONE); /* its seats are those of D + 6 */
    assert_int_equal(do_reveal(&harness, 1, DAY_D, at(DAY_D + 8, 10, 0)), OK);
    harness_advance(&harness, at(DAY_D + 8, 10, 0));
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_COMPLETED);
    assert_int_equal(count_of(&harness, TN_KIND_appointment_offered), 3);
    assert_int_equal(count_of(&harness, TN_KIND_offer_declined), 3);
    assert_int_equal(count_of(&harness, TN_KIND_seats_returned), 3);
    event = last_of(&harness, TN_KIND_offer_declined);
    assert_int_equal(event.body.offer_declined.by, TN_BY_AGENCY);
    assert_true(tn_bytes_equal_string(event.body.offer_declined.reason, "date_past"));
    for (uint64_t r = 1; r <= 3; r++) {
        assert_int_equal(group_row(&harness, r).holding, TN_HOLDS_NOTHING);
    }
    assert_int_equal(do_accept(&harness, 1, at(DAY_D + 8, 10, 1)), TN_REFUSAL_offer_unknown);
    finish(&harness);
}

/* The last hours of a date: offered, but not to be taken when it is over. */
static void an_offer_of_a_late_draw_is_not_accepted_after_its_date(void **state)
{
    struct harness harness;

    (void) state;
    open_bound(&harness, 1, TN_BEACON_NONE);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, at(DAY_D + 6, 20, 0)), OK);
    harness_advance(&harness, at(DAY_D + 6, 20, 0));
    assert_int_equal(count_of(&harness, TN_KIND_offer_declined), 0);
    /* Midnight at the port is three in the morning in New York. */
    assert_int_equal(do_accept(&harness, 1, at(DAY_D + 7, 3, 0) - 1), OK);
    assert_int_equal(do_accept(&harness, 2, at(DAY_D + 7, 3, 0)), TN_REFUSAL_appointment_past);
    harness_advance(&harness, at(DAY_D + 7, 19, 0));
    assert_int_equal(count_of(&harness, TN_KIND_offer_lapsed), 2);
    finish(&harness);
}

static void with_a_beacon_reveals_count_for_450_seconds(void **state)
{
    struct harness harness;

    (void) state;
    open_bound(&harness, 2, TN_BEACON_MANUAL);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, CLOSE + 449999999), OK);
    assert_int_equal(do_reveal(&harness, 2, DAY_D, CLOSE + 450000000), TN_REFUSAL_reveal_too_late);
    assert_int_equal(do_beacon(&harness, DAY_D, TN_BEACON_MANUAL, numbers(), NULL,
                               CLOSE + 15 * TN_MINUTE_US - 1),
                     TN_REFUSAL_beacon_too_early);
    assert_int_equal(
        do_beacon(&harness, DAY_D, TN_BEACON_MANUAL, numbers(), NULL, CLOSE + 15 * TN_MINUTE_US),
        OK);
    harness_advance(&harness, at(DAY_D + 1, 12, 0));
    assert_int_equal(count_of(&harness, TN_KIND_witness_missed), 1);
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_COMPLETED);
    finish(&harness);
}

static void nothing_stands_in_for_a_beacon_that_does_not_come(void **state)
{
    struct harness harness;

    (void) state;
    open_bound(&harness, 1, TN_BEACON_MANUAL);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, CLOSE), OK);
    harness_advance(&harness, at(DAY_D + 2, 10, 0));
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_CLOSED);
    assert_int_equal(do_reveal_operator(&harness, DAY_D, at(DAY_D + 2, 10, 0)),
                     TN_REFUSAL_reveal_awaits_others);
    assert_int_equal(
        do_beacon(&harness, DAY_D, TN_BEACON_DRAND, numbers(), NULL, at(DAY_D + 2, 10, 1)),
        TN_REFUSAL_beacon_not_awaited);
    assert_int_equal(
        do_beacon(&harness, DAY_D, TN_BEACON_MANUAL, numbers(), "4.8.15.", at(DAY_D + 2, 10, 2)),
        TN_REFUSAL_beacon_typed_differently);
    assert_int_equal(do_beacon(&harness, DAY_D, TN_BEACON_MANUAL, tn_bytes_from_string("four."),
                               NULL, at(DAY_D + 2, 10, 3)),
                     TN_REFUSAL_beacon_wrong);
    assert_int_equal(
        do_beacon(&harness, DAY_D, TN_BEACON_MANUAL, numbers(), NULL, at(DAY_D + 2, 10, 4)), OK);
    assert_int_equal(
        do_beacon(&harness, DAY_D, TN_BEACON_MANUAL, numbers(), NULL, at(DAY_D + 2, 10, 5)),
        TN_REFUSAL_beacon_not_awaited);
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_COMPLETED);
    finish(&harness);
}

/* ---- what the seed is made of ---- */

static void every_source_moves_the_seed(void **state)
{
    uint8_t seeds[4][TN_HASH_SIZE];

    (void) state;
    for (unsigned i = 0; i < 4; i++) {
        struct harness harness;

        open_bound(&harness, 2, TN_BEACON_MANUAL);
        if (i == 1) { /* one group less: another root */
            assert_int_equal(do_unask(&harness, 3, DAY_D, at(DAY_D, 14, 0)), OK);
        }
        assert_int_equal(do_reveal(&harness, 1, DAY_D, CLOSE), OK);
        if (i != 2) { /* one witness less */
            assert_int_equal(do_reveal(&harness, 2, DAY_D, CLOSE), OK);
        }
        assert_int_equal(do_beacon(&harness, DAY_D, TN_BEACON_MANUAL,
                                   i == 3 ? tn_bytes_from_string("1.") : numbers(), NULL,
                                   at(DAY_D + 1, 11, 40)),
                         OK);
        harness_advance(&harness, at(DAY_D + 1, 12, 0));
        seed_of(&harness, seeds[i]);
        finish(&harness);
        for (unsigned other = 0; other < i; other++) {
            assert_memory_not_equal(seeds[i], seeds[other], TN_HASH_SIZE);
        }
    }
}

static void drand_is_the_round_that_the_close_fixed(void **state)
{
    /* The signature is made up: the pairing is for others to check, the hash is ours. */
    struct harness harness;
    char record[400];
    char hex[2 * 48 + 1];
    char hash_hex[2 * TN_HASH_SIZE + 1];
    uint8_t signature[48];
    uint8_t hash[TN_HASH_SIZE];
    uint64_t round = (CLOSE + 15 * TN_MINUTE_US - UINT64_C(1692803367000000) + 2999999) / 3000000 +
                     1;

    (void) state;
    open_bound(&harness, 0, TN_BEACON_DRAND);
    harness_advance(&harness, CLOSE);
    assert_int_equal(last_of(&harness, TN_KIND_pool_closed).body.pool_closed.round, round);
    memset(signature, 0x5c, sizeof(signature));
    tn_sha256(hash, tn_bytes(signature, sizeof(signature)));
    tn_hex_encode(hex, signature, sizeof(signature));
    tn_hex_encode(hash_hex, hash, sizeof(hash));
    for (uint64_t off = 2; off-- > 0;) { /* the next round first */
        (void) snprintf(record, sizeof(record),
                        "{\"round\":%llu,\"randomness\":\"%s\",\"signature\":\"%s\"}",
                        (unsigned long long) (round + off), hash_hex, hex);
        assert_int_equal(do_beacon(&harness, DAY_D, TN_BEACON_DRAND, tn_bytes_from_string(record),
                                   NULL, at(DAY_D + 1, 11, 50)),
                         off > 0 ? TN_REFUSAL_beacon_wrong : OK);
    }
    assert_int_equal(last_of(&harness, TN_KIND_beacon_recorded).body.beacon_recorded.round, round);
    harness_advance(&harness, at(DAY_D + 1, 12, 0));
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_COMPLETED);
    finish(&harness);
}

/* ---- a chain is replaced ---- */

static void a_replacement_is_approved_announced_and_of_a_known_chain(void **state)
{
    struct harness harness;
    struct tn_command command;
    uint64_t now = at(DAY_D, 15, 0);

    (void) state;
    open_bound(&harness, 1, TN_BEACON_NONE);
    assert_int_equal(do_replace_chain(&harness, 2, DAY_D + 9, now), TN_REFUSAL_chain_unknown);
    assert_int_equal(do_replace_chain(&harness, 1, DAY_D + 8, now),
                     TN_REFUSAL_chain_begins_too_soon);
    command = command_by_operator(TN_COMMAND_replace_chain, now);
    command.facts.replace_chain_facts.length = 5;
    command.facts.replace_chain_facts.first_day = DAY_D + 9;
    command.facts.replace_chain_facts.reason = tn_bytes_from_string("lost");
    assert_int_equal(harness_decide(&harness, &command), TN_REFUSAL_approvers_missing);
    assert_int_equal(do_replace_chain(&harness, 1, DAY_D + 9, now), OK);
    finish(&harness);
}

static void pooled_on(struct harness *harness, uint64_t day, uint64_t registration, bool wanted)
{
    struct tn_pool_row row;
    bool found;

    tn_arena_reset(&harness->arena);
    read_pool(harness, day, registration, &row, &found);
    assert_int_equal(found && row.state == TN_POOL_ASKED, wanted);
}

static void days_without_a_chain_are_void_and_their_requests_carry(void **state)
{
    struct harness harness;
    uint64_t first = DAY_D + 10;
    struct tn_pool_closed closed;

    (void) state;
    open_bound(&harness, 1, TN_BEACON_NONE);
    must_register(&harness, 4, 1, at(DAY_D, 9, 1));
    must_register(&harness, 5, 1, at(DAY_D, 9, 1));
    /* Day D is closed and waits for the witness, whose chain is lost. */
    harness_advance(&harness, at(DAY_D + 1, 11, 30));
    assert_int_equal(do_replace_chain(&harness, 1, first, at(DAY_D + 1, 11, 45)), OK);
    assert_int_equal(last_of(&harness, TN_KIND_day_voided).body.day_voided.day, DAY_D);
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_VOIDED);
    pooled_on(&harness, 0, 1, true); /* no window is open before noon */
    /* It may be withdrawn with everything else, and grows with its group. */
    assert_int_equal(do_withdraw(&harness, 2, at(DAY_D + 1, 11, 50)), OK);
    assert_int_equal(do_add(&harness, 3, person(3, 4), true, at(DAY_D + 1, 11, 51)), OK);
    harness_advance(&harness, at(DAY_D + 1, 12, 0));
    pooled_on(&harness, DAY_D + 1, 1, true);
    pooled_on(&harness, DAY_D + 1, 2, false);
    pooled_on(&harness, 0, 1, false);
    /* Windows stay open for days that are void; who asks anew keeps that, who withdraws is out. */
    assert_int_equal(do_ask(&harness, 4, ask_a, 1, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(do_ask(&harness, 1, ask_ab, 2, at(DAY_D + 1, 13, 1)), OK);
    assert_int_equal(last_of(&harness, TN_KIND_request_replaced).body.request_replaced.day,
                     DAY_D + 1);
    assert_int_equal(do_ask(&harness, 5, ask_a, 1, at(DAY_D + 1, 13, 2)), OK);
    assert_int_equal(do_unask(&harness, 5, DAY_D + 1, at(DAY_D + 1, 13, 3)), OK);
    harness_advance(&harness, at((uint32_t) first, 11, 0));
    assert_int_equal(count_of(&harness, TN_KIND_day_voided), first - DAY_D);
    assert_int_equal(count_of(&harness, TN_KIND_pool_closed), 1);
    assert_int_equal(count_of(&harness, TN_KIND_appointment_offered), 0);
    /* The new chain's first day is drawn: 1, 3 and 4 are in its pool under its gid. */
    assert_int_equal(do_reveal(&harness, 1, first, at((uint32_t) first + 1, 11, 0)), OK);
    closed = last_of(&harness, TN_KIND_pool_closed).body.pool_closed;
    assert_int_equal(closed.day, first);
    assert_int_equal(closed.groups, 3);
    harness_advance(&harness, at((uint32_t) first + 1, 12, 0));
    assert_int_equal(count_of(&harness, TN_KIND_appointment_offered), 3);
    assert_int_equal(offer_row(&harness, 3).size, 3);
    finish(&harness);
}

static void who_asked_anew_keeps_that_when_a_day_is_voided(void **state)
{
    static const uint64_t ask_b[] = {PORT_B};
    struct harness harness;
    struct tn_pool_row row;
    bool found;

    (void) state;
    open_bound(&harness, 1, TN_BEACON_NONE);
    /* Day D is closed and waits; the window of D + 1 is open. */
    assert_int_equal(do_ask(&harness, 1, ask_b, 1, at(DAY_D + 1, 13, 0)), OK);
    assert_int_equal(do_ask(&harness, 2, ask_b, 1, at(DAY_D + 1, 13, 1)), OK);
    assert_int_equal(do_unask(&harness, 2, DAY_D + 1, at(DAY_D + 1, 13, 2)), OK);
    assert_int_equal(do_replace_chain(&harness, 1, DAY_D + 10, at(DAY_D + 1, 13, 30)), OK);
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_VOIDED);
    for (uint64_t r = 1; r <= 3; r++) {
        tn_arena_reset(&harness.arena);
        read_pool(&harness, DAY_D + 1, r, &row, &found);
        assert_true(found);
        assert_int_equal(row.state, r == 2 ? TN_POOL_WITHDRAWN : TN_POOL_ASKED);
        assert_int_equal(row.ports.items[0], r == 3 ? PORT_A : PORT_B);
        assert_int_equal(row.carried, r == 3);
    }
    finish(&harness);
}

static void the_operators_chain_is_replaced_too(void **state)
{
    struct harness harness;
    uint64_t first = DAY_D + 9;

    (void) state;
    open_from(&harness, DAY_D); /* mode 0 */
    must_register(&harness, 1, 2, at(DAY_D, 9, 0));
    assert_int_equal(do_ask(&harness, 1, ask_a, 1, at(DAY_D, 13, 0)), OK);
    assert_int_equal(do_replace_chain(&harness, 0, first, at(DAY_D, 15, 0)), OK);
    harness_advance(&harness, at((uint32_t) first + 1, 12, 0));
    assert_int_equal(count_of(&harness, TN_KIND_day_voided), first - DAY_D);
    assert_int_equal(last_of(&harness, TN_KIND_draw_completed).body.draw_completed.day, first);
    assert_int_equal(offer_row(&harness, 1).day, first);
    finish(&harness);
}

static void a_day_that_has_its_secret_is_not_voided(void **state)
{
    struct harness harness;

    (void) state;
    open_bound(&harness, 1, TN_BEACON_MANUAL);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, CLOSE), OK);
    assert_int_equal(do_replace_chain(&harness, 1, DAY_D + 10, at(DAY_D + 1, 11, 10)), OK);
    assert_int_equal(count_of(&harness, TN_KIND_day_voided), 0);
    assert_int_equal(
        do_beacon(&harness, DAY_D, TN_BEACON_MANUAL, numbers(), NULL, at(DAY_D + 1, 11, 30)), OK);
    harness_advance(&harness, at(DAY_D + 1, 12, 0));
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_COMPLETED);
    finish(&harness);
}

/* ---- a pause ---- */

/* The operator resumes with a last heartbeat of its own choice. */
static void resume_from(struct harness *harness, uint64_t last_heartbeat_us, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_resume_deadlines, time_us);

    command.facts.resume_deadlines_facts.extend = 1;
    command.facts.resume_deadlines_facts.last_heartbeat_us = last_heartbeat_us;
    assert_int_equal(harness_decide_paused(harness, &command), OK);
}

static void a_pause_moves_the_limit_of_witnesses(void **state)
{
    struct harness harness;

    (void) state;
    open_bound(&harness, 2, TN_BEACON_NONE);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, at(DAY_D + 1, 11, 1)), OK);
    resume_from(&harness, at(DAY_D + 1, 11, 10), at(DAY_D + 1, 11, 50));
    /* 40 minutes were lost: the limit is 12:10 instead of 11:30. */
    harness_advance(&harness, at(DAY_D + 1, 12, 9));
    assert_int_equal(count_of(&harness, TN_KIND_witness_missed), 0);
    assert_int_equal(do_reveal(&harness, 2, DAY_D, at(DAY_D + 1, 12, 9)), OK);
    harness_advance(&harness, at(DAY_D + 1, 12, 10));
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_COMPLETED);
    finish(&harness);
}

/* R08: whoever knows the root and then binds a chain could choose the seed. */
static void no_pause_makes_a_chain_count_that_was_bound_after_the_close(void **state)
{
    struct harness harness;
    struct tn_policy policy;

    (void) state;
    harness_open(&harness);
    make_policy(&policy, 1, at(DAY_D, 8, 0));
    bind_policy(&policy, 2, TN_BEACON_NONE);
    harness_found(&harness, &policy, at(DAY_D, 8, 0));
    assert_int_equal(do_anchor(&harness, 1, DAY_D - 1, at(DAY_D, 8, 1)), OK);
    harness_advance(&harness, CLOSE);
    /* Bound behind the pause, and behind the close. */
    resume_from(&harness, CLOSE - 1, CLOSE + 20 * TN_MINUTE_US);
    assert_int_equal(do_anchor(&harness, 2, DAY_D - 1, CLOSE + 20 * TN_MINUTE_US), OK);
    assert_int_equal(do_reveal(&harness, 2, DAY_D, CLOSE + 21 * TN_MINUTE_US),
                     TN_REFUSAL_witness_unknown);
    assert_int_equal(day_row(&harness, DAY_D).closes_us, CLOSE);
    assert_int_equal(day_row(&harness, DAY_D).draw_us, at(DAY_D + 1, 12, 0));
    assert_int_equal(do_reveal(&harness, 1, DAY_D, CLOSE + 21 * TN_MINUTE_US), OK);
    harness_advance(&harness, at(DAY_D + 1, 12, 0));
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_COMPLETED);
    finish(&harness);
}

/* A window is over, its pool waits for the day before: the pause moves the end of the window, but
 * not to behind a chain that was bound after it. */
static void nor_one_bound_between_the_windows_end_and_a_late_close(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    uint64_t end = at(DAY_D + 2, 11, 0);

    (void) state;
    harness_open(&harness);
    make_policy(&policy, 1, at(DAY_D, 8, 0));
    bind_policy(&policy, 3, TN_BEACON_NONE);
    harness_found(&harness, &policy, at(DAY_D, 8, 0));
    assert_int_equal(do_anchor(&harness, 1, DAY_D - 1, at(DAY_D, 8, 1)), OK);
    assert_int_equal(do_anchor(&harness, 2, DAY_D - 1, end - TN_MINUTE_US), OK);
    assert_int_equal(do_anchor(&harness, 3, DAY_D - 1, end + TN_MINUTE_US), OK);
    resume_from(&harness, end - 2 * TN_MINUTE_US, end + 10 * TN_MINUTE_US);
    assert_int_equal(day_row(&harness, DAY_D + 1).closes_us, end + 12 * TN_MINUTE_US);
    assert_int_equal(do_reveal(&harness, 1, DAY_D, end + 11 * TN_MINUTE_US), OK);
    harness_advance(&harness, end + 20 * TN_MINUTE_US);
    assert_int_equal(day_row(&harness, DAY_D).state, TN_DAY_COMPLETED);
    assert_int_equal(day_row(&harness, DAY_D + 1).state, TN_DAY_CLOSED);
    assert_int_equal(do_reveal(&harness, 3, DAY_D + 1, end + 21 * TN_MINUTE_US),
                     TN_REFUSAL_witness_unknown);
    assert_int_equal(do_reveal(&harness, 2, DAY_D + 1, end + 21 * TN_MINUTE_US), OK);
    finish(&harness);
}

/* Runs last. */
static void no_code_of_the_sources_is_left(void **state)
{
    (void) state;
    for (size_t code = TN_REFUSAL_reveal_too_early; code <= TN_REFUSAL_chain_begins_too_soon;
         code++) {
        if (refused[code] == 0) {
            fail_msg("%s was never provoked", tn_refusal_name(code));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reveal_counts_only_once_the_root_is_seen),
        cmocka_unit_test(wrong_repeated_and_foreign_reveals_change_nothing),
        cmocka_unit_test(a_chain_bound_after_the_close_does_not_count),
        cmocka_unit_test(a_silent_witness_is_missed_at_the_limit_and_the_draw_goes_on),
        cmocka_unit_test(without_a_beacon_the_last_witness_is_waited_for),
        cmocka_unit_test(a_draw_that_is_days_late_offers_no_date_that_is_over),
        cmocka_unit_test(an_offer_of_a_late_draw_is_not_accepted_after_its_date),
        cmocka_unit_test(with_a_beacon_reveals_count_for_450_seconds),
        cmocka_unit_test(nothing_stands_in_for_a_beacon_that_does_not_come),
        cmocka_unit_test(every_source_moves_the_seed),
        cmocka_unit_test(drand_is_the_round_that_the_close_fixed),
        cmocka_unit_test(a_replacement_is_approved_announced_and_of_a_known_chain),
        cmocka_unit_test(days_without_a_chain_are_void_and_their_requests_carry),
        cmocka_unit_test(who_asked_anew_keeps_that_when_a_day_is_voided),
        cmocka_unit_test(the_operators_chain_is_replaced_too),
        cmocka_unit_test(a_day_that_has_its_secret_is_not_voided),
        cmocka_unit_test(a_pause_moves_the_limit_of_witnesses),
        cmocka_unit_test(no_pause_makes_a_chain_count_that_was_bound_after_the_close),
        cmocka_unit_test(nor_one_bound_between_the_windows_end_and_a_late_close),
        cmocka_unit_test(no_code_of_the_sources_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
