/* Witnesses: requests, the order of their checks, answers, the vectors of others. */
#include "tests/ledger/log/vectors.h"

#include <sodium.h>

#include "ledger/base/check.h"
#include "ledger/log/witness.h"

#define ORIGIN "log.test/one"

static struct tn_signer log_key;
static struct tn_signer stranger;
static struct tn_signer witness_key;
static struct tn_witness_log known_log;

static void keys_init(void)
{
    static const uint8_t seeds[3][TN_KEY_SEED_SIZE] = {{1}, {2}, {3}};

    TN_CHECK(tn_signer_init(&log_key, tn_bytes_from_string(ORIGIN), TN_KEY_ED25519, seeds[0]) ==
             TN_OK);
    TN_CHECK(tn_signer_init(&stranger, tn_bytes_from_string(ORIGIN), TN_KEY_ED25519, seeds[1]) ==
             TN_OK);
    TN_CHECK(tn_signer_init(&witness_key, tn_bytes_from_string("w.test/1"), TN_KEY_COSIGNATURE,
                            seeds[2]) == TN_OK);
    known_log = (struct tn_witness_log){tn_bytes_from_string(ORIGIN), log_key.verifier};
}

/* A tree of entries "0", "1", ... and, from `fork` on, others. */
static void tree_make(struct tn_tree *tree, uint64_t size, uint64_t fork)
{
    tn_tree_init(tree);
    for (uint64_t i = 0; i < size; i++) {
        char entry[32];

        (void) snprintf(entry, sizeof(entry), "%s%llu", i >= fork ? "x" : "",
                        (unsigned long long) i);
        tn_tree_append(tree, tn_bytes_from_string(entry), NULL, NULL);
    }
}

/* Below 256 entries every tile is a growing one. */
static enum tn_status tile_read(void *context, unsigned level, uint64_t index, unsigned width,
                                uint8_t *hashes, struct tn_error *error)
{
    unsigned have;
    const uint8_t *growing = tn_tree_growing(context, level, &have);

    (void) error;
    TN_CHECK(index == 0 && width <= have);
    memcpy(hashes, growing, (size_t) width * TN_HASH_SIZE);
    return TN_OK;
}

static void note_make(struct tn_buffer *note, const char *origin, const struct tn_tree *tree,
                      const struct tn_signer *signer)
{
    struct tn_buffer text;
    uint8_t root[TN_HASH_SIZE];

    tn_buffer_init(&text, 4096);
    tn_tree_root(tree, root);
    tn_checkpoint_format(&text, tn_bytes_from_string(origin), tn_tree_size(tree), root);
    tn_note_begin(note, tn_buffer_view(&text));
    tn_note_sign(note, tn_buffer_view(&text), signer);
    tn_buffer_close(&text);
}

#define NO_FORK UINT64_MAX

/* What is sent, and what the witness has. */
struct asking {
    uint64_t old_size;   /* as the request says it */
    uint64_t proof_from; /* the proof is from there; 0: none */
    uint64_t size;
    uint64_t fork; /* the log's entries are others from here on */
    uint64_t known;
    const char *origin;
    const struct tn_signer *signer;
};

static void request_make(const struct asking *asking, struct tn_buffer *request)
{
    struct tn_tree tree;
    struct tn_buffer note;
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    size_t count = 0;

    tn_buffer_init(&note, 1 << 16);
    tree_make(&tree, asking->size, asking->fork);
    note_make(&note, asking->origin, &tree, asking->signer);
    if (asking->proof_from > 0) {
        assert_int_equal(tn_tree_prove_consistency(tile_read, &tree, asking->proof_from,
                                                   asking->size, proof, &count, NULL),
                         TN_OK);
    }
    tn_witness_request_format(request, asking->old_size, proof, count, tn_buffer_view(&note));
    assert_int_equal(tn_buffer_status(request), TN_OK);
    tn_buffer_close(&note);
}

