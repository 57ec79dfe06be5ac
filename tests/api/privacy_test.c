/* P5: marked personal values go through every route; none of them, in any spelling, is found in the
 * log, in what is served of it, in what the server says, or anywhere in the data directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <ctype.h>
#include <fcntl.h>
#include <cmocka.h>

#include "tests/api/described.h"
#include "tests/api/service_support.h"
#include "tests/heard.h"

static struct served served;

/* Every form in which a value could leak: as typed, folded, as a number, reversed in bytes. */
static const char *const marks[] = {
    "Zqmarkgivenzq",    "Zqmarkfamilyzq", "ZQMARKDOC77zq",   "Zqmarkstreetzq", "zqmarkcontact",
    "1963-11-07",       "19631107",       "19.43264917",     "19432649",       "99.13329831",
    "99133298",         "zqmarkofficer",  "zqmarkunknownzq", "zqmarkpathzq",   "zqmarkheaderzq",
    "\x03\x8c\x2b\x01", /* 19631107 in memory, and as an integer of msgpack */
    "\x01\x2b\x8c\x03",
};
/* What was shown once: tokens, and confirmation numbers with and without dashes. */
#define SECRETS_MAX 24u
static char secrets[SECRETS_MAX][65];
static size_t secret_count;

static bool holds(const uint8_t *data, size_t size, const char *mark)
{
    size_t length = strlen(mark);

    for (size_t i = 0; i + length <= size; i++) {
        size_t at = 0;

        while (at < length && tolower(data[i + at]) == tolower((uint8_t) mark[at])) {
            at++;
        }
        if (at == length) {
            return true;
        }
    }
    return false;
}

static void assert_clean(const char *where, const void *data, size_t size)
{
    for (size_t i = 0; i < TN_ARRAY_SIZE(marks); i++) {
        if (holds(data, size, marks[i])) {
            fail_msg("%s holds \"%s\"", where, marks[i]);
        }
    }
    for (size_t i = 0; i < secret_count; i++) {
        uint8_t bytes[32];

        if (holds(data, size, secrets[i])) {
            fail_msg("%s holds a secret that was shown once", where);
        }
        if (strlen(secrets[i]) == 64 &&
            tn_hex_decode(tn_bytes_from_string(secrets[i]), bytes, 32) == TN_OK) {
            assert_null(memmem(data, size, bytes, 32));
        }
    }
}

static void keep_secret(const char *text)
{
    TN_CHECK(secret_count < SECRETS_MAX && text[0] != '\0' && strlen(text) < sizeof(secrets[0]));
    (void) snprintf(secrets[secret_count++], sizeof(secrets[0]), "%s", text);
}

/* ---- the table of routes, and which of them did what they are for ---- */

#define ROUTES_MAX 64u
static bool visited[ROUTES_MAX];

/* Does a path, without its query, fit a pattern? */
static bool fits(const char *pattern, const char *path)
{
    while (*pattern != '\0' && *pattern == *path) {
        pattern++;
        path++;
    }
    if (*pattern == '{') {
        size_t name = strcspn(pattern, "}");

        return memmem(pattern, name, "...", 3) != NULL ||
               fits(pattern + name + 1, path + strcspn(path, "/?"));
    }
    return *pattern == '\0' && (*path == '\0' || *path == '?');
}

static struct description description;

/* What came is what /openapi.json says of the route. */
static void assert_described(const struct tn_http_route *route)
{
    if (!description_holds(&description, route, &reply)) {
        fail_msg("%s %s, %d: %s", tn_http_method_name(route->method), route->pattern, reply.status,
                 description.fault);
    }
}

static int note_visit(const char *method, const char *path, int status)
{
    size_t count;
    const struct tn_http_route *routes = tn_service_routes(&count);

    TN_CHECK(count <= ROUTES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tn_http_method_name(routes[i].method), method) == 0 &&
            fits(routes[i].pattern, path)) {
            visited[i] = visited[i] || status / 100 == 2;
            assert_described(&routes[i]);
            break;
        }
    }
    return status;
}

static int ask(const char *method, const char *path, const char *token, const char *body)
{
    return note_visit(method, path, call(&served, method, path, token, body));
}

/* The same of something below a registration, by its owner. */
static int ask_own(const struct person_account *person, const char *method, const char *below,
                   const char *body)
{
    char path[224];

    (void) snprintf(path, sizeof(path), "%s%s", person->path, below);
    return ask(method, path, person->token, body);
}

