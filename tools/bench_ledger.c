/* turno bench on a ledger that is there: what it takes on disk, and what an inclusion proof costs.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "ledger/base/hash.h"
#include "ledger/base/random.h"
#include "ledger/log/tree.h"
#include "tools/bench.h"
#include "tools/cli.h"

/* ---- disk ---- */

struct disk {
    struct tn_store *store;
    uint64_t events;
    uint64_t total;
};

static void print_family(void *context, const char *name, struct tn_family *family)
{
    struct disk *disk = context;
    uint64_t bytes = tn_store_family_bytes(disk->store, family);

    disk->total += bytes;
    printf("disk: %-20s %12" PRIu64 " bytes  %6.1f a event\n", name, bytes,
           (double) bytes / (double) disk->events);
}

enum tn_status tn_bench_disk(const char *directory, struct tn_error *error)
{
    struct tn_ledger_options open = {.mode = TN_LEDGER_WRITER, .allow_unlocked = true};
    struct tn_ledger *ledger = NULL;
    struct tn_log_head head;
    struct disk disk;
    enum tn_status status = tn_ledger_open(directory, &open, &ledger, error);

    if (status == TN_BUSY) {
        fprintf(stderr, "somebody writes: read beside them, not merged down\n");
        status = tn_cli_open_reader(directory, &ledger, error);
    } else if (status == TN_OK) {
        status = tn_store_compact(ledger->store, error);
    }
    if (status == TN_OK) {
        tn_log_head(ledger->log, &head);
        disk = (struct disk){.store = ledger->store, .events = head.size};
        tn_store_families(ledger->store, print_family, &disk);
        printf("disk: %-20s %12" PRIu64 " bytes  %6.1f a event, %" PRIu64 " events\n", "all",
               disk.total, (double) disk.total / (double) head.size, head.size);
    }
    tn_ledger_close(ledger);
    return status;
}

/* ---- proofs ---- */

/* Have the kernel forget the ledger's files, so that what is asked next comes from the disk. */
static void forget_files(const char *directory)
{
    char path[4096];
    DIR *folder;
    struct dirent *item;

    if ((size_t) snprintf(path, sizeof(path), "%s/store", directory) >= sizeof(path) ||
        !(folder = opendir(path))) {
        return;
    }
    while ((item = readdir(folder))) {
        int file = openat(dirfd(folder), item->d_name, O_RDONLY | O_CLOEXEC);

        if (file >= 0) {
            (void) posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
            close(file);
        }
    }
    closedir(folder);
}

static int compare_times(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* One proof, timed alone, and then held against the root. */
static enum tn_status prove_one(struct tn_log *log, uint64_t index, uint64_t size,
                                const uint8_t root[static TN_HASH_SIZE], uint64_t *spent_us,
                                struct tn_error *error)
{
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    uint8_t leaf[TN_HASH_SIZE];
    struct tn_buffer entry;
    uint64_t started_us = tn_clock_monotonic_us();
    size_t count = 0;
    enum tn_status status = tn_log_prove_inclusion(log, index, size, proof, &count, error);

    *spent_us = tn_clock_monotonic_us() - started_us;
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    if (status == TN_OK) {
        status = tn_log_read(log, index, &entry, error);
    }
    if (status == TN_OK) {
        tn_leaf_hash(leaf, tn_buffer_view(&entry));
        status = tn_proof_verify_inclusion(leaf, index, size, proof, count, root);
        if (status != TN_OK) {
            status =
                tn_fail(error, TN_MISMATCH, "the proof of entry %" PRIu64 " does not hold", index);
        }
    }
    tn_buffer_close(&entry);
    return status;
}

static enum tn_status prove_all(struct tn_log *log, const struct tn_log_head *head,
                                const char *words, uint64_t *times, size_t count,
                                struct tn_error *error)
{
    struct tn_random random;
    uint64_t first = 0;
    enum tn_status status = TN_OK;

    tn_random_init_seeded(&random, 1, "prove", 0); /* both rounds ask for the same entries */
    for (size_t i = 0; status == TN_OK && i < count; i++) {
        status = prove_one(log, tn_random_below(&random, head->size), head->size, head->root,
                           &times[i], error);
    }
    if (status == TN_OK) {
        first = times[0];
        qsort(times, count, sizeof(*times), compare_times);
        printf("prove, %s: median %" PRIu64 " us, p99 %" PRIu64 " us, at most %" PRIu64
               " us, the first %" PRIu64 " us (%zu random entries of %" PRIu64 ")\n",
               words, times[count / 2], times[count * 99 / 100], times[count - 1], first, count,
               head->size);
    }
    return status;
}

enum tn_status tn_bench_prove(const char *directory, size_t count, struct tn_error *error)
{
    struct tn_ledger *ledger = NULL;
    struct tn_log_head head;
    uint64_t *times = calloc(count, sizeof(*times));
    enum tn_status status = times ? TN_OK
                                  : tn_fail(error, TN_MEMORY, "no memory for %zu proofs", count);

    forget_files(directory);
    if (status == TN_OK) {
        status = tn_cli_open_reader(directory, &ledger, error);
    }
    if (status == TN_OK) {
        tn_log_head(ledger->log, &head);
        if (head.size == 0) {
            status = tn_fail(error, TN_NOT_FOUND, "the log is empty");
        }
    }
    if (status == TN_OK) {
        forget_files(directory); /* what opening has read */
        status = prove_all(ledger->log, &head, "cold", times, count, error);
    }
    if (status == TN_OK) {
        status = prove_all(ledger->log, &head, "warm", times, count, error);
    }
    tn_ledger_close(ledger);
    free(times);
    return status;
}
