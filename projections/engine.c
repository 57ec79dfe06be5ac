/* The live rows beside the log: opening and catching up, folding, gathering, commits.
 *
 * The desk's thread applies and gathers; the committer writes the batch together with the log's
 * frame and says so (tn_engine_committed). Rows and position are in one write (P2), so after a
 * crash every projection stands exactly at the head of the log. */
#include "projections/engine.h"

#include <inttypes.h>
#include <stdlib.h>

#include "ledger/base/check.h"
#include "ledger/base/logline.h"
#include "projections/core_list.h"
#include "projections/families.h"
#include "projections/fold.h"
#include "projections/seal_file.h"

/* In-place catch-up commits this often; a cut then loses little. Beside a running desk the batches
 * are coarse, so that a row that many events touch is written once. */
#define CATCH_UP_BATCH_EVENTS 4096u
#define FOLLOW_BATCH_EVENTS 65536u
#define CATCH_UP_ARENA_BYTES ((size_t) 256 << 20)
/* Before an opened position there are at most this many seals in a row: one a projection and scope.
 */
#define SEALS_IN_A_ROW_MAX 64

struct tn_engine {
    struct tn_store *store;
    struct tn_log *log;
    struct tn_family *meta;
    struct tn_family *touched;
    struct tn_core_list list;
    struct tn_current current[TN_PROJECTIONS_MAX];
    struct tn_cache_budget budget;
    struct tn_state state;
    struct tn_fold folds[TN_PROJECTIONS_MAX];
    uint64_t generation; /* of the last gather */
    atomic_uint_least64_t committed;
    enum tn_status broken; /* of the first failure of apply */
    bool opened;           /* tn_cache_budget is initialised */
};

static enum tn_status settle_families(struct tn_engine *engine, bool beside,
                                      struct tn_error *error);
static enum tn_status open_rows(struct tn_engine *engine, struct tn_error *error);
static void close_rows(struct tn_engine *engine);
static enum tn_status catch_up(struct tn_engine *engine, uint64_t size, uint64_t batch_events,
                               struct tn_error *error);
static enum tn_status open_engine(struct tn_store *store, struct tn_log *log,
                                  const struct tn_core_list *list, bool beside,
                                  struct tn_engine **out, struct tn_error *error);

enum tn_status tn_engine_open(struct tn_store *store, struct tn_log *log,
                              const struct tn_projection *const *list, size_t count,
                              struct tn_engine **engine, struct tn_error *error)
{
    struct tn_core_list core = tn_core_list(list, count);

    return open_engine(store, log, &core, false, engine, error);
}

enum tn_status tn_engine_open_beside(struct tn_store *store, struct tn_log *log,
                                     const struct tn_projection *const *list, size_t count,
                                     struct tn_engine **engine, struct tn_error *error)
{
    struct tn_core_list beside = tn_core_list(list, count);

    return open_engine(store, log, &beside, true, engine, error);
}

enum tn_status tn_engine_follow(struct tn_engine *engine, uint64_t size, struct tn_error *error)
{
    enum tn_status status = engine->broken;

    if (status != TN_OK) {
        return tn_fail(error, status, "an earlier event could not be folded");
    }
    status = catch_up(engine, size, FOLLOW_BATCH_EVENTS, error);
    engine->broken = status;
    return status;
}

uint64_t tn_engine_folded(const struct tn_engine *engine)
{
    uint64_t folded = UINT64_MAX;

    for (size_t i = 0; i < engine->list.count; i++) {
        folded = engine->folds[i].position < folded ? engine->folds[i].position : folded;
    }
    return folded;
}

static enum tn_status open_engine(struct tn_store *store, struct tn_log *log,
                                  const struct tn_core_list *list, bool beside,
                                  struct tn_engine **out, struct tn_error *error)
{
    struct tn_log_head head;
    enum tn_status status;

    *out = NULL;
    struct tn_engine *engine = calloc(1, sizeof(*engine));
    if (engine == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for the projections");
    }
    engine->store = store;
    engine->log = log;
    engine->list = *list;
    atomic_init(&engine->committed, 0);
    tn_cache_budget_init(&engine->budget, TN_ENGINE_CACHE_BYTES);
    status = tn_store_family(store, "meta", false, &engine->meta, error);
    if (status == TN_OK) {
        status = tn_store_family(store, TN_TOUCHED_FAMILY, true, &engine->touched, error);
    }
    if (status == TN_OK) {
        status = settle_families(engine, beside, error);
    }
    if (status == TN_OK && !beside) {
        status = tn_current_sweep(engine->store, engine->list.items, engine->list.count, error);
    }
    if (status == TN_OK) {
        status = open_rows(engine, error);
    }
    if (status == TN_OK) {
        tn_log_head(log, &head);
        if (!beside && tn_engine_folded(engine) < head.size) {
            status = catch_up(engine, head.size, CATCH_UP_BATCH_EVENTS, error);
            status = status == TN_OK ? tn_store_sync(engine->store, error) : status;
        }
    }
    if (status != TN_OK) {
        tn_engine_close(engine);
        return status;
    }
    *out = engine;
    return TN_OK;
}

