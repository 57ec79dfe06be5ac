/* What binds a draw: chains, reveals of witnesses, beacons. */
#include <string.h>

#include "api/admin/admin_internal.h"
#include "api/admin/chain_read.h"
#include "api/http/json_read.h"
#include "ledger/base/check.h"
#include "ledger/beacon/beacon.h"
#include "ledger/rules/policy.h"

#define ARRAY TN_JSON_MAY(TN_JSON_ARRAY)
#define BOOLEAN TN_JSON_MAY(TN_JSON_BOOL)
#define OBJECT TN_JSON_MAY(TN_JSON_OBJECT)
#define STRING TN_JSON_MAY(TN_JSON_STRING)

static bool read_hash(const struct tn_json_value *value, uint8_t *hash)
{
    return tn_hex_decode(value->as.string, hash, TN_HASH_SIZE) == TN_OK;
}

enum tn_status tn_admin_anchor_chain(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {{"chain", OBJECT, true},
                                                {"dry_run", BOOLEAN, false}};
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    enum tn_status status =
        tn_json_object_read(admin->body, rules, TN_ARRAY_SIZE(rules), members, NULL, admin->error);

    if (status == TN_OK) {
        status = tn_chain_read_value(
            members[0], &admin->command.request.command.facts.anchor_chain_facts, admin->error);
    }
    return status == TN_OK ? tn_admin_submit(admin, TN_COMMAND_anchor_chain,
                                             members[1] && members[1]->as.boolean, NULL)
                           : status;
}

enum tn_status tn_admin_replace_chain(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {
        {"chain", OBJECT, true},
        {"approvers", ARRAY, true},
        {"reason", STRING, true},
        {"dry_run", BOOLEAN, false},
    };
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    struct tn_facts_replace_chain *facts =
        &admin->command.request.command.facts.replace_chain_facts;
    struct tn_facts_anchor_chain chain = {0};
    enum tn_status status =
        tn_json_object_read(admin->body, rules, TN_ARRAY_SIZE(rules), members, NULL, admin->error);

    if (status == TN_OK) {
        status = tn_chain_read_value(members[0], &chain, admin->error);
    }
    if (status == TN_OK) {
        status =
            tn_admin_approval(admin, members[1], members[2], &facts->approvers, &facts->reason);
    }
    if (status != TN_OK) {
        return status;
    }
    memcpy(facts->chain, chain.chain, TN_ID_SIZE);
    memcpy(facts->owner, chain.owner, TN_ID_SIZE);
    memcpy(facts->anchor, chain.anchor, TN_HASH_SIZE);
    facts->length = chain.length;
    facts->first_day = chain.first_day;
    return tn_admin_submit(admin, TN_COMMAND_replace_chain, members[3] && members[3]->as.boolean,
                           NULL);
}

enum tn_status tn_admin_reveal_witness(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {
        {"day", STRING, true}, {"witness", STRING, true}, {"secret", STRING, true}};
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    struct tn_facts_reveal_witness *facts =
        &admin->command.request.command.facts.reveal_witness_facts;
    enum tn_status status =
        tn_json_object_read(admin->body, rules, TN_ARRAY_SIZE(rules), members, NULL, admin->error);

    if (status == TN_OK &&
        (!tn_json_read_date(members[0], &facts->day) ||
         !tn_json_read_id(members[1], facts->witness) || !read_hash(members[2], facts->secret))) {
        status = tn_fail(admin->error, TN_INVALID,
                         "\"day\" is a date, \"witness\" an id of 32 hexadecimal digits, "
                         "\"secret\" one of 64");
    }
    return status == TN_OK ? tn_admin_submit(admin, TN_COMMAND_reveal_witness, false, NULL)
                           : status;
}

/* Why a record would be refused, in more words than a refusal has. */
static enum tn_status look_at_record(struct tn_admin *admin,
                                     const struct tn_facts_record_beacon *facts)
{
    struct tn_beacon_round round;

    if (facts->record.size > TN_BEACON_RECORD_MAX || facts->again.size > TN_BEACON_RECORD_MAX) {
        return tn_fail(admin->error, TN_INVALID, "a record of more than %zu bytes",
                       TN_BEACON_RECORD_MAX);
    }
    return facts->type == TN_BEACON_DRAND
               ? tn_beacon_read_drand(facts->record, &round, admin->error)
               : TN_OK;
}

enum tn_status tn_admin_record_beacon(struct tn_admin *admin)
{
    static const char *const types[] = {"none", "drand", "nist", "manual", NULL};
    static const struct tn_json_rule rules[] = {
        {"day", STRING, true},    {"type", STRING, true},      {"record", STRING, true},
        {"again", STRING, false}, {"approvers", ARRAY, false},
    };
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    struct tn_facts_record_beacon *facts =
        &admin->command.request.command.facts.record_beacon_facts;
    struct tn_bytes reason;
    struct tn_json_value named = {.type = TN_JSON_STRING, .as.string = tn_bytes("beacon", 6)};
    enum tn_status status =
        tn_json_object_read(admin->body, rules, TN_ARRAY_SIZE(rules), members, NULL, admin->error);

    if (status != TN_OK) {
        return status;
    }
    facts->type = tn_json_read_name(members[1], types);
    if (!tn_json_read_date(members[0], &facts->day) || facts->type == TN_BEACON_NONE ||
        !types[facts->type]) {
        return tn_fail(admin->error, TN_INVALID,
                       "\"day\" is a date, \"type\" is drand, nist or manual");
    }
    facts->record = members[2]->as.string;
    facts->again = members[3] ? members[3]->as.string : (struct tn_bytes){0};
    if (members[4]) {
        status = tn_admin_approval(admin, members[4], &named, &facts->approvers, &reason);
    }
    if (status == TN_OK) {
        status = look_at_record(admin, facts);
    }
    return status == TN_OK ? tn_admin_submit(admin, TN_COMMAND_record_beacon, false, NULL) : status;
}
