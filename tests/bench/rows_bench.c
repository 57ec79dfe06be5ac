/* How fast rows and rebuilds are: rows_bench DIR [EVENTS]. DIR must not exist; it is left to its
 * owner.
 *
 * Prints nanoseconds of CPU (all threads) of a get that hits, a put over a row and a put of a
 * new row, live gather and commit, a scan from the front of a queue, a get through a view; then
 * events a second of a rebuild of five projections that write three rows an event together, and
 * three rows an event each. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/base/endian.h"
#include "ledger/log/log.h"
#include "projections/engine.h"
#include "projections/rows_internal.h"

#define ROWS 200000u

static void must(enum tn_status status, const struct tn_error *error)
{
    if (status != TN_OK) {
        (void) fprintf(stderr, "%s: %s\n", tn_status_name(status), error->text);
        exit(EXIT_FAILURE);
    }
}

static uint64_t mixed(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct tn_row_key key_of(char table, uint64_t number)
{
    struct tn_row_key key = tn_row_key_begin(table);

    tn_row_key_u64(&key, mixed(number + 1));
    tn_row_key_u64(&key, number);
    return key;
}

/* All threads of this process: what others do on the machine does not count. */
static uint64_t cpu_ns(void)
{
    struct timespec now = {0};

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

static void say(const char *what, uint64_t from_ns, uint64_t count)
{
    (void) printf("%-44s %8" PRIu64 " ns\n", what, (cpu_ns() - from_ns) / count);
}

/* ---- rows ---- */

static bool first_only(void *context, struct tn_bytes key, struct tn_bytes value)
{
    (void) key;
    (void) value;
    ++*(uint64_t *) context;
    return false;
}

static void bench_rows(struct tn_store *store)
{
    struct tn_cache_budget budget;
    atomic_uint_least64_t committed = 0;
    struct tn_error error = {0};
    struct tn_rows *rows = NULL;
    struct tn_rows *view = NULL;
    struct tn_bytes value;
    uint8_t bytes[80] = {0};
    uint64_t seen = 0;
    bool found = false;
    struct tn_rows_options options = {.face = TN_ROWS_LIVE,
                                      .name = "bench.1",
                                      .store = store,
                                      .budget = &budget,
                                      .committed = &committed};

    tn_cache_budget_init(&budget, TN_ENGINE_CACHE_BYTES);
    must(tn_store_family(store, "bench.1", true, &options.family, &error), &error);
    must(tn_store_family(store, TN_TOUCHED_FAMILY, true, &options.touched, &error), &error);
    must(tn_rows_open(&options, &rows, &error), &error);

    uint64_t from_ns = cpu_ns();
    for (uint64_t i = 0; i < ROWS; i++) {
        struct tn_row_key key = key_of('r', i);

        must(tn_rows_put(rows, tn_row_key_view(&key), tn_bytes(bytes, 80), &error), &error);
    }
    say("put of a new row, 80 bytes", from_ns, ROWS);

    struct tn_batch *batch = tn_batch_create();
    from_ns = cpu_ns();
    tn_rows_gather(rows, batch, 1);
    say("gather, a row", from_ns, ROWS);
    from_ns = cpu_ns();
    must(tn_store_write(store, batch, TN_UNSYNCED, &error), &error);
    say("write of the batch, a row", from_ns, ROWS);
    atomic_store(&committed, 1);
    from_ns = cpu_ns();
    TN_CHECK(tn_rows_at_rest(rows));
    say("settle, a row", from_ns, ROWS);

    for (unsigned hot = 0; hot < 2; hot++) {
        uint64_t among = hot == 0 ? ROWS : 5000;
        struct tn_row_key *keys = calloc(among, sizeof(*keys));

        TN_CHECK(keys != NULL);
        for (uint64_t i = 0; i < among; i++) {
            keys[i] = key_of('r', mixed(i) % among);
        }
        from_ns = cpu_ns();
        for (uint64_t i = 0; i < 10 * ROWS; i++) {
            must(tn_rows_get(rows, tn_row_key_view(&keys[i % among]), &value, &found, &error),
                 &error);
            seen += found;
        }
        say(hot == 0 ? "get that hits, random among 200,000" : "get that hits, among 5,000",
            from_ns, 10 * ROWS);
        from_ns = cpu_ns();
        for (uint64_t i = 0; i < 10 * ROWS; i++) {
            must(tn_rows_put(rows, tn_row_key_view(&keys[i % among]), tn_bytes(bytes, 80), &error),
                 &error);
        }
        say(hot == 0 ? "put over a row, random among 200,000" : "put over a row, among 5,000",
            from_ns, 10 * ROWS);
        free(keys);
    }

    /* A queue with 1,000 rows in it while batches of 500 commit. */
    uint64_t front = 0;
    uint64_t back = 0;
    uint64_t scan_ns = 0;
    const struct tn_bytes none = tn_bytes(NULL, 0);
    for (uint64_t round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 500; i++) {
            struct tn_row_key key = tn_row_key_begin('q');

            tn_row_key_u64(&key, back++);
            must(tn_rows_put(rows, tn_row_key_view(&key), none, &error), &error);
            if (back - front > 1000) {
                key.size = 1;
                tn_row_key_u64(&key, front++);
                must(tn_rows_delete(rows, tn_row_key_view(&key), &error), &error);
            }
            key.size = 1;
            from_ns = cpu_ns();
            must(tn_rows_scan(rows, tn_row_key_view(&key), none, first_only, &seen, &error),
                 &error);
            scan_ns += cpu_ns() - from_ns;
        }
        tn_batch_reset(batch);
        tn_rows_gather(rows, batch, 2 + round);
        must(tn_store_write(store, batch, TN_UNSYNCED, &error), &error);
        atomic_store(&committed, 2 + round);
    }
    (void) printf("%-44s %8" PRIu64 " ns\n", "scan for the first of a queue, live",
                  scan_ns / 100000);

    options.face = TN_ROWS_VIEW;
    must(tn_rows_open(&options, &view, &error), &error);
    from_ns = cpu_ns();
    for (uint64_t i = 0; i < ROWS; i++) {
        struct tn_row_key key = key_of('r', i);

        must(tn_rows_get(view, tn_row_key_view(&key), &value, &found, &error), &error);
        seen += found;
    }
    say("get through a view", from_ns, ROWS);
    uint64_t count = 0;
    uint8_t root[TN_HASH_SIZE];
    from_ns = cpu_ns();
    must(tn_rows_root(view, &count, root, &error), &error);
    say("root, a row", from_ns, count);
    tn_batch_destroy(batch);
    tn_rows_close(view);
    tn_rows_close(rows);
}

