/* The lies that forge tells, each about another rule. */
#include "ledger/base/civil.h"
#include "ledger/rules/draw.h"
#include "tests/e2e/forge.h"

static size_t find(const struct forger *forger, enum tn_kind_number kind, size_t from)
{
    for (size_t i = from; i < forger->count; i++) {
        if (forger->items[i].event.kind == kind) {
            return i;
        }
    }
    give_up("the log has no such event");
}

static struct item *insert(struct forger *forger, size_t at)
{
    memmove(&forger->items[at + 1], &forger->items[at],
            (forger->count - at) * sizeof(*forger->items));
    forger->count++;
    forger->items[at] = (struct item){.old_index = UINT64_MAX, .lie = true};
    return &forger->items[at];
}

/* Two entries to an earlier place. */
static void move_two(struct item *items, size_t from, size_t to)
{
    struct item kept[2] = {items[from], items[from + 1]};

    memmove(&items[to + 2], &items[to], (from - to) * sizeof(*kept));
    memcpy(&items[to], kept, sizeof(kept));
}

#define same_id(a, b) (memcmp(a, b, TN_ID_SIZE) == 0)

/* ---- lies ---- */

static bool was_offered(const struct forger *forger, const uint8_t *registration)
{
    for (size_t i = 0; i < forger->count; i++) {
        if (forger->items[i].event.kind == TN_KIND_appointment_offered &&
            same_id(forger->items[i].event.body.appointment_offered.registration, registration)) {
            return true;
        }
    }
    return false;
}

/* The lapse of an offer, or 0. Its return of seats comes next. */
static size_t lapse_of(const struct forger *forger, const uint8_t *offer)
{
    for (size_t i = 0; i < forger->count; i++) {
        if (forger->items[i].event.kind == TN_KIND_offer_lapsed &&
            same_id(forger->items[i].event.body.offer_lapsed.offer, offer)) {
            return i;
        }
    }
    return 0;
}

/* An offer that nobody accepted: the lie about it ends with its lapse. */
static size_t lapsing_offer(const struct forger *forger, size_t from)
{
    size_t at = find(forger, TN_KIND_appointment_offered, from);

    while (lapse_of(forger, forger->items[at].event.body.appointment_offered.offer) == 0) {
        at = find(forger, TN_KIND_appointment_offered, at + 1);
    }
    return at;
}

static void swap_winner(struct forger *forger)
{
    const struct tn_appointment_offered *won;
    const uint8_t *loser = NULL;
    size_t at = 0;

    while (loser == NULL) {
        at = lapsing_offer(forger, at + 1);
        won = &forger->items[at].event.body.appointment_offered;
        for (size_t i = 0; i < at && loser == NULL; i++) {
            const struct tn_appointment_requested *asked =
                &forger->items[i].event.body.appointment_requested;

            if (forger->items[i].event.kind == TN_KIND_appointment_requested &&
                asked->day == won->day && asked->size == won->size &&
                !was_offered(forger, asked->facts.registration)) {
                loser = asked->facts.registration;
            }
        }
    }
    struct tn_appointment_offered *offered = &forger->items[at].event.body.appointment_offered;
    size_t lapse = lapse_of(forger, offered->offer);
    struct tn_offer_lapsed *lapsed = &forger->items[lapse].event.body.offer_lapsed;

    memcpy(offered->registration, loser, TN_ID_SIZE);
    tn_draw_gid(offered->offer, forger->from->gid_key, (uint32_t) offered->day, loser);
    memcpy(lapsed->registration, loser, TN_ID_SIZE);
    memcpy(lapsed->offer, offered->offer, TN_ID_SIZE);
    memcpy(forger->items[lapse + 1].event.body.seats_returned.offer, offered->offer, TN_ID_SIZE);
    forger->items[at].lie = true;
    forger->rule = "draw";
}

static void draw_twice(struct forger *forger)
{
    size_t first = find(forger, TN_KIND_draw_completed, 0);
    struct item *again = insert(forger, forger->count);

    again->event = forger->items[first].event;
    again->event.time_us = forger->items[forger->count - 2].event.time_us;
    again->event.body.draw_completed.winners_root[0] ^= 1;
    forger->rule = "draw";
}

static void drop_request(struct forger *forger)
{
    struct item *item = &forger->items[find(forger, TN_KIND_pool_closed, 0)];

    item->lie = item->drop_from_pool = true;
    item->event.body.pool_closed.groups--;
    forger->rule = "pool_close";
}

