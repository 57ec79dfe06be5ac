/* A command that came over HTTP. */
#include "api/http/write.h"

#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "ledger/log/tile.h"

#define KEY_MAX 255u
/* An anonymous caller's key is the only thing that tells two of them apart. */
#define ANONYMOUS_KEY_MIN 16u

static void prepare_work(struct tn_http_request *request);
static void submit(struct tn_http_request *request);
static void desk_done(struct tn_desk_request *desk);
static void answer(struct tn_http_request *request);

static struct tn_write *write_of(const struct tn_http_request *request)
{
    return tn_caller_of(request)->work;
}

/* What a key stands for: the whole request, or one key could answer for another path. */
static struct tn_bytes fingerprinted(struct tn_http_request *request)
{
    const char *method = tn_http_method_name(request->method);
    size_t size = strlen(method) + request->path.size + request->query.size + 3;
    uint8_t *bytes = tn_arena_alloc(request->arena, size + request->body.size);
    struct tn_buffer out = {.data = bytes, .capacity = size + request->body.size};

    if (!bytes) {
        return tn_bytes(NULL, 0);
    }
    out.limit = out.capacity;
    tn_buffer_append_string(&out, method);
    tn_buffer_append_u8(&out, '\n');
    tn_buffer_append_bytes(&out, request->path);
    tn_buffer_append_u8(&out, '\n');
    tn_buffer_append_bytes(&out, request->query);
    tn_buffer_append_u8(&out, '\n');
    tn_buffer_append_bytes(&out, request->body);
    return tn_buffer_view(&out);
}

struct tn_write *tn_write_begin(struct tn_http_request *request, const struct tn_write_kind *kind)
{
    struct tn_caller *caller = tn_caller_of(request);
    struct tn_write *write = tn_arena_alloc(request->arena, sizeof(*write));
    struct tn_bytes key = tn_http_header(request, "idempotency-key");
    bool anonymous = caller->role == TN_ROLE_COUNT;

    if (!kind->query && !tn_query_known(request, NULL, 0)) {
        return NULL;
    }
    if (!write) {
        tn_http_respond_problem(request, TN_PROBLEM_INTERNAL, NULL);
        return NULL;
    }
    if (key.data && (key.size == 0 || key.size > KEY_MAX)) {
        tn_http_respond_problem(request, TN_PROBLEM_INVALID_PARAMETER,
                                "Idempotency-Key has 1 to 255 characters");
        return NULL;
    }
    if (key.data && anonymous && key.size < ANONYMOUS_KEY_MIN) {
        tn_http_respond_problem(request, TN_PROBLEM_INVALID_PARAMETER,
                                "without a token Idempotency-Key has at least 16 random "
                                "characters");
        return NULL;
    }
    write->service = tn_service_of(request);
    write->request = request;
    write->kind = kind;
    tn_intake_command_init(&write->command);
    tn_random_init_system(&write->random);
    write->intake.vault = &write->service->ledger->vault;
    write->intake.random = &write->random;
    write->caller.key = key;
    if (key.size > 0) {
        write->caller.body = fingerprinted(request);
        if (!write->caller.body.data) {
            tn_http_respond_problem(request, TN_PROBLEM_INTERNAL, NULL);
            return NULL;
        }
    }
    write->caller.actor.role = anonymous ? TN_ROLE_APPLICANT : caller->role;
    memcpy(write->caller.actor.id, caller->id, TN_ID_SIZE);
    caller->work = write;
    return write;
}

void tn_write_refuse(struct tn_write *write, enum tn_problem problem, const char *detail)
{
    struct tn_http_request *request = write->request;

    tn_intake_command_close(&write->command);
    tn_http_respond_problem(request, problem, detail);
}

/* Rows, policy and the day, then the kind's own part. */
static enum tn_status prepare(struct tn_write *write)
{
    struct tn_intake *intake = &write->intake;
    struct tn_desk_state state;
    enum tn_status status = tn_reader_take(write->service->query, &write->reader, &write->error);

    if (status != TN_OK) {
        return status;
    }
    tn_desk_state(write->service->ledger->desk, &state);
    intake->now_us = state.now_us;
    status = tn_reader_policy(write->reader, state.now_us, write->kind->window, &intake->policy,
                              &write->error);
    if (status == TN_OK && !intake->policy) {
        status = tn_fail(&write->error, TN_UNAVAILABLE, "no policy is in force");
    }
    if (status == TN_OK) {
        status = tn_reader_today(write->reader, intake->policy, state.now_us, &intake->today,
                                 &write->error);
    }
    if (status == TN_OK) {
        status = write->kind->prepare(write);
    }
    tn_reader_give(write->reader);
    write->reader = NULL;
    return status;
}

static void prepare_work(struct tn_http_request *request)
{
    struct tn_write *write = write_of(request);

    write->status = prepare(write);
}

void tn_write_run(struct tn_write *write)
{
    if (!write->kind->pool) {
        write->status = prepare(write);
        submit(write->request);
    } else if (tn_http_work(write->request, prepare_work, submit) != TN_OK) {
        tn_write_refuse(write, TN_PROBLEM_BUSY, NULL);
    }
}

static void submit(struct tn_http_request *request)
{
    struct tn_write *write = write_of(request);
    struct tn_desk_request *desk = &write->command.request;

    /* P2: what cannot be prepared any more, under another policy or after an erasure, may have been
     * done under this key before. */
    if (write->status != TN_OK && write->caller.key.size > 0) {
        tn_intake_plain(&write->intake, &write->caller, write->kind->command, &write->command);
        desk->known_only = true;
    }
    if (write->status == TN_OK || desk->known_only) {
        enum tn_status status;

        desk->done = desk_done;
        desk->wants_receipt = write->kind->fixed_size == 0;
        status = tn_desk_submit_quietly(write->service->ledger->desk, desk);
        if (status == TN_OK) {
            return; /* desk_done comes later, or came already */
        }
        write->status = status;
    }
    answer(request);
}

