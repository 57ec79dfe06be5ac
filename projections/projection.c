/* The table of the projections. */
#include "projections/projection.h"

#include "ledger/base/check.h"

static const struct tn_projection *const all[TN_PROJECTION_COUNT] = {
    [TN_CORE_QUEUE] = &tn_projection_queue,
    [TN_CORE_SEATS] = &tn_projection_seats,
    [TN_CORE_REGISTRATIONS] = &tn_projection_registrations,
    [TN_CORE_VALIDATION] = &tn_projection_validation,
    [TN_CORE_ACCESS] = &tn_projection_access,
    [TN_BESIDE_STREAMS] = &tn_projection_streams,
};

const struct tn_projection *tn_projection_core(enum tn_core number)
{
    TN_CHECK((unsigned) number < TN_CORE_COUNT);
    return all[number];
}

const struct tn_projection *tn_projection_at(size_t number)
{
    TN_CHECK(number < TN_PROJECTION_COUNT);
    return all[number];
}

size_t tn_projection_find(struct tn_bytes name)
{
    size_t number = 0;

    while (number < TN_PROJECTION_COUNT && !tn_bytes_equal_string(name, all[number]->name)) {
        number++;
    }
    return number;
}

size_t tn_projection_number(const struct tn_projection *projection, size_t place)
{
    for (size_t i = 0; i < TN_PROJECTION_COUNT; i++) {
        if (all[i] == projection) {
            return i;
        }
    }
    return place;
}
