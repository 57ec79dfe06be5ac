/* The rows that rules read and projections keep: one record a table (ledger/event/record.h).
 * Which projection keeps which table, and its key, stands beside each. */
#ifndef TN_LEDGER_RULES_ROWS_H
#define TN_LEDGER_RULES_ROWS_H

#include "ledger/event/kinds.h"

/* ---- registrations ---- */

enum tn_registration_state {
    TN_REGISTRATION_LIVE = 1,
    TN_REGISTRATION_WITHDRAWN = 2,
    TN_REGISTRATION_MERGED = 3,
};

/* What a registration holds: nothing, an open offer, or a confirmed appointment. */
enum tn_holding { TN_HOLDS_NOTHING = 0, TN_HOLDS_OFFER = 1, TN_HOLDS_APPOINTMENT = 2 };

/* registrations, 'r' || registration16. `members` in the order of their adding. `offer` is the live
 * one of `holding`. For days up to `blocked_day` it cannot ask: one of its persons did, under
 * another one. */
#define TN_LIST_REGISTRATION_ROW(F, S)                                                             \
    F(S, 1, UINT, state, _)                                                                        \
    F(S, 2, RECORDS, members, merged_member)                                                       \
    F(S, 3, ID, place, _)                                                                          \
    F(S, 4, UINT, registered_day, _)                                                               \
    F(S, 5, ID, offer, _)                                                                          \
    F(S, 6, UINT, holding, _)                                                                      \
    F(S, 7, ID, merged_into, _)                                                                    \
    F(S, 8, UINT, created_day, _)                                                                  \
    F(S, 9, UINT, blocked_day, _)
TN_RECORD_DECLARE(registration_row, TN_LIST_REGISTRATION_ROW)

/* registrations, 'p' || person16. `registration` is the live one when `live`, else the last.
 * `asked_day` is the latest open day for which one asked that the person then left:
 * `asked_registration` (R06). */
#define TN_LIST_PERSON_ROW(F, S)                                                                   \
    F(S, 1, ID, registration, _)                                                                   \
    F(S, 2, UINT, live, _)                                                                         \
    F(S, 3, UINT, asked_day, _)                                                                    \
    F(S, 4, ID, asked_registration, _)
TN_RECORD_DECLARE(person_row, TN_LIST_PERSON_ROW)

/* ---- queue ---- */

/* queue, 'q': one row. `open_days` were opened and are not closed yet, ascending; `undrawn_day` is
 * closed and neither completed nor voided (0: none). `secret` is the last revealed one of the
 * operator's chain, `revealed` its index; `replaced` when it is not the first one: earlier days
 * than its `first_day` are void. `void_before`: the latest first day of all replaced chains.
 * `carried`: requests of voided days wait, in the pool of day 0, for the next day that opens. */
#define TN_LIST_QUEUE_ROW(F, S)                                                                    \
    F(S, 1, HASH, gid_key, _)                                                                      \
    F(S, 2, UINTS, open_days, _)                                                                   \
    F(S, 3, UINT, undrawn_day, _)                                                                  \
    F(S, 4, UINT, last_day, _)                                                                     \
    F(S, 5, UINT, policies, _)                                                                     \
    F(S, 6, UINT, simulated, _)                                                                    \
    F(S, 7, ID, chain, _)                                                                          \
    F(S, 8, UINT, chain_length, _)                                                                 \
    F(S, 9, UINT, first_day, _)                                                                    \
    F(S, 10, HASH, secret, _)                                                                      \
    F(S, 11, UINT, revealed, _)                                                                    \
    F(S, 12, UINT, last_closed_day, _)                                                             \
    F(S, 13, UINT, replaced, _)                                                                    \
    F(S, 14, UINT, void_before, _)                                                                 \
    F(S, 15, UINT, carried, _)
TN_RECORD_DECLARE(queue_row, TN_LIST_QUEUE_ROW)

