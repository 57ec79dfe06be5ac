/* Cached rows: hash table with linear probing, and queues. Their key order is in cache_order.c. */
#include "projections/cache_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ledger/base/check.h"

#define SLOTS_FIRST ((size_t) 64)
/* Values grow by a few bytes more often than not (counters, lists); rounding up saves a second
 * piece. */
#define STEPS(size) (((size) + TN_SLAB_STEP - 1) / TN_SLAB_STEP)
/* Tables this large ask for huge pages. */
#define HUGE_PAGE ((size_t) 2 << 20)

_Static_assert(TN_ROW_KEY_MAX <= UINT8_MAX, "key_size is a byte");
_Static_assert(TN_ROW_VALUE_MAX <= UINT16_MAX, "value_size is 16 bits");

void tn_cache_budget_init(struct tn_cache_budget *budget, size_t limit)
{
    *budget = (struct tn_cache_budget){.limit = limit};
}

void tn_cache_init(struct tn_cache *cache, struct tn_cache_budget *budget)
{
    *cache = (struct tn_cache){.budget = budget};
    TN_CHECK(budget->count < TN_CACHE_SHARERS_MAX);
    budget->caches[budget->count++] = cache;
}

void tn_cache_close(struct tn_cache *cache)
{
    struct tn_cache_budget *budget = cache->budget;

    if (budget == NULL) {
        return;
    }
    tn_cache_clear(cache);
    for (size_t i = 0; i < budget->count; i++) {
        if (budget->caches[i] == cache) {
            budget->caches[i] = budget->caches[--budget->count];
            break;
        }
    }
    *cache = (struct tn_cache){0};
}

/* ---- hash table ---- */

__extension__ typedef unsigned __int128 wide;

static uint64_t mix(uint64_t a, uint64_t b)
{
    wide product = (wide) a * b;
    return (uint64_t) product ^ (uint64_t) (product >> 64);
}

/* The one to seven bytes before the words of a key: a table's letter, mostly with a day. */
static uint64_t head_of(const uint8_t *at, size_t size)
{
    uint32_t day;
    uint64_t word = 0;

    if (size == 1) {
        return at[0];
    }
    if (size == 5) {
        memcpy(&day, at + 1, sizeof(day));
        return (uint64_t) day << 8 | at[0];
    }
    memcpy(&word, at, size);
    return word;
}

/* Only speed and places in memory depend on it: results never do. Keys are at most 64 bytes, and
 * were put together a moment ago of a letter, numbers and an id that ends them. Words are read from
 * the end, as they were written: one that spans two writes waits until both are in the cache. */
uint64_t tn_cache_hash(struct tn_bytes key)
{
    uint64_t hash = UINT64_C(0x9e3779b97f4a7c15) ^ key.size;
    size_t left = key.size;
    uint64_t word;

    for (; left >= 8; left -= 8) {
        memcpy(&word, key.data + left - 8, 8);
        hash = mix(hash ^ word, UINT64_C(0xd6e8feb86659fd93));
    }
    word = left != 0 ? head_of(key.data, left) : 0;
    return mix(hash ^ word, UINT64_C(0xa0761d6478bd642f));
}

struct tn_cache_row *tn_cache_find(struct tn_cache *cache, struct tn_bytes key, uint64_t hash)
{
    if (cache->slot_count == 0) {
        return NULL;
    }
    size_t mask = cache->slot_count - 1;
    for (size_t i = (size_t) hash & mask; cache->slots[i].row != NULL; i = (i + 1) & mask) {
        struct tn_cache_row *row = cache->slots[i].row;

        if (cache->slots[i].hash == hash && row->key_size == key.size &&
            memcmp(tn_cache_key(row).data, key.data, key.size) == 0) {
            cache->recent = row;
            return row;
        }
    }
    return NULL;
}

#define LINE 64

static void fetch_lines(const void *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch((const char *) from + i * LINE);
    }
}

