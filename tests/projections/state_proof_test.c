/* Proofs of sealed rows: every true claim can be proven, and no change of a proof proves a false
 * one. */
#include "tests/projections/support.h"

#include <sodium.h>

#include "ledger/log/levels.h"
#include "projections/seal_file.h"
#include "projections/state_proof.h"

#define ROWS_MAX 40u
#define PROJECTION TN_CORE_SEATS

/* A log of one seal (entry 5 of 9) over `count` rows: keys of one or two bytes, even numbers. */
struct sealed {
    size_t count;
    uint8_t keys[ROWS_MAX][2];
    uint8_t values[ROWS_MAX][3];
    uint8_t nodes[3 * ROWS_MAX * TN_HASH_SIZE];
    struct tn_buffer place; /* the .tlog-proof of the seal */
};

static struct tn_signer signer;
static struct sealed sealed;
static struct tn_state_proof_row rows[ROWS_MAX];
static uint8_t paths[ROWS_MAX][TN_STATE_PROOF_PATH_MAX * TN_HASH_SIZE];

static struct tn_bytes key_at(size_t i)
{
    return tn_bytes(sealed.keys[i], i % 3 == 0 ? 1 : 2);
}

static struct tn_bytes value_at(size_t i)
{
    return tn_bytes(sealed.values[i], i % 4);
}

static void place_make(uint64_t scope, uint64_t projection)
{
    struct tn_event event = {.version = 1, .kind = TN_KIND_state_sealed, .time_us = 1};
    struct tn_state_sealed *seal = &event.body.state_sealed;
    uint8_t leaves[9][TN_HASH_SIZE] = {{0}};
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    uint8_t root[TN_HASH_SIZE];
    struct tn_merkle merkle;
    struct tn_buffer entry;
    struct tn_buffer text;
    struct tn_buffer note;
    struct tn_bytes extra;
    size_t count;

    seal->projection = projection;
    seal->projection_version = 1;
    seal->scope = scope;
    seal->upto = 4;
    seal->rows = sealed.count;
    if (sealed.count > 0) {
        memcpy(seal->root, tn_levels_fill(sealed.nodes, sealed.count), TN_HASH_SIZE);
    } else {
        tn_sha256(seal->root, tn_bytes(NULL, 0));
    }
    tn_buffer_init(&entry, 1024);
    tn_event_encode(&event, &entry);
    tn_leaf_hash(leaves[5], tn_buffer_view(&entry));
    tn_merkle_init(&merkle);
    for (size_t i = 0; i < 9; i++) {
        tn_merkle_add_leaf_hash(&merkle, leaves[i]);
    }
    tn_merkle_root(&merkle, root);
    assert_int_equal(tn_tree_prove_leaves(leaves[0], 9, 5, proof, &count), TN_OK);
    tn_buffer_init(&text, 1024);
    tn_checkpoint_format(&text, tn_bytes_from_string("log.test/one"), 9, root);
    tn_buffer_init(&note, 4096);
    tn_note_begin(&note, tn_buffer_view(&text));
    tn_note_sign(&note, tn_buffer_view(&text), &signer);
    tn_buffer_close(&sealed.place);
    tn_buffer_init(&sealed.place, 65536);
    extra = tn_buffer_view(&entry);
    tn_proof_file_format(&sealed.place, &extra, 5, proof, count, tn_buffer_view(&note));
    tn_buffer_close(&note);
    tn_buffer_close(&text);
    tn_buffer_close(&entry);
}

static void sealed_make(size_t count)
{
    struct tn_buffer leaf;

    sealed.count = count;
    tn_buffer_init(&leaf, 1024);
    for (size_t i = 0; i < count; i++) {
        sealed.keys[i][0] = (uint8_t) (2 * i + 2);
        sealed.keys[i][1] = 7;
        memset(sealed.values[i], (int) i, 3);
        tn_buffer_reset(&leaf);
        tn_row_leaf(key_at(i), value_at(i), false, &leaf);
        tn_leaf_hash(sealed.nodes + i * TN_HASH_SIZE, tn_buffer_view(&leaf));
    }
    tn_buffer_close(&leaf);
    place_make(2, PROJECTION);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct tn_state_proof_row){
            .position = i, .key = key_at(i), .value = value_at(i), .path = paths[i]};
        rows[i].count = tn_levels_path(sealed.nodes, count, i, paths[i]);
    }
}

static int setup(void **state)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {1};

    (void) state;
    assert_true(sodium_init() >= 0);
    assert_int_equal(
        tn_signer_init(&signer, tn_bytes_from_string("log.test/one"), TN_KEY_ED25519, seed), TN_OK);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    tn_buffer_close(&sealed.place);
    return 0;
}

