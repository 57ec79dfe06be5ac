/* turno check-receipt: what a receipt promises, and whether the log kept it. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "api/http/json.h"
#include "ledger/base/civil.h"
#include "ledger/base/hash.h"
#include "ledger/log/proof_file.h"
#include "ledger/log/receipt.h"
#include "ledger/log/tile.h"
#include "ledger/vault/opening.h"
#include "tools/cli.h"

/* An answer with a whole group's tokens and ids is far smaller. */
#define FILE_BYTES_MAX ((size_t) 1 << 20)
#define PATH_BYTES 4096

static const struct option options[] = {
    {"key", required_argument, NULL, 'k'},   {"witness", required_argument, NULL, 'w'},
    {"proof", required_argument, NULL, 'p'}, {"log", required_argument, NULL, 'l'},
    {"json", no_argument, NULL, 'j'},        {NULL, 0, NULL, 0},
};

/* What became of a promise. */
enum fate {
    FATE_PROMISED, /* nothing to compare it with */
    FATE_KEPT,
    FATE_OPEN,   /* the checkpoint does not reach the entry, and no witness says when that was */
    FATE_BROKEN, /* the receipt and what was published are both signed, and contradict */
};

static const char *const fate_names[] = {"promised", "kept", "open", "broken"};

struct checking {
    struct tn_verifier verifiers[TN_VERIFIERS_MAX];
    size_t count; /* verifiers; the first is the log's */
    bool have_key;
    bool json;
    const char *proof_path;
    const char *log_path;
    struct tn_receipt receipt;
    enum fate fate;
    uint64_t size; /* of the checkpoint that it was compared with */
    bool unsound;  /* the copy of the log lacks a tile or does not hold together: nothing decided */
};

/* The text alone, or the answer to a write, whose member `receipt` it is. */
static enum tn_status read_receipt(struct tn_bytes text, struct tn_receipt *receipt,
                                   struct tn_error *error)
{
    uint8_t bytes[TN_RECEIPT_BYTES_MAX];
    size_t size = sizeof(bytes);
    struct tn_json_parser *parser = tn_json_parser_create();
    const struct tn_json_value *root = NULL;
    const struct tn_json_value *member;
    struct tn_arena arena;
    enum tn_status status = TN_OK;

    tn_arena_init(&arena, (size_t) 4 << 20);
    while (text.size > 0 && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == ' ')) {
        text.size--;
    }
    if (text.size > 0 && text.data[0] == '{' && parser) {
        status = tn_json_parse(parser, text, NULL, &arena, &root, error);
        member = status == TN_OK ? tn_json_member(root, "receipt") : NULL;
        if (status == TN_OK && (!member || member->type != TN_JSON_STRING)) {
            status = tn_fail(error, TN_INVALID, "the answer holds no receipt");
        }
        text = status == TN_OK ? member->as.string : text;
    }
    if (status == TN_OK && tn_base64_decode(text, bytes, &size) != TN_OK) {
        status = tn_fail(error, TN_INVALID, "a receipt is one text in base64");
    }
    if (status == TN_OK) {
        status = tn_receipt_parse(tn_bytes(bytes, size), receipt, error);
    }
    tn_arena_close(&arena);
    tn_json_parser_destroy(parser);
    return status;
}

/* ---- beside a proof ---- */

static enum tn_status compare_proof(struct checking *checking, struct tn_error *error)
{
    struct tn_proof_finding finding;
    struct tn_proof_file proof;
    struct tn_proof_extra extra;
    struct tn_buffer file = {0};
    struct tn_buffer bytes;
    struct tn_arena arena;
    uint8_t leaf[TN_HASH_SIZE];
    enum tn_status status =
        tn_cli_read_file(checking->proof_path, TN_PROOF_FILE_BYTES_MAX, &file, error);

