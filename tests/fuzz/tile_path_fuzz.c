/* Tile paths: whatever parses is the one spelling of what it parses to. Bundles are bounded. */
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/log/tile.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_bytes bytes = tn_bytes(data, size);
    struct tn_bundle bundle = {.rest = bytes};
    struct tn_bytes entry;
    struct tn_tile tile;
    char path[TN_TILE_PATH_SIZE];
    size_t sum = 0;

    if (tn_tile_path_parse(bytes, &tile) == TN_OK) {
        tn_tile_path_format(&tile, path);
        TN_CHECK(tn_bytes_equal_string(bytes, path));
        (void) tn_tile_exists(&tile, UINT64_MAX);
        TN_CHECK(!tn_tile_exists(&tile, 0));
    }
    while (tn_bundle_next(&bundle, &entry) == TN_OK) {
        sum += 2 + entry.size;
        TN_CHECK(entry.data + entry.size <= data + size);
    }
    TN_CHECK(sum + bundle.rest.size == size);
    return 0;
}
