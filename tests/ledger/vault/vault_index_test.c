/* From keyed tags to ids: what makes one person, what the overlay knows before the store does. */
#include "tests/ledger/vault/support.h"

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "ledger/log/store.h"
#include "ledger/vault/index.h"

struct fixture {
    struct folder folder;
    struct tn_keys *keys;
    struct tn_store *store;
    struct tn_vault vault;
    struct tn_vault_overlay overlay;
    struct tn_error error;
};

static void prepare(struct fixture *f)
{
    const struct tn_store_options options = {
        .mode = TN_STORE_WRITER, .create = true, .reserve_bytes = 1};
    memset(f, 0, sizeof(*f));
    folder_make(&f->folder);
    keys_make(&f->folder, 1, &f->keys);
    if (tn_store_open(f->folder.ledger, &options, &f->store, &f->error) != TN_OK ||
        tn_vault_open(&f->vault, f->store, f->keys, &f->error) != TN_OK) {
        fail_msg("%s", f->error.text);
    }
    tn_vault_overlay_init(&f->overlay, 0);
}

static void finish(struct fixture *f)
{
    tn_vault_overlay_close(&f->overlay);
    tn_store_close(f->store);
    tn_keys_close(f->keys);
    folder_remove(&f->folder);
}

/* Resolve the tag of `number`, offering the candidate `candidate`; the first byte of what came. */
static uint8_t resolve(struct fixture *f, enum tn_index_kind kind, uint32_t number,
                       uint8_t candidate, bool *created)
{
    uint8_t tag[TN_TAG_SIZE];
    uint8_t id[TN_ID_SIZE];
    const uint8_t offered[TN_ID_SIZE] = {candidate, (uint8_t) number, (uint8_t) (number >> 8)};
    tn_sha256(tag, tn_bytes(&number, sizeof(number)));
    assert_int_equal(
        tn_vault_index_resolve(&f->vault, &f->overlay, kind, tag, offered, id, created, &f->error),
        TN_OK);
    return id[0];
}

static void write_batch(struct fixture *f, struct tn_batch *batch)
{
    assert_int_equal(tn_store_write(f->store, batch, TN_SYNCED, &f->error), TN_OK);
    tn_batch_destroy(batch);
}

static void identity_tag(struct fixture *f, const char *family, const char *given, uint32_t birth,
                         const char *nationality, uint8_t *tag)
{
    const struct tn_identity identity = {tn_bytes_from_string(family), tn_bytes_from_string(given),
                                         birth, tn_bytes_from_string(nationality)};
    assert_int_equal(tn_vault_person_tag(f->keys, &identity, tag), TN_OK);
}

