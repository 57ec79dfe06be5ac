/* The pool of readers. */
#include "api/query/reader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/base/endian.h"
#include "projections/keys.h"

struct tn_query {
    struct tn_ledger *ledger;
    pthread_mutex_t lock;
    struct tn_reader *idle; /* the last given back first: its caches are warm */
    size_t count;           /* of all readers */
    size_t taken;
};

enum tn_status tn_query_open(struct tn_ledger *ledger, struct tn_query **out,
                             struct tn_error *error)
{
    struct tn_query *query = calloc(1, sizeof(*query));

    *out = NULL;
    if (!query) {
        return tn_fail(error, TN_MEMORY, "no memory for readers");
    }
    query->ledger = ledger;
    pthread_mutex_init(&query->lock, NULL);
    *out = query;
    return TN_OK;
}

static void destroy_reader(struct tn_reader *reader)
{
    if (reader->open) {
        tn_views_close(&reader->views);
    }
    tn_policies_close(&reader->policies);
    tn_arena_close(&reader->arena);
    free(reader->tokens);
    free(reader->officers);
    free(reader);
}

/* With the lock held. */
static void let_go(struct tn_reader *reader)
{
    if (reader->open && reader->epoch != atomic_load(&reader->ledger->epoch)) {
        tn_views_close(&reader->views);
        reader->open = false;
    }
}

void tn_query_forget(struct tn_query *query)
{
    pthread_mutex_lock(&query->lock);
    for (struct tn_reader *reader = query->idle; reader; reader = reader->next) {
        let_go(reader);
    }
    pthread_mutex_unlock(&query->lock);
}

void tn_query_close(struct tn_query *query)
{
    if (!query) {
        return;
    }
    TN_CHECK(query->taken == 0);
    while (query->idle) {
        struct tn_reader *reader = query->idle;

        query->idle = reader->next;
        destroy_reader(reader);
    }
    pthread_mutex_destroy(&query->lock);
    free(query);
}

static struct tn_reader *create_reader(struct tn_query *query)
{
    struct tn_reader *reader = calloc(1, sizeof(*reader));

    if (reader) {
        reader->query = query;
        reader->ledger = query->ledger;
        tn_arena_init(&reader->arena, TN_READER_ARENA_BYTES);
        reader->tokens = calloc(TN_READER_TOKENS, sizeof(*reader->tokens));
        reader->officers = calloc(TN_READER_OFFICERS, sizeof(*reader->officers));
    }
    if (reader && (!reader->tokens || !reader->officers)) {
        destroy_reader(reader);
        return NULL;
    }
    return reader;
}

/* Views on the families that are current now. */
static enum tn_status refresh(struct tn_reader *reader, struct tn_error *error)
{
    uint64_t epoch = atomic_load(&reader->ledger->epoch);
    bool stale = false;
    enum tn_status status = TN_OK;

    if (reader->open && reader->epoch == epoch) {
        return TN_OK;
    }
    memset(reader->tokens, 0, TN_READER_TOKENS * sizeof(*reader->tokens));
    memset(reader->officers, 0, TN_READER_OFFICERS * sizeof(*reader->officers));
    reader->window_policy = NULL;
    reader->policies_fresh = false;
    if (reader->open) {
        status = tn_views_stale(&reader->views, &stale, error);
    }
    if (status == TN_OK && stale) {
        tn_views_close(&reader->views);
        reader->open = false;
    }
    if (status == TN_OK && !reader->open) {
        status = tn_views_open(reader->ledger->store, NULL, &reader->views, error);
        reader->open = status == TN_OK;
    }
    if (status == TN_OK) {
        reader->epoch = epoch;
    }
    return status;
}

enum tn_status tn_reader_take(struct tn_query *query, struct tn_reader **out,
                              struct tn_error *error)
{
    struct tn_reader *reader;
    bool full = false;
    enum tn_status status;

    *out = NULL;
    pthread_mutex_lock(&query->lock);
    reader = query->idle;
    if (reader) {
        query->idle = reader->next;
    } else {
        full = query->count == TN_READERS_MAX;
        query->count += full ? 0 : 1;
    }
    query->taken += full ? 0 : 1;
    pthread_mutex_unlock(&query->lock);
    if (full) {
        return tn_fail(error, TN_BUSY, "%u readers are at work", TN_READERS_MAX);
    }
    if (!reader) {
        reader = create_reader(query);
    }
    if (!reader) {
        pthread_mutex_lock(&query->lock);
        query->count--;
        query->taken--;
        pthread_mutex_unlock(&query->lock);
        return tn_fail(error, TN_MEMORY, "no memory for a reader");
    }
    tn_arena_reset(&reader->arena);
    status = refresh(reader, error);
    if (status != TN_OK) {
        tn_reader_give(reader);
        return status;
    }
    *out = reader;
    return TN_OK;
}

void tn_reader_give(struct tn_reader *reader)
{
    struct tn_query *query = reader->query;

    pthread_mutex_lock(&query->lock);
    let_go(reader);
    reader->next = query->idle;
    query->idle = reader;
    query->taken--;
    pthread_mutex_unlock(&query->lock);
}

