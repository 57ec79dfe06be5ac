/* The guard before llhttp: which bytes may be an HTTP/1.1 request at all. Pure.
 *
 * It reads a head line by line and a chunked body byte by byte, and refuses what two parsers could
 * read in two ways: exactly one Host; Transfer-Encoding only exactly `chunked`, only in HTTP/1.1
 * and never with Content-Length; at most one all-digit Content-Length; CRLF only; no folded lines,
 * no control bytes; token names; no header given twice that may stand once; no chunk extensions, no
 * trailers. Verdicts depend on the bytes alone, never on how they were cut into reads.
 * Source: RFC 9110, RFC 9112; DESIGN "Dependencies". */
#ifndef TN_API_HTTP_GUARD_H
#define TN_API_HTTP_GUARD_H

#include "api/http/problem.h"
#include "ledger/base/bytes.h"

#define TN_HTTP_URL_MAX 4096           /* bytes of a request target */
#define TN_HTTP_HEADERS_SIZE_MAX 16384 /* bytes of all header lines together */
#define TN_HTTP_HEADER_MAX 8190        /* bytes of one header line with its CRLF; a common limit */
#define TN_HTTP_HEADERS_MAX 64         /* header lines */
#define TN_HTTP_BODY_MAX 262144        /* bytes of a body where a route says nothing else */
/* A request line: method and version take at most 32 bytes more than the target. */
#define TN_HTTP_REQUEST_LINE_MAX (TN_HTTP_URL_MAX + 32)
#define TN_HTTP_HEAD_MAX (TN_HTTP_REQUEST_LINE_MAX + TN_HTTP_HEADERS_SIZE_MAX + 2)

enum tn_http_method {
    TN_HTTP_NONE = 0,
    TN_HTTP_GET,
    TN_HTTP_HEAD,
    TN_HTTP_POST,
    TN_HTTP_PUT,
    TN_HTTP_DELETE,
    TN_HTTP_OPTIONS,
    TN_HTTP_METHOD_COUNT,
};

/* "GET"; "" for NONE. */
const char *tn_http_method_name(enum tn_http_method method);

enum tn_http_framing {
    TN_HTTP_FRAMING_NONE = 0, /* no body */
    TN_HTTP_FRAMING_LENGTH,
    TN_HTTP_FRAMING_CHUNKED,
};

/* A header line; views into the head. The name is lower-case. */
struct tn_http_field {
    struct tn_bytes name;
    struct tn_bytes value; /* without white space around it */
};

struct tn_http_span {
    uint16_t at;
    uint16_t size;
};

/* What the guard learned from a head. `bytes` is the memory that the lines stand in, one after the
 * other; spans are offsets into it, for it may move while the head grows. */
struct tn_http_head {
    uint8_t *bytes;
    size_t size;
    size_t line;         /* where the line that is being read begins */
    size_t headers_size; /* bytes of header lines so far */
    bool complete;
    enum tn_http_method method;
    unsigned version_minor; /* of HTTP/1.x: 0 or 1 */
    enum tn_http_framing framing;
    uint64_t content_length;
    bool close;           /* the connection ends after this request */
    bool expect_continue; /* Expect: 100-continue */
    struct tn_http_span target;
    struct tn_http_span host;
    uint32_t seen; /* bit set of headers that may stand only once */
    unsigned field_count;
    struct tn_http_span names[TN_HTTP_HEADERS_MAX];
    struct tn_http_span values[TN_HTTP_HEADERS_MAX];
};

/* Forget the last request; `bytes` is kept. Cannot fail. */
void tn_http_head_init(struct tn_http_head *head, uint8_t *bytes);

/* False when no request begins with this byte: then there is no need to wait for a line. */
bool tn_http_guard_begins(uint8_t first);

/* The most bytes that the line being read may still take, its CRLF included. Called before bytes
 * are appended; over it the line is refused with tn_http_guard_line_limit's code. */
size_t tn_http_guard_line_room(const struct tn_http_head *head);
enum tn_problem tn_http_guard_line_limit(const struct tn_http_head *head);

/* Judge the line that stands at the end of the head, its LF included, and step to the next. After
 * the empty line `head->complete` is true. NONE when it is fine; `*why` (static text) otherwise. */
enum tn_problem tn_http_guard_line(struct tn_http_head *head, const char **why);

/* The parts of a target once the head is complete. `path` is decoded into `out`, which has room for
 * the target's size; `query` is a view into the head, as it came, without its question mark.
 * Refused: bytes no URL has, %00 and other control bytes, encoded slashes, `.` and `..` segments,
 * text that is not UTF-8, an authority other than Host. `OPTIONS *` gives the path "*". */
enum tn_problem tn_http_guard_target(const struct tn_http_head *head, uint8_t *out,
                                     struct tn_bytes *path, struct tn_bytes *query,
                                     const char **why);

/* A chunked body, byte by byte. */
struct tn_http_chunks {
    uint8_t state;
    uint8_t digits;
    uint64_t left;  /* of the chunk that is being read */
    uint64_t total; /* announced so far */
    uint64_t limit;
};

void tn_http_chunks_init(struct tn_http_chunks *chunks, uint64_t limit);
/* Step over as many bytes as are fine; `*used` says how many. `*done` is true when the last one
 * ended the body. PAYLOAD_TOO_LARGE as soon as a chunk's size line passes the limit. */
enum tn_problem tn_http_chunks_feed(struct tn_http_chunks *chunks, struct tn_bytes input,
                                    size_t *used, bool *done, const char **why);

#endif
