/* A projection: a pure fold of events into rows (P6). */
#ifndef TN_PROJECTIONS_PROJECTION_H
#define TN_PROJECTIONS_PROJECTION_H

#include "ledger/event/event.h"
#include "projections/rows.h"

/* The core projections: all that a rule reads. Their numbers are in the log (state_sealed). */
enum tn_core {
    TN_CORE_QUEUE = 0,
    TN_CORE_SEATS = 1,
    TN_CORE_REGISTRATIONS = 2,
    TN_CORE_VALIDATION = 3,
    TN_CORE_ACCESS = 4,
    TN_CORE_COUNT = 5,
};

/* `apply` sees rows and the event and nothing else: no key, no clock, no randomness. A status other
 * than TN_OK stops the fold: the log holds an event that cannot be (TN_CORRUPT) or the store
 * failed. */
struct tn_projection {
    const char *name;
    uint32_t version;
    enum tn_status (*apply)(struct tn_rows *rows, const struct tn_event *event,
                            struct tn_arena *arena, struct tn_error *error);
};

extern const struct tn_projection tn_projection_queue;
extern const struct tn_projection tn_projection_seats;
extern const struct tn_projection tn_projection_registrations;
extern const struct tn_projection tn_projection_validation;
extern const struct tn_projection tn_projection_access;

/* By number (TN_CORE_COUNT of them). */
const struct tn_projection *tn_projection_core(enum tn_core core);
/* By name; NULL when there is none. */
const struct tn_projection *tn_projection_find(const char *name);

/* The rows of all core projections side by side: what the rules' glue reads. */
struct tn_state {
    struct tn_rows *rows[TN_CORE_COUNT];
};

#endif
