/* The index against a model: every entry is found by its command, its kind and its streams,
 * wherever its index lies at the moment, in memory, in the thread's hands or in files. */
#include "ledger/log/index.h"

#include <unistd.h>

#include "ledger/base/check.h"
#include "ledger/base/fault.h"
#include "ledger/log/index_rows.h"
#include "tests/ledger/log/log_fixture.h"

/* All indices of a kind or a stream in a log of `size`. */
struct model {
    uint64_t *indices;
    size_t count;
};

static struct model model_of(uint64_t size, bool stream, unsigned number)
{
    struct model model = {.indices = calloc(size + 1, sizeof(uint64_t))};
    assert_non_null(model.indices);
    for (uint64_t i = 0; i < size; i++) {
        bool has = stream ? number == 0 || entry_stream(i) == number : entry_kind(i) == number;
        if (has) {
            model.indices[model.count++] = i;
        }
    }
    return model;
}

static size_t ask(struct fixture *f, bool stream, unsigned number, uint64_t from, bool backwards,
                  uint64_t *indices, size_t count)
{
    uint8_t id[TN_ID_SIZE];
    stream_id(number, id);
    assert_ok(stream
                  ? tn_log_read_stream(f->log, id, from, backwards, indices, &count, &f->error)
                  : tn_log_read_kind(f->log, number, from, backwards, indices, &count, &f->error),
              &f->error);
    return count;
}

static void check_page(struct fixture *f, const struct model *model, bool stream, unsigned number,
                       uint64_t from, bool backwards, size_t limit)
{
    uint64_t indices[1000];
    size_t count = ask(f, stream, number, from, backwards, indices, limit);
    size_t at = 0;
    while (at < model->count && model->indices[at] < from) {
        at++;
    }
    size_t left = backwards ? at : model->count - at;
    assert_int_equal(count, left < limit ? left : limit);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(indices[i], model->indices[backwards ? at - 1 - i : at + i]);
    }
}

static void check_index(struct fixture *f, uint64_t size)
{
    static const size_t limits[] = {1, 3, 100, 1000};
    for (unsigned number = 0; number < STREAM_COUNT; number += 5) {
        for (int stream = 0; stream < 2; stream++) {
            if (stream == 0 && number >= KIND_COUNT) {
                continue;
            }
            struct model model = model_of(size, stream != 0, number);
            for (uint64_t step = 0; step <= 10; step++) {
                uint64_t from = step == 10 ? UINT64_MAX : size * step / 9;
                check_page(f, &model, stream != 0, number, from, step % 2 == 0, limits[step % 4]);
                check_page(f, &model, stream != 0, number, from, step % 2 == 1,
                           limits[(step + 1) % 4]);
            }
            free(model.indices);
        }
    }
    for (uint64_t i = 0; i <= size; i += 1 + size / 500) {
        uint8_t command[TN_ID_SIZE];
        uint64_t index = 1;
        bool found = false;
        command_id(i, command);
        assert_ok(tn_log_find_command(f->log, command, &index, &found, &f->error), &f->error);
        assert_int_equal(found, i % 2 == 0 && i < size);
        assert_int_equal(index, found ? i : 0);
    }
}

/* How much is found is told without asking for each. */
static void check_count(struct fixture *f, uint64_t size)
{
    struct tn_log_found found;
    uint64_t streams = 0;
    uint64_t commands = 0;
    for (unsigned number = 0; number < STREAM_COUNT; number++) {
        struct model model = model_of(size, true, number);
        streams += model.count;
        free(model.indices);
    }
    for (uint64_t i = 0; i < size; i += 2) {
        commands++;
    }
    assert_ok(tn_log_count_found(f->log, &found, &f->error), &f->error);
    assert_int_equal(found.kinds, size);
    assert_int_equal(found.streams, streams);
    assert_int_equal(found.commands, commands);
}

