/* Signed notes: keys of others, good and bad notes, checkpoints, timed cosignatures. */
#include "tests/ledger/log/vectors.h"

#include <sodium.h>

#include "ledger/base/check.h"
#include "ledger/log/note.h"

#define DASH "\xe2\x80\x94 "
#define TEXT "log.test/one\n1\ncBs=\n"

static struct tn_signer signer;
static struct tn_signer other;
static struct tn_signer witness;

static void signers_init(void)
{
    static const uint8_t seeds[3][TN_KEY_SEED_SIZE] = {{1}, {2}, {3}};

    assert_int_equal(
        tn_signer_init(&signer, tn_bytes_from_string("log.test/one"), TN_KEY_ED25519, seeds[0]),
        TN_OK);
    assert_int_equal(
        tn_signer_init(&other, tn_bytes_from_string("other.test"), TN_KEY_ED25519, seeds[1]),
        TN_OK);
    assert_int_equal(
        tn_signer_init(&witness, tn_bytes_from_string("w.test"), TN_KEY_COSIGNATURE, seeds[2]),
        TN_OK);
}

static void note_make(struct tn_buffer *note, const char *text)
{
    tn_buffer_init(note, TN_NOTE_BYTES_MAX + 1024);
    tn_note_begin(note, tn_bytes_from_string(text));
    tn_note_sign(note, tn_bytes_from_string(text), &signer);
}

static enum tn_status verify(const struct tn_buffer *note, struct tn_note *read)
{
    return tn_note_verify(tn_buffer_view(note), &signer.verifier, 1, read, NULL);
}

/* ---- keys ---- */

static void names_hold_no_space_plus_or_control(void **state)
{
    static const char *const good[] = {"a", "log.test/one", "caf\xc3\xa9", "x-y_z~"};
    static const char *const bad[] = {"",     "a b",  "a+b",           "a\tb",     "a\nb",
                                      "\x7f", "\xff", "a\xe2\x80\x89", "\xc2\xa0", "\xc0\x80"};
    static const char *const no_origin[] = {"https://log.test", "/log", "log/",
                                            "caf\xc3\xa9",      "a b",  ""};
    char longest[TN_NAME_BYTES_MAX + 2];

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(good); i++) {
        assert_true(tn_name_valid(tn_bytes_from_string(good[i])));
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(bad); i++) {
        assert_false(tn_name_valid(tn_bytes_from_string(bad[i])));
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(no_origin); i++) {
        assert_false(tn_origin_valid(tn_bytes_from_string(no_origin[i])));
    }
    assert_true(tn_origin_valid(tn_bytes_from_string("ledger.example/test")));
    memset(longest, 'a', sizeof(longest));
    assert_true(tn_name_valid(tn_bytes(longest, TN_NAME_BYTES_MAX)));
    assert_false(tn_name_valid(tn_bytes(longest, TN_NAME_BYTES_MAX + 1)));
}

static void verifier_key_reads_back_as_written(void **state)
{
    const struct tn_signer *const all[] = {&signer, &other, &witness};
    char text[TN_VKEY_SIZE];
    char again[TN_VKEY_SIZE];
    struct tn_verifier verifier;

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(all); i++) {
        tn_vkey_format(&all[i]->verifier, text);
        assert_int_equal(tn_vkey_parse(tn_bytes_from_string(text), &verifier, NULL), TN_OK);
        assert_memory_equal(&verifier, &all[i]->verifier, sizeof(verifier));
        /* No character of it can be changed, cut or added. */
        for (size_t c = 0; c < strlen(text); c++) {
            memcpy(again, text, sizeof(again));
            again[c] = again[c] == 'b' ? 'c' : 'b';
            assert_int_not_equal(tn_vkey_parse(tn_bytes_from_string(again), &verifier, NULL),
                                 TN_OK);
            assert_int_not_equal(tn_vkey_parse(tn_bytes(text, c), &verifier, NULL), TN_OK);
        }
        assert_int_not_equal(tn_vkey_parse(tn_bytes(text, strlen(text) + 1), &verifier, NULL),
                             TN_OK);
    }
}

