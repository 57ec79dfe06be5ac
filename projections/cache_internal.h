/* What cache.c and cache_order.c know of each other. Private to the two. */
#ifndef TN_PROJECTIONS_CACHE_INTERNAL_H
#define TN_PROJECTIONS_CACHE_INTERNAL_H

#include "projections/cache.h"

/* Room for `count` rows in late, when an order is kept at all; false when there is no memory. */
bool tn_cache_late_room(struct tn_cache *cache, size_t count);
/* A row that is not clean any more, in an order that is kept and has room. Its place is kept in its
 * first link, which is not used before it is linked. */
void tn_cache_late_push(struct tn_cache *cache, struct tn_cache_row *row);
/* Out of the order, which is kept, and of late. */
void tn_cache_unlink(struct tn_cache *cache, struct tn_cache_row *row);
/* Out of everything but the order, and freed. */
void tn_cache_forget(struct tn_cache *cache, struct tn_cache_row *row);

#endif
