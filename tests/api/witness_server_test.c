/* A witness over HTTP: its answers, what it keeps over restarts, and a disk that fails at every
 * place: it never signs what a restart would not know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sodium.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "api/witness/witness.h"
#include "api/witness/witness_store.h"
#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "ledger/log/witness.h"
#include "tests/api/http/client.h"
#include "tests/faults.h"
#include "tests/scratch.h"

#define ORIGIN "log.test/one"

struct place {
    char directory[SCRATCH_BYTES];
    struct tn_signer log;
    struct tn_witness *witness;
    struct tn_verifier verifier; /* the witness's */
};

static struct reply reply;

static void place_open(struct place *place)
{
    struct tn_witness_options options = {
        .directory = place->directory,
        .host = "127.0.0.1",
        .loops = 1,
        .logs = &place->log.verifier,
        .log_count = 1,
    };
    struct tn_error error = {0};

    if (tn_witness_open(&options, &place->witness, &error) != TN_OK) {
        fail_msg("%s", error.text);
    }
    place->verifier = *tn_witness_verifier(place->witness);
}

static void place_close(struct place *place)
{
    tn_witness_close(place->witness);
    place->witness = NULL;
}

static void place_init(struct place *place)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {1};

    scratch_make(place->directory);
    TN_CHECK(tn_signer_init(&place->log, tn_bytes_from_string(ORIGIN), TN_KEY_ED25519, seed) ==
             TN_OK);
    place_open(place);
}

static void place_remove(struct place *place)
{
    place_close(place);
    tn_signer_close(&place->log);
    scratch_remove(place->directory);
}

/* Entries "0", "1", ...: the tree, and the checkpoint's text. */
static void text_make(struct tn_tree *tree, uint64_t size, struct tn_buffer *text)
{
    uint8_t root[TN_HASH_SIZE];

    tn_tree_init(tree);
    for (uint64_t i = 0; i < size; i++) {
        char entry[32];

        (void) snprintf(entry, sizeof(entry), "%llu", (unsigned long long) i);
        tn_tree_append(tree, tn_bytes_from_string(entry), NULL, NULL);
    }
    tn_tree_root(tree, root);
    tn_checkpoint_format(text, tn_bytes_from_string(ORIGIN), size, root);
}

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

/* Present `size` with a proof from `old`; the status, and a good answer's line is verified. */
static int add(struct place *place, uint64_t old, uint64_t size)
{
    struct client *client = client_open(tn_witness_port(place->witness));
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    struct tn_tree tree;
    struct tn_buffer text;
    struct tn_buffer note;
    struct tn_buffer body;
    char head[256];
    uint64_t time_s;
    size_t which;
    size_t count = 0;
    int status;

    tn_buffer_init(&text, 4096);
    tn_buffer_init(&note, 65536);
    tn_buffer_init(&body, TN_WITNESS_REQUEST_BYTES_MAX);
    text_make(&tree, size, &text);
    tn_note_begin(&note, tn_buffer_view(&text));
    tn_note_sign(&note, tn_buffer_view(&text), &place->log);
    if (old > 0 && old < size) {
        assert_int_equal(
            tn_tree_prove_consistency(tile_read, &tree, old, size, proof, &count, NULL), TN_OK);
    }
    tn_witness_request_format(&body, old, proof, count, tn_buffer_view(&note));
    (void) snprintf(head, sizeof(head),
                    "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %zu\r\n\r\n",
                    body.size);
    /* 0: the server went away. */
    status = client_send(client, head) &&
                     client_send_bytes(client, (const char *) body.data, body.size)
                 ? client_reply(client, &reply, false)
                 : 0;
    if (status == 200) {
        assert_int_equal(tn_note_verify_line(tn_buffer_view(&text),
                                             tn_bytes(reply.body, reply.body_size),
                                             &place->verifier, 1, &which, &time_s, NULL),
                         TN_OK);
        assert_true(time_s > 1600000000);
    }
    tn_buffer_close(&text);
    tn_buffer_close(&note);
    tn_buffer_close(&body);
    client_close(client);
    return status;
}

/* The size that the witness says it signed last. */
static uint64_t known(struct place *place)
{
    /* No log asks from here, so the answer is always the size. */
    int status = add(place, 199, 200);

    assert_int_equal(status, 409);
    assert_non_null(strcasestr(reply.head, "\r\nContent-Type: text/x.tlog.size\r\n"));
    return strtoull(reply.body, NULL, 10);
}

static int get(struct place *place, const char *path)
{
    struct client *client = client_open(tn_witness_port(place->witness));
    char text[512];
    int status;

    (void) snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: w\r\n\r\n", path);
    assert_true(client_send(client, text));
    status = client_reply(client, &reply, false);
    client_close(client);
    return status;
}

