/* The desk: retries, refusals, and what it does when it can take or write no more. */
#include "ledger/base/fault.h"
#include "tests/api/desk_support.h"

static void R02_retries_with_one_key_are_one_command(void **context)
{
    struct desk_state *state = *context;
    struct asking first;
    struct asking retry;
    uint64_t size;

    fill_register(&first, 1, 1, 1, START_US);
    assert_int_equal(ask(state, &first), TN_OK);
    assert_int_equal(first.request.count, 3); /* created, destination, member */
    size = size_of(state);
    fill_register(&retry, 1, 1, 1, START_US + 1000000);
    assert_int_equal(ask(state, &retry), TN_OK);
    assert_true(retry.request.replayed);
    assert_int_equal(retry.request.first_index, first.request.first_index);
    assert_int_equal(retry.request.count, 3);
    assert_int_equal(retry.request.entries.size, first.request.entries.size);
    assert_memory_equal(retry.request.entries.data, first.request.entries.data,
                        first.request.entries.size);
    assert_int_equal(size_of(state), size);
    tn_buffer_close(&retry.request.entries);

    close_ledger(state); /* and for ever: also after a restart */
    open_ledger(state, &manual_options);
    fill_register(&retry, 1, 1, 1, START_US + 2000000);
    assert_int_equal(ask(state, &retry), TN_OK);
    assert_true(retry.request.replayed);
    assert_memory_equal(retry.request.entries.data, first.request.entries.data,
                        first.request.entries.size);
    tn_buffer_close(&retry.request.entries);
    tn_buffer_close(&first.request.entries);
}

static void the_same_key_with_another_body_is_a_conflict(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;
    uint64_t size;

    fill_register(&asking, 1, 1, 1, START_US);
    asking.request.fingerprint[0] = 5;
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    size = size_of(state);
    fill_register(&asking, 1, 1, 1, START_US);
    asking.request.fingerprint[0] = 6;
    assert_int_equal(ask_and_drop(state, &asking), TN_CONFLICT);
    assert_int_equal(size_of(state), size);
    fill_register(&asking, 1, 1, 1, START_US);
    asking.request.fingerprint[0] = 5;
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    assert_true(asking.request.replayed);
}

static void a_refusal_is_recorded_once_a_day(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;
    uint64_t first;
    uint64_t size;

    fill_request(&asking, 9, 1, START_US);
    assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
    assert_int_equal(asking.request.refusal, TN_REFUSAL_registration_unknown);
    first = asking.request.first_index;
    size = size_of(state);
    fill_request(&asking, 9, 2, START_US + 5000000);
    assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
    assert_int_equal(asking.request.first_index, first);
    assert_int_equal(size_of(state), size);

    close_ledger(state); /* a restart remembers */
    open_ledger(state, &manual_options);
    fill_request(&asking, 9, 3, START_US + 6000000);
    assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
    assert_int_equal(asking.request.first_index, first);
    assert_int_equal(size_of(state), size);

    fill_request(&asking, 9, 4, START_US + TN_DAY_US); /* another day, another record */
    assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
    assert_true(asking.request.first_index > first);
}

/* The first refusal is an event under its key; what only repeats it leaves its key free. */
static void a_retry_of_a_refused_command_is_refused_again(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;
    uint64_t first;

    fill_request(&asking, 1, 7, START_US);
    assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
    first = asking.request.first_index;
    fill_request(&asking, 1, 8, START_US);
    assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
    fill_register(&asking, 1, 1, 1, START_US + 1);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    fill_request(&asking, 1, 7, START_US + 2);
    assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
    assert_true(asking.request.replayed);
    assert_int_equal(asking.request.refusal, TN_REFUSAL_registration_unknown);
    assert_int_equal(asking.request.first_index, first);
    fill_request(&asking, 1, 8, START_US + 2);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    assert_false(asking.request.replayed);
}

