/* A liar with the real key: forge LIE FROM TO.
 *
 * Reads the whole log of a simulated ledger, tells one lie, and writes another ledger that hashes,
 * folds and signs it as if it were true: new indices, causes, seals, tiles and a checkpoint by the
 * ledger's own key. `turno verify` finds nothing in it. Prints the entry and the rule at which an
 * audit must stop: {"index":N,"rule":"..."}. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/desk/ledger.h"
#include "ledger/base/civil.h"
#include "ledger/base/endian.h"
#include "ledger/rules/draw.h"
#include "ledger/rules/rows.h"
#include "projections/beside.h"
#include "projections/keys.h"

#define ENTRIES_MAX 200000u
#define LATE 512u /* entries that are committed together */

/* One entry of the forged log, in its order. */
struct item {
    struct tn_event event;
    uint64_t old_index; /* UINT64_MAX: made up */
    bool lie;           /* the audit must stop at the first of these */
    bool seal_lie;      /* written with another root than the rows have */
    bool drop_from_pool;
};

struct forger {
    struct tn_ledger *from;
    struct tn_arena arena;
    struct item *items;
    size_t count;
    uint64_t *renumbered; /* by old index */
    const char *rule;
    uint64_t lie_index;
    struct tn_store *store; /* this and all below: the ledger being written */
    struct tn_log *log;
    struct tn_engine *engine;
    struct tn_beside *beside;
    struct tn_batch *batch;
    struct tn_buffer bytes;
    struct tn_log_entry entries[LATE];
    size_t offsets[LATE];
    size_t waiting;
};

#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct tn_error error = {0};                                                               \
        if ((call) != TN_OK) {                                                                     \
            fprintf(stderr, "forge: %s: %s\n", #call, error.text);                                 \
            exit(4);                                                                               \
        }                                                                                          \
    } while (0)

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "forge: %s\n", what);
    exit(4);
}

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

static size_t find(const struct forger *forger, enum tn_kind_number kind, size_t from)
{
    for (size_t i = from; i < forger->count; i++) {
        if (forger->items[i].event.kind == kind) {
            return i;
        }
    }
    give_up("the log has no such event");
}

static struct item *insert(struct forger *forger, size_t at)
{
    memmove(&forger->items[at + 1], &forger->items[at],
            (forger->count - at) * sizeof(*forger->items));
    forger->count++;
    forger->items[at] = (struct item){.old_index = UINT64_MAX, .lie = true};
    return &forger->items[at];
}

/* Two entries to an earlier place. */
static void move_two(struct item *items, size_t from, size_t to)
{
    struct item kept[2] = {items[from], items[from + 1]};

    memmove(&items[to + 2], &items[to], (from - to) * sizeof(*kept));
    memcpy(&items[to], kept, sizeof(kept));
}

#define same_id(a, b) (memcmp(a, b, TN_ID_SIZE) == 0)

/* ---- lies ---- */

static bool was_offered(const struct forger *forger, const uint8_t *registration)
{
    for (size_t i = 0; i < forger->count; i++) {
        if (forger->items[i].event.kind == TN_KIND_appointment_offered &&
            same_id(forger->items[i].event.body.appointment_offered.registration, registration)) {
            return true;
        }
    }
    return false;
}

/* The lapse of an offer, or 0. Its return of seats comes next. */
static size_t lapse_of(const struct forger *forger, const uint8_t *offer)
{
    for (size_t i = 0; i < forger->count; i++) {
        if (forger->items[i].event.kind == TN_KIND_offer_lapsed &&
            same_id(forger->items[i].event.body.offer_lapsed.offer, offer)) {
            return i;
        }
    }
    return 0;
}

/* An offer that nobody accepted: the lie about it ends with its lapse. */
static size_t lapsing_offer(const struct forger *forger, size_t from)
{
    size_t at = find(forger, TN_KIND_appointment_offered, from);

    while (lapse_of(forger, forger->items[at].event.body.appointment_offered.offer) == 0) {
        at = find(forger, TN_KIND_appointment_offered, at + 1);
    }
    return at;
}

