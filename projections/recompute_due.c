/* What fell due by itself, decided again, and whether it came in its order: before every command
 * at a later time (DESIGN, The desk). */
#include <inttypes.h>
#include <string.h>

#include "ledger/base/civil.h"
#include "ledger/rules/window.h"
#include "projections/recompute_internal.h"

/* A window that spans a change of clocks is longer or shorter by at most this. */
#define CLOCK_CHANGE_MAX_US (3 * TN_HOUR_US)

static const struct tn_bytes nothing = {NULL, 0};

/* ---- what is next ---- */

enum tn_status tn_recompute_note_due(struct tn_recompute *recompute, const struct tn_event *event,
                                     struct tn_error *error)
{
    /* What can bring the next item nearer, or was it. */
    if ((event->kind >= TN_KIND_day_opened && event->kind <= TN_KIND_offer_lapsed) ||
        event->kind == TN_KIND_window_extended || event->kind == TN_KIND_chain_replaced) {
        recompute->due_stale = true;
    }
    if (event->kind == TN_KIND_appointment_offered) {
        return tn_lapse_heap_add(&recompute->lapses, event->body.appointment_offered.deadline_us,
                                 event->body.appointment_offered.offer, error);
    }
    return event->kind == TN_KIND_window_extended
               ? tn_lapse_heap_reload(&recompute->lapses, recompute->state.rows[TN_CORE_QUEUE],
                                      error)
               : TN_OK;
}

/* As tn_due_next: the earlier; at one instant the lapse. */
static enum tn_status next_due(struct tn_recompute *recompute, struct tn_error *error)
{
    const struct tn_due *lapse = &recompute->due_lapse;
    struct tn_due *due = &recompute->due;
    enum tn_status status = TN_OK;

    if (!recompute->due_stale) {
        return TN_OK;
    }
    status = tn_due_next_of_days(&recompute->decider, &recompute->arena, due, error);
    if (status == TN_OK) {
        status = tn_lapse_heap_first(&recompute->lapses, recompute->state.rows[TN_CORE_QUEUE],
                                     &recompute->arena, &recompute->due_lapse, error);
    }
    if (status == TN_OK && lapse->kind != TN_DUE_NOTHING &&
        (due->kind == TN_DUE_NOTHING || lapse->due_us <= due->due_us)) {
        *due = *lapse;
    }
    recompute->due_stale = status != TN_OK;
    return status;
}

/* A reveal may be late and a draw is computed beside the desk: meanwhile lapses go on. `*due` is
 * the first item that nothing holds up. */
static enum tn_status next_unheld(struct tn_recompute *recompute, struct tn_due *due,
                                  struct tn_error *error)
{
    enum tn_status status = next_due(recompute, error);
    bool held = tn_due_may_wait(recompute->due.kind);

    *due = held ? recompute->due_lapse : recompute->due;
    return status;
}

static const char *due_words(enum tn_due_kind kind)
{
    switch (kind) {
    case TN_DUE_LAPSE:
        return "an offer's deadline";
    case TN_DUE_POOL_CLOSE:
        return "the close of a day's pool";
    case TN_DUE_DAY_VOID:
        return "the end of a day that no chain serves";
    case TN_DUE_WITNESS_MISS:
        return "the limit of a silent witness";
    case TN_DUE_REVEAL:
        return "the reveal of a day's secret";
    case TN_DUE_DRAW:
        return "a draw";
    case TN_DUE_NOTHING:
    case TN_DUE_DAY_OPENING:
        break;
    }
    return "nothing";
}

static enum tn_status differ_due(struct tn_recompute *recompute, const char *rule,
                                 const struct tn_due *due, uint64_t time_us, struct tn_bytes entry,
                                 struct tn_error *error)
{
    if (due->kind == TN_DUE_NOTHING) {
        return tn_recompute_differ(recompute, recompute->index, rule, nothing, entry, error,
                                   "nothing was in sight that could fall due");
    }
    return tn_recompute_differ(recompute, recompute->index, rule, nothing, entry, error,
                               "at %" PRIu64 " us the next to fall due was %s, at %" PRIu64
                               " us; this entry is something else, or too early",
                               time_us, due_words(due->kind), due->due_us);
}

/* ---- before a command ---- */