static void one_person_has_one_tag(void **state)
{
    struct fixture f;
    uint8_t tag[TN_TAG_SIZE];
    uint8_t other[TN_TAG_SIZE];
    uint8_t expected[TN_TAG_SIZE];
    (void) state;
    prepare(&f);
    identity_tag(&f, "Example P\xc3\xa9rez", "Ana Maria", 19900102, "XXA", tag);
    tn_hash_one(expected, sizeof(expected), "turno1.person", tn_keys_view(f.keys, TN_KEY_IDENTITY),
                tn_bytes_from_string("example p\xc3\xa9rez\x1f"
                                     "ana maria\x1f"
                                     "19900102\x1f"
                                     "XXA"));
    assert_memory_equal(tag, expected, sizeof(tag));
    identity_tag(&f, "  EXAMPLE  PE\xcc\x81REZ", "ana\tMARIA ", 19900102, "xxa", other);
    assert_memory_equal(tag, other, sizeof(tag));

    static const struct {
        const char *family;
        const char *given;
        uint32_t birth;
        const char *nationality;
    } others[] = {
        {"Example", "P\xc3\xa9rez Ana Maria", 19900102, "XXA"},
        {"Example P\xc3\xa9rez Ana", "Maria", 19900102, "XXA"},
        {"Example Perez", "Ana Maria", 19900102, "XXA"},
        {"Example P\xc3\xa9rez", "Ana Maria", 19900201, "XXA"},
        {"Example P\xc3\xa9rez", "Ana Maria", 19900102, "XXB"},
        {"", "Ana Maria", 19900102, "XXA"},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(others); i++) {
        identity_tag(&f, others[i].family, others[i].given, others[i].birth, others[i].nationality,
                     other);
        assert_memory_not_equal(tag, other, sizeof(tag));
    }
    const struct tn_identity bad[] = {
        {tn_bytes_from_string(" "), tn_bytes_from_string(""), 1, tn_bytes_from_string("XXA")},
        {tn_bytes_from_string("a\x1f"), tn_bytes_from_string("b"), 1, tn_bytes_from_string("XXA")},
        {tn_bytes_from_string("a"), tn_bytes_from_string("\xff"), 1, tn_bytes_from_string("XXA")},
        {tn_bytes_from_string("a"), tn_bytes_from_string("b"), 1, tn_bytes_from_string("")},
        {tn_bytes_from_string("a"), tn_bytes_from_string("b"), 199001020,
         tn_bytes_from_string("XXA")},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(bad); i++) {
        assert_int_equal(tn_vault_person_tag(f.keys, &bad[i], other), TN_INVALID);
        assert_true(tn_is_zero(other, sizeof(other)));
    }
    finish(&f);
}

static void places_and_officers_have_tags_of_their_own(void **state)
{
    struct fixture f;
    uint8_t tag[TN_TAG_SIZE];
    uint8_t other[TN_TAG_SIZE];
    struct tn_bytes none = tn_bytes(NULL, 0);
    (void) state;
    prepare(&f);
    assert_int_equal(tn_vault_place_tag(f.keys, tn_bytes_from_string("12 Example  St"), tag),
                     TN_OK);
    assert_int_equal(tn_vault_place_tag(f.keys, tn_bytes_from_string("12 example st "), other),
                     TN_OK);
    assert_memory_equal(tag, other, sizeof(tag));
    assert_int_equal(tn_vault_place_tag(f.keys, tn_bytes_from_string("  "), other), TN_INVALID);

    struct tn_bytes issuer = tn_bytes_from_string("https://id.example");
    struct tn_bytes subject = tn_bytes_from_string("a1");
    assert_int_equal(tn_vault_officer_tag(f.keys, issuer, subject, tag), TN_OK);
    assert_int_equal(tn_vault_officer_tag(f.keys, issuer, tn_bytes_from_string("A1"), other),
                     TN_OK);
    assert_memory_not_equal(tag, other, sizeof(tag));
    assert_int_equal(tn_vault_officer_tag(f.keys, tn_bytes_from_string("https://id.examplea"),
                                          tn_bytes_from_string("1"), other),
                     TN_OK);
    assert_memory_not_equal(tag, other, sizeof(tag));
    assert_int_equal(tn_vault_officer_tag(f.keys, none, subject, other), TN_OK);
    assert_int_equal(tn_vault_officer_tag(f.keys, issuer, none, other), TN_INVALID);
    assert_int_equal(tn_vault_officer_tag(f.keys, issuer,
                                          tn_bytes_from_string("a\x1f"
                                                               "b"),
                                          other),
                     TN_INVALID);
    finish(&f);
}

