/* The vault over a real store: begin, seal, commit, open, erase; fingerprints; nothing in clear. */
#include "tests/ledger/vault/support.h"

#include "ledger/base/check.h"
#include "ledger/log/store.h"
#include "ledger/vault/photo.h"
#include "ledger/vault/vault.h"

#define SECRET "Zzyzx Examplename 1990-01-02"

struct fixture {
    struct folder folder;
    struct tn_keys *keys;
    struct tn_store *store;
    struct tn_vault vault;
    struct tn_random random;
    struct tn_error error;
    struct tn_buffer plain;
};

static const uint8_t alice[TN_ID_SIZE] = {1};
static const uint8_t bob[TN_ID_SIZE] = {2};
static const uint8_t nobody[TN_ID_SIZE] = {3};

static void open_store(struct fixture *f, bool create)
{
    const struct tn_store_options options = {
        .mode = TN_STORE_WRITER, .create = create, .reserve_bytes = 1};
    if (tn_store_open(f->folder.ledger, &options, &f->store, &f->error) != TN_OK ||
        tn_vault_open(&f->vault, f->store, f->keys, &f->error) != TN_OK) {
        fail_msg("%s", f->error.text);
    }
}

static void prepare(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    folder_make(&f->folder);
    keys_make(&f->folder, 1, &f->keys);
    tn_random_init_seeded(&f->random, 1, "vault_test", 0);
    tn_buffer_init(&f->plain, TN_SEALED_MAX);
    open_store(f, true);
}

static void finish(struct fixture *f)
{
    /* Whatever went wrong, no detail of an error may hold what was sealed (P5). */
    assert_null(strstr(f->error.text, "Zzyzx"));
    tn_buffer_close_secret(&f->plain);
    tn_store_close(f->store);
    tn_keys_close(f->keys);
    folder_remove(&f->folder);
}

static void commit(struct fixture *f, const struct tn_vault_writes *writes)
{
    struct tn_batch *batch = tn_batch_create();
    assert_non_null(batch);
    tn_vault_writes_apply(writes, &f->vault, batch);
    assert_int_equal(tn_batch_count(batch), writes->count);
    assert_int_equal(tn_store_write(f->store, batch, TN_SYNCED, &f->error), TN_OK);
    tn_batch_destroy(batch);
}

static enum tn_status begin(struct fixture *f, struct tn_vault_writes *writes,
                            const uint8_t *subject)
{
    return tn_vault_begin_subject(&f->vault, writes, subject, &f->random, &f->error);
}

static enum tn_status seal(struct fixture *f, struct tn_vault_writes *writes,
                           const uint8_t *subject, enum tn_vault_record record, uint32_t version,
                           const char *text)
{
    return tn_vault_seal(&f->vault, writes, subject, record, version, tn_bytes_from_string(text),
                         &f->random, &f->error);
}

static enum tn_status open_record(struct fixture *f, const uint8_t *subject,
                                  enum tn_vault_record record, uint32_t version)
{
    enum tn_status status =
        tn_vault_open_record(&f->vault, subject, record, &version, &f->plain, &f->error);
    assert_true(status == TN_OK || (version == 0 && f->plain.size == 0));
    return status;
}

static void expect_record(struct fixture *f, const uint8_t *subject, enum tn_vault_record record,
                          uint32_t version, const char *text)
{
    assert_int_equal(open_record(f, subject, record, version), TN_OK);
    assert_true(tn_bytes_equal_string(tn_buffer_view(&f->plain), text));
}

/* One committed subject with a profile. */
static void commit_subject(struct fixture *f, const uint8_t *subject, const char *text)
{
    struct tn_vault_writes writes;
    tn_vault_writes_init(&writes);
    assert_int_equal(begin(f, &writes, subject), TN_OK);
    assert_int_equal(seal(f, &writes, subject, TN_RECORD_PROFILE, 1, text), TN_OK);
    commit(f, &writes);
    tn_vault_writes_close(&writes);
}

static void erase(struct fixture *f, const uint8_t *subject)
{
    struct tn_batch *batch = tn_batch_create();
    assert_int_equal(tn_vault_erase(&f->vault, subject, batch, &f->error), TN_OK);
    assert_int_equal(tn_store_write(f->store, batch, TN_SYNCED, &f->error), TN_OK);
    tn_batch_destroy(batch);
}

