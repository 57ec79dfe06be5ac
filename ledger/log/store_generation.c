/* Generations of families: NAME.N takes the place of NAME.M, and N is greater than every M there
 * was since the opening. RocksDB 7.8 makes the families of a secondary by their names as it reads
 * the manifest from its start; where one stands there that was dropped and made anew, the secondary
 * crashes. An opening for writing begins a new manifest with the families that there are, so what
 * was dropped before it is forgotten, here as there. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/log/store_internal.h"

struct tn_generation {
    struct tn_generation *next;
    uint64_t highest;
    char name[TN_FAMILY_NAME_MAX + 1]; /* without the number */
};

uint64_t tn_family_generation(const char *family, const char *name)
{
    size_t size = strlen(name);
    uint64_t generation = 0;

    if (strncmp(family, name, size) != 0 || family[size] != '.' || family[size + 1] == '\0') {
        return 0;
    }
    for (const char *digit = family + size + 1; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9' || generation > UINT64_MAX / 10 - 1) {
            return 0;
        }
        generation = generation * 10 + (uint64_t) (*digit - '0');
    }
    return generation;
}

static struct tn_generation *find(const struct tn_store *store, const char *name)
{
    struct tn_generation *known = store->generations;

    while (known != NULL && strcmp(known->name, name) != 0) {
        known = known->next;
    }
    return known;
}

/* What stands before the last point; empty when nothing does. */
static void name_of(const char *family, char name[static TN_FAMILY_NAME_MAX + 1])
{
    const char *point = strrchr(family, '.');
    size_t size = point != NULL ? (size_t) (point - family) : 0;

    memset(name, 0, TN_FAMILY_NAME_MAX + 1);
    memcpy(name, family, size);
}

enum tn_status tn_store_generation_note(struct tn_store *store, const char *family,
                                        struct tn_error *error)
{
    char name[TN_FAMILY_NAME_MAX + 1];

    name_of(family, name);
    uint64_t generation = tn_family_generation(family, name);
    struct tn_generation *known = find(store, name);
    if (generation == 0) {
        return TN_OK;
    }
    if (known == NULL) {
        known = calloc(1, sizeof(*known));
        if (known == NULL) {
            return tn_fail(error, TN_MEMORY, "no memory for family %s", family);
        }
        memcpy(known->name, name, sizeof(name));
        known->next = store->generations;
        store->generations = known;
    }
    known->highest = generation > known->highest ? generation : known->highest;
    return TN_OK;
}

enum tn_status tn_store_generation_take(struct tn_store *store, const char *family,
                                        struct tn_error *error)
{
    char name[TN_FAMILY_NAME_MAX + 1];

    name_of(family, name);
    uint64_t generation = tn_family_generation(family, name);
    const struct tn_generation *known = find(store, name);
    if (generation != 0 && known != NULL && generation <= known->highest) {
        return tn_fail(error, TN_DENIED,
                       "family %s: since %s was opened there was one of generation %" PRIu64,
                       family, store->path, known->highest);
    }
    return tn_store_generation_note(store, family, error);
}

uint64_t tn_store_generation(struct tn_store *store, const char *name)
{
    pthread_rwlock_rdlock(&store->families_lock);
    const struct tn_generation *known = find(store, name);
    uint64_t highest = known != NULL ? known->highest : 0;
    pthread_rwlock_unlock(&store->families_lock);
    return highest;
}

void tn_store_generations_close(struct tn_store *store)
{
    while (store->generations != NULL) {
        struct tn_generation *known = store->generations;

        store->generations = known->next;
        free(known);
    }
}
