/* Key records, sealed records and commitments as bytes. */
#include "ledger/vault/seal.h"

#include <sodium.h>
#include <string.h>

#include "ledger/base/endian.h"
#include "ledger/base/hash.h"

/* Key record, 128 bytes (spec/privacy.md 2):
 *
 *   offset  size
 *        0     1  version, 1
 *        1     1  state: 1 active, 2 erased
 *        2     4  LE32 epoch
 *        6    16  subject
 *       22     4  LE32 dek_version
 *       26    16  keyid = H("turno1.dekid", DEK, subject16, 16)
 *       42    24  nonce
 *       66    32  DEK, encrypted under the epoch key; AD = bytes 0..42
 *       98    16  tag
 *      114    14  zero
 *
 * An erased one has zeros from 26 on and epoch 0.
 *
 * Sealed record:
 *
 *        0     1  version, 1
 *        1     1  algorithm, 1: XChaCha20-Poly1305-IETF
 *        2     4  LE32 dek_version
 *        6    24  nonce
 *       30     n  plaintext padded (sodium_pad, 32), encrypted under the DEK;
 *                 AD = "turno1.rec" || subject16 || LE16 record || LE32 version
 *     30+n    16  tag
 */
#define KEY_VERSION 1
#define KEY_AD_SIZE 42
#define KEYID_AT 26
#define NONCE_AT 42
#define CIPHER_AT 66
#define PAD_AT 114
#define RECORD_VERSION 1
#define RECORD_ALGORITHM 1
#define RECORD_NONCE_AT 6
#define RECORD_CIPHER_AT 30
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
#define RECORD_AD_SIZE (10 + TN_ID_SIZE + 2 + 4)
_Static_assert(CIPHER_AT + TN_DEK_SIZE + TAG_SIZE == PAD_AT, "key record layout");
_Static_assert(RECORD_CIPHER_AT + TAG_SIZE == TN_SEALED_OVERHEAD, "sealed record layout");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == TN_DEK_SIZE, "one size of key");

static void key_id(uint8_t id[static TN_ID_SIZE], const uint8_t dek[static TN_DEK_SIZE],
                   const uint8_t subject[static TN_ID_SIZE]);
static void record_ad(uint8_t ad[static RECORD_AD_SIZE], const struct tn_sealed_name *name);

void tn_key_record_seal(uint8_t out[static TN_KEY_RECORD_SIZE], const uint8_t epoch_key[static 32],
                        uint32_t epoch, const uint8_t subject[static TN_ID_SIZE],
                        uint32_t dek_version, const uint8_t dek[static TN_DEK_SIZE],
                        struct tn_random *random)
{
    memset(out, 0, TN_KEY_RECORD_SIZE);
    out[0] = KEY_VERSION;
    out[1] = TN_DEK_ACTIVE;
    tn_put_le32(out + 2, epoch);
    memcpy(out + 6, subject, TN_ID_SIZE);
    tn_put_le32(out + 22, dek_version);
    key_id(out + KEYID_AT, dek, subject);
    tn_random_fill(random, out + NONCE_AT, NONCE_SIZE);
    (void) crypto_aead_xchacha20poly1305_ietf_encrypt(out + CIPHER_AT, NULL, dek, TN_DEK_SIZE, out,
                                                      KEY_AD_SIZE, NULL, out + NONCE_AT, epoch_key);
}

void tn_key_record_tombstone(uint8_t out[static TN_KEY_RECORD_SIZE],
                             const uint8_t subject[static TN_ID_SIZE], uint32_t dek_version)
{
    memset(out, 0, TN_KEY_RECORD_SIZE);
    out[0] = KEY_VERSION;
    out[1] = TN_DEK_ERASED;
    memcpy(out + 6, subject, TN_ID_SIZE);
    tn_put_le32(out + 22, dek_version);
}

