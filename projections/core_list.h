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

#endif
