/* A chain from its JSON form. */
#include "api/admin/chain_read.h"

#include <string.h>

#include "api/http/json_read.h"
#include "ledger/base/check.h"

#define STRING TN_JSON_MAY(TN_JSON_STRING)
#define UINT TN_JSON_MAY(TN_JSON_UINT)
#define CHAIN_LENGTH_MAX 65536u

enum tn_status tn_chain_read_value(const struct tn_json_value *value,
                                   struct tn_facts_anchor_chain *chain, struct tn_error *error)
{
    static const struct tn_json_rule rules[] = {
        {"chain", STRING, true},  {"owner", STRING, false},    {"length", UINT, true},
        {"anchor", STRING, true}, {"first_day", STRING, true},
    };
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    enum tn_status status =
        tn_json_object_read(value, rules, TN_ARRAY_SIZE(rules), members, NULL, error);

    memset(chain, 0, sizeof(*chain));
    if (status != TN_OK) {
        return status;
    }
    if (!tn_json_read_id(members[0], chain->chain) ||
        (members[1] && !tn_json_read_id(members[1], chain->owner)) ||
        !tn_json_read_uint(members[2], CHAIN_LENGTH_MAX, &chain->length) ||
        tn_hex_decode(members[3]->as.string, chain->anchor, TN_HASH_SIZE) != TN_OK ||
        !tn_json_read_date(members[4], &chain->first_day)) {
        memset(chain, 0, sizeof(*chain));
        return tn_fail(error, TN_INVALID,
                       "a chain is {\"chain\": id, \"owner\": id of a witness or left out, "
                       "\"length\": days, \"anchor\": 32 bytes as hex, \"first_day\": date}");
    }
    return TN_OK;
}

enum tn_status tn_chain_read_json(struct tn_bytes text, struct tn_facts_anchor_chain *chain,
                                  struct tn_error *error)
{
    struct tn_json_parser *parser = tn_json_parser_create();
    const struct tn_json_value *root = NULL;
    struct tn_arena arena;
    enum tn_status status;

    memset(chain, 0, sizeof(*chain));
    tn_arena_init(&arena, (size_t) 1 << 20);
    status = parser ? tn_json_parse(parser, text, NULL, &arena, &root, error)
                    : tn_fail(error, TN_MEMORY, "no memory to read a chain");
    if (status == TN_OK) {
        status = tn_chain_read_value(root, chain, error);
    }
    tn_arena_close(&arena);
    tn_json_parser_destroy(parser);
    return status == TN_FULL || status == TN_MEMORY ? TN_INVALID : status;
}
