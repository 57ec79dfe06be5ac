/* P1: what a log derives from its entries is made again from them, tiles to the byte. */
#include "ledger/log/remake.h"

#include "ledger/base/endian.h"
#include "ledger/base/fault.h"
#include "ledger/log/log.h"
#include "ledger/log/store.h"
#include "tests/api/simulate_support.h"

/* A played day, all it answers, and what it has stored as tiles. */
struct scene {
    struct season season;
    struct tn_error error;
    struct tn_buffer answers;
    struct tn_buffer tiles;
    struct tn_log_head head;
    uint64_t commands;
};

static struct tn_store *open_store(struct scene *scene)
{
    struct tn_store *store = NULL;
    enum tn_status status = tn_store_open(scene->season.directory,
                                          &(struct tn_store_options){.mode = TN_STORE_WRITER},
                                          &store, &scene->error);

    if (status != TN_OK) {
        fail_msg("%s", scene->error.text);
    }
    return store;
}

/* A list that is read from one of its entries on begins with it; what comes next is kept. */
static void append_next(struct tn_log *log, const struct tn_event *event, const uint8_t *stream,
                        struct tn_buffer *out)
{
    uint64_t indices[2];
    size_t count = TN_ARRAY_SIZE(indices);
    struct tn_error error = {0};
    enum tn_status status =
        stream == NULL
            ? tn_log_read_kind(log, event->kind, event->index, false, indices, &count, &error)
            : tn_log_read_stream(log, stream, event->index, false, indices, &count, &error);

    assert_int_equal(status, TN_OK);
    assert_in_range(count, 1, 2);
    assert_int_equal(indices[0], event->index);
    tn_buffer_append_be64(out, count == 2 ? indices[1] : UINT64_MAX);
}

struct asking {
    struct tn_log *log;
    struct tn_buffer *out;
    uint64_t commands;
    struct tn_arena arena;
};

static bool ask_of(void *context, uint64_t index, struct tn_bytes entry)
{
    struct asking *asking = context;
    uint8_t streams[TN_ENTRY_STREAMS_MAX][TN_ID_SIZE];
    struct tn_event event;
    struct tn_error error = {0};
    uint64_t at = 0;
    bool found = false;

    tn_arena_reset(&asking->arena);
    assert_int_equal(tn_event_decode(entry, index, &asking->arena, &event, &error), TN_OK);
    if (event.has_command) {
        assert_int_equal(tn_log_find_command(asking->log, event.command, &at, &found, &error),
                         TN_OK);
        assert_true(found);
        tn_buffer_append_be64(asking->out, at);
        asking->commands += at == index ? 1 : 0;
    }
    append_next(asking->log, &event, NULL, asking->out);
    for (size_t i = 0, n = tn_event_streams(&event, streams); i < n; i++) {
        append_next(asking->log, &event, streams[i], asking->out);
    }
    return true;
}

/* What every entry is found by, with its tiles and its head. */
static void look(struct scene *scene, struct tn_store *store)
{
    struct tn_log *log = NULL;
    struct tn_family *family = NULL;

    if (tn_log_open(store, &log, &scene->error) != TN_OK) {
        fail_msg("%s", scene->error.text);
    }
    struct asking asking = {.log = log, .out = &scene->answers};
    tn_arena_init(&asking.arena, (size_t) 1 << 24);
    tn_buffer_reset(&scene->answers);
    tn_buffer_reset(&scene->tiles);
    tn_log_head(log, &scene->head);
    assert_int_equal(tn_log_scan(log, 0, scene->head.size, ask_of, &asking, &scene->error), TN_OK);
    assert_int_equal(tn_store_family(store, "tree", false, &family, &scene->error), TN_OK);
    struct tn_iterator *iterator = tn_iterator_create(store, family, NULL, true);
    for (tn_iterator_seek_first(iterator); tn_iterator_valid(iterator);
         tn_iterator_next(iterator)) {
        tn_buffer_append_bytes(&scene->tiles, tn_iterator_key(iterator));
        tn_buffer_append_bytes(&scene->tiles, tn_iterator_value(iterator));
    }
    tn_iterator_destroy(iterator);
    assert_int_equal(tn_buffer_status(&scene->answers), TN_OK);
    assert_int_equal(tn_buffer_status(&scene->tiles), TN_OK);
    scene->commands = asking.commands;
    tn_arena_close(&asking.arena);
    tn_log_close(log);
}

static void scene_init(struct scene *scene)
{
    *scene = (struct scene){0};
    tn_buffer_init(&scene->answers, (size_t) 1 << 28);
    tn_buffer_init(&scene->tiles, (size_t) 1 << 26);
    play(&scene->season, &(struct tn_simulate_options){.days = 1, .scale_ppm = 2000, .seed = 7});
    tn_ledger_close(scene->season.ledger);
    scene->season.ledger = NULL;
}

