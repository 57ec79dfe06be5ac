/* The draw: who gets the day's seats, as a pure function of a frozen pool and published secrets.
 * Source: spec/draw.md. No clock, no generator, no float; the order of the input changes nothing
 * (R01), and every number is exact (R07, R09). Any thread: nothing here keeps state. */
#ifndef TN_LEDGER_RULES_DRAW_H
#define TN_LEDGER_RULES_DRAW_H

#include "ledger/base/arena.h"
#include "ledger/base/bytes.h"
#include "ledger/event/facts.h" /* struct tn_run */

#define TN_DRAW_PORT_COUNT_MAX 64        /* a policy's ports */
#define TN_DRAW_GROUP_PORT_COUNT_MAX 4   /* fixed by the leaf's 58 bytes */
#define TN_DRAW_WITNESS_COUNT_MAX 255    /* counted by one byte in the seed */
#define TN_DRAW_GROUP_COUNT_MAX 4000000u /* ten times the busiest day of the real programme */
#define TN_DRAW_LINE_COUNT_MAX 65536u    /* slots of one port's line: far beyond horizon * slots */
#define TN_DRAW_HELD_COUNT_MAX 16u       /* groups held at one port: hard packing makes one a day */
#define TN_DRAW_RAW_SIZE_MAX 256u /* a beacon's raw bytes: the manual draw is the only open one */
#define TN_DRAW_LEAF_SIZE 58u
#define TN_DRAW_WINNER_LEAF_SIZE 29u
#define TN_DRAW_PPM 1000000u
#define TN_DRAW_SEATS_MAX 4294967295u         /* seats in one line, so that Q * ppm stays exact */
#define TN_DRAW_CREDIT_MAX (INT64_C(1) << 40) /* |pcredit|: beyond any sum of days */

/* Section 4. */
enum tn_draw_mode {
    TN_DRAW_SOLO = 0,  /* operator's chain only, the seed not bound to the pool */
    TN_DRAW_BOUND = 1, /* bound to the pool's root; witnesses and, or a beacon */
};

/* The numbers of enum tn_policy_packing. */
enum tn_draw_packing {
    TN_DRAW_STRADDLE = 1, /* a group starts while a seat is left; the overshoot is repaid */
    TN_DRAW_HARD = 2,     /* a group needs one slot with room for all of it */
};

enum tn_draw_basis {
    TN_DRAW_SENIORITY = 1,
    TN_DRAW_LOTTERY = 2,
};

enum tn_draw_beacon_type {
    TN_DRAW_BEACON_NONE = 0,
    TN_DRAW_BEACON_DRAND = 1,  /* raw is the 48-byte signature */
    TN_DRAW_BEACON_NIST = 2,   /* raw is the 64 bytes of outputValue; chain_hash is zero */
    TN_DRAW_BEACON_MANUAL = 3, /* raw is ASCII, "7.12.33."; round 0, chain_hash zero */
};

/* One group of the pool, as it stood at the close. */
struct tn_draw_group {
    uint8_t gid[TN_ID_SIZE];
    uint8_t attr[TN_HASH_SIZE]; /* read only when not `opened` */
    uint8_t salt[TN_ID_SIZE];   /* this and the next two are read only when `opened` */
    uint32_t registered_day;    /* civil date of the latest added adult: its seniority */
    uint16_t flags;             /* 0; another value is an error */
    uint16_t ports[TN_DRAW_GROUP_PORT_COUNT_MAX]; /* in order of preference, distinct */
    uint8_t port_count;                           /* 1..4 */
    uint8_t size;                                 /* 1..255 seats */
    bool opened; /* attr can be computed; false for most groups of a public transcript */
};

/* A group that hard packing found no slot for: first in line at this port on the next day drawn. */
struct tn_draw_held {
    uint8_t gid[TN_ID_SIZE];
    uint8_t basis; /* enum tn_draw_basis */
};

/* A port as `pool_closed` froze it. */
struct tn_draw_port {
    uint16_t port;
    uint32_t line_count;
    uint32_t held_count;             /* zero with straddle packing */
    int64_t pcredit;                 /* seniority seats owed to (or by, below zero) the port */
    uint32_t acc;                    /* remainder of the share, 0..999999 millionths of a seat */
    const struct tn_run *line;       /* free seats, ascending (date, minute), each run >= 1 seat */
    const struct tn_draw_held *held; /* of the day before, under this day's gid; such a group is in
                                      * the pool with this port alone */
};

