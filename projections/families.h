/* Which family of rows is current for a projection, and how far it is. Private to the layer.
 *
 * In the family meta:
 *
 *   key                     value
 *   projection/<name>       offset 0  size 4  version, big-endian
 *                           4         8       position: entries folded, big-endian
 *                           12        1..63   name of the family, "<name>.<generation>"
 *   projections/swaps       8 bytes, big-endian: how often a family was replaced by a rebuild
 *   projections/rebuild     4 bytes, big-endian: mask of a rebuild that has begun and not ended
 */
#ifndef TN_PROJECTIONS_FAMILIES_H
#define TN_PROJECTIONS_FAMILIES_H

#include "ledger/log/store.h"
#include "projections/projection.h"

struct tn_current {
    uint32_t version;
    uint64_t position;
    char family[TN_FAMILY_NAME_MAX + 1];
};

/* `*found` false, and a zeroed record, when the projection has no rows yet. TN_CORRUPT: not a
 * record. */
TN_MUST_USE enum tn_status tn_current_read(struct tn_store *store,
                                           const struct tn_snapshot *snapshot, const char *name,
                                           struct tn_current *current, bool *found,
                                           struct tn_error *error);
void tn_current_write(struct tn_batch *batch, struct tn_family *meta, const char *name,
                      const struct tn_current *current);
/* The name of a family that is to be made: one generation above all there were since the store was
 * opened, those that a failed rebuild made or the sweep at the start dropped included. */
TN_MUST_USE enum tn_status tn_current_fresh(struct tn_store *store, const char *name,
                                            char family[static TN_FAMILY_NAME_MAX + 1],
                                            struct tn_error *error);
/* Drop the families of the listed projections that are not current: what a cut rebuild left, or
 * what a swap replaced. Nobody reads them any more but views, which hold theirs. */
TN_MUST_USE enum tn_status tn_current_sweep(struct tn_store *store,
                                            const struct tn_projection *const *list, size_t count,
                                            struct tn_error *error);

TN_MUST_USE enum tn_status tn_swaps_read(struct tn_store *store, const struct tn_snapshot *snapshot,
                                         uint64_t *swaps, struct tn_error *error);
void tn_swaps_write(struct tn_batch *batch, struct tn_family *meta, uint64_t swaps);
/* 0: none. */
TN_MUST_USE enum tn_status tn_rebuild_mask_read(struct tn_store *store, uint32_t *mask,
                                                struct tn_error *error);
void tn_rebuild_mask_write(struct tn_batch *batch, struct tn_family *meta, uint32_t mask);

#endif
