/* The desk: what falls due, in which order, and at which instant. */
#include <stdatomic.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "tests/api/desk_support.h"

static void advance(struct desk_state *state, uint64_t time_us)
{
    struct tn_error error = {0};

    if (tn_desk_advance(state->ledger->desk, time_us, &error) != TN_OK) {
        fail_msg("advance: %s", error.text);
    }
}

static void days_open_close_and_are_drawn_in_order(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;

    fill_register(&asking, 1, 1, 1, START_US);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    fill_request(&asking, 1, 2, START_US + 1);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    advance(state, CLOSE_US - 1);
    assert_int_equal(count_kind(state, TN_KIND_pool_closed), 0);
    advance(state, DRAW_US - 1);
    assert_int_equal(count_kind(state, TN_KIND_pool_closed), 1);
    assert_int_equal(count_kind(state, TN_KIND_appointment_offered), 0);
    advance(state, DRAW_US);
    assert_int_equal(count_kind(state, TN_KIND_appointment_offered), 1); /* one asks, 385 seats */
    advance(state, DRAW_US + 23 * TN_HOUR_US - 1);
    assert_int_equal(count_kind(state, TN_KIND_offer_lapsed), 0); /* in time means t < deadline */
    advance(state, DRAW_US + 23 * TN_HOUR_US);
    assert_int_equal(count_kind(state, TN_KIND_offer_lapsed), 1);
}

/* A request at its close is too late, one microsecond earlier in time; what fell due comes first.
 */
static void a_window_is_half_open(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;
    uint64_t indices[64];

    for (uint32_t n = 1; n <= 2; n++) {
        fill_register(&asking, n, n, n, START_US);
        assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    }
    fill_request(&asking, 1, 11, CLOSE_US - 1);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    fill_request(&asking, 2, 12, CLOSE_US);
    assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
    assert_int_equal(find_kind(state, TN_KIND_pool_closed, indices), 1);
    assert_true(indices[0] < asking.request.first_index);
}

/* ---- R13: the clock vectors ---- */

struct vector {
    uint64_t asked_us;
    uint64_t offered_us;
    uint64_t lapses_us;
};

/* Play an offer under the rules in force on that day, and check when it lapses. */
static void play_vector(struct desk_state *state, const struct vector *vector)
{
    static struct tn_policy policy;
    struct asking asking;
    struct tn_event event;
    struct tn_arena arena;
    uint64_t indices[64];
    size_t version = TN_POLICY_HISTORY_FIRST_RUNNABLE;

    for (size_t i = version; i < TN_POLICY_HISTORY_COUNT; i++) {
        tn_policy_history(i, &policy);
        version = policy.effective_us <= vector->asked_us ? i : version;
    }
    tn_policy_history(version, &policy);
    policy.version = 1;
    create_with_policy(state, &policy, true, vector->asked_us - TN_DAY_US);
    open_ledger(state, &manual_options);
    tn_arena_init(&arena, (size_t) 1 << 20);
    fill_register(&asking, 1, 1, 1, vector->asked_us - 1);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    fill_request(&asking, 1, 2, vector->asked_us);
    asking.request.command.facts.request_appointment_facts.zone_version = policy.zone.version;
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);

    advance(state, vector->offered_us - 1);
    assert_int_equal(count_kind(state, TN_KIND_appointment_offered), 0);
    advance(state, vector->offered_us);
    assert_int_equal(find_kind(state, TN_KIND_appointment_offered, indices), 1);
    read_event(state, indices[0], &arena, &event);
    assert_int_equal(event.time_us, vector->offered_us);
    assert_int_equal(event.body.appointment_offered.deadline_us, vector->lapses_us);
    advance(state, vector->lapses_us - 1);
    assert_int_equal(count_kind(state, TN_KIND_offer_lapsed), 0);
    advance(state, vector->lapses_us);
    assert_int_equal(find_kind(state, TN_KIND_offer_lapsed, indices), 1);
    read_event(state, indices[0], &arena, &event);
    assert_int_equal(event.time_us, vector->lapses_us);
    tn_arena_close(&arena);
}

static void R13_an_offer_of_2023_11_04_lapses_at_ten_standard_time(void **context)
{
    const struct vector vector = {
        .asked_us = 1699034400000000,   /* 2023-11-03 14:00 EDT */
        .offered_us = 1699113600000000, /* 2023-11-04 12:00 EDT */
        .lapses_us = 1699196400000000,  /* 2023-11-05 10:00 EST */
    };

    play_vector(*context, &vector);
}

/* Everything at 2024-03-10 12:00 EDT: the lapse, the opening of the day, the draw of the day before
 * with its offers, the seals; in this order. */
