/* Merkle trees: facts of RFC 6962, properties over many sizes, and what tiles hold. */
#include "tests/ledger/log/vectors.h"

#include <sodium.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/log/tile.h"
#include "ledger/log/tree.h"

#define LEAVES_MAX 70000u

/* Leaf hashes of 0, 1, 2, ..., and what a tree over them handed out. */
static uint8_t leaves[LEAVES_MAX][TN_HASH_SIZE];

struct shelf {
    uint8_t tiles[4][300][TN_TILE_BYTES];
    uint64_t counts[4];
    uint64_t size;
    size_t reads;
    bool full_only; /* refuse partial tiles above level 0, as stored tiles are */
    unsigned fail_after;
};

static struct shelf shelf;

static void leaves_fill(void)
{
    for (unsigned i = 0; i < LEAVES_MAX; i++) {
        uint8_t data[4];

        tn_put_be32(data, i);
        tn_leaf_hash(leaves[i], tn_bytes(data, sizeof(data)));
    }
}

/* MTH as RFC 6962 writes it, and nothing else. */
static void naive_root(const uint8_t *hashes, uint64_t count, uint8_t *root)
{
    uint8_t left[TN_HASH_SIZE];
    uint8_t right[TN_HASH_SIZE];
    uint64_t k = 1;

    if (count == 0) {
        tn_sha256(root, tn_bytes(NULL, 0));
        return;
    }
    if (count == 1) {
        memcpy(root, hashes, TN_HASH_SIZE);
        return;
    }
    while (2 * k < count) {
        k *= 2;
    }
    naive_root(hashes, k, left);
    naive_root(hashes + k * TN_HASH_SIZE, count - k, right);
    tn_node_hash(root, left, right);
}

static void shelf_write(void *context, unsigned level, uint64_t index, const uint8_t *hashes)
{
    struct shelf *to = context;

    assert_true(level < 4);
    /* Each exactly once and in order: the next index of its level. */
    assert_int_equal(index, to->counts[level]);
    /* A tile comes before the one that holds its root. */
    if (level > 0) {
        assert_int_equal(to->counts[level - 1], (index + 1) * TN_TILE_WIDTH);
    }
    memcpy(to->tiles[level][index], hashes, TN_TILE_BYTES);
    to->counts[level]++;
}

/* Puts the growing tiles of `tree` on the shelf, so that everything of its size can be read. */
static void shelf_stock(struct shelf *to, const struct tn_tree *tree)
{
    to->size = tn_tree_size(tree);
    for (unsigned level = 0; level < 4; level++) {
        unsigned width;
        const uint8_t *hashes = tn_tree_growing(tree, level, &width);

        memcpy(to->tiles[level][to->counts[level]], hashes, width * (size_t) TN_HASH_SIZE);
    }
}

static enum tn_status shelf_read(void *context, unsigned level, uint64_t index, unsigned width,
                                 uint8_t *hashes, struct tn_error *error)
{
    struct shelf *from = context;

    if (from->fail_after != 0 && --from->fail_after == 0) {
        return tn_fail(error, TN_IO, "as the test wished");
    }
    assert_true(width >= 1 && width <= tn_tile_width_at(level, index, from->size));
    if (from->full_only && level > 0) {
        assert_int_equal(width, TN_TILE_WIDTH);
    }
    from->reads++;
    memcpy(hashes, from->tiles[level][index], width * (size_t) TN_HASH_SIZE);
    return TN_OK;
}

static void grow(struct tn_tree *tree, struct shelf *to, uint64_t size)
{
    while (tn_tree_size(tree) < size) {
        tn_tree_append_hash(tree, leaves[tn_tree_size(tree)], to == NULL ? NULL : shelf_write, to);
    }
}

static void hex_equal(const uint8_t *hash, const char *hex)
{
    char text[2 * TN_HASH_SIZE + 1];

    tn_hex_encode(text, hash, TN_HASH_SIZE);
    assert_string_equal(text, hex);
}

/* ---- facts ---- */

