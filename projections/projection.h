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

/* Projections beside the core ones catch up from the log at their own pace (projections/beside.h).
 * Their numbers go on. */
enum tn_beside_number {
    TN_BESIDE_STREAMS = 5, /* which entries each stream has: projections/streams.h */
    TN_PROJECTION_COUNT = 6,
};

/* No list of projections is longer. */
#define TN_PROJECTIONS_MAX 8

_Static_assert((int) TN_BESIDE_STREAMS == (int) TN_CORE_COUNT, "the numbers go on");
_Static_assert((int) TN_PROJECTION_COUNT <= TN_PROJECTIONS_MAX, "a list of all of them fits");

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
extern const struct tn_projection tn_projection_streams;

/* By number (TN_CORE_COUNT of them). */
const struct tn_projection *tn_projection_core(enum tn_core core);
/* Core and beside, by number (TN_PROJECTION_COUNT of them). */
const struct tn_projection *tn_projection_at(size_t number);
/* The number by name; TN_PROJECTION_COUNT when there is none. */
size_t tn_projection_find(struct tn_bytes name);
/* As seals name it: a known projection's own number, else its place in the list it is in. */
size_t tn_projection_number(const struct tn_projection *projection, size_t place);

/* The rows of all core projections side by side: what the rules' glue reads; or those of another
 * list, by place. */
struct tn_state {
    struct tn_rows *rows[TN_PROJECTIONS_MAX];
};

#endif
