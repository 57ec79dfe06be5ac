/* Accepting an offer with no key of one's own, over real HTTP, while a member leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/api/audit_support.h"
#include "tests/api/hold.h"
#include "tests/api/service_support.h"

static struct served served;
static struct client *second; /* another connection of the same person */

static int setup(void **state)
{
    (void) state;
    served_open(&served, MORNING_US, true);
    second = client_open(tn_service_port(served.service));
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    client_close(second);
    served_close(&served);
    return 0;
}

/* ---- groups that hold an offer ---- */

struct group {
    struct person_account account;
    char accept[160];
    char member[33]; /* the last */
};

static void register_group(unsigned number, struct group *group)
{
    char body[640];
    char path[96];

    (void) snprintf(body, sizeof(body),
                    "{\"members\":[{\"given_names\":\"Persona %u\",\"family_names\":\"De Prueba\","
                    "\"date_of_birth\":\"1980-01-15\",\"nationality\":\"XYZ\"},"
                    "{\"given_names\":\"Otra %u\",\"family_names\":\"De Prueba\","
                    "\"date_of_birth\":\"1981-02-16\",\"nationality\":\"XYZ\"}],"
                    "\"destination\":\"%u Calle Inventada\"}",
                    number, number, number);
    MUST_ANSWER(201, call(&served, "POST", "/v1/registrations", NULL, body));
    account_of_reply(&group->account);
    (void) snprintf(path, sizeof(path), "%s/requests", group->account.path);
    MUST_ANSWER(201, call(&served, "POST", path, group->account.token,
                          "{\"ports\":[2504],\"location\":{\"lat\":19.4326,\"lon\":-99.1332}}"));
}

static void read_group(struct group *group)
{
    const char *at;

    MUST_ANSWER(200, call(&served, "GET", group->account.path, group->account.token, NULL));
    at = strstr(reply.body, "\"offer\":{\"offer\":\"");
    assert_non_null(at);
    (void) snprintf(group->accept, sizeof(group->accept), "%s/offers/%.32s/accept",
                    group->account.path, at + 18);
    for (at = strstr(reply.body, "\"member\":\""); at; at = strstr(at + 10, "\"member\":\"")) {
        memcpy(group->member, at + 10, 32);
    }
}

/* ---- the desk held still ---- */

struct held_desk {
    struct hold hold;
    pthread_t thread;
    enum tn_status status;
};

/* On the desk's thread. */
static enum tn_status hold_desk(void *context)
{
    hold_here(context);
    return TN_OK;
}

static void *held_main(void *context)
{
    struct held_desk *held = context;

    held->status = tn_desk_at_rest(served.place.ledger->desk, hold_desk, &held->hold);
    return NULL;
}

static void held_begin(struct held_desk *held)
{
    hold_init(&held->hold);
    assert_int_equal(pthread_create(&held->thread, NULL, held_main, held), 0);
    hold_wait(&held->hold);
}

static void held_end(struct held_desk *held)
{
    hold_release(&held->hold);
    pthread_join(held->thread, NULL);
    hold_drop(&held->hold);
    assert_int_equal(held->status, TN_OK);
}

static bool wait_until_queued(uint64_t count)
{
    struct tn_desk_state state = {0};

    for (unsigned i = 0; i < 12000 && state.queued < count; i++) {
        client_sleep_ms(5);
        tn_desk_state(served.place.ledger->desk, &state);
    }
    return state.queued == count;
}

static void send_on(struct client *client, const char *method, const char *path,
                    const struct group *group, const char *fields, const char *body)
{
    char text[1024];

    (void) snprintf(text, sizeof(text),
                    "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n%s%s"
                    "Content-Length: %zu\r\n\r\n%s",
                    method, path, group->account.token, fields,
                    body[0] ? "Content-Type: application/json\r\n" : "", strlen(body), body);
    assert_true(client_send(client, text));
}

/* The last member leaves, and what is accepted was prepared a moment before; its answer is in
 * `reply`. */
static int accept_while_one_leaves(const struct group *group, const char *fields)
{
    struct held_desk held;
    char path[160];
    char by[64];
    bool queued;

    (void) snprintf(path, sizeof(path), "%s/members/%s", group->account.path, group->member);
    (void) snprintf(by, sizeof(by), "{\"by\":\"%s\"}", group->member);
    held_begin(&held);
    send_on(second, "DELETE", path, group, "", by);
    queued = wait_until_queued(1);
    send_on(served.client, "POST", group->accept, group, fields, "");
    queued = wait_until_queued(2) && queued;
    held_end(&held);
    assert_true(queued);
    MUST_ANSWER(200, client_reply(second, &reply, false));
    return client_reply(served.client, &reply, false);
}

/* ---- tests ---- */

static void accepting_again_without_a_key_decides_anew(void **state)
{
    static const char own_key[] = "Idempotency-Key: accept-1\r\n";
    struct group groups[2] = {0};
    char number[16];
    char again[16];

    (void) state;
    advance_to(&served, NOON_US + TN_MINUTE_US);
    assert_true(wait_until_says(&served, "/v1/days/2024-06-03", NULL, "\"state\":\"open\""));
    register_group(1, &groups[0]);
    register_group(2, &groups[1]);
    advance_to(&served, NOON_US + TN_DAY_US + TN_MINUTE_US);
    assert_true(wait_until_says(&served, "/v1/days/2024-06-03", NULL, "\"state\":\"completed\""));
    for (size_t i = 0; i < 2; i++) {
        read_group(&groups[i]);
        MUST_ANSWER(409, accept_while_one_leaves(&groups[i], i == 0 ? "" : own_key));
        assert_true(says("\"code\":\"members_changed\""));
    }
    MUST_ANSWER(200, call(&served, "POST", groups[0].accept, groups[0].account.token, NULL));
    member("confirmation_number", number, sizeof(number));
    MUST_ANSWER(200, call(&served, "POST", groups[0].accept, groups[0].account.token, NULL));
    member("confirmation_number", again, sizeof(again));
    assert_string_equal(again, number); /* what was done is found again */
    /* A key of one's own stands for what was answered first (P2). */
    MUST_ANSWER(409, call_on(served.client, "POST", groups[1].accept, groups[1].account.token,
                             own_key, NULL));
    assert_true(says("\"code\":\"members_changed\""));
    MUST_ANSWER(200, call(&served, "POST", groups[1].accept, groups[1].account.token, NULL));
    assert_audit_agrees(served.place.ledger->log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepting_again_without_a_key_decides_anew),
    };

    return cmocka_run_group_tests_name("accept", tests, setup, teardown);
}