static void what_is_sealed_is_opened_after_the_commit(void **state)
{
    struct fixture f;
    struct tn_vault_writes writes;
    enum tn_dek_state key = TN_DEK_ACTIVE;
    (void) state;
    prepare(&f);
    tn_vault_writes_init(&writes);
    assert_int_equal(begin(&f, &writes, alice), TN_OK);
    assert_int_equal(begin(&f, &writes, bob), TN_OK);
    assert_int_equal(begin(&f, &writes, alice), TN_EXISTS);
    assert_int_equal(seal(&f, &writes, alice, TN_RECORD_PROFILE, 1, SECRET), TN_OK);
    assert_int_equal(seal(&f, &writes, bob, TN_RECORD_PROFILE, 1, ""), TN_OK);
    assert_int_equal(seal(&f, &writes, alice, TN_RECORD_CONTACT, 1, "a@example.invalid"), TN_OK);
    assert_int_equal(seal(&f, &writes, nobody, TN_RECORD_PROFILE, 1, SECRET), TN_NOT_FOUND);
    assert_int_equal(writes.count, 5);
    assert_null(memmem(writes.puts.data, writes.puts.size, "Zzyzx", 5));

    /* Nothing is there before the commit. */
    assert_int_equal(open_record(&f, alice, TN_RECORD_PROFILE, 1), TN_NOT_FOUND);
    assert_int_equal(tn_vault_key_state(&f.vault, alice, &key, &f.error), TN_OK);
    assert_int_equal(key, TN_DEK_ABSENT);

    /* The writes travel by assignment. */
    struct tn_vault_writes moved = writes;
    commit(&f, &moved);
    tn_vault_writes_close(&moved);
    expect_record(&f, alice, TN_RECORD_PROFILE, 1, SECRET);
    expect_record(&f, bob, TN_RECORD_PROFILE, 1, "");
    expect_record(&f, alice, TN_RECORD_CONTACT, TN_RECORD_NEWEST, "a@example.invalid");
    assert_int_equal(open_record(&f, bob, TN_RECORD_CONTACT, TN_RECORD_NEWEST), TN_NOT_FOUND);
    assert_int_equal(open_record(&f, alice, TN_RECORD_PROFILE, 2), TN_NOT_FOUND);
    assert_int_equal(open_record(&f, nobody, TN_RECORD_PROFILE, 1), TN_NOT_FOUND);
    assert_int_equal(tn_vault_key_state(&f.vault, alice, &key, &f.error), TN_OK);
    assert_int_equal(key, TN_DEK_ACTIVE);
    finish(&f);
}

static void everything_survives_a_restart(void **state)
{
    struct fixture f;
    (void) state;
    prepare(&f);
    commit_subject(&f, alice, SECRET);
    tn_store_close(f.store);
    tn_keys_close(f.keys);
    const struct tn_keys_options options = {.allow_unlocked = true};
    assert_int_equal(tn_keys_open(f.folder.ledger, &options, &f.keys, &f.error), TN_OK);
    open_store(&f, false);
    expect_record(&f, alice, TN_RECORD_PROFILE, 1, SECRET);
    finish(&f);
}

static void versions_stand_beside_each_other(void **state)
{
    struct fixture f;
    struct tn_vault_writes writes;
    uint32_t version = TN_RECORD_NEWEST;
    (void) state;
    prepare(&f);
    commit_subject(&f, alice, "one");
    commit_subject(&f, bob, "bob");
    tn_vault_writes_init(&writes);
    assert_int_equal(seal(&f, &writes, alice, TN_RECORD_PROFILE, 2, "two"), TN_OK);
    assert_int_equal(seal(&f, &writes, alice, TN_RECORD_PROFILE, 300, "three hundred"), TN_OK);
    assert_int_equal(seal(&f, &writes, alice, TN_RECORD_CONTACT, 400, "contact"), TN_OK);
    assert_int_equal(seal(&f, &writes, alice, TN_RECORD_PROFILE, TN_RECORD_NEWEST, "x"),
                     TN_INVALID);
    commit(&f, &writes);
    tn_vault_writes_close(&writes);
    expect_record(&f, alice, TN_RECORD_PROFILE, 1, "one");
    expect_record(&f, alice, TN_RECORD_PROFILE, 2, "two");
    expect_record(&f, alice, TN_RECORD_PROFILE, TN_RECORD_NEWEST, "three hundred");
    assert_int_equal(
        tn_vault_open_record(&f.vault, alice, TN_RECORD_PROFILE, &version, &f.plain, &f.error),
        TN_OK);
    assert_int_equal(version, 300);
    expect_record(&f, bob, TN_RECORD_PROFILE, TN_RECORD_NEWEST, "bob");
    finish(&f);
}

