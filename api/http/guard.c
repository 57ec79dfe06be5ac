/* The guard before llhttp: heads, line by line. Chunked bodies and targets are judged in
 * guard_body.c and guard_target.c. */
#include "api/http/guard.h"

#include <string.h>

#include "ledger/base/check.h"

#define CONTENT_LENGTH_DIGITS_MAX 18 /* always fits a uint64_t */

_Static_assert(TN_HTTP_HEAD_MAX <= UINT16_MAX, "spans are 16 bits wide");
_Static_assert(CONTENT_LENGTH_DIGITS_MAX < 19, "10^19 does not fit");

/* tchar of RFC 9110 5.6.2, mapped to lower case; 0 for all that no token holds. */
#define UPPER(c) [c] = (uint8_t) ((c) + 0x20)
#define SAME(c) [c] = (c)
static const uint8_t token_lower[256] = {
    SAME('!'),  SAME('#'),  SAME('$'),  SAME('%'),  SAME('&'),  SAME('\''), SAME('*'),  SAME('+'),
    SAME('-'),  SAME('.'),  SAME('^'),  SAME('_'),  SAME('`'),  SAME('|'),  SAME('~'),  SAME('0'),
    SAME('1'),  SAME('2'),  SAME('3'),  SAME('4'),  SAME('5'),  SAME('6'),  SAME('7'),  SAME('8'),
    SAME('9'),  UPPER('A'), UPPER('B'), UPPER('C'), UPPER('D'), UPPER('E'), UPPER('F'), UPPER('G'),
    UPPER('H'), UPPER('I'), UPPER('J'), UPPER('K'), UPPER('L'), UPPER('M'), UPPER('N'), UPPER('O'),
    UPPER('P'), UPPER('Q'), UPPER('R'), UPPER('S'), UPPER('T'), UPPER('U'), UPPER('V'), UPPER('W'),
    UPPER('X'), UPPER('Y'), UPPER('Z'), SAME('a'),  SAME('b'),  SAME('c'),  SAME('d'),  SAME('e'),
    SAME('f'),  SAME('g'),  SAME('h'),  SAME('i'),  SAME('j'),  SAME('k'),  SAME('l'),  SAME('m'),
    SAME('n'),  SAME('o'),  SAME('p'),  SAME('q'),  SAME('r'),  SAME('s'),  SAME('t'),  SAME('u'),
    SAME('v'),  SAME('w'),  SAME('x'),  SAME('y'),  SAME('z'),
};

/* Headers that may stand only once, because a rule of ours or the framing reads them. */
enum single {
    SINGLE_HOST,
    SINGLE_CONTENT_LENGTH,
    SINGLE_TRANSFER_ENCODING,
    SINGLE_EXPECT,
    SINGLE_CONTENT_TYPE,
    SINGLE_CONTENT_ENCODING,
    SINGLE_AUTHORIZATION,
    SINGLE_IDEMPOTENCY_KEY,
    SINGLE_MIN_INDEX,
    SINGLE_LAST_EVENT_ID,
    SINGLE_COUNT,
};

static const char *const single_names[SINGLE_COUNT] = {
    [SINGLE_HOST] = "host",
    [SINGLE_CONTENT_LENGTH] = "content-length",
    [SINGLE_TRANSFER_ENCODING] = "transfer-encoding",
    [SINGLE_EXPECT] = "expect",
    [SINGLE_CONTENT_TYPE] = "content-type",
    [SINGLE_CONTENT_ENCODING] = "content-encoding",
    [SINGLE_AUTHORIZATION] = "authorization",
    [SINGLE_IDEMPOTENCY_KEY] = "idempotency-key",
    [SINGLE_MIN_INDEX] = "min-index",
    [SINGLE_LAST_EVENT_ID] = "last-event-id",
};

static const char *const method_names[TN_HTTP_METHOD_COUNT] = {
    [TN_HTTP_NONE] = "",           [TN_HTTP_GET] = "GET", [TN_HTTP_HEAD] = "HEAD",
    [TN_HTTP_POST] = "POST",       [TN_HTTP_PUT] = "PUT", [TN_HTTP_DELETE] = "DELETE",
    [TN_HTTP_OPTIONS] = "OPTIONS",
};

