/* SHA-256 for Merkle trees, BLAKE2b with a purpose for all else. */
#include "ledger/base/hash.h"

#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>

#include "ledger/base/check.h"

/* OpenSSL 3 calls these names deprecated, but they are the fastest way to many short digests: a
 * 65-byte node takes 130 ns, against 227 ns for EVP with a prefetched digest, 842 ns for the
 * one-shot SHA256() and 510 ns for libsodium. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

_Static_assert(TN_HASH_SIZE == SHA256_DIGEST_LENGTH, "a tree hash is one SHA-256");
_Static_assert(crypto_generichash_blake2b_BYTES_MIN == 16, "shorter tags are cut from 16 bytes");

void tn_hash(uint8_t *out, size_t size, const char *purpose, struct tn_bytes key,
             const struct tn_bytes *parts, size_t part_count)
{
    size_t purpose_size = strlen(purpose);
    TN_CHECK(purpose_size <= crypto_generichash_blake2b_PERSONALBYTES);
    TN_CHECK(key.size <= crypto_generichash_blake2b_KEYBYTES_MAX);
    TN_CHECK(size > 0 && size <= crypto_generichash_blake2b_BYTES_MAX);

    uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = {0};
    memcpy(personal, purpose, purpose_size);
    uint8_t digest[crypto_generichash_blake2b_BYTES_MAX];
    size_t digest_size =
        size < crypto_generichash_blake2b_BYTES_MIN ? crypto_generichash_blake2b_BYTES_MIN : size;

    crypto_generichash_blake2b_state state;
    int failed = crypto_generichash_blake2b_init_salt_personal(
        &state, key.size == 0 ? NULL : key.data, key.size, digest_size, NULL, personal);
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].size != 0) {
            failed |= crypto_generichash_blake2b_update(&state, parts[i].data, parts[i].size);
        }
    }
    failed |= crypto_generichash_blake2b_final(&state, digest, digest_size);
    TN_CHECK(failed == 0);
    memcpy(out, digest, size);
    /* The state holds the key's block until the first update; the digest may itself be a key. */
    sodium_memzero(&state, sizeof(state));
    sodium_memzero(digest, sizeof(digest));
}

void tn_hash_one(uint8_t *out, size_t size, const char *purpose, struct tn_bytes key,
                 struct tn_bytes part)
{
    tn_hash(out, size, purpose, key, &part, 1);
}

void tn_sha256_parts(uint8_t out[static 32], const struct tn_bytes *parts, size_t part_count)
{
    SHA256_CTX context;
    (void) SHA256_Init(&context);
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].size != 0) {
            (void) SHA256_Update(&context, parts[i].data, parts[i].size);
        }
    }
    (void) SHA256_Final(out, &context);
}

void tn_sha256(uint8_t out[static 32], struct tn_bytes data)
{
    tn_sha256_parts(out, &data, 1);
}

/* Longer than most entries and rows. */
#define SHORT_LEAF 512

void tn_leaf_hash(uint8_t out[static 32], struct tn_bytes data)
{
    static const uint8_t prefix = 0;

    /* In one piece it is hashed quicker than after a single byte: 201 ns for 200 bytes, not 223. */
    if (data.size < SHORT_LEAF) {
        uint8_t leaf[1 + SHORT_LEAF];

        leaf[0] = prefix;
        if (data.size != 0) {
            memcpy(leaf + 1, data.data, data.size);
        }
        tn_sha256(out, tn_bytes(leaf, 1 + data.size));
        return;
    }
    const struct tn_bytes parts[] = {tn_bytes(&prefix, 1), data};
    tn_sha256_parts(out, parts, TN_ARRAY_SIZE(parts));
}

void tn_node_hash(uint8_t out[static 32], const uint8_t left[static 32],
                  const uint8_t right[static 32])
{
    uint8_t node[1 + 2 * TN_HASH_SIZE];
    node[0] = 1;
    memcpy(node + 1, left, TN_HASH_SIZE);
    memcpy(node + 1 + TN_HASH_SIZE, right, TN_HASH_SIZE);
    tn_sha256(out, tn_bytes(node, sizeof(node)));
}
