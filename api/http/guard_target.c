/* The guard before llhttp: request targets (RFC 9112, section 3.2; RFC 3986). */
#include "api/http/guard.h"

#include <string.h>

#include "api/http/utf8.h"

/* What a path or query may hold as it is: letters, digits and -._~!$&'()*+,;=:@/? as a bit set. */
static bool is_url_byte(uint8_t c)
{
    static const uint64_t allowed[2] = {0xafffffd200000000, 0x47fffffe87ffffff};
    return c < 0x80 && (allowed[c >> 6] >> (c & 63) & 1) != 0;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum tn_problem bad(const char **why, const char *text)
{
    *why = text;
    return TN_PROBLEM_MALFORMED_REQUEST;
}

/* The byte that "%41" at the start of `text` stands for, or -1. */
static int escape_read(struct tn_bytes text)
{
    if (text.size < 3) {
        return -1;
    }
    int high = hex_digit(text.data[1]);
    int low = hex_digit(text.data[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool is_control(int c)
{
    return c < 0x20 || c == 0x7f;
}

/* A query stays as it came, but its escapes must be ones. */
static enum tn_problem query_check(struct tn_bytes query, const char **why)
{
    for (size_t i = 0; i < query.size; i++) {
        if (query.data[i] == '%') {
            int c = escape_read(tn_bytes(query.data + i, query.size - i));
            if (c < 0 || is_control(c)) {
                return bad(why, "the query holds a bad escape");
            }
            i += 2;
        } else if (!is_url_byte(query.data[i])) {
            return bad(why, "the query holds a byte that no URL has");
        }
    }
    return TN_PROBLEM_NONE;
}

static enum tn_problem path_decode(struct tn_bytes raw, uint8_t *out, size_t *size,
                                   const char **why)
{
    for (size_t i = 0; i < raw.size; i++) {
        uint8_t c = raw.data[i];
        if (c == '%') {
            int escaped = escape_read(tn_bytes(raw.data + i, raw.size - i));
            if (escaped < 0 || is_control(escaped) || escaped == '/' || escaped == '\\') {
                return bad(why, "the path holds a bad escape");
            }
            c = (uint8_t) escaped;
            i += 2;
        } else if (!is_url_byte(c)) {
            return bad(why, "the path holds a byte that no URL has");
        }
        out[(*size)++] = c;
    }
    return TN_PROBLEM_NONE;
}

static bool has_dot_segment(struct tn_bytes path)
{
    size_t begin = 0;
    for (size_t i = 0; i <= path.size; i++) {
        if (i == path.size || path.data[i] == '/') {
            size_t size = i - begin;
            if ((size == 1 && path.data[begin] == '.') ||
                (size == 2 && path.data[begin] == '.' && path.data[begin + 1] == '.')) {
                return true;
            }
            begin = i + 1;
        }
    }
    return false;
}

static bool equals_ignoring_case(struct tn_bytes a, struct tn_bytes b)
{
    for (size_t i = 0; a.size == b.size && i < a.size; i++) {
        uint8_t x = a.data[i] >= 'A' && a.data[i] <= 'Z' ? a.data[i] | 0x20 : a.data[i];
        uint8_t y = b.data[i] >= 'A' && b.data[i] <= 'Z' ? b.data[i] | 0x20 : b.data[i];
        if (x != y) {
            return false;
        }
    }
    return a.size == b.size;
}

static struct tn_bytes after(struct tn_bytes text, size_t size)
{
    return tn_bytes(text.data + size, text.size - size);
}

/* Take "http://authority" off an absolute target when the authority is Host itself. */
static bool absolute_strip(struct tn_bytes *target, struct tn_bytes host)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        struct tn_bytes scheme = tn_bytes_from_string(schemes[i]);
        if (target->size < scheme.size ||
            !equals_ignoring_case(tn_bytes(target->data, scheme.size), scheme)) {
            continue;
        }
        struct tn_bytes rest = after(*target, scheme.size);
        const uint8_t *slash = memchr(rest.data, '/', rest.size);
        size_t size = slash == NULL ? rest.size : (size_t) (slash - rest.data);
        if (slash == NULL || !equals_ignoring_case(tn_bytes(rest.data, size), host)) {
            return false;
        }
        *target = after(rest, size);
        return true;
    }
    return false;
}

enum tn_problem tn_http_guard_target(const struct tn_http_head *head, uint8_t *out,
                                     struct tn_bytes *path, struct tn_bytes *query,
                                     const char **why)
{
    struct tn_bytes target = tn_bytes(head->bytes + head->target.at, head->target.size);
    struct tn_bytes host = tn_bytes(head->bytes + head->host.at, head->host.size);
    *path = tn_bytes(NULL, 0);
    *query = tn_bytes(NULL, 0);
    *why = "";
    if (head->method == TN_HTTP_OPTIONS && tn_bytes_equal_string(target, "*")) {
        *path = target;
        return TN_PROBLEM_NONE;
    }
    if (target.data[0] != '/' && !absolute_strip(&target, host)) {
        return bad(why, "the target is neither a path nor a URL of this Host");
    }
    const uint8_t *mark = memchr(target.data, '?', target.size);
    if (mark != NULL) {
        *query = after(target, (size_t) (mark - target.data) + 1);
        target.size = (size_t) (mark - target.data);
        enum tn_problem problem = query_check(*query, why);
        if (problem != TN_PROBLEM_NONE) {
            return problem;
        }
    }
    size_t size = 0;
    enum tn_problem problem = path_decode(target, out, &size, why);
    if (problem != TN_PROBLEM_NONE) {
        return problem;
    }
    *path = tn_bytes(out, size);
    if (has_dot_segment(*path)) {
        return bad(why, "the path holds a dot segment");
    }
    return tn_utf8_is_valid(*path) ? TN_PROBLEM_NONE : bad(why, "the path is not UTF-8");
}
