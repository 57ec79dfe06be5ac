/* The one list of event kinds (spec/domain.md 2) with the body of each, and the refusal codes.
 * Key 0 of a body is `facts` where the event answers a command, key 1 a nonce where it commits to
 * personal data. ledger/event/EVENTS.md is generated from these lists. */
#ifndef TN_LEDGER_EVENT_KINDS_H
#define TN_LEDGER_EVENT_KINDS_H

#include "ledger/event/facts.h"

/* ---- ledger ---- */
#define TN_LIST_LEDGER_CREATED(F, S) F(S, 0, RECORD, facts, facts_create_ledger)
TN_RECORD_DECLARE(ledger_created, TN_LIST_LEDGER_CREATED)

#define TN_LIST_CHAIN_ANCHORED(F, S) F(S, 0, RECORD, facts, facts_anchor_chain)
TN_RECORD_DECLARE(chain_anchored, TN_LIST_CHAIN_ANCHORED)

/* A chain that was lost or leaked; the days until the new one begins are voided one by one. */
#define TN_LIST_CHAIN_REPLACED(F, S) F(S, 0, RECORD, facts, facts_replace_chain)
TN_RECORD_DECLARE(chain_replaced, TN_LIST_CHAIN_REPLACED)

/* spec/log.md 7; `scope` 1 delta, 2 full. */
#define TN_LIST_STATE_SEALED(F, S)                                                                 \
    F(S, 2, UINT, projection, _)                                                                   \
    F(S, 3, UINT, projection_version, _)                                                           \
    F(S, 4, UINT, scope, _)                                                                        \
    F(S, 5, UINT, upto, _)                                                                         \
    F(S, 6, UINT, rows, _)                                                                         \
    F(S, 7, HASH, root, _)
TN_RECORD_DECLARE(state_sealed, TN_LIST_STATE_SEALED)

/* A witness holds a history of this log that is not this one: evidence, and nothing is folded. */
#define TN_LIST_FORK_SEEN(F, S) F(S, 0, RECORD, facts, facts_report_fork)
TN_RECORD_DECLARE(fork_seen, TN_LIST_FORK_SEEN)

/* Something that the operator must look at; once a day for each cause. */
#define TN_LIST_ALARM_RAISED(F, S) F(S, 0, RECORD, facts, facts_raise_alarm)
TN_RECORD_DECLARE(alarm_raised, TN_LIST_ALARM_RAISED)

/* ---- policy ---- */
#define TN_LIST_POLICY_PUBLISHED(F, S) F(S, 0, RECORD, facts, facts_publish_policy)
TN_RECORD_DECLARE(policy_published, TN_LIST_POLICY_PUBLISHED)

/* By a command of a scheduler (facts), or by the policy when a day opens (no facts). */
#define TN_LIST_CAPACITY_PUBLISHED(F, S)                                                           \
    F(S, 0, RECORD, facts, facts_publish_capacity)                                                 \
    F(S, 2, UINT, date, _)                                                                         \
    F(S, 3, RECORDS, ports, port_capacity)
TN_RECORD_DECLARE(capacity_published, TN_LIST_CAPACITY_PUBLISHED)

#define TN_LIST_PORT_SUSPENDED(F, S) F(S, 0, RECORD, facts, facts_suspend_port)
TN_RECORD_DECLARE(port_suspended, TN_LIST_PORT_SUSPENDED)

#define TN_LIST_PORT_RESUMED(F, S) F(S, 0, RECORD, facts, facts_resume_port)
TN_RECORD_DECLARE(port_resumed, TN_LIST_PORT_RESUMED)

#define TN_LIST_SEATS_REALLOCATED(F, S) F(S, 0, RECORD, facts, facts_reallocate_seats)
TN_RECORD_DECLARE(seats_reallocated, TN_LIST_SEATS_REALLOCATED)

/* Deadlines and window ends not reached at `from_us` move by `by_us`. */
#define TN_LIST_WINDOW_EXTENDED(F, S)                                                              \
    F(S, 0, RECORD, facts, facts_resume)                                                           \
    F(S, 2, UINT, from_us, _)                                                                      \
    F(S, 3, UINT, by_us, _)