static void swap_winner(struct forger *forger)
{
    const struct tn_appointment_offered *won;
    const uint8_t *loser = NULL;
    size_t at = 0;

    while (loser == NULL) {
        at = lapsing_offer(forger, at + 1);
        won = &forger->items[at].event.body.appointment_offered;
        for (size_t i = 0; i < at && loser == NULL; i++) {
            const struct tn_appointment_requested *asked =
                &forger->items[i].event.body.appointment_requested;

            if (forger->items[i].event.kind == TN_KIND_appointment_requested &&
                asked->day == won->day && asked->size == won->size &&
                !was_offered(forger, asked->facts.registration)) {
                loser = asked->facts.registration;
            }
        }
    }
    struct tn_appointment_offered *offered = &forger->items[at].event.body.appointment_offered;
    size_t lapse = lapse_of(forger, offered->offer);
    struct tn_offer_lapsed *lapsed = &forger->items[lapse].event.body.offer_lapsed;

    memcpy(offered->registration, loser, TN_ID_SIZE);
    tn_draw_gid(offered->offer, forger->from->gid_key, (uint32_t) offered->day, loser);
    memcpy(lapsed->registration, loser, TN_ID_SIZE);
    memcpy(lapsed->offer, offered->offer, TN_ID_SIZE);
    memcpy(forger->items[lapse + 1].event.body.seats_returned.offer, offered->offer, TN_ID_SIZE);
    forger->items[at].lie = true;
    forger->rule = "draw";
}

static void draw_twice(struct forger *forger)
{
    size_t first = find(forger, TN_KIND_draw_completed, 0);
    struct item *again = insert(forger, forger->count);

    again->event = forger->items[first].event;
    again->event.time_us = forger->items[forger->count - 2].event.time_us;
    again->event.body.draw_completed.winners_root[0] ^= 1;
    forger->rule = "draw";
}

static void drop_request(struct forger *forger)
{
    struct item *item = &forger->items[find(forger, TN_KIND_pool_closed, 0)];

    item->lie = item->drop_from_pool = true;
    item->event.body.pool_closed.groups--;
    forger->rule = "pool_close";
}

static void add_seat(struct forger *forger)
{
    size_t at = lapsing_offer(forger, 0);
    struct tn_appointment_offered *offered = &forger->items[at].event.body.appointment_offered;
    struct tn_run *runs = tn_arena_array(&forger->arena, offered->seats.count, sizeof(*runs));

    memcpy(runs, offered->seats.items, offered->seats.count * sizeof(*runs));
    runs[0].seats++;
    offered->seats.items = runs;
    forger->items[lapse_of(forger, offered->offer) + 1].event.body.seats_returned.seats =
        offered->seats;
    forger->items[at].lie = true;
    forger->rule = "draw";
}

static void lapse_early(struct forger *forger)
{
    size_t lapse = find(forger, TN_KIND_offer_lapsed, 0);
    size_t to = lapse;

    /* Before some earlier command: at least an hour too soon. */
    while (!forger->items[to].event.has_command ||
           forger->items[to].event.time_us + TN_HOUR_US > forger->items[lapse].event.time_us) {
        to--;
    }
    /* Not within the events of one command. */
    while (same_id(forger->items[to].event.command, forger->items[to - 1].event.command)) {
        to--;
    }
    move_two(forger->items, lapse, to);
    for (size_t i = to; i < to + 2; i++) {
        forger->items[i].event.time_us = forger->items[to - 1].event.time_us;
    }
    forger->items[to].lie = true;
    forger->rule = "lapse";
}

static void refuse_for_nothing(struct forger *forger)
{
    struct item *item = &forger->items[find(forger, TN_KIND_validation_answered, 0)];
    const struct tn_facts_validate facts = item->event.body.validation_answered.facts;
    struct tn_command_refused body = {.command = TN_COMMAND_validate,
                                      .code = TN_REFUSAL_officer_suspended,
                                      .day = item->event.time_us / TN_DAY_US};
    struct tn_buffer bytes;

    tn_buffer_init(&bytes, TN_EVENT_BYTES_MAX);
    tn_record_encode(tn_command_facts(TN_COMMAND_validate), &facts, &bytes);
    body.facts = tn_arena_copy(&forger->arena, tn_buffer_view(&bytes));
    tn_buffer_close(&bytes);
    item->event.kind = TN_KIND_command_refused;
    memset(&item->event.body, 0, sizeof(item->event.body));
    item->event.body.command_refused = body;
    item->lie = true;
    forger->rule = "validate";
}

static void apply_policy_early(struct forger *forger)
{
    size_t published = find(forger, TN_KIND_policy_published, 0);
    size_t opened;

    published = find(forger, TN_KIND_policy_published, published + 1);
    opened = find(forger, TN_KIND_day_opened, published);
    if (forger->items[opened].event.body.day_opened.opens_us >=
        forger->items[published].event.body.policy_published.facts.effective_us) {
        give_up("no day opens between the second policy and its instant");
    }
    forger->items[opened].event.body.day_opened.policy =
        forger->items[published].event.body.policy_published.facts.policy;
    forger->items[opened].lie = true;
    forger->rule = "day_opening";
}

