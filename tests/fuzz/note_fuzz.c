/* Notes, verifier keys and checkpoints from outside: nothing but a status, and what parses keeps
 * its promises. */
#include <sodium.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/log/note.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {7};
    struct tn_bytes bytes = tn_bytes(data, size);
    struct tn_checkpoint checkpoint;
    struct tn_verifier verifiers[2];
    struct tn_signer signer;
    struct tn_error error = {.status = TN_OK};
    struct tn_note note;
    char text[TN_VKEY_SIZE];

    if (sodium_init() < 0) {
        return 0;
    }
    TN_CHECK(tn_signer_init(&signer, tn_bytes_from_string("a"), TN_KEY_ED25519, seed) == TN_OK);
    verifiers[0] = signer.verifier;
    tn_signer_close(&signer);
    TN_CHECK(tn_signer_init(&signer, tn_bytes_from_string("w"), TN_KEY_COSIGNATURE, seed) == TN_OK);
    verifiers[1] = signer.verifier;
    tn_signer_close(&signer);
    if (tn_note_parse(bytes, &note, &error) == TN_OK) {
        TN_CHECK(note.text.size + 1 + note.signatures.size == size);
        TN_CHECK(note.line_count >= 1 && note.line_count <= TN_NOTE_LINES_MAX);
        (void) tn_checkpoint_parse(note.text, &checkpoint, &error);
    }
    if (tn_note_verify(bytes, verifiers, 2, &note, &error) == TN_OK) {
        TN_CHECK(note.verified != 0);
    }
    (void) tn_checkpoint_parse(bytes, &checkpoint, &error);
    if (tn_vkey_parse(bytes, &verifiers[0], &error) == TN_OK) {
        tn_vkey_format(&verifiers[0], text);
        TN_CHECK(strlen(text) == size);
    }
    return 0;
}
