/* What a witness reads and what a log reads from one: a request is decided one way or another, and
 * written again it is the same; an answer means one thing and gives only lines that verify. */
#include <sodium.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/log/witness.h"
#include "tests/fuzz/fuzz.h"

static void request(struct tn_bytes bytes, const struct tn_signer *signer)
{
    static const unsigned statuses[] = {200, 400, 403, 404, 409, 422};
    struct tn_witness_log log = {tn_bytes_from_string("a"), signer->verifier};
    struct tn_witness_known known = {.size = 3};
    struct tn_witness_decision decision;
    struct tn_witness_request parsed;
    struct tn_buffer again;
    bool listed = false;

    tn_buffer_init(&again, TN_WITNESS_REQUEST_BYTES_MAX);
    if (tn_witness_request_parse(bytes, &parsed, NULL) == TN_OK) {
        tn_witness_request_format(&again, parsed.old_size, parsed.proof, parsed.count, parsed.note);
        TN_CHECK(tn_bytes_equal(tn_buffer_view(&again), bytes));
    }
    tn_buffer_close(&again);
    tn_witness_admit(bytes, &log, 1, &decision);
    if (decision.status == 200) {
        tn_witness_decide(&known, &decision);
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(statuses); i++) {
        listed = listed || statuses[i] == decision.status;
    }
    TN_CHECK(listed);
}

static void answer(struct tn_bytes bytes, const struct tn_signer *signer)
{
    static const unsigned statuses[] = {200, 400, 409, 422, 500};
    struct tn_bytes text = tn_bytes_from_string("a\n3\nx\n");
    struct tn_witness_answer read;
    struct tn_buffer lines;
    uint64_t signed_by;

    for (size_t i = 0; i < TN_ARRAY_SIZE(statuses); i++) {
        size_t type = bytes.size < 20 ? bytes.size : 20;

        tn_witness_answer_read(statuses[i], tn_bytes_from_string(TN_WITNESS_SIZE_TYPE), bytes, true,
                               &read);
        tn_witness_answer_read(statuses[i], tn_bytes(bytes.data, type), bytes, false, &read);
    }
    tn_buffer_init(&lines, TN_WITNESS_ANSWER_BYTES_MAX);
    if (tn_witness_answer_lines(text, bytes, &signer->verifier, 1, &lines, &signed_by, NULL) ==
        TN_OK) {
        TN_CHECK(signed_by == 1 && lines.size > 0);
    } else {
        TN_CHECK(signed_by == 0 && lines.size == 0);
    }
    tn_buffer_close(&lines);
}

/* Merging keeps the text and gives a note. */
static void merge(struct tn_bytes bytes, const struct tn_signer *signer)
{
    struct tn_note note;
    struct tn_note merged_note;
    struct tn_buffer lines;
    struct tn_buffer merged;

    if (tn_note_parse(bytes, &note, NULL) != TN_OK) {
        return;
    }
    tn_buffer_init(&lines, TN_WITNESS_ANSWER_BYTES_MAX);
    tn_buffer_init(&merged, 2 * TN_NOTE_BYTES_MAX);
    tn_note_cosign(&lines, note.text, signer, 9);
    if (tn_note_merge(bytes, tn_buffer_view(&lines), &merged, NULL) == TN_OK) {
        TN_CHECK(tn_note_parse(tn_buffer_view(&merged), &merged_note, NULL) == TN_OK);
        TN_CHECK(tn_bytes_equal(note.text, merged_note.text));
        TN_CHECK(merged_note.line_count >= note.line_count);
    }
    tn_buffer_close(&lines);
    tn_buffer_close(&merged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {7};
    struct tn_signer signer;
    struct tn_signer cosigner;

    if (sodium_init() < 0) {
        return 0;
    }
    TN_CHECK(tn_signer_init(&signer, tn_bytes_from_string("a"), TN_KEY_ED25519, seed) == TN_OK);
    TN_CHECK(tn_signer_init(&cosigner, tn_bytes_from_string("w"), TN_KEY_COSIGNATURE, seed) ==
             TN_OK);
    request(tn_bytes(data, size), &signer);
    answer(tn_bytes(data, size), &cosigner);
    merge(tn_bytes(data, size), &cosigner);
    tn_signer_close(&signer);
    tn_signer_close(&cosigner);
    return 0;
}
