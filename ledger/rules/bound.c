/* Rules of a draw's sources. */
#include "ledger/rules/bound.h"

#include <string.h>

#include "ledger/base/civil.h"
#include "ledger/beacon/beacon.h"

#define DATE_MAX 2932896u /* 9999-12-31 */
/* No place on earth has its midnight earlier than this before that of UTC. */
#define EARLIEST_MIDNIGHT_US (14 * TN_HOUR_US)

static bool may_reveal(const struct tn_command *command)
{
    return command->actor.role == TN_ROLE_DRAW_OPERATOR || command->actor.role == TN_ROLE_OPERATOR;
}

/* ---- what a day waits for ---- */

void tn_day_waits(const struct tn_day_row *day, struct tn_day_waits *waits)
{
    *waits = (struct tn_day_waits){0};
    for (size_t i = 0; i < day->witnesses.count; i++) {
        waits->witnesses += day->witnesses.items[i].state == TN_WITNESS_AWAITED ? 1 : 0;
        waits->revealed += day->witnesses.items[i].state == TN_WITNESS_REVEALED ? 1 : 0;
    }
    waits->beacon = day->beacon != TN_BEACON_NONE && day->raw.size == 0;
    waits->missable = day->beacon != TN_BEACON_NONE || waits->revealed > 0;
}

bool tn_day_is_gathered(const struct tn_day_row *day)
{
    struct tn_day_waits waits;

    tn_day_waits(day, &waits);
    return waits.witnesses == 0 && !waits.beacon;
}

size_t tn_day_witness_find(const struct tn_day_row *day, const uint8_t id[static TN_ID_SIZE])
{
    size_t i = 0;

    while (i < day->witnesses.count &&
           memcmp(day->witnesses.items[i].witness, id, TN_ID_SIZE) != 0) {
        i++;
    }
    return i;
}

enum tn_status tn_day_draw_sources(const struct tn_day_row *day, struct tn_arena *arena,
                                   struct tn_draw_input *input)
{
    struct tn_draw_witness *witnesses =
        tn_arena_array(arena, day->witnesses.count, sizeof(*witnesses));

    if (!witnesses) {
        return TN_FULL;
    }
    input->mode = (uint8_t) day->mode;
    memcpy(input->secret, day->secret, TN_HASH_SIZE);
    input->witnesses = witnesses;
    input->witness_count = 0;
    for (size_t i = 0; i < day->witnesses.count; i++) {
        if (day->witnesses.items[i].state == TN_WITNESS_REVEALED) {
            memcpy(witnesses[input->witness_count].id, day->witnesses.items[i].witness, TN_ID_SIZE);
            memcpy(witnesses[input->witness_count++].secret, day->witnesses.items[i].secret,
                   TN_HASH_SIZE);
        }
    }
    input->beacon = (struct tn_draw_beacon){.type = (uint8_t) day->beacon, .raw = day->raw};
    if (day->beacon == TN_BEACON_DRAND || day->beacon == TN_BEACON_NIST) {
        input->beacon.round = day->round;
    }
    if (day->beacon == TN_BEACON_DRAND) {
        memcpy(input->beacon.chain_hash, tn_beacon_quicknet, TN_HASH_SIZE);
    }
    return TN_OK;
}

uint64_t tn_day_beacon_us(const struct tn_policy *policy, uint64_t closed_us)
{
    return closed_us + policy->draw.beacon_delay_us;
}

/* ---- chains ---- */

static bool chain_fits(uint64_t length, uint64_t first_day)
{
    return length > 0 && length <= DATE_MAX && first_day > 0 && first_day <= DATE_MAX;
}

enum tn_status tn_rule_anchor_chain(const struct tn_queue_row *queue,
                                    const struct tn_chain_row *chain,
                                    const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_anchor_chain *facts = &command->facts.anchor_chain_facts;
    bool exists = tn_is_zero(facts->owner, TN_ID_SIZE) ? queue->chain_length > 0 : chain != NULL;

    if (command->actor.role != TN_ROLE_OPERATOR || !chain_fits(facts->length, facts->first_day)) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_not_allowed);
    }
    /* One chain an owner; a second one would let it choose between two secrets. */
    if (exists) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_chain_exists);
    }
    tn_verdict_add(verdict, TN_KIND_chain_anchored)->body.chain_anchored.facts = *facts;
    return TN_OK;
}

/* Does a closed day still need a secret of this owner's chain? */
static bool still_needs(const struct tn_day_row *day, const uint8_t *owner)
{
    size_t at;

    if (day->state != TN_DAY_CLOSED) {
        return false;
    }
    if (tn_is_zero(owner, TN_ID_SIZE)) {
        return true;
    }
    at = tn_day_witness_find(day, owner);
    return at < day->witnesses.count && day->witnesses.items[at].state == TN_WITNESS_AWAITED;
}

