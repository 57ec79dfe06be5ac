/* A blocking client for tests: sockets on loopback, nothing clever. */
#ifndef TN_TESTS_API_HTTP_CLIENT_H
#define TN_TESTS_API_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct client {
    int fd;
    size_t size;
    char text[1024 * 1024]; /* received and not yet taken */
};

struct reply {
    int status; /* 0 = none came */
    char head[4096];
    char body[512 * 1024];
    size_t body_size;
};

static inline void client_sleep_ms(unsigned ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000};
    (void) nanosleep(&time, NULL);
}

static inline struct client *client_wrap(int fd)
{
    struct client *client = calloc(1, sizeof(*client));
    struct timeval limit = {.tv_sec = 10};
    if (client == NULL || fd < 0) {
        abort();
    }
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    client->fd = fd;
    return client;
}

static inline struct client *client_open(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof(address)) != 0) {
        abort();
    }
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return client_wrap(fd);
}

static inline struct client *client_open_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof(address)) != 0) {
        abort();
    }
    return client_wrap(fd);
}

static inline void client_close(struct client *client)
{
    (void) close(client->fd);
    free(client);
}

/* False when the server has gone away. */
static inline bool client_send_bytes(struct client *client, const char *data, size_t size)
{
    while (size != 0) {
        ssize_t sent = send(client->fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        size -= (size_t) sent;
    }
    return true;
}

static inline bool client_send(struct client *client, const char *text)
{
    return client_send_bytes(client, text, strlen(text));
}

/* The end of an io_uring interrupts what its thread waits for a little later. */
static inline ssize_t client_receive(struct client *client, char *data, size_t size)
{
    ssize_t got = -1;
    do {
        got = recv(client->fd, data, size, 0);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* Wait for more; false at the end or after the time limit. */
static inline bool client_more(struct client *client)
{
    if (client->size + 1 >= sizeof(client->text)) {
        return false;
    }
    ssize_t got = client_receive(client, client->text + client->size,
                                 sizeof(client->text) - 1 - client->size);
    if (got <= 0) {
        return false;
    }
    client->size += (size_t) got;
    client->text[client->size] = '\0';
    return true;
}

static inline void client_drop(struct client *client, size_t size)
{
    memmove(client->text, client->text + size, client->size - size);
    client->size -= size;
    client->text[client->size] = '\0';
}

/* Take the next answer by its Content-Length; status 0 when the connection ended instead. */
static inline int client_reply(struct client *client, struct reply *reply, bool bodyless)
{
    memset(reply, 0, sizeof(*reply));
    char *end = NULL;
    while ((end = strstr(client->text, "\r\n\r\n")) == NULL) {
        if (!client_more(client)) {
            return 0;
        }
    }
    size_t head = (size_t) (end - client->text) + 4;
    (void) snprintf(reply->head, sizeof(reply->head), "%.*s", (int) head, client->text);
    const char *length = strcasestr(reply->head, "\r\nContent-Length: ");
    reply->body_size = length == NULL || bodyless ? 0 : strtoul(length + 18, NULL, 10);
    while (client->size < head + reply->body_size) {
        if (!client_more(client)) {
            return 0;
        }
    }
    if (reply->body_size >= sizeof(reply->body)) {
        abort();
    }
    memcpy(reply->body, client->text + head, reply->body_size);
    client_drop(client, head + reply->body_size);
    reply->status = atoi(reply->head + 9);
    return reply->status;
}

/* True when the server has ended the connection and nothing unread is left. */
static inline bool client_at_end(struct client *client)
{
    char byte = 0;
    return client->size == 0 && client_receive(client, &byte, 1) == 0;
}

#endif
