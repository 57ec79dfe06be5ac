/* turno key: the log's verifier keys, from its genesis: no secret is read. */
#include <getopt.h>

#include "ledger/event/event.h"
#include "tools/cli.h"
#include "tools/genesis.h"

static const struct option options[] = {
    {"vkey", no_argument, NULL, 'v'},
    {"cosigner", no_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

int tn_command_key(int argc, char **argv)
{
    struct tn_ledger *ledger = NULL;
    struct tn_error error = {0};
    struct tn_verifier verifier;
    char vkey[TN_VKEY_SIZE];
    bool json = false;
    bool cosigner = false;
    int option;
    enum tn_status status;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'j') {
            json = true;
        } else if (option == 'c') {
            cosigner = true;
        } else if (option != 'v') {
            return tn_cli_bad_option("key", argv);
        }
    }
    if (optind + 1 != argc) {
        return tn_cli_usage("key", "say one directory");
    }
    status = tn_cli_open_reader(argv[optind], &ledger, &error);
    if (status == TN_OK) {
        status = cosigner ? tn_genesis_cosigner(ledger, &verifier, &error)
                          : tn_genesis_verifier(ledger, &verifier, &error);
    }
    if (status == TN_OK) {
        tn_vkey_format(&verifier, vkey);
        printf(json ? "{\"vkey\":\"%s\"}\n" : "%s\n", vkey);
    }
    tn_ledger_close(ledger);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
