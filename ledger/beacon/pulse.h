/* A pulse of the NIST randomness beacon, version 2 (draft NISTIR 8213), and what its signature is
 * over. */
#ifndef TN_LEDGER_BEACON_PULSE_H
#define TN_LEDGER_BEACON_PULSE_H

#include "ledger/beacon/beacon.h"

#define TN_PULSE_HASH_SIZE 64
#define TN_PULSE_TEXT_MAX 256u      /* uri, version, timeStamp */
#define TN_PULSE_LIST_MAX 16u       /* previous, hour, day, month, year; room for others */
#define TN_PULSE_SIGNATURE_MAX 1024 /* RSA of 8192 bits */
/* Fields with their lengths: at most three texts, 6 + LIST_MAX hashes and some integers. */
#define TN_PULSE_MESSAGE_MAX 4096

struct tn_pulse {
    struct tn_bytes uri; /* views into the record */
    struct tn_bytes version;
    struct tn_bytes time_text;
    uint32_t cipher_suite;
    uint32_t period_ms;
    uint32_t status;
    uint32_t external_status;
    uint64_t chain_index;
    uint64_t pulse_index;
    uint8_t certificate_id[TN_PULSE_HASH_SIZE];
    uint8_t local_random[TN_PULSE_HASH_SIZE];
    uint8_t external_source[TN_PULSE_HASH_SIZE];
    uint8_t external_value[TN_PULSE_HASH_SIZE];
    uint8_t list[TN_PULSE_LIST_MAX][TN_PULSE_HASH_SIZE];
    uint32_t list_count;
    uint8_t precommitment[TN_PULSE_HASH_SIZE];
    uint8_t signature[TN_PULSE_SIGNATURE_MAX];
    size_t signature_size;
    uint8_t output[TN_PULSE_HASH_SIZE];
    uint64_t time_us;
};

/* Read the pulse at the head of `record`; `rest` is what follows it.
 *
 * TN_INVALID  not {"pulse": {...}} with exactly the members of the format */
TN_MUST_USE enum tn_status tn_pulse_read(struct tn_bytes record, struct tn_pulse *pulse,
                                         struct tn_bytes *rest, struct tn_error *error);
/* The bytes that are signed; returns how many. */
size_t tn_pulse_message(const struct tn_pulse *pulse, uint8_t out[static TN_PULSE_MESSAGE_MAX]);

#endif