TN_RECORD_DECLARE(window_extended, TN_LIST_WINDOW_EXTENDED)

/* ---- registration ---- */
#define TN_LIST_REGISTRATION_CREATED(F, S)                                                         \
    F(S, 0, RECORD, facts, facts_register)                                                         \
    F(S, 1, ID, nonce, _)                                                                          \
    F(S, 2, UINT, created_day, _)
TN_RECORD_DECLARE(registration_created, TN_LIST_REGISTRATION_CREATED)

/* After it the group has `size` members and the seniority of `registered_day`. */
#define TN_LIST_MEMBER_ADDED(F, S)                                                                 \
    F(S, 0, RECORD, facts, facts_add_member)                                                       \
    F(S, 1, ID, nonce, _)                                                                          \
    F(S, 2, STREAM, registration, _)                                                               \
    F(S, 3, ID, member, _)                                                                         \
    F(S, 4, ID, person, _)                                                                         \
    F(S, 5, UINT, adult, _)                                                                        \
    F(S, 6, UINT, added_day, _)                                                                    \
    F(S, 7, ID, by, _)                                                                             \
    F(S, 8, UINT, size, _)                                                                         \
    F(S, 9, UINT, registered_day, _)                                                               \
    F(S, 10, UINT, blocked_day, _)
TN_RECORD_DECLARE(member_added, TN_LIST_MEMBER_ADDED)

#define TN_LIST_MEMBER_REMOVED(F, S)                                                               \
    F(S, 0, RECORD, facts, facts_remove_member)                                                    \
    F(S, 2, STREAM, registration, _)                                                               \
    F(S, 3, ID, member, _)                                                                         \
    F(S, 4, ID, person, _)                                                                         \
    F(S, 5, ID, by, _)                                                                             \
    F(S, 6, UINT, size, _)                                                                         \
    F(S, 7, UINT, registered_day, _)                                                               \
    F(S, 8, UINT, asked_day, _)
TN_RECORD_DECLARE(member_removed, TN_LIST_MEMBER_REMOVED)

#define TN_LIST_DESTINATION_DECLARED(F, S)                                                         \
    F(S, 1, ID, nonce, _)                                                                          \
    F(S, 2, STREAM, registration, _)                                                               \
    F(S, 3, ID, place, _)                                                                          \
    F(S, 4, HASH, commitment, _)
TN_RECORD_DECLARE(destination_declared, TN_LIST_DESTINATION_DECLARED)

/* `asked_day`: the open day for which the registration had asked, so that its persons cannot ask
 * for that day again under another one (R06). */
#define TN_LIST_REGISTRATION_WITHDRAWN(F, S)                                                       \
    F(S, 0, RECORD, facts, facts_registration)                                                     \
    F(S, 2, IDS, persons, _)                                                                       \
    F(S, 3, UINT, asked_day, _)
TN_RECORD_DECLARE(registration_withdrawn, TN_LIST_REGISTRATION_WITHDRAWN)

#define TN_LIST_REGISTRATION_RESTORED(F, S)                                                        \
    F(S, 0, RECORD, facts, facts_registration)                                                     \
    F(S, 2, IDS, persons, _)                                                                       \
    F(S, 3, UINT, blocked_day, _)
TN_RECORD_DECLARE(registration_restored, TN_LIST_REGISTRATION_RESTORED)

#define TN_LIST_MERGED_MEMBER(F, S)                                                                \
    F(S, 1, ID, member, _)                                                                         \
    F(S, 2, ID, person, _)                                                                         \
    F(S, 3, UINT, adult, _)                                                                        \
    F(S, 4, UINT, added_day, _)
TN_RECORD_DECLARE(merged_member, TN_LIST_MERGED_MEMBER)

/* `members` are those of `other`, each with its own earlier date; the seniority rule of the merged
 * group is that of every group: its latest added adult. */
