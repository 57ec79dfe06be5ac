/* The vault: personal data, sealed per subject, in the store's family "vault". Source: DESIGN, "The
 * way of the data"; spec/privacy.md 2.
 *
 * Sealing is done at intake on pool threads and leaves a `struct tn_vault_writes`: key/value puts
 * without a single plaintext byte, which travel with the command to the desk and join the commit's
 * batch (P2). Nothing here writes to the store. Errors and log lines never hold plaintext (P5).
 *
 * Rows of the family "vault" (see also ledger/vault/index.h):
 *   'k' subject16                           -> key record (128 bytes)
 *   'r' subject16 BE16 record BE32 version  -> sealed record
 *   'f' command16                           -> fingerprint8 of the request body */
#ifndef TN_LEDGER_VAULT_VAULT_H
#define TN_LEDGER_VAULT_VAULT_H

#include "ledger/log/store.h"
#include "ledger/vault/keys.h"
#include "ledger/vault/seal.h"

/* Limits of one command: one photograph, or a group's data many times over. */
#define TN_VAULT_WRITES_BYTES_MAX ((size_t) 4 << 20)
#define TN_VAULT_SUBJECTS_MAX 64u
#define TN_FINGERPRINT_SIZE 8

/* What a subject's records are. Numbers are for ever: they are part of the seal. */
#define TN_RECORDS(X)                                                                              \
    X(1, PROFILE)      /* a member: names, date of birth, nationality, document */                 \
    X(2, CONTACT)      /* a registration: e-mail, telephone, language */                           \
    X(3, DESTINATION)  /* a registration: the destination address */                               \
    X(4, TOKEN)        /* a registration: an access token, shown once */                           \
    X(5, CONFIRMATION) /* a registration: a confirmation number, shown once */                     \
    X(6, PHOTOGRAPH)   /* a member: JPEG or PNG of at most TN_PHOTO_PLAIN_MAX bytes */             \
    X(7, NOTE)         /* what an operator must keep about a subject */

enum tn_vault_record {
#define X(number, name) TN_RECORD_##name = (number),
    TN_RECORDS(X)
#undef X
};

/* Ask for the highest version there is. */
#define TN_RECORD_NEWEST UINT32_MAX

/* Borrowed parts; no state of its own. Any thread may read through it. */
struct tn_vault {
    struct tn_store *store;
    struct tn_family *family;
    const struct tn_keys *keys;
};

/* `store` and `keys` outlive the vault. There is nothing to close. */
TN_MUST_USE enum tn_status tn_vault_open(struct tn_vault *vault, struct tn_store *store,
                                         const struct tn_keys *keys, struct tn_error *error);

/* ---- what travels with a command ---- */

/* May be moved by assignment (the source is then forgotten, not closed). One thread at a time. */
struct tn_vault_writes {
    struct tn_buffer puts; /* BE32 key size, BE32 value size, key, value; again and again */
    uint32_t count;
    uint32_t subject_count;
    struct tn_vault_begun {
        uint8_t subject[TN_ID_SIZE];
        size_t offset; /* of the key record in `puts` */
    } subjects[TN_VAULT_SUBJECTS_MAX];
};

void tn_vault_writes_init(struct tn_vault_writes *writes);
void tn_vault_writes_close(struct tn_vault_writes *writes);
/* Put all of them into `batch`. The desk's thread, only for a command that was accepted. */
void tn_vault_writes_apply(const struct tn_vault_writes *writes, const struct tn_vault *vault,
                           struct tn_batch *batch);

/* Make a DEK for a new subject and add its key record.
 * TN_EXISTS  it has a key already (committed or in `writes`)
 * TN_GONE    it was erased: a person who comes back is a new subject
 * TN_FULL    a limit of `writes` */
TN_MUST_USE enum tn_status tn_vault_begin_subject(const struct tn_vault *vault,
                                                  struct tn_vault_writes *writes,
                                                  const uint8_t subject[static TN_ID_SIZE],
                                                  struct tn_random *random, struct tn_error *error);

/* Seal `plaintext` for a subject begun in `writes` or committed. The same (subject, record,
 * version) again replaces the first. Versions of what may be corrected count from 1; a secret
 * that is shown once takes the version tn_vault_once_version(command16), so that a retry finds it.
 * TN_NOT_FOUND  no such subject          TN_GONE     it was erased
 * TN_INVALID    too long, no JPEG or PNG, or version is TN_RECORD_NEWEST
 * TN_FULL       a limit of `writes`      TN_CORRUPT  its key record is damaged */
