/* The constraints of a policy, and what is computed from it. */
#include "ledger/rules/policy.h"

#include <stdio.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/rules/policy_history.h"
#include "tests/ledger/base/unit.h"

static struct tn_policy first_runnable(void)
{
    struct tn_policy policy;
    tn_policy_history(TN_POLICY_HISTORY_FIRST_RUNNABLE, &policy);
    return policy;
}

/* --- constraints --- */

static void breaks(const char *words, const struct tn_policy *policy)
{
    struct tn_error error = {0};
    assert_int_equal(tn_policy_validate(policy, &error), TN_INVALID);
    if (strncmp(error.text, words, strlen(words)) != 0) {
        fail_msg("\"%s\" does not begin with \"%s\"", error.text, words);
    }
}

#define BREAK(words, statement)                                                                    \
    do {                                                                                           \
        struct tn_policy p = first_runnable();                                                     \
        assert_int_equal(tn_policy_validate(&p, NULL), TN_OK);                                     \
        statement;                                                                                 \
        breaks(words, &p);                                                                         \
    } while (0)

static void every_constraint_has_a_sentence(void **state)
{
    (void) state;
    BREAK("version", p.version = 0);
    BREAK("effective_us", p.effective_us = 0);
    BREAK("effective_us", p.effective_us = UINT64_MAX);
    BREAK("method", p.method = (enum tn_policy_method) 0);
    BREAK("method", p.method = (enum tn_policy_method) 3);
    BREAK("method", p.method = TN_METHOD_FIRST_COME);
    BREAK("window.zone", p.window.zone[0] = '\0');
    BREAK("window.zone", p.window.zone[3] = ' ');
    BREAK("window.zone", p.window.zone[30] = 'x');
    BREAK("window.zone", memset(p.window.zone, 'x', sizeof(p.window.zone)));
    BREAK("window.opens_minute", p.window.opens_minute = 1440);
    BREAK("window.closes_minute", p.window.closes_minute = 720);
    BREAK("window.closes_minute", p.window.closes_minute = 2161);
    BREAK("draw.zone", p.draw.zone[0] = '\0');
    BREAK("draw.day_offset", p.draw.day_offset = 8);
    BREAK("draw.minute", p.draw.minute = 1440);
    BREAK("draw.mode", p.draw.mode = 2);
    BREAK("draw.mode", p.draw.witness_wait_us = TN_HOUR_US);
    BREAK("draw.mode", p.draw.beacon = TN_BEACON_DRAND);
    BREAK("draw.beacon", p.draw.beacon = (enum tn_policy_beacon) 4);
    BREAK("draw.beacon_delay_us", p.draw.beacon_delay_us = TN_HOUR_US);
    BREAK("draw.witness_wait_us", p.draw.mode = 1);
    BREAK("draw: must not be before", p.draw.minute = 659);
    BREAK("draw: must not be before", p.draw.day_offset = 0);
    BREAK("share_ppm", p.share_ppm = 1000001);
    BREAK("packing", p.packing = (enum tn_policy_packing) 0);
    BREAK("packing", p.packing = (enum tn_policy_packing) 3);
    BREAK("confirm_us", p.confirm_us = 0);
    BREAK("confirm_us", p.confirm_us = TN_HOUR_US + 1);
    BREAK("confirm_from", p.confirm_from = (enum tn_policy_confirm_from) 0);
    BREAK("notice_min_days: an offer could lapse", p.notice_min_days = 2);
    BREAK("notice_min_days: an offer could lapse", p.confirm_us = 37 * TN_HOUR_US);
    BREAK("horizon_days", p.horizon_days = 0);
    BREAK("horizon_days", p.horizon_days = 367);
    BREAK("notice_min_days", p.notice_min_days = 22);
    BREAK("size_max", p.size_max = 0);
    BREAK("size_max", p.size_max = TN_POLICY_SIZE_MAX + 1);
    BREAK("choices_max", p.choices_max = 0);
    BREAK("choices_max", p.choices_max = 5);
    BREAK("adult_years", p.adult_years = 0);
    BREAK("moves_max", p.moves_max = 101);
    BREAK("photo_attempts", p.photo_attempts = 0);
    BREAK("ports: is 0", p.port_count = 0);
    BREAK("ports: is 17", p.port_count = 17);
    BREAK("ports.code", p.ports[2].code = 0);
    BREAK("ports.code", p.ports[2].code = 0xffff);
    BREAK("ports: code 2504 is given twice", p.ports[2].code = 2504);
    BREAK("ports.name", p.ports[0].name[2] = '"');
    BREAK("ports.name", p.ports[0].name[2] = '\\');
    BREAK("ports.name", p.ports[0].name[0] = '\0');
    BREAK("ports.zone", p.ports[7].zone[0] = '\0');
    BREAK("ports.weight", p.ports[7].weight = TN_POLICY_SEATS_MAX + 1);
    BREAK("ports: at least one weight", memset(p.ports, 0, sizeof(p.ports));
          memcpy(p.ports, (struct tn_policy_port[]){{1, "A", "UTC", 0}}, sizeof(p.ports[0]));
          p.port_count = 1);
    BREAK("seats_per_day", p.seats_per_day = 0);
    BREAK("seats_per_day", p.seats_per_day = TN_POLICY_SEATS_MAX + 1);
    BREAK("slots: is 0", p.slot_count = 0);
    BREAK("slots: is 49", p.slot_count = 49);
    BREAK("slots: is 1440", p.slots[7] = 1440);
    BREAK("slots: must be ascending", p.slots[7] = p.slots[6]);
    BREAK("zone version", p.zone.version = 0);
    BREAK("validation.detail", p.validation.detail = (enum tn_policy_validation_detail) 0);
    BREAK("validation.officer_per_minute", p.validation.officer_per_minute = 0);
    BREAK("validation.officer_per_day", p.validation.officer_per_day = 0);
    BREAK("validation.organisation_per_day", p.validation.organisation_per_day = 0);
    BREAK("validation.negative_weight", p.validation.negative_weight = 0);
    BREAK("validation.negatives_in_row", p.validation.negatives_in_row = 0);
    BREAK("validation.dates_per_number", p.validation.dates_per_number = 0);
    BREAK("validation.officers_per_number", p.validation.officers_per_number = 0);
    BREAK("validation.alarm_factor", p.validation.alarm_factor = 1);
    BREAK("validation.grant_days", p.validation.grant_days = 91);
    BREAK("validation.grant_idle_days", p.validation.grant_idle_days = 0);
    BREAK("validation.domains", p.validation.domain_count = 17);
    BREAK("validation.domains", p.validation.domain_count = 1);
    BREAK("languages", p.language_count = 0);
    BREAK("languages: en is given twice", memcpy(p.languages[4], "en", 3));
    BREAK("languages", p.languages[1][0] = '?');
    BREAK("programme_end_us", p.programme_end_us = p.effective_us);
    BREAK("programme_end_us", p.programme_end_us = UINT64_MAX);
}

