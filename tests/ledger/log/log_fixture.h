/* What the tests of the log share: a ledger in a temporary folder, entries that can be made again
 * from their index, and the tree as RFC 6962 defines it, computed the slow way. */
#ifndef TN_TESTS_LEDGER_LOG_LOG_FIXTURE_H
#define TN_TESTS_LEDGER_LOG_LOG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <cmocka.h>

#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/base/pack.h"
#include "ledger/log/log.h"
#include "tests/scratch.h"

/* A test says what a status means when it is not the expected one. */
#define assert_status(expression, expected, error)                                                 \
    do {                                                                                           \
        enum tn_status status_ = (expression);                                                     \
        if (status_ != (expected)) {                                                               \
            fail_msg("%s: %s instead of %s: %s", #expression, tn_status_name(status_),             \
                     tn_status_name(expected), (error)->text);                                     \
        }                                                                                          \
    } while (0)
#define assert_ok(expression, error) assert_status(expression, TN_OK, error)

struct fixture {
    char directory[SCRATCH_BYTES];
    struct tn_store *store;
    struct tn_log *log;
    struct tn_batch *batch;
    struct tn_error error;
};

static inline void fixture_open(struct fixture *f, const struct tn_store_options *options)
{
    assert_ok(tn_store_open(f->directory, options, &f->store, &f->error), &f->error);
    assert_ok(tn_log_open(f->store, &f->log, &f->error), &f->error);
}

static inline void fixture_init(struct fixture *f)
{
    *f = (struct fixture){0};
    scratch_make(f->directory);
    f->batch = tn_batch_create();
    fixture_open(f, &(struct tn_store_options){.create = true});
}

static inline void fixture_shut(struct fixture *f)
{
    tn_log_close(f->log);
    tn_store_close(f->store);
    f->log = NULL;
    f->store = NULL;
}

static inline void fixture_close(struct fixture *f)
{
    fixture_shut(f);
    tn_batch_destroy(f->batch);
    scratch_remove(f->directory);
}

static inline void fixture_reopen(struct fixture *f)
{
    fixture_shut(f);
    fixture_open(f, &(struct tn_store_options){0});
}

/* ---- entries ---- */

#define STREAM_COUNT 40u
#define KIND_COUNT 7u

static inline uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/* Some entries share an instant. */
static inline uint64_t entry_time(uint64_t index)
{
    return 1700000000000000u + (index / 3) * 1000;
}

static inline uint32_t entry_kind(uint64_t index)
{
    return (uint32_t) (mix(index) % KIND_COUNT);
}

static inline void stream_id(unsigned stream, uint8_t id[static TN_ID_SIZE])
{
    tn_put_be64(id, mix(stream));
    tn_put_be64(id + 8, mix(stream + 1000));
}

/* Stream 0 has every entry, the others about one in STREAM_COUNT. */
static inline unsigned entry_stream(uint64_t index)
{
    return 1 + (unsigned) (mix(index + 77) % (STREAM_COUNT - 1));
}

static inline void command_id(uint64_t index, uint8_t id[static TN_ID_SIZE])
{
    tn_put_be64(id, mix(index + 5000));
    tn_put_be64(id + 8, index);
}

static inline void entry_bytes(uint64_t index, struct tn_buffer *out)
{
    uint8_t id[TN_ID_SIZE];
    tn_buffer_reset(out);
    tn_pack_array(out, 7);
    tn_pack_uint(out, 1);
    tn_pack_uint(out, entry_kind(index));
    tn_pack_uint(out, entry_time(index));
    stream_id(entry_stream(index), id);
    tn_pack_array(out, 2);
    tn_pack_uint(out, 1);
    tn_pack_bin(out, tn_bytes(id, sizeof(id)));
    command_id(index, id);
    tn_pack_bin(out, tn_bytes(id, sizeof(id)));
    tn_pack_nil(out);
    tn_pack_map(out, 1);
    tn_pack_uint(out, 0);
    tn_pack_bin(out, tn_bytes(id, mix(index) % 16));
}

/* Entry i carries a command when i is even. */
static inline void make_entry(uint64_t index, struct tn_log_entry *entry, struct tn_buffer *bytes)
{
    entry_bytes(index, bytes);
    *entry = (struct tn_log_entry){.bytes = tn_buffer_view(bytes),
                                   .time_us = entry_time(index),
                                   .kind = entry_kind(index),
                                   .has_command = index % 2 == 0,
                                   .stream_count = 2};
    command_id(index, entry->command);
    stream_id(0, entry->streams[0]);
    stream_id(entry_stream(index), entry->streams[1]);
}

/* One frame of `count` entries behind the head. */
static inline enum tn_status append_frame(struct fixture *f, size_t count)
{
    struct tn_log_head head;
    struct tn_log_entry *entries = calloc(count, sizeof(*entries));
    struct tn_buffer *bytes = calloc(count, sizeof(*bytes));
    assert_non_null(entries);
    assert_non_null(bytes);
    tn_log_head(f->log, &head);
    for (size_t i = 0; i < count; i++) {
        tn_buffer_init(&bytes[i], 1024);
        make_entry(head.size + i, &entries[i], &bytes[i]);
    }
    tn_batch_reset(f->batch);
    enum tn_status status = tn_log_append(f->log, f->batch, entries, count, &f->error);
    for (size_t i = 0; i < count; i++) {
        tn_buffer_close(&bytes[i]);
    }
    free(bytes);
    free(entries);
    return status;
}

/* Frames of `frame` entries until the log holds `size`. */
static inline void append_until(struct fixture *f, uint64_t size, size_t frame)
{
    struct tn_log_head head;
    tn_log_head(f->log, &head);
    while (head.size < size) {
        size_t count = size - head.size < frame ? (size_t) (size - head.size) : frame;
        assert_ok(append_frame(f, count), &f->error);
        tn_log_head(f->log, &head);
    }
}

/* ---- the tree by its definition ---- */

/* MTH over `count` leaf hashes. */
static inline void naive_root(const uint8_t *leaves, uint64_t count, uint8_t root[static 32])
{
    if (count == 0) {
        tn_sha256(root, tn_bytes(NULL, 0));
        return;
    }
    if (count == 1) {
        memcpy(root, leaves, 32);
        return;
    }
    uint64_t split = 1;
    while (split * 2 < count) {
        split *= 2;
    }
    uint8_t left[32];
    uint8_t right[32];
    naive_root(leaves, split, left);
    naive_root(leaves + split * 32, count - split, right);
    tn_node_hash(root, left, right);
}

/* Leaf hashes of the first `count` entries; the caller frees them. */
static inline uint8_t *naive_leaves(uint64_t count)
{
    uint8_t *leaves = calloc(count + 1, 32);
    struct tn_buffer bytes;
    assert_non_null(leaves);
    tn_buffer_init(&bytes, 1024);
    for (uint64_t i = 0; i < count; i++) {
        entry_bytes(i, &bytes);
        tn_leaf_hash(leaves + i * 32, tn_buffer_view(&bytes));
    }
    tn_buffer_close(&bytes);
    return leaves;
}

#endif