TN_MUST_USE enum tn_status tn_vault_seal(const struct tn_vault *vault,
                                         struct tn_vault_writes *writes,
                                         const uint8_t subject[static TN_ID_SIZE],
                                         enum tn_vault_record record, uint32_t version,
                                         struct tn_bytes plaintext, struct tn_random *random,
                                         struct tn_error *error);

/* The version under which what a command shows once is sealed. */
uint32_t tn_vault_once_version(const uint8_t command[static TN_ID_SIZE]);

/* Commit to the canonical value of a field for the event that will hold `nonce`. `writes` may be
 * NULL when the subject is committed. Statuses of a missing key as in tn_vault_seal. */
TN_MUST_USE enum tn_status tn_vault_commit_field(
    const struct tn_vault *vault, const struct tn_vault_writes *writes,
    const uint8_t subject[static TN_ID_SIZE], const uint8_t nonce[static TN_NONCE_SIZE],
    enum tn_vault_field field, struct tn_bytes canonical, uint8_t commitment[static TN_HASH_SIZE],
    struct tn_error *error);
/* The salt that, with the canonical value, discloses one field to whoever holds the event. */
TN_MUST_USE enum tn_status tn_vault_field_salt(const struct tn_vault *vault,
                                               const struct tn_vault_writes *writes,
                                               const uint8_t subject[static TN_ID_SIZE],
                                               const uint8_t nonce[static TN_NONCE_SIZE],
                                               enum tn_vault_field field, uint8_t salt[static 32],
                                               struct tn_error *error);

/* ---- reading what is committed; any thread ---- */

/* Reset `plaintext` and fill it with the record; the caller closes it with tn_buffer_close_secret.
 * `version` in: which, or TN_RECORD_NEWEST; out: which it was (0 on failure).
 * TN_NOT_FOUND  no such subject or record    TN_GONE  erased (answer 410)
 * TN_CORRUPT    not what was written         TN_FULL  larger than the buffer's limit */
TN_MUST_USE enum tn_status tn_vault_open_record(const struct tn_vault *vault,
                                                const uint8_t subject[static TN_ID_SIZE],
                                                enum tn_vault_record record, uint32_t *version,
                                                struct tn_buffer *plaintext,
                                                struct tn_error *error);
/* Absent, active or erased. */
TN_MUST_USE enum tn_status tn_vault_key_state(const struct tn_vault *vault,
                                              const uint8_t subject[static TN_ID_SIZE],
                                              enum tn_dek_state *state, struct tn_error *error);

/* ---- erasure ---- */

/* Add to `batch` what erases a subject: a tombstone over its key and the removal of its records; it
 * belongs in the batch of its `subject_erased`. Erasing again changes nothing. Afterwards the
 * caller flushes and compacts the store (spec/privacy.md 2, within 24 h) and drops the index rows
 * of the person (tn_vault_index_erase). TN_NOT_FOUND: no such subject. */
TN_MUST_USE enum tn_status tn_vault_erase(const struct tn_vault *vault,
                                          const uint8_t subject[static TN_ID_SIZE],
                                          struct tn_batch *batch, struct tn_error *error);

/* ---- fingerprints: the same Idempotency-Key with another body is refused ---- */

/* H("turno1.body", K3, command16 || body, 8). `body` is the request as it came, bytes and all. */
void tn_vault_fingerprint(const struct tn_keys *keys, const uint8_t command[static TN_ID_SIZE],
                          struct tn_bytes body, uint8_t out[static TN_FINGERPRINT_SIZE]);
/* Into the batch of the command's events, whether it was accepted or refused: its key stands for
 * them from then on. */
void tn_vault_put_fingerprint(const struct tn_vault *vault, struct tn_batch *batch,
                              const uint8_t command[static TN_ID_SIZE],
                              const uint8_t fingerprint[static TN_FINGERPRINT_SIZE]);
/* `*found` false and zeros when the command is not known. */
TN_MUST_USE enum tn_status tn_vault_get_fingerprint(const struct tn_vault *vault,
                                                    const uint8_t command[static TN_ID_SIZE],
                                                    uint8_t out[static TN_FINGERPRINT_SIZE],
                                                    bool *found, struct tn_error *error);

#endif
