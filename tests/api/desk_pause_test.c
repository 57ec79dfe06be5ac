/* The desk: pauses. A machine that was down, or whose clock jumped, lapses nobody's offer by
 * itself. */
#include "tests/api/desk_support.h"

static const struct tn_ledger_options live_options = {
    .mode = TN_LEDGER_DESK, .no_publish = true, .allow_unlocked = true};

static int setup_live(void **context)
{
    struct desk_state *state = calloc(1, sizeof(*state));

    create_ledger(state, false, tn_clock_wall_us() - 40 * TN_DAY_US);
    *context = state;
    return 0;
}

static const struct tn_bytes heartbeat_key = {(const uint8_t *) "heartbeat", 9};

/* The machine was last seen at `time_us`. */
static void set_heartbeat(struct desk_state *state, uint64_t time_us)
{
    struct tn_ledger_options options = {.mode = TN_LEDGER_WRITER, .allow_unlocked = true};
    struct tn_family *meta;
    struct tn_batch *batch = tn_batch_create();
    struct tn_error error = {0};
    uint8_t value[8];

    open_ledger(state, &options);
    assert_int_equal(tn_store_family(state->ledger->store, "meta", false, &meta, &error), TN_OK);
    tn_put_be64(value, time_us);
    tn_batch_put(batch, meta, heartbeat_key, tn_bytes(value, 8));
    assert_int_equal(tn_store_write(state->ledger->store, batch, TN_SYNCED, &error), TN_OK);
    tn_batch_destroy(batch);
    close_ledger(state);
}

static uint64_t get_heartbeat(struct desk_state *state)
{
    struct tn_family *meta;
    struct tn_buffer value;
    struct tn_error error = {0};
    uint64_t time_us;
    bool found;

    tn_buffer_init(&value, 64);
    assert_int_equal(tn_store_family(state->ledger->store, "meta", false, &meta, &error), TN_OK);
    assert_int_equal(
        tn_store_get(state->ledger->store, meta, NULL, heartbeat_key, &value, &found, &error),
        TN_OK);
    time_us = found ? tn_get_be64(value.data) : 0;
    tn_buffer_close(&value);
    return time_us;
}

static uint64_t offer_deadline(struct desk_state *state)
{
    struct tn_state views;
    struct tn_offer_row row;
    struct tn_registration_row registration;
    struct tn_arena arena;
    struct tn_error error = {0};
    uint8_t id[TN_ID_SIZE];
    bool found;

    make_id(id, TN_ID_SIZE, 1, 1);
    tn_arena_init(&arena, 1 << 20);
    assert_int_equal(tn_views_open(state->ledger->store, NULL, &views, &error), TN_OK);
    assert_int_equal(TN_READ(views.rows[TN_CORE_REGISTRATIONS], tn_key_registration(id),
                             registration_row, &arena, &registration, &found, &error),
                     TN_OK);
    assert_int_equal(registration.holding, TN_HOLDS_OFFER);
    assert_int_equal(TN_READ(views.rows[TN_CORE_QUEUE], tn_key_offer(registration.offer), offer_row,
                             &arena, &row, &found, &error),
                     TN_OK);
    tn_views_close(&views);
    tn_arena_close(&arena);
    return row.deadline_us;
}

/* Play a day by a manual clock, so that an offer is open; then the machine is off. Its deadline. */
static uint64_t make_open_offer(struct desk_state *state, unsigned hours_ago)
{
    uint64_t now_us = tn_clock_wall_us() - hours_ago * TN_HOUR_US;
    struct asking asking;
    struct tn_error error = {0};
    uint64_t deadline_us;
    enum tn_status status = TN_REFUSED;

    open_ledger(state, &manual_options);
    fill_register(&asking, 1, 1, 1, now_us + 1);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    for (unsigned hour = 0; hour < 48 && status == TN_REFUSED; hour++) {
        now_us += TN_HOUR_US; /* until a window is open */
        fill_request(&asking, 1, 100 + hour, now_us);
        status = ask_and_drop(state, &asking);
    }
    assert_int_equal(status, TN_OK);
    assert_int_equal(tn_desk_advance(state->ledger->desk, now_us + 25 * TN_HOUR_US, &error), TN_OK);
    deadline_us = offer_deadline(state);
    close_ledger(state);
    return deadline_us;
}

