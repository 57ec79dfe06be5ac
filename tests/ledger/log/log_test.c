/* The log as its users see it: what was appended is found again by every way there is, and nothing
 * that was changed behind its back goes unnoticed. */
#include "ledger/log/log.h"

#include "ledger/log/note.h"
#include "tests/faults.h"
#include "tests/ledger/log/log_fixture.h"

static struct tn_log_head head_of(struct fixture *f)
{
    struct tn_log_head head;
    tn_log_head(f->log, &head);
    return head;
}

/* Size, root, and every entry. */
static void check_content(struct fixture *f, uint64_t size)
{
    struct tn_log_head head = head_of(f);
    struct tn_buffer wanted;
    struct tn_buffer found;
    uint8_t root[TN_HASH_SIZE];
    assert_int_equal(head.size, size);
    assert_int_equal(head.last_time_us, size != 0 ? entry_time(size - 1) : 0);
    uint8_t *leaves = naive_leaves(size);
    naive_root(leaves, size, root);
    assert_memory_equal(head.root, root, sizeof(root));
    free(leaves);
    tn_buffer_init(&wanted, 1024);
    tn_buffer_init(&found, 1024);
    for (uint64_t i = 0; i < size; i++) {
        entry_bytes(i, &wanted);
        assert_ok(tn_log_read(f->log, i, &found, &f->error), &f->error);
        assert_true(tn_bytes_equal(tn_buffer_view(&wanted), tn_buffer_view(&found)));
    }
    assert_int_equal(tn_log_read(f->log, size, &found, &f->error), TN_NOT_FOUND);
    assert_int_equal(found.size, 0);
    tn_buffer_close(&wanted);
    tn_buffer_close(&found);
}

static void an_empty_log_has_the_empty_root(void **state)
{
    (void) state;
    struct fixture f;
    uint64_t index = 1;
    fixture_init(&f);
    check_content(&f, 0);
    fixture_reopen(&f);
    check_content(&f, 0);
    assert_ok(tn_log_find_time(f.log, 1, &index, &f.error), &f.error);
    assert_int_equal(index, 0);
    fixture_close(&f);
}

static void what_was_appended_is_read_again(void **state)
{
    (void) state;
    static const size_t frames[] = {1, 2, 7, 300, 1, 64};
    struct fixture f;
    uint64_t size = 0;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        assert_ok(append_frame(&f, frames[i]), &f.error);
        size += frames[i];
        size_t leaf_count = 0;
        assert_non_null(tn_log_frame_leaves(f.log, &leaf_count));
        assert_int_equal(leaf_count, frames[i]);
    }
    check_content(&f, size);
    fixture_reopen(&f);
    check_content(&f, size);
    append_until(&f, size + 10, 5);
    check_content(&f, size + 10);
    fixture_close(&f);
}

static void leaves_of_a_frame_are_those_of_its_entries(void **state)
{
    (void) state;
    struct fixture f;
    size_t count = 0;
    fixture_init(&f);
    append_until(&f, 5, 5);
    assert_ok(append_frame(&f, 3), &f.error);
    uint8_t *leaves = naive_leaves(8);
    assert_memory_equal(tn_log_frame_leaves(f.log, &count), leaves + 5 * 32, 3 * 32);
    assert_int_equal(count, 3);
    free(leaves);
    fixture_close(&f);
}

struct scan {
    uint64_t next;
    uint64_t stop;
};

static bool scan_each(void *context, uint64_t index, struct tn_bytes entry)
{
    struct scan *scan = context;
    struct tn_buffer wanted;
    tn_buffer_init(&wanted, 1024);
    entry_bytes(index, &wanted);
    assert_true(tn_bytes_equal(tn_buffer_view(&wanted), entry));
    tn_buffer_close(&wanted);
    assert_int_equal(index, scan->next);
    scan->next++;
    return scan->next != scan->stop;
}

