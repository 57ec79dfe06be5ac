/* The published checkpoint (spec/log.md 4). Family `meta`, row "published", big-endian:
 *
 *   offset size
 *        0    8  size
 *        8   32  root
 *       40       the signed note as it is served
 *
 * Order: the entries are durable (they were appended), the record is written and synced, and only
 * then is the note shown. The guard reads the record from the disk, not from memory. */
#include <inttypes.h>
#include <string.h>

#include "ledger/base/endian.h"
#include "ledger/log/log_internal.h"
#include "ledger/log/note.h"

#define RECORD_HEADER_BYTES 40
#define RECORD_BYTES_MAX (RECORD_HEADER_BYTES + TN_NOTE_BYTES_MAX)

/* A record as it lies in `bytes`. */
struct record {
    uint64_t size;
    const uint8_t *root;
    struct tn_bytes note; /* empty: there is no record */
    struct tn_bytes origin;
};

static enum tn_status read_record(struct tn_log *log, struct tn_buffer *bytes,
                                  struct record *record, struct tn_error *error);
static enum tn_status parse_note(struct tn_bytes bytes, struct tn_checkpoint *checkpoint,
                                 struct tn_error *error);
static enum tn_status guard(struct tn_log *log, const struct tn_checkpoint *checkpoint,
                            struct tn_buffer *bytes, struct tn_error *error);
static enum tn_status write_record(struct tn_log *log, const struct tn_checkpoint *checkpoint,
                                   struct tn_bytes note, struct tn_error *error);
static void show(struct tn_log *log, uint64_t size, const uint8_t root[static TN_HASH_SIZE],
                 struct tn_buffer *note);

enum tn_status tn_log_publish(struct tn_log *log, const struct tn_signer *signer,
                              struct tn_error *error)
{
    return tn_log_publish_timed(log, signer, NULL, 0, error);
}

enum tn_status tn_log_sign_head(struct tn_log *log, const struct tn_signer *signer,
                                const struct tn_signer *cosigner, uint64_t time_s,
                                struct tn_buffer *note, uint64_t *size)
{
    struct tn_log_head head;
    struct tn_buffer text;
    tn_log_head(log, &head);
    tn_buffer_init(&text, TN_NOTE_BYTES_MAX);
    tn_buffer_reset(note);
    *size = head.size;
    tn_checkpoint_format(&text, tn_bytes_from_string(signer->verifier.name), head.size, head.root);
    enum tn_status status = tn_buffer_status(&text);
    if (status == TN_OK) {
        tn_note_begin(note, tn_buffer_view(&text));
        tn_note_sign(note, tn_buffer_view(&text), signer);
        if (cosigner != NULL) {
            tn_note_cosign(note, tn_buffer_view(&text), cosigner, time_s);
        }
        status = tn_buffer_status(note);
    }
    tn_buffer_close(&text);
    return status;
}

enum tn_status tn_log_publish_timed(struct tn_log *log, const struct tn_signer *signer,
                                    const struct tn_signer *cosigner, uint64_t time_s,
                                    struct tn_error *error)
{
    struct tn_log_head head;
    struct tn_buffer note;
    tn_log_head(log, &head);
    pthread_rwlock_rdlock(&log->lock);
    bool published = log->published.note.size != 0 && log->published.size == head.size &&
                     memcmp(log->published.root, head.root, TN_HASH_SIZE) == 0;
    pthread_rwlock_unlock(&log->lock);
    if (published) {
        return TN_OK;
    }
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    enum tn_status status = tn_log_sign_head(log, signer, cosigner, time_s, &note, &head.size);
    if (status == TN_OK) {
        status = tn_log_publish_note(log, tn_buffer_view(&note), error);
    }
    tn_buffer_close(&note);
    return status;
}

enum tn_status tn_log_publish_note(struct tn_log *log, struct tn_bytes note, struct tn_error *error)
{
    struct tn_checkpoint checkpoint;
    struct tn_buffer before;
    struct tn_buffer shown;
    enum tn_status status = parse_note(note, &checkpoint, error);
    if (status != TN_OK) {
        return status;
    }
    tn_buffer_init(&before, RECORD_BYTES_MAX);
    tn_buffer_init(&shown, TN_NOTE_BYTES_MAX);
    pthread_mutex_lock(&log->publish_lock);
    tn_buffer_append_bytes(&shown, note);
    status = tn_buffer_status(&shown);
    if (status == TN_OK) {
        status = guard(log, &checkpoint, &before, error);
    }
    if (status == TN_OK) {
        status = write_record(log, &checkpoint, note, error);
    }
    if (status == TN_OK) {
        show(log, checkpoint.size, checkpoint.root, &shown);
    }
    pthread_mutex_unlock(&log->publish_lock);
    tn_buffer_close(&before);
    tn_buffer_close(&shown);
    return status;
}

