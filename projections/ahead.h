/* Which rows an event is about, known from the event alone, so that a fold which knows the events
 * behind the next can bring their rows nearer before it asks for them: at some hundred thousand
 * rows a look at one costs more than all computing. Only speed depends on what is named here; rows
 * left out are found all the same. Private to the layer. */
#ifndef TN_PROJECTIONS_AHEAD_H
#define TN_PROJECTIONS_AHEAD_H

#include "projections/projection.h"

#define TN_AHEAD_EVENTS 256
/* Of one projection; what a batch names beyond that is left out. */
#define TN_AHEAD_ROWS (2 * TN_AHEAD_EVENTS)

struct tn_ahead_row {
    uint64_t hash;  /* of the key */
    uint32_t event; /* of the batch */
};

struct tn_ahead_request {
    bool asks; /* a request: its gid, under that key, of that day and registration */
    uint32_t day;
    const uint8_t *gid_key;      /* as given to tn_ahead_add */
    const uint8_t *registration; /* in the event */
    uint8_t gid[TN_ID_SIZE];
};

/* What the events of a batch name. */
struct tn_ahead {
    uint32_t count; /* events */
    uint32_t row_counts[TN_PROJECTION_COUNT];
    struct tn_ahead_row rows[TN_PROJECTION_COUNT][TN_AHEAD_ROWS]; /* in the order of events */
    struct tn_ahead_request requests[TN_AHEAD_EVENTS];
};

/* An empty batch. */
void tn_ahead_clear(struct tn_ahead *ahead);
/* The next event of at most TN_AHEAD_EVENTS. `gid_key` names rows of a pool; NULL while nothing is
 * known of it. Pure. */
void tn_ahead_add(struct tn_ahead *ahead, const struct tn_event *event, const uint8_t *gid_key);

/* Called for each event of a batch before it is folded, `at` ascending from 0: begins to fetch the
 * rows of projection `number` that it and those behind it name; of one that is not known here,
 * none. `next`: what the calls for this batch have come to, 0 before the first. */
void tn_ahead_step(const struct tn_ahead *ahead, size_t number, size_t at, uint32_t *next,
                   const struct tn_rows *rows);
/* The gid that the event's fold will ask for, when it asks for one. */
void tn_ahead_gid(const struct tn_ahead *ahead, size_t at);

#endif
