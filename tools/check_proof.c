/* turno check-proof: check a .tlog-proof with nothing but a key, say what it proves, and make one
 * that shows less. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "api/http/json_writer.h"
#include "ledger/base/civil.h"
#include "ledger/base/hash.h"
#include "ledger/log/proof_file.h"
#include "ledger/vault/opening.h"
#include "projections/state_proof.h"
#include "tools/check_proof.h"
#include "tools/cli.h"

#define OUT_BYTES_MAX ((size_t) 8 << 20)
#define DISCLOSED_MAX 16u
/* An answer with a page of proofs is the largest thing that is checked. */
#define FILE_BYTES_MAX ((size_t) 64 << 20)

static const struct option options[] = {
    {"key", required_argument, NULL, 'k'},      {"witness", required_argument, NULL, 'w'},
    {"entry", required_argument, NULL, 'e'},    {"json", no_argument, NULL, 'j'},
    {"disclose", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0},
};

struct proof_check {
    struct tn_verifier verifiers[TN_VERIFIERS_MAX];
    size_t count; /* the first is the log's */
    bool json;
    const char *entry_path;
    enum tn_vault_field disclosed[DISCLOSED_MAX];
    size_t disclosed_count;
    struct tn_proof_file file;
    struct tn_proof_finding finding;
    struct tn_buffer extra_bytes; /* what views of `extra` point into */
    struct tn_buffer entry;       /* given apart */
    struct tn_arena arena;
    struct tn_proof_extra extra;
    struct tn_event event;
    bool decoded; /* `event` is what the entry says */
};

/* The leaf from the entry that was given, else from what the file carries. */
static enum tn_status find_leaf(struct proof_check *check, uint8_t leaf[static TN_HASH_SIZE],
                                bool *found, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    *found = true;
    if (check->file.has_extra && !check->entry_path) {
        status = tn_proof_file_extra(&check->file, &check->extra_bytes);
        if (status != TN_OK) {
            return tn_fail(error, TN_INVALID, "extra is not strict base64");
        }
        status = tn_proof_extra_read(tn_buffer_view(&check->extra_bytes), &check->arena,
                                     &check->extra, error);
        if (status == TN_OK) {
            tn_proof_extra_leaf(&check->extra, leaf);
        }
    } else if (check->entry_path) {
        status = tn_cli_read_file(check->entry_path, TN_ENTRY_BYTES_MAX, &check->entry, error);
        check->extra.entry = tn_buffer_view(&check->entry);
        tn_leaf_hash(leaf, check->extra.entry);
    } else {
        *found = false;
    }
    return status;
}

/* An entry of a log that is not a ledger of ours is bytes; openings need it to be one. */
static enum tn_status check_openings(struct proof_check *check, struct tn_error *error)
{
    const struct tn_opening_list *openings = &check->extra.openings;

    check->decoded = check->extra.entry.size > 0 &&
                     tn_event_decode(check->extra.entry, check->finding.index, &check->arena,
                                     &check->event, NULL) == TN_OK;
    for (size_t i = 0; i < openings->count; i++) {
        if (!check->decoded || tn_opening_check(&check->event, &openings->items[i]) != TN_OK) {
            return tn_fail(error, TN_MISMATCH,
                           "the entry is in the log, but it does not commit to the %s that the "
                           "file shows: that value is not proven",
                           tn_vault_field_name(openings->items[i].field));
        }
    }
    return TN_OK;
}

static enum tn_status check_file(struct proof_check *check, struct tn_bytes bytes, bool *leaf_found,
                                 struct tn_error *error)
{
    uint8_t leaf[TN_HASH_SIZE];
    enum tn_status status = tn_proof_file_parse(bytes, &check->file, error);

    *leaf_found = false;
    if (status == TN_OK) {
        status = find_leaf(check, leaf, leaf_found, error);
    }
    if (status == TN_OK) {
        status = tn_proof_file_check(bytes, check->verifiers, check->count,
                                     *leaf_found ? leaf : NULL, false, &check->finding, error);
        if (status == TN_NOT_FOUND) {
            status = TN_MISMATCH; /* signed by somebody else: not a proof under this key */
        }
    }
    return status == TN_OK && *leaf_found ? check_openings(check, error) : status;
}

static void check_open(struct proof_check *check)
{
    tn_arena_init(&check->arena, (size_t) 8 << 20);
    tn_buffer_init(&check->extra_bytes, TN_PROOF_FILE_EXTRA_BYTES_MAX);
}

static void check_close(struct proof_check *check)
{
    tn_buffer_close_secret(&check->extra_bytes);
    tn_buffer_close(&check->entry);
    tn_arena_close_secret(&check->arena);
}

enum tn_status tn_check_own_proof(struct tn_bytes bytes, const struct tn_verifier *verifiers,
                                  size_t count, uint64_t *index, struct tn_error *error)
{
    static struct proof_check check; /* large; one thread */
    bool leaf_found;
    enum tn_status status;

    check = (struct proof_check){.count = count};
    memcpy(check.verifiers, verifiers, count * sizeof(*verifiers));
    check_open(&check);
    status = check_file(&check, bytes, &leaf_found, error);
    *index = check.finding.index;
    if (status == TN_OK && !leaf_found) {
        status = tn_fail(error, TN_INVALID, "a proof shows neither an entry nor its leaf hash");
    }
    check_close(&check);
    return status;
}

