/* The store: batches are all or nothing, one writer at a time, readers beside it, and no write when
 * the disk is nearly full. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/fault.h"
#include "tests/ledger/log/store_scenario.h"

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

static void a_generation_is_made_once_in_an_opening(void **state)
{
    (void) state;
    struct scenario s;
    struct tn_family *family = NULL;
    scenario_init(&s);
    assert_int_equal(tn_store_generation(s.store, "a.b"), 0);
    assert_ok(tn_store_family(s.store, "a.b.2", true, &family, &s.error), &s.error);
    assert_int_equal(tn_store_generation(s.store, "a.b"), 2);
    assert_int_equal(tn_store_generation(s.store, "a"), 0);
    assert_ok(tn_store_drop_family(s.store, "a.b.2", &s.error), &s.error);
    assert_int_equal(tn_store_generation(s.store, "a.b"), 2);
    for (unsigned i = 1; i <= 2; i++) {
        assert_status(tn_store_family(s.store, i == 1 ? "a.b.1" : "a.b.2", true, &family, &s.error),
                      TN_DENIED, &s.error);
        assert_null(family);
    }
    assert_ok(tn_store_family(s.store, "a.c.1", true, &family, &s.error), &s.error);
    assert_ok(tn_store_family(s.store, "a.b.10", true, &family, &s.error), &s.error);
    assert_ok(tn_store_family(s.store, "a.b.10", true, &family, &s.error), &s.error);
    scenario_reopen(&s, &(struct tn_store_options){0});
    assert_int_equal(tn_store_generation(s.store, "a.b"), 10);
    assert_ok(tn_store_drop_family(s.store, "a.b.10", &s.error), &s.error);
    assert_status(tn_store_family(s.store, "a.b.10", true, &family, &s.error), TN_DENIED, &s.error);
    scenario_reopen(&s, &(struct tn_store_options){0});
    assert_int_equal(tn_store_generation(s.store, "a.b"), 0);
    assert_ok(tn_store_family(s.store, "a.b.2", true, &family, &s.error), &s.error);
    scenario_close(&s);
}

static void only_a_number_behind_the_name_is_a_generation(void **state)
{
    static const struct {
        const char *family;
        const char *name;
        uint64_t generation;
    } table[] = {
        {"queue.12", "queue", 12},
        {"queue.0", "queue", 0},
        {"queue.", "queue", 0},
        {"queue", "queue", 0},
        {"queue.1x", "queue", 0},
        {"queue@2", "queue", 0},
        {"queues.3", "queue", 0},
        {"queue.a.3", "queue", 0},
        {"queue.99999999999999999999", "queue", 0},
    };
    (void) state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(tn_family_generation(table[i].family, table[i].name), table[i].generation);
    }
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
        cmocka_unit_test(another_process_is_kept_out),
        cmocka_unit_test(batches_are_written_whole),
        cmocka_unit_test(marks_take_back_what_came_after),
        cmocka_unit_test(a_snapshot_stands_still),
        cmocka_unit_test(iterators_seek_both_ways),
        cmocka_unit_test(families_come_and_go),
        cmocka_unit_test(a_generation_is_made_once_in_an_opening),
        cmocka_unit_test(only_a_number_behind_the_name_is_a_generation),
        cmocka_unit_test(a_value_longer_than_its_reader_takes_is_said),
        cmocka_unit_test(a_nearly_full_disk_refuses_writes),
        cmocka_unit_test(after_a_failed_write_nothing_is_written),
        cmocka_unit_test(after_a_failed_write_nothing_is_called_durable),
        cmocka_unit_test(what_is_owed_may_touch_the_reserve),
        cmocka_unit_test(bulk_rows_become_visible_together),
        cmocka_unit_test(a_secondary_reads_what_is_committed_and_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
