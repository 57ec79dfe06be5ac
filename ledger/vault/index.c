/* From keyed tags to random ids: committed rows, and the overlay of those not yet committed. */
#include "ledger/vault/index.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/vault/canonical.h"

#define FORWARD_KEY_SIZE (2 + TN_TAG_SIZE)
#define BACKWARD_KEY_SIZE (2 + TN_ID_SIZE)
/* Between the parts of an identity; no canonical value can hold it. */
#define SEPARATOR 0x1f
#define OFFICER_MAX 512u
#define BUCKETS_FIRST 1024u
#define NONE UINT32_MAX
_Static_assert(TN_VAULT_OVERLAY_MAX < NONE, "positions fit into 32 bits");

static void forward_key(uint8_t key[static FORWARD_KEY_SIZE], enum tn_index_kind kind,
                        const uint8_t tag[static TN_TAG_SIZE]);
static void backward_key(uint8_t key[static BACKWARD_KEY_SIZE], enum tn_index_kind kind,
                         const uint8_t id[static TN_ID_SIZE]);
static enum tn_status get_fixed(const struct tn_vault *vault, struct tn_bytes key, uint8_t *out,
                                size_t size, bool *found, struct tn_error *error);
static bool plain(struct tn_bytes bytes);
static size_t bucket_of(const struct tn_vault_overlay *overlay, const uint8_t *tag);
static const struct tn_vault_overlay_entry *overlay_find(const struct tn_vault_overlay *overlay,
                                                         uint8_t kind, const uint8_t *tag);
static enum tn_status overlay_add(struct tn_vault_overlay *overlay, uint8_t kind,
                                  const uint8_t *tag, const uint8_t *id);
static void overlay_link(struct tn_vault_overlay *overlay, size_t position);

enum tn_status tn_vault_person_tag(const struct tn_keys *keys, const struct tn_identity *identity,
                                   uint8_t tag[static TN_TAG_SIZE])
{
    struct tn_buffer message;
    uint8_t birth[TN_DATE_CANONICAL_SIZE];
    enum tn_status status;

    memset(tag, 0, TN_TAG_SIZE);
    tn_buffer_init(&message, 2 * (size_t) TN_TEXT_CANONICAL_MAX + 256);
    if (identity->birth > 99999999u) {
        status = TN_INVALID;
        goto out;
    }
    status = tn_canonical_text(identity->family_names, &message);
    if (status != TN_OK) {
        goto out;
    }
    tn_buffer_append_u8(&message, SEPARATOR);
    status = tn_canonical_text(identity->given_names, &message);
    if (status != TN_OK) {
        goto out;
    }
    if (message.size == 1) {
        status = TN_INVALID; /* nobody has no name at all */
        goto out;
    }
    tn_buffer_append_u8(&message, SEPARATOR);
    tn_canonical_date(identity->birth, birth);
    tn_buffer_append(&message, birth, sizeof(birth));
    tn_buffer_append_u8(&message, SEPARATOR);
    status = tn_canonical_code(identity->nationality, &message);
    if (status == TN_OK) {
        tn_hash_one(tag, TN_TAG_SIZE, "turno1.person", tn_keys_view(keys, TN_KEY_IDENTITY),
                    tn_buffer_view(&message));
    }

out:
    tn_buffer_close_secret(&message);
    sodium_memzero(birth, sizeof(birth));
    return status;
}

enum tn_status tn_vault_place_tag(const struct tn_keys *keys, struct tn_bytes address,
                                  uint8_t tag[static TN_TAG_SIZE])
{
    struct tn_buffer message;

    memset(tag, 0, TN_TAG_SIZE);
    tn_buffer_init(&message, TN_TEXT_CANONICAL_MAX);
    enum tn_status status = tn_canonical_text(address, &message);
    if (status == TN_OK && message.size == 0) {
        status = TN_INVALID;
    }
    if (status == TN_OK) {
        tn_hash_one(tag, TN_TAG_SIZE, "turno1.place", tn_keys_view(keys, TN_KEY_IDENTITY),
                    tn_buffer_view(&message));
    }
    tn_buffer_close_secret(&message);
    return status;
}

enum tn_status tn_vault_officer_tag(const struct tn_keys *keys, struct tn_bytes issuer,
                                    struct tn_bytes subject, uint8_t tag[static TN_TAG_SIZE])
{
    const uint8_t separator = SEPARATOR;

    memset(tag, 0, TN_TAG_SIZE);
    if (subject.size == 0 || !plain(issuer) || !plain(subject)) {
        return TN_INVALID;
    }
    const struct tn_bytes parts[] = {issuer, tn_bytes(&separator, 1), subject};
    tn_hash(tag, TN_TAG_SIZE, "turno1.officer", tn_keys_view(keys, TN_KEY_OFFICER), parts, 3);
    return TN_OK;
}

