/* Memory for secrets: locked, kept out of core dumps, between guard pages, wiped when closed. */
#ifndef TN_LEDGER_VAULT_SECRET_H
#define TN_LEDGER_VAULT_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/base/status.h"

struct tn_secret {
    void *data; /* zeroed by open; page aligned */
    size_t size;
    void *mapping;
    size_t mapping_size;
    size_t inner_size; /* data's pages */
    bool locked;       /* what mlock really answered */
};

/* What to say, after what it is, where `locked` is false: "the keys are ...". */
#define TN_SECRET_UNLOCKED_WORDS                                                                   \
    "in memory that can be written to swap, as --allow-unlocked permits: raise RLIMIT_MEMLOCK, "   \
    "or run without swap"

/* TN_UNAVAILABLE: the system does not lock `size` bytes and `allow_unlocked` is false.
 * TN_MEMORY: no memory. */
TN_MUST_USE enum tn_status tn_secret_open(struct tn_secret *secret, size_t size,
                                          bool allow_unlocked, struct tn_error *error);
/* From now on nobody writes there. */
void tn_secret_freeze(struct tn_secret *secret);
/* Wipe and give back; safe on a zeroed struct. */
void tn_secret_close(struct tn_secret *secret);

#endif
