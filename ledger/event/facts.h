/* Commands and their facts: everything a rule needs of a command, and no personal data (P5).
 * The first event of a command records them whole, so that an auditor can run the rule again. */
#ifndef TN_LEDGER_EVENT_FACTS_H
#define TN_LEDGER_EVENT_FACTS_H

#include "ledger/event/record.h"

/* ---- parts that facts and bodies share ---- */

/* Seats of one slot: `minute` of the day at the port's civil date `date` (days since 1970). */
#define TN_LIST_RUN(F, S)                                                                          \
    F(S, 1, UINT, date, _)                                                                         \
    F(S, 2, UINT, minute, _)                                                                       \
    F(S, 3, UINT, seats, _)
TN_RECORD_DECLARE(run, TN_LIST_RUN)

/* One salted commitment to a field of a member's personal data (spec/privacy.md 1). */
#define TN_LIST_COMMITMENT(F, S)                                                                   \
    F(S, 1, UINT, field, _)                                                                        \
    F(S, 2, HASH, commitment, _)
TN_RECORD_DECLARE(commitment, TN_LIST_COMMITMENT)

/* A person as a member of a group. `adult` is attested at intake. */
#define TN_LIST_NEW_MEMBER(F, S)                                                                   \
    F(S, 1, ID, member, _)                                                                         \
    F(S, 2, ID, person, _)                                                                         \
    F(S, 3, UINT, adult, _)                                                                        \
    F(S, 4, RECORDS, commitments, commitment)
TN_RECORD_DECLARE(new_member, TN_LIST_NEW_MEMBER)

#define TN_LIST_SLOT_CAPACITY(F, S)                                                                \
    F(S, 1, UINT, minute, _)                                                                       \
    F(S, 2, UINT, seats, _)
TN_RECORD_DECLARE(slot_capacity, TN_LIST_SLOT_CAPACITY)

/* `ends_us`: the end of the service date at the port, resolved when published. */
#define TN_LIST_PORT_CAPACITY(F, S)                                                                \
    F(S, 1, UINT, port, _)                                                                         \
    F(S, 2, UINT, ends_us, _)                                                                      \
    F(S, 3, RECORDS, slots, slot_capacity)
TN_RECORD_DECLARE(port_capacity, TN_LIST_PORT_CAPACITY)

/* Seats moved from one slot to another. */
#define TN_LIST_SEAT_MOVE(F, S)                                                                    \
    F(S, 1, UINT, port, _)                                                                         \
    F(S, 2, UINT, date, _)                                                                         \
    F(S, 3, UINT, minute, _)                                                                       \
    F(S, 4, UINT, to_port, _)                                                                      \
    F(S, 5, UINT, to_date, _)                                                                      \
    F(S, 6, UINT, to_minute, _)                                                                    \
    F(S, 7, UINT, seats, _)
TN_RECORD_DECLARE(seat_move, TN_LIST_SEAT_MOVE)

/* ---- facts, one record a command ---- */

#define TN_LIST_FACTS_CREATE_LEDGER(F, S)                                                          \
    F(S, 1, TEXT, origin, _)                                                                       \
    F(S, 2, UINT, simulated, _)                                                                    \
    F(S, 3, HASH, gid_key, _)                                                                      \
    F(S, 4, HASH, log_key, _)                                                                      \
    F(S, 5, HASH, cosigner_key, _)
TN_RECORD_DECLARE(facts_create_ledger, TN_LIST_FACTS_CREATE_LEDGER)

#define TN_LIST_FACTS_ANCHOR_CHAIN(F, S)                                                           \
    F(S, 1, ID, chain, _)                                                                          \
    F(S, 2, ID, owner, _)                                                                          \
    F(S, 3, UINT, length, _)                                                                       \
    F(S, 4, HASH, anchor, _)                                                                       \
    F(S, 5, UINT, first_day, _)
TN_RECORD_DECLARE(facts_anchor_chain, TN_LIST_FACTS_ANCHOR_CHAIN)

/* `document` is the canonical policy of ledger/rules/policy.h. */
#define TN_LIST_FACTS_PUBLISH_POLICY(F, S)                                                         \
    F(S, 1, UINT, policy, _)                                                                       \
    F(S, 2, UINT, effective_us, _)                                                                 \
    F(S, 3, BYTES, document, _)                                                                    \
    F(S, 4, IDS, approvers, _)                                                                     \
    F(S, 5, TEXT, reason, _)
TN_RECORD_DECLARE(facts_publish_policy, TN_LIST_FACTS_PUBLISH_POLICY)

