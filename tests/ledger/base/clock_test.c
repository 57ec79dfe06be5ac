#include "tests/ledger/base/unit.h"

#include <string.h>
#include <unistd.h>

#include "ledger/base/civil.h"
#include "ledger/base/clock.h"
#include "ledger/base/logline.h"
#include "tests/heard.h"

static void clocks_move_forward_and_agree(void **state)
{
    (void) state;
    /* 2023-01-01: the wall clock of a machine that runs this is later. */
    assert_true(tn_clock_wall_us() > 1672531200000000u);
    uint64_t boot_us = tn_clock_boot_us();
    uint64_t monotonic_us = tn_clock_monotonic_us();
    (void) usleep(2000);
    uint64_t boot_passed_us = tn_clock_boot_us() - boot_us;
    uint64_t monotonic_passed_us = tn_clock_monotonic_us() - monotonic_us;
    assert_true(boot_passed_us >= 2000 && monotonic_passed_us >= 2000);
    /* Boot counts sleep, monotonic does not. */
    assert_true(tn_clock_boot_us() + 1000000 >= tn_clock_monotonic_us());
}

static size_t capture(char *out, size_t size, const char *words)
{
    heard_begin();
    tn_logline(TN_LOG_WARN, "%s", words);
    (void) snprintf(out, size, "%s", heard_end());
    assert_true(heard.size > 0 && heard.size < size);
    return heard.size;
}

static void a_line_is_instant_level_words(void **state)
{
    (void) state;
    char line[4096];
    size_t size = capture(line, sizeof(line), "disk at 91 %");
    assert_int_equal(line[size - 1], '\n');
    uint64_t time_us = 0;
    assert_int_equal(tn_instant_parse(tn_bytes(line, 27), &time_us), TN_OK);
    uint64_t now_us = tn_clock_wall_us();
    assert_true(time_us <= now_us && now_us - time_us < TN_MINUTE_US);
    assert_string_equal(line + 27, " warn disk at 91 %\n");
}

static void a_line_stays_one_line(void **state)
{
    (void) state;
    char line[4096];
    (void) capture(line, sizeof(line), "first\nsecond\r\x1b[31m\x7f");
    assert_string_equal(line + 27, " warn first second  [31m \n");

    char words[3000];
    memset(words, 'w', sizeof(words));
    words[sizeof(words) - 1] = '\0';
    size_t size = capture(line, sizeof(line), words);
    assert_true(size <= 1024);
    assert_ptr_equal(memchr(line, '\n', size), line + size - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_move_forward_and_agree),
        cmocka_unit_test(a_line_is_instant_level_words),
        cmocka_unit_test(a_line_stays_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
