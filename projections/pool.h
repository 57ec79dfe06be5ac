/* A day's frozen pool of requests: read from rows, its salts and its root. Private to the layer. */
#ifndef TN_PROJECTIONS_POOL_H
#define TN_PROJECTIONS_POOL_H

#include "ledger/rules/draw.h"
#include "projections/projection.h"

/* The groups that ask, in the order of their gids; lists live in the arena of the load. */
struct tn_pool {
    uint64_t day;
    struct tn_draw_group *groups; /* `salt` is zero before tn_pool_salt */
    uint8_t (*registrations)[TN_ID_SIZE];
    size_t count;
};

/* From the rows of the queue. TN_CORRUPT: a row that cannot be. TN_FULL: the arena's limit. */
TN_MUST_USE enum tn_status tn_pool_load(struct tn_rows *queue, uint64_t day, struct tn_arena *arena,
                                        struct tn_pool *pool, struct tn_error *error);
/* The salts of all groups; any thread. */
void tn_pool_salt(struct tn_pool *pool, const uint8_t gid_key[static TN_HASH_SIZE]);
/* MTH over the leaves; any thread, after the salts. */
void tn_pool_root(const struct tn_pool *pool, uint8_t root[static TN_HASH_SIZE]);

#endif