static void domains_are_exact_names(void **state)
{
    (void) state;
    const struct {
        const char *domain;
        bool good;
    } rows[] = {
        {"inm.gob.mx", true},   {"a.b", true},         {"xn--mxico-bsa.mx", true},
        {"INM.gob.mx", false},  {"gob", false},        {".gob.mx", false},
        {"gob.mx.", false},     {"gob..mx", false},    {"-inm.mx", false},
        {"inm-.mx", false},     {"inm.-mx", false},    {"inm.mx-", false},
        {"@inm.gob.mx", false}, {"inm gob.mx", false}, {"*.gob.mx", false},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_policy p = first_runnable();
        p.validation.domain_count = 1;
        (void) snprintf(p.validation.domains[0], TN_POLICY_DOMAIN_SIZE, "%s", rows[i].domain);
        if ((tn_policy_validate(&p, NULL) == TN_OK) != rows[i].good) {
            fail_msg("%s", rows[i].domain);
        }
    }
    BREAK("validation.domains: must be ascending", p.validation.domain_count = 2;
          memcpy(p.validation.domains[0], "b.mx", 5); memcpy(p.validation.domains[1], "a.mx", 5));
}

static void a_bound_draw_names_its_waits(void **state)
{
    (void) state;
    struct tn_policy p = first_runnable();
    p.draw.mode = 1;
    p.draw.witness_wait_us = 30 * TN_MINUTE_US;
    breaks("draw.witnesses", &p); /* neither a witness nor a beacon */
    p.draw.witness_count = 2;
    p.draw.witnesses[0][0] = 2;
    p.draw.witnesses[1][0] = 1;
    breaks("draw.witnesses: must ascend", &p);
    p.draw.witnesses[1][0] = 3;
    assert_int_equal(tn_policy_validate(&p, NULL), TN_OK);
    p.draw.certificate[0] = 1;
    breaks("draw.certificate", &p);
    p.draw.certificate[0] = 0;
    p.draw.beacon = TN_BEACON_DRAND;
    breaks("draw.beacon_delay_us", &p);
    p.draw.beacon_delay_us = 15 * TN_MINUTE_US;
    assert_int_equal(tn_policy_validate(&p, NULL), TN_OK);
    p.draw.beacon_delay_us -= TN_MINUTE_US;
    breaks("draw.beacon_delay_us", &p);
    p.draw.beacon_delay_us += TN_MINUTE_US;
    p.draw.witness_count = 0; /* the beacon alone is a source */
    assert_int_equal(tn_policy_validate(&p, NULL), TN_OK);
    p.draw.beacon = TN_BEACON_NIST;
    breaks("draw.certificate", &p);
    p.draw.certificate[31] = 1;
    assert_int_equal(tn_policy_validate(&p, NULL), TN_OK);
}

