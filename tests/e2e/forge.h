/* What the parts of forge share. */
#ifndef TN_TESTS_E2E_FORGE_H
#define TN_TESTS_E2E_FORGE_H

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/desk/ledger.h"
#include "projections/beside.h"

#define ENTRIES_MAX 200000u
#define LATE 512u /* entries that are committed together */

/* One entry of the forged log, in its order. */
struct item {
    struct tn_event event;
    uint64_t old_index; /* UINT64_MAX: made up */
    bool lie;           /* the audit must stop at the first of these */
    bool seal_lie;      /* written with another root than the rows have */
    bool drop_from_pool;
};

struct forger {
    struct tn_ledger *from;
    struct tn_arena arena;
    struct item *items;
    size_t count;
    uint64_t *renumbered; /* by old index */
    const char *rule;
    uint64_t lie_index;
    struct tn_store *store; /* this and all below: the ledger being written */
    struct tn_log *log;
    struct tn_engine *engine;
    struct tn_beside *beside;
    struct tn_batch *batch;
    struct tn_buffer bytes;
    struct tn_log_entry entries[LATE];
    size_t offsets[LATE];
    size_t waiting;
};

#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct tn_error error = {0};                                                               \
        if ((call) != TN_OK) {                                                                     \
            fprintf(stderr, "forge: %s: %s\n", #call, error.text);                                 \
            exit(4);                                                                               \
        }                                                                                          \
    } while (0)

static inline _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "forge: %s\n", what);
    exit(4);
}

/* ---- forge_lies.c ---- */

/* False: no such lie. A lie marks the entries that an audit must stop at, and names the rule. */
bool forge_tell(struct forger *forger, const char *lie);

#endif
