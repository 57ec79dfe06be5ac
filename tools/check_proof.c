/* turno check-proof: check a .tlog-proof with nothing but a key. */
#include <getopt.h>
#include <inttypes.h>

#include "ledger/base/hash.h"
#include "ledger/event/event.h"
#include "ledger/log/proof_file.h"
#include "tools/cli.h"

static const struct option options[] = {
    {"key", required_argument, NULL, 'k'},
    {"witness", required_argument, NULL, 'w'},
    {"entry", required_argument, NULL, 'e'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

static void print_entry(const struct tn_proof_file *file)
{
    struct tn_buffer entry;
    struct tn_buffer line;
    struct tn_arena arena;
    struct tn_error error = {0};

    tn_buffer_init(&entry, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    tn_buffer_init(&line, (size_t) 4 << 20);
    tn_arena_init(&arena, (size_t) 4 << 20);
    if (file->has_extra && tn_proof_file_extra(file, &entry) == TN_OK &&
        tn_event_write_json(tn_buffer_view(&entry), file->index, &arena, &line, &error) == TN_OK) {
        printf("%.*s\n", (int) line.size, (const char *) line.data);
    }
    tn_arena_close(&arena);
    tn_buffer_close(&line);
    tn_buffer_close(&entry);
}

static int check(struct tn_bytes bytes, const struct tn_verifier *verifiers, size_t count,
                 const uint8_t *leaf)
{
    struct tn_proof_finding finding;
    struct tn_proof_file file;
    struct tn_error error = {0};
    enum tn_status status =
        tn_proof_file_check(bytes, verifiers, count, leaf, true, &finding, &error);

    if (status == TN_NOT_FOUND) {
        status = TN_MISMATCH; /* signed by somebody else: not a proof under this key */
    }
    if (status == TN_OK && !finding.leaf_checked) {
        fprintf(stderr, "the file holds no entry: give it with --entry to check its place\n");
        return TN_EXIT_INCOMPLETE;
    }
    if (status == TN_OK) {
        status = tn_proof_file_parse(bytes, &file, &error);
    }
    if (status != TN_OK) {
        return tn_cli_fail(status, &error);
    }
    fprintf(stderr, "entry %" PRIu64 " is in the log %.*s of %" PRIu64 " entries\n", finding.index,
            (int) finding.checkpoint.origin.size, (const char *) finding.checkpoint.origin.data,
            finding.checkpoint.size);
    print_entry(&file);
    return TN_EXIT_DONE;
}

int tn_command_check_proof(int argc, char **argv)
{
    struct tn_verifier verifiers[TN_VERIFIERS_MAX];
    size_t count = 1; /* the first is the log's */
    bool have_key = false;
    const char *entry_path = NULL;
    struct tn_buffer file = {0};
    struct tn_buffer entry = {0};
    uint8_t leaf[TN_HASH_SIZE];
    struct tn_error error = {0};
    int option;
    int code;
    enum tn_status status = TN_OK;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1 && status == TN_OK) {
        if (option == 'k') {
            status = tn_vkey_parse(tn_bytes_from_string(optarg), &verifiers[0], &error);
            have_key = true;
        } else if (option == 'w' && count < TN_VERIFIERS_MAX) {
            status = tn_vkey_parse(tn_bytes_from_string(optarg), &verifiers[count++], &error);
        } else if (option == 'e') {
            entry_path = optarg;
        } else if (option != 'j') {
            return tn_cli_usage("check-proof", "that option is not known");
        }
    }
    if (status == TN_OK && (optind + 1 != argc || !have_key)) {
        return tn_cli_usage("check-proof", "say one file and the log's key");
    }
    if (status == TN_OK) {
        status = tn_cli_read_file(argv[optind], TN_PROOF_FILE_BYTES_MAX, &file, &error);
    }
    if (status == TN_OK && entry_path) {
        status = tn_cli_read_file(entry_path, TN_ENTRY_BYTES_MAX, &entry, &error);
        tn_leaf_hash(leaf, tn_buffer_view(&entry));
    }
    code = status == TN_OK
               ? check(tn_buffer_view(&file), verifiers, count, entry_path ? leaf : NULL)
               : tn_cli_fail(status, &error);
    tn_buffer_close(&file);
    tn_buffer_close(&entry);
    return code;
}
