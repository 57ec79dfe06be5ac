/* A log decided again, entry by entry.
 *
 * The life of an entry: while a verdict has events left, the entry is compared with the next of
 * them; else it must be the first of a decision, which is taken on the rows as they are. Then it is
 * folded. So a decision sees exactly what was folded before it, and nothing is folded that was not
 * compared, but for what a pending draw or a sample leaves open. */
#include "projections/recompute_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/rules/draw.h"
#include "ledger/rules/policy.h"

static enum tn_status open_rows(struct tn_recompute *recompute, struct tn_error *error);

/* ---- opening and closing ---- */

enum tn_status tn_recompute_create(const struct tn_recompute_options *options,
                                   struct tn_recompute **out, struct tn_error *error)
{
    struct tn_recompute *recompute = calloc(1, sizeof(*recompute));
    enum tn_status status;

    *out = NULL;
    if (recompute == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for an audit");
    }
    recompute->options = *options;
    recompute->due_stale = true;
    tn_scratch_init(&recompute->scratch, options->work);
    tn_commands_seen_init(&recompute->commands, options->command_key, options->work);
    tn_arena_init(&recompute->arena, TN_RECOMPUTE_DECISION_BYTES);
    tn_arena_init(&recompute->fold_arena, TN_RECOMPUTE_DECISION_BYTES);
    tn_arena_init(&recompute->held_arena, TN_RECOMPUTE_DECISION_BYTES);
    tn_arena_init(&recompute->pool.arena, TN_RECOMPUTE_POOL_BYTES);
    tn_buffer_init(&recompute->pool.entry, TN_EVENT_BYTES_MAX);
    tn_arena_init(&recompute->draw.arena, TN_RECOMPUTE_POOL_BYTES);
    tn_buffer_init(&recompute->again, TN_EVENT_BYTES_MAX);
    tn_buffer_init(&recompute->held_entry, TN_EVENT_BYTES_MAX);
    tn_buffer_init(&recompute->draw.entries.bytes, TN_RECOMPUTE_POOL_BYTES);
    tn_buffer_init(&recompute->expected.bytes, TN_RECOMPUTE_DECISION_BYTES);
    tn_buffer_init(&recompute->finding.expected, TN_FINDING_TEXT_MAX);
    tn_buffer_init(&recompute->finding.found, TN_FINDING_TEXT_MAX);
    tn_arena_init(&recompute->beside_arena, TN_RECOMPUTE_DECISION_BYTES);
    tn_buffer_init(&recompute->beside_again, TN_EVENT_BYTES_MAX);
    tn_buffer_init(&recompute->beside_finding.expected, TN_FINDING_TEXT_MAX);
    tn_buffer_init(&recompute->beside_finding.found, TN_FINDING_TEXT_MAX);
    recompute->decider.state = &recompute->state;
    status = open_rows(recompute, error);
    if (status != TN_OK) {
        tn_recompute_destroy(recompute);
        return status;
    }
    *out = recompute;
    return TN_OK;
}

/* The queue and the registrations hold nearly everything that grows. */
static const uint8_t cache_parts[TN_PROJECTION_COUNT] = {
    [TN_CORE_QUEUE] = 6,      [TN_CORE_SEATS] = 1,  [TN_CORE_REGISTRATIONS] = 6,
    [TN_CORE_VALIDATION] = 3, [TN_CORE_ACCESS] = 2, [TN_BESIDE_STREAMS] = 4,
};

static enum tn_status open_rows(struct tn_recompute *recompute, struct tn_error *error)
{
    size_t bytes = recompute->options.cache_bytes == 0 ? TN_RECOMPUTE_CACHE_BYTES
                                                       : recompute->options.cache_bytes;
    enum tn_status status = TN_OK;
    size_t parts = 0;

    for (size_t i = 0; i < TN_PROJECTION_COUNT; i++) {
        parts += cache_parts[i];
    }
    for (size_t i = 0; status == TN_OK && i < TN_PROJECTION_COUNT; i++) {
        const struct tn_projection *projection = tn_projection_at(i);
        struct tn_rows_options options = {
            .face = TN_ROWS_BUILD,
            .name = projection->name,
            .budget = &recompute->budgets[i],
            .note = true,
            .home = tn_scratch_home,
            .home_context = &recompute->scratch,
        };

        tn_cache_budget_init(&recompute->budgets[i], bytes / parts * cache_parts[i]);
        status = tn_rows_open(&options, &recompute->state.rows[i], error);
        recompute->folds[i] = (struct tn_fold){
            .projection = projection,
            .number = i,
            .rows = recompute->state.rows[i],
            .verify = true,
        };
    }
    return status;
}

