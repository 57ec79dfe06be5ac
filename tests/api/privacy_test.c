/* P5: marked personal values go through every route; none of them, in any spelling, is found in the
 * log, in what is served of it, in what the server says, or anywhere in the data directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <ctype.h>
#include <fcntl.h>
#include <cmocka.h>

#include "tests/api/service_support.h"

static struct served served;

/* Every form in which a value could leak: as typed, folded, as a number, reversed in bytes. */
static const char *const marks[] = {
    "Zqmarkgivenzq",    "Zqmarkfamilyzq", "ZQMARKDOC77zq",   "Zqmarkstreetzq", "zqmarkcontact",
    "1963-11-07",       "19631107",       "19.43264917",     "19432649",       "99.13329831",
    "99133298",         "zqmarkofficer",  "zqmarkunknownzq", "zqmarkpathzq",   "zqmarkheaderzq",
    "\x03\x8c\x2b\x01", /* 19631107 in memory, and as an integer of msgpack */
    "\x01\x2b\x8c\x03",
};
static char token[65];
static char officer_token[65];
static char number[16];
static char number_plain[13];

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
    const char *const secrets[] = {token, officer_token, number, number_plain};

    for (size_t i = 0; i < TN_ARRAY_SIZE(marks); i++) {
        if (holds(data, size, marks[i])) {
            fail_msg("%s holds \"%s\"", where, marks[i]);
        }
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(secrets); i++) {
        uint8_t bytes[32];

        if (secrets[i][0] != '\0' && holds(data, size, secrets[i])) {
            fail_msg("%s holds a secret that was shown once", where);
        }
        if (strlen(secrets[i]) == 64 &&
            tn_hex_decode(tn_bytes_from_string(secrets[i]), bytes, 32) == TN_OK) {
            assert_null(memmem(data, size, bytes, 32));
        }
    }
}

static char *spoken; /* what standard error got */
static size_t spoken_size;
static int spoken_file;
static int standard_error;
static char spoken_path[64];

static void listen_begin(void)
{
    (void) snprintf(spoken_path, sizeof(spoken_path), "/tmp/turno-spoken-XXXXXX");
    spoken_file = mkstemp(spoken_path);
    TN_CHECK(spoken_file >= 0);
    standard_error = dup(STDERR_FILENO);
    TN_CHECK(dup2(spoken_file, STDERR_FILENO) >= 0);
}

static void listen_end(void)
{
    off_t size = lseek(spoken_file, 0, SEEK_END);

    TN_CHECK(dup2(standard_error, STDERR_FILENO) >= 0);
    (void) close(standard_error);
    spoken = calloc(1, (size_t) size + 1);
    TN_CHECK(spoken && pread(spoken_file, spoken, (size_t) size, 0) == size);
    spoken_size = (size_t) size;
    (void) close(spoken_file);
    (void) remove(spoken_path);
}

#define PERSON                                                                                     \
    "{\"given_names\":\"Zqmarkgivenzq%s\",\"family_names\":\"Zqmarkfamilyzq\","                    \
    "\"date_of_birth\":\"1963-11-07\",\"nationality\":\"XYZ\",\"document\":\"ZQMARKDOC77zq\"}"
#define WHERE "\"location\":{\"lat\":19.43264917,\"lon\":-99.13329831}"

static void register_marked(struct person_account *person)
{
    char body[1024];

    (void) snprintf(body, sizeof(body),
                    "{\"members\":[" PERSON "],\"destination\":\"1 Zqmarkstreetzq\","
                    "\"contact\":\"zqmarkcontact@example.org\",\"language\":\"es\"}",
                    "");
    MUST_ANSWER(201, call_key(&served, "/v1/registrations", NULL, "0123456789abcdef", body));
    account_of_reply(person);
    memcpy(token, person->token, sizeof(token));
    MUST_ANSWER(409, call(&served, "POST", "/v1/registrations", NULL, body));
    (void) snprintf(body, sizeof(body), "{\"members\":[" PERSON "],\"zqmarkunknownzq\":1}", "");
    MUST_ANSWER(400, call(&served, "POST", "/v1/registrations", NULL, body));
    (void) snprintf(body, sizeof(body), "{\"members\":[" PERSON "", "");
    MUST_ANSWER(400, call(&served, "POST", "/v1/registrations", NULL, body));
}

