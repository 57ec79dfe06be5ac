/* Questions answered on a pool thread. */
#include <string.h>

#include "api/http/service_internal.h"

static struct tn_read *read_of(const struct tn_http_request *request)
{
    return tn_caller_of(request)->work;
}

struct tn_read *tn_read_begin(struct tn_http_request *request,
                              enum tn_status (*run)(struct tn_read *read))
{
    struct tn_read *read = tn_arena_alloc(request->arena, sizeof(*read));

    if (!read) {
        tn_http_respond_problem(request, TN_PROBLEM_INTERNAL, NULL);
        return NULL;
    }
    read->service = tn_service_of(request);
    read->request = request;
    read->read = run;
    tn_buffer_init(&read->out, TN_READ_BYTES_MAX);
    tn_caller_of(request)->work = read;
    return read;
}

static void read_work(struct tn_http_request *request)
{
    struct tn_read *read = read_of(request);

    read->status = tn_reader_take(read->service->query, &read->reader, &read->error);
    if (read->status == TN_OK) {
        read->status = read->read(read);
        tn_reader_give(read->reader);
    }
    if (read->status == TN_OK && tn_buffer_status(&read->out) != TN_OK) {
        read->status = tn_fail(&read->error, TN_FULL,
                               "an answer is over %zu bytes, or there is no memory for it",
                               read->out.limit);
    }
    if (read->status == TN_FULL) {
        /* Nothing that the caller can do: it is for the operator, with the words that go with it.
         */
        read->status = TN_MEMORY;
        read->error.status = TN_MEMORY;
    }
}

static void read_answer(struct tn_http_request *request)
{
    struct tn_read *read = read_of(request);
    struct tn_buffer out = read->out;
    struct tn_error error = read->error;
    struct tn_http_reply_field field = {"Cache-Control", tn_bytes_from_string("no-store")};

    if (read->status != TN_OK) {
        tn_buffer_close_secret(&out);
        tn_answer_status(request, read->status, &error);
        return;
    }
    if (read->cache_control) {
        field.value = tn_bytes_from_string(read->cache_control);
    }
    tn_http_respond(request, 200, read->content_type ? read->content_type : "application/json",
                    tn_buffer_view(&out), &field, 1);
    tn_buffer_close_secret(&out);
}

void tn_read_run(struct tn_read *read)
{
    if (tn_http_work(read->request, read_work, read_answer) != TN_OK) {
        struct tn_http_request *request = read->request;

        tn_buffer_close_secret(&read->out);
        tn_http_respond_problem(request, TN_PROBLEM_BUSY, NULL);
    }
}

void tn_read_page_of(struct tn_http_request *request, enum tn_status (*run)(struct tn_read *read),
                     uint64_t limit_default, uint64_t limit_max)
{
    static const char *const names[] = {"after", "limit"};
    struct tn_read *read;
    uint8_t id[TN_ID_SIZE];
    uint64_t after;
    uint64_t limit;

    if (!tn_path_id(request, 0, id) || !tn_query_known(request, names, 2) ||
        !tn_query_uint(request, "after", 0, UINT64_MAX, &after) ||
        !tn_query_uint(request, "limit", limit_default, limit_max, &limit) ||
        !tn_min_index_reached(request)) {
        return;
    }
    read = tn_read_begin(request, run);
    if (read) {
        memcpy(read->id, id, TN_ID_SIZE);
        read->after = after;
        read->limit = limit > 0 ? limit : 1;
        tn_read_run(read);
    }
}
