/* What a person takes home over HTTP: receipts that hold, and proofs of their own events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/http/json.h"
#include "ledger/base/hash.h"
#include "ledger/log/proof_file.h"
#include "ledger/vault/opening.h"
#include "tests/api/service_support.h"

#define REQUEST_BODY "{\"ports\":[2504],\"location\":{\"lat\":19.4326,\"lon\":-99.1332}}"

static struct served served;
static struct person_account person;

static int setup(void **state)
{
    (void) state;
    served_open(&served, MORNING_US, true);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    served_close(&served);
    return 0;
}

/* The receipt of the last answer, which must be one by this log for the answer's index. */
static struct tn_receipt receipt_of_reply(void)
{
    char text[TN_BASE64_SIZE(TN_RECEIPT_BYTES_MAX)];
    uint8_t bytes[TN_RECEIPT_BYTES_MAX];
    size_t size = sizeof(bytes);
    struct tn_receipt receipt;
    struct tn_buffer entry;
    struct tn_error error = {0};
    uint8_t leaf[TN_HASH_SIZE];
    const char *index = strstr(reply.body, "\"index\":");

    member("receipt", text, sizeof(text));
    assert_int_equal(tn_base64_decode(tn_bytes_from_string(text), bytes, &size), TN_OK);
    MUST(tn_receipt_parse(tn_bytes(bytes, size), &receipt, &error), &error);
    MUST(tn_receipt_verify(&receipt, &served.place.ledger->signer.verifier, &error), &error);
    assert_non_null(index);
    assert_int_equal(receipt.index, strtoull(index + 8, NULL, 10));
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    MUST(tn_log_read(served.place.ledger->log, receipt.index, &entry, &error), &error);
    tn_leaf_hash(leaf, tn_buffer_view(&entry));
    assert_memory_equal(receipt.leaf_hash, leaf, TN_HASH_SIZE);
    tn_buffer_close(&entry);
    return receipt;
}

static void every_write_is_answered_with_a_receipt_that_holds(void **state)
{
    char path[96];

    (void) state;
    register_person(&served, "Persona Uno", "1980-01-15", &person);
    (void) receipt_of_reply();
    advance_to(&served, NOON_US + 30 * TN_MINUTE_US);
    assert_true(wait_until_says(&served, "/v1/days/2024-06-03", NULL, "\"state\":\"open\""));
    (void) snprintf(path, sizeof(path), "%s/requests", person.path);
    MUST_ANSWER(201, call(&served, "POST", path, person.token, REQUEST_BODY));
    (void) receipt_of_reply();
    (void) snprintf(path, sizeof(path), "%s/requests/2024-06-03", person.path);
    MUST_ANSWER(200, call(&served, "DELETE", path, person.token, NULL));
    (void) receipt_of_reply();
    (void) snprintf(path, sizeof(path), "%s/withdraw", person.path);
    MUST_ANSWER(200, call(&served, "POST", path, person.token, "{}"));
    (void) receipt_of_reply();
    (void) snprintf(path, sizeof(path), "%s/restore", person.path);
    MUST_ANSWER(200, call(&served, "POST", path, person.token, "{}"));
    (void) receipt_of_reply();
}

static void a_retry_gets_a_receipt_for_the_same_entry(void **state)
{
    char path[96];
    struct tn_receipt first;
    struct tn_receipt again;

    (void) state;
    (void) snprintf(path, sizeof(path), "%s/requests", person.path);
    MUST_ANSWER(201, call_key(&served, path, person.token, "one-request", REQUEST_BODY));
    first = receipt_of_reply();
    MUST_ANSWER(201, call_key(&served, path, person.token, "one-request", REQUEST_BODY));
    again = receipt_of_reply();
    assert_int_equal(first.index, again.index);
    assert_memory_equal(first.leaf_hash, again.leaf_hash, TN_HASH_SIZE);
    assert_int_equal(again.count, 1);
}

static void the_promise_is_kept_in_time(void **state)
{
    struct tn_receipt receipt;
    struct tn_buffer note;
    struct tn_error error = {0};
    uint64_t size = 0;
    char path[96];

    (void) state;
    (void) snprintf(path, sizeof(path), "%s/withdraw", person.path);
    MUST_ANSWER(200, call(&served, "POST", path, person.token, "{}"));
    receipt = receipt_of_reply();
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    for (unsigned i = 0; i < 200 && size <= receipt.index; i++) {
        client_sleep_ms(50);
        MUST(tn_log_published(served.place.ledger->log, &note, &size, &error), &error);
    }
    assert_true(size > receipt.index);
    tn_buffer_close(&note);
}

