/* Files of a witness. DIR/key is one line, as others write such keys:
 *
 *     PRIVATE+KEY+<name>+<hex8 of the key id>+<base64 of type 04 || 32 bytes of seed>\n */
#include "api/witness/witness_store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/witness/witness.h"
#include "ledger/base/fault.h"
#include "ledger/base/random.h"

#define KEY_PREFIX "PRIVATE+KEY+"
#define KEY_TEXT_MAX 512

static enum tn_status path_of(char out[static PATH_MAX], const char *directory, const char *name,
                              struct tn_error *error)
{
    int size = snprintf(out, PATH_MAX, "%s/%s", directory, name);

    return size > 0 && size < PATH_MAX - 8
               ? TN_OK
               : tn_fail(error, TN_INVALID, "the witness's directory has too long a name");
}

static enum tn_status make_folder(const char *path, struct tn_error *error)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return tn_fail(error, TN_IO, "%s: %s", path, strerror(errno));
    }
    return TN_OK;
}

enum tn_status tn_witness_store_open(const char *directory, int *lock, struct tn_error *error)
{
    char path[PATH_MAX];
    enum tn_status status = make_folder(directory, error);

    *lock = -1;
    if (status == TN_OK) {
        status = path_of(path, directory, "logs", error);
    }
    if (status == TN_OK) {
        status = make_folder(path, error);
    }
    if (status == TN_OK) {
        status = path_of(path, directory, "lock", error);
    }
    if (status != TN_OK) {
        return status;
    }
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*lock < 0) {
        return tn_fail(error, TN_IO, "%s: %s", path, strerror(errno));
    }
    if (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        close(*lock);
        *lock = -1;
        return tn_fail(error, TN_BUSY, "%s: another process is this witness", directory);
    }
    return TN_OK;
}

/* ---- files ---- */

static bool sync_folder(const char *path)
{
    char folder[PATH_MAX];
    char *slash;
    int fd;
    bool synced;

    (void) snprintf(folder, sizeof(folder), "%s", path);
    slash = strrchr(folder, '/');
    if (slash) {
        *slash = '\0';
    }
    fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    synced = fd >= 0 && !tn_fault("witness.folder") && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return synced;
}

static bool write_all(int fd, struct tn_bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t written = tn_fault("witness.write") ? -1 : write(fd, bytes.data, bytes.size);

        if (written <= 0) {
            return false;
        }
        bytes = tn_bytes(bytes.data + written, bytes.size - (size_t) written);
    }
    return true;
}

static enum tn_status write_file(const char *path, struct tn_bytes bytes, struct tn_error *error)
{
    char fresh[PATH_MAX];
    bool written;
    int fd;

    (void) snprintf(fresh, sizeof(fresh), "%s.new", path);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    written = fd >= 0 && write_all(fd, bytes) && !tn_fault("witness.fsync") && fsync(fd) == 0;
    if (fd >= 0) {
        written = close(fd) == 0 && written;
    }
    if (!written || tn_fault("witness.rename") || rename(fresh, path) != 0) {
        int code = errno;

        (void) unlink(fresh);
        return tn_fail(error, TN_IO, "%s could not be written: %s", path, strerror(code));
    }
    return sync_folder(path)
               ? TN_OK
               : tn_fail(error, TN_IO, "%s could not be synced: %s", path, strerror(errno));
}

/* Into the reset buffer; `*found` false when there is no such file. */
static enum tn_status read_file(const char *path, bool secret, struct tn_buffer *out, bool *found,
                                struct tn_error *error)
{
    struct stat info;
    uint8_t piece[4096];
    ssize_t size = 0;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    enum tn_status status = TN_OK;

    tn_buffer_reset(out);
    *found = fd >= 0;
    if (fd < 0) {
        return errno == ENOENT ? TN_OK : tn_fail(error, TN_IO, "%s: %s", path, strerror(errno));
    }
    if (fstat(fd, &info) != 0 || (secret && (info.st_mode & 077) != 0)) {
        close(fd);
        return tn_fail(error, TN_DENIED,
                       "%s: others may read it: chmod 600, and think about who did", path);
    }
    while ((size = read(fd, piece, sizeof(piece))) > 0) {
        tn_buffer_append(out, piece, (size_t) size);
    }
    sodium_memzero(piece, sizeof(piece));
    close(fd);
    if (size < 0) {
        status = tn_fail(error, TN_IO, "%s: %s", path, strerror(errno));
    } else if (tn_buffer_status(out) != TN_OK) {
        status = tn_fail(error, TN_CORRUPT, "%s is too long", path);
    }
    return status;
}

/* ---- the key ---- */

static enum tn_status make_key(const char *path, const char *name, uint8_t *secret,
                               struct tn_signer *signer, struct tn_error *error)
{
    char base64[TN_BASE64_SIZE(TN_WITNESS_SECRET_SIZE)];
    char id[2 * TN_KEY_ID_SIZE + 1];
    struct tn_random random;
    struct tn_buffer text;
    enum tn_status status;

