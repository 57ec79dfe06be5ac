/* The desk: retries, refusals, what falls due, pauses, and what it does when it cannot write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "api/desk/ledger.h"
#include "ledger/base/civil.h"
#include "ledger/base/clock.h"
#include "ledger/base/endian.h"
#include "ledger/rules/policy_history.h"
#include "ledger/rules/rows.h"
#include "projections/keys.h"

/* 2024-09-03 16:30 UTC: a window has been open for half an hour. */
#define START_US 1725381000000000ull
#define CLOSE_US 1725422400000000ull /* 2024-09-04 04:00 UTC */
#define DRAW_US 1725465600000000ull  /* 2024-09-04 16:00 UTC */

struct desk_state {
    char directory[64];
    struct tn_ledger *ledger;
};

static void open_ledger(struct desk_state *state, const struct tn_ledger_options *options)
{
    struct tn_error error = {0};

    if (tn_ledger_open(state->directory, options, &state->ledger, &error) != TN_OK) {
        fail_msg("open: %s", error.text);
    }
}

static void create_ledger(struct desk_state *state, bool simulated, uint64_t created_us)
{
    static struct tn_policy policy;
    struct tn_genesis genesis = {.policy = &policy,
                                 .simulated = simulated,
                                 .seed = 7,
                                 .created_us = created_us,
                                 .allow_unlocked = true};
    struct tn_error error = {0};

    snprintf(state->directory, sizeof(state->directory), "/tmp/turno-desk-XXXXXX");
    assert_non_null(mkdtemp(state->directory));
    assert_int_equal(rmdir(state->directory), 0);
    tn_policy_initial(created_us - TN_DAY_US, &policy);
    if (tn_ledger_create(state->directory, &genesis, &error) != TN_OK) {
        fail_msg("create: %s", error.text);
    }
}

static int setup(void **context)
{
    struct desk_state *state = calloc(1, sizeof(*state));
    struct tn_ledger_options options = {
        .mode = TN_LEDGER_DESK, .manual_clock = true, .allow_unlocked = true};

    create_ledger(state, true, START_US);
    open_ledger(state, &options);
    *context = state;
    return 0;
}

static int teardown(void **context)
{
    struct desk_state *state = *context;
    char command[160];

    tn_ledger_close(state->ledger);
    snprintf(command, sizeof(command), "rm -rf '%s' '%s.root-key'", state->directory,
             state->directory);
    assert_int_equal(system(command), 0);
    free(state);
    return 0;
}

/* Ids of made-up people: byte `n` all over. */
static void fill_id(uint8_t *id, size_t size, uint8_t n)
{
    memset(id, n, size);
}

struct registering {
    struct tn_desk_request request;
    struct tn_new_member member;
};

static enum tn_status send_register(struct desk_state *state, struct registering *r, uint8_t n,
                                    uint8_t person, uint64_t time_us, uint8_t fingerprint)
{
    struct tn_facts_register *facts = &r->request.command.facts.register_facts;

    memset(r, 0, sizeof(*r));
    r->request.command.kind = TN_COMMAND_register;
    r->request.command.actor.role = TN_ROLE_APPLICANT;
    r->request.command.time_us = time_us;
    fill_id(r->request.command.actor.id, TN_ID_SIZE, n);
    fill_id(r->request.command.id, TN_ID_SIZE, (uint8_t) (n ^ 0x80));
    fill_id(facts->registration, TN_ID_SIZE, n);
    fill_id(facts->token, TN_HASH_SIZE, n);
    fill_id(facts->place, TN_ID_SIZE, 1);
    fill_id(r->member.member, TN_ID_SIZE, n);
    fill_id(r->member.person, TN_ID_SIZE, person);
    r->member.adult = 1;
    facts->members.items = &r->member;
    facts->members.count = 1;
    facts->today = time_us / TN_DAY_US;
    r->request.has_key = true;
    r->request.fingerprint[0] = fingerprint;
    return tn_desk_call(state->ledger->desk, &r->request);
}

static const uint64_t one_port[] = {2504};

static enum tn_status send_request(struct desk_state *state, struct tn_desk_request *request,
                                   uint8_t n, uint64_t time_us)
{
    struct tn_facts_request *facts = &request->command.facts.request_appointment_facts;

    memset(request, 0, sizeof(*request));
    request->command.kind = TN_COMMAND_request_appointment;
    request->command.actor.role = TN_ROLE_APPLICANT;
    request->command.time_us = time_us;
    fill_id(request->command.actor.id, TN_ID_SIZE, n);
    randombytes_buf(request->command.id, TN_ID_SIZE);
    fill_id(facts->registration, TN_ID_SIZE, n);
    facts->ports.items = one_port;
    facts->ports.count = 1;
    facts->zone_version = 2;
    facts->zone_result = 1;
    return tn_desk_call(state->ledger->desk, request);
}

