/* A log on a file system that gets full: full_disk_test.sh mounts a small one and starts this.
 *
 *   full_disk DIR BALLAST RESERVE_BYTES
 *
 * Appends until the reserve refuses, again and again while flushes and compactions go on; the
 * process must never be aborted by RocksDB. Then BALLAST is removed and appends must go on. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <sodium.h>

#include "ledger/base/clock.h"
#include "ledger/base/random.h"
#include "ledger/log/log.h"

#define FRAME 64u
#define ENTRY_BYTES 2000u

static struct tn_random source;

static uint64_t free_bytes(const char *path)
{
    struct statvfs disk;
    return statvfs(path, &disk) == 0 ? (uint64_t) disk.f_bavail * disk.f_frsize : 0;
}

static enum tn_status append(struct tn_log *log, struct tn_batch *batch, struct tn_error *error)
{
    static struct tn_log_entry entries[FRAME];
    static uint8_t bytes[FRAME][ENTRY_BYTES];
    for (size_t i = 0; i < FRAME; i++) {
        tn_random_fill(&source, bytes[i], ENTRY_BYTES);
        entries[i] = (struct tn_log_entry){.bytes = tn_bytes(bytes[i], ENTRY_BYTES),
                                           .time_us = 1,
                                           .has_command = true,
                                           .stream_count = 1};
        memcpy(entries[i].command, bytes[i], TN_ID_SIZE);
        memcpy(entries[i].streams[0], bytes[i] + TN_ID_SIZE, TN_ID_SIZE);
    }
    tn_batch_reset(batch);
    return tn_log_append(log, batch, entries, FRAME, error);
}

/* Appends for `seconds`, refusals included; how many were committed, or -1. */
static int append_for(struct tn_log *log, struct tn_batch *batch, unsigned seconds,
                      unsigned *refused)
{
    struct tn_error error = {0};
    uint64_t end_us = tn_clock_monotonic_us() + (uint64_t) seconds * 1000000;
    int committed = 0;
    *refused = 0;
    while (tn_clock_monotonic_us() < end_us) {
        enum tn_status status = append(log, batch, &error);
        if (status == TN_OK) {
            committed++;
        } else if (status == TN_NO_SPACE) {
            (*refused)++;
            usleep(1000);
        } else {
            fprintf(stderr, "full_disk: %s\n", error.text);
            return -1;
        }
    }
    return committed;
}

int main(int argc, char **argv)
{
    struct tn_store *store = NULL;
    struct tn_log *log = NULL;
    struct tn_error error = {0};
    struct tn_log_head head;
    struct tn_buffer entry;
    unsigned refused = 0;
    if (argc != 4 || sodium_init() < 0) {
        fputs("usage: full_disk DIR BALLAST RESERVE_BYTES\n", stderr);
        return 2;
    }
    struct tn_store_options options = {.create = true,
                                       .reserve_bytes = strtoull(argv[3], NULL, 10)};
    tn_random_init_seeded(&source, 1, "full_disk", 0);
    if (tn_store_open(argv[1], &options, &store, &error) != TN_OK ||
        tn_log_open(store, &log, &error) != TN_OK) {
        fprintf(stderr, "full_disk: %s\n", error.text);
        return 1;
    }
    struct tn_batch *batch = tn_batch_create();
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    int before = append_for(log, batch, 5, &refused);
    printf("%d frames, then %u refusals, %" PRIu64 " bytes free\n", before, refused,
           free_bytes(argv[1]));
    if (before <= 0 || refused == 0) {
        return 1;
    }
    tn_log_head(log, &head);
    if (tn_log_read(log, head.size - 1, &entry, &error) != TN_OK ||
        tn_store_flush(store, &error) != TN_OK) {
        fprintf(stderr, "full_disk: %s\n", error.text);
        return 1;
    }
    if (unlink(argv[2]) != 0) {
        perror("full_disk: ballast");
        return 1;
    }
    usleep(100000);
    int after = append_for(log, batch, 3, &refused);
    printf("%d frames more after space was made, %" PRIu64 " bytes free\n", after,
           free_bytes(argv[1]));
    tn_buffer_close(&entry);
    tn_batch_destroy(batch);
    tn_log_close(log);
    tn_store_close(store);
    options.create = false;
    if (after <= 0 || tn_store_open(argv[1], &options, &store, &error) != TN_OK ||
        tn_log_open(store, &log, &error) != TN_OK) {
        fprintf(stderr, "full_disk: %d, %s\n", after, error.text);
        return 1;
    }
    tn_log_head(log, &head);
    tn_log_close(log);
    tn_store_close(store);
    return head.size == (uint64_t) (before + after) * FRAME ? 0 : 1;
}