static void verifier_key_of_another_type_is_told_apart(void **state)
{
    /* Type 05 with a right id over 2 bytes of key. */
    const uint8_t key[3] = {5, 1, 2};
    uint8_t hash[crypto_hash_sha256_BYTES];
    char text[64] = "x+";
    struct tn_verifier verifier;

    (void) state;
    crypto_hash_sha256(hash, (const uint8_t *) "x\n\x05\x01\x02", 5);
    tn_hex_encode(text + 2, hash, 4);
    text[10] = '+';
    tn_base64_encode(text + 11, key, sizeof(key));
    assert_int_equal(tn_vkey_parse(tn_bytes_from_string(text), &verifier, NULL), TN_UNSUPPORTED);
    assert_true(tn_is_zero(&verifier, sizeof(verifier)));
}

static void a_signer_holds_no_copy_of_its_seed(void **state)
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
    struct tn_signer one;

    (void) state;
    assert_int_equal(
        tn_signer_init(&one, tn_bytes_from_string("log.test/one"), TN_KEY_ED25519, seed), TN_OK);
    assert_null(memmem(&one, sizeof(one), seed, sizeof(seed)));
    tn_signer_close(&one);
    assert_true(tn_is_zero(&one, sizeof(one)));
    tn_signer_close(&one);
}

/* ---- notes ---- */

static void signed_note_verifies(void **state)
{
    struct tn_buffer note;
    struct tn_note read;
    const struct tn_verifier both[] = {other.verifier, signer.verifier};

    (void) state;
    note_make(&note, TEXT);
    assert_int_equal(verify(&note, &read), TN_OK);
    assert_int_equal(read.verified, 1);
    assert_int_equal(read.line_count, 1);
    assert_true(tn_bytes_equal_string(read.text, TEXT));
    assert_int_equal(tn_note_verify(tn_buffer_view(&note), both, 2, &read, NULL), TN_OK);
    assert_int_equal(read.verified, 2);
    assert_int_equal(tn_note_verify(tn_buffer_view(&note), both, 1, &read, NULL), TN_NOT_FOUND);
    assert_true(tn_bytes_equal_string(read.text, TEXT));
    tn_buffer_close(&note);
}

