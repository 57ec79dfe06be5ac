/* Decisions about the programme: policies, capacity, ports, officers, reveals. */
#include <string.h>

#include "ledger/rules/bound.h"
#include "ledger/rules/programme.h"
#include "projections/fetch.h"
#include "projections/keys.h"

/* Two different officers who may approve, neither suspended. Schedulers approve seats and
 * suspensions, the owners of the policy everything (spec/privacy.md 5). */
static enum tn_status fetch_approval(struct tn_fetch *fetch, const struct tn_ids *approvers,
                                     bool scheduler_may, bool *approved)
{
    enum tn_status status = TN_OK;
    bool all = approvers->count >= TN_APPROVERS_MIN;

    for (size_t i = 0; status == TN_OK && all && i < approvers->count; i++) {
        struct tn_officer_row officer;
        bool found;

        status = tn_fetch_officer(fetch, approvers->items[i], &officer, &found);
        all = found && !officer.suspended &&
              (officer.role == TN_ROLE_POLICY_OWNER ||
               (scheduler_may && officer.role == TN_ROLE_SCHEDULER));
        for (size_t other = 0; other < i; other++) {
            all = all && memcmp(approvers->items[i], approvers->items[other], TN_ID_SIZE) != 0;
        }
    }
    *approved = status == TN_OK && all;
    return status;
}

static enum tn_status fetch_port_date(struct tn_fetch *fetch, uint64_t port, uint64_t date,
                                      struct tn_port_date_row *row, bool *found)
{
    return TN_READ(fetch->decider->state->rows[TN_CORE_SEATS], tn_key_port_date(port, date),
                   port_date_row, fetch->arena, row, found, fetch->error);
}

static enum tn_status fetch_port(struct tn_fetch *fetch, uint64_t port, struct tn_port_row *row)
{
    bool found;

    return TN_READ(fetch->decider->state->rows[TN_CORE_SEATS], tn_key_port(port), port_row,
                   fetch->arena, row, &found, fetch->error);
}

static enum tn_status decide_policy(struct tn_fetch *fetch)
{
    const struct tn_facts_publish_policy *facts = &fetch->command->facts.publish_policy_facts;
    struct tn_policy *next = tn_arena_alloc(fetch->arena, sizeof(*next));
    bool approved;
    struct tn_pool_reach reach;
    enum tn_status status = fetch_approval(fetch, &facts->approvers, false, &approved);

    if (status == TN_OK && !next) {
        status = TN_FULL;
    }
    if (status == TN_OK) {
        /* A document that cannot be read is refused for that. */
        bool readable = tn_policy_decode(facts->document, next, NULL) == TN_OK;

        status = tn_fetch_pool_reach(fetch, readable ? next : NULL, &reach);
    }
    return status == TN_OK
               ? tn_rule_publish_policy(
                     tn_policies_version(&fetch->decider->policies, fetch->queue.policies),
                     approved, &reach, fetch->command, fetch->verdict)
               : status;
}

/* Do days that are opened reach the date, and has it seats at a port of the policy? */
static enum tn_status fetch_counted(struct tn_fetch *fetch, const struct tn_policy *policy,
                                    uint64_t date, bool *counted)
{
    struct tn_day_row last;
    bool found = false;
    enum tn_status status = tn_fetch_day(fetch, fetch->queue.last_day, &last, &found);

    *counted = false;
    if (status != TN_OK || !found || !policy || date > last.service_date) {
        return status;
    }
    for (uint32_t p = 0; status == TN_OK && p < policy->port_count && !*counted; p++) {
        struct tn_port_date_row row;

        status = fetch_port_date(fetch, policy->ports[p].code, date, &row, counted);
    }
    return status;
}

static enum tn_status decide_capacity(struct tn_fetch *fetch)
{
    const struct tn_facts_publish_capacity *facts = &fetch->command->facts.publish_capacity_facts;
    const struct tn_policy *policy = tn_fetch_policy(fetch, NULL);
    bool approved;
    bool published = false;
    bool counted = false;
    struct tn_pool_reach reach;
    enum tn_status status = fetch_approval(fetch, &facts->approvers, true, &approved);

