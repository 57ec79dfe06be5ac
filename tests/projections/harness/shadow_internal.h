/* What the files of the shadow know of each other. */
#ifndef TN_TESTS_PROJECTIONS_SHADOW_INTERNAL_H
#define TN_TESTS_PROJECTIONS_SHADOW_INTERNAL_H

#include "tests/projections/harness/shadow.h"

/* Place plus one; 0: not there. */
uint32_t index_get(const struct index *index, const uint8_t *key);
struct shadow_tally *shadow_tally_of(struct shadow *shadow, uint64_t day);
/* shadow_check.c: what holds after every event. */
void shadow_check_event(struct shadow *shadow);

#endif
