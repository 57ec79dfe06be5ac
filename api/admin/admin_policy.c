/* Rules and seats: what two people approve. */
#include <string.h>

#include "api/admin/admin_internal.h"
#include "api/admin/policy_read.h"
#include "api/http/json_read.h"
#include "ledger/base/check.h"
#include "ledger/rules/window.h"

#define ARRAY TN_JSON_MAY(TN_JSON_ARRAY)
#define BOOLEAN TN_JSON_MAY(TN_JSON_BOOL)
#define OBJECT TN_JSON_MAY(TN_JSON_OBJECT)
#define STRING TN_JSON_MAY(TN_JSON_STRING)
#define UINT TN_JSON_MAY(TN_JSON_UINT)

/* The last three of every body here. */
#define APPROVAL_RULES                                                                             \
    {"approvers", ARRAY, true}, {"reason", STRING, true},                                          \
    {                                                                                              \
        "dry_run", BOOLEAN, false                                                                  \
    }

static enum tn_status read_body(struct tn_admin *admin, const struct tn_json_rule *rules,
                                size_t count, const struct tn_json_value **members,
                                struct tn_ids *approvers, struct tn_bytes *reason, bool *dry_run)
{
    enum tn_status status =
        tn_json_object_read(admin->body, rules, count, members, NULL, admin->error);

    if (status != TN_OK) {
        return status;
    }
    *dry_run = members[count - 1] && members[count - 1]->as.boolean;
    return tn_admin_approval(admin, members[count - 3], members[count - 2], approvers, reason);
}

enum tn_status tn_admin_policy_publish(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {{"policy", OBJECT, true}, APPROVAL_RULES};
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    struct tn_facts_publish_policy *facts =
        &admin->command.request.command.facts.publish_policy_facts;
    struct tn_policy *policy = tn_arena_alloc(&admin->arena, sizeof(*policy));
    struct tn_buffer document;
    bool dry_run;
    enum tn_status status = read_body(admin, rules, TN_ARRAY_SIZE(rules), members,
                                      &facts->approvers, &facts->reason, &dry_run);

    if (status == TN_OK && !policy) {
        status = tn_fail(admin->error, TN_MEMORY, "no memory for a policy");
    }
    if (status == TN_OK) {
        status = tn_policy_read_value(members[0], policy, admin->error);
    }
    if (status != TN_OK) {
        return status;
    }
    tn_buffer_init(&document, TN_POLICY_BYTES_MAX);
    status = tn_policy_encode(policy, &document, admin->error);
    facts->policy = policy->version;
    facts->effective_us = policy->effective_us;
    facts->document = tn_buffer_view(&document);
    if (status == TN_OK) {
        status = tn_admin_submit(admin, TN_COMMAND_publish_policy, dry_run, NULL);
    }
    tn_buffer_close(&document);
    return status;
}

/* ---- capacity ---- */

static enum tn_status read_slots(struct tn_admin *admin, const struct tn_json_value *list,
                                 struct tn_slot_capacity_list *slots)
{
    static const struct tn_json_rule rules[] = {{"time", STRING, true}, {"seats", UINT, true}};
    struct tn_slot_capacity *items =
        tn_arena_array(&admin->command.arena, list->count, sizeof(*items));
    enum tn_status status = TN_OK;

    if (!items) {
        return tn_fail(admin->error, TN_INVALID, "\"slots\" names too many");
    }
    for (uint32_t i = 0; status == TN_OK && i < list->count; i++) {
        const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];

        status = tn_json_object_read(&list->as.items[i], rules, TN_ARRAY_SIZE(rules), members, NULL,
                                     admin->error);
        if (status == TN_OK &&
            (!tn_json_read_time(members[0], &items[i].minute) || items[i].minute >= 1440 ||
             !tn_json_read_uint(members[1], TN_POLICY_SEATS_MAX, &items[i].seats))) {
            status = tn_fail(admin->error, TN_INVALID,
                             "a slot is {\"time\": \"08:00\", \"seats\": number}");
        }
    }
    slots->items = items;
    slots->count = list->count;
    return status;
}

/* The end of the service date at each port is resolved here and stands in the event. */
static enum tn_status read_port(struct tn_admin *admin, const struct tn_policy *policy,
                                const struct tn_json_value *value, uint64_t date,
                                struct tn_port_capacity *port)
{
    static const struct tn_json_rule rules[] = {{"port", UINT, true}, {"slots", ARRAY, true}};
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    int place;
    enum tn_status status =
        tn_json_object_read(value, rules, TN_ARRAY_SIZE(rules), members, NULL, admin->error);

    if (status != TN_OK) {
        return status;
    }
    place = tn_json_read_uint(members[0], UINT16_MAX, &port->port)
                ? tn_policy_port_index(policy, (uint16_t) port->port)
                : -1;
    if (place < 0) {
        return tn_fail(admin->error, TN_INVALID, "\"port\" is not one of the policy's");
    }
    status =
        tn_window_date_end(&policy->ports[place], (uint32_t) date, &port->ends_us, admin->error);
    return status == TN_OK ? read_slots(admin, members[1], &port->slots) : status;
}

