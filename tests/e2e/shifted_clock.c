/* A clock that can be set, to be preloaded into a program under test.
 *
 * The wall clock is what the system says plus the microseconds (int64, in this machine's byte
 * order) in the file that SHIFTED_CLOCK names. The other clocks run on, so the program sees what it
 * sees when somebody sets the time, or when it starts again after a while. A second number there is
 * added to the clock that goes on while a machine is asleep: with both, the program sees a sleep.
 * The file may be changed at any moment; nothing is done without it. Not shifted: time(), which no
 * part of the program asks. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000
/* Deadlines of the monotonic clock are smaller: no machine runs for thirty years. */
#define WALL_S_MIN 1000000000

int clock_gettime(clockid_t clock, struct timespec *now);
int gettimeofday(struct timeval *restrict now, void *restrict zone);
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until);

static const volatile int64_t *shift_us;
static int (*real_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

__attribute__((constructor)) static void map_shift(void)
{
    const char *path = getenv("SHIFTED_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *page;

    /* Without its version the name means a function of twenty years ago. */
    *(void **) &real_timedwait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!real_timedwait) {
        *(void **) &real_timedwait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    }
    if (fd < 0) {
        return;
    }
    page = mmap(NULL, 2 * sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED) {
        shift_us = page;
    }
}

static void shift(struct timespec *time, int64_t by_us)
{
    int64_t nanoseconds = time->tv_nsec + by_us % 1000000 * 1000;

    time->tv_sec += by_us / 1000000;
    if (nanoseconds >= SECOND_NS) {
        time->tv_sec++;
        nanoseconds -= SECOND_NS;
    } else if (nanoseconds < 0) {
        time->tv_sec--;
        nanoseconds += SECOND_NS;
    }
    time->tv_nsec = (long) nanoseconds;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long failed = syscall(SYS_clock_gettime, clock, now);

    if (failed == 0 && clock == CLOCK_REALTIME && shift_us) {
        shift(now, shift_us[0]);
    } else if (failed == 0 && clock == CLOCK_BOOTTIME && shift_us) {
        shift(now, shift_us[1]); /* zero beyond the end of a file of one number */
    }
    return (int) failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);

    (void) zone;
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return failed;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until)
{
    struct timespec there = *until;

    if (there.tv_sec >= WALL_S_MIN && shift_us) {
        shift(&there, -*shift_us);
    }
    return real_timedwait(condition, mutex, &there);
}
