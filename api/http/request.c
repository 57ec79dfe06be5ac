/* What handlers read of a request: headers, query parameters. */
#include "api/http/request.h"

#include <string.h>

#include "api/http/utf8.h"

struct tn_bytes tn_http_header(const struct tn_http_request *request, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < request->field_count; i++) {
        const struct tn_http_field *field = &request->fields[i];
        if (field->name.size == size && memcmp(field->name.data, name, size) == 0) {
            return field->value;
        }
    }
    return tn_bytes(NULL, 0);
}

static uint8_t hex_value(uint8_t c)
{
    return (uint8_t) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The guard has seen to it that every escape is one. */
static struct tn_bytes query_decode(struct tn_bytes raw, uint8_t *out)
{
    size_t size = 0;
    for (size_t i = 0; i < raw.size; i++) {
        uint8_t c = raw.data[i];
        if (c == '%') {
            c = (uint8_t) (hex_value(raw.data[i + 1]) * 16 + hex_value(raw.data[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[size++] = c;
    }
    return tn_bytes(out, size);
}

/* Cut the next "name=value" off `*left`, both still escaped. */
static bool query_next(struct tn_bytes *left, struct tn_bytes *name, struct tn_bytes *value)
{
    while (left->size != 0) {
        const uint8_t *end = memchr(left->data, '&', left->size);
        size_t size = end == NULL ? left->size : (size_t) (end - left->data);
        const uint8_t *data = left->data;
        size_t step = end == NULL ? size : size + 1;
        *left = tn_bytes(left->data + step, left->size - step);
        if (size == 0) {
            continue;
        }
        const uint8_t *equals = memchr(data, '=', size);
        size_t name_size = equals == NULL ? size : (size_t) (equals - data);
        *name = tn_bytes(data, name_size);
        *value = equals == NULL ? tn_bytes(data + size, 0)
                                : tn_bytes(equals + 1, size - name_size - 1);
        return true;
    }
    return false;
}

enum tn_status tn_http_query(const struct tn_http_request *request, const char *name,
                             struct tn_bytes *value)
{
    struct tn_bytes left = request->query;
    struct tn_bytes found_name = {0};
    struct tn_bytes found = {0};
    struct tn_bytes raw = {0};
    *value = tn_bytes(NULL, 0);
    while (query_next(&left, &found_name, &found)) {
        if (!tn_bytes_equal_string(found_name, name)) {
            continue;
        }
        if (raw.data != NULL) {
            return TN_INVALID;
        }
        raw = found;
    }
    if (raw.data == NULL) {
        return TN_OK;
    }
    uint8_t *out = tn_arena_alloc(request->arena, raw.size);
    if (out == NULL) {
        return TN_MEMORY;
    }
    struct tn_bytes decoded = query_decode(raw, out);
    if (!tn_utf8_is_valid(decoded)) {
        return TN_INVALID;
    }
    *value = decoded;
    return TN_OK;
}

enum tn_status tn_http_query_only(const struct tn_http_request *request, const char *const *names,
                                  size_t count, struct tn_error *error)
{
    struct tn_bytes left = request->query;
    struct tn_bytes name = {0};
    struct tn_bytes value = {0};
    while (query_next(&left, &name, &value)) {
        bool known = false;
        for (size_t i = 0; i < count && !known; i++) {
            known = tn_bytes_equal_string(name, names[i]);
        }
        if (!known) {
            /* URL bytes are printable ASCII, so the name can be shown. */
            int shown = name.size < 64 ? (int) name.size : 64;
            return tn_fail(error, TN_INVALID, "unknown parameter \"%.*s\"", shown,
                           (const char *) name.data);
        }
    }
    return TN_OK;
}

bool tn_http_content_type_is(const struct tn_http_request *request, const char *type)
{
    struct tn_bytes value = tn_http_header(request, "content-type");
    size_t size = strlen(type);
    if (value.size < size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t c = value.data[i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t) type[i]) {
            return false;
        }
    }
    size_t at = size;
    while (at < value.size && (value.data[at] == ' ' || value.data[at] == '\t')) {
        at++;
    }
    return at == value.size || value.data[at] == ';';
}
