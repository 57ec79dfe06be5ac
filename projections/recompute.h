/* Every decision of a log taken again (P4): entry by entry, each command and each thing that fell
 * due is decided on rows folded from the entries before it, and what the log says is compared byte
 * for byte with what the rules say. The same fold checks every seal (P6) and every slot's and every
 * day's sum (P7, R23).
 *
 * It needs no key, no clock and no randomness. What it cannot derive it counts as attested. */
#ifndef TN_PROJECTIONS_RECOMPUTE_H
#define TN_PROJECTIONS_RECOMPUTE_H

#include "projections/ahead.h"
#include "projections/projection.h"

#define TN_RECOMPUTE_ALL_PPM 1000000u
/* Rows of all projections together; more are spilled to the work folder. */
#define TN_RECOMPUTE_CACHE_BYTES ((size_t) 900 << 20)

struct tn_recompute_options {
    size_t cache_bytes;   /* 0: TN_RECOMPUTE_CACHE_BYTES */
    const char *work;     /* where rows are spilled; NULL: the system's temporary folder */
    uint32_t sample_ppm;  /* how many of the sampled decisions are taken again; 0: all */
    uint64_t sample_seed; /* which ones */
    /* Random where a stranger wrote the log: by it command ids are dealt out, so that nobody can
     * choose such as meet. No result depends on it. */
    uint8_t command_key[16];
    bool repeats; /* the same refusal may come twice a day: a desk without that memory */
};

/* The first thing that is not as the rules make it. */
#define TN_FINDING_TEXT_MAX ((size_t) 256 << 10)
struct tn_finding {
    uint64_t index;            /* the entry at which the log and the rules part */
    char rule[48];             /* a command's name, what fell due, or what is checked */
    char words[400];           /* a sentence for a person */
    struct tn_buffer expected; /* one JSON value: an event, or null where none was to come */
    struct tn_buffer found;
};

/* What the log says and nobody can derive from it: taken as it stands, and counted. */
#define TN_ATTESTED(A)                                                                             \
    A(zone_result, "where a person was when they asked: zone version and result")                  \
    A(adulthood, "whether a member is of age")                                                     \
    A(identity_match, "which earlier person a member is, by the keyed index")                      \
    A(destination_match, "which earlier destination an address is")                                \
    A(today, "the civil date on which a member was added")                                         \
    A(appointment_tags, "tags that stand for a number with a date of birth")                       \
    A(credential_check, "who was asking, by token or office")                                      \
    A(day_instants, "a day's opening, close and draw, from the zone files")                        \
    A(date_ends, "when a service date ends at a port, from the zone files")                        \
    A(manual_draw, "the numbers of a public draw by hand, as two people typed them")               \
    A(drand_pairing, "that a drand signature is the network's: any drand client checks it")        \
    A(last_heartbeat, "when the machine last served before a pause")
#define TN_ATTESTED_ENUM(name, words) TN_ATTESTED_##name,
enum tn_attested { TN_ATTESTED(TN_ATTESTED_ENUM) TN_ATTESTED_COUNT };
const char *tn_attested_name(enum tn_attested attested);
const char *tn_attested_words(enum tn_attested attested);

struct tn_recompute_report {
    uint64_t entries;
    uint64_t commands;    /* decisions that came out the same */
    uint64_t refusals;    /* of them: refused again with the same code */
    uint64_t left_out;    /* decisions that the sample left out; folded all the same */
    uint64_t due;         /* lapses, openings, closes, that came out the same */
    uint64_t draws;       /* likewise */
    uint64_t seals;       /* compared with the rows */
    uint64_t seals_taken; /* that speak of rows which are not at hand */
    uint64_t attested[TN_ATTESTED_COUNT];
};

struct tn_recompute;

/* TN_MEMORY and what opening rows says. */
TN_MUST_USE enum tn_status tn_recompute_create(const struct tn_recompute_options *options,
                                               struct tn_recompute **recompute,
                                               struct tn_error *error);
void tn_recompute_destroy(struct tn_recompute *recompute);

/* Take the next entry: `event` was decoded from `entry`; both live during the call. One thread.
 *
 * TN_MISMATCH  the log and the rules part here or a little earlier: tn_recompute_finding says how.
 *              Nothing more is to be taken
 * TN_IO TN_MEMORY TN_FULL TN_UNSUPPORTED ...  the audit cannot go on; the log may be sound */
TN_MUST_USE enum tn_status tn_recompute_take(struct tn_recompute *recompute,
                                             const struct tn_event *event, struct tn_bytes entry,
                                             struct tn_error *error);
/* The projections that no rule reads, folded, and their seals compared: every entry is taken once
 * here as well, in the same order. It touches nothing that tn_recompute_take does, so it may be on
 * another thread and at another pace. Statuses as above. */
TN_MUST_USE enum tn_status tn_recompute_beside(struct tn_recompute *recompute,
                                               const struct tn_event *event, struct tn_bytes entry,
                                               struct tn_error *error);
/* Before each entry of a batch is taken, on the thread that takes it: what the log names further on
 * is fetched meanwhile (projections/ahead.h). `next`: of that thread, zeros before the first. */
void tn_recompute_take_ahead(struct tn_recompute *recompute, const struct tn_ahead *ahead,
                             size_t at, uint32_t next[static TN_PROJECTION_COUNT]);
void tn_recompute_beside_ahead(struct tn_recompute *recompute, const struct tn_ahead *ahead,
                               size_t at, uint32_t next[static TN_PROJECTION_COUNT]);
/* Whether a command's id came twice in what tn_recompute_beside was given; when neither thread is
 * at work any more, however the audit ended. The finding has the entry's index and command alone.
 * TN_MISMATCH (the finding may be an earlier one) TN_IO TN_MEMORY */
TN_MUST_USE enum tn_status tn_recompute_repeats(struct tn_recompute *recompute,
                                                struct tn_error *error);
/* The log ends here. Statuses as above. */
TN_MUST_USE enum tn_status tn_recompute_finish(struct tn_recompute *recompute,
                                               struct tn_error *error);
/* The earlier one, when both threads found something; when neither is at work any more. */
const struct tn_finding *tn_recompute_finding(const struct tn_recompute *recompute);
void tn_recompute_report(const struct tn_recompute *recompute, struct tn_recompute_report *report);
/* The rows as they are now; for reading, between calls. */
struct tn_state *tn_recompute_state(struct tn_recompute *recompute);

#endif
