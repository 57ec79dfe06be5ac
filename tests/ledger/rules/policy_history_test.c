/* The shipped history: its dates and values, and the file that people read. */
#include "ledger/rules/policy_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "tests/ledger/base/unit.h"

#define FILE_NAME "ledger/rules/policies/cbp-one.json"

static const struct {
    unsigned year, month, date;
    enum tn_policy_method method;
    const char *zone;
    uint32_t opens, closes, horizon, seats, zone_version, domains;
    bool destination;
    bool ends;
} rows[TN_POLICY_HISTORY_COUNT] = {
    {2023, 1, 12, TN_METHOD_FIRST_COME, "America/Los_Angeles", 480, 1440, 14, 740, 1, 0, false,
     false},
    {2023, 5, 10, TN_METHOD_DRAW, "America/New_York", 720, 2100, 21, 740, 1, 0, false, false},
    {2023, 5, 12, TN_METHOD_DRAW, "America/New_York", 720, 2100, 21, 1000, 1, 0, false, false},
    {2023, 6, 1, TN_METHOD_DRAW, "America/New_York", 720, 2100, 21, 1250, 1, 0, false, false},
    {2023, 7, 1, TN_METHOD_DRAW, "America/New_York", 720, 2100, 21, 1450, 1, 0, false, false},
    {2024, 3, 4, TN_METHOD_DRAW, "America/New_York", 720, 1440, 21, 1450, 1, 0, true, false},
    {2024, 8, 23, TN_METHOD_DRAW, "America/New_York", 720, 1440, 21, 1450, 2, 1, true, false},
    {2025, 1, 20, TN_METHOD_DRAW, "America/New_York", 720, 1440, 21, 1450, 2, 1, true, true},
};

static void every_change_of_a_parameter_is_a_version(void **state)
{
    (void) state;
    for (size_t i = 0; i < TN_POLICY_HISTORY_COUNT; i++) {
        struct tn_policy p;
        struct tn_error error = {0};
        enum tn_civil_kind kind = TN_CIVIL_UNIQUE;
        uint64_t midnight_us = 0;
        tn_policy_history(i, &p);
        assert_int_equal(tn_policy_validate(&p, &error), TN_OK);
        assert_int_equal(p.version, i + 1);
        assert_int_equal(
            tn_civil_instant("America/New_York",
                             tn_day_from_date(rows[i].year, rows[i].month, rows[i].date), 0,
                             &midnight_us, &kind),
            TN_OK);
        assert_int_equal(p.effective_us, midnight_us);
        assert_int_equal(p.method, rows[i].method);
        assert_string_equal(p.window.zone, rows[i].zone);
        assert_int_equal(p.window.opens_minute, rows[i].opens);
        assert_int_equal(p.window.closes_minute, rows[i].closes);
        assert_int_equal(p.horizon_days, rows[i].horizon);
        assert_int_equal(p.seats_per_day, rows[i].seats);
        assert_int_equal(p.zone.version, rows[i].zone_version);
        assert_int_equal(p.validation.domain_count, rows[i].domains);
        assert_int_equal(p.group_shares_destination, rows[i].destination);
        assert_int_equal(p.programme_end_us != 0, rows[i].ends);
        assert_int_equal(p.notice_min_days, 3);
        assert_int_equal(p.size_max, 10);
        assert_int_equal(p.slot_count, 8);
        assert_int_equal(p.slots[0], 480);
        assert_int_equal(p.slots[7], 900);
        assert_int_equal(p.language_count, 5);
        if (p.method == TN_METHOD_DRAW) {
            assert_int_equal(p.share_ppm, 300000);
            assert_int_equal(p.confirm_us, 23 * TN_HOUR_US);
            assert_int_equal(p.draw.day_offset, 1);
            assert_int_equal(p.draw.minute, 720);
        }
    }
}

static void the_programme_ends_at_noon(void **state)
{
    (void) state;
    struct tn_policy p;
    char text[28];
    tn_policy_history(TN_POLICY_HISTORY_COUNT - 1, &p);
    tn_instant_format(p.programme_end_us, text);
    assert_string_equal(text, "2025-01-20T17:00:00.000000Z");
}

static bool noted(size_t index, const char *member)
{
    struct tn_policy_note notes[TN_POLICY_HISTORY_NOTES_MAX];
    size_t count = tn_policy_history_notes(index, notes);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(notes[i].member, member) == 0) {
            return true;
        }
    }
    return false;
}

