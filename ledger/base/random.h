/* Where random bytes come from: the system, or a seed for a simulation that must repeat itself. */
#ifndef TN_LEDGER_BASE_RANDOM_H
#define TN_LEDGER_BASE_RANDOM_H

#include "ledger/base/bytes.h"

/* One thread at a time. Copies of a seeded source repeat the same bytes. */
struct tn_random {
    bool seeded;
    uint64_t counter;
    uint8_t key[32];
};

/* libsodium's generator; sodium_init has run. */
void tn_random_init_system(struct tn_random *random);
/* Bytes are a function of (seed, label, number) alone, so that every command of a simulation can
 * have a source of its own, whatever thread uses it first. */
void tn_random_init_seeded(struct tn_random *random, uint64_t seed, const char *label,
                           uint64_t number);
void tn_random_fill(struct tn_random *random, void *out, size_t size);
/* Uniform below `bound` (not zero), without modulo bias. */
uint64_t tn_random_below(struct tn_random *random, uint64_t bound);

#endif
