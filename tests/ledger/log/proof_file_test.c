/* `.tlog-proof` files: written, read, checked alone and with an entry. */
#include "tests/ledger/log/vectors.h"

#include <sodium.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "ledger/log/proof_file.h"

#define SIZE 11u
#define INDEX 6u

static struct tn_signer signer;
static struct tn_signer witness;
static uint8_t leaves[SIZE][TN_HASH_SIZE];
static struct tn_buffer note;
static uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
static size_t count;

static struct tn_bytes entry_at(unsigned index)
{
    static char text[32];

    (void) snprintf(text, sizeof(text), "entry %u", index);
    return tn_bytes_from_string(text);
}

/* A log of eleven entries, cosigned. */
static int setup(void **state)
{
    struct tn_buffer text;
    struct tn_merkle merkle;
    uint8_t root[TN_HASH_SIZE];
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {1};

    (void) state;
    assert_int_equal(
        tn_signer_init(&signer, tn_bytes_from_string("log.test/one"), TN_KEY_ED25519, seed), TN_OK);
    assert_int_equal(
        tn_signer_init(&witness, tn_bytes_from_string("w.test"), TN_KEY_COSIGNATURE, seed), TN_OK);
    tn_merkle_init(&merkle);
    for (unsigned i = 0; i < SIZE; i++) {
        tn_leaf_hash(leaves[i], entry_at(i));
        tn_merkle_add_leaf_hash(&merkle, leaves[i]);
    }
    tn_merkle_root(&merkle, root);
    assert_int_equal(tn_tree_prove_leaves(leaves[0], SIZE, INDEX, proof, &count), TN_OK);
    tn_buffer_init(&text, 1024);
    tn_checkpoint_format(&text, tn_bytes_from_string("log.test/one"), SIZE, root);
    tn_buffer_init(&note, 4096);
    tn_note_begin(&note, tn_buffer_view(&text));
    tn_note_sign(&note, tn_buffer_view(&text), &signer);
    tn_note_cosign(&note, tn_buffer_view(&text), &witness, 1700000000);
    tn_buffer_close(&text);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    tn_buffer_close(&note);
    return 0;
}

static void file_make(struct tn_buffer *file, const struct tn_bytes *entry, uint64_t index)
{
    tn_buffer_init(file, TN_PROOF_FILE_BYTES_MAX);
    tn_proof_file_format(file, entry, index, proof, count, tn_buffer_view(&note));
    assert_int_equal(tn_buffer_status(file), TN_OK);
}

static enum tn_status check(const struct tn_buffer *file, const uint8_t *leaf,
                            struct tn_proof_finding *finding)
{
    const struct tn_verifier verifiers[] = {signer.verifier, witness.verifier};

    return tn_proof_file_check(tn_buffer_view(file), verifiers, 2, leaf, true, finding, NULL);
}

