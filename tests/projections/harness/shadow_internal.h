/* What the files of the shadow know of each other. */
#ifndef TN_TESTS_PROJECTIONS_HARNESS_SHADOW_INTERNAL_H
#define TN_TESTS_PROJECTIONS_HARNESS_SHADOW_INTERNAL_H

#include "tests/projections/harness/shadow.h"

/* Place plus one; 0: not there. */
uint32_t index_get(const struct index *index, const uint8_t *key);
void index_put(struct index *index, const uint8_t *key, size_t place);
/* Room for one more zeroed item at the end of an array. */
void *append(void **items, size_t *count, size_t size);
struct shadow_person *shadow_person_of(struct shadow *shadow, const uint8_t *id);
struct shadow_tally *shadow_tally_of(struct shadow *shadow, uint64_t day);
/* The day on which the latest adult was added. */
uint64_t shadow_seniority(const struct shadow_group *group);
/* shadow_pool.c: tickets, and what a closed pool holds. */
void shadow_asked(struct shadow *shadow, const struct shadow_group *group,
                  struct shadow_person *person);
void shadow_check_pool(struct shadow *shadow, const struct tn_pool_closed *closed);
/* shadow_check.c: what holds after every event. */
void shadow_check_event(struct shadow *shadow);

#endif
