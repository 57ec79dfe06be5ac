/* Two hash tables with open addressing over arrays in the order of arrival. Ids are random or
 * hashes and kinds are small numbers, so one multiplication spreads both. */
#include "ledger/log/index_memory.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"

#define TAG_KIND 1u
#define TAG_STREAM 2u
#define CAPACITY_MIN 1024u

static bool reserve_commands(struct tn_index_memory *memory, size_t needed);
static bool reserve_groups(struct tn_index_memory *memory, size_t needed);
static bool reserve_items(struct tn_index_memory *memory, size_t needed);
static size_t slot_of(const uint8_t id[static TN_ID_SIZE], uint8_t tag, size_t slot_count);
static void add_key(struct tn_index_memory *memory, const struct tn_index_key *key,
                    uint32_t offset);
static void add_command(struct tn_index_memory *memory, const uint8_t id[static TN_ID_SIZE],
                        uint32_t offset);
static const struct tn_index_group *find_group(const struct tn_index_memory *memory,
                                               const struct tn_index_key *key, size_t *slot);
static const struct tn_index_command *find_command(const struct tn_index_memory *memory,
                                                   const uint8_t id[static TN_ID_SIZE],
                                                   size_t *slot);

struct tn_index_key tn_index_stream_key(const uint8_t stream[static TN_ID_SIZE])
{
    struct tn_index_key key = {.bytes = {TAG_STREAM}};
    memcpy(key.bytes + 1, stream, TN_ID_SIZE);
    return key;
}

struct tn_index_key tn_index_kind_key(uint32_t kind)
{
    struct tn_index_key key = {.bytes = {TAG_KIND}};
    tn_put_be32(key.bytes + 1, kind);
    return key;
}

void tn_index_memory_init(struct tn_index_memory *memory, uint64_t base)
{
    *memory = (struct tn_index_memory){.base = base, .end = base};
}

void tn_index_memory_reset(struct tn_index_memory *memory, uint64_t base)
{
    memory->base = base;
    memory->end = base;
    memory->command_count = 0;
    memory->group_count = 0;
    memory->item_count = 0;
    if (memory->command_slots != NULL) {
        memset(memory->command_slots, 0,
               2 * memory->command_capacity * sizeof(*memory->command_slots));
    }
    if (memory->group_slots != NULL) {
        memset(memory->group_slots, 0, 2 * memory->group_capacity * sizeof(*memory->group_slots));
    }
}

void tn_index_memory_close(struct tn_index_memory *memory)
{
    free(memory->commands);
    free(memory->command_slots);
    free(memory->groups);
    free(memory->group_slots);
    free(memory->items);
    *memory = (struct tn_index_memory){0};
}

enum tn_status tn_index_memory_reserve(struct tn_index_memory *memory,
                                       const struct tn_log_entry *entries, size_t count)
{
    size_t keys = count;
    size_t commands = 0;
    for (size_t i = 0; i < count; i++) {
        keys += entries[i].stream_count;
        commands += entries[i].has_command ? 1 : 0;
    }
    if (memory->end - memory->base + count >= TN_INDEX_NONE ||
        memory->item_count + keys >= TN_INDEX_NONE) {
        return TN_MEMORY;
    }
    bool room = reserve_commands(memory, memory->command_count + commands) &&
                reserve_groups(memory, memory->group_count + keys) &&
                reserve_items(memory, memory->item_count + keys);
    return room ? TN_OK : TN_MEMORY;
}

void tn_index_memory_add(struct tn_index_memory *memory, const struct tn_log_entry *entries,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct tn_log_entry *entry = &entries[i];
        uint32_t offset = (uint32_t) (memory->end - memory->base);
        struct tn_index_key key = tn_index_kind_key(entry->kind);
        add_key(memory, &key, offset);
        for (size_t s = 0; s < entry->stream_count; s++) {
            key = tn_index_stream_key(entry->streams[s]);
            add_key(memory, &key, offset);
        }
        if (entry->has_command) {
            add_command(memory, entry->command, offset);
        }
        memory->end++;
    }
}

