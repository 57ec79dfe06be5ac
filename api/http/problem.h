/* Problem documents (RFC 9457): every error answer has a stable code from one table. */
#ifndef TN_API_HTTP_PROBLEM_H
#define TN_API_HTTP_PROBLEM_H

#include "ledger/base/buffer.h"

/* name, code on the wire (never changes), HTTP status, title */
#define TN_PROBLEM_LIST(X)                                                                         \
    X(MALFORMED_REQUEST, "malformed_request", 400, "The request is not well-formed HTTP")          \
    X(MALFORMED_JSON, "malformed_json", 400, "The body is not JSON as this service takes it")      \
    X(UNKNOWN_MEMBER, "unknown_member", 400, "The body has a member that is not known")            \
    X(INVALID_MEMBER, "invalid_member", 400, "A member of the body is missing or not valid")       \
    X(INVALID_PARAMETER, "invalid_parameter", 400, "A part of the URL or a header is not valid")   \
    X(UNAUTHENTICATED, "unauthenticated", 401, "Credentials are missing or not valid")             \
    X(FORBIDDEN, "forbidden", 403, "The caller may not do this")                                   \
    X(NOT_FOUND, "not_found", 404, "There is nothing here")                                        \
    X(METHOD_NOT_ALLOWED, "method_not_allowed", 405, "The method is not allowed here")             \
    X(TIMEOUT, "timeout", 408, "The request did not arrive in time")                               \
    X(REFUSED, "refused", 409, "A rule refused the command")                                       \
    X(GONE, "gone", 410, "It was here and has been erased")                                        \
    X(PAYLOAD_TOO_LARGE, "payload_too_large", 413, "The body is too large")                        \
    X(URI_TOO_LONG, "uri_too_long", 414, "The URL is too long")                                    \
    X(UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", 415, "The media type is not taken here")   \
    X(EXPECTATION_FAILED, "expectation_failed", 417, "The expectation cannot be met")              \
    X(CONFLICTING_KEY, "conflicting_key", 422, "The idempotency key was used with another body")   \
    X(HEADERS_TOO_LARGE, "headers_too_large", 431, "The header fields are too large or too many")  \
    X(INTERNAL, "internal", 500, "The service failed")                                             \
    X(BUSY, "busy", 503, "The service is busy; retry later")                                       \
    X(PAUSED, "paused", 503, "The service is paused; retry later")                                 \
    X(OUTCOME_UNKNOWN, "outcome_unknown", 503,                                                     \
      "The outcome is unknown; retry with the same Idempotency-Key")                               \
    X(TOO_MANY_CONNECTIONS, "too_many_connections", 503, "There are too many connections")         \
    X(VERSION_NOT_SUPPORTED, "version_not_supported", 505, "This HTTP version is not spoken here") \
    X(NO_SPACE, "no_space", 507, "The service has no space for writes")

enum tn_problem {
    TN_PROBLEM_NONE = 0,
#define TN_PROBLEM_ENUM(name, code, status, title) TN_PROBLEM_##name,
    TN_PROBLEM_LIST(TN_PROBLEM_ENUM)
#undef TN_PROBLEM_ENUM
        TN_PROBLEM_COUNT
};

#define TN_PROBLEM_MEDIA_TYPE "application/problem+json"

/* Static text and numbers; TN_PROBLEM_NONE reads as "internal". */
const char *tn_problem_code(enum tn_problem problem);
unsigned tn_problem_status(enum tn_problem problem);
/* Seconds for Retry-After, 0 when a retry will not help. */
unsigned tn_problem_retry_after_s(enum tn_problem problem);
/* The problem that tells a caller of `status`; TN_OK reads as NONE. */
enum tn_problem tn_problem_from_status(enum tn_status status);

/* Write {type, title, status, code, detail} to `out`; `detail` is left out when empty. */
void tn_problem_write(struct tn_buffer *out, enum tn_problem problem, struct tn_bytes detail);

#endif
