/* Which command ids a log has, dealt out to shares small enough to be looked through at once. */
#include "projections/commands_seen.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/endian.h"

#define CHUNK_BYTES (TN_COMMANDS_CHUNK * sizeof(struct tn_command_seen))
/* 96 MiB with a third as much for their table; 65 million commands make shares of 32 thousand. */
#define AT_ONCE_MAX ((size_t) 1 << 22)

_Static_assert(crypto_shorthash_KEYBYTES == sizeof(((struct tn_commands_seen *) 0)->key),
               "the key is one of SipHash");
_Static_assert(sizeof(struct tn_command_seen) == 24, "a record has no gap");

void tn_commands_seen_init(struct tn_commands_seen *seen, const uint8_t key[static 16],
                           const char *work)
{
    *seen = (struct tn_commands_seen){.work = work, .at_once = AT_ONCE_MAX};
    memcpy(seen->key, key, sizeof(seen->key));
}

void tn_commands_seen_close(struct tn_commands_seen *seen)
{
    for (size_t i = 0; i < TN_COMMANDS_SHARES; i++) {
        free(seen->shares[i].waiting);
        free(seen->shares[i].chunks);
    }
    if (seen->has_file) {
        (void) close(seen->file); /* it has no name: it is gone */
    }
    *seen = (struct tn_commands_seen){0};
}

static uint64_t hash_of(const struct tn_commands_seen *seen, const uint8_t id[static TN_ID_SIZE])
{
    uint8_t hash[crypto_shorthash_BYTES];

    (void) crypto_shorthash(hash, id, TN_ID_SIZE, seen->key);
    return tn_get_be64(hash);
}

/* ---- the file ---- */

static enum tn_status failed(struct tn_error *error, int number)
{
    return tn_fail(error, number == ENOSPC ? TN_NO_SPACE : TN_IO,
                   "command ids cannot be kept in the temporary folder: %s", strerror(number));
}

static enum tn_status open_file(struct tn_commands_seen *seen, struct tn_error *error)
{
    const char *base = seen->work != NULL ? seen->work : getenv("TMPDIR");
    char path[512];
    int size =
        snprintf(path, sizeof(path), "%s/turno-commands.XXXXXX", base != NULL ? base : P_tmpdir);

    if (size < 0 || (size_t) size >= sizeof(path)) {
        return failed(error, ENAMETOOLONG);
    }
    seen->file = mkstemp(path);
    if (seen->file < 0) {
        return failed(error, errno);
    }
    seen->has_file = true;
    return unlink(path) == 0 ? TN_OK : failed(error, errno);
}

static enum tn_status write_chunk(struct tn_commands_seen *seen, const void *records,
                                  struct tn_error *error)
{
    const uint8_t *from = records;
    off_t offset = (off_t) seen->chunks_written * (off_t) CHUNK_BYTES;

    for (size_t done = 0; done < CHUNK_BYTES;) {
        ssize_t size = pwrite(seen->file, from + done, CHUNK_BYTES - done, offset + (off_t) done);

        if (size < 0 && errno != EINTR) {
            return failed(error, errno);
        }
        done += size > 0 ? (size_t) size : 0;
    }
    return TN_OK;
}

static enum tn_status read_chunk(const struct tn_commands_seen *seen, uint32_t chunk, void *records,
                                 struct tn_error *error)
{
    uint8_t *to = records;
    off_t offset = (off_t) chunk * (off_t) CHUNK_BYTES;

    for (size_t done = 0; done < CHUNK_BYTES;) {
        ssize_t size = pread(seen->file, to + done, CHUNK_BYTES - done, offset + (off_t) done);

        if (size == 0 || (size < 0 && errno != EINTR)) {
            return failed(error, size == 0 ? EIO : errno);
        }
        done += size > 0 ? (size_t) size : 0;
    }
    return TN_OK;
}

/* ---- adding ---- */

static enum tn_status spill(struct tn_commands_seen *seen, struct tn_commands_share *share,
                            struct tn_error *error)
{
    enum tn_status status = seen->has_file ? TN_OK : open_file(seen, error);

