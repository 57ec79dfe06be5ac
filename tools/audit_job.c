/* What both sources of an audit share: entries, checkpoints, the work folder. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/event/event.h"
#include "tools/audit.h"

enum tn_status tn_audit_job_differ(struct tn_audit_job *job, uint64_t index, const char *rule,
                                   const char *format, ...)
{
    struct tn_finding *finding = &job->finding;
    va_list arguments;

    job->differs = true;
    job->has_finding = true;
    finding->index = index;
    (void) snprintf(finding->rule, sizeof(finding->rule), "%s", rule);
    va_start(arguments, format);
    (void) vsnprintf(finding->words, sizeof(finding->words), format, arguments);
    va_end(arguments);
    tn_buffer_append_string(&finding->expected, "null");
    tn_buffer_append_string(&finding->found, "null");
    return tn_fail(&job->error, TN_MISMATCH, "%.300s", finding->words);
}

enum tn_status tn_audit_job_unread(struct tn_audit_job *job, enum tn_status status)
{
    job->incomplete = true;
    if (job->error.text[0] == '\0') {
        (void) tn_fail(&job->error, status, "%s", tn_status_name(status));
    }
    return status;
}

/* ---- entries ---- */

/* The audit's own failures: a difference, something this program does not know, or trouble here. */
static enum tn_status settle(struct tn_audit_job *job, enum tn_status status)
{
    if (status == TN_MISMATCH || status == TN_CORRUPT) {
        job->differs = true;
    } else if (status == TN_UNSUPPORTED) {
        return tn_audit_job_unread(job, status);
    }
    return status;
}

enum tn_status tn_audit_job_begin(struct tn_audit_job *job, uint64_t size, tn_tile_write *tile,
                                  void *context)
{
    struct tn_audit_options options = {
        .recompute = {.work = job->work,
                      .sample_ppm = job->sample_ppm,
                      .sample_seed = job->sample_seed},
        .tile = tile,
        .tile_context = context,
        .marks = job->marks,
        .mark_count = TN_AUDIT_MARKS,
    };

    memcpy(options.recompute.command_key, job->command_key, sizeof(job->command_key));
    job->size = size;
    tn_cli_progress_init(&job->progress, "entries");
    return tn_audit_create(&options, &job->audit, &job->error);
}

static enum tn_status take_genesis(struct tn_audit_job *job, struct tn_bytes entry)
{
    struct tn_arena arena;
    struct tn_event event;
    enum tn_status status = TN_OK;

    tn_arena_init(&arena, (size_t) 1 << 20);
    if (tn_event_decode(entry, 0, &arena, &event, NULL) == TN_OK &&
        event.kind == TN_KIND_ledger_created &&
        event.body.ledger_created.facts.origin.size <= TN_NAME_BYTES_MAX) {
        const struct tn_facts_create_ledger *facts = &event.body.ledger_created.facts;

        memcpy(job->origin, facts->origin.data, facts->origin.size);
        memcpy(job->cosigner_key, facts->cosigner_key, TN_HASH_SIZE);
        if (!job->has_key) {
            status = tn_verifier_init(&job->key, facts->origin, TN_KEY_ED25519, facts->log_key);
            if (status != TN_OK) {
                status = tn_audit_job_differ(job, 0, "genesis", "the genesis names no log key");
            }
        } else if (strcmp(job->key.name, job->origin) != 0 ||
                   memcmp(job->key.public_key, facts->log_key, TN_HASH_SIZE) != 0) {
            status = tn_audit_job_differ(job, 0, "genesis",
                                         "the genesis is of %s with another key than the one given",
                                         job->origin);
        }
    } else {
        status = tn_audit_job_differ(job, 0, "genesis", "the first entry is not a genesis");
    }
    tn_arena_close(&arena);
    return status;
}

enum tn_status tn_audit_job_entry(struct tn_audit_job *job, struct tn_bytes entry)
{
    enum tn_status status = job->entries == 0 ? take_genesis(job, entry) : TN_OK;

    if (status == TN_OK) {
        status = settle(job, tn_audit_entry(job->audit, entry, &job->error));
    }
    job->entries += status == TN_OK ? 1 : 0;
    if ((job->entries & 0xffff) == 0) {
        tn_cli_progress_show(&job->progress, job->entries, job->size);
    }
    return status;
}

