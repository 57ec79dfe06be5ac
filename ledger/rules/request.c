/* Rules of requests. */
#include "ledger/rules/request.h"

#include "ledger/rules/zone.h"

static enum tn_refusal check_ports(const struct tn_policy *policy, const struct tn_uints *ports)
{
    if (ports->count == 0) {
        return TN_REFUSAL_port_unknown;
    }
    if (ports->count > policy->choices_max) {
        return TN_REFUSAL_too_many_ports;
    }
    for (size_t i = 0; i < ports->count; i++) {
        if (ports->items[i] > UINT16_MAX ||
            tn_policy_port_index(policy, (uint16_t) ports->items[i]) < 0) {
            return TN_REFUSAL_port_unknown;
        }
        for (size_t other = 0; other < i; other++) {
            if (ports->items[other] == ports->items[i]) {
                return TN_REFUSAL_port_twice;
            }
        }
    }
    return TN_REFUSAL_NONE;
}

static bool same_ports(const struct tn_uints *a, const struct tn_uints *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (a->items[i] != b->items[i]) {
            return false;
        }
    }
    return true;
}

/* In time means t < deadline: the window is half-open. */
static bool window_is_open(const struct tn_request_view *request, uint64_t now_us)
{
    return request->row && request->row->state == TN_DAY_OPEN && now_us >= request->row->opens_us &&
           now_us < request->row->closes_us;
}

enum tn_status tn_rule_request(const struct tn_policy *policy,
                               const struct tn_registration_view *registration,
                               const struct tn_request_view *request,
                               const struct tn_command *command, struct tn_verdict *verdict)
{
    const struct tn_facts_request *facts = &command->facts.request_appointment_facts;
    const struct tn_registration_row *row = registration->row;
    bool asked = request->asked && request->asked->state == TN_POOL_ASKED;
    struct tn_appointment_requested *body;
    enum tn_refusal refusal;

    if (!registration->found) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_registration_unknown);
    }
    if (row->state != TN_REGISTRATION_LIVE) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_registration_not_live);
    }
    if (!window_is_open(request, command->time_us)) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_window_closed);
    }
    if (facts->zone_version != policy->zone.version || facts->zone_result != TN_ZONE_INSIDE) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_outside_zone);
    }
    refusal = check_ports(policy, &facts->ports);
    if (refusal != TN_REFUSAL_NONE) {
        return tn_verdict_refuse(verdict, refusal);
    }
    if (row->members.count > policy->size_max) { /* made under a policy that allowed more */
        return tn_verdict_refuse(verdict, TN_REFUSAL_group_too_large);
    }
    if (row->members.count > request->slot_max) { /* it would close the port for everybody else */
        return tn_verdict_refuse(verdict, TN_REFUSAL_group_larger_than_slot);
    }
    if (row->holding != TN_HOLDS_NOTHING) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_holds_offer);
    }
    if (row->blocked_day >= request->day) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_person_asked_today);
    }
    if (asked && same_ports(&request->asked->ports, &facts->ports)) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_already_asked);
    }
    if (asked && request->asked->held) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_group_held_at_port);
    }
    /* Both kinds have one body. */
    body =
        &tn_verdict_add(verdict, asked ? TN_KIND_request_replaced : TN_KIND_appointment_requested)
             ->body.appointment_requested;
    body->facts = *facts;
    body->day = request->day;
    body->size = row->members.count;
    body->registered_day = row->registered_day;
    return TN_OK;
}

enum tn_status tn_rule_withdraw_request(const struct tn_registration_view *registration,
                                        const struct tn_request_view *request,
                                        const struct tn_command *command,
                                        struct tn_verdict *verdict)
{
    struct tn_request_withdrawn *body;

    if (!registration->found) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_registration_unknown);
    }
    if (!request->asked || request->asked->state != TN_POOL_ASKED) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_no_request);
    }
    if (!window_is_open(request, command->time_us)) {
        return tn_verdict_refuse(verdict, TN_REFUSAL_window_closed);
    }
    body = &tn_verdict_add(verdict, TN_KIND_request_withdrawn)->body.request_withdrawn;
    body->facts = command->facts.withdraw_request_facts;
    return TN_OK;
}
