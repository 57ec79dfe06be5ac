/* The transcript of a day's draw, rebuilt from the log. */
#include "api/query/transcript.h"

#include <inttypes.h>
#include <string.h>

#include "api/query/pool_fold.h"
#include "ledger/base/civil.h"
#include "ledger/rules/bound.h"
#include "projections/decide.h"
#include "projections/keys.h"
#include "projections/policies.h"

#define ROWS_BYTES ((size_t) 64 << 20)
#define EVENT_BYTES ((size_t) 4 << 20)
/* A replacement voids some days; a chain of them is looked back over so far. */
#define CARRIED_DAYS_MAX 400u

struct building {
    struct tn_pool_fold fold;
    struct tn_arena event_arena;
    struct tn_error *error;
    enum tn_status status;
};

static bool fold_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct building *building = context;
    struct tn_event event;

    tn_arena_reset(&building->event_arena);
    building->status =
        tn_event_decode(entry, index, &building->event_arena, &event, building->error);
    if (building->status == TN_OK) {
        building->status = tn_pool_fold_apply(&building->fold, &event);
        if (building->status != TN_OK) {
            (void) tn_fail(building->error, building->status,
                           "entry %" PRIu64 " cannot be folded into the pool", index);
        }
    }
    return building->status == TN_OK;
}

static enum tn_status read_day(struct tn_state *views, uint64_t day, struct tn_arena *arena,
                               struct tn_day_row *row, struct tn_queue_row *queue,
                               struct tn_error *error)
{
    struct tn_rows *rows = views->rows[TN_CORE_QUEUE];
    bool found = false;
    char date[11];
    enum tn_status status = TN_READ(rows, tn_key_queue(), queue_row, arena, queue, &found, error);

    if (status == TN_OK) {
        status = TN_READ(rows, tn_key_day(day), day_row, arena, row, &found, error);
    }
    if (status == TN_OK && (!found || row->state != TN_DAY_COMPLETED)) {
        tn_date_format((uint32_t) day, date);
        status = tn_fail(error, TN_NOT_FOUND, "the draw of %s is not complete", date);
    }
    return status;
}

/* Requests of voided days right before this one carried over: their events come first. */
static enum tn_status first_event(struct tn_state *views, uint64_t day,
                                  const struct tn_day_row *row, struct tn_arena *arena,
                                  struct tn_pool_fold *fold, uint64_t *from, struct tn_error *error)
{
    struct tn_day_row before = *row;
    enum tn_status status = TN_OK;
    bool found = true;

    *from = row->opened_index;
    fold->from_day = day;
    for (uint64_t d = day; status == TN_OK && d-- > 0 && day - d <= CARRIED_DAYS_MAX;) {
        status = TN_READ(views->rows[TN_CORE_QUEUE], tn_key_day(d), day_row, arena, &before, &found,
                         error);
        if (status == TN_OK && found && before.state != TN_DAY_VOIDED) {
            break;
        }
        if (status == TN_OK && found) {
            *from = before.opened_index;
            fold->from_day = d;
        }
    }
    return status;
}

static size_t count_lines(const struct tn_draw_input *input)
{
    size_t count = 0;

    for (size_t i = 0; i < input->port_count; i++) {
        count += input->ports[i].line_count;
    }
    return count;
}

/* Draw again and compare with what was announced; then write. */
static enum tn_status draw(const struct tn_day_row *day, const struct tn_draw_input *input,
                           enum tn_transcript_audience audience, struct tn_buffer *out,
                           struct tn_error *error)
{
    struct tn_arena arena;
    struct tn_draw_result result;
    enum tn_status status;

    tn_arena_init(&arena, tn_draw_memory(input->group_count, (uint32_t) count_lines(input)));
    status = tn_draw_run(input, &arena, &result, error);
    if (status == TN_OK && memcmp(result.root, day->root, TN_HASH_SIZE) != 0) {
        status = tn_fail(error, TN_MISMATCH,
                         "the requests in the log lead to another pool than the one that was "
                         "closed: audit the ledger");
    }
    if (status == TN_OK && memcmp(result.winners_root, day->winners_root, TN_HASH_SIZE) != 0) {
        status = tn_fail(error, TN_MISMATCH,
                         "the draw leads to other winners than were announced: audit the ledger");
    }
    if (status == TN_OK) {
        status = tn_transcript_write(audience, input, &result, out, error);
    }
    tn_arena_close(&arena);
    return status;
}

enum tn_status tn_query_transcript(struct tn_log *log, struct tn_state *views, uint64_t day,
                                   enum tn_transcript_audience audience, struct tn_buffer *out,
                                   struct tn_error *error)
{
    struct building building = {.error = error};
    struct tn_policies policies = {0};
    struct tn_draw_input input = {0};
    struct tn_day_row row;
    struct tn_queue_row queue;
    const struct tn_policy *policy = NULL;
    struct tn_arena arena;
    struct tn_arena groups;
    uint64_t from = 0;
    enum tn_status status;

    tn_buffer_reset(out);
    tn_arena_init(&arena, ROWS_BYTES);
    tn_arena_init(&groups, sizeof(struct tn_draw_group) * (size_t) TN_DRAW_GROUP_COUNT_MAX);
    tn_arena_init(&building.event_arena, EVENT_BYTES);
    tn_pool_fold_init(&building.fold, day);
    status = read_day(views, day, &arena, &row, &queue, error);
    if (status == TN_OK) {
        status = tn_policies_load(&policies, views->rows[TN_CORE_QUEUE], &arena, error);
    }
    if (status == TN_OK) {
        policy = tn_policies_version(&policies, row.policy);
        status = policy ? tn_day_frozen(&row, day, policy, &arena, &input)
                        : tn_fail(error, TN_CORRUPT, "the day's policy was never published");
    }
    building.fold.policies = &policies;
    memcpy(building.fold.gid_key, queue.gid_key, TN_HASH_SIZE);
    if (status == TN_OK) {
        status = first_event(views, day, &row, &arena, &building.fold, &from, error);
    }
    if (status == TN_OK) { /* the close too: it names who was held the day before */
        status = tn_log_scan(log, from, row.closed_index + 1, fold_entry, &building, error);
        status = status == TN_OK ? building.status : status;
    }
    if (status == TN_OK) {
        status = tn_pool_fold_groups(&building.fold, queue.gid_key, &groups, &input.groups,
                                     &input.group_count);
    }
    if (status == TN_OK) {
        status = draw(&row, &input, audience, out, error);
    }
    tn_pool_fold_close(&building.fold);
    tn_arena_close(&building.event_arena);
    tn_arena_close(&groups);
    tn_arena_close(&arena);
    tn_policies_close(&policies);
    return status;
}