/* ---- rebuild ---- */

static enum tn_status write_rows(struct tn_rows *rows, const struct tn_event *event, unsigned count,
                                 struct tn_error *error)
{
    /* A row of the event's own for every fourth; else a row of one of 50,000 actors, every other
     * one read before it is written. */
    uint8_t value[80] = {0};
    enum tn_status status = TN_OK;

    for (unsigned i = 0; status == TN_OK && i < count; i++) {
        uint64_t actor = tn_get_be64(event->actor.id) % 50000;
        bool fresh = i == 0 && event->index % 4 == 0;
        struct tn_row_key key = key_of((char) ('a' + i), fresh ? 1000000 + event->index : actor);

        if (!fresh && event->index % 2 == 1) {
            struct tn_bytes old;
            bool found = false;

            status = tn_rows_get(rows, tn_row_key_view(&key), &old, &found, error);
            value[0] = found ? (uint8_t) (old.data[0] + 1) : 0;
        }
        if (status == TN_OK) {
            status =
                tn_rows_put(rows, tn_row_key_view(&key), tn_bytes(value, sizeof(value)), error);
        }
    }
    return status;
}

static unsigned rows_by_name(const char *name, uint64_t index)
{
    /* "x": three rows an event; "0".."4": of five projections three write one row an event each. */
    return name[0] == 'x' ? 3 : (index + (uint64_t) (name[0] - '0')) % 5 < 3;
}

