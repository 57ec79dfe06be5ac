/* add-checkpoint: requests, decisions, answers. The form is drawn in witness.h. */
#include "ledger/log/witness.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "ledger/log/lines.h"

void tn_witness_id(const struct tn_verifier *verifier, uint8_t id[static TN_ID_SIZE])
{
    char vkey[TN_VKEY_SIZE];
    uint8_t hash[TN_HASH_SIZE];

    tn_vkey_format(verifier, vkey);
    tn_sha256(hash, tn_bytes_from_string(vkey));
    memcpy(id, hash, TN_ID_SIZE);
}

/* ---- requests ---- */

void tn_witness_request_format(struct tn_buffer *out, uint64_t old_size, const uint8_t *proof,
                               size_t count, struct tn_bytes note)
{
    TN_CHECK(count <= TN_WITNESS_PROOF_MAX);
    tn_buffer_printf(out, "old %" PRIu64 "\n", old_size);
    tn_hash_lines_write(out, proof, count);
    tn_buffer_append_u8(out, '\n');
    tn_buffer_append_bytes(out, note);
}

static enum tn_status request_read(struct tn_bytes bytes, struct tn_witness_request *request,
                                   struct tn_error *error)
{
    struct tn_bytes line;

    if (bytes.size > TN_WITNESS_REQUEST_BYTES_MAX) {
        return tn_fail(error, TN_INVALID, "the request of %zu bytes is too long", bytes.size);
    }
    if (!tn_line_take(&bytes, &line) || !tn_prefix_take(&line, "old ") ||
        !tn_decimal_parse(line, &request->old_size)) {
        return tn_fail(error, TN_INVALID, "the request does not begin with an old size");
    }
    while (tn_line_take(&bytes, &line)) {
        if (line.size == 0) {
            request->note = bytes;
            return TN_OK;
        }
        if (request->count >= TN_WITNESS_PROOF_MAX) {
            return tn_fail(error, TN_INVALID, "the proof has more than %d hashes",
                           TN_WITNESS_PROOF_MAX);
        }
        if (!tn_hash_parse(line, request->proof + request->count * TN_HASH_SIZE)) {
            return tn_fail(error, TN_INVALID, "hash %zu of the proof is not 32 bytes of base64",
                           request->count);
        }
        request->count++;
    }
    return tn_fail(error, TN_INVALID, "there is no empty line before the checkpoint");
}

enum tn_status tn_witness_request_parse(struct tn_bytes bytes, struct tn_witness_request *request,
                                        struct tn_error *error)
{
    enum tn_status status;

    memset(request, 0, sizeof(*request));
    status = request_read(bytes, request, error);
    if (status != TN_OK) {
        memset(request, 0, sizeof(*request));
    }
    return status;
}

/* ---- deciding ---- */

static void answer(struct tn_witness_decision *decision, unsigned status, const char *words)
{
    decision->status = status;
    decision->words = words;
}

/* The keys trusted for the checkpoint's origin. */
static size_t keys_of(const struct tn_witness_log *logs, size_t log_count, struct tn_bytes origin,
                      struct tn_verifier keys[static TN_WITNESS_KEYS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < log_count && count < TN_WITNESS_KEYS_MAX; i++) {
        if (tn_bytes_equal(logs[i].origin, origin)) {
            keys[count++] = logs[i].verifier;
        }
    }
    return count;
}

void tn_witness_admit(struct tn_bytes bytes, const struct tn_witness_log *logs, size_t log_count,
                      struct tn_witness_decision *decision)
{
    struct tn_verifier keys[TN_WITNESS_KEYS_MAX];
    size_t count;

    memset(decision, 0, sizeof(*decision));
    answer(decision, 200, "");
    if (tn_witness_request_parse(bytes, &decision->request, NULL) != TN_OK ||
        tn_note_parse(decision->request.note, &decision->note, NULL) != TN_OK ||
        tn_checkpoint_parse(decision->note.text, &decision->checkpoint, NULL) != TN_OK) {
        answer(decision, 400, "not an old size, a proof and a checkpoint");
        return;
    }
    count = keys_of(logs, log_count, decision->checkpoint.origin, keys);
    if (count == 0) {
        answer(decision, 404, "no log of that origin is known here");
        return;
    }
    if (tn_note_verify(decision->request.note, keys, count, &decision->note, NULL) != TN_OK) {
        answer(decision, 403, "no signature by a trusted key of the log");
        return;
    }
    if (decision->request.old_size > decision->checkpoint.size) {
        answer(decision, 400, "the old size is larger than the checkpoint's");
    }
}

