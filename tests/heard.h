/* What is said on standard error, kept aside. A test that hears has heard_restore as its teardown:
 * where it fails meanwhile, standard error comes back, with all that was said on it. */
#ifndef TN_TESTS_HEARD_H
#define TN_TESTS_HEARD_H

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ledger/base/check.h"

static struct {
    int before;
    int file;
    bool hears;
    char words[256 * 1024]; /* what was said, with a zero byte behind */
    size_t size;
} heard;

static inline void heard_begin(void)
{
    TN_CHECK(!heard.hears && fflush(stderr) == 0);
    heard.before = dup(STDERR_FILENO);
    heard.file = memfd_create("heard", MFD_CLOEXEC);
    TN_CHECK(heard.before >= 0 && heard.file >= 0);
    TN_CHECK(dup2(heard.file, STDERR_FILENO) == STDERR_FILENO);
    heard.hears = true;
}

/* From here on it goes where it went before. */
static inline const char *heard_end(void)
{
    ssize_t size;

    TN_CHECK(heard.hears && fflush(stderr) == 0);
    TN_CHECK(dup2(heard.before, STDERR_FILENO) == STDERR_FILENO);
    size = pread(heard.file, heard.words, sizeof(heard.words) - 1, 0);
    TN_CHECK(size >= 0 && (size_t) size < sizeof(heard.words) - 1); /* nothing is left out */
    TN_CHECK(close(heard.before) == 0 && close(heard.file) == 0);
    heard.size = (size_t) size;
    heard.words[heard.size] = '\0';
    heard.hears = false;
    return heard.words;
}

/* How often `text` stands in what was heard last. */
static inline unsigned heard_count(const char *text)
{
    unsigned count = 0;

    for (const char *at = strstr(heard.words, text); at; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

static inline int heard_restore(void **state)
{
    (void) state;
    if (heard.hears) {
        (void) fputs(heard_end(), stderr);
    }
    return 0;
}

#endif