static void file_reads_back_as_written(void **state)
{
    const struct tn_bytes entry = entry_at(INDEX);
    struct tn_proof_file read;
    struct tn_buffer file;
    struct tn_buffer extra;

    (void) state;
    tn_buffer_init(&extra, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    file_make(&file, &entry, INDEX);
    assert_memory_equal(file.data, "c2sp.org/tlog-proof@v1\nextra ZW50cnkgNg==\nindex 6\n", 50);
    assert_int_equal(tn_proof_file_parse(tn_buffer_view(&file), &read, NULL), TN_OK);
    assert_true(read.has_extra);
    assert_int_equal(read.index, INDEX);
    assert_int_equal(read.count, count);
    assert_memory_equal(read.proof, proof, count * TN_HASH_SIZE);
    assert_true(tn_bytes_equal(read.checkpoint, tn_buffer_view(&note)));
    assert_int_equal(tn_proof_file_extra(&read, &extra), TN_OK);
    assert_true(tn_bytes_equal(tn_buffer_view(&extra), entry));
    tn_buffer_close(&file);

    file_make(&file, NULL, INDEX);
    assert_int_equal(tn_proof_file_parse(tn_buffer_view(&file), &read, NULL), TN_OK);
    assert_false(read.has_extra);
    assert_int_equal(tn_proof_file_extra(&read, &extra), TN_NOT_FOUND);
    tn_buffer_close(&file);
    tn_buffer_close(&extra);
}

static void the_longest_and_the_empty_entry_fit(void **state)
{
    static uint8_t longest[TN_PROOF_FILE_EXTRA_BYTES_MAX];
    struct tn_proof_file read;
    struct tn_buffer file;
    struct tn_buffer extra;

    (void) state;
    tn_buffer_init(&extra, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    for (size_t size = 0; size <= sizeof(longest); size += size < 4 ? 1 : 65534) {
        const struct tn_bytes entry = tn_bytes(longest, size);

        file_make(&file, &entry, 3);
        assert_int_equal(tn_proof_file_parse(tn_buffer_view(&file), &read, NULL), TN_OK);
        assert_int_equal(tn_proof_file_extra(&read, &extra), TN_OK);
        assert_int_equal(extra.size, size);
        tn_buffer_close(&file);
    }
    tn_buffer_close(&extra);
    tn_buffer_init(&extra, 1);
    read.has_extra = true;
    read.extra = tn_bytes_from_string("AAA=");
    assert_int_equal(tn_proof_file_extra(&read, &extra), TN_FULL);
    read.extra = tn_bytes_from_string("====");
    assert_int_not_equal(tn_proof_file_extra(&read, &extra), TN_OK);
    tn_buffer_close(&extra);
}

static void file_is_checked_alone(void **state)
{
    const struct tn_bytes entry = entry_at(INDEX);
    struct tn_proof_finding finding;
    struct tn_buffer file;

    (void) state;
    file_make(&file, &entry, INDEX);
    assert_int_equal(check(&file, NULL, &finding), TN_OK);
    assert_true(finding.leaf_checked);
    assert_memory_equal(finding.leaf_hash, leaves[INDEX], TN_HASH_SIZE);
    assert_int_equal(finding.index, INDEX);
    assert_int_equal(finding.checkpoint.size, SIZE);
    assert_int_equal(finding.note.verified, 3);
    assert_int_equal(finding.note.time_s[1], 1700000000);
    /* A leaf that is given counts, not what the file says of itself. */
    assert_int_equal(check(&file, leaves[INDEX], &finding), TN_OK);
    assert_int_equal(check(&file, leaves[INDEX - 1], &finding), TN_MISMATCH);
    assert_false(finding.leaf_checked);
    tn_buffer_close(&file);
}

static void file_without_entry_needs_one(void **state)
{
    struct tn_proof_finding finding;
    struct tn_buffer file;

    (void) state;
    file_make(&file, NULL, INDEX);
    assert_int_equal(check(&file, NULL, &finding), TN_OK);
    assert_false(finding.leaf_checked);
    assert_int_equal(check(&file, leaves[INDEX], &finding), TN_OK);
    assert_true(finding.leaf_checked);
    tn_buffer_close(&file);
}

static void no_bit_of_a_file_can_change(void **state)
{
    const struct tn_bytes entry = entry_at(INDEX);
    struct tn_proof_finding finding;
    struct tn_buffer file;
    size_t witness_line;

    (void) state;
    file_make(&file, &entry, INDEX);
    witness_line =
        (size_t) ((const uint8_t *) memmem(file.data, file.size, "w.test ", 7) - file.data - 4);
    for (size_t bit = 0; bit < file.size * 8; bit++) {
        enum tn_status status;

        file.data[bit / 8] ^= (uint8_t) (1u << bit % 8);
        status = check(&file, NULL, &finding);
        /* A witness line may become one of an unknown key, which nobody needs to believe. */
        assert_true(status != TN_OK || (bit / 8 >= witness_line && finding.note.verified == 1));
        file.data[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
    for (size_t size = 0; size < witness_line; size++) {
        struct tn_buffer cut = file;

        cut.size = size;
        assert_int_not_equal(check(&cut, NULL, &finding), TN_OK);
    }
    tn_buffer_close(&file);
}

static void checkpoint_must_be_of_the_log(void **state)
{
    const struct tn_verifier only_witness[] = {witness.verifier};
    const struct tn_bytes entry = entry_at(INDEX);
    struct tn_verifier renamed;
    struct tn_verifier verifiers[2];
    struct tn_proof_finding finding;
    struct tn_buffer file;

    (void) state;
    file_make(&file, &entry, INDEX);
    assert_int_equal(
        tn_proof_file_check(tn_buffer_view(&file), only_witness, 1, NULL, true, &finding, NULL),
        TN_MISMATCH);
    assert_int_equal(tn_verifier_init(&renamed, tn_bytes_from_string("elsewhere.test"),
                                      TN_KEY_ED25519, signer.verifier.public_key),
                     TN_OK);
    verifiers[0] = renamed;
    verifiers[1] = witness.verifier;
    assert_int_equal(
        tn_proof_file_check(tn_buffer_view(&file), verifiers, 2, NULL, true, &finding, NULL),
        TN_NOT_FOUND);
    tn_buffer_close(&file);
}

static void index_and_hashes_must_fit_the_size(void **state)
{
    struct tn_proof_finding finding;
    struct tn_buffer file;

    (void) state;
    /* Entry 9 of 11 has a shorter path than entry 6, entry 11 none. */
    file_make(&file, NULL, 9);
    assert_int_equal(check(&file, NULL, &finding), TN_INVALID);
    tn_buffer_close(&file);
    file_make(&file, NULL, SIZE);
    assert_int_equal(check(&file, NULL, &finding), TN_INVALID);
    tn_buffer_close(&file);
    /* Entry 5 has as many, but they lead elsewhere. */
    file_make(&file, NULL, 5);
    assert_int_equal(check(&file, leaves[INDEX], &finding), TN_MISMATCH);
    tn_buffer_close(&file);
}

#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

static void malformed_files_are_refused(void **state)
{
    static const char *const files[] = {
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v2\nindex 1\n\nnote",
        "c2sp.org/tlog-proof@v1\r\nindex 1\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex \n\nnote",
        "c2sp.org/tlog-proof@v1\nindex 01\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex 1\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n" HASH,
        "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex 1\n" HASH " \n\nnote",
        "c2sp.org/tlog-proof@v1\nextra AAAA\n",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 1\n\nnote",
        "c2sp.org/tlog-proof@v1\nextra\nindex 1\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex 1\nextra AAAA\n\nnote",
    };
    struct tn_proof_file read;
    struct tn_buffer many;

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(files); i++) {
        if (tn_proof_file_parse(tn_bytes_from_string(files[i]), &read, NULL) != TN_INVALID) {
            fail_msg("accepted file %zu", i);
        }
        assert_true(tn_is_zero(&read, sizeof(read)));
    }
    tn_buffer_init(&many, TN_PROOF_FILE_BYTES_MAX + 1);
    tn_buffer_append_string(&many, "c2sp.org/tlog-proof@v1\nindex 1\n");
    for (size_t i = 0; i < TN_PROOF_HASHES_MAX; i++) {
        tn_buffer_append_string(&many, HASH);
    }
    tn_buffer_append_string(&many, "\nnote");
    assert_int_equal(tn_proof_file_parse(tn_buffer_view(&many), &read, NULL), TN_INVALID);
    assert_non_null(tn_buffer_extend(&many, TN_PROOF_FILE_BYTES_MAX + 1 - many.size));
    assert_int_equal(tn_proof_file_parse(tn_buffer_view(&many), &read, NULL), TN_INVALID);
    tn_buffer_close(&many);
}

static void file_of_another_tool_checks(void **state)
{
    struct tn_proof_finding finding;
    struct tn_proof_file read;
    struct tn_verifier verifier;
    struct tn_buffer again;
    uint8_t leaf[TN_HASH_SIZE];
    size_t entry_size;
    size_t key_size;
    size_t size;
    char *entry;
    char *key;
    char *bytes;

    (void) state;
    vectors_or_skip();
    key = file_read(VECTORS "xmod/vkey.txt", &key_size);
    entry = file_read(VECTORS "xmod/record-299.data", &entry_size);
    bytes = file_read(VECTORS "xmod/record-299.tlog-proof", &size);
    assert_int_equal(tn_vkey_parse(line_view(key), &verifier, NULL), TN_OK);
    tn_leaf_hash(leaf, tn_bytes(entry, entry_size));
    assert_int_equal(
        tn_proof_file_check(tn_bytes(bytes, size), &verifier, 1, leaf, true, &finding, NULL),
        TN_OK);
    assert_true(finding.leaf_checked);
    assert_int_equal(finding.index, 299);
    assert_int_equal(finding.checkpoint.size, 600);
    assert_int_equal(
        tn_proof_file_check(tn_bytes(bytes, size), &verifier, 1, NULL, true, &finding, NULL),
        TN_OK);
    assert_false(finding.leaf_checked);
    leaf[0] ^= 1;
    assert_int_equal(
        tn_proof_file_check(tn_bytes(bytes, size), &verifier, 1, leaf, true, &finding, NULL),
        TN_MISMATCH);
    /* What we write of the same parts is the same file. */
    assert_int_equal(tn_proof_file_parse(tn_bytes(bytes, size), &read, NULL), TN_OK);
    tn_buffer_init(&again, TN_PROOF_FILE_BYTES_MAX);
    tn_proof_file_format(&again, NULL, read.index, read.proof, read.count, read.checkpoint);
    assert_true(tn_bytes_equal(tn_buffer_view(&again), tn_bytes(bytes, size)));
    tn_buffer_close(&again);
    free(bytes);
    free(entry);
    free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_reads_back_as_written),
        cmocka_unit_test(the_longest_and_the_empty_entry_fit),
        cmocka_unit_test(file_is_checked_alone),
        cmocka_unit_test(file_without_entry_needs_one),
        cmocka_unit_test(no_bit_of_a_file_can_change),
        cmocka_unit_test(checkpoint_must_be_of_the_log),
        cmocka_unit_test(index_and_hashes_must_fit_the_size),
        cmocka_unit_test(malformed_files_are_refused),
        cmocka_unit_test(file_of_another_tool_checks),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}
