/* The newest checkpoint that enough witnesses have cosigned (spec/log.md 5): under load a newer one
 * is published before they answer, and what they signed must stay readable. Family `meta`, row
 * "cosigned": the signed note. */
#include <inttypes.h>
#include <string.h>

#include "ledger/log/log_internal.h"
#include "ledger/log/note.h"

#define KEY tn_bytes_from_string("cosigned")

/* TN_INVALID unless it is a note over a checkpoint; the origin is a view into it. */
static enum tn_status open_note(struct tn_bytes bytes, struct tn_checkpoint *checkpoint,
                                struct tn_error *error)
{
    struct tn_note note;
    enum tn_status status = tn_note_parse(bytes, &note, error);

    return status == TN_OK ? tn_checkpoint_parse(note.text, checkpoint, error) : status;
}

enum tn_status tn_log_cosigned(struct tn_log *log, struct tn_buffer *note, uint64_t *size,
                               struct tn_error *error)
{
    struct tn_checkpoint checkpoint;
    bool found = false;
    enum tn_status status = tn_store_get(log->store, log->meta, NULL, KEY, note, &found, error);

    *size = 0;
    if (status == TN_OK && found) {
        status = open_note(tn_buffer_view(note), &checkpoint, error);
        *size = status == TN_OK ? checkpoint.size : 0;
    }
    return status;
}

static enum tn_status guard(struct tn_log *log, const struct tn_checkpoint *checkpoint,
                            struct tn_error *error)
{
    struct tn_buffer before;
    uint8_t root[TN_HASH_SIZE];
    uint64_t size;
    enum tn_status status;

    tn_buffer_init(&before, TN_NOTE_BYTES_MAX);
    status = tn_log_cosigned(log, &before, &size, error);
    tn_buffer_close(&before);
    if (status == TN_OK && checkpoint->size < size) {
        status = tn_fail(error, TN_CONFLICT, "a cosigned checkpoint of %" PRIu64 " is kept", size);
    }
    if (status == TN_OK) {
        status = tn_log_root(log, checkpoint->size, root, error);
    }
    if (status == TN_NOT_FOUND ||
        (status == TN_OK && memcmp(root, checkpoint->root, TN_HASH_SIZE) != 0)) {
        status = tn_fail(error, TN_INVALID, "the note is not a checkpoint of this log");
    }
    return status;
}

enum tn_status tn_log_keep_cosigned(struct tn_log *log, struct tn_bytes note,
                                    struct tn_error *error)
{
    struct tn_checkpoint checkpoint;
    struct tn_batch *batch;
    enum tn_status status = open_note(note, &checkpoint, error);

    if (status != TN_OK) {
        return status;
    }
    pthread_mutex_lock(&log->publish_lock);
    status = guard(log, &checkpoint, error);
    batch = tn_batch_create();
    if (status == TN_OK) {
        tn_batch_put(batch, log->meta, KEY, note);
        status = tn_store_write_owed(log->store, batch, TN_SYNCED, error);
    }
    tn_batch_destroy(batch);
    pthread_mutex_unlock(&log->publish_lock);
    return status;
}
