/* The table of the core projections. */
#include "projections/projection.h"

#include <string.h>

#include "ledger/base/check.h"

static const struct tn_projection *const core[TN_CORE_COUNT] = {
    [TN_CORE_QUEUE] = &tn_projection_queue,
    [TN_CORE_SEATS] = &tn_projection_seats,
    [TN_CORE_REGISTRATIONS] = &tn_projection_registrations,
    [TN_CORE_VALIDATION] = &tn_projection_validation,
    [TN_CORE_ACCESS] = &tn_projection_access,
};

const struct tn_projection *tn_projection_core(enum tn_core number)
{
    TN_CHECK((unsigned) number < TN_CORE_COUNT);
    return core[number];
}

const struct tn_projection *tn_projection_find(const char *name)
{
    for (unsigned i = 0; i < TN_CORE_COUNT; i++) {
        if (strcmp(core[i]->name, name) == 0) {
            return core[i];
        }
    }
    return NULL;
}
