#include "tests/projections/harness/harness.h"
#include "ledger/base/civil.h"

static void smoke(void **state)
{
    struct harness harness;
    struct tn_policy policy;
    uint64_t start = UINT64_C(1698000000000000);
    static const uint64_t ports[] = {PORT_A};
    uint64_t decided;
    char words[400];

    (void) state;
    harness_open(&harness);
    make_policy(&policy, 1, start);
    harness_found(&harness, &policy, start);
    for (uint64_t r = 1; r < 40; r++) {
        uint64_t persons[] = {r * 8, r * 8 + 1, r * 8 + 3};

        assert_int_equal(do_register(&harness, r, persons, 1 + r % 3, start + r), 0);
    }
    harness_advance(&harness, start + TN_DAY_US);
    for (uint64_t r = 1; r < 40; r++) {
        assert_int_equal(do_ask(&harness, r, ports, 1, start + TN_DAY_US + r), 0);
    }
    harness_advance(&harness, start + 3 * TN_DAY_US);
    if (!harness_replay(&harness, &decided, words, sizeof(words))) fail_msg("%s", words);
    print_message("%u events %u offers\n", (unsigned) harness.next_index, (unsigned) harness.shadow.offer_count);
    harness_close(&harness);
}
int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(smoke)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