struct tn_draw_witness {
    uint8_t id[TN_ID_SIZE];
    uint8_t secret[TN_HASH_SIZE];
};

struct tn_draw_beacon {
    uint8_t type; /* enum tn_draw_beacon_type */
    uint64_t round;
    uint8_t chain_hash[TN_HASH_SIZE];
    struct tn_bytes raw;
};

/* A seniority decision that a public recomputation takes as given, for it cannot see the dates. */
struct tn_draw_given {
    uint8_t gid[TN_ID_SIZE];
    uint16_t port;
    bool held; /* it closed the port (hard packing) instead of winning a seat there */
};

/* Everything a draw reads. All pointers are borrowed. Groups and witnesses may come in any order;
 * ports come in the policy's order. */
struct tn_draw_input {
    uint32_t day;       /* civil date, in the policy's zone, on which the window opened */
    uint32_t policy;    /* version in force when the window opened */
    uint8_t mode;       /* enum tn_draw_mode */
    uint8_t packing;    /* enum tn_draw_packing */
    uint8_t size_max;   /* a larger group is an error; 0 is no check (a transcript does not say) */
    bool given;         /* a public recomputation: seniority decisions come from `givens` */
    uint32_t share_ppm; /* of each port's line, for the longest waiting */
    uint32_t port_count;
    uint32_t witness_count; /* zero in mode 0 */
    uint32_t group_count;
    uint32_t given_count;
    const struct tn_draw_port *ports;
    uint8_t secret[TN_HASH_SIZE];
    const struct tn_draw_witness *witnesses;
    struct tn_draw_beacon beacon; /* type 0 in mode 0 */
    const struct tn_draw_group *groups;
    const struct tn_draw_given *givens;
    const uint8_t *root; /* of the groups' pool, by who computed it of them already; or NULL */
};

struct tn_draw_winner {
    uint32_t group; /* index into the input's groups */
    uint32_t rank;  /* counts a port's winners from 0 in order of assignment */
    uint32_t date;  /* of the first seat */
    uint32_t run_count;
    const struct tn_run *runs; /* the seats; `size` in sum */
    uint16_t port;
    uint16_t minute; /* of the first seat */
    uint8_t basis;   /* enum tn_draw_basis */
    uint8_t gid[TN_ID_SIZE];
};

/* A port after the draw, in the order of the input's ports. */
struct tn_draw_after {
    uint16_t port;
    uint32_t acc;
    uint32_t over; /* seats assigned beyond the line: the last slot's free count is minus this */
    uint32_t held_count;
    int64_t pcredit;
    uint64_t seats;                  /* Q, seats in the line */
    uint64_t seats_assigned;         /* u */
    uint64_t seats_seniority;        /* up */
    const struct tn_draw_held *held; /* under this day's gid */
};

/* What a draw decides. Arrays live in the arena of the run. */
struct tn_draw_result {
    uint8_t root[TN_HASH_SIZE]; /* of the pool */
    uint8_t seed[TN_HASH_SIZE];
    uint8_t winners_root[TN_HASH_SIZE];
    uint32_t winner_count;
    uint32_t after_count;
    uint32_t order_count;
    const struct tn_draw_winner *winners; /* ascending (port number, rank) */
    const struct tn_draw_after *after;
    const uint32_t *order; /* indices of the input's groups, ascending gid */
};

/* --- section 3: bytes --- */

/* The name of a registration in one day's pool. `key` is K_gid of `ledger_created`. */
void tn_draw_gid(uint8_t gid[static TN_ID_SIZE], const uint8_t key[static TN_HASH_SIZE],
                 uint32_t day, const uint8_t registration[static TN_ID_SIZE]);
/* It was computed elsewhere, by the above: this thread need not do so again if it asks next. */
void tn_draw_gid_known(const uint8_t gid[static TN_ID_SIZE], const uint8_t key[static TN_HASH_SIZE],
                       uint32_t day, const uint8_t registration[static TN_ID_SIZE]);
/* The salt that hides a group's registered day in its leaf. */
void tn_draw_salt(uint8_t salt[static TN_ID_SIZE], const uint8_t key[static TN_HASH_SIZE],
                  uint32_t day, const uint8_t registration[static TN_ID_SIZE]);
void tn_draw_attr(uint8_t attr[static TN_HASH_SIZE], const uint8_t salt[static TN_ID_SIZE],
                  uint32_t registered_day, uint16_t flags);