void tn_recompute_destroy(struct tn_recompute *recompute)
{
    if (recompute == NULL) {
        return;
    }
    tn_recompute_draw_close(recompute);
    tn_recompute_pool_close(recompute);
    tn_lapse_heap_close(&recompute->lapses);
    tn_decider_close(&recompute->decider);
    for (size_t i = 0; i < TN_PROJECTION_COUNT; i++) {
        tn_rows_close(recompute->state.rows[i]);
    }
    tn_scratch_close(&recompute->scratch);
    tn_arena_close(&recompute->arena);
    tn_arena_close(&recompute->fold_arena);
    tn_arena_close(&recompute->held_arena);
    tn_buffer_close(&recompute->again);
    tn_buffer_close(&recompute->expected.bytes);
    tn_buffer_close(&recompute->held_entry);
    tn_buffer_close(&recompute->finding.expected);
    tn_buffer_close(&recompute->finding.found);
    tn_arena_close(&recompute->beside_arena);
    tn_buffer_close(&recompute->beside_again);
    tn_buffer_close(&recompute->beside_finding.expected);
    tn_buffer_close(&recompute->beside_finding.found);
    tn_refusals_seen_close(&recompute->refusals);
    tn_commands_seen_close(&recompute->commands);
    free(recompute);
}

const struct tn_finding *tn_recompute_finding(const struct tn_recompute *recompute)
{
    bool beside = recompute->beside_found &&
                  (!recompute->found || recompute->beside_finding.index < recompute->finding.index);

    return beside ? &recompute->beside_finding : &recompute->finding;
}

struct tn_state *tn_recompute_state(struct tn_recompute *recompute)
{
    return &recompute->state;
}

void tn_recompute_report(const struct tn_recompute *recompute, struct tn_recompute_report *report)
{
    *report = recompute->report;
    for (size_t i = 0; i < TN_PROJECTION_COUNT; i++) {
        report->seals += recompute->folds[i].compared;
        report->seals_taken += recompute->folds[i].taken;
    }
}

/* ---- findings ---- */

static void write_side(struct tn_arena *arena, struct tn_buffer *out, uint64_t index,
                       struct tn_bytes entry)
{
    tn_buffer_reset(out);
    tn_arena_reset(arena);
    if (entry.size == 0 || tn_event_write_json(entry, index, arena, out, NULL) != TN_OK) {
        tn_buffer_reset(out);
        tn_buffer_append_string(out, "null");
    }
}

static enum tn_status fill(struct tn_finding *finding, struct tn_arena *arena, uint64_t index,
                           const char *rule, struct tn_bytes expected, struct tn_bytes found,
                           struct tn_error *error)
{
    finding->index = index;
    (void) snprintf(finding->rule, sizeof(finding->rule), "%s", rule);
    write_side(arena, &finding->expected, index, expected);
    write_side(arena, &finding->found, index, found);
    return tn_fail(error, TN_MISMATCH, "entry %" PRIu64 " (%s): %.200s", index, rule,
                   finding->words);
}

enum tn_status tn_recompute_differ(struct tn_recompute *recompute, uint64_t index, const char *rule,
                                   struct tn_bytes expected, struct tn_bytes found,
                                   struct tn_error *error, const char *format, ...)
{
    struct tn_finding *finding = &recompute->finding;
    va_list arguments;

    va_start(arguments, format);
    (void) vsnprintf(finding->words, sizeof(finding->words), format, arguments);
    va_end(arguments);
    recompute->found = true;
    return fill(finding, &recompute->fold_arena, index, rule, expected, found, error);
}

enum tn_status tn_recompute_failed(struct tn_recompute *recompute, enum tn_status status,
                                   const char *rule, struct tn_bytes found, struct tn_error *error)
{
    char words[sizeof(error->text)];

    if (status != TN_CORRUPT && status != TN_INVALID && status != TN_NOT_FOUND &&
        status != TN_MISMATCH) {
        return status;
    }
    (void) snprintf(words, sizeof(words), "%s", error->text);
    return tn_recompute_differ(recompute, recompute->index, rule, tn_bytes(NULL, 0), found, error,
                               "%s", words[0] != '\0' ? words : tn_status_name(status));
}

/* ---- deciding ---- */