    if (status == TN_OK && seen->chunks_written == UINT32_MAX) {
        status = tn_fail(error, TN_FULL, "more commands than can be compared");
    }
    if (status == TN_OK && share->chunk_count == share->chunk_capacity) {
        size_t capacity = share->chunk_capacity > 0 ? share->chunk_capacity * 2 : 16;
        uint32_t *chunks = realloc(share->chunks, capacity * sizeof(*chunks));

        if (chunks == NULL) {
            return tn_fail(error, TN_MEMORY, "no memory for command ids");
        }
        share->chunks = chunks;
        share->chunk_capacity = capacity;
    }
    if (status == TN_OK) {
        status = write_chunk(seen, share->waiting, error);
    }
    if (status == TN_OK) {
        share->chunks[share->chunk_count++] = seen->chunks_written++;
        share->count = 0;
    }
    return status;
}

enum tn_status tn_commands_seen_add(struct tn_commands_seen *seen, const struct tn_event *event,
                                    struct tn_error *error)
{
    struct tn_commands_share *share;
    enum tn_status status = TN_OK;

    if (!tn_event_begins_command(event, &seen->run)) {
        return TN_OK;
    }
    share = &seen->shares[hash_of(seen, event->command) % TN_COMMANDS_SHARES];
    if (share->waiting == NULL) {
        share->waiting = malloc(CHUNK_BYTES);
    }
    if (share->waiting == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for command ids");
    }
    if (share->count == TN_COMMANDS_CHUNK) {
        status = spill(seen, share, error);
    }
    if (status == TN_OK) {
        struct tn_command_seen *record = &share->waiting[share->count++];

        memcpy(record->id, event->command, TN_ID_SIZE);
        record->index = event->index;
    }
    seen->looked = false;
    return status;
}

/* ---- looking through ---- */

/* A share, or the part of a large one whose ids have one remainder. */
struct looking {
    const struct tn_commands_seen *seen;
    size_t from; /* the first share */
    struct tn_command_seen *records;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* number of a record and one, by hash; a power of two of them */
    size_t slot_count;
    uint64_t parts;
    uint64_t part;
    struct tn_command_seen again;
    uint64_t first;
    bool found;
    enum tn_status status;
    struct tn_error error;
};

static bool reserve(struct looking *looking, size_t count)
{
    size_t capacity = looking->capacity > 0 ? looking->capacity : TN_COMMANDS_CHUNK;
    struct tn_command_seen *more;

    while (capacity < looking->count + count) {
        capacity *= 2;
    }
    if (capacity > looking->capacity) {
        more = realloc(looking->records, capacity * sizeof(*looking->records));
        if (more == NULL) {
            return false;
        }
        looking->records = more;
        looking->capacity = capacity;
    }
    return true;
}

/* Keep those of the records just read, behind the others, that are of this part. */
static void keep(struct looking *looking, size_t count)
{
    struct tn_command_seen *records = looking->records + looking->count;

    if (looking->parts == 1) {
        looking->count += count;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = hash_of(looking->seen, records[i].id) / TN_COMMANDS_SHARES;

        if (hash % looking->parts == looking->part) {
            looking->records[looking->count++] = records[i];
        }
    }
}

static enum tn_status collect(struct looking *looking, const struct tn_commands_share *share,
                              struct tn_error *error)
{
    enum tn_status status = TN_OK;

    looking->count = 0;
    for (size_t i = 0; status == TN_OK && i <= share->chunk_count; i++) {
        bool last = i == share->chunk_count;
        size_t count = last ? share->count : TN_COMMANDS_CHUNK;

        if (!reserve(looking, count)) {
            return tn_fail(error, TN_MEMORY, "no memory to compare command ids");
        }
        if (!last) {
            status = read_chunk(looking->seen, share->chunks[i], looking->records + looking->count,
                                error);
        } else if (count > 0) {
            memcpy(looking->records + looking->count, share->waiting,
                   count * sizeof(*share->waiting));
        }
        if (status == TN_OK) {
            keep(looking, count);
        }
    }
    return status;
}

