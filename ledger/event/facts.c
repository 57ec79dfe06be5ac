/* The tables of the facts' records and of the commands. */
#include "ledger/event/facts.h"

TN_RECORD_DEFINE(run, TN_LIST_RUN)
TN_RECORD_DEFINE(commitment, TN_LIST_COMMITMENT)
TN_RECORD_DEFINE(new_member, TN_LIST_NEW_MEMBER)
TN_RECORD_DEFINE(slot_capacity, TN_LIST_SLOT_CAPACITY)
TN_RECORD_DEFINE(port_capacity, TN_LIST_PORT_CAPACITY)
TN_RECORD_DEFINE(seat_move, TN_LIST_SEAT_MOVE)
TN_RECORD_DEFINE(facts_create_ledger, TN_LIST_FACTS_CREATE_LEDGER)
TN_RECORD_DEFINE(facts_anchor_chain, TN_LIST_FACTS_ANCHOR_CHAIN)
TN_RECORD_DEFINE(facts_publish_policy, TN_LIST_FACTS_PUBLISH_POLICY)
TN_RECORD_DEFINE(facts_publish_capacity, TN_LIST_FACTS_PUBLISH_CAPACITY)
TN_RECORD_DEFINE(facts_suspend_port, TN_LIST_FACTS_SUSPEND_PORT)
TN_RECORD_DEFINE(facts_resume_port, TN_LIST_FACTS_RESUME_PORT)
TN_RECORD_DEFINE(facts_reallocate_seats, TN_LIST_FACTS_REALLOCATE_SEATS)
TN_RECORD_DEFINE(facts_enrol_officer, TN_LIST_FACTS_ENROL_OFFICER)
TN_RECORD_DEFINE(facts_suspend_officer, TN_LIST_FACTS_SUSPEND_OFFICER)
TN_RECORD_DEFINE(facts_register, TN_LIST_FACTS_REGISTER)
TN_RECORD_DEFINE(facts_add_member, TN_LIST_FACTS_ADD_MEMBER)
TN_RECORD_DEFINE(facts_remove_member, TN_LIST_FACTS_REMOVE_MEMBER)
TN_RECORD_DEFINE(facts_registration, TN_LIST_FACTS_REGISTRATION)
TN_RECORD_DEFINE(facts_merge, TN_LIST_FACTS_MERGE)
TN_RECORD_DEFINE(facts_request, TN_LIST_FACTS_REQUEST)
TN_RECORD_DEFINE(facts_withdraw_request, TN_LIST_FACTS_WITHDRAW_REQUEST)
TN_RECORD_DEFINE(facts_accept_offer, TN_LIST_FACTS_ACCEPT_OFFER)
TN_RECORD_DEFINE(facts_offer, TN_LIST_FACTS_OFFER)
TN_RECORD_DEFINE(facts_arrival, TN_LIST_FACTS_ARRIVAL)
TN_RECORD_DEFINE(facts_port_day, TN_LIST_FACTS_PORT_DAY)
TN_RECORD_DEFINE(facts_validate, TN_LIST_FACTS_VALIDATE)
TN_RECORD_DEFINE(facts_reveal_secret, TN_LIST_FACTS_REVEAL_SECRET)
TN_RECORD_DEFINE(facts_resume, TN_LIST_FACTS_RESUME)
TN_RECORD_DEFINE(facts_reveal_witness, TN_LIST_FACTS_REVEAL_WITNESS)
TN_RECORD_DEFINE(facts_record_beacon, TN_LIST_FACTS_RECORD_BEACON)
TN_RECORD_DEFINE(facts_replace_chain, TN_LIST_FACTS_REPLACE_CHAIN)
TN_RECORD_DEFINE(facts_report_fork, TN_LIST_FACTS_REPORT_FORK)
TN_RECORD_DEFINE(facts_raise_alarm, TN_LIST_FACTS_RAISE_ALARM)

#define COMMAND_RECORD(number, name, record) [number] = {#name, &tn_record_##record},

static const struct {
    const char *name;
    const struct tn_record *facts;
} commands[] = {TN_COMMANDS(COMMAND_RECORD)};

const struct tn_record *tn_command_facts(uint64_t command)
{
    return command < TN_COMMAND_LIMIT ? commands[command].facts : NULL;
}

const char *tn_command_name(uint64_t command)
{
    return command < TN_COMMAND_LIMIT && commands[command].name ? commands[command].name
                                                                : "unknown";
}
