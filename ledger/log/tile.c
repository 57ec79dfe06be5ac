/* Tile paths and entry bundles.
 *
 *     tile/<L>/<N>[.p/<W>]         L 0..63            no leading zero
 *     tile/entries/<N>[.p/<W>]     N groups of three  all but the last prefixed by x, shortest form
 *                                  W 1..255           no leading zero; absent for a full tile
 *     bundle: { u16 length, bytes }, big-endian */
#include "ledger/log/tile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/log/lines.h"

#define LEVEL_MAX 63u
#define GROUPS_MAX 6

static bool take_small(struct tn_bytes *rest, unsigned least, unsigned most, unsigned *value);
static bool take_index(struct tn_bytes *rest, uint64_t *index);

void tn_tile_path_format(const struct tn_tile *tile, char out[static TN_TILE_PATH_SIZE])
{
    unsigned groups[GROUPS_MAX];
    unsigned count = 0;
    uint64_t rest = tile->index;
    size_t at = 0;

    TN_CHECK(tile->level <= LEVEL_MAX && tile->index <= TN_TILE_INDEX_MAX);
    TN_CHECK(tile->width >= 1 && tile->width <= TN_TILE_WIDTH);
    TN_CHECK(!tile->entries || tile->level == 0);
    do {
        groups[count++] = (unsigned) (rest % 1000);
        rest /= 1000;
    } while (rest > 0);
    if (tile->entries) {
        at += (size_t) snprintf(out, TN_TILE_PATH_SIZE, "tile/entries/");
    } else {
        at += (size_t) snprintf(out, TN_TILE_PATH_SIZE, "tile/%u/", tile->level);
    }
    while (count-- > 0) {
        at += (size_t) snprintf(out + at, TN_TILE_PATH_SIZE - at, count > 0 ? "x%03u/" : "%03u",
                                groups[count]);
    }
    if (tile->width < TN_TILE_WIDTH) {
        at += (size_t) snprintf(out + at, TN_TILE_PATH_SIZE - at, ".p/%u", tile->width);
    }
    TN_CHECK(at < TN_TILE_PATH_SIZE);
}

enum tn_status tn_tile_path_parse(struct tn_bytes path, struct tn_tile *tile)
{
    struct tn_tile read = {.width = TN_TILE_WIDTH};

    memset(tile, 0, sizeof(*tile));
    if (!tn_prefix_take(&path, "tile/")) {
        return TN_INVALID;
    }
    read.entries = tn_prefix_take(&path, "entries/");
    if (!read.entries &&
        (!take_small(&path, 0, LEVEL_MAX, &read.level) || !tn_prefix_take(&path, "/"))) {
        return TN_INVALID;
    }
    if (!take_index(&path, &read.index)) {
        return TN_INVALID;
    }
    if (tn_prefix_take(&path, ".p/") && !take_small(&path, 1, TN_TILE_WIDTH - 1, &read.width)) {
        return TN_INVALID;
    }
    if (path.size != 0) {
        return TN_INVALID;
    }
    *tile = read;
    return TN_OK;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* A decimal of at most three digits without leading zero. */
static bool take_small(struct tn_bytes *rest, unsigned least, unsigned most, unsigned *value)
{
    size_t digits = 0;
    unsigned sum = 0;

    while (digits < rest->size && digits < 4 && is_digit(rest->data[digits])) {
        sum = sum * 10 + (unsigned) (rest->data[digits++] - '0');
    }
    if (digits == 0 || (digits > 1 && rest->data[0] == '0') || sum < least || sum > most) {
        return false;
    }
    *rest = tn_bytes(rest->data + digits, rest->size - digits);
    *value = sum;
    return true;
}

static bool take_index(struct tn_bytes *rest, uint64_t *index)
{
    uint64_t sum = 0;

    for (unsigned group = 0; group < GROUPS_MAX; group++) {
        bool more = tn_prefix_take(rest, "x");

        if (rest->size < 3 || !is_digit(rest->data[0]) || !is_digit(rest->data[1]) ||
            !is_digit(rest->data[2])) {
            return false;
        }
        sum = sum * 1000 + (uint64_t) (rest->data[0] - '0') * 100 +
              (uint64_t) (rest->data[1] - '0') * 10 + (uint64_t) (rest->data[2] - '0');
        *rest = tn_bytes(rest->data + 3, rest->size - 3);
        if (!more) {
            *index = sum;
            return true;
        }
        /* A first group of zeros would be a second spelling of the same number. */
        if (sum == 0 || !tn_prefix_take(rest, "/")) {
            return false;
        }
    }
    return false;
}

uint64_t tn_tile_full_count(unsigned level, uint64_t size)
{
    return level < TN_TREE_LEVELS - 1 ? size >> (TN_TILE_HEIGHT * (level + 1)) : 0;
}

unsigned tn_tile_partial_width(unsigned level, uint64_t size)
{
    return level < TN_TREE_LEVELS ? (unsigned) (size >> (TN_TILE_HEIGHT * level)) % TN_TILE_WIDTH
                                  : 0;
}

unsigned tn_tile_width_at(unsigned level, uint64_t index, uint64_t size)
{
    uint64_t full = tn_tile_full_count(level, size);

    if (index < full) {
        return TN_TILE_WIDTH;
    }
    return index == full ? tn_tile_partial_width(level, size) : 0;
}

bool tn_tile_exists(const struct tn_tile *tile, uint64_t size)
{
    return tile->width >= 1 && tile->width <= tn_tile_width_at(tile->level, tile->index, size);
}

/* ---- bundles ---- */

enum tn_status tn_bundle_append(struct tn_buffer *out, struct tn_bytes entry)
{
    if (entry.size > TN_BUNDLE_ENTRY_BYTES_MAX) {
        return TN_INVALID;
    }
    tn_buffer_append_be16(out, (uint16_t) entry.size);
    tn_buffer_append_bytes(out, entry);
    return TN_OK;
}

enum tn_status tn_bundle_next(struct tn_bundle *bundle, struct tn_bytes *entry)
{
    const uint8_t *at = bundle->rest.data;
    size_t left = bundle->rest.size;
    size_t size;

    *entry = tn_bytes(NULL, 0);
    if (left == 0) {
        return TN_NOT_FOUND;
    }
    if (left < 2) {
        return TN_CORRUPT;
    }
    size = tn_get_be16(at);
    if (left - 2 < size) {
        return TN_CORRUPT;
    }
    *entry = tn_bytes(at + 2, size);
    bundle->rest = tn_bytes(at + 2 + size, left - 2 - size);
    return TN_OK;
}

enum tn_status tn_bundle_prefix(struct tn_bytes bundle, uint64_t count, size_t *size)
{
    struct tn_bundle cursor = {.rest = bundle};
    struct tn_bytes entry;

    *size = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (tn_bundle_next(&cursor, &entry) != TN_OK) {
            return TN_CORRUPT;
        }
    }
    *size = bundle.size - cursor.rest.size;
    return TN_OK;
}

enum tn_status tn_bundle_check(struct tn_bytes bundle, uint64_t count)
{
    size_t size;
    enum tn_status status = tn_bundle_prefix(bundle, count, &size);

    if (status == TN_OK && size != bundle.size) {
        status = TN_CORRUPT;
    }
    return status;
}