enum tn_status tn_log_add_signatures(struct tn_log *log, uint64_t size, struct tn_bytes lines,
                                     struct tn_error *error)
{
    struct tn_checkpoint checkpoint;
    struct tn_buffer bytes;
    struct tn_buffer merged;
    struct record before;
    tn_buffer_init(&bytes, RECORD_BYTES_MAX);
    tn_buffer_init(&merged, TN_NOTE_BYTES_MAX);
    pthread_mutex_lock(&log->publish_lock);
    enum tn_status status = read_record(log, &bytes, &before, error);
    if (status == TN_OK && (before.note.size == 0 || before.size != size)) {
        status = tn_fail(error, TN_NOT_FOUND, "size %" PRIu64 " is not the published one", size);
    }
    if (status == TN_OK) {
        status = tn_note_merge(before.note, lines, &merged, error);
    }
    if (status == TN_OK) {
        status = parse_note(tn_buffer_view(&merged), &checkpoint, error);
    }
    if (status == TN_OK) {
        status = write_record(log, &checkpoint, tn_buffer_view(&merged), error);
    }
    if (status == TN_OK) {
        show(log, checkpoint.size, checkpoint.root, &merged);
    }
    pthread_mutex_unlock(&log->publish_lock);
    tn_buffer_close(&bytes);
    tn_buffer_close(&merged);
    return status;
}

enum tn_status tn_log_published(struct tn_log *log, struct tn_buffer *note, uint64_t *size,
                                struct tn_error *error)
{
    tn_buffer_reset(note);
    pthread_rwlock_rdlock(&log->lock);
    *size = log->published.size;
    tn_buffer_append_bytes(note, tn_buffer_view(&log->published.note));
    pthread_rwlock_unlock(&log->lock);
    if (tn_buffer_status(note) != TN_OK) {
        tn_buffer_reset(note);
        *size = 0;
        return tn_fail(error, TN_FULL, "the published note is longer than its reader takes");
    }
    return TN_OK;
}

enum tn_status tn_log_load_published(struct tn_log *log, struct tn_error *error)
{
    struct tn_buffer bytes;
    struct tn_buffer note;
    struct record record;
    uint8_t root[TN_HASH_SIZE];
    tn_buffer_init(&bytes, RECORD_BYTES_MAX);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    enum tn_status status = read_record(log, &bytes, &record, error);
    if (status != TN_OK || record.note.size == 0) {
        goto out;
    }
    if (record.size > log->head.size) {
        status = tn_fail(error, TN_CORRUPT,
                         "size %" PRIu64 " was published and the log has only %" PRIu64
                         " entries: this is an older copy; restore from an archive",
                         record.size, log->head.size);
        goto out;
    }
    status = tn_tree_root_at(tn_log_tile_read, log, record.size, root, error);
    if (status == TN_OK && memcmp(root, record.root, TN_HASH_SIZE) != 0) {
        status = tn_fail(error, TN_CORRUPT,
                         "the tree of the first %" PRIu64 " entries is not the one "
                         "that was published; restore from an archive",
                         record.size);
    }
    if (status != TN_OK) {
        goto out;
    }
    tn_buffer_append_bytes(&note, record.note);
    status = tn_buffer_status(&note);
    if (status == TN_OK) {
        show(log, record.size, record.root, &note);
    }
out:
    tn_buffer_close(&bytes);
    tn_buffer_close(&note);
    return status;
}