bool tn_index_memory_command(const struct tn_index_memory *memory,
                             const uint8_t command[static TN_ID_SIZE], uint64_t *index)
{
    size_t slot = 0;
    const struct tn_index_command *found = find_command(memory, command, &slot);
    *index = found != NULL ? memory->base + found->offset : 0;
    return found != NULL;
}

void tn_index_memory_ascend(const struct tn_index_memory *memory, const struct tn_index_key *key,
                            uint64_t from, uint64_t end, uint64_t *indices, size_t capacity,
                            size_t *count)
{
    size_t slot = 0;
    const struct tn_index_group *group = find_group(memory, key, &slot);
    if (group == NULL || memory->base + memory->items[group->last].offset < from) {
        return;
    }
    for (uint32_t i = group->first; i != TN_INDEX_NONE && *count < capacity;
         i = memory->items[i].next) {
        uint64_t index = memory->base + memory->items[i].offset;
        if (index >= end) {
            return;
        }
        if (index >= from) {
            indices[(*count)++] = index;
        }
    }
}

void tn_index_memory_descend(const struct tn_index_memory *memory, const struct tn_index_key *key,
                             uint64_t from, uint64_t *indices, size_t capacity, size_t *count)
{
    size_t slot = 0;
    const struct tn_index_group *group = find_group(memory, key, &slot);
    if (group == NULL) {
        return;
    }
    for (uint32_t i = group->last; i != TN_INDEX_NONE && *count < capacity;
         i = memory->items[i].prev) {
        uint64_t index = memory->base + memory->items[i].offset;
        if (index < from) {
            indices[(*count)++] = index;
        }
    }
}

/* Contents move, so an array doubles at least. */
static size_t larger(size_t capacity, size_t needed)
{
    capacity = capacity != 0 ? capacity : CAPACITY_MIN;
    while (capacity < needed) {
        capacity *= 2;
    }
    return capacity;
}

/* A table that grows gets empty slots, and everything finds its place again. A larger array with
 * the old slots is sound, should memory end between the two. */