void tn_engine_close(struct tn_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    close_rows(engine);
    free(engine);
}

void tn_engine_set_cache(struct tn_engine *engine, size_t bytes)
{
    engine->budget.limit = bytes;
}

struct tn_state *tn_engine_state(struct tn_engine *engine)
{
    return &engine->state;
}

/* ---- folding and committing ---- */

enum tn_status tn_engine_apply(struct tn_engine *engine, const struct tn_event *event,
                               struct tn_arena *arena, struct tn_error *error)
{
    if (engine->broken != TN_OK) {
        return tn_fail(error, engine->broken,
                       "an earlier event could not be folded; open the ledger again");
    }
    for (size_t i = 0; engine->broken == TN_OK && i < engine->list.count; i++) {
        engine->broken = tn_fold_event(&engine->folds[i], event, arena, error);
    }
    return engine->broken;
}

enum tn_status tn_engine_gather(struct tn_engine *engine, struct tn_batch *batch,
                                uint64_t *generation, struct tn_error *error)
{
    *generation = 0;
    if (engine->broken != TN_OK) {
        return tn_fail(error, engine->broken,
                       "an event could not be folded; open the ledger again");
    }
    engine->generation++;
    for (size_t i = 0; i < engine->list.count; i++) {
        tn_rows_gather(engine->state.rows[i], batch, engine->generation);
        engine->current[i].position = engine->folds[i].position;
        tn_current_write(batch, engine->meta, engine->list.items[i]->name, &engine->current[i]);
    }
    *generation = engine->generation;
    return TN_OK;
}

void tn_engine_committed(struct tn_engine *engine, uint64_t generation)
{
    uint64_t known = atomic_load_explicit(&engine->committed, memory_order_relaxed);

    /* Release: whoever sees the generation also sees the write it stands for. */
    while (known < generation &&
           !atomic_compare_exchange_weak_explicit(&engine->committed, &known, generation,
                                                  memory_order_release, memory_order_relaxed)) {
    }
}

enum tn_status tn_engine_seal(struct tn_engine *engine, size_t number, uint64_t scope,
                              uint64_t *rows, uint8_t root[static TN_HASH_SIZE],
                              struct tn_error *error)
{
    TN_CHECK(number < engine->list.count && (scope == TN_SEAL_DELTA || scope == TN_SEAL_FULL));
    return tn_fold_seal(&engine->folds[number],
                        scope == TN_SEAL_DELTA ? TN_SEAL_DELTA : TN_SEAL_FULL, rows, root, error);
}

enum tn_status tn_engine_seal_kept(struct tn_engine *engine, size_t number, uint64_t scope,
                                   const char *path, uint64_t *rows,
                                   uint8_t root[static TN_HASH_SIZE], struct tn_error *error)
{
    struct tn_rows *sealed = engine->state.rows[number];
    uint64_t folded = engine->folds[number].position;
    struct tn_seal_writer *writer = tn_seal_writer_create(path, folded == 0 ? 0 : folded - 1);
    struct tn_error lost = {0};
    enum tn_status status;

    engine->folds[number].sealed.valid = false;
    sealed->sealing = writer;
    status = tn_engine_seal(engine, number, scope, rows, root, error);
    sealed->sealing = NULL;
    if (tn_seal_writer_close(writer, status == TN_OK, &lost) != TN_OK) {
        tn_logline(TN_LOG_WARN, "the leaves of a seal are not kept: %s", lost.text);
    }
    return status;
}

enum tn_status tn_engine_position(struct tn_store *store, const struct tn_projection *projection,
                                  uint64_t *position, uint32_t *version, struct tn_error *error)
{
    struct tn_current current;
    bool found = false;
    enum tn_status status = tn_current_read(store, NULL, projection->name, &current, &found, error);

    *position = current.position;
    *version = current.version;
    if (status == TN_OK && !found) {
        status = tn_fail(error, TN_NOT_FOUND, "projection %s has no rows yet", projection->name);
    }
    return status;
}

