/* The root key's file: where it is, how it is made, when it is refused. */
#include "ledger/vault/root_key.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/bytes.h"
#include "ledger/base/fault.h"

static enum tn_status folder_of(const char *path, char folder[static PATH_MAX],
                                struct tn_error *error);
static bool sync_folder(const char *path);

enum tn_status tn_root_key_path(const char *directory, const char *option, bool simulated,
                                char path[static PATH_MAX], struct tn_error *error)
{
    char real[PATH_MAX];
    char folder[PATH_MAX];
    int length;

    path[0] = '\0';
    if (realpath(directory, real) == NULL) {
        return tn_fail(error, errno == ENOENT ? TN_NOT_FOUND : TN_IO, "%s: %s", directory,
                       strerror(errno));
    }
    if (option == NULL) {
        length =
            snprintf(path, PATH_MAX, simulated ? "%s/simulated.root-key" : "%s.root-key", real);
    } else {
        length = snprintf(path, PATH_MAX, "%s", option);
    }
    if (length < 0 || length >= PATH_MAX) {
        path[0] = '\0';
        return tn_fail(error, TN_INVALID, "the root key's path is too long");
    }
    if (simulated) {
        return TN_OK;
    }
    enum tn_status status = folder_of(path, folder, error);
    if (status != TN_OK) {
        return status;
    }
    size_t size = strlen(real);
    if (strncmp(folder, real, size) == 0 && (folder[size] == '/' || folder[size] == '\0')) {
        return tn_fail(error, TN_INVALID,
                       "%s: the root key must lie outside the data directory, or a copy of the "
                       "directory holds the key and what it opens",
                       path);
    }
    return TN_OK;
}

enum tn_status tn_root_key_write(const char *path, const uint8_t key[static TN_ROOT_KEY_SIZE],
                                 uint8_t text[static TN_ROOT_KEY_TEXT_SIZE], struct tn_error *error)
{
    enum tn_status status = TN_OK;
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);

    if (file < 0) {
        bool there = errno == EEXIST || errno == ELOOP;
        return tn_fail(error, there ? TN_EXISTS : TN_IO, "%s: the root key was not written: %s%s",
                       path, strerror(errno),
                       there ? "; it may be what opens another ledger, so it is left alone" : "");
    }
    /* sodium's form takes the same time for every key; its final zero is the newline's place. */
    (void) sodium_bin2hex((char *) text, TN_ROOT_KEY_TEXT_SIZE, key, TN_ROOT_KEY_SIZE);
    text[TN_ROOT_KEY_TEXT_SIZE - 1] = '\n';
    ssize_t written = tn_fault("root_key.write") ? -1 : write(file, text, TN_ROOT_KEY_TEXT_SIZE);
    sodium_memzero(text, TN_ROOT_KEY_TEXT_SIZE);
    /* The umask may have taken more than was asked for, never given more. */
    if (written != TN_ROOT_KEY_TEXT_SIZE || fchmod(file, 0400) != 0 || tn_fault("root_key.fsync") ||
        fsync(file) != 0 || !sync_folder(path)) {
        status =
            tn_fail(error, TN_IO, "%s: the root key was not written: %s", path, strerror(errno));
        (void) unlink(path);
    }
    (void) close(file);
    return status;
}

enum tn_status tn_root_key_read(const char *path, uint8_t key[static TN_ROOT_KEY_SIZE],
                                uint8_t text[static TN_ROOT_KEY_TEXT_SIZE], struct tn_error *error)
{
    enum tn_status status = TN_OK;
    struct stat info;
    ssize_t got = -1;
    uint8_t beyond;
    /* Without O_NONBLOCK a fifo in its place would hold us up for ever. */
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    sodium_memzero(key, TN_ROOT_KEY_SIZE);
    if (file < 0) {
        if (errno == ELOOP) {
            return tn_fail(error, TN_DENIED, "%s: the root key is a symbolic link; refused", path);
        }
        status = errno == ENOENT ? TN_NOT_FOUND : errno == EACCES ? TN_DENIED : TN_IO;
        return tn_fail(error, status, "%s: the root key cannot be read: %s", path, strerror(errno));
    }
    if (fstat(file, &info) != 0) {
        status = tn_fail(error, TN_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(info.st_mode)) {
        status = tn_fail(error, TN_DENIED, "%s: the root key is not a plain file; refused", path);
        goto out;
    }
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        status = tn_fail(error, TN_DENIED,
                         "%s: group or others have rights on the root key (mode %04o); refused. "
                         "Make it 0400, and think about who may have read it",
                         path, (unsigned) (info.st_mode & 07777));
        goto out;
    }
    if (info.st_uid != geteuid() && info.st_uid != 0) {
        status =
            tn_fail(error, TN_DENIED, "%s: the root key belongs to another user; refused", path);
        goto out;
    }
    got = tn_fault("root_key.read") ? -1 : read(file, text, TN_ROOT_KEY_TEXT_SIZE);
    if (got < 0) {
        status =
            tn_fail(error, TN_IO, "%s: the root key cannot be read: %s", path, strerror(errno));
        goto out;
    }
    if (got != TN_ROOT_KEY_TEXT_SIZE || text[TN_ROOT_KEY_TEXT_SIZE - 1] != '\n' ||
        read(file, &beyond, 1) != 0 ||
        tn_hex_decode(tn_bytes(text, TN_ROOT_KEY_TEXT_SIZE - 1), key, TN_ROOT_KEY_SIZE) != TN_OK) {
        status = tn_fail(error, TN_DENIED,
                         "%s: not a root key (64 hexadecimal digits and a newline)", path);
    }

out:
    sodium_memzero(text, TN_ROOT_KEY_TEXT_SIZE);
    if (status != TN_OK) {
        sodium_memzero(key, TN_ROOT_KEY_SIZE);
    }
    (void) close(file);
    return status;
}

static enum tn_status folder_of(const char *path, char folder[static PATH_MAX],
                                struct tn_error *error)
{
    char copy[PATH_MAX];
    (void) snprintf(copy, sizeof(copy), "%s", path);
    const char *parent = dirname(copy);
    if (realpath(parent, folder) == NULL) {
        return tn_fail(error, errno == ENOENT ? TN_NOT_FOUND : TN_IO, "%s: %s", parent,
                       strerror(errno));
    }
    return TN_OK;
}

static bool sync_folder(const char *path)
{
    char folder[PATH_MAX];
    if (folder_of(path, folder, NULL) != TN_OK) {
        return false;
    }
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    bool synced = fsync(file) == 0;
    (void) close(file);
    return synced;
}