void tn_witness_decide(const struct tn_witness_known *known, struct tn_witness_decision *decision)
{
    const struct tn_witness_request *request = &decision->request;
    const struct tn_checkpoint *checkpoint = &decision->checkpoint;
    bool fits;

    TN_CHECK(decision->status == 200);
    if (request->old_size != known->size) {
        decision->known_size = known->size;
        answer(decision, 409, "another size was cosigned last");
        return;
    }
    if (request->old_size == 0) {
        /* From nothing there is nothing to prove: the root of an empty tree was checked with the
         * checkpoint's form, and any first checkpoint is taken. */
        fits = request->count == 0;
    } else {
        fits = tn_proof_verify_consistency(request->old_size, checkpoint->size, request->proof,
                                           request->count, known->root, checkpoint->root) == TN_OK;
    }
    if (!fits) {
        answer(decision, 422, "the consistency proof does not fit");
    }
}

/* ---- answers ---- */

/* "type" or "type; parameters", of any case. */
static bool type_is(struct tn_bytes content_type, const char *type)
{
    size_t size = strlen(type);

    if (content_type.size < size ||
        strncasecmp((const char *) content_type.data, type, size) != 0) {
        return false;
    }
    return content_type.size == size || content_type.data[size] == ';' ||
           content_type.data[size] == ' ';
}

/* One decimal and a newline. */
static bool size_read(struct tn_bytes body, uint64_t *size)
{
    struct tn_bytes line;

    return tn_line_take(&body, &line) && body.size == 0 && tn_decimal_parse(line, size);
}

void tn_witness_answer_read(unsigned status, struct tn_bytes content_type, struct tn_bytes body,
                            bool equal_sizes, struct tn_witness_answer *answer)
{
    *answer = (struct tn_witness_answer){.outcome = TN_WITNESS_FAILED};
    if (body.size > TN_WITNESS_ANSWER_BYTES_MAX) {
        return;
    }
    switch (status) {
    case 200:
        answer->outcome = TN_WITNESS_SIGNED;
        break;
    case 409:
        if (type_is(content_type, TN_WITNESS_SIZE_TYPE)) {
            answer->outcome = size_read(body, &answer->size) ? TN_WITNESS_STALE : TN_WITNESS_FAILED;
        } else if (equal_sizes) {
            answer->outcome = TN_WITNESS_FORK;
        }
        break;
    case 422:
        answer->outcome = TN_WITNESS_FORK;
        break;
    case 400:
    case 403:
    case 404:
        answer->outcome = TN_WITNESS_REJECTED;
        break;
    default:
        break;
    }
}

enum tn_status tn_witness_answer_lines(struct tn_bytes text, struct tn_bytes body,
                                       const struct tn_verifier *verifiers, size_t verifier_count,
                                       struct tn_buffer *lines, uint64_t *signed_by,
                                       struct tn_error *error)
{
    enum tn_status status = TN_OK;
    struct tn_bytes line;
    size_t count = 0;
    size_t mark = lines->size;

    *signed_by = 0;
    if (body.size == 0 || body.size > TN_WITNESS_ANSWER_BYTES_MAX ||
        body.data[body.size - 1] != '\n') {
        return tn_fail(error, TN_INVALID, "the answer is not lines of signatures");
    }
    while (status == TN_OK && tn_line_take(&body, &line)) {
        struct tn_bytes whole = tn_bytes(line.data, line.size + 1);
        uint64_t time_s;
        size_t which;

        if (++count > TN_NOTE_LINES_MAX) {
            status = tn_fail(error, TN_INVALID, "the answer has too many lines");
            break;
        }
        status =
            tn_note_verify_line(text, whole, verifiers, verifier_count, &which, &time_s, error);
        if (status == TN_OK && (*signed_by & UINT64_C(1) << which) == 0) {
            *signed_by |= UINT64_C(1) << which;
            tn_buffer_append_bytes(lines, whole);
            status = tn_buffer_status(lines);
        } else if (status == TN_NOT_FOUND) {
            status = TN_OK;
        }
    }
    if (status == TN_OK && *signed_by == 0) {
        status = tn_fail(error, TN_NOT_FOUND, "the answer has no cosignature of a known key");
    }
    if (status != TN_OK) {
        *signed_by = 0;
        lines->size = lines->overflowed ? lines->size : mark;
    }
    return status;
}
