#include "ledger/rules/window.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/civil.h"

#define MINUTES_OF_DAY 1440u
/* Clocks have gone back by 20 minutes to 2 hours, since 1970 always by a multiple of 15 minutes
 * (Lord Howe: 30). */
#define BACK_STEP_MINUTES 15u
#define BACK_MAX_MINUTES 180u
/* How far ahead the next opening is looked for: a window opens every day, so only a change of rules
 * or a gap between versions can make a search longer than two days. */
#define SEARCH_DAYS 32u

/* Which instant of a repeated civil time is meant; see the table in the header. */
enum repeated_choice { TAKE_EARLIER, TAKE_LATER };

/* The last instant at which clocks in `zone` show the repeated civil time that they first show at
 * `first_us`. */
static uint64_t last_repeat(const char *zone, uint32_t day, uint32_t minute, uint64_t first_us)
{
    uint32_t civil_day = day + minute / MINUTES_OF_DAY;
    uint32_t civil_minute = minute % MINUTES_OF_DAY;
    uint64_t last_us = first_us;

    for (uint64_t step = BACK_STEP_MINUTES; step <= BACK_MAX_MINUTES; step += BACK_STEP_MINUTES) {
        uint64_t at_us = first_us + step * TN_MINUTE_US;
        uint32_t at_day = 0;
        uint32_t at_minute = 0;
        if (tn_civil_from_instant(zone, at_us, &at_day, &at_minute) == TN_OK &&
            at_day == civil_day && at_minute == civil_minute) {
            last_us = at_us;
        }
    }
    return last_us;
}

static enum tn_status resolve(const char *zone, uint32_t day, uint32_t minute,
                              enum repeated_choice choice, uint64_t *time_us,
                              struct tn_error *error)
{
    enum tn_civil_kind kind = TN_CIVIL_UNIQUE;
    enum tn_status status = tn_civil_instant(zone, day, minute, time_us, &kind);

    if (status == TN_NOT_FOUND) {
        return tn_fail(error, status,
                       "zone %s: this system's time zone data does not have it; install tzdata or "
                       "correct the policy",
                       zone);
    }
    if (status != TN_OK) {
        return tn_fail(error, status, "day %" PRIu32 ", minute %" PRIu32 " in %s: no such instant",
                       day, minute, zone);
    }
    if (kind == TN_CIVIL_REPEATED && choice == TAKE_LATER) {
        *time_us = last_repeat(zone, day, minute, *time_us);
    }
    return TN_OK;
}

enum tn_status tn_window_date_end(const struct tn_policy_port *port, uint32_t date,
                                  uint64_t *ends_us, struct tn_error *error)
{
    return resolve(port->zone, date, MINUTES_OF_DAY, TAKE_EARLIER, ends_us, error);
}

static enum tn_status resolve_all(const struct tn_policy *policy, struct tn_window *window,
                                  struct tn_error *error)
{
    const char *zone = policy->window.zone;
    enum tn_status status = resolve(zone, window->day, policy->window.opens_minute, TAKE_EARLIER,
                                    &window->opens_us, error);
    if (status == TN_OK) {
        status = resolve(zone, window->day, policy->window.closes_minute, TAKE_LATER,
                         &window->closes_us, error);
    }
    if (status == TN_OK && window->closes_us <= window->opens_us) {
        status =
            tn_fail(error, TN_INVALID, "day %" PRIu32 ": its window would be empty", window->day);
    }
    if (status == TN_OK && policy->method == TN_METHOD_DRAW) {
        status = resolve(policy->draw.zone, window->day + policy->draw.day_offset,
                         policy->draw.minute, TAKE_LATER, &window->draw_us, error);
        if (status == TN_OK && window->draw_us < window->closes_us) {
            status = tn_fail(error, TN_INVALID,
                             "day %" PRIu32 ": its draw would come before its window closes",
                             window->day);
        }
    }
    for (uint32_t i = 0; status == TN_OK && i < policy->port_count; i++) {
        status =
            tn_window_date_end(&policy->ports[i], window->service_date, &window->ends_us[i], error);
    }
    return status;
}

enum tn_status tn_window_resolve(const struct tn_policy *policy, uint32_t day,
                                 struct tn_window *window, struct tn_error *error)
{
    memset(window, 0, sizeof(*window));
    /* The zone functions bound days far below this; the sums here must not wrap before that. */
    if (day > UINT32_MAX - 2 * TN_POLICY_HORIZON_DAYS_MAX) {
        return tn_fail(error, TN_INVALID, "day %" PRIu32 ": beyond the calendar", day);
    }
    window->day = day;
    window->service_date = day + policy->horizon_days;
    window->port_count = policy->port_count;
    enum tn_status status = resolve_all(policy, window, error);
    if (status != TN_OK) {
        memset(window, 0, sizeof(*window));
    }
    return status;
}

/* The first day of `policy` after `after_day` whose window opens at or after `from_us` while this
 * very version is in force. Leaves `found` false when there is none within reach. */
static enum tn_status next_of_version(const struct tn_policy *const *versions, size_t count,
                                      const struct tn_policy *policy, uint64_t from_us,
                                      uint32_t after_day, bool *found, uint32_t *day,
                                      uint64_t *opens_us, struct tn_error *error)
{
    uint32_t first = 0;
    uint32_t minute = 0;

    *found = false;
    /* A version that starts later is looked at from its start on. */
    uint64_t start_us = from_us > policy->effective_us ? from_us : policy->effective_us;
    if (start_us - from_us > SEARCH_DAYS * TN_DAY_US) {
        return TN_OK;
    }
    enum tn_status status = tn_civil_from_instant(policy->window.zone, start_us, &first, &minute);
    if (status != TN_OK) {
        return tn_fail(error, status, "zone %s: cannot be read", policy->window.zone);
    }
    for (uint32_t i = 0; i < SEARCH_DAYS; i++) {
        if (after_day != UINT32_MAX && first + i <= after_day) {
            continue;
        }
        status = resolve(policy->window.zone, first + i, policy->window.opens_minute, TAKE_EARLIER,
                         opens_us, error);
        if (status != TN_OK) {
            return status;
        }
        if (*opens_us >= start_us && tn_policy_in_force(versions, count, *opens_us) == policy &&
            (policy->programme_end_us == 0 || *opens_us < policy->programme_end_us)) {
            *found = true;
            *day = first + i;
            return TN_OK;
        }
    }
    return TN_OK;
}

enum tn_status tn_window_next(const struct tn_policy *const *versions, size_t count,
                              uint64_t from_us, uint32_t after_day, const struct tn_policy **policy,
                              struct tn_window *window, struct tn_error *error)
{
    uint64_t best_us = UINT64_MAX;
    uint32_t best_day = 0;

    *policy = NULL;
    memset(window, 0, sizeof(*window));
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        uint32_t day = 0;
        uint64_t opens_us = 0;
        enum tn_status status = next_of_version(versions, count, versions[i], from_us, after_day,
                                                &found, &day, &opens_us, error);
        if (status != TN_OK) {
            *policy = NULL;
            return status;
        }
        if (found && opens_us < best_us) {
            best_us = opens_us;
            best_day = day;
            *policy = versions[i];
        }
    }
    if (*policy == NULL) {
        return tn_fail(error, TN_NOT_FOUND,
                       "no window opens within %u days under any policy version", SEARCH_DAYS);
    }
    enum tn_status status = tn_window_resolve(*policy, best_day, window, error);
    if (status != TN_OK) {
        *policy = NULL;
    }
    return status;
}
