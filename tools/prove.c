/* turno prove: a .tlog-proof of one entry in the published tree. */
#include <getopt.h>
#include <inttypes.h>

#include "ledger/log/proof_file.h"
#include "tools/cli.h"

static const struct option options[] = {
    {"no-entry", no_argument, NULL, 'n'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

static enum tn_status prove(struct tn_ledger *ledger, uint64_t index, bool with_entry,
                            struct tn_error *error)
{
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    size_t count = 0;
    uint64_t size = 0;
    struct tn_buffer note;
    struct tn_buffer entry;
    struct tn_buffer file;
    enum tn_status status;

    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    tn_buffer_init(&file, TN_PROOF_FILE_BYTES_MAX);
    status = tn_log_published(ledger->log, &note, &size, error);
    if (status == TN_OK && index >= size) {
        status = tn_fail(error, TN_NOT_FOUND,
                         "entry %" PRIu64 " is not published: the checkpoint holds %" PRIu64, index,
                         size);
    }
    if (status == TN_OK) {
        status = tn_log_prove_inclusion(ledger->log, index, size, proof, &count, error);
    }
    if (status == TN_OK) {
        status = tn_log_read(ledger->log, index, &entry, error);
    }
    if (status == TN_OK) {
        struct tn_bytes view = tn_buffer_view(&entry);

        tn_proof_file_format(&file, with_entry ? &view : NULL, index, proof, count,
                             tn_buffer_view(&note));
        fwrite(file.data, 1, file.size, stdout);
    }
    tn_buffer_close(&file);
    tn_buffer_close(&entry);
    tn_buffer_close(&note);
    return status;
}

int tn_command_prove(int argc, char **argv)
{
    struct tn_ledger *ledger = NULL;
    struct tn_error error = {0};
    uint64_t index;
    bool with_entry = true;
    int option;
    enum tn_status status;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'n') {
            with_entry = false;
        } else if (option != 'j') {
            return tn_cli_usage("prove", "that option is not known");
        }
    }
    if (optind + 2 != argc || !tn_cli_parse_u64(argv[optind + 1], &index)) {
        return tn_cli_usage("prove", "say a directory and an index");
    }
    status = tn_cli_open_reader(argv[optind], &ledger, &error);
    if (status == TN_OK) {
        status = prove(ledger, index, with_entry, &error);
    }
    tn_ledger_close(ledger);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
