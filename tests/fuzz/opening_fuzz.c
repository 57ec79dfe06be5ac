/* What proof files carry, from outside: an entry, or a record that has one form. */
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/vault/opening.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_proof_extra extra;
    struct tn_event event;
    struct tn_buffer again;
    struct tn_arena arena;
    uint8_t leaf[TN_HASH_SIZE];

    tn_arena_init(&arena, TN_PROOF_EXTRA_ARENA_BYTES);
    tn_buffer_init(&again, size + 1);
    if (tn_proof_extra_read(tn_bytes(data, size), &arena, &extra, NULL) == TN_OK) {
        tn_proof_extra_write(&extra, &again);
        /* An entry alone in a record is written as the entry alone. */
        TN_CHECK(tn_bytes_equal(tn_buffer_view(&again), tn_bytes(data, size)) ||
                 (extra.openings.count == 0 && extra.entry.size > 0));
        tn_proof_extra_leaf(&extra, leaf);
        if (extra.entry.size > 0 &&
            tn_event_decode(extra.entry, 0, &arena, &event, NULL) == TN_OK) {
            for (size_t i = 0; i < extra.openings.count; i++) {
                (void) tn_opening_check(&event, &extra.openings.items[i]);
            }
        }
    }
    tn_buffer_close(&again);
    tn_arena_close(&arena);
    return 0;
}