static enum tn_status decide_command(struct tn_recompute *recompute,
                                     const struct tn_command *command, const struct tn_event *event,
                                     struct tn_bytes entry, struct tn_error *error)
{
    struct tn_verdict *verdict = &recompute->verdict;
    enum tn_status status;

    recompute->rule = tn_command_name(command->kind);
    status = tn_recompute_attested(recompute, command, entry, error);
    if (status == TN_OK) {
        status = tn_recompute_order(recompute, command, event, entry, error);
    }
    if (status != TN_OK) {
        return status;
    }
    if (event->kind == TN_KIND_command_refused && !recompute->options.repeats) {
        status = tn_refusals_seen_add(&recompute->refusals, event, error);
        if (status == TN_EXISTS) {
            return tn_recompute_differ(
                recompute, event->index, "refusal_once", tn_bytes(NULL, 0), entry, error,
                "the same refusal of the same actor was recorded before on this day; a repeat "
                "writes nothing");
        }
    }
    if (status == TN_OK && tn_recompute_leaves_out(recompute, event, command)) {
        return TN_OK;
    }
    if (status == TN_OK) {
        status = tn_decide(&recompute->decider, command, verdict, error);
    }
    if (status == TN_OK && verdict->refusal != TN_REFUSAL_NONE) {
        tn_verdict_record_refusal(verdict);
        recompute->report.refusals++;
        status = tn_verdict_status(verdict);
    }
    if (status != TN_OK) {
        return tn_recompute_failed(recompute, status, recompute->rule, entry, error);
    }
    recompute->report.commands++;
    return TN_OK;
}

enum tn_status tn_recompute_expect(struct tn_recompute *recompute, struct tn_error *error)
{
    struct tn_verdict *verdict = &recompute->verdict;

    for (size_t i = 0; i < verdict->count; i++) {
        tn_buffer_reset(&recompute->again);
        tn_event_encode(&verdict->events[i], &recompute->again);
        if (tn_buffer_status(&recompute->again) != TN_OK) {
            return tn_fail(error, TN_MEMORY, "no memory for a decision");
        }
        tn_entry_list_add(&recompute->expected, tn_buffer_view(&recompute->again));
    }
    verdict->count = 0; /* its views end with the entry that was decided */
    return tn_buffer_status(&recompute->expected.bytes) == TN_OK
               ? TN_OK
               : tn_fail(error, TN_MEMORY, "no memory for a decision");
}

/* The first entry of a decision: what must it, and those after it, be? */
static enum tn_status decide(struct tn_recompute *recompute, const struct tn_event *event,
                             struct tn_bytes entry, struct tn_error *error)
{
    struct tn_command command;
    bool found = false;
    enum tn_status status;

    tn_arena_reset(&recompute->arena);
    tn_entry_list_reset(&recompute->expected);
    if (event->kind == TN_KIND_state_sealed) {
        return TN_OK; /* compared by the folds */
    }
    status = tn_recompute_command_once(recompute, event, entry, error);
    if (status != TN_OK) {
        return status;
    }
    status = tn_command_from_event(event, &recompute->arena, &command, &found, error);
    if (status != TN_OK) {
        return tn_recompute_failed(recompute, status, "facts", entry, error);
    }
    tn_verdict_init(&recompute->verdict, found ? &command : NULL, event->time_us, event->index,
                    &recompute->arena);
    if (found) {
        status = decide_command(recompute, &command, event, entry, error);
    } else {
        status = tn_recompute_due(recompute, event, entry, error);
    }
    return status == TN_OK ? tn_recompute_expect(recompute, error) : status;
}

/* ---- comparing and folding ---- */

static bool expects(const struct tn_recompute *recompute)
{
    return recompute->expected.read < recompute->expected.count;
}

static enum tn_status compare(struct tn_recompute *recompute, uint64_t index, struct tn_bytes entry,
                              struct tn_error *error)
{
    struct tn_bytes expected = tn_entry_list_next(&recompute->expected);

    return tn_bytes_equal(expected, entry)
               ? TN_OK
               : tn_recompute_differ(recompute, index, recompute->rule, expected, entry, error,
                                     "the rules make another event of this than the log holds");
}

/* What changes the answers of a rule that a worker is waiting for. */
static bool touches_draw(uint32_t kind)
{
    return kind == TN_KIND_port_suspended || kind == TN_KIND_port_resumed ||
           kind == TN_KIND_policy_published || kind == TN_KIND_pool_closed ||
           kind == TN_KIND_day_voided;
}

