/* Projections beside the core ones, and their thread.
 *
 * The engine is the thread's own: a seal is asked for and answered under the lock, computed without
 * it. A write that fails (a full disk) leaves the engine of no use; it is opened anew from what the
 * store holds, again and again until that works. An event that cannot be folded, or a seal that
 * does not fit, ends the folding for good: a log line says so. */
#include "projections/beside.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/base/logline.h"
#include "projections/core_list.h"
#include "projections/families.h"

/* How often it looks whether enough was committed, and how long little may wait. */
#define PACE_US 1000000u
#define FOLLOW_EVENTS 65536u
#define FOLLOW_US 10000000u
/* A thread that is this nice gets about a tenth of a core that others want. */
#define NICENESS 10

struct tn_beside {
    struct tn_store *store;
    struct tn_log *log;
    struct tn_core_list list;
    struct tn_engine *engine; /* the thread's */
    bool warned;
    char directory[PATH_MAX]; /* empty: leaves are not kept */
    pthread_t thread;
    bool started;

    pthread_mutex_t lock;
    pthread_cond_t wake;     /* the thread: a seal is asked for, or the end */
    pthread_cond_t answered; /* who asked */
    bool closing;
    bool hurried;      /* somebody waits for all of the log */
    bool hopeless;     /* cannot be folded */
    uint64_t position; /* folded and written; UINT64_MAX: not opened */
    uint64_t steps;    /* taken, well or not */
    struct {
        bool asked;
        bool done;
        size_t place;
        uint64_t size;
        uint64_t scope;
        uint64_t rows;
        uint8_t root[TN_HASH_SIZE];
        enum tn_status status;
        struct tn_error error;
    } seal;
};

static void *follow_main(void *argument);

enum tn_status tn_beside_open(const struct tn_beside_options *options, struct tn_beside **out,
                              struct tn_error *error)
{
    struct tn_beside *beside = calloc(1, sizeof(*beside));
    pthread_condattr_t attributes;
    enum tn_status status;

    *out = NULL;
    if (beside == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for the projections beside the desk");
    }
    beside->store = options->store;
    beside->log = options->log;
    beside->position = UINT64_MAX;
    if (options->list == NULL) {
        for (size_t i = TN_CORE_COUNT; i < TN_PROJECTION_COUNT; i++) {
            beside->list.items[beside->list.count++] = tn_projection_at(i);
        }
    } else {
        beside->list = tn_core_list(options->list, options->count);
    }
    if (options->directory != NULL) {
        (void) snprintf(beside->directory, sizeof(beside->directory), "%s", options->directory);
        (void) mkdir(beside->directory, 0700); /* a seal says that its leaves are not kept */
    }
    pthread_mutex_init(&beside->lock, NULL);
    pthread_condattr_init(&attributes);
    (void) pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&beside->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&beside->answered, NULL);
    status = tn_current_sweep(beside->store, beside->list.items, beside->list.count, error);
    if (status == TN_OK) {
        beside->started = pthread_create(&beside->thread, NULL, follow_main, beside) == 0;
        status = beside->started
                     ? TN_OK
                     : tn_fail(error, TN_MEMORY, "no thread for the projections beside the desk");
    }
    if (status != TN_OK) {
        tn_beside_close(beside);
        return status;
    }
    *out = beside;
    return TN_OK;
}

void tn_beside_close(struct tn_beside *beside)
{
    if (beside == NULL) {
        return;
    }
    if (beside->started) {
        pthread_mutex_lock(&beside->lock);
        beside->closing = true;
        pthread_cond_signal(&beside->wake);
        pthread_mutex_unlock(&beside->lock);
        pthread_join(beside->thread, NULL);
    }
    tn_engine_close(beside->engine);
    pthread_cond_destroy(&beside->answered);
    pthread_cond_destroy(&beside->wake);
    pthread_mutex_destroy(&beside->lock);
    free(beside);
}

uint64_t tn_beside_position(struct tn_beside *beside)
{
    pthread_mutex_lock(&beside->lock);
    uint64_t position = beside->position;
    pthread_mutex_unlock(&beside->lock);
    return position;
}

enum tn_status tn_beside_settle(struct tn_beside *beside, struct tn_error *error)
{
    struct tn_log_head head;
    enum tn_status status = TN_OK;

