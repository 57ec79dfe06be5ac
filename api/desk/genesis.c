/* The making of a ledger: keys, then the first events, by the desk like all others. */
#include <stdlib.h>
#include <string.h>

#include "api/desk/ledger.h"
#include "ledger/base/clock.h"
#include "ledger/rules/draw.h"

#define ORIGIN_DEFAULT "localhost/turno"

struct making {
    struct tn_store *store;
    struct tn_log *log;
    struct tn_engine *engine;
    struct tn_keys *keys;
    struct tn_vault vault;
    struct tn_signer signer;
    struct tn_signer cosigner;
    struct tn_desk *desk;
    struct tn_random random;
    uint64_t now_us;
    uint8_t approvers[2][TN_ID_SIZE];
};

static enum tn_status run(struct making *making, struct tn_desk_request *request,
                          struct tn_error *error)
{
    enum tn_status status;

    request->command.actor.role = TN_ROLE_OPERATOR;
    request->command.time_us = making->now_us;
    tn_random_fill(&making->random, request->command.id, TN_ID_SIZE);
    status = tn_desk_call(making->desk, request);
    tn_buffer_close(&request->entries);
    if (status == TN_REFUSED) {
        return tn_fail(error, status, "genesis was refused: %s", tn_refusal_name(request->refusal));
    }
    return status == TN_OK ? TN_OK : tn_fail(error, status, "genesis could not be written");
}

static enum tn_status create_ledger(struct making *making, const struct tn_genesis *genesis,
                                    struct tn_bytes origin, struct tn_error *error)
{
    struct tn_desk_request request = {.command.kind = TN_COMMAND_create_ledger};
    struct tn_facts_create_ledger *facts = &request.command.facts.create_ledger_facts;

    facts->origin = origin;
    facts->simulated = genesis->simulated ? 1 : 0;
    tn_random_fill(&making->random, facts->gid_key, TN_HASH_SIZE);
    memcpy(facts->log_key, making->signer.verifier.public_key, TN_HASH_SIZE);
    memcpy(facts->cosigner_key, making->cosigner.verifier.public_key, TN_HASH_SIZE);
    return run(making, &request, error);
}

static enum tn_status enrol_approvers(struct making *making, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < 2; i++) {
        struct tn_desk_request request = {.command.kind = TN_COMMAND_enrol_officer};
        struct tn_facts_enrol_officer *facts = &request.command.facts.enrol_officer_facts;

        tn_random_fill(&making->random, making->approvers[i], TN_ID_SIZE);
        memcpy(facts->officer, making->approvers[i], TN_ID_SIZE);
        facts->role = TN_ROLE_POLICY_OWNER;
        status = run(making, &request, error);
    }
    return status;
}

static enum tn_status publish_policy(struct making *making, const struct tn_policy *policy,
                                     struct tn_error *error)
{
    struct tn_desk_request request = {.command.kind = TN_COMMAND_publish_policy};
    struct tn_facts_publish_policy *facts = &request.command.facts.publish_policy_facts;
    struct tn_buffer document;
    enum tn_status status;

    tn_buffer_init(&document, TN_POLICY_BYTES_MAX);
    status = tn_policy_encode(policy, &document, error);
    facts->policy = policy->version;
    facts->effective_us = policy->effective_us;
    facts->document = tn_buffer_view(&document);
    facts->approvers.items = (const uint8_t(*)[TN_ID_SIZE]) making->approvers;
    facts->approvers.count = 2;
    facts->reason = tn_bytes_from_string("genesis");
    if (status == TN_OK) {
        status = run(making, &request, error);
    }
    tn_buffer_close(&document);
    return status;
}

static enum tn_status anchor_chain(struct making *making, const struct tn_policy *policy,
                                   const struct tn_facts_anchor_chain *held, struct tn_error *error)
{
    struct tn_desk_request request = {.command.kind = TN_COMMAND_anchor_chain};
    struct tn_facts_anchor_chain *facts = &request.command.facts.anchor_chain_facts;
    uint64_t today;
    enum tn_status status = tn_ledger_today(policy, making->now_us, &today, error);

    tn_random_fill(&making->random, facts->chain, TN_ID_SIZE);
    facts->length = tn_keys_chain_length(making->keys);
    tn_draw_chain_anchor(tn_keys_get(making->keys, TN_KEY_CHAIN_TAIL), (uint32_t) facts->length,
                         facts->anchor);
    facts->first_day = today - 1; /* a window that opened yesterday may be open now */
    if (held) {
        *facts = *held;
    }
    return status == TN_OK ? run(making, &request, error) : status;
}

