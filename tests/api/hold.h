/* A thread that is held up until the test lets it go. */
#ifndef TN_TESTS_API_HOLD_H
#define TN_TESTS_API_HOLD_H

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

struct hold {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool entered;
    bool released;
};

static inline void hold_init(struct hold *hold)
{
    memset(hold, 0, sizeof(*hold));
    pthread_mutex_init(&hold->lock, NULL);
    pthread_cond_init(&hold->changed, NULL);
}

/* On the thread that is to wait. */
static inline void hold_here(struct hold *hold)
{
    pthread_mutex_lock(&hold->lock);
    hold->entered = true;
    pthread_cond_broadcast(&hold->changed);
    while (!hold->released) {
        pthread_cond_wait(&hold->changed, &hold->lock);
    }
    pthread_mutex_unlock(&hold->lock);
}

/* Until it is there. */
static inline void hold_wait(struct hold *hold)
{
    pthread_mutex_lock(&hold->lock);
    while (!hold->entered) {
        pthread_cond_wait(&hold->changed, &hold->lock);
    }
    pthread_mutex_unlock(&hold->lock);
}

static inline void hold_release(struct hold *hold)
{
    pthread_mutex_lock(&hold->lock);
    hold->released = true;
    pthread_cond_broadcast(&hold->changed);
    pthread_mutex_unlock(&hold->lock);
}

static inline void hold_drop(struct hold *hold)
{
    pthread_cond_destroy(&hold->changed);
    pthread_mutex_destroy(&hold->lock);
}

#endif
