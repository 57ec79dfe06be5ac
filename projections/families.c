/* Which family of rows is current for a projection. */
#include "projections/families.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/log/store_bulk.h"
#include "projections/touched.h"

#define CURRENT_HEADER_BYTES 12
#define META_KEY_MAX (sizeof("projection/") + TN_FAMILY_NAME_MAX)

static const char swaps_key[] = "projections/swaps";
static const char rebuild_key[] = "projections/rebuild";

static struct tn_bytes current_key(const char *name, char key[static META_KEY_MAX])
{
    int size = snprintf(key, META_KEY_MAX, "projection/%s", name);
    TN_CHECK(size > 0 && (size_t) size < META_KEY_MAX);
    return tn_bytes(key, (size_t) size);
}

static enum tn_status read_meta(struct tn_store *store, const struct tn_snapshot *snapshot,
                                struct tn_bytes key, struct tn_buffer *value, bool *found,
                                struct tn_error *error)
{
    struct tn_family *meta = NULL;
    enum tn_status status = tn_store_family(store, "meta", false, &meta, error);

    *found = false;
    if (status == TN_OK) {
        status = tn_store_get(store, meta, snapshot, key, value, found, error);
    }
    return status;
}

enum tn_status tn_current_read(struct tn_store *store, const struct tn_snapshot *snapshot,
                               const char *name, struct tn_current *current, bool *found,
                               struct tn_error *error)
{
    char key[META_KEY_MAX];
    struct tn_buffer value;

    *current = (struct tn_current){0};
    tn_buffer_init(&value, CURRENT_HEADER_BYTES + TN_FAMILY_NAME_MAX);
    enum tn_status status =
        read_meta(store, snapshot, current_key(name, key), &value, found, error);
    if (status == TN_OK && *found && value.size <= CURRENT_HEADER_BYTES) {
        status =
            tn_fail(error, TN_CORRUPT, "projection %s: its record has %zu bytes", name, value.size);
    }
    if (status == TN_OK && *found) {
        current->version = tn_get_be32(value.data);
        current->position = tn_get_be64(value.data + 4);
        memcpy(current->family, value.data + CURRENT_HEADER_BYTES,
               value.size - CURRENT_HEADER_BYTES);
    }
    *found = status == TN_OK && *found;
    tn_buffer_close(&value);
    return status;
}

void tn_current_write(struct tn_batch *batch, struct tn_family *meta, const char *name,
                      const struct tn_current *current)
{
    char key[META_KEY_MAX];
    uint8_t value[CURRENT_HEADER_BYTES + TN_FAMILY_NAME_MAX];
    size_t size = strlen(current->family);

    TN_CHECK(size != 0 && size <= TN_FAMILY_NAME_MAX);
    tn_put_be32(value, current->version);
    tn_put_be64(value + 4, current->position);
    memcpy(value + CURRENT_HEADER_BYTES, current->family, size);
    tn_batch_put(batch, meta, current_key(name, key), tn_bytes(value, CURRENT_HEADER_BYTES + size));
}

/* ---- generations ---- */

enum tn_status tn_current_fresh(struct tn_store *store, const char *name,
                                char family[static TN_FAMILY_NAME_MAX + 1], struct tn_error *error)
{
    memset(family, 0, TN_FAMILY_NAME_MAX + 1);
    int size = snprintf(family, TN_FAMILY_NAME_MAX + 1, "%s.%" PRIu64, name,
                        tn_store_generation(store, name) + 1);
    if (size < 0 || size > TN_FAMILY_NAME_MAX) {
        return tn_fail(error, TN_FULL, "%s: no name for a new family is short enough", name);
    }
    return TN_OK;
}

/* Families that belong to `name` and are not `keep`; their names are collected first, because
 * nothing may be dropped while they are listed. */
struct leftovers {
    const char *name;
    const char *keep;
    struct tn_buffer names; /* each with its final zero */
};

