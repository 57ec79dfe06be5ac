/* The season: a ledger is made, people register, windows open and close, and a report is written.
 */
#include "api/simulate/simulate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/simulate/simulate_internal.h"
#include "ledger/base/clock.h"

/* 2023-07-05: 1,450 seats a day since four days. */
#define START_DEFAULT 19543u
#define START_EARLIEST 19487u /* 2023-05-10 */
/* After the last draw: winners answer until the evening, while the next window is open. */
#define EVENING_US (8 * TN_HOUR_US)
/* Service dates lie this far ahead at most, and some more for a day that is skipped. */
#define CALENDAR_SLACK 64u
/* Rows of everybody who asks, and of a day's pool: the desk then seldom waits for the store. */
#define CACHE_BYTES ((size_t) 768 << 20)
/* Filters and indexes of a whole programme's commands, or each new one would be asked of the disk.
 */
#define BLOCK_CACHE_BYTES ((size_t) 256 << 20)
#define DAY_ARENA_BYTES ((size_t) 256 << 20)

static enum tn_status check_options(struct tn_sim *sim)
{
    struct tn_simulate_options *options = &sim->options;

    options->start_day = options->start_day > 0 ? options->start_day : START_DEFAULT;
    options->scale_ppm = options->scale_ppm > 0 ? options->scale_ppm : TN_SCALE_ONE_PPM;
    options->in_flight = options->in_flight > 0 ? options->in_flight : TN_SIMULATE_IN_FLIGHT;
    if (options->days == 0 || options->days > TN_SIMULATE_DAYS_MAX) {
        return tn_fail(sim->error, TN_INVALID, "a season has 1 to %u days", TN_SIMULATE_DAYS_MAX);
    }
    if (options->scale_ppm > TN_SCALE_MAX_PPM) {
        return tn_fail(sim->error, TN_INVALID, "the scale is at most %u",
                       TN_SCALE_MAX_PPM / TN_SCALE_ONE_PPM);
    }
    if (options->start_day < START_EARLIEST) {
        return tn_fail(sim->error, TN_INVALID,
                       "the programme drew lots from 2023-05-10 on; before, it was first come, "
                       "first served, which is not played");
    }
    return TN_OK;
}

static enum tn_status enlarge_cache(void *context)
{
    struct tn_sim *sim = context;

    tn_engine_set_cache(sim->ledger->engine, CACHE_BYTES);
    return TN_OK;
}

static enum tn_status open_ledger(struct tn_sim *sim)
{
    struct tn_genesis genesis = {
        .policy = sim->policies[0],
        .simulated = true,
        .seed = sim->options.seed,
        .created_us = sim->created_us,
        .allow_unlocked = true,
    };
    struct tn_ledger_options open = {
        .mode = TN_LEDGER_DESK,
        .manual_clock = true,
        .no_publish = true,
        .allow_unlocked = true,
        .cache_bytes = BLOCK_CACHE_BYTES,
    };
    enum tn_status status = tn_ledger_create(sim->directory, &genesis, sim->error);

    if (status == TN_OK) {
        status = tn_ledger_open(sim->directory, &open, &sim->ledger, sim->error);
    }
    if (status == TN_OK) {
        /* A season that is cut short is played again: a sync a day, with its checkpoint. */
        tn_log_set_durability(sim->ledger->log, TN_UNSYNCED);
        status = tn_ledger_approvers(sim->ledger, sim->approvers, sim->error);
    }
    if (status == TN_OK) {
        status = tn_desk_at_rest(sim->ledger->desk, enlarge_cache, sim);
    }
    if (status == TN_OK) {
        status = tn_views_open(sim->ledger->store, NULL, &sim->views, sim->error);
        sim->views_open = status == TN_OK;
    }
    sim->published = 1;
    return status;
}

static void begin_report(struct tn_sim *sim)
{
    const struct tn_policy *policy = sim->policies[0];
    struct tn_simulate_report *report = sim->report;

    report->start_day = sim->options.start_day;
    report->scale_ppm = sim->options.scale_ppm;
    report->seed = sim->options.seed;
    report->requests_least = UINT64_MAX;
    report->port_count = policy->port_count;
    for (uint32_t i = 0; i < policy->port_count; i++) {
        report->ports[i].code = policy->ports[i].code;
        memcpy(report->ports[i].name, policy->ports[i].name, sizeof(report->ports[i].name));
    }
}

static enum tn_status set_up(struct tn_sim *sim)
{
    enum tn_status status = check_options(sim);

    if (status == TN_OK) {
        status = tn_sim_policies_make(sim);
    }
    if (status != TN_OK) {
        return status;
    }
    begin_report(sim);
    tn_arena_init(&sim->day_arena, DAY_ARENA_BYTES);
    sim->calendar_days = sim->options.days + sim->policies[0]->horizon_days + CALENDAR_SLACK;
    sim->calendar = calloc(sim->calendar_days, sizeof(*sim->calendar));
    if (!sim->calendar ||
        tn_sim_pool_open(&sim->pool, sim->options.in_flight, sim->options.slow_us) != TN_OK) {
        return tn_fail(sim->error, TN_MEMORY, "no memory for a season");
    }
    return open_ledger(sim);
}