/* On the committer's or the desk's thread: nothing is touched after the wake. */
static void desk_done(struct tn_desk_request *desk)
{
    struct tn_write *write = TN_CONTAINER_OF(desk, struct tn_write, command.request);

    write->decided = true;
    tn_http_wake(write->request, answer);
}

enum tn_status tn_write_event(struct tn_write *write, size_t i, struct tn_event *event)
{
    struct tn_bundle bundle = {tn_buffer_view(&write->command.request.entries)};
    struct tn_bytes entry;
    enum tn_status status = tn_bundle_next(&bundle, &entry);

    for (size_t at = 0; status == TN_OK && at < i; at++) {
        status = tn_bundle_next(&bundle, &entry);
    }
    return status == TN_OK ? tn_event_decode(entry, write->command.request.first_index + i,
                                             &write->command.arena, event, &write->error)
                           : status;
}

enum tn_status tn_write_event_of(struct tn_write *write, enum tn_kind_number kind,
                                 struct tn_event *event)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK; i++) {
        status = tn_write_event(write, i, event);
        if (status == TN_OK && event->kind == (uint32_t) kind) {
            return TN_OK;
        }
    }
    return status;
}

/* A retry of a command that was refused finds the refusal's event. */
static void unfold_refusal(struct tn_write *write)
{
    struct tn_event event;

    if (write->status != TN_OK || !write->command.request.replayed) {
        return;
    }
    if (tn_write_event(write, 0, &event) == TN_OK && event.kind == TN_KIND_command_refused) {
        write->status = TN_REFUSED;
        write->command.request.refusal = (enum tn_refusal) event.body.command_refused.code;
    }
}

/* What the log promises of the first event (spec/log.md 6). A retry gets a receipt over that event
 * alone: its frame is long written. */
static void write_receipt(struct tn_write *write, struct tn_json_writer *json)
{
    struct tn_desk_request *desk = &write->command.request;
    uint8_t bytes[TN_RECEIPT_BYTES_MAX];

    if (!desk->receipt) {
        struct tn_bundle bundle = {tn_buffer_view(&desk->entries)};
        struct tn_event event;
        struct tn_bytes entry;
        uint8_t leaf[TN_HASH_SIZE];

        if (tn_write_event(write, 0, &event) != TN_OK || tn_bundle_next(&bundle, &entry) != TN_OK) {
            return;
        }
        tn_leaf_hash(leaf, entry);
        desk->receipt = tn_receipt_frame_create(leaf, 1, desk->first_index, event.time_us,
                                                &write->service->ledger->signer);
    }
    if (desk->receipt) {
        size_t size = tn_receipt_write(desk->receipt, desk->first_index, bytes);

        tn_json_write_name(json, "receipt");
        tn_json_write_base64(json, tn_bytes(bytes, size));
    }
}

static enum tn_status write_success(struct tn_write *write, struct tn_buffer *out)
{
    struct tn_json_writer json;
    enum tn_status status;

    tn_json_writer_init(&json, out);
    tn_json_write_object_begin(&json);
    tn_json_member_uint(&json, "index", write->command.request.first_index);
    status = write->kind->answer(write, &json);
    if (status == TN_OK && write->kind->fixed_size == 0) {
        write_receipt(write, &json);
    }
    tn_json_write_object_end(&json);
    if (write->kind->fixed_size > 0 && out->size < write->kind->fixed_size) {
        size_t room = write->kind->fixed_size - out->size;
        uint8_t *spaces = tn_buffer_extend(out, room);

        if (spaces) {
            memset(spaces, ' ', room);
        }
    }
    return status == TN_OK ? tn_buffer_status(out) : status;
}

static void answer(struct tn_http_request *request)
{
    struct tn_write *write = write_of(request);
    struct tn_error error;
    struct tn_buffer out;
    enum tn_status status;
    enum tn_refusal refusal;
    uint64_t index;
    bool recorded;
    unsigned http_status = write->kind->http_status;

    status = write->command.request.status;
    /* A new key leaves what was wrong in preparing as it is. */
    if (write->decided && !(write->command.request.known_only && status == TN_NOT_FOUND)) {
        write->status = status;
        unfold_refusal(write);
    }
    out = tn_answer_buffer(request, write->kind->command == TN_COMMAND_register
                                        ? TN_WRITE_ANSWER_GROUP_BYTES
                                    : write->kind->fixed_size > 0 ? TN_WRITE_ANSWER_BYTES
                                                                  : TN_WRITE_ANSWER_RECEIPT_BYTES);
    if (write->status == TN_OK) {
        write->status = write_success(write, &out);
    }
    status = write->status;
    error = write->error;
    refusal = write->command.request.refusal;
    index = write->command.request.first_index;
    recorded = !write->command.request.unrecorded;
    tn_intake_command_close(&write->command);
    if (status == TN_OK) {
        struct tn_http_reply_field field = {"Cache-Control", tn_bytes_from_string("no-store")};

        tn_http_respond(request, http_status, "application/json", tn_buffer_view(&out), &field, 1);
    } else if (status == TN_REFUSED) {
        tn_answer_refusal(request, refusal, recorded ? &index : NULL);
    } else {
        tn_answer_status(request, status, &error);
    }
}
