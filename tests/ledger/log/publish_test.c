/* Publishing: what was once said in public is never taken back, whatever happens in between. */
#include "ledger/log/note.h"
#include "tests/ledger/log/log_fixture.h"

static const char origin[] = "example.org/log";

static void make_signer(struct tn_signer *signer, const char *name, enum tn_key_type type)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {7};
    assert_int_equal(tn_signer_init(signer, tn_bytes_from_string(name), type, seed), TN_OK);
}

/* The note of `size` and `root` by `signer`. */
static void make_note(struct tn_buffer *note, const char *name, uint64_t size,
                      const uint8_t root[static 32], const struct tn_signer *signer)
{
    struct tn_buffer text;
    tn_buffer_init(&text, 4096);
    tn_buffer_reset(note);
    tn_checkpoint_format(&text, tn_bytes_from_string(name), size, root);
    tn_note_begin(note, tn_buffer_view(&text));
    tn_note_sign(note, tn_buffer_view(&text), signer);
    tn_buffer_close(&text);
}

static void check_published(struct fixture *f, const struct tn_signer *signer, uint64_t wanted)
{
    struct tn_buffer bytes;
    struct tn_note note;
    struct tn_checkpoint checkpoint;
    uint8_t root[TN_HASH_SIZE];
    uint64_t size = 0;
    tn_buffer_init(&bytes, TN_NOTE_BYTES_MAX);
    assert_ok(tn_log_published(f->log, &bytes, &size, &f->error), &f->error);
    assert_int_equal(size, wanted);
    assert_ok(tn_note_verify(tn_buffer_view(&bytes), &signer->verifier, 1, &note, &f->error),
              &f->error);
    assert_ok(tn_checkpoint_parse(note.text, &checkpoint, &f->error), &f->error);
    assert_int_equal(checkpoint.size, wanted);
    assert_ok(tn_log_root(f->log, wanted, root, &f->error), &f->error);
    assert_memory_equal(checkpoint.root, root, sizeof(root));
    assert_true(tn_bytes_equal_string(checkpoint.origin, origin));
    tn_buffer_close(&bytes);
}

static void a_checkpoint_is_signed_kept_and_shown(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_signer signer;
    struct tn_buffer note;
    uint64_t size = 1;
    fixture_init(&f);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    make_signer(&signer, origin, TN_KEY_ED25519);
    assert_ok(tn_log_published(f.log, &note, &size, &f.error), &f.error);
    assert_int_equal(size, 0);
    assert_int_equal(note.size, 0);
    assert_ok(tn_log_publish(f.log, &signer, &f.error), &f.error);
    check_published(&f, &signer, 0);
    append_until(&f, 300, 100);
    check_published(&f, &signer, 0);
    assert_ok(tn_log_publish(f.log, &signer, &f.error), &f.error);
    check_published(&f, &signer, 300);
    append_until(&f, 310, 10);
    fixture_reopen(&f);
    check_published(&f, &signer, 300);
    assert_ok(tn_log_publish(f.log, &signer, &f.error), &f.error);
    check_published(&f, &signer, 310);
    tn_signer_close(&signer);
    tn_buffer_close(&note);
    fixture_close(&f);
}

static void nothing_published_is_ever_contradicted(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_signer signer;
    struct tn_buffer note;
    uint8_t root[TN_HASH_SIZE];
    fixture_init(&f);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    make_signer(&signer, origin, TN_KEY_ED25519);
    append_until(&f, 300, 100);
    assert_ok(tn_log_publish(f.log, &signer, &f.error), &f.error);

    assert_ok(tn_log_root(f.log, 200, root, &f.error), &f.error);
    make_note(&note, origin, 200, root, &signer);
    assert_status(tn_log_publish_note(f.log, tn_buffer_view(&note), &f.error), TN_CONFLICT,
                  &f.error); /* smaller */
    make_note(&note, origin, 300, root, &signer);
    assert_status(tn_log_publish_note(f.log, tn_buffer_view(&note), &f.error), TN_CONFLICT,
                  &f.error); /* another root */
    append_until(&f, 320, 20);
    make_note(&note, origin, 320, root, &signer);
    assert_status(tn_log_publish_note(f.log, tn_buffer_view(&note), &f.error), TN_INVALID,
                  &f.error); /* not our tree */
    make_note(&note, origin, 321, root, &signer);
    assert_status(tn_log_publish_note(f.log, tn_buffer_view(&note), &f.error), TN_INVALID,
                  &f.error); /* more than there is */
    assert_ok(tn_log_root(f.log, 320, root, &f.error), &f.error);
    make_note(&note, "example.org/other", 320, root, &signer);
    assert_status(tn_log_publish_note(f.log, tn_buffer_view(&note), &f.error), TN_INVALID,
                  &f.error); /* the origin never changes */
    assert_status(tn_log_publish_note(f.log, tn_bytes("no note", 7), &f.error), TN_INVALID,
                  &f.error);
    check_published(&f, &signer, 300);
    fixture_reopen(&f);
    check_published(&f, &signer, 300);
    make_note(&note, origin, 320, root, &signer);
    assert_ok(tn_log_publish_note(f.log, tn_buffer_view(&note), &f.error), &f.error);
    check_published(&f, &signer, 320);
    tn_signer_close(&signer);
    tn_buffer_close(&note);
    fixture_close(&f);
}