static enum tn_status order_of_reveal(struct tn_recompute *recompute, const struct tn_event *event,
                                      struct tn_bytes entry, struct tn_error *error)
{
    enum tn_status status = next_due(recompute, error);
    const struct tn_due *due = &recompute->due;

    if (status != TN_OK) {
        return tn_recompute_failed(recompute, status, "due", entry, error);
    }
    return due->kind == TN_DUE_REVEAL && due->due_us <= event->time_us &&
                   due->day == event->body.draw_seeded.day
               ? TN_OK
               : differ_due(recompute, "reveal", due, event->time_us, entry, error);
}

/* What the desk still decides while it holds up what is due, openings included. */
static bool goes_on_paused(enum tn_command_kind kind)
{
    return kind == TN_COMMAND_validate || kind == TN_COMMAND_report_fork ||
           kind == TN_COMMAND_raise_alarm;
}

enum tn_status tn_recompute_order(struct tn_recompute *recompute, const struct tn_command *command,
                                  const struct tn_event *event, struct tn_bytes entry,
                                  struct tn_error *error)
{
    struct tn_due due;
    enum tn_status status;

    if (command->kind == TN_COMMAND_resume_deadlines) {
        recompute->paused = recompute->paused && event->kind == TN_KIND_command_refused;
        return TN_OK;
    }
    if (command->kind == TN_COMMAND_reveal_secret) {
        return event->kind == TN_KIND_draw_seeded ? order_of_reveal(recompute, event, entry, error)
                                                  : TN_OK;
    }
    status = next_unheld(recompute, &due, error);
    if (status != TN_OK) {
        return tn_recompute_failed(recompute, status, "due", entry, error);
    }
    if (due.kind != TN_DUE_NOTHING && due.due_us <= event->time_us) {
        if (!goes_on_paused(command->kind)) {
            return tn_recompute_differ(recompute, event->index, "order", nothing, entry, error,
                                       "a command was decided at %" PRIu64
                                       " us before %s of %" PRIu64 " us",
                                       event->time_us, due_words(due.kind), due.due_us);
        }
        if (!recompute->paused) { /* a pause: its resume must come before anything falls due */
            recompute->paused = true;
            recompute->paused_index = event->index;
        }
    }
    return goes_on_paused(command->kind) ? TN_OK
                                         : tn_recompute_days(recompute, event, entry, error);
}

/* ---- day openings ---- */

static bool near(uint64_t a, uint64_t b, uint64_t distance)
{
    return a > b ? a - b <= distance : b - a <= distance;
}

/* No zone file is read, so the instants are taken; but only such as a zone could give. */
static const char *opening_fault(const struct tn_recompute *recompute,
                                 const struct tn_policy *policy, const struct tn_day_opened *body,
                                 uint64_t time_us)
{
    const struct tn_policy *in_force =
        tn_policies_in_force(&recompute->decider.policies, body->opens_us);
    uint64_t opens_us;

    if (policy == NULL || policy != in_force) {
        return "the day is opened under a policy that is not in force at its opening";
    }
    if (policy->method != TN_METHOD_DRAW) {
        return "the day is opened under a policy that has no draw";
    }
    if (body->day > UINT32_MAX - TN_POLICY_HORIZON_DAYS_MAX ||
        body->service_date != body->day + policy->horizon_days) {
        return "the service date is not the day with the policy's horizon";
    }
    opens_us = body->day * TN_DAY_US + policy->window.opens_minute * TN_MINUTE_US;
    if (body->opens_us > time_us) {
        return "the day is opened before its opening";
    }
    if (body->closes_us <= body->opens_us || body->draw_us < body->closes_us ||
        !near(body->opens_us, opens_us, TN_ZONE_MAX_US) ||
        !near(body->closes_us - body->opens_us,
              (uint64_t) (policy->window.closes_minute - policy->window.opens_minute) *
                  TN_MINUTE_US,
              CLOCK_CHANGE_MAX_US) ||
        !near(body->draw_us,
              (body->day + policy->draw.day_offset) * TN_DAY_US +
                  policy->draw.minute * TN_MINUTE_US,
              TN_ZONE_MAX_US)) {
        return "the day's instants cannot be those of the policy's civil times in any zone";
    }
    return NULL;
}

