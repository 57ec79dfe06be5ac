/* Reading entries: by index, in order, by command, stream, kind and time; entry bundles. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/endian.h"
#include "ledger/log/log_internal.h"

/* From here on a scan reads far ahead and leaves the block cache to those who come back. */
#define LONG_SCAN_ENTRIES 16384u

struct tn_log_cursor {
    struct tn_iterator *iterator; /* NULL: nothing to scan */
    struct tn_frame frame;
    uint64_t index; /* of the entry that comes next */
    uint64_t end;
};

static enum tn_status cursor_init(struct tn_log_cursor *cursor, struct tn_log *log, uint64_t index,
                                  uint64_t end, struct tn_error *error);
static enum tn_status seek_frame(struct tn_iterator *iterator, uint64_t index,
                                 struct tn_frame *frame, struct tn_error *error);
static enum tn_status open_frame(const struct tn_iterator *iterator, struct tn_frame *frame,
                                 struct tn_error *error);
static enum tn_status beyond_head(uint64_t index, uint64_t size, struct tn_error *error);
static uint64_t head_size(struct tn_log *log);

enum tn_status tn_log_read(struct tn_log *log, uint64_t index, struct tn_buffer *out,
                           struct tn_error *error)
{
    tn_buffer_reset(out);
    uint64_t size = head_size(log);
    if (index >= size) {
        return beyond_head(index, size, error);
    }
    struct tn_iterator *iterator = tn_iterator_create(log->store, log->log, NULL, false);
    struct tn_frame frame;
    struct tn_bytes entry;
    enum tn_status status = seek_frame(iterator, index, &frame, error);
    if (status == TN_OK) {
        status = tn_frame_seek(&frame, index, error);
    }
    if (status == TN_OK) {
        status = tn_frame_next(&frame, &entry, error);
    }
    if (status == TN_OK) {
        tn_buffer_append_bytes(out, entry);
        status = tn_buffer_status(out);
    }
    tn_iterator_destroy(iterator);
    return status;
}

enum tn_status tn_log_scan(struct tn_log *log, uint64_t index, uint64_t end, tn_log_each *each,
                           void *context, struct tn_error *error)
{
    uint64_t size = head_size(log);
    return tn_log_scan_frames(log, index, end < size ? end : size, each, context, error);
}

enum tn_status tn_log_scan_frames(struct tn_log *log, uint64_t index, uint64_t end,
                                  tn_log_each *each, void *context, struct tn_error *error)
{
    struct tn_log_cursor cursor;
    enum tn_status status = TN_OK;

    if (index < end) {
        status = cursor_init(&cursor, log, index, end, error);
        if (status == TN_OK) {
            status = tn_log_cursor_scan(&cursor, each, context, error);
        }
        tn_iterator_destroy(cursor.iterator);
    }
    return status;
}

static enum tn_status cursor_init(struct tn_log_cursor *cursor, struct tn_log *log, uint64_t index,
                                  uint64_t end, struct tn_error *error)
{
    *cursor = (struct tn_log_cursor){.index = index, .end = end};
    cursor->iterator =
        tn_iterator_create(log->store, log->log, NULL, end - index > LONG_SCAN_ENTRIES);
    enum tn_status status = seek_frame(cursor->iterator, index, &cursor->frame, error);
    return status == TN_OK ? tn_frame_seek(&cursor->frame, index, error) : status;
}

enum tn_status tn_log_cursor_open(struct tn_log *log, uint64_t index, uint64_t end,
                                  struct tn_log_cursor **out, struct tn_error *error)
{
    uint64_t size = head_size(log);
    struct tn_log_cursor *cursor = calloc(1, sizeof(*cursor));
    enum tn_status status = TN_OK;

    *out = NULL;
    if (cursor == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory to read the log");
    }
    end = end < size ? end : size;
    if (index < end) {
        status = cursor_init(cursor, log, index, end, error);
    }
    if (status != TN_OK) {
        tn_log_cursor_close(cursor);
        return status;
    }
    *out = cursor;
    return TN_OK;
}

void tn_log_cursor_close(struct tn_log_cursor *cursor)
{
    if (cursor != NULL) {
        tn_iterator_destroy(cursor->iterator);
        free(cursor);
    }
}

enum tn_status tn_log_cursor_scan(struct tn_log_cursor *cursor, tn_log_each *each, void *context,
                                  struct tn_error *error)
{
    struct tn_bytes entry;
    bool more = cursor->index < cursor->end;
    enum tn_status status = TN_OK;

    while (status == TN_OK && more) {
        status = tn_frame_next(&cursor->frame, &entry, error);
        if (status == TN_OK) {
            more = each(context, cursor->index, entry);
            cursor->index++;
            more = more && cursor->index < cursor->end;
        } else if (status == TN_NOT_FOUND) {
            tn_iterator_next(cursor->iterator);
            status = open_frame(cursor->iterator, &cursor->frame, error);
            if (status == TN_OK && cursor->frame.header.first_index != cursor->index) {
                status = tn_fail(error, TN_CORRUPT, "entry %" PRIu64 ": the frames have a gap here",
                                 cursor->index);
            }
        }
    }
    return status;
}

enum tn_status tn_log_find_command(struct tn_log *log, const uint8_t command[static TN_ID_SIZE],
                                   uint64_t *index, bool *found, struct tn_error *error)
{
    uint64_t size = head_size(log);
    enum tn_status status = tn_index_find_command(log->index, command, index, found, error);
    if (*index >= size) { /* the index is a step ahead of what is shown */
        *found = false;
        *index = 0;
    }
    return status;
}

