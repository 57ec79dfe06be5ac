/* The trust policy file: what is one, what is none, and which sets of witnesses are enough. */
#include "tests/ledger/log/vectors.h"

#include <sodium.h>

#include "ledger/base/buffer.h"
#include "ledger/base/check.h"
#include "ledger/log/witness_policy.h"

/* %0 to %9: the vkeys of witnesses; %a, %b of logs. */
static void expand(const char *text, struct tn_buffer *out)
{
    for (; *text != '\0'; text++) {
        struct tn_verifier verifier;
        struct tn_signer signer;
        uint8_t seed[TN_KEY_SEED_SIZE] = {0};
        char vkey[TN_VKEY_SIZE];
        char name[16];

        if (*text != '%') {
            tn_buffer_append_u8(out, (uint8_t) *text);
            continue;
        }
        text++;
        seed[0] = (uint8_t) *text;
        (void) snprintf(name, sizeof(name), "%c.test", *text);
        TN_CHECK(tn_signer_init(&signer, tn_bytes_from_string(name),
                                *text >= 'a' ? TN_KEY_ED25519 : TN_KEY_COSIGNATURE, seed) == TN_OK);
        verifier = signer.verifier;
        tn_signer_close(&signer);
        tn_vkey_format(&verifier, vkey);
        tn_buffer_append_string(out, vkey);
    }
}

static enum tn_status parse(const char *text, struct tn_buffer *bytes,
                            struct tn_witness_policy *policy, struct tn_error *error)
{
    tn_buffer_init(bytes, TN_WITNESS_POLICY_BYTES_MAX);
    expand(text, bytes);
    return tn_witness_policy_parse(tn_buffer_view(bytes), policy, error);
}

#define WITNESSES "witness w0 %0 http://127.0.0.1:1\nwitness w1 %1\nwitness w2 %2\nwitness w3 %3\n"

static void everything_that_the_format_has_is_read(void **state)
{
    static struct tn_witness_policy policy;
    struct tn_buffer bytes;
    struct tn_error error = {0};

    (void) state;
    assert_int_equal(parse("# a comment\n\n  \t\nlog %a https://log.test/x\nlog\t%b\n" WITNESSES
                           "\tgroup  inner 2 w0 w1 w2 \n  # more\n"
                           "group outer all inner w3\nquorum outer\n",
                           &bytes, &policy, &error),
                     TN_OK);
    assert_int_equal(policy.log_count, 2);
    assert_true(tn_bytes_equal_string(policy.logs[0].url, "https://log.test/x"));
    assert_int_equal(policy.logs[1].url.size, 0);
    assert_string_equal(policy.logs[1].verifier.name, "b.test");
    assert_int_equal(policy.witness_count, 4);
    assert_true(tn_bytes_equal_string(policy.witnesses[0].name, "w0"));
    assert_true(tn_bytes_equal_string(policy.witnesses[0].url, "http://127.0.0.1:1"));
    assert_int_equal(policy.group_count, 2);
    /* Names are octets. */
    tn_buffer_close(&bytes);
    assert_int_equal(parse("witness \xe2\x84\xaa %0\nwitness K %1\nquorum \xe2\x84\xaa\n", &bytes,
                           &policy, &error),
                     TN_OK);
    assert_int_equal(policy.quorum, 1);
    tn_buffer_close(&bytes);
}

/* The definition, again and slowly: a set is enough when the quorum's member witnesses it. */
struct model {
    unsigned threshold;
    int members[4]; /* below 10 a witness, from 10 on a group; -1: none */
};

static bool model_met(const struct model *groups, int item, unsigned set)
{
    unsigned count = 0;

    if (item < 10) {
        return (set >> item & 1) != 0;
    }
    for (size_t i = 0; i < 4 && groups[item - 10].members[i] >= 0; i++) {
        count += model_met(groups, groups[item - 10].members[i], set) ? 1 : 0;
    }
    return count >= groups[item - 10].threshold;
}

