/* Full tiles in the order of their keys, which is the one in which a log completes them. */
#include <stdlib.h>
#include <string.h>

#include "ledger/log/log_internal.h"

struct tn_log_tiles {
    struct tn_iterator *iterator;
};

struct tn_log_tiles *tn_log_tiles_create(struct tn_log *log)
{
    struct tn_log_tiles *tiles = calloc(1, sizeof(*tiles));

    if (tiles != NULL) {
        tiles->iterator = tn_iterator_create(log->store, log->tree_family, NULL, true);
        tn_iterator_seek_first(tiles->iterator);
    }
    return tiles;
}

void tn_log_tiles_destroy(struct tn_log_tiles *tiles)
{
    if (tiles != NULL) {
        tn_iterator_destroy(tiles->iterator);
        free(tiles);
    }
}

bool tn_log_tiles_match(struct tn_log_tiles *tiles, unsigned level, uint64_t index,
                        const uint8_t hashes[static TN_TILE_BYTES])
{
    uint8_t wanted[TN_TILE_KEY_BYTES];
    bool match;

    if (tiles == NULL || !tn_iterator_valid(tiles->iterator)) {
        return false;
    }
    tn_log_tile_key(wanted, level, index);
    match = tn_bytes_equal(tn_iterator_key(tiles->iterator), tn_bytes(wanted, sizeof(wanted))) &&
            tn_bytes_equal(tn_iterator_value(tiles->iterator), tn_bytes(hashes, TN_TILE_BYTES));
    if (match) {
        tn_iterator_next(tiles->iterator);
    }
    return match;
}
