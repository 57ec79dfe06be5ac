/* Canonical msgpack: msgpack-c writes, a bounded cursor reads.
 *
 * The heads that the cursor knows (n big-endian; everything else is refused):
 *
 *     00..7f        uint 0..127            e0..ff        int -32..-1
 *     cc n8         uint 128..             d0 n8         int ..-33
 *     cd n16        uint 256..             d1 n16        int ..-129
 *     ce n32        uint 65536..           d2 n32        int ..-32769
 *     cf n64        uint 2^32..            d3 n64        int ..-2^31 - 1
 *     a0..bf        str of 0..31           c4 n8         bin of 0..
 *     d9 n8         str of 32..            c5 n16        bin of 256..
 *     da n16        str of 256..           c6 n32        bin of 65536..
 *     db n32        str of 65536..         c0            nil
 *     90..9f        array of 0..15         80..8f        map of 0..15
 *     dc n16        array of 16..          de n16        map of 16..
 *     dd n32        array of 65536..       df n32        map of 65536..
 */
#include "ledger/base/pack.h"

#include <msgpack/pack.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"

static int pack_write(void *data, const char *bytes, size_t size)
{
    tn_buffer_append(data, bytes, size);
    return 0;
}

static msgpack_packer packer_for(struct tn_buffer *out)
{
    return (msgpack_packer){.data = out, .callback = pack_write};
}

