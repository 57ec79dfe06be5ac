/* The parts of turno bench that measure a ledger which is there already. */
#ifndef TN_TOOLS_BENCH_H
#define TN_TOOLS_BENCH_H

#include <stddef.h>

#include "ledger/base/status.h"

/* Merge everything down and print a budget of bytes per event and family; beside a writer, without
 * merging. */
TN_MUST_USE enum tn_status tn_bench_disk(const char *directory, struct tn_error *error);
/* Inclusion proofs of `count` random entries in the tree of all, each held against the root: from a
 * disk of which nothing is in memory, and once more. */
TN_MUST_USE enum tn_status tn_bench_prove(const char *directory, size_t count,
                                          struct tn_error *error);

#endif