#define PERSON                                                                                     \
    "{\"given_names\":\"Zqmarkgivenzq%s\",\"family_names\":\"Zqmarkfamilyzq\","                    \
    "\"date_of_birth\":\"1963-11-07\",\"nationality\":\"XYZ\",\"document\":\"ZQMARKDOC77zq\"}"
#define WHERE "\"location\":{\"lat\":19.43264917,\"lon\":-99.13329831}"

/* Everybody of the scene is marked, and differs in a suffix of the name. */
static struct person_account person;   /* comes with a group, and presents it */
static struct person_account other;    /* leaves, returns, and joins that group */
static struct person_account declines; /* an offer */
static struct person_account cancels;  /* an appointment */
static struct person_account absent;   /* from it */
static char number[16];                /* of person */
static char officer_token[65];
static char port_token[65];

static void register_marked(struct person_account *account, const char *suffix)
{
    char body[1024];
    char key[32];

    (void) snprintf(key, sizeof(key), "0123456789abcdef%zu", secret_count);
    (void) snprintf(body, sizeof(body),
                    "{\"members\":[" PERSON "],\"destination\":\"1 Zqmarkstreetzq\","
                    "\"contact\":\"zqmarkcontact@example.org\",\"language\":\"es\"}",
                    suffix);
    MUST_ANSWER(201, note_visit("POST", "/v1/registrations",
                                call_key(&served, "/v1/registrations", NULL, key, body)));
    account_of_reply(account);
    keep_secret(account->token);
    MUST_ANSWER(409, ask("POST", "/v1/registrations", NULL, body));
}

static void register_them(void)
{
    char body[1024];

    register_marked(&person, "");
    register_marked(&other, " Cuatro");
    register_marked(&declines, " Cinco");
    register_marked(&cancels, " Seis");
    register_marked(&absent, " Siete");
    (void) snprintf(body, sizeof(body), "{\"members\":[" PERSON "],\"zqmarkunknownzq\":1}", "");
    MUST_ANSWER(400, ask("POST", "/v1/registrations", NULL, body));
    (void) snprintf(body, sizeof(body), "{\"members\":[" PERSON "", "");
    MUST_ANSWER(400, ask("POST", "/v1/registrations", NULL, body));
}

static void groups_change(void)
{
    char body[512];
    char path[128];
    char first[33];
    char second[33];

    MUST_ANSWER(200, ask_own(&person, "GET", "", NULL));
    assert_clean("a registration", reply.body, reply.body_size);
    member("member", first, sizeof(first));
    (void) snprintf(body, sizeof(body), PERSON, " Dos");
    MUST_ANSWER(201, ask_own(&person, "POST", "/members", body));
    (void) snprintf(body, sizeof(body), PERSON, " Tres");
    MUST_ANSWER(201, ask_own(&person, "POST", "/members", body));
    member("member", second, sizeof(second));
    (void) snprintf(path, sizeof(path), "/members/%s", second);
    (void) snprintf(body, sizeof(body), "{\"by\":\"%s\"}", first);
    MUST_ANSWER(200, ask_own(&person, "DELETE", path, body));
    MUST_ANSWER(200, ask_own(&other, "POST", "/withdraw", NULL));
    MUST_ANSWER(200, ask_own(&other, "POST", "/restore", NULL));
    (void) snprintf(body, sizeof(body), "{\"other\":\"%s\",\"other_token\":\"%s\"}", other.id,
                    other.token);
    MUST_ANSWER(200, ask_own(&person, "POST", "/merge", body));
    MUST_ANSWER(200, ask_own(&other, "GET", "", NULL));
    assert_true(says("\"merged_into\":"));
}

static void be_drawn(const struct person_account *account, char offer[static 64])
{
    const char *at;

    MUST_ANSWER(200, ask_own(account, "GET", "", NULL));
    assert_clean("a registration", reply.body, reply.body_size);
    at = strstr(reply.body, "\"offer\":{\"offer\":\"");
    assert_non_null(at);
    (void) snprintf(offer, 64, "/offers/%.32s", at + 18);
}

static void accept_offer(const struct person_account *account, char shown[static 16])
{
    char offer[64];
    char path[80];
    char plain[16];
    size_t at = 0;

    be_drawn(account, offer);
    (void) snprintf(path, sizeof(path), "%s/accept", offer);
    MUST_ANSWER(200, ask_own(account, "POST", path, NULL));
    member("confirmation_number", shown, 16);
    for (const char *c = shown; *c != '\0'; c++) {
        if (*c != '-') {
            plain[at++] = *c;
        }
    }
    plain[at] = '\0';
    keep_secret(shown);
    keep_secret(plain);
}