static void scene_close(struct scene *scene)
{
    forget(&scene->season);
    tn_buffer_close(&scene->answers);
    tn_buffer_close(&scene->tiles);
}

static void count_progress(void *context, uint64_t done, uint64_t total)
{
    (void) context;
    assert_true(done <= total);
}

static enum tn_status remake(struct scene *scene, struct tn_log_remade *remade)
{
    return tn_log_remake(scene->season.directory, count_progress, NULL, remade, &scene->error);
}

static void lose(struct tn_store *store, bool meta)
{
    static const char *const families[] = {"tree", "index", "commands", "gathered"};
    static const char *const rows[] = {"head", "term", "format"};
    struct tn_batch *batch = tn_batch_create();
    struct tn_family *family = NULL;
    struct tn_error error = {0};

    for (size_t i = 0; i < TN_ARRAY_SIZE(families); i++) {
        assert_int_equal(tn_store_empty_family(store, families[i], &error), TN_OK);
    }
    assert_int_equal(tn_store_family(store, "meta", false, &family, &error), TN_OK);
    for (size_t i = 0; meta && i < TN_ARRAY_SIZE(rows); i++) {
        tn_batch_delete(batch, family, tn_bytes_from_string(rows[i]));
    }
    assert_int_equal(tn_store_write(store, batch, TN_SYNCED, &error), TN_OK);
    tn_batch_destroy(batch);
}

static void what_is_derived_from_entries_is_made_again(void **state)
{
    (void) state;
    for (int meta = 0; meta < 2; meta++) {
        struct scene before;
        struct scene after = {0};
        struct tn_log_remade remade;

        scene_init(&before);
        struct tn_store *store = open_store(&before);
        look(&before, store);
        assert_true(before.tiles.size > 0);
        lose(store, meta == 1);
        tn_store_close(store);
        if (remake(&before, &remade) != TN_OK) {
            fail_msg("%s", before.error.text);
        }
        assert_int_equal(remade.entries, before.head.size);
        assert_int_equal(remade.commands, before.commands);
        assert_memory_equal(remade.root, before.head.root, TN_HASH_SIZE);
        store = open_store(&before);
        tn_buffer_init(&after.answers, (size_t) 1 << 28);
        tn_buffer_init(&after.tiles, (size_t) 1 << 26);
        look(&after, store);
        assert_memory_equal(&after.head, &before.head, sizeof(after.head));
        assert_true(tn_bytes_equal(tn_buffer_view(&after.tiles), tn_buffer_view(&before.tiles)));
        assert_true(
            tn_bytes_equal(tn_buffer_view(&after.answers), tn_buffer_view(&before.answers)));
        tn_store_close(store);
        tn_buffer_close(&after.answers);
        tn_buffer_close(&after.tiles);
        scene_close(&before);
    }
}

/* Half an index is not read: it would find less than there is. */
static void a_remake_that_was_cut_is_done_again_first(void **state)
{
    (void) state;
    struct scene scene;
    struct tn_log_remade remade;
    struct tn_log *log = NULL;

    scene_init(&scene);
    tn_fault_arm_named("remake_flush", 0);
    assert_int_equal(remake(&scene, &remade), TN_IO);
    assert_true(tn_fault_disarm());
    struct tn_store *store = open_store(&scene);
    assert_int_equal(tn_log_open(store, &log, &scene.error), TN_CORRUPT);
    assert_non_null(strstr(scene.error.text, "rebuild DIR --log"));
    tn_store_close(store);
    /* Readers beside a writer are told the same. */
    assert_int_equal(tn_store_open(scene.season.directory,
                                   &(struct tn_store_options){.mode = TN_STORE_SECONDARY}, &store,
                                   &scene.error),
                     TN_OK);
    assert_int_equal(tn_log_open(store, &log, &scene.error), TN_CORRUPT);
    tn_store_close(store);
    assert_int_equal(remake(&scene, &remade), TN_OK);
    store = open_store(&scene);
    look(&scene, store);
    tn_store_close(store);
    scene_close(&scene);
}

/* ---- entries that are missing, and logs of others ---- */

enum loss { LAST_FRAME, MIDDLE_FRAME, EVERY_FRAME };

static void lose_frames(struct tn_store *store, enum loss loss)
{
    struct tn_batch *batch = tn_batch_create();
    struct tn_family *family = NULL;
    struct tn_error error = {0};

    assert_int_equal(tn_store_family(store, "log", false, &family, &error), TN_OK);
    struct tn_iterator *iterator = tn_iterator_create(store, family, NULL, false);
    if (loss == LAST_FRAME) {
        tn_iterator_seek_last(iterator);
    } else {
        tn_iterator_seek_first(iterator);
    }
    if (loss == MIDDLE_FRAME) {
        tn_iterator_next(iterator);
    }
    while (tn_iterator_valid(iterator)) {
        tn_batch_delete(batch, family, tn_iterator_key(iterator));
        if (loss != EVERY_FRAME) {
            break;
        }
        tn_iterator_next(iterator);
    }
    tn_iterator_destroy(iterator);
    assert_true(tn_batch_count(batch) > 0);
    assert_int_equal(tn_store_write(store, batch, TN_SYNCED, &error), TN_OK);
    tn_batch_destroy(batch);
}

