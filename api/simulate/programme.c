/* The programme itself: versions of the policy by date, who works here, capacities, a suspension.
 * Each is a command of the operator with two approvers, decided at rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/admin/admin.h"
#include "api/simulate/simulate_internal.h"
#include "ledger/base/hash.h"
#include "ledger/rules/seats.h"
#include "projections/keys.h"

#define ZONE "America/New_York"
/* A ledger is made this long after the noon before the first opening, so that no window is open
 * yet. */
#define CREATED_MINUTE (13u * 60u)
/* A version is published at the latest this long before it applies. */
#define PUBLISH_AHEAD_US (5 * TN_DAY_US)
/* Laredo's resumption was not published: some five weeks. */
#define RESUMED_AFTER_US (37 * TN_DAY_US)
/* The port of the drill when no real suspension falls into the season. */
#define DRILL_PORT 2304u
#define DRILL_DAYS_MIN 3u
#define IDLE_OFFICER (TN_SIM_OFFICERS - 1)
#define EMPTY tn_bytes(NULL, 0)

/* ---- policies ---- */

static enum tn_status noon_of(uint32_t day, uint64_t *time_us, struct tn_error *error)
{
    enum tn_civil_kind kind;
    enum tn_status status = tn_civil_instant(ZONE, day, 12 * 60, time_us, &kind);

    return status == TN_OK
               ? TN_OK
               : tn_fail(error, status, "the system has no time zone %s: install tzdata", ZONE);
}

static enum tn_status keep_version(struct tn_sim *sim, size_t index)
{
    struct tn_policy *policy = malloc(sizeof(*policy));

    if (!policy) {
        return tn_fail(sim->error, TN_MEMORY, "no memory for a policy");
    }
    tn_policy_history(index, policy);
    policy->version = (uint32_t) sim->policy_count + 1;
    policy->effective_us = sim->policy_count == 0 ? sim->created_us : policy->effective_us;
    sim->policies[sim->policy_count++] = policy;
    return TN_OK;
}

/* A suspension of the real programme when one falls into the season, else a drill. */
static void choose_suspension(struct tn_sim *sim, uint64_t opening_us)
{
    size_t count;
    const struct tn_policy_incident *incidents = tn_policy_history_incidents(&count);
    uint32_t horizon = sim->policies[0]->horizon_days;
    uint64_t end_us = opening_us + sim->options.days * TN_DAY_US;
    uint64_t programme_end_us = sim->policies[sim->policy_count - 1]->programme_end_us;

    for (size_t i = 0; i < count; i++) {
        if (incidents[i].at_us >= opening_us && incidents[i].at_us < end_us) {
            sim->suspended_port = incidents[i].port;
            sim->suspend_us = incidents[i].at_us;
            sim->resume_us = incidents[i].resumed_us > 0 ? incidents[i].resumed_us
                                                         : incidents[i].at_us + RESUMED_AFTER_US;
            /* What was offered before was honoured: later than any of its dates. */
            sim->honour_before = (uint32_t) (incidents[i].at_us / TN_DAY_US) + horizon + 1;
            return;
        }
    }
    /* At the programme's end every port is suspended, so none may be so already. */
    if (sim->options.days >= DRILL_DAYS_MIN && opening_us + 4 * TN_DAY_US < programme_end_us) {
        uint32_t resume = sim->options.days > DRILL_DAYS_MIN ? 3 : 2;

        sim->suspended_port = DRILL_PORT;
        sim->suspend_us = opening_us + TN_DAY_US + 3 * TN_HOUR_US;
        sim->resume_us = opening_us + resume * TN_DAY_US + TN_HOUR_US;
        sim->honour_before = sim->options.start_day + horizon;
    }
}

enum tn_status tn_sim_policies_make(struct tn_sim *sim)
{
    uint32_t start = sim->options.start_day;
    uint64_t opening_us;
    uint64_t before_us;
    struct tn_policy *policy = malloc(sizeof(*policy));
    size_t first = 0;
    enum tn_status status = noon_of(start, &opening_us, sim->error);

