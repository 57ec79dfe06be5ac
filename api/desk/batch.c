/* A batch of the desk. */
#include "api/desk/batch.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"

#define NOWHERE UINT32_MAX

enum tn_status tn_desk_batch_init(struct tn_desk_batch *batch)
{
    memset(batch, 0, sizeof(*batch));
    tn_buffer_init(&batch->bytes, TN_FRAME_BYTES_MAX);
    memset(batch->buckets, 0xff, sizeof(batch->buckets));
    batch->writes = tn_batch_create();
    return batch->writes ? TN_OK : TN_MEMORY;
}

void tn_desk_batch_close(struct tn_desk_batch *batch)
{
    if (batch->writes) {
        tn_batch_destroy(batch->writes);
    }
    tn_buffer_close(&batch->bytes);
    free(batch->entries);
    free(batch->offsets);
    free(batch->pending);
    memset(batch, 0, sizeof(*batch));
}

void tn_desk_batch_reset(struct tn_desk_batch *batch)
{
    tn_batch_reset(batch->writes);
    tn_buffer_reset(&batch->bytes);
    batch->entry_count = 0;
    for (size_t i = 0; i < batch->pending_count; i++) {
        batch->buckets[tn_get_be32(batch->pending[i].command) % TN_DESK_BUCKETS] = NOWHERE;
    }
    batch->pending_count = 0;
    batch->first = NULL;
    batch->last = NULL;
    batch->request_count = 0;
    batch->number = 0;
    batch->engine_generation = 0;
    batch->overlay_generation = 0;
    batch->status = TN_OK;
}

bool tn_desk_batch_is_empty(const struct tn_desk_batch *batch)
{
    return batch->entry_count == 0 && !batch->first && tn_batch_count(batch->writes) == 0;
}

bool tn_desk_batch_is_full(const struct tn_desk_batch *batch)
{
    return batch->entry_count >= TN_DESK_BATCH_ENTRIES ||
           batch->bytes.size >= TN_DESK_BATCH_BYTES ||
           batch->request_count >= TN_DESK_BATCH_ENTRIES ||
           tn_batch_bytes(batch->writes) >= TN_DESK_BATCH_BYTES;
}

static bool grow(void **items, size_t *capacity, size_t size)
{
    size_t wanted = *capacity > 0 ? *capacity * 2 : 256;
    void *grown = realloc(*items, wanted * size);

    if (!grown) {
        return false;
    }
    *items = grown;
    *capacity = wanted;
    return true;
}

/* Two lists of one capacity, which is the larger one's only when both have grown. */
static bool grow_entries(struct tn_desk_batch *batch)
{
    size_t entry_capacity = batch->entry_capacity;
    size_t offset_capacity = batch->entry_capacity;
    void *entries = batch->entries;
    void *offsets = batch->offsets;
    bool grown = grow(&entries, &entry_capacity, sizeof(*batch->entries)) &&
                 grow(&offsets, &offset_capacity, sizeof(*batch->offsets));

    batch->entries = entries;
    batch->offsets = offsets;
    if (grown) {
        TN_CHECK(entry_capacity == offset_capacity);
        batch->entry_capacity = entry_capacity;
    }
    return grown;
}

enum tn_status tn_desk_batch_add(struct tn_desk_batch *batch, const struct tn_event *event,
                                 bool first)
{
    struct tn_log_entry *entry;
    size_t at = batch->bytes.size;

    if (batch->entry_count == TN_FRAME_ENTRIES_MAX) {
        return TN_FULL;
    }
    if (batch->entry_count == batch->entry_capacity && !grow_entries(batch)) {
        return TN_MEMORY;
    }
    tn_event_encode(event, &batch->bytes);
    if (tn_buffer_status(&batch->bytes) != TN_OK || batch->bytes.size - at > TN_ENTRY_BYTES_MAX) {
        return TN_FULL;
    }
    batch->offsets[batch->entry_count] = at;
    entry = &batch->entries[batch->entry_count++];
    memset(entry, 0, sizeof(*entry));
    entry->bytes.size = batch->bytes.size - at;
    entry->time_us = event->time_us;
    entry->kind = event->kind;
    entry->has_command = first && event->has_command;
    memcpy(entry->command, event->command, TN_ID_SIZE);
    entry->stream_count = (uint8_t) tn_event_streams(event, entry->streams);
    return TN_OK;
}

void tn_desk_batch_cut(struct tn_desk_batch *batch, size_t entries, size_t bytes)
{
    batch->entry_count = entries;
    tn_buffer_cut(&batch->bytes, bytes);
}

enum tn_status tn_desk_batch_reserve(struct tn_desk_batch *batch)
{
    void *items = batch->pending;
    bool grown = true;

    if (batch->pending_count == batch->pending_capacity) {
        grown = grow(&items, &batch->pending_capacity, sizeof(*batch->pending));
        batch->pending = items;
    }
    return grown ? TN_OK : TN_MEMORY;
}

void tn_desk_batch_remember(struct tn_desk_batch *batch, const struct tn_desk_request *request,
                            uint32_t count)
{
    struct tn_desk_pending *pending;
    uint32_t *bucket = &batch->buckets[tn_get_be32(request->command.id) % TN_DESK_BUCKETS];

    TN_CHECK(batch->pending_count < batch->pending_capacity);
    pending = &batch->pending[batch->pending_count];
    memcpy(pending->command, request->command.id, TN_ID_SIZE);
    memcpy(pending->fingerprint, request->fingerprint, TN_FINGERPRINT_SIZE);
    pending->refusal = request->refusal;
    pending->first = (uint32_t) batch->entry_count - count;
    pending->count = count;
    pending->next = *bucket;
    *bucket = (uint32_t) batch->pending_count++;
}

const struct tn_desk_pending *tn_desk_batch_find(const struct tn_desk_batch *batch,
                                                 const uint8_t command[static TN_ID_SIZE])
{
    uint32_t at = batch->buckets[tn_get_be32(command) % TN_DESK_BUCKETS];

    while (at != NOWHERE) {
        if (memcmp(batch->pending[at].command, command, TN_ID_SIZE) == 0) {
            return &batch->pending[at];
        }
        at = batch->pending[at].next;
    }
    return NULL;
}

void tn_desk_batch_copy(const struct tn_desk_batch *batch, uint32_t first, uint32_t count,
                        struct tn_buffer *out)
{
    for (uint32_t i = first; i < first + count; i++) {
        tn_buffer_append_be16(out, (uint16_t) batch->entries[i].bytes.size);
        tn_buffer_append(out, batch->bytes.data + batch->offsets[i], batch->entries[i].bytes.size);
    }
}

void tn_desk_batch_attach(struct tn_desk_batch *batch, struct tn_desk_request *request)
{
    request->next = NULL;
    if (batch->last) {
        batch->last->next = request;
    } else {
        batch->first = request;
    }
    batch->last = request;
    batch->request_count++;
}

void tn_desk_batch_seal(struct tn_desk_batch *batch)
{
    for (size_t i = 0; i < batch->entry_count; i++) {
        batch->entries[i].bytes.data = batch->bytes.data + batch->offsets[i];
    }
}
