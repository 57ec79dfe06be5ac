/* A small file in two copies: write, fsync, rename, and the better of the two on the way back. */
#include "ledger/vault/twin.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/endian.h"
#include "ledger/base/fault.h"
#include "ledger/base/hash.h"

/* Both copies are the same bytes:
 *
 *   offset  size
 *        0     8  magic
 *        8     1  version
 *        9     1  flags
 *       10     2  zero
 *       12     4  LE32 generation
 *       16    16  id of the wrapping key
 *       32     n  body
 *     32+n    32  SHA-256 of all before it: tells damage from a wrong key
 */
#define CHECKSUM_SIZE 32
_Static_assert(TN_TWIN_MAGIC_SIZE + 8 + TN_ID_SIZE == TN_TWIN_HEADER_SIZE, "header layout");

static const char *const suffixes[2] = {"", ".2"};

static enum tn_status path_of(char path[static PATH_MAX], const char *directory, const char *name,
                              const char *suffix, struct tn_error *error);
static enum tn_status write_copy(const char *directory, const char *name, const char *suffix,
                                 struct tn_bytes bytes, const uint8_t *checksum,
                                 struct tn_error *error);
static enum tn_status read_copy(const char *path, const char *magic, struct tn_buffer *bytes,
                                struct tn_twin_header *header);

void tn_twin_header_write(uint8_t out[static TN_TWIN_HEADER_SIZE],
                          const struct tn_twin_header *header)
{
    memcpy(out, header->magic, TN_TWIN_MAGIC_SIZE);
    out[8] = header->version;
    out[9] = header->flags;
    out[10] = 0;
    out[11] = 0;
    tn_put_le32(out + 12, header->generation);
    memcpy(out + 16, header->id, TN_ID_SIZE);
}

enum tn_status tn_twin_write(const char *directory, const char *name, struct tn_bytes bytes,
                             struct tn_error *error)
{
    uint8_t checksum[CHECKSUM_SIZE];
    tn_sha256(checksum, bytes);
    for (size_t i = 0; i < 2; i++) {
        enum tn_status status = write_copy(directory, name, suffixes[i], bytes, checksum, error);
        if (status != TN_OK) {
            return status;
        }
    }
    return TN_OK;
}

enum tn_status tn_twin_read(const char *directory, const char *name, const char *magic,
                            uint8_t version_max, struct tn_twin_header *header,
                            struct tn_buffer *bytes, unsigned *damaged, struct tn_error *error)
{
    enum tn_status statuses[2] = {TN_CORRUPT, TN_CORRUPT};
    struct tn_twin_header headers[2];
    struct tn_buffer copies[2];
    enum tn_status status = TN_OK;
    size_t best = 0;

    memset(header, 0, sizeof(*header));
    memset(headers, 0, sizeof(headers));
    tn_buffer_reset(bytes);
    *damaged = 0;
    for (size_t i = 0; i < 2; i++) {
        tn_buffer_init(&copies[i], TN_TWIN_BYTES_MAX);
    }
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_MAX];
        status = path_of(path, directory, name, suffixes[i], error);
        if (status != TN_OK) {
            goto out;
        }
        statuses[i] = read_copy(path, magic, &copies[i], &headers[i]);
    }
    if (statuses[0] == TN_NOT_FOUND && statuses[1] == TN_NOT_FOUND) {
        status = tn_fail(error, TN_NOT_FOUND, "%s/%s: no such file, nor its copy", directory, name);
        goto out;
    }
    if (statuses[0] != TN_OK && statuses[1] != TN_OK) {
        bool io = statuses[0] == TN_IO || statuses[1] == TN_IO;
        status = tn_fail(error, io ? TN_IO : TN_CORRUPT,
                         "%s/%s: this file and its copy %s.2 are both %s; restore one of them from "
                         "a backup",
                         directory, name, name, io ? "unreadable" : "damaged or missing");
        goto out;
    }
    if (statuses[0] != TN_OK ||
        (statuses[1] == TN_OK && headers[1].generation > headers[0].generation)) {
        best = 1;
    }
    if (headers[best].version == 0 || headers[best].version > version_max) {
        status = tn_fail(error, TN_UNSUPPORTED,
                         "%s/%s: version %u, this program reads up to %u; use a newer one",
                         directory, name, headers[best].version, version_max);
        goto out;
    }
    tn_buffer_append_bytes(bytes, tn_buffer_view(&copies[best]));
    if (tn_buffer_status(bytes) != TN_OK) {
        status = tn_fail(error, TN_CORRUPT, "%s/%s: larger than it can be", directory, name);
        goto out;
    }
    *header = headers[best];
    *damaged = statuses[1 - best] != TN_OK ||
               headers[1 - best].generation != headers[best].generation;