    if (status == TN_OK) {
        status = noon_of(start - 1, &before_us, sim->error);
    }
    if (status != TN_OK || !policy) {
        free(policy);
        return status != TN_OK ? status : tn_fail(sim->error, TN_MEMORY, "no memory");
    }
    sim->created_us = before_us + (CREATED_MINUTE - 12 * 60) * TN_MINUTE_US;
    sim->base_day = start - 2;
    for (size_t i = TN_POLICY_HISTORY_FIRST_RUNNABLE; i < TN_POLICY_HISTORY_COUNT; i++) {
        tn_policy_history(i, policy);
        first = policy->effective_us <= opening_us ? i : first;
    }
    tn_policy_history(first, policy);
    if (first < TN_POLICY_HISTORY_FIRST_RUNNABLE ||
        (policy->programme_end_us > 0 && opening_us >= policy->programme_end_us)) {
        status = tn_fail(sim->error, TN_INVALID,
                         "the programme drew lots from 2023-05-10 to 2025-01-19; start within");
    }
    for (size_t i = first; status == TN_OK && i < TN_POLICY_HISTORY_COUNT; i++) {
        status = keep_version(sim, i);
    }
    if (status == TN_OK) {
        choose_suspension(sim, opening_us);
    }
    free(policy);
    return status;
}

const struct tn_policy *tn_sim_policy_at(const struct tn_sim *sim, uint64_t time_us)
{
    return tn_policy_in_force((const struct tn_policy *const *) sim->policies,
                              sim->published > 0 ? sim->published : 1, time_us);
}

/* ---- the plan of a day ---- */

static enum tn_status plan_act(struct tn_sim *sim, enum tn_sim_programme what, uint64_t time_us)
{
    struct tn_sim_action action = {
        .time_us = time_us, .act = TN_SIM_PROGRAMME, .detail = (uint32_t) what};

    return tn_sim_plan(sim, &action);
}

enum tn_status tn_sim_plan_programme(struct tn_sim *sim)
{
    enum tn_status status = TN_OK;
    uint64_t time_us = sim->from_us;

    for (size_t i = sim->published; status == TN_OK && i < sim->policy_count; i++) {
        if (sim->policies[i]->effective_us < sim->until_us + PUBLISH_AHEAD_US) {
            time_us += TN_MINUTE_US;
            status = plan_act(sim, TN_SIM_PUBLISH_POLICY, time_us);
        }
    }
    if (status == TN_OK && sim->day_number == 1) {
        status = plan_act(sim, TN_SIM_PUBLISH_CAPACITY, sim->from_us + TN_HOUR_US);
    }
    if (status == TN_OK && sim->day_number == 2) {
        status = plan_act(sim, TN_SIM_SUSPEND_OFFICER, sim->from_us + 2 * TN_HOUR_US);
    }
    if (status == TN_OK && sim->suspend_us > 0) {
        status = plan_act(sim, TN_SIM_SUSPEND_PORT, sim->suspend_us);
    }
    if (status == TN_OK && sim->suspend_us > 0) {
        status = plan_act(sim, TN_SIM_REALLOCATE, sim->suspend_us + TN_HOUR_US);
    }
    if (status == TN_OK && sim->suspend_us > 0) {
        status = plan_act(sim, TN_SIM_RESUME_PORT, sim->resume_us);
    }
    if (status == TN_OK) {
        status = plan_act(sim, TN_SIM_END_PROGRAMME,
                          sim->policies[sim->policy_count - 1]->programme_end_us);
    }
    return status;
}

/* ---- acts ---- */

static const struct tn_intake_caller operator_caller = {.actor = {.role = TN_ROLE_OPERATOR}};

static struct tn_ids approvers(struct tn_sim *sim)
{
    return (struct tn_ids){.items = (const uint8_t(*)[TN_ID_SIZE]) sim->approvers, .count = 2};
}