static uint64_t size_of(struct desk_state *state)
{
    struct tn_log_head head;

    tn_log_head(state->ledger->log, &head);
    return head.size;
}

static void R02_retries_with_one_key_are_one_command(void **context)
{
    struct desk_state *state = *context;
    struct tn_ledger_options options = {
        .mode = TN_LEDGER_DESK, .manual_clock = true, .allow_unlocked = true};
    struct registering first;
    struct registering retry;
    uint64_t size;

    assert_int_equal(send_register(state, &first, 1, 1, START_US, 5), TN_OK);
    assert_int_equal(first.request.count, 3); /* created, destination, member */
    size = size_of(state);
    assert_int_equal(send_register(state, &retry, 1, 1, START_US + 1000000, 5), TN_OK);
    assert_true(retry.request.replayed);
    assert_int_equal(retry.request.first_index, first.request.first_index);
    assert_int_equal(retry.request.count, 3);
    assert_int_equal(retry.request.entries.size, first.request.entries.size);
    assert_memory_equal(retry.request.entries.data, first.request.entries.data,
                        first.request.entries.size);
    assert_int_equal(size_of(state), size);
    tn_buffer_close(&retry.request.entries);

    tn_ledger_close(state->ledger); /* and for ever: also after a restart */
    state->ledger = NULL;
    open_ledger(state, &options);
    assert_int_equal(send_register(state, &retry, 1, 1, START_US + 2000000, 5), TN_OK);
    assert_true(retry.request.replayed);
    assert_memory_equal(retry.request.entries.data, first.request.entries.data,
                        first.request.entries.size);
    tn_buffer_close(&retry.request.entries);
    tn_buffer_close(&first.request.entries);
}

/* The fingerprint of the first body travels with the command's sealed records, as intake does it.
 */
static void the_same_key_with_another_body_is_a_conflict(void **context)
{
    struct desk_state *state = *context;
    struct tn_vault_writes writes;
    struct registering r;
    uint64_t size;

    /* In flight or gathering the desk compares by itself; committed, by the vault's row. */
    memset(&r, 0, sizeof(r));
    tn_vault_writes_init(&writes);
    {
        uint8_t command[TN_ID_SIZE];
        uint8_t fingerprint[TN_FINGERPRINT_SIZE] = {5};

        fill_id(command, TN_ID_SIZE, 1 ^ 0x80);
        assert_int_equal(tn_vault_put_fingerprint(&writes, command, fingerprint), TN_OK);
    }
    {
        struct tn_batch *batch = tn_batch_create();
        struct tn_error error = {0};

        tn_vault_writes_apply(&writes, &state->ledger->vault, batch);
        assert_int_equal(tn_store_write(state->ledger->store, batch, TN_SYNCED, &error), TN_OK);
        tn_batch_destroy(batch);
    }
    tn_vault_writes_close(&writes);
    assert_int_equal(send_register(state, &r, 1, 1, START_US, 5), TN_OK);
    tn_buffer_close(&r.request.entries);
    size = size_of(state);
    assert_int_equal(send_register(state, &r, 1, 1, START_US, 6), TN_CONFLICT);
    assert_int_equal(size_of(state), size);
    tn_buffer_close(&r.request.entries);
}

static void a_refusal_is_recorded_once_a_day(void **context)
{
    struct desk_state *state = *context;
    struct tn_desk_request request;
    uint64_t first;
    uint64_t size;

    assert_int_equal(send_request(state, &request, 9, START_US), TN_REFUSED);
    assert_int_equal(request.refusal, TN_REFUSAL_registration_unknown);
    first = request.first_index;
    tn_buffer_close(&request.entries);
    size = size_of(state);
    assert_int_equal(send_request(state, &request, 9, START_US + 5000000), TN_REFUSED);
    assert_int_equal(request.first_index, first);
    assert_int_equal(size_of(state), size);
    tn_buffer_close(&request.entries);
    /* another day, another record */
    assert_int_equal(send_request(state, &request, 9, START_US + TN_DAY_US), TN_REFUSED);
    assert_true(request.first_index > first);
    tn_buffer_close(&request.entries);
}