static bool is_printable(struct tn_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

void tn_pack_uint(struct tn_buffer *out, uint64_t value)
{
    msgpack_packer packer = packer_for(out);
    (void) msgpack_pack_uint64(&packer, value);
}

void tn_pack_int(struct tn_buffer *out, int64_t value)
{
    msgpack_packer packer = packer_for(out);
    (void) msgpack_pack_int64(&packer, value);
}

void tn_pack_nil(struct tn_buffer *out)
{
    msgpack_packer packer = packer_for(out);
    (void) msgpack_pack_nil(&packer);
}

void tn_pack_bin(struct tn_buffer *out, struct tn_bytes bytes)
{
    TN_CHECK(bytes.size <= UINT32_MAX);
    msgpack_packer packer = packer_for(out);
    (void) msgpack_pack_bin(&packer, bytes.size);
    tn_buffer_append_bytes(out, bytes);
}

void tn_pack_str(struct tn_buffer *out, struct tn_bytes text)
{
    TN_CHECK(text.size <= UINT32_MAX && is_printable(text));
    msgpack_packer packer = packer_for(out);
    (void) msgpack_pack_str(&packer, text.size);
    tn_buffer_append_bytes(out, text);
}

void tn_pack_array(struct tn_buffer *out, uint32_t count)
{
    msgpack_packer packer = packer_for(out);
    (void) msgpack_pack_array(&packer, count);
}

void tn_pack_map(struct tn_buffer *out, uint32_t count)
{
    msgpack_packer packer = packer_for(out);
    (void) msgpack_pack_map(&packer, count);
}

/* The head of one item: its type, its own size, and what its number means by type. */
struct head {
    enum tn_pack_type type;
    size_t size;
    uint64_t number; /* value of an uint, bits of an int, size of bin and str, count of items */
};

static const struct head head_bad = {.type = TN_PACK_BAD};

/* A big-endian number of 1 << power bytes after the first byte of a head. */
static bool number_read(const struct tn_unpack *unpack, unsigned power, uint64_t *number)
{
    *number = 0;
    size_t size = (size_t) 1 << power;
    if ((size_t) (unpack->end - unpack->at) < 1 + size) {
        return false;
    }
    const uint8_t *at = unpack->at + 1;
    for (size_t i = 0; i < size; i++) {
        *number = *number << 8 | at[i];
    }
    return true;
}

/* An item whose number follows in 1 << power bytes and must be at least `least`. */
static struct head head_long(const struct tn_unpack *unpack, enum tn_pack_type type, unsigned power,
                             uint64_t least)
{
    struct head head = {.type = type, .size = 1 + ((size_t) 1 << power)};
    if (!number_read(unpack, power, &head.number) || head.number < least) {
        return head_bad;
    }
    return head;
}

/* A negative number in 1 << power bytes that needs them all. */
static struct head head_negative(const struct tn_unpack *unpack, unsigned power, int64_t most)
{
    struct head head = {.type = TN_PACK_INT, .size = 1 + ((size_t) 1 << power)};
    if (!number_read(unpack, power, &head.number)) {
        return head_bad;
    }
    unsigned bits = 8u << power;
    if (bits < 64 && (head.number >> (bits - 1)) != 0) {
        head.number |= UINT64_MAX << bits;
    }
    return (int64_t) head.number <= most ? head : head_bad;
}

static struct head head_short(enum tn_pack_type type, uint64_t number)
{
    return (struct head){.type = type, .size = 1, .number = number};
}

static struct head head_of_first(const struct tn_unpack *unpack, uint8_t first)
{
    if (first <= 0x7f) {
        return head_short(TN_PACK_UINT, first);
    }
    if (first <= 0x8f) {
        return head_short(TN_PACK_MAP, first & 15u);
    }
    if (first <= 0x9f) {
        return head_short(TN_PACK_ARRAY, first & 15u);
    }
    if (first <= 0xbf) {
        return head_short(TN_PACK_STR, first & 31u);
    }
    if (first >= 0xe0) {
        return head_short(TN_PACK_INT, UINT64_MAX << 8 | first);
    }
    switch (first) {
    case 0xc0:
        return head_short(TN_PACK_NIL, 0);
    case 0xc4:
        return head_long(unpack, TN_PACK_BIN, 0, 0);
    case 0xc5:
        return head_long(unpack, TN_PACK_BIN, 1, 0x100);
    case 0xc6:
        return head_long(unpack, TN_PACK_BIN, 2, 0x10000);
    case 0xcc:
        return head_long(unpack, TN_PACK_UINT, 0, 0x80);
    case 0xcd:
        return head_long(unpack, TN_PACK_UINT, 1, 0x100);
    case 0xce:
        return head_long(unpack, TN_PACK_UINT, 2, 0x10000);
    case 0xcf:
        return head_long(unpack, TN_PACK_UINT, 3, 0x100000000);
    case 0xd0:
        return head_negative(unpack, 0, -33);
    case 0xd1:
        return head_negative(unpack, 1, -129);
    case 0xd2:
        return head_negative(unpack, 2, -32769);
    case 0xd3:
        return head_negative(unpack, 3, -2147483649);
    case 0xd9:
        return head_long(unpack, TN_PACK_STR, 0, 32);
    case 0xda:
        return head_long(unpack, TN_PACK_STR, 1, 0x100);
    case 0xdb:
        return head_long(unpack, TN_PACK_STR, 2, 0x10000);
    case 0xdc:
        return head_long(unpack, TN_PACK_ARRAY, 1, 16);
    case 0xdd:
        return head_long(unpack, TN_PACK_ARRAY, 2, 0x10000);
    case 0xde:
        return head_long(unpack, TN_PACK_MAP, 1, 16);
    case 0xdf:
        return head_long(unpack, TN_PACK_MAP, 2, 0x10000);
    default:
        return head_bad;
    }
}

/* The head at the cursor, bounded: what it announces fits into the bytes that follow it. */
static struct head head_read(const struct tn_unpack *unpack)
{
    if (unpack->bad) {
        return head_bad;
    }
    if (unpack->at == unpack->end) {
        return (struct head){.type = TN_PACK_END};
    }
    struct head head = head_of_first(unpack, *unpack->at);
    size_t left = (size_t) (unpack->end - unpack->at) - head.size;
    bool fits = true;
    if (head.type == TN_PACK_BIN || head.type == TN_PACK_STR || head.type == TN_PACK_ARRAY) {
        fits = head.number <= left;
    } else if (head.type == TN_PACK_MAP) {
        fits = head.number <= left / 2;
    }
    return fits ? head : head_bad;
}

void tn_unpack_init(struct tn_unpack *unpack, struct tn_bytes bytes)
{
    /* An empty view may have no address at all, and NULL + 0 is not arithmetic C knows. */
    static const uint8_t nothing[1];
    const uint8_t *start = bytes.size == 0 ? nothing : bytes.data;
    *unpack = (struct tn_unpack){.at = start, .end = start + bytes.size};
}

enum tn_pack_type tn_unpack_peek(const struct tn_unpack *unpack)
{
    return head_read(unpack).type;
}

/* Step over a head of the type wanted and give its number; bad when it is another. */
static uint64_t head_take(struct tn_unpack *unpack, enum tn_pack_type wanted)
{
    struct head head = head_read(unpack);
    if (head.type != wanted) {
        unpack->bad = true;
        return 0;
    }
    unpack->at += head.size;
    return head.number;
}

static struct tn_bytes content_take(struct tn_unpack *unpack, enum tn_pack_type wanted)
{
    size_t size = (size_t) head_take(unpack, wanted);
    if (unpack->bad) {
        return tn_bytes(NULL, 0);
    }
    struct tn_bytes content = tn_bytes(unpack->at, size);
    if (wanted == TN_PACK_STR && !is_printable(content)) {
        unpack->bad = true;
        return tn_bytes(NULL, 0);
    }
    unpack->at += size;
    return content;
}

uint64_t tn_unpack_uint(struct tn_unpack *unpack)
{
    return head_take(unpack, TN_PACK_UINT);
}

int64_t tn_unpack_int(struct tn_unpack *unpack)
{
    if (tn_unpack_peek(unpack) == TN_PACK_INT) {
        return (int64_t) head_take(unpack, TN_PACK_INT);
    }
    struct tn_unpack before = *unpack;
    uint64_t value = head_take(unpack, TN_PACK_UINT);
    if (value > INT64_MAX) {
        *unpack = before;
        unpack->bad = true;
        return 0;
    }
    return (int64_t) value;
}

void tn_unpack_nil(struct tn_unpack *unpack)
{
    (void) head_take(unpack, TN_PACK_NIL);
}

struct tn_bytes tn_unpack_bin(struct tn_unpack *unpack)
{
    return content_take(unpack, TN_PACK_BIN);
}

struct tn_bytes tn_unpack_str(struct tn_unpack *unpack)
{
    return content_take(unpack, TN_PACK_STR);
}

void tn_unpack_fixed(struct tn_unpack *unpack, uint8_t *out, size_t size)
{
    struct tn_bytes content = tn_unpack_bin(unpack);
    if (size == 0) {
        unpack->bad = unpack->bad || content.size != 0;
    } else if (unpack->bad || content.size != size) {
        unpack->bad = true;
        memset(out, 0, size);
    } else {
        memcpy(out, content.data, size);
    }
}

uint32_t tn_unpack_array(struct tn_unpack *unpack)
{
    return (uint32_t) head_take(unpack, TN_PACK_ARRAY);
}

uint32_t tn_unpack_map(struct tn_unpack *unpack)
{
    return (uint32_t) head_take(unpack, TN_PACK_MAP);
}

/* One open array or map of the item that is stepped over. */
struct level {
    uint64_t left; /* items still to come; of a map, keys and values */
    uint64_t key;  /* the last key of a map */
    bool is_map;
    bool has_key;
};

/* A key of a map: unsigned and above the one before. */
static void key_skip(struct tn_unpack *unpack, struct level *level)
{
    uint64_t key = tn_unpack_uint(unpack);
    if (level->has_key && key <= level->key) {
        unpack->bad = true;
    }
    level->key = key;
    level->has_key = true;
}

struct tn_bytes tn_unpack_skip(struct tn_unpack *unpack)
{
    const uint8_t *start = unpack->at;
    struct level levels[TN_PACK_DEPTH_MAX];
    size_t depth = 0;
    size_t maps = 0;
    do {
        if (depth > 0) {
            struct level *level = &levels[depth - 1];
            bool at_key = level->is_map && level->left % 2 == 0;
            level->left--;
            if (at_key) {
                key_skip(unpack, level);
                continue;
            }
        }
        enum tn_pack_type type = tn_unpack_peek(unpack);
        if (type == TN_PACK_ARRAY || type == TN_PACK_MAP) {
            uint64_t count = head_take(unpack, type);
            if (depth == TN_PACK_DEPTH_MAX) {
                unpack->bad = true;
            } else {
                bool is_map = type == TN_PACK_MAP;
                levels[depth++] =
                    (struct level){.left = is_map ? 2 * count : count, .is_map = is_map};
                maps += is_map ? 1 : 0;
            }
        } else if (type == TN_PACK_BIN || type == TN_PACK_STR) {
            (void) content_take(unpack, type);
        } else if (type == TN_PACK_UINT || type == TN_PACK_INT ||
                   (type == TN_PACK_NIL && maps == 0)) {
            (void) head_take(unpack, type);
        } else {
            unpack->bad = true;
        }
        while (depth > 0 && levels[depth - 1].left == 0) {
            maps -= levels[--depth].is_map ? 1 : 0;
        }
    } while (!unpack->bad && depth > 0);
    if (unpack->bad) {
        return tn_bytes(NULL, 0);
    }
    return tn_bytes(start, (size_t) (unpack->at - start));
}

bool tn_unpack_done(const struct tn_unpack *unpack)
{
    return !unpack->bad && unpack->at == unpack->end;
}
