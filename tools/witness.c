/* turno witness: cosign the checkpoints of other logs, until SIGTERM or SIGINT. */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "api/witness/witness.h"
#include "ledger/base/logline.h"
#include "tools/cli.h"

static const struct option options[] = {
    {"listen", required_argument, NULL, 'l'},
    {"log", required_argument, NULL, 'o'},
    {"name", required_argument, NULL, 'n'},
    {"vkey", no_argument, NULL, 'v'},
    {"json", no_argument, NULL, 'j'},
    {"allow-unlocked", no_argument, NULL, 'u'},
    {NULL, 0, NULL, 0},
};

struct wish {
    struct tn_witness_options witness;
    char host[TN_CLI_HOST_SIZE];
    uint16_t port;
    struct tn_verifier logs[TN_WITNESS_LOGS_MAX];
    size_t log_count;
    bool listens; /* --listen was said */
    bool vkey;
    bool json;
};

static int parse_log(const char *text, struct wish *wish)
{
    struct tn_error error = {0};

    if (wish->log_count == TN_WITNESS_LOGS_MAX) {
        return tn_cli_usage("witness", "at most %d keys of logs", TN_WITNESS_LOGS_MAX);
    }
    if (tn_vkey_parse(tn_bytes_from_string(text), &wish->logs[wish->log_count], &error) != TN_OK) {
        return tn_cli_usage("witness", "--log: %s", error.text);
    }
    wish->log_count++;
    return TN_EXIT_DONE;
}

static int parse(int argc, char **argv, struct wish *wish)
{
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'l') {
            if (!tn_cli_parse_listen(optarg, wish->host, &wish->port)) {
                return tn_cli_usage("witness", TN_CLI_LISTEN_WORDS, optarg);
            }
            wish->listens = true;
        } else if (option == 'o') {
            int code = parse_log(optarg, wish);

            if (code != TN_EXIT_DONE) {
                return code;
            }
        } else if (option == 'n') {
            wish->witness.name = optarg;
        } else if (option == 'u') {
            wish->witness.allow_unlocked = true;
        } else if (option == 'v') {
            wish->vkey = true;
        } else if (option == 'j') {
            wish->json = true;
        } else {
            return tn_cli_bad_option("witness", argv);
        }
    }
    if (optind + 1 != argc) {
        return tn_cli_usage("witness", "say one directory");
    }
    if (wish->vkey && (wish->listens || wish->log_count > 0)) {
        return tn_cli_usage("witness", "--vkey prints the key and ends: no --listen, no --log");
    }
    wish->witness.directory = argv[optind];
    wish->witness.logs = wish->logs;
    wish->witness.log_count = wish->log_count;
    if (!wish->vkey) {
        wish->witness.host = wish->host;
        wish->witness.port = wish->port;
    }
    return TN_EXIT_DONE;
}

static void print_key(const struct tn_witness *witness, bool json)
{
    char vkey[TN_VKEY_SIZE];

    tn_vkey_format(tn_witness_verifier(witness), vkey);
    printf(json ? "{\"vkey\":\"%s\"}\n" : "%s\n", vkey);
}

static void wait_for_end(struct tn_witness *witness, const struct wish *wish,
                         const sigset_t *signals)
{
    int number;

    if (wish->log_count == 0) {
        tn_logline(TN_LOG_WARN, "no log is known: every checkpoint is answered 404 (--log VKEY)");
    }
    tn_logline(TN_LOG_INFO, "witness %s on http://%s:%u for %zu keys of logs",
               tn_witness_verifier(witness)->name, wish->host, tn_witness_port(witness),
               wish->log_count);
    while (sigwait(signals, &number) != 0) {
    }
    tn_logline(TN_LOG_INFO, "draining");
    tn_witness_drain(witness);
}

int tn_command_witness(int argc, char **argv)
{
    struct wish *wish = calloc(1, sizeof(*wish));
    struct tn_witness *witness = NULL;
    struct tn_error error = {0};
    sigset_t signals;
    int code;
    enum tn_status status;

    if (!wish) {
        return TN_EXIT_ENVIRONMENT;
    }
    memcpy(wish->host, "127.0.0.1", sizeof("127.0.0.1"));
    wish->port = 8090;
    code = parse(argc, argv, wish);
    if (code != TN_EXIT_DONE) {
        free(wish);
        return code;
    }
    tn_cli_hold_signals(&signals);
    status = tn_witness_open(&wish->witness, &witness, &error);
    if (status == TN_OK && wish->vkey) {
        print_key(witness, wish->json);
    } else if (status == TN_OK) {
        wait_for_end(witness, wish, &signals);
    }
    tn_witness_close(witness);
    if (status == TN_OK && !wish->vkey) {
        tn_logline(TN_LOG_INFO, "closed clean");
    }
    free(wish);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
