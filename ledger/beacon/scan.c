/* The cursor over a beacon's JSON. */
#include "ledger/beacon/scan.h"

#include <string.h>

static void skip_space(struct tn_scan *scan)
{
    while (scan->left.size > 0 && (scan->left.data[0] == ' ' || scan->left.data[0] == '\t' ||
                                   scan->left.data[0] == '\n' || scan->left.data[0] == '\r')) {
        scan->left.data++;
        scan->left.size--;
    }
}

bool tn_scan_next_is(struct tn_scan *scan, char c)
{
    skip_space(scan);
    return !scan->bad && scan->left.size > 0 && scan->left.data[0] == (uint8_t) c;
}

void tn_scan_take(struct tn_scan *scan, char c)
{
    if (!tn_scan_next_is(scan, c)) {
        scan->bad = true;
        return;
    }
    scan->left.data++;
    scan->left.size--;
}

struct tn_bytes tn_scan_string(struct tn_scan *scan)
{
    struct tn_bytes text = {0};

    tn_scan_take(scan, '"');
    text.data = scan->left.data;
    while (!scan->bad && text.size < scan->left.size && text.data[text.size] != '"') {
        uint8_t c = text.data[text.size++];

        scan->bad = c < 0x20 || c > 0x7e || c == '\\';
    }
    if (scan->bad || text.size == scan->left.size) {
        scan->bad = true;
        return (struct tn_bytes){0};
    }
    scan->left.data += text.size + 1;
    scan->left.size -= text.size + 1;
    return text;
}

uint64_t tn_scan_uint(struct tn_scan *scan)
{
    uint64_t value = 0;
    size_t digits = 0;

    skip_space(scan);
    while (!scan->bad && scan->left.size > 0 && scan->left.data[0] >= '0' &&
           scan->left.data[0] <= '9') {
        uint64_t digit = (uint64_t) (scan->left.data[0] - '0');

        scan->bad = value > (UINT64_MAX - digit) / 10 || (digits > 0 && value == 0);
        value = value * 10 + digit;
        digits++;
        scan->left.data++;
        scan->left.size--;
    }
    scan->bad = scan->bad || digits == 0;
    return scan->bad ? 0 : value;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

size_t tn_scan_hex_upto(struct tn_scan *scan, uint8_t *out, size_t limit)
{
    struct tn_bytes text = tn_scan_string(scan);

    memset(out, 0, limit);
    if (scan->bad || text.size % 2 != 0 || text.size / 2 > limit) {
        scan->bad = true;
        return 0;
    }
    for (size_t i = 0; i < text.size / 2; i++) {
        int high = hex_digit(text.data[2 * i]);
        int low = hex_digit(text.data[2 * i + 1]);

        if (high < 0 || low < 0) {
            scan->bad = true;
            return 0;
        }
        out[i] = (uint8_t) (high * 16 + low);
    }
    return text.size / 2;
}

void tn_scan_hex(struct tn_scan *scan, uint8_t *out, size_t size)
{
    if (tn_scan_hex_upto(scan, out, size) != size) {
        scan->bad = true;
    }
}

void tn_scan_object(struct tn_scan *scan, const char *const *names, tn_scan_member *take,
                    void *context)
{
    uint32_t seen = 0;
    uint32_t all = 0;

    for (size_t i = 0; names[i]; i++) {
        all |= (uint32_t) 1 << i;
    }
    tn_scan_take(scan, '{');
    while (!scan->bad && seen != all) {
        struct tn_bytes name;
        size_t place = 0;

        if (seen != 0) {
            tn_scan_take(scan, ',');
        }
        name = tn_scan_string(scan);
        while (names[place] && !tn_bytes_equal_string(name, names[place])) {
            place++;
        }
        if (!names[place] || (seen >> place & 1) != 0) {
            scan->bad = true;
            return;
        }
        seen |= (uint32_t) 1 << place;
        tn_scan_take(scan, ':');
        if (!scan->bad) {
            take(context, scan, place);
        }
    }
    tn_scan_take(scan, '}');
}

bool tn_scan_done(struct tn_scan *scan)
{
    skip_space(scan);
    return !scan->bad && scan->left.size == 0;
}