/* The guard asks the disk: a record that another program wrote counts. */
static void the_guard_reads_the_durable_record(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_signer signer;
    struct tn_buffer note;
    struct tn_buffer record;
    struct tn_family *meta = NULL;
    uint8_t root[TN_HASH_SIZE] = {9};
    fixture_init(&f);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&record, TN_NOTE_BYTES_MAX);
    make_signer(&signer, origin, TN_KEY_ED25519);
    append_until(&f, 300, 100);
    make_note(&note, origin, 900, root, &signer);
    tn_buffer_append_be64(&record, 900);
    tn_buffer_append(&record, root, sizeof(root));
    tn_buffer_append_bytes(&record, tn_buffer_view(&note));
    assert_ok(tn_store_family(f.store, "meta", false, &meta, &f.error), &f.error);
    tn_batch_reset(f.batch);
    tn_batch_put(f.batch, meta, tn_bytes_from_string("published"), tn_buffer_view(&record));
    assert_ok(tn_store_write(f.store, f.batch, TN_SYNCED, &f.error), &f.error);
    assert_status(tn_log_publish(f.log, &signer, &f.error), TN_CONFLICT, &f.error);
    tn_signer_close(&signer);
    tn_buffer_close(&note);
    tn_buffer_close(&record);
    fixture_close(&f);
}

static void cosignatures_join_a_published_note(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_signer signer;
    struct tn_signer witness;
    struct tn_buffer note;
    struct tn_note parsed;
    uint64_t size = 0;
    fixture_init(&f);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    make_signer(&signer, origin, TN_KEY_ED25519);
    make_signer(&witness, "witness.example", TN_KEY_COSIGNATURE);
    append_until(&f, 300, 100);
    assert_ok(tn_log_publish(f.log, &signer, &f.error), &f.error);
    assert_ok(tn_log_published(f.log, &note, &size, &f.error), &f.error);
    assert_ok(tn_note_parse(tn_buffer_view(&note), &parsed, &f.error), &f.error);
    struct tn_buffer text;
    tn_buffer_init(&text, 4096);
    tn_buffer_append_bytes(&text, parsed.text);
    tn_note_cosign(&note, tn_buffer_view(&text), &witness, 1700000000);
    assert_ok(tn_log_publish_note(f.log, tn_buffer_view(&note), &f.error), &f.error);
    /* Publishing the same head again does not lose them. */
    assert_ok(tn_log_publish(f.log, &signer, &f.error), &f.error);
    fixture_reopen(&f);
    check_published(&f, &signer, 300);
    check_published(&f, &signer, 300);
    assert_ok(tn_log_published(f.log, &note, &size, &f.error), &f.error);
    assert_ok(tn_note_verify(tn_buffer_view(&note), &witness.verifier, 1, &parsed, &f.error),
              &f.error);
    assert_int_equal(parsed.line_count, 2);
    tn_signer_close(&signer);
    tn_signer_close(&witness);
    tn_buffer_close(&text);
    tn_buffer_close(&note);
    fixture_close(&f);
}

/* The log's own line is renewed and those of witnesses stay; a note that is not published any more
 * is not touched. */
