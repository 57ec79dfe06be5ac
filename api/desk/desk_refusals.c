/* Refusals of today, so that one per actor, command kind, day and code is recorded and repeats are
 * answered with the first's index. Rebuilt from the log at open. */
#include <stdlib.h>
#include <string.h>

#include "api/desk/desk_internal.h"
#include "ledger/base/civil.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"

#define REFUSALS_FIRST 1024u
#define LOAD_CHUNK 256u

static void refusal_key(uint8_t key[static TN_ID_SIZE], const uint8_t *actor, uint64_t kind,
                        uint64_t code)
{
    uint8_t numbers[16];
    struct tn_bytes parts[2] = {tn_bytes(actor, TN_ID_SIZE), tn_bytes(numbers, sizeof(numbers))};

    tn_put_be64(numbers, kind);
    tn_put_be64(numbers + 8, code);
    tn_hash(key, TN_ID_SIZE, "turno1.refusal", tn_bytes(NULL, 0), parts, 2);
}

static struct refusal_slot *slot_of(struct tn_refusal_memory *memory, const uint8_t *key)
{
    size_t at = tn_get_be32(key) & (memory->capacity - 1);

    while (!tn_is_zero(memory->slots[at].key, TN_ID_SIZE) &&
           memcmp(memory->slots[at].key, key, TN_ID_SIZE) != 0) {
        at = (at + 1) & (memory->capacity - 1);
    }
    return &memory->slots[at];
}

static enum tn_status make_room(struct tn_refusal_memory *memory)
{
    struct tn_refusal_memory larger = {.day = memory->day};

    if (memory->count * 2 < memory->capacity) {
        return TN_OK;
    }
    larger.capacity = memory->capacity > 0 ? memory->capacity * 2 : REFUSALS_FIRST;
    larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
    if (!larger.slots) {
        return TN_MEMORY;
    }
    for (size_t i = 0; i < memory->capacity; i++) {
        if (!tn_is_zero(memory->slots[i].key, TN_ID_SIZE)) {
            *slot_of(&larger, memory->slots[i].key) = memory->slots[i];
            larger.count++;
        }
    }
    free(memory->slots);
    *memory = larger;
    return TN_OK;
}

static enum tn_status put(struct tn_refusal_memory *memory, uint64_t day, const uint8_t *key,
                          uint64_t index)
{
    struct refusal_slot *slot;
    enum tn_status status;

    if (day != memory->day) {
        if (memory->slots) {
            memset(memory->slots, 0, memory->capacity * sizeof(*memory->slots));
        }
        memory->count = 0;
        memory->day = day;
    }
    status = make_room(memory);
    if (status != TN_OK) {
        return status;
    }
    slot = slot_of(memory, key);
    memory->count += tn_is_zero(slot->key, TN_ID_SIZE) ? 1 : 0;
    memcpy(slot->key, key, TN_ID_SIZE);
    slot->index = index;
    return TN_OK;
}

bool tn_refusals_find(struct tn_refusal_memory *memory, const struct tn_command *command,
                      enum tn_refusal code, uint64_t *index)
{
    uint8_t key[TN_ID_SIZE];
    struct refusal_slot *slot;

    if (memory->capacity == 0 || command->time_us / TN_DAY_US != memory->day) {
        return false;
    }
    refusal_key(key, command->actor.id, command->kind, code);
    slot = slot_of(memory, key);
    *index = slot->index;
    return !tn_is_zero(slot->key, TN_ID_SIZE);
}

enum tn_status tn_refusals_add(struct tn_refusal_memory *memory, const struct tn_command *command,
                               enum tn_refusal code, uint64_t index)
{
    uint8_t key[TN_ID_SIZE];

    refusal_key(key, command->actor.id, command->kind, code);
    return put(memory, command->time_us / TN_DAY_US, key, index);
}

/* Remember the refusal at `index` if it is of `day`; `*earlier` when it is not. */
static enum tn_status load_one(struct tn_refusal_memory *memory, struct tn_log *log, uint64_t index,
                               uint64_t day, struct tn_arena *arena, struct tn_buffer *entry,
                               bool *earlier, struct tn_error *error)
{
    struct tn_event event;
    uint8_t key[TN_ID_SIZE];
    enum tn_status status = tn_log_read(log, index, entry, error);

    tn_arena_reset(arena);
    if (status == TN_OK) {
        status = tn_event_decode(tn_buffer_view(entry), index, arena, &event, error);
    }
    if (status != TN_OK) {
        return status;
    }
    *earlier = event.body.command_refused.day != day;
    if (*earlier) {
        return TN_OK;
    }
    refusal_key(key, event.actor.id, event.body.command_refused.command,
                event.body.command_refused.code);
    return put(memory, day, key, index);
}

enum tn_status tn_refusals_load(struct tn_refusal_memory *memory, struct tn_log *log,
                                uint64_t now_us, struct tn_error *error)
{
    uint64_t indices[LOAD_CHUNK];
    uint64_t from = UINT64_MAX;
    uint64_t day = now_us / TN_DAY_US;
    struct tn_arena arena;
    struct tn_buffer entry;
    bool earlier = false;
    enum tn_status status = TN_OK;

    memory->day = day;
    tn_arena_init(&arena, (size_t) 1 << 20);
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    while (status == TN_OK && !earlier) {
        size_t count = LOAD_CHUNK;

        status = tn_log_read_kind(log, TN_KIND_command_refused, from, true, indices, &count, error);
        if (status != TN_OK || count == 0) {
            break;
        }
        for (size_t i = 0; status == TN_OK && i < count && !earlier; i++) {
            status = load_one(memory, log, indices[i], day, &arena, &entry, &earlier, error);
            from = indices[i];
        }
    }
    tn_buffer_close(&entry);
    tn_arena_close(&arena);
    return status;
}

void tn_refusals_close(struct tn_refusal_memory *memory)
{
    free(memory->slots);
    memset(memory, 0, sizeof(*memory));
}
