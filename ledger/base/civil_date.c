/* Gregorian dates and instants in UTC: arithmetic and text, no zone. */
#include "ledger/base/civil.h"

#include <string.h>

#include "ledger/base/check.h"

/* 9999-12-31: beyond it a date has no four-digit year. */
#define DAY_MAX 2932896u
/* From 0000-03-01, the first day of a 400-year era that starts in March, to 1970-01-01. */
#define EPOCH_FROM_MARCH 719468u
#define ERA_DAYS 146097u

/* Years are counted from March, so that the leap day is a year's last; (153 m + 2) / 5 is the
 * number of days before month m of such a year. */
uint32_t tn_day_from_date(unsigned year, unsigned month, unsigned day)
{
    TN_CHECK(year >= 1970 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
    unsigned shifted = month <= 2 ? year - 1 : year;
    unsigned era = shifted / 400;
    unsigned year_of_era = shifted % 400;
    unsigned month_from_march = month > 2 ? month - 3 : month + 9;
    unsigned day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_FROM_MARCH;
}

void tn_day_to_date(uint32_t day, unsigned *year, unsigned *month, unsigned *date)
{
    uint64_t shifted = (uint64_t) day + EPOCH_FROM_MARCH;
    unsigned era = (unsigned) (shifted / ERA_DAYS);
    unsigned day_of_era = (unsigned) (shifted % ERA_DAYS);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * day_of_year + 2) / 153;
    *date = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = era * 400 + year_of_era + (*month <= 2 ? 1 : 0);
}

/* `count` decimal digits at `text` as a number; false when one is not a digit. */
static bool digits_read(const uint8_t *text, size_t count, unsigned *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        *value = *value * 10 + (unsigned) (text[i] - '0');
    }
    return true;
}

static void digits_write(char *out, size_t count, unsigned value)
{
    for (size_t i = count; i > 0; i--) {
        out[i - 1] = (char) ('0' + value % 10);
        value /= 10;
    }
}

/* Ten characters "YYYY-MM-DD". */
static bool form_read(const uint8_t *text, unsigned *year, unsigned *month, unsigned *date)
{
    return digits_read(text, 4, year) && text[4] == '-' && digits_read(text + 5, 2, month) &&
           text[7] == '-' && digits_read(text + 8, 2, date);
}

/* The same that are a real date. */
static bool date_read(const uint8_t *text, unsigned *year, unsigned *month, unsigned *date)
{
    static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!form_read(text, year, month, date)) {
        return false;
    }
    if (*month < 1 || *month > 12 || *date < 1 || *date > days[*month - 1]) {
        return false;
    }
    bool leap = *year % 4 == 0 && (*year % 100 != 0 || *year % 400 == 0);
    return *month != 2 || *date < 29 || leap;
}

enum tn_status tn_date_parse(struct tn_bytes text, uint32_t *day)
{
    *day = 0;
    unsigned year = 0;
    unsigned month = 0;
    unsigned date = 0;
    if (text.size != 10 || !date_read(text.data, &year, &month, &date) || year < 1970) {
        return TN_INVALID;
    }
    *day = tn_day_from_date(year, month, date);
    return TN_OK;
}

bool tn_date_has_form(struct tn_bytes text)
{
    unsigned year = 0;
    unsigned month = 0;
    unsigned date = 0;
    return text.size == 10 && form_read(text.data, &year, &month, &date);
}

enum tn_status tn_date_parse_birth(struct tn_bytes text, uint32_t *yyyymmdd)
{
    *yyyymmdd = 0;
    unsigned year = 0;
    unsigned month = 0;
    unsigned date = 0;
    if (text.size != 10 || !date_read(text.data, &year, &month, &date) || year < 1850) {
        return TN_INVALID;
    }
    *yyyymmdd = year * 10000 + month * 100 + date;
    return TN_OK;
}

void tn_date_format(uint32_t day, char out[static 11])
{
    memcpy(out, "\?\?\?\?-\?\?-\?\?", 11);
    if (day > DAY_MAX) {
        return;
    }
    unsigned year = 0;
    unsigned month = 0;
    unsigned date = 0;
    tn_day_to_date(day, &year, &month, &date);
    digits_write(out, 4, year);
    digits_write(out + 5, 2, month);
    digits_write(out + 8, 2, date);
}

void tn_instant_format(uint64_t time_us, char out[static 28])
{
    memcpy(out, "\?\?\?\?-\?\?-\?\?T\?\?:\?\?:\?\?.\?\?\?\?\?\?Z", 28);
    if (time_us / TN_DAY_US > DAY_MAX) {
        return;
    }
    tn_date_format((uint32_t) (time_us / TN_DAY_US), out);
    out[10] = 'T';
    uint64_t rest_us = time_us % TN_DAY_US;
    digits_write(out + 11, 2, (unsigned) (rest_us / TN_HOUR_US));
    digits_write(out + 14, 2, (unsigned) (rest_us % TN_HOUR_US / TN_MINUTE_US));
    digits_write(out + 17, 2, (unsigned) (rest_us % TN_MINUTE_US / 1000000u));
    digits_write(out + 20, 6, (unsigned) (rest_us % 1000000u));
}

enum tn_status tn_instant_parse(struct tn_bytes text, uint64_t *time_us)
{
    /* Offsets: date 0, 'T' 10, hour 11, minute 14, second 17, then 'Z' at 19, or '.' at 19 and one
     * to six digits before the 'Z'. */
    *time_us = 0;
    uint32_t day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    if (text.size < 20 || tn_date_parse(tn_bytes(text.data, 10), &day) != TN_OK ||
        text.data[10] != 'T' || !digits_read(text.data + 11, 2, &hour) || text.data[13] != ':' ||
        !digits_read(text.data + 14, 2, &minute) || text.data[16] != ':' ||
        !digits_read(text.data + 17, 2, &second) || text.data[text.size - 1] != 'Z') {
        return TN_INVALID;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return TN_INVALID;
    }
    unsigned fraction_us = 0;
    if (text.size != 20) {
        size_t count = text.size - 21;
        if (count < 1 || count > 6 || text.data[19] != '.' ||
            !digits_read(text.data + 20, count, &fraction_us)) {
            return TN_INVALID;
        }
        for (size_t i = count; i < 6; i++) {
            fraction_us *= 10;
        }
    }
    *time_us = day * TN_DAY_US + hour * TN_HOUR_US + minute * TN_MINUTE_US + second * 1000000ull +
               fraction_us;
    return TN_OK;
}
