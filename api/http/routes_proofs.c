/* A registration's owner takes home what proves their own history, offline and for ever. */
#include <string.h>

#include "api/http/service_internal.h"
#include "api/query/complete.h"
#include "api/query/events.h"
#include "api/query/proofs.h"
#include "ledger/log/proof_file.h"

/* A page of proofs is kept small: each carries the whole checkpoint. */
#define PROOFS_LIMIT_DEFAULT 50u
#define PROOFS_LIMIT_MAX 200u

struct proving {
    struct tn_read *read;
    struct tn_prover prover;
    struct tn_buffer file;
    enum tn_status status;
};

/* Which officer looked at them or received them is not theirs to know: of those entries only that
 * they are there. */
static bool write_proof(void *context, const struct tn_event *event, struct tn_json_writer *json)
{
    struct proving *proving = context;
    const struct tn_kind *kind = tn_kind_find(event->kind, event->version);

    if (proving->status != TN_OK) {
        return false;
    }
    tn_buffer_reset(&proving->file);
    proving->status = tn_prover_prove(&proving->prover, event->index,
                                      tn_names_officer(event) ? TN_PROOF_LEAF : TN_PROOF_OPENINGS,
                                      &proving->file, &proving->read->error);
    if (proving->status != TN_OK) {
        return false;
    }
    tn_json_write_object_begin(json);
    tn_json_member_uint(json, "index", event->index);
    if (kind) {
        tn_json_member_text(json, "kind", kind->name);
    }
    tn_json_member_string(json, "proof", tn_buffer_view(&proving->file));
    tn_json_write_object_end(json);
    return true;
}

static enum tn_status read_proofs(struct tn_read *read)
{
    struct tn_ledger *ledger = read->service->ledger;
    struct proving proving = {.read = read};
    struct tn_events_page page = {.from = read->after,
                                  .limit = (size_t) read->limit,
                                  .stream = read->id,
                                  .name = "proofs",
                                  .write = write_proof,
                                  .context = &proving};
    char vkey[TN_VKEY_SIZE];
    struct tn_json_writer json;
    enum tn_status status =
        tn_prover_open(&proving.prover, ledger->log, &ledger->vault, &read->error);

    tn_buffer_init(&proving.file, TN_PROOF_FILE_BYTES_MAX);
    tn_json_writer_init(&json, &read->out);
    tn_json_write_object_begin(&json);
    tn_vkey_format(&ledger->signer.verifier, vkey);
    tn_json_member_text(&json, "key", vkey);
    tn_json_member_uint(&json, "size", proving.prover.size);
    if (status == TN_OK) {
        page.end = proving.prover.size;
        status = tn_query_events(ledger->log, &page, &json, &read->error);
    }
    if (status == TN_OK && read->after == 0) {
        tn_json_write_name(&json, "complete");
        status = tn_query_complete(&proving.prover, ledger->seals, read->id, &json, &read->error);
    }
    tn_json_write_object_end(&json);
    tn_buffer_close_secret(&proving.file);
    tn_prover_close(&proving.prover);
    return status == TN_OK ? proving.status : status;
}

void tn_on_proofs(struct tn_http_request *request)
{
    tn_read_page_of(request, read_proofs, PROOFS_LIMIT_DEFAULT, PROOFS_LIMIT_MAX);
}
