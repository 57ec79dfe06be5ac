/* turno verify: every entry, hash, tile, checkpoint and row root; the first fault is named. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/event/event.h"
#include "ledger/log/tree.h"
#include "projections/engine.h"
#include "tools/cli.h"
#include "tools/genesis.h"

static const struct option options[] = {
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

struct verifying {
    struct tn_ledger *ledger;
    struct tn_log_head head;
    struct tn_tree tree;
    struct tn_arena arena;
    struct tn_buffer tile;
    uint64_t last_time_us;
    uint64_t tiles;
    uint64_t published;
    uint8_t published_root[TN_HASH_SIZE]; /* of the entries, when the scan passed that size */
    struct tn_cli_progress progress;
    struct tn_error error;
    enum tn_status status;
};

/* Every full tile, as the entries make it, against the stored one. */
static void compare_tile(void *context, unsigned level, uint64_t index, const uint8_t *hashes)
{
    struct verifying *verifying = context;
    enum tn_status status;

    if (verifying->status != TN_OK) {
        return;
    }
    status = tn_log_tile(verifying->ledger->log, verifying->head.size, level, index, 256,
                         &verifying->tile, &verifying->error);
    verifying->tiles++;
    if (status == TN_OK && (verifying->tile.size != 256 * TN_HASH_SIZE ||
                            memcmp(verifying->tile.data, hashes, 256 * TN_HASH_SIZE) != 0)) {
        status = tn_fail(&verifying->error, TN_MISMATCH,
                         "tile %u/%" PRIu64 " is not what the entries under it make", level, index);
    }
    verifying->status = status;
}

static bool verify_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct verifying *verifying = context;
    struct tn_event event;

    tn_arena_reset(&verifying->arena);
    verifying->status = tn_event_decode(entry, index, &verifying->arena, &event, &verifying->error);
    if (verifying->status != TN_OK) {
        return false;
    }
    if (event.time_us < verifying->last_time_us) {
        verifying->status = tn_fail(&verifying->error, TN_MISMATCH,
                                    "entry %" PRIu64 " is earlier than the one before it", index);
        return false;
    }
    verifying->last_time_us = event.time_us;
    if (index == verifying->published) {
        tn_tree_root(&verifying->tree, verifying->published_root);
    }
    tn_tree_append(&verifying->tree, entry, compare_tile, verifying);
    if ((index & 0xffff) == 0) {
        tn_cli_progress_show(&verifying->progress, index, verifying->head.size);
    }
    return verifying->status == TN_OK;
}

static enum tn_status verify_entries(struct verifying *verifying)
{
    uint8_t root[TN_HASH_SIZE];
    enum tn_status status;

    tn_cli_progress_init(&verifying->progress, "entries");
    status = tn_log_scan(verifying->ledger->log, 0, verifying->head.size, verify_entry, verifying,
                         &verifying->error);
    tn_cli_progress_end(&verifying->progress);
    if (status == TN_OK) {
        status = verifying->status;
    }
    if (status != TN_OK) {
        return status;
    }
    tn_tree_root(&verifying->tree, root);
    if (verifying->published == verifying->head.size) {
        memcpy(verifying->published_root, root, TN_HASH_SIZE);
    }
    if (memcmp(root, verifying->head.root, TN_HASH_SIZE) != 0) {
        status = tn_fail(&verifying->error, TN_MISMATCH,
                         "the entries do not lead to the root that was committed");
    }
    return status;
}

static enum tn_status verify_checkpoint(struct verifying *verifying, struct tn_bytes note)
{
    struct tn_verifier verifiers[2];
    struct tn_note parsed;
    struct tn_checkpoint checkpoint;
    enum tn_status status =
        tn_genesis_verifier(verifying->ledger, &verifiers[0], &verifying->error);

    if (status == TN_OK) {
        status = tn_genesis_cosigner(verifying->ledger, &verifiers[1], &verifying->error);
    }
    if (status == TN_OK) {
        status = tn_note_verify(note, verifiers, 2, &parsed, &verifying->error);
    }
    if (status == TN_OK && (parsed.verified & 1) == 0) {
        status = tn_fail(&verifying->error, TN_MISMATCH,
                         "the published checkpoint is not signed by the log's key");
    }
    if (status == TN_OK) {
        status = tn_checkpoint_parse(parsed.text, &checkpoint, &verifying->error);
    }
    if (status == TN_OK &&
        (checkpoint.size != verifying->published ||
         memcmp(checkpoint.root, verifying->published_root, TN_HASH_SIZE) != 0)) {
        status = tn_fail(&verifying->error, TN_MISMATCH,
                         "the published checkpoint of %" PRIu64 " entries is not theirs",
                         checkpoint.size);
    }
    return status;
}

static enum tn_status compare_rows(struct verifying *verifying, size_t number, struct tn_rows *live,
                                   struct tn_rows *folded, uint64_t *rows)
{
    uint8_t live_root[TN_HASH_SIZE];
    uint8_t folded_root[TN_HASH_SIZE];
    uint64_t count;
    enum tn_status status = tn_rows_root(live, rows, live_root, &verifying->error);

