/* The desk, from within: a pause that begins between a resume's decision and its commit, and what
 * it does unless told otherwise. */
#include "api/desk/desk_internal.h"
#include "tests/api/desk_support.h"

static const struct tn_ledger_options live_options = {
    .mode = TN_LEDGER_DESK, .no_publish = true, .allow_unlocked = true};

static int setup_live(void **context)
{
    struct desk_state *state = calloc(1, sizeof(*state));

    create_ledger(state, false, tn_clock_wall_us() - 40 * TN_DAY_US);
    open_ledger(state, &live_options);
    *context = state;
    return 0;
}

static bool is_paused(struct desk_state *state)
{
    struct tn_desk_state desk;

    tn_desk_state(state->ledger->desk, &desk);
    return desk.paused;
}

struct resuming {
    struct desk_state *state;
    struct asking asking;
    enum tn_status status; /* of its answer */
};

static void note_answer(struct tn_desk_request *request)
{
    TN_CONTAINER_OF(request, struct resuming, asking.request)->status = request->status;
}

/* On the desk's thread, with nothing gathering. */
static enum tn_status resume_and_jump(void *context)
{
    struct resuming *resuming = context;
    struct tn_desk *desk = resuming->state->ledger->desk;
    struct tn_desk_request *request = &resuming->asking.request;
    enum tn_status status;

    tn_desk_pause(desk, "a test moved the clock");
    request->command.kind = TN_COMMAND_resume_deadlines;
    request->command.actor.role = TN_ROLE_OPERATOR;
    request->command.time_us = tn_clock_wall_us();
    request->command.facts.resume_deadlines_facts.last_heartbeat_us = desk->state.last_heartbeat_us;
    request->done = note_answer;
    tn_buffer_init(&request->entries, TN_FRAME_BYTES_MAX);
    status = tn_desk_decide(desk, request);
    tn_desk_batch_attach(desk->gathering, request);
    if (status == TN_OK && !desk->state.paused) {
        tn_desk_pause(desk, "a test moved the clock again");
    }
    return status;
}

static void a_pause_that_begins_before_a_resume_is_durable_is_kept(void **context)
{
    struct desk_state *state = *context;
    struct resuming resuming = {.state = state, .status = TN_UNKNOWN};

    assert_false(is_paused(state));
    assert_int_equal(tn_desk_at_rest(state->ledger->desk, resume_and_jump, &resuming), TN_OK);
    assert_true(is_paused(state));
    close_ledger(state); /* with all that was gathering */
    assert_int_equal(resuming.status, TN_OK);
    tn_buffer_close(&resuming.asking.request.entries);
    open_ledger(state, &live_options);
    assert_true(is_paused(state));
}

static void an_idle_log_says_the_time_every_minute(void **context)
{
    struct desk_state *state = *context;

    assert_int_equal(TN_DESK_RENEW_US, TN_MINUTE_US);
    assert_int_equal(state->ledger->desk->options.renew_us, TN_DESK_RENEW_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_idle_log_says_the_time_every_minute, setup_live,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_pause_that_begins_before_a_resume_is_durable_is_kept,
                                        setup_live, teardown),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("within", tests, NULL, NULL);
}
