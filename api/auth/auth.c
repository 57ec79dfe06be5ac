/* Who is asking, and what they may do. */
#include "api/auth/auth.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"

#define TOKEN_SIZE 32
#define SCHEME "Bearer "
#define ROLE(role) (1u << (unsigned) TN_ROLE_##role)

/* The table of roles: who passes each kind of route. */
static const struct access_row {
    unsigned roles;      /* whose token passes */
    bool anonymous;      /* no token is needed */
    bool open_simulated; /* nor is it on a simulated ledger */
    bool local;          /* whoever may use the Unix socket passes */
    bool own_path;       /* the registration in the path must be the caller's */
    bool own_port;       /* the port in the path must be the caller's */
} access_rows[] = {
    [TN_ACCESS_UNSET] = {.roles = 0},
    [TN_ACCESS_PUBLIC] = {.anonymous = true},
    [TN_ACCESS_APPLICANT] = {.anonymous = true},
    [TN_ACCESS_OWNER] = {.roles = ROLE(APPLICANT), .own_path = true},
    [TN_ACCESS_OFFICER] = {.roles = ROLE(OFFICER)},
    [TN_ACCESS_PORT_OFFICER] = {.roles = ROLE(PORT_OFFICER), .own_port = true},
    [TN_ACCESS_AUDITOR] = {.roles = ROLE(AUDITOR), .open_simulated = true},
    [TN_ACCESS_ANALYST] = {.roles = ROLE(AUDITOR) | ROLE(OPERATOR), .open_simulated = true},
    [TN_ACCESS_OPERATOR] = {.roles = ROLE(OPERATOR), .open_simulated = true, .local = true},
    [TN_ACCESS_LOCAL] = {.local = true},
};
_Static_assert(sizeof(access_rows) / sizeof(access_rows[0]) == TN_ACCESS_COUNT,
               "every kind of route has its row");

enum tn_auth_token tn_auth_parse(struct tn_bytes header, uint8_t token[static 32])
{
    size_t scheme = sizeof(SCHEME) - 1;
    bool whole;

    memset(token, 0, TOKEN_SIZE);
    if (!header.data) {
        return TN_AUTH_NO_TOKEN;
    }
    whole = header.size == scheme + (size_t) 2 * TOKEN_SIZE &&
            strncasecmp((const char *) header.data, SCHEME, scheme) == 0 &&
            tn_hex_decode(tn_bytes(header.data + scheme, header.size - scheme), token,
                          TOKEN_SIZE) == TN_OK;
    return whole ? TN_AUTH_TOKEN : TN_AUTH_MALFORMED;
}

enum tn_http_verdict tn_auth_decide(const struct tn_auth_question *question)
{
    const struct tn_caller *caller = question->caller;
    const struct access_row *row;

    TN_CHECK((unsigned) question->access < TN_ACCESS_COUNT);
    row = &access_rows[question->access];
    if (row->anonymous || (row->open_simulated && question->simulated) ||
        (row->local && question->local)) {
        return TN_HTTP_ALLOW;
    }
    if (row->roles == 0) {
        return TN_HTTP_DENY_403;
    }
    if (caller->role == TN_ROLE_COUNT) {
        return TN_HTTP_DENY_401;
    }
    if (caller->suspended || (row->roles & (1u << (unsigned) caller->role)) == 0) {
        return TN_HTTP_DENY_403;
    }
    if (row->own_path &&
        (!question->path_id || sodium_memcmp(question->path_id, caller->id, TN_ID_SIZE) != 0)) {
        return TN_HTTP_DENY_403;
    }
    if (row->own_port && (caller->port == 0 || question->path_port != caller->port)) {
        return TN_HTTP_DENY_403;
    }
    return TN_HTTP_ALLOW;
}

enum tn_status tn_auth_identify(struct tn_reader *reader, const uint8_t token[static 32],
                                struct tn_caller *caller, bool *known, struct tn_error *error)
{
    uint8_t hash[TN_HASH_SIZE];
    struct tn_token_row row;
    struct tn_officer_row officer;
    bool found = false;
    enum tn_status status;

    tn_sha256(hash, tn_bytes(token, TOKEN_SIZE));
    status = tn_reader_token(reader, hash, &row, known, error);
    if (status != TN_OK || !*known) {
        return status;
    }
    caller->role = row.role < TN_ROLE_COUNT ? (enum tn_role) row.role : TN_ROLE_COUNT;
    memcpy(caller->id, row.id, TN_ID_SIZE);
    if (caller->role == TN_ROLE_APPLICANT) {
        return TN_OK;
    }
    status = tn_reader_officer(reader, row.id, &officer, &found, error);
    if (status == TN_OK && found) {
        memcpy(caller->organisation, officer.organisation, TN_ID_SIZE);
        caller->port = officer.port;
        caller->suspended = officer.suspended != 0;
    }
    *known = status == TN_OK && found;
    return status;
}
