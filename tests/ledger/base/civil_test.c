#include "tests/ledger/base/unit.h"

#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"

#define NEW_YORK "America/New_York"
#define NOGALES "America/Phoenix"

static uint32_t day_of(const char *date)
{
    uint32_t day = 0;
    assert_int_equal(tn_date_parse(tn_bytes_from_string(date), &day), TN_OK);
    return day;
}

static void dates_count_every_day(void **state)
{
    (void) state;
    assert_int_equal(tn_day_from_date(1970, 1, 1), 0);
    assert_int_equal(tn_day_from_date(2000, 2, 29), 11016);
    assert_int_equal(tn_day_from_date(2024, 3, 9), 19791);
    assert_int_equal(tn_day_from_date(9999, 12, 31), 2932896);
    unsigned year = 1970;
    unsigned month = 1;
    unsigned date = 1;
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (uint32_t day = 0; year < 2410; day++) {
        unsigned got[3];
        tn_day_to_date(day, &got[0], &got[1], &got[2]);
        assert_true(got[0] == year && got[1] == month && got[2] == date);
        assert_int_equal(tn_day_from_date(year, month, date), day);
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        date++;
        if (date > days[month - 1] + (month == 2 && leap ? 1u : 0u)) {
            date = 1;
            month++;
        }
        if (month > 12) {
            month = 1;
            year++;
        }
    }
}

static void dates_are_parsed_strictly(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool good;
        bool good_birth;
    } rows[] = {
        {"1970-01-01", true, true},   {"2024-02-29", true, true},
        {"2023-02-29", false, false}, {"2100-02-29", false, false},
        {"2000-02-29", true, true},   {"1969-12-31", false, true},
        {"1850-01-01", false, true},  {"1849-12-31", false, false},
        {"9999-12-31", true, true},   {"2024-00-01", false, false},
        {"2024-13-01", false, false}, {"2024-04-31", false, false},
        {"2024-01-00", false, false}, {"2024-1-01", false, false},
        {"2024-01-1", false, false},  {"02024-01-1", false, false},
        {"2024/01/01", false, false}, {"2024-01-01 ", false, false},
        {"+024-01-01", false, false}, {"", false, false},
        {"20240101", false, false},   {"2024-01-0\xb2", false, false},
        {"1900-02-29", false, false}, {"1896-02-29", false, true},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_bytes text = tn_bytes_from_string(rows[i].text);
        uint32_t day = 7;
        bool good = tn_date_parse(text, &day) == TN_OK;
        if (good != rows[i].good || (!good && day != 0)) {
            fail_msg("date '%s'", rows[i].text);
        }
        uint32_t birth = 7;
        bool good_birth = tn_date_parse_birth(text, &birth) == TN_OK;
        if (good_birth != rows[i].good_birth || (!good_birth && birth != 0)) {
            fail_msg("birth '%s'", rows[i].text);
        }
        if (good_birth && !tn_date_has_form(text)) {
            fail_msg("form of '%s'", rows[i].text);
        }
    }
    assert_true(tn_date_has_form(tn_bytes_from_string("2024-13-00")));
    assert_false(tn_date_has_form(tn_bytes_from_string("2024-1-001")));
    assert_false(tn_date_has_form(tn_bytes_from_string("2024-01-01 ")));
    uint32_t birth = 0;
    assert_int_equal(tn_date_parse_birth(tn_bytes_from_string("1931-07-04"), &birth), TN_OK);
    assert_int_equal(birth, 19310704);
}

static void instants_are_written_and_read(void **state)
{
    (void) state;
    char text[28];
    tn_instant_format(1710003600000000u, text);
    assert_string_equal(text, "2024-03-09T17:00:00.000000Z");
    tn_instant_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
    tn_instant_format(1710003600000000u + 86399999999u - 17u * TN_HOUR_US, text);
    assert_string_equal(text, "2024-03-09T23:59:59.999999Z");
    uint64_t time_us = 0;
    assert_int_equal(tn_instant_parse(tn_bytes_from_string(text), &time_us), TN_OK);
    assert_int_equal(time_us, 1710003600000000u + 86399999999u - 17u * TN_HOUR_US);
    assert_int_equal(tn_instant_parse(tn_bytes_from_string("2024-03-09T17:00:00Z"), &time_us),
                     TN_OK);
    assert_int_equal(time_us, 1710003600000000u);
    assert_int_equal(tn_instant_parse(tn_bytes_from_string("2024-03-09T17:00:00.25Z"), &time_us),
                     TN_OK);
    assert_int_equal(time_us, 1710003600250000u);
    static const char *const wrong[] = {
        "2024-03-09 17:00:00Z",         "2024-03-09T17:00:00",       "2024-03-09T24:00:00Z",
        "2024-03-09T17:60:00Z",         "2024-03-09T17:00:60Z",      "2024-03-09T17:00:00.Z",
        "2024-03-09T17:00:00.1234567Z", "2024-03-09T17:00:00+00:00", "2024-02-30T17:00:00Z",
        "2024-03-09T17:00:00z",         "2024-03-09T1:00:00Z",       "2024-03-09T17:00:00.-1Z",
        "1969-12-31T23:59:59Z",         "2024-03-09T17-00-00Z",      "",
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(wrong); i++) {
        time_us = 7;
        if (tn_instant_parse(tn_bytes_from_string(wrong[i]), &time_us) != TN_INVALID ||
            time_us != 0) {
            fail_msg("accepted '%s'", wrong[i]);
        }
    }
}

