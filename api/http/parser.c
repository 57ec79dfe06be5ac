/* Glue between the guard and llhttp.
 *
 * Life of a message: HEAD collects lines, each judged by the guard as it ends; the whole head then
 * goes through llhttp, which must agree; ROUTED waits for the owner's limits; LENGTH or CHUNKED
 * passes body bytes that the guard has counted to llhttp, which hands the content back; END. */
#include "api/http/parser.h"

#include <sodium.h>
#include <string.h>

#include "ledger/base/check.h"

enum phase {
    PHASE_HEAD,
    PHASE_ROUTED,
    PHASE_LENGTH,
    PHASE_CHUNKED,
    PHASE_END,
};

static void message_begin(struct tn_http_message *message)
{
    tn_http_head_init(&message->head, message->inline_bytes);
    message->path = tn_bytes(NULL, 0);
    message->query = tn_bytes(NULL, 0);
}

void tn_http_message_init(struct tn_http_message *message, struct tn_arena *arena)
{
    message->arena = arena;
    tn_buffer_init(&message->body, TN_HTTP_BODY_MAX);
    message_begin(message);
}

void tn_http_message_reset(struct tn_http_message *message)
{
    const struct tn_http_head *head = &message->head;
    if (head->bytes == message->inline_bytes) {
        /* The decoded path stands behind the head, and is never longer than the target. */
        size_t used = head->size + head->target.size;
        sodium_memzero(head->bytes, used < TN_HTTP_HEAD_INLINE ? used : TN_HTTP_HEAD_INLINE);
    }
    tn_buffer_reset_secret(&message->body);
    message_begin(message);
}

void tn_http_message_close(struct tn_http_message *message)
{
    tn_http_message_reset(message);
    tn_buffer_close(&message->body);
}

/* --- llhttp's callbacks: compare, and keep the body ------------------------------------------- */

static struct tn_http_parser *parser_of(llhttp_t *llhttp)
{
    return TN_CONTAINER_OF(llhttp, struct tn_http_parser, llhttp);
}

/* True when llhttp's span is the guard's, white space that llhttp leaves at the end aside. */
static bool span_agrees(const struct tn_http_parser *parser, struct tn_http_span span,
                        const char *at, size_t size)
{
    while (size > span.size && (at[size - 1] == ' ' || at[size - 1] == '\t')) {
        size--;
    }
    const uint8_t *bytes = parser->message->head.bytes;
    return size == span.size && (size == 0 || (const uint8_t *) at == bytes + span.at);
}

static int on_message_begin(llhttp_t *llhttp)
{
    struct tn_http_parser *parser = parser_of(llhttp);
    parser->llhttp_differs = parser->llhttp_differs || parser->llhttp_done;
    return 0;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t size)
{
    struct tn_http_parser *parser = parser_of(llhttp);
    if (!span_agrees(parser, parser->message->head.target, at, size)) {
        parser->llhttp_differs = true;
    }
    return 0;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t size)
{
    struct tn_http_parser *parser = parser_of(llhttp);
    const struct tn_http_head *head = &parser->message->head;
    unsigned index = parser->llhttp_fields;
    if (index >= head->field_count || !span_agrees(parser, head->names[index], at, size)) {
        parser->llhttp_differs = true;
    }
    return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t size)
{
    struct tn_http_parser *parser = parser_of(llhttp);
    const struct tn_http_head *head = &parser->message->head;
    unsigned index = parser->llhttp_fields;
    if (index >= head->field_count || !span_agrees(parser, head->values[index], at, size)) {
        parser->llhttp_differs = true;
    }
    return 0;
}