#define TN_LIST_REGISTRATION_MERGED(F, S)                                                          \
    F(S, 0, RECORD, facts, facts_merge)                                                            \
    F(S, 2, RECORDS, members, merged_member)                                                       \
    F(S, 3, UINT, size, _)                                                                         \
    F(S, 4, UINT, registered_day, _)                                                               \
    F(S, 5, UINT, asked_day, _)                                                                    \
    F(S, 6, UINT, blocked_day, _)
TN_RECORD_DECLARE(registration_merged, TN_LIST_REGISTRATION_MERGED)

/* ---- request ---- */
/* `size` and `registered_day` as they are now; a later change of the group updates the pool. */
#define TN_LIST_APPOINTMENT_REQUESTED(F, S)                                                        \
    F(S, 0, RECORD, facts, facts_request)                                                          \
    F(S, 2, UINT, day, _)                                                                          \
    F(S, 3, UINT, size, _)                                                                         \
    F(S, 4, UINT, registered_day, _)
TN_RECORD_DECLARE(appointment_requested, TN_LIST_APPOINTMENT_REQUESTED)
TN_RECORD_DECLARE(request_replaced, TN_LIST_APPOINTMENT_REQUESTED)

#define TN_LIST_REQUEST_WITHDRAWN(F, S) F(S, 0, RECORD, facts, facts_withdraw_request)
TN_RECORD_DECLARE(request_withdrawn, TN_LIST_REQUEST_WITHDRAWN)

/* Any command of an identified caller: its facts whole, its kind, why, and the civil day (UTC) of
 * the refusal; one per actor, command kind, day and code. */
#define TN_LIST_COMMAND_REFUSED(F, S)                                                              \
    F(S, 0, FACTS, facts, _)                                                                       \
    F(S, 2, UINT, command, _)                                                                      \
    F(S, 3, UINT, code, _)                                                                         \
    F(S, 4, UINT, day, _)
TN_RECORD_DECLARE(command_refused, TN_LIST_COMMAND_REFUSED)

/* ---- draw ---- */
#define TN_LIST_DAY_OPENED(F, S)                                                                   \
    F(S, 2, UINT, day, _)                                                                          \
    F(S, 3, UINT, service_date, _)                                                                 \
    F(S, 4, UINT, policy, _)                                                                       \
    F(S, 5, UINT, opens_us, _)                                                                     \
    F(S, 6, UINT, closes_us, _)                                                                    \
    F(S, 7, UINT, draw_us, _)
TN_RECORD_DECLARE(day_opened, TN_LIST_DAY_OPENED)

/* A group that hard packing found no slot for: first in line at that port; `gid` as of that day.
 * `pool_closed` also says what it is at the close. */
#define TN_LIST_HELD_GROUP(F, S)                                                                   \
    F(S, 1, ID, gid, _)                                                                            \
    F(S, 2, UINT, basis, _)                                                                        \
    F(S, 3, ID, registration, _)                                                                   \
    F(S, 4, UINT, size, _)                                                                         \
    F(S, 5, UINT, registered_day, _)
TN_RECORD_DECLARE(held_group, TN_LIST_HELD_GROUP)

/* What the draw reads of one port, frozen: the moves that repay an overshoot, then the line; with
 * hard packing also who was held the day before, under this day's gid. */
#define TN_LIST_POOL_PORT(F, S)                                                                    \
    F(S, 1, UINT, port, _)                                                                         \
    F(S, 2, RECORDS, moves, seat_move)                                                             \
    F(S, 3, RECORDS, line, run)                                                                    \
    F(S, 4, INT, pcredit, _)                                                                       \
    F(S, 5, UINT, acc, _)                                                                          \
    F(S, 6, RECORDS, held, held_group)
TN_RECORD_DECLARE(pool_port, TN_LIST_POOL_PORT)

/* In mode 1 `witnesses` are those awaited, `beacon` the type of the beacon, and `round` that of a
 * drand beacon, fixed by this event's time. `left_out` were held the day before and fit no slot of
 * their port any more. */
