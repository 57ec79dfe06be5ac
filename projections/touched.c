/* The keys touched since the last seal. */
#include "projections/touched.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "projections/key_sort.h"
#include "projections/rows.h"

/* Sorting fewer keys than this before they are written wins nothing. */
#define COMPACT_BYTES ((size_t) 1 << 20)

/* Keys before its own that what a key is asked for is brought nearer. */
#define AHEAD 6

/* A rebuild's keys are written in rows of at most this and one key. */
#define STORED_VALUE_BYTES ((size_t) 1 << 20)
#define NUMBER_SIZE 8u
#define STORED_KEY_MAX (1 + TN_FAMILY_NAME_MAX + NUMBER_SIZE)

static bool sorted_keys(const struct tn_touched *touched, struct tn_key_item **keys, size_t *count);
static void compact(struct tn_touched *touched);
static struct tn_bytes key_of(const void *noted);
static void lose(struct tn_touched *touched);

void tn_touched_init(struct tn_touched *touched)
{
    *touched = (struct tn_touched){.epoch = 1};
    tn_buffer_init(&touched->keys, TN_TOUCHED_BYTES_MAX);
}

void tn_touched_close(struct tn_touched *touched)
{
    tn_buffer_close(&touched->keys);
}

void tn_touched_note(struct tn_touched *touched, struct tn_bytes key)
{
    if (touched->lost) {
        return;
    }
    TN_CHECK(key.size <= TN_ROW_KEY_MAX);
    if (touched->keys.size + 1 + key.size > TN_TOUCHED_BYTES_MAX) {
        compact(touched);
    }
    tn_buffer_append_u8(&touched->keys, (uint8_t) key.size);
    tn_buffer_append_bytes(&touched->keys, key);
    if (touched->keys.overflowed) {
        lose(touched);
    }
}

void tn_touched_clear(struct tn_touched *touched)
{
    tn_buffer_reset(&touched->keys);
    touched->gathered = 0;
    touched->lost = false;
    touched->lost_gathered = false;
    touched->cleared = true;
    /* Rows carry the epoch in which they were noted; 0 stands for never. */
    touched->epoch = touched->epoch == UINT32_MAX ? 1 : touched->epoch + 1;
}

/* Doubles come from rows that were evicted between two touches; without them there may be room. */
static void compact(struct tn_touched *touched)
{
    struct tn_buffer unique;
    struct tn_key_item *keys = NULL;
    size_t count = 0;

    tn_buffer_init(&unique, TN_TOUCHED_BYTES_MAX);
    if (!sorted_keys(touched, &keys, &count)) {
        lose(touched);
        goto out;
    }
    for (size_t i = 0; i < count; i++) {
        struct tn_bytes key = key_of(keys[i].of);

        tn_buffer_append_u8(&unique, (uint8_t) key.size);
        tn_buffer_append_bytes(&unique, key);
    }
    /* When little was won the next compaction would come at once, and again. */
    if (unique.overflowed || unique.size > TN_TOUCHED_BYTES_MAX / 4 * 3) {
        lose(touched);
        goto out;
    }
    tn_buffer_close(&touched->keys);
    touched->keys = unique;
    touched->cleared = touched->cleared || touched->gathered > 0; /* all is written anew */
    touched->gathered = 0;
    tn_buffer_init(&unique, 0);
out:
    free(keys);
    tn_buffer_close(&unique);
}

static void lose(struct tn_touched *touched)
{
    tn_buffer_close(&touched->keys);
    touched->gathered = 0;
    touched->lost = true;
    touched->lost_gathered = false;
}

/* ---- stored ---- */

/* `key` is the number of a row, or empty. */
static struct tn_bytes stored_key(uint8_t out[static STORED_KEY_MAX], const char *name,
                                  struct tn_bytes key)
{
    size_t size = strlen(name);

    TN_CHECK(size <= TN_FAMILY_NAME_MAX && key.size <= NUMBER_SIZE);
    out[0] = (uint8_t) size;
    memcpy(out + 1, name, size);
    if (key.size != 0) {
        memcpy(out + 1 + size, key.data, key.size);
    }
    return tn_bytes(out, 1 + size + key.size);
}

/* The key behind all of that name. */
static struct tn_bytes behind(uint8_t out[static STORED_KEY_MAX], const char *name)
{
    struct tn_bytes end = stored_key(out, name, tn_bytes(NULL, 0));

    out[end.size - 1]++; /* names are ASCII */
    return end;
}

void tn_touched_forget(struct tn_batch *batch, struct tn_family *family, const char *name)
{
    uint8_t from[STORED_KEY_MAX];
    uint8_t to[STORED_KEY_MAX];

    tn_batch_delete_range(batch, family, stored_key(from, name, tn_bytes(NULL, 0)),
                          behind(to, name));
}

