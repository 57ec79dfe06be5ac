/* Memory that is freed all at once. */
#include "ledger/base/arena.h"

#include <sodium.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"

/* Blocks double up to the large size; a request that is larger has a block of its own. */
#define BLOCK_FIRST ((size_t) 4096)
#define BLOCK_LARGE ((size_t) 1024 * 1024)
#define ALIGNMENT alignof(max_align_t)

struct tn_arena_block {
    struct tn_arena_block *older;
    size_t size;
    size_t used;
    alignas(max_align_t) uint8_t data[];
};

_Static_assert((ALIGNMENT & (ALIGNMENT - 1)) == 0, "rounding needs a power of two");

void tn_arena_init(struct tn_arena *arena, size_t limit)
{
    *arena = (struct tn_arena){.limit = limit};
}

void tn_arena_close(struct tn_arena *arena)
{
    struct tn_arena_block *block = arena->blocks;
    while (block != NULL) {
        struct tn_arena_block *older = block->older;
        free(block);
        block = older;
    }
    *arena = (struct tn_arena){.limit = arena->limit};
}

void tn_arena_close_secret(struct tn_arena *arena)
{
    for (struct tn_arena_block *block = arena->blocks; block != NULL; block = block->older) {
        sodium_memzero(block->data, block->size);
    }
    tn_arena_close(arena);
}

void tn_arena_reset(struct tn_arena *arena)
{
    struct tn_arena_block *block = arena->blocks;
    while (block != NULL && block->older != NULL) {
        struct tn_arena_block *older = block->older;
        free(block);
        block = older;
    }
    if (block != NULL) {
        block->used = 0;
    }
    arena->blocks = block;
    arena->used = 0;
}

void tn_arena_reset_secret(struct tn_arena *arena)
{
    for (struct tn_arena_block *block = arena->blocks; block != NULL; block = block->older) {
        sodium_memzero(block->data, block->used);
    }
    tn_arena_reset(arena);
}

/* A new newest block with room for `size` bytes, or NULL. */
static struct tn_arena_block *arena_grow(struct tn_arena *arena, size_t size)
{
    size_t room = BLOCK_FIRST;
    if (arena->blocks != NULL) {
        room = arena->blocks->size < BLOCK_LARGE ? arena->blocks->size * 2 : BLOCK_LARGE;
    }
    if (room < size) {
        room = size;
    }
    if (room > SIZE_MAX - sizeof(struct tn_arena_block)) {
        return NULL;
    }
    struct tn_arena_block *block = malloc(sizeof(*block) + room);
    if (block != NULL) {
        *block = (struct tn_arena_block){.older = arena->blocks, .size = room};
        arena->blocks = block;
    }
    return block;
}

void *tn_arena_alloc(struct tn_arena *arena, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT) {
        return NULL;
    }
    /* What is given out counts rounded, so that many small pieces cannot pass the limit unseen. */
    size_t rounded = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (rounded == 0) {
        rounded = ALIGNMENT;
    }
    if (rounded > arena->limit - arena->used) {
        return NULL;
    }
    struct tn_arena_block *block = arena->blocks;
    if (block == NULL || rounded > block->size - block->used) {
        block = arena_grow(arena, rounded);
        if (block == NULL) {
            return NULL;
        }
    }
    uint8_t *memory = block->data + block->used;
    block->used += rounded;
    arena->used += rounded;
    TN_CHECK(block->used <= block->size && arena->used <= arena->limit);
    return memset(memory, 0, rounded);
}

void *tn_arena_array(struct tn_arena *arena, size_t count, size_t size)
{
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) {
        return NULL;
    }
    return tn_arena_alloc(arena, total);
}

struct tn_bytes tn_arena_copy(struct tn_arena *arena, struct tn_bytes bytes)
{
    uint8_t *copy = tn_arena_alloc(arena, bytes.size);
    if (copy == NULL) {
        return tn_bytes(NULL, 0);
    }
    if (bytes.size != 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return tn_bytes(copy, bytes.size);
}
