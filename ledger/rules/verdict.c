/* Verdicts: a growing list of events in an arena. */
#include "ledger/rules/verdict.h"

#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"

#define EVENTS_FIRST 8

void tn_verdict_init(struct tn_verdict *verdict, const struct tn_command *command, uint64_t time_us,
                     uint64_t first_index, struct tn_arena *arena)
{
    *verdict = (struct tn_verdict){
        .first_index = first_index,
        .arena = arena,
        .command = command,
        .time_us = time_us,
    };
}

enum tn_status tn_verdict_refuse(struct tn_verdict *verdict, enum tn_refusal code)
{
    verdict->refusal = code;
    verdict->count = 0;
    return TN_OK;
}

/* Makes room for one more; false when the arena has none. */
static bool grow(struct tn_verdict *verdict)
{
    size_t capacity = verdict->capacity > 0 ? verdict->capacity * 2 : EVENTS_FIRST;
    struct tn_event *events;

    if (verdict->count < verdict->capacity) {
        return true;
    }
    events = tn_arena_array(verdict->arena, capacity, sizeof(*events));
    if (!events) {
        return false;
    }
    if (verdict->count > 0) {
        memcpy(events, verdict->events, verdict->count * sizeof(*events));
    }
    verdict->events = events;
    verdict->capacity = capacity;
    return true;
}

struct tn_event *tn_verdict_add(struct tn_verdict *verdict, enum tn_kind_number kind)
{
    static _Thread_local struct tn_event scratch; /* written, never read */
    const struct tn_kind *known = tn_kind_find(kind, 1);
    struct tn_event *event;

    TN_CHECK(known);
    if (!grow(verdict)) {
        verdict->overflowed = true;
        return &scratch;
    }
    event = &verdict->events[verdict->count];
    memset(event, 0, sizeof(*event));
    event->index = verdict->first_index + verdict->count++;
    event->version = known->version;
    event->kind = kind;
    event->time_us = verdict->time_us;
    if (verdict->command) {
        event->actor = verdict->command->actor;
        event->has_command = !tn_is_zero(verdict->command->id, TN_ID_SIZE);
        memcpy(event->command, verdict->command->id, TN_ID_SIZE);
    }
    return event;
}

struct tn_event *tn_verdict_add_caused(struct tn_verdict *verdict, enum tn_kind_number kind,
                                       size_t cause)
{
    struct tn_event *event = tn_verdict_add(verdict, kind);

    event->has_cause = true;
    event->cause = verdict->first_index + cause;
    return event;
}

const void *tn_command_facts_of(const struct tn_command *command)
{
    return &command->facts;
}

void tn_verdict_record_refusal(struct tn_verdict *verdict)
{
    enum tn_refusal code = verdict->refusal;
    const struct tn_record *record = tn_command_facts(verdict->command->kind);
    struct tn_command_refused *body;
    struct tn_buffer facts;

    TN_CHECK(code != TN_REFUSAL_NONE && record);
    verdict->count = 0;
    body = &tn_verdict_add(verdict, TN_KIND_command_refused)->body.command_refused;
    tn_buffer_init(&facts, 65535);
    tn_record_encode(record, tn_command_facts_of(verdict->command), &facts);
    body->facts = tn_arena_copy(verdict->arena, tn_buffer_view(&facts));
    if (!body->facts.data || tn_buffer_status(&facts) != TN_OK) {
        verdict->overflowed = true;
    }
    body->command = verdict->command->kind;
    body->code = code;
    body->day = verdict->time_us / TN_DAY_US;
    tn_buffer_close(&facts);
}

enum tn_status tn_verdict_status(const struct tn_verdict *verdict)
{
    return verdict->overflowed ? TN_FULL : TN_OK;
}
