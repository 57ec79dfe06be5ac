/* A chain of draw secrets as `turno drawd --create` prints it: {"chain": id, "owner": id of a
 * witness or left out, "length": days, "anchor": 32 bytes as hex, "first_day": date}. Pure. */
#ifndef TN_API_ADMIN_CHAIN_READ_H
#define TN_API_ADMIN_CHAIN_READ_H

#include "api/http/json.h"
#include "ledger/event/facts.h"

/* TN_INVALID with a sentence when it is not such an object. */
TN_MUST_USE enum tn_status tn_chain_read_value(const struct tn_json_value *value,
                                               struct tn_facts_anchor_chain *chain,
                                               struct tn_error *error);
/* The same from its text. */
TN_MUST_USE enum tn_status tn_chain_read_json(struct tn_bytes text,
                                              struct tn_facts_anchor_chain *chain,
                                              struct tn_error *error);

#endif
