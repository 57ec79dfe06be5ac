/* The desk under pressure: answers only when durable, failures that leave nobody in the dark, and a
 * log that does not depend on how commands met in batches. */
#include <stdatomic.h>

#include "ledger/base/check.h"
#include "ledger/base/fault.h"
#include "tests/api/desk_support.h"
#include "tests/sanitized.h"

/* ---- a committer that is held up in the answer to one request ---- */

struct gate {
    struct asking asking;
    struct hold hold;
};

static void gate_done(struct tn_desk_request *request)
{
    hold_here(&TN_CONTAINER_OF(request, struct gate, asking.request)->hold);
}

/* Nothing that is submitted from now on is written until the gate opens. `time_us`: 0 where a clock
 * runs. */
static void gate_close(struct gate *gate, struct desk_state *state, uint32_t n, uint64_t time_us)
{
    memset(gate, 0, sizeof(*gate));
    hold_init(&gate->hold);
    fill_register(&gate->asking, n, n, n, time_us);
    gate->asking.request.command.facts.register_facts.today = START_US / TN_DAY_US;
    gate->asking.request.done = gate_done;
    assert_int_equal(tn_desk_submit(state->ledger->desk, &gate->asking.request), TN_OK);
    hold_wait(&gate->hold);
}

static void gate_open(struct gate *gate)
{
    hold_release(&gate->hold);
}

static void gate_drop(struct gate *gate)
{
    tn_buffer_close(&gate->asking.request.entries);
    hold_drop(&gate->hold);
}

/* A request that notes how much was durable when it was answered. */
struct watched {
    struct asking asking;
    struct desk_state *state;
    uint64_t durable;
    atomic_bool answered;
};

static void watched_done(struct tn_desk_request *request)
{
    struct watched *watched = TN_CONTAINER_OF(request, struct watched, asking.request);

    watched->durable = size_of(watched->state);
    atomic_store(&watched->answered, true);
}

static void watch(struct watched *watched, struct desk_state *state)
{
    watched->state = state;
    watched->asking.request.done = watched_done;
    atomic_store(&watched->answered, false);
    assert_int_equal(tn_desk_submit(state->ledger->desk, &watched->asking.request), TN_OK);
}

static void wait_answer(struct watched *watched)
{
    for (unsigned i = 0; i < 2000 && !atomic_load(&watched->answered); i++) {
        usleep(10000);
    }
    assert_true(atomic_load(&watched->answered));
    tn_buffer_close(&watched->asking.request.entries);
}

/* Until the desk has decided so many commands in its life, however busy the machine is. */
static void wait_decided(struct desk_state *state, uint64_t commands)
{
    struct tn_desk_state desk;

    for (unsigned i = 0; i < 2000; i++) {
        tn_desk_state(state->ledger->desk, &desk);
        if (desk.commands >= commands) {
            return;
        }
        usleep(10000);
    }
    fail_msg("%u commands were decided in 20 s", (unsigned) desk.commands);
}

/* Of the first the events, of the others repeats: a retry, another body, a refusal that repeats.
 * Some of them find the first in the batch that is written, some in the one that gathers. */