const char *tn_http_method_name(enum tn_http_method method)
{
    TN_CHECK((unsigned) method < TN_HTTP_METHOD_COUNT);
    return method_names[method];
}

void tn_http_head_init(struct tn_http_head *head, uint8_t *bytes)
{
    /* The arrays of spans are not cleared: field_count says what of them counts. */
    memset(head, 0, offsetof(struct tn_http_head, names));
    head->bytes = bytes;
}

bool tn_http_guard_begins(uint8_t first)
{
    return token_lower[first] != 0;
}

static bool in_request_line(const struct tn_http_head *head)
{
    return head->line == 0;
}

size_t tn_http_guard_line_room(const struct tn_http_head *head)
{
    size_t begun = head->size - head->line;
    if (in_request_line(head)) {
        return TN_HTTP_REQUEST_LINE_MAX - begun;
    }
    /* The empty line at the end comes on top of the headers. */
    size_t left = TN_HTTP_HEADERS_SIZE_MAX + 2 - head->headers_size;
    return (left < TN_HTTP_HEADER_MAX ? left : TN_HTTP_HEADER_MAX) - begun;
}

enum tn_problem tn_http_guard_line_limit(const struct tn_http_head *head)
{
    return in_request_line(head) ? TN_PROBLEM_URI_TOO_LONG : TN_PROBLEM_HEADERS_TOO_LARGE;
}

static enum tn_problem bad(const char **why, const char *text)
{
    *why = text;
    return TN_PROBLEM_MALFORMED_REQUEST;
}

static struct tn_http_span span(size_t at, size_t size)
{
    return (struct tn_http_span){.at = (uint16_t) at, .size = (uint16_t) size};
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static enum tn_http_method method_find(struct tn_bytes name)
{
    for (unsigned method = TN_HTTP_GET; method < TN_HTTP_METHOD_COUNT; method++) {
        if (tn_bytes_equal_string(name, method_names[method])) {
            return (enum tn_http_method) method;
        }
    }
    return TN_HTTP_NONE;
}

static enum tn_problem version_read(struct tn_http_head *head, struct tn_bytes text,
                                    const char **why)
{
    if (text.size != 8 || memcmp(text.data, "HTTP/", 5) != 0 || !is_digit(text.data[5]) ||
        text.data[6] != '.' || !is_digit(text.data[7])) {
        return bad(why, "the request line does not end in an HTTP version");
    }
    if (text.data[5] != '1' || text.data[7] > '1') {
        *why = "HTTP/1.1 and HTTP/1.0 are spoken here";
        return TN_PROBLEM_VERSION_NOT_SUPPORTED;
    }
    head->version_minor = (unsigned) (text.data[7] - '0');
    head->close = head->version_minor == 0;
    return TN_PROBLEM_NONE;
}

/* method SP target SP version, with one space each (RFC 9112, section 3). */
static enum tn_problem request_line(struct tn_http_head *head, struct tn_bytes line,
                                    const char **why)
{
    size_t at = 0;
    while (at < line.size && token_lower[line.data[at]] != 0) {
        at++;
    }
    if (at == 0 || at == line.size || line.data[at] != ' ') {
        return bad(why, "the request line does not begin with a method and a space");
    }
    struct tn_bytes name = tn_bytes(line.data, at);
    size_t begin = ++at;
    while (at < line.size && line.data[at] > ' ' && line.data[at] < 0x7f) {
        at++;
    }
    if (at == begin || at == line.size || line.data[at] != ' ') {
        return bad(why, "no target and space after the method");
    }
    if (at - begin > TN_HTTP_URL_MAX) {
        *why = "the target is over 4096 bytes";
        return TN_PROBLEM_URI_TOO_LONG;
    }
    head->target = span(begin, at - begin);
    enum tn_problem problem =
        version_read(head, tn_bytes(line.data + at + 1, line.size - at - 1), why);
    if (problem != TN_PROBLEM_NONE) {
        return problem;
    }
    head->method = method_find(name);
    if (head->method == TN_HTTP_NONE) {
        *why = "the method is not known here";
        return TN_PROBLEM_METHOD_NOT_ALLOWED;
    }
    return TN_PROBLEM_NONE;
}

/* One all-digit length; lists, signs and spaces are what smuggling is made of. */
static enum tn_problem content_length(struct tn_http_head *head, struct tn_bytes value,
                                      const char **why)
{
    if (value.size == 0 || value.size > CONTENT_LENGTH_DIGITS_MAX) {
        return bad(why, "Content-Length is not a number of at most 18 digits");
    }
    uint64_t length = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (!is_digit(value.data[i])) {
            return bad(why, "Content-Length is not all digits");
        }
        length = length * 10 + (uint64_t) (value.data[i] - '0');
    }
    head->content_length = length;
    return TN_PROBLEM_NONE;
}