    for (size_t i = 0; status == TN_OK && i < facts->ports.count; i++) {
        struct tn_port_date_row row;
        bool found;

        status = fetch_port_date(fetch, facts->ports.items[i].port, facts->date, &row, &found);
        published = published || found;
    }
    if (status == TN_OK) {
        status = fetch_counted(fetch, policy, facts->date, &counted);
    }
    if (status == TN_OK) {
        status = tn_fetch_pool_reach(fetch, NULL, &reach);
    }
    return status == TN_OK ? tn_rule_publish_capacity(policy, approved, published, counted, &reach,
                                                      fetch->command, fetch->verdict)
                           : status;
}

/* A growing list of ids in the arena, taken from the ends of scanned keys. */
struct id_list {
    struct tn_arena *arena;
    uint8_t (*items)[TN_ID_SIZE];
    size_t count;
    size_t capacity;
    bool full;
};

static bool collect_id(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct id_list *list = context;

    (void) value;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? list->capacity * 2 : 256;
        uint8_t(*items)[TN_ID_SIZE] = tn_arena_array(list->arena, capacity, TN_ID_SIZE);

        if (!items) {
            list->full = true;
            return false;
        }
        if (list->count > 0) {
            memcpy(items, list->items, list->count * TN_ID_SIZE);
        }
        list->items = items;
        list->capacity = capacity;
    }
    memcpy(list->items[list->count++], key.data + key.size - TN_ID_SIZE, TN_ID_SIZE);
    return true;
}

static enum tn_status scan_ids(struct tn_fetch *fetch, enum tn_core core,
                               const struct tn_row_key *prefix, struct id_list *list)
{
    enum tn_status status;

    *list = (struct id_list){.arena = fetch->arena};
    status = tn_rows_scan(fetch->decider->state->rows[core], tn_row_key_view(prefix),
                          tn_bytes(NULL, 0), collect_id, list, fetch->error);
    return status == TN_OK && list->full ? TN_FULL : status;
}

/* Open offers at a port, dated from `from_date` on. */
static enum tn_status fetch_taken_offers(struct tn_fetch *fetch, uint64_t port, uint64_t from_date,
                                         struct tn_suspension *taken)
{
    struct tn_row_key prefix = tn_key_lapses();
    struct id_list list;
    struct tn_offer_row *rows;
    size_t kept = 0;
    enum tn_status status = scan_ids(fetch, TN_CORE_QUEUE, &prefix, &list);

    rows = status == TN_OK ? tn_arena_array(fetch->arena, list.count, sizeof(*rows)) : NULL;
    if (!rows) {
        return status == TN_OK ? TN_FULL : status;
    }
    for (size_t i = 0; status == TN_OK && i < list.count; i++) {
        bool found;

        status = tn_fetch_offer(fetch, list.items[i], &rows[kept], &found);
        if (found && rows[kept].port == port && rows[kept].seats.items[0].date >= from_date) {
            memmove(list.items[kept++], list.items[i], TN_ID_SIZE);
        }
    }
    taken->offers.items = (const uint8_t(*)[TN_ID_SIZE]) list.items;
    taken->offers.count = kept;
    taken->offer_rows = rows;
    return status;
}

/* Standing appointments at a port, dated from `from_date` on. Who should have come on a date that
 * is over came or did not: that is for the port day's closing. */
static enum tn_status fetch_taken_appointments(struct tn_fetch *fetch, uint64_t port,
                                               uint64_t from_date, struct tn_suspension *taken)
{
    struct tn_row_key prefix = tn_key_port_days(port);
    struct id_list list;
    struct tn_appointment_row *rows;
    size_t kept = 0;
    enum tn_status status = scan_ids(fetch, TN_CORE_VALIDATION, &prefix, &list);

    rows = status == TN_OK ? tn_arena_array(fetch->arena, list.count, sizeof(*rows)) : NULL;
    if (!rows) {
        return status == TN_OK ? TN_FULL : status;
    }
    for (size_t i = 0; status == TN_OK && i < list.count; i++) {
        bool found;

        status = tn_fetch_appointment(fetch, list.items[i], &rows[kept], &found);
        if (found && rows[kept].seats.items[0].date >= from_date &&
            rows[kept].ends_us > fetch->verdict->time_us) {
            memmove(list.items[kept++], list.items[i], TN_ID_SIZE);
        }
    }
    taken->appointments.items = (const uint8_t(*)[TN_ID_SIZE]) list.items;
    taken->appointments.count = kept;
    taken->appointment_rows = rows;
    return status;
}

