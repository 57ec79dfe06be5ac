/* Bytes that were changed behind the log's back, through the store: opening refuses, or reading
 * says which entry is concerned. */
#include "ledger/log/log.h"
#include "ledger/log/note.h"
#include "tests/ledger/log/log_fixture.h"

/* 2 full tiles and 88 entries in the growing one, in frames of 100. */
#define SIZE 600u

static struct tn_family *family(struct fixture *f, const char *name)
{
    struct tn_family *found = NULL;
    assert_ok(tn_store_family(f->store, name, false, &found, &f->error), &f->error);
    return found;
}

static void put(struct fixture *f, const char *name, struct tn_bytes key, struct tn_bytes value)
{
    tn_batch_reset(f->batch);
    tn_batch_put(f->batch, family(f, name), key, value);
    assert_ok(tn_store_write(f->store, f->batch, TN_SYNCED, &f->error), &f->error);
}

static void get(struct fixture *f, const char *name, struct tn_bytes key, struct tn_buffer *value)
{
    bool found = false;
    assert_ok(tn_store_get(f->store, family(f, name), NULL, key, value, &found, &f->error),
              &f->error);
    assert_true(found);
}

/* Change one byte of a stored value. */
static void flip(struct fixture *f, const char *name, struct tn_bytes key, size_t offset)
{
    struct tn_buffer value;
    tn_buffer_init(&value, 1 << 20);
    get(f, name, key, &value);
    assert_true(offset < value.size);
    value.data[offset] ^= 0x40;
    put(f, name, key, tn_buffer_view(&value));
    tn_buffer_close(&value);
}

