/* Frame, the value of family `log` under BE64(first index); integers are big-endian:
 *
 *   offset size
 *        0    4  "TNF" and the version 01
 *        4    4  count of entries, at least 1
 *        8    8  first index, equal to the key
 *       16    8  time_us of the first entry
 *       24    8  time_us of the last entry
 *       32    8  term of the writer
 *       40   16  id: SHA-256 root of the tree after this frame, its first 16 bytes
 *       56       entries, each: 2 bytes length, then so many bytes (entry-bundle encoding)
 *
 * There is no checksum of our own: RocksDB's block and WAL checksums find decay, and the Merkle
 * tree finds everything else, whoever did it. Decoding trusts neither. */
#include "ledger/log/frame.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/pack.h"

static const uint8_t magic[4] = {'T', 'N', 'F', 1};

void tn_frame_start(struct tn_buffer *out)
{
    tn_buffer_reset(out);
    (void) tn_buffer_extend(out, TN_FRAME_HEADER_BYTES);
}

enum tn_status tn_frame_add(struct tn_buffer *out, struct tn_bytes entry)
{
    if (entry.size > TN_ENTRY_BYTES_MAX) {
        return TN_INVALID;
    }
    uint8_t *at = tn_buffer_extend(out, 2 + entry.size);
    if (at != NULL) {
        tn_put_be16(at, (uint16_t) entry.size);
        if (entry.size != 0) {
            memcpy(at + 2, entry.data, entry.size);
        }
    }
    return TN_OK;
}

void tn_frame_finish(struct tn_buffer *out, const struct tn_frame_header *header)
{
    if (out->overflowed) {
        return;
    }
    TN_CHECK(out->size >= TN_FRAME_HEADER_BYTES);
    TN_CHECK(header->count > 0 && header->count <= TN_FRAME_ENTRIES_MAX);
    uint8_t *at = out->data;
    memcpy(at, magic, sizeof(magic));
    tn_put_be32(at + 4, header->count);
    tn_put_be64(at + 8, header->first_index);
    tn_put_be64(at + 16, header->first_time_us);
    tn_put_be64(at + 24, header->last_time_us);
    tn_put_be64(at + 32, header->term);
    memcpy(at + 40, header->id, TN_FRAME_ID_SIZE);
}

enum tn_status tn_frame_open(struct tn_frame *frame, uint64_t first_index, struct tn_bytes bytes,
                             struct tn_error *error)
{
    *frame = (struct tn_frame){0};
    if (bytes.size < TN_FRAME_HEADER_BYTES || memcmp(bytes.data, magic, 3) != 0) {
        return tn_fail(error, TN_CORRUPT, "entry %" PRIu64 ": what is stored is not a frame",
                       first_index);
    }
    const uint8_t *at = bytes.data;
    if (at[3] != magic[3]) {
        return tn_fail(error, TN_UNSUPPORTED, "entry %" PRIu64 ": frame version %u is not known",
                       first_index, at[3]);
    }
    struct tn_frame_header header = {
        .count = tn_get_be32(at + 4),
        .first_index = tn_get_be64(at + 8),
        .first_time_us = tn_get_be64(at + 16),
        .last_time_us = tn_get_be64(at + 24),
        .term = tn_get_be64(at + 32),
    };
    memcpy(header.id, at + 40, TN_FRAME_ID_SIZE);
    struct tn_bytes entries =
        tn_bytes(at + TN_FRAME_HEADER_BYTES, bytes.size - TN_FRAME_HEADER_BYTES);
    if (header.first_index != first_index || header.count == 0 ||
        header.count > TN_FRAME_ENTRIES_MAX || header.count > entries.size / 2 ||
        header.first_time_us > header.last_time_us || first_index > UINT64_MAX - header.count) {
        return tn_fail(error, TN_CORRUPT,
                       "entry %" PRIu64 ": its frame says %" PRIu32 " entries from %" PRIu64
                       " in %zu bytes",
                       first_index, header.count, header.first_index, entries.size);
    }
    frame->header = header;
    frame->entries = entries;
    frame->rest = entries;
    frame->next_index = first_index;
    return TN_OK;
}

enum tn_status tn_frame_next(struct tn_frame *frame, struct tn_bytes *entry, struct tn_error *error)
{
    *entry = (struct tn_bytes){0};
    struct tn_bytes *rest = &frame->rest;
    if (frame->next_index == frame->header.first_index + frame->header.count) {
        return rest->size == 0 ? TN_NOT_FOUND
                               : tn_fail(error, TN_CORRUPT,
                                         "entry %" PRIu64 ": %zu bytes follow the last entry of "
                                         "its frame",
                                         frame->next_index - 1, rest->size);
    }
    if (rest->size < 2 || (size_t) tn_get_be16(rest->data) > rest->size - 2) {
        return tn_fail(error, TN_CORRUPT, "entry %" PRIu64 ": its frame ends within it",
                       frame->next_index);
    }
    size_t size = tn_get_be16(rest->data);
    *entry = tn_bytes(rest->data + 2, size);
    *rest = tn_bytes(rest->data + 2 + size, rest->size - 2 - size);
    frame->next_index++;
    return TN_OK;
}

enum tn_status tn_frame_seek(struct tn_frame *frame, uint64_t index, struct tn_error *error)
{
    struct tn_bytes entry;
    if (index < frame->next_index) {
        frame->next_index = frame->header.first_index;
        frame->rest = frame->entries;
    }
    TN_CHECK(index >= frame->header.first_index);
    while (frame->next_index < index) {
        enum tn_status status = tn_frame_next(frame, &entry, error);
        if (status != TN_OK) {
            return status;
        }
    }
    return TN_OK;
}

enum tn_status tn_frame_entry_time(struct tn_bytes entry, uint64_t index, uint64_t *time_us,
                                   struct tn_error *error)
{
    struct tn_unpack unpack;
    tn_unpack_init(&unpack, entry);
    uint32_t items = tn_unpack_array(&unpack);
    (void) tn_unpack_uint(&unpack); /* version */
    (void) tn_unpack_uint(&unpack); /* kind */
    *time_us = tn_unpack_uint(&unpack);
    if (unpack.bad || items < 3) {
        *time_us = 0;
        return tn_fail(error, TN_CORRUPT, "entry %" PRIu64 ": it has no time", index);
    }
    return TN_OK;
}