static void repeats_are_answered_only_when_the_first_is_durable(void **context)
{
    struct desk_state *state = *context;
    struct watched w[8] = {0};
    struct gate gate;
    uint64_t size;
    bool early = false;

    gate_close(&gate, state, 1, START_US);
    size = size_of(state);
    fill_register(&w[0].asking, 2, 2, 2, START_US); /* in flight */
    watch(&w[0], state);
    wait_decided(state, 2); /* the gate's and this one */
    fill_register(&w[1].asking, 2, 2, 2, START_US);
    watch(&w[1], state);
    fill_register(&w[2].asking, 2, 2, 2, START_US);
    w[2].asking.request.fingerprint[0] = 1;
    watch(&w[2], state);
    fill_request(&w[3].asking, 9, 90, START_US); /* the first refusal of its kind, gathering */
    watch(&w[3], state);
    fill_request(&w[4].asking, 9, 91, START_US);
    watch(&w[4], state);
    fill_register(&w[5].asking, 3, 3, 3, START_US); /* gathering */
    watch(&w[5], state);
    fill_register(&w[6].asking, 3, 3, 3, START_US);
    watch(&w[6], state);
    fill_register(&w[7].asking, 3, 3, 3, START_US);
    w[7].asking.request.fingerprint[0] = 1;
    watch(&w[7], state);
    wait_decided(state, 1 + TN_ARRAY_SIZE(w));
    for (size_t i = 0; i < TN_ARRAY_SIZE(w); i++) {
        early = early || atomic_load(&w[i].answered);
    }
    early = early || size_of(state) != size;
    gate_open(&gate);
    for (size_t i = 0; i < TN_ARRAY_SIZE(w); i++) {
        wait_answer(&w[i]);
    }
    assert_false(early);
    assert_int_equal(w[0].asking.request.status, TN_OK);
    assert_int_equal(w[1].asking.request.status, TN_OK);
    assert_true(w[1].asking.request.replayed);
    assert_int_equal(w[1].asking.request.first_index, w[0].asking.request.first_index);
    assert_int_equal(w[2].asking.request.status, TN_CONFLICT);
    assert_int_equal(w[3].asking.request.status, TN_REFUSED);
    assert_int_equal(w[4].asking.request.status, TN_REFUSED);
    assert_int_equal(w[4].asking.request.first_index, w[3].asking.request.first_index);
    assert_int_equal(w[6].asking.request.first_index, w[5].asking.request.first_index);
    assert_int_equal(w[7].asking.request.status, TN_CONFLICT);
    for (size_t i = 0; i < TN_ARRAY_SIZE(w); i++) { /* P2 */
        uint64_t needed = i < 3   ? w[0].asking.request.first_index
                          : i < 5 ? w[3].asking.request.first_index
                                  : w[5].asking.request.first_index;

        assert_true(w[i].durable > needed);
    }
    gate_drop(&gate);
}

/* ---- failures ---- */

/* One batch in flight and one gathering when the `nth` fault point fails. False when it was not
 * reached. */
static bool fail_at(unsigned nth)
{
    struct desk_state state = {0};
    struct watched w[4] = {0};
    struct gate gate;
    struct asking asking;
    struct tn_desk_state desk;
    uint64_t size;
    bool reached;

    create_ledger(&state, true, START_US);
    open_ledger(&state, &manual_options);
    gate_close(&gate, &state, 1, START_US);
    for (uint32_t i = 0; i < 4; i++) {
        fill_register(&w[i].asking, 2 + i, 2 + i, 2 + i, START_US);
        watch(&w[i], &state);
        wait_decided(&state, i == 0 ? 2 : 0); /* the first goes ahead alone */
    }
    wait_decided(&state, 5);
    tn_fault_arm(nth);
    gate_open(&gate);
    for (size_t i = 0; i < 4; i++) {
        wait_answer(&w[i]);
        assert_true(w[i].asking.request.status == TN_OK ||
                    w[i].asking.request.status == TN_UNKNOWN);
        /* Once unknown, always: later batches rest on earlier ones. */
        assert_true(i == 0 || w[i - 1].asking.request.status == TN_OK ||
                    w[i].asking.request.status == TN_UNKNOWN);
    }
    reached = tn_fault_disarm();
    tn_desk_state(state.ledger->desk, &desk);
    if (w[3].asking.request.status == TN_UNKNOWN) {
        assert_true(desk.failed);
        fill_register(&asking, 8, 8, 8, START_US);
        assert_int_equal(ask_and_drop(&state, &asking), TN_UNKNOWN);
    }
    gate_drop(&gate);
    close_ledger(&state);

    open_ledger(&state, &manual_options); /* it agrees with itself, or this fails */
    size = size_of(&state);
    for (uint32_t i = 0; i < 4; i++) {
        bool known = w[i].asking.request.status == TN_OK;
        uint64_t index = w[i].asking.request.first_index;

        assert_true(!known || index < size);
        fill_register(&asking, 2 + i, 2 + i, 2 + i, START_US);
        assert_int_equal(ask_and_drop(&state, &asking), TN_OK); /* the retry */
        if (known) {
            assert_true(asking.request.replayed);
            assert_int_equal(asking.request.first_index, index);
        }
    }
    assert_int_equal(count_kind(&state, TN_KIND_registration_created), 5);
    remove_ledger(&state);
    return reached;
}

static void a_failed_write_leaves_nobody_in_the_dark(void **context)
{
    unsigned nth = 0;

    (void) context;
    while (fail_at(nth)) {
        nth++;
    }
    assert_true(nth >= 3); /* the frame, the space, the write */
}