enum tn_status tn_audit_job_end(struct tn_audit_job *job)
{
    tn_tree_root(tn_audit_tree(job->audit), job->root);
    return settle(job, tn_audit_finish(job->audit, &job->error));
}

void tn_audit_job_settle(struct tn_audit_job *job)
{
    struct tn_error error = {0};
    enum tn_status status;

    if (job->audit == NULL) {
        return;
    }
    status = tn_audit_drain(job->audit, &error);
    if (status != TN_MISMATCH && status != TN_CORRUPT) {
        return;
    }
    if (!job->differs || !job->has_finding ||
        tn_audit_finding(job->audit)->index <= job->finding.index) {
        job->differs = true;
        job->has_finding = false;
        job->error = error;
    }
}

enum tn_status tn_audit_job_seals(struct tn_audit_job *job)
{
    struct tn_recompute_report report;

    tn_audit_report(job->audit, &report);
    if (report.seals_taken == 0) {
        return TN_OK;
    }
    (void) tn_fail(&job->error, TN_UNSUPPORTED,
                   "%" PRIu64 " seals are of a projection or a version that this program does not "
                   "know, or of rows as they were earlier: they were not compared",
                   report.seals_taken);
    return tn_audit_job_unread(job, TN_UNSUPPORTED);
}

/* ---- checkpoints ---- */

enum tn_status tn_audit_job_note_size(struct tn_audit_job *job, struct tn_bytes note,
                                      uint64_t *size)
{
    struct tn_checkpoint checkpoint = {0};
    struct tn_note parsed;
    enum tn_status status = tn_note_parse(note, &parsed, &job->error);

    *size = 0;
    if (status == TN_OK) {
        status = tn_checkpoint_parse(parsed.text, &checkpoint, &job->error);
    }
    if (status == TN_OK) {
        *size = checkpoint.size;
    }
    return status;
}

static enum tn_status check_signature(struct tn_audit_job *job, struct tn_bytes note,
                                      const char *which, struct tn_note *parsed,
                                      struct tn_checkpoint *checkpoint)
{
    enum tn_status status = tn_note_verify(note, &job->key, 1, parsed, &job->error);

    if (status == TN_OK) {
        status = tn_checkpoint_parse(parsed->text, checkpoint, &job->error);
    }
    if (status != TN_OK) {
        return tn_audit_job_differ(job, job->entries, "checkpoint",
                                   "the %s checkpoint is not signed by the log's key: %.200s",
                                   which, job->error.text);
    }
    return tn_bytes_equal_string(checkpoint->origin, job->key.name)
               ? TN_OK
               : tn_audit_job_differ(job, job->entries, "checkpoint",
                                     "the %s checkpoint is of another log", which);
}

enum tn_status tn_audit_job_signature(struct tn_audit_job *job)
{
    struct tn_checkpoint checkpoint;
    struct tn_note parsed;

    return check_signature(job, tn_buffer_view(&job->note), "published", &parsed, &checkpoint);
}

static enum tn_status check_mark(struct tn_audit_job *job, const char *rule, const char *which,
                                 const struct tn_checkpoint *checkpoint,
                                 const struct tn_audit_mark *mark)
{
    if (checkpoint->size != mark->size || !mark->reached ||
        memcmp(checkpoint->root, mark->root, TN_HASH_SIZE) != 0) {
        return tn_audit_job_differ(job, checkpoint->size, rule,
                                   "the %s checkpoint of %" PRIu64
                                   " entries is not the root of the entries there: the log was "
                                   "rewritten, or has two faces",
                                   which, checkpoint->size);
    }
    return TN_OK;
}

/* Cosignatures of the witnesses that were named, and the log's own. */
static enum tn_status check_cosignatures(struct tn_audit_job *job)
{
    struct tn_verifier own;
    struct tn_note parsed;
    struct tn_bytes note = tn_buffer_view(&job->note);

