/* A folder for one test, below TMPDIR, and how it goes. */
#ifndef TN_TESTS_SCRATCH_H
#define TN_TESTS_SCRATCH_H

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ledger/base/check.h"

#define SCRATCH_BYTES 256
/* For a path in it. */
#define SCRATCH_PATH_BYTES (SCRATCH_BYTES + 128)

static inline void scratch_make(char path[static SCRATCH_BYTES])
{
    const char *base = getenv("TMPDIR");
    int size = snprintf(path, SCRATCH_BYTES, "%s/turno-test-XXXXXX",
                        base != NULL && base[0] != '\0' ? base : "/tmp");

    TN_CHECK(size > 0 && size < SCRATCH_BYTES);
    TN_CHECK(mkdtemp(path) != NULL);
}

static inline int scratch_remove_one(const char *path, const struct stat *about, int type,
                                     struct FTW *at)
{
    (void) about;
    (void) type;
    (void) at;
    return remove(path) == 0 || errno == ENOENT ? 0 : 1;
}

/* With all that is in it; one that is not there is fine. */
static inline void scratch_remove(const char *path)
{
    int failed = nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);

    TN_CHECK(failed == 0 || (failed < 0 && errno == ENOENT));
}

#endif