static enum tn_status never(void *context)
{
    *(bool *) context = true;
    return TN_OK;
}

static void a_desk_that_failed_has_no_rest(void **context)
{
    struct desk_state *state = *context;
    struct tn_error error = {0};
    struct watched lost = {0};
    struct gate gate;
    bool ran = false;

    gate_close(&gate, state, 1, START_US);
    fill_register(&lost.asking, 2, 2, 2, START_US);
    watch(&lost, state);
    wait_decided(state, 2);
    tn_fault_arm_named("log_append", 0); /* the desk's: lists of streams write beside it */
    gate_open(&gate);
    wait_answer(&lost);
    assert_int_equal(lost.asking.request.status, TN_UNKNOWN);
    gate_drop(&gate);
    assert_true(tn_fault_disarm());
    assert_int_equal(tn_desk_at_rest(state->ledger->desk, never, &ran), TN_UNKNOWN);
    assert_false(ran);
    assert_int_equal(tn_desk_advance(state->ledger->desk, DRAW_US, &error), TN_UNKNOWN);
}

/* ---- by the wall clock: a batch of few commands, which the desk's own thread appends ---- */

static const struct tn_ledger_options live_options = {
    .mode = TN_LEDGER_DESK, .no_publish = true, .allow_unlocked = true};

static void fill_live(struct asking *asking, uint32_t n)
{
    fill_register(asking, n, n, n, 0);
    asking->request.command.facts.register_facts.today = START_US / TN_DAY_US;
}

struct named {
    struct watched watched;
    char thread[16];
};

static void named_done(struct tn_desk_request *request)
{
    struct named *named = TN_CONTAINER_OF(request, struct named, watched.asking.request);

    (void) pthread_getname_np(pthread_self(), named->thread, sizeof(named->thread));
    watched_done(request);
}

static void submit_named(struct named *named, struct desk_state *state, uint32_t n)
{
    fill_live(&named->watched.asking, n);
    named->watched.state = state;
    named->watched.asking.request.done = named_done;
    assert_int_equal(tn_desk_submit(state->ledger->desk, &named->watched.asking.request), TN_OK);
}

#define MANY 300u

static void few_commands_need_no_other_thread(void **context)
{
    struct desk_state *state = *context;
    struct named few[3] = {0};
    struct named *many = calloc(MANY, sizeof(*many));
    struct gate gate;
    bool committer = false;

    close_ledger(state);
    open_ledger(state, &live_options);
    for (uint32_t i = 0; i < 3; i++) {
        submit_named(&few[i], state, 1 + i);
        wait_answer(&few[i].watched);
        assert_string_equal(few[i].thread, "turno-desk");
        assert_true(few[i].watched.durable > few[i].watched.asking.request.first_index);
    }
    gate_close(&gate, state, 10, 0);
    for (uint32_t i = 0; i < MANY; i++) {
        submit_named(&many[i], state, 100 + i);
    }
    gate_open(&gate);
    for (uint32_t i = 0; i < MANY; i++) {
        wait_answer(&many[i].watched);
        assert_int_equal(many[i].watched.asking.request.status, TN_OK);
        assert_true(many[i].watched.durable > many[i].watched.asking.request.first_index);
        committer = committer || strcmp(many[i].thread, "turno-commit") == 0;
    }
    assert_true(committer); /* one is synced while the next is decided */
    gate_drop(&gate);
    free(many);
}

/* One command, whose batch meets the `nth` fault point of this name. False when it was not
 * reached. */
static bool fail_alone_at(const char *name, unsigned nth, unsigned *unknown)
{
    struct desk_state state = {0};
    struct watched alone = {0};
    struct asking asking;
    struct tn_desk_state desk;
    bool known;
    bool reached;

    create_ledger(&state, true, START_US);
    open_ledger(&state, &live_options);
    fill_live(&alone.asking, 1);
    tn_fault_arm_named(name, nth);
    watch(&alone, &state);
    wait_answer(&alone);
    reached = tn_fault_disarm();
    known = alone.asking.request.status == TN_OK;
    tn_desk_state(state.ledger->desk, &desk);
    if (!known) {
        assert_int_equal(alone.asking.request.status, TN_UNKNOWN);
        (*unknown)++;
        assert_true(desk.failed);
        fill_live(&asking, 2);
        assert_int_equal(ask_and_drop(&state, &asking), TN_UNKNOWN);
    }
    close_ledger(&state);

    open_ledger(&state, &live_options); /* it agrees with itself, or this fails */
    fill_live(&asking, 1);
    assert_int_equal(ask_and_drop(&state, &asking), TN_OK); /* the retry */
    assert_true(!known || asking.request.replayed);
    assert_int_equal(count_kind(&state, TN_KIND_registration_created), 1);
    remove_ledger(&state);
    return reached;
}

