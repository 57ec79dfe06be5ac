/* The vault's index: from a keyed tag (a person's identity, an address, an officer's account) to a
 * random id. Rules, events and projections see only the ids. Source: spec/privacy.md 1, 2.
 *
 * Tags are computed at intake; ids are looked up and made by the desk, which alone knows what is
 * gathering and in flight: those live in a `struct tn_vault_overlay` until they are committed.
 *
 * Rows of the family "vault":
 *   'i' u8 kind tag32  -> id16
 *   'j' u8 kind id16   -> tag32   (the way back, so that erasure can find the tag) */
#ifndef TN_LEDGER_VAULT_INDEX_H
#define TN_LEDGER_VAULT_INDEX_H

#include "ledger/vault/vault.h"

#define TN_TAG_SIZE 32
/* New ids that may wait for their commit: two batches of the most commands a commit takes, each a
 * whole group. */
#define TN_VAULT_OVERLAY_MAX ((size_t) 1 << 20)

enum tn_index_kind {
    TN_INDEX_PERSON = 1,
    TN_INDEX_PLACE = 2,
    TN_INDEX_OFFICER = 3,
};

/* Who somebody is, as typed. The document is deliberately not part of it: leaving it out, or having
 * a new one, must not make a second person. */
struct tn_identity {
    struct tn_bytes family_names;
    struct tn_bytes given_names;
    uint32_t birth; /* YYYYMMDD */
    struct tn_bytes nationality;
};

/* H("turno1.person", K8, family 1F given 1F YYYYMMDD 1F nationality, 32) over the canonical values.
 * Any thread. TN_INVALID: a part has no canonical form, both names are empty. */
TN_MUST_USE enum tn_status tn_vault_person_tag(const struct tn_keys *keys,
                                               const struct tn_identity *identity,
                                               uint8_t tag[static TN_TAG_SIZE]);
/* H("turno1.place", K8, canonical address, 32). TN_INVALID: no canonical form, or empty. */
TN_MUST_USE enum tn_status tn_vault_place_tag(const struct tn_keys *keys, struct tn_bytes address,
                                              uint8_t tag[static TN_TAG_SIZE]);
/* H("turno1.officer", K6, issuer 1F subject, 32). Exact bytes: an OpenID issuer and subject are
 * compared as they are. Without an identity provider the issuer is empty and the subject the e-mail
 * address in lower case. TN_INVALID: a control byte, an empty subject, more than 512 bytes. */
TN_MUST_USE enum tn_status tn_vault_officer_tag(const struct tn_keys *keys, struct tn_bytes issuer,
                                                struct tn_bytes subject,
                                                uint8_t tag[static TN_TAG_SIZE]);

/* The committed id of a tag; `*found` false and zeros when there is none. Any thread. */
TN_MUST_USE enum tn_status tn_vault_index_find(const struct tn_vault *vault,
                                               enum tn_index_kind kind,
                                               const uint8_t tag[static TN_TAG_SIZE],
                                               uint8_t id[static TN_ID_SIZE], bool *found,
                                               struct tn_error *error);
/* Add to `batch` the removal of a committed id's two rows; `*found` false when it has none. */
TN_MUST_USE enum tn_status tn_vault_index_erase(const struct tn_vault *vault,
                                                enum tn_index_kind kind,
                                                const uint8_t id[static TN_ID_SIZE],
                                                struct tn_batch *batch, bool *found,
                                                struct tn_error *error);

/* ---- ids that are not committed yet; the desk's thread alone ---- */

/* The life of an entry: resolve adds it to the gathering generation -> rollback takes it out again
 * when the rule refuses -> seal gives the generation its number and writes its rows into the
 * commit's batch -> drop forgets it once committed. When a sync fails both generations die: reset.
 */
struct tn_vault_overlay_entry {
    uint8_t tag[TN_TAG_SIZE];
    uint8_t id[TN_ID_SIZE];
    uint64_t generation;
    uint32_t next; /* in its bucket; UINT32_MAX: last */
    uint8_t kind;
};

struct tn_vault_overlay {
    struct tn_vault_overlay_entry *entries; /* in the order in which they were made */
    size_t count;
    size_t capacity;
    size_t limit;
    uint32_t *buckets; /* heads; a power of two of them */
    size_t bucket_count;
    uint64_t generation; /* of what is gathering; from 1 */
};

/* `limit` 0: TN_VAULT_OVERLAY_MAX. */
void tn_vault_overlay_init(struct tn_vault_overlay *overlay, size_t limit);
void tn_vault_overlay_close(struct tn_vault_overlay *overlay);
/* Forget everything, keep memory. */
void tn_vault_overlay_reset(struct tn_vault_overlay *overlay);

/* The id of `tag`: from the overlay, else committed, else `candidate` (random, made at intake),
 * which is then remembered: `*created`. Two members with one tag in one command get one id.
 * TN_FULL  too many are waiting        TN_MEMORY  no memory */
TN_MUST_USE enum tn_status tn_vault_index_resolve(
    const struct tn_vault *vault, struct tn_vault_overlay *overlay, enum tn_index_kind kind,
    const uint8_t tag[static TN_TAG_SIZE], const uint8_t candidate[static TN_ID_SIZE],
    uint8_t id[static TN_ID_SIZE], bool *created, struct tn_error *error);

/* Before a command: remember where it began. After a refusal: forget what it made since. */
size_t tn_vault_overlay_mark(const struct tn_vault_overlay *overlay);
void tn_vault_overlay_rollback(struct tn_vault_overlay *overlay, size_t mark);

/* Close the gathering generation: put its rows into `batch` and return its number. What resolves
 * from now on belongs to the next. Marks from before are void. */
uint64_t tn_vault_overlay_seal(struct tn_vault_overlay *overlay, const struct tn_vault *vault,
                               struct tn_batch *batch);
/* The batch of `generation` is committed: its entries, and those of all before, are found in the
 * store now. Marks from before are void. */
void tn_vault_overlay_drop(struct tn_vault_overlay *overlay, uint64_t generation);

#endif
