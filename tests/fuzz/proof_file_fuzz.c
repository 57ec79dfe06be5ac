/* Proof files from outside: what parses and is written again parses to the same. */
#include <sodium.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/log/proof_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {7};
    struct tn_bytes bytes = tn_bytes(data, size);
    struct tn_proof_finding finding;
    struct tn_proof_file file;
    struct tn_signer signer;
    struct tn_buffer extra;
    struct tn_buffer again;

    if (sodium_init() < 0) {
        return 0;
    }
    tn_buffer_init(&extra, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    tn_buffer_init(&again, TN_PROOF_FILE_BYTES_MAX);
    if (tn_proof_file_parse(bytes, &file, NULL) == TN_OK) {
        enum tn_status status = tn_proof_file_extra(&file, &extra);
        struct tn_bytes entry = tn_buffer_view(&extra);

        if (status == TN_OK || status == TN_NOT_FOUND) {
            tn_proof_file_format(&again, status == TN_OK ? &entry : NULL, file.index, file.proof,
                                 file.count, file.checkpoint);
            TN_CHECK(tn_bytes_equal(tn_buffer_view(&again), bytes));
        }
    }
    TN_CHECK(tn_signer_init(&signer, tn_bytes_from_string("a"), TN_KEY_ED25519, seed) == TN_OK);
    (void) tn_proof_file_check(bytes, &signer.verifier, 1, NULL, true, &finding, NULL);
    tn_signer_close(&signer);
    tn_buffer_close(&again);
    tn_buffer_close(&extra);
    return 0;
}
