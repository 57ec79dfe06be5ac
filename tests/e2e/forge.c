/* A liar with the real key: forge LIE FROM TO.
 *
 * Reads the whole log of a simulated ledger, tells one lie, and writes another ledger that hashes,
 * folds and signs it as if it were true: new indices, causes, seals, tiles and a checkpoint by the
 * ledger's own key. `turno verify` finds nothing in it. Prints the entry and the rule at which an
 * audit must stop: {"index":N,"rule":"..."}. */
#include <sys/stat.h>

#include "ledger/base/endian.h"
#include "ledger/rules/draw.h"
#include "ledger/rules/rows.h"
#include "projections/keys.h"
#include "tests/e2e/forge.h"

/* ---- reading ---- */

static bool read_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct forger *forger = context;
    struct item *item = &forger->items[forger->count++];

    if (forger->count == ENTRIES_MAX) {
        give_up("the log is larger than a liar needs");
    }
    *item = (struct item){.old_index = index};
    MUST(tn_event_decode(tn_arena_copy(&forger->arena, entry), index, &forger->arena, &item->event,
                         &error));
    return true;
}

/* ---- writing ---- */

static void copy_file(const char *from, const char *to, const char *name)
{
    char path[1024];
    uint8_t bytes[65536];
    size_t size = 0;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", from, name);
    file = fopen(path, "rb");
    if (file != NULL) {
        size = fread(bytes, 1, sizeof(bytes), file);
        fclose(file);
    }
    snprintf(path, sizeof(path), "%s/%s", to, name);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        give_up("a file of the ledger cannot be copied");
    }
}

static void open_new(struct forger *forger, const char *from, const char *to)
{
    static const char *const files[] = {"keys",     "keys.2",         "epochs",
                                        "epochs.2", "simulated.json", "simulated.root-key"};
    const struct tn_store_options options = {.mode = TN_STORE_WRITER, .create = true};

    MUST(tn_store_open(to, &options, &forger->store, &error));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        copy_file(from, to, files[i]);
    }
    MUST(tn_log_open(forger->store, &forger->log, &error));
    MUST(tn_engine_open(forger->store, forger->log, NULL, 0, &forger->engine, &error));
    MUST(tn_beside_open(&(struct tn_beside_options){.store = forger->store, .log = forger->log},
                        &forger->beside, &error));
    forger->batch = tn_batch_create();
    tn_buffer_init(&forger->bytes, TN_FRAME_BYTES_MAX);
}

static void commit(struct forger *forger)
{
    uint64_t generation = 0;

    for (size_t i = 0; i < forger->waiting; i++) {
        forger->entries[i].bytes.data = forger->bytes.data + forger->offsets[i];
    }
    if (forger->waiting == 0) {
        return;
    }
    MUST(tn_engine_gather(forger->engine, forger->batch, &generation, &error));
    MUST(tn_log_append(forger->log, forger->batch, forger->entries, forger->waiting, &error));
    tn_engine_committed(forger->engine, generation);
    tn_batch_reset(forger->batch);
    tn_buffer_reset(&forger->bytes);
    forger->waiting = 0;
}

/* The root of a day's pool without the first of its requests. */
struct pool {
    const uint8_t *gid_key;
    uint64_t day;
    uint64_t seen;
    struct tn_arena *arena;
    struct tn_merkle merkle;
};

static bool add_leaf(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct pool *pool = context;
    struct tn_draw_group group = {.opened = true};
    struct tn_pool_row row;
    uint8_t leaf[TN_DRAW_LEAF_SIZE];

    MUST(tn_record_decode_bytes(&tn_record_pool_row, value, pool->arena, &row));
    if (row.state != TN_POOL_ASKED || pool->seen++ == 0) {
        return true;
    }
    memcpy(group.gid, key.data + key.size - TN_ID_SIZE, TN_ID_SIZE);
    tn_draw_salt(group.salt, pool->gid_key, (uint32_t) pool->day, row.registration);
    group.registered_day = (uint32_t) row.registered_day;
    group.size = (uint8_t) row.size;
    for (size_t i = 0; i < row.ports.count; i++) {
        group.ports[group.port_count++] = (uint16_t) row.ports.items[i];
    }
    tn_draw_leaf(&group, leaf);
    tn_merkle_add_leaf(&pool->merkle, tn_bytes(leaf, sizeof(leaf)));
    return true;
}

static void shrink_pool(struct forger *forger, struct tn_pool_closed *body)
{
    struct pool pool = {
        .gid_key = forger->from->gid_key, .day = body->day, .arena = &forger->arena};
    struct tn_row_key prefix = tn_key_pool(body->day);

    tn_merkle_init(&pool.merkle);
    MUST(tn_rows_scan(tn_engine_state(forger->engine)->rows[TN_CORE_QUEUE],
                      tn_row_key_view(&prefix), tn_bytes(NULL, 0), add_leaf, &pool, &error));
    tn_merkle_root(&pool.merkle, body->root);
}

