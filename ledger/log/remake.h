/* What a log derives from its entries, made again from nothing but them (P1): tiles, indexes, and
 * the rows that say how long it is. */
#ifndef TN_LEDGER_LOG_REMAKE_H
#define TN_LEDGER_LOG_REMAKE_H

#include "ledger/log/store.h"

struct tn_log_remade {
    uint64_t entries;
    uint64_t tiles;
    uint64_t commands;
    uint8_t root[32];
};

typedef void tn_log_remake_progress(void *context, uint64_t done, uint64_t total);

/* When every entry is there: families tree, index, commands and gathered are emptied and filled,
 * and of meta the rows format, term and head where they are missing. Nobody else may have the
 * ledger open. A cut leaves a log that is not opened before this has been done again. Adds the
 * statuses of tn_store_open, and neither of these has changed anything:
 * TN_CORRUPT      entries are missing or damaged, or lead to another root than was committed
 * TN_UNSUPPORTED  another version of this program wrote it */
TN_MUST_USE enum tn_status tn_log_remake(const char *directory, tn_log_remake_progress *progress,
                                         void *context, struct tn_log_remade *remade,
                                         struct tn_error *error);

#endif
