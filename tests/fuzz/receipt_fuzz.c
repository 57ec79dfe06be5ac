/* Receipts from outside: whatever parses has one form, and only what was signed verifies. */
#include <sodium.h>

#include "ledger/base/check.h"
#include "ledger/log/receipt.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {7};
    struct tn_receipt receipt;
    struct tn_signer signer;

    if (sodium_init() < 0) {
        return 0;
    }
    if (tn_receipt_parse(tn_bytes(data, size), &receipt, NULL) == TN_OK) {
        TN_CHECK(receipt.index >= receipt.first_index &&
                 receipt.index - receipt.first_index < receipt.count);
        TN_CHECK(size == TN_RECEIPT_FIXED_BYTES + receipt.path_count * TN_HASH_SIZE);
        TN_CHECK(tn_signer_init(&signer, tn_bytes_from_string("a"), TN_KEY_ED25519, seed) == TN_OK);
        (void) tn_receipt_verify(&receipt, &signer.verifier, NULL);
        tn_signer_close(&signer);
    }
    return 0;
}