static bool is_paused(struct desk_state *state)
{
    struct tn_desk_state desk;

    tn_desk_state(state->ledger->desk, &desk);
    return desk.paused;
}

static void resume(struct desk_state *state, bool extend)
{
    struct asking asking;
    struct tn_desk_state desk;

    tn_desk_state(state->ledger->desk, &desk);
    memset(&asking, 0, sizeof(asking));
    asking.request.command.kind = TN_COMMAND_resume_deadlines;
    asking.request.command.actor.role = TN_ROLE_OPERATOR;
    asking.request.command.facts.resume_deadlines_facts.extend = extend ? 1 : 0;
    asking.request.command.facts.resume_deadlines_facts.last_heartbeat_us = desk.last_heartbeat_us;
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
}

static void a_machine_that_was_down_lapses_nothing_by_itself(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;
    uint64_t deadline_us = make_open_offer(state, 40 * 24);

    set_heartbeat(state, deadline_us - TN_HOUR_US);
    open_ledger(state, &live_options);
    assert_true(is_paused(state));
    fill_request(&asking, 1, 2, 0);
    assert_int_equal(ask_and_drop(state, &asking), TN_PAUSED);
    fill_register(&asking, 1, 1, 1, 0); /* decided long ago: a retry is answered */
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    assert_true(asking.request.replayed);
    usleep(700000); /* the desk's timer comes by and leaves it alone */
    assert_int_equal(count_kind(state, TN_KIND_offer_lapsed), 0);

    resume(state, true);
    usleep(300000);
    assert_false(is_paused(state));
    /* its owner has as long as when the machine went down: an hour */
    assert_int_equal(count_kind(state, TN_KIND_offer_lapsed), 0);
    assert_true(offer_deadline(state) > tn_clock_wall_us() + 59 * TN_MINUTE_US);
    assert_true(offer_deadline(state) < tn_clock_wall_us() + 61 * TN_MINUTE_US);
}

static void without_extend_the_resumed_ledger_lapses_what_fell_due(void **context)
{
    struct desk_state *state = *context;
    uint64_t deadline_us = make_open_offer(state, 40 * 24);

    set_heartbeat(state, deadline_us - TN_HOUR_US);
    open_ledger(state, &live_options);
    assert_true(is_paused(state));
    resume(state, false);
    for (unsigned i = 0; i < 50 && count_kind(state, TN_KIND_offer_lapsed) == 0; i++) {
        usleep(100000);
    }
    assert_int_equal(count_kind(state, TN_KIND_offer_lapsed), 1);
}

/* Is it paused when it opens and was last seen so long ago (`ahead`: by a clock that was ahead)? */
static bool pauses_after(struct desk_state *state, uint64_t stop_us, uint64_t ahead_us)
{
    (void) make_open_offer(state, 40 * 24);
    set_heartbeat(state, tn_clock_wall_us() - stop_us + ahead_us);
    open_ledger(state, &live_options);
    return is_paused(state);
}

static void a_stop_of_nine_minutes_pauses_nothing(void **context)
{
    assert_false(pauses_after(*context, 9 * TN_MINUTE_US, 0));
}

static void a_stop_of_eleven_minutes_pauses(void **context)
{
    assert_true(pauses_after(*context, 11 * TN_MINUTE_US, 0));
}

static void a_clock_one_second_behind_the_heartbeat_pauses_nothing(void **context)
{
    assert_false(pauses_after(*context, 0, 1000000));
}

/* Two seconds are allowed; the others are for a slow opening. */
static void a_clock_twenty_seconds_behind_the_heartbeat_pauses(void **context)
{
    assert_true(pauses_after(*context, 0, 20000000));
}

/* A window is open, or a draw to come: who was kept out for an hour is owed that hour. */
static void a_long_stop_pauses_before_anything_falls_due(void **context)
{
    struct desk_state *state = *context;
    struct tn_error error = {0};
    uint64_t now_us = tn_clock_wall_us();

    open_ledger(state, &manual_options);
    assert_int_equal(tn_desk_advance(state->ledger->desk, now_us, &error), TN_OK);
    close_ledger(state);
    set_heartbeat(state, now_us - TN_HOUR_US);
    open_ledger(state, &live_options);
    assert_true(is_paused(state));
}

