/* Receipts at acceptance. One of them, big-endian:
 *
 *   offset  size  field
 *   0       4     "TNR" and the version 01
 *   4       4     id of the key that signed
 *   8       8     first index of the frame
 *   16      4     count of its entries, 1 to 65,535
 *   20      4     position of the entry in the frame
 *   24      8     publish-by, us
 *   32      32    leaf hash of the entry
 *   64      64    Ed25519 signature
 *   128     32 n  path in the frame, deepest first; n follows from count and position
 */
#include "ledger/log/receipt.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/log/levels.h"

#define PURPOSE "turno1.receipt"
#define MESSAGE_BYTES (sizeof(PURPOSE) - 1 + 8 + 4 + TN_HASH_SIZE + 8)

static const uint8_t magic[4] = {'T', 'N', 'R', 1};

_Static_assert((1u << TN_RECEIPT_PATH_MAX) > TN_FRAME_ENTRIES_MAX,
               "a path in the largest frame fits");

struct tn_receipt_frame {
    atomic_uint holders;
    uint8_t key_id[TN_KEY_ID_SIZE];
    uint64_t first_index;
    uint32_t count;
    uint64_t publish_by_us;
    uint8_t signature[TN_SIGNATURE_SIZE];
    uint8_t nodes[]; /* ledger/log/levels.h */
};

static void write_message(uint8_t out[static MESSAGE_BYTES], uint64_t first_index, uint32_t count,
                          const uint8_t root[static TN_HASH_SIZE], uint64_t publish_by_us)
{
    uint8_t *at = out + sizeof(PURPOSE) - 1;

    memcpy(out, PURPOSE, sizeof(PURPOSE) - 1);
    tn_put_be64(at, first_index);
    tn_put_be32(at + 8, count);
    memcpy(at + 12, root, TN_HASH_SIZE);
    tn_put_be64(at + 12 + TN_HASH_SIZE, publish_by_us);
}

struct tn_receipt_frame *tn_receipt_frame_create(const uint8_t *leaves, size_t count,
                                                 uint64_t first_index, uint64_t last_time_us,
                                                 const struct tn_signer *signer)
{
    struct tn_receipt_frame *frame;
    uint8_t message[MESSAGE_BYTES];

    TN_CHECK(count >= 1 && count <= TN_FRAME_ENTRIES_MAX);
    frame = malloc(sizeof(*frame) + tn_levels_nodes(count) * TN_HASH_SIZE);
    if (!frame) {
        return NULL;
    }
    atomic_init(&frame->holders, 1);
    memcpy(frame->key_id, signer->verifier.id, TN_KEY_ID_SIZE);
    frame->first_index = first_index;
    frame->count = (uint32_t) count;
    frame->publish_by_us = last_time_us + TN_RECEIPT_PUBLISH_WITHIN_US;
    memcpy(frame->nodes, leaves, count * TN_HASH_SIZE);
    write_message(message, first_index, frame->count, tn_levels_fill(frame->nodes, count),
                  frame->publish_by_us);
    tn_signer_sign(signer, tn_bytes(message, sizeof(message)), frame->signature);
    return frame;
}

struct tn_receipt_frame *tn_receipt_frame_hold(struct tn_receipt_frame *frame)
{
    atomic_fetch_add_explicit(&frame->holders, 1, memory_order_relaxed);
    return frame;
}

void tn_receipt_frame_drop(struct tn_receipt_frame *frame)
{
    if (frame && atomic_fetch_sub_explicit(&frame->holders, 1, memory_order_acq_rel) == 1) {
        free(frame);
    }
}

bool tn_receipt_frame_covers(const struct tn_receipt_frame *frame, uint64_t index)
{
    return index >= frame->first_index && index - frame->first_index < frame->count;
}

