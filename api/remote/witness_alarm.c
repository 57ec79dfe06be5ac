/* What a witness says goes into the log: commands of the operator whose key is the cause and the
 * day, so that a repeat finds the first one's events and writes nothing, over restarts too. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/intake/intake.h"
#include "api/remote/witnesses_internal.h"
#include "ledger/base/logline.h"

#define DAY_US ((uint64_t) 86400 * 1000000)

static uint64_t today(struct tn_witnesses *witnesses)
{
    struct tn_desk_state state;

    tn_desk_state(witnesses->ledger->desk, &state);
    return state.now_us / DAY_US;
}

static uint64_t *reported(struct tn_peer *peer, unsigned status)
{
    static const unsigned statuses[TN_PEER_REPORTS] = {400, 403, 404, 409, 422};
    size_t i = 0;

    while (i + 1 < TN_PEER_REPORTS && statuses[i] != status) {
        i++;
    }
    return &peer->reported_day[i];
}

/* The facts stand in the command. True: it is in the log. */
static bool submit(struct tn_peer *peer, struct tn_intake_command *command,
                   enum tn_command_kind kind, const char *key)
{
    struct tn_ledger *ledger = peer->witnesses->ledger;
    struct tn_random random;
    struct tn_intake intake = {.vault = &ledger->vault, .random = &random};
    struct tn_intake_caller caller = {
        .actor = {.role = TN_ROLE_OPERATOR},
        .key = tn_bytes_from_string(key),
    };
    enum tn_status status;

    tn_random_init_system(&random);
    tn_intake_plain(&intake, &caller, kind, command);
    status = tn_desk_call(ledger->desk, &command->request);
    /* Another answer of the same day and cause: the first one stands. */
    if (status != TN_OK && status != TN_CONFLICT) {
        tn_logline(TN_LOG_WARN, "%s: the event could not be written (%s); it will be tried again",
                   key, tn_status_name(status));
        return false;
    }
    return true;
}

void tn_peer_report_fork(struct tn_peer *peer, unsigned status, uint64_t told)
{
    uint64_t day = today(peer->witnesses);
    struct tn_intake_command command;
    struct tn_facts_report_fork *facts;
    char id[2 * TN_ID_SIZE + 1];
    char key[128];

    if (!peer->state.fork) {
        tn_logline(TN_LOG_ERROR,
                   "ALARM: fork: witness %s (%s) answered %u (size %" PRIu64 ") to size %" PRIu64
                   ": it has signed a history of this log that is not this one. Stop, and find out "
                   "who else writes with this key",
                   peer->state.name, peer->state.key_name, status, told, peer->sent_size);
    }
    peer->state.fork = true;
    if (*reported(peer, status) == day + 1) {
        return;
    }
    tn_hex_encode(id, peer->state.id, TN_ID_SIZE);
    (void) snprintf(key, sizeof(key), "fork_seen/%s/%u/%" PRIu64, id, status, day);
    tn_intake_command_init(&command);
    facts = &command.request.command.facts.report_fork_facts;
    memcpy(facts->witness, peer->state.id, TN_ID_SIZE);
    facts->status = status;
    facts->told = told;
    facts->old = peer->sent_old;
    facts->size = peer->sent_size;
    memcpy(facts->root, peer->sent_root, TN_HASH_SIZE);
    if (submit(peer, &command, TN_COMMAND_report_fork, key)) {
        *reported(peer, status) = day + 1;
    }
    tn_intake_command_close(&command);
}

void tn_peer_raise_alarm(struct tn_peer *peer, unsigned status)
{
    uint64_t day = today(peer->witnesses);
    uint64_t details[] = {status, peer->sent_size};
    struct tn_intake_command command;
    struct tn_facts_raise_alarm *facts;
    char id[2 * TN_ID_SIZE + 1];
    char key[128];

    if (*reported(peer, status) == day + 1) {
        return;
    }
    tn_logline(TN_LOG_ERROR, "ALARM: witness %s (%s) answered %u: look at its configuration",
               peer->state.name, peer->state.key_name, status);
    tn_hex_encode(id, peer->state.id, TN_ID_SIZE);
    (void) snprintf(key, sizeof(key), "alarm_raised/%s/%u/%" PRIu64, id, status, day);
    tn_intake_command_init(&command);
    facts = &command.request.command.facts.raise_alarm_facts;
    facts->code = status == 403   ? TN_ALARM_WITNESS_KEY
                  : status == 404 ? TN_ALARM_WITNESS_ORIGIN
                                  : TN_ALARM_WITNESS_MALFORMED;
    memcpy(facts->about, peer->state.id, TN_ID_SIZE);
    facts->details = (struct tn_uints){details, sizeof(details) / sizeof(details[0])};
    if (submit(peer, &command, TN_COMMAND_raise_alarm, key)) {
        *reported(peer, status) = day + 1;
    }
    tn_intake_command_close(&command);
}
