/* Keys in order: most comparisons are decided by the first eight bytes, which are kept beside what
 * has the key. Private to the layer. Pure. */
#ifndef TN_PROJECTIONS_KEY_SORT_H
#define TN_PROJECTIONS_KEY_SORT_H

#include "ledger/base/bytes.h"

struct tn_key_item {
    uint64_t first; /* the first bytes of the key, big-endian, zeros behind a shorter one */
    void *of;
};

/* The key of an item's `of`. */
typedef struct tn_bytes tn_key_of(const void *of);

struct tn_key_item tn_key_item(void *of, tn_key_of *key_of);
/* Ascending. Items of equal keys in any order. */
void tn_key_sort(struct tn_key_item *items, size_t count, tn_key_of *key_of);

#endif
