/* Fetching rows for the rules. */
#include "projections/fetch.h"

#include <string.h>

#include "projections/keys.h"

enum tn_status tn_fetch_begin(struct tn_fetch *fetch, struct tn_decider *decider,
                              const struct tn_command *command, struct tn_verdict *verdict,
                              struct tn_error *error)
{
    bool found;

    *fetch = (struct tn_fetch){
        .decider = decider,
        .verdict = verdict,
        .arena = verdict->arena,
        .error = error,
        .command = command,
    };
    return TN_READ(decider->state->rows[TN_CORE_QUEUE], tn_key_queue(), queue_row, fetch->arena,
                   &fetch->queue, &found, error);
}

const struct tn_policy *tn_fetch_policy(struct tn_fetch *fetch, const struct tn_day_row *day)
{
    if (day) {
        return tn_policies_version(&fetch->decider->policies, day->policy);
    }
    return tn_policies_in_force(&fetch->decider->policies, fetch->verdict->time_us);
}

enum tn_status tn_fetch_day(struct tn_fetch *fetch, uint64_t day, struct tn_day_row *row,
                            bool *found)
{
    return TN_READ(fetch->decider->state->rows[TN_CORE_QUEUE], tn_key_day(day), day_row,
                   fetch->arena, row, found, fetch->error);
}

enum tn_status tn_fetch_open_day(struct tn_fetch *fetch, uint64_t *day, struct tn_day_row *row,
                                 bool *found)
{
    enum tn_status status = TN_OK;

    *day = 0;
    *found = false;
    for (size_t i = fetch->queue.open_days.count; status == TN_OK && i-- > 0 && !*found;) {
        status = tn_fetch_day(fetch, fetch->queue.open_days.items[i], row, found);
        *found = *found && fetch->verdict->time_us >= row->opens_us &&
                 fetch->verdict->time_us < row->closes_us;
        *day = *found ? fetch->queue.open_days.items[i] : 0;
    }
    return status;
}

enum tn_status tn_fetch_pool(struct tn_fetch *fetch, uint64_t day,
                             const uint8_t registration[static TN_ID_SIZE], struct tn_pool_row *row,
                             bool *found)
{
    uint8_t gid[TN_ID_SIZE];

    tn_draw_gid(gid, fetch->queue.gid_key, (uint32_t) day, registration);
    return TN_READ(fetch->decider->state->rows[TN_CORE_QUEUE], tn_key_pool_entry(day, gid),
                   pool_row, fetch->arena, row, found, fetch->error);
}

enum tn_status tn_fetch_chain(struct tn_fetch *fetch, const uint8_t owner[static TN_ID_SIZE],
                              struct tn_chain_row *row, bool *found)
{
    return TN_READ(fetch->decider->state->rows[TN_CORE_QUEUE], tn_key_chain(owner), chain_row,
                   fetch->arena, row, found, fetch->error);
}

enum tn_status tn_fetch_port_dates(struct tn_fetch *fetch, uint64_t port, uint64_t from,
                                   uint64_t to, struct tn_port_date **dates, size_t *count)
{
    size_t all = from <= to ? (size_t) (to - from) + 1 : 0;
    enum tn_status status = TN_OK;

    *count = 0;
    *dates = tn_arena_array(fetch->arena, all, sizeof(**dates));
    if (!*dates) {
        return TN_FULL;
    }
    for (size_t i = 0; status == TN_OK && i < all; i++) {
        bool found;

        (*dates)[i].date = from + i;
        status = TN_READ(fetch->decider->state->rows[TN_CORE_SEATS],
                         tn_key_port_date(port, from + i), port_date_row, fetch->arena,
                         &(*dates)[i].row, &found, fetch->error);
        *count = i + 1;
    }
    return status;
}

/* ---- what a pool can hold ---- */

struct slot_count {
    struct tn_arena arena;
    uint64_t most;
    enum tn_status status;
};

static bool count_slots(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct slot_count *count = context;
    struct tn_port_date_row row;

    (void) key;
    tn_arena_reset(&count->arena);
    count->status = tn_record_decode_bytes(&tn_record_port_date_row, value, &count->arena, &row);
    if (count->status == TN_OK && row.slots.count > count->most) {
        count->most = row.slots.count;
    }
    return count->status == TN_OK;
}