static void days_open_close_and_are_drawn_in_order(void **context)
{
    struct desk_state *state = *context;
    struct registering r;
    struct tn_desk_request request;
    struct tn_error error = {0};
    uint64_t indices[8];
    size_t count;

    assert_int_equal(send_register(state, &r, 1, 1, START_US, 0), TN_OK);
    tn_buffer_close(&r.request.entries);
    assert_int_equal(send_request(state, &request, 1, START_US + 1), TN_OK);
    tn_buffer_close(&request.entries);
    assert_int_equal(tn_desk_advance(state->ledger->desk, DRAW_US - 1, &error), TN_OK);
    count = 8;
    assert_int_equal(tn_log_read_kind(state->ledger->log, TN_KIND_pool_closed, 0, false, indices,
                                      &count, &error),
                     TN_OK);
    assert_int_equal(count, 1);
    count = 8;
    assert_int_equal(tn_log_read_kind(state->ledger->log, TN_KIND_appointment_offered, 0, false,
                                      indices, &count, &error),
                     TN_OK);
    assert_int_equal(count, 0);
    assert_int_equal(tn_desk_advance(state->ledger->desk, DRAW_US, &error), TN_OK);
    count = 8;
    assert_int_equal(tn_log_read_kind(state->ledger->log, TN_KIND_appointment_offered, 0, false,
                                      indices, &count, &error),
                     TN_OK);
    assert_int_equal(count, 1); /* one asks, 385 seats: it is offered one */
    assert_int_equal(tn_desk_advance(state->ledger->desk, DRAW_US + 23 * TN_HOUR_US - 1, &error),
                     TN_OK);
    count = 8;
    assert_int_equal(tn_log_read_kind(state->ledger->log, TN_KIND_offer_lapsed, 0, false, indices,
                                      &count, &error),
                     TN_OK);
    assert_int_equal(count, 0); /* in time means t < deadline */
    assert_int_equal(tn_desk_advance(state->ledger->desk, DRAW_US + 23 * TN_HOUR_US, &error),
                     TN_OK);
    count = 8;
    assert_int_equal(tn_log_read_kind(state->ledger->log, TN_KIND_offer_lapsed, 0, false, indices,
                                      &count, &error),
                     TN_OK);
    assert_int_equal(count, 1);
}

static void a_command_before_its_time_is_refused_by_a_manual_clock(void **context)
{
    struct desk_state *state = *context;
    struct tn_desk_request request;

    assert_int_equal(send_request(state, &request, 1, START_US - 10), TN_INVALID);
    tn_buffer_close(&request.entries);
}

/* ---- a live clock: pauses ---- */

static int setup_live(void **context)
{
    struct desk_state *state = calloc(1, sizeof(*state));

    create_ledger(state, false, tn_clock_wall_us() - 40 * TN_DAY_US);
    *context = state;
    return 0;
}

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
    tn_batch_put(batch, meta, tn_bytes("heartbeat", 9), tn_bytes(value, 8));
    assert_int_equal(tn_store_write(state->ledger->store, batch, TN_SYNCED, &error), TN_OK);
    tn_batch_destroy(batch);
    tn_ledger_close(state->ledger);
    state->ledger = NULL;
}

/* Play a day forty days ago by a manual clock, so that an offer is open; then the machine is off.
 */
static void make_open_offer(struct desk_state *state, uint64_t *deadline_us)
{
    struct tn_ledger_options options = {
        .mode = TN_LEDGER_DESK, .manual_clock = true, .allow_unlocked = true};
    uint64_t now_us = tn_clock_wall_us() - 40 * TN_DAY_US;
    struct registering r;
    struct tn_desk_request request;
    struct tn_state views;
    struct tn_offer_row row;
    struct tn_registration_row registration;
    struct tn_arena arena;
    struct tn_error error = {0};
    uint8_t id[TN_ID_SIZE];
    bool found;
    enum tn_status status = TN_REFUSED;

    open_ledger(state, &options);
    assert_int_equal(send_register(state, &r, 1, 1, now_us + 1, 0), TN_OK);
    tn_buffer_close(&r.request.entries);
    for (unsigned hour = 0; hour < 48 && status == TN_REFUSED; hour++) {
        now_us += TN_HOUR_US; /* until a window is open */
        status = send_request(state, &request, 1, now_us);
        tn_buffer_close(&request.entries);
    }
    assert_int_equal(status, TN_OK);
    assert_int_equal(tn_desk_advance(state->ledger->desk, now_us + 25 * TN_HOUR_US, &error), TN_OK);
    fill_id(id, TN_ID_SIZE, 1);
    tn_arena_init(&arena, 1 << 20);
    assert_int_equal(tn_views_open(state->ledger->store, NULL, &views, &error), TN_OK);
    assert_int_equal(TN_READ(views.rows[TN_CORE_REGISTRATIONS], tn_key_registration(id),
                             registration_row, &arena, &registration, &found, &error),
                     TN_OK);
    assert_int_equal(registration.holding, TN_HOLDS_OFFER);
    assert_int_equal(TN_READ(views.rows[TN_CORE_QUEUE], tn_key_offer(registration.offer), offer_row,
                             &arena, &row, &found, &error),
                     TN_OK);
    *deadline_us = row.deadline_us;
    tn_views_close(&views);
    tn_arena_close(&arena);
    tn_ledger_close(state->ledger);
    state->ledger = NULL;
}

