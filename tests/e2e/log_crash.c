/* The two halves of log_crash_test.py.
 *
 *   log_crash write DIR SEED [nosync|unsynced]
 *                                       appends frames until it is killed, a line for each promise:
 *                                       "A <size>" appended, "P <size>" published. nosync: nothing
 * is ever synced; unsynced: appends are not, publications are log_crash check DIR [lossy] opens
 * what is left, compares every entry, tile root and index row with what was written; prints "<size>
 * <published size>". lossy: without syncs index files may outlive their entries
 *
 * Every entry is a function of its index, so that the check needs nothing but the log. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/base/pack.h"
#include "ledger/base/random.h"
#include "ledger/log/log.h"
#include "ledger/log/note.h"

#define FRAME_MAX 800u
/* Indices of entries that were lost are looked for this far behind the end. */
#define LOST_MAX 20000u

static const uint8_t stream[TN_ID_SIZE] = {1, 2, 3};

static int die(const char *what, const struct tn_error *error)
{
    fprintf(stderr, "log_crash: %s: %s\n", what, error->text);
    return 1;
}

static void command_of(uint64_t index, uint8_t id[static TN_ID_SIZE])
{
    uint8_t bytes[8];
    tn_put_be64(bytes, index);
    tn_hash_one(id, TN_ID_SIZE, "log_crash", tn_bytes(NULL, 0), tn_bytes(bytes, sizeof(bytes)));
}

static void entry_of(uint64_t index, struct tn_buffer *out)
{
    uint8_t id[TN_ID_SIZE];
    command_of(index, id);
    tn_buffer_reset(out);
    tn_pack_array(out, 7);
    tn_pack_uint(out, 1);
    tn_pack_uint(out, index % 9);
    tn_pack_uint(out, 1700000000000000u + index);
    tn_pack_array(out, 2);
    tn_pack_uint(out, 1);
    tn_pack_bin(out, tn_bytes(stream, sizeof(stream)));
    tn_pack_bin(out, tn_bytes(id, sizeof(id)));
    tn_pack_nil(out);
    tn_pack_map(out, 1);
    tn_pack_uint(out, 1);
    tn_pack_bin(out, tn_bytes(id, index % 16));
}

static enum tn_status open_all(const char *directory, const struct tn_store_options *options,
                               struct tn_store **store, struct tn_log **log, struct tn_error *error)
{
    *log = NULL;
    enum tn_status status = tn_store_open(directory, options, store, error);
    return status == TN_OK ? tn_log_open(*store, log, error) : status;
}

static void say(char what, uint64_t size)
{
    char line[32];
    int count = snprintf(line, sizeof(line), "%c %" PRIu64 "\n", what, size);
    if (write(STDOUT_FILENO, line, (size_t) count) != count) {
        _exit(1);
    }
}

static int write_forever(const char *directory, uint64_t seed, const char *how)
{
    static struct tn_log_entry entries[FRAME_MAX];
    static struct tn_buffer bytes[FRAME_MAX];
    struct tn_store_options options = {.no_sync = strcmp(how, "nosync") == 0};
    struct tn_store *store = NULL;
    struct tn_log *log = NULL;
    struct tn_error error = {0};
    struct tn_random random;
    struct tn_signer signer;
    uint8_t key[TN_KEY_SEED_SIZE] = {5};
    tn_random_init_seeded(&random, seed, "log_crash", 0);
    enum tn_status status = open_all(directory, &options, &store, &log, &error);
    if (status == TN_NOT_FOUND) {
        options.create = true;
        status = open_all(directory, &options, &store, &log, &error);
    }
    if (status == TN_OK) {
        status =
            tn_signer_init(&signer, tn_bytes_from_string("example.org/crash"), TN_KEY_ED25519, key);
    }
    if (status != TN_OK) {
        return die("open", &error);
    }
    for (size_t i = 0; i < FRAME_MAX; i++) {
        tn_buffer_init(&bytes[i], 1024);
    }
    /* Unsynced, index files are written often and the WAL is synced seldom, so that a cut in
     * between has its chance. */
    bool unsynced = strcmp(how, "unsynced") == 0;
    if (unsynced) {
        tn_log_set_durability(log, TN_UNSYNCED);
    }
    struct tn_batch *batch = tn_batch_create();
    struct tn_log_head head;
    for (;;) {
        tn_log_head(log, &head);
        uint64_t chosen = tn_random_below(&random, 100);
        size_t count = 1 + (size_t) tn_random_below(&random, chosen < 5 ? FRAME_MAX : 40);
        for (size_t i = 0; i < count; i++) {
            uint64_t index = head.size + i;
            entry_of(index, &bytes[i]);
            entries[i] = (struct tn_log_entry){.bytes = tn_buffer_view(&bytes[i]),
                                               .time_us = 1700000000000000u + index,
                                               .kind = (uint32_t) (index % 9),
                                               .has_command = true,
                                               .stream_count = 1};
            command_of(index, entries[i].command);
            memcpy(entries[i].streams[0], stream, TN_ID_SIZE);
        }
        tn_batch_reset(batch);
        status = tn_log_append(log, batch, entries, count, &error);
        if (status == TN_OK) {
            say('A', head.size + count);
            if (chosen % (unsynced ? 50 : 10) == 0) {
                status = tn_log_publish(log, &signer, &error);
                if (status == TN_OK) {
                    say('P', head.size + count);
                }
            }
        }
        if (status == TN_OK && chosen == 98) {
            status = tn_store_flush(store, &error);
        }
        if (status == TN_OK && chosen >= (unsynced ? 80 : 99)) {
            status = tn_log_settle(log, &error);
        }
        if (status != TN_OK) {
            return die("append", &error);
        }
    }
}

