/* No memory for a person's date of birth, or for a longer batch of the desk: a status, and nothing
 * is written where there is no memory.
 *
 * The size of one allocation is made to fail, so the program brings a malloc and a realloc of its
 * own; a sanitizer has its own already, and these tests are skipped there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <malloc.h>

#include <cmocka.h>

#include "api/desk/batch.h"
#include "api/intake/openings.h"
#include "ledger/log/tile.h"
#include "ledger/vault/canonical.h"
#include "tests/api/ledger_support.h"
#include "tests/sanitized.h"

/* Buffers ask for one byte more than they hold. */
#define DATE_ALONE (TN_DATE_CANONICAL_SIZE + 1)
#define DATE_GROWS (512 + 1)

static _Thread_local size_t failing; /* allocations of this size give NULL */
static _Thread_local unsigned failed;
static _Thread_local size_t failing_growth; /* the same of realloc */
static _Thread_local unsigned failed_growth;

#if !SANITIZED
extern void *__libc_malloc(size_t size);

void *malloc(size_t size)
{
    if (failing != 0 && size == failing) {
        failed++;
        return NULL;
    }
    return __libc_malloc(size);
}

extern void *__libc_realloc(void *memory, size_t size);

void *realloc(void *memory, size_t size)
{
    if (failing_growth != 0 && size == failing_growth) {
        failed_growth++;
        return NULL;
    }
    return __libc_realloc(memory, size);
}
#endif

static struct place place;

static int setup(void **state)
{
    (void) state;
    place_create(&place, MORNING_US);
    place_open(&place, true);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    place_remove(&place);
    return 0;
}

/* Names so long that `size` bytes stand before the date. */
static enum tn_status register_one(size_t size, struct tn_intake_command *command,
                                   struct tn_error *error)
{
    char name[2][256];
    struct tn_person_form member = person_form(name[0], 1);
    struct tn_registration_form form = {
        .members = &member,
        .member_count = 1,
        .destination = tn_bytes_from_string("1 Calle Inventada"),
    };
    const struct tn_intake_caller caller = {.actor = {.role = TN_ROLE_APPLICANT}};
    struct tn_random random;
    struct tn_intake intake;
    enum tn_status status;

    memset(name, 'a', sizeof(name));
    member.given_names = tn_bytes(name[0], size / 2);
    member.family_names = tn_bytes(name[1], size - size / 2);
    tn_random_init_system(&random);
    intake_fill(&place, &intake, MORNING_US, &random);
    tn_intake_command_init(command);
    status = tn_intake_register(&intake, &caller, &form, command, error);
    command->request.command.time_us = MORNING_US;
    return status;
}

static void a_date_that_finds_no_room_is_a_status(void **state)
{
    struct tn_intake_command command;
    struct tn_error error = {0};
    enum tn_status status;

    (void) state;
    if (SANITIZED) {
        skip();
    }
    failing = DATE_GROWS;
    status = register_one(250, &command, &error);
    failing = 0;
    assert_int_equal(status, TN_MEMORY);
    assert_int_equal(failed, 1);
    tn_intake_command_close(&command);
}

static void a_date_opens_without_memory_of_its_own(void **state)
{
    struct tn_intake_command command;
    struct tn_error error = {0};
    struct tn_opening_list openings;
    struct tn_event event;
    struct tn_arena arena;
    struct tn_bundle bundle;
    struct tn_bytes entry;

    (void) state;
    if (SANITIZED) {
        skip();
    }
    MUST(register_one(20, &command, &error), &error);
    MUST(tn_desk_call(place.ledger->desk, &command.request), &error);
    bundle = (struct tn_bundle){tn_buffer_view(&command.request.entries)};
    MUST(tn_bundle_next(&bundle, &entry), &error);
    tn_arena_init(&arena, (size_t) 1 << 20);
    MUST(tn_event_decode(entry, command.request.first_index, &arena, &event, &error), &error);
    failing = DATE_ALONE;
    MUST(tn_openings_make(&place.ledger->vault, &event, &arena, &openings, &error), &error);
    failing = 0;
    /* Names, date of birth, nationality, document; the group's destination. */
    assert_int_equal(openings.count, 6);
    tn_arena_close(&arena);
    tn_intake_command_close(&command);
}

/* The desk answers TN_MEMORY and goes on with the batch as it was. */
static void a_batch_that_cannot_grow_stays_as_it_is(void **state)
{
    static struct tn_desk_batch batch;
    struct tn_event event = {.version = 1, .kind = TN_KIND_window_extended};
    size_t capacity;

    (void) state;
    if (SANITIZED) {
        skip();
    }
    assert_int_equal(tn_desk_batch_init(&batch), TN_OK);
    do {
        event.time_us++;
        assert_int_equal(tn_desk_batch_add(&batch, &event, true), TN_OK);
    } while (batch.entry_count < batch.entry_capacity);
    capacity = batch.entry_capacity;
    for (unsigned i = 0; i < 2; i++) {
        failing_growth = 2 * capacity * (i == 0 ? sizeof(*batch.offsets) : sizeof(*batch.entries));
        assert_int_equal(tn_desk_batch_add(&batch, &event, true), TN_MEMORY);
        failing_growth = 0;
        assert_int_equal(failed_growth, i + 1);
        assert_int_equal(batch.entry_count, capacity);
        assert_int_equal(batch.entry_capacity, capacity);
    }
    for (size_t i = 0; i <= capacity; i++) {
        event.time_us++;
        assert_int_equal(tn_desk_batch_add(&batch, &event, true), TN_OK);
        assert_true(malloc_usable_size(batch.offsets) >=
                    batch.entry_count * sizeof(*batch.offsets));
    }
    tn_desk_batch_seal(&batch);
    for (size_t i = 0; i < batch.entry_count; i++) {
        assert_int_equal(batch.entries[i].time_us, i + 1);
        assert_ptr_equal(batch.entries[i].bytes.data, batch.bytes.data + batch.offsets[i]);
    }
    tn_desk_batch_close(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_that_finds_no_room_is_a_status),
        cmocka_unit_test(a_date_opens_without_memory_of_its_own),
        cmocka_unit_test(a_batch_that_cannot_grow_stays_as_it_is),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