/* The earliest day whose pool may still close: days are opened in their order. */
static uint64_t first_closing(const struct tn_fetch *fetch)
{
    const struct tn_uints *open_days = &fetch->queue.open_days;

    return open_days->count > 0 ? open_days->items[0] : fetch->queue.last_day + 1;
}

/* The slots of the port's fullest date that a close may still offer: none before the day itself.
 * The port's `first_date` would not do, for it stands still while no policy has the port. */
static enum tn_status reach_dates(struct tn_fetch *fetch, uint64_t port,
                                  struct tn_pool_reach *reach)
{
    struct tn_rows *rows = fetch->decider->state->rows[TN_CORE_SEATS];
    struct tn_row_key prefix = tn_key_port_dates(port);
    struct tn_row_key from = tn_key_port_date(port, first_closing(fetch));
    struct slot_count count = {.status = TN_OK};

    tn_arena_init(&count.arena, (size_t) 1 << 20);
    enum tn_status status = tn_rows_scan(rows, tn_row_key_view(&prefix), tn_row_key_view(&from),
                                         count_slots, &count, fetch->error);
    tn_arena_close(&count.arena);
    if (status == TN_OK && count.status != TN_OK) {
        status = tn_fail(fetch->error, count.status, "the seats of a port cannot be read");
    }
    if (status == TN_OK) {
        tn_pool_reach_port(reach, port, count.most);
    }
    return status;
}

/* The earliest version under which a pool may still close. */
static enum tn_status first_version(struct tn_fetch *fetch, uint64_t *version)
{
    const struct tn_policy *policy = tn_fetch_policy(fetch, NULL);
    enum tn_status status = TN_OK;

    *version = policy ? policy->version : 1;
    for (size_t i = 0; status == TN_OK && i < fetch->queue.open_days.count; i++) {
        struct tn_day_row day;
        bool found;

        status = tn_fetch_day(fetch, fetch->queue.open_days.items[i], &day, &found);
        if (status == TN_OK && found && day.policy < *version) {
            *version = day.policy;
        }
    }
    return status;
}

/* Each port once, whichever policies it is in. */
static enum tn_status reach_ports(struct tn_fetch *fetch, const struct tn_policy *policy,
                                  uint8_t *looked_at, struct tn_pool_reach *reach)
{
    enum tn_status status = TN_OK;

    for (uint32_t p = 0; status == TN_OK && p < policy->port_count; p++) {
        uint16_t port = policy->ports[p].code;

        status = looked_at[port] ? TN_OK : reach_dates(fetch, port, reach);
        looked_at[port] = 1;
    }
    return status;
}

enum tn_status tn_fetch_pool_reach(struct tn_fetch *fetch, const struct tn_policy *next,
                                   struct tn_pool_reach *reach)
{
    const struct tn_policies *policies = &fetch->decider->policies;
    uint8_t *looked_at = tn_arena_alloc(fetch->arena, UINT16_MAX + 1);
    uint64_t first;
    enum tn_status status = first_version(fetch, &first);

    *reach = (struct tn_pool_reach){0};
    if (!looked_at) {
        return TN_FULL;
    }
    memset(looked_at, 0, UINT16_MAX + 1);
    for (size_t i = 0; status == TN_OK && i < policies->count; i++) {
        const struct tn_policy *policy = policies->items[i];

        tn_pool_reach_past(reach, policy);
        if (policy->version >= first) {
            tn_pool_reach_policy(reach, policy);
            status = reach_ports(fetch, policy, looked_at, reach);
        }
    }
    return status == TN_OK && next ? reach_ports(fetch, next, looked_at, reach) : status;
}

/* With hard packing the largest slot of a port whose seats a day's draw may offer. */
enum tn_status tn_fetch_slot_largest(struct tn_fetch *fetch, const struct tn_policy *policy,
                                     uint64_t port, uint64_t day, uint64_t *largest)
{
    struct tn_port_date *dates;
    size_t count;
    uint64_t from = day + policy->notice_min_days;
    uint64_t to = day + policy->horizon_days;
    enum tn_status status = tn_fetch_port_dates(fetch, port, from, to, &dates, &count);

    *largest = status == TN_OK ? tn_port_slot_largest(dates, count, from, to) : 0;
    return status;
}

