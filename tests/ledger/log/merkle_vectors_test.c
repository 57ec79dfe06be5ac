/* Merkle vectors of others: proofs that must and must not verify, and the roots and proofs that
 * another implementation made (../shared/vectors/README.md says whose). */
#include "tests/ledger/log/vectors.h"

#include <ftw.h>
#include <sodium.h>

#include "ledger/base/hash.h"
#include "ledger/log/tree.h"

#define GOLDEN_SIZE 301u

/* One case's hashes. A hash that is not 32 bytes cannot be given to our verifiers at all: reading
 * it is where it is refused. */
struct proof {
    uint8_t hashes[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    size_t count;
    bool malformed;
};

static unsigned cases;
static unsigned skipped;
static unsigned wrong;

static void hash_read(const char *at, uint8_t *hash, bool *malformed)
{
    uint8_t data[128];
    size_t size = sizeof(data);

    if (tn_base64_decode(json_string(at), data, &size) != TN_OK || size != TN_HASH_SIZE) {
        memset(hash, 0, TN_HASH_SIZE);
        *malformed = true;
        return;
    }
    memcpy(hash, data, TN_HASH_SIZE);
}

static void proof_read(const char *array, struct proof *proof)
{
    for (const char *item = json_first(array); item != NULL; item = json_next(item)) {
        assert_true(proof->count < TN_PROOF_HASHES_MAX);
        hash_read(item, proof->hashes + proof->count++ * TN_HASH_SIZE, &proof->malformed);
    }
}

static void judge(const char *path, const char *json, const struct proof *proof,
                  enum tn_status status)
{
    bool want_error = json_true(json_member(json, "wantErr"));
    bool error = proof->malformed || status != TN_OK;

