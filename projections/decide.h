/* From a command to its verdict: fetch the rows that its rule looks at, call the rule.
 * The desk decides with it, and an auditor decides again with it: both see only (policy, rows,
 * command, time in the log). No clock, no key, no randomness. */
#ifndef TN_PROJECTIONS_DECIDE_H
#define TN_PROJECTIONS_DECIDE_H

#include "ledger/rules/draw.h"
#include "ledger/rules/rows.h"
#include "ledger/rules/verdict.h"
#include "projections/policies.h"

/* Borrowed parts, one thread. `policies` is loaded before each call when a policy was published. */
struct tn_decider {
    struct tn_state *state;
    struct tn_policies policies;
    /* The appointment that a tag named last: read for the sake of the work alone where a tag names
     * none (R17). No verdict depends on it. */
    uint8_t last_named[TN_ID_SIZE];
};

/* Read the policies. */
TN_MUST_USE enum tn_status tn_decider_refresh(struct tn_decider *decider, struct tn_arena *arena,
                                              struct tn_error *error);
void tn_decider_close(struct tn_decider *decider);

/* Decide one command at its time. What fell due by then has been decided before. Rows and lists
 * live in the verdict's arena. A refusal is TN_OK with verdict->refusal set. TN_CORRUPT TN_IO  the
 * rows could not be read        TN_FULL  the arena's limit */
TN_MUST_USE enum tn_status tn_decide(struct tn_decider *decider, const struct tn_command *command,
                                     struct tn_verdict *verdict, struct tn_error *error);

/* ---- what falls due by itself, in the order of DESIGN: (instant; lapse, day opening, pool close,
 * draw, seal; id) ---- */

enum tn_due_kind {
    TN_DUE_NOTHING = 0,
    TN_DUE_LAPSE,
    TN_DUE_DAY_OPENING,
    TN_DUE_POOL_CLOSE,
    TN_DUE_DAY_VOID,     /* instead of a close: a chain that the day needs was replaced */
    TN_DUE_WITNESS_MISS, /* a witness was silent until the policy's limit */
    TN_DUE_REVEAL,       /* the draw instant is reached and all else is in: the operator's secret is
                          * wanted */
    TN_DUE_DRAW,         /* seeded: the draw can be computed */
};

struct tn_due {
    enum tn_due_kind kind;
    uint64_t due_us;
    uint64_t day;                /* of all but lapses */
    uint8_t offer[TN_ID_SIZE];   /* of a lapse */
    uint8_t witness[TN_ID_SIZE]; /* of a miss */
};

/* May other commands and lapses go on although this item's instant is past? A reveal is somebody's
 * act and a draw is computed beside; everything else is emitted before the next command. */
static inline bool tn_due_may_wait(enum tn_due_kind kind)
{
    return kind == TN_DUE_REVEAL || kind == TN_DUE_DRAW;
}

/* The first item by the order above, due or not yet (TN_DUE_NOTHING: none in sight). Day openings
 * are not among them: they need the zone files, so the desk resolves them (tn_due_day_opening). A
 * day of mode 1 that awaits a witness or a beacon has nothing due until it came. */
TN_MUST_USE enum tn_status tn_due_next(struct tn_decider *decider, struct tn_arena *arena,
                                       struct tn_due *due, struct tn_error *error);

/* The same without lapses, for who keeps them in another order (the auditor). */
TN_MUST_USE enum tn_status tn_due_next_of_days(struct tn_decider *decider, struct tn_arena *arena,
                                               struct tn_due *due, struct tn_error *error);

/* The verdicts. Each stamps its events with `verdict->time_us`. */
TN_MUST_USE enum tn_status tn_due_lapse(struct tn_decider *decider, const struct tn_due *due,
                                        struct tn_verdict *verdict, struct tn_error *error);
/* All lapses with deadline_us <= now, in order, at most `limit` of them. */
TN_MUST_USE enum tn_status tn_due_lapses(struct tn_decider *decider, uint64_t now_us, size_t limit,
                                         struct tn_verdict *verdict, struct tn_error *error);
/* `window`: the instants of the day, resolved; its capacity is published with it unless it was
 * before. */
struct tn_window;
TN_MUST_USE enum tn_status tn_due_open_day(struct tn_decider *decider, uint32_t policy,
                                           const struct tn_window *window,
                                           struct tn_verdict *verdict, struct tn_error *error);
TN_MUST_USE enum tn_status tn_due_close_pool(struct tn_decider *decider, const struct tn_due *due,
                                             struct tn_verdict *verdict, struct tn_error *error);

/* Void an open day instead of closing it. TN_CORRUPT: its chains serve it. */
TN_MUST_USE enum tn_status tn_due_void_day(struct tn_decider *decider, const struct tn_due *due,
                                           struct tn_verdict *verdict, struct tn_error *error);
TN_MUST_USE enum tn_status tn_due_miss_witness(struct tn_decider *decider, const struct tn_due *due,
                                               struct tn_verdict *verdict, struct tn_error *error);

/* The frozen input of a day's draw: groups by gid, ports as closed. Everything is copied into
 * `arena` (give it tn_draw_memory and some), so that a worker can run it while the desk goes on.
 * `registrations` is parallel to the groups. */
struct tn_day_draw {
    struct tn_draw_input input;
    const uint8_t (*registrations)[TN_ID_SIZE];
    uint64_t due_us;      /* the later of the draw instant and the last reveal or beacon */
    uint64_t deadline_us; /* of its offers */
    uint64_t closed_index;
};

/* Everything of a draw's input but the groups, from the row of the closed day (frozen.c). Lines and
 * ports point into the row and into `arena`. */
TN_MUST_USE enum tn_status tn_day_frozen(const struct tn_day_row *day, uint64_t number,
                                         const struct tn_policy *policy, struct tn_arena *arena,
                                         struct tn_draw_input *input);
TN_MUST_USE enum tn_status tn_day_draw_load(struct tn_decider *decider, uint64_t day,
                                            struct tn_arena *arena, struct tn_day_draw *draw,
                                            struct tn_error *error);
/* The draw's events from its result: draw_completed, one offer a winner by (port, rank), and at
 * once the return of offers at ports suspended meanwhile. */
TN_MUST_USE enum tn_status tn_due_complete_draw(struct tn_decider *decider,
                                                const struct tn_day_draw *draw,
                                                const struct tn_draw_result *result,
                                                struct tn_verdict *verdict, struct tn_error *error);

#endif
