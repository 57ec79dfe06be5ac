/* The transcript of a draw: a file from which anyone recomputes it alone (spec/draw.md 9).
 *
 * The bytes are those of Python's json.dumps(x, indent=1) and one newline, so that a file has
 * exactly one form. The reader takes that form and no other: it needs no general JSON parser,
 * cannot meet a duplicate member, and names the line where a file leaves the form. With packing
 * `hard` each port also has `held` after `line`, and each `after` has `held` after `over`: lists of
 * {gid, port, basis}. Pure but for the memory it takes; any thread. */
#ifndef TN_LEDGER_RULES_TRANSCRIPT_H
#define TN_LEDGER_RULES_TRANSCRIPT_H

#include "ledger/base/buffer.h"
#include "ledger/rules/draw.h"

/* 280,000 groups make some 65 MB. */
#define TN_TRANSCRIPT_SIZE_MAX ((size_t) 256 << 20)

enum tn_transcript_audience {
    TN_TRANSCRIPT_AUDITOR = 1, /* every group is opened */
    TN_TRANSCRIPT_PUBLIC = 2,  /* only seniority winners are */
};

/* A winner as a file states it. */
struct tn_transcript_winner {
    uint8_t gid[TN_ID_SIZE];
    uint16_t port;
    uint16_t minute;
    uint8_t basis; /* enum tn_draw_basis */
    uint32_t rank;
    uint32_t date;
};

/* A file as read; everything but the bytes lives in the reader's arena. */
struct tn_transcript {
    enum tn_transcript_audience audience;
    struct tn_draw_input input; /* for a public file `given`, with the stated seniority decisions */
    bool complete; /* false for a file that ends after `groups`: an input without a result */
    uint8_t root[TN_HASH_SIZE];
    uint8_t seed[TN_HASH_SIZE];
    uint8_t winners_root[TN_HASH_SIZE];
    uint32_t winner_count;
    uint32_t after_count;
    const struct tn_transcript_winner *winners;
    const struct tn_draw_after
        *after; /* port, pcredit, acc, over, held; the counts of seats are 0 */
};

/* Receives the file piece by piece; any status but TN_OK ends the writing and is passed on. */
typedef enum tn_status tn_transcript_sink(void *context, struct tn_bytes piece);

/* Write the transcript of `result`, which tn_draw_run made of `input`.
 *
 * TN_INVALID  the audience is auditor and a group is not opened */
TN_MUST_USE enum tn_status tn_transcript_stream(enum tn_transcript_audience audience,
                                                const struct tn_draw_input *input,
                                                const struct tn_draw_result *result,
                                                tn_transcript_sink *sink, void *context,
                                                struct tn_error *error);
/* The same into a buffer; TN_FULL when it does not fit. */
TN_MUST_USE enum tn_status tn_transcript_write(enum tn_transcript_audience audience,
                                               const struct tn_draw_input *input,
                                               const struct tn_draw_result *result,
                                               struct tn_buffer *out, struct tn_error *error);

/* An arena limit that suffices for reading a file of `size` bytes. */
size_t tn_transcript_memory(size_t size);
/* Read a file; views point into `file` and `arena`. Checks its form, that groups ascend by gid
 * without duplicates, that ports' numbers fit, that a public file opens exactly the seniority
 * winners. Whether it is a right draw is for tn_draw_run and tn_transcript_recompute to say.
 *
 * TN_INVALID  the form is broken; the error names the line
 * TN_FULL     larger than TN_TRANSCRIPT_SIZE_MAX, or the arena's limit */
TN_MUST_USE enum tn_status tn_transcript_read(struct tn_bytes file, struct tn_arena *arena,
                                              struct tn_transcript *transcript,
                                              struct tn_error *error);

/* What a recomputation found. Plain values: nothing to close. */
struct tn_transcript_report {
    enum tn_transcript_audience audience;
    uint32_t day;
    uint32_t policy;
    uint8_t mode;
    uint8_t beacon_type;   /* enum tn_draw_beacon_type */
    uint64_t beacon_round; /* drand: whose pairing is left to others */
    uint32_t group_count;
    uint32_t winner_count;
    uint32_t taken_winners; /* public: seniority winners taken as given */
    uint32_t taken_held;    /* public, hard packing: groups that closed a port in pass 1 */
    bool same;
    char where[64];    /* the first difference: "root", "winners[12].port", "pass 1" ... */
    char expected[96]; /* as recomputed */
    char found[96];    /* as the file states it */
};

/* Read a file and recompute root, seed, winners, winners_root and after.
 *
 * TN_OK        all are the same
 * TN_MISMATCH  the report names the first difference
 * TN_INVALID   not a complete transcript; the error says why
 * TN_FULL, TN_MEMORY */
TN_MUST_USE enum tn_status tn_transcript_recompute(struct tn_bytes file,
                                                   struct tn_transcript_report *report,
                                                   struct tn_error *error);
/* The report in English, a few lines: what was checked, what was taken as given, the difference. */
void tn_transcript_report_write(const struct tn_transcript_report *report, struct tn_buffer *out);

#endif
