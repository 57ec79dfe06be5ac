/* One projection being folded. */
#include "projections/fold.h"

#include <inttypes.h>

#include "ledger/base/check.h"

static enum tn_status check_seal(struct tn_fold *fold, const struct tn_event *event,
                                 struct tn_error *error);

enum tn_status tn_fold_event(struct tn_fold *fold, const struct tn_event *event,
                             struct tn_arena *arena, struct tn_error *error)
{
    const char *name = fold->projection->name;
    bool seal = event->kind == TN_KIND_state_sealed;
    enum tn_status status = TN_OK;

    if (event->index != fold->position) {
        return tn_fail(error, TN_CORRUPT, "projection %s: entry %" PRIu64 " is next, not %" PRIu64,
                       name, fold->position, event->index);
    }
    if (seal && event->body.state_sealed.projection == fold->number) {
        status = check_seal(fold, event, error);
    }
    if (status == TN_OK) {
        status = fold->projection->apply(fold->rows, event, arena, error);
        if (status != TN_OK) {
            if (error != NULL && error->status == TN_OK) {
                (void) tn_fail(error, status, "%s", tn_status_name(status));
            }
            (void) tn_fail_context(error, "projection %s at entry %" PRIu64, name, event->index);
        }
    }
    if (status == TN_OK) {
        fold->position++;
        fold->solid = seal ? fold->solid : fold->position;
    }
    return status;
}

/* spec/log.md 7. The rows are now as of `upto` when nothing but seals came after it: no fold
 * writes a row for a seal. The root of scope full may be computed beside a running desk and
 * arrive later; then these rows are no longer those it speaks of, and the next one of scope
 * delta is what is compared. */
static enum tn_status check_seal(struct tn_fold *fold, const struct tn_event *event,
                                 struct tn_error *error)
{
    const struct tn_state_sealed *seal = &event->body.state_sealed;
    const char *name = fold->projection->name;
    bool comparable = seal->upto < event->index && seal->upto + 1 >= fold->solid;
    bool delta = seal->scope == TN_SEAL_DELTA;
    enum tn_status status = TN_OK;
    uint8_t root[TN_HASH_SIZE];
    uint64_t rows = 0;

    if (seal->upto >= event->index || (!delta && seal->scope != TN_SEAL_FULL) ||
        (delta && !comparable)) {
        return tn_fail(error, TN_CORRUPT,
                       "projection %s: the seal at entry %" PRIu64 " (scope %" PRIu64
                       ", up to %" PRIu64 ") cannot be",
                       name, event->index, seal->scope, seal->upto);
    }
    if (fold->verify && comparable && seal->projection_version == fold->projection->version &&
        !(delta && fold->rows->touched.lost)) {
        fold->compared++;
        status = tn_fold_seal(fold, delta ? TN_SEAL_DELTA : TN_SEAL_FULL, &rows, root, error);
        if (status == TN_OK &&
            (rows != seal->rows || memcmp(root, seal->root, sizeof(root)) != 0)) {
            status = tn_fail(error, TN_MISMATCH,
                             "projection %s: the seal at entry %" PRIu64 " (%s) is of %" PRIu64
                             " rows up to entry %" PRIu64 ", and folding gives %" PRIu64
                             " with another root",
                             name, event->index, delta ? "changed rows" : "all rows", seal->rows,
                             seal->upto, rows);
        }
    } else {
        fold->taken++;
    }
    if (status == TN_OK) {
        tn_touched_clear(&fold->rows->touched);
        fold->sealed.valid = false;
    }
    return status;
}

enum tn_status tn_fold_seal(struct tn_fold *fold, enum tn_seal_scope scope, uint64_t *rows,
                            uint8_t root[static TN_HASH_SIZE], struct tn_error *error)
{
    enum tn_status status = TN_OK;

    if (!fold->sealed.valid || fold->sealed.scope != scope || fold->sealed.solid != fold->solid) {
        fold->sealed.valid = false;
        status =
            scope == TN_SEAL_DELTA
                ? tn_rows_root_touched(fold->rows, &fold->sealed.rows, fold->sealed.root, error)
                : tn_rows_root_now(fold->rows, &fold->sealed.rows, fold->sealed.root, error);
        fold->sealed.valid = status == TN_OK;
        fold->sealed.scope = scope;
        fold->sealed.solid = fold->solid;
    }
    *rows = status == TN_OK ? fold->sealed.rows : 0;
    memset(root, 0, TN_HASH_SIZE);
    if (status == TN_OK) {
        memcpy(root, fold->sealed.root, TN_HASH_SIZE);
    }
    return status;
}