enum tn_status tn_log_read_stream(struct tn_log *log, const uint8_t stream[static TN_ID_SIZE],
                                  uint64_t from, bool backwards, uint64_t *indices, size_t *count,
                                  struct tn_error *error)
{
    struct tn_index_key key = tn_index_stream_key(stream);
    return tn_index_read(log->index, &key, from, head_size(log), backwards, indices, count, error);
}

enum tn_status tn_log_read_kind(struct tn_log *log, uint32_t kind, uint64_t from, bool backwards,
                                uint64_t *indices, size_t *count, struct tn_error *error)
{
    struct tn_index_key key = tn_index_kind_key(kind);
    return tn_index_read(log->index, &key, from, head_size(log), backwards, indices, count, error);
}

/* The first entry of `frame` at or after `time_us`; it has one. */
static enum tn_status find_in_frame(struct tn_frame *frame, uint64_t time_us, uint64_t *index,
                                    struct tn_error *error)
{
    struct tn_bytes entry;
    enum tn_status status = TN_OK;
    do {
        uint64_t at_us = 0;
        *index = frame->next_index;
        status = tn_frame_next(frame, &entry, error);
        if (status == TN_NOT_FOUND) {
            status = tn_fail(error, TN_CORRUPT, "entry %" PRIu64 ": its frame says it is later",
                             *index - 1);
        }
        if (status == TN_OK) {
            status = tn_frame_entry_time(entry, *index, &at_us, error);
        }
        if (status == TN_OK && at_us >= time_us) {
            return TN_OK;
        }
    } while (status == TN_OK);
    *index = 0;
    return status;
}

/* Times never fall, so frames are searched by halves of the index space. */
enum tn_status tn_log_find_time(struct tn_log *log, uint64_t time_us, uint64_t *index,
                                struct tn_error *error)
{
    uint64_t low = 0;
    uint64_t high = head_size(log);
    *index = 0;
    struct tn_iterator *iterator = tn_iterator_create(log->store, log->log, NULL, false);
    enum tn_status status = TN_OK;
    while (status == TN_OK && low < high) {
        struct tn_frame frame;
        status = seek_frame(iterator, low + (high - low) / 2, &frame, error);
        if (status != TN_OK) {
            break;
        }
        if (frame.header.last_time_us < time_us) {
            low = frame.header.first_index + frame.header.count;
        } else if (frame.header.first_time_us >= time_us) {
            high = frame.header.first_index;
        } else {
            status = find_in_frame(&frame, time_us, &low, error);
            high = low;
        }
    }
    tn_iterator_destroy(iterator);
    if (status == TN_OK) {
        *index = low;
    }
    return status;
}

static bool add_to_bundle(void *context, uint64_t index, struct tn_bytes entry)
{
    (void) index;
    return tn_bundle_append((struct tn_buffer *) context, entry) == TN_OK;
}

enum tn_status tn_log_bundle(struct tn_log *log, uint64_t size, uint64_t index, unsigned width,
                             struct tn_buffer *out, struct tn_error *error)
{
    tn_buffer_reset(out);
    struct tn_tile tile = {.entries = true, .index = index, .width = width};
    if (size > head_size(log) || width == 0 || width > TN_TILE_WIDTH ||
        !tn_tile_exists(&tile, size)) {
        return tn_fail(error, TN_NOT_FOUND,
                       "a log of %" PRIu64 " entries has no bundle %" PRIu64 " of width %u", size,
                       index, width);
    }
    uint64_t first = index * TN_TILE_WIDTH;
    enum tn_status status =
        tn_log_scan_frames(log, first, first + width, add_to_bundle, out, error);
    if (status == TN_OK) {
        status = tn_buffer_status(out);
    }
    if (status != TN_OK) {
        tn_buffer_reset(out);
    }
    return status;
}

/* The frame that holds entry `index`, which is below the head. */
static enum tn_status seek_frame(struct tn_iterator *iterator, uint64_t index,
                                 struct tn_frame *frame, struct tn_error *error)
{
    uint8_t key[8];
    tn_put_be64(key, index);
    tn_iterator_seek_for_prev(iterator, tn_bytes(key, sizeof(key)));
    enum tn_status status = open_frame(iterator, frame, error);
    if (status == TN_OK && index - frame->header.first_index >= frame->header.count) {
        status = tn_fail(error, TN_CORRUPT, "entry %" PRIu64 ": no frame holds it", index);
    }
    return status;
}

static enum tn_status open_frame(const struct tn_iterator *iterator, struct tn_frame *frame,
                                 struct tn_error *error)
{
    *frame = (struct tn_frame){0};
    enum tn_status status = tn_iterator_status(iterator, error);
    if (status != TN_OK) {
        return status;
    }
    if (!tn_iterator_valid(iterator)) {
        return tn_fail(error, TN_CORRUPT, "frames are missing at the end of the log");
    }
    struct tn_bytes key = tn_iterator_key(iterator);
    if (key.size != 8) {
        return tn_fail(error, TN_CORRUPT, "a frame's key has %zu bytes", key.size);
    }
    return tn_frame_open(frame, tn_get_be64(key.data), tn_iterator_value(iterator), error);
}

static enum tn_status beyond_head(uint64_t index, uint64_t size, struct tn_error *error)
{
    return tn_fail(error, TN_NOT_FOUND,
                   "the log has %" PRIu64 " entries, there is no entry %" PRIu64, size, index);
}

static uint64_t head_size(struct tn_log *log)
{
    struct tn_log_head head;
    tn_log_head(log, &head);
    return head.size;
}