enum tn_status tn_admin_capacity(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {{"capacity", OBJECT, true}, APPROVAL_RULES};
    static const struct tn_json_rule inner[] = {{"date", STRING, true}, {"ports", ARRAY, true}};
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    const struct tn_json_value *capacity[TN_ARRAY_SIZE(inner)];
    struct tn_facts_publish_capacity *facts =
        &admin->command.request.command.facts.publish_capacity_facts;
    struct tn_port_capacity *ports = NULL;
    const struct tn_policy *policy = NULL;
    bool dry_run = false;
    enum tn_status status = read_body(admin, rules, TN_ARRAY_SIZE(rules), members,
                                      &facts->approvers, &facts->reason, &dry_run);

    if (status == TN_OK) {
        status = tn_json_object_read(members[0], inner, TN_ARRAY_SIZE(inner), capacity, NULL,
                                     admin->error);
    }
    if (status == TN_OK && !tn_json_read_date(capacity[0], &facts->date)) {
        status = tn_fail(admin->error, TN_INVALID, "\"date\" is not a date");
    }
    if (status == TN_OK) {
        status = tn_admin_policy(admin, &policy);
    }
    if (status == TN_OK && !policy) {
        status = tn_fail(admin->error, TN_INVALID, "no policy is in force yet");
    }
    if (status == TN_OK) {
        ports = tn_arena_array(&admin->command.arena, capacity[1]->count, sizeof(*ports));
        status = ports ? TN_OK : tn_fail(admin->error, TN_INVALID, "\"ports\" names too many");
    }
    for (uint32_t i = 0; status == TN_OK && i < capacity[1]->count; i++) {
        status = read_port(admin, policy, &capacity[1]->as.items[i], facts->date, &ports[i]);
    }
    if (status != TN_OK) {
        return status;
    }
    facts->ports.items = ports;
    facts->ports.count = capacity[1]->count;
    return tn_admin_submit(admin, TN_COMMAND_publish_capacity, dry_run, NULL);
}

/* ---- ports ---- */

enum tn_status tn_admin_suspend_port(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {
        {"port", UINT, true}, {"honour_before", STRING, true}, APPROVAL_RULES};
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    struct tn_facts_suspend_port *facts = &admin->command.request.command.facts.suspend_port_facts;
    bool dry_run;
    enum tn_status status = read_body(admin, rules, TN_ARRAY_SIZE(rules), members,
                                      &facts->approvers, &facts->reason, &dry_run);

    if (status != TN_OK) {
        return status;
    }
    if (!tn_json_read_uint(members[0], UINT16_MAX, &facts->port) ||
        !tn_json_read_date(members[1], &facts->honour_before)) {
        return tn_fail(admin->error, TN_INVALID, "\"port\" or \"honour_before\" is not valid");
    }
    return tn_admin_submit(admin, TN_COMMAND_suspend_port, dry_run, NULL);
}

enum tn_status tn_admin_resume_port(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {{"port", UINT, true}, APPROVAL_RULES};
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    struct tn_facts_resume_port *facts = &admin->command.request.command.facts.resume_port_facts;
    bool dry_run;
    enum tn_status status = read_body(admin, rules, TN_ARRAY_SIZE(rules), members,
                                      &facts->approvers, &facts->reason, &dry_run);

    if (status == TN_OK && !tn_json_read_uint(members[0], UINT16_MAX, &facts->port)) {
        status = tn_fail(admin->error, TN_INVALID, "\"port\" is not a port's code");
    }
    return status == TN_OK ? tn_admin_submit(admin, TN_COMMAND_resume_port, dry_run, NULL) : status;
}

/* ---- moving seats ---- */

static bool read_move(const struct tn_json_value *const *members, struct tn_seat_move *move)
{
    return tn_json_read_uint(members[0], UINT16_MAX, &move->port) &&
           tn_json_read_date(members[1], &move->date) &&
           tn_json_read_time(members[2], &move->minute) && move->minute < 1440 &&
           tn_json_read_uint(members[3], UINT16_MAX, &move->to_port) &&
           tn_json_read_date(members[4], &move->to_date) &&
           tn_json_read_time(members[5], &move->to_minute) && move->to_minute < 1440 &&
           tn_json_read_uint(members[6], TN_POLICY_SEATS_MAX, &move->seats);
}

enum tn_status tn_admin_reallocate(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {{"moves", ARRAY, true}, APPROVAL_RULES};
    static const struct tn_json_rule inner[] = {
        {"port", UINT, true},    {"date", STRING, true},    {"time", STRING, true},
        {"to_port", UINT, true}, {"to_date", STRING, true}, {"to_time", STRING, true},
        {"seats", UINT, true},
    };
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    struct tn_facts_reallocate_seats *facts =
        &admin->command.request.command.facts.reallocate_seats_facts;
    struct tn_seat_move *moves = NULL;
    bool dry_run = false;
    enum tn_status status = read_body(admin, rules, TN_ARRAY_SIZE(rules), members,
                                      &facts->approvers, &facts->reason, &dry_run);

    if (status == TN_OK) {
        moves = tn_arena_array(&admin->command.arena, members[0]->count, sizeof(*moves));
        status = moves ? TN_OK : tn_fail(admin->error, TN_INVALID, "\"moves\" names too many");
    }
    for (uint32_t i = 0; status == TN_OK && i < members[0]->count; i++) {
        const struct tn_json_value *move[TN_ARRAY_SIZE(inner)];

        status = tn_json_object_read(&members[0]->as.items[i], inner, TN_ARRAY_SIZE(inner), move,
                                     NULL, admin->error);
        if (status == TN_OK && !read_move(move, &moves[i])) {
            status = tn_fail(admin->error, TN_INVALID, "move %u has a value that is not valid", i);
        }
    }
    if (status != TN_OK) {
        return status;
    }
    facts->moves.items = moves;
    facts->moves.count = members[0]->count;
    return tn_admin_submit(admin, TN_COMMAND_reallocate_seats, dry_run, NULL);
}
