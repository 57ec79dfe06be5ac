/* One day's pool folded from events alone: who asks, with how many, where, and since when. The
 * queue projection keeps the same as rows while the day lasts; a test keeps the two equal, and so
 * does the pool's root in the log. Pure but for its memory; one thread. */
#ifndef TN_API_QUERY_POOL_FOLD_H
#define TN_API_QUERY_POOL_FOLD_H

#include "ledger/event/event.h"
#include "ledger/rules/draw.h"

struct tn_pool_entry {
    uint8_t registration[TN_ID_SIZE];
    uint8_t state; /* enum tn_pool_state; 0: a free slot */
    uint8_t port_count;
    uint16_t ports[TN_DRAW_GROUP_PORT_COUNT_MAX];
    uint32_t size;
    uint32_t registered_day;
};

struct tn_pool_fold {
    uint64_t day;
    struct tn_pool_entry *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void tn_pool_fold_init(struct tn_pool_fold *fold, uint64_t day);
void tn_pool_fold_close(struct tn_pool_fold *fold);
/* An event between the day's opening and its close, in order.
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
