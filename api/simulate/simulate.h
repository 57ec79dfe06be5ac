/* The simulation: plays the programme of spec/domain.md through the desk, not around it.
 *
 * Real policy history by date, real capacities and zones, people by the sizes of spec/domain.md 5;
 * they register, ask, ask twice, retry, accept, decline, let lapse, cancel, stay away; officers ask
 * right and wrong numbers; one port is suspended and resumed. All randomness, keys included, comes
 * from the seed and from the order of the commands, never from the time a commit takes: one seed
 * gives the same entries, tiles, root and checkpoint on every machine.
 *
 * Time is virtual: the desk's clock is manual, every command is stamped by the player. */
#ifndef TN_API_SIMULATE_SIMULATE_H
#define TN_API_SIMULATE_SIMULATE_H

#include "api/desk/ledger.h"
#include "api/intake/intake.h"

/* The scale of the real programme, and the largest that is played. */
#define TN_SCALE_ONE_PPM 1000000u
#define TN_SCALE_MAX_PPM (10u * TN_SCALE_ONE_PPM)
/* The programme ran for 621 draws. */
#define TN_SIMULATE_DAYS_MAX 621u
/* Commands at the desk at one time; fewer than TN_DESK_QUEUE_MAX, so the queue is never full. */
#define TN_SIMULATE_IN_FLIGHT 4096u
/* Without no_throttle: a rate that leaves room for other work on the machine. */
#define TN_SIMULATE_THROTTLE_PER_S 20000u
#define TN_SIMULATE_CHECKPOINT_MAX 1024u
#define TN_SIMULATE_EMAIL_SIZE 48

struct tn_simulate_progress {
    uint32_t day;  /* windows begun, 0 while people register before the first */
    uint32_t days; /* to play */
    uint32_t civil_day;
    uint64_t events;
    uint64_t commands; /* of the day: played so far */
    uint64_t commands_of_day;
    uint64_t wall_us; /* since the start */
};

struct tn_simulate_options {
    uint32_t days;      /* windows to play, 1..TN_SIMULATE_DAYS_MAX */
    uint32_t start_day; /* civil day of the first; 0: 2023-07-05, when 1,450 seats are given */
    uint32_t scale_ppm; /* people, never seats; 0: TN_SCALE_ONE_PPM */
    uint64_t seed;
    uint32_t commands_per_s; /* 0: as fast as it goes */
    uint32_t in_flight;      /* 0: TN_SIMULATE_IN_FLIGHT */
    uint32_t slow_us;        /* tests: the committer sleeps this long after every 64th answer */
    void (*progress)(void *context, const struct tn_simulate_progress *progress);
    void *context;
};

/* Groups and seats at one port. */
struct tn_simulate_port {
    uint16_t code;
    char name[TN_POLICY_PORT_NAME_SIZE];
    uint64_t offered_groups;
    uint64_t offered_seats;
    uint64_t confirmed_seats;
    uint64_t declined_seats; /* by the winner, or taken back by the agency */
    uint64_t lapsed_seats;
    uint64_t cancelled_seats;
    uint64_t returned_seats; /* all that went back to be offered again */
    uint64_t expired_seats;
    uint64_t presented_seats;
    uint64_t missed_seats;
};

/* Requests that stood at the close of a day, and offers, of groups of one size. */
struct tn_simulate_size {
    uint64_t asked;
    uint64_t offered;
};

/* Who may be tried out on the ledger: it is a simulation, there is nothing to protect. */
struct tn_simulate_login {
    char email[TN_SIMULATE_EMAIL_SIZE];
    uint8_t id[TN_ID_SIZE];
    uint8_t token[TN_TOKEN_SIZE];
    uint16_t port; /* of a port officer */
};

struct tn_simulate_sample {
    bool has_pair; /* somebody's appointment stands */
    char number[TN_CONFIRMATION_TEXT_SIZE];
    uint32_t birth; /* YYYYMMDD */
    struct tn_simulate_login officer;
    struct tn_simulate_login auditor;
    struct tn_simulate_login port_officer;
    bool has_owner; /* of the appointment above, or of any registration */
    uint8_t registration[TN_ID_SIZE];
    uint8_t token[TN_TOKEN_SIZE];
};

struct tn_simulate_report {
    uint32_t start_day;
    uint32_t days;
    uint32_t scale_ppm;
    uint64_t seed;
    uint64_t events;
    uint64_t commands;
    uint64_t replayed; /* retries that were answered with the first's events */
    uint64_t refused;
    uint64_t unexpected; /* answers that the player had not foreseen; 0 in a sound ledger */
    uint64_t wall_us;
    uint64_t last_us; /* virtual time at the end */
    uint64_t registrations;
    uint64_t people;
    uint64_t requests;       /* appointment_requested and request_replaced */
    uint64_t requests_least; /* on the quietest and the busiest day */
    uint64_t requests_most;
    uint64_t longest_wait_days;    /* of a group that was offered seats */
    uint64_t longest_waiting_days; /* of one that waits still */
    uint32_t port_count;
    struct tn_simulate_port ports[TN_POLICY_PORTS_MAX];
    struct tn_simulate_size sizes[TN_POLICY_SIZE_MAX + 1];
    uint64_t kinds[TN_KIND_LIMIT]; /* events by kind */
    uint64_t refusals[TN_REFUSAL_LIMIT];
    struct tn_simulate_sample sample;
    char origin[TN_NAME_BYTES_MAX + 1];
    char vkey[TN_VKEY_SIZE];
    char checkpoint[TN_SIMULATE_CHECKPOINT_MAX]; /* the signed note */
};

/* Make a ledger in a directory that does not exist or is empty, play, publish a checkpoint at each
 * day's end and at the end, and write DIR/simulated.json. Blocks; starts the desk's threads and
 * none of its own. sodium_init has run. `report` may be read after a failure too: it says how far
 * it came.
 *
 * TN_INVALID   days, scale or start that cannot be played (before 2023-05-10, or after the end)
 * TN_EXISTS    there is something in the directory
 * and what the parts say. */
TN_MUST_USE enum tn_status tn_simulate(const char *directory,
                                       const struct tn_simulate_options *options,
                                       struct tn_simulate_report *report, struct tn_error *error);

/* Append the report for people, and as one JSON object. */
void tn_simulate_report_text(const struct tn_simulate_report *report, struct tn_buffer *out);
TN_MUST_USE enum tn_status tn_simulate_report_json(const struct tn_simulate_report *report,
                                                   struct tn_buffer *out);

#endif