static void R13_an_offer_of_2024_03_09_lapses_before_the_next_draw(void **context)
{
    const struct vector vector = {
        .asked_us = 1709924400000000,   /* 2024-03-08 14:00 EST */
        .offered_us = 1710003600000000, /* 2024-03-09 12:00 EST */
        .lapses_us = 1710086400000000,  /* 2024-03-10 12:00 EDT */
    };
    static const enum tn_kind_number order[] = {TN_KIND_offer_lapsed, TN_KIND_day_opened,
                                                TN_KIND_draw_seeded, TN_KIND_draw_completed,
                                                TN_KIND_state_sealed};
    struct desk_state *state = *context;
    struct tn_arena arena;
    struct tn_event event;
    uint64_t at = 0;
    uint64_t index;

    play_vector(state, &vector);
    tn_arena_init(&arena, (size_t) 1 << 20);
    for (index = size_of(state); index > 0; index--) {
        read_event(state, index - 1, &arena, &event);
        if (event.time_us != vector.lapses_us) {
            break;
        }
    }
    for (; index < size_of(state); index++) {
        read_event(state, index, &arena, &event);
        if (at < TN_ARRAY_SIZE(order) && event.kind == order[at]) {
            at++;
            continue;
        }
        /* What comes with them: the lapsed seats, the day's capacity, seats that expired, more
         * seals. */
        assert_true(event.kind == TN_KIND_seats_returned || event.kind == TN_KIND_seats_expired ||
                    event.kind == TN_KIND_capacity_published || event.kind == TN_KIND_state_sealed);
    }
    assert_int_equal(at, TN_ARRAY_SIZE(order));
    tn_arena_close(&arena);
}

/* ---- a clock that runs: a day is opened, closed and drawn while commands go on ---- */

static const struct tn_ledger_options running_options = {
    .mode = TN_LEDGER_DESK, .no_publish = true, .allow_unlocked = true};

struct caller {
    struct desk_state *state;
    pthread_t thread;
    uint32_t base;
    uint32_t answered;
    atomic_bool stop;
    bool failed;
};

/* Registers one person after the other until told to stop. */
static void *caller_main(void *context)
{
    struct caller *caller = context;

    while (!atomic_load(&caller->stop) && !caller->failed) {
        struct asking asking;
        uint32_t n = caller->base + caller->answered;

        fill_register(&asking, n, n, n, 0);
        asking.request.command.facts.register_facts.today = START_US / TN_DAY_US;
        caller->failed = ask_and_drop(caller->state, &asking) != TN_OK;
        caller->answered++;
    }
    return NULL;
}

static void shift_to(struct desk_state *state, uint64_t time_us)
{
    struct tn_desk_state desk;

    tn_desk_state(state->ledger->desk, &desk);
    assert_true(desk.now_us < time_us);
    assert_int_equal(tn_desk_shift(state->ledger->desk, time_us - desk.now_us), TN_OK);
}

/* Wait until `count` events of a kind are in the log. */
static void wait_kind(struct desk_state *state, uint32_t kind, size_t count)
{
    for (unsigned i = 0; i < 3000 && count_kind(state, kind) < count; i++) {
        usleep(10000);
    }
    assert_true(count_kind(state, kind) >= count);
}

static void check_times_and_numbers(struct desk_state *state)
{
    struct tn_arena arena;
    struct tn_event event;
    uint64_t before_us = 0;

    tn_arena_init(&arena, (size_t) 1 << 22);
    for (uint64_t i = 0; i < size_of(state); i++) {
        read_event(state, i, &arena, &event);
        assert_true(event.time_us >= before_us);
        before_us = event.time_us;
    }
    tn_arena_close(&arena);
}

