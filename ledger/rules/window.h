/* The instants of a day: window, draw, and ends of its service date, from civil times.
 *
 * A helper of the desk, which writes the results into `day_opened` and `capacity_published`. It
 * reads the system's zone files through ledger/base/civil.h, so rules, folds and audits never call
 * it: they take the instants from those events (DESIGN, Rules and time). Any thread.
 * Source: spec/draw.md 3, spec/domain.md 3. */
#ifndef TN_LEDGER_RULES_WINDOW_H
#define TN_LEDGER_RULES_WINDOW_H

#include "ledger/rules/policy.h"

/* Civil times that do not name exactly one instant are settled so:
 *   skipped    (clocks go forward over it)  the first instant after the gap, for every purpose;
 *   repeated   (clocks go back over it)     an opening takes the earlier instant; a close or a draw
 *              the later one, for in time means t < deadline and nobody whose clock still shows a
 *              time before the deadline may be refused; the end of a date takes the earlier, the
 *              first midnight. */
struct tn_window {
    uint32_t day;
    uint32_t service_date; /* day + horizon */
    uint64_t opens_us;
    uint64_t closes_us; /* half-open: the first instant that is too late */
    uint64_t draw_us;   /* never before closes_us; 0 when first come */
    uint32_t port_count;
    uint64_t ends_us[TN_POLICY_PORTS_MAX]; /* by port: the midnight that ends service_date there */
};

/* Resolve the instants of `day`. TN_NOT_FOUND: a zone the system does not have. TN_INVALID: the
 * civil times collapse (the window would be empty, or the draw before its close). Zeroes `window`
 * on failure. */
TN_MUST_USE enum tn_status tn_window_resolve(const struct tn_policy *policy, uint32_t day,
                                             struct tn_window *window, struct tn_error *error);

/* The end of any service date at one port of the policy, for `capacity_published`. */
TN_MUST_USE enum tn_status tn_window_date_end(const struct tn_policy_port *port, uint32_t date,
                                              uint64_t *ends_us, struct tn_error *error);

/* The day whose window opens first at or after `from_us` among `versions`, with its policy and
 * instants: a day belongs to the version that is in force when its window opens, and a day on which
 * no version's window opens under itself has none (a change of rules may skip a day, never open one
 * twice). Days up to `after_day` are left out (UINT32_MAX: none are). TN_NOT_FOUND when no window
 * opens within 32 days or the programme has ended by then. Zeroes both outputs on failure. */
TN_MUST_USE enum tn_status tn_window_next(const struct tn_policy *const *versions, size_t count,
                                          uint64_t from_us, uint32_t after_day,
                                          const struct tn_policy **policy, struct tn_window *window,
                                          struct tn_error *error);

#endif
