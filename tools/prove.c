/* turno prove: a .tlog-proof of one entry in the published tree, or a proof of sealed rows. */
#include <getopt.h>
#include <string.h>

#include "api/query/proofs.h"
#include "ledger/log/proof_file.h"
#include "projections/state_prove.h"
#include "projections/tables.h"
#include "tools/cli.h"

static const struct option options[] = {
    {"no-entry", no_argument, NULL, 'n'},
    {"openings", no_argument, NULL, 'o'},
    {"row", no_argument, NULL, 'R'},
    {"range", no_argument, NULL, 'G'},
    {"at", required_argument, NULL, 'a'},
    {"json", no_argument, NULL, 'j'},
    TN_CLI_KEY_OPTIONS,
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
static enum tn_status prove_with_openings(struct tn_ledger *ledger, const struct tn_cli_keys *where,
                                          uint64_t index, struct tn_error *error)
{
    const struct tn_keys_options how = {
        .root_key_path = where->root_key_path,
        .allow_unlocked = where->allow_unlocked,
    };
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

/* ---- sealed rows ---- */

/* TABLE:HEX as turno state writes them; "-" is no key, for the ends of a range. */
static bool read_key(size_t projection, const char *text, struct tn_row_key *key)
{
    const char *colon = strchr(text, ':');
    size_t digits = colon ? strlen(colon + 1) : 0;

    memset(key, 0, sizeof(*key));
    if (strcmp(text, "-") == 0) {
        return true;
    }
    if (!colon || digits % 2 != 0 || 1 + digits / 2 > TN_ROW_KEY_MAX) {
        return false;
    }
    key->data[0] = (uint8_t) tn_table_letter(projection, tn_bytes(text, (size_t) (colon - text)));
    key->size = 1 + digits / 2;
    return key->data[0] != 0 &&
           tn_hex_decode(tn_bytes_from_string(colon + 1), key->data + 1, digits / 2) == TN_OK;
}

static enum tn_status prove_rows(struct tn_ledger *ledger, const struct tn_state_claim *claim,
                                 const uint64_t *at, struct tn_error *error)
{
    struct tn_state_sealed seal;
    struct tn_prover prover;
    struct tn_buffer place;
    struct tn_buffer file;
    uint64_t index = 0;
    enum tn_status status = tn_prover_open(&prover, ledger->log, NULL, error);

    tn_buffer_init(&place, TN_PROOF_FILE_BYTES_MAX);
    tn_buffer_init(&file, TN_STATE_PROOF_BYTES_MAX);
    if (status == TN_OK) {
        status = tn_state_find_seal(ledger->log, claim->projection, at ? *at + 1 : prover.size,
                                    at != NULL, &index, &seal, error);
    }
    if (status == TN_OK) {
        status = tn_prover_prove(&prover, index, TN_PROOF_ENTRY, &place, error);
    }
    if (status == TN_OK) {
        status = tn_state_prove(ledger->log, &seal, claim, tn_buffer_view(&place), &file, error);
    }
    if (status == TN_OK) {
        fwrite(file.data, 1, file.size, stdout);
    }
    tn_buffer_close(&file);
    tn_buffer_close(&place);
    tn_prover_close(&prover);
    return status;
}

/* DIR PROJECTION KEY, or DIR PROJECTION FROM END. */
static int run_rows(int count, char **arguments, bool range, const uint64_t *at)
{
    struct tn_state_claim claim = {.range = range};
    struct tn_ledger *ledger = NULL;
    struct tn_error error = {0};
    struct tn_row_key from;
    struct tn_row_key end = {0};
    enum tn_status status;

    if (count != (range ? 4 : 3)) {
        return tn_cli_usage("prove", "say a directory, a projection and its key or keys");
    }
    claim.projection = tn_projection_find(tn_bytes_from_string(arguments[1]));
    if (claim.projection == TN_PROJECTION_COUNT) {
        return tn_cli_usage("prove", "there is no projection %s", arguments[1]);
    }
    if (!read_key(claim.projection, arguments[2], &from) || (!range && from.size == 0) ||
        (range && !read_key(claim.projection, arguments[3], &end))) {
        return tn_cli_usage("prove", "a key is TABLE:HEX, as turno state writes them");
    }
    claim.from = tn_row_key_view(&from);
    claim.end = tn_row_key_view(&end);
    status = tn_cli_open_reader(arguments[0], &ledger, &error);
    if (status == TN_OK) {
        status = prove_rows(ledger, &claim, at, &error);
    }
    tn_ledger_close(ledger);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}

int tn_command_prove(int argc, char **argv)
{
    struct tn_ledger *ledger = NULL;
    struct tn_error error = {0};
    struct tn_cli_keys keys = {0};
    uint64_t index;
    uint64_t at = 0;
    bool has_at = false;
    bool with_entry = true;
    bool openings = false;
    bool opens_keys;
    int rows = 0; /* R a row, G a range of them */
    int option;
    enum tn_status status;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'n') {
            with_entry = false;
        } else if (option == 'o') {
            openings = true;
        } else if (option == 'R' || option == 'G') {
            rows = option;
        } else if (option == 'a') {
            has_at = tn_cli_parse_u64(optarg, &at);
            if (!has_at) {
                return tn_cli_usage("prove", "--at is the index of a seal");
            }
        } else if (!tn_cli_take_keys(&keys, option, optarg) && option != 'j') {
            return tn_cli_bad_option("prove", argv);
        }
    }
    opens_keys = keys.root_key_path || keys.allow_unlocked;
    if (rows != 0 ? openings || !with_entry || opens_keys : has_at || (opens_keys && !openings)) {
        return tn_cli_usage("prove", "--at is for rows, --no-entry and --openings for an entry, "
                                     "--root-key and --allow-unlocked for openings");
    }
    if (rows != 0) {
        return run_rows(argc - optind, argv + optind, rows == 'G', has_at ? &at : NULL);
    }
    if (optind + 2 != argc || !tn_cli_parse_u64(argv[optind + 1], &index) ||
        (openings && !with_entry)) {
        return tn_cli_usage("prove", "say a directory and an index");
    }
    status = tn_cli_open_reader(argv[optind], &ledger, &error);
    if (status == TN_OK) {
        status = openings ? prove_with_openings(ledger, &keys, index, &error)
                          : prove(ledger, NULL, index, with_entry, &error);
    }
    tn_ledger_close(ledger);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
