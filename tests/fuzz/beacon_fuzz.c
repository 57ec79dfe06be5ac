/* Records of beacons from outside: a drand round, a NIST pulse with a certificate. What is read
 * keeps its promises; a pulse that no pinned key signed is never taken. */
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "ledger/beacon/pulse.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t pin[TN_HASH_SIZE] = {1};
    struct tn_bytes bytes = tn_bytes(data, size);
    struct tn_beacon_round round;
    struct tn_error error = {.status = TN_OK};
    struct tn_pulse pulse;
    struct tn_bytes rest;
    uint8_t message[TN_PULSE_MESSAGE_MAX];

    if (tn_beacon_read_drand(bytes, &round, &error) == TN_OK) {
        TN_CHECK(round.raw_size == TN_BEACON_DRAND_RAW);
    }
    if (tn_pulse_read(bytes, &pulse, &rest, &error) == TN_OK) {
        TN_CHECK(pulse.list_count <= TN_PULSE_LIST_MAX && rest.size <= size);
        TN_CHECK(tn_pulse_message(&pulse, message) <= TN_PULSE_MESSAGE_MAX);
    }
    TN_CHECK(tn_beacon_read_nist(bytes, pin, &round, &error) != TN_OK);
    return 0;
}