/* Fill id and actor of a command whose facts stand, and have it decided. */
static enum tn_status decide(struct tn_sim *sim, struct tn_sim_slot *slot,
                             enum tn_command_kind kind, uint64_t time_us)
{
    struct tn_intake intake = {
        .vault = &sim->ledger->vault,
        .policy = sim->policies[0],
        .now_us = time_us,
        .random = &slot->random,
    };

    tn_intake_plain(&intake, &operator_caller, kind, &slot->command);
    slot->expect = TN_SIM_EXPECT_DONE;
    return tn_sim_slot_call(sim, slot, time_us);
}

/* Who somebody is by their place in the list: validators, a port officer a port, auditor,
 * scheduler. */
static void describe_staff(const struct tn_sim *sim, size_t place, struct tn_simulate_login *login,
                           enum tn_role *role)
{
    const struct tn_policy *policy = sim->policies[0];
    size_t ports_end = TN_SIM_OFFICERS + policy->port_count;

    if (place < TN_SIM_OFFICERS) {
        *role = TN_ROLE_OFFICER;
        (void) snprintf(login->email, sizeof(login->email), "officer%zu@agency%zu.example",
                        place + 1, place % TN_SIM_ORGANISATIONS + 1);
    } else if (place < ports_end) {
        *role = TN_ROLE_PORT_OFFICER;
        login->port = policy->ports[place - TN_SIM_OFFICERS].code;
        (void) snprintf(login->email, sizeof(login->email), "port%u@ports.example",
                        (unsigned) login->port);
    } else {
        *role = place == ports_end ? TN_ROLE_AUDITOR : TN_ROLE_SCHEDULER;
        (void) snprintf(login->email, sizeof(login->email), "%s@oversight.example",
                        tn_role_name(*role));
    }
}

size_t tn_sim_port_officer(size_t port)
{
    return TN_SIM_OFFICERS + port;
}

static enum tn_status enrol_one(struct tn_sim *sim, size_t place, uint64_t time_us)
{
    struct tn_simulate_login *login = &sim->staff[place];
    struct tn_facts_enrol_officer *facts;
    struct tn_sim_slot *slot;
    struct tn_desk_tag *tag;
    enum tn_role role;
    enum tn_status status = tn_sim_slot_take(sim, &slot);

    if (status != TN_OK) {
        return status;
    }
    describe_staff(sim, place, login, &role);
    tag = &slot->command.tags[0];
    facts = &slot->command.request.command.facts.enrol_officer_facts;
    status = tn_vault_officer_tag(sim->ledger->keys, EMPTY, tn_bytes_from_string(login->email),
                                  tag->tag);
    if (status != TN_OK) {
        tn_sim_slot_drop(sim, slot);
        return tn_fail(sim->error, status, "an officer's address is not one");
    }
    tn_random_fill(&slot->random, tag->candidate, TN_ID_SIZE);
    tn_random_fill(&slot->random, login->token, TN_TOKEN_SIZE);
    tag->kind = TN_INDEX_OFFICER;
    tag->id = facts->officer;
    slot->command.request.tag_count = 1;
    memcpy(login->id, tag->candidate, TN_ID_SIZE);
    facts->role = role;
    facts->port = login->port;
    tn_sha256(facts->token, tn_bytes(login->token, TN_TOKEN_SIZE));
    if (role == TN_ROLE_OFFICER) {
        memcpy(facts->organisation, sim->organisations[place % TN_SIM_ORGANISATIONS], TN_ID_SIZE);
    }
    return decide(sim, slot, TN_COMMAND_enrol_officer, time_us);
}

static enum tn_status enrol(struct tn_sim *sim, uint64_t time_us)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < TN_SIM_ORGANISATIONS; i++) {
        char code[TN_ID_SIZE];

