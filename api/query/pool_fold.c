/* One day's pool folded from events. */
#include "api/query/pool_fold.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/endian.h"
#include "ledger/rules/carry.h"
#include "ledger/rules/rows.h"

#define CAPACITY_FIRST 4096u

void tn_pool_fold_init(struct tn_pool_fold *fold, uint64_t day)
{
    *fold = (struct tn_pool_fold){.day = day, .from_day = day};
}

void tn_pool_fold_close(struct tn_pool_fold *fold)
{
    free(fold->slots);
    *fold = (struct tn_pool_fold){0};
}

/* Ids are random, so any four bytes of one are a hash. */
static struct tn_pool_entry *slot_of(const struct tn_pool_fold *fold, const uint8_t *registration)
{
    size_t at = tn_get_be32(registration) & (fold->capacity - 1);

    while (fold->slots[at].state != 0 &&
           memcmp(fold->slots[at].registration, registration, TN_ID_SIZE) != 0) {
        at = (at + 1) & (fold->capacity - 1);
    }
    return &fold->slots[at];
}

static struct tn_pool_entry *find(const struct tn_pool_fold *fold, const uint8_t *registration)
{
    struct tn_pool_entry *entry = fold->capacity > 0 ? slot_of(fold, registration) : NULL;

    return entry && entry->state != 0 ? entry : NULL;
}

static enum tn_status make_room(struct tn_pool_fold *fold)
{
    struct tn_pool_fold larger = *fold;

    if (fold->count * 2 < fold->capacity) {
        return TN_OK;
    }
    /* Everything but the table stays. */
    if (fold->count >= TN_DRAW_GROUP_COUNT_MAX) {
        return TN_FULL;
    }
    larger.capacity = fold->capacity > 0 ? fold->capacity * 2 : CAPACITY_FIRST;
    larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
    if (!larger.slots) {
        return TN_MEMORY;
    }
    for (size_t i = 0; i < fold->capacity; i++) {
        if (fold->slots[i].state != 0) {
            *slot_of(&larger, fold->slots[i].registration) = fold->slots[i];
        }
    }
    free(fold->slots);
    *fold = larger;
    return TN_OK;
}

static enum tn_status ask(struct tn_pool_fold *fold, const struct tn_appointment_requested *body)
{
    struct tn_pool_entry *entry;
    enum tn_status status;

    if (body->day < fold->from_day || body->day > fold->day) {
        return TN_OK;
    }
    if (body->facts.ports.count > TN_DRAW_GROUP_PORT_COUNT_MAX || body->size > UINT8_MAX) {
        return TN_CORRUPT;
    }
    status = make_room(fold);
    if (status != TN_OK) {
        return status;
    }
    entry = slot_of(fold, body->facts.registration);
    if (entry->state != 0 && entry->day > body->day) { /* it asked for a later day already */
        return TN_OK;
    }
    fold->count += entry->state == 0 ? 1 : 0;
    entry->day = body->day;
    memcpy(entry->registration, body->facts.registration, TN_ID_SIZE);
    entry->state = TN_POOL_ASKED;
    entry->size = (uint32_t) body->size;
    entry->registered_day = (uint32_t) body->registered_day;
    entry->port_count = (uint8_t) body->facts.ports.count;
    for (size_t i = 0; i < body->facts.ports.count; i++) {
        entry->ports[i] = (uint16_t) body->facts.ports.items[i];
    }
    return TN_OK;
}

static void resize(struct tn_pool_fold *fold, const uint8_t *registration, uint64_t size,
                   uint64_t registered_day)
{
    struct tn_pool_entry *entry = find(fold, registration);

    if (entry) {
        entry->size = (uint32_t) size;
        entry->registered_day = (uint32_t) registered_day;
    }
}

static void turn(struct tn_pool_fold *fold, const uint8_t *registration, enum tn_pool_state from,
                 enum tn_pool_state state)
{
    struct tn_pool_entry *entry = find(fold, registration);

