/* What an append costs and how fast the log is read again.
 *
 *     log_bench DIR [ENTRIES]
 *
 * DIR is made and must not exist. For every frame size: synced appends for about a second, then
 * unsynced ones. ENTRIES (default 1,000,000) are then appended in unsynced frames of 128 and
 * measured on the disk, scanned, and opened again. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "ledger/base/clock.h"
#include "ledger/base/endian.h"
#include "ledger/base/pack.h"
#include "ledger/base/random.h"
#include "ledger/log/log.h"

#define FRAME_MAX 4096
#define STREAMS 65536

struct bench {
    struct tn_store *store;
    struct tn_log *log;
    struct tn_batch *batch;
    struct tn_random random;
    struct tn_log_entry entries[FRAME_MAX];
    struct tn_buffer bytes[FRAME_MAX];
    uint8_t (*streams)[TN_ID_SIZE];
    uint64_t time_us;
};

static void die(const struct tn_error *error)
{
    fprintf(stderr, "log_bench: %s\n", error->text);
    exit(4);
}

/* About 100 bytes: the envelope of spec/log.md 2 with three ids in the body. */
static void make_frame(struct bench *bench, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct tn_log_entry *entry = &bench->entries[i];
        struct tn_buffer *out = &bench->bytes[i];
        uint8_t random[40];
        tn_random_fill(&bench->random, random, sizeof(random));
        size_t stream = tn_get_be16(random) % STREAMS;
        entry->time_us = bench->time_us += 37;
        entry->kind = random[2] % 24u;
        entry->has_command = true;
        memcpy(entry->command, random + 8, TN_ID_SIZE);
        entry->stream_count = 2;
        memcpy(entry->streams[0], bench->streams[stream], TN_ID_SIZE);
        memset(entry->streams[1], random[3] % 8, TN_ID_SIZE);
        tn_buffer_reset(out);
        tn_pack_array(out, 7);
        tn_pack_uint(out, 1);
        tn_pack_uint(out, entry->kind);
        tn_pack_uint(out, entry->time_us);
        tn_pack_array(out, 2);
        tn_pack_uint(out, 3);
        tn_pack_bin(out, tn_bytes(entry->streams[0], TN_ID_SIZE));
        tn_pack_bin(out, tn_bytes(entry->command, TN_ID_SIZE));
        tn_pack_nil(out);
        tn_pack_map(out, 3);
        tn_pack_uint(out, 0);
        tn_pack_map(out, 2);
        tn_pack_uint(out, 1);
        tn_pack_uint(out, random[3] % 8u);
        tn_pack_uint(out, 2);
        tn_pack_uint(out, 19700u + random[4] % 4u);
        tn_pack_uint(out, 2);
        tn_pack_bin(out, tn_bytes(random + 24, 16));
        tn_pack_uint(out, 3);
        tn_pack_bin(out, tn_bytes(bench->streams[(stream + 1) % STREAMS], 14));
        entry->bytes = tn_buffer_view(out);
    }
}

static uint64_t append(struct bench *bench, size_t count)
{
    struct tn_error error = {0};
    make_frame(bench, count);
    tn_batch_reset(bench->batch);
    uint64_t start_us = tn_clock_monotonic_us();
    if (tn_log_append(bench->log, bench->batch, bench->entries, count, &error) != TN_OK) {
        die(&error);
    }
    return tn_clock_monotonic_us() - start_us;
}

static double cpu_us(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* What making an entry costs in CPU time, which is the bench's own. */
static double making_us(struct bench *bench)
{
    double before_us = cpu_us(RUSAGE_THREAD);
    for (size_t i = 0; i < 1000; i++) {
        make_frame(bench, 128);
    }
    return (cpu_us(RUSAGE_THREAD) - before_us) / 128000;
}

static void measure(struct bench *bench, size_t count, enum tn_durability durability)
{
    uint64_t spent_us = 0;
    uint64_t worst_us = 0;
    uint64_t entries = 0;
    tn_log_set_durability(bench->log, durability);
    while (spent_us < 1000000 && entries < 400000) {
        uint64_t took_us = append(bench, count);
        worst_us = took_us > worst_us ? took_us : worst_us;
        spent_us += took_us;
        entries += count;
    }
    printf("%-8s frames of %5zu: %9.0f entries/s  %7.2f us an entry  worst %" PRIu64 " us\n",
           durability == TN_SYNCED ? "synced" : "unsynced", count,
           (double) entries * 1e6 / (double) spent_us, (double) spent_us / (double) entries,
           worst_us);
}

static bool count_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    (void) index;
    *(uint64_t *) context += entry.size;
    return true;
}