static void a_stop_while_nothing_waits_is_no_pause(void **context)
{
    struct desk_state *state = *context;
    static struct tn_policy policy;
    uint64_t now_us = tn_clock_wall_us();

    remove_ledger(state);
    tn_policy_initial(now_us + 10 * TN_DAY_US, &policy);
    create_with_policy(state, &policy, false, now_us - 40 * TN_DAY_US);
    set_heartbeat(state, now_us - 30 * TN_DAY_US);
    open_ledger(state, &live_options);
    assert_false(is_paused(state));
}

/* Validations go on; neither they nor a restart end the pause, and it counts from where it began.
 */
static void a_restart_does_not_end_a_pause(void **context)
{
    struct desk_state *state = *context;
    struct tn_desk_state desk;
    struct asking asking;
    uint64_t deadline_us = make_open_offer(state, 40 * 24);
    uint64_t seen_us = deadline_us - TN_HOUR_US;
    uint64_t size;

    set_heartbeat(state, seen_us);
    open_ledger(state, &live_options);
    assert_true(is_paused(state));
    size = size_of(state);
    memset(&asking, 0, sizeof(asking));
    asking.request.command.kind = TN_COMMAND_validate;
    asking.request.command.actor.role = TN_ROLE_OFFICER;
    make_id(asking.request.command.actor.id, TN_ID_SIZE, 9, 1);
    assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED); /* nobody knows this officer */
    assert_int_equal(size_of(state), size + 1);                 /* which is an event */
    assert_int_equal(get_heartbeat(state), seen_us);
    close_ledger(state);
    set_heartbeat(state, tn_clock_wall_us()); /* an older program would have written it */
    open_ledger(state, &live_options);
    tn_desk_state(state->ledger->desk, &desk);
    assert_true(desk.paused);
    assert_int_equal(desk.last_heartbeat_us, seen_us);

    resume(state, true);
    close_ledger(state);
    open_ledger(state, &live_options);
    assert_false(is_paused(state));
    assert_true(get_heartbeat(state) > seen_us);
}

static void an_idle_desk_leaves_a_heartbeat(void **context)
{
    struct desk_state *state = *context;
    uint64_t before_us = tn_clock_wall_us();

    set_heartbeat(state, before_us - 5 * TN_MINUTE_US);
    open_ledger(state, &live_options);
    for (unsigned i = 0; i < 50 && get_heartbeat(state) < before_us; i++) {
        usleep(100000);
    }
    assert_true(get_heartbeat(state) >= before_us);
}

/* The log's last event is an hour ahead of this machine's clock. */
static void time_never_goes_backwards_across_a_restart(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;
    struct tn_error error = {0};
    struct tn_log_head head;
    uint64_t ahead_us = tn_clock_wall_us() + TN_HOUR_US;

    open_ledger(state, &manual_options);
    fill_register(&asking, 1, 1, 1, ahead_us);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    assert_int_equal(tn_desk_advance(state->ledger->desk, ahead_us, &error), TN_OK);
    close_ledger(state);
    open_ledger(state, &live_options);
    if (is_paused(state)) {
        resume(state, false);
    }
    fill_register(&asking, 2, 2, 2, 0);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    assert_int_equal(asking.request.time_us, ahead_us);
    tn_log_head(state->ledger->log, &head);
    assert_int_equal(head.last_time_us, ahead_us);
}

int main(void)
{
#define IN_A_LEDGER(test) cmocka_unit_test_setup_teardown(test, setup_live, teardown)
    const struct CMUnitTest tests[] = {
        IN_A_LEDGER(a_machine_that_was_down_lapses_nothing_by_itself),
        IN_A_LEDGER(without_extend_the_resumed_ledger_lapses_what_fell_due),
        IN_A_LEDGER(a_stop_of_nine_minutes_pauses_nothing),
        IN_A_LEDGER(a_stop_of_eleven_minutes_pauses),
        IN_A_LEDGER(a_clock_one_second_behind_the_heartbeat_pauses_nothing),
        IN_A_LEDGER(a_clock_twenty_seconds_behind_the_heartbeat_pauses),
        IN_A_LEDGER(a_long_stop_pauses_before_anything_falls_due),
        IN_A_LEDGER(a_stop_while_nothing_waits_is_no_pause),
        IN_A_LEDGER(a_restart_does_not_end_a_pause),
        IN_A_LEDGER(an_idle_desk_leaves_a_heartbeat),
        IN_A_LEDGER(time_never_goes_backwards_across_a_restart),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("desk_pause", tests, NULL, NULL);
}
