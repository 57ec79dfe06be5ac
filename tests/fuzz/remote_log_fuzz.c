/* An audit over HTTP of whatever a server answers: checkpoints, tiles and bundles. It ends; and an
 * honest log of which one answer was changed is never found sound.
 *
 * The transport is this file's (tools/remote_log.h): libcurl with its retries and waits would leave
 * some inputs a second. Its own bounds are tried over real sockets by tests/e2e/audit_test.py.
 *
 * Input: u8 mode, u8 which answer is changed, u8 how, u16 a number for it, then
 *   mode 0  the answers, one after the other: u16 size, bytes
 *   mode 1  the same behind a checkpoint that the log's key has signed: its size is the number
 *   else    an entry bundle; its entries behind a genesis make an honest log */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/event/event.h"
#include "ledger/log/tile.h"
#include "tests/fuzz/fuzz.h"
#include "tools/audit.h"
#include "tools/remote_log.h"

#define HEADER_BYTES 5u
#define ENTRIES_MAX 700u

enum change { CHANGE_FLIP, CHANGE_CUT, CHANGE_LONGER, CHANGE_STATUS, CHANGE_REPLACE, CHANGES };

struct tn_remote_log {
    struct {
        char path[TN_TILE_PATH_SIZE];
        size_t limit;
    } asked[TN_REMOTE_AHEAD];
    uint64_t asked_count;
    uint64_t answered;
    uint8_t mode;
    uint8_t which;
    uint8_t how;
    uint16_t number;
    bool changed;         /* what was answered is not the honest log */
    struct tn_bytes left; /* of the input */
    struct tn_buffer note;
    struct tn_buffer answer;
    struct tn_buffer genesis;
    struct tn_bytes entries[ENTRIES_MAX];
    uint8_t leaves[ENTRIES_MAX * TN_HASH_SIZE];
    size_t count;
};

static struct tn_remote_log server;
static struct tn_signer signer;

/* ---- the log ---- */

static void add_entry(struct tn_bytes entry)
{
    if (server.count < ENTRIES_MAX) {
        tn_leaf_hash(server.leaves + server.count * TN_HASH_SIZE, entry);
        server.entries[server.count++] = entry;
    }
}

/* The first entry names this log and its key, whatever log the others are from. */
static void add_genesis(struct tn_bytes entry)
{
    static const char origin[] = "fuzz.example/log";
    struct tn_event event;
    struct tn_facts_create_ledger *facts = &event.body.ledger_created.facts;
    struct tn_arena arena;

    tn_arena_init(&arena, (size_t) 1 << 20);
    if (tn_event_decode(entry, 0, &arena, &event, NULL) != TN_OK ||
        event.kind != TN_KIND_ledger_created) {
        event = (struct tn_event){.version = 1,
                                  .kind = TN_KIND_ledger_created,
                                  .time_us = UINT64_C(1690000000000000),
                                  .actor.role = TN_ROLE_OPERATOR,
                                  .has_command = true,
                                  .command = {1}};
    }
    facts->origin = tn_bytes_from_string(origin);
    memcpy(facts->log_key, signer.verifier.public_key, TN_HASH_SIZE);
    tn_event_encode(&event, &server.genesis);
    add_entry(tn_buffer_view(&server.genesis));
    tn_arena_close(&arena);
}

static void make_log(struct tn_bytes bundle)
{
    struct tn_bundle cursor = {.rest = bundle};
    struct tn_bytes entry = {NULL, 0};
    bool first = true;

    server.count = 0;
    while (tn_bundle_next(&cursor, &entry) == TN_OK) {
        if (first) {
            add_genesis(entry);
        } else {
            add_entry(entry);
        }
        first = false;
    }
    if (first) {
        add_genesis(entry);
    }
}

