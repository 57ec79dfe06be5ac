/* turno serve: answer over HTTP until SIGTERM or SIGINT. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "api/http/service.h"
#include "ledger/base/logline.h"
#include "tools/cli.h"

/* Open files that no connection may take: the store's, whose next WAL must find one or the desk
 * stops; and its flushes and log, witnesses and drawd. */
#define DESCRIPTORS_KEPT (TN_STORE_OPEN_FILES_MAX + 192)
#define DESCRIPTORS_USED_MAX (1u << 20)
/* Blocks from here on go back to the system when they are freed. By itself malloc keeps ever larger
 * ones, and one crowd of large answers would be paid for until the next start. */
#define LARGE_BLOCK_BYTES (1 << 20)

static const struct option options[] = {
    {"listen", required_argument, NULL, 'l'},
    {"loops", required_argument, NULL, 'n'},
    {"reserve", required_argument, NULL, 'r'},
    {"root-key", required_argument, NULL, 'k'},
    {"witnesses", required_argument, NULL, 'w'},
    {"hold-back", no_argument, NULL, 'b'},
    {"ca-file", required_argument, NULL, 'c'},
    {"drawd", required_argument, NULL, 'd'},
    {"allow-unlocked", no_argument, NULL, 'u'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

struct wish {
    char host[TN_CLI_HOST_SIZE];
    uint16_t port;
    uint64_t loops;
    unsigned descriptors_max; /* for all that connects */
    struct tn_witnesses_options witnesses;
    bool hold_back;
    struct tn_ledger_options open;
};

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

/* Until a signal says to end, or a sync has failed: then nobody knows what reached the disk, and
 * only a new start does. */
static enum tn_status wait_for_end(struct tn_ledger *ledger, const sigset_t *signals,
                                   struct tn_error *error)
{
    struct timespec second = {.tv_sec = 1};
    struct tn_desk_state state;

    while (sigtimedwait(signals, NULL, &second) < 0) {
        tn_desk_state(ledger->desk, &state);
        if (state.failed) {
            return tn_fail(
                error, TN_UNKNOWN,
                "a write failed: its callers were told to retry with the same key. Start "
                "the server again; it continues from what the disk holds");
        }
    }
    return TN_OK;
}

static enum tn_status serve(struct tn_ledger *ledger, const struct wish *wish,
                            const sigset_t *signals, struct tn_error *error)
{
    struct tn_service_options service_options = {
        .host = wish->host,
        .port = wish->port,
        .loops = (unsigned) wish->loops,
        .descriptors_max = wish->descriptors_max,
    };
    struct tn_service *service = NULL;
    struct tn_witnesses *witnesses = NULL;
    char path[128];
    enum tn_status status = tn_cli_socket_path(ledger->directory, path, sizeof(path), error);

    if (status == TN_OK && ledger->simulated && !is_loopback(wish->host)) {
        status = tn_fail(error, TN_INVALID, "a simulated ledger is served on loopback only");
    }
    service_options.unix_path = path;
    if (status == TN_OK && wish->witnesses.policy_path) {
        status = tn_witnesses_open(ledger, &wish->witnesses, &witnesses, error);
    }
    service_options.witnesses = witnesses;
    if (status == TN_OK) {
        status = tn_service_open(ledger, &service_options, &service, error);
    }
    if (status != TN_OK) {
        tn_witnesses_close(witnesses);
        return status;
    }
    tn_logline(TN_LOG_INFO, "serving %s on http://%s:%u%s", ledger->origin, wish->host,
               tn_service_port(service), ledger->simulated ? " (simulated)" : "");
    status = wait_for_end(ledger, signals, error);
    tn_logline(TN_LOG_INFO, "draining");
    tn_service_drain(service);
    tn_service_close(service);
    tn_witnesses_close(witnesses);
    unlink(path);
    return status;
}

static int parse(int argc, char **argv, struct wish *wish)
{
    int option;
    int which = 0;

    while ((option = getopt_long(argc, argv, "", options, &which)) != -1) {
        bool good = true;

        if (option == 'l') {
            if (!tn_cli_parse_listen(optarg, wish->host, &wish->port)) {
                return tn_cli_usage("serve", TN_CLI_LISTEN_WORDS, optarg);
            }
        } else if (option == 'n') {
            good = tn_cli_parse_u64(optarg, &wish->loops) && wish->loops <= 64;
        } else if (option == 'r') {
            good = tn_cli_parse_u64(optarg, &wish->open.reserve_bytes);
        } else if (option == 'k') {
            wish->open.root_key_path = optarg;
        } else if (option == 'd') {
            wish->open.drawd = optarg;
        } else if (option == 'u') {
            wish->open.allow_unlocked = true;
        } else if (option == 'w') {
            wish->witnesses.policy_path = optarg;
        } else if (option == 'b') {
            wish->hold_back = true;
        } else if (option == 'c') {
            wish->witnesses.ca_file = optarg;
        } else if (option != 'j') {
            return tn_cli_bad_option("serve", argv);
        }
        if (!good) {
            return tn_cli_usage("serve", "--%s cannot be %s", options[which].name, optarg);
        }
    }
    if (wish->hold_back && !wish->witnesses.policy_path) {
        return tn_cli_usage("serve", "--hold-back waits for witnesses: say --witnesses FILE too");
    }
    if (wish->witnesses.ca_file && !wish->witnesses.policy_path) {
        return tn_cli_usage("serve", "--ca-file is for witnesses: say --witnesses FILE too");
    }
    wish->open.hold_back = wish->hold_back ? TN_HOLD_BACK_ON : TN_HOLD_BACK_OFF;
    return optind + 1 == argc ? TN_EXIT_DONE : tn_cli_usage("serve", "say one directory");
}

/* Have as many open files as the system gives us, and keep from connections what the rest needs.
 * Before the store is opened, which looks at the limit. */
static enum tn_status take_descriptors(unsigned *for_connections, struct tn_error *error)
{
    struct rlimit limit = {0};
    rlim_t had;

    *for_connections = 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return tn_fail(error, TN_IO, "the limit of open files: %s", strerror(errno));
    }
    had = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        limit.rlim_cur = had;
    }
    if (limit.rlim_cur <= DESCRIPTORS_KEPT) {
        return tn_fail(error, TN_UNAVAILABLE,
                       "%llu open files are not enough: the ledger alone may need %u. Raise the "
                       "limit (ulimit -n, LimitNOFILE=)",
                       (unsigned long long) limit.rlim_cur, DESCRIPTORS_KEPT);
    }
    limit.rlim_cur -= DESCRIPTORS_KEPT;
    *for_connections = limit.rlim_cur < DESCRIPTORS_USED_MAX ? (unsigned) limit.rlim_cur
                                                             : DESCRIPTORS_USED_MAX;
    return TN_OK;
}