out:
    tn_buffer_close(&copies[0]);
    tn_buffer_close(&copies[1]);
    return status;
}

bool tn_twin_exists(const char *directory, const char *name)
{
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_MAX];
        struct stat info;
        if (path_of(path, directory, name, suffixes[i], NULL) == TN_OK && lstat(path, &info) == 0) {
            return true;
        }
    }
    return false;
}

void tn_twin_remove(const char *directory, const char *name)
{
    static const char *const all[] = {"", ".new", ".2", ".2.new"};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char path[PATH_MAX];
        if (path_of(path, directory, name, all[i], NULL) == TN_OK) {
            (void) unlink(path);
        }
    }
}

static enum tn_status path_of(char path[static PATH_MAX], const char *directory, const char *name,
                              const char *suffix, struct tn_error *error)
{
    int length = snprintf(path, PATH_MAX, "%s/%s%s", directory, name, suffix);
    if (length < 0 || length >= PATH_MAX) {
        return tn_fail(error, TN_INVALID, "the path of %s is too long", name);
    }
    return TN_OK;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        if (tn_fault("twin.write")) {
            errno = EIO;
            return false;
        }
        ssize_t written = write(fd, data, size);
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        data += written;
        size -= (size_t) written;
    }
    return true;
}

static bool sync_fd(int fd)
{
    if (tn_fault("twin.fsync")) {
        errno = EIO;
        return false;
    }
    return fsync(fd) == 0;
}

static enum tn_status write_copy(const char *directory, const char *name, const char *suffix,
                                 struct tn_bytes bytes, const uint8_t *checksum,
                                 struct tn_error *error)
{
    char path[PATH_MAX];
    char fresh[PATH_MAX];
    char fresh_suffix[8];
    int file = -1;
    int folder = -1;
    enum tn_status status;

    (void) snprintf(fresh_suffix, sizeof(fresh_suffix), "%s.new", suffix);
    status = path_of(path, directory, name, suffix, error);
    if (status == TN_OK) {
        status = path_of(fresh, directory, name, fresh_suffix, error);
    }
    if (status != TN_OK) {
        return status;
    }
    folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        status = tn_fail(error, TN_IO, "%s: %s", directory, strerror(errno));
        goto out;
    }
    file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0 || !write_all(file, bytes.data, bytes.size) ||
        !write_all(file, checksum, CHECKSUM_SIZE) || !sync_fd(file)) {
        status = tn_fail(error, TN_IO, "%s: not written: %s", fresh, strerror(errno));
        goto out;
    }
    if (tn_fault("twin.rename") || rename(fresh, path) != 0 || !sync_fd(folder)) {
        status = tn_fail(error, TN_IO, "%s: not written: %s", path, strerror(errno));
        goto out;
    }

out:
    if (file >= 0) {
        (void) close(file);
    }
    if (folder >= 0) {
        (void) close(folder);
    }
    return status;
}

/* TN_IO, TN_NOT_FOUND or TN_CORRUPT when this copy does not serve; the other one is asked then. */
static enum tn_status read_copy(const char *path, const char *magic, struct tn_buffer *bytes,
                                struct tn_twin_header *header)
{
    enum tn_status status = TN_OK;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0) {
        return errno == ENOENT ? TN_NOT_FOUND : TN_IO;
    }
    for (;;) {
        uint8_t block[4096];
        ssize_t got = tn_fault("twin.read") ? -1 : read(file, block, sizeof(block));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            status = TN_IO;
            goto out;
        }
        if (got == 0) {
            break;
        }
        tn_buffer_append(bytes, block, (size_t) got);
    }
    if (tn_buffer_status(bytes) != TN_OK || bytes->size < TN_TWIN_HEADER_SIZE + CHECKSUM_SIZE) {
        status = TN_CORRUPT;
        goto out;
    }
    uint8_t checksum[CHECKSUM_SIZE];
    bytes->size -= CHECKSUM_SIZE;
    tn_sha256(checksum, tn_buffer_view(bytes));
    if (memcmp(checksum, bytes->data + bytes->size, CHECKSUM_SIZE) != 0 ||
        memcmp(bytes->data, magic, TN_TWIN_MAGIC_SIZE) != 0) {
        status = TN_CORRUPT;
        goto out;
    }
    memcpy(header->magic, bytes->data, TN_TWIN_MAGIC_SIZE);
    header->version = bytes->data[8];
    header->flags = bytes->data[9];
    header->generation = tn_get_le32(bytes->data + 12);
    memcpy(header->id, bytes->data + 16, TN_ID_SIZE);

out:
    (void) close(file);
    return status;
}
