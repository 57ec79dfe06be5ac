/* What a reader without keys learns from the genesis. */
#ifndef TN_TOOLS_GENESIS_H
#define TN_TOOLS_GENESIS_H

#include "tools/cli.h"

/* The log's public key under its origin. */
TN_MUST_USE enum tn_status tn_genesis_verifier(struct tn_ledger *ledger,
                                               struct tn_verifier *verifier,
                                               struct tn_error *error);
/* The key of its own timed cosignature, under the same name. */
TN_MUST_USE enum tn_status tn_genesis_cosigner(struct tn_ledger *ledger,
                                               struct tn_verifier *verifier,
                                               struct tn_error *error);

#endif