        (void) snprintf(code, sizeof(code), "agency%zu", i + 1);
        status = tn_organisation_parse(tn_bytes_from_string(code), sim->organisations[i]);
    }
    sim->staff_count = TN_SIM_OFFICERS + sim->policies[0]->port_count + 2;
    for (size_t i = 0; status == TN_OK && i < sim->staff_count; i++) {
        status = enrol_one(sim, i, time_us);
    }
    sim->report->sample.officer = sim->staff[0];
    sim->report->sample.port_officer = sim->staff[tn_sim_port_officer(0)];
    sim->report->sample.auditor = sim->staff[sim->staff_count - 2];
    return status;
}

static enum tn_status publish_policy(struct tn_sim *sim, struct tn_sim_slot *slot, uint64_t time_us)
{
    struct tn_facts_publish_policy *facts =
        &slot->command.request.command.facts.publish_policy_facts;
    const struct tn_policy *policy = sim->policies[sim->published];
    struct tn_buffer document;
    enum tn_status status;

    tn_buffer_init(&document, TN_POLICY_BYTES_MAX);
    status = tn_policy_encode(policy, &document, sim->error);
    if (status == TN_OK) {
        facts->policy = policy->version;
        facts->effective_us = policy->effective_us;
        facts->document = tn_buffer_view(&document);
        facts->approvers = approvers(sim);
        facts->reason = tn_bytes_from_string("programme_history");
        status = decide(sim, slot, TN_COMMAND_publish_policy, time_us);
        sim->published++;
    } else {
        tn_sim_slot_drop(sim, slot);
    }
    tn_buffer_close(&document);
    return status;
}

/* The scheduler fixes one date ahead, with the numbers that the policy would give. */
static enum tn_status publish_capacity(struct tn_sim *sim, struct tn_sim_slot *slot,
                                       uint64_t time_us)
{
    struct tn_facts_publish_capacity *facts =
        &slot->command.request.command.facts.publish_capacity_facts;
    const struct tn_policy *policy = sim->policy;
    uint32_t date = sim->civil_day + 2 + policy->horizon_days;
    uint64_t ends_us[TN_POLICY_PORTS_MAX];
    enum tn_status status = TN_OK;

    for (uint32_t i = 0; status == TN_OK && i < policy->port_count; i++) {
        status = tn_window_date_end(&policy->ports[i], date, &ends_us[i], sim->error);
    }
    if (status == TN_OK) {
        status = tn_capacity_from_policy(policy, ends_us, &slot->command.arena, &facts->ports);
    }
    if (status != TN_OK) {
        tn_sim_slot_drop(sim, slot);
        return status;
    }
    facts->date = date;
    facts->approvers = approvers(sim);
    facts->reason = tn_bytes_from_string("scheduled_ahead");
    return decide(sim, slot, TN_COMMAND_publish_capacity, time_us);
}

static enum tn_status suspend_port(struct tn_sim *sim, struct tn_sim_slot *slot, uint16_t port,
                                   uint32_t honour_before, const char *reason, uint64_t time_us)
{
    struct tn_facts_suspend_port *facts = &slot->command.request.command.facts.suspend_port_facts;

    facts->port = port;
    facts->honour_before = honour_before;
    facts->approvers = approvers(sim);
    facts->reason = tn_bytes_from_string(reason);
    return decide(sim, slot, TN_COMMAND_suspend_port, time_us);
}

/* 2025-01-20, noon: nobody's appointment was honoured from this moment on. The last draw's offers,
 * made at the same noon, are taken back with them. */
static enum tn_status end_programme(struct tn_sim *sim, uint64_t time_us)
{
    const struct tn_policy *policy = sim->policies[0];
    enum tn_status status = TN_OK;

    for (uint32_t i = 0; status == TN_OK && i < policy->port_count; i++) {
        struct tn_sim_slot *slot;

        status = tn_sim_slot_take(sim, &slot);
        if (status == TN_OK) {
            status = suspend_port(sim, slot, policy->ports[i].code, sim->civil_day,
                                  "programme_ended", time_us);
        }
    }
    return status;
}

static enum tn_status resume_port(struct tn_sim *sim, struct tn_sim_slot *slot, uint64_t time_us)
{
    struct tn_facts_resume_port *facts = &slot->command.request.command.facts.resume_port_facts;

