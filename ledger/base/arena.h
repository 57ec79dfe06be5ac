/* Memory that is freed all at once: one arena per request, decode or replay batch. */
#ifndef TN_LEDGER_BASE_ARENA_H
#define TN_LEDGER_BASE_ARENA_H

#include "ledger/base/bytes.h"

struct tn_arena_block;

struct tn_arena {
    struct tn_arena_block *blocks;
    size_t used;  /* bytes given out since the last reset, each piece rounded up */
    size_t limit; /* never more than this since the last reset */
};

void tn_arena_init(struct tn_arena *arena, size_t limit);
void tn_arena_close(struct tn_arena *arena);
/* As close, after wiping every block. */
void tn_arena_close_secret(struct tn_arena *arena);
/* Forget everything given out and keep the first block. */
void tn_arena_reset(struct tn_arena *arena);
/* As reset, after wiping what was given out. */
void tn_arena_reset_secret(struct tn_arena *arena);
/* Zeroed memory aligned for any type, or NULL when over the limit or out of memory. A size of zero
 * gives a valid pointer. */
void *tn_arena_alloc(struct tn_arena *arena, size_t size);
/* `count` zeroed items of `size` bytes; NULL also when the product overflows. */
void *tn_arena_array(struct tn_arena *arena, size_t count, size_t size);
/* A copy of `bytes`; data is NULL on failure when size is not zero. */
struct tn_bytes tn_arena_copy(struct tn_arena *arena, struct tn_bytes bytes);

#endif