#define TN_LIST_POOL_CLOSED(F, S)                                                                  \
    F(S, 2, UINT, day, _)                                                                          \
    F(S, 3, UINT, service_date, _)                                                                 \
    F(S, 4, UINT, policy, _)                                                                       \
    F(S, 5, UINT, groups, _)                                                                       \
    F(S, 6, HASH, root, _)                                                                         \
    F(S, 7, UINT, mode, _)                                                                         \
    F(S, 8, RECORDS, ports, pool_port)                                                             \
    F(S, 9, UINT, due_us, _)                                                                       \
    F(S, 10, IDS, witnesses, _)                                                                    \
    F(S, 11, UINT, beacon, _)                                                                      \
    F(S, 12, UINT, round, _)                                                                       \
    F(S, 13, IDS, left_out, _)
TN_RECORD_DECLARE(pool_closed, TN_LIST_POOL_CLOSED)

#define TN_LIST_WITNESS_REVEALED(F, S) F(S, 0, RECORD, facts, facts_reveal_witness)
TN_RECORD_DECLARE(witness_revealed, TN_LIST_WITNESS_REVEALED)

/* It was silent until the policy's limit; the draw goes on without it. */
#define TN_LIST_WITNESS_MISSED(F, S)                                                               \
    F(S, 2, UINT, day, _)                                                                          \
    F(S, 3, ID, witness, _)                                                                        \
    F(S, 4, UINT, due_us, _)
TN_RECORD_DECLARE(witness_missed, TN_LIST_WITNESS_MISSED)

/* `round` and `raw` are what the rule read in the record. */
#define TN_LIST_BEACON_RECORDED(F, S)                                                              \
    F(S, 0, RECORD, facts, facts_record_beacon)                                                    \
    F(S, 2, UINT, round, _)                                                                        \
    F(S, 3, BYTES, raw, _)
TN_RECORD_DECLARE(beacon_recorded, TN_LIST_BEACON_RECORDED)

#define TN_LIST_DRAW_SEEDED(F, S)                                                                  \
    F(S, 0, RECORD, facts, facts_reveal_secret)                                                    \
    F(S, 2, UINT, day, _)                                                                          \
    F(S, 3, HASH, seed, _)
TN_RECORD_DECLARE(draw_seeded, TN_LIST_DRAW_SEEDED)

#define TN_LIST_PORT_AFTER(F, S)                                                                   \
    F(S, 1, UINT, port, _)                                                                         \
    F(S, 2, INT, pcredit, _)                                                                       \
    F(S, 3, UINT, acc, _)                                                                          \
    F(S, 4, UINT, over, _)                                                                         \
    F(S, 5, UINT, groups, _)                                                                       \
    F(S, 6, UINT, seats, _)                                                                        \
    F(S, 7, RECORDS, held, held_group)
TN_RECORD_DECLARE(port_after, TN_LIST_PORT_AFTER)

/* `after` holds, a port, what tomorrow starts from and how much was given out. */
#define TN_LIST_DRAW_COMPLETED(F, S)                                                               \
    F(S, 2, UINT, day, _)                                                                          \
    F(S, 3, HASH, winners_root, _)                                                                 \
    F(S, 4, UINT, groups, _)                                                                       \
    F(S, 5, UINT, seats, _)                                                                        \
    F(S, 6, RECORDS, after, port_after)                                                            \
    F(S, 7, UINT, due_us, _)
TN_RECORD_DECLARE(draw_completed, TN_LIST_DRAW_COMPLETED)

/* No draw is made of this day: a chain it needs was replaced. Its requests go to the next day. */
#define TN_LIST_DAY_VOIDED(F, S)                                                                   \
    F(S, 2, UINT, day, _)                                                                          \
    F(S, 3, TEXT, reason, _)
TN_RECORD_DECLARE(day_voided, TN_LIST_DAY_VOIDED)

