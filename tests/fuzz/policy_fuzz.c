/* Policy documents from strangers: what is accepted is valid and is written back byte for byte. */
#include <stdlib.h>

#include "ledger/rules/policy.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void use(const struct tn_policy *policy)
{
    uint32_t seats[TN_POLICY_PORTS_MAX];
    uint64_t sum = 0;

    tn_policy_port_seats(policy, seats);
    for (size_t i = 0; i < policy->port_count; i++) {
        uint32_t slots[TN_POLICY_SLOTS_MAX];
        uint64_t in_slots = 0;
        tn_policy_slot_seats(seats[i], policy->slot_count, slots);
        for (size_t j = 0; j < policy->slot_count; j++) {
            in_slots += slots[j];
        }
        require(in_slots == seats[i]);
        sum += seats[i];
    }
    require(sum == policy->seats_per_day);
    const struct tn_zone_point *corner = &policy->zone.areas[0].points[0];
    require(tn_zone_contains(&policy->zone.areas[0], corner->lat_udeg, corner->lon_udeg));
    (void) tn_policy_is_runnable(policy, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tn_policy policy;
    struct tn_buffer out;

    if (tn_policy_decode(tn_bytes(data, size), &policy, NULL) != TN_OK) {
        require(tn_is_zero(&policy, sizeof(policy)));
        return 0;
    }
    tn_buffer_init(&out, TN_POLICY_BYTES_MAX);
    require(tn_policy_encode(&policy, &out, NULL) == TN_OK);
    require(tn_bytes_equal(tn_buffer_view(&out), tn_bytes(data, size)));
    tn_buffer_close(&out);
    tn_buffer_init(&out, 8 * TN_POLICY_BYTES_MAX);
    require(tn_policy_write_json(&policy, NULL, 0, 0, &out) == TN_OK);
    tn_buffer_close(&out);
    use(&policy);
    return 0;
}
