/* Proofs of sealed rows from outside: bounded, and only what was signed is proven. */
#include <sodium.h>

#include "ledger/base/check.h"
#include "projections/state_proof.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {1};
    struct tn_state_finding finding;
    struct tn_state_proof proof;
    struct tn_state_proof again;
    struct tn_buffer out;
    struct tn_arena arena;
    struct tn_signer signer;

    if (sodium_init() < 0) {
        return 0;
    }
    tn_arena_init(&arena, (size_t) 64 << 20);
    tn_buffer_init(&out, TN_STATE_PROOF_BYTES_MAX);
    if (tn_state_proof_parse(tn_bytes(data, size), &arena, &proof, NULL) == TN_OK) {
        tn_state_proof_format(&out, &proof);
        TN_CHECK(tn_buffer_status(&out) != TN_OK ||
                 tn_bytes_equal(tn_buffer_view(&out), tn_bytes(data, size)));
        TN_CHECK(tn_signer_init(&signer, tn_bytes_from_string("log.test/one"), TN_KEY_ED25519,
                                seed) == TN_OK);
        if (tn_state_proof_check(&proof, &signer.verifier, 1, &arena, &finding, NULL) == TN_OK) {
            TN_CHECK(finding.first + finding.count <= proof.row_count);
        }
        (void) tn_state_proof_parse(tn_buffer_view(&out), &arena, &again, NULL);
        tn_signer_close(&signer);
    }
    tn_buffer_close(&out);
    tn_arena_close(&arena);
    return 0;
}