enum tn_status tn_reader_token(struct tn_reader *reader, const uint8_t hash[static TN_HASH_SIZE],
                               struct tn_token_row *row, bool *found, struct tn_error *error)
{
    struct tn_reader_token *slot = &reader->tokens[tn_get_be32(hash) & (TN_READER_TOKENS - 1)];
    enum tn_status status;

    if (slot->role != 0 && memcmp(slot->hash, hash, TN_HASH_SIZE) == 0) {
        row->role = slot->role;
        memcpy(row->id, slot->id, TN_ID_SIZE);
        *found = true;
        return TN_OK;
    }
    status = TN_READ(reader->views.rows[TN_CORE_ACCESS], tn_key_token(hash), token_row,
                     &reader->arena, row, found, error);
    if (status == TN_OK && *found) {
        memcpy(slot->hash, hash, TN_HASH_SIZE);
        memcpy(slot->id, row->id, TN_ID_SIZE);
        slot->role = row->role;
    }
    return status;
}

enum tn_status tn_reader_officer(struct tn_reader *reader, const uint8_t officer[static TN_ID_SIZE],
                                 struct tn_officer_row *row, bool *found, struct tn_error *error)
{
    struct tn_reader_officer *slot =
        &reader->officers[tn_get_be32(officer) & (TN_READER_OFFICERS - 1)];
    enum tn_status status;

    if (slot->known && memcmp(slot->id, officer, TN_ID_SIZE) == 0) {
        *row = slot->row;
        *found = true;
        return TN_OK;
    }
    status = TN_READ(reader->views.rows[TN_CORE_ACCESS], tn_key_officer(officer), officer_row,
                     &reader->arena, row, found, error);
    if (status == TN_OK && *found) {
        memcpy(slot->id, officer, TN_ID_SIZE);
        slot->row = *row;
        slot->known = true;
    }
    return status;
}

enum tn_status tn_reader_registration(struct tn_reader *reader,
                                      const uint8_t registration[static TN_ID_SIZE],
                                      struct tn_registration_row *row, bool *found,
                                      struct tn_error *error)
{
    return TN_READ(reader->views.rows[TN_CORE_REGISTRATIONS], tn_key_registration(registration),
                   registration_row, &reader->arena, row, found, error);
}

/* The version of the latest open day whose window contains the instant; 0: none does. */
static enum tn_status window_version(struct tn_reader *reader, const struct tn_queue_row *queue,
                                     uint64_t now_us, uint64_t *version, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    *version = 0;
    for (size_t i = queue->open_days.count; status == TN_OK && i > 0 && *version == 0; i--) {
        struct tn_day_row day;
        bool found;

        status = TN_READ(reader->views.rows[TN_CORE_QUEUE],
                         tn_key_day(queue->open_days.items[i - 1]), day_row, &reader->arena, &day,
                         &found, error);
        if (status == TN_OK && found && now_us >= day.opens_us && now_us < day.closes_us) {
            *version = day.policy;
            reader->window_opens_us = day.opens_us;
            reader->window_closes_us = day.closes_us;
        }
    }
    return status;
}

/* Without a look at any row, from what was read since the epoch moved. */
static const struct tn_policy *remembered_policy(const struct tn_reader *reader, uint64_t now_us,
                                                 bool window)
{
    if (!window) {
        return reader->policies_fresh ? tn_policies_in_force(&reader->policies, now_us) : NULL;
    }
    return now_us >= reader->window_opens_us && now_us < reader->window_closes_us
               ? reader->window_policy
               : NULL;
}

enum tn_status tn_reader_policy(struct tn_reader *reader, uint64_t now_us, bool window,
                                const struct tn_policy **policy, struct tn_error *error)
{
    struct tn_rows *rows = reader->views.rows[TN_CORE_QUEUE];
    struct tn_queue_row queue;
    uint64_t version = 0;
    bool found;
    enum tn_status status;

    *policy = remembered_policy(reader, now_us, window);
    if (*policy) {
        return TN_OK;
    }
    status = TN_READ(rows, tn_key_queue(), queue_row, &reader->arena, &queue, &found, error);
    if (status == TN_OK && queue.policies > reader->policies.count) {
        status = tn_policies_load(&reader->policies, rows, &reader->arena, error);
    }
    reader->policies_fresh = status == TN_OK;
    if (status == TN_OK && window) {
        status = window_version(reader, &queue, now_us, &version, error);
        reader->window_policy = version > 0 ? tn_policies_version(&reader->policies, version)
                                            : NULL;
    }
    if (status == TN_OK) {
        *policy = version > 0 ? reader->window_policy
                              : tn_policies_in_force(&reader->policies, now_us);
    }
    return status;
}

enum tn_status tn_reader_today(struct tn_reader *reader, const struct tn_policy *policy,
                               uint64_t now_us, uint64_t *today, struct tn_error *error)
{
    uint64_t minute = now_us / TN_MINUTE_US;
    enum tn_status status = TN_OK;

    if (reader->today_minute != minute || reader->today_policy != policy->version) {
        status = tn_ledger_today(policy, now_us, &reader->today, error);
        reader->today_minute = status == TN_OK ? minute : 0;
        reader->today_policy = policy->version;
    }
    *today = reader->today;
    return status;
}
