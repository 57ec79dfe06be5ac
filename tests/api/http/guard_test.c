/* The guard and the parser glue: what is a request, what is refused, however it is cut. */
#include "api/http/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ledger/base/check.h"
#include "ledger/base/random.h"
#include "tests/api/http/feed.h"
#include "tests/api/http/vectors.h"

#define HOST "Host: a\r\n"

/* Feed whole, byte by byte and in sevens: one log. */
static void feed_every_way(struct feed *feed, struct tn_bytes input)
{
    static const size_t pieces[] = {1, 7};
    feed_all(feed, input, 0);
    for (size_t i = 0; i < TN_ARRAY_SIZE(pieces); i++) {
        struct feed other;
        feed_all(&other, input, pieces[i]);
        if (!tn_bytes_equal(tn_buffer_view(&feed->log), tn_buffer_view(&other.log))) {
            fail_msg("pieces of %zu differ:\n%.*s---\n%.*s", pieces[i], (int) feed->log.size,
                     (const char *) feed->log.data, (int) other.log.size,
                     (const char *) other.log.data);
        }
        feed_close(&other);
    }
}

struct row {
    const char *text;
    enum tn_problem problem; /* NONE: it is one request */
};

static void rows_are_judged(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct feed feed;
        feed_every_way(&feed, tn_bytes_from_string(rows[i].text));
        /* The guard alone must see it: llhttp's second opinion is for what nobody thought of. */
        bool fine =
            strstr(feed.parser.why, "two ways") == NULL &&
            (rows[i].problem == TN_PROBLEM_NONE
                 ? feed.requests == 1 && feed.refused == 0 && !feed.reading
                 : feed.requests == 0 && feed.refused == 1 && feed.problem == rows[i].problem);
        if (!fine) {
            fail_msg("row %zu:\n%s\n%.*s", i, rows[i].text, (int) feed.log.size,
                     (const char *) feed.log.data);
        }
        feed_close(&feed);
    }
}

#define BAD TN_PROBLEM_MALFORMED_REQUEST

