/* A simulated ledger in a temporary directory for the tests of the doors. Its people are made up.
 */
#ifndef TN_TESTS_API_LEDGER_SUPPORT_H
#define TN_TESTS_API_LEDGER_SUPPORT_H

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/desk/ledger.h"
#include "api/intake/intake.h"
#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/rules/policy_history.h"
#include "tests/scratch.h"

/* 2024-06-03 11:00 in New York: the window of that day opens an hour later. */
#define MORNING_US 1717426800000000ull
#define NOON_US (MORNING_US + TN_HOUR_US)

#define MUST(call, error)                                                                          \
    do {                                                                                           \
        enum tn_status must_status_ = (call);                                                      \
        if (must_status_ != TN_OK) {                                                               \
            (void) fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__,                          \
                           tn_status_name(must_status_), (error)->text);                           \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct place {
    char directory[SCRATCH_BYTES];
    struct tn_policy policy;
    struct tn_ledger *ledger;
};

/* `change` may alter the first policy. */
static inline void place_create_with(struct place *place, uint64_t created_us, bool simulated,
                                     void (*change)(struct tn_policy *policy))
{
    struct tn_error error = {0};
    struct tn_genesis genesis = {
        .policy = &place->policy,
        .simulated = simulated,
        .seed = 7,
        .created_us = created_us,
        .allow_unlocked = true,
    };

    memset(place, 0, sizeof(*place));
    TN_CHECK(sodium_init() >= 0);
    scratch_make(place->directory);
    tn_policy_initial(created_us - TN_DAY_US, &place->policy);
    if (change) {
        change(&place->policy);
    }
    MUST(tn_ledger_create(place->directory, &genesis, &error), &error);
}

static inline void place_create_as(struct place *place, uint64_t created_us, bool simulated)
{
    place_create_with(place, created_us, simulated, NULL);
}

static inline void place_create(struct place *place, uint64_t created_us)
{
    place_create_as(place, created_us, true);
}

/* `manual`: the test stamps every command; else the ledger's clock runs on from its last entry. */
static inline void place_open(struct place *place, bool manual)
{
    struct tn_error error = {0};
    struct tn_ledger_options options = {
        .mode = TN_LEDGER_DESK,
        .manual_clock = manual,
        .allow_unlocked = true,
        .reserve_bytes = (uint64_t) 1 << 20,
    };

    MUST(tn_ledger_open(place->directory, &options, &place->ledger, &error), &error);
}

static inline void place_close(struct place *place)
{
    tn_ledger_close(place->ledger);
    place->ledger = NULL;
}

static inline void place_remove(struct place *place)
{
    char key[SCRATCH_PATH_BYTES];

    place_close(place);
    scratch_remove(place->directory);
    (void) snprintf(key, sizeof(key), "%s.root-key", place->directory);
    (void) remove(key); /* of a ledger that is not simulated */
}

/* One made-up adult; `number` makes another person of each. */
static inline struct tn_person_form person_form(char name[static 32], unsigned number)
{
    (void) snprintf(name, 32, "Persona Inventada %u", number);
    return (struct tn_person_form){
        .given_names = tn_bytes_from_string(name),
        .family_names = tn_bytes_from_string("De Prueba"),
        .birth = 19800115,
        .nationality = tn_bytes_from_string("xyz"),
        .document = tn_bytes_from_string("d-0001"),
    };
}

static inline void intake_fill(struct place *place, struct tn_intake *intake, uint64_t now_us,
                               struct tn_random *random)
{
    struct tn_error error = {0};

    *intake = (struct tn_intake){
        .vault = &place->ledger->vault,
        .policy = &place->policy,
        .now_us = now_us,
        .random = random,
    };
    MUST(tn_ledger_today(&place->policy, now_us, &intake->today, &error), &error);
}

#endif
