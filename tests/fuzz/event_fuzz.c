/* Entries: what decodes encodes to the same bytes, and whatever is canonical can be shown. */
#include <stdlib.h>

#include "ledger/event/event.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY ((size_t) 16 << 20)
#define TEXT_MAX ((size_t) 4 << 20)

static void require(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void check_same(const struct tn_event *event, struct tn_bytes entry)
{
    uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE];
    struct tn_buffer again;

    tn_buffer_init(&again, TN_EVENT_BYTES_MAX);
    tn_event_encode(event, &again);
    require(tn_buffer_status(&again) == TN_OK);
    require(tn_bytes_equal(tn_buffer_view(&again), entry));
    require(tn_event_streams(event, streams) <= TN_EVENT_STREAMS_MAX);
    tn_buffer_close(&again);
}

/* No control character and nothing beyond ASCII, so that a line of a file is a line of JSON. */
static void check_line(struct tn_bytes text)
{
    require(text.size > 2 && text.data[0] == '{' && text.data[text.size - 1] == '}');
    for (size_t i = 0; i < text.size; i++) {
        require(text.data[i] >= 0x20 && text.data[i] <= 0x7e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_bytes entry = tn_bytes(data, size);
    struct tn_event event;
    struct tn_error error = {0};
    struct tn_arena arena;
    struct tn_buffer text;
    struct tn_unpack unpack;
    enum tn_status status;

    tn_arena_init(&arena, MEMORY);
    tn_buffer_init(&text, TEXT_MAX);
    status = tn_event_decode(entry, 1, &arena, &event, &error);
    require(status == TN_OK || status == TN_INVALID || status == TN_UNSUPPORTED);
    if (status == TN_OK) {
        check_same(&event, entry);
    }
    tn_arena_reset(&arena);
    if (status == TN_INVALID) {
        require(tn_event_write_json(entry, 1, &arena, &text, &error) == TN_INVALID);
        require(text.size == 0);
    } else {
        tn_unpack_init(&unpack, entry);
        (void) tn_unpack_skip(&unpack);
        require(tn_unpack_done(&unpack));
        require(tn_event_write_json(entry, 1, &arena, &text, &error) == TN_OK);
        check_line(tn_buffer_view(&text));
    }
    tn_buffer_close(&text);
    tn_arena_close(&arena);
    return 0;
}
