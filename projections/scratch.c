/* A throw-away store for rows. */
#include "projections/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tn_scratch_init(struct tn_scratch *scratch, const char *base)
{
    *scratch = (struct tn_scratch){.base = base};
    pthread_mutex_init(&scratch->lock, NULL);
}

static enum tn_status make_store(struct tn_scratch *scratch, struct tn_error *error)
{
    const struct tn_store_options options = {
        .mode = TN_STORE_WRITER, .create = true, .no_sync = true};
    const char *base = scratch->base != NULL ? scratch->base : getenv("TMPDIR");
    int size = snprintf(scratch->directory, sizeof(scratch->directory), "%s/turno-rows.XXXXXX",
                        base != NULL ? base : P_tmpdir);

    if (size < 0 || (size_t) size >= sizeof(scratch->directory) ||
        mkdtemp(scratch->directory) == NULL) {
        scratch->directory[0] = '\0';
        return tn_fail(error, TN_IO, "no temporary directory for rows: %s", strerror(errno));
    }
    return tn_store_open(scratch->directory, &options, &scratch->store, error);
}

enum tn_status tn_scratch_home(void *context, const char *name, struct tn_store **store,
                               struct tn_family **family, struct tn_error *error)
{
    struct tn_scratch *scratch = context;
    enum tn_status status = TN_OK;

    pthread_mutex_lock(&scratch->lock);
    if (scratch->store == NULL) {
        status = make_store(scratch, error);
    }
    if (status == TN_OK) {
        status = tn_store_family(scratch->store, name, true, family, error);
    }
    *store = status == TN_OK ? scratch->store : NULL;
    pthread_mutex_unlock(&scratch->lock);
    return status;
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *at)
{
    (void) about;
    (void) type;
    (void) at;
    (void) remove(path); /* what is left over lies in a folder for such things */
    return 0;
}

void tn_scratch_close(struct tn_scratch *scratch)
{
    tn_store_close(scratch->store);
    if (scratch->directory[0] != '\0') {
        (void) nftw(scratch->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    pthread_mutex_destroy(&scratch->lock);
}