static const char seal_words[] = "the sealed root is not that of the rows which the log makes";

/* The seal as it must be. */
static void encode_seal(const struct tn_fold *fold, const struct tn_event *event,
                        struct tn_buffer *out)
{
    struct tn_event expected = *event;

    expected.body.state_sealed.rows = fold->sealed.rows;
    memcpy(expected.body.state_sealed.root, fold->sealed.root, TN_HASH_SIZE);
    tn_buffer_reset(out);
    tn_event_encode(&expected, out);
}

enum tn_status tn_recompute_beside(struct tn_recompute *recompute, const struct tn_event *event,
                                   struct tn_bytes entry, struct tn_error *error)
{
    struct tn_finding *finding = &recompute->beside_finding;
    bool seal = event->kind == TN_KIND_state_sealed;
    enum tn_status status = tn_commands_seen_add(&recompute->commands, event, error);
    size_t i = TN_CORE_COUNT;

    tn_arena_reset(&recompute->beside_arena);
    for (; status == TN_OK && i < TN_PROJECTION_COUNT; i++) {
        status = tn_fold_event(&recompute->folds[i], event, &recompute->beside_arena, error);
    }
    if (status != TN_MISMATCH && status != TN_CORRUPT) {
        return status;
    }
    recompute->beside_found = true;
    (void) snprintf(finding->words, sizeof(finding->words), "%s",
                    status == TN_MISMATCH ? seal_words : error->text);
    tn_buffer_reset(&recompute->beside_again);
    if (status == TN_MISMATCH && seal) {
        encode_seal(&recompute->folds[i - 1], event, &recompute->beside_again);
    }
    return fill(finding, &recompute->beside_arena, event->index, seal ? "seal" : "fold",
                tn_buffer_view(&recompute->beside_again), entry, error);
}

static enum tn_status fold(struct tn_recompute *recompute, const struct tn_event *event,
                           struct tn_bytes entry, struct tn_error *error)
{
    enum tn_status status = TN_OK;
    bool seal = event->kind == TN_KIND_state_sealed;

    if (seal && event->body.state_sealed.projection >= TN_PROJECTION_COUNT) {
        recompute->report.seals_taken++;
    }
    for (size_t i = 0; status == TN_OK && i < TN_CORE_COUNT; i++) {
        status = tn_fold_event(&recompute->folds[i], event, &recompute->fold_arena, error);
        if (status == TN_MISMATCH && seal) {
            encode_seal(&recompute->folds[i], event, &recompute->again);
            return tn_recompute_differ(recompute, event->index, "seal",
                                       tn_buffer_view(&recompute->again), entry, error, "%s",
                                       seal_words);
        }
    }
    if (status != TN_OK) {
        return tn_recompute_failed(recompute, status, seal ? "seal" : "fold", entry, error);
    }
    status = tn_recompute_note_due(recompute, event, error);
    if (status == TN_OK && event->kind == TN_KIND_policy_published) {
        status = tn_decider_refresh(&recompute->decider, &recompute->fold_arena, error);
        return status == TN_OK ? TN_OK
                               : tn_recompute_failed(recompute, status, "policy", entry, error);
    }
    return status;
}

static enum tn_status take_next(struct tn_recompute *recompute, const struct tn_event *event,
                                struct tn_bytes entry, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    if (expects(recompute)) {
        status = compare(recompute, event->index, entry, error);
        return status == TN_OK ? fold(recompute, event, entry, error) : status;
    }
    if (tn_recompute_draw_takes(recompute, event, entry) || tn_recompute_passes(recompute, event)) {
        return fold(recompute, event, entry, error);
    }
    recompute->passing = false;
    status = decide(recompute, event, entry, error);
    if (status == TN_OK && recompute->held) {
        return TN_OK; /* folded with the entry after it */
    }
    if (status == TN_OK && expects(recompute)) {
        status = compare(recompute, event->index, entry, error);
    } else if (status == TN_OK && !recompute->passing && !recompute->draw.collecting &&
               event->kind != TN_KIND_state_sealed) {
        status = tn_recompute_differ(recompute, event->index, recompute->rule, tn_bytes(NULL, 0),
                                     entry, error, "by the rules nothing was to be written here");
    }
    return status == TN_OK ? fold(recompute, event, entry, error) : status;
}

