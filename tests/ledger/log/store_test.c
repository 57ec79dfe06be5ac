/* The store: batches are all or nothing, one writer at a time, readers beside it, and no write when
 * the disk is nearly full. */
#include "ledger/log/store.h"

#include <glob.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/fault.h"
#include "tests/ledger/log/log_fixture.h"

struct scenario {
    char directory[SCRATCH_BYTES];
    struct tn_store *store;
    struct tn_family *family;
    struct tn_batch *batch;
    struct tn_buffer value;
    struct tn_error error;
};

static void scenario_init(struct scenario *s)
{
    *s = (struct scenario){0};
    scratch_make(s->directory);
    struct tn_store_options options = {.create = true};
    assert_ok(tn_store_open(s->directory, &options, &s->store, &s->error), &s->error);
    assert_ok(tn_store_family(s->store, "rows@1", true, &s->family, &s->error), &s->error);
    s->batch = tn_batch_create();
    tn_buffer_init(&s->value, 1 << 20);
}

static void scenario_reopen(struct scenario *s, const struct tn_store_options *options)
{
    tn_store_close(s->store);
    assert_ok(tn_store_open(s->directory, options, &s->store, &s->error), &s->error);
    assert_ok(tn_store_family(s->store, "rows@1", false, &s->family, &s->error), &s->error);
}

static void scenario_close(struct scenario *s)
{
    tn_batch_destroy(s->batch);
    tn_store_close(s->store);
    tn_buffer_close(&s->value);
    scratch_remove(s->directory);
}

static void put(struct scenario *s, const char *key, const char *value)
{
    tn_batch_put(s->batch, s->family, tn_bytes_from_string(key), tn_bytes_from_string(value));
}

static void write_batch(struct scenario *s)
{
    assert_ok(tn_store_write(s->store, s->batch, TN_SYNCED, &s->error), &s->error);
    tn_batch_reset(s->batch);
}

/* NULL: the key is absent. */
static void expect(struct scenario *s, const struct tn_snapshot *snapshot, const char *key,
                   const char *value)
{
    bool found = true;
    assert_ok(tn_store_get(s->store, s->family, snapshot, tn_bytes_from_string(key), &s->value,
                           &found, &s->error),
              &s->error);
    assert_int_equal(found, value != NULL);
    assert_true(tn_bytes_equal_string(tn_buffer_view(&s->value), value != NULL ? value : ""));
}

static void a_directory_is_opened_as_what_it_is(void **state)
{
    (void) state;
    struct scenario s;
    struct tn_store *other = NULL;
    char path[SCRATCH_PATH_BYTES];
    scenario_init(&s);
    struct tn_store_options create = {.create = true};
    struct tn_store_options open = {0};
    assert_status(tn_store_open(s.directory, &create, &other, &s.error), TN_EXISTS, &s.error);
    assert_null(other);
    assert_status(tn_store_open(s.directory, &open, &other, &s.error), TN_BUSY, &s.error);
    snprintf(path, sizeof(path), "%s/none", s.directory);
    assert_status(tn_store_open(path, &open, &other, &s.error), TN_NOT_FOUND, &s.error);
    struct tn_store_options secondary = {.mode = TN_STORE_SECONDARY};
    assert_status(tn_store_open(path, &secondary, &other, &s.error), TN_NOT_FOUND, &s.error);
    assert_ok(tn_store_open(path, &create, &other, &s.error), &s.error);
    tn_store_close(other);
    scenario_close(&s);
}