/* ---- offer ---- */
/* `offer` is the group's gid of that day; its time is that of the first seat. */
#define TN_LIST_APPOINTMENT_OFFERED(F, S)                                                          \
    F(S, 2, STREAM, registration, _)                                                               \
    F(S, 3, ID, offer, _)                                                                          \
    F(S, 4, UINT, day, _)                                                                          \
    F(S, 5, UINT, port, _)                                                                         \
    F(S, 6, RECORDS, seats, run)                                                                   \
    F(S, 7, UINT, basis, _)                                                                        \
    F(S, 8, UINT, rank, _)                                                                         \
    F(S, 9, UINT, size, _)                                                                         \
    F(S, 10, UINT, deadline_us, _)
TN_RECORD_DECLARE(appointment_offered, TN_LIST_APPOINTMENT_OFFERED)

#define TN_LIST_OFFER_ACCEPTED(F, S) F(S, 0, RECORD, facts, facts_accept_offer)
TN_RECORD_DECLARE(offer_accepted, TN_LIST_OFFER_ACCEPTED)

/* `by` is enum tn_act_by; facts stand when the owner declined. */
#define TN_LIST_OFFER_DECLINED(F, S)                                                               \
    F(S, 0, RECORD, facts, facts_offer)                                                            \
    F(S, 2, STREAM, registration, _)                                                               \
    F(S, 3, ID, offer, _)                                                                          \
    F(S, 4, UINT, by, _)                                                                           \
    F(S, 5, TEXT, reason, _)
TN_RECORD_DECLARE(offer_declined, TN_LIST_OFFER_DECLINED)

#define TN_LIST_OFFER_LAPSED(F, S)                                                                 \
    F(S, 2, STREAM, registration, _)                                                               \
    F(S, 3, ID, offer, _)                                                                          \
    F(S, 4, UINT, due_us, _)
TN_RECORD_DECLARE(offer_lapsed, TN_LIST_OFFER_LAPSED)

/* Exactly the seats of the offer go back; `held` is enum tn_held: from an offer or an appointment.
 */
#define TN_LIST_SEATS_RETURNED(F, S)                                                               \
    F(S, 2, UINT, port, _)                                                                         \
    F(S, 3, RECORDS, seats, run)                                                                   \
    F(S, 4, UINT, held, _)                                                                         \
    F(S, 5, ID, offer, _)
TN_RECORD_DECLARE(seats_returned, TN_LIST_SEATS_RETURNED)

/* Free seats too near to be offered; one event a port with something to expire. */
#define TN_LIST_SEATS_EXPIRED(F, S)                                                                \
    F(S, 2, UINT, port, _)                                                                         \
    F(S, 3, RECORDS, seats, run)                                                                   \
    F(S, 4, UINT, day, _)
TN_RECORD_DECLARE(seats_expired, TN_LIST_SEATS_EXPIRED)

/* ---- appointment ---- */
#define TN_LIST_APPOINTMENT_CONFIRMED(F, S)                                                        \
    F(S, 2, STREAM, registration, _)                                                               \
    F(S, 3, ID, offer, _)                                                                          \
    F(S, 4, UINT, port, _)                                                                         \
    F(S, 5, RECORDS, seats, run)                                                                   \
    F(S, 6, IDS, members, _)                                                                       \
    F(S, 7, IDS, tags, _)                                                                          \
    F(S, 8, UINT, ends_us, _)
TN_RECORD_DECLARE(appointment_confirmed, TN_LIST_APPOINTMENT_CONFIRMED)

/* A member leaves a group that holds an offer or an appointment; `tag` no longer validates. It is
 * zero when nothing was confirmed yet, or when another member has the same (one date of birth, one
 * number). */
#define TN_LIST_MEMBER_DROPPED(F, S)                                                               \
    F(S, 2, STREAM, registration, _)                                                               \
    F(S, 3, ID, offer, _)                                                                          \
    F(S, 4, ID, member, _)                                                                         \
    F(S, 5, ID, tag, _)
TN_RECORD_DECLARE(member_dropped, TN_LIST_MEMBER_DROPPED)

#define TN_LIST_APPOINTMENT_CANCELLED(F, S)                                                        \
    F(S, 0, RECORD, facts, facts_offer)                                                            \
    F(S, 2, STREAM, registration, _)                                                               \
    F(S, 3, ID, offer, _)                                                                          \
    F(S, 4, UINT, by, _)                                                                           \
    F(S, 5, TEXT, reason, _)