/* --- what may run, and what may follow (R21) --- */

static void first_come_is_history(void **state)
{
    (void) state;
    struct tn_policy policy;
    struct tn_error error = {0};

    tn_policy_history(0, &policy);
    assert_int_equal(tn_policy_validate(&policy, &error), TN_OK);
    assert_int_equal(tn_policy_is_runnable(&policy, &error), TN_REFUSED);
    assert_non_null(strstr(error.text, "versions before 2023-05-10 are history"));
    assert_int_equal(tn_policy_check_next(NULL, &policy, 0, &error), TN_REFUSED);
    tn_policy_history(1, &policy);
    assert_int_equal(tn_policy_is_runnable(&policy, &error), TN_OK);
}

static void a_rule_applies_later_than_it_is_recorded(void **state)
{
    (void) state;
    struct tn_policy previous = first_runnable();
    struct tn_policy next = previous;
    uint64_t recorded_us = previous.effective_us + TN_DAY_US;

    next.version++;
    next.effective_us = recorded_us + 1;
    assert_int_equal(tn_policy_check_next(&previous, &next, recorded_us, NULL), TN_OK);
    next.effective_us = recorded_us;
    assert_int_equal(tn_policy_check_next(&previous, &next, recorded_us, NULL), TN_REFUSED);
    next.effective_us = recorded_us + 1;
    next.version++;
    assert_int_equal(tn_policy_check_next(&previous, &next, recorded_us, NULL), TN_REFUSED);
    next.version = previous.version;
    assert_int_equal(tn_policy_check_next(&previous, &next, recorded_us, NULL), TN_REFUSED);
    next.version = previous.version + 1;
    assert_int_equal(tn_policy_check_next(&previous, &next, 0, NULL), TN_OK);
    next.effective_us = previous.effective_us - 1;
    assert_int_equal(tn_policy_check_next(&previous, &next, 0, NULL), TN_REFUSED);
    assert_int_equal(tn_policy_check_next(NULL, &next, UINT64_MAX, NULL), TN_OK);
    next.size_max = 0;
    assert_int_equal(tn_policy_check_next(NULL, &next, 0, NULL), TN_INVALID);
}