static void scans_begin_and_end_anywhere(void **state)
{
    (void) state;
    static const struct {
        uint64_t from;
        uint64_t end;
        uint64_t stop;
        uint64_t next; /* when it is over */
    } rows[] = {
        {0, UINT64_MAX, UINT64_MAX, 100}, {0, 100, UINT64_MAX, 100}, {13, 14, UINT64_MAX, 14},
        {13, 88, UINT64_MAX, 88},         {20, 90, 55, 55},          {99, 500, UINT64_MAX, 100},
        {100, 500, UINT64_MAX, 100},      {50, 50, UINT64_MAX, 50},  {60, 50, UINT64_MAX, 60},
    };
    struct fixture f;
    fixture_init(&f);
    append_until(&f, 100, 13);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scan scan = {.next = rows[i].from, .stop = rows[i].stop};
        assert_ok(tn_log_scan(f.log, rows[i].from, rows[i].end, scan_each, &scan, &f.error),
                  &f.error);
        assert_int_equal(scan.next, rows[i].next);
    }
    fixture_close(&f);
}

static void a_scan_that_rested_goes_on_with_the_next_entry(void **state)
{
    (void) state;
    static const struct {
        uint64_t from;
        uint64_t end;
        uint64_t next; /* when it is over */
    } rows[] = {{0, UINT64_MAX, 100}, {13, 88, 88}, {99, 500, 100}, {100, 500, 100}, {60, 50, 60}};
    struct fixture f;
    fixture_init(&f);
    append_until(&f, 100, 13);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (uint64_t step = 1; step <= 14; step++) { /* within frames, at their ends, across */
            struct tn_log_cursor *cursor;
            struct scan scan = {.next = rows[i].from};
            assert_ok(tn_log_cursor_open(f.log, rows[i].from, rows[i].end, &cursor, &f.error),
                      &f.error);
            do {
                scan.stop = scan.next + step;
                assert_ok(tn_log_cursor_scan(cursor, scan_each, &scan, &f.error), &f.error);
            } while (scan.next == scan.stop);
            assert_int_equal(scan.next, rows[i].next);
            assert_ok(tn_log_cursor_scan(cursor, scan_each, &scan, &f.error), &f.error);
            assert_int_equal(scan.next, rows[i].next);
            tn_log_cursor_close(cursor);
        }
    }
    fixture_close(&f);
}

static void a_time_finds_its_first_entry(void **state)
{
    (void) state;
    struct fixture f;
    fixture_init(&f);
    append_until(&f, 200, 17);
    for (uint64_t i = 0; i < 200; i++) {
        for (uint64_t shift = 0; shift < 3; shift++) {
            uint64_t time_us = entry_time(i) + shift - 1;
            uint64_t wanted = 0;
            uint64_t found = 0;
            while (wanted < 200 && entry_time(wanted) < time_us) {
                wanted++;
            }
            assert_ok(tn_log_find_time(f.log, time_us, &found, &f.error), &f.error);
            assert_int_equal(found, wanted);
        }
    }
    fixture_close(&f);
}

/* ---- tree ---- */

static void check_tree(struct fixture *f, uint64_t size, const uint8_t *leaves)
{
    struct tn_buffer out;
    uint8_t root[TN_HASH_SIZE];
    uint8_t wanted[TN_HASH_SIZE];
    tn_buffer_init(&out, 1 << 20);
    naive_root(leaves, size, wanted);
    assert_ok(tn_log_root(f->log, size, root, &f->error), &f->error);
    assert_memory_equal(root, wanted, sizeof(root));
    uint64_t span = 1;
    for (unsigned level = 0; level < 3; level++, span *= 256) {
        uint64_t hashes = size / span;
        uint64_t tiles = (hashes + 255) / 256;
        for (uint64_t tile = tiles > 3 ? tiles - 3 : 0; tile < tiles; tile++) {
            unsigned width = (unsigned) (hashes - tile * 256 < 256 ? hashes - tile * 256 : 256);
            assert_ok(tn_log_tile(f->log, size, level, tile, width, &out, &f->error), &f->error);
            assert_int_equal(out.size, width * 32);
            for (unsigned i = 0; i < width; i += level == 0 ? 1 : 19) {
                naive_root(leaves + (tile * 256 + i) * span * 32, span, wanted);
                assert_memory_equal(out.data + (size_t) i * 32, wanted, 32);
            }
            assert_int_equal(tn_log_tile(f->log, size, level, tile, width + 1, &out, &f->error),
                             TN_NOT_FOUND);
        }
        assert_int_equal(tn_log_tile(f->log, size, level, tiles, 1, &out, &f->error), TN_NOT_FOUND);
    }
    tn_buffer_close(&out);
}