static void doubtful_values_are_marked(void **state)
{
    (void) state;
    const char *members[] = {"notice_min_days",   "size_max",          "slots",
                             "ports.2402.weight", "ports.2305.weight", "ports.2503.weight",
                             "ports.2303.weight", "ports.2304.weight"};
    for (size_t i = 0; i < TN_POLICY_HISTORY_COUNT; i++) {
        for (size_t j = 0; j < TN_ARRAY_SIZE(members); j++) {
            assert_true(noted(i, members[j]));
        }
        assert_false(noted(i, "ports.2504.weight"));
        assert_int_equal(noted(i, "draw.share_ppm"), i >= TN_POLICY_HISTORY_FIRST_RUNNABLE);
        assert_int_equal(noted(i, "seats_per_day"), i < 2);
    }
}

static void laredo_was_suspended(void **state)
{
    (void) state;
    size_t count = 0;
    const struct tn_policy_incident *incidents = tn_policy_history_incidents(&count);
    uint64_t midnight_us = 0;
    enum tn_civil_kind kind = TN_CIVIL_UNIQUE;

    assert_int_equal(count, 1);
    assert_int_equal(incidents[0].port, 2304);
    assert_int_equal(
        tn_civil_instant("America/Chicago", tn_day_from_date(2023, 6, 3), 0, &midnight_us, &kind),
        TN_OK);
    assert_int_equal(incidents[0].at_us, midnight_us);
    assert_int_equal(incidents[0].resumed_us, 0);
}

static void a_new_ledger_starts_with_the_last_rules(void **state)
{
    (void) state;
    struct tn_policy p;
    tn_policy_initial(1700000000000000, &p);
    assert_int_equal(tn_policy_check_next(NULL, &p, 1700000000000000, NULL), TN_OK);
    assert_int_equal(p.version, 1);
    assert_int_equal(p.effective_us, 1700000000000000);
    assert_int_equal(p.seats_per_day, 1450);
    assert_int_equal(p.zone.version, 2);
    assert_int_equal(p.programme_end_us, 0);
}

static struct tn_bytes read_file(void)
{
    static char text[TN_POLICY_HISTORY_JSON_MAX];
    FILE *file = fopen(FILE_NAME, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof(text), file);
    assert_int_equal(fclose(file), 0);
    return tn_bytes(text, size);
}

/* TURNO_UPDATE=1 writes the file anew after the table was changed. */
static void the_file_is_the_table(void **state)
{
    (void) state;
    struct tn_buffer out;
    tn_buffer_init(&out, TN_POLICY_HISTORY_JSON_MAX);
    assert_int_equal(tn_policy_history_write_json(&out), TN_OK);
    if (getenv("TURNO_UPDATE") != NULL) {
        FILE *file = fopen(FILE_NAME, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(out.data, 1, out.size, file), out.size);
        assert_int_equal(fclose(file), 0);
    }
    assert_true(tn_bytes_equal(read_file(), tn_buffer_view(&out)));
    tn_buffer_close(&out);
}

static void a_small_buffer_is_full(void **state)
{
    (void) state;
    struct tn_buffer out;
    tn_buffer_init(&out, 1000);
    assert_int_equal(tn_policy_history_write_json(&out), TN_FULL);
    tn_buffer_close(&out);
}

static void an_invalid_policy_has_no_json(void **state)
{
    (void) state;
    struct tn_policy p;
    struct tn_buffer out;
    tn_policy_history(3, &p);
    p.ports[0].name[0] = '"';
    tn_buffer_init(&out, 65536);
    assert_int_equal(tn_policy_write_json(&p, NULL, 0, 0, &out), TN_INVALID);
    assert_int_equal(out.size, 0);
    tn_buffer_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_of_a_parameter_is_a_version),
        cmocka_unit_test(the_programme_ends_at_noon),
        cmocka_unit_test(doubtful_values_are_marked),
        cmocka_unit_test(laredo_was_suspended),
        cmocka_unit_test(a_new_ledger_starts_with_the_last_rules),
        cmocka_unit_test(the_file_is_the_table),
        cmocka_unit_test(a_small_buffer_is_full),
        cmocka_unit_test(an_invalid_policy_has_no_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