static void a_zone_changes_only_with_its_version(void **state)
{
    (void) state;
    struct tn_policy previous = first_runnable();
    struct tn_policy next = previous;

    next.version++;
    next.effective_us++;
    next.zone.areas[0].points[60].lat_udeg -= 1000;
    assert_int_equal(tn_policy_validate(&next, NULL), TN_OK);
    assert_int_equal(tn_policy_check_next(&previous, &next, 0, NULL), TN_REFUSED);
    next.zone.version++;
    assert_int_equal(tn_policy_check_next(&previous, &next, 0, NULL), TN_OK);
    previous.zone.version = next.zone.version + 1;
    assert_int_equal(tn_policy_check_next(&previous, &next, 0, NULL), TN_REFUSED);
}

static void the_whole_history_may_be_published_in_order(void **state)
{
    (void) state;
    for (size_t i = TN_POLICY_HISTORY_FIRST_RUNNABLE; i < TN_POLICY_HISTORY_COUNT; i++) {
        struct tn_policy previous;
        struct tn_policy next;
        struct tn_error error = {0};
        tn_policy_history(i - 1, &previous);
        tn_policy_history(i, &next);
        assert_int_equal(tn_policy_check_next(&previous, &next, previous.effective_us, &error),
                         TN_OK);
    }
}

/* --- seats --- */

static void seats_go_by_largest_remainder(void **state)
{
    (void) state;
    struct tn_policy policy = first_runnable();
    uint32_t seats[TN_POLICY_PORTS_MAX];
    const struct {
        uint32_t total;
        uint32_t seats[8];
    } rows[] = {
        {1450, {385, 380, 200, 195, 100, 75, 60, 55}},
        /* 1,000: 265.517 262.069 137.931 134.483 68.966 51.724 41.379 37.931 */
        {1000, {266, 262, 138, 134, 69, 52, 41, 38}},
        /* 1,250: 331.897 327.586 172.414 168.103 86.207 64.655 51.724 47.414; the remainders of
         * El Paso and Laredo are equal, and El Paso stands first */
        {1250, {332, 328, 172, 168, 86, 65, 52, 47}},
        {1, {1, 0, 0, 0, 0, 0, 0, 0}},
        {2, {1, 1, 0, 0, 0, 0, 0, 0}},
        {TN_POLICY_SEATS_MAX, {265517, 262069, 137931, 134483, 68966, 51724, 41379, 37931}},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        policy.seats_per_day = rows[i].total;
        tn_policy_port_seats(&policy, seats);
        for (size_t j = 0; j < 8; j++) {
            assert_int_equal(seats[j], rows[i].seats[j]);
        }
        assert_true(tn_is_zero(seats + 8, sizeof(seats) - 8 * sizeof(seats[0])));
    }
}

static void seats_sum_to_the_total_and_ties_go_by_table_order(void **state)
{
    (void) state;
    struct tn_policy policy = first_runnable();
    uint32_t seats[TN_POLICY_PORTS_MAX];

    for (uint32_t total = 1; total <= 3000; total++) {
        uint32_t sum = 0;
        policy.seats_per_day = total;
        tn_policy_port_seats(&policy, seats);
        for (size_t i = 0; i < policy.port_count; i++) {
            uint64_t exact = (uint64_t) total * policy.ports[i].weight;
            assert_in_range(seats[i], exact / 1450, exact / 1450 + 1);
            sum += seats[i];
        }
        assert_int_equal(sum, total);
    }
    for (size_t i = 0; i < policy.port_count; i++) {
        policy.ports[i].weight = 7;
    }
    policy.ports[1].weight = 0;
    policy.seats_per_day = 10;
    tn_policy_port_seats(&policy, seats);
    const uint32_t want[8] = {2, 0, 2, 2, 1, 1, 1, 1};
    assert_memory_equal(seats, want, sizeof(want));
}

static void slots_are_even_and_the_first_takes_the_remainder(void **state)
{
    (void) state;
    uint32_t out[8];
    tn_policy_slot_seats(385, 8, out);
    assert_int_equal(out[0], 49);
    for (size_t i = 1; i < 8; i++) {
        assert_int_equal(out[i], 48);
    }
    tn_policy_slot_seats(7, 8, out);
    assert_int_equal(out[0], 7);
    assert_true(tn_is_zero(out + 1, 7 * sizeof(out[0])));
    tn_policy_slot_seats(0, 1, out);
    assert_int_equal(out[0], 0);
}

