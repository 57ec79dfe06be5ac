/* turno draw: a day's transcript, or the recomputation of one with no ledger. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "api/query/transcript.h"
#include "ledger/base/civil.h"
#include "ledger/rules/transcript.h"
#include "projections/engine.h"
#include "tools/cli.h"

static const struct option options[] = {
    {"transcript", no_argument, NULL, 't'},
    {"audience", required_argument, NULL, 'a'},
    {"recompute", required_argument, NULL, 'r'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

static int recompute(const char *path)
{
    struct tn_buffer file;
    struct tn_buffer text;
    struct tn_transcript_report report;
    struct tn_error error = {0};
    enum tn_status status = tn_cli_read_file(path, TN_TRANSCRIPT_SIZE_MAX, &file, &error);

    tn_buffer_init(&text, (size_t) 1 << 20);
    if (status == TN_OK) {
        status = tn_transcript_recompute(tn_buffer_view(&file), &report, &error);
    }
    if (status == TN_OK) {
        tn_transcript_report_write(&report, &text);
        printf("%.*s", (int) text.size, (const char *) text.data);
    }
    tn_buffer_close(&text);
    tn_buffer_close(&file);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}

static enum tn_status print_transcript(struct tn_ledger *ledger, uint32_t day,
                                       enum tn_transcript_audience audience, struct tn_error *error)
{
    struct tn_state views = {0};
    struct tn_buffer file;
    enum tn_status status = tn_views_open(ledger->store, NULL, &views, error);

    tn_buffer_init(&file, TN_TRANSCRIPT_SIZE_MAX);
    if (status == TN_OK) {
        status = tn_query_transcript(ledger->log, &views, day, audience, &file, error);
    }
    if (status == TN_OK && fwrite(file.data, 1, file.size, stdout) != file.size) {
        status = tn_fail(error, TN_IO, "the output was closed");
    }
    tn_buffer_close(&file);
    tn_views_close(&views);
    return status;
}

static int transcript(const char *directory, const char *date, enum tn_transcript_audience audience)
{
    struct tn_ledger *ledger = NULL;
    struct tn_error error = {0};
    uint32_t day;
    enum tn_status status = tn_date_parse(tn_bytes_from_string(date), &day);

    if (status != TN_OK) {
        return tn_cli_usage("draw", "%s is not a date such as 2024-03-09", date);
    }
    status = tn_cli_open_reader(directory, &ledger, &error);
    if (status == TN_OK) {
        status = print_transcript(ledger, day, audience, &error);
    }
    tn_ledger_close(ledger);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}

int tn_command_draw(int argc, char **argv)
{
    enum tn_transcript_audience audience = TN_TRANSCRIPT_AUDITOR;
    const char *file = NULL;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'r') {
            file = optarg;
        } else if (option == 'a' && strcmp(optarg, "public") == 0) {
            audience = TN_TRANSCRIPT_PUBLIC;
        } else if (option == 'a' && strcmp(optarg, "auditor") != 0) {
            return tn_cli_usage("draw", "the audience is public or auditor");
        } else if (option != 't' && option != 'j' && option != 'a') {
            return tn_cli_usage("draw", "that option is not known");
        }
    }
    if (file && optind == argc) {
        return recompute(file);
    }
    if (file || optind + 2 != argc) {
        return tn_cli_usage("draw", "say a directory and a day, or --recompute FILE");
    }
    return transcript(argv[optind], argv[optind + 1], audience);
}
