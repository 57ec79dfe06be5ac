/* A day's frozen pool. */
#include "projections/pool.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/log/tree.h"
#include "ledger/rules/rows.h"
#include "projections/keys.h"

/* Grown by doubling in the arena. */
struct loading {
    struct tn_pool *pool;
    struct tn_arena *arena;
    size_t capacity;
    struct tn_arena row_arena;
    enum tn_status status;
};

static bool grow(struct loading *loading)
{
    struct tn_pool *pool = loading->pool;
    size_t capacity = loading->capacity > 0 ? loading->capacity * 2 : 1024;
    struct tn_draw_group *groups = tn_arena_array(loading->arena, capacity, sizeof(*groups));
    uint8_t(*registrations)[TN_ID_SIZE] = tn_arena_array(loading->arena, capacity, TN_ID_SIZE);

    if (!groups || !registrations) {
        loading->status = TN_FULL;
        return false;
    }
    if (pool->count > 0) {
        memcpy(groups, pool->groups, pool->count * sizeof(*groups));
        memcpy(registrations, pool->registrations, pool->count * TN_ID_SIZE);
    }
    pool->groups = groups;
    pool->registrations = registrations;
    loading->capacity = capacity;
    return true;
}

static bool collect_group(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct loading *loading = context;
    struct tn_pool *pool = loading->pool;
    struct tn_pool_row row;
    struct tn_draw_group *group;

    tn_arena_reset(&loading->row_arena);
    loading->status = tn_record_decode_bytes(&tn_record_pool_row, value, &loading->row_arena, &row);
    if (loading->status != TN_OK || row.ports.count > TN_DRAW_GROUP_PORT_COUNT_MAX ||
        row.size > UINT8_MAX) {
        loading->status = TN_CORRUPT;
        return false;
    }
    if (row.state != TN_POOL_ASKED) {
        return true;
    }
    if (pool->count == loading->capacity && !grow(loading)) {
        return false;
    }
    memcpy(pool->registrations[pool->count], row.registration, TN_ID_SIZE);
    group = &pool->groups[pool->count++];
    memset(group, 0, sizeof(*group));
    memcpy(group->gid, key.data + key.size - TN_ID_SIZE, TN_ID_SIZE);
    group->registered_day = (uint32_t) row.registered_day;
    group->size = (uint8_t) row.size;
    group->port_count = (uint8_t) row.ports.count;
    for (size_t i = 0; i < row.ports.count; i++) {
        group->ports[i] = (uint16_t) row.ports.items[i];
    }
    group->opened = true;
    return true;
}

enum tn_status tn_pool_load(struct tn_rows *queue, uint64_t day, struct tn_arena *arena,
                            struct tn_pool *pool, struct tn_error *error)
{
    struct loading loading = {.pool = pool, .arena = arena};
    struct tn_row_key prefix = tn_key_pool(day);
    enum tn_status status;

    *pool = (struct tn_pool){.day = day};
    tn_arena_init(&loading.row_arena, (size_t) 1 << 16);
    status = tn_rows_scan(queue, tn_row_key_view(&prefix), tn_bytes(NULL, 0), collect_group,
                          &loading, error);
    tn_arena_close(&loading.row_arena);
    if (status == TN_OK && loading.status != TN_OK) {
        status = tn_fail(error, loading.status, "the pool of day %" PRIu64 " cannot be read", day);
    }
    return status;
}

void tn_pool_salt(struct tn_pool *pool, const uint8_t gid_key[static TN_HASH_SIZE])
{
    for (size_t i = 0; i < pool->count; i++) {
        tn_draw_salt(pool->groups[i].salt, gid_key, (uint32_t) pool->day, pool->registrations[i]);
    }
}

void tn_pool_root(const struct tn_pool *pool, uint8_t root[static TN_HASH_SIZE])
{
    struct tn_merkle merkle;
    uint8_t leaf[TN_DRAW_LEAF_SIZE];

    tn_merkle_init(&merkle);
    for (size_t i = 0; i < pool->count; i++) {
        tn_draw_leaf(&pool->groups[i], leaf);
        tn_merkle_add_leaf(&merkle, tn_bytes(leaf, sizeof(leaf)));
    }
    tn_merkle_root(&merkle, root);
}