static void entries_are_found_at_every_stage(void **state)
{
    (void) state;
    struct fixture f;
    fixture_init(&f);
    check_index(&f, 0);
    check_count(&f, 0);
    append_until(&f, 1, 1);
    check_index(&f, 1);
    check_count(&f, 1);
    append_until(&f, 3000, 70);
    check_index(&f, 3000); /* in memory */
    check_count(&f, 3000);
    fixture_reopen(&f);
    check_index(&f, 3000); /* read back */
    check_count(&f, 3000);
    assert_ok(tn_log_settle(f.log, &f.error), &f.error);
    check_index(&f, 3000); /* in files */
    check_count(&f, 3000);
    append_until(&f, 4000, 70);
    check_index(&f, 4000); /* both */
    check_count(&f, 4000);
    fixture_reopen(&f);
    check_index(&f, 4000);
    check_count(&f, 4000);
    assert_ok(tn_log_settle(f.log, &f.error), &f.error);
    assert_ok(tn_log_settle(f.log, &f.error), &f.error); /* nothing to do */
    assert_ok(tn_store_compact(f.store, &f.error), &f.error);
    check_index(&f, 4000);
    check_count(&f, 4000);
    fixture_reopen(&f);
    check_index(&f, 4000);
    check_count(&f, 4000);
    fixture_close(&f);
}

/* Readers ask while segments move from memory to files. */
static void pages_are_whole_while_segments_move(void **state)
{
    (void) state;
    struct fixture f;
    uint64_t size = 0;
    fixture_init(&f);
    tn_log_set_durability(f.log, TN_UNSYNCED);
    while (size < 3 * TN_INDEX_SEGMENT_ENTRIES) {
        uint64_t indices[300];
        append_until(&f, size + 1000, 500);
        size += 1000;
        size_t count = ask(&f, true, 0, size - 250, false, indices, 300);
        assert_int_equal(count, 250);
        for (uint64_t from = 0; from < size; from += 20000) {
            count = ask(&f, true, 0, from, false, indices, 300);
            assert_int_equal(count, size - from < 300 ? size - from : 300);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(indices[i], from + i);
            }
            count = ask(&f, true, 0, from, true, indices, 300);
            assert_int_equal(count, from < 300 ? from : 300);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(indices[i], from - 1 - i);
            }
        }
    }
    fixture_reopen(&f);
    check_index(&f, size);
    fixture_close(&f);
}

static struct tn_family *family_of(struct fixture *f, const char *name)
{
    struct tn_family *family = NULL;
    assert_ok(tn_store_family(f->store, name, false, &family, &f->error), &f->error);
    return family;
}

/* RocksDB takes a flush for corruption, now and then, when a family has both finished files and
 * rows in memory tables: so a flush must find nothing to write in the families of finished files.
 */
static void families_of_finished_files_have_no_other_rows(void **state)
{
    (void) state;
    struct fixture f;
    fixture_init(&f);
    append_until(&f, 1000, 50);
    assert_ok(tn_log_settle(f.log, &f.error), &f.error);
    append_until(&f, 1500, 50);
    uint64_t index_bytes = tn_store_family_bytes(f.store, family_of(&f, "index"));
    uint64_t commands_bytes = tn_store_family_bytes(f.store, family_of(&f, "commands"));
    assert_ok(tn_store_flush(f.store, &f.error), &f.error);
    assert_int_equal(tn_store_family_bytes(f.store, family_of(&f, "index")), index_bytes);
    assert_int_equal(tn_store_family_bytes(f.store, family_of(&f, "commands")), commands_bytes);
    check_index(&f, 1500);
    fixture_close(&f);
}