    tn_random_init_system(&random);
    secret[0] = TN_KEY_COSIGNATURE;
    tn_random_fill(&random, secret + 1, TN_KEY_SEED_SIZE);
    tn_buffer_init(&text, KEY_TEXT_MAX);
    status = tn_signer_init(signer, tn_bytes_from_string(name), TN_KEY_COSIGNATURE, secret + 1);
    if (status != TN_OK) {
        status = tn_fail(error, status,
                         "a witness's name is a URL without scheme, spaces and plus signs, such as "
                         "example.org/witness");
    } else {
        tn_hex_encode(id, signer->verifier.id, TN_KEY_ID_SIZE);
        tn_base64_encode(base64, secret, TN_WITNESS_SECRET_SIZE);
        tn_buffer_printf(&text, KEY_PREFIX "%s+%s+%s\n", name, id, base64);
        status = tn_buffer_status(&text);
    }
    if (status == TN_OK) {
        status = write_file(path, tn_buffer_view(&text), error);
    }
    sodium_memzero(base64, sizeof(base64));
    tn_buffer_close_secret(&text);
    return status;
}

/* name "+" id "+" base64 "\n" behind the prefix. */
static enum tn_status parse_key(const char *path, struct tn_bytes text, uint8_t *secret,
                                struct tn_signer *signer, struct tn_error *error)
{
    uint8_t id[TN_KEY_ID_SIZE];
    size_t prefix = sizeof(KEY_PREFIX) - 1;
    size_t size = TN_WITNESS_SECRET_SIZE;
    const uint8_t *plus = NULL;
    struct tn_bytes name;
    bool good = text.size > prefix && memcmp(text.data, KEY_PREFIX, prefix) == 0 &&
                text.data[text.size - 1] == '\n';

    if (good) {
        text = tn_bytes(text.data + prefix, text.size - prefix - 1);
        plus = text.size > 0 ? memchr(text.data, '+', text.size) : NULL;
    }
    good = plus != NULL && (size_t) (text.data + text.size - plus) > 2 * TN_KEY_ID_SIZE + 2;
    if (good) {
        const uint8_t *base64 = plus + 1 + 2 * TN_KEY_ID_SIZE + 1;

        name = tn_bytes(text.data, (size_t) (plus - text.data));
        good = base64[-1] == '+' &&
               tn_hex_decode(tn_bytes(plus + 1, 2 * TN_KEY_ID_SIZE), id, sizeof(id)) == TN_OK &&
               tn_base64_decode(tn_bytes(base64, (size_t) (text.data + text.size - base64)), secret,
                                &size) == TN_OK &&
               size == TN_WITNESS_SECRET_SIZE && secret[0] == TN_KEY_COSIGNATURE &&
               tn_signer_init(signer, name, TN_KEY_COSIGNATURE, secret + 1) == TN_OK &&
               memcmp(signer->verifier.id, id, sizeof(id)) == 0;
    }
    return good ? TN_OK
                : tn_fail(error, TN_CORRUPT,
                          "%s is not a witness's key: restore it, for logs trust no other", path);
}

enum tn_status tn_witness_store_key(const char *directory, const char *name,
                                    uint8_t secret[static TN_WITNESS_SECRET_SIZE],
                                    struct tn_signer *signer, struct tn_error *error)
{
    char path[PATH_MAX];
    struct tn_buffer text;
    bool found;
    enum tn_status status = path_of(path, directory, "key", error);

    if (status != TN_OK) {
        return status;
    }
    tn_buffer_init(&text, KEY_TEXT_MAX);
    status = read_file(path, true, &text, &found, error);
    if (status == TN_OK) {
        status = found
                     ? parse_key(path, tn_buffer_view(&text), secret, signer, error)
                     : make_key(path, name ? name : TN_WITNESS_NAME_DEFAULT, secret, signer, error);
    }
    if (status == TN_OK && name && strcmp(name, signer->verifier.name) != 0) {
        status = tn_fail(error, TN_INVALID, "the key in %s is that of %s; a key keeps its name",
                         path, signer->verifier.name);
    }
    tn_buffer_close_secret(&text);
    return status;
}

/* ---- checkpoints ---- */

static enum tn_status log_path(char out[static PATH_MAX], const char *directory, const char *hex,
                               struct tn_error *error)
{
    char name[96];

    (void) snprintf(name, sizeof(name), "logs/%s", hex);
    return path_of(out, directory, name, error);
}

enum tn_status tn_witness_store_read(const char *directory, const char *hex, struct tn_buffer *note,
                                     struct tn_error *error)
{
    char path[PATH_MAX];
    bool found;
    enum tn_status status = log_path(path, directory, hex, error);

    return status == TN_OK ? read_file(path, false, note, &found, error) : status;
}

enum tn_status tn_witness_store_write(const char *directory, const char *hex, struct tn_bytes note,
                                      struct tn_error *error)
{
    char path[PATH_MAX];
    enum tn_status status = log_path(path, directory, hex, error);

    return status == TN_OK ? write_file(path, note, error) : status;
}