static void reopen_refuses(struct fixture *f, const char *words)
{
    tn_log_close(f->log);
    f->log = NULL;
    f->error = (struct tn_error){0};
    assert_status(tn_log_open(f->store, &f->log, &f->error), TN_CORRUPT, &f->error);
    assert_null(f->log);
    if (strstr(f->error.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", f->error.text, words);
    }
}

static void frame_key(uint64_t index, uint8_t key[static 8])
{
    tn_put_be64(key, index);
}

static void tile_key(uint64_t end, uint8_t level, uint8_t key[static 9])
{
    tn_put_be64(key, end);
    key[8] = level;
}

static void prepare(struct fixture *f)
{
    fixture_init(f);
    append_until(f, SIZE, 100);
}

static void a_changed_entry_of_the_growing_tile_is_refused(void **state)
{
    (void) state;
    struct fixture f;
    uint8_t key[8];
    struct tn_buffer value;
    prepare(&f);
    frame_key(500, key);
    tn_buffer_init(&value, 1 << 20);
    get(&f, "log", tn_bytes(key, sizeof(key)), &value);
    flip(&f, "log", tn_bytes(key, sizeof(key)), value.size - 1);
    tn_buffer_close(&value);
    reopen_refuses(&f, "root");
    fixture_close(&f);
}

static void a_changed_tile_is_refused(void **state)
{
    (void) state;
    struct fixture f;
    uint8_t key[9];
    prepare(&f);
    tile_key(256, 0, key);
    flip(&f, "tree", tn_bytes(key, sizeof(key)), 17);
    reopen_refuses(&f, "root");
    put(&f, "tree", tn_bytes(key, sizeof(key)), tn_bytes("short", 5));
    assert_status(tn_log_open(f.store, &f.log, &f.error), TN_CORRUPT, &f.error);
    assert_non_null(strstr(f.error.text, "tile 0/0"));
    tn_batch_reset(f.batch);
    tn_batch_delete(f.batch, family(&f, "tree"), tn_bytes(key, sizeof(key)));
    assert_ok(tn_store_write(f.store, f.batch, TN_SYNCED, &f.error), &f.error);
    assert_status(tn_log_open(f.store, &f.log, &f.error), TN_CORRUPT, &f.error);
    fixture_close(&f);
}

static void a_changed_head_is_refused(void **state)
{
    (void) state;
    static const struct {
        size_t offset;
        const char *words;
    } rows[] = {
        {7, "frames end"},
        {8, "not the one"},
        {30, "not the one"},
        {50, "root"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;
        prepare(&f);
        flip(&f, "meta", tn_bytes_from_string("head"), rows[i].offset);
        reopen_refuses(&f, rows[i].words);
        fixture_close(&f);
    }
    struct fixture f;
    prepare(&f);
    put(&f, "meta", tn_bytes_from_string("head"), tn_bytes("x", 1));
    reopen_refuses(&f, "head");
    fixture_close(&f);
}

static void missing_frames_are_refused(void **state)
{
    (void) state;
    static const struct {
        uint64_t index;
        bool opens;
    } rows[] = {{500, false}, {300, true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;
        struct tn_buffer entry;
        uint8_t key[8];
        prepare(&f);
        tn_buffer_init(&entry, 1024);
        frame_key(rows[i].index, key);
        tn_batch_reset(f.batch);
        tn_batch_delete(f.batch, family(&f, "log"), tn_bytes(key, sizeof(key)));
        assert_ok(tn_store_write(f.store, f.batch, TN_SYNCED, &f.error), &f.error);
        if (!rows[i].opens) {
            reopen_refuses(&f, "frames end");
        } else { /* deep history is not read at a start; it is when somebody asks for it */
            fixture_reopen(&f);
            assert_int_equal(tn_log_read(f.log, 350, &entry, &f.error), TN_CORRUPT);
            assert_non_null(strstr(f.error.text, "entry 350"));
            assert_int_equal(tn_log_read(f.log, 299, &entry, &f.error), TN_OK);
        }
        tn_buffer_close(&entry);
        fixture_close(&f);
    }
}

static bool go_on(void *context, uint64_t index, struct tn_bytes entry)
{
    (void) entry;
    *(uint64_t *) context = index;
    return true;
}

static void a_frame_that_is_none_is_named(void **state)
{
    (void) state;
    static const size_t offsets[] = {0, 5, 15, TN_FRAME_HEADER_BYTES};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        struct fixture f;
        struct tn_buffer entry;
        uint64_t last = 0;
        uint8_t key[8];
        prepare(&f);
        tn_buffer_init(&entry, 1024);
        frame_key(200, key);
        flip(&f, "log", tn_bytes(key, sizeof(key)), offsets[i]);
        assert_int_equal(tn_log_read(f.log, 299, &entry, &f.error), TN_CORRUPT);
        assert_non_null(strstr(f.error.text, "entry 2"));
        assert_int_equal(tn_log_scan(f.log, 0, UINT64_MAX, go_on, &last, &f.error), TN_CORRUPT);
        assert_int_equal(last, 199);
        assert_int_equal(tn_log_read(f.log, 199, &entry, &f.error), TN_OK);
        assert_int_equal(tn_log_read(f.log, 300, &entry, &f.error), TN_OK);
        tn_buffer_close(&entry);
        fixture_close(&f);
    }
}

static void tampered_tiles_do_not_go_out_as_proofs(void **state)
{
    (void) state;
    struct fixture f;
    uint8_t key[9];
    uint8_t proof[TN_PROOF_HASHES_MAX * 32];
    size_t count = 0;
    prepare(&f);
    tile_key(512, 0, key);
    flip(&f, "tree", tn_bytes(key, sizeof(key)), 32 * 44);
    assert_int_equal(tn_log_prove_inclusion(f.log, 301, SIZE, proof, &count, &f.error), TN_CORRUPT);
    assert_int_equal(count, 0);
    assert_int_equal(tn_log_prove_consistency(f.log, 320, SIZE, proof, &count, &f.error),
                     TN_CORRUPT);
    assert_ok(tn_log_prove_inclusion(f.log, 20, SIZE, proof, &count, &f.error), &f.error);
    fixture_close(&f);
}

static void a_later_format_is_refused(void **state)
{
    (void) state;
    struct fixture f;
    prepare(&f);
    put(&f, "meta", tn_bytes_from_string("format"), tn_bytes("\0\0\0\2", 4));
    tn_log_close(f.log);
    f.log = NULL;
    assert_status(tn_log_open(f.store, &f.log, &f.error), TN_UNSUPPORTED, &f.error);
    tn_batch_reset(f.batch);
    tn_batch_delete(f.batch, family(&f, "meta"), tn_bytes_from_string("format"));
    assert_ok(tn_store_write(f.store, f.batch, TN_SYNCED, &f.error), &f.error);
    assert_status(tn_log_open(f.store, &f.log, &f.error), TN_CORRUPT, &f.error);
    /* Its head may have another shape. */
    uint8_t head[64] = {0};
    put(&f, "meta", tn_bytes_from_string("format"), tn_bytes("\0\0\0\2", 4));
    put(&f, "meta", tn_bytes_from_string("head"), tn_bytes(head, sizeof(head)));
    assert_status(tn_log_open(f.store, &f.log, &f.error), TN_UNSUPPORTED, &f.error);
    assert_non_null(strstr(f.error.text, "format 2"));
    fixture_close(&f);
}

/* The published record says more than an older copy of the log can show. */
static void an_older_copy_is_refused(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_signer signer;
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {1};
    struct tn_buffer record;
    prepare(&f);
    tn_buffer_init(&record, 4096);
    assert_int_equal(
        tn_signer_init(&signer, tn_bytes_from_string("example.org/log"), TN_KEY_ED25519, seed),
        TN_OK);
    append_until(&f, SIZE + 1, 1);
    assert_ok(tn_log_publish(f.log, &signer, &f.error), &f.error);
    get(&f, "meta", tn_bytes_from_string("published"), &record);
    fixture_close(&f);

    prepare(&f);
    put(&f, "meta", tn_bytes_from_string("published"), tn_buffer_view(&record));
    reopen_refuses(&f, "older copy");
    tn_buffer_close(&record);
    fixture_close(&f);

    prepare(&f);
    assert_ok(tn_log_publish(f.log, &signer, &f.error), &f.error);
    flip(&f, "meta", tn_bytes_from_string("published"), 20);
    reopen_refuses(&f, "published");
    tn_signer_close(&signer);
    fixture_close(&f);
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_entry_of_the_growing_tile_is_refused),
        cmocka_unit_test(a_changed_tile_is_refused),
        cmocka_unit_test(a_changed_head_is_refused),
        cmocka_unit_test(missing_frames_are_refused),
        cmocka_unit_test(a_frame_that_is_none_is_named),
        cmocka_unit_test(tampered_tiles_do_not_go_out_as_proofs),
        cmocka_unit_test(a_later_format_is_refused),
        cmocka_unit_test(an_older_copy_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