static void ask_and_be_drawn(void)
{
    static const char asked[] = "{\"ports\":[2504]," WHERE ",\"nationality\":\"XYZ\"}";
    const struct person_account *const all[] = {&person, &declines, &cancels, &absent};
    char offer[64];
    char path[80];
    char shown[16];

    advance_to(&served, NOON_US + TN_MINUTE_US);
    assert_true(wait_until_says(&served, "/v1/days/2024-06-03", NULL, "\"state\":\"open\""));
    for (size_t i = 0; i < TN_ARRAY_SIZE(all); i++) {
        MUST_ANSWER(201, ask_own(all[i], "POST", "/requests", asked));
    }
    MUST_ANSWER(200, ask_own(&person, "DELETE", "/requests/2024-06-03", NULL));
    MUST_ANSWER(201, ask_own(&person, "POST", "/requests", asked));
    (void) ask_own(&person, "POST", "/requests",
                   "{\"ports\":[2504]," WHERE ",\"zqmarkunknownzq\":\"Zqmarkgivenzq\"}");
    advance_to(&served, NOON_US + TN_DAY_US + TN_MINUTE_US);
    assert_true(wait_until_says(&served, "/v1/days/2024-06-03", NULL, "\"state\":\"completed\""));
    accept_offer(&person, number);
    accept_offer(&cancels, shown);
    accept_offer(&absent, shown);
    be_drawn(&declines, offer);
    (void) snprintf(path, sizeof(path), "%s/decline", offer);
    MUST_ANSWER(200, ask_own(&declines, "POST", path, NULL));
    MUST_ANSWER(200, ask_own(&cancels, "POST", "/cancel", NULL));
}

/* Some proof of the last answer opens to `mark`. */
static void assert_proofs_open(const char *mark)
{
    bool found = false;

    for (const char *at = reply.body; !found && (at = strstr(at, "extra ")); at++) {
        size_t length = strcspn(at + 6, "\\\"");
        uint8_t *bytes = malloc(length);
        size_t size = length;

        TN_CHECK(bytes);
        assert_int_equal(tn_base64_decode(tn_bytes(at + 6, length), bytes, &size), TN_OK);
        found = holds(bytes, size, mark);
        free(bytes);
    }
    assert_true(found);
}

static void look_at_them(void)
{
    char id[33];
    char body[256];

    add_officer(&served, "zqmarkofficer", "officer", 0, id, officer_token);
    add_officer(&served, "zqmarkofficer2", "port_officer", 2504, id, port_token);
    keep_secret(officer_token);
    keep_secret(port_token);
    (void) snprintf(body, sizeof(body),
                    "{\"confirmation_number\":\"%s\",\"date_of_birth\":\"1963-11-07\","
                    "\"purpose\":\"entry\"}",
                    number);
    MUST_ANSWER(200, ask("POST", "/v1/validations", officer_token, body));
    assert_true(says("\"matched\":true"));
    MUST_ANSWER(404, ask("GET", "/v1/zqmarkpathzq", NULL, NULL));
    MUST_ANSWER(403, ask("GET", "/v1/registrations/zqmarkpathzq", person.token, NULL));
    MUST_ANSWER(
        200, call_on(served.client, "GET", "/v1/policy", NULL, "X-Name: zqmarkheaderzq\r\n", NULL));
    MUST_ANSWER(400, ask("GET", "/v1/events?zqmarkpathzq=1", NULL, NULL));
    MUST_ANSWER(200, ask_own(&person, "GET", "/history", NULL));
    assert_clean("a history", reply.body, reply.body_size);
    /* The one answer that shows them what they gave: to its owner, opened from the vault. */
    MUST_ANSWER(401, call(&served, "GET", person.path, "0123456789abcdef", NULL));
    assert_clean("a registration for a stranger", reply.body, reply.body_size);
    MUST_ANSWER(200, ask_own(&person, "GET", "/proofs", NULL));
    assert_proofs_open(marks[0]);
    MUST_ANSWER(200, ask_own(&person, "GET", "/accesses", NULL));
    assert_clean("accesses", reply.body, reply.body_size);
}

