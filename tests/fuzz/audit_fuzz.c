/* A log of somebody else's, decided again: whatever its entries are, the audit ends with a status,
 * and names a difference only together with its place. The input is an entry bundle. */
#include "ledger/base/check.h"
#include "ledger/log/tile.h"
#include "projections/audit.h"
#include "tests/fuzz/fuzz.h"

static void audit(const uint8_t *data, size_t size, uint32_t sample_ppm)
{
    const struct tn_recompute_options options = {.cache_bytes = (size_t) 8 << 20,
                                                 .sample_ppm = sample_ppm};
    struct tn_bundle bundle = {.rest = tn_bytes(data, size)};
    struct tn_recompute *recompute = NULL;
    struct tn_arena arena;
    struct tn_error error = {.status = TN_OK};
    struct tn_bytes entry;
    struct tn_event event;
    uint64_t index = 0;
    enum tn_status status = tn_recompute_create(&options, &recompute, &error);

    TN_CHECK(status == TN_OK);
    tn_arena_init(&arena, (size_t) 16 << 20);
    while (status == TN_OK && tn_bundle_next(&bundle, &entry) == TN_OK) {
        tn_arena_reset(&arena);
        status = tn_event_decode(entry, index, &arena, &event, &error);
        if (status != TN_OK) {
            break;
        }
        status = tn_recompute_take(recompute, &event, entry, &error);
        if (status == TN_OK) {
            status = tn_recompute_beside(recompute, &event, entry, &error);
        }
        index++;
    }
    if (status == TN_OK) {
        status = tn_recompute_finish(recompute, &error);
    }
    if (status == TN_MISMATCH) {
        const struct tn_finding *finding = tn_recompute_finding(recompute);

        TN_CHECK(finding->index <= index && finding->rule[0] != '\0' && finding->words[0] != '\0');
        TN_CHECK(finding->expected.size > 0 && finding->found.size > 0);
    }
    tn_recompute_destroy(recompute);
    tn_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    audit(data, size, 0);
    audit(data, size, 1); /* nearly all commands are folded as they stand */
    return 0;
}
