/* The server: options with their defaults, listening sockets, loops. */
#include "api/http/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "api/http/loop.h"
#include "ledger/base/check.h"
#include "ledger/base/logline.h"

#define LOOPS_MAX 64
/* What a loop opens beside connections: epoll, wake-up, ring, listeners, a spare one and a
 * connection that waits to be taken; and some more. */
#define LOOP_DESCRIPTORS 16
/* With fewer a loop is full as soon as two or three browsers have come. */
#define CONNECTIONS_MIN 16

struct tn_http_server {
    struct tn_http_options options;
    struct tn_http_router *router;
    uint16_t port;
    unsigned loop_count;
    struct tn_http_loop *loops;
};

/* --- options -----------------------------------------------------------------------------------
 */

static unsigned loops_default(void)
{
    /* One core is left to the desk and the pool; threads that share a core only take turns. */
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores <= 2) {
        return 1;
    }
    return cores - 1 > LOOPS_MAX ? LOOPS_MAX : (unsigned) (cores - 1);
}

#define DEFAULT(field, value) options->field = options->field != 0 ? options->field : (value)

static void options_complete(struct tn_http_options *options)
{
    DEFAULT(loops, loops_default());
    DEFAULT(connections_max, 4096);
    DEFAULT(local_max, 16);
    DEFAULT(requests_max, 64);
    DEFAULT(pipelined_max, 1024);
    DEFAULT(work_max, 64);
    DEFAULT(arena_max, (size_t) 256 * 1024);
    DEFAULT(body_memory_max, (size_t) 64 * 1024 * 1024);
    DEFAULT(response_max, (size_t) 32 * 1024 * 1024);
    DEFAULT(answer_memory_max, (size_t) 64 * 1024 * 1024);
    DEFAULT(unsent_max, (size_t) 1024 * 1024);
    DEFAULT(stream_backlog_max, (size_t) 256 * 1024);
    DEFAULT(head_timeout_ms, 10000);
    DEFAULT(idle_timeout_ms, 60000);
    DEFAULT(body_grace_ms, 5000);
    DEFAULT(body_rate_min, 1024);
    DEFAULT(write_timeout_ms, 30000);
    DEFAULT(linger_timeout_ms, 2000);
    DEFAULT(drain_timeout_ms, 20000);
    DEFAULT(tick_ms, 250);
}

/* Lower connections_max until all that connects leaves the descriptors that are not ours. */
static enum tn_status descriptors_share(struct tn_http_options *options, struct tn_error *error)
{
    size_t own = (size_t) options->loops * (TN_HTTP_REFUSED_MAX + LOOP_DESCRIPTORS);
    own += options->unix_path != NULL ? options->local_max + TN_HTTP_REFUSED_MAX : 0;
    size_t left = options->descriptors_max > own ? options->descriptors_max - own : 0;
    if (options->descriptors_max == 0 || left / options->loops >= options->connections_max) {
        return TN_OK;
    }
    if (left / options->loops < CONNECTIONS_MIN) {
        return tn_fail(error, TN_UNAVAILABLE,
                       "the limit of open files leaves %zu connections for each of %u loops: "
                       "raise it (ulimit -n, LimitNOFILE=), or run fewer loops",
                       left / options->loops, options->loops);
    }
    options->connections_max = (unsigned) (left / options->loops);
    tn_logline(TN_LOG_WARN, "the limit of open files leaves %u connections for each of %u loops",
               options->connections_max, options->loops);
    return TN_OK;
}

/* Whole lines of visible text, or the first header of every answer would be forged. */
static bool common_fields_valid(const char *text)
{
    size_t size = text == NULL ? 0 : strlen(text);
    if (size == 0) {
        return true;
    }
    for (size_t i = 0; i < size; i++) {
        bool line_end = text[i] == '\r' && text[i + 1] == '\n' && i != 0;
        bool after_cr = text[i] == '\n' && i != 0 && text[i - 1] == '\r';
        if (!line_end && !after_cr && (text[i] < 0x20 || text[i] == 0x7f)) {
            return false;
        }
    }
    return text[size - 1] == '\n' && strstr(text, "\r\n\r\n") == NULL;
}

static enum tn_status options_check(const struct tn_http_options *options, struct tn_error *error)
{
    if (options->host == NULL && options->unix_path == NULL) {
        return tn_fail(error, TN_INVALID, "nothing to listen on");
    }
    if (options->loops > LOOPS_MAX) {
        return tn_fail(error, TN_INVALID, "more than %d loops", LOOPS_MAX);
    }
    if (!common_fields_valid(options->common_fields)) {
        return tn_fail(error, TN_INVALID, "common header fields are not whole lines");
    }
    return TN_OK;
}

/* --- sockets -----------------------------------------------------------------------------------
 */

static enum tn_status errno_fail(struct tn_error *error, const char *host, uint16_t port,
                                 const char *what)
{
    return tn_fail(error, TN_IO, "%s port %u: %s: %s", host, (unsigned) port, what,
                   uv_strerror(uv_translate_sys_error(errno)));
}

