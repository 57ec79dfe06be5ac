/* Completeness of one stream. */
#include "api/query/complete.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/hash.h"
#include "ledger/log/proof_file.h"
#include "ledger/vault/opening.h"
#include "projections/beside.h"
#include "projections/seal_file.h"
#include "projections/state_proof.h"
#include "projections/streams.h"

#define SEAL_FULL 2u
/* Six or seven projections a day, and a full seal every 30 days. */
#define SEALS_MAX 1024u
#define ROW_BYTES_MAX 4096u

struct looking {
    struct tn_prover *prover;
    const char *seals;
    const uint8_t *stream;
    struct tn_error *error;
    struct tn_row_key key;
    /* the newest seal that covers the stream */
    uint64_t seal_index;
    struct tn_state_sealed seal;
    uint64_t position;
    uint8_t path[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    size_t path_count;
    uint8_t leaf[TN_HASH_SIZE]; /* as it was kept */
    /* the list up to there */
    uint64_t *indices;
    size_t count;
    uint8_t peaks[TN_STREAM_PEAKS_BYTES];
    struct tn_stream_row row;
};

static enum tn_status read_seal(struct looking *looking, uint64_t index, bool *ours)
{
    struct tn_prover *prover = looking->prover;
    struct tn_arena arena;
    struct tn_event event;
    enum tn_status status = tn_log_read(prover->log, index, &prover->entry, looking->error);

    *ours = false;
    tn_arena_init(&arena, TN_PROOF_EXTRA_ARENA_BYTES);
    if (status == TN_OK) {
        status =
            tn_event_decode(tn_buffer_view(&prover->entry), index, &arena, &event, looking->error);
    }
    if (status == TN_OK && event.body.state_sealed.projection == TN_BESIDE_STREAMS) {
        looking->seal = event.body.state_sealed;
        looking->seal_index = index;
        *ours = true;
    }
    tn_arena_close(&arena);
    return status;
}

/* Leaves that are gone or damaged are leaves that are not kept. */
static bool find_row(struct looking *looking)
{
    struct tn_seal_file file;
    char path[PATH_MAX];
    bool found = false;
    bool good;

    if (!tn_beside_seal_path(looking->seals, tn_projection_at(TN_BESIDE_STREAMS),
                             looking->seal.upto, path, sizeof(path))) {
        return false;
    }
    good = tn_seal_file_open(&file, path, NULL) == TN_OK && file.rows == looking->seal.rows &&
           tn_seal_file_find(&file, tn_row_key_view(&looking->key), &found, &looking->position,
                             looking->leaf, NULL) == TN_OK &&
           found &&
           tn_seal_file_prove(&file, looking->position, looking->path, &looking->path_count,
                              NULL) == TN_OK &&
           tn_proof_verify_inclusion(looking->leaf, looking->position, looking->seal.rows,
                                     looking->path, looking->path_count,
                                     looking->seal.root) == TN_OK;
    tn_seal_file_close(&file);
    return good;
}

/* The newest seal that covers the stream, back to the newest full one. */
static enum tn_status find_seal(struct looking *looking, bool *found)
{
    uint64_t end = looking->prover->size;
    bool full = false;
    enum tn_status status = TN_OK;

    *found = false;
    for (size_t seen = 0; status == TN_OK && !*found && !full && seen < SEALS_MAX; seen++) {
        uint64_t index;
        size_t one = 1;
        bool ours;

        status = tn_log_read_kind(looking->prover->log, TN_KIND_state_sealed, end, true, &index,
                                  &one, looking->error);
        if (status != TN_OK || one == 0) {
            break;
        }
        end = index;
        status = read_seal(looking, index, &ours);
        if (status == TN_OK && ours) {
            *found = find_row(looking);
            full = looking->seal.scope == SEAL_FULL;
        }
    }
    return status;
}

/* The stream's entries up to the seal, and the row that they make. */
static enum tn_status read_list(struct looking *looking)
{
    uint64_t from = 0;
    size_t chunk = 1;
    enum tn_status status = TN_OK;

