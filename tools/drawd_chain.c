/* The files of turno drawd. */
#include "tools/drawd_chain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "ledger/base/buffer.h"
#include "ledger/base/civil.h"
#include "ledger/rules/draw.h"

#define MAGIC "turno-drawd-1"
#define DAY_MAX 2932896u        /* 9999-12-31 */
#define CHAIN_LENGTH_MAX 65536u /* a hash for each day of it at every reveal */
#define ROOT_FILE_SIZE (2 * TN_HASH_SIZE + 1)
#define EARLIEST_MIDNIGHT_US (14 * TN_HOUR_US)

/* ---- small files, whole or not at all ---- */

static bool write_all(int fd, struct tn_bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t size = write(fd, bytes.data, bytes.size);

        if (size <= 0) {
            return false;
        }
        bytes = tn_bytes(bytes.data + size, bytes.size - (size_t) size);
    }
    return true;
}

/* Write beside, sync, rename, sync the folder: afterwards the file is there for ever, or it never
 * was. */
static enum tn_status put_file(int folder, const char *name, struct tn_bytes bytes,
                               struct tn_error *error)
{
    char beside[64];
    int fd;
    bool good;

    (void) snprintf(beside, sizeof(beside), "%s.new", name);
    fd = openat(folder, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    good = fd >= 0 && write_all(fd, bytes) && fsync(fd) == 0;
    if (fd >= 0) {
        good = close(fd) == 0 && good;
    }
    good = good && renameat(folder, beside, folder, name) == 0 && fsync(folder) == 0;
    return good ? TN_OK : tn_fail(error, TN_IO, "%s cannot be written: %s", name, strerror(errno));
}

/* The file's bytes, at most `size`; found false when there is none. A secret one is refused when
 * others have any right on it. */
static enum tn_status get_file(int folder, const char *name, bool secret, uint8_t *bytes,
                               size_t size, size_t *got, bool *found, struct tn_error *error)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat about;
    ssize_t count = 0;

    *got = 0;
    *found = fd >= 0;
    if (fd < 0) {
        return errno == ENOENT
                   ? TN_OK
                   : tn_fail(error, TN_IO, "%s cannot be read: %s", name, strerror(errno));
    }
    if (secret && (fstat(fd, &about) != 0 || (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)) {
        close(fd);
        return tn_fail(error, TN_DENIED,
                       "%s: group or others have rights on it; refused. Make it 0600, and think "
                       "about who may have read it: a chain that is known must be replaced",
                       name);
    }
    while (*got < size && (count = read(fd, bytes + *got, size - *got)) > 0) {
        *got += (size_t) count;
    }
    close(fd);
    return count >= 0 ? TN_OK
                      : tn_fail(error, TN_IO, "%s cannot be read: %s", name, strerror(errno));
}

static enum tn_status open_folder(const char *directory, int *folder, struct tn_error *error)
{
    *folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *folder >= 0
               ? TN_OK
               : tn_fail(error, TN_IO, "%s cannot be opened: %s", directory, strerror(errno));
}

/* ---- the chain ---- */

enum tn_status tn_drawd_chain_create(const char *directory, uint32_t first_day, uint32_t length,
                                     struct tn_error *error)
{
    uint8_t tail[TN_HASH_SIZE];
    struct tn_buffer text;
    struct stat about;
    int folder = -1;
    enum tn_status status = TN_OK;

