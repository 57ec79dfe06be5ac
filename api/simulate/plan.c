/* The plan of a day: who does what, and when. All rates are of the real size (spec/domain.md 5),
 * scaled; what happens only to a few happens to one at least, so that a small season shows it too.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/simulate/simulate_internal.h"
#include "ledger/base/check.h"
#include "projections/keys.h"

/* Who had registered before the first window: fewer in May 2023 than when the seats were 1,450.
 * With the shares below some 107,000 requests a day. */
#define BACKLOG_EARLY 60000u
#define BACKLOG_LATE 124000u
#define BACKLOG_EARLY_DAY 19487u /* 2023-05-10 */
#define BACKLOG_LATE_DAY 19539u  /* 2023-07-01 */
/* Registrations a day: 0.7 million over the programme. */
#define ARRIVALS 1030u

/* Of those who wait, a day. */
#define GIVES_UP_PPM 3000u
#define ASKS_EARLY_PPM 350000u /* within the first hour */
#define OTHERWISE_PPM 10000u
#define WITHDRAWS_PPM 5000u
#define SAME_PPM 2000u
#define RETRY_PPM 5000u
#define OUTSIDE_PPM 3000u
#define LATE_PPM 500u
/* Of those with an appointment, a day. */
#define ASKS_ANYWAY_PPM 500u
#define CANCELS_PPM 700u /* 1.5 % over three weeks */
/* Of the winners. */
#define ACCEPTS_PPM 850000u
#define DECLINES_PPM 30000u
#define ACCEPTS_LATE_PPM 80000u /* of those who let it lapse */
#define ACCEPTS_WITHIN_US (22 * TN_HOUR_US)
#define DEADLINE_US (23 * TN_HOUR_US)

/* A day, by number. */
#define TWICE 30u
#define ADDED 40u
#define REMOVED 25u
#define LEFT 5u
#define WITHDRAWN 25u
#define RESTORED 10u
#define MERGED 10u

#define MARGIN_US (10 * TN_MINUTE_US)
#define SECOND_US 1000000u
/* Groups that are looked at for one that fits. */
#define TRIES 200u
/* Officers ask about somebody for this long after the appointment. */
#define ASKED_AFTER_DAYS 7u

enum tn_status tn_sim_plan(struct tn_sim *sim, const struct tn_sim_action *action)
{
    struct tn_sim_action *added;

    if (action->time_us < sim->from_us || action->time_us >= sim->until_us) {
        return TN_OK;
    }
    if (sim->action_count == sim->action_capacity) {
        size_t capacity = sim->action_capacity > 0 ? sim->action_capacity * 2 : 4096;
        struct tn_sim_action *grown = realloc(sim->actions, capacity * sizeof(*grown));

        if (!grown) {
            return tn_fail(sim->error, TN_MEMORY, "no memory for a day of %zu actions", capacity);
        }
        sim->actions = grown;
        sim->action_capacity = capacity;
    }
    added = &sim->actions[sim->action_count++];
    *added = *action;
    added->order = sim->action_order++;
    added->key = action->retry ? action->key : added->order;
    return TN_OK;
}

static enum tn_status plan_simple(struct tn_sim *sim, enum tn_sim_act act, uint32_t group,
                                  uint64_t time_us)
{
    struct tn_sim_action action = {.time_us = time_us, .act = (uint8_t) act, .group = group};

    return tn_sim_plan(sim, &action);
}

/* The same again under the same key, as a client does that heard no answer. */
static enum tn_status plan_retry(struct tn_sim *sim, struct tn_sim_dice *dice)
{
    struct tn_sim_action action;

    if (!tn_sim_chance(dice, RETRY_PPM) || sim->action_count == 0) {
        return TN_OK;
    }
    action = sim->actions[sim->action_count - 1];
    action.retry = true;
    action.time_us += 2 * SECOND_US + tn_sim_below(dice, TN_MINUTE_US);
    return tn_sim_plan(sim, &action);
}

/* An instant of the day at which groups can be changed: no pool is closed and undrawn. */
static uint64_t some_time(const struct tn_sim *sim, struct tn_sim_dice *dice)
{
    uint64_t until_us = sim->window.closes_us > sim->from_us ? sim->window.closes_us
                                                             : sim->until_us;

    until_us = until_us < sim->until_us ? until_us : sim->until_us;
    return sim->from_us + MARGIN_US + tn_sim_below(dice, until_us - sim->from_us - 2 * MARGIN_US);
}

/* ---- those who register ---- */

