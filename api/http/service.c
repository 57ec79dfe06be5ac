/* The service: routes, who may use them, and the parts behind them. */
#include "api/http/service.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "api/http/service_internal.h"
#include "api/http/service_routes.h"
#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/base/fault.h"
#include "ledger/base/logline.h"
#include "ledger/rules/transcript.h"

/* Answers of one request's arena: a write with its command, its body's tree and its answer. */
#define ARENA_BYTES ((size_t) 4 << 20)
#define WARN_INTERVAL_US ((uint64_t) 60000000)
/* Every answer may be read by a page from anywhere: nothing here trusts cookies, and what needs a
 * token needs a preflight, which is not granted. */
#define COMMON_FIELDS                                                                              \
    "Access-Control-Allow-Origin: *\r\n"                                                           \
    "X-Content-Type-Options: nosniff\r\n"

static const struct tn_http_route routes[] = {
#define ROUTE(method_, pattern_, access_, body_, handler_, summary, members, answer)               \
    {                                                                                              \
        .method = TN_HTTP_##method_,                                                               \
        .pattern = pattern_,                                                                       \
        .access = TN_ACCESS_##access_,                                                             \
        .body_max = body_,                                                                         \
        .handler = handler_,                                                                       \
    },
    TN_SERVICE_ROUTES(ROUTE)
#undef ROUTE
};

const struct tn_http_route *tn_service_routes(size_t *count)
{
    *count = TN_ARRAY_SIZE(routes);
    return routes;
}

/* ---- who is asking ---- */

/* What the path of a route names, for the routes whose access depends on it. */
static void fill_path(const struct tn_http_request *request, struct tn_auth_question *question,
                      uint8_t id[static TN_ID_SIZE])
{
    struct tn_bytes first = request->parameters[0];

    if (question->access == TN_ACCESS_OWNER && tn_hex_decode(first, id, TN_ID_SIZE) == TN_OK) {
        question->path_id = id;
    }
    if (question->access == TN_ACCESS_PORT_OFFICER && first.size > 0 && first.size <= 5) {
        for (size_t i = 0; i < first.size; i++) {
            if (first.data[i] < '0' || first.data[i] > '9') {
                question->path_port = 0;
                return;
            }
            question->path_port = question->path_port * 10 + (uint64_t) (first.data[i] - '0');
        }
    }
}

/* Said once a minute: while a store fails it fails for everybody. Many readers are no failure. */
static void warn_store(struct tn_service *service, const struct tn_error *error)
{
    uint64_t now_us = tn_clock_monotonic_us();
    uint64_t last_us = atomic_load(&service->store_warned_us);

    if (error->status != TN_BUSY && (last_us == 0 || now_us - last_us >= WARN_INTERVAL_US) &&
        atomic_compare_exchange_strong(&service->store_warned_us, &last_us, now_us)) {
        tn_logline(TN_LOG_ERROR, "tokens cannot be looked up: %s: %s",
                   tn_status_name(error->status), error->text);
    }
}

/* Look a token up. A store that fails does not say that the token is nobody's: whoever is told so
 * throws it away. */
static enum tn_http_verdict identify(struct tn_service *service, const uint8_t token[static 32],
                                     struct tn_caller *caller)
{
    struct tn_reader *reader;
    struct tn_error error = {0};
    bool known = false;
    enum tn_status status = tn_reader_take(service->query, &reader, &error);

    if (status == TN_OK) {
        status = tn_fault("service.identify")
                     ? tn_fail(&error, TN_IO, "a test made it fail")
                     : tn_auth_identify(reader, token, caller, &known, &error);
        tn_reader_give(reader);
    }
    if (status != TN_OK) {
        warn_store(service, &error);
        return TN_HTTP_UNKNOWN;
    }
    return known ? TN_HTTP_ALLOW : TN_HTTP_DENY_401;
}