    tn_log_head(beside->log, &head);
    pthread_mutex_lock(&beside->lock);
    beside->hurried = true;
    while (status == TN_OK && beside->position != head.size) {
        uint64_t steps = beside->steps;

        pthread_cond_signal(&beside->wake);
        while (beside->steps == steps && !beside->hopeless) {
            pthread_cond_wait(&beside->answered, &beside->lock);
        }
        if (beside->hopeless || beside->position == UINT64_MAX) {
            status = tn_fail(error, beside->hopeless ? TN_CORRUPT : TN_UNAVAILABLE,
                             "the rows beside the core ones cannot be folded; a line before says "
                             "why");
        }
    }
    beside->hurried = false;
    pthread_mutex_unlock(&beside->lock);
    return status;
}

/* ---- the thread ---- */

/* Of what the log holds, not of the environment: trying again would find it again. */
static bool is_hopeless(enum tn_status status)
{
    return status == TN_CORRUPT || status == TN_MISMATCH || status == TN_UNSUPPORTED ||
           status == TN_FULL || status == TN_INVALID;
}

/* Fold up to `size`; true when that is done. */
static bool follow(struct tn_beside *beside, uint64_t size, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    if (beside->engine == NULL) {
        status = tn_engine_open_beside(beside->store, beside->log, beside->list.items,
                                       beside->list.count, &beside->engine, error);
        if (status == TN_OK) {
            tn_engine_set_cache(beside->engine, TN_BESIDE_CACHE_BYTES);
        }
    }
    if (status == TN_OK) {
        status = tn_engine_follow(beside->engine, size, error);
    }
    if (status != TN_OK) {
        tn_engine_close(beside->engine);
        beside->engine = NULL;
        if (!beside->warned) {
            tn_logline(TN_LOG_WARN,
                       "lists of streams are not kept up (%s); nothing else depends on them",
                       error->text);
            beside->warned = true;
        }
    }
    pthread_mutex_lock(&beside->lock);
    beside->position = status == TN_OK ? tn_engine_folded(beside->engine) : UINT64_MAX;
    beside->hopeless = beside->hopeless || is_hopeless(status);
    beside->steps++;
    pthread_cond_broadcast(&beside->answered);
    pthread_mutex_unlock(&beside->lock);
    return status == TN_OK;
}

bool tn_beside_seal_path(const char *directory, const struct tn_projection *projection,
                         uint64_t upto, char *out, size_t size)
{
    int length = snprintf(out, size, "%s/%s.%" PRIu64, directory, projection->name, upto);

    return length > 0 && (size_t) length < size;
}

/* A full seal covers every row: the leaves of those before it are of no more use. */
static void forget_leaves(const struct tn_beside *beside, size_t place, uint64_t upto)
{
    const char *name = beside->list.items[place]->name;
    size_t length = strlen(name);
    DIR *directory = opendir(beside->directory);
    const struct dirent *entry;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char path[PATH_MAX + sizeof(entry->d_name) + 1];

        if (strncmp(entry->d_name, name, length) == 0 && entry->d_name[length] == '.' &&
            strtoull(entry->d_name + length + 1, NULL, 10) < upto) {
            (void) snprintf(path, sizeof(path), "%s/%s", beside->directory, entry->d_name);
            (void) remove(path);
        }
    }
    if (directory != NULL) {
        (void) closedir(directory);
    }
}

static enum tn_status compute_seal(struct tn_beside *beside, size_t place, uint64_t size,
                                   uint64_t scope, uint64_t *rows,
                                   uint8_t root[static TN_HASH_SIZE], struct tn_error *error)
{
    char path[PATH_MAX];
    enum tn_status status;

    if (beside->directory[0] == '\0' || size == 0 ||
        !tn_beside_seal_path(beside->directory, beside->list.items[place], size - 1, path,
                             sizeof(path))) {
        return tn_engine_seal(beside->engine, place, scope, rows, root, error);
    }
    status = tn_engine_seal_kept(beside->engine, place, scope, path, rows, root, error);
    if (status == TN_OK && scope == 2) {
        forget_leaves(beside, place, size - 1);
    }
    return status;
}

/* Called with the lock held; leaves it meanwhile. */
static void answer_seal(struct tn_beside *beside)
{
    struct tn_error error = {0};
    uint8_t root[TN_HASH_SIZE] = {0};
    uint64_t rows = 0;
    size_t place = beside->seal.place;
    uint64_t size = beside->seal.size;
    uint64_t scope = beside->seal.scope;
    enum tn_status status = TN_UNAVAILABLE;

    pthread_mutex_unlock(&beside->lock);
    if (follow(beside, size, &error)) {
        status = tn_engine_folded(beside->engine) == size
                     ? compute_seal(beside, place, size, scope, &rows, root, &error)
                     : tn_fail(&error, TN_UNAVAILABLE, "more than the seal speaks of is folded");
    }
    pthread_mutex_lock(&beside->lock);
    beside->seal.rows = rows;
    memcpy(beside->seal.root, root, TN_HASH_SIZE);
    beside->seal.status = status;
    beside->seal.error = error;
    beside->seal.asked = false;
    beside->seal.done = true;
    pthread_cond_signal(&beside->answered);
}