static void ask_and_be_drawn(const struct person_account *person)
{
    char path[192];
    char body[512];
    char offer[33];

    (void) snprintf(path, sizeof(path), "%s/members", person->path);
    (void) snprintf(body, sizeof(body), PERSON, " Dos");
    MUST_ANSWER(201, call(&served, "POST", path, person->token, body));
    advance_to(&served, NOON_US + TN_MINUTE_US);
    assert_true(wait_until_says(&served, "/v1/days/2024-06-03", NULL, "\"state\":\"open\""));
    (void) snprintf(path, sizeof(path), "%s/requests", person->path);
    MUST_ANSWER(201, call(&served, "POST", path, person->token,
                          "{\"ports\":[2504]," WHERE ",\"nationality\":\"XYZ\"}"));
    (void) call(&served, "POST", path, person->token,
                "{\"ports\":[2504]," WHERE ",\"zqmarkunknownzq\":\"Zqmarkgivenzq\"}");
    advance_to(&served, NOON_US + TN_DAY_US + TN_MINUTE_US);
    assert_true(wait_until_says(&served, "/v1/days/2024-06-03", NULL, "\"state\":\"completed\""));
    MUST_ANSWER(200, call(&served, "GET", person->path, person->token, NULL));
    assert_clean("a registration", reply.body, reply.body_size);
    memcpy(offer, strstr(reply.body, "\"offer\":{\"offer\":\"") + 18, 32);
    offer[32] = '\0';
    (void) snprintf(path, sizeof(path), "%s/offers/%s/accept", person->path, offer);
    MUST_ANSWER(200, call(&served, "POST", path, person->token, NULL));
    member("confirmation_number", number, sizeof(number));
    for (size_t i = 0, at = 0; number[i] != '\0'; i++) {
        if (number[i] != '-') {
            number_plain[at++] = number[i];
        }
    }
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

static void look_at_them(const struct person_account *person)
{
    char id[33];
    char body[256];
    char path[128];

    add_officer(&served, "zqmarkofficer", "officer", 0, id, officer_token);
    (void) snprintf(body, sizeof(body),
                    "{\"confirmation_number\":\"%s\",\"date_of_birth\":\"1963-11-07\","
                    "\"purpose\":\"entry\"}",
                    number);
    MUST_ANSWER(200, call(&served, "POST", "/v1/validations", officer_token, body));
    assert_true(says("\"matched\":true"));
    MUST_ANSWER(404, call(&served, "GET", "/v1/zqmarkpathzq", NULL, NULL));
    MUST_ANSWER(403, call(&served, "GET", "/v1/registrations/zqmarkpathzq", person->token, NULL));
    MUST_ANSWER(
        200, call_on(served.client, "GET", "/v1/policy", NULL, "X-Name: zqmarkheaderzq\r\n", NULL));
    MUST_ANSWER(400, call(&served, "GET", "/v1/events?zqmarkpathzq=1", NULL, NULL));
    (void) snprintf(path, sizeof(path), "%s/history", person->path);
    MUST_ANSWER(200, call(&served, "GET", path, person->token, NULL));
    assert_clean("a history", reply.body, reply.body_size);
    /* The one answer that shows them what they gave: to its owner, opened from the vault. */
    (void) snprintf(path, sizeof(path), "%s/proofs", person->path);
    MUST_ANSWER(401, call(&served, "GET", path, "0123456789abcdef", NULL));
    assert_clean("proofs for a stranger", reply.body, reply.body_size);
    MUST_ANSWER(200, call(&served, "GET", path, person->token, NULL));
    assert_proofs_open(marks[0]);
    (void) snprintf(path, sizeof(path), "%s/accesses", person->path);
    MUST_ANSWER(200, call(&served, "GET", path, person->token, NULL));
    assert_clean("accesses", reply.body, reply.body_size);
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
    struct tn_log_head head;
    struct tn_error error = {0};
    char path[64];

    tn_log_head(served.place.ledger->log, &head);
    MUST(tn_log_scan(served.place.ledger->log, 0, head.size, look_at_entry, NULL, &error), &error);
    MUST_ANSWER(200, call(&served, "GET", "/v1/events?limit=1000", NULL, NULL));
    assert_clean("events", reply.body, reply.body_size);
    MUST_ANSWER(200, call(&served, "GET", "/v1/days/2024-06-03/draw", NULL, NULL));
    assert_clean("a transcript", reply.body, reply.body_size);
    for (unsigned i = 0; i < 100; i++) {
        (void) snprintf(path, sizeof(path), "/log/tile/entries/000.p/%llu",
                        (unsigned long long) head.size);
        if (call(&served, "GET", path, NULL, NULL) == 200) {
            break;
        }
        client_sleep_ms(50);
    }
    assert_int_equal(reply.status, 200);
    assert_clean("a bundle", reply.body, reply.body_size);
    MUST_ANSWER(200, call(&served, "GET", "/metrics", NULL, NULL));
    assert_clean("metrics", reply.body, reply.body_size);
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
    struct person_account person;

    (void) state;
    listen_begin();
    served_open(&served, MORNING_US, true);
    register_marked(&person);
    ask_and_be_drawn(&person);
    look_at_them(&person);
    look_at_served();
    client_close(served.client);
    client_close(served.local);
    tn_service_close(served.service);
    place_close(&served.place);
    listen_end();
    assert_clean("standard error", spoken, spoken_size);
    free(spoken);
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
        cmocka_unit_test(no_personal_value_leaves_the_vault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