static void window_from(const struct tn_recompute *recompute, const struct tn_policy *policy,
                        const struct tn_day_opened *body, struct tn_window *window)
{
    const struct tn_port_capacity_list *ports =
        &recompute->held_event.body.capacity_published.ports;

    *window = (struct tn_window){
        .day = (uint32_t) body->day,
        .service_date = (uint32_t) body->service_date,
        .opens_us = body->opens_us,
        .closes_us = body->closes_us,
        .draw_us = body->draw_us,
        .port_count = policy->port_count,
    };
    for (size_t i = 0; recompute->held && i < ports->count; i++) {
        uint64_t port = ports->items[i].port;
        int at = port <= UINT16_MAX ? tn_policy_port_index(policy, (uint16_t) port) : -1;

        if (at >= 0) {
            window->ends_us[at] = ports->items[i].ends_us;
        }
    }
}

/* The end of a date is a midnight somewhere on earth. */
static bool ends_are_midnights(const struct tn_recompute *recompute)
{
    const struct tn_capacity_published *body = &recompute->held_event.body.capacity_published;
    bool sound = true;

    for (size_t i = 0; recompute->held && i < body->ports.count; i++) {
        sound = sound && body->date < UINT32_MAX &&
                near(body->ports.items[i].ends_us, (body->date + 1) * TN_DAY_US, TN_ZONE_MAX_US);
    }
    return sound;
}

enum tn_status tn_recompute_opening(struct tn_recompute *recompute, const struct tn_event *event,
                                    struct tn_bytes entry, struct tn_error *error)
{
    static const char rule[] = "day_opening";
    const struct tn_policy *policy;
    const struct tn_day_opened *body;
    struct tn_window window;
    struct tn_due due;
    const char *fault;
    enum tn_status status;

    recompute->rule = rule;
    if (event == NULL || event->kind != TN_KIND_day_opened) {
        return tn_recompute_differ(recompute, recompute->held_event.index, rule, nothing,
                                   tn_buffer_view(&recompute->held_entry), error,
                                   "seats are published without a command, and no day opens with "
                                   "them");
    }
    body = &event->body.day_opened;
    policy = tn_policies_version(&recompute->decider.policies, body->policy);
    fault = opening_fault(recompute, policy, body, event->time_us);
    if (fault == NULL && !ends_are_midnights(recompute)) {
        fault = "the service date does not end at a midnight in any zone";
    }
    if (fault != NULL) {
        return tn_recompute_differ(recompute, event->index, rule, nothing, entry, error, "%s",
                                   fault);
    }
    status = next_unheld(recompute, &due, error);
    if (status == TN_OK && due.kind != TN_DUE_NOTHING &&
        (due.due_us < body->opens_us ||
         (due.due_us == body->opens_us && due.kind == TN_DUE_LAPSE))) {
        return tn_recompute_differ(recompute, event->index, rule, nothing, entry, error,
                                   "the day was opened before %s of %" PRIu64 " us",
                                   due_words(due.kind), due.due_us);
    }
    recompute->report.attested[TN_ATTESTED_day_instants]++;
    if (recompute->held) {
        recompute->report.attested[TN_ATTESTED_date_ends] +=
            recompute->held_event.body.capacity_published.ports.count;
    }
    window_from(recompute, policy, body, &window);
    tn_verdict_init(&recompute->verdict, NULL, event->time_us,
                    recompute->held ? recompute->held_event.index : event->index,
                    &recompute->arena);
    if (status == TN_OK) {
        status = tn_due_open_day(&recompute->decider, (uint32_t) body->policy, &window,
                                 &recompute->verdict, error);
    }
    recompute->report.due += status == TN_OK ? 1 : 0;
    tn_day_watch_opened(&recompute->days, body, policy);
    return status == TN_OK ? TN_OK : tn_recompute_failed(recompute, status, rule, entry, error);
}

/* Seats published without a command wait for the day that they are published for. */
static enum tn_status hold(struct tn_recompute *recompute, const struct tn_event *event,
                           struct tn_bytes entry, struct tn_error *error)
{
    tn_arena_reset(&recompute->held_arena);
    tn_buffer_reset(&recompute->held_entry);
    tn_buffer_append_bytes(&recompute->held_entry, entry);
    if (tn_buffer_status(&recompute->held_entry) != TN_OK) {
        return tn_fail(error, TN_MEMORY, "no memory for an entry");
    }
    recompute->held = true;
    return tn_event_decode(tn_buffer_view(&recompute->held_entry), event->index,
                           &recompute->held_arena, &recompute->held_event, error);
}

