/* Values of a parsed document as our types. */
#include "api/http/json_read.h"

#include <string.h>

#include "ledger/base/civil.h"

bool tn_json_read_uint(const struct tn_json_value *value, uint64_t max, uint64_t *out)
{
    bool fits = value && value->type == TN_JSON_UINT && value->as.uint64 <= max;

    *out = fits ? value->as.uint64 : 0;
    return fits;
}

bool tn_json_read_int(const struct tn_json_value *value, int64_t min, int64_t max, int64_t *out)
{
    bool fits = false;

    *out = 0;
    if (value && value->type == TN_JSON_INT) {
        fits = value->as.int64 >= min && value->as.int64 <= max;
        *out = fits ? value->as.int64 : 0;
    } else if (value && value->type == TN_JSON_UINT) {
        fits = value->as.uint64 <= INT64_MAX && (int64_t) value->as.uint64 >= min &&
               (int64_t) value->as.uint64 <= max;
        *out = fits ? (int64_t) value->as.uint64 : 0;
    }
    return fits;
}

bool tn_json_read_text(const struct tn_json_value *value, char *out, size_t size)
{
    bool fits = value && value->type == TN_JSON_STRING && value->as.string.size < size;

    memset(out, 0, size);
    if (fits && value->as.string.size > 0) {
        memcpy(out, value->as.string.data, value->as.string.size);
    }
    return fits;
}

bool tn_json_read_id(const struct tn_json_value *value, uint8_t id[static TN_ID_SIZE])
{
    memset(id, 0, TN_ID_SIZE);
    return value && value->type == TN_JSON_STRING &&
           tn_hex_decode(value->as.string, id, TN_ID_SIZE) == TN_OK;
}

bool tn_json_read_date(const struct tn_json_value *value, uint64_t *day)
{
    uint32_t parsed = 0;
    bool fits = value && value->type == TN_JSON_STRING &&
                tn_date_parse(value->as.string, &parsed) == TN_OK;

    *day = fits ? parsed : 0;
    return fits;
}

bool tn_json_read_birth(const struct tn_json_value *value, uint32_t *yyyymmdd)
{
    bool fits = value && value->type == TN_JSON_STRING &&
                tn_date_parse_birth(value->as.string, yyyymmdd) == TN_OK;

    if (!fits) {
        *yyyymmdd = 0;
    }
    return fits;
}

const char *tn_json_birth_fault(const struct tn_json_value *value)
{
    return value->type == TN_JSON_STRING && tn_date_has_form(value->as.string)
               ? "date_of_birth: there is no such day, or it is before 1850"
               : "date_of_birth is written YYYY-MM-DD";
}

bool tn_json_read_time(const struct tn_json_value *value, uint64_t *minute)
{
    const uint8_t *text;

    *minute = 0;
    if (!value || value->type != TN_JSON_STRING || value->as.string.size != 5) {
        return false;
    }
    text = value->as.string.data;
    for (size_t i = 0; i < 5; i++) {
        if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    if (text[3] > '5') {
        return false;
    }
    *minute = (uint64_t) ((text[0] - '0') * 10 + text[1] - '0') * 60 +
              (uint64_t) ((text[3] - '0') * 10 + text[4] - '0');
    if (*minute > 2880) {
        *minute = 0;
        return false;
    }
    return true;
}

size_t tn_json_read_name(const struct tn_json_value *value, const char *const *names)
{
    size_t i = 0;

    while (names[i] && !(value && value->type == TN_JSON_STRING &&
                         tn_bytes_equal_string(value->as.string, names[i]))) {
        i++;
    }
    return i;
}
