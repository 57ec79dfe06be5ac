/* What an operator and their machines ask: is it alive, is it ready, how is it; and administration.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/admin/admin.h"
#include "api/http/service_internal.h"

#define ADMIN_REPLY_BYTES ((size_t) 4 << 20)

void tn_on_healthz(struct tn_http_request *request)
{
    tn_http_respond(request, 200, "application/json", tn_bytes_from_string("{\"alive\":true}"),
                    NULL, 0);
}

static void write_witness(struct tn_json_writer *json, const struct tn_witness_state *witness)
{
    tn_json_write_object_begin(json);
    tn_json_member_text(json, "name", witness->name);
    tn_json_member_text(json, "key", witness->key_name);
    tn_json_member_hex(json, "id", witness->id, TN_ID_SIZE);
    tn_json_member_uint(json, "size", witness->size);
    if (witness->time_s > 0) {
        tn_json_member_instant(json, "time", witness->time_s * 1000000);
    }
    tn_json_member_uint(json, "failures", witness->failures);
    tn_json_member_bool(json, "fork", witness->fork);
    tn_json_member_text(json, "answer", witness->words);
    tn_json_write_object_end(json);
}

static void write_witnesses(struct tn_json_writer *json, const struct tn_witnesses_state *state)
{
    tn_json_write_name(json, "witnesses");
    tn_json_write_object_begin(json);
    tn_json_member_text(json, "quorum", state->quorum_met ? "met" : "unmet");
    tn_json_member_bool(json, "held_back", state->held_back);
    tn_json_member_bool(json, "fork", state->forks > 0);
    tn_json_member_uint(json, "size", state->size);
    tn_json_member_uint(json, "cosigned_size", state->cosigned_size);
    tn_json_write_name(json, "list");
    tn_json_write_array_begin(json);
    for (size_t i = 0; i < state->count; i++) {
        write_witness(json, &state->witnesses[i]);
    }
    tn_json_write_array_end(json);
    tn_json_write_object_end(json);
}

/* Commands are taken whether or not enough witnesses have cosigned; that stands beside. */
static enum tn_status read_ready(struct tn_read *read)
{
    struct tn_witnesses *witnesses = read->service->witnesses;
    struct tn_witnesses_state *state = witnesses ? calloc(1, sizeof(*state)) : NULL;
    struct tn_json_writer json;

    tn_json_writer_init(&json, &read->out);
    tn_json_write_object_begin(&json);
    tn_json_member_bool(&json, "ready", true);
    if (state) {
        tn_witnesses_state(witnesses, state);
        write_witnesses(&json, state);
    }
    tn_json_write_object_end(&json);
    free(state);
    return tn_json_writer_finish(&json);
}

void tn_on_readyz(struct tn_http_request *request)
{
    struct tn_desk_state state;
    struct tn_read *read;

    tn_desk_state(tn_service_of(request)->ledger->desk, &state);
    if (state.failed) {
        tn_http_respond_problem(request, TN_PROBLEM_OUTCOME_UNKNOWN,
                                "a write failed: restart the server");
    } else if (state.paused) {
        tn_http_respond_problem(request, TN_PROBLEM_PAUSED,
                                "what fell due waits for turno resume DIR [--extend]");
    } else if (state.no_space) {
        tn_http_respond_problem(request, TN_PROBLEM_NO_SPACE,
                                tn_answer_waiting(TN_PROBLEM_NO_SPACE));
    } else if (!tn_service_of(request)->witnesses) {
        tn_http_respond(request, 200, "application/json", tn_bytes_from_string("{\"ready\":true}"),
                        NULL, 0);
    } else {
        read = tn_read_begin(request, read_ready);
        if (read) {
            tn_read_run(read);
        }
    }
}

/* ---- metrics: the text format of Prometheus ---- */

static void metric(struct tn_buffer *out, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    tn_buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", name, help, name, type,
                     name, value);
}

static void ledger_metrics(struct tn_read *read)
{
    struct tn_ledger *ledger = read->service->ledger;
    struct tn_buffer *out = &read->out;
    struct tn_desk_state desk;
    struct tn_log_head head;
    struct tn_buffer note;
    uint64_t published = 0;

    tn_desk_state(ledger->desk, &desk);
    tn_log_head(ledger->log, &head);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    read->status = tn_log_published(ledger->log, &note, &published, &read->error);
    tn_buffer_close(&note);
    metric(out, "turno_log_entries", "gauge", "Entries committed.", head.size);
    metric(out, "turno_log_published_entries", "gauge", "Entries of the published checkpoint.",
           published);
    metric(out, "turno_log_last_time_seconds", "gauge", "Time of the last entry.",
           head.last_time_us / 1000000);
    metric(out, "turno_desk_commands_total", "counter", "Commands decided.", desk.commands);
    metric(out, "turno_desk_batches_total", "counter", "Batches committed.", desk.batches);
    metric(out, "turno_desk_batches_own_total", "counter",
           "Batches so small that the desk appended them itself.", desk.batches_own);
    metric(out, "turno_desk_refusals_repeated_total", "counter",
           "Refusals answered with an earlier one's index.", desk.refusals_repeated);
    metric(out, "turno_desk_refusals_anonymous_total", "counter",
           "Refusals of callers without an identity, of which there is no event.",
           desk.refusals_anonymous);
    metric(out, "turno_desk_queued", "gauge", "Commands that wait.", desk.queued);
    metric(out, "turno_desk_paused", "gauge", "Due items wait for a resume.", desk.paused);
    metric(out, "turno_desk_failed", "gauge", "A write failed.", desk.failed);
    metric(out, "turno_desk_no_space", "gauge", "The reserve refuses writes.", desk.no_space);
    metric(out, "turno_store_room_bytes", "gauge", "Bytes that may still be written.",
           tn_store_room(ledger->store));
}

