/* What the files of what falls due know of each other. */
#ifndef TN_PROJECTIONS_DUE_INTERNAL_H
#define TN_PROJECTIONS_DUE_INTERNAL_H

#include "ledger/rules/draw.h"
#include "projections/fetch.h"

/* The groups of a pool, in the order of their gids; grown by doubling in the arena. */
struct tn_due_pool {
    uint64_t day;
    struct tn_draw_group *groups; /* `salt` is zero before tn_due_pool_salt */
    uint8_t (*registrations)[TN_ID_SIZE];
    uint8_t *held; /* the basis of who was held the day before; 0: was not */
    size_t count;
    size_t capacity;
    struct tn_arena *arena; /* borrowed: of the lists */
    struct tn_arena row_arena;
    enum tn_status status;
};

/* The requests of a day that stand. */
TN_MUST_USE enum tn_status tn_due_pool_load(struct tn_fetch *fetch, uint64_t day,
                                            struct tn_arena *arena, struct tn_due_pool *pool);
/* The salts of all groups, and after them MTH over their leaves; any thread. */
void tn_due_pool_salt(struct tn_due_pool *pool, const uint8_t gid_key[static TN_HASH_SIZE]);
void tn_due_pool_root(const struct tn_due_pool *pool, uint8_t root[static TN_HASH_SIZE]);
/* The close of a pool but for its root: `claimed` is taken for it, and the caller compares. The
 * pool, without salts, is left in `pool` with its lists in `arena`. */
TN_MUST_USE enum tn_status tn_due_close_claimed(struct tn_decider *decider,
                                                const struct tn_due *due,
                                                const uint8_t claimed[static TN_HASH_SIZE],
                                                struct tn_arena *arena, struct tn_due_pool *pool,
                                                struct tn_verdict *verdict, struct tn_error *error);
/* tn_day_draw_load over a pool that was loaded and salted before: it stays borrowed. */
TN_MUST_USE enum tn_status tn_day_draw_with(struct tn_decider *decider,
                                            const struct tn_due_pool *pool, struct tn_arena *arena,
                                            struct tn_day_draw *draw, struct tn_error *error);
/* Does this open day end without a draw, because a chain that it needs was replaced? */
TN_MUST_USE enum tn_status tn_due_is_void(struct tn_fetch *fetch, uint64_t day,
                                          const struct tn_day_row *row, bool *is_void);

#endif