/* For callers who could not make the command again. */
static void a_key_alone_finds_its_events_and_decides_nothing(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;
    uint64_t first;
    uint64_t size = size_of(state);

    fill_register(&asking, 1, 1, 1, START_US);
    asking.request.known_only = true;
    assert_int_equal(ask_and_drop(state, &asking), TN_NOT_FOUND);
    assert_int_equal(size_of(state), size);
    fill_register(&asking, 1, 1, 1, START_US);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    first = asking.request.first_index;
    size = size_of(state);
    for (unsigned i = 0; i < 2; i++) {
        /* Much falls due by then, and nothing of it is emitted for a question. */
        memset(&asking, 0, sizeof(asking));
        asking.request.has_key = true;
        asking.request.known_only = true;
        asking.request.command.time_us = START_US + TN_DAY_US;
        make_id(asking.request.command.id, TN_ID_SIZE, 2, 1);
        asking.request.fingerprint[0] = (uint8_t) i;
        assert_int_equal(ask(state, &asking), i == 0 ? TN_OK : TN_CONFLICT);
        if (i == 0) {
            assert_true(asking.request.replayed);
            assert_int_equal(asking.request.first_index, first);
            assert_int_equal(asking.request.count, 3);
        }
        tn_buffer_close(&asking.request.entries);
    }
    assert_int_equal(size_of(state), size);
}

/* Its key stands for it, as that of an accepted one does. */
static void the_key_of_a_refused_command_answers_for_no_other(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;
    uint64_t first;

    fill_request(&asking, 1, 7, START_US);
    asking.request.fingerprint[0] = 5;
    assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
    first = asking.request.first_index;
    for (unsigned round = 0; round < 2; round++) {
        fill_request(&asking, 1, 7, START_US + 1);
        asking.request.fingerprint[0] = 6;
        assert_int_equal(ask_and_drop(state, &asking), TN_CONFLICT);
        fill_request(&asking, 1, 7, START_US + 1);
        asking.request.fingerprint[0] = 5;
        assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
        assert_true(asking.request.replayed);
        assert_int_equal(asking.request.first_index, first);
        close_ledger(state); /* and for ever */
        open_ledger(state, &manual_options);
    }
}

static void a_command_before_its_time_is_refused_by_a_manual_clock(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;

    fill_request(&asking, 1, 1, START_US - 10);
    assert_int_equal(ask_and_drop(state, &asking), TN_INVALID);
}

static void a_touched_reserve_refuses_writes_and_nothing_else(void **context)
{
    struct desk_state *state = *context;
    struct tn_ledger_options options = manual_options;
    struct asking asking;
    struct tn_desk_state desk;
    struct tn_buffer entry;
    struct tn_error error = {0};
    uint64_t size = size_of(state);

    close_ledger(state);
    options.reserve_bytes = UINT64_MAX / 4;
    open_ledger(state, &options);
    fill_register(&asking, 1, 1, 1, START_US);
    assert_int_equal(ask_and_drop(state, &asking), TN_NO_SPACE);
    tn_desk_state(state->ledger->desk, &desk);
    assert_true(desk.no_space);
    assert_false(desk.failed);
    assert_int_equal(size_of(state), size);
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    assert_int_equal(tn_log_read(state->ledger->log, 0, &entry, &error), TN_OK);
    tn_buffer_close(&entry);
    close_ledger(state);
    options.reserve_bytes = 1;
    open_ledger(state, &options);
    fill_register(&asking, 1, 1, 1, START_US);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
}

/* Whoever has no identity could fill the log for ever. */
static void a_refused_registration_of_nobody_identified_is_no_event(void **context)
{
    struct desk_state *state = *context;
    struct asking asking;
    struct tn_desk_state desk;
    uint64_t size;

    fill_register(&asking, 1, 1, 1, START_US);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    size = size_of(state);
    for (uint32_t n = 2; n < 5; n++) { /* the same person again, each time as somebody new */
        fill_register(&asking, n, 1, n, START_US + n);
        assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
        assert_int_equal(asking.request.refusal, TN_REFUSAL_person_in_live_registration);
        assert_true(asking.request.unrecorded);
        assert_int_equal(asking.request.entries.size, 0);
    }
    assert_int_equal(size_of(state), size);
    tn_desk_state(state->ledger->desk, &desk);
    assert_int_equal(desk.refusals_anonymous, 3);
    assert_int_equal(desk.refusals_repeated, 0);

    fill_register(&asking, 5, 1, 5, START_US + 5); /* a helper is somebody */
    asking.request.command.actor.role = TN_ROLE_HELPER;
    make_id(asking.request.command.actor.id, TN_ID_SIZE, 8, 1);
    assert_int_equal(ask_and_drop(state, &asking), TN_REFUSED);
    assert_false(asking.request.unrecorded);
    assert_int_equal(size_of(state), size + 1);
    assert_int_equal(asking.request.first_index, size);

    fill_register(&asking, 2, 2, 2, START_US + 6); /* nothing stands under the key */
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    assert_false(asking.request.replayed);
}

