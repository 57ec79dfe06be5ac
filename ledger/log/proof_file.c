/* `.tlog-proof` files; their form is drawn in proof_file.h. */
#include "ledger/log/proof_file.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "ledger/log/lines.h"

#define HEADER "c2sp.org/tlog-proof@v1"

static enum tn_status hashes_parse(struct tn_bytes *rest, struct tn_proof_file *file,
                                   struct tn_error *error);
static enum tn_status finding_fill(const struct tn_proof_file *file,
                                   const struct tn_verifier *verifiers, size_t verifier_count,
                                   struct tn_proof_finding *finding, struct tn_error *error);
static enum tn_status leaf_from_extra(const struct tn_proof_file *file,
                                      struct tn_proof_finding *finding, struct tn_error *error);

void tn_proof_file_format(struct tn_buffer *out, const struct tn_bytes *extra, uint64_t index,
                          const uint8_t *proof, size_t count, struct tn_bytes checkpoint)
{
    TN_CHECK(count < TN_PROOF_HASHES_MAX && index < TN_TREE_SIZE_MAX);
    tn_buffer_append_string(out, HEADER "\n");
    if (extra != NULL) {
        size_t size = TN_BASE64_SIZE(extra->size);
        uint8_t *text;

        TN_CHECK(extra->size <= TN_PROOF_FILE_EXTRA_BYTES_MAX);
        tn_buffer_append_string(out, "extra ");
        /* The encoder ends with a zero, whose place the newline takes. */
        text = tn_buffer_extend(out, size);
        if (text != NULL) {
            tn_base64_encode((char *) text, extra->data, extra->size);
            text[size - 1] = '\n';
        }
    }
    tn_buffer_printf(out, "index %" PRIu64 "\n", index);
    tn_hash_lines_write(out, proof, count);
    tn_buffer_append_u8(out, '\n');
    tn_buffer_append_bytes(out, checkpoint);
}

enum tn_status tn_proof_file_parse(struct tn_bytes bytes, struct tn_proof_file *file,
                                   struct tn_error *error)
{
    struct tn_bytes line;
    enum tn_status status;

    memset(file, 0, sizeof(*file));
    if (bytes.size > TN_PROOF_FILE_BYTES_MAX) {
        return tn_fail(error, TN_INVALID, "proof file of %zu bytes is too long", bytes.size);
    }
    if (!tn_line_take(&bytes, &line) || !tn_bytes_equal_string(line, HEADER)) {
        return tn_fail(error, TN_INVALID, "proof file does not begin with " HEADER);
    }
    if (!tn_line_take(&bytes, &line)) {
        return tn_fail(error, TN_INVALID, "proof file ends after its first line");
    }
    file->has_extra = tn_prefix_take(&line, "extra ");
    if (file->has_extra) {
        file->extra = line;
        if (!tn_line_take(&bytes, &line)) {
            line = tn_bytes(NULL, 0);
        }
    }
    if (!tn_prefix_take(&line, "index ") || !tn_decimal_parse(line, &file->index)) {
        status = tn_fail(error, TN_INVALID, "proof file has no index in decimal");
    } else {
        status = hashes_parse(&bytes, file, error);
    }
    file->checkpoint = bytes;
    if (status != TN_OK) {
        memset(file, 0, sizeof(*file));
    }
    return status;
}

/* Hash lines and the empty line behind them. */
static enum tn_status hashes_parse(struct tn_bytes *rest, struct tn_proof_file *file,
                                   struct tn_error *error)
{
    struct tn_bytes line;

    while (tn_line_take(rest, &line)) {
        if (line.size == 0) {
            return TN_OK;
        }
        /* A tree below 2^63 has no path of 64. */
        if (file->count >= TN_PROOF_HASHES_MAX - 1) {
            return tn_fail(error, TN_INVALID, "proof file has too many hashes");
        }
        if (!tn_hash_parse(line, file->proof + file->count * TN_HASH_SIZE)) {
            return tn_fail(error, TN_INVALID,
                           "proof file: hash %zu is not 32 bytes of strict base64", file->count);
        }
        file->count++;
    }
    return tn_fail(error, TN_INVALID, "proof file has no empty line before its checkpoint");
}

enum tn_status tn_proof_file_extra(const struct tn_proof_file *file, struct tn_buffer *extra)
{
    struct tn_bytes text = file->extra;
    size_t size = text.size / 4 * 3;
    uint8_t *data;
    enum tn_status status;

