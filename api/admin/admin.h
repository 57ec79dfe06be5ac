/* Administrative commands: each is events by the operator, or a look at the ledger. The server
 * answers them on its Unix socket; without a server the program calls them on a ledger it has
 * opened.
 *
 * A command takes one JSON object and answers one:
 *
 *   officer-add      {"email", "role", "organisation"?, "port"?}
 *                    -> {"officer", "token", "index"}: the token is shown once
 *   officer-suspend  {"officer", "reason"}
 *   policy-publish   {"policy", "approvers", "reason", "dry_run"?}
 *   capacity         {"capacity": {"date", "ports": [{"port", "slots": [{"time", "seats"}]}]},
 *                     "approvers", "reason", "dry_run"?}
 *   suspend-port     {"port", "honour_before", "approvers", "reason", "dry_run"?}
 *   resume-port      {"port", "approvers", "reason", "dry_run"?}
 *   reallocate       {"moves": [{"port", "date", "time", "to_port", "to_date", "to_time",
 *                     "seats"}], "approvers", "reason", "dry_run"?}
 *   resume           {"extend"}
 *   advance          {"seconds"} or {"to": instant}: a served simulation's clock
 *   rebuild          {"projection"?, "swap_different"?}: TN_BUSY while another runs, TN_UNAVAILABLE
 *                    when the server drains meanwhile
 *   anchor-chain     {"chain": {"chain", "owner"?, "length", "anchor", "first_day"}, "dry_run"?}
 *   replace-chain    {"chain": {the same}, "approvers", "reason", "dry_run"?}
 *   reveal-witness   {"day", "witness", "secret"}
 *   record-beacon    {"day", "type", "record", "again"?, "approvers"?}
 *   status           {}
 *
 * The rest answer {"index"}, or with dry_run {"dry_run": true, "events", "kinds": {kind: events}}.
 * Dates are "YYYY-MM-DD", times "HH:MM" at the port, approvers hexadecimal ids, reasons codes in
 * printable ASCII. An organisation is a short printable code (at most 16 bytes) or 32 hexadecimal
 * digits; where none is named it is the domain of the officer's address, its first 16 characters.
 */
#ifndef TN_API_ADMIN_ADMIN_H
#define TN_API_ADMIN_ADMIN_H

#include "api/desk/ledger.h"

/* Any thread but the desk's; blocks until it is durable. The ledger is open with its desk. `reply`
 * is reset; it may hold a token: close it as a secret. TN_NOT_FOUND  no such command TN_INVALID not
 * the body described above TN_REFUSED    a rule refused; the reply is {"refusal": code, "text",
 * "index"} and what the desk and the engine answer. */
TN_MUST_USE enum tn_status tn_admin_run(struct tn_ledger *ledger, struct tn_bytes command,
                                        struct tn_bytes json, struct tn_buffer *reply,
                                        struct tn_error *error);

/* An organisation's id as a person reads it: its code, or hexadecimal digits. With its final zero.
 */
#define TN_ORGANISATION_TEXT_SIZE (2 * TN_ID_SIZE + 1)
void tn_organisation_format(const uint8_t id[static TN_ID_SIZE],
                            char out[static TN_ORGANISATION_TEXT_SIZE]);
TN_MUST_USE enum tn_status tn_organisation_parse(struct tn_bytes text,
                                                 uint8_t id[static TN_ID_SIZE]);

#endif