static enum tn_refusal check_replacement(const struct tn_queue_row *queue,
                                         const struct tn_chain_row *chain, bool approved,
                                         const struct tn_command *command)
{
    const struct tn_facts_replace_chain *facts = &command->facts.replace_chain_facts;
    bool operators = tn_is_zero(facts->owner, TN_ID_SIZE);

    if (command->actor.role != TN_ROLE_OPERATOR || !chain_fits(facts->length, facts->first_day) ||
        facts->reason.size == 0) {
        return TN_REFUSAL_not_allowed;
    }
    if (!approved) {
        return TN_REFUSAL_approvers_missing;
    }
    if (operators ? queue->chain_length == 0 : chain == NULL) {
        return TN_REFUSAL_chain_unknown;
    }
    /* Whatever the zone, the window of `first_day` opens at least the notice later. */
    if (facts->first_day * TN_DAY_US <
            command->time_us + TN_CHAIN_NOTICE_DAYS * TN_DAY_US + EARLIEST_MIDNIGHT_US ||
        facts->first_day <= queue->last_day) {
        return TN_REFUSAL_chain_begins_too_soon;
    }
    return TN_REFUSAL_NONE;
}

enum tn_status tn_rule_replace_chain(const struct tn_queue_row *queue,
                                     const struct tn_chain_row *chain,
                                     const struct tn_day_row *undrawn, bool approved,
                                     const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_replace_chain *facts = &command->facts.replace_chain_facts;
    enum tn_refusal refusal = check_replacement(queue, chain, approved, command);

    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    tn_verdict_add(verdict, TN_KIND_chain_replaced)->body.chain_replaced.facts = *facts;
    if (undrawn && still_needs(undrawn, facts->owner)) {
        struct tn_day_voided *voided =
            &tn_verdict_add_caused(verdict, TN_KIND_day_voided, 0)->body.day_voided;

        voided->day = queue->undrawn_day;
        voided->reason = tn_bytes_from_string("chain_replaced");
    }
    return TN_OK;
}

void tn_rule_void_day(uint64_t day, struct tn_verdict *verdict)
{
    struct tn_day_voided *voided = &tn_verdict_add(verdict, TN_KIND_day_voided)->body.day_voided;

    voided->day = day;
    voided->reason = tn_bytes_from_string("chain_replaced");
}

/* ---- witnesses ---- */

static enum tn_refusal check_witness_time(const struct tn_day_row *day, uint64_t now_us)
{
    if (!day || day->state == TN_DAY_OPEN) {
        return TN_REFUSAL_reveal_too_early; /* it has not seen the root */
    }
    if (day->state != TN_DAY_CLOSED) {
        return TN_REFUSAL_reveal_too_late;
    }
    /* In time means t < deadline. */
    if (day->beacon != TN_BEACON_NONE && now_us >= day->closed_us + TN_BOUND_REVEAL_US) {
        return TN_REFUSAL_reveal_too_late;
    }
    return TN_REFUSAL_NONE;
}

