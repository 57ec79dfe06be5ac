/* Receipts: what the log promises the moment a command is durable (spec/log.md 6; drawn in
 * ledger/FORMAT.md). One Ed25519 signature serves a whole frame, over
 *
 *     "turno1.receipt" || BE64 first index || BE32 count || MTH of the frame's leaves
 *                      || BE64 publish-by us
 *
 * and a receipt adds one leaf and its path in the frame: "entry `index` of the log of this key has
 * this leaf hash, and a checkpoint that covers it is published by then". Beside the published tree
 * an unkept promise is a signed proof of misbehaviour. Pure but for libsodium; any thread. */
#ifndef TN_LEDGER_LOG_RECEIPT_H
#define TN_LEDGER_LOG_RECEIPT_H

#include "ledger/log/frame.h"
#include "ledger/log/note.h"
#include "ledger/log/tree.h"

/* A checkpoint follows its entries within 200 ms; the promise leaves room for a bad day. */
#define TN_RECEIPT_PUBLISH_WITHIN_US UINT64_C(10000000)
/* A frame has at most 65,535 entries: no path in it is longer. */
#define TN_RECEIPT_PATH_MAX 16
#define TN_RECEIPT_FIXED_BYTES 128
#define TN_RECEIPT_BYTES_MAX (TN_RECEIPT_FIXED_BYTES + TN_RECEIPT_PATH_MAX * TN_HASH_SIZE)

/* ---- making them ---- */

/* A frame's signature and every node of its tree, shared by the receipts of its entries. */
struct tn_receipt_frame;

/* Of the `count` leaf hashes of a frame, flat (tn_log_frame_leaves); `last_time_us` is of its last
 * entry. One signature and one node hash a leaf. The caller holds it once. NULL: no memory. */
struct tn_receipt_frame *tn_receipt_frame_create(const uint8_t *leaves, size_t count,
                                                 uint64_t first_index, uint64_t last_time_us,
                                                 const struct tn_signer *signer);
/* Holders on any threads; the last to drop it frees it. NULL is fine for drop. */
struct tn_receipt_frame *tn_receipt_frame_hold(struct tn_receipt_frame *frame);
void tn_receipt_frame_drop(struct tn_receipt_frame *frame);
/* Whether the entry is of this frame. */
bool tn_receipt_frame_covers(const struct tn_receipt_frame *frame, uint64_t index);
/* The receipt of an entry that the frame covers (checked); returns its size. */
size_t tn_receipt_write(const struct tn_receipt_frame *frame, uint64_t index,
                        uint8_t out[static TN_RECEIPT_BYTES_MAX]);

/* ---- reading them ---- */

struct tn_receipt {
    uint8_t key_id[TN_KEY_ID_SIZE];
    uint64_t first_index;
    uint32_t count;
    uint64_t index; /* of the entry */
    uint64_t publish_by_us;
    uint8_t leaf_hash[TN_HASH_SIZE];
    uint8_t signature[TN_SIGNATURE_SIZE];
    size_t path_count;
    uint8_t path[TN_RECEIPT_PATH_MAX * TN_HASH_SIZE];
};

/* TN_INVALID with words; `*receipt` zeroed. */
TN_MUST_USE enum tn_status tn_receipt_parse(struct tn_bytes bytes, struct tn_receipt *receipt,
                                            struct tn_error *error);
/* Did the log of `verifier` (its TN_KEY_ED25519 key) promise this?
 * TN_NOT_FOUND  another key signed    TN_MISMATCH  the signature is not right */
TN_MUST_USE enum tn_status tn_receipt_verify(const struct tn_receipt *receipt,
                                             const struct tn_verifier *verifier,
                                             struct tn_error *error);

#endif