#define TN_LIST_FACTS_PUBLISH_CAPACITY(F, S)                                                       \
    F(S, 1, UINT, date, _)                                                                         \
    F(S, 2, RECORDS, ports, port_capacity)                                                         \
    F(S, 3, IDS, approvers, _)                                                                     \
    F(S, 4, TEXT, reason, _)
TN_RECORD_DECLARE(facts_publish_capacity, TN_LIST_FACTS_PUBLISH_CAPACITY)

/* Appointments dated before `honour_before` stand; later ones are cancelled with the suspension. */
#define TN_LIST_FACTS_SUSPEND_PORT(F, S)                                                           \
    F(S, 1, UINT, port, _)                                                                         \
    F(S, 2, UINT, honour_before, _)                                                                \
    F(S, 3, IDS, approvers, _)                                                                     \
    F(S, 4, TEXT, reason, _)
TN_RECORD_DECLARE(facts_suspend_port, TN_LIST_FACTS_SUSPEND_PORT)

#define TN_LIST_FACTS_RESUME_PORT(F, S)                                                            \
    F(S, 1, UINT, port, _)                                                                         \
    F(S, 2, IDS, approvers, _)                                                                     \
    F(S, 3, TEXT, reason, _)
TN_RECORD_DECLARE(facts_resume_port, TN_LIST_FACTS_RESUME_PORT)

#define TN_LIST_FACTS_REALLOCATE_SEATS(F, S)                                                       \
    F(S, 1, RECORDS, moves, seat_move)                                                             \
    F(S, 2, IDS, approvers, _)                                                                     \
    F(S, 3, TEXT, reason, _)
TN_RECORD_DECLARE(facts_reallocate_seats, TN_LIST_FACTS_REALLOCATE_SEATS)

/* `token` is the SHA-256 of the bearer token; `port` binds a port officer to one port. */
#define TN_LIST_FACTS_ENROL_OFFICER(F, S)                                                          \
    F(S, 1, STREAM, officer, _)                                                                    \
    F(S, 2, UINT, role, _)                                                                         \
    F(S, 3, ID, organisation, _)                                                                   \
    F(S, 4, HASH, token, _)                                                                        \
    F(S, 5, UINT, port, _)
TN_RECORD_DECLARE(facts_enrol_officer, TN_LIST_FACTS_ENROL_OFFICER)

#define TN_LIST_FACTS_SUSPEND_OFFICER(F, S)                                                        \
    F(S, 1, STREAM, officer, _)                                                                    \
    F(S, 2, TEXT, reason, _)
TN_RECORD_DECLARE(facts_suspend_officer, TN_LIST_FACTS_SUSPEND_OFFICER)

#define TN_LIST_FACTS_REGISTER(F, S)                                                               \
    F(S, 1, STREAM, registration, _)                                                               \
    F(S, 2, HASH, token, _)                                                                        \
    F(S, 3, ID, place, _)                                                                          \
    F(S, 4, HASH, destination, _)                                                                  \
    F(S, 5, RECORDS, members, new_member)                                                          \
    F(S, 6, UINT, today, _)                                                                        \
    F(S, 7, ID, nonce, _)
TN_RECORD_DECLARE(facts_register, TN_LIST_FACTS_REGISTER)

#define TN_LIST_FACTS_ADD_MEMBER(F, S)                                                             \
    F(S, 1, STREAM, registration, _)                                                               \
    F(S, 2, RECORD, member, new_member)                                                            \
    F(S, 3, UINT, today, _)                                                                        \
    F(S, 4, ID, nonce, _)
TN_RECORD_DECLARE(facts_add_member, TN_LIST_FACTS_ADD_MEMBER)

/* `by` names the member on whose act the other (or the same) is removed. */
#define TN_LIST_FACTS_REMOVE_MEMBER(F, S)                                                          \
    F(S, 1, STREAM, registration, _)                                                               \
    F(S, 2, ID, member, _)                                                                         \
    F(S, 3, ID, by, _)
TN_RECORD_DECLARE(facts_remove_member, TN_LIST_FACTS_REMOVE_MEMBER)

#define TN_LIST_FACTS_REGISTRATION(F, S) F(S, 1, STREAM, registration, _)
TN_RECORD_DECLARE(facts_registration, TN_LIST_FACTS_REGISTRATION)

/* `other` joins `registration`; whoever asks has proved both tokens. */
#define TN_LIST_FACTS_MERGE(F, S)                                                                  \
    F(S, 1, STREAM, registration, _)                                                               \
    F(S, 2, STREAM, other, _)
TN_RECORD_DECLARE(facts_merge, TN_LIST_FACTS_MERGE)