static int on_header_value_complete(llhttp_t *llhttp)
{
    parser_of(llhttp)->llhttp_fields++;
    return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    /* We speak no other protocol: what follows an Upgrade is HTTP/1.1 still. */
    llhttp->upgrade = 0;
    parser_of(llhttp)->llhttp_head = true;
    return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t size)
{
    struct tn_http_parser *parser = parser_of(llhttp);
    if (!parser->discard) {
        tn_buffer_append(&parser->message->body, at, size);
    }
    return 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
    parser_of(llhttp)->llhttp_done = true;
    return 0;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* --- reading -----------------------------------------------------------------------------------
 */

void tn_http_parser_begin(struct tn_http_parser *parser, struct tn_http_message *message)
{
    *parser = (struct tn_http_parser){
        .message = message,
        .capacity = TN_HTTP_HEAD_INLINE,
        .body_limit = TN_HTTP_BODY_MAX,
        .phase = PHASE_HEAD,
        .why = "",
    };
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
}

static enum tn_http_event refuse(struct tn_http_parser *parser, enum tn_problem problem,
                                 const char *why)
{
    parser->phase = PHASE_END;
    parser->problem = problem;
    parser->why = why;
    return TN_HTTP_EVENT_REFUSED;
}

/* Pass bytes that the guard took to llhttp; false when it reads them in another way. */
static bool llhttp_takes(struct tn_http_parser *parser, const uint8_t *data, size_t size)
{
    return size == 0 || (llhttp_execute(&parser->llhttp, (const char *) data, size) == HPE_OK &&
                         !parser->llhttp_differs);
}

static bool method_agrees(const struct tn_http_parser *parser)
{
    const char *name = llhttp_method_name((llhttp_method_t) parser->llhttp.method);
    return strcmp(name, tn_http_method_name(parser->message->head.method)) == 0;
}

/* The second opinion on a head. */
static bool llhttp_agrees(struct tn_http_parser *parser)
{
    const struct tn_http_head *head = &parser->message->head;
    if (!llhttp_takes(parser, head->bytes, head->size) || !parser->llhttp_head) {
        return false;
    }
    const llhttp_t *llhttp = &parser->llhttp;
    bool chunked = (llhttp->flags & F_CHUNKED) != 0;
    return method_agrees(parser) && llhttp->http_major == 1 &&
           llhttp->http_minor == head->version_minor &&
           parser->llhttp_fields == head->field_count &&
           chunked == (head->framing == TN_HTTP_FRAMING_CHUNKED) &&
           (chunked || llhttp->content_length == head->content_length) &&
           parser->llhttp_done == (head->framing == TN_HTTP_FRAMING_NONE);
}

/* Room for `size` more bytes of head: beyond the inline memory it moves into the arena, once. */
static bool head_reserve(struct tn_http_parser *parser, size_t size)
{
    struct tn_http_head *head = &parser->message->head;
    if (size <= parser->capacity - head->size) {
        return true;
    }
    uint8_t *bytes = tn_arena_alloc(parser->message->arena, TN_HTTP_HEAD_MAX);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, head->bytes, head->size);
    sodium_memzero(head->bytes, head->size);
    head->bytes = bytes;
    parser->capacity = TN_HTTP_HEAD_MAX;
    TN_CHECK(size <= parser->capacity - head->size);
    return true;
}

static enum tn_http_event head_finish(struct tn_http_parser *parser)
{
    struct tn_http_message *message = parser->message;
    struct tn_http_head *head = &message->head;
    for (unsigned i = 0; i < head->field_count; i++) {
        message->fields[i].name = tn_bytes(head->bytes + head->names[i].at, head->names[i].size);
        message->fields[i].value = tn_bytes(head->bytes + head->values[i].at, head->values[i].size);
    }
    /* The decoded path stands behind the head where there is room. */
    uint8_t *room = head->bytes + head->size;
    if (head->target.size > parser->capacity - head->size) {
        room = tn_arena_alloc(message->arena, head->target.size);
        if (room == NULL) {
            return refuse(parser, TN_PROBLEM_BUSY, "no memory for the path");
        }
    }
    const char *why = "";
    enum tn_problem problem =
        tn_http_guard_target(head, room, &message->path, &message->query, &why);
    if (problem != TN_PROBLEM_NONE) {
        return refuse(parser, problem, why);
    }
    if (!llhttp_agrees(parser)) {
        return refuse(parser, TN_PROBLEM_MALFORMED_REQUEST, "the head can be read in two ways");
    }
    parser->phase = PHASE_ROUTED;
    return TN_HTTP_EVENT_HEAD;
}