static enum tn_status decide_suspend(struct tn_fetch *fetch)
{
    const struct tn_facts_suspend_port *facts = &fetch->command->facts.suspend_port_facts;
    struct tn_port_row port;
    struct tn_suspension taken = {0};
    bool approved;
    enum tn_status status = fetch_approval(fetch, &facts->approvers, true, &approved);

    if (status == TN_OK) {
        status = fetch_port(fetch, facts->port, &port);
    }
    if (status == TN_OK && approved) {
        status = fetch_taken_offers(fetch, facts->port, facts->honour_before, &taken);
    }
    if (status == TN_OK && approved) {
        status = fetch_taken_appointments(fetch, facts->port, facts->honour_before, &taken);
    }
    return status == TN_OK ? tn_rule_suspend_port(tn_fetch_policy(fetch, NULL), &port, approved,
                                                  &taken, fetch->command, fetch->verdict)
                           : status;
}

static enum tn_status decide_resume(struct tn_fetch *fetch)
{
    const struct tn_facts_resume_port *facts = &fetch->command->facts.resume_port_facts;
    struct tn_port_row port;
    bool approved;
    enum tn_status status = fetch_approval(fetch, &facts->approvers, true, &approved);

    if (status == TN_OK) {
        status = fetch_port(fetch, facts->port, &port);
    }
    return status == TN_OK ? tn_rule_resume_port(&port, approved, fetch->command, fetch->verdict)
                           : status;
}

static enum tn_status fetch_slot(struct tn_fetch *fetch, uint64_t port, uint64_t date,
                                 uint64_t minute, const struct tn_slot_row **slot)
{
    struct tn_port_date_row row;
    bool found;
    enum tn_status status = fetch_port_date(fetch, port, date, &row, &found);

    found = found && row.ends_us > fetch->verdict->time_us;
    *slot = status == TN_OK && found ? tn_slot_find(&row, minute) : NULL;
    return status;
}

static enum tn_status decide_reallocate(struct tn_fetch *fetch)
{
    const struct tn_facts_reallocate_seats *facts = &fetch->command->facts.reallocate_seats_facts;
    size_t count = facts->moves.count;
    const struct tn_slot_row **from = tn_arena_array(fetch->arena, count, sizeof(*from));
    const struct tn_slot_row **to = tn_arena_array(fetch->arena, count, sizeof(*to));
    bool approved;
    enum tn_status status = fetch_approval(fetch, &facts->approvers, true, &approved);

    if (!from || !to) {
        return TN_FULL;
    }
    for (size_t i = 0; status == TN_OK && i < count; i++) {
        const struct tn_seat_move *move = &facts->moves.items[i];

        status = fetch_slot(fetch, move->port, move->date, move->minute, &from[i]);
        if (status == TN_OK) {
            status = fetch_slot(fetch, move->to_port, move->to_date, move->to_minute, &to[i]);
        }
    }
    return status == TN_OK ? tn_rule_reallocate_seats(approved, fetch->queue.undrawn_day > 0, from,
                                                      to, fetch->command, fetch->verdict)
                           : status;
}

static enum tn_status decide_officer(struct tn_fetch *fetch)
{
    bool enrol = fetch->command->kind == TN_COMMAND_enrol_officer;
    const uint8_t *id = enrol ? fetch->command->facts.enrol_officer_facts.officer
                              : fetch->command->facts.suspend_officer_facts.officer;
    struct tn_officer_row row;
    bool found;
    enum tn_status status = tn_fetch_officer(fetch, id, &row, &found);

    if (status != TN_OK) {
        return status;
    }
    return enrol ? tn_rule_enrol_officer(found ? &row : NULL, fetch->command, fetch->verdict)
                 : tn_rule_suspend_officer(found ? &row : NULL, fetch->command, fetch->verdict);
}

static enum tn_status decide_anchor(struct tn_fetch *fetch)
{
    struct tn_chain_row chain;
    bool found;
    enum tn_status status =
        tn_fetch_chain(fetch, fetch->command->facts.anchor_chain_facts.owner, &chain, &found);

