/* Positions from a body. */
#include "api/http/location.h"

#include <string.h>

#define WHOLE_MAX 3u
#define FRACTION_MAX 15u
#define UDEG_DIGITS 6u

enum tn_status tn_degrees_parse(struct tn_bytes text, int32_t *udeg)
{
    size_t at = 0;
    size_t whole = 0;
    size_t fraction = 0;
    int64_t value = 0;
    bool negative = text.size > 0 && text.data[0] == '-';
    bool point = false;
    bool round_up = false;

    *udeg = 0;
    for (at = negative ? 1 : 0; at < text.size; at++) {
        uint8_t c = text.data[at];

        if (c == '.' && !point && whole > 0) {
            point = true;
        } else if (c < '0' || c > '9') {
            return TN_INVALID;
        } else if (!point) {
            whole++;
            value = value * 10 + (c - '0');
        } else {
            fraction++;
            value = fraction <= UDEG_DIGITS ? value * 10 + (c - '0') : value;
            round_up = fraction == UDEG_DIGITS + 1 ? c >= '5' : round_up;
        }
        if (whole > WHOLE_MAX || fraction > FRACTION_MAX) {
            return TN_INVALID;
        }
    }
    if (whole == 0 || (point && fraction == 0)) {
        return TN_INVALID;
    }
    for (size_t digits = fraction; digits < UDEG_DIGITS; digits++) {
        value *= 10;
    }
    value += round_up ? 1 : 0;
    *udeg = (int32_t) (negative ? -value : value);
    return TN_OK;
}

/* A walk over text that is known to be JSON: no judging, only finding. */
struct walk {
    const uint8_t *at;
    const uint8_t *end;
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct walk *walk)
{
    while (walk->at < walk->end && is_space(*walk->at)) {
        walk->at++;
    }
}

static struct tn_bytes take_string(struct walk *walk)
{
    const uint8_t *begin = ++walk->at;

    while (walk->at < walk->end && *walk->at != '"') {
        walk->at += *walk->at == '\\' ? 2 : 1;
    }
    if (walk->at >= walk->end) {
        walk->at = walk->end;
        return tn_bytes(NULL, 0);
    }
    return tn_bytes(begin, (size_t) (walk->at++ - begin));
}

/* The bytes of one value: a container to its end, or a scalar. */
static struct tn_bytes take_value(struct walk *walk)
{
    const uint8_t *begin;
    size_t depth = 0;

    skip_space(walk);
    begin = walk->at;
    while (walk->at < walk->end) {
        uint8_t c = *walk->at;

        if (c == '"') {
            (void) take_string(walk);
            if (depth == 0) {
                break;
            }
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']' || is_space(c))) {
            break;
        }
        depth += c == '{' || c == '[' ? 1u : 0u;
        depth -= c == '}' || c == ']' ? 1u : 0u;
        walk->at++;
        if (depth == 0 && (c == '}' || c == ']')) {
            break;
        }
    }
    return tn_bytes(begin, (size_t) (walk->at - begin));
}

static bool find_member(struct tn_bytes object, const char *name, struct tn_bytes *value)
{
    struct walk walk = {object.data, object.data + object.size};

    skip_space(&walk);
    if (walk.at == walk.end || *walk.at != '{') {
        return false;
    }
    walk.at++;
    while (true) {
        struct tn_bytes key;

        skip_space(&walk);
        if (walk.at == walk.end || *walk.at != '"') {
            return false;
        }
        key = take_string(&walk);
        skip_space(&walk);
        if (walk.at == walk.end || *walk.at != ':') {
            return false;
        }
        walk.at++;
        *value = take_value(&walk);
        if (tn_bytes_equal_string(key, name)) {
            return true;
        }
        skip_space(&walk);
        if (walk.at == walk.end || *walk.at != ',') {
            return false;
        }
        walk.at++;
    }
}

enum tn_status tn_json_raw_number(struct tn_bytes json, const char *outer, const char *inner,
                                  struct tn_bytes *text)
{
    struct tn_bytes object;
    struct tn_bytes value;
    bool found = find_member(json, outer, &object) && find_member(object, inner, &value);

    *text = tn_bytes(NULL, 0);
    if (!found || value.size == 0 ||
        !(value.data[0] == '-' || (value.data[0] >= '0' && value.data[0] <= '9'))) {
        return TN_NOT_FOUND;
    }
    *text = value;
    return TN_OK;
}
