/* Tickets: under which group a person asked for a day, and what a closed pool holds. */
#include <string.h>

#include "ledger/rules/rows.h"
#include "projections/keys.h"
#include "tests/projections/harness/shadow_internal.h"

uint64_t shadow_seniority(const struct shadow_group *group)
{
    uint64_t day = 0;

    for (size_t i = 0; i < group->count; i++) {
        day = group->adults[i] && group->days[i] > day ? group->days[i] : day;
    }
    return day;
}

/* The first group under which a person asks for a day has their ticket. */
void shadow_asked(struct shadow *shadow, const struct shadow_group *group,
                  struct shadow_person *person)
{
    if (group->asked_day > person->asked_day) {
        person->asked_day = group->asked_day;
        person->asked_group = (uint32_t) (group - shadow->groups) + 1;
    }
}

struct pool {
    struct shadow *shadow;
    uint64_t day;
    uint64_t groups;
};

static bool check_pooled(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct pool *pool = context;
    struct shadow *shadow = pool->shadow;
    const struct shadow_group *group;
    struct tn_pool_row row;

    (void) key;
    tn_arena_reset(&shadow->arena);
    assert_int_equal(tn_record_decode_bytes(&tn_record_pool_row, value, &shadow->arena, &row),
                     TN_OK);
    if (row.state != TN_POOL_ASKED) {
        return true;
    }
    group = shadow_find_group(shadow, row.registration);
    assert_non_null(group);
    assert_true(group->live && group->offer == 0);
    assert_int_equal(row.size, group->count);
    assert_int_equal(row.registered_day, shadow_seniority(group));
    for (size_t i = 0; i < group->count; i++) { /* R06 */
        const struct shadow_person *person = shadow_person_of(shadow, group->persons[i]);

        if (person->asked_day == pool->day && (row.carried || row.held) &&
            person->asked_group != (uint32_t) (group - shadow->groups) + 1) {
            /* Its request is of an earlier day; who asked elsewhere came by a merge: one ticket. */
            assert_false(shadow->groups[person->asked_group - 1].live);
        } else if (person->asked_day == pool->day) {
            assert_int_equal(person->asked_group, (uint32_t) (group - shadow->groups) + 1);
        }
    }
    pool->groups++;
    return true;
}

void shadow_check_pool(struct shadow *shadow, const struct tn_pool_closed *closed)
{
    struct pool pool = {.shadow = shadow, .day = closed->day};
    struct tn_row_key prefix = tn_key_pool(closed->day);
    struct tn_error error = {0};

    assert_int_equal(tn_rows_scan(shadow->state->rows[TN_CORE_QUEUE], tn_row_key_view(&prefix),
                                  tn_bytes(NULL, 0), check_pooled, &pool, &error),
                     TN_OK);
    assert_int_equal(closed->groups, pool.groups);
    shadow->pooled += pool.groups;
}
