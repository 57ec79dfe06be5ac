/* turno init: make a new ledger. */
#include <getopt.h>
#include <stdlib.h>

#include "api/admin/chain_read.h"
#include "api/admin/policy_read.h"
#include "ledger/base/civil.h"
#include "ledger/base/clock.h"
#include "ledger/rules/policy_history.h"
#include "ledger/rules/pool_size.h"
#include "tools/cli.h"

#define POLICY_FILE_MAX ((size_t) 1 << 20)

static const struct option options[] = {
    {"policy", required_argument, NULL, 'p'},
    {"origin", required_argument, NULL, 'o'},
    {"root-key", required_argument, NULL, 'r'},
    {"allow-unlocked", no_argument, NULL, 'u'},
    {"chain", required_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

static enum tn_status read_policy(const char *path, struct tn_policy *policy,
                                  struct tn_error *error)
{
    struct tn_buffer text;
    enum tn_status status;

    if (!path) {
        /* In force since yesterday, so that a window that is open now opens at once. */
        tn_policy_initial(tn_clock_wall_us() - TN_DAY_US, policy);
        return TN_OK;
    }
    status = tn_cli_read_file(path, POLICY_FILE_MAX, &text, error);
    if (status == TN_OK) {
        status = tn_policy_read_json(tn_buffer_view(&text), policy, error);
    }
    tn_buffer_close(&text);
    if (status == TN_OK) {
        status = tn_policy_is_runnable(policy, error);
    }
    if (status == TN_OK) {
        status = tn_policy_check_pool(policy, error);
    }
    return status;
}

/* The operator's chain, whose secrets turno drawd holds: it must serve a window that is open now.
 */
static enum tn_status read_chain(const char *path, struct tn_facts_anchor_chain *chain,
                                 struct tn_error *error)
{
    struct tn_buffer text;
    enum tn_status status = tn_cli_read_file(path, POLICY_FILE_MAX, &text, error);

    if (status == TN_OK) {
        status = tn_chain_read_json(tn_buffer_view(&text), chain, error);
    }
    tn_buffer_close(&text);
    if (status == TN_OK && (!tn_is_zero(chain->owner, TN_ID_SIZE) ||
                            chain->first_day * TN_DAY_US > tn_clock_wall_us() - TN_DAY_US)) {
        status = tn_fail(error, TN_INVALID,
                         "the operator's chain has no owner, and its first day is yesterday or "
                         "earlier, for a window that opened yesterday may be open");
    }
    return status;
}

static void print_made(const char *directory, const struct tn_ledger *ledger, bool json)
{
    char vkey[TN_VKEY_SIZE];

    tn_vkey_format(&ledger->signer.verifier, vkey);
    if (json) {
        printf("{\"directory\":\"%s\",\"origin\":\"%s\",\"vkey\":\"%s\"}\n", directory,
               ledger->origin, vkey);
        return;
    }
    fprintf(stderr,
            "%s is ready. Keep a copy of its root key apart from it: without that key the personal "
            "data in it cannot be read.\nThe log's verifier key, for everyone to know:\n",
            directory);
    printf("%s\n", vkey);
}

int tn_command_init(int argc, char **argv)
{
    struct tn_genesis genesis = {0};
    struct tn_ledger_options open = {.mode = TN_LEDGER_WRITER};
    struct tn_policy *policy = calloc(1, sizeof(*policy));
    const char *policy_path = NULL;
    const char *chain_path = NULL;
    struct tn_facts_anchor_chain chain;
    struct tn_ledger *ledger = NULL;
    struct tn_error error = {0};
    bool json = false;
    int option;
    enum tn_status status;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            policy_path = optarg;
            break;
        case 'o':
            genesis.origin = optarg;
            break;
        case 'c':
            chain_path = optarg;
            break;
        case 'r':
            genesis.root_key_path = open.root_key_path = optarg;
            break;
        case 'u':
            genesis.allow_unlocked = open.allow_unlocked = true;
            break;
        case 'j':
            json = true;
            break;
        default:
            free(policy);
            return tn_cli_bad_option("init", argv);
        }
    }
    if (optind + 1 != argc || !policy) {
        free(policy);
        return tn_cli_usage("init", "say one directory");
    }
    genesis.policy = policy;
    status = read_policy(policy_path, policy, &error);
    if (status == TN_OK && chain_path) {
        status = read_chain(chain_path, &chain, &error);
        genesis.chain = &chain;
    }
    if (status == TN_OK) {
        status = tn_ledger_create(argv[optind], &genesis, &error);
    }
    if (status == TN_OK) {
        status = tn_ledger_open(argv[optind], &open, &ledger, &error);
    }
    if (status == TN_OK) {
        print_made(argv[optind], ledger, json);
    }
    tn_ledger_close(ledger);
    free(policy);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
