/* The setting of the named tests: a ledger on the morning of day D, when nobody has asked yet. */
#ifndef TN_TESTS_PROJECTIONS_HARNESS_SETTING_H
#define TN_TESTS_PROJECTIONS_HARNESS_SETTING_H

#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "tests/projections/harness/harness.h"

#define DAY_D 19632u /* 2023-10-02; offers of its draw are for D + 6 */
#define OK TN_REFUSAL_NONE

static const uint64_t ask_a[] = {PORT_A};
static const uint64_t ask_ab[] = {PORT_A, PORT_B};

/* An instant by the clock of New York. */
static inline uint64_t at(uint32_t day, uint32_t hour, uint32_t minute)
{
    enum tn_civil_kind kind;
    uint64_t time_us = 0;

    assert_int_equal(tn_civil_instant("America/New_York", day, hour * 60 + minute, &time_us, &kind),
                     TN_OK);
    return time_us;
}

static inline void open_from(struct harness *harness, uint32_t day)
{
    struct tn_policy policy;

    harness_open(harness);
    make_policy(&policy, 1, at(day, 8, 0));
    harness_found(harness, &policy, at(day, 8, 0));
}

/* Registration `r` has persons 8r, 8r + 1, ... in the order adult, adult, adult, child, adult, ...
 */
static inline uint64_t person(uint64_t registration, uint64_t n)
{
    return registration * 8 + n;
}

static inline void must_register(struct harness *harness, uint64_t registration, size_t size,
                                 uint64_t time_us)
{
    uint64_t persons[8];

    for (size_t i = 0; i < size; i++) {
        persons[i] = person(registration, i);
    }
    assert_int_equal(do_register(harness, registration, persons, size, time_us), OK);
}

/* A group of `size` that won the draw of day D at port A, by 12:01 of D + 1. */
static inline void must_win(struct harness *harness, uint64_t registration, size_t size)
{
    must_register(harness, registration, size, at(DAY_D, 9, 0));
    assert_int_equal(do_ask(harness, registration, ask_a, 1, at(DAY_D, 13, 0)), OK);
    harness_advance(harness, at(DAY_D + 1, 12, 1));
}

static inline struct tn_registration_row group_row(struct harness *harness, uint64_t registration)
{
    struct tn_registration_row row;
    bool found;

    tn_arena_reset(&harness->arena);
    read_registration(harness, registration, &row, &found);
    assert_true(found);
    return row;
}

static inline struct tn_offer_row offer_row(struct harness *harness, uint64_t registration)
{
    struct tn_registration_row row = group_row(harness, registration);
    struct tn_offer_row offer;
    bool found;

    read_offer(harness, row.offer, &offer, &found);
    assert_true(found);
    return offer;
}

static inline struct tn_event last_of(struct harness *harness, enum tn_kind_number kind)
{
    struct tn_event event;
    uint64_t index;

    tn_arena_reset(&harness->arena);
    assert_int_not_equal(count_kind(harness, kind, &index), 0);
    read_event(harness, index, &event);
    return event;
}

static inline uint64_t count_of(struct harness *harness, enum tn_kind_number kind)
{
    uint64_t last;

    return count_kind(harness, kind, &last);
}

/* The end of every named test: the history can be decided again and folded again. */
static inline void close_replayed(struct harness *harness)
{
    uint64_t decided;
    char words[480];

    shadow_check_all(&harness->shadow);
    if (!harness_replay(harness, &decided, words, sizeof(words))) {
        fail_msg("%s", words);
    }
    harness_close(harness);
}

#endif
