/* The vault over a store: sealing into pending writes, reading what is committed, erasing. */
#include "ledger/vault/vault.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/vault/photo.h"

/* Keys of the rows that vault.h lists. */
#define SUBJECT_KEY_SIZE (1 + TN_ID_SIZE)
#define RECORD_PREFIX_SIZE (1 + TN_ID_SIZE + 2)
#define RECORD_KEY_SIZE (RECORD_PREFIX_SIZE + 4)
/* The only version of a DEK there is until DEKs are rotated. */
#define DEK_VERSION 1
#define PUT_HEADER_SIZE 8

static void subject_key(uint8_t key[static SUBJECT_KEY_SIZE], char row,
                        const uint8_t id[static TN_ID_SIZE]);
static void record_key(uint8_t key[static RECORD_KEY_SIZE],
                       const uint8_t subject[static TN_ID_SIZE], uint16_t record, uint32_t version);
static bool put_begin(struct tn_vault_writes *writes, struct tn_bytes key, size_t value_size_max,
                      size_t *start);
static void put_end(struct tn_vault_writes *writes, size_t start, size_t key_size);
static const uint8_t *begun_record(const struct tn_vault_writes *writes,
                                   const uint8_t subject[static TN_ID_SIZE]);
static enum tn_status read_key_record(const struct tn_vault *vault,
                                      const uint8_t subject[static TN_ID_SIZE],
                                      uint8_t bytes[static TN_KEY_RECORD_SIZE],
                                      struct tn_key_record *record, struct tn_error *error);
static enum tn_status subject_dek(const struct tn_vault *vault,
                                  const struct tn_vault_writes *writes,
                                  const uint8_t subject[static TN_ID_SIZE],
                                  uint8_t dek[static TN_DEK_SIZE], uint32_t *dek_version,
                                  struct tn_error *error);
static enum tn_status find_record(const struct tn_vault *vault,
                                  const uint8_t subject[static TN_ID_SIZE], uint16_t record,
                                  uint32_t *version, struct tn_buffer *sealed,
                                  struct tn_error *error);

enum tn_status tn_vault_open(struct tn_vault *vault, struct tn_store *store,
                             const struct tn_keys *keys, struct tn_error *error)
{
    memset(vault, 0, sizeof(*vault));
    enum tn_status status = tn_store_family(store, "vault", false, &vault->family, error);
    if (status == TN_OK) {
        vault->store = store;
        vault->keys = keys;
    }
    return status;
}

void tn_vault_writes_init(struct tn_vault_writes *writes)
{
    memset(writes, 0, sizeof(*writes));
    tn_buffer_init(&writes->puts, TN_VAULT_WRITES_BYTES_MAX);
}

void tn_vault_writes_close(struct tn_vault_writes *writes)
{
    tn_buffer_close(&writes->puts);
    memset(writes, 0, sizeof(*writes));
}

void tn_vault_writes_apply(const struct tn_vault_writes *writes, const struct tn_vault *vault,
                           struct tn_batch *batch)
{
    const uint8_t *at = writes->puts.data;
    size_t left = writes->puts.size;

    TN_CHECK(!writes->puts.overflowed);
    for (uint32_t i = 0; i < writes->count; i++) {
        TN_CHECK(left >= PUT_HEADER_SIZE);
        size_t key_size = tn_get_be32(at);
        size_t value_size = tn_get_be32(at + 4);
        TN_CHECK(left - PUT_HEADER_SIZE >= key_size + value_size);
        const uint8_t *key = at + PUT_HEADER_SIZE;
        tn_batch_put(batch, vault->family, tn_bytes(key, key_size),
                     tn_bytes(key + key_size, value_size));
        at = key + key_size + value_size;
        left -= PUT_HEADER_SIZE + key_size + value_size;
    }
    TN_CHECK(left == 0);
}

enum tn_status tn_vault_begin_subject(const struct tn_vault *vault, struct tn_vault_writes *writes,
                                      const uint8_t subject[static TN_ID_SIZE],
                                      struct tn_random *random, struct tn_error *error)
{
    uint8_t key[SUBJECT_KEY_SIZE];
    uint8_t dek[TN_DEK_SIZE];
    enum tn_dek_state state;
    size_t start = 0;