static unsigned answer_to(const struct asking *asking, uint64_t *known_size)
{
    struct tn_witness_known known = {.size = asking->known};
    struct tn_witness_decision decision;
    struct tn_buffer request;
    struct tn_tree tree;

    tn_buffer_init(&request, TN_WITNESS_REQUEST_BYTES_MAX);
    request_make(asking, &request);
    tree_make(&tree, asking->known, UINT64_MAX);
    tn_tree_root(&tree, known.root);
    tn_witness_admit(tn_buffer_view(&request), &known_log, 1, &decision);
    if (decision.status == 200) {
        tn_witness_decide(&known, &decision);
    }
    *known_size = decision.known_size;
    tn_buffer_close(&request);
    return decision.status;
}

static void every_check_answers_in_its_order(void **state)
{
    static const struct {
        const char *label;
        struct asking asking;
        unsigned status;
    } rows[] = {
        {"the first checkpoint", {0, 0, 10, NO_FORK, 0, ORIGIN, &log_key}, 200},
        {"the empty log", {0, 0, 0, NO_FORK, 0, ORIGIN, &log_key}, 200},
        {"growth of the same log", {10, 10, 90, NO_FORK, 10, ORIGIN, &log_key}, 200},
        {"the same again, for a fresh time", {10, 0, 10, NO_FORK, 10, ORIGIN, &log_key}, 200},
        {"a first one with a proof", {0, 4, 10, NO_FORK, 0, ORIGIN, &log_key}, 422},
        {"an unknown origin goes before its signature",
         {11, 0, 10, NO_FORK, 5, "log.test/two", &stranger},
         404},
        {"a stranger's signature goes before sizes",
         {11, 0, 10, NO_FORK, 5, ORIGIN, &stranger},
         403},
        {"sizes that cannot be go before the store",
         {11, 0, 10, NO_FORK, 5, ORIGIN, &log_key},
         400},
        {"another old size goes before the proof", {4, 0, 10, NO_FORK, 5, ORIGIN, &log_key}, 409},
        {"less than was signed", {4, 4, 5, NO_FORK, 10, ORIGIN, &log_key}, 409},
        {"nothing known, something said", {4, 4, 10, NO_FORK, 0, ORIGIN, &log_key}, 409},
        {"growth without a proof", {5, 0, 10, NO_FORK, 5, ORIGIN, &log_key}, 422},
        {"growth with another's proof", {5, 6, 10, NO_FORK, 5, ORIGIN, &log_key}, 422},
        {"a fork at the same size", {10, 0, 10, 8, 10, ORIGIN, &log_key}, 422},
        {"a fork that has grown", {10, 10, 20, 8, 10, ORIGIN, &log_key}, 422},
        {"the same size with a proof", {10, 4, 10, NO_FORK, 10, ORIGIN, &log_key}, 422},
    };

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct asking asking = rows[i].asking;
        uint64_t known;
        unsigned status;

        status = answer_to(&asking, &known);
        if (status != rows[i].status) {
            fail_msg("%s: %u instead of %u", rows[i].label, status, rows[i].status);
        }
        assert_int_equal(known, status == 409 ? asking.known : 0);
    }
}

/* Every pair of sizes: proved from where the witness is, it signs; from anywhere else, it does not.
 */
static void a_witness_follows_a_log_through_every_growth(void **state)
{
    (void) state;
    for (uint64_t old = 0; old <= 20; old++) {
        for (uint64_t size = old; size <= 40; size++) {
            struct asking asking = {old,     old < size ? old : 0, size, UINT64_MAX, old, ORIGIN,
                                    &log_key};
            uint64_t known;

            assert_int_equal(answer_to(&asking, &known), 200);
            asking.fork = old - 1;
            if (old > 0) {
                assert_int_equal(answer_to(&asking, &known), 422);
            }
            asking.fork = UINT64_MAX;
            asking.known = old + 1;
            assert_int_equal(answer_to(&asking, &known), 409);
            assert_int_equal(known, old + 1);
        }
    }
}

