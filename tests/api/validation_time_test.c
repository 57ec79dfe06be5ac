/* R17 over real HTTP: how long an answer takes does not say which one it is. No speed is asked for:
 * the kinds of question take turns, and the times of each are compared with those of a genuine
 * number's by rank, so that a slow or busy machine is slow for all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "tests/api/service_support.h"

#define ROUNDS 240u
#define WARM_UP 20u
#define ATTEMPTS 4u
/* How often a genuine number's answer takes longer than another's, in thousandths: 500 when nothing
 * tells them apart. With 240 times of each its standard deviation is 26 by chance alone. */
#define LONGER_MIN 370u
#define LONGER_MAX 630u

enum { GENUINE, WRONG_DATE, NEVER_ISSUED, LEFT, FORGED, KINDS };

static const char *const labels[KINDS] = {"genuine", "wrong date", "never issued",
                                          "of a member who left", "forged"};

static struct served served;
static char officer_token[65];
static char bodies[KINDS][256];
static uint64_t times_us[KINDS][ROUNDS];

static void get_offer(const struct person_account *group, char offer[static 33])
{
    const char *at;

    MUST_ANSWER(200, call(&served, "GET", group->path, group->token, NULL));
    at = strstr(reply.body, "\"offer\":{\"offer\":\"");
    assert_non_null(at);
    memcpy(offer, at + 18, 32);
    offer[32] = '\0';
}

/* The second member leaves: what is left of them is what erasure leaves. */
static void second_member_leaves(const struct person_account *group)
{
    char path[160];
    char by[64];
    char id[33] = "";
    const char *at;

    MUST_ANSWER(200, call(&served, "GET", group->path, group->token, NULL));
    for (at = strstr(reply.body, "\"member\":\""); at; at = strstr(at + 10, "\"member\":\"")) {
        memcpy(id, at + 10, 32);
    }
    (void) snprintf(path, sizeof(path), "%s/members/%s", group->path, id);
    (void) snprintf(by, sizeof(by), "{\"by\":\"%s\"}", id);
    MUST_ANSWER(200, call(&served, "DELETE", path, group->token, by));
}

static void make_appointment(char number[static 16])
{
    struct person_account group;
    char path[192];
    char offer[33];

    MUST_ANSWER(201, call(&served, "POST", "/v1/registrations", NULL,
                          "{\"members\":[{\"given_names\":\"Persona Uno\",\"family_names\":"
                          "\"De Prueba\",\"date_of_birth\":\"1980-01-15\",\"nationality\":\"XYZ\"},"
                          "{\"given_names\":\"Persona Dos\",\"family_names\":\"De Prueba\","
                          "\"date_of_birth\":\"1981-02-16\",\"nationality\":\"XYZ\"}],"
                          "\"destination\":\"1 Calle Inventada\"}"));
    account_of_reply(&group);
    advance_to(&served, NOON_US + TN_MINUTE_US);
    assert_true(wait_until_says(&served, "/v1/days/2024-06-03", NULL, "\"state\":\"open\""));
    (void) snprintf(path, sizeof(path), "%s/requests", group.path);
    MUST_ANSWER(201, call(&served, "POST", path, group.token,
                          "{\"ports\":[2504],\"location\":{\"lat\":19.4326,\"lon\":-99.1332}}"));
    advance_to(&served, NOON_US + TN_DAY_US + TN_MINUTE_US);
    assert_true(wait_until_says(&served, "/v1/days/2024-06-03", NULL, "\"state\":\"completed\""));
    get_offer(&group, offer);
    (void) snprintf(path, sizeof(path), "%s/offers/%s/accept", group.path, offer);
    MUST_ANSWER(200, call(&served, "POST", path, group.token, NULL));
    member("confirmation_number", number, 16);
    second_member_leaves(&group);
}

static int setup(void **state)
{
    char number[16];
    char officer[33];

    (void) state;
    served_open(&served, MORNING_US, true);
    make_appointment(number);
    add_officer(&served, "alguien", "officer", 0, officer, officer_token);
    for (size_t kind = 0; kind < KINDS; kind++) {
        const char *asked = kind == NEVER_ISSUED ? "7K3Q-F9X2-MHDY"
                            : kind == FORGED     ? "0000-0000-0007"
                                                 : number;
        const char *birth = kind == WRONG_DATE ? "1980-01-16"
                            : kind == LEFT     ? "1981-02-16"
                                               : "1980-01-15";

        (void) snprintf(bodies[kind], sizeof(bodies[kind]),
                        "{\"confirmation_number\":\"%s\",\"date_of_birth\":\"%s\","
                        "\"purpose\":\"entry\"}",
                        asked, birth);
    }
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    served_close(&served);
    return 0;
}

static uint64_t ask(size_t kind)
{
    uint64_t begun_us = tn_clock_monotonic_us();
    uint64_t took_us;

    MUST_ANSWER(200, call(&served, "POST", "/v1/validations", officer_token, bodies[kind]));
    took_us = tn_clock_monotonic_us() - begun_us;
    assert_true(says("\"matched\":true") == (kind == GENUINE));
    return took_us;
}

/* Each round asks every kind once, in an order that goes through all rotations. */
static void measure(void)
{
    for (size_t round = 0; round < WARM_UP + ROUNDS; round++) {
        for (size_t turn = 0; turn < KINDS; turn++) {
            size_t kind = (turn * (1 + round % (KINDS - 1)) + round) % KINDS;
            uint64_t took_us = ask(kind);

            if (round >= WARM_UP) {
                times_us[kind][round - WARM_UP] = took_us;
            }
        }
    }
}

/* Of all pairs of a genuine number's time and one of `kind`, in how many thousandths the first is
 * longer (the statistic of Mann and Whitney). Ties count half. */
static unsigned longer(size_t kind)
{
    uint64_t halves = 0;

    for (size_t i = 0; i < ROUNDS; i++) {
        for (size_t j = 0; j < ROUNDS; j++) {
            halves += times_us[GENUINE][i] > times_us[kind][j]    ? 2u
                      : times_us[GENUINE][i] == times_us[kind][j] ? 1u
                                                                  : 0u;
        }
    }
    return (unsigned) (halves * 1000 / (2ull * ROUNDS * ROUNDS));
}

static void R17_the_time_of_an_answer_does_not_say_which_it_is(void **state)
{
    unsigned shares[KINDS] = {0};
    bool alike = false;

    (void) state;
    for (unsigned attempt = 0; attempt < ATTEMPTS && !alike; attempt++) {
        measure();
        alike = true;
        for (size_t kind = WRONG_DATE; kind < KINDS; kind++) {
            shares[kind] = longer(kind);
            alike = alike && shares[kind] >= LONGER_MIN && shares[kind] <= LONGER_MAX;
        }
    }
    for (size_t kind = WRONG_DATE; kind < KINDS; kind++) {
        print_message("genuine takes longer than %s in %u of 1000 pairs\n", labels[kind],
                      shares[kind]);
    }
    assert_true(alike);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R17_the_time_of_an_answer_does_not_say_which_it_is),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