    if (begun_record(writes, subject) != NULL) {
        return tn_fail(error, TN_EXISTS, "the subject was begun already");
    }
    enum tn_status status = tn_vault_key_state(vault, subject, &state, error);
    if (status != TN_OK) {
        return status;
    }
    if (state != TN_DEK_ABSENT) {
        bool erased = state == TN_DEK_ERASED;
        return tn_fail(error, erased ? TN_GONE : TN_EXISTS,
                       erased ? "the subject was erased; a person who comes back is a new subject"
                              : "the subject has a key already");
    }
    subject_key(key, 'k', subject);
    if (writes->subject_count == TN_VAULT_SUBJECTS_MAX ||
        !put_begin(writes, tn_bytes(key, sizeof(key)), TN_KEY_RECORD_SIZE, &start)) {
        return tn_fail(error, TN_FULL, "one command cannot begin more subjects");
    }
    uint8_t *value = tn_buffer_extend(&writes->puts, TN_KEY_RECORD_SIZE);
    uint32_t epoch = tn_keys_epoch_current(vault->keys);
    tn_random_fill(random, dek, sizeof(dek));
    tn_key_record_seal(value, tn_keys_epoch(vault->keys, epoch), epoch, subject, DEK_VERSION, dek,
                       random);
    sodium_memzero(dek, sizeof(dek));
    put_end(writes, start, sizeof(key));
    struct tn_vault_begun *begun = &writes->subjects[writes->subject_count++];
    memcpy(begun->subject, subject, TN_ID_SIZE);
    begun->offset = (size_t) (value - writes->puts.data);
    return TN_OK;
}

enum tn_status tn_vault_seal(const struct tn_vault *vault, struct tn_vault_writes *writes,
                             const uint8_t subject[static TN_ID_SIZE], enum tn_vault_record record,
                             uint32_t version, struct tn_bytes plaintext, struct tn_random *random,
                             struct tn_error *error)
{
    const struct tn_sealed_name name = {subject, (uint16_t) record, version};
    uint8_t key[RECORD_KEY_SIZE];
    uint8_t dek[TN_DEK_SIZE];
    uint32_t dek_version;
    size_t start = 0;
    bool photo = record == TN_RECORD_PHOTOGRAPH;

    if (version == TN_RECORD_NEWEST) {
        return tn_fail(error, TN_INVALID, "a record needs a version of its own");
    }
    if (plaintext.size > (photo ? TN_PHOTO_PLAIN_MAX : TN_SEALED_PLAIN_MAX)) {
        return tn_fail(error, TN_INVALID, "a record of %zu bytes is too long to be sealed",
                       plaintext.size);
    }
    if (photo && !tn_photo_is_image(plaintext)) {
        return tn_fail(error, TN_INVALID, "a photograph is a JPEG or a PNG");
    }
    enum tn_status status = subject_dek(vault, writes, subject, dek, &dek_version, error);
    if (status != TN_OK) {
        return status;
    }
    record_key(key, subject, (uint16_t) record, version);
    size_t extra = photo ? TN_PHOTO_OVERHEAD_MAX : TN_SEALED_PAD + TN_SEALED_OVERHEAD;
    if (!put_begin(writes, tn_bytes(key, sizeof(key)), plaintext.size + extra, &start)) {
        status = tn_fail(error, TN_FULL, "one command cannot seal more");
    } else {
        status = (photo ? tn_photo_seal : tn_sealed_make)(dek, dek_version, &name, plaintext,
                                                          random, &writes->puts);
        TN_CHECK(status == TN_OK); /* room and size were checked before */
        put_end(writes, start, sizeof(key));
    }
    sodium_memzero(dek, sizeof(dek));
    return status;
}

uint32_t tn_vault_once_version(const uint8_t command[static TN_ID_SIZE])
{
    /* Command ids are hashes: within one registration no two of them meet in 31 bits. The highest
     * bit stays clear, and with it TN_RECORD_NEWEST. */
    return tn_get_be32(command) & 0x7fffffffu;
}

enum tn_status tn_vault_commit_field(const struct tn_vault *vault,
                                     const struct tn_vault_writes *writes,
                                     const uint8_t subject[static TN_ID_SIZE],
                                     const uint8_t nonce[static TN_NONCE_SIZE],
                                     enum tn_vault_field field, struct tn_bytes canonical,
                                     uint8_t commitment[static TN_HASH_SIZE],
                                     struct tn_error *error)
{
    uint8_t salt[32];
    memset(commitment, 0, TN_HASH_SIZE);
    enum tn_status status = tn_vault_field_salt(vault, writes, subject, nonce, field, salt, error);
    if (status == TN_OK) {
        tn_field_commitment(commitment, salt, canonical);
    }
    sodium_memzero(salt, sizeof(salt));
    return status;
}

