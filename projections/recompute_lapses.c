/* Open offers in the order in which they lapse. The rows hold that order too, but looking for its
 * first row after every answer to an offer would keep all rows of the queue sorted. */
#include <stdlib.h>
#include <string.h>

#include "projections/keys.h"
#include "projections/recompute_internal.h"

static bool before(const struct tn_lapse_item *a, const struct tn_lapse_item *b)
{
    return a->deadline_us != b->deadline_us ? a->deadline_us < b->deadline_us
                                            : memcmp(a->offer, b->offer, TN_ID_SIZE) < 0;
}

static void swap(struct tn_lapse_item *a, struct tn_lapse_item *b)
{
    struct tn_lapse_item kept = *a;

    *a = *b;
    *b = kept;
}

enum tn_status tn_lapse_heap_add(struct tn_lapse_heap *heap, uint64_t deadline_us,
                                 const uint8_t offer[static TN_ID_SIZE], struct tn_error *error)
{
    struct tn_lapse_item *items = heap->items;
    size_t at = heap->count;

    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity > 0 ? heap->capacity * 2 : 1024;

        items = realloc(heap->items, capacity * sizeof(*items));
        if (items == NULL) {
            return tn_fail(error, TN_MEMORY, "no memory for open offers");
        }
        heap->items = items;
        heap->capacity = capacity;
    }
    items[at].deadline_us = deadline_us;
    memcpy(items[at].offer, offer, TN_ID_SIZE);
    heap->count++;
    for (; at > 0 && before(&items[at], &items[(at - 1) / 2]); at = (at - 1) / 2) {
        swap(&items[at], &items[(at - 1) / 2]);
    }
    return TN_OK;
}

static void take_first(struct tn_lapse_heap *heap)
{
    struct tn_lapse_item *items = heap->items;
    size_t at = 0;

    items[0] = items[--heap->count];
    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap->count; child++) {
            least = before(&items[child], &items[least]) ? child : least;
        }
        if (least == at) {
            return;
        }
        swap(&items[at], &items[least]);
        at = least;
    }
}

struct reload {
    struct tn_lapse_heap *heap;
    enum tn_status status;
    struct tn_error *error;
};

static bool reload_one(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct reload *reload = context;

    (void) value;
    reload->status = tn_lapse_heap_add(reload->heap, tn_get_be64(key.data + 1),
                                       key.data + key.size - TN_ID_SIZE, reload->error);
    return reload->status == TN_OK;
}

enum tn_status tn_lapse_heap_reload(struct tn_lapse_heap *heap, struct tn_rows *queue,
                                    struct tn_error *error)
{
    struct reload reload = {.heap = heap, .error = error};
    struct tn_row_key prefix = tn_key_lapses();
    enum tn_status status;

    heap->count = 0;
    status = tn_rows_scan(queue, tn_row_key_view(&prefix), tn_bytes(NULL, 0), reload_one, &reload,
                          error);
    return status == TN_OK ? reload.status : status;
}

enum tn_status tn_lapse_heap_first(struct tn_lapse_heap *heap, struct tn_rows *queue,
                                   struct tn_arena *arena, struct tn_due *due,
                                   struct tn_error *error)
{
    *due = (struct tn_due){.kind = TN_DUE_NOTHING};
    while (heap->count > 0) {
        const struct tn_lapse_item *first = &heap->items[0];
        struct tn_offer_row row;
        bool found;
        enum tn_status status =
            TN_READ(queue, tn_key_offer(first->offer), offer_row, arena, &row, &found, error);

        if (status != TN_OK) {
            return status;
        }
        if (found && row.state == TN_OFFER_OPEN && row.deadline_us == first->deadline_us) {
            due->kind = TN_DUE_LAPSE;
            due->due_us = first->deadline_us;
            memcpy(due->offer, first->offer, TN_ID_SIZE);
            return TN_OK;
        }
        take_first(heap);
    }
    return TN_OK;
}

void tn_lapse_heap_close(struct tn_lapse_heap *heap)
{
    free(heap->items);
    *heap = (struct tn_lapse_heap){0};
}