static void a_day_is_drawn_while_commands_go_on(void **context)
{
    struct desk_state *state = *context;
    struct caller callers[2] = {{.base = 100000}, {.base = 200000}};
    struct asking asking;
    uint64_t closed[64];
    uint64_t seeded[64];
    uint64_t drawn[64];
    uint64_t offered[64];
    uint64_t lapsed[64];

    close_ledger(state);
    open_ledger(state, &running_options);
    for (uint32_t n = 1; n <= 20; n++) {
        fill_register(&asking, n, n, n, 0);
        assert_int_equal(ask_and_drop(state, &asking), TN_OK);
        fill_request(&asking, n, 1000 + n, 0);
        assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    }
    for (size_t i = 0; i < 2; i++) {
        callers[i].state = state;
        assert_int_equal(pthread_create(&callers[i].thread, NULL, caller_main, &callers[i]), 0);
    }
    shift_to(state, CLOSE_US);
    wait_kind(state, TN_KIND_pool_closed, 1);
    shift_to(state, DRAW_US);
    wait_kind(state, TN_KIND_draw_completed, 1);
    wait_kind(state, TN_KIND_appointment_offered, 20);
    shift_to(state, DRAW_US + 24 * TN_HOUR_US);
    wait_kind(state, TN_KIND_offer_lapsed, 20);
    wait_kind(state, TN_KIND_draw_completed, 2); /* of the second day, for which nobody asked */
    for (size_t i = 0; i < 2; i++) {
        atomic_store(&callers[i].stop, true);
        pthread_join(callers[i].thread, NULL);
        assert_false(callers[i].failed);
        assert_true(callers[i].answered > 0);
    }
    assert_int_equal(find_kind(state, TN_KIND_pool_closed, closed), 2);
    assert_int_equal(find_kind(state, TN_KIND_draw_seeded, seeded), 2);
    assert_int_equal(find_kind(state, TN_KIND_draw_completed, drawn), 2);
    assert_int_equal(find_kind(state, TN_KIND_appointment_offered, offered), 20);
    assert_int_equal(find_kind(state, TN_KIND_offer_lapsed, lapsed), 20);
    assert_true(closed[0] < seeded[0] && seeded[0] < drawn[0] && drawn[0] < offered[0]);
    assert_true(offered[19] < lapsed[0]);
    check_times_and_numbers(state);
    close_ledger(state); /* what it wrote folds again to the same rows */
    open_ledger(state, &running_options);
}

/* The worker of a draw reads committed rows; a desk that is closed meanwhile draws after the
 * restart. */
static void a_draw_that_was_cut_is_made_after_a_restart(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;

    close_ledger(state);
    open_ledger(state, &running_options);
    fill_register(&asking, 1, 1, 1, 0);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    fill_request(&asking, 1, 2, 0);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    shift_to(state, DRAW_US);
    close_ledger(state);
    open_ledger(state, &running_options);
    shift_to(state, DRAW_US + TN_MINUTE_US);
    wait_kind(state, TN_KIND_draw_completed, 1);
    assert_int_equal(count_kind(state, TN_KIND_draw_seeded), 1);
    wait_kind(state, TN_KIND_appointment_offered, 1);
}

/* What of a ledger is neither its store, nor made from it, nor its lock. */
static void copy_keys(const char *from, const char *to)
{
    char command[4 * SCRATCH_BYTES];

    (void) snprintf(
        command, sizeof(command),
        "mkdir -p '%s' && for f in '%s'/*; do case $f in */lock | */store | */seals) ;; "
        "*) cp -pf \"$f\" '%s' || exit 1 ;; esac; done",
        to, from, to);
    assert_int_equal(system(command), 0);
}

/* A ledger whose keys, like all that is random in it, come from another seed. */
static void create_other(struct desk_state *other)
{
    static struct tn_policy policy;
    struct tn_genesis genesis = {.policy = &policy,
                                 .simulated = true,
                                 .seed = 8,
                                 .created_us = START_US,
                                 .allow_unlocked = true};
    struct tn_error error = {0};

    tn_policy_initial(START_US - TN_DAY_US, &policy);
    scratch_make(other->directory);
    assert_int_equal(rmdir(other->directory), 0);
    assert_int_equal(tn_ledger_create(other->directory, &genesis, &error), TN_OK);
}

/* These keys have no secret that fits the anchored chain. That day waits and the log says nothing
 * false; people go on being registered; a restart with the right keys draws it. */
static void a_draw_that_cannot_be_made_is_held_and_nothing_else(void **context)
{
    struct desk_state *state = *context;
    struct desk_state other = {0};
    struct asking asking;
    char kept[SCRATCH_BYTES];

    close_ledger(state);
    open_ledger(state, &running_options);
    fill_register(&asking, 1, 1, 1, 0);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    fill_request(&asking, 1, 2, 0);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    close_ledger(state);
    (void) snprintf(kept, sizeof(kept), "%s-kept", state->directory);
    copy_keys(state->directory, kept);
    create_other(&other);
    copy_keys(other.directory, state->directory);

    open_ledger(state, &running_options);
    shift_to(state, DRAW_US + TN_MINUTE_US);
    wait_kind(state, TN_KIND_pool_closed, 1);
    for (uint32_t n = 2; n < 40; n++) {
        fill_register(&asking, n, n, n + 1, 0);
        assert_int_equal(ask_and_drop(state, &asking), TN_OK);
        usleep(20000);
    }
    assert_int_equal(count_kind(state, TN_KIND_draw_seeded), 0);
    assert_int_equal(count_kind(state, TN_KIND_draw_completed), 0);
    close_ledger(state);

    copy_keys(kept, state->directory);
    open_ledger(state, &running_options);
    wait_kind(state, TN_KIND_draw_completed, 1);
    assert_int_equal(count_kind(state, TN_KIND_draw_seeded), 1);
    wait_kind(state, TN_KIND_appointment_offered, 1);
    remove_ledger(&other);
    (void) snprintf(other.directory, sizeof(other.directory), "%s", kept);
    remove_ledger(&other);
}

