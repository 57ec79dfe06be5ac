/* Openings: a committed field opens to its value and to nothing else; what files carry of them. */
#include "tests/ledger/vault/support.h"

#include <sodium.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "ledger/vault/opening.h"

static const uint8_t registration[TN_ID_SIZE] = {0xaa};
static const uint8_t member[TN_ID_SIZE] = {0xbb};
static const uint8_t salts[3][32] = {{1}, {2}, {3}};
static const char *const values[3] = {"ana", "19900203", "1 calle inventada"};
static const uint64_t fields[3] = {TN_FIELD_GIVEN_NAMES, TN_FIELD_DATE_OF_BIRTH,
                                   TN_FIELD_DESTINATION};

static struct tn_commitment commitments[2];
static struct tn_new_member people[1];
static struct tn_event event;
static struct tn_opening openings[3];
static struct tn_buffer entry;
static struct tn_buffer extra_bytes;
static struct tn_proof_extra extra;

static int setup(void **state)
{
    struct tn_facts_register *facts = &event.body.registration_created.facts;

    (void) state;
    assert_true(sodium_init() >= 0);
    for (size_t i = 0; i < 3; i++) {
        memcpy(openings[i].subject, i < 2 ? member : registration, TN_ID_SIZE);
        openings[i].field = fields[i];
        memcpy(openings[i].salt, salts[i], 32);
        openings[i].value = tn_bytes_from_string(values[i]);
        tn_field_commitment(i < 2 ? commitments[i].commitment : facts->destination, salts[i],
                            openings[i].value);
    }
    commitments[0].field = fields[0];
    commitments[1].field = fields[1];
    memcpy(people[0].member, member, TN_ID_SIZE);
    people[0].commitments = (struct tn_commitment_list){commitments, 2};
    memcpy(facts->registration, registration, TN_ID_SIZE);
    facts->members = (struct tn_new_member_list){people, 1};
    event.version = 1;
    event.kind = TN_KIND_registration_created;
    event.time_us = 1700000000000000;
    event.actor.role = TN_ROLE_APPLICANT;
    tn_buffer_init(&entry, TN_EVENT_BYTES_MAX);
    tn_event_encode(&event, &entry);
    tn_buffer_init(&extra_bytes, (size_t) 128 << 10);
    extra.entry = tn_buffer_view(&entry);
    extra.openings = (struct tn_opening_list){openings, 3};
    tn_proof_extra_write(&extra, &extra_bytes);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    tn_buffer_close(&entry);
    tn_buffer_close(&extra_bytes);
    return 0;
}

/* As check-proof does: read, decode the entry, check every opening; the leaf must be the entry's.
 */
static enum tn_status judge(struct tn_bytes bytes, size_t *opened)
{
    struct tn_proof_extra read;
    struct tn_event decoded;
    struct tn_arena arena;
    uint8_t leaf[TN_HASH_SIZE];
    uint8_t right[TN_HASH_SIZE];
    enum tn_status status;

    *opened = 0;
    tn_arena_init(&arena, TN_PROOF_EXTRA_ARENA_BYTES);
    status = tn_proof_extra_read(bytes, &arena, &read, NULL);
    if (status == TN_OK) {
        tn_proof_extra_leaf(&read, leaf);
        tn_leaf_hash(right, tn_buffer_view(&entry));
        status = memcmp(leaf, right, sizeof(leaf)) == 0 ? TN_OK : TN_MISMATCH;
    }
    if (status == TN_OK && read.entry.size > 0) {
        status = tn_event_decode(read.entry, 0, &arena, &decoded, NULL);
    }
    for (size_t i = 0; status == TN_OK && i < read.openings.count; i++) {
        status = tn_opening_check(&decoded, &read.openings.items[i]);
        *opened += status == TN_OK ? 1u : 0u;
    }
    tn_arena_close(&arena);
    return status;
}

static void what_was_committed_opens(void **state)
{
    size_t opened;

    (void) state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(tn_opening_check(&event, &openings[i]), TN_OK);
    }
    assert_int_equal(judge(tn_buffer_view(&extra_bytes), &opened), TN_OK);
    assert_int_equal(opened, 3);
}

static void extra_has_the_bytes_it_always_had(void **state)
{
    uint8_t hash[TN_HASH_SIZE];
    char text[2 * TN_HASH_SIZE + 1];

    (void) state;
    tn_sha256(hash, tn_buffer_view(&extra_bytes));
    tn_hex_encode(text, hash, sizeof(hash));
    assert_string_equal(text, "7fe70e26fb1f2d89c1883a7ce91709bb3ac0510683883a8d14467d175360f583");
    tn_hex_encode(text, extra_bytes.data, 4);
    assert_string_equal(text, "8201c4bf");
}