static void quorum_is_met_by_exactly_the_sets_that_it_says(void **state)
{
    static const struct {
        const char *text;
        struct model groups[3];
        int quorum; /* -1: none */
    } rows[] = {
        {"quorum none\n", {{0, {-1}}}, -1},
        {"quorum w2\n", {{0, {-1}}}, 2},
        {"group g any w0 w1 w2\nquorum g\n", {{1, {0, 1, 2, -1}}}, 10},
        {"group g all w0 w1 w2\nquorum g\n", {{3, {0, 1, 2, -1}}}, 10},
        {"group g 2 w0 w1 w2 w3\nquorum g\n", {{2, {0, 1, 2, 3}}}, 10},
        {"group a 2 w0 w1\ngroup b any w2 w3\ngroup c all a b\nquorum c\n",
         {{2, {0, 1, -1}}, {1, {2, 3, -1}}, {2, {10, 11, -1}}},
         12},
        {"group a all w0 w1\ngroup b 2 a w2 w3\nquorum b\n",
         {{2, {0, 1, -1}}, {2, {10, 2, 3, -1}}},
         11},
        /* A group that nobody asks for changes nothing. */
        {"group a all w0 w1\nquorum w3\n", {{2, {0, 1, -1}}}, 3},
    };

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        static struct tn_witness_policy policy;
        struct tn_buffer bytes;
        struct tn_error error = {0};
        char text[512];

        (void) snprintf(text, sizeof(text), "%s%s", WITNESSES, rows[i].text);
        if (parse(text, &bytes, &policy, &error) != TN_OK) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
        for (unsigned set = 0; set < 16; set++) {
            bool wanted = rows[i].quorum < 0 || model_met(rows[i].groups, rows[i].quorum, set);

            if (tn_witness_policy_met(&policy, set) != wanted) {
                fail_msg("%s with the set %x", rows[i].text, set);
            }
            /* Bits of nobody do not help. */
            assert_int_equal(tn_witness_policy_met(&policy, set | UINT64_C(0xfffffff0) << 4),
                             wanted);
        }
        tn_buffer_close(&bytes);
    }
}

static void what_is_no_policy_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        unsigned line; /* 0: none is named */
    } rows[] = {
        {"", 0},
        {"# nothing\n", 0},
        {"quorum none", 1},
        {"quorum none\n\nquorum none\n", 3},
        {"quorum\n", 1},
        {"quorum w0\n" WITNESSES, 1},
        {WITNESSES "quorum w0 w1\n", 5},
        {"Quorum none\n", 1},
        {"quorum none\r\n", 1},
        {"quorum none\n\x01\n", 2},
        {"log\nquorum none\n", 1},
        {"log %0\nquorum none\n", 1},
        {"log %a ftp://x\nquorum none\n", 1},
        {"log %a http://\nquorum none\n", 1},
        {"log %a http://x y\nquorum none\n", 1},
        {"log %a\nlog %a\nquorum none\n", 2},
        {"log x+00000000+AAAA\nquorum none\n", 1},
        {"witness w0\nquorum none\n", 1},
        {"witness w0 %a\nquorum none\n", 1},
        {"witness none %0\nquorum none\n", 1},
        {"witness w0 %0\nwitness w0 %1\nquorum none\n", 2},
        {"witness w0 %0\nwitness w1 %0\nquorum none\n", 2},
        {"group g any w0\nquorum none\n", 1},
        {WITNESSES "group g any\nquorum none\n", 5},
        {WITNESSES "group g\nquorum none\n", 5},
        {WITNESSES "group g 0 w0\nquorum none\n", 5},
        {WITNESSES "group g 2 w0\nquorum none\n", 5},
        {WITNESSES "group g 01 w0\nquorum none\n", 5},
        {WITNESSES "group g some w0\nquorum none\n", 5},
        {WITNESSES "group g any none\nquorum none\n", 5},
        {WITNESSES "group g any g\nquorum none\n", 5},
        {WITNESSES "group g any w0 w0\nquorum none\n", 5},
        {WITNESSES "group w0 any w1\nquorum none\n", 5},
        {WITNESSES "group g any w0\ngroup h any w0\nquorum none\n", 6},
    };

    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        static struct tn_witness_policy policy;
        struct tn_buffer bytes;
        struct tn_error error = {0};
        char wanted[32];

        if (parse(rows[i].text, &bytes, &policy, &error) == TN_OK) {
            fail_msg("taken: %s", rows[i].text);
        }
        (void) snprintf(wanted, sizeof(wanted), "line %u:", rows[i].line);
        if (rows[i].line > 0 && strstr(error.text, wanted) == NULL) {
            fail_msg("%s: %s", rows[i].text, error.text);
        }
        assert_true(tn_is_zero(&policy, sizeof(policy)));
        tn_buffer_close(&bytes);
    }
}