TN_RECORD_DECLARE(appointment_cancelled, TN_LIST_APPOINTMENT_CANCELLED)

/* ---- port day ---- */
#define TN_LIST_GROUP_PRESENTED(F, S)                                                              \
    F(S, 0, RECORD, facts, facts_arrival)                                                          \
    F(S, 2, STREAM, registration, _)                                                               \
    F(S, 3, ID, offer, _)                                                                          \
    F(S, 4, UINT, port, _)                                                                         \
    F(S, 5, RECORDS, seats, run)
TN_RECORD_DECLARE(group_presented, TN_LIST_GROUP_PRESENTED)
TN_RECORD_DECLARE(turned_away, TN_LIST_GROUP_PRESENTED)

/* The first of a closed port day carries its facts. */
#define TN_LIST_NO_SHOW_RECORDED(F, S)                                                             \
    F(S, 0, RECORD, facts, facts_port_day)                                                         \
    F(S, 2, STREAM, registration, _)                                                               \
    F(S, 3, ID, offer, _)                                                                          \
    F(S, 4, UINT, port, _)                                                                         \
    F(S, 5, RECORDS, seats, run)
TN_RECORD_DECLARE(no_show_recorded, TN_LIST_NO_SHOW_RECORDED)

/* ---- validation ---- */
#define TN_LIST_OFFICER_ENROLLED(F, S) F(S, 0, RECORD, facts, facts_enrol_officer)
TN_RECORD_DECLARE(officer_enrolled, TN_LIST_OFFICER_ENROLLED)

#define TN_LIST_OFFICER_SUSPENDED(F, S) F(S, 0, RECORD, facts, facts_suspend_officer)
TN_RECORD_DECLARE(officer_suspended, TN_LIST_OFFICER_SUSPENDED)

/* `verdict` is a sum of enum tn_validation bits; for a match the registration and the offer. */
#define TN_LIST_VALIDATION_ANSWERED(F, S)                                                          \
    F(S, 0, RECORD, facts, facts_validate)                                                         \
    F(S, 2, ID, organisation, _)                                                                   \
    F(S, 3, UINT, verdict, _)                                                                      \
    F(S, 4, STREAM, registration, _)                                                               \
    F(S, 5, ID, offer, _)
TN_RECORD_DECLARE(validation_answered, TN_LIST_VALIDATION_ANSWERED)

/* ---- the list: K(number, name, version). In hundreds by area; never reused ---- */
#define TN_KINDS(K)                                                                                \
    K(1, ledger_created, 1)                                                                        \
    K(2, chain_anchored, 1)                                                                        \
    K(3, state_sealed, 1)                                                                          \
    K(5, chain_replaced, 1)                                                                        \
    K(7, fork_seen, 1)                                                                             \
    K(8, alarm_raised, 1)                                                                          \
    K(20, policy_published, 1)                                                                     \
    K(21, capacity_published, 1)                                                                   \
    K(22, port_suspended, 1)                                                                       \
    K(23, port_resumed, 1)                                                                         \
    K(24, seats_reallocated, 1)                                                                    \
    K(25, window_extended, 1)                                                                      \
    K(40, registration_created, 1)                                                                 \
    K(41, member_added, 1)                                                                         \
    K(42, member_removed, 1)                                                                       \
    K(43, destination_declared, 1)                                                                 \
    K(44, registration_withdrawn, 1)                                                               \
    K(45, registration_restored, 1)                                                                \
    K(46, registration_merged, 1)                                                                  \
    K(60, appointment_requested, 1)                                                                \
    K(61, request_replaced, 1)                                                                     \
    K(62, request_withdrawn, 1)                                                                    \
    K(63, command_refused, 1)                                                                      \
    K(80, day_opened, 1)                                                                           \
    K(81, pool_closed, 1)                                                                          \
    K(82, draw_seeded, 1)                                                                          \
    K(83, draw_completed, 1)                                                                       \
    K(84, day_voided, 1)                                                                           \
    K(85, witness_revealed, 1)                                                                     \
    K(86, witness_missed, 1)                                                                       \
    K(87, beacon_recorded, 1)                                                                      \
    K(90, appointment_offered, 1)                                                                  \
    K(91, offer_accepted, 1)                                                                       \
    K(92, offer_declined, 1)                                                                       \
    K(93, offer_lapsed, 1)                                                                         \
    K(94, seats_returned, 1)                                                                       \
    K(95, seats_expired, 1)                                                                        \
    K(100, appointment_confirmed, 1)                                                               \
    K(101, member_dropped, 1)                                                                      \
    K(102, appointment_cancelled, 1)                                                               \
    K(110, group_presented, 1)                                                                     \
    K(111, no_show_recorded, 1)                                                                    \
    K(112, turned_away, 1)                                                                         \
    K(120, officer_enrolled, 1)                                                                    \
    K(121, officer_suspended, 1)                                                                   \
    K(122, validation_answered, 1)

