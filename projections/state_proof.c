/* Proofs of sealed rows; their form is drawn in state_proof.h. */
#include "projections/state_proof.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "ledger/log/lines.h"
#include "projections/projection.h"

#define HEADER "turno.state-proof@v1"
#define LEAF_BYTES_MAX (8 + (size_t) TN_ROW_KEY_MAX + TN_ROW_VALUE_MAX)
#define SEAL_DELTA 1u
#define SEAL_FULL 2u

/* ---- writing ---- */

/* Empty bytes are "-", which is no base64. */
static void append_base64(struct tn_buffer *out, struct tn_bytes bytes)
{
    uint8_t *text;

    if (bytes.size == 0) {
        tn_buffer_append_u8(out, '-');
        return;
    }
    text = tn_buffer_extend(out, TN_BASE64_SIZE(bytes.size));
    if (text) {
        tn_base64_encode((char *) text, bytes.data, bytes.size);
        out->size--; /* the final zero */
    }
}

void tn_state_proof_format(struct tn_buffer *out, const struct tn_state_proof *proof)
{
    TN_CHECK(proof->row_count <= TN_STATE_PROOF_ROWS_MAX);
    tn_buffer_append_string(out, HEADER "\nprojection ");
    tn_buffer_append_bytes(out, proof->projection);
    tn_buffer_append_string(out, proof->range ? "\nrange " : "\npresent ");
    append_base64(out, proof->from);
    if (proof->range) {
        tn_buffer_append_u8(out, ' ');
        append_base64(out, proof->end);
    }
    tn_buffer_append_u8(out, '\n');
    for (size_t i = 0; i < proof->row_count; i++) {
        const struct tn_state_proof_row *row = &proof->rows[i];

        tn_buffer_printf(out, "row %" PRIu64 " ", row->position);
        append_base64(out, row->key);
        tn_buffer_append_u8(out, ' ');
        /* A row may be empty, and base64 of nothing is nothing. */
        if (row->deleted || row->value.size > 0) {
            append_base64(out, row->deleted ? tn_bytes(NULL, 0) : row->value);
        }
        tn_buffer_append_u8(out, '\n');
        for (size_t hash = 0; hash < row->count; hash++) {
            append_base64(out, tn_bytes(row->path + hash * TN_HASH_SIZE, TN_HASH_SIZE));
            tn_buffer_append_u8(out, '\n');
        }
    }
    tn_buffer_append_u8(out, '\n');
    tn_buffer_append_bytes(out, proof->seal);
}

/* ---- reading ---- */

bool tn_state_proof_is_one(struct tn_bytes bytes)
{
    return tn_prefix_take(&bytes, HEADER "\n");
}

static bool take_word(struct tn_bytes *line, struct tn_bytes *word)
{
    const uint8_t *space = line->size > 0 ? memchr(line->data, ' ', line->size) : NULL;

    *word = *line;
    if (space) {
        word->size = (size_t) (space - line->data);
        *line = tn_bytes(space + 1, line->size - word->size - 1);
    } else {
        *line = tn_bytes(line->data + line->size, 0);
    }
    return space != NULL;
}

/* At most `limit` bytes; `dash` when the text is "-". */
static bool read_base64(struct tn_bytes text, size_t limit, struct tn_arena *arena, bool *dash,
                        struct tn_bytes *out)
{
    size_t size = text.size / 4 * 3;
    uint8_t *data;

    *dash = tn_bytes_equal_string(text, "-");
    *out = tn_bytes(NULL, 0);
    if (*dash || text.size == 0) {
        return true;
    }
    if (size > limit + 2) {
        return false;
    }
    data = tn_arena_alloc(arena, size);
    if (!data || tn_base64_decode(text, data, &size) != TN_OK || size > limit) {
        return false;
    }
    *out = tn_bytes(data, size);
    return true;
}

static bool read_claim(struct tn_bytes line, struct tn_arena *arena, struct tn_state_proof *proof)
{
    struct tn_bytes word;
    bool dash;

    if (tn_prefix_take(&line, "present ")) {
        return read_base64(line, TN_ROW_KEY_MAX, arena, &dash, &proof->from) && !dash &&
               proof->from.size > 0;
    }
    proof->range = tn_prefix_take(&line, "range ");
    return proof->range && take_word(&line, &word) && word.size > 0 && line.size > 0 &&
           read_base64(word, TN_ROW_KEY_MAX + 1, arena, &dash, &proof->from) &&
           read_base64(line, TN_ROW_KEY_MAX + 1, arena, &dash, &proof->end);
}

