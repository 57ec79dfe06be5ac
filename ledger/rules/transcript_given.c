/* What a public transcript asks to be believed (spec/draw.md 8, 9): who won by seniority, or closed
 * a port by it. Everything else of a public file is recomputed. */
#include <string.h>

#include "ledger/rules/transcript_internal.h"

/* Is `gid` among yesterday's held groups at its port? Those are placed before pass 1. */
static bool held_before(const struct tn_draw_input *input, const uint8_t gid[static TN_ID_SIZE])
{
    for (uint32_t p = 0; p < input->port_count; p++) {
        for (uint32_t i = 0; i < input->ports[p].held_count; i++) {
            if (memcmp(input->ports[p].held[i].gid, gid, TN_ID_SIZE) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* What a public file asks to be believed: who won by seniority, who closed a port by seniority. */
static enum tn_status givens_collect(struct tn_transcript *transcript, struct tn_arena *arena,
                                     struct tn_error *error)
{
    struct tn_draw_input *input = &transcript->input;
    size_t count = transcript->winner_count;
    struct tn_draw_given *givens;

    input->given = true;
    for (uint32_t i = 0; i < transcript->after_count; i++) {
        count += transcript->after[i].held_count;
    }
    givens = tn_arena_array(arena, count, sizeof(*givens));
    if (givens == NULL) {
        return tn_fail(error, TN_FULL, "transcript: the arena is too small");
    }
    for (uint32_t i = 0; i < transcript->winner_count; i++) {
        const struct tn_transcript_winner *winner = &transcript->winners[i];
        struct tn_draw_given *given = &givens[input->given_count];

        if (winner->basis == TN_DRAW_SENIORITY && !held_before(input, winner->gid)) {
            memcpy(given->gid, winner->gid, TN_ID_SIZE);
            given->port = winner->port;
            input->given_count++;
        }
    }
    for (uint32_t i = 0; i < transcript->after_count; i++) {
        const struct tn_draw_after *after = &transcript->after[i];

        for (uint32_t j = 0; j < after->held_count; j++) {
            struct tn_draw_given *given = &givens[input->given_count];

            if (after->held[j].basis == TN_DRAW_SENIORITY &&
                !held_before(input, after->held[j].gid)) {
                memcpy(given->gid, after->held[j].gid, TN_ID_SIZE);
                given->port = after->port;
                given->held = true;
                input->given_count++;
            }
        }
    }
    input->givens = givens;
    return TN_OK;
}

/* The group with this gid; NULL when there is none. */
static const struct tn_draw_group *group_find(const struct tn_draw_input *input,
                                              const uint8_t gid[static TN_ID_SIZE])
{
    uint32_t low = 0;
    uint32_t high = input->group_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(input->groups[middle].gid, gid, TN_ID_SIZE);

        if (order == 0) {
            return &input->groups[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* A public file opens the seniority winners and nobody else (section 8). */
static enum tn_status openings_check(const struct tn_transcript *transcript, struct tn_error *error)
{
    uint32_t opened = 0;
    uint32_t seniority = 0;

    for (uint32_t i = 0; i < transcript->input.group_count; i++) {
        opened += transcript->input.groups[i].opened;
    }
    for (uint32_t i = 0; i < transcript->winner_count; i++) {
        const struct tn_draw_group *group =
            group_find(&transcript->input, transcript->winners[i].gid);

        if (transcript->winners[i].basis != TN_DRAW_SENIORITY) {
            continue;
        }
        seniority++;
        if (group == NULL || !group->opened) {
            return tn_fail(error, TN_INVALID,
                           "transcript: winner %u has a seat by seniority but is not opened", i);
        }
    }
    if (opened != seniority) {
        return tn_fail(error, TN_INVALID,
                       "transcript: %u groups are opened to the public, but %u win by seniority",
                       opened, seniority);
    }
    return TN_OK;
}

enum tn_status tn_transcript_givens(struct tn_transcript *transcript, struct tn_arena *arena,
                                    struct tn_error *error)
{
    enum tn_status status = openings_check(transcript, error);

    return status == TN_OK ? givens_collect(transcript, arena, error) : status;
}
