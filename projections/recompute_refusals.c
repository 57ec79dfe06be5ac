/* Refusals of the day that is running: one per actor, command, day and code (DESIGN, The desk). */
#include <stdlib.h>
#include <string.h>

#include "ledger/base/civil.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "projections/recompute_internal.h"

#define REFUSALS_FIRST 1024u

static uint8_t *slot_of(uint8_t (*keys)[TN_ID_SIZE], size_t capacity, const uint8_t *key)
{
    size_t at = tn_get_be32(key) & (capacity - 1);

    while (!tn_is_zero(keys[at], TN_ID_SIZE) && memcmp(keys[at], key, TN_ID_SIZE) != 0) {
        at = (at + 1) & (capacity - 1);
    }
    return keys[at];
}

static bool make_room(struct tn_refusals_seen *seen)
{
    size_t capacity = seen->capacity > 0 ? seen->capacity * 2 : REFUSALS_FIRST;
    uint8_t(*keys)[TN_ID_SIZE];

    if (seen->count * 2 < seen->capacity) {
        return true;
    }
    keys = calloc(capacity, TN_ID_SIZE);
    if (keys == NULL) {
        return false;
    }
    for (size_t i = 0; i < seen->capacity; i++) {
        if (!tn_is_zero(seen->keys[i], TN_ID_SIZE)) {
            memcpy(slot_of(keys, capacity, seen->keys[i]), seen->keys[i], TN_ID_SIZE);
        }
    }
    free(seen->keys);
    seen->keys = keys;
    seen->capacity = capacity;
    return true;
}

enum tn_status tn_refusals_seen_add(struct tn_refusals_seen *seen, const struct tn_event *event,
                                    struct tn_error *error)
{
    const struct tn_command_refused *body = &event->body.command_refused;
    uint64_t day = event->time_us / TN_DAY_US;
    uint8_t key[TN_ID_SIZE];
    uint8_t numbers[16];
    struct tn_bytes parts[2] = {tn_bytes(event->actor.id, TN_ID_SIZE),
                                tn_bytes(numbers, sizeof(numbers))};
    uint8_t *slot;

    if (day != seen->day && seen->count > 0) {
        memset(seen->keys, 0, seen->capacity * TN_ID_SIZE);
        seen->count = 0;
    }
    seen->day = day;
    if (!make_room(seen)) {
        return tn_fail(error, TN_MEMORY, "no memory for a day's refusals");
    }
    tn_put_be64(numbers, body->command);
    tn_put_be64(numbers + 8, body->code);
    tn_hash(key, TN_ID_SIZE, "turno1.refusal", tn_bytes(NULL, 0), parts, 2);
    slot = slot_of(seen->keys, seen->capacity, key);
    if (!tn_is_zero(slot, TN_ID_SIZE)) {
        return TN_EXISTS;
    }
    memcpy(slot, key, TN_ID_SIZE);
    seen->count++;
    return TN_OK;
}

void tn_refusals_seen_close(struct tn_refusals_seen *seen)
{
    free(seen->keys);
    *seen = (struct tn_refusals_seen){0};
}
