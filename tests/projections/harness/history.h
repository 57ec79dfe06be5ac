/* A log as its entries, to be lied in and audited. */
#ifndef TN_TESTS_PROJECTIONS_HARNESS_HISTORY_H
#define TN_TESTS_PROJECTIONS_HARNESS_HISTORY_H

#include "projections/audit.h"
#include "tests/projections/harness/harness.h"

#define HISTORY_ENTRIES_MAX 4096u

struct history {
    struct tn_arena arena;
    struct tn_bytes entries[HISTORY_ENTRIES_MAX];
    size_t count;
};

/* The entries of a harness, which ends here. */
struct history *history_take(struct harness *harness);
void history_free(struct history *history);

struct tn_event history_event(const struct history *history, size_t index, struct tn_arena *arena);
/* The first entry of a kind; there must be one. */
size_t history_find(const struct history *history, enum tn_kind_number kind);
void history_replace(struct history *history, size_t index, const struct tn_event *event);

/* What an audit of the entries says; the finding's parts as texts. */
struct outcome {
    enum tn_status status;
    uint64_t index;
    char rule[48];
    char expected[400];
    struct tn_error error;
    struct tn_recompute_report report;
    struct tn_audit_mark mark;
};

void history_audit_with(const struct history *history, const struct tn_recompute_options *recompute,
                        struct outcome *outcome);
void history_audit(const struct history *history, struct outcome *outcome);

#endif
