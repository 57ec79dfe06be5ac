/* From an event back to the command that made it: what an audit decides again (P4). */
#ifndef TN_LEDGER_RULES_COMMAND_H
#define TN_LEDGER_RULES_COMMAND_H

#include "ledger/rules/verdict.h"

/* When `event` is the first of a command: its kind, actor, id, time and facts, whose views live as
 * long as the event's. `*found` false: it fell due by itself, or follows the first. A refusal's
 * facts are decoded into `arena`. TN_CORRUPT  a refusal of no known command, or its facts cannot be
 * read    TN_FULL  the arena's limit */
TN_MUST_USE enum tn_status tn_command_from_event(const struct tn_event *event,
                                                 struct tn_arena *arena, struct tn_command *command,
                                                 bool *found, struct tn_error *error);

/* Nobody stands behind it: its actor is the registration that it would begin. Refused, it leaves no
 * event, for there is nobody whose history the refusal would belong to, and whoever has no identity
 * could fill the log for ever (DESIGN, The desk). */
bool tn_command_is_anonymous(const struct tn_command *command);

#endif
