/* Commands in flight.
 *
 * Life of a slot: free -> taken by the player, filled by intake -> at the desk -> `done` on a
 * thread of the desk, which only hangs it on a list -> the player counts the answer and it is free
 * again. The player takes the list when it has no free slot left, so the lock is rarely asked for.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/simulate/simulate_internal.h"
#include "ledger/base/check.h"

#define SLOW_EVERY 64u

enum tn_status tn_sim_pool_open(struct tn_sim_pool *pool, size_t count, uint32_t slow_us)
{
    memset(pool, 0, sizeof(*pool));
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->answered, NULL);
    pool->slow_us = slow_us;
    pool->slots = calloc(count, sizeof(*pool->slots));
    if (!pool->slots) {
        return TN_MEMORY;
    }
    pool->count = count;
    for (size_t i = count; i > 0; i--) {
        pool->slots[i - 1].pool = pool;
        pool->slots[i - 1].next = pool->free;
        pool->free = &pool->slots[i - 1];
    }
    pool->free_count = count;
    return TN_OK;
}

void tn_sim_pool_close(struct tn_sim_pool *pool)
{
    if (pool->count == 0) {
        return;
    }
    free(pool->slots);
    pthread_cond_destroy(&pool->answered);
    pthread_mutex_destroy(&pool->lock);
    memset(pool, 0, sizeof(*pool));
}

/* The desk's: at most one thread at a time, the committer or the desk itself. */
static void answered(struct tn_desk_request *request)
{
    struct tn_sim_slot *slot = TN_CONTAINER_OF(request, struct tn_sim_slot, command.request);
    struct tn_sim_pool *pool = slot->pool;
    bool slow;

    pthread_mutex_lock(&pool->lock);
    slot->next = pool->finished;
    pool->finished = slot;
    pool->answers++;
    slow = pool->slow_us > 0 && pool->answers % SLOW_EVERY == 0;
    if (pool->waiting) {
        pthread_cond_signal(&pool->answered);
    }
    pthread_mutex_unlock(&pool->lock);
    if (slow) {
        struct timespec pause = {.tv_nsec = (long) pool->slow_us * 1000};

        nanosleep(&pause, NULL);
    }
}

static void count_answer(struct tn_sim *sim, struct tn_sim_slot *slot)
{
    const struct tn_desk_request *request = &slot->command.request;
    struct tn_simulate_report *report = sim->report;

    report->commands++;
    if (request->status == TN_OK && request->replayed) {
        report->replayed++;
    } else if (request->status == TN_OK) {
        report->unexpected += slot->expect == TN_SIM_EXPECT_REFUSED ? 1 : 0;
    } else if (request->status == TN_REFUSED) {
        report->refused++;
        report->refusals[request->refusal]++;
        report->unexpected += slot->expect == TN_SIM_EXPECT_DONE ? 1 : 0;
    } else if (sim->status == TN_OK) {
        sim->status = tn_fail(sim->error, request->status,
                              "the desk answered command %" PRIu64 " with %s", report->commands,
                              tn_status_name(request->status));
    }
}

static void put_back(struct tn_sim_pool *pool, struct tn_sim_slot *slot)
{
    tn_intake_command_close(&slot->command);
    slot->next = pool->free;
    pool->free = slot;
    pool->free_count++;
}

/* Take what was answered; wait for something when `wait`. */
static void collect(struct tn_sim *sim, bool wait)
{
    struct tn_sim_pool *pool = &sim->pool;
    struct tn_sim_slot *slot;

    pthread_mutex_lock(&pool->lock);
    while (wait && !pool->finished) {
        pool->waiting = true;
        pthread_cond_wait(&pool->answered, &pool->lock);
        pool->waiting = false;
    }
    slot = pool->finished;
    pool->finished = NULL;
    pthread_mutex_unlock(&pool->lock);
    while (slot) {
        struct tn_sim_slot *next = slot->next;

        count_answer(sim, slot);
        put_back(pool, slot);
        slot = next;
    }
}

enum tn_status tn_sim_slot_take(struct tn_sim *sim, struct tn_sim_slot **out)
{
    struct tn_sim_pool *pool = &sim->pool;
    struct tn_sim_slot *slot;

    *out = NULL;
    if (!pool->free) {
        collect(sim, true);
    }
    if (sim->status != TN_OK) {
        return sim->status;
    }
    slot = pool->free;
    pool->free = slot->next;
    pool->free_count--;
    tn_intake_command_init(&slot->command);
    tn_random_init_seeded(&slot->random, sim->options.seed, "command", sim->command_number);
    sim->command_number++;
    slot->expect = TN_SIM_EXPECT_ANY;
    *out = slot;
    return TN_OK;
}

void tn_sim_slot_drop(struct tn_sim *sim, struct tn_sim_slot *slot)
{
    put_back(&sim->pool, slot);
}

enum tn_status tn_sim_slot_submit(struct tn_sim *sim, struct tn_sim_slot *slot, uint64_t time_us)
{
    enum tn_status status;

    slot->command.request.command.time_us = time_us;
    slot->command.request.done = answered;
    status = tn_desk_submit(sim->ledger->desk, &slot->command.request);
    if (status != TN_OK) {
        put_back(&sim->pool, slot);
        return tn_fail(sim->error, status, "the desk took no command: %s", tn_status_name(status));
    }
    return TN_OK;
}

enum tn_status tn_sim_slot_call(struct tn_sim *sim, struct tn_sim_slot *slot, uint64_t time_us)
{
    slot->command.request.command.time_us = time_us;
    (void) tn_desk_call(sim->ledger->desk, &slot->command.request);
    count_answer(sim, slot);
    put_back(&sim->pool, slot);
    return sim->status;
}

enum tn_status tn_sim_drain(struct tn_sim *sim)
{
    while (sim->pool.free_count < sim->pool.count) {
        collect(sim, true);
    }
    return sim->status;
}
