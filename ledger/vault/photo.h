/* Photographs, sealed in pieces with crypto_secretstream: too long for one message. Pure functions.
 * Source: spec/privacy.md 2. */
#ifndef TN_LEDGER_VAULT_PHOTO_H
#define TN_LEDGER_VAULT_PHOTO_H

#include "ledger/vault/seal.h"

#define TN_PHOTO_PLAIN_MAX ((size_t) 2 << 20)
#define TN_PHOTO_PIECE ((size_t) 64 << 10)
/* Version, algorithm, dek_version, header, and 17 bytes for each piece. */
#define TN_PHOTO_OVERHEAD_MAX (30 + 17 * (TN_PHOTO_PLAIN_MAX / TN_PHOTO_PIECE))
#define TN_PHOTO_SEALED_MAX (TN_PHOTO_PLAIN_MAX + TN_PHOTO_OVERHEAD_MAX)

/* True for what begins like a JPEG or a PNG; nothing else is taken. */
bool tn_photo_is_image(struct tn_bytes bytes);

/* Append the sealed photograph to `out`. Its length is not hidden. TN_INVALID: no JPEG or PNG, or
 * longer than TN_PHOTO_PLAIN_MAX. TN_FULL: `out` holds no more. */
TN_MUST_USE enum tn_status tn_photo_seal(const uint8_t dek[static TN_DEK_SIZE],
                                         uint32_t dek_version, const struct tn_sealed_name *name,
                                         struct tn_bytes plaintext, struct tn_random *random,
                                         struct tn_buffer *out);
/* Append the plaintext to `out`; nothing on failure. TN_CORRUPT: not what was sealed under this
 * name and key, cut short or put together anew. */
TN_MUST_USE enum tn_status tn_photo_open(const uint8_t dek[static TN_DEK_SIZE],
                                         uint32_t dek_version, const struct tn_sealed_name *name,
                                         struct tn_bytes sealed, struct tn_buffer *out);

#endif