static void hash_at(unsigned level, uint64_t index, uint8_t hash[static TN_HASH_SIZE])
{
    struct tn_merkle merkle;

    if (level == 0) {
        memcpy(hash, server.leaves + index * TN_HASH_SIZE, TN_HASH_SIZE);
        return;
    }
    tn_merkle_init(&merkle);
    for (uint64_t i = 0; i < TN_TILE_WIDTH; i++) {
        tn_merkle_add_leaf_hash(&merkle,
                                server.leaves + (index * TN_TILE_WIDTH + i) * TN_HASH_SIZE);
    }
    tn_merkle_root(&merkle, hash);
}

static void sign_checkpoint(uint64_t size, const uint8_t root[static TN_HASH_SIZE])
{
    struct tn_buffer text;

    tn_buffer_init(&text, 4096);
    tn_checkpoint_format(&text, tn_bytes_from_string(signer.verifier.name), size, root);
    tn_buffer_reset(&server.note);
    tn_note_begin(&server.note, tn_buffer_view(&text));
    tn_note_sign(&server.note, tn_buffer_view(&text), &signer);
    tn_buffer_close(&text);
}

static void publish(void)
{
    struct tn_merkle merkle;
    uint8_t root[TN_HASH_SIZE];

    tn_merkle_init(&merkle);
    for (size_t i = 0; i < server.count; i++) {
        tn_merkle_add_leaf_hash(&merkle, server.leaves + i * TN_HASH_SIZE);
    }
    tn_merkle_root(&merkle, root);
    sign_checkpoint(server.count, root);
}

/* ---- the server ---- */

static enum tn_status answer_honestly(const char *path)
{
    struct tn_tile tile;
    uint8_t hash[TN_HASH_SIZE];

    if (strcmp(path, "checkpoint") == 0) {
        tn_buffer_append_bytes(&server.answer, tn_buffer_view(&server.note));
        return TN_OK;
    }
    if (tn_tile_path_parse(tn_bytes_from_string(path), &tile) != TN_OK ||
        !tn_tile_exists(&tile, server.count)) {
        return TN_NOT_FOUND;
    }
    for (unsigned i = 0; i < tile.width; i++) {
        uint64_t at = tile.index * TN_TILE_WIDTH + i;

        if (tile.entries) {
            TN_CHECK(tn_bundle_append(&server.answer, server.entries[at]) == TN_OK);
        } else {
            hash_at(tile.level, at, hash);
            tn_buffer_append(&server.answer, hash, sizeof(hash));
        }
    }
    return TN_OK;
}

/* The next answer of the input; nothing when it has ended. */
static void answer_from_input(void)
{
    size_t size = server.left.size >= 2 ? tn_get_be16(server.left.data) : 0;

    if (server.left.size < 2) {
        return;
    }
    server.left = tn_bytes(server.left.data + 2, server.left.size - 2);
    size = size < server.left.size ? size : server.left.size;
    tn_buffer_append(&server.answer, server.left.data, size);
    server.left = tn_bytes(server.left.data + size, server.left.size - size);
}

static enum tn_status change_answer(bool checkpoint)
{
    struct tn_buffer *answer = &server.answer;
    enum change change = server.how % CHANGES;

    if (answer->size == 0 || (checkpoint && change == CHANGE_LONGER)) {
        return TN_OK; /* a further signature by somebody else changes nothing */
    }
    server.changed = true;
    switch (change) {
    case CHANGE_FLIP:
        answer->data[server.number % answer->size] ^= (uint8_t) (1u << server.how / CHANGES % 8);
        return TN_OK;
    case CHANGE_CUT:
        answer->size = server.number % answer->size;
        return TN_OK;
    case CHANGE_LONGER:
        tn_buffer_append(answer, "x", 1);
        return TN_OK;
    case CHANGE_STATUS:
        return server.number % 2 == 0 ? TN_UNAVAILABLE : TN_NOT_FOUND;
    case CHANGE_REPLACE:
    case CHANGES:
        break;
    }
    memset(answer->data, server.number & 0xff, answer->size);
    return TN_OK;
}

enum tn_status tn_remote_open(const char *url, const char *token, struct tn_remote_log **remote,
                              struct tn_error *error)
{
    (void) url;
    (void) token;
    (void) error;
    *remote = &server;
    return TN_OK;
}

