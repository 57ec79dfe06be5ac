/* Canonical msgpack (spec/log.md 2): msgpack-c writes, a bounded cursor reads.
 *
 * Canonical: shortest integers, no floats, no ext, no nil inside bodies, str is printable ASCII,
 * bin for bytes. Every reading function rejects what is not canonical, so that decode then encode
 * gives the same bytes. Counts are bounded by the bytes left before anything is reserved. */
#ifndef TN_LEDGER_BASE_PACK_H
#define TN_LEDGER_BASE_PACK_H

#include "ledger/base/buffer.h"

#define TN_PACK_DEPTH_MAX 16

/* Writers append one item to `out`; over its limit the buffer says so at the end. */
void tn_pack_uint(struct tn_buffer *out, uint64_t value);
void tn_pack_int(struct tn_buffer *out, int64_t value);
void tn_pack_nil(struct tn_buffer *out);
void tn_pack_bin(struct tn_buffer *out, struct tn_bytes bytes);
/* `text` is printable ASCII: checked, for it is ours. */
void tn_pack_str(struct tn_buffer *out, struct tn_bytes text);
void tn_pack_array(struct tn_buffer *out, uint32_t count);
void tn_pack_map(struct tn_buffer *out, uint32_t count);

enum tn_pack_type {
    TN_PACK_END = 0, /* nothing left */
    TN_PACK_BAD,     /* not canonical msgpack */
    TN_PACK_NIL,
    TN_PACK_UINT,
    TN_PACK_INT, /* negative only */
    TN_PACK_BIN,
    TN_PACK_STR,
    TN_PACK_ARRAY,
    TN_PACK_MAP,
};

/* A cursor over borrowed bytes. After a failed read it stays `bad` and all later reads fail, so a
 * decoder may read a whole record and ask once. */
struct tn_unpack {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

void tn_unpack_init(struct tn_unpack *unpack, struct tn_bytes bytes);
/* The type of the next item without reading it. */
enum tn_pack_type tn_unpack_peek(const struct tn_unpack *unpack);
uint64_t tn_unpack_uint(struct tn_unpack *unpack);
/* Any integer that fits, of either sign. */
int64_t tn_unpack_int(struct tn_unpack *unpack);
void tn_unpack_nil(struct tn_unpack *unpack);
/* A view into the bytes that are read. */
struct tn_bytes tn_unpack_bin(struct tn_unpack *unpack);
struct tn_bytes tn_unpack_str(struct tn_unpack *unpack);
/* Copies a bin of exactly `size` bytes; zeroes `out` and goes bad otherwise. */
void tn_unpack_fixed(struct tn_unpack *unpack, uint8_t *out, size_t size);
/* The number of items; bad when it is larger than the bytes that are left could hold. */
uint32_t tn_unpack_array(struct tn_unpack *unpack);
uint32_t tn_unpack_map(struct tn_unpack *unpack);
/* Step over one whole item of any type, checking that it is canonical (map keys: ascending unsigned
 * integers; no nil inside a map) and at most TN_PACK_DEPTH_MAX arrays and maps deep; the view of
 * its bytes. */
struct tn_bytes tn_unpack_skip(struct tn_unpack *unpack);
/* True when everything was read and nothing was bad. */
bool tn_unpack_done(const struct tn_unpack *unpack);

#endif
