/* Answers as bytes: status line, Date, our headers, body. */
#include <stdio.h>
#include <string.h>

#include "api/http/connection.h"
#include "api/http/exchange.h"
#include "api/http/loop.h"
#include "ledger/base/check.h"
#include "ledger/base/logline.h"

#define PROBLEM_SIZE_MAX 4096
_Static_assert(PROBLEM_SIZE_MAX <= TN_HTTP_BUFFER_KEPT, "a problem has always room");

static const char *reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } reasons[] = {
        {200, "200 OK"},
        {201, "201 Created"},
        {202, "202 Accepted"},
        {204, "204 No Content"},
        {206, "206 Partial Content"},
        {304, "304 Not Modified"},
        {400, "400 Bad Request"},
        {401, "401 Unauthorized"},
        {403, "403 Forbidden"},
        {404, "404 Not Found"},
        {405, "405 Method Not Allowed"},
        {406, "406 Not Acceptable"},
        {408, "408 Request Timeout"},
        {409, "409 Conflict"},
        {410, "410 Gone"},
        {412, "412 Precondition Failed"},
        {413, "413 Content Too Large"},
        {414, "414 URI Too Long"},
        {415, "415 Unsupported Media Type"},
        {416, "416 Range Not Satisfiable"},
        {417, "417 Expectation Failed"},
        {422, "422 Unprocessable Content"},
        {429, "429 Too Many Requests"},
        {431, "431 Request Header Fields Too Large"},
        {500, "500 Internal Server Error"},
        {501, "501 Not Implemented"},
        {503, "503 Service Unavailable"},
        {505, "505 HTTP Version Not Supported"},
        {507, "507 Insufficient Storage"},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].text;
        }
    }
    return NULL;
}

static void append_number(struct tn_buffer *out, uint64_t number)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (uint8_t) ('0' + number % 10);
        number /= 10;
    } while (number != 0);
    tn_buffer_append(out, digits + at, sizeof(digits) - at);
}

#define APPEND(out, literal) tn_buffer_append(out, literal, sizeof(literal) - 1)

/* Status line, Date and the fields that every answer has. */
static void head_begin(struct tn_http_loop *loop, struct tn_buffer *out, unsigned status,
                       const char *content_type, bool close)
{
    const char *text = reason(status);
    APPEND(out, "HTTP/1.1 ");
    if (text != NULL) {
        tn_buffer_append_string(out, text);
    } else {
        append_number(out, status);
        APPEND(out, " "); /* RFC 9112, section 4: the reason may be empty, its space may not */
    }
    APPEND(out, "\r\n");
    tn_buffer_append_bytes(out, tn_http_loop_date(loop));
    if (content_type != NULL) {
        APPEND(out, "Content-Type: ");
        tn_buffer_append_string(out, content_type);
        APPEND(out, "\r\n");
    }
    if (close) {
        APPEND(out, "Connection: close\r\n");
    }
    if (loop->options->common_fields != NULL) {
        tn_buffer_append_string(out, loop->options->common_fields);
    }
}