/* What is left of a damaged ledger is not taken for an empty folder. */
static void a_store_without_its_current_file_is_left_alone(void **state)
{
    (void) state;
    struct scenario s;
    struct tn_store *other = NULL;
    const struct tn_store_options modes[] = {
        {.create = true}, {.create = false}, {.mode = TN_STORE_SECONDARY}};
    char path[300];
    glob_t before;
    glob_t after;
    scenario_init(&s);
    put(&s, "a", "1");
    write_batch(&s);
    assert_ok(tn_store_flush(s.store, &s.error), &s.error);
    tn_store_close(s.store);
    s.store = NULL;
    snprintf(path, sizeof(path), "%s/store/CURRENT", s.directory);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/store/*", s.directory);
    assert_int_equal(glob(path, 0, NULL, &before), 0);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_status(tn_store_open(s.directory, &modes[i], &other, &s.error), TN_CORRUPT,
                      &s.error);
    }
    assert_int_equal(glob(path, 0, NULL, &after), 0);
    assert_int_equal(after.gl_pathc, before.gl_pathc);
    globfree(&before);
    globfree(&after);
    scenario_close(&s);
}

static void another_process_is_kept_out(void **state)
{
    (void) state;
    struct scenario s;
    scenario_init(&s);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct tn_store *other = NULL;
        struct tn_store_options open = {0};
        enum tn_status status = tn_store_open(s.directory, &open, &other, NULL);
        _exit(status == TN_BUSY ? 0 : 1);
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    scenario_close(&s);
}

static void batches_are_written_whole(void **state)
{
    (void) state;
    struct scenario s;
    scenario_init(&s);
    put(&s, "a", "1");
    put(&s, "b", "2");
    put(&s, "c", "3");
    assert_int_equal(tn_batch_count(s.batch), 3);
    expect(&s, NULL, "a", NULL);
    write_batch(&s);
    assert_int_equal(tn_batch_count(s.batch), 0);
    expect(&s, NULL, "a", "1");
    put(&s, "empty", "");
    tn_batch_delete(s.batch, s.family, tn_bytes_from_string("a"));
    tn_batch_delete_range(s.batch, s.family, tn_bytes_from_string("b"), tn_bytes_from_string("c"));
    write_batch(&s);
    expect(&s, NULL, "a", NULL);
    expect(&s, NULL, "b", NULL);
    expect(&s, NULL, "c", "3");
    expect(&s, NULL, "empty", "");
    scenario_reopen(&s, &(struct tn_store_options){0});
    expect(&s, NULL, "c", "3");
    scenario_close(&s);
}

static void marks_take_back_what_came_after(void **state)
{
    (void) state;
    struct scenario s;
    scenario_init(&s);
    put(&s, "a", "1");
    tn_batch_mark(s.batch);
    put(&s, "b", "2");
    tn_batch_mark(s.batch);
    put(&s, "a", "3");
    tn_batch_rollback(s.batch);
    assert_int_equal(tn_batch_count(s.batch), 2);
    tn_batch_rollback(s.batch);
    assert_int_equal(tn_batch_count(s.batch), 1);
    tn_batch_mark(s.batch);
    put(&s, "c", "4");
    tn_batch_unmark(s.batch);
    write_batch(&s);
    expect(&s, NULL, "a", "1");
    expect(&s, NULL, "b", NULL);
    expect(&s, NULL, "c", "4");
    scenario_close(&s);
}

static void a_snapshot_stands_still(void **state)
{
    (void) state;
    struct scenario s;
    scenario_init(&s);
    put(&s, "a", "1");
    write_batch(&s);
    struct tn_snapshot *snapshot = tn_snapshot_create(s.store);
    put(&s, "a", "2");
    put(&s, "b", "2");
    write_batch(&s);
    expect(&s, snapshot, "a", "1");
    expect(&s, snapshot, "b", NULL);
    expect(&s, NULL, "a", "2");
    for (int readahead = 0; readahead < 2; readahead++) {
        struct tn_iterator *iterator =
            tn_iterator_create(s.store, s.family, snapshot, readahead != 0);
        tn_iterator_seek_first(iterator);
        assert_true(tn_iterator_valid(iterator));
        assert_true(tn_bytes_equal_string(tn_iterator_value(iterator), "1"));
        tn_iterator_next(iterator);
        assert_false(tn_iterator_valid(iterator));
        tn_iterator_destroy(iterator);
    }
    tn_snapshot_destroy(s.store, snapshot);
    tn_snapshot_destroy(s.store, NULL);
    scenario_close(&s);
}

static void iterators_seek_both_ways(void **state)
{
    (void) state;
    struct scenario s;
    scenario_init(&s);
    put(&s, "b", "1");
    put(&s, "d", "2");
    put(&s, "f", "3");
    write_batch(&s);
    static const struct {
        const char *key;
        const char *at_or_after;
        const char *at_or_before;
    } rows[] = {
        {"a", "b", NULL}, {"b", "b", "b"}, {"c", "d", "b"}, {"f", "f", "f"}, {"g", NULL, "f"}};
    struct tn_iterator *iterator = tn_iterator_create(s.store, s.family, NULL, false);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tn_bytes key = tn_bytes_from_string(rows[i].key);
        tn_iterator_seek(iterator, key);
        assert_int_equal(tn_iterator_valid(iterator), rows[i].at_or_after != NULL);
        if (rows[i].at_or_after != NULL) {
            assert_true(tn_bytes_equal_string(tn_iterator_key(iterator), rows[i].at_or_after));
        }
        tn_iterator_seek_for_prev(iterator, key);
        assert_int_equal(tn_iterator_valid(iterator), rows[i].at_or_before != NULL);
        if (rows[i].at_or_before != NULL) {
            assert_true(tn_bytes_equal_string(tn_iterator_key(iterator), rows[i].at_or_before));
        }
        assert_ok(tn_iterator_status(iterator, &s.error), &s.error);
    }
    tn_iterator_seek_last(iterator);
    tn_iterator_prev(iterator);
    assert_true(tn_bytes_equal_string(tn_iterator_key(iterator), "d"));
    tn_iterator_destroy(iterator);
    scenario_close(&s);
}

static void count_family(void *context, const char *name, struct tn_family *family)
{
    (void) family;
    assert_string_not_equal(name, "default");
    *(unsigned *) context += 1;
}

static void families_come_and_go(void **state)
{
    (void) state;
    struct scenario s;
    struct tn_family *family = NULL;
    unsigned count = 0;
    scenario_init(&s);
    tn_store_families(s.store, count_family, &count);
    assert_int_equal(count, 8); /* seven fixed ones and ours */
    assert_status(tn_store_family(s.store, "queue@2", false, &family, &s.error), TN_NOT_FOUND,
                  &s.error);
    assert_null(family);
    assert_ok(tn_store_family(s.store, "queue@2", true, &family, &s.error), &s.error);
    assert_ok(tn_store_drop_family(s.store, "rows@1", &s.error), &s.error);
    assert_status(tn_store_drop_family(s.store, "rows@1", &s.error), TN_NOT_FOUND, &s.error);
    assert_status(tn_store_drop_family(s.store, "log", &s.error), TN_DENIED, &s.error);
    tn_store_close(s.store);
    assert_ok(tn_store_open(s.directory, &(struct tn_store_options){0}, &s.store, &s.error),
              &s.error);
    assert_status(tn_store_family(s.store, "rows@1", false, &family, &s.error), TN_NOT_FOUND,
                  &s.error);
    assert_ok(tn_store_family(s.store, "queue@2", false, &family, &s.error), &s.error);
    scenario_close(&s);
}