/* A name or address, and a port: no user, no list, nothing that needs an escape. */
static enum tn_problem host(struct tn_http_head *head, struct tn_bytes value, const char **why)
{
    size_t at = 0;
    bool literal = value.size != 0 && value.data[0] == '[';
    if (literal) {
        at = 1;
    }
    size_t begin = at;
    while (at < value.size) {
        uint8_t c = value.data[at];
        bool letter = token_lower[c] >= 'a' && token_lower[c] <= 'z';
        bool fits = literal
                        ? is_digit(c) || c == ':' || c == '.' || (letter && token_lower[c] <= 'f')
                        : is_digit(c) || letter || c == '-' || c == '.' || c == '_';
        if (!fits) {
            break;
        }
        at++;
    }
    bool named = at != begin;
    if (literal) {
        named = named && at < value.size && value.data[at] == ']';
        at++;
    }
    if (named && at < value.size && value.data[at] == ':') {
        at++;
        while (at < value.size && is_digit(value.data[at])) {
            at++;
        }
    }
    if (!named || at != value.size) {
        return bad(why, "Host is not a name or address with an optional port");
    }
    head->host = span((size_t) (value.data - head->bytes), value.size);
    return TN_PROBLEM_NONE;
}

/* True when two texts are equal but for the case of ASCII letters; `lower` is in lower case. */
static bool equals_lower(struct tn_bytes text, const char *lower)
{
    size_t size = strlen(lower);
    if (text.size != size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (token_lower[text.data[i]] != (uint8_t) lower[i]) {
            return false;
        }
    }
    return true;
}

/* Connection: a list of tokens, of which only `close` says something to us. */
static void connection(struct tn_http_head *head, struct tn_bytes value)
{
    size_t at = 0;
    while (at < value.size) {
        size_t begin = at;
        while (at < value.size && token_lower[value.data[at]] != 0) {
            at++;
        }
        if (equals_lower(tn_bytes(value.data + begin, at - begin), "close")) {
            head->close = true;
        }
        while (at < value.size && (at == begin || token_lower[value.data[at]] == 0)) {
            at++;
        }
    }
}

static enum tn_problem single(struct tn_http_head *head, enum single which, struct tn_bytes value,
                              const char **why)
{
    if ((head->seen & (1u << which)) != 0) {
        return bad(why, "a header that may stand only once stands twice");
    }
    head->seen |= 1u << which;
    switch (which) {
    case SINGLE_HOST:
        return host(head, value, why);
    case SINGLE_CONTENT_LENGTH:
        return content_length(head, value, why);
    case SINGLE_TRANSFER_ENCODING:
        if (!tn_bytes_equal_string(value, "chunked") || head->version_minor == 0) {
            return bad(why, "Transfer-Encoding is not `chunked` in HTTP/1.1");
        }
        return TN_PROBLEM_NONE;
    case SINGLE_EXPECT:
        if (!equals_lower(value, "100-continue")) {
            *why = "Expect knows 100-continue only";
            return TN_PROBLEM_EXPECTATION_FAILED;
        }
        head->expect_continue = head->version_minor != 0;
        return TN_PROBLEM_NONE;
    case SINGLE_CONTENT_ENCODING:
        *why = "a body comes without Content-Encoding";
        return equals_lower(value, "identity") ? TN_PROBLEM_NONE
                                               : TN_PROBLEM_UNSUPPORTED_MEDIA_TYPE;
    case SINGLE_CONTENT_TYPE:
    case SINGLE_AUTHORIZATION:
    case SINGLE_IDEMPOTENCY_KEY:
    case SINGLE_MIN_INDEX:
    case SINGLE_LAST_EVENT_ID:
    case SINGLE_COUNT:
        return TN_PROBLEM_NONE;
    }
    return TN_PROBLEM_NONE;
}

