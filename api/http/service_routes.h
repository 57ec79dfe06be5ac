/* The one table of routes (DESIGN, HTTP). The server and /openapi.json are both made of it. Private
 * to api/http.
 *
 * R(method, pattern, access, largest body, handler, summary, members, answer)
 *
 * Members and answer: a line of "name:type" with `?` behind what may be left out; types are those
 * of service_openapi.c, with `[]` behind for a list of them and `|null` for what may be null. A
 * line without a colon is one type as a whole. Members: of the body with POST, of the query with
 * GET, of either with DELETE; empty: none. The answer is JSON, or a media type stands there. */
#ifndef TN_API_HTTP_SERVICE_ROUTES_H
#define TN_API_HTTP_SERVICE_ROUTES_H

#include "api/http/router.h"

#define TN_SERVICE_SMALL_BODY 4096u

/* Of every write but a validation, whose answer has one length. */
#define TN_SERVICE_WRITTEN "index:index receipt:receipt "

#define TN_SERVICE_ROUTES(R)                                                                       \
    R(POST, "/v1/registrations", APPLICANT, 0, tn_on_register,                                     \
      "Register a person or a group; the token is shown once: whoever sends no Idempotency-Key "   \
      "and loses the answer has lost the registration",                                            \
      "members:people destination:text? contact:text? language:text?",                             \
      TN_SERVICE_WRITTEN "registration:id token:token members:NewMember[]")                        \
    R(GET, "/v1/registrations/{registration}", OWNER, 0, tn_on_registration,                       \
      "The state of one's registration", "",                                                       \
      "registration:id state:text created_day:date registered_day:date merged_into:id? "           \
      "members:Member[] requests:Request[] offer:Offer|null appointment:Appointment|null")         \
    R(GET, "/v1/registrations/{registration}/history", OWNER, 0, tn_on_history,                    \
      "One's own events, paged by after and limit", "after:number? limit:page?",                   \
      "events:Event[] next:number|null")                                                           \
    R(GET, "/v1/registrations/{registration}/accesses", OWNER, 0, tn_on_accesses,                  \
      "Who validated (an organisation; the domain of their address where none was named), when "   \
      "and what for",                                                                              \
      "after:number? limit:page?", "events:Access[] next:number|null")                             \
    R(GET, "/v1/registrations/{registration}/proofs", OWNER, 0, tn_on_proofs,                      \
      "Proofs of one's own events for offline use (.tlog-proof, with what opens one's own data)",  \
      "after:number? limit:proofs?",                                                               \
      "key:text size:number proofs:Proof[] next:number|null complete:Complete|null?")              \
    R(POST, "/v1/registrations/{registration}/members", OWNER, 0, tn_on_add_member,                \
      "Add a person to the group",                                                                 \
      "given_names:text family_names:text date_of_birth:date nationality:country document:text?",  \
      TN_SERVICE_WRITTEN "registration:id member:id adult:bool size:number registered_day:date")   \
    R(DELETE, "/v1/registrations/{registration}/members/{member}", OWNER, TN_SERVICE_SMALL_BODY,   \
      tn_on_remove_member, "Remove a member, by an adult's own act (by: in query or body)",        \
      "by:id?",                                                                                    \
      TN_SERVICE_WRITTEN "registration:id member:id by:id size:number registered_day:date")        \
    R(POST, "/v1/registrations/{registration}/withdraw", OWNER, TN_SERVICE_SMALL_BODY,             \
      tn_on_withdraw, "Withdraw the registration", "",                                             \
      TN_SERVICE_WRITTEN "registration:id state:text")                                             \
    R(POST, "/v1/registrations/{registration}/restore", OWNER, TN_SERVICE_SMALL_BODY,              \
      tn_on_restore, "Restore a withdrawn registration with its seniority", "",                    \
      TN_SERVICE_WRITTEN "registration:id state:text")                                             \
    R(POST, "/v1/registrations/{registration}/merge", OWNER, TN_SERVICE_SMALL_BODY, tn_on_merge,   \
      "Take another registration into this one", "other:id other_token:text",                      \
      TN_SERVICE_WRITTEN "registration:id other:id size:number registered_day:date")               \
    R(POST, "/v1/registrations/{registration}/requests", OWNER, TN_SERVICE_SMALL_BODY,             \
      tn_on_request, "Ask for an appointment on the open day",                                     \
      "ports:ports location:location? nationality:country?",                                       \
      TN_SERVICE_WRITTEN "registration:id day:date ports:ports size:number replaced:bool")         \
    R(DELETE, "/v1/registrations/{registration}/requests/{day}", OWNER, TN_SERVICE_SMALL_BODY,     \
      tn_on_withdraw_request, "Withdraw the request of a day", "",                                 \
      TN_SERVICE_WRITTEN "registration:id day:date")                                               \
    R(POST, "/v1/registrations/{registration}/offers/{offer}/accept", OWNER,                       \
      TN_SERVICE_SMALL_BODY, tn_on_accept,                                                         \
      "Accept an offer; asking again answers the same number, with no Idempotency-Key or the "     \
      "same",                                                                                      \
      "",                                                                                          \
      TN_SERVICE_WRITTEN "registration:id offer:id confirmation_number:text port:port date:date "  \
                         "time:time seats:number")                                                 \
    R(POST, "/v1/registrations/{registration}/offers/{offer}/decline", OWNER,                      \
      TN_SERVICE_SMALL_BODY, tn_on_decline, "Decline an offer", "",                                \
      TN_SERVICE_WRITTEN "registration:id offer:id state:text")                                    \
    R(POST, "/v1/registrations/{registration}/cancel", OWNER, TN_SERVICE_SMALL_BODY, tn_on_cancel, \
      "Cancel the appointment", "", TN_SERVICE_WRITTEN "registration:id offer:id state:text")      \
    R(POST, "/v1/validations", OFFICER, TN_SERVICE_SMALL_BODY, tn_on_validate,                     \
      "Do this number and date of birth have an appointment?",                                     \
      "confirmation_number:text date_of_birth:date purpose:purpose",                               \
      "index:index matched:bool appointment:bool party:party")                                     \
    R(POST, "/v1/port-days/{port}/{day}/arrivals", PORT_OFFICER, TN_SERVICE_SMALL_BODY,            \
      tn_on_arrival, "A group presented itself or was turned away",                                \
      "confirmation_number:text date_of_birth:date outcome:outcome rule:number?",                  \
      TN_SERVICE_WRITTEN "outcome:outcome port:port date:date time:time seats:number")             \
    R(POST, "/v1/port-days/{port}/{day}/close", PORT_OFFICER, TN_SERVICE_SMALL_BODY,               \
      tn_on_close_port_day, "Record who did not come, after the day's end", "",                    \
      TN_SERVICE_WRITTEN "port:port date:date missed:number")                                      \
    R(GET, "/v1/policy", PUBLIC, 0, tn_on_policy, "The policy in force, or by version",            \
      "version:number?",                                                                           \
      "format:text version:number effective:instant method:text window:object draw:object "        \
      "horizon_days:number notice_min_days:number size_max:number choices_max:number "             \
      "adult_years:number moves_max:number photo_attempts:number group_shares_destination:bool "   \
      "seats_per_day:number ports:object[] slots:time[] zone:object validation:object "            \
      "languages:text[] "                                                                          \
      "programme_end:instant|null notes:object[]")                                                 \
    R(GET, "/v1/ports", PUBLIC, 0, tn_on_ports, "The ports of entry", "",                          \
      "policy:number ports:Port[]")                                                                \
    R(GET, "/v1/days/{day}", PUBLIC, 0, tn_on_day, "A day: window, pool, draw, counts", "",        \
      "day:date state:text service_date:date policy:number opens:instant closes:instant "          \
      "draw:instant mode:number witnesses:DayWitness[]? beacon:DayBeacon? awaits:text[]? "         \
      "groups:number? root:hash? seed:hash? winners_root:hash? offered_groups:number? "            \
      "offered_seats:number? offers:DayOffers appointments:DayAppointments")                       \
    R(GET, "/v1/days/{day}/draw", PUBLIC, 0, tn_on_draw, "The public transcript of a draw", "",    \
      "format:text audience:text day:number policy:number mode:number share_ppm:number "           \
      "packing:text ports:object[] secret:hash witnesses:object[] beacon:object groups:object[] "  \
      "root:hash seed:hash winners:object[] winners_root:hash after:object[]")                     \
    R(GET, "/v1/events", AUDITOR, 0, tn_on_events,                                                 \
      "Events up to the published size: from the index after on (it is included), at most limit, " \
      "by kind or stream",                                                                         \
      "after:number? limit:page? kind:text? stream:id?",                                           \
      "size:number events:Event[] next:number|null")                                               \
    R(GET, "/log/checkpoint", PUBLIC, 0, tn_on_checkpoint, "The newest signed checkpoint", "",     \
      "text/plain; charset=utf-8")                                                                 \
    R(GET, "/log/cosigned-checkpoint", PUBLIC, 0, tn_on_cosigned,                                  \
      "The newest checkpoint that enough witnesses have cosigned", "",                             \
      "text/plain; charset=utf-8")                                                                 \
    R(GET, "/log/tile/entries/{path...}", AUDITOR, 0, tn_on_bundle, "An entry bundle", "",         \
      "application/octet-stream")                                                                  \
    R(GET, "/log/tile/{path...}", PUBLIC, 0, tn_on_tile, "A tile of hashes", "",                   \
      "application/octet-stream")                                                                  \
    R(GET, "/healthz", PUBLIC, 0, tn_on_healthz, "The process answers", "", "alive:bool")          \
    R(GET, "/readyz", PUBLIC, 0, tn_on_readyz, "Commands are taken", "",                           \
      "ready:bool witnesses:Witnesses?")                                                           \
    R(GET, "/metrics", OPERATOR, 0, tn_on_metrics, "Counters for Prometheus", "",                  \
      "text/plain; version=0.0.4; charset=utf-8")                                                  \
    R(GET, "/openapi.json", PUBLIC, 0, tn_on_openapi, "This description", "", "object")            \
    R(POST, "/admin/{command}", LOCAL, 1048576u, tn_on_admin,                                      \
      "An administrative command, over the Unix socket only", "object", "object")

#endif