    if (entry && entry->state == (uint8_t) from) {
        entry->state = (uint8_t) state;
    }
}

static void withdraw(struct tn_pool_fold *fold, const struct tn_facts_withdraw_request *facts)
{
    struct tn_pool_entry *entry = find(fold, facts->registration);

    if (entry && entry->day == facts->day) {
        turn(fold, facts->registration, TN_POOL_ASKED, TN_POOL_WITHDRAWN);
    }
}

/* Requests of `from` are requests of `to` now (0: of the next day that opens), as far as the policy
 * of that day takes them. */
static void carry(struct tn_pool_fold *fold, uint64_t from, uint64_t to,
                  const struct tn_policy *policy)
{
    for (size_t i = 0; i < fold->capacity; i++) {
        struct tn_pool_entry *entry = &fold->slots[i];
        uint64_t ports[TN_DRAW_GROUP_PORT_COUNT_MAX];
        size_t count = entry->port_count;

        if (entry->state == 0 || entry->day != from) {
            continue;
        }
        entry->day = to;
        for (size_t p = 0; p < count; p++) {
            ports[p] = entry->ports[p];
        }
        count = policy ? tn_carry_ports(policy, entry->size, ports, count) : count;
        if (count == 0) {
            entry->state = TN_POOL_WITHDRAWN;
        }
        entry->port_count = (uint8_t) count;
        for (size_t p = 0; p < count; p++) {
            entry->ports[p] = (uint16_t) ports[p];
        }
    }
}

static enum tn_status open_day(struct tn_pool_fold *fold, const struct tn_day_opened *body)
{
    const struct tn_policy *policy =
        fold->policies ? tn_policies_version(fold->policies, body->policy) : NULL;

    if (!fold->policies || body->day < fold->from_day || body->day > fold->day) {
        return TN_OK;
    }
    if (!policy || fold->open_count == TN_POOL_FOLD_OPEN_MAX) {
        return TN_CORRUPT;
    }
    fold->open[fold->open_count].day = body->day;
    fold->open[fold->open_count++].policy = policy;
    carry(fold, 0, body->day, policy);
    return TN_OK;
}

static void void_day(struct tn_pool_fold *fold, uint64_t day)
{
    size_t kept = 0;

    if (day < fold->from_day || day >= fold->day) {
        return;
    }
    for (size_t i = 0; i < fold->open_count; i++) {
        if (fold->open[i].day != day) {
            fold->open[kept++] = fold->open[i];
        }
    }
    fold->open_count = kept;
    carry(fold, day, kept > 0 ? fold->open[0].day : 0, kept > 0 ? fold->open[0].policy : NULL);
}

static enum tn_status put_held(struct tn_pool_fold *fold, const struct tn_held_group *held,
                               uint64_t port)
{
    struct tn_pool_entry *entry;
    enum tn_status status = make_room(fold);

    if (status != TN_OK) {
        return status;
    }
    entry = slot_of(fold, held->registration);
    fold->count += entry->state == 0 ? 1 : 0;
    memcpy(entry->registration, held->registration, TN_ID_SIZE);
    entry->day = fold->day;
    entry->state = TN_POOL_ASKED;
    entry->size = (uint32_t) held->size;
    entry->registered_day = (uint32_t) held->registered_day;
    entry->port_count = 1;
    entry->ports[0] = (uint16_t) port;
    return TN_OK;
}

/* Who was held the day before is in, who fits no slot any more is out. */
static enum tn_status close_pool(struct tn_pool_fold *fold, const struct tn_pool_closed *body)
{
    enum tn_status status = TN_OK;