static void add_seat(struct forger *forger)
{
    size_t at = lapsing_offer(forger, 0);
    struct tn_appointment_offered *offered = &forger->items[at].event.body.appointment_offered;
    struct tn_run *runs = tn_arena_array(&forger->arena, offered->seats.count, sizeof(*runs));

    memcpy(runs, offered->seats.items, offered->seats.count * sizeof(*runs));
    runs[0].seats++;
    offered->seats.items = runs;
    forger->items[lapse_of(forger, offered->offer) + 1].event.body.seats_returned.seats =
        offered->seats;
    forger->items[at].lie = true;
    forger->rule = "draw";
}

static void lapse_early(struct forger *forger)
{
    size_t lapse = find(forger, TN_KIND_offer_lapsed, 0);
    size_t to = lapse;

    /* Before some earlier command: at least an hour too soon. */
    while (!forger->items[to].event.has_command ||
           forger->items[to].event.time_us + TN_HOUR_US > forger->items[lapse].event.time_us) {
        to--;
    }
    /* Not within the events of one command. */
    while (same_id(forger->items[to].event.command, forger->items[to - 1].event.command)) {
        to--;
    }
    move_two(forger->items, lapse, to);
    for (size_t i = to; i < to + 2; i++) {
        forger->items[i].event.time_us = forger->items[to - 1].event.time_us;
    }
    forger->items[to].lie = true;
    forger->rule = "lapse";
}

static void refuse_for_nothing(struct forger *forger)
{
    struct item *item = &forger->items[find(forger, TN_KIND_validation_answered, 0)];
    const struct tn_facts_validate facts = item->event.body.validation_answered.facts;
    struct tn_command_refused body = {.command = TN_COMMAND_validate,
                                      .code = TN_REFUSAL_officer_suspended,
                                      .day = item->event.time_us / TN_DAY_US};
    struct tn_buffer bytes;

    tn_buffer_init(&bytes, TN_EVENT_BYTES_MAX);
    tn_record_encode(tn_command_facts(TN_COMMAND_validate), &facts, &bytes);
    body.facts = tn_arena_copy(&forger->arena, tn_buffer_view(&bytes));
    tn_buffer_close(&bytes);
    item->event.kind = TN_KIND_command_refused;
    memset(&item->event.body, 0, sizeof(item->event.body));
    item->event.body.command_refused = body;
    item->lie = true;
    forger->rule = "validate";
}

static void apply_policy_early(struct forger *forger)
{
    size_t published = find(forger, TN_KIND_policy_published, 0);
    size_t opened;

    published = find(forger, TN_KIND_policy_published, published + 1);
    opened = find(forger, TN_KIND_day_opened, published);
    if (forger->items[opened].event.body.day_opened.opens_us >=
        forger->items[published].event.body.policy_published.facts.effective_us) {
        give_up("no day opens between the second policy and its instant");
    }
    forger->items[opened].event.body.day_opened.policy =
        forger->items[published].event.body.policy_published.facts.policy;
    forger->items[opened].lie = true;
    forger->rule = "day_opening";
}

static void change_sealed_row(struct forger *forger)
{
    struct item *item = &forger->items[find(forger, TN_KIND_state_sealed, 0)];

    item->lie = item->seal_lie = true;
    forger->rule = "seal";
}

static void move_seniority(struct forger *forger)
{
    size_t created = find(forger, TN_KIND_registration_created, 0);
    const uint8_t *registration =
        forger->items[created].event.body.registration_created.facts.registration;

    for (size_t i = created; i < forger->count; i++) {
        struct tn_event *event = &forger->items[i].event;

        if (event->kind == TN_KIND_member_added &&
            same_id(event->body.member_added.registration, registration)) {
            forger->items[i].lie = true;
            event->body.member_added.added_day -= 60;
            event->body.member_added.registered_day -= 60;
        } else if (event->kind == TN_KIND_appointment_requested &&
                   same_id(event->body.appointment_requested.facts.registration, registration)) {
            event->body.appointment_requested.registered_day -= 60;
        }
    }
    forger->rule = "register";
}

static void change_capacity_late(struct forger *forger)
{
    size_t closed = find(forger, TN_KIND_pool_closed, 0);
    const struct tn_event *before = &forger->items[closed].event;
    const struct tn_pool_port_list *ports = &before->body.pool_closed.ports;
    const struct tn_event *policy = &forger->items[find(forger, TN_KIND_policy_published, 0)].event;
    struct tn_seat_move *moved = tn_arena_array(&forger->arena, 1, sizeof(*moved));
    size_t at = closed + 1;
    struct item *item;

    while (!forger->items[at].event.has_command &&
           forger->items[at].event.kind != TN_KIND_draw_seeded) {
        at++; /* behind what the close expired */
    }
    *moved = (struct tn_seat_move){
        .port = ports->items[0].port,
        .date = ports->items[0].line.items[0].date,
        .minute = ports->items[0].line.items[0].minute,
        .to_port = ports->items[1].port,
        .to_date = ports->items[1].line.items[0].date,
        .to_minute = ports->items[1].line.items[0].minute,
        .seats = 1,
    };
    item = insert(forger, at);
    item->event = *policy;
    memset(&item->event.body, 0, sizeof(item->event.body));
    item->event.kind = TN_KIND_seats_reallocated;
    item->event.time_us = forger->items[at - 1].event.time_us;
    item->event.command[0] ^= 1;
    item->event.body.seats_reallocated.facts.moves = (struct tn_seat_move_list){moved, 1};
    item->event.body.seats_reallocated.facts.approvers =
        policy->body.policy_published.facts.approvers;
    item->event.body.seats_reallocated.facts.reason = policy->body.policy_published.facts.reason;
    forger->rule = "reallocate_seats";
}

