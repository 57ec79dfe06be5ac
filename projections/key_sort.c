/* Keys in order: by one byte after the other of the first eight, in place (ids are spread evenly,
 * so two bytes behind a table's letter leave a handful to a bucket); what is alike in all eight by
 * the whole key. */
#include "projections/key_sort.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/endian.h"

#define FEW 24
#define BUCKETS 256

struct tn_key_item tn_key_item(void *of, tn_key_of *key_of)
{
    struct tn_bytes key = key_of(of);
    uint8_t first[8] = {
        0}; /* shorter keys sort before longer ones with zeros, by their whole key */

    memcpy(first, key.data, key.size < sizeof(first) ? key.size : sizeof(first));
    return (struct tn_key_item){.first = tn_get_be64(first), .of = of};
}

static int compare(const struct tn_key_item *a, const struct tn_key_item *b, tn_key_of *key_of)
{
    if (a->first != b->first) {
        return a->first < b->first ? -1 : 1;
    }
    return tn_bytes_compare(key_of(a->of), key_of(b->of));
}

struct by_key {
    tn_key_of *key_of;
};

static int compare_items(const void *a, const void *b, void *context)
{
    return compare(a, b, ((const struct by_key *) context)->key_of);
}

static void sort_few(struct tn_key_item *items, size_t count, tn_key_of *key_of)
{
    for (size_t i = 1; i < count; i++) {
        struct tn_key_item item = items[i];
        size_t at = i;

        for (; at > 0 && compare(&item, &items[at - 1], key_of) < 0; at--) {
            items[at] = items[at - 1];
        }
        items[at] = item;
    }
}

/* Each item into the bucket of its byte: `next` is where a bucket's next one goes. */
static void deal(struct tn_key_item *items, unsigned shift, size_t next[static BUCKETS],
                 const size_t ends[static BUCKETS])
{
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        while (next[bucket] < ends[bucket]) {
            struct tn_key_item item = items[next[bucket]];
            size_t to = item.first >> shift & 0xff;

            while (to != bucket) {
                struct tn_key_item moved = items[next[to]];

                items[next[to]++] = item;
                item = moved;
                to = item.first >> shift & 0xff;
            }
            items[next[bucket]++] = item;
        }
    }
}

/* All items are alike above the byte at `shift`. */
static void sort_from(struct tn_key_item *items, size_t count, unsigned shift, tn_key_of *key_of)
{
    size_t next[BUCKETS] = {0};
    size_t ends[BUCKETS];
    size_t sum = 0;

    if (count <= FEW) {
        sort_few(items, count, key_of);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        next[items[i].first >> shift & 0xff]++;
    }
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        size_t size = next[bucket];

        next[bucket] = sum;
        sum += size;
        ends[bucket] = sum;
    }
    deal(items, shift, next, ends);
    for (size_t bucket = 0, start = 0; bucket < BUCKETS; start = ends[bucket++]) {
        size_t size = ends[bucket] - start;

        if (size > 1 && shift == 0) {
            struct by_key by_key = {key_of};

            qsort_r(items + start, size, sizeof(*items), compare_items, &by_key);
        } else if (size > 1) {
            sort_from(items + start, size, shift - 8, key_of);
        }
    }
}

void tn_key_sort(struct tn_key_item *items, size_t count, tn_key_of *key_of)
{
    if (count > 1) {
        sort_from(items, count, 56, key_of);
    }
}