/* `*path` gets the room for its hashes. */
static bool read_row(struct tn_bytes line, struct tn_arena *arena, struct tn_state_proof_row *row,
                     uint8_t **path)
{
    struct tn_bytes word;
    bool dash;

    memset(row, 0, sizeof(*row));
    if (!take_word(&line, &word) || !tn_decimal_parse(word, &row->position) ||
        !take_word(&line, &word) || word.size == 0 ||
        !read_base64(word, TN_ROW_KEY_MAX, arena, &dash, &row->key) || dash ||
        !read_base64(line, TN_ROW_VALUE_MAX, arena, &row->deleted, &row->value)) {
        return false;
    }
    *path = tn_arena_alloc(arena, (size_t) TN_STATE_PROOF_PATH_MAX * TN_HASH_SIZE);
    row->path = *path;
    return *path != NULL;
}

static enum tn_status read_rows(struct tn_bytes *rest, struct tn_arena *arena,
                                struct tn_state_proof *proof, struct tn_error *error)
{
    struct tn_state_proof_row *rows = tn_arena_array(arena, TN_STATE_PROOF_ROWS_MAX, sizeof(*rows));
    struct tn_bytes line;
    uint8_t *path = NULL; /* of the last row */

    if (!rows) {
        return tn_fail(error, TN_MEMORY, "no memory for the rows of a proof");
    }
    proof->rows = rows;
    while (tn_line_take(rest, &line)) {
        struct tn_state_proof_row *last = proof->row_count > 0 ? &rows[proof->row_count - 1] : NULL;

        if (line.size == 0) {
            return TN_OK;
        }
        if (tn_prefix_take(&line, "row ")) {
            if (proof->row_count == TN_STATE_PROOF_ROWS_MAX ||
                !read_row(line, arena, &rows[proof->row_count], &path)) {
                return tn_fail(error, TN_INVALID, "state proof: row %zu cannot be read",
                               proof->row_count);
            }
            proof->row_count++;
        } else if (!last || last->count == TN_STATE_PROOF_PATH_MAX ||
                   !tn_hash_parse(line, path + last->count * TN_HASH_SIZE)) {
            return tn_fail(error, TN_INVALID, "state proof: a hash of row %zu cannot be read",
                           proof->row_count);
        } else {
            last->count++;
        }
    }
    return tn_fail(error, TN_INVALID, "state proof has no empty line before its seal");
}

enum tn_status tn_state_proof_parse(struct tn_bytes bytes, struct tn_arena *arena,
                                    struct tn_state_proof *proof, struct tn_error *error)
{
    struct tn_bytes line;
    enum tn_status status;

    memset(proof, 0, sizeof(*proof));
    if (bytes.size > TN_STATE_PROOF_BYTES_MAX) {
        return tn_fail(error, TN_INVALID, "state proof of %zu bytes is too long", bytes.size);
    }
    if (!tn_line_take(&bytes, &line) || !tn_bytes_equal_string(line, HEADER)) {
        return tn_fail(error, TN_INVALID, "state proof does not begin with " HEADER);
    }
    if (!tn_line_take(&bytes, &line) || !tn_prefix_take(&line, "projection ") || line.size == 0 ||
        line.size > TN_FAMILY_NAME_MAX) {
        return tn_fail(error, TN_INVALID, "state proof names no projection");
    }
    proof->projection = line;
    if (!tn_line_take(&bytes, &line) || !read_claim(line, arena, proof)) {
        return tn_fail(error, TN_INVALID, "state proof says neither what is present nor a range");
    }
    status = read_rows(&bytes, arena, proof, error);
    proof->seal = bytes;
    if (status != TN_OK) {
        memset(proof, 0, sizeof(*proof));
    }
    return status;
}

/* ---- checking ---- */

/* The seal's entry, proven to be in the log. */
static enum tn_status check_place(const struct tn_state_proof *proof,
                                  const struct tn_verifier *verifiers, size_t verifier_count,
                                  struct tn_arena *arena, struct tn_state_finding *finding,
                                  struct tn_error *error)
{
    struct tn_proof_file file;
    struct tn_buffer entry;
    struct tn_event event;
    uint64_t number;
    enum tn_status status = tn_proof_file_check(proof->seal, verifiers, verifier_count, NULL, true,
                                                &finding->seal_place, error);