static void request_lines(void **state)
{
    (void) state;
    static const struct row rows[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", TN_PROBLEM_NONE},
        {"GET / HTTP/1.0\r\n" HOST "\r\n", TN_PROBLEM_NONE},
        {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", TN_PROBLEM_NONE},
        {"HEAD /a/b?c=d&e=%20 HTTP/1.1\r\n" HOST "\r\n", TN_PROBLEM_NONE},
        {"GET * HTTP/1.1\r\n" HOST "\r\n", BAD},
        {"\r\nGET / HTTP/1.1\r\n" HOST "\r\n", BAD},
        {"GET  / HTTP/1.1\r\n" HOST "\r\n", BAD},
        {"GET /  HTTP/1.1\r\n" HOST "\r\n", BAD},
        {"GET\t/ HTTP/1.1\r\n" HOST "\r\n", BAD},
        {"GET / HTTP/1.1 \r\n" HOST "\r\n", BAD},
        {" GET / HTTP/1.1\r\n" HOST "\r\n", BAD},
        {"GET / HTTP/1.1\n" HOST "\r\n", BAD},
        {"GET / HTTP/1.1\r\r\n" HOST "\r\n", BAD},
        {"GET / http/1.1\r\n" HOST "\r\n", BAD},
        {"GET / HTTP/11\r\n" HOST "\r\n", BAD},
        {"GET / HTTP/1.2\r\n" HOST "\r\n", TN_PROBLEM_VERSION_NOT_SUPPORTED},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", TN_PROBLEM_VERSION_NOT_SUPPORTED},
        {"GET / HTTP/0.9\r\n" HOST "\r\n", TN_PROBLEM_VERSION_NOT_SUPPORTED},
        {"GET /\r\n", BAD},
        {"get / HTTP/1.1\r\n" HOST "\r\n", TN_PROBLEM_METHOD_NOT_ALLOWED},
        {"PATCH / HTTP/1.1\r\n" HOST "\r\n", TN_PROBLEM_METHOD_NOT_ALLOWED},
        {"CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", TN_PROBLEM_METHOD_NOT_ALLOWED},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", TN_PROBLEM_VERSION_NOT_SUPPORTED},
        {"\x16\x03\x01\x02", BAD}, /* a TLS hello */
    };
    rows_are_judged(rows, TN_ARRAY_SIZE(rows));
}

static void targets(void **state)
{
    (void) state;
#define T(target) "GET " target " HTTP/1.1\r\n" HOST "\r\n"
    static const struct row rows[] = {
        {T("/%41%c3%a9"), TN_PROBLEM_NONE},
        {T("/a.b/..c/...?../.."), TN_PROBLEM_NONE},
        {T("http://a/x"), TN_PROBLEM_NONE},
        {T("HTTP://A/x"), TN_PROBLEM_NONE},
        {T("https://a/"), TN_PROBLEM_NONE},
        {T("http://b/x"), BAD},
        {T("http://a"), BAD},
        {T("http://u@a/x"), BAD},
        {T("http://a:80/x"), BAD},
        {T("ftp://a/x"), BAD},
        {T("a:443"), BAD},
        {T("a/x"), BAD},
        {T("?x"), BAD},
        {T("/%00"), BAD},
        {T("/%0a"), BAD},
        {T("/%7f"), BAD},
        {T("/%2f"), BAD},
        {T("/%2F"), BAD},
        {T("/%5c"), BAD},
        {T("/%"), BAD},
        {T("/%4"), BAD},
        {T("/%4g"), BAD},
        {T("/%ff"), BAD},
        {T("/%c0%af"), BAD},
        {T("/."), BAD},
        {T("/.."), BAD},
        {T("/a/./b"), BAD},
        {T("/a/../b"), BAD},
        {T("/%2e%2e/b"), BAD},
        {T("/%2e"), BAD},
        {T("/a#b"), BAD},
        {T("/a\\b"), BAD},
        {T("/a|b"), BAD},
        {T("/a{b}"), BAD},
        {T("/\"a\""), BAD},
        {T("/\xc3\xa9"), BAD},
        {T("/?a=%00"), BAD},
        {T("/?a=%"), BAD},
        {T("/?a[]=1"), BAD},
    };
    rows_are_judged(rows, TN_ARRAY_SIZE(rows));
#undef T
}

static void header_lines(void **state)
{
    (void) state;
#define H(lines) "GET / HTTP/1.1\r\n" lines "\r\n"
    static const struct row rows[] = {
        {H("Host:a\r\nX-A: \t b c \t\r\nX-A:\r\nx!#$%&'*+.^_`|~9: \xff\r\n"), TN_PROBLEM_NONE},
        {H("host: [::1]:80\r\n"), TN_PROBLEM_NONE},
        {H("Host: a.b-c_d:8080\r\n"), TN_PROBLEM_NONE},
        {H("Host: 127.0.0.1:\r\n"), TN_PROBLEM_NONE},
        {H("Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
           "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"),
         TN_PROBLEM_NONE},
        {H("X: y\r\n"), BAD},
        {H("Host: a\r\nHost: a\r\n"), BAD},
        {H("Host: \r\n"), BAD},
        {H("Host: a b\r\n"), BAD},
        {H("Host: a, b\r\n"), BAD},
        {H("Host: u@a\r\n"), BAD},
        {H("Host: a/b\r\n"), BAD},
        {H("Host: a=b\r\n"), BAD},
        {H("Host: :80\r\n"), BAD},
        {H("Host: a:80:80\r\n"), BAD},
        {H("Host: [::1\r\n"), BAD},
        {H("Host: []\r\n"), BAD},
        {H("Host: [::1]a\r\n"), BAD},
        {H("Host : a\r\n"), BAD},
        {H(" Host: a\r\n"), BAD},
        {H("Host: a\r\n X: folded\r\n"), BAD},
        {H("Host: a\r\nX: one\r\n\ttwo\r\n"), BAD},
        {H("Host: a\r\n: x\r\n"), BAD},
        {H("Host: a\r\nX\r\n"), BAD},
        {H("Host: a\r\nX Y: z\r\n"), BAD},
        {H("Host: a\r\nX(: z\r\n"), BAD},
        {H("Host: a\r\nX\xe9: z\r\n"), BAD},
        {H("Host: a\r\nX: a\rb\r\n"), BAD},
        {H("Host: a\r\nX: a\nY: b\r\n"), BAD},
        {H("Host: a\r\nX: a\x01\r\n"), BAD},
        {H("Host: a\r\nX: a\x7f\r\n"), BAD},
        {H("Host: a\r\nAuthorization: a\r\nauthorization: b\r\n"), BAD},
        {H("Host: a\r\nContent-Type: a\r\nContent-Type: a\r\n"), BAD},
        {H("Host: a\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n"), BAD},
        {H("Host: a\r\nContent_Length: 5\r\n"), BAD},
        {H("Host: a\r\nTransfer_Encoding: chunked\r\n"), BAD},
        {H("Host: a\r\nX_Forwarded_For: b\r\n"), TN_PROBLEM_NONE},
        {H("Host: a\r\nExpect: 100-Continue\r\n"), TN_PROBLEM_NONE},
        {H("Host: a\r\nExpect: more\r\n"), TN_PROBLEM_EXPECTATION_FAILED},
        {H("Host: a\r\nContent-Encoding: gzip\r\n"), TN_PROBLEM_UNSUPPORTED_MEDIA_TYPE},
    };
    rows_are_judged(rows, TN_ARRAY_SIZE(rows));
#undef H
}

static void framing(void **state)
{
    (void) state;
#define P(rest) "POST / HTTP/1.1\r\n" HOST rest
#define CHUNKED P("Transfer-Encoding: chunked\r\n\r\n")
    static const struct row rows[] = {
        {P("Content-Length: 5\r\n\r\nhello"), TN_PROBLEM_NONE},
        {P("Content-Length: 0\r\n\r\n"), TN_PROBLEM_NONE},
        {P("Content-Length: 005\r\n\r\nhello"), TN_PROBLEM_NONE},
        {P("\r\n"), TN_PROBLEM_NONE},
        {P("Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), BAD},
        {P("Content-Length: 5, 5\r\n\r\nhello"), BAD},
        {P("Content-Length: +5\r\n\r\nhello"), BAD},
        {P("Content-Length: -5\r\n\r\nhello"), BAD},
        {P("Content-Length: 0x5\r\n\r\nhello"), BAD},
        {P("Content-Length: 5 5\r\n\r\nhello"), BAD},
        {P("Content-Length:\r\n\r\n"), BAD},
        {P("Content-Length: 99999999999999999999\r\n\r\n"), BAD},
        {P("Content-Length: 601\r\n\r\n"), TN_PROBLEM_PAYLOAD_TOO_LARGE},
        {P("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), BAD},
        {P("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), BAD},
        {P("Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"), BAD},
        {P("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), BAD},
        {P("Transfer-Encoding: identity\r\n\r\n"), BAD},
        {P("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"), BAD},
        {P("Transfer-Encoding: \x0b"
           "chunked\r\n\r\n0\r\n\r\n"),
         BAD},
        {P("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), BAD},
        {"POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", BAD},
        {CHUNKED "5\r\nhello\r\n0\r\n\r\n", TN_PROBLEM_NONE},
        {CHUNKED "0005\r\nhello\r\nA\r\n0123456789\r\n000\r\n\r\n", TN_PROBLEM_NONE},
        {CHUNKED "0\r\n\r\n", TN_PROBLEM_NONE},
        {CHUNKED "000000000\r\n\r\n", BAD},
        {CHUNKED "5;a=b\r\nhello\r\n0\r\n\r\n", BAD},
        {CHUNKED "5 \r\nhello\r\n0\r\n\r\n", BAD},
        {CHUNKED " 5\r\nhello\r\n0\r\n\r\n", BAD},
        {CHUNKED "+5\r\nhello\r\n0\r\n\r\n", BAD},
        {CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", BAD},
        {CHUNKED "5\nhello\r\n0\r\n\r\n", BAD},
        {CHUNKED "5\r\nhelloX\n0\r\n\r\n", BAD},
        {CHUNKED "5\r\nhello\r\n0\r\nX: y\r\n\r\n", BAD},
        {CHUNKED "5\r\nhello\r\n\r\n", BAD},
        {CHUNKED "259\r\n", TN_PROBLEM_PAYLOAD_TOO_LARGE},
        {CHUNKED "ffffffff\r\n", TN_PROBLEM_PAYLOAD_TOO_LARGE},
        {CHUNKED "5\r\nhello\r\n254\r\n", TN_PROBLEM_PAYLOAD_TOO_LARGE},
    };
    rows_are_judged(rows, TN_ARRAY_SIZE(rows));
#undef P
}

static void heads_have_limits(void **state)
{
    (void) state;
    struct tn_buffer text;
    tn_buffer_init(&text, 1024 * 1024);
    static const struct {
        size_t target;  /* bytes */
        size_t headers; /* number */
        size_t header;  /* bytes of one value */
        bool ended;
        enum tn_problem problem;
    } rows[] = {
        {TN_HTTP_URL_MAX, 0, 0, true, TN_PROBLEM_NONE},
        {TN_HTTP_URL_MAX + 1, 0, 0, true, TN_PROBLEM_URI_TOO_LONG},
        {TN_HTTP_URL_MAX + 100, 0, 0, false, TN_PROBLEM_URI_TOO_LONG},
        {1, TN_HTTP_HEADERS_MAX - 1, 1, true, TN_PROBLEM_NONE},
        {1, TN_HTTP_HEADERS_MAX, 1, true, TN_PROBLEM_HEADERS_TOO_LARGE},
        {1, 1, TN_HTTP_HEADER_MAX - 5, true, TN_PROBLEM_NONE},
        {1, 1, TN_HTTP_HEADER_MAX - 4, true, TN_PROBLEM_HEADERS_TOO_LARGE},
        /* Host takes 9 bytes, and five lines of 3275 fill the rest to the byte. */
        {TN_HTTP_URL_MAX, 5, (TN_HTTP_HEADERS_SIZE_MAX - 9) / 5 - 5, true, TN_PROBLEM_NONE},
        {TN_HTTP_URL_MAX, 5, (TN_HTTP_HEADERS_SIZE_MAX - 9) / 5 - 4, true,
         TN_PROBLEM_HEADERS_TOO_LARGE},
        {1, 1, TN_HTTP_HEADERS_SIZE_MAX * 2, false, TN_PROBLEM_HEADERS_TOO_LARGE},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        tn_buffer_reset(&text);
        tn_buffer_append_string(&text, "GET /");
        for (size_t j = 1; j < rows[i].target; j++) {
            tn_buffer_append_string(&text, "a");
        }
        if (rows[i].ended || rows[i].headers != 0) {
            tn_buffer_append_string(&text, " HTTP/1.1\r\n" HOST);
        }
        for (size_t j = 0; j < rows[i].headers; j++) {
            tn_buffer_append_string(&text, "X: ");
            for (size_t k = 0; k < rows[i].header; k++) {
                tn_buffer_append_string(&text, "v");
            }
            tn_buffer_append_string(&text, rows[i].ended ? "\r\n" : "");
        }
        tn_buffer_append_string(&text, rows[i].ended ? "\r\n" : "");
        assert_int_equal(tn_buffer_status(&text), TN_OK);
        struct feed feed;
        feed_every_way(&feed, tn_buffer_view(&text));
        if (feed.problem != rows[i].problem ||
            feed.requests != (rows[i].problem == TN_PROBLEM_NONE ? 1u : 0u)) {
            fail_msg("row %zu: %u requests, %s", i, feed.requests, tn_problem_code(feed.problem));
        }
        feed_close(&feed);
    }
    tn_buffer_close(&text);
}

static void pipelined_requests_come_in_order(void **state)
{
    (void) state;
    struct feed feed;
    feed_every_way(&feed, tn_bytes_from_string(
                              "GET /one HTTP/1.1\r\n" HOST "\r\n"
                              "POST /two HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nGET "
                              "POST /three HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                              "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
                              "GET /four HTTP/1.1\r\n" HOST "Connection: x , Close\r\n\r\n"
                              "GET /never HTTP/1.1\r\n" HOST "\r\n"));
    assert_int_equal(feed.requests, 4);
    tn_buffer_append_u8(&feed.log, 0);
    const char *log = (const char *) feed.log.data;
    const char *one = strstr(log, "path=/one");
    const char *two = strstr(log, "path=/two query= host=a content-length=4 body=GET  ");
    const char *three =
        strstr(log, "path=/three query= host=a transfer-encoding=chunked body=abc ");
    const char *four = strstr(log, "path=/four");
    assert_true(one != NULL && one < two && two < three && three < four);
    assert_null(strstr(log, "never"));
    feed_close(&feed);
}

static void paths_are_decoded_and_queries_are_not(void **state)
{
    (void) state;
    struct feed feed;
    feed_every_way(&feed, tn_bytes_from_string(
                              "GET http://a/x%20y/%3F%25?b=%20&c=?/ HTTP/1.1\r\n" HOST "\r\n"));
    tn_buffer_append_u8(&feed.log, 0);
    assert_non_null(strstr((const char *) feed.log.data, "path=/x y/?% query=b=%20&c=?/ host=a"));
    feed_close(&feed);
}

/* --- the vectors -------------------------------------------------------------------------------
 */

static int hex_of(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c | 0x20);
    return found == NULL ? -1 : (int) (found - digits);
}

/* Real line ends mean nothing; \r \n \t \0 and \xHH are written as such. */
static struct tn_bytes vector_unescape(struct tn_bytes text)
{
    uint8_t *out = malloc(text.size + 1);
    size_t size = 0;
    assert_non_null(out);
    for (size_t i = 0; i < text.size; i++) {
        char c = (char) text.data[i];
        char next = i + 1 < text.size ? (char) text.data[i + 1] : '\0';
        const char *found = c == '\\' && next != '\0' ? strchr("r\rn\nt\t", next) : NULL;
        if (c == '\n' || c == '\r') {
            continue;
        }
        if (c == '\\' && next == 'x' && i + 3 < text.size && hex_of((char) text.data[i + 2]) >= 0 &&
            hex_of((char) text.data[i + 3]) >= 0) {
            out[size++] =
                (uint8_t) (hex_of((char) text.data[i + 2]) * 16 + hex_of((char) text.data[i + 3]));
            i += 3;
        } else if (c == '\\' && next == '0') {
            out[size++] = 0;
            i++;
        } else if (found != NULL && strchr("rnt", next) != NULL) {
            out[size++] = (uint8_t) found[1];
            i++;
        } else {
            out[size++] = (uint8_t) c;
        }
    }
    return tn_bytes(out, size);
}

/* Most vectors have no Host, which alone would refuse them: put one behind the request line. */
static struct tn_bytes host_insert(struct tn_bytes text)
{
    const uint8_t *end = memmem(text.data, text.size, "\r\n", 2);
    uint8_t *out = malloc(text.size + sizeof(HOST));
    assert_non_null(out);
    size_t line = end == NULL ? 0 : (size_t) (end - text.data) + 2;
    size_t size = 0;
    memcpy(out, text.data, line);
    size += line;
    if (line != 0 && memmem(text.data, text.size, "\r\nHost", 6) == NULL) {
        memcpy(out + size, HOST, sizeof(HOST) - 1);
        size += sizeof(HOST) - 1;
    }
    memcpy(out + size, text.data + line, text.size - line);
    return tn_bytes(out, size + text.size - line);
}

/* Invalid for the server they come from by its limits or policy; with a Host they are fine here. */
static const char *const fine_here[] = {
    "010.http", /* its limit of 10 bytes for a header */
    "019.http", /* its policy on contradicting X-Forwarded headers, which we do not read */
};

static size_t vectors_wrong;
static size_t fine_seen;

static void invalid_judge(const char *name, struct tn_bytes raw)
{
    struct tn_bytes text = vector_unescape(raw);
    struct tn_bytes hosted = host_insert(text);
    bool fine = false;
    for (size_t i = 0; i < TN_ARRAY_SIZE(fine_here); i++) {
        fine = fine || strcmp(name, fine_here[i]) == 0;
    }
    struct feed feed;
    feed_every_way(&feed, text);
    if (feed.requests != 0) {
        print_message("%s: taken as it is\n", name);
        vectors_wrong++;
    }
    feed_close(&feed);
    feed_every_way(&feed, hosted);
    fine_seen += fine && feed.requests == 1 ? 1 : 0;
    if (!fine && feed.requests != 0) {
        print_message("%s: taken with a Host: %.*s\n", name, (int) feed.log.size,
                      (const char *) feed.log.data);
        vectors_wrong++;
    }
    feed_close(&feed);
    vector_free(text);
    vector_free(hosted);
}

static void invalid_vectors_are_refused(void **state)
{
    (void) state;
    size_t count = vectors_each("http/invalid", ".http", invalid_judge);
    if (count == 0) {
        print_message("skipped: no vectors\n");
        skip();
    }
    assert_int_equal(count, 74);
    assert_int_equal(vectors_wrong, 0);
    assert_int_equal(fine_seen, TN_ARRAY_SIZE(fine_here));
}

/* How many requests a vector holds at most: several of them pipeline. */
static unsigned requests_most(const char *name)
{
    static const char *const two[] = {"018.http", "022.http", "023.http", "pp_02.http"};
    for (size_t i = 0; i < TN_ARRAY_SIZE(two); i++) {
        if (strcmp(name, two[i]) == 0) {
            return 2;
        }
    }
    return 1;
}

static size_t valid_taken;

static void valid_judge(const char *name, struct tn_bytes raw)
{
    struct tn_bytes text = vector_unescape(raw);
    struct tn_bytes hosted = host_insert(text);
    struct feed feed;
    feed_every_way(&feed, text);
    bool wrong = feed.requests > requests_most(name);
    feed_close(&feed);
    feed_every_way(&feed, hosted);
    wrong = wrong || feed.requests > requests_most(name);
    valid_taken += feed.requests != 0 ? 1 : 0;
    if (wrong) {
        print_message("%s: too many requests\n%.*s", name, (int) feed.log.size,
                      (const char *) feed.log.data);
        vectors_wrong++;
    }
    feed_close(&feed);
    vector_free(text);
    vector_free(hosted);
}

static void valid_vectors_are_never_two_requests(void **state)
{
    (void) state;
    vectors_wrong = 0;
    size_t count = vectors_each("http/valid", ".http", valid_judge);
    if (count == 0) {
        print_message("skipped: no vectors\n");
        skip();
    }
    print_message("%zu of %zu valid vectors are taken with a Host\n", valid_taken, count);
    assert_int_equal(vectors_wrong, 0);
    assert_true(valid_taken >= 25);
}

/* --- properties --------------------------------------------------------------------------------
 */

static void append_any(struct tn_buffer *out, struct tn_random *random, const char *const *parts,
                       size_t count)
{
    tn_buffer_append_string(out, parts[tn_random_below(random, count)]);
}

/* A request of parts that are mostly right. */
static void request_make(struct tn_buffer *out, struct tn_random *random)
{
    static const char *const lines[] = {"GET / HTTP/1.1\r\n",     "POST /v1/x?y=1 HTTP/1.1\r\n",
                                        "PUT /%41 HTTP/1.1\r\n",  "DELETE /a/b HTTP/1.0\r\n",
                                        "GET /../ HTTP/1.1\r\n",  "HEAD /q?a=%20 HTTP/1.1\r\n",
                                        "OPTIONS * HTTP/1.1\r\n", "POST http://a/z HTTP/1.1\r\n"};
    static const char *const headers[] = {"X: y\r\n",
                                          "Accept: */*\r\n",
                                          "Connection: keep-alive\r\n",
                                          "Connection: close\r\n",
                                          "X:\tz \r\n",
                                          "Expect: 100-continue\r\n",
                                          "Upgrade: h2c\r\nConnection: upgrade\r\n",
                                          "Bad Header: x\r\n",
                                          "Y: a\rb\r\n",
                                          " folded\r\n",
                                          "Content-Length: 3\r\n"};
    static const char *const bodies[] = {
        "\r\n",
        "Content-Length: 3\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n00\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\n\r\n"};
    append_any(out, random, lines, tn_random_below(random, 4) != 0 ? 4 : TN_ARRAY_SIZE(lines));
    tn_buffer_append_string(out, tn_random_below(random, 20) == 0 ? "" : HOST);
    for (uint64_t i = tn_random_below(random, 4); i != 0; i--) {
        append_any(out, random, headers,
                   tn_random_below(random, 4) != 0 ? 3 : TN_ARRAY_SIZE(headers));
    }
    append_any(out, random, bodies, tn_random_below(random, 3) != 0 ? 4 : TN_ARRAY_SIZE(bodies));
}

static void generated_requests_do_not_mind_the_cut(void **state)
{
    (void) state;
    struct tn_random random;
    struct tn_buffer text;
    unsigned taken = 0;
    unsigned refused = 0;
    tn_random_init_seeded(&random, 11, "guard", 0);
    tn_buffer_init(&text, 65536);
    for (unsigned round = 0; round < 1500; round++) {
        tn_buffer_reset(&text);
        for (uint64_t i = tn_random_below(&random, 4) + 1; i != 0; i--) {
            request_make(&text, &random);
        }
        if (round % 3 == 0) {
            text.data[tn_random_below(&random, text.size)] =
                (uint8_t) tn_random_below(&random, 256);
        }
        struct feed feed;
        feed_every_way(&feed, tn_buffer_view(&text));
        taken += feed.requests;
        refused += feed.refused;
        feed_close(&feed);
    }
    assert_true(taken > 500 && refused > 100);
    tn_buffer_close(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_lines),
        cmocka_unit_test(targets),
        cmocka_unit_test(header_lines),
        cmocka_unit_test(framing),
        cmocka_unit_test(heads_have_limits),
        cmocka_unit_test(pipelined_requests_come_in_order),
        cmocka_unit_test(paths_are_decoded_and_queries_are_not),
        cmocka_unit_test(invalid_vectors_are_refused),
        cmocka_unit_test(valid_vectors_are_never_two_requests),
        cmocka_unit_test(generated_requests_do_not_mind_the_cut),
    };
    return cmocka_run_group_tests_name("api/http/guard", tests, NULL, NULL);
}
