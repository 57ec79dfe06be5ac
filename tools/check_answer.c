/* turno check-proof of answers of /v1/registrations/ID/proofs: every proof on the pages, and
 * whether they are all there are. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/http/json.h"
#include "api/http/json_writer.h"
#include "projections/state_proof.h"
#include "projections/streams.h"
#include "tools/check_proof.h"
#include "tools/cli.h"

#define FILE_BYTES_MAX ((size_t) 64 << 20)
#define ARENA_BYTES_MAX ((size_t) 256 << 20)
#define VALUES_MAX 4000000u

struct answers {
    const struct tn_verifier *verifiers;
    size_t count;
    struct tn_arena arena;
    struct tn_json_parser *parser;
    uint64_t *proven; /* indices of entries whose proofs hold */
    size_t proven_count;
    const struct tn_json_value *complete;
    struct tn_error error;
    /* what the complete list says */
    struct tn_state_finding finding;
    uint8_t stream[TN_ID_SIZE];
    uint64_t listed;
    uint64_t missing; /* listed, and no proof is on the pages */
    uint64_t later;   /* proven, and after the seal */
};

static enum tn_status malformed(struct answers *answers)
{
    return tn_fail(&answers->error, TN_INVALID, "that is not an answer with proofs");
}

static bool is_proven(const struct answers *answers, uint64_t index)
{
    for (size_t i = 0; i < answers->proven_count; i++) {
        if (answers->proven[i] == index) {
            return true;
        }
    }
    return false;
}

static enum tn_status check_page(struct answers *answers, const struct tn_json_value *root)
{
    const struct tn_json_value *list = tn_json_member(root, "proofs");
    const struct tn_json_value *complete = tn_json_member(root, "complete");
    uint64_t *grown;
    enum tn_status status = TN_OK;

    if (!list || list->type != TN_JSON_ARRAY) {
        return malformed(answers);
    }
    grown = realloc(answers->proven, (answers->proven_count + list->count + 1) * sizeof(*grown));
    if (!grown) {
        return tn_fail(&answers->error, TN_MEMORY, "no memory for the proofs");
    }
    answers->proven = grown;
    for (uint32_t i = 0; status == TN_OK && i < list->count; i++) {
        const struct tn_json_value *proof = tn_json_member(&list->as.items[i], "proof");
        const struct tn_json_value *index = tn_json_member(&list->as.items[i], "index");
        uint64_t *proven = &answers->proven[answers->proven_count];

        if (!proof || proof->type != TN_JSON_STRING || !index || index->type != TN_JSON_UINT) {
            return malformed(answers);
        }
        status = tn_check_own_proof(proof->as.string, answers->verifiers, answers->count, proven,
                                    &answers->error);
        if (status == TN_OK && *proven != index->as.uint64) {
            status = tn_fail(&answers->error, TN_MISMATCH,
                             "the proof said to be of entry %" PRIu64 " is of %" PRIu64,
                             index->as.uint64, *proven);
        }
        /* A page that is given twice proves nothing more. */
        answers->proven_count += status == TN_OK && !is_proven(answers, *proven) ? 1 : 0;
    }
    if (complete && complete->type == TN_JSON_OBJECT) {
        answers->complete = complete;
    }
    return status;
}

static enum tn_status read_pages(struct answers *answers, int count, char **paths)
{
    static const struct tn_json_limits limits = {.depth_max = TN_JSON_DEPTH_MAX,
                                                 .members_max = TN_JSON_MEMBERS_MAX,
                                                 .values_max = VALUES_MAX,
                                                 .size_max = FILE_BYTES_MAX};
    enum tn_status status = TN_OK;

    for (int i = 0; status == TN_OK && i < count; i++) {
        const struct tn_json_value *root = NULL;
        struct tn_buffer file = {0};

        status = tn_cli_read_file(paths[i], FILE_BYTES_MAX, &file, &answers->error);
        if (status == TN_OK) {
            status = tn_json_parse(answers->parser, tn_buffer_view(&file), &limits, &answers->arena,
                                   &root, &answers->error);
        }
        if (status == TN_OK) {
            status = check_page(answers, root);
        }
        tn_buffer_close_secret(&file);
    }
    return status;
}

/* The sealed row of the stream's list. */
static enum tn_status read_list_row(struct answers *answers, struct tn_stream_row *row)
{
    const struct tn_json_value *text = tn_json_member(answers->complete, "proof");
    struct tn_state_proof proof;
    enum tn_status status;

    if (!text || text->type != TN_JSON_STRING) {
        return malformed(answers);
    }
    status = tn_state_proof_parse(text->as.string, &answers->arena, &proof, &answers->error);
    if (status == TN_OK) {
        status = tn_state_proof_check(&proof, answers->verifiers, answers->count, &answers->arena,
                                      &answers->finding, &answers->error);
    }
    if (status != TN_OK) {
        return status;
    }
    if (!tn_bytes_equal_string(proof.projection, "streams") || proof.range ||
        proof.from.size != 1 + TN_ID_SIZE || proof.rows[0].deleted ||
        tn_record_decode_bytes(&tn_record_stream_row, proof.rows[0].value, &answers->arena, row) !=
            TN_OK ||
        !tn_stream_row_is_sound(row)) {
        return tn_fail(&answers->error, TN_INVALID, "the sealed row is not one of a stream");
    }
    memcpy(answers->stream, proof.from.data + 1, TN_ID_SIZE);
    return TN_OK;
}

