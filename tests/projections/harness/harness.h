/* A desk in one thread for the tests of rules and folds: it emits what falls due, decides commands,
 * takes every event through its bytes, folds it into the engine's live rows, and checks the
 * promises after each. A shadow counts seats, offers and persons a second time, from the events
 * alone. */
#ifndef TN_TESTS_PROJECTIONS_HARNESS_HARNESS_H
#define TN_TESTS_PROJECTIONS_HARNESS_HARNESS_H

#include "ledger/log/log.h"
#include "ledger/rules/policy.h"
#include "ledger/rules/window.h"
#include "projections/decide.h"
#include "projections/engine.h"
#include "tests/projections/harness/shadow.h"
#include "tests/scratch.h"

#define HARNESS_CHAIN_LENGTH 400u
#define HARNESS_WITNESSES 3u

/* Ends the test when `call` is not TN_OK. */
#define HARNESS_MUST(call, error_)                                                                 \
    do {                                                                                           \
        enum tn_status must_status_ = (call);                                                      \
        if (must_status_ != TN_OK) {                                                               \
            fail_msg("%s: %s: %s", #call, tn_status_name(must_status_), (error_)->text);           \
        }                                                                                          \
    } while (0)

/* A store in a temporary directory with a log and the live rows over it. */
struct place {
    char directory[SCRATCH_BYTES];
    struct tn_store *store;
    struct tn_log *log;
    struct tn_engine *engine;
    struct tn_batch *batch;
    struct tn_buffer bytes; /* of entries that are not committed yet */
    struct tn_log_entry *entries;
    size_t *offsets;
    size_t entry_count;
};

struct harness {
    struct place place;
    struct tn_decider decider;
    struct shadow shadow;
    struct tn_arena arena;      /* one decision */
    struct tn_arena fold_arena; /* one event */
    struct tn_error error;
    uint64_t next_index;
    uint64_t now_us; /* of the last event or command */
    uint64_t next_command;
    uint64_t opening_us; /* of the next day; UINT64_MAX: none in sight */
    uint32_t opening_policy;
    struct tn_window opening;
    bool opening_stale;
    bool opens_nothing; /* a desk that keeps quiet about windows, or is down */
    bool
        late; /* what fell due is stamped with the time of the command before which it is emitted */
    uint64_t chain_first_day;
    uint8_t chain_tail[TN_HASH_SIZE];
    /* of the last command */
    uint64_t first_index;
    size_t event_count;
    uint64_t commands;
    uint64_t refusals[TN_REFUSAL_LIMIT];
    uint8_t witness_tails[HARNESS_WITNESSES][TN_HASH_SIZE];
    uint64_t witness_first_days[HARNESS_WITNESSES];
    uint64_t chains; /* made so far: each replacement has a tail of its own */
};

/* ---- desk.c ---- */

void place_open(struct place *place);
void place_destroy(struct place *place);
/* Add the canonical bytes of an event that was just folded; committed in batches of some hundred.
 */
void place_add(struct place *place, const struct tn_event *event, struct tn_bytes bytes);
void place_commit(struct place *place);

/* An empty ledger: no genesis yet. Fails the test when something is wrong, as everything here does.
 */
void harness_open(struct harness *harness);
void harness_close(struct harness *harness);
/* Emit everything due up to `time_us` (included), draws with it. */
void harness_advance(struct harness *harness, uint64_t time_us);
/* Emit the next item, whatever else is due. */
void harness_emit_one(struct harness *harness, uint64_t time_us);
/* The next item, due or not; false when none is in sight. `due->due_us` is also that of an opening.
 */
bool harness_next_due(struct harness *harness, struct tn_due *due, bool *opening);
/* Advance to the command's time and decide it; its refusal is recorded and returned. The id is set.
 */
enum tn_refusal harness_decide(struct harness *harness, struct tn_command *command);
/* The same without what is due: after a pause (resume_deadlines). */
enum tn_refusal harness_decide_paused(struct harness *harness, struct tn_command *command);

/* ---- world.c: commands with made-up ids, in few words ---- */

#define PORT_A 2504u
#define PORT_B 2301u
#define PORT_C 2604u

/* An id of its own for each (letter, number). */
void make_id(uint8_t id[static TN_ID_SIZE], char letter, uint64_t number);
/* A small runnable policy, from `effective_us` on: three ports, four slots, 24 seats a day, horizon
 * 6, notice 3, groups of up to 6, 30 % by seniority, window 12:00 to 11:00 New York. */
void make_policy(struct tn_policy *policy, uint32_t version, uint64_t effective_us);
/* Genesis, the chain, officers (see below), and `policy` published (its version must be 1). */
void harness_found(struct harness *harness, const struct tn_policy *policy, uint64_t time_us);

/* Officers made by harness_found: 'o' 1, 2 own the policy, 3 schedules, 4 validates, 5 to 7 at
 * ports A, B, C, 8 validates and is suspended. */
enum { OWNER_1 = 1, OWNER_2, SCHEDULER, VALIDATOR, OFFICER_A, OFFICER_B, OFFICER_C, SUSPENDED };

struct tn_command command_of(enum tn_command_kind kind, enum tn_role role, const uint8_t *actor,
                             uint64_t time_us);
/* By an applicant, the registration itself. */
struct tn_command command_by(enum tn_command_kind kind, uint64_t registration, uint64_t time_us);
/* By the operator. */
struct tn_command command_by_operator(enum tn_command_kind kind, uint64_t time_us);
struct tn_command command_by_officer(enum tn_command_kind kind, uint64_t officer, enum tn_role role,
                                     uint64_t time_us);

enum tn_refusal do_register(struct harness *harness, uint64_t registration, const uint64_t *persons,
                            size_t count, uint64_t time_us);
enum tn_refusal do_add(struct harness *harness, uint64_t registration, uint64_t person, bool adult,
                       uint64_t time_us);
enum tn_refusal do_remove(struct harness *harness, uint64_t registration, uint64_t person,
                          uint64_t by, uint64_t time_us);
enum tn_refusal do_withdraw(struct harness *harness, uint64_t registration, uint64_t time_us);
enum tn_refusal do_restore(struct harness *harness, uint64_t registration, uint64_t time_us);
enum tn_refusal do_merge(struct harness *harness, uint64_t registration, uint64_t other,
                         uint64_t time_us);
enum tn_refusal do_ask(struct harness *harness, uint64_t registration, const uint64_t *ports,
                       size_t count, uint64_t time_us);
enum tn_refusal do_unask(struct harness *harness, uint64_t registration, uint64_t day,
                         uint64_t time_us);
enum tn_refusal do_accept(struct harness *harness, uint64_t registration, uint64_t time_us);
enum tn_refusal do_decline(struct harness *harness, uint64_t registration, uint64_t time_us);
enum tn_refusal do_cancel(struct harness *harness, uint64_t registration, uint64_t time_us);
enum tn_refusal do_validate(struct harness *harness, uint64_t registration, uint64_t person,
                            uint64_t time_us);
enum tn_refusal do_arrive(struct harness *harness, uint64_t registration, uint64_t person,
                          enum tn_arrival outcome, uint64_t time_us);
enum tn_refusal do_close_port_day(struct harness *harness, uint64_t port, uint64_t date,
                                  uint64_t time_us);
enum tn_refusal do_suspend(struct harness *harness, uint64_t port, uint64_t honour_before,
                           uint64_t time_us);
enum tn_refusal do_resume_port(struct harness *harness, uint64_t port, uint64_t time_us);
enum tn_refusal do_reallocate(struct harness *harness, const struct tn_seat_move *moves,
                              size_t count, uint64_t time_us);
enum tn_refusal do_publish(struct harness *harness, const struct tn_policy *policy,
                           uint64_t time_us);

/* The number in a made-up id; whether a made-up person is an adult (every fourth is a child). */
uint64_t id_number(const uint8_t id[static TN_ID_SIZE]);
bool is_adult(uint64_t person);
uint64_t officer_of(uint64_t port);
uint32_t zone_version(struct harness *harness, uint64_t time_us);
void make_member(struct tn_new_member *member, uint64_t person);
/* The command that do_register decides; `members` has room for `count`. */
struct tn_command command_register(uint64_t registration, const uint64_t *persons, size_t count,
                                   struct tn_new_member *members, uint64_t time_us);
/* The tag of a person with the number of an appointment: what intake would compute. */
void make_tag(uint8_t tag[static TN_ID_SIZE], const uint8_t offer[static TN_ID_SIZE],
              uint64_t person);
/* Two owners of the policy, as approvers. */
struct tn_ids approvers(void);

/* ---- sources.c: what binds a draw ---- */

/* Mode 1 with the first `witnesses` of the made-up ones, awaited for 30 minutes, and a beacon of
 * that type 15 minutes after the close. */
void bind_policy(struct tn_policy *policy, uint32_t witnesses, enum tn_policy_beacon beacon);
/* The id of witness 1 to 3; 0 is the operator: zeros. */
void witness_id(uint8_t id[static TN_ID_SIZE], uint32_t witness);
enum tn_refusal do_anchor(struct harness *harness, uint32_t witness, uint64_t first_day,
                          uint64_t time_us);
enum tn_refusal do_replace_chain(struct harness *harness, uint32_t witness, uint64_t first_day,
                                 uint64_t time_us);
/* The right secret of the day; `harness_witness_secret` gives it. */
enum tn_refusal do_reveal(struct harness *harness, uint32_t witness, uint64_t day,
                          uint64_t time_us);
enum tn_refusal do_reveal_this(struct harness *harness, uint32_t witness, uint64_t day,
                               const uint8_t secret[static TN_HASH_SIZE], uint64_t time_us);
void harness_witness_secret(struct harness *harness, uint32_t witness, uint64_t day,
                            uint8_t secret[static TN_HASH_SIZE]);
/* `again` NULL: the same as `record`. */
enum tn_refusal do_beacon(struct harness *harness, uint64_t day, enum tn_policy_beacon type,
                          struct tn_bytes record, const char *again, uint64_t time_us);
enum tn_refusal do_reveal_operator(struct harness *harness, uint64_t day, uint64_t time_us);

/* ---- rows.c: reading rows ---- */

void read_registration(struct harness *harness, uint64_t registration,
                       struct tn_registration_row *row, bool *found);
void read_offer(struct harness *harness, const uint8_t offer[static TN_ID_SIZE],
                struct tn_offer_row *row, bool *found);
void read_queue(struct harness *harness, struct tn_queue_row *row);
void read_day(struct harness *harness, uint64_t day, struct tn_day_row *row, bool *found);
void read_slot(struct harness *harness, uint64_t port, uint64_t date, uint64_t minute,
               struct tn_slot_row *slot);
void read_tally(struct harness *harness, uint64_t day, struct tn_day_tally_row *row);
void read_port(struct harness *harness, uint64_t port, struct tn_port_row *row);
/* The request of a registration in a day's pool. */
void read_pool(struct harness *harness, uint64_t day, uint64_t registration,
               struct tn_pool_row *row, bool *found);
/* The event at an index of the log, decoded into the harness's arena (until the next command). */
void read_event(struct harness *harness, uint64_t index, struct tn_event *event);
/* How many events of a kind the log has, and the index of the last. */
uint64_t count_kind(struct harness *harness, enum tn_kind_number kind, uint64_t *last);

/* ---- replay.c ---- */

/* Take every entry of the harness's log again: decide its command again on rows folded so far (P4),
 * compare the bytes, fold into fresh rows (P6), compare all roots at the end. False with the first
 * difference in `words`. `*decided` counts commands and due items. */
bool harness_replay(struct harness *harness, uint64_t *decided, char *words, size_t size);
/* The same, but nine in ten of the decisions that may be left out are. */
bool harness_replay_sample(struct harness *harness, uint64_t *left_out, char *words, size_t size);

#endif