static void what_is_shown_once_is_found_by_its_command(void **state)
{
    struct fixture f;
    struct tn_vault_writes writes;
    uint8_t command[TN_ID_SIZE];
    (void) state;
    prepare(&f);
    commit_subject(&f, alice, SECRET);
    memset(command, 0xff, sizeof(command));
    uint32_t version = tn_vault_once_version(command);
    assert_int_not_equal(version, TN_RECORD_NEWEST);
    tn_vault_writes_init(&writes);
    assert_int_equal(seal(&f, &writes, alice, TN_RECORD_CONFIRMATION, version, "7K3Q-F9X2-MHDY"),
                     TN_OK);
    commit(&f, &writes);
    tn_vault_writes_close(&writes);
    expect_record(&f, alice, TN_RECORD_CONFIRMATION, tn_vault_once_version(command),
                  "7K3Q-F9X2-MHDY");
    erase(&f, alice);
    assert_int_equal(open_record(&f, alice, TN_RECORD_CONFIRMATION, version), TN_GONE);
    finish(&f);
}

static void erasure_destroys_key_and_records_for_ever(void **state)
{
    struct fixture f;
    struct tn_vault_writes writes;
    enum tn_dek_state key = TN_DEK_ABSENT;
    uint8_t nonce[TN_NONCE_SIZE] = {9};
    uint8_t before[TN_HASH_SIZE];
    uint8_t after[TN_HASH_SIZE];
    (void) state;
    prepare(&f);
    commit_subject(&f, alice, SECRET);
    commit_subject(&f, bob, "bob");
    assert_int_equal(tn_vault_commit_field(&f.vault, NULL, alice, nonce, TN_FIELD_GIVEN_NAMES,
                                           tn_bytes_from_string("ana"), before, &f.error),
                     TN_OK);
    assert_false(tn_is_zero(before, sizeof(before)));
    erase(&f, alice);

    assert_int_equal(open_record(&f, alice, TN_RECORD_PROFILE, 1), TN_GONE);
    assert_int_equal(tn_vault_key_state(&f.vault, alice, &key, &f.error), TN_OK);
    assert_int_equal(key, TN_DEK_ERASED);
    /* The commitment in the log has lost its salt. */
    assert_int_equal(tn_vault_commit_field(&f.vault, NULL, alice, nonce, TN_FIELD_GIVEN_NAMES,
                                           tn_bytes_from_string("ana"), after, &f.error),
                     TN_GONE);
    assert_true(tn_is_zero(after, sizeof(after)));
    /* No row of the subject is left but the tombstone. */
    struct tn_iterator *iterator = tn_iterator_create(f.store, f.vault.family, NULL, false);
    unsigned rows = 0;
    for (tn_iterator_seek_first(iterator); tn_iterator_valid(iterator);
         tn_iterator_next(iterator)) {
        struct tn_bytes at = tn_iterator_key(iterator);
        rows += at.size > TN_ID_SIZE && memcmp(at.data + 1, alice, TN_ID_SIZE) == 0;
    }
    tn_iterator_destroy(iterator);
    assert_int_equal(rows, 1);
    /* It is never made again, nor sealed to; a neighbour is untouched; erasing again is fine. */
    tn_vault_writes_init(&writes);
    assert_int_equal(begin(&f, &writes, alice), TN_GONE);
    assert_int_equal(seal(&f, &writes, alice, TN_RECORD_PROFILE, 1, SECRET), TN_GONE);
    assert_int_equal(begin(&f, &writes, bob), TN_EXISTS);
    assert_int_equal(writes.count, 0);
    tn_vault_writes_close(&writes);
    expect_record(&f, bob, TN_RECORD_PROFILE, 1, "bob");
    erase(&f, alice);
    struct tn_batch *batch = tn_batch_create();
    assert_int_equal(tn_vault_erase(&f.vault, nobody, batch, &f.error), TN_NOT_FOUND);
    assert_int_equal(tn_batch_count(batch), 0);
    tn_batch_destroy(batch);
    finish(&f);
}

