/* Instants of civil times in named zones. */
#include "ledger/base/civil.h"

#include <string.h>

#include "ledger/base/civil_zone.h"

/* 9999-12-31: beyond it a date has no four-digit year. */
#define DAY_MAX 2932896u
#define MINUTE_MAX 2880u
#define ZONE_NAME_SIZE_MAX 64

_Static_assert(TN_CIVIL_UNIQUE == 0 && TN_CIVIL_SKIPPED == 1 && TN_CIVIL_REPEATED == 2,
               "the numbers of civil_zone.h");

/* cctz takes absolute paths, "file:" and "libc:" prefixes, and "localtime", which is another zone
 * on every machine. Policy is data, so only names of the zone database pass. */
static bool zone_name_is_plain(const char *zone)
{
    size_t size = strlen(zone);
    if (size == 0 || size > ZONE_NAME_SIZE_MAX || zone[0] == '/' ||
        strcmp(zone, "localtime") == 0) {
        return false;
    }
    return strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
           size;
}

enum tn_status tn_civil_instant(const char *zone, uint32_t day, uint32_t minute, uint64_t *time_us,
                                enum tn_civil_kind *kind)
{
    *time_us = 0;
    *kind = TN_CIVIL_UNIQUE;
    if (minute > MINUTE_MAX || day > DAY_MAX - minute / 1440) {
        return TN_INVALID;
    }
    if (!zone_name_is_plain(zone)) {
        return TN_NOT_FOUND;
    }
    int64_t second = 0;
    int found = 0;
    if (!tn_zone_second(zone, (int64_t) day * 1440 + minute, &second, &found)) {
        return TN_NOT_FOUND;
    }
    /* East of Greenwich the first hours of 1970 lie before the epoch. */
    if (second < 0) {
        return TN_INVALID;
    }
    *time_us = (uint64_t) second * 1000000u;
    *kind = (enum tn_civil_kind) found;
    return TN_OK;
}

enum tn_status tn_civil_from_instant(const char *zone, uint64_t time_us, uint32_t *day,
                                     uint32_t *minute)
{
    *day = 0;
    *minute = 0;
    if (time_us / TN_DAY_US > DAY_MAX) {
        return TN_INVALID;
    }
    if (!zone_name_is_plain(zone)) {
        return TN_NOT_FOUND;
    }
    int64_t civil = 0;
    if (!tn_zone_minute(zone, (int64_t) (time_us / 1000000u), &civil)) {
        return TN_NOT_FOUND;
    }
    if (civil < 0) {
        return TN_INVALID;
    }
    *day = (uint32_t) (civil / 1440);
    *minute = (uint32_t) (civil % 1440);
    return TN_OK;
}
