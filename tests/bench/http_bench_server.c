/* Answers every GET / with 200 and a short text, to measure the HTTP server alone.
 *
 *   http_bench_server PORT [LOOPS] [async]
 *
 * `async` answers from libuv's pool instead of at once. Ends on SIGTERM or SIGINT. Not a test. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http/server.h"

static void on_root(struct tn_http_request *request)
{
    static const char body[] = "ok\n";
    tn_http_respond(request, 200, "text/plain", tn_bytes(body, sizeof(body) - 1), NULL, 0);
}

static void root_work(struct tn_http_request *request)
{
    request->user = request;
}

static void on_root_async(struct tn_http_request *request)
{
    if (tn_http_work(request, root_work, on_root) != TN_OK) {
        tn_http_respond_problem(request, TN_PROBLEM_BUSY, NULL);
    }
}

int main(int argc, char **argv)
{
    struct tn_http_route routes[] = {
        {.method = TN_HTTP_GET, .pattern = "/", .access = TN_ACCESS_PUBLIC, .handler = on_root},
    };
    if (argc < 2) {
        fprintf(stderr, "usage: %s PORT [LOOPS] [async]\n", argv[0]);
        return 2;
    }
    if (argc > 3 && strcmp(argv[3], "async") == 0) {
        routes[0].handler = on_root_async;
    }
    struct tn_http_options options = {
        .host = "127.0.0.1",
        .port = (uint16_t) strtoul(argv[1], NULL, 10),
        .routes = routes,
        .route_count = 1,
        .loops = argc > 2 ? (unsigned) strtoul(argv[2], NULL, 10) : 0,
        .work_max = 1024,
    };
    sigset_t stop;
    (void) sigemptyset(&stop);
    (void) sigaddset(&stop, SIGTERM);
    (void) sigaddset(&stop, SIGINT);
    (void) pthread_sigmask(SIG_BLOCK, &stop, NULL);
    struct tn_http_server *server = NULL;
    struct tn_error error = {0};
    if (tn_http_server_open(&server, &options, &error) != TN_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 4;
    }
    fprintf(stderr, "listening on 127.0.0.1:%u\n", (unsigned) tn_http_server_port(server));
    int signal_number = 0;
    (void) sigwait(&stop, &signal_number);
    struct tn_http_stats stats;
    tn_http_server_stats(server, &stats);
    tn_http_server_close(server);
    fprintf(stderr, "requests %llu\n", (unsigned long long) stats.requests);
    return 0;
}