/* The record on the disk, its note checked to say the same. */
static enum tn_status read_record(struct tn_log *log, struct tn_buffer *bytes,
                                  struct record *record, struct tn_error *error)
{
    bool found = false;
    *record = (struct record){0};
    enum tn_status status = tn_store_get(log->store, log->meta, NULL,
                                         tn_bytes_from_string("published"), bytes, &found, error);
    if (status != TN_OK || !found) {
        return status;
    }
    struct tn_checkpoint checkpoint;
    if (bytes->size <= RECORD_HEADER_BYTES) {
        return tn_fail(error, TN_CORRUPT, "the record of the published checkpoint has %zu bytes",
                       bytes->size);
    }
    record->size = tn_get_be64(bytes->data);
    record->root = bytes->data + 8;
    record->note = tn_bytes(bytes->data + RECORD_HEADER_BYTES, bytes->size - RECORD_HEADER_BYTES);
    status = parse_note(record->note, &checkpoint, error);
    if (status != TN_OK || checkpoint.size != record->size ||
        memcmp(checkpoint.root, record->root, TN_HASH_SIZE) != 0) {
        *record = (struct record){0};
        return tn_fail(error, TN_CORRUPT,
                       "the record of the published checkpoint and its note do "
                       "not say the same");
    }
    record->origin = checkpoint.origin;
    return TN_OK;
}

static enum tn_status parse_note(struct tn_bytes bytes, struct tn_checkpoint *checkpoint,
                                 struct tn_error *error)
{
    struct tn_note note;
    *checkpoint = (struct tn_checkpoint){0};
    enum tn_status status = tn_note_parse(bytes, &note, error);
    return status == TN_OK ? tn_checkpoint_parse(note.text, checkpoint, error) : status;
}

/* It is a checkpoint of this log, and nothing that was published contradicts it. */
static enum tn_status guard(struct tn_log *log, const struct tn_checkpoint *checkpoint,
                            struct tn_buffer *bytes, struct tn_error *error)
{
    struct record before;
    uint8_t root[TN_HASH_SIZE];
    enum tn_status status = read_record(log, bytes, &before, error);
    if (status != TN_OK) {
        return status;
    }
    if (before.note.size != 0 && !tn_bytes_equal(before.origin, checkpoint->origin)) {
        return tn_fail(error, TN_INVALID, "the log's origin never changes: it is %.*s",
                       (int) before.origin.size, (const char *) before.origin.data);
    }
    if (before.note.size != 0 && checkpoint->size < before.size) {
        return tn_fail(error, TN_CONFLICT,
                       "size %" PRIu64 " was published, %" PRIu64 " would take entries back",
                       before.size, checkpoint->size);
    }
    if (before.note.size != 0 && checkpoint->size == before.size &&
        memcmp(checkpoint->root, before.root, TN_HASH_SIZE) != 0) {
        return tn_fail(error, TN_CONFLICT, "size %" PRIu64 " was published with another root",
                       before.size);
    }
    status = tn_log_root(log, checkpoint->size, root, error);
    if (status == TN_NOT_FOUND ||
        (status == TN_OK && memcmp(root, checkpoint->root, TN_HASH_SIZE) != 0)) {
        status = tn_fail(error, TN_INVALID,
                         "the note is not a checkpoint of this log at size %" PRIu64,
                         checkpoint->size);
    }
    return status;
}

static enum tn_status write_record(struct tn_log *log, const struct tn_checkpoint *checkpoint,
                                   struct tn_bytes note, struct tn_error *error)
{
    struct tn_buffer value;
    struct tn_batch *batch = tn_batch_create();
    tn_buffer_init(&value, RECORD_BYTES_MAX);
    tn_buffer_append_be64(&value, checkpoint->size);
    tn_buffer_append(&value, checkpoint->root, TN_HASH_SIZE);
    tn_buffer_append_bytes(&value, note);
    enum tn_status status = tn_buffer_status(&value);
    if (status == TN_OK) {
        tn_batch_put(batch, log->meta, tn_bytes_from_string("published"), tn_buffer_view(&value));
        /* A receipt has said by when it is published, so a full disk does not keep it back. */
        status = tn_store_write_owed(log->store, batch, TN_SYNCED, error);
    }
    tn_buffer_close(&value);
    tn_batch_destroy(batch);
    return status;
}

/* Takes over the bytes of `note` and leaves those shown before in it. */
static void show(struct tn_log *log, uint64_t size, const uint8_t root[static TN_HASH_SIZE],
                 struct tn_buffer *note)
{
    pthread_rwlock_wrlock(&log->lock);
    struct tn_buffer before = log->published.note;
    log->published.note = *note;
    *note = before;
    log->published.size = size;
    memcpy(log->published.root, root, TN_HASH_SIZE);
    pthread_rwlock_unlock(&log->lock);
}