static void a_request_reads_back_and_nothing_else_is_one(void **state)
{
    static const char *const bad[] = {
        "",
        "old 1",
        "old 1\n",
        "old\n\nx\n",
        "old 01\n\nx\n",
        "old -1\n\nx\n",
        "old 9223372036854775808\n\nx\n",
        " old 1\n\nx\n",
        "old  1\n\nx\n",
        "old 1 \n\nx\n",
        "old 1\r\n\r\nx\n",
        "old 1\nabc\n\nx\n",
        "old 1\nKgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\nx\n",
        "old 1\nKgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\nx\n",
        "old 1\nKgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    };
    struct asking asking = {5, 5, 30, UINT64_MAX, 5, ORIGIN, &log_key};
    struct tn_witness_request request;
    struct tn_buffer bytes;
    struct tn_buffer again;

    (void) state;
    tn_buffer_init(&bytes, TN_WITNESS_REQUEST_BYTES_MAX);
    tn_buffer_init(&again, TN_WITNESS_REQUEST_BYTES_MAX);
    request_make(&asking, &bytes);
    assert_int_equal(tn_witness_request_parse(tn_buffer_view(&bytes), &request, NULL), TN_OK);
    assert_int_equal(request.old_size, 5);
    assert_true(request.count > 1);
    tn_witness_request_format(&again, request.old_size, request.proof, request.count, request.note);
    assert_true(tn_bytes_equal(tn_buffer_view(&bytes), tn_buffer_view(&again)));
    for (size_t i = 0; i < TN_ARRAY_SIZE(bad); i++) {
        if (tn_witness_request_parse(tn_bytes_from_string(bad[i]), &request, NULL) != TN_INVALID) {
            fail_msg("taken: %s", bad[i]);
        }
        assert_true(tn_is_zero(&request, sizeof(request)));
    }
    /* 63 hashes are the most there can be. */
    for (size_t count = 63; count <= 64; count++) {
        tn_buffer_reset(&again);
        tn_buffer_append_string(&again, "old 1\n");
        for (size_t i = 0; i < count; i++) {
            tn_buffer_append_string(&again, "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
        }
        tn_buffer_append_string(&again, "\nx\n");
        assert_int_equal(tn_witness_request_parse(tn_buffer_view(&again), &request, NULL),
                         count == 63 ? TN_OK : TN_INVALID);
    }
    tn_buffer_close(&bytes);
    tn_buffer_close(&again);
}

/* ---- answers ---- */

static void an_answer_means_one_thing(void **state)
{
    static const struct {
        const char *label;
        unsigned status;
        const char *type;
        const char *body;
        bool equal;
        enum tn_witness_outcome outcome;
        uint64_t size;
    } rows[] = {
        {"signed", 200, "text/plain", "x", false, TN_WITNESS_SIGNED, 0},
        {"stale", 409, "text/x.tlog.size", "42\n", false, TN_WITNESS_STALE, 42},
        {"stale, to equal sizes", 409, "text/x.tlog.size", "42\n", true, TN_WITNESS_STALE, 42},
        {"stale, with parameters", 409, "Text/X.tlog.size; a=b", "0\n", false, TN_WITNESS_STALE, 0},
        {"no newline", 409, "text/x.tlog.size", "42", false, TN_WITNESS_FAILED, 0},
        {"leading zero", 409, "text/x.tlog.size", "042\n", false, TN_WITNESS_FAILED, 0},
        {"two lines", 409, "text/x.tlog.size", "42\n\n", false, TN_WITNESS_FAILED, 0},
        {"too large", 409, "text/x.tlog.size", "9223372036854775808\n", false, TN_WITNESS_FAILED,
         0},
        {"another type", 409, "text/x.tlog.sizes", "42\n", false, TN_WITNESS_FAILED, 0},
        {"another root, by v1.0.0", 409, "text/plain", "no", true, TN_WITNESS_FORK, 0},
        {"unfit", 422, "", "", false, TN_WITNESS_FORK, 0},
        {"malformed", 400, "", "", false, TN_WITNESS_REJECTED, 0},
        {"forbidden", 403, "", "", false, TN_WITNESS_REJECTED, 0},
        {"unknown", 404, "", "", false, TN_WITNESS_REJECTED, 0},
        {"elsewhere", 302, "", "", false, TN_WITNESS_FAILED, 0},
        {"busy", 429, "", "", false, TN_WITNESS_FAILED, 0},
        {"broken", 500, "", "", true, TN_WITNESS_FAILED, 0},
    };

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        struct tn_witness_answer answer;

        tn_witness_answer_read(rows[i].status, tn_bytes_from_string(rows[i].type),
                               tn_bytes_from_string(rows[i].body), rows[i].equal, &answer);
        if (answer.outcome != rows[i].outcome || answer.size != rows[i].size) {
            fail_msg("%s: %d %llu", rows[i].label, (int) answer.outcome,
                     (unsigned long long) answer.size);
        }
    }
}

static void only_good_lines_of_known_keys_are_taken(void **state)
{
    struct tn_bytes text = tn_bytes_from_string(ORIGIN
                                                "\n0\n"
                                                "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
                                                "\n");
    struct tn_bytes other = tn_bytes_from_string("another text\n");
    struct tn_verifier verifiers[2] = {log_key.verifier, witness_key.verifier};
    struct tn_buffer body;
    struct tn_buffer lines;
    uint64_t signed_by;

    (void) state;
    tn_buffer_init(&body, 1 << 16);
    tn_buffer_init(&lines, 1 << 16);
    tn_note_sign(&body, text, &stranger); /* unknown: ignored */
    assert_int_equal(tn_witness_answer_lines(text, tn_buffer_view(&body), verifiers, 2, &lines,
                                             &signed_by, NULL),
                     TN_NOT_FOUND);
    tn_note_cosign(&body, text, &witness_key, 77);
    tn_note_cosign(&body, text, &witness_key, 78); /* the same key again */
    assert_int_equal(tn_witness_answer_lines(text, tn_buffer_view(&body), verifiers, 2, &lines,
                                             &signed_by, NULL),
                     TN_OK);
    assert_int_equal(signed_by, 2);
    assert_ptr_equal(memchr(lines.data, '\n', lines.size), lines.data + lines.size - 1);
    /* One bad line of a known key spoils all. */
    tn_note_cosign(&body, other, &witness_key, 79);
    tn_buffer_reset(&lines);
    assert_int_equal(tn_witness_answer_lines(text, tn_buffer_view(&body), verifiers, 2, &lines,
                                             &signed_by, NULL),
                     TN_MISMATCH);
    assert_int_equal(signed_by, 0);
    assert_int_equal(lines.size, 0);
    assert_int_equal(tn_witness_answer_lines(text, tn_bytes_from_string("garbage\n"), verifiers, 2,
                                             &lines, &signed_by, NULL),
                     TN_INVALID);
    assert_int_equal(
        tn_witness_answer_lines(text, tn_bytes(NULL, 0), verifiers, 2, &lines, &signed_by, NULL),
        TN_INVALID);
    tn_buffer_close(&body);
    tn_buffer_close(&lines);
}

static void a_time_beyond_what_a_clock_can_say_is_no_cosignature(void **state)
{
    struct tn_bytes text = tn_bytes_from_string("x\n");
    struct tn_buffer line;
    uint64_t time_s;
    size_t which;

    (void) state;
    tn_buffer_init(&line, 4096);
    tn_note_cosign(&line, text, &witness_key, INT64_MAX);
    assert_int_equal(tn_note_verify_line(text, tn_buffer_view(&line), &witness_key.verifier, 1,
                                         &which, &time_s, NULL),
                     TN_OK);
    tn_buffer_reset(&line);
    tn_note_cosign(&line, text, &witness_key, (uint64_t) INT64_MAX + 1);
    assert_int_equal(tn_note_verify_line(text, tn_buffer_view(&line), &witness_key.verifier, 1,
                                         &which, &time_s, NULL),
                     TN_MISMATCH);
    tn_buffer_close(&line);
}

/* ---- merging ---- */

static void a_fresh_line_takes_the_place_of_the_same_signer_s(void **state)
{
    struct tn_bytes text = tn_bytes_from_string("x\n");
    struct tn_verifier verifiers[2] = {log_key.verifier, witness_key.verifier};
    struct tn_buffer note;
    struct tn_buffer lines;
    struct tn_buffer merged;
    struct tn_note read;

    (void) state;
    tn_buffer_init(&note, 1 << 16);
    tn_buffer_init(&lines, 1 << 16);
    tn_buffer_init(&merged, TN_NOTE_BYTES_MAX);
    tn_note_begin(&note, text);
    tn_note_sign(&note, text, &log_key);
    for (uint64_t time_s = 5; time_s < 8; time_s++) {
        tn_buffer_reset(&lines);
        tn_note_cosign(&lines, text, &witness_key, time_s);
        assert_int_equal(
            tn_note_merge(tn_buffer_view(&note), tn_buffer_view(&lines), &merged, NULL), TN_OK);
        assert_int_equal(tn_note_verify(tn_buffer_view(&merged), verifiers, 2, &read, NULL), TN_OK);
        assert_int_equal(read.line_count, 2);
        assert_int_equal(read.verified, 3);
        assert_int_equal(read.time_s[1], time_s);
        tn_buffer_reset(&note);
        tn_buffer_append_bytes(&note, tn_buffer_view(&merged));
    }
    assert_int_equal(
        tn_note_merge(tn_buffer_view(&note), tn_bytes_from_string("bad\n"), &merged, NULL),
        TN_INVALID);
    assert_int_equal(merged.size, 0);
    assert_int_equal(tn_note_merge(text, tn_buffer_view(&lines), &merged, NULL), TN_INVALID);
    tn_buffer_close(&note);
    tn_buffer_close(&lines);
    tn_buffer_close(&merged);
}

/* ---- the vectors of others ---- */

/* The text of a JSON string with its escapes undone; the caller frees it. */
static char *json_text(const char *at)
{
    char *out;
    char *to;

    at = json_space(at);
    assert_int_equal(*at, '"');
    out = malloc(strlen(at));
    assert_non_null(out);
    for (to = out, at++; *at != '"'; at++) {
        if (*at == '\\') {
            at++;
            assert_true(*at == 'n' || *at == '"' || *at == '\\');
            *to++ = *at == 'n' ? '\n' : *at;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
    return out;
}

/* What another witness answered to the same requests in the same order. It knew no log by 403,
 * which is 404 now; and its invalid signature is base64 with bits that must be zero, which is not a
 * note here. */
static void a_witness_answers_as_another_did(void **state)
{
    static const char sigsum[] =
        "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562";
    static const char key_hex[] =
        "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f";
    struct tn_witness_known known[2] = {{0}, {0}};
    struct tn_witness_log logs[2];
    uint8_t key[TN_KEY_PUBLIC_SIZE];
    size_t size;
    char *vkey;
    char *json;
    size_t seen = 0;

    (void) state;
    vectors_or_skip();
    assert_int_equal(tn_hex_decode(tn_bytes_from_string(key_hex), key, sizeof(key)), TN_OK);
    logs[0].origin = tn_bytes_from_string(sigsum);
    assert_int_equal(tn_verifier_init(&logs[0].verifier, logs[0].origin, TN_KEY_ED25519, key),
                     TN_OK);
    vkey = file_read(VECTORS "torchwood/sumdb-vkey.txt", &size);
    logs[1].origin = tn_bytes_from_string("go.sum database tree");
    assert_int_equal(tn_vkey_parse(line_view(vkey), &logs[1].verifier, NULL), TN_OK);
    json = file_read(VECTORS "torchwood/add-checkpoint.json", &size);
    for (const char *item = json_first(json); item != NULL; item = json_next(item)) {
        char *body = json_text(json_member(item, "body"));
        uint64_t status = json_uint(json_member(item, "status"));
        struct tn_bytes contains = json_string(json_member(item, "body_contains"));
        struct tn_witness_decision decision;
        size_t which;

        tn_witness_admit(tn_bytes_from_string(body), logs, 2, &decision);
        which = tn_bytes_equal(decision.checkpoint.origin, logs[1].origin) ? 1 : 0;
        if (decision.status == 200) {
            tn_witness_decide(&known[which], &decision);
        }
        if (tn_bytes_equal_string(contains, "unknown log")) {
            status = 404;
        } else if (tn_bytes_equal_string(contains, "invalid signature")) {
            status = 400;
        }
        if (decision.status != status) {
            fail_msg("request %zu: %u instead of %u", seen, decision.status, (unsigned) status);
        }
        if (status == 200) {
            known[which].size = decision.checkpoint.size;
            memcpy(known[which].root, decision.checkpoint.root, TN_HASH_SIZE);
        }
        seen++;
        free(body);
    }
    assert_int_equal(seen, 10);
    assert_int_equal(known[0].size, 5);
    assert_int_equal(known[1].size, 35225469);
    free(json);
    free(vkey);
}

static void requests_of_others_are_read(void **state)
{
    struct tn_witness_request request;
    struct tn_note note;
    size_t size;
    char *text;

    (void) state;
    vectors_or_skip();
    text = file_read(VECTORS "c2sp/add-checkpoint-example.txt", &size);
    assert_int_equal(tn_witness_request_parse(tn_bytes(text, size), &request, NULL), TN_OK);
    assert_int_equal(request.old_size, 20852014);
    assert_int_equal(request.count, 4);
    assert_int_equal(tn_note_parse(request.note, &note, NULL), TN_OK);
    assert_int_equal(note.line_count, 2);
    free(text);
}

static void cosignatures_of_others_verify(void **state)
{
    static const struct {
        const char *note;
        const char *keys; /* a file that begins with a key, or JSON that holds one */
    } rows[] = {
        {"sunlight-witness/witness/"
         "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706/checkpoint",
         "sunlight-witness/witness/witness.v0.json"},
        {"sunlight-witness/witness/mirror/"
         "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706/checkpoint",
         "sunlight-witness/witness/mirror/mirror.v0.json"},
        {"sunlight-witness/witness2/"
         "88ad7a28caeb0b2aa890fdf0304c2fcaf59fca2ee140134ff8c1300bac493482/checkpoint",
         "sunlight-witness/witness2/witness.v0.json"},
        {"xmod/cosigned-checkpoint", "xmod/wkey.txt"},
    };

    (void) state;
    vectors_or_skip();
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        char path[300];
        struct tn_verifier verifier;
        struct tn_buffer lines;
        struct tn_note note;
        uint64_t signed_by;
        size_t size;
        char *bytes;
        char *keys;
        const char *list;

        (void) snprintf(path, sizeof(path), VECTORS "%s", rows[i].note);
        bytes = file_read(path, &size);
        assert_int_equal(tn_note_parse(tn_bytes(bytes, size), &note, NULL), TN_OK);
        (void) snprintf(path, sizeof(path), VECTORS "%s", rows[i].keys);
        keys = file_read(path, &size);
        list = strstr(keys, "\"verifier_keys\": [");
        assert_int_equal(tn_vkey_parse(list != NULL ? json_string(json_first(strchr(list, '[')))
                                                    : line_view(keys),
                                       &verifier, NULL),
                         TN_OK);
        /* As a witness would answer them. */
        tn_buffer_init(&lines, 1 << 16);
        assert_int_equal(tn_witness_answer_lines(note.text, note.signatures, &verifier, 1, &lines,
                                                 &signed_by, NULL),
                         TN_OK);
        assert_int_equal(signed_by, 1);
        tn_buffer_close(&lines);
        free(keys);
        free(bytes);
    }
}

/* By hand: sha256sum of the key's text. */
static void a_witness_is_called_by_the_hash_of_its_key(void **state)
{
    static const char vkey[] = "w.example/1+b0eac0aa+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    struct tn_verifier verifier;
    uint8_t id[TN_ID_SIZE];
    char hex[2 * TN_ID_SIZE + 1];

    (void) state;
    assert_int_equal(tn_vkey_parse(tn_bytes_from_string(vkey), &verifier, NULL), TN_OK);
    tn_witness_id(&verifier, id);
    tn_hex_encode(hex, id, sizeof(id));
    assert_string_equal(hex, "913bf0e4ec2aa93e8f90dca753822021");
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    keys_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_check_answers_in_its_order),
        cmocka_unit_test(a_witness_follows_a_log_through_every_growth),
        cmocka_unit_test(a_request_reads_back_and_nothing_else_is_one),
        cmocka_unit_test(an_answer_means_one_thing),
        cmocka_unit_test(only_good_lines_of_known_keys_are_taken),
        cmocka_unit_test(a_time_beyond_what_a_clock_can_say_is_no_cosignature),
        cmocka_unit_test(a_fresh_line_takes_the_place_of_the_same_signer_s),
        cmocka_unit_test(a_witness_answers_as_another_did),
        cmocka_unit_test(requests_of_others_are_read),
        cmocka_unit_test(cosignatures_of_others_verify),
        cmocka_unit_test(a_witness_is_called_by_the_hash_of_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