static void a_validation_has_no_receipt(void **state)
{
    char id[33];
    char token[65];

    (void) state;
    add_officer(&served, "oficial", "officer", 0, id, token);
    MUST_ANSWER(200, call(&served, "POST", "/v1/validations", token,
                          "{\"confirmation_number\":\"0000-0000-0007\",\"date_of_birth\":"
                          "\"1990-02-03\",\"purpose\":\"transit\"}"));
    assert_false(says("receipt"));
}

/* ---- proofs ---- */

struct proofs {
    struct tn_json_parser *parser;
    struct tn_arena arena;
    const struct tn_json_value *root;
    const struct tn_json_value *list;
};

/* The person's page of proofs when it reaches up to the log's head. */
static void proofs_get(struct proofs *proofs, const struct person_account *of)
{
    struct tn_error error = {0};
    struct tn_log_head head;
    char path[96];

    tn_arena_init(&proofs->arena, (size_t) 8 << 20);
    proofs->parser = tn_json_parser_create();
    (void) snprintf(path, sizeof(path), "%s/proofs", of->path);
    tn_log_head(served.place.ledger->log, &head);
    for (unsigned i = 0;; i++) {
        MUST_ANSWER(200, call(&served, "GET", path, of->token, NULL));
        tn_arena_reset(&proofs->arena);
        MUST(tn_json_parse(proofs->parser, tn_bytes(reply.body, reply.body_size), NULL,
                           &proofs->arena, &proofs->root, &error),
             &error);
        if (tn_json_member(proofs->root, "size")->as.uint64 >= head.size) {
            break;
        }
        assert_true(i < 200);
        client_sleep_ms(50);
    }
    proofs->list = tn_json_member(proofs->root, "proofs");
}

static void proofs_close(struct proofs *proofs)
{
    tn_json_parser_destroy(proofs->parser);
    tn_arena_close(&proofs->arena);
}

/* One item, checked with nothing but the key that the page names. */
static void proof_check(struct proofs *proofs, size_t i, struct tn_proof_extra *extra,
                        struct tn_event *event)
{
    const struct tn_json_value *item = &proofs->list->as.items[i];
    struct tn_bytes text = tn_json_member(item, "proof")->as.string;
    struct tn_proof_finding finding;
    struct tn_proof_file file;
    struct tn_verifier verifier;
    struct tn_error error = {0};
    struct tn_buffer bytes;
    uint8_t leaf[TN_HASH_SIZE];

    MUST(tn_vkey_parse(tn_json_member(proofs->root, "key")->as.string, &verifier, &error), &error);
    MUST(tn_proof_file_parse(text, &file, &error), &error);
    tn_buffer_init(&bytes, TN_PROOF_FILE_EXTRA_BYTES_MAX);
    MUST(tn_proof_file_extra(&file, &bytes), &error);
    MUST(tn_proof_extra_read(tn_arena_copy(&proofs->arena, tn_buffer_view(&bytes)), &proofs->arena,
                             extra, &error),
         &error);
    tn_proof_extra_leaf(extra, leaf);
    MUST(tn_proof_file_check(text, &verifier, 1, leaf, false, &finding, &error), &error);
    assert_int_equal(finding.index, tn_json_member(item, "index")->as.uint64);
    memset(event, 0, sizeof(*event));
    if (extra->entry.size > 0) {
        MUST(tn_event_decode(extra->entry, finding.index, &proofs->arena, event, &error), &error);
    }
    tn_buffer_close(&bytes);
}