    cases++;
    if (error != want_error) {
        print_error("%s: %s, status %d\n", path, error ? "refused" : "accepted", (int) status);
        wrong++;
    }
}

static int inclusion_case(const char *path, const struct stat *info, int type)
{
    struct proof proof = {.count = 0};
    uint8_t leaf[TN_HASH_SIZE];
    uint8_t root[TN_HASH_SIZE];
    size_t size;
    char *json;

    (void) info;
    if (type != FTW_F) {
        return 0;
    }
    json = file_read(path, &size);
    hash_read(json_member(json, "leafHash"), leaf, &proof.malformed);
    hash_read(json_member(json, "root"), root, &proof.malformed);
    proof_read(json_member(json, "proof"), &proof);
    judge(path, json, &proof,
          tn_proof_verify_inclusion(leaf, json_uint(json_member(json, "leafIdx")),
                                    json_uint(json_member(json, "treeSize")), proof.hashes,
                                    proof.count, root));
    free(json);
    return 0;
}

static int consistency_case(const char *path, const struct stat *info, int type)
{
    struct proof proof = {.count = 0};
    uint8_t old_root[TN_HASH_SIZE];
    uint8_t root[TN_HASH_SIZE];
    size_t size;
    char *json;

    (void) info;
    if (type != FTW_F) {
        return 0;
    }
    /* Its roots are not hashes, and it wants success: outside the house rules. */
    if (strstr(path, "additional/sizes-are-equal-one-and-proof-is-empty.json") != NULL) {
        skipped++;
        return 0;
    }
    json = file_read(path, &size);
    hash_read(json_member(json, "root1"), old_root, &proof.malformed);
    hash_read(json_member(json, "root2"), root, &proof.malformed);
    proof_read(json_member(json, "proof"), &proof);
    judge(path, json, &proof,
          tn_proof_verify_consistency(json_uint(json_member(json, "size1")),
                                      json_uint(json_member(json, "size2")), proof.hashes,
                                      proof.count, old_root, root));
    free(json);
    return 0;
}

static void inclusion_cases_are_judged_as_others_do(void **state)
{
    (void) state;
    vectors_or_skip();
    cases = wrong = 0;
    assert_int_equal(ftw(VECTORS "merkle/inclusion", inclusion_case, 8), 0);
    assert_int_equal(wrong, 0);
    assert_int_equal(cases, 98);
}

static void consistency_cases_are_judged_as_others_do(void **state)
{
    (void) state;
    vectors_or_skip();
    cases = wrong = skipped = 0;
    assert_int_equal(ftw(VECTORS "merkle/consistency", consistency_case, 8), 0);
    assert_int_equal(wrong, 0);
    assert_int_equal(cases, 97);
    assert_int_equal(skipped, 1);
}

/* ---- xmod/golden-300.json: roots and proofs over "entry <i>" ---- */

static uint8_t level_zero[2 * TN_TILE_BYTES];
static uint8_t level_one[TN_TILE_BYTES];

static enum tn_status golden_read(void *context, unsigned level, uint64_t index, unsigned width,
                                  uint8_t *hashes, struct tn_error *error)
{
    (void) context;
    (void) error;
    assert_true(level == 0 ? index < 2 : index == 0);
    memcpy(hashes, level == 0 ? level_zero + index * TN_TILE_BYTES : level_one,
           width * (size_t) TN_HASH_SIZE);
    return TN_OK;
}

static void golden_write(void *context, unsigned level, uint64_t index, const uint8_t *hashes)
{
    (void) context;
    assert_int_equal(level, 0);
    memcpy(level_zero + index * TN_TILE_BYTES, hashes, TN_TILE_BYTES);
}

static void hashes_equal(const char *array, const uint8_t *proof, size_t count)
{
    size_t i = 0;

    for (const char *item = json_first(array); item != NULL; item = json_next(item), i++) {
        uint8_t hash[TN_HASH_SIZE];

        assert_true(i < count);
        assert_int_equal(tn_hex_decode(json_string(item), hash, sizeof(hash)), TN_OK);
        assert_memory_equal(proof + i * TN_HASH_SIZE, hash, sizeof(hash));
    }
    assert_int_equal(i, count);
}

static void roots_and_proofs_are_those_of_another_implementation(void **state)
{
    static struct tn_tree tree;
    static uint8_t roots[GOLDEN_SIZE][TN_HASH_SIZE];
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    size_t length;
    size_t count;
    unsigned size = 0;
    unsigned proofs = 0;
    unsigned width;
    char *json;

    (void) state;
    vectors_or_skip();
    json = file_read(VECTORS "xmod/golden-300.json", &length);
    tn_tree_init(&tree);
    for (const char *item = json_first(json_member(json, "Roots")); item != NULL;
         item = json_next(item), size++) {
        char entry[32];

        assert_true(size < GOLDEN_SIZE);
        tn_tree_root(&tree, roots[size]);
        assert_int_equal(tn_hex_decode(json_string(item), proof, TN_HASH_SIZE), TN_OK);
        assert_memory_equal(roots[size], proof, TN_HASH_SIZE);
        (void) snprintf(entry, sizeof(entry), "entry %u", size);
        tn_tree_append(&tree, tn_bytes_from_string(entry), golden_write, NULL);
    }
    assert_int_equal(size, GOLDEN_SIZE);
    memcpy(level_zero + TN_TILE_BYTES, tn_tree_growing(&tree, 0, &width),
           (GOLDEN_SIZE - TN_TILE_WIDTH) * (size_t) TN_HASH_SIZE);
    memcpy(level_one, tn_tree_growing(&tree, 1, &width), TN_HASH_SIZE);

    for (const char *item = json_first(json_member(json, "Inclusion")); item != NULL;
         item = json_next(item), proofs++) {
        uint64_t index = json_uint(json_member(item, "Index"));
        uint64_t of = json_uint(json_member(item, "Size"));

        assert_int_equal(tn_tree_prove_inclusion(golden_read, NULL, index, of, proof, &count, NULL),
                         TN_OK);
        hashes_equal(json_member(item, "Proof"), proof, count);
        assert_int_equal(tn_proof_verify_inclusion(level_zero + index * TN_HASH_SIZE, index, of,
                                                   proof, count, roots[of]),
                         TN_OK);
    }
    assert_int_equal(proofs, 570);
    proofs = 0;
    for (const char *item = json_first(json_member(json, "Consist")); item != NULL;
         item = json_next(item), proofs++) {
        uint64_t from = json_uint(json_member(item, "Old"));
        uint64_t to = json_uint(json_member(item, "New"));

        assert_int_equal(
            tn_tree_prove_consistency(golden_read, NULL, from, to, proof, &count, NULL), TN_OK);
        hashes_equal(json_member(item, "Proof"), proof, count);
        assert_int_equal(
            tn_proof_verify_consistency(from, to, proof, count, roots[from], roots[to]), TN_OK);
    }
    assert_int_equal(proofs, 537);
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inclusion_cases_are_judged_as_others_do),
        cmocka_unit_test(consistency_cases_are_judged_as_others_do),
        cmocka_unit_test(roots_and_proofs_are_those_of_another_implementation),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