/* Killed between the files and the deletion of the frames' rows: they are gathered once more. */
static void segments_written_twice_count_once(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_buffer rows[50];
    struct tn_buffer gone;
    uint8_t key[TN_GATHERED_KEY_BYTES];
    bool found = false;
    fixture_init(&f);
    append_until(&f, 2500, 50);
    for (size_t i = 0; i < 50; i++) {
        tn_buffer_init(&rows[i], 1 << 16);
        tn_gathered_key(key, i * 50);
        assert_ok(tn_store_get(f.store, family_of(&f, "gathered"), NULL, tn_bytes(key, sizeof(key)),
                               &rows[i], &found, &f.error),
                  &f.error);
        assert_true(found);
    }
    assert_ok(tn_log_settle(f.log, &f.error), &f.error);
    tn_gathered_key(key, 0);
    tn_buffer_init(&gone, 1 << 16);
    assert_ok(tn_store_get(f.store, family_of(&f, "gathered"), NULL, tn_bytes(key, sizeof(key)),
                           &gone, &found, &f.error),
              &f.error);
    assert_false(found);
    tn_buffer_close(&gone);
    tn_batch_reset(f.batch);
    for (size_t i = 0; i < 50; i++) {
        tn_gathered_key(key, i * 50);
        tn_batch_put(f.batch, family_of(&f, "gathered"), tn_bytes(key, sizeof(key)),
                     tn_buffer_view(&rows[i]));
        tn_buffer_close(&rows[i]);
    }
    assert_ok(tn_store_write(f.store, f.batch, TN_SYNCED, &f.error), &f.error);
    fixture_reopen(&f);
    check_index(&f, 2500);
    append_until(&f, 2600, 50);
    assert_ok(tn_log_settle(f.log, &f.error), &f.error);
    fixture_reopen(&f);
    check_index(&f, 2600);
    fixture_close(&f);
}

static void rows_that_are_missing_or_changed_are_refused(void **state)
{
    (void) state;
    for (int kind = 0; kind < 4; kind++) {
        struct fixture f;
        struct tn_buffer row;
        uint8_t key[TN_GATHERED_KEY_BYTES];
        bool found = false;
        fixture_init(&f);
        append_until(&f, 200, 50);
        tn_buffer_init(&row, 1 << 16);
        tn_gathered_key(key, kind == 1 ? 150 : 50);
        assert_ok(tn_store_get(f.store, family_of(&f, "gathered"), NULL, tn_bytes(key, sizeof(key)),
                               &row, &found, &f.error),
                  &f.error);
        tn_batch_reset(f.batch);
        if (kind < 2) { /* a hole, the end */
            tn_batch_delete(f.batch, family_of(&f, "gathered"), tn_bytes(key, sizeof(key)));
        } else { /* a byte too few, an impossible number of streams */
            row.size -= kind == 2 ? 1 : 0;
            row.data[8] = kind == 3 ? 0x7f : row.data[8];
            tn_batch_put(f.batch, family_of(&f, "gathered"), tn_bytes(key, sizeof(key)),
                         tn_buffer_view(&row));
        }
        assert_ok(tn_store_write(f.store, f.batch, TN_SYNCED, &f.error), &f.error);
        tn_log_close(f.log);
        f.log = NULL;
        assert_status(tn_log_open(f.store, &f.log, &f.error), TN_CORRUPT, &f.error);
        tn_buffer_close(&row);
        fixture_close(&f);
    }
}

static void gaps_that_cannot_be_are_corrupt(void **state)
{
    (void) state;
    static const struct {
        const char *label;
        const char *value;
        size_t size;
    } rows[] = {
        {"no distance", "\0", 1},
        {"cut short", "\x80", 1},
        {"endless", "\xff\xff\xff\xff\xff\xff\xff\x01", 8},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;
        uint64_t indices[10];
        fixture_init(&f);
        append_until(&f, 100, 50);
        assert_ok(tn_log_settle(f.log, &f.error), &f.error);
        struct tn_index_key stream = tn_index_kind_key(99);
        uint8_t key[TN_INDEX_KEY_BYTES + 5] = {0};
        memcpy(key, stream.bytes, TN_INDEX_KEY_BYTES);
        tn_batch_reset(f.batch);
        tn_batch_put(f.batch, family_of(&f, "index"), tn_bytes(key, sizeof(key)),
                     tn_bytes(rows[i].value, rows[i].size));
        assert_ok(tn_store_write(f.store, f.batch, TN_SYNCED, &f.error), &f.error);
        for (int backwards = 0; backwards < 2; backwards++) {
            size_t count = 10;
            enum tn_status status = tn_log_read_kind(f.log, 99, backwards != 0 ? 100 : 0,
                                                     backwards != 0, indices, &count, &f.error);
            if (status != TN_CORRUPT || count != 0) {
                fail_msg("%s: %s", rows[i].label, tn_status_name(status));
            }
        }
        fixture_close(&f);
    }
}