void tn_remote_close(struct tn_remote_log *remote)
{
    (void) remote;
}

bool tn_remote_has_room(const struct tn_remote_log *remote)
{
    return remote->asked_count - remote->answered < TN_REMOTE_AHEAD - 1;
}

enum tn_status tn_remote_ask(struct tn_remote_log *remote, const char *path, size_t limit,
                             bool entries, struct tn_error *error)
{
    size_t at = remote->asked_count++ % TN_REMOTE_AHEAD;

    (void) entries;
    (void) error;
    (void) snprintf(remote->asked[at].path, sizeof(remote->asked[at].path), "%s", path);
    remote->asked[at].limit = limit;
    return TN_OK;
}

enum tn_status tn_remote_answer(struct tn_remote_log *remote, struct tn_bytes *body,
                                struct tn_error *error)
{
    size_t at = remote->answered % TN_REMOTE_AHEAD;
    const char *path = remote->asked[at].path;
    bool checkpoint = strcmp(path, "checkpoint") == 0;
    enum tn_status status = TN_OK;

    *body = tn_bytes(NULL, 0);
    TN_CHECK(remote->answered < remote->asked_count);
    tn_buffer_reset(&remote->answer);
    if (remote->mode > 1 || (remote->mode == 1 && checkpoint)) {
        status = answer_honestly(path);
    } else {
        answer_from_input();
    }
    if (status == TN_OK && remote->mode > 1 && remote->answered == remote->which) {
        status = change_answer(checkpoint);
    }
    remote->answered++;
    if (status == TN_OK && remote->answer.size > remote->asked[at].limit) {
        status = TN_FULL;
    }
    if (status != TN_OK) {
        return tn_fail(error, status, "%s", path);
    }
    *body = tn_buffer_view(&remote->answer);
    return TN_OK;
}

/* ---- the audit, as tools/audit.c runs it ---- */

static void audit(void)
{
    static struct tn_audit_job job;
    enum tn_status status;

    memset(&job, 0, sizeof(job));
    job.place = "http://fuzz.example/log";
    job.has_key = true;
    job.key = signer.verifier;
    tn_buffer_init(&job.since, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&job.note, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&job.finding.expected, TN_FINDING_TEXT_MAX);
    tn_buffer_init(&job.finding.found, TN_FINDING_TEXT_MAX);
    status = tn_audit_url(&job);
    if (status == TN_OK) {
        status = tn_audit_job_checkpoints(&job);
    }
    tn_audit_job_settle(&job);
    TN_CHECK(!server.changed || status != TN_OK || job.differs || job.incomplete);
    TN_CHECK(status == TN_OK || job.error.text[0] != '\0' || job.has_finding);
    tn_audit_destroy(job.audit);
    tn_buffer_close(&job.since);
    tn_buffer_close(&job.note);
    tn_buffer_close(&job.finding.expected);
    tn_buffer_close(&job.finding.found);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {1};

    (void) argc;
    (void) argv;
    TN_CHECK(sodium_init() >= 0);
    TN_CHECK(tn_signer_init(&signer, tn_bytes_from_string("fuzz.example/log"), TN_KEY_ED25519,
                            seed) == TN_OK);
    tn_buffer_init(&server.note, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&server.answer, (size_t) 32 << 20);
    tn_buffer_init(&server.genesis, TN_EVENT_BYTES_MAX);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEADER_BYTES) {
        return 0;
    }
    server.mode = data[0];
    server.which = data[1];
    server.how = data[2];
    server.number = tn_get_be16(data + 3);
    server.left = tn_bytes(data + HEADER_BYTES, size - HEADER_BYTES);
    server.asked_count = server.answered = 0;
    server.changed = false;
    tn_buffer_reset(&server.genesis);
    if (server.mode == 1) {
        static const uint8_t root[TN_HASH_SIZE] = {7};

        sign_checkpoint(server.number, root);
    } else if (server.mode > 1) {
        make_log(server.left);
        publish();
    }
    audit();
    return 0;
}