static void check_proofs(struct fixture *f, uint64_t size, const uint8_t *leaves)
{
    uint8_t root[TN_HASH_SIZE];
    uint8_t old_root[TN_HASH_SIZE];
    uint8_t proof[TN_PROOF_HASHES_MAX * 32];
    size_t count = 0;
    naive_root(leaves, size, root);
    for (uint64_t i = 0; i < size; i += 1 + size / 17) {
        assert_ok(tn_log_prove_inclusion(f->log, i, size, proof, &count, &f->error), &f->error);
        assert_int_equal(tn_proof_verify_inclusion(leaves + i * 32, i, size, proof, count, root),
                         TN_OK);
        naive_root(leaves, i + 1, old_root);
        assert_ok(tn_log_prove_consistency(f->log, i + 1, size, proof, &count, &f->error),
                  &f->error);
        assert_int_equal(tn_proof_verify_consistency(i + 1, size, proof, count, old_root, root),
                         TN_OK);
    }
    assert_int_equal(tn_log_prove_inclusion(f->log, size, size, proof, &count, &f->error),
                     TN_INVALID);
    assert_int_equal(count, 0);
}

static void tiles_and_proofs_are_those_of_the_definition(void **state)
{
    (void) state;
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 511, 65535, 65536, 65537};
    struct fixture f;
    fixture_init(&f);
    uint8_t *leaves = naive_leaves(65600);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        append_until(&f, sizes[i], i < 5 ? 50 : 5000);
        check_tree(&f, sizes[i], leaves);
        check_proofs(&f, sizes[i], leaves);
    }
    append_until(&f, 65600, 63);
    /* Older sizes are served from what has grown since. */
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        check_tree(&f, sizes[i], leaves);
    }
    fixture_reopen(&f);
    check_tree(&f, 65536, leaves);
    check_tree(&f, 65537, leaves);
    check_proofs(&f, 65599, leaves);
    assert_int_equal(tn_log_root(f.log, 65601, leaves, &f.error), TN_NOT_FOUND);
    free(leaves);
    fixture_close(&f);
}

static void bundles_are_slices_of_the_entries(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_buffer wanted;
    struct tn_buffer found;
    struct tn_buffer entry;
    fixture_init(&f);
    tn_buffer_init(&wanted, 1 << 20);
    tn_buffer_init(&found, 1 << 20);
    tn_buffer_init(&entry, 1024);
    append_until(&f, 600, 100);
    for (uint64_t bundle = 0; bundle < 3; bundle++) {
        unsigned width = bundle < 2 ? 256 : 88;
        tn_buffer_reset(&wanted);
        for (uint64_t i = 0; i < width; i++) {
            entry_bytes(bundle * 256 + i, &entry);
            tn_buffer_append_be16(&wanted, (uint16_t) entry.size);
            tn_buffer_append_bytes(&wanted, tn_buffer_view(&entry));
        }
        assert_ok(tn_log_bundle(f.log, 600, bundle, width, &found, &f.error), &f.error);
        assert_true(tn_bytes_equal(tn_buffer_view(&wanted), tn_buffer_view(&found)));
    }
    assert_int_equal(tn_log_bundle(f.log, 600, 2, 89, &found, &f.error), TN_NOT_FOUND);
    assert_int_equal(tn_log_bundle(f.log, 601, 2, 1, &found, &f.error), TN_NOT_FOUND);
    assert_int_equal(tn_log_bundle(f.log, 599, 2, 88, &found, &f.error), TN_NOT_FOUND);
    tn_buffer_close(&wanted);
    tn_buffer_close(&found);
    tn_buffer_close(&entry);
    fixture_close(&f);
}

/* ---- what is refused ---- */

