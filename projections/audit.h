/* An audit of a log that streams by: the caller's thread brings entries, hashes and decodes them;
 * another decides and folds (projections/recompute.h). Where entries, tiles and checkpoints come
 * from is the caller's: a directory, or tiles over HTTP. */
#ifndef TN_PROJECTIONS_AUDIT_H
#define TN_PROJECTIONS_AUDIT_H

#include "ledger/log/tree.h"
#include "projections/recompute.h"

/* A size whose root the caller wants to know. */
struct tn_audit_mark {
    uint64_t size;
    bool reached;
    uint8_t root[TN_HASH_SIZE];
};

struct tn_audit_options {
    struct tn_recompute_options recompute;
    /* Receives every full tile the moment it is (caller's thread); may be NULL. */
    tn_tile_write *tile;
    void *tile_context;
    struct tn_audit_mark *marks; /* borrowed; filled as sizes are reached */
    size_t mark_count;
};

struct tn_audit;

TN_MUST_USE enum tn_status tn_audit_create(const struct tn_audit_options *options,
                                           struct tn_audit **audit, struct tn_error *error);
/* Ends the threads, whatever they are at. NULL is fine. */
void tn_audit_destroy(struct tn_audit *audit);

/* The next entry of the log, hashed into the tree and handed on. Caller's thread; waits when the
 * deciding thread is behind. The first failure of either thread:
 * TN_MISMATCH     a difference (tn_audit_finding)
 * TN_CORRUPT      this entry is not canonical; also a difference
 * TN_UNSUPPORTED  a kind, version, role or body key that this program does not know */
TN_MUST_USE enum tn_status tn_audit_entry(struct tn_audit *audit, struct tn_bytes entry,
                                          struct tn_error *error);
/* The log ends here: wait for what is under way. Statuses as above. */
TN_MUST_USE enum tn_status tn_audit_finish(struct tn_audit *audit, struct tn_error *error);
/* No more is brought, though the log may go on: wait for what is under way. The first failure. */
TN_MUST_USE enum tn_status tn_audit_drain(struct tn_audit *audit, struct tn_error *error);
/* The tree over what was brought so far. Caller's thread. */
const struct tn_tree *tn_audit_tree(const struct tn_audit *audit);
/* After TN_MISMATCH or TN_CORRUPT. */
const struct tn_finding *tn_audit_finding(const struct tn_audit *audit);
/* After tn_audit_finish, or after a failure: how far it came. */
void tn_audit_report(const struct tn_audit *audit, struct tn_recompute_report *report);

#endif
