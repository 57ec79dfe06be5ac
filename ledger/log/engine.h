/* The seam between the log and what makes its frames durable: one table of functions. Nothing above
 * it knows which engine runs.
 *
 * Answers to `append`:
 *   TN_OK           durable, and the batch is applied on this node
 *   TN_CONFLICT     another index was expected                        nothing was written
 *   TN_FENCED       a newer term owns the log                         nothing was written
 *   TN_NO_SPACE     no room on this node                              nothing was written
 *   TN_UNKNOWN      no answer: ask for the head, compare frame ids, then retry
 *   TN_IO           as UNKNOWN, and the engine is fail-stop until it is opened again
 *   TN_UNAVAILABLE  not now                                           nothing was written
 *   TN_FULL         the engine's own limit                            nothing was written
 *   TN_CORRUPT      what is stored contradicts itself
 * `read` may also answer TN_TRIMMED (older than what the engine keeps) and TN_NOT_FOUND (beyond the
 * head). The index is the ledger's own, never an engine's revision. */
#ifndef TN_LEDGER_LOG_ENGINE_H
#define TN_LEDGER_LOG_ENGINE_H

#include "ledger/log/frame.h"
#include "ledger/log/store.h"

struct tn_log_engine;

struct tn_log_engine_head {
    uint64_t size;
    uint64_t last_time_us;
    uint64_t term; /* under which the last frame was appended; 0 when there is none */
    uint8_t root[TN_HASH_SIZE];
};

/* One frame and what becomes visible with it. Everything is borrowed. */
struct tn_log_engine_frame {
    struct tn_bytes bytes; /* as ledger/log/frame.h encodes it */
    uint32_t count;
    uint64_t last_time_us;
    const uint8_t *root;    /* of the tree after it */
    struct tn_batch *batch; /* rows of this node; the engine adds its own to it */
};

/* Receives frames in order; false ends the subscription. */
typedef bool tn_log_engine_each(void *context, struct tn_bytes frame);

struct tn_log_engine_table {
    /* Become the writer: a term higher than any before, durable before it is used. */
    enum tn_status (*acquire)(struct tn_log_engine *engine, uint64_t *term, struct tn_error *error);
    enum tn_status (*append)(struct tn_log_engine *engine, uint64_t term, uint64_t expected_index,
                             const struct tn_log_engine_frame *frame, enum tn_durability durability,
                             struct tn_error *error);
    enum tn_status (*head)(struct tn_log_engine *engine, struct tn_log_engine_head *head,
                           struct tn_error *error);
    /* The frame that holds entry `index`. */
    enum tn_status (*read)(struct tn_log_engine *engine, uint64_t index, struct tn_buffer *frame,
                           struct tn_error *error);
    /* Frames from `index` on, as other writers append them. */
    enum tn_status (*subscribe)(struct tn_log_engine *engine, uint64_t index,
                                tn_log_engine_each *each, void *context, struct tn_error *error);
    /* Forget frames below `index`, which every node has by now. */
    enum tn_status (*trim)(struct tn_log_engine *engine, uint64_t index, struct tn_error *error);
    void (*close)(struct tn_log_engine *engine);
};

/* The first member of every engine. */
struct tn_log_engine {
    const struct tn_log_engine_table *table;
};

/* The embedded engine: a synced RocksDB write under the store's file lock; fail-stop on an I/O
 * error. The only writer is this process, so `subscribe` and `trim` answer TN_UNSUPPORTED: there is
 * nobody to hear from, and the log family is the history itself. One thread for acquire and append,
 * any for head and read. */
TN_MUST_USE enum tn_status tn_log_engine_embedded_open(struct tn_store *store,
                                                       struct tn_log_engine **engine,
                                                       struct tn_error *error);
/* For ledger/log/remake.c: `head` as the entries give it, put into `batch` when no head is stored,
 * its term when a lower one is; TN_CORRUPT when another head is. */
TN_MUST_USE enum tn_status tn_log_engine_embedded_remake(struct tn_store *store,
                                                         struct tn_batch *batch,
                                                         const struct tn_log_engine_head *head,
                                                         struct tn_error *error);

#endif