/* A group that asked grows no larger than the slots of its ports. */
static enum tn_status limit_to_slots(struct tn_fetch *fetch, const struct tn_policy *policy,
                                     uint64_t day, const struct tn_uints *ports,
                                     struct tn_registration_view *view)
{
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < ports->count; i++) {
        uint64_t largest;

        status = tn_fetch_slot_largest(fetch, policy, ports->items[i], day, &largest);
        if (largest > 0 && largest < view->size_max) {
            view->size_max = largest;
        }
    }
    return status;
}

/* A group is frozen while it stands in a pool that is closed and not drawn; it has asked for an
 * open day when it has a row there, withdrawn or not. */
static enum tn_status fetch_asked(struct tn_fetch *fetch, const uint8_t *registration,
                                  struct tn_registration_view *view)
{
    struct tn_pool_row row;
    bool found = false;
    enum tn_status status = TN_OK;

    if (fetch->queue.undrawn_day > 0) {
        status = tn_fetch_pool(fetch, fetch->queue.undrawn_day, registration, &row, &found);
        view->frozen = found && row.state == TN_POOL_ASKED;
    }
    for (size_t i = 0; status == TN_OK && i < fetch->queue.open_days.count; i++) {
        uint64_t day = fetch->queue.open_days.items[i];
        const struct tn_policy *policy;
        struct tn_day_row day_row;

        status = tn_fetch_pool(fetch, day, registration, &row, &found);
        if (status != TN_OK || !found) {
            continue;
        }
        view->asked_day = day;
        if (row.state != TN_POOL_ASKED) {
            continue;
        }
        view->standing_day = day;
        status = tn_fetch_day(fetch, day, &day_row, &found);
        if (status != TN_OK || !found) {
            continue;
        }
        policy = tn_policies_version(&fetch->decider->policies, day_row.policy);
        if (policy && (view->size_max == 0 || policy->size_max < view->size_max)) {
            view->size_max = policy->size_max;
        }
        if (policy && policy->packing == TN_PACKING_HARD) {
            status = limit_to_slots(fetch, policy, day, &row.ports, view);
        }
        /* Closed by its window and only waiting for the day before: what is in is decided. */
        view->frozen = view->frozen || fetch->verdict->time_us >= day_row.closes_us;
    }
    return status;
}

enum tn_status tn_fetch_registration(struct tn_fetch *fetch,
                                     const uint8_t registration[static TN_ID_SIZE], bool membership,
                                     struct tn_registration_row *row,
                                     struct tn_registration_view *view)
{
    enum tn_status status;

    *view = (struct tn_registration_view){.row = row};
    status = TN_READ(fetch->decider->state->rows[TN_CORE_REGISTRATIONS],
                     tn_key_registration(registration), registration_row, fetch->arena, row,
                     &view->found, fetch->error);
    return status == TN_OK && view->found && membership ? fetch_asked(fetch, registration, view)
                                                        : status;
}

enum tn_status tn_fetch_offer(struct tn_fetch *fetch, const uint8_t offer[static TN_ID_SIZE],
                              struct tn_offer_row *row, bool *found)
{
    return TN_READ(fetch->decider->state->rows[TN_CORE_QUEUE], tn_key_offer(offer), offer_row,
                   fetch->arena, row, found, fetch->error);
}

enum tn_status tn_fetch_appointment(struct tn_fetch *fetch, const uint8_t offer[static TN_ID_SIZE],
                                    struct tn_appointment_row *row, bool *found)
{
    return TN_READ(fetch->decider->state->rows[TN_CORE_VALIDATION], tn_key_appointment(offer),
                   appointment_row, fetch->arena, row, found, fetch->error);
}

enum tn_status tn_fetch_officer(struct tn_fetch *fetch, const uint8_t officer[static TN_ID_SIZE],
                                struct tn_officer_row *row, bool *found)
{
    return TN_READ(fetch->decider->state->rows[TN_CORE_ACCESS], tn_key_officer(officer),
                   officer_row, fetch->arena, row, found, fetch->error);
}
