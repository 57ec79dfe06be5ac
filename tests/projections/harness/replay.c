/* The whole log again, on rows of its own: what an auditor does (P4) and what a rebuild ends in
 * (P6). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "projections/recompute.h"
#include "tests/projections/harness/harness.h"

struct replay {
    struct harness *harness;
    struct tn_recompute *recompute;
    struct tn_arena arena;
    struct tn_error error;
    enum tn_status status;
};

static bool take(void *context, uint64_t index, struct tn_bytes entry)
{
    struct replay *replay = context;
    struct tn_event event;

    tn_arena_reset(&replay->arena);
    replay->status = tn_event_decode(entry, index, &replay->arena, &event, &replay->error);
    if (replay->status == TN_OK) {
        replay->status = tn_recompute_take(replay->recompute, &event, entry, &replay->error);
    }
    if (replay->status == TN_OK) {
        replay->status = tn_recompute_beside(replay->recompute, &event, entry, &replay->error);
    }
    return replay->status == TN_OK;
}

static void differ(const struct replay *replay, char *words, size_t size)
{
    const struct tn_finding *finding = tn_recompute_finding(replay->recompute);

    (void) snprintf(words, size, "%s expected %.*s found %.*s", replay->error.text,
                    (int) finding->expected.size, (const char *) finding->expected.data,
                    (int) finding->found.size, (const char *) finding->found.data);
}

/* The name of the first projection whose rows came out differently; NULL when none did. */
static const char *first_difference(struct replay *replay)
{
    for (size_t i = 0; i < TN_CORE_COUNT; i++) {
        struct tn_rows *live = replay->harness->decider.state->rows[i];
        uint8_t roots[2][TN_HASH_SIZE];
        uint64_t counts[2];

        HARNESS_MUST(tn_rows_root(live, &counts[0], roots[0], &replay->error), &replay->error);
        HARNESS_MUST(tn_rows_root(tn_recompute_state(replay->recompute)->rows[i], &counts[1],
                                  roots[1], &replay->error),
                     &replay->error);
        if (counts[0] != counts[1] || memcmp(roots[0], roots[1], TN_HASH_SIZE) != 0) {
            return tn_projection_core((enum tn_core) i)->name;
        }
    }
    return NULL;
}

static bool replay_with(struct harness *harness, const struct tn_recompute_options *options,
                        struct tn_recompute_report *report, char *words, size_t size)
{
    struct replay replay = {.harness = harness, .status = TN_OK};
    bool same = false;

    words[0] = '\0';
    place_commit(&harness->place);
    HARNESS_MUST(tn_recompute_create(options, &replay.recompute, &replay.error), &replay.error);
    tn_arena_init(&replay.arena, (size_t) 64 << 20);
    HARNESS_MUST(
        tn_log_scan(harness->place.log, 0, harness->next_index, take, &replay, &replay.error),
        &replay.error);
    if (replay.status == TN_OK) {
        replay.status = tn_recompute_finish(replay.recompute, &replay.error);
    }
    if (replay.status != TN_OK) {
        differ(&replay, words, size);
    } else {
        const char *name = first_difference(&replay);

        same = name == NULL;
        (void) snprintf(words, size, "the rows of %s", same ? "none" : name);
    }
    tn_recompute_report(replay.recompute, report);
    tn_recompute_destroy(replay.recompute);
    tn_arena_close(&replay.arena);
    return same;
}

bool harness_replay(struct harness *harness, uint64_t *decided, char *words, size_t size)
{
    const struct tn_recompute_options options = {.repeats = true};
    struct tn_recompute_report report;
    bool same = replay_with(harness, &options, &report, words, size);

    *decided = report.commands + report.due + report.draws;
    return same;
}

bool harness_replay_sample(struct harness *harness, uint64_t *left_out, char *words, size_t size)
{
    const struct tn_recompute_options options = {.repeats = true, .sample_ppm = 100000};
    struct tn_recompute_report report;
    bool same = replay_with(harness, &options, &report, words, size);

    *left_out = report.left_out;
    return same;
}
