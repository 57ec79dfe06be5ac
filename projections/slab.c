/* Memory for many small pieces of few sizes. */
#include "projections/slab.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BLOCK_FIRST ((size_t) 64 << 10)
#define BLOCK_MAX ((size_t) 4 << 20)
#define HUGE_PAGE ((size_t) 2 << 20)

/* With the address sanitizer every piece is malloc's, so that it sees who touches a freed one. */
#if defined(__SANITIZE_ADDRESS__)
#define MALLOC_ONLY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MALLOC_ONLY 1
#endif
#endif
#ifndef MALLOC_ONLY
#define MALLOC_ONLY 0
#endif

struct tn_slab_piece {
    struct tn_slab_piece *next;
};

struct tn_slab_block {
    struct tn_slab_block *older;
    size_t size; /* of the whole block */
    alignas(max_align_t) uint8_t data[];
};

_Static_assert(sizeof(struct tn_slab_piece) <= TN_SLAB_STEP, "a free piece holds its link");

static size_t class_of(size_t size)
{
    return size == 0 ? 0 : (size - 1) / TN_SLAB_STEP;
}

/* A block larger than the one before, up to the largest. */
static struct tn_slab_block *grow(struct tn_slab *slab)
{
    size_t size = slab->blocks == NULL ? BLOCK_FIRST : slab->blocks->size * 4;
    bool huge = size >= HUGE_PAGE;

    size = size > BLOCK_MAX ? BLOCK_MAX : size;
    struct tn_slab_block *block = huge ? aligned_alloc(HUGE_PAGE, size) : malloc(size);
    if (block == NULL) {
        return NULL;
    }
    if (huge) {
        (void) madvise(block, size, MADV_HUGEPAGE); /* a wish: it works without */
    }
    block->older = slab->blocks;
    block->size = size;
    slab->blocks = block;
    slab->used = 0;
    return block;
}

void *tn_slab_alloc(struct tn_slab *slab, size_t size)
{
    if (MALLOC_ONLY || size > TN_SLAB_PIECE_MAX) {
        return malloc(size);
    }
    size_t number = class_of(size);
    struct tn_slab_piece *piece = slab->free[number];
    if (piece != NULL) {
        slab->free[number] = piece->next;
        return piece;
    }
    size_t bytes = (number + 1) * TN_SLAB_STEP;
    struct tn_slab_block *block = slab->blocks;
    if (block == NULL || bytes > block->size - sizeof(*block) - slab->used) {
        block = grow(slab);
        if (block == NULL) {
            return NULL;
        }
    }
    void *memory = block->data + slab->used;
    slab->used += bytes;
    return memory;
}

void tn_slab_free(struct tn_slab *slab, void *memory, size_t size)
{
    if (MALLOC_ONLY || size > TN_SLAB_PIECE_MAX) {
        free(memory);
        return;
    }
    struct tn_slab_piece *piece = memory;
    piece->next = slab->free[class_of(size)];
    slab->free[class_of(size)] = piece;
}

void tn_slab_close(struct tn_slab *slab)
{
    struct tn_slab_block *block = slab->blocks;

    while (block != NULL) {
        struct tn_slab_block *older = block->older;
        free(block);
        block = older;
    }
    *slab = (struct tn_slab){0};
}