static void put(struct forger *forger, struct item *item, uint64_t index)
{
    struct tn_event *event = &item->event;
    struct tn_log_entry *entry;
    struct tn_event written;

    event->index = index;
    if (item->old_index != UINT64_MAX) {
        forger->renumbered[item->old_index] = index;
    }
    if (event->has_cause && item->old_index != UINT64_MAX) {
        event->cause = forger->renumbered[event->cause];
    }
    if (event->kind == TN_KIND_state_sealed) {
        struct tn_state_sealed *body = &event->body.state_sealed;

        size_t number = (size_t) body->projection;

        body->upto = index - 1;
        commit(forger);
        if (number >= TN_CORE_COUNT) {
            MUST(tn_beside_seal(forger->beside, number - TN_CORE_COUNT, index, body->scope, true,
                                &body->rows, body->root, &error));
        } else {
            MUST(tn_engine_seal(forger->engine, number, body->scope, &body->rows, body->root,
                                &error));
        }
    }
    if (item->drop_from_pool) {
        shrink_pool(forger, &event->body.pool_closed);
    }
    written = *event;
    if (item->seal_lie) {
        written.body.state_sealed.root[7] ^= 1;
    }
    MUST(tn_engine_apply(forger->engine, event, &forger->arena, &error));
    entry = &forger->entries[forger->waiting];
    *entry = (struct tn_log_entry){.time_us = event->time_us, .kind = event->kind};
    forger->offsets[forger->waiting++] = forger->bytes.size;
    tn_event_encode(&written, &forger->bytes);
    entry->bytes.size = forger->bytes.size - forger->offsets[forger->waiting - 1];
    entry->stream_count = (uint8_t) tn_event_streams(event, entry->streams);
    if (item->lie && forger->lie_index == UINT64_MAX) {
        forger->lie_index = index;
    }
    if (forger->waiting == LATE) {
        commit(forger);
    }
}

/* The stored tile of the first 256 entries, behind everybody's back (ledger/FORMAT.md). */
static void alter_tile(struct tn_store *store)
{
    uint8_t key[9] = {0};
    struct tn_batch *batch = tn_batch_create();
    struct tn_family *tree = NULL;
    uint8_t tile[TN_TILE_BYTES] = {0};

    tn_put_be64(key, TN_TILE_WIDTH);
    MUST(tn_store_family(store, "tree", false, &tree, &error));
    tn_batch_put(batch, tree, tn_bytes(key, sizeof(key)), tn_bytes(tile, sizeof(tile)));
    MUST(tn_store_write(store, batch, TN_SYNCED, &error));
    tn_batch_destroy(batch);
}

static void publish(struct forger *forger, const char *directory, bool tile)
{
    struct tn_ledger_options options = {.mode = TN_LEDGER_WRITER, .allow_unlocked = true};
    struct tn_ledger *ledger = NULL;

    tn_beside_close(forger->beside);
    tn_engine_close(forger->engine);
    tn_log_close(forger->log);
    tn_store_close(forger->store);
    MUST(tn_ledger_open(directory, &options, &ledger, &error));
    MUST(tn_log_publish(ledger->log, &ledger->signer, &error));
    if (tile) {
        alter_tile(ledger->store);
    }
    tn_ledger_close(ledger);
}

int main(int argc, char **argv)
{
    const struct tn_ledger_options reader = {.mode = TN_LEDGER_READER};
    struct forger *forger = calloc(1, sizeof(*forger));
    struct tn_log_head head;

    if (argc != 4 || sodium_init() < 0 || forger == NULL) {
        fprintf(stderr, "usage: forge LIE FROM TO\n");
        return 2;
    }
    umask(0077); /* keys are copied */
    forger->lie_index = UINT64_MAX;
    forger->items = calloc(ENTRIES_MAX, sizeof(*forger->items));
    forger->renumbered = calloc(ENTRIES_MAX, sizeof(*forger->renumbered));
    tn_arena_init(&forger->arena, (size_t) 2 << 30);
    MUST(tn_ledger_open(argv[2], &reader, &forger->from, &error));
    tn_log_head(forger->from->log, &head);
    MUST(tn_log_scan(forger->from->log, 0, head.size, read_entry, forger, &error));
    if (!forge_tell(forger, argv[1])) {
        give_up("no such lie is known");
    }
    open_new(forger, argv[2], argv[3]);
    for (size_t i = 0; i < forger->count; i++) {
        put(forger, &forger->items[i], i);
    }
    commit(forger);
    tn_batch_destroy(forger->batch);
    tn_buffer_close(&forger->bytes);
    publish(forger, argv[3], strcmp(argv[1], "tile_altered") == 0);
    tn_ledger_close(forger->from);
    tn_arena_close(&forger->arena);
    free(forger->items);
    free(forger->renumbered);
    if (forger->rule != NULL) {
        printf("{\"index\":%" PRIu64 ",\"rule\":\"%s\"}\n", forger->lie_index, forger->rule);
    }
    free(forger);
    return 0;
}