static void change_sealed_row(struct forger *forger)
{
    struct item *item = &forger->items[find(forger, TN_KIND_state_sealed, 0)];

    item->lie = item->seal_lie = true;
    forger->rule = "seal";
}

static void move_seniority(struct forger *forger)
{
    size_t created = find(forger, TN_KIND_registration_created, 0);
    const uint8_t *registration =
        forger->items[created].event.body.registration_created.facts.registration;

    for (size_t i = created; i < forger->count; i++) {
        struct tn_event *event = &forger->items[i].event;

        if (event->kind == TN_KIND_member_added &&
            same_id(event->body.member_added.registration, registration)) {
            forger->items[i].lie = true;
            event->body.member_added.added_day -= 60;
            event->body.member_added.registered_day -= 60;
        } else if (event->kind == TN_KIND_appointment_requested &&
                   same_id(event->body.appointment_requested.facts.registration, registration)) {
            event->body.appointment_requested.registered_day -= 60;
        }
    }
    forger->rule = "register";
}

static void change_capacity_late(struct forger *forger)
{
    size_t closed = find(forger, TN_KIND_pool_closed, 0);
    const struct tn_event *before = &forger->items[closed].event;
    const struct tn_pool_port_list *ports = &before->body.pool_closed.ports;
    const struct tn_event *policy = &forger->items[find(forger, TN_KIND_policy_published, 0)].event;
    struct tn_seat_move *moved = tn_arena_array(&forger->arena, 1, sizeof(*moved));
    size_t at = closed + 1;
    struct item *item;

    while (!forger->items[at].event.has_command &&
           forger->items[at].event.kind != TN_KIND_draw_seeded) {
        at++; /* behind what the close expired */
    }
    *moved = (struct tn_seat_move){
        .port = ports->items[0].port,
        .date = ports->items[0].line.items[0].date,
        .minute = ports->items[0].line.items[0].minute,
        .to_port = ports->items[1].port,
        .to_date = ports->items[1].line.items[0].date,
        .to_minute = ports->items[1].line.items[0].minute,
        .seats = 1,
    };
    item = insert(forger, at);
    item->event = *policy;
    memset(&item->event.body, 0, sizeof(item->event.body));
    item->event.kind = TN_KIND_seats_reallocated;
    item->event.time_us = forger->items[at - 1].event.time_us;
    item->event.command[0] ^= 1;
    item->event.body.seats_reallocated.facts.moves = (struct tn_seat_move_list){moved, 1};
    item->event.body.seats_reallocated.facts.approvers =
        policy->body.policy_published.facts.approvers;
    item->event.body.seats_reallocated.facts.reason = policy->body.policy_published.facts.reason;
    forger->rule = "reallocate_seats";
}

static void repeat_refusal(struct forger *forger)
{
    size_t first = find(forger, TN_KIND_command_refused, 0);
    struct item *again = insert(forger, first + 1);

    again->event = forger->items[first].event;
    again->event.command[0] ^= 1;
    forger->rule = "refusal_once";
}

static const struct {
    const char *name;
    void (*tell)(struct forger *forger);
} lies[] = {
    {"nothing", NULL},
    {"winner_swapped", swap_winner},
    {"draw_twice", draw_twice},
    {"request_dropped", drop_request},
    {"seat_too_many", add_seat},
    {"lapsed_early", lapse_early},
    {"refused_for_nothing", refuse_for_nothing},
    {"policy_early", apply_policy_early},
    {"seal_of_another_row", change_sealed_row},
    {"seniority_moved", move_seniority},
    {"capacity_late", change_capacity_late},
    {"refusal_repeated", repeat_refusal},
    {"tile_altered", NULL},
};

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
    size_t lie = 0;

    if (argc != 4 || sodium_init() < 0 || forger == NULL) {
        fprintf(stderr, "usage: forge LIE FROM TO\n");
        return 2;
    }
    while (strcmp(lies[lie].name, argv[1]) != 0) {
        if (++lie == sizeof(lies) / sizeof(lies[0])) {
            give_up("no such lie is known");
        }
    }
    umask(0077); /* keys are copied */
    forger->lie_index = UINT64_MAX;
    forger->items = calloc(ENTRIES_MAX, sizeof(*forger->items));
    forger->renumbered = calloc(ENTRIES_MAX, sizeof(*forger->renumbered));
    tn_arena_init(&forger->arena, (size_t) 2 << 30);
    MUST(tn_ledger_open(argv[2], &reader, &forger->from, &error));
    tn_log_head(forger->from->log, &head);
    MUST(tn_log_scan(forger->from->log, 0, head.size, read_entry, forger, &error));
    if (lies[lie].tell != NULL) {
        lies[lie].tell(forger);
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