    tn_arena_init(&arena, TN_PROOF_EXTRA_ARENA_BYTES);
    tn_buffer_init(&bytes, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    if (status == TN_OK) {
        status = tn_proof_file_parse(tn_buffer_view(&file), &proof, error);
    }
    if (status == TN_OK &&
        (proof.index != checking->receipt.index || tn_proof_file_extra(&proof, &bytes) != TN_OK)) {
        status = tn_fail(error, TN_INVALID, "the proof must hold entry %" PRIu64,
                         checking->receipt.index);
    }
    if (status == TN_OK) {
        status = tn_proof_extra_read(tn_buffer_view(&bytes), &arena, &extra, error);
    }
    if (status == TN_OK) {
        tn_proof_extra_leaf(&extra, leaf);
        status = tn_proof_file_check(tn_buffer_view(&file), checking->verifiers, checking->count,
                                     leaf, false, &finding, error);
    }
    if (status == TN_OK) {
        checking->size = finding.checkpoint.size;
        checking->fate = memcmp(leaf, checking->receipt.leaf_hash, TN_HASH_SIZE) == 0 ? FATE_KEPT
                                                                                      : FATE_BROKEN;
    }
    tn_arena_close_secret(&arena);
    tn_buffer_close_secret(&bytes);
    tn_buffer_close_secret(&file);
    return status;
}

/* ---- beside a copy of the log's resources ---- */

static enum tn_status read_tile(void *context, unsigned level, uint64_t index, unsigned width,
                                uint8_t *hashes, struct tn_error *error)
{
    struct checking *checking = context;
    struct tn_tile tile = {.level = level, .index = index};
    struct tn_buffer file = {0};
    char name[TN_TILE_PATH_SIZE];
    char path[PATH_BYTES];
    enum tn_status status;

    tile.width = tn_tile_width_at(level, index, checking->size);
    tn_tile_path_format(&tile, name);
    (void) snprintf(path, sizeof(path), "%s/%s", checking->log_path, name);
    status = tn_cli_read_file(path, TN_TILE_BYTES, &file, error);
    if (status == TN_OK && (width > tile.width || file.size != tile.width * TN_HASH_SIZE)) {
        status = tn_fail(error, TN_INVALID, "%s is not a tile of %u hashes", path, tile.width);
    }
    if (status == TN_OK) {
        memcpy(hashes, file.data, width * TN_HASH_SIZE);
    }
    checking->unsound = checking->unsound || status != TN_OK;
    tn_buffer_close(&file);
    return status;
}

/* The leaf that is really there, proven by the tiles under the checkpoint's root. */
static enum tn_status compare_leaf(struct checking *checking,
                                   const uint8_t root[static TN_HASH_SIZE], struct tn_error *error)
{
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    uint8_t hashes[TN_TILE_BYTES];
    uint64_t index = checking->receipt.index;
    const uint8_t *leaf = hashes + index % TN_TILE_WIDTH * TN_HASH_SIZE;
    size_t count = 0;
    enum tn_status status = read_tile(checking, 0, index / TN_TILE_WIDTH,
                                      tn_tile_width_at(0, index / TN_TILE_WIDTH, checking->size),
                                      hashes, error);

    if (status == TN_OK) {
        status = tn_tree_prove_inclusion(read_tile, checking, index, checking->size, proof, &count,
                                         error);
    }
    if (status == TN_OK &&
        tn_proof_verify_inclusion(leaf, index, checking->size, proof, count, root) != TN_OK) {
        checking->unsound = true;
        status = tn_fail(error, TN_INVALID,
                         "the tiles do not lead to the checkpoint's root: with this copy nothing "
                         "can be said, take another");
    }
    if (status == TN_OK) {
        checking->fate = memcmp(leaf, checking->receipt.leaf_hash, TN_HASH_SIZE) == 0 ? FATE_KEPT
                                                                                      : FATE_BROKEN;
    }
    return status;
}

static enum tn_status compare_log(struct checking *checking, struct tn_error *error)
{
    struct tn_checkpoint checkpoint;
    struct tn_note note;
    struct tn_buffer file = {0};
    char path[PATH_BYTES];
    enum tn_status status;