static void a_tag_has_one_id_gathering_in_flight_and_committed(void **state)
{
    struct fixture f;
    bool created = false;
    (void) state;
    prepare(&f);
    /* Made by the first, found by the second, while it gathers. */
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 1, 10, &created), 10);
    assert_true(created);
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 1, 11, &created), 10);
    assert_false(created);
    /* Kinds are apart. */
    assert_int_equal(resolve(&f, TN_INDEX_PLACE, 1, 12, &created), 12);
    assert_true(created);

    struct tn_batch *flying = tn_batch_create();
    uint64_t generation = tn_vault_overlay_seal(&f.overlay, &f.vault, flying);
    assert_int_equal(tn_batch_count(flying), 4);
    /* In flight: found, and not written a second time with what gathers now. */
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 1, 13, &created), 10);
    assert_false(created);
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 2, 14, &created), 14);
    struct tn_batch *next = tn_batch_create();
    uint64_t later = tn_vault_overlay_seal(&f.overlay, &f.vault, next);
    assert_int_equal(tn_batch_count(next), 2);
    assert_true(later > generation);

    write_batch(&f, flying);
    tn_vault_overlay_drop(&f.overlay, generation);
    assert_int_equal(f.overlay.count, 1);
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 1, 15, &created), 10);
    assert_false(created);
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 2, 16, &created), 14);
    write_batch(&f, next);
    tn_vault_overlay_drop(&f.overlay, later);
    assert_int_equal(f.overlay.count, 0);
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 2, 17, &created), 14);
    assert_int_equal(resolve(&f, TN_INDEX_PLACE, 1, 17, &created), 12);
    finish(&f);
}

static void a_refused_command_leaves_no_id(void **state)
{
    struct fixture f;
    bool created = false;
    (void) state;
    prepare(&f);
    (void) resolve(&f, TN_INDEX_PERSON, 1, 10, &created);
    size_t mark = tn_vault_overlay_mark(&f.overlay);
    for (uint32_t i = 2; i < 3000; i++) { /* enough to grow in between */
        (void) resolve(&f, TN_INDEX_PERSON, i, 20, &created);
        assert_true(created);
    }
    tn_vault_overlay_rollback(&f.overlay, mark);
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 1, 30, &created), 10);
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 2, 31, &created), 31);
    assert_true(created);
    struct tn_batch *batch = tn_batch_create();
    (void) tn_vault_overlay_seal(&f.overlay, &f.vault, batch);
    assert_int_equal(tn_batch_count(batch), 4);
    tn_batch_destroy(batch);
    finish(&f);
}

static void a_failed_sync_forgets_both_batches(void **state)
{
    struct fixture f;
    bool created = false;
    (void) state;
    prepare(&f);
    (void) resolve(&f, TN_INDEX_PERSON, 1, 10, &created);
    struct tn_batch *lost = tn_batch_create();
    (void) tn_vault_overlay_seal(&f.overlay, &f.vault, lost);
    (void) resolve(&f, TN_INDEX_PERSON, 2, 11, &created);
    tn_batch_destroy(lost);
    tn_vault_overlay_reset(&f.overlay);
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 1, 20, &created), 20);
    assert_true(created);
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 2, 21, &created), 21);
    assert_true(created);
    finish(&f);
}

static void many_generations_behave_like_a_simple_model(void **state)
{
    enum { TAGS = 500, STEPS = 20000 };
    static uint8_t owner[TAGS]; /* 0: none; else the candidate that won */
    static bool stored[TAGS];
    struct fixture f;
    struct tn_random random;
    (void) state;
    prepare(&f);
    memset(owner, 0, sizeof(owner));
    memset(stored, 0, sizeof(stored));
    tn_random_init_seeded(&random, 9, "overlay", 0);
    for (unsigned step = 0; step < STEPS; step++) {
        uint32_t number = (uint32_t) tn_random_below(&random, TAGS);
        uint8_t candidate = (uint8_t) (1 + tn_random_below(&random, 255));
        bool created = false;
        size_t mark = tn_vault_overlay_mark(&f.overlay);
        uint8_t got = resolve(&f, TN_INDEX_PERSON, number, candidate, &created);
        assert_int_equal(created, owner[number] == 0);
        assert_int_equal(got, owner[number] == 0 ? candidate : owner[number]);
        if (created && candidate % 4 == 0) {
            tn_vault_overlay_rollback(&f.overlay, mark);
        } else {
            owner[number] = got;
        }
        if (step % 100 == 99) {
            struct tn_batch *batch = tn_batch_create();
            uint64_t generation = tn_vault_overlay_seal(&f.overlay, &f.vault, batch);
            assert_int_equal(tn_store_write(f.store, batch, TN_UNSYNCED, &f.error), TN_OK);
            tn_batch_destroy(batch);
            if (step % 200 == 199) {
                tn_vault_overlay_drop(&f.overlay, generation - 1);
            }
        }
    }
    finish(&f);
}