    tn_buffer_reset(extra);
    if (!file->has_extra) {
        return TN_NOT_FOUND;
    }
    if (text.size == 0) {
        return TN_OK;
    }
    for (size_t i = 1; i <= 2 && i < text.size && text.data[text.size - i] == '='; i++) {
        size--;
    }
    data = tn_buffer_extend(extra, size);
    if (data == NULL) {
        tn_buffer_reset(extra);
        return TN_FULL;
    }
    status = tn_base64_decode(text, data, &size);
    tn_buffer_reset(extra);
    if (status == TN_OK) {
        /* The memory is kept: this takes back as much of it as was filled. */
        (void) tn_buffer_extend(extra, size);
    }
    return status;
}

enum tn_status tn_proof_file_check(struct tn_bytes bytes, const struct tn_verifier *verifiers,
                                   size_t verifier_count, const uint8_t *leaf_hash,
                                   bool extra_is_entry, struct tn_proof_finding *finding,
                                   struct tn_error *error)
{
    struct tn_proof_file file;
    enum tn_status status;

    TN_CHECK(verifier_count >= 1);
    memset(finding, 0, sizeof(*finding));
    status = tn_proof_file_parse(bytes, &file, error);
    if (status == TN_OK) {
        status = finding_fill(&file, verifiers, verifier_count, finding, error);
    }
    if (status != TN_OK) {
        return status;
    }
    if (leaf_hash != NULL) {
        memcpy(finding->leaf_hash, leaf_hash, TN_HASH_SIZE);
        finding->leaf_checked = true;
    } else if (extra_is_entry && file.has_extra) {
        status = leaf_from_extra(&file, finding, error);
    }
    if (status == TN_OK && finding->leaf_checked &&
        tn_proof_verify_inclusion(finding->leaf_hash, file.index, finding->checkpoint.size,
                                  file.proof, file.count, finding->checkpoint.root) != TN_OK) {
        status = tn_fail(error, TN_MISMATCH,
                         "entry %" PRIu64 " is not in the tree of %" PRIu64
                         " entries that the checkpoint signs: the proof leads to another root",
                         file.index, finding->checkpoint.size);
    }
    if (status != TN_OK) {
        finding->leaf_checked = false;
    }
    return status;
}

/* The note, whose it is, and whether index and number of hashes fit its size. */
static enum tn_status finding_fill(const struct tn_proof_file *file,
                                   const struct tn_verifier *verifiers, size_t verifier_count,
                                   struct tn_proof_finding *finding, struct tn_error *error)
{
    struct tn_checkpoint *checkpoint = &finding->checkpoint;
    enum tn_status status =
        tn_note_verify(file->checkpoint, verifiers, verifier_count, &finding->note, error);

    finding->index = file->index;
    if (status == TN_OK && (finding->note.verified & 1) == 0) {
        status = tn_fail(error, TN_NOT_FOUND, "checkpoint is not signed by %s", verifiers[0].name);
    }
    if (status == TN_OK) {
        status = tn_checkpoint_parse(finding->note.text, checkpoint, error);
    }
    if (status != TN_OK) {
        return status;
    }
    if (!tn_bytes_equal_string(checkpoint->origin, verifiers[0].name)) {
        return tn_fail(error, TN_MISMATCH, "checkpoint is of another log than %s",
                       verifiers[0].name);
    }
    if (file->index >= checkpoint->size ||
        file->count != tn_proof_inclusion_count(file->index, checkpoint->size)) {
        return tn_fail(error, TN_INVALID,
                       "%zu hashes cannot prove entry %" PRIu64 " in a tree of %" PRIu64,
                       file->count, file->index, checkpoint->size);
    }
    return TN_OK;
}

static enum tn_status leaf_from_extra(const struct tn_proof_file *file,
                                      struct tn_proof_finding *finding, struct tn_error *error)
{
    struct tn_buffer entry;
    enum tn_status status;

    tn_buffer_init(&entry, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    status = tn_proof_file_extra(file, &entry);
    if (status == TN_OK) {
        tn_leaf_hash(finding->leaf_hash, tn_buffer_view(&entry));
        finding->leaf_checked = true;
    } else {
        status = tn_fail(error, TN_INVALID, "extra is not an entry in strict base64");
    }
    tn_buffer_close(&entry);
    return status;
}