static void no_byte_of_a_note_can_change(void **state)
{
    struct tn_buffer note;
    struct tn_note read;

    (void) state;
    note_make(&note, TEXT);
    for (size_t bit = 0; bit < note.size * 8; bit++) {
        note.data[bit / 8] ^= (uint8_t) (1u << bit % 8);
        assert_int_not_equal(verify(&note, &read), TN_OK);
        note.data[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
    for (size_t size = 0; size < note.size; size++) {
        assert_int_equal(
            tn_note_verify(tn_bytes(note.data, size), &signer.verifier, 1, &read, NULL),
            TN_INVALID);
    }
    tn_buffer_close(&note);
}

static void text_ends_at_the_last_empty_line(void **state)
{
    static const char *const texts[] = {"a\n\nb\n", "a\n\n", "\n", "\n\n\n",
                                        "a\n\n" DASH "log.test/one AAAAAAA=\n"};
    struct tn_buffer note;
    struct tn_note read;

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(texts); i++) {
        note_make(&note, texts[i]);
        assert_int_equal(verify(&note, &read), TN_OK);
        assert_true(tn_bytes_equal_string(read.text, texts[i]));
        tn_buffer_close(&note);
    }
}

static void bad_line_of_a_known_key_spoils_the_note(void **state)
{
    struct tn_buffer note;
    struct tn_note read;
    const struct tn_verifier both[] = {signer.verifier, other.verifier};

    (void) state;
    note_make(&note, TEXT);
    /* The other signs another text. */
    tn_note_sign(&note, tn_bytes_from_string("z\n"), &other);
    assert_int_equal(verify(&note, &read), TN_OK);
    assert_int_equal(tn_note_verify(tn_buffer_view(&note), both, 2, &read, NULL), TN_MISMATCH);
    assert_int_equal(read.verified, 0);
    tn_buffer_close(&note);

    /* A good line first does not excuse a bad one of the same key. */
    note_make(&note, TEXT);
    tn_note_sign(&note, tn_bytes_from_string("z\n"), &signer);
    assert_int_equal(verify(&note, &read), TN_MISMATCH);
    tn_buffer_close(&note);
}

static void known_key_with_a_signature_of_another_length_spoils_the_note(void **state)
{
    uint8_t payload[4 + 63] = {0};
    char base64[TN_BASE64_SIZE(sizeof(payload))];
    struct tn_buffer note;
    struct tn_note read;

    (void) state;
    note_make(&note, TEXT);
    memcpy(payload, signer.verifier.id, 4);
    tn_base64_encode(base64, payload, sizeof(payload));
    tn_buffer_printf(&note, DASH "log.test/one %s\n", base64);
    assert_int_equal(verify(&note, &read), TN_MISMATCH);
    tn_buffer_close(&note);
}

static void malformed_lines_are_refused(void **state)
{
    static const char *const lines[] = {
        "\n",
        "x\n",
        "- log.test/one AAAAAAA=\n",
        "\xe2\x80\x94log.test/one AAAAAAA=\n",
        DASH "log.test/one\n",
        DASH "log.test/one \n",
        DASH " AAAAAAA=\n",
        DASH "a+b AAAAAAA=\n",
        DASH "u AAAAAA==\n", /* a key id and no signature */
        DASH "u AAAAAAA\n",  /* no padding */
        DASH "u AAAAAAB=\n", /* a bit that means nothing */
        DASH "u AAAA AAA=\n",
        DASH "u AAAAAAA= \n",
        DASH "u AAAA-_A=\n",
        DASH "u AAAAAAA=\r\n",
        DASH "u AAAAAAA=", /* no newline */
    };
    struct tn_buffer note;
    struct tn_note read;

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(lines); i++) {
        note_make(&note, TEXT);
        tn_buffer_append_string(&note, lines[i]);
        if (verify(&note, &read) != TN_INVALID) {
            fail_msg("accepted line %zu", i);
        }
        tn_buffer_close(&note);
    }
    note_make(&note, TEXT);
    tn_buffer_append_string(&note, DASH "u AAAAAAA=\n");
    assert_int_equal(verify(&note, &read), TN_OK);
    assert_int_equal(read.line_count, 2);
    tn_buffer_close(&note);
}

static void bytes_outside_the_rules_are_refused(void **state)
{
    static const char *const texts[] = {"a\tb\n", "a\r\n",   "\xff\n", "\xed\xa0\x80\n",
                                        "\xc3\n", "a\x01\n", "a\x1f\n"};
    struct tn_buffer note;
    struct tn_note read;

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(texts); i++) {
        tn_buffer_init(&note, 4096);
        tn_buffer_append_string(&note, texts[i]);
        tn_buffer_append_u8(&note, '\n');
        tn_note_sign(&note, tn_bytes_from_string(texts[i]), &signer);
        assert_int_equal(verify(&note, &read), TN_INVALID);
        tn_buffer_close(&note);
    }
    tn_buffer_init(&note, 4096);
    tn_buffer_append_string(&note, TEXT);
    assert_int_equal(verify(&note, &read), TN_INVALID);
    tn_buffer_append_u8(&note, '\n');
    assert_int_equal(verify(&note, &read), TN_INVALID);
    tn_buffer_close(&note);
}

static void unknown_line(struct tn_buffer *note, size_t payload_size)
{
    uint8_t *payload = calloc(1, payload_size);
    char *base64 = calloc(1, TN_BASE64_SIZE(payload_size));

    assert_non_null(payload);
    assert_non_null(base64);
    tn_base64_encode(base64, payload, payload_size);
    tn_buffer_append_string(note, DASH "post-quantum.test ");
    tn_buffer_append_string(note, base64);
    tn_buffer_append_u8(note, '\n');
    free(base64);
    free(payload);
}

