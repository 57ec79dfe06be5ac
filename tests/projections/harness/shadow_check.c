/* The shadow's checks: rows against what was counted. */
#include <string.h>

#include "ledger/rules/rows.h"
#include "ledger/rules/seats.h"
#include "projections/keys.h"
#include "tests/projections/harness/shadow_internal.h"

static struct tn_port_date_row read_date(struct shadow *shadow, uint64_t port, uint64_t date)
{
    struct tn_port_date_row row;
    struct tn_error error = {0};
    bool found = false;
    enum tn_status status = TN_READ(shadow->state->rows[TN_CORE_SEATS],
                                    tn_key_port_date(port, date), port_date_row, &shadow->arena,
                                    &row, &found, &error);

    assert_int_equal(status, TN_OK);
    assert_true(found);
    return row;
}

/* R10: one slot of a port at most, by size_max - 1 at most. */
static void check_free(struct shadow *shadow, struct shadow_slot *slot, int64_t free)
{
    bool negative = free < 0;

    assert_true(free >= -(int64_t) shadow->overshoot_max);
    if (negative && !slot->negative) {
        for (size_t i = 0; i < shadow->slot_count; i++) {
            if (shadow->slots[i].port == slot->port && shadow->slots[i].negative &&
                &shadow->slots[i] != slot) {
                fail_msg("port %u: two slots owe seats", (unsigned) slot->port);
            }
        }
    }
    slot->negative = negative;
}

/* P7: the folds check each slot they change themselves; here every slot of the dates that the event
 * named, with the sum written out. A negative slot is checked after those that stopped to be
 * negative. */
void shadow_check_event(struct shadow *shadow)
{
    uint64_t port = UINT64_MAX;
    uint64_t date = 0;
    struct tn_port_date_row row = {0};

    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < shadow->touched_count; i++) {
            struct shadow_slot *slot = &shadow->slots[shadow->touched_slots[i]];
            const struct tn_slot_row *stored;

            if (!slot->fresh) {
                continue;
            }
            if (slot->port != port || slot->date != date) {
                tn_arena_reset(&shadow->arena);
                row = read_date(shadow, slot->port, slot->date);
                port = slot->port;
                date = slot->date;
            }
            stored = tn_slot_find(&row, slot->minute);
            assert_non_null(stored);
            shadow->checks++;
            assert_int_equal(stored->free + (int64_t) (stored->offered + stored->confirmed +
                                                       stored->used + stored->expired),
                             (int64_t) (stored->published + stored->moved_in - stored->moved_out));
            if ((stored->free < 0) == (pass == 1)) {
                check_free(shadow, slot, stored->free);
                slot->fresh = false;
            }
        }
    }
    for (size_t i = 0; i < shadow->tally_count; i++) {
        struct shadow_tally *tally = &shadow->tallies[i];
        struct tn_day_tally_row counts;
        struct tn_error error = {0};
        bool found;

        if (!tally->fresh) {
            continue;
        }
        tally->fresh = false;
        assert_int_equal(TN_READ(shadow->state->rows[TN_CORE_QUEUE], tn_key_tally(tally->day),
                                 day_tally_row, &shadow->arena, &counts, &found, &error),
                         TN_OK);
        /* R23, with those who were turned away */
        assert_int_equal(counts.offered,
                         counts.accepted + counts.declined + counts.lapsed + counts.open);
        assert_int_equal(counts.accepted, counts.presented + counts.missed + counts.turned_away +
                                              counts.cancelled + counts.to_come);
        shadow->checks++;
    }
}

static void settle_slot(struct shadow *shadow, struct shadow_slot *slot)
{
    struct tn_port_date_row row = read_date(shadow, slot->port, slot->date);
    const struct tn_slot_row *stored = tn_slot_find(&row, slot->minute);

    assert_non_null(stored);
    assert_int_equal(stored->published, slot->published);
    assert_int_equal(stored->moved_in, slot->moved_in);
    assert_int_equal(stored->moved_out, slot->moved_out);
    assert_int_equal(stored->offered, slot->offered);
    assert_int_equal(stored->confirmed, slot->confirmed);
    assert_int_equal(stored->used, slot->used);
    assert_int_equal(stored->expired, slot->expired);
    assert_int_equal(stored->free, slot->published + slot->moved_in - slot->moved_out -
                                       slot->offered - slot->confirmed - slot->used -
                                       slot->expired);
    assert_int_equal(slot->negative, stored->free < 0);
    slot->touched = false;
    shadow->checks++;
}