enum tn_status tn_engine_drop_old(struct tn_store *store, const struct tn_projection *const *list,
                                  size_t count, struct tn_error *error)
{
    struct tn_core_list all = tn_core_list(list, count);

    return tn_current_sweep(store, all.items, all.count, error);
}

/* ---- opening ---- */

static enum tn_status create_empty(struct tn_engine *engine, size_t number, struct tn_error *error)
{
    const struct tn_projection *projection = engine->list.items[number];
    struct tn_current *current = &engine->current[number];
    struct tn_family *family = NULL;

    *current = (struct tn_current){.version = projection->version};
    enum tn_status status =
        tn_current_fresh(engine->store, projection->name, current->family, error);
    if (status == TN_OK) {
        status = tn_store_family(engine->store, current->family, true, &family, error);
    }
    if (status == TN_OK) {
        struct tn_batch *batch = tn_batch_create();
        tn_current_write(batch, engine->meta, projection->name, current);
        status = tn_store_write(engine->store, batch, TN_SYNCED, error);
        tn_batch_destroy(batch);
    }
    return status;
}

static enum tn_status rebuild_some(struct tn_engine *engine, uint32_t mask, struct tn_error *error)
{
    struct tn_rebuild_options options = {
        .list = engine->list.items, .count = engine->list.count, .mask = mask};
    struct tn_rebuild_report report;
    struct tn_rebuild_job *job = NULL;
    enum tn_status status = tn_rebuild_begin(engine->store, engine->log, &options, &job, error);

    if (status == TN_OK) {
        status = tn_rebuild_finish(job, true, NULL, NULL, &report, error);
    }
    tn_rebuild_close(job);
    return status;
}

/* Every projection gets a current family of its version that is not far behind. */
static enum tn_status settle_families(struct tn_engine *engine, bool beside, struct tn_error *error)
{
    enum tn_status status = TN_OK;
    struct tn_log_head head;
    uint32_t mask = 0;

    tn_log_head(engine->log, &head);
    for (size_t i = 0; status == TN_OK && i < engine->list.count; i++) {
        const struct tn_projection *projection = engine->list.items[i];
        struct tn_current current;
        bool found = false;

        status = tn_current_read(engine->store, NULL, projection->name, &current, &found, error);
        if (status != TN_OK) {
            break;
        }
        bool fits = found && current.version == projection->version;
        if (found && current.position > head.size) {
            status = tn_fail(error, TN_CORRUPT,
                             "projection %s has folded %" PRIu64 " entries of a log of %" PRIu64
                             ": the log has lost its end",
                             projection->name, current.position, head.size);
        } else if (beside ? !fits : !found && head.size == 0) {
            status = create_empty(engine, i, error);
        } else if (!beside && (!fits || head.size - current.position > TN_ENGINE_CATCH_UP_EVENTS)) {
            mask |= UINT32_C(1) << i;
        }
    }
    return status == TN_OK && mask != 0 ? rebuild_some(engine, mask, error) : status;
}

/* How many entries before `position` end with one that is not a seal (struct tn_fold). */
static enum tn_status find_solid(struct tn_log *log, uint64_t position, uint64_t *solid,
                                 struct tn_error *error)
{
    enum tn_status status = TN_OK;
    struct tn_buffer entry;
    struct tn_arena arena;
    bool seal = true;

    *solid = position;
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    tn_arena_init(&arena, CATCH_UP_ARENA_BYTES);
    for (unsigned i = 0; status == TN_OK && seal && *solid != 0 && i < SEALS_IN_A_ROW_MAX; i++) {
        struct tn_event event;

        tn_arena_reset(&arena);
        status = tn_log_read(log, *solid - 1, &entry, error);
        if (status == TN_OK) {
            status = tn_event_decode(tn_buffer_view(&entry), *solid - 1, &arena, &event, error);
        }
        seal = status == TN_OK && event.kind == TN_KIND_state_sealed;
        *solid -= seal ? 1 : 0;
    }
    tn_arena_close(&arena);
    tn_buffer_close(&entry);
    return status;
}

static enum tn_status open_rows(struct tn_engine *engine, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < engine->list.count; i++) {
        const struct tn_projection *projection = engine->list.items[i];
        struct tn_current *current = &engine->current[i];
        struct tn_rows_options options = {
            .face = TN_ROWS_LIVE,
            .name = current->family,
            .store = engine->store,
            .budget = &engine->budget,
            .committed = &engine->committed,
            .touched = engine->touched,
        };
        uint64_t solid = 0;
        bool found = false;

