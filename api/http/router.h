/* Which handler answers a method and path, who may call it and how much body it takes. Pure. */
#ifndef TN_API_HTTP_ROUTER_H
#define TN_API_HTTP_ROUTER_H

#include "api/http/request.h"

#define TN_HTTP_ROUTES_MAX 256
#define TN_HTTP_SEGMENTS_MAX 16 /* of a pattern */

/* The authorisation row of a route: who may call it. Zero is not a row, so a route that forgot it
 * does not pass tn_http_routes_check and no server opens with it. */
enum tn_http_access {
    TN_ACCESS_UNSET = 0,
    TN_ACCESS_PUBLIC,       /* anyone */
    TN_ACCESS_APPLICANT,    /* anyone, or a helper with a grant: registration */
    TN_ACCESS_OWNER,        /* the bearer of the registration in the path */
    TN_ACCESS_OFFICER,      /* a partner officer: validations */
    TN_ACCESS_PORT_OFFICER, /* an officer of the port in the path */
    TN_ACCESS_AUDITOR,      /* an auditor's grant (open on a simulated ledger) */
    TN_ACCESS_ANALYST,
    TN_ACCESS_OPERATOR,
    TN_ACCESS_LOCAL, /* over the Unix socket only */
    TN_ACCESS_COUNT,
};

/* Patterns: "/v1/registrations/{id}/offers/{offer}/accept". A segment in braces matches one
 * non-empty segment; "{path...}" as the last matches all that is left. Literal segments win. A GET
 * route answers HEAD too. */
struct tn_http_route {
    enum tn_http_method method;
    const char *pattern;
    enum tn_http_access access;
    size_t body_max; /* bytes; 0 = TN_HTTP_BODY_MAX for POST and PUT, no body for others */
    tn_http_handler *handler;
};

/* TN_INVALID, with the route named: no authorisation row, no handler, a pattern that is not one,
 * two routes for one method and path, too many parameters or segments. */
TN_MUST_USE enum tn_status tn_http_routes_check(const struct tn_http_route *routes, size_t count,
                                                struct tn_error *error);

struct tn_http_router;

/* Checks the table and builds the tree. `routes` is borrowed until destroy. */
TN_MUST_USE enum tn_status tn_http_router_create(struct tn_http_router **router,
                                                 const struct tn_http_route *routes, size_t count,
                                                 struct tn_error *error);
void tn_http_router_destroy(struct tn_http_router *router);

struct tn_http_match {
    const struct tn_http_route *route;                  /* NULL when nothing fits */
    struct tn_bytes parameters[TN_HTTP_PARAMETERS_MAX]; /* views into the path */
    unsigned allowed; /* bit (1 << method) for each method that this path knows; 0 = no such path */
};

/* Any thread. */
void tn_http_router_match(const struct tn_http_router *router, enum tn_http_method method,
                          struct tn_bytes path, struct tn_http_match *match);

/* The body limit of a route in bytes. */
size_t tn_http_route_body_max(const struct tn_http_route *route);

/* "GET, HEAD, OPTIONS" for a bit set of methods. */
#define TN_HTTP_ALLOW_SIZE 64
void tn_http_allow_format(unsigned allowed, char out[static TN_HTTP_ALLOW_SIZE]);

#endif