/* The list leads to the sealed row, and every proven entry up to the seal is on it. */
static enum tn_status check_complete(struct answers *answers)
{
    const struct tn_json_value *list = tn_json_member(answers->complete, "indices");
    uint8_t peaks[TN_STREAM_PEAKS_BYTES];
    struct tn_stream_row row = {.count = 0};
    struct tn_stream_row again = {.count = 0};
    uint64_t covered = 0;
    enum tn_status status = read_list_row(answers, &row);

    if (status == TN_OK && (!list || list->type != TN_JSON_ARRAY)) {
        status = malformed(answers);
    }
    for (uint32_t i = 0; status == TN_OK && i < list->count; i++) {
        uint64_t index = list->as.items[i].as.uint64;

        if (list->as.items[i].type != TN_JSON_UINT ||
            tn_stream_add(&again, index, peaks) != TN_OK) {
            return tn_fail(&answers->error, TN_INVALID, "the list of entries is not in order");
        }
        covered += is_proven(answers, index) ? 1 : 0;
    }
    if (status == TN_OK && (again.count != row.count || again.last != row.last ||
                            !tn_bytes_equal(again.peaks, row.peaks))) {
        status = tn_fail(&answers->error, TN_MISMATCH,
                         "the list of %" PRIu64 " entries is not the one that was sealed (%" PRIu64
                         " entries): something is missing or was put in",
                         again.count, row.count);
    }
    if (status != TN_OK) {
        return status;
    }
    for (size_t i = 0; i < answers->proven_count; i++) {
        bool later = answers->proven[i] > answers->finding.seal.upto;
        bool on_list = false;

        for (uint32_t at = 0; !later && !on_list && at < list->count; at++) {
            on_list = list->as.items[at].as.uint64 == answers->proven[i];
        }
        if (!later && !on_list) {
            return tn_fail(&answers->error, TN_MISMATCH,
                           "entry %" PRIu64 " is shown as one of the stream, whose sealed list "
                           "does not hold it",
                           answers->proven[i]);
        }
        answers->later += later ? 1 : 0;
    }
    answers->listed = row.count;
    answers->missing = row.count - covered;
    return TN_OK;
}

static int report(const struct answers *answers, bool as_json)
{
    char stream[2 * TN_ID_SIZE + 1];
    bool complete = answers->complete && answers->missing == 0;

    tn_hex_encode(stream, answers->stream, TN_ID_SIZE);
    if (as_json) {
        printf("{\"log\":\"%s\",\"proven\":%zu,\"complete\":%s", answers->verifiers[0].name,
               answers->proven_count, complete ? "true" : "false");
        if (answers->complete) {
            printf(",\"stream\":\"%s\",\"upto\":%" PRIu64 ",\"count\":%" PRIu64
                   ",\"missing\":%" PRIu64 ",\"later\":%" PRIu64,
                   stream, answers->finding.seal.upto, answers->listed, answers->missing,
                   answers->later);
        }
        printf("}\n");
        return complete ? TN_EXIT_DONE : TN_EXIT_INCOMPLETE;
    }
    printf("%zu entries are in the log %s\n", answers->proven_count, answers->verifiers[0].name);
    if (!answers->complete) {
        printf("no seal covers them yet: that they are all there are is not proven\n");
    } else if (complete) {
        printf("these %" PRIu64 " are all entries of %s up to entry %" PRIu64 ", and %" PRIu64
               " are later\n",
               answers->listed, stream, answers->finding.seal.upto, answers->later);
    } else {
        printf("%s has %" PRIu64 " entries up to entry %" PRIu64 "; %" PRIu64
               " of them are not on these pages: give the others too\n",
               stream, answers->listed, answers->finding.seal.upto, answers->missing);
    }
    return complete ? TN_EXIT_DONE : TN_EXIT_INCOMPLETE;
}

int tn_check_answers(int count, char **paths, const struct tn_verifier *verifiers,
                     size_t verifier_count, bool as_json)
{
    struct answers answers = {.verifiers = verifiers, .count = verifier_count};
    enum tn_status status;
    int code;

    tn_arena_init(&answers.arena, ARENA_BYTES_MAX);
    answers.parser = tn_json_parser_create();
    status = answers.parser ? read_pages(&answers, count, paths) : TN_MEMORY;
    if (status == TN_OK && answers.complete) {
        status = check_complete(&answers);
    }
    code = status == TN_OK ? report(&answers, as_json) : tn_cli_fail(status, &answers.error);
    tn_json_parser_destroy(answers.parser);
    tn_arena_close_secret(&answers.arena);
    free(answers.proven);
    return code;
}
