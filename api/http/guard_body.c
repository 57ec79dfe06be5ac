/* The guard before llhttp: chunked bodies (RFC 9112, section 7.1), without extensions and trailers.
 */
#include "api/http/guard.h"

#define SIZE_DIGITS_MAX 8

enum chunk_state {
    CHUNK_SIZE, /* hexadecimal digits, then CR */
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_END_CR, /* after the chunk of size zero: no trailers, so CRLF at once */
    CHUNK_END_LF,
    CHUNK_DONE,
};

void tn_http_chunks_init(struct tn_http_chunks *chunks, uint64_t limit)
{
    *chunks = (struct tn_http_chunks){.state = CHUNK_SIZE, .limit = limit};
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

static enum tn_problem size_byte(struct tn_http_chunks *chunks, uint8_t c, const char **why)
{
    int digit = hex_digit(c);
    if (digit >= 0) {
        if (chunks->digits == SIZE_DIGITS_MAX) {
            return bad(why, "a chunk size has more than 8 digits");
        }
        chunks->digits++;
        chunks->left = chunks->left * 16 + (uint64_t) digit;
        return TN_PROBLEM_NONE;
    }
    if (chunks->digits == 0) {
        return bad(why, "a chunk size does not begin with a hexadecimal digit");
    }
    if (c != '\r') {
        return bad(why, c == ';' ? "chunk extensions are not taken here"
                                 : "a chunk size does not end in CRLF");
    }
    chunks->state = CHUNK_SIZE_LF;
    return TN_PROBLEM_NONE;
}

static enum tn_problem size_end(struct tn_http_chunks *chunks, const char **why)
{
    if (chunks->left > chunks->limit - chunks->total) {
        *why = "the chunks are over the limit";
        return TN_PROBLEM_PAYLOAD_TOO_LARGE;
    }
    chunks->total += chunks->left;
    chunks->digits = 0;
    chunks->state = chunks->left == 0 ? CHUNK_END_CR : CHUNK_DATA;
    return TN_PROBLEM_NONE;
}

/* One byte that is not data. */
static enum tn_problem line_byte(struct tn_http_chunks *chunks, uint8_t c, const char **why)
{
    if (chunks->state == CHUNK_SIZE) {
        return size_byte(chunks, c, why);
    }
    bool wants_cr = chunks->state == CHUNK_DATA_CR || chunks->state == CHUNK_END_CR;
    if (c != (wants_cr ? '\r' : '\n')) {
        return bad(why, chunks->state == CHUNK_END_CR ? "trailers are not taken here"
                                                      : "no CRLF where a chunk needs one");
    }
    if (chunks->state == CHUNK_SIZE_LF) {
        return size_end(chunks, why);
    }
    if (chunks->state == CHUNK_DATA_LF) {
        chunks->state = CHUNK_SIZE;
    } else {
        chunks->state++;
    }
    return TN_PROBLEM_NONE;
}

enum tn_problem tn_http_chunks_feed(struct tn_http_chunks *chunks, struct tn_bytes input,
                                    size_t *used, bool *done, const char **why)
{
    enum tn_problem problem = TN_PROBLEM_NONE;
    size_t at = 0;
    *why = "";
    while (at < input.size && chunks->state != CHUNK_DONE) {
        if (chunks->state != CHUNK_DATA) {
            problem = line_byte(chunks, input.data[at], why);
            if (problem != TN_PROBLEM_NONE) {
                break;
            }
            at++;
            continue;
        }
        size_t left = input.size - at;
        size_t step = chunks->left < left ? (size_t) chunks->left : left;
        chunks->left -= step;
        at += step;
        if (chunks->left == 0) {
            chunks->state = CHUNK_DATA_CR;
        }
    }
    *used = at;
    *done = chunks->state == CHUNK_DONE;
    return problem;
}
