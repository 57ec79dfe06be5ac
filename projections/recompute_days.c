/* Days that nobody opened: a day's opening is due when its window opens, and comes before every
 * command at a later time (DESIGN, The desk). Only zone files know the instant, and no rule reads
 * them; but where a zone's clocks stood at the last opening they stand at the next one, give or
 * take a change of clocks. Before any opening in a zone nothing is known but that there is one in
 * 24 hours. A machine that was down skips windows that are over, so only commands within one tell.
 */
#include <inttypes.h>
#include <string.h>

#include "ledger/base/civil.h"
#include "projections/recompute_internal.h"

/* The next opening may lie nearer or further than the last one's clock says by at most this. */
#define CLOCKS_US (3 * TN_HOUR_US)
/* Without a command for this long the desk may have been down, and have skipped a window. */
#define SILENCE_US (6 * TN_HOUR_US)
/* How often it is looked, and whenever the next window must have opened. */
#define LOOK_US TN_HOUR_US

void tn_day_watch_opened(struct tn_day_watch *watch, const struct tn_day_opened *body,
                         const struct tn_policy *policy)
{
    watch->any = true;
    watch->day = body->day;
    watch->opens_us = body->opens_us;
    watch->policy = policy;
    watch->look_us = 0;
}

/* The one version in force all the while; NULL: none, or it has no draw, or its programme ends. */
static const struct tn_policy *policy_between(const struct tn_recompute *recompute,
                                              uint64_t from_us, uint64_t to_us)
{
    const struct tn_policies *policies = &recompute->decider.policies;
    const struct tn_policy *policy = tn_policies_in_force(policies, from_us);

    return policy != NULL && policy == tn_policies_in_force(policies, to_us) &&
                   policy->method == TN_METHOD_DRAW &&
                   (policy->programme_end_us == 0 || to_us < policy->programme_end_us)
               ? policy
               : NULL;
}

static uint64_t window_us(const struct tn_policy *policy)
{
    return (uint64_t) (policy->window.closes_minute - policy->window.opens_minute) * TN_MINUTE_US;
}

/* Within the window of a day behind the last one, by the clock of that one's opening? */
static bool within_unopened(const struct tn_recompute *recompute, uint64_t time_us, uint64_t *day)
{
    const struct tn_day_watch *watch = &recompute->days;
    const struct tn_policy *policy = tn_policies_in_force(&recompute->decider.policies, time_us);
    uint64_t opens_us;
    uint64_t days;

    if (policy == NULL || strcmp(policy->window.zone, watch->policy->window.zone) != 0) {
        return false;
    }
    /* The last day's opening at the minute that is now in force, and from there in whole days. */
    opens_us = watch->opens_us + policy->window.opens_minute * TN_MINUTE_US -
               watch->policy->window.opens_minute * TN_MINUTE_US;
    if (time_us < opens_us + CLOCKS_US) {
        return false;
    }
    days = (time_us - opens_us - CLOCKS_US) / TN_DAY_US;
    opens_us += days * TN_DAY_US;
    *day = watch->day + days;
    return days > 0 && window_us(policy) > 2 * CLOCKS_US &&
           time_us < opens_us + window_us(policy) - CLOCKS_US &&
           policy_between(recompute, opens_us - CLOCKS_US, opens_us + CLOCKS_US) == policy;
}

/* No day was opened in this zone: but commands came all day and night. */
static bool busy_unopened(const struct tn_recompute *recompute, uint64_t time_us)
{
    const struct tn_day_watch *watch = &recompute->days;
    const struct tn_policy *policy = tn_policies_in_force(&recompute->decider.policies, time_us);
    uint64_t from_us = watch->any && watch->opens_us > watch->busy_us ? watch->opens_us
                                                                      : watch->busy_us;

    if (policy == NULL) {
        return false;
    }
    from_us = policy->effective_us > from_us ? policy->effective_us : from_us;
    return time_us > from_us + TN_DAY_US + CLOCKS_US &&
           window_us(policy) >= SILENCE_US + CLOCKS_US &&
           policy_between(recompute, from_us, from_us + TN_DAY_US + CLOCKS_US) == policy;
}

static bool same_zone(const struct tn_recompute *recompute, uint64_t time_us)
{
    const struct tn_policy *policy = tn_policies_in_force(&recompute->decider.policies, time_us);

    return recompute->days.any && policy != NULL &&
           strcmp(policy->window.zone, recompute->days.policy->window.zone) == 0;
}

static uint64_t next_look(const struct tn_day_watch *watch, uint64_t time_us)
{
    uint64_t next_us = watch->opens_us + CLOCKS_US;

    next_us += next_us <= time_us ? (1 + (time_us - next_us) / TN_DAY_US) * TN_DAY_US : 0;
    return watch->any && next_us < time_us + LOOK_US ? next_us : time_us + LOOK_US;
}

enum tn_status tn_recompute_days(struct tn_recompute *recompute, const struct tn_event *event,
                                 struct tn_bytes entry, struct tn_error *error)
{
    static const char rule[] = "day_opening";
    struct tn_day_watch *watch = &recompute->days;
    uint64_t day = 0;

    if (watch->last_us == 0 || event->time_us - watch->last_us >= SILENCE_US) {
        watch->busy_us = event->time_us;
    }
    watch->last_us = event->time_us;
    if (event->time_us < watch->look_us) {
        return TN_OK;
    }
    if (watch->any && within_unopened(recompute, event->time_us, &day)) {
        return tn_recompute_differ(recompute, event->index, rule, tn_bytes(NULL, 0), entry, error,
                                   "a command was decided within the window of day %" PRIu64
                                   ", which nobody opened; the last one opened is day %" PRIu64,
                                   day, watch->day);
    }
    if (!same_zone(recompute, event->time_us) && busy_unopened(recompute, event->time_us)) {
        return tn_recompute_differ(
            recompute, event->index, rule, tn_bytes(NULL, 0), entry, error,
            "commands came since %" PRIu64
            " us, the policy opens a window every day, and nobody opened one",
            watch->busy_us);
    }
    watch->look_us = next_look(watch, event->time_us);
    return TN_OK;
}
