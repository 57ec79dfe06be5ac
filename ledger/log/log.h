/* The log: append a frame of entries with everything that must become durable with it; read entries
 * by index, stream, kind and time; tiles and checkpoints. On-disk format: ledger/FORMAT.md.
 *
 * The append side is one small table of functions (an engine), so that another engine than the
 * embedded one can commit frames one day. Nothing above it knows which engine runs. */
#ifndef TN_LEDGER_LOG_LOG_H
#define TN_LEDGER_LOG_LOG_H

#include "ledger/base/arena.h"
#include "ledger/log/frame.h" /* TN_FRAME_ENTRIES_MAX, TN_FRAME_BYTES_MAX, TN_ENTRY_BYTES_MAX */
#include "ledger/log/store.h"
#include "ledger/log/tree.h" /* TN_PROOF_HASHES_MAX */

#define TN_ENTRY_STREAMS_MAX 4

/* What the log must know of an entry to index it. */
struct tn_log_entry {
    struct tn_bytes bytes; /* canonical entry, without its length */
    uint64_t time_us;      /* as in the entry; never smaller than the one before */
    uint32_t kind;
    bool has_command; /* the first entry of its command: remembered in `commands` */
    uint8_t command[TN_ID_SIZE];
    uint8_t stream_count; /* ids under which the entry is found: registration, officer, port day */
    uint8_t streams[TN_ENTRY_STREAMS_MAX][TN_ID_SIZE];
};

struct tn_log_head {
    uint64_t size;         /* entries */
    uint64_t last_time_us; /* of the last entry; 0 when empty */
    uint8_t root[TN_HASH_SIZE];
};

struct tn_log;

/* Open the log of an open store: recompute the right edge of the tree from full tiles and the
 * newest entries, and refuse (TN_CORRUPT) when its root is not the one that was committed, when
 * frames and head do not meet, or when the published checkpoint is not a prefix of it. A writer
 * raises the term. TN_UNSUPPORTED: an on-disk format of a later program. */
TN_MUST_USE enum tn_status tn_log_open(struct tn_store *store, struct tn_log **log,
                                       struct tn_error *error);
void tn_log_close(struct tn_log *log);

/* Append `count` entries as one frame, in one synced write together with what `batch` holds already
 * (rows, sealed records, fingerprints). Fills the rest of the batch: frame, full tiles, command and
 * index rows, head. One thread (the committer). The batch is not reset.
 * TN_NO_SPACE  nothing was written; the log is as before and may be tried again
 * TN_IO        outcome unknown: the log is fail-stop until it is opened again */
TN_MUST_USE enum tn_status tn_log_append(struct tn_log *log, struct tn_batch *batch,
                                         const struct tn_log_entry *entries, size_t count,
                                         struct tn_error *error);

/* Leaf hashes of the last frame that tn_log_append committed, flat, `*count` of them: what receipts
 * are made from (spec/log.md 6). For the committer's thread; they live until its next append. */
const uint8_t *tn_log_frame_leaves(const struct tn_log *log, size_t *count);

/* Bulk loads that can start again (restore, simulate) may append TN_UNSYNCED and end with
 * tn_store_sync; the default is TN_SYNCED. A publication syncs what came before it. */
void tn_log_set_durability(struct tn_log *log, enum tn_durability durability);

/* Wait until the index of everything appended is in its files: for the end of a bulk load and for
 * measuring. Otherwise a thread does that by the way. */
TN_MUST_USE enum tn_status tn_log_settle(struct tn_log *log, struct tn_error *error);

/* What is committed, for any thread. */
void tn_log_head(struct tn_log *log, struct tn_log_head *head);

/* Beside a running writer (TN_STORE_SECONDARY): see what it has committed and published by now. The
 * new part of the tree is hashed here again; TN_CORRUPT when that leads to another root. One
 * thread; readers may go on. A no-op for the writer. */
TN_MUST_USE enum tn_status tn_log_refresh(struct tn_log *log, struct tn_error *error);

/* ---- reading; any thread; only committed entries ---- */

