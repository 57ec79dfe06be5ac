/* Confirmation numbers, validation tags and rate tags. Pure. Source: spec/privacy.md 3, 4. */
#ifndef TN_LEDGER_VAULT_CONFIRMATION_H
#define TN_LEDGER_VAULT_CONFIRMATION_H

#include "ledger/base/random.h"

#define TN_CONFIRMATION_BITS 55
#define TN_CONFIRMATION_SYMBOLS 12    /* eleven and the check symbol */
#define TN_CONFIRMATION_TEXT_SIZE 15  /* "XXXX-XXXX-XXXX" and its final zero */
#define TN_CONFIRMATION_INPUT_MAX 64u /* what a person may type, spaces and all */
#define TN_VALIDATION_TAG_SIZE 16
#define TN_RATE_TAG_SIZE 8

/* 55 random bits. */
uint64_t tn_confirmation_make(struct tn_random *random);
/* "XXXX-XXXX-XXXX"; the first symbol holds the highest five bits of `number`, the last checks. */
void tn_confirmation_format(uint64_t number, char out[static TN_CONFIRMATION_TEXT_SIZE]);
/* Reads what a person typed: case, spaces and hyphens do not matter, I and L are 1, O is 0.
 * TN_INVALID   not twelve symbols of the alphabet (U is none)
 * TN_MISMATCH  the check symbol is wrong: say so, and look nothing up */
TN_MUST_USE enum tn_status tn_confirmation_parse(struct tn_bytes text, uint64_t *number);

/* tag16 = H("turno1.verify", K2, LE64 number55 || "YYYYMMDD", 16); `key` is TN_KEY_VALIDATION. */
void tn_validation_tag(uint8_t tag[static TN_VALIDATION_TAG_SIZE], struct tn_bytes key,
                       uint64_t number, uint32_t birth_yyyymmdd);
/* rate8 = H("turno1.rate", K4, LE32 day || LE64 number55, 8); `key` is TN_KEY_RATE. */
void tn_rate_tag(uint8_t tag[static TN_RATE_TAG_SIZE], struct tn_bytes key, uint32_t day,
                 uint64_t number);

#endif
