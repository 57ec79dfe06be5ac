/* The way of an administrative command: to the running server over its Unix socket, or to the
 * ledger opened here when nobody serves it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/admin/admin.h"
#include "tools/cli.h"

#define REPLY_MAX ((size_t) 1 << 20)

/* -1 when nobody listens. */
static int connect_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool send_all(int fd, struct tn_bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        bytes.data += sent;
        bytes.size -= (size_t) sent;
    }
    return true;
}

static bool receive_all(int fd, struct tn_buffer *out)
{
    uint8_t chunk[16384];
    ssize_t size;

    while ((size = recv(fd, chunk, sizeof(chunk), 0)) > 0) {
        tn_buffer_append(out, chunk, (size_t) size);
    }
    return size == 0 && tn_buffer_status(out) == TN_OK;
}

/* The status line's code and the body. */
static bool split_answer(const struct tn_buffer *answer, unsigned *code, struct tn_bytes *body)
{
    const char *text = (const char *) answer->data;
    const char *end = memmem(text, answer->size, "\r\n\r\n", 4);

    if (!end || answer->size < 12 || memcmp(text, "HTTP/1.1 ", 9) != 0) {
        return false;
    }
    *code = (unsigned) ((text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0'));
    *body = tn_bytes(end + 4, answer->size - (size_t) (end + 4 - text));
    return true;
}

/* A JSON string's text up to its closing quote; of its escapes those that the server writes in
 * words for people. */
static void copy_text(const char *text, const char *end, char *out, size_t size)
{
    size_t at = 0;

    for (; text < end && *text != '"' && at + 1 < size; text++) {
        if (*text == '\\' && text + 1 < end) {
            text++;
        }
        out[at++] = *text;
    }
    out[at] = 0;
}

/* The detail of a problem document, or all of it. */
static enum tn_status server_failed(unsigned code, struct tn_bytes body, struct tn_error *error)
{
    bool paused = memmem(body.data, body.size, "\"code\":\"paused\"", 15) != NULL;
    enum tn_status status = paused                       ? TN_PAUSED
                            : code == 507                ? TN_NO_SPACE
                            : code >= 500                ? TN_UNAVAILABLE
                            : code == 400 || code == 415 ? TN_INVALID
                            : code == 404                ? TN_NOT_FOUND
                                                         : TN_REFUSED;
    const char *detail = memmem(body.data, body.size, "\"detail\":\"", 10);
    int length = (int) (body.size < 280 ? body.size : 280);

    if (detail) {
        char text[256];

        copy_text(detail + 10, (const char *) body.data + body.size, text, sizeof(text));
        return tn_fail(error, status, "the server answered %u: %s", code, text);
    }
    return tn_fail(error, status, "the server answered %u: %.*s", code, length,
                   (const char *) body.data);
}

static enum tn_status ask_server(int fd, const char *command, struct tn_bytes json,
                                 struct tn_buffer *reply, struct tn_error *error)
{
    struct tn_buffer request;
    struct tn_buffer answer;
    struct tn_bytes body;
    unsigned code;
    enum tn_status status = TN_OK;

    tn_buffer_init(&request, REPLY_MAX);
    tn_buffer_init(&answer, REPLY_MAX);
    tn_buffer_printf(&request,
                     "POST /admin/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                     command, json.size);
    tn_buffer_append_bytes(&request, json);
    if (!send_all(fd, tn_buffer_view(&request)) || !receive_all(fd, &answer) ||
        !split_answer(&answer, &code, &body)) {
        status = tn_fail(error, TN_UNKNOWN,
                         "the server closed the connection; whether the command was carried out is "
                         "not known: look at the log before trying again");
    } else if (code >= 300) {
        status = server_failed(code, body, error);
    } else {
        tn_buffer_append_bytes(reply, body);
    }
    tn_buffer_close_secret(&answer);
    tn_buffer_close_secret(&request);
    return status;
}

enum tn_status tn_cli_admin(const char *directory, const struct tn_cli_keys *keys,
                            const char *command, struct tn_bytes json, struct tn_buffer *reply,
                            struct tn_error *error)
{
    struct tn_ledger_options options = {
        .mode = TN_LEDGER_DESK,
        .root_key_path = keys->root_key_path,
        .allow_unlocked = keys->allow_unlocked,
    };
    struct tn_ledger *ledger = NULL;
    char path[sizeof(((struct sockaddr_un *) NULL)->sun_path)];
    int fd;
    enum tn_status status = tn_cli_socket_path(directory, path, sizeof(path), error);

    if (status != TN_OK) {
        return status;
    }
    fd = connect_socket(path);
    if (fd >= 0) {
        status = ask_server(fd, command, json, reply, error);
        close(fd);
        return status;
    }
    status = tn_ledger_open(directory, &options, &ledger, error);
    if (status == TN_OK) {
        status = tn_admin_run(ledger, tn_bytes_from_string(command), json, reply, error);
    }
    tn_ledger_close(ledger);
    return status;
}