static void http_metrics(struct tn_read *read)
{
    struct tn_buffer *out = &read->out;
    struct tn_http_stats stats;

    tn_http_server_stats(read->service->server, &stats);
    metric(out, "turno_http_connections_total", "counter", "Connections accepted.",
           stats.connections);
    metric(out, "turno_http_connections", "gauge", "Connections open.", stats.connections_open);
    metric(out, "turno_http_requests_total", "counter", "Requests that reached the router.",
           stats.requests);
    metric(out, "turno_http_requests", "gauge", "Requests not answered yet.", stats.requests_open);
    metric(out, "turno_http_refused_total", "counter", "Requests refused before the router.",
           stats.refused);
    metric(out, "turno_http_bytes_in_total", "counter", "Bytes read.", stats.bytes_in);
    metric(out, "turno_http_bytes_out_total", "counter", "Bytes written.", stats.bytes_out);
    tn_buffer_printf(out, "# HELP turno_http_answers_total Answers by class.\n"
                          "# TYPE turno_http_answers_total counter\n");
    for (unsigned i = 2; i <= 5; i++) {
        tn_buffer_printf(out, "turno_http_answers_total{class=\"%uxx\"} %" PRIu64 "\n", i,
                         stats.answers[i]);
    }
}

static void witness_metrics(struct tn_read *read)
{
    struct tn_witnesses_state *state;
    struct tn_buffer *out = &read->out;

    if (!read->service->witnesses) {
        return;
    }
    state = calloc(1, sizeof(*state));
    if (!state) {
        read->status = tn_fail(&read->error, TN_MEMORY, "no memory for the witnesses' state");
        return;
    }
    tn_witnesses_state(read->service->witnesses, state);
    metric(out, "turno_witness_quorum_met", "gauge", "The newest checkpoint sent has its quorum.",
           state->quorum_met);
    metric(out, "turno_witness_held_back", "gauge", "Publication waits for the quorum.",
           state->held_back);
    metric(out, "turno_witness_cosigned_entries", "gauge",
           "Entries of the newest checkpoint with a quorum.", state->cosigned_size);
    metric(out, "turno_witness_cosignatures", "gauge",
           "Cosignatures of the newest checkpoint sent.", state->signed_count);
    metric(out, "turno_witness_forks", "gauge", "Witnesses that hold another history.",
           state->forks);
    metric(out, "turno_witness_rounds_total", "counter", "Checkpoints sent to witnesses.",
           state->rounds);
    free(state);
}

static enum tn_status read_metrics(struct tn_read *read)
{
    ledger_metrics(read);
    http_metrics(read);
    witness_metrics(read);
    return read->status;
}

void tn_on_metrics(struct tn_http_request *request)
{
    struct tn_read *read = tn_read_begin(request, read_metrics);

    if (read) {
        read->content_type = "text/plain; version=0.0.4; charset=utf-8";
        tn_read_run(read);
    }
}

static enum tn_status read_openapi(struct tn_read *read)
{
    tn_service_write_openapi(&read->out);
    return TN_OK;
}

void tn_on_openapi(struct tn_http_request *request)
{
    struct tn_read *read = tn_read_begin(request, read_openapi);

    if (read) {
        tn_read_run(read);
    }
}

/* ---- administration ---- */

struct admin_work {
    struct tn_service *service;
    struct tn_buffer reply;
    enum tn_status status;
    struct tn_error error;
};

static void admin_run(struct tn_http_request *request)
{
    struct admin_work *work = tn_caller_of(request)->work;

    work->status = tn_admin_run(work->service->ledger, request->parameters[0], request->body,
                                &work->reply, &work->error);
    tn_query_forget(work->service->query);
}

static void admin_answer(struct tn_http_request *request)
{
    struct admin_work *work = tn_caller_of(request)->work;
    struct tn_buffer reply = work->reply;
    enum tn_status status = work->status;
    struct tn_error error = work->error;

    if (status == TN_OK) {
        tn_http_respond_json(request, 200, &reply);
    } else {
        /* Which rule it was, and what is there already, the words say to whoever administers. */
        tn_http_respond_problem(request,
                                status == TN_REFUSED || status == TN_EXISTS
                                    ? TN_PROBLEM_REFUSED
                                    : tn_problem_from_status(status),
                                error.text[0] ? error.text : NULL);
    }
    tn_buffer_close_secret(&reply);
}

void tn_on_admin(struct tn_http_request *request)
{
    struct admin_work *work = tn_arena_alloc(request->arena, sizeof(*work));

    if (!tn_query_known(request, NULL, 0)) {
        return;
    }
    if (!work) {
        tn_http_respond_problem(request, TN_PROBLEM_INTERNAL, NULL);
        return;
    }
    if (!tn_http_content_type_is(request, "application/json")) {
        tn_http_respond_problem(request, TN_PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                                "send application/json");
        return;
    }
    work->service = tn_service_of(request);
    tn_buffer_init(&work->reply, ADMIN_REPLY_BYTES);
    tn_caller_of(request)->work = work;
    if (tn_http_work(request, admin_run, admin_answer) != TN_OK) {
        tn_http_respond_problem(request, TN_PROBLEM_BUSY, NULL);
    }
}
