/* Playing a day: the actions in order of time, each a command to the desk. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/simulate/simulate_internal.h"
#include "ledger/base/clock.h"

#define SHOW_EVERY 4096u
#define THROTTLE_EVERY 64u

/* Whether an action still makes sense to the one who planned it. */
static bool is_due(const struct tn_sim *sim, const struct tn_sim_action *action)
{
    enum tn_sim_state state;

    switch ((enum tn_sim_act) action->act) {
    case TN_SIM_REGISTER:
    case TN_SIM_CLOSE_PORT_DAY:
    case TN_SIM_VALIDATE:
    case TN_SIM_PROGRAMME:
        return true;
    case TN_SIM_ASK:
    case TN_SIM_ASK_OTHERWISE:
    case TN_SIM_ASK_SAME:
    case TN_SIM_ASK_OUTSIDE:
    case TN_SIM_WITHDRAW_REQUEST:
    case TN_SIM_ADD_MEMBER:
    case TN_SIM_REMOVE_MEMBER:
    case TN_SIM_WITHDRAW:
    case TN_SIM_MERGE:
    case TN_SIM_REGISTER_TWICE:
        state = TN_SIM_WAITING;
        break;
    case TN_SIM_ASK_REFUSED:
        return sim->groups[action->group].state == TN_SIM_WAITING ||
               sim->groups[action->group].state == TN_SIM_APPOINTED;
    case TN_SIM_ACCEPT:
        state = action->retry ? TN_SIM_APPOINTED : TN_SIM_OFFERED;
        break;
    case TN_SIM_ACCEPT_LATE:
    case TN_SIM_DECLINE:
        state = TN_SIM_OFFERED;
        break;
    case TN_SIM_CANCEL:
    case TN_SIM_LEAVE:
    case TN_SIM_ARRIVE:
        state = TN_SIM_APPOINTED;
        break;
    case TN_SIM_RESTORE:
        state = TN_SIM_WITHDRAWN;
        break;
    default:
        return false;
    }
    if (action->act == TN_SIM_MERGE && sim->groups[action->detail].state != TN_SIM_WAITING) {
        return false;
    }
    return sim->groups[action->group].state == state;
}

/* Acts of the programme are decided at rest, and what they took back is read at once. */
static enum tn_status play_programme(struct tn_sim *sim, const struct tn_sim_action *action)
{
    enum tn_status status = tn_sim_drain(sim);

    if (status == TN_OK) {
        status = tn_sim_run_programme(sim, (enum tn_sim_programme) action->detail, action->time_us);
    }
    return status == TN_OK ? tn_sim_observe(sim) : status;
}

static enum tn_status play_one(struct tn_sim *sim, const struct tn_sim_action *action)
{
    struct tn_sim_slot *slot;
    bool wanted;
    enum tn_status status;

    if (!is_due(sim, action)) {
        return TN_OK;
    }
    sim->now_us = action->time_us;
    if (action->act == TN_SIM_PROGRAMME) {
        return play_programme(sim, action);
    }
    status = tn_sim_slot_take(sim, &slot);
    if (status != TN_OK) {
        return status;
    }
    status = tn_sim_make(sim, action, slot, &wanted);
    if (status != TN_OK || !wanted) {
        tn_sim_slot_drop(sim, slot);
        return status;
    }
    return tn_sim_slot_submit(sim, slot, action->time_us);
}

static int compare_actions(const void *a, const void *b)
{
    const struct tn_sim_action *one = a;
    const struct tn_sim_action *other = b;

    if (one->time_us != other->time_us) {
        return one->time_us < other->time_us ? -1 : 1;
    }
    return one->order < other->order ? -1 : one->order > other->order;
}

static void show(struct tn_sim *sim, size_t played)
{
    struct tn_log_head head;
    struct tn_simulate_progress progress = {
        .day = sim->evening ? sim->day_number - 1 : sim->day_number,
        .days = sim->options.days,
        .civil_day = sim->civil_day,
        .commands = played,
        .commands_of_day = sim->action_count,
        .wall_us = tn_clock_monotonic_us() - sim->started_us,
    };

    if (sim->options.progress) {
        tn_log_head(sim->ledger->log, &head);
        progress.events = head.size;
        sim->options.progress(sim->options.context, &progress);
    }
}

/* Not faster than was asked for, counted over the whole play. */
static void throttle(const struct tn_sim *sim)
{
    uint64_t spent_us = tn_clock_monotonic_us() - sim->started_us;
    uint64_t wanted_us = sim->options.commands_per_s > 0
                             ? sim->command_number * 1000000 / sim->options.commands_per_s
                             : 0;

    if (wanted_us > spent_us) {
        uint64_t pause_us = wanted_us - spent_us;
        struct timespec pause = {.tv_sec = (time_t) (pause_us / 1000000),
                                 .tv_nsec = (long) (pause_us % 1000000) * 1000};

        nanosleep(&pause, NULL);
    }
}

enum tn_status tn_sim_play(struct tn_sim *sim)
{
    enum tn_status status = TN_OK;
    enum tn_status drained;

    if (sim->action_count > 0) {
        qsort(sim->actions, sim->action_count, sizeof(*sim->actions), compare_actions);
    }
    for (size_t i = 0; status == TN_OK && i < sim->action_count; i++) {
        status = play_one(sim, &sim->actions[i]);
        if (i % SHOW_EVERY == 0) {
            show(sim, i);
        }
        if (i % THROTTLE_EVERY == 0) {
            throttle(sim);
        }
    }
    drained = tn_sim_drain(sim);
    show(sim, sim->action_count);
    return status == TN_OK ? drained : status;
}
