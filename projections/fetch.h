/* Fetching rows for the rules: what decide's parts share. */
#ifndef TN_PROJECTIONS_FETCH_H
#define TN_PROJECTIONS_FETCH_H

#include "ledger/rules/pool_size.h"
#include "ledger/rules/registration.h"
#include "ledger/rules/request.h"
#include "ledger/rules/seats.h"
#include "projections/decide.h"

/* One decision in progress. */
struct tn_fetch {
    struct tn_decider *decider;
    struct tn_verdict *verdict;
    struct tn_arena *arena; /* the verdict's */
    struct tn_error *error;
    const struct tn_command *command; /* NULL for what falls due */
    struct tn_queue_row queue;
};

TN_MUST_USE enum tn_status tn_fetch_begin(struct tn_fetch *fetch, struct tn_decider *decider,
                                          const struct tn_command *command,
                                          struct tn_verdict *verdict, struct tn_error *error);
/* The policy of the open day, or else the one in force. NULL before the first. */
const struct tn_policy *tn_fetch_policy(struct tn_fetch *fetch, const struct tn_day_row *day);
TN_MUST_USE enum tn_status tn_fetch_day(struct tn_fetch *fetch, uint64_t day,
                                        struct tn_day_row *row, bool *found);
/* The latest open day whose window contains the verdict's time; 0 and found false when none does.
 */
TN_MUST_USE enum tn_status tn_fetch_open_day(struct tn_fetch *fetch, uint64_t *day,
                                             struct tn_day_row *row, bool *found);
TN_MUST_USE enum tn_status tn_fetch_pool(struct tn_fetch *fetch, uint64_t day,
                                         const uint8_t registration[static TN_ID_SIZE],
                                         struct tn_pool_row *row, bool *found);
/* The chain of a witness. */
TN_MUST_USE enum tn_status tn_fetch_chain(struct tn_fetch *fetch,
                                          const uint8_t owner[static TN_ID_SIZE],
                                          struct tn_chain_row *row, bool *found);
/* What pools that are not closed yet can hold, by the policies of days that are open or may be
 * opened and by the seats that are published at their ports. A port that none of them has is in no
 * pool, whatever is published there; `next`, a policy that may be published (NULL: none is), brings
 * the seats back that its ports had before. Reads every date still in sight: for what is published,
 * not for what people send. */
TN_MUST_USE enum tn_status tn_fetch_pool_reach(struct tn_fetch *fetch, const struct tn_policy *next,
                                               struct tn_pool_reach *reach);
/* The seats of a port from `from` to `to`: the dates that have any row, and how many. */
TN_MUST_USE enum tn_status tn_fetch_port_dates(struct tn_fetch *fetch, uint64_t port, uint64_t from,
                                               uint64_t to, struct tn_port_date **dates,
                                               size_t *count);
TN_MUST_USE enum tn_status tn_fetch_slot_largest(struct tn_fetch *fetch,
                                                 const struct tn_policy *policy, uint64_t port,
                                                 uint64_t day, uint64_t *largest);
/* `membership`: with what its requests of open days mean, for changes of a group. `row` gets the
 * row. */
TN_MUST_USE enum tn_status tn_fetch_registration(struct tn_fetch *fetch,
                                                 const uint8_t registration[static TN_ID_SIZE],
                                                 bool membership, struct tn_registration_row *row,
                                                 struct tn_registration_view *view);
TN_MUST_USE enum tn_status tn_fetch_offer(struct tn_fetch *fetch,
                                          const uint8_t offer[static TN_ID_SIZE],
                                          struct tn_offer_row *row, bool *found);
TN_MUST_USE enum tn_status tn_fetch_appointment(struct tn_fetch *fetch,
                                                const uint8_t offer[static TN_ID_SIZE],
                                                struct tn_appointment_row *row, bool *found);
TN_MUST_USE enum tn_status tn_fetch_officer(struct tn_fetch *fetch,
                                            const uint8_t officer[static TN_ID_SIZE],
                                            struct tn_officer_row *row, bool *found);

/* The parts of tn_decide (decide_*.c). */
enum tn_status tn_decide_registration(struct tn_fetch *fetch);
enum tn_status tn_decide_offer(struct tn_fetch *fetch);
enum tn_status tn_decide_programme(struct tn_fetch *fetch);

#endif