static void print_family(void *context, const char *name, struct tn_family *family)
{
    const struct bench *bench = context;
    struct tn_log_head head;
    tn_log_head(bench->log, &head);
    printf("  %-9s %6.1f bytes an entry\n", name,
           (double) tn_store_family_bytes(bench->store, family) / (double) head.size);
}

static void open_log(struct bench *bench, const char *directory, bool create)
{
    struct tn_error error = {0};
    struct tn_store_options options = {.mode = TN_STORE_WRITER, .create = create};
    uint64_t start_us = tn_clock_monotonic_us();
    if (tn_store_open(directory, &options, &bench->store, &error) != TN_OK) {
        die(&error);
    }
    uint64_t store_us = tn_clock_monotonic_us() - start_us;
    if (tn_log_open(bench->store, &bench->log, &error) != TN_OK) {
        die(&error);
    }
    printf("open: store %.1f ms, log %.1f ms\n", (double) store_us / 1e3,
           (double) (tn_clock_monotonic_us() - start_us - store_us) / 1e3);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct tn_error error = {0};
    if (argc < 2 || argc > 3 || sodium_init() < 0) {
        fputs("usage: log_bench DIR [ENTRIES]\n", stderr);
        return 2;
    }
    uint64_t total = argc == 3 ? strtoull(argv[2], NULL, 10) : 1000000;
    bench.streams = malloc(STREAMS * sizeof(*bench.streams));
    if (bench.streams == NULL) {
        return 4;
    }
    tn_random_init_seeded(&bench.random, 1, "log_bench", 0);
    tn_random_fill(&bench.random, bench.streams, STREAMS * sizeof(*bench.streams));
    bench.time_us = 1700000000000000u;
    bench.batch = tn_batch_create();
    for (size_t i = 0; i < FRAME_MAX; i++) {
        tn_buffer_init(&bench.bytes[i], 1024);
    }
    open_log(&bench, argv[1], true);
    static const size_t sizes[] = {1, 32, 128, 512, 4096};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        measure(&bench, sizes[i], TN_SYNCED);
        measure(&bench, sizes[i], TN_UNSYNCED);
    }
    tn_log_close(bench.log);
    tn_store_close(bench.store);

    open_log(&bench, argv[1], false);
    tn_log_set_durability(bench.log, TN_UNSYNCED);
    uint64_t spent_us = 0;
    struct tn_log_head head;
    tn_log_head(bench.log, &head);
    uint64_t before = head.size;
    double made_us = making_us(&bench);
    double thread_us = cpu_us(RUSAGE_THREAD);
    double process_us = cpu_us(RUSAGE_SELF);
    while (head.size - before < total) {
        spent_us += append(&bench, 128);
        tn_log_head(bench.log, &head);
    }
    printf("bulk: %" PRIu64 " entries in frames of 128: %.2f us an entry\n", head.size - before,
           (double) spent_us / (double) (head.size - before));
    if (tn_log_settle(bench.log, &error) != TN_OK) {
        die(&error);
    }
    double entries = (double) (head.size - before);
    printf("      CPU time: %.2f us an entry on the committer's thread, %.2f on all threads\n",
           (cpu_us(RUSAGE_THREAD) - thread_us) / entries - made_us,
           (cpu_us(RUSAGE_SELF) - process_us) / entries - made_us);
    if (tn_store_compact(bench.store, &error) != TN_OK) {
        die(&error);
    }
    tn_store_families(bench.store, print_family, &bench);
    uint64_t bytes = 0;
    uint64_t start_us = tn_clock_monotonic_us();
    if (tn_log_scan(bench.log, 0, UINT64_MAX, count_entry, &bytes, &error) != TN_OK) {
        die(&error);
    }
    uint64_t scan_us = tn_clock_monotonic_us() - start_us;
    printf("scan: %.2f M entries/s, %.1f bytes an entry as appended\n",
           (double) head.size / (double) scan_us, (double) bytes / (double) head.size);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("memory: at most %.0f MB\n", (double) usage.ru_maxrss / 1024);
    tn_log_close(bench.log);
    tn_store_close(bench.store);
    open_log(&bench, argv[1], false);
    tn_log_close(bench.log);
    tn_store_close(bench.store);
    tn_batch_destroy(bench.batch);
    for (size_t i = 0; i < FRAME_MAX; i++) {
        tn_buffer_close(&bench.bytes[i]);
    }
    free(bench.streams);
    return 0;
}