static void a_commitment_is_the_same_before_and_after_the_commit(void **state)
{
    struct fixture f;
    struct tn_vault_writes writes;
    uint8_t nonce[TN_NONCE_SIZE] = {9};
    uint8_t pending[TN_HASH_SIZE];
    uint8_t committed[TN_HASH_SIZE];
    uint8_t opened[TN_HASH_SIZE];
    uint8_t salt[32];
    struct tn_bytes value = tn_bytes_from_string("ana maria");
    (void) state;
    prepare(&f);
    tn_vault_writes_init(&writes);
    assert_int_equal(begin(&f, &writes, alice), TN_OK);
    assert_int_equal(tn_vault_commit_field(&f.vault, &writes, alice, nonce, TN_FIELD_GIVEN_NAMES,
                                           value, pending, &f.error),
                     TN_OK);
    commit(&f, &writes);
    tn_vault_writes_close(&writes);
    assert_int_equal(tn_vault_commit_field(&f.vault, NULL, alice, nonce, TN_FIELD_GIVEN_NAMES,
                                           value, committed, &f.error),
                     TN_OK);
    assert_memory_equal(pending, committed, sizeof(pending));
    assert_int_equal(
        tn_vault_field_salt(&f.vault, NULL, alice, nonce, TN_FIELD_GIVEN_NAMES, salt, &f.error),
        TN_OK);
    tn_field_commitment(opened, salt, value);
    assert_memory_equal(opened, committed, sizeof(opened));
    finish(&f);
}

/* Put `value` under the key 'k' or 'r' of alice. */
static void put_raw(struct fixture *f, struct tn_bytes key, struct tn_bytes value)
{
    struct tn_batch *batch = tn_batch_create();
    tn_batch_put(batch, f->vault.family, key, value);
    assert_int_equal(tn_store_write(f->store, batch, TN_SYNCED, &f->error), TN_OK);
    tn_batch_destroy(batch);
}

static void damaged_rows_are_corrupt_and_say_nothing(void **state)
{
    struct fixture f;
    uint8_t key[1 + TN_ID_SIZE] = {'k', 1};
    uint8_t record[1 + TN_ID_SIZE + 6] = {'r', 1};
    struct tn_buffer value;
    bool found = false;
    (void) state;
    prepare(&f);
    commit_subject(&f, alice, SECRET);
    record[18] = TN_RECORD_PROFILE;
    record[22] = 1;
    tn_buffer_init(&value, 4096);
    assert_int_equal(tn_store_get(f.store, f.vault.family, NULL, tn_bytes(record, sizeof(record)),
                                  &value, &found, &f.error),
                     TN_OK);
    assert_true(found);
    assert_null(memmem(value.data, value.size, "Zzyzx", 5));
    value.data[40] ^= 1;
    put_raw(&f, tn_bytes(record, sizeof(record)), tn_buffer_view(&value));
    assert_int_equal(open_record(&f, alice, TN_RECORD_PROFILE, 1), TN_CORRUPT);
    /* The record of another version in its place does not open either. */
    value.data[40] ^= 1;
    record[22] = 2;
    put_raw(&f, tn_bytes(record, sizeof(record)), tn_buffer_view(&value));
    assert_int_equal(open_record(&f, alice, TN_RECORD_PROFILE, 2), TN_CORRUPT);
    assert_int_equal(open_record(&f, alice, TN_RECORD_PROFILE, TN_RECORD_NEWEST), TN_CORRUPT);

    assert_int_equal(tn_store_get(f.store, f.vault.family, NULL, tn_bytes(key, sizeof(key)), &value,
                                  &found, &f.error),
                     TN_OK);
    assert_true(found && value.size == TN_KEY_RECORD_SIZE);
    value.data[70] ^= 1;
    put_raw(&f, tn_bytes(key, sizeof(key)), tn_buffer_view(&value));
    assert_int_equal(open_record(&f, alice, TN_RECORD_PROFILE, 1), TN_CORRUPT);
    value.data[70] ^= 1;
    value.data[2] = 9; /* an epoch that is not in the ring */
    put_raw(&f, tn_bytes(key, sizeof(key)), tn_buffer_view(&value));
    assert_int_equal(open_record(&f, alice, TN_RECORD_PROFILE, 1), TN_CORRUPT);
    put_raw(&f, tn_bytes(key, sizeof(key)), tn_bytes(value.data, 12));
    assert_int_equal(open_record(&f, alice, TN_RECORD_PROFILE, 1), TN_CORRUPT);
    tn_buffer_close(&value);
    finish(&f);
}

