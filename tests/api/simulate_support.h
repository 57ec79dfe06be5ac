/* A season played into a temporary directory, for the tests of the simulation. */
#ifndef TN_TESTS_API_SIMULATE_SUPPORT_H
#define TN_TESTS_API_SIMULATE_SUPPORT_H

#include <ftw.h>
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

struct season {
    char directory[256];
    struct tn_simulate_report *report;
    struct tn_ledger *ledger; /* to read */
};

static inline int remove_entry(const char *path, const struct stat *about, int type, struct FTW *at)
{
    (void) about;
    (void) type;
    (void) at;
    return remove(path);
}

static inline void make_directory(char *path, size_t size)
{
    const char *base = getenv("TMPDIR");

    (void) snprintf(path, size, "%s/turno-simulate-XXXXXX", base ? base : P_tmpdir);
    assert_non_null(mkdtemp(path));
}

static inline void play(struct season *season, const struct tn_simulate_options *options)
{
    struct tn_error error = {0};
    struct tn_ledger_options reader = {.mode = TN_LEDGER_READER};

    make_directory(season->directory, sizeof(season->directory));
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
        (void) nftw(season->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        free(season->report);
    }
    memset(season, 0, sizeof(*season));
}

#endif
