/* turno prove: a .tlog-proof of one entry in the published tree. */
#include <getopt.h>

#include "api/query/proofs.h"
#include "ledger/log/proof_file.h"
#include "tools/cli.h"

static const struct option options[] = {
    {"no-entry", no_argument, NULL, 'n'},
    {"openings", no_argument, NULL, 'o'},
    {"root-key", required_argument, NULL, 'r'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

static enum tn_status prove(struct tn_ledger *ledger, const struct tn_vault *vault, uint64_t index,
                            bool with_entry, struct tn_error *error)
{
    enum tn_proof_detail detail = vault        ? TN_PROOF_OPENINGS
                                  : with_entry ? TN_PROOF_ENTRY
                                               : TN_PROOF_BARE;
    struct tn_prover prover;
    struct tn_buffer file;
    enum tn_status status = tn_prover_open(&prover, ledger->log, vault, error);

    tn_buffer_init(&file, TN_PROOF_FILE_BYTES_MAX);
    if (status == TN_OK) {
        status = tn_prover_prove(&prover, index, detail, &file, error);
    }
    if (status == TN_OK) {
        fwrite(file.data, 1, file.size, stdout);
    }
    tn_buffer_close_secret(&file);
    tn_prover_close(&prover);
    return status;
}

/* Personal data is opened only for who asks for it and has the root key. */
static enum tn_status prove_with_openings(struct tn_ledger *ledger, const char *root_key,
                                          uint64_t index, struct tn_error *error)
{
    const struct tn_keys_options how = {.root_key_path = root_key};
    struct tn_keys *keys = NULL;
    struct tn_vault vault;
    enum tn_status status = tn_keys_open(ledger->directory, &how, &keys, error);

    if (status == TN_OK) {
        status = tn_vault_open(&vault, ledger->store, keys, error);
    }
    if (status == TN_OK) {
        status = prove(ledger, &vault, index, true, error);
    }
    tn_keys_close(keys);
    return status;
}

int tn_command_prove(int argc, char **argv)
{
    struct tn_ledger *ledger = NULL;
    struct tn_error error = {0};
    const char *root_key = NULL;
    uint64_t index;
    bool with_entry = true;
    bool openings = false;
    int option;
    enum tn_status status;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'n') {
            with_entry = false;
        } else if (option == 'o') {
            openings = true;
        } else if (option == 'r') {
            root_key = optarg;
        } else if (option != 'j') {
            return tn_cli_usage("prove", "that option is not known");
        }
    }
    if (optind + 2 != argc || !tn_cli_parse_u64(argv[optind + 1], &index) ||
        (openings && !with_entry)) {
        return tn_cli_usage("prove", "say a directory and an index");
    }
    status = tn_cli_open_reader(argv[optind], &ledger, &error);
    if (status == TN_OK) {
        status = openings ? prove_with_openings(ledger, root_key, index, &error)
                          : prove(ledger, NULL, index, with_entry, &error);
    }
    tn_ledger_close(ledger);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