enum tn_status tn_vault_field_salt(const struct tn_vault *vault,
                                   const struct tn_vault_writes *writes,
                                   const uint8_t subject[static TN_ID_SIZE],
                                   const uint8_t nonce[static TN_NONCE_SIZE],
                                   enum tn_vault_field field, uint8_t salt[static 32],
                                   struct tn_error *error)
{
    uint8_t dek[TN_DEK_SIZE];
    uint32_t dek_version;
    memset(salt, 0, 32);
    enum tn_status status = subject_dek(vault, writes, subject, dek, &dek_version, error);
    if (status == TN_OK) {
        tn_field_salt(salt, dek, nonce, field);
    }
    sodium_memzero(dek, sizeof(dek));
    return status;
}

enum tn_status tn_vault_open_record(const struct tn_vault *vault,
                                    const uint8_t subject[static TN_ID_SIZE],
                                    enum tn_vault_record record, uint32_t *version,
                                    struct tn_buffer *plaintext, struct tn_error *error)
{
    struct tn_sealed_name name = {subject, (uint16_t) record, *version};
    struct tn_buffer sealed;
    uint8_t dek[TN_DEK_SIZE] = {0};
    uint32_t dek_version;
    enum tn_status status;

    *version = 0;
    tn_buffer_reset(plaintext);
    bool photo = record == TN_RECORD_PHOTOGRAPH;
    tn_buffer_init(&sealed, photo ? TN_PHOTO_SEALED_MAX : TN_SEALED_MAX);
    status = subject_dek(vault, NULL, subject, dek, &dek_version, error);
    if (status != TN_OK) {
        goto out;
    }
    status = find_record(vault, subject, name.record, &name.version, &sealed, error);
    if (status != TN_OK) {
        goto out;
    }
    status = (photo ? tn_photo_open : tn_sealed_open)(dek, dek_version, &name,
                                                      tn_buffer_view(&sealed), plaintext);
    if (status != TN_OK) {
        status = tn_fail(
            error, status, "sealed record %u version %" PRIu32 ": %s", name.record, name.version,
            status == TN_FULL ? "larger than what was made ready for it" : "not what was written");
        goto out;
    }
    *version = name.version;

out:
    sodium_memzero(dek, sizeof(dek));
    tn_buffer_close(&sealed);
    return status;
}

enum tn_status tn_vault_key_state(const struct tn_vault *vault,
                                  const uint8_t subject[static TN_ID_SIZE],
                                  enum tn_dek_state *state, struct tn_error *error)
{
    uint8_t bytes[TN_KEY_RECORD_SIZE];
    struct tn_key_record record;
    enum tn_status status = read_key_record(vault, subject, bytes, &record, error);
    *state = status == TN_OK ? record.state : TN_DEK_ABSENT;
    return status;
}

enum tn_status tn_vault_erase(const struct tn_vault *vault,
                              const uint8_t subject[static TN_ID_SIZE], struct tn_batch *batch,
                              struct tn_error *error)
{
    uint8_t bytes[TN_KEY_RECORD_SIZE];
    uint8_t key[SUBJECT_KEY_SIZE];
    uint8_t from[RECORD_KEY_SIZE];
    uint8_t to[RECORD_KEY_SIZE + 1];
    struct tn_key_record record;

    enum tn_status status = read_key_record(vault, subject, bytes, &record, error);
    if (status != TN_OK) {
        return status;
    }
    if (record.state == TN_DEK_ABSENT) {
        return tn_fail(error, TN_NOT_FOUND, "no such subject in the vault");
    }
    subject_key(key, 'k', subject);
    tn_key_record_tombstone(bytes, subject, record.dek_version);
    tn_batch_put(batch, vault->family, tn_bytes(key, sizeof(key)), tn_bytes(bytes, sizeof(bytes)));
    record_key(from, subject, 0, 0);
    record_key(to, subject, UINT16_MAX, UINT32_MAX);
    to[RECORD_KEY_SIZE] = 0; /* just behind the last key there can be */
    tn_batch_delete_range(batch, vault->family, tn_bytes(from, sizeof(from)),
                          tn_bytes(to, sizeof(to)));
    return TN_OK;
}

void tn_vault_fingerprint(const struct tn_keys *keys, const uint8_t command[static TN_ID_SIZE],
                          struct tn_bytes body, uint8_t out[static TN_FINGERPRINT_SIZE])
{
    const struct tn_bytes parts[] = {tn_bytes(command, TN_ID_SIZE), body};
    tn_hash(out, TN_FINGERPRINT_SIZE, "turno1.body", tn_keys_view(keys, TN_KEY_FINGERPRINT), parts,
            2);
}