#define APPLY(name)                                                                                \
    static enum tn_status apply_##name(struct tn_rows *rows, const struct tn_event *event,         \
                                       struct tn_arena *arena, struct tn_error *error)             \
    {                                                                                              \
        (void) arena;                                                                              \
        return write_rows(rows, event, rows_by_name(#name, event->index), error);                  \
    }
APPLY(x)
APPLY(0)
APPLY(1)
APPLY(2)
APPLY(3)
APPLY(4)

static void fill_log(struct tn_log *log, uint64_t count)
{
    struct tn_error error = {0};
    struct tn_batch *batch = tn_batch_create();
    struct tn_buffer bytes;

    tn_buffer_init(&bytes, TN_FRAME_BYTES_MAX);
    for (uint64_t index = 0; index < count;) {
        static struct tn_log_entry entries[4096];
        size_t sizes[4096];
        size_t n = 0;

        tn_buffer_reset(&bytes);
        tn_batch_reset(batch);
        for (; n < 4096 && index < count; n++, index++) {
            struct tn_event event = {.index = index,
                                     .version = 1,
                                     .kind = TN_KIND_window_extended,
                                     .time_us = index + 1};
            size_t before = bytes.size;

            if (index % 100000 < 10 && index > 10) {
                /* A day ends. Of another version: it is not compared, but begins a new delta. */
                event.kind = TN_KIND_state_sealed;
                event.body.state_sealed = (struct tn_state_sealed){.projection = index % 5,
                                                                   .projection_version = 99,
                                                                   .scope = 1,
                                                                   .upto = index - index % 10 - 1};
            }
            event.actor.role = TN_ROLE_APPLICANT;
            tn_put_be64(event.actor.id, mixed(index) % 50000);
            if (event.kind == TN_KIND_window_extended) {
                event.body.window_extended.from_us = index;
                event.body.window_extended.by_us = mixed(index);
            }
            event.has_command = true;
            tn_put_be64(event.command, mixed(index));
            tn_event_encode(&event, &bytes);
            sizes[n] = bytes.size - before;
            entries[n] = (struct tn_log_entry){.time_us = event.time_us, .kind = event.kind};
        }
        size_t at = 0;
        for (size_t i = 0; i < n; i++) {
            entries[i].bytes = tn_bytes(bytes.data + at, sizes[i]);
            at += sizes[i];
        }
        must(tn_log_append(log, batch, entries, n, &error), &error);
    }
    (void) printf("entries of %zu bytes\n", bytes.size / (count % 4096 == 0 ? 4096 : count % 4096));
    tn_buffer_close(&bytes);
    tn_batch_destroy(batch);
}

static void bench_rebuild(struct tn_store *store, struct tn_log *log,
                          const struct tn_projection *const *list, size_t count, const char *what)
{
    const struct tn_rebuild_options options = {
        .list = list, .count = count, .mask = (UINT32_C(1) << count) - 1};
    struct tn_rebuild_report report;
    struct tn_rebuild_job *job = NULL;
    struct tn_error error = {0};
    uint64_t from_us = tn_clock_monotonic_us();
    uint64_t from_ns = cpu_ns();

    must(tn_rebuild_begin(store, log, &options, &job, &error), &error);
    must(tn_rebuild_catch_up(job, UINT64_MAX, NULL, NULL, &error), &error);
    uint64_t folded_us = tn_clock_monotonic_us() - from_us;
    must(tn_rebuild_finish(job, true, NULL, NULL, &report, &error), &error);
    tn_rebuild_close(job);
    uint64_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        rows += report.rows[i];
    }
    (void) printf("%-44s %8" PRIu64 " events/s folding, %" PRIu64
                  " with writing and roots of %" PRIu64 " rows; %" PRIu64 " ns of CPU an event\n",
                  what, report.events * 1000000 / folded_us,
                  report.events * 1000000 / report.duration_us, rows,
                  (cpu_ns() - from_ns) / report.events);
}

int main(int count, char **arguments)
{
    static const struct tn_projection p0 = {"p0", 1, apply_0};
    static const struct tn_projection p1 = {"p1", 1, apply_1};
    static const struct tn_projection p2 = {"p2", 1, apply_2};
    static const struct tn_projection p3 = {"p3", 1, apply_3};
    static const struct tn_projection p4 = {"p4", 1, apply_4};
    static const struct tn_projection x0 = {"x0", 1, apply_x};
    static const struct tn_projection x1 = {"x1", 1, apply_x};
    static const struct tn_projection x2 = {"x2", 1, apply_x};
    static const struct tn_projection x3 = {"x3", 1, apply_x};
    static const struct tn_projection x4 = {"x4", 1, apply_x};
    const struct tn_projection *const light[] = {&p0, &p1, &p2, &p3, &p4};
    const struct tn_projection *const heavy[] = {&x0, &x1, &x2, &x3, &x4};
    const struct tn_store_options options = {.create = true, .no_sync = true};
    struct tn_store *store = NULL;
    struct tn_log *log = NULL;
    struct tn_error error = {0};

    if (count < 2) {
        (void) fprintf(stderr, "usage: rows_bench DIR [EVENTS]\n");
        return EXIT_FAILURE;
    }
    must(tn_store_open(arguments[1], &options, &store, &error), &error);
    must(tn_log_open(store, &log, &error), &error);
    bench_rows(store);
    fill_log(log, count > 2 ? strtoull(arguments[2], NULL, 10) : 1000000);
    bench_rebuild(store, log, light, 1, "rebuild of one, 0.6 rows an event");
    bench_rebuild(store, log, light, 5, "rebuild of five, three rows an event together");
    bench_rebuild(store, log, heavy, 5, "rebuild of five, three rows an event each");
    tn_log_close(log);
    tn_store_close(store);
    return EXIT_SUCCESS;
}
