/* Commands that come twice, among many: by another way of finding them. */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/endian.h"
#include "projections/commands_seen.h"

/* Enough that every share goes to the file. */
#define MANY (3u * TN_COMMANDS_SHARES * TN_COMMANDS_CHUNK / 2u)
#define ROUNDS 4u

static const uint8_t key[16] = "a key of a test";

static void number_id(uint8_t id[static TN_ID_SIZE], uint64_t number)
{
    memset(id, 0, TN_ID_SIZE);
    tn_put_be64(id + 8, number); /* most alike where a hash could be lazy */
}

static void must_add(struct tn_commands_seen *seen, uint64_t index, uint64_t number)
{
    struct tn_event event = {.index = index, .has_command = true};

    number_id(event.command, number);
    assert_int_equal(tn_commands_seen_add(seen, &event, NULL), TN_OK);
}

static bool repeats(struct tn_commands_seen *seen, uint64_t *index, uint64_t *first)
{
    struct tn_command_seen again;
    bool found;

    assert_int_equal(tn_commands_seen_repeat(seen, &again, first, &found, NULL), TN_OK);
    *index = again.index;
    return found;
}

static void the_entries_of_one_command_are_no_repeat(void **state)
{
    struct tn_commands_seen seen;
    uint64_t index;
    uint64_t first;

    (void) state;
    tn_commands_seen_init(&seen, key, NULL);
    must_add(&seen, 0, 7);
    must_add(&seen, 1, 7);
    must_add(&seen, 2, 7);
    must_add(&seen, 3, 8);
    assert_false(repeats(&seen, &index, &first));
    must_add(&seen, 4, 7);
    assert_true(repeats(&seen, &index, &first));
    assert_int_equal(index, 4);
    assert_int_equal(first, 0);
    tn_commands_seen_close(&seen);
}

static void an_entry_without_a_command_ends_one(void **state)
{
    struct tn_commands_seen seen;
    struct tn_event due = {.index = 1};
    uint64_t index;
    uint64_t first;

    (void) state;
    tn_commands_seen_init(&seen, key, NULL);
    must_add(&seen, 0, 7);
    assert_int_equal(tn_commands_seen_add(&seen, &due, NULL), TN_OK);
    assert_false(repeats(&seen, &index, &first));
    must_add(&seen, 2, 7);
    assert_true(repeats(&seen, &index, &first));
    assert_int_equal(index, 2);
    tn_commands_seen_close(&seen);
}

/* Of many, some of which are drawn again: the first entry at which that happens, by a plain table.
 */
static void the_first_repeat_of_many_is_found(void **state)
{
    uint64_t *places = malloc(MANY * sizeof(*places));

    (void) state;
    assert_non_null(places);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct tn_commands_seen seen;
        uint64_t again = UINT64_MAX;
        uint64_t before = 0;
        uint64_t index;
        uint64_t first;
        /* 0: none; then fewer and fewer, so that the first comes late. */
        uint32_t one_in = round == 0 ? 0 : MANY / (1u << (2 * (ROUNDS - round)));

        tn_commands_seen_init(&seen, key, NULL);
        seen.at_once = round % 2 == 0 ? seen.at_once : 100;
        for (uint64_t i = 0; i < MANY; i++) {
            uint64_t number = i;

            if (one_in > 0 && i > 1 && randombytes_uniform(one_in) == 0) {
                number = randombytes_uniform((uint32_t) i - 1); /* not the one just before */
            }
            if (number < i && again == UINT64_MAX && places[number] != UINT64_MAX) {
                again = i;
                before = places[number];
            }
            places[i] = number == i ? i : UINT64_MAX; /* its own number was not used */
            must_add(&seen, i, number);
        }
        assert_true(seen.has_file);
        assert_int_equal(repeats(&seen, &index, &first), again != UINT64_MAX);
        if (again != UINT64_MAX) {
            assert_int_equal(index, again);
            assert_int_equal(first, before);
        }
        assert_int_equal(repeats(&seen, &index, &first), again != UINT64_MAX);
        tn_commands_seen_close(&seen);
    }
    free(places);
}

static void a_folder_that_cannot_be_written_is_said(void **state)
{
    struct tn_commands_seen seen;
    struct tn_error error = {0};
    enum tn_status status = TN_OK;

    (void) state;
    tn_commands_seen_init(&seen, key, "/proc/none");
    for (uint64_t i = 0; status == TN_OK && i < MANY; i++) {
        struct tn_event event = {.index = i, .has_command = true};

        number_id(event.command, i);
        status = tn_commands_seen_add(&seen, &event, &error);
    }
    assert_int_equal(status, TN_IO);
    assert_non_null(strstr(error.text, "temporary folder"));
    tn_commands_seen_close(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_entries_of_one_command_are_no_repeat),
        cmocka_unit_test(an_entry_without_a_command_ends_one),
        cmocka_unit_test(the_first_repeat_of_many_is_found),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_said),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
