/* What the tests of rows and engine share: a store in a temporary directory, a repeatable source of
 * numbers, small projections of their own, and a log of synthetic events. */
#ifndef TN_TESTS_PROJECTIONS_SUPPORT_H
#define TN_TESTS_PROJECTIONS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/log/log.h"
#include "projections/engine.h"
#include "tests/scratch.h"

/* Fails the test with the words of the error. */
#define MUST(call, error)                                                                          \
    do {                                                                                           \
        enum tn_status must_status = (call);                                                       \
        if (must_status != TN_OK) {                                                                \
            fail_msg("%s: %s: %s", #call, tn_status_name(must_status), (error)->text);             \
        }                                                                                          \
    } while (0)

struct place {
    char directory[SCRATCH_BYTES];
    struct tn_store *store;
    struct tn_log *log;
};

static inline void place_open(struct place *place)
{
    struct tn_error error = {0};
    struct tn_store_options options = {.mode = TN_STORE_WRITER,
                                       .create = place->directory[0] == '\0',
                                       .reserve_bytes = 1,
                                       .no_sync = true};

    if (options.create) {
        scratch_make(place->directory);
    }
    MUST(tn_store_open(place->directory, &options, &place->store, &error), &error);
    MUST(tn_log_open(place->store, &place->log, &error), &error);
}

/* Close and keep the directory, so that place_open finds what was there. */
static inline void place_close(struct place *place)
{
    tn_log_close(place->log);
    tn_store_close(place->store);
    place->log = NULL;
    place->store = NULL;
}

static inline void place_destroy(struct place *place)
{
    place_close(place);
    scratch_remove(place->directory);
    place->directory[0] = '\0';
}

/* Numbers that repeat themselves: splitmix64. */
struct numbers {
    uint64_t state;
};

static inline uint64_t number_below(struct numbers *numbers, uint64_t bound)
{
    uint64_t z = (numbers->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % bound;
}

/* ---- events: window_extended{from_us, by_us} by an actor, as a function of their index ---- */

static inline void synthetic_event(uint64_t index, struct tn_event *event)
{
    struct numbers numbers = {.state = index * 7919};

    memset(event, 0, sizeof(*event));
    event->index = index;
    event->version = 1;
    event->kind = TN_KIND_window_extended;
    event->time_us = 1700000000000000u + index * 1000;
    event->actor.role = TN_ROLE_APPLICANT;
    memset(event->actor.id, 0x5a, sizeof(event->actor.id));
    tn_put_be64(event->actor.id + 8, number_below(&numbers, 1 + index / 2));
    event->body.window_extended.from_us = 1 + number_below(&numbers, 1u << 30);
    event->body.window_extended.by_us = 1 + number_below(&numbers, 1000);
}

#define BATCH_ENTRY_BYTES 4096

/* Appends the `count` events to the log in one frame, with what `batch` holds. */
static inline void append_events(struct place *place, struct tn_batch *batch,
                                 const struct tn_event *events, size_t count)
{
    struct tn_log_entry *entries = calloc(count, sizeof(*entries));
    struct tn_buffer *bytes = calloc(count, sizeof(*bytes));
    struct tn_error error = {0};

    for (size_t i = 0; i < count; i++) {
        tn_buffer_init(&bytes[i], BATCH_ENTRY_BYTES);
        tn_event_encode(&events[i], &bytes[i]);
        assert_int_equal(tn_buffer_status(&bytes[i]), TN_OK);
        entries[i] = (struct tn_log_entry){.bytes = tn_buffer_view(&bytes[i]),
                                           .time_us = events[i].time_us,
                                           .kind = events[i].kind};
    }
    MUST(tn_log_append(place->log, batch, entries, count, &error), &error);
    for (size_t i = 0; i < count; i++) {
        tn_buffer_close(&bytes[i]);
    }
    free(bytes);
    free(entries);
}

/* `count` synthetic events from the log's head on, without any rows. */
static inline void append_synthetic(struct place *place, size_t count)
{
    struct tn_log_head head;

    tn_log_head(place->log, &head);
    while (count != 0) {
        struct tn_event events[256];
        struct tn_batch *batch = tn_batch_create();
        size_t now = count < TN_ARRAY_SIZE(events) ? count : TN_ARRAY_SIZE(events);

        for (size_t i = 0; i < now; i++) {
            synthetic_event(head.size++, &events[i]);
        }
        append_events(place, batch, events, now);
        tn_batch_destroy(batch);
        count -= now;
    }
}

/* ---- projections ---- */

static inline enum tn_status add_to(struct tn_rows *rows, struct tn_row_key key, uint64_t by,
                                    struct tn_error *error)
{
    struct tn_bytes value;
    uint8_t sum[8];
    bool found = false;
    enum tn_status status = tn_rows_get(rows, tn_row_key_view(&key), &value, &found, error);

    if (status != TN_OK) {
        return status;
    }
    tn_put_be64(sum, by + (found ? tn_get_be64(value.data) : 0));
    return tn_rows_put(rows, tn_row_key_view(&key), tn_bytes(sum, sizeof(sum)), error);
}

/* How much each actor has asked for, how much all have, and the last event of each: three rows an
 * event. */
static inline enum tn_status apply_sums(struct tn_rows *rows, const struct tn_event *event,
                                        struct tn_arena *arena, struct tn_error *error)
{
    struct tn_row_key actor = tn_row_key_begin('a');
    struct tn_row_key total = tn_row_key_begin('t');
    struct tn_row_key last = tn_row_key_begin('l');
    uint8_t index[8];

    (void) arena;
    if (event->kind != TN_KIND_window_extended) {
        return TN_OK;
    }
    tn_row_key_bytes(&actor, event->actor.id, TN_ID_SIZE);
    tn_row_key_bytes(&last, event->actor.id, TN_ID_SIZE);
    tn_put_be64(index, event->index);
    enum tn_status status = add_to(rows, actor, event->body.window_extended.by_us, error);
    if (status == TN_OK) {
        status = add_to(rows, total, event->body.window_extended.by_us, error);
    }
    if (status == TN_OK) {
        status = tn_rows_put(rows, tn_row_key_view(&last), tn_bytes(index, 8), error);
    }
    return status;
}

static inline bool keep_first(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct tn_row_key *first = context;

    (void) value;
    memcpy(first->data, key.data, key.size);
    first->size = key.size;
    return false;
}

/* A queue: every event puts a row by its from_us; every third takes the first out; every 1,000th
 * empties the table of the day before. Scans, deletions and range deletions. */
static inline enum tn_status apply_due(struct tn_rows *rows, const struct tn_event *event,
                                       struct tn_arena *arena, struct tn_error *error)
{
    struct tn_row_key due = tn_row_key_begin('d');
    struct tn_row_key day = tn_row_key_begin('p');
    struct tn_row_key first = {0};
    const struct tn_bytes none = tn_bytes(NULL, 0);
    enum tn_status status;

    (void) arena;
    if (event->kind != TN_KIND_window_extended) {
        return TN_OK;
    }
    tn_row_key_u64(&due, event->body.window_extended.from_us);
    tn_row_key_u64(&due, event->index);
    tn_row_key_u32(&day, event->index / 1000);
    if (event->index % 1000 == 999) {
        struct tn_row_key before = tn_row_key_begin('p');

        tn_row_key_u32(&before, event->index / 1000);
        status = tn_rows_delete_prefix(rows, tn_row_key_view(&before), error);
        if (status != TN_OK) {
            return status;
        }
    }
    tn_row_key_u64(&day, event->body.window_extended.from_us);
    status = tn_rows_put(rows, tn_row_key_view(&due), tn_bytes("due", 3), error);
    if (status == TN_OK) {
        status = tn_rows_put(rows, tn_row_key_view(&day), tn_bytes("pool", 4), error);
    }
    if (status == TN_OK && event->index % 3 == 2) {
        struct tn_row_key table = tn_row_key_begin('d');

        status = tn_rows_scan(rows, tn_row_key_view(&table), none, keep_first, &first, error);
        if (status == TN_OK && first.size != 0) {
            status = tn_rows_delete(rows, tn_row_key_view(&first), error);
        }
    }
    return status;
}

/* Refuses the event with by_us 777 of index 5,000 and later: an event that cannot be. */
static inline enum tn_status apply_picky(struct tn_rows *rows, const struct tn_event *event,
                                         struct tn_arena *arena, struct tn_error *error)
{
    (void) rows;
    (void) arena;
    if (event->kind == TN_KIND_window_extended && event->body.window_extended.by_us == 777) {
        return tn_fail(error, TN_CORRUPT, "777 cannot be");
    }
    return TN_OK;
}

static const struct tn_projection sums = {"sums", 1, apply_sums};
static const struct tn_projection due = {"due", 1, apply_due};

#endif