static void too_many_waiting_ids_are_refused(void **state)
{
    struct fixture f;
    uint8_t tag[TN_TAG_SIZE] = {1};
    uint8_t id[TN_ID_SIZE] = {1};
    bool created = false;
    (void) state;
    prepare(&f);
    tn_vault_overlay_close(&f.overlay);
    tn_vault_overlay_init(&f.overlay, 2);
    (void) resolve(&f, TN_INDEX_PERSON, 1, 10, &created);
    (void) resolve(&f, TN_INDEX_PERSON, 2, 10, &created);
    assert_int_equal(tn_vault_index_resolve(&f.vault, &f.overlay, TN_INDEX_PERSON, tag, id, id,
                                            &created, &f.error),
                     TN_FULL);
    assert_false(created);
    assert_int_equal(resolve(&f, TN_INDEX_PERSON, 2, 11, &created), 10);
    finish(&f);
}

static void erasure_finds_the_tag_by_the_id(void **state)
{
    struct fixture f;
    uint8_t tag[TN_TAG_SIZE] = {1};
    uint8_t id[TN_ID_SIZE];
    const uint8_t offered[TN_ID_SIZE] = {42};
    bool created = false;
    bool found = false;
    (void) state;
    prepare(&f);
    assert_int_equal(tn_vault_index_resolve(&f.vault, &f.overlay, TN_INDEX_PERSON, tag, offered, id,
                                            &created, &f.error),
                     TN_OK);
    struct tn_batch *batch = tn_batch_create();
    uint64_t generation = tn_vault_overlay_seal(&f.overlay, &f.vault, batch);
    write_batch(&f, batch);
    tn_vault_overlay_drop(&f.overlay, generation);
    assert_int_equal(tn_vault_index_find(&f.vault, TN_INDEX_PERSON, tag, id, &found, &f.error),
                     TN_OK);
    assert_true(found);
    assert_memory_equal(id, offered, sizeof(id));

    batch = tn_batch_create();
    assert_int_equal(tn_vault_index_erase(&f.vault, TN_INDEX_PLACE, id, batch, &found, &f.error),
                     TN_OK);
    assert_false(found);
    assert_int_equal(tn_vault_index_erase(&f.vault, TN_INDEX_PERSON, id, batch, &found, &f.error),
                     TN_OK);
    assert_true(found);
    write_batch(&f, batch);
    assert_int_equal(tn_vault_index_find(&f.vault, TN_INDEX_PERSON, tag, id, &found, &f.error),
                     TN_OK);
    assert_false(found);
    assert_true(tn_is_zero(id, sizeof(id)));
    struct tn_iterator *iterator = tn_iterator_create(f.store, f.vault.family, NULL, false);
    tn_iterator_seek_first(iterator);
    assert_false(tn_iterator_valid(iterator));
    tn_iterator_destroy(iterator);
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_person_has_one_tag),
        cmocka_unit_test(places_and_officers_have_tags_of_their_own),
        cmocka_unit_test(a_tag_has_one_id_gathering_in_flight_and_committed),
        cmocka_unit_test(a_refused_command_leaves_no_id),
        cmocka_unit_test(a_failed_sync_forgets_both_batches),
        cmocka_unit_test(many_generations_behave_like_a_simple_model),
        cmocka_unit_test(too_many_waiting_ids_are_refused),
        cmocka_unit_test(erasure_finds_the_tag_by_the_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