    if (length == 0 || length > CHAIN_LENGTH_MAX) {
        return tn_fail(error, TN_INVALID, "a chain has 1 to %u days", CHAIN_LENGTH_MAX);
    }
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        return tn_fail(error, TN_IO, "%s cannot be made: %s", directory, strerror(errno));
    }
    status = open_folder(directory, &folder, error);
    if (status == TN_OK && fstatat(folder, "chain", &about, AT_SYMLINK_NOFOLLOW) == 0) {
        status =
            tn_fail(error, TN_EXISTS, "%s has a chain already; it is never made anew", directory);
    }
    if (status == TN_OK && mkdirat(folder, "revealed", 0700) != 0 && errno != EEXIST) {
        status = tn_fail(error, TN_IO, "a folder cannot be made: %s", strerror(errno));
    }
    if (status == TN_OK) {
        tn_buffer_init(&text, 256);
        randombytes_buf(tail, sizeof(tail));
        tn_buffer_printf(&text, MAGIC "\n%" PRIu32 "\n%" PRIu32 "\n", first_day, length);
        tn_buffer_append_hex(&text, tail, sizeof(tail));
        tn_buffer_append_string(&text, "\n");
        status = put_file(folder, "chain", tn_buffer_view(&text), error);
        sodium_memzero(tail, sizeof(tail));
        tn_buffer_close_secret(&text);
    }
    if (folder >= 0) {
        close(folder);
    }
    return status;
}

static bool parse_number(const char **at, uint32_t max, uint32_t *value)
{
    uint64_t number = 0;
    const char *from = *at;

    while (**at >= '0' && **at <= '9' && number <= max) {
        number = number * 10 + (uint64_t) (*(*at)++ - '0');
    }
    *value = (uint32_t) number;
    return *at > from && number > 0 && number <= max && *(*at)++ == '\n';
}

static enum tn_status parse_chain(const char *text, size_t size, struct tn_drawd_chain *chain,
                                  struct tn_error *error)
{
    const char *at = text + sizeof(MAGIC);
    const size_t digits = 2 * (size_t) TN_HASH_SIZE;

    if (size <= sizeof(MAGIC) || memcmp(text, MAGIC "\n", sizeof(MAGIC)) != 0 ||
        !parse_number(&at, DAY_MAX, &chain->first_day) ||
        !parse_number(&at, CHAIN_LENGTH_MAX, &chain->length) ||
        (size_t) (text + size - at) != digits + 1 || at[digits] != '\n' ||
        tn_hex_decode(tn_bytes(at, digits), chain->tail.data, TN_HASH_SIZE) != TN_OK) {
        return tn_fail(error, TN_CORRUPT,
                       "the chain's file is damaged: restore it from its backup; without it the "
                       "chain is lost and must be replaced");
    }
    return TN_OK;
}

/* The last day that was revealed. */
static enum tn_status find_last(struct tn_drawd_chain *chain, struct tn_error *error)
{
    int fd = openat(chain->folder, "revealed", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!list) {
        return tn_fail(error, TN_IO, "what was revealed cannot be read: %s", strerror(errno));
    }
    while ((entry = readdir(list))) {
        char *end;
        unsigned long day = strtoul(entry->d_name, &end, 10);

        if (*end == '\0' && day <= DAY_MAX && day > chain->last_day) {
            chain->last_day = (uint32_t) day;
        }
    }
    closedir(list);
    return TN_OK;
}

enum tn_status tn_drawd_chain_open(const char *directory, bool allow_unlocked,
                                   struct tn_drawd_chain *chain, struct tn_error *error)
{
    uint8_t text[256];
    size_t size = 0;
    bool found = false;
    enum tn_status status;

    memset(chain, 0, sizeof(*chain));
    chain->lock = -1;
    status = open_folder(directory, &chain->folder, error);
    if (status == TN_OK) {
        status = tn_secret_open(&chain->tail, TN_HASH_SIZE, allow_unlocked, error);
    }
    if (status == TN_OK) {
        status =
            get_file(chain->folder, "chain", true, text, sizeof(text) - 1, &size, &found, error);
    }
    if (status == TN_OK && !found) {
        status = tn_fail(error, TN_NOT_FOUND, "%s has no chain; turno drawd DIR --create makes one",
                         directory);
    }
    if (status == TN_OK) {
        text[size] = '\0';
        status = parse_chain((const char *) text, size, chain, error);
        sodium_memzero(text, sizeof(text));
        tn_secret_freeze(&chain->tail);
    }
    if (status == TN_OK) {
        chain->lock = openat(chain->folder, "chain", O_RDONLY | O_CLOEXEC);
        if (chain->lock < 0 || flock(chain->lock, LOCK_EX | LOCK_NB) != 0) {
            status = tn_fail(error, TN_BUSY, "another turno drawd holds this chain");
        }
    }
    if (status == TN_OK) {
        status = find_last(chain, error);
    }
    if (status != TN_OK) {
        tn_drawd_chain_close(chain);
    }
    return status;
}

