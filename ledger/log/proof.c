/* Verifiers of inclusion and consistency proofs: RFC 9162 2.1.3.2 and 2.1.4.2 as they are written
 * there, and the house rules of spec/log.md 6. They share no code with what makes proofs. */
#include "ledger/log/tree.h"

#include <string.h>

#include "ledger/base/hash.h"

static void skip_right_edge(uint64_t *fn, uint64_t *sn);

size_t tn_proof_inclusion_count(uint64_t index, uint64_t size)
{
    uint64_t fn = index;
    uint64_t sn = size - 1;
    size_t count = 0;

    /* A hash for every level below the one where the paths of `index` and the last leaf meet, and
     * from there one for every left neighbour. */
    for (; fn != sn; count++) {
        fn >>= 1;
        sn >>= 1;
    }
    return count + (size_t) __builtin_popcountll(fn);
}

enum tn_status tn_proof_inclusion_root(const uint8_t leaf_hash[static TN_HASH_SIZE], uint64_t index,
                                       uint64_t size, const uint8_t *proof, size_t count,
                                       uint8_t root[static TN_HASH_SIZE])
{
    uint64_t fn = index;
    uint64_t sn = size - 1;
    uint8_t up[TN_HASH_SIZE];

    if (size > TN_TREE_SIZE_MAX || index >= size) {
        memset(root, 0, TN_HASH_SIZE);
        return TN_INVALID;
    }
    memcpy(root, leaf_hash, TN_HASH_SIZE);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *step = proof + i * TN_HASH_SIZE;

        if (sn == 0) {
            return TN_INVALID;
        }
        if ((fn & 1) != 0 || fn == sn) {
            tn_node_hash(up, step, root);
            skip_right_edge(&fn, &sn);
        } else {
            tn_node_hash(up, root, step);
        }
        memcpy(root, up, TN_HASH_SIZE);
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 ? TN_OK : TN_INVALID;
}

enum tn_status tn_proof_verify_inclusion(const uint8_t leaf_hash[static TN_HASH_SIZE],
                                         uint64_t index, uint64_t size, const uint8_t *proof,
                                         size_t count, const uint8_t root[static TN_HASH_SIZE])
{
    uint8_t hash[TN_HASH_SIZE];
    enum tn_status status = tn_proof_inclusion_root(leaf_hash, index, size, proof, count, hash);

    if (status != TN_OK) {
        return status;
    }
    return memcmp(hash, root, sizeof(hash)) == 0 ? TN_OK : TN_MISMATCH;
}

/* A node without a right neighbour moves up unchanged until it is a right child (or the root). */
static void skip_right_edge(uint64_t *fn, uint64_t *sn)
{
    while ((*fn & 1) == 0 && *fn != 0) {
        *fn >>= 1;
        *sn >>= 1;
    }
}

enum tn_status tn_proof_verify_consistency(uint64_t old_size, uint64_t size, const uint8_t *proof,
                                           size_t count,
                                           const uint8_t old_root[static TN_HASH_SIZE],
                                           const uint8_t root[static TN_HASH_SIZE])
{
    uint64_t fn = old_size - 1;
    uint64_t sn = size - 1;
    uint8_t old_hash[TN_HASH_SIZE];
    uint8_t hash[TN_HASH_SIZE];
    uint8_t up[TN_HASH_SIZE];
    size_t next = 0;

    if (size > TN_TREE_SIZE_MAX || old_size == 0 || old_size > size) {
        return TN_INVALID;
    }
    if (old_size == size) {
        if (count != 0) {
            return TN_INVALID;
        }
        return memcmp(old_root, root, TN_HASH_SIZE) == 0 ? TN_OK : TN_MISMATCH;
    }
    if (count == 0) {
        return TN_INVALID;
    }
    /* A perfect old tree is a node of the new one, and the proof leaves it out. */
    memcpy(hash, (old_size & (old_size - 1)) == 0 ? old_root : proof + TN_HASH_SIZE * next++,
           sizeof(hash));
    memcpy(old_hash, hash, sizeof(hash));
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    for (; next < count; next++) {
        const uint8_t *step = proof + next * TN_HASH_SIZE;

        if (sn == 0) {
            return TN_INVALID;
        }
        if ((fn & 1) != 0 || fn == sn) {
            tn_node_hash(up, step, old_hash);
            memcpy(old_hash, up, sizeof(up));
            tn_node_hash(up, step, hash);
            skip_right_edge(&fn, &sn);
        } else {
            tn_node_hash(up, hash, step);
        }
        memcpy(hash, up, sizeof(up));
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0) {
        return TN_INVALID;
    }
    return memcmp(old_hash, old_root, sizeof(hash)) == 0 && memcmp(hash, root, sizeof(hash)) == 0
               ? TN_OK
               : TN_MISMATCH;
}