    facts->port = sim->suspended_port;
    facts->approvers = approvers(sim);
    facts->reason = tn_bytes_from_string("situation_resolved");
    return decide(sim, slot, TN_COMMAND_resume_port, time_us);
}

/* Half of what is free at the suspended port on the newest date goes to the first port of the
 * table. */
static enum tn_status reallocate(struct tn_sim *sim, struct tn_sim_slot *slot, uint64_t time_us)
{
    struct tn_facts_reallocate_seats *facts =
        &slot->command.request.command.facts.reallocate_seats_facts;
    uint64_t date = sim->window.service_date;
    struct tn_arena *arena = &slot->command.arena;
    struct tn_port_date_row row;
    struct tn_seat_move *moves = NULL;
    size_t count = 0;
    bool found = false;
    enum tn_status status = TN_READ(sim->views.rows[TN_CORE_SEATS],
                                    tn_key_port_date(sim->suspended_port, date), port_date_row,
                                    arena, &row, &found, sim->error);

    if (status == TN_OK && found) {
        moves = tn_arena_array(arena, row.slots.count, sizeof(*moves));
    }
    for (size_t i = 0; moves && i < row.slots.count; i++) {
        if (row.slots.items[i].free > 1) {
            moves[count++] = (struct tn_seat_move){
                .port = sim->suspended_port,
                .date = date,
                .minute = row.slots.items[i].minute,
                .to_port = sim->policies[0]->ports[0].code,
                .to_date = date,
                .to_minute = row.slots.items[i].minute,
                .seats = (uint64_t) row.slots.items[i].free / 2,
            };
        }
    }
    if (status != TN_OK || count == 0) {
        tn_sim_slot_drop(sim, slot);
        return status;
    }
    facts->moves = (struct tn_seat_move_list){moves, count};
    facts->approvers = approvers(sim);
    facts->reason = tn_bytes_from_string("port_suspended");
    return decide(sim, slot, TN_COMMAND_reallocate_seats, time_us);
}

static enum tn_status suspend_officer(struct tn_sim *sim, struct tn_sim_slot *slot,
                                      uint64_t time_us)
{
    struct tn_facts_suspend_officer *facts =
        &slot->command.request.command.facts.suspend_officer_facts;

    memcpy(facts->officer, sim->staff[IDLE_OFFICER].id, TN_ID_SIZE);
    facts->reason = tn_bytes_from_string("left_the_service");
    return decide(sim, slot, TN_COMMAND_suspend_officer, time_us);
}

enum tn_status tn_sim_run_programme(struct tn_sim *sim, enum tn_sim_programme what,
                                    uint64_t time_us)
{
    struct tn_sim_slot *slot;
    enum tn_status status;

    if (what == TN_SIM_ENROL) {
        return enrol(sim, time_us);
    }
    if (what == TN_SIM_END_PROGRAMME) {
        return end_programme(sim, time_us);
    }
    status = tn_sim_slot_take(sim, &slot);
    if (status != TN_OK) {
        return status;
    }
    switch (what) {
    case TN_SIM_PUBLISH_POLICY:
        return publish_policy(sim, slot, time_us);
    case TN_SIM_PUBLISH_CAPACITY:
        return publish_capacity(sim, slot, time_us);
    case TN_SIM_SUSPEND_PORT:
        return suspend_port(sim, slot, sim->suspended_port, sim->honour_before,
                            "security_situation", time_us);
    case TN_SIM_REALLOCATE:
        return reallocate(sim, slot, time_us);
    case TN_SIM_RESUME_PORT:
        return resume_port(sim, slot, time_us);
    case TN_SIM_SUSPEND_OFFICER:
        return suspend_officer(sim, slot, time_us);
    case TN_SIM_ENROL:
    case TN_SIM_END_PROGRAMME:
        break;
    }
    tn_sim_slot_drop(sim, slot);
    return TN_OK;
}