/* The format asks for 32 of each at least; the 33rd is refused with words. */
/* C2SP tlog-cosignature's ML-DSA-44: a key of 1,312 bytes under type 06. A quorum may count on it,
 * so the policy is refused with words rather than read without it. */
static void a_witness_of_a_type_that_is_not_known_is_refused_with_words(void **state)
{
    static struct tn_witness_policy policy;
    static uint8_t key[1 + 1312] = {6};
    static uint8_t named[6 + 1 + sizeof(key)] = "w.test\n";
    static char vkey[TN_BASE64_SIZE(sizeof(key))];
    uint8_t hash[crypto_hash_sha256_BYTES];
    char id[9];
    struct tn_buffer text;
    struct tn_error error = {0};

    (void) state;
    memset(key + 1, 0x5a, sizeof(key) - 1);
    memcpy(named + 7, key, sizeof(key));
    crypto_hash_sha256(hash, named, sizeof(named));
    tn_hex_encode(id, hash, 4);
    tn_base64_encode(vkey, key, sizeof(key));
    tn_buffer_init(&text, TN_WITNESS_POLICY_BYTES_MAX);
    tn_buffer_printf(&text, "# one of two\nwitness w0 w.test+%s+%s\nquorum w0\n", id, vkey);
    assert_int_equal(tn_witness_policy_parse(tn_buffer_view(&text), &policy, &error),
                     TN_UNSUPPORTED);
    assert_non_null(strstr(error.text, "line 2"));
    assert_non_null(strstr(error.text, "type 06 (ML-DSA-44)"));
    assert_true(tn_is_zero(&policy, sizeof(policy)));
    tn_buffer_close(&text);
}

static void thirty_two_of_each_fit(void **state)
{
    (void) state;
    for (unsigned count = 32; count <= 33; count++) {
        static struct tn_witness_policy policy;
        struct tn_buffer bytes;
        struct tn_error error = {0};
        enum tn_status status;

        tn_buffer_init(&bytes, TN_WITNESS_POLICY_BYTES_MAX);
        for (unsigned i = 0; i < count; i++) {
            uint8_t seed[TN_KEY_SEED_SIZE] = {(uint8_t) i, 1};
            struct tn_signer signer;
            char vkey[TN_VKEY_SIZE];

            TN_CHECK(tn_signer_init(&signer, tn_bytes_from_string("w"), TN_KEY_COSIGNATURE, seed) ==
                     TN_OK);
            tn_vkey_format(&signer.verifier, vkey);
            tn_signer_close(&signer);
            tn_buffer_printf(&bytes, "witness w%u %s\ngroup g%u any w%u\n", i, vkey, i, i);
        }
        tn_buffer_append_string(&bytes, "quorum g31\n");
        status = tn_witness_policy_parse(tn_buffer_view(&bytes), &policy, &error);
        assert_int_equal(status, count == 32 ? TN_OK : TN_INVALID);
        if (status == TN_OK) {
            assert_true(tn_witness_policy_met(&policy, UINT64_C(1) << 31));
            assert_false(tn_witness_policy_met(&policy, UINT64_C(0x7fffffff)));
        }
        tn_buffer_close(&bytes);
    }
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_that_the_format_has_is_read),
        cmocka_unit_test(quorum_is_met_by_exactly_the_sets_that_it_says),
        cmocka_unit_test(what_is_no_policy_is_refused_with_its_line),
        cmocka_unit_test(a_witness_of_a_type_that_is_not_known_is_refused_with_words),
        cmocka_unit_test(thirty_two_of_each_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