void tn_cache_fetch(const struct tn_cache *cache, uint64_t hash, enum tn_cache_step step)
{
    size_t mask = cache->slot_count - 1;
    size_t i = (size_t) hash & mask;

    if (cache->slot_count == 0) {
        return;
    }
    if (step == TN_CACHE_SLOT) {
        fetch_lines(&cache->slots[i], 1);
        fetch_lines(&cache->slots[i] + 3, 1); /* a search goes on to here, more often than not */
        return;
    }
    while (cache->slots[i].row != NULL && cache->slots[i].hash != hash) {
        i = (i + 1) & mask;
    }
    const struct tn_cache_row *row = cache->slots[i].row;
    if (row != NULL && step == TN_CACHE_ROW) {
        fetch_lines(row, 4);
    } else if (row != NULL && row->apart) {
        fetch_lines(row->value, 4);
    }
}

static void slot_insert(struct tn_cache_slot *slots, size_t mask, struct tn_cache_slot slot)
{
    size_t i = (size_t) slot.hash & mask;

    while (slots[i].row != NULL) {
        i = (i + 1) & mask;
    }
    slots[i] = slot;
}

/* Zeroed. */
static struct tn_cache_slot *slots_alloc(size_t count)
{
    size_t size = count * sizeof(struct tn_cache_slot);

    if (size < HUGE_PAGE) {
        return calloc(count, sizeof(struct tn_cache_slot));
    }
    struct tn_cache_slot *slots = aligned_alloc(HUGE_PAGE, size);
    if (slots != NULL) {
        (void) madvise(slots, size, MADV_HUGEPAGE); /* a wish: it works without */
        memset(slots, 0, size);
    }
    return slots;
}

/* Room for one more row, at most three quarters full. */
static bool slots_grow(struct tn_cache *cache)
{
    if ((cache->row_count + 1) * 4 <= cache->slot_count * 3) {
        return true;
    }
    size_t count = cache->slot_count == 0 ? SLOTS_FIRST : cache->slot_count * 2;
    struct tn_cache_slot *slots = slots_alloc(count);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < cache->slot_count; i++) {
        if (cache->slots[i].row != NULL) {
            slot_insert(slots, count - 1, cache->slots[i]);
        }
    }
    cache->budget->used += (count - cache->slot_count) * sizeof(*slots);
    free(cache->slots);
    cache->slots = slots;
    cache->slot_count = count;
    return true;
}

/* Linear probing without tombstones: what follows in the run moves back into the hole. */
static void slot_remove(struct tn_cache *cache, const struct tn_cache_row *row)
{
    size_t mask = cache->slot_count - 1;
    size_t hole = (size_t) tn_cache_hash(tn_cache_key(row)) & mask;

    while (cache->slots[hole].row != row) {
        hole = (hole + 1) & mask;
    }
    for (size_t i = (hole + 1) & mask; cache->slots[i].row != NULL; i = (i + 1) & mask) {
        size_t home = (size_t) cache->slots[i].hash & mask;

        if (((i - home) & mask) >= ((i - hole) & mask)) {
            cache->slots[hole] = cache->slots[i];
            hole = i;
        }
    }
    cache->slots[hole] = (struct tn_cache_slot){0};
}

/* ---- queues ---- */

static void queue_push(struct tn_cache *cache, struct tn_cache_row *row, enum tn_cache_queue queue)
{
    row->queue = (uint8_t) queue;
    row->after = NULL;
    row->before = cache->queues[queue].last;
    if (row->before != NULL) {
        row->before->after = row;
    } else {
        cache->queues[queue].first = row;
    }
    cache->queues[queue].last = row;
    cache->queues[queue].count++;
}

static void queue_pull(struct tn_cache *cache, struct tn_cache_row *row)
{
    if (row->before != NULL) {
        row->before->after = row->after;
    } else {
        cache->queues[row->queue].first = row->after;
    }
    if (row->after != NULL) {
        row->after->before = row->before;
    } else {
        cache->queues[row->queue].last = row->before;
    }
    cache->queues[row->queue].count--;
}

static void move(struct tn_cache *cache, struct tn_cache_row *row, enum tn_cache_queue queue)
{
    queue_pull(cache, row);
    queue_push(cache, row, queue);
}

