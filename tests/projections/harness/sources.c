/* Chains, reveals and beacons of made-up witnesses. */
#include <string.h>

#include "ledger/base/civil.h"
#include "ledger/base/hash.h"
#include "tests/projections/harness/harness.h"

void witness_id(uint8_t id[static TN_ID_SIZE], uint32_t witness)
{
    memset(id, 0, TN_ID_SIZE);
    if (witness > 0) {
        make_id(id, 'w', witness);
    }
}

void bind_policy(struct tn_policy *policy, uint32_t witnesses, enum tn_policy_beacon beacon)
{
    policy->draw.mode = TN_DRAW_BOUND;
    policy->draw.witness_wait_us = 30 * TN_MINUTE_US;
    policy->draw.witness_count = witnesses;
    for (uint32_t i = 0; i < witnesses; i++) {
        witness_id(policy->draw.witnesses[i], i + 1);
    }
    policy->draw.beacon = beacon;
    policy->draw.beacon_delay_us = beacon == TN_BEACON_NONE ? 0 : 15 * TN_MINUTE_US;
}

/* The tail of a chain that nobody had before; where it begins. */
static void new_chain(struct harness *harness, uint32_t witness, uint64_t first_day,
                      uint8_t anchor[static TN_HASH_SIZE])
{
    uint8_t tail[TN_HASH_SIZE];
    uint8_t number[8] = {(uint8_t) ++harness->chains, (uint8_t) witness};

    tn_hash_one(tail, sizeof(tail), "test.tail", tn_bytes(NULL, 0), tn_bytes(number, 8));
    tn_draw_chain_anchor(tail, HARNESS_CHAIN_LENGTH, anchor);
    if (witness == 0) {
        memcpy(harness->chain_tail, tail, sizeof(tail));
        harness->chain_first_day = first_day;
    } else {
        memcpy(harness->witness_tails[witness - 1], tail, sizeof(tail));
        harness->witness_first_days[witness - 1] = first_day;
    }
}

enum tn_refusal do_anchor(struct harness *harness, uint32_t witness, uint64_t first_day,
                          uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_anchor_chain, time_us);
    struct tn_facts_anchor_chain *facts = &command.facts.anchor_chain_facts;

    make_id(facts->chain, 'k', 100 + harness->chains);
    witness_id(facts->owner, witness);
    facts->length = HARNESS_CHAIN_LENGTH;
    facts->first_day = first_day;
    new_chain(harness, witness, first_day, facts->anchor);
    return harness_decide(harness, &command);
}

enum tn_refusal do_replace_chain(struct harness *harness, uint32_t witness, uint64_t first_day,
                                 uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_replace_chain, time_us);
    struct tn_facts_replace_chain *facts = &command.facts.replace_chain_facts;
    struct harness before = *harness;
    enum tn_refusal refusal;

    make_id(facts->chain, 'k', 100 + harness->chains);
    witness_id(facts->owner, witness);
    facts->length = HARNESS_CHAIN_LENGTH;
    facts->first_day = first_day;
    facts->approvers = approvers();
    facts->reason = tn_bytes_from_string("lost");
    /* What is due before it still needs the old chain. */
    harness_advance(harness, time_us);
    new_chain(harness, witness, first_day, facts->anchor);
    refusal = harness_decide(harness, &command);
    if (refusal != TN_REFUSAL_NONE) {
        memcpy(harness->chain_tail, before.chain_tail, sizeof(before.chain_tail));
        memcpy(harness->witness_tails, before.witness_tails, sizeof(before.witness_tails));
        memcpy(harness->witness_first_days, before.witness_first_days,
               sizeof(before.witness_first_days));
        harness->chain_first_day = before.chain_first_day;
    }
    return refusal;
}

void harness_witness_secret(struct harness *harness, uint32_t witness, uint64_t day,
                            uint8_t secret[static TN_HASH_SIZE])
{
    uint64_t index = day - harness->witness_first_days[witness - 1] + 1;

    memset(secret, 0, TN_HASH_SIZE);
    if (index <= HARNESS_CHAIN_LENGTH) { /* else it has none for that day */
        assert_int_equal(tn_draw_chain_secret(harness->witness_tails[witness - 1],
                                              HARNESS_CHAIN_LENGTH, (uint32_t) index, secret),
                         TN_OK);
    }
}

enum tn_refusal do_reveal_this(struct harness *harness, uint32_t witness, uint64_t day,
                               const uint8_t secret[static TN_HASH_SIZE], uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_reveal_witness, time_us);
    struct tn_facts_reveal_witness *facts = &command.facts.reveal_witness_facts;

    facts->day = day;
    witness_id(facts->witness, witness);
    memcpy(facts->secret, secret, TN_HASH_SIZE);
    return harness_decide(harness, &command);
}

enum tn_refusal do_reveal(struct harness *harness, uint32_t witness, uint64_t day, uint64_t time_us)
{
    uint8_t secret[TN_HASH_SIZE];

    harness_witness_secret(harness, witness, day, secret);
    return do_reveal_this(harness, witness, day, secret, time_us);
}

enum tn_refusal do_beacon(struct harness *harness, uint64_t day, enum tn_policy_beacon type,
                          struct tn_bytes record, const char *again, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_record_beacon, time_us);
    struct tn_facts_record_beacon *facts = &command.facts.record_beacon_facts;

    facts->day = day;
    facts->type = type;
    facts->record = record;
    if (type == TN_BEACON_MANUAL) {
        facts->again = again ? tn_bytes_from_string(again) : record;
        facts->approvers = approvers();
    }
    return harness_decide(harness, &command);
}

enum tn_refusal do_reveal_operator(struct harness *harness, uint64_t day, uint64_t time_us)
{
    struct tn_command command = command_by_operator(TN_COMMAND_reveal_secret, time_us);

    command.facts.reveal_secret_facts.day = day;
    assert_int_equal(tn_draw_chain_secret(harness->chain_tail, HARNESS_CHAIN_LENGTH,
                                          (uint32_t) (day - harness->chain_first_day + 1),
                                          command.facts.reveal_secret_facts.secret),
                     TN_OK);
    return harness_decide(harness, &command);
}
