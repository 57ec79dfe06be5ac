/* The fast half of the codec: the common heads of ledger/base/pack.h read in place, and msgpack-c
 * writing into a piece of stack that is copied out when it is full. Whatever is not common, and
 * every error, goes through the functions of pack.h: they alone say what is canonical. Private to
 * the folder. */
#ifndef TN_LEDGER_EVENT_CODEC_INTERNAL_H
#define TN_LEDGER_EVENT_CODEC_INTERNAL_H

#include <msgpack/pack.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/event/record.h"

/* ---- reading ---- */

static inline size_t read_left(const struct tn_unpack *unpack)
{
    return unpack->bad ? 0 : (size_t) (unpack->end - unpack->at);
}

static inline uint64_t read_uint(struct tn_unpack *unpack)
{
    const uint8_t *at = unpack->at;
    size_t left = read_left(unpack);

    if (left > 0 && at[0] <= 0x7f) {
        unpack->at += 1;
        return at[0];
    }
    if (left > 2 && at[0] == 0xcd && at[1] != 0) {
        unpack->at += 3;
        return tn_get_be16(at + 1);
    }
    if (left > 8 && at[0] == 0xcf && tn_get_be32(at + 1) != 0) {
        unpack->at += 9;
        return tn_get_be64(at + 1);
    }
    return tn_unpack_uint(unpack);
}

/* A bin of exactly `size` bytes, below 256. */
static inline void read_fixed(struct tn_unpack *unpack, uint8_t *out, size_t size)
{
    const uint8_t *at = unpack->at;

    if (read_left(unpack) >= 2 + size && at[0] == 0xc4 && at[1] == size) {
        memcpy(out, at + 2, size);
        unpack->at += 2 + size;
    } else {
        tn_unpack_fixed(unpack, out, size);
    }
}

static inline uint32_t read_array(struct tn_unpack *unpack)
{
    const uint8_t *at = unpack->at;
    size_t left = read_left(unpack);

    if (left > 0 && at[0] >= 0x90 && at[0] <= 0x9f && (at[0] & 15u) < left) {
        unpack->at += 1;
        return at[0] & 15u;
    }
    return tn_unpack_array(unpack);
}

static inline uint32_t read_map(struct tn_unpack *unpack)
{
    const uint8_t *at = unpack->at;
    size_t left = read_left(unpack);

    if (left > 0 && at[0] >= 0x80 && at[0] <= 0x8f && 2 * (at[0] & 15u) < left) {
        unpack->at += 1;
        return at[0] & 15u;
    }
    return tn_unpack_map(unpack);
}

/* True, and one step on, when a nil comes next. */
static inline bool read_nil(struct tn_unpack *unpack)
{
    if (read_left(unpack) > 0 && unpack->at[0] == 0xc0) {
        unpack->at += 1;
        return true;
    }
    return false;
}

static inline bool is_zero_id(const uint8_t *id)
{
    uint64_t half[2];

    memcpy(half, id, sizeof(half));
    return (half[0] | half[1]) == 0;
}

static inline bool is_zero_hash(const uint8_t *hash)
{
    return is_zero_id(hash) && is_zero_id(hash + TN_ID_SIZE);
}

_Static_assert(TN_ID_SIZE == 16 && TN_HASH_SIZE == 32, "read as two and as four words");

/* ---- writing ---- */

/* Large enough for nearly every entry, small enough for every stack. */
#define TN_PIECE_SIZE 512

struct tn_piece {
    struct tn_buffer *out;
    size_t size;
    uint8_t bytes[TN_PIECE_SIZE];
};

static inline void piece_flush(struct tn_piece *piece)
{
    tn_buffer_append(piece->out, piece->bytes, piece->size);
    piece->size = 0;
}

/* The callback of msgpack-c, which writes heads of one to nine bytes; known at compile time, so
 * that it is inlined there. */
static inline int piece_write(void *data, const char *bytes, size_t size)
{
    struct tn_piece *piece = data;

    if (size > TN_PIECE_SIZE - piece->size) {
        piece_flush(piece);
        if (size > TN_PIECE_SIZE) {
            tn_buffer_append(piece->out, bytes, size);
            return 0;
        }
    }
    if (size > 0) { /* memcpy takes no NULL, not even for a size of zero */
        memcpy(piece->bytes + piece->size, bytes, size);
        piece->size += size;
    }
    return 0;
}

static inline msgpack_packer piece_packer(struct tn_piece *piece)
{
    return (msgpack_packer){.data = piece, .callback = piece_write};
}

static inline void write_uint(struct tn_piece *piece, uint64_t value)
{
    msgpack_packer packer = piece_packer(piece);
    (void) msgpack_pack_uint64(&packer, value);
}

static inline void write_int(struct tn_piece *piece, int64_t value)
{
    msgpack_packer packer = piece_packer(piece);
    (void) msgpack_pack_int64(&packer, value);
}

static inline void write_nil(struct tn_piece *piece)
{
    msgpack_packer packer = piece_packer(piece);
    (void) msgpack_pack_nil(&packer);
}

static inline void write_array(struct tn_piece *piece, size_t count)
{
    msgpack_packer packer = piece_packer(piece);
    (void) msgpack_pack_array(&packer, count);
}

static inline void write_map(struct tn_piece *piece, size_t count)
{
    msgpack_packer packer = piece_packer(piece);
    (void) msgpack_pack_map(&packer, count);
}

static inline void write_raw(struct tn_piece *piece, struct tn_bytes bytes)
{
    (void) piece_write(piece, (const char *) bytes.data, bytes.size);
}

static inline void write_bin(struct tn_piece *piece, struct tn_bytes bytes)
{
    msgpack_packer packer = piece_packer(piece);
    (void) msgpack_pack_bin(&packer, bytes.size);
    write_raw(piece, bytes);
}

static inline void write_str(struct tn_piece *piece, struct tn_bytes text)
{
    msgpack_packer packer = piece_packer(piece);
    (void) msgpack_pack_str(&packer, text.size);
    write_raw(piece, text);
}

/* The map of `value`, into a piece that the caller flushes at the end. */
void tn_record_write(const struct tn_record *record, const void *value, struct tn_piece *piece);

/* ---- JSON ---- */

void tn_json_uint(uint64_t value, struct tn_buffer *out);
void tn_json_hex(const void *data, size_t size, struct tn_buffer *out);

#endif
