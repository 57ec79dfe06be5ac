/* All nodes of one tree in memory, for many paths in it: a frame's receipts, rows of a seal. Level
 * by level from the leaves up; a node without a neighbour moves up as it is, which gives the tree
 * of RFC 6962. Pure. */
#ifndef TN_LEDGER_LOG_LEVELS_H
#define TN_LEDGER_LOG_LEVELS_H

#include "ledger/base/bytes.h"

/* Nodes of a tree of `count` leaves, `count` at least 1: less than twice as many and 32. */
size_t tn_levels_nodes(size_t count);
/* `nodes` begins with the `count` leaf hashes and has room for all nodes: fill in the rest. Returns
 * the root, which lies in `nodes`. One node hash a leaf. */
const uint8_t *tn_levels_fill(uint8_t *nodes, size_t count);
/* The path of leaf `index`, deepest first; returns how many hashes it has. */
size_t tn_levels_path(const uint8_t *nodes, size_t count, size_t index, uint8_t *path);

#endif