size_t tn_receipt_write(const struct tn_receipt_frame *frame, uint64_t index,
                        uint8_t out[static TN_RECEIPT_BYTES_MAX])
{
    size_t position = (size_t) (index - frame->first_index);

    TN_CHECK(tn_receipt_frame_covers(frame, index));
    memcpy(out, magic, sizeof(magic));
    memcpy(out + 4, frame->key_id, TN_KEY_ID_SIZE);
    tn_put_be64(out + 8, frame->first_index);
    tn_put_be32(out + 16, frame->count);
    tn_put_be32(out + 20, (uint32_t) position);
    tn_put_be64(out + 24, frame->publish_by_us);
    memcpy(out + 32, frame->nodes + position * TN_HASH_SIZE, TN_HASH_SIZE);
    memcpy(out + 64, frame->signature, TN_SIGNATURE_SIZE);
    return TN_RECEIPT_FIXED_BYTES +
           tn_levels_path(frame->nodes, frame->count, position, out + TN_RECEIPT_FIXED_BYTES) *
               TN_HASH_SIZE;
}

enum tn_status tn_receipt_parse(struct tn_bytes bytes, struct tn_receipt *receipt,
                                struct tn_error *error)
{
    const uint8_t *at = bytes.data;
    uint32_t position;

    memset(receipt, 0, sizeof(*receipt));
    if (bytes.size < TN_RECEIPT_FIXED_BYTES || memcmp(at, magic, sizeof(magic)) != 0) {
        return tn_fail(error, TN_INVALID, "this is not a receipt of version 1");
    }
    receipt->count = tn_get_be32(at + 16);
    receipt->first_index = tn_get_be64(at + 8);
    position = tn_get_be32(at + 20);
    if (receipt->count == 0 || receipt->count > TN_FRAME_ENTRIES_MAX ||
        position >= receipt->count || receipt->first_index >= TN_TREE_SIZE_MAX - receipt->count) {
        memset(receipt, 0, sizeof(*receipt));
        return tn_fail(error, TN_INVALID, "the receipt speaks of a frame that cannot be");
    }
    receipt->path_count = tn_proof_inclusion_count(position, receipt->count);
    if (bytes.size != TN_RECEIPT_FIXED_BYTES + receipt->path_count * TN_HASH_SIZE) {
        memset(receipt, 0, sizeof(*receipt));
        return tn_fail(error, TN_INVALID, "the receipt has not as many hashes as its frame needs");
    }
    memcpy(receipt->key_id, at + 4, TN_KEY_ID_SIZE);
    receipt->index = receipt->first_index + position;
    receipt->publish_by_us = tn_get_be64(at + 24);
    memcpy(receipt->leaf_hash, at + 32, TN_HASH_SIZE);
    memcpy(receipt->signature, at + 64, TN_SIGNATURE_SIZE);
    memcpy(receipt->path, at + TN_RECEIPT_FIXED_BYTES, receipt->path_count * TN_HASH_SIZE);
    return TN_OK;
}

enum tn_status tn_receipt_verify(const struct tn_receipt *receipt,
                                 const struct tn_verifier *verifier, struct tn_error *error)
{
    uint8_t message[MESSAGE_BYTES];
    uint8_t root[TN_HASH_SIZE];

    if (verifier->type != TN_KEY_ED25519 ||
        memcmp(receipt->key_id, verifier->id, TN_KEY_ID_SIZE) != 0) {
        return tn_fail(error, TN_NOT_FOUND,
                       "the receipt is signed by another key than %s: it promises nothing "
                       "in its name",
                       verifier->name);
    }
    if (tn_proof_inclusion_root(receipt->leaf_hash, receipt->index - receipt->first_index,
                                receipt->count, receipt->path, receipt->path_count,
                                root) != TN_OK) {
        return tn_fail(error, TN_INVALID, "the receipt's path does not fit its frame");
    }
    write_message(message, receipt->first_index, receipt->count, root, receipt->publish_by_us);
    if (tn_verifier_verify(verifier, tn_bytes(message, sizeof(message)), receipt->signature) !=
        TN_OK) {
        return tn_fail(error, TN_MISMATCH,
                       "the signature does not fit: %s did not promise entry %" PRIu64
                       " with this leaf hash",
                       verifier->name, receipt->index);
    }
    return TN_OK;
}