/* ---- the rest ---- */

static enum tn_status decide_item(struct tn_recompute *recompute, const struct tn_event *event,
                                  struct tn_bytes entry, const struct tn_due *due,
                                  struct tn_error *error)
{
    switch (due->kind) {
    case TN_DUE_LAPSE:
        return tn_due_lapse(&recompute->decider, due, &recompute->verdict, error);
    case TN_DUE_POOL_CLOSE:
        return tn_recompute_pool_start(recompute, event, entry, due, error);
    case TN_DUE_DAY_VOID:
        return tn_due_void_day(&recompute->decider, due, &recompute->verdict, error);
    case TN_DUE_WITNESS_MISS:
        return tn_due_miss_witness(&recompute->decider, due, &recompute->verdict, error);
    case TN_DUE_DRAW:
        return tn_recompute_draw_start(recompute, event, entry, error);
    case TN_DUE_NOTHING:
    case TN_DUE_DAY_OPENING:
    case TN_DUE_REVEAL:
        break;
    }
    return TN_OK;
}

/* The kind of item whose first event this is. */
static enum tn_due_kind due_kind_of(uint32_t kind)
{
    switch (kind) {
    case TN_KIND_offer_lapsed:
        return TN_DUE_LAPSE;
    case TN_KIND_pool_closed:
        return TN_DUE_POOL_CLOSE;
    case TN_KIND_day_voided:
        return TN_DUE_DAY_VOID;
    case TN_KIND_witness_missed:
        return TN_DUE_WITNESS_MISS;
    case TN_KIND_draw_completed:
        return TN_DUE_DRAW;
    default:
        return TN_DUE_NOTHING;
    }
}

static const char *due_rule(enum tn_due_kind kind)
{
    return kind == TN_DUE_LAPSE          ? "lapse"
           : kind == TN_DUE_POOL_CLOSE   ? "pool_close"
           : kind == TN_DUE_DAY_VOID     ? "day_void"
           : kind == TN_DUE_WITNESS_MISS ? "witness_miss"
           : kind == TN_DUE_DRAW         ? "draw"
                                         : "cause";
}

enum tn_status tn_recompute_due(struct tn_recompute *recompute, const struct tn_event *event,
                                struct tn_bytes entry, struct tn_error *error)
{
    struct tn_due due;
    enum tn_due_kind kind;
    enum tn_status status;

    if (recompute->paused) {
        return tn_recompute_differ(recompute, recompute->index, "order", nothing, entry, error,
                                   "from entry %" PRIu64
                                   " on commands were decided although something was due, as in a "
                                   "pause; and now things fall due with no resume",
                                   recompute->paused_index);
    }
    if (event->kind == TN_KIND_day_opened) {
        return tn_recompute_opening(recompute, event, entry, error);
    }
    if (event->kind == TN_KIND_capacity_published) {
        return hold(recompute, event, entry, error);
    }
    kind = due_kind_of(event->kind);
    recompute->rule = due_rule(kind);
    if (kind == TN_DUE_NOTHING) {
        return tn_recompute_differ(recompute, event->index, recompute->rule, nothing, entry, error,
                                   "no command and nothing due leads to this entry");
    }
    status = kind == TN_DUE_LAPSE ? next_unheld(recompute, &due, error)
                                  : next_due(recompute, error);
    if (status != TN_OK) {
        return tn_recompute_failed(recompute, status, recompute->rule, entry, error);
    }
    if (kind != TN_DUE_LAPSE) {
        due = recompute->due;
    }
    if (due.kind != kind || due.due_us > event->time_us) {
        return differ_due(recompute, recompute->rule, &due, event->time_us, entry, error);
    }
    status = decide_item(recompute, event, entry, &due, error);
    if (status != TN_OK) {
        return tn_recompute_failed(recompute, status, recompute->rule, entry, error);
    }
    recompute->report.due += kind == TN_DUE_DRAW ? 0 : 1;
    return TN_OK;
}