    (void) snprintf(path, sizeof(path), "%s/checkpoint", checking->log_path);
    status = tn_cli_read_file(path, TN_NOTE_BYTES_MAX, &file, error);
    if (status == TN_OK) {
        status = tn_note_verify(tn_buffer_view(&file), checking->verifiers, checking->count, &note,
                                error);
        status = status == TN_NOT_FOUND ? TN_MISMATCH : status;
    }
    if (status == TN_OK) {
        status = tn_checkpoint_parse(note.text, &checkpoint, error);
    }
    if (status == TN_OK &&
        ((note.verified & 1) == 0 ||
         !tn_bytes_equal_string(checkpoint.origin, checking->verifiers[0].name))) {
        status = tn_fail(error, TN_MISMATCH, "the checkpoint is not one of %s",
                         checking->verifiers[0].name);
    }
    if (status == TN_OK) {
        checking->size = checkpoint.size;
        if (checking->receipt.index < checkpoint.size) {
            status = compare_leaf(checking, checkpoint.root, error);
        } else {
            checking->fate = FATE_OPEN;
            for (size_t i = 1; i < checking->count; i++) {
                if (note.time_s[i] > checking->receipt.publish_by_us / 1000000u) {
                    checking->fate = FATE_BROKEN;
                }
            }
        }
    }
    tn_buffer_close(&file);
    return status;
}

/* ---- the answer ---- */

static int report(const struct checking *checking)
{
    static const int codes[] = {TN_EXIT_DONE, TN_EXIT_DONE, TN_EXIT_INCOMPLETE, TN_EXIT_DIFFERENCE};
    const struct tn_receipt *receipt = &checking->receipt;
    char instant[28];
    char leaf[2 * TN_HASH_SIZE + 1];

    tn_instant_format(receipt->publish_by_us, instant);
    tn_hex_encode(leaf, receipt->leaf_hash, TN_HASH_SIZE);
    if (checking->json) {
        printf("{\"log\":\"%s\",\"index\":%" PRIu64 ",\"leaf\":\"%s\",\"publish_by\":\"%s\","
               "\"promise\":\"%s\"}\n",
               checking->verifiers[0].name, receipt->index, leaf, instant,
               fate_names[checking->fate]);
        return codes[checking->fate];
    }
    printf("%s promised: entry %" PRIu64 " has the leaf hash %s, in a checkpoint by %s\n",
           checking->verifiers[0].name, receipt->index, leaf, instant);
    if (checking->fate == FATE_KEPT) {
        printf("kept: the published log of %" PRIu64 " entries holds exactly that\n",
               checking->size);
    } else if (checking->fate == FATE_OPEN) {
        printf("open: the checkpoint ends at %" PRIu64 " and no given witness dates it after the "
               "promise; take a newer one\n",
               checking->size);
    } else if (checking->fate == FATE_BROKEN && receipt->index < checking->size) {
        printf("broken: the published log of %" PRIu64 " entries holds another entry there. The "
               "receipt and the checkpoint, both signed, prove misbehaviour: keep both\n",
               checking->size);
    } else if (checking->fate == FATE_BROKEN) {
        printf("broken: a witness dates the checkpoint of %" PRIu64 " entries after the promise. "
               "The receipt and the cosigned checkpoint prove it: keep both\n",
               checking->size);
    }
    return codes[checking->fate];
}

static enum tn_status check(struct checking *checking, struct tn_bytes text, struct tn_error *error)
{
    enum tn_status status = read_receipt(text, &checking->receipt, error);

    if (status == TN_OK) {
        status = tn_receipt_verify(&checking->receipt, &checking->verifiers[0], error);
    }
    if (status == TN_NOT_FOUND) {
        status = TN_MISMATCH; /* not a receipt under this key */
    }
    if (status == TN_OK && checking->proof_path) {
        status = compare_proof(checking, error);
    } else if (status == TN_OK && checking->log_path) {
        status = compare_log(checking, error);
    }
    return status;
}

int tn_command_check_receipt(int argc, char **argv)
{
    static struct checking checking;
    struct tn_buffer file = {0};
    struct tn_error error = {0};
    enum tn_status status = TN_OK;
    int option;
    int code;

    checking = (struct checking){.count = 1};
    while (status == TN_OK && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'k') {
            status = tn_vkey_parse(tn_bytes_from_string(optarg), &checking.verifiers[0], &error);
            checking.have_key = true;
        } else if (option == 'w' && checking.count < TN_VERIFIERS_MAX) {
            status = tn_vkey_parse(tn_bytes_from_string(optarg),
                                   &checking.verifiers[checking.count++], &error);
        } else if (option == 'p') {
            checking.proof_path = optarg;
        } else if (option == 'l') {
            checking.log_path = optarg;
        } else if (option == 'j') {
            checking.json = true;
        } else {
            return tn_cli_bad_option("check-receipt", argv);
        }
    }
    if (status != TN_OK) {
        return tn_cli_usage("check-receipt", "%s", error.text);
    }
    if (optind + 1 != argc || !checking.have_key || (checking.proof_path && checking.log_path)) {
        return tn_cli_usage("check-receipt",
                            "say one file and the log's key, and at most one thing to compare "
                            "it with");
    }
    status = tn_cli_read_file(argv[optind], FILE_BYTES_MAX, &file, &error);
    if (status == TN_OK) {
        status = check(&checking, tn_buffer_view(&file), &error);
    }
    code = status == TN_OK ? report(&checking) : tn_cli_fail(status, &error);
    code = checking.unsound ? TN_EXIT_INCOMPLETE : code;
    tn_buffer_close(&file);
    return code;
}
