/* Rows brought nearer before they are asked for: first the slot of each, then what it points to. */
#include "projections/ahead.h"

#include <string.h>

#include "ledger/base/check.h"
#include "ledger/rules/draw.h"
#include "projections/keys.h"
#include "projections/rows_internal.h"
#include "projections/streams.h"

/* How many rows before its own turn a row's slot is fetched, then the row, then its value: each
 * takes some 100 ns from memory, the fold of an event as long or longer, and a core has a dozen
 * fetches under way. */
#define SLOT_ROWS 20
#define ROW_ROWS 12
#define VALUE_ROWS 5

/* ---- what an event names ---- */

static void name(struct tn_ahead *ahead, size_t number, struct tn_row_key key)
{
    if (ahead->row_counts[number] < TN_AHEAD_ROWS) {
        ahead->rows[number][ahead->row_counts[number]++] = (struct tn_ahead_row){
            .hash = tn_cache_hash(tn_row_key_view(&key)), .event = ahead->count};
    }
}

static void name_registration(struct tn_ahead *ahead, const uint8_t *registration)
{
    name(ahead, TN_CORE_REGISTRATIONS, tn_key_registration(registration));
}

static void name_offer(struct tn_ahead *ahead, const uint8_t *offer)
{
    name(ahead, TN_CORE_QUEUE, tn_key_offer(offer));
}

static void name_appointment(struct tn_ahead *ahead, const uint8_t *registration,
                             const uint8_t *offer)
{
    name_registration(ahead, registration);
    name_offer(ahead, offer);
    name(ahead, TN_CORE_VALIDATION, tn_key_appointment(offer));
}

static void name_request(struct tn_ahead *ahead, const struct tn_appointment_requested *body,
                         const uint8_t *gid_key)
{
    const uint8_t *registration = body->facts.registration;

    name_registration(ahead, registration);
    if (gid_key != NULL) {
        struct tn_ahead_request *request = &ahead->requests[ahead->count];

        request->asks = true;
        request->day = (uint32_t) body->day;
        request->gid_key = gid_key;
        request->registration = registration;
        tn_draw_gid(request->gid, gid_key, request->day, registration);
        name(ahead, TN_CORE_QUEUE, tn_key_pool_entry(body->day, request->gid));
    }
}

static void name_streams(struct tn_ahead *ahead, const struct tn_event *event)
{
    uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE];
    size_t count = tn_event_streams(event, streams);

    for (size_t i = 0; i < count; i++) {
        name(ahead, TN_BESIDE_STREAMS, tn_key_stream(streams[i]));
    }
}

void tn_ahead_clear(struct tn_ahead *ahead)
{
    ahead->count = 0;
    memset(ahead->row_counts, 0, sizeof(ahead->row_counts));
}

void tn_ahead_add(struct tn_ahead *ahead, const struct tn_event *event, const uint8_t *gid_key)
{
    const union tn_body *body = &event->body;

    TN_CHECK(ahead->count < TN_AHEAD_EVENTS);
    ahead->requests[ahead->count].asks = false;
    switch (event->kind) {
    case TN_KIND_appointment_requested:
    case TN_KIND_request_replaced: /* one body for both */
        name_request(ahead, &body->appointment_requested, gid_key);
        break;
    case TN_KIND_registration_created:
        name_registration(ahead, body->registration_created.facts.registration);
        name(ahead, TN_CORE_ACCESS, tn_key_token(body->registration_created.facts.token));
        break;
    case TN_KIND_member_added:
        name_registration(ahead, body->member_added.registration);
        name(ahead, TN_CORE_REGISTRATIONS, tn_key_person(body->member_added.person));
        break;
    case TN_KIND_destination_declared:
        name_registration(ahead, body->destination_declared.registration);
        break;
    case TN_KIND_appointment_offered:
        name_registration(ahead, body->appointment_offered.registration);
        name_offer(ahead, body->appointment_offered.offer);
        break;
    case TN_KIND_offer_accepted:
        name_registration(ahead, body->offer_accepted.facts.registration);
        name_offer(ahead, body->offer_accepted.facts.offer);
        break;
    case TN_KIND_offer_declined:
        name_registration(ahead, body->offer_declined.registration);
        name_offer(ahead, body->offer_declined.offer);
        break;
    case TN_KIND_offer_lapsed:
        name_registration(ahead, body->offer_lapsed.registration);
        name_offer(ahead, body->offer_lapsed.offer);
        break;
    case TN_KIND_appointment_confirmed:
        name_appointment(ahead, body->appointment_confirmed.registration,
                         body->appointment_confirmed.offer);
        break;
    case TN_KIND_group_presented:
    case TN_KIND_turned_away: /* one body for both */
        name_appointment(ahead, body->group_presented.registration, body->group_presented.offer);
        break;
    case TN_KIND_no_show_recorded:
        name_appointment(ahead, body->no_show_recorded.registration, body->no_show_recorded.offer);
        break;
    case TN_KIND_validation_answered:
        name(ahead, TN_CORE_VALIDATION, tn_key_tag(body->validation_answered.facts.tag));
        break;
    default:
        break;
    }
    name_streams(ahead, event);
    ahead->count++;
}

/* ---- fetching ---- */

void tn_ahead_step(const struct tn_ahead *ahead, size_t number, size_t at, uint32_t *next,
                   const struct tn_rows *rows)
{
    static const uint32_t distances[] = {
        [TN_CACHE_SLOT] = SLOT_ROWS, [TN_CACHE_ROW] = ROW_ROWS, [TN_CACHE_VALUE] = VALUE_ROWS};
    bool known = number < TN_PROJECTION_COUNT;
    const struct tn_ahead_row *named = known ? ahead->rows[number] : NULL;
    uint32_t count = known ? ahead->row_counts[number] : 0;

    /* The first have nobody before them. */
    for (size_t step = 0; at == 0 && step < TN_ARRAY_SIZE(distances); step++) {
        for (uint32_t i = 0; i < distances[step] && i < count; i++) {
            tn_cache_fetch(&rows->cache, named[i].hash, (enum tn_cache_step) step);
        }
    }
    for (; *next < count && named[*next].event <= at; ++*next) {
        for (size_t step = 0; step < TN_ARRAY_SIZE(distances); step++) {
            if (*next + distances[step] < count) {
                tn_cache_fetch(&rows->cache, named[*next + distances[step]].hash,
                               (enum tn_cache_step) step);
            }
        }
    }
}

void tn_ahead_gid(const struct tn_ahead *ahead, size_t at)
{
    const struct tn_ahead_request *request = &ahead->requests[at];

    if (request->asks) {
        tn_draw_gid_known(request->gid, request->gid_key, request->day, request->registration);
    }
}