static void limits_are_kept_and_spoil_nothing(void **state)
{
    static uint8_t large[TN_SEALED_PLAIN_MAX + 1];
    struct fixture f;
    struct tn_vault_writes writes;
    enum tn_status status = TN_OK;
    (void) state;
    prepare(&f);
    tn_vault_writes_init(&writes);
    for (uint8_t i = 0; i < TN_VAULT_SUBJECTS_MAX; i++) {
        const uint8_t subject[TN_ID_SIZE] = {7, i};
        assert_int_equal(begin(&f, &writes, subject), TN_OK);
    }
    assert_int_equal(begin(&f, &writes, alice), TN_FULL);
    const uint8_t first[TN_ID_SIZE] = {7, 0};
    assert_int_equal(tn_vault_seal(&f.vault, &writes, first, TN_RECORD_NOTE, 1,
                                   tn_bytes(large, sizeof(large)), &f.random, &f.error),
                     TN_INVALID);
    uint32_t sealed = 0;
    while (status == TN_OK) {
        status = tn_vault_seal(&f.vault, &writes, first, TN_RECORD_NOTE, sealed + 1,
                               tn_bytes(large, TN_SEALED_PLAIN_MAX), &f.random, &f.error);
        sealed += status == TN_OK;
    }
    assert_int_equal(status, TN_FULL);
    assert_true(sealed > 60);
    assert_true(writes.puts.size <= TN_VAULT_WRITES_BYTES_MAX);
    /* What was sealed before is whole, and a short one still fits. */
    assert_int_equal(seal(&f, &writes, first, TN_RECORD_PROFILE, 1, SECRET), TN_OK);
    commit(&f, &writes);
    tn_vault_writes_close(&writes);
    expect_record(&f, first, TN_RECORD_PROFILE, 1, SECRET);
    assert_int_equal(open_record(&f, first, TN_RECORD_NOTE, sealed), TN_OK);
    assert_int_equal(f.plain.size, TN_SEALED_PLAIN_MAX);

    struct tn_buffer small;
    uint32_t version = 1;
    tn_buffer_init(&small, 8);
    assert_int_equal(
        tn_vault_open_record(&f.vault, first, TN_RECORD_PROFILE, &version, &small, &f.error),
        TN_FULL);
    tn_buffer_close(&small);
    finish(&f);
}

static void a_photograph_is_a_record_too(void **state)
{
    static uint8_t image[TN_PHOTO_PLAIN_MAX] = {0xff, 0xd8, 0xff, 0xe0};
    struct fixture f;
    struct tn_vault_writes writes;
    struct tn_buffer photo;
    uint32_t version = TN_RECORD_NEWEST;
    (void) state;
    prepare(&f);
    commit_subject(&f, alice, SECRET);
    tn_vault_writes_init(&writes);
    assert_int_equal(seal(&f, &writes, alice, TN_RECORD_PHOTOGRAPH, 1, SECRET), TN_INVALID);
    assert_int_equal(tn_vault_seal(&f.vault, &writes, alice, TN_RECORD_PHOTOGRAPH, 1,
                                   tn_bytes(image, sizeof(image)), &f.random, &f.error),
                     TN_OK);
    assert_int_equal(tn_vault_seal(&f.vault, &writes, alice, TN_RECORD_PHOTOGRAPH, 2,
                                   tn_bytes(image, sizeof(image)), &f.random, &f.error),
                     TN_FULL);
    commit(&f, &writes);
    tn_vault_writes_close(&writes);
    tn_buffer_init(&photo, TN_PHOTO_PLAIN_MAX);
    assert_int_equal(
        tn_vault_open_record(&f.vault, alice, TN_RECORD_PHOTOGRAPH, &version, &photo, &f.error),
        TN_OK);
    assert_int_equal(version, 1);
    assert_true(tn_bytes_equal(tn_buffer_view(&photo), tn_bytes(image, sizeof(image))));
    tn_buffer_close_secret(&photo);
    erase(&f, alice);
    assert_int_equal(open_record(&f, alice, TN_RECORD_PHOTOGRAPH, 1), TN_GONE);
    finish(&f);
}

