/* The whole log again, on rows of its own: what an auditor does (P4) and what a rebuild ends in
 * (P6). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/rules/command.h"
#include "tests/projections/harness/harness.h"

struct replay {
    struct harness *harness;
    struct place place; /* fresh rows, and a log for them to stand on */
    struct tn_decider decider;
    struct tn_arena arena;
    struct tn_arena fold_arena;
    struct tn_verdict verdict; /* what the event that is next, and those after it, should be */
    size_t next;               /* of the verdict's events */
    uint64_t index;
    uint64_t decided;
    struct tn_error error;
    char *words;
    size_t words_size;
    bool failed;
};

static bool differ(struct replay *replay, const char *what)
{
    (void) snprintf(replay->words, replay->words_size, "entry %" PRIu64 ": %s %s", replay->index,
                    what, replay->error.text);
    replay->failed = true;
    return false;
}

/* Whether something should have been emitted before a command at this time. */
static bool nothing_was_due(struct replay *replay, const struct tn_command *command)
{
    struct tn_due due;

    if (tn_due_next(&replay->decider, &replay->arena, &due, &replay->error) != TN_OK) {
        return differ(replay, "due items cannot be read");
    }
    return due.kind == TN_DUE_NOTHING || due.due_us > command->time_us ||
           differ(replay, "a command was decided before what was due");
}

static bool decide_command(struct replay *replay, const struct tn_command *command)
{
    tn_verdict_init(&replay->verdict, command, command->time_us, replay->index, &replay->arena);
    if (command->kind != TN_COMMAND_reveal_secret && command->kind != TN_COMMAND_resume_deadlines &&
        !nothing_was_due(replay, command)) {
        return false;
    }
    if (tn_decide(&replay->decider, command, &replay->verdict, &replay->error) != TN_OK) {
        return differ(replay, "cannot be decided");
    }
    if (replay->verdict.refusal != TN_REFUSAL_NONE) {
        tn_verdict_record_refusal(&replay->verdict);
    }
    return true;
}

/* The instants of an opening are taken as they stand: no zone file is read. */
struct opening {
    struct tn_arena *arena;
    struct tn_event opened;
    struct tn_event capacity;
    size_t seen;
};

static bool take_opening(void *context, uint64_t index, struct tn_bytes entry)
{
    struct opening *opening = context;
    struct tn_event event;
    struct tn_error error = {0};

    assert_int_equal(tn_event_decode(tn_arena_copy(opening->arena, entry), index, opening->arena,
                                     &event, &error),
                     TN_OK);
    if (event.kind == TN_KIND_capacity_published) {
        opening->capacity = event;
    } else {
        opening->opened = event;
    }
    return ++opening->seen < 2 && event.kind == TN_KIND_capacity_published;
}

static enum tn_status decide_opening(struct replay *replay)
{
    struct opening opening = {.arena = &replay->arena};
    struct tn_window window = {0};
    const struct tn_day_opened *body = &opening.opened.body.day_opened;
    const struct tn_port_capacity_list *ports = &opening.capacity.body.capacity_published.ports;
    const struct tn_policy *policy;
    enum tn_status status = tn_log_scan(replay->harness->place.log, replay->index,
                                        replay->harness->next_index, take_opening, &opening,
                                        &replay->error);

    if (status != TN_OK || opening.opened.kind != TN_KIND_day_opened) {
        return status == TN_OK ? TN_CORRUPT : status;
    }
    window.day = (uint32_t) body->day;
    window.service_date = (uint32_t) body->service_date;
    window.opens_us = body->opens_us;
    window.closes_us = body->closes_us;
    window.draw_us = body->draw_us;
    policy = tn_policies_version(&replay->decider.policies, body->policy);
    for (size_t i = 0; policy && i < ports->count; i++) {
        int at = tn_policy_port_index(policy, (uint16_t) ports->items[i].port);

        if (at >= 0) {
            window.ends_us[at] = ports->items[i].ends_us;
        }
    }
    return tn_due_open_day(&replay->decider, (uint32_t) body->policy, &window, &replay->verdict,
                           &replay->error);
}

static enum tn_status decide_draw(struct replay *replay, uint64_t day)
{
    struct tn_day_draw draw;
    struct tn_draw_result result;
    enum tn_status status =
        tn_day_draw_load(&replay->decider, day, &replay->arena, &draw, &replay->error);

    if (status == TN_OK) {
        status = tn_draw_run(&draw.input, &replay->arena, &result, &replay->error);
    }
    return status == TN_OK ? tn_due_complete_draw(&replay->decider, &draw, &result,
                                                  &replay->verdict, &replay->error)
                           : status;
}