/* ---- saying it ---- */

void tn_print_cosignatures(const struct tn_note *note, const struct tn_verifier *verifiers,
                           size_t count)
{
    for (size_t i = 1; i < count; i++) {
        char instant[28] = "";

        if ((note->verified >> i & 1) == 0) {
            fprintf(stderr, "not cosigned by %s\n", verifiers[i].name);
            continue;
        }
        if (note->time_s[i] > 0) {
            tn_instant_format(note->time_s[i] * 1000000u, instant);
        }
        fprintf(stderr, "cosigned by %s%s%s\n", verifiers[i].name, instant[0] ? " at " : "",
                instant);
    }
}

void tn_write_cosignatures(struct tn_json_writer *json, const struct tn_note *note,
                           const struct tn_verifier *verifiers, size_t count)
{
    tn_json_write_name(json, "cosigned");
    tn_json_write_array_begin(json);
    for (size_t i = 1; i < count; i++) {
        if ((note->verified >> i & 1) != 0) {
            tn_json_write_object_begin(json);
            tn_json_member_text(json, "name", verifiers[i].name);
            tn_json_member_uint(json, "time_s", note->time_s[i]);
            tn_json_write_object_end(json);
        }
    }
    tn_json_write_array_end(json);
}

static void write_openings(const struct proof_check *check, struct tn_json_writer *json)
{
    tn_json_write_name(json, "openings");
    tn_json_write_array_begin(json);
    for (size_t i = 0; i < check->extra.openings.count; i++) {
        const struct tn_opening *opening = &check->extra.openings.items[i];

        tn_json_write_object_begin(json);
        tn_json_member_hex(json, "subject", opening->subject, TN_ID_SIZE);
        tn_json_member_text(json, "field", tn_vault_field_name(opening->field));
        tn_json_member_string(json, "value", opening->value);
        tn_json_write_object_end(json);
    }
    tn_json_write_array_end(json);
}

static enum tn_status print_json(struct proof_check *check, struct tn_error *error)
{
    const struct tn_checkpoint *checkpoint = &check->finding.checkpoint;
    struct tn_json_writer json;
    struct tn_buffer out;
    struct tn_buffer entry;
    enum tn_status status = TN_OK;

    tn_buffer_init(&out, OUT_BYTES_MAX);
    tn_buffer_init(&entry, OUT_BYTES_MAX);
    tn_json_writer_init(&json, &out);
    tn_json_write_object_begin(&json);
    tn_json_member_string(&json, "log", checkpoint->origin);
    tn_json_member_uint(&json, "size", checkpoint->size);
    tn_json_member_uint(&json, "index", check->finding.index);
    tn_json_member_hex(&json, "leaf", check->finding.leaf_hash, TN_HASH_SIZE);
    tn_write_cosignatures(&json, &check->finding.note, check->verifiers, check->count);
    if (check->extra.entry.size > 0 && tn_event_write_json(check->extra.entry, check->finding.index,
                                                           &check->arena, &entry, error) == TN_OK) {
        tn_json_write_name(&json, "entry");
        tn_json_write_raw(&json, tn_buffer_view(&entry));
    }
    write_openings(check, &json);
    tn_json_write_object_end(&json);
    status = tn_buffer_status(&out);
    printf("%.*s\n", (int) out.size, (const char *) out.data);
    tn_buffer_close(&entry);
    tn_buffer_close_secret(&out);
    return status;
}

static void print_words(struct proof_check *check)
{
    const struct tn_proof_finding *finding = &check->finding;
    struct tn_buffer line;

    fprintf(stderr, "entry %" PRIu64 " is in the log %.*s of %" PRIu64 " entries\n", finding->index,
            (int) finding->checkpoint.origin.size, (const char *) finding->checkpoint.origin.data,
            finding->checkpoint.size);
    tn_print_cosignatures(&finding->note, check->verifiers, check->count);
    if (check->extra.entry.size == 0) {
        fprintf(stderr, "what it says is withheld: only its place and hash are proven\n");
    }
    for (size_t i = 0; i < check->extra.openings.count; i++) {
        const struct tn_opening *opening = &check->extra.openings.items[i];
        char subject[2 * TN_ID_SIZE + 1];

        tn_hex_encode(subject, opening->subject, TN_ID_SIZE);
        fprintf(stderr, "it commits to the %s of %s: ", tn_vault_field_name(opening->field),
                subject);
        tn_cli_print_text(stderr, opening->value);
        fputc('\n', stderr);
    }
    tn_buffer_init(&line, OUT_BYTES_MAX);
    if (check->extra.entry.size > 0 && tn_event_write_json(check->extra.entry, finding->index,
                                                           &check->arena, &line, NULL) == TN_OK) {
        printf("%.*s\n", (int) line.size, (const char *) line.data);
    }
    tn_buffer_close(&line);
}

