/* Rows in bulk: order, visibility, what a cut leaves. */
#include "ledger/log/store_bulk.h"

#include <dirent.h>

#include "ledger/base/fault.h"
#include "tests/ledger/log/log_fixture.h"

static size_t bulk_files(const struct fixture *f)
{
    char path[512];
    size_t count = 0;

    snprintf(path, sizeof(path), "%s/store", f->directory);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += strncmp(entry->d_name, "bulk-", 5) == 0;
    }
    closedir(directory);
    return count;
}

static struct tn_bytes text(const char *words)
{
    return tn_bytes_from_string(words);
}

static void expect(struct fixture *f, struct tn_family *family, const char *key, const char *value)
{
    struct tn_buffer got;
    bool found = false;

    tn_buffer_init(&got, 100);
    assert_ok(tn_store_get(f->store, family, NULL, text(key), &got, &found, &f->error), &f->error);
    assert_int_equal(found, value != NULL);
    if (value != NULL) {
        assert_true(tn_bytes_equal(tn_buffer_view(&got), text(value)));
    }
    tn_buffer_close(&got);
}

static void a_bulk_is_seen_at_once_and_is_newer(void **state)
{
    struct fixture f;
    struct tn_family *family = NULL;
    struct tn_bulk *bulk = NULL;

    (void) state;
    fixture_init(&f);
    assert_ok(tn_store_family(f.store, "rows.1", true, &family, &f.error), &f.error);
    tn_batch_put(f.batch, family, text("b"), text("old"));
    tn_batch_put(f.batch, family, text("c"), text("old"));
    tn_batch_put(f.batch, family, text("d"), text("old"));
    assert_ok(tn_store_write(f.store, f.batch, TN_NO_WAL, &f.error), &f.error);
    assert_ok(tn_bulk_open(f.store, family, &bulk, &f.error), &f.error);
    assert_ok(tn_bulk_put(bulk, text("a"), text("new"), &f.error), &f.error);
    assert_ok(tn_bulk_put(bulk, text("b"), text("new"), &f.error), &f.error);
    assert_ok(tn_bulk_delete(bulk, text("c"), &f.error), &f.error);
    expect(&f, family, "a", NULL);
    expect(&f, family, "b", "old");
    assert_ok(tn_bulk_finish(bulk, &f.error), &f.error);
    tn_bulk_close(bulk);
    expect(&f, family, "a", "new");
    expect(&f, family, "b", "new");
    expect(&f, family, "c", NULL);
    expect(&f, family, "d", "old");
    assert_int_equal(bulk_files(&f), 0);
    fixture_close(&f);
}

static void keys_out_of_order_are_refused(void **state)
{
    struct fixture f;
    struct tn_family *family = NULL;
    struct tn_bulk *bulk = NULL;

    (void) state;
    fixture_init(&f);
    assert_ok(tn_store_family(f.store, "rows.1", true, &family, &f.error), &f.error);
    assert_ok(tn_bulk_open(f.store, family, &bulk, &f.error), &f.error);
    assert_ok(tn_bulk_put(bulk, text("b"), text("1"), &f.error), &f.error);
    assert_int_equal(tn_bulk_put(bulk, text("b"), text("2"), &f.error), TN_CORRUPT);
    assert_int_equal(tn_bulk_put(bulk, text("a"), text("2"), &f.error), TN_CORRUPT);
    tn_bulk_close(bulk);
    fixture_close(&f);
}

static void an_unfinished_bulk_leaves_nothing(void **state)
{
    struct fixture f;
    struct tn_family *family = NULL;
    struct tn_bulk *bulk = NULL;

    (void) state;
    fixture_init(&f);
    assert_ok(tn_store_family(f.store, "rows.1", true, &family, &f.error), &f.error);
    assert_ok(tn_bulk_open(f.store, family, &bulk, &f.error), &f.error);
    assert_ok(tn_bulk_finish(bulk, &f.error), &f.error); /* nothing in it */
    assert_ok(tn_bulk_put(bulk, text("a"), text("1"), &f.error), &f.error);
    assert_int_equal(bulk_files(&f), 1);
    tn_fault_arm_named("bulk_finish", 0);
    assert_int_equal(tn_bulk_finish(bulk, &f.error), TN_IO);
    assert_true(tn_fault_disarm());
    tn_bulk_close(bulk);
    expect(&f, family, "a", NULL);
    assert_int_equal(bulk_files(&f), 0);
    /* Cut: the file stays until somebody sweeps. */
    assert_ok(tn_bulk_open(f.store, family, &bulk, &f.error), &f.error);
    assert_ok(tn_bulk_put(bulk, text("a"), text("1"), &f.error), &f.error);
    tn_bulk_sweep(f.store);
    assert_int_equal(bulk_files(&f), 0);
    tn_bulk_close(bulk);
    fixture_close(&f);
}

static void a_large_bulk_is_several_files_in_one_step(void **state)
{
    struct fixture f;
    struct tn_family *family = NULL;
    struct tn_bulk *bulk = NULL;
    static uint8_t value[60000];
    char key[16];

    (void) state;
    fixture_init(&f);
    assert_ok(tn_store_family(f.store, "rows.1", true, &family, &f.error), &f.error);
    assert_ok(tn_bulk_open(f.store, family, &bulk, &f.error), &f.error);
    for (unsigned i = 0; i < 1300; i++) {
        snprintf(key, sizeof(key), "%06u", i);
        assert_ok(tn_bulk_put(bulk, text(key), tn_bytes(value, sizeof(value)), &f.error), &f.error);
    }
    assert_int_equal(bulk_files(&f), 3);
    assert_ok(tn_bulk_finish(bulk, &f.error), &f.error);
    tn_bulk_close(bulk);
    struct tn_iterator *iterator = tn_iterator_create(f.store, family, NULL, true);
    unsigned count = 0;
    for (tn_iterator_seek_first(iterator); tn_iterator_valid(iterator);
         tn_iterator_next(iterator)) {
        count++;
    }
    tn_iterator_destroy(iterator);
    assert_int_equal(count, 1300);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bulk_is_seen_at_once_and_is_newer),
        cmocka_unit_test(keys_out_of_order_are_refused),
        cmocka_unit_test(an_unfinished_bulk_leaves_nothing),
        cmocka_unit_test(a_large_bulk_is_several_files_in_one_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