static void beyond_four_digit_years_stand_question_marks(void **state)
{
    (void) state;
    char date[11];
    tn_date_format(2932896, date);
    assert_string_equal(date, "9999-12-31");
    tn_date_format(2932897, date);
    assert_string_equal(date, "\?\?\?\?-\?\?-\?\?");
    char instant[28];
    tn_instant_format(UINT64_MAX, instant);
    assert_string_equal(instant, "\?\?\?\?-\?\?-\?\?T\?\?:\?\?:\?\?.\?\?\?\?\?\?Z");
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    tn_day_to_date(UINT32_MAX, &year, &month, &day);
    assert_true(year == 11761191 && month == 1 && day == 20);
}

/* Instants by Python's zoneinfo. */
static void civil_times_have_their_instants(void **state)
{
    (void) state;
    static const struct {
        const char *label;
        const char *zone;
        const char *date;
        uint32_t minute;
        uint64_t second;
        enum tn_civil_kind kind;
    } rows[] = {
        {"offer", NEW_YORK, "2023-11-04", 720, 1699113600, TN_CIVIL_UNIQUE},
        {"its lapse, 23 h later", NEW_YORK, "2023-11-05", 600, 1699113600 + 23 * 3600,
         TN_CIVIL_UNIQUE},
        {"offer in spring", NEW_YORK, "2024-03-09", 720, 1710003600, TN_CIVIL_UNIQUE},
        {"its lapse, the next draw", NEW_YORK, "2024-03-10", 720, 1710003600 + 23 * 3600,
         TN_CIVIL_UNIQUE},
        {"skipped, start", NEW_YORK, "2024-03-10", 120, 1710054000, TN_CIVIL_SKIPPED},
        {"skipped, inside: after the gap", NEW_YORK, "2024-03-10", 150, 1710054000,
         TN_CIVIL_SKIPPED},
        {"after the gap", NEW_YORK, "2024-03-10", 180, 1710054000, TN_CIVIL_UNIQUE},
        {"before the gap", NEW_YORK, "2024-03-10", 119, 1710053940, TN_CIVIL_UNIQUE},
        {"repeated: the earlier", NEW_YORK, "2023-11-05", 90, 1699162200, TN_CIVIL_REPEATED},
        {"after the repeated hour", NEW_YORK, "2023-11-05", 120, 1699167600, TN_CIVIL_UNIQUE},
        {"24:00 is the next midnight", NEW_YORK, "2024-03-04", 1440, 1709614800, TN_CIVIL_UNIQUE},
        {"11:00 next day", NEW_YORK, "2024-03-09", 1440 + 660, 1710082800, TN_CIVIL_UNIQUE},
        {"two days on", NEW_YORK, "2024-03-09", 2880, 1710129600, TN_CIVIL_UNIQUE},
        {"no summer time here", "America/Mexico_City", "2024-07-15", 720, 1721066400,
         TN_CIVIL_UNIQUE},
        {"UTC", "UTC", "2024-07-15", 720, 1721044800, TN_CIVIL_UNIQUE},
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        uint64_t time_us = 1;
        enum tn_civil_kind kind = TN_CIVIL_UNIQUE;
        enum tn_status status =
            tn_civil_instant(rows[i].zone, day_of(rows[i].date), rows[i].minute, &time_us, &kind);
        if (status != TN_OK || time_us != rows[i].second * 1000000 || kind != rows[i].kind) {
            fail_msg("%s: status %d second %llu kind %d", rows[i].label, status,
                     (unsigned long long) (time_us / 1000000), kind);
        }
    }
}

static void assert_civil(const char *zone, uint64_t time_us, const char *date, uint32_t minute)
{
    uint32_t day = 0;
    uint32_t got = 0;
    assert_int_equal(tn_civil_from_instant(zone, time_us, &day, &got), TN_OK);
    assert_int_equal(day, day_of(date));
    assert_int_equal(got, minute);
}