static void many_and_long_lines_are_read_up_to_the_bounds(void **state)
{
    struct tn_buffer note;
    struct tn_note read;

    (void) state;
    note_make(&note, TEXT);
    /* An SLH-DSA signature is 7,856 bytes. */
    for (size_t i = 1; i < 32; i++) {
        unknown_line(&note, 4 + 7856);
    }
    assert_int_equal(verify(&note, &read), TN_OK);
    assert_int_equal(read.line_count, 32);
    tn_buffer_close(&note);

    note_make(&note, TEXT);
    for (size_t i = 1; i < TN_NOTE_LINES_MAX; i++) {
        unknown_line(&note, 68);
    }
    assert_int_equal(verify(&note, &read), TN_OK);
    unknown_line(&note, 68);
    assert_int_equal(verify(&note, &read), TN_INVALID);
    tn_buffer_close(&note);

    note_make(&note, TEXT);
    unknown_line(&note, TN_NOTE_LINE_BYTES_MAX);
    assert_int_equal(verify(&note, &read), TN_INVALID);
    tn_buffer_close(&note);

    tn_buffer_init(&note, TN_NOTE_BYTES_MAX + 1024);
    memset(tn_buffer_extend(&note, TN_NOTE_BYTES_MAX), 'a', TN_NOTE_BYTES_MAX);
    tn_buffer_append_string(&note, "\n\n" DASH "u AAAAAAA=\n");
    assert_int_equal(verify(&note, &read), TN_INVALID);
    tn_buffer_close(&note);
}

/* ---- cosignatures ---- */

static void cosignature_carries_its_time(void **state)
{
    const struct tn_verifier both[] = {signer.verifier, witness.verifier};
    struct tn_buffer note;
    struct tn_note read;
    size_t line;

    (void) state;
    note_make(&note, TEXT);
    line = note.size;
    tn_note_cosign(&note, tn_bytes_from_string(TEXT), &witness, 1700000000);
    assert_int_equal(tn_note_verify(tn_buffer_view(&note), both, 2, &read, NULL), TN_OK);
    assert_int_equal(read.verified, 3);
    assert_int_equal(read.time_s[1], 1700000000);
    assert_int_equal(read.time_s[0], 0);

    /* One line alone, as a witness answers it. */
    struct tn_bytes one = tn_bytes(note.data + line, note.size - line);
    uint64_t time_s;
    size_t which;
    assert_int_equal(
        tn_note_verify_line(tn_bytes_from_string(TEXT), one, both, 2, &which, &time_s, NULL),
        TN_OK);
    assert_int_equal(which, 1);
    assert_int_equal(time_s, 1700000000);
    assert_int_equal(
        tn_note_verify_line(tn_bytes_from_string("z\n"), one, both, 2, &which, &time_s, NULL),
        TN_MISMATCH);
    assert_int_equal(
        tn_note_verify_line(tn_bytes_from_string(TEXT), one, both, 1, &which, &time_s, NULL),
        TN_NOT_FOUND);
    one.size--;
    assert_int_equal(
        tn_note_verify_line(tn_bytes_from_string(TEXT), one, both, 2, &which, &time_s, NULL),
        TN_INVALID);

    /* Of two, the newest counts; a changed time is a bad signature. */
    tn_note_cosign(&note, tn_bytes_from_string(TEXT), &witness, 1600000000);
    assert_int_equal(tn_note_verify(tn_buffer_view(&note), both, 2, &read, NULL), TN_OK);
    assert_int_equal(read.time_s[1], 1700000000);
    tn_buffer_close(&note);
}

/* ---- checkpoints ---- */

static enum tn_status checkpoint_of(const char *text, struct tn_checkpoint *checkpoint)
{
    return tn_checkpoint_parse(tn_bytes_from_string(text), checkpoint, NULL);
}

#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
#define OTHER_ROOT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