/* Copies one entry's bytes into the reset buffer. TN_NOT_FOUND beyond the head. */
TN_MUST_USE enum tn_status tn_log_read(struct tn_log *log, uint64_t index, struct tn_buffer *entry,
                                       struct tn_error *error);
/* Scans frames from `index` on: calls `each` with consecutive entries until `end` (exclusive) or
 * until it returns false. The view lives during the call. Sequential speed: millions a second. */
typedef bool tn_log_each(void *context, uint64_t index, struct tn_bytes entry);
TN_MUST_USE enum tn_status tn_log_scan(struct tn_log *log, uint64_t index, uint64_t end,
                                       tn_log_each *each, void *context, struct tn_error *error);
/* A scan that can rest: tn_log_cursor_scan goes on with the entry behind the last that `each` saw.
 * One thread at a time; at most what was committed when it was opened, which it keeps on the disk.
 */
struct tn_log_cursor;
TN_MUST_USE enum tn_status tn_log_cursor_open(struct tn_log *log, uint64_t index, uint64_t end,
                                              struct tn_log_cursor **cursor,
                                              struct tn_error *error);
TN_MUST_USE enum tn_status tn_log_cursor_scan(struct tn_log_cursor *cursor, tn_log_each *each,
                                              void *context, struct tn_error *error);
void tn_log_cursor_close(struct tn_log_cursor *cursor);
/* The index of the first event of a command. */
TN_MUST_USE enum tn_status tn_log_find_command(struct tn_log *log,
                                               const uint8_t command[static TN_ID_SIZE],
                                               uint64_t *index, bool *found,
                                               struct tn_error *error);
/* Up to `*count` indices of one stream, ascending from the first >= `from`, or (backwards)
 * descending from the last < `from`. */
TN_MUST_USE enum tn_status tn_log_read_stream(struct tn_log *log,
                                              const uint8_t stream[static TN_ID_SIZE],
                                              uint64_t from, bool backwards, uint64_t *indices,
                                              size_t *count, struct tn_error *error);
/* The same for all entries of one kind. */
TN_MUST_USE enum tn_status tn_log_read_kind(struct tn_log *log, uint32_t kind, uint64_t from,
                                            bool backwards, uint64_t *indices, size_t *count,
                                            struct tn_error *error);
/* How much the index can find: every entry has one kind, up to four streams, and the first of a
 * command's entries that command. Reads all of it; nobody appends meanwhile. */
struct tn_log_found {
    uint64_t kinds;
    uint64_t streams;
    uint64_t commands;
};
TN_MUST_USE enum tn_status tn_log_count_found(struct tn_log *log, struct tn_log_found *found,
                                              struct tn_error *error);
/* The first index whose time_us is at least `time_us` (the head's size when there is none). Within
 * a frame the times are read from the entries: TN_CORRUPT when one is not an array with a time. */
TN_MUST_USE enum tn_status tn_log_find_time(struct tn_log *log, uint64_t time_us, uint64_t *index,
                                            struct tn_error *error);

/* ---- the tree (spec/log.md 1, 3); any thread ---- */

/* The root over the first `size` entries (size <= head). */
TN_MUST_USE enum tn_status tn_log_root(struct tn_log *log, uint64_t size,
                                       uint8_t root[static TN_HASH_SIZE], struct tn_error *error);
/* Tile hashes of level and index, `width` of them (1..256), as bytes. TN_NOT_FOUND when the log of
 * `size` entries does not have that many there. */
TN_MUST_USE enum tn_status tn_log_tile(struct tn_log *log, uint64_t size, unsigned level,
                                       uint64_t index, unsigned width, struct tn_buffer *out,
                                       struct tn_error *error);
/* The stored full tiles one after the other, as a log completes them: a third of the time of asking
 * for each. NULL when there is no memory, which is fine for the others. One thread. */
struct tn_log_tiles;
struct tn_log_tiles *tn_log_tiles_create(struct tn_log *log);
void tn_log_tiles_destroy(struct tn_log_tiles *tiles);
/* True when the next one stored is this, with these hashes. False says nothing yet: tn_log_tile
 * gives what is stored for it. */