/* A group's attr: computed when it is opened, the one it carries otherwise. */
void tn_draw_group_attr(const struct tn_draw_group *group, uint8_t attr[static TN_HASH_SIZE]);
void tn_draw_leaf(const struct tn_draw_group *group, uint8_t leaf[static TN_DRAW_LEAF_SIZE]);
/* Root of the pool at its close, before any seed exists; groups in any order.
 *
 * TN_EXISTS  two groups have one gid
 * TN_FULL    the arena's limit */
TN_MUST_USE enum tn_status tn_draw_pool_root(const struct tn_draw_group *groups, uint32_t count,
                                             struct tn_arena *arena,
                                             uint8_t root[static TN_HASH_SIZE],
                                             struct tn_error *error);
/* TN_INVALID  the beacon's fields do not fit its type (lengths, zeros, the typed form) */
TN_MUST_USE enum tn_status tn_draw_beacon_check(const struct tn_draw_beacon *beacon,
                                                struct tn_error *error);
/* 32 zeros for type 0. The beacon has passed the check. */
void tn_draw_beacon(uint8_t out[static TN_HASH_SIZE], const struct tn_draw_beacon *beacon);
/* drand quicknet's first round at or after `time_us` (microseconds since 1970). */
uint64_t tn_draw_drand_round(uint64_t time_us);
/* The seed; `root` and `leaf_count` enter it in mode 1 only. `witnesses` in any order.
 *
 * TN_INVALID  mode, witnesses or beacon break a rule
 * TN_FULL     the arena's limit */
TN_MUST_USE enum tn_status tn_draw_seed(const struct tn_draw_input *input,
                                        const uint8_t root[static TN_HASH_SIZE],
                                        uint64_t leaf_count, struct tn_arena *arena,
                                        uint8_t seed[static TN_HASH_SIZE], struct tn_error *error);
void tn_draw_ticket(uint8_t ticket[static TN_HASH_SIZE], const uint8_t seed[static TN_HASH_SIZE],
                    const uint8_t gid[static TN_ID_SIZE]);

/* --- sections 4 and 5: the whole draw --- */

/* An arena limit that lets a draw over so many groups and line slots run: some 180 bytes a group,
 * so 64 MiB are enough for 280,000 groups. */
size_t tn_draw_memory(uint32_t group_count, uint32_t line_count);
/* Root, seed, order, both passes, what carries over. The result's arrays live in `arena`; on
 * failure the result is zeroed. 280,000 groups over 8 ports take some tenths of a second: run it on
 * a worker.
 *
 * TN_INVALID   the input breaks a rule of the format (the error names it)
 * TN_EXISTS    two groups have one gid
 * TN_MISMATCH  givens that cannot be right (public recomputation only)
 * TN_FULL      the arena's limit */
TN_MUST_USE enum tn_status tn_draw_run(const struct tn_draw_input *input, struct tn_arena *arena,
                                       struct tn_draw_result *result, struct tn_error *error);

/* --- section 3: chains of secrets --- */

/* secret_index from secret_{index+1}. */
void tn_draw_chain_step(uint8_t secret[static TN_HASH_SIZE], uint32_t index,
                        const uint8_t next[static TN_HASH_SIZE]);
/* secret_index from any later secret of the chain: the random tail secret_length, or a pebble kept
 * on the way. Cost: one hash a step.
 *
 * TN_INVALID  index > from_index */
TN_MUST_USE enum tn_status tn_draw_chain_secret(const uint8_t from[static TN_HASH_SIZE],
                                                uint32_t from_index, uint32_t index,
                                                uint8_t secret[static TN_HASH_SIZE]);
/* secret_0 of the chain whose tail is secret_length. */
void tn_draw_chain_anchor(const uint8_t tail[static TN_HASH_SIZE], uint32_t length,
                          uint8_t anchor[static TN_HASH_SIZE]);
/* The index of the secret that `day` reveals: day - first_day + 1.
 *
 * TN_INVALID  the day lies before the chain or after its end */
TN_MUST_USE enum tn_status tn_draw_chain_index(uint32_t first_day, uint32_t length, uint32_t day,
                                               uint32_t *index);
/* Does `revealed`, claimed to be secret_index, hash down to the last known secret (the anchor has
 * index 0)?
 *
 * TN_INVALID   index is not after known_index: revealed already
 * TN_MISMATCH  another chain, another day's secret, or a wrong one */
TN_MUST_USE enum tn_status tn_draw_chain_verify(const uint8_t known[static TN_HASH_SIZE],
                                                uint32_t known_index,
                                                const uint8_t revealed[static TN_HASH_SIZE],
                                                uint32_t index);

#endif