static void noon_in_new_york_moves_against_nogales(void **state)
{
    (void) state;
    uint64_t time_us = 0;
    enum tn_civil_kind kind = TN_CIVIL_UNIQUE;
    assert_int_equal(tn_civil_instant(NEW_YORK, day_of("2024-01-15"), 720, &time_us, &kind), TN_OK);
    assert_civil(NOGALES, time_us, "2024-01-15", 600);
    assert_int_equal(tn_civil_instant(NEW_YORK, day_of("2024-07-15"), 720, &time_us, &kind), TN_OK);
    assert_civil(NOGALES, time_us, "2024-07-15", 540);
    /* The border city keeps the rule of the United States, the capital does not. */
    assert_civil("America/Ciudad_Juarez", time_us, "2024-07-15", 600);
    assert_civil("America/Tijuana", time_us, "2024-07-15", 540);
    assert_civil("America/Mexico_City", time_us, "2024-07-15", 600);
    /* Seconds are dropped, and the day turns with the zone. */
    assert_civil("Asia/Tokyo", time_us + 59999999, "2024-07-16", 60);
}

static void the_two_directions_agree_across_changes(void **state)
{
    (void) state;
    static const char *const zones[] = {NEW_YORK, NOGALES, "America/Los_Angeles", "Asia/Kolkata"};
    for (size_t z = 0; z < TN_ARRAY_SIZE(zones); z++) {
        for (uint32_t day = 19358; day < 19358 + 731; day++) {
            for (uint32_t minute = 0; minute < 1440; minute += 30) {
                uint64_t time_us = 0;
                enum tn_civil_kind kind = TN_CIVIL_UNIQUE;
                assert_int_equal(tn_civil_instant(zones[z], day, minute, &time_us, &kind), TN_OK);
                uint32_t back_day = 0;
                uint32_t back = 0;
                assert_int_equal(tn_civil_from_instant(zones[z], time_us, &back_day, &back), TN_OK);
                assert_int_equal(back_day, day);
                assert_true(kind == TN_CIVIL_SKIPPED ? back == 180 : back == minute);
            }
        }
    }
}

static void what_is_not_a_zone_is_not_found(void **state)
{
    (void) state;
    static const char *const wrong[] = {
        "",
        "America/Nowhere",
        "/usr/share/zoneinfo/UTC",
        "../zoneinfo/UTC",
        "localtime",
        "file:UTC",
        "libc:UTC",
        "libc:localtime",
        "America/New York",
        "America/New_York\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    for (size_t i = 0; i < TN_ARRAY_SIZE(wrong); i++) {
        uint64_t time_us = 7;
        enum tn_civil_kind kind = TN_CIVIL_REPEATED;
        if (tn_civil_instant(wrong[i], 19000, 0, &time_us, &kind) != TN_NOT_FOUND || time_us != 0 ||
            kind != TN_CIVIL_UNIQUE) {
            fail_msg("found '%s'", wrong[i]);
        }
        uint32_t day = 7;
        uint32_t minute = 7;
        assert_int_equal(tn_civil_from_instant(wrong[i], 0, &day, &minute), TN_NOT_FOUND);
        assert_true(day == 0 && minute == 0);
    }
}

static void instants_out_of_range_are_invalid(void **state)
{
    (void) state;
    uint64_t time_us = 0;
    enum tn_civil_kind kind = TN_CIVIL_UNIQUE;
    uint32_t day = 0;
    uint32_t minute = 0;
    assert_int_equal(tn_civil_instant("UTC", 0, 2881, &time_us, &kind), TN_INVALID);
    assert_int_equal(tn_civil_instant("UTC", 2932896, 1439, &time_us, &kind), TN_OK);
    assert_int_equal(tn_civil_instant("UTC", 2932896, 1440, &time_us, &kind), TN_INVALID);
    assert_int_equal(tn_civil_instant("UTC", UINT32_MAX, 0, &time_us, &kind), TN_INVALID);
    assert_int_equal(tn_civil_instant("Asia/Tokyo", 0, 0, &time_us, &kind), TN_INVALID);
    assert_int_equal(tn_civil_instant("Asia/Tokyo", 0, 540, &time_us, &kind), TN_OK);
    assert_int_equal(time_us, 0);
    assert_int_equal(tn_civil_from_instant(NEW_YORK, 0, &day, &minute), TN_INVALID);
    assert_int_equal(tn_civil_from_instant("UTC", UINT64_MAX, &day, &minute), TN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_count_every_day),
        cmocka_unit_test(dates_are_parsed_strictly),
        cmocka_unit_test(instants_are_written_and_read),
        cmocka_unit_test(beyond_four_digit_years_stand_question_marks),
        cmocka_unit_test(civil_times_have_their_instants),
        cmocka_unit_test(noon_in_new_york_moves_against_nogales),
        cmocka_unit_test(the_two_directions_agree_across_changes),
        cmocka_unit_test(what_is_not_a_zone_is_not_found),
        cmocka_unit_test(instants_out_of_range_are_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
