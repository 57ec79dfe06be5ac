/* The harness's desk: places, what falls due, decisions. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/civil.h"
#include "tests/projections/harness/harness.h"

#define COMMIT_ENTRIES 512u
#define LAPSES_AT_ONCE 16u

/* ---- places ---- */

void place_open(struct place *place)
{
    struct tn_error error = {0};
    const struct tn_store_options options = {
        .mode = TN_STORE_WRITER, .create = true, .reserve_bytes = 1, .no_sync = true};

    memset(place, 0, sizeof(*place));
    scratch_make(place->directory);
    HARNESS_MUST(tn_store_open(place->directory, &options, &place->store, &error), &error);
    HARNESS_MUST(tn_log_open(place->store, &place->log, &error), &error);
    HARNESS_MUST(tn_engine_open(place->store, place->log, NULL, 0, &place->engine, &error), &error);
    place->batch = tn_batch_create();
    tn_buffer_init(&place->bytes, (size_t) 64 << 20);
    place->entries = calloc(TN_FRAME_ENTRIES_MAX, sizeof(*place->entries));
    place->offsets = calloc(TN_FRAME_ENTRIES_MAX, sizeof(*place->offsets));
    assert_non_null(place->entries);
    assert_non_null(place->offsets);
}

void place_destroy(struct place *place)
{
    tn_engine_close(place->engine);
    tn_batch_destroy(place->batch);
    tn_log_close(place->log);
    tn_store_close(place->store);
    tn_buffer_close(&place->bytes);
    free(place->entries);
    free(place->offsets);
    scratch_remove(place->directory);
}

void place_commit(struct place *place)
{
    struct tn_error error = {0};
    uint64_t generation = 0;

    if (place->entry_count == 0) {
        return;
    }
    for (size_t i = 0; i < place->entry_count; i++) {
        place->entries[i].bytes.data = place->bytes.data + place->offsets[i];
    }
    HARNESS_MUST(tn_engine_gather(place->engine, place->batch, &generation, &error), &error);
    HARNESS_MUST(
        tn_log_append(place->log, place->batch, place->entries, place->entry_count, &error),
        &error);
    tn_engine_committed(place->engine, generation);
    tn_batch_destroy(place->batch);
    place->batch = tn_batch_create();
    tn_buffer_reset(&place->bytes);
    place->entry_count = 0;
}

void place_add(struct place *place, const struct tn_event *event, struct tn_bytes bytes)
{
    struct tn_log_entry *entry = &place->entries[place->entry_count];

    *entry = (struct tn_log_entry){
        .bytes.size = bytes.size, .time_us = event->time_us, .kind = event->kind};
    entry->stream_count = (uint8_t) tn_event_streams(event, entry->streams);
    place->offsets[place->entry_count++] = place->bytes.size;
    tn_buffer_append_bytes(&place->bytes, bytes);
    assert_int_equal(tn_buffer_status(&place->bytes), TN_OK);
    if (place->entry_count == COMMIT_ENTRIES) {
        place_commit(place);
    }
}

/* ---- the desk ---- */

void harness_open(struct harness *harness)
{
    memset(harness, 0, sizeof(*harness));
    place_open(&harness->place);
    harness->decider.state = tn_engine_state(harness->place.engine);
    tn_arena_init(&harness->arena, (size_t) 64 << 20);
    tn_arena_init(&harness->fold_arena, (size_t) 64 << 20);
    shadow_init(&harness->shadow, harness->decider.state);
    harness->opening_stale = true;
    memset(harness->chain_tail, 0x5a, sizeof(harness->chain_tail));
}

void harness_close(struct harness *harness)
{
    tn_decider_close(&harness->decider);
    shadow_close(&harness->shadow);
    tn_arena_close(&harness->arena);
    tn_arena_close(&harness->fold_arena);
    place_destroy(&harness->place);
}

/* Every event goes through its bytes before it is folded: what the folds see is what a rebuild
 * sees. */
