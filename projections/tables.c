/* Which record a row of a projection is. */
#include "projections/tables.h"

#include "ledger/base/check.h"
#include "ledger/rules/rows.h"
#include "projections/streams.h"

static const struct {
    size_t projection;
    char letter;
    const char *name;
    const struct tn_record *record;
} tables[] = {
    {TN_CORE_QUEUE, 'q', "queue", &tn_record_queue_row},
    {TN_CORE_QUEUE, 'v', "policy", &tn_record_policy_row},
    {TN_CORE_QUEUE, 'c', "chain", &tn_record_chain_row},
    {TN_CORE_QUEUE, 'd', "day", &tn_record_day_row},
    {TN_CORE_QUEUE, 'p', "pool", &tn_record_pool_row},
    {TN_CORE_QUEUE, 'o', "offer", &tn_record_offer_row},
    {TN_CORE_QUEUE, 'l', "lapse", &tn_record_lapse_row},
    {TN_CORE_QUEUE, 't', "tally", &tn_record_day_tally_row},
    {TN_CORE_SEATS, 's', "port_date", &tn_record_port_date_row},
    {TN_CORE_SEATS, 'c', "port", &tn_record_port_row},
    {TN_CORE_REGISTRATIONS, 'r', "registration", &tn_record_registration_row},
    {TN_CORE_REGISTRATIONS, 'p', "person", &tn_record_person_row},
    {TN_CORE_VALIDATION, 't', "tag", &tn_record_tag_row},
    {TN_CORE_VALIDATION, 'a', "appointment", &tn_record_appointment_row},
    {TN_CORE_VALIDATION, 'd', "port_day", &tn_record_port_day_row},
    {TN_CORE_ACCESS, 'k', "token", &tn_record_token_row},
    {TN_CORE_ACCESS, 'o', "officer", &tn_record_officer_row},
    {TN_BESIDE_STREAMS, 's', "stream", &tn_record_stream_row},
};

const struct tn_record *tn_table_record(size_t projection, char letter, const char **name)
{
    *name = NULL;
    for (size_t i = 0; i < TN_ARRAY_SIZE(tables); i++) {
        if (tables[i].projection == projection && tables[i].letter == letter) {
            *name = tables[i].name;
            return tables[i].record;
        }
    }
    return NULL;
}

char tn_table_letter(size_t projection, struct tn_bytes name)
{
    for (size_t i = 0; i < TN_ARRAY_SIZE(tables); i++) {
        if (tables[i].projection == projection && tn_bytes_equal_string(name, tables[i].name)) {
            return tables[i].letter;
        }
    }
    return 0;
}
