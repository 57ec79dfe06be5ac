/* What is said of rounds of witnesses that fail on our side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/fault.h"
#include "tests/api/service_support.h"
#include "tests/heard.h"

/* The log grows by a registration, and the round for it is over. */
static void grow(struct served *served, struct tn_witnesses *witnesses, bool kept)
{
    static unsigned people;
    struct person_account account;
    char name[32];
    struct tn_witnesses_state before;
    struct tn_witnesses_state state;
    bool grown = false;

    tn_witnesses_state(witnesses, &before);
    (void) snprintf(name, sizeof(name), "Persona %c", 'A' + (int) people++);
    register_person(served, name, "1980-01-15", &account);
    for (unsigned i = 0; i < 500 && !grown; i++) {
        client_sleep_ms(10);
        tn_witnesses_state(witnesses, &state);
        grown = state.size > before.size && (!kept || state.cosigned_size == state.size);
    }
    assert_true(grown);
}

static void a_failure_is_said_when_it_begins_and_when_it_ends(void **state)
{
    struct served served;
    struct tn_witnesses *witnesses;
    struct tn_error error = {0};
    char path[96];
    FILE *file;

    (void) state;
    served_open(&served, MORNING_US, true);
    (void) snprintf(path, sizeof(path), "%s/policy", served.place.directory);
    file = fopen(path, "we");
    assert_non_null(file);
    (void) fputs("quorum none\n", file);
    (void) fclose(file);
    MUST(tn_witnesses_open(served.place.ledger,
                           &(struct tn_witnesses_options){.policy_path = path, .interval_ms = 20},
                           &witnesses, &error),
         &error);
    grow(&served, witnesses, true);
    heard_begin();
    for (unsigned i = 0; i < 2; i++) {
        tn_fault_arm_named("witnesses_keep", 0);
        grow(&served, witnesses, false);
        assert_true(tn_fault_disarm());
        grow(&served, witnesses, true);
    }
    (void) heard_end();
    /* "could not be written" and "are written again". */
    assert_int_equal(heard_count("cosigned checkpoint"), 4);
    tn_witnesses_close(witnesses);
    served_close(&served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_failure_is_said_when_it_begins_and_when_it_ends, heard_restore),
    };
    return cmocka_run_group_tests_name("api/witnesses", tests, NULL, NULL);
}
