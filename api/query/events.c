/* Pages of events as JSON. */
#include "api/query/events.h"

#include "ledger/base/check.h"

#define EVENT_BYTES ((size_t) 4 << 20)
#define CHUNK 256u

struct paging {
    const struct tn_events_page *page;
    struct tn_json_writer *writer;
    struct tn_arena arena;
    struct tn_buffer json; /* of one event */
    struct tn_error *error;
    size_t begun; /* bytes in the answer before the first event */
    size_t written;
    uint64_t next; /* where another page would begin */
    bool full;
    enum tn_status status;
};

/* The kind stands second in every entry: no need to decode those that are not wanted. */
static uint64_t kind_of(struct tn_bytes entry)
{
    struct tn_unpack unpack;

    tn_unpack_init(&unpack, entry);
    (void) tn_unpack_array(&unpack);
    (void) tn_unpack_uint(&unpack);
    return tn_unpack_uint(&unpack);
}

static void write_plain(struct paging *paging, uint64_t index, struct tn_bytes entry)
{
    tn_buffer_reset(&paging->json);
    paging->status =
        tn_event_write_json(entry, index, &paging->arena, &paging->json, paging->error);
    if (paging->status == TN_OK) {
        tn_json_write_raw(paging->writer, tn_buffer_view(&paging->json));
        paging->written++;
    }
}

static void write_chosen(struct paging *paging, uint64_t index, struct tn_bytes entry)
{
    struct tn_event event;

    paging->status = tn_event_decode(entry, index, &paging->arena, &event, paging->error);
    if (paging->status == TN_OK &&
        paging->page->write(paging->page->context, &event, paging->writer)) {
        paging->written++;
    }
}

static bool take(void *context, uint64_t index, struct tn_bytes entry)
{
    struct paging *paging = context;
    const struct tn_events_page *page = paging->page;

    if (paging->written == page->limit ||
        paging->writer->out->size - paging->begun > TN_EVENTS_BYTES_MAX) {
        paging->full = true;
        return false;
    }
    paging->next = index + 1;
    if (page->kind != 0 && kind_of(entry) != page->kind) {
        return true;
    }
    tn_arena_reset(&paging->arena);
    if (page->write) {
        write_chosen(paging, index, entry);
    } else {
        write_plain(paging, index, entry);
    }
    return paging->status == TN_OK;
}

/* Entries named by an index of the log, a chunk at a time. */
static enum tn_status take_indexed(struct tn_log *log, struct paging *paging)
{
    const struct tn_events_page *page = paging->page;
    uint64_t indices[CHUNK];
    uint64_t from = page->from;
    struct tn_buffer entry;
    bool more = true;
    enum tn_status status = TN_OK;

    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    while (status == TN_OK && more) {
        size_t count = page->limit < CHUNK ? page->limit + 1 : CHUNK;

        status =
            page->stream
                ? tn_log_read_stream(log, page->stream, from, false, indices, &count, paging->error)
                : tn_log_read_kind(log, page->kind, from, false, indices, &count, paging->error);
        more = status == TN_OK && count > 0;
        for (size_t i = 0; more && i < count; i++) {
            more = indices[i] < page->end;
            if (more) {
                status = tn_log_read(log, indices[i], &entry, paging->error);
                more = status == TN_OK && take(paging, indices[i], tn_buffer_view(&entry));
            }
            from = indices[i] + 1;
        }
    }
    tn_buffer_close(&entry);
    return status == TN_OK ? paging->status : status;
}

enum tn_status tn_query_events(struct tn_log *log, const struct tn_events_page *page,
                               struct tn_json_writer *writer, struct tn_error *error)
{
    struct paging paging = {.page = page, .writer = writer, .error = error, .next = page->from};
    enum tn_status status = TN_OK;

    TN_CHECK(page->limit >= 1 && page->limit <= TN_EVENTS_LIMIT_MAX);
    tn_arena_init(&paging.arena, EVENT_BYTES);
    tn_buffer_init(&paging.json, TN_EVENTS_BYTES_MAX);
    tn_json_write_name(writer, page->name ? page->name : "events");
    tn_json_write_array_begin(writer);
    paging.begun = writer->out->size;
    if (page->stream || page->kind != 0) {
        status = take_indexed(log, &paging);
    } else if (page->from < page->end) {
        status = tn_log_scan(log, page->from, page->end, take, &paging, error);
        status = status == TN_OK ? paging.status : status;
    }
    tn_json_write_array_end(writer);
    tn_json_write_name(writer, "next");
    if (paging.full) {
        tn_json_write_uint(writer, paging.next);
    } else {
        tn_json_write_null(writer);
    }
    tn_buffer_close(&paging.json);
    tn_arena_close(&paging.arena);
    return status == TN_OK ? tn_buffer_status(writer->out) : status;
}
