/* turno verify: every entry, hash, tile, checkpoint and row root; the first fault is named. */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/event/event.h"
#include "ledger/log/tree.h"
#include "projections/engine.h"
#include "tools/cli.h"
#include "tools/genesis.h"

/* Rows as folded: those of some half a million registrations; beyond that they spill. */
#define FOLDED_BYTES ((size_t) 768 << 20)

static const struct option options[] = {
    {"all", no_argument, NULL, 'a'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

struct verifying {
    struct tn_ledger *ledger;
    struct tn_log_head head;
    struct tn_tree tree;
    struct tn_arena arena;
    struct tn_buffer tile;
    struct tn_log_tiles *stored;
    uint64_t last_time_us;
    uint64_t tiles;
    bool all;
    struct tn_log_found found; /* by what the index must find the entries */
    struct tn_command_run run;
    uint64_t vault_rows;
    uint64_t published;
    uint8_t published_root[TN_HASH_SIZE]; /* of the entries, when the scan passed that size */
    const struct tn_projection *together[TN_PROJECTION_COUNT]; /* folded in the one pass */
    size_t together_count;
    uint64_t behind[TN_PROJECTION_COUNT]; /* position of one folded apart; 0: not apart */
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
    if (tn_log_tiles_match(verifying->stored, level, index, hashes)) {
        verifying->tiles++;
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

/* What this entry is found by. */
static void count_found(struct verifying *verifying, const struct tn_event *event)
{
    uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE];

    verifying->found.kinds++;
    verifying->found.streams += tn_event_streams(event, streams);
    verifying->found.commands += tn_event_begins_command(event, &verifying->run) ? 1 : 0;
}

static enum tn_status verify_event(void *context, const struct tn_event *event,
                                   struct tn_bytes entry, struct tn_error *error)
{
    struct verifying *verifying = context;

    if (event->time_us < verifying->last_time_us) {
        return tn_fail(error, TN_MISMATCH, "entry %" PRIu64 " is earlier than the one before it",
                       event->index);
    }
    verifying->last_time_us = event->time_us;
    if (event->index == verifying->published) {
        tn_tree_root(&verifying->tree, verifying->published_root);
    }
    tn_tree_append(&verifying->tree, entry, compare_tile, verifying);
    if (verifying->all) {
        count_found(verifying, event);
    }
    if ((event->index & 0xffff) == 0) {
        tn_cli_progress_show(&verifying->progress, event->index, verifying->head.size);
    }
    if (verifying->status != TN_OK && error != NULL) {
        *error = verifying->error;
    }
    return verifying->status;
}

static bool verify_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct verifying *verifying = context;
    struct tn_event event;

    tn_arena_reset(&verifying->arena);
    verifying->status = tn_event_decode(entry, index, &verifying->arena, &event, &verifying->error);
    if (verifying->status == TN_OK) {
        verifying->status = verify_event(verifying, &event, entry, &verifying->error);
    }
    return verifying->status == TN_OK;
}

/* From the first entry. */
static void begin_pass(struct verifying *verifying)
{
    tn_tree_init(&verifying->tree);
    tn_log_tiles_destroy(verifying->stored);
    verifying->stored = tn_log_tiles_create(verifying->ledger->log);
    verifying->last_time_us = 0;
    verifying->found = (struct tn_log_found){0};
    verifying->run = (struct tn_command_run){0};
    verifying->tiles = 0;
    verifying->status = TN_OK;
    verifying->error = (struct tn_error){0};
    tn_cli_progress_init(&verifying->progress, "entries");
}

/* One pass: the entries are checked on the way to the threads that fold them. When something stops
 * it, a pass over the entries alone says whether they are at fault and which is the first; if none
 * is, it was a fold. */
static enum tn_status verify_entries(struct verifying *verifying, struct tn_state *folded)
{
    uint8_t root[TN_HASH_SIZE];
    struct tn_error error = {0};
    enum tn_status status;

    begin_pass(verifying);
    status = tn_views_watched(verifying->ledger->log, verifying->together,
                              verifying->together_count, UINT32_MAX, FOLDED_BYTES,
                              verifying->head.size, verify_event, verifying, folded, &error);
    if (status != TN_OK) {
        enum tn_status entries;

        begin_pass(verifying);
        entries = tn_log_scan(verifying->ledger->log, 0, verifying->head.size, verify_entry,
                              verifying, &verifying->error);
        entries = entries == TN_OK ? verifying->status : entries;
        if (entries == TN_OK) {
            verifying->error = error;
        }
        status = entries == TN_OK ? status : entries;
    }
    tn_cli_progress_end(&verifying->progress);
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

/* Which projections are folded in the one pass: the core ones, and those beside them that stand at
 * the head. One that is behind (its server was killed, or runs) is folded apart, as of where it
 * stands; one that is not there yet is made at the next start. */
static enum tn_status choose_projections(struct verifying *verifying)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < TN_PROJECTION_COUNT; i++) {
        const struct tn_projection *projection = tn_projection_at(i);
        uint64_t position = verifying->head.size;
        uint32_t version = projection->version;

        if (i >= TN_CORE_COUNT) {
            status = tn_engine_position(verifying->ledger->store, projection, &position, &version,
                                        &verifying->error);
        }
        if (status == TN_NOT_FOUND || (status == TN_OK && version != projection->version)) {
            status = TN_OK;
        } else if (status == TN_OK && position == verifying->head.size) {
            verifying->together[verifying->together_count++] = projection;
        } else if (status == TN_OK) {
            verifying->behind[i] = position;
        }
    }
    return status;
}

/* Roots of the folded rows, on a thread of their own beside those of the committed ones. */
struct folded_work {
    const struct verifying *verifying;
    struct tn_state *folded;
    uint8_t roots[TN_PROJECTION_COUNT][TN_HASH_SIZE];
    enum tn_status status;
    struct tn_error error;
};

static void *roots_work(void *argument)
{
    struct folded_work *work = argument;
    uint64_t count;

    for (size_t i = 0; work->status == TN_OK && i < work->verifying->together_count; i++) {
        work->status = tn_rows_root(work->folded->rows[i], &count, work->roots[i], &work->error);
    }
    return NULL;
}

static enum tn_status compare_roots(struct verifying *verifying, const char *name,
                                    const uint8_t *committed, const uint8_t *folded)
{
    return memcmp(committed, folded, TN_HASH_SIZE) == 0
               ? TN_OK
               : tn_fail(&verifying->error, TN_MISMATCH,
                         "the rows of %s are not what the log makes of them; turno rebuild "
                         "names the first and puts them right",
                         name);
}

/* The rows as committed against the rows as the log makes them. */
static enum tn_status verify_together(struct verifying *verifying, struct tn_state *folded,
                                      uint64_t rows[TN_PROJECTION_COUNT])
{
    struct folded_work work = {.verifying = verifying, .folded = folded};
    uint8_t roots[TN_PROJECTION_COUNT][TN_HASH_SIZE];
    struct tn_state live = {0};
    pthread_t thread;
    bool threaded = pthread_create(&thread, NULL, roots_work, &work) == 0;
    enum tn_status status = tn_views_open_list(verifying->ledger->store, verifying->together,
                                               verifying->together_count, NULL, &live,
                                               &verifying->error);

    for (size_t i = 0; status == TN_OK && i < verifying->together_count; i++) {
        size_t number = tn_projection_number(verifying->together[i], i);

        status = tn_rows_root(live.rows[i], &rows[number], roots[i], &verifying->error);
    }
    if (threaded) {
        pthread_join(thread, NULL);
    } else {
        (void) roots_work(&work);
    }
    if (status == TN_OK && work.status != TN_OK) {
        status = work.status;
        verifying->error = work.error;
    }
    for (size_t i = 0; status == TN_OK && i < verifying->together_count; i++) {
        status = compare_roots(verifying, verifying->together[i]->name, roots[i], work.roots[i]);
    }
    tn_views_close(&live);
    return status;
}

static enum tn_status verify_behind(struct verifying *verifying, size_t number, uint64_t *rows)
{
    const struct tn_projection *projection = tn_projection_at(number);
    uint8_t roots[2][TN_HASH_SIZE];
    uint64_t count;
    struct tn_state live = {0};
    struct tn_state folded = {0};
    enum tn_status status = tn_views_open_list(verifying->ledger->store, &projection, 1, NULL,
                                               &live, &verifying->error);

    if (status == TN_OK) {
        status = tn_views_as_of_list(verifying->ledger->log, &projection, 1, 1, 0,
                                     verifying->behind[number], &folded, &verifying->error);
    }
    if (status == TN_OK) {
        status = tn_rows_root(live.rows[0], rows, roots[0], &verifying->error);
    }
    if (status == TN_OK) {
        status = tn_rows_root(folded.rows[0], &count, roots[1], &verifying->error);
    }
    if (status == TN_OK) {
        status = compare_roots(verifying, projection->name, roots[0], roots[1]);
    }
    tn_views_close(&folded);
    tn_views_close(&live);
    return status;
}

static enum tn_status verify_rows(struct verifying *verifying, struct tn_state *folded,
                                  uint64_t rows[TN_PROJECTION_COUNT])
{
    enum tn_status status = verify_together(verifying, folded, rows);

    for (size_t i = TN_CORE_COUNT; status == TN_OK && i < TN_PROJECTION_COUNT; i++) {
        if (verifying->behind[i] > 0) {
            status = verify_behind(verifying, i, &rows[i]);
        }
    }
    return status;
}

/* What finds the entries, and what only the vault holds: every row is read, and its block's
 * checksum with it. */
static enum tn_status verify_rest(struct verifying *verifying)
{
    struct tn_store *store = verifying->ledger->store;
    struct tn_family *vault = NULL;
    struct tn_log_found found;
    enum tn_status status = tn_log_count_found(verifying->ledger->log, &found, &verifying->error);

    if (status == TN_OK &&
        (found.kinds != verifying->found.kinds || found.streams != verifying->found.streams ||
         found.commands != verifying->found.commands)) {
        status = tn_fail(&verifying->error, TN_MISMATCH,
                         "the index finds %" PRIu64 " entries by kind, %" PRIu64 " by stream and "
                         "%" PRIu64 " commands; the log has %" PRIu64 ", %" PRIu64 " and %" PRIu64
                         "; turno rebuild DIR --log makes it again",
                         found.kinds, found.streams, found.commands, verifying->found.kinds,
                         verifying->found.streams, verifying->found.commands);
    }
    if (status == TN_OK) {
        status = tn_store_family(store, "vault", false, &vault, &verifying->error);
    }
    if (status != TN_OK) {
        return status;
    }
    struct tn_iterator *rows = tn_iterator_create(store, vault, NULL, true);
    for (tn_iterator_seek_first(rows); tn_iterator_valid(rows); tn_iterator_next(rows)) {
        verifying->vault_rows++;
    }
    status = tn_iterator_status(rows, &verifying->error);
    tn_iterator_destroy(rows);
    return status == TN_OK
               ? TN_OK
               : tn_fail_context(&verifying->error,
                                 "the vault cannot be read; what it held is nowhere else: restore "
                                 "it from an archive");
}

static bool is_checked(const struct verifying *verifying, size_t number)
{
    bool together = false;

    for (size_t i = 0; i < verifying->together_count; i++) {
        together = together || verifying->together[i] == tn_projection_at(number);
    }
    return together || verifying->behind[number] > 0;
}

static void report(const struct verifying *verifying, const uint64_t rows[TN_PROJECTION_COUNT],
                   uint64_t spent_us, bool json)
{
    char root[2 * TN_HASH_SIZE + 1];

    tn_hex_encode(root, verifying->head.root, TN_HASH_SIZE);
    if (json) {
        printf("{\"entries\":%" PRIu64 ",\"tiles\":%" PRIu64 ",\"published\":%" PRIu64
               ",\"root\":\"%s\",\"all\":%s,\"microseconds\":%" PRIu64 "}\n",
               verifying->head.size, verifying->tiles, verifying->published, root,
               verifying->all ? "true" : "false", spent_us);
        return;
    }
    printf("%" PRIu64 " entries, %" PRIu64 " full tiles, checkpoint of %" PRIu64
           " entries: as they must be\nroot %s\n",
           verifying->head.size, verifying->tiles, verifying->published, root);
    for (size_t i = 0; i < TN_PROJECTION_COUNT; i++) {
        if (is_checked(verifying, i)) {
            printf("%-13s %10" PRIu64 " rows: as the log makes them\n", tn_projection_at(i)->name,
                   rows[i]);
        } else {
            printf("%-13s no rows yet: the next start of a server folds them\n",
                   tn_projection_at(i)->name);
        }
    }
    if (verifying->all) {
        printf("index         finds %" PRIu64 " entries by kind, %" PRIu64 " by stream, %" PRIu64
               " commands: as the log makes them\n"
               "vault         %10" PRIu64 " rows: readable\n",
               verifying->found.kinds, verifying->found.streams, verifying->found.commands,
               verifying->vault_rows);
    } else {
        printf("index and vault were not read: --all reads them too\n");
    }
    printf("%" PRIu64 ".%03" PRIu64 " s, %" PRIu64 " entries/s\n", spent_us / 1000000,
           spent_us / 1000 % 1000, verifying->head.size * 1000000 / (spent_us + 1));
}

int tn_command_verify(int argc, char **argv)
{
    struct verifying verifying = {.status = TN_OK};
    uint64_t rows[TN_PROJECTION_COUNT] = {0};
    struct tn_state folded = {0};
    uint64_t started_us = tn_clock_monotonic_us();
    struct tn_buffer note;
    bool json = false;
    int option;
    enum tn_status status;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'a') {
            verifying.all = true;
        } else if (option == 'j') {
            json = true;
        } else {
            return tn_cli_bad_option("verify", argv);
        }
    }
    if (optind + 1 != argc) {
        return tn_cli_usage("verify", "say one directory");
    }
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&verifying.tile, (size_t) 256 * TN_HASH_SIZE);
    tn_arena_init(&verifying.arena, (size_t) 16 << 20);
    status = tn_cli_open_reader(argv[optind], &verifying.ledger, &verifying.error);
    if (status == TN_OK) {
        status = tn_store_check_durable(verifying.ledger->store, &verifying.error);
    }
    if (status == TN_OK) {
        tn_log_head(verifying.ledger->log, &verifying.head);
        status =
            tn_log_published(verifying.ledger->log, &note, &verifying.published, &verifying.error);
    }
    if (status == TN_OK) {
        status = choose_projections(&verifying);
    }
    if (status == TN_OK) {
        status = verify_entries(&verifying, &folded);
    }
    if (status == TN_OK && verifying.published > 0) {
        status = verify_checkpoint(&verifying, tn_buffer_view(&note));
    }
    if (status == TN_OK) {
        status = verify_rows(&verifying, &folded, rows);
    }
    if (status == TN_OK && verifying.all) {
        status = verify_rest(&verifying);
    }
    if (status == TN_OK) {
        report(&verifying, rows, tn_clock_monotonic_us() - started_us, json);
    }
    tn_views_close(&folded);
    tn_log_tiles_destroy(verifying.stored);
    tn_ledger_close(verifying.ledger);
    tn_arena_close(&verifying.arena);
    tn_buffer_close(&verifying.tile);
    tn_buffer_close(&note);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &verifying.error);
}