/* The same proof with the openings of some fields only. */
static enum tn_status print_disclosed(struct proof_check *check, struct tn_error *error)
{
    struct tn_proof_extra shown = check->extra;
    struct tn_opening *items =
        tn_arena_array(&check->arena, shown.openings.count + 1, sizeof(*items));
    struct tn_bytes view;
    struct tn_buffer extra;
    struct tn_buffer out;

    if (!items) {
        return tn_fail(error, TN_MEMORY, "no memory for openings");
    }
    shown.openings.count = 0;
    shown.openings.items = items;
    for (size_t i = 0; i < check->extra.openings.count; i++) {
        for (size_t d = 0; d < check->disclosed_count; d++) {
            if (check->extra.openings.items[i].field == check->disclosed[d]) {
                items[shown.openings.count++] = check->extra.openings.items[i];
                break;
            }
        }
    }
    if (shown.openings.count == 0) {
        return tn_fail(error, TN_INVALID, "the file opens none of these fields");
    }
    tn_buffer_init(&extra, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    tn_buffer_init(&out, TN_PROOF_FILE_BYTES_MAX);
    tn_proof_extra_write(&shown, &extra);
    view = tn_buffer_view(&extra);
    tn_proof_file_format(&out, &view, check->file.index, check->file.proof, check->file.count,
                         check->file.checkpoint);
    fwrite(out.data, 1, out.size, stdout);
    tn_buffer_close_secret(&out);
    tn_buffer_close_secret(&extra);
    return TN_OK;
}

static int check_and_print(struct proof_check *check, struct tn_bytes bytes)
{
    struct tn_error error = {0};
    bool leaf_found;
    enum tn_status status = check_file(check, bytes, &leaf_found, &error);

    if (status == TN_OK && !leaf_found) {
        fprintf(stderr, "the file holds no entry: give it with --entry to check its place\n");
        return TN_EXIT_INCOMPLETE;
    }
    if (status == TN_OK && check->disclosed_count > 0) {
        status = print_disclosed(check, &error);
    } else if (status == TN_OK && check->json) {
        status = print_json(check, &error);
    } else if (status == TN_OK) {
        print_words(check);
    }
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}

static enum tn_status take_option(struct proof_check *check, int option, bool *have_key,
                                  struct tn_error *error)
{
    enum tn_status status = TN_OK;

    if (option == 'k') {
        status = tn_vkey_parse(tn_bytes_from_string(optarg), &check->verifiers[0], error);
        *have_key = true;
    } else if (option == 'w' && check->count < TN_VERIFIERS_MAX) {
        status =
            tn_vkey_parse(tn_bytes_from_string(optarg), &check->verifiers[check->count++], error);
    } else if (option == 'e') {
        check->entry_path = optarg;
    } else if (option == 'j') {
        check->json = true;
    } else if (option == 'd' && check->disclosed_count < DISCLOSED_MAX) {
        enum tn_vault_field field = tn_vault_field_parse(tn_bytes_from_string(optarg));

        check->disclosed[check->disclosed_count++] = field;
        if (field == 0) {
            status = tn_fail(error, TN_INVALID, "%s is no field that entries commit to", optarg);
        }
    } else {
        status = TN_EXISTS; /* said by tn_cli_bad_option */
    }
    return status;
}

int tn_command_check_proof(int argc, char **argv)
{
    static struct proof_check check;
    struct tn_buffer file = {0};
    struct tn_error error = {0};
    bool have_key = false;
    bool rows;   /* the file proves sealed rows */
    bool answer; /* it is a page of /v1/registrations/ID/proofs */
    int option;
    int code;
    enum tn_status status = TN_OK;

    check = (struct proof_check){.count = 1};
    while (status == TN_OK && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        status = take_option(&check, option, &have_key, &error);
    }
    if (status != TN_OK) {
        return status == TN_EXISTS ? tn_cli_bad_option("check-proof", argv)
                                   : tn_cli_usage("check-proof", "%s", error.text);
    }
    if (optind >= argc || !have_key) {
        return tn_cli_usage("check-proof", "say a file and the log's key");
    }
    check_open(&check);
    status = tn_cli_read_file(argv[optind], FILE_BYTES_MAX, &file, &error);
    rows = tn_state_proof_is_one(tn_buffer_view(&file));
    answer = file.size > 0 && file.data[0] == '{';
    if (status != TN_OK) {
        code = tn_cli_fail(status, &error);
    } else if ((rows || answer) && (check.entry_path || check.disclosed_count > 0)) {
        code = tn_cli_usage("check-proof", "--entry and --disclose are for the proof of one entry");
    } else if (rows) {
        code =
            tn_check_state_proof(tn_buffer_view(&file), check.verifiers, check.count, check.json);
    } else if (answer) {
        code = tn_check_answers(argc - optind, argv + optind, check.verifiers, check.count,
                                check.json);
    } else {
        code = optind + 1 == argc ? check_and_print(&check, tn_buffer_view(&file))
                                  : tn_cli_usage("check-proof", "say one proof file");
    }
    tn_buffer_close_secret(&file);
    check_close(&check);
    return code;
}