static void tear_down(struct tn_sim *sim)
{
    if (sim->views_open) {
        tn_views_close(&sim->views);
    }
    tn_ledger_close(sim->ledger);
    tn_sim_pool_close(&sim->pool);
    for (size_t i = 0; i < sim->policy_count; i++) {
        free(sim->policies[i]);
    }
    for (size_t i = 0; sim->calendar && i < sim->calendar_days; i++) {
        tn_sim_list_close(&sim->calendar[i]);
    }
    free(sim->calendar);
    free(sim->groups);
    free(sim->known);
    free(sim->actions);
    free(sim->rows);
    tn_sim_list_close(&sim->appointed);
    tn_sim_list_close(&sim->withdrawn);
    tn_sim_list_close(&sim->winners);
    tn_arena_close(&sim->day_arena);
    tn_arena_close(&sim->event_arena);
}

/* ---- days ---- */

/* Let the ledger come to an instant and read what happened by itself. */
static enum tn_status come_to(struct tn_sim *sim, uint64_t time_us)
{
    enum tn_status status = tn_sim_drain(sim);

    if (status == TN_OK) {
        status = tn_desk_advance(sim->ledger->desk, time_us, sim->error);
    }
    if (status == TN_OK) {
        status = tn_sim_observe(sim);
    }
    return status;
}

static enum tn_status begin_day(struct tn_sim *sim, uint32_t civil_day, uint64_t from_us,
                                uint64_t until_us)
{
    enum tn_civil_kind kind;
    enum tn_status status;

    sim->civil_day = civil_day;
    sim->from_us = from_us;
    sim->until_us = until_us;
    sim->action_count = 0;
    sim->action_order = 0;
    sim->row_count = 0;
    tn_arena_reset(&sim->day_arena);
    status =
        tn_civil_instant(sim->policies[0]->window.zone, civil_day + 1, 0, &sim->midnight_us, &kind);
    return status == TN_OK ? TN_OK : tn_fail(sim->error, status, "the system has no time zones");
}

static uint64_t requests_so_far(const struct tn_sim *sim)
{
    return sim->report->kinds[TN_KIND_appointment_requested] +
           sim->report->kinds[TN_KIND_request_replaced];
}

/* The day's end: everything is committed, so a checkpoint covers it. */
static enum tn_status end_day(struct tn_sim *sim)
{
    struct tn_simulate_report *report = sim->report;
    enum tn_status status = tn_sim_observe(sim);
    uint64_t requests = requests_so_far(sim) - sim->requests_before;

    sim->requests_before = requests_so_far(sim);
    report->requests = requests_so_far(sim);
    if (sim->day_number > 0 && !sim->evening) {
        report->requests_least = requests < report->requests_least ? requests
                                                                   : report->requests_least;
        report->requests_most = requests > report->requests_most ? requests : report->requests_most;
        report->days = sim->day_number;
    }
    return status == TN_OK
               ? tn_log_publish_timed(sim->ledger->log, &sim->ledger->signer,
                                      &sim->ledger->cosigner,
                                      tn_desk_cosignature_time_s(sim->ledger->desk), sim->error)
               : status;
}

static enum tn_status next_window(struct tn_sim *sim, uint64_t from_us, uint32_t after_day,
                                  const struct tn_policy **policy, struct tn_window *window)
{
    return tn_window_next((const struct tn_policy *const *) sim->policies, sim->policy_count,
                          from_us, after_day, policy, window, sim->error);
}

static enum tn_status play_backlog(struct tn_sim *sim, uint64_t opening_us)
{
    enum tn_status status = begin_day(sim, sim->options.start_day - 1, sim->created_us, opening_us);

    sim->policy = sim->policies[0];
    if (status == TN_OK) {
        status = come_to(sim, sim->created_us);
    }
    if (status == TN_OK) {
        status = tn_sim_plan_backlog(sim);
    }
    if (status == TN_OK) {
        status = tn_sim_play(sim);
    }
    return status == TN_OK ? end_day(sim) : status;
}

static enum tn_status play_day(struct tn_sim *sim, uint64_t until_us)
{
    uint64_t opened = sim->report->kinds[TN_KIND_day_opened];
    enum tn_status status = begin_day(sim, sim->window.day, sim->window.opens_us, until_us);

    sim->day_number++;
    if (status == TN_OK) {
        status = come_to(sim, sim->window.opens_us);
    }
    if (status == TN_OK && sim->report->kinds[TN_KIND_day_opened] != opened + 1) {
        status =
            tn_fail(sim->error, TN_MISMATCH, "the desk did not open day %" PRIu32, sim->window.day);
    }
    if (status == TN_OK) {
        status = tn_sim_plan_day(sim);
    }
    if (status == TN_OK) {
        status = tn_sim_play(sim);
    }
    return status == TN_OK ? end_day(sim) : status;
}

