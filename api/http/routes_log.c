/* The transparency log (spec/log.md 3) and the events behind it. */
#include <stdio.h>
#include <string.h>

#include "api/http/service_internal.h"
#include "api/query/events.h"
#include "ledger/base/check.h"
#include "ledger/log/tile.h"

static enum tn_status published(struct tn_read *read, struct tn_buffer *note, uint64_t *size)
{
    tn_buffer_init(note, TN_NOTE_BYTES_MAX);
    return tn_log_published(read->service->ledger->log, note, size, &read->error);
}

/* ---- checkpoint and tiles ---- */

static enum tn_status read_checkpoint(struct tn_read *read)
{
    struct tn_buffer note;
    uint64_t size;
    enum tn_status status = published(read, &note, &size);

    if (status == TN_OK && note.size == 0) {
        status = tn_fail(&read->error, TN_NOT_FOUND, "no checkpoint is published yet");
    }
    if (status == TN_OK) {
        tn_buffer_append_bytes(&read->out, tn_buffer_view(&note));
    }
    tn_buffer_close(&note);
    return status;
}

static enum tn_status read_cosigned(struct tn_read *read)
{
    uint64_t size;
    enum tn_status status =
        tn_log_cosigned(read->service->ledger->log, &read->out, &size, &read->error);

    if (status == TN_OK && read->out.size == 0) {
        status = tn_fail(&read->error, TN_NOT_FOUND, "no checkpoint was cosigned by enough yet");
    }
    return status;
}

static void serve_note(struct tn_http_request *request, enum tn_status (*run)(struct tn_read *read))
{
    struct tn_read *read;

    if (!tn_query_known(request, NULL, 0)) {
        return;
    }
    if (request->escaped) { /* one spelling, as for tiles */
        tn_http_respond_problem(request, TN_PROBLEM_NOT_FOUND, NULL);
        return;
    }
    read = tn_read_begin(request, run);
    if (read) {
        read->content_type = "text/plain; charset=utf-8";
        tn_read_run(read);
    }
}

void tn_on_checkpoint(struct tn_http_request *request)
{
    serve_note(request, read_checkpoint);
}

void tn_on_cosigned(struct tn_http_request *request)
{
    serve_note(request, read_cosigned);
}

/* The tile's path was parsed by the handler into the read's numbers: level, index, width. */
static enum tn_status read_tile(struct tn_read *read)
{
    struct tn_tile tile = {
        .entries = read->has_stream,
        .level = (unsigned) read->kind,
        .index = read->after,
        .width = (unsigned) read->limit,
    };
    struct tn_log *log = read->service->ledger->log;
    struct tn_buffer note;
    uint64_t size;
    enum tn_status status = published(read, &note, &size);

    tn_buffer_close(&note);
    if (status == TN_OK && !tn_tile_exists(&tile, size)) {
        status = tn_fail(&read->error, TN_NOT_FOUND, "the published log has no such tile");
    }
    if (status != TN_OK) {
        return status;
    }
    return tile.entries ? tn_log_bundle(log, size, tile.index, tile.width, &read->out, &read->error)
                        : tn_log_tile(log, size, tile.level, tile.index, tile.width, &read->out,
                                      &read->error);
}

static void serve_tile(struct tn_http_request *request, bool entries)
{
    static const char prefix[] = "/log/";
    struct tn_bytes path = tn_bytes(request->path.data + sizeof(prefix) - 1,
                                    request->path.size - (sizeof(prefix) - 1));
    struct tn_tile tile;
    struct tn_read *read;

    if (!tn_query_known(request, NULL, 0)) {
        return;
    }
    /* A tile has one spelling: what is cached for ever must not lie under two names. */
    if (request->escaped || tn_tile_path_parse(path, &tile) != TN_OK || tile.entries != entries) {
        tn_http_respond_problem(request, TN_PROBLEM_NOT_FOUND, NULL);
        return;
    }
    read = tn_read_begin(request, read_tile);
    if (read) {
        read->has_stream = tile.entries;
        read->kind = tile.level;
        read->after = tile.index;
        read->limit = tile.width;
        read->content_type = "application/octet-stream";
        /* What needs a token must not come back to others from a cache that is shared. */
        read->cache_control = entries && !read->service->ledger->simulated
                                  ? "private, max-age=604800, immutable"
                                  : "public, max-age=604800, immutable";
        tn_read_run(read);
    }
}

void tn_on_tile(struct tn_http_request *request)
{
    serve_tile(request, false);
}

void tn_on_bundle(struct tn_http_request *request)
{
    serve_tile(request, true);
}

/* ---- events ---- */

static enum tn_status read_events(struct tn_read *read)
{
    struct tn_events_page page = {
        .from = read->after,
        .limit = (size_t) read->limit,
        .stream = read->has_stream ? read->id : NULL,
        .kind = read->kind,
    };
    struct tn_buffer note;
    struct tn_json_writer json;
    enum tn_status status = published(read, &note, &page.end);

    tn_buffer_close(&note);
    if (status != TN_OK) {
        return status;
    }
    tn_json_writer_init(&json, &read->out);
    tn_json_write_object_begin(&json);
    tn_json_member_uint(&json, "size", page.end);
    status = tn_query_events(read->service->ledger->log, &page, &json, &read->error);
    tn_json_write_object_end(&json);
    return status;
}

static bool read_filter(struct tn_http_request *request, uint32_t *kind, bool *has_stream,
                        uint8_t stream[static TN_ID_SIZE])
{
    struct tn_bytes text;
    const struct tn_kind *known;

    *kind = 0;
    *has_stream = false;
    if (tn_http_query(request, "kind", &text) != TN_OK) {
        tn_http_respond_problem(request, TN_PROBLEM_INVALID_PARAMETER, "\"kind\" stands once");
        return false;
    }
    if (text.data) {
        known = tn_kind_parse(text);
        if (!known) {
            tn_http_respond_problem(request, TN_PROBLEM_INVALID_PARAMETER,
                                    "\"kind\" is none of the log's");
            return false;
        }
        *kind = known->number;
    }
    if (tn_http_query(request, "stream", &text) != TN_OK ||
        (text.data && tn_hex_decode(text, stream, TN_ID_SIZE) != TN_OK)) {
        tn_http_respond_problem(request, TN_PROBLEM_INVALID_PARAMETER,
                                "\"stream\" stands once and has 32 hexadecimal digits");
        return false;
    }
    *has_stream = text.data != NULL;
    return true;
}

void tn_on_events(struct tn_http_request *request)
{
    static const char *const names[] = {"after", "limit", "kind", "stream"};
    struct tn_read *read;
    uint8_t stream[TN_ID_SIZE] = {0};
    uint64_t after;
    uint64_t limit;
    uint32_t kind;
    bool has_stream;

    if (!tn_query_known(request, names, TN_ARRAY_SIZE(names)) ||
        !tn_query_uint(request, "after", 0, UINT64_MAX, &after) ||
        !tn_query_uint(request, "limit", TN_EVENTS_LIMIT_DEFAULT, TN_EVENTS_LIMIT_MAX, &limit) ||
        !read_filter(request, &kind, &has_stream, stream) || !tn_min_index_reached(request)) {
        return;
    }
    read = tn_read_begin(request, read_events);
    if (read) {
        memcpy(read->id, stream, TN_ID_SIZE);
        read->after = after;
        read->limit = limit > 0 ? limit : 1;
        read->kind = kind;
        read->has_stream = has_stream;
        tn_read_run(read);
    }
}