static void what_was_signed_is_known_after_a_restart(void **state)
{
    struct place place = {0};
    struct tn_verifier before;
    struct tn_note note;
    char path[128];
    char hex[2 * TN_HASH_SIZE + 1];
    uint8_t hash[TN_HASH_SIZE];

    (void) state;
    place_init(&place);
    before = place.verifier;
    tn_sha256(hash, tn_bytes_from_string(ORIGIN));
    tn_hex_encode(hex, hash, sizeof(hash));
    (void) snprintf(path, sizeof(path), "/%s/checkpoint", hex);
    assert_int_equal(get(&place, path), 404);
    assert_int_equal(add(&place, 0, 5), 200);
    assert_int_equal(add(&place, 5, 9), 200);
    assert_int_equal(add(&place, 5, 9), 409);
    assert_string_equal(reply.body, "9\n");
    place_close(&place);
    place_open(&place);
    assert_memory_equal(&before, &place.verifier, sizeof(before));
    assert_int_equal(known(&place), 9);
    assert_int_equal(add(&place, 9, 9), 200);
    assert_int_equal(add(&place, 9, 20), 200);
    /* What is shown has the log's signature and ours. */
    assert_int_equal(get(&place, path), 200);
    {
        struct tn_verifier verifiers[2] = {place.log.verifier, place.verifier};

        assert_int_equal(
            tn_note_verify(tn_bytes(reply.body, reply.body_size), verifiers, 2, &note, NULL),
            TN_OK);
        assert_int_equal(note.verified, 3);
        assert_int_equal(note.line_count, 2);
    }
    path[1] = path[1] == 'a' ? 'b' : 'a';
    assert_int_equal(get(&place, path), 404);
    place_remove(&place);
}

static void no_fault_makes_it_sign_what_it_forgets(void **state)
{
    struct place place = {0};
    bool reached = true;
    uint64_t size = 5;
    unsigned seen_500 = 0;

    (void) state;
    place_init(&place);
    assert_int_equal(add(&place, 0, size), 200);
    for (unsigned nth = 0; reached; nth++) {
        int status;
        uint64_t remembered;
        uint64_t after;

        assert_true(nth < 100);
        tn_fault_arm(nth);
        status = add(&place, size, size + 1);
        reached = tn_fault_disarm();
        assert_true(status == 200 || (reached && (status == 500 || status == 0)));
        seen_500 += status == 500 ? 1 : 0;
        /* Where it could not be written it is in memory where it was. On disk it may be one
         * further, signed by nobody, but never behind. */
        remembered = known(&place);
        assert_true(remembered == (status == 500 ? size : size + 1) ||
                    (status == 0 && remembered == size));
        place_close(&place);
        place_open(&place);
        after = known(&place);
        assert_true(after >= remembered && after <= size + 1);
        size = after;
        assert_int_equal(add(&place, size, size + 2), 200);
        size += 2;
    }
    assert_true(seen_500 > 0);
    place_remove(&place);
}

/* The same without a server between: at each of its four places the old note or the new one stays,
 * whole. */
static void a_disk_that_fails_leaves_one_whole_note(void **state)
{
    static const char hex[] = "00";
    struct tn_bytes notes[2] = {tn_bytes_from_string("old"), tn_bytes_from_string("newer")};
    struct place place = {0};
    struct tn_buffer read;
    struct tn_error error = {0};
    struct fault_seen points[] = {{.name = "witness.write"},
                                  {.name = "witness.fsync"},
                                  {.name = "witness.rename"},
                                  {.name = "witness.folder"},
                                  {.name = NULL}};
    bool reached = true;

    (void) state;
    place_init(&place);
    tn_buffer_init(&read, 4096);
    for (unsigned nth = 0; reached; nth++) {
        enum tn_status status;

        assert_int_equal(tn_witness_store_write(place.directory, hex, notes[0], &error), TN_OK);
        tn_fault_arm(nth);
        status = tn_witness_store_write(place.directory, hex, notes[1], &error);
        reached = tn_fault_disarm();
        faults_note(points);
        assert_int_equal(status, reached ? TN_IO : TN_OK);
        assert_int_equal(tn_witness_store_read(place.directory, hex, &read, &error), TN_OK);
        assert_true(tn_bytes_equal(tn_buffer_view(&read), notes[1]) ||
                    (reached && tn_bytes_equal(tn_buffer_view(&read), notes[0])));
    }
    assert_null(faults_missed(points));
    tn_buffer_close(&read);
    place_remove(&place);
}

static void the_key_is_its_own_and_keeps_its_name(void **state)
{
    struct place place = {0};
    struct tn_witness_options options = {.directory = place.directory, .name = "other.example"};
    struct tn_witness *other;
    struct tn_error error = {0};
    struct stat info;
    char path[SCRATCH_PATH_BYTES];

    (void) state;
    place_init(&place);
    options.directory = place.directory;
    (void) snprintf(path, sizeof(path), "%s/key", place.directory);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* Beside a running witness its key can be asked for, but nobody else can be it. */
    assert_int_equal(tn_witness_open(&options, &other, &error), TN_INVALID);
    options.name = NULL;
    assert_int_equal(tn_witness_open(&options, &other, &error), TN_OK);
    assert_memory_equal(tn_witness_verifier(other), &place.verifier, sizeof(place.verifier));
    tn_witness_close(other);
    options.host = "127.0.0.1";
    assert_int_equal(tn_witness_open(&options, &other, &error), TN_BUSY);
    place_close(&place);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(tn_witness_open(&options, &other, &error), TN_DENIED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 40), 0);
    assert_int_equal(tn_witness_open(&options, &other, &error), TN_CORRUPT);
    place_remove(&place);
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_known_after_a_restart),
        cmocka_unit_test(no_fault_makes_it_sign_what_it_forgets),
        cmocka_unit_test(a_disk_that_fails_leaves_one_whole_note),
        cmocka_unit_test(the_key_is_its_own_and_keeps_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
