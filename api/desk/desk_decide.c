/* Deciding one command: retries, tags, the rule, the folds. */
#include <string.h>

#include "api/desk/desk_internal.h"
#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/base/endian.h"
#include "ledger/base/fault.h"
#include "ledger/base/hash.h"
#include "ledger/base/logline.h"
#include "ledger/rules/command.h"

void tn_command_id(uint8_t command[static TN_ID_SIZE], const uint8_t actor[static TN_ID_SIZE],
                   struct tn_bytes key)
{
    struct tn_bytes parts[2] = {tn_bytes(actor, TN_ID_SIZE), key};

    tn_hash(command, TN_ID_SIZE, "turno1.command", tn_bytes(NULL, 0), parts, 2);
}

/* All events of the verdict as entries of the gathering batch, or none. */
static enum tn_status add_entries(struct tn_desk *desk, const struct tn_verdict *verdict)
{
    struct tn_desk_batch *batch = desk->gathering;
    size_t entries = batch->entry_count;
    size_t bytes = batch->bytes.size;
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < verdict->count; i++) {
        status = tn_desk_batch_add(batch, &verdict->events[i], i == 0);
    }
    if (status != TN_OK) {
        tn_desk_batch_cut(batch, entries, bytes);
        (void) tn_fail(&desk->error, status, "a decision whose events do not fit their entries");
    }
    return status;
}

/* Add the verdict's events to the gathering batch and fold them. What fits no entry or frame is
 * found before anything is folded; after a later failure rows and batch do not agree any more, so
 * the desk stops. */
enum tn_status tn_desk_add_verdict(struct tn_desk *desk, struct tn_verdict *verdict)
{
    enum tn_status status = tn_verdict_status(verdict);

    if (status != TN_OK || verdict->count > TN_FRAME_ENTRIES_MAX ||
        tn_fault("desk_verdict")) { /* nothing was folded */
        return tn_fail(&desk->error, TN_FULL, "a decision of more events than a frame holds");
    }
    if (desk->gathering->entry_count + verdict->count > TN_FRAME_ENTRIES_MAX) {
        tn_desk_hand_over(desk, true);
        status = tn_desk_batch_reserve(desk->gathering);
    }
    if (status == TN_OK) {
        status = add_entries(desk, verdict);
    }
    for (size_t i = 0; status == TN_OK && i < verdict->count; i++) {
        struct tn_event *event = &verdict->events[i];

        TN_CHECK(event->index == desk->next_index);
        tn_arena_reset(&desk->fold_arena);
        status = tn_engine_apply(desk->options.engine, event, &desk->fold_arena, &desk->error);
        desk->next_index++;
        desk->last_event_us = event->time_us;
        if (event->kind == TN_KIND_policy_published) {
            desk->opening_stale = true;
            if (status == TN_OK) {
                status = tn_decider_refresh(&desk->decider, &desk->fold_arena, &desk->error);
            }
        }
        if (event->kind == TN_KIND_day_opened) {
            desk->opening_stale = true;
        }
        if (event->kind == TN_KIND_draw_seeded) {
            desk->seeded_number = desk->batch_number;
        }
        /* What can bring the next due item nearer, or was it. */
        if ((event->kind >= TN_KIND_day_opened && event->kind <= TN_KIND_offer_lapsed) ||
            event->kind == TN_KIND_window_extended || event->kind == TN_KIND_chain_replaced) {
            desk->due_stale = true;
        }
    }
    if (status != TN_OK && desk->next_index != verdict->first_index) {
        tn_logline(TN_LOG_ERROR,
                   "an event could not be folded (%s); nothing of this batch is answered as done: "
                   "restart the server, which continues from what the disk holds",
                   desk->error.text);
        tn_desk_stop(desk);
    }
    return status;
}

/* ---- retries ---- */

static enum tn_status replay(struct tn_desk_request *request, const uint8_t *fingerprint,
                             uint64_t first_index, uint32_t count)
{
    if (memcmp(fingerprint, request->fingerprint, TN_FINGERPRINT_SIZE) != 0) {
        return TN_CONFLICT;
    }
    request->replayed = true;
    request->first_index = first_index;
    request->count = count;
    return TN_OK;
}

/* The events of a key that was used before are a refusal: so is the answer, for ever. */
static void replay_refusal(struct tn_desk_request *request, enum tn_refusal code)
{
    if (code != TN_REFUSAL_NONE) {
        request->status = TN_REFUSED;
        request->refusal = code;
    }
}

/* A retry of a command that is gathering or in flight: answered after it, when it is durable, and
 * so is a conflict with it, for until then it may be lost and the key be free. */
