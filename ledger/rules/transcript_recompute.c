/* `turno draw --recompute`: read a transcript, draw again, name the first difference. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/rules/transcript.h"

struct comparison {
    const struct tn_transcript *stated;
    const struct tn_draw_result *result;
    struct tn_transcript_report *report;
};

static bool differ_hash(struct comparison *c, const char *where, const uint8_t *expected,
                        const uint8_t *found, size_t size)
{
    if (memcmp(expected, found, size) == 0) {
        return false;
    }
    (void) snprintf(c->report->where, sizeof(c->report->where), "%s", where);
    tn_hex_encode(c->report->expected, expected, size);
    tn_hex_encode(c->report->found, found, size);
    return true;
}

static bool differ_number(struct comparison *c, const char *where, int64_t expected, int64_t found)
{
    if (expected == found) {
        return false;
    }
    (void) snprintf(c->report->where, sizeof(c->report->where), "%s", where);
    (void) snprintf(c->report->expected, sizeof(c->report->expected), "%" PRId64, expected);
    (void) snprintf(c->report->found, sizeof(c->report->found), "%" PRId64, found);
    return true;
}

static const char *basis_name(uint8_t basis)
{
    return basis == TN_DRAW_SENIORITY ? "seniority" : "lottery";
}

static bool differ_basis(struct comparison *c, const char *where, uint8_t expected, uint8_t found)
{
    if (expected == found) {
        return false;
    }
    (void) snprintf(c->report->where, sizeof(c->report->where), "%s", where);
    (void) snprintf(c->report->expected, sizeof(c->report->expected), "%s", basis_name(expected));
    (void) snprintf(c->report->found, sizeof(c->report->found), "%s", basis_name(found));
    return true;
}

static const char *at(char out[static 64], const char *list, uint32_t index, const char *member)
{
    (void) snprintf(out, 64, "%s[%u].%s", list, index, member);
    return out;
}

static bool winners_differ(struct comparison *c)
{
    uint32_t count = c->result->winner_count < c->stated->winner_count ? c->result->winner_count
                                                                       : c->stated->winner_count;
    char where[64];

    for (uint32_t i = 0; i < count; i++) {
        const struct tn_draw_winner *expected = &c->result->winners[i];
        const struct tn_transcript_winner *found = &c->stated->winners[i];

        if (differ_hash(c, at(where, "winners", i, "gid"), expected->gid, found->gid, TN_ID_SIZE) ||
            differ_number(c, at(where, "winners", i, "port"), expected->port, found->port) ||
            differ_basis(c, at(where, "winners", i, "basis"), expected->basis, found->basis) ||
            differ_number(c, at(where, "winners", i, "rank"), expected->rank, found->rank) ||
            differ_number(c, at(where, "winners", i, "date"), expected->date, found->date) ||
            differ_number(c, at(where, "winners", i, "minute"), expected->minute, found->minute)) {
            return true;
        }
    }
    return differ_number(c, "number of winners", c->result->winner_count, c->stated->winner_count);
}

static bool held_differ(struct comparison *c, uint32_t index, const struct tn_draw_after *expected,
                        const struct tn_draw_after *found)
{
    char where[64];

    if (differ_number(c, at(where, "after", index, "held (how many)"), expected->held_count,
                      found->held_count)) {
        return true;
    }
    for (uint32_t i = 0; i < expected->held_count; i++) {
        if (differ_hash(c, at(where, "after", index, "held gid"), expected->held[i].gid,
                        found->held[i].gid, TN_ID_SIZE) ||
            differ_basis(c, at(where, "after", index, "held basis"), expected->held[i].basis,
                         found->held[i].basis)) {
            return true;
        }
    }
    return false;
}

static bool after_differ(struct comparison *c)
{
    char where[64];

    if (differ_number(c, "number of ports in after", c->result->after_count,
                      c->stated->after_count)) {
        return true;
    }
    for (uint32_t i = 0; i < c->result->after_count; i++) {
        const struct tn_draw_after *expected = &c->result->after[i];
        const struct tn_draw_after *found = &c->stated->after[i];

        if (differ_number(c, at(where, "after", i, "port"), expected->port, found->port) ||
            differ_number(c, at(where, "after", i, "pcredit"), expected->pcredit, found->pcredit) ||
            differ_number(c, at(where, "after", i, "acc"), expected->acc, found->acc) ||
            differ_number(c, at(where, "after", i, "over"), expected->over, found->over) ||
            held_differ(c, i, expected, found)) {
            return true;
        }
    }
    return false;
}

static bool differ(struct comparison *c)
{
    return differ_hash(c, "root", c->result->root, c->stated->root, TN_HASH_SIZE) ||
           differ_hash(c, "seed", c->result->seed, c->stated->seed, TN_HASH_SIZE) ||
           winners_differ(c) ||
           differ_hash(c, "winners_root", c->result->winners_root, c->stated->winners_root,
                       TN_HASH_SIZE) ||
           after_differ(c);
}

static void report_fill(const struct tn_transcript *transcript, struct tn_transcript_report *report)
{
    report->audience = transcript->audience;
    report->day = transcript->input.day;
    report->policy = transcript->input.policy;
    report->mode = transcript->input.mode;
    report->beacon_type = transcript->input.beacon.type;
    report->beacon_round = transcript->input.beacon.round;
    report->group_count = transcript->input.group_count;
    report->winner_count = transcript->winner_count;
    for (uint32_t i = 0; i < transcript->input.given_count; i++) {
        if (transcript->input.givens[i].held) {
            report->taken_held++;
        } else {
            report->taken_winners++;
        }
    }
}

enum tn_status tn_transcript_recompute(struct tn_bytes file, struct tn_transcript_report *report,
                                       struct tn_error *error)
{
    struct tn_arena read_arena;
    struct tn_arena draw_arena = {0};
    struct tn_transcript transcript;
    struct tn_draw_result result;
    struct tn_error detail = {0};
    struct comparison comparison = {.stated = &transcript, .result = &result, .report = report};
    uint32_t slots = 0;
    enum tn_status status;

    memset(report, 0, sizeof(*report));
    tn_arena_init(&read_arena, tn_transcript_memory(file.size));
    status = tn_transcript_read(file, &read_arena, &transcript, error);
    if (status != TN_OK) {
        goto out;
    }
    if (!transcript.complete) {
        status = tn_fail(error, TN_INVALID, "transcript: it ends after the groups: no result");
        goto out;
    }
    report_fill(&transcript, report);
    for (uint32_t i = 0; i < transcript.input.port_count; i++) {
        slots += transcript.input.ports[i].line_count + transcript.input.ports[i].held_count;
    }
    tn_arena_init(&draw_arena, tn_draw_memory(transcript.input.group_count, slots));
    status = tn_draw_run(&transcript.input, &draw_arena, &result, &detail);
    if (status == TN_MISMATCH) {
        (void) snprintf(report->where, sizeof(report->where), "pass 1");
        (void) snprintf(report->expected, sizeof(report->expected),
                        "a possible order by seniority");
        (void) snprintf(report->found, sizeof(report->found), "%.90s", detail.text);
    }
    if (status == TN_OK && differ(&comparison)) {
        status = TN_MISMATCH;
    }
    if (status == TN_MISMATCH) {
        status = tn_fail(error, TN_MISMATCH, "%s: expected %s, found %s", report->where,
                         report->expected, report->found);
    } else if (status != TN_OK) {
        status = tn_fail(error, status, "%s", detail.text);
    }
    report->same = status == TN_OK;
out:
    tn_arena_close(&draw_arena);
    tn_arena_close(&read_arena);
    return status;
}

void tn_transcript_report_write(const struct tn_transcript_report *report, struct tn_buffer *out)
{
    tn_buffer_printf(out, "draw of day %u, policy %u, mode %u: %u groups, %u winners\n",
                     report->day, report->policy, report->mode, report->group_count,
                     report->winner_count);
    if (report->mode == TN_DRAW_SOLO) {
        tn_buffer_append_string(out, "mode 0: reproducible, but the seed is not bound to the pool: "
                                     "whoever holds the secret can predict the draw\n");
    }
    if (report->beacon_type == TN_DRAW_BEACON_DRAND) {
        tn_buffer_printf(out,
                         "taken as given: that the beacon's signature is drand quicknet's of round "
                         "%" PRIu64 " (any drand client checks the pairing)\n",
                         report->beacon_round);
    } else if (report->beacon_type == TN_DRAW_BEACON_NIST) {
        tn_buffer_append_string(out, "taken as given: the NIST pulse; its record in the log holds "
                                     "the signature and the certificate\n");
    } else if (report->beacon_type == TN_DRAW_BEACON_MANUAL) {
        tn_buffer_append_string(out, "taken as given: that the numbers were drawn in public\n");
    }
    if (report->audience == TN_TRANSCRIPT_PUBLIC) {
        tn_buffer_printf(out,
                         "taken as given: that the %u seniority winners are the longest waiting "
                         "(their openings, their order and the quota were checked)\n",
                         report->taken_winners);
        if (report->taken_held > 0) {
            tn_buffer_printf(out, "taken as given: %u groups held by seniority\n",
                             report->taken_held);
        }
    }
    if (report->same) {
        tn_buffer_append_string(out, "same: root, seed, winners, winners_root, after\n");
    } else {
        tn_buffer_printf(out, "different: %s\n  expected %s\n  found    %s\n", report->where,
                         report->expected, report->found);
    }
}