static void a_failed_write_of_one_command_leaves_its_caller_in_no_doubt(void **context)
{
    unsigned unknown = 0;

    (void) context;
    assert_true(fail_alone_at("log_append", 0, &unknown));
    assert_true(fail_alone_at("store_write", 0, &unknown));
    assert_int_equal(unknown, 2);
    assert_true(fail_alone_at("store_space", 0, &unknown)); /* waits until there is some */
    assert_int_equal(unknown, 2);
}

/* ---- many callers ---- */

#define CALLERS 4u
#define COMMANDS_EACH (SANITIZED ? 400u : 1500u)
#define IN_FLIGHT 64u

struct crowd {
    struct desk_state *state;
    pthread_t thread;
    uint32_t base;
    _Atomic uint64_t
        *indices; /* acknowledged, by number; the two answers may come on two threads */
    atomic_uint wrong;
};

struct turn {
    struct asking asking;
    struct crowd *crowd;
    uint32_t n;
    atomic_bool busy;
};

/* Each number is registered twice with one key; both answers name the same index. */
static void turn_done(struct tn_desk_request *request)
{
    struct turn *turn = TN_CONTAINER_OF(request, struct turn, asking.request);
    uint64_t before = atomic_exchange(&turn->crowd->indices[turn->n], request->first_index);

    if (request->status != TN_OK || request->first_index >= size_of(turn->crowd->state) ||
        (before != 0 && before != request->first_index)) {
        atomic_fetch_add(&turn->crowd->wrong, 1);
    }
    tn_buffer_close(&request->entries);
    atomic_store(&turn->busy, false);
}

static void *crowd_main(void *context)
{
    struct crowd *crowd = context;
    struct turn *turns = calloc(IN_FLIGHT, sizeof(*turns));

    for (uint32_t i = 0; i < 2 * COMMANDS_EACH; i++) {
        struct turn *turn = &turns[i % IN_FLIGHT];
        uint32_t n = i / 2;

        while (atomic_load(&turn->busy)) {
            usleep(200);
        }
        fill_register(&turn->asking, crowd->base + n, crowd->base + n, crowd->base + n, 0);
        turn->asking.request.command.facts.register_facts.today = START_US / TN_DAY_US;
        turn->asking.request.done = turn_done;
        turn->crowd = crowd;
        turn->n = n;
        atomic_store(&turn->busy, true);
        while (tn_desk_submit(crowd->state->ledger->desk, &turn->asking.request) != TN_OK) {
            usleep(1000);
        }
    }
    for (uint32_t i = 0; i < IN_FLIGHT; i++) {
        while (atomic_load(&turns[i].busy)) {
            usleep(200);
        }
    }
    free(turns);
    return NULL;
}

static void P2_every_acknowledged_index_is_in_the_log_after_a_restart(void **context)
{
    struct desk_state *state = *context;
    struct tn_ledger_options options = {.mode = TN_LEDGER_DESK,
                                        .allow_unlocked = true}; /* publishing, as in real life */
    struct crowd crowds[CALLERS] = {0};
    struct tn_arena arena;
    uint64_t size = size_of(state);

    close_ledger(state);
    open_ledger(state, &options);
    for (uint32_t i = 0; i < CALLERS; i++) {
        crowds[i].state = state;
        crowds[i].base = (i + 1) * 100000;
        crowds[i].indices = calloc(COMMANDS_EACH, sizeof(*crowds[i].indices));
        assert_int_equal(pthread_create(&crowds[i].thread, NULL, crowd_main, &crowds[i]), 0);
    }
    for (uint32_t i = 0; i < CALLERS; i++) {
        pthread_join(crowds[i].thread, NULL);
        assert_int_equal(atomic_load(&crowds[i].wrong), 0);
    }
    close_ledger(state);
    open_ledger(state, &manual_options);
    assert_int_equal(size_of(state), size + 3u * CALLERS * COMMANDS_EACH); /* and none twice */
    tn_arena_init(&arena, (size_t) 1 << 20);
    for (uint32_t i = 0; i < CALLERS; i++) {
        for (uint32_t n = 0; n < COMMANDS_EACH; n++) {
            struct tn_event event;
            uint8_t id[TN_ID_SIZE];

            read_event(state, crowds[i].indices[n], &arena, &event);
            make_id(id, TN_ID_SIZE, 2, crowds[i].base + n);
            assert_int_equal(event.kind, TN_KIND_registration_created);
            assert_memory_equal(event.command, id, TN_ID_SIZE);
        }
        free(crowds[i].indices);
    }
    tn_arena_close(&arena);
}