static struct tn_state_proof proof_of(bool range, struct tn_bytes from, struct tn_bytes end,
                                      size_t first, size_t count)
{
    return (struct tn_state_proof){
        .projection = tn_bytes_from_string("seats"),
        .range = range,
        .from = from,
        .end = end,
        .rows = rows + first,
        .row_count = count,
        .seal = tn_buffer_view(&sealed.place),
    };
}

static enum tn_status judge_bytes(struct tn_bytes bytes, struct tn_arena *arena,
                                  struct tn_state_proof *read, struct tn_state_finding *finding)
{
    enum tn_status status = tn_state_proof_parse(bytes, arena, read, NULL);

    return status == TN_OK ? tn_state_proof_check(read, &signer.verifier, 1, arena, finding, NULL)
                           : status;
}

static enum tn_status judge(const struct tn_state_proof *proof, size_t *shown)
{
    struct tn_state_finding finding = {.count = 0};
    struct tn_state_proof read;
    struct tn_buffer out;
    struct tn_arena arena;
    enum tn_status status;

    tn_buffer_init(&out, TN_STATE_PROOF_BYTES_MAX);
    tn_arena_init(&arena, (size_t) 8 << 20);
    tn_state_proof_format(&out, proof);
    assert_int_equal(tn_buffer_status(&out), TN_OK);
    status = judge_bytes(tn_buffer_view(&out), &arena, &read, &finding);
    *shown = finding.count;
    tn_arena_close(&arena);
    tn_buffer_close(&out);
    return status;
}

static void every_row_is_present_and_every_gap_absent(void **state)
{
    size_t shown;

    (void) state;
    for (size_t count = 0; count < ROWS_MAX; count += count < 10 ? 1 : 7) {
        sealed_make(count);
        for (size_t i = 0; i < count; i++) {
            struct tn_state_proof proof = proof_of(false, key_at(i), tn_bytes(NULL, 0), i, 1);

            assert_int_equal(judge(&proof, &shown), TN_OK);
        }
        for (size_t i = 0; i <= count; i++) { /* between row i - 1 and row i */
            const uint8_t key[2] = {(uint8_t) (2 * i + 1), 0};
            size_t first = i == 0 ? 0 : i - 1;
            struct tn_state_proof proof = proof_of(true, tn_bytes(key, 1), tn_bytes(key, 2), first,
                                                   (i < count ? i + 1 : count) - first);

            assert_int_equal(judge(&proof, &shown), TN_OK);
            assert_int_equal(shown, 0);
        }
    }
}

static void every_range_is_complete_with_its_neighbours_and_not_without(void **state)
{
    size_t shown;

    (void) state;
    sealed_make(23);
    for (size_t from = 0; from < 23; from++) {
        for (size_t end = from + 1; end <= 23; end++) {
            size_t first = from == 0 ? 0 : from - 1;
            size_t last = end == 23 ? 23 : end + 1;
            struct tn_bytes upper = end == 23 ? tn_bytes(NULL, 0) : key_at(end);
            struct tn_state_proof proof = proof_of(true, key_at(from), upper, first, last - first);

            assert_int_equal(judge(&proof, &shown), TN_OK);
            assert_int_equal(shown, end - from);
            if (from > 0) { /* without the one before */
                proof = proof_of(true, key_at(from), upper, first + 1, last - first - 1);
                assert_int_equal(judge(&proof, &shown), TN_INVALID);
            }
            if (end < 23) { /* without the one behind */
                proof = proof_of(true, key_at(from), upper, first, last - first - 1);
                assert_int_equal(judge(&proof, &shown), TN_INVALID);
            }
        }
    }
}

static void skipped_doubled_and_swapped_rows_prove_nothing(void **state)
{
    struct tn_state_proof_row other[8];
    struct tn_state_proof proof;
    size_t shown;

    (void) state;
    sealed_make(8);
    proof = proof_of(true, tn_bytes(NULL, 0), tn_bytes(NULL, 0), 0, 8);
    assert_int_equal(judge(&proof, &shown), TN_OK);
    assert_int_equal(shown, 8);
    proof.rows = other;
    memcpy(other, rows, sizeof(other)); /* one skipped */
    memmove(other + 3, other + 4, 4 * sizeof(*other));
    proof.row_count = 7;
    assert_int_equal(judge(&proof, &shown), TN_INVALID);
    memcpy(other, rows, sizeof(other)); /* one twice */
    other[4] = other[3];
    proof.row_count = 8;
    assert_int_equal(judge(&proof, &shown), TN_INVALID);
    memcpy(other, rows, sizeof(other)); /* two swapped */
    other[2] = rows[5];
    other[5] = rows[2];
    assert_int_equal(judge(&proof, &shown), TN_INVALID);
    memcpy(other, rows, sizeof(other)); /* a neighbour that never was */
    other[7].value = tn_bytes("x", 1);
    assert_int_equal(judge(&proof, &shown), TN_MISMATCH);
    memcpy(other, rows, sizeof(other));
    other[1].deleted = true;
    other[1].value = tn_bytes(NULL, 0);
    assert_int_equal(judge(&proof, &shown), TN_MISMATCH);
    memcpy(other, rows, sizeof(other)); /* a skipped row behind forged positions */
    memmove(other + 3, other + 4, 4 * sizeof(*other));
    for (uint64_t i = 3; i < 7; i++) {
        other[i].position = i;
    }
    proof.row_count = 7;
    assert_int_equal(judge(&proof, &shown), TN_MISMATCH);
}