/* ---- the seals that follow a draw ---- */

/* How many seals there are of core projections. */
static size_t core_seals(struct desk_state *state)
{
    struct tn_arena arena;
    struct tn_event event;
    uint64_t sealed[64];
    size_t count = find_kind(state, TN_KIND_state_sealed, sealed);
    size_t core = 0;

    tn_arena_init(&arena, (size_t) 1 << 22);
    for (size_t i = 0; i < count; i++) {
        read_event(state, sealed[i], &arena, &event);
        core += event.body.state_sealed.projection < TN_CORE_COUNT ? 1 : 0;
    }
    tn_arena_close(&arena);
    return core;
}

static void wait_core_seals(struct desk_state *state, size_t count)
{
    for (unsigned i = 0; i < 3000 && core_seals(state) < count; i++) {
        usleep(10000);
    }
    assert_int_equal(core_seals(state), count);
}

/* After each of `days` draws and before the next: a seal of each core projection, in order, of the
 * rows as of the event before it. Returns how many other events stand between the seals of a day.
 */
static size_t check_seals(struct desk_state *state, size_t days)
{
    struct tn_arena arena;
    struct tn_event event;
    uint64_t drawn[64];
    uint64_t sealed[64];
    size_t count = find_kind(state, TN_KIND_state_sealed, sealed);
    size_t core = 0;
    size_t between = 0;

    assert_int_equal(find_kind(state, TN_KIND_draw_completed, drawn), days);
    tn_arena_init(&arena, (size_t) 1 << 22);
    for (size_t i = 0; i < count; i++) {
        size_t day = core / TN_CORE_COUNT;

        read_event(state, sealed[i], &arena, &event);
        assert_int_equal(event.body.state_sealed.upto, sealed[i] - 1);
        if (event.body.state_sealed.projection >= TN_CORE_COUNT) {
            continue; /* folded beside the desk: not every day */
        }
        assert_int_equal(event.body.state_sealed.projection, core % TN_CORE_COUNT);
        assert_true(sealed[i] > drawn[day] && (day + 1 == days || sealed[i] < drawn[day + 1]));
        between += core % TN_CORE_COUNT > 0 ? sealed[i] - sealed[i - 1] - 1 : 0;
        core++;
    }
    assert_int_equal(core, days * TN_CORE_COUNT);
    tn_arena_close(&arena);
    return between;
}

/* Fold everything again: a seal in the log that does not fit its rows stops it. */
static void rebuild_all(struct desk_state *state)
{
    struct tn_ledger_options options = {.mode = TN_LEDGER_WRITER, .allow_unlocked = true};
    struct tn_rebuild_report report = {0};
    struct tn_error error = {0};

    open_ledger(state, &options);
    if (tn_rebuild(state->ledger->store, state->ledger->log, (1u << TN_PROJECTION_COUNT) - 1, false,
                   NULL, NULL, &report, &error) != TN_OK) {
        fail_msg("rebuild: %s", error.text);
    }
    for (size_t i = 0; i < TN_PROJECTION_COUNT; i++) {
        assert_true(report.rebuilt[i] && report.equal[i]);
    }
    close_ledger(state);
}

/* So many that they fill several batches: while one is being synced others wait in the queue. */
#define FLOOD 12000u

struct flood {
    struct drop {
        struct asking asking;
        struct flood *flood;
    } drops[FLOOD];
    struct tn_desk *desk;
    atomic_uint next;   /* who asks next; nobody asks twice */
    atomic_uint asking; /* drops that are not answered */
    atomic_bool stop;
};

static void drop_done(struct tn_desk_request *request);

static void drop_submit(struct drop *drop)
{
    uint32_t n = atomic_fetch_add(&drop->flood->next, 1);
    uint8_t hash[TN_HASH_SIZE];

    fill_request(&drop->asking, n, n, 0); /* of a registration that is not there: a refusal */
    /* Real ids are random from their first byte, and the log's index in memory counts on it. */
    tn_sha256(hash, tn_bytes(drop->asking.request.command.id, TN_ID_SIZE));
    memcpy(drop->asking.request.command.id, hash, TN_ID_SIZE);
    memcpy(drop->asking.request.command.actor.id, hash + TN_ID_SIZE, TN_ID_SIZE);
    drop->asking.request.has_key = false;
    drop->asking.request.done = drop_done;
    if (tn_desk_submit(drop->flood->desk, &drop->asking.request) != TN_OK) {
        atomic_fetch_sub(&drop->flood->asking, 1);
    }
}