/* queue, 'v' || BE32 version: a policy as published. */
#define TN_LIST_POLICY_ROW(F, S)                                                                   \
    F(S, 1, UINT, effective_us, _)                                                                 \
    F(S, 2, BYTES, document, _)
TN_RECORD_DECLARE(policy_row, TN_LIST_POLICY_ROW)

enum tn_day_state {
    TN_DAY_OPEN = 1,
    TN_DAY_CLOSED = 2,
    TN_DAY_SEEDED = 3,
    TN_DAY_COMPLETED = 4,
    TN_DAY_VOIDED = 5,
};

/* queue, 'c' || owner16: a witness's chain; the operator's stands in the queue row. */
#define TN_LIST_CHAIN_ROW(F, S)                                                                    \
    F(S, 1, ID, chain, _)                                                                          \
    F(S, 2, UINT, length, _)                                                                       \
    F(S, 3, UINT, first_day, _)                                                                    \
    F(S, 4, HASH, secret, _)                                                                       \
    F(S, 5, UINT, revealed, _)                                                                     \
    F(S, 6, UINT, anchored_us, _)                                                                  \
    F(S, 7, UINT, replaced, _)
TN_RECORD_DECLARE(chain_row, TN_LIST_CHAIN_ROW)

enum tn_day_witness_state {
    TN_WITNESS_AWAITED = 0,
    TN_WITNESS_REVEALED = 1,
    TN_WITNESS_MISSED = 2,
};

/* A witness of one day's draw. */
#define TN_LIST_DAY_WITNESS(F, S)                                                                  \
    F(S, 1, ID, witness, _)                                                                        \
    F(S, 2, UINT, state, _)                                                                        \
    F(S, 3, HASH, secret, _)
TN_RECORD_DECLARE(day_witness, TN_LIST_DAY_WITNESS)

/* queue, 'd' || BE32 day. What the draw reads is frozen here by `pool_closed`. `completed_us` is
 * also when it was voided: the next pool cannot close before. From 22 on in mode 1 only:
 * `closed_us` is the close of spec/draw.md 4, `round` that of a drand beacon until one is recorded,
 * `gathered_us` when the last witness or the beacon came in, `extended_us` how long pauses moved
 * the limit of witnesses. */
#define TN_LIST_DAY_ROW(F, S)                                                                      \
    F(S, 1, UINT, state, _)                                                                        \
    F(S, 2, UINT, service_date, _)                                                                 \
    F(S, 3, UINT, policy, _)                                                                       \
    F(S, 4, UINT, opens_us, _)                                                                     \
    F(S, 5, UINT, closes_us, _)                                                                    \
    F(S, 6, UINT, draw_us, _)                                                                      \
    F(S, 7, UINT, groups, _)                                                                       \
    F(S, 8, HASH, root, _)                                                                         \
    F(S, 9, UINT, mode, _)                                                                         \
    F(S, 10, RECORDS, ports, pool_port)                                                            \
    F(S, 11, HASH, secret, _)                                                                      \
    F(S, 12, HASH, seed, _)                                                                        \
    F(S, 13, UINT, seeded_us, _)                                                                   \
    F(S, 14, HASH, winners_root, _)                                                                \
    F(S, 15, UINT, offered_groups, _)                                                              \
    F(S, 16, UINT, offered_seats, _)                                                               \
    F(S, 17, RECORDS, after, port_after)                                                           \
    F(S, 18, UINT, opened_index, _)                                                                \
    F(S, 19, UINT, closed_index, _)                                                                \
    F(S, 20, UINT, completed_index, _)                                                             \
    F(S, 21, UINT, completed_us, _)                                                                \
    F(S, 22, UINT, closed_us, _)                                                                   \
    F(S, 23, RECORDS, witnesses, day_witness)                                                      \
    F(S, 24, UINT, beacon, _)                                                                      \
    F(S, 25, UINT, round, _)                                                                       \
    F(S, 26, BYTES, raw, _)                                                                        \
    F(S, 27, UINT, gathered_us, _)                                                                 \
    F(S, 28, UINT, extended_us, _)
