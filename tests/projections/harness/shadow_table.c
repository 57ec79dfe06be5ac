/* The shadow's tables: open addressing, and arrays that grow by doubling. */
#include <stdlib.h>
#include <string.h>

#include "ledger/base/endian.h"
#include "tests/projections/harness/shadow_internal.h"

static size_t index_find(const struct index *index, const uint8_t *key)
{
    size_t at = (size_t) tn_get_le32(key + 8) * 2654435761u + tn_get_le32(key) +
                tn_get_le32(key + 12) * 97u;

    for (at &= index->capacity - 1; index->slots[at].place != 0;
         at = (at + 1) & (index->capacity - 1)) {
        if (memcmp(index->slots[at].key, key, TN_ID_SIZE) == 0) {
            break;
        }
    }
    return at;
}

static void index_grow(struct index *index)
{
    struct index larger = {.capacity = index->capacity == 0 ? 256 : index->capacity * 2,
                           .count = index->count};

    larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
    assert_non_null(larger.slots);
    for (size_t i = 0; i < index->capacity; i++) {
        if (index->slots[i].place != 0) {
            larger.slots[index_find(&larger, index->slots[i].key)] = index->slots[i];
        }
    }
    free(index->slots);
    *index = larger;
}

uint32_t index_get(const struct index *index, const uint8_t *key)
{
    return index->capacity == 0 ? 0 : index->slots[index_find(index, key)].place;
}

void index_put(struct index *index, const uint8_t *key, size_t place)
{
    size_t at;

    if (index->count * 2 >= index->capacity) {
        index_grow(index);
    }
    at = index_find(index, key);
    index->count += index->slots[at].place == 0 ? 1 : 0;
    memcpy(index->slots[at].key, key, TN_ID_SIZE);
    index->slots[at].place = (uint32_t) place + 1;
}

void *append(void **items, size_t *count, size_t size)
{
    if ((*count & (*count - 1)) == 0) { /* a power of two, or none: full */
        *items = realloc(*items, (*count == 0 ? 1 : *count * 2) * size);
        assert_non_null(*items);
    }
    memset((char *) *items + *count * size, 0, size);
    return (char *) *items + (*count)++ * size;
}