struct check {
    struct tn_log *log;
    struct tn_buffer wanted;
    struct tn_merkle merkle;
    uint64_t next;
    bool wrong;
};

static bool check_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct check *check = context;
    entry_of(index, &check->wanted);
    check->wrong = index != check->next || !tn_bytes_equal(entry, tn_buffer_view(&check->wanted));
    tn_merkle_add_leaf(&check->merkle, entry);
    check->next++;
    return !check->wrong;
}

/* Every entry is found by its command, and no entry that was lost. */
static bool check_commands(struct check *check, uint64_t size, uint64_t end)
{
    struct tn_error error = {0};
    for (uint64_t index = 0; index < end; index++) {
        uint8_t command[TN_ID_SIZE];
        uint64_t found_index = 0;
        bool found = false;
        command_of(index, command);
        if (tn_log_find_command(check->log, command, &found_index, &found, &error) != TN_OK ||
            found != (index < size) || (found && found_index != index)) {
            fprintf(stderr, "log_crash: command of %" PRIu64 ": found %d at %" PRIu64 " %s\n",
                    index, (int) found, found_index, error.text);
            return false;
        }
    }
    return true;
}

static bool check_stream(struct check *check, uint64_t size)
{
    struct tn_error error = {0};
    uint64_t indices[1000];
    uint64_t from = 0;
    while (from < size) {
        size_t count = 1000;
        if (tn_log_read_stream(check->log, stream, from, false, indices, &count, &error) != TN_OK ||
            count == 0) {
            fprintf(stderr, "log_crash: stream from %" PRIu64 ": %s\n", from, error.text);
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            if (indices[i] != from) {
                fprintf(stderr, "log_crash: stream has %" PRIu64 " for %" PRIu64 "\n", indices[i],
                        from);
                return false;
            }
            from++;
        }
    }
    return from == size;
}

static int check_all(const char *directory, bool lossy)
{
    struct tn_store_options options = {0};
    struct tn_store *store = NULL;
    struct check check = {0};
    struct tn_error error = {0};
    struct tn_log_head head;
    struct tn_buffer note;
    uint8_t root[TN_HASH_SIZE];
    uint64_t published = 0;
    enum tn_status status = open_all(directory, &options, &store, &check.log, &error);
    if (status == TN_NOT_FOUND) {
        puts("0 0");
        return 0;
    }
    if (status != TN_OK) {
        return die("open", &error);
    }
    tn_buffer_init(&check.wanted, 1024);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    tn_merkle_init(&check.merkle);
    tn_log_head(check.log, &head);
    status = tn_log_scan(check.log, 0, UINT64_MAX, check_entry, &check, &error);
    tn_merkle_root(&check.merkle, root);
    if (status == TN_OK) {
        status = tn_log_published(check.log, &note, &published, &error);
    }
    if (status != TN_OK || check.wrong || check.next != head.size ||
        memcmp(root, head.root, sizeof(root)) != 0) {
        fprintf(stderr, "log_crash: %" PRIu64 " of %" PRIu64 " entries are right\n", check.next,
                head.size);
        return die("scan", &error);
    }
    uint64_t end = lossy ? head.size : head.size + LOST_MAX;
    if (!check_commands(&check, head.size, end) || !check_stream(&check, head.size)) {
        return 1;
    }
    printf("%" PRIu64 " %" PRIu64 "\n", head.size, published);
    tn_buffer_close(&check.wanted);
    tn_buffer_close(&note);
    tn_log_close(check.log);
    tn_store_close(store);
    return 0;
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        return 1;
    }
    if (argc >= 4 && strcmp(argv[1], "write") == 0) {
        return write_forever(argv[2], strtoull(argv[3], NULL, 10), argc == 5 ? argv[4] : "");
    }
    if (argc >= 3 && strcmp(argv[1], "check") == 0) {
        return check_all(argv[2], argc == 4 && strcmp(argv[3], "lossy") == 0);
    }
    fputs("usage: log_crash write DIR SEED [nosync|unsynced] | check DIR [lossy]\n", stderr);
    return 2;
}
