/* The C++ library of civil time behind plain C types. For civil.c alone; everyone else includes
 * "ledger/base/civil.h". C++ reads this header too, hence no `static` array sizes here. */
#ifndef TN_LEDGER_BASE_CIVIL_ZONE_H
#define TN_LEDGER_BASE_CIVIL_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The second since 1970 UTC of civil minute `minute` (counted from civil 1970-01-01 00:00) in the
 * zone named; *kind is 0 unique, 1 skipped (the second after the gap), 2 repeated (the earlier).
 * False: no such zone. Any thread. */
bool tn_zone_second(const char *name, int64_t minute, int64_t *second, int *kind);
/* The civil minute in which a second since 1970 UTC lies. False: no such zone. Any thread. */
bool tn_zone_minute(const char *name, int64_t second, int64_t *minute);

#ifdef __cplusplus
}
#endif

#endif
