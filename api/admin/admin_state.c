/* Looking after a running ledger: its state, and rebuilding its rows beside it. */
#include <stdatomic.h>

#include "api/admin/admin_internal.h"
#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/base/logline.h"

/* Each round folds what was committed during the one before. */
#define REBUILD_ROUNDS 4u

struct swap {
    struct tn_admin *admin;
    struct tn_rebuild_job *job;
    bool swap_different;
    struct tn_rebuild_report report;
};

static enum tn_status swap_at_rest(void *context)
{
    struct swap *swap = context;
    enum tn_status status = tn_rebuild_finish(swap->job, swap->swap_different, NULL, NULL,
                                              &swap->report, swap->admin->error);

    if (status == TN_OK) {
        status = tn_engine_reload(swap->admin->ledger->engine, swap->admin->error);
        atomic_fetch_add(&swap->admin->ledger->epoch, 1);
    }
    return status;
}

static void show_report(struct tn_admin *admin, const struct tn_rebuild_report *report)
{
    struct tn_json_writer writer;

    tn_json_writer_init(&writer, admin->reply);
    tn_json_write_object_begin(&writer);
    tn_json_member_uint(&writer, "events", report->events);
    tn_json_member_uint(&writer, "duration_us", report->duration_us);
    tn_json_write_name(&writer, "projections");
    tn_json_write_array_begin(&writer);
    for (size_t i = 0; i < TN_CORE_COUNT; i++) {
        if (report->rebuilt[i]) {
            tn_json_write_object_begin(&writer);
            tn_json_member_text(&writer, "name", tn_projection_core((enum tn_core) i)->name);
            tn_json_member_uint(&writer, "rows", report->rows[i]);
            tn_json_member_bool(&writer, "equal", report->equal[i]);
            tn_json_member_hex(&writer, "root", report->root_rebuilt[i], TN_HASH_SIZE);
            tn_json_write_object_end(&writer);
        }
    }
    tn_json_write_array_end(&writer);
    tn_json_write_object_end(&writer);
}

/* Whoever reads the families that were replaced, a reader or a draw's worker, holds them; the last
 * one frees them. */
static void drop_replaced(struct tn_admin *admin)
{
    struct tn_error error = {0};

    if (tn_engine_drop_old(admin->ledger->store, NULL, 0, &error) != TN_OK) {
        tn_logline(TN_LOG_WARN, "the rows that a rebuild replaced stay until the next start: %s",
                   error.text);
    }
}

/* Fold what is committed, again while the desk went on; the rest at the desk's rest. */
static enum tn_status run_rebuild(struct tn_admin *admin, const struct tn_rebuild_options *options,
                                  struct swap *swap)
{
    struct tn_log_head head = {0};
    uint64_t folded = 0;
    enum tn_status status = tn_rebuild_begin(admin->ledger->store, admin->ledger->log, options,
                                             &swap->job, admin->error);

    for (unsigned round = 0; status == TN_OK && round < REBUILD_ROUNDS; round++) {
        tn_log_head(admin->ledger->log, &head);
        if (head.size == folded) {
            break;
        }
        status = tn_rebuild_catch_up(swap->job, head.size, NULL, NULL, admin->error);
        folded = head.size;
    }
    if (status == TN_OK) {
        status = tn_desk_at_rest(admin->ledger->desk, swap_at_rest, swap);
    }
    if (status == TN_OK) {
        drop_replaced(admin);
    }
    tn_rebuild_close(swap->job);
    return status;
}

enum tn_status tn_admin_rebuild(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {
        {"projection", TN_JSON_MAY(TN_JSON_STRING), false},
        {"swap_different", TN_JSON_MAY(TN_JSON_BOOL), false},
    };
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    struct tn_rebuild_options options = {.mask = (1u << TN_CORE_COUNT) - 1,
                                         .stop = &admin->ledger->draining};
    struct swap swap = {.admin = admin};
    enum tn_status status =
        tn_json_object_read(admin->body, rules, TN_ARRAY_SIZE(rules), members, NULL, admin->error);

    if (status == TN_OK && members[0]) {
        size_t number = tn_projection_find(members[0]->as.string);

        options.mask = 1u << number;
        if (number == TN_PROJECTION_COUNT) {
            status = tn_fail(admin->error, TN_INVALID, "there is no such projection");
        } else if (number >= TN_CORE_COUNT) {
            status = tn_fail(admin->error, TN_INVALID,
                             "%s is folded beside this server; stop it to rebuild that projection",
                             tn_projection_at(number)->name);
        }
    }
    if (status != TN_OK) {
        return status;
    }
    swap.swap_different = members[1] && members[1]->as.boolean;
    status = run_rebuild(admin, &options, &swap);
    if (status == TN_OK) {
        show_report(admin, &swap.report);
    }
    return status;
}

enum tn_status tn_admin_status(struct tn_admin *admin)
{
    struct tn_desk_state state;
    struct tn_log_head head;
    struct tn_buffer note;
    struct tn_json_writer writer;
    uint64_t published = 0;
    char instant[28];
    enum tn_status status;

    tn_desk_state(admin->ledger->desk, &state);
    tn_log_head(admin->ledger->log, &head);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    status = tn_log_published(admin->ledger->log, &note, &published, admin->error);
    tn_buffer_close(&note);
    if (status != TN_OK) {
        return status;
    }
    tn_instant_format(state.now_us, instant);
    tn_json_writer_init(&writer, admin->reply);
    tn_json_write_object_begin(&writer);
    tn_json_member_text(&writer, "origin", admin->ledger->origin);
    tn_json_member_bool(&writer, "simulated", admin->ledger->simulated);
    tn_json_member_text(&writer, "now", instant);
    tn_json_member_uint(&writer, "size", head.size);
    tn_json_member_uint(&writer, "published", published);
    tn_json_member_hex(&writer, "root", head.root, TN_HASH_SIZE);
    tn_json_member_bool(&writer, "paused", state.paused);
    tn_json_member_bool(&writer, "failed", state.failed);
    tn_json_member_bool(&writer, "no_space", state.no_space);
    tn_json_member_uint(&writer, "queued", state.queued);
    tn_json_member_uint(&writer, "commands", state.commands);
    tn_json_member_uint(&writer, "batches", state.batches);
    tn_json_write_object_end(&writer);
    return tn_buffer_status(admin->reply);
}