static void fold(struct harness *harness, const struct tn_event *event)
{
    struct tn_buffer bytes;
    struct tn_event decoded;

    assert_int_equal(event->index, harness->next_index);
    assert_true(event->time_us >= harness->now_us);
    tn_arena_reset(&harness->fold_arena);
    tn_buffer_init(&bytes, TN_ENTRY_BYTES_MAX);
    tn_event_encode(event, &bytes);
    assert_int_equal(tn_buffer_status(&bytes), TN_OK);
    HARNESS_MUST(tn_event_decode(tn_buffer_view(&bytes), event->index, &harness->fold_arena,
                                 &decoded, &harness->error),
                 &harness->error);
    HARNESS_MUST(
        tn_engine_apply(harness->place.engine, &decoded, &harness->fold_arena, &harness->error),
        &harness->error);
    shadow_event(&harness->shadow, &decoded);
    place_add(&harness->place, &decoded, tn_buffer_view(&bytes));
    harness->next_index++;
    harness->now_us = event->time_us;
    if (event->kind == TN_KIND_policy_published) {
        HARNESS_MUST(tn_decider_refresh(&harness->decider, &harness->fold_arena, &harness->error),
                     &harness->error);
    }
    if (event->kind == TN_KIND_policy_published || event->kind == TN_KIND_day_opened) {
        harness->opening_stale = true;
    }
    tn_buffer_close(&bytes);
}

static void fold_all(struct harness *harness, const struct tn_verdict *verdict)
{
    assert_int_equal(tn_verdict_status(verdict), TN_OK);
    for (size_t i = 0; i < verdict->count; i++) {
        fold(harness, &verdict->events[i]);
    }
    shadow_settle(&harness->shadow);
}

/* ---- what falls due ---- */

static void find_opening(struct harness *harness)
{
    const struct tn_policy *policy;
    struct tn_window window;
    struct tn_queue_row queue;
    uint64_t from_us = harness->now_us > TN_DAY_US ? harness->now_us - TN_DAY_US : 0;
    enum tn_status status;

    if (harness->opens_nothing) {
        harness->opening_us = UINT64_MAX;
        harness->opening_stale = true;
        return;
    }
    if (!harness->opening_stale) {
        return;
    }
    read_queue(harness, &queue);
    do {
        status = tn_window_next((const struct tn_policy *const *) harness->decider.policies.items,
                                harness->decider.policies.count, from_us,
                                queue.last_day > 0 ? (uint32_t) queue.last_day : UINT32_MAX,
                                &policy, &window, &harness->error);
        from_us = window.opens_us + 1;
    } while (status == TN_OK && window.closes_us <= harness->now_us);
    harness->opening_us = status == TN_OK ? window.opens_us : UINT64_MAX;
    harness->opening_policy = status == TN_OK ? policy->version : 0;
    harness->opening = window;
    harness->opening_stale = false;
}

static void emit_draw(struct harness *harness, const struct tn_due *due, struct tn_verdict *verdict)
{
    struct tn_day_draw draw;
    struct tn_draw_result result;

    HARNESS_MUST(
        tn_day_draw_load(&harness->decider, due->day, &harness->arena, &draw, &harness->error),
        &harness->error);
    HARNESS_MUST(tn_draw_run(&draw.input, &harness->arena, &result, &harness->error),
                 &harness->error);
    HARNESS_MUST(tn_due_complete_draw(&harness->decider, &draw, &result, verdict, &harness->error),
                 &harness->error);
}

static void reveal_command(struct harness *harness, uint64_t day, struct tn_command *command,
                           uint64_t time_us)
{
    struct tn_facts_reveal_secret *facts = &command->facts.reveal_secret_facts;

    memset(command, 0, sizeof(*command));
    command->kind = TN_COMMAND_reveal_secret;
    command->actor.role = TN_ROLE_DRAW_OPERATOR;
    command->time_us = time_us;
    facts->day = day;
    assert_int_equal(tn_draw_chain_secret(harness->chain_tail, HARNESS_CHAIN_LENGTH,
                                          (uint32_t) (day - harness->chain_first_day + 1),
                                          facts->secret),
                     TN_OK);
}