static void another_value_salt_field_or_subject_does_not_open(void **state)
{
    struct tn_opening other = openings[1];

    (void) state;
    other.value = tn_bytes_from_string("19900204");
    assert_int_equal(tn_opening_check(&event, &other), TN_MISMATCH);
    other = openings[1];
    other.salt[31] ^= 1;
    assert_int_equal(tn_opening_check(&event, &other), TN_MISMATCH);
    other = openings[1];
    other.field = TN_FIELD_GIVEN_NAMES;
    assert_int_equal(tn_opening_check(&event, &other), TN_MISMATCH);
    other.field = TN_FIELD_DOCUMENT;
    assert_int_equal(tn_opening_check(&event, &other), TN_NOT_FOUND);
    other = openings[1];
    memcpy(other.subject, registration, TN_ID_SIZE);
    assert_int_equal(tn_opening_check(&event, &other), TN_NOT_FOUND);
    other = openings[2];
    memcpy(other.subject, member, TN_ID_SIZE);
    assert_int_equal(tn_opening_check(&event, &other), TN_NOT_FOUND);
}

static void no_bit_of_what_a_file_carries_can_be_changed(void **state)
{
    size_t opened;

    (void) state;
    for (size_t bit = 0; bit < extra_bytes.size * 8; bit++) {
        extra_bytes.data[bit / 8] ^= (uint8_t) (1u << bit % 8);
        if (judge(tn_buffer_view(&extra_bytes), &opened) == TN_OK) {
            fail_msg("bit %zu of extra may be changed", bit);
        }
        extra_bytes.data[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
    for (size_t cut = 0; cut < extra_bytes.size; cut++) {
        assert_int_not_equal(judge(tn_bytes(extra_bytes.data, cut), &opened), TN_OK);
    }
}

static void an_entry_alone_and_a_leaf_alone_are_told_apart(void **state)
{
    struct tn_proof_extra made = {.entry = tn_buffer_view(&entry)};
    struct tn_buffer bytes;
    size_t opened;

    (void) state;
    tn_buffer_init(&bytes, TN_EVENT_BYTES_MAX + 100);
    tn_proof_extra_write(&made, &bytes);
    assert_true(tn_bytes_equal(tn_buffer_view(&bytes), tn_buffer_view(&entry)));
    assert_int_equal(judge(tn_buffer_view(&bytes), &opened), TN_OK);
    tn_buffer_reset(&bytes);
    made = (struct tn_proof_extra){.entry = {NULL, 0}};
    tn_leaf_hash(made.leaf, tn_buffer_view(&entry));
    tn_proof_extra_write(&made, &bytes);
    assert_int_equal(bytes.size, 36);
    assert_int_equal(judge(tn_buffer_view(&bytes), &opened), TN_OK);
    tn_buffer_close(&bytes);
}

static void what_is_neither_is_refused(void **state)
{
    static struct tn_opening many[TN_OPENINGS_MAX + 1];
    static uint8_t big[TN_OPENING_VALUE_MAX + 1];
    struct tn_proof_extra bad[] = {
        {.entry = {NULL, 0}}, /* nothing */
        {.entry = tn_buffer_view(&entry), .leaf = {1}, .openings = {openings, 1}},
        {.leaf = {1}, .openings = {openings, 1}},
        {.entry = tn_buffer_view(&entry), .openings = {many, TN_OPENINGS_MAX + 1}},
        {.entry = tn_buffer_view(&entry), .openings = {many, 1}},
        {.entry = tn_buffer_view(&entry), .openings = {many + 1, 2}},
    };
    struct tn_buffer bytes;
    size_t opened;

    (void) state;
    for (uint64_t i = 0; i < TN_ARRAY_SIZE(many); i++) {
        many[i] = openings[0];
        many[i].field = i + 1;
    }
    many[0].value = tn_bytes(big, sizeof(big));
    many[2].field = many[1].field; /* twice */
    tn_buffer_init(&bytes, (size_t) 256 << 10);
    for (size_t i = 0; i < TN_ARRAY_SIZE(bad); i++) {
        tn_buffer_reset(&bytes);
        tn_record_encode(&tn_record_proof_extra, &bad[i], &bytes);
        assert_int_equal(judge(tn_buffer_view(&bytes), &opened), TN_INVALID);
    }
    tn_buffer_close(&bytes);
}

static void fields_have_names(void **state)
{
    (void) state;
    for (uint64_t field = 1; field <= TN_FIELD_LANGUAGE; field++) {
        assert_int_equal(tn_vault_field_parse(tn_bytes_from_string(tn_vault_field_name(field))),
                         field);
    }
    assert_string_equal(tn_vault_field_name(0), "unknown");
    assert_string_equal(tn_vault_field_name(10), "unknown");
    assert_int_equal(tn_vault_field_parse(tn_bytes_from_string("name")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_committed_opens),
        cmocka_unit_test(extra_has_the_bytes_it_always_had),
        cmocka_unit_test(another_value_salt_field_or_subject_does_not_open),
        cmocka_unit_test(no_bit_of_what_a_file_carries_can_be_changed),
        cmocka_unit_test(an_entry_alone_and_a_leaf_alone_are_told_apart),
        cmocka_unit_test(what_is_neither_is_refused),
        cmocka_unit_test(fields_have_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
