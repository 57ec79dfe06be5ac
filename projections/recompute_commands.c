/* Each command is decided once (P2): its id names one decision, for ever. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/bytes.h"
#include "projections/recompute_internal.h"

static const char rule[] = "command_once";

enum tn_status tn_recompute_command_once(struct tn_recompute *recompute,
                                         const struct tn_event *event, struct tn_bytes entry,
                                         struct tn_error *error)
{
    if (!event->has_command || !recompute->has_last_command ||
        memcmp(event->command, recompute->last_command, TN_ID_SIZE) != 0) {
        return TN_OK;
    }
    return tn_recompute_differ(recompute, event->index, rule, tn_bytes(NULL, 0), entry, error,
                               "the command that ended with the entry before is decided a second "
                               "time; a retry finds the same events and writes nothing");
}

enum tn_status tn_recompute_repeats(struct tn_recompute *recompute, struct tn_error *error)
{
    struct tn_finding *finding = &recompute->beside_finding;
    struct tn_command_seen again;
    char command[2 * TN_ID_SIZE + 1];
    char found_text[2 * sizeof(command) + 64];
    uint64_t first;
    bool found;
    enum tn_status status =
        tn_commands_seen_repeat(&recompute->commands, &again, &first, &found, error);

    if (status != TN_OK || !found) {
        return status;
    }
    if (recompute->beside_found && finding->index <= again.index) {
        return TN_MISMATCH;
    }
    recompute->beside_found = true;
    finding->index = again.index;
    (void) snprintf(finding->rule, sizeof(finding->rule), "%s", rule);
    (void) snprintf(finding->words, sizeof(finding->words),
                    "the command of entry %" PRIu64
                    " is decided a second time; a retry finds the same events and writes nothing",
                    first);
    tn_hex_encode(command, again.id, TN_ID_SIZE);
    (void) snprintf(found_text, sizeof(found_text), "{\"index\":%" PRIu64 ",\"command\":\"%s\"}",
                    again.index, command);
    tn_buffer_reset(&finding->expected);
    tn_buffer_append_string(&finding->expected, "null");
    tn_buffer_reset(&finding->found);
    tn_buffer_append_string(&finding->found, found_text);
    return tn_fail(error, TN_MISMATCH, "entry %" PRIu64 " (%s): %.200s", again.index, rule,
                   finding->words);
}