static void the_same_key_with_another_body_is_noticed(void **state)
{
    struct fixture f;
    struct tn_batch *batch = tn_batch_create();
    const uint8_t command[TN_ID_SIZE] = {5};
    const uint8_t other[TN_ID_SIZE] = {6};
    uint8_t made[TN_FINGERPRINT_SIZE];
    uint8_t again[TN_FINGERPRINT_SIZE];
    bool found = true;
    (void) state;
    prepare(&f);
    tn_vault_fingerprint(f.keys, command, tn_bytes_from_string("{\"a\":1}"), made);
    tn_vault_fingerprint(f.keys, command, tn_bytes_from_string("{\"a\":1}"), again);
    assert_memory_equal(made, again, sizeof(made));
    tn_vault_fingerprint(f.keys, command, tn_bytes_from_string("{\"a\":2}"), again);
    assert_memory_not_equal(made, again, sizeof(made));
    /* Equal bodies of two commands cannot be told to be equal. */
    tn_vault_fingerprint(f.keys, other, tn_bytes_from_string("{\"a\":1}"), again);
    assert_memory_not_equal(made, again, sizeof(made));

    assert_int_equal(tn_vault_get_fingerprint(&f.vault, command, again, &found, &f.error), TN_OK);
    assert_false(found);
    tn_vault_put_fingerprint(&f.vault, batch, command, made);
    assert_int_equal(tn_store_write(f.store, batch, TN_SYNCED, &f.error), TN_OK);
    tn_batch_destroy(batch);
    assert_int_equal(tn_vault_get_fingerprint(&f.vault, command, again, &found, &f.error), TN_OK);
    assert_true(found);
    assert_memory_equal(made, again, sizeof(made));
    assert_int_equal(tn_vault_get_fingerprint(&f.vault, other, again, &found, &f.error), TN_OK);
    assert_false(found);
    assert_true(tn_is_zero(again, sizeof(again)));
    finish(&f);
}

static int look_for_plaintext(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void) walk;
    if (type == FTW_F && info->st_size > 0) {
        FILE *file = fopen(path, "rb");
        size_t matched = 0;
        assert_non_null(file);
        for (int character; (character = fgetc(file)) != EOF;) {
            matched = character == "Zzyzx"[matched] ? matched + 1 : character == 'Z';
            if (matched == 5) {
                fail_msg("%s holds plaintext", path);
            }
        }
        (void) fclose(file);
    }
    return 0;
}

static void no_file_of_the_ledger_holds_plaintext(void **state)
{
    struct fixture f;
    (void) state;
    prepare(&f);
    commit_subject(&f, alice, SECRET);
    assert_int_equal(tn_store_flush(f.store, &f.error), TN_OK);
    commit_subject(&f, bob, SECRET);
    assert_int_equal(nftw(f.folder.root, look_for_plaintext, 16, FTW_PHYS), 0);
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_is_opened_after_the_commit),
        cmocka_unit_test(everything_survives_a_restart),
        cmocka_unit_test(versions_stand_beside_each_other),
        cmocka_unit_test(what_is_shown_once_is_found_by_its_command),
        cmocka_unit_test(erasure_destroys_key_and_records_for_ever),
        cmocka_unit_test(a_commitment_is_the_same_before_and_after_the_commit),
        cmocka_unit_test(damaged_rows_are_corrupt_and_say_nothing),
        cmocka_unit_test(limits_are_kept_and_spoil_nothing),
        cmocka_unit_test(a_photograph_is_a_record_too),
        cmocka_unit_test(the_same_key_with_another_body_is_noticed),
        cmocka_unit_test(no_file_of_the_ledger_holds_plaintext),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