    while (status == TN_OK && chunk > 0) {
        chunk = TN_COMPLETE_ENTRIES_MAX + 1 - looking->count;
        status = tn_log_read_stream(looking->prover->log, looking->stream, from, false,
                                    looking->indices + looking->count, &chunk, looking->error);
        for (size_t i = 0; status == TN_OK && i < chunk; i++) {
            uint64_t index = looking->indices[looking->count];

            if (index > looking->seal.upto || looking->count == TN_COMPLETE_ENTRIES_MAX) {
                return TN_OK;
            }
            if (tn_stream_add(&looking->row, index, looking->peaks) != TN_OK) {
                return tn_fail(looking->error, TN_CORRUPT, "the index of a stream is not in order");
            }
            looking->count++;
            from = index + 1;
        }
    }
    return status;
}

static enum tn_status write_found(struct looking *looking, struct tn_buffer *value,
                                  struct tn_json_writer *json)
{
    struct tn_state_proof_row row = {.position = looking->position,
                                     .key = tn_row_key_view(&looking->key),
                                     .value = tn_buffer_view(value),
                                     .path = looking->path,
                                     .count = looking->path_count};
    struct tn_state_proof proof = {.projection = tn_bytes_from_string("streams"),
                                   .from = row.key,
                                   .rows = &row,
                                   .row_count = 1};
    struct tn_buffer place;
    struct tn_buffer file;
    enum tn_status status;

    tn_buffer_init(&place, TN_PROOF_FILE_BYTES_MAX);
    tn_buffer_init(&file, TN_STATE_PROOF_BYTES_MAX);
    status = tn_prover_prove(looking->prover, looking->seal_index, TN_PROOF_ENTRY, &place,
                             looking->error);
    if (status == TN_OK) {
        proof.seal = tn_buffer_view(&place);
        tn_state_proof_format(&file, &proof);
        status = tn_buffer_status(&file);
    }
    if (status == TN_OK) {
        tn_json_write_object_begin(json);
        tn_json_member_uint(json, "upto", looking->seal.upto);
        tn_json_member_uint(json, "count", looking->count);
        tn_json_write_name(json, "indices");
        tn_json_write_array_begin(json);
        for (size_t i = 0; i < looking->count; i++) {
            tn_json_write_uint(json, looking->indices[i]);
        }
        tn_json_write_array_end(json);
        tn_json_member_string(json, "proof", tn_buffer_view(&file));
        tn_json_write_object_end(json);
    }
    tn_buffer_close(&file);
    tn_buffer_close(&place);
    return status;
}

enum tn_status tn_query_complete(struct tn_prover *prover, const char *seals,
                                 const uint8_t stream[static TN_ID_SIZE],
                                 struct tn_json_writer *json, struct tn_error *error)
{
    struct looking looking = {.prover = prover, .seals = seals, .stream = stream, .error = error};
    struct tn_buffer value;
    struct tn_buffer leaf;
    uint8_t hash[TN_HASH_SIZE];
    bool found = false;
    enum tn_status status;

    looking.key = tn_key_stream(stream);
    looking.indices = calloc(TN_COMPLETE_ENTRIES_MAX + 1, sizeof(*looking.indices));
    if (!looking.indices) {
        return tn_fail(error, TN_MEMORY, "no memory for the entries of a stream");
    }
    tn_buffer_init(&value, ROW_BYTES_MAX);
    tn_buffer_init(&leaf, ROW_BYTES_MAX);
    status = find_seal(&looking, &found);
    if (status == TN_OK && found) {
        status = read_list(&looking);
    }
    if (status == TN_OK && found) {
        tn_record_encode(&tn_record_stream_row, &looking.row, &value);
        tn_row_leaf(tn_row_key_view(&looking.key), tn_buffer_view(&value), false, &leaf);
        tn_leaf_hash(hash, tn_buffer_view(&leaf));
        found = memcmp(hash, looking.leaf, TN_HASH_SIZE) == 0;
    }
    if (status == TN_OK && found) {
        status = write_found(&looking, &value, json);
    } else if (status == TN_OK) {
        tn_json_write_null(json);
    }
    tn_buffer_close(&leaf);
    tn_buffer_close(&value);
    free(looking.indices);
    return status;
}
