/* Bytes of the vault: key records, sealed records, salts and commitments. Pure functions; whoever
 * calls them owns every byte. Source: spec/privacy.md 1, 2.
 *
 * A DEK is a random key of one subject, never derived: a derived key cannot be destroyed. Callers
 * wipe a DEK on the line after its last use. */
#ifndef TN_LEDGER_VAULT_SEAL_H
#define TN_LEDGER_VAULT_SEAL_H

#include "ledger/base/buffer.h"
#include "ledger/base/random.h"

#define TN_DEK_SIZE 32
#define TN_KEY_RECORD_SIZE 128
#define TN_NONCE_SIZE 16 /* of an event that holds commitments */
/* The longest plaintext of a sealed record; a photograph is sealed otherwise. */
#define TN_SEALED_PLAIN_MAX ((size_t) 64 << 10)
/* A sealed record is 46 bytes longer than its plaintext padded to the next multiple of 32. */
#define TN_SEALED_OVERHEAD 46
#define TN_SEALED_PAD 32
#define TN_SEALED_MAX (TN_SEALED_PLAIN_MAX + TN_SEALED_PAD + TN_SEALED_OVERHEAD)

/* Fields that events commit to. Numbers are for ever: they are hashed into salts. */
#define TN_FIELDS(X)                                                                               \
    X(1, GIVEN_NAMES)                                                                              \
    X(2, FAMILY_NAMES)                                                                             \
    X(3, DATE_OF_BIRTH)                                                                            \
    X(4, NATIONALITY)                                                                              \
    X(5, DOCUMENT)                                                                                 \
    X(6, DESTINATION)                                                                              \
    X(7, CONTACT)                                                                                  \
    X(8, PHOTOGRAPH)                                                                               \
    X(9, LANGUAGE)

enum tn_vault_field {
#define X(number, name) TN_FIELD_##name = (number),
    TN_FIELDS(X)
#undef X
};

enum tn_dek_state {
    TN_DEK_ABSENT = 0, /* never made */
    TN_DEK_ACTIVE = 1,
    TN_DEK_ERASED = 2, /* a tombstone: it existed and is destroyed */
};

/* What a key record says in clear. */
struct tn_key_record {
    enum tn_dek_state state;
    uint32_t epoch;
    uint8_t subject[TN_ID_SIZE];
    uint32_t dek_version;
    uint8_t keyid[TN_ID_SIZE];
};

/* ---- key records: layout at the top of seal.c ---- */

/* Wrap `dek` under the epoch key. */
void tn_key_record_seal(uint8_t out[static TN_KEY_RECORD_SIZE], const uint8_t epoch_key[static 32],
                        uint32_t epoch, const uint8_t subject[static TN_ID_SIZE],
                        uint32_t dek_version, const uint8_t dek[static TN_DEK_SIZE],
                        struct tn_random *random);
/* What stays of a key after erasure: state and names, nothing of the key. */
void tn_key_record_tombstone(uint8_t out[static TN_KEY_RECORD_SIZE],
                             const uint8_t subject[static TN_ID_SIZE], uint32_t dek_version);
/* Read the clear part and check all that needs no key. TN_CORRUPT: not a key record of `subject`.
 * TN_UNSUPPORTED: a newer version. */
TN_MUST_USE enum tn_status tn_key_record_read(struct tn_bytes bytes,
                                              const uint8_t subject[static TN_ID_SIZE],
                                              struct tn_key_record *record);
/* Unwrap; `dek` is zeroed on failure. TN_GONE: erased. TN_CORRUPT: not what was written, or the key
 * is not the one that keyid commits to. */
TN_MUST_USE enum tn_status tn_key_record_open(struct tn_bytes bytes,
                                              const uint8_t epoch_key[static 32],
                                              const uint8_t subject[static TN_ID_SIZE],
                                              uint8_t dek[static TN_DEK_SIZE]);

/* ---- sealed records ---- */

/* Which record it is; hashed into its seal, so a record moved to another place does not open. */
struct tn_sealed_name {
    const uint8_t *subject; /* TN_ID_SIZE */
    uint16_t record;
    uint32_t version;
};

/* Append the sealed record to `out`. TN_INVALID: longer than TN_SEALED_PLAIN_MAX. TN_FULL: `out`
 * holds no more. */
TN_MUST_USE enum tn_status tn_sealed_make(const uint8_t dek[static TN_DEK_SIZE],
                                          uint32_t dek_version, const struct tn_sealed_name *name,
                                          struct tn_bytes plaintext, struct tn_random *random,
                                          struct tn_buffer *out);
/* Append the plaintext to `out`, which the caller closes with tn_buffer_close_secret. Nothing is
 * appended on failure. TN_CORRUPT: not what was sealed under this name and key. */
TN_MUST_USE enum tn_status tn_sealed_open(const uint8_t dek[static TN_DEK_SIZE],
                                          uint32_t dek_version, const struct tn_sealed_name *name,
                                          struct tn_bytes sealed, struct tn_buffer *out);

/* ---- commitments ---- */

/* salt32 = H("turno1.salt", DEK, nonce16 || LE16 field, 32) */
void tn_field_salt(uint8_t salt[static 32], const uint8_t dek[static TN_DEK_SIZE],
                   const uint8_t nonce[static TN_NONCE_SIZE], enum tn_vault_field field);
/* c = SHA-256("turno1.field" || salt32 || canonical value). (salt, value) discloses one field. */
void tn_field_commitment(uint8_t commitment[static TN_HASH_SIZE], const uint8_t salt[static 32],
                         struct tn_bytes canonical);

#endif
