/* What a rule answers: a refusal, or the events that a command makes. */
#ifndef TN_LEDGER_RULES_VERDICT_H
#define TN_LEDGER_RULES_VERDICT_H

#include "ledger/event/event.h"

/* A command as the desk decides it: who, what, when, and the facts its rule needs. */
struct tn_command {
    enum tn_command_kind kind;
    struct tn_actor actor;
    uint8_t id[TN_ID_SIZE]; /* command16; zeros for what falls due by itself */
    uint64_t time_us;       /* stamped when it entered the queue: the rule's now */
    union tn_facts facts;
};

/* Events in order. Those of a command share its id, actor and time; the first carries its facts. */
struct tn_verdict {
    enum tn_refusal refusal;
    uint64_t first_index; /* the index the first event will have */
    struct tn_event *events;
    size_t count;
    size_t capacity;
    struct tn_arena *arena;           /* of the events and their lists */
    const struct tn_command *command; /* NULL for what falls due */
    uint64_t time_us;
    bool overflowed; /* the arena's limit: nothing of this verdict may be used */
};

/* `command` may be NULL: then `time_us` stamps the events and the ledger itself is the actor. */
void tn_verdict_init(struct tn_verdict *verdict, const struct tn_command *command, uint64_t time_us,
                     uint64_t first_index, struct tn_arena *arena);
/* Refuse; what was added before is forgotten. Returns TN_OK, so that a rule may end with it. */
enum tn_status tn_verdict_refuse(struct tn_verdict *verdict, enum tn_refusal code);
/* Add an event of `kind` with a zeroed body, to be filled at once; the pointer lives until the next
 * add. When memory is short a scratch event is returned and the verdict is marked. */
struct tn_event *tn_verdict_add(struct tn_verdict *verdict, enum tn_kind_number kind);
/* The same, with the event at place `cause` of this verdict as its cause. */
struct tn_event *tn_verdict_add_caused(struct tn_verdict *verdict, enum tn_kind_number kind,
                                       size_t cause);
/* Replace the verdict by its refusal's event (spec/domain.md 2, command_refused). */
void tn_verdict_record_refusal(struct tn_verdict *verdict);
/* TN_OK, or TN_FULL when the arena was too small. */
TN_MUST_USE enum tn_status tn_verdict_status(const struct tn_verdict *verdict);

/* The facts of `command` as the record its kind names. */
const void *tn_command_facts_of(const struct tn_command *command);

#endif