enum tn_status tn_rule_reveal_witness(const struct tn_chain_row *chain,
                                      const struct tn_day_row *day,
                                      const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_reveal_witness *facts = &command->facts.reveal_witness_facts;
    enum tn_refusal refusal = may_reveal(command) ? check_witness_time(day, command->time_us)
                                                  : TN_REFUSAL_not_allowed;
    const struct tn_day_witness *witness = NULL;
    uint32_t index;

    if (day && refusal != TN_REFUSAL_not_allowed && refusal != TN_REFUSAL_reveal_too_early) {
        size_t at = tn_day_witness_find(day, facts->witness);

        witness = at < day->witnesses.count ? &day->witnesses.items[at] : NULL;
        /* Bound before the window's end, or the secret could have been chosen for the pool (R08):
         * the close itself may be late, but who is in is settled then. */
        if (!witness || !chain || chain->anchored_us >= day->closes_us) {
            refusal = TN_REFUSAL_witness_unknown;
        } else if (witness->state == TN_WITNESS_REVEALED) {
            refusal = TN_REFUSAL_witness_already_revealed;
        } else if (witness->state == TN_WITNESS_MISSED) {
            refusal = TN_REFUSAL_witness_counted_missed;
        }
    }
    if (refusal == TN_REFUSAL_NONE &&
        (tn_draw_chain_index((uint32_t) chain->first_day, (uint32_t) chain->length,
                             (uint32_t) facts->day, &index) != TN_OK ||
         tn_draw_chain_verify(chain->secret, (uint32_t) chain->revealed, facts->secret, index) !=
             TN_OK)) {
        refusal = TN_REFUSAL_secret_wrong;
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    tn_verdict_add(verdict, TN_KIND_witness_revealed)->body.witness_revealed.facts = *facts;
    return TN_OK;
}

void tn_rule_miss_witness(uint64_t day, const struct tn_day_witness *witness, uint64_t due_us,
                          struct tn_verdict *verdict)
{
    struct tn_witness_missed *missed =
        &tn_verdict_add(verdict, TN_KIND_witness_missed)->body.witness_missed;

    missed->day = day;
    memcpy(missed->witness, witness->witness, TN_ID_SIZE);
    missed->due_us = due_us;
}

/* ---- the beacon ---- */

/* The round in the record; TN_REFUSAL_beacon_wrong unless it is the one the rule fixed. */
static enum tn_refusal read_round(const struct tn_policy *policy, const struct tn_day_row *day,
                                  struct tn_bytes record, struct tn_beacon_round *round)
{
    uint64_t from_us = tn_day_beacon_us(policy, day->closed_us);
    bool good;

    if (day->beacon == TN_BEACON_DRAND) {
        good = tn_beacon_read_drand(record, round, NULL) == TN_OK && round->round == day->round;
    } else {
        /* The first pulse at or after the instant: the one before lies before it. */
        good = tn_beacon_read_nist(record, policy->draw.certificate, round, NULL) == TN_OK &&
               round->time_us >= from_us && round->time_us - from_us < round->period_us;
    }
    return good ? TN_REFUSAL_NONE : TN_REFUSAL_beacon_wrong;
}

static enum tn_refusal check_manual(bool approved, const struct tn_facts_record_beacon *facts)
{
    const struct tn_draw_beacon beacon = {.type = TN_DRAW_BEACON_MANUAL, .raw = facts->record};

    if (!approved) {
        return TN_REFUSAL_approvers_missing;
    }
    if (!tn_bytes_equal(facts->record, facts->again)) {
        return TN_REFUSAL_beacon_typed_differently;
    }
    return tn_draw_beacon_check(&beacon, NULL) == TN_OK ? TN_REFUSAL_NONE : TN_REFUSAL_beacon_wrong;
}

enum tn_status tn_rule_record_beacon(const struct tn_policy *policy, const struct tn_day_row *day,
                                     bool approved, const struct tn_command *command,
                                     struct tn_verdict *verdict)
{
    const struct tn_facts_record_beacon *facts = &command->facts.record_beacon_facts;
    enum tn_refusal refusal = TN_REFUSAL_NONE;
    struct tn_beacon_round round = {0};
    struct tn_beacon_recorded *recorded;
    uint8_t *raw;

    if (!may_reveal(command)) {
        refusal = TN_REFUSAL_not_allowed;
    } else if (!day || !policy || day->state != TN_DAY_CLOSED || day->beacon == TN_BEACON_NONE ||
               facts->type != day->beacon || day->raw.size > 0) {
        refusal = TN_REFUSAL_beacon_not_awaited;
    } else if (command->time_us < tn_day_beacon_us(policy, day->closed_us)) {
        refusal = TN_REFUSAL_beacon_too_early;
    } else if (day->beacon == TN_BEACON_MANUAL) {
        refusal = check_manual(approved, facts);
    } else {
        refusal = read_round(policy, day, facts->record, &round);
    }
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    recorded = &tn_verdict_add(verdict, TN_KIND_beacon_recorded)->body.beacon_recorded;
    recorded->facts = *facts;
    recorded->round = round.round;
    recorded->raw = facts->record;
    if (day->beacon != TN_BEACON_MANUAL) {
        raw = tn_arena_alloc(verdict->arena, round.raw_size);
        if (!raw) {
            return TN_FULL;
        }
        memcpy(raw, round.raw, round.raw_size);
        recorded->raw = tn_bytes(raw, round.raw_size);
    }
    return TN_OK;
}

/* ---- the operator ---- */

enum tn_status tn_rule_reveal_secret(const struct tn_queue_row *queue, const struct tn_day_row *day,
                                     const struct tn_command *command, struct tn_verdict *verdict,
                                     struct tn_error *error)
{
    const struct tn_facts_reveal_secret *facts = &command->facts.reveal_secret_facts;
    struct tn_draw_seeded *seeded;
    struct tn_draw_input input = {0};
    uint32_t index;
    enum tn_status status;

    if (!may_reveal(command)) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_not_allowed);
    }
    if (!day || facts->day != queue->undrawn_day || day->state != TN_DAY_CLOSED ||
        command->time_us < day->draw_us) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_no_draw_due);
    }
    if (!tn_day_is_gathered(day)) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_reveal_awaits_others);
    }
    if (tn_draw_chain_index((uint32_t) queue->first_day, (uint32_t) queue->chain_length,
                            (uint32_t) facts->day, &index) != TN_OK ||
        tn_draw_chain_verify(queue->secret, (uint32_t) queue->revealed, facts->secret, index) !=
            TN_OK) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_secret_wrong);
    }
    seeded = &tn_verdict_add(verdict, TN_KIND_draw_seeded)->body.draw_seeded;
    seeded->facts = *facts;
    seeded->day = facts->day;
    status = tn_day_draw_sources(day, verdict->arena, &input);
    if (status != TN_OK) {
        return status;
    }
    input.day = (uint32_t) facts->day;
    input.policy = (uint32_t) day->policy;
    memcpy(input.secret, facts->secret, TN_HASH_SIZE);
    return tn_draw_seed(&input, day->root, day->groups, verdict->arena, seeded->seed, error);
}
