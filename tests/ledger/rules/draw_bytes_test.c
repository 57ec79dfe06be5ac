/* The draw's bytes (spec/draw.md 3, 4): names, leaves, chains, beacons, seeds. */
#include "tests/ledger/rules/draw_fixture.h"

#include <sodium.h>

#include "ledger/log/tree.h"
#include "ledger/rules/policy.h"

_Static_assert((int) TN_DRAW_STRADDLE == (int) TN_PACKING_STRADDLE &&
                   (int) TN_DRAW_HARD == (int) TN_PACKING_HARD &&
                   (int) TN_DRAW_BEACON_DRAND == (int) TN_BEACON_DRAND &&
                   (int) TN_DRAW_BEACON_NIST == (int) TN_BEACON_NIST &&
                   (int) TN_DRAW_BEACON_MANUAL == (int) TN_BEACON_MANUAL,
               "a policy's numbers are the draw's");

static struct fixture f;

static int setup(void **state)
{
    (void) state;
    return sodium_init() < 0;
}

static void pool_make(const char *label, uint32_t groups)
{
    fixture_init(&f, label);
    fixture_port(&f, 2504, 3, 5);
    fixture_port(&f, 2301, 2, 7);
    fixture_port(&f, 2402, 1, 4);
    fixture_groups(&f, groups, 7);
}

static void R06_ticket_is_a_function_of_registration_and_day(void **state)
{
    uint8_t key[32] = {1};
    uint8_t registration[16] = {2};
    uint8_t gid[3][16];
    uint8_t ticket[2][32];
    uint8_t seed[32] = {3};

    (void) state;
    tn_draw_gid(gid[0], key, 20000, registration);
    tn_draw_gid(gid[1], key, 20000, registration);
    tn_draw_gid(gid[2], key, 20001, registration);
    assert_memory_equal(gid[0], gid[1], 16);
    assert_memory_not_equal(gid[0], gid[2], 16);
    tn_draw_ticket(ticket[0], seed, gid[0]);
    tn_draw_ticket(ticket[1], seed, gid[1]);
    assert_memory_equal(ticket[0], ticket[1], 32);
}

static void R08_wrong_and_late_reveals_are_rejected(void **state)
{
    uint8_t tail[32] = {9};
    uint8_t anchor[32];
    uint8_t secrets[101][32];
    uint8_t wrong[32];
    uint32_t index = 1;

    (void) state;
    tn_draw_chain_anchor(tail, 100, anchor);
    for (uint32_t i = 0; i <= 100; i++) {
        assert_int_equal(tn_draw_chain_secret(tail, 100, i, secrets[i]), TN_OK);
    }
    assert_memory_equal(secrets[0], anchor, 32);
    assert_memory_equal(secrets[100], tail, 32);
    /* A pebble on the way gives the same as the tail. */
    assert_int_equal(tn_draw_chain_secret(secrets[60], 60, 7, wrong), TN_OK);
    assert_memory_equal(wrong, secrets[7], 32);
    assert_int_equal(tn_draw_chain_secret(secrets[60], 60, 61, wrong), TN_INVALID);

    for (uint32_t i = 1; i <= 100; i++) {
        assert_int_equal(tn_draw_chain_verify(secrets[i - 1], i - 1, secrets[i], i), TN_OK);
    }
    assert_int_equal(tn_draw_chain_verify(anchor, 0, secrets[40], 40), TN_OK); /* days were void */
    /* Late: revealed already. Early: tomorrow's secret under today's index. Wrong: one bit off. */
    assert_int_equal(tn_draw_chain_verify(secrets[5], 5, secrets[5], 5), TN_INVALID);
    assert_int_equal(tn_draw_chain_verify(secrets[5], 5, secrets[4], 4), TN_INVALID);
    assert_int_equal(tn_draw_chain_verify(secrets[5], 5, secrets[7], 6), TN_MISMATCH);
    assert_int_equal(tn_draw_chain_verify(secrets[5], 5, secrets[5], 6), TN_MISMATCH);
    memcpy(wrong, secrets[6], 32);
    wrong[31] ^= 1;
    assert_int_equal(tn_draw_chain_verify(secrets[5], 5, wrong, 6), TN_MISMATCH);

    assert_int_equal(tn_draw_chain_index(20000, 100, 20000, &index), TN_OK);
    assert_int_equal(index, 1);
    assert_int_equal(tn_draw_chain_index(20000, 100, 20099, &index), TN_OK);
    assert_int_equal(index, 100);
    assert_int_equal(tn_draw_chain_index(20000, 100, 20100, &index), TN_INVALID);
    assert_int_equal(tn_draw_chain_index(20000, 100, 19999, &index), TN_INVALID);
}

