/* What the files of what falls due know of each other. */
#ifndef TN_PROJECTIONS_DUE_INTERNAL_H
#define TN_PROJECTIONS_DUE_INTERNAL_H

#include "ledger/rules/draw.h"
#include "projections/fetch.h"

/* The groups of a pool, in the order of their gids; grown by doubling in the arena. */
struct tn_due_pool {
    struct tn_fetch *fetch;
    uint64_t day;
    struct tn_draw_group *groups;
    uint8_t (*registrations)[TN_ID_SIZE];
    uint8_t *held; /* the basis of who was held the day before; 0: was not */
    size_t count;
    size_t capacity;
    struct tn_arena row_arena;
    enum tn_status status;
};

/* The requests of a day that stand. */
TN_MUST_USE enum tn_status tn_due_pool_load(struct tn_fetch *fetch, uint64_t day,
                                            struct tn_due_pool *pool);
/* Does this open day end without a draw, because a chain that it needs was replaced? */
TN_MUST_USE enum tn_status tn_due_is_void(struct tn_fetch *fetch, uint64_t day,
                                          const struct tn_day_row *row, bool *is_void);

#endif
