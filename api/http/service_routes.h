/* The one table of routes (DESIGN, HTTP). The server and /openapi.json are both made of it. Private
 * to api/http.
 *
 * R(method, pattern, access, largest body, handler, summary, members)
 *
 * Members: a line of "name:type" with `?` behind what may be left out; types are those of
 * service_openapi.c. Of the body with POST, of the query with GET, of either with DELETE. Empty:
 * none. */
#ifndef TN_API_HTTP_SERVICE_ROUTES_H
#define TN_API_HTTP_SERVICE_ROUTES_H

#include "api/http/router.h"

#define TN_SERVICE_SMALL_BODY 4096u

#define TN_SERVICE_ROUTES(R)                                                                       \
    R(POST, "/v1/registrations", APPLICANT, 0, tn_on_register,                                     \
      "Register a person or a group; the token is shown once: whoever sends no Idempotency-Key "   \
      "and loses the answer has lost the registration",                                            \
      "members:people destination:text? contact:text? language:text?")                             \
    R(GET, "/v1/registrations/{registration}", OWNER, 0, tn_on_registration,                       \
      "The state of one's registration", "")                                                       \
    R(GET, "/v1/registrations/{registration}/history", OWNER, 0, tn_on_history,                    \
      "One's own events, paged by after and limit", "after:number? limit:page?")                   \
    R(GET, "/v1/registrations/{registration}/accesses", OWNER, 0, tn_on_accesses,                  \
      "Who validated (an organisation; the domain of their address where none was named), when "   \
      "and what for",                                                                              \
      "after:number? limit:page?")                                                                 \
    R(GET, "/v1/registrations/{registration}/proofs", OWNER, 0, tn_on_proofs,                      \
      "Proofs of one's own events for offline use (.tlog-proof, with what opens one's own data)",  \
      "after:number? limit:proofs?")                                                               \
    R(POST, "/v1/registrations/{registration}/members", OWNER, 0, tn_on_add_member,                \
      "Add a person to the group",                                                                 \
      "given_names:text family_names:text date_of_birth:date nationality:text document:text?")     \
    R(DELETE, "/v1/registrations/{registration}/members/{member}", OWNER, TN_SERVICE_SMALL_BODY,   \
      tn_on_remove_member, "Remove a member, by an adult's own act (by: in query or body)",        \
      "by:id?")                                                                                    \
    R(POST, "/v1/registrations/{registration}/withdraw", OWNER, TN_SERVICE_SMALL_BODY,             \
      tn_on_withdraw, "Withdraw the registration", "")                                             \
    R(POST, "/v1/registrations/{registration}/restore", OWNER, TN_SERVICE_SMALL_BODY,              \
      tn_on_restore, "Restore a withdrawn registration with its seniority", "")                    \
    R(POST, "/v1/registrations/{registration}/merge", OWNER, TN_SERVICE_SMALL_BODY, tn_on_merge,   \
      "Take another registration into this one", "other:id other_token:text")                      \
    R(POST, "/v1/registrations/{registration}/requests", OWNER, TN_SERVICE_SMALL_BODY,             \
      tn_on_request, "Ask for an appointment on the open day",                                     \
      "ports:ports location:location? nationality:text?")                                          \
    R(DELETE, "/v1/registrations/{registration}/requests/{day}", OWNER, TN_SERVICE_SMALL_BODY,     \
      tn_on_withdraw_request, "Withdraw the request of a day", "")                                 \
    R(POST, "/v1/registrations/{registration}/offers/{offer}/accept", OWNER,                       \
      TN_SERVICE_SMALL_BODY, tn_on_accept,                                                         \
      "Accept an offer; asking again answers the same number, with no Idempotency-Key or the "     \
      "same",                                                                                      \
      "")                                                                                          \
    R(POST, "/v1/registrations/{registration}/offers/{offer}/decline", OWNER,                      \
      TN_SERVICE_SMALL_BODY, tn_on_decline, "Decline an offer", "")                                \
    R(POST, "/v1/registrations/{registration}/cancel", OWNER, TN_SERVICE_SMALL_BODY, tn_on_cancel, \
      "Cancel the appointment", "")                                                                \
    R(POST, "/v1/validations", OFFICER, TN_SERVICE_SMALL_BODY, tn_on_validate,                     \
      "Do this number and date of birth have an appointment?",                                     \
      "confirmation_number:text date_of_birth:date purpose:purpose")                               \
    R(POST, "/v1/port-days/{port}/{day}/arrivals", PORT_OFFICER, TN_SERVICE_SMALL_BODY,            \
      tn_on_arrival, "A group presented itself or was turned away",                                \
      "confirmation_number:text date_of_birth:date outcome:outcome rule:number?")                  \
    R(POST, "/v1/port-days/{port}/{day}/close", PORT_OFFICER, TN_SERVICE_SMALL_BODY,               \
      tn_on_close_port_day, "Record who did not come, after the day's end", "")                    \
    R(GET, "/v1/policy", PUBLIC, 0, tn_on_policy, "The policy in force, or by version",            \
      "version:number?")                                                                           \
    R(GET, "/v1/ports", PUBLIC, 0, tn_on_ports, "The ports of entry", "")                          \
    R(GET, "/v1/days/{day}", PUBLIC, 0, tn_on_day, "A day: window, pool, draw, counts", "")        \
    R(GET, "/v1/days/{day}/draw", PUBLIC, 0, tn_on_draw, "The public transcript of a draw", "")    \
    R(GET, "/v1/events", AUDITOR, 0, tn_on_events,                                                 \
      "Events up to the published size: from the index after on (it is included), at most limit, " \
      "by kind or stream",                                                                         \
      "after:number? limit:page? kind:text? stream:id?")                                           \
    R(GET, "/log/checkpoint", PUBLIC, 0, tn_on_checkpoint, "The newest signed checkpoint", "")     \
    R(GET, "/log/cosigned-checkpoint", PUBLIC, 0, tn_on_cosigned,                                  \
      "The newest checkpoint that enough witnesses have cosigned", "")                             \
    R(GET, "/log/tile/entries/{path...}", AUDITOR, 0, tn_on_bundle, "An entry bundle", "")         \
    R(GET, "/log/tile/{path...}", PUBLIC, 0, tn_on_tile, "A tile of hashes", "")                   \
    R(GET, "/healthz", PUBLIC, 0, tn_on_healthz, "The process answers", "")                        \
    R(GET, "/readyz", PUBLIC, 0, tn_on_readyz, "Commands are taken", "")                           \
    R(GET, "/metrics", OPERATOR, 0, tn_on_metrics, "Counters for Prometheus", "")                  \
    R(GET, "/openapi.json", PUBLIC, 0, tn_on_openapi, "This description", "")                      \
    R(POST, "/admin/{command}", LOCAL, 1048576u, tn_on_admin,                                      \
      "An administrative command, over the Unix socket only", "command:object")

#endif