static void fresh_signatures_take_their_place_and_the_others_stay(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_signer signer;
    struct tn_signer cosigner;
    struct tn_signer witness;
    struct tn_buffer note;
    struct tn_buffer lines;
    struct tn_note read;
    uint64_t size;
    fixture_init(&f);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&lines, 4096);
    make_signer(&signer, origin, TN_KEY_ED25519);
    make_signer(&cosigner, origin, TN_KEY_COSIGNATURE);
    make_signer(&witness, "w.example", TN_KEY_COSIGNATURE);
    struct tn_verifier verifiers[] = {signer.verifier, cosigner.verifier, witness.verifier};
    append_until(&f, 300, 100);
    assert_ok(tn_log_publish_timed(f.log, &signer, &cosigner, 1000, &f.error), &f.error);
    for (uint64_t time_s = 1060; time_s <= 1120; time_s += 60) {
        assert_ok(tn_log_published(f.log, &note, &size, &f.error), &f.error);
        assert_ok(tn_note_parse(tn_buffer_view(&note), &read, &f.error), &f.error);
        tn_buffer_reset(&lines);
        tn_note_cosign(&lines, read.text, &witness, time_s + 1);
        assert_ok(tn_log_add_signatures(f.log, 300, tn_buffer_view(&lines), &f.error), &f.error);
        tn_buffer_reset(&lines);
        tn_note_cosign(&lines, read.text, &cosigner, time_s);
        assert_ok(tn_log_add_signatures(f.log, 300, tn_buffer_view(&lines), &f.error), &f.error);
        fixture_reopen(&f);
        assert_ok(tn_log_published(f.log, &note, &size, &f.error), &f.error);
        assert_ok(tn_note_verify(tn_buffer_view(&note), verifiers, 3, &read, &f.error), &f.error);
        assert_int_equal(read.line_count, 3);
        assert_int_equal(read.verified, 7);
        assert_int_equal(read.time_s[1], time_s);
        assert_int_equal(read.time_s[2], time_s + 1);
    }
    append_until(&f, 310, 10);
    assert_ok(tn_log_publish_timed(f.log, &signer, &cosigner, 1130, &f.error), &f.error);
    assert_status(tn_log_add_signatures(f.log, 300, tn_buffer_view(&lines), &f.error), TN_NOT_FOUND,
                  &f.error);
    assert_status(tn_log_add_signatures(f.log, 310, tn_bytes_from_string("x\n"), &f.error),
                  TN_INVALID, &f.error);
    check_published(&f, &signer, 310);
    tn_signer_close(&signer);
    tn_signer_close(&cosigner);
    tn_signer_close(&witness);
    tn_buffer_close(&lines);
    tn_buffer_close(&note);
    fixture_close(&f);
}

static void the_newest_cosigned_checkpoint_is_kept_beside(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_signer signer;
    struct tn_buffer note;
    struct tn_buffer kept;
    uint8_t root[TN_HASH_SIZE];
    uint64_t size = 1;
    fixture_init(&f);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&kept, TN_NOTE_BYTES_MAX);
    make_signer(&signer, origin, TN_KEY_ED25519);
    append_until(&f, 300, 100);
    assert_ok(tn_log_cosigned(f.log, &kept, &size, &f.error), &f.error);
    assert_int_equal(size, 0);
    assert_int_equal(kept.size, 0);
    assert_ok(tn_log_root(f.log, 200, root, &f.error), &f.error);
    make_note(&note, origin, 200, root, &signer);
    assert_ok(tn_log_keep_cosigned(f.log, tn_buffer_view(&note), &f.error), &f.error);
    fixture_reopen(&f);
    assert_ok(tn_log_cosigned(f.log, &kept, &size, &f.error), &f.error);
    assert_int_equal(size, 200);
    assert_true(tn_bytes_equal(tn_buffer_view(&kept), tn_buffer_view(&note)));
    make_note(&note, origin, 210, root, &signer); /* not our tree */
    assert_status(tn_log_keep_cosigned(f.log, tn_buffer_view(&note), &f.error), TN_INVALID,
                  &f.error);
    assert_ok(tn_log_root(f.log, 100, root, &f.error), &f.error);
    make_note(&note, origin, 100, root, &signer); /* older */
    assert_status(tn_log_keep_cosigned(f.log, tn_buffer_view(&note), &f.error), TN_CONFLICT,
                  &f.error);
    assert_ok(tn_log_cosigned(f.log, &kept, &size, &f.error), &f.error);
    assert_int_equal(size, 200);
    tn_signer_close(&signer);
    tn_buffer_close(&kept);
    tn_buffer_close(&note);
    fixture_close(&f);
}

/* Whoever was answered was told by when: that must not wait for somebody who makes space. */
static void a_nearly_full_disk_keeps_no_checkpoint_back(void **state)
{
    (void) state;
    struct fixture f;
    struct tn_signer signer;
    fixture_init(&f);
    make_signer(&signer, origin, TN_KEY_ED25519);
    append_until(&f, 300, 100);
    fixture_shut(&f);
    fixture_open(&f, &(struct tn_store_options){.reserve_bytes = UINT64_MAX / 2});
    assert_int_equal(append_frame(&f, 1), TN_NO_SPACE);
    assert_ok(tn_log_publish(f.log, &signer, &f.error), &f.error);
    check_published(&f, &signer, 300);
    tn_signer_close(&signer);
    fixture_close(&f);
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_is_signed_kept_and_shown),
        cmocka_unit_test(nothing_published_is_ever_contradicted),
        cmocka_unit_test(the_guard_reads_the_durable_record),
        cmocka_unit_test(cosignatures_join_a_published_note),
        cmocka_unit_test(fresh_signatures_take_their_place_and_the_others_stay),
        cmocka_unit_test(a_nearly_full_disk_keeps_no_checkpoint_back),
        cmocka_unit_test(the_newest_cosigned_checkpoint_is_kept_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
