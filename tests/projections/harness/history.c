/* A log as its entries, to be lied in and audited. */
#include "tests/projections/harness/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool keep(void *context, uint64_t index, struct tn_bytes entry)
{
    struct history *history = context;

    (void) index;
    assert_true(history->count < HISTORY_ENTRIES_MAX);
    history->entries[history->count++] = tn_arena_copy(&history->arena, entry);
    return true;
}

struct history *history_take(struct harness *harness)
{
    struct history *history = calloc(1, sizeof(*history));
    struct tn_error error = {0};

    assert_non_null(history);
    tn_arena_init(&history->arena, (size_t) 64 << 20);
    place_commit(&harness->place);
    HARNESS_MUST(tn_log_scan(harness->place.log, 0, harness->next_index, keep, history, &error),
                 &error);
    harness_close(harness);
    return history;
}

void history_free(struct history *history)
{
    tn_arena_close(&history->arena);
    free(history);
}

struct tn_event history_event(const struct history *history, size_t index, struct tn_arena *arena)
{
    struct tn_event event;
    struct tn_error error = {0};

    HARNESS_MUST(tn_event_decode(history->entries[index], index, arena, &event, &error), &error);
    return event;
}

size_t history_find(const struct history *history, enum tn_kind_number kind)
{
    struct tn_arena arena;
    size_t i = 0;

    tn_arena_init(&arena, (size_t) 64 << 20);
    while (i < history->count && history_event(history, i, &arena).kind != (uint32_t) kind) {
        i++;
    }
    tn_arena_close(&arena);
    assert_true(i < history->count);
    return i;
}

void history_replace(struct history *history, size_t index, const struct tn_event *event)
{
    struct tn_buffer bytes;

    tn_buffer_init(&bytes, TN_EVENT_BYTES_MAX);
    tn_event_encode(event, &bytes);
    history->entries[index] = tn_arena_copy(&history->arena, tn_buffer_view(&bytes));
    tn_buffer_close(&bytes);
}

void history_audit_with(const struct history *history, const struct tn_recompute_options *recompute,
                        struct outcome *outcome)
{
    struct tn_audit_options options = {.recompute = *recompute, .mark_count = 1};
    struct tn_audit *audit = NULL;

    *outcome = (struct outcome){.mark.size = history->count};
    options.marks = &outcome->mark;
    assert_int_equal(tn_audit_create(&options, &audit, &outcome->error), TN_OK);
    for (size_t i = 0; outcome->status == TN_OK && i < history->count; i++) {
        outcome->status = tn_audit_entry(audit, history->entries[i], &outcome->error);
    }
    if (outcome->status == TN_OK) {
        outcome->status = tn_audit_finish(audit, &outcome->error);
    }
    if (outcome->status == TN_MISMATCH || outcome->status == TN_CORRUPT) {
        const struct tn_finding *finding = tn_audit_finding(audit);

        outcome->index = finding->index;
        memcpy(outcome->rule, finding->rule, sizeof(outcome->rule));
        (void) snprintf(outcome->expected, sizeof(outcome->expected), "%.*s",
                        (int) finding->expected.size, (const char *) finding->expected.data);
    }
    tn_audit_report(audit, &outcome->report);
    tn_audit_destroy(audit);
}

void history_audit(const struct history *history, struct outcome *outcome)
{
    const struct tn_recompute_options options = {0};

    history_audit_with(history, &options, outcome);
}
