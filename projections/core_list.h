/* Lists of projections: NULL stands for the core ones. Private to the layer. */
#ifndef TN_PROJECTIONS_CORE_LIST_H
#define TN_PROJECTIONS_CORE_LIST_H

#include "ledger/base/check.h"
#include "projections/projection.h"

struct tn_core_list {
    const struct tn_projection *items[TN_PROJECTIONS_MAX];
    size_t count;
};

static inline struct tn_core_list tn_core_list(const struct tn_projection *const *list,
                                               size_t count)
{
    struct tn_core_list out = {.count = list == NULL ? TN_CORE_COUNT : count};

    TN_CHECK(out.count <= TN_PROJECTIONS_MAX);
    for (size_t i = 0; i < out.count; i++) {
        out.items[i] = list == NULL ? tn_projection_core((enum tn_core) i) : list[i];
    }
    return out;
}

/* The same, where NULL stands for all there are, by number. */
static inline struct tn_core_list tn_whole_list(const struct tn_projection *const *list,
                                                size_t count)
{
    struct tn_core_list out = tn_core_list(list, count);

    for (; list == NULL && out.count < TN_PROJECTION_COUNT; out.count++) {
        out.items[out.count] = tn_projection_at(out.count);
    }
    return out;
}

/* What projection `number` of those in `mask` gets of the `bytes` that a build may take: its rows
 * in proportion to those of the others in a season. With equal parts registrations spilled, and
 * asked the store again for a sixth of its time, while others left theirs unused. */
static inline size_t tn_core_share(const struct tn_core_list *list, uint32_t mask, size_t number,
                                   size_t bytes)
{
    size_t sum = 0;
    size_t own = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct tn_projection *item = list->items[i];
        size_t share = item == &tn_projection_registrations ? 8
                       : item == &tn_projection_streams     ? 5
                       : item == &tn_projection_queue       ? 4
                       : item == &tn_projection_access      ? 3
                       : item == &tn_projection_seats       ? 1
                                                            : 2;

        sum += (mask >> i & 1) != 0 ? share : 0;
        own = i == number ? share : own;
    }
    return bytes / (sum > 0 ? sum : 1) * own;
}

#endif