/* ---- one log, however commands met ---- */

#define SCRIPT_GROUPS 60u
#define SCRIPT_COMMANDS (SCRIPT_GROUPS * 7u)

/* Three days: registering, asking, asking again, refusals, retries; between them days open, close,
 * are drawn, offers lapse. */
static void fill_script(struct asking *asking, uint32_t i)
{
    uint32_t n = 1 + i % SCRIPT_GROUPS;
    uint32_t round = i / SCRIPT_GROUPS;
    uint64_t time_us = START_US + round * 11 * TN_HOUR_US + n * 1000;

    if (round == 0) {
        fill_register(asking, n, n, n, time_us);
    } else if (round == 3) {
        fill_register(asking, n, n, n, time_us); /* a retry, a day later */
    } else {
        fill_request(asking, n % 7 == 0 ? n + 1000 : n, round * 1000 + n, time_us);
    }
}

enum pressure { ONE_BY_ONE, ALL_AT_ONCE, IN_GROUPS };

static void run_script(enum pressure pressure, struct tn_log_head *head)
{
    struct desk_state state = {0};
    struct watched *all = calloc(SCRIPT_COMMANDS, sizeof(*all));
    struct tn_error error = {0};

    create_ledger(&state, true, START_US);
    open_ledger(&state, &manual_options);
    for (uint32_t i = 0; i < SCRIPT_COMMANDS; i++) {
        fill_script(&all[i].asking, i);
        watch(&all[i], &state);
        if (pressure == ONE_BY_ONE || (pressure == IN_GROUPS && i % 37 == 0)) {
            wait_answer(&all[i]);
        }
    }
    for (uint32_t i = 0; i < SCRIPT_COMMANDS; i++) {
        wait_answer(&all[i]);
    }
    assert_int_equal(tn_desk_advance(state.ledger->desk, START_US + 5 * TN_DAY_US, &error), TN_OK);
    assert_true(count_kind(&state, TN_KIND_draw_completed) >= 4);
    assert_true(count_kind(&state, TN_KIND_appointment_offered) > 0);
    assert_true(count_kind(&state, TN_KIND_offer_lapsed) > 0);
    assert_true(count_kind(&state, TN_KIND_command_refused) > 0);
    tn_log_head(state.ledger->log, head);
    remove_ledger(&state);
    free(all);
}

static void the_log_does_not_depend_on_how_commands_met(void **context)
{
    struct tn_log_head heads[3];

    (void) context;
    run_script(ONE_BY_ONE, &heads[0]);
    run_script(ALL_AT_ONCE, &heads[1]);
    run_script(IN_GROUPS, &heads[2]);
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(heads[i].size, heads[0].size);
        assert_memory_equal(heads[i].root, heads[0].root,
                            TN_HASH_SIZE); /* every entry, every bit */
    }
}

int main(void)
{
#define IN_A_LEDGER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        IN_A_LEDGER(repeats_are_answered_only_when_the_first_is_durable),
        cmocka_unit_test(a_failed_write_leaves_nobody_in_the_dark),
        IN_A_LEDGER(a_desk_that_failed_has_no_rest),
        IN_A_LEDGER(few_commands_need_no_other_thread),
        cmocka_unit_test(a_failed_write_of_one_command_leaves_its_caller_in_no_doubt),
        IN_A_LEDGER(P2_every_acknowledged_index_is_in_the_log_after_a_restart),
        cmocka_unit_test(the_log_does_not_depend_on_how_commands_met),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("desk_order", tests, NULL, NULL);
}
