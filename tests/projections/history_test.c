/* Random histories: every promise is checked after every event, and at the end the whole log is
 * decided and folded again (P4, P6). TURNO_HISTORY_COMMANDS sets another length,
 * TURNO_HISTORY_SEED is added to the seeds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "tests/projections/harness/harness.h"

#define PERSONS 2500u
#define COMMANDS 30000u

struct driver {
    struct harness harness;
    uint64_t state; /* of the numbers */
    uint64_t registrations;
    uint64_t time_us;
    uint32_t version; /* of the newest policy */
    uint64_t officers;
    uint64_t policy_us; /* when the newest applies */
};

/* splitmix64 */
static uint64_t below(struct driver *driver, uint64_t bound)
{
    uint64_t z = (driver->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % bound;
}

static bool chance(struct driver *driver, uint64_t percent)
{
    return below(driver, 100) < percent;
}

static uint64_t some_port(struct driver *driver)
{
    static const uint64_t ports[] = {PORT_A, PORT_A, PORT_B, PORT_B, PORT_C};

    return chance(driver, 99) ? ports[below(driver, TN_ARRAY_SIZE(ports))]
                              : below(driver, 1u << 20);
}

static uint64_t some_group(struct driver *driver)
{
    return chance(driver, 99) && driver->registrations > 0
               ? 1 + below(driver, driver->registrations)
               : below(driver, UINT64_C(1) << 40);
}

static const struct shadow_group *group_number(struct driver *driver, uint64_t registration)
{
    uint8_t id[TN_ID_SIZE];

    make_id(id, 'r', registration);
    return shadow_find_group(&driver->harness.shadow, id);
}

static uint64_t some_member(struct driver *driver, uint64_t registration)
{
    const struct shadow_group *group = group_number(driver, registration);

    if (!group || group->count == 0 || chance(driver, 2)) {
        return 1 + below(driver, PERSONS);
    }
    return id_number(group->persons[below(driver, group->count)]);
}

/* Mostly somebody who is in no live group. */
static uint64_t some_person(struct driver *driver)
{
    uint64_t person = 0;

    for (unsigned tries = 0; tries < 8; tries++) {
        uint8_t id[TN_ID_SIZE];

        person = 1 + below(driver, PERSONS);
        make_id(id, 'p', person);
        if (!shadow_is_placed(&driver->harness.shadow, id)) {
            break;
        }
    }
    return person;
}

/* A registration that holds something in `state`, mostly; `date` not 0: for that date. */
static uint64_t some_holder(struct driver *driver, enum shadow_offer_state state, uint64_t date)
{
    const struct shadow *shadow = &driver->harness.shadow;
    size_t recent = shadow->offer_count < 250 ? shadow->offer_count : 250;

    for (unsigned tries = 0; recent > 0 && tries < 60; tries++) {
        const struct shadow_offer *offer =
            &shadow->offers[shadow->offer_count - 1 - below(driver, recent)];

        if (offer->state == state && (date == 0 || offer->runs[0].date == date)) {
            return id_number(shadow->groups[offer->group].id);
        }
    }
    return some_group(driver);
}

/* ---- one command each ---- */

static void act_register(struct driver *driver)
{
    uint64_t persons[9];
    size_t count = 1 + below(driver, chance(driver, 90) ? 4 : 8);

    for (size_t i = 0; i < count; i++) {
        persons[i] = some_person(driver);
    }
    if (do_register(&driver->harness, driver->registrations + 1, persons,
                    chance(driver, 99) ? count : 0, driver->time_us) == TN_REFUSAL_NONE) {
        driver->registrations++;
    }
}

static void act_group(struct driver *driver)
{
    struct harness *harness = &driver->harness;
    uint64_t registration = chance(driver, 30) ? some_holder(driver, SHADOW_CONFIRMED, 0)
                                               : some_group(driver);
    uint64_t person = some_person(driver);
    uint64_t member;

    switch (below(driver, 9)) {
    case 0:
    case 1:
    case 2:
        (void) do_add(harness, registration, person, is_adult(person), driver->time_us);
        break;
    case 3:
    case 4:
        member = some_member(driver, registration);
        (void) do_remove(harness, registration, member,
                         chance(driver, 70) ? member : some_member(driver, registration),
                         driver->time_us);
        break;
    case 5:
        (void) do_withdraw(harness, registration, driver->time_us);
        break;
    case 6:
    case 7:
        (void) do_restore(harness, registration, driver->time_us);
        break;
    default:
        /* Places are three: most pairs differ. */
        (void) do_merge(harness, registration,
                        chance(driver, 80) && registration > 3 ? registration - 3
                                                               : some_group(driver),
                        driver->time_us);
        break;
    }
}

static void act_ask(struct driver *driver)
{
    struct harness *harness = &driver->harness;
    uint64_t ports[5];
    size_t count = 1 + below(driver, chance(driver, 95) ? 3 : 5);
    uint64_t registration = some_group(driver);

    for (size_t i = 0; i < count; i++) {
        ports[i] = i < 3 ? (uint64_t[]){PORT_A, PORT_B, PORT_C}[(i + registration) % 3]
                         : some_port(driver);
    }
    if (chance(driver, 8)) {
        ports[0] = some_port(driver);
    }
    (void) do_ask(harness, registration, ports, count, driver->time_us);
}

static void act_unask(struct driver *driver)
{
    struct tn_queue_row queue;

    tn_arena_reset(&driver->harness.arena);
    read_queue(&driver->harness, &queue);
    (void) do_unask(&driver->harness, some_group(driver),
                    chance(driver, 95) ? queue.last_day : below(driver, UINT64_MAX),
                    driver->time_us);
}

static void act_offer(struct driver *driver)
{
    struct harness *harness = &driver->harness;
    uint64_t what = below(driver, 20);

    if (what < 9) {
        (void) do_accept(harness, some_holder(driver, SHADOW_OPEN, 0), driver->time_us);
    } else if (what < 12) {
        (void) do_decline(harness, some_holder(driver, SHADOW_OPEN, 0), driver->time_us);
    } else {
        (void) do_cancel(harness, some_holder(driver, SHADOW_CONFIRMED, 0), driver->time_us);
    }
}

/* The date where the last port west is, some hours after midnight everywhere. */
static uint64_t date_now(const struct driver *driver)
{
    return (driver->time_us - 8 * TN_HOUR_US) / TN_DAY_US;
}

/* A date on which somebody was expected, mostly. */
static void close_port_day(struct driver *driver)
{
    const struct shadow *shadow = &driver->harness.shadow;
    uint64_t port = some_port(driver);
    uint64_t date = date_now(driver) - below(driver, 3);

    for (size_t i = shadow->offer_count; i-- > 0 && chance(driver, 99);) {
        if (shadow->offers[i].state == SHADOW_CONFIRMED &&
            shadow->offers[i].runs[0].date < date_now(driver)) {
            port = shadow->offers[i].port;
            date = shadow->offers[i].runs[0].date;
            break;
        }
    }
    (void) do_close_port_day(&driver->harness, port, date, driver->time_us);
}

static void act_port_day(struct driver *driver)
{
    struct harness *harness = &driver->harness;
    uint64_t registration;

    if (chance(driver, 30)) {
        close_port_day(driver);
        return;
    }
    registration = some_holder(driver, SHADOW_CONFIRMED, chance(driver, 25) ? date_now(driver) : 0);
    (void) do_arrive(harness, registration, some_member(driver, registration),
                     chance(driver, 85) ? TN_ARRIVAL_PRESENTED : TN_ARRIVAL_TURNED_AWAY,
                     driver->time_us);
}

static void act_validate(struct driver *driver)
{
    uint64_t registration = some_holder(driver, SHADOW_CONFIRMED, 0);
    uint64_t person = chance(driver, 70) ? some_member(driver, registration)
                                         : below(driver, PERSONS);

    (void) do_validate(&driver->harness, registration, person, driver->time_us);
}

static void act_port(struct driver *driver)
{
    struct harness *harness = &driver->harness;
    uint64_t date = date_now(driver);
    struct tn_seat_move moves[2];
    uint64_t what = below(driver, 10);

    if (what < 2) {
        (void) do_suspend(harness, some_port(driver), date + below(driver, 9) - 1, driver->time_us);
        return;
    }
    if (what < 6) {
        (void) do_resume_port(harness, some_port(driver), driver->time_us);
        return;
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(moves); i++) {
        moves[i] = (struct tn_seat_move){
            .port = some_port(driver),
            .date = date + below(driver, 8),
            .minute = 480 + 60 * below(driver, 4),
            .to_port = some_port(driver),
            .to_date = date + below(driver, 8) - 1,
            .to_minute = 480 + 60 * below(driver, 4),
            .seats = 1 + below(driver, 2),
        };
    }
    (void) do_reallocate(harness, moves, below(driver, 3), driver->time_us);
}

/* What the day that waits for its draw is missing; and now and then a new chain. */
static void act_source(struct driver *driver)
{
    struct harness *harness = &driver->harness;
    struct tn_queue_row queue;
    uint32_t witness = 1 + (uint32_t) below(driver, HARNESS_WITNESSES);

    harness_advance(harness, driver->time_us);
    tn_arena_reset(&harness->arena);
    read_queue(harness, &queue);
    if (below(driver, 600) < 1) {
        (void) do_replace_chain(harness, witness - 1,
                                driver->time_us / TN_DAY_US + 7 + below(driver, 4),
                                driver->time_us);
    } else if (chance(driver, 40)) {
        (void) do_beacon(harness, queue.undrawn_day, TN_BEACON_MANUAL,
                         tn_bytes_from_string(chance(driver, 95) ? "7.12.33." : "x"), NULL,
                         driver->time_us);
    } else {
        uint64_t day = chance(driver, 95) ? queue.undrawn_day : queue.last_day;

        (void) do_reveal(harness, witness, day, driver->time_us);
    }
}

static void act_policy(struct driver *driver)
{
    struct tn_policy policy;
    uint64_t effective_us = driver->time_us + 1 + below(driver, 3 * TN_DAY_US);

    if (driver->version >= 40) {
        return;
    }
    make_policy(&policy, driver->version + (chance(driver, 90) ? 1 : 2), effective_us);
    policy.share_ppm = (uint32_t) below(driver, 1000001);
    policy.seats_per_day = (uint32_t) (8 + below(driver, 30));
    policy.size_max = (uint32_t) (4 + below(driver, 3));
    policy.window.closes_minute = chance(driver, 50) ? 24 * 60 : 35 * 60;
    policy.group_shares_destination = chance(driver, 50);
    policy.packing = chance(driver, 40) ? TN_PACKING_HARD : TN_PACKING_STRADDLE;
    if (chance(driver, 60)) {
        bool beacon = chance(driver, 50);

        bind_policy(&policy, (uint32_t) (beacon ? 0 : 1) + (uint32_t) below(driver, 3),
                    beacon ? TN_BEACON_MANUAL : TN_BEACON_NONE);
    }
    policy.validation.detail = chance(driver, 50) ? TN_VALIDATION_ONE_PART
                                                  : TN_VALIDATION_TWO_PARTS;
    if (do_publish(&driver->harness, &policy, driver->time_us) == TN_REFUSAL_NONE) {
        driver->version = policy.version;
    }
}

static void act_capacity(struct driver *driver)
{
    struct tn_command command = command_by_operator(TN_COMMAND_publish_capacity, driver->time_us);
    struct tn_facts_publish_capacity *facts = &command.facts.publish_capacity_facts;
    struct tn_slot_capacity slots[2] = {{480, 3}, {660, 2}};
    struct tn_port_capacity port = {.port = some_port(driver), .slots = {slots, 2}};

    facts->date = date_now(driver) + 5 + below(driver, 4);
    port.ends_us = (facts->date + 1) * TN_DAY_US + 7 * TN_HOUR_US;
    facts->ports = (struct tn_port_capacity_list){&port, 1};
    facts->approvers = approvers();
    (void) harness_decide(&driver->harness, &command);
}

static void act_officer(struct driver *driver)
{
    struct tn_command command = command_by_operator(TN_COMMAND_enrol_officer, driver->time_us);

    if (chance(driver, 50)) {
        make_id(command.facts.enrol_officer_facts.officer, 'o', 50 + below(driver, 30));
        command.facts.enrol_officer_facts.role = TN_ROLE_OFFICER;
        memset(command.facts.enrol_officer_facts.token, 1, TN_HASH_SIZE);
    } else {
        command.kind = TN_COMMAND_suspend_officer;
        make_id(command.facts.suspend_officer_facts.officer, 'o', 50 + below(driver, 30));
    }
    (void) harness_decide(&driver->harness, &command);
}

/* What witnesses say is written down and changes no row. */
static struct tn_command witness_command(struct driver *driver)
{
    bool fork = chance(driver, 50);
    struct tn_command command = command_by_operator(
        fork ? TN_COMMAND_report_fork : TN_COMMAND_raise_alarm, driver->time_us);

    if (fork) {
        command.facts.report_fork_facts.status = 422;
        command.facts.report_fork_facts.told = below(driver, 100000);
    } else {
        command.facts.raise_alarm_facts.code = 1 + below(driver, TN_ALARM_LIMIT - 1);
    }
    return command;
}

static void act_witness(struct driver *driver)
{
    struct tn_command command = witness_command(driver);

    (void) harness_decide(&driver->harness, &command);
}

/* The machine was down: nothing was emitted, and whoever resumes may give the time back. Meanwhile
 * what witnesses say is written down. */
static void act_pause(struct driver *driver)
{
    struct tn_command command;
    uint64_t heartbeat_us = driver->time_us;

    harness_advance(&driver->harness, heartbeat_us);
    driver->time_us += below(driver, 14 * TN_HOUR_US);
    if (chance(driver, 50)) {
        command = witness_command(driver);
        (void) harness_decide_paused(&driver->harness, &command);
    }
    command = command_by_operator(TN_COMMAND_resume_deadlines, driver->time_us);
    command.facts.resume_deadlines_facts.extend = below(driver, 2);
    command.facts.resume_deadlines_facts.last_heartbeat_us = heartbeat_us;
    (void) harness_decide_paused(&driver->harness, &command);
}

static void act(struct driver *driver)
{
    static const struct {
        unsigned weight;
        void (*act)(struct driver *driver);
    } acts[] = {
        {90, act_register}, {120, act_group},   {460, act_ask},      {20, act_unask},
        {70, act_offer},    {90, act_port_day}, {140, act_validate}, {10, act_port},
        {2, act_policy},    {2, act_capacity},  {2, act_officer},    {2, act_pause},
        {6, act_witness},   {40, act_source},
    };
    uint64_t pick = below(driver, 1054);
    size_t i = 0;

    while (pick >= acts[i].weight) {
        pick -= acts[i++].weight;
    }
    acts[i].act(driver);
}

static void step(struct driver *driver)
{
    uint64_t kind = below(driver, 200);

    if (kind < 1) {
        driver->time_us += below(driver, 5 * TN_HOUR_US);
    } else if (kind < 30) {
        driver->time_us += below(driver, 12 * TN_MINUTE_US);
    } else if (kind < 190) {
        driver->time_us += below(driver, 3 * TN_MINUTE_US);
    }
    driver->harness.late = chance(driver, 20);
    act(driver);
    driver->time_us = driver->harness.now_us > driver->time_us ? driver->harness.now_us
                                                               : driver->time_us;
}

static uint64_t commands_wanted(void)
{
    const char *text = getenv("TURNO_HISTORY_COMMANDS");

    return text ? strtoull(text, NULL, 10) : COMMANDS;
}

/* How often each kind came up in all histories. */
static uint64_t kinds_seen[TN_KIND_LIMIT];

static void count_kinds(struct driver *driver)
{
    const struct tn_kind *kind;

    for (size_t i = 0; (kind = tn_kind_at(i)) != NULL; i++) {
        uint64_t last;

        kinds_seen[kind->number] +=
            count_kind(&driver->harness, (enum tn_kind_number) kind->number, &last);
    }
}

static void run_history(uint64_t seed)
{
    struct driver *driver = calloc(1, sizeof(*driver));
    struct tn_policy policy;
    uint64_t commands = commands_wanted();
    uint64_t decided = 0;
    uint64_t left_out = 0;
    uint64_t refused = 0;
    char words[480];
    /* Both changes of the clocks lie within some of the histories. */
    uint64_t start_us = (19640 + seed % 5 * 27) * TN_DAY_US + 15 * TN_HOUR_US;

    assert_non_null(driver);
    driver->state = seed;
    driver->time_us = start_us;
    driver->version = 1;
    harness_open(&driver->harness);
    make_policy(&policy, 1, start_us);
    harness_found(&driver->harness, &policy, start_us);
    for (uint32_t witness = 1; witness <= HARNESS_WITNESSES; witness++) {
        assert_int_equal(
            do_anchor(&driver->harness, witness, start_us / TN_DAY_US - witness, start_us),
            TN_REFUSAL_NONE);
    }
    while (driver->harness.commands < commands) {
        step(driver);
    }
    shadow_check_all(&driver->harness.shadow);
    count_kinds(driver);
    for (size_t i = 1; i < TN_REFUSAL_LIMIT; i++) {
        refused += driver->harness.refusals[i];
        if (getenv("TURNO_HISTORY_REFUSALS")) {
            print_message("%s %" PRIu64 "\n", tn_refusal_name(i), driver->harness.refusals[i]);
        }
    }
    print_message("seed %" PRIu64 ": %" PRIu64 " commands (%" PRIu64 " refused), %" PRIu64
                  " events, %.0f days, %zu groups, %zu offers, %" PRIu64 " pooled, %" PRIu64
                  " rows compared\n",
                  seed, driver->harness.commands, refused, driver->harness.next_index,
                  (double) (driver->time_us - start_us) / (double) TN_DAY_US,
                  driver->harness.shadow.group_count, driver->harness.shadow.offer_count,
                  driver->harness.shadow.pooled, driver->harness.shadow.checks);
    if (!harness_replay(&driver->harness, &decided, words, sizeof(words))) {
        fail_msg("%s", words);
    }
    if (!harness_replay_sample(&driver->harness, &left_out, words, sizeof(words))) {
        fail_msg("in a sample: %s", words);
    }
    print_message("seed %" PRIu64 ": %" PRIu64 " decisions came out the same, also where %" PRIu64
                  " were left out\n",
                  seed, decided, left_out);
    harness_close(&driver->harness);
    free(driver);
}

static void history_keeps_every_promise(void **state)
{
    const char *other = getenv("TURNO_HISTORY_SEED");

    run_history(*(const uint64_t *) *state + (other ? strtoull(other, NULL, 10) : 0));
}

/* Runs last: what is not in them was not checked. */
static void histories_have_every_kind_in_them(void **state)
{
    const struct tn_kind *kind;

    (void) state;
    for (size_t i = 0; (kind = tn_kind_at(i)) != NULL; i++) {
        bool elsewhere = kind->number == TN_KIND_state_sealed; /* the desk's */

        if (kinds_seen[kind->number] == 0 && !elsewhere && commands_wanted() >= COMMANDS) {
            fail_msg("there is no %s in any history", kind->name);
        }
    }
}

int main(void)
{
    static uint64_t seeds[] = {1, 2, 3, 4, 5, 6};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(history_keeps_every_promise, &seeds[0]),
        cmocka_unit_test_prestate(history_keeps_every_promise, &seeds[1]),
        cmocka_unit_test_prestate(history_keeps_every_promise, &seeds[2]),
        cmocka_unit_test_prestate(history_keeps_every_promise, &seeds[3]),
        cmocka_unit_test_prestate(history_keeps_every_promise, &seeds[4]),
        cmocka_unit_test_prestate(history_keeps_every_promise, &seeds[5]),
        cmocka_unit_test(histories_have_every_kind_in_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
