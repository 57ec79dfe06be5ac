/* What the files of the draw share with each other and with nobody else. */
#ifndef TN_LEDGER_RULES_DRAW_INTERNAL_H
#define TN_LEDGER_RULES_DRAW_INTERNAL_H

#include "ledger/rules/draw.h"

/* An item of a radix sort. */
struct tn_draw_key {
    uint64_t key;
    uint32_t index;
};

/* Room for sorting `count` groups, in the arena. */
struct tn_draw_sorter {
    struct tn_draw_key *keys;
    struct tn_draw_key *scratch;
};

TN_MUST_USE enum tn_status tn_draw_sorter_init(struct tn_draw_sorter *sorter, uint32_t count,
                                               struct tn_arena *arena, struct tn_error *error);
/* order[0..count) becomes the indices of `groups`, ascending gid.
 *
 * TN_EXISTS  two groups have one gid */
TN_MUST_USE enum tn_status tn_draw_order_by_gid(struct tn_draw_sorter *sorter,
                                                const struct tn_draw_group *groups, uint32_t count,
                                                uint32_t *order, struct tn_error *error);
/* From ascending gid to ascending (ticket, gid). `tickets` lie flat, by group index. */
void tn_draw_order_by_ticket(struct tn_draw_sorter *sorter, const uint8_t *tickets,
                             const uint32_t *by_gid, uint32_t count, uint32_t *order);
/* Stable by registered day: `order` ascending (ticket, gid) becomes (registered_day, ticket, gid).
 */
void tn_draw_order_by_seniority(struct tn_draw_sorter *sorter, const struct tn_draw_group *groups,
                                uint32_t *order, uint32_t count);

/* A pool in its orders, ready for section 5. */
struct tn_draw_pool {
    const struct tn_draw_input *input;
    const uint32_t *by_gid;
    const uint32_t *by_ticket;
    struct tn_draw_sorter sorter;
    uint64_t seats;            /* in all lines */
    const uint8_t *port_index; /* by port number; TN_DRAW_PORT_COUNT_MAX where there is none */
};

/* The group with this gid; group_count when there is none. */
uint32_t tn_draw_pool_find(const struct tn_draw_pool *pool, const uint8_t gid[static TN_ID_SIZE]);

/* Section 5 over a checked input: fills winners and after. */
TN_MUST_USE enum tn_status tn_draw_allocate(const struct tn_draw_pool *pool, struct tn_arena *arena,
                                            struct tn_draw_result *result, struct tn_error *error);

/* --- between draw_allocate.c and draw_given.c --- */

/* What became of a group so far. */
enum tn_draw_group_state {
    TN_DRAW_WAITING = 0,
    TN_DRAW_SEATED,
    TN_DRAW_HELD,
    TN_DRAW_GIVEN,      /* stated to win by seniority, not yet replayed */
    TN_DRAW_GIVEN_HELD, /* stated to have closed its port in pass 1, not yet replayed */
};

/* A port while seats are handed out. */
struct tn_draw_port_state {
    const struct tn_draw_port *in;
    uint64_t seats; /* Q */
    uint64_t used;  /* u */
    int64_t quota;  /* Pq */
    int64_t senior; /* up */
    uint32_t acc;
    uint32_t rank;
    uint32_t line_at;    /* straddle: the slot of the next seat ... */
    uint64_t line_taken; /* ... and how many of its seats are gone */
    uint64_t *slot_left; /* hard: free seats of each slot */
    bool closed;         /* hard: a group found no slot; nothing more today */
    uint32_t unseated;   /* groups that asked for this port and have no seat at all */
    struct tn_draw_held *held;
    uint32_t held_count;
    uint32_t pending; /* public: the group stated to close this port; group_count when none */
};

/* One run of section 5. */
struct tn_draw_allocation {
    const struct tn_draw_pool *pool;
    const struct tn_draw_input *input;
    struct tn_arena *arena;
    struct tn_error *error;
    struct tn_draw_port_state *ports;
    uint8_t *states;     /* enum tn_draw_group_state by group */
    uint8_t *given_port; /* public: port index by group */
    struct tn_draw_winner *winners;
    uint32_t winner_count;
    uint32_t winner_capacity;
};

/* Always TN_FULL. */
enum tn_status tn_draw_out_of_arena(struct tn_draw_allocation *a);
/* The state of a port that a checked group asked for. */
struct tn_draw_port_state *tn_draw_port_of(struct tn_draw_allocation *a, uint16_t port);
/* May pass 1 place a group here: open, a seat left, and quota left? */
bool tn_draw_has_quota(const struct tn_draw_port_state *port);
/* Hard packing: the first slot with room for `size`; line_count when none has. */
uint32_t tn_draw_slot_find(const struct tn_draw_port_state *port, uint32_t size);
/* Close the port for the day; `group` is first in line there tomorrow. */
void tn_draw_hold(struct tn_draw_allocation *a, struct tn_draw_port_state *port, uint32_t group,
                  enum tn_draw_basis basis);
/* Give `group` its seats at `port`, or hold it there when packing is hard and no slot fits. */
TN_MUST_USE enum tn_status tn_draw_place(struct tn_draw_allocation *a,
                                         struct tn_draw_port_state *port, uint32_t group,
                                         enum tn_draw_basis basis);
/* TN_MISMATCH  what is stated about pass 1 cannot be right */
TN_MUST_USE enum tn_status tn_draw_pass_by_givens(struct tn_draw_allocation *a);

#endif
