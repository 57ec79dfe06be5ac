/* What a public beacon gave for a day's draw, as it is recorded (spec/draw.md 4).
 *
 * A record is kept whole, so that anyone can check it again with other tools:
 *
 *   drand   the JSON object that a drand node answers for a round of quicknet. Checked here: its
 *           form, and randomness = SHA-256(signature). NOT checked: the pairing, that is, that the
 *           signature is the network's. Any drand client does that from round and signature.
 *   nist    the JSON object that the NIST beacon, version 2, answers for a pulse, then its
 *           certificate as PEM. Checked: the form, the RSA signature over the pulse's fields by the
 *           certificate's key, outputValue = SHA-512(fields || signature), and the certificate's
 *           SHA-256 against the one that the policy pins. No chain of certificates and no dates of
 *           validity are looked at: the pin is the trust.
 *   manual  the numbers as typed, each closed by '.'.
 *
 * Pure: no clock, no network. Any thread. */
#ifndef TN_LEDGER_BEACON_BEACON_H
#define TN_LEDGER_BEACON_BEACON_H

#include "ledger/base/bytes.h"

/* A pulse has some 3 KiB and a certificate 2; an entry of the log holds 65,535 bytes. */
#define TN_BEACON_RECORD_MAX ((size_t) 24 << 10)
#define TN_BEACON_DRAND_RAW 48
#define TN_BEACON_NIST_RAW 64

/* Chain hash of drand quicknet. */
extern const uint8_t tn_beacon_quicknet[TN_HASH_SIZE];

struct tn_beacon_round {
    uint64_t round; /* drand's round, NIST's pulseIndex */
    uint8_t raw[TN_BEACON_NIST_RAW];
    size_t raw_size;
    uint64_t time_us;   /* NIST: the pulse's timeStamp */
    uint64_t period_us; /* NIST: until the next one */
};

/* TN_INVALID   not the strict form of such an object; the error says where
 * TN_MISMATCH  randomness is not the SHA-256 of signature */
TN_MUST_USE enum tn_status tn_beacon_read_drand(struct tn_bytes record,
                                                struct tn_beacon_round *round,
                                                struct tn_error *error);
/* `pin`: SHA-256 of the certificate's DER form.
 *
 * TN_INVALID   not the strict form of a pulse and a certificate
 * TN_MISMATCH  another certificate, a signature that does not verify, or another outputValue */
TN_MUST_USE enum tn_status tn_beacon_read_nist(struct tn_bytes record,
                                               const uint8_t pin[static TN_HASH_SIZE],
                                               struct tn_beacon_round *round,
                                               struct tn_error *error);

#endif