void tn_vault_put_fingerprint(const struct tn_vault *vault, struct tn_batch *batch,
                              const uint8_t command[static TN_ID_SIZE],
                              const uint8_t fingerprint[static TN_FINGERPRINT_SIZE])
{
    uint8_t key[SUBJECT_KEY_SIZE];

    subject_key(key, 'f', command);
    tn_batch_put(batch, vault->family, tn_bytes(key, sizeof(key)),
                 tn_bytes(fingerprint, TN_FINGERPRINT_SIZE));
}

enum tn_status tn_vault_get_fingerprint(const struct tn_vault *vault,
                                        const uint8_t command[static TN_ID_SIZE],
                                        uint8_t out[static TN_FINGERPRINT_SIZE], bool *found,
                                        struct tn_error *error)
{
    uint8_t key[SUBJECT_KEY_SIZE];
    struct tn_buffer value;

    memset(out, 0, TN_FINGERPRINT_SIZE);
    tn_buffer_init(&value, 64);
    subject_key(key, 'f', command);
    enum tn_status status = tn_store_get(vault->store, vault->family, NULL,
                                         tn_bytes(key, sizeof(key)), &value, found, error);
    if (status == TN_OK && *found) {
        if (value.size == TN_FINGERPRINT_SIZE) {
            memcpy(out, value.data, TN_FINGERPRINT_SIZE);
        } else {
            *found = false;
            status =
                tn_fail(error, TN_CORRUPT, "a request's fingerprint has %zu bytes", value.size);
        }
    }
    tn_buffer_close(&value);
    return status;
}

static void subject_key(uint8_t key[static SUBJECT_KEY_SIZE], char row,
                        const uint8_t id[static TN_ID_SIZE])
{
    key[0] = (uint8_t) row;
    memcpy(key + 1, id, TN_ID_SIZE);
}

static void record_key(uint8_t key[static RECORD_KEY_SIZE],
                       const uint8_t subject[static TN_ID_SIZE], uint16_t record, uint32_t version)
{
    subject_key(key, 'r', subject);
    tn_put_be16(key + 1 + TN_ID_SIZE, record);
    tn_put_be32(key + RECORD_PREFIX_SIZE, version);
}

/* Open a put: its header and key, and the promise that `value_size_max` more bytes fit. Nothing is
 * changed when they do not, so that one thing too many spoils no command. */
static bool put_begin(struct tn_vault_writes *writes, struct tn_bytes key, size_t value_size_max,
                      size_t *start)
{
    size_t needed = PUT_HEADER_SIZE + key.size + value_size_max;
    if (needed > writes->puts.limit - writes->puts.size) {
        return false;
    }
    *start = writes->puts.size;
    /* Reserving all at once moves the buffer now and not while a value is being written. */
    uint8_t *at = tn_buffer_extend(&writes->puts, needed);
    if (at == NULL) {
        writes->puts.overflowed = false; /* no memory: the puts before are whole */
        return false;
    }
    tn_put_be32(at, (uint32_t) key.size);
    memcpy(at + PUT_HEADER_SIZE, key.data, key.size);
    writes->puts.size = *start + PUT_HEADER_SIZE + key.size;
    return true;
}

static void put_end(struct tn_vault_writes *writes, size_t start, size_t key_size)
{
    size_t value_size = writes->puts.size - start - PUT_HEADER_SIZE - key_size;
    tn_put_be32(writes->puts.data + start + 4, (uint32_t) value_size);
    writes->count++;
}

static const uint8_t *begun_record(const struct tn_vault_writes *writes,
                                   const uint8_t subject[static TN_ID_SIZE])
{
    for (uint32_t i = 0; writes != NULL && i < writes->subject_count; i++) {
        if (memcmp(writes->subjects[i].subject, subject, TN_ID_SIZE) == 0) {
            return writes->puts.data + writes->subjects[i].offset;
        }
    }
    return NULL;
}

/* The committed key record; an absent one is TN_OK with the state that says so. */
static enum tn_status read_key_record(const struct tn_vault *vault,
                                      const uint8_t subject[static TN_ID_SIZE],
                                      uint8_t bytes[static TN_KEY_RECORD_SIZE],
                                      struct tn_key_record *record, struct tn_error *error)
{
    uint8_t key[SUBJECT_KEY_SIZE];
    struct tn_buffer value;
    bool found = false;

