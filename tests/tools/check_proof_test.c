/* A proof file is somebody else's: what it opens is shown, and can do nothing to the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "ledger/log/proof_file.h"
#include "ledger/vault/opening.h"
#include "tests/heard.h"
#include "tests/scratch.h"
#include "tools/cli.h"

/* Clears the screen and sets its title; a CSI of one byte in UTF-8; turns what follows around. */
#define HOSTILE                                                                                    \
    "ana\x1b[2J\x1b]0;title\x07\r\n\xc2\x9b"                                                       \
    "31m \xe2\x80\xae"                                                                             \
    "drow \xff"

static void shown_text_does_nothing_to_a_terminal(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        {"", ""},
        {"1 calle inventada", "1 calle inventada"},
        {"jos\xc3\xa9 \xd9\x85\xd8\xad\xd9\x85\xd8\xaf",
         "jos\xc3\xa9 \xd9\x85\xd8\xad\xd9\x85\xd8\xaf"},
        {"a\x1b[2Jb", "a<U+001B>[2Jb"},
        {"a\nb\r\t\x7f", "a<U+000A>b<U+000D><U+0009><U+007F>"},
        {"\xc2\x9b"
         "31m",
         "<U+009B>31m"},
        {"\xe2\x80\xae"
         "x\xe2\x80\xa8",
         "<U+202E>x<U+2028>"},
        {"\xff"
         "a\xc3",
         "<FF>a<C3>"},
    };

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        tn_cli_print_text(out, tn_bytes_from_string(rows[i].text));
        assert_int_equal(fclose(out), 0);
        assert_string_equal(text, rows[i].shown);
        free(text);
    }
}

/* A registration that commits to HOSTILE, in a log of its own: its proof, and the log's key. */
static void make_proof(struct tn_buffer *file, char vkey[static TN_VKEY_SIZE])
{
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {1};
    struct tn_opening opening = {.field = TN_FIELD_GIVEN_NAMES, .salt = {7}};
    struct tn_commitment commitment = {.field = TN_FIELD_GIVEN_NAMES};
    struct tn_new_member member = {.member = {2}, .commitments = {&commitment, 1}};
    struct tn_event event = {
        .version = 1,
        .kind = TN_KIND_registration_created,
        .time_us = 1700000000000000,
        .actor.role = TN_ROLE_APPLICANT,
    };
    struct tn_proof_extra extra;
    struct tn_signer signer;
    struct tn_buffer entry;
    struct tn_buffer bytes;
    struct tn_buffer text;
    struct tn_buffer note;
    struct tn_bytes view;
    uint8_t root[TN_HASH_SIZE];

    memcpy(opening.subject, member.member, TN_ID_SIZE);
    opening.value = tn_bytes_from_string(HOSTILE);
    tn_field_commitment(commitment.commitment, opening.salt, opening.value);
    event.body.registration_created.facts.members = (struct tn_new_member_list){&member, 1};
    tn_buffer_init(&entry, TN_EVENT_BYTES_MAX);
    tn_event_encode(&event, &entry);
    extra = (struct tn_proof_extra){.entry = tn_buffer_view(&entry), .openings = {&opening, 1}};
    tn_buffer_init(&bytes, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    tn_proof_extra_write(&extra, &bytes);
    tn_leaf_hash(root, extra.entry); /* the only leaf is the root */
    TN_CHECK(tn_signer_init(&signer, tn_bytes_from_string("log.test"), TN_KEY_ED25519, seed) ==
             TN_OK);
    tn_buffer_init(&text, TN_NOTE_BYTES_MAX);
    tn_checkpoint_format(&text, tn_bytes_from_string("log.test"), 1, root);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    tn_note_begin(&note, tn_buffer_view(&text));
    tn_note_sign(&note, tn_buffer_view(&text), &signer);
    view = tn_buffer_view(&bytes);
    tn_proof_file_format(file, &view, 0, root, 0, tn_buffer_view(&note));
    tn_vkey_format(&signer.verifier, vkey);
    tn_signer_close(&signer);
    tn_buffer_close(&note);
    tn_buffer_close(&text);
    tn_buffer_close(&bytes);
    tn_buffer_close(&entry);
}

static char folder[SCRATCH_BYTES];

static void an_opening_is_shown_without_its_escapes(void **state)
{
    char path[SCRATCH_PATH_BYTES];
    char name[] = "check-proof";
    char key_option[] = "--key";
    char vkey[TN_VKEY_SIZE];
    char *arguments[] = {name, path, key_option, vkey, NULL};
    struct tn_buffer proof;
    const char *said;
    FILE *file;
    int code;

    (void) state;
    scratch_make(folder);
    (void) snprintf(path, sizeof(path), "%s/proof", folder);
    tn_buffer_init(&proof, TN_PROOF_FILE_BYTES_MAX);
    make_proof(&proof, vkey);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(proof.data, 1, proof.size, file), proof.size);
    assert_int_equal(fclose(file), 0);
    tn_buffer_close(&proof);
    heard_begin();
    code = tn_command_check_proof(4, arguments);
    said = heard_end();
    assert_int_equal(code, TN_EXIT_DONE);
    assert_non_null(strstr(said, ": ana<U+001B>[2J<U+001B>]0;title<U+0007><U+000D><U+000A>"));
    for (const char *at = said; *at; at++) {
        assert_true(((uint8_t) *at >= 0x20 && (uint8_t) *at < 0x7f) || *at == '\n');
    }
}

static int remove_folder(void **state)
{
    scratch_remove(folder);
    return heard_restore(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shown_text_does_nothing_to_a_terminal),
        cmocka_unit_test_teardown(an_opening_is_shown_without_its_escapes, remove_folder),
    };

    TN_CHECK(sodium_init() >= 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
