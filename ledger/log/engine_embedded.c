/* The embedded engine. Family `log`: BE64 first index -> frame. Family `meta`, big-endian:
 *
 *   "term"   8 bytes: the highest term that was acquired
 *   "head"   offset size
 *                 0    8  size of the log
 *                 8    8  time_us of the last entry
 *                16    8  term under which the last frame was appended
 *                24   32  root of the tree */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/log/engine.h"

#define HEAD_BYTES 56
#define TERM_BYTES 8

struct embedded {
    struct tn_log_engine engine;
    struct tn_store *store;
    struct tn_family *log;
    struct tn_family *meta;
    uint64_t term;
    uint64_t size; /* as committed; only the writer uses it */
};

static enum tn_status embedded_acquire(struct tn_log_engine *engine, uint64_t *term,
                                       struct tn_error *error);
static enum tn_status embedded_append(struct tn_log_engine *engine, uint64_t term,
                                      uint64_t expected_index,
                                      const struct tn_log_engine_frame *frame,
                                      enum tn_durability durability, struct tn_error *error);
static enum tn_status embedded_head(struct tn_log_engine *engine, struct tn_log_engine_head *head,
                                    struct tn_error *error);
static enum tn_status embedded_read(struct tn_log_engine *engine, uint64_t index,
                                    struct tn_buffer *frame, struct tn_error *error);
static enum tn_status embedded_subscribe(struct tn_log_engine *engine, uint64_t index,
                                         tn_log_engine_each *each, void *context,
                                         struct tn_error *error);
static enum tn_status embedded_trim(struct tn_log_engine *engine, uint64_t index,
                                    struct tn_error *error);
static void embedded_close(struct tn_log_engine *engine);
static struct embedded *embedded_of(struct tn_log_engine *engine);
static enum tn_status stored_term(const struct embedded *embedded, uint64_t *term,
                                  struct tn_error *error);
static void term_put(struct tn_batch *batch, struct tn_family *meta, uint64_t term);
static void head_put(struct tn_batch *batch, struct tn_family *meta,
                     const struct tn_log_engine_head *head);

static const struct tn_log_engine_table embedded_table = {
    .acquire = embedded_acquire,
    .append = embedded_append,
    .head = embedded_head,
    .read = embedded_read,
    .subscribe = embedded_subscribe,
    .trim = embedded_trim,
    .close = embedded_close,
};

enum tn_status tn_log_engine_embedded_open(struct tn_store *store, struct tn_log_engine **out,
                                           struct tn_error *error)
{
    *out = NULL;
    struct embedded *embedded = calloc(1, sizeof(*embedded));
    if (embedded == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for the log's engine");
    }
    embedded->engine.table = &embedded_table;
    embedded->store = store;
    enum tn_status status = tn_store_family(store, "log", false, &embedded->log, error);
    if (status == TN_OK) {
        status = tn_store_family(store, "meta", false, &embedded->meta, error);
    }
    struct tn_log_engine_head head;
    if (status == TN_OK) {
        status = embedded_head(&embedded->engine, &head, error);
    }
    if (status != TN_OK) {
        free(embedded);
        return status;
    }
    embedded->size = head.size;
    *out = &embedded->engine;
    return TN_OK;
}

static enum tn_status embedded_acquire(struct tn_log_engine *engine, uint64_t *term,
                                       struct tn_error *error)
{
    struct embedded *embedded = embedded_of(engine);
    struct tn_batch *batch = tn_batch_create();
    uint64_t last = 0;
    enum tn_status status = stored_term(embedded, &last, error);

    *term = 0;
    if (status == TN_OK) {
        term_put(batch, embedded->meta, last + 1);
        status = tn_store_write(embedded->store, batch, TN_SYNCED, error);
    }
    if (status == TN_OK) {
        embedded->term = last + 1;
        *term = last + 1;
    }
    tn_batch_destroy(batch);
    return status;
}