static void settle_tally(struct shadow *shadow, struct shadow_tally *tally)
{
    const uint64_t *counts = tally->counts;
    struct tn_day_tally_row row;
    struct tn_error error = {0};
    bool found;

    assert_int_equal(TN_READ(shadow->state->rows[TN_CORE_QUEUE], tn_key_tally(tally->day),
                             day_tally_row, &shadow->arena, &row, &found, &error),
                     TN_OK);
    assert_int_equal(row.open, counts[SHADOW_OPEN]);
    assert_int_equal(row.declined, counts[SHADOW_DECLINED]);
    assert_int_equal(row.lapsed, counts[SHADOW_LAPSED]);
    assert_int_equal(row.to_come, counts[SHADOW_CONFIRMED]);
    assert_int_equal(row.cancelled, counts[SHADOW_CANCELLED]);
    assert_int_equal(row.presented, counts[SHADOW_PRESENTED]);
    assert_int_equal(row.turned_away, counts[SHADOW_TURNED_AWAY]);
    assert_int_equal(row.missed, counts[SHADOW_MISSED]);
    tally->touched = false;
    shadow->checks++;
}

static void settle_person(struct shadow *shadow, const struct shadow_group *group,
                          const uint8_t *id)
{
    uint32_t place = index_get(&shadow->person_index, id);
    const struct shadow_person *person = &shadow->persons[place - 1];
    struct tn_person_row row;
    struct tn_error error = {0};
    bool found;

    assert_int_not_equal(place, 0);
    assert_int_equal(TN_READ(shadow->state->rows[TN_CORE_REGISTRATIONS], tn_key_person(id),
                             person_row, &shadow->arena, &row, &found, &error),
                     TN_OK);
    assert_true(found);
    assert_int_equal(row.live, person->group != 0);
    if (group->live) { /* R05 */
        assert_int_equal(row.live, 1);
        assert_memory_equal(row.registration, group->id, TN_ID_SIZE);
    }
    shadow->checks++;
}

static void settle_group(struct shadow *shadow, struct shadow_group *group)
{
    struct tn_registration_row row;
    struct tn_error error = {0};
    bool found;

    assert_int_equal(TN_READ(shadow->state->rows[TN_CORE_REGISTRATIONS],
                             tn_key_registration(group->id), registration_row, &shadow->arena, &row,
                             &found, &error),
                     TN_OK);
    assert_true(found);
    assert_int_equal(row.state == TN_REGISTRATION_LIVE, group->live);
    assert_int_equal(row.members.count, group->count);
    assert_int_equal(row.registered_day, shadow_seniority(group));
    if (group->offer == 0) {
        assert_int_equal(row.holding, TN_HOLDS_NOTHING);
    } else {
        const struct shadow_offer *offer = &shadow->offers[group->offer - 1];

        assert_int_equal(row.holding,
                         offer->state == SHADOW_OPEN ? TN_HOLDS_OFFER : TN_HOLDS_APPOINTMENT);
        assert_memory_equal(row.offer, offer->id, TN_ID_SIZE);
    }
    for (size_t i = 0; i < group->count; i++) {
        assert_memory_equal(row.members.items[i].member, group->members[i], TN_ID_SIZE);
        assert_memory_equal(row.members.items[i].person, group->persons[i], TN_ID_SIZE);
        settle_person(shadow, group, group->persons[i]);
    }
    group->touched = false;
    shadow->checks++;
}

void shadow_settle(struct shadow *shadow)
{
    assert_int_equal(shadow->returns_owed, 0);
    for (size_t i = 0; i < shadow->touched_count; i++) {
        tn_arena_reset(&shadow->arena);
        settle_slot(shadow, &shadow->slots[shadow->touched_slots[i]]);
    }
    for (size_t i = 0; i < shadow->touched_group_count; i++) {
        tn_arena_reset(&shadow->arena);
        settle_group(shadow, &shadow->groups[shadow->touched_groups[i]]);
    }
    for (size_t i = 0; i < shadow->tally_count; i++) {
        tn_arena_reset(&shadow->arena);
        if (shadow->tallies[i].touched) {
            settle_tally(shadow, &shadow->tallies[i]);
        }
    }
    shadow->touched_count = 0;
    shadow->touched_group_count = 0;
}

void shadow_check_all(struct shadow *shadow)
{
    for (size_t i = 0; i < shadow->slot_count; i++) {
        tn_arena_reset(&shadow->arena);
        settle_slot(shadow, &shadow->slots[i]);
    }
    for (size_t i = 0; i < shadow->group_count; i++) {
        tn_arena_reset(&shadow->arena);
        settle_group(shadow, &shadow->groups[i]);
    }
    for (size_t i = 0; i < shadow->tally_count; i++) {
        tn_arena_reset(&shadow->arena);
        settle_tally(shadow, &shadow->tallies[i]);
    }
}
