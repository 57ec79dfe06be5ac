/* turno draw: a day's transcript, the recomputation of one with no ledger, and the recording of
 * what binds a draw. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "api/http/json_writer.h"
#include "api/query/transcript.h"
#include "ledger/base/civil.h"
#include "ledger/beacon/beacon.h"
#include "ledger/rules/transcript.h"
#include "projections/engine.h"
#include "tools/cli.h"

#define APPROVERS_MAX 8u

static const struct option options[] = {
    {"transcript", no_argument, NULL, 't'},
    {"audience", required_argument, NULL, 'a'},
    {"recompute", required_argument, NULL, 'r'},
    {"reveal", required_argument, NULL, 'w'},
    {"beacon", required_argument, NULL, 'b'},
    {"again", required_argument, NULL, 'g'},
    {"approve", required_argument, NULL, 'p'},
    {"json", no_argument, NULL, 'j'},
    TN_CLI_KEY_OPTIONS,
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

/* ---- recording what binds a draw ---- */

struct wish {
    const char *reveal; /* WITNESS=SECRET */
    const char *beacon; /* TYPE=FILE */
    const char *again;
    const char *approvers[APPROVERS_MAX];
    size_t approver_count;
    struct tn_cli_keys keys;
};

static enum tn_status write_file(struct tn_json_writer *json, const char *name, const char *path,
                                 bool typed, struct tn_error *error)
{
    struct tn_buffer file;
    enum tn_status status = tn_cli_read_file(path, TN_BEACON_RECORD_MAX, &file, error);

    /* A typed line ends where its writer pressed return; a certificate ends with its newline. */
    while (status == TN_OK && typed && file.size > 0 && file.data[file.size - 1] == '\n') {
        file.size--;
    }
    if (status == TN_OK) {
        tn_json_member_string(json, name, tn_buffer_view(&file));
    }
    tn_buffer_close(&file);
    return status;
}

static enum tn_status write_reveal(struct tn_json_writer *json, const struct wish *wish,
                                   struct tn_error *error)
{
    const char *equals = strchr(wish->reveal, '=');

    if (!equals) {
        return tn_fail(error, TN_INVALID, "say --reveal WITNESS=SECRET, both in hexadecimal");
    }
    tn_json_member_string(json, "witness",
                          tn_bytes(wish->reveal, (size_t) (equals - wish->reveal)));
    tn_json_member_text(json, "secret", equals + 1);
    return TN_OK;
}

static bool is_manual(const struct wish *wish)
{
    return wish->beacon && strncmp(wish->beacon, "manual=", sizeof("manual=") - 1) == 0;
}

static enum tn_status write_beacon(struct tn_json_writer *json, const struct wish *wish,
                                   struct tn_error *error)
{
    const char *equals = strchr(wish->beacon, '=');
    bool typed = is_manual(wish);
    enum tn_status status;

    if (!equals) {
        return tn_fail(error, TN_INVALID, "say --beacon drand=FILE, nist=FILE or manual=FILE");
    }
    tn_json_member_string(json, "type", tn_bytes(wish->beacon, (size_t) (equals - wish->beacon)));
    status = write_file(json, "record", equals + 1, typed, error);
    if (status == TN_OK && wish->again) {
        status = write_file(json, "again", wish->again, typed, error);
    }
    if (wish->approver_count > 0) {
        tn_json_write_name(json, "approvers");
        tn_json_write_array_begin(json);
        for (size_t i = 0; i < wish->approver_count; i++) {
            tn_json_write_text(json, wish->approvers[i]);
        }
        tn_json_write_array_end(json);
    }
    return status;
}

static int record(const char *directory, const char *date, const struct wish *wish)
{
    struct tn_error error = {0};
    struct tn_json_writer json;
    struct tn_buffer body;
    struct tn_buffer reply;
    enum tn_status status;

    tn_buffer_init(&body, 8 * TN_BEACON_RECORD_MAX);
    tn_buffer_init(&reply, (size_t) 1 << 20);
    tn_json_writer_init(&json, &body);
    tn_json_write_object_begin(&json);
    tn_json_member_text(&json, "day", date);
    status = wish->reveal ? write_reveal(&json, wish, &error) : write_beacon(&json, wish, &error);
    tn_json_write_object_end(&json);
    if (status == TN_OK) {
        status = tn_cli_admin(directory, &wish->keys,
                              wish->reveal ? "reveal-witness" : "record-beacon",
                              tn_buffer_view(&body), &reply, &error);
    }
    if (status == TN_OK) {
        printf("%.*s\n", (int) reply.size, (const char *) reply.data);
    }
    tn_buffer_close(&reply);
    tn_buffer_close_secret(&body);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}

int tn_command_draw(int argc, char **argv)
{
    enum tn_transcript_audience audience = TN_TRANSCRIPT_AUDITOR;
    struct wish wish = {0};
    const char *file = NULL;
    bool shows = false; /* something was said about a transcript to be printed */
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'p' && wish.approver_count == APPROVERS_MAX) {
            return tn_cli_usage("draw", "--approve stands at most %u times", APPROVERS_MAX);
        }
        shows = shows || option == 't' || option == 'a';
        if (option == 'r') {
            file = optarg;
        } else if (option == 'a' && strcmp(optarg, "public") == 0) {
            audience = TN_TRANSCRIPT_PUBLIC;
        } else if (option == 'a' && strcmp(optarg, "auditor") != 0) {
            return tn_cli_usage("draw", "the audience is public or auditor");
        } else if (option == 'w') {
            wish.reveal = optarg;
        } else if (option == 'b') {
            wish.beacon = optarg;
        } else if (option == 'g') {
            wish.again = optarg;
        } else if (option == 'p') {
            wish.approvers[wish.approver_count++] = optarg;
        } else if (!tn_cli_take_keys(&wish.keys, option, optarg) && option != 't' &&
                   option != 'j' && option != 'a') {
            return tn_cli_bad_option("draw", argv);
        }
    }
    /* One thing at a time, and nothing that it does not heed. */
    if ((file != NULL) + shows + (wish.reveal != NULL) + (wish.beacon != NULL) > 1 ||
        (!is_manual(&wish) && (wish.again || wish.approver_count > 0)) ||
        (!wish.reveal && !wish.beacon && (wish.keys.root_key_path || wish.keys.allow_unlocked))) {
        return tn_cli_usage("draw",
                            "--transcript with --audience, --recompute, --reveal and --beacon "
                            "stand alone; --again and --approve are for --beacon manual, "
                            "--root-key and --allow-unlocked for --reveal and --beacon");
    }
    if (file && optind == argc) {
        return recompute(file);
    }
    if (file || optind + 2 != argc) {
        return tn_cli_usage("draw", "say a directory and a day, or --recompute FILE");
    }
    if (wish.reveal || wish.beacon) {
        return record(argv[optind], argv[optind + 1], &wish);
    }
    return transcript(argv[optind], argv[optind + 1], audience);
}