static bool make_slots(struct looking *looking)
{
    size_t count = looking->slot_count > 0 ? looking->slot_count : TN_COMMANDS_CHUNK;

    while (count < 2 * looking->count) {
        count *= 2;
    }
    if (count > looking->slot_count) {
        free(looking->slots);
        looking->slots = malloc(count * sizeof(*looking->slots));
        looking->slot_count = looking->slots != NULL ? count : 0;
    }
    if (looking->slots != NULL) {
        memset(looking->slots, 0, looking->slot_count * sizeof(*looking->slots));
    }
    return looking->slots != NULL;
}

/* Records come in the order of the log: the first of two was there first. */
static enum tn_status compare(struct looking *looking, struct tn_error *error)
{
    if (!make_slots(looking)) {
        return tn_fail(error, TN_MEMORY, "no memory to compare command ids");
    }
    for (size_t i = 0; i < looking->count; i++) {
        const struct tn_command_seen *record = &looking->records[i];
        size_t mask = looking->slot_count - 1;
        size_t at = (size_t) (hash_of(looking->seen, record->id) >> 20) & mask;

        while (looking->slots[at] != 0 &&
               memcmp(looking->records[looking->slots[at] - 1].id, record->id, TN_ID_SIZE) != 0) {
            at = (at + 1) & mask;
        }
        if (looking->slots[at] == 0) {
            looking->slots[at] = (uint32_t) (i + 1);
        } else if (!looking->found || record->index < looking->again.index) {
            looking->found = true;
            looking->again = *record;
            looking->first = looking->records[looking->slots[at] - 1].index;
        }
    }
    return TN_OK;
}

/* Every other share, so that two of these look through all. */
static void *look_work(void *argument)
{
    struct looking *looking = argument;
    const struct tn_commands_seen *seen = looking->seen;

    for (size_t i = looking->from; looking->status == TN_OK && i < TN_COMMANDS_SHARES; i += 2) {
        const struct tn_commands_share *share = &seen->shares[i];
        size_t total = share->chunk_count * TN_COMMANDS_CHUNK + share->count;

        looking->parts = 1 + total / seen->at_once;
        for (looking->part = 0; looking->status == TN_OK && looking->part < looking->parts;
             looking->part++) {
            looking->status = collect(looking, share, &looking->error);
            if (looking->status == TN_OK) {
                looking->status = compare(looking, &looking->error);
            }
        }
    }
    free(looking->records);
    free(looking->slots);
    return NULL;
}

static enum tn_status look(struct tn_commands_seen *seen, struct tn_error *error)
{
    struct looking halves[2] = {{.seen = seen, .from = 0}, {.seen = seen, .from = 1}};
    pthread_t thread;
    bool started = seen->has_file && pthread_create(&thread, NULL, look_work, &halves[1]) == 0;

    look_work(&halves[0]);
    if (started) {
        (void) pthread_join(thread, NULL);
    } else {
        look_work(&halves[1]);
    }
    seen->repeated = false;
    for (size_t i = 0; i < 2; i++) {
        if (halves[i].status != TN_OK) {
            if (error != NULL) {
                *error = halves[i].error;
            }
            return halves[i].status;
        }
        if (halves[i].found && (!seen->repeated || halves[i].again.index < seen->again.index)) {
            seen->repeated = true;
            seen->again = halves[i].again;
            seen->first = halves[i].first;
        }
    }
    seen->looked = true;
    return TN_OK;
}

enum tn_status tn_commands_seen_repeat(struct tn_commands_seen *seen, struct tn_command_seen *again,
                                       uint64_t *first, bool *found, struct tn_error *error)
{
    enum tn_status status = seen->looked ? TN_OK : look(seen, error);

    *found = status == TN_OK && seen->repeated;
    *again = *found ? seen->again : (struct tn_command_seen){0};
    *first = *found ? seen->first : 0;
    return status;
}
