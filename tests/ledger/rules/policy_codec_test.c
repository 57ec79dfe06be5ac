/* The policy document: its bytes, its limits, and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/pack.h"
#include "ledger/rules/policy.h"
#include "ledger/rules/policy_history.h"
#include "tests/ledger/base/unit.h"

#define GOLDEN "tests/golden/policy-document-1.hex"

static struct tn_policy first_runnable(void)
{
    struct tn_policy policy;
    tn_policy_history(TN_POLICY_HISTORY_FIRST_RUNNABLE, &policy);
    return policy;
}

static void every_version_survives_its_document(void **state)
{
    (void) state;
    for (size_t i = 0; i < TN_POLICY_HISTORY_COUNT; i++) {
        struct tn_policy policy;
        struct tn_policy back;
        struct tn_buffer once;
        struct tn_buffer twice;
        struct tn_error error = {0};
        tn_policy_history(i, &policy);
        tn_buffer_init(&once, TN_POLICY_BYTES_MAX);
        tn_buffer_init(&twice, TN_POLICY_BYTES_MAX);
        assert_int_equal(tn_policy_encode(&policy, &once, &error), TN_OK);
        assert_int_equal(tn_policy_decode(tn_buffer_view(&once), &back, &error), TN_OK);
        assert_int_equal(tn_policy_encode(&back, &twice, &error), TN_OK);
        assert_true(tn_bytes_equal(tn_buffer_view(&once), tn_buffer_view(&twice)));
        assert_true(tn_zone_equal(&policy.zone, &back.zone));
        assert_int_equal(back.version, policy.version);
        assert_int_equal(back.effective_us, policy.effective_us);
        assert_int_equal(back.confirm_us, policy.confirm_us);
        assert_memory_equal(back.ports, policy.ports, sizeof(policy.ports));
        assert_memory_equal(back.slots, policy.slots, sizeof(policy.slots));
        assert_memory_equal(&back.validation, &policy.validation, sizeof(policy.validation));
        assert_memory_equal(back.languages, policy.languages, sizeof(policy.languages));
        tn_buffer_close(&once);
        tn_buffer_close(&twice);
    }
}

static void who_binds_a_draw_survives_the_document(void **state)
{
    struct tn_policy policy = first_runnable();
    struct tn_policy back;
    struct tn_buffer document;
    struct tn_error error = {0};

    (void) state;
    policy.draw.mode = 1;
    policy.draw.beacon = TN_BEACON_NIST;
    policy.draw.beacon_delay_us = UINT64_C(900000000);
    policy.draw.witness_wait_us = UINT64_C(900000000);
    policy.draw.witness_count = TN_POLICY_WITNESSES_MAX;
    for (uint32_t i = 0; i < TN_POLICY_WITNESSES_MAX; i++) {
        policy.draw.witnesses[i][0] = (uint8_t) i;
        policy.draw.witnesses[i][15] = 1;
    }
    memset(policy.draw.certificate, 0xc5, sizeof(policy.draw.certificate));
    tn_buffer_init(&document, TN_POLICY_BYTES_MAX);
    assert_int_equal(tn_policy_encode(&policy, &document, &error), TN_OK);
    assert_int_equal(tn_policy_decode(tn_buffer_view(&document), &back, &error), TN_OK);
    assert_memory_equal(&back.draw, &policy.draw, sizeof(policy.draw));
    tn_buffer_close(&document);
}

static void read_golden(char *hex, size_t size)
{
    FILE *file = fopen(GOLDEN, "r");
    assert_non_null(file);
    size_t got = 0;
    int c = 0;
    while ((c = fgetc(file)) != EOF && got + 1 < size) {
        if (c != '\n') {
            hex[got++] = (char) c;
        }
    }
    hex[got] = '\0';
    assert_int_equal(fclose(file), 0);
}

/* TURNO_UPDATE=1 writes the file anew, for a change of format that is meant. */
static void write_golden(struct tn_bytes bytes)
{
    FILE *file = fopen(GOLDEN, "w");
    assert_non_null(file);
    for (size_t i = 0; i < bytes.size; i++) {
        (void) fprintf(file, "%02x%s", bytes.data[i],
                       i % 48 == 47 || i + 1 == bytes.size ? "\n" : "");
    }
    assert_int_equal(fclose(file), 0);
}

static void golden_bytes_of_the_first_runnable_policy(void **state)
{
    (void) state;
    static char want[2 * TN_POLICY_BYTES_MAX + 1];
    static char got[2 * TN_POLICY_BYTES_MAX + 1];
    struct tn_policy policy = first_runnable();
    struct tn_buffer out;

    tn_buffer_init(&out, TN_POLICY_BYTES_MAX);
    assert_int_equal(tn_policy_encode(&policy, &out, NULL), TN_OK);
    if (getenv("TURNO_UPDATE") != NULL) {
        write_golden(tn_buffer_view(&out));
    }
    read_golden(want, sizeof(want));
    tn_hex_encode(got, out.data, out.size);
    assert_string_equal(got, want);
    tn_buffer_close(&out);
}

