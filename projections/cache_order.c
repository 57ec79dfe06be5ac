/* The key order of a cache's rows that are not clean. */
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "projections/cache_internal.h"
#include "projections/key_sort.h"

#define LATE_FIRST ((size_t) 64)
/* Rows that are brought nearer before it is their turn. */
#define AHEAD 8

/* ---- key order: a skip list, and what is not linked yet ----
 *
 * A fold writes a hundred thousand rows between two looks at their order (a day's pool), so rows
 * wait in `late` and are linked together, in order: each insertion begins where the one before
 * ended. Linking each row as it came took a sixth of a rebuild's time. */

bool tn_cache_late_room(struct tn_cache *cache, size_t count)
{
    size_t capacity = cache->late_capacity == 0 ? LATE_FIRST : cache->late_capacity;

    if (!cache->ordered || count <= cache->late_capacity) {
        return true;
    }
    while (capacity < count) {
        capacity *= 2;
    }
    struct tn_cache_row **late = realloc(cache->late, capacity * sizeof(struct tn_cache_row *));
    if (late == NULL) {
        return false;
    }
    cache->budget->used += (capacity - cache->late_capacity) * sizeof(*late);
    cache->late = late;
    cache->late_capacity = capacity;
    return true;
}

void tn_cache_late_push(struct tn_cache *cache, struct tn_cache_row *row)
{
    TN_CHECK(cache->late_count < cache->late_capacity);
    row->linked = false;
    memcpy(&row->next[0], &cache->late_count, sizeof(row->next[0]));
    cache->late[cache->late_count++] = row;
}

_Static_assert(sizeof(size_t) == sizeof(struct tn_cache_row *), "a link holds a place in late");

static void late_remove(struct tn_cache *cache, const struct tn_cache_row *row)
{
    size_t place;

    memcpy(&place, &row->next[0], sizeof(place));
    TN_CHECK(place < cache->late_count && cache->late[place] == row);
    struct tn_cache_row *last = cache->late[--cache->late_count];
    cache->late[place] = last;
    memcpy(&last->next[0], &place, sizeof(place));
}

/* bases[level] are the links of the last row < key on that level, or the heads: of the row that the
 * search before ended at when that is still < key, so keys that ascend cost little. */
static void order_find(struct tn_bytes key, struct tn_cache_row **bases[static TN_CACHE_LEVELS])
{
    struct tn_cache_row **further = NULL;

    for (size_t level = TN_CACHE_LEVELS; level-- > 0;) {
        struct tn_cache_row **links = further != NULL ? further : bases[level];

        while (links[level] != NULL && tn_bytes_compare(tn_cache_key(links[level]), key) < 0) {
            links = links[level]->next;
            further = links;
        }
        bases[level] = links;
    }
}

static void order_begin(struct tn_cache *cache, struct tn_cache_row **bases[static TN_CACHE_LEVELS])
{
    for (size_t level = 0; level < TN_CACHE_LEVELS; level++) {
        bases[level] = cache->heads;
    }
}

void tn_cache_unlink(struct tn_cache *cache, struct tn_cache_row *row)
{
    struct tn_cache_row **bases[TN_CACHE_LEVELS];

    if (!row->linked) {
        late_remove(cache, row);
        return;
    }
    order_begin(cache, bases);
    order_find(tn_cache_key(row), bases);
    for (size_t level = 0; level < row->height; level++) {
        TN_CHECK(bases[level][level] == row);
        bases[level][level] = row->next[level];
    }
    row->linked = false;
}

/* From here on an order is kept; all that it has to hold is late. */
static bool order_start(struct tn_cache *cache)
{
    cache->ordered = true;
    if (!tn_cache_late_room(cache, cache->queues[TN_CACHE_DIRTY].count +
                                       cache->queues[TN_CACHE_FLIGHT].count)) {
        cache->ordered = false;
        return false;
    }
    for (size_t queue = TN_CACHE_DIRTY; queue < TN_CACHE_QUEUES; queue++) {
        struct tn_cache_row *row = cache->queues[queue].first;

        for (; row != NULL; row = row->after) {
            tn_cache_late_push(cache, row);
        }
    }
    return true;
}

