/* What the files of the simulation share.
 *
 * One thread, the player, plans a day and plays it:
 *
 *   noon      advance the desk to the opening (lapses, opening, draw), read what happened from the
 * log plan      who does what at which instant until the next opening; sorted by time play intake,
 * stamp, submit; at most in_flight commands wait at the desk
 *
 * A decision depends on the seed, on what was planned before, and on what the log said at rest;
 * never on answers that come in while a day is played, since their moment depends on the disk. */
#ifndef TN_API_SIMULATE_SIMULATE_INTERNAL_H
#define TN_API_SIMULATE_SIMULATE_INTERNAL_H

#include <pthread.h>

#include "api/simulate/simulate.h"
#include "ledger/base/civil.h"
#include "ledger/rules/policy_history.h"
#include "ledger/rules/window.h"
#include "projections/engine.h"

#define TN_SIM_NONE UINT32_MAX
#define TN_SIM_MEMBERS_MAX 10u
#define TN_SIM_OFFICERS 40u /* validators, in TN_SIM_ORGANISATIONS */
#define TN_SIM_ORGANISATIONS 6u
#define TN_SIM_STAFF_MAX (TN_SIM_OFFICERS + TN_POLICY_PORTS_MAX + 2u)

/* ---- dice: cheap, stateless but for what is drawn from one throw to the next ---- */

struct tn_sim_dice {
    uint64_t state;
};

enum tn_sim_label {
    TN_SIM_LABEL_GROUP = 1,
    TN_SIM_LABEL_PERSON,
    TN_SIM_LABEL_ASK,
    TN_SIM_LABEL_WINNER,
    TN_SIM_LABEL_SHOW,
    TN_SIM_LABEL_PLAN,
    TN_SIM_LABEL_PLACE,
    TN_SIM_LABEL_KEY,
    TN_SIM_LABEL_QUESTION,
};

/* Dice that depend on the four numbers alone. */
struct tn_sim_dice tn_sim_dice(uint64_t seed, enum tn_sim_label label, uint64_t a, uint64_t b);
uint64_t tn_sim_throw(struct tn_sim_dice *dice);
/* Uniform below `bound` (not zero). */
uint64_t tn_sim_below(struct tn_sim_dice *dice, uint64_t bound);
bool tn_sim_chance(struct tn_sim_dice *dice, uint32_t ppm);

/* ---- people ---- */

enum tn_sim_state {
    TN_SIM_PLANNED = 0, /* will register */
    TN_SIM_WAITING,
    TN_SIM_OFFERED,
    TN_SIM_APPOINTED,
    TN_SIM_SERVED,
    TN_SIM_WITHDRAWN,
    TN_SIM_MERGED,
    TN_SIM_GONE, /* asks no more, without a word */
};

/* One registration: 56 bytes, so that a whole programme of 0.8 million stays below 64 MB. What does
 * not change (names, home, ports) is thrown again from its index whenever it is needed. */
struct tn_sim_group {
    uint8_t id[TN_ID_SIZE];
    uint8_t offer[TN_ID_SIZE];
    uint64_t number;  /* confirmation number */
    uint16_t created; /* days since the season's base */
    uint16_t date;    /* service date, as above */
    uint16_t minute;  /* of the first seat */
    uint8_t port;     /* place in the policy's table */
    uint8_t seats;    /* of the offer */
    uint8_t size;
    uint8_t added; /* members who came later, so that each is somebody new */
    uint8_t state;
    uint8_t unsure; /* merged today: what it asks may be refused */
    uint8_t asked;  /* its size as counted among today's requests; 0: it has none */
};

_Static_assert(sizeof(struct tn_sim_group) <= 64, "memory of a whole programme");

/* What never changes of a group. */
struct tn_sim_profile {
    uint8_t size;
    uint8_t choice_count;
    uint8_t city;
    uint8_t choices[TN_POLICY_CHOICES_MAX]; /* places in the policy's table */
    const char *nationality;
    const char *language;
    uint32_t asks_ppm; /* on how many days it asks */
    uint32_t address;  /* groups that travel together have one */
    bool shelter;
};