static bool reserve_commands(struct tn_index_memory *memory, size_t needed)
{
    if (needed <= memory->command_capacity && memory->command_slots != NULL) {
        return true;
    }
    size_t capacity = larger(memory->command_capacity, needed);
    struct tn_index_command *commands =
        realloc(memory->commands, capacity * sizeof(*memory->commands));
    if (commands == NULL) {
        return false;
    }
    memory->commands = commands;
    uint32_t *slots = calloc(2 * capacity, sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    free(memory->command_slots);
    memory->command_slots = slots;
    memory->command_capacity = capacity;
    for (size_t i = 0; i < memory->command_count; i++) {
        size_t slot = 0;
        (void) find_command(memory, commands[i].id, &slot);
        slots[slot] = (uint32_t) i + 1;
    }
    return true;
}

static bool reserve_groups(struct tn_index_memory *memory, size_t needed)
{
    if (needed <= memory->group_capacity && memory->group_slots != NULL) {
        return true;
    }
    size_t capacity = larger(memory->group_capacity, needed);
    struct tn_index_group *groups = realloc(memory->groups, capacity * sizeof(*memory->groups));
    if (groups == NULL) {
        return false;
    }
    memory->groups = groups;
    uint32_t *slots = calloc(2 * capacity, sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    free(memory->group_slots);
    memory->group_slots = slots;
    memory->group_capacity = capacity;
    for (size_t i = 0; i < memory->group_count; i++) {
        size_t slot = 0;
        (void) find_group(memory, &groups[i].key, &slot);
        slots[slot] = (uint32_t) i + 1;
    }
    return true;
}

static bool reserve_items(struct tn_index_memory *memory, size_t needed)
{
    if (needed <= memory->item_capacity) {
        return true;
    }
    size_t capacity = larger(memory->item_capacity, needed);
    struct tn_index_item *items = realloc(memory->items, capacity * sizeof(*memory->items));
    if (items == NULL) {
        return false;
    }
    memory->items = items;
    memory->item_capacity = capacity;
    return true;
}

static size_t slot_of(const uint8_t id[static TN_ID_SIZE], uint8_t tag, size_t slot_count)
{
    uint64_t low = 0;
    uint64_t high = 0;
    memcpy(&low, id, 8);
    memcpy(&high, id + 8, 8);
    uint64_t mixed = (low ^ (high << 1) ^ tag) * 0x9e3779b97f4a7c15u;
    return (size_t) (mixed >> 24) & (slot_count - 1);
}

static void add_key(struct tn_index_memory *memory, const struct tn_index_key *key, uint32_t offset)
{
    size_t slot = 0;
    (void) find_group(memory, key, &slot);
    if (memory->group_slots[slot] == 0) {
        TN_CHECK(memory->group_count < memory->group_capacity);
        memory->groups[memory->group_count] =
            (struct tn_index_group){.key = *key, .first = TN_INDEX_NONE, .last = TN_INDEX_NONE};
        memory->group_slots[slot] = (uint32_t) ++memory->group_count;
    }
    struct tn_index_group *group = &memory->groups[memory->group_slots[slot] - 1];
    if (group->last != TN_INDEX_NONE && memory->items[group->last].offset == offset) {
        return; /* an entry names the same stream twice */
    }
    TN_CHECK(memory->item_count < memory->item_capacity);
    uint32_t item = (uint32_t) memory->item_count++;
    memory->items[item] =
        (struct tn_index_item){.offset = offset, .next = TN_INDEX_NONE, .prev = group->last};
    if (group->last == TN_INDEX_NONE) {
        group->first = item;
    } else {
        memory->items[group->last].next = item;
    }
    group->last = item;
}

/* The first entry of a command is the one that is remembered. */
static void add_command(struct tn_index_memory *memory, const uint8_t id[static TN_ID_SIZE],
                        uint32_t offset)
{
    size_t slot = 0;
    if (find_command(memory, id, &slot) != NULL) {
        return;
    }
    TN_CHECK(memory->command_count < memory->command_capacity);
    struct tn_index_command *command = &memory->commands[memory->command_count];
    memcpy(command->id, id, TN_ID_SIZE);
    command->offset = offset;
    memory->command_slots[slot] = (uint32_t) ++memory->command_count;
}

/* The group, or NULL and the empty slot where it belongs. */
static const struct tn_index_group *find_group(const struct tn_index_memory *memory,
                                               const struct tn_index_key *key, size_t *slot)
{
    if (memory->group_slots == NULL) {
        return NULL;
    }
    size_t mask = 2 * memory->group_capacity - 1;
    *slot = slot_of(key->bytes + 1, key->bytes[0], mask + 1);
    while (memory->group_slots[*slot] != 0) {
        const struct tn_index_group *group = &memory->groups[memory->group_slots[*slot] - 1];
        if (memcmp(group->key.bytes, key->bytes, TN_INDEX_KEY_BYTES) == 0) {
            return group;
        }
        *slot = (*slot + 1) & mask;
    }
    return NULL;
}

static const struct tn_index_command *find_command(const struct tn_index_memory *memory,
                                                   const uint8_t id[static TN_ID_SIZE],
                                                   size_t *slot)
{
    if (memory->command_slots == NULL) {
        return NULL;
    }
    size_t mask = 2 * memory->command_capacity - 1;
    *slot = slot_of(id, 0, mask + 1);
    while (memory->command_slots[*slot] != 0) {
        const struct tn_index_command *command =
            &memory->commands[memory->command_slots[*slot] - 1];
        if (memcmp(command->id, id, TN_ID_SIZE) == 0) {
            return command;
        }
        *slot = (*slot + 1) & mask;
    }
    return NULL;
}