static void every_own_event_is_proven_and_own_data_opens(void **state)
{
    static const struct {
        uint64_t field;
        const char *value;
    } wanted[] = {{TN_FIELD_GIVEN_NAMES, "persona tres"},
                  {TN_FIELD_FAMILY_NAMES, "de prueba"},
                  {TN_FIELD_DATE_OF_BIRTH, "19850607"},
                  {TN_FIELD_NATIONALITY, "XYZ"},
                  {TN_FIELD_DESTINATION, "1 calle inventada"}};
    struct person_account third;
    struct tn_proof_extra extra;
    struct tn_event event;
    struct proofs proofs;

    (void) state;
    register_person(&served, "Persona Tres", "1985-06-07", &third);
    proofs_get(&proofs, &third);
    assert_true(proofs.list->count >= 1);
    for (size_t i = 0; i < proofs.list->count; i++) {
        proof_check(&proofs, i, &extra, &event);
        for (size_t o = 0; o < extra.openings.count; o++) {
            assert_int_equal(tn_opening_check(&event, &extra.openings.items[o]), TN_OK);
        }
        if (event.kind != TN_KIND_registration_created) {
            continue;
        }
        assert_int_equal(extra.openings.count, TN_ARRAY_SIZE(wanted));
        for (size_t o = 0; o < TN_ARRAY_SIZE(wanted); o++) {
            assert_int_equal(extra.openings.items[o].field, wanted[o].field);
            assert_true(tn_bytes_equal_string(extra.openings.items[o].value, wanted[o].value));
        }
    }
    proofs_close(&proofs);
}

static void a_page_of_proofs_goes_on_where_it_ended(void **state)
{
    char path[128];
    char after[32] = "0";
    unsigned pages = 0;

    (void) state;
    for (const char *next = after; next; pages++) {
        (void) snprintf(path, sizeof(path), "%s/proofs?limit=1&after=%s", person.path, after);
        MUST_ANSWER(200, call(&served, "GET", path, person.token, NULL));
        next = strstr(reply.body, "\"next\":");
        assert_non_null(next);
        next = strncmp(next + 7, "null", 4) == 0 ? NULL : next + 7;
        (void) snprintf(after, sizeof(after), "%lld", next ? strtoll(next, NULL, 10) : 0);
    }
    assert_true(pages >= 5);
}

static void proofs_are_for_their_owner_alone(void **state)
{
    struct person_account other;
    char path[96];

    (void) state;
    register_person(&served, "Persona Cuatro", "1970-01-02", &other);
    (void) snprintf(path, sizeof(path), "%s/proofs", person.path);
    MUST_ANSWER(403, call(&served, "GET", path, other.token, NULL));
    MUST_ANSWER(401, call(&served, "GET", path, NULL, NULL));
}

/* U+FDFA becomes 18 characters: 248 of them are as long a name as there may be. */
static void a_group_with_the_longest_names_is_proven_too(void **state)
{
    static const char letter[] = "\xef\xb7\xba";
    struct person_account group;
    struct tn_proof_extra extra;
    struct tn_event event;
    struct proofs proofs;
    struct tn_buffer body;

    (void) state;
    tn_buffer_init(&body, (size_t) 1 << 16);
    for (unsigned i = 0; i < 10; i++) {
        tn_buffer_append_string(&body, i == 0 ? "{\"members\":[{" : ",{");
        for (unsigned name = 0; name < 2; name++) {
            tn_buffer_printf(&body, "\"%s_names\":\"", name == 0 ? "given" : "family");
            for (unsigned at = 0; at < 247; at++) {
                tn_buffer_append_string(&body, letter);
            }
            tn_buffer_printf(&body, "%u\",", i);
        }
        tn_buffer_append_string(&body, "\"date_of_birth\":\"1980-01-15\",\"nationality\":\"XYZ\"}");
    }
    tn_buffer_printf(&body, "],\"destination\":\"10 Calle Inventada\"}%c", 0);
    MUST_ANSWER(201, call(&served, "POST", "/v1/registrations", NULL, (const char *) body.data));
    account_of_reply(&group);
    proofs_get(&proofs, &group);
    proof_check(&proofs, 0, &extra, &event);
    assert_int_equal(extra.openings.count, 41);
    for (size_t i = 0; i < extra.openings.count; i++) {
        assert_int_equal(tn_opening_check(&event, &extra.openings.items[i]), TN_OK);
    }
    proofs_close(&proofs);
    tn_buffer_close(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_write_is_answered_with_a_receipt_that_holds),
        cmocka_unit_test(a_retry_gets_a_receipt_for_the_same_entry),
        cmocka_unit_test(the_promise_is_kept_in_time),
        cmocka_unit_test(a_validation_has_no_receipt),
        cmocka_unit_test(every_own_event_is_proven_and_own_data_opens),
        cmocka_unit_test(a_group_with_the_longest_names_is_proven_too),
        cmocka_unit_test(a_page_of_proofs_goes_on_where_it_ended),
        cmocka_unit_test(proofs_are_for_their_owner_alone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
