/* Positions from a body: decimal degrees as JSON numbers, read exactly. Pure.
 *
 * The parser of bodies keeps no fractions, and a double is not exact; so the digits are read from
 * the text that the parser has judged to be JSON already. */
#ifndef TN_API_HTTP_LOCATION_H
#define TN_API_HTTP_LOCATION_H

#include "ledger/base/bytes.h"

/* "-99.1332" as microdegrees: digits beyond the sixth are rounded half away from zero; no exponent;
 * at most three digits before and fifteen after the point. */
TN_MUST_USE enum tn_status tn_degrees_parse(struct tn_bytes text, int32_t *udeg);

/* The raw text of the number at {"outer": {"inner": number}} of a valid JSON object. TN_NOT_FOUND:
 * not there under these names (written with escapes they are other names), or not a number. */
TN_MUST_USE enum tn_status tn_json_raw_number(struct tn_bytes json, const char *outer,
                                              const char *inner, struct tn_bytes *text);

#endif
