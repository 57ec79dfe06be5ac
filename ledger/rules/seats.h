/* Rules of seats: a day's capacity, the line of a port at the close, what expires. Pure.
 * Source: spec/draw.md 5, spec/domain.md R10, R11, R20. */
#ifndef TN_LEDGER_RULES_SEATS_H
#define TN_LEDGER_RULES_SEATS_H

#include "ledger/rules/policy.h"
#include "ledger/rules/rows.h"
#include "ledger/rules/verdict.h"

/* One service date of a port. `row` has no slots where nothing was published. */
struct tn_port_date {
    uint64_t date;
    struct tn_port_date_row row;
};

/* What one port gives to a pool that closes on `day`. */
struct tn_port_line {
    struct tn_pool_port frozen; /* moves, line, pcredit, acc */
    struct tn_run_list expired; /* free seats dated before day + notice_min */
    uint64_t largest; /* seats of the largest slot, taken or free, of the dates that can be drawn */
};

/* The largest slot, taken or free, of dates from `from` to `to`: with hard packing no larger group
 * may ask for the port. */
uint64_t tn_port_slot_largest(const struct tn_port_date *dates, size_t count, uint64_t from,
                              uint64_t to);

/* `dates` ascend and cover the port row's first_date to day + horizon, or to a later date that an
 * earlier policy's draw may have left negative. Lists live in `arena`. A
 * suspended port has an empty line and repays nothing, but seats expire there too. TN_FULL  the
 * arena's limit */
TN_MUST_USE enum tn_status tn_port_line_compute(const struct tn_policy *policy, uint64_t port,
                                                uint64_t day, const struct tn_port_row *port_row,
                                                const struct tn_port_date *dates, size_t count,
                                                struct tn_arena *arena, struct tn_port_line *line);

/* The policy's capacity for one service date: `ends_us` by port in the policy's order. Ports and
 * slots with no seat are left out. */
TN_MUST_USE enum tn_status tn_capacity_from_policy(const struct tn_policy *policy,
                                                   const uint64_t *ends_us, struct tn_arena *arena,
                                                   struct tn_port_capacity_list *ports);

/* free + offered + confirmed + used + expired = published + moved_in - moved_out (P7). */
bool tn_slot_is_conserved(const struct tn_slot_row *slot);

/* The slot of `minute`, or NULL. */
const struct tn_slot_row *tn_slot_find(const struct tn_port_date_row *row, uint64_t minute);

#endif
