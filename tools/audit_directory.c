/* The audit of a ledger's directory, beside whoever writes. */
#include <inttypes.h>
#include <string.h>

#include "ledger/log/log.h"
#include "tools/audit.h"

struct reading {
    struct tn_audit_job *job;
    struct tn_log *log;
    struct tn_log_head head;
    struct tn_buffer tile;
    struct tn_log_tiles *stored;
    enum tn_status status; /* of the audit, or of reading a tile */
};

/* Every full tile, as the entries make it, against the stored one. */
static void compare_tile(void *context, unsigned level, uint64_t index, const uint8_t *hashes)
{
    struct reading *reading = context;
    struct tn_audit_job *job = reading->job;

    if (reading->status != TN_OK) {
        return;
    }
    if (tn_log_tiles_match(reading->stored, level, index, hashes)) {
        job->tiles++;
        return;
    }
    reading->status = tn_log_tile(reading->log, reading->head.size, level, index, TN_TILE_WIDTH,
                                  &reading->tile, &job->error);
    if (reading->status != TN_OK) {
        (void) tn_audit_job_unread(job, reading->status);
        return;
    }
    job->tiles++;
    if (memcmp(reading->tile.data, hashes, TN_TILE_BYTES) != 0) {
        reading->status = tn_audit_job_differ(
            job, index << (TN_TILE_HEIGHT * (level + 1)), "tile",
            "tile %u/%" PRIu64 " is not what the entries under it make", level, index);
    }
}

static bool take_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct reading *reading = context;
    enum tn_status status;

    (void) index;
    status = tn_audit_job_entry(reading->job, entry);
    if (reading->status == TN_OK) {
        reading->status = status;
    }
    return reading->status == TN_OK;
}

static enum tn_status read_entries(struct reading *reading)
{
    struct tn_audit_job *job = reading->job;
    struct tn_error error = {0};
    enum tn_status status =
        tn_log_scan(reading->log, 0, reading->head.size, take_entry, reading, &error);

    if (reading->status != TN_OK) {
        return reading->status;
    }
    if (status == TN_OK && job->entries != reading->head.size) {
        status = tn_fail(&error, TN_IO, "the log ends at entry %" PRIu64 " of %" PRIu64,
                         job->entries, reading->head.size);
    }
    if (status != TN_OK) {
        job->error = error;
        return tn_audit_job_unread(job, status);
    }
    return tn_audit_job_end(job);
}

static enum tn_status audit_log(struct tn_audit_job *job, struct tn_log *log)
{
    struct reading reading = {.job = job, .log = log};
    enum tn_status status;

    tn_log_head(log, &reading.head);
    tn_buffer_init(&reading.tile, TN_TILE_BYTES);
    reading.stored = tn_log_tiles_create(log);
    if (reading.head.size == 0) {
        status = tn_audit_job_differ(job, 0, "genesis", "the log is empty");
    } else {
        status = tn_log_published(log, &job->note, &job->marks[TN_AUDIT_MARK_PUBLISHED].size,
                                  &job->error);
    }
    if (status == TN_OK) {
        status = tn_audit_job_begin(job, reading.head.size, compare_tile, &reading);
    }
    if (status == TN_OK) {
        status = read_entries(&reading);
    }
    if (status == TN_OK && memcmp(job->root, reading.head.root, TN_HASH_SIZE) != 0) {
        status = tn_audit_job_differ(job, reading.head.size, "root",
                                     "the entries do not lead to the root that was committed");
    }
    tn_log_tiles_destroy(reading.stored);
    tn_buffer_close(&reading.tile);
    return status;
}

enum tn_status tn_audit_directory(struct tn_audit_job *job)
{
    const struct tn_store_options options = {.mode = TN_STORE_SECONDARY};
    struct tn_store *store = NULL;
    struct tn_log *log = NULL;
    enum tn_status status = tn_store_open(job->place, &options, &store, &job->error);

    if (status == TN_CORRUPT || status == TN_IO) {
        (void) tn_audit_job_unread(job, status);
    }
    if (status == TN_OK) {
        status = tn_store_check_durable(store, &job->error);
        if (status == TN_OK) {
            status = tn_log_open(store, &log, &job->error);
        }
        if (status == TN_CORRUPT) {
            status = tn_audit_job_differ(job, 0, "log", "%.300s", job->error.text);
        } else if (status == TN_IO) {
            (void) tn_audit_job_unread(job, status);
        }
    }
    if (status == TN_OK) {
        status = audit_log(job, log);
    }
    if (log != NULL) {
        tn_log_close(log);
    }
    tn_store_close(store);
    return status;
}
