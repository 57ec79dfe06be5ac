/* Frames: the entries of one commit under one key, and how they are read without trusting them.
 * Pure. */
#ifndef TN_LEDGER_LOG_FRAME_H
#define TN_LEDGER_LOG_FRAME_H

#include "ledger/base/buffer.h"

/* Limits of one frame: a commit of the desk never grows past them. */
#define TN_FRAME_ENTRIES_MAX 65535u
#define TN_FRAME_BYTES_MAX ((size_t) 32 << 20)
#define TN_ENTRY_BYTES_MAX 65535u

#define TN_FRAME_HEADER_BYTES 56
#define TN_FRAME_ID_SIZE 16

struct tn_frame_header {
    uint64_t first_index;
    uint32_t count;         /* 1..TN_FRAME_ENTRIES_MAX */
    uint64_t first_time_us; /* of its first and its last entry */
    uint64_t last_time_us;
    uint64_t term; /* of the writer that appended it */
    /* The first bytes of the tree's root after this frame: names the frame and all before it, so
     * that a writer who got no answer can see whether its frame is the one that is there. */
    uint8_t id[TN_FRAME_ID_SIZE];
};

/* Encoding: start, add every entry, finish. Room for the header is left by start, since its id is
 * known last. The owner asks tn_buffer_status at the end. */
void tn_frame_start(struct tn_buffer *out);
/* TN_INVALID when the entry is longer than TN_ENTRY_BYTES_MAX. */
TN_MUST_USE enum tn_status tn_frame_add(struct tn_buffer *out, struct tn_bytes entry);
void tn_frame_finish(struct tn_buffer *out, const struct tn_frame_header *header);

/* A frame that is read: entries come one by one, as views into the borrowed bytes. */
struct tn_frame {
    struct tn_frame_header header;
    struct tn_bytes entries; /* all of them with their lengths: a slice of an entry bundle */
    uint64_t next_index;     /* of the entry that tn_frame_next gives */
    struct tn_bytes rest;
};

/* Check the header and that the frame was stored under `first_index`.
 * TN_CORRUPT      not a frame, or of another place; the words name the index
 * TN_UNSUPPORTED  a frame version that this program does not know */
TN_MUST_USE enum tn_status tn_frame_open(struct tn_frame *frame, uint64_t first_index,
                                         struct tn_bytes bytes, struct tn_error *error);
/* The next entry. TN_NOT_FOUND after the last, TN_CORRUPT when bytes are missing or left over. */
TN_MUST_USE enum tn_status tn_frame_next(struct tn_frame *frame, struct tn_bytes *entry,
                                         struct tn_error *error);
/* Step to entry `index` of this frame, so that tn_frame_next gives it. */
TN_MUST_USE enum tn_status tn_frame_seek(struct tn_frame *frame, uint64_t index,
                                         struct tn_error *error);
/* The time_us of an entry: third item of its array (spec/log.md 2). */
TN_MUST_USE enum tn_status tn_frame_entry_time(struct tn_bytes entry, uint64_t index,
                                               uint64_t *time_us, struct tn_error *error);

#endif