struct tn_sim_person {
    char given[24];
    char family[24];
    char document[24];
    uint32_t birth;
    bool adult;
};

struct tn_sim_list {
    uint32_t *items;
    size_t count;
    size_t capacity;
};

struct tn_sim;

/* population.c */
void tn_sim_profile(const struct tn_sim *sim, uint32_t group, struct tn_sim_profile *profile);
void tn_sim_person(const struct tn_sim *sim, uint32_t group, unsigned member,
                   struct tn_sim_person *person);
/* Ports in order of preference; an odd `variant` gives another list than an even one. */
size_t tn_sim_ports(const struct tn_sim *sim, const struct tn_sim_profile *profile,
                    unsigned variant, uint64_t ports[static TN_POLICY_CHOICES_MAX]);
void tn_sim_position(struct tn_sim_dice *dice, unsigned city, bool outside, int32_t *lat_udeg,
                     int32_t *lon_udeg);
/* A new group of `count` people or of its own size, in state planned. TN_MEMORY. */
TN_MUST_USE enum tn_status tn_sim_group_add(struct tn_sim *sim, uint32_t *group);
/* Remember under which id the ledger knows a group. TN_MEMORY. */
TN_MUST_USE enum tn_status tn_sim_group_known(struct tn_sim *sim, uint32_t group);
/* TN_SIM_NONE when there is none of that id. */
uint32_t tn_sim_group_find(const struct tn_sim *sim, const uint8_t id[static TN_ID_SIZE]);
TN_MUST_USE enum tn_status tn_sim_list_push(struct tn_sim_list *list, uint32_t item);
void tn_sim_list_close(struct tn_sim_list *list);
/* `count` people in proportion to the scale, one at least. */
uint64_t tn_sim_scaled(const struct tn_sim *sim, uint64_t count);

/* ---- actions ---- */

enum tn_sim_act {
    TN_SIM_REGISTER = 1,
    TN_SIM_REGISTER_TWICE, /* `group`'s first member again: refused */
    TN_SIM_ASK,
    TN_SIM_ASK_OTHERWISE, /* other ports: replaces */
    TN_SIM_ASK_SAME,      /* the same again under a new key: refused */
    TN_SIM_ASK_OUTSIDE,   /* from outside the zone: refused */
    TN_SIM_ASK_REFUSED,   /* too late, or while it holds something */
    TN_SIM_WITHDRAW_REQUEST,
    TN_SIM_ACCEPT,
    TN_SIM_ACCEPT_LATE,
    TN_SIM_DECLINE,
    TN_SIM_CANCEL,
    TN_SIM_ADD_MEMBER,
    TN_SIM_REMOVE_MEMBER,
    TN_SIM_LEAVE, /* an adult leaves a group that holds an appointment */
    TN_SIM_WITHDRAW,
    TN_SIM_RESTORE,
    TN_SIM_MERGE,          /* `detail` is the group that joins */
    TN_SIM_ARRIVE,         /* `detail` is enum tn_arrival */
    TN_SIM_CLOSE_PORT_DAY, /* `group` is the port's place, `detail` the date */
    TN_SIM_VALIDATE,       /* `detail` is enum tn_sim_question, `group` the officer */
    TN_SIM_PROGRAMME,      /* `detail` is enum tn_sim_programme: at rest */
};

enum tn_sim_question { TN_SIM_RIGHT = 0, TN_SIM_WRONG_DATE, TN_SIM_NEVER_ISSUED };