    if (status != TN_OK) {
        return status == TN_NOT_FOUND ? TN_MISMATCH : status;
    }
    if (!finding->seal_place.leaf_checked) {
        return tn_fail(error, TN_INVALID, "state proof: its seal is not shown");
    }
    tn_buffer_init(&entry, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    status = tn_proof_file_parse(proof->seal, &file, error);
    if (status == TN_OK) {
        status = tn_proof_file_extra(&file, &entry);
    }
    if (status == TN_OK) {
        status = tn_event_decode(tn_arena_copy(arena, tn_buffer_view(&entry)),
                                 finding->seal_place.index, arena, &event, error);
    }
    tn_buffer_close(&entry);
    if (status != TN_OK || event.kind != TN_KIND_state_sealed) {
        return tn_fail(error, TN_INVALID, "state proof: what it shows for a seal is none");
    }
    finding->seal = event.body.state_sealed;
    number = tn_projection_find(proof->projection);
    if (number == TN_PROJECTION_COUNT || finding->seal.projection != number ||
        (finding->seal.scope != SEAL_DELTA && finding->seal.scope != SEAL_FULL) ||
        finding->seal.upto >= finding->seal_place.index) {
        return tn_fail(error, TN_MISMATCH, "state proof: the seal is not one of %.*s",
                       (int) proof->projection.size, (const char *) proof->projection.data);
    }
    return TN_OK;
}

static enum tn_status check_rows(const struct tn_state_proof *proof,
                                 const struct tn_state_sealed *seal, struct tn_error *error)
{
    struct tn_buffer leaf;
    enum tn_status status = TN_OK;

    tn_buffer_init(&leaf, LEAF_BYTES_MAX);
    for (size_t i = 0; status == TN_OK && i < proof->row_count; i++) {
        const struct tn_state_proof_row *row = &proof->rows[i];
        uint8_t hash[TN_HASH_SIZE];

        tn_buffer_reset(&leaf);
        tn_row_leaf(row->key, row->value, row->deleted, &leaf);
        tn_leaf_hash(hash, tn_buffer_view(&leaf));
        if (tn_proof_verify_inclusion(hash, row->position, seal->rows, row->path, row->count,
                                      seal->root) != TN_OK) {
            status = tn_fail(error, TN_MISMATCH,
                             "state proof: row %" PRIu64 " is not under the seal's root",
                             row->position);
        }
        if (status == TN_OK && i > 0 &&
            (row->position != row[-1].position + 1 ||
             tn_bytes_compare(row[-1].key, row->key) >= 0)) {
            status = tn_fail(error, TN_INVALID, "state proof: its rows do not follow each other");
        }
    }
    tn_buffer_close(&leaf);
    return status;
}

/* Rows behind each other, from a neighbour before the range (or the first row of all) to one behind
 * it (or the last). */
static enum tn_status check_range(const struct tn_state_proof *proof,
                                  struct tn_state_finding *finding, struct tn_error *error)
{
    const struct tn_state_proof_row *rows = proof->rows;
    size_t count = proof->row_count;
    size_t first = 0;
    size_t end = count;
    bool to_end = proof->end.size == 0;

    if (finding->seal.scope != SEAL_FULL) {
        return tn_fail(error, TN_INVALID,
                       "state proof: a seal of changed rows says nothing of a range");
    }
    if (!to_end && tn_bytes_compare(proof->from, proof->end) >= 0) {
        return tn_fail(error, TN_INVALID, "state proof: its range is empty");
    }
    while (first < count && tn_bytes_compare(rows[first].key, proof->from) < 0) {
        first++;
    }
    while (end > first && !to_end && tn_bytes_compare(rows[end - 1].key, proof->end) >= 0) {
        end--;
    }
    if (first > 1 || count - end > 1 ||
        (count == 0 ? finding->seal.rows != 0
                    : (first == 0 && rows[0].position != 0) ||
                          (end == count && rows[count - 1].position + 1 != finding->seal.rows))) {
        return tn_fail(error, TN_INVALID,
                       "state proof: a neighbour of the range is missing, so rows may be missing "
                       "too");
    }
    finding->first = first;
    finding->count = end - first;
    return TN_OK;
}

enum tn_status tn_state_proof_check(const struct tn_state_proof *proof,
                                    const struct tn_verifier *verifiers, size_t verifier_count,
                                    struct tn_arena *arena, struct tn_state_finding *finding,
                                    struct tn_error *error)
{
    enum tn_status status;

    memset(finding, 0, sizeof(*finding));
    status = check_place(proof, verifiers, verifier_count, arena, finding, error);
    if (status == TN_OK) {
        status = check_rows(proof, &finding->seal, error);
    }
    if (status == TN_OK && proof->range) {
        status = check_range(proof, finding, error);
    } else if (status == TN_OK) {
        finding->count = 1;
        if (proof->row_count != 1 || !tn_bytes_equal(proof->rows[0].key, proof->from)) {
            status = tn_fail(error, TN_INVALID, "state proof: it shows another row than it says");
        }
    }
    return status;
}