#define TN_KIND_ENUM(number, name, version) TN_KIND_##name = (number),
enum tn_kind_number { TN_KIND_NONE = 0, TN_KINDS(TN_KIND_ENUM) TN_KIND_LIMIT };

#define TN_KIND_MEMBER(number, name, version) struct tn_##name name;
union tn_body {
    TN_KINDS(TN_KIND_MEMBER)
};

struct tn_kind {
    uint32_t number;
    uint32_t version;
    const char *name;
    const struct tn_record *record;
};

/* NULL when the number or the version is not known. */
const struct tn_kind *tn_kind_find(uint64_t number, uint64_t version);
/* By name; NULL when there is none. */
const struct tn_kind *tn_kind_parse(struct tn_bytes name);
/* The i-th kind of the list; NULL at its end. */
const struct tn_kind *tn_kind_at(size_t i);

/* ---- codes in bodies; numbers are in the log ---- */
enum tn_act_by { TN_BY_OWNER = 1, TN_BY_AGENCY = 2 };
enum tn_held { TN_HELD_OFFER = 1, TN_HELD_APPOINTMENT = 2 };
enum tn_arrival { TN_ARRIVAL_PRESENTED = 1, TN_ARRIVAL_TURNED_AWAY = 2 };
enum tn_purpose {
    TN_PURPOSE_TRANSIT = 1, /* checkpoint on the way */
    TN_PURPOSE_ENTRY = 2,   /* at the port */
    TN_PURPOSE_SHELTER = 3, /* a shelter or escort */
    TN_PURPOSE_LIMIT,
};
enum tn_validation_bits {
    TN_VALIDATION_MATCHED = 1,
    TN_VALIDATION_APPOINTMENT = 2,
    TN_VALIDATION_PARTY = 4, /* a group; without it an individual */
};
/* What an alarm is about; `about` is a witness's id16, details[0] the HTTP status. */
enum tn_alarm {
    TN_ALARM_WITNESS_MALFORMED = 1, /* 400: it did not understand what was sent */
    TN_ALARM_WITNESS_KEY = 2,       /* 403: it does not trust the log's key */
    TN_ALARM_WITNESS_ORIGIN = 3,    /* 404: it does not know the log */
    TN_ALARM_LIMIT,
};

/* ---- refusal codes: R(number, name, HTTP status). Stable; a text in five languages each. A number
 * that no rule gives any more is not given again: 29 was wrong_port_or_date ---- */
