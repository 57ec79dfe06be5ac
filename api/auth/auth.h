/* Who is asking, and what they may do: one table of roles for each kind of route.
 *
 * A caller shows "Authorization: Bearer <64 hexadecimal digits>"; the SHA-256 of those 32 bytes is
 * a row of the access projection, which names a role and an id. Unknown and foreign registrations
 * answer alike. Source: spec/privacy.md 5; DESIGN, HTTP. */
#ifndef TN_API_AUTH_AUTH_H
#define TN_API_AUTH_AUTH_H

#include "api/http/server.h"
#include "api/query/reader.h"

/* Who is asking. `role` is TN_ROLE_COUNT for somebody who showed no token. */
struct tn_caller {
    enum tn_role role;
    uint8_t id[TN_ID_SIZE]; /* a registration or an officer; zeros for nobody */
    uint8_t organisation[TN_ID_SIZE];
    uint64_t port; /* of a port officer */
    bool suspended;
    void *work; /* what the handler carries through its steps */
};

enum tn_auth_token {
    TN_AUTH_NO_TOKEN = 0,
    TN_AUTH_TOKEN,
    TN_AUTH_MALFORMED,
};

/* The token in an Authorization header (data NULL: there is none). The scheme in any case, one
 * space. */
enum tn_auth_token tn_auth_parse(struct tn_bytes header, uint8_t token[static 32]);

/* May a caller pass a route? Pure. `path_id` is the registration in an owner's path, `path_port`
 * the port in a port officer's; `simulated` and `local` are of the ledger and the connection. */
struct tn_auth_question {
    enum tn_http_access access;
    const struct tn_caller *caller;
    bool simulated;
    bool local;
    const uint8_t *path_id; /* NULL: none, or not an id */
    uint64_t path_port;
};

enum tn_http_verdict tn_auth_decide(const struct tn_auth_question *question);

/* Find out who shows `token`. `*known` false: nobody. */
TN_MUST_USE enum tn_status tn_auth_identify(struct tn_reader *reader,
                                            const uint8_t token[static 32],
                                            struct tn_caller *caller, bool *known,
                                            struct tn_error *error);

#endif