static void a_value_longer_than_its_reader_takes_is_said(void **state)
{
    (void) state;
    struct scenario s;
    struct tn_buffer small;
    bool found = true;
    scenario_init(&s);
    tn_buffer_init(&small, 4);
    put(&s, "a", "12345");
    write_batch(&s);
    assert_status(
        tn_store_get(s.store, s.family, NULL, tn_bytes_from_string("a"), &small, &found, &s.error),
        TN_FULL, &s.error);
    assert_false(found);
    assert_int_equal(small.size, 0);
    tn_buffer_close(&small);
    scenario_close(&s);
}

static void a_nearly_full_disk_refuses_writes(void **state)
{
    (void) state;
    struct scenario s;
    scenario_init(&s);
    assert_true(tn_store_room(s.store) > 0);
    uint64_t room = tn_store_room(s.store);
    put(&s, "a", "1");
    write_batch(&s);
    assert_true(tn_store_room(s.store) < room); /* counted down between two looks at the disk */
    scenario_reopen(&s, &(struct tn_store_options){.reserve_bytes = UINT64_MAX / 2});
    assert_int_equal(tn_store_room(s.store), 0);
    put(&s, "a", "2");
    for (int durability = TN_SYNCED; durability <= TN_NO_WAL; durability++) {
        assert_status(tn_store_write(s.store, s.batch, (enum tn_durability) durability, &s.error),
                      TN_NO_SPACE, &s.error);
    }
    struct tn_load *load = NULL;
    assert_status(tn_load_create(s.store, s.family, 1, &load, &s.error), TN_NO_SPACE, &s.error);
    expect(&s, NULL, "a", "1");
    scenario_reopen(&s, &(struct tn_store_options){0});
    write_batch(&s);
    expect(&s, NULL, "a", "2");
    scenario_close(&s);
}