        status = tn_current_read(engine->store, NULL, projection->name, current, &found, error);
        if (status == TN_OK && !found) {
            status =
                tn_fail(error, TN_CORRUPT, "projection %s: its record is gone", projection->name);
        }
        if (status == TN_OK) {
            status = tn_store_family(engine->store, current->family, false, &options.family, error);
        }
        if (status == TN_OK) {
            status = tn_rows_open(&options, &engine->state.rows[i], error);
        }
        if (status == TN_OK) {
            status = find_solid(engine->log, current->position, &solid, error);
        }
        engine->folds[i] = (struct tn_fold){
            .projection = projection,
            .number = tn_projection_number(projection, i),
            .rows = engine->state.rows[i],
            .verify = true,
            .position = current->position,
            .solid = solid,
        };
    }
    return status;
}

static void close_rows(struct tn_engine *engine)
{
    for (size_t i = 0; i < TN_PROJECTIONS_MAX; i++) {
        tn_rows_close(engine->state.rows[i]);
        engine->state.rows[i] = NULL;
        engine->folds[i] = (struct tn_fold){0};
    }
}

enum tn_status tn_engine_reload(struct tn_engine *engine, struct tn_error *error)
{
    uint64_t position = engine->folds[0].position;

    for (size_t i = 0; i < engine->list.count; i++) {
        TN_CHECK(tn_rows_at_rest(engine->state.rows[i]));
    }
    close_rows(engine);
    engine->broken = open_rows(engine, error);
    for (size_t i = 0; engine->broken == TN_OK && i < engine->list.count; i++) {
        if (engine->folds[i].position != position) {
            engine->broken = tn_fail(
                error, TN_CORRUPT, "projection %s has folded %" PRIu64 " entries, not %" PRIu64,
                engine->list.items[i]->name, engine->folds[i].position, position);
        }
    }
    return engine->broken;
}

/* ---- catching up in place ---- */

struct catch_up {
    struct tn_engine *engine;
    struct tn_batch *batch;
    struct tn_arena arena;
    uint64_t waiting; /* events folded and not written */
    uint64_t batch_events;
    enum tn_status status;
    struct tn_error *error;
};

/* Folded rows and positions in one write; not synced, because it can be folded again. */
static enum tn_status catch_up_write(struct catch_up *catch)
{
    struct tn_engine *engine = catch->engine;
    uint64_t generation = 0;
    enum tn_status status;

    tn_batch_reset(catch->batch);
    status = tn_engine_gather(engine, catch->batch, &generation, catch->error);
    if (status == TN_OK) {
        status = tn_store_write(engine->store, catch->batch, TN_UNSYNCED, catch->error);
    }
    if (status == TN_OK) {
        tn_engine_committed(engine, generation);
    }
    catch->waiting = 0;
    return status;
}

static bool catch_up_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct catch_up *catch = context;
    struct tn_engine *engine = catch->engine;
    struct tn_event event;

    tn_arena_reset(&catch->arena);
    catch->status = tn_event_decode(entry, index, &catch->arena, &event, catch->error);
    if (catch->status == TN_INVALID) {
        catch->status = TN_CORRUPT;
    }
    for (size_t i = 0; catch->status == TN_OK && i < engine->list.count; i++) {
        if (engine->folds[i].position == index) {
            catch->status = tn_fold_event(&engine->folds[i], &event, &catch->arena, catch->error);
        }
    }
    if (catch->status == TN_OK && ++catch->waiting == catch->batch_events) {
        catch->status = catch_up_write(catch);
    }
    return catch->status == TN_OK;
}

static enum tn_status catch_up(struct tn_engine *engine, uint64_t size, uint64_t batch_events,
                               struct tn_error *error)
{
    struct catch_up catch = {.engine = engine, .error = error, .batch_events = batch_events};
    uint64_t from = size;
    enum tn_status status;

    for (size_t i = 0; i < engine->list.count; i++) {
        from = engine->folds[i].position < from ? engine->folds[i].position : from;
    }
    if (from >= size) {
        return TN_OK;
    }
    tn_arena_init(&catch.arena, CATCH_UP_ARENA_BYTES);
    catch.batch = tn_batch_create();
    status = tn_log_scan(engine->log, from, size, catch_up_entry, &catch, error);
    status = catch.status != TN_OK ? catch.status : status;
    if (status == TN_OK && catch.waiting != 0) {
        status = catch_up_write(&catch);
    }
    tn_batch_destroy(catch.batch);
    tn_arena_close(&catch.arena);
    return status;
}