static void ports_are_found_by_code(void **state)
{
    (void) state;
    struct tn_policy policy = first_runnable();
    assert_int_equal(tn_policy_port_index(&policy, 2504), 0);
    assert_int_equal(tn_policy_port_index(&policy, 2304), 7);
    assert_int_equal(tn_policy_port_index(&policy, 0), -1);
    assert_int_equal(tn_policy_port_index(&policy, 0xffff), -1);
}

/* --- in force, deadlines --- */

static void the_last_begun_version_is_in_force(void **state)
{
    (void) state;
    static struct tn_policy a;
    static struct tn_policy b;
    static struct tn_policy c;
    a = (struct tn_policy){.version = 1, .effective_us = 100};
    b = (struct tn_policy){.version = 2, .effective_us = 200};
    c = (struct tn_policy){.version = 3, .effective_us = 200};
    const struct tn_policy *versions[] = {&c, &a, &b};
    assert_null(tn_policy_in_force(versions, 3, 99));
    assert_ptr_equal(tn_policy_in_force(versions, 3, 100), &a);
    assert_ptr_equal(tn_policy_in_force(versions, 3, 199), &a);
    assert_ptr_equal(tn_policy_in_force(versions, 3, 200), &c);
    assert_ptr_equal(tn_policy_in_force(versions, 3, UINT64_MAX), &c);
    assert_null(tn_policy_in_force(versions, 0, 200));
}

static void a_deadline_does_not_wrap(void **state)
{
    (void) state;
    struct tn_policy policy = first_runnable();
    assert_int_equal(tn_policy_offer_deadline(&policy, 5), 23 * TN_HOUR_US + 5);
    assert_true(tn_policy_offer_deadline(&policy, UINT64_MAX - 1) == UINT64_MAX);
}

static void names_cover_every_number(void **state)
{
    (void) state;
    assert_string_equal(tn_policy_method_name(TN_METHOD_FIRST_COME), "first_come");
    assert_string_equal(tn_policy_method_name(TN_METHOD_DRAW), "draw");
    assert_null(tn_policy_method_name((enum tn_policy_method) 9));
    assert_string_equal(tn_policy_packing_name(TN_PACKING_STRADDLE), "straddle");
    assert_string_equal(tn_policy_packing_name(TN_PACKING_HARD), "hard");
    assert_string_equal(tn_policy_confirm_from_name(TN_CONFIRM_FROM_DRAW), "draw");
    assert_string_equal(tn_policy_confirm_from_name(TN_CONFIRM_FROM_NOTICE), "notice");
    assert_string_equal(tn_policy_validation_detail_name(TN_VALIDATION_TWO_PARTS), "two_parts");
    assert_string_equal(tn_policy_validation_detail_name(TN_VALIDATION_ONE_PART), "one_part");
    assert_string_equal(tn_policy_beacon_name(TN_BEACON_NONE), "none");
    assert_string_equal(tn_policy_beacon_name(TN_BEACON_DRAND), "drand");
    assert_string_equal(tn_policy_beacon_name(TN_BEACON_NIST), "nist");
    assert_string_equal(tn_policy_beacon_name(TN_BEACON_MANUAL), "manual");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_constraint_has_a_sentence),
        cmocka_unit_test(domains_are_exact_names),
        cmocka_unit_test(a_bound_draw_names_its_waits),
        cmocka_unit_test(first_come_is_history),
        cmocka_unit_test(a_rule_applies_later_than_it_is_recorded),
        cmocka_unit_test(a_zone_changes_only_with_its_version),
        cmocka_unit_test(the_whole_history_may_be_published_in_order),
        cmocka_unit_test(seats_go_by_largest_remainder),
        cmocka_unit_test(seats_sum_to_the_total_and_ties_go_by_table_order),
        cmocka_unit_test(slots_are_even_and_the_first_takes_the_remainder),
        cmocka_unit_test(ports_are_found_by_code),
        cmocka_unit_test(the_last_begun_version_is_in_force),
        cmocka_unit_test(a_deadline_does_not_wrap),
        cmocka_unit_test(names_cover_every_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