TN_RECORD_DECLARE(day_row, TN_LIST_DAY_ROW)

enum tn_pool_state {
    TN_POOL_ASKED = 1,
    TN_POOL_WITHDRAWN = 2,
    TN_POOL_SUPERSEDED = 3, /* the group won a seat of the day before meanwhile */
};

/* queue, 'p' || BE32 day || gid16: a request of a day; gone when its draw is complete. `carried`:
 * it was made for a day that was voided. `held`: hard packing found no slot for it the day before;
 * the basis. */
#define TN_LIST_POOL_ROW(F, S)                                                                     \
    F(S, 1, ID, registration, _)                                                                   \
    F(S, 2, UINT, state, _)                                                                        \
    F(S, 3, UINT, size, _)                                                                         \
    F(S, 4, UINTS, ports, _)                                                                       \
    F(S, 5, UINT, registered_day, _)                                                               \
    F(S, 6, UINT, carried, _)                                                                      \
    F(S, 7, UINT, held, _)
TN_RECORD_DECLARE(pool_row, TN_LIST_POOL_ROW)

enum tn_offer_state {
    TN_OFFER_OPEN = 1,
    TN_OFFER_ACCEPTED = 2,
    TN_OFFER_DECLINED = 3,
    TN_OFFER_LAPSED = 4,
};

/* queue, 'o' || offer16. */
#define TN_LIST_OFFER_ROW(F, S)                                                                    \
    F(S, 1, ID, registration, _)                                                                   \
    F(S, 2, UINT, state, _)                                                                        \
    F(S, 3, UINT, day, _)                                                                          \
    F(S, 4, UINT, port, _)                                                                         \
    F(S, 5, RECORDS, seats, run)                                                                   \
    F(S, 6, UINT, basis, _)                                                                        \
    F(S, 7, UINT, rank, _)                                                                         \
    F(S, 8, UINT, size, _)                                                                         \
    F(S, 9, UINT, deadline_us, _)
TN_RECORD_DECLARE(offer_row, TN_LIST_OFFER_ROW)

/* queue, 'l' || BE64 deadline_us || offer16: open offers by the instant they lapse. */
#define TN_LIST_LAPSE_ROW(F, S) F(S, 1, ID, offer, _)
TN_RECORD_DECLARE(lapse_row, TN_LIST_LAPSE_ROW)

/* queue, 't' || BE32 day: what became of a day's offers and appointments (R23). */
#define TN_LIST_DAY_TALLY_ROW(F, S)                                                                \
    F(S, 1, UINT, offered, _)                                                                      \
    F(S, 2, UINT, accepted, _)                                                                     \
    F(S, 3, UINT, declined, _)                                                                     \
    F(S, 4, UINT, lapsed, _)                                                                       \
    F(S, 5, UINT, open, _)                                                                         \
    F(S, 6, UINT, presented, _)                                                                    \
    F(S, 7, UINT, missed, _)                                                                       \
    F(S, 8, UINT, cancelled, _)                                                                    \
    F(S, 9, UINT, to_come, _)                                                                      \
    F(S, 10, UINT, turned_away, _)
TN_RECORD_DECLARE(day_tally_row, TN_LIST_DAY_TALLY_ROW)

/* ---- seats ---- */

/* One slot; P7: free + offered + confirmed + used + expired = published + moved_in - moved_out.
 * Only `free` may be negative. */
#define TN_LIST_SLOT_ROW(F, S)                                                                     \
    F(S, 1, UINT, minute, _)                                                                       \
    F(S, 2, UINT, published, _)                                                                    \
    F(S, 3, UINT, moved_in, _)                                                                     \
    F(S, 4, UINT, moved_out, _)                                                                    \
    F(S, 5, INT, free, _)                                                                          \
    F(S, 6, UINT, offered, _)                                                                      \
    F(S, 7, UINT, confirmed, _)                                                                    \
    F(S, 8, UINT, used, _)                                                                         \
    F(S, 9, UINT, expired, _)
