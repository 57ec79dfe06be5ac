/* Names of tiles, which tiles a log of some size has, and entry bundles (spec/log.md 3). Pure. */
#ifndef TN_LEDGER_LOG_TILE_H
#define TN_LEDGER_LOG_TILE_H

#include "ledger/log/tree.h"

/* One resource: the hash tile of a level, or an entry bundle. */
struct tn_tile {
    bool entries;   /* a bundle; level is then 0 */
    unsigned level; /* 0..63 */
    uint64_t index;
    unsigned width; /* 1..256; 256 is the full tile */
};

/* Longest path with its final zero: "tile/entries/" six groups ".p/255". */
#define TN_TILE_PATH_SIZE 64
/* Indices have at most six groups of three digits. */
#define TN_TILE_INDEX_MAX ((uint64_t) 999999999999999999)

/* "tile/0/x001/000.p/17", "tile/entries/000": no slash before. The tile is within its bounds. */
void tn_tile_path_format(const struct tn_tile *tile, char out[static TN_TILE_PATH_SIZE]);
/* The one spelling of a tile and no other: TN_INVALID for everything else, `*tile` zeroed. */
TN_MUST_USE enum tn_status tn_tile_path_parse(struct tn_bytes path, struct tn_tile *tile);

/* How many full tiles of `level` a log of `size` entries has (of bundles: level 0). */
uint64_t tn_tile_full_count(unsigned level, uint64_t size);
/* The width of the growing tile, whose index is the count of full ones; 0 when there is none. */
unsigned tn_tile_partial_width(unsigned level, uint64_t size);
/* Hashes that tile `index` of `level` has in a log of `size`: 0..256. */
unsigned tn_tile_width_at(unsigned level, uint64_t index, uint64_t size);
/* A log of `size` can serve it: the tile has at least that width. Prefixes of a tile that has grown
 * since are served too; nothing beyond `size` is. */
bool tn_tile_exists(const struct tn_tile *tile, uint64_t size);

/* ---- entry bundles: big-endian u16 length and bytes, one after the other ---- */

#define TN_BUNDLE_ENTRY_BYTES_MAX 65535u
#define TN_BUNDLE_BYTES_MAX ((size_t) TN_TILE_WIDTH * (2 + TN_BUNDLE_ENTRY_BYTES_MAX))

/* TN_INVALID when the entry is longer than its length field can say (nothing is appended); an
 * overflow of `out` shows at its owner's tn_buffer_status. */
TN_MUST_USE enum tn_status tn_bundle_append(struct tn_buffer *out, struct tn_bytes entry);

/* A cursor over a borrowed bundle: set `rest` to the whole of it. */
struct tn_bundle {
    struct tn_bytes rest;
};

/* The next entry, a view into the bundle. TN_NOT_FOUND: no more. TN_CORRUPT: the bytes end within
 * an entry. In both cases `*entry` is empty. */
TN_MUST_USE enum tn_status tn_bundle_next(struct tn_bundle *bundle, struct tn_bytes *entry);
/* The bytes that the first `count` entries take. TN_CORRUPT when there are fewer. */
TN_MUST_USE enum tn_status tn_bundle_prefix(struct tn_bytes bundle, uint64_t count, size_t *size);
/* TN_OK when `bundle` is exactly `count` entries and nothing behind them; TN_CORRUPT otherwise. */
TN_MUST_USE enum tn_status tn_bundle_check(struct tn_bytes bundle, uint64_t count);

#endif
