/* Confirmation numbers and the tags made of them. */
#include "ledger/vault/confirmation.h"

#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/vault/canonical.h"

/* Crockford base32: no I, L, O, U. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
#define DATA_SYMBOLS (TN_CONFIRMATION_SYMBOLS - 1)
_Static_assert(DATA_SYMBOLS * 5 == TN_CONFIRMATION_BITS, "eleven symbols of five bits");

static unsigned mul2(unsigned value);
static unsigned check_step(unsigned check, unsigned symbol);
static int symbol_of(uint8_t character);

uint64_t tn_confirmation_make(struct tn_random *random)
{
    return tn_random_below(random, UINT64_C(1) << TN_CONFIRMATION_BITS);
}

void tn_confirmation_format(uint64_t number, char out[static TN_CONFIRMATION_TEXT_SIZE])
{
    unsigned check = 1;
    size_t at = 0;

    TN_CHECK(number < UINT64_C(1) << TN_CONFIRMATION_BITS);
    for (unsigned i = 0; i < TN_CONFIRMATION_SYMBOLS; i++) {
        unsigned symbol = check;
        if (i < DATA_SYMBOLS) {
            symbol = (unsigned) (number >> (5 * (DATA_SYMBOLS - 1 - i))) & 31;
            check = check_step(check, symbol);
        }
        if (i == 4 || i == 8) {
            out[at++] = '-';
        }
        out[at++] = alphabet[symbol];
    }
    out[at] = '\0';
}

enum tn_status tn_confirmation_parse(struct tn_bytes text, uint64_t *number)
{
    uint64_t value = 0;
    unsigned check = 1;
    unsigned last = 0;
    unsigned count = 0;

    *number = 0;
    if (text.size > TN_CONFIRMATION_INPUT_MAX) {
        return TN_INVALID;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == ' ' || text.data[i] == '-') {
            continue;
        }
        int symbol = symbol_of(text.data[i]);
        if (symbol < 0 || count == TN_CONFIRMATION_SYMBOLS) {
            return TN_INVALID;
        }
        last = (unsigned) symbol;
        count++;
        if (count < TN_CONFIRMATION_SYMBOLS) {
            value = value << 5 | last;
            check = check_step(check, last);
        }
    }
    if (count != TN_CONFIRMATION_SYMBOLS) {
        return TN_INVALID;
    }
    if (last != check) {
        return TN_MISMATCH;
    }
    *number = value;
    return TN_OK;
}

void tn_validation_tag(uint8_t tag[static TN_VALIDATION_TAG_SIZE], struct tn_bytes key,
                       uint64_t number, uint32_t birth_yyyymmdd)
{
    uint8_t message[8 + TN_DATE_CANONICAL_SIZE];
    tn_put_le64(message, number);
    tn_canonical_date(birth_yyyymmdd, message + 8);
    tn_hash_one(tag, TN_VALIDATION_TAG_SIZE, "turno1.verify", key,
                tn_bytes(message, sizeof(message)));
}

void tn_rate_tag(uint8_t tag[static TN_RATE_TAG_SIZE], struct tn_bytes key, uint32_t day,
                 uint64_t number)
{
    uint8_t message[12];
    tn_put_le32(message, day);
    tn_put_le64(message + 4, number);
    tn_hash_one(tag, TN_RATE_TAG_SIZE, "turno1.rate", key, tn_bytes(message, sizeof(message)));
}

/* Doubling in the field of 32 elements with x^5 + x^2 + 1. */
static unsigned mul2(unsigned value)
{
    return ((value << 1) ^ ((value & 16) != 0 ? 0x25u : 0u)) & 31;
}

static unsigned check_step(unsigned check, unsigned symbol)
{
    return mul2(check ^ symbol);
}

/* The value of a typed character, or -1. */
static int symbol_of(uint8_t character)
{
    int upper = character >= 'a' && character <= 'z' ? character - 'a' + 'A' : character;
    if (upper == 'I' || upper == 'L') {
        return 1;
    }
    if (upper == 'O') {
        return 0;
    }
    const char *at = upper == 0 ? NULL : strchr(alphabet, upper);
    return at == NULL ? -1 : (int) (at - alphabet);
}