#define TN_REFUSALS(R)                                                                             \
    R(1, not_allowed, 403)                                                                         \
    R(2, registration_unknown, 404)                                                                \
    R(3, registration_not_live, 409)                                                               \
    R(4, person_in_live_registration, 409)                                                         \
    R(5, person_twice_in_group, 409)                                                               \
    R(6, group_too_large, 409)                                                                     \
    R(7, group_empty, 409)                                                                         \
    R(8, no_adult, 409)                                                                            \
    R(9, member_unknown, 404)                                                                      \
    R(10, group_frozen, 409)                                                                       \
    R(11, not_by_own_act, 409)                                                                     \
    R(12, destination_missing, 409)                                                                \
    R(13, window_closed, 409)                                                                      \
    R(14, outside_zone, 409)                                                                       \
    R(15, port_unknown, 409)                                                                       \
    R(16, port_twice, 409)                                                                         \
    R(17, too_many_ports, 409)                                                                     \
    R(18, already_asked, 409)                                                                      \
    R(19, person_asked_today, 409)                                                                 \
    R(20, holds_offer, 409)                                                                        \
    R(21, no_request, 404)                                                                         \
    R(22, offer_unknown, 404)                                                                      \
    R(23, offer_not_open, 409)                                                                     \
    R(24, offer_past_deadline, 409)                                                                \
    R(25, members_changed, 409)                                                                    \
    R(26, no_appointment, 409)                                                                     \
    R(27, appointment_past, 409)                                                                   \
    R(28, port_day_not_over, 409)                                                                  \
    R(30, not_matched, 409)                                                                        \
    R(31, officer_unknown, 404)                                                                    \
    R(32, officer_exists, 409)                                                                     \
    R(33, officer_suspended, 403)                                                                  \
    R(34, approvers_missing, 409)                                                                  \
    R(35, policy_not_runnable, 409)                                                                \
    R(36, policy_not_later, 409)                                                                   \
    R(37, policy_invalid, 409)                                                                     \
    R(38, capacity_published, 409)                                                                 \
    R(39, date_past, 409)                                                                          \
    R(40, port_suspended, 409)                                                                     \
    R(41, port_not_suspended, 409)                                                                 \
    R(42, seats_not_free, 409)                                                                     \
    R(43, seats_frozen, 409)                                                                       \
    R(44, registration_exists, 409)                                                                \
    R(45, not_withdrawn, 409)                                                                      \
    R(46, programme_ended, 409)                                                                    \
    R(47, secret_wrong, 409)                                                                       \
    R(48, no_draw_due, 409)                                                                        \
    R(49, destinations_differ, 409)                                                                \
    R(50, nothing_to_resume, 409)                                                                  \
    R(51, reveal_too_early, 409)                                                                   \
    R(52, reveal_too_late, 409)                                                                    \
    R(53, witness_unknown, 404)                                                                    \
    R(54, witness_already_revealed, 409)                                                           \
    R(55, witness_counted_missed, 409)                                                             \
    R(56, reveal_awaits_others, 409)                                                               \
    R(57, beacon_not_awaited, 409)                                                                 \
    R(58, beacon_too_early, 409)                                                                   \
    R(59, beacon_wrong, 409)                                                                       \
    R(60, beacon_typed_differently, 409)                                                           \
    R(61, chain_exists, 409)                                                                       \
    R(62, chain_unknown, 404)                                                                      \
    R(63, chain_begins_too_soon, 409)                                                              \
    R(64, group_larger_than_slot, 409)                                                             \
    R(65, group_held_at_port, 409)                                                                 \
    R(66, pool_too_large, 409)

#define TN_REFUSAL_ENUM(number, name, http) TN_REFUSAL_##name = (number),
enum tn_refusal { TN_REFUSAL_NONE = 0, TN_REFUSALS(TN_REFUSAL_ENUM) TN_REFUSAL_LIMIT };

/* "outside_zone"; "unknown" beyond the list. */
const char *tn_refusal_name(uint64_t code);
/* The HTTP status of its problem document; 409 beyond the list. */
unsigned tn_refusal_http(uint64_t code);
/* What it means for the person, in language 0..4 (en, es, ht, pt, ru), as UTF-8. */
enum tn_language {
    TN_LANGUAGE_EN,
    TN_LANGUAGE_ES,
    TN_LANGUAGE_HT,
    TN_LANGUAGE_PT,
    TN_LANGUAGE_RU,
    TN_LANGUAGE_COUNT
};
const char *tn_refusal_text(uint64_t code, enum tn_language language);

#endif
