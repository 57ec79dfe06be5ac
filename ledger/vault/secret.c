/* Locked, guarded memory for secrets. */
#include "ledger/vault/secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ledger/base/check.h"
#include "ledger/base/fault.h"

enum tn_status tn_secret_open(struct tn_secret *secret, size_t size, bool allow_unlocked,
                              struct tn_error *error)
{
    size_t page = (size_t) sysconf(_SC_PAGESIZE);
    size_t inner = (size + page - 1) / page * page;

    memset(secret, 0, sizeof(*secret));
    void *mapping = mmap(NULL, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
        return tn_fail(error, TN_MEMORY, "no memory for keys: %s", strerror(errno));
    }
    secret->mapping = mapping;
    secret->mapping_size = inner + 2 * page;
    secret->inner_size = inner;
    uint8_t *data = (uint8_t *) mapping + page;
    if (mprotect(data, inner, PROT_READ | PROT_WRITE) != 0) {
        enum tn_status status =
            tn_fail(error, TN_MEMORY, "no memory for keys: %s", strerror(errno));
        tn_secret_close(secret);
        return status;
    }
    secret->data = data;
    secret->size = size;
    /* Best effort: hardening the process forbids the dump already. */
    (void) madvise(data, inner, MADV_DONTDUMP);
    secret->locked = !tn_fault("secret.mlock") && mlock(data, inner) == 0;
    if (!secret->locked && !allow_unlocked) {
        tn_secret_close(secret);
        return tn_fail(error, TN_UNAVAILABLE,
                       "the system does not lock %zu bytes of memory, so keys could be written to "
                       "swap; raise RLIMIT_MEMLOCK, or allow unlocked memory if there is none",
                       inner);
    }
    return TN_OK;
}

void tn_secret_freeze(struct tn_secret *secret)
{
    TN_CHECK(mprotect(secret->data, secret->inner_size, PROT_READ) == 0);
}

void tn_secret_close(struct tn_secret *secret)
{
    if (secret->data != NULL) {
        TN_CHECK(mprotect(secret->data, secret->inner_size, PROT_READ | PROT_WRITE) == 0);
        sodium_memzero(secret->data, secret->inner_size);
        if (secret->locked) {
            (void) munlock(secret->data, secret->inner_size);
        }
    }
    if (secret->mapping != NULL) {
        (void) munmap(secret->mapping, secret->mapping_size);
    }
    memset(secret, 0, sizeof(*secret));
}