/* Every row of what a remake would empty, and of meta. */
static void rows_of(struct tn_store *store, struct tn_buffer *out)
{
    static const char *const families[] = {"tree", "index", "commands", "gathered", "meta"};
    struct tn_error error = {0};

    tn_buffer_reset(out);
    for (size_t i = 0; i < TN_ARRAY_SIZE(families); i++) {
        struct tn_family *family = NULL;

        assert_int_equal(tn_store_family(store, families[i], false, &family, &error), TN_OK);
        struct tn_iterator *rows = tn_iterator_create(store, family, NULL, true);
        for (tn_iterator_seek_first(rows); tn_iterator_valid(rows); tn_iterator_next(rows)) {
            tn_buffer_append_bytes(out, tn_iterator_key(rows));
            tn_buffer_append_bytes(out, tn_iterator_value(rows));
        }
        tn_iterator_destroy(rows);
    }
    assert_int_equal(tn_buffer_status(out), TN_OK);
}

static void must_change_nothing(struct scene *scene, enum tn_status expected)
{
    struct tn_log_remade remade;
    struct tn_buffer after;
    struct tn_store *store = open_store(scene);

    tn_buffer_init(&after, (size_t) 1 << 28);
    rows_of(store, &scene->tiles);
    tn_store_close(store);
    assert_int_equal(remake(scene, &remade), expected);
    store = open_store(scene);
    rows_of(store, &after);
    assert_true(tn_bytes_equal(tn_buffer_view(&after), tn_buffer_view(&scene->tiles)));
    tn_store_close(store);
    tn_buffer_close(&after);
}

/* What could still say which entries are missing stays, and no tree is made that would hide it. */
static void nothing_is_emptied_before_every_entry_was_seen(void **state)
{
    (void) state;
    for (int loss = LAST_FRAME; loss <= EVERY_FRAME; loss++) {
        struct scene scene;

        scene_init(&scene);
        struct tn_store *store = open_store(&scene);
        lose_frames(store, (enum loss) loss);
        tn_store_close(store);
        must_change_nothing(&scene, TN_CORRUPT);
        scene_close(&scene);
    }
}

static void put_meta(struct scene *scene, const char *key, const void *bytes, size_t size)
{
    struct tn_store *store = open_store(scene);
    struct tn_batch *batch = tn_batch_create();
    struct tn_family *family = NULL;

    assert_int_equal(tn_store_family(store, "meta", false, &family, &scene->error), TN_OK);
    tn_batch_put(batch, family, tn_bytes_from_string(key), tn_bytes(bytes, size));
    assert_int_equal(tn_store_write(store, batch, TN_SYNCED, &scene->error), TN_OK);
    tn_batch_destroy(batch);
    tn_store_close(store);
}

static void the_format_of_another_version_is_left_alone(void **state)
{
    (void) state;
    struct scene scene;

    scene_init(&scene);
    put_meta(&scene, "format", "\0\0\0\2", 4);
    must_change_nothing(&scene, TN_UNSUPPORTED);
    scene_close(&scene);
}

/* Whoever wrote under a term that was given already would not be fenced off. */
static void a_term_is_never_set_back(void **state)
{
    (void) state;
    struct scene scene;
    struct tn_log_remade remade;
    struct tn_family *family = NULL;
    struct tn_buffer value;
    bool found = false;

    scene_init(&scene);
    struct tn_store *store = open_store(&scene);
    lose(store, true);
    tn_store_close(store);
    put_meta(&scene, "term", "\0\0\0\0\0\0\1\0", 8);
    assert_int_equal(remake(&scene, &remade), TN_OK);
    store = open_store(&scene);
    tn_buffer_init(&value, 8);
    assert_int_equal(tn_store_family(store, "meta", false, &family, &scene.error), TN_OK);
    assert_int_equal(tn_store_get(store, family, NULL, tn_bytes_from_string("term"), &value, &found,
                                  &scene.error),
                     TN_OK);
    assert_int_equal(tn_get_be64(value.data), 256);
    tn_buffer_close(&value);
    tn_store_close(store);
    scene_close(&scene);
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_derived_from_entries_is_made_again),
        cmocka_unit_test(a_remake_that_was_cut_is_done_again_first),
        cmocka_unit_test(nothing_is_emptied_before_every_entry_was_seen),
        cmocka_unit_test(the_format_of_another_version_is_left_alone),
        cmocka_unit_test(a_term_is_never_set_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
