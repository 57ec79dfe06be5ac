/* The desk, from within: a pause that begins between a resume's decision and its commit, one that
 * two resumes would end, and what it does unless told otherwise. */
#include "api/desk/desk_internal.h"
#include "ledger/rules/command.h"
#include "tests/api/audit_support.h"
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

/* A resume by key number `key` that ends what began after `heartbeat_us`. */
static void fill_resume(struct resuming *resuming, uint32_t key, uint64_t heartbeat_us)
{
    struct tn_desk_request *request = &resuming->asking.request;

    memset(&resuming->asking, 0, sizeof(resuming->asking));
    request->command.kind = TN_COMMAND_resume_deadlines;
    request->command.actor.role = TN_ROLE_OPERATOR;
    make_id(request->command.id, TN_ID_SIZE, 2, key);
    request->has_key = true;
    request->command.time_us = tn_clock_wall_us();
    request->command.facts.resume_deadlines_facts.extend = 1;
    request->command.facts.resume_deadlines_facts.last_heartbeat_us = heartbeat_us;
    request->done = note_answer;
    tn_buffer_init(&request->entries, TN_FRAME_BYTES_MAX);
}

/* On the desk's thread, with nothing gathering. */
static enum tn_status resume_and_jump(void *context)
{
    struct resuming *resuming = context;
    struct tn_desk *desk = resuming->state->ledger->desk;
    struct tn_desk_request *request = &resuming->asking.request;
    enum tn_status status;

    tn_desk_pause(desk, "a test moved the clock");
    fill_resume(resuming, 1, desk->state.last_heartbeat_us);
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
    struct tn_desk_state desk;

    assert_false(is_paused(state));
    assert_int_equal(tn_desk_at_rest(state->ledger->desk, resume_and_jump, &resuming), TN_OK);
    assert_true(is_paused(state));
    close_ledger(state); /* with all that was gathering */
    assert_int_equal(resuming.status, TN_OK);
    tn_buffer_close(&resuming.asking.request.entries);
    open_ledger(state, &live_options);
    tn_desk_state(state->ledger->desk, &desk);
    assert_true(desk.paused);
    /* What came before the resume was made good and does not count again. */
    assert_true(desk.last_heartbeat_us >= resuming.asking.request.command.time_us);
}

struct twice {
    struct desk_state *state;
    struct resuming resumings[2];
    enum tn_status submitted;
};

/* On the desk's thread, which decides neither before it is back: two operators have read the same
 * pause. */
static enum tn_status pause_and_resume_twice(void *context)
{
    struct twice *twice = context;
    struct tn_desk *desk = twice->state->ledger->desk;

    tn_desk_pause(desk, "a test moved the clock");
    for (uint32_t i = 0; i < 2 && twice->submitted == TN_OK; i++) {
        fill_resume(&twice->resumings[i], i, desk->state.last_heartbeat_us);
        twice->submitted = tn_desk_submit_quietly(desk, &twice->resumings[i].asking.request);
    }
    return TN_OK;
}

static void assert_refused(const struct tn_desk_request *request)
{
    assert_int_equal(request->status, TN_REFUSED);
    assert_int_equal(request->refusal, TN_REFUSAL_nothing_to_resume);
}

/* What was refused is decided again by what its event holds. */
static void assert_heartbeat_of_refusal(struct desk_state *state)
{
    struct tn_arena arena;
    struct tn_event event;
    struct tn_command command;
    struct tn_error error = {0};
    uint64_t indices[64];
    bool found;

    tn_arena_init(&arena, (size_t) 1 << 20);
    assert_int_equal(find_kind(state, TN_KIND_command_refused, indices), 1);
    read_event(state, indices[0], &arena, &event);
    assert_int_equal(tn_command_from_event(&event, &arena, &command, &found, &error), TN_OK);
    assert_true(found);
    assert_int_equal(command.kind, TN_COMMAND_resume_deadlines);
    assert_int_equal(command.facts.resume_deadlines_facts.last_heartbeat_us, event.time_us);
    tn_arena_close(&arena);
}

static void of_two_resumes_one_ends_the_pause(void **context)
{
    struct desk_state *state = *context;
    struct twice twice = {.state = state};
    struct tn_desk *desk = state->ledger->desk;

    assert_int_equal(tn_desk_at_rest(desk, pause_and_resume_twice, &twice), TN_OK);
    assert_int_equal(twice.submitted, TN_OK);
    close_ledger(state); /* all that is queued is decided */
    assert_int_equal(twice.resumings[0].status, TN_OK);
    assert_refused(&twice.resumings[1].asking.request);
    open_ledger(state, &live_options);
    assert_false(is_paused(state));
    assert_int_equal(count_kind(state, TN_KIND_window_extended), 1);
    assert_heartbeat_of_refusal(state);
    /* A retry is answered as the first time. */
    for (uint32_t i = 0; i < 2; i++) {
        struct tn_desk_request *request = &twice.resumings[i].asking.request;

        tn_buffer_close(&request->entries);
        fill_resume(&twice.resumings[i], i, 1);
        (void) ask_and_drop(state, &twice.resumings[i].asking);
        assert_true(request->replayed);
        if (i == 0) {
            assert_int_equal(request->status, TN_OK);
        } else {
            assert_refused(request);
        }
    }
    assert_int_equal(count_kind(state, TN_KIND_window_extended), 1);
    assert_audit_agrees(state->ledger->log);
}

/* On the desk's thread. The pause of the one who asks is over, and another has begun. */
static enum tn_status resume_of_another_pause(void *context)
{
    struct resuming *resuming = context;
    struct tn_desk *desk = resuming->state->ledger->desk;
    enum tn_status status;

    tn_desk_pause(desk, "a test moved the clock");
    fill_resume(resuming, 1, desk->state.last_heartbeat_us - TN_HOUR_US);
    status = tn_desk_decide(desk, &resuming->asking.request);
    tn_desk_batch_attach(desk->gathering, &resuming->asking.request);
    return status;
}

static void a_resume_ends_the_pause_that_it_was_asked_for(void **context)
{
    struct desk_state *state = *context;
    struct resuming resuming = {.state = state, .status = TN_UNKNOWN};

    assert_int_equal(tn_desk_at_rest(state->ledger->desk, resume_of_another_pause, &resuming),
                     TN_OK);
    close_ledger(state);
    assert_refused(&resuming.asking.request);
    tn_buffer_close(&resuming.asking.request.entries);
    open_ledger(state, &live_options);
    assert_true(is_paused(state));
    assert_int_equal(count_kind(state, TN_KIND_window_extended), 0);
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
        cmocka_unit_test_setup_teardown(of_two_resumes_one_ends_the_pause, setup_live, teardown),
        cmocka_unit_test_setup_teardown(a_resume_ends_the_pause_that_it_was_asked_for, setup_live,
                                        teardown),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("within", tests, NULL, NULL);
}