static void emit(struct harness *harness, const struct tn_due *due, bool opening, uint64_t at_us)
{
    struct tn_command command;
    struct tn_verdict verdict;
    enum tn_status status = TN_OK;

    tn_arena_reset(&harness->arena);
    tn_verdict_init(&verdict, NULL, at_us, harness->next_index, &harness->arena);
    if (opening) {
        status = tn_due_open_day(&harness->decider, harness->opening_policy, &harness->opening,
                                 &verdict, &harness->error);
    } else if (due->kind == TN_DUE_LAPSE) {
        status = tn_due_lapses(&harness->decider, due->due_us, LAPSES_AT_ONCE, &verdict,
                               &harness->error);
    } else if (due->kind == TN_DUE_POOL_CLOSE) {
        status = tn_due_close_pool(&harness->decider, due, &verdict, &harness->error);
    } else if (due->kind == TN_DUE_DAY_VOID) {
        status = tn_due_void_day(&harness->decider, due, &verdict, &harness->error);
    } else if (due->kind == TN_DUE_WITNESS_MISS) {
        status = tn_due_miss_witness(&harness->decider, due, &verdict, &harness->error);
    } else if (due->kind == TN_DUE_REVEAL) {
        reveal_command(harness, due->day, &command, at_us);
        tn_verdict_init(&verdict, &command, at_us, harness->next_index, &harness->arena);
        status = tn_decide(&harness->decider, &command, &verdict, &harness->error);
        assert_int_equal(verdict.refusal, TN_REFUSAL_NONE);
    } else {
        emit_draw(harness, due, &verdict);
    }
    HARNESS_MUST(status, &harness->error);
    fold_all(harness, &verdict);
}

static uint64_t latest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

bool harness_next_due(struct harness *harness, struct tn_due *due, bool *opening)
{
    tn_arena_reset(&harness->arena);
    HARNESS_MUST(tn_due_next(&harness->decider, &harness->arena, due, &harness->error),
                 &harness->error);
    find_opening(harness);
    *opening = harness->opening_us != UINT64_MAX &&
               (due->kind == TN_DUE_NOTHING || harness->opening_us < due->due_us ||
                (harness->opening_us == due->due_us && due->kind != TN_DUE_LAPSE));
    if (*opening) {
        due->due_us = harness->opening_us;
    }
    return *opening || due->kind != TN_DUE_NOTHING;
}

void harness_emit_one(struct harness *harness, uint64_t time_us)
{
    struct tn_due due;
    bool opening;

    assert_true(harness_next_due(harness, &due, &opening));
    emit(harness, &due, opening, latest(harness->now_us, time_us));
}

void harness_advance(struct harness *harness, uint64_t time_us)
{
    struct tn_due due;
    bool opening;

    while (harness_next_due(harness, &due, &opening) && due.due_us <= time_us) {
        emit(harness, &due, opening, latest(harness->now_us, harness->late ? time_us : due.due_us));
    }
    harness->now_us = latest(harness->now_us, time_us);
}

/* ---- commands ---- */

enum tn_refusal harness_decide_paused(struct harness *harness, struct tn_command *command)
{
    struct tn_verdict verdict;
    enum tn_refusal refusal;

    command->time_us = latest(command->time_us, harness->now_us);
    make_id(command->id, 'c', ++harness->next_command);
    tn_arena_reset(&harness->arena);
    tn_verdict_init(&verdict, command, command->time_us, harness->next_index, &harness->arena);
    HARNESS_MUST(tn_decide(&harness->decider, command, &verdict, &harness->error), &harness->error);
    refusal = verdict.refusal;
    if (refusal != TN_REFUSAL_NONE) {
        assert_int_equal(verdict.count, 0);
        tn_verdict_record_refusal(&verdict);
    }
    assert_true(verdict.count > 0);
    harness->first_index = harness->next_index;
    harness->event_count = verdict.count;
    harness->commands++;
    harness->refusals[refusal]++;
    fold_all(harness, &verdict);
    return refusal;
}

enum tn_refusal harness_decide(struct harness *harness, struct tn_command *command)
{
    harness_advance(harness, command->time_us);
    return harness_decide_paused(harness, command);
}
