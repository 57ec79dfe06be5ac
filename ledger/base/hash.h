/* The hashes of the project: SHA-256 for Merkle trees, BLAKE2b with a purpose for all else. */
#ifndef TN_LEDGER_BASE_HASH_H
#define TN_LEDGER_BASE_HASH_H

#include "ledger/base/bytes.h"

/* H(p, key, m, n) of spec/draw.md: BLAKE2b with `purpose` (at most 16 characters) as its personal
 * parameter, `key` (may be empty), and the concatenation of `parts`. `size` is 16 to 64, or less
 * than 16 for a truncated short tag (the digest is then made 16 long and cut). */
void tn_hash(uint8_t *out, size_t size, const char *purpose, struct tn_bytes key,
             const struct tn_bytes *parts, size_t part_count);

/* The same for one part. */
void tn_hash_one(uint8_t *out, size_t size, const char *purpose, struct tn_bytes key,
                 struct tn_bytes part);

void tn_sha256(uint8_t out[static 32], struct tn_bytes data);
/* SHA-256 over the concatenation of `parts`. */
void tn_sha256_parts(uint8_t out[static 32], const struct tn_bytes *parts, size_t part_count);
/* RFC 6962: SHA-256(00 || data) and SHA-256(01 || left || right). */
void tn_leaf_hash(uint8_t out[static 32], struct tn_bytes data);
void tn_node_hash(uint8_t out[static 32], const uint8_t left[static 32],
                  const uint8_t right[static 32]);

#endif