bool tn_log_tiles_match(struct tn_log_tiles *tiles, unsigned level, uint64_t index,
                        const uint8_t hashes[static TN_TILE_BYTES]);
/* Entry bundle of `width` entries from 256 * index on. */
TN_MUST_USE enum tn_status tn_log_bundle(struct tn_log *log, uint64_t size, uint64_t index,
                                         unsigned width, struct tn_buffer *out,
                                         struct tn_error *error);
/* Inclusion proof of `index` in the tree of `size`: `*count` hashes of 32 bytes into `proof`. */
TN_MUST_USE enum tn_status tn_log_prove_inclusion(struct tn_log *log, uint64_t index, uint64_t size,
                                                  uint8_t proof[static TN_PROOF_HASHES_MAX * 32],
                                                  size_t *count, struct tn_error *error);
TN_MUST_USE enum tn_status tn_log_prove_consistency(struct tn_log *log, uint64_t old_size,
                                                    uint64_t size,
                                                    uint8_t proof[static TN_PROOF_HASHES_MAX * 32],
                                                    size_t *count, struct tn_error *error);

/* ---- checkpoints (spec/log.md 4) ---- */

struct tn_signer; /* ledger/log/note.h */

/* Publish the committed head under the signer's name: sign, record (size, root, note) durably,
 * refusing a smaller size or another root for a published size, then make it visible. Nothing is
 * done when exactly this is published already. One thread (the publisher). TN_CONFLICT  the durable
 * record says that more, or something else, was published */
TN_MUST_USE enum tn_status tn_log_publish(struct tn_log *log, const struct tn_signer *signer,
                                          struct tn_error *error);
/* The same with a timed cosignature by `cosigner` (NULL: none) at `time_s`, seconds since 1970. */
TN_MUST_USE enum tn_status tn_log_publish_timed(struct tn_log *log, const struct tn_signer *signer,
                                                const struct tn_signer *cosigner, uint64_t time_s,
                                                struct tn_error *error);
/* The note that tn_log_publish_timed would publish now, and its size, with nothing published. */
TN_MUST_USE enum tn_status tn_log_sign_head(struct tn_log *log, const struct tn_signer *signer,
                                            const struct tn_signer *cosigner, uint64_t time_s,
                                            struct tn_buffer *note, uint64_t *size);
/* Add signature lines, which the caller has verified, to the published checkpoint of `size` entries
 * (tn_note_merge): durable, then visible. Any thread. TN_NOT_FOUND  another size is published
 * (meanwhile); nothing was changed */
TN_MUST_USE enum tn_status tn_log_add_signatures(struct tn_log *log, uint64_t size,
                                                 struct tn_bytes lines, struct tn_error *error);
/* Keep the newest checkpoint that enough witnesses have cosigned: what witnesses sign while newer
 * ones are published is readable all the same. TN_CONFLICT  a larger one is kept. Any thread. */
TN_MUST_USE enum tn_status tn_log_keep_cosigned(struct tn_log *log, struct tn_bytes note,
                                                struct tn_error *error);
/* That one (into the reset buffer) and its size; an empty note when there is none. */
TN_MUST_USE enum tn_status tn_log_cosigned(struct tn_log *log, struct tn_buffer *note,
                                           uint64_t *size, struct tn_error *error);
/* Publish a note that the caller has signed (with several keys) or that has gathered
 * cosignatures: its text must be a checkpoint of this log. A note for the published size replaces
 * the one before. TN_INVALID   not a note, or not a checkpoint of this log at its size TN_CONFLICT
 * as above; a later checkpoint was published meanwhile */
TN_MUST_USE enum tn_status tn_log_publish_note(struct tn_log *log, struct tn_bytes note,
                                               struct tn_error *error);
/* The newest published note (copied) and its size; size 0 and an empty note when none is yet. */
TN_MUST_USE enum tn_status tn_log_published(struct tn_log *log, struct tn_buffer *note,
                                            uint64_t *size, struct tn_error *error);

#endif