    memset(bytes, 0, TN_KEY_RECORD_SIZE);
    memset(record, 0, sizeof(*record));
    tn_buffer_init(&value, 2 * (size_t) TN_KEY_RECORD_SIZE);
    subject_key(key, 'k', subject);
    enum tn_status status = tn_store_get(vault->store, vault->family, NULL,
                                         tn_bytes(key, sizeof(key)), &value, &found, error);
    if (status == TN_OK && found) {
        status = tn_key_record_read(tn_buffer_view(&value), subject, record);
        if (status == TN_OK) {
            memcpy(bytes, value.data, TN_KEY_RECORD_SIZE);
        } else {
            status = tn_fail(error, status, "a key record of the vault is %s",
                             status == TN_UNSUPPORTED ? "of a newer version" : "damaged");
        }
    }
    tn_buffer_close(&value);
    return status;
}

static enum tn_status subject_dek(const struct tn_vault *vault,
                                  const struct tn_vault_writes *writes,
                                  const uint8_t subject[static TN_ID_SIZE],
                                  uint8_t dek[static TN_DEK_SIZE], uint32_t *dek_version,
                                  struct tn_error *error)
{
    uint8_t bytes[TN_KEY_RECORD_SIZE];
    struct tn_key_record record;
    const uint8_t *begun = begun_record(writes, subject);
    enum tn_status status;

    sodium_memzero(dek, TN_DEK_SIZE);
    *dek_version = 0;
    if (begun != NULL) {
        memcpy(bytes, begun, sizeof(bytes));
        status = tn_key_record_read(tn_bytes(bytes, sizeof(bytes)), subject, &record);
        TN_CHECK(status == TN_OK); /* we made it */
    } else {
        status = read_key_record(vault, subject, bytes, &record, error);
        if (status != TN_OK) {
            return status;
        }
    }
    if (record.state == TN_DEK_ABSENT) {
        return tn_fail(error, TN_NOT_FOUND, "no such subject in the vault");
    }
    if (record.state == TN_DEK_ERASED) {
        return tn_fail(error, TN_GONE, "the subject was erased");
    }
    const uint8_t *epoch_key = tn_keys_epoch(vault->keys, record.epoch);
    if (epoch_key == NULL) {
        return tn_fail(error, TN_CORRUPT,
                       "a subject's key is wrapped under epoch %" PRIu32 ", which is destroyed or "
                       "belongs to another ledger",
                       record.epoch);
    }
    status = tn_key_record_open(tn_bytes(bytes, sizeof(bytes)), epoch_key, subject, dek);
    if (status != TN_OK) {
        return tn_fail(error, status, "a subject's key record is not what was written");
    }
    *dek_version = record.dek_version;
    return TN_OK;
}

static enum tn_status find_record(const struct tn_vault *vault,
                                  const uint8_t subject[static TN_ID_SIZE], uint16_t record,
                                  uint32_t *version, struct tn_buffer *sealed,
                                  struct tn_error *error)
{
    uint8_t key[RECORD_KEY_SIZE];
    bool found = false;
    enum tn_status status;

    record_key(key, subject, record, *version);
    if (*version != TN_RECORD_NEWEST) {
        status = tn_store_get(vault->store, vault->family, NULL, tn_bytes(key, sizeof(key)), sealed,
                              &found, error);
        if (status != TN_OK) {
            return status;
        }
    } else {
        struct tn_iterator *iterator = tn_iterator_create(vault->store, vault->family, NULL, false);
        if (iterator == NULL) {
            return tn_fail(error, TN_MEMORY, "no memory to read the vault");
        }
        tn_iterator_seek_for_prev(iterator, tn_bytes(key, sizeof(key)));
        if (tn_iterator_valid(iterator)) {
            struct tn_bytes at = tn_iterator_key(iterator);
            found = at.size == RECORD_KEY_SIZE && memcmp(at.data, key, RECORD_PREFIX_SIZE) == 0;
            if (found) {
                *version = tn_get_be32(at.data + RECORD_PREFIX_SIZE);
                tn_buffer_append_bytes(sealed, tn_iterator_value(iterator));
            }
        }
        status = tn_iterator_status(iterator, error);
        tn_iterator_destroy(iterator);
        if (status != TN_OK) {
            return status;
        }
    }
    if (!found) {
        return tn_fail(error, TN_NOT_FOUND, "no such record of the subject");
    }
    if (tn_buffer_status(sealed) != TN_OK) {
        return tn_fail(error, TN_CORRUPT, "a sealed record is larger than any can be");
    }
    return TN_OK;
}
