/* Lines and numbers of text formats. */
#include "ledger/log/lines.h"

#include <string.h>

/* So many digits cannot overflow 64 bits. */
#define DIGITS_MAX 19

bool tn_line_take(struct tn_bytes *rest, struct tn_bytes *line)
{
    const uint8_t *newline = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;

    if (newline == NULL) {
        *line = tn_bytes(NULL, 0);
        return false;
    }
    *line = tn_bytes(rest->data, (size_t) (newline - rest->data));
    *rest = tn_bytes(newline + 1, rest->size - line->size - 1);
    return true;
}

bool tn_prefix_take(struct tn_bytes *text, const char *prefix)
{
    size_t size = strlen(prefix);

    if (text->size < size || memcmp(text->data, prefix, size) != 0) {
        return false;
    }
    *text = tn_bytes(text->data + size, text->size - size);
    return true;
}

bool tn_decimal_parse(struct tn_bytes text, uint64_t *value)
{
    uint64_t sum = 0;

    *value = 0;
    if (text.size == 0 || text.size > DIGITS_MAX || (text.size > 1 && text.data[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        sum = sum * 10 + (uint64_t) (text.data[i] - '0');
    }
    if (sum > INT64_MAX) {
        return false;
    }
    *value = sum;
    return true;
}

bool tn_hash_parse(struct tn_bytes text, uint8_t hash[static TN_HASH_SIZE])
{
    size_t size = TN_HASH_SIZE;

    memset(hash, 0, TN_HASH_SIZE);
    return text.size == TN_BASE64_SIZE(TN_HASH_SIZE) - 1 &&
           tn_base64_decode(text, hash, &size) == TN_OK && size == TN_HASH_SIZE;
}

void tn_hash_lines_write(struct tn_buffer *out, const uint8_t *hashes, size_t count)
{
    char base64[TN_BASE64_SIZE(TN_HASH_SIZE)];

    for (size_t i = 0; i < count; i++) {
        tn_base64_encode(base64, hashes + i * TN_HASH_SIZE, TN_HASH_SIZE);
        tn_buffer_append_string(out, base64);
        tn_buffer_append_u8(out, '\n');
    }
}
