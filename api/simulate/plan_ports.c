/* Port days and the questions of officers. */
#include "api/simulate/simulate_internal.h"

#define TURNED_AWAY_PPM 3000u
/* Between 1 and 4 % were missed. */
#define MISSED_PPM 25000u
#define LATE_WITHIN_US (40 * TN_MINUTE_US)
#define CLOSES_AFTER_US (20 * TN_MINUTE_US)

#define QUESTIONS 3000u
#define RIGHT_PPM 700000u
#define WRONG_DATE_PPM 150000u

/* What a group does on its day, wherever and whenever that is asked. */
enum shows { SHOWS, SHOWS_TURNED_AWAY, SHOWS_NOT };

static enum shows shows(const struct tn_sim *sim, uint32_t at, uint64_t *late_us)
{
    struct tn_sim_dice dice =
        tn_sim_dice(sim->options.seed, TN_SIM_LABEL_SHOW, at, sim->groups[at].date);
    uint64_t roll = tn_sim_below(&dice, TN_PPM);

    *late_us = tn_sim_below(&dice, LATE_WITHIN_US);
    if (roll < MISSED_PPM) {
        return SHOWS_NOT;
    }
    return roll < MISSED_PPM + TURNED_AWAY_PPM ? SHOWS_TURNED_AWAY : SHOWS;
}

static enum tn_status plan_arrival(struct tn_sim *sim, uint32_t at, uint32_t date,
                                   bool missed[static TN_POLICY_PORTS_MAX])
{
    const struct tn_sim_group *group = &sim->groups[at];
    struct tn_sim_action action = {.act = TN_SIM_ARRIVE, .group = at};
    enum tn_civil_kind kind;
    uint64_t late_us;
    enum shows how = shows(sim, at, &late_us);
    enum tn_status status;

    if (how == SHOWS_NOT) {
        missed[group->port] = true;
        return TN_OK;
    }
    status = tn_civil_instant(sim->policies[0]->ports[group->port].zone, date, group->minute,
                              &action.time_us, &kind);
    if (status != TN_OK) {
        return tn_fail(sim->error, status, "the system has no time zone %s: install tzdata",
                       sim->policies[0]->ports[group->port].zone);
    }
    action.time_us += late_us;
    action.detail = how == SHOWS ? TN_ARRIVAL_PRESENTED : TN_ARRIVAL_TURNED_AWAY;
    return tn_sim_plan(sim, &action);
}

/* A service date overlaps two days that are played; each takes what is its own by time. */
static enum tn_status plan_date(struct tn_sim *sim, uint32_t date,
                                bool missed[static TN_POLICY_PORTS_MAX])
{
    uint32_t place = date - sim->base_day;
    enum tn_status status = TN_OK;

    if (place >= sim->calendar_days) {
        return TN_OK;
    }
    for (size_t i = 0; status == TN_OK && i < sim->calendar[place].count; i++) {
        uint32_t at = sim->calendar[place].items[i];

        if (sim->groups[at].state == TN_SIM_APPOINTED && sim->groups[at].date == place) {
            status = plan_arrival(sim, at, date, missed);
        }
    }
    return status;
}

enum tn_status tn_sim_plan_port_days(struct tn_sim *sim)
{
    bool missed[TN_POLICY_PORTS_MAX] = {false};
    bool ignored[TN_POLICY_PORTS_MAX] = {false};
    const struct tn_policy *policy = sim->policies[0];
    enum tn_status status = plan_date(sim, sim->civil_day, missed);

    if (status == TN_OK) {
        status = plan_date(sim, sim->civil_day + 1, ignored);
    }
    for (uint32_t i = 0; status == TN_OK && i < policy->port_count; i++) {
        struct tn_sim_action action = {.act = TN_SIM_CLOSE_PORT_DAY, .group = i};

        if (!missed[i]) {
            continue;
        }
        status = tn_window_date_end(&policy->ports[i], sim->civil_day, &action.time_us, sim->error);
        action.time_us += CLOSES_AFTER_US;
        action.detail = sim->civil_day;
        if (status == TN_OK) {
            status = tn_sim_plan(sim, &action);
        }
    }
    return status;
}

enum tn_status tn_sim_plan_questions(struct tn_sim *sim)
{
    struct tn_sim_dice dice =
        tn_sim_dice(sim->options.seed, TN_SIM_LABEL_QUESTION, sim->day_number, 0);
    uint64_t count = tn_sim_scaled(sim, QUESTIONS);
    enum tn_status status = TN_OK;

    if (sim->appointed.count == 0 && sim->day_number < 2) {
        return TN_OK; /* nobody has an appointment yet, so nobody travels */
    }
    for (uint64_t i = 0; status == TN_OK && i < count; i++) {
        uint64_t roll = tn_sim_below(&dice, TN_PPM);
        struct tn_sim_action action = {.act = TN_SIM_VALIDATE};

        /* The last officer left the service and asks once nevertheless. */
        action.group = (uint32_t) tn_sim_below(&dice, TN_SIM_OFFICERS - 1);
        if (i == 0 && sim->day_number == 3) {
            action.group = TN_SIM_OFFICERS - 1;
        }
        action.time_us = sim->from_us + tn_sim_below(&dice, sim->until_us - sim->from_us);
        action.detail = roll < RIGHT_PPM                    ? TN_SIM_RIGHT
                        : roll < RIGHT_PPM + WRONG_DATE_PPM ? TN_SIM_WRONG_DATE
                                                            : TN_SIM_NEVER_ISSUED;
        status = tn_sim_plan(sim, &action);
    }
    return status;
}