static void hashes_are_those_of_rfc_6962(void **state)
{
    struct tn_merkle merkle;
    uint8_t hash[TN_HASH_SIZE];

    (void) state;
    tn_merkle_init(&merkle);
    tn_merkle_root(&merkle, hash);
    hex_equal(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    tn_merkle_add_leaf(&merkle, tn_bytes("", 0));
    tn_merkle_root(&merkle, hash);
    hex_equal(hash, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    tn_leaf_hash(hash, tn_bytes("L123456", 7));
    hex_equal(hash, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
}

static void eight_leaves_of_the_reference_tree_give_its_root(void **state)
{
    static const char *const hex[] = {"",
                                      "00",
                                      "10",
                                      "2021",
                                      "3031",
                                      "40414243",
                                      "5051525354555657",
                                      "606162636465666768696a6b6c6d6e6f"};
    struct tn_merkle merkle;
    struct tn_tree *tree = calloc(1, sizeof(*tree));
    uint8_t root[TN_HASH_SIZE];

    (void) state;
    assert_non_null(tree);
    tn_merkle_init(&merkle);
    tn_tree_init(tree);
    for (size_t i = 0; i < TN_ARRAY_SIZE(hex); i++) {
        uint8_t data[16];
        struct tn_bytes leaf = tn_bytes(data, strlen(hex[i]) / 2);

        assert_int_equal(tn_hex_decode(tn_bytes_from_string(hex[i]), data, leaf.size), TN_OK);
        tn_merkle_add_leaf(&merkle, leaf);
        tn_tree_append(tree, leaf, NULL, NULL);
    }
    tn_merkle_root(&merkle, root);
    hex_equal(root, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    tn_tree_root(tree, root);
    hex_equal(root, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    free(tree);
}

/* ---- the edge ---- */

static void three_ways_to_a_root_agree(void **state)
{
    static struct tn_tree tree;
    struct tn_merkle merkle;

    (void) state;
    memset(&shelf, 0, sizeof(shelf));
    tn_tree_init(&tree);
    tn_merkle_init(&merkle);
    for (uint64_t size = 0; size <= 600; size++) {
        uint8_t naive[TN_HASH_SIZE];
        uint8_t root[TN_HASH_SIZE];

        naive_root(leaves[0], size, naive);
        tn_merkle_root(&merkle, root);
        assert_memory_equal(root, naive, sizeof(root));
        tn_tree_root(&tree, root);
        assert_memory_equal(root, naive, sizeof(root));
        shelf_stock(&shelf, &tree);
        assert_int_equal(tn_tree_root_at(shelf_read, &shelf, size, root, NULL), TN_OK);
        assert_memory_equal(root, naive, sizeof(root));
        tn_merkle_add_leaf_hash(&merkle, leaves[size]);
        tn_tree_append_hash(&tree, leaves[size], shelf_write, &shelf);
    }
}

static void every_full_tile_is_handed_out_once(void **state)
{
    static struct tn_tree tree;
    uint8_t root[TN_HASH_SIZE];
    unsigned width;

    (void) state;
    memset(&shelf, 0, sizeof(shelf));
    tn_tree_init(&tree);
    grow(&tree, &shelf, 70000);
    assert_int_equal(shelf.counts[0], 273);
    assert_int_equal(shelf.counts[1], 1);
    assert_int_equal(shelf.counts[2], 0);
    for (unsigned tile = 0; tile < 273; tile++) {
        assert_memory_equal(shelf.tiles[0][tile], leaves[tile * TN_TILE_WIDTH], TN_TILE_BYTES);
    }
    shelf_stock(&shelf, &tree);
    for (unsigned i = 0; i < 273; i++) {
        naive_root(leaves[i * TN_TILE_WIDTH], TN_TILE_WIDTH, root);
        assert_memory_equal(shelf.tiles[1][i / 256] + i % 256 * TN_HASH_SIZE, root, sizeof(root));
    }
    naive_root(leaves[0], 65536, root);
    assert_memory_equal(tn_tree_growing(&tree, 2, &width), root, sizeof(root));
    assert_int_equal(width, 1);
    (void) tn_tree_growing(&tree, 1, &width);
    assert_int_equal(width, 17);
    (void) tn_tree_growing(&tree, 0, &width);
    assert_int_equal(width, 112);
}

static const uint64_t edge_sizes[] = {0,   1,   2,     255,   256,   257,  511,
                                      512, 600, 65535, 65536, 65537, 69999};

static void tree_resumes_from_its_edge_and_from_tiles(void **state)
{
    static struct tn_tree tree;
    static struct tn_tree again;
    struct tn_buffer edge;
    uint8_t want[TN_HASH_SIZE];
    uint8_t root[TN_HASH_SIZE];

    (void) state;
    tn_buffer_init(&edge, TN_TREE_EDGE_BYTES_MAX + 1);
    memset(&shelf, 0, sizeof(shelf));
    tn_tree_init(&tree);
    for (size_t i = 0; i < TN_ARRAY_SIZE(edge_sizes); i++) {
        uint64_t size = edge_sizes[i];

        grow(&tree, &shelf, size);
        shelf_stock(&shelf, &tree);
        naive_root(leaves[0], size + 1, want);

        tn_buffer_reset(&edge);
        tn_tree_edge(&tree, &edge);
        assert_int_equal(tn_buffer_status(&edge), TN_OK);
        memset(&again, 0xaa, sizeof(again));
        assert_int_equal(tn_tree_resume(&again, size, tn_buffer_view(&edge), NULL), TN_OK);
        grow(&again, NULL, size + 1);
        tn_tree_root(&again, root);
        assert_memory_equal(root, want, sizeof(root));

        memset(&again, 0xaa, sizeof(again));
        shelf.full_only = true;
        assert_int_equal(tn_tree_recompute(&again, size, shelf_read, &shelf, NULL), TN_OK);
        shelf.full_only = false;
        for (unsigned level = 0; level < TN_TREE_LEVELS; level++) {
            unsigned width;
            unsigned width_again;
            const uint8_t *hashes = tn_tree_growing(&tree, level, &width);

            assert_memory_equal(tn_tree_growing(&again, level, &width_again), hashes,
                                width * (size_t) TN_HASH_SIZE);
            assert_int_equal(width, width_again);
        }
        grow(&again, NULL, size + 1);
        tn_tree_root(&again, root);
        assert_memory_equal(root, want, sizeof(root));
    }
    tn_buffer_close(&edge);
}

static void edge_of_the_wrong_length_is_refused(void **state)
{
    static struct tn_tree tree;
    uint8_t edge[3 * TN_HASH_SIZE] = {0};

    (void) state;
    assert_int_equal(tn_tree_resume(&tree, 3, tn_bytes(edge, 2 * TN_HASH_SIZE), NULL), TN_CORRUPT);
    assert_int_equal(tn_tree_resume(&tree, 2, tn_bytes(edge, 3 * TN_HASH_SIZE), NULL), TN_CORRUPT);
    assert_int_equal(tn_tree_resume(&tree, 0, tn_bytes(edge, 1), NULL), TN_CORRUPT);
    assert_int_equal(tn_tree_resume(&tree, UINT64_MAX, tn_bytes(edge, 0), NULL), TN_CORRUPT);
    assert_int_equal(tn_tree_size(&tree), 0);
}

static void a_copy_undoes_appends(void **state)
{
    static struct tn_tree tree;
    static struct tn_tree saved;
    uint8_t want[TN_HASH_SIZE];
    uint8_t root[TN_HASH_SIZE];

    (void) state;
    tn_tree_init(&tree);
    tn_tree_init(&saved);
    grow(&tree, NULL, 300);
    tn_tree_copy(&saved, &tree);
    /* Past the tile boundary, so that the growing tile was written over. */
    for (unsigned i = 0; i < 300; i++) {
        tn_tree_append(&tree, tn_bytes("other", 5), NULL, NULL);
    }
    tn_tree_copy(&tree, &saved);
    memset(&shelf, 0, sizeof(shelf));
    shelf.counts[0] = 1;
    grow(&tree, &shelf, 600);
    assert_memory_equal(shelf.tiles[0][1], leaves[256], TN_TILE_BYTES);
    naive_root(leaves[0], 600, want);
    tn_tree_root(&tree, root);
    assert_memory_equal(root, want, sizeof(root));
}

static void a_failing_reader_is_passed_on(void **state)
{
    static struct tn_tree tree;
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    uint8_t root[TN_HASH_SIZE];
    struct tn_error error = {.status = TN_OK};
    size_t count = 99;

    (void) state;
    memset(&shelf, 0, sizeof(shelf));
    tn_tree_init(&tree);
    grow(&tree, &shelf, 600);
    shelf_stock(&shelf, &tree);
    for (unsigned nth = 1; nth <= 2; nth++) {
        shelf.fail_after = nth;
        assert_int_equal(tn_tree_root_at(shelf_read, &shelf, 600, root, &error), TN_IO);
        assert_true(tn_is_zero(root, sizeof(root)));
        shelf.fail_after = nth;
        assert_int_equal(tn_tree_prove_inclusion(shelf_read, &shelf, 0, 600, proof, &count, &error),
                         TN_IO);
        assert_int_equal(count, 0);
        shelf.fail_after = nth;
        assert_int_equal(
            tn_tree_prove_consistency(shelf_read, &shelf, 257, 600, proof, &count, &error), TN_IO);
        shelf.fail_after = nth;
        assert_int_equal(tn_tree_recompute(&tree, 600, shelf_read, &shelf, &error), TN_IO);
        assert_int_equal(tn_tree_size(&tree), 0);
    }
    assert_string_equal(error.text, "as the test wished");
}

/* ---- proofs ---- */

static void inclusion_holds(uint64_t index, uint64_t size, bool every_bit)
{
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    uint8_t same[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    uint8_t root[TN_HASH_SIZE];
    size_t count;
    size_t same_count;

    assert_int_equal(tn_tree_root_at(shelf_read, &shelf, size, root, NULL), TN_OK);
    assert_int_equal(tn_tree_prove_inclusion(shelf_read, &shelf, index, size, proof, &count, NULL),
                     TN_OK);
    assert_int_equal(count, tn_proof_inclusion_count(index, size));
    assert_int_equal(tn_proof_verify_inclusion(leaves[index], index, size, proof, count, root),
                     TN_OK);
    if (size <= 600) {
        assert_int_equal(tn_tree_prove_leaves(leaves[0], size, index, same, &same_count), TN_OK);
        assert_int_equal(same_count, count);
        assert_memory_equal(same, proof, count * TN_HASH_SIZE);
    }
    /* One hash too few, one too many, the neighbour's place. */
    if (count > 0) {
        assert_int_equal(
            tn_proof_verify_inclusion(leaves[index], index, size, proof, count - 1, root),
            TN_INVALID);
    }
    memset(proof + count * TN_HASH_SIZE, 0, TN_HASH_SIZE);
    assert_int_equal(tn_proof_verify_inclusion(leaves[index], index, size, proof, count + 1, root),
                     TN_INVALID);
    if (size > 1) {
        assert_int_not_equal(
            tn_proof_verify_inclusion(leaves[index], index ^ 1, size, proof, count, root), TN_OK);
    }
    if (!every_bit) {
        return;
    }
    for (size_t bit = 0; bit < count * TN_HASH_SIZE * 8; bit++) {
        proof[bit / 8] ^= (uint8_t) (1u << bit % 8);
        assert_int_equal(tn_proof_verify_inclusion(leaves[index], index, size, proof, count, root),
                         TN_MISMATCH);
        proof[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
    for (size_t bit = 0; bit < sizeof(root) * 8; bit++) {
        uint8_t leaf[TN_HASH_SIZE];

        root[bit / 8] ^= (uint8_t) (1u << bit % 8);
        assert_int_equal(tn_proof_verify_inclusion(leaves[index], index, size, proof, count, root),
                         TN_MISMATCH);
        root[bit / 8] ^= (uint8_t) (1u << bit % 8);
        memcpy(leaf, leaves[index], sizeof(leaf));
        leaf[bit / 8] ^= (uint8_t) (1u << bit % 8);
        assert_int_equal(tn_proof_verify_inclusion(leaf, index, size, proof, count, root),
                         TN_MISMATCH);
    }
}

static void consistency_holds(uint64_t old_size, uint64_t size, bool every_bit)
{
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    uint8_t old_root[TN_HASH_SIZE];
    uint8_t root[TN_HASH_SIZE];
    size_t count;

    naive_root(leaves[0], old_size, old_root);
    assert_int_equal(tn_tree_root_at(shelf_read, &shelf, size, root, NULL), TN_OK);
    assert_int_equal(
        tn_tree_prove_consistency(shelf_read, &shelf, old_size, size, proof, &count, NULL), TN_OK);
    assert_int_equal(tn_proof_verify_consistency(old_size, size, proof, count, old_root, root),
                     TN_OK);
    memset(proof + count * TN_HASH_SIZE, 0, TN_HASH_SIZE);
    assert_int_equal(tn_proof_verify_consistency(old_size, size, proof, count + 1, old_root, root),
                     TN_INVALID);
    if (count > 0) {
        assert_int_equal(
            tn_proof_verify_consistency(old_size, size, proof, count - 1, old_root, root),
            TN_INVALID);
    }
    for (size_t bit = 0; every_bit && bit < count * TN_HASH_SIZE * 8; bit++) {
        proof[bit / 8] ^= (uint8_t) (1u << bit % 8);
        assert_int_equal(tn_proof_verify_consistency(old_size, size, proof, count, old_root, root),
                         TN_MISMATCH);
        proof[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
    for (size_t bit = 0; every_bit && bit < sizeof(root) * 8; bit++) {
        root[bit / 8] ^= (uint8_t) (1u << bit % 8);
        assert_int_equal(tn_proof_verify_consistency(old_size, size, proof, count, old_root, root),
                         TN_MISMATCH);
        root[bit / 8] ^= (uint8_t) (1u << bit % 8);
        old_root[bit / 8] ^= (uint8_t) (1u << bit % 8);
        assert_int_equal(tn_proof_verify_consistency(old_size, size, proof, count, old_root, root),
                         TN_MISMATCH);
        old_root[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
}

static void every_proof_verifies_and_no_changed_one(void **state)
{
    static struct tn_tree tree;

    (void) state;
    memset(&shelf, 0, sizeof(shelf));
    tn_tree_init(&tree);
    for (uint64_t size = 1; size <= 70; size++) {
        grow(&tree, &shelf, size);
        shelf_stock(&shelf, &tree);
        for (uint64_t i = 0; i < size; i++) {
            inclusion_holds(i, size, size <= 17);
            consistency_holds(i + 1, size, size <= 17);
        }
    }
}

static void proofs_hold_across_tiles_and_at_older_sizes(void **state)
{
    static const uint64_t sizes[] = {255, 256, 257, 300, 511, 512, 513, 600};
    static const uint64_t large[] = {65535, 65536, 65537, 65792, 69999, 70000};
    static struct tn_tree tree;

    (void) state;
    memset(&shelf, 0, sizeof(shelf));
    tn_tree_init(&tree);
    grow(&tree, &shelf, LEAVES_MAX);
    shelf_stock(&shelf, &tree);
    /* The shelf holds 70,000; every older size is read from prefixes of the same tiles. */
    for (size_t s = 0; s < TN_ARRAY_SIZE(sizes); s++) {
        for (uint64_t i = 0; i < sizes[s]; i += i < 3 || i > 250 ? 1 : 7) {
            inclusion_holds(i, sizes[s], false);
            consistency_holds(i + 1, sizes[s], false);
        }
    }
    for (size_t s = 0; s < TN_ARRAY_SIZE(large); s++) {
        for (uint64_t i = 0; i < large[s]; i += 6151) {
            inclusion_holds(i, large[s], false);
            consistency_holds(i + 1, large[s], false);
        }
        inclusion_holds(large[s] - 1, large[s], false);
        consistency_holds(large[s], large[s], false);
    }
    shelf.reads = 0;
    inclusion_holds(40000, 70000, false);
    /* Root and proof together: a handful of tiles. */
    assert_in_range(shelf.reads, 1, 10);
}

static void questions_out_of_range_are_refused(void **state)
{
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE] = {0};
    uint8_t root[TN_HASH_SIZE] = {0};
    size_t count;

    (void) state;
    memset(&shelf, 0, sizeof(shelf));
    assert_int_equal(tn_tree_prove_inclusion(shelf_read, &shelf, 0, 0, proof, &count, NULL),
                     TN_INVALID);
    assert_int_equal(tn_tree_prove_inclusion(shelf_read, &shelf, 5, 5, proof, &count, NULL),
                     TN_INVALID);
    assert_int_equal(tn_tree_prove_consistency(shelf_read, &shelf, 0, 5, proof, &count, NULL),
                     TN_INVALID);
    assert_int_equal(tn_tree_prove_consistency(shelf_read, &shelf, 6, 5, proof, &count, NULL),
                     TN_INVALID);
    assert_int_equal(tn_tree_prove_leaves(leaves[0], 5, 5, proof, &count), TN_INVALID);
    assert_int_equal(tn_proof_verify_inclusion(leaves[0], 0, 0, proof, 0, root), TN_INVALID);
    assert_int_equal(tn_proof_verify_inclusion(leaves[0], 7, 7, proof, 3, root), TN_INVALID);
    assert_int_equal(tn_proof_verify_consistency(0, 5, proof, 0, root, root), TN_INVALID);
    assert_int_equal(tn_proof_verify_consistency(6, 5, proof, 1, root, root), TN_INVALID);
    assert_int_equal(tn_proof_verify_consistency(5, 5, proof, 0, root, root), TN_OK);
    assert_int_equal(tn_proof_verify_consistency(5, 5, proof, 0, root, leaves[0]), TN_MISMATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_rfc_6962),
        cmocka_unit_test(eight_leaves_of_the_reference_tree_give_its_root),
        cmocka_unit_test(three_ways_to_a_root_agree),
        cmocka_unit_test(every_full_tile_is_handed_out_once),
        cmocka_unit_test(tree_resumes_from_its_edge_and_from_tiles),
        cmocka_unit_test(edge_of_the_wrong_length_is_refused),
        cmocka_unit_test(a_copy_undoes_appends),
        cmocka_unit_test(a_failing_reader_is_passed_on),
        cmocka_unit_test(every_proof_verifies_and_no_changed_one),
        cmocka_unit_test(proofs_hold_across_tiles_and_at_older_sizes),
        cmocka_unit_test(questions_out_of_range_are_refused),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    leaves_fill();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
