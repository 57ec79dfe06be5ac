/* What receipts cost.
 *
 *     receipt_bench [SECONDS]
 *
 * For frames of some sizes: the frame's signature and tree, one entry's receipt, its base64, and
 * the sum a request, in nanoseconds. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/log/receipt.h"

#define LEAVES 4096u

int main(int argc, char **argv)
{
    static const size_t counts[] = {1, 16, 64, 256, 1024, LEAVES};
    static uint8_t leaves[LEAVES * TN_HASH_SIZE];
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {3};
    uint64_t limit_us = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1) * 1000000u;
    struct tn_signer signer;
    uint64_t sink = 0;

    if (sodium_init() < 0 ||
        tn_signer_init(&signer, tn_bytes_from_string("bench"), TN_KEY_ED25519, seed) != TN_OK) {
        return 1;
    }
    randombytes_buf(leaves, sizeof(leaves));
    printf("%8s %12s %12s %12s %12s\n", "frame", "frame ns", "receipt ns", "base64 ns",
           "a request ns");
    for (size_t n = 0; n < TN_ARRAY_SIZE(counts); n++) {
        size_t count = counts[n];
        uint64_t spent_us[3] = {0};
        uint64_t frames = 0;

        for (; spent_us[0] + spent_us[1] + spent_us[2] < limit_us / TN_ARRAY_SIZE(counts);
             frames++) {
            uint8_t bytes[TN_RECEIPT_BYTES_MAX];
            char text[TN_BASE64_SIZE(TN_RECEIPT_BYTES_MAX)];
            size_t size = 0;
            uint64_t at_us[4];
            struct tn_receipt_frame *frame;

            at_us[0] = tn_clock_boot_us();
            frame = tn_receipt_frame_create(leaves, count, 0, 0, &signer);
            TN_CHECK(frame);
            at_us[1] = tn_clock_boot_us();
            for (size_t i = 0; i < count; i++) {
                size = tn_receipt_write(frame, i, bytes);
                sink += bytes[size - 1];
            }
            at_us[2] = tn_clock_boot_us();
            for (size_t i = 0; i < count; i++) {
                tn_base64_encode(text, bytes, size);
                sink += (uint8_t) text[i % size];
            }
            at_us[3] = tn_clock_boot_us();
            for (size_t i = 0; i < 3; i++) {
                spent_us[i] += at_us[i + 1] - at_us[i];
            }
            tn_receipt_frame_drop(frame);
        }
        printf("%8zu %12.0f %12.0f %12.0f %12.0f\n", count,
               1e3 * (double) spent_us[0] / (double) frames,
               1e3 * (double) spent_us[1] / (double) (frames * count),
               1e3 * (double) spent_us[2] / (double) (frames * count),
               1e3 * (double) (spent_us[0] + spent_us[1] + spent_us[2]) /
                   (double) (frames * count));
    }
    tn_signer_close(&signer);
    return sink == 0;
}
