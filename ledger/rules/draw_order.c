/* The draw's orders. Stable radix sorts over eight-byte keys: linear, and nothing depends on the
 * order in which groups came (R01). */
#include <string.h>

#include "ledger/base/endian.h"
#include "ledger/rules/draw_internal.h"

enum tn_status tn_draw_sorter_init(struct tn_draw_sorter *sorter, uint32_t count,
                                   struct tn_arena *arena, struct tn_error *error)
{
    sorter->keys = tn_arena_array(arena, count, sizeof(*sorter->keys));
    sorter->scratch = tn_arena_array(arena, count, sizeof(*sorter->scratch));
    if (sorter->keys == NULL || sorter->scratch == NULL) {
        return tn_fail(error, TN_FULL, "draw: the arena is too small to sort %u groups", count);
    }
    return TN_OK;
}

/* Sort keys[0..count) ascending by key; equal keys keep their order. */
static void radix_sort(struct tn_draw_sorter *sorter, uint32_t count)
{
    uint32_t counts[8][256] = {{0}};

    for (uint32_t i = 0; i < count; i++) {
        for (unsigned byte = 0; byte < 8; byte++) {
            counts[byte][(sorter->keys[i].key >> (8 * byte)) & 255]++;
        }
    }
    for (unsigned byte = 0; byte < 8; byte++) {
        uint32_t *starts = counts[byte];
        uint32_t at = 0;

        if (count == 0 || starts[(sorter->keys[0].key >> (8 * byte)) & 255] == count) {
            continue; /* all equal in this byte: the common case for days */
        }
        for (unsigned value = 0; value < 256; value++) {
            uint32_t here = starts[value];

            starts[value] = at;
            at += here;
        }
        for (uint32_t i = 0; i < count; i++) {
            unsigned value = (unsigned) (sorter->keys[i].key >> (8 * byte)) & 255;

            sorter->scratch[starts[value]++] = sorter->keys[i];
        }
        struct tn_draw_key *swap = sorter->keys;
        sorter->keys = sorter->scratch;
        sorter->scratch = swap;
    }
}

static void order_take(const struct tn_draw_sorter *sorter, uint32_t count, uint32_t *order)
{
    for (uint32_t i = 0; i < count; i++) {
        order[i] = sorter->keys[i].index;
    }
}

enum tn_status tn_draw_order_by_gid(struct tn_draw_sorter *sorter,
                                    const struct tn_draw_group *groups, uint32_t count,
                                    uint32_t *order, struct tn_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        sorter->keys[i].key = tn_get_be64(groups[i].gid + 8);
        sorter->keys[i].index = i;
    }
    radix_sort(sorter, count);
    for (uint32_t i = 0; i < count; i++) {
        sorter->keys[i].key = tn_get_be64(groups[sorter->keys[i].index].gid);
    }
    radix_sort(sorter, count);
    order_take(sorter, count, order);
    for (uint32_t i = 1; i < count; i++) {
        if (memcmp(groups[order[i - 1]].gid, groups[order[i]].gid, TN_ID_SIZE) == 0) {
            char gid[2 * TN_ID_SIZE + 1];

            tn_hex_encode(gid, groups[order[i]].gid, TN_ID_SIZE);
            return tn_fail(error, TN_EXISTS, "draw: gid %s is in the pool twice", gid);
        }
    }
    return TN_OK;
}

void tn_draw_order_by_ticket(struct tn_draw_sorter *sorter, const uint8_t *tickets,
                             const uint32_t *by_gid, uint32_t count, uint32_t *order)
{
    for (uint32_t i = 0; i < count; i++) {
        sorter->keys[i].key = tn_get_be64(tickets + (size_t) by_gid[i] * TN_HASH_SIZE);
        sorter->keys[i].index = by_gid[i];
    }
    radix_sort(sorter, count);
    order_take(sorter, count, order);

    /* Tickets that agree in their first eight bytes: settle the rest. Whole equal tickets are still
     * in the order of their gids, for every step so far and this one is stable. */
    for (uint32_t i = 1; i < count; i++) {
        uint32_t item = order[i];
        uint32_t at = i;

        while (at > 0 && memcmp(tickets + (size_t) order[at - 1] * TN_HASH_SIZE,
                                tickets + (size_t) item * TN_HASH_SIZE, TN_HASH_SIZE) > 0) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = item;
    }
}

void tn_draw_order_by_seniority(struct tn_draw_sorter *sorter, const struct tn_draw_group *groups,
                                uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        sorter->keys[i].key = groups[order[i]].registered_day;
        sorter->keys[i].index = order[i];
    }
    radix_sort(sorter, count);
    order_take(sorter, count, order);
}