    for (size_t p = 0; status == TN_OK && p < body->ports.count; p++) {
        const struct tn_pool_port *port = &body->ports.items[p];

        for (size_t i = 0; status == TN_OK && i < port->held.count; i++) {
            status = put_held(fold, &port->held.items[i], port->port);
        }
    }
    for (size_t i = 0; status == TN_OK && body->left_out.count > 0 && i < fold->capacity; i++) {
        uint8_t gid[TN_ID_SIZE];

        tn_draw_gid(gid, fold->gid_key, (uint32_t) fold->day, fold->slots[i].registration);
        for (size_t n = 0; n < body->left_out.count; n++) {
            if (fold->slots[i].state == TN_POOL_ASKED &&
                memcmp(gid, body->left_out.items[n], TN_ID_SIZE) == 0) {
                fold->slots[i].state = TN_POOL_WITHDRAWN;
            }
        }
    }
    return status;
}

enum tn_status tn_pool_fold_apply(struct tn_pool_fold *fold, const struct tn_event *event)
{
    const union tn_body *body = &event->body;

    switch (event->kind) {
    case TN_KIND_appointment_requested:
    case TN_KIND_request_replaced: /* one body for both */
        return ask(fold, &body->appointment_requested);
    case TN_KIND_request_withdrawn:
        withdraw(fold, &body->request_withdrawn.facts);
        return TN_OK;
    case TN_KIND_day_opened:
        return open_day(fold, &body->day_opened);
    case TN_KIND_day_voided:
        void_day(fold, body->day_voided.day);
        return TN_OK;
    case TN_KIND_pool_closed:
        return body->pool_closed.day == fold->day ? close_pool(fold, &body->pool_closed) : TN_OK;
    case TN_KIND_member_added:
        resize(fold, body->member_added.registration, body->member_added.size,
               body->member_added.registered_day);
        return TN_OK;
    case TN_KIND_member_removed:
        resize(fold, body->member_removed.registration, body->member_removed.size,
               body->member_removed.registered_day);
        return TN_OK;
    case TN_KIND_registration_withdrawn:
        turn(fold, body->registration_withdrawn.facts.registration, TN_POOL_ASKED,
             TN_POOL_WITHDRAWN);
        return TN_OK;
    case TN_KIND_registration_merged:
        turn(fold, body->registration_merged.facts.other, TN_POOL_ASKED, TN_POOL_WITHDRAWN);
        resize(fold, body->registration_merged.facts.registration, body->registration_merged.size,
               body->registration_merged.registered_day);
        return TN_OK;
    case TN_KIND_appointment_offered:
        if (body->appointment_offered.day != fold->day) {
            turn(fold, body->appointment_offered.registration, TN_POOL_ASKED, TN_POOL_SUPERSEDED);
        }
        return TN_OK;
    case TN_KIND_offer_declined:
        if (body->offer_declined.by == TN_BY_AGENCY) {
            turn(fold, body->offer_declined.registration, TN_POOL_SUPERSEDED, TN_POOL_ASKED);
        }
        return TN_OK;
    default:
        return TN_OK;
    }
}

enum tn_status tn_pool_fold_groups(const struct tn_pool_fold *fold,
                                   const uint8_t gid_key[static TN_HASH_SIZE],
                                   struct tn_arena *arena, const struct tn_draw_group **groups,
                                   uint32_t *count)
{
    struct tn_draw_group *items = tn_arena_array(arena, fold->count, sizeof(*items));
    uint32_t day = (uint32_t) fold->day;

    *groups = items;
    *count = 0;
    if (!items) {
        return TN_FULL;
    }
    for (size_t i = 0; i < fold->capacity; i++) {
        const struct tn_pool_entry *entry = &fold->slots[i];
        struct tn_draw_group *group;

        if (entry->state != TN_POOL_ASKED || entry->day != fold->day) {
            continue;
        }
        group = &items[(*count)++];
        tn_draw_gid(group->gid, gid_key, day, entry->registration);
        tn_draw_salt(group->salt, gid_key, day, entry->registration);
        group->registered_day = entry->registered_day;
        group->size = (uint8_t) entry->size;
        group->port_count = entry->port_count;
        memcpy(group->ports, entry->ports, sizeof(group->ports));
        group->opened = true;
    }
    return TN_OK;
}
