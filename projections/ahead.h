/* Which rows an event is about, known from the event alone, so that a fold which knows the events
 * behind the next can bring their rows nearer before it asks for them: at some hundred thousand
 * rows a look at one costs more than all computing. Only speed depends on what is named here; rows
 * left out are found all the same. Private to the layer. */
#ifndef TN_PROJECTIONS_AHEAD_H
#define TN_PROJECTIONS_AHEAD_H

#include "projections/projection.h"

#define TN_AHEAD_ROWS 6

struct tn_ahead {
    uint64_t hashes[TN_AHEAD_ROWS]; /* of the keys */
    uint8_t numbers[TN_AHEAD_ROWS]; /* of the projections */
    uint8_t count;
    bool asks; /* a request: its gid, under that key, of that day and registration */
    uint32_t day;
    const uint8_t *gid_key;      /* as given to tn_ahead_of */
    const uint8_t *registration; /* in the event */
    uint8_t gid[TN_ID_SIZE];
};

/* Pure. `gid_key` names rows of a pool; NULL while nothing is known of it. */
void tn_ahead_of(const struct tn_event *event, const uint8_t *gid_key, struct tn_ahead *ahead);

/* Called for each event of a batch of `count` before it is folded, `at` ascending from 0: begins to
 * fetch the rows of events some way behind it. Of the projections [first, end), whose rows are
 * rows[0], rows[1] and so on. */
void tn_ahead_step(const struct tn_ahead *batch, size_t count, size_t at,
                   struct tn_rows *const *rows, size_t first, size_t end);

#endif