static void seed_is_bound_to_the_pool_in_mode_1_only(void **state)
{
    uint8_t seed[32];
    uint8_t root[32];

    (void) state;
    pool_make("bound", 30);
    for (uint8_t mode = 0; mode < 2; mode++) {
        f.input.mode = mode;
        f.input.group_count = 30;
        fixture_draw(&f);
        memcpy(seed, f.result.seed, 32);
        memcpy(root, f.result.root, 32);
        f.input.group_count = 29;
        fixture_draw(&f);
        assert_memory_not_equal(root, f.result.root, 32);
        assert_int_equal(memcmp(seed, f.result.seed, 32) == 0, mode == 0);
    }
    fixture_close(&f);
}

static void beacons_are_checked_and_rounds_follow_the_clock(void **state)
{
    static const struct {
        const char *label;
        struct tn_draw_beacon beacon;
        enum tn_status status;
    } rows[] = {
        {"none", {.type = 0}, TN_OK},
        {"none with a round", {.type = 0, .round = 1}, TN_INVALID},
        {"drand too short", {.type = 1, .round = 5, .raw = {(const uint8_t *) "x", 1}}, TN_INVALID},
        {"nist empty", {.type = 2, .round = 5}, TN_INVALID},
        {"manual", {.type = 3, .raw = {(const uint8_t *) "7.12.33.", 8}}, TN_OK},
        {"manual not closed", {.type = 3, .raw = {(const uint8_t *) "7.12.33", 7}}, TN_INVALID},
        {"manual with a gap", {.type = 3, .raw = {(const uint8_t *) "7..3.", 5}}, TN_INVALID},
        {"manual with words", {.type = 3, .raw = {(const uint8_t *) "7.a.", 4}}, TN_INVALID},
        {"manual with a round",
         {.type = 3, .round = 1, .raw = {(const uint8_t *) "7.", 2}},
         TN_INVALID},
        {"unknown", {.type = 4}, TN_INVALID},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (tn_draw_beacon_check(&rows[i].beacon, NULL) != rows[i].status) {
            fail_msg("%s", rows[i].label);
        }
    }
    const uint64_t genesis = UINT64_C(1692803367) * 1000000;

    assert_int_equal(tn_draw_drand_round(genesis), 1);
    assert_int_equal(tn_draw_drand_round(genesis + 1), 2);
    assert_int_equal(tn_draw_drand_round(genesis + 3000000), 2);
    assert_int_equal(tn_draw_drand_round(genesis + 3000001), 3);
}

static void pool_root_is_the_merkle_root_over_sorted_leaves(void **state)
{
    uint8_t root[32];
    uint8_t leaf[TN_DRAW_LEAF_SIZE];
    struct tn_merkle merkle;

    (void) state;
    pool_make("root", 33);
    fixture_draw(&f);
    tn_merkle_init(&merkle);
    for (uint32_t i = 0; i < 33; i++) {
        tn_draw_leaf(&f.groups[f.result.order[i]], leaf);
        tn_merkle_add_leaf(&merkle, tn_bytes(leaf, sizeof(leaf)));
    }
    tn_merkle_root(&merkle, root);
    assert_memory_equal(root, f.result.root, 32);
    fixture_shuffle(&f);
    assert_int_equal(tn_draw_pool_root(f.groups, 33, &f.arena, root, &f.error), TN_OK);
    assert_memory_equal(root, f.result.root, 32);
    /* An unopened group carries its attr: the same leaf. */
    tn_draw_attr(f.groups[3].attr, f.groups[3].salt, f.groups[3].registered_day, 0);
    f.groups[3].opened = false;
    assert_int_equal(tn_draw_pool_root(f.groups, 33, &f.arena, root, &f.error), TN_OK);
    assert_memory_equal(root, f.result.root, 32);
    memcpy(f.groups[0].gid, f.groups[1].gid, 16);
    assert_int_equal(tn_draw_pool_root(f.groups, 33, &f.arena, root, &f.error), TN_EXISTS);
    assert_int_equal(tn_draw_pool_root(NULL, 0, &f.arena, root, &f.error), TN_OK);
    fixture_close(&f);
}