static bool order_complete(struct tn_cache *cache)
{
    struct tn_cache_row **bases[TN_CACHE_LEVELS];
    size_t count;

    if (!cache->ordered && !order_start(cache)) {
        return false;
    }
    count = cache->late_count;
    if (count == 0) {
        return true;
    }
    struct tn_key_item *items = malloc(count * sizeof(*items));
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch(cache->late[i + AHEAD < count ? i + AHEAD : i]->next + 1);
        items[i] = tn_key_item(cache->late[i], tn_cache_key_of);
    }
    tn_key_sort(items, count, tn_cache_key_of);
    order_begin(cache, bases);
    for (size_t i = 0; i < count; i++) {
        struct tn_cache_row *row = items[i].of;

        __builtin_prefetch(items[i + AHEAD < count ? i + AHEAD : i].of);
        order_find(tn_cache_key(row), bases);
        for (size_t level = 0; level < row->height; level++) {
            row->next[level] = bases[level][level];
            bases[level][level] = row;
        }
        row->linked = true;
    }
    cache->late_count = 0;
    free(items);
    return true;
}

bool tn_cache_seek(struct tn_cache *cache, struct tn_bytes key, struct tn_cache_row **row)
{
    struct tn_cache_row **bases[TN_CACHE_LEVELS];

    *row = NULL;
    if (!order_complete(cache)) {
        return false;
    }
    order_begin(cache, bases);
    order_find(key, bases);
    *row = bases[0][0];
    return true;
}

/* ---- removing a range ----
 *
 * Most of what goes with a day's pool was written since the last look at the order and is still
 * late: it is found there, in the order in which it was allocated, and never sorted. Going that way
 * through memory also leaves the freed pieces in that order for the rows of the next day. */

struct removal {
    struct tn_cache *cache;
    struct tn_bytes from;
    struct tn_bytes end;
    tn_cache_each *each;
    void *context;
    size_t count;
};

static void remove_one(struct removal *removal, struct tn_cache_row *row)
{
    if (removal->each != NULL) {
        removal->each(removal->context, row);
    }
    tn_cache_forget(removal->cache, row);
    removal->count++;
}

static void remove_linked(struct removal *removal)
{
    struct tn_cache *cache = removal->cache;
    struct tn_cache_row **before[TN_CACHE_LEVELS];
    struct tn_cache_row **last[TN_CACHE_LEVELS];

    order_begin(cache, before);
    order_find(removal->from, before);
    memcpy(last, before, sizeof(last));
    order_find(removal->end, last);
    struct tn_cache_row *row = before[0][0];
    const struct tn_cache_row *behind = last[0][0];
    for (size_t level = 0; level < TN_CACHE_LEVELS; level++) {
        before[level][level] = last[level][level];
    }
    while (row != behind) {
        struct tn_cache_row *next = row->next[0];

        remove_one(removal, row);
        row = next;
    }
}

static bool is_removed(const struct removal *removal, const struct tn_cache_row *row)
{
    struct tn_bytes key = tn_cache_key(row);

    return tn_bytes_compare(key, removal->from) >= 0 && tn_bytes_compare(key, removal->end) < 0;
}

static void remove_late(struct removal *removal)
{
    struct tn_cache *cache = removal->cache;
    size_t count = cache->late_count;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct tn_cache_row *row = cache->late[i];

        if (i + 2 * AHEAD < count) {
            __builtin_prefetch(cache->late[i + 2 * AHEAD]);
            __builtin_prefetch(cache->late[i + 2 * AHEAD]->next + 1);
        }
        if (i + AHEAD < count) {
            tn_cache_fetch(cache, tn_cache_hash(tn_cache_key(cache->late[i + AHEAD])),
                           TN_CACHE_SLOT);
        }
        if (is_removed(removal, row)) {
            remove_one(removal, row);
        } else {
            memcpy(&row->next[0], &kept, sizeof(row->next[0]));
            cache->late[kept++] = row;
        }
    }
    cache->late_count = kept;
}

bool tn_cache_remove_range(struct tn_cache *cache, struct tn_bytes from, struct tn_bytes end,
                           tn_cache_each *each, void *context)
{
    struct removal removal = {cache, from, end, each, context, 0};

    if (!cache->ordered && !order_start(cache)) {
        return false;
    }
    remove_linked(&removal);
    remove_late(&removal);
    /* What stays is not looked through again and again; without memory the next look sorts it. */
    if (cache->late_count > removal.count) {
        (void) order_complete(cache);
    }
    return true;
}
