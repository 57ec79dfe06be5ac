/* Receipts over HTTP: every write gets one that holds, a validation none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/hash.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_write_is_answered_with_a_receipt_that_holds),
        cmocka_unit_test(a_retry_gets_a_receipt_for_the_same_entry),
        cmocka_unit_test(the_promise_is_kept_in_time),
        cmocka_unit_test(a_validation_has_no_receipt),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
