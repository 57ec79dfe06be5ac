/* turno simulate: make a ledger and play a season. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/simulate/simulate.h"
#include "ledger/base/civil.h"
#include "tools/cli.h"

#define REPORT_BYTES ((size_t) 1 << 20)
#define SHOW_EVERY_US 200000u

static const struct option options[] = {
    {"days", required_argument, NULL, 'd'},  {"scale", required_argument, NULL, 's'},
    {"seed", required_argument, NULL, 'r'},  {"start", required_argument, NULL, 't'},
    {"no-throttle", no_argument, NULL, 'n'}, {"advance", required_argument, NULL, 'a'},
    {"json", no_argument, NULL, 'j'},        {NULL, 0, NULL, 0},
};

/* What the command line asks for. */
struct wish {
    struct tn_simulate_options simulate;
    uint64_t advance_hours;
    bool plays; /* something was said about a season to be played */
    bool json;
};

/* Progress on stderr: one line that is rewritten on a terminal, a line a day elsewhere. */
struct progress {
    bool terminal;
    uint64_t shown_us;
    uint32_t shown_day;
    bool shown;
};

static void show(void *context, const struct tn_simulate_progress *now)
{
    struct progress *progress = context;
    uint64_t rate = now->wall_us > 0 ? now->events * 1000000 / now->wall_us : 0;
    uint64_t part = now->commands_of_day > 0 ? now->commands * 100 / now->commands_of_day : 100;
    /* Days that are left, at the pace of those that are over. */
    uint64_t played = now->day > 0 ? (uint64_t) (now->day - 1) * 100 + part : 0;
    uint64_t left_s =
        played > 0 ? now->wall_us / 1000000 * ((uint64_t) now->days * 100 - played) / played : 0;
    char date[11];

    if (progress->terminal ? progress->shown && now->wall_us - progress->shown_us < SHOW_EVERY_US
                           : progress->shown && now->day == progress->shown_day) {
        return;
    }
    progress->shown = true;
    progress->shown_us = now->wall_us;
    progress->shown_day = now->day;
    tn_date_format(now->civil_day, date);
    fprintf(stderr, "%s%s: day %" PRIu32 " of %" PRIu32 ", %" PRIu64 " events, %" PRIu64 "/s",
            progress->terminal ? "\r" : "", date, now->day, now->days, now->events, rate);
    if (!progress->terminal) {
        fprintf(stderr, "\n");
        return;
    }
    fprintf(stderr, ", %" PRIu64 " %%, %" PRIu64 " s left   ", part, left_s);
}

/* "1", "0.001" or ".5" as parts per million. */
static bool parse_scale(const char *text, uint32_t *ppm)
{
    uint64_t value = 0;
    unsigned decimals = 0;
    bool point = false;
    bool digits = false;

    for (; *text; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9' || value > TN_SCALE_MAX_PPM || (point && decimals == 6)) {
            return false;
        }
        value = value * 10 + (uint64_t) (*text - '0');
        decimals += point ? 1 : 0;
        digits = true;
    }
    for (; decimals < 6; decimals++) {
        value *= 10;
    }
    *ppm = value <= TN_SCALE_MAX_PPM ? (uint32_t) value : 0;
    return digits && *ppm > 0;
}

static bool take_number(const char *text, uint64_t most, uint64_t *value)
{
    return tn_cli_parse_u64(text, value) && *value <= most;
}

