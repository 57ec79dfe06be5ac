/* Sealing the rows into the log after each draw (spec/log.md 7): what changed since the last seal,
 * and every 30 days all rows.
 *
 * A seal decides nothing, so nobody waits for all of them: while a clock runs one projection is
 * sealed a turn of the desk, and the commands that are queued go on before the next. Each says
 * `upto` for itself, the event before it. A simulation seals them all at once, so that its log does
 * not depend on when commands came. */
#include "api/desk/desk_internal.h"
#include "ledger/base/logline.h"

#define SEAL_FULL_DAYS 30u

/* What a seal says of its projection. One that is folded beside the desk must stand exactly where
 * the log does, or nobody could check the seal by folding: everything before is made durable, and
 * the desk waits until its last part is folded: with the usual lag of a second some tenths of a
 * second, once a day. */
static enum tn_status find_root(struct tn_desk *desk, struct tn_state_sealed *sealed)
{
    size_t number = (size_t) sealed->projection;

    if (number < TN_CORE_COUNT) {
        return tn_engine_seal(desk->options.engine, number, sealed->scope, &sealed->rows,
                              sealed->root, &desk->error);
    }
    return tn_beside_seal(desk->options.beside, number - TN_CORE_COUNT, desk->next_index,
                          sealed->scope, desk->options.clock == TN_CLOCK_MANUAL, &sealed->rows,
                          sealed->root, &desk->error);
}

static enum tn_status seal_one(struct tn_desk *desk, uint64_t now_us)
{
    struct tn_verdict verdict;
    struct tn_state_sealed *sealed;
    size_t number = desk->seal_next++;
    bool beside = number >= TN_CORE_COUNT;
    enum tn_status status;

    if (beside && !desk->options.beside) {
        return TN_OK;
    }
    if (beside) {
        tn_desk_settle(desk);
        if (desk->stopped) {
            return TN_UNKNOWN;
        }
    }
    tn_arena_reset(&desk->arena);
    tn_verdict_init(&verdict, NULL, now_us, desk->next_index, &desk->arena);
    sealed = &tn_verdict_add(&verdict, TN_KIND_state_sealed)->body.state_sealed;
    sealed->projection = number;
    sealed->projection_version = tn_projection_at(number)->version;
    sealed->scope = desk->seal_day % SEAL_FULL_DAYS == 0 ? 2 : 1;
    sealed->upto = desk->next_index - 1;
    status = find_root(desk, sealed);
    if (status == TN_FULL && sealed->scope == 1) { /* more changed than is remembered */
        sealed->scope = 2;
        status = find_root(desk, sealed);
    }
    if (beside && (status == TN_BUSY || status == TN_UNAVAILABLE)) {
        /* Far behind, as when it is made anew: its next seal covers both days. */
        tn_logline(TN_LOG_WARN, "%s is not sealed today: %s", tn_projection_at(number)->name,
                   desk->error.text);
        return TN_OK;
    }
    return status == TN_OK ? tn_desk_add_verdict(desk, &verdict) : status;
}

bool tn_desk_seals_wait(const struct tn_desk *desk)
{
    return desk->seal_day > 0 && desk->seal_next < TN_PROJECTION_COUNT;
}

static enum tn_status seal_all(struct tn_desk *desk, uint64_t now_us)
{
    enum tn_status status = TN_OK;

    while (status == TN_OK && tn_desk_seals_wait(desk)) {
        status = seal_one(desk, now_us);
    }
    return status;
}

enum tn_status tn_desk_seal_begin(struct tn_desk *desk, uint64_t day, uint64_t now_us, bool wait)
{
    /* Those of the day before, where draws follow each other after a pause. */
    enum tn_status status = seal_all(desk, now_us);

    desk->seal_day = day;
    desk->seal_next = 0;
    return status == TN_OK && wait ? seal_all(desk, now_us) : status;
}

void tn_desk_seal_turn(struct tn_desk *desk, uint64_t now_us)
{
    if (!tn_desk_seals_wait(desk) || desk->stopped || desk->state.paused || !desk->room) {
        return;
    }
    if (seal_one(desk, now_us > desk->last_event_us ? now_us : desk->last_event_us) != TN_OK) {
        tn_logline(TN_LOG_ERROR, "the rows could not be sealed: %s", desk->error.text);
        tn_desk_stop(desk);
    }
}

/* ---- at open ---- */

static enum tn_status last_of_kind(struct tn_desk *desk, uint32_t kind, struct tn_arena *arena,
                                   struct tn_event *event, bool *found, struct tn_error *error)
{
    struct tn_buffer entry;
    uint64_t index;
    size_t count = 1;
    enum tn_status status =
        tn_log_read_kind(desk->options.log, kind, UINT64_MAX, true, &index, &count, error);

    *found = status == TN_OK && count == 1;
    if (!*found) {
        return status;
    }
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    status = tn_log_read(desk->options.log, index, &entry, error);
    if (status == TN_OK) {
        struct tn_bytes copy = tn_arena_copy(arena, tn_buffer_view(&entry));

        status = copy.data ? tn_event_decode(copy, index, arena, event, error) : TN_FULL;
    }
    tn_buffer_close(&entry);
    return status;
}

/* A process that ended between a draw and its last seal: the next one goes on where it was. */
enum tn_status tn_desk_seal_open(struct tn_desk *desk, struct tn_error *error)
{
    struct tn_event drawn;
    struct tn_event sealed;
    bool any_drawn;
    bool any_sealed;
    enum tn_status status;

    tn_arena_reset(&desk->arena);
    status = last_of_kind(desk, TN_KIND_draw_completed, &desk->arena, &drawn, &any_drawn, error);
    if (status == TN_OK && any_drawn) {
        status =
            last_of_kind(desk, TN_KIND_state_sealed, &desk->arena, &sealed, &any_sealed, error);
    }
    if (status != TN_OK || !any_drawn) {
        return status;
    }
    desk->seal_day = drawn.body.draw_completed.day;
    desk->seal_next = any_sealed && sealed.index > drawn.index
                          ? (unsigned) sealed.body.state_sealed.projection + 1
                          : 0;
    return TN_OK;
}