static void after_a_failed_write_nothing_is_written(void **state)
{
    (void) state;
    struct scenario s;
    scenario_init(&s);
    put(&s, "a", "1");
    tn_fault_arm(1);
    assert_status(tn_store_write(s.store, s.batch, TN_SYNCED, &s.error), TN_IO, &s.error);
    assert_true(tn_fault_disarm());
    assert_status(tn_store_write(s.store, s.batch, TN_SYNCED, &s.error), TN_IO, &s.error);
    scenario_reopen(&s, &(struct tn_store_options){0});
    expect(&s, NULL, "a", NULL);
    write_batch(&s);
    expect(&s, NULL, "a", "1");
    scenario_close(&s);
}

static void after_a_failed_write_nothing_is_called_durable(void **state)
{
    (void) state;
    struct scenario s;
    struct tn_load *load = NULL;
    scenario_init(&s);
    put(&s, "a", "1");
    tn_fault_arm(1);
    assert_status(tn_store_write(s.store, s.batch, TN_UNSYNCED, &s.error), TN_IO, &s.error);
    assert_true(tn_fault_disarm());
    assert_status(tn_store_sync(s.store, &s.error), TN_IO, &s.error);
    assert_status(tn_store_flush(s.store, &s.error), TN_IO, &s.error);
    assert_status(tn_load_create(s.store, s.family, 1, &load, &s.error), TN_IO, &s.error);
    scenario_close(&s);
}

/* The WAL of a store whose writer was killed, or has closed: its newest file. */
static void wal_path(const struct scenario *s, char *path, size_t size)
{
    char pattern[300];
    glob_t found;

    snprintf(pattern, sizeof(pattern), "%s/store/*.log", s->directory);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    snprintf(path, size, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
}

static void write_rows(struct scenario *s, size_t count, enum tn_durability durability)
{
    char key[16];

    for (size_t i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "k%06zu", i);
        put(s, key, "a value of some length, so that records differ in more than their keys");
        assert_ok(tn_store_write(s->store, s->batch, durability, &s->error), &s->error);
        tn_batch_reset(s->batch);
    }
}

enum damage { ONE_BIT, NO_WAL, NO_TAIL };

static void damage_wal(const struct scenario *s, enum damage damage)
{
    char path[400];
    struct stat information;

    wal_path(s, path, sizeof(path));
    assert_int_equal(stat(path, &information), 0);
    if (damage == NO_WAL) {
        assert_int_equal(unlink(path), 0);
    } else if (damage == NO_TAIL) {
        assert_int_equal(truncate(path, information.st_size / 2), 0);
    } else {
        FILE *file = fopen(path, "r+");
        assert_non_null(file);
        assert_int_equal(fseek(file, information.st_size / 3, SEEK_SET), 0);
        int byte = fgetc(file);
        assert_int_equal(fseek(file, information.st_size / 3, SEEK_SET), 0);
        assert_int_equal(fputc(byte ^ 1, file), byte ^ 1);
        assert_int_equal(fclose(file), 0);
    }
}

