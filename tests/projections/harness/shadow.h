/* What the tests count a second time, from events alone: seats, offers, groups, persons. */
#ifndef TN_TESTS_PROJECTIONS_HARNESS_SHADOW_H
#define TN_TESTS_PROJECTIONS_HARNESS_SHADOW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/event/event.h"
#include "projections/projection.h"

#define SHADOW_GROUP_MAX 32
#define SHADOW_RUNS_MAX 32

/* Open addressing from 16 bytes to a place in an array. */
struct index {
    struct index_slot {
        uint8_t key[TN_ID_SIZE];
        uint32_t place; /* plus one; 0: free */
    } * slots;
    size_t capacity;
    size_t count;
};

struct shadow_slot {
    uint64_t port;
    uint64_t date;
    uint64_t minute;
    int64_t published;
    int64_t moved_in;
    int64_t moved_out;
    int64_t offered;
    int64_t confirmed;
    int64_t used;
    int64_t expired;
    bool touched;  /* by the command */
    bool fresh;    /* by the event */
    bool negative; /* its free count is */
};

enum shadow_offer_state {
    SHADOW_OPEN = 1,
    SHADOW_ACCEPTED, /* not confirmed yet */
    SHADOW_CONFIRMED,
    SHADOW_DECLINED,
    SHADOW_LAPSED,
    SHADOW_CANCELLED,
    SHADOW_PRESENTED,
    SHADOW_TURNED_AWAY,
    SHADOW_MISSED,
};

struct shadow_offer {
    uint8_t id[TN_ID_SIZE];
    uint32_t group;
    enum shadow_offer_state state;
    uint64_t day;
    uint64_t port;
    uint64_t size;
    uint64_t deadline_us;
    struct tn_run runs[SHADOW_RUNS_MAX];
    size_t run_count;
    bool returned; /* its seats */
};

struct shadow_group {
    uint8_t id[TN_ID_SIZE];
    bool live;
    uint8_t members[SHADOW_GROUP_MAX][TN_ID_SIZE];
    uint8_t persons[SHADOW_GROUP_MAX][TN_ID_SIZE];
    bool adults[SHADOW_GROUP_MAX];
    uint64_t days[SHADOW_GROUP_MAX];
    size_t count;
    uint32_t offer;     /* the live one plus one; 0: none */
    uint64_t asked_day; /* the last one for which there is a request, withdrawn or not */
    bool touched;
};

struct shadow_person {
    uint8_t id[TN_ID_SIZE];
    uint32_t group; /* the live one plus one */
    uint64_t asked_day;
    uint32_t asked_group; /* whose ticket of that day is theirs, plus one */
};

struct shadow_tally {
    uint64_t day;
    uint64_t counts[SHADOW_MISSED + 1]; /* by state */
    bool touched;                       /* by the command */
    bool fresh;                         /* by the event */
};

struct shadow {
    struct tn_state *state; /* the rows that are compared */
    struct tn_arena arena;
    uint64_t overshoot_max;
    struct index slot_index;
    struct shadow_slot *slots;
    size_t slot_count;
    struct index offer_index;
    struct shadow_offer *offers;
    size_t offer_count;
    struct index group_index;
    struct shadow_group *groups;
    size_t group_count;
    struct index person_index;
    struct shadow_person *persons;
    size_t person_count;
    struct shadow_tally *tallies;
    size_t tally_count;
    uint32_t *touched_slots;
    size_t touched_count;
    uint32_t *touched_groups;
    size_t touched_group_count;
    size_t returns_owed; /* offers that ended and whose seats are not back yet */
    uint64_t checks;     /* rows compared */
    uint64_t pooled;     /* groups seen in closed pools */
};

void shadow_init(struct shadow *shadow, struct tn_state *state);
void shadow_close(struct shadow *shadow);
/* Count an event that was just folded, and check what holds after every event: seats are conserved
 * in each slot it names (P7), free is negative in one slot of a port at most and by little (R10), a
 * day's offers add up (R23), no group is split (R03), a person is in one live group (R05); and when
 * a pool closes, that sizes and seniority are those of the close and that nobody has changed
 * tickets within the day (R06). */
void shadow_event(struct shadow *shadow, const struct tn_event *event);
/* After the last event of a command: the rows say what was counted. */
void shadow_settle(struct shadow *shadow);
/* Every slot, offer tally and person, at the end of a history. */
void shadow_check_all(struct shadow *shadow);

/* NULL when there is none. */
struct shadow_offer *shadow_find_offer(struct shadow *shadow, const uint8_t id[static TN_ID_SIZE]);
struct shadow_group *shadow_find_group(struct shadow *shadow, const uint8_t id[static TN_ID_SIZE]);
/* Whether the person is in a live group. */
bool shadow_is_placed(const struct shadow *shadow, const uint8_t person[static TN_ID_SIZE]);

#endif