/* False after a message. */
static bool take_option(int option, char *const *argv, struct wish *wish)
{
    uint64_t value;

    wish->plays = wish->plays || (option != 'a' && option != 'j');
    switch (option) {
    case 'd':
        if (!take_number(optarg, TN_SIMULATE_DAYS_MAX, &value) || value == 0) {
            (void) tn_cli_usage("simulate", "--days is a number from 1 to %u",
                                TN_SIMULATE_DAYS_MAX);
            return false;
        }
        wish->simulate.days = (uint32_t) value;
        return true;
    case 's':
        if (!parse_scale(optarg, &wish->simulate.scale_ppm)) {
            (void) tn_cli_usage("simulate", "--scale is a number such as 0.001, at most %u",
                                TN_SCALE_MAX_PPM / TN_SCALE_ONE_PPM);
            return false;
        }
        return true;
    case 'r':
        if (!take_number(optarg, UINT64_MAX, &wish->simulate.seed)) {
            (void) tn_cli_usage("simulate", "--seed is a whole number");
            return false;
        }
        return true;
    case 't':
        if (tn_date_parse(tn_bytes_from_string(optarg), &wish->simulate.start_day) != TN_OK) {
            (void) tn_cli_usage("simulate", "--start is a date such as 2023-07-05");
            return false;
        }
        return true;
    case 'a':
        if (!take_number(optarg, 24 * 366, &wish->advance_hours) || wish->advance_hours == 0) {
            (void) tn_cli_usage("simulate", "--advance is a number of hours, at most a year");
            return false;
        }
        return true;
    case 'n':
        wish->simulate.commands_per_s = 0;
        return true;
    case 'j':
        wish->json = true;
        return true;
    default:
        (void) tn_cli_bad_option("simulate", argv);
        return false;
    }
}

static enum tn_status print_report(const struct tn_simulate_report *report, bool json,
                                   struct tn_error *error)
{
    struct tn_buffer text;
    enum tn_status status = TN_OK;

    tn_buffer_init(&text, REPORT_BYTES);
    if (json) {
        status = tn_simulate_report_json(report, &text);
        tn_buffer_append_string(&text, "\n");
    } else {
        tn_simulate_report_text(report, &text);
    }
    status = status == TN_OK ? tn_buffer_status(&text) : status;
    if (status == TN_OK && fwrite(text.data, 1, text.size, stdout) != text.size) {
        status = tn_fail(error, TN_IO, "the report could not be printed");
    }
    tn_buffer_close(&text);
    return status;
}

static int play(const char *directory, struct wish *wish)
{
    struct progress progress = {.terminal = isatty(STDERR_FILENO) == 1};
    struct tn_simulate_report *report = malloc(sizeof(*report));
    struct tn_error error = {0};
    enum tn_status status;

    if (!report) {
        return tn_cli_fail(TN_MEMORY, NULL);
    }
    wish->simulate.progress = show;
    wish->simulate.context = &progress;
    status = tn_simulate(directory, &wish->simulate, report, &error);
    if (progress.terminal && progress.shown) {
        fprintf(stderr, "\r%79s\r", "");
    }
    if (status == TN_OK) {
        status = print_report(report, wish->json, &error);
    }
    if (status == TN_OK && report->unexpected > 0) {
        status = tn_fail(&error, TN_MISMATCH,
                         "%" PRIu64 " answers of the desk were not those that its rules promise",
                         report->unexpected);
    }
    free(report);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}

/* Let time pass: what falls due meanwhile happens. Through the server when one runs. */
static int advance(const char *directory, const struct wish *wish)
{
    const struct tn_cli_keys keys = {0}; /* a simulation's are in its directory */
    struct tn_buffer reply;
    struct tn_error error = {0};
    char body[48];
    enum tn_status status;

    (void) snprintf(body, sizeof(body), "{\"seconds\":%" PRIu64 "}", wish->advance_hours * 3600);
    tn_buffer_init(&reply, REPORT_BYTES);
    status = tn_cli_admin(directory, &keys, "advance", tn_bytes_from_string(body), &reply, &error);
    if (status == TN_OK) {
        printf("%.*s\n", (int) reply.size, (const char *) reply.data);
    }
    tn_buffer_close(&reply);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}

int tn_command_simulate(int argc, char **argv)
{
    struct wish wish = {
        .simulate = {.seed = 1, .commands_per_s = TN_SIMULATE_THROTTLE_PER_S},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!take_option(option, argv, &wish)) {
            return TN_EXIT_USAGE;
        }
    }
    if (optind + 1 != argc) {
        return tn_cli_usage("simulate", "say one directory");
    }
    if (wish.advance_hours > 0) {
        return wish.plays ? tn_cli_usage("simulate", "--advance stands alone")
                          : advance(argv[optind], &wish);
    }
    if (wish.simulate.days == 0) {
        return tn_cli_usage("simulate", "say --days");
    }
    return play(argv[optind], &wish);
}
