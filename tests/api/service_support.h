/* A served ledger for tests: a server on loopback, one connection, calls that wait for their
 * answer. */
#ifndef TN_TESTS_API_SERVICE_SUPPORT_H
#define TN_TESTS_API_SERVICE_SUPPORT_H

#include "api/admin/admin.h"
#include "api/http/service.h"
#include "tests/api/http/client.h"
#include "tests/api/ledger_support.h"

struct served {
    struct place place;
    struct tn_service *service;
    struct client *client;
    struct client *local; /* over the Unix socket */
    char socket[96];
};

static struct reply reply; /* of the last call */

static inline void served_open(struct served *served, uint64_t created_us, bool simulated)
{
    struct tn_service_options options = {.host = "127.0.0.1", .unix_path = served->socket};
    struct tn_error error = {0};

    place_create_as(&served->place, created_us, simulated);
    place_open(&served->place, false);
    (void) snprintf(served->socket, sizeof(served->socket), "%s/control", served->place.directory);
    MUST(tn_service_open(served->place.ledger, &options, &served->service, &error), &error);
    served->client = client_open(tn_service_port(served->service));
    served->local = client_open_unix(served->socket);
}

static inline void served_close(struct served *served)
{
    client_close(served->client);
    client_close(served->local);
    tn_service_close(served->service);
    place_remove(&served->place);
}

/* Any of token, key and body may be NULL. Returns the status; the answer is in `reply`. */
static inline int call_on(struct client *client, const char *method, const char *path,
                          const char *token, const char *fields, const char *body)
{
    static char text[512 * 1024];
    char authorization[128] = "";
    int size;

    if (token) {
        (void) snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s\r\n",
                        token);
    }
    size = snprintf(text, sizeof(text),
                    "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
                    method, path, authorization, fields ? fields : "",
                    body ? "Content-Type: application/json\r\n" : "", body ? strlen(body) : 0,
                    body ? body : "");
    TN_CHECK(size > 0 && (size_t) size < sizeof(text));
    TN_CHECK(client_send(client, text));
    return client_reply(client, &reply, strcmp(method, "HEAD") == 0);
}

static inline int call(struct served *served, const char *method, const char *path,
                       const char *token, const char *body)
{
    return call_on(served->client, method, path, token, NULL, body);
}

static inline int call_key(struct served *served, const char *path, const char *token,
                           const char *key, const char *body)
{
    char field[160];

    (void) snprintf(field, sizeof(field), "Idempotency-Key: %s\r\n", key);
    return call_on(served->client, "POST", path, token, field, body);
}

static inline int admin(struct served *served, const char *command, const char *body)
{
    char path[64];

    (void) snprintf(path, sizeof(path), "/admin/%s", command);
    return call_on(served->local, "POST", path, NULL, NULL, body);
}

/* The string member `name` of the last answer, the first of that name; "" when there is none. */
static inline const char *member(const char *name, char *out, size_t size)
{
    char pattern[64];
    const char *at;
    const char *end;

    (void) snprintf(pattern, sizeof(pattern), "\"%s\":\"", name);
    at = strstr(reply.body, pattern);
    out[0] = '\0';
    if (at) {
        at += strlen(pattern);
        end = strchr(at, '"');
        TN_CHECK(end && (size_t) (end - at) < size);
        memcpy(out, at, (size_t) (end - at));
        out[end - at] = '\0';
    }
    return out;
}

static inline bool says(const char *text)
{
    return strstr(reply.body, text) != NULL;
}

#define MUST_ANSWER(wanted, call_)                                                                 \
    do {                                                                                           \
        int status_ = (call_);                                                                     \
        if (status_ != (wanted)) {                                                                 \
            (void) fprintf(stderr, "%s:%d: %d: %s\n", __FILE__, __LINE__, status_, reply.body);    \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

static inline void advance_to(struct served *served, uint64_t time_us)
{
    char instant[28];
    char body[64];

    tn_instant_format(time_us, instant);
    (void) snprintf(body, sizeof(body), "{\"to\":\"%s\"}", instant);
    MUST_ANSWER(200, admin(served, "advance", body));
}

/* Wait until GET `path` says `text`; the desk looks at its clock twice a second. */
static inline bool wait_until_says(struct served *served, const char *path, const char *token,
                                   const char *text)
{
    for (unsigned i = 0; i < 200; i++) {
        if (call(served, "GET", path, token, NULL) == 200 && says(text)) {
            return true;
        }
        client_sleep_ms(50);
    }
    return false;
}

struct person_account {
    char id[33];
    char token[65];
    char path[64]; /* "/v1/registrations/<id>" */
};

static inline void body_of_person(char *body, size_t size, const char *name, const char *birth)
{
    (void) snprintf(body, size,
                    "{\"members\":[{\"given_names\":\"%s\",\"family_names\":\"De Prueba\","
                    "\"date_of_birth\":\"%s\",\"nationality\":\"XYZ\"}],"
                    "\"destination\":\"1 Calle Inventada\"}",
                    name, birth);
}

static inline void account_of_reply(struct person_account *account)
{
    member("registration", account->id, sizeof(account->id));
    member("token", account->token, sizeof(account->token));
    (void) snprintf(account->path, sizeof(account->path), "/v1/registrations/%s", account->id);
}

static inline void register_person(struct served *served, const char *name, const char *birth,
                                   struct person_account *account)
{
    char body[512];

    body_of_person(body, sizeof(body), name, birth);
    MUST_ANSWER(201, call(served, "POST", "/v1/registrations", NULL, body));
    account_of_reply(account);
}

static inline void add_officer(struct served *served, const char *email, const char *role,
                               unsigned port, char id[static 33], char token[static 65])
{
    char body[256];
    char at_port[32] = "";

    if (port > 0) {
        (void) snprintf(at_port, sizeof(at_port), ",\"port\":%u", port);
    }
    (void) snprintf(body, sizeof(body),
                    "{\"email\":\"%s@%s\",\"role\":\"%s\",\"organisation\":\"INM\"%s}", email,
                    served->place.policy.validation.domains[0], role, at_port);
    MUST_ANSWER(200, admin(served, "officer-add", body));
    member("officer", id, 33);
    member("token", token, 65);
}

#endif
