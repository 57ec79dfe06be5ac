/* The only place that reads a clock. */
#include "ledger/base/clock.h"

#include <time.h>

#include "ledger/base/check.h"

static uint64_t clock_read_us(clockid_t clock)
{
    struct timespec now;
    int failed = clock_gettime(clock, &now);
    /* Every kernel we run on has these clocks; a wall clock before 1970 cannot date anything. */
    TN_CHECK(failed == 0 && now.tv_sec >= 0);
    return (uint64_t) now.tv_sec * 1000000u + (uint64_t) now.tv_nsec / 1000u;
}

uint64_t tn_clock_wall_us(void)
{
    return clock_read_us(CLOCK_REALTIME);
}

uint64_t tn_clock_boot_us(void)
{
    return clock_read_us(CLOCK_BOOTTIME);
}

uint64_t tn_clock_monotonic_us(void)
{
    return clock_read_us(CLOCK_MONOTONIC);
}