static enum tn_status find_pending(struct tn_desk *desk, struct tn_desk_request *request,
                                   bool *found)
{
    struct tn_desk_batch *batches[2] = {desk->gathering, desk->committing};
    uint64_t base = desk->next_index;

    *found = false;
    for (size_t i = 0; i < 2 && batches[i]; i++) {
        const struct tn_desk_pending *pending = tn_desk_batch_find(batches[i], request->command.id);

        base -= batches[i]->entry_count;
        if (pending) {
            enum tn_status status =
                replay(request, pending->fingerprint, base + pending->first, pending->count);

            *found = true;
            request->status = status;
            if (status == TN_OK) {
                tn_desk_batch_copy(batches[i], pending->first, pending->count, &request->entries);
                replay_refusal(request, pending->refusal);
            }
            return TN_OK;
        }
    }
    return TN_OK;
}

struct collect {
    const uint8_t *command;
    struct tn_buffer *out;
    uint32_t count;
    struct tn_arena *arena;
    enum tn_refusal refusal;
};

/* The entries of a command follow each other and carry its id. */
static bool collect_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct collect *collect = context;
    struct tn_unpack unpack;

    tn_unpack_init(&unpack, entry);
    (void) tn_unpack_array(&unpack);
    for (unsigned i = 0; i < 4; i++) {
        (void) tn_unpack_skip(&unpack); /* version, kind, time, actor */
    }
    if (tn_unpack_peek(&unpack) != TN_PACK_BIN ||
        !tn_bytes_equal(tn_unpack_bin(&unpack), tn_bytes(collect->command, TN_ID_SIZE))) {
        return false;
    }
    tn_buffer_append_be16(collect->out, (uint16_t) entry.size);
    tn_buffer_append_bytes(collect->out, entry);
    if (collect->count++ == 0) {
        struct tn_event event;

        tn_arena_reset(collect->arena);
        if (tn_event_decode(entry, index, collect->arena, &event, NULL) == TN_OK &&
            event.kind == TN_KIND_command_refused) {
            collect->refusal = (enum tn_refusal) event.body.command_refused.code;
        }
    }
    return true;
}

static enum tn_status find_committed(struct tn_desk *desk, struct tn_desk_request *request,
                                     bool *found)
{
    uint8_t fingerprint[TN_FINGERPRINT_SIZE];
    struct collect collect = {
        .command = request->command.id, .out = &request->entries, .arena = &desk->arena};
    struct tn_log_head head;
    uint64_t index;
    bool known;
    enum tn_status status =
        tn_log_find_command(desk->options.log, request->command.id, &index, found, &desk->error);

    if (status != TN_OK || !*found) {
        return status;
    }
    status = tn_vault_get_fingerprint(desk->options.vault, request->command.id, fingerprint, &known,
                                      &desk->error);
    if (status != TN_OK) {
        return status;
    }
    tn_log_head(desk->options.log, &head);
    /* Without a fingerprint (the vault was restored without it) the key alone decides. */
    status = replay(request, known ? fingerprint : request->fingerprint, index, 0);
    if (status == TN_OK) {
        status =
            tn_log_scan(desk->options.log, index, head.size, collect_entry, &collect, &desk->error);
    }
    request->count = collect.count;
    replay_refusal(request, collect.refusal);
    return status;
}

/* ---- the decision ---- */

static enum tn_status resolve_tags(struct tn_desk *desk, struct tn_desk_request *request)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < request->tag_count; i++) {
        struct tn_desk_tag *tag = &request->tags[i];
        bool created;

        status = tn_vault_index_resolve(desk->options.vault, &desk->overlay, tag->kind, tag->tag,
                                        tag->candidate, tag->id, &created, &desk->error);
    }
    return status;
}

/* Record a refusal of an identified caller, or find today's first of its kind. The verdict then
 * holds its event, or none. */
static enum tn_status refuse(struct tn_desk *desk, struct tn_desk_request *request,
                             struct tn_verdict *verdict)
{
    request->refusal = verdict->refusal;
    request->status = TN_REFUSED;
    if (tn_command_is_anonymous(&request->command)) {
        request->unrecorded = true;
        verdict->count = 0;
        desk->refusals_anonymous++;
        return TN_OK;
    }
    if (tn_refusals_find(&desk->refusals, &request->command, verdict->refusal,
                         &request->first_index)) {
        verdict->count = 0;
        desk->refusals_repeated++;
        return TN_OK;
    }
    request->first_index = desk->next_index;
    if (request->key_is_implied) {
        /* The id stays free for what is accepted later: a command has one outcome. */
        memcpy(request->command.id, request->refused_id, TN_ID_SIZE);
        request->has_key = false;
    }
    tn_verdict_record_refusal(verdict);
    return TN_OK;
}

/* Add the events, what was sealed, and how a retry finds them. */
static enum tn_status accept(struct tn_desk *desk, struct tn_desk_request *request,
                             struct tn_verdict *verdict)
{
    struct tn_desk_batch *batch;
    enum tn_status status;

