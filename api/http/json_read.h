/* Values of a parsed document as our types. Pure. Each answers false, with the output zeroed, when
 * the value is NULL, of another type or out of range; words are left to the caller, who knows the
 * member. */
#ifndef TN_API_HTTP_JSON_READ_H
#define TN_API_HTTP_JSON_READ_H

#include "api/http/json.h"

bool tn_json_read_uint(const struct tn_json_value *value, uint64_t max, uint64_t *out);
/* An integer of either sign within [min, max]. */
bool tn_json_read_int(const struct tn_json_value *value, int64_t min, int64_t max, int64_t *out);
/* A string of at most size - 1 bytes with its final zero. */
bool tn_json_read_text(const struct tn_json_value *value, char *out, size_t size);
/* 32 hexadecimal digits. */
bool tn_json_read_id(const struct tn_json_value *value, uint8_t id[static TN_ID_SIZE]);
/* "YYYY-MM-DD" as a day number, and as YYYYMMDD for a date of birth. */
bool tn_json_read_date(const struct tn_json_value *value, uint64_t *day);
bool tn_json_read_birth(const struct tn_json_value *value, uint32_t *yyyymmdd);
/* What to say of a value that is no date of birth: never the value. */
const char *tn_json_birth_fault(const struct tn_json_value *value);
/* "HH:MM" from 00:00 to 48:00 as minutes. */
bool tn_json_read_time(const struct tn_json_value *value, uint64_t *minute);
/* Which of `names` (ended by NULL) a string is; the count of names when it is none. */
size_t tn_json_read_name(const struct tn_json_value *value, const char *const *names);

#endif