/* Ports in order of preference; the zone decision is attested: its version and result, never where.
 */
#define TN_LIST_FACTS_REQUEST(F, S)                                                                \
    F(S, 1, STREAM, registration, _)                                                               \
    F(S, 2, UINTS, ports, _)                                                                       \
    F(S, 3, UINT, zone_version, _)                                                                 \
    F(S, 4, UINT, zone_result, _)
TN_RECORD_DECLARE(facts_request, TN_LIST_FACTS_REQUEST)

#define TN_LIST_FACTS_WITHDRAW_REQUEST(F, S)                                                       \
    F(S, 1, STREAM, registration, _)                                                               \
    F(S, 2, UINT, day, _)
TN_RECORD_DECLARE(facts_withdraw_request, TN_LIST_FACTS_WITHDRAW_REQUEST)

/* One tag a member, in the order of `members` (spec/privacy.md 4). */
#define TN_LIST_FACTS_ACCEPT_OFFER(F, S)                                                           \
    F(S, 1, STREAM, registration, _)                                                               \
    F(S, 2, ID, offer, _)                                                                          \
    F(S, 3, IDS, members, _)                                                                       \
    F(S, 4, IDS, tags, _)
TN_RECORD_DECLARE(facts_accept_offer, TN_LIST_FACTS_ACCEPT_OFFER)

#define TN_LIST_FACTS_OFFER(F, S)                                                                  \
    F(S, 1, STREAM, registration, _)                                                               \
    F(S, 2, ID, offer, _)
TN_RECORD_DECLARE(facts_offer, TN_LIST_FACTS_OFFER)

/* `outcome` is enum tn_arrival; `rule` the code of the rule by which a group was turned away. */
#define TN_LIST_FACTS_ARRIVAL(F, S)                                                                \
    F(S, 1, UINT, port, _)                                                                         \
    F(S, 2, UINT, date, _)                                                                         \
    F(S, 3, ID, tag, _)                                                                            \
    F(S, 4, UINT, outcome, _)                                                                      \
    F(S, 5, UINT, rule, _)
TN_RECORD_DECLARE(facts_arrival, TN_LIST_FACTS_ARRIVAL)

#define TN_LIST_FACTS_PORT_DAY(F, S)                                                               \
    F(S, 1, UINT, port, _)                                                                         \
    F(S, 2, UINT, date, _)
TN_RECORD_DECLARE(facts_port_day, TN_LIST_FACTS_PORT_DAY)

/* The officer and the organisation are those of the actor's row; `rate` is rate8. */
#define TN_LIST_FACTS_VALIDATE(F, S)                                                               \
    F(S, 1, UINT, purpose, _)                                                                      \
    F(S, 2, ID, tag, _)                                                                            \
    F(S, 3, BYTES, rate, _)
TN_RECORD_DECLARE(facts_validate, TN_LIST_FACTS_VALIDATE)

#define TN_LIST_FACTS_REVEAL_SECRET(F, S)                                                          \
    F(S, 1, UINT, day, _)                                                                          \
    F(S, 2, HASH, secret, _)
TN_RECORD_DECLARE(facts_reveal_secret, TN_LIST_FACTS_REVEAL_SECRET)

#define TN_LIST_FACTS_RESUME(F, S)                                                                 \
    F(S, 1, UINT, extend, _)                                                                       \
    F(S, 2, UINT, last_heartbeat_us, _)
TN_RECORD_DECLARE(facts_resume, TN_LIST_FACTS_RESUME)

/* A witness's secret of the day, revealed after it has seen the pool's root (spec/draw.md 4). */
#define TN_LIST_FACTS_REVEAL_WITNESS(F, S)                                                         \
    F(S, 1, UINT, day, _)                                                                          \
    F(S, 2, ID, witness, _)                                                                        \
    F(S, 3, HASH, secret, _)
TN_RECORD_DECLARE(facts_reveal_witness, TN_LIST_FACTS_REVEAL_WITNESS)

/* `record` is what the beacon gave, whole (ledger/beacon/beacon.h); `again` a manual draw as the
 * second of the two `approvers` typed it. */
#define TN_LIST_FACTS_RECORD_BEACON(F, S)                                                          \
    F(S, 1, UINT, day, _)                                                                          \
    F(S, 2, UINT, type, _)                                                                         \
    F(S, 3, BYTES, record, _)                                                                      \
    F(S, 4, BYTES, again, _)                                                                       \
    F(S, 5, IDS, approvers, _)
TN_RECORD_DECLARE(facts_record_beacon, TN_LIST_FACTS_RECORD_BEACON)