/* What fell due by itself must be the next item, at or after its instant. */
static bool decide_due(struct replay *replay, const struct tn_event *event)
{
    struct tn_due due = {0};
    enum tn_status status = TN_OK;

    tn_verdict_init(&replay->verdict, NULL, event->time_us, replay->index, &replay->arena);
    if (event->kind == TN_KIND_capacity_published || event->kind == TN_KIND_day_opened) {
        status = decide_opening(replay);
        return status == TN_OK || differ(replay, "the day cannot be opened");
    }
    status = tn_due_next(&replay->decider, &replay->arena, &due, &replay->error);
    if (status != TN_OK || due.kind == TN_DUE_NOTHING || due.due_us > event->time_us) {
        return differ(replay, "nothing was due");
    }
    if (due.kind == TN_DUE_LAPSE) {
        status = tn_due_lapse(&replay->decider, &due, &replay->verdict, &replay->error);
    } else if (due.kind == TN_DUE_POOL_CLOSE) {
        status = tn_due_close_pool(&replay->decider, &due, &replay->verdict, &replay->error);
    } else if (due.kind == TN_DUE_DAY_VOID) {
        status = tn_due_void_day(&replay->decider, &due, &replay->verdict, &replay->error);
    } else if (due.kind == TN_DUE_WITNESS_MISS) {
        status = tn_due_miss_witness(&replay->decider, &due, &replay->verdict, &replay->error);
    } else if (due.kind == TN_DUE_DRAW) {
        status = decide_draw(replay, due.day);
    }
    return status == TN_OK || differ(replay, "what was due cannot be decided");
}

static bool decide(struct replay *replay, const struct tn_event *event)
{
    struct tn_command command;
    bool found;

    replay->next = 0;
    replay->decided++;
    if (tn_command_from_event(event, &replay->arena, &command, &found, &replay->error) != TN_OK) {
        return differ(replay, "its command cannot be read");
    }
    return found ? decide_command(replay, &command) : decide_due(replay, event);
}

static bool take(void *context, uint64_t index, struct tn_bytes entry)
{
    struct replay *replay = context;
    struct tn_buffer again;
    struct tn_event event;
    bool same;

    replay->index = index;
    tn_arena_reset(&replay->fold_arena);
    if (replay->next == replay->verdict.count) {
        tn_arena_reset(&replay->arena);
        if (tn_event_decode(tn_arena_copy(&replay->arena, entry), index, &replay->arena, &event,
                            &replay->error) != TN_OK) {
            return differ(replay, "cannot be decoded");
        }
        if (!decide(replay, &event)) {
            return false;
        }
    }
    if (replay->next == replay->verdict.count) {
        return differ(replay, "nothing was to be written");
    }
    tn_buffer_init(&again, TN_ENTRY_BYTES_MAX);
    tn_event_encode(&replay->verdict.events[replay->next++], &again);
    same = tn_bytes_equal(tn_buffer_view(&again), entry);
    tn_buffer_close(&again);
    if (!same) {
        return differ(replay, "decided again it is another event");
    }
    if (tn_event_decode(entry, index, &replay->fold_arena, &event, &replay->error) != TN_OK ||
        tn_engine_apply(replay->place.engine, &event, &replay->fold_arena, &replay->error) !=
            TN_OK) {
        return differ(replay, "cannot be folded");
    }
    place_add(&replay->place, &event, entry);
    if (event.kind == TN_KIND_policy_published &&
        tn_decider_refresh(&replay->decider, &replay->fold_arena, &replay->error) != TN_OK) {
        return differ(replay, "the policy cannot be read");
    }
    return true;
}

static bool roots_are_equal(struct replay *replay)
{
    place_commit(&replay->place);
    for (size_t i = 0; i < TN_CORE_COUNT; i++) {
        struct tn_rows *live = replay->harness->decider.state->rows[i];
        uint8_t roots[2][TN_HASH_SIZE];
        uint64_t counts[2];

        HARNESS_MUST(tn_rows_root(live, &counts[0], roots[0], &replay->error), &replay->error);
        HARNESS_MUST(
            tn_rows_root(replay->decider.state->rows[i], &counts[1], roots[1], &replay->error),
            &replay->error);
        if (counts[0] != counts[1] || memcmp(roots[0], roots[1], TN_HASH_SIZE) != 0) {
            return differ(replay, tn_projection_core((enum tn_core) i)->name);
        }
    }
    return true;
}

bool harness_replay(struct harness *harness, uint64_t *decided, char *words, size_t size)
{
    struct replay replay = {.harness = harness, .words = words, .words_size = size};

    words[0] = '\0';
    place_commit(&harness->place);
    place_open(&replay.place);
    replay.decider.state = tn_engine_state(replay.place.engine);
    tn_arena_init(&replay.arena, (size_t) 64 << 20);
    tn_arena_init(&replay.fold_arena, (size_t) 64 << 20);
    HARNESS_MUST(
        tn_log_scan(harness->place.log, 0, harness->next_index, take, &replay, &replay.error),
        &replay.error);
    if (!replay.failed && replay.next != replay.verdict.count) {
        (void) differ(&replay, "the log ends within a decision");
    }
    if (!replay.failed) {
        (void) roots_are_equal(&replay);
    }
    *decided = replay.decided;
    tn_decider_close(&replay.decider);
    tn_arena_close(&replay.arena);
    tn_arena_close(&replay.fold_arena);
    place_destroy(&replay.place);
    return !replay.failed;
}