    if (status == TN_OK) {
        status = tn_rows_root(folded, &count, folded_root, &verifying->error);
    }
    if (status == TN_OK && memcmp(live_root, folded_root, TN_HASH_SIZE) != 0) {
        status = tn_fail(&verifying->error, TN_MISMATCH,
                         "the rows of %s are not what the log makes of them; turno rebuild "
                         "names the first and puts them right",
                         tn_projection_at(number)->name);
    }
    return status;
}

/* The rows as committed against the rows as the log makes them. What is beside the core projections
 * may be behind the head (its server was killed, or runs): it is compared as of where it stands. */
static enum tn_status verify_rows(struct verifying *verifying, uint64_t rows[TN_PROJECTION_COUNT])
{
    struct tn_ledger *ledger = verifying->ledger;
    struct tn_state live = {0};
    struct tn_state folded = {0};
    enum tn_status status;

    status = tn_views_open(ledger->store, NULL, &live, &verifying->error);
    if (status == TN_OK) {
        status = tn_views_as_of(ledger->store, ledger->log, verifying->head.size, &folded,
                                &verifying->error);
    }
    for (size_t i = 0; status == TN_OK && i < TN_CORE_COUNT; i++) {
        status = compare_rows(verifying, i, live.rows[i], folded.rows[i], &rows[i]);
    }
    tn_views_close(&folded);
    tn_views_close(&live);
    for (size_t i = TN_CORE_COUNT; status == TN_OK && i < TN_PROJECTION_COUNT; i++) {
        const struct tn_projection *projection = tn_projection_at(i);
        uint64_t position;
        uint32_t version;

        status =
            tn_engine_position(ledger->store, projection, &position, &version, &verifying->error);
        if (status == TN_NOT_FOUND || (status == TN_OK && version != projection->version)) {
            status = TN_OK; /* made at the next start */
            continue;
        }
        if (status == TN_OK) {
            status =
                tn_views_open_list(ledger->store, &projection, 1, NULL, &live, &verifying->error);
        }
        if (status == TN_OK) {
            status = tn_views_as_of_list(ledger->log, &projection, 1, 1, 0, position, &folded,
                                         &verifying->error);
        }
        if (status == TN_OK) {
            status = compare_rows(verifying, i, live.rows[0], folded.rows[0], &rows[i]);
        }
        tn_views_close(&folded);
        tn_views_close(&live);
    }
    return status;
}

static void report(const struct verifying *verifying, const uint64_t rows[TN_PROJECTION_COUNT],
                   uint64_t spent_us, bool json)
{
    char root[2 * TN_HASH_SIZE + 1];

    tn_hex_encode(root, verifying->head.root, TN_HASH_SIZE);
    if (json) {
        printf("{\"entries\":%" PRIu64 ",\"tiles\":%" PRIu64 ",\"published\":%" PRIu64
               ",\"root\":\"%s\",\"microseconds\":%" PRIu64 "}\n",
               verifying->head.size, verifying->tiles, verifying->published, root, spent_us);
        return;
    }
    printf("%" PRIu64 " entries, %" PRIu64 " full tiles, checkpoint of %" PRIu64
           " entries: as they must be\nroot %s\n",
           verifying->head.size, verifying->tiles, verifying->published, root);
    for (size_t i = 0; i < TN_PROJECTION_COUNT; i++) {
        printf("%-13s %10" PRIu64 " rows: as the log makes them\n", tn_projection_at(i)->name,
               rows[i]);
    }
    printf("%" PRIu64 ".%03" PRIu64 " s, %" PRIu64 " entries/s\n", spent_us / 1000000,
           spent_us / 1000 % 1000, verifying->head.size * 1000000 / (spent_us + 1));
}

int tn_command_verify(int argc, char **argv)
{
    struct verifying verifying = {.status = TN_OK};
    uint64_t rows[TN_PROJECTION_COUNT] = {0};
    uint64_t started_us = tn_clock_monotonic_us();
    struct tn_buffer note;
    bool json = false;
    int option;
    enum tn_status status;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'j') {
            return tn_cli_usage("verify", "that option is not known");
        }
        json = true;
    }
    if (optind + 1 != argc) {
        return tn_cli_usage("verify", "say one directory");
    }
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&verifying.tile, (size_t) 256 * TN_HASH_SIZE);
    tn_arena_init(&verifying.arena, (size_t) 16 << 20);
    tn_tree_init(&verifying.tree);
    status = tn_cli_open_reader(argv[optind], &verifying.ledger, &verifying.error);
    if (status == TN_OK) {
        tn_log_head(verifying.ledger->log, &verifying.head);
        status =
            tn_log_published(verifying.ledger->log, &note, &verifying.published, &verifying.error);
    }
    if (status == TN_OK) {
        status = verify_entries(&verifying);
    }
    if (status == TN_OK && verifying.published > 0) {
        status = verify_checkpoint(&verifying, tn_buffer_view(&note));
    }
    if (status == TN_OK) {
        status = verify_rows(&verifying, rows);
    }
    if (status == TN_OK) {
        report(&verifying, rows, tn_clock_monotonic_us() - started_us, json);
    }
    tn_ledger_close(verifying.ledger);
    tn_arena_close(&verifying.arena);
    tn_buffer_close(&verifying.tile);
    tn_buffer_close(&note);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &verifying.error);
}
