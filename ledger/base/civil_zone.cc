/* cctz behind a C face. */
#include "ledger/base/civil_zone.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

#include <chrono>

using std::chrono::seconds;

static const cctz::civil_minute epoch(1970, 1, 1, 0, 0);

static cctz::time_point<seconds> point_of(int64_t second)
{
    return cctz::time_point<seconds>(seconds(second));
}

bool tn_zone_second(const char *name, int64_t minute, int64_t *second, int *kind)
{
    *second = 0;
    *kind = 0;
    cctz::time_zone zone;
    if (!cctz::load_time_zone(name, &zone)) {
        return false;
    }
    const auto found = zone.lookup(cctz::civil_second(epoch + minute));
    switch (found.kind) {
    case cctz::time_zone::civil_lookup::UNIQUE:
        *second = found.pre.time_since_epoch().count();
        break;
    case cctz::time_zone::civil_lookup::SKIPPED:
        *kind = 1;
        *second = found.trans.time_since_epoch().count();
        break;
    case cctz::time_zone::civil_lookup::REPEATED:
        *kind = 2;
        *second = found.pre.time_since_epoch().count();
        break;
    }
    return true;
}

bool tn_zone_minute(const char *name, int64_t second, int64_t *minute)
{
    *minute = 0;
    cctz::time_zone zone;
    if (!cctz::load_time_zone(name, &zone)) {
        return false;
    }
    const cctz::civil_minute civil(zone.lookup(point_of(second)).cs);
    *minute = civil - epoch;
    return true;
}