/* It needs no write. The same key with another body, and a refusal, get theirs too. */
static void a_retry_of_an_answered_command_is_answered_on_a_full_disk(void **context)
{
    struct desk_state *state = *context;
    struct tn_ledger_options options = manual_options;
    struct asking first;
    struct asking retry;
    uint64_t refused;

    fill_register(&first, 1, 1, 1, START_US);
    assert_int_equal(ask(state, &first), TN_OK);
    fill_request(&retry, 2, 2, START_US);
    assert_int_equal(ask_and_drop(state, &retry), TN_REFUSED);
    refused = retry.request.first_index;
    close_ledger(state);
    options.reserve_bytes = UINT64_MAX / 4;
    open_ledger(state, &options);

    fill_register(&retry, 1, 1, 1, START_US + 1000000);
    assert_int_equal(ask(state, &retry), TN_OK);
    assert_true(retry.request.replayed);
    assert_int_equal(retry.request.first_index, first.request.first_index);
    assert_int_equal(retry.request.entries.size, first.request.entries.size);
    assert_memory_equal(retry.request.entries.data, first.request.entries.data,
                        first.request.entries.size);
    tn_buffer_close(&retry.request.entries);
    tn_buffer_close(&first.request.entries);
    fill_request(&retry, 2, 2, START_US + 1000000);
    assert_int_equal(ask_and_drop(state, &retry), TN_REFUSED);
    assert_int_equal(retry.request.refusal, TN_REFUSAL_registration_unknown);
    assert_int_equal(retry.request.first_index, refused);
    fill_register(&retry, 3, 3, 3, START_US + 1000000);
    assert_int_equal(ask_and_drop(state, &retry), TN_NO_SPACE);
}

/* By the operator, approved by those whom genesis enrolled. */
static void fill_approved(struct desk_state *state, enum tn_command_kind kind, uint32_t key,
                          uint8_t ids[2][TN_ID_SIZE], struct asking *asking)
{
    struct tn_error error = {0};

    memset(asking, 0, sizeof(*asking));
    assert_int_equal(tn_ledger_approvers(state->ledger, ids, &error), TN_OK);
    asking->request.command.kind = kind;
    asking->request.command.actor.role = TN_ROLE_OPERATOR;
    asking->request.command.time_us = START_US;
    asking->request.has_key = true;
    make_id(asking->request.command.id, TN_ID_SIZE, 2, key);
}

#define MOVES_TOO_MANY 3000u

/* So many moves of one seat each between two slots of `date`. */
static enum tn_status move_one_by_one(struct desk_state *state, uint64_t date, size_t count,
                                      uint32_t key, struct asking *asking)
{
    static struct tn_seat_move moves[MOVES_TOO_MANY];
    struct tn_facts_reallocate_seats *facts = &asking->request.command.facts.reallocate_seats_facts;
    uint8_t ids[2][TN_ID_SIZE];

    for (size_t i = 0; i < count; i++) {
        moves[i] = (struct tn_seat_move){2504, date, 480, 2504, date, 540, 1};
    }
    fill_approved(state, TN_COMMAND_reallocate_seats, key, ids, asking);
    facts->moves = (struct tn_seat_move_list){moves, count};
    facts->approvers = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) ids, 2};
    facts->reason = tn_bytes_from_string("balance");
    return ask_and_drop(state, asking);
}

