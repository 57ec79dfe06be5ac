/* All nodes of one tree. */
#include "ledger/log/levels.h"

#include <string.h>

#include "ledger/base/hash.h"

size_t tn_levels_nodes(size_t count)
{
    size_t nodes = count;

    for (; count > 1; nodes += count) {
        count = (count + 1) / 2;
    }
    return nodes;
}

const uint8_t *tn_levels_fill(uint8_t *nodes, size_t count)
{
    uint8_t *level = nodes;

    for (size_t width = count; width > 1; width = (width + 1) / 2) {
        uint8_t *above = level + width * TN_HASH_SIZE;

        for (size_t i = 0; i + 1 < width; i += 2) {
            tn_node_hash(above + i / 2 * TN_HASH_SIZE, level + i * TN_HASH_SIZE,
                         level + (i + 1) * TN_HASH_SIZE);
        }
        if (width % 2 == 1) {
            memcpy(above + width / 2 * TN_HASH_SIZE, level + (width - 1) * TN_HASH_SIZE,
                   TN_HASH_SIZE);
        }
        level = above;
    }
    return level;
}

size_t tn_levels_path(const uint8_t *nodes, size_t count, size_t index, uint8_t *path)
{
    const uint8_t *level = nodes;
    size_t hashes = 0;

    for (size_t width = count; width > 1; width = (width + 1) / 2) {
        size_t beside = index ^ 1;

        if (beside < width) {
            memcpy(path + hashes++ * TN_HASH_SIZE, level + beside * TN_HASH_SIZE, TN_HASH_SIZE);
        }
        level += width * TN_HASH_SIZE;
        index /= 2;
    }
    return hashes;
}