static enum tn_status address_parse(const char *host, uint16_t port,
                                    struct sockaddr_storage *address, socklen_t *size,
                                    struct tn_error *error)
{
    memset(address, 0, sizeof(*address));
    if (uv_ip4_addr(host, port, (struct sockaddr_in *) (void *) address) == 0) {
        *size = sizeof(struct sockaddr_in);
        return TN_OK;
    }
    if (uv_ip6_addr(host, port, (struct sockaddr_in6 *) (void *) address) == 0) {
        *size = sizeof(struct sockaddr_in6);
        return TN_OK;
    }
    return tn_fail(error, TN_INVALID, "%s is not a numeric address", host);
}

static uint16_t address_port(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET6
                     ? ((const struct sockaddr_in6 *) (const void *) address)->sin6_port
                     : ((const struct sockaddr_in *) (const void *) address)->sin_port);
}

/* A bound socket; with `shared` the kernel spreads connections over all that are bound like it. */
static enum tn_status socket_bind(const char *host, uint16_t *port, bool shared, int *fd,
                                  struct tn_error *error)
{
    struct sockaddr_storage address;
    socklen_t size = 0;
    int one = 1;
    *fd = -1;
    enum tn_status status = address_parse(host, *port, &address, &size, error);
    if (status != TN_OK) {
        return status;
    }
    int made = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) {
        return errno_fail(error, host, *port, "socket");
    }
    if (setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        (shared && setsockopt(made, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0)) {
        status = errno_fail(error, host, *port, "socket option");
    } else if (bind(made, (struct sockaddr *) &address, size) != 0 ||
               getsockname(made, (struct sockaddr *) &address, &size) != 0) {
        status = errno_fail(error, host, *port, "bind");
    }
    if (status != TN_OK) {
        (void) close(made);
        return status;
    }
    *port = address_port(&address);
    *fd = made;
    return TN_OK;
}

static enum tn_status loop_prepare(struct tn_http_server *server, unsigned index,
                                   struct tn_error *error)
{
    const struct tn_http_options *options = &server->options;
    struct tn_http_loop *loop = &server->loops[index];
    enum tn_status status = tn_http_loop_open(loop, options, server->router, error);
    if (status == TN_OK && options->host != NULL) {
        int fd = -1;
        status = socket_bind(options->host, &server->port, options->loops > 1, &fd, error);
        if (status == TN_OK) {
            status = tn_http_loop_listen(loop, fd, error);
        }
    }
    if (status == TN_OK && index == 0 && options->unix_path != NULL) {
        status = tn_http_loop_listen_local(loop, options->unix_path, error);
    }
    return status;
}

/* --- the server --------------------------------------------------------------------------------
 */

enum tn_status tn_http_server_open(struct tn_http_server **server,
                                   const struct tn_http_options *options, struct tn_error *error)
{
    *server = NULL;
    enum tn_status status = options_check(options, error);
    if (status != TN_OK) {
        return status;
    }
    struct tn_http_server *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for a server");
    }
    made->options = *options;
    options_complete(&made->options);
    made->port = options->port;
    status = descriptors_share(&made->options, error);
    if (status == TN_OK) {
        status = tn_http_router_create(&made->router, options->routes, options->route_count, error);
    }
    if (status != TN_OK) {
        goto out;
    }
    made->loops = calloc(made->options.loops, sizeof(*made->loops));
    if (made->loops == NULL) {
        status = tn_fail(error, TN_MEMORY, "no memory for %u loops", made->options.loops);
        goto out;
    }
    made->loop_count = made->options.loops;
    for (unsigned i = 0; i < made->loop_count && status == TN_OK; i++) {
        status = loop_prepare(made, i, error);
    }
    for (unsigned i = 0; i < made->loop_count && status == TN_OK; i++) {
        status = tn_http_loop_start(&made->loops[i], error);
    }
out:
    if (status == TN_OK) {
        *server = made;
    } else {
        tn_http_server_close(made);
    }
    return status;
}

uint16_t tn_http_server_port(const struct tn_http_server *server)
{
    return server->port;
}

void tn_http_server_drain(struct tn_http_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        tn_http_loop_drain(&server->loops[i]);
    }
}

void tn_http_server_close(struct tn_http_server *server)
{
    if (server == NULL) {
        return;
    }
    tn_http_server_drain(server);
    for (unsigned i = 0; i < server->loop_count; i++) {
        tn_http_loop_close(&server->loops[i]);
    }
    tn_http_router_destroy(server->router);
    free(server->loops);
    free(server);
}

static uint64_t counter_read(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void tn_http_server_stats(const struct tn_http_server *server, struct tn_http_stats *stats)
{
    *stats = (struct tn_http_stats){0};
    for (unsigned i = 0; i < server->loop_count; i++) {
        const struct tn_http_counters *counters = &server->loops[i].counters;
        stats->connections += counter_read(&counters->connections);
        stats->connections_open += counter_read(&counters->connections_open);
        stats->connections_refused += counter_read(&counters->connections_refused);
        stats->requests += counter_read(&counters->requests);
        stats->requests_open += counter_read(&counters->requests_open);
        stats->refused += counter_read(&counters->refused);
        for (size_t class = 0; class < TN_ARRAY_SIZE(stats->answers); class ++) {
            stats->answers[class] += counter_read(&counters->answers[class]);
        }
        stats->bytes_in += counter_read(&counters->bytes_in);
        stats->bytes_out += counter_read(&counters->bytes_out);
    }
}
