/* Cached rows of one handle: a hash table, three queues, and a key order that is kept once somebody
 * scans. Private to the layer; one thread at a time for each budget. Pure: no store.
 *
 * A row is in exactly one queue:
 *   dirty    written and not yet in any batch; never leaves the cache
 *   flight   in a batch that is not yet known to be committed; never leaves the cache
 *   clean    as in the store; evicted oldest first, with a second chance for what was read since */
#ifndef TN_PROJECTIONS_CACHE_H
#define TN_PROJECTIONS_CACHE_H

#include "ledger/base/bytes.h"
#include "projections/rows.h"
#include "projections/slab.h"

enum tn_cache_queue {
    TN_CACHE_CLEAN,
    TN_CACHE_DIRTY,
    TN_CACHE_FLIGHT,
    TN_CACHE_QUEUES,
};

/* Rows never move, so pointers to them hold until they are removed. What a get reads lies close
 * together: at some hundred thousand rows every cache line costs more than all computing. */
struct tn_cache_row {
    uint8_t *value;
    struct tn_cache_row *before; /* neighbours in its queue */
    struct tn_cache_row *after;
    uint64_t generation; /* of the batch that carries the newest value; 0: none does */
    uint32_t epoch;      /* of the last touch that was noted (projections/touched.h) */
    uint16_t value_size;
    uint16_t value_steps; /* the value's room, in TN_SLAB_STEPs */
    uint16_t first_steps; /* the room behind the key */
    uint8_t key_size;
    uint8_t height;  /* links in the key order */
    uint8_t queue;   /* enum tn_cache_queue */
    bool absent;     /* known not to exist: deleted, or looked for in vain */
    bool used;       /* read since it was last considered for eviction */
    bool apart : 1;  /* the value outgrew its first room and has a piece of its own */
    bool linked : 1; /* in the key order; else the first link may hold a place in late */
    struct tn_cache_row *next[]; /* `height` links, then the key, then the value's first room */
};

static inline struct tn_bytes tn_cache_key(const struct tn_cache_row *row)
{
    return tn_bytes((const uint8_t *) (row->next + row->height), row->key_size);
}

/* For putting rows in order. */
static inline struct tn_bytes tn_cache_key_of(const void *row)
{
    return tn_cache_key(row);
}

static inline struct tn_bytes tn_cache_value(const struct tn_cache_row *row)
{
    return tn_bytes(row->value, row->value_size);
}

/* What several caches of one thread may hold together. Rows that cannot be evicted may pass it. */
#define TN_CACHE_SHARERS_MAX 16
struct tn_cache_budget {
    size_t limit;
    size_t used;
    struct tn_cache *caches[TN_CACHE_SHARERS_MAX];
    size_t count;
    size_t turn; /* whose clean rows are next to go */
};

#define TN_CACHE_LEVELS 14

struct tn_cache_slot {
    uint64_t hash;
    struct tn_cache_row *row;
};

struct tn_cache {
    struct tn_cache_budget *budget;
    struct tn_cache_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t row_count;
    struct {
        struct tn_cache_row *first; /* oldest */
        struct tn_cache_row *last;
        size_t count;
    } queues[TN_CACHE_QUEUES];
    struct tn_slab slab;
    struct tn_cache_row *recent; /* found or added last, or NULL */
    bool ordered; /* dirty and flight rows are linked in key order from `heads`, or are in `late` */
    struct tn_cache_row *heads[TN_CACHE_LEVELS];
    struct tn_cache_row **late; /* to be linked before somebody looks at the order */
    size_t late_count;
    size_t late_capacity;
};

void tn_cache_budget_init(struct tn_cache_budget *budget, size_t limit);
/* Joins `budget`, which lives longer. */
void tn_cache_init(struct tn_cache *cache, struct tn_cache_budget *budget);
void tn_cache_close(struct tn_cache *cache);
/* Forget every row, whatever its queue. */
void tn_cache_clear(struct tn_cache *cache);

uint64_t tn_cache_hash(struct tn_bytes key);
/* NULL when the key is not cached. */
struct tn_cache_row *tn_cache_find(struct tn_cache *cache, struct tn_bytes key, uint64_t hash);
/* Begin to bring nearer what a look at a key will need; each step once that of the one before is
 * here. Only wishes. */
enum tn_cache_step {
    TN_CACHE_SLOT,
    TN_CACHE_ROW,
    TN_CACHE_VALUE, /* when it has a piece of its own */
};
void tn_cache_fetch(const struct tn_cache *cache, uint64_t hash, enum tn_cache_step step);
/* The row found or added last when it has this key, else NULL: folds write what they have just
 * read. */
static inline struct tn_cache_row *tn_cache_recent(const struct tn_cache *cache,
                                                   struct tn_bytes key)
{
    struct tn_cache_row *row = cache->recent;

    return row != NULL && tn_bytes_equal(tn_cache_key(row), key) ? row : NULL;
}
/* A new row in `queue` for a key that is not cached; NULL when there is no memory. `value` may
 * lie in another row. */
struct tn_cache_row *tn_cache_add(struct tn_cache *cache, struct tn_bytes key, uint64_t hash,
                                  struct tn_bytes value, bool absent, enum tn_cache_queue queue);
/* Gives a row another value and makes it dirty. False when there is no memory (nothing changed). */
bool tn_cache_write(struct tn_cache *cache, struct tn_cache_row *row, struct tn_bytes value,
                    bool absent);
void tn_cache_remove(struct tn_cache *cache, struct tn_cache_row *row);
/* Every dirty or flight row with from <= key < end, quicker than one by one, and without putting
 * them in order first. `each`, unless NULL, is called with each before it goes, in no order. False
 * when there is no memory (nothing changed). */
typedef void tn_cache_each(void *context, const struct tn_cache_row *row);
bool tn_cache_remove_range(struct tn_cache *cache, struct tn_bytes from, struct tn_bytes end,
                           tn_cache_each *each, void *context);
/* To the end of another queue; keeps the order right. */
void tn_cache_move(struct tn_cache *cache, struct tn_cache_row *row, enum tn_cache_queue queue);
/* Flight rows of `committed` and older generations become clean. */
void tn_cache_settle(struct tn_cache *cache, uint64_t committed);
/* Every dirty row becomes clean, quicker than one by one. None is in flight. */
void tn_cache_settle_dirty(struct tn_cache *cache);
/* Evict clean rows until the budget holds; false when it does not and no clean row is left. */
bool tn_cache_evict(struct tn_cache_budget *budget);

/* The first dirty or flight row whose key is >= `key` (NULL: there is none); then row->next[0].
 * What was written since the last call is sorted and linked by this one; the first call links all.
 * False when there is no memory for that. */
bool tn_cache_seek(struct tn_cache *cache, struct tn_bytes key, struct tn_cache_row **row);

#endif
