/* A season played into a temporary directory, for the tests of the simulation. */
#ifndef TN_TESTS_API_SIMULATE_SUPPORT_H
#define TN_TESTS_API_SIMULATE_SUPPORT_H

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "api/simulate/simulate.h"
#include "ledger/rules/seats.h"
#include "projections/keys.h"
#include "tests/scratch.h"

struct season {
    char directory[SCRATCH_BYTES];
    struct tn_simulate_report *report;
    struct tn_ledger *ledger; /* to read */
};

static inline void play(struct season *season, const struct tn_simulate_options *options)
{
    struct tn_error error = {0};
    struct tn_ledger_options reader = {.mode = TN_LEDGER_READER};

    scratch_make(season->directory);
    season->report = calloc(1, sizeof(*season->report));
    assert_non_null(season->report);
    if (tn_simulate(season->directory, options, season->report, &error) != TN_OK ||
        tn_ledger_open(season->directory, &reader, &season->ledger, &error) != TN_OK) {
        fail_msg("%s", error.text);
    }
}

static inline void forget(struct season *season)
{
    if (season->report) {
        tn_ledger_close(season->ledger);
        scratch_remove(season->directory);
        free(season->report);
    }
    memset(season, 0, sizeof(*season));
}

struct seats {
    uint64_t dates;
    uint64_t published;
    uint64_t offered;
    uint64_t confirmed;
    uint64_t used;
    uint64_t expired;
    int64_t moved;
};

static inline bool sum_port_date(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct seats *seats = context;
    struct tn_port_date_row row;
    struct tn_arena arena;

    (void) key;
    tn_arena_init(&arena, (size_t) 1 << 20);
    assert_int_equal(tn_record_decode_bytes(&tn_record_port_date_row, value, &arena, &row), TN_OK);
    for (size_t i = 0; i < row.slots.count; i++) {
        const struct tn_slot_row *slot = &row.slots.items[i];

        assert_true(tn_slot_is_conserved(slot)); /* P7 */
        seats->published += slot->published;
        seats->offered += slot->offered;
        seats->confirmed += slot->confirmed;
        seats->used += slot->used;
        seats->expired += slot->expired;
        seats->moved += (int64_t) slot->moved_in - (int64_t) slot->moved_out;
    }
    seats->dates++;
    tn_arena_close(&arena);
    return true;
}

/* Of all port dates there are, each slot conserved (P7). */
static inline struct seats sum_seats(const struct season *season)
{
    struct tn_row_key prefix = tn_row_key_begin('s');
    struct seats seats = {0};
    struct tn_state views;
    struct tn_error error = {0};

    assert_int_equal(tn_views_open(season->ledger->store, NULL, &views, &error), TN_OK);
    assert_int_equal(tn_rows_scan(views.rows[TN_CORE_SEATS], tn_row_key_view(&prefix),
                                  tn_bytes(NULL, 0), sum_port_date, &seats, &error),
                     TN_OK);
    tn_views_close(&views);
    return seats;
}

#endif