static void see_leftover(void *context, const char *name, struct tn_family *family)
{
    struct leftovers *leftovers = context;

    (void) family;
    if (tn_family_generation(name, leftovers->name) != 0 && strcmp(name, leftovers->keep) != 0) {
        tn_buffer_append(&leftovers->names, name, strlen(name) + 1);
    }
}

static enum tn_status drop_leftover(struct tn_store *store, const char *name,
                                    struct tn_error *error)
{
    struct tn_family *touched = NULL;
    enum tn_status status = tn_store_family(store, TN_TOUCHED_FAMILY, true, &touched, error);

    if (status == TN_OK) {
        struct tn_batch *batch = tn_batch_create();
        tn_touched_forget(batch, touched, name);
        status = tn_store_write(store, batch, TN_UNSYNCED, error);
        tn_batch_destroy(batch);
    }
    return status == TN_OK ? tn_store_drop_family(store, name, error) : status;
}

enum tn_status tn_current_sweep(struct tn_store *store, const struct tn_projection *const *list,
                                size_t count, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    tn_bulk_sweep(store);
    for (size_t i = 0; status == TN_OK && i < count; i++) {
        struct tn_current current;
        struct leftovers leftovers = {.name = list[i]->name, .keep = current.family};
        bool found = false;

        tn_buffer_init(&leftovers.names, (size_t) 1 << 20);
        status = tn_current_read(store, NULL, list[i]->name, &current, &found, error);
        if (status == TN_OK) {
            tn_store_families(store, see_leftover, &leftovers);
        }
        for (size_t at = 0; status == TN_OK && at < leftovers.names.size;) {
            const char *name = (const char *) leftovers.names.data + at;

            status = drop_leftover(store, name, error);
            at += strlen(name) + 1;
        }
        tn_buffer_close(&leftovers.names);
    }
    return status;
}

/* ---- numbers ---- */

static enum tn_status read_number(struct tn_store *store, const struct tn_snapshot *snapshot,
                                  const char *key, size_t size, uint64_t *number,
                                  struct tn_error *error)
{
    struct tn_buffer value;
    bool found = false;

    *number = 0;
    tn_buffer_init(&value, sizeof(uint64_t));
    enum tn_status status =
        read_meta(store, snapshot, tn_bytes_from_string(key), &value, &found, error);
    if (status == TN_OK && found && value.size != size) {
        status = tn_fail(error, TN_CORRUPT, "%s has %zu bytes", key, value.size);
    }
    if (status == TN_OK && found) {
        *number = size == sizeof(uint64_t) ? tn_get_be64(value.data) : tn_get_be32(value.data);
    }
    tn_buffer_close(&value);
    return status;
}

enum tn_status tn_swaps_read(struct tn_store *store, const struct tn_snapshot *snapshot,
                             uint64_t *swaps, struct tn_error *error)
{
    return read_number(store, snapshot, swaps_key, sizeof(uint64_t), swaps, error);
}

void tn_swaps_write(struct tn_batch *batch, struct tn_family *meta, uint64_t swaps)
{
    uint8_t value[8];

    tn_put_be64(value, swaps);
    tn_batch_put(batch, meta, tn_bytes_from_string(swaps_key), tn_bytes(value, sizeof(value)));
}

enum tn_status tn_rebuild_mask_read(struct tn_store *store, uint32_t *mask, struct tn_error *error)
{
    uint64_t number = 0;
    enum tn_status status = read_number(store, NULL, rebuild_key, sizeof(uint32_t), &number, error);

    *mask = (uint32_t) number;
    return status;
}

void tn_rebuild_mask_write(struct tn_batch *batch, struct tn_family *meta, uint32_t mask)
{
    uint8_t value[4];

    tn_put_be32(value, mask);
    tn_batch_put(batch, meta, tn_bytes_from_string(rebuild_key), tn_bytes(value, sizeof(value)));
}