/* 0: none was acquired yet. */
static enum tn_status stored_term(const struct embedded *embedded, uint64_t *term,
                                  struct tn_error *error)
{
    struct tn_buffer value;
    bool found = false;

    *term = 0;
    tn_buffer_init(&value, TERM_BYTES);
    enum tn_status status = tn_store_get(embedded->store, embedded->meta, NULL,
                                         tn_bytes_from_string("term"), &value, &found, error);
    if (status == TN_OK && found && value.size != TERM_BYTES) {
        status = tn_fail(error, TN_CORRUPT, "the log's term has %zu bytes", value.size);
    } else if (status == TN_OK && found) {
        *term = tn_get_be64(value.data);
    }
    tn_buffer_close(&value);
    return status;
}

static void term_put(struct tn_batch *batch, struct tn_family *meta, uint64_t term)
{
    uint8_t bytes[TERM_BYTES];

    tn_put_be64(bytes, term);
    tn_batch_put(batch, meta, tn_bytes_from_string("term"), tn_bytes(bytes, sizeof(bytes)));
}

static enum tn_status embedded_append(struct tn_log_engine *engine, uint64_t term,
                                      uint64_t expected_index,
                                      const struct tn_log_engine_frame *frame,
                                      enum tn_durability durability, struct tn_error *error)
{
    struct embedded *embedded = embedded_of(engine);
    if (term == 0 || term != embedded->term) {
        return tn_fail(error, TN_FENCED, "term %" PRIu64 " does not own the log, %" PRIu64 " does",
                       term, embedded->term);
    }
    if (expected_index != embedded->size) {
        return tn_fail(error, TN_CONFLICT, "the log holds %" PRIu64 " entries, not %" PRIu64,
                       embedded->size, expected_index);
    }
    uint8_t key[8];
    struct tn_log_engine_head head = {
        .size = expected_index + frame->count, .last_time_us = frame->last_time_us, .term = term};
    tn_put_be64(key, expected_index);
    memcpy(head.root, frame->root, TN_HASH_SIZE);
    tn_batch_put(frame->batch, embedded->log, tn_bytes(key, sizeof(key)), frame->bytes);
    head_put(frame->batch, embedded->meta, &head);
    enum tn_status status = tn_store_write(embedded->store, frame->batch, durability, error);
    if (status == TN_OK) {
        embedded->size += frame->count;
    }
    return status;
}

static void head_put(struct tn_batch *batch, struct tn_family *meta,
                     const struct tn_log_engine_head *head)
{
    uint8_t bytes[HEAD_BYTES];
    tn_put_be64(bytes, head->size);
    tn_put_be64(bytes + 8, head->last_time_us);
    tn_put_be64(bytes + 16, head->term);
    memcpy(bytes + 24, head->root, TN_HASH_SIZE);
    tn_batch_put(batch, meta, tn_bytes_from_string("head"), tn_bytes(bytes, sizeof(bytes)));
}

enum tn_status tn_log_engine_embedded_remake(struct tn_store *store, struct tn_batch *batch,
                                             const struct tn_log_engine_head *head,
                                             struct tn_error *error)
{
    struct tn_log_engine_head before;
    struct tn_log_engine *engine = NULL;
    enum tn_status status = tn_log_engine_embedded_open(store, &engine, error);
    if (status != TN_OK) {
        return status;
    }
    struct tn_family *meta = embedded_of(engine)->meta;
    uint64_t term = 0;
    status = embedded_head(engine, &before, error);
    if (status == TN_OK) {
        status = stored_term(embedded_of(engine), &term, error);
    }
    embedded_close(engine);
    if (status == TN_OK && before.size != 0 &&
        (before.size != head->size || memcmp(before.root, head->root, TN_HASH_SIZE) != 0)) {
        status = tn_fail(error, TN_CORRUPT,
                         "the %" PRIu64 " entries that are there do not lead to the root that was "
                         "committed for %" PRIu64 "; restore from an archive",
                         head->size, before.size);
    }
    if (status != TN_OK || head->size == 0) {
        return status;
    }
    if (term < head->term) {
        term_put(batch, meta, head->term);
    }
    if (before.size == 0) {
        head_put(batch, meta, head);
    }
    return TN_OK;
}