static void encoding_needs_a_valid_policy_and_room(void **state)
{
    (void) state;
    struct tn_policy policy = first_runnable();
    struct tn_error error = {0};
    struct tn_buffer out;

    tn_buffer_init(&out, 100);
    assert_int_equal(tn_policy_encode(&policy, &out, &error), TN_FULL);
    tn_buffer_close(&out);
    tn_buffer_init(&out, TN_POLICY_BYTES_MAX);
    policy.size_max = 0;
    assert_int_equal(tn_policy_encode(&policy, &out, &error), TN_INVALID);
    assert_int_equal(out.size, 0);
    tn_buffer_close(&out);
}

/* The largest policy there can be fits a document. */
static void every_limit_at_once_fits_a_document(void **state)
{
    (void) state;
    struct tn_policy policy = first_runnable();
    struct tn_policy back;
    struct tn_error error = {0};
    struct tn_buffer out;

    policy.port_count = TN_POLICY_PORTS_MAX;
    for (uint16_t i = 0; i < TN_POLICY_PORTS_MAX; i++) {
        struct tn_policy_port *port = &policy.ports[i];
        memset(port, 0, sizeof(*port));
        port->code = (uint16_t) (60000 + i);
        memset(port->name, 'n', sizeof(port->name) - 1);
        memset(port->zone, 'z', sizeof(port->zone) - 1);
        port->weight = TN_POLICY_SEATS_MAX;
    }
    policy.slot_count = TN_POLICY_SLOTS_MAX;
    for (uint16_t i = 0; i < TN_POLICY_SLOTS_MAX; i++) {
        policy.slots[i] = (uint16_t) (i * 30);
    }
    policy.validation.domain_count = TN_POLICY_DOMAINS_MAX;
    policy.language_count = TN_POLICY_LANGUAGES_MAX;
    for (uint32_t i = 0; i < TN_POLICY_DOMAINS_MAX; i++) {
        char *domain = policy.validation.domains[i];
        memset(domain, 'd', TN_POLICY_DOMAIN_SIZE - 1);
        domain[0] = (char) ('a' + i);
        domain[5] = '.';
        char *language = policy.languages[i];
        memset(language, 'l', TN_POLICY_LANGUAGE_SIZE - 1);
        language[0] = (char) ('a' + i);
    }
    policy.zone.area_count = TN_ZONE_AREAS_MAX;
    policy.zone.rule_count = TN_ZONE_RULES_MAX;
    for (uint16_t i = 0; i < TN_ZONE_AREAS_MAX; i++) {
        struct tn_zone_area *area = &policy.zone.areas[i];
        area->code = (uint16_t) (65000 + i);
        area->point_count = TN_ZONE_POINTS_MAX;
        /* A comb: up along a parabola, so that no three points are in line. */
        for (int32_t j = 0; j < TN_ZONE_POINTS_MAX; j++) {
            area->points[j] =
                (struct tn_zone_point){-80000000 + j * 100000, -170000000 + j * j * 1000};
        }
        for (int j = 0; j < 2; j++) {
            struct tn_zone_rule *rule = &policy.zone.rules[2 * i + j];
            rule->area = area->code;
            memcpy(rule->nationality, j == 0 ? "AAA" : "BBB", 4);
        }
    }
    assert_int_equal(tn_zone_validate(&policy.zone, &error), TN_OK);
    tn_buffer_init(&out, TN_POLICY_BYTES_MAX);
    assert_int_equal(tn_policy_encode(&policy, &out, &error), TN_OK);
    assert_int_equal(tn_policy_decode(tn_buffer_view(&out), &back, &error), TN_OK);
    assert_memory_equal(&back.zone.areas[7], &policy.zone.areas[7], sizeof(back.zone.areas[7]));
    tn_buffer_close(&out);
}

static void decode_fails(struct tn_bytes bytes, enum tn_status status, const char *words)
{
    struct tn_policy policy;
    struct tn_error error = {0};

    memset(&policy, 0xaa, sizeof(policy));
    assert_int_equal(tn_policy_decode(bytes, &policy, &error), status);
    assert_true(tn_is_zero(&policy, sizeof(policy)));
    if (strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, words);
    }
}

static void no_prefix_and_no_suffix_is_a_document(void **state)
{
    (void) state;
    struct tn_policy policy = first_runnable();
    struct tn_policy back;
    struct tn_buffer out;

    tn_buffer_init(&out, TN_POLICY_BYTES_MAX + 10);
    assert_int_equal(tn_policy_encode(&policy, &out, NULL), TN_OK);
    for (size_t size = 0; size < out.size; size++) {
        assert_int_equal(tn_policy_decode(tn_bytes(out.data, size), &back, NULL), TN_INVALID);
    }
    tn_buffer_append_u8(&out, 0);
    decode_fails(tn_buffer_view(&out), TN_INVALID, "followed by more");
    tn_buffer_close(&out);
    static const uint8_t big[TN_POLICY_BYTES_MAX + 1];
    decode_fails(tn_bytes(big, sizeof(big)), TN_INVALID, "at most");
}

