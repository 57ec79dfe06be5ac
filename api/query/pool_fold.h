/* One day's pool folded from events alone: who asks, with how many, where, and since when. The
 * queue projection keeps the same as rows while the day lasts; a test keeps the two equal, and so
 * does the pool's root in the log. Pure but for its memory; one thread. */
#ifndef TN_API_QUERY_POOL_FOLD_H
#define TN_API_QUERY_POOL_FOLD_H

#include "ledger/event/event.h"
#include "ledger/rules/draw.h"
#include "projections/policies.h"

/* Days whose windows are over or open and whose draws are awaited, at the same time. */
#define TN_POOL_FOLD_OPEN_MAX 512

struct tn_pool_entry {
    uint8_t registration[TN_ID_SIZE];
    uint8_t state; /* enum tn_pool_state; 0: a free slot */
    uint8_t port_count;
    uint16_t ports[TN_DRAW_GROUP_PORT_COUNT_MAX];
    uint32_t size;
    uint32_t registered_day;
    uint64_t day; /* whose pool it is in; 0: of a voided day, until the next one opens */
};

struct tn_pool_fold {
    uint64_t day;
    uint64_t from_day; /* the first of the voided days before it, whose requests carry over */
    const struct tn_policies *policies; /* NULL: `day` alone, with nothing carried */
    uint8_t gid_key[TN_HASH_SIZE];      /* set when a close may leave groups out */
    struct tn_pool_fold_open {
        uint64_t day;
        const struct tn_policy *policy;
    } open[TN_POOL_FOLD_OPEN_MAX];
    size_t open_count;
    struct tn_pool_entry *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void tn_pool_fold_init(struct tn_pool_fold *fold, uint64_t day);
void tn_pool_fold_close(struct tn_pool_fold *fold);
/* An event between the opening of `from_day` and the day's close, in order.
 * TN_CORRUPT  it does not fit    TN_FULL  more groups than a draw takes    TN_MEMORY */
TN_MUST_USE enum tn_status tn_pool_fold_apply(struct tn_pool_fold *fold,
                                              const struct tn_event *event);
/* Those who ask, opened, in the arena; in no order. */
TN_MUST_USE enum tn_status tn_pool_fold_groups(const struct tn_pool_fold *fold,
                                               const uint8_t gid_key[static TN_HASH_SIZE],
                                               struct tn_arena *arena,
                                               const struct tn_draw_group **groups,
                                               uint32_t *count);

#endif
