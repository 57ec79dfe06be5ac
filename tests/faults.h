/* The fault points that a sweep is for, by name: it fails when one of them was never made to fail.
 */
#ifndef TN_TESTS_FAULTS_H
#define TN_TESTS_FAULTS_H

#include <string.h>

#include "ledger/base/fault.h"

struct fault_seen {
    const char *name;
    bool failed;
};

/* After each run of a sweep. `seen` ends with a NULL name. */
static inline void faults_note(struct fault_seen *seen)
{
    const char *name = tn_fault_failed();

    for (; name != NULL && seen->name != NULL; seen++) {
        seen->failed = seen->failed || strcmp(seen->name, name) == 0;
    }
}

/* After the sweep: the first name that never failed, or NULL. */
static inline const char *faults_missed(const struct fault_seen *seen)
{
    while (seen->name != NULL && seen->failed) {
        seen++;
    }
    return seen->name;
}

#endif
