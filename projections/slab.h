/* Memory for many small pieces of few sizes: rows of a cache. Private to the layer; one thread.
 *
 * Pieces come from large blocks, which the kernel is asked to back with huge pages: at some
 * hundred thousand rows most of the cost of finding one is address translation. Memory goes back
 * when the slab is closed; freed pieces are given out again before a block grows. */
#ifndef TN_PROJECTIONS_SLAB_H
#define TN_PROJECTIONS_SLAB_H

#include <stddef.h>

#define TN_SLAB_STEP ((size_t) 16)
/* Larger pieces are malloc's. */
#define TN_SLAB_PIECE_MAX ((size_t) 1024)

struct tn_slab_block;
struct tn_slab_piece;

struct tn_slab {
    struct tn_slab_block *blocks; /* the newest first */
    size_t used;                  /* bytes given out of the newest */
    struct tn_slab_piece *free[TN_SLAB_PIECE_MAX / TN_SLAB_STEP];
};

/* A zeroed slab is empty. Pieces are aligned for pointers; NULL when there is no memory. */
void *tn_slab_alloc(struct tn_slab *slab, size_t size);
/* `size` as it was asked for. */
void tn_slab_free(struct tn_slab *slab, void *piece, size_t size);
/* Gives all blocks back; pieces larger than TN_SLAB_PIECE_MAX were freed before. */
void tn_slab_close(struct tn_slab *slab);
/* What a piece of `size` takes. */
static inline size_t tn_slab_bytes(size_t size)
{
    return size > TN_SLAB_PIECE_MAX ? size + TN_SLAB_STEP
                                    : (size + TN_SLAB_STEP - 1) / TN_SLAB_STEP * TN_SLAB_STEP;
}

#endif