/* Underscores that others read as dashes must not smuggle a second Content-Length past us. */
static bool is_disguised(struct tn_bytes name)
{
    if (memchr(name.data, '_', name.size) == NULL) {
        return false;
    }
    for (unsigned which = 0; which < SINGLE_COUNT; which++) {
        const char *known = single_names[which];
        size_t i = 0;
        while (i < name.size && (name.data[i] == '_' ? '-' : name.data[i]) == (uint8_t) known[i]) {
            i++;
        }
        if (i == name.size && known[i] == '\0') {
            return true;
        }
    }
    return false;
}

static enum tn_problem field_known(struct tn_http_head *head, struct tn_bytes name,
                                   struct tn_bytes value, const char **why)
{
    for (unsigned which = 0; which < SINGLE_COUNT; which++) {
        if (tn_bytes_equal_string(name, single_names[which])) {
            return single(head, (enum single) which, value, why);
        }
    }
    if (is_disguised(name)) {
        return bad(why, "a header name that others could read as another");
    }
    if (tn_bytes_equal_string(name, "connection")) {
        connection(head, value);
    }
    return TN_PROBLEM_NONE;
}

/* name ":" OWS value OWS (RFC 9112, section 5); the name becomes lower-case in place. */
static enum tn_problem field_line(struct tn_http_head *head, uint8_t *line, size_t size,
                                  const char **why)
{
    if (head->field_count == TN_HTTP_HEADERS_MAX) {
        *why = "more than 64 header fields";
        return TN_PROBLEM_HEADERS_TOO_LARGE;
    }
    size_t at = 0;
    while (at < size && token_lower[line[at]] != 0) {
        line[at] = token_lower[line[at]];
        at++;
    }
    if (at == 0 || at == size || line[at] != ':') {
        return bad(why, "a header line is not a name and a colon");
    }
    struct tn_bytes name = tn_bytes(line, at);
    at++;
    while (at < size && (line[at] == ' ' || line[at] == '\t')) {
        at++;
    }
    size_t end = size;
    while (end > at && (line[end - 1] == ' ' || line[end - 1] == '\t')) {
        end--;
    }
    for (size_t i = at; i < end; i++) {
        if ((line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f) {
            return bad(why, "a header value holds a control byte");
        }
    }
    struct tn_bytes value = tn_bytes(line + at, end - at);
    head->names[head->field_count] = span(head->line, name.size);
    head->values[head->field_count] = span(head->line + at, value.size);
    head->field_count++;
    return field_known(head, name, value, why);
}

/* What can be said only after the last header line. */
static enum tn_problem head_end(struct tn_http_head *head, const char **why)
{
    bool sized = (head->seen & (1u << SINGLE_CONTENT_LENGTH)) != 0;
    bool chunked = (head->seen & (1u << SINGLE_TRANSFER_ENCODING)) != 0;
    if ((head->seen & (1u << SINGLE_HOST)) == 0) {
        return bad(why, "there is no Host");
    }
    if (sized && chunked) {
        return bad(why, "Content-Length and Transfer-Encoding in one request");
    }
    if (chunked) {
        head->framing = TN_HTTP_FRAMING_CHUNKED;
    } else if (sized && head->content_length != 0) {
        head->framing = TN_HTTP_FRAMING_LENGTH;
    }
    head->complete = true;
    return TN_PROBLEM_NONE;
}

enum tn_problem tn_http_guard_line(struct tn_http_head *head, const char **why)
{
    uint8_t *line = head->bytes + head->line;
    size_t size = head->size - head->line;
    TN_CHECK(!head->complete && size != 0 && line[size - 1] == '\n');
    *why = "";
    if (size < 2 || line[size - 2] != '\r') {
        return bad(why, "a line does not end in CRLF");
    }
    size -= 2;
    enum tn_problem problem = TN_PROBLEM_NONE;
    if (in_request_line(head)) {
        problem = request_line(head, tn_bytes(line, size), why);
    } else if (size == 0) {
        problem = head_end(head, why);
    } else if (size + 2 > TN_HTTP_HEADERS_SIZE_MAX - head->headers_size) {
        *why = "the header fields are over 16384 bytes";
        problem = TN_PROBLEM_HEADERS_TOO_LARGE;
    } else {
        head->headers_size += size + 2;
        problem = field_line(head, line, size, why);
    }
    head->line = head->size;
    return problem;
}