    request->first_index = request->status == TN_REFUSED ? request->first_index : desk->next_index;
    request->count = (uint32_t) verdict->count;
    status = tn_desk_add_verdict(desk, verdict);
    if (status != TN_OK || request->count == 0) {
        return status;
    }
    batch = desk->gathering;
    if (request->has_key) {
        tn_desk_batch_remember(batch, request, request->count);
        tn_vault_put_fingerprint(desk->options.vault, batch->writes, request->command.id,
                                 request->fingerprint);
    }
    if (request->status == TN_REFUSED) {
        return tn_refusals_add(&desk->refusals, &request->command, request->refusal,
                               request->first_index);
    }
    if (request->writes) {
        tn_vault_writes_apply(request->writes, desk->options.vault, batch->writes);
    }
    tn_desk_batch_copy(batch, (uint32_t) (batch->entry_count - verdict->count), request->count,
                       &request->entries);
    if (tn_buffer_status(&request->entries) != TN_OK) {
        request->status = TN_UNKNOWN; /* it happens, but cannot be shown: ask again */
    }
    return TN_OK;
}

static enum tn_status decide(struct tn_desk *desk, struct tn_desk_request *request)
{
    struct tn_verdict verdict;
    size_t mark = tn_vault_overlay_mark(&desk->overlay);
    uint64_t generation = desk->overlay.generation;
    enum tn_status status = tn_desk_batch_reserve(desk->gathering);

    if (status == TN_OK) {
        status = resolve_tags(desk, request);
    }

    if (request->command.kind == TN_COMMAND_resume_deadlines) {
        tn_desk_date_resume(desk, &request->command);
    }
    tn_arena_reset(&desk->arena);
    tn_verdict_init(&verdict, &request->command, request->command.time_us, desk->next_index,
                    &desk->arena);
    if (status == TN_OK) {
        status = tn_decide(&desk->decider, &request->command, &verdict, &desk->error);
    }
    if (status != TN_OK || verdict.refusal != TN_REFUSAL_NONE) {
        tn_vault_overlay_rollback(&desk->overlay, mark);
    }
    if (status == TN_OK && verdict.refusal != TN_REFUSAL_NONE) {
        status = refuse(desk, request, &verdict);
    }
    if (status == TN_OK) {
        status = accept(desk, request, &verdict);
    }
    /* Of a command that came to nothing no tag stays; a batch that was handed over has taken them.
     */
    if (status != TN_OK && desk->overlay.generation == generation) {
        tn_vault_overlay_rollback(&desk->overlay, mark);
    }
    if (status == TN_OK && request->command.kind == TN_COMMAND_resume_deadlines &&
        request->status == TN_OK) {
        tn_desk_resumed(desk);
    }
    return status;
}

/* While due items wait only these go on: looking someone up, alarms, and ending the pause. */
static bool goes_on_paused(enum tn_command_kind kind)
{
    return kind == TN_COMMAND_validate || kind == TN_COMMAND_resume_deadlines ||
           kind == TN_COMMAND_report_fork || kind == TN_COMMAND_raise_alarm;
}

/* May something new be decided? */
static enum tn_status admit(struct tn_desk *desk, const struct tn_desk_request *request)
{
    if (!desk->room) {
        return TN_NO_SPACE;
    }
    return desk->state.paused && !goes_on_paused(request->command.kind) ? TN_PAUSED : TN_OK;
}

/* P2: a retry writes nothing and moves no deadline, so neither a full disk nor a pause keeps it
 * from its answer. */
static enum tn_status find_answered(struct tn_desk *desk, struct tn_desk_request *request,
                                    bool *found)
{
    enum tn_status status = TN_OK;

    *found = false;
    if (request->has_key) {
        status = find_pending(desk, request, found);
        if (status == TN_OK && !*found) {
            status = find_committed(desk, request, found);
        }
    }
    return status;
}

static enum tn_status decide_new(struct tn_desk *desk, struct tn_desk_request *request)
{
    enum tn_status status = admit(desk, request);

    if (status == TN_OK) { /* in a pause nothing is emitted */
        status = tn_desk_emit_due(desk, request->command.time_us,
                                  desk->options.clock == TN_CLOCK_MANUAL);
    }
    return status == TN_OK ? decide(desk, request) : status;
}

enum tn_status tn_desk_decide(struct tn_desk *desk, struct tn_desk_request *request)
{
    bool found = false;
    enum tn_status status = desk->stopped ? TN_UNKNOWN : TN_OK;

    desk->commands++;
    /* What fell due while it waited in the queue may have been stamped later than it was. */
    if (request->command.time_us < desk->last_event_us) {
        request->command.time_us = desk->last_event_us;
        request->time_us = desk->last_event_us;
    }
    if (status == TN_OK) {
        status = find_answered(desk, request, &found);
    }
    if (status == TN_OK && !found) {
        status = request->known_only ? TN_NOT_FOUND : decide_new(desk, request);
    }
    if (status != TN_OK) {
        request->status = desk->stopped ? TN_UNKNOWN : status;
    }
    return status;
}
