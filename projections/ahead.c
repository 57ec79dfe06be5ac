/* Rows brought nearer before they are asked for: first the slot of each, then what it points to. */
#include "projections/ahead.h"

#include "ledger/rules/draw.h"
#include "projections/keys.h"
#include "projections/rows_internal.h"
#include "projections/streams.h"

/* How many events before its own a row's slot is fetched, then the row, then its value: each takes
 * some 100 ns from memory, an event at least as long, and a core has a dozen fetches under way. */
#define SLOT_EVENTS 8
#define ROW_EVENTS 5
#define VALUE_EVENTS 2

/* ---- what an event names ---- */

static void name(struct tn_ahead *ahead, size_t number, struct tn_row_key key)
{
    if (ahead->count < TN_AHEAD_ROWS) {
        ahead->numbers[ahead->count] = (uint8_t) number;
        ahead->hashes[ahead->count++] = tn_cache_hash(tn_row_key_view(&key));
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
        ahead->asks = true;
        ahead->day = (uint32_t) body->day;
        ahead->gid_key = gid_key;
        ahead->registration = registration;
        tn_draw_gid(ahead->gid, gid_key, ahead->day, registration);
        name(ahead, TN_CORE_QUEUE, tn_key_pool_entry(body->day, ahead->gid));
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

void tn_ahead_of(const struct tn_event *event, const uint8_t *gid_key, struct tn_ahead *ahead)
{
    const union tn_body *body = &event->body;

    ahead->count = 0;
    ahead->asks = false;
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
}

/* ---- fetching ---- */

static void fetch(const struct tn_ahead *batch, size_t count, size_t at, enum tn_cache_step step,
                  struct tn_rows *const *rows, size_t first, size_t end)
{
    const struct tn_ahead *ahead = &batch[at];

    for (size_t i = 0; at < count && i < ahead->count; i++) {
        size_t number = ahead->numbers[i];

        if (number >= first && number < end) {
            tn_cache_fetch(&rows[number - first]->cache, ahead->hashes[i], step);
        }
    }
}

void tn_ahead_step(const struct tn_ahead *batch, size_t count, size_t at,
                   struct tn_rows *const *rows, size_t first, size_t end)
{
    for (size_t i = 0; at == 0 && i < SLOT_EVENTS; i++) {
        fetch(batch, count, i, TN_CACHE_SLOT, rows, first, end);
    }
    for (size_t i = 0; at == 0 && i < ROW_EVENTS; i++) {
        fetch(batch, count, i, TN_CACHE_ROW, rows, first, end);
    }
    fetch(batch, count, at + SLOT_EVENTS, TN_CACHE_SLOT, rows, first, end);
    fetch(batch, count, at + ROW_EVENTS, TN_CACHE_ROW, rows, first, end);
    fetch(batch, count, at + VALUE_EVENTS, TN_CACHE_VALUE, rows, first, end);
}