/* A value with a control byte in it would be a header injection. */
static bool field_is_clean(const struct tn_http_reply_field *field)
{
    for (size_t i = 0; i < field->value.size; i++) {
        uint8_t c = field->value.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static void count_answer(struct tn_http_loop *loop, unsigned status)
{
    TN_CHECK(status >= 200 && status <= 599);
    tn_http_count(&loop->counters.answers[status / 100], 1);
}

/* Append head and body to the answer; false when it cannot be said like this. */
static bool reply_put(struct tn_http_exchange *exchange, unsigned status, const char *content_type,
                      struct tn_bytes body, const struct tn_http_reply_field *fields,
                      size_t field_count)
{
    struct tn_buffer *out = &exchange->answer;
    bool bodyless = status == 204 || status == 304;
    head_begin(exchange->loop, out, status, content_type, exchange->close);
    for (size_t i = 0; i < field_count; i++) {
        if (!field_is_clean(&fields[i])) {
            return false;
        }
        tn_buffer_append_string(out, fields[i].name);
        APPEND(out, ": ");
        tn_buffer_append_bytes(out, fields[i].value);
        APPEND(out, "\r\n");
    }
    if (!bodyless) {
        APPEND(out, "Content-Length: ");
        append_number(out, body.size);
        APPEND(out, "\r\n");
    }
    APPEND(out, "\r\n");
    if (!bodyless && exchange->request.method != TN_HTTP_HEAD) {
        tn_buffer_append_bytes(out, body);
    }
    return tn_buffer_status(out) == TN_OK;
}

static void reply_finish(struct tn_http_exchange *exchange, unsigned status)
{
    count_answer(exchange->loop, status);
    tn_http_exchange_step(exchange, TN_EXCHANGE_ANSWERED);
    if (exchange->connection == NULL) {
        tn_http_exchange_release(exchange);
        return;
    }
    exchange->answer_charged = exchange->answer.size;
    exchange->loop->answer_bytes += exchange->answer_charged;
    exchange->loop->open_answer_bytes += exchange->is_open ? exchange->answer_charged : 0;
    exchange->connection->unsent += exchange->answer_charged;
    tn_http_connection_ready(exchange->connection);
}

/* Large answers share a memory limit, or a few who ask for much and read nothing would take all
 * there is. Half of it is not for what anyone may ask: strangers who read slowly must not stop
 * those who have a token, so of what strangers hold no more than their half counts against others,
 * however large the last answer was that they got. Small ones are bounded by the number of
 * requests; and what was done must be told. */
static bool answer_has_room(const struct tn_http_exchange *exchange, struct tn_bytes body)
{
    const struct tn_http_loop *loop = exchange->loop;
    size_t max = loop->options->answer_memory_max;
    size_t half = max / 2;
    size_t strangers = loop->open_answer_bytes;
    size_t others = loop->answer_bytes - strangers;
    if (exchange->request.method != TN_HTTP_GET || body.size <= TN_HTTP_BUFFER_KEPT) {
        return true;
    }
    strangers = strangers < half ? strangers : half;
    return strangers + others < max && (!exchange->is_open || strangers < half);
}

void tn_http_reply_write(struct tn_http_exchange *exchange, unsigned status,
                         const char *content_type, struct tn_bytes body,
                         const struct tn_http_reply_field *fields, size_t field_count)
{
    if (exchange->connection == NULL) {
        reply_finish(exchange, status);
        return;
    }
    if (!answer_has_room(exchange, body)) {
        tn_http_reply_problem(exchange, TN_PROBLEM_BUSY, "too many answers wait to be read");
        return;
    }
    if (!reply_put(exchange, status, content_type, body, fields, field_count)) {
        tn_logline(TN_LOG_ERROR, "an answer with status %u was over the limit or had a bad header",
                   status);
        status = 500;
        tn_buffer_reset_secret(&exchange->answer);
        exchange->close = true;
        if (!reply_put(exchange, status, NULL, tn_bytes(NULL, 0), NULL, 0)) {
            tn_buffer_reset_secret(
                &exchange->answer); /* no memory at all: an empty answer and the end */
        }
    }
    reply_finish(exchange, status);
}

/* `problem` as a document in `memory`. */
static struct tn_bytes problem_document(struct tn_buffer *out, enum tn_problem problem,
                                        const char *detail)
{
    struct tn_bytes text = detail == NULL ? tn_bytes(NULL, 0) : tn_bytes_from_string(detail);
    tn_problem_write(out, problem, text);
    return out->overflowed ? tn_bytes(NULL, 0) : tn_buffer_view(out);
}

void tn_http_reply_problem(struct tn_http_exchange *exchange, enum tn_problem problem,
                           const char *detail)
{
    struct tn_http_reply_field fields[3];
    size_t count = 0;
    char allow[TN_HTTP_ALLOW_SIZE];
    char seconds[16];
    struct tn_buffer out;
    tn_buffer_init(&out, PROBLEM_SIZE_MAX);
    struct tn_bytes body = problem_document(&out, problem, detail);
    unsigned status = tn_problem_status(problem);
    /* What is not there now may be there later (spec/log.md 3). */
    fields[count].name = "Cache-Control";
    fields[count++].value = tn_bytes_from_string("no-store");
    if (status == 401) {
        fields[count].name = "WWW-Authenticate";
        fields[count++].value = tn_bytes_from_string("Bearer");
    }
    if (status == 405) {
        tn_http_allow_format(exchange->allowed, allow);
        fields[count].name = "Allow";
        fields[count++].value = tn_bytes_from_string(allow);
    }
    if (tn_problem_retry_after_s(problem) != 0) {
        (void) snprintf(seconds, sizeof(seconds), "%u", tn_problem_retry_after_s(problem));
        fields[count].name = "Retry-After";
        fields[count++].value = tn_bytes_from_string(seconds);
    }
    TN_CHECK(count <= TN_ARRAY_SIZE(fields));
    tn_http_reply_write(exchange, status, TN_PROBLEM_MEDIA_TYPE, body, fields, count);
    tn_buffer_close_secret(&out); /* the detail may name what was typed */
}

void tn_http_reply_options(struct tn_http_exchange *exchange)
{
    char allow[TN_HTTP_ALLOW_SIZE];
    tn_http_allow_format(exchange->allowed, allow);
    struct tn_http_reply_field field = {.name = "Allow", .value = tn_bytes_from_string(allow)};
    tn_http_reply_write(exchange, 204, NULL, tn_bytes(NULL, 0), &field, 1);
}

void tn_http_reply_stream_head(struct tn_http_exchange *exchange, unsigned status,
                               const char *content_type)
{
    struct tn_buffer *out = &exchange->answer;
    /* HTTP/1.0 knows no chunks: the end of the connection is the end of the answer. */
    exchange->chunked = exchange->message.head.version_minor != 0;
    exchange->close = exchange->close || !exchange->chunked;
    count_answer(exchange->loop, status);
    head_begin(exchange->loop, out, status, content_type, exchange->close);
    if (exchange->chunked) {
        APPEND(out, "Transfer-Encoding: chunked\r\n");
    }
    APPEND(out, "\r\n");
}

void tn_http_reply_canned(struct tn_http_loop *loop, enum tn_problem problem, struct tn_buffer *out)
{
    struct tn_buffer document;
    tn_buffer_init(&document, PROBLEM_SIZE_MAX);
    struct tn_bytes body = problem_document(&document, problem, NULL);
    unsigned status = tn_problem_status(problem);
    count_answer(loop, status);
    head_begin(loop, out, status, TN_PROBLEM_MEDIA_TYPE, true);
    if (tn_problem_retry_after_s(problem) != 0) {
        APPEND(out, "Retry-After: ");
        append_number(out, tn_problem_retry_after_s(problem));
        APPEND(out, "\r\n");
    }
    APPEND(out, "Content-Length: ");
    append_number(out, body.size);
    APPEND(out, "\r\n\r\n");
    tn_buffer_append_bytes(out, body);
    tn_buffer_close(&document);
}
