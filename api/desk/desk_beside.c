/* Seals of projections that are folded beside the desk.
 *
 * A seal must be of exactly what stands in the log before it, or nobody could check it by folding.
 * So everything before it is made durable, and the desk waits until its last part is folded: with
 * the usual lag of a second some tenths of a second, once a day. A projection that is far behind
 * (it is being made anew) is not sealed that day; its next seal covers both. */
#include "api/desk/desk_internal.h"
#include "ledger/base/logline.h"

static enum tn_status seal_one(struct tn_desk *desk, size_t number, uint64_t scope, uint64_t now_us)
{
    bool wait = desk->options.clock == TN_CLOCK_MANUAL;
    size_t place = number - TN_CORE_COUNT;
    struct tn_verdict verdict;
    struct tn_state_sealed *sealed;
    enum tn_status status;

    tn_arena_reset(&desk->arena);
    tn_verdict_init(&verdict, NULL, now_us, desk->next_index, &desk->arena);
    sealed = &tn_verdict_add(&verdict, TN_KIND_state_sealed)->body.state_sealed;
    sealed->projection = number;
    sealed->projection_version = tn_projection_at(number)->version;
    sealed->scope = scope;
    sealed->upto = desk->next_index - 1;
    status = tn_beside_seal(desk->options.beside, place, desk->next_index, scope, wait,
                            &sealed->rows, sealed->root, &desk->error);
    if (status == TN_FULL && scope == 1) { /* more changed than is remembered */
        sealed->scope = 2;
        status = tn_beside_seal(desk->options.beside, place, desk->next_index, 2, wait,
                                &sealed->rows, sealed->root, &desk->error);
    }
    if (status == TN_BUSY || status == TN_UNAVAILABLE) {
        tn_logline(TN_LOG_WARN, "%s is not sealed today: %s", tn_projection_at(number)->name,
                   desk->error.text);
        return TN_OK;
    }
    return status == TN_OK ? tn_desk_add_verdict(desk, &verdict) : status;
}

enum tn_status tn_desk_seal_beside(struct tn_desk *desk, uint64_t scope, uint64_t now_us)
{
    enum tn_status status = TN_OK;

    if (!desk->options.beside) {
        return TN_OK;
    }
    for (size_t i = TN_CORE_COUNT; status == TN_OK && i < TN_PROJECTION_COUNT; i++) {
        tn_desk_settle(desk);
        status = desk->stopped ? TN_UNKNOWN : seal_one(desk, i, scope, now_us);
    }
    return status;
}