/* Values of the implementation in tests/golden/draw.py. */
static void every_hash_has_its_bytes(void **state)
{
    uint8_t key[32];
    uint8_t registration[16];
    uint8_t tail[32];
    uint8_t gid[16];
    uint8_t salt[16];
    uint8_t out[32];
    char text[65];
    const struct tn_draw_beacon manual = {.type = TN_DRAW_BEACON_MANUAL,
                                          .raw = tn_bytes("7.12.33.", 8)};

    (void) state;
    for (uint8_t i = 0; i < 32; i++) {
        key[i] = i;
        registration[i % 16] = (uint8_t) (100 + i % 16);
        tail[i] = 7;
    }
    tn_draw_gid(gid, key, 20000, registration);
    tn_hex_encode(text, gid, 16);
    assert_string_equal(text, "21572231e3e4ea2ed872e2b1ef1c324e");
    tn_draw_salt(salt, key, 20000, registration);
    tn_hex_encode(text, salt, 16);
    assert_string_equal(text, "889f473c7b158d056feede8ab3cc758a");
    tn_draw_attr(out, salt, 19800, 0);
    tn_hex_encode(text, out, 32);
    assert_string_equal(text, "26da45605fd4d8d1b515092e3b91e24063988ccfc6ae1d4ab2a82721fa26fd32");
    tn_draw_ticket(out, key, gid);
    tn_hex_encode(text, out, 32);
    assert_string_equal(text, "38c5d4b34630c8993c98472d881b30b679b12e1261a8fa4a8f10ae48ad384bfc");
    tn_draw_beacon(out, &manual);
    tn_hex_encode(text, out, 32);
    assert_string_equal(text, "85e07eb03e9d8c2d68c54e21d2bf22c893b4dc015ec8c2247b714187375ff577");
    tn_draw_chain_anchor(tail, 3, out);
    tn_hex_encode(text, out, 32);
    assert_string_equal(text, "02a57488ae558828e9cb992714267548fd8826a39da00d98ee8ddb77b10a3c24");
}

/* Real gids are hashes; the order must not lean on that. */
static void gids_are_compared_to_their_last_byte(void **state)
{
    (void) state;
    fixture_init(&f, "last byte");
    fixture_port(&f, 2301, 1, 9);
    for (uint8_t i = 0; i < 8; i++) {
        struct tn_draw_group *group = fixture_group(&f, 1, 2301);

        memset(group->gid, 0x55, 16);
        group->gid[15] = (uint8_t) (8 - i);
        group->gid[8] = i / 4;
    }
    fixture_draw(&f);
    for (uint32_t i = 1; i < 8; i++) {
        assert_true(
            memcmp(f.groups[f.result.order[i - 1]].gid, f.groups[f.result.order[i]].gid, 16) < 0);
    }
    f.groups[7].gid[15] = f.groups[6].gid[15];
    assert_int_equal(fixture_run(&f), TN_EXISTS);
    fixture_close(&f);
}

static void a_witness_counts_once(void **state)
{
    const struct tn_draw_witness witnesses[2] = {{.id = {1}, .secret = {2}},
                                                 {.id = {1}, .secret = {3}}};

    (void) state;
    fixture_init(&f, "witness");
    f.input.mode = TN_DRAW_BOUND;
    f.input.witnesses = witnesses;
    f.input.witness_count = 2;
    assert_int_equal(fixture_run(&f), TN_INVALID);
    f.input.witness_count = 1;
    fixture_draw(&f);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hash_has_its_bytes),
        cmocka_unit_test(gids_are_compared_to_their_last_byte),
        cmocka_unit_test(a_witness_counts_once),
        cmocka_unit_test(R06_ticket_is_a_function_of_registration_and_day),
        cmocka_unit_test(R08_wrong_and_late_reveals_are_rejected),
        cmocka_unit_test(seed_is_bound_to_the_pool_in_mode_1_only),
        cmocka_unit_test(beacons_are_checked_and_rounds_follow_the_clock),
        cmocka_unit_test(pool_root_is_the_merkle_root_over_sorted_leaves),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