/* The new chain serves the windows that open from `first_day` on; `owner` zero is the operator. */
#define TN_LIST_FACTS_REPLACE_CHAIN(F, S)                                                          \
    F(S, 1, ID, chain, _)                                                                          \
    F(S, 2, ID, owner, _)                                                                          \
    F(S, 3, UINT, length, _)                                                                       \
    F(S, 4, HASH, anchor, _)                                                                       \
    F(S, 5, UINT, first_day, _)                                                                    \
    F(S, 6, IDS, approvers, _)                                                                     \
    F(S, 7, TEXT, reason, _)
TN_RECORD_DECLARE(facts_replace_chain, TN_LIST_FACTS_REPLACE_CHAIN)
/* What a witness answered that no honest log can meet (spec/log.md 5). `witness` is its id16: the
 * first bytes of SHA-256 of its verifier key as text. `status` is the HTTP status, `told` the size
 * that it said it had signed (0: it said none); `size`, `root` are those of the checkpoint that was
 * sent, `old` the size from which it was proved. */
#define TN_LIST_FACTS_REPORT_FORK(F, S)                                                            \
    F(S, 1, ID, witness, _)                                                                        \
    F(S, 2, UINT, status, _)                                                                       \
    F(S, 3, UINT, told, _)                                                                         \
    F(S, 4, UINT, old, _)                                                                          \
    F(S, 5, UINT, size, _)                                                                         \
    F(S, 6, HASH, root, _)
TN_RECORD_DECLARE(facts_report_fork, TN_LIST_FACTS_REPORT_FORK)

/* `code` is enum tn_alarm; `about` whom or what it concerns; `details` are numbers by the code. */
#define TN_LIST_FACTS_RAISE_ALARM(F, S)                                                            \
    F(S, 1, UINT, code, _)                                                                         \
    F(S, 2, ID, about, _)                                                                          \
    F(S, 3, UINTS, details, _)
TN_RECORD_DECLARE(facts_raise_alarm, TN_LIST_FACTS_RAISE_ALARM)

/* ---- the one list of commands: C(number, name, facts record). Numbers are never reused ---- */

#define TN_COMMANDS(C)                                                                             \
    C(1, create_ledger, facts_create_ledger)                                                       \
    C(2, anchor_chain, facts_anchor_chain)                                                         \
    C(3, publish_policy, facts_publish_policy)                                                     \
    C(4, publish_capacity, facts_publish_capacity)                                                 \
    C(5, suspend_port, facts_suspend_port)                                                         \
    C(6, resume_port, facts_resume_port)                                                           \
    C(7, reallocate_seats, facts_reallocate_seats)                                                 \
    C(8, enrol_officer, facts_enrol_officer)                                                       \
    C(9, suspend_officer, facts_suspend_officer)                                                   \
    C(10, register, facts_register)                                                                \
    C(11, add_member, facts_add_member)                                                            \
    C(12, remove_member, facts_remove_member)                                                      \
    C(13, withdraw_registration, facts_registration)                                               \
    C(14, restore_registration, facts_registration)                                                \
    C(15, merge_registrations, facts_merge)                                                        \
    C(16, request_appointment, facts_request)                                                      \
    C(17, withdraw_request, facts_withdraw_request)                                                \
    C(18, accept_offer, facts_accept_offer)                                                        \
    C(19, decline_offer, facts_offer)                                                              \
    C(20, cancel_appointment, facts_offer)                                                         \
    C(21, record_arrival, facts_arrival)                                                           \
    C(22, close_port_day, facts_port_day)                                                          \
    C(23, validate, facts_validate)                                                                \
    C(24, reveal_secret, facts_reveal_secret)                                                      \
    C(25, resume_deadlines, facts_resume)                                                          \
    C(30, report_fork, facts_report_fork)                                                          \
    C(31, raise_alarm, facts_raise_alarm)                                                          \
    C(40, reveal_witness, facts_reveal_witness)                                                    \
    C(41, record_beacon, facts_record_beacon)                                                      \
    C(42, replace_chain, facts_replace_chain)

#define TN_COMMAND_ENUM(number, name, record) TN_COMMAND_##name = (number),
enum tn_command_kind { TN_COMMAND_NONE = 0, TN_COMMANDS(TN_COMMAND_ENUM) TN_COMMAND_LIMIT };

/* One command's facts, by its kind. */
#define TN_COMMAND_MEMBER(number, name, record) struct tn_##record name##_facts;
union tn_facts {
    TN_COMMANDS(TN_COMMAND_MEMBER)
};

/* NULL beyond the list. */
const struct tn_record *tn_command_facts(uint64_t command);
const char *tn_command_name(uint64_t command);

#endif