enum tn_sim_programme {
    TN_SIM_ENROL = 1,      /* everybody who works here */
    TN_SIM_PUBLISH_POLICY, /* the next version */
    TN_SIM_PUBLISH_CAPACITY,
    TN_SIM_SUSPEND_PORT,
    TN_SIM_REALLOCATE,
    TN_SIM_RESUME_PORT,
    TN_SIM_SUSPEND_OFFICER,
    TN_SIM_END_PROGRAMME, /* every port is suspended, which cancels all that is outstanding */
};

struct tn_sim_action {
    uint64_t time_us;
    uint32_t order; /* of planning: settles equal times */
    uint32_t key;   /* `order` of the action whose key this is: its own, or the retried one's */
    uint32_t group;
    uint32_t detail;
    uint8_t act;
    uint8_t variant;
    bool retry;
};

/* A group's row as it was at noon, for those who accept or remove somebody. */
struct tn_sim_row {
    struct tn_registration_row row;
    uint8_t offer[TN_ID_SIZE];
};

/* ---- commands in flight ---- */

enum tn_sim_expect { TN_SIM_EXPECT_ANY = 0, TN_SIM_EXPECT_DONE, TN_SIM_EXPECT_REFUSED };

struct tn_sim_slot {
    struct tn_intake_command command;
    struct tn_random random;
    struct tn_sim_slot *next;
    struct tn_sim_pool *pool;
    uint8_t expect;
};

struct tn_sim_pool {
    struct tn_sim_slot *slots;
    size_t count;
    struct tn_sim_slot *free; /* the player's */
    size_t free_count;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    struct tn_sim_slot *finished; /* under the lock */
    bool waiting;
    uint32_t slow_us;
    uint64_t answers; /* the committer's */
};

/* pool.c */
TN_MUST_USE enum tn_status tn_sim_pool_open(struct tn_sim_pool *pool, size_t count,
                                            uint32_t slow_us);
/* Nothing is in flight any more. */
void tn_sim_pool_close(struct tn_sim_pool *pool);
/* An initialised command, waiting for one when all are in flight. What was answered meanwhile is
 * counted in sim->report. Statuses of an answer that is neither done nor refused. */
TN_MUST_USE enum tn_status tn_sim_slot_take(struct tn_sim *sim, struct tn_sim_slot **slot);
/* Give it back unused. */
void tn_sim_slot_drop(struct tn_sim *sim, struct tn_sim_slot *slot);
TN_MUST_USE enum tn_status tn_sim_slot_submit(struct tn_sim *sim, struct tn_sim_slot *slot,
                                              uint64_t time_us);
/* Submit, wait, and count the answer; the slot is given back. TN_REFUSED is TN_OK with a count. */
TN_MUST_USE enum tn_status tn_sim_slot_call(struct tn_sim *sim, struct tn_sim_slot *slot,
                                            uint64_t time_us);
/* Wait for everything in flight. */
TN_MUST_USE enum tn_status tn_sim_drain(struct tn_sim *sim);

/* ---- the whole ---- */

struct tn_sim {
    struct tn_simulate_options options;
    const char *directory;
    struct tn_simulate_report *report;
    struct tn_error *error;
    uint64_t started_us;
    uint64_t shown_us;

    struct tn_ledger *ledger;
    struct tn_state views;
    bool views_open;
    uint8_t approvers[2][TN_ID_SIZE];
    struct tn_simulate_login staff[TN_SIM_STAFF_MAX];
    uint8_t organisations[TN_SIM_ORGANISATIONS][TN_ID_SIZE];
    size_t staff_count;

    /* the ledger's versions: the history from the start on, numbered from 1 */
    struct tn_policy *policies[TN_POLICY_HISTORY_COUNT];
    size_t policy_count;
    size_t published;
    uint64_t created_us;
    uint32_t base_day; /* days in groups count from here */

    struct tn_sim_group *groups;
    size_t group_count;
    size_t group_capacity;
    uint32_t *known; /* open addressing by id; place + 1 */
    size_t known_capacity;
    size_t known_count;
    struct tn_sim_list appointed; /* who may be asked about; some of them no more */
    size_t standing;              /* of them, at the last opening */
    struct tn_sim_list withdrawn;
    struct tn_sim_list *calendar; /* by service date - base_day */
    size_t calendar_days;