/* The capacity that waited and the day that it was for. */
static enum tn_status take_opening(struct tn_recompute *recompute, const struct tn_event *event,
                                   struct tn_bytes entry, struct tn_error *error)
{
    struct tn_bytes held = tn_buffer_view(&recompute->held_entry);
    enum tn_status status = tn_recompute_opening(recompute, event, entry, error);

    recompute->held = false;
    tn_entry_list_reset(&recompute->expected);
    if (status == TN_OK) {
        status = tn_recompute_expect(recompute, error);
    }
    if (status == TN_OK) {
        status = compare(recompute, recompute->held_event.index, held, error);
    }
    if (status == TN_OK) {
        status = fold(recompute, &recompute->held_event, held, error);
    }
    tn_arena_reset(&recompute->fold_arena);
    return status == TN_OK ? take_next(recompute, event, entry, error) : status;
}

/* What is pending, in the order of the log. */
static enum tn_status settle(struct tn_recompute *recompute, struct tn_error *error)
{
    enum tn_status status = tn_recompute_pool_settle(recompute, error);

    return status == TN_OK && recompute->draw.active ? tn_recompute_draw_settle(recompute, error)
                                                     : status;
}

/* Something was found, but what is pending comes first: the rest may only follow from it. */
static void prefer_earlier(struct tn_recompute *recompute, struct tn_error *error)
{
    struct tn_finding kept = recompute->finding;
    struct tn_error earlier = {0};

    tn_buffer_init(&recompute->finding.expected, TN_FINDING_TEXT_MAX);
    tn_buffer_init(&recompute->finding.found, TN_FINDING_TEXT_MAX);
    if (settle(recompute, &earlier) == TN_MISMATCH && recompute->finding.index <= kept.index) {
        tn_buffer_close(&kept.expected);
        tn_buffer_close(&kept.found);
        if (error != NULL) {
            *error = earlier;
        }
    } else {
        tn_buffer_close(&recompute->finding.expected);
        tn_buffer_close(&recompute->finding.found);
        recompute->finding = kept;
    }
}

enum tn_status tn_recompute_take(struct tn_recompute *recompute, const struct tn_event *event,
                                 struct tn_bytes entry, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    recompute->index = event->index;
    tn_arena_reset(&recompute->fold_arena);
    if (event->time_us < recompute->last_time_us) {
        status = tn_recompute_differ(recompute, event->index, "time_order", tn_bytes(NULL, 0),
                                     entry, error, "this entry is earlier than the one before it");
    }
    recompute->last_time_us = event->time_us;
    if (status == TN_OK && recompute->draw.active && touches_draw(event->kind)) {
        status = tn_recompute_draw_settle(recompute, error);
    }
    if (status == TN_OK) {
        status = recompute->held ? take_opening(recompute, event, entry, error)
                                 : take_next(recompute, event, entry, error);
    }
    if (status == TN_MISMATCH) {
        prefer_earlier(recompute, error);
    }
    recompute->has_last_command = event->has_command;
    memcpy(recompute->last_command, event->command, TN_ID_SIZE);
    recompute->report.entries += status == TN_OK ? 1 : 0;
    return status;
}

void tn_recompute_take_ahead(struct tn_recompute *recompute, const struct tn_ahead *ahead,
                             size_t at, uint32_t next[static TN_PROJECTION_COUNT])
{
    for (size_t i = 0; i < TN_CORE_COUNT; i++) {
        tn_ahead_step(ahead, i, at, &next[i], recompute->state.rows[i]);
    }
    tn_ahead_gid(ahead, at);
}

void tn_recompute_beside_ahead(struct tn_recompute *recompute, const struct tn_ahead *ahead,
                               size_t at, uint32_t next[static TN_PROJECTION_COUNT])
{
    for (size_t i = TN_CORE_COUNT; i < TN_PROJECTION_COUNT; i++) {
        tn_ahead_step(ahead, i, at, &next[i], recompute->state.rows[i]);
    }
}

enum tn_status tn_recompute_finish(struct tn_recompute *recompute, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    if (recompute->held) {
        status = tn_recompute_opening(recompute, NULL, tn_bytes(NULL, 0), error);
    }
    if (status == TN_OK) {
        status = settle(recompute, error);
    }
    if (status == TN_OK && expects(recompute)) {
        status = tn_recompute_differ(recompute, recompute->report.entries, recompute->rule,
                                     tn_entry_list_next(&recompute->expected), tn_bytes(NULL, 0),
                                     error, "the log ends within a decision");
    }
    return status;
}