static enum tn_status embedded_head(struct tn_log_engine *engine, struct tn_log_engine_head *head,
                                    struct tn_error *error)
{
    struct embedded *embedded = embedded_of(engine);
    *head = (struct tn_log_engine_head){0};
    struct tn_buffer value;
    tn_buffer_init(&value, HEAD_BYTES);
    bool found = false;
    enum tn_status status = tn_store_get(embedded->store, embedded->meta, NULL,
                                         tn_bytes_from_string("head"), &value, &found, error);
    if (status == TN_OK && !found) {
        tn_sha256(head->root, tn_bytes(NULL, 0));
    } else if (status == TN_OK && value.size != HEAD_BYTES) {
        status = tn_fail(error, TN_CORRUPT, "the log's head has %zu bytes", value.size);
    } else if (status == TN_OK) {
        head->size = tn_get_be64(value.data);
        head->last_time_us = tn_get_be64(value.data + 8);
        head->term = tn_get_be64(value.data + 16);
        memcpy(head->root, value.data + 24, TN_HASH_SIZE);
    } else if (status == TN_FULL) {
        status = tn_fail(error, TN_CORRUPT, "the log's head is longer than %d bytes", HEAD_BYTES);
    }
    tn_buffer_close(&value);
    return status;
}

static enum tn_status embedded_read(struct tn_log_engine *engine, uint64_t index,
                                    struct tn_buffer *out, struct tn_error *error)
{
    struct embedded *embedded = embedded_of(engine);
    tn_buffer_reset(out);
    uint8_t key[8];
    tn_put_be64(key, index);
    struct tn_iterator *iterator = tn_iterator_create(embedded->store, embedded->log, NULL, false);
    tn_iterator_seek_for_prev(iterator, tn_bytes(key, sizeof(key)));
    enum tn_status status = tn_iterator_status(iterator, error);
    struct tn_frame frame;
    if (status == TN_OK && !tn_iterator_valid(iterator)) {
        status = tn_fail(error, TN_NOT_FOUND, "no frame holds entry %" PRIu64, index);
    }
    if (status == TN_OK) {
        struct tn_bytes at = tn_iterator_key(iterator);
        status = at.size == 8 ? tn_frame_open(&frame, tn_get_be64(at.data),
                                              tn_iterator_value(iterator), error)
                              : tn_fail(error, TN_CORRUPT, "a frame's key has %zu bytes", at.size);
    }
    if (status == TN_OK && index - frame.header.first_index >= frame.header.count) {
        status = tn_fail(error, TN_NOT_FOUND, "no frame holds entry %" PRIu64, index);
    }
    if (status == TN_OK) {
        tn_buffer_append_bytes(out, tn_iterator_value(iterator));
        status = tn_buffer_status(out);
    }
    tn_iterator_destroy(iterator);
    return status;
}

static enum tn_status embedded_subscribe(struct tn_log_engine *engine, uint64_t index,
                                         tn_log_engine_each *each, void *context,
                                         struct tn_error *error)
{
    (void) engine;
    (void) index;
    (void) each;
    (void) context;
    return tn_fail(error, TN_UNSUPPORTED, "the embedded engine has no other writer to hear from");
}

static enum tn_status embedded_trim(struct tn_log_engine *engine, uint64_t index,
                                    struct tn_error *error)
{
    (void) engine;
    (void) index;
    return tn_fail(error, TN_UNSUPPORTED, "the embedded engine keeps the whole log");
}

static void embedded_close(struct tn_log_engine *engine)
{
    free(embedded_of(engine));
}

static struct embedded *embedded_of(struct tn_log_engine *engine)
{
    return TN_CONTAINER_OF(engine, struct embedded, engine);
}