static void repeat_refusal(struct forger *forger)
{
    size_t first = find(forger, TN_KIND_command_refused, 0);
    struct item *again = insert(forger, first + 1);

    again->event = forger->items[first].event;
    again->event.command[0] ^= 1;
    forger->rule = "refusal_once";
}

/* ---- commands and days ---- */

/* The command that begins at `at` gets another's id. */
static void rename_command(struct forger *forger, size_t at, const uint8_t *id)
{
    uint8_t was[TN_ID_SIZE];

    memcpy(was, forger->items[at].event.command, TN_ID_SIZE);
    forger->items[at].lie = true;
    for (; at < forger->count && forger->items[at].event.has_command &&
           same_id(forger->items[at].event.command, was);
         at++) {
        memcpy(forger->items[at].event.command, id, TN_ID_SIZE);
    }
    forger->rule = "command_once";
}

/* Far from each other: nothing near the second one shows it. */
static void use_command_twice(struct forger *forger)
{
    size_t first = find(forger, TN_KIND_registration_created, 0);
    size_t second = find(forger, TN_KIND_validation_answered, forger->count / 2);

    rename_command(forger, second, forger->items[first].event.command);
}

/* Right behind each other. */
static void decide_again(struct forger *forger)
{
    size_t at = find(forger, TN_KIND_validation_answered, 0);

    while (!forger->items[at - 1].event.has_command) {
        at = find(forger, TN_KIND_validation_answered, at + 1);
    }
    rename_command(forger, at, forger->items[at - 1].event.command);
}

static bool is_about_requests(const struct tn_event *event)
{
    return event->kind == TN_KIND_appointment_requested ||
           event->kind == TN_KIND_request_replaced || event->kind == TN_KIND_request_withdrawn ||
           event->kind == TN_KIND_command_refused;
}

/* The last day that opened never did, and nobody asked on it: the first command that shows it comes
 * when its window had been open for three hours by any clock. */
static void leave_day_unopened(struct forger *forger)
{
    size_t opened = 0;
    size_t kept;
    uint64_t opens_us;

    for (size_t i = 0; i < forger->count; i++) {
        opened = forger->items[i].event.kind == TN_KIND_day_opened ? i : opened;
    }
    opens_us = forger->items[opened].event.body.day_opened.opens_us;
    if (forger->items[opened - 1].event.kind != TN_KIND_capacity_published) {
        give_up("the last day opens without its seats");
    }
    kept = opened - 1;
    for (size_t i = opened + 1; i < forger->count; i++) {
        struct item *item = &forger->items[i];

        if (is_about_requests(&item->event)) {
            continue;
        }
        item->lie = item->event.has_command && item->event.kind != TN_KIND_validation_answered &&
                    item->event.time_us >= opens_us + 3 * TN_HOUR_US;
        forger->items[kept++] = *item;
    }
    forger->count = kept;
    forger->rule = "day_opening";
}

/* ---- which there are ---- */

static const struct {
    const char *name;
    void (*tell)(struct forger *forger);
} lies[] = {
    {"nothing", NULL},
    {"winner_swapped", swap_winner},
    {"draw_twice", draw_twice},
    {"request_dropped", drop_request},
    {"seat_too_many", add_seat},
    {"lapsed_early", lapse_early},
    {"refused_for_nothing", refuse_for_nothing},
    {"policy_early", apply_policy_early},
    {"seal_of_another_row", change_sealed_row},
    {"seniority_moved", move_seniority},
    {"capacity_late", change_capacity_late},
    {"refusal_repeated", repeat_refusal},
    {"command_twice", use_command_twice},
    {"command_again", decide_again},
    {"day_unopened", leave_day_unopened},
    {"tile_altered", NULL},
};

bool forge_tell(struct forger *forger, const char *lie)
{
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        if (strcmp(lies[i].name, lie) == 0) {
            if (lies[i].tell != NULL) {
                lies[i].tell(forger);
            }
            return true;
        }
    }
    return false;
}