static void a_seal_of_something_else_proves_nothing(void **state)
{
    struct tn_state_proof proof;
    size_t shown;

    (void) state;
    sealed_make(6);
    proof = proof_of(true, tn_bytes(NULL, 0), tn_bytes(NULL, 0), 0, 6);
    place_make(2, TN_CORE_QUEUE);
    proof.seal = tn_buffer_view(&sealed.place);
    assert_int_equal(judge(&proof, &shown), TN_MISMATCH);
    place_make(1, PROJECTION); /* of changed rows: no word on a range, but on a row */
    proof.seal = tn_buffer_view(&sealed.place);
    assert_int_equal(judge(&proof, &shown), TN_INVALID);
    proof = proof_of(false, key_at(2), tn_bytes(NULL, 0), 2, 1);
    assert_int_equal(judge(&proof, &shown), TN_OK);
    proof = proof_of(false, key_at(2), tn_bytes(NULL, 0), 3, 1);
    assert_int_equal(judge(&proof, &shown), TN_INVALID);
    sealed.nodes[0] ^= 1; /* another root */
    place_make(2, PROJECTION);
    sealed.nodes[0] ^= 1;
    proof = proof_of(false, key_at(2), tn_bytes(NULL, 0), 2, 1);
    assert_int_equal(judge(&proof, &shown), TN_MISMATCH);
}

/* Is what a proof claims so? */
static bool is_true(const struct tn_state_proof *read, const struct tn_state_finding *finding)
{
    size_t first = 0;
    size_t count = 0;

    for (size_t i = 0; i < sealed.count; i++) {
        bool within = read->range
                          ? tn_bytes_compare(key_at(i), read->from) >= 0 &&
                                (read->end.size == 0 || tn_bytes_compare(key_at(i), read->end) < 0)
                          : tn_bytes_equal(key_at(i), read->from);

        first = within && count == 0 ? i : first;
        count += within ? 1 : 0;
    }
    if (count != finding->count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct tn_state_proof_row *row = &read->rows[finding->first + i];

        if (!tn_bytes_equal(row->key, key_at(first + i)) || row->deleted ||
            !tn_bytes_equal(row->value, value_at(first + i))) {
            return false;
        }
    }
    return true;
}

static void a_changed_bit_proves_nothing_that_is_false(void **state)
{
    struct tn_state_proof proof;
    struct tn_buffer out;

    (void) state;
    sealed_make(11);
    tn_buffer_init(&out, TN_STATE_PROOF_BYTES_MAX);
    for (unsigned kind = 0; kind < 2; kind++) {
        proof = kind == 0 ? proof_of(true, key_at(4), key_at(7), 3, 5)
                          : proof_of(false, key_at(4), tn_bytes(NULL, 0), 4, 1);
        tn_buffer_reset(&out);
        tn_state_proof_format(&out, &proof);
        for (size_t bit = 0; bit < out.size * 8; bit++) {
            struct tn_state_finding finding;
            struct tn_state_proof read;
            struct tn_arena arena;

            tn_arena_init(&arena, (size_t) 4 << 20);
            out.data[bit / 8] ^= (uint8_t) (1u << bit % 8);
            if (judge_bytes(tn_buffer_view(&out), &arena, &read, &finding) == TN_OK &&
                !is_true(&read, &finding)) {
                fail_msg("with bit %zu changed a false claim is proven", bit);
            }
            out.data[bit / 8] ^= (uint8_t) (1u << bit % 8);
            tn_arena_close(&arena);
        }
    }
    tn_buffer_close(&out);
}