void tn_cache_move(struct tn_cache *cache, struct tn_cache_row *row, enum tn_cache_queue queue)
{
    bool was_clean = row->queue == TN_CACHE_CLEAN;
    bool is_clean = queue == TN_CACHE_CLEAN;

    TN_CHECK(!was_clean || is_clean); /* that is for tn_cache_write */
    if (cache->ordered && !was_clean && is_clean) {
        tn_cache_unlink(cache, row);
    }
    move(cache, row, queue);
}

void tn_cache_settle(struct tn_cache *cache, uint64_t committed)
{
    struct tn_cache_row *row = cache->queues[TN_CACHE_FLIGHT].first;

    /* Generations only grow along the queue. */
    while (row != NULL && row->generation <= committed) {
        tn_cache_move(cache, row, TN_CACHE_CLEAN);
        row = cache->queues[TN_CACHE_FLIGHT].first;
    }
}

void tn_cache_settle_dirty(struct tn_cache *cache)
{
    struct tn_cache_row *first = cache->queues[TN_CACHE_DIRTY].first;
    struct tn_cache_row *last = cache->queues[TN_CACHE_CLEAN].last;

    TN_CHECK(cache->queues[TN_CACHE_FLIGHT].count == 0);
    if (first == NULL) {
        return;
    }
    for (struct tn_cache_row *row = first; row != NULL; row = row->after) {
        row->queue = TN_CACHE_CLEAN;
        row->linked = false;
    }
    /* The whole queue behind the clean one; the order held nothing else. */
    if (last != NULL) {
        last->after = first;
        first->before = last;
    } else {
        cache->queues[TN_CACHE_CLEAN].first = first;
    }
    cache->queues[TN_CACHE_CLEAN].last = cache->queues[TN_CACHE_DIRTY].last;
    cache->queues[TN_CACHE_CLEAN].count += cache->queues[TN_CACHE_DIRTY].count;
    cache->queues[TN_CACHE_DIRTY].first = NULL;
    cache->queues[TN_CACHE_DIRTY].last = NULL;
    cache->queues[TN_CACHE_DIRTY].count = 0;
    memset(cache->heads, 0, sizeof(cache->heads));
    cache->late_count = 0;
}

/* ---- rows ---- */

/* The piece of a row whose value has `steps` of first room. */
static size_t row_size(size_t height, size_t key_size, size_t steps)
{
    return sizeof(struct tn_cache_row) + height * sizeof(struct tn_cache_row *) + key_size +
           steps * TN_SLAB_STEP;
}

/* One row in four reaches the next level. Taken from the hash, so that a run repeats itself. */
static uint8_t row_height(uint64_t hash)
{
    unsigned zeros = (unsigned) __builtin_ctzll((hash >> 32) | (UINT64_C(1) << 31));
    unsigned height = 1 + zeros / 2;

    return (uint8_t) (height < TN_CACHE_LEVELS ? height : TN_CACHE_LEVELS);
}

static void copy(uint8_t *to, struct tn_bytes from)
{
    if (from.size != 0) {
        memmove(to, from.data, from.size);
    }
}

struct tn_cache_row *tn_cache_add(struct tn_cache *cache, struct tn_bytes key, uint64_t hash,
                                  struct tn_bytes value, bool absent, enum tn_cache_queue queue)
{
    uint8_t height = row_height(hash);
    size_t steps = STEPS(value.size);
    size_t size = row_size(height, key.size, steps);

    TN_CHECK(key.size <= TN_ROW_KEY_MAX && value.size <= TN_ROW_VALUE_MAX);
    if (!slots_grow(cache) || !tn_cache_late_room(cache, cache->late_count + 1)) {
        return NULL;
    }
    struct tn_cache_row *row = tn_slab_alloc(&cache->slab, size);
    if (row == NULL) {
        return NULL;
    }
    *row = (struct tn_cache_row){
        .value_size = (uint16_t) value.size,
        .value_steps = (uint16_t) steps,
        .first_steps = (uint16_t) steps,
        .key_size = (uint8_t) key.size,
        .height = height,
        .absent = absent,
    };
    uint8_t *bytes = (uint8_t *) (row->next + height);
    copy(bytes, key);
    row->value = bytes + key.size;
    copy(row->value, value);
    slot_insert(cache->slots, cache->slot_count - 1,
                (struct tn_cache_slot){.hash = hash, .row = row});
    cache->row_count++;
    cache->budget->used += tn_slab_bytes(size);
    queue_push(cache, row, queue);
    if (cache->ordered && queue != TN_CACHE_CLEAN) {
        tn_cache_late_push(cache, row);
    }
    cache->recent = row;
    return row;
}