/* P2: RocksDB alone would open all of these and say nothing. */
static void a_store_that_lost_durable_writes_is_not_opened(void **state)
{
    (void) state;
    for (int damage = ONE_BIT; damage <= NO_TAIL; damage++) {
        for (int synced_each = 0; synced_each < 2; synced_each++) {
            struct scenario s;
            struct tn_store *other = NULL;
            struct tn_store_options open = {0};
            char path[SCRATCH_PATH_BYTES];

            scenario_init(&s);
            write_rows(&s, 300, synced_each ? TN_SYNCED : TN_UNSYNCED);
            if (!synced_each) {
                assert_ok(tn_store_sync(s.store, &s.error), &s.error);
            }
            tn_store_close(s.store);
            s.store = NULL;
            damage_wal(&s, (enum damage) damage);
            /* Again and again, for the first opening has made the store whole in itself. */
            for (int i = 0; i < 2; i++) {
                assert_status(tn_store_open(s.directory, &open, &other, &s.error), TN_CORRUPT,
                              &s.error);
                assert_non_null(strstr(s.error.text, "restore from an archive"));
            }
            snprintf(path, sizeof(path), "%s/wal-kept", s.directory);
            assert_int_equal(access(path, F_OK), 0);
            /* Whoever takes the loss upon themselves. */
            snprintf(path, sizeof(path), "%s/durable", s.directory);
            assert_int_equal(unlink(path), 0);
            assert_ok(tn_store_open(s.directory, &open, &s.store, &s.error), &s.error);
            scenario_close(&s);
        }
    }
}

/* What a power cut may take, and a bulk load that it takes whole, keep nobody from opening. */
static void writes_that_were_never_durable_may_be_lost(void **state)
{
    (void) state;
    struct scenario s;
    char path[SCRATCH_PATH_BYTES];

    scenario_init(&s);
    write_rows(&s, 10, TN_SYNCED);
    tn_store_close(s.store);
    s.store = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct tn_store_options open = {0};
        bool opened = tn_store_open(s.directory, &open, &s.store, NULL) == TN_OK &&
                      tn_store_family(s.store, "rows@1", false, &s.family, NULL) == TN_OK;
        bool written = opened;
        put(&s, "bulk", "1");
        for (int i = 0; i < 50; i++) {
            written = written && tn_store_write(s.store, s.batch, TN_NO_WAL, NULL) == TN_OK;
        }
        tn_batch_reset(s.batch);
        written = written && tn_store_write(s.store, s.batch, TN_SYNCED, NULL) == TN_OK &&
                  tn_store_sync(s.store, NULL) == TN_OK;
        _exit(written ? 0 : 1); /* as a kill: nothing is closed */
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_ok(tn_store_open(s.directory, &(struct tn_store_options){0}, &s.store, &s.error),
              &s.error);
    assert_ok(tn_store_family(s.store, "rows@1", false, &s.family, &s.error), &s.error);
    expect(&s, NULL, "bulk", NULL);
    expect(&s, NULL, "k000009",
           "a value of some length, so that records differ in more than their keys");
    snprintf(path, sizeof(path), "%s/wal-before", s.directory);
    assert_int_equal(access(path, F_OK), -1);
    scenario_close(&s);
}

static void what_is_owed_may_touch_the_reserve(void **state)
{
    (void) state;
    struct scenario s;
    scenario_init(&s);
    scenario_reopen(&s, &(struct tn_store_options){.reserve_bytes = UINT64_MAX / 2});
    put(&s, "a", "1");
    assert_status(tn_store_write(s.store, s.batch, TN_SYNCED, &s.error), TN_NO_SPACE, &s.error);
    assert_ok(tn_store_write_owed(s.store, s.batch, TN_SYNCED, &s.error), &s.error);
    expect(&s, NULL, "a", "1");
    scenario_close(&s);
}