void tn_touched_gather(struct tn_touched *touched, struct tn_batch *batch, struct tn_family *family,
                       const char *name)
{
    uint8_t stored[STORED_KEY_MAX];
    const struct tn_bytes nothing = tn_bytes("", 0);

    if (touched->cleared) {
        tn_touched_forget(batch, family, name);
        touched->cleared = false;
    }
    if (touched->lost && !touched->lost_gathered) {
        tn_touched_forget(batch, family, name);
        tn_batch_put(batch, family, stored_key(stored, name, nothing), nothing);
        touched->lost_gathered = true;
    }
    if (touched->gathered == 0 && touched->keys.size > COMPACT_BYTES) {
        compact(touched); /* all of a rebuild: in key order they are written quicker */
    }
    while (touched->gathered < touched->keys.size) {
        size_t start = touched->gathered;
        uint8_t number[NUMBER_SIZE];

        do {
            touched->gathered += 1u + touched->keys.data[touched->gathered];
        } while (touched->gathered < touched->keys.size &&
                 touched->gathered - start < STORED_VALUE_BYTES);
        tn_put_be64(number, touched->next++);
        tn_batch_put(batch, family, stored_key(stored, name, tn_bytes(number, sizeof(number))),
                     tn_bytes(touched->keys.data + start, touched->gathered - start));
    }
}

/* Note the keys of one stored row; false when it is not one. */
static bool load_row(struct tn_touched *touched, struct tn_bytes number, struct tn_bytes value)
{
    size_t at = 0;

    if (number.size != NUMBER_SIZE) {
        return false;
    }
    while (at < value.size) {
        size_t size = value.data[at];

        if (size > TN_ROW_KEY_MAX || size > value.size - at - 1) {
            return false;
        }
        tn_touched_note(touched, tn_bytes(value.data + at + 1, size));
        at += 1 + size;
    }
    touched->next = tn_get_be64(number.data) + 1;
    return true;
}

enum tn_status tn_touched_load(struct tn_touched *touched, struct tn_store *store,
                               struct tn_family *family, const char *name, struct tn_error *error)
{
    uint8_t stored[STORED_KEY_MAX];
    uint8_t to[STORED_KEY_MAX];
    struct tn_bytes prefix = stored_key(stored, name, tn_bytes(NULL, 0));
    enum tn_status status = tn_store_check_range(store, family, prefix, behind(to, name), error);

    if (status != TN_OK) {
        return status;
    }
    struct tn_iterator *iterator = tn_iterator_create(store, family, NULL, true);
    for (tn_iterator_seek(iterator, prefix); tn_iterator_valid(iterator);
         tn_iterator_next(iterator)) {
        struct tn_bytes key = tn_iterator_key(iterator);

        if (key.size < prefix.size || memcmp(key.data, prefix.data, prefix.size) != 0) {
            break;
        }
        if (key.size == prefix.size) {
            lose(touched);
            touched->lost_gathered = true;
            break;
        }
        if (!load_row(touched, tn_bytes(key.data + prefix.size, key.size - prefix.size),
                      tn_iterator_value(iterator))) {
            status = tn_fail(error, TN_CORRUPT, "family %s: a row for %s cannot be read",
                             TN_TOUCHED_FAMILY, name);
            goto out;
        }
    }
    touched->gathered = touched->keys.size;
    status = tn_iterator_status(iterator, error);
out:
    tn_iterator_destroy(iterator);
    return status;
}

/* ---- in key order ---- */

/* The key that was noted at a place in the buffer. */
static struct tn_bytes key_of(const void *noted)
{
    const uint8_t *size = noted;

    return tn_bytes(size + 1, *size);
}

/* Places in the buffer, by key and without doubles; false when there is no memory. */
static bool sorted_keys(const struct tn_touched *touched, struct tn_key_item **out,
                        size_t *out_count)
{
    size_t count = 0;
    size_t unique = 0;

    *out = NULL;
    *out_count = 0;
    for (size_t at = 0; at < touched->keys.size; at += 1u + touched->keys.data[at]) {
        count++;
    }
    struct tn_key_item *keys = calloc(count + 1, sizeof(*keys));
    if (keys == NULL) {
        return false;
    }
    count = 0;
    for (size_t at = 0; at < touched->keys.size; at += 1u + touched->keys.data[at]) {
        keys[count++] = tn_key_item(touched->keys.data + at, key_of);
    }
    tn_key_sort(keys, count, key_of);
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || keys[i].first != keys[unique - 1].first ||
            !tn_bytes_equal(key_of(keys[i].of), key_of(keys[unique - 1].of))) {
            keys[unique++] = keys[i];
        }
    }
    *out = keys;
    *out_count = unique;
    return true;
}

enum tn_status tn_touched_walk(struct tn_touched *touched, tn_touched_near *near,
                               tn_touched_each *each, void *context, struct tn_error *error)
{
    static const enum tn_cache_step steps[] = {TN_CACHE_SLOT, TN_CACHE_ROW, TN_CACHE_VALUE};
    enum tn_status status = TN_OK;
    struct tn_key_item *keys = NULL;
    size_t count = 0;

    if (touched->lost) {
        return tn_fail(error, TN_FULL,
                       "more rows changed since the last seal than are remembered; "
                       "seal all rows instead");
    }
    if (!sorted_keys(touched, &keys, &count)) {
        return tn_fail(error, TN_MEMORY, "no memory to sort the rows changed since the last seal");
    }
    for (size_t i = 0; status == TN_OK && i < count; i++) {
        if (i + 4 * AHEAD < count) {
            __builtin_prefetch(keys[i + 4 * AHEAD].of);
        }
        for (size_t step = 0; step < TN_ARRAY_SIZE(steps); step++) {
            size_t at = i + (TN_ARRAY_SIZE(steps) - step) * AHEAD;

            if (at < count) {
                near(context, key_of(keys[at].of), steps[step]);
            }
        }
        status = each(context, key_of(keys[i].of), error);
    }
    free(keys);
    return status;
}