enum tn_status tn_vault_index_find(const struct tn_vault *vault, enum tn_index_kind kind,
                                   const uint8_t tag[static TN_TAG_SIZE],
                                   uint8_t id[static TN_ID_SIZE], bool *found,
                                   struct tn_error *error)
{
    uint8_t key[FORWARD_KEY_SIZE];
    forward_key(key, kind, tag);
    return get_fixed(vault, tn_bytes(key, sizeof(key)), id, TN_ID_SIZE, found, error);
}

enum tn_status tn_vault_index_erase(const struct tn_vault *vault, enum tn_index_kind kind,
                                    const uint8_t id[static TN_ID_SIZE], struct tn_batch *batch,
                                    bool *found, struct tn_error *error)
{
    uint8_t backward[BACKWARD_KEY_SIZE];
    uint8_t forward[FORWARD_KEY_SIZE];
    uint8_t tag[TN_TAG_SIZE];

    backward_key(backward, kind, id);
    enum tn_status status =
        get_fixed(vault, tn_bytes(backward, sizeof(backward)), tag, sizeof(tag), found, error);
    if (status == TN_OK && *found) {
        forward_key(forward, kind, tag);
        tn_batch_delete(batch, vault->family, tn_bytes(forward, sizeof(forward)));
        tn_batch_delete(batch, vault->family, tn_bytes(backward, sizeof(backward)));
    }
    return status;
}

void tn_vault_overlay_init(struct tn_vault_overlay *overlay, size_t limit)
{
    bool usual = limit == 0 || limit > TN_VAULT_OVERLAY_MAX;
    memset(overlay, 0, sizeof(*overlay));
    overlay->limit = usual ? TN_VAULT_OVERLAY_MAX : limit;
    overlay->generation = 1;
}

void tn_vault_overlay_close(struct tn_vault_overlay *overlay)
{
    free(overlay->entries);
    free(overlay->buckets);
    memset(overlay, 0, sizeof(*overlay));
}

void tn_vault_overlay_reset(struct tn_vault_overlay *overlay)
{
    tn_vault_overlay_rollback(overlay, 0);
}

enum tn_status tn_vault_index_resolve(const struct tn_vault *vault,
                                      struct tn_vault_overlay *overlay, enum tn_index_kind kind,
                                      const uint8_t tag[static TN_TAG_SIZE],
                                      const uint8_t candidate[static TN_ID_SIZE],
                                      uint8_t id[static TN_ID_SIZE], bool *created,
                                      struct tn_error *error)
{
    const struct tn_vault_overlay_entry *entry = overlay_find(overlay, (uint8_t) kind, tag);
    bool found = false;

    *created = false;
    if (entry != NULL) {
        memcpy(id, entry->id, TN_ID_SIZE);
        return TN_OK;
    }
    enum tn_status status = tn_vault_index_find(vault, kind, tag, id, &found, error);
    if (status != TN_OK || found) {
        return status;
    }
    status = overlay_add(overlay, (uint8_t) kind, tag, candidate);
    if (status != TN_OK) {
        return tn_fail(error, status, "%s",
                       status == TN_FULL ? "too many new ids wait for their commit"
                                         : "no memory for new ids");
    }
    memcpy(id, candidate, TN_ID_SIZE);
    *created = true;
    return TN_OK;
}

size_t tn_vault_overlay_mark(const struct tn_vault_overlay *overlay)
{
    return overlay->count;
}

void tn_vault_overlay_rollback(struct tn_vault_overlay *overlay, size_t mark)
{
    TN_CHECK(mark <= overlay->count);
    /* Entries are linked at the head of their bucket, so the last one made is always the head. */
    while (overlay->count > mark) {
        const struct tn_vault_overlay_entry *entry = &overlay->entries[--overlay->count];
        overlay->buckets[bucket_of(overlay, entry->tag)] = entry->next;
    }
}

uint64_t tn_vault_overlay_seal(struct tn_vault_overlay *overlay, const struct tn_vault *vault,
                               struct tn_batch *batch)
{
    size_t first = overlay->count;
    while (first > 0 && overlay->entries[first - 1].generation == overlay->generation) {
        first--;
    }
    for (size_t i = first; i < overlay->count; i++) {
        const struct tn_vault_overlay_entry *entry = &overlay->entries[i];
        uint8_t forward[FORWARD_KEY_SIZE];
        uint8_t backward[BACKWARD_KEY_SIZE];
        forward_key(forward, (enum tn_index_kind) entry->kind, entry->tag);
        backward_key(backward, (enum tn_index_kind) entry->kind, entry->id);
        tn_batch_put(batch, vault->family, tn_bytes(forward, sizeof(forward)),
                     tn_bytes(entry->id, TN_ID_SIZE));
        tn_batch_put(batch, vault->family, tn_bytes(backward, sizeof(backward)),
                     tn_bytes(entry->tag, TN_TAG_SIZE));
    }
    return overlay->generation++;
}