static void bulk_rows_become_visible_together(void **state)
{
    (void) state;
    struct scenario s;
    struct tn_load *load = NULL;
    char key[16];
    scenario_init(&s);
    put(&s, "000005", "old");
    put(&s, "zz", "stays");
    write_batch(&s);
    assert_ok(tn_load_create(s.store, s.family, 1 << 20, &load, &s.error), &s.error);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "%06d", i);
        tn_load_put(load, tn_bytes_from_string(key), tn_bytes_from_string("new"));
    }
    expect(&s, NULL, "000005", "old");
    assert_ok(tn_load_commit(load, &s.error), &s.error);
    tn_load_destroy(load);
    expect(&s, NULL, "000005", "new");
    expect(&s, NULL, "000999", "new");
    /* Left without a commit, out of order, and empty. */
    assert_ok(tn_load_create(s.store, s.family, 1 << 20, &load, &s.error), &s.error);
    tn_load_put(load, tn_bytes_from_string("b"), tn_bytes_from_string("lost"));
    tn_load_destroy(load);
    expect(&s, NULL, "b", NULL);
    assert_ok(tn_load_create(s.store, s.family, 1 << 20, &load, &s.error), &s.error);
    tn_load_put(load, tn_bytes_from_string("c"), tn_bytes_from_string("1"));
    tn_load_put(load, tn_bytes_from_string("b"), tn_bytes_from_string("2"));
    assert_true(tn_load_commit(load, &s.error) != TN_OK);
    tn_load_destroy(load);
    expect(&s, NULL, "c", NULL);
    assert_ok(tn_load_create(s.store, s.family, 1 << 20, &load, &s.error), &s.error);
    assert_ok(tn_load_commit(load, &s.error), &s.error);
    tn_load_destroy(load);
    scenario_reopen(&s, &(struct tn_store_options){0});
    expect(&s, NULL, "000999", "new");
    expect(&s, NULL, "zz", "stays");
    scenario_close(&s);
}

static void a_secondary_reads_what_is_committed_and_writes_nothing(void **state)
{
    (void) state;
    struct scenario s;
    struct scenario beside = {0};
    scenario_init(&s);
    put(&s, "a", "1");
    write_batch(&s);
    beside.batch = tn_batch_create();
    tn_buffer_init(&beside.value, 1024);
    struct tn_store_options secondary = {.mode = TN_STORE_SECONDARY};
    assert_ok(tn_store_open(s.directory, &secondary, &beside.store, &s.error), &s.error);
    assert_false(tn_store_is_writer(beside.store));
    assert_ok(tn_store_family(beside.store, "rows@1", false, &beside.family, &s.error), &s.error);
    expect(&beside, NULL, "a", "1");
    put(&s, "a", "2");
    write_batch(&s);
    expect(&beside, NULL, "a", "1");
    assert_ok(tn_store_refresh(beside.store, &s.error), &s.error);
    expect(&beside, NULL, "a", "2");
    /* After a flush too: the old value still lies in the secondary's memory. */
    put(&s, "a", "3");
    write_batch(&s);
    assert_ok(tn_store_flush(s.store, &s.error), &s.error);
    assert_ok(tn_store_refresh(beside.store, &s.error), &s.error);
    expect(&beside, NULL, "a", "3");
    assert_null(tn_snapshot_create(beside.store));
    put(&beside, "b", "1");
    assert_status(tn_store_write(beside.store, beside.batch, TN_SYNCED, &s.error), TN_UNSUPPORTED,
                  &s.error);
    assert_status(tn_store_flush(beside.store, &s.error), TN_UNSUPPORTED, &s.error);
    struct tn_family *family = NULL;
    assert_status(tn_store_family(beside.store, "queue@9", true, &family, &s.error), TN_NOT_FOUND,
                  &s.error);
    tn_store_close(beside.store);
    tn_batch_destroy(beside.batch);
    tn_buffer_close(&beside.value);
    scenario_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_is_opened_as_what_it_is),
        cmocka_unit_test(a_store_without_its_current_file_is_left_alone),
        cmocka_unit_test(another_process_is_kept_out),
        cmocka_unit_test(batches_are_written_whole),
        cmocka_unit_test(marks_take_back_what_came_after),
        cmocka_unit_test(a_snapshot_stands_still),
        cmocka_unit_test(iterators_seek_both_ways),
        cmocka_unit_test(families_come_and_go),
        cmocka_unit_test(a_value_longer_than_its_reader_takes_is_said),
        cmocka_unit_test(a_nearly_full_disk_refuses_writes),
        cmocka_unit_test(after_a_failed_write_nothing_is_written),
        cmocka_unit_test(after_a_failed_write_nothing_is_called_durable),
        cmocka_unit_test(a_store_that_lost_durable_writes_is_not_opened),
        cmocka_unit_test(writes_that_were_never_durable_may_be_lost),
        cmocka_unit_test(what_is_owed_may_touch_the_reserve),
        cmocka_unit_test(bulk_rows_become_visible_together),
        cmocka_unit_test(a_secondary_reads_what_is_committed_and_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
