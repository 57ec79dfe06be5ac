/* Many rows in ascending key order into one family at once: written as files that RocksDB takes
 * over, past the WAL and the memory tables. Five times less work than batches when rows come by the
 * hundred thousand (a rebuild). */
#ifndef TN_LEDGER_LOG_STORE_BULK_H
#define TN_LEDGER_LOG_STORE_BULK_H

#include "ledger/log/store.h"

/* One thread at a time; at most one for each family. */
struct tn_bulk;

TN_MUST_USE enum tn_status tn_bulk_open(struct tn_store *store, struct tn_family *family,
                                        struct tn_bulk **bulk, struct tn_error *error);
/* Keys ascend and none comes twice: TN_CORRUPT otherwise. TN_NO_SPACE as tn_store_write. */
TN_MUST_USE enum tn_status tn_bulk_put(struct tn_bulk *bulk, struct tn_bytes key,
                                       struct tn_bytes value, struct tn_error *error);
TN_MUST_USE enum tn_status tn_bulk_delete(struct tn_bulk *bulk, struct tn_bytes key,
                                          struct tn_error *error);
/* Everything becomes visible in one step, newer than all that was written before, and is durable
 * when this returns. Nothing of it is seen after a failure. */
TN_MUST_USE enum tn_status tn_bulk_finish(struct tn_bulk *bulk, struct tn_error *error);
/* Frees; what was not finished is gone. */
void tn_bulk_close(struct tn_bulk *bulk);
/* Remove the files of bulks that a cut left behind. No bulk is open. */
void tn_bulk_sweep(struct tn_store *store);

#endif
