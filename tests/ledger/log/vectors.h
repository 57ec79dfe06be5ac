/* Reading the test vectors of others, which lie beside the checkout where they are present, and
 * just enough JSON for those files (no escapes in strings). */
#ifndef TN_TESTS_LEDGER_LOG_VECTORS_H
#define TN_TESTS_LEDGER_LOG_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/bytes.h"

#define VECTORS "../shared/vectors/"

static inline void vectors_or_skip(void)
{
    if (access(VECTORS "README.md", R_OK) != 0) {
        print_message("skipped: no vectors\n");
        skip();
    }
}

/* The whole file with a zero behind it; the caller frees it. */
static inline char *file_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *data;
    long length;

    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    length = ftell(file);
    assert_true(length >= 0);
    rewind(file);
    data = (char *) calloc(1, (size_t) length + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t) length, file), (size_t) length);
    (void) fclose(file);
    *size = (size_t) length;
    return data;
}

/* The first line of a file without its newline, for keys. */
static inline struct tn_bytes line_view(const char *data)
{
    return tn_bytes(data, strcspn(data, "\n"));
}

/* By hand, not by strspn() and its like: with strict_string_checks ASan reads the whole text at
 * each of their calls. */
static inline const char *json_space(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') {
        at++;
    }
    return at;
}

/* The quote that ends the string which begins at `at`. */
static inline const char *json_quote(const char *at)
{
    while (*at != '"') {
        assert_true(*at != '\0');
        at++;
    }
    return at;
}

static inline bool json_is_null(const char *at)
{
    return at[0] == 'n' && at[1] == 'u' && at[2] == 'l' && at[3] == 'l';
}

/* Behind a string, number, word, array or object. */
static inline const char *json_skip(const char *at)
{
    int depth = 0;

    at = json_space(at);
    do {
        if (*at == '"') {
            at = json_quote(at + 1) + 1;
        } else if (*at == '[' || *at == '{') {
            depth++;
            at++;
        } else if (*at == ']' || *at == '}') {
            depth--;
            at++;
        } else if (*at == ',' || *at == ':') {
            at++;
        } else {
            const char *word = at;

            while (*at != '\0' && *at != ',' && *at != ']' && *at != '}' && *at != ':' &&
                   json_space(at) == at) {
                at++;
            }
            assert_true(at > word);
        }
        at = depth > 0 ? json_space(at) : at;
    } while (depth > 0);
    return at;
}

/* The value of a member of the object at `at`. */
static inline const char *json_member(const char *at, const char *key)
{
    size_t size = strlen(key);

    at = json_space(at);
    assert_int_equal(*at, '{');
    at = json_space(at + 1);
    while (*at == '"') {
        const char *name = at + 1;
        bool same = (size_t) (json_quote(name) - name) == size && memcmp(name, key, size) == 0;

        at = json_space(json_skip(at));
        assert_int_equal(*at, ':');
        at = json_space(at + 1);
        if (same) {
            return at;
        }
        at = json_space(json_skip(at));
        at = *at == ',' ? json_space(at + 1) : at;
    }
    fail_msg("no member %s", key);
    return NULL;
}

/* The first item of the array at `at` (null counts as an empty one), and the one after `item`; NULL
 * at the end. */
static inline const char *json_first(const char *at)
{
    at = json_space(at);
    if (json_is_null(at)) {
        return NULL;
    }
    assert_int_equal(*at, '[');
    at = json_space(at + 1);
    return *at == ']' ? NULL : at;
}

static inline const char *json_next(const char *item)
{
    const char *at = json_space(json_skip(item));

    return *at == ',' ? json_space(at + 1) : NULL;
}

static inline struct tn_bytes json_string(const char *at)
{
    at = json_space(at);
    if (json_is_null(at)) {
        return tn_bytes(NULL, 0);
    }
    assert_int_equal(*at, '"');
    return tn_bytes(at + 1, (size_t) (json_quote(at + 1) - at - 1));
}

static inline uint64_t json_uint(const char *at)
{
    return strtoull(json_space(at), NULL, 10);
}

static inline bool json_true(const char *at)
{
    return strncmp(json_space(at), "true", 4) == 0;
}

#endif
