/* The only place that reads a clock. */
#ifndef TN_LEDGER_BASE_CLOCK_H
#define TN_LEDGER_BASE_CLOCK_H

#include <stdint.h>

/* Microseconds since 1970-01-01 UTC by the wall clock. */
uint64_t tn_clock_wall_us(void);
/* Microseconds since boot, sleep included: it never jumps. */
uint64_t tn_clock_boot_us(void);
/* Microseconds of a clock for measuring durations. */
uint64_t tn_clock_monotonic_us(void);

#endif
