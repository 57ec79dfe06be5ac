/* Reading rows and events for the tests. */
#include "ledger/base/check.h"
#include "ledger/rules/seats.h"
#include "projections/keys.h"
#include "tests/projections/harness/harness.h"

#define READ(core, key, record, row, found)                                                        \
    HARNESS_MUST(TN_READ(harness->decider.state->rows[core], key, record, &harness->arena, row,    \
                         found, &harness->error),                                                  \
                 &harness->error)

void read_registration(struct harness *harness, uint64_t registration,
                       struct tn_registration_row *row, bool *found)
{
    uint8_t id[TN_ID_SIZE];

    make_id(id, 'r', registration);
    READ(TN_CORE_REGISTRATIONS, tn_key_registration(id), registration_row, row, found);
}

void read_offer(struct harness *harness, const uint8_t offer[static TN_ID_SIZE],
                struct tn_offer_row *row, bool *found)
{
    READ(TN_CORE_QUEUE, tn_key_offer(offer), offer_row, row, found);
}

void read_queue(struct harness *harness, struct tn_queue_row *row)
{
    bool found;

    READ(TN_CORE_QUEUE, tn_key_queue(), queue_row, row, &found);
}

void read_day(struct harness *harness, uint64_t day, struct tn_day_row *row, bool *found)
{
    READ(TN_CORE_QUEUE, tn_key_day(day), day_row, row, found);
}

void read_slot(struct harness *harness, uint64_t port, uint64_t date, uint64_t minute,
               struct tn_slot_row *slot)
{
    struct tn_port_date_row row;
    const struct tn_slot_row *one;
    bool found;

    READ(TN_CORE_SEATS, tn_key_port_date(port, date), port_date_row, &row, &found);
    one = tn_slot_find(&row, minute);
    assert_non_null(one);
    *slot = *one;
}

void read_tally(struct harness *harness, uint64_t day, struct tn_day_tally_row *row)
{
    bool found;

    READ(TN_CORE_QUEUE, tn_key_tally(day), day_tally_row, row, &found);
}

void read_port(struct harness *harness, uint64_t port, struct tn_port_row *row)
{
    bool found;

    READ(TN_CORE_SEATS, tn_key_port(port), port_row, row, &found);
}

void read_pool(struct harness *harness, uint64_t day, uint64_t registration,
               struct tn_pool_row *row, bool *found)
{
    uint8_t id[TN_ID_SIZE];
    uint8_t gid[TN_ID_SIZE];
    struct tn_queue_row queue;

    read_queue(harness, &queue);
    make_id(id, 'r', registration);
    tn_draw_gid(gid, queue.gid_key, (uint32_t) day, id);
    READ(TN_CORE_QUEUE, tn_key_pool_entry(day, gid), pool_row, row, found);
}

void read_event(struct harness *harness, uint64_t index, struct tn_event *event)
{
    struct tn_buffer entry;
    struct tn_bytes copy;

    place_commit(&harness->place);
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    HARNESS_MUST(tn_log_read(harness->place.log, index, &entry, &harness->error), &harness->error);
    copy = tn_arena_copy(&harness->arena, tn_buffer_view(&entry));
    HARNESS_MUST(tn_event_decode(copy, index, &harness->arena, event, &harness->error),
                 &harness->error);
    tn_buffer_close(&entry);
}

uint64_t count_kind(struct harness *harness, enum tn_kind_number kind, uint64_t *last)
{
    uint64_t from = 0;
    uint64_t total = 0;
    uint64_t indices[64];
    size_t count = TN_ARRAY_SIZE(indices);

    place_commit(&harness->place);
    *last = UINT64_MAX;
    while (count == TN_ARRAY_SIZE(indices)) {
        HARNESS_MUST(tn_log_read_kind(harness->place.log, kind, from, false, indices, &count,
                                      &harness->error),
                     &harness->error);
        total += count;
        if (count > 0) {
            *last = indices[count - 1];
            from = *last + 1;
        }
    }
    return total;
}
