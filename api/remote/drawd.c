/* The line protocol of turno drawd, and its client. */
#include "api/remote/drawd.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <sodium.h>

#define DAY_MAX 2932896u /* 9999-12-31 */

/* ---- lines ---- */

/* Cut `word` and one space off the head. */
static bool take_word(struct tn_bytes *line, const char *word)
{
    size_t size = strlen(word);

    if (line->size <= size || memcmp(line->data, word, size) != 0 || line->data[size] != ' ') {
        return false;
    }
    *line = tn_bytes(line->data + size + 1, line->size - size - 1);
    return true;
}

static bool take_hash(struct tn_bytes *line, uint8_t *hash)
{
    const size_t digits = 2 * (size_t) TN_HASH_SIZE;

    if (line->size != digits + 1 || line->data[digits] != '\n') {
        return false;
    }
    for (size_t i = 0; i < digits; i++) { /* one form a line: lower case */
        if (line->data[i] >= 'A' && line->data[i] <= 'F') {
            return false;
        }
    }
    return tn_hex_decode(tn_bytes(line->data, digits), hash, TN_HASH_SIZE) == TN_OK;
}

static bool take_day(struct tn_bytes *line, uint32_t *day)
{
    uint32_t value = 0;
    size_t digits = 0;

    while (digits < line->size && line->data[digits] >= '0' && line->data[digits] <= '9') {
        value = value * 10 + (uint32_t) (line->data[digits] - '0');
        if (value > DAY_MAX || (digits > 0 && line->data[0] == '0')) {
            return false;
        }
        digits++;
    }
    if (digits == 0 || digits >= line->size || line->data[digits] != ' ') {
        return false;
    }
    *line = tn_bytes(line->data + digits + 1, line->size - digits - 1);
    *day = value;
    return true;
}

enum tn_status tn_drawd_read_question(struct tn_bytes line, uint32_t *day,
                                      uint8_t root[static TN_HASH_SIZE])
{
    *day = 0;
    memset(root, 0, TN_HASH_SIZE);
    return take_word(&line, "reveal") && take_day(&line, day) && take_hash(&line, root)
               ? TN_OK
               : TN_INVALID;
}

enum tn_status tn_drawd_read_answer(struct tn_bytes line, uint8_t secret[static TN_HASH_SIZE],
                                    struct tn_error *error)
{
    memset(secret, 0, TN_HASH_SIZE);
    if (take_word(&line, "secret") && take_hash(&line, secret)) {
        return TN_OK;
    }
    memset(secret, 0, TN_HASH_SIZE);
    if (take_word(&line, "refused") && line.size > 1 && line.data[line.size - 1] == '\n') {
        for (size_t i = 0; i + 1 < line.size; i++) {
            if (line.data[i] < 0x20 || line.data[i] > 0x7e) {
                return tn_fail(error, TN_INVALID, "what answers is not turno drawd");
            }
        }
        return tn_fail(error, TN_REFUSED, "drawd: %.*s", (int) line.size - 1,
                       (const char *) line.data);
    }
    return tn_fail(error, TN_INVALID, "what answers is not turno drawd");
}

void tn_drawd_write_question(uint32_t day, const uint8_t root[static TN_HASH_SIZE],
                             struct tn_buffer *out)
{
    tn_buffer_printf(out, "reveal %" PRIu32 " ", day);
    tn_buffer_append_hex(out, root, TN_HASH_SIZE);
    tn_buffer_append_string(out, "\n");
}

/* ---- the client ---- */

static int connect_to(const char *path, struct tn_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval wait = {.tv_sec = TN_DRAWD_WAIT_MS / 1000};
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        (void) tn_fail(error, TN_INVALID, "%s is too long for a socket's name", path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
                    connect(fd, (const struct sockaddr *) &address, sizeof(address)) != 0)) {
        close(fd);
        fd = -1;
    }
    if (fd < 0) {
        (void) tn_fail(error, TN_UNAVAILABLE, "nobody answers at %s", path);
    }
    return fd;
}

static enum tn_status exchange(int fd, struct tn_bytes question, struct tn_buffer *answer)
{
    uint8_t chunk[TN_DRAWD_LINE_MAX];

    if (send(fd, question.data, question.size, MSG_NOSIGNAL) != (ssize_t) question.size) {
        return TN_UNAVAILABLE;
    }
    while (answer->size == 0 || answer->data[answer->size - 1] != '\n') {
        ssize_t size = recv(fd, chunk, sizeof(chunk), 0);

        if (size <= 0) {
            return TN_UNAVAILABLE;
        }
        tn_buffer_append(answer, chunk, (size_t) size);
        sodium_memzero(chunk, sizeof(chunk));
        if (tn_buffer_status(answer) != TN_OK) {
            return TN_INVALID;
        }
    }
    return TN_OK;
}

enum tn_status tn_drawd_ask(const char *path, uint32_t day, const uint8_t root[static TN_HASH_SIZE],
                            uint8_t secret[static TN_HASH_SIZE], struct tn_error *error)
{
    struct tn_buffer question;
    struct tn_buffer answer;
    struct tn_error why = {0};
    int fd = connect_to(path, &why);
    enum tn_status status;

    memset(secret, 0, TN_HASH_SIZE);
    if (fd < 0) {
        return tn_fail(error, why.status, "%s", why.text);
    }
    tn_buffer_init(&question, TN_DRAWD_LINE_MAX);
    tn_buffer_init(&answer, TN_DRAWD_LINE_MAX);
    tn_drawd_write_question(day, root, &question);
    status = exchange(fd, tn_buffer_view(&question), &answer);
    if (status == TN_OK) {
        status = tn_drawd_read_answer(tn_buffer_view(&answer), secret, error);
    } else {
        status = tn_fail(error, status,
                         status == TN_INVALID ? "what answers at %s is not turno drawd"
                                              : "no answer in time from %s",
                         path);
    }
    tn_buffer_close_secret(&answer);
    tn_buffer_close(&question);
    close(fd);
    return status;
}
