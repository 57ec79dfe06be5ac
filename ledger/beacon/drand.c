/* A round of drand quicknet: {"round": n, "randomness": "..", "signature": ".."}. */
#include <string.h>

#include "ledger/base/hash.h"
#include "ledger/beacon/beacon.h"
#include "ledger/beacon/scan.h"

const uint8_t tn_beacon_quicknet[TN_HASH_SIZE] = {
    0x52, 0xdb, 0x9b, 0xa7, 0x0e, 0x0c, 0xc0, 0xf6, 0xea, 0xf7, 0x80, 0x3d, 0xd0, 0x74, 0x47, 0xa1,
    0xf5, 0x47, 0x77, 0x35, 0xfd, 0x3f, 0x66, 0x17, 0x92, 0xba, 0x94, 0x60, 0x0c, 0x84, 0xe9, 0x71,
};

struct answer {
    uint64_t round;
    uint8_t randomness[TN_HASH_SIZE];
    uint8_t signature[TN_BEACON_DRAND_RAW];
};

static void take(void *context, struct tn_scan *scan, size_t place)
{
    struct answer *answer = context;

    if (place == 0) {
        answer->round = tn_scan_uint(scan);
    } else if (place == 1) {
        tn_scan_hex(scan, answer->randomness, sizeof(answer->randomness));
    } else {
        tn_scan_hex(scan, answer->signature, sizeof(answer->signature));
    }
}

enum tn_status tn_beacon_read_drand(struct tn_bytes record, struct tn_beacon_round *round,
                                    struct tn_error *error)
{
    static const char *const names[] = {"round", "randomness", "signature", NULL};
    struct tn_scan scan = {.left = record};
    struct answer answer = {0};
    uint8_t hash[TN_HASH_SIZE];

    memset(round, 0, sizeof(*round));
    if (record.size > TN_BEACON_RECORD_MAX) {
        return tn_fail(error, TN_INVALID, "a drand round of %zu bytes", record.size);
    }
    tn_scan_object(&scan, names, take, &answer);
    if (!tn_scan_done(&scan)) {
        return tn_fail(error, TN_INVALID,
                       "not {\"round\": number, \"randomness\": 32 bytes, \"signature\": 48 bytes} "
                       "as a drand node answers for a round of quicknet, %zu bytes before the end",
                       scan.left.size);
    }
    tn_sha256(hash, tn_bytes(answer.signature, sizeof(answer.signature)));
    if (memcmp(hash, answer.randomness, TN_HASH_SIZE) != 0) {
        return tn_fail(error, TN_MISMATCH, "randomness is not the SHA-256 of signature");
    }
    round->round = answer.round;
    round->raw_size = sizeof(answer.signature);
    memcpy(round->raw, answer.signature, sizeof(answer.signature));
    return TN_OK;
}