static size_t count_kind(struct desk_state *state, uint32_t kind)
{
    uint64_t indices[64];
    size_t count = 64;
    struct tn_error error = {0};

    assert_int_equal(tn_log_read_kind(state->ledger->log, kind, 0, false, indices, &count, &error),
                     TN_OK);
    return count;
}

static void a_machine_that_was_down_lapses_nothing_by_itself(void **context)
{
    struct desk_state *state = *context;
    struct tn_ledger_options options = {.mode = TN_LEDGER_DESK, .allow_unlocked = true};
    struct tn_desk_state desk;
    struct tn_desk_request request;
    uint64_t deadline_us;

    make_open_offer(state, &deadline_us);
    set_heartbeat(state, deadline_us - TN_HOUR_US);
    open_ledger(state, &options);
    tn_desk_state(state->ledger->desk, &desk);
    assert_true(desk.paused);
    assert_int_equal(send_request(state, &request, 1, 0), TN_PAUSED);
    tn_buffer_close(&request.entries);
    usleep(700000); /* the desk's timer comes by and leaves it alone */
    assert_int_equal(count_kind(state, TN_KIND_offer_lapsed), 0);

    memset(&request, 0, sizeof(request));
    request.command.kind = TN_COMMAND_resume_deadlines;
    request.command.actor.role = TN_ROLE_OPERATOR;
    request.command.facts.resume_deadlines_facts.extend = 1;
    request.command.facts.resume_deadlines_facts.last_heartbeat_us = desk.last_heartbeat_us;
    assert_int_equal(tn_desk_call(state->ledger->desk, &request), TN_OK);
    tn_buffer_close(&request.entries);
    usleep(300000);
    tn_desk_state(state->ledger->desk, &desk);
    assert_false(desk.paused);
    /* its owner has as long as when the machine went down: an hour */
    assert_int_equal(count_kind(state, TN_KIND_offer_lapsed), 0);
}

static void without_extend_the_resumed_ledger_lapses_what_fell_due(void **context)
{
    struct desk_state *state = *context;
    struct tn_ledger_options options = {.mode = TN_LEDGER_DESK, .allow_unlocked = true};
    struct tn_desk_state desk;
    struct tn_desk_request request;
    uint64_t deadline_us;

    make_open_offer(state, &deadline_us);
    set_heartbeat(state, deadline_us - TN_HOUR_US);
    open_ledger(state, &options);
    tn_desk_state(state->ledger->desk, &desk);
    assert_true(desk.paused);
    memset(&request, 0, sizeof(request));
    request.command.kind = TN_COMMAND_resume_deadlines;
    request.command.actor.role = TN_ROLE_OPERATOR;
    request.command.facts.resume_deadlines_facts.last_heartbeat_us = desk.last_heartbeat_us;
    assert_int_equal(tn_desk_call(state->ledger->desk, &request), TN_OK);
    tn_buffer_close(&request.entries);
    for (unsigned i = 0; i < 50 && count_kind(state, TN_KIND_offer_lapsed) == 0; i++) {
        usleep(100000);
    }
    assert_int_equal(count_kind(state, TN_KIND_offer_lapsed), 1);
}

static void a_short_stop_pauses_nothing(void **context)
{
    struct desk_state *state = *context;
    struct tn_ledger_options options = {.mode = TN_LEDGER_DESK, .allow_unlocked = true};
    struct tn_desk_state desk;
    uint64_t deadline_us;

    make_open_offer(state, &deadline_us);
    set_heartbeat(state, tn_clock_wall_us() - TN_MINUTE_US);
    open_ledger(state, &options);
    tn_desk_state(state->ledger->desk, &desk);
    assert_false(desk.paused);
}