static void what_fits_no_entry_changes_nothing_and_the_desk_goes_on(void **context)
{
    static const struct tn_slot_capacity slots[] = {{480, 5000}, {540, 5}};
    uint64_t date = START_US / TN_DAY_US + 30;
    struct tn_port_capacity port = {2504, (date + 1) * TN_DAY_US + 7 * TN_HOUR_US, {slots, 2}};
    struct desk_state *state = *context;
    struct tn_facts_publish_capacity *facts;
    struct tn_desk_state desk;
    struct asking asking;
    uint8_t ids[2][TN_ID_SIZE];
    uint64_t size;

    fill_approved(state, TN_COMMAND_publish_capacity, 1, ids, &asking);
    facts = &asking.request.command.facts.publish_capacity_facts;
    facts->date = date;
    facts->ports = (struct tn_port_capacity_list){&port, 1};
    facts->approvers = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) ids, 2};
    facts->reason = tn_bytes_from_string("holiday");
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    size = size_of(state);
    /* Moves that the rule allows; and such as it refuses, whose record would hold them too. */
    assert_int_equal(move_one_by_one(state, date, MOVES_TOO_MANY, 2, &asking), TN_FULL);
    assert_int_equal(move_one_by_one(state, date + 1, MOVES_TOO_MANY, 3, &asking), TN_FULL);
    assert_int_equal(size_of(state), size);
    tn_desk_state(state->ledger->desk, &desk);
    assert_false(desk.failed);
    /* Their keys are free, and what was not recorded is no earlier refusal. */
    assert_int_equal(move_one_by_one(state, date + 1, 1, 3, &asking), TN_REFUSED);
    assert_int_equal(asking.request.refusal, TN_REFUSAL_seats_not_free);
    assert_int_equal(asking.request.first_index, size);
    assert_int_equal(move_one_by_one(state, date, 2000, 2, &asking), TN_OK);
    assert_false(asking.request.replayed);
    assert_int_equal(asking.request.first_index, size + 1);
    close_ledger(state); /* and all of it is on the disk as it was answered */
    open_ledger(state, &manual_options);
    assert_int_equal(size_of(state), size + 2);
}

/* The desk's own thread, at rest until the test lets it go. */
struct resting {
    struct tn_desk *desk;
    struct hold hold;
    enum tn_status status;
};

static enum tn_status hold_up(void *context)
{
    hold_here(context);
    return TN_OK;
}

static void *rest_main(void *context)
{
    struct resting *resting = context;

    resting->status = tn_desk_at_rest(resting->desk, hold_up, &resting->hold);
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
    struct resting resting = {.desk = state->ledger->desk};
    pthread_t thread;
    size_t sent = 0;

    hold_init(&resting.hold);
    assert_int_equal(pthread_create(&thread, NULL, rest_main, &resting), 0);
    hold_wait(&resting.hold);
    while (status == TN_OK && sent <= TN_DESK_QUEUE_MAX) {
        struct tn_desk_request *request = &requests[sent];

        request->command.kind = TN_COMMAND_withdraw_registration;
        request->command.actor.role = TN_ROLE_APPLICANT;
        request->command.time_us = START_US;
        request->done = ignore_done;
        status = tn_desk_submit(state->ledger->desk, request);
        sent += status == TN_OK ? 1 : 0;
    }
    hold_release(&resting.hold);
    pthread_join(thread, NULL);
    assert_int_equal(resting.status, TN_OK);
    hold_drop(&resting.hold);
    /* It was said while nothing moved: nobody waited for a place. */
    assert_int_equal(status, TN_BUSY);
    assert_int_equal(sent, TN_DESK_QUEUE_MAX);
    close_ledger(state); /* answers everything that was taken */
    for (size_t i = 0; i < sent; i++) {
        assert_int_equal(requests[i].status, TN_REFUSED);
        tn_buffer_close(&requests[i].entries);
    }
    free(requests);
}

static void a_checkpoint_follows_its_entries(void **context)
{
    struct desk_state *state = *context;
    struct tn_ledger_options options = manual_options;
    struct asking asking;
    struct tn_buffer note;
    struct tn_error error = {0};
    uint64_t published = 0;

    close_ledger(state);
    options.no_publish = false;
    open_ledger(state, &options);
    fill_register(&asking, 1, 1, 1, START_US);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    tn_buffer_init(&note, 1 << 16);
    for (unsigned i = 0; i < 100 && published < size_of(state); i++) {
        usleep(20000);
        assert_int_equal(tn_log_published(state->ledger->log, &note, &published, &error), TN_OK);
    }
    assert_int_equal(published, size_of(state));
    tn_buffer_close(&note);
}

