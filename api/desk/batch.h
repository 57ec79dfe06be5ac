/* A batch of the desk: what gathers while the one before it is being synced. */
#ifndef TN_API_DESK_BATCH_H
#define TN_API_DESK_BATCH_H

#include "api/desk/desk.h"

/* A command whose events are in this batch, for a retry that comes before they are durable. */
struct tn_desk_pending {
    uint8_t command[TN_ID_SIZE];
    uint8_t fingerprint[TN_FINGERPRINT_SIZE];
    enum tn_refusal refusal; /* a refusal that was recorded */
    uint32_t first;          /* its first entry in the batch */
    uint32_t count;
    uint32_t next; /* in its bucket; UINT32_MAX: last */
};

#define TN_DESK_BUCKETS 4096u

/* Owned by the desk's thread while it gathers, by the committer's while in flight. */
struct tn_desk_batch {
    struct tn_batch *writes;
    struct tn_buffer bytes; /* entries, one after the other */
    struct tn_log_entry *entries;
    size_t *offsets; /* of each entry in `bytes`, which may move while it grows */
    size_t entry_count;
    size_t entry_capacity;
    struct tn_desk_pending *pending;
    size_t pending_count;
    size_t pending_capacity;
    uint32_t buckets[TN_DESK_BUCKETS];
    struct tn_desk_request *first;
    struct tn_desk_request *last;
    size_t request_count;
    uint64_t number; /* from 1, in the order of commits */
    uint64_t engine_generation;
    uint64_t overlay_generation;
    enum tn_status status;
};

TN_MUST_USE enum tn_status tn_desk_batch_init(struct tn_desk_batch *batch);
void tn_desk_batch_close(struct tn_desk_batch *batch);
void tn_desk_batch_reset(struct tn_desk_batch *batch);
bool tn_desk_batch_is_empty(const struct tn_desk_batch *batch);
/* No more commands: of entries, of their bytes, of what was sealed with them, or of who waits. */
bool tn_desk_batch_is_full(const struct tn_desk_batch *batch);
/* Memory for one more command to remember, so that remembering it cannot fail once it is folded. */
TN_MUST_USE enum tn_status tn_desk_batch_reserve(struct tn_desk_batch *batch);

/* Append one event's bytes and what the log indexes of it. `first` of its command. */
TN_MUST_USE enum tn_status tn_desk_batch_add(struct tn_desk_batch *batch,
                                             const struct tn_event *event, bool first);
/* Back to so many entries of so many bytes: what was added since then was not folded. */
void tn_desk_batch_cut(struct tn_desk_batch *batch, size_t entries, size_t bytes);
/* Remember the last `count` entries as those of a command; room was reserved. */
void tn_desk_batch_remember(struct tn_desk_batch *batch, const struct tn_desk_request *request,
                            uint32_t count);
const struct tn_desk_pending *tn_desk_batch_find(const struct tn_desk_batch *batch,
                                                 const uint8_t command[static TN_ID_SIZE]);
/* Copy entries into a request's answer, u16 length and bytes each. */
void tn_desk_batch_copy(const struct tn_desk_batch *batch, uint32_t first, uint32_t count,
                        struct tn_buffer *out);
/* Let the request be answered when this batch is durable. */
void tn_desk_batch_attach(struct tn_desk_batch *batch, struct tn_desk_request *request);
/* Point the entries at their bytes: nothing is added any more. */
void tn_desk_batch_seal(struct tn_desk_batch *batch);

#endif