static void an_entry_may_name_a_stream_twice(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_log_entry entry;
    struct tn_buffer bytes;
    uint64_t indices[10];
    fixture_init(&f);
    tn_buffer_init(&bytes, 1024);
    make_entry(0, &entry, &bytes);
    memcpy(entry.streams[1], entry.streams[0], TN_ID_SIZE);
    assert_ok(tn_log_append(f.log, f.batch, &entry, 1, &f.error), &f.error);
    assert_int_equal(ask(&f, true, 0, 0, false, indices, 10), 1);
    assert_ok(tn_log_settle(f.log, &f.error), &f.error);
    assert_int_equal(ask(&f, true, 0, 0, false, indices, 10), 1);
    tn_buffer_close(&bytes);
    fixture_close(&f);
}

/* Deletions that were put off would leave two segments to be cut anew from the first one's
 * beginning, and entries would be found twice from then on. */
static void segments_on_a_nearly_full_disk_count_once(void **state)
{
    (void) state;
    struct fixture f;
    fixture_init(&f);
    for (uint64_t size = 300; size <= 700; size += 400) {
        append_until(&f, size, 100);
        tn_fault_arm_named("store_space", 2); /* both files have been begun by then */
        assert_ok(tn_log_settle(f.log, &f.error), &f.error);
        (void) tn_fault_disarm();
    }
    check_index(&f, 700);
    fixture_reopen(&f);
    append_until(&f, 800, 100);
    assert_ok(tn_log_settle(f.log, &f.error), &f.error);
    check_index(&f, 800);
    fixture_close(&f);
}

static void an_index_that_lost_rows_finds_less(void **state)
{
    (void) state;
    static const char *const families[] = {"index", "commands"};
    for (size_t i = 0; i < TN_ARRAY_SIZE(families); i++) {
        struct fixture f;
        struct tn_log_found found;
        fixture_init(&f);
        append_until(&f, 700, 100);
        assert_ok(tn_log_settle(f.log, &f.error), &f.error);
        append_until(&f, 800, 100);
        assert_ok(tn_store_empty_family(f.store, families[i], &f.error), &f.error);
        fixture_reopen(&f);
        assert_ok(tn_log_count_found(f.log, &found, &f.error), &f.error);
        assert_int_equal(found.kinds, i == 0 ? 100 : 800);
        assert_int_equal(found.commands, i == 0 ? 400 : 50);
        fixture_close(&f);
    }
}

/* As when no descriptor is left for a moment: no append is in doubt for that. */
static void a_file_that_cannot_be_written_is_tried_again(void **state)
{
    (void) state;
    struct fixture f;
    fixture_init(&f);
    append_until(&f, 300, 100);
    tn_fault_arm_named("store_load", 0);
    assert_status(tn_log_settle(f.log, &f.error), TN_UNAVAILABLE, &f.error);
    assert_true(tn_fault_disarm());
    append_until(&f, 400, 100);
    for (int i = 0; i < 300 && tn_log_settle(f.log, &f.error) != TN_OK; i++) {
        usleep(20000); /* every second */
    }
    assert_ok(tn_log_settle(f.log, &f.error), &f.error);
    check_index(&f, 400);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_found_at_every_stage),
        cmocka_unit_test(pages_are_whole_while_segments_move),
        cmocka_unit_test(segments_written_twice_count_once),
        cmocka_unit_test(segments_on_a_nearly_full_disk_count_once),
        cmocka_unit_test(an_index_that_lost_rows_finds_less),
        cmocka_unit_test(a_file_that_cannot_be_written_is_tried_again),
        cmocka_unit_test(families_of_finished_files_have_no_other_rows),
        cmocka_unit_test(rows_that_are_missing_or_changed_are_refused),
        cmocka_unit_test(gaps_that_cannot_be_are_corrupt),
        cmocka_unit_test(an_entry_may_name_a_stream_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