static void entries_that_cannot_be_are_refused(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_log_entry entry;
    struct tn_buffer bytes;
    struct tn_log_entry *many = calloc(TN_FRAME_ENTRIES_MAX + 1, sizeof(*many));
    assert_non_null(many);
    fixture_init(&f);
    tn_buffer_init(&bytes, 1 << 20);
    append_until(&f, 10, 10);
    tn_batch_reset(f.batch);
    make_entry(10, &entry, &bytes);
    assert_int_equal(tn_log_append(f.log, f.batch, &entry, 0, &f.error), TN_INVALID);
    entry.time_us = entry_time(9) - 1;
    assert_int_equal(tn_log_append(f.log, f.batch, &entry, 1, &f.error), TN_INVALID);
    make_entry(10, &entry, &bytes);
    entry.stream_count = TN_ENTRY_STREAMS_MAX + 1;
    assert_int_equal(tn_log_append(f.log, f.batch, &entry, 1, &f.error), TN_INVALID);
    make_entry(10, &entry, &bytes);
    (void) tn_buffer_extend(&bytes, TN_ENTRY_BYTES_MAX);
    entry.bytes = tn_buffer_view(&bytes);
    assert_int_equal(tn_log_append(f.log, f.batch, &entry, 1, &f.error), TN_INVALID);
    assert_int_equal(tn_log_append(f.log, f.batch, many, TN_FRAME_ENTRIES_MAX + 1, &f.error),
                     TN_FULL);
    entry.bytes.size = TN_ENTRY_BYTES_MAX;
    for (size_t i = 0; i < 600; i++) {
        many[i] = entry;
    }
    assert_int_equal(tn_log_append(f.log, f.batch, many, 600, &f.error), TN_FULL);
    assert_int_equal(tn_batch_count(f.batch), 0);
    append_until(&f, 20, 10);
    check_content(&f, 20);
    tn_buffer_close(&bytes);
    free(many);
    fixture_close(&f);
}

static void a_full_disk_refuses_and_leaves_everything_usable(void **state)
{
    (void) state;
    struct fixture f;
    fixture_init(&f);
    append_until(&f, 300, 100);
    fixture_shut(&f);
    fixture_open(&f, &(struct tn_store_options){.reserve_bytes = UINT64_MAX / 2});
    assert_int_equal(tn_store_room(f.store), 0);
    struct tn_log_head before = head_of(&f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(append_frame(&f, 200), TN_NO_SPACE);
        assert_int_equal(tn_batch_count(f.batch), 0);
    }
    struct tn_log_head after = head_of(&f);
    assert_memory_equal(&before, &after, sizeof(before));
    check_content(&f, 300);
    fixture_reopen(&f);
    append_until(&f, 900, 200);
    check_content(&f, 900);
    fixture_close(&f);
}

static void writes_go_on_when_there_is_space_again(void **state)
{
    (void) state;
    struct fixture f;
    fixture_init(&f);
    append_until(&f, 250, 100);
    tn_fault_arm(0);
    assert_int_equal(append_frame(&f, 10), TN_MEMORY); /* before anything is done */
    assert_true(tn_fault_disarm());
    tn_fault_arm(1);
    assert_int_equal(append_frame(&f, 10), TN_NO_SPACE);
    assert_true(tn_fault_disarm());
    append_until(&f, 600, 7);
    check_content(&f, 600);
    fixture_reopen(&f);
    check_content(&f, 600);
    fixture_close(&f);
}

/* Whatever fails, and wherever: the log is as before or as after, here and after it is opened
 * again, and a batch that was refused holds what its owner put into it and no more. */
static void append_survives_every_fault(void **state)
{
    (void) state;
    struct fault_seen points[] = {
        {.name = "log_append"}, {.name = "store_space"}, {.name = "store_write"}, {.name = NULL}};
    bool reached = true;
    for (unsigned nth = 0; reached; nth++) {
        struct fixture f;
        fixture_init(&f);
        append_until(&f, 250, 100);
        struct tn_log_head before = head_of(&f);
        tn_fault_arm(nth);
        enum tn_status status = append_frame(&f, 20);
        enum tn_status again = status == TN_OK ? TN_OK : append_frame(&f, 20);
        reached = tn_fault_disarm();
        faults_note(points);
        if (status != TN_OK) {
            assert_int_equal(tn_batch_count(f.batch) == 0, again != TN_OK);
        }
        struct tn_log_head after = head_of(&f);
        if (again == TN_OK) {
            assert_int_equal(after.size, 270);
        } else {
            assert_int_equal(again, TN_IO); /* fail-stop */
            assert_memory_equal(&after, &before, sizeof(after));
            assert_int_equal(append_frame(&f, 1), TN_IO);
        }
        fixture_reopen(&f);
        check_content(&f, after.size);
        append_until(&f, 280, 10);
        check_content(&f, 280);
        fixture_close(&f);
        assert_true(nth < 100);
    }
    assert_null(faults_missed(points));
}