/* The group comes; who has not come when the day is over is recorded. */
static void come_or_not(void)
{
    char path[96];
    char body[256];
    char date[11];
    const char *at;
    uint32_t day;

    MUST_ANSWER(200, ask_own(&person, "GET", "", NULL));
    at = strstr(reply.body, "\"appointment\":{");
    assert_non_null(at);
    memcpy(date, strstr(at, "\"date\":\"") + 8, 10);
    date[10] = '\0';
    assert_int_equal(tn_date_parse(tn_bytes_from_string(date), &day), TN_OK);
    advance_to(&served, day * TN_DAY_US + 18 * TN_HOUR_US);
    (void) snprintf(path, sizeof(path), "/v1/port-days/2504/%s/arrivals", date);
    (void) snprintf(body, sizeof(body),
                    "{\"confirmation_number\":\"%s\",\"date_of_birth\":\"1963-11-07\","
                    "\"outcome\":\"presented\"}",
                    number);
    MUST_ANSWER(201, ask("POST", path, port_token, body));
    MUST_ANSWER(409, ask("POST", path, port_token, body));
    assert_clean("a second arrival", reply.body, reply.body_size);
    advance_to(&served, (day + 2) * TN_DAY_US);
    (void) snprintf(path, sizeof(path), "/v1/port-days/2504/%s/close", date);
    MUST_ANSWER(200, ask("POST", path, port_token, "{}"));
    assert_true(says("\"missed\":1"));
}

/* A pattern with marked words in it, but for what says who may come. */
static void fill_marked(const char *pattern, char *out, size_t size)
{
    size_t at = 0;

    for (const char *c = pattern; *c != '\0'; c++) {
        const char *value = strncmp(c, "{registration}", 14) == 0 ? person.id
                            : strncmp(c, "{port}", 6) == 0        ? "2504"
                            : strncmp(c, "{day}", 5) == 0         ? "2024-06-03"
                                                                  : "zqmarkpathzq";
        if (*c == '{') {
            at += (size_t) snprintf(out + at, size - at, "%s", value);
            c += strcspn(c, "}");
        } else {
            out[at++] = *c;
        }
        TN_CHECK(at + 1 < size);
    }
    out[at] = '\0';
}

static void look_at_refusal(const struct tn_http_route *route, const char *path, const char *token,
                            const char *body)
{
    int status = call(&served, tn_http_method_name(route->method), path, token,
                      route->method == TN_HTTP_GET ? NULL : body);

    assert_int_not_equal(status, 0);
    assert_described(route);
    /* A question takes no body, and so has one answer whatever came with it. */
    assert_true(status >= 400 || route->method == TN_HTTP_GET);
    if (status >= 400) {
        assert_clean(route->pattern, reply.body, reply.body_size);
    }
    if (strstr(reply.head, "\r\nConnection: close\r\n")) { /* a body where none belongs */
        client_close(served.client);
        served.client = client_open(tn_service_port(served.service));
    }
}

/* Every route, and every command of the administration, gets a path, a query and bodies that are
 * full of marks and that it cannot use. What it answers names a field and never what was in it. */
static void every_route_refuses_marks(void)
{
    static const char *const commands[] = {
        "officer-add", "officer-suspend", "policy-publish", "capacity",      "suspend-port",
        "resume-port", "reallocate",      "anchor-chain",   "replace-chain", "reveal-witness",
        "resume",      "advance",         "record-beacon",  "rebuild",       "zqmarkpathzq"};
    size_t count;
    const struct tn_http_route *routes = tn_service_routes(&count);
    char bodies[3][512];

    (void) snprintf(bodies[0], 512,
                    "{\"confirmation_number\":\"%s\",\"date_of_birth\":\"1963-11-07\","
                    "\"unheard_of\":\"Zqmarkgivenzq\"," WHERE "}",
                    number);
    (void) snprintf(bodies[1], 512, "[" PERSON "]", "");
    (void) snprintf(bodies[2], 512, PERSON "}", "");
    for (size_t i = 0; i < count; i++) {
        const char *token = routes[i].access == TN_ACCESS_OWNER          ? person.token
                            : routes[i].access == TN_ACCESS_OFFICER      ? officer_token
                            : routes[i].access == TN_ACCESS_PORT_OFFICER ? port_token
                                                                         : NULL;
        char path[256];

        fill_marked(routes[i].pattern, path, sizeof(path) - 64);
        for (size_t b = 0; b < TN_ARRAY_SIZE(bodies); b++) {
            if (routes[i].access == TN_ACCESS_LOCAL) {
                for (size_t c = 0; c < TN_ARRAY_SIZE(commands); c++) {
                    assert_true(admin(&served, commands[c], bodies[b]) >= 400);
                    assert_described(&routes[i]);
                    assert_clean(commands[c], reply.body, reply.body_size);
                }
            } else {
                look_at_refusal(&routes[i], path, token, bodies[b]);
            }
        }
        if (routes[i].access != TN_ACCESS_LOCAL) {
            (void) snprintf(path + strlen(path), 64, "?unheard_of=1963-11-07");
            look_at_refusal(&routes[i], path, token, bodies[0]);
        }
    }
}