static enum tn_status plan_registration(struct tn_sim *sim, struct tn_sim_dice *dice,
                                        uint64_t time_us)
{
    uint32_t group;
    enum tn_status status = tn_sim_group_add(sim, &group);

    if (status == TN_OK) {
        status = plan_simple(sim, TN_SIM_REGISTER, group, time_us);
    }
    return status == TN_OK ? plan_retry(sim, dice) : status;
}

static enum tn_status plan_arrivals(struct tn_sim *sim, struct tn_sim_dice *dice)
{
    uint64_t count = tn_sim_scaled(sim, ARRIVALS);
    uint64_t length_us = sim->until_us - sim->from_us - MARGIN_US;
    enum tn_status status = TN_OK;

    for (uint64_t i = 0; status == TN_OK && i < count; i++) {
        uint64_t time_us = sim->from_us + tn_sim_below(dice, length_us);
        uint64_t asks_us = time_us + MARGIN_US;

        status = plan_registration(sim, dice, time_us);
        if (status == TN_OK && asks_us < sim->window.closes_us) {
            status = plan_simple(sim, TN_SIM_ASK, (uint32_t) sim->group_count - 1, asks_us);
        }
    }
    return status;
}

static uint64_t backlog(const struct tn_sim *sim)
{
    uint64_t day = sim->options.start_day;

    day = day < BACKLOG_EARLY_DAY ? BACKLOG_EARLY_DAY : day;
    day = day > BACKLOG_LATE_DAY ? BACKLOG_LATE_DAY : day;
    return BACKLOG_EARLY + (BACKLOG_LATE - BACKLOG_EARLY) * (day - BACKLOG_EARLY_DAY) /
                               (BACKLOG_LATE_DAY - BACKLOG_EARLY_DAY);
}

enum tn_status tn_sim_plan_backlog(struct tn_sim *sim)
{
    struct tn_sim_dice dice = tn_sim_dice(sim->options.seed, TN_SIM_LABEL_PLAN, 0, 0);
    struct tn_sim_action enrol = {
        .time_us = sim->from_us + TN_MINUTE_US, .act = TN_SIM_PROGRAMME, .detail = TN_SIM_ENROL};
    uint64_t count = tn_sim_scaled(sim, backlog(sim));
    uint64_t length_us = sim->until_us - sim->from_us - 3 * MARGIN_US;
    enum tn_status status = tn_sim_plan(sim, &enrol);

    for (uint64_t i = 0; status == TN_OK && i < count; i++) {
        status = plan_registration(sim, &dice,
                                   sim->from_us + MARGIN_US + tn_sim_below(&dice, length_us));
    }
    return status;
}

/* ---- those who ask ---- */

/* Many at once when the window opens, the others over its length. */
static uint64_t ask_time(const struct tn_sim *sim, struct tn_sim_dice *dice)
{
    uint64_t length_us = sim->window.closes_us - sim->window.opens_us - 2 * SECOND_US;
    uint64_t after_us;

    if (tn_sim_chance(dice, ASKS_EARLY_PPM)) {
        uint64_t part = tn_sim_below(dice, TN_HOUR_US);

        after_us = part * part / TN_HOUR_US;
    } else {
        after_us = tn_sim_below(dice, length_us);
    }
    return sim->window.opens_us + SECOND_US + after_us;
}

static enum tn_status plan_second_thoughts(struct tn_sim *sim, uint32_t group, uint64_t asked_us,
                                           struct tn_sim_dice *dice)
{
    uint64_t roll = tn_sim_below(dice, TN_PPM);
    uint64_t later_us = asked_us + TN_MINUTE_US + tn_sim_below(dice, 2 * TN_HOUR_US);
    enum tn_status status = TN_OK;

    if (later_us + TN_HOUR_US >= sim->window.closes_us) {
        return TN_OK;
    }
    if (roll < OTHERWISE_PPM) {
        return plan_simple(sim, TN_SIM_ASK_OTHERWISE, group, later_us);
    }
    roll -= OTHERWISE_PPM;
    if (roll < WITHDRAWS_PPM) {
        status = plan_simple(sim, TN_SIM_WITHDRAW_REQUEST, group, later_us);
        /* One in three asks again. */
        return status == TN_OK && roll % 3 == 0
                   ? plan_simple(sim, TN_SIM_ASK, group, later_us + TN_HOUR_US / 2)
                   : status;
    }
    roll -= WITHDRAWS_PPM;
    return roll < SAME_PPM ? plan_simple(sim, TN_SIM_ASK_SAME, group, later_us) : TN_OK;
}

