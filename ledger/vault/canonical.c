/* One spelling for names, addresses, codes and dates. */
#include "ledger/vault/canonical.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "ledger/base/check.h"

/* NFKC_Casefold of Unicode: compatibility composition, case folded, default-ignorable characters
 * (soft hyphens, joiners) dropped. */
#define FORM                                                                                       \
    (UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE)
/* A few characters fold to something that composes once more (U+0345 after others): the form is
 * applied until it stands still, so that canonical(canonical(x)) = canonical(x). */
#define ROUNDS_MAX 4
#define POINTS_MAX ((size_t) TN_TEXT_CANONICAL_MAX)

static bool is_plain(struct tn_bytes text);
static void append_plain(struct tn_bytes text, struct tn_buffer *out);
static enum tn_status check_points(struct tn_bytes text);
static bool is_space(utf8proc_int32_t point);
static enum tn_status fold(const uint8_t *text, size_t size, utf8proc_int32_t *points,
                           size_t *folded_size);
static size_t squeeze_spaces(uint8_t *text, size_t size);

enum tn_status tn_canonical_text(struct tn_bytes text, struct tn_buffer *out)
{
    if (is_plain(text)) {
        append_plain(text, out);
        return tn_buffer_status(out);
    }
    enum tn_status status = check_points(text);
    size_t points_size = (POINTS_MAX + 1) * sizeof(utf8proc_int32_t);
    utf8proc_int32_t *points = NULL;
    uint8_t *previous = NULL;
    size_t size = text.size;

    if (status != TN_OK || text.size == 0) {
        return status;
    }
    points = malloc(points_size);
    previous = malloc(TN_TEXT_CANONICAL_MAX);
    if (points == NULL || previous == NULL) {
        status = TN_MEMORY;
        goto out;
    }
    status = fold(text.data, text.size, points, &size);
    for (unsigned round = 1; status == TN_OK && round < ROUNDS_MAX && size > 0; round++) {
        size_t before = size;
        memcpy(previous, points, size);
        status = fold(previous, before, points, &size);
        if (status == TN_OK && size == before && memcmp(previous, points, size) == 0) {
            break;
        }
    }
    if (status == TN_OK) {
        tn_buffer_append(out, points, size);
        status = tn_buffer_status(out);
    }

out:
    if (points != NULL) {
        sodium_memzero(points, points_size);
    }
    if (previous != NULL) {
        sodium_memzero(previous, TN_TEXT_CANONICAL_MAX);
    }
    free(points);
    free(previous);
    return status;
}

enum tn_status tn_canonical_code(struct tn_bytes text, struct tn_buffer *out)
{
    while (text.size > 0 && text.data[0] == ' ') {
        text = tn_bytes(text.data + 1, text.size - 1);
    }
    while (text.size > 0 && text.data[text.size - 1] == ' ') {
        text.size--;
    }
    if (text.size == 0 || text.size > TN_CODE_MAX) {
        return TN_INVALID;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            return TN_INVALID;
        }
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t character = text.data[i];
        bool lower = character >= 'a' && character <= 'z';
        tn_buffer_append_u8(out, lower ? (uint8_t) (character - 'a' + 'A') : character);
    }
    return tn_buffer_status(out);
}

void tn_canonical_date(uint32_t yyyymmdd, uint8_t out[static TN_DATE_CANONICAL_SIZE])
{
    TN_CHECK(yyyymmdd <= 99999999u);
    for (size_t i = TN_DATE_CANONICAL_SIZE; i > 0; i--) {
        out[i - 1] = (uint8_t) ('0' + yyyymmdd % 10);
        yyyymmdd /= 10;
    }
}

/* Printable ASCII needs no tables: its form is lower case with single spaces (40 kB of scratch
 * memory to fill and wipe for one name were a third of an intake). */
static bool is_plain(struct tn_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            return false;
        }
    }
    return text.size <= TN_TEXT_INPUT_MAX;
}

static void append_plain(struct tn_bytes text, struct tn_buffer *out)
{
    bool begun = false;
    bool space = false;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t character = text.data[i];
        bool upper = character >= 'A' && character <= 'Z';

        if (character == ' ') {
            space = begun;
            continue;
        }
        if (space) {
            tn_buffer_append_u8(out, ' ');
        }
        tn_buffer_append_u8(out, upper ? (uint8_t) (character - 'A' + 'a') : character);
        begun = true;
        space = false;
    }
}

/* UTF-8 without control characters, other than those that are white space. */
static enum tn_status check_points(struct tn_bytes text)
{
    if (text.size > TN_TEXT_INPUT_MAX) {
        return TN_INVALID;
    }
    for (size_t at = 0; at < text.size;) {
        utf8proc_int32_t point = -1;
        utf8proc_ssize_t used =
            utf8proc_iterate(text.data + at, (utf8proc_ssize_t) (text.size - at), &point);
        if (used <= 0) {
            return TN_INVALID;
        }
        if (utf8proc_category(point) == UTF8PROC_CATEGORY_CC && !is_space(point)) {
            return TN_INVALID;
        }
        at += (size_t) used;
    }
    return TN_OK;
}

static bool is_space(utf8proc_int32_t point)
{
    if ((point >= 0x09 && point <= 0x0d) || point == 0x85) {
        return true;
    }
    utf8proc_category_t category = utf8proc_category(point);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

/* Fold into `points`, which holds UTF-8 of `*folded_size` bytes afterwards. Spaces become U+0020
 * before the form is applied (it leaves tabs and line ends alone), and are squeezed after it, for
 * it can make new ones. */
static enum tn_status fold(const uint8_t *text, size_t size, utf8proc_int32_t *points,
                           size_t *folded_size)
{
    utf8proc_ssize_t count = utf8proc_decompose(text, (utf8proc_ssize_t) size, points,
                                                (utf8proc_ssize_t) POINTS_MAX, FORM);
    *folded_size = 0;
    if (count < 0 || (size_t) count > POINTS_MAX) {
        return TN_INVALID;
    }
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        if (is_space(points[i])) {
            points[i] = ' ';
        }
    }
    utf8proc_ssize_t bytes = utf8proc_reencode(points, count, FORM);
    if (bytes < 0 || (size_t) bytes > TN_TEXT_CANONICAL_MAX) {
        return TN_INVALID;
    }
    *folded_size = squeeze_spaces((uint8_t *) points, (size_t) bytes);
    return TN_OK;
}

static size_t squeeze_spaces(uint8_t *text, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == ' ' && (kept == 0 || text[kept - 1] == ' ')) {
            continue;
        }
        text[kept++] = text[i];
    }
    if (kept > 0 && text[kept - 1] == ' ') {
        kept--;
    }
    return kept;
}