void tn_drawd_chain_close(struct tn_drawd_chain *chain)
{
    if (chain->lock >= 0) {
        close(chain->lock);
    }
    if (chain->folder >= 0) {
        close(chain->folder);
    }
    tn_secret_close(&chain->tail);
    chain->lock = -1;
    chain->folder = -1;
}

void tn_drawd_chain_anchor(const struct tn_drawd_chain *chain, uint8_t anchor[static TN_HASH_SIZE])
{
    tn_draw_chain_anchor(chain->tail.data, chain->length, anchor);
}

/* ---- reveals ---- */

static enum tn_status persist(struct tn_drawd_chain *chain, uint32_t day, const uint8_t *root,
                              struct tn_error *error)
{
    char name[32];
    char date[11];
    char last[11];
    uint8_t kept[ROOT_FILE_SIZE + 1];
    char wanted[2 * TN_HASH_SIZE + 1];
    size_t size;
    bool found;
    int folder = openat(chain->folder, "revealed", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum tn_status status =
        folder >= 0 ? TN_OK
                    : tn_fail(error, TN_IO, "revealed/ cannot be opened: %s", strerror(errno));

    if (status != TN_OK) {
        return status;
    }
    (void) snprintf(name, sizeof(name), "%" PRIu32, day);
    tn_date_format(day, date);
    tn_hex_encode(wanted, root, TN_HASH_SIZE);
    wanted[2 * TN_HASH_SIZE] = '\n';
    status = get_file(folder, name, false, kept, sizeof(kept), &size, &found, error);
    if (status == TN_OK && found &&
        (size != ROOT_FILE_SIZE || memcmp(kept, wanted, ROOT_FILE_SIZE) != 0)) {
        status = tn_fail(error, TN_REFUSED,
                         "%s was revealed for another root; there is no second draw", date);
    } else if (status == TN_OK && !found && day < chain->last_day) {
        tn_date_format(chain->last_day, last);
        status = tn_fail(error, TN_REFUSED, "%s is over: %s was revealed", date, last);
    } else if (status == TN_OK && !found) {
        status = put_file(folder, name, tn_bytes(wanted, ROOT_FILE_SIZE), error);
    }
    close(folder);
    return status;
}

enum tn_status tn_drawd_chain_reveal(struct tn_drawd_chain *chain, uint32_t day,
                                     const uint8_t root[static TN_HASH_SIZE], uint64_t now_us,
                                     uint8_t secret[static TN_HASH_SIZE], struct tn_error *error)
{
    char date[11];
    uint32_t index;
    enum tn_status status;

    memset(secret, 0, TN_HASH_SIZE);
    tn_date_format(day, date);
    if (tn_draw_chain_index(chain->first_day, chain->length, day, &index) != TN_OK) {
        return tn_fail(error, TN_REFUSED, "the chain has no secret for %s", date);
    }
    /* Before the day has begun anywhere nobody can have closed its pool. */
    if (!chain->any_time && now_us + EARLIEST_MIDNIGHT_US < day * TN_DAY_US) {
        return tn_fail(error, TN_REFUSED, "%s has not begun", date);
    }
    status = persist(chain, day, root, error);
    if (status != TN_OK) {
        return status;
    }
    chain->last_day = day > chain->last_day ? day : chain->last_day;
    return tn_draw_chain_secret(chain->tail.data, chain->length, index, secret);
}