static enum tn_status plan_waiting(struct tn_sim *sim, uint32_t at, struct tn_sim_group *group)
{
    struct tn_sim_dice dice = tn_sim_dice(sim->options.seed, TN_SIM_LABEL_ASK, at, sim->day_number);
    struct tn_sim_profile profile;
    uint64_t time_us;
    enum tn_status status;

    if (tn_sim_chance(&dice, GIVES_UP_PPM)) {
        group->state = TN_SIM_GONE;
        return TN_OK;
    }
    tn_sim_profile(sim, at, &profile);
    if (!tn_sim_chance(&dice, profile.asks_ppm)) {
        return TN_OK;
    }
    time_us = ask_time(sim, &dice);
    if (tn_sim_chance(&dice, OUTSIDE_PPM)) {
        return plan_simple(sim, TN_SIM_ASK_OUTSIDE, at, time_us);
    }
    if (tn_sim_chance(&dice, LATE_PPM) && sim->window.closes_us + MARGIN_US < sim->until_us) {
        return plan_simple(sim, TN_SIM_ASK_REFUSED, at,
                           sim->window.closes_us + tn_sim_below(&dice, MARGIN_US));
    }
    status = plan_simple(sim, TN_SIM_ASK, at, time_us);
    if (status == TN_OK) {
        status = plan_retry(sim, &dice);
    }
    return status == TN_OK ? plan_second_thoughts(sim, at, time_us, &dice) : status;
}

static enum tn_status plan_asks(struct tn_sim *sim, size_t count)
{
    enum tn_status status = TN_OK;

    for (uint32_t at = 0; status == TN_OK && at < count; at++) {
        struct tn_sim_group *group = &sim->groups[at];

        group->unsure = 0;
        group->asked = 0;
        if (group->state == TN_SIM_WAITING) {
            status = plan_waiting(sim, at, group);
        } else if (group->state == TN_SIM_APPOINTED) {
            struct tn_sim_dice dice =
                tn_sim_dice(sim->options.seed, TN_SIM_LABEL_ASK, at, sim->day_number);

            if (tn_sim_chance(&dice, ASKS_ANYWAY_PPM)) {
                status = plan_simple(sim, TN_SIM_ASK_REFUSED, at, ask_time(sim, &dice));
            }
        }
    }
    return status;
}

/* ---- those who won ---- */

enum tn_status tn_sim_read_row(struct tn_sim *sim, uint32_t group, uint32_t *row)
{
    struct tn_sim_row *added;
    bool found = false;
    enum tn_status status;

    if (sim->row_count == sim->row_capacity) {
        size_t capacity = sim->row_capacity > 0 ? sim->row_capacity * 2 : 256;
        struct tn_sim_row *grown = realloc(sim->rows, capacity * sizeof(*grown));

        if (!grown) {
            return tn_fail(sim->error, TN_MEMORY, "no memory for %zu rows", capacity);
        }
        sim->rows = grown;
        sim->row_capacity = capacity;
    }
    added = &sim->rows[sim->row_count];
    memset(added, 0, sizeof(*added));
    status = TN_READ(sim->views.rows[TN_CORE_REGISTRATIONS],
                     tn_key_registration(sim->groups[group].id), registration_row, &sim->day_arena,
                     &added->row, &found, sim->error);
    if (status == TN_OK && !found) {
        status = tn_fail(sim->error, TN_MISMATCH, "group %" PRIu32 " has no row", group);
    }
    memcpy(added->offer, sim->groups[group].offer, TN_ID_SIZE);
    *row = (uint32_t) sim->row_count++;
    return status;
}

static enum tn_status plan_accept(struct tn_sim *sim, enum tn_sim_act act, uint32_t group,
                                  uint64_t time_us, struct tn_sim_dice *dice)
{
    struct tn_sim_action action = {.time_us = time_us, .act = (uint8_t) act, .group = group};
    enum tn_status status = tn_sim_read_row(sim, group, &action.detail);

    if (status == TN_OK) {
        status = tn_sim_plan(sim, &action);
    }
    return status == TN_OK && act == TN_SIM_ACCEPT && time_us < sim->until_us
               ? plan_retry(sim, dice)
               : status;
}

static enum tn_status plan_winner(struct tn_sim *sim, uint32_t at)
{
    struct tn_sim_dice dice =
        tn_sim_dice(sim->options.seed, TN_SIM_LABEL_WINNER, at, sim->day_number);
    uint64_t roll = tn_sim_below(&dice, TN_PPM);
    uint64_t part_us = tn_sim_below(&dice, ACCEPTS_WITHIN_US);
    uint64_t soon_us = part_us / TN_MINUTE_US * part_us / ACCEPTS_WITHIN_US * TN_MINUTE_US;
    uint64_t time_us = sim->from_us + 2 * TN_MINUTE_US + soon_us + part_us % TN_MINUTE_US;