/* What is accepted after any one byte is changed says the same when it is written again. */
static void a_changed_byte_is_refused_or_means_what_it_says(void **state)
{
    (void) state;
    struct tn_policy policy = first_runnable();
    struct tn_policy back;
    struct tn_buffer out;
    struct tn_buffer again;
    unsigned accepted = 0;

    /* One small area keeps the run short. */
    policy.zone.areas[0].point_count = 3;
    tn_buffer_init(&out, TN_POLICY_BYTES_MAX);
    tn_buffer_init(&again, TN_POLICY_BYTES_MAX);
    assert_int_equal(tn_policy_encode(&policy, &out, NULL), TN_OK);
    for (size_t i = 0; i < out.size; i++) {
        uint8_t kept = out.data[i];
        for (unsigned value = 0; value < 256; value++) {
            out.data[i] = (uint8_t) value;
            if (value != kept && tn_policy_decode(tn_buffer_view(&out), &back, NULL) == TN_OK) {
                tn_buffer_reset(&again);
                assert_int_equal(tn_policy_encode(&back, &again, NULL), TN_OK);
                assert_true(tn_bytes_equal(tn_buffer_view(&out), tn_buffer_view(&again)));
                accepted++;
            }
        }
        out.data[i] = kept;
    }
    assert_true(accepted > 100);
    tn_buffer_close(&out);
    tn_buffer_close(&again);
}

static void strange_documents_say_what_is_wrong(void **state)
{
    (void) state;
    struct tn_buffer out;
    tn_buffer_init(&out, 1024);

    tn_pack_array(&out, 0);
    decode_fails(tn_buffer_view(&out), TN_INVALID, "format");
    tn_buffer_reset(&out);
    tn_pack_map(&out, 1);
    tn_pack_uint(&out, 0);
    tn_pack_uint(&out, 2);
    decode_fails(tn_buffer_view(&out), TN_UNSUPPORTED, "format 2");
    tn_buffer_reset(&out);
    tn_pack_map(&out, 2);
    tn_pack_uint(&out, 0);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 99);
    tn_pack_uint(&out, 1);
    decode_fails(tn_buffer_view(&out), TN_UNSUPPORTED, "member 99");
    tn_buffer_reset(&out);
    tn_pack_map(&out, 2);
    tn_pack_uint(&out, 0);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 0);
    decode_fails(tn_buffer_view(&out), TN_INVALID, "version: is empty or zero");
    tn_buffer_reset(&out);
    tn_pack_map(&out, 3);
    tn_pack_uint(&out, 0);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 2);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 1);
    decode_fails(tn_buffer_view(&out), TN_INVALID, "ascend");
    tn_buffer_reset(&out);
    tn_pack_map(&out, 2);
    tn_pack_uint(&out, 0);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 17);
    tn_pack_uint(&out, 2);
    decode_fails(tn_buffer_view(&out), TN_INVALID, "group_shares_destination: must be 1");
    tn_buffer_reset(&out);
    tn_pack_map(&out, 2);
    tn_pack_uint(&out, 0);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 6);
    tn_pack_uint(&out, UINT64_C(1) << 32);
    decode_fails(tn_buffer_view(&out), TN_INVALID, "share_ppm: the number is too large");
    tn_buffer_reset(&out);
    tn_pack_map(&out, 2);
    tn_pack_uint(&out, 0);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 5);
    tn_pack_map(&out, 0);
    decode_fails(tn_buffer_view(&out), TN_INVALID, "draw: is empty");
    tn_buffer_reset(&out);
    tn_pack_map(&out, 2);
    tn_pack_uint(&out, 0);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 20);
    tn_pack_array(&out, TN_POLICY_SLOTS_MAX + 1);
    for (unsigned i = 0; i <= TN_POLICY_SLOTS_MAX; i++) {
        tn_pack_uint(&out, i);
    }
    decode_fails(tn_buffer_view(&out), TN_INVALID, "slots: the list is too long");
    tn_buffer_reset(&out);
    tn_pack_map(&out, 2);
    tn_pack_uint(&out, 0);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 23);
    tn_pack_array(&out, 1);
    tn_pack_str(&out, tn_bytes_from_string("a-language-with-a-long-name"));
    decode_fails(tn_buffer_view(&out), TN_INVALID, "languages: the text is too long");
    tn_buffer_reset(&out);
    tn_pack_map(&out, 2);
    tn_pack_uint(&out, 0);
    tn_pack_uint(&out, 1);
    tn_pack_uint(&out, 23);
    tn_pack_array(&out, 1);
    tn_pack_str(&out, tn_bytes_from_string("twelve-chars"));
    decode_fails(tn_buffer_view(&out), TN_INVALID, "languages: the text is too long");
    tn_buffer_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_survives_its_document),
        cmocka_unit_test(who_binds_a_draw_survives_the_document),
        cmocka_unit_test(golden_bytes_of_the_first_runnable_policy),
        cmocka_unit_test(encoding_needs_a_valid_policy_and_room),
        cmocka_unit_test(every_limit_at_once_fits_a_document),
        cmocka_unit_test(no_prefix_and_no_suffix_is_a_document),
        cmocka_unit_test(a_changed_byte_is_refused_or_means_what_it_says),
        cmocka_unit_test(strange_documents_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