static size_t feed_head(struct tn_http_parser *parser, struct tn_bytes input,
                        enum tn_http_event *event)
{
    struct tn_http_head *head = &parser->message->head;
    size_t used = 0;
    if (head->size == 0 && input.size != 0 && !tn_http_guard_begins(input.data[0])) {
        *event = refuse(parser, TN_PROBLEM_MALFORMED_REQUEST, "no request begins like this");
        return 0;
    }
    while (used < input.size) {
        const uint8_t *at = input.data + used;
        const uint8_t *end = memchr(at, '\n', input.size - used);
        size_t size = end == NULL ? input.size - used : (size_t) (end - at) + 1;
        if (size > tn_http_guard_line_room(head)) {
            *event = refuse(parser, tn_http_guard_line_limit(head), "the head is too large");
            return used;
        }
        if (!head_reserve(parser, size)) {
            *event = refuse(parser, TN_PROBLEM_BUSY, "no memory for the head");
            return used;
        }
        memcpy(head->bytes + head->size, at, size);
        head->size += size;
        used += size;
        if (end == NULL) {
            break;
        }
        const char *why = "";
        enum tn_problem problem = tn_http_guard_line(head, &why);
        if (problem != TN_PROBLEM_NONE) {
            *event = refuse(parser, problem, why);
            return used;
        }
        if (head->complete) {
            *event = head_finish(parser);
            return used;
        }
    }
    *event = TN_HTTP_EVENT_MORE;
    return used;
}

/* The owner has looked at the head: the body may come. */
static enum tn_http_event body_begin(struct tn_http_parser *parser)
{
    const struct tn_http_head *head = &parser->message->head;
    switch (head->framing) {
    case TN_HTTP_FRAMING_NONE:
        parser->phase = PHASE_END;
        return TN_HTTP_EVENT_DONE;
    case TN_HTTP_FRAMING_LENGTH:
        if (head->content_length > parser->body_limit) {
            return refuse(parser, TN_PROBLEM_PAYLOAD_TOO_LARGE, "Content-Length is over the limit");
        }
        parser->body_left = head->content_length;
        parser->phase = PHASE_LENGTH;
        break;
    case TN_HTTP_FRAMING_CHUNKED:
        tn_http_chunks_init(&parser->chunks, parser->body_limit);
        parser->phase = PHASE_CHUNKED;
        break;
    }
    parser->message->body.limit = (size_t) parser->body_limit;
    return TN_HTTP_EVENT_MORE;
}

static enum tn_http_event body_taken(struct tn_http_parser *parser, const uint8_t *data,
                                     size_t size, bool done)
{
    parser->body_received += size;
    if (!llhttp_takes(parser, data, size) || parser->llhttp_done != done) {
        return refuse(parser, TN_PROBLEM_MALFORMED_REQUEST, "the body can be read in two ways");
    }
    if (parser->message->body.overflowed) {
        return refuse(parser, TN_PROBLEM_BUSY, "no memory for the body");
    }
    if (!done) {
        return TN_HTTP_EVENT_MORE;
    }
    parser->phase = PHASE_END;
    return TN_HTTP_EVENT_DONE;
}

static size_t feed_length(struct tn_http_parser *parser, struct tn_bytes input,
                          enum tn_http_event *event)
{
    size_t size = parser->body_left < input.size ? (size_t) parser->body_left : input.size;
    parser->body_left -= size;
    *event = body_taken(parser, input.data, size, parser->body_left == 0);
    return size;
}

static size_t feed_chunked(struct tn_http_parser *parser, struct tn_bytes input,
                           enum tn_http_event *event)
{
    size_t used = 0;
    bool done = false;
    const char *why = "";
    enum tn_problem problem = tn_http_chunks_feed(&parser->chunks, input, &used, &done, &why);
    *event = body_taken(parser, input.data, used, done);
    if (*event != TN_HTTP_EVENT_REFUSED && problem != TN_PROBLEM_NONE) {
        *event = refuse(parser, problem, why);
    }
    return used;
}

size_t tn_http_parser_feed(struct tn_http_parser *parser, struct tn_bytes input,
                           enum tn_http_event *event)
{
    *event = TN_HTTP_EVENT_MORE;
    if (parser->phase == PHASE_HEAD) {
        return feed_head(parser, input, event);
    }
    if (parser->phase == PHASE_ROUTED) {
        *event = body_begin(parser);
        if (*event != TN_HTTP_EVENT_MORE) {
            return 0;
        }
    }
    if (input.size == 0) {
        return 0;
    }
    TN_CHECK(parser->phase == PHASE_LENGTH || parser->phase == PHASE_CHUNKED);
    return parser->phase == PHASE_LENGTH ? feed_length(parser, input, event)
                                         : feed_chunked(parser, input, event);
}
