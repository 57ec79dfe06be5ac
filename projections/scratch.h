/* A throw-away store for rows that do not fit into memory: made at the first spill, removed at the
 * close. Private to the layer; any thread, for folds of one run spill on several. */
#ifndef TN_PROJECTIONS_SCRATCH_H
#define TN_PROJECTIONS_SCRATCH_H

#include <pthread.h>

#include "projections/rows_internal.h"

struct tn_scratch {
    pthread_mutex_t lock;
    const char *base; /* borrowed: the folder it is made in; NULL: the system's temporary one */
    struct tn_store *store; /* NULL until something is spilled */
    char directory[512];
};

void tn_scratch_init(struct tn_scratch *scratch, const char *base);
/* Rows that spilled here are closed before. */
void tn_scratch_close(struct tn_scratch *scratch);
/* tn_rows_home with the scratch as its context. */
enum tn_status tn_scratch_home(void *scratch, const char *name, struct tn_store **store,
                               struct tn_family **family, struct tn_error *error);

#endif
