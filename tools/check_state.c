/* turno check-proof of a file of sealed rows: what was there, and what was not. */
#include <inttypes.h>
#include <string.h>

#include "api/http/json_writer.h"
#include "projections/projection.h"
#include "projections/state_proof.h"
#include "projections/streams.h"
#include "projections/tables.h"
#include "tools/check_proof.h"
#include "tools/cli.h"

#define OUT_BYTES_MAX ((size_t) 32 << 20)
#define ARENA_BYTES_MAX ((size_t) 64 << 20)

static void write_key(struct tn_json_writer *json, const char *name, size_t projection,
                      struct tn_bytes key)
{
    char text[2 * TN_ROW_KEY_MAX + 64];
    const char *table = NULL;

    if (key.size == 0) {
        tn_json_member_null(json, name);
        return;
    }
    (void) tn_table_record(projection, (char) key.data[0], &table);
    (void) snprintf(text, sizeof(text), "%s:", table ? table : "");
    tn_hex_encode(text + strlen(text), key.data + (table ? 1 : 0), key.size - (table ? 1 : 0));
    tn_json_member_text(json, name, text);
}

/* The row by its record's names; its bytes where it is none of this program's. */
static void write_row(struct tn_json_writer *json, size_t projection,
                      const struct tn_state_proof_row *row, struct tn_arena *arena)
{
    const char *table;
    const struct tn_record *record =
        row->key.size > 0 ? tn_table_record(projection, (char) row->key.data[0], &table) : NULL;
    void *value = record ? tn_arena_alloc(arena, record->size) : NULL;
    struct tn_buffer text;

    tn_json_write_object_begin(json);
    tn_json_member_uint(json, "position", row->position);
    write_key(json, "key", projection, row->key);
    if (row->deleted) {
        tn_json_member_bool(json, "deleted", true);
    } else if (value && tn_record_decode_bytes(record, row->value, arena, value) == TN_OK) {
        tn_buffer_init(&text, OUT_BYTES_MAX);
        tn_record_write_json(record, value, NULL, &text);
        tn_json_write_name(json, "row");
        tn_json_write_raw(json, tn_buffer_view(&text));
        tn_buffer_close(&text);
    } else {
        tn_json_member_hex(json, "bytes", row->value.data, row->value.size);
    }
    tn_json_write_object_end(json);
}

static bool is_absence(const struct tn_state_proof *proof, const struct tn_state_finding *finding)
{
    return proof->range && finding->count == 0 && proof->end.size == proof->from.size + 1 &&
           proof->end.data[proof->from.size] == 0 &&
           memcmp(proof->end.data, proof->from.data, proof->from.size) == 0;
}

static void print_words(const struct tn_state_proof *proof, const struct tn_state_finding *finding)
{
    const char *scope = finding->seal.scope == 2 ? "all rows" : "changed rows";
    const char *what = is_absence(proof, finding) ? "there is no such row"
                       : proof->range             ? "these are all rows of the range"
                                                  : "the row is there";

    fprintf(stderr,
            "%.*s as of entry %" PRIu64 ", under the seal of %s at entry %" PRIu64
            " of the log %.*s: %s\n",
            (int) proof->projection.size, (const char *) proof->projection.data, finding->seal.upto,
            scope, finding->seal_place.index, (int) finding->seal_place.checkpoint.origin.size,
            (const char *) finding->seal_place.checkpoint.origin.data, what);
    if (proof->range && !is_absence(proof, finding)) {
        fprintf(stderr, "%zu rows\n", finding->count);
    }
}

static enum tn_status print(const struct tn_state_proof *proof,
                            const struct tn_state_finding *finding,
                            const struct tn_verifier *verifiers, size_t count, bool as_json,
                            struct tn_arena *arena)
{
    size_t projection = tn_projection_find(proof->projection);
    struct tn_json_writer json;
    struct tn_buffer out;
    enum tn_status status;

    tn_buffer_init(&out, OUT_BYTES_MAX);
    tn_json_writer_init(&json, &out);
    tn_json_write_object_begin(&json);
    tn_json_member_string(&json, "log", finding->seal_place.checkpoint.origin);
    tn_json_member_uint(&json, "size", finding->seal_place.checkpoint.size);
    tn_write_cosignatures(&json, &finding->seal_place.note, verifiers, count);
    tn_json_member_uint(&json, "seal", finding->seal_place.index);
    tn_json_member_text(&json, "scope", finding->seal.scope == 2 ? "full" : "delta");
    tn_json_member_uint(&json, "upto", finding->seal.upto);
    tn_json_member_string(&json, "projection", proof->projection);
    tn_json_member_text(&json, "claim",
                        is_absence(proof, finding) ? "absent"
                        : proof->range             ? "range"
                                                   : "present");
    write_key(&json, "from", projection, proof->from);
    if (proof->range && !is_absence(proof, finding)) {
        write_key(&json, "end", projection, proof->end);
    }
    tn_json_write_name(&json, "rows");
    tn_json_write_array_begin(&json);
    for (size_t i = 0; i < finding->count; i++) {
        write_row(&json, projection, &proof->rows[finding->first + i], arena);
    }
    tn_json_write_array_end(&json);
    tn_json_write_object_end(&json);
    status = tn_buffer_status(&out);
    if (!as_json) {
        print_words(proof, finding);
        tn_print_cosignatures(&finding->seal_place.note, verifiers, count);
    }
    printf("%.*s\n", (int) out.size, (const char *) out.data);
    tn_buffer_close(&out);
    return status;
}

int tn_check_state_proof(struct tn_bytes bytes, const struct tn_verifier *verifiers, size_t count,
                         bool as_json)
{
    struct tn_state_finding finding;
    struct tn_state_proof proof;
    struct tn_error error = {0};
    struct tn_arena arena;
    enum tn_status status;

    tn_arena_init(&arena, ARENA_BYTES_MAX);
    status = tn_state_proof_parse(bytes, &arena, &proof, &error);
    if (status == TN_OK) {
        status = tn_state_proof_check(&proof, verifiers, count, &arena, &finding, &error);
    }
    if (status == TN_OK) {
        status = print(&proof, &finding, verifiers, count, as_json, &arena);
    }
    tn_arena_close(&arena);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