static bool look_at_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    char where[32];

    (void) context;
    (void) snprintf(where, sizeof(where), "entry %llu", (unsigned long long) index);
    assert_clean(where, entry.data, entry.size);
    return true;
}

static void look_at_served(void)
{
    static const char *const open_to_all[] = {"/v1/days/2024-06-03",
                                              "/v1/days/2024-06-03/draw",
                                              "/v1/ports",
                                              "/v1/policy",
                                              "/log/checkpoint",
                                              "/log/tile/0/000.p/9",
                                              "/healthz",
                                              "/readyz",
                                              "/metrics",
                                              "/openapi.json"};
    struct tn_log_head head;
    struct tn_error error = {0};
    char path[64];

    tn_log_head(served.place.ledger->log, &head);
    MUST(tn_log_scan(served.place.ledger->log, 0, head.size, look_at_entry, NULL, &error), &error);
    MUST_ANSWER(200, ask("GET", "/v1/events?limit=1000", NULL, NULL));
    assert_clean("events", reply.body, reply.body_size);
    for (unsigned i = 0; i < 100; i++) {
        (void) snprintf(path, sizeof(path), "/log/tile/entries/%03llu.p/%llu",
                        (unsigned long long) head.size / 256, (unsigned long long) head.size % 256);
        if (head.size % 256 == 0 || ask("GET", path, NULL, NULL) == 200) {
            break;
        }
        client_sleep_ms(50);
    }
    assert_int_equal(reply.status, 200);
    assert_clean("a bundle", reply.body, reply.body_size);
    for (size_t i = 0; i < TN_ARRAY_SIZE(open_to_all); i++) {
        MUST_ANSWER(200, ask("GET", open_to_all[i], NULL, NULL));
        assert_clean(open_to_all[i], reply.body, reply.body_size);
    }
    /* Nobody witnesses this log, so there is no such checkpoint. */
    MUST_ANSWER(404, ask("GET", "/log/cosigned-checkpoint", NULL, NULL));
    MUST_ANSWER(200, note_visit("POST", "/admin/status", admin(&served, "status", "{}")));
    assert_clean("a status", reply.body, reply.body_size);
}

/* A route that is not driven above may leak what nobody looks for. */
static void assert_all_visited(void)
{
    size_t count;
    const struct tn_http_route *routes = tn_service_routes(&count);

    for (size_t i = 0; i < count; i++) {
        if (!visited[i] && strcmp(routes[i].pattern, "/log/cosigned-checkpoint") != 0) {
            fail_msg("nobody has used %s %s", tn_http_method_name(routes[i].method),
                     routes[i].pattern);
        }
    }
}

static unsigned files_seen;

static int look_at_file(const char *path, const struct stat *about, int type, struct FTW *at)
{
    uint8_t *data;
    int file;

    (void) at;
    if (type != FTW_F || !S_ISREG(about->st_mode) || about->st_size == 0) {
        return 0;
    }
    data = malloc((size_t) about->st_size);
    file = open(path, O_RDONLY | O_CLOEXEC);
    TN_CHECK(data && file >= 0 && read(file, data, (size_t) about->st_size) == about->st_size);
    (void) close(file);
    assert_clean(path, data, (size_t) about->st_size);
    free(data);
    files_seen++;
    return 0;
}

static void no_personal_value_leaves_the_vault(void **state)
{
    (void) state;
    heard_begin();
    served_open(&served, MORNING_US, true);
    MUST_ANSWER(200, call(&served, "GET", "/openapi.json", NULL, NULL));
    description_open(&description, tn_bytes(reply.body, reply.body_size));
    register_them();
    groups_change();
    ask_and_be_drawn();
    look_at_them();
    come_or_not();
    every_route_refuses_marks();
    look_at_served();
    assert_all_visited();
    client_close(served.client);
    client_close(served.local);
    tn_service_close(served.service);
    place_close(&served.place);
    description_close(&description);
    (void) heard_end();
    assert_clean("standard error", heard.words, heard.size);
    assert_int_equal(nftw(served.place.directory, look_at_file, 16, FTW_PHYS), 0);
    assert_true(files_seen > 5);
    place_remove(&served.place);
}

static void the_search_finds_what_is_there(void **state)
{
    static const char text[] = "xxZQMARKGIVENZQxx";

    (void) state;
    assert_true(holds((const uint8_t *) text, sizeof(text), marks[0]));
    assert_false(holds((const uint8_t *) text, sizeof(text), marks[1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds_what_is_there),
        cmocka_unit_test_teardown(no_personal_value_leaves_the_vault, heard_restore),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