/* A decision that is larger than a frame: nothing happened, and nobody got an id. */
static void a_command_that_comes_to_nothing_leaves_no_tag(void **context)
{
    struct desk_state *state = *context;
    struct tn_desk_tag tag = {.kind = TN_INDEX_PERSON};
    struct asking asking;
    struct tn_error error = {0};
    uint8_t id[TN_ID_SIZE];
    bool found = true;

    make_id(tag.tag, TN_TAG_SIZE, 7, 1);
    make_id(tag.candidate, TN_ID_SIZE, 6, 1);
    fill_register(&asking, 1, 1, 1, START_US);
    tag.id = asking.member.person;
    asking.request.tags = &tag;
    asking.request.tag_count = 1;
    tn_fault_arm_named("desk_verdict", 0);
    assert_int_equal(ask_and_drop(state, &asking), TN_FULL);
    assert_true(tn_fault_disarm());
    fill_register(&asking, 2, 2, 2, START_US);
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    assert_int_equal(
        tn_vault_index_find(&state->ledger->vault, TN_INDEX_PERSON, tag.tag, id, &found, &error),
        TN_OK);
    assert_false(found);
    /* With its events it is kept. */
    fill_register(&asking, 1, 1, 1, START_US);
    asking.request.tags = &tag;
    asking.request.tag_count = 1;
    assert_int_equal(ask_and_drop(state, &asking), TN_OK);
    assert_int_equal(
        tn_vault_index_find(&state->ledger->vault, TN_INDEX_PERSON, tag.tag, id, &found, &error),
        TN_OK);
    assert_true(found);
}

/* The time of the log's own cosignature on what is published, and of how many entries; 0: none. */
static uint64_t said_time_s(struct desk_state *state, uint64_t *size)
{
    struct tn_buffer note;
    struct tn_note read = {0};
    struct tn_error error = {0};

    *size = 0;
    tn_buffer_init(&note, 1 << 16);
    assert_int_equal(tn_log_published(state->ledger->log, &note, size, &error), TN_OK);
    if (*size > 0) {
        assert_int_equal(tn_note_verify(tn_buffer_view(&note), &state->ledger->cosigner.verifier, 1,
                                        &read, &error),
                         TN_OK);
    }
    tn_buffer_close(&note);
    return read.time_s[0];
}

/* Until a log that does not grow has said its time anew so often; returns how long that took. */
static uint64_t renewals_take_us(struct desk_state *state, unsigned wanted)
{
    uint64_t size;
    uint64_t published = 0;
    uint64_t last_s = 0;
    uint64_t first_us = 0;
    uint64_t patience_us = tn_clock_monotonic_us() + TN_MINUTE_US;
    unsigned count = 0;

    while (count < wanted) {
        uint64_t time_s = said_time_s(state, &size);

        if (size > published || size < size_of(state)) {
            /* What fell due is appended and published first; then nothing happens for hours. */
            published = size;
            count = 0;
        } else if (time_s > last_s) {
            first_us = count == 0 ? tn_clock_monotonic_us() : first_us;
            count++;
        }
        last_s = time_s;
        assert_true(tn_clock_monotonic_us() < patience_us);
        usleep(20000);
    }
    return tn_clock_monotonic_us() - first_us;
}

static void an_idle_log_says_the_time_again_and_again(void **context)
{
    struct desk_state *state = *context;
    struct tn_ledger_options options = {
        .mode = TN_LEDGER_DESK, .allow_unlocked = true, .renew_us = 1100000};

    close_ledger(state);
    open_ledger(state, &options);
    /* From the first of three to the last, seen up to a look too late or too early. */
    assert_true(renewals_take_us(state, 3) >= 2 * 1100000 - 200000);
}

int main(void)
{
#define IN_A_LEDGER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        IN_A_LEDGER(R02_retries_with_one_key_are_one_command),
        IN_A_LEDGER(the_same_key_with_another_body_is_a_conflict),
        IN_A_LEDGER(a_refusal_is_recorded_once_a_day),
        IN_A_LEDGER(a_retry_of_a_refused_command_is_refused_again),
        IN_A_LEDGER(a_key_alone_finds_its_events_and_decides_nothing),
        IN_A_LEDGER(the_key_of_a_refused_command_answers_for_no_other),
        IN_A_LEDGER(a_command_before_its_time_is_refused_by_a_manual_clock),
        IN_A_LEDGER(a_touched_reserve_refuses_writes_and_nothing_else),
        IN_A_LEDGER(a_refused_registration_of_nobody_identified_is_no_event),
        IN_A_LEDGER(a_retry_of_an_answered_command_is_answered_on_a_full_disk),
        IN_A_LEDGER(what_fits_no_entry_changes_nothing_and_the_desk_goes_on),
        IN_A_LEDGER(a_full_queue_is_busy_and_never_a_stall),
        IN_A_LEDGER(a_checkpoint_follows_its_entries),
        IN_A_LEDGER(a_command_that_comes_to_nothing_leaves_no_tag),
        IN_A_LEDGER(an_idle_log_says_the_time_again_and_again),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("desk", tests, NULL, NULL);
}
