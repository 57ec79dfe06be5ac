/* Policy files from outside: what is taken never counts more witnesses than there are, and a larger
 * set is never worse than a smaller one. */
#include <sodium.h>

#include "ledger/base/check.h"
#include "ledger/log/witness_policy.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tn_witness_policy policy;
    struct tn_error error = {0};

    if (sodium_init() < 0 ||
        tn_witness_policy_parse(tn_bytes(data, size), &policy, &error) != TN_OK) {
        return 0;
    }
    TN_CHECK(policy.witness_count <= TN_WITNESS_POLICY_ITEMS_MAX);
    TN_CHECK(policy.quorum == 0 || !tn_witness_policy_met(&policy, 0));
    TN_CHECK(tn_witness_policy_met(&policy, UINT64_MAX));
    for (uint64_t set = 0; set < 16; set++) {
        TN_CHECK(!tn_witness_policy_met(&policy, set) || tn_witness_policy_met(&policy, set | 5));
    }
    return 0;
}