void tn_vault_overlay_drop(struct tn_vault_overlay *overlay, uint64_t generation)
{
    size_t dropped = 0;

    while (dropped < overlay->count && overlay->entries[dropped].generation <= generation) {
        dropped++;
    }
    if (dropped == 0) {
        return;
    }
    for (size_t i = 0; i < overlay->count; i++) {
        const struct tn_vault_overlay_entry *entry = &overlay->entries[i];
        overlay->buckets[bucket_of(overlay, entry->tag)] = NONE;
    }
    overlay->count -= dropped;
    memmove(overlay->entries, overlay->entries + dropped,
            overlay->count * sizeof(overlay->entries[0]));
    for (size_t i = 0; i < overlay->count; i++) {
        overlay_link(overlay, i);
    }
}

static void forward_key(uint8_t key[static FORWARD_KEY_SIZE], enum tn_index_kind kind,
                        const uint8_t tag[static TN_TAG_SIZE])
{
    key[0] = 'i';
    key[1] = (uint8_t) kind;
    memcpy(key + 2, tag, TN_TAG_SIZE);
}

static void backward_key(uint8_t key[static BACKWARD_KEY_SIZE], enum tn_index_kind kind,
                         const uint8_t id[static TN_ID_SIZE])
{
    key[0] = 'j';
    key[1] = (uint8_t) kind;
    memcpy(key + 2, id, TN_ID_SIZE);
}

static enum tn_status get_fixed(const struct tn_vault *vault, struct tn_bytes key, uint8_t *out,
                                size_t size, bool *found, struct tn_error *error)
{
    struct tn_buffer value;

    memset(out, 0, size);
    *found = false;
    tn_buffer_init(&value, 64);
    enum tn_status status =
        tn_store_get(vault->store, vault->family, NULL, key, &value, found, error);
    if (status == TN_OK && *found) {
        if (value.size == size) {
            memcpy(out, value.data, size);
        } else {
            *found = false;
            status = tn_fail(error, TN_CORRUPT, "a row of the vault's index has %zu bytes, not %zu",
                             value.size, size);
        }
    }
    tn_buffer_close(&value);
    return status;
}

static bool plain(struct tn_bytes bytes)
{
    if (bytes.size > OFFICER_MAX) {
        return false;
    }
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

/* Tags are keyed hashes: any eight of their bytes spread evenly, and nobody can aim them. */
static size_t bucket_of(const struct tn_vault_overlay *overlay, const uint8_t *tag)
{
    return (size_t) tn_get_be64(tag) & (overlay->bucket_count - 1);
}

static const struct tn_vault_overlay_entry *overlay_find(const struct tn_vault_overlay *overlay,
                                                         uint8_t kind, const uint8_t *tag)
{
    if (overlay->bucket_count == 0) {
        return NULL;
    }
    uint32_t at = overlay->buckets[bucket_of(overlay, tag)];
    while (at != NONE) {
        const struct tn_vault_overlay_entry *entry = &overlay->entries[at];
        if (entry->kind == kind && memcmp(entry->tag, tag, TN_TAG_SIZE) == 0) {
            return entry;
        }
        at = entry->next;
    }
    return NULL;
}

/* Twice the room, and a bucket for every entry. */
static enum tn_status overlay_grow(struct tn_vault_overlay *overlay)
{
    size_t capacity = overlay->capacity == 0 ? BUCKETS_FIRST : overlay->capacity * 2;
    struct tn_vault_overlay_entry *entries = realloc(overlay->entries, capacity * sizeof(*entries));
    if (entries == NULL) {
        return TN_MEMORY;
    }
    overlay->entries = entries;
    uint32_t *buckets = realloc(overlay->buckets, capacity * sizeof(*buckets));
    if (buckets == NULL) {
        return TN_MEMORY;
    }
    overlay->capacity = capacity;
    overlay->buckets = buckets;
    overlay->bucket_count = capacity;
    memset(buckets, 0xff, capacity * sizeof(*buckets));
    for (size_t i = 0; i < overlay->count; i++) {
        overlay_link(overlay, i);
    }
    return TN_OK;
}

static enum tn_status overlay_add(struct tn_vault_overlay *overlay, uint8_t kind,
                                  const uint8_t *tag, const uint8_t *id)
{
    if (overlay->count == overlay->limit) {
        return TN_FULL;
    }
    if (overlay->count == overlay->capacity) {
        enum tn_status status = overlay_grow(overlay);
        if (status != TN_OK) {
            return status;
        }
    }
    struct tn_vault_overlay_entry *entry = &overlay->entries[overlay->count];
    memset(entry, 0, sizeof(*entry));
    entry->kind = kind;
    entry->generation = overlay->generation;
    memcpy(entry->tag, tag, TN_TAG_SIZE);
    memcpy(entry->id, id, TN_ID_SIZE);
    overlay_link(overlay, overlay->count++);
    return TN_OK;
}

static void overlay_link(struct tn_vault_overlay *overlay, size_t position)
{
    struct tn_vault_overlay_entry *entry = &overlay->entries[position];
    uint32_t *bucket = &overlay->buckets[bucket_of(overlay, entry->tag)];
    entry->next = *bucket;
    *bucket = (uint32_t) position;
}