static enum tn_http_verdict authorise(struct tn_http_request *request, enum tn_http_access access)
{
    struct tn_service *service = tn_service_of(request);
    struct tn_caller *caller = tn_arena_alloc(request->arena, sizeof(*caller));
    uint8_t id[TN_ID_SIZE];
    uint8_t token[32];
    struct tn_auth_question question = {
        .access = access,
        .caller = caller,
        .simulated = service->ledger->simulated,
        .local = request->local,
    };

    if (!caller) {
        return TN_HTTP_UNKNOWN;
    }
    caller->role = TN_ROLE_COUNT;
    request->user = caller;
    fill_path(request, &question, id);
    if (access != TN_ACCESS_PUBLIC && access != TN_ACCESS_APPLICANT) {
        enum tn_auth_token shown = tn_auth_parse(tn_http_header(request, "authorization"), token);
        enum tn_http_verdict verdict = TN_HTTP_ALLOW;

        if (shown == TN_AUTH_MALFORMED) {
            verdict = TN_HTTP_DENY_401;
        } else if (shown == TN_AUTH_TOKEN) {
            verdict = identify(service, token, caller);
        }
        sodium_memzero(token, sizeof(token));
        if (verdict != TN_HTTP_ALLOW) {
            return verdict;
        }
    }
    return tn_auth_decide(&question);
}

/* The commands of one turn of a loop go to the desk together: one wake, and batches worth a sync.
 */
static void wake_desk(void *context)
{
    struct tn_service *service = context;

    tn_desk_wake(service->ledger->desk);
}

/* ---- opening and closing ---- */

static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;

    if (inet_pton(AF_INET, host, &four) == 1) {
        return (ntohl(four.s_addr) >> 24) == 127;
    }
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

enum tn_status tn_service_open(struct tn_ledger *ledger, const struct tn_service_options *options,
                               struct tn_service **out, struct tn_error *error)
{
    struct tn_service *service = NULL;
    struct tn_http_options http = {
        .host = options->host,
        .port = options->port,
        .unix_path = options->unix_path,
        .routes = routes,
        .route_count = TN_ARRAY_SIZE(routes),
        .authorise = authorise,
        .after_turn = wake_desk,
        .common_fields = COMMON_FIELDS,
        .loops = options->loops,
        .descriptors_max = options->descriptors_max,
        .arena_max = ARENA_BYTES,
        .response_max = TN_SERVICE_RESPONSE_BYTES,
    };
    enum tn_status status;

    *out = NULL;
    TN_CHECK(ledger->desk);
    if (ledger->simulated && options->host && !is_loopback(options->host)) {
        return tn_fail(error, TN_DENIED,
                       "a simulated ledger is served on loopback only, such as 127.0.0.1");
    }
    service = calloc(1, sizeof(*service));
    if (!service) {
        return tn_fail(error, TN_MEMORY, "no memory for a service");
    }
    service->ledger = ledger;
    service->witnesses = options->witnesses;
    pthread_mutex_init(&service->lock, NULL);
    tn_buffer_init(&service->transcript.text, TN_TRANSCRIPT_SIZE_MAX);
    http.context = service;
    status = tn_query_open(ledger, &service->query, error);
    if (status == TN_OK) {
        status = tn_http_server_open(&service->server, &http, error);
    }
    if (status != TN_OK) {
        tn_service_close(service);
        return status;
    }
    *out = service;
    return TN_OK;
}

uint16_t tn_service_port(const struct tn_service *service)
{
    return tn_http_server_port(service->server);
}

void tn_service_drain(struct tn_service *service)
{
    tn_desk_hurry(service->ledger->desk);
    atomic_store(&service->ledger->draining, true);
    tn_http_server_drain(service->server);
}

void tn_service_close(struct tn_service *service)
{
    if (!service) {
        return;
    }
    tn_http_server_close(service->server);
    tn_query_close(service->query);
    tn_buffer_close(&service->transcript.text);
    pthread_mutex_destroy(&service->lock);
    free(service);
}
