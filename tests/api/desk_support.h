/* A ledger with its desk, and commands of made-up people, for the tests of the desk. */
#ifndef TN_TESTS_API_DESK_SUPPORT_H
#define TN_TESTS_API_DESK_SUPPORT_H

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
#include "tests/api/hold.h"
#include "tests/scratch.h"

/* 2024-09-03 16:30 UTC: a window has been open for half an hour. */
#define START_US 1725381000000000ull
#define CLOSE_US 1725422400000000ull /* 2024-09-04 04:00 UTC */
#define DRAW_US 1725465600000000ull  /* 2024-09-04 16:00 UTC */

struct desk_state {
    char directory[SCRATCH_BYTES];
    struct tn_ledger *ledger;
};

static const struct tn_ledger_options manual_options = {
    .mode = TN_LEDGER_DESK, .manual_clock = true, .no_publish = true, .allow_unlocked = true};

static inline void open_ledger(struct desk_state *state, const struct tn_ledger_options *options)
{
    struct tn_error error = {0};

    if (tn_ledger_open(state->directory, options, &state->ledger, &error) != TN_OK) {
        fail_msg("open: %s", error.text);
    }
}

static inline void close_ledger(struct desk_state *state)
{
    tn_ledger_close(state->ledger);
    state->ledger = NULL;
}

static inline void create_with_policy(struct desk_state *state, const struct tn_policy *policy,
                                      bool simulated, uint64_t created_us)
{
    struct tn_genesis genesis = {.policy = policy,
                                 .simulated = simulated,
                                 .seed = 7,
                                 .created_us = created_us,
                                 .allow_unlocked = true};
    struct tn_error error = {0};

    scratch_make(state->directory);
    assert_int_equal(rmdir(state->directory), 0);
    if (tn_ledger_create(state->directory, &genesis, &error) != TN_OK) {
        fail_msg("create: %s", error.text);
    }
}

static inline void create_ledger(struct desk_state *state, bool simulated, uint64_t created_us)
{
    static struct tn_policy policy;

    tn_policy_initial(created_us - TN_DAY_US, &policy);
    create_with_policy(state, &policy, simulated, created_us);
}

static inline void remove_ledger(struct desk_state *state)
{
    char key[SCRATCH_PATH_BYTES];

    close_ledger(state);
    scratch_remove(state->directory);
    (void) snprintf(key, sizeof(key), "%s.root-key", state->directory);
    (void) remove(key); /* of a ledger that is not simulated */
}

/* A simulated ledger whose commands the test stamps. */
static inline int setup(void **context)
{
    struct desk_state *state = calloc(1, sizeof(*state));

    create_ledger(state, true, START_US);
    open_ledger(state, &manual_options);
    *context = state;
    return 0;
}

/* Only room for one: the test makes its ledgers. */
static inline int setup_none(void **context)
{
    *context = calloc(1, sizeof(struct desk_state));
    return 0;
}

static inline int teardown(void **context)
{
    struct desk_state *state = *context;

    if (state->directory[0] != '\0') {
        remove_ledger(state);
    }
    free(state);
    return 0;
}

/* Id number `n` of a kind (`area`) of made-up things. */
static inline void make_id(uint8_t *id, size_t size, uint8_t area, uint32_t n)
{
    memset(id, 0x11, size);
    id[0] = area;
    tn_put_be32(id + 4, n);
}

struct asking {
    struct tn_desk_request request;
    struct tn_new_member member;
};

static const uint64_t one_port[] = {2504};

/* Registration `n` of one adult, `person`, by key number `key`. */
static inline void fill_register(struct asking *asking, uint32_t n, uint32_t person, uint32_t key,
                                 uint64_t time_us)
{
    struct tn_desk_request *request = &asking->request;
    struct tn_facts_register *facts = &request->command.facts.register_facts;

    memset(asking, 0, sizeof(*asking));
    request->command.kind = TN_COMMAND_register;
    request->command.actor.role = TN_ROLE_APPLICANT;
    request->command.time_us = time_us;
    make_id(request->command.actor.id, TN_ID_SIZE, 1, n);
    make_id(request->command.id, TN_ID_SIZE, 2, key);
    make_id(facts->registration, TN_ID_SIZE, 1, n);
    make_id(facts->token, TN_HASH_SIZE, 3, n);
    make_id(facts->place, TN_ID_SIZE, 4, n);
    make_id(asking->member.member, TN_ID_SIZE, 5, n);
    make_id(asking->member.person, TN_ID_SIZE, 6, person);
    asking->member.adult = 1;
    facts->members.items = &asking->member;
    facts->members.count = 1;
    facts->today = time_us / TN_DAY_US;
    request->has_key = true;
}

/* The request of registration `n` for an appointment, by key number `key`. */
static inline void fill_request(struct asking *asking, uint32_t n, uint32_t key, uint64_t time_us)
{
    struct tn_desk_request *request = &asking->request;
    struct tn_facts_request *facts = &request->command.facts.request_appointment_facts;

    memset(asking, 0, sizeof(*asking));
    request->command.kind = TN_COMMAND_request_appointment;
    request->command.actor.role = TN_ROLE_APPLICANT;
    request->command.time_us = time_us;
    make_id(request->command.actor.id, TN_ID_SIZE, 1, n);
    make_id(request->command.id, TN_ID_SIZE, 2, key);
    make_id(facts->registration, TN_ID_SIZE, 1, n);
    facts->ports.items = one_port;
    facts->ports.count = 1;
    facts->zone_version = 2;
    facts->zone_result = 1;
    request->has_key = true;
}

/* Submit and wait; the entries are left to the caller only on TN_OK. */
static inline enum tn_status ask(struct desk_state *state, struct asking *asking)
{
    return tn_desk_call(state->ledger->desk, &asking->request);
}

static inline enum tn_status ask_and_drop(struct desk_state *state, struct asking *asking)
{
    enum tn_status status = ask(state, asking);

    tn_buffer_close(&asking->request.entries);
    return status;
}

static inline uint64_t size_of(struct desk_state *state)
{
    struct tn_log_head head;

    tn_log_head(state->ledger->log, &head);
    return head.size;
}

/* Up to 64 indices of a kind; returns how many. */
static inline size_t find_kind(struct desk_state *state, uint32_t kind, uint64_t indices[static 64])
{
    size_t count = 64;
    struct tn_error error = {0};

    assert_int_equal(tn_log_read_kind(state->ledger->log, kind, 0, false, indices, &count, &error),
                     TN_OK);
    return count;
}

static inline size_t count_kind(struct desk_state *state, uint32_t kind)
{
    uint64_t indices[64];

    return find_kind(state, kind, indices);
}

/* The event at `index`, decoded into the reset arena. */
static inline void read_event(struct desk_state *state, uint64_t index, struct tn_arena *arena,
                              struct tn_event *event)
{
    struct tn_buffer entry;
    struct tn_error error = {0};
    struct tn_bytes copy;

    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    assert_int_equal(tn_log_read(state->ledger->log, index, &entry, &error), TN_OK);
    tn_arena_reset(arena);
    copy = tn_arena_copy(arena, tn_buffer_view(&entry));
    assert_int_equal(tn_event_decode(copy, index, arena, event, &error), TN_OK);
    tn_buffer_close(&entry);
}

#endif