enum tn_status tn_key_record_read(struct tn_bytes bytes, const uint8_t subject[static TN_ID_SIZE],
                                  struct tn_key_record *record)
{
    memset(record, 0, sizeof(*record));
    if (bytes.size != TN_KEY_RECORD_SIZE || bytes.data[0] == 0) {
        return TN_CORRUPT;
    }
    if (bytes.data[0] > KEY_VERSION) {
        return TN_UNSUPPORTED;
    }
    const uint8_t *at = bytes.data;
    bool erased = at[1] == TN_DEK_ERASED;
    if (!erased && at[1] != TN_DEK_ACTIVE) {
        return TN_CORRUPT;
    }
    if (memcmp(at + 6, subject, TN_ID_SIZE) != 0 ||
        !tn_is_zero(at + PAD_AT, TN_KEY_RECORD_SIZE - PAD_AT)) {
        return TN_CORRUPT;
    }
    if (erased && (tn_get_le32(at + 2) != 0 || !tn_is_zero(at + KEYID_AT, PAD_AT - KEYID_AT))) {
        return TN_CORRUPT;
    }
    record->state = erased ? TN_DEK_ERASED : TN_DEK_ACTIVE;
    record->epoch = tn_get_le32(at + 2);
    memcpy(record->subject, at + 6, TN_ID_SIZE);
    record->dek_version = tn_get_le32(at + 22);
    memcpy(record->keyid, at + KEYID_AT, TN_ID_SIZE);
    return TN_OK;
}

enum tn_status tn_key_record_open(struct tn_bytes bytes, const uint8_t epoch_key[static 32],
                                  const uint8_t subject[static TN_ID_SIZE],
                                  uint8_t dek[static TN_DEK_SIZE])
{
    struct tn_key_record record;
    uint8_t id[TN_ID_SIZE];
    enum tn_status status = tn_key_record_read(bytes, subject, &record);

    sodium_memzero(dek, TN_DEK_SIZE);
    if (status != TN_OK) {
        return status;
    }
    if (record.state == TN_DEK_ERASED) {
        return TN_GONE;
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(dek, NULL, NULL, bytes.data + CIPHER_AT,
                                                   TN_DEK_SIZE + TAG_SIZE, bytes.data, KEY_AD_SIZE,
                                                   bytes.data + NONCE_AT, epoch_key) != 0) {
        sodium_memzero(dek, TN_DEK_SIZE);
        return TN_CORRUPT;
    }
    /* Poly1305 does not commit to its key; keyid does. */
    key_id(id, dek, subject);
    if (sodium_memcmp(id, record.keyid, sizeof(id)) != 0) {
        sodium_memzero(dek, TN_DEK_SIZE);
        return TN_CORRUPT;
    }
    return TN_OK;
}

enum tn_status tn_sealed_make(const uint8_t dek[static TN_DEK_SIZE], uint32_t dek_version,
                              const struct tn_sealed_name *name, struct tn_bytes plaintext,
                              struct tn_random *random, struct tn_buffer *out)
{
    uint8_t ad[RECORD_AD_SIZE];
    size_t padded = 0;

    if (plaintext.size > TN_SEALED_PLAIN_MAX) {
        return TN_INVALID;
    }
    size_t room = plaintext.size - plaintext.size % TN_SEALED_PAD + TN_SEALED_PAD;
    uint8_t *at = tn_buffer_extend(out, room + TN_SEALED_OVERHEAD);
    if (at == NULL) {
        return TN_FULL;
    }
    at[0] = RECORD_VERSION;
    at[1] = RECORD_ALGORITHM;
    tn_put_le32(at + 2, dek_version);
    tn_random_fill(random, at + RECORD_NONCE_AT, NONCE_SIZE);
    record_ad(ad, name);
    /* Padded and encrypted in place: no second copy of the plaintext to wipe. */
    memset(at + RECORD_CIPHER_AT, 0, room);
    if (plaintext.size > 0) {
        memcpy(at + RECORD_CIPHER_AT, plaintext.data, plaintext.size);
    }
    if (sodium_pad(&padded, at + RECORD_CIPHER_AT, plaintext.size, TN_SEALED_PAD, room) != 0 ||
        padded != room) {
        sodium_memzero(at + RECORD_CIPHER_AT, room);
        return TN_INVALID;
    }
    (void) crypto_aead_xchacha20poly1305_ietf_encrypt(at + RECORD_CIPHER_AT, NULL,
                                                      at + RECORD_CIPHER_AT, room, ad, sizeof(ad),
                                                      NULL, at + RECORD_NONCE_AT, dek);
    return TN_OK;
}

