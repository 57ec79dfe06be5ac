/* UTF-8 by RFC 3629. */
#include "api/http/utf8.h"

/* How many bytes a sequence has by its first byte; 0 for bytes that begin none. */
static size_t size_by_first(uint8_t first)
{
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc2) {
        return 0;
    }
    if (first < 0xe0) {
        return 2;
    }
    if (first < 0xf0) {
        return 3;
    }
    return first < 0xf5 ? 4 : 0;
}

size_t tn_utf8_size(struct tn_bytes text)
{
    uint8_t first = text.data[0];
    size_t size = size_by_first(first);
    if (size > text.size) {
        return 0;
    }
    /* The second byte has a range of its own after four of the first ones (RFC 3629, section 4). */
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    if (first == 0xe0) {
        low = 0xa0;
    } else if (first == 0xed) {
        high = 0x9f;
    } else if (first == 0xf0) {
        low = 0x90;
    } else if (first == 0xf4) {
        high = 0x8f;
    }
    for (size_t i = 1; i < size; i++) {
        if (text.data[i] < low || text.data[i] > high) {
            return 0;
        }
        low = 0x80;
        high = 0xbf;
    }
    return size;
}

bool tn_utf8_is_valid(struct tn_bytes text)
{
    while (text.size != 0) {
        size_t size = tn_utf8_size(text);
        if (size == 0) {
            return false;
        }
        text = tn_bytes(text.data + size, text.size - size);
    }
    return true;
}