    for (size_t i = 0; i < job->witness_count; i++) {
        enum tn_status status = tn_note_verify(note, &job->witnesses[i], 1, &parsed, &job->error);

        if (status == TN_MISMATCH || status == TN_NOT_FOUND) {
            return tn_audit_job_differ(job, job->entries, "cosignature",
                                       "the published checkpoint carries no good cosignature of %s",
                                       job->witnesses[i].name);
        }
        if (status != TN_OK) {
            return status;
        }
        job->cosigned |= UINT64_C(1) << i;
    }
    if (tn_verifier_init(&own, tn_bytes_from_string(job->origin), TN_KEY_COSIGNATURE,
                         job->cosigner_key) == TN_OK) {
        enum tn_status status = tn_note_verify(note, &own, 1, &parsed, &job->error);

        if (status == TN_MISMATCH) {
            return tn_audit_job_differ(job, job->entries, "cosignature",
                                       "the log's own cosignature on its checkpoint is wrong");
        }
        job->own_cosigned = status == TN_OK;
    }
    return TN_OK;
}

enum tn_status tn_audit_job_checkpoints(struct tn_audit_job *job)
{
    struct tn_checkpoint checkpoint;
    struct tn_note parsed;
    enum tn_status status = TN_OK;

    if (job->note.size > 0) {
        status =
            check_signature(job, tn_buffer_view(&job->note), "published", &parsed, &checkpoint);
        if (status == TN_OK) {
            status = check_mark(job, "checkpoint", "published", &checkpoint,
                                &job->marks[TN_AUDIT_MARK_PUBLISHED]);
        }
        if (status == TN_OK) {
            status = check_cosignatures(job);
        }
        if (status == TN_OK) {
            status = tn_audit_policy_check(job);
        }
    } else if (job->witness_count > 0 || job->policy_path != NULL) {
        (void) tn_fail(&job->error, TN_NOT_FOUND,
                       "the log has published no checkpoint: nothing that a witness could sign");
        status = tn_audit_job_unread(job, TN_NOT_FOUND);
    }
    if (status == TN_OK && job->since.size > 0) {
        status = check_signature(job, tn_buffer_view(&job->since), "older", &parsed, &checkpoint);
        if (status == TN_OK) {
            status = check_mark(job, "consistency", "older", &checkpoint,
                                &job->marks[TN_AUDIT_MARK_SINCE]);
        }
    }
    return status;
}

/* ---- the work folder ---- */

static enum tn_status work_path(struct tn_audit_job *job, const char *name, char *path, size_t size)
{
    int length = snprintf(path, size, "%s/%s", job->work, name);

    return length > 0 && (size_t) length < size
               ? TN_OK
               : tn_fail(&job->error, TN_FULL, "%s is too long a path", job->work);
}

enum tn_status tn_audit_job_since(struct tn_audit_job *job)
{
    char path[512];
    const char *from = job->since_path;
    enum tn_status status = TN_OK;

    if (job->work != NULL) {
        if (mkdir(job->work, 0700) != 0 && errno != EEXIST) {
            return tn_fail(&job->error, TN_IO, "%s: %s", job->work, strerror(errno));
        }
        status = work_path(job, "checkpoint", path, sizeof(path));
        if (status == TN_OK && from == NULL && access(path, F_OK) == 0) {
            from = path;
        }
    }
    if (status != TN_OK || from == NULL) {
        return status;
    }
    status = tn_cli_read_file(from, TN_NOTE_BYTES_MAX, &job->since, &job->error);
    if (status == TN_OK) {
        status = tn_audit_job_note_size(job, tn_buffer_view(&job->since),
                                        &job->marks[TN_AUDIT_MARK_SINCE].size);
    }
    return status == TN_OK
               ? TN_OK
               : tn_fail_context(&job->error, "the older checkpoint in %s cannot be used", from);
}

enum tn_status tn_audit_job_remember(struct tn_audit_job *job)
{
    char path[512];
    char temporary[512];
    FILE *file;
    bool written;
    enum tn_status status;

    if (job->work == NULL || job->note.size == 0) {
        return TN_OK;
    }
    status = work_path(job, "checkpoint", path, sizeof(path));
    if (status == TN_OK) {
        status = work_path(job, "checkpoint.new", temporary, sizeof(temporary));
    }
    if (status != TN_OK) {
        return status;
    }
    file = fopen(temporary, "wb");
    written = file != NULL && fwrite(job->note.data, 1, job->note.size, file) == job->note.size;
    if (file != NULL) {
        written = fclose(file) == 0 && written;
    }
    if (!written || rename(temporary, path) != 0) {
        return tn_fail(&job->error, TN_IO, "%s: the checkpoint could not be remembered: %s", path,
                       strerror(errno));
    }
    return TN_OK;
}