static void a_proof_has_the_bytes_it_always_had(void **state)
{
    struct tn_state_proof proof;
    struct tn_buffer out;

    (void) state;
    sealed_make(3);
    proof = proof_of(true, key_at(1), tn_bytes(NULL, 0), 0, 3);
    tn_buffer_init(&out, TN_STATE_PROOF_BYTES_MAX);
    tn_state_proof_format(&out, &proof);
    tn_buffer_append_u8(&out, 0);
    *strstr((char *) out.data, "\n\n") = '\0';
    assert_string_equal((char *) out.data, "turno.state-proof@v1\nprojection seats\nrange BAc= -\n"
                                           "row 0 Ag== \n"
                                           "+ZyZ4yJiImz5jdOqApZaKpA+nRBV1/s3ATvhc3m0DOY=\n"
                                           "x6LH9fhxjBWj9NqHVjiun9+8kTLYGb2T5bI7CDpxyKI=\n"
                                           "row 1 BAc= AQ==\n"
                                           "8NbArcOUSv3uTYjV69fWEP15b6fUZ4kPUYyrQjKvfN8=\n"
                                           "x6LH9fhxjBWj9NqHVjiun9+8kTLYGb2T5bI7CDpxyKI=\n"
                                           "row 2 Bgc= AgI=\n"
                                           "yXhG4BOuP9RLW8ipzf3V7cRPoBAtXaTVH3cmAOL4H64=");
    tn_buffer_close(&out);
}

/* Leaves that are kept on disk give the same paths as the tree. */
static void kept_leaves_give_every_path(void **state)
{
    static const size_t counts[] = {1, 2, 255, 256, 257, 1000, 65536 + 300};
    struct place place = {0};
    char path[SCRATCH_PATH_BYTES];

    (void) state;
    scratch_make(place.directory);
    (void) snprintf(path, sizeof(path), "%s/kept", place.directory);
    for (size_t n = 0; n < TN_ARRAY_SIZE(counts); n++) {
        size_t count = counts[n];
        uint8_t *nodes = malloc(tn_levels_nodes(count) * TN_HASH_SIZE);
        struct tn_seal_writer *writer = tn_seal_writer_create(path, 77);
        struct tn_seal_file file;
        struct tn_error error = {0};
        const uint8_t *root;

        assert_non_null(nodes);
        for (size_t i = 0; i < count; i++) {
            uint8_t key[4];

            tn_put_be32(key, (uint32_t) (2 * i));
            tn_leaf_hash(nodes + i * TN_HASH_SIZE, tn_bytes(key, sizeof(key)));
            tn_seal_writer_add(writer, tn_bytes(key, sizeof(key)), nodes + i * TN_HASH_SIZE);
        }
        MUST(tn_seal_writer_close(writer, true, &error), &error);
        root = tn_levels_fill(nodes, count);
        MUST(tn_seal_file_open(&file, path, &error), &error);
        assert_int_equal(file.rows, count);
        assert_int_equal(file.upto, 77);
        for (size_t i = 0; i < count; i += count < 2000 ? 1 : 613) {
            uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
            uint8_t leaf[TN_HASH_SIZE];
            uint8_t key[4];
            uint64_t position;
            size_t hashes;
            bool found;

            tn_put_be32(key, (uint32_t) (2 * i));
            MUST(tn_seal_file_find(&file, tn_bytes(key, 4), &found, &position, leaf, &error),
                 &error);
            assert_true(found && position == i);
            MUST(tn_seal_file_prove(&file, position, proof, &hashes, &error), &error);
            assert_int_equal(tn_proof_verify_inclusion(leaf, i, count, proof, hashes, root), TN_OK);
            tn_put_be32(key, (uint32_t) (2 * i + 1));
            MUST(tn_seal_file_find(&file, tn_bytes(key, 4), &found, &position, leaf, &error),
                 &error);
            assert_false(found);
        }
        tn_seal_file_close(&file);
        if (count == 1000) { /* a cut file is found out */
            assert_int_equal(truncate(path, 32 + 36 * 500), 0);
            MUST(tn_seal_file_open(&file, path, &error), &error);
            uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
            size_t hashes;

            assert_int_equal(tn_seal_file_prove(&file, 900, proof, &hashes, &error), TN_CORRUPT);
            tn_seal_file_close(&file);
        }
        free(nodes);
    }
    scratch_remove(place.directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_present_and_every_gap_absent),
        cmocka_unit_test(every_range_is_complete_with_its_neighbours_and_not_without),
        cmocka_unit_test(skipped_doubled_and_swapped_rows_prove_nothing),
        cmocka_unit_test(a_seal_of_something_else_proves_nothing),
        cmocka_unit_test(a_changed_bit_proves_nothing_that_is_false),
        cmocka_unit_test(a_proof_has_the_bytes_it_always_had),
        cmocka_unit_test(kept_leaves_give_every_path),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