TN_RECORD_DECLARE(slot_row, TN_LIST_SLOT_ROW)

/* seats, 's' || BE16 port || BE32 date. Slots ascend by minute. */
#define TN_LIST_PORT_DATE_ROW(F, S)                                                                \
    F(S, 1, UINT, ends_us, _)                                                                      \
    F(S, 2, RECORDS, slots, slot_row)
TN_RECORD_DECLARE(port_date_row, TN_LIST_PORT_DATE_ROW)

/* seats, 'c' || BE16 port: what carries over from draw to draw, and whether the port is suspended.
 * `first_date`: no earlier date has seats that could still be free, or that are owed. */
#define TN_LIST_PORT_ROW(F, S)                                                                     \
    F(S, 1, INT, pcredit, _)                                                                       \
    F(S, 2, UINT, acc, _)                                                                          \
    F(S, 3, UINT, suspended, _)                                                                    \
    F(S, 4, UINT, honour_before, _)                                                                \
    F(S, 5, UINT, first_date, _)                                                                   \
    F(S, 6, UINT, last_date, _)
TN_RECORD_DECLARE(port_row, TN_LIST_PORT_ROW)

/* ---- validation ---- */

enum tn_appointment_state {
    TN_APPOINTMENT_CONFIRMED = 1,
    TN_APPOINTMENT_CANCELLED = 2,
    TN_APPOINTMENT_PRESENTED = 3,
    TN_APPOINTMENT_MISSED = 4,
    TN_APPOINTMENT_TURNED_AWAY = 5,
};

/* validation, 't' || tag16: whose appointment a pair of number and date of birth names. */
#define TN_LIST_TAG_ROW(F, S)                                                                      \
    F(S, 1, ID, offer, _)                                                                          \
    F(S, 2, UINT, dropped, _)
TN_RECORD_DECLARE(tag_row, TN_LIST_TAG_ROW)

/* validation, 'a' || offer16. `members` and `tags` in one order, without who has left. */
#define TN_LIST_APPOINTMENT_ROW(F, S)                                                              \
    F(S, 1, ID, registration, _)                                                                   \
    F(S, 2, UINT, state, _)                                                                        \
    F(S, 3, UINT, port, _)                                                                         \
    F(S, 4, RECORDS, seats, run)                                                                   \
    F(S, 5, IDS, members, _)                                                                       \
    F(S, 6, IDS, tags, _)                                                                          \
    F(S, 7, UINT, ends_us, _)
TN_RECORD_DECLARE(appointment_row, TN_LIST_APPOINTMENT_ROW)

/* validation, 'd' || BE16 port || BE32 date || offer16: appointments that stand, by port day. */
#define TN_LIST_PORT_DAY_ROW(F, S) F(S, 1, ID, offer, _)
TN_RECORD_DECLARE(port_day_row, TN_LIST_PORT_DAY_ROW)

/* ---- access ---- */

/* access, 'k' || SHA-256 of a bearer token: who that is. `id` is a registration or an officer. */
#define TN_LIST_TOKEN_ROW(F, S)                                                                    \
    F(S, 1, UINT, role, _)                                                                         \
    F(S, 2, ID, id, _)
TN_RECORD_DECLARE(token_row, TN_LIST_TOKEN_ROW)

/* access, 'o' || officer16. */
#define TN_LIST_OFFICER_ROW(F, S)                                                                  \
    F(S, 1, UINT, role, _)                                                                         \
    F(S, 2, ID, organisation, _)                                                                   \
    F(S, 3, UINT, port, _)                                                                         \
    F(S, 4, UINT, suspended, _)                                                                    \
    F(S, 5, HASH, token, _)
TN_RECORD_DECLARE(officer_row, TN_LIST_OFFICER_ROW)

#endif