enum tn_status tn_sealed_open(const uint8_t dek[static TN_DEK_SIZE], uint32_t dek_version,
                              const struct tn_sealed_name *name, struct tn_bytes sealed,
                              struct tn_buffer *out)
{
    uint8_t ad[RECORD_AD_SIZE];
    size_t before = out->size;
    size_t plain_size = 0;

    if (sealed.size < TN_SEALED_OVERHEAD + TN_SEALED_PAD || sealed.size > TN_SEALED_MAX ||
        (sealed.size - TN_SEALED_OVERHEAD) % TN_SEALED_PAD != 0) {
        return TN_CORRUPT;
    }
    if (sealed.data[0] != RECORD_VERSION || sealed.data[1] != RECORD_ALGORITHM) {
        return sealed.data[0] == 0 || sealed.data[1] == 0 ? TN_CORRUPT : TN_UNSUPPORTED;
    }
    if (tn_get_le32(sealed.data + 2) != dek_version) {
        return TN_CORRUPT;
    }
    size_t room = sealed.size - TN_SEALED_OVERHEAD;
    uint8_t *at = tn_buffer_extend(out, room);
    if (at == NULL) {
        return TN_FULL;
    }
    record_ad(ad, name);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(at, NULL, NULL, sealed.data + RECORD_CIPHER_AT,
                                                   room + TAG_SIZE, ad, sizeof(ad),
                                                   sealed.data + RECORD_NONCE_AT, dek) != 0 ||
        sodium_unpad(&plain_size, at, room, TN_SEALED_PAD) != 0) {
        sodium_memzero(at, room);
        out->size = before;
        return TN_CORRUPT;
    }
    sodium_memzero(at + plain_size, room - plain_size);
    out->size = before + plain_size;
    return TN_OK;
}

void tn_field_salt(uint8_t salt[static 32], const uint8_t dek[static TN_DEK_SIZE],
                   const uint8_t nonce[static TN_NONCE_SIZE], enum tn_vault_field field)
{
    uint8_t message[TN_NONCE_SIZE + 2];
    memcpy(message, nonce, TN_NONCE_SIZE);
    tn_put_le16(message + TN_NONCE_SIZE, (uint16_t) field);
    tn_hash_one(salt, 32, "turno1.salt", tn_bytes(dek, TN_DEK_SIZE),
                tn_bytes(message, sizeof(message)));
}

void tn_field_commitment(uint8_t commitment[static TN_HASH_SIZE], const uint8_t salt[static 32],
                         struct tn_bytes canonical)
{
    const struct tn_bytes parts[] = {tn_bytes_from_string("turno1.field"), tn_bytes(salt, 32),
                                     canonical};
    tn_sha256_parts(commitment, parts, 3);
}

static void key_id(uint8_t id[static TN_ID_SIZE], const uint8_t dek[static TN_DEK_SIZE],
                   const uint8_t subject[static TN_ID_SIZE])
{
    tn_hash_one(id, TN_ID_SIZE, "turno1.dekid", tn_bytes(dek, TN_DEK_SIZE),
                tn_bytes(subject, TN_ID_SIZE));
}

static void record_ad(uint8_t ad[static RECORD_AD_SIZE], const struct tn_sealed_name *name)
{
    memcpy(ad, "turno1.rec", 10);
    memcpy(ad + 10, name->subject, TN_ID_SIZE);
    tn_put_le16(ad + 10 + TN_ID_SIZE, name->record);
    tn_put_le32(ad + 12 + TN_ID_SIZE, name->version);
}