    if (roll < ACCEPTS_PPM) {
        return plan_accept(sim, TN_SIM_ACCEPT, at, time_us, &dice);
    }
    if (roll < ACCEPTS_PPM + DECLINES_PPM) {
        return plan_simple(sim, TN_SIM_DECLINE, at, time_us);
    }
    if (!tn_sim_chance(&dice, ACCEPTS_LATE_PPM)) {
        return TN_OK;
    }
    time_us = sim->from_us + DEADLINE_US + TN_MINUTE_US + tn_sim_below(&dice, 30 * TN_MINUTE_US);
    return plan_accept(sim, TN_SIM_ACCEPT_LATE, at, time_us, &dice);
}

static enum tn_status plan_winners(struct tn_sim *sim)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < sim->winners.count; i++) {
        if (sim->groups[sim->winners.items[i]].state == TN_SIM_OFFERED) {
            status = plan_winner(sim, sim->winners.items[i]);
        }
    }
    sim->winners.count = 0;
    return status;
}

/* ---- what happens to a few ---- */

/* A group that waits, of at least `size_min` and at most `size_max` people. */
static uint32_t find_waiting(const struct tn_sim *sim, struct tn_sim_dice *dice, unsigned size_min,
                             unsigned size_max)
{
    for (unsigned i = 0; i < TRIES && sim->group_count > 0; i++) {
        uint32_t at = (uint32_t) tn_sim_below(dice, sim->group_count);
        const struct tn_sim_group *group = &sim->groups[at];

        if (group->state == TN_SIM_WAITING && group->size >= size_min && group->size <= size_max) {
            return at;
        }
    }
    return TN_SIM_NONE;
}

/* Who is asked about: those whose appointment stands, and for some days those who had one. Without
 * this the list would grow all season and hold hardly anybody who still has one. */
static void forget_appointed(struct tn_sim *sim)
{
    struct tn_sim_list *list = &sim->appointed;
    uint32_t today = sim->civil_day - sim->base_day;
    size_t kept = 0;

    sim->standing = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct tn_sim_group *group = &sim->groups[list->items[i]];
        bool stands = group->state == TN_SIM_APPOINTED;

        if (stands || group->date + ASKED_AFTER_DAYS >= today) {
            list->items[kept++] = list->items[i];
            sim->standing += stands ? 1 : 0;
        }
    }
    list->count = kept;
}

/* An appointment some days ahead; those that are over are forgotten by the way. */
static uint32_t find_appointed(struct tn_sim *sim, struct tn_sim_dice *dice)
{
    struct tn_sim_list *list = &sim->appointed;
    uint32_t soon = sim->civil_day + 2 - sim->base_day;

    for (unsigned i = 0; i < TRIES && list->count > 0; i++) {
        size_t place = (size_t) tn_sim_below(dice, list->count);
        uint32_t at = list->items[place];

        if (sim->groups[at].state != TN_SIM_APPOINTED) {
            list->items[place] = list->items[--list->count];
        } else if (sim->groups[at].date > soon) {
            return at;
        }
    }
    return TN_SIM_NONE;
}

/* Two that travel together and have one address. */
static enum tn_status plan_merge(struct tn_sim *sim, struct tn_sim_dice *dice)
{
    struct tn_sim_action action = {.time_us = some_time(sim, dice), .act = TN_SIM_MERGE};

    for (unsigned i = 0; i < TRIES && sim->group_count > 1; i++) {
        uint32_t at = 1 + (uint32_t) tn_sim_below(dice, sim->group_count - 1);
        const struct tn_sim_group *group = &sim->groups[at];
        struct tn_sim_profile one;
        struct tn_sim_profile other;

        if (group->state != TN_SIM_WAITING || group[-1].state != TN_SIM_WAITING ||
            group->size + group[-1].size > TN_SIM_MEMBERS_MAX) {
            continue;
        }
        tn_sim_profile(sim, at - 1, &one);
        tn_sim_profile(sim, at, &other);
        if (one.address == other.address && one.shelter == other.shelter) {
            action.group = at - 1;
            action.detail = at;
            return tn_sim_plan(sim, &action);
        }
    }
    return TN_OK;
}

