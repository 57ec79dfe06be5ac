/* The operator's secret of a day: from the vault's chain, or from turno drawd.
 *
 * Life of a reveal through drawd: the item falls due; a worker asks; the desk goes on meanwhile;
 * the answer is there, and the desk decides reveal_secret with it. When nobody answers, or drawd
 * refuses, the day waits and is asked for again later: its draw is delayed, nothing else. */
#include <inttypes.h>
#include <string.h>

#include <sodium.h>

#include "api/desk/desk_internal.h"
#include "api/remote/drawd.h"
#include "ledger/base/clock.h"
#include "ledger/base/logline.h"
#include "projections/keys.h"

#define RETRY_US (UINT64_C(2) * 1000000)

static void *ask_main(void *context)
{
    struct tn_desk_reveal *reveal = context;
    enum tn_status status;

    (void) pthread_setname_np(pthread_self(), "turno-reveal");
    status = tn_drawd_ask(reveal->desk->options.drawd, (uint32_t) reveal->day, reveal->root,
                          reveal->secret, &reveal->error);
    pthread_mutex_lock(&reveal->desk->lock);
    reveal->status = status;
    reveal->ready = true;
    pthread_cond_signal(&reveal->desk->wake_desk);
    pthread_mutex_unlock(&reveal->desk->lock);
    return NULL;
}

void tn_desk_reveal_close(struct tn_desk *desk)
{
    if (desk->reveal.started) {
        pthread_join(desk->reveal.thread, NULL);
    }
    sodium_memzero(desk->reveal.secret, sizeof(desk->reveal.secret));
    desk->reveal.started = false;
    desk->reveal.ready = false;
}

static bool is_ready(struct tn_desk *desk, bool wait)
{
    bool ready;

    pthread_mutex_lock(&desk->lock);
    while (wait && desk->reveal.started && !desk->reveal.ready) {
        pthread_cond_wait(&desk->wake_desk, &desk->lock);
    }
    ready = desk->reveal.ready;
    pthread_mutex_unlock(&desk->lock);
    return ready;
}

bool tn_desk_reveal_waits(struct tn_desk *desk)
{
    if (!desk->options.drawd) {
        return false;
    }
    return desk->reveal.started ? !is_ready(desk, false)
                                : tn_clock_boot_us() < desk->reveal.retry_us;
}

static enum tn_status start(struct tn_desk *desk, const struct tn_due *due,
                            const struct tn_day_row *day)
{
    struct tn_desk_reveal *reveal = &desk->reveal;

    reveal->desk = desk;
    reveal->day = due->day;
    memcpy(reveal->root, day->root, TN_HASH_SIZE);
    reveal->ready = false;
    if (pthread_create(&reveal->thread, NULL, ask_main, reveal) != 0) {
        return tn_fail(&desk->error, TN_MEMORY, "no thread to ask for a secret");
    }
    reveal->started = true;
    return TN_OK;
}

/* Said once a day, not at every attempt. */
static void complain(struct tn_desk *desk)
{
    desk->reveal.retry_us = tn_clock_boot_us() + RETRY_US;
    if (desk->reveal.complained_day != desk->reveal.day) {
        desk->reveal.complained_day = desk->reveal.day;
        tn_logline(TN_LOG_WARN,
                   "day %" PRIu64 " waits for the operator's secret (%s); its draw is delayed, "
                   "everything else goes on, and drawd is asked again",
                   desk->reveal.day, desk->reveal.error.text);
    }
}

/* Ask drawd, or take what it answered. `*found` false: not yet. */
static enum tn_status from_drawd(struct tn_desk *desk, const struct tn_due *due,
                                 const struct tn_day_row *day, bool wait,
                                 uint8_t secret[static TN_HASH_SIZE], bool *found)
{
    enum tn_status status = TN_OK;

    *found = false;
    if (!desk->reveal.started) {
        status = start(desk, due, day);
    }
    if (status != TN_OK || !is_ready(desk, wait)) {
        return status;
    }
    pthread_join(desk->reveal.thread, NULL);
    desk->reveal.started = false;
    if (desk->reveal.status != TN_OK) {
        complain(desk);
        /* A simulation that waits would wait for ever. */
        return wait ? tn_fail(&desk->error, desk->reveal.status, "%s", desk->reveal.error.text)
                    : TN_OK;
    }
    *found = desk->reveal.day == due->day;
    memcpy(secret, desk->reveal.secret, TN_HASH_SIZE);
    sodium_memzero(desk->reveal.secret, TN_HASH_SIZE);
    return TN_OK;
}

static enum tn_status from_vault(struct tn_desk *desk, const struct tn_due *due,
                                 const struct tn_queue_row *queue,
                                 uint8_t secret[static TN_HASH_SIZE])
{
    const struct tn_keys *keys = desk->options.vault->keys;
    uint32_t index;
    enum tn_status status = tn_draw_chain_index(
        (uint32_t) queue->first_day, (uint32_t) queue->chain_length, (uint32_t) due->day, &index);

    if (status == TN_OK) {
        status = tn_draw_chain_secret(tn_keys_get(keys, TN_KEY_CHAIN_TAIL),
                                      tn_keys_chain_length(keys), index, secret);
    }
    return status == TN_OK ? TN_OK
                           : tn_fail(&desk->error, status,
                                     "the operator's chain has no secret for day %" PRIu64
                                     "; its draw cannot be made with these keys",
                                     due->day);
}

static enum tn_status decide_reveal(struct tn_desk *desk, struct tn_command *command,
                                    uint64_t now_us)
{
    struct tn_verdict verdict;
    enum tn_status status;

    tn_verdict_init(&verdict, command, now_us, desk->next_index, &desk->arena);
    status = tn_decide(&desk->decider, command, &verdict, &desk->error);
    if (status == TN_OK && verdict.refusal != TN_REFUSAL_NONE) {
        return tn_fail(&desk->error, TN_MISMATCH,
                       "the day's secret does not fit the anchored chain (%s): these are not the "
                       "keys this ledger was made with, or the chain was replaced by one that "
                       "turno drawd holds (--drawd)",
                       tn_refusal_name(verdict.refusal));
    }
    return status == TN_OK ? tn_desk_add_verdict(desk, &verdict) : status;
}

enum tn_status tn_desk_emit_reveal(struct tn_desk *desk, const struct tn_due *due, uint64_t now_us,
                                   bool wait)
{
    struct tn_command command = {.kind = TN_COMMAND_reveal_secret, .time_us = now_us};
    struct tn_facts_reveal_secret *facts = &command.facts.reveal_secret_facts;
    struct tn_queue_row queue;
    struct tn_day_row day;
    bool found = false;
    enum tn_status status;

    tn_arena_reset(&desk->arena);
    status = TN_READ(desk->decider.state->rows[TN_CORE_QUEUE], tn_key_queue(), queue_row,
                     &desk->arena, &queue, &found, &desk->error);
    if (status == TN_OK) {
        status = TN_READ(desk->decider.state->rows[TN_CORE_QUEUE], tn_key_day(due->day), day_row,
                         &desk->arena, &day, &found, &desk->error);
    }
    if (status == TN_OK && desk->options.drawd) {
        status = from_drawd(desk, due, &day, wait, facts->secret, &found);
    } else if (status == TN_OK) {
        found = true;
        status = from_vault(desk, due, &queue, facts->secret);
    }
    if (status != TN_OK || !found) {
        return status;
    }
    facts->day = due->day;
    command.actor.role = TN_ROLE_DRAW_OPERATOR;
    return decide_reveal(desk, &command, now_us);
}