/* On the committer's thread. */
static void drop_done(struct tn_desk_request *request)
{
    struct drop *drop = TN_CONTAINER_OF(request, struct drop, asking.request);

    tn_buffer_close(&request->entries);
    if (atomic_load(&drop->flood->stop)) {
        atomic_fetch_sub(&drop->flood->asking, 1);
    } else {
        drop_submit(drop);
    }
}

static void flood_begin(struct flood *flood, struct desk_state *state)
{
    flood->desk = state->ledger->desk;
    atomic_store(&flood->stop, false);
    atomic_store(&flood->asking, FLOOD);
    for (size_t i = 0; i < FLOOD; i++) {
        flood->drops[i].flood = flood;
        drop_submit(&flood->drops[i]);
    }
}

static void flood_end(struct flood *flood)
{
    atomic_store(&flood->stop, true);
    while (atomic_load(&flood->asking) > 0) {
        usleep(1000);
    }
}

static void other_commands_go_on_between_the_seals(void **context)
{
    struct desk_state *state = *context;
    struct flood *flood = calloc(1, sizeof(*flood));
    size_t days = 0;
    size_t between = 0;

    close_ledger(state);
    open_ledger(state, &running_options);
    atomic_store(&flood->next, 1000);
    /* Whether somebody is in the queue just then is luck, but not on every day. */
    for (; days < 8 && between == 0; days++) {
        flood_begin(flood, state);
        shift_to(state, DRAW_US + days * TN_DAY_US);
        wait_core_seals(state, (days + 1) * TN_CORE_COUNT);
        flood_end(flood);
        between = check_seals(state, days + 1);
    }
    print_message("%zu other events between the seals of one draw, day %zu\n", between, days);
    assert_true(between > 0);
    free(flood);
    close_ledger(state);
    rebuild_all(state);
}

/* A process may end between a draw and any of its seals; the next one makes those that lack. */
static void every_draw_has_all_its_seals_wherever_the_process_ended(void **context)
{
    struct desk_state *state = *context;
    struct tn_ledger_options writer = {.mode = TN_LEDGER_WRITER, .allow_unlocked = true};
    struct flood *flood = calloc(1, sizeof(*flood));
    size_t cuts = 0;

    close_ledger(state);
    atomic_store(&flood->next, 1000);
    for (size_t days = 0; days < 10 && cuts == 0; days++) {
        size_t all = (days + 1) * TN_CORE_COUNT;

        open_ledger(state, &running_options);
        flood_begin(flood, state); /* so that turns of the desk take their time */
        shift_to(state, DRAW_US + days * TN_DAY_US);
        for (unsigned i = 0; i < 30000 && core_seals(state) <= all - TN_CORE_COUNT; i++) {
            usleep(1000);
        }
        atomic_store(&flood->stop, true);
        close_ledger(state);
        flood_end(flood);
        open_ledger(state, &writer);
        cuts += core_seals(state) < all ? 1 : 0;
        close_ledger(state);
        open_ledger(state, &running_options);
        wait_core_seals(state, all);
        (void) check_seals(state, days + 1);
        close_ledger(state);
    }
    assert_true(cuts > 0);
    free(flood);
    rebuild_all(state);
}

int main(void)
{
#define IN_A_LEDGER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define IN_NONE(test) cmocka_unit_test_setup_teardown(test, setup_none, teardown)
    const struct CMUnitTest tests[] = {
        IN_A_LEDGER(days_open_close_and_are_drawn_in_order),
        IN_A_LEDGER(a_window_is_half_open),
        IN_NONE(R13_an_offer_of_2023_11_04_lapses_at_ten_standard_time),
        IN_NONE(R13_an_offer_of_2024_03_09_lapses_before_the_next_draw),
        IN_A_LEDGER(a_day_is_drawn_while_commands_go_on),
        IN_A_LEDGER(a_draw_that_was_cut_is_made_after_a_restart),
        IN_A_LEDGER(a_draw_that_cannot_be_made_is_held_and_nothing_else),
        IN_A_LEDGER(other_commands_go_on_between_the_seals),
        IN_A_LEDGER(every_draw_has_all_its_seals_wherever_the_process_ended),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("desk_due", tests, NULL, NULL);
}