static void checkpoint_reads_back_as_written(void **state)
{
    struct tn_checkpoint checkpoint;
    struct tn_buffer text;
    uint8_t root[TN_HASH_SIZE];

    (void) state;
    assert_int_equal(checkpoint_of("o\n0\n" ROOT, &checkpoint), TN_OK);
    memcpy(root, checkpoint.root, sizeof(root));
    tn_buffer_init(&text, 1024);
    tn_checkpoint_format(&text, tn_bytes_from_string("o.test/a"), INT64_MAX, root);
    tn_buffer_append_u8(&text, 0);
    assert_string_equal((const char *) text.data, "o.test/a\n9223372036854775807\n" ROOT);
    text.size--;
    assert_int_equal(tn_checkpoint_parse(tn_buffer_view(&text), &checkpoint, NULL), TN_OK);
    assert_int_equal(checkpoint.size, INT64_MAX);
    assert_memory_equal(checkpoint.root, root, sizeof(root));
    assert_true(tn_bytes_equal_string(checkpoint.origin, "o.test/a"));
    assert_int_equal(checkpoint.extensions.size, 0);
    tn_buffer_close(&text);
    assert_int_equal(checkpoint_of("o o\n5\n" ROOT "more\nand more\n", &checkpoint), TN_OK);
    assert_true(tn_bytes_equal_string(checkpoint.extensions, "more\nand more\n"));
}

static void malformed_checkpoints_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "o\n",
        "o\n5\n",
        "\n5\n" ROOT,
        "o\n\n" ROOT,
        "o\n05\n" ROOT,
        "o\n+5\n" ROOT,
        "o\n-5\n" ROOT,
        "o\n5 \n" ROOT,
        "o\n0x5\n" ROOT,
        "o\n9223372036854775808\n" ROOT,
        "o\n99999999999999999999\n" ROOT,
        "o\n0\n" OTHER_ROOT,
        "o\n5\nAAAA\n",
        "o\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", /* 33 bytes in 44 characters */
        "o\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
        "o\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
        "o\n5\n" OTHER_ROOT "\n",
        "o\n5\n" OTHER_ROOT "a\n\nb\n",
        "o\n5\n" OTHER_ROOT "no newline",
        "o\t\n5\n" OTHER_ROOT,
    };
    struct tn_checkpoint checkpoint;

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(texts); i++) {
        if (checkpoint_of(texts[i], &checkpoint) != TN_INVALID) {
            fail_msg("accepted text %zu", i);
        }
        assert_true(tn_is_zero(&checkpoint, sizeof(checkpoint)));
    }
    assert_int_equal(checkpoint_of("o\n5\n" OTHER_ROOT, &checkpoint), TN_OK);
}

/* ---- what others signed ---- */

static void file_verifies(const char *path, const struct tn_verifier *verifier, uint64_t size,
                          uint64_t time_s)
{
    struct tn_checkpoint checkpoint;
    struct tn_note note;
    size_t length;
    char *bytes = file_read(path, &length);

    assert_int_equal(tn_note_verify(tn_bytes(bytes, length), verifier, 1, &note, NULL), TN_OK);
    assert_int_equal(note.time_s[0], time_s);
    assert_int_equal(tn_checkpoint_parse(note.text, &checkpoint, NULL), TN_OK);
    assert_int_equal(checkpoint.size, size);
    free(bytes);
}

static void key_read(const char *path, struct tn_verifier *verifier)
{
    size_t length;
    char *bytes = file_read(path, &length);

    assert_int_equal(tn_vkey_parse(line_view(bytes), verifier, NULL), TN_OK);
    free(bytes);
}

static void key_in_json(const char *path, struct tn_verifier *verifier)
{
    size_t length;
    char *json = file_read(path, &length);
    const char *first = json_first(json_member(json, "verifier_keys"));

    assert_int_equal(tn_vkey_parse(json_string(first), verifier, NULL), TN_OK);
    free(json);
}

#define SUNLIGHT VECTORS "sunlight-witness/"
#define ROME "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706"
#define MILAN "88ad7a28caeb0b2aa890fdf0304c2fcaf59fca2ee140134ff8c1300bac493482"

