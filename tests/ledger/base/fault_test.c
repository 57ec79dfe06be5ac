#include "tests/ledger/base/unit.h"

#include "ledger/base/fault.h"

/* Three points; the number of the one that failed, or 3. */
static unsigned scenario(void)
{
    for (unsigned i = 0; i < 3; i++) {
        if (tn_fault("scenario")) {
            return i;
        }
    }
    return 3;
}

static void unarmed_points_pass(void **state)
{
    (void) state;
    assert_int_equal(scenario(), 3);
    assert_false(tn_fault_disarm());
}

static void a_sweep_reaches_every_point_once_and_ends(void **state)
{
    (void) state;
    unsigned nth = 0;
    for (bool reached = true; reached; nth++) {
        tn_fault_arm(nth);
        assert_int_equal(scenario(), nth < 3 ? nth : 3);
        reached = tn_fault_disarm();
        assert_int_equal(reached, nth < 3);
    }
    assert_int_equal(nth, 4);
}

static void the_point_fails_once(void **state)
{
    (void) state;
    tn_fault_arm(1);
    assert_int_equal(scenario(), 1);
    assert_int_equal(scenario(), 3);
    assert_true(tn_fault_disarm());
    assert_false(tn_fault_disarm());
    assert_int_equal(scenario(), 3);
}

static void a_named_point_is_counted_without_the_others(void **state)
{
    (void) state;
    tn_fault_arm_named("other", 1);
    assert_int_equal(scenario(), 3);
    assert_false(tn_fault("other"));
    assert_int_equal(scenario(), 3);
    assert_null(tn_fault_failed());
    assert_true(tn_fault("other"));
    assert_true(tn_fault_disarm());
    assert_string_equal(tn_fault_failed(), "other");
    tn_fault_arm(0); /* of any name again */
    assert_int_equal(scenario(), 0);
    assert_true(tn_fault_disarm());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unarmed_points_pass),
        cmocka_unit_test(a_sweep_reaches_every_point_once_and_ends),
        cmocka_unit_test(the_point_fails_once),
        cmocka_unit_test(a_named_point_is_counted_without_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
