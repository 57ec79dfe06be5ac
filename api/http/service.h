/* The service: one ledger behind HTTP. Everything that a route needs stands here; the server below
 * knows nothing of ledgers, the ledger nothing of HTTP. */
#ifndef TN_API_HTTP_SERVICE_H
#define TN_API_HTTP_SERVICE_H

#include "api/desk/ledger.h"
#include "api/http/router.h"
#include "api/remote/witnesses.h"

struct tn_service;

struct tn_service_options {
    const char *host;               /* numeric address; NULL: no TCP */
    uint16_t port;                  /* 0: any free one */
    const char *unix_path;          /* socket for administration, or NULL */
    unsigned loops;                 /* 0: one less than the cores */
    unsigned descriptors_max;       /* open files for all that connects; 0: no bound */
    struct tn_witnesses *witnesses; /* whose state is shown, or NULL; it lives longer */
};

/* Serve an open ledger (TN_LEDGER_DESK, not with a manual clock). The ledger lives longer.
 * TN_DENIED  a simulated ledger is served on loopback only
 * and the statuses of tn_http_server_open. */
TN_MUST_USE enum tn_status tn_service_open(struct tn_ledger *ledger,
                                           const struct tn_service_options *options,
                                           struct tn_service **service, struct tn_error *error);
uint16_t tn_service_port(const struct tn_service *service);
/* Stop taking connections, answer what is under way. Returns at once; any thread; again is
 * harmless. */
void tn_service_drain(struct tn_service *service);
/* Drain, wait for every answer (the desk still runs), free. NULL is fine. */
void tn_service_close(struct tn_service *service);

/* The one table of routes: what the server is opened with and what /openapi.json is made of. */
const struct tn_http_route *tn_service_routes(size_t *count);
/* Append the description of the API (OpenAPI 3.1). */
void tn_service_write_openapi(struct tn_buffer *out);

#endif