static enum tn_status play_evening(struct tn_sim *sim)
{
    uint64_t from_us = sim->window.draw_us;
    enum tn_status status = begin_day(sim, sim->window.day + 1, from_us, from_us + EVENING_US);

    sim->day_number++;
    sim->evening = true;
    if (status == TN_OK) {
        status = come_to(sim, from_us);
    }
    if (status == TN_OK) {
        status = tn_sim_plan_evening(sim);
    }
    if (status == TN_OK) {
        status = tn_sim_play(sim);
    }
    if (status == TN_OK) {
        status = come_to(sim, sim->until_us);
    }
    return status == TN_OK ? end_day(sim) : status;
}

static enum tn_status play_season(struct tn_sim *sim)
{
    enum tn_status status =
        next_window(sim, sim->created_us, UINT32_MAX, &sim->policy, &sim->window);

    if (status == TN_OK) {
        status = play_backlog(sim, sim->window.opens_us);
    }
    for (uint32_t day = 0; status == TN_OK && day < sim->options.days; day++) {
        const struct tn_policy *policy;
        struct tn_window window;
        enum tn_status more =
            next_window(sim, sim->window.opens_us + 1, sim->window.day, &policy, &window);

        /* At the programme's end no window follows: the day lasts until its draw. */
        status = play_day(sim, more == TN_OK ? window.opens_us : sim->window.draw_us);
        if (status == TN_OK && more != TN_OK && day + 1 < sim->options.days) {
            break;
        }
        if (status == TN_OK && day + 1 < sim->options.days) {
            sim->policy = policy;
            sim->window = window;
        }
    }
    return status == TN_OK ? play_evening(sim) : status;
}

/* ---- the end ---- */

/* Somebody whose appointment stands, with the token of their registration. */
static enum tn_status find_sample(struct tn_sim *sim)
{
    struct tn_simulate_sample *sample = &sim->report->sample;
    uint32_t version = TN_RECORD_NEWEST;
    struct tn_sim_person person;
    struct tn_buffer token;
    uint32_t at = 0;
    enum tn_status status;

    for (size_t i = 0; i < sim->appointed.count && !sample->has_pair; i++) {
        at = sim->appointed.items[i];
        sample->has_pair = sim->groups[at].state == TN_SIM_APPOINTED;
    }
    if (sim->group_count == 0) {
        return TN_OK;
    }
    if (sample->has_pair) {
        tn_sim_person(sim, at, 0, &person);
        tn_confirmation_format(sim->groups[at].number, sample->number);
        sample->birth = person.birth;
    }
    memcpy(sample->registration, sim->groups[at].id, TN_ID_SIZE);
    tn_buffer_init(&token, TN_SEALED_PLAIN_MAX);
    status = tn_vault_open_record(&sim->ledger->vault, sample->registration, TN_RECORD_TOKEN,
                                  &version, &token, sim->error);
    if (status == TN_OK && token.size == TN_TOKEN_SIZE) {
        memcpy(sample->token, token.data, TN_TOKEN_SIZE);
        sample->has_owner = true;
    }
    tn_buffer_close_secret(&token);
    return status;
}

static enum tn_status finish_report(struct tn_sim *sim)
{
    struct tn_simulate_report *report = sim->report;
    struct tn_buffer note;
    uint64_t size;
    enum tn_status status;

    for (size_t i = 0; i < sim->group_count; i++) {
        uint64_t waited = sim->civil_day - sim->base_day - sim->groups[i].created;

        if (sim->groups[i].state == TN_SIM_WAITING && waited > report->longest_waiting_days) {
            report->longest_waiting_days = waited;
        }
    }
    memcpy(report->origin, sim->ledger->origin, sizeof(report->origin));
    tn_vkey_format(&sim->ledger->signer.verifier, report->vkey);
    tn_buffer_init(&note, TN_SIMULATE_CHECKPOINT_MAX - 1);
    status = tn_log_published(sim->ledger->log, &note, &size, sim->error);
    if (status == TN_OK) {
        memcpy(report->checkpoint, note.data, note.size);
    }
    tn_buffer_close(&note);
    return status == TN_OK ? find_sample(sim) : status;
}

enum tn_status tn_simulate(const char *directory, const struct tn_simulate_options *options,
                           struct tn_simulate_report *report, struct tn_error *error)
{
    struct tn_error unused = {0};
    struct tn_sim sim = {
        .options = *options,
        .directory = directory,
        .report = report,
        .error = error ? error : &unused,
        .started_us = tn_clock_monotonic_us(),
    };
    enum tn_status status;

    memset(report, 0, sizeof(*report));
    status = set_up(&sim);
    if (status == TN_OK) {
        status = play_season(&sim);
    }
    if (status == TN_OK) {
        status = tn_log_settle(sim.ledger->log, sim.error);
    }
    if (status == TN_OK) {
        status = finish_report(&sim);
    }
    tear_down(&sim);
    report->requests_least = report->requests_least == UINT64_MAX ? 0 : report->requests_least;
    report->wall_us = tn_clock_monotonic_us() - sim.started_us;
    return status == TN_OK ? tn_simulate_write_sample(directory, report, error) : status;
}