    /* the day that is played */
    uint32_t day_number; /* from 1; 0 before the first window */
    bool evening;        /* after the last draw */
    uint32_t civil_day;
    uint64_t from_us;
    uint64_t until_us;    /* the next opening */
    uint64_t midnight_us; /* from here on it is civil_day + 1 */
    struct tn_window window;
    const struct tn_policy *policy; /* of the window */
    struct tn_sim_action *actions;
    size_t action_count;
    size_t action_capacity;
    uint32_t action_order;
    struct tn_arena day_arena;
    struct tn_sim_row *rows;
    size_t row_count;
    size_t row_capacity;
    struct tn_sim_list winners; /* offered since the last plan */
    struct tn_sim_list lapsed;
    uint64_t requests_before;

    /* a suspension, drill or history */
    uint16_t suspended_port;
    uint64_t suspend_us; /* 0: none in this season */
    uint64_t resume_us;
    uint32_t honour_before;

    struct tn_sim_pool pool;
    uint64_t command_number; /* of random sources */
    uint64_t now_us;         /* of the last command */
    uint64_t position;       /* entries of the log that were read */
    struct tn_arena event_arena;
    enum tn_status status; /* of an answer that ends the play */
};

/* plan.c: who does what from from_us on. */
TN_MUST_USE enum tn_status tn_sim_plan_backlog(struct tn_sim *sim);
TN_MUST_USE enum tn_status tn_sim_plan_day(struct tn_sim *sim);
/* After the last draw: winners answer, officers ask. */
TN_MUST_USE enum tn_status tn_sim_plan_evening(struct tn_sim *sim);
/* An action; silently none when its time is not of this day. TN_MEMORY. */
TN_MUST_USE enum tn_status tn_sim_plan(struct tn_sim *sim, const struct tn_sim_action *action);
/* The committed row of a group, for an action's `detail`. At rest. */
TN_MUST_USE enum tn_status tn_sim_read_row(struct tn_sim *sim, uint32_t group, uint32_t *row);

/* plan_ports.c: port days, and the questions of officers. */
TN_MUST_USE enum tn_status tn_sim_plan_port_days(struct tn_sim *sim);
TN_MUST_USE enum tn_status tn_sim_plan_questions(struct tn_sim *sim);

/* make.c: fill the slot; `*wanted` false when there is nothing to send after all. */
TN_MUST_USE enum tn_status tn_sim_make(struct tn_sim *sim, const struct tn_sim_action *action,
                                       struct tn_sim_slot *slot, bool *wanted);

/* play.c: everything planned, in order of time. */
TN_MUST_USE enum tn_status tn_sim_play(struct tn_sim *sim);

/* observe.c: read the log up to its head, at rest: states of groups, and the report. */
TN_MUST_USE enum tn_status tn_sim_observe(struct tn_sim *sim);

/* programme.c */
TN_MUST_USE enum tn_status tn_sim_policies_make(struct tn_sim *sim);
/* Publications, the suspension and others that fall into this day. */
TN_MUST_USE enum tn_status tn_sim_plan_programme(struct tn_sim *sim);
TN_MUST_USE enum tn_status tn_sim_run_programme(struct tn_sim *sim, enum tn_sim_programme what,
                                                uint64_t time_us);
const struct tn_policy *tn_sim_policy_at(const struct tn_sim *sim, uint64_t time_us);
/* The place of a port officer in `staff`, by the port's place in the policy's table. */
size_t tn_sim_port_officer(size_t port);

/* report.c: DIR/simulated.json, for whoever tries the ledger out. */
TN_MUST_USE enum tn_status tn_simulate_write_sample(const char *directory,
                                                    const struct tn_simulate_report *report,
                                                    struct tn_error *error);

#endif
