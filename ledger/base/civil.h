/* Civil dates, and instants of civil times in named zones (cctz behind a C face).
 * Rules and folds never call the zone functions: resolved instants stand in events. */
#ifndef TN_LEDGER_BASE_CIVIL_H
#define TN_LEDGER_BASE_CIVIL_H

#include "ledger/base/bytes.h"

#define TN_DAY_US 86400000000ull
#define TN_HOUR_US 3600000000ull
#define TN_MINUTE_US 60000000ull

/* Pure arithmetic, no zone: days since 1970-01-01 of a Gregorian date (checked to be of 1970 to
 * 9999: parse what comes from outside) and back. */
uint32_t tn_day_from_date(unsigned year, unsigned month, unsigned day);
void tn_day_to_date(uint32_t day, unsigned *year, unsigned *month, unsigned *date);
/* "2024-03-09" to a day number; TN_INVALID unless it is a real date of the years 1970..9999. */
TN_MUST_USE enum tn_status tn_date_parse(struct tn_bytes text, uint32_t *day);
/* Is it written like one, whether or not there is such a day? */
bool tn_date_has_form(struct tn_bytes text);
/* A date of birth "YYYY-MM-DD" from 1850 on as the number YYYYMMDD. */
TN_MUST_USE enum tn_status tn_date_parse_birth(struct tn_bytes text, uint32_t *yyyymmdd);
/* "YYYY-MM-DD" and its final zero; question marks for digits beyond the year 9999. */
void tn_date_format(uint32_t day, char out[static 11]);
/* "2024-03-09T17:00:00.000000Z" and its final zero; question marks beyond the year 9999. */
void tn_instant_format(uint64_t time_us, char out[static 28]);
/* The same form, with a fraction of one to six digits or none; TN_INVALID otherwise. */
TN_MUST_USE enum tn_status tn_instant_parse(struct tn_bytes text, uint64_t *time_us);

enum tn_civil_kind {
    TN_CIVIL_UNIQUE = 0,
    TN_CIVIL_SKIPPED = 1,  /* the civil time does not exist; the instant after the gap is given */
    TN_CIVIL_REPEATED = 2, /* it exists twice; the earlier instant is given */
};

/* The instant of minute `minute` (0..2880: beyond 1440 is the next day) of `day` in `zone`
 * ("America/New_York"). Any thread.
 *
 * TN_NOT_FOUND  the system has no such zone
 * TN_INVALID    a minute beyond 2880, or an instant outside 1970..9999 */
TN_MUST_USE enum tn_status tn_civil_instant(const char *zone, uint32_t day, uint32_t minute,
                                            uint64_t *time_us, enum tn_civil_kind *kind);
/* The civil day and minute of an instant in `zone`. Any thread; statuses as above. */
TN_MUST_USE enum tn_status tn_civil_from_instant(const char *zone, uint64_t time_us, uint32_t *day,
                                                 uint32_t *minute);

#endif
