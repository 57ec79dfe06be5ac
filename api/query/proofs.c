/* Proofs of entries. */
#include "api/query/proofs.h"

#include <inttypes.h>
#include <string.h>

#include "api/intake/openings.h"
#include "ledger/base/hash.h"
#include "ledger/log/proof_file.h"

enum tn_status tn_prover_open(struct tn_prover *prover, struct tn_log *log,
                              const struct tn_vault *vault, struct tn_error *error)
{
    enum tn_status status;

    memset(prover, 0, sizeof(*prover));
    prover->log = log;
    prover->vault = vault;
    tn_buffer_init(&prover->note, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&prover->entry, TN_ENTRY_BYTES_MAX);
    tn_buffer_init(&prover->extra, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    status = tn_log_published(log, &prover->note, &prover->size, error);
    if (status == TN_OK && prover->size == 0) {
        status = tn_fail(error, TN_NOT_FOUND, "no checkpoint is published yet");
    }
    return status;
}

void tn_prover_close(struct tn_prover *prover)
{
    tn_buffer_close_secret(&prover->extra);
    tn_buffer_close(&prover->entry);
    tn_buffer_close(&prover->note);
}

/* The bytes of `extra` for one entry, in prover->extra. */
static enum tn_status fill_extra(struct tn_prover *prover, uint64_t index,
                                 enum tn_proof_detail detail, struct tn_error *error)
{
    struct tn_proof_extra extra = {.entry = tn_buffer_view(&prover->entry)};
    struct tn_event event;
    struct tn_arena arena;
    enum tn_status status = TN_OK;

    tn_arena_init(&arena, TN_PROOF_EXTRA_ARENA_BYTES);
    tn_buffer_reset(&prover->extra);
    if (detail == TN_PROOF_LEAF) {
        tn_leaf_hash(extra.leaf, extra.entry);
        extra.entry = tn_bytes(NULL, 0);
    } else if (detail == TN_PROOF_OPENINGS && prover->vault) {
        status = tn_event_decode(extra.entry, index, &arena, &event, error);
        if (status == TN_OK) {
            status = tn_openings_make(prover->vault, &event, &arena, &extra.openings, error);
        }
    }
    if (status == TN_OK) {
        tn_proof_extra_write(&extra, &prover->extra);
        if (tn_buffer_status(&prover->extra) != TN_OK) {
            status = tn_fail(error, TN_FULL,
                             "entry %" PRIu64 " with its openings is over the %zu bytes that a "
                             "proof file carries, or there is no memory for them",
                             index, prover->extra.limit);
        }
    }
    tn_arena_close_secret(&arena);
    return status;
}

enum tn_status tn_prover_prove(struct tn_prover *prover, uint64_t index,
                               enum tn_proof_detail detail, struct tn_buffer *out,
                               struct tn_error *error)
{
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    struct tn_bytes extra;
    size_t count = 0;
    enum tn_status status = TN_OK;

    if (index >= prover->size) {
        return tn_fail(error, TN_NOT_FOUND,
                       "entry %" PRIu64 " is not published: the checkpoint holds %" PRIu64, index,
                       prover->size);
    }
    status = tn_log_prove_inclusion(prover->log, index, prover->size, proof, &count, error);
    if (status == TN_OK && detail != TN_PROOF_BARE) {
        status = tn_log_read(prover->log, index, &prover->entry, error);
    }
    if (status == TN_OK && detail != TN_PROOF_BARE) {
        status = fill_extra(prover, index, detail, error);
    }
    if (status == TN_OK) {
        extra = tn_buffer_view(&prover->extra);
        tn_proof_file_format(out, detail == TN_PROOF_BARE ? NULL : &extra, index, proof, count,
                             tn_buffer_view(&prover->note));
        status = tn_buffer_status(out);
    }
    return status;
}
