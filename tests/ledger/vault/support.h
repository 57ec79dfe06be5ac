/* What the tests of the vault share: a folder of their own, files as bytes, a ring and a store. */
#ifndef TN_TESTS_LEDGER_VAULT_SUPPORT_H
#define TN_TESTS_LEDGER_VAULT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/buffer.h"
#include "ledger/vault/keys.h"
#include "tests/scratch.h"

struct folder {
    char root[SCRATCH_BYTES];  /* holds the ledger and what lies beside it */
    char ledger[PATH_MAX / 2]; /* the data directory */
};

static inline void folder_make(struct folder *folder)
{
    memset(folder, 0, sizeof(*folder));
    scratch_make(folder->root);
    (void) snprintf(folder->ledger, sizeof(folder->ledger), "%s/ledger", folder->root);
}

static inline void folder_remove(struct folder *folder)
{
    scratch_remove(folder->root);
}

/* `name` below the folder's root. */
static inline const char *folder_path(const struct folder *folder, const char *name,
                                      char path[static PATH_MAX])
{
    (void) snprintf(path, PATH_MAX, "%s/%s", folder->root, name);
    return path;
}

static inline bool file_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

static inline void file_read(const char *path, struct tn_buffer *bytes)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    tn_buffer_init(bytes, 1u << 20);
    for (int character; (character = fgetc(file)) != EOF;) {
        tn_buffer_append_u8(bytes, (uint8_t) character);
    }
    (void) fclose(file);
    assert_int_equal(tn_buffer_status(bytes), TN_OK);
}

static inline void file_write(const char *path, struct tn_bytes bytes, mode_t mode)
{
    (void) unlink(path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes.data, bytes.size), (ssize_t) bytes.size);
    assert_int_equal(fchmod(file, mode), 0);
    (void) close(file);
}

/* Flip the lowest bit of one byte; `offset` from the end when negative. */
static inline void file_flip(const char *path, long offset)
{
    struct tn_buffer bytes;
    file_read(path, &bytes);
    size_t at = offset < 0 ? bytes.size - (size_t) -offset : (size_t) offset;
    assert_true(at < bytes.size);
    bytes.data[at] ^= 1;
    file_write(path, tn_buffer_view(&bytes), 0600);
    tn_buffer_close(&bytes);
}

static inline void keys_make(const struct folder *folder, uint64_t seed, struct tn_keys **keys)
{
    /* A container may lock no memory; what is tested here does not depend on it. */
    const struct tn_keys_options options = {.allow_unlocked = true, .simulated = true};
    struct tn_random random;
    struct tn_error error = {0};
    tn_random_init_seeded(&random, seed, "keys", 0);
    enum tn_status status = tn_keys_create(folder->ledger, &random, &options, keys, &error);
    if (status != TN_OK) {
        fail_msg("%s: %s", tn_status_name(status), error.text);
    }
}

static inline void expect_hex(const void *bytes, size_t size, const char *hex)
{
    char *text = malloc(2 * size + 1);
    assert_non_null(text);
    tn_hex_encode(text, bytes, size);
    assert_string_equal(text, hex);
    free(text);
}

#endif