static bool test_wants(const char *name)
{
    const char *value = getenv(name);

    return value && strcmp(value, "1") == 0;
}

int tn_command_serve(int argc, char **argv)
{
    struct wish wish = {.host = "127.0.0.1", .port = 8080, .open.mode = TN_LEDGER_DESK};
    struct tn_ledger *ledger = NULL;
    struct tn_error error = {0};
    sigset_t signals;
    int code = parse(argc, argv, &wish);
    enum tn_status status;

    if (code != TN_EXIT_DONE) {
        return code;
    }
    /* Only the test that shows what a missing sync would lose says this, and it is said aloud. */
    wish.open.no_sync = test_wants("TURNO_TEST_NO_SYNC");
    if (wish.open.no_sync) {
        tn_logline(TN_LOG_WARN, "writes are NOT synced: what is acknowledged can be lost");
    }
    (void) mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
    /* Few commands take the way of many: for the test that cuts the power on both. */
    wish.open.committer_only = test_wants("TURNO_TEST_COMMITTER_ONLY");
    tn_cli_hold_signals(&signals);
    status = take_descriptors(&wish.descriptors_max, &error);
    if (status == TN_OK) {
        status = tn_ledger_open(argv[optind], &wish.open, &ledger, &error);
    }
    if (status == TN_OK) {
        status = serve(ledger, &wish, &signals, &error);
    }
    tn_ledger_close(ledger);
    if (status == TN_OK) {
        tn_logline(TN_LOG_INFO, "closed clean");
    }
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