static void value_free(struct tn_cache *cache, struct tn_cache_row *row)
{
    size_t size = row->value_steps * TN_SLAB_STEP;

    cache->budget->used -= tn_slab_bytes(size);
    tn_slab_free(&cache->slab, row->value, size);
}

/* Another piece for a value that does not fit. `value` is not in it: it would fit. */
static bool value_grow(struct tn_cache *cache, struct tn_cache_row *row, struct tn_bytes value)
{
    size_t steps = STEPS(value.size + value.size / 4);
    uint8_t *larger = tn_slab_alloc(&cache->slab, steps * TN_SLAB_STEP);

    if (larger == NULL) {
        return false;
    }
    if (row->apart) {
        value_free(cache, row);
    }
    cache->budget->used += tn_slab_bytes(steps * TN_SLAB_STEP);
    row->value = larger;
    row->value_steps = (uint16_t) steps;
    row->apart = true;
    return true;
}

bool tn_cache_write(struct tn_cache *cache, struct tn_cache_row *row, struct tn_bytes value,
                    bool absent)
{
    if (!tn_cache_late_room(cache, cache->late_count + 1)) {
        return false;
    }
    if (value.size > row->value_steps * TN_SLAB_STEP && !value_grow(cache, row, value)) {
        return false;
    }
    copy(row->value, value);
    row->value_size = (uint16_t) value.size;
    row->absent = absent;
    if (row->queue != TN_CACHE_DIRTY) {
        if (cache->ordered && row->queue == TN_CACHE_CLEAN) {
            tn_cache_late_push(cache, row);
        }
        move(cache, row, TN_CACHE_DIRTY);
    }
    return true;
}

static void row_free(struct tn_cache *cache, struct tn_cache_row *row)
{
    size_t size = row_size(row->height, row->key_size, row->first_steps);

    cache->recent = cache->recent == row ? NULL : cache->recent;
    if (row->apart) {
        value_free(cache, row);
    }
    cache->budget->used -= tn_slab_bytes(size);
    tn_slab_free(&cache->slab, row, size);
}

void tn_cache_forget(struct tn_cache *cache, struct tn_cache_row *row)
{
    queue_pull(cache, row);
    slot_remove(cache, row);
    cache->row_count--;
    row_free(cache, row);
}

void tn_cache_remove(struct tn_cache *cache, struct tn_cache_row *row)
{
    if (cache->ordered && row->queue != TN_CACHE_CLEAN) {
        tn_cache_unlink(cache, row);
    }
    tn_cache_forget(cache, row);
}

void tn_cache_clear(struct tn_cache *cache)
{
    for (size_t queue = 0; queue < TN_CACHE_QUEUES; queue++) {
        struct tn_cache_row *row = cache->queues[queue].first;

        while (row != NULL) {
            struct tn_cache_row *after = row->after;
            row_free(cache, row);
            row = after;
        }
    }
    cache->budget->used -= cache->slot_count * sizeof(*cache->slots) +
                           cache->late_capacity * sizeof(*cache->late);
    free(cache->slots);
    free(cache->late);
    tn_slab_close(&cache->slab);
    *cache = (struct tn_cache){.budget = cache->budget};
}

bool tn_cache_evict(struct tn_cache_budget *budget)
{
    size_t vain = 0;

    while (budget->used > budget->limit) {
        if (vain == budget->count) {
            return false;
        }
        budget->turn = (budget->turn + 1) % budget->count;
        struct tn_cache *cache = budget->caches[budget->turn];
        struct tn_cache_row *row = cache->queues[TN_CACHE_CLEAN].first;
        if (row == NULL) {
            vain++;
            continue;
        }
        vain = 0;
        if (row->used) {
            row->used = false;
            tn_cache_move(cache, row, TN_CACHE_CLEAN);
        } else {
            tn_cache_remove(cache, row);
        }
    }
    return true;
}