/* `with_row`: the action needs to know the members. */
static enum tn_status plan_change(struct tn_sim *sim, enum tn_sim_act act, uint32_t group,
                                  bool with_row, struct tn_sim_dice *dice)
{
    struct tn_sim_action action = {.act = (uint8_t) act, .group = group};
    enum tn_status status = TN_OK;

    action.time_us = some_time(sim, dice);
    if (group == TN_SIM_NONE) {
        return TN_OK;
    }
    if (with_row) {
        status = tn_sim_read_row(sim, group, &action.detail);
    }
    return status == TN_OK ? tn_sim_plan(sim, &action) : status;
}

static enum tn_status plan_changes(struct tn_sim *sim, struct tn_sim_dice *dice)
{
    static const struct {
        enum tn_sim_act act;
        uint32_t count;
        uint8_t size_min;
        uint8_t size_max;
        bool with_row;
    } changes[] = {
        {TN_SIM_REGISTER_TWICE, TWICE, 1, TN_SIM_MEMBERS_MAX, false},
        {TN_SIM_ADD_MEMBER, ADDED, 1, 6, false},
        {TN_SIM_REMOVE_MEMBER, REMOVED, 2, TN_SIM_MEMBERS_MAX, true},
        {TN_SIM_WITHDRAW, WITHDRAWN, 1, TN_SIM_MEMBERS_MAX, false},
    };
    enum tn_status status = TN_OK;

    for (size_t c = 0; status == TN_OK && c < TN_ARRAY_SIZE(changes); c++) {
        uint64_t count = tn_sim_scaled(sim, changes[c].count);

        for (uint64_t i = 0; status == TN_OK && i < count; i++) {
            uint32_t at = find_waiting(sim, dice, changes[c].size_min, changes[c].size_max);

            status = plan_change(sim, changes[c].act, at, changes[c].with_row, dice);
        }
    }
    for (uint64_t i = 0; status == TN_OK && i < tn_sim_scaled(sim, MERGED); i++) {
        status = plan_merge(sim, dice);
    }
    for (uint64_t i = 0; status == TN_OK && i < tn_sim_scaled(sim, RESTORED); i++) {
        if (sim->withdrawn.count > 0) {
            size_t place = (size_t) tn_sim_below(dice, sim->withdrawn.count);
            uint32_t at = sim->withdrawn.items[place];

            sim->withdrawn.items[place] = sim->withdrawn.items[--sim->withdrawn.count];
            status = plan_change(sim, TN_SIM_RESTORE, at, false, dice);
        }
    }
    return status;
}

static enum tn_status plan_appointed(struct tn_sim *sim, struct tn_sim_dice *dice)
{
    uint64_t cancels = sim->standing * CANCELS_PPM / TN_PPM + 1;
    enum tn_status status = TN_OK;

    for (uint64_t i = 0; status == TN_OK && i < cancels; i++) {
        status = plan_change(sim, TN_SIM_CANCEL, find_appointed(sim, dice), false, dice);
    }
    for (uint64_t i = 0; status == TN_OK && i < tn_sim_scaled(sim, LEFT); i++) {
        uint32_t at = TN_SIM_NONE;

        for (unsigned tries = 0; tries < TRIES && at == TN_SIM_NONE; tries++) {
            uint32_t found = find_appointed(sim, dice);

            at = found != TN_SIM_NONE && sim->groups[found].size > 1 ? found : TN_SIM_NONE;
        }
        status = plan_change(sim, TN_SIM_LEAVE, at, true, dice);
    }
    return status;
}

/* ---- a day ---- */

enum tn_status tn_sim_plan_day(struct tn_sim *sim)
{
    struct tn_sim_dice dice = tn_sim_dice(sim->options.seed, TN_SIM_LABEL_PLAN, sim->day_number, 1);
    size_t count = sim->group_count;
    enum tn_status status = tn_sim_plan_programme(sim);

    if (status == TN_OK) {
        status = plan_winners(sim);
    }
    if (status == TN_OK) {
        forget_appointed(sim);
        status = plan_asks(sim, count);
    }
    if (status == TN_OK) {
        status = plan_changes(sim, &dice);
    }
    if (status == TN_OK) {
        status = plan_appointed(sim, &dice);
    }
    if (status == TN_OK) {
        status = plan_arrivals(sim, &dice);
    }
    if (status == TN_OK) {
        status = tn_sim_plan_port_days(sim);
    }
    return status == TN_OK ? tn_sim_plan_questions(sim) : status;
}

enum tn_status tn_sim_plan_evening(struct tn_sim *sim)
{
    enum tn_status status = tn_sim_plan_programme(sim);

    if (status == TN_OK) {
        status = plan_winners(sim);
    }
    if (status == TN_OK) {
        status = tn_sim_plan_port_days(sim);
    }
    return status == TN_OK ? tn_sim_plan_questions(sim) : status;
}