static void notes_of_others_verify(void **state)
{
    struct tn_verifier verifier;
    struct tn_note note;
    size_t length;
    char *bytes;

    (void) state;
    vectors_or_skip();
    key_read(VECTORS "c2sp/signed-note-example.vkey", &verifier);
    bytes = file_read(VECTORS "c2sp/signed-note-example.note", &length);
    assert_int_equal(tn_note_verify(tn_bytes(bytes, length), &verifier, 1, &note, NULL), TN_OK);
    assert_true(tn_bytes_equal_string(note.text, "This is an example message.\n"));
    free(bytes);

    key_read(VECTORS "torchwood/sumdb-vkey.txt", &verifier);
    file_verifies(VECTORS "torchwood/sumdb-checkpoint", &verifier, 35225469, 0);

    key_read(VECTORS "tessera-log/vkey.txt", &verifier);
    for (unsigned size = 0; size <= 15; size++) {
        char path[64];

        (void) snprintf(path, sizeof(path), VECTORS "tessera-log/checkpoint.%u", size);
        file_verifies(path, &verifier, size, 0);
    }
    key_read(VECTORS "xmod/vkey.txt", &verifier);
    file_verifies(VECTORS "xmod/cosigned-checkpoint", &verifier, 600, 0);
    key_read(VECTORS "xmod/wkey.txt", &verifier);
    file_verifies(VECTORS "xmod/cosigned-checkpoint", &verifier, 600, 0x6b03abc5);

    key_in_json(SUNLIGHT "witness/witness.v0.json", &verifier);
    file_verifies(SUNLIGHT "witness/" ROME "/checkpoint", &verifier, 300, 0x69546780);
    key_in_json(SUNLIGHT "witness/mirror/mirror.v0.json", &verifier);
    file_verifies(SUNLIGHT "witness/mirror/" ROME "/checkpoint", &verifier, 300, 0x69546780);
    key_in_json(SUNLIGHT "witness2/witness.v0.json", &verifier);
    file_verifies(SUNLIGHT "witness2/" MILAN "/checkpoint", &verifier, 300, 0x69546780);
}

static void our_line_is_byte_for_byte_theirs(void **state)
{
    uint8_t seed[TN_KEY_SEED_SIZE];
    struct tn_buffer made;
    struct tn_signer theirs;
    struct tn_note note;
    size_t length;
    char *bytes;

    (void) state;
    vectors_or_skip();
    /* The witness of the cosigned checkpoint has the seed 00 01 02 ... 1f. */
    for (unsigned i = 0; i < sizeof(seed); i++) {
        seed[i] = (uint8_t) i;
    }
    assert_int_equal(
        tn_signer_init(&theirs, tn_bytes_from_string("w.example/1"), TN_KEY_COSIGNATURE, seed),
        TN_OK);
    bytes = file_read(VECTORS "xmod/cosigned-checkpoint", &length);
    assert_int_equal(tn_note_verify(tn_bytes(bytes, length), &theirs.verifier, 1, &note, NULL),
                     TN_OK);
    tn_buffer_init(&made, 4096);
    tn_note_cosign(&made, note.text, &theirs, note.time_s[0]);
    tn_buffer_append_u8(&made, 0);
    assert_string_equal(strstr((const char *) note.signatures.data, DASH "w.example/1"),
                        (const char *) made.data);
    tn_buffer_close(&made);
    tn_signer_close(&theirs);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_hold_no_space_plus_or_control),
        cmocka_unit_test(verifier_key_reads_back_as_written),
        cmocka_unit_test(verifier_key_of_another_type_is_told_apart),
        cmocka_unit_test(a_signer_holds_no_copy_of_its_seed),
        cmocka_unit_test(signed_note_verifies),
        cmocka_unit_test(no_byte_of_a_note_can_change),
        cmocka_unit_test(text_ends_at_the_last_empty_line),
        cmocka_unit_test(bad_line_of_a_known_key_spoils_the_note),
        cmocka_unit_test(known_key_with_a_signature_of_another_length_spoils_the_note),
        cmocka_unit_test(malformed_lines_are_refused),
        cmocka_unit_test(bytes_outside_the_rules_are_refused),
        cmocka_unit_test(many_and_long_lines_are_read_up_to_the_bounds),
        cmocka_unit_test(cosignature_carries_its_time),
        cmocka_unit_test(checkpoint_reads_back_as_written),
        cmocka_unit_test(malformed_checkpoints_are_refused),
        cmocka_unit_test(notes_of_others_verify),
        cmocka_unit_test(our_line_is_byte_for_byte_theirs),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    signers_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