/* Enough was committed, or long enough ago: a row that many events touch is written once. */
static bool is_time(const struct tn_beside *beside, uint64_t size, uint64_t followed_us)
{
    return beside->engine == NULL || size - tn_engine_folded(beside->engine) >= FOLLOW_EVENTS ||
           tn_clock_monotonic_us() - followed_us >= FOLLOW_US;
}

/* One step towards `size`, so that a seal or the end never waits for a whole log. At the end what
 * is further behind than a step is left to the next start. */
static void follow_step(struct tn_beside *beside, uint64_t size, bool closing)
{
    struct tn_error error = {0};
    uint64_t folded;

    if (beside->engine == NULL && !follow(beside, 0, &error)) { /* opens it */
        return;
    }
    folded = tn_engine_folded(beside->engine);
    if (size - folded <= FOLLOW_EVENTS) {
        (void) follow(beside, size, &error);
    } else if (!closing) {
        (void) follow(beside, folded + FOLLOW_EVENTS, &error);
    }
}

/* Another step is to be taken at once. */
static bool is_far_behind(const struct tn_beside *beside, uint64_t size)
{
    return beside->engine != NULL && size - tn_engine_folded(beside->engine) >= FOLLOW_EVENTS;
}

static void *follow_main(void *argument)
{
    struct tn_beside *beside = argument;
    struct tn_log_head head = {.size = 0};
    uint64_t followed_us = 0;
    bool closing = false;
    bool hurried;

    (void) pthread_setname_np(pthread_self(), "turno-beside");
    (void) setpriority(PRIO_PROCESS, (id_t) syscall(SYS_gettid), NICENESS);
    pthread_mutex_lock(&beside->lock);
    while (!closing) {
        closing = beside->closing;
        hurried = beside->hurried;
        if (beside->seal.asked && !beside->hopeless) {
            answer_seal(beside);
            continue;
        }
        if (!beside->hopeless) {
            pthread_mutex_unlock(&beside->lock);
            tn_log_head(beside->log, &head);
            if (closing || hurried || is_time(beside, head.size, followed_us)) {
                follow_step(beside, head.size, closing);
                followed_us = tn_clock_monotonic_us();
            }
            pthread_mutex_lock(&beside->lock);
        }
        if (beside->seal.asked && beside->hopeless) {
            beside->seal.status = TN_UNAVAILABLE;
            beside->seal.asked = false;
            beside->seal.done = true;
            pthread_cond_signal(&beside->answered);
        }
        if (!beside->closing && !beside->seal.asked &&
            (beside->hopeless || !is_far_behind(beside, head.size))) {
            uint64_t until_us = tn_clock_monotonic_us() + PACE_US;
            struct timespec until = {.tv_sec = (time_t) (until_us / 1000000u),
                                     .tv_nsec = (long) (until_us % 1000000u * 1000u)};

            (void) pthread_cond_timedwait(&beside->wake, &beside->lock, &until);
        }
    }
    pthread_mutex_unlock(&beside->lock);
    return NULL;
}

/* ---- seals ---- */

enum tn_status tn_beside_seal(struct tn_beside *beside, size_t place, uint64_t size, uint64_t scope,
                              bool wait, uint64_t *rows, uint8_t root[static TN_HASH_SIZE],
                              struct tn_error *error)
{
    enum tn_status status;

    TN_CHECK(place < beside->list.count);
    *rows = 0;
    memset(root, 0, TN_HASH_SIZE);
    pthread_mutex_lock(&beside->lock);
    if (!wait && (beside->position == UINT64_MAX || size - beside->position > TN_BESIDE_LAG_MAX)) {
        pthread_mutex_unlock(&beside->lock);
        return tn_fail(error, TN_BUSY, "projection %s is too far behind to be sealed",
                       beside->list.items[place]->name);
    }
    beside->seal.place = place;
    beside->seal.size = size;
    beside->seal.scope = scope;
    beside->seal.done = false;
    beside->seal.asked = true;
    pthread_cond_signal(&beside->wake);
    while (!beside->seal.done) {
        pthread_cond_wait(&beside->answered, &beside->lock);
    }
    status = beside->seal.status;
    if (status == TN_OK) {
        *rows = beside->seal.rows;
        memcpy(root, beside->seal.root, TN_HASH_SIZE);
    } else {
        (void) tn_fail(error, status, "%s", beside->seal.error.text);
    }
    pthread_mutex_unlock(&beside->lock);
    return status;
}