static enum tn_status open_parts(struct making *making, const char *directory,
                                 const struct tn_genesis *genesis, struct tn_bytes origin,
                                 struct tn_error *error)
{
    struct tn_store_options store = {.mode = TN_STORE_WRITER, .create = true};
    struct tn_keys_options keys = {
        .root_key_path = genesis->root_key_path,
        .allow_unlocked = genesis->allow_unlocked || genesis->simulated,
        .simulated = genesis->simulated,
    };
    struct tn_desk_options desk = {.clock = TN_CLOCK_MANUAL, .vault = &making->vault};
    bool exists = false;
    enum tn_status status = tn_store_look(directory, &exists, error);

    if (status == TN_OK && exists) {
        status = tn_fail(error, TN_EXISTS, "%s holds a ledger already", directory);
    }
    if (status != TN_OK) {
        return status;
    }
    /* Keys first: where they are refused, such as beside a root key that is another ledger's,
     * nothing is left behind. */
    status = tn_keys_create(directory, &making->random, &keys, &making->keys, error);
    if (status == TN_OK) {
        status = tn_store_open(directory, &store, &making->store, error);
        if (status != TN_OK && tn_store_look(directory, &exists, NULL) == TN_OK && !exists) {
            tn_keys_remove(directory, &keys);
        }
    }
    if (status == TN_OK) {
        status = tn_vault_open(&making->vault, making->store, making->keys, error);
    }
    if (status == TN_OK) {
        status = tn_log_open(making->store, &making->log, error);
    }
    if (status == TN_OK) {
        status = tn_signer_init(&making->signer, origin, TN_KEY_ED25519,
                                tn_keys_get(making->keys, TN_KEY_LOG_SEED));
    }
    if (status == TN_OK) {
        status = tn_signer_init(&making->cosigner, origin, TN_KEY_COSIGNATURE,
                                tn_keys_get(making->keys, TN_KEY_COSIGNATURE_SEED));
    }
    if (status == TN_OK) {
        status = tn_engine_open(making->store, making->log, NULL, 0, &making->engine, error);
    }
    desk.store = making->store;
    desk.log = making->log;
    desk.engine = making->engine;
    return status == TN_OK ? tn_desk_open(&desk, &making->desk, error) : status;
}

static void close_parts(struct making *making)
{
    tn_desk_close(making->desk);
    if (making->engine) {
        tn_engine_close(making->engine);
    }
    if (making->log) {
        tn_log_close(making->log);
    }
    tn_signer_close(&making->signer);
    tn_signer_close(&making->cosigner);
    tn_keys_close(making->keys);
    if (making->store) {
        tn_store_close(making->store);
    }
}

enum tn_status tn_ledger_create(const char *directory, const struct tn_genesis *genesis,
                                struct tn_error *error)
{
    struct tn_bytes origin =
        tn_bytes_from_string(genesis->origin ? genesis->origin : ORIGIN_DEFAULT);
    struct making making = {
        .now_us = genesis->created_us > 0 ? genesis->created_us : tn_clock_wall_us(),
    };
    enum tn_status status;

    if (!tn_origin_valid(origin)) {
        return tn_fail(error, TN_INVALID,
                       "an origin is a URL without scheme and final slash, without spaces and "
                       "plus signs, such as example.org/turno");
    }
    if (genesis->simulated) {
        tn_random_init_seeded(&making.random, genesis->seed, "genesis", 0);
    } else {
        tn_random_init_system(&making.random);
    }
    status = open_parts(&making, directory, genesis, origin, error);
    if (status == TN_OK) {
        status = create_ledger(&making, genesis, origin, error);
    }
    if (status == TN_OK) {
        status = enrol_approvers(&making, error);
    }
    if (status == TN_OK) {
        status = publish_policy(&making, genesis->policy, error);
    }
    if (status == TN_OK) {
        status = anchor_chain(&making, genesis->policy, genesis->chain, error);
    }
    if (status == TN_OK) {
        status = tn_log_publish_timed(making.log, &making.signer, &making.cosigner,
                                      making.now_us / 1000000, error);
    }
    close_parts(&making);
    return status;
}