/* ---- no room ---- */

static void a_touched_reserve_refuses_writes_and_nothing_else(void **context)
{
    struct desk_state *state = *context;
    struct tn_ledger_options options = {.mode = TN_LEDGER_DESK,
                                        .manual_clock = true,
                                        .allow_unlocked = true,
                                        .reserve_bytes = UINT64_MAX / 4};
    struct registering r;
    struct tn_buffer entry;
    struct tn_error error = {0};
    uint64_t size = size_of(state);

    tn_ledger_close(state->ledger);
    state->ledger = NULL;
    open_ledger(state, &options);
    assert_int_equal(send_register(state, &r, 1, 1, START_US, 0), TN_NO_SPACE);
    tn_buffer_close(&r.request.entries);
    assert_int_equal(size_of(state), size);
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    assert_int_equal(tn_log_read(state->ledger->log, 0, &entry, &error), TN_OK);
    tn_buffer_close(&entry);
    tn_ledger_close(state->ledger);
    state->ledger = NULL;
    options.reserve_bytes = 1;
    open_ledger(state, &options);
    assert_int_equal(send_register(state, &r, 1, 1, START_US, 0), TN_OK);
    tn_buffer_close(&r.request.entries);
}

static enum tn_status hold_up(void *context)
{
    (void) context;
    usleep(400000);
    return TN_OK;
}

static void *rest_main(void *context)
{
    struct desk_state *state = context;

    assert_int_equal(tn_desk_at_rest(state->ledger->desk, hold_up, NULL), TN_OK);
    return NULL;
}

static void ignore_done(struct tn_desk_request *request)
{
    (void) request;
}

static void a_full_queue_is_busy_and_never_a_stall(void **context)
{
    struct desk_state *state = *context;
    struct tn_desk_request *requests = calloc(TN_DESK_QUEUE_MAX + 1, sizeof(*requests));
    enum tn_status status = TN_OK;
    pthread_t thread;
    size_t sent = 0;

    assert_int_equal(pthread_create(&thread, NULL, rest_main, state), 0);
    usleep(100000);
    while (status == TN_OK && sent <= TN_DESK_QUEUE_MAX) {
        struct tn_desk_request *request = &requests[sent];

        request->command.kind = TN_COMMAND_withdraw_registration;
        request->command.actor.role = TN_ROLE_APPLICANT;
        request->command.time_us = START_US;
        request->done = ignore_done;
        status = tn_desk_submit(state->ledger->desk, request);
        sent += status == TN_OK ? 1 : 0;
    }
    assert_int_equal(status, TN_BUSY);
    assert_int_equal(sent, TN_DESK_QUEUE_MAX);
    pthread_join(thread, NULL);
    tn_ledger_close(state->ledger);
    state->ledger = NULL;
    for (size_t i = 0; i < sent; i++) {
        tn_buffer_close(&requests[i].entries);
    }
    free(requests);
}

static void a_checkpoint_follows_its_entries(void **context)
{
    struct desk_state *state = *context;
    struct registering r;
    struct tn_buffer note;
    struct tn_error error = {0};
    uint64_t published = 0;

    assert_int_equal(send_register(state, &r, 1, 1, START_US, 0), TN_OK);
    tn_buffer_close(&r.request.entries);
    tn_buffer_init(&note, 1 << 16);
    for (unsigned i = 0; i < 100 && published < size_of(state); i++) {
        usleep(20000);
        assert_int_equal(tn_log_published(state->ledger->log, &note, &published, &error), TN_OK);
    }
    assert_int_equal(published, size_of(state));
    tn_buffer_close(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(R02_retries_with_one_key_are_one_command, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_key_with_another_body_is_a_conflict, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_refusal_is_recorded_once_a_day, setup, teardown),
        cmocka_unit_test_setup_teardown(days_open_close_and_are_drawn_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_command_before_its_time_is_refused_by_a_manual_clock,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_machine_that_was_down_lapses_nothing_by_itself,
                                        setup_live, teardown),
        cmocka_unit_test_setup_teardown(without_extend_the_resumed_ledger_lapses_what_fell_due,
                                        setup_live, teardown),
        cmocka_unit_test_setup_teardown(a_short_stop_pauses_nothing, setup_live, teardown),
        cmocka_unit_test_setup_teardown(a_touched_reserve_refuses_writes_and_nothing_else, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_queue_is_busy_and_never_a_stall, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_follows_its_entries, setup, teardown),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("desk", tests, NULL, NULL);
}