    return status == TN_OK ? tn_rule_anchor_chain(&fetch->queue, found ? &chain : NULL,
                                                  fetch->command, fetch->verdict)
                           : status;
}

static enum tn_status decide_replace_chain(struct tn_fetch *fetch)
{
    const struct tn_facts_replace_chain *facts = &fetch->command->facts.replace_chain_facts;
    struct tn_chain_row chain;
    struct tn_day_row day;
    bool found;
    bool undrawn = false;
    bool approved = false;
    enum tn_status status = fetch_approval(fetch, &facts->approvers, false, &approved);

    if (status == TN_OK) {
        status = tn_fetch_chain(fetch, facts->owner, &chain, &found);
    }
    if (status == TN_OK && fetch->queue.undrawn_day > 0) {
        status = tn_fetch_day(fetch, fetch->queue.undrawn_day, &day, &undrawn);
    }
    return status == TN_OK
               ? tn_rule_replace_chain(&fetch->queue, found ? &chain : NULL, undrawn ? &day : NULL,
                                       approved, fetch->command, fetch->verdict)
               : status;
}

static enum tn_status decide_witness(struct tn_fetch *fetch)
{
    const struct tn_facts_reveal_witness *facts = &fetch->command->facts.reveal_witness_facts;
    struct tn_chain_row chain;
    struct tn_day_row day;
    bool found;
    bool opened = false;
    enum tn_status status = tn_fetch_chain(fetch, facts->witness, &chain, &found);

    if (status == TN_OK) {
        status = tn_fetch_day(fetch, facts->day, &day, &opened);
    }
    return status == TN_OK ? tn_rule_reveal_witness(found ? &chain : NULL, opened ? &day : NULL,
                                                    fetch->command, fetch->verdict)
                           : status;
}

static enum tn_status decide_beacon(struct tn_fetch *fetch)
{
    const struct tn_facts_record_beacon *facts = &fetch->command->facts.record_beacon_facts;
    struct tn_day_row day;
    bool found;
    bool approved = false;
    enum tn_status status = tn_fetch_day(fetch, facts->day, &day, &found);

    if (status == TN_OK && found) {
        status = fetch_approval(fetch, &facts->approvers, true, &approved);
    }
    return status == TN_OK ? tn_rule_record_beacon(found ? tn_fetch_policy(fetch, &day) : NULL,
                                                   found ? &day : NULL, approved, fetch->command,
                                                   fetch->verdict)
                           : status;
}

static enum tn_status decide_reveal(struct tn_fetch *fetch)
{
    struct tn_day_row day;
    bool found;
    enum tn_status status =
        tn_fetch_day(fetch, fetch->command->facts.reveal_secret_facts.day, &day, &found);

    return status == TN_OK ? tn_rule_reveal_secret(&fetch->queue, found ? &day : NULL,
                                                   fetch->command, fetch->verdict, fetch->error)
                           : status;
}

enum tn_status tn_decide_programme(struct tn_fetch *fetch)
{
    switch ((int) fetch->command->kind) {
    case TN_COMMAND_create_ledger:
        return tn_rule_create_ledger(fetch->command, fetch->verdict);
    case TN_COMMAND_anchor_chain:
        return decide_anchor(fetch);
    case TN_COMMAND_replace_chain:
        return decide_replace_chain(fetch);
    case TN_COMMAND_reveal_witness:
        return decide_witness(fetch);
    case TN_COMMAND_record_beacon:
        return decide_beacon(fetch);
    case TN_COMMAND_publish_policy:
        return decide_policy(fetch);
    case TN_COMMAND_publish_capacity:
        return decide_capacity(fetch);
    case TN_COMMAND_suspend_port:
        return decide_suspend(fetch);
    case TN_COMMAND_resume_port:
        return decide_resume(fetch);
    case TN_COMMAND_reallocate_seats:
        return decide_reallocate(fetch);
    case TN_COMMAND_reveal_secret:
        return decide_reveal(fetch);
    case TN_COMMAND_resume_deadlines:
        return tn_rule_resume(fetch->command, fetch->verdict);
    case TN_COMMAND_report_fork:
        return tn_rule_report_fork(fetch->command, fetch->verdict);
    case TN_COMMAND_raise_alarm:
        return tn_rule_raise_alarm(fetch->command, fetch->verdict);
    default:
        return decide_officer(fetch);
    }
}
