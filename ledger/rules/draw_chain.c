/* Chains of secrets (spec/draw.md 3): each day reveals the preimage of what was revealed before. */
#include <string.h>

#include <sodium.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/rules/draw.h"

void tn_draw_chain_step(uint8_t secret[static TN_HASH_SIZE], uint32_t index,
                        const uint8_t next[static TN_HASH_SIZE])
{
    uint8_t message[4 + TN_HASH_SIZE];

    tn_put_le32(message, index);
    memcpy(message + 4, next, TN_HASH_SIZE);
    tn_hash_one(secret, TN_HASH_SIZE, "turno1.chain", (struct tn_bytes){0},
                tn_bytes(message, sizeof(message)));
    sodium_memzero(message, sizeof(message));
}

enum tn_status tn_draw_chain_secret(const uint8_t from[static TN_HASH_SIZE], uint32_t from_index,
                                    uint32_t index, uint8_t secret[static TN_HASH_SIZE])
{
    uint8_t at[TN_HASH_SIZE];

    if (index > from_index) {
        memset(secret, 0, TN_HASH_SIZE);
        return TN_INVALID;
    }
    memcpy(at, from, TN_HASH_SIZE);
    for (uint32_t i = from_index; i > index; i--) {
        tn_draw_chain_step(at, i - 1, at);
    }
    memcpy(secret, at, TN_HASH_SIZE);
    sodium_memzero(at, sizeof(at));
    return TN_OK;
}

void tn_draw_chain_anchor(const uint8_t tail[static TN_HASH_SIZE], uint32_t length,
                          uint8_t anchor[static TN_HASH_SIZE])
{
    TN_CHECK(tn_draw_chain_secret(tail, length, 0, anchor) == TN_OK);
}

enum tn_status tn_draw_chain_index(uint32_t first_day, uint32_t length, uint32_t day,
                                   uint32_t *index)
{
    *index = 0;
    if (day < first_day || day - first_day >= length) {
        return TN_INVALID;
    }
    *index = day - first_day + 1;
    return TN_OK;
}

enum tn_status tn_draw_chain_verify(const uint8_t known[static TN_HASH_SIZE], uint32_t known_index,
                                    const uint8_t revealed[static TN_HASH_SIZE], uint32_t index)
{
    uint8_t reached[TN_HASH_SIZE];

    if (index <= known_index) {
        return TN_INVALID;
    }
    /* The difference is bounded by the chain's length, which the caller took from
     * tn_draw_chain_index. */
    if (tn_draw_chain_secret(revealed, index, known_index, reached) != TN_OK) {
        return TN_INVALID;
    }
    return memcmp(reached, known, TN_HASH_SIZE) == 0 ? TN_OK : TN_MISMATCH;
}