static void opening_survives_every_fault(void **state)
{
    (void) state;
    struct fixture f;
    struct fault_seen points[] = {{.name = "store_get"}, {.name = "store_iterate"}, {.name = NULL}};
    bool reached = true;
    fixture_init(&f);
    append_until(&f, 300, 100);
    tn_log_close(f.log);
    f.log = NULL;
    for (unsigned nth = 0; reached; nth++) {
        tn_fault_arm(nth);
        enum tn_status status = tn_log_open(f.store, &f.log, &f.error);
        reached = tn_fault_disarm();
        faults_note(points);
        assert_true(status == TN_OK ? f.log != NULL : f.log == NULL);
        tn_log_close(f.log);
        f.log = NULL;
        if (status == TN_IO) { /* the store may be fail-stop now */
            tn_store_close(f.store);
            assert_ok(tn_store_open(f.directory, &(struct tn_store_options){0}, &f.store, &f.error),
                      &f.error);
        }
        assert_true(nth < 100);
    }
    assert_null(faults_missed(points));
    assert_ok(tn_log_open(f.store, &f.log, &f.error), &f.error);
    check_content(&f, 300);
    fixture_close(&f);
}

/* ---- beside a writer ---- */

static void a_secondary_sees_what_the_writer_committed(void **state)
{
    (void) state;
    struct fixture f;
    struct fixture s = {0};
    uint64_t size = 0;
    fixture_init(&f);
    append_until(&f, 100, 30);
    memcpy(s.directory, f.directory, sizeof(s.directory));
    s.batch = tn_batch_create();
    fixture_open(&s, &(struct tn_store_options){.mode = TN_STORE_SECONDARY});
    check_content(&s, 100);
    assert_int_equal(append_frame(&s, 1), TN_UNSUPPORTED);
    struct tn_store *second = NULL;
    assert_int_equal(tn_store_open(f.directory, &(struct tn_store_options){0}, &second, &f.error),
                     TN_BUSY);
    for (int round = 0; round < 4; round++) {
        size = head_of(&f).size + 60;
        append_until(&f, size, 30);
        if (round == 2) {
            assert_ok(tn_store_flush(f.store, &f.error), &f.error);
        }
        if (round == 3) {
            append_until(&f, size = 70000, 5000); /* a segment goes to files, tiles are loaded */
        }
        assert_int_equal(head_of(&s).size, round == 0 ? 100 : size == 70000 ? 280 : size - 60);
        assert_ok(tn_log_refresh(s.log, &s.error), &s.error);
        if (size < 1000) {
            check_content(&s, size);
        }
        struct tn_log_head wanted = head_of(&f);
        struct tn_log_head found = head_of(&s);
        assert_memory_equal(&wanted, &found, sizeof(wanted));
    }
    uint8_t stream[TN_ID_SIZE];
    uint64_t indices[100];
    size_t count = 100;
    stream_id(0, stream);
    assert_ok(tn_log_read_stream(s.log, stream, size, true, indices, &count, &s.error), &s.error);
    assert_int_equal(count, 100);
    assert_int_equal(indices[0], size - 1);
    fixture_shut(&s);
    tn_batch_destroy(s.batch);
    fixture_close(&f);
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_log_has_the_empty_root),
        cmocka_unit_test(what_was_appended_is_read_again),
        cmocka_unit_test(leaves_of_a_frame_are_those_of_its_entries),
        cmocka_unit_test(scans_begin_and_end_anywhere),
        cmocka_unit_test(a_scan_that_rested_goes_on_with_the_next_entry),
        cmocka_unit_test(a_time_finds_its_first_entry),
        cmocka_unit_test(tiles_and_proofs_are_those_of_the_definition),
        cmocka_unit_test(bundles_are_slices_of_the_entries),
        cmocka_unit_test(entries_that_cannot_be_are_refused),
        cmocka_unit_test(a_full_disk_refuses_and_leaves_everything_usable),
        cmocka_unit_test(writes_go_on_when_there_is_space_again),
        cmocka_unit_test(append_survives_every_fault),
        cmocka_unit_test(opening_survives_every_fault),
        cmocka_unit_test(a_secondary_sees_what_the_writer_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
